/* arch.c - model/: every supported architecture against llama.cpp's logits (encoders: vectors);
 * prefill = steps; rewind; invalid files and their error messages.
 *
 * Run in the repository's root: reads tests/golden/arch. tests/suite/golden.js runs the same
 * goldens as wasm and explains their tolerances.
 */
#include <math.h>
#include <string.h>

#include "../../src/base/memory.h"
#include "../../src/base/random.h"
#include "../../src/jielong_host.h"
#include "../../src/jielong_inside.h"
#include "../../src/model/model.h"
#include "../helpers/goldens.h"
#include "../hostile/gguf.h"

/* Rows of the table with a compared golden. */
static int seen[64];

/* ---- Goldens --------------------------------------------------------------------------------- */

/* Normalised mean squared error of the logits at every position. */
static double distance(const jl_model *m, const float *wanted) {
    jl_session *s = open_session(m, 0, N_IDS, 1);
    double error = 0, power = 0;
    int n;
    advance(s, ids, N_IDS);
    for (int t = 0; t < N_IDS; t++) {
        const float *found = jl_session_batch_logits(s, t, &n);
        for (int i = 0; found && i < jl_model_n_vocab(m); i++, wanted++) {
            error += ((double)found[i] - *wanted) * ((double)found[i] - *wanted);
            power += (double)*wanted * *wanted;
        }
    }
    CHECK(n == N_IDS, "%d rows", n);
    jl_session_free(s);
    return error / power;
}

/* A batch and single tokens give the same bits. */
static void compare_steps(const char *name, const jl_model *m) {
    size_t bytes = (size_t)jl_model_n_vocab(m) * sizeof(float);
    jl_session *whole = open_session(m, 0, 64, 0), *steps = open_session(m, 0, 1, 0);
    const float *a = advance(whole, ids, N_IDS), *b = NULL;
    for (int i = 0; i < N_IDS; i++) b = advance(steps, ids + i, 1);
    CHECK(a && b && memcmp(a, b, bytes) == 0, "%s: prefill and steps", name);
    jl_session_free(whole), jl_session_free(steps);
}

/* A rewound session gives the bits of a fresh one. */
static void compare_rewinds(const char *name, const jl_model *m) {
    static const int places[] = { N_IDS - 1, 30, 9, 1, 0 };
    size_t bytes = (size_t)jl_model_n_vocab(m) * sizeof(float);
    jl_session *s = open_session(m, 0, 7, 0);
    advance(s, ids, N_IDS);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int at = places[i];
        jl_error e = { 0 };
        jl_session *fresh = open_session(m, 0, 64, 0);
        CHECK(jl_session_rewind(s, at, &e) == JL_OK);
        const float *a = advance(s, ids + at, at ? 1 : 9), *b;
        if (at) advance(fresh, ids, at);
        b = advance(fresh, ids + at, at ? 1 : 9);
        CHECK(a && b && memcmp(a, b, bytes) == 0, "%s: rewind to %d", name, at);
        jl_session_free(fresh);
    }
    jl_session_free(s);
}

static void mark_seen(const jl_model *m) {
    for (int row = 0; jl_arch_at(row); row++) seen[row] |= jl_arch_at(row) == m->arch;
}

static void test_goldens(void) {
    for (int i = 0; i < N_GOLDENS; i++) {
        size_t n, n_logits;
        jl_error e;
        uint8_t *file = read_golden(goldens[i], "gguf", &n);
        uint8_t *logits = read_golden(goldens[i], "f32", &n_logits);
        jl_model *m = file ? load(file, n, &e) : NULL;
        CHECK(m && logits, "%s: %s", goldens[i], file ? e.message : "no file");
        if (m && logits) {
            double limit = m->arch->activation == JL_GELU ? 1e-8 : 1e-10;
            double nmse = distance(m, (const float *)(const void *)logits);
            CHECK(nmse < limit, "%s: NMSE %g", goldens[i], nmse);
            compare_steps(goldens[i], m);
            compare_rewinds(goldens[i], m);
            mark_seen(m);
        }
        jl_model_free(m);
        free(file), free(logits);
    }
}

static void test_every_row_has_a_golden(void) {
    for (int row = 0; jl_arch_at(row); row++) /* train/import.c compares our own */
        CHECK(seen[row] || strcmp(jl_arch_at(row)->name, "jielong") == 0,
              "architecture %s has no golden", jl_arch_at(row)->name);
}

/* A rewind beyond the stored history of short convolutions evaluates everything again. */
static void test_far_rewind(void) {
    enum { FAR = 300, BACK = 20 };
    size_t n;
    jl_error e;
    int32_t more[FAR];
    uint8_t *file = read_golden("lfm2", "gguf", &n);
    jl_model *m = file ? load(file, n, &e) : NULL;
    if (!m) SKIP("tests/golden is not in the working directory");
    size_t bytes = (size_t)jl_model_n_vocab(m) * sizeof(float);
    for (int i = 0; i < FAR; i++) more[i] = ids[i % N_IDS];
    for (int back = BACK; back < FAR; back += 130) {
        jl_session *s = open_session(m, 512, 5, 0), *fresh = open_session(m, 512, 64, 0);
        advance(s, more, FAR);
        CHECK(jl_session_rewind(s, back, &e) == JL_OK);
        const float *a = advance(s, more + back, 3), *b = advance(fresh, more, back + 3);
        CHECK(a && b && memcmp(a, b, bytes) == 0, "rewind to %d", back);
        jl_session_free(s), jl_session_free(fresh);
    }
    jl_tap tap = { .site = JL_SITE_PATTERN, .to = -1 };
    jl_session *s = open_session(m, 0, 0, 0);
    CHECK(run_taps(s, ids, 2, &tap, 1, &e) == JL_ERR_ARGUMENT);
    CHECK(strstr(e.message, "this model has no pattern in block 0") != NULL, "%s", e.message);
    jl_session_free(s);
    jl_model_free(m);
    free(file);
}

/* ---- Encoders -------------------------------------------------------------------------------- */

/* Half the squared distance: 1 − cosine of two unit vectors. */
static double apart(const float *a, const float *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]) / 2;
    return sum;
}

static void test_encoders(void) {
    for (int i = 0; i < N_ENCODERS; i++) {
        size_t n;
        jl_model *m = load_golden(encoders[i]);
        uint8_t *file = read_golden(encoders[i], "embed.f32", &n);
        if (!m || !file) SKIP("tests/golden is not in the working directory");
        const float *wanted = (const float *)(const void *)file;
        int width = jl_model_n_embd(m);
        double limit = m->arch->activation == JL_GELU ? 1e-7 : 1e-10;
        jl_session *s = open_session(m, 0, 5, 0), *fresh = open_session(m, N_IDS, 0, 0);
        float first[MAX_WIDTH], out[MAX_WIDTH];
        embed(s, ids, 7, JL_POOLING_MEAN, first);
        for (int p = JL_POOLING_MEAN; p <= JL_POOLING_LAST; p++, wanted += width) {
            embed(s, ids, N_IDS, (jl_pooling)p, out);
            double found = apart(out, wanted, width);
            CHECK(found < limit, "%s, pooling %d: %g", encoders[i], p, found);
            embed(fresh, ids, N_IDS, (jl_pooling)p, first);
            CHECK(memcmp(first, out, (size_t)width * sizeof *out) == 0, "%s: again", encoders[i]);
        }
        mark_seen(m);
        jl_session_free(s), jl_session_free(fresh);
        jl_model_free(m);
        free(file);
    }
}

/* Attention weights of a head cover the whole text, also for its first token. */
static void test_encoder_attention(void) {
    jl_model *m = load_golden("bert");
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_session *s = open_session(m, 0, 0, 0);
    jl_tap tap = { .site = JL_SITE_PATTERN, .layer = 1, .head = 2, .to = -1 };
    jl_error e = { 0 };
    CHECK(run_taps(s, ids, 9, &tap, 1, &e) == JL_OK, "%s", e.message);
    CHECK(tap.rows == 9 && tap.cols == 9);
    for (int t = 0; t < 9; t++) {
        double sum = 0;
        for (int i = 0; i < 9; i++) {
            CHECK(tap.data[9 * t + i] > 0, "token %d sees %d", t, i);
            sum += tap.data[9 * t + i];
        }
        CHECK(sum > 0.9999 && sum < 1.0001, "%g", sum);
    }
    CHECK(jl_session_logits(s) == NULL);
    jl_session_free(s);
    jl_model_free(m);
}

/* Encoders reject generation and texts in parts. */
static void test_encoder_refusals(void) {
    jl_model *m = load_golden("bert");
    if (!m) SKIP("tests/golden is not in the working directory");
    jl_session *s = open_session(m, 0, 0, 0);
    jl_error e = { 0 };
    jl_generation g = { .sampling = { .top_p = 1, .repeat_penalty = 1 }, .max_tokens = 2 };
    CHECK(jl_session_append(s, ids, 3, &e) == JL_OK);
    CHECK(run_taps(s, ids, 2, NULL, 0, &e) == JL_ERR_ARGUMENT, "%s", e.message);
    jl_error_clear(&e);
    CHECK(jl_session_generate(s, &g, &e) == JL_ERR_ARGUMENT);
    CHECK(strstr(e.message, "an encoder (bert) does not predict tokens") != NULL, "%s", e.message);
    jl_error_clear(&e);
    CHECK(jl_session_advance(s, &e) == JL_ERR_ARGUMENT && e.message[0]);
    float out[MAX_WIDTH];
    CHECK(jl_session_embed(s, JL_POOLING_CLS, out, &e) == JL_OK);
    jl_error_clear(&e);
    CHECK(jl_session_append(s, ids, 1, &e) == JL_ERR_ARGUMENT);
    CHECK(strstr(e.message, "3 tokens are evaluated already; rewind to 0") != NULL, "%s",
          e.message);
    jl_session_free(s);
    jl_session_options options = { .n_ctx = 129 };
    jl_error_clear(&e);
    CHECK(jl_session_new(m, &options, &e) == NULL && e.code == JL_ERR_ARGUMENT);
    CHECK(strstr(e.message, "trained for 128 positions, 129") != NULL, "%s", e.message);
    jl_model_free(m);
}

/* If the context exceeds the maximum batch, texts are limited to one batch. */
static void test_encoder_length(void) {
    static const char key[] = "nomic-bert.context_length";
    size_t n, at = 0;
    jl_error e = { 0 };
    uint8_t *file = read_golden("nomic-bert", "gguf", &n);
    if (!file) SKIP("tests/golden is not in the working directory");
    while (at + sizeof key < n && memcmp(file + at, key, sizeof key - 1) != 0) at++;
    file[at + sizeof key - 1 + 5] = 0x20; /* after the type: 128 + 8192 */
    jl_model *m = load(file, n, &e);
    CHECK(m && jl_model_n_ctx(m) == 8320, "%s", e.message);
    jl_session_options options = { .n_ctx = 4097 };
    CHECK(m && jl_session_new(m, &options, &e) == NULL && e.code == JL_ERR_ARGUMENT);
    CHECK(strstr(e.message, "at most 4096 tokens; 4097") != NULL, "%s", e.message);
    options.n_ctx = 4096;
    jl_session *s = m ? jl_session_new(m, &options, &e) : NULL;
    CHECK(s != NULL, "%s", e.message);
    jl_session_free(s);
    jl_model_free(m);
    free(file);
}

/* ---- Rejected files ------------------------------------------------------------------------- */

/* A value after "<arch>.": u u32, f float, b bool, s string; capitals: arrays of 2; -: no value. */
typedef struct value {
    const char *key;
    char type;
    double a, b;
    const char *text;
} value;

typedef struct tensor {
    const char *name;
    int cols, rows;
} tensor;

typedef struct refusal {
    const char *arch;
    value v;
    tensor t[2];
    jl_status code;
    const char *where, *message; /* substrings of the error's */
} refusal;

static void put_value(hostile_file *f, const char *arch, const value *v) {
    static const char types[] = "ufbsUFB";
    static const uint32_t numbers[] = { JL_GGUF_U32, JL_GGUF_F32, JL_GGUF_BOOL, JL_GGUF_STRING,
                                        JL_GGUF_U32, JL_GGUF_F32, JL_GGUF_BOOL };
    char key[96];
    size_t which = (size_t)(strchr(types, v->type) - types);
    uint32_t type = numbers[which];
    int count = which > 3 ? 2 : 1;
    snprintf(key, sizeof key, "%s.%s", arch, v->key);
    if (count > 1)
        put_array(f, key, type, (uint64_t)count);
    else
        put_key(f, key, type);
    for (int i = 0; i < count; i++) {
        double x = i ? v->b : v->a;
        if (type == JL_GGUF_STRING) put_string(f, v->text);
        if (type == JL_GGUF_F32) put_float(f, (float)x);
        if (type == JL_GGUF_U32) put_u32(f, (uint32_t)x);
        if (type == JL_GGUF_BOOL) put_number(f, (uint64_t)x, 1);
    }
}

/* A header with two blocks of width 8, valid except for the case's value and tensors. */
static void put_refusal(hostile_file *f, const refusal *r) {
    static const value base[] = {
        { "block_count", 'u', 2, 0, NULL },
        { "context_length", 'u', 32, 0, NULL },
        { "embedding_length", 'u', 8, 0, NULL },
        { "feed_forward_length", 'u', 16, 0, NULL },
        { "attention.head_count", 'u', 2, 0, NULL },
        { "attention.head_count_kv", 'u', 1, 0, NULL },
        { "attention.layer_norm_rms_epsilon", 'f', 1e-5, 0, NULL },
        { "attention.layer_norm_epsilon", 'f', 1e-5, 0, NULL },
        { "shortconv.l_cache", 'u', 3, 0, NULL },
        { "expert_used_count", 'u', 1, 0, NULL },
        { "ssm.conv_kernel", 'u', 4, 0, NULL },
        { "ssm.inner_size", 'u', 8, 0, NULL },
        { "ssm.state_size", 'u', 4, 0, NULL },
        { "ssm.time_step_rank", 'u', 2, 0, NULL },
        { "ssm.group_count", 'u', 1, 0, NULL },
    };
    enum { BASE = sizeof base / sizeof *base };
    int n_values = 1, n_tensors = 1, moe = strstr(r->arch, "moe") != NULL;
    const value experts = { "expert_count", 'u', 4, 0, NULL };
    for (int i = 0; i < BASE; i++) n_values += !r->v.key || strcmp(base[i].key, r->v.key) != 0;
    n_values += r->v.key && r->v.type != '-';
    if (moe && r->v.key && strcmp(r->v.key, experts.key) == 0) moe = 0;
    while (n_tensors < 3 && r->t[n_tensors - 1].name) n_tensors++;
    put_start(f, 3, (uint64_t)n_tensors, (uint64_t)(n_values + moe));
    put_key(f, "general.architecture", JL_GGUF_STRING), put_string(f, r->arch);
    if (moe) put_value(f, r->arch, &experts);
    for (int i = 0; i < BASE; i++)
        if (!r->v.key || strcmp(base[i].key, r->v.key) != 0) put_value(f, r->arch, &base[i]);
    if (r->v.key && r->v.type != '-') put_value(f, r->arch, &r->v);
    put_tensor(f, "token_embd.weight", 8, 4, 0, 0);
    uint64_t offset = 128;
    for (int i = 0; i + 1 < n_tensors; i++) {
        const tensor *t = &r->t[i];
        put_tensor(f, t->name, (uint64_t)t->cols, (uint64_t)t->rows, 0, offset);
        offset += ((uint64_t)t->cols * (uint64_t)t->rows * 4 + 31) & ~31u;
    }
    put_data(f, offset);
}

#define VALUE(arch, key, type, a, b, code, where, message)                                         \
    { arch, { key, type, a, b, NULL }, { { 0 } }, JL_ERR_##code, where, message }
#define TEXT(arch, key, text, code, where, message)                                                \
    { arch, { key, 's', 0, 0, text }, { { 0 } }, JL_ERR_##code, where, message }
#define TENSOR(arch, name, cols, rows, where, message)                                             \
    { arch, { 0 }, { { name, cols, rows } }, JL_ERR_TENSOR, where, message }

static const refusal refusals[] = {
    { "rwkv7",
      { 0 },
      { { 0 } },
      JL_ERR_ARCHITECTURE,
      "general.architecture",
      "\"rwkv7\" is not supported; choose a model of one of: llama, gpt2" },
    /* lengths */
    VALUE("qwen3", "block_count", '-', 0, 0, FORMAT, "qwen3.block_count", "the key is missing"),
    VALUE("gpt2", "attention.layer_norm_epsilon", '-', 0, 0, FORMAT,
          "gpt2.attention.layer_norm_epsilon", "the key is missing; architecture gpt2 needs it"),
    VALUE("gpt2", "block_count", 'u', 0, 0, FORMAT, "gpt2.block_count", "expected 1 to 1024"),
    VALUE("phi3", "embedding_length", 'u', 1e9, 0, FORMAT, "embedding_length", "found 1000000000"),
    VALUE("gemma", "feed_forward_length", 'U', 16, 32, ARCHITECTURE, "gemma.feed_forward_length",
          "block 1 has 32, another one 16"),
    VALUE("llama", "attention.head_count_kv", 'U', 1, 2, ARCHITECTURE, "head_count_kv",
          "blocks of different sizes are not supported"),
    VALUE("llama", "attention.head_count_kv", 'U', 0, 0, FORMAT, "head_count_kv",
          "expected 1 to 1024, found 0"),
    VALUE("llama", "attention.head_count_kv", 'F', 1, 1, FORMAT, "head_count_kv", "found 42949672"),
    VALUE("llama", "attention.head_count_kv", 'u', 3, 0, FORMAT, "head_count_kv",
          "2 query heads cannot share 3 KV heads"),
    VALUE("qwen3", "attention.key_length", 'u', 0, 0, FORMAT, "key_length", "found 0"),
    VALUE("qwen3", "attention.value_length", 'u', 8, 0, FORMAT, "value_length", "found 8"),
    /* rotation */
    VALUE("gptneox", "rope.dimension_count", 'u', 6, 0, FORMAT, "rope.dimension_count",
          "expected an even number up to the head size 4, found 6"),
    VALUE("phi2", "rope.dimension_count", 'u', 3, 0, FORMAT, "rope.dimension_count", "found 3"),
    VALUE("phi2", "rope.dimension_count", 'u', 0, 0, FORMAT, "rope.dimension_count", "found 0"),
    VALUE("qwen2", "rope.freq_base", 'f', -1, 0, FORMAT, "qwen2.rope.freq_base", "greater than 0"),
    VALUE("gemma3", "rope.freq_base_swa", 'f', 0, 0, FORMAT, "rope.freq_base_swa", "than 0"),
    VALUE("llama", "rope.scaling.factor", 'f', -2, 0, FORMAT, "rope.scaling.factor", "than 0"),
    VALUE("phi3", "rope.scaling.original_context_length", 'u', 0, 0, FORMAT,
          "rope.scaling.original_context_length", "expected 1"),
    TEXT("llama", "rope.scaling.type", "dynamic", ARCHITECTURE, "rope.scaling.type",
         "found dynamic; choose another model"),
    /* windows, caps, factors */
    VALUE("gemma2", "attention.sliding_window", 'u', 0, 0, FORMAT, "sliding_window", "found 0"),
    VALUE("gemma3", "attention.sliding_window_pattern", 'u', 0, 0, FORMAT, "sliding_window_pattern",
          "found 0"),
    VALUE("gemma3", "attention.sliding_window_pattern", 'U', 1, 7, FORMAT, "sliding_window_pattern",
          "expected 0 to 1, found 7"),
    VALUE("gemma2", "attn_logit_softcapping", 'f', -1, 0, FORMAT, "attn_logit_softcapping",
          "expected a number from 0 to 1000000"),
    VALUE("gemma2", "final_logit_softcapping", 'f', HUGE_VAL, 0, FORMAT, "final_logit_softcapping",
          "finite"),
    VALUE("granite", "logit_scale", 'f', 1e9, 0, FORMAT, "logit_scale", "from 0 to 1000000"),
    VALUE("mpt", "attention.max_alibi_bias", 'f', -8, 0, FORMAT, "max_alibi_bias", "from 0"),
    VALUE("gptneox", "use_parallel_residual", 'u', 1, 0, FORMAT, "use_parallel_residual", "BOOL"),
    /* experts */
    VALUE("olmoe", "expert_count", '-', 0, 0, FORMAT, "olmoe.expert_count", "the key is missing"),
    VALUE("olmoe", "expert_count", 'u', 0, 0, FORMAT, "expert_count", "expected 1 to 512, found 0"),
    VALUE("llama", "expert_count", 'u', 513, 0, FORMAT, "expert_count", "found 513"),
    VALUE("gpt2", "expert_count", 'u', 8, 0, ARCHITECTURE, "expert_count",
          "8 experts in architecture gpt2 are not supported; choose a dense model"),
    VALUE("qwen3moe", "expert_used_count", 'u', 5, 0, FORMAT, "expert_used_count",
          "expected 1 to 4, found 5"),
    VALUE("qwen3moe", "expert_used_count", 'u', 0, 0, FORMAT, "expert_used_count", "found 0"),
    VALUE("qwen2moe", "expert_feed_forward_length", 'u', 0, 0, FORMAT, "expert_feed_forward_length",
          "found 0"),
    VALUE("qwen2moe", "expert_shared_feed_forward_length", 'u', 0, 0, FORMAT,
          "expert_shared_feed_forward_length", "found 0"),
    VALUE("granitemoe", "expert_gating_func", 'u', 2, 0, ARCHITECTURE, "expert_gating_func",
          "expected 1 (softmax), found 2"),
    VALUE("granitemoe", "block_count", 'u', 1025, 0, FORMAT, "block_count", "found 1025"),
    /* variants */
    VALUE("nanbeige", "num_loops", 'u', 2, 0, ARCHITECTURE, "nanbeige.num_loops",
          "only 1 is supported; choose another model"),
    VALUE("glm4", "nextn_predict_layers", 'u', 1, 0, ARCHITECTURE, "glm4.nextn_predict_layers",
          "only 0 is supported"),
    VALUE("glm4", "rope.dimension_sections", 'U', 0, 16, ARCHITECTURE,
          "glm4.rope.dimension_sections", "only 0 is supported"),
    VALUE("hunyuan-dense", "rope.scaling.alpha", 'f', 1000, 0, ARCHITECTURE,
          "hunyuan-dense.rope.scaling.alpha", "only 0 is supported"),
    /* of text, the same as RoPE: the next check fails */
    VALUE("ernie4_5", "rope.dimension_sections", 'U', 0, 16, TENSOR, "output_norm.weight",
          "the tensor is missing"),
    TEXT("glm4", "num_loops", "1", ARCHITECTURE, "glm4.num_loops", "only 1 is supported"),
    VALUE("exaone4", "attention.sliding_window", 'u', 0, 0, FORMAT, "sliding_window", "found 0"),
    /* short convolutions */
    VALUE("lfm2", "shortconv.l_cache", '-', 0, 0, FORMAT, "lfm2.shortconv.l_cache", "missing"),
    VALUE("lfm2", "shortconv.l_cache", 'u', 1, 0, FORMAT, "shortconv.l_cache", "expected 2 to 64"),
    VALUE("lfm2", "shortconv.l_cache", 'u', 1e6, 0, FORMAT, "shortconv.l_cache", "found 1000000"),
    VALUE("lfm2", "attention.head_count_kv", 'U', 0, 0, FORMAT, "head_count_kv", "found 0"),
    /* recurrent blocks */
    VALUE("qwen35", "ssm.conv_kernel", '-', 0, 0, FORMAT, "qwen35.ssm.conv_kernel", "missing"),
    VALUE("qwen35", "ssm.conv_kernel", 'u', 65, 0, FORMAT, "ssm.conv_kernel", "expected 2 to 64"),
    VALUE("qwen35", "ssm.state_size", 'u', 257, 0, FORMAT, "ssm.state_size", "expected 1 to 256"),
    VALUE("qwen35", "ssm.inner_size", 'u', 1 << 17, 0, FORMAT, "ssm.inner_size", "found 131072"),
    VALUE("qwen35", "ssm.time_step_rank", 'u', 0, 0, FORMAT, "time_step_rank", "found 0"),
    VALUE("qwen35", "ssm.group_count", 'u', 3, 0, FORMAT, "ssm.inner_size",
          "a size of 8 does not fit 2 heads in 3 groups with states of 4"),
    VALUE("qwen35", "ssm.state_size", 'u', 3, 0, FORMAT, "ssm.inner_size", "states of 3"),
    VALUE("mamba2", "ssm.time_step_rank", 'u', 3, 0, FORMAT, "ssm.inner_size", "3 heads"),
    VALUE("mamba2", "ssm.group_count", '-', 0, 0, FORMAT, "mamba2.ssm.group_count", "missing"),
    VALUE("mamba", "ssm.time_step_rank", 'u', 1025, 0, FORMAT, "time_step_rank", "found 1025"),
    VALUE("mamba", "ssm.dt_b_c_rms", 'b', 1, 0, ARCHITECTURE, "mamba.ssm.dt_b_c_rms",
          "only 0 is supported"),
    VALUE("falcon-h1", "ssm.inner_size", 'u', 65537, 0, FORMAT, "inner_size", "found 65537"),
    TENSOR("mamba", "blk.0.ssm_x.weight", 8, 8, "blk.0.ssm_x.weight", "expected shape [8, 10, 1]"),
    TENSOR("mamba2", "blk.0.ssm_in.weight", 8, 32, "blk.0.ssm_in.weight",
           "expected shape [8, 26, 1]"),
    TENSOR("mamba2", "blk.0.ffn_up.weight", 8, 16, "blk.0.ffn_up.weight", "has no such tensor"),
    VALUE("qwen35", "full_attention_interval", 'u', 0, 0, FORMAT, "full_attention_interval",
          "found 0"),
    VALUE("qwen35", "nextn_predict_layers", 'u', 2, 0, FORMAT, "nextn_predict_layers",
          "expected 0 to 1, found 2"),
    VALUE("qwen35", "attention.causal", 'b', 0, 0, ARCHITECTURE, "attention.causal",
          "causal attention only"),
    TENSOR("qwen35", "blk.0.ssm_conv1d.weight", 4, 8, "ssm_conv1d.weight",
           "expected shape [4, 16, 1], found [4, 8, 1, 1]"),
    TENSOR("qwen35", "blk.1.ssm_a", 3, 1, "blk.1.ssm_a", "expected shape [2, 1, 1]"),
    TENSOR("qwen35", "blk.0.attn_q.weight", 8, 16, "blk.0.attn_q.weight", "has no such tensor"),
    TENSOR("llama", "blk.0.ssm_a", 2, 1, "blk.0.ssm_a", "has no such tensor"),
    /* bidirectional attention */
    VALUE("bloom", "attention.causal", 'b', 0, 0, ARCHITECTURE, "bloom.attention.causal",
          "architecture bloom is supported with causal attention only"),
    VALUE("lfm2", "attention.causal", 'b', 0, 0, ARCHITECTURE, "attention.causal",
          "causal attention only"),
    VALUE("qwen2", "attention.causal", 'u', 0, 0, FORMAT, "attention.causal", "BOOL"),
    VALUE("modern-bert", "attention.sliding_window", 'u', 0, 0, FORMAT, "sliding_window",
          "found 0"),
    VALUE("gemma-embedding", "attention.sliding_window", '-', 0, 0, FORMAT,
          "gemma-embedding.attention.sliding_window", "the key is missing"),
    TEXT("modern-bert", "hidden_activation", "relu", ARCHITECTURE, "hidden_activation",
         "expected gelu or silu, found relu"),
    VALUE("nomic-bert-moe", "moe_every_n_layers", '-', 0, 0, FORMAT, "moe_every_n_layers",
          "the key is missing"),
    VALUE("nomic-bert-moe", "moe_every_n_layers", 'u', 1, 0, FORMAT, "moe_every_n_layers",
          "expected 2 to 1024, found 1"),
    TENSOR("modern-bert", "blk.1.attn_norm.weight", 9, 1, "blk.1.attn_norm.weight",
           "expected shape [8, 1, 1], found [9, 1, 1, 1]"),
    TENSOR("jina-bert-v2", "blk.0.attn_norm_2.weight", 8, 1, "blk.0.attn_norm_2.weight",
           "has no such tensor"),
    TENSOR("bert", "dense_2.weight", 8, 8, "dense_2.weight", "has no such tensor"),
    TENSOR("bert", "position_embd.weight", 8, 32, "token_embd_norm.weight",
           "the tensor is missing; architecture bert needs it"),
    TENSOR("bert", "position_embd.weight", 8, 33, "position_embd.weight",
           "expected shape [8, 32, 1], found [8, 33, 1, 1]"),
    TENSOR("bert", "token_types.weight", 8, 65, "token_types.weight",
           "expected shape [8, 64, 1], found [8, 65, 1, 1]"),
    TENSOR("bert", "blk.1.layer_output_norm.bias", 16, 1, "blk.1.layer_output_norm.bias",
           "expected shape [8, 1, 1], found [16, 1, 1, 1]"),
    TENSOR("nomic-bert", "cls.weight", 8, 8, "cls.weight", "has no such tensor"),
    TENSOR("bert", "cls.weight", 8, 2, "cls.weight", "expected shape [8, 8, 1], found [8, 2"),
    TENSOR("bert", "cls.output.weight", 8, 9, "cls.output.weight", "expected shape [8, 8, 1]"),
    TENSOR("bert", "cls.output.weight", 9, 1, "cls.output.weight", "expected shape [8, 1, 1]"),
    VALUE("bert", "classifier.pooling_type", 'u', 5, 0, FORMAT, "classifier.pooling_type",
          "expected 0 to 4, found 5"),
    { "gemma-embedding",
      { "attention.sliding_window", 'u', 8, 0, NULL },
      { { "output_norm.weight", 8, 1 }, { "dense_2.weight", 8, 12 } },
      JL_ERR_TENSOR,
      "dense_3.weight",
      "the tensor is missing" }, /* rerankers */
    TENSOR("nomic-bert", "position_embd.weight", 8, 32, "position_embd.weight",
           "has no such tensor"),
    /* tensors */
    { "llama", { 0 }, { { 0 } }, JL_ERR_TENSOR, "output_norm.weight", "the tensor is missing" },
    TENSOR("llama", "output_norm.weight", 8, 1, "blk.0.attn_norm.weight",
           "the tensor is missing; architecture llama needs it"),
    TENSOR("gpt2", "position_embd.weight", 8, 31, "position_embd.weight",
           "expected shape [8, 32, 1], found [8, 31, 1, 1]"),
    TENSOR("phi3", "blk.1.attn_qkv.weight", 8, 15, "blk.1.attn_qkv.weight",
           "expected shape [8, 16"),
    TENSOR("llama", "blk.2.attn_norm.weight", 8, 1, "blk.2.attn_norm.weight",
           "architecture llama with 2 blocks has no such tensor"),
    TENSOR("llama", "blk.0.attn_q_norm.weight", 4, 1, "attn_q_norm", "has no such tensor"),
    TENSOR("llama", "blk.99999999.attn_norm.weight", 8, 1, "attn_norm", "has no such tensor"),
    TENSOR("olmo2", "blk.0.attn_norm.weight", 8, 1, "attn_norm", "has no such tensor"),
    TENSOR("qwen3moe", "blk.0.ffn_up.weight", 8, 16, "ffn_up.weight", "has no such tensor"),
    TENSOR("qwen3moe", "blk.0.ffn_up_exps.weight", 8, 64, "ffn_up_exps",
           "expected shape [8, 16, 4], found [8, 64, 1, 1]"),
    { "qwen2",
      { 0 },
      { { "blk.0.attn_qkv.weight", 8, 16 }, { "blk.0.attn_k.weight", 8, 4 } },
      JL_ERR_TENSOR,
      "blk.0.attn_k.weight",
      "another tensor has the same role" },
};

static void test_refusals(void) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal *r = &refusals[i];
        static hostile_file f;
        jl_error e;
        put_refusal(&f, r);
        jl_model *m = load(f.bytes, f.n, &e);
        CHECK(m == NULL && e.code == r->code, "%s %s: code %d, %s", r->where, r->message,
              (int)e.code, e.message);
        CHECK(strstr(e.where, r->where) != NULL, "expected %s, found %s: %s", r->where, e.where,
              e.message);
        CHECK(strstr(e.message, r->message) != NULL, "%s: expected \"%s\" in \"%s\"", r->where,
              r->message, e.message);
        jl_model_free(m);
    }
}

/* The error that lists the architectures fits its buffer. */
static void test_names_fit(void) {
    hostile_file *f = malloc(sizeof *f);
    refusal r = { "an-architecture-with-quite-a-long-name", { 0 }, { { 0 } }, 0, "", "" };
    jl_error e;
    if (!f) return;
    put_refusal(f, &r);
    CHECK(load(f->bytes, f->n, &e) == NULL);
    for (int i = 0; jl_arch_at(i); i++)
        CHECK(strstr(e.message, jl_arch_at(i)->name) != NULL, "%s in \"%s\"", jl_arch_at(i)->name,
              e.message);
    free(f);
}

/* Damaged headers load, or fail with place and message; what loads can run. */
static void test_damage(void) {
    static const uint8_t bytes[] = { 0, 1, 2, 3, 127, 128, 255 };
    enum { TRIES = 120 };
    jl_random random;
    jl_random_seed(&random, 3);
    for (int i = 0; i < N_GOLDENS + N_ENCODERS; i += 2) {
        size_t n;
        const char *name = i < N_GOLDENS ? goldens[i] : encoders[i - N_GOLDENS];
        uint8_t *file = read_golden(name, "gguf", &n);
        if (!file) SKIP("tests/golden is not in the working directory");
        size_t header = n < 6000 ? n : 6000;
        for (int k = 0; k < TRIES; k++) {
            jl_error e;
            size_t at = jl_random_bits(&random) % header;
            uint8_t before = file[at];
            file[at] = bytes[jl_random_bits(&random) % sizeof bytes];
            jl_model *m = load(file, n, &e);
            CHECK(m || (e.code < 0 && e.where[0] && e.message[0]), "byte %d", (int)at);
            if (m && m->arch && m->h.n_ctx >= 8) {
                jl_session_options options = { .n_ctx = 8, .n_batch = 2 };
                jl_session *s = jl_session_new(m, &options, &e);
                float out[1024];
                if (s && m->h.n_vocab > 0) advance(s, (const int32_t[]){ 0, 0, 0 }, 3);
                if (s && m->h.encoder && m->h.n_embd <= 1024)
                    jl_session_embed(s, JL_POOLING_CLS, out, &e);
                jl_session_free(s);
            }
            jl_model_free(m);
            file[at] = before;
        }
        free(file);
    }
}

/* ---- Headers --------------------------------------------------------------------------------- */

/* Feeds until the model says that it has enough; returns the bytes it took. */
static size_t feed_header(jl_model *m, const uint8_t *file, size_t n, jl_error *e) {
    size_t fed = 0;
    jl_status st = JL_MORE;
    while (st == JL_MORE && fed < n) {
        size_t room, part = n - fed < 1000 ? n - fed : 1000;
        uint8_t *to = jl_model_reserve(m, &room, e);
        if (!to) break;
        if (part > room) part = room;
        memcpy(to, file + fed, part);
        st = jl_model_feed(m, part, e);
        fed += part;
    }
    CHECK(st == JL_OK, "status %d: %s", st, e->message);
    return fed;
}

/* A header describes the model as the whole file does; no memory for weights, no session. */
static void test_header_only(void) {
    size_t n;
    static char a[1 << 16], b[1 << 16];
    uint8_t *file = read_golden("llama", "gguf", &n);
    jl_error e = { 0 }, refused = { 0 };
    jl_model *whole = load_golden("llama"), *m = jl_model_new(n, 1, &e);
    CHECK(file && whole && m, "%s", e.message);
    if (!file || !whole || !m) return;
    jl_model_header_only(m);
    size_t fed = feed_header(m, file, n, &e);
    CHECK(fed < n, "%zu of %zu bytes were needed", fed, n);
    CHECK(jl_model_feed(m, 0, &e) == JL_OK && jl_model_finish(m, &e) == JL_OK, "%s", e.message);
    CHECK(jl_model_file_bytes(m) > fed && jl_model_file_bytes(m) <= n, "length of the file");
    jl_model_info(whole, a, sizeof a), jl_model_info(m, b, sizeof b);
    size_t same = (size_t)(strstr(a, "\"sites\"") - a); /* sites depend on the weights */
    CHECK(memcmp(a, b, same) == 0, "%.*s", (int)same, b);
    CHECK(!jl_session_new(m, NULL, &refused) && refused.code, "a session without weights");
    jl_model_free(whole), jl_model_free(m);
    free(file);
}

int main(void) {
    RUN(test_goldens);
    RUN(test_encoders);
    RUN(test_every_row_has_a_golden);
    RUN(test_encoder_attention);
    RUN(test_encoder_refusals);
    RUN(test_encoder_length);
    RUN(test_far_rewind);
    RUN(test_refusals);
    RUN(test_names_fit);
    RUN(test_damage);
    RUN(test_header_only);
    return check_report("model/arch");
}
