/* position.c - rotary frequencies and ALiBi slopes from metadata.
 *
 * Computed in double and rounded once, so that the tables agree on every machine. Linear scaling
 * and YaRN follow their papers, with the constants of the GGUF keys. forward.c computes the angles
 * of a batch; jl_rope (compute/kernels.h) rotates.
 */
#include "position.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586;

/* The (fractional) pair that rotates `turns` times over the trained context: YaRN eq. 17. */
static double pair_of_turns(double turns, double context, int n_rot, double base) {
    return n_rot * log(context / (turns * TWO_PI)) / (2 * log(base));
}

typedef struct scaling {
    jl_str type;
    float factor, attn_factor;
    float beta_fast, beta_slow; /* YaRN: turns over the trained context, 32 and 1 (§3.2) */
    double context;             /* trained length before scaling */
} scaling;

/* YaRN: keeps fast pairs, interpolates slow pairs, with a ramp between; multiplies lengths by
 * 0.1·ln(factor) + 1. */
static void stretch_yarn(jl_rope_table *r, const scaling *s, double base) {
    int n_rot = 2 * r->n_pairs;
    double factor = (double)s->factor;
    double low = pair_of_turns((double)s->beta_fast, s->context, n_rot, base);
    double high = pair_of_turns((double)s->beta_slow, s->context, n_rot, base);
    low = fmax(0, floor(low)), high = fmin(n_rot - 1, ceil(high));
    for (int i = 0; i < r->n_pairs; i++) {
        double ramp = fmin(1, fmax(0, (i - low) / fmax(0.001, high - low)));
        r->frequency[i] *= 1 - ramp + ramp / factor;
    }
    r->length *= 1 + 0.1 * log(factor);
}

/* Reads a value of <arch>.rope.*, > 0 if present. */
static jl_status read_positive(float *out, const jl_gguf *g, const jl_arch *arch, const char *rest,
                               jl_error *error) {
    char k[JL_GGUF_KEY];
    jl_status st = jl_gguf_f32(g, jl_gguf_key(k, jl_string(arch->name), rest), out, error);
    if (!st && !(*out > 0))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(k),
                     "must be greater than 0; the file is damaged");
    return st;
}

/* A factor without a type means linear. */
static jl_status read_scaling(scaling *s, const jl_gguf *g, const jl_arch *arch, jl_error *error) {
    char k[JL_GGUF_KEY];
    const struct {
        const char *key;
        float *out;
    } numbers[] = {
        { "rope.scale_linear", &s->factor }, /* the factor's older name */
        { "rope.scaling.factor", &s->factor },
        { "rope.scaling.attn_factor", &s->attn_factor },
        { "rope.scaling.yarn_beta_fast", &s->beta_fast },
        { "rope.scaling.yarn_beta_slow", &s->beta_slow },
    };
    jl_status st = jl_gguf_string(g, jl_gguf_key(k, jl_string(arch->name), "rope.scaling.type"),
                                  &s->type, error);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !st; i++)
        st = read_positive(numbers[i].out, g, arch, numbers[i].key, error);
    return st;
}

static jl_status apply_scaling(jl_rope_table *r, const scaling *s, const jl_arch *arch, double base,
                               jl_error *error) {
    char k[JL_GGUF_KEY];
    if (jl_str_equal(s->type, "yarn") && base > 1) {
        stretch_yarn(r, s, base);
    } else if (jl_str_equal(s->type, "linear") || jl_str_equal(s->type, "longrope")) {
        for (int i = 0; i < r->n_pairs; i++) r->frequency[i] /= (double)s->factor;
    } else if (!jl_str_equal(s->type, "none")) {
        return jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET,
                       jl_string(jl_gguf_key(k, jl_string(arch->name), "rope.scaling.type")),
                       "expected none, linear, longrope, or yarn with a base above 1, found %S; "
                       "choose another model",
                       s->type);
    }
    r->length *= (double)s->attn_factor;
    return JL_OK;
}

static void plain_frequencies(jl_rope_table *r, double base) {
    r->length = 1;
    r->base = base;
    for (int i = 0; i < r->n_pairs; i++) r->frequency[i] = pow(base, -1.0 * i / r->n_pairs);
}

static jl_status read_pairs(jl_rope_table *r, const jl_gguf *g, const jl_arch *arch, int head_dim,
                            jl_error *error) {
    char k[JL_GGUF_KEY];
    uint32_t n_rot = (uint32_t)head_dim;
    jl_status st = jl_gguf_u32(g, jl_gguf_key(k, jl_string(arch->name), "rope.dimension_count"),
                               &n_rot, error);
    if (!st && (n_rot < 2 || n_rot > (uint32_t)head_dim || n_rot % 2 || n_rot > 2 * JL_MAX_PAIRS))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(k),
                     "expected an even number up to the head size %d, found %u; the file is "
                     "damaged",
                     head_dim, (uint64_t)n_rot);
    r->n_pairs = (int)n_rot / 2;
    r->stride_pair = arch->rope == JL_ROPE_NEIGHBOURS ? 2 : 1;
    r->distance = arch->rope == JL_ROPE_NEIGHBOURS ? 1 : r->n_pairs;
    return st;
}

jl_status jl_rope_read(jl_rope_table *r, const jl_gguf *g, const jl_arch *arch, int head_dim,
                       int context, jl_error *error) {
    jl_rope_table *local = &r[JL_ROPE_LOCAL];
    float base = 10000, local_base;
    scaling s = { jl_string("linear"), 1, 1, 32, 1, context };
    jl_status st = read_pairs(r, g, arch, head_dim, error);
    if (!st) st = read_positive(&base, g, arch, "rope.freq_base", error);
    local_base = arch->local_base > 0 ? arch->local_base : base;
    if (!st) st = read_positive(&local_base, g, arch, "rope.freq_base_swa", error);
    if (!st) st = read_scaling(&s, g, arch, error);
    if (st) return st;
    *local = *r;
    plain_frequencies(r, (double)base);
    plain_frequencies(local, (double)local_base);
    st = apply_scaling(r, &s, arch, (double)base, error);
    if (!st && !(arch->rules & JL_LOCAL_UNSCALED))
        st = apply_scaling(local, &s, arch, (double)local_base, error);
    return st;
}

jl_status jl_rope_divide(jl_rope_table *r, const char *name, const float *factors,
                         jl_error *error) {
    for (int i = 0; i < r->n_pairs; i++) {
        if (!(factors[i] > 0 && factors[i] < INFINITY))
            return jl_fail(error, JL_ERR_TENSOR, JL_NO_OFFSET, jl_string(name),
                           "element %d is not a positive number; the file is damaged", i);
        r->frequency[i] /= (double)factors[i];
    }
    return JL_OK;
}

void jl_alibi_slopes(float *slopes, int heads, float max_exponent) {
    int power = 1; /* largest power of 2 ≤ heads */
    while (2 * power <= heads) power *= 2;
    for (int i = 0; i < heads; i++) {
        double step = i < power ? i + 1 : i - power + 0.5; /* between the first ones */
        slopes[i] = (float)pow(2, -(double)max_exponent * step / power);
    }
}
