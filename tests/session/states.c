/* states.c - sessions of models with recurrent blocks: a rewind to any position, abandoned batches,
 * saved states and runs give the bits of a session that never did so; checkpoints are spread.
 *
 * Run in the repository's root: reads tests/golden/arch.
 */
#include "../../src/session/session.h"
#include "../../src/jielong_state.h"
#include "../helpers/goldens.h"

static const char *const names[] = { "qwen35", "mamba", "mamba2", "granitehybrid", "falcon-h1" };
enum { N_NAMES = sizeof names / sizeof *names, LONG = 120 };

static int32_t text[LONG];

/* The logits after the first n tokens of the text, of a session that reads them at once. */
static void check_like_fresh(const jl_model *m, jl_session *s, int n, const char *what) {
    jl_session *fresh = open_session(m, LONG, 64, 0);
    const float *wanted = advance(fresh, text, n), *found = jl_session_logits(s);
    size_t bytes = (size_t)m->h.n_vocab * sizeof *wanted;
    CHECK(found && memcmp(found, wanted, bytes) == 0, "%s: %s", m->arch->name, what);
    jl_session_free(fresh);
}

static void any_rewind_is_exact(const jl_model *m) {
    jl_error e = { 0 };
    jl_session *s = open_session(m, LONG, 16, 0);
    for (int k = 1; k < 60; k++) {
        int at = k * 37 % 101, position = jl_session_position(s);
        if (at < position) CHECK(jl_session_rewind(s, at, &e) == JL_OK);
        int from = jl_session_position(s), n = 1 + k * 11 % 19;
        advance(s, text + from, n);
        check_like_fresh(m, s, from + n, "rewound");
    }
    jl_session_free(s);
}

static jl_session *open_window(const jl_model *m, int n_batch) {
    jl_error e = { 0 };
    const jl_rules window = { .window = 9, .sinks = 2 };
    jl_session_options o = { .n_ctx = LONG, .n_batch = n_batch, .rules = &window };
    return jl_session_new(m, &o, &e);
}

/* Keys before the window are lost and states are kept at some positions: both limit a rewind. */
static void rewinds_with_a_window_are_exact(const jl_model *m) {
    jl_error e = { 0 };
    size_t bytes = (size_t)m->h.n_vocab * sizeof(float);
    jl_session *s = open_window(m, 4);
    if (!s) CHECK(m->h.n_attention == 0);
    for (int k = 1; s && k < 60; k++) {
        int at = k * 37 % 101, position = jl_session_position(s);
        if (k % 3) at = position - k % 7;
        if (at >= 0 && at < position) CHECK(jl_session_rewind(s, at, &e) == JL_OK);
        int from = jl_session_position(s), n = 1 + k * 11 % 19;
        if (from + n > LONG) CHECK(jl_session_rewind(s, from = 30, &e) == JL_OK);
        advance(s, text + from, n);
        jl_session *fresh = open_window(m, 4);
        const float *wanted = advance(fresh, text, from + n);
        CHECK(memcmp(jl_session_logits(s), wanted, bytes) == 0, "%s: window, %d", m->arch->name, k);
        jl_session_free(fresh);
    }
    jl_session_free(s);
}

/* Generation appends tokens one by one: the checkpoint at the prompt's end stays. */
static void the_end_of_a_prompt_is_kept(const jl_model *m) {
    enum { PROMPT = 40 };
    jl_error e = { 0 };
    jl_session *s = open_session(m, LONG, 64, 0);
    advance(s, text, PROMPT);
    for (int t = PROMPT; t < LONG - 1; t++) advance(s, text + t, 1);
    CHECK(jl_session_rewind(s, LONG - 2, &e) == JL_OK && s->n_cached == LONG - 2, "one token");
    CHECK(jl_session_rewind(s, PROMPT + 2, &e) == JL_OK);
    CHECK(s->n_cached >= PROMPT && s->n_cached <= PROMPT + 2, "%d are kept", s->n_cached);
    advance(s, text + PROMPT + 2, 5);
    check_like_fresh(m, s, PROMPT + 7, "rewound to the prompt");
    CHECK(jl_session_rewind(s, 0, &e) == JL_OK && s->n_cached == 0);
    advance(s, text, 3);
    check_like_fresh(m, s, 3, "rewound to the start");
    jl_session_free(s);
}

static void an_abandoned_batch_changes_nothing(const jl_model *m) {
    jl_error e = { 0 };
    for (int steps = 1; steps < 6; steps++) {
        jl_session *s = open_session(m, LONG, 64, 0);
        s->step = 1;
        advance(s, text, 9);
        CHECK(jl_session_append(s, text + 9, 20, &e) == JL_OK);
        for (int i = 0; i < steps && jl_session_advance(s, &e) == JL_MORE; i++) continue;
        CHECK(jl_session_rewind(s, 14, &e) == JL_OK);
        advance(s, text + 14, 11);
        check_like_fresh(m, s, 25, "abandoned");
        jl_session_free(s);
    }
}

/* A run that stops early leaves no state of the blocks after it, and is forgotten. */
static void runs_leave_exact_states(const jl_model *m) {
    jl_error e = { 0 };
    jl_session *s = open_session(m, LONG, 8, 0);
    advance(s, text, 12);
    for (int layers = 1; layers < m->h.n_layers; layers++) {
        jl_tap tap = { .site = JL_SITE_RESID_POST, .layer = layers - 1, .head = -1, .to = -1 };
        jl_run_options o = { .taps = &tap, .n_taps = 1, .n_layers = layers };
        CHECK(jl_session_run_begin(s, text + 12, 30, &o, &e) == JL_OK, "%s", e.message);
        while (jl_session_run_step(s, &e) == JL_MORE) continue;
        jl_session_run_end(s);
        CHECK(jl_session_position(s) == 12);
        advance(s, text + 12, 9);
        check_like_fresh(m, s, 21, "after a run");
        CHECK(jl_session_rewind(s, 12, &e) == JL_OK);
    }
    jl_tap attention = { .site = JL_SITE_PATTERN, .layer = 0, .to = -1 };
    int attends = jl_has_attention(&m->w.blocks[0]);
    CHECK(run_taps(s, text + 12, 2, &attention, 1, &e) == (attends ? JL_OK : JL_ERR_ARGUMENT));
    if (!attends) CHECK(strstr(e.message, "this model has no pattern in block 0"), "%s", e.message);
    jl_session_free(s);
}

static void rules_that_need_later_tokens_are_refused(const jl_model *m) {
    jl_error e = { 0 };
    jl_rules rules[] = { { .mask = JL_MASK_NONE }, { .mask = JL_MASK_PREFIX, .prefix = 3 } };
    for (int i = 0; i < 2; i++) {
        jl_session_options o = { .n_ctx = 64, .rules = &rules[i] };
        CHECK(!jl_session_new(m, &o, &e) && strstr(e.message, "recurrent blocks"), "%s", e.message);
    }
    jl_session_options o = { .n_ctx = 64, .n_texts = 2 };
    CHECK(!jl_session_new(m, &o, &e) && strstr(e.message, "recurrent blocks"), "%s", e.message);
}

static void saved_states_continue(const jl_model *m) {
    jl_error e = { 0 };
    jl_session *s = open_session(m, LONG, 16, 0);
    advance(s, text, 50);
    for (int t = 50; t < 60; t++) advance(s, text + t, 1);
    uint64_t n = jl_session_save(s, 0, NULL, 0, &e);
    uint8_t *bytes = malloc((size_t)n);
    CHECK(n && jl_session_save(s, 0, bytes, n, &e) == n, "%s", e.message);
    for (int at = 60; at >= 0; at -= 9) {
        jl_session *again = jl_session_restore(m, bytes, n, NULL, NULL, &e);
        CHECK(again != NULL, "%s", e.message);
        if (!again) break;
        CHECK(!jl_session_rewind(again, at, &e) && !jl_session_rewind(s, at, &e));
        CHECK(s->n_cached == again->n_cached, "%d, %d", s->n_cached, again->n_cached);
        advance(again, text + at, 4), advance(s, text + at, 4);
        check_like_fresh(m, again, at + 4, "restored");
        check_like_fresh(m, s, at + 4, "saved");
        jl_session_free(again);
    }
    jl_session_free(s);
    free(bytes);
}

static void test_states(void) {
    for (int i = 0; i < LONG; i++) text[i] = ids[i * 7 % N_IDS];
    for (int i = 0; i < N_NAMES; i++) {
        jl_model *m = load_golden(names[i]);
        if (!m) SKIP("tests/golden is not in the working directory");
        any_rewind_is_exact(m);
        rewinds_with_a_window_are_exact(m);
        the_end_of_a_prompt_is_kept(m);
        an_abandoned_batch_changes_nothing(m);
        runs_leave_exact_states(m);
        rules_that_need_later_tokens_are_refused(m);
        saved_states_continue(m);
        jl_model_free(m);
    }
}

int main(void) {
    RUN(test_states);
    return check_report("session/states");
}
