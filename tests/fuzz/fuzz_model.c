/* fuzz_model.c - libFuzzer target: any bytes → a whole load, and a host's use of the model.
 *
 * The file is fed in chunks of random sizes (seeded by a hash of its bytes, so runs repeat), once
 * with known and once with unknown size. A loaded model is described, tokenizes and draws two
 * tokens, or embeds if it is an encoder. Besides the sanitizers: an error has place and message;
 * chunks and a known size change no bit of the results; abandoned loads and failed allocations leak
 * nothing. Seeds: "fuzz_model --seeds=DIR" writes tiny models of every tensor type and exits;
 * tests/golden/oracle.py make bert OUT --set d=8 H=2 K=2 hd=4 ff=8 L=1 C=20 makes encoders.
 * Mutations mostly keep the layout and hit the header, where most decisions are.
 */
#include "fuzz.h"

#include "../../src/format/quant.h"
#include "../../src/jielong_inside.h"
#include "../hostile/gguf.h"

enum { MEMORY_LIMIT = 1 << 26, CONTEXT = 16 };

/* ---- One load -------------------------------------------------------------------------------- */

typedef struct plan {
    uint64_t file_size; /* 0: unknown */
    size_t stop;        /* bytes after which the host abandons the load */
    jl_random random;   /* random state for chunk sizes */
} plan;

/* One byte, a few, a page or everything: chunks split every field. */
static size_t draw_chunk(jl_random *r, size_t max) {
    static const size_t sizes[] = { 1, 7, 64, 4096, SIZE_MAX };
    size_t size = sizes[jl_random_bits(r) % 5];
    size = size == SIZE_MAX ? max : 1 + jl_random_bits(r) % size;
    return size < max ? size : max;
}

/* JL_OK, JL_MORE (abandoned) or an error. */
static jl_status feed_all(jl_model *m, const uint8_t *data, size_t n, plan p, jl_error *e) {
    jl_status status = JL_MORE;
    for (size_t at = 0; at < n && status == JL_MORE;) {
        if (at >= p.stop) return JL_MORE;
        size_t room;
        uint8_t *to = jl_model_reserve(m, &room, e);
        if (!to) return e->code;
        REQUIRE(room > 0);
        size_t chunk = draw_chunk(&p.random, room < n - at ? room : n - at);
        memcpy(to, data + at, chunk);
        status = jl_model_feed(m, chunk, e);
        at += chunk;
    }
    return status == JL_MORE ? jl_model_finish(m, e) : status;
}

/* The complete model, or NULL with *e filled (empty if abandoned). */
static jl_model *load(const uint8_t *data, size_t n, plan p, jl_error *e) {
    *e = (jl_error){ 0 };
    jl_model *m = jl_model_new(p.file_size, MEMORY_LIMIT, e);
    jl_status status = m ? feed_all(m, data, n, p, e) : e->code;
    REQUIRE(status == JL_OK || status == JL_MORE || status < 0);
    REQUIRE((status < 0) == (e->code < 0));
    if (status < 0) REQUIRE(status == e->code && e->message[0] && e->where[0]);
    if (status == JL_OK) return m;
    jl_model_free(m);
    return NULL;
}

/* ---- Use of a model ------------------------------------------------------------------------- */

static uint64_t mix(uint64_t sum, const void *bytes, size_t n) {
    return (sum ^ jl_hash(bytes, n)) * 0x9e3779b97f4a7c15u;
}

static uint64_t describe(const jl_model *m) {
    size_t n = jl_model_info(m, NULL, 0);
    char *json = malloc(n + 1);
    REQUIRE(json && jl_model_info(m, json, n + 1) == n && json[n] == 0);
    uint64_t sum = mix(0, json, n);
    free(json);
    for (int32_t id = -1; id <= jl_model_n_vocab(m); id++) {
        const char *bytes = jl_token_bytes(m, id, id & 1, &n);
        REQUIRE((bytes != NULL) == (id >= 0 && id < jl_model_n_vocab(m)));
        if (bytes) sum = mix(sum + (unsigned)jl_token_is_end(m, id), bytes, n);
    }
    return sum;
}

/* Records a tokenisation: the ids are jl_tokenize()'s, and no event leaves its piece. */
static void record(const jl_model *m, const char *text, size_t n) {
    int32_t ids[256];
    jl_error e = { 0 };
    int wanted = jl_tokenize(m, text, n, JL_TOKENIZE_SPECIAL, ids, 256, &e);
    int events, n_ids, length = 0;
    size_t bytes, used = 0;
    jl_trace *t = jl_trace_new(m, text, n, JL_TOKENIZE_SPECIAL, &e);
    REQUIRE((t != NULL) == (wanted >= 0));
    if (!t) return;
    const jl_trace_event *event = jl_trace_events(t, &events);
    const int32_t *found = jl_trace_ids(t, &n_ids);
    REQUIRE(n_ids == wanted);
    for (int i = 0; i < wanted && i < 256; i++) REQUIRE(ids[i] == found[i]);
    for (int i = 0; i < events; i++) {
        if (event[i].kind == JL_TRACE_PIECE) {
            length = (int)event[i].length;
            used += event[i].length;
            REQUIRE(event[i].at <= event[i].value && event[i].value <= n);
        } else if (event[i].kind != JL_TRACE_CANDIDATE) {
            REQUIRE(event[i].at + event[i].length <= (uint32_t)length);
        }
    }
    jl_trace_bytes(t, &bytes);
    REQUIRE(bytes == used);
    jl_trace_free(t);
}

/* Tokenizes a varied text, or uses a few ids without tokenizer. Returns the count. */
static int tokenize(const jl_model *m, int32_t *ids, int cap) {
    static const char text[] = "ab <x>ba\r\n  a1\xff\xe4\xb8 \xc3\xa9'll aaaaaaaa</s><x";
    int n = 0, vocab = jl_model_n_vocab(m);
    for (int flags = 0; flags < 4; flags++) {
        jl_error e = { 0 };
        n = jl_tokenize(m, text, sizeof text, flags, ids, cap, &e);
        REQUIRE(n >= 0 || (n == e.code && e.message[0]));
        REQUIRE(n <= (int)sizeof text + 1);
    }
    record(m, text, sizeof text);
    n = n < 0 ? 0 : n < cap ? n : cap;
    for (int i = 0; i < n; i++) REQUIRE(ids[i] >= 0 && ids[i] < vocab);
    while (n < 3) ids[n] = n % vocab, n++;
    return n;
}

static uint64_t draw_two(jl_session *s, uint64_t sum) {
    jl_generation g = {
        .sampling = jl_sampling_default(), .max_tokens = 2, .ignore_end = 1, .top_logprobs = 4
    };
    jl_token token;
    jl_error e = { 0 };
    jl_status status = jl_session_generate(s, &g, &e);
    REQUIRE(status == JL_OK || (status == JL_ERR_MEMORY && e.message[0]));
    if (status) return sum;
    do {
        status = jl_session_generate_step(s, &token, &e);
        if (status != JL_OK) continue;
        sum = mix(sum + (uint64_t)token.id, token.text, token.n_text);
        sum = mix(sum, &token.logprob, sizeof token.logprob);
    } while (status == JL_OK || status == JL_MORE);
    REQUIRE(status == JL_DONE || (status == JL_ERR_NUMERIC && e.message[0]));
    return sum;
}

static uint64_t embed(const jl_model *m, jl_session *s, uint64_t sum) {
    jl_error e = { 0 };
    size_t bytes = (size_t)jl_model_n_embd(m) * sizeof(float);
    float *vector = malloc(bytes);
    REQUIRE(vector);
    jl_status status = JL_MORE;
    while (status == JL_MORE) status = jl_session_embed(s, jl_model_pooling(m), vector, &e);
    REQUIRE(status == JL_OK || (status == JL_ERR_NUMERIC && e.message[0]));
    if (status == JL_OK) sum = mix(sum, vector, bytes);
    free(vector);
    return sum;
}

/* Rows, cosines and logits of the first tokens. */
static uint64_t read_vocabulary(const jl_model *m, uint64_t sum) {
    jl_error e = { 0 };
    int32_t first[2] = { 0, jl_model_n_vocab(m) - 1 };
    size_t width = (size_t)jl_model_n_embd(m), vocab = (size_t)jl_model_n_vocab(m);
    float *rows = malloc(2 * width * sizeof *rows), *out = malloc(2 * vocab * sizeof *out);
    REQUIRE(rows && out);
    if (jl_model_rows(m, JL_TABLE_EMBEDDING, first, 2, rows, &e) == JL_OK) {
        REQUIRE(jl_model_cosines(m, 0, 0, (int)vocab, out, &e) == JL_OK || e.message[0]);
        sum = mix(sum, rows, 2 * width * sizeof *rows);
        if (jl_model_unembed(m, rows, 2, 1, NULL, out, &e) == JL_OK)
            sum = mix(sum, out, 2 * vocab * sizeof *out);
    }
    REQUIRE(e.code == JL_OK || e.message[0]);
    free(rows);
    free(out);
    return sum;
}

static uint64_t run(const jl_model *m, uint64_t sum) {
    int32_t ids[CONTEXT - 2];
    int trained = jl_model_n_ctx(m), n = tokenize(m, ids, CONTEXT - 2);
    jl_session_options options = { trained < CONTEXT ? trained : CONTEXT, 3, 1, NULL };
    jl_error e = { 0 };
    jl_session *s = jl_session_new(m, &options, &e);
    if (!s) {
        REQUIRE(e.code < 0 && e.message[0]);
        return sum;
    }
    int room = jl_session_n_ctx(s) - 1; /* at least one position for drawn tokens */
    if (n > room) n = room;
    REQUIRE(jl_session_append(s, ids, n, &e) == JL_OK);
    sum = mix(sum, ids, (size_t)n * sizeof *ids);
    if (n > 0) {
        while (jl_session_advance(s, &e) == JL_MORE) continue;
        const float *logits = jl_session_logits(s);
        if (logits) sum = mix(sum, logits, (size_t)jl_model_n_vocab(m) * sizeof(float));
        sum = logits ? draw_two(s, sum) : embed(m, s, sum);
    }
    jl_session_free(s);
    return read_vocabulary(m, sum);
}

/* A digest of all results of the load; 0 if it failed. */
static uint64_t try_file(const uint8_t *data, size_t n, uint64_t file_size, uint64_t seed) {
    plan p = { file_size, SIZE_MAX, { 0 } };
    jl_error e;
    jl_random_seed(&p.random, seed);
    jl_model *m = load(data, n, p, &e);
    uint64_t sum = m ? run(m, describe(m)) | 1 : 0;
    jl_model_free(m);
    REQUIRE(jl_memory_live() == 0);
    return sum;
}

/* Abandons a load halfway, then fails an allocation: no leak, no crash. */
static void try_trouble(const uint8_t *data, size_t n, uint64_t seed) {
    plan p = { n, SIZE_MAX, { 0 } };
    jl_error e;
    jl_random_seed(&p.random, seed);
    p.stop = jl_random_bits(&p.random) % (n + 1);
    jl_model_free(load(data, n, p, &e));
    p.stop = SIZE_MAX;
    jl_memory_fail_after((int)(jl_random_bits(&p.random) % 40));
    jl_model *m = load(data, n, p, &e);
    if (m) run(m, 0);
    jl_memory_fail_after(-1);
    jl_model_free(m);
    REQUIRE(jl_memory_live() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    uint64_t seed = jl_hash(data, n);
    uint64_t known = try_file(data, n, n, seed);
    uint64_t unknown = try_file(data, n, 0, ~seed);
    if (n > 0) REQUIRE(known == unknown);
    try_trouble(data, n, seed);
    return 0;
}

/* ---- Seeds ----------------------------------------------------------------------------------- */

/* One block of a type with small weights: random quants and scales, ordinary half floats at their
 * offsets. */
static void put_block(hostile_file *f, jl_type type, jl_random *r) {
    static const struct {
        uint8_t d, m; /* bytes; m = 0: none */
    } halves[] = { [JL_Q4_1] = { 0, 2 },   [JL_Q5_1] = { 0, 2 },   [JL_Q2_K] = { 80, 82 },
                   [JL_Q3_K] = { 108, 0 }, [JL_Q4_K] = { 0, 2 },   [JL_Q5_K] = { 0, 2 },
                   [JL_Q6_K] = { 208, 0 }, [JL_IQ4_XS] = { 0, 0 }, [JL_BF16] = { 0, 0 } };
    uint32_t bits = jl_random_bits(r);
    if (type == JL_F32) put_float(f, (float)(bits >> 8) * 0x1p-25f - 0.25f);
    if (type == JL_F16) put_number(f, (bits & 0x83ff) | 0x2c00, 2); /* ±2^-4 … 2^-3 */
    if (type == JL_BF16) put_number(f, (bits & 0x807f) | 0x3d80, 2);
    const jl_type_info *info = jl_type_get((uint32_t)type);
    if (info->block == 1) return;
    int d = halves[type].d, m = halves[type].m;
    uint16_t scale = info->block == 256                     ? 0x0400
                     : type == JL_Q8_0 || type == JL_IQ4_NL ? 0x1400
                                                            : 0x2000;
    for (int i = 0; i < info->bytes; i += 2)
        put_number(f, i == d ? scale : m && i == m ? 0x2800u : jl_random_bits(r) & 0xffff, 2);
}

typedef struct shape {
    const char *name;
    int rows, cols;
    jl_type type;
} shape;

static int blocks_of(const shape *s) {
    return s->rows * s->cols / jl_type_get((uint32_t)s->type)->block;
}

enum { VOCABULARY = 12 };

static void put_metadata(hostile_file *f, int width, int head, int ff) {
    static const char *const tokens[VOCABULARY] = { "a",  "b",   "Ġ", "ab",     "<x>", "</s>",
                                                    "aa", "Ġab", "Ċ", "<0x41>", "ł",   "1" };
    static const uint32_t types[VOCABULARY] = { 1, 1, 1, 1, 4, 3, 1, 1, 1, 6, 1, 1 };
    static const char *const merges[] = { "a b", "a a", "Ġ ab" };
    put_key(f, "general.architecture", JL_GGUF_STRING), put_string(f, "llama");
    put_key_u32(f, "llama.block_count", 1), put_key_u32(f, "llama.context_length", 32);
    put_key_u32(f, "llama.embedding_length", (uint32_t)width);
    put_key_u32(f, "llama.feed_forward_length", (uint32_t)ff);
    put_key_u32(f, "llama.attention.key_length", (uint32_t)head);
    put_key_u32(f, "llama.attention.value_length", (uint32_t)head);
    put_key_u32(f, "llama.attention.head_count", 2);
    put_key_u32(f, "llama.attention.head_count_kv", 1);
    put_key(f, "llama.attention.layer_norm_rms_epsilon", JL_GGUF_F32), put_float(f, 1e-5f);
    put_key(f, "llama.rope.scaling.type", JL_GGUF_STRING), put_string(f, "yarn");
    put_key(f, "llama.rope.scaling.factor", JL_GGUF_F32), put_float(f, 2);
    put_key(f, "tokenizer.ggml.model", JL_GGUF_STRING), put_string(f, "gpt2");
    put_key(f, "tokenizer.ggml.pre", JL_GGUF_STRING), put_string(f, "llama-bpe");
    put_array(f, "tokenizer.ggml.tokens", JL_GGUF_STRING, VOCABULARY);
    for (int i = 0; i < VOCABULARY; i++) put_string(f, tokens[i]);
    put_array(f, "tokenizer.ggml.token_type", JL_GGUF_I32, VOCABULARY);
    for (int i = 0; i < VOCABULARY; i++) put_u32(f, types[i]);
    put_array(f, "tokenizer.ggml.merges", JL_GGUF_STRING, 3);
    for (int i = 0; i < 3; i++) put_string(f, merges[i]);
    put_key_u32(f, "tokenizer.ggml.bos_token_id", 5);
}

enum { N_METADATA = 18 };

/* As wide as fits 40 KiB: 32 bytes per row of floats, one block of other types. Types are mixed:
 * FFN weights of blocks of 32 are Q4_1; matrices with fewer columns than a block of 256 are F16 or
 * Q4_1. */
static void put_model(hostile_file *f, jl_type type) {
    const jl_type_info *info = jl_type_get((uint32_t)type);
    int w = info->block == 1 ? 32 / info->bytes : info->block, super = info->block == 256;
    int head = super ? 4 : w / 2, ff = super ? 32 : w;
    jl_type gate = info->block == 32 ? JL_Q4_1 : type, down = super ? JL_Q4_1 : gate;
    const shape shapes[] = {
        { "token_embd.weight", VOCABULARY, w, type },
        { "output_norm.weight", 1, w, JL_F32 },
        { "rope_freqs.weight", 1, head / 2, JL_F32 },
        { "blk.0.attn_norm.weight", 1, w, JL_F32 },
        { "blk.0.attn_q.weight", 2 * head, w, type },
        { "blk.0.attn_k.weight", head, w, type },
        { "blk.0.attn_v.weight", head, w, type },
        { "blk.0.attn_output.weight", w, 2 * head, super ? JL_F16 : type },
        { "blk.0.ffn_norm.weight", 1, w, JL_F32 },
        { "blk.0.ffn_gate.weight", ff, w, gate },
        { "blk.0.ffn_up.weight", ff, w, gate },
        { "blk.0.ffn_down.weight", w, ff, down },
    };
    enum { N = sizeof shapes / sizeof *shapes };
    uint64_t offset = 0;
    jl_random r;
    put_start(f, 3, N, N_METADATA);
    put_metadata(f, w, head, ff);
    for (int i = 0; i < N; i++) {
        const shape *s = &shapes[i];
        put_string(f, s->name), put_u32(f, s->rows == 1 ? 1 : 2), put_u64(f, (uint64_t)s->cols);
        if (s->rows > 1) put_u64(f, (uint64_t)s->rows);
        put_u32(f, (uint32_t)s->type), put_u64(f, offset);
        offset += ((uint64_t)(blocks_of(s) * jl_type_get((uint32_t)s->type)->bytes) + 31) & ~31u;
    }
    jl_random_seed(&r, 1);
    for (int i = 0; i < N; i++) {
        put_data(f, 0); /* padding */
        for (int b = 0; b < blocks_of(&shapes[i]); b++)
            if (shapes[i].rows == 1)
                put_float(f, 1);
            else
                put_block(f, shapes[i].type, &r);
    }
}

void write_seeds(const char *folder) {
    for (uint32_t i = 0; i < 64; i++) {
        hostile_file f;
        char name[64];
        if (!jl_type_get(i)->bytes) continue;
        put_model(&f, (jl_type)i);
        REQUIRE(try_file(f.bytes, f.n, f.n, 1) != 0); /* a seed must load */
        snprintf(name, sizeof name, "model-%s.gguf", jl_type_get(i)->name);
        write_seed(folder, name, f.bytes, f.n);
    }
}
