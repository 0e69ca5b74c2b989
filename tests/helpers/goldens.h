/* goldens.h - loads and runs the models of tests/golden/arch, one per row of the architecture
 * table. */
#ifndef JL_TEST_GOLDENS_H
#define JL_TEST_GOLDENS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/jielong_inside.h"
#include "../../src/model/model.h"
#include "check.h"

enum { N_IDS = 48 };

static const int32_t ids[N_IDS] = { 129, 13,  28,  37, 29,  128, 139, 93,  6,   15, 53,  69,
                                    99,  76,  42,  25, 110, 117, 5,   18,  72,  62, 142, 82,
                                    67,  68,  106, 93, 27,  118, 121, 153, 125, 45, 51,  103,
                                    104, 111, 139, 46, 150, 0,   12,  155, 151, 47, 22,  50 };

static const char *const goldens[] = {
    "llama",      "llama-untied", "llama3-rope",   "llama-linear",   "llama-yarn", "llama-bias",
    "llama-moe",  "gpt2",         "gptneox",       "gptneox-seq",    "phi2",       "phi3",
    "phi3-short", "phi3-long",    "qwen2",         "qwen3",          "gemma",      "gemma2",
    "gemma3",     "stablelm",     "starcoder2",    "olmo2",          "olmo3",      "smollm3",
    "bloom",      "falcon",       "mpt",           "falcon-2norms",  "granite",    "granitemoe",
    "command-r",  "qwen2moe",     "qwen3moe",      "olmoe",          "lfm2",       "internlm2",
    "ernie4_5",   "exaone",       "exaone4",       "exaone4-window", "orion",      "xverse",
    "glm4",       "nanbeige",     "hunyuan-dense", "maincoder",      "arcee",      "qwen35",
    "mamba",      "mamba2",       "granitehybrid", "falcon-h1",
};

/* Encoders: they attend to the whole text and return only vectors. */
static const char *const encoders[] = {
    "bert",
    "bert-untyped",
    "nomic-bert",
    "qwen3-encoder",
    "modern-bert",
    "modern-bert-silu",
    "gemma-embedding",
    "jina-bert-v2",
    "jina-bert-v2-fused",
    "jina-bert-v3",
    "nomic-bert-moe",
    "neo-bert",
    "eurobert",
    "llama-embed",
};

enum {
    N_GOLDENS = sizeof goldens / sizeof *goldens,
    N_ENCODERS = sizeof encoders / sizeof *encoders
};

enum { MAX_WIDTH = 64 };

/* ---- Loading --------------------------------------------------------------------------------- */

/* A whole file; free() it. NULL if missing. */
static inline uint8_t *read_golden(const char *name, const char *ending, size_t *n) {
    char path[128];
    snprintf(path, sizeof path, "tests/golden/arch/%s.%s", name, ending);
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(1 << 20);
    *n = file && bytes ? fread(bytes, 1, 1 << 20, file) : 0;
    if (file) fclose(file);
    if (*n > 0) return bytes;
    free(bytes);
    return NULL;
}

/* A model of these bytes, or NULL with the error. */
static inline jl_model *load(const uint8_t *bytes, size_t n, jl_error *e) {
    jl_error_clear(e);
    jl_model *m = jl_model_new(n, 1 << 26, e);
    jl_status st = m ? JL_MORE : e->code;
    for (size_t at = 0; st == JL_MORE && at < n;) {
        size_t room;
        uint8_t *to = jl_model_reserve(m, &room, e);
        if (!to) break;
        if (room > n - at) room = n - at;
        memcpy(to, bytes + at, room);
        st = jl_model_feed(m, room, e);
        at += room;
    }
    if (st == JL_MORE) st = jl_model_finish(m, e);
    if (st == JL_OK) return m;
    jl_model_free(m);
    return NULL;
}

static inline jl_session *open_session(const jl_model *m, int n_ctx, int n_batch, int all_logits) {
    jl_error e = { 0 };
    jl_session_options options = { .n_ctx = n_ctx, .n_batch = n_batch, .all_logits = all_logits };
    jl_session *s = jl_session_new(m, &options, &e);
    CHECK(s != NULL, "%s", e.message);
    return s;
}

/* Appends ids and evaluates them. */
static inline const float *advance(jl_session *s, const int32_t *more, int n) {
    jl_error e = { 0 };
    CHECK(jl_session_append(s, more, n, &e) == JL_OK, "%s", e.message);
    while (jl_session_advance(s, &e) == JL_MORE) continue;
    return jl_session_logits(s);
}

static inline jl_model *load_golden(const char *name) {
    size_t n;
    jl_error e = { 0 };
    uint8_t *file = read_golden(name, "gguf", &n);
    jl_model *m = file ? load(file, n, &e) : NULL;
    CHECK(m != NULL, "%s: %s", name, file ? e.message : "no file");
    free(file);
    return m;
}

/* The vector of n ids; rewinds the session first. */
static inline void embed(jl_session *s, const int32_t *text, int n, jl_pooling pooling,
                         float *out) {
    jl_error e = { 0 };
    CHECK(jl_session_rewind(s, 0, &e) == JL_OK && jl_session_append(s, text, n, &e) == JL_OK);
    CHECK(jl_session_embed(s, pooling, out, &e) == JL_OK, "%s", e.message);
}

/* ---- Runs ------------------------------------------------------------------------------------ */

/* Runs ids to the end and fills the taps, whose data is valid until the next run. */
static inline jl_status run_edited(jl_session *s, const int32_t *list, int n, jl_tap *taps,
                                   int n_taps, const jl_edit *edits, int n_edits, jl_error *e) {
    jl_run_options o = { .taps = taps, .n_taps = n_taps, .edits = edits, .n_edits = n_edits };
    jl_status st = jl_session_run_begin(s, list, n, &o, e);
    if (st) return st;
    while ((st = jl_session_run_step(s, e)) == JL_MORE) continue;
    for (int i = 0; i < n_taps && !st; i++) taps[i] = *jl_session_tap(s, i);
    if (st) jl_session_run_end(s);
    return st;
}

static inline jl_status run_taps(jl_session *s, const int32_t *list, int n, jl_tap *taps,
                                 int n_taps, jl_error *e) {
    return run_edited(s, list, n, taps, n_taps, NULL, 0, e);
}

#endif
