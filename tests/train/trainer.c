/* trainer.c - training steps against PyTorch, recipes, checkpoints, determinism.
 *
 * gradients.c tests gradients in double; this program uses float as shipped.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <string.h>

#include "../../src/base/memory.h"
#include "../../src/base/half.h"
#include "../../src/cli/posix_threads.h"
#include "../../src/format/gguf_write.h"
#include "../../src/train/config.h"
#include "../../src/train/export.h"
#include "../../src/compute/kernels.h"
#include "../helpers/check.h"

/* ---- Three steps against PyTorch (golden/torch_steps.py) ------------------------------------- */

enum { B = 2, T = 6, STEPS = 3 };

static const jlt_net_shape shape = { .n_vocab = 17,
                                     .n_ctx = T,
                                     .n_embd = 16,
                                     .n_layers = 2,
                                     .n_heads = 4,
                                     .n_kv_heads = 2,
                                     .n_ff = 24,
                                     .rope_base = 10000,
                                     .eps = 1e-5f };

static const jlt_optimizer optimizer = { .steps = 1 << 20,
                                         .lr = 0.01f,
                                         .lr_matrix = 0.02f,
                                         .lr_end = 1,
                                         .beta1 = 0.9f,
                                         .beta2 = 0.98f,
                                         .momentum = 0.95f,
                                         .adam_eps = 1e-8f,
                                         .decay = 0.1f,
                                         .clip = 0.5f };

static void start_by_formula(const jlt_network *net, float *params) {
    for (int i = 0; i < net->n_tensors; i++) {
        const jlt_net_tensor *t = &net->tensors[i];
        for (size_t j = t->at; j < t->at + (size_t)t->rows * (size_t)t->cols; j++)
            params[j] = (float)(((double)(j * 7919 % 1000) / 1000 - 0.5) * 0.8 + (t->rows == 1));
    }
}

/* Maximum error: absolute up to a golden value of 1, relative above. */
static double distance(const float *found, const float *golden, size_t n) {
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double off = fabs((double)found[i] - (double)golden[i]) / fmax(1, fabs((double)golden[i]));
        if (!(off <= worst)) worst = off;
    }
    return worst;
}

static void compare_steps(jlt_optimizer_kind kind, jlt_net_position position, const float *golden) {
    jlt_network net;
    jl_error error = { 0 };
    jlt_optimizer o = optimizer;
    jlt_net_shape s = shape;
    o.kind = kind;
    s.position = position;
    CHECK(jlt_network_init(&net, &s, jl_sgemm, &error) == JL_OK, "%s", error.message);
    size_t n = net.n_params;
    jlt_workspace *ws = jlt_workspace_new(&net, B, T);
    float *params = jl_alloc_array(4 * n, sizeof *params), *grads = params + n, *m = grads + n;
    float *scratch = jl_alloc_array(jlt_update_scratch(&net), sizeof *scratch);
    start_by_formula(&net, params);
    for (int step = 0; step < STEPS; step++) {
        int32_t ids[B * (T + 1)];
        for (int i = 0; i < B * (T + 1); i++) ids[i] = (i * 5 + i * i % 7 + step) % 17;
        memset(grads, 0, n * sizeof *grads);
        double loss =
            jlt_network_loss(&net, ws, params, ids, B, T, grads, 1.0 / (B * T), NULL) / (B * T);
        double norm = jlt_gradient_norm(grads, n), grow = norm > 0.5 ? 0.5 / norm : 1;
        CHECK(fabs(loss - (double)golden[2 * step]) < 1e-5, "loss %g", loss);
        CHECK(fabs(norm - (double)golden[2 * step + 1]) < 1e-5, "norm %g", norm);
        if (step == 0)
            CHECK(distance(grads, golden + 2 * STEPS, n) < 1e-5, "gradient off by %g",
                  distance(grads, golden + 2 * STEPS, n));
        jlt_update(&net, &o, step, grads, grow, params, m, m + n, 0, 1, scratch);
    }
    CHECK(distance(params, golden + 2 * STEPS + n, n) < 1e-5, "parameters off by %g",
          distance(params, golden + 2 * STEPS + n, n));
    jl_free(params);
    jl_free(scratch);
    jlt_workspace_free(ws);
    jlt_network_free(&net);
}

static void three_steps_as_pytorch(void) {
    jlt_network net;
    jl_error error = { 0 };
    CHECK(jlt_network_init(&net, &shape, jl_sgemm, &error) == JL_OK, "%s", error.message);
    size_t run = 2 * STEPS + 2 * net.n_params;
    float *golden = malloc(3 * run * sizeof *golden);
    FILE *f = fopen("tests/golden/torch_steps.f32", "rb");
    CHECK(f && golden && fread(golden, sizeof *golden, 3 * run, f) == 3 * run, "no golden");
    if (f && golden) {
        compare_steps(JLT_ADAMW, JLT_NET_ROPE, golden);
        compare_steps(JLT_MUON, JLT_NET_ROPE, golden + run);
        compare_steps(JLT_ADAMW, JLT_NET_SINUSOIDAL, golden + 2 * run);
    }
    if (f) fclose(f);
    free(golden);
    jlt_network_free(&net);
}

/* ---- A small run ----------------------------------------------------------------------------- */

enum { TEXT = 4000, WIDTH = 32 };

static const char recipe[] = "# a comment\n"
                             "name = small\n"
                             "text = a.txt\r\n"
                             "text=b.txt\n"
                             "context = 16\nwidth = 32\nlayers = 2\nheads = 4\nkv-heads = 2\n"
                             "hidden = 64\ndropout = 0.1\noptimizer = muon\nlr = 3e-3\n"
                             "batch = 4\nshards = 2\nsteps = 40\nwarmup = 4\nseed = 11\n";

/* A text of 20 letters; each nearly determines the next. */
static void fill_text(int32_t *ids) {
    jl_random r;
    jl_random_seed(&r, 1);
    for (int i = 0; i < TEXT; i++)
        ids[i] = i < 2 || jl_random_bits(&r) % 8 == 0 ? (int32_t)(jl_random_bits(&r) % 20)
                                                      : (ids[i - 1] * 3 + 1) % 20;
}

static jlt_trainer *small_trainer(const int32_t *ids, const char *more, jl_pool *pool) {
    static jlt_config c;
    jl_error error = { 0 };
    char text[1024];
    jl_format(text, sizeof text, "%s%s", recipe, more);
    CHECK(jlt_config_parse(&c, text, strlen(text), &error) == JL_OK, "%s", error.message);
    c.train.shape.n_vocab = 20;
    jlt_data data = { ids, ids + TEXT * 9 / 10, TEXT * 9 / 10, TEXT / 10 };
    jlt_host host = { jl_sgemm, pool };
    jlt_trainer *t = jlt_trainer_new(&c.train, &data, &host, &error);
    CHECK(t, "%s: %s", error.where, error.message);
    return t;
}

static double run_steps(jlt_trainer *t, int n) {
    jl_error error = { 0 };
    jl_train_report report = { 0 };
    for (int i = 0; i < n; i++)
        CHECK(jlt_trainer_step(t, &report, &error) == JL_OK, "%s", error.message);
    return report.loss;
}

static int same_params(const jlt_trainer *a, const jlt_trainer *b) {
    size_t n = jlt_trainer_network(a)->n_params;
    return memcmp(jlt_trainer_params(a), jlt_trainer_params(b), n * sizeof(float)) == 0;
}

static void learns_what_is_not_held_out(void) {
    int32_t ids[TEXT];
    fill_text(ids);
    for (int i = 0; i < 2; i++) {
        const char *kinds[] = { "steps = 150\n", "steps = 150\noptimizer = adamw\nlr = 1e-2\n" };
        jlt_trainer *t = small_trainer(ids, kinds[i], NULL);
        double before = jlt_trainer_held_out(t, 0);
        run_steps(t, 150);
        double after = jlt_trainer_held_out(t, 0);
        CHECK(fabs(before - log(20)) < 0.3, "it starts near the uniform loss, not at %g", before);
        CHECK(after < 2, "held-out loss after 150 steps of run %d: %g", i, after);
        jlt_trainer_free(t);
    }
}

static void threads_change_nothing(void) {
    int32_t ids[TEXT];
    jl_error error = { 0 };
    pthread_t thread;
    fill_text(ids);
    jl_pool *pool = jl_pool_new(2, &posix_waiter, &error);
    if (!pool || start_thread(pool, 1, &thread)) abort();
    jl_pool_use(pool, 2);
    jlt_trainer *a = small_trainer(ids, "", NULL), *b = small_trainer(ids, "", pool);
    jlt_trainer *c = small_trainer(ids, "seed = 12\n", NULL);
    CHECK(!same_params(a, c), "another seed starts elsewhere");
    run_steps(a, 5), run_steps(b, 5);
    CHECK(same_params(a, b));
    jl_pool_stop(pool);
    pthread_join(thread, NULL);
    jl_pool_free(pool);
    jlt_trainer_free(a), jlt_trainer_free(b), jlt_trainer_free(c);
}

static void a_resumed_run_is_the_same_run(void) {
    int32_t ids[TEXT];
    jl_error error = { 0 };
    jl_train_report report;
    fill_text(ids);
    /* 40 steps of 8 sequences exceed the 224 of an epoch. */
    jlt_trainer *a = small_trainer(ids, "batch = 8\n", NULL);
    jlt_trainer *b = small_trainer(ids, "batch = 8\n", NULL);
    jlt_trainer *other = small_trainer(ids, "", NULL);
    size_t n = jlt_trainer_save_bytes(a);
    uint8_t *saved = jl_alloc(n);
    run_steps(a, 17);
    jlt_trainer_save(a, saved);
    run_steps(a, 23);
    CHECK(jlt_trainer_step(a, &report, &error) == JL_DONE);
    CHECK(jlt_trainer_restore(b, saved, n, &error) == JL_OK, "%s", error.message);
    CHECK(jlt_trainer_steps_done(b) == 17);
    run_steps(b, 23);
    CHECK(same_params(a, b));
    CHECK(jlt_trainer_restore(b, saved, n - 1, &error) == JL_ERR_FORMAT);
    CHECK(jlt_trainer_restore(other, saved, n, &error) == JL_ERR_FORMAT, "another batch");
    saved[3] ^= 1;
    CHECK(jlt_trainer_restore(b, saved, n, &error) == JL_ERR_FORMAT, "another file");
    jl_free(saved);
    jlt_trainer_free(a), jlt_trainer_free(b), jlt_trainer_free(other);
}

static void recipes_are_refused_by_line(void) {
    static const char *const bad[][2] = {
        { "width = 12x\n", "width" },
        { "\nwidht = 12\n", "config" },
        { "position = rotary\n", "position" },
        { "just words\n", "config" },
        { "lr = 1e99\n", "lr" },
        { "lr = 1e\n", "lr" },
        { "lr = .\n", "lr" },
        { "lr = 0x1p3\n", "lr" },
        { "lr = 0.1 2\n", "lr" },
        { "width = 99999999999\n", "width" },
        { "seed = -1\n", "seed" },
        { "batch = -1\n", "batch" },
    };
    static jlt_config c;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        jl_error error = { 0 };
        CHECK(jlt_config_parse(&c, bad[i][0], strlen(bad[i][0]), &error) == JL_ERR_ARGUMENT);
        CHECK(strcmp(error.where, bad[i][1]) == 0, "%s: %s", error.where, error.message);
    }
    jl_error error = { 0 };
    CHECK(jlt_config_parse(&c, recipe, strlen(recipe), &error) == JL_OK);
    CHECK(c.text.n == 2 && strcmp(c.text.path[0], "a.txt") == 0 &&
          !strcmp(c.text.path[1], "b.txt"));
    CHECK(c.train.length == 16 && c.train.seed == 11 && c.train.optimizer.kind == JLT_MUON);
}

static void numbers_round_to_nearest(void) {
    static const struct {
        const char *text;
        float value;
    } good[] = { { "0.02", 0.02f },
                 { "2e-3", 2e-3f },
                 { "1E1", 10 },
                 { "1e+30", 1e30f },
                 { "-.5", -0.5f },
                 { "1e-8", 1e-8f },
                 { "0.95", 0.95f },
                 { "10000", 10000 },
                 { "5.", 5 },
                 { "1.1754944e-38", 1.1754944e-38f },
                 { "1e-50", 0 },
                 { "0", 0 },
                 { "3.4028234e38", 3.4028234e38f } };
    static jlt_config c;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        jl_error error = { 0 };
        char text[64];
        jl_format(text, sizeof text, "lr = %s\n", good[i].text);
        CHECK(jlt_config_parse(&c, text, strlen(text), &error) == JL_OK, "%s", error.message);
        CHECK(memcmp(&c.train.optimizer.lr, &good[i].value, sizeof(float)) == 0, "%s is not %.9g",
              good[i].text, (double)c.train.optimizer.lr);
    }
}

static void impossible_runs_are_refused(void) {
    static const char *const bad[][2] = {
        { "heads = 5\n", "heads" },
        { "kv-heads = 3\n", "kv-heads" },
        { "shards = 3\n", "shards" },
        { "length = 17\n", "length" },
        { "context = 5000\nlength = 5000\n", "text" },
        { "dropout = 1\n", "dropout" },
        { "steps = 2\n", "steps" },
        { "layers = 65\n", "layers" },
        { "layers = 64\nwidth = 8192\nhidden = 65536\n", "width" },
        { "width = 8192\nheads = 512\nkv-heads = 512\n", "heads" },
        { "context = 65536\nlength = 65536\nbatch = 65536\n", "batch" },
    };
    int32_t ids[TEXT];
    fill_text(ids);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static jlt_config c;
        jl_error error = { 0 };
        char text[1024];
        jl_format(text, sizeof text, "%s%s", recipe, bad[i][0]);
        CHECK(jlt_config_parse(&c, text, strlen(text), &error) == JL_OK, "%s", error.message);
        c.train.shape.n_vocab = 20;
        jlt_data data = { ids, ids, TEXT, 0 };
        jlt_host host = { jl_sgemm, NULL };
        CHECK(!jlt_trainer_new(&c.train, &data, &host, &error));
        CHECK(strcmp(error.where, bad[i][1]) == 0, "%s: %s", error.where, error.message);
    }
}

static void held_out_begins_at_a_line(void) {
    char text[500];
    memset(text, 'x', sizeof text);
    CHECK(jlt_held_out_at(text, 500) == 490);
    text[493] = '\n';
    CHECK(jlt_held_out_at(text, 500) == 494);
    text[493] = 'x', memcpy(text + 489, "\xe6\x8e\xa5", 3);
    CHECK(jlt_held_out_at(text, 500) == 492, "never within a character");
    CHECK(jlt_held_out_at(text, 0) == 0);
}

/* ---- Export ---------------------------------------------------------------------------------- */

/* A small vocabulary as a tokenizer file. */
static uint64_t write_vocabulary(uint8_t *out) {
    jl_gguf_writer w;
    jl_gguf_begin(&w, out, 4, 0);
    jl_gguf_put_string(&w, "tokenizer.ggml.model", jl_string("gpt2"));
    jl_gguf_put_array(&w, "tokenizer.ggml.tokens", JL_GGUF_STRING, 3);
    for (int i = 0; i < 3; i++) jl_gguf_add_string(&w, (jl_str){ &"abc"[i], 1 });
    jl_gguf_put_array(&w, "tokenizer.ggml.token_type", JL_GGUF_I32, 3);
    for (uint32_t i = 0; i < 3; i++) jl_gguf_add_u32(&w, i);
    jl_gguf_put_bool(&w, "tokenizer.ggml.add_bos_token", 1);
    return w.n;
}

/* Maximum error of a value, relative to the maximum of its block of 32. */
static float error_of(jl_type type) {
    if (type == JL_Q8_0) return 0.5f / 127 + 0.001f;
    if (type == JL_Q4_0) return 1.0f / 8 + 0.001f; /* the sign without a step 8 */
    return type == JL_F16 ? 0.0005f : 0;
}

static void check_tensor(const jl_gguf *g, const uint8_t *file, const jlt_net_tensor *t,
                         const float *params, jl_type type) {
    const jl_gguf_tensor *found = jl_gguf_find_tensor(g, t->name);
    size_t n = (size_t)t->rows * (size_t)t->cols;
    float *values = jl_alloc_array(n, sizeof *values);
    CHECK(found && found->type == (int)type, "%s", t->name);
    CHECK(found->dims[0] == (uint64_t)t->cols && found->dims[1] == (uint64_t)t->rows);
    jl_dequantize(type, file + found->offset, values, n);
    for (size_t i = 0; i < n; i += 32) {
        float max = 0;
        for (size_t j = i; j < i + 32; j++) max = fmaxf(max, fabsf(params[t->at + j]));
        for (size_t j = i; j < i + 32; j++)
            CHECK(fabsf(values[j] - params[t->at + j]) <= max * error_of(type), "%s[%zu]", t->name,
                  j);
    }
    jl_free(values);
}

static void an_export_reads_back(void) {
    int32_t ids[TEXT];
    uint8_t words[512];
    jl_error error = { 0 };
    jl_gguf vocabulary, g;
    fill_text(ids);
    CHECK(write_vocabulary(NULL) <= sizeof words);
    uint64_t n_words = write_vocabulary(words);
    CHECK(jl_gguf_parse(&vocabulary, words, n_words, n_words, &error) == JL_OK, "%s",
          error.message);
    jlt_trainer *t = small_trainer(ids, "", NULL);
    const jlt_network *net = jlt_trainer_network(t);
    static const jl_type types[] = { JL_F32, JL_F16, JL_Q8_0, JL_Q4_0 };
    static const uint32_t file_types[] = { 0, 1, 7, 2 };
    for (int q = 0; q < 4; q++) {
        jl_type type = types[q];
        jlt_export e = { type, &vocabulary, "small", "", NULL, "a test" };
        uint64_t n = jlt_export_write(net, jlt_trainer_params(t), &e, NULL);
        uint8_t *file = jl_alloc((size_t)n);
        CHECK(jlt_export_write(net, jlt_trainer_params(t), &e, file) == n);
        CHECK(jl_gguf_parse(&g, file, n, n, &error) == JL_OK, "%s: %s", error.where, error.message);
        CHECK(g.data_end == n && g.n_tensors == net->n_tensors);
        uint32_t file_type = 99;
        jl_gguf_u32(&g, "general.file_type", &file_type, &error);
        CHECK(file_type == file_types[q]);
        jl_str name = { 0 };
        int bos = 0;
        jl_gguf_string(&g, "general.architecture", &name, &error);
        jl_gguf_bool(&g, "tokenizer.ggml.add_bos_token", &bos, &error);
        CHECK(jl_str_equal(name, "llama") && bos && !jl_gguf_find(&g, "general.author"));
        CHECK(jl_gguf_find(&g, "tokenizer.ggml.tokens")->count == 3);
        for (int i = 0; i < net->n_tensors; i++)
            check_tensor(&g, file, &net->tensors[i], jlt_trainer_params(t),
                         net->tensors[i].rows > 1 ? type : JL_F32);
        jl_gguf_free(&g);
        jl_free(file);
    }
    jl_gguf_free(&vocabulary);
    jlt_trainer_free(t);
}

static void every_refused_allocation_is_survived(void) {
#ifdef JL_DEBUG
    int32_t ids[TEXT];
    fill_text(ids);
    int before = jl_memory_live(), n = 0;
    for (jlt_trainer *t = NULL; !t; n++) {
        static jlt_config c;
        jl_error error = { 0 };
        CHECK(jlt_config_parse(&c, recipe, strlen(recipe), &error) == JL_OK);
        c.train.shape.n_vocab = 20;
        jlt_data data = { ids, ids, TEXT, 0 };
        jlt_host host = { jl_sgemm, NULL };
        jl_memory_fail_after(n);
        t = jlt_trainer_new(&c.train, &data, &host, &error);
        jl_memory_fail_after(-1);
        if (!t) CHECK(error.code == JL_ERR_MEMORY, "%d: %s", n, error.message);
        if (t) jlt_trainer_free(t);
        CHECK(jl_memory_live() == before, "allocation %d leaks", n);
        if (n > 100) break;
    }
    CHECK(n > 10, "only %d allocations", n);
#else
    SKIP("allocations are refused in debug builds alone");
#endif
}

int main(void) {
    RUN(three_steps_as_pytorch);
    RUN(learns_what_is_not_held_out);
    RUN(threads_change_nothing);
    RUN(a_resumed_run_is_the_same_run);
    RUN(recipes_are_refused_by_line);
    RUN(numbers_round_to_nearest);
    RUN(impossible_runs_are_refused);
    RUN(held_out_begins_at_a_line);
    RUN(an_export_reads_back);
    RUN(every_refused_allocation_is_survived);
    return check_report("train/trainer");
}
