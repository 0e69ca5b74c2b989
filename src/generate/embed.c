/* embed.c - a text as one vector: hidden states, pooled.
 *
 * Place in the flow: ids in a session → forward pass with a listener after the output norm → rows →
 * one vector of length 1. Batches come one a call, so a host can stop between two; the vector that
 * grows belongs to the caller, the session keeps no more than its cache. Pooling as in llama.cpp
 * (llm_graph_context::build_pooling). In a decoder each position has seen only what came before,
 * so the mean is the usual choice for models that were not trained to embed, the last token for
 * those that were; an encoder takes the whole text as one batch, and its file says what it wants.
 */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
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

/* To Euclidean length 1; the mean's divisor falls out. */
static void normalise(float *x, int width) {
    double sum = 0;
    for (int i = 0; i < width; i++) sum += (double)x[i] * (double)x[i];
    double factor = sum > 0 ? 1 / sqrt(sum) : 0;
    for (int i = 0; i < width; i++) x[i] = (float)((double)x[i] * factor);
}

static jl_status check(const jl_session *s, jl_pooling pooling, jl_error *error) {
    if (pooling < JL_POOLING_MEAN || pooling > JL_POOLING_LAST)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("pooling"),
                       "expected 1 (mean), 2 (cls) or 3 (last), found %d", (int)pooling);
    if (s->n_ids > 0 && s->n_cached < s->n_ids) return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("session"),
                   "there is nothing new to embed; rewind it to 0 and append a text first");
}

jl_status jl_session_embed(jl_session *s, jl_pooling pooling, float *out, jl_error *error) {
    if (check(s, pooling, error)) return JL_ERR_ARGUMENT;
    int pending = s->n_ids - s->n_cached, width = s->m->h.n_embd;
    int n = pending < s->n_batch ? pending : s->n_batch, last = n == pending;
    float *rows = jl_alloc_array((uint64_t)n * (uint64_t)width, sizeof *rows);
    if (!rows)
        return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("session"),
                       "no room for the hidden states of %d tokens; close other sessions", n);
    jl_tap tap = { JL_TAP_OUTPUT, 0, 0, n, width, rows };
    jl_taps taps = { &tap, 1, 0 };
    int first = s->n_cached == 0;
    jl_status st = jl_session_evaluate(s, 0, &taps, error);
    if (!st) pool(out, rows, n, width, pooling, first, last);
    jl_free(rows);
    if (!st && last) normalise(out, width);
    return st ? st : last ? JL_OK : JL_MORE;
}
