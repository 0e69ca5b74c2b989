/* pretokenize.h - text → pieces, the words inside which merges may happen.
 *
 * A pre-tokeniser is data: the regular expression of its authors, written as a list of rules over
 * character classes. At each position the first rule that matches takes a piece; a character that
 * no rule takes is a piece of its own, so the pieces always make up the whole text. Matching
 * equals llama.cpp's (src/unicode.cpp), which in turn follows the tokenizer.json of each model
 * family.
 */
#ifndef JL_PRETOKENIZE_H
#define JL_PRETOKENIZE_H

#include "../base/status.h"
#include "unicode.h"

typedef struct jl_split_rule jl_split_rule;

typedef struct jl_pretokenizer {
    const char *name;  /* tokenizer.ggml.pre */
    const char *alias; /* other names of the same thing, each between blanks */
    const jl_split_rule *rules;
    int isolate;       /* classes of which every character is a piece before any rule is tried */
    int ignore_merges; /* a piece that is a token as a whole is taken as it is */
    int add_bos;       /* where the file does not say */
} jl_pretokenizer;

/* NULL: the name is not known. */
const jl_pretokenizer *jl_pretokenizer_find(jl_str name);

/* Walks the pieces of text[n]; the fields are private. */
typedef struct jl_pieces {
    const jl_pretokenizer *how;
    const uint8_t *text;
    size_t n, at;
    size_t limit; /* rules do not look beyond: where the stretch between isolated characters ends */
    jl_char_run run;
} jl_pieces;

void jl_pieces_begin(jl_pieces *p, const jl_pretokenizer *how, const uint8_t *text, size_t n);

/* The next piece, not empty; 0 at the end of the text. Time is linear in the text. */
int jl_pieces_next(jl_pieces *p, jl_str *piece);

#endif
