/* transformer.c - the decoder: forward with its loss, and backward through the same steps in
 * reverse.
 *
 *   x = E[ids] (+ positions)                                      the residual stream
 *   for each block:                                               (pre-norm: Xiong et al. 2020)
 *       h1 = norm(x);  q, k, v = W h1;  turn q and k
 *       mid = x + W_o · attention(q, k, v)
 *       h2 = norm(mid);  x = mid + W_down act(W_in h2)
 *   loss = cross-entropy(E norm(x))
 *
 * The way back carries dx = ∂L/∂(residual stream): a sum passes its gradient on to both of its
 * terms, so each part adds what it has to say to dx, and the stream itself needs no code.
 */
#include <string.h>

#include "workspace.h"

static int head_size(const jl_net_shape *s) {
    return s->n_embd / s->n_heads;
}

static int qkv_width(const jl_net_shape *s) {
    return (s->n_heads + 2 * s->n_kv_heads) * head_size(s);
}

static int in_width(const jl_net_shape *s) {
    return s->ffn == JL_NET_SWIGLU ? 2 * s->n_ff : s->n_ff;
}

/* ---- Tensors --------------------------------------------------------------------------------- */

static size_t add_norm(jl_network *net, const char *weight, const char *bias, int layer,
                       size_t *bias_at) {
    size_t at = jl_network_add(net, weight, layer, 1, net->shape.n_embd, -1);
    if (net->shape.norm == JL_NET_LAYER_NORM)
        *bias_at = jl_network_add(net, bias, layer, 1, net->shape.n_embd, 0);
    return at;
}

/* Matrices start with deviation 1/√(3·in); those that write to the residual stream are smaller by
 * √(2·layers), so that their sum stays of the same size at any depth (Radford et al. 2019). */
static void list_block(jl_network *net, int layer) {
    const jl_net_shape *s = &net->shape;
    jl_net_block *b = &net->blocks[layer];
    int d = s->n_embd, kv = s->n_kv_heads * head_size(s);
    double start = 1 / sqrt(3.0 * d), residual = 1 / sqrt(2.0 * s->n_layers);
    b->attn_norm = add_norm(net, "attn_norm.weight", "attn_norm.bias", layer, &b->attn_norm_bias);
    b->wqkv = jl_network_add(net, "attn_q.weight", layer, d, d, start);
    jl_network_add(net, "attn_k.weight", layer, kv, d, start);
    jl_network_add(net, "attn_v.weight", layer, kv, d, start);
    b->wo = jl_network_add(net, "attn_output.weight", layer, d, d, start * residual);
    b->ffn_norm = add_norm(net, "ffn_norm.weight", "ffn_norm.bias", layer, &b->ffn_norm_bias);
    b->w_in = net->n_params;
    if (s->ffn == JL_NET_SWIGLU) jl_network_add(net, "ffn_gate.weight", layer, s->n_ff, d, start);
    jl_network_add(net, "ffn_up.weight", layer, s->n_ff, d, start);
    b->w_down =
        jl_network_add(net, "ffn_down.weight", layer, d, s->n_ff, residual / sqrt(3.0 * s->n_ff));
}

void jl_network_list_transformer(jl_network *net) {
    const jl_net_shape *s = &net->shape;
    net->token_embd = jl_network_add(net, "token_embd.weight", -1, s->n_vocab, s->n_embd, 0.02);
    if (s->position == JL_NET_LEARNED)
        net->position_embd =
            jl_network_add(net, "position_embd.weight", -1, s->n_ctx, s->n_embd, 0.02);
    for (int i = 0; i < s->n_layers; i++) list_block(net, i);
    net->output_norm =
        add_norm(net, "output_norm.weight", "output_norm.bias", -1, &net->output_norm_bias);
}

/* ---- Workspace ------------------------------------------------------------------------------- */

static void take_layer(jl_kept *l, jl_arena *arena, const jl_net_shape *s, size_t n, int T) {
    int d = s->n_embd;
    l->x = jl_reals(arena, n, d);
    l->norm1 = jl_reals(arena, n, 2);
    l->h1 = jl_reals(arena, n, d);
    l->qkv = jl_reals(arena, n, qkv_width(s));
    l->p = jl_reals(arena, n * (size_t)s->n_heads, T);
    l->heads = jl_reals(arena, n, d);
    l->mid = jl_reals(arena, n, d);
    l->norm2 = jl_reals(arena, n, 2);
    l->h2 = jl_reals(arena, n, d);
    l->in = jl_reals(arena, n, in_width(s));
    l->act = jl_reals(arena, n, s->n_ff);
    l->drop1 = jl_arena_take(arena, n * (uint64_t)d);
    l->drop2 = jl_arena_take(arena, n * (uint64_t)d);
}

void jl_workspace_take_transformer(jl_workspace *ws, jl_arena *arena, const jl_network *net) {
    const jl_net_shape *s = &net->shape;
    size_t n = (size_t)ws->B * (size_t)ws->T;
    int d = s->n_embd;
    for (int i = 0; i < s->n_layers; i++) take_layer(&ws->layers[i], arena, s, n, ws->T);
    ws->x = jl_reals(arena, n, d);
    ws->norm = jl_reals(arena, n, 2);
    ws->h = jl_reals(arena, n, d);
    ws->drop = jl_arena_take(arena, n * (uint64_t)d);
    ws->target = jl_arena_take(arena, n * sizeof *ws->target);
    ws->logits = jl_reals(arena, JL_LOSS_ROWS, s->n_vocab);
    ws->cs = jl_reals(arena, (size_t)ws->T, d);
    ws->dx = jl_reals(arena, n, d);
    ws->dh = jl_reals(arena, n, d);
    ws->sub = jl_reals(arena, n, d);
    ws->dqkv = jl_reals(arena, n, qkv_width(s));
    ws->dheads = jl_reals(arena, n, d);
    ws->din = jl_reals(arena, n, in_width(s));
    ws->dact = jl_reals(arena, n, s->n_ff);
    ws->scratch = jl_reals(arena, JL_QUERY_BLOCK, ws->T);
}

/* ---- Positions ------------------------------------------------------------------------------- */

/* cs: jl_angle or jl_sinusoid of all pairs at T positions. */
static void fill_positions(const jl_net_shape *s, int T, jl_real *cs) {
    int turns = s->position == JL_NET_ROPE, width = turns ? head_size(s) : s->n_embd;
    if (!turns && s->position != JL_NET_SINUSOIDAL) return;
    for (int t = 0; t < T; t++)
        for (int i = 0; i < width; i += 2, cs += 2) {
            if (turns)
                jl_angle(t, i, width, (double)s->rope_base, cs);
            else
                jl_sinusoid(t, i, width, cs);
        }
}

static void add_positions(const jl_network *net, const jl_workspace *ws, const jl_real *params,
                          int B, int T, jl_real *x) {
    const jl_net_shape *s = &net->shape;
    size_t row = (size_t)T * (size_t)s->n_embd;
    const jl_real *add = s->position == JL_NET_LEARNED ? params + net->position_embd : ws->cs;
    if (s->position != JL_NET_LEARNED && s->position != JL_NET_SINUSOIDAL) return;
    for (int b = 0; b < B; b++, x += row)
        for (size_t j = 0; j < row; j++) x[j] += add[j];
}

static void add_positions_back(const jl_network *net, int B, int T, const jl_real *dx,
                               jl_real *grads) {
    size_t row = (size_t)T * (size_t)net->shape.n_embd;
    if (net->shape.position != JL_NET_LEARNED) return;
    for (int b = 0; b < B; b++, dx += row)
        for (size_t j = 0; j < row; j++) grads[net->position_embd + j] += dx[j];
}

/* Queries and keys of all heads, `sign` −1 on the way back. */
static void turn(const jl_network *net, const jl_workspace *ws, jl_real *qkv, int n, int T,
                 int sign) {
    const jl_net_shape *s = &net->shape;
    if (s->position != JL_NET_ROPE) return;
    jl_turn(qkv, n, qkv_width(s), s->n_heads + s->n_kv_heads, head_size(s), ws->cs, T, sign);
}

/* ---- Forward --------------------------------------------------------------------------------- */

/* One pass: what does not change from layer to layer. */
typedef struct pass {
    const jl_network *net;
    const jl_net_shape *s;
    jl_workspace *ws;
    const jl_real *params;
    jl_real *grads;
    jl_random *drop;
    int B, T, n; /* n = B·T rows */
} pass;

static jl_heads heads_of(const pass *p) {
    const jl_net_shape *s = p->s;
    return (jl_heads){ p->B,          p->T,         s->n_heads,
                       s->n_kv_heads, head_size(s), s->position == JL_NET_ALIBI };
}

static const jl_real *bias_of(const pass *p, const jl_real *base, size_t at) {
    return p->s->norm == JL_NET_LAYER_NORM ? base + at : NULL;
}

static void norm(const pass *p, const jl_real *x, size_t w, size_t b, jl_real *y, jl_real *kept) {
    jl_norm(p->s->norm, x, p->params + w, bias_of(p, p->params, b), (double)p->s->eps, p->n,
            p->s->n_embd, y, kept);
}

static void drop(const pass *p, jl_real *x, uint8_t *mask) {
    jl_drop_draw(p->net, p->drop, x, mask, (size_t)p->n * (size_t)p->s->n_embd);
}

static void add(jl_real *y, const jl_real *a, const jl_real *b, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

/* mid = x + W_o · attention(norm(x)) */
static void attention_part(const pass *p, const jl_net_block *b, jl_kept *l) {
    int d = p->s->n_embd;
    jl_heads shape = heads_of(p);
    norm(p, l->x, b->attn_norm, b->attn_norm_bias, l->h1, l->norm1);
    jl_linear(p->net->gemm, l->h1, p->params + b->wqkv, p->n, d, qkv_width(p->s), l->qkv);
    turn(p->net, p->ws, l->qkv, p->n, p->T, 1);
    jl_attention_heads(p->net->gemm, &shape, l->qkv, l->p, l->heads);
    jl_linear(p->net->gemm, l->heads, p->params + b->wo, p->n, d, d, p->ws->sub);
    drop(p, p->ws->sub, l->drop1);
    add(l->mid, l->x, p->ws->sub, (size_t)p->n * (size_t)d);
}

/* x of the next block = mid + W_down act(W_in norm(mid)) */
static void feed_forward_part(const pass *p, const jl_net_block *b, jl_kept *l, jl_real *next) {
    int d = p->s->n_embd, ff = p->s->n_ff;
    norm(p, l->mid, b->ffn_norm, b->ffn_norm_bias, l->h2, l->norm2);
    jl_linear(p->net->gemm, l->h2, p->params + b->w_in, p->n, d, in_width(p->s), l->in);
    if (p->s->ffn == JL_NET_SWIGLU)
        jl_swiglu(l->in, p->n, ff, l->act);
    else
        jl_gelu(l->in, (size_t)p->n * (size_t)ff, l->act);
    jl_linear(p->net->gemm, l->act, p->params + b->w_down, p->n, ff, d, p->ws->sub);
    drop(p, p->ws->sub, l->drop2);
    add(next, l->mid, p->ws->sub, (size_t)p->n * (size_t)d);
}

static void forward(const pass *p, const int32_t *ids) {
    jl_workspace *ws = p->ws;
    int layers = p->s->n_layers;
    jl_embed(p->net, p->params, ids, p->B, p->T, ws->layers[0].x);
    add_positions(p->net, ws, p->params, p->B, p->T, ws->layers[0].x);
    drop(p, ws->layers[0].x, ws->drop);
    for (int i = 0; i < layers; i++) {
        jl_kept *l = &ws->layers[i];
        attention_part(p, &p->net->blocks[i], l);
        feed_forward_part(p, &p->net->blocks[i], l, i + 1 < layers ? l[1].x : ws->x);
    }
    norm(p, ws->x, p->net->output_norm, p->net->output_norm_bias, ws->h, ws->norm);
}

/* ---- Backward -------------------------------------------------------------------------------- */

static void norm_back(const pass *p, const jl_real *x, size_t w, size_t b, const jl_real *kept,
                      const jl_real *dy) {
    jl_real *db = p->s->norm == JL_NET_LAYER_NORM ? p->grads + b : NULL;
    jl_norm_back(p->s->norm, x, p->params + w, kept, dy, p->n, p->s->n_embd, p->ws->dx,
                 p->grads + w, db);
}

/* What reaches a part behind its dropout: dx itself, or a masked copy. */
static const jl_real *drop_back(const pass *p, const uint8_t *mask) {
    size_t n = (size_t)p->n * (size_t)p->s->n_embd;
    if (!p->drop || !(p->s->dropout > 0)) return p->ws->dx;
    memcpy(p->ws->sub, p->ws->dx, n * sizeof(jl_real));
    jl_drop_again(p->net, p->drop, p->ws->sub, mask, n);
    return p->ws->sub;
}

static void feed_forward_back(const pass *p, const jl_net_block *b, const jl_kept *l) {
    jl_workspace *ws = p->ws;
    int d = p->s->n_embd, ff = p->s->n_ff;
    const jl_real *dsub = drop_back(p, l->drop2);
    jl_linear_back(p->net->gemm, l->act, p->params + b->w_down, dsub, p->n, ff, d, ws->dact,
                   p->grads + b->w_down);
    if (p->s->ffn == JL_NET_SWIGLU)
        jl_swiglu_back(l->in, ws->dact, p->n, ff, ws->din);
    else
        jl_gelu_back(l->in, ws->dact, (size_t)p->n * (size_t)ff, ws->din);
    jl_linear_back(p->net->gemm, l->h2, p->params + b->w_in, ws->din, p->n, d, in_width(p->s),
                   ws->dh, p->grads + b->w_in);
    norm_back(p, l->mid, b->ffn_norm, b->ffn_norm_bias, l->norm2, ws->dh);
}

static void attention_back(const pass *p, const jl_net_block *b, const jl_kept *l) {
    jl_workspace *ws = p->ws;
    int d = p->s->n_embd;
    jl_heads shape = heads_of(p);
    const jl_real *dsub = drop_back(p, l->drop1);
    jl_linear_back(p->net->gemm, l->heads, p->params + b->wo, dsub, p->n, d, d, ws->dheads,
                   p->grads + b->wo);
    jl_attention_heads_back(p->net->gemm, &shape, l->qkv, l->p, ws->dheads, ws->dqkv, ws->scratch);
    turn(p->net, ws, ws->dqkv, p->n, p->T, -1);
    jl_linear_back(p->net->gemm, l->h1, p->params + b->wqkv, ws->dqkv, p->n, d, qkv_width(p->s),
                   ws->dh, p->grads + b->wqkv);
    norm_back(p, l->x, b->attn_norm, b->attn_norm_bias, l->norm1, ws->dh);
}

/* ws->dh holds ∂L/∂(normed output of the last block). */
static void backward(const pass *p, const int32_t *ids) {
    jl_workspace *ws = p->ws;
    memset(ws->dx, 0, (size_t)p->n * (size_t)p->s->n_embd * sizeof(jl_real));
    norm_back(p, ws->x, p->net->output_norm, p->net->output_norm_bias, ws->norm, ws->dh);
    for (int i = p->s->n_layers - 1; i >= 0; i--) {
        feed_forward_back(p, &p->net->blocks[i], &ws->layers[i]);
        attention_back(p, &p->net->blocks[i], &ws->layers[i]);
    }
    const jl_real *dx = drop_back(p, ws->drop);
    jl_embed_back(p->net, ids, p->B, p->T, dx, p->grads);
    add_positions_back(p->net, p->B, p->T, dx, p->grads);
}

double jl_loss_transformer(const jl_network *net, jl_workspace *ws, const jl_real *params,
                           const int32_t *ids, int B, int T, jl_real *grads, double scale,
                           jl_random *drop_from) {
    const jl_net_shape *s = &net->shape;
    pass p = { net, s, ws, params, grads, drop_from, B, T, B * T };
    fill_positions(s, T, ws->cs);
    forward(&p, ids);
    double loss = jl_head_loss(net, ws, params, ids, B, T, ws->h, ws->dh, grads, scale);
    if (grads) backward(&p, ids);
    return loss;
}
