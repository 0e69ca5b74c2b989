/* embed.c - a text as one vector: hidden states, pooled.
 *
 * Place in the flow: ids in a session → forward pass → hidden states → one vector of length 1. A
 * call is one step of a batch, so a host can stop between two; the caller owns the vector. Pooling
 * and the projections after it as in llama.cpp (llm_graph_context::build_pooling, build_dense_out). Decoders are causal: use the last token if
 * the model was trained to embed, else the mean. An encoder takes the whole text as one batch, and
 * its file names the pooling. Several texts are one batch, of an encoder or a decoder.
 */
#include <math.h>
#include <string.h>

#include "../forward/linear.h"
#include "session.h"

static void pool(float *out, const float *rows, int n, int width, jl_pooling pooling, int first,
                 int last) {
    size_t bytes = (size_t)width * sizeof *out;
    if (first) memset(out, 0, bytes);
    if (pooling == JL_POOLING_CLS && first) memcpy(out, rows, bytes);
    if (pooling == JL_POOLING_LAST && last)
        memcpy(out, rows + (size_t)(n - 1) * (size_t)width, bytes);
    for (int t = 0; pooling == JL_POOLING_MEAN && t < n; t++)
        for (int i = 0; i < width; i++) out[i] += rows[(size_t)t * (size_t)width + (size_t)i];
}

/* To Euclidean length 1, which cancels the mean's 1/n. */
static jl_status normalise(float *x, int width, jl_error *error) {
    double sum = 0;
    for (int i = 0; i < width; i++) sum += (double)x[i] * (double)x[i];
    if (!isfinite(sum))
        return jl_fail(error, JL_ERR_NUMERIC, JL_NO_OFFSET, jl_string("hidden states"),
                       "some are not finite numbers; the model's weights are damaged");
    double factor = sum > 0 ? 1 / sqrt(sum) : 0;
    for (int i = 0; i < width; i++) x[i] = (float)((double)x[i] * factor);
    return JL_OK;
}

#ifdef JL_ALL
/* x = W_3 W_2 x, the model's matrices after pooling. Overwrites the scratch. */
static void project(jl_session *s, float *x) {
    const jl_weights *w = &s->m->w;
    jl_scratch *to = &s->scratch;
    size_t bytes = (size_t)s->m->h.n_embd * sizeof *x;
    if (w->dense[0].w.rows == 0) return;
    memcpy(to->h, x, bytes);
    jl_linear_forward(to, to->h, 1, (const jl_linear *[]){ &w->dense[0] }, &to->gate, 1);
    jl_linear_forward(to, to->gate, 1, (const jl_linear *[]){ &w->dense[1] }, &to->delta, 1);
    memcpy(x, to->delta, bytes);
}
#else
static void project(jl_session *s, float *x) {
    (void)s, (void)x;
}
#endif

static jl_status check(const jl_session *s, jl_pooling pooling, jl_error *error) {
    if (pooling < JL_POOLING_MEAN || pooling > JL_POOLING_LAST)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("pooling"),
                       "expected 1 (mean), 2 (cls) or 3 (last), found %d", (int)pooling);
    if (s->n_ids > 0 && s->n_cached < s->n_ids) return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("session"),
                   "there is no new text to embed; rewind to 0 and append a text");
}

jl_status jl_session_embed(jl_session *s, jl_pooling pooling, float *out, jl_error *error) {
    jl_session_run_end(s);
    if (check(s, pooling, error)) return JL_ERR_ARGUMENT;
    const float *rows = NULL;
    int from = s->n_cached, width = s->m->h.n_embd;
    jl_status st = jl_session_evaluate(s, JL_FOR_STATES, &rows, error);
    if (st) return st;
    for (int t = 0; s->max_texts && t < s->n_ids && !st; t = s->texts[t].end, out += width) {
        int n = s->texts[t].end - t;
        pool(out, rows + (size_t)t * (size_t)width, n, width, pooling, 1, 1);
        project(s, out);
        st = normalise(out, width, error);
    }
    if (s->max_texts) return st;
    int last = s->n_cached == s->n_ids;
    pool(out, rows, s->n_cached - from, width, pooling, from == 0, last);
    if (!last) return JL_MORE;
    project(s, out);
    return normalise(out, width, error);
}

void jl_vector_products(const float *x, const float *rows, int n, int width, float *out) {
    jl_dot_rows(x, rows, n, width, out);
}
