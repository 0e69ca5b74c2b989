/* unicode.h - UTF-8 → code points, code points → character classes, lower case, bases.
 *
 * Decoding never fails: a byte that starts no well-formed sequence is a one-byte character of class
 * symbol (like U+FFFD), so no byte is lost or changed. Classes are bits, so that a pre-tokeniser
 * rule is a mask; ASCII has extra classes because most rules distinguish some of them. Maps are one
 * code point to one, for WordPiece.
 */
#ifndef JL_UNICODE_H
#define JL_UNICODE_H

#include <stddef.h>
#include <stdint.h>

/* Every character has exactly one of the single bits; JL_CHAR_END marks the end of the text.
 * make_unicode.py depends on the order. */
enum {
    JL_CHAR_END = 0,
    JL_CHAR_UNASSIGNED = 1 << 0, /* \p{Cn} */
    JL_CHAR_CONTROL = 1 << 1,    /* other \p{C}: control, format, private use */
    JL_CHAR_OTHER_LETTER = 1 << 2,
    JL_CHAR_UPPER = 1 << 3, /* A-Z */
    JL_CHAR_LOWER = 1 << 4, /* a-z */
    JL_CHAR_MARK = 1 << 5,  /* \p{M} */
    JL_CHAR_OTHER_NUMBER = 1 << 6,
    JL_CHAR_DIGIT = 1 << 7, /* 0-9 */
    JL_CHAR_OTHER_PUNCTUATION = 1 << 8,
    JL_CHAR_OTHER_SYMBOL = 1 << 9,
    JL_CHAR_ASCII_PUNCTUATION = 1 << 10, /* except / */
    JL_CHAR_ASCII_SYMBOL = 1 << 11,      /* $+<=>^|~ */
    JL_CHAR_SLASH = 1 << 12,
    JL_CHAR_BACKTICK = 1 << 13,
    JL_CHAR_BLANK = 1 << 14, /* U+0020 alone */
    JL_CHAR_CR = 1 << 15,
    JL_CHAR_LF = 1 << 16,
    JL_CHAR_SPACE = 1 << 17, /* other White_Space */
    JL_CHAR_ALL = (1 << 18) - 1,

    JL_CHAR_LETTER = JL_CHAR_OTHER_LETTER | JL_CHAR_UPPER | JL_CHAR_LOWER, /* \p{L} */
    JL_CHAR_NUMBER = JL_CHAR_OTHER_NUMBER | JL_CHAR_DIGIT,                 /* \p{N} */
    JL_CHAR_PUNCTUATION =
        JL_CHAR_OTHER_PUNCTUATION | JL_CHAR_ASCII_PUNCTUATION | JL_CHAR_SLASH,       /* \p{P} */
    JL_CHAR_SYMBOL = JL_CHAR_OTHER_SYMBOL | JL_CHAR_ASCII_SYMBOL | JL_CHAR_BACKTICK, /* \p{S} */
    JL_CHAR_NEWLINE = JL_CHAR_CR | JL_CHAR_LF,                                       /* [\r\n] */
    JL_CHAR_WHITE = JL_CHAR_BLANK | JL_CHAR_NEWLINE | JL_CHAR_SPACE                  /* \s */
};

#define JL_INVALID_BYTE 0xffffffffu

/* Decodes the character at s[0..n), n ≥ 1; returns its length in bytes (1..4). *code:
 * JL_INVALID_BYTE for a byte outside well-formed sequences. */
int jl_utf8_decode(const uint8_t *s, size_t n, uint32_t *code);

/* Encodes a code point; returns its length. */
size_t jl_utf8_encode(uint32_t code, uint8_t out[4]);

/* A range of code points of one class, cached by the caller to save searches. */
typedef struct jl_char_run {
    uint32_t first, end; /* [first, end) */
    int class;
} jl_char_run;

/* The class of a code point (a symbol for JL_INVALID_BYTE). *run: the last range found; initialise
 * with 0. */
int jl_char_class(uint32_t code, jl_char_run *run);

/* Simple lower case, else the code point itself. */
uint32_t jl_char_lower(uint32_t code);

/* The first code point of the canonical decomposition (a letter without accents), else the code
 * point itself. */
uint32_t jl_char_base(uint32_t code);

#endif
