/* sites.c - sites, edits and rules of every architecture, on random weights.
 *
 * Identities that hold for any model (a run's parts add up), and equivalences (an edit that writes
 * what was read changes nothing; a run in small steps gives the same bits). Values themselves are
 * compared with an independent implementation in tests/suite.
 */
#include <math.h>

#include "../../src/session/session.h"
#include "../helpers/goldens.h"

enum { T = 11 };

typedef struct fixture {
    jl_model *m;
    jl_session *s;
    int layers, width, vocab;
} fixture;

static int open_fixture(fixture *f, const char *name, const jl_rules *rules) {
    jl_error e = { 0 };
    f->m = load_golden(name);
    if (!f->m) return 0;
    jl_session_options o = { .n_ctx = 64, .n_batch = 4, .rules = rules };
    f->s = jl_session_new(f->m, &o, &e);
    CHECK(f->s != NULL, "%s: %s", name, e.message);
    f->layers = jl_model_n_layers(f->m);
    f->width = jl_model_n_embd(f->m);
    f->vocab = jl_model_n_vocab(f->m);
    return f->s != NULL;
}

static void close_fixture(fixture *f) {
    jl_session_free(f->s);
    jl_model_free(f->m);
}

static jl_tap whole(jl_site site, int layer) {
    return (jl_tap){ .site = site, .layer = layer, .head = -1, .to = -1 };
}

static double nmse(const float *a, const float *b, size_t n) {
    double difference = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return size > 0 ? difference / size : difference;
}

static const float *rerun(fixture *f, jl_tap *taps, int n_taps, const jl_edit *edits, int n_edits) {
    jl_error e = { 0 };
    CHECK(jl_session_rewind(f->s, 0, &e) == JL_OK);
    CHECK(run_edited(f->s, ids, T, taps, n_taps, edits, n_edits, &e) == JL_OK, "%s %s", e.where,
          e.message);
    return jl_session_logits(f->s);
}

/* x = x + attn_out (+ mlp_out), and the heads' results add up to attn_out, where attention is all
 * of it. */
static void check_sums(fixture *f, const char *name, int layer) {
    const jl_block *b = &f->m->w.blocks[layer];
    jl_site_info info;
    jl_tap taps[] = { whole(JL_SITE_RESID_PRE, layer), whole(JL_SITE_ATTN_OUT, layer),
                      whole(JL_SITE_RESID_POST, layer), whole(JL_SITE_MLP_OUT, layer),
                      whole(JL_SITE_RESULT, layer) };
    int has_ffn = jl_model_site(f->m, JL_SITE_MLP_OUT, layer, &info);
    int has_result = jl_model_site(f->m, JL_SITE_RESULT, layer, &info);
    size_t n = (size_t)(T * f->width);
    float *sum = malloc(n * sizeof *sum);
    rerun(f, taps, has_result ? 5 : 3 + has_ffn, NULL, 0);
    if (!b->attn_sum_norm.weight) {
        for (size_t i = 0; i < n; i++)
            sum[i] = taps[0].data[i] + taps[1].data[i] + (has_ffn ? taps[3].data[i] : 0);
        CHECK(nmse(sum, taps[2].data, n) < 1e-10, "%s block %d: the stream", name, layer);
    }
    if (has_result && b->mixer == JL_ATTENTION && !b->attn_post_norm.weight &&
        f->m->h.residual_scale == 1) {
        for (size_t i = 0; i < n; i++) {
            size_t t = i / (size_t)f->width, c = i % (size_t)f->width;
            sum[i] = b->o.bias ? b->o.bias[c] : 0;
            for (size_t h = 0; h < (size_t)taps[4].heads; h++)
                sum[i] += taps[4].data[(t * (size_t)taps[4].heads + h) * (size_t)f->width + c];
        }
        CHECK(nmse(sum, taps[1].data, n) < 1e-7, "%s block %d: heads %g", name, layer,
              nmse(sum, taps[1].data, n));
    }
    free(sum);
}

static void test_sums(void) {
    for (int i = 0; i < N_GOLDENS + N_ENCODERS; i++) {
        const char *name = i < N_GOLDENS ? goldens[i] : encoders[i - N_GOLDENS];
        fixture f;
        if (!open_fixture(&f, name, NULL)) SKIP("tests/golden is not in the working directory");
        for (int layer = 0; layer < f.layers; layer++) check_sums(&f, name, layer);
        close_fixture(&f);
    }
}

/* Every site of a model: reading changes no bit of the logits; writing what was read, hardly. */
static void test_read_and_write(void) {
    for (int i = 0; i < N_GOLDENS; i++) {
        fixture f;
        if (!open_fixture(&f, goldens[i], NULL)) SKIP("no tests/golden in the working directory");
        size_t bytes = (size_t)f.vocab * sizeof(float);
        float *plain = malloc(bytes);
        memcpy(plain, rerun(&f, NULL, 0, NULL, 0), bytes);
        for (jl_site site = 0; site < JL_SITE_COUNT; site++) {
            jl_site_info info;
            int layer = f.layers - 1;
            if (!jl_model_site(f.m, site, layer, &info)) continue;
            jl_tap tap = whole(site, layer);
            CHECK(memcmp(rerun(&f, &tap, 1, NULL, 0), plain, bytes) == 0, "%s %s", goldens[i],
                  info.alias);
            size_t n = (size_t)tap.heads * (size_t)tap.rows * (size_t)tap.cols;
            for (size_t k = 0; k < n && site != JL_SITE_ATTN_SCORES; k++)
                CHECK(isfinite(tap.data[k]), "%s %s at %d", goldens[i], info.alias, (int)k);
            if (info.read_only) continue;
            float *copy = malloc(n * sizeof *copy);
            memcpy(copy, tap.data, n * sizeof *copy);
            jl_edit edit = { .site = site,
                             .layer = layer,
                             .head = -1,
                             .to = -1,
                             .op = JL_EDIT_SET,
                             .data = copy,
                             .n = n };
            double error = nmse(rerun(&f, NULL, 0, &edit, 1), plain, (size_t)f.vocab);
            CHECK(error < 1e-8, "%s %s: %g", goldens[i], info.alias, error);
            for (size_t k = 0; k < n; k++)
                if (isfinite(copy[k])) copy[k] *= k % 3 ? 1.5f + (float)(k % 5) : -1;
            error = nmse(rerun(&f, NULL, 0, &edit, 1), plain, (size_t)f.vocab);
            CHECK(error > 1e-9, "%s %s: another value changes nothing", goldens[i], info.alias);
            free(copy);
        }
        free(plain);
        close_fixture(&f);
    }
}

/* ---- Rules ----------------------------------------------------------------------------------- */

enum { LONG = 44 }; /* tokens, more than a bounded cache keeps */

/* Logits [vocab] after n ids under rules, in batches of 4. NULL: refused. */
static float *logits_under(const char *name, const jl_rules *rules, int n, const jl_edit *edits,
                           int n_edits) {
    fixture f;
    jl_error e = { 0 };
    if (!open_fixture(&f, name, rules)) return NULL;
    float *copy = malloc((size_t)f.vocab * sizeof *copy);
    CHECK(run_edited(f.s, ids, n, NULL, 0, edits, n_edits, &e) == JL_OK, "%s: %s", name, e.message);
    if (jl_session_logits(f.s))
        memcpy(copy, jl_session_logits(f.s), (size_t)f.vocab * sizeof *copy);
    close_fixture(&f);
    return copy;
}

static void check_same(const char *what, const char *name, float *a, float *b, double most) {
    double error = a && b ? nmse(a, b, 32) : 1;
    CHECK(error <= most, "%s, %s: %g", name, what, error);
    free(a), free(b);
}

/* Models with RoPE, ALiBi, learned positions, local windows, parallel blocks. */
static const char *const ruled[] = { "llama", "gpt2", "bloom", "gemma3", "falcon", "qwen3" };
enum { N_RULED = sizeof ruled / sizeof *ruled };

static void test_neutral_rules(void) {
    for (int i = 0; i < N_RULED; i++) {
        const char *name = ruled[i];
        jl_rules prefix = { .mask = JL_MASK_PREFIX, .prefix = 1 }, window = { .window = LONG };
        jl_rules reuse = { .no_reuse = 1 }, wide = { .window = LONG, .sinks = 3 };
        jl_rules all = { .mask = JL_MASK_PREFIX, .prefix = LONG }, none = { .mask = JL_MASK_NONE };
        const jl_rules *neutral[] = { &prefix, &window, &reuse, &wide };
        for (int k = 0; k < 4; k++)
            check_same("a neutral rule", name, logits_under(name, neutral[k], LONG, NULL, 0),
                       logits_under(name, NULL, LONG, NULL, 0), 1e-9);
        check_same("prefix of all, no mask", name, logits_under(name, &all, LONG, NULL, 0),
                   logits_under(name, &none, LONG, NULL, 0), 1e-9);
    }
}

/* A window with sinks equals a mask added to the scores of all heads; the cache is a ring. */
static void test_window(void) {
    enum { WINDOW = 7, SINKS = 2, MAX_LAYERS = 8 };
    for (int i = 0; i < N_RULED; i++) {
        jl_rules rules = { .window = WINDOW, .sinks = SINKS };
        fixture f;
        jl_edit edits[MAX_LAYERS];
        if (!open_fixture(&f, ruled[i], &rules)) SKIP("no tests/golden in the working directory");
        CHECK(f.s->cache.ring > 0 && jl_session_slots(f.s) < LONG, "the cache is not bounded");
        size_t heads = (size_t)f.m->h.n_heads, n = heads * LONG * LONG;
        float *mask = calloc(n, sizeof *mask);
        for (size_t k = 0; k < n; k++) {
            int t = (int)(k / LONG % LONG), j = (int)(k % LONG);
            if (j <= t && j >= SINKS && t - j >= WINDOW) mask[k] = -INFINITY;
        }
        for (int layer = 0; layer < f.layers; layer++)
            edits[layer] = (jl_edit){ .site = JL_SITE_ATTN_SCORES,
                                      .layer = layer,
                                      .head = -1,
                                      .to = -1,
                                      .op = JL_EDIT_ADD,
                                      .data = mask,
                                      .n = n };
        check_same("window", ruled[i], logits_under(ruled[i], &rules, LONG, NULL, 0),
                   logits_under(ruled[i], NULL, LONG, edits, f.layers), 1e-7);
        free(mask);
        /* A rewind beyond what the ring keeps evaluates again. */
        jl_error e = { 0 };
        float *again = malloc((size_t)f.vocab * sizeof *again);
        CHECK(run_edited(f.s, ids, LONG, NULL, 0, NULL, 0, &e) == JL_OK);
        CHECK(jl_session_rewind(f.s, 20, &e) == JL_OK);
        CHECK(run_edited(f.s, ids + 20, LONG - 20, NULL, 0, NULL, 0, &e) == JL_OK);
        memcpy(again, jl_session_logits(f.s), (size_t)f.vocab * sizeof *again);
        check_same("rewound", ruled[i], again, logits_under(ruled[i], &rules, LONG, NULL, 0), 0);
        close_fixture(&f);
    }
}

/* In the first block, keys depend on their token and position alone: there, sinks and window at
 * cache positions equal a text of just these tokens. */
static void test_cache_positions(void) {
    enum { WINDOW = 6, SINKS = 3 };
    for (int i = 0; i < N_RULED; i++) {
        jl_rules rules = { .window = WINDOW, .sinks = SINKS, .cache_positions = 1 };
        fixture f;
        jl_error e = { 0 };
        int32_t kept[SINKS + WINDOW];
        memcpy(kept, ids, sizeof kept);
        memcpy(kept + SINKS, ids + LONG - WINDOW, WINDOW * sizeof *kept);
        float *rows[2];
        for (int k = 0; k < 2; k++) {
            if (!open_fixture(&f, ruled[i], k ? NULL : &rules)) SKIP("no tests/golden here");
            int n = k ? SINKS + WINDOW : LONG;
            jl_tap tap = whole(JL_SITE_ATTN_OUT, 0);
            tap.from = n - 1;
            /* Learned positions are part of the keys: those of the window were given earlier. */
            CHECK(run_taps(f.s, k ? kept : ids, n, &tap, 1, &e) == JL_OK, "%s", e.message);
            rows[k] = malloc(64 * sizeof(float));
            memcpy(rows[k], tap.data, 32 * sizeof(float));
            close_fixture(&f);
        }
        int learned = strcmp(ruled[i], "gpt2") == 0, local = strcmp(ruled[i], "gemma3") == 0;
        if (learned || local)
            free(rows[0]), free(rows[1]);
        else
            check_same("cache positions", ruled[i], rows[0], rows[1], 1e-7);
    }
}

static void test_positions(void) {
    int32_t usual[64], doubled[64], zero[64] = { 0 };
    for (int i = 0; i < 64; i++) usual[i] = i, doubled[i] = 2 * i;
    for (int i = 0; i < N_RULED; i++) {
        const char *name = ruled[i];
        jl_rules same = { .position_ids = usual, .n_position_ids = 64 };
        jl_rules zeros = { .position_ids = zero, .n_position_ids = 64 };
        jl_rules off = { .positions_off = 1 };
        jl_rules half = { .position_ids = doubled, .n_position_ids = 64, .rope_scale = 2 };
        check_same("ids 0, 1, …", name, logits_under(name, &same, LONG, NULL, 0),
                   logits_under(name, NULL, LONG, NULL, 0), 1e-9);
        if (strcmp(name, "gpt2") == 0) continue;
        check_same("off and all 0", name, logits_under(name, &zeros, LONG, NULL, 0),
                   logits_under(name, &off, LONG, NULL, 0), 1e-9);
        if (strcmp(name, "bloom") == 0) continue;
        check_same("doubled, scaled", name, logits_under(name, &half, LONG, NULL, 0),
                   logits_under(name, NULL, LONG, NULL, 0), 1e-9);
    }
}

/* Rules that a model cannot follow are refused by name. */
static void test_rule_refusals(void) {
    static const struct {
        const char *model;
        jl_rules rules;
        const char *why;
    } cases[] = {
        { "lfm2", { .mask = JL_MASK_NONE }, "short convolutions" },
        { "bert", { .mask = JL_MASK_CAUSAL }, "an encoder sees the whole text" },
        { "bert", { .window = 3 }, "causal" },
        { "gpt2", { .rope_base = 1e6 }, "no RoPE" },
        { "llama", { .rope_scale = -1 }, "ropeScale" },
        { "llama", { .mask = JL_MASK_PREFIX }, "prefix" },
        { "llama", { .mask = JL_MASK_PREFIX, .prefix = 65 }, "does not fit the context of 64" },
        { "llama", { .sinks = 2 }, "window" },
        { "llama", { .window = 4, .mask = JL_MASK_NONE }, "causal" },
        { "llama", { .cache = 8 }, "16 or 32" },
        { "llama", { .window = 9, .cache_positions = 1, .positions_off = 1 }, "cachePositions" },
        { "maincoder", { .window = 9, .cache_positions = 1 }, "normalises keys after RoPE" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jl_error e = { 0 };
        jl_model *m = load_golden(cases[i].model);
        if (!m) SKIP("tests/golden is not in the working directory");
        jl_session_options o = { .n_ctx = 64, .rules = &cases[i].rules };
        jl_session *s = jl_session_new(m, &o, &e);
        CHECK(!s && strstr(e.message, cases[i].why), "%d: %s", (int)i, e.message);
        jl_session_free(s);
        jl_model_free(m);
    }
}

/* ---- Sessions, limits, counters -------------------------------------------------------------- */

static void test_session_edits(void) {
    fixture f;
    jl_error e = { 0 };
    jl_edit edit = { .site = JL_SITE_Z, .layer = 1, .head = 1, .to = -1 };
    float *plain = logits_under("llama", NULL, T, NULL, 0);
    float *ablated = logits_under("llama", NULL, T, &edit, 1);
    if (!open_fixture(&f, "llama", NULL)) SKIP("tests/golden is not in the working directory");
    CHECK(nmse(ablated, plain, 32) > 1e-6);
    CHECK(jl_session_set_edits(f.s, &edit, 1, &e) == JL_OK, "%s", e.message);
    CHECK(memcmp(advance(f.s, ids, T), ablated, 32 * sizeof(float)) == 0);
    CHECK(jl_session_set_edits(f.s, NULL, 0, &e) == JL_OK);
    CHECK(jl_session_rewind(f.s, 0, &e) == JL_OK);
    CHECK(memcmp(advance(f.s, ids, T), plain, 32 * sizeof(float)) == 0);
    float data[4] = { 0 };
    jl_edit wrong[] = {
        { .site = JL_SITE_PATTERN, .head = 0, .to = -1, .op = JL_EDIT_SET, .data = data, .n = 4 },
        { .site = JL_SITE_RESULT, .head = 0, .to = -1 },
        { .site = JL_SITE_Z, .head = 99, .to = -1 },
        { .site = JL_SITE_Z, .layer = 99, .head = 0, .to = -1 },
        { .site = JL_SITE_RESID_POST, .head = 0, .to = -1 },
        { .site = JL_SITE_RESID_POST, .head = -1, .from = 5, .to = 5 },
        { .site = JL_SITE_RESID_POST,
          .head = -1,
          .to = -1,
          .op = JL_EDIT_SET,
          .data = data,
          .n = 4 },
        { .site = JL_SITE_Z, .head = 0, .to = -1, .factor = NAN },
        { .site = JL_SITE_COUNT, .head = 0, .to = -1 },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        jl_error_clear(&e);
        CHECK(jl_session_set_edits(f.s, &wrong[i], 1, &e) == JL_ERR_ARGUMENT, "%d", (int)i);
        CHECK(strstr(e.where, "edits") != NULL, "%d: %s", (int)i, e.where);
    }
    close_fixture(&f);
    free(plain), free(ablated);
}

/* A run that stops early or is abandoned leaves the session as it was; limits are checked. */
static void test_partial_runs(void) {
    fixture f;
    jl_error e = { 0 };
    if (!open_fixture(&f, "llama", NULL)) SKIP("tests/golden is not in the working directory");
    float first[32];
    memcpy(first, advance(f.s, ids, 5), sizeof first);
    jl_tap tap = whole(JL_SITE_RESID_POST, 0);
    jl_run_options o = { .taps = &tap, .n_taps = 1, .n_layers = 1 };
    CHECK(jl_session_run_begin(f.s, ids + 5, 20, &o, &e) == JL_OK, "%s", e.message);
    while (jl_session_run_step(f.s, &e) == JL_MORE) continue;
    CHECK(jl_session_tap(f.s, 0)->rows == 20 && jl_session_logits(f.s) == NULL);
    jl_session_run_end(f.s);
    CHECK(jl_session_position(f.s) == 5);
    CHECK(jl_session_run_begin(f.s, ids + 5, 20, NULL, &e) == JL_OK);
    CHECK(jl_session_run_step(f.s, &e) == JL_MORE && jl_session_position(f.s) == 25);
    jl_session_run_end(f.s);
    CHECK(jl_session_position(f.s) == 5);
    CHECK(memcmp(advance(f.s, ids, 0), first, sizeof first) == 0);
    uint64_t bytes = jl_session_forecast(f.s, 20, &o, &e);
    CHECK(bytes >= 20u * 32 * sizeof(float) && bytes < 1 << 16, "%d", (int)bytes);
    o.limit = bytes;
    CHECK(jl_session_run_begin(f.s, ids + 5, 20, &o, &e) == JL_ERR_MEMORY);
    CHECK(strstr(e.message, "the limit is") != NULL, "%s", e.message);
    o.limit = bytes + 1;
    jl_error_clear(&e);
    CHECK(jl_session_run_begin(f.s, ids + 5, 20, &o, &e) == JL_OK);
    jl_session_run_end(f.s);
    tap.layer = 1;
    jl_error_clear(&e);
    CHECK(jl_session_run_begin(f.s, ids + 5, 20, &o, &e) == JL_ERR_ARGUMENT);
    CHECK(jl_session_position(f.s) == 5);
    close_fixture(&f);
}

/* Multiply-adds by formula: n tokens through every matrix, n(n + 1)/2 keys. */
static void test_counters(void) {
    fixture f;
    if (!open_fixture(&f, "llama", NULL)) SKIP("tests/golden is not in the working directory");
    const jl_hparams *h = &f.m->h;
    advance(f.s, ids, T);
    jl_counters c = jl_session_counters(f.s);
    double q = h->n_heads * h->head_dim, kv = h->n_kv_heads * h->head_dim, e = h->n_embd;
    double rows = (h->n_layers - 1) * T + 1; /* the last block drops rows without logits */
    CHECK(c.tokens == T);
    CHECK(c.multiply_adds[JL_PART_QKV] == rows * q * e + h->n_layers * T * 2 * kv * e, "%g",
          c.multiply_adds[JL_PART_QKV]);
    CHECK(c.multiply_adds[JL_PART_SCORES] == q * ((h->n_layers - 1) * T * (T + 1) / 2 + T), "%g",
          c.multiply_adds[JL_PART_SCORES]);
    CHECK(c.multiply_adds[JL_PART_OUTPUT] == rows * q * e);
    CHECK(c.multiply_adds[JL_PART_FEED_FORWARD] == rows * 3 * e * h->n_ff);
    CHECK(c.multiply_adds[JL_PART_UNEMBED] == e * h->n_vocab);
    CHECK(c.cache_held > 0 && c.cache_bytes > 0 && c.weight_bytes > 0);
    jl_session_reset_counters(f.s);
    CHECK(jl_session_counters(f.s).tokens == 0);
    close_fixture(&f);
}

int main(void) {
    RUN(test_neutral_rules);
    RUN(test_window);
    RUN(test_cache_positions);
    RUN(test_positions);
    RUN(test_rule_refusals);
    RUN(test_session_edits);
    RUN(test_partial_runs);
    RUN(test_counters);
    RUN(test_sums);
    RUN(test_read_and_write);
    return check_report("forward/sites");
}
