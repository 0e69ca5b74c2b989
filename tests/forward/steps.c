/* steps.c - evaluating a batch in steps of any length gives the bits of one call, and no step
 * exceeds its bound.
 *
 * Covers every architecture golden, encoder texts and taps. Run in the repository's root: reads
 * tests/golden/arch.
 */
#include "../../src/session/session.h"
#include "../../src/forward/attention.h"
#include "../helpers/goldens.h"

/* Advances to the end; returns the number of calls. */
static int advance_counting(jl_session *s) {
    jl_error e = { 0 };
    int calls = 1;
    while (jl_session_advance(s, &e) == JL_MORE && calls < 1 << 20) calls++;
    CHECK(e.code == JL_OK && jl_session_logits(s), "%s", e.message);
    return calls;
}

/* A block takes at most `max` multiplications of attention per step, or one row. */
static void compare_short_steps(const char *name, const jl_model *m, uint64_t max) {
    size_t bytes = (size_t)jl_model_n_vocab(m) * sizeof(float);
    jl_error e = { 0 };
    jl_session *whole = open_session(m, 0, 64, 0), *s = open_session(m, 0, 64, 0);
    const float *wanted = advance(whole, ids, N_IDS);
    s->step = max;
    CHECK(jl_session_append(s, ids, N_IDS, &e) == JL_OK);
    int calls = advance_counting(s);
    int more = m->h.n_recurrent == 0; /* recurrent blocks take all rows in one step */
    CHECK(calls >= jl_model_n_layers(m) + more, "%s: %d calls", name, calls);
    CHECK(memcmp(jl_session_logits(s), wanted, bytes) == 0, "%s: steps of %d", name, (int)max);
    /* A batch is abandoned midway: by a rewind, more tokens, or another kind of evaluation. */
    CHECK(jl_session_rewind(s, 0, &e) == JL_OK && jl_session_append(s, ids, 20, &e) == JL_OK);
    CHECK(jl_session_advance(s, &e) == JL_MORE && !jl_session_logits(s));
    CHECK(jl_session_rewind(s, 9, &e) == JL_OK && jl_session_append(s, ids + 9, 9, &e) == JL_OK);
    CHECK(jl_session_advance(s, &e) == JL_MORE && jl_session_advance(s, &e) == JL_MORE);
    CHECK(jl_session_append(s, ids + 18, 10, &e) == JL_OK);
    float *vector = malloc((size_t)jl_model_n_embd(m) * sizeof *vector);
    CHECK(jl_session_embed(s, JL_POOLING_LAST, vector, &e) == JL_MORE);
    CHECK(jl_session_append(s, ids + 28, N_IDS - 28, &e) == JL_OK);
    advance_counting(s);
    CHECK(memcmp(jl_session_logits(s), wanted, bytes) == 0, "%s: given up in its midst", name);
    free(vector);
    jl_session_free(whole), jl_session_free(s);
}

static void test_short_steps(void) {
    for (int i = 0; i < N_GOLDENS; i++) {
        size_t n;
        jl_error e;
        uint8_t *file = read_golden(goldens[i], "gguf", &n);
        jl_model *m = file ? load(file, n, &e) : NULL;
        if (!m) SKIP("tests/golden is not in the working directory");
        compare_short_steps(goldens[i], m, 1);
        compare_short_steps(goldens[i], m, 7 * jl_attention_cost(m, m->h.n_layers - 1, N_IDS));
        jl_model_free(m);
        free(file);
    }
}

/* A step costs at most its bound plus one part of a block, also if attention is large compared to
 * the weights. */
static void test_steps_are_bounded(void) {
    size_t n;
    jl_error e;
    uint8_t *file = read_golden("llama", "gguf", &n);
    jl_model *m = file ? load(file, n, &e) : NULL;
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_session *s = open_session(m, 0, 64, 0);
    uint64_t row = jl_attention_cost(m, 0, N_IDS);
    CHECK(row == 2 * N_IDS * (uint64_t)m->h.n_heads * (uint64_t)m->h.head_dim);
    for (int rows = 1; rows < N_IDS; rows *= 3) {
        s->step = (uint64_t)rows * (row + 1);
        CHECK(jl_session_rewind(s, 0, &e) == JL_OK);
        CHECK(jl_session_append(s, ids, N_IDS, &e) == JL_OK);
        int calls = advance_counting(s), least = N_IDS / rows * (m->h.n_layers - 1) / 2;
        CHECK(calls >= least, "%d rows: %d calls, at least %d", rows, calls, least);
    }
    jl_session_free(s);
    jl_model_free(m);
    free(file);
}

/* Encoder texts and taps give the same bits in parts of rows as in one call. */
static void test_encoder_steps(void) {
    for (int i = 0; i < N_ENCODERS; i++) {
        jl_model *m = load_golden(encoders[i]);
        if (!m) SKIP("tests/golden is not in the working directory");
        size_t bytes = (size_t)jl_model_n_embd(m) * sizeof(float);
        jl_session *whole = open_session(m, 0, 0, 0), *s = open_session(m, 0, 0, 0);
        float wanted[MAX_WIDTH], out[MAX_WIDTH];
        jl_error e = { 0 };
        embed(whole, ids, N_IDS, JL_POOLING_MEAN, wanted);
        for (uint64_t rows = 1; rows < 2 * N_IDS; rows *= 3) {
            int calls = 1;
            s->step = rows * (jl_attention_cost(m, 0, N_IDS) + 1);
            CHECK(jl_session_rewind(s, 0, &e) == JL_OK);
            CHECK(jl_session_append(s, ids, N_IDS, &e) == JL_OK);
            while (jl_session_embed(s, JL_POOLING_MEAN, out, &e) == JL_MORE) calls++;
            CHECK(e.code == JL_OK && memcmp(out, wanted, bytes) == 0, "%s: %d rows", encoders[i],
                  (int)rows);
            CHECK(calls >= N_IDS / (int)rows * m->h.n_layers / 2, "%d calls", calls);
        }
        /* A text that grows during evaluation is evaluated again as a whole. */
        s->step = 1;
        CHECK(jl_session_rewind(s, 0, &e) == JL_OK && jl_session_append(s, ids, 20, &e) == JL_OK);
        for (int k = 0; k < 9; k++) CHECK(jl_session_embed(s, JL_POOLING_MEAN, out, &e) == JL_MORE);
        CHECK(jl_session_append(s, ids + 20, N_IDS - 20, &e) == JL_OK);
        while (jl_session_embed(s, JL_POOLING_MEAN, out, &e) == JL_MORE) continue;
        CHECK(e.code == JL_OK && memcmp(out, wanted, bytes) == 0, "%s: grown", encoders[i]);
        jl_tap a[] = { { .site = JL_SITE_PATTERN, .layer = 1, .head = 1, .to = -1 },
                       { .site = JL_SITE_RESID_POST, .head = -1, .to = -1 },
                       { .site = JL_SITE_MLP_POST, .head = -1, .to = -1 } };
        jl_tap b[] = { a[0], a[1], a[2] };
        s->step = 5 * jl_attention_cost(m, 0, N_IDS);
        CHECK(jl_session_rewind(s, 0, &e) == JL_OK && jl_session_rewind(whole, 0, &e) == JL_OK);
        CHECK(run_taps(s, ids, N_IDS, a, 3, &e) == JL_OK, "%s", e.message);
        CHECK(run_taps(whole, ids, N_IDS, b, 3, &e) == JL_OK, "%s", e.message);
        for (int t = 0; t < 3; t++)
            CHECK(memcmp(a[t].data, b[t].data, (size_t)(a[t].rows * a[t].cols) * sizeof(float)) ==
                      0,
                  "%s: tap %d", encoders[i], t);
        jl_session_free(whole), jl_session_free(s);
        jl_model_free(m);
    }
}

int main(void) {
    RUN(test_short_steps);
    RUN(test_steps_are_bounded);
    RUN(test_encoder_steps);
    return check_report("forward/steps");
}
