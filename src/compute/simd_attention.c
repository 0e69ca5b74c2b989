/* simd_attention.c - wasm simd128: attention over the tiled KV cache.
 *
 * Called per layer and KV head with all queries that share it (heads of the group × tokens of the
 * batch). Lanes are keys in a K tile and dims in a V tile, so neither needs a horizontal sum. With
 * a 16-bit cache, a query is rounded once and multiplied by the stored keys; the halves of a V tile
 * are widened to floats once for several queries, or read directly by a single one. Each query has
 * its own maximum, sum and accumulator (its output row), so its bits do not depend on the others.
 * Order of operations: kernels.h.
 */
#ifdef __wasm_simd128__

#include "kernels.h"
#include "simd.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { KEY_VECTORS = JL_KV_TILE / 4 };

/* Online softmax of a query: l = Σ exp(s − m) in 4 lanes, m = max s. scale: of a rounded query. */
typedef struct softmax_state {
    float l[4], m, scale, unused[2];
} softmax_state;

/* Queries in the format of the keys, floats or quants, `stride` elements apart. */
typedef struct query_rows {
    const float *floats;
    const int16_t *quants;
    size_t stride;
} query_rows;

/* s[query][j] = Σ_d q[query][d]·k[d][j]. A byte pointer moves one row at a time, so that the rest
 * of each address is an immediate of the load. Two queries share each load of K, half a tile at a
 * time, so that their sums stay in registers. */

/* The keys are floats. */
INLINE void scores_of_floats(int queries, const float *q, const uint8_t *k, int hd, float *s) {
    const int vectors = KEY_VECTORS / queries;
    for (int part = 0; part < queries; part++, k += 16 * vectors, s += 4 * vectors) {
        const uint8_t *row = k;
        v128_t acc[KEY_VECTORS];
        UNROLL for (int i = 0; i < KEY_VECTORS; i++) acc[i] = wasm_f32x4_splat(0);
        ROLL for (const float *x = q, *end = q + hd; x < end; x++, row += JL_KV_TILE * 4) {
            v128_t q0 = wasm_v128_load32_splat(x), q1 = q0;
            if (queries == 2) q1 = wasm_v128_load32_splat(x + hd);
            UNROLL for (int g = 0; g < vectors; g++) {
                v128_t key = wasm_v128_load(row + 16 * g);
                acc[g] = wasm_f32x4_add(acc[g], wasm_f32x4_mul(q0, key));
                if (queries == 1) continue;
                acc[vectors + g] = wasm_f32x4_add(acc[vectors + g], wasm_f32x4_mul(q1, key));
            }
        }
        UNROLL for (int i = 0; i < KEY_VECTORS; i++) {
            wasm_v128_store(s + i / vectors * JL_KV_TILE + i % vectors * 4, acc[i]);
        }
    }
}

/* Keys and queries are rounded; a lane holds two dims of a key. */
INLINE void scores_of_quants(int queries, const int16_t *q, size_t stride, const softmax_state *r,
                             const uint8_t *k, float *s) {
    const int vectors = KEY_VECTORS / queries;
    const uint8_t *scales = k + stride * JL_KV_TILE * 2;
    for (int part = 0; part < queries; part++, k += 16 * vectors, s += 4 * vectors) {
        const uint8_t *row = k;
        v128_t acc[KEY_VECTORS];
        UNROLL for (int i = 0; i < KEY_VECTORS; i++) acc[i] = wasm_i32x4_splat(0);
        ROLL for (const int16_t *x = q, *end = q + stride; x < end; x += 2, row += JL_KV_TILE * 4) {
            v128_t q0 = wasm_v128_load32_splat(x), q1 = q0;
            if (queries == 2) q1 = wasm_v128_load32_splat(x + stride);
            UNROLL for (int g = 0; g < vectors; g++) {
                v128_t key = wasm_v128_load(row + 16 * g);
                acc[g] = wasm_i32x4_add(acc[g], wasm_i32x4_dot_i16x8(q0, key));
                if (queries == 1) continue;
                acc[vectors + g] = wasm_i32x4_add(acc[vectors + g], wasm_i32x4_dot_i16x8(q1, key));
            }
        }
        UNROLL for (int i = 0; i < KEY_VECTORS; i++) {
            v128_t scale = wasm_v128_load(scales + 16 * (part * vectors + i % vectors));
            scale = wasm_f32x4_mul(wasm_f32x4_splat(r[i / vectors].scale), scale);
            acc[i] = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(acc[i]), scale);
            wasm_v128_store(s + i / vectors * JL_KV_TILE + i % vectors * 4, acc[i]);
        }
    }
}

static NOINLINE void scores_floats(const float *q, const uint8_t *k, int hd, float *s) {
    scores_of_floats(1, q, k, hd, s);
}
static NOINLINE void scores_floats_pair(const float *q, const uint8_t *k, int hd, float *s) {
    scores_of_floats(2, q, k, hd, s);
}
static NOINLINE void scores_quants(const int16_t *q, size_t stride, const softmax_state *r,
                                   const uint8_t *k, float *s) {
    scores_of_quants(1, q, stride, r, k, s);
}
static NOINLINE void scores_quants_pair(const int16_t *q, size_t stride, const softmax_state *r,
                                        const uint8_t *k, float *s) {
    scores_of_quants(2, q, stride, r, k, s);
}

/* The scores of query i, with queries = 2 also of i + 1. */
static void scores(int queries, const query_rows *q, int i, const softmax_state *r,
                   const uint8_t *k, int hd, float *s) {
    size_t row = (size_t)i * q->stride;
    if (q->quants)
        (queries == 2 ? scores_quants_pair : scores_quants)(q->quants + row, q->stride, r, k, s);
    else
        (queries == 2 ? scores_floats_pair : scores_floats)(q->floats + row, k, hd, s);
}

/* Sets the scores of keys from n on to −∞. Returns the maximum. */
static NOINLINE float mask(float *s, int n) {
    v128_t max = wasm_f32x4_splat(-INFINITY);
    ROLL for (int j = n; j < JL_KV_TILE; j++) s[j] = -INFINITY;
    UNROLL for (int g = 0; g < KEY_VECTORS; g++) {
        max = wasm_f32x4_pmax(max, wasm_v128_load(s + 4 * g));
    }
    return lanes_max(max);
}

/* acc[query][dims] += Σ_j p[query][j]·v[j][dims], ascending j in [from, n), for one query or two.
 * v: its first dim; rows of v and acc are hd apart; bytes: 2 (halves) or 4 (floats). Halves are
 * read as v·2^-112 and weights multiplied by 2^112: the same product, rounded once. */
INLINE void add_values(int queries, const float *p, int from, int n, const uint8_t *v, int hd,
                       int dims, int bytes, float *acc) {
    const int vectors = dims / 4;
    v128_t sum[8];
    UNROLL for (int i = 0; i < queries * vectors; i++) {
        sum[i] = wasm_v128_load(acc + i / vectors * hd + i % vectors * 4);
    }
    v += from * hd * bytes;
    ROLL for (const float *x = p + from, *end = p + n; x < end; x++, v += hd * bytes) {
        v128_t p0 = wasm_v128_load32_splat(x), p1 = p0;
        if (queries == 2) p1 = wasm_v128_load32_splat(x + JL_KV_TILE);
        if (bytes == 2) p0 = wasm_f32x4_mul(p0, wasm_f32x4_splat(0x1p112f));
        UNROLL for (int g = 0; g < vectors; g++) {
            const uint8_t *at = v + 4 * g * bytes;
            v128_t value = bytes == 2 ? half4_scaled(at) : wasm_v128_load(at);
            sum[g] = wasm_f32x4_add(sum[g], wasm_f32x4_mul(p0, value));
            if (queries == 1) continue;
            sum[vectors + g] = wasm_f32x4_add(sum[vectors + g], wasm_f32x4_mul(p1, value));
        }
    }
    UNROLL for (int i = 0; i < queries * vectors; i++) {
        wasm_v128_store(acc + i / vectors * hd + i % vectors * 4, sum[i]);
    }
}

/* The dims beyond a multiple of 4 (only tiny models). */
INLINE void add_values_rest(const float *p, int n, const uint8_t *v, int hd, int dims, int bytes,
                            float *acc) {
    ROLL for (int j = 0; j < n; j++, v += hd * bytes) ROLL for (int d = 0; d < dims; d++) {
        const void *at = v + d * bytes;
        acc[d] += p[j] * (bytes == 2 ? jl_half_read(*(const uint16_t *)at) : *(const float *)at);
    }
}

static NOINLINE void scale_row(float *x, int n, float factor) {
    int d = 0;
    ROLL for (; d + 4 <= n; d += 4)
        wasm_v128_store(x + d, wasm_f32x4_mul(wasm_v128_load(x + d), wasm_f32x4_splat(factor)));
    ROLL for (; d < n; d++) x[d] *= factor;
}

/* Turns scores p of one tile, with maximum max, into weights exp(p − m). If max raises m, rescales
 * l and acc; else the factor would be exp(0) = 1. */
static NOINLINE void update_softmax(float *p, float max, softmax_state *r, float *acc, int hd) {
    v128_t l = wasm_v128_load(r->l);
    if (max > r->m) {
        float c = jl_exp(r->m - max);
        l = wasm_f32x4_mul(l, wasm_f32x4_splat(c));
        scale_row(acc, hd, c);
        r->m = max;
    }
    /* Masked keys add exp(−∞) = 0 to the sum. */
    ROLL for (int g = 0; g < KEY_VECTORS; g += 4, p += 16) {
        v128_t e[4];
        STEP(4, e, wasm_f32x4_sub(wasm_v128_load(p + 4 * i), wasm_f32x4_splat(r->m)));
        exp_each(4, e);
        UNROLL for (int i = 0; i < 4; i++) {
            wasm_v128_store(p + 4 * i, e[i]);
            l = wasm_f32x4_add(l, e[i]);
        }
    }
    wasm_v128_store(r->l, l);
}

/* Applies the modifiers to the scores s of query i over n_keys keys, in the tile from key j0 on.
 * Returns their maximum. */
static NOINLINE float modify_scores(const jl_score_modifiers *modifiers, int i, int n_keys, int j0,
                                    float *s) {
    if (modifiers->cap > 0) jl_soft_cap__simd(s, modifiers->cap, JL_KV_TILE);
    ROLL for (int j = 0; j < JL_KV_TILE; j++) {
        if (modifiers->slope) s[j] = s[j] + modifiers->slope[i] * (float)(j0 + j - (n_keys - 1));
        if (modifiers->bias && j0 + j < n_keys)
            s[j] = s[j] + modifiers->bias[(size_t)i * modifiers->bias_stride + (size_t)(j0 + j)];
        if (j0 + j >= n_keys || (modifiers->first && j0 + j < modifiers->first[i]))
            s[j] = -INFINITY;
    }
    return jl_max__simd(s, JL_KV_TILE);
}

/* A query and a tile; modifiers NULL: none. */
typedef struct query_tile {
    const jl_score_modifiers *modifiers;
    int i, n_keys, j0;
} query_tile;

/* Turns the scores s of a query over n keys of the tile into weights. */
INLINE void softmax_weights(const query_tile *tile, int n, float *s, softmax_state *r, float *acc,
                            int hd) {
    float max = tile->modifiers ? modify_scores(tile->modifiers, tile->i, tile->n_keys, tile->j0, s)
                                : mask(s, n);
    if (tile->modifiers && max == -INFINITY) /* no key is visible; exp(−∞ − m) may be NaN */
        memset(s, 0, JL_KV_TILE * sizeof *s);
    else
        update_softmax(s, max, r, acc, hd);
}

/* acc += Σ_j p[j]·v[j] of one query over n keys. */
INLINE void add_values_row(const float *p, int n, const uint8_t *v, int hd, int bytes, float *acc) {
    int d = 0;
    for (; d + 16 <= hd; d += 16) add_values(1, p, 0, n, v + d * bytes, hd, 16, bytes, acc + d);
    for (; d + 4 <= hd; d += 4) add_values(1, p, 0, n, v + d * bytes, hd, 4, bytes, acc + d);
    add_values_rest(p, n, v + d * bytes, hd, hd - d, bytes, acc + d);
}
static NOINLINE void add_halves(const float *p, int n, const uint8_t *v, int hd, float *acc) {
    add_values_row(p, n, v, hd, 2, acc);
}
static NOINLINE void add_floats(const float *p, int n, const uint8_t *v, int hd, float *acc) {
    add_values_row(p, n, v, hd, 4, acc);
}

/* Query tile->i over the first n keys of a tile; acc [hd]. */
static NOINLINE void attend(const query_rows *q, int n, const uint8_t *k, const uint8_t *v, int hd,
                            int bytes, const query_tile *tile, softmax_state *r, float *acc) {
    float p[JL_KV_TILE];
    scores(1, q, tile->i, r, k, hd, p);
    softmax_weights(tile, n, p, r, acc, hd);
    (bytes == 2 ? add_halves : add_floats)(p, n, v, hd, acc);
}

/* Two queries over n[0] ≤ n[1] keys of a tile. hd is a multiple of 16. */
static NOINLINE void attend_pair(const query_rows *q, const int *n, const uint8_t *k,
                                 const uint8_t *v, int hd, const query_tile *tile, softmax_state *r,
                                 float *acc) {
    float p[2 * JL_KV_TILE], *p1 = p + JL_KV_TILE;
    scores(2, q, tile->i, r, k, hd, p);
    softmax_weights(tile, n[0], p, r, acc, hd);
    softmax_weights(tile + 1, n[1], p1, r + 1, acc + hd, hd);
    for (int d = 0; d < hd; d += 16, v += 64, acc += 16) {
        add_values(2, p, 0, n[0], v, hd, 16, 4, acc);
        if (n[0] < n[1]) add_values(1, p1, n[0], n[1], v, hd, 16, 4, acc + hd);
    }
}

static NOINLINE const uint8_t *widen(const void *tile, int n, float *to) {
    const uint16_t *from = tile;
    const uint8_t *wide = (const uint8_t *)to;
    ROLL for (const float *end = to + n; to < end; to += 4, from += 4)
        wasm_v128_store(to, half4(from));
    return wide;
}

/* Minimum queries for widening: speed 1.4 × for three, 0.83 × for one (tests/bench/SPEED.md). */
enum { MIN_WIDEN_QUERIES = 2 };

/* One tile; query i attends to its first n_keys[i] − j0 keys. wide: buffer for a float V tile. */
static void attend_tile(jl_kv_type type, const query_rows *q, int n_q, const int *n_keys, int j0,
                        const uint8_t *k, const uint8_t *v, int hd,
                        const jl_score_modifiers *modifiers, softmax_state *state, float *out,
                        float *wide) {
    int bytes = type == JL_KV_F32 ? 4 : 2;
    if (bytes == 2 && n_q >= MIN_WIDEN_QUERIES) {
        v = widen(v, JL_KV_TILE * hd, wide);
        bytes = 4;
    }
    for (int i = 0; i < n_q; i++) {
        query_tile tile[2];
        int n[2];
        for (int j = 0; j < 2; j++) {
            int left = i + j < n_q ? n_keys[i + j] - j0 : 0;
            n[j] = left < JL_KV_TILE ? left : JL_KV_TILE;
            tile[j] = (query_tile){ modifiers, i + j, i + j < n_q ? n_keys[i + j] : 0, j0 };
            if (n[j] > 0 && modifiers && modifiers->first &&
                modifiers->first[i + j] >= j0 + JL_KV_TILE)
                n[j] = 0;
        }
        if (n[0] <= 0) continue;
        if (bytes == 4 && n[1] >= n[0] && hd % 16 == 0) {
            attend_pair(q, n, k, v, hd, tile, state + i, out + i * hd);
            i++;
        } else {
            attend(q, n[0], k, v, hd, bytes, tile, state + i, out + i * hd);
        }
    }
}

static NOINLINE float round_query(const float *q, int hd, int16_t *to) {
    return round_row(q, hd, 0, to, 2);
}

void jl_attention__simd(jl_kv_type type, const float *q, int n_q, const int *n_keys, const void *k,
                        const void *v, int hd, const jl_score_modifiers *modifiers, float *out,
                        void *scratch) {
    size_t bytes = jl_kv_tile_bytes(type, hd);
    int longest = 0, j0 = modifiers && modifiers->first ? INT_MAX : 0;
    size_t stride = type == JL_KV_16 ? ((size_t)hd + 1) / 2 * 2 : (size_t)hd;
    float *wide = scratch;
    softmax_state *state = (softmax_state *)(void *)(wide + JL_KV_TILE * hd);
    int16_t *quants = (int16_t *)(void *)(state + n_q);
    const query_rows rows = { q, type == JL_KV_16 ? quants : NULL, stride };
    for (int i = 0; i < n_q; i++) {
        state[i] = (softmax_state){ .m = -INFINITY };
        if (type == JL_KV_16)
            state[i].scale = round_query(q + i * hd, hd, quants + (size_t)i * stride);
        if (n_keys[i] > longest) longest = n_keys[i];
        if (modifiers && modifiers->first && modifiers->first[i] < j0) j0 = modifiers->first[i];
    }
    j0 -= j0 % JL_KV_TILE; /* start of the first tile inside any window */
    size_t at = (size_t)(j0 / JL_KV_TILE) * bytes;
    memset(out, 0, (size_t)n_q * (size_t)hd * sizeof *out);
    for (; j0 < longest; j0 += JL_KV_TILE, at += bytes)
        attend_tile(type, &rows, n_q, n_keys, j0, (const uint8_t *)k + at, (const uint8_t *)v + at,
                    hd, modifiers, state, out, wide);
    ROLL for (int i = 0; i < n_q; i++)
        scale_row(out + i * hd, hd, 1.0f / lanes_sum(wasm_v128_load(state[i].l)));
}

void jl_attention_scores__simd(jl_kv_type type, const float *q, int n_keys, const void *k, int hd,
                               const jl_score_modifiers *modifiers, int i, float *to) {
    float s[JL_KV_TILE];
    int16_t quants[JL_MAX_HEAD];
    const query_rows rows = { q, type == JL_KV_16 ? quants : NULL, ((size_t)hd + 1) / 2 * 2 };
    const softmax_state r = { .scale = type == JL_KV_16 ? round_query(q, hd, quants) : 0 };
    const uint8_t *tile = k;
    for (int j0 = 0; j0 < n_keys; j0 += JL_KV_TILE, tile += jl_kv_tile_bytes(type, hd)) {
        int n = n_keys - j0 < JL_KV_TILE ? n_keys - j0 : JL_KV_TILE;
        scores(1, &rows, 0, &r, tile, hd, s);
        if (modifiers) modify_scores(modifiers, i, n_keys, j0, s);
        memcpy(to + j0, s, (size_t)n * sizeof *s);
    }
}

void jl_softmax__simd(float *x, int n) {
    scale_row(x, n, 1.0f / jl_softmax_exp__simd(x, jl_max__simd(x, n), n));
}

void jl_attention_values__simd(jl_kv_type type, const float *weights, int n_keys, const void *v,
                               int hd, float *out) {
    const uint8_t *tile = v;
    memset(out, 0, (size_t)hd * sizeof *out);
    for (int j0 = 0; j0 < n_keys; j0 += JL_KV_TILE, tile += jl_kv_tile_bytes(type, hd)) {
        int n = n_keys - j0 < JL_KV_TILE ? n_keys - j0 : JL_KV_TILE;
        (type == JL_KV_16 ? add_halves : add_floats)(weights + j0, n, tile, hd, out);
    }
}

#endif
