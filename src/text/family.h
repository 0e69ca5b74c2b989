/* family.h - what tokenizer.c asks of a family of tokenizers. One file for each family, one row
 * each.
 *
 * The front door owns what all share: the token list and its checks, special tokens, ids with a
 * meaning. A family says how a token's text is kept in the vocabulary, builds its own rules once,
 * and turns text without special tokens into ids.
 */
#ifndef JL_FAMILY_H
#define JL_FAMILY_H

#include "../format/gguf.h"
#include "vocab.h"

/* Texts have fewer bytes, so that an int counts their ids: a byte gives at most three, and unigram
 * at most one for each of 2^30 bytes of a normal text. */
enum { JL_MAX_TEXT = 1 << 29 };

/* Work is counted in units of a few nanoseconds: a byte that is read, a step in a trie, a part of a
 * merge. Steps subtract what they did from *work and end when nothing is left; they may overrun by
 * one piece of a pre-tokeniser or one word's place, which costs some ns a byte. */

/* Where ids go: those beyond cap are counted only, unless the array may grow. */
typedef struct jl_ids {
    int32_t *out; /* [cap] */
    int cap, n;
    int own;    /* out is from jl_alloc() and grows */
    int failed; /* it could not */
} jl_ids;

/* Room for another id of an array that is full. */
void jl_ids_grow(jl_ids *ids);

static inline void jl_ids_push(jl_ids *ids, int32_t id) {
    if (ids->n == ids->cap && ids->own) jl_ids_grow(ids);
    if (ids->n < ids->cap) ids->out[ids->n] = id;
    ids->n++;
}

/* Room for n bytes at *bytes, of which there are *cap; what was there is kept only up to `keep`
 * bytes. 0: no memory, and nothing there. */
int jl_room_keeping(uint8_t **bytes, size_t *cap, size_t n, size_t keep);

static inline int jl_room(uint8_t **bytes, size_t *cap, size_t n) {
    return n <= *cap || jl_room_keeping(bytes, cap, n, 0);
}

/* What a family found out about the file. */
typedef struct jl_family_facts {
    const char *pre;   /* static; the pre-tokeniser's name, "" where the family has none */
    int add_bos;       /* where the file does not say */
    int add_eos;       /* the same */
    int add_separator; /* the separator ends a text, not the end; the same */
    int space_prefix;  /* encoding puts a blank before a text, which its first token brings back */
    int32_t unknown;   /* in: the unknown token, -1 for none */
    char warning[192]; /* "" or a sentence */
} jl_family_facts;

typedef struct jl_family {
    const char *model; /* tokenizer.ggml.model */
    const char *about; /* for people */
    int32_t ids[4];    /* beginning, end, unknown, separator where the file names none; -1: none */
    /* Writes the form in which a token's text is kept to out[text.n]; returns its length. kind: any
     * jl_token_kind but a byte. *keyed = 0: encoding never finds it by these bytes. */
    size_t (*store)(jl_str text, int kind, uint8_t *out, int *keyed);
    /* After the last token is in v; may add symbols. NULL with *error filled on failure. */
    void *(*build)(jl_vocab *v, const jl_gguf *g, jl_family_facts *facts, jl_error *error);
    /* What an encoding needs besides, used for one text after another; NULL: no memory. */
    void *(*open)(const void *self, const jl_vocab *v);
    void (*close)(void *state); /* NULL is fine */
    /* text[n], 0 < n < JL_MAX_TEXT, borrowed until the steps have ended; 0: no memory. */
    int (*begin)(void *state, const uint8_t *text, size_t n);
    /* One step. JL_OK at the end of the text, JL_MORE when *work is
     * used up, JL_ERR_MEMORY without *error. */
    jl_status (*step)(void *state, jl_ids *ids, int64_t *work);
    void (*free)(void *self);
    size_t (*memory)(const void *self, const jl_vocab *v); /* bytes */
} jl_family;

#endif
