/* activations.c - compute/: norms, activations, caps and attention score modifiers against plain
 * double formulas, and every variant against the reference bit for bit.
 *
 * Built and run like kernels.c: natively only the reference exists; wasm with simd128 compares
 * the two variants.
 */
#include "../helpers/check_kernels.h"

typedef struct variant {
    const char *name;
    void (*layer_norm)(const float *, const float *, const float *, float, int, float *);
    void (*add_scaled)(float *, const float *, float, int);
    void (*mul)(float *, const float *, int);
    void (*gelu)(float *, int);
    void (*relu_squared)(float *, int);
    void (*soft_cap)(float *, float, int);
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
#suffix, jl_layer_norm__##suffix, jl_add_scaled__##suffix, jl_mul__##suffix,               \
            jl_gelu__##suffix, jl_relu_squared__##suffix, jl_soft_cap__##suffix,                   \
            jl_kv_store__##suffix, jl_attention__##suffix, jl_attention_scores__##suffix,          \
            jl_softmax__##suffix, jl_attention_values__##suffix                                    \
    }

static const variant variants[] = VARIANTS;

enum { LONGEST = 70 };

/* -- Norms and activations --------------------------------------------------------------------- */

static void exact_norm(const float *x, const float *w, const float *b, int n, double *y) {
    double mean = 0, variance = 0;
    for (int i = 0; i < n; i++) mean += (double)x[i] / n;
    for (int i = 0; i < n; i++) variance += (x[i] - mean) * (x[i] - mean) / n;
    for (int i = 0; i < n; i++)
        y[i] = (x[i] - mean) / sqrt(variance + (double)1e-5f) * w[i] + (b ? b[i] : 0);
}

static void test_layer_norm(void) {
    float x[LONGEST], w[LONGEST], b[LONGEST], y[LONGEST];
    double exact[LONGEST];
    FOR_VARIANTS(v) {
        for (int k = 1; k < 8 * LONGEST; k++) {
            int n = 1 + k % LONGEST;
            const float *bias = k & 1 ? b : NULL;
            random_fill(x, (size_t)n, 3), random_fill(w, (size_t)n, 1),
                random_fill(b, (size_t)n, 1);
            for (int i = 0; i < n; i++) x[i] += 5;
            exact_norm(x, w, bias, n, exact);
            v->layer_norm(x, w, bias, 1e-5f, n, y);
            for (int i = 0; i < n; i++)
                CHECK(fabs(y[i] - exact[i]) < 1e-5, "%s n %d: %g %g", v->name, n, (double)y[i],
                      exact[i]);
            v->layer_norm(x, w, bias, 1e-5f, n, x);
            CHECK(same_bits(x, y, (size_t)n), "%s in place", v->name);
        }
    }
}

static double exact_gelu(double x) {
    return x * 0.5 * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

static void test_activations(void) {
    float x[LONGEST], y[LONGEST], z[LONGEST];
    FOR_VARIANTS(v) {
        for (int k = 0; k < 20 * LONGEST; k++) {
            int n = k % LONGEST;
            float cap = 0.5f + 50 * (float)(k % 7);
            random_fill(x, (size_t)n, k % 3 ? 4 : 30);
            memcpy(y, x, sizeof x), memcpy(z, x, sizeof x);
            v->gelu(y, n), v->soft_cap(z, cap, n);
            for (int i = 0; i < n; i++) {
                float half = jl_half_to_float(jl_float_to_half(x[i]));
                double gelu = x[i] >= 10 ? x[i] : exact_gelu(half), half_ulp = 0x1p-11 * fabs(gelu);
                CHECK(fabs(y[i] - gelu) < 1.01 * half_ulp + 1e-7, "%s %g", v->name, (double)x[i]);
                CHECK(fabs(z[i] - cap * tanh((double)x[i] / cap)) < 4e-7 * (double)cap, "%s %g",
                      v->name, (double)x[i]);
            }
        }
    }
}

static void test_limits(void) {
    FOR_VARIANTS(v) {
        float x[] = { 1e4f, -1e4f, INFINITY, -100.0f, 0, NAN }, y[6];
        memcpy(y, x, sizeof x);
        float z[] = { 3, -2, INFINITY, -INFINITY, -0.0f, NAN };
        v->relu_squared(z, 6);
        CHECK(z[0] == 9 && z[1] == 0 && z[2] == INFINITY && z[3] == 0 && z[4] == 0 && isnan(z[5]),
              "%s", v->name);
        v->gelu(x, 6), v->soft_cap(y, 30, 6);
        CHECK(x[0] == 1e4f && x[1] == 0 && x[2] == INFINITY && x[3] == 0, "%s", v->name);
        CHECK(x[4] == 0 && isnan(x[5]), "%s", v->name);
        CHECK(y[0] == 30 && y[1] == -30 && y[2] == 30 && y[4] == 0 && isnan(y[5]), "%s", v->name);
    }
}

static void test_vectors(void) {
    float x[LONGEST], y[LONGEST], sum[LONGEST], product[LONGEST], scaled[LONGEST], relu[LONGEST];
    FOR_VARIANTS(v) {
        for (int n = 0; n < LONGEST; n++) {
            float factor = random_unit();
            random_fill(x, (size_t)n, 2), random_fill(y, (size_t)n, 2);
            memcpy(sum, y, sizeof y), memcpy(product, y, sizeof y), memcpy(scaled, y, sizeof y);
            memcpy(relu, y, sizeof y), v->relu_squared(relu, n);
            v->add_scaled(sum, x, factor, n), v->mul(product, x, n), jl_scale(scaled, factor, n);
            for (int i = 0; i < n; i++) {
                float added = x[i] * factor;
                CHECK(same_bits(sum + i, &(float){ y[i] + added }, 1), "%s", v->name);
                CHECK(same_bits(relu + i, &(float){ y[i] > 0 ? y[i] * y[i] : 0 }, 1), "%s",
                      v->name);
                CHECK(same_bits(product + i, &(float){ y[i] * x[i] }, 1), "%s", v->name);
                CHECK(same_bits(scaled + i, &(float){ y[i] * factor }, 1), "%s", v->name);
            }
        }
    }
}

/* Every variant gives the reference's bits, also for special values, and writes n elements. */
static void test_same_bits(void) {
    const variant *r = variants;
    float x[LONGEST + 4], w[LONGEST], b[LONGEST], y[2][LONGEST + 4];
    FOR_VARIANTS(v) {
        for (int k = 0; k < 40 * LONGEST; k++) {
            int n = k % LONGEST, bytes = (int)sizeof x;
            random_fill(x, LONGEST + 4, k % 5 ? 10 : 1e30f), random_fill(w, (size_t)n, 2);
            random_fill(b, (size_t)n, 2);
            if (k % 3 == 0 && n) x[random_below(n)] = specials[random_below(N_SPECIALS)];
#define BOTH(call_r, call_v)                                                                       \
    memcpy(y[0], x, (size_t)bytes), memcpy(y[1], x, (size_t)bytes), call_r, call_v;                \
    CHECK(same_bits(y[0], y[1], LONGEST + 4), "%s n %d: " #call_v, v->name, n)
            BOTH(r->gelu(y[0], n), v->gelu(y[1], n));
            BOTH(r->relu_squared(y[0], n), v->relu_squared(y[1], n));
            BOTH(r->soft_cap(y[0], 7, n), v->soft_cap(y[1], 7, n));
            BOTH(r->mul(y[0], w, n), v->mul(y[1], w, n));
            BOTH(r->add_scaled(y[0], w, b[0], n), v->add_scaled(y[1], w, b[0], n));
            if (n == 0) continue;
            BOTH(r->layer_norm(x, w, b, 1e-6f, n, y[0]), v->layer_norm(x, w, b, 1e-6f, n, y[1]));
            BOTH(r->layer_norm(x, w, NULL, 1, n, y[0]), v->layer_norm(x, w, NULL, 1, n, y[1]));
        }
    }
}

/* -- Attention score modifiers
 * ------------------------------------------------------------------ */

enum { MAX_HD = 40, MAX_KEYS = 150, QUERIES = 5 };

/* Keys, values, queries and score modifiers of one case. */
typedef struct scene {
    jl_kv_type type;
    int hd, n_q, n_keys[QUERIES], first[QUERIES];
    float slope[QUERIES], q[QUERIES * MAX_HD];
    float k[MAX_KEYS][MAX_HD], v[MAX_KEYS][MAX_HD];
    _Alignas(64) uint8_t k_tile[(MAX_KEYS + JL_KV_TILE) * MAX_HD * 4];
    _Alignas(64) uint8_t v_tile[(MAX_KEYS + JL_KV_TILE) * MAX_HD * 4];
    jl_score_modifiers form;
} scene;

static void scene_store(scene *s, const variant *v) {
    size_t bytes = jl_kv_tile_bytes(s->type, s->hd);
    memset(s->k_tile, 0xff, sizeof s->k_tile), memset(s->v_tile, 0xff, sizeof s->v_tile);
    for (int j = 0; j < MAX_KEYS; j++) {
        size_t tile = (size_t)(j / JL_KV_TILE) * bytes;
        for (int d = 0; d < s->hd; d++) {
            s->k[j][d] = random_unit() * 3; /* exact as half floats: */
            s->v[j][d] = jl_half_to_float(jl_float_to_half(random_unit()));
        }
        v->kv_store(s->type, s->k_tile + tile, s->v_tile + tile, j % JL_KV_TILE, s->k[j], s->v[j],
                    s->hd);
        round_vector(s->type, s->k[j], s->hd);
    }
}

static void scene_make(scene *s, const variant *v, int k) {
    static const int sizes[] = { 1, 3, 4, 8, 16, 20, 33, 40 };
    s->type = k & 1 ? JL_KV_F32 : JL_KV_16;
    s->hd = sizes[random_below(8)];
    s->n_q = 1 + random_below(QUERIES);
    scene_store(s, v);
    random_fill(s->q, (size_t)(s->n_q * s->hd), 4 / sqrtf((float)s->hd));
    for (int i = 0; i < s->n_q; i++) {
        s->n_keys[i] = 1 + random_below(MAX_KEYS);
        s->first[i] = random_below(3) ? random_below(s->n_keys[i]) : 0;
        s->slope[i] = ldexpf(1, -1 - random_below(8));
    }
    s->form = (jl_score_modifiers){ k & 2 ? 5.0f : 0.0f, k & 4 ? s->slope : NULL,
                                    k & 8 ? s->first : NULL, NULL, 0 };
}

/* Attention weights and output of query i in double. */
static void scene_exact(const scene *s, int i, double *weights, double *out) {
    double sum = 0, max = -INFINITY;
    float q[MAX_HD];
    memcpy(q, s->q + i * s->hd, (size_t)s->hd * sizeof *q);
    round_vector(s->type, q, s->hd);
    int last = s->n_keys[i] - 1, first = s->form.first ? s->first[i] : 0;
    for (int j = 0; j <= last; j++) {
        double x = 0;
        for (int d = 0; d < s->hd; d++) x += (double)q[d] * s->k[j][d];
        if (s->form.cap > 0) x = (double)s->form.cap * tanh(x / (double)s->form.cap);
        if (s->form.slope) x += (double)s->slope[i] * (j - last);
        weights[j] = j < first ? -INFINITY : x;
        max = fmax(max, weights[j]);
    }
    for (int j = 0; j <= last; j++) sum += weights[j] = exp(weights[j] - max);
    memset(out, 0, (size_t)s->hd * sizeof *out);
    for (int j = 0; j <= last; j++) {
        weights[j] /= sum;
        for (int d = 0; d < s->hd; d++) out[d] += weights[j] * s->v[j][d];
    }
}

static _Alignas(64) uint8_t scratch[1 << 16];

static void attend(const variant *v, const scene *s, int i, int n_q, const jl_score_modifiers *form,
                   float *out) {
    if (jl_attention_bytes(s->hd, n_q) > sizeof scratch) exit(EXIT_FAILURE);
    v->attention(s->type, s->q + i * s->hd, n_q, s->n_keys + i, s->k_tile, s->v_tile, s->hd, form,
                 out, scratch);
}

static void test_score_forms(void) {
    static scene s;
    FOR_VARIANTS(v) {
        for (int k = 0; k < 16 * 40; k++) {
            float out[QUERIES * MAX_HD], weights[MAX_KEYS];
            scene_make(&s, v, k);
            attend(v, &s, 0, s.n_q, &s.form, out);
            for (int i = 0; i < s.n_q; i++) {
                double w[MAX_KEYS], exact[MAX_HD];
                scene_exact(&s, i, w, exact);
                for (int d = 0; d < s.hd; d++)
                    CHECK(fabs(out[i * s.hd + d] - exact[d]) < 1e-5, "%s form %d hd %d: %g %g",
                          v->name, k % 16, s.hd, (double)out[i * s.hd + d], exact[d]);
                v->scores(s.type, s.q + i * s.hd, s.n_keys[i], s.k_tile, s.hd, &s.form, i, weights);
                v->softmax(weights, s.n_keys[i]);
                for (int j = 0; j < s.n_keys[i]; j++)
                    CHECK(fabs(weights[j] - w[j]) < 2e-6, "%s form %d key %d", v->name, k % 16, j);
            }
        }
    }
}

/* Batched and single queries, every variant, with neutral modifiers and with NULL. */
static void test_score_forms_same_bits(void) {
    static scene s;
    FOR_VARIANTS(v) {
        for (int k = 0; k < 16 * 40; k++) {
            float out[QUERIES * MAX_HD], one[QUERIES * MAX_HD], w[2][MAX_KEYS];
            scene_make(&s, variants, k);
            if (k % 11 == 0) s.q[random_below(s.n_q * s.hd)] = specials[random_below(N_SPECIALS)];
            attend(v, &s, 0, s.n_q, &s.form, out);
            for (int i = 0; i < s.n_q; i++) {
                jl_score_modifiers f = { s.form.cap, s.form.slope ? s.form.slope + i : NULL,
                                         s.form.first ? s.form.first + i : NULL, NULL, 0 };
                attend(variants, &s, i, 1, &f, one);
                CHECK(same_bits(one, out + i * s.hd, (size_t)s.hd), "%s form %d", v->name, k % 16);
                for (int b = 0; b < 2; b++)
                    (b ? v : variants)
                        ->scores(s.type, s.q + i * s.hd, s.n_keys[i], s.k_tile, s.hd, &s.form, i,
                                 w[b]);
                CHECK(same_bits(w[0], w[1], (size_t)s.n_keys[i]), "%s form %d", v->name, k % 16);
            }
            jl_score_modifiers empty = { 0 };
            attend(v, &s, 0, s.n_q, NULL, out), attend(v, &s, 0, s.n_q, &empty, one);
            CHECK(same_bits(out, one, (size_t)(s.n_q * s.hd)), "%s empty form", v->name);
        }
    }
}

/* A window or slopes written as biases give the bits of the modifier; whole tiles may be masked. */
static void test_biases(void) {
    static scene s;
    static float bias[QUERIES * MAX_KEYS];
    FOR_VARIANTS(v) {
        for (int k = 0; k < 16 * 40; k++) {
            float out[QUERIES * MAX_HD], biased[QUERIES * MAX_HD];
            scene_make(&s, v, k);
            jl_score_modifiers form = { s.form.cap, NULL, s.form.first, NULL, 0 };
            if (s.form.slope && !s.form.first) form.slope = s.form.slope;
            attend(v, &s, 0, s.n_q, &form, out);
            for (int i = 0; i < s.n_q; i++)
                for (int j = 0; j < MAX_KEYS; j++)
                    bias[i * MAX_KEYS + j] = form.first && j < form.first[i] ? -INFINITY
                                             : form.slope
                                                 ? form.slope[i] * (float)(j - (s.n_keys[i] - 1))
                                                 : 0;
            form = (jl_score_modifiers){ s.form.cap, NULL, NULL, bias, MAX_KEYS };
            attend(v, &s, 0, s.n_q, &form, biased);
            CHECK(same_bits(out, biased, (size_t)(s.n_q * s.hd)), "%s form %d", v->name, k % 16);
        }
    }
}

int main(void) {
    RUN(test_layer_norm);
    RUN(test_activations);
    RUN(test_limits);
    RUN(test_vectors);
    RUN(test_same_bits);
    RUN(test_score_forms);
    RUN(test_score_forms_same_bits);
    RUN(test_biases);
    return check_report("compute/activations (" VARIANT_NAMES ")");
}
