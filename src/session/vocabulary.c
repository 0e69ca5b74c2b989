/* vocabulary.c - rows of the token tables, and logits of any vectors: readings without a session.
 *
 * Place in the flow: ids → rows as floats; residual streams → forward/unembed.c → logits. Reads
 * only the model; allocates its scratch for each call, so a host passes a few rows at a time.
 */
#include <math.h>

#include "../base/memory.h"
#include "../forward/linear.h"
#include "../forward/unembed.h"
#include "../jielong_inside.h"

static jl_status check_model(const jl_model *m, int output, jl_error *error) {
    if (!m->arch || m->loader)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("model"),
                       m->loader ? "it is not completely loaded"
                                 : "the file holds a vocabulary without weights");
    if (output && m->h.encoder)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("model"),
                       "an encoder (%s) has no output matrix, so it gives no logits",
                       m->arch->name);
    return JL_OK;
}

static jl_status check_id(const jl_model *m, int64_t id, const char *where, jl_error *error) {
    if (id >= 0 && id < m->h.n_vocab) return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where),
                   "there is no token %d in this model's vocabulary of %d", (int)id, m->h.n_vocab);
}

jl_status jl_model_rows(const jl_model *m, jl_table table, const int32_t *ids, int n, float *out,
                        jl_error *error) {
    jl_status st = check_model(m, table == JL_TABLE_OUTPUT, error);
    for (int i = 0; i < n && !st; i++) st = check_id(m, ids[i], "ids", error);
    const jl_matrix *rows = table == JL_TABLE_OUTPUT ? &m->w.output.w : &m->w.token_embd;
    for (int i = 0; i < n && !st; i++, out += m->h.n_embd) jl_matrix_row(rows, ids[i], out);
    return st;
}

/* ---- Cosines --------------------------------------------------------------------------------- */

/* Σ a·b and Σ b², in four lanes. */
static double dot(const float *a, const float *b, int n, double *square) {
    double ab[4] = { 0 }, bb[4] = { 0 };
    for (int i = 0; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++) {
            ab[k] += (double)a[i + k] * (double)b[i + k];
            bb[k] += (double)b[i + k] * (double)b[i + k];
        }
    for (int i = n & ~3; i < n; i++) {
        ab[0] += (double)a[i] * (double)b[i];
        bb[0] += (double)b[i] * (double)b[i];
    }
    *square = (bb[0] + bb[1]) + (bb[2] + bb[3]);
    return (ab[0] + ab[1]) + (ab[2] + ab[3]);
}

jl_status jl_model_cosines(const jl_model *m, int32_t id, int from, int n, float *out,
                           jl_error *error) {
    jl_status st = check_model(m, 0, error);
    int width = m->h.n_embd;
    if (!st) st = check_id(m, id, "id", error);
    if (!st && n > 0) st = check_id(m, from, "from", error);
    if (!st && n > 0) st = check_id(m, (int64_t)from + n - 1, "from", error);
    if (st) return st;
    float *a = jl_alloc_array(2 * (uint64_t)width, sizeof *a);
    if (!a) return jl_no_memory(error, "rows");
    float *b = a + width;
    jl_matrix_row(&m->w.token_embd, id, a);
    double square, length;
    dot(a, a, width, &square);
    length = sqrt(square);
    for (int i = 0; i < n; i++) {
        jl_matrix_row(&m->w.token_embd, from + i, b);
        double product = dot(a, b, width, &square), lengths = length * sqrt(square);
        out[i] = lengths > 0 ? (float)(product / lengths) : 0;
    }
    jl_free(a);
    return JL_OK;
}

/* ---- Logits ---------------------------------------------------------------------------------- */

jl_status jl_model_unembed(const jl_model *m, const float *x, int n, int norm, jl_pool *pool,
                           float *out, jl_error *error) {
    jl_status st = check_model(m, 1, error);
    if (st || n <= 0) return st;
    uint64_t width = (uint64_t)m->h.n_embd;
    jl_meter meter = { 0 };
    jl_scratch s = { .pool = pool, .meter = &meter };
    float *h = norm ? jl_alloc_array((uint64_t)n * width, sizeof *h) : NULL;
    s.act = jl_alloc(jl_act_bytes(n, m->h.n_embd));
    jl_pass p = { .m = m, .s = &s, .n = n };
    if ((norm && !h) || !s.act) {
        st = jl_no_memory(error, "unembed");
    } else {
        if (norm) jl_normalise(&p, &m->w.output_norm, x, n, m->h.n_embd, h);
        jl_unembed(&s, m, norm ? h : x, n, out);
        if (jl_pool_lost(pool))
            st = jl_fail(error, JL_ERR_THREAD, JL_NO_OFFSET, jl_string("threads"),
                         "one of %d stopped responding; end the workers and continue with one "
                         "thread",
                         jl_pool_max(pool));
    }
    jl_free(h);
    jl_free(s.act);
    return st;
}

jl_status jl_model_unembedding(const jl_model *m, jl_unembedding *out, jl_error *error) {
    jl_status st = check_model(m, 1, error);
    if (st) return st;
    *out = (jl_unembedding){ .layer_norm = m->arch->norm == JL_LAYER_NORM,
                             .eps = m->h.eps,
                             .logit_scale = m->h.logit_scale,
                             .logit_cap = m->h.logit_cap,
                             .weight = m->w.output_norm.weight,
                             .bias = m->w.output_norm.bias,
                             .output_bias = m->w.output.bias };
    return JL_OK;
}
