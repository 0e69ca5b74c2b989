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

/* Where ids go: those beyond cap are counted only. */
typedef struct jl_ids {
    int32_t *out; /* [cap] */
    int cap, n;
} jl_ids;

static inline void jl_ids_push(jl_ids *ids, int32_t id) {
    if (ids->n < ids->cap) ids->out[ids->n] = id;
    ids->n++;
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
    /* text[n], n < 2^31, gives at most n ids. */
    jl_status (*encode)(const void *self, const jl_vocab *v, const uint8_t *text, size_t n,
                        jl_ids *ids, jl_error *error);
    void (*free)(void *self);
    size_t (*memory)(const void *self, const jl_vocab *v); /* bytes */
} jl_family;

#endif
