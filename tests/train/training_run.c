/* training_run.c - a run in memory: its losses equal the engine's on the exported file; rejected
 * texts and recipes; failed allocations.
 */
#include <math.h>
#include <string.h>

#include "../../src/base/memory.h"
#include "../../src/format/quant.h"
#include "../../src/train/training_run.h"
#include "../../src/train/workspace.h"
#include "../helpers/check.h"

static const char recipe[] = "context = 40\nwidth = 32\nlayers = 2\nheads = 4\nkv-heads = 2\n"
                             "hidden = 48\noptimizer = muon\nlr = 0.02\nlr-matrix = 0.05\n"
                             "steps = 30\nwarmup = 3\nbatch = 4\n";

enum { TEXT = 3000 };

/* Words of a small language, some in Chinese. */
static jl_str make_text(void) {
    static const char *const words[] = { "ka", "lo ", "mi", "接", "龍 ", "ru\n", "te ", "su" };
    static char text[TEXT + 8];
    jl_random r;
    jl_random_seed(&r, 9);
    size_t n = 0;
    for (uint32_t last = 0; n < TEXT;) {
        last = jl_random_bits(&r) % 4 ? (last * 3 + 1) % 8 : jl_random_bits(&r) % 8;
        memcpy(text + n, words[last], strlen(words[last]));
        n += strlen(words[last]);
    }
    return (jl_str){ text, n };
}

static jl_training_run *open(jl_str text, const char *more, int n_vocab, jl_error *error) {
    char whole[512];
    jl_format(whole, sizeof whole, "%s%s", recipe, more);
    return jl_training_run_new(text, jl_string(whole), n_vocab, error);
}

static jl_model *load(const uint8_t *file, size_t n) {
    jl_error error = { 0 };
    jl_model *m = jl_model_new(n, 0, &error);
    for (size_t at = 0, room; m && at < n;) {
        uint8_t *to = jl_model_reserve(m, &room, &error);
        if (room > n - at) room = n - at;
        if (!to || memcpy(to, file + at, room) == NULL || jl_model_feed(m, room, &error) < 0) break;
        at += room;
    }
    CHECK(m && jl_model_finish(m, &error) == JL_OK, "%s: %s", error.where, error.message);
    return m;
}

/* ---- Exported file equals trainer ----------------------------------------------------------- */

/* Maximum distance of ln p between trainer and engine, over all tokens and positions. */
static double distance(const jlt_network *net, const float *params, const int32_t *ids, int n,
                       const float *const *logits) {
    int v = net->shape.n_vocab;
    jlt_workspace *ws = jlt_workspace_new(net, 1, n);
    float *unused = jl_alloc_array(net->n_params, sizeof *unused);
    double worst = 0;
    /* After the loss with gradients, the logits hold p − onehot. */
    jlt_network_loss(net, ws, params, ids, 1, n, unused, 1, NULL);
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < v; j++) sum += exp((double)logits[i][j]);
        for (int j = 0; j < v; j++) {
            double p = (double)ws->logits[i * v + j] + (j == ids[i + 1]);
            double off = fabs(p - exp((double)logits[i][j]) / sum);
            if (!(off <= worst)) worst = off;
        }
    }
    jl_free(unused);
    jlt_workspace_free(ws);
    return worst;
}

static void compare(int n_vocab) {
    jl_error error = { 0 };
    jl_train_report report;
    jl_str text = make_text();
    jl_training_run *l = open(text, "", n_vocab, &error);
    CHECK(l, "%s: %s", error.where, error.message);
    if (!l) return;
    for (int i = 0; i < 20; i++) CHECK(jl_training_run_step(l, &report, &error) == JL_OK);
    size_t n = (size_t)jl_training_run_export(l, JL_F32, NULL);
    uint8_t *file = jl_alloc(n);
    CHECK(jl_training_run_export(l, JL_F32, file) == n);
    jl_model *m = load(file, n);
    int32_t ids[64];
    const float *logits[40];
    jl_session_options o = { .n_ctx = 40, .n_batch = 40, .all_logits = 1 };
    jl_session *s = jl_session_new(m, &o, &error);
    jl_tokenize(m, text.data + 300, 400, 0, ids, 64, &error);
    CHECK(jl_session_append(s, ids, 40, &error) == 40 || error.code == JL_OK, "%s", error.message);
    while (jl_session_advance(s, &error) == JL_MORE) {}
    for (int i = 0; i < 40; i++) {
        int of;
        logits[i] = jl_session_batch_logits(s, i, &of);
        CHECK(logits[i] && of == 40, "position %d", i);
    }
    const jlt_trainer *t = jl_training_run_trainer(l);
    double off = distance(jlt_trainer_network(t), jlt_trainer_params(t), ids, 40, logits);
    CHECK(off < 1e-6, "probabilities are off by %g", off);
    jl_session_free(s);
    jl_model_free(m);
    jl_free(file);
    jl_training_run_free(l);
}

static void the_exported_file_equals_the_trainer(void) {
    compare(0);
    compare(290);
}

/* ---- Description ---------------------------------------------------------------------------- */

static void a_run_describes_itself(void) {
    jl_error error = { 0 };
    jl_train_report report = { 0 };
    jl_str text = make_text();
    jl_training_run *l = open(text, "", 0, &error);
    jl_training_run_info i = jl_training_run_describe(l);
    size_t held = 0, characters = 0;
    for (size_t k = 0; k < text.n; k++) {
        characters += ((unsigned char)text.data[k] & 0xc0) != 0x80;
        held += k >= text.n - text.n / 20 && ((unsigned char)text.data[k] & 0xc0) != 0x80;
    }
    CHECK(i.n_train + i.n_held == characters && i.n_held == held, "%zu and %zu", i.n_train,
          i.n_held);
    CHECK(i.n_vocab == 259 + 15 && i.steps == 30 && i.step_tokens == 160, "%d", i.n_vocab);
    CHECK(i.bytes_per_token > 1 && i.bytes_per_token < 2 && i.unigram > 1.5 && i.unigram < 3);
    while (jl_training_run_step(l, &report, &error) == JL_OK) {}
    CHECK(error.code == JL_OK && report.step == 30);
    CHECK(jl_training_run_held_out(l, 0) < 0.8 * i.unigram, "it learns more than counts: %g of %g",
          jl_training_run_held_out(l, 0), i.unigram);
    jl_training_run_free(l);
}

/* ---- Rejected input ------------------------------------------------------------------------- */

static void check_refused(jl_str text, const char *more, int n_vocab, jl_status code,
                          const char *where) {
    jl_error error = { 0 };
    jl_training_run *l = open(text, more, n_vocab, &error);
    CHECK(!l && error.code == code && strcmp(error.where, where) == 0, "'%s': %s: %s", more,
          error.where, error.message);
    jl_training_run_free(l);
}

static void runs_are_refused_by_name(void) {
    jl_str text = make_text();
    check_refused((jl_str){ text.data, 0 }, "", 0, JL_ERR_ARGUMENT, "text");
    check_refused((jl_str){ text.data, 0 }, "", 300, JL_ERR_ARGUMENT, "text");
    check_refused((jl_str){ text.data, 700 }, "", 0, JL_ERR_ARGUMENT, "text");
    check_refused(text, "context = 2000\n", 0, JL_ERR_ARGUMENT, "text");
    check_refused(text, "", 256, JL_ERR_ARGUMENT, "vocabulary");
    check_refused(text, "", 1 << 20, JL_ERR_ARGUMENT, "vocabulary");
    check_refused(text, "", -1, JL_ERR_ARGUMENT, "vocabulary");
    check_refused(text, "out = x\n", 0, JL_ERR_ARGUMENT, "config");
    check_refused(text, "text = x\n", 0, JL_ERR_ARGUMENT, "config");
    check_refused(text, "heads = 5\n", 0, JL_ERR_ARGUMENT, "heads");
    check_refused(text, "norm = layer\n", 0, JL_ERR_ARGUMENT, "export");
    check_refused(text, "colour = red\n", 0, JL_ERR_ARGUMENT, "config");
}

/* Any bytes are valid text. */
static void any_bytes_are_training_text(void) {
    static char noise[TEXT];
    jl_random r;
    jl_random_seed(&r, 4);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < TEXT; i++)
            noise[i] = round == 0 ? 'a' : round == 1 ? (char)jl_random_bits(&r) : (char)0x80;
        for (int n_vocab = 0; n_vocab <= 280; n_vocab += 280) {
            jl_error error = { 0 };
            jl_train_report report;
            /* merges turn 'a's into few tokens, so the text may be too short */
            jl_training_run *l = open((jl_str){ noise, TEXT }, "", n_vocab, &error);
            CHECK(l || strcmp(error.where, "text") == 0, "%s: %s", error.where, error.message);
            if (l) CHECK(jl_training_run_step(l, &report, &error) == JL_OK, "%s", error.message);
            jl_training_run_free(l);
        }
    }
}

static void a_loss_that_is_no_number_is_an_error(void) {
    jl_error error = { 0 };
    jl_train_report report;
    jl_training_run *l = open(make_text(), "optimizer = adamw\nlr = 1e30\nclip = 0\n", 0, &error);
    jl_status st = JL_OK;
    while (st == JL_OK) st = jl_training_run_step(l, &report, &error);
    CHECK(st == JL_ERR_NUMERIC && strcmp(error.where, "loss") == 0, "%s", error.message);
    jl_training_run_free(l);
}

static void every_refused_allocation_is_survived(void) {
#ifdef JL_DEBUG
    for (int n_vocab = 0; n_vocab <= 280; n_vocab += 280) {
        int before = jl_memory_live(), n = 0;
        for (jl_training_run *l = NULL; !l && n < 400; n++) {
            jl_error error = { 0 };
            jl_memory_fail_after(n);
            l = open(make_text(), "", n_vocab, &error);
            jl_memory_fail_after(-1);
            if (!l) CHECK(error.code == JL_ERR_MEMORY, "%d: %s", n, error.message);
            jl_training_run_free(l);
            CHECK(jl_memory_live() == before, "allocation %d leaks", n);
        }
        CHECK(n > 20 && n < 400, "%d allocations", n);
    }
#else
    SKIP("allocations are refused in debug builds alone");
#endif
}

int main(void) {
    RUN(the_exported_file_equals_the_trainer);
    RUN(a_run_describes_itself);
    RUN(runs_are_refused_by_name);
    RUN(any_bytes_are_training_text);
    RUN(a_loss_that_is_no_number_is_an_error);
    RUN(every_refused_allocation_is_survived);
    return check_report("train/training_run");
}
