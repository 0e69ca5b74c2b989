/* embed.c - several texts in one session: the bits of each alone, and what such a session refuses.
 *
 * Every architecture, with every pooling and texts of many lengths. Models with short convolutions
 * reject such sessions. Rerankers: llama.cpp's scores, and packs.
 */
#include <math.h>

#include "../../src/jielong_state.h"
#include "../../src/session/session.h"
#include "../helpers/goldens.h"

enum { TEXTS = 9, TOKENS = 200 };

static const int lengths[TEXTS] = { 1, 34, 4, 48, 7, 32, 31, 6, 12 };

static jl_session *open_texts(const jl_model *m, int n_ctx, int n_texts, const jl_rules *rules,
                              jl_error *e) {
    jl_session_options o = { .n_ctx = n_ctx, .n_texts = n_texts, .rules = rules };
    jl_error_clear(e);
    return jl_session_new(m, &o, e);
}

/* Tokens of text i: at most the context before RoPE scaling. */
static int length(const jl_model *m, int i) {
    return lengths[i] < m->h.n_ctx_original ? lengths[i] : m->h.n_ctx_original;
}

static void compare(const jl_model *m, jl_session *s, jl_pooling pooling, const char *name) {
    jl_error e = { 0 };
    float vectors[TEXTS * MAX_WIDTH], alone[MAX_WIDTH];
    size_t width = (size_t)jl_model_n_embd(m);
    CHECK(jl_session_rewind(s, 0, &e) == JL_OK);
    for (int i = 0; i < TEXTS; i++) {
        jl_status st = jl_session_append(s, ids + i % 3, length(m, i) - i % 3, &e);
        CHECK(st == JL_OK, "%s: %s", name, e.message);
    }
    jl_status st = JL_MORE;
    while (st == JL_MORE) st = jl_session_embed(s, pooling, vectors, &e);
    CHECK(st == JL_OK, "%s: %s", name, e.message);
    for (int i = 0; i < TEXTS; i++) {
        jl_session *one = open_session(m, length(m, i), 0, 0);
        embed(one, ids + i % 3, length(m, i) - i % 3, pooling, alone);
        CHECK(memcmp(alone, vectors + (size_t)i * width, width * sizeof *alone) == 0,
              "%s, pooling %d: text %d has other bits", name, (int)pooling, i);
        jl_session_free(one);
    }
}

static void check_model(const char *name) {
    jl_error e = { 0 };
    jl_model *m = load_golden(name);
    jl_session *s = open_texts(m, TOKENS, TEXTS, NULL, &e);
    if (m->h.n_recurrent)
        CHECK(!s && strstr(e.message, "recurrent blocks"), "%s: %s", name, e.message);
    else if (m->h.n_conv)
        CHECK(!s && strstr(e.message, "short convolutions"), "%s: %s", name, e.message);
    else
        CHECK(s != NULL, "%s: %s", name, e.message);
    for (int pooling = 1; s && pooling <= 3; pooling++) compare(m, s, (jl_pooling)pooling, name);
    jl_session_free(s);
    jl_model_free(m);
}

#define REJECTS(call, words)                                                                       \
    do {                                                                                           \
        jl_error_clear(&e);                                                                        \
        CHECK((call) < 0 && strstr(e.message, words), "%s: %s", #call, e.message);                 \
    } while (0)

static void test_refusals(void) {
    jl_error e = { 0 };
    jl_model *m = load_golden("llama");
    jl_rules rules = { .window = 5 };
    jl_edit edit = { .site = JL_SITE_RESID_POST, .head = -1, .to = -1 };
    float vectors[2 * MAX_WIDTH];
    CHECK(!open_texts(m, 64, 2, &rules, &e) && strstr(e.message, "rules"), "%s", e.message);
    CHECK(!open_texts(m, 5000, 2, NULL, &e) && strstr(e.message, "4096"), "%s", e.message);
    CHECK(!open_texts(m, 64, -1, NULL, &e) && strstr(e.message, "4096"), "%s", e.message);
    jl_session *s = open_texts(m, 64, 2, NULL, &e);
    CHECK(s != NULL, "%s", e.message);
    CHECK(jl_session_append(s, ids, 5, &e) == JL_OK && jl_session_append(s, ids, 6, &e) == JL_OK);
    REJECTS(jl_session_append(s, ids, 1, &e), "at most 2");
    REJECTS(jl_session_advance(s, &e), "only embeds");
    REJECTS(jl_session_run_begin(s, ids, 3, NULL, &e), "only embeds");
    REJECTS(jl_session_set_edits(s, &edit, 1, &e), "only embeds");
    REJECTS(jl_session_rewind(s, 5, &e), "expected 0 to 0");
    jl_error_clear(&e);
    CHECK(jl_session_save(s, 0, NULL, 0, &e) == 0 && strstr(e.message, "only embeds"));
    CHECK(jl_session_embed(s, JL_POOLING_MEAN, vectors, &e) == JL_OK);
    REJECTS(jl_session_append(s, ids, 1, &e), "rewind to 0");
    CHECK(jl_session_rewind(s, 0, &e) == JL_OK);
    REJECTS(jl_session_append(s, ids, 65, &e), "65 more do not fit");
    jl_session_free(s);
    jl_model_free(m);
}

static void test_bits(void) {
    for (int i = 0; i < N_GOLDENS; i++) check_model(goldens[i]);
    for (int i = 0; i < N_ENCODERS; i++) check_model(encoders[i]);
}

/* ---- Rerankers ------------------------------------------------------------------------------- */

static double score_in(const uint8_t *json, size_t n) {
    static const char key[] = "\"score\": ";
    for (size_t at = 0; json && at + sizeof key < n; at++)
        if (memcmp(json + at, key, sizeof key - 1) == 0)
            return strtod((const char *)json + at + sizeof key - 1, NULL);
    return NAN;
}

/* The score of llama.cpp for a text alone, in steps, and among others of a pack. */
static void test_rerankers(void) {
    static const char *const names[] = { "bert", "modern-bert", "jina-bert-v2", "qwen3" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        size_t n;
        jl_error e = { 0 };
        float out[MAX_WIDTH], pack[3 * MAX_WIDTH];
        snprintf(path, sizeof path, "../rank/%s", names[i]);
        uint8_t *json = read_golden(path, "json", &n);
        jl_model *m = load_golden(path);
        if (!m || !json) SKIP("tests/golden is not in the working directory");
        size_t width = (size_t)jl_model_n_embd(m);
        double wanted = score_in(json, n);
        jl_session *s = open_session(m, 0, 5, 0);
        s->step = 1;
        CHECK(jl_session_append(s, ids, N_IDS, &e) == JL_OK);
        while (jl_session_embed(s, JL_POOLING_RANK, out, &e) == JL_MORE) continue;
        CHECK(fabs((double)out[0] - wanted) < 2e-5, "%s: %.9g, wanted %.9g %s", names[i],
              (double)out[0], wanted, e.message);
        CHECK(out[1] == 0 && out[width - 1] == 0, "%s: only a score", names[i]);
        jl_session_free(s);
        s = open_texts(m, 2 * N_IDS, 3, NULL, &e);
        CHECK(jl_session_append(s, ids, 7, &e) == JL_OK &&
              jl_session_append(s, ids, N_IDS, &e) == JL_OK &&
              jl_session_append(s, ids + 3, 9, &e) == JL_OK);
        while (jl_session_embed(s, JL_POOLING_RANK, pack, &e) == JL_MORE) continue;
        CHECK(memcmp(pack + width, out, width * sizeof *out) == 0, "%s: in a pack", names[i]);
        jl_session_free(s);
        jl_model_free(m);
        free(json);
    }
}

static void test_no_head(void) {
    jl_error e = { 0 };
    float out[MAX_WIDTH];
    jl_model *m = load_golden("bert");
    jl_session *s = open_session(m, 0, 0, 0);
    CHECK(jl_session_append(s, ids, 5, &e) == JL_OK);
    REJECTS(jl_session_embed(s, JL_POOLING_RANK, out, &e), "no classification head");
    REJECTS(jl_session_embed(s, (jl_pooling)5, out, &e), "found 5");
    CHECK(jl_session_embed(s, JL_POOLING_CLS, out, &e) == JL_OK, "%s", e.message);
    jl_session_free(s);
    jl_model_free(m);
}

int main(void) {
    RUN(test_bits);
    RUN(test_refusals);
    RUN(test_rerankers);
    RUN(test_no_head);
    return check_report("session/embed");
}
