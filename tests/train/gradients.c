/* gradients.c - all gradients of training against finite differences in double.
 *
 * This program compiles src/train with double numbers, so a central difference has ten correct
 * digits. It covers each kind of network, norm, activation and position scheme, grouped queries and
 * dropout, and probes each tensor at several places.
 */
#define JLT_TRAIN_DOUBLE
#include "../../src/train/layers.c"

#include "../../src/train/baselines.c"
#include "../../src/train/network.c"
#include "../../src/train/transformer.c"
#include "../helpers/check.h"

static void plain_gemm(int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda,
                       const double *b, int ldb, double beta, double *c, int ldc) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int l = 0; l < k; l++)
                sum +=
                    (ta ? a[l * lda + i] : a[i * lda + l]) * (tb ? b[j * ldb + l] : b[l * ldb + j]);
            c[i * ldc + j] = alpha * sum + (beta == 0 ? 0 : beta * c[i * ldc + j]);
        }
}

enum { B = 2, T = 70 }; /* more than one block of queries */

static double loss_at(const jlt_network *net, jlt_workspace *ws, const double *params,
                      const int32_t *ids, double *grads) {
    jl_random drop;
    jl_random_seed(&drop, 5);
    return jlt_network_loss(net, ws, params, ids, B, T, grads, 1.0 / (B * T), &drop) / (B * T);
}

/* ∂L/∂params[at] by fourth-order difference: (8(f₁ − f₋₁) − (f₂ − f₋₂))/12h. */
static double difference(const jlt_network *net, jlt_workspace *ws, double *params,
                         const int32_t *ids, size_t at) {
    static const double weight[] = { 1, -8, 8, -1 }, place[] = { -2, -1, 1, 2 };
    double was = params[at], step = 1e-4, sum = 0;
    for (int i = 0; i < 4; i++) {
        params[at] = was + place[i] * step;
        sum += weight[i] * loss_at(net, ws, params, ids, NULL);
    }
    params[at] = was;
    return sum / (12 * step);
}

/* Checks a few numbers of each tensor. */
static void probe(const jlt_network *net, jlt_workspace *ws, double *params, const int32_t *ids,
                  const double *grads, jl_random *r) {
    for (int i = 0; i < net->n_tensors; i++) {
        const jlt_net_tensor *t = &net->tensors[i];
        for (int k = 0; k < 6; k++) {
            size_t at = t->at + jl_random_bits(r) % ((size_t)t->rows * (size_t)t->cols);
            if (t->at == net->token_embd)
                at = (size_t)(ids[k] * t->cols + k); /* one that is used */
            double wanted = difference(net, ws, params, ids, at), found = grads[at];
            CHECK(fabs(found - wanted) < 1e-9 + 1e-6 * fabs(wanted), "%s[%zu]: %.12g, not %.12g",
                  t->name, at - t->at, found, wanted);
        }
    }
}

static void check_network(jlt_net_shape shape) {
    jlt_network net;
    jl_error error = { 0 };
    int32_t ids[B * (T + 1)];
    jl_random r;
    jl_random_seed(&r, 3);
    CHECK(jlt_network_init(&net, &shape, plain_gemm, &error) == JL_OK, "%s", error.message);
    jlt_workspace *ws = jlt_workspace_new(&net, B, T);
    double *params = jl_alloc_array(net.n_params, sizeof *params);
    double *grads = jl_alloc_array(net.n_params, sizeof *grads);
    jlt_network_start(&net, 7, params);
    /* Leaves the symmetric start: norms not 1, biases not 0, larger weights. */
    for (size_t i = 0; i < net.n_params; i++)
        params[i] = params[i] * 2 + 0.3 * (jl_random_next(&r) - 0.5);
    for (int i = 0; i < B * (T + 1); i++)
        ids[i] = (int32_t)(jl_random_bits(&r) % (unsigned)shape.n_vocab);
    loss_at(&net, ws, params, ids, grads);
    double length = 0;
    for (size_t i = 0; i < net.n_params; i++) length += grads[i] * grads[i];
    CHECK(sqrt(length) > 1e-3, "the gradient is almost zero: %g", sqrt(length));
    probe(&net, ws, params, ids, grads, &r);
    jl_free(params);
    jl_free(grads);
    jlt_workspace_free(ws);
    jlt_network_free(&net);
}

static const jlt_net_shape llama = { .n_vocab = 23,
                                     .n_ctx = T,
                                     .n_embd = 16,
                                     .n_layers = 2,
                                     .n_heads = 4,
                                     .n_kv_heads = 2,
                                     .n_ff = 20,
                                     .n_window = 5,
                                     .rope_base = 10000,
                                     .eps = 1e-5f };

static void decoder_like_llama(void) {
    check_network(llama);
}

static void decoder_with_dropout(void) {
    jlt_net_shape s = llama;
    s.dropout = 0.25f;
    check_network(s);
}

static void decoder_like_gpt2(void) {
    jlt_net_shape s = llama;
    s.norm = JLT_NET_LAYER_NORM;
    s.ffn = JLT_NET_GELU;
    s.position = JLT_NET_LEARNED;
    s.n_kv_heads = 4;
    check_network(s);
}

static void decoder_with_other_positions(void) {
    static const jlt_net_position schemes[] = { JLT_NET_SINUSOIDAL, JLT_NET_ALIBI, JLT_NET_NONE };
    for (int i = 0; i < 3; i++) {
        jlt_net_shape s = llama;
        s.position = schemes[i];
        check_network(s);
    }
}

/* Other combinations, each with dropout: one key head for all, LayerNorm with SwiGLU and ALiBi,
 * RMSNorm with GELU and learned positions. */
static void decoder_of_mixed_parts(void) {
    jlt_net_shape s = llama;
    s.dropout = 0.25f;
    s.n_kv_heads = 1;
    s.norm = JLT_NET_LAYER_NORM;
    s.position = JLT_NET_ALIBI;
    check_network(s);
    s.norm = JLT_NET_RMS_NORM;
    s.ffn = JLT_NET_GELU;
    s.position = JLT_NET_LEARNED;
    check_network(s);
}

static void recurrent_baseline(void) {
    jlt_net_shape s = llama;
    s.kind = JLT_NET_GRU;
    check_network(s);
    s.dropout = 0.25f;
    check_network(s);
}

static void window_baseline(void) {
    jlt_net_shape s = llama;
    s.kind = JLT_NET_WINDOW;
    check_network(s);
    s.dropout = 0.25f;
    check_network(s);
}

int main(void) {
    RUN(decoder_like_llama);
    RUN(decoder_with_dropout);
    RUN(decoder_like_gpt2);
    RUN(decoder_with_other_positions);
    RUN(decoder_of_mixed_parts);
    RUN(recurrent_baseline);
    RUN(window_baseline);
    return check_report("train/gradients");
}
