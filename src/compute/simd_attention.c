/* simd_attention.c - wasm simd128: causal attention over the tiled KV cache.
 *
 * Called per layer and KV head with all queries that share it (heads of the group × tokens of the
 * batch). A tile of halves is widened to floats once and used by every query that sees it; a single
 * query reads the halves directly. In a K tile lanes are keys, in a V tile lanes are dims, so
 * neither needs a horizontal sum. Each query keeps its own maximum, sum and accumulator (its row of
 * the output), so its bits do not depend on the others. Order of operations: kernels.h.
 */
#ifdef __wasm_simd128__

#include "kernels.h"
#include "simd.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define UNROLL _Pragma("clang loop unroll(full)")
#define ROLLED _Pragma("clang loop unroll(disable)")
/* Shared by the variants, or too large to have twice. */
#define NOINLINE static __attribute__((noinline))

enum { KEY_VECTORS = JL_KV_TILE / 4 };

/* What a query has so far: maximum m of its scores, Σ exp(s − m) in 4 lanes. Four floats spare. */
typedef struct running {
    float l[4], m, unused[3];
} running;

/* Tiles are read through byte pointers that move a row at a time, so that the rest of an address is
 * a constant of the load instruction. `bytes` is 2 for halves, 4 for what is already widened. */
INLINE v128_t tile4(const uint8_t *p, int bytes) {
    return bytes == 2 ? half4(p) : wasm_v128_load(p);
}

/* s[query][j] = Σ_d q[query][d]·k[d][j] of the whole tile for one query or two, hd apart. Two share
 * what is loaded of K, half a tile at a time, so that their sums stay in registers. */
INLINE void scores_of(int queries, const float *q, const uint8_t *k, int hd, int bytes, float *s) {
    const int vectors = KEY_VECTORS / queries;
    for (int part = 0; part < queries; part++, k += 4 * vectors * bytes, s += 4 * vectors) {
        const uint8_t *row = k;
        v128_t acc[KEY_VECTORS];
        UNROLL for (int i = 0; i < KEY_VECTORS; i++) acc[i] = wasm_f32x4_splat(0);
        ROLLED for (const float *x = q, *end = q + hd; x < end; x++, row += JL_KV_TILE * bytes) {
            v128_t q0 = wasm_v128_load32_splat(x), q1 = q0;
            if (queries == 2) q1 = wasm_v128_load32_splat(x + hd);
            UNROLL for (int g = 0; g < vectors; g++) {
                v128_t key = tile4(row + 4 * g * bytes, bytes);
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

/* Not inlined: the variants are used twice each. */
NOINLINE void scores_half(const float *q, const uint8_t *k, int hd, float *s) {
    scores_of(1, q, k, hd, 2, s);
}

NOINLINE void scores_wide(const float *q, const uint8_t *k, int hd, float *s) {
    scores_of(1, q, k, hd, 4, s);
}

NOINLINE void scores_pair(const float *q, const uint8_t *k, int hd, float *s) {
    scores_of(2, q, k, hd, 4, s);
}

/* −∞ for the keys from n on. Returns the maximum. */
NOINLINE float mask(float *s, int n) {
    v128_t max = wasm_f32x4_splat(-INFINITY);
    ROLLED for (int j = n; j < JL_KV_TILE; j++) s[j] = -INFINITY;
    UNROLL for (int g = 0; g < KEY_VECTORS; g++) {
        max = wasm_f32x4_pmax(max, wasm_v128_load(s + 4 * g));
    }
    return lanes_max(max);
}

/* acc[query][dims] += Σ_j p[query][j]·v[j][dims], rising j in [from, n), for one query or two; v
 * points at the first of the dims, its rows and those of acc are hd apart. */
INLINE void weigh(int queries, const float *p, int from, int n, const uint8_t *v, int hd, int dims,
                  int bytes, float *acc) {
    const int vectors = dims / 4;
    v128_t sum[8];
    UNROLL for (int i = 0; i < queries * vectors; i++) {
        sum[i] = wasm_v128_load(acc + i / vectors * hd + i % vectors * 4);
    }
    v += from * hd * bytes;
    ROLLED for (const float *x = p + from, *end = p + n; x < end; x++, v += hd * bytes) {
        v128_t p0 = wasm_v128_load32_splat(x), p1 = p0;
        if (queries == 2) p1 = wasm_v128_load32_splat(x + JL_KV_TILE);
        UNROLL for (int g = 0; g < vectors; g++) {
            v128_t value = tile4(v + 4 * g * bytes, bytes);
            sum[g] = wasm_f32x4_add(sum[g], wasm_f32x4_mul(p0, value));
            if (queries == 1) continue;
            sum[vectors + g] = wasm_f32x4_add(sum[vectors + g], wasm_f32x4_mul(p1, value));
        }
    }
    UNROLL for (int i = 0; i < queries * vectors; i++) {
        wasm_v128_store(acc + i / vectors * hd + i % vectors * 4, sum[i]);
    }
}

/* The dims beyond a multiple of 4, which only toys have. */
INLINE void weigh_rest(const float *p, int n, const uint8_t *v, int hd, int dims, int bytes,
                       float *acc) {
    ROLLED for (int j = 0; j < n; j++, v += hd * bytes) ROLLED for (int d = 0; d < dims; d++) {
        const void *at = v + d * bytes;
        acc[d] += p[j] * (bytes == 2 ? jl_half_read(*(const uint16_t *)at) : *(const float *)at);
    }
}

NOINLINE void scale_row(float *x, int n, float factor) {
    int d = 0;
    ROLLED for (; d + 4 <= n; d += 4)
        wasm_v128_store(x + d, wasm_f32x4_mul(wasm_v128_load(x + d), wasm_f32x4_splat(factor)));
    ROLLED for (; d < n; d++) x[d] *= factor;
}

/* Scores p of one tile, the largest of them max, become weights exp(p − m); what the query has so
 * far is rescaled where they raise m. A maximum that stays needs none: the factor would be exp(0) =
 * 1. */
NOINLINE void soften(float *p, float max, running *r, float *acc, int hd) {
    v128_t l = wasm_v128_load(r->l);
    if (max > r->m) {
        float c = jl_exp(r->m - max);
        l = wasm_f32x4_mul(l, wasm_f32x4_splat(c));
        scale_row(acc, hd, c);
        r->m = max;
    }
    /* The keys that are not seen have exp(−∞) = 0, which leaves the sum as it is. */
    ROLLED for (int g = 0; g < KEY_VECTORS; g++, p += 4) {
        v128_t e = exp4(wasm_f32x4_sub(wasm_v128_load(p), wasm_f32x4_splat(r->m)));
        wasm_v128_store(p, e);
        l = wasm_f32x4_add(l, e);
    }
    wasm_v128_store(r->l, l);
}

/* What the form does to the scores s of query i, which sees n_keys keys, in the tile that begins
 * with key j0. Returns their maximum. */
NOINLINE float shape_scores(const jl_score_form *form, int i, int n_keys, int j0, float *s) {
    if (form->cap > 0) jl_soft_cap__simd(s, form->cap, JL_KV_TILE);
    ROLLED for (int j = 0; j < JL_KV_TILE; j++) {
        if (form->slope) s[j] = s[j] + form->slope[i] * (float)(j0 + j - (n_keys - 1));
        if (j0 + j >= n_keys || (form->first && j0 + j < form->first[i])) s[j] = -INFINITY;
    }
    return jl_max__simd(s, JL_KV_TILE);
}

/* Which query of which form is at which tile; form is NULL where scores are used as they are. */
typedef struct shaping {
    const jl_score_form *form;
    int i, n_keys, j0;
} shaping;

/* The scores s of a query that sees n keys of the tile become weights. */
INLINE void weights_of(const shaping *how, int n, float *s, running *r, float *acc, int hd) {
    float max = how->form ? shape_scores(how->form, how->i, how->n_keys, how->j0, s) : mask(s, n);
    soften(s, max, r, acc, hd);
}

/* One query and one tile of which it sees n keys; acc [hd]. */
INLINE void attend(const float *q, int n, const uint8_t *k, const uint8_t *v, int hd, int bytes,
                   const shaping *how, running *r, float *acc) {
    float p[JL_KV_TILE];
    (bytes == 2 ? scores_half : scores_wide)(q, k, hd, p);
    weights_of(how, n, p, r, acc, hd);
    int d = 0;
    for (; d + 16 <= hd; d += 16) weigh(1, p, 0, n, v + d * bytes, hd, 16, bytes, acc + d);
    for (; d + 4 <= hd; d += 4) weigh(1, p, 0, n, v + d * bytes, hd, 4, bytes, acc + d);
    weigh_rest(p, n, v + d * bytes, hd, hd - d, bytes, acc + d);
}

NOINLINE void attend_half(const float *q, int n, const uint8_t *k, const uint8_t *v, int hd,
                          const shaping *how, running *r, float *acc) {
    attend(q, n, k, v, hd, 2, how, r, acc);
}

NOINLINE void attend_wide(const float *q, int n, const uint8_t *k, const uint8_t *v, int hd,
                          const shaping *how, running *r, float *acc) {
    attend(q, n, k, v, hd, 4, how, r, acc);
}

/* Two queries, of which the second sees no fewer keys: n[0] ≤ n[1]. hd is a multiple of 16. */
NOINLINE void attend_pair(const float *q, const int *n, const uint8_t *k, const uint8_t *v, int hd,
                          const shaping *how, running *r, float *acc) {
    float p[2 * JL_KV_TILE], *p1 = p + JL_KV_TILE;
    scores_pair(q, k, hd, p);
    weights_of(how, n[0], p, r, acc, hd);
    weights_of(how + 1, n[1], p1, r + 1, acc + hd, hd);
    for (int d = 0; d < hd; d += 16, v += 64, acc += 16) {
        weigh(2, p, 0, n[0], v, hd, 16, 4, acc);
        if (n[0] < n[1]) weigh(1, p1, n[0], n[1], v, hd, 16, 4, acc + hd);
    }
}

NOINLINE const uint8_t *widen(const void *tile, int n, float *to) {
    const uint16_t *from = tile;
    const uint8_t *wide = (const uint8_t *)to;
    ROLLED for (const float *end = to + n; to < end; to += 4, from += 4)
        wasm_v128_store(to, half4(from));
    return wide;
}

/* Queries from which on widening pays: 1.4 × for three, 0.83 × for one (tests/bench/SPEED.md). */
enum { WIDEN_FROM = 2 };

/* One tile, of which query i sees n_keys[i] − j0 keys. wide: room for both as floats. */
static void attend_tile(jl_kv_type type, const float *q, int n_q, const int *n_keys, int j0,
                        const uint8_t *k, const uint8_t *v, int hd, const jl_score_form *form,
                        running *state, float *out, float *wide) {
    int floats = type == JL_KV_F32, size = JL_KV_TILE * hd;
    if (!floats && n_q >= WIDEN_FROM) {
        k = widen(k, size, wide);
        v = widen(v, size, wide + size);
        floats = 1;
    }
    for (int i = 0; i < n_q; i++) {
        shaping how[2];
        int n[2];
        for (int j = 0; j < 2; j++) {
            int left = i + j < n_q ? n_keys[i + j] - j0 : 0;
            n[j] = left < JL_KV_TILE ? left : JL_KV_TILE;
            how[j] = (shaping){ form, i + j, i + j < n_q ? n_keys[i + j] : 0, j0 };
            if (n[j] > 0 && form && form->first && form->first[i + j] >= j0 + JL_KV_TILE) n[j] = 0;
        }
        if (n[0] <= 0) continue;
        if (floats && n[1] >= n[0] && hd % 16 == 0) {
            attend_pair(q + i * hd, n, k, v, hd, how, state + i, out + i * hd);
            i++;
        } else {
            (floats ? attend_wide : attend_half)(q + i * hd, n[0], k, v, hd, how, state + i,
                                                 out + i * hd);
        }
    }
}

void jl_attention__simd(jl_kv_type type, const float *q, int n_q, const int *n_keys, const void *k,
                        const void *v, int hd, const jl_score_form *form, float *out,
                        void *scratch) {
    size_t bytes = jl_kv_tile_bytes(type, hd);
    int longest = 0, j0 = form && form->first ? INT_MAX : 0;
    running *state = scratch;
    float *wide = (float *)(state + n_q);
    for (int i = 0; i < n_q; i++) {
        state[i] = (running){ .m = -INFINITY };
        if (n_keys[i] > longest) longest = n_keys[i];
        if (form && form->first && form->first[i] < j0) j0 = form->first[i];
    }
    j0 -= j0 % JL_KV_TILE; /* of the tile with the first key that some query sees */
    size_t at = (size_t)(j0 / JL_KV_TILE) * bytes;
    memset(out, 0, (size_t)n_q * (size_t)hd * sizeof *out);
    for (; j0 < longest; j0 += JL_KV_TILE, at += bytes)
        attend_tile(type, q, n_q, n_keys, j0, (const uint8_t *)k + at, (const uint8_t *)v + at, hd,
                    form, state, out, wide);
    ROLLED for (int i = 0; i < n_q; i++)
        scale_row(out + i * hd, hd, 1.0f / lanes_sum(wasm_v128_load(state[i].l)));
}

void jl_attention_weights__simd(jl_kv_type type, const float *q, int n_keys, const void *k, int hd,
                                const jl_score_form *form, int i, float *weights) {
    float s[JL_KV_TILE];
    const uint8_t *tile = k;
    for (int j0 = 0; j0 < n_keys; j0 += JL_KV_TILE, tile += jl_kv_tile_bytes(type, hd)) {
        int n = n_keys - j0 < JL_KV_TILE ? n_keys - j0 : JL_KV_TILE;
        (type == JL_KV_F32 ? scores_wide : scores_half)(q, tile, hd, s);
        if (form) shape_scores(form, i, n_keys, j0, s);
        memcpy(weights + j0, s, (size_t)n * sizeof *s);
    }
    float inverse = 1.0f / jl_exp_sum(weights, jl_max(weights, n_keys), n_keys);
    for (int j = 0; j < n_keys; j++) weights[j] = weights[j] * inverse;
}

#endif
