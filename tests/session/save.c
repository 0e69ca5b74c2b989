/* save.c - states of sessions: what follows a restored one has the same bits; hostile bytes.
 *
 * Every architecture, and every rule and edit that a state holds. Truncations, flipped bytes and
 * failed allocations must not crash (sanitizers), whether they restore or not.
 */
#include <math.h>

#include "../../src/base/memory.h"
#include "../../src/base/random.h"
#include "../../src/jielong_state.h"
#include "../../src/session/session.h"
#include "../helpers/goldens.h"

enum { PROMPT = 21, MOST = 40 };

typedef struct state {
    uint8_t *bytes;
    size_t n;
} state;

static state save(jl_session *s) {
    jl_error e = { 0 };
    state to = { NULL, (size_t)jl_session_save(s, 0, NULL, 0, &e) };
    CHECK(to.n > 0, "%s", e.message);
    to.bytes = malloc(to.n + 1);
    CHECK(jl_session_save(s, 0, to.bytes, to.n, &e) == to.n, "%s", e.message);
    return to;
}

static jl_session *restore(const jl_model *m, state from) {
    jl_error e = { 0 };
    jl_session *s = jl_session_restore(m, from.bytes, from.n, NULL, NULL, &e);
    CHECK(s != NULL, "%s: %s", e.where, e.message);
    return s;
}

/* Both sessions evaluate the same tokens one by one: equal logits. */
static void check_continues(jl_session *a, jl_session *b, const char *name) {
    size_t bytes = (size_t)jl_model_n_vocab(a->m) * sizeof(float);
    CHECK(jl_session_position(a) == jl_session_position(b), "%s: position", name);
    CHECK(memcmp(a->ids, b->ids, (size_t)a->n_ids * sizeof *ids) == 0, "%s: ids", name);
    for (int i = jl_session_position(a); i < MOST && i < a->n_ctx; i++) {
        const float *x = advance(a, ids + i, 1), *y = advance(b, ids + i, 1);
        CHECK(x && y && memcmp(x, y, bytes) == 0, "%s: logits after token %d", name, i);
        if (!x || !y) return;
    }
    jl_error e = { 0 };
    int back = jl_session_position(a) - 5;
    CHECK(!jl_session_rewind(a, back, &e) && !jl_session_rewind(b, back, &e));
    CHECK(memcmp(advance(a, ids, 3), advance(b, ids, 3), bytes) == 0, "%s: after a rewind", name);
}

/* The state of s after n tokens, in parts and twice; then both continue. */
static void check_state(const jl_model *m, jl_session *s, const char *name) {
    jl_error e = { 0 };
    state whole = save(s);
    jl_session *again = restore(m, whole);
    if (!again) return;
    state second = save(again);
    CHECK(second.n == whole.n && memcmp(second.bytes, whole.bytes, whole.n) == 0,
          "%s: the restored session has another state", name);
    for (size_t at = 0, n; at < whole.n; at += n) {
        n = whole.n - at < 1000 ? whole.n - at : 1000;
        CHECK(jl_session_save(s, at, second.bytes, n, &e) == whole.n);
        CHECK(memcmp(second.bytes, whole.bytes + at, n) == 0, "%s: part %d", name, (int)at);
    }
    CHECK(again->has_logits == s->has_logits, "%s: logits", name);
    if (s->has_logits)
        CHECK(memcmp(jl_session_logits(again), jl_session_logits(s),
                     (size_t)m->h.n_vocab * sizeof(float)) == 0,
              "%s: saved logits", name);
    check_continues(s, again, name);
    jl_session_free(again);
    free(whole.bytes);
    free(second.bytes);
}

static void every_architecture_continues_with_the_same_bits(void) {
    for (int i = 0; i < N_GOLDENS; i++) {
        jl_model *m = load_golden(goldens[i]);
        if (!m) SKIP("tests/golden is not in the working directory");
        for (int pending = 0; pending < 8; pending += 7) {
            jl_error e = { 0 };
            jl_session *s = open_session(m, 64, 4, pending > 0);
            advance(s, ids, PROMPT - pending);
            CHECK(jl_session_append(s, ids + PROMPT - pending, pending, &e) == JL_OK);
            if (pending) s->step = 1; /* leaves the batch in progress */
            if (pending) CHECK(jl_session_advance(s, &e) == JL_MORE);
            check_state(m, s, goldens[i]);
            jl_session_free(s);
        }
        jl_model_free(m);
    }
}

/* Evaluation in tiny steps, with a save after `steps` of them; returns whether it had ended. */
static int check_interrupted(const jl_model *m, int steps, const float *wanted) {
    jl_error e = { 0 };
    jl_status st = JL_MORE;
    jl_session *s = open_session(m, 64, 16, 0);
    s->step = 1;
    CHECK(jl_session_append(s, ids, PROMPT, &e) == JL_OK);
    for (int i = 0; i < steps && st == JL_MORE; i++) st = jl_session_advance(s, &e);
    state saved = save(s);
    jl_session *again = restore(m, saved);
    for (int k = 0; k < 2 && again; k++) {
        jl_session *one = k ? again : s;
        while (jl_session_advance(one, &e) == JL_MORE) continue;
        CHECK(memcmp(jl_session_logits(one), wanted, (size_t)m->h.n_vocab * sizeof *wanted) == 0,
              "%s after %d steps", k ? "restored" : "saved", steps);
    }
    jl_session_free(again);
    jl_session_free(s);
    free(saved.bytes);
    return st == JL_OK;
}

static void a_save_between_two_steps_changes_nothing(void) {
    const char *const names[] = { "llama", "lfm2", "qwen35" };
    for (int i = 0; i < 3; i++) {
        jl_model *m = load_golden(names[i]);
        if (!m) SKIP("tests/golden is not in the working directory");
        jl_session *plain = open_session(m, 64, 16, 0);
        const float *wanted = advance(plain, ids, PROMPT);
        int steps = 0;
        while (!check_interrupted(m, steps, wanted) && steps < 500) steps++;
        CHECK(steps > 4 && steps < 500, "%s: %d steps", names[i], steps);
        jl_session_free(plain);
        jl_model_free(m);
    }
}

/* What was rewound is not in the state: the bytes are those of a session that never had it. */
static void dropped_tokens_are_not_saved(void) {
    jl_error e = { 0 };
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_session *a = open_session(m, 64, 4, 0), *b = open_session(m, 64, 4, 0);
    advance(a, ids, MOST);
    advance(b, ids, PROMPT);
    CHECK(!jl_session_append(b, ids, 1, &e)); /* drops the logits */
    CHECK(!jl_session_rewind(a, PROMPT, &e) && !jl_session_rewind(b, PROMPT, &e));
    state x = save(a), y = save(b);
    CHECK(x.n == y.n && memcmp(x.bytes, y.bytes, x.n) == 0);
    jl_session_free(a);
    jl_session_free(b);
    jl_model_free(m);
    free(x.bytes);
    free(y.bytes);
}

static void check_rules(const char *name, const jl_rules *rules, int n_edits) {
    jl_error e = { 0 };
    jl_model *m = load_golden(name);
    if (!m) return;
    float row[MAX_WIDTH];
    for (int i = 0; i < MAX_WIDTH; i++) row[i] = (float)i / 50;
    jl_edit edits[] = {
        { .site = JL_SITE_PATTERN, .layer = 1, .head = 1, .to = -1, .factor = 0.5f },
        { .site = JL_SITE_RESID_POST,
          .head = -1,
          .from = 3,
          .to = 9,
          .op = JL_EDIT_ADD,
          .data = row,
          .n = (uint64_t)m->h.n_embd },
        { .site = JL_SITE_MLP_OUT, .layer = 1, .head = -1, .from = 2, .to = -1 },
    };
    jl_session_options o = { .n_ctx = 48, .n_batch = 4, .rules = rules };
    jl_session *s = jl_session_new(m, &o, &e);
    CHECK(s != NULL, "%s", e.message);
    int skip = m->h.n_conv > 0; /* whose block 1 has no pattern */
    if (n_edits)
        CHECK(!jl_session_set_edits(s, edits + skip, n_edits - skip, &e), "%s %s", e.where,
              e.message);
    advance(s, ids, 30);
    check_state(m, s, name);
    jl_session_free(s);
    jl_model_free(m);
}

static void rules_and_edits_are_restored(void) {
    int32_t positions[48];
    for (int i = 0; i < 48; i++) positions[i] = 60 - i;
    const jl_rules rules[] = {
        { .window = 7, .sinks = 3 },
        { .window = 7, .sinks = 3, .cache_positions = 1 },
        { .window = 30 },
        { .position_ids = positions, .n_position_ids = 48 },
        { .positions_off = 1, .cache = 32 },
        { .rope_base = 5000, .rope_scale = 2, .cache = 16 },
        { .mask = JL_MASK_PREFIX, .prefix = 6 },
        { .mask = JL_MASK_NONE },
        { .no_reuse = 1 },
    };
    const char *const names[] = { "llama", "gpt2", "gemma3", "bloom" };
    for (int i = 0; i < 4; i++)
        for (size_t k = 0; k < sizeof rules / sizeof *rules; k++)
            if (k != 5 || i % 2 == 0) check_rules(names[i], &rules[k], k % 2 ? 3 : 0);
    check_rules("lfm2", &rules[2], 0);
    check_rules("lfm2", NULL, 3);
    check_rules("llama", NULL, 3);
}

/* Longer than the rows of convolutions and the ring, so that early positions are overwritten. */
static void long_sessions_are_restored(void) {
    enum { LONG = 300 };
    const jl_rules endless = { .window = 9, .sinks = 2, .cache_positions = 1 };
    for (int i = 0; i < 4; i++) {
        jl_error e = { 0 };
        const char *name = i < 2 ? "lfm2" : "llama";
        jl_model *m = load_golden(name);
        if (!m) SKIP("tests/golden is not in the working directory");
        jl_session_options o = { .n_ctx = 400, .n_batch = 8, .rules = i < 2 ? NULL : &endless };
        jl_session *s = jl_session_new(m, &o, &e);
        CHECK(s != NULL, "%s", e.message);
        for (int k = 0; k < LONG; k += N_IDS) advance(s, ids, N_IDS);
        if (i % 2) CHECK(jl_session_rewind(s, LONG - 2, &e) == JL_OK);
        state saved = save(s);
        jl_session *again = restore(m, saved);
        for (int back = 0; again && back < jl_session_position(s); back += 3 + back / 2) {
            size_t bytes = (size_t)m->h.n_vocab * sizeof(float);
            int to = jl_session_position(s) - back;
            CHECK(!jl_session_rewind(s, to, &e) && !jl_session_rewind(again, to, &e));
            CHECK(s->n_cached == again->n_cached, "%s: %d rewound", name, back);
            CHECK(memcmp(advance(s, ids + 3, 2), advance(again, ids + 3, 2), bytes) == 0,
                  "%s: %d rewound", name, back);
        }
        jl_session_free(again);
        jl_session_free(s);
        jl_model_free(m);
        free(saved.bytes);
    }
}

/* ---- Generation ------------------------------------------------------------------------------ */

static void draw(jl_session *s, uint64_t seed, int n, int32_t *out) {
    jl_error e = { 0 };
    jl_generation g = { .sampling = jl_sampling_default(), .max_tokens = n, .ignore_end = 1 };
    jl_token token;
    g.sampling.seed = seed;
    CHECK(jl_session_generate(s, &g, &e) == JL_OK, "%s", e.message);
    for (int i = 0; i < n;) {
        jl_status st = jl_session_generate_step(s, &token, &e);
        CHECK(st >= 0 && st != JL_DONE, "%s", e.message);
        if (st == JL_OK) out[i++] = token.id;
        if (st < 0 || st == JL_DONE) return;
    }
}

static void next_seed_continues_the_draws(void) {
    enum { DRAWS = 20, FIRST = 7 };
    int32_t all[DRAWS], again[DRAWS], twice[DRAWS];
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_session *s = open_session(m, 64, 8, 0);
    CHECK(jl_session_next_seed(s) == 0, "before the first draw");
    advance(s, ids, 5);
    draw(s, 1234567890123456789u, DRAWS, all);
    CHECK(!jl_session_rewind(s, 5, NULL));
    draw(s, 1234567890123456789u, FIRST, again);
    state saved = save(s);
    jl_session *r = restore(m, saved);
    draw(r, jl_session_next_seed(r), DRAWS - FIRST, again + FIRST);
    draw(s, jl_session_next_seed(s), DRAWS - FIRST, twice);
    CHECK(memcmp(all, again, sizeof all) == 0, "the restored session draws other tokens");
    CHECK(memcmp(all + FIRST, twice, (DRAWS - FIRST) * sizeof *all) == 0, "as the saved one");
    for (uint64_t seed = 0; seed < 1000; seed++) {
        jl_random random;
        jl_random_seed(&random, seed * 0x123456789abcdefu);
        CHECK(jl_random_seed_of(random) == seed * 0x123456789abcdefu);
    }
    jl_session_free(r);
    jl_session_free(s);
    jl_model_free(m);
    free(saved.bytes);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static void check_refused(const jl_model *m, const uint8_t *bytes, size_t n, const char *words) {
    jl_error e = { 0 };
    jl_session *s = jl_session_restore(m, bytes, n, NULL, NULL, &e);
    CHECK(!s && e.code == JL_ERR_ARGUMENT && strcmp(e.where, "state") == 0, "%s", e.where);
    CHECK(strstr(e.message, words) != NULL, "expected %s: %s", words, e.message);
    jl_session_free(s);
}

static void refusals_say_why(void) {
    jl_error e = { 0 };
    jl_model *m = load_golden("llama"), *other = load_golden("llama-untied");
    jl_model *encoder = load_golden("bert");
    if (!m || !other || !encoder) SKIP("tests/golden is not in the working directory");
    jl_session *s = open_session(m, 32, 4, 0);
    advance(s, ids, 5);
    state saved = save(s);
    check_refused(other, saved.bytes, saved.n, "belongs to another model");
    check_refused(m, saved.bytes, saved.n - 1, "was cut off");
    saved.bytes[saved.n] = 0;
    check_refused(m, saved.bytes, saved.n + 1, "something was added");
    check_refused(m, saved.bytes, 7, "not the bytes of a saved session");
    saved.bytes[8]++;
    check_refused(m, saved.bytes, saved.n, "it has version 3, and this engine reads version 2");
    jl_session_options small = { .n_ctx = 8 };
    jl_session *texts = jl_session_new(encoder, &small, &e);
    CHECK(jl_session_save(texts, 0, NULL, 0, &e) == 0 && strstr(e.message, "reads each text whole"),
          "%s", e.message);
    jl_error_clear(&e);
    CHECK(jl_session_run_begin(s, ids, 2, NULL, &e) == JL_OK);
    CHECK(jl_session_save(s, 0, NULL, 0, &e) == 0 && strstr(e.message, "run is in progress"), "%s",
          e.message);
    jl_session_run_end(s);
    jl_error_clear(&e);
    CHECK(jl_session_save(s, saved.n + 1, saved.bytes, 1, &e) == 0 && e.code == JL_ERR_ARGUMENT);
    jl_session_free(texts);
    jl_session_free(s);
    jl_model_free(m);
    jl_model_free(other);
    jl_model_free(encoder);
    free(saved.bytes);
}

/* ---- Hostile bytes --------------------------------------------------------------------------- */

/* Restores and evaluates, rewinds and evaluates: any result but a crash. Returns whether it
 * restored. */
static int use(const jl_model *m, const uint8_t *bytes, size_t n) {
    jl_error e = { 0 };
    jl_session *s = jl_session_restore(m, bytes, n, NULL, NULL, &e);
    if (!s) {
        CHECK(e.code < 0 && e.message[0], "a failure without a message");
        return 0;
    }
    jl_session_append(s, ids, 1, &e);
    while (jl_session_advance(s, &e) == JL_MORE) continue;
    jl_error_clear(&e);
    jl_session_rewind(s, s->n_ids / 2, &e);
    jl_session_append(s, ids, 1, &e);
    while (jl_session_advance(s, &e) == JL_MORE) continue;
    jl_session_free(s);
    return 1;
}

static state small_state(const jl_model *m, const jl_rules *rules) {
    jl_error e = { 0 };
    float row[MAX_WIDTH] = { 0 };
    jl_edit edits[] = { { .site = JL_SITE_Z, .head = 1, .to = -1, .factor = 0.5f },
                        { .site = JL_SITE_RESID_PRE,
                          .head = -1,
                          .to = -1,
                          .op = JL_EDIT_ADD,
                          .data = row,
                          .n = (uint64_t)m->h.n_embd } };
    jl_session_options o = { .n_ctx = 8, .n_batch = 1, .rules = rules };
    jl_session *s = jl_session_new(m, &o, &e);
    CHECK(s && !jl_session_set_edits(s, edits, m->h.n_conv + m->h.n_recurrent ? 0 : 2, &e), "%s",
          e.message);
    advance(s, ids, 5);
    state saved = save(s);
    jl_session_free(s);
    return saved;
}

static void hostile_bytes_never_crash(void) {
    enum { TOTAL = 20 }; /* offset of the length */
    const jl_rules window = { .window = 3, .sinks = 1 };
    const int32_t positions[8] = { 3, 1, 4, 1, 5, 9, 2, 6 };
    const jl_rules given = { .position_ids = positions, .n_position_ids = 8 };
    const char *const names[] = { "llama", "lfm2", "gpt2", "qwen35" };
    const jl_rules *const rules[] = { &window, NULL, &given, NULL };
    for (int k = 0; k < 4; k++) {
        jl_model *m = load_golden(names[k]);
        if (!m) SKIP("tests/golden is not in the working directory");
        state saved = small_state(m, rules[k]);
        int restored = 0;
        CHECK(use(m, saved.bytes, saved.n), "unchanged");
        size_t flips = k < 2 ? saved.n : 600;
        for (size_t i = 0; i < flips; i++) {
            uint8_t byte = saved.bytes[i];
            saved.bytes[i] = (uint8_t)~byte;
            restored += use(m, saved.bytes, saved.n);
            saved.bytes[i] = byte ^ 1;
            if (i < 400) restored += use(m, saved.bytes, saved.n);
            saved.bytes[i] = byte;
        }
        CHECK(restored > 0 && restored < (int)saved.n + 400, "%d", restored);
        for (size_t n = 0; n < saved.n; n++) {
            uint8_t *part = malloc(n + 1); /* its end is guarded */
            memcpy(part, saved.bytes, n);
            CHECK(!use(m, part, n), "%s: %d of %d bytes", names[k], (int)n, (int)saved.n);
            for (int b = 0; b < 8 && n >= TOTAL + 8; b++)
                part[TOTAL + b] = (uint8_t)((uint64_t)n >> 8 * b);
            CHECK(!use(m, part, n), "%s: %d bytes that claim to be all", names[k], (int)n);
            free(part);
        }
        printf("  %s: %d bytes, %d flips restored\n", names[k], (int)saved.n, restored);
        jl_model_free(m);
        free(saved.bytes);
    }
}

/* Every number of the head, and every word of edits and position ids, at its limits. */
static void extreme_numbers_never_crash(void) {
    enum { HEAD = 52 };
    const jl_rules endless = { .window = 3, .sinks = 2, .cache_positions = 1, .rope_scale = 1 };
    const int32_t positions[8] = { 3, 1, 4, 1, 5, 9, 2, 6 };
    const jl_rules given = { .position_ids = positions, .n_position_ids = 8 };
    const uint32_t values[] = { 0,      1,      2,          3,          5,          8,         9,
                                0x1000, 0x1001, 0x01000001, 0x7fffffff, 0x80000000, 0xffffffff };
    const char *const names[] = { "llama", "gpt2", "lfm2", "qwen35" };
    for (int k = 0; k < 4; k++) {
        jl_model *m = load_golden(names[k]);
        if (!m) SKIP("tests/golden is not in the working directory");
        state saved = small_state(m, k == 0 ? &endless : k == 1 ? &given : NULL);
        for (size_t at = HEAD; at < HEAD + 256 && at + 4 <= saved.n; at += 4) {
            uint8_t before[4];
            memcpy(before, saved.bytes + at, 4);
            for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
                for (int b = 0; b < 4; b++)
                    saved.bytes[at + (size_t)b] = (uint8_t)(values[i] >> 8 * b);
                use(m, saved.bytes, saved.n);
            }
            memcpy(saved.bytes + at, before, 4);
        }
        CHECK(use(m, saved.bytes, saved.n), "unchanged");
        jl_model_free(m);
        free(saved.bytes);
    }
}

#ifdef JL_DEBUG
static void every_allocation_may_fail(void) {
    jl_error e = { 0 };
    jl_model *m = load_golden("llama");
    if (!m) SKIP("tests/golden is not in the working directory");
    const jl_rules window = { .window = 3, .sinks = 1 };
    state saved = small_state(m, &window);
    jl_session *s = NULL;
    int live = jl_memory_live(), failures = 0;
    for (; !s; failures++) {
        jl_error_clear(&e);
        jl_memory_fail_after(failures);
        s = jl_session_restore(m, saved.bytes, saved.n, NULL, NULL, &e);
        jl_memory_fail_after(-1);
        CHECK(s || (e.code == JL_ERR_MEMORY && jl_memory_live() == live), "%d: %s", failures,
              e.message);
        if (failures > 50) break;
    }
    CHECK(failures >= 5, "%d", failures);
    jl_session_free(s);
    jl_model_free(m);
    free(saved.bytes);
}
#endif

/* ---- The fingerprint ------------------------------------------------------------------------- */

static void a_fingerprint_identifies_the_file(void) {
    uint8_t bytes[101];
    for (int i = 0; i < 101; i++) bytes[i] = (uint8_t)(i * 7 + 1);
    /* Of the reference implementation (xxhash 0.8). */
    CHECK(jl_hash64(bytes, 0, 0) == 0xef46db3751d8e999u);
    CHECK(jl_hash64((const uint8_t *)"a", 1, 0) == 0xd24ec4f1a98c6e5bu);
    CHECK(jl_hash64(bytes, 101, 2654435761u) == 0xe91fd6336b39b946u, "%llx",
          (unsigned long long)jl_hash64(bytes, 101, 2654435761u));
    CHECK(jl_hash64(bytes, 31, 1) == 0x4251c73e9ad1a2c3u, "%llx",
          (unsigned long long)jl_hash64(bytes, 31, 1));
    size_t n;
    jl_error e = { 0 };
    uint8_t *file = read_golden("llama", "gguf", &n);
    if (!file) SKIP("tests/golden is not in the working directory");
    jl_model *m = load(file, n, &e);
    uint64_t first = jl_model_fingerprint(m);
    CHECK(first == jl_model_fingerprint(m) && first == 0x87fe40bc1572345fu, "%llx",
          (unsigned long long)first);
    jl_model_free(m);
    file[n - 40] ^= 1; /* a weight */
    m = load(file, n, &e);
    CHECK(m && jl_model_fingerprint(m) != first, "another weight");
    jl_model_free(m);
    free(file);
}

int main(void) {
    RUN(every_architecture_continues_with_the_same_bits);
    RUN(a_save_between_two_steps_changes_nothing);
    RUN(dropped_tokens_are_not_saved);
    RUN(rules_and_edits_are_restored);
    RUN(long_sessions_are_restored);
    RUN(next_seed_continues_the_draws);
    RUN(refusals_say_why);
    RUN(hostile_bytes_never_crash);
    RUN(extreme_numbers_never_crash);
#ifdef JL_DEBUG
    RUN(every_allocation_may_fail);
#endif
    RUN(a_fingerprint_identifies_the_file);
    return check_report("session/save");
}
