/* position.c - rotary frequencies from metadata, and the angles of a batch.
 *
 * Computed in double and rounded once, so the tables agree on every machine. The formulas of linear
 * scaling and YaRN follow the papers in the constants that GGUF's keys name; beta_fast and
 * beta_slow are YaRN's recommended 32 and 1 (§3.2). What it does not do: rotate (compute/kernels.h
 * jl_rope does).
 */
#include "position.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586;

/* <arch>.<rest> in out[96]. */
static const char *key(char *out, const jl_arch *arch, const char *rest) {
    jl_format(out, 96, "%s.%s", arch->name, rest);
    return out;
}

/* The (fractional) pair that turns `turns` times over the trained context: YaRN eq. 17. */
static double pair_of_turns(double turns, double context, int n_rot, double base) {
    return n_rot * log(context / (turns * TWO_PI)) / (2 * log(base));
}

/* YaRN: fast pairs stay, slow pairs are interpolated, a ramp between; lengths grow by
 * 0.1·ln(factor) + 1. */
static void stretch_yarn(jl_rope_table *r, double factor, double context, double base) {
    int n_rot = 2 * r->n_pairs;
    double low = fmax(0, floor(pair_of_turns(32, context, n_rot, base)));
    double high = fmin(n_rot - 1, ceil(pair_of_turns(1, context, n_rot, base)));
    for (int i = 0; i < r->n_pairs; i++) {
        double ramp = fmin(1, fmax(0, (i - low) / fmax(0.001, high - low)));
        r->frequency[i] *= 1 - ramp + ramp / factor;
    }
    r->length *= 1 + 0.1 * log(factor);
}

typedef struct scaling {
    jl_str type;
    float factor, attn_factor;
    uint32_t context; /* trained length before stretching; 0: not given */
} scaling;

static jl_status read_scaling(scaling *s, const jl_gguf *g, const jl_arch *arch, jl_error *error) {
    char k[96];
    jl_status st = jl_gguf_string(g, key(k, arch, "rope.scaling.type"), &s->type, error);
    if (!st) st = jl_gguf_f32(g, key(k, arch, "rope.scaling.factor"), &s->factor, error);
    if (!st) st = jl_gguf_f32(g, key(k, arch, "rope.scaling.attn_factor"), &s->attn_factor, error);
    if (!st)
        st = jl_gguf_u32(g, key(k, arch, "rope.scaling.original_context_length"), &s->context,
                         error);
    if (!st && !s->context) st = jl_gguf_u32(g, key(k, arch, "context_length"), &s->context, error);
    if (!st && !(s->factor > 0))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET,
                     jl_string(key(k, arch, "rope.scaling.factor")), "must be greater than 0");
    return st;
}

static jl_status apply_scaling(jl_rope_table *r, const scaling *s, const jl_arch *arch, double base,
                               jl_error *error) {
    char k[96];
    if (s->type.n == 0 || jl_str_equal(s->type, "none")) return JL_OK;
    if (jl_str_equal(s->type, "linear")) {
        for (int i = 0; i < r->n_pairs; i++) r->frequency[i] /= (double)s->factor;
    } else if (jl_str_equal(s->type, "yarn") && s->context > 0 && base > 1) {
        stretch_yarn(r, (double)s->factor, s->context, base);
    } else {
        return jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET,
                       jl_string(key(k, arch, "rope.scaling.type")),
                       "expected none, linear or yarn, found %S", s->type);
    }
    r->length *= (double)s->attn_factor;
    return JL_OK;
}

jl_status jl_rope_read(jl_rope_table *r, const jl_gguf *g, const jl_arch *arch, int head_dim,
                       jl_error *error) {
    char k[96];
    float base = 10000;
    uint32_t n_rot = (uint32_t)head_dim;
    scaling s = { { 0 }, 1, 1, 0 };
    jl_status st = jl_gguf_f32(g, key(k, arch, "rope.freq_base"), &base, error);
    if (!st && !(base > 0))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(k), "must be greater than 0");
    if (!st) st = jl_gguf_u32(g, key(k, arch, "rope.dimension_count"), &n_rot, error);
    if (!st && (n_rot < 2 || n_rot > (uint32_t)head_dim || n_rot % 2 || n_rot > 2 * JL_MAX_PAIRS))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(k),
                     "expected an even number up to the head size %d, found %u", head_dim,
                     (uint64_t)n_rot);
    if (!st) st = read_scaling(&s, g, arch, error);
    if (st) return st;
    r->n_pairs = (int)n_rot / 2;
    r->stride_pair = arch->rope == JL_ROPE_NEIGHBOURS ? 2 : 1;
    r->distance = arch->rope == JL_ROPE_NEIGHBOURS ? 1 : r->n_pairs;
    r->length = 1;
    for (int i = 0; i < r->n_pairs; i++)
        r->frequency[i] = pow((double)base, -2.0 * i / (double)n_rot);
    return apply_scaling(r, &s, arch, (double)base, error);
}

jl_status jl_rope_divide(jl_rope_table *r, const float *factors, jl_error *error) {
    for (int i = 0; i < r->n_pairs; i++) {
        if (!(factors[i] > 0 && factors[i] < INFINITY))
            return jl_fail(error, JL_ERR_TENSOR, JL_NO_OFFSET, jl_string("rope_freqs.weight"),
                           "element %d is not a positive number", i);
        r->frequency[i] /= (double)factors[i];
    }
    return JL_OK;
}

void jl_rope_angles(const jl_rope_table *r, int pos, int n, float *cs) {
    for (int t = 0; t < n; t++)
        for (int i = 0; i < r->n_pairs; i++) {
            double angle = (pos + t) * r->frequency[i];
            *cs++ = (float)(r->length * cos(angle));
            *cs++ = (float)(r->length * sin(angle));
        }
}
