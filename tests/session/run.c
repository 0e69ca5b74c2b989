/* run.c - what a session is after runs, in any order with other calls, and whatever edits wrote.
 *
 * After every operation the logits equal those of a new session with the same tokens, rules and
 * edits. The values of sites are tested in tests/forward/sites.c and tests/suite.
 */
#include "../../src/session/session.h"

#include <math.h>

#include "../../src/jielong_state.h"
#include "../helpers/goldens.h"

enum { BATCH = 4, CONTEXT = 40, MAX_VOCAB = 256 };

static jl_session *session_of(const jl_model *m, const jl_rules *rules) {
    jl_error e = { 0 };
    jl_session_options o = { .n_ctx = CONTEXT, .n_batch = BATCH, .rules = rules };
    jl_session *s = m ? jl_session_new(m, &o, &e) : NULL;
    CHECK(s != NULL, "%s", e.message);
    return s;
}

/* Whether the session's logits are those of a new one with its tokens. */
static int is_as_new(jl_session *s, const jl_rules *rules, const jl_edit *edits, int n_edits) {
    jl_error e = { 0 };
    jl_session *other = session_of(s->m, rules);
    CHECK(jl_session_set_edits(other, edits, n_edits, &e) == JL_OK, "%s", e.message);
    const float *b = advance(other, jl_session_ids(s), jl_session_position(s));
    const float *a = advance(s, NULL, 0);
    double difference = 0, size = 0;
    CHECK(a && b);
    for (int i = 0; a && b && i < jl_model_n_vocab(s->m); i++) {
        difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    jl_session_free(other);
    return difference < 1e-9 * size;
}

static const char *const some[] = { "llama", "gpt2", "bloom", "gemma3", "lfm2", "olmoe", "falcon" };
enum { N_SOME = sizeof some / sizeof *some };

static const jl_rules many[] = {
    { 0 },
    { .no_reuse = 1 },
    { .window = 5, .sinks = 2 },
    { .window = 4, .sinks = 3, .cache_positions = 1 },
    { .window = 1, .cache_positions = 1 },
    { .positions_off = 1 },
    { .mask = JL_MASK_NONE },
    { .mask = JL_MASK_PREFIX, .prefix = 7 },
};
enum { N_MANY = sizeof many / sizeof *many };

/* ---- Any order ------------------------------------------------------------------------------- */

static uint32_t state;
static int draw(int n) {
    state = state * 1664525 + 1013904223;
    return (int)((state >> 10) % (uint32_t)n);
}

/* A run of n tokens that is complete, stops at a layer or is abandoned; its edits are undone. */
static void some_run(jl_session *s, int n) {
    jl_error e = { 0 };
    float data[CONTEXT * MAX_WIDTH];
    int before = jl_session_position(s), edited = draw(2), steps = draw(3) ? -1 : draw(3);
    for (int i = 0; i < CONTEXT * MAX_WIDTH; i++) data[i] = i % 3 ? NAN : INFINITY;
    jl_tap tap = { .site = draw(2) ? JL_SITE_RESID_POST : JL_SITE_PATTERN, .head = -1, .to = -1 };
    if (strcmp(s->m->arch->name, "lfm2") == 0) tap.site = JL_SITE_ATTN_OUT;
    jl_edit edit = { .site = JL_SITE_RESID_MID, .head = -1, .to = -1, .op = JL_EDIT_ADD };
    if (s->m->h.parallel) edit.site = JL_SITE_MLP_OUT;
    edit.data = data, edit.n = (uint64_t)jl_model_n_embd(s->m);
    jl_run_options o = { .taps = &tap, .n_taps = draw(2), .edits = &edit, .n_edits = edited };
    o.n_layers = draw(2) * draw(jl_model_n_layers(s->m) + 1);
    jl_status st = jl_session_run_begin(s, ids, n, &o, &e);
    CHECK(st == JL_OK, "%s: %s", e.where, e.message);
    for (st = JL_MORE; st == JL_MORE && steps != 0; steps--) st = jl_session_run_step(s, &e);
    jl_session_run_end(s);
    int kept = st == JL_OK && o.n_layers == 0;
    CHECK(jl_session_position(s) == before + (kept ? n : 0));
    if (edited) CHECK(jl_session_rewind(s, before, &e) == JL_OK);
}

static void some_call(jl_session *s) {
    jl_error e = { 0 };
    int at = jl_session_position(s), room = CONTEXT - at, n = 1 + draw(9);
    s->step = draw(2) ? JL_STEP : (uint64_t)1 << draw(16);
    if (n > room) n = room;
    switch (draw(4)) {
    case 0:
        CHECK(jl_session_rewind(s, draw(2) ? draw(at + 1) : at - draw(at < 3 ? at + 1 : 3), &e) ==
              JL_OK);
        break;
    case 1:
        CHECK(jl_session_append(s, ids + draw(9), n, &e) == JL_OK);
        if (draw(2)) jl_session_advance(s, &e);
        break;
    default:
        if (n > 0) some_run(s, n);
    }
}

static void test_any_order(void) {
    for (int i = 0; i < N_SOME * N_MANY; i++) {
        const char *name = some[i % N_SOME];
        const jl_rules *rules = &many[i / N_SOME];
        if (strcmp(name, "lfm2") == 0 && rules->mask > JL_MASK_CAUSAL) continue;
        jl_model *m = load_golden(name);
        if (!m) SKIP("tests/golden is not in the working directory");
        jl_session *s = session_of(m, rules);
        jl_error e = { 0 };
        state = (uint32_t)i;
        for (int k = 0; k < 30; k++) {
            some_call(s);
            int n = jl_session_position(s);
            if (n < 8) CHECK(jl_session_append(s, ids, 8 - n, &e) == JL_OK, "%s", e.message);
            if (k % 2) CHECK(is_as_new(s, rules, NULL, 0), "%s, rules %d, %d", name, i / N_SOME, k);
        }
        jl_session_free(s);
        jl_model_free(m);
    }
}

/* ---- Rows, scores, values that are not finite ------------------------------------------------ */

/* A text in one batch that is larger than the scratch: the last block drops rows without logits. */
static void test_whole_text(void) {
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    for (int i = 6; i < N_MANY; i++) {
        jl_error e = { 0 };
        jl_session *s = session_of(m, &many[i]);
        float plain[MAX_VOCAB];
        size_t bytes = (size_t)jl_model_n_vocab(m) * sizeof *plain;
        memcpy(plain, advance(s, ids, 30), bytes);
        jl_tap tap = { .site = JL_SITE_LOGITS, .head = -1, .to = -1 };
        CHECK(jl_session_rewind(s, 0, &e) == JL_OK);
        CHECK(run_taps(s, ids, 30, &tap, 1, &e) == JL_OK, "%s", e.message);
        CHECK(memcmp(jl_session_logits(s), plain, bytes) == 0, "rules %d", i);
        jl_session_free(s);
    }
    jl_model_free(m);
}

/* Scaled scores keep their mask, so that a text in one batch equals one in several. */
static void test_scaled_scores(void) {
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    for (int i = 0; i < 2; i++) {
        jl_error e = { 0 };
        jl_edit edit = { .site = JL_SITE_ATTN_SCORES, .head = -1, .to = -1, .factor = (float)-i };
        jl_session *s = session_of(m, NULL);
        CHECK(jl_session_set_edits(s, &edit, 1, &e) == JL_OK, "%s", e.message);
        for (int t = 0; t < 9; t++) CHECK(advance(s, ids + t, 1) != NULL, "factor %d", -i);
        CHECK(is_as_new(s, NULL, &edit, 1), "factor %d", -i);
        jl_session_free(s);
    }
    jl_model_free(m);
}

/* A query that an edit hides all keys from attends to nothing. */
static void test_no_keys(void) {
    jl_error e = { 0 };
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_session *s = session_of(m, NULL);
    float hidden[8];
    for (int i = 0; i < 8; i++) hidden[i] = -INFINITY;
    jl_edit edit = { .site = JL_SITE_ATTN_SCORES, .head = -1, .from = 5, .to = 6 };
    edit.op = JL_EDIT_SET, edit.data = hidden, edit.n = 8;
    jl_tap taps[] = { { .site = JL_SITE_PATTERN, .head = 1, .from = 5, .to = 6 },
                      { .site = JL_SITE_Z, .head = 1, .from = 5, .to = 6 } };
    CHECK(run_edited(s, ids, 8, taps, 2, &edit, 1, &e) == JL_OK, "%s", e.message);
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < taps[t].cols; i++) CHECK(taps[t].data[i] == 0, "%d: %d", t, i);
    jl_session_free(s);
    jl_model_free(m);
}

/* A value that is not a number reaches no earlier token. */
static void test_causal_nan(void) {
    static const jl_rules windowed = { .window = 9, .sinks = 1 };
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    float nan[MAX_WIDTH];
    for (int i = 0; i < MAX_WIDTH; i++) nan[i] = NAN;
    for (int i = 0; i < 4; i++) {
        jl_error e = { 0 };
        jl_session *s = session_of(m, i % 2 ? &windowed : NULL);
        jl_tap tap = { .site = JL_SITE_RESID_POST, .head = -1, .to = 2 };
        jl_edit edits[] = {
            { .site = JL_SITE_V, .head = 0, .from = 2, .to = 3, .op = JL_EDIT_SET },
            { .site = JL_SITE_PATTERN, .head = 0, .to = -1, .op = JL_EDIT_SCALE, .factor = 0.5f },
        };
        edits[0].data = nan, edits[0].n = (uint64_t)m->h.head_dim;
        CHECK(run_edited(s, ids, 4, &tap, 1, edits, 1 + i / 2, &e) == JL_OK, "%s", e.message);
        for (int k = 0; k < tap.rows * tap.cols; k++) CHECK(isfinite(tap.data[k]), "%d: %d", i, k);
        jl_session_free(s);
    }
    jl_model_free(m);
}

/* A session that was saved with such values drops them with its cache too. */
static void test_restored_nan(void) {
    jl_error e = { 0 };
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_session *s = session_of(m, &many[2]);
    float nan[MAX_WIDTH];
    for (int i = 0; i < MAX_WIDTH; i++) nan[i] = NAN;
    jl_edit edit = { .site = JL_SITE_V, .head = 0, .from = 20, .to = 21, .op = JL_EDIT_SET };
    edit.data = nan, edit.n = (uint64_t)m->h.head_dim;
    CHECK(jl_session_set_edits(s, &edit, 1, &e) == JL_OK, "%s", e.message);
    CHECK(jl_session_append(s, ids, 21, &e) == JL_OK);
    while (jl_session_advance(s, &e) == JL_MORE) continue;
    uint64_t n = jl_session_save(s, 0, NULL, 0, &e);
    uint8_t *bytes = malloc((size_t)n);
    CHECK(jl_session_save(s, 0, bytes, n, &e) == n, "%s", e.message);
    jl_session_free(s);
    jl_error_clear(&e);
    s = jl_session_restore(m, bytes, n, NULL, NULL, &e);
    CHECK(s != NULL, "%s", e.message);
    CHECK(jl_session_rewind(s, 20, &e) == JL_OK);
    CHECK(is_as_new(s, &many[2], &edit, 1));
    jl_session_free(s);
    jl_model_free(m);
    free(bytes);
}

/* ---- Requests -------------------------------------------------------------------------------- */

/* A request that is refused changes nothing: not even the logits are computed again. */
static void test_refused(void) {
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_session *s = session_of(m, &many[1]);
    jl_tap tap = { .site = JL_SITE_PATTERN, .head = -1, .to = -1 };
    jl_edit edit = { .site = JL_SITE_Z, .head = 0, .to = -1, .op = JL_EDIT_SET };
    const jl_run_options wrong[] = {
        { .taps = &tap, .n_taps = 1, .limit = 9 },
        { .taps = &tap, .n_taps = -1 },
        { .edits = &edit, .n_edits = -1 },
        { .edits = &edit, .n_edits = 1 },
        { .n_layers = 99 },
    };
    advance(s, ids, 8);
    edit.n = (uint64_t)m->h.head_dim;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        jl_error e = { 0 };
        CHECK(jl_session_run_begin(s, ids, 3, &wrong[i], &e) != JL_OK, "%d", (int)i);
        CHECK(jl_session_logits(s) != NULL && s->n_cached == 8, "%d", (int)i);
    }
    jl_error e = { 0 };
    CHECK(jl_session_forecast(s, INT32_MAX, &wrong[0], &e) == UINT64_MAX);
    CHECK(e.code == JL_ERR_CONTEXT, "%s", e.message);
    jl_error_clear(&e);
    CHECK(jl_session_set_edits(s, &edit, -1, &e) == JL_ERR_ARGUMENT);
    jl_arena sum = { 0 };
    for (int i = 0; i < 5; i++) jl_arena_take(&sum, UINT64_MAX / 3);
    CHECK(sum.used == JL_ARENA_MAX);
    jl_session_free(s);
    jl_model_free(m);
}

/* A bounded cache has no keys before the window; data for them is refused, not ignored. */
static void test_data_outside_window(void) {
    jl_error e = { 0 };
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_session *s = session_of(m, &many[2]);
    float data[20] = { 0 };
    jl_edit edit = { .site = JL_SITE_PATTERN, .head = 0, .from = 19, .to = 20 };
    edit.op = JL_EDIT_SET, edit.data = data, edit.n = 20;
    for (int key = 0; key < 20; key++) {
        memset(data, 0, sizeof data);
        data[key] = 1;
        jl_status st = run_edited(s, ids, 20, NULL, 0, &edit, 1, &e);
        CHECK((st == JL_OK) == (key < 2 || key > 14), "key %d: %s", key, e.message);
        CHECK(jl_session_rewind(s, 0, &e) == JL_OK);
    }
    jl_session_free(s);
    jl_model_free(m);
}

/* Calls that change the tokens end a run; one over all blocks that stops appends nothing. */
static void test_ends(void) {
    jl_error e = { 0 };
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_session *s = session_of(m, NULL);
    jl_run_options o = { .n_layers = jl_model_n_layers(m) };
    for (int i = 0; i < 3; i++) {
        CHECK(jl_session_rewind(s, 0, &e) == JL_OK && jl_session_append(s, ids, 5, &e) == JL_OK);
        CHECK(jl_session_run_begin(s, ids, 9, &o, &e) == JL_OK, "%s", e.message);
        if (i == 0) CHECK(jl_session_append(s, ids, 1, &e) == JL_OK);
        if (i == 1) CHECK(jl_session_rewind(s, 4, &e) == JL_OK);
        if (i == 2) CHECK(jl_session_advance(s, &e) >= 0);
        CHECK(jl_session_position(s) == (i == 0 ? 6 : i == 1 ? 4 : 5), "%d", i);
        CHECK(jl_session_run_step(s, &e) == JL_ERR_ARGUMENT);
    }
    CHECK(jl_session_run_begin(s, ids, 9, &o, &e) == JL_OK);
    while (jl_session_run_step(s, &e) == JL_MORE) continue;
    jl_session_run_end(s);
    CHECK(jl_session_position(s) == 5 && is_as_new(s, NULL, NULL, 0));
    jl_session_free(s);
    jl_model_free(m);
}

int main(void) {
    RUN(test_any_order);
    RUN(test_whole_text);
    RUN(test_scaled_scores);
    RUN(test_no_keys);
    RUN(test_causal_nan);
    RUN(test_restored_nan);
    RUN(test_refused);
    RUN(test_data_outside_window);
    RUN(test_ends);
    return check_report("session/run");
}
