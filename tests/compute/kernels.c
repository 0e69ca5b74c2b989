/* kernels.c - compute/: small kernels and attention against plain double formulas, and every
 * variant against the reference bit for bit. Matrix products: matmul.c.
 *
 * Natively only the reference exists; the wasm build (make wasm-tests) links simd*.c and compares.
 */
#include "../helpers/check_kernels.h"

/* One table per variant, so that each test loops over all. */
typedef struct variant {
    const char *name;
    void (*rms_norm)(const float *, const float *, float, int, float *);
    void (*add)(float *, const float *, int);
    void (*silu_mul)(float *, const float *, int);
    float (*max)(const float *, int);
    void (*dot_rows)(const float *, const float *, int, int, float *);
    float (*exp_sum)(float *, float, int);
    float (*sum_exp)(const float *, float, float, int);
    void (*numbers)(const float *, int, float *);
    void (*kv_store)(jl_kv_type, void *, void *, int, const float *, const float *, int);
    void (*attention)(jl_kv_type, const float *, int, const int *, const void *, const void *, int,
                      const jl_score_modifiers *, float *, void *);
    void (*scores)(jl_kv_type, const float *, int, const void *, int, const jl_score_modifiers *,
                   int, float *);
    void (*softmax)(float *, int);
    void (*values)(jl_kv_type, const float *, int, const void *, int, float *);
} variant;

#define VARIANT(suffix)                                                                            \
    {                                                                                              \
#suffix, jl_rms_norm__##suffix, jl_add__##suffix, jl_silu_mul__##suffix, jl_max__##suffix, \
            jl_dot_rows__##suffix, jl_softmax_exp__##suffix, jl_exp_total__##suffix,               \
            jl_nan_to_neg_inf__##suffix, jl_kv_store__##suffix, jl_attention__##suffix,            \
            jl_attention_scores__##suffix, jl_softmax__##suffix, jl_attention_values__##suffix     \
    }

static const variant variants[] = VARIANTS;

/* -- Exponential and vectors ------------------------------------------------------------------- */

static void test_exp(void) {
    for (int i = 0; i <= 3000000; i++) {
        float x = -86.9f + (float)i * (175.6f / 3000000);
        double error = ulps(jl_exp(x), exp((double)x));
        CHECK(error <= 2, "%a: %g ulp", (double)x, error);
    }
    for (int i = 0; i < 1000000; i++) { /* around 0, all magnitudes */
        float x = jl_bits_to_float(random_bits() << 7 & 0x7fffffffu);
        if (!(x < 80)) continue;
        if (random_bits() & 1) x = -x;
        double error = ulps(jl_exp(x), exp((double)x));
        CHECK(error <= 2, "%a: %g ulp", (double)x, error);
    }
    CHECK(jl_exp(0) == 1 && jl_exp(-0.0f) == 1, "at zero");
    CHECK(jl_exp(-INFINITY) == 0 && jl_exp(-87) == 0, "underflow");
    CHECK(jl_exp(INFINITY) == INFINITY && jl_exp(88.8f) == INFINITY, "overflow");
    CHECK(jl_exp(88.7f) < INFINITY && jl_exp(-86.8f) > 0, "the borders");
    for (uint32_t payload = 1; payload < 0x400000; payload = payload * 5 + 1) {
        float quiet = jl_bits_to_float(0xffc00000u | payload);
        CHECK(isnan(jl_exp(quiet)) && isnan(jl_exp(-quiet)), "%x", payload);
    }
}

static void test_vectors(void) {
    FOR_VARIANTS(v) {
        for (int n = 0; n <= 70; n++) {
            float x[70], w[70], y[70], up[70];
            random_fill(x, 70, 8), random_fill(w, 70, 2), random_fill(up, 70, 3);
            double sum = 0, max = -INFINITY, total = 0, scaled = 0;
            for (int i = 0; i < n; i++) {
                sum += (double)x[i] * x[i];
                max = x[i] > max ? x[i] : max;
            }
            CHECK((double)v->max(x, n) == max, "%s n %d", v->name, n);

            v->rms_norm(x, w, 1e-5f, n, y);
            for (int i = 0; i < n; i++) {
                double exact = x[i] / sqrt(sum / n + 1e-5f) * w[i];
                CHECK(fabs(y[i] - exact) <= 5e-7 * fabs(exact) + 1e-12, "%s %d", v->name, i);
            }
            memcpy(y, x, sizeof y);
            v->add(y, up, n);
            for (int i = 0; i < 70; i++)
                CHECK(y[i] == (i < n ? x[i] + up[i] : x[i]), "%s %d", v->name, i);
            memcpy(y, x, sizeof y);
            v->silu_mul(y, up, n);
            for (int i = 0; i < n; i++) {
                double exact = x[i] / (1 + exp(-(double)x[i])) * up[i];
                CHECK(fabs(y[i] - exact) <= 6e-7 * fabs(exact), "%s %d", v->name, i);
            }
            memcpy(y, x, sizeof y);
            float s = v->exp_sum(y, 2, n), s2 = v->sum_exp(x, 2, 0.7f, n);
            for (int i = 0; i < n; i++) {
                total += exp((double)x[i] - 2);
                scaled += exp(((double)x[i] - 2) * (double)0.7f);
                CHECK(fabs(y[i] - exp((double)x[i] - 2)) <= 2e-6 * exp((double)x[i] - 2), "%d", i);
            }
            CHECK(fabs(s - total) <= 2e-6 * total, "%s %g %g", v->name, (double)s, total);
            CHECK(fabs(s2 - scaled) <= 2e-6 * scaled, "%s %g %g", v->name, (double)s2, scaled);
            for (int i = n; i < 70; i++) CHECK(y[i] == x[i], "%s wrote past n", v->name);
        }
    }
}

/* Every number of rows beside blocks of four; sums in 4 lanes have the bits of the reference. */
static void test_dot_rows(void) {
    enum { ROWS = 11, WIDTH = 68 };
    float x[WIDTH], rows[ROWS * WIDTH], y[ROWS + 1], wanted[ROWS];
    FOR_VARIANTS(v) {
        for (int n = 0; n <= ROWS; n++)
            for (int width = 4; width <= WIDTH; width += 4) {
                random_fill(x, WIDTH, 1), random_fill(rows, ROWS * WIDTH, 2);
                y[n] = 7;
                v->dot_rows(x, rows, n, width, y);
                variants->dot_rows(x, rows, n, width, wanted);
                CHECK(same_bits(y, wanted, (size_t)n) && y[n] == 7, "%s %d", v->name, n);
                for (int t = 0; t < n; t++) {
                    double exact = 0, size = 0;
                    for (int i = 0; i < width; i++) {
                        double one = (double)x[i] * (double)rows[t * width + i];
                        exact += one, size += fabs(one);
                    }
                    CHECK(fabs(y[t] - exact) <= 1e-6 * size, "%s %d %d", v->name, t, width);
                }
            }
    }
}

static void test_rope(void) {
    float x[64], before[64], cs[32];
    for (int i = 0; i < 16; i++)
        cs[2 * i] = (float)cos(0.1 * i), cs[2 * i + 1] = (float)sin(0.1 * i);
    for (int halves = 0; halves < 2;
         halves++) { /* 2 heads of 32, 12 pairs: elements from 24 on stay */
        random_fill(x, 64, 1);
        memcpy(before, x, sizeof x);
        jl_rope(x, 2, 32, cs, 12, halves ? 1 : 2, halves ? 12 : 1);
        for (int h = 0; h < 2; h++) {
            for (int i = 0; i < 12; i++) {
                int a = h * 32 + (halves ? i : 2 * i), b = a + (halves ? 12 : 1);
                double u = before[a], w = before[b], angle = 0.1 * i;
                CHECK(fabs(x[a] - (u * cos(angle) - w * sin(angle))) < 2e-7, "%d", i);
                CHECK(fabs(x[b] - (u * sin(angle) + w * cos(angle))) < 2e-7, "%d", i);
            }
            for (int i = 24; i < 32; i++) CHECK(x[h * 32 + i] == before[h * 32 + i], "%d", i);
        }
    }
}

/* Vectors of every length, with some special values. */
static void test_vectors_same_bits(void) {
    const variant *ref = variants;
    FOR_VARIANTS(v) {
        for (int round = 0; round < 400; round++) {
            float x[80], w[80], a[80], b[80];
            int n = round % 80;
            random_fill(x, 80, round % 3 ? 4 : 100), random_fill(w, 80, 2);
            if (round >= 160)
                for (int i = 0; i < 80; i += 1 + random_below(40))
                    x[i] = specials[random_below(N_SPECIALS)];
            memcpy(a, x, sizeof a), memcpy(b, x, sizeof b);
            float max = ref->max(x, n), scale = random_unit();
            CHECK(v->max(x, n) == max, "%s n %d", v->name, n);
            float s = ref->exp_sum(a, max, n), s2 = v->exp_sum(b, max, n);
            CHECK(same_bits(&s, &s2, 1) && same_bits(a, b, 80), "%s exp_sum %d", v->name, n);
            s = ref->sum_exp(x, max, scale, n), s2 = v->sum_exp(x, max, scale, n);
            CHECK(same_bits(&s, &s2, 1), "%s sum_exp %d", v->name, n);
            ref->numbers(x, n, a), v->numbers(x, n, b);
            CHECK(same_bits(a, b, (size_t)n), "%s numbers %d", v->name, n);
            for (int i = 0; i < n; i++)
                CHECK(isnan(x[i]) ? a[i] == -INFINITY : a[i] == x[i], "%s %d", v->name, i);
            memcpy(a, x, sizeof a), memcpy(b, x, sizeof b);
            ref->silu_mul(a, w, n), v->silu_mul(b, w, n);
            CHECK(same_bits(a, b, 80), "%s silu_mul %d", v->name, n);
            memcpy(b, x, sizeof b);
            ref->rms_norm(x, w, 1e-6f, n, a), v->rms_norm(b, w, 1e-6f, n, b);
            CHECK(same_bits(a, b, (size_t)n), "%s rms_norm %d", v->name, n);
        }
    }
}

/* -- Attention --------------------------------------------------------------------------------- */

typedef struct cache {
    jl_kv_type type;
    int hd, n_keys;
    float *k, *v;             /* [n_keys][hd], encoded in the type */
    uint8_t *k_tile, *v_tile; /* slots after n_keys hold NaN */
} cache;

static cache cache_make(const variant *v, jl_kv_type type, int hd, int n_keys) {
    cache c = { .type = type, .hd = hd, .n_keys = n_keys };
    size_t n = (size_t)(n_keys * hd), bytes = jl_kv_tile_bytes(type, hd);
    size_t stored = (size_t)(n_keys + JL_KV_TILE - 1) / JL_KV_TILE * bytes;
    c.k = get(n * sizeof *c.k), c.v = get(n * sizeof *c.v);
    c.k_tile = get(stored), c.v_tile = get(stored);
    memset(c.k_tile, 0xff, stored), memset(c.v_tile, 0xff, stored);
    for (size_t i = 0; i < n; i++) {
        float value = random_unit() * (random_below(9) ? 2 : 1e-6f);
        c.k[i] = random_unit() * 3;
        c.v[i] = type == JL_KV_16 ? jl_half_to_float(jl_float_to_half(value)) : value;
    }
    for (int j = 0; j < n_keys; j++) {
        size_t tile = (size_t)(j / JL_KV_TILE) * bytes;
        v->kv_store(type, c.k_tile + tile, c.v_tile + tile, j % JL_KV_TILE, c.k + j * hd,
                    c.v + j * hd, hd);
        round_vector(type, c.k + j * hd, hd);
    }
    return c;
}

static void cache_free(cache *c) {
    free(c->k), free(c->v), free(c->k_tile), free(c->v_tile);
}

/* Softmax attention in double: weights [n_keys] and out [hd]. */
static void exact_attention(const cache *c, const float *q, int n_keys, double *weights,
                            double *out) {
    double max = -INFINITY, sum = 0;
    for (int j = 0; j < n_keys; j++) {
        weights[j] = 0;
        for (int d = 0; d < c->hd; d++) weights[j] += (double)q[d] * c->k[j * c->hd + d];
        if (weights[j] > max) max = weights[j];
    }
    for (int j = 0; j < n_keys; j++) sum += weights[j] = exp(weights[j] - max);
    for (int d = 0; d < c->hd; d++) out[d] = 0;
    for (int j = 0; j < n_keys; j++) {
        weights[j] /= sum;
        for (int d = 0; d < c->hd; d++) out[d] += weights[j] * c->v[j * c->hd + d];
    }
}

static const int head_dims[] = { 1,  2,  3,  4,  6,   7,   8,   12,   16,         20,
                                 33, 64, 80, 96, 100, 128, 256, 1023, JL_MAX_HEAD };
enum { N_HEAD_DIMS = sizeof head_dims / sizeof *head_dims, MAX_KEYS = 150, MAX_QUERIES = 7 };

static void test_attention(void) {
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_HEAD_DIMS * 8; k++) {
            int hd = head_dims[k % N_HEAD_DIMS], n_q = 1 + random_below(MAX_QUERIES);
            int n_keys[MAX_QUERIES], longest = 1;
            double room = hd > 256 ? 4 : 1; /* more rounding per score */
            for (int i = 0; i < n_q; i++) {
                n_keys[i] = 1 + random_below(k / N_HEAD_DIMS < 4 ? 40 : MAX_KEYS);
                if (n_keys[i] > longest) longest = n_keys[i];
            }
            cache c = cache_make(v, k / N_HEAD_DIMS % 2 ? JL_KV_F32 : JL_KV_16, hd, longest);
            float q[MAX_QUERIES * JL_MAX_HEAD], out[MAX_QUERIES * JL_MAX_HEAD], weights[MAX_KEYS];
            void *scratch = get(jl_attention_bytes(hd, n_q));
            random_fill(q, (size_t)(n_q * hd), 3 / sqrtf((float)hd));
            v->attention(c.type, q, n_q, n_keys, c.k_tile, c.v_tile, hd, NULL, out, scratch);
            for (int i = 0; i < n_q; i++) {
                double w[MAX_KEYS], exact[JL_MAX_HEAD], sum = 0;
                float rounded[JL_MAX_HEAD];
                memcpy(rounded, q + i * hd, (size_t)hd * sizeof *q);
                round_vector(c.type, rounded, hd);
                exact_attention(&c, rounded, n_keys[i], w, exact);
                for (int d = 0; d < hd; d++)
                    CHECK(fabs(out[i * hd + d] - exact[d]) < 1e-5 * room, "%s hd %d: %g %g",
                          v->name, hd, (double)out[i * hd + d], exact[d]);
                v->scores(c.type, q + i * hd, n_keys[i], c.k_tile, hd, NULL, 0, weights);
                v->softmax(weights, n_keys[i]);
                for (int j = 0; j < n_keys[i]; j++) {
                    CHECK(fabs(weights[j] - w[j]) < 2e-6 * room, "%s hd %d key %d", v->name, hd, j);
                    sum += weights[j];
                }
                CHECK(fabs(sum - 1) < 1e-6, "%s %.9g", v->name, sum);
                v->values(c.type, weights, n_keys[i], c.v_tile, hd, rounded);
                for (int d = 0; d < hd; d++)
                    CHECK(fabs(rounded[d] - exact[d]) < 1e-5 * room, "%s hd %d", v->name, hd);
            }
            free(scratch), cache_free(&c);
        }
    }
}

/* Variant against reference, batch against single queries; also large and overflowing scores. */
static void test_attention_same_bits(void) {
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_HEAD_DIMS * 16; k++) {
            int hd = head_dims[k % N_HEAD_DIMS], n_q = 1 + random_below(MAX_QUERIES);
            int n_keys[MAX_QUERIES], longest = 1 + random_below(MAX_KEYS);
            for (int i = 0; i < n_q; i++) n_keys[i] = 1 + random_below(longest);
            cache c = cache_make(variants, k & 1 ? JL_KV_F32 : JL_KV_16, hd, longest);
            float q[MAX_QUERIES * JL_MAX_HEAD], out[MAX_QUERIES * JL_MAX_HEAD], one[JL_MAX_HEAD];
            float w[MAX_KEYS], w2[MAX_KEYS];
            static const float sizes[] = { 0, 0.5f, 1, 10, 1e4f, 1e38f, 3e38f, 1e-40f };
            random_fill(q, (size_t)(n_q * hd), sizes[k / N_HEAD_DIMS / 2]);
            if (k % 11 == 0) q[random_below(n_q * hd)] = specials[random_below(N_SPECIALS)];
            void *scratch = get(jl_attention_bytes(hd, n_q));
            v->attention(c.type, q, n_q, n_keys, c.k_tile, c.v_tile, hd, NULL, out, scratch);
            for (int i = 0; i < n_q; i++) {
                variants->attention(c.type, q + i * hd, 1, n_keys + i, c.k_tile, c.v_tile, hd, NULL,
                                    one, scratch);
                CHECK(same_bits(one, out + i * hd, (size_t)hd), "%s hd %d q %d", v->name, hd, i);
                v->attention(c.type, q + i * hd, 1, n_keys + i, c.k_tile, c.v_tile, hd, NULL, one,
                             scratch);
                CHECK(same_bits(one, out + i * hd, (size_t)hd), "%s %d %d alone", v->name, hd, i);
                variants->scores(c.type, q + i * hd, n_keys[i], c.k_tile, hd, NULL, 0, w);
                v->scores(c.type, q + i * hd, n_keys[i], c.k_tile, hd, NULL, 0, w2);
                CHECK(same_bits(w, w2, (size_t)n_keys[i]), "%s hd %d scores", v->name, hd);
                variants->softmax(w, n_keys[i]), v->softmax(w2, n_keys[i]);
                CHECK(same_bits(w, w2, (size_t)n_keys[i]), "%s hd %d weights", v->name, hd);
                variants->values(c.type, w, n_keys[i], c.v_tile, hd, one);
                v->values(c.type, w, n_keys[i], c.v_tile, hd, out);
                CHECK(same_bits(one, out, (size_t)hd), "%s hd %d values", v->name, hd);
            }
            free(scratch), cache_free(&c);
        }
    }
}

/* Rounding to a 16-bit cache: values to the nearest half, ties to even, 65504 instead of infinity;
 * keys to half a step of their scale; other slots unchanged. */
static void test_kv_store(void) {
    float x[JL_MAX_HEAD], y[JL_MAX_HEAD];
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_HEAD_DIMS * 20; k++) {
            int hd = head_dims[k % N_HEAD_DIMS], slot = random_below(JL_KV_TILE);
            int pairs = (hd + 1) / 2, n = (int)jl_kv_tile_bytes(JL_KV_16, hd) / 2;
            uint16_t *kt = get((size_t)n * 2), *vt = get((size_t)n * 2);
            double square = 0;
            for (int i = 0; i < hd; i++) {
                x[i] = random_unit() * (k % 4 ? 4 : 1e-20f);
                y[i] = random_below(2) ? random_unit() * 1e-4f : random_unit() * 4;
            }
            if (k % 3 == 0) x[random_below(hd)] = specials[random_below(N_SPECIALS)];
            y[hd - 1] = k & 1 ? -INFINITY : 65520;
            v->kv_store(JL_KV_16, kt, vt, slot, x, y, hd);
            for (int d = 0; d < hd; d++) {
                x[d] = fabsf(x[d]) <= 65504 ? x[d] : copysignf(65504, x[d]);
                square += (double)x[d] * x[d];
            }
            for (int d = 0; d < hd; d++) {
                uint16_t h = jl_float_to_half(y[d]);
                double error = fabs(rounded_key(kt, hd, slot, d) - x[d]), length = sqrt(square);
                if ((h & 0x7fff) == 0x7c00) h--;
                CHECK(error <= (length < 0x1p-50 ? 0x1p-50 : length * 0.501 / 32767), "%s %g",
                      v->name, (double)x[d]);
                CHECK(vt[slot * hd + d] == h, "%s %g", v->name, (double)y[d]);
            }
            CHECK(hd % 2 == 0 || kt[(pairs - 1) * 2 * JL_KV_TILE + 2 * slot + 1] == 0, "padding");
            for (int i = 0; i < n; i++) {
                int key = i < pairs * 2 * JL_KV_TILE ? i % (2 * JL_KV_TILE) / 2
                                                     : (i - pairs * 2 * JL_KV_TILE) / 2;
                CHECK(key == slot || kt[i] == 0xa5a5, "%s", v->name);
                CHECK(i / hd == slot || vt[i] == 0xa5a5, "%s", v->name);
            }
            free(kt), free(vt);
        }
    }
}

/* A float cache keeps the bits; other slots stay unchanged. */
static void test_kv_store_floats(void) {
    float x[JL_MAX_HEAD], y[JL_MAX_HEAD];
    FOR_VARIANTS(v) {
        for (int k = 0; k < N_HEAD_DIMS * 4; k++) {
            int hd = head_dims[k % N_HEAD_DIMS], slot = random_below(JL_KV_TILE);
            float *kt = get(jl_kv_tile_bytes(JL_KV_F32, hd)),
                  *vt = get(jl_kv_tile_bytes(JL_KV_F32, hd));
            for (int i = 0; i < hd; i++) {
                x[i] = jl_bits_to_float(random_bits() << 8 | random_bits() >> 16);
                y[i] = random_unit();
            }
            v->kv_store(JL_KV_F32, kt, vt, slot, x, y, hd);
            for (int i = 0; i < hd * JL_KV_TILE; i++) {
                uint32_t in_k = jl_float_to_bits(kt[i]), in_v = jl_float_to_bits(vt[i]);
                uint32_t is_k =
                    i % JL_KV_TILE == slot ? jl_float_to_bits(x[i / JL_KV_TILE]) : 0xa5a5a5a5u;
                uint32_t is_v = i / hd == slot ? jl_float_to_bits(y[i % hd]) : 0xa5a5a5a5u;
                CHECK(in_k == is_k && in_v == is_v, "%s hd %d element %d", v->name, hd, i);
            }
            free(kt), free(vt);
        }
    }
}

int main(void) {
    RUN(test_exp);
    RUN(test_vectors);
    RUN(test_dot_rows);
    RUN(test_rope);
    RUN(test_vectors_same_bits);
    RUN(test_kv_store);
    RUN(test_kv_store_floats);
    RUN(test_attention);
    RUN(test_attention_same_bits);
    return check_report("compute/kernels (" VARIANT_NAMES ")");
}
