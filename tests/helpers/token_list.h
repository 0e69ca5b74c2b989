/* token_list.h - a vocabulary that a test lists token by token: bytes, score, type. cook_list()
 * writes it as a file's metadata, to which the test adds its own keys.
 *
 * One list per program; a test empties it with n_tokens = 0. Texts are not copied.
 */
#ifndef JL_TEST_TOKEN_LIST_H
#define JL_TEST_TOKEN_LIST_H

#include "vocabulary.h"

enum { MAX_TOKENS = 1100 };

static const char *tokens[MAX_TOKENS];
static float scores[MAX_TOKENS];
static int32_t types[MAX_TOKENS];
static size_t n_tokens;

static inline void token(const char *text, float score, int32_t type) {
    if (n_tokens == MAX_TOKENS) abort();
    tokens[n_tokens] = text, scores[n_tokens] = score, types[n_tokens++] = type;
}

static inline file *cook_list(const char *model) {
    file *f = new_file();
    add_string(f, "tokenizer.ggml.model", model);
    add_strings(f, "tokenizer.ggml.tokens", tokens, n_tokens);
    add_f32s(f, "tokenizer.ggml.scores", scores, n_tokens);
    add_i32s(f, "tokenizer.ggml.token_type", types, n_tokens);
    return f;
}

/* Loading f fails with JL_ERR_TOKENIZER at a key, with a message containing `message`. Frees f. */
static inline void refused(file *f, const char *where, const char *message) {
    jl_error e;
    jl_error_clear(&e);
    jl_tokenizer *t = jl_tokenizer_new(&f->g, &e);
    CHECK(!t && e.code == JL_ERR_TOKENIZER, "code %d", (int)e.code);
    CHECK(strcmp(e.where, where) == 0 && strstr(e.message, message), "%s: %s", e.where, e.message);
    jl_tokenizer_free(t);
    free(f);
}

#endif
