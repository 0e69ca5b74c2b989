/* import.c - reads a shape from the keys and checks every tensor against it. */
#include "import.h"

#include <string.h>

#include "../base/memory.h"
#include "../format/quant.h"

/* The names in export.c, indexed by jlt_net_kind. */
static const char *const architectures[] = { "jielong", "jielong-gru", "jielong-window" };

static int kind_of(const jl_gguf *g, jl_str *name) {
    jl_error ignored = { 0 };
    *name = jl_string("");
    jl_gguf_string(g, "general.architecture", name, &ignored);
    if (jl_str_equal(*name, "llama")) return JLT_NET_TRANSFORMER;
    for (int i = 0; i < JLT_NET_KINDS; i++)
        if (jl_str_equal(*name, architectures[i])) return i;
    return -1;
}

int jlt_import_is_baseline(const jl_gguf *g) {
    jl_str name;
    return kind_of(g, &name) > JLT_NET_TRANSFORMER;
}

/* ---- Shape ----------------------------------------------------------------------------------- */

typedef struct reader {
    const jl_gguf *g;
    jl_str arch;
    jl_error *error;
    jl_status status;
} reader;

static int read_int(reader *r, const char *rest) {
    char key[JL_GGUF_KEY];
    uint32_t value = UINT32_MAX;
    if (r->status) return 0;
    r->status = jl_gguf_u32(r->g, jl_gguf_key(key, r->arch, rest), &value, r->error);
    if (!r->status && value > 1 << 30)
        r->status = jl_fail(r->error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(key),
                            "expected a number up to 2^30; the file has %s",
                            value == UINT32_MAX ? "none" : "a larger one");
    return r->status ? 0 : (int)value;
}

static float read_float(reader *r, const char *rest, float missing) {
    char key[JL_GGUF_KEY];
    if (!r->status)
        r->status = jl_gguf_f32(r->g, jl_gguf_key(key, r->arch, rest), &missing, r->error);
    return missing;
}

/* A sinusoidal table is read as learned positions: the outputs are equal. */
static jlt_net_position read_position(reader *r) {
    if (jl_str_equal(r->arch, "llama")) return JLT_NET_ROPE;
    if (jl_gguf_find_tensor(r->g, "position_embd.weight")) return JLT_NET_LEARNED;
    return read_float(r, "attention.max_alibi_bias", 0) > 0 ? JLT_NET_ALIBI : JLT_NET_NONE;
}

static jlt_net_shape read_shape(reader *r, jlt_net_kind kind) {
    jlt_net_shape s = { .kind = kind, .eps = 1e-5f, .rope_base = 10000 };
    s.n_vocab = read_int(r, "vocab_size");
    s.n_ctx = read_int(r, "context_length");
    s.n_embd = read_int(r, "embedding_length");
    s.n_ff = read_int(r, "feed_forward_length");
    if (kind == JLT_NET_WINDOW) s.n_window = read_int(r, "window");
    if (kind != JLT_NET_TRANSFORMER) return s;
    s.n_layers = read_int(r, "block_count");
    s.n_heads = read_int(r, "attention.head_count");
    s.n_kv_heads = read_int(r, "attention.head_count_kv");
    s.eps = read_float(r, "attention.layer_norm_rms_epsilon", s.eps);
    s.rope_base = read_float(r, "rope.freq_base", s.rope_base);
    s.position = read_position(r);
    return s;
}

/* ---- Tensors --------------------------------------------------------------------------------- */

static jl_status check_tensor(const jl_gguf *g, uint64_t n, const jlt_net_tensor *want,
                              jl_error *error) {
    const jl_gguf_tensor *t = jl_gguf_find_tensor(g, want->name);
    uint64_t rows = (uint64_t)want->rows, cols = (uint64_t)want->cols;
    if (!t)
        return jl_fail(error, JL_ERR_TENSOR, JL_NO_OFFSET, jl_string(want->name),
                       "the file has no such tensor; expected %u × %u numbers", rows, cols);
    if (t->dims[0] != cols || t->dims[1] != rows || t->dims[2] != 1 || t->dims[3] != 1)
        return jl_fail(error, JL_ERR_TENSOR, t->offset, t->name,
                       "expected %u × %u numbers, as the keys say, found %u × %u", rows, cols,
                       t->dims[1], t->dims[0]);
    if (t->offset > n || t->bytes > n - t->offset)
        return jl_fail(error, JL_ERR_TRUNCATED, t->offset, t->name,
                       "the file ends within this tensor");
    return JL_OK;
}

/* Checks all tensors before it allocates, so the file's size bounds the allocation. */
static jl_status read_tensors(const jl_gguf *g, const uint8_t *file, uint64_t n,
                              const jlt_network *net, float **params, jl_error *error) {
    for (int i = 0; i < net->n_tensors; i++) {
        jl_status st = check_tensor(g, n, &net->tensors[i], error);
        if (st) return st;
    }
    *params = jl_alloc_array(net->n_params, sizeof **params);
    if (!*params)
        return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("parameters"),
                       "not enough memory for %u numbers", (uint64_t)net->n_params);
    for (int i = 0; i < net->n_tensors; i++) {
        const jlt_net_tensor *want = &net->tensors[i];
        const jl_gguf_tensor *t = jl_gguf_find_tensor(g, want->name);
        jl_dequantize((jl_type)t->type, file + t->offset, *params + want->at,
                      (size_t)want->rows * (size_t)want->cols);
    }
    return JL_OK;
}

/* Tokenizer ids index rows of the embedding. */
static jl_status check_vocabulary(int n_vocab, int n_tokens, jl_error *error) {
    if (n_tokens == 0 || n_vocab == n_tokens) return JL_OK;
    return jl_fail(error, JL_ERR_TENSOR, JL_NO_OFFSET, jl_string("token_embd.weight"),
                   "%d rows, but the tokenizer has %d tokens", n_vocab, n_tokens);
}

jl_status jlt_import(const jl_gguf *g, const uint8_t *file, uint64_t n, int n_tokens,
                     jlt_gemm *gemm, jlt_network *net, float **params, jl_error *error) {
    reader r = { g, jl_string(""), error, JL_OK };
    int kind = kind_of(g, &r.arch);
    if (kind < 0)
        return jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET, jl_string("general.architecture"),
                       "expected llama, jielong, jielong-gru or jielong-window, found '%S'",
                       r.arch);
    jlt_net_shape shape = read_shape(&r, (jlt_net_kind)kind);
    jl_status st = r.status ? r.status : check_vocabulary(shape.n_vocab, n_tokens, error);
    if (!st) st = jlt_network_init(net, &shape, gemm, error);
    if (st) return st;
    st = read_tensors(g, file, n, net, params, error);
    if (st) jlt_network_free(net);
    return st;
}
