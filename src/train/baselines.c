/* baselines.c - two baselines for the decoder: a recurrent network and a window network.
 *
 * GRU (Cho et al. 2014, with the reset gate applied after U h):
 *   z, r = σ(W x + U h);  c = tanh(W x + r ⊙ U h);  h' = z ⊙ h + (1 − z) ⊙ c
 * Window (Bengio et al. 2003), a feed-forward network over the last n tokens:
 *   h = W_out tanh(W_in [x of the last n tokens] + b)
 * Both end in the tied output of network.c. Neither has attention, norms, or state that outlives a
 * sequence.
 */
#include <string.h>

#include "workspace.h"

/* ---- Tensors and workspace ------------------------------------------------------------------- */

void jlt_network_list_baseline(jlt_network *net) {
    const jlt_net_shape *s = &net->shape;
    int d = s->n_embd, wide = s->n_window * d;
    net->token_embd = jlt_network_add(net, "token_embd.weight", -1, s->n_vocab, d, 0.02);
    if (s->kind == JLT_NET_GRU) {
        net->w_in = jlt_network_add(net, "blk.0.gru_input.weight", -1, 3 * d, d, 1 / sqrt(d));
        net->w_state = jlt_network_add(net, "blk.0.gru_state.weight", -1, 3 * d, d, 1 / sqrt(d));
        net->bias = jlt_network_add(net, "blk.0.gru.bias", -1, 1, 3 * d, 0);
        return;
    }
    net->w_in = jlt_network_add(net, "blk.0.window.weight", -1, s->n_ff, wide, 1 / sqrt(wide));
    net->bias = jlt_network_add(net, "blk.0.window.bias", -1, 1, s->n_ff, 0);
    net->w_out =
        jlt_network_add(net, "blk.0.window_output.weight", -1, d, s->n_ff, 1 / sqrt(s->n_ff));
}

void jlt_workspace_take_baseline(jlt_workspace *ws, jl_arena *arena, const jlt_network *net) {
    const jlt_net_shape *s = &net->shape;
    size_t n = (size_t)ws->B * (size_t)ws->T;
    int d = s->n_embd, gru = s->kind == JLT_NET_GRU;
    int input = gru ? 3 * d : s->n_window * d, gates = gru ? 3 * d : s->n_ff;
    ws->target = jl_arena_take(arena, n * sizeof *ws->target);
    ws->logits = jlt_reals(arena, JLT_LOSS_ROWS, s->n_vocab);
    ws->drop = jl_arena_take(arena, n * (uint64_t)d);
    ws->x = jlt_reals(arena, n, d);
    ws->h = jlt_reals(arena, n, d);
    ws->dx = jlt_reals(arena, n, d);
    ws->dh = jlt_reals(arena, n, d);
    ws->sub = jlt_reals(arena, n, d);
    ws->input = jlt_reals(arena, n, input);
    ws->dinput = jlt_reals(arena, n, input);
    ws->gates = jlt_reals(arena, n, gates);
    ws->dgates = jlt_reals(arena, n, gates);
    if (!gru) return;
    ws->state = jlt_reals(arena, n, gates);
    ws->dstate = jlt_reals(arena, n, gates);
    ws->states = jlt_reals(arena, n + (size_t)ws->B, d);
}

/* ---- GRU ------------------------------------------------------------------------------------- */

/* One row: a = W x + b, u = U h, gates (z, r, c) and the next state; all [3][d] but h [d]. */
static void gru_row(const jlt_real *a, const jlt_real *u, const jlt_real *h, int d, jlt_real *gates,
                    jlt_real *next) {
    jlt_real *z = gates, *r = gates + d, *c = gates + 2 * d;
    for (int j = 0; j < d; j++) {
        z[j] = jlt_real_logistic(a[j] + u[j]);
        r[j] = jlt_real_logistic(a[d + j] + u[d + j]);
        c[j] = jlt_real_tanh(a[2 * d + j] + r[j] * u[2 * d + j]);
        next[j] = z[j] * h[j] + (1 - z[j]) * c[j];
    }
}

/* From dh = ∂L/∂h': da, du [3][d], and dold [d] = z ⊙ dh, the direct gradient of h. */
static void gru_row_back(const jlt_real *gates, const jlt_real *u, const jlt_real *h,
                         const jlt_real *dh, int d, jlt_real *da, jlt_real *du, jlt_real *dold) {
    const jlt_real *z = gates, *r = gates + d, *c = gates + 2 * d;
    for (int j = 0; j < d; j++) {
        jlt_real dc = dh[j] * (1 - z[j]) * (1 - c[j] * c[j]);
        da[j] = du[j] = dh[j] * (h[j] - c[j]) * z[j] * (1 - z[j]);
        da[d + j] = du[d + j] = dc * u[2 * d + j] * r[j] * (1 - r[j]);
        da[2 * d + j] = dc;
        du[2 * d + j] = dc * r[j];
        dold[j] = dh[j] * z[j];
    }
}

/* Rows of step t lie T (or T + 1) rows apart in all sequences, so one product computes them. */
static void gru_forward(const jlt_network *net, jlt_workspace *ws, const jlt_real *params, int B,
                        int T) {
    int d = net->shape.n_embd, n = B * T;
    size_t D = (size_t)d, wide = 3 * D;
    const jlt_real *bias = params + net->bias;
    jlt_linear(net->gemm, ws->x, params + net->w_in, n, d, 3 * d, ws->input);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t j = 0; j < wide; j++) ws->input[i * wide + j] += bias[j];
    for (size_t b = 0; b < (size_t)B; b++)
        memset(ws->states + b * ((size_t)T + 1) * D, 0, D * sizeof(jlt_real));
    for (size_t t = 0; t < (size_t)T; t++) {
        net->gemm(0, 1, B, 3 * d, d, 1, ws->states + t * D, (T + 1) * d, params + net->w_state, d,
                  0, ws->state + t * wide, T * 3 * d);
        for (size_t b = 0; b < (size_t)B; b++) {
            size_t row = b * (size_t)T + t;
            jlt_real *h = ws->states + (row + b) * D;
            gru_row(ws->input + row * wide, ws->state + row * wide, h, d, ws->gates + row * wide,
                    h + D);
            memcpy(ws->h + row * D, h + D, D * sizeof(jlt_real));
        }
    }
}

/* ws->dh: ∂L/∂h of each step's own output; ws->sub: the gradient from the step after. */
static void gru_backward(const jlt_network *net, jlt_workspace *ws, const jlt_real *params, int B,
                         int T, jlt_real *grads) {
    int d = net->shape.n_embd, n = B * T;
    size_t D = (size_t)d, wide = 3 * D;
    memset(ws->sub, 0, (size_t)n * D * sizeof(jlt_real));
    for (size_t t = (size_t)T; t-- > 0;) {
        for (size_t b = 0; b < (size_t)B; b++) {
            size_t row = b * (size_t)T + t;
            jlt_real *dh = ws->dh + row * D, *dold = t ? ws->sub + (row - 1) * D : ws->dx;
            for (size_t j = 0; j < D; j++) dh[j] += ws->sub[row * D + j];
            gru_row_back(ws->gates + row * wide, ws->state + row * wide, ws->states + (row + b) * D,
                         dh, d, ws->dinput + row * wide, ws->dstate + row * wide, dold);
        }
        if (t)
            net->gemm(0, 0, B, d, 3 * d, 1, ws->dstate + t * wide, T * 3 * d, params + net->w_state,
                      d, 1, ws->sub + (t - 1) * D, T * d);
    }
    for (size_t b = 0; b < (size_t)B; b++)
        net->gemm(1, 0, 3 * d, d, T, 1, ws->dstate + b * (size_t)T * wide, 3 * d,
                  ws->states + b * ((size_t)T + 1) * D, d, 1, grads + net->w_state, d);
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t j = 0; j < wide; j++) grads[net->bias + j] += ws->dinput[i * wide + j];
    jlt_linear_backward(net->gemm, ws->x, params + net->w_in, ws->dinput, n, d, 3 * d, ws->dx,
                        grads + net->w_in);
}

/* ---- Window ---------------------------------------------------------------------------------- */

/* input [n][window][d]: embeddings of the last tokens, current last, zeros before the first. */
static void window_gather(const jlt_network *net, jlt_workspace *ws, int B, int T) {
    size_t D = (size_t)net->shape.n_embd;
    int w = net->shape.n_window;
    jlt_real *to = ws->input;
    for (int i = 0; i < B * T; i++)
        for (int k = w - 1; k >= 0; k--, to += D) {
            if (i % T < k)
                memset(to, 0, D * sizeof *to);
            else
                memcpy(to, ws->x + (size_t)(i - k) * D, D * sizeof *to);
        }
}

static void window_scatter(const jlt_network *net, jlt_workspace *ws, int B, int T) {
    size_t D = (size_t)net->shape.n_embd;
    int w = net->shape.n_window;
    const jlt_real *from = ws->dinput;
    memset(ws->dx, 0, (size_t)(B * T) * D * sizeof(jlt_real));
    for (int i = 0; i < B * T; i++)
        for (int k = w - 1; k >= 0; k--, from += D)
            for (size_t j = 0; i % T >= k && j < D; j++) ws->dx[(size_t)(i - k) * D + j] += from[j];
}

static void window_forward(const jlt_network *net, jlt_workspace *ws, const jlt_real *params, int B,
                           int T) {
    const jlt_net_shape *s = &net->shape;
    int n = B * T, d = s->n_embd, ff = s->n_ff;
    const jlt_real *bias = params + net->bias;
    window_gather(net, ws, B, T);
    jlt_linear(net->gemm, ws->input, params + net->w_in, n, s->n_window * d, ff, ws->gates);
    for (int i = 0; i < n * ff; i++) ws->gates[i] = jlt_real_tanh(ws->gates[i] + bias[i % ff]);
    jlt_linear(net->gemm, ws->gates, params + net->w_out, n, ff, d, ws->h);
}

static void window_backward(const jlt_network *net, jlt_workspace *ws, const jlt_real *params,
                            int B, int T, jlt_real *grads) {
    const jlt_net_shape *s = &net->shape;
    int n = B * T, d = s->n_embd, ff = s->n_ff;
    jlt_linear_backward(net->gemm, ws->gates, params + net->w_out, ws->dh, n, ff, d, ws->dgates,
                        grads + net->w_out);
    for (int i = 0; i < n * ff; i++) {
        ws->dgates[i] *= 1 - ws->gates[i] * ws->gates[i];
        grads[net->bias + (size_t)(i % ff)] += ws->dgates[i];
    }
    jlt_linear_backward(net->gemm, ws->input, params + net->w_in, ws->dgates, n, s->n_window * d,
                        ff, ws->dinput, grads + net->w_in);
    window_scatter(net, ws, B, T);
}

/* ---- Loss ------------------------------------------------------------------------------------ */

/* Dropout applies only to the embeddings. */
double jlt_loss_baseline(const jlt_network *net, jlt_workspace *ws, const jlt_real *params,
                         const int32_t *ids, int B, int T, jlt_real *grads, double scale,
                         jl_random *drop) {
    size_t n = (size_t)B * (size_t)T * (size_t)net->shape.n_embd;
    int gru = net->shape.kind == JLT_NET_GRU;
    jlt_embed(net, params, ids, B, T, ws->x);
    jlt_dropout_forward(net, drop, ws->x, ws->drop, n);
    if (gru)
        gru_forward(net, ws, params, B, T);
    else
        window_forward(net, ws, params, B, T);
    double loss = jlt_head_loss(net, ws, params, ids, B, T, ws->h, ws->dh, grads, scale);
    if (!grads) return loss;
    if (gru)
        gru_backward(net, ws, params, B, T, grads);
    else
        window_backward(net, ws, params, B, T, grads);
    jlt_dropout_backward(net, drop, ws->dx, ws->drop, n);
    jlt_embed_backward(net, ids, B, T, ws->dx, grads);
    return loss;
}
