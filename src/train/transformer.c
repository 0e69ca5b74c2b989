/* transformer.c - the decoder: forward pass with loss, and backward pass.
 *
 *   x = E[ids] (+ positions)                                      the residual stream
 *   for each block:                                               (pre-norm: Xiong et al. 2020)
 *       h1 = norm(x);  q, k, v = W h1;  rotate q and k
 *       mid = x + W_o · attention(q, k, v)
 *       h2 = norm(mid);  x = mid + W_down act(W_in h2)
 *   loss = cross-entropy(E norm(x))
 *
 * Backward carries dx = ∂L/∂(residual stream). A sum copies its gradient to both terms, so each
 * sublayer only adds its own gradient to dx.
 */
#include <string.h>

#include "workspace.h"

static int head_size(const jlt_net_shape *s) {
    return s->n_embd / s->n_heads;
}

static int qkv_width(const jlt_net_shape *s) {
    return (s->n_heads + 2 * s->n_kv_heads) * head_size(s);
}

static int in_width(const jlt_net_shape *s) {
    return s->ffn == JLT_NET_SWIGLU ? 2 * s->n_ff : s->n_ff;
}

/* ---- Tensors --------------------------------------------------------------------------------- */

static size_t add_norm(jlt_network *net, const char *weight, const char *bias, int layer,
                       size_t *bias_at) {
    size_t at = jlt_network_add(net, weight, layer, 1, net->shape.n_embd, -1);
    if (net->shape.norm == JLT_NET_LAYER_NORM)
        *bias_at = jlt_network_add(net, bias, layer, 1, net->shape.n_embd, 0);
    return at;
}

/* Initial deviation 1/√(3·in); matrices that write to the residual stream divide it by √(2·layers),
 * so that its scale does not grow with depth (Radford et al. 2019). */
static void list_block(jlt_network *net, int layer) {
    const jlt_net_shape *s = &net->shape;
    jlt_net_block *b = &net->blocks[layer];
    int d = s->n_embd, kv = s->n_kv_heads * head_size(s);
    double start = 1 / sqrt(3.0 * d), residual = 1 / sqrt(2.0 * s->n_layers);
    b->attn_norm = add_norm(net, "attn_norm.weight", "attn_norm.bias", layer, &b->attn_norm_bias);
    b->wqkv = jlt_network_add(net, "attn_q.weight", layer, d, d, start);
    jlt_network_add(net, "attn_k.weight", layer, kv, d, start);
    jlt_network_add(net, "attn_v.weight", layer, kv, d, start);
    b->wo = jlt_network_add(net, "attn_output.weight", layer, d, d, start * residual);
    b->ffn_norm = add_norm(net, "ffn_norm.weight", "ffn_norm.bias", layer, &b->ffn_norm_bias);
    b->w_in = net->n_params;
    if (s->ffn == JLT_NET_SWIGLU) jlt_network_add(net, "ffn_gate.weight", layer, s->n_ff, d, start);
    jlt_network_add(net, "ffn_up.weight", layer, s->n_ff, d, start);
    b->w_down =
        jlt_network_add(net, "ffn_down.weight", layer, d, s->n_ff, residual / sqrt(3.0 * s->n_ff));
}

void jlt_network_list_transformer(jlt_network *net) {
    const jlt_net_shape *s = &net->shape;
    net->token_embd = jlt_network_add(net, "token_embd.weight", -1, s->n_vocab, s->n_embd, 0.02);
    if (s->position == JLT_NET_LEARNED)
        net->position_embd =
            jlt_network_add(net, "position_embd.weight", -1, s->n_ctx, s->n_embd, 0.02);
    for (int i = 0; i < s->n_layers; i++) list_block(net, i);
    net->output_norm =
        add_norm(net, "output_norm.weight", "output_norm.bias", -1, &net->output_norm_bias);
}

/* ---- Workspace ------------------------------------------------------------------------------- */

static void take_layer(jlt_kept *l, jl_arena *arena, const jlt_net_shape *s, size_t n, int T) {
    int d = s->n_embd;
    l->x = jlt_reals(arena, n, d);
    l->norm1 = jlt_reals(arena, n, 2);
    l->h1 = jlt_reals(arena, n, d);
    l->qkv = jlt_reals(arena, n, qkv_width(s));
    l->p = jlt_reals(arena, n * (size_t)s->n_heads, T);
    l->heads = jlt_reals(arena, n, d);
    l->mid = jlt_reals(arena, n, d);
    l->norm2 = jlt_reals(arena, n, 2);
    l->h2 = jlt_reals(arena, n, d);
    l->in = jlt_reals(arena, n, in_width(s));
    l->act = jlt_reals(arena, n, s->n_ff);
    l->drop1 = jl_arena_take(arena, n * (uint64_t)d);
    l->drop2 = jl_arena_take(arena, n * (uint64_t)d);
}

void jlt_workspace_take_transformer(jlt_workspace *ws, jl_arena *arena, const jlt_network *net) {
    const jlt_net_shape *s = &net->shape;
    size_t n = (size_t)ws->B * (size_t)ws->T;
    int d = s->n_embd;
    for (int i = 0; i < s->n_layers; i++) take_layer(&ws->layers[i], arena, s, n, ws->T);
    ws->x = jlt_reals(arena, n, d);
    ws->norm = jlt_reals(arena, n, 2);
    ws->h = jlt_reals(arena, n, d);
    ws->drop = jl_arena_take(arena, n * (uint64_t)d);
    ws->target = jl_arena_take(arena, n * sizeof *ws->target);
    ws->logits = jlt_reals(arena, JLT_LOSS_ROWS, s->n_vocab);
    ws->cs = jlt_reals(arena, (size_t)ws->T, d);
    ws->dx = jlt_reals(arena, n, d);
    ws->dh = jlt_reals(arena, n, d);
    ws->sub = jlt_reals(arena, n, d);
    ws->dqkv = jlt_reals(arena, n, qkv_width(s));
    ws->dheads = jlt_reals(arena, n, d);
    ws->din = jlt_reals(arena, n, in_width(s));
    ws->dact = jlt_reals(arena, n, s->n_ff);
    ws->scratch = jlt_reals(arena, JLT_QUERY_BLOCK, ws->T);
}

/* ---- Positions ------------------------------------------------------------------------------- */

/* cs: jlt_angle or jlt_sinusoid for all pairs of T positions. */
static void fill_positions(const jlt_net_shape *s, int T, jlt_real *cs) {
    int turns = s->position == JLT_NET_ROPE, width = turns ? head_size(s) : s->n_embd;
    if (!turns && s->position != JLT_NET_SINUSOIDAL) return;
    for (int t = 0; t < T; t++)
        for (int i = 0; i < width; i += 2, cs += 2) {
            if (turns)
                jlt_angle(t, i, width, (double)s->rope_base, cs);
            else
                jlt_sinusoid(t, i, width, cs);
        }
}

static void add_positions(const jlt_network *net, const jlt_workspace *ws, const jlt_real *params,
                          int B, int T, jlt_real *x) {
    const jlt_net_shape *s = &net->shape;
    size_t row = (size_t)T * (size_t)s->n_embd;
    const jlt_real *add = s->position == JLT_NET_LEARNED ? params + net->position_embd : ws->cs;
    if (s->position != JLT_NET_LEARNED && s->position != JLT_NET_SINUSOIDAL) return;
    for (int b = 0; b < B; b++, x += row)
        for (size_t j = 0; j < row; j++) x[j] += add[j];
}

static void add_positions_back(const jlt_network *net, int B, int T, const jlt_real *dx,
                               jlt_real *grads) {
    size_t row = (size_t)T * (size_t)net->shape.n_embd;
    if (net->shape.position != JLT_NET_LEARNED) return;
    for (int b = 0; b < B; b++, dx += row)
        for (size_t j = 0; j < row; j++) grads[net->position_embd + j] += dx[j];
}

/* Rotates queries and keys of all heads; `sign` −1 in backward. */
static void turn(const jlt_network *net, const jlt_workspace *ws, jlt_real *qkv, int n, int T,
                 int sign) {
    const jlt_net_shape *s = &net->shape;
    if (s->position != JLT_NET_ROPE) return;
    jlt_rotate(qkv, n, qkv_width(s), s->n_heads + s->n_kv_heads, head_size(s), ws->cs, T, sign);
}

/* ---- Forward --------------------------------------------------------------------------------- */

/* Arguments shared by all layers of a pass. */
typedef struct pass {
    const jlt_network *net;
    const jlt_net_shape *s;
    jlt_workspace *ws;
    const jlt_real *params;
    jlt_real *grads;
    jl_random *drop;
    int B, T, n; /* n = B·T rows */
} pass;

static jlt_heads heads_of(const pass *p) {
    const jlt_net_shape *s = p->s;
    return (jlt_heads){ p->B,          p->T,         s->n_heads,
                        s->n_kv_heads, head_size(s), s->position == JLT_NET_ALIBI };
}

static const jlt_real *bias_of(const pass *p, const jlt_real *base, size_t at) {
    return p->s->norm == JLT_NET_LAYER_NORM ? base + at : NULL;
}

static void norm(const pass *p, const jlt_real *x, size_t w, size_t b, jlt_real *y,
                 jlt_real *kept) {
    jlt_norm(p->s->norm, x, p->params + w, bias_of(p, p->params, b), (double)p->s->eps, p->n,
             p->s->n_embd, y, kept);
}

static void drop(const pass *p, jlt_real *x, uint8_t *mask) {
    jlt_dropout_forward(p->net, p->drop, x, mask, (size_t)p->n * (size_t)p->s->n_embd);
}

static void add(jlt_real *y, const jlt_real *a, const jlt_real *b, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

/* mid = x + W_o · attention(norm(x)) */
static void attention_sublayer(const pass *p, const jlt_net_block *b, jlt_kept *l) {
    int d = p->s->n_embd;
    jlt_heads shape = heads_of(p);
    norm(p, l->x, b->attn_norm, b->attn_norm_bias, l->h1, l->norm1);
    jlt_linear(p->net->gemm, l->h1, p->params + b->wqkv, p->n, d, qkv_width(p->s), l->qkv);
    turn(p->net, p->ws, l->qkv, p->n, p->T, 1);
    jlt_attention(p->net->gemm, &shape, l->qkv, l->p, l->heads);
    jlt_linear(p->net->gemm, l->heads, p->params + b->wo, p->n, d, d, p->ws->sub);
    drop(p, p->ws->sub, l->drop1);
    add(l->mid, l->x, p->ws->sub, (size_t)p->n * (size_t)d);
}

/* x of the next block = mid + W_down act(W_in norm(mid)) */
static void feed_forward_sublayer(const pass *p, const jlt_net_block *b, jlt_kept *l,
                                  jlt_real *next) {
    int d = p->s->n_embd, ff = p->s->n_ff;
    norm(p, l->mid, b->ffn_norm, b->ffn_norm_bias, l->h2, l->norm2);
    jlt_linear(p->net->gemm, l->h2, p->params + b->w_in, p->n, d, in_width(p->s), l->in);
    if (p->s->ffn == JLT_NET_SWIGLU)
        jlt_swiglu(l->in, p->n, ff, l->act);
    else
        jlt_gelu(l->in, (size_t)p->n * (size_t)ff, l->act);
    jlt_linear(p->net->gemm, l->act, p->params + b->w_down, p->n, ff, d, p->ws->sub);
    drop(p, p->ws->sub, l->drop2);
    add(next, l->mid, p->ws->sub, (size_t)p->n * (size_t)d);
}

static void forward(const pass *p, const int32_t *ids) {
    jlt_workspace *ws = p->ws;
    int layers = p->s->n_layers;
    jlt_embed(p->net, p->params, ids, p->B, p->T, ws->layers[0].x);
    add_positions(p->net, ws, p->params, p->B, p->T, ws->layers[0].x);
    drop(p, ws->layers[0].x, ws->drop);
    for (int i = 0; i < layers; i++) {
        jlt_kept *l = &ws->layers[i];
        attention_sublayer(p, &p->net->blocks[i], l);
        feed_forward_sublayer(p, &p->net->blocks[i], l, i + 1 < layers ? l[1].x : ws->x);
    }
    norm(p, ws->x, p->net->output_norm, p->net->output_norm_bias, ws->h, ws->norm);
}

/* ---- Backward -------------------------------------------------------------------------------- */

static void norm_back(const pass *p, const jlt_real *x, size_t w, size_t b, const jlt_real *kept,
                      const jlt_real *dy) {
    jlt_real *db = p->s->norm == JLT_NET_LAYER_NORM ? p->grads + b : NULL;
    jlt_norm_backward(p->s->norm, x, p->params + w, kept, dy, p->n, p->s->n_embd, p->ws->dx,
                      p->grads + w, db);
}

/* The gradient of a sublayer's output before dropout: dx, or a masked copy. */
static const jlt_real *drop_back(const pass *p, const uint8_t *mask) {
    size_t n = (size_t)p->n * (size_t)p->s->n_embd;
    if (!p->drop || !(p->s->dropout > 0)) return p->ws->dx;
    memcpy(p->ws->sub, p->ws->dx, n * sizeof(jlt_real));
    jlt_dropout_backward(p->net, p->drop, p->ws->sub, mask, n);
    return p->ws->sub;
}

static void feed_forward_back(const pass *p, const jlt_net_block *b, const jlt_kept *l) {
    jlt_workspace *ws = p->ws;
    int d = p->s->n_embd, ff = p->s->n_ff;
    const jlt_real *dsub = drop_back(p, l->drop2);
    jlt_linear_backward(p->net->gemm, l->act, p->params + b->w_down, dsub, p->n, ff, d, ws->dact,
                        p->grads + b->w_down);
    if (p->s->ffn == JLT_NET_SWIGLU)
        jlt_swiglu_backward(l->in, ws->dact, p->n, ff, ws->din);
    else
        jlt_gelu_backward(l->in, ws->dact, (size_t)p->n * (size_t)ff, ws->din);
    jlt_linear_backward(p->net->gemm, l->h2, p->params + b->w_in, ws->din, p->n, d, in_width(p->s),
                        ws->dh, p->grads + b->w_in);
    norm_back(p, l->mid, b->ffn_norm, b->ffn_norm_bias, l->norm2, ws->dh);
}

static void attention_back(const pass *p, const jlt_net_block *b, const jlt_kept *l) {
    jlt_workspace *ws = p->ws;
    int d = p->s->n_embd;
    jlt_heads shape = heads_of(p);
    const jlt_real *dsub = drop_back(p, l->drop1);
    jlt_linear_backward(p->net->gemm, l->heads, p->params + b->wo, dsub, p->n, d, d, ws->dheads,
                        p->grads + b->wo);
    jlt_attention_backward(p->net->gemm, &shape, l->qkv, l->p, ws->dheads, ws->dqkv, ws->scratch);
    turn(p->net, ws, ws->dqkv, p->n, p->T, -1);
    jlt_linear_backward(p->net->gemm, l->h1, p->params + b->wqkv, ws->dqkv, p->n, d,
                        qkv_width(p->s), ws->dh, p->grads + b->wqkv);
    norm_back(p, l->x, b->attn_norm, b->attn_norm_bias, l->norm1, ws->dh);
}

/* ws->dh holds ∂L/∂(normed output of the last block). */
static void backward(const pass *p, const int32_t *ids) {
    jlt_workspace *ws = p->ws;
    memset(ws->dx, 0, (size_t)p->n * (size_t)p->s->n_embd * sizeof(jlt_real));
    norm_back(p, ws->x, p->net->output_norm, p->net->output_norm_bias, ws->norm, ws->dh);
    for (int i = p->s->n_layers - 1; i >= 0; i--) {
        feed_forward_back(p, &p->net->blocks[i], &ws->layers[i]);
        attention_back(p, &p->net->blocks[i], &ws->layers[i]);
    }
    const jlt_real *dx = drop_back(p, ws->drop);
    jlt_embed_backward(p->net, ids, p->B, p->T, dx, p->grads);
    add_positions_back(p->net, p->B, p->T, dx, p->grads);
}

double jlt_loss_transformer(const jlt_network *net, jlt_workspace *ws, const jlt_real *params,
                            const int32_t *ids, int B, int T, jlt_real *grads, double scale,
                            jl_random *drop_from) {
    const jlt_net_shape *s = &net->shape;
    pass p = { net, s, ws, params, grads, drop_from, B, T, B * T };
    fill_positions(s, T, ws->cs);
    forward(&p, ids);
    double loss = jlt_head_loss(net, ws, params, ids, B, T, ws->h, ws->dh, grads, scale);
    if (grads) backward(&p, ids);
    return loss;
}
