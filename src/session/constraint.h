/* constraint.h - which tokens a grammar allows next: a bit for each entry of the vocabulary.
 *
 * Place in the flow: states of grammar.c, bytes of the tokens → here → the mask stage of sample.c.
 * The tokens are sorted by their bytes, so that tokens with the same beginning are rejected
 * together (the order of a trie's leaves). Within strings most characters lead to the same state:
 * then tokens of plain ASCII are allowed by their length, and only the others are followed. The
 * masks of the last states are kept, because texts return to them. A step allocates nothing.
 */
#ifndef JL_CONSTRAINT_H
#define JL_CONSTRAINT_H

#include "grammar.h"

enum {
    JL_CONSTRAINT_MASKS = 32, /* kept */
    JL_PIECE_BYTES = 255      /* longer tokens are never allowed */
};

/* The vocabulary, as the constraint sees it. */
typedef struct jl_pieces {
    int n;
    /* The bytes of a token, *n = 0 for control tokens. */
    const char *(*bytes)(const void *context, int32_t id, size_t *n);
    int (*is_end)(const void *context, int32_t id); /* it ends the text */
    jl_gbnf_token *token;
    const void *context;
} jl_pieces;

typedef struct jl_constraint jl_constraint;

/* Sorts the vocabulary. NULL on failure. */
jl_constraint *jl_constraint_new(const jl_pieces *pieces, jl_error *error);
void jl_constraint_free(jl_constraint *c); /* NULL is fine */

/* Sets the grammar, at its start; a grammar of the same text keeps its masks. */
jl_status jl_constraint_begin(jl_constraint *c, jl_str grammar, jl_error *error);
/* Whether the grammar has this text; its state then belongs to the tokens accepted so far. */
int jl_constraint_is(const jl_constraint *c, jl_str grammar);

/* The mask [n / 32 rounded up], borrowed until the next call: bit id & 31 of word id / 32. End
 * tokens are allowed where the text may end. NULL: none is allowed, or there are too many ways. */
const uint32_t *jl_constraint_mask(jl_constraint *c, jl_error *error);

/* Moves on by a token that the mask allows. */
jl_status jl_constraint_accept(jl_constraint *c, int32_t id, jl_error *error);
/* The text is complete, and nothing may follow. */
int jl_constraint_done(const jl_constraint *c);

#endif
