/* special.h - finds the special tokens in a text.
 *
 * Control, user-defined and unknown tokens match before any other rule, by their literal text. Of
 * overlapping matches the longest wins, then the lowest id, then the leftmost: the result of
 * llama.cpp's tokenizer_st_partition, which searches the text once per token. Some models' tokens
 * also strip adjacent whitespace.
 */
#ifndef JL_SPECIAL_H
#define JL_SPECIAL_H

#include "../jielong.h"
#include "spans.h"
#include "trie.h"
#include "vocab.h"

enum { JL_MAX_SPECIAL_BYTES = 1024 };

enum { JL_STRIP_LEFT = 1, JL_STRIP_RIGHT = 2 };

/* Which tokens strip adjacent whitespace (llama.cpp's LSTRIP and RSTRIP). */
typedef struct jl_strip {
    const char *left; /* text of the token that strips before it; NULL: none */
    int right;        /* all except <unk>, <s>, <|endoftext|> strip after them */
} jl_strip;

typedef struct jl_specials {
    /* [0] user-defined tokens matched in quotes, [1] all user-defined, [2] all special tokens;
     * values: id | JL_STRIP_* << 24 */
    jl_trie tries[3];
    uint8_t begins[3][256]; /* whether any token starts with the byte */
} jl_specials;

/* Collects the special tokens of v by kind. On failure *s is empty. */
jl_status jl_specials_init(jl_specials *s, const jl_vocab *v, jl_strip strip, jl_error *error);
void jl_specials_free(jl_specials *s);
size_t jl_specials_memory(const jl_specials *s); /* bytes */

enum { JL_MARK_TEXT = -1, JL_MARK_INSIDE = -2 };

/* A text to search. quotes are ascending and disjoint. A token that overlaps a quote matches only
 * if it is user-defined and does not look like a control token (<|…|>): files often type those as
 * user-defined, as llama.cpp does for gpt-oss. */
typedef struct jl_marked_text {
    const uint8_t *text; /* [n], n < 2^31 */
    size_t n;
    int control;            /* also match control and unknown tokens */
    const jl_quote *quotes; /* [n_quotes] */
    size_t n_quotes;
} jl_marked_text;

/* A search in progress. Initialise with { .specials, .in }. */
typedef struct jl_special_search {
    const jl_specials *specials; /* borrowed, as are the pointers in `in` */
    jl_marked_text in;
    size_t at; /* positions before it are in the heap */
    jl_spans heap;
    /* NULL if no token matches, else [n]: the id at each special token's first byte, JL_MARK_INSIDE
     * at its other bytes and the whitespace it strips, JL_MARK_TEXT elsewhere. */
    int32_t *marks;
} jl_special_search;

/* JL_OK: marks are complete; JL_MORE: *work is used up (family.h). */
jl_status jl_special_search_step(jl_special_search *x, int64_t *work, jl_error *error);
void jl_special_search_free(jl_special_search *x);

/* Length of the longest common prefix of text[n] and any user-defined token. */
size_t jl_specials_common_prefix(const jl_specials *s, const uint8_t *text, size_t n);

#endif
