/* prefixes.h - which strings of a vocabulary does a text begin with?
 *
 * What unigram and WordPiece ask at each place of a text. The answer comes from the vocabulary's
 * index with a hash that grows byte by byte; a table says how long strings with these first three
 * bytes get, so that most walks end early. A walk looks at no more than JL_MAX_PREFIX_BYTES.
 */
#ifndef JL_PREFIXES_H
#define JL_PREFIXES_H

#include "vocab.h"

enum { JL_MAX_PREFIX_BYTES = 1024, JL_REACH_BITS = 12 };

typedef struct jl_prefixes {
    const jl_vocab *v;                  /* borrowed */
    uint16_t reach[1 << JL_REACH_BITS]; /* bytes */
} jl_prefixes;

/* An error names the token that is too long. */
jl_status jl_prefixes_init(jl_prefixes *p, const jl_vocab *v, jl_error *error);

/* The string text[0..n) that the walk has come to. */
typedef struct jl_prefix_walk {
    const jl_prefixes *p;
    const uint8_t *text;
    size_t n, limit;
    uint64_t hash;
} jl_prefix_walk;

/* text[room], room ≥ 1. */
jl_prefix_walk jl_prefixes_walk(const jl_prefixes *p, const uint8_t *text, size_t room);

/* One byte further; 0 at the end. *id: of the string, −1 for none. */
int jl_prefix_step(jl_prefix_walk *w, int32_t *id);

#endif
