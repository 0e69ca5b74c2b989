/* embed.c - a text as one vector: hidden states, pooled.
 *
 * Place in the flow: ids in a session → forward pass → hidden states → one vector of length 1. A
 * call is one step of a batch, so a host can stop between two; the caller owns the vector. Pooling
 * and what follows it, projections or a reranker's head, as in llama.cpp
 * (llm_graph_context::build_pooling, build_dense_out). Decoders are causal: use the last token if
 * the model was trained to embed, else the mean. An encoder takes the whole text as one batch, and
 * its file names the pooling. Several texts are one batch, of an encoder or a decoder.
 */
#include <math.h>
#include <string.h>

#include "../forward/feed_forward.h"
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

static void head_activation(const jl_model *m, float *x, int n) {
    if (m->arch->rules & JL_HEAD_MEAN)
        jl_gelu_erf(x, n);
    else
        for (int i = 0; i < n; i++) x[i] = 1 - 2 / (1 + jl_exp(2 * x[i])); /* tanh */
}

/* x[0] = the score of a pooled text: W_out act(W x + b) + b_out, each optional; the rest 0. */
static jl_status rank(jl_session *s, float *x, jl_error *error) {
    const jl_model *m = s->m;
    const jl_weights *w = &m->w;
    jl_scratch *to = &s->scratch;
    jl_pass p = { .m = m, .s = to };
    int width = m->h.n_embd, n = width;
    memcpy(to->h, x, (size_t)width * sizeof *x);
    if (w->cls.w.rows) {
        n = w->cls.w.rows;
        jl_linear_forward(to, to->h, 1, (const jl_linear *[]){ &w->cls }, &to->delta, 1);
        head_activation(m, to->delta, n);
        memcpy(to->h, to->delta, (size_t)n * sizeof *x);
        if (w->cls_norm.weight) jl_normalise(&p, &w->cls_norm, to->delta, 1, width, to->h);
    }
    if (w->cls_out.w.rows) {
        n = w->cls_out.w.rows;
        jl_linear_forward(to, to->h, 1, (const jl_linear *[]){ &w->cls_out }, &to->delta, 1);
        memcpy(to->h, to->delta, (size_t)n * sizeof *x);
    }
    if (m->arch->rules & JL_HEAD_SOFTMAX) jl_softmax(to->h, n);
    memset(x, 0, (size_t)width * sizeof *x);
    x[0] = to->h[0];
    if (isfinite(x[0])) return JL_OK;
    return jl_fail(error, JL_ERR_NUMERIC, JL_NO_OFFSET, jl_string("score"),
                   "it is not a finite number; the model's weights are damaged");
}
/* What a head reads: of a decoder the last token, as in llama.cpp. */
static jl_pooling kind_of(const jl_model *m, jl_pooling pooling) {
    if (pooling != JL_POOLING_RANK) return pooling;
    return m->h.head_mean ? JL_POOLING_MEAN : m->h.encoder ? JL_POOLING_CLS : JL_POOLING_LAST;
}

/* The result of a text of n tokens from its pooled states. */
static jl_status finish(jl_session *s, jl_pooling pooling, int n, float *x, jl_error *error) {
    int width = s->m->h.n_embd;
    if (pooling == JL_POOLING_RANK) {
        if (s->m->h.head_mean) jl_scale(x, 1.0f / (float)n, width);
        return rank(s, x, error);
    }
    project(s, x);
    return normalise(x, width, error);
}

static int has_head(const jl_model *m) {
    return m->w.cls.w.rows || m->w.cls_out.w.rows;
}
#else
static jl_pooling kind_of(const jl_model *m, jl_pooling pooling) {
    (void)m;
    return pooling;
}

static jl_status finish(jl_session *s, jl_pooling pooling, int n, float *x, jl_error *error) {
    (void)pooling, (void)n;
    return normalise(x, s->m->h.n_embd, error);
}

static int has_head(const jl_model *m) {
    (void)m;
    return 0;
}
#endif

static jl_status check(const jl_session *s, jl_pooling pooling, jl_error *error) {
    if (pooling < JL_POOLING_MEAN || pooling > JL_POOLING_RANK)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("pooling"),
                       "expected 1 (mean), 2 (cls), 3 (last) or 4 (rank), found %d", (int)pooling);
    if (pooling == JL_POOLING_RANK && !has_head(s->m))
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("pooling"),
                       "this model has no classification head; choose a reranker");
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
        pool(out, rows + (size_t)t * (size_t)width, n, width, kind_of(s->m, pooling), 1, 1);
        st = finish(s, pooling, n, out, error);
    }
    if (s->max_texts) return st;
    int last = s->n_cached == s->n_ids;
    pool(out, rows, s->n_cached - from, width, kind_of(s->m, pooling), from == 0, last);
    return last ? finish(s, pooling, s->n_ids, out, error) : JL_MORE;
}

void jl_vector_products(const float *x, const float *rows, int n, int width, float *out) {
    jl_dot_rows(x, rows, n, width, out);
}
