/* family.h - the interface of a tokenizer family, implemented in one file per family.
 *
 * tokenizer.c owns the shared part: the token list and its checks, special tokens, special ids. A
 * family defines how the vocabulary stores a token's text, builds its own rules once, and encodes
 * text without special tokens.
 */
#ifndef JL_FAMILY_H
#define JL_FAMILY_H

#include "../format/gguf.h"
#include "vocab.h"

/* Exclusive bound of a text's bytes, so that an int counts its ids: at most three per byte, and in
 * unigram one per byte of at most 2^30 normalised bytes. */
enum { JL_MAX_TEXT = 1 << 29 };

/* Work is counted in units of a few nanoseconds: a byte read, a trie step, part of a merge. Steps
 * subtract their work from *work and stop when it is used up. They may overrun by one piece or
 * word, at some ns per byte. */

/* Output ids: beyond cap they are only counted, unless the array may grow. */
typedef struct jl_ids {
    int32_t *out; /* [cap] */
    int cap, n;
    int own;                /* out is from jl_alloc() and grows */
    int failed;             /* growing failed */
    struct jl_trace *trace; /* records how the ids are made (trace.h); NULL: no */
} jl_ids;

/* Doubles a full array, or sets failed. */
void jl_ids_grow(jl_ids *ids);

static inline void jl_ids_push(jl_ids *ids, int32_t id) {
    if (ids->n == ids->cap && ids->own) jl_ids_grow(ids);
    if (ids->n < ids->cap) ids->out[ids->n] = id;
    ids->n++;
}

/* Reallocates *bytes to *cap = n bytes, keeping the first `keep`. 0: no memory, *bytes is NULL. */
int jl_room_keeping(uint8_t **bytes, size_t *cap, size_t n, size_t keep);

static inline int jl_room(uint8_t **bytes, size_t *cap, size_t n) {
    return n <= *cap || jl_room_keeping(bytes, cap, n, 0);
}

/* Properties that build() derives from the file. */
typedef struct jl_family_facts {
    const char *pre;   /* static; the pre-tokeniser's name, "": none */
    int add_bos;       /* default; 2: overrides the file */
    int add_eos;       /* default */
    int add_separator; /* default; the separator, not EOS, ends a text */
    int space_prefix;  /* encoding prepends a space; the first token's text includes it */
    int32_t unknown;   /* in: the unknown token, -1 for none */
    char warning[192]; /* "" or a sentence */
} jl_family_facts;

typedef struct jl_family {
    const char *model; /* tokenizer.ggml.model */
    const char *about; /* display name */
    int32_t ids[4];    /* default BOS, EOS, unknown, separator; -1: none */
    /* Writes a token's stored form to out[text.n]; returns its length. kind: any jl_token_kind
     * except BYTE. *keyed = 0: the token is not indexed by these bytes. */
    size_t (*store)(jl_str text, int kind, uint8_t *out, int *keyed);
    /* Builds the rules once v has all tokens; may add symbols. On failure NULL with *error
     * filled. */
    void *(*build)(jl_vocab *v, const jl_gguf *g, jl_family_facts *facts, jl_error *error);
    /* Allocates an encoder, reusable for successive texts; NULL: no memory. */
    void *(*open)(const void *self, const jl_vocab *v);
    void (*close)(void *state); /* may be NULL */
    /* Starts text[n], 0 < n < JL_MAX_TEXT, borrowed until the last step; 0: no memory. */
    int (*begin)(void *state, const uint8_t *text, size_t n);
    /* JL_OK: text done; JL_MORE: *work is used up; JL_ERR_MEMORY: *error is not filled. */
    jl_status (*step)(void *state, jl_ids *ids, int64_t *work);
    void (*free)(void *self);
    size_t (*memory)(const void *self, const jl_vocab *v); /* bytes */
} jl_family;

#endif
