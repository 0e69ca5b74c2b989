/* vocab.h - the strings of a vocabulary: id → bytes, bytes → id.
 *
 * Ids 0..n_tokens-1 are the file's tokens, in file order; higher ids are internal symbols, strings
 * produced by merges that are no tokens. Every tokenizer family stores its strings here in the form
 * it looks up. The strings are untrusted: sizes are checked, and sets made to collide in the index
 * are rejected.
 */
#ifndef JL_VOCAB_H
#define JL_VOCAB_H

#include "../base/status.h"
#include "trie.h"

enum { JL_MAX_TOKENS = 1 << 21, JL_MAX_TRIE_BYTES = 256 };

/* tokenizer.ggml.token_type */
typedef enum jl_token_kind {
    JL_TOKEN_NORMAL = 1,
    JL_TOKEN_UNKNOWN = 2,
    JL_TOKEN_CONTROL = 3,
    JL_TOKEN_USER = 4,
    JL_TOKEN_UNUSED = 5,
    JL_TOKEN_BYTE = 6
} jl_token_kind;

typedef struct jl_vocab {
    uint32_t n_tokens; /* ≤ JL_MAX_TOKENS */
    uint32_t n, cap;   /* strings used and allocated */
    uint32_t *start;   /* [cap + 1] string i is bytes[start[i]..start[i + 1]) */
    uint8_t *bytes;    /* [bytes_cap] */
    size_t bytes_cap;
    uint64_t
        *slots; /* [n_slots] hash << 32 | id + 1, 0 for none; linear probing; NULL once dropped */
    uint32_t n_slots; /* a power of two, at least 8/5 of the keyed strings */
    uint32_t n_keyed;
    uint32_t all_keyed; /* strings 0..all_keyed−1 are in the index */
    uint8_t *kind;      /* [n_tokens] jl_token_kind */
} jl_vocab;

/* Reserves n_tokens strings of `bytes` bytes in total; grows later. On failure *v is empty. */
jl_status jl_vocab_init(jl_vocab *v, uint32_t n_tokens, uint64_t bytes, jl_error *error);
void jl_vocab_free(jl_vocab *v);

/* The id of a string (n ≥ 1) in the index; a new string is appended with id v->n. -1 with *error
 * filled on failure. */
int32_t jl_vocab_intern(jl_vocab *v, const uint8_t *s, size_t n, jl_error *error);

/* The same, trying ids `guess` and guess + 1 first: merge lists often produce the tokens in order,
 * and a comparison is faster than the index. */
int32_t jl_vocab_intern_near(jl_vocab *v, int32_t guess, const uint8_t *s, size_t n,
                             jl_error *error);

/* Appends a string without indexing it. */
jl_status jl_vocab_add(jl_vocab *v, const uint8_t *s, size_t n, jl_error *error);

/* The id of an indexed string, -1: none. */
int32_t jl_vocab_find(const jl_vocab *v, const uint8_t *s, size_t n);

jl_str jl_vocab_string(const jl_vocab *v, int32_t id);

/* Moves indexed tokens to a trie (values: ids) and drops the index. An error names a token over
 * JL_MAX_TRIE_BYTES; published unigram and WordPiece pieces have at most 16 characters. On failure
 * *t may be partly filled. */
jl_status jl_vocab_trie(jl_vocab *v, jl_trie *t, jl_error *error);

/* Frees the index: afterwards find fails and intern is not allowed. */
void jl_vocab_drop_index(jl_vocab *v);

size_t jl_vocab_memory(const jl_vocab *v); /* bytes */

/* Whether plain text may produce the token. Control and unknown tokens come only from special.c, so
 * no merge, match or byte can forge them. (llama.cpp's merges can.) */
static inline int jl_vocab_is_text(const jl_vocab *v, int32_t id) {
    return id >= 0 && (uint32_t)id < v->n_tokens && v->kind[id] != JL_TOKEN_CONTROL &&
           v->kind[id] != JL_TOKEN_UNKNOWN;
}

#endif
