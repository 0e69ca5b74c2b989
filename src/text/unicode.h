/* unicode.h - UTF-8 → code points, code points → character classes.
 *
 * Decoding survives anything: a byte that begins no well-formed sequence is a character of its
 * own, one byte long, class "other" (as U+FFFD is), so no byte of a text is ever lost or changed.
 * Classes are bits, so that a rule of a pre-tokeniser is a mask. No case folding, no
 * normalisation.
 */
#ifndef JL_UNICODE_H
#define JL_UNICODE_H

#include <stddef.h>
#include <stdint.h>

/* Every character has exactly one. JL_CHAR_END is no character: the end of the text. */
enum {
    JL_CHAR_END = 0,
    JL_CHAR_OTHER = 1,    /* punctuation, symbols, marks, controls, unassigned, invalid bytes */
    JL_CHAR_LETTER = 2,   /* \p{L} */
    JL_CHAR_NUMBER = 4,   /* \p{N} */
    JL_CHAR_BLANK = 8,    /* U+0020 alone */
    JL_CHAR_NEWLINE = 16, /* CR, LF */
    JL_CHAR_SPACE = 32,   /* the rest of White_Space */
    JL_CHAR_WHITE = JL_CHAR_BLANK | JL_CHAR_NEWLINE | JL_CHAR_SPACE /* \s */
};

#define JL_INVALID_BYTE 0xffffffffu

/* The character at s[0..n), n ≥ 1: its length in bytes (1..4) and its code point, JL_INVALID_BYTE
 * for a byte that is part of no well-formed sequence. */
int jl_utf8_decode(const uint8_t *s, size_t n, uint32_t *code);

/* A stretch of code points of one class; a caller that keeps it saves most searches. */
typedef struct jl_char_run {
    uint32_t first, end; /* [first, end) */
    int class;
} jl_char_run;

/* The class of a code point (JL_CHAR_OTHER for JL_INVALID_BYTE). *run: the run that was found
 * last, all zero at first. */
int jl_char_class(uint32_t code, jl_char_run *run);

#endif
