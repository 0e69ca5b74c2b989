/* attention.c - causal grouped-query attention: Attention(Q, K, V) = softmax(QKᵀ/√d)·V (Vaswani et
 * al. 2017).
 *
 * Place in the flow: forward.c hands over rotated queries, keys and values of a batch; here they
 * are stored into the cache and gathered by KV head, so that a key is read once for all the queries
 * that want it; the kernel (compute/kernels.h jl_attention) does the arithmetic tile by tile. The
 * causal mask is the number of keys each query may see: its position + 1.
 */
#include "attention.h"

#include <math.h>
#include <string.h>

static size_t head_offset(const jl_kv_cache *c, const jl_model *m, int layer, int kv_head) {
    size_t tile = jl_kv_tile_bytes(c->type, m->h.head_dim);
    return ((size_t)layer * (size_t)m->h.n_kv_heads + (size_t)kv_head) * (size_t)c->n_tiles * tile;
}

void jl_kv_write(const jl_kv_cache *c, const jl_model *m, int layer, int pos, int n, const float *k,
                 const float *v) {
    int hd = m->h.head_dim;
    size_t bytes = jl_kv_tile_bytes(c->type, hd);
    for (int g = 0; g < m->h.n_kv_heads; g++) {
        size_t head = head_offset(c, m, layer, g);
        for (int t = 0; t < n; t++) {
            size_t row = ((size_t)t * (size_t)m->h.n_kv_heads + (size_t)g) * (size_t)hd;
            size_t tile = head + (size_t)((pos + t) / JL_KV_TILE) * bytes;
            jl_kv_store(c->type, c->k + tile, c->v + tile, (pos + t) % JL_KV_TILE, k + row, v + row,
                        hd);
        }
    }
}

/* The queries of one KV head, token by token, scaled: q [n × group][hd] and the keys each may see.
 * */
static void gather(const jl_model *m, int kv_head, int pos, int n, const float *q,
                   jl_attention_scratch *s) {
    int hd = m->h.head_dim, group = m->h.n_heads / m->h.n_kv_heads;
    float scale = 1 / sqrtf((float)hd);
    for (int t = 0; t < n; t++) {
        const float *from =
            q + ((size_t)t * (size_t)m->h.n_heads + (size_t)(kv_head * group)) * (size_t)hd;
        float *to = s->q + (size_t)(t * group) * (size_t)hd;
        for (int i = 0; i < group * hd; i++) to[i] = from[i] * scale;
        for (int i = 0; i < group; i++) s->n_keys[t * group + i] = pos + t + 1;
    }
}

static void scatter(const jl_model *m, int kv_head, int n, const jl_attention_scratch *s,
                    float *out) {
    int hd = m->h.head_dim, group = m->h.n_heads / m->h.n_kv_heads;
    size_t width = (size_t)(group * hd);
    for (int t = 0; t < n; t++)
        memcpy(out + ((size_t)t * (size_t)m->h.n_heads + (size_t)(kv_head * group)) * (size_t)hd,
               s->out + (size_t)t * width, width * sizeof *out);
}

/* Heads that are listened to: the same scores as the kernel's, as whole softmax rows. */
static void tap_weights(const jl_taps *taps, const jl_kv_cache *c, const jl_model *m, int layer,
                        int kv_head, int n, const jl_attention_scratch *s) {
    int group = m->h.n_heads / m->h.n_kv_heads;
    const uint8_t *k = c->k + head_offset(c, m, layer, kv_head);
    for (int i = 0; taps && i < taps->n; i++) {
        const jl_tap *tap = &taps->list[i];
        if (tap->kind != JL_TAP_ATTENTION || tap->layer != layer || tap->head / group != kv_head)
            continue;
        for (int t = 0; t < n; t++) {
            int row = t * group + tap->head % group, seen = s->n_keys[row];
            float *weights = jl_tap_row(tap, taps->row + t);
            jl_attention_weights(c->type, s->q + (size_t)row * (size_t)m->h.head_dim, seen, k,
                                 m->h.head_dim, NULL, row, weights);
            memset(weights + seen, 0, (size_t)(tap->cols - seen) * sizeof *weights);
        }
    }
}

void jl_attend(const jl_kv_cache *c, const jl_model *m, int layer, int pos, int n, const float *q,
               float *out, jl_attention_scratch *s, const jl_taps *taps) {
    int group = m->h.n_heads / m->h.n_kv_heads;
    for (int g = 0; g < m->h.n_kv_heads; g++) {
        size_t head = head_offset(c, m, layer, g);
        gather(m, g, pos, n, q, s);
        jl_attention(c->type, s->q, n * group, s->n_keys, c->k + head, c->v + head, m->h.head_dim,
                     NULL, s->out, s->kernel);
        scatter(m, g, n, s, out);
        tap_weights(taps, c, m, layer, g, n, s);
    }
}
