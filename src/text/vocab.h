/* vocab.h - the strings of a vocabulary: id → bytes, bytes → id.
 *
 * Ids 0..n_tokens-1 are the file's tokens, in its order; above them come symbols of our own,
 * strings that merges pass through but that are no tokens. Every family of tokenizers keeps its
 * strings here, in the form in which it looks them up. The strings are attacker data: sizes are
 * checked, and a set of strings made to collide in the index is refused.
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
    uint32_t n, cap;   /* strings so far, and room */
    uint32_t *start;   /* [cap + 1] string i is bytes[start[i]..start[i + 1]) */
    uint8_t *bytes;    /* [bytes_cap] */
    size_t bytes_cap;
    uint64_t
        *slots; /* [n_slots] hash << 32 | id + 1, 0 for none; linear probing; NULL once dropped */
    uint32_t n_slots; /* a power of two, at least 8/5 of the keyed strings */
    uint32_t n_keyed;
    uint32_t all_keyed; /* strings 0..all_keyed−1 are all in the index */
    uint8_t *kind;      /* [n_tokens] jl_token_kind */
} jl_vocab;

/* Room for n_tokens strings of `bytes` bytes in all; it grows. On failure *v holds nothing. */
jl_status jl_vocab_init(jl_vocab *v, uint32_t n_tokens, uint64_t bytes, jl_error *error);
void jl_vocab_free(jl_vocab *v);

/* The id of a string that can be found by its bytes (n ≥ 1); it is appended, with the id v->n had
 * before the call, where there is none yet. -1 with *error filled on failure. */
int32_t jl_vocab_intern(jl_vocab *v, const uint8_t *s, size_t n, jl_error *error);

/* The same for a string that is likely to be `guess` or the one behind it: lists of merges often
 * make the tokens in their order, and comparing with a neighbour is quicker than the index. */
int32_t jl_vocab_intern_near(jl_vocab *v, int32_t guess, const uint8_t *s, size_t n,
                             jl_error *error);

/* Appends a string that nobody looks up. */
jl_status jl_vocab_add(jl_vocab *v, const uint8_t *s, size_t n, jl_error *error);

/* The id of an interned string, -1 for none. */
int32_t jl_vocab_find(const jl_vocab *v, const uint8_t *s, size_t n);

jl_str jl_vocab_string(const jl_vocab *v, int32_t id);

/* Moves the tokens that can be found from the index, which is dropped, to a trie with their ids as
 * values. An error names the token that is longer than JL_MAX_TRIE_BYTES; the longest piece of the
 * published unigram and WordPiece vocabularies has 16 characters. On failure *t may hold some. */
jl_status jl_vocab_trie(jl_vocab *v, jl_trie *t, jl_error *error);

/* Frees the index: from now on nothing is found, and nothing may be interned. */
void jl_vocab_drop_index(jl_vocab *v);

size_t jl_vocab_memory(const jl_vocab *v); /* bytes */

/* Whether text may become the token: neither a control token nor the unknown one. Those come from
 * special.c alone, so no merge, match or byte of a text forges them. (llama.cpp lets merges.) */
static inline int jl_vocab_is_text(const jl_vocab *v, int32_t id) {
    return id >= 0 && (uint32_t)id < v->n_tokens && v->kind[id] != JL_TOKEN_CONTROL &&
           v->kind[id] != JL_TOKEN_UNKNOWN;
}

#endif
