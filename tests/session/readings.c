/* readings.c - readings of a model without a session: rows, cosines, logits of any vectors, the
 * trace of a tokenisation; refusals and failed allocations.
 *
 * Run in the repository's root: reads tests/golden/arch.
 */
#include <math.h>

#include "../../src/base/memory.h"
#include "../../src/jielong_inside.h"
#include "../helpers/goldens.h"

static void unembed_gives_the_logits(void) {
    for (int i = 0; i < N_GOLDENS; i++) {
        jl_model *m = load_golden(goldens[i]);
        if (!m) SKIP("tests/golden is not in the working directory");
        jl_error e = { 0 };
        jl_session *s = open_session(m, 0, 64, 0);
        int last_block = jl_model_n_layers(m) - 1;
        jl_tap tap = { .site = JL_SITE_RESID_POST, .layer = last_block, .head = -1, .to = -1 };
        CHECK(run_taps(s, ids, N_IDS, &tap, 1, &e) == JL_OK, "%s", e.message);
        int n = jl_model_n_vocab(m);
        float *found = malloc((size_t)(N_IDS * n) * sizeof *found);
        CHECK(jl_model_unembed(m, tap.data, N_IDS, 1, NULL, found, &e) == JL_OK, "%s", e.message);
        const float *logits = jl_session_logits(s), *last = found + (N_IDS - 1) * n;
        float worst = 0, largest = 0;
        for (int v = 0; v < n; v++) {
            worst = fmaxf(worst, fabsf(last[v] - logits[v]));
            largest = fmaxf(largest, fabsf(logits[v]));
        }
        CHECK(worst <= 1e-6f * largest, "%s: %g of %g", goldens[i], (double)worst, (double)largest);
        free(found);
        jl_session_free(s), jl_model_free(m);
    }
}

static void a_row_has_cosine_one_with_itself(void) {
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_error e = { 0 };
    float c[3];
    CHECK(jl_model_cosines(m, 8, 7, 3, c, &e) == JL_OK && fabsf(c[1] - 1) < 1e-6f);
    CHECK(fabsf(c[0]) < 1 && fabsf(c[2]) < 1);
    CHECK(jl_model_cosines(m, 8, 160, 0, c, &e) == JL_OK);
    jl_model_free(m);
}

static void refused(jl_status found, jl_error *e, const char *where, const char *words) {
    CHECK(found == JL_ERR_ARGUMENT && e->code == found, "%d", (int)found);
    CHECK(!strcmp(e->where, where) && strstr(e->message, words), "%s: %s", e->where, e->message);
    jl_error_clear(e);
}

static void refusals(void) {
    jl_model *m = load_golden("llama"), *encoder = load_golden("bert");
    if (!m || !encoder) SKIP("tests/golden is not in the working directory");
    jl_error e = { 0 };
    jl_unembedding u;
    float out[4 * MAX_WIDTH];
    int32_t bad[] = { 0, 160 };
    refused(jl_model_rows(m, JL_TABLE_EMBEDDING, bad, 2, out, &e), &e, "ids", "no token 160");
    refused(jl_model_cosines(m, -1, 0, 1, out, &e), &e, "id", "no token -1");
    refused(jl_model_cosines(m, 0, 159, 2, out, &e), &e, "from", "no token 160");
    refused(jl_model_unembed(encoder, out, 1, 1, NULL, out, &e), &e, "model", "encoder (bert)");
    refused(jl_model_rows(encoder, JL_TABLE_OUTPUT, bad, 1, out, &e), &e, "model", "encoder");
    refused(jl_model_unembedding(encoder, &u, &e), &e, "model", "no output matrix");
    CHECK(jl_model_rows(encoder, JL_TABLE_EMBEDDING, bad, 1, out, &e) == JL_OK);
    static char text[JL_MAX_TRACE_TEXT + 1];
    memset(text, 'a', sizeof text);
    CHECK(!jl_trace_new(encoder, text, sizeof text, 0, &e));
    refused(e.code, &e, "text", "at most 16384 bytes to record, found 16385");
    jl_trace *t = jl_trace_new(encoder, text, sizeof text - 1, 0, &e);
    CHECK(t != NULL, "%s", e.message);
    jl_trace_free(t), jl_trace_free(NULL);
    jl_model_free(m), jl_model_free(encoder);
}

static void every_allocation_may_fail(void) {
#ifndef JL_DEBUG
    SKIP("allocation failures need a build with JL_DEBUG");
#else
    jl_model *m = load_golden("llama"), *words = load_golden("bert");
    if (!m || !words) SKIP("tests/golden is not in the working directory");
    static const char text[] = "the quick brown fox, unaffable";
    float x[MAX_WIDTH] = { 1 }, out[256];
    int live = jl_memory_live(), n = 0;
    for (int left = 3; left > 0; n++) {
        jl_error e = { 0 };
        jl_memory_fail_after(n);
        jl_status st = left == 3   ? jl_model_unembed(m, x, 1, 1, NULL, out, &e)
                       : left == 2 ? jl_model_cosines(m, 1, 0, 9, out, &e)
                                   : JL_OK;
        jl_trace *t = left == 1 ? jl_trace_new(words, text, sizeof text - 1, 0, &e) : NULL;
        jl_memory_fail_after(-1);
        CHECK(e.code == JL_OK || e.code == JL_ERR_MEMORY, "%d", (int)e.code);
        CHECK((st == JL_OK && e.code == JL_OK) || st == e.code || left == 1);
        if (e.code == JL_OK) left--, n = -1;
        jl_trace_free(t);
        CHECK(jl_memory_live() == live, "allocation %d", n);
    }
    jl_model_free(m), jl_model_free(words);
#endif
}

int main(void) {
    RUN(unembed_gives_the_logits);
    RUN(a_row_has_cosine_one_with_itself);
    RUN(refusals);
    RUN(every_allocation_may_fail);
    return check_report("session/readings");
}
