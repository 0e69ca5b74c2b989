/* special.h - where special tokens stand in a text.
 *
 * Control, user-defined and unknown tokens are found as they are written, before any other rule.
 * Where they overlap the longest is taken first, among equals the one of lower id, then the
 * leftmost; this is what llama.cpp's tokenizer_st_partition arrives at by searching the text once
 * for each token. Some models have tokens that swallow the white space beside them.
 */
#ifndef JL_SPECIAL_H
#define JL_SPECIAL_H

#include "../jielong.h"
#include "spans.h"
#include "trie.h"
#include "vocab.h"

enum { JL_MAX_SPECIAL_BYTES = 1024 };

enum { JL_STRIP_LEFT = 1, JL_STRIP_RIGHT = 2 };

/* Which tokens swallow white space (llama.cpp's LSTRIP and RSTRIP). */
typedef struct jl_strip {
    const char *left; /* the token of this text what is before it; NULL: none */
    int right;        /* all what is after them, but <unk>, <s> and <|endoftext|> */
} jl_strip;

typedef struct jl_specials {
    /* [0] user-defined tokens that count in quotes, [1] all user-defined ones, [2] all; values:
     * id | what it swallows << 24 */
    jl_trie tries[3];
    uint8_t begins[3][256]; /* whether one begins with the byte */
} jl_specials;

/* From the kinds in v. On failure *s holds nothing. */
jl_status jl_specials_init(jl_specials *s, const jl_vocab *v, jl_strip strip, jl_error *error);
void jl_specials_free(jl_specials *s);
size_t jl_specials_memory(const jl_specials *s); /* bytes */

enum { JL_MARK_TEXT = -1, JL_MARK_INSIDE = -2 };

/* A text in which special tokens are looked for. quotes ascend and do not overlap; in them, and
 * where they are touched, only user-defined tokens count that do not look like control tokens
 * (<|…|>): files call many of these user-defined, and so does llama.cpp those of gpt-oss. */
typedef struct jl_marked_text {
    const uint8_t *text; /* [n], n < 2^31 */
    size_t n;
    int control; /* also those that only count when the caller asks for them (control, unknown) */
    const jl_quote *quotes; /* [n_quotes] */
    size_t n_quotes;
} jl_marked_text;

/* A search on its way. Begins as { .specials, .in }. */
typedef struct jl_special_search {
    const jl_specials *specials; /* borrowed, as is what `in` names */
    jl_marked_text in;
    size_t at; /* places before it have been offered */
    jl_spans heap;
    /* NULL where the text has none, else [n]: the id at the first byte of each special token,
     * JL_MARK_INSIDE at its other bytes and at what it swallows, JL_MARK_TEXT elsewhere. */
    int32_t *marks;
} jl_special_search;

/* JL_OK when marks are complete, JL_MORE when *work is used up (family.h). */
jl_status jl_special_search_step(jl_special_search *x, int64_t *work, jl_error *error);
void jl_special_search_free(jl_special_search *x);

/* How many bytes text[n] has in common with the user-defined token that it shares most with. */
size_t jl_specials_common_prefix(const jl_specials *s, const uint8_t *text, size_t n);

#endif
