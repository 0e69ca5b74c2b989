/* import.c - loads what export.c writes: every kind of network; and invalid files.
 *
 * A hostile file can only cause an error: the tests remove each key and each tensor, make shapes
 * disagree, and truncate the file at every offset.
 */
#include <math.h>
#include <string.h>

#include "../../src/base/memory.h"
#include "../../src/jielong.h"
#include "../../src/train/export.h"
#include "../../src/train/import.h"
#include "../../src/compute/kernels.h"
#include "../helpers/check.h"

static const jlt_net_shape decoder = {
    .kind = JLT_NET_TRANSFORMER,
    .n_vocab = 20,
    .n_ctx = 12,
    .n_embd = 32,
    .n_layers = 2,
    .n_heads = 4,
    .n_kv_heads = 2,
    .n_ff = 32,
    .n_window = 3,
    .rope_base = 10000,
    .eps = 1e-5f,
};

/* A file of this shape's network (the caller frees it), and its parameters. */
static uint8_t *write(const jlt_net_shape *shape, jlt_network *net, float **params, uint64_t *n) {
    jl_error error = { 0 };
    jlt_export e = { JL_F32, NULL, "small", "", NULL, "a test" };
    CHECK(jlt_network_init(net, shape, jl_sgemm, &error) == JL_OK, "%s", error.message);
    *params = jl_alloc_array(net->n_params, sizeof **params);
    jlt_network_start(net, 7, *params);
    for (size_t i = 0; i < net->n_params; i++)
        (*params)[i] *= 4; /* so that positions have an effect */
    *n = jlt_export_write(net, *params, &e, NULL);
    uint8_t *file = jl_alloc((size_t)*n);
    CHECK(jlt_export_write(net, *params, &e, file) == *n);
    return file;
}

static double loss_of(const jlt_network *net, const float *params) {
    static const int32_t ids[] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9 };
    jlt_workspace *ws = jlt_workspace_new(net, 1, 12);
    double loss = jlt_network_loss(net, ws, params, ids, 1, 12, NULL, 0, NULL);
    jlt_workspace_free(ws);
    return loss;
}

/* Parses and imports; frees everything on success. */
static jl_status try(const uint8_t *file, uint64_t n, uint64_t have, jl_error *error) {
    jl_gguf g;
    jlt_network net;
    float *params;
    jl_status st = jl_gguf_parse(&g, file, have, n, error);
    if (st) return st;
    st = jlt_import(&g, file, have, 0, jl_sgemm, &net, &params, error);
    jl_gguf_free(&g);
    if (st) return st;
    jl_free(params);
    jlt_network_free(&net);
    return JL_OK;
}

static void check_round_trip(const jlt_net_shape *shape) {
    jlt_network net, back;
    float *params, *again;
    uint64_t n;
    jl_gguf g;
    jl_error error = { 0 };
    uint8_t *file = write(shape, &net, &params, &n);
    CHECK(jl_gguf_parse(&g, file, n, n, &error) == JL_OK, "%s", error.message);
    CHECK(jlt_import_is_baseline(&g) == (shape->kind != JLT_NET_TRANSFORMER));
    CHECK(jlt_import(&g, file, n, 20, jl_sgemm, &back, &again, &error) == JL_OK, "%s: %s",
          error.where, error.message);
    if (shape->position != JLT_NET_SINUSOIDAL) {
        CHECK(back.n_params == net.n_params);
        CHECK(memcmp(again, params, net.n_params * sizeof *params) == 0);
    }
    double loss = loss_of(&net, params);
    CHECK(loss > 0 && fabs(loss_of(&back, again) - loss) <= 0, "the same bits");
    jl_gguf_free(&g);
    jl_free(file), jl_free(params), jl_free(again);
    jlt_network_free(&net), jlt_network_free(&back);
}

static void every_kind_is_imported(void) {
    for (int position = JLT_NET_ROPE; position <= JLT_NET_NONE; position++) {
        jlt_net_shape s = decoder;
        s.position = (jlt_net_position)position;
        check_round_trip(&s);
    }
    for (int kind = JLT_NET_GRU; kind < JLT_NET_KINDS; kind++) {
        jlt_net_shape s = decoder;
        s.kind = (jlt_net_kind)kind;
        check_round_trip(&s);
    }
}

static jl_session *open_session(const uint8_t *file, uint64_t n, jl_model **m) {
    jl_error error = { 0 };
    size_t room;
    *m = jl_model_new(n, 0, &error);
    for (uint64_t at = 0; at < n;) {
        uint8_t *to = jl_model_reserve(*m, &room, &error);
        size_t part = room < n - at ? room : (size_t)(n - at);
        CHECK(to && part, "%s: %s", error.where, error.message);
        if (!to || !part) return NULL;
        memcpy(to, file + at, part);
        CHECK(jl_model_feed(*m, part, &error) >= 0, "%s: %s", error.where, error.message);
        at += part;
    }
    CHECK(jl_model_finish(*m, &error) == JL_OK, "%s: %s", error.where, error.message);
    jl_session *s = jl_session_new(
        *m, &(jl_session_options){ .n_ctx = 12, .n_batch = 12, .all_logits = 1 }, &error);
    CHECK(s, "%s: %s", error.where, error.message);
    return s;
}

/* Engine and trainer compute the same for every position scheme. */
static void the_engine_agrees_on_positions(void) {
    static const int32_t ids[] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9 };
    double last = 1;
    for (int position = JLT_NET_ROPE; position <= JLT_NET_NONE; position++) {
        jlt_net_shape shape = decoder;
        jlt_network net;
        float *params;
        uint64_t n;
        jl_model *m;
        jl_error error = { 0 };
        int rows;
        double nats = 0;
        shape.position = (jlt_net_position)position;
        uint8_t *file = write(&shape, &net, &params, &n);
        jl_session *s = open_session(file, n, &m);
        CHECK(jl_session_append(s, ids, 12, &error) == JL_OK);
        CHECK(jl_session_advance(s, &error) == JL_OK, "%s", error.message);
        jl_session_batch_logits(s, 0, &rows);
        CHECK(rows == 12);
        for (int t = 0; t < rows; t++) {
            const float *row = jl_session_batch_logits(s, t, &rows);
            double sum = 0;
            for (int i = 0; i < 20; i++) sum += exp((double)row[i]);
            nats += log(sum) - (double)row[ids[t + 1]];
        }
        CHECK(fabs(nats / loss_of(&net, params) - 1) < 1e-6, "positions %d: %f", position, nats);
        CHECK(fabs(nats / last - 1) > 1e-5, "positions %d change nothing", position);
        last = nats;
        jl_session_free(s), jl_model_free(m);
        jl_free(file), jl_free(params);
        jlt_network_free(&net);
    }
}

/* Overwrites the first `from` in the file; same length. */
static int replace(uint8_t *file, uint64_t n, const char *from, const char *to) {
    size_t length = strlen(from);
    for (uint64_t i = 0; i + length <= n; i++)
        if (memcmp(file + i, from, length) == 0) {
            memcpy(file + i, to, length);
            return 1;
        }
    return 0;
}

static void missing_keys_and_tensors_are_named(void) {
    static const struct {
        int kind;
        const char *from, *to, *where;
        jl_status status;
    } cases[] = {
        { JLT_NET_GRU, "jielong-gru\t", "", "", JL_OK }, /* unchanged */
        { JLT_NET_GRU, "gru.embedding_length", "gru.embedding_lengtx",
          "jielong-gru.embedding_length", JL_ERR_FORMAT },
        { JLT_NET_WINDOW, "window.window", "window.windox", "jielong-window.window",
          JL_ERR_FORMAT },
        { JLT_NET_WINDOW, "blk.0.window.bias", "blk.0.window.bies", "blk.0.window.bias",
          JL_ERR_TENSOR },
        { JLT_NET_GRU, "token_embd.weight", "token_embd.weighx", "token_embd.weight",
          JL_ERR_TENSOR },
        { JLT_NET_TRANSFORMER, "blk.1.ffn_down.weight", "blk.2.ffn_down.weight",
          "blk.1.ffn_down.weight", JL_ERR_TENSOR },
        { JLT_NET_TRANSFORMER, "jielong", "jielung", "general.architecture", JL_ERR_ARCHITECTURE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jlt_net_shape s = decoder;
        jlt_network net;
        float *params;
        uint64_t n;
        jl_error error = { 0 };
        s.kind = (jlt_net_kind)cases[i].kind;
        s.position = JLT_NET_ALIBI;
        uint8_t *file = write(&s, &net, &params, &n);
        CHECK(replace(file, n, cases[i].from, cases[i].to) == (cases[i].status != JL_OK));
        CHECK(try(file, n, n, &error) == cases[i].status, "case %zu: %s", i, error.message);
        CHECK(strcmp(error.where, cases[i].where) == 0, "%s", error.where);
        jl_free(file), jl_free(params);
        jlt_network_free(&net);
    }
}

/* Keys that contradict the tensors, and impossible sizes. */
static void shapes_must_agree(void) {
    static const struct {
        const char *key, *where;
        uint32_t value;
    } cases[] = {
        { "gru.embedding_length", "token_embd.weight", 64 },
        { "gru.vocab_size", "token_embd.weight", 21 },
        { "gru.vocab_size", "vocabulary", 1u << 30 },
        { "gru.embedding_length", "width", 1u << 30 },
        { "gru.context_length", "jielong-gru.context_length", UINT32_MAX },
        { "gru.context_length", "context", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jlt_net_shape s = decoder;
        jlt_network net;
        float *params;
        uint64_t n;
        jl_error error = { 0 };
        s.kind = JLT_NET_GRU;
        uint8_t *file = write(&s, &net, &params, &n);
        size_t length = strlen(cases[i].key);
        uint64_t at = 0;
        while (at + length < n && memcmp(file + at, cases[i].key, length) != 0) at++;
        memcpy(file + at + length + 4, &cases[i].value, 4); /* after the value's type */
        CHECK(try(file, n, n, &error) != JL_OK, "case %zu", i);
        CHECK(strcmp(error.where, cases[i].where) == 0, "case %zu: %s", i, error.where);
        jl_free(file), jl_free(params);
        jlt_network_free(&net);
    }
}

/* Ids of a larger tokenizer would index missing rows. */
static void the_vocabulary_size_matches_the_tokenizer(void) {
    for (int kind = 0; kind < JLT_NET_KINDS; kind++)
        for (int n_tokens = 19; n_tokens <= 21; n_tokens += 2) {
            jlt_net_shape s = decoder;
            jlt_network net, back;
            float *params, *again;
            uint64_t n;
            jl_gguf g;
            jl_error error = { 0 };
            s.kind = (jlt_net_kind)kind;
            uint8_t *file = write(&s, &net, &params, &n);
            CHECK(jl_gguf_parse(&g, file, n, n, &error) == JL_OK);
            CHECK(jlt_import(&g, file, n, n_tokens, jl_sgemm, &back, &again, &error) ==
                  JL_ERR_TENSOR);
            CHECK(strcmp(error.where, "token_embd.weight") == 0, "%s", error.where);
            jl_gguf_free(&g);
            jl_free(file), jl_free(params);
            jlt_network_free(&net);
        }
}

/* Rows × columns of a workspace are ints: larger shapes are rejected, never wrapped. */
static void a_workspace_beyond_an_int_is_refused(void) {
    jlt_net_shape s = decoder;
    jlt_network net;
    jl_error error = { 0 };
    s.kind = JLT_NET_WINDOW;
    s.n_ff = 65536, s.n_ctx = 65536;
    CHECK(jlt_network_init(&net, &s, jl_sgemm, &error) == JL_OK, "%s", error.message);
    CHECK(jlt_workspace_new(&net, 1, 65536) == NULL);
    jlt_workspace *small = jlt_workspace_new(&net, 1, 16);
    CHECK(small);
    jlt_workspace_free(small);
    jlt_network_free(&net);
}

static void truncated_files_are_errors(void) {
    jlt_net_shape s = decoder;
    jlt_network net;
    float *params;
    uint64_t n;
    s.kind = JLT_NET_WINDOW;
    uint8_t *file = write(&s, &net, &params, &n);
    for (uint64_t have = 0; have < n; have++) {
        jl_error error = { 0 };
        uint8_t *part = jl_alloc((size_t)have + 1); /* so that a read past the end is detected */
        memcpy(part, file, (size_t)have);
        jl_status st = try(part, n, have, &error);
        if (st == JL_OK) CHECK(0, "cut at %llu", (unsigned long long)have);
        jl_free(part);
    }
    jl_free(file), jl_free(params);
    jlt_network_free(&net);
}

#ifdef JL_DEBUG
static void refused_memory_is_an_error(void) {
    jlt_network net;
    float *params;
    uint64_t n;
    jl_error error = { 0 };
    uint8_t *file = write(&decoder, &net, &params, &n);
    int before = jl_memory_live(), i = 0;
    do {
        error = (jl_error){ 0 };
        jl_memory_fail_after(i++);
    } while (try(file, n, n, &error) != JL_OK && error.code == JL_ERR_MEMORY && i < 100);
    jl_memory_fail_after(-1);
    CHECK(i > 3 && i < 100 && error.code == JL_OK, "%s", error.message);
    CHECK(jl_memory_live() == before);
    jl_free(file), jl_free(params);
    jlt_network_free(&net);
}
#endif

int main(void) {
    RUN(every_kind_is_imported);
    RUN(the_engine_agrees_on_positions);
    RUN(missing_keys_and_tensors_are_named);
    RUN(shapes_must_agree);
    RUN(the_vocabulary_size_matches_the_tokenizer);
    RUN(a_workspace_beyond_an_int_is_refused);
    RUN(truncated_files_are_errors);
#ifdef JL_DEBUG
    RUN(refused_memory_is_an_error);
#endif
    return check_report("train/import");
}
