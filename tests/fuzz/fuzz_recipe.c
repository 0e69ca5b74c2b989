/* fuzz_recipe.c - libFuzzer target: a recipe, then after a NUL byte a checkpoint of its run.
 *
 * Parses the recipe; a small enough run starts on a fixed text, loads the checkpoint and runs a
 * step. Besides the sanitizers: an error has place and message; nothing leaks. Seeds:
 * "fuzz_recipe --seeds=DIR" writes recipes with and without a checkpoint and exits.
 */
#include "fuzz.h"

#include "../../src/train/config.h"
/* after layers.h, because its macros replace names there */
#include "../../src/compute/kernels.h"

enum { VOCAB = 12, TRAIN = 80, HELD = 40, LARGEST = 1 << 15 };
static int32_t text[TRAIN + HELD];

static jlt_trainer *start(const jlt_config *c, jl_error *e) {
    jlt_options o = c->train;
    jlt_data data = { text, text + TRAIN, TRAIN, HELD };
    jlt_host host = { jl_sgemm, NULL };
    o.shape.n_vocab = VOCAB;
    for (int i = 0; i < TRAIN + HELD; i++) text[i] = (i * i + i / 3) % VOCAB;
    return jlt_trainer_new(&o, &data, &host, e);
}

/* Whether a step takes less than a millisecond. */
static int is_small(const jlt_config *c) {
    const jlt_net_shape *s = &c->train.shape;
    return s->n_embd <= 16 && s->n_ff <= 32 && s->n_layers <= 2 && s->n_ctx <= 16 &&
           s->n_window <= 4 && c->train.batch <= 2 && c->train.length <= 16;
}

static void run(const jlt_config *c, const uint8_t *checkpoint, size_t n) {
    jl_error e = { 0 };
    jl_train_report report;
    jlt_trainer *t = start(c, &e);
    REQUIRE(t ? e.code == JL_OK : e.code < 0 && e.message[0] && e.where[0]);
    if (!t) return;
    jl_status st = n ? jlt_trainer_restore(t, checkpoint, n, &e) : JL_OK;
    REQUIRE(st == e.code);
    st = jlt_trainer_step(t, &report, &e);
    REQUIRE(st == JL_OK || st == JL_DONE || (st == JL_ERR_NUMERIC && e.message[0]));
    volatile double loss = jlt_trainer_held_out(t, c->evaluate_windows);
    (void)loss;
    jlt_trainer_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static jlt_config c;
    jl_error e = { 0 };
    const uint8_t *end = n ? memchr(data, 0, n) : NULL;
    size_t length = end ? (size_t)(end - data) : n;
    jl_status st = jlt_config_parse(&c, (const char *)data, length, &e);
    REQUIRE(st == e.code && (st == JL_OK || (e.message[0] && e.where[0])));
    if (st == JL_OK && is_small(&c)) run(&c, data + length + 1, end ? n - length - 1 : 0);
    REQUIRE(jl_memory_live() == 0);
    return 0;
}

static void write_recipe(const char *folder, const char *kind, const char *optimizer) {
    char name[64], recipe[512];
    static jlt_config c;
    jl_error e = { 0 };
    jl_train_report report;
    int length = snprintf(recipe, sizeof recipe,
                          "# a seed\nname = n\ntext = a\nout = b\nkind = %s\ncontext = 8\n"
                          "width = 8\nlayers = 1\nheads = 2\nkv-heads = 1\nhidden = 8\n"
                          "window = 2\nnorm = layer\nactivation = gelu\nposition = alibi\n"
                          "dropout = 0.25\noptimizer = %s\nsteps = 5\nwarmup = 2\nlr = 1e-3\n"
                          "batch = 2\nshards = 2\nseed = 3\n",
                          kind, optimizer);
    REQUIRE(jlt_config_parse(&c, recipe, (size_t)length, &e) == JL_OK);
    jlt_trainer *t = start(&c, &e);
    REQUIRE(t && jlt_trainer_step(t, &report, &e) == JL_OK);
    size_t n = (size_t)length + 1 + jlt_trainer_save_bytes(t);
    uint8_t *bytes = malloc(n);
    memcpy(bytes, recipe, (size_t)length + 1);
    jlt_trainer_save(t, bytes + length + 1);
    REQUIRE(jlt_trainer_restore(t, bytes + length + 1, n - (size_t)length - 1, &e) == JL_OK);
    snprintf(name, sizeof name, "recipe-%s-%s", kind, optimizer);
    write_seed(folder, name, bytes, n);
    strcat(name, "-alone");
    write_seed(folder, name, bytes, (size_t)length);
    free(bytes);
    jlt_trainer_free(t);
}

void write_seeds(const char *folder) {
    static const char *const kinds[] = { "transformer", "gru", "window" };
    for (int i = 0; i < 6; i++) write_recipe(folder, kinds[i % 3], i < 3 ? "adamw" : "muon");
}
