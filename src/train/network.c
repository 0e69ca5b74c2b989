/* network.c - shared by all kinds of network: tensor list, initialisation, embedding, loss.
 *
 * The kinds (transformer.c, baselines.c) list their tensors and lay out their workspace with these
 * functions. Embedding and output share one matrix (Press & Wolf 2017).
 */
#include "network.h"

#include <string.h>

#include "../base/memory.h"
#include "workspace.h"

/* ---- Shape and tensors ----------------------------------------------------------------------- */

static jl_status refuse(jl_error *error, const char *where, const char *expected) {
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where), "expected %s", expected);
}

static int within(int value, int min, int max) {
    return value >= min && value <= max;
}

static jl_status check_decoder(const jlt_net_shape *s, jl_error *error) {
    if (!within(s->n_layers, 1, JLT_MAX_LAYERS)) return refuse(error, "layers", "1 to 64");
    if (!within(s->n_heads, 1, 256) || s->n_embd % s->n_heads)
        return refuse(error, "heads", "a divisor of the width, at most 256");
    if (!within(s->n_kv_heads, 1, s->n_heads) || s->n_heads % s->n_kv_heads)
        return refuse(error, "kv-heads", "a divisor of the heads");
    if (s->n_embd / s->n_heads % 2) return refuse(error, "heads", "an even head size");
    if (s->position == JLT_NET_ALIBI && (s->n_heads & (s->n_heads - 1)))
        return refuse(error, "heads", "a power of two for alibi");
    return JL_OK;
}

static jl_status check_shape(const jlt_net_shape *s, jl_error *error) {
    if (!within(s->n_vocab, 2, 1 << 20)) return refuse(error, "vocabulary", "2 to 1048576 tokens");
    if (!within(s->n_embd, 2, 8192)) return refuse(error, "width", "2 to 8192");
    if (!within(s->n_ctx, 1, 65536)) return refuse(error, "context", "1 to 65536");
    if (!within(s->n_ff, 1, 65536)) return refuse(error, "hidden", "1 to 65536");
    if (!(s->dropout >= 0 && s->dropout < 1)) return refuse(error, "dropout", "0 to less than 1");
    if (!(s->eps > 0)) return refuse(error, "eps", "more than 0");
    if (s->kind == JLT_NET_TRANSFORMER) return check_decoder(s, error);
    if (s->kind == JLT_NET_WINDOW && !within(s->n_window, 1, 64))
        return refuse(error, "window", "1 to 64");
    return JL_OK;
}

size_t jlt_network_add(jlt_network *net, const char *name, int layer, int rows, int cols,
                       double start) {
    size_t at = net->n_params;
    if (net->tensors) {
        jlt_net_tensor *t = &net->tensors[net->n_tensors];
        if (layer >= 0)
            jl_format(t->name, sizeof t->name, "blk.%d.%s", layer, name);
        else
            jl_format(t->name, sizeof t->name, "%s", name);
        t->rows = rows;
        t->cols = cols;
        t->at = at;
        t->start = (float)start;
    }
    net->n_tensors++;
    uint64_t after = net->n_params + (uint64_t)rows * (uint64_t)cols;
    net->n_params = after < JLT_MAX_PARAMS ? (size_t)after : JLT_MAX_PARAMS;
    return at;
}

static void list(jlt_network *net) {
    net->n_tensors = 0;
    net->n_params = 0;
    if (net->shape.kind == JLT_NET_TRANSFORMER)
        jlt_network_list_transformer(net);
    else
        jlt_network_list_baseline(net);
}

jl_status jlt_network_init(jlt_network *net, const jlt_net_shape *shape, jlt_gemm *gemm,
                           jl_error *error) {
    memset(net, 0, sizeof *net);
    net->shape = *shape;
    net->gemm = gemm;
    jl_status st = check_shape(shape, error);
    if (st) return st;
    list(net);
    if (net->n_params == JLT_MAX_PARAMS)
        return refuse(error, "width", "a network of fewer than 268435456 parameters");
    net->tensors = jl_alloc_array((uint64_t)net->n_tensors, sizeof *net->tensors);
    if (!net->tensors) return jl_no_memory(error, "tensors");
    list(net);
    return JL_OK;
}

void jlt_network_free(jlt_network *net) {
    jl_free(net->tensors);
    net->tensors = NULL;
}

/* Uniform numbers of the given deviation. Normal ones need a logarithm, which differs between C
 * libraries. */
void jlt_network_start(const jlt_network *net, uint64_t seed, jlt_real *params) {
    jl_random r;
    jl_random_seed(&r, seed);
    for (int i = 0; i < net->n_tensors; i++) {
        const jlt_net_tensor *t = &net->tensors[i];
        double half = (double)t->start * 1.7320508075688772; /* √3 */
        jlt_real *p = params + t->at;
        for (size_t n = (size_t)t->rows * (size_t)t->cols; n > 0; n--, p++)
            *p = t->start < 0 ? 1 : (jlt_real)((2 * jl_random_next(&r) - 1) * half);
    }
}

/* ---- Workspace ------------------------------------------------------------------------------- */

static void take(jlt_workspace *ws, jl_arena *arena, const jlt_network *net) {
    if (net->shape.kind == JLT_NET_TRANSFORMER)
        jlt_workspace_take_transformer(ws, arena, net);
    else
        jlt_workspace_take_baseline(ws, arena, net);
}

/* Checks that rows × columns of every array fit an int, which loops assume. */
static int fits_int(const jlt_net_shape *s, int B, int T) {
    int64_t width = 3 * (int64_t)s->n_embd, ff = 2 * (int64_t)s->n_ff;
    int64_t window = (int64_t)s->n_window * s->n_embd;
    if (ff > width) width = ff;
    if (s->kind == JLT_NET_WINDOW && window > width) width = window;
    return (int64_t)B * T <= INT32_MAX / width;
}

jlt_workspace *jlt_workspace_new(const jlt_network *net, int B, int T) {
    jl_arena arena = { NULL, 0 };
    jlt_workspace *ws = fits_int(&net->shape, B, T) ? jl_alloc_zero(sizeof *ws) : NULL;
    if (!ws) return NULL;
    ws->B = B;
    ws->T = T;
    ws->layers = jl_alloc_array((uint64_t)net->shape.n_layers + 1, sizeof *ws->layers);
    if (ws->layers) take(ws, &arena, net);
    if (arena.used && arena.used < SIZE_MAX / 2) ws->block = jl_alloc((size_t)arena.used);
    if (!ws->block) {
        jlt_workspace_free(ws);
        return NULL;
    }
    arena = (jl_arena){ ws->block, 0 };
    take(ws, &arena, net);
    return ws;
}

void jlt_workspace_free(jlt_workspace *ws) {
    if (!ws) return;
    jl_free(ws->block);
    jl_free(ws->layers);
    jl_free(ws);
}

/* ---- Dropout --------------------------------------------------------------------------------- */

/* Rates are multiples of 1/256: one random number decides four elements. */
static uint32_t drop_limit(const jlt_network *net, const jl_random *drop) {
    return drop ? (uint32_t)((double)net->shape.dropout * 256 + 0.5) : 0;
}

void jlt_dropout_forward(const jlt_network *net, jl_random *drop, jlt_real *x, uint8_t *mask,
                         size_t n) {
    uint32_t bits = 0, limit = drop_limit(net, drop);
    if (limit == 0) return;
    for (size_t i = 0; i < n; i++, bits >>= 8) {
        if (i % 4 == 0) bits = jl_random_bits(drop);
        mask[i] = (bits & 255) >= limit;
    }
    jlt_dropout(x, mask, n, limit / 256.0);
}

void jlt_dropout_backward(const jlt_network *net, const jl_random *drop, jlt_real *x,
                          const uint8_t *mask, size_t n) {
    uint32_t limit = drop_limit(net, drop);
    if (limit) jlt_dropout(x, mask, n, limit / 256.0);
}

/* ---- Embedding and loss --------------------------------------------------------------------- */

void jlt_embed(const jlt_network *net, const jlt_real *params, const int32_t *ids, int B, int T,
               jlt_real *x) {
    size_t d = (size_t)net->shape.n_embd;
    const jlt_real *E = params + net->token_embd;
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++, x += d)
            memcpy(x, E + (size_t)ids[b * (T + 1) + t] * d, d * sizeof *x);
}

void jlt_embed_backward(const jlt_network *net, const int32_t *ids, int B, int T,
                        const jlt_real *dx, jlt_real *grads) {
    size_t d = (size_t)net->shape.n_embd;
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++, dx += d) {
            jlt_real *dE = grads + net->token_embd + (size_t)ids[b * (T + 1) + t] * d;
            for (size_t j = 0; j < d; j++) dE[j] += dx[j];
        }
}

double jlt_head_loss(const jlt_network *net, jlt_workspace *ws, const jlt_real *params,
                     const int32_t *ids, int B, int T, const jlt_real *h, jlt_real *dh,
                     jlt_real *grads, double scale) {
    int d = net->shape.n_embd, v = net->shape.n_vocab, n = B * T;
    const jlt_real *E = params + net->token_embd;
    double loss = 0;
    for (int i = 0; i < n; i++) ws->target[i] = ids[i / T * (T + 1) + i % T + 1];
    for (int i = 0; i < n; i += JLT_LOSS_ROWS) {
        int rows = n - i < JLT_LOSS_ROWS ? n - i : JLT_LOSS_ROWS;
        size_t at = (size_t)i * (size_t)d;
        jlt_linear(net->gemm, h + at, E, rows, d, v, ws->logits);
        loss += jlt_cross_entropy(ws->logits, ws->target + i, rows, v, scale);
        if (grads)
            jlt_linear_backward(net->gemm, h + at, E, ws->logits, rows, d, v, dh + at,
                                grads + net->token_embd);
    }
    return loss;
}

double jlt_network_loss(const jlt_network *net, jlt_workspace *ws, const jlt_real *params,
                        const int32_t *ids, int B, int T, jlt_real *grads, double scale,
                        jl_random *drop) {
    if (net->shape.kind == JLT_NET_TRANSFORMER)
        return jlt_loss_transformer(net, ws, params, ids, B, T, grads, scale, drop);
    return jlt_loss_baseline(net, ws, params, ids, B, T, grads, scale, drop);
}
