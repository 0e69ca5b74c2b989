/* simd_attention.c - wasm simd128: causal attention over the tiled half-float cache.
 *
 * Called per layer and KV head with all queries that share it (heads of the group × tokens of the batch).
 * A tile of the cache is widened to floats once and used by every query that sees it; a single query
 * reads the halves directly. In a K tile lanes are keys, in a V tile lanes are dims, so neither needs a
 * horizontal sum. Each query keeps its own maximum, sum and accumulator (its row of the output), so its
 * bits do not depend on the others. Order of operations: kernels.h. Head sizes that are no multiple of 4,
 * which only toys have, go to the reference.
 */
#ifdef __wasm_simd128__

#include "kernels.h"
#include "simd.h"

#include <math.h>
#include <string.h>

#define UNROLL _Pragma("clang loop unroll(full)")

enum { KEY_VECTORS = JL_KV_TILE / 4 };

/* What a query has so far: maximum m of its scores, Σ exp(s − m) in 4 lanes. Four floats spare. */
typedef struct running {
    float l[4], m, unused[3];
} running;

/* Elements i..i+3 of a tile, of halves or already widened. */
INLINE v128_t tile4(const void *tile, size_t i, int half) {
    if (half) return half4((const uint16_t *)tile + i);
    return wasm_v128_load((const float *)tile + i);
}

/* s[j] = Σ_d q[d]·k[d][j] of the whole tile, with −∞ for the keys from n on. Returns the maximum. */
INLINE float scores(const float *q, const void *k, int hd, int n, int half, float *s) {
    v128_t acc[KEY_VECTORS], max = wasm_f32x4_splat(-INFINITY);
    UNROLL for (int g = 0; g < KEY_VECTORS; g++) acc[g] = wasm_f32x4_splat(0);
    for (size_t d = 0; d < (size_t)hd; d++) {
        v128_t qd = wasm_v128_load32_splat(q + d);
        UNROLL for (size_t g = 0; g < KEY_VECTORS; g++) acc[g] =
            wasm_f32x4_add(acc[g], wasm_f32x4_mul(qd, tile4(k, d * JL_KV_TILE + 4 * g, half)));
    }
    UNROLL for (int g = 0; g < KEY_VECTORS; g++) wasm_v128_store(s + 4 * g, acc[g]);
    for (int j = n; j < JL_KV_TILE; j++) s[j] = -INFINITY;
    UNROLL for (int g = 0; g < KEY_VECTORS; g++) max =
        wasm_f32x4_pmax(max, wasm_v128_load(s + 4 * g));
    return lanes_max(max);
}

/* acc[dims] += Σ_j p[j]·v[j][dims], rising j; v points at its first dim, rows are hd apart. */
INLINE void weigh(const float *p, int n, const void *v, size_t at, int hd, int dims, int half,
                  float *acc) {
    v128_t sum[8];
    UNROLL for (int g = 0; g < dims / 4; g++) sum[g] = wasm_v128_load(acc + 4 * g);
    for (int j = 0; j < n; j++, at += (size_t)hd) {
        v128_t pj = wasm_v128_load32_splat(p + j);
        UNROLL for (size_t g = 0; g < (size_t)dims / 4; g++) sum[g] =
            wasm_f32x4_add(sum[g], wasm_f32x4_mul(pj, tile4(v, at + 4 * g, half)));
    }
    UNROLL for (int g = 0; g < dims / 4; g++) wasm_v128_store(acc + 4 * g, sum[g]);
}

INLINE void scale_row(float *x, int n, float factor) {
    for (int d = 0; d < n; d += 4)
        wasm_v128_store(x + d, wasm_f32x4_mul(wasm_v128_load(x + d), wasm_f32x4_splat(factor)));
}

/* One query and one tile of which it sees n keys; acc [hd]. A maximum that stays needs no rescaling: the
 * factor would be exp(0) = 1. */
INLINE void attend(const float *q, int n, const void *k, const void *v, int hd, int half,
                   running *r, float *acc) {
    float p[JL_KV_TILE], max = scores(q, k, hd, n, half, p);
    v128_t l = wasm_v128_load(r->l);
    if (max > r->m) {
        float c = jl_exp__ref(r->m - max);
        l = wasm_f32x4_mul(l, wasm_f32x4_splat(c));
        scale_row(acc, hd, c);
        r->m = max;
    }
    /* The keys that are not seen have exp(−∞) = 0, which leaves the sum as it is. */
    UNROLL for (int g = 0; g < KEY_VECTORS; g++) {
        v128_t e = exp4(wasm_f32x4_sub(wasm_v128_load(p + 4 * g), wasm_f32x4_splat(r->m)));
        wasm_v128_store(p + 4 * g, e);
        l = wasm_f32x4_add(l, e);
    }
    wasm_v128_store(r->l, l);
    int d = 0;
    for (; d + 32 <= hd; d += 32) weigh(p, n, v, (size_t)d, hd, 32, half, acc + d);
    for (; d + 16 <= hd; d += 16) weigh(p, n, v, (size_t)d, hd, 16, half, acc + d);
    for (; d < hd; d += 4) weigh(p, n, v, (size_t)d, hd, 4, half, acc + d);
}

static void widen(const uint16_t *from, int n, float *to) {
    for (int i = 0; i < n; i += 4) wasm_v128_store(to + i, half4(from + i));
}

static __attribute__((noinline)) void attend_half(const float *q, int n, const uint16_t *k,
                                                  const uint16_t *v, int hd, running *r,
                                                  float *acc) {
    attend(q, n, k, v, hd, 1, r, acc);
}

static __attribute__((noinline)) void attend_wide(const float *q, int n, const float *k,
                                                  const float *v, int hd, running *r, float *acc) {
    attend(q, n, k, v, hd, 0, r, acc);
}

void jl_attention__simd(const float *q, int n_q, const int *n_keys, const uint16_t *k,
                        const uint16_t *v, int hd, float *out, void *scratch) {
    if (hd % 4) {
        jl_attention__ref(q, n_q, n_keys, k, v, hd, out, scratch);
        return;
    }
    int longest = 0, tile = JL_KV_TILE * hd;
    float *k_wide = scratch, *v_wide = k_wide + tile;
    running *state = (running *)(void *)(v_wide + tile);
    for (int i = 0; i < n_q; i++) {
        state[i] = (running){ .m = -INFINITY };
        if (n_keys[i] > longest) longest = n_keys[i];
    }
    memset(out, 0, (size_t)n_q * (size_t)hd * sizeof *out);
    for (int j0 = 0; j0 < longest; j0 += JL_KV_TILE, k += tile, v += tile) {
        if (n_q > 1) widen(k, tile, k_wide), widen(v, tile, v_wide);
        for (int i = 0; i < n_q; i++) {
            int left = n_keys[i] - j0, n = left < JL_KV_TILE ? left : JL_KV_TILE;
            if (n <= 0) continue;
            if (n_q > 1)
                attend_wide(q + i * hd, n, k_wide, v_wide, hd, state + i, out + i * hd);
            else
                attend_half(q, n, k, v, hd, state, out);
        }
    }
    for (int i = 0; i < n_q; i++)
        scale_row(out + i * hd, hd, 1.0f / lanes_sum(wasm_v128_load(state[i].l)));
}

void jl_attention_weights__simd(const float *q, int n_keys, const uint16_t *k, int hd,
                                float *weights) {
    float s[JL_KV_TILE];
    for (int j0 = 0; j0 < n_keys; j0 += JL_KV_TILE, k += JL_KV_TILE * hd) {
        int n = n_keys - j0 < JL_KV_TILE ? n_keys - j0 : JL_KV_TILE;
        scores(q, k, hd, n, 1, s);
        memcpy(weights + j0, s, (size_t)n * sizeof *s);
    }
    float inverse = 1.0f / jl_exp_sum__simd(weights, jl_max__simd(weights, n_keys), n_keys);
    for (int j = 0; j < n_keys; j++) weights[j] = weights[j] * inverse;
}

#endif
