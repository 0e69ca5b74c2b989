/* tokens.c - text ↔ token ids by a model's tokenizer: the token functions of jielong.h.
 *
 * Place in the flow: checks that the model has a tokenizer, then calls text/tokenizer.c; hides the
 * bytes of control tokens unless requested.
 */
#include "model.h"

int jl_tokenize(const jl_model *m, const char *text, size_t n, int flags, int32_t *ids, int cap,
                jl_error *error) {
    return jl_tokenize_quoted(m, text, n, flags, NULL, 0, ids, cap, error);
}

static jl_status no_tokenizer(jl_error *error) {
    return jl_fail(error, JL_ERR_TOKENIZER, JL_NO_OFFSET, jl_string("tokenizer.ggml.model"),
                   "the file has no tokenizer; give token ids instead of text");
}

int jl_tokenize_quoted(const jl_model *m, const char *text, size_t n, int flags,
                       const jl_quote *quotes, size_t n_quotes, int32_t *ids, int cap,
                       jl_error *error) {
    if (!m->tokenizer) return no_tokenizer(error);
    return jl_tokenizer_encode_quoted(m->tokenizer, text, n, flags, quotes, n_quotes, ids, cap,
                                      error);
}

jl_encoding *jl_encoding_new(const jl_model *m, const char *text, size_t n, int flags,
                             const jl_quote *quotes, size_t n_quotes, jl_error *error) {
    if (m->tokenizer)
        return jl_tokenizer_begin(m->tokenizer, text, n, flags, quotes, n_quotes, error);
    no_tokenizer(error);
    return NULL;
}

jl_trace *jl_trace_new(const jl_model *m, const char *text, size_t n, int flags, jl_error *error) {
    if (m->tokenizer)
        return jl_tokenizer_trace(m->tokenizer, text, n, flags & JL_TOKENIZE_SPECIAL, error);
    no_tokenizer(error);
    return NULL;
}

const char *jl_token_bytes(const jl_model *m, int32_t id, int flags, size_t *n) {
    *n = 0;
    if (id < 0 || id >= jl_model_n_vocab(m)) return NULL;
    if (!m->tokenizer) return "";
    jl_token_kind kind = jl_tokenizer_kind(m->tokenizer, id);
    int hidden = kind == JL_TOKEN_CONTROL || kind == JL_TOKEN_UNKNOWN;
    jl_str s = jl_tokenizer_bytes(m->tokenizer, id);
    if (s.n == 0 || (hidden && !(flags & JL_BYTES_SPECIAL))) return "";
    int cut = (flags & JL_BYTES_FIRST) && jl_tokenizer_space_prefix(m->tokenizer) && *s.data == ' ';
    *n = s.n - (size_t)cut;
    return s.data + cut;
}

int jl_token_is_end(const jl_model *m, int32_t id) {
    return m->tokenizer && jl_tokenizer_is_end(m->tokenizer, id);
}
