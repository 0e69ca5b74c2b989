/* export.c - writes a trained network as GGUF: metadata, tokenizer, tensors.
 *
 * Tensors already have GGUF's names and dimensions, and RoPE rotates adjacent pairs as in llama
 * files, so the export only quantises, as ggml does.
 */
#include "export.h"

#include <string.h>

#include "../base/half.h"
#include "../format/gguf_write.h"

static const char *const architecture_names[] = { "jielong", "jielong-gru", "jielong-window" };

jl_status jlt_export_check(const jlt_network *net, jl_error *error) {
    const jlt_net_shape *s = &net->shape;
    if (s->kind != JLT_NET_TRANSFORMER || (s->norm == JLT_NET_RMS_NORM && s->ffn == JLT_NET_SWIGLU))
        return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("export"),
                   "only a decoder with norm = rms and activation = swiglu can be exported");
}

static const char *architecture_of(const jlt_net_shape *s) {
    if (s->kind == JLT_NET_TRANSFORMER && s->position == JLT_NET_ROPE) return "llama";
    return architecture_names[s->kind];
}

/* ---- Metadata -------------------------------------------------------------------------------- */

/* Writes and counts values. Runs twice because the header begins with the count. */
typedef struct sink {
    jl_gguf_writer *w;
    const char *arch;
    uint64_t n;
} sink;

static void put_text(sink *s, const char *key, const char *text) {
    if (!text || !*text) return;
    jl_gguf_put_string(s->w, key, jl_string(text));
    s->n++;
}

static void put_int(sink *s, const char *rest, int value) {
    char key[JL_GGUF_KEY];
    jl_gguf_put_u32(s->w, jl_gguf_key(key, jl_string(s->arch), rest), (uint32_t)value);
    s->n++;
}

static void put_float(sink *s, const char *rest, float value) {
    char key[JL_GGUF_KEY];
    jl_gguf_put_f32(s->w, jl_gguf_key(key, jl_string(s->arch), rest), value);
    s->n++;
}

static void put_decoder(sink *s, const jlt_net_shape *shape) {
    put_int(s, "block_count", shape->n_layers);
    put_int(s, "attention.head_count", shape->n_heads);
    put_int(s, "attention.head_count_kv", shape->n_kv_heads);
    put_float(s, "attention.layer_norm_rms_epsilon", shape->eps);
    if (shape->position == JLT_NET_ROPE) {
        put_int(s, "rope.dimension_count", shape->n_embd / shape->n_heads);
        put_float(s, "rope.freq_base", shape->rope_base);
    }
    if (shape->position == JLT_NET_ALIBI) put_float(s, "attention.max_alibi_bias", 8);
}

/* llama.cpp's llama_ftype. */
static uint32_t file_type(jl_type type) {
    return type == JL_F16 ? 1 : type == JL_Q4_0 ? 2 : type == JL_Q8_0 ? 7 : 0;
}

static uint64_t put_values(jl_gguf_writer *w, const jlt_network *net, const jlt_export *e) {
    const jlt_net_shape *shape = &net->shape;
    sink s = { w, architecture_of(shape), 0 };
    put_text(&s, "general.architecture", s.arch);
    put_text(&s, "general.name", e->name);
    put_text(&s, "general.author", e->author);
    put_text(&s, "general.license", e->license);
    put_text(&s, "general.description", e->description);
    jl_gguf_put_u32(w, "general.file_type", file_type(e->type));
    s.n++;
    put_int(&s, "vocab_size", shape->n_vocab);
    put_int(&s, "context_length", shape->n_ctx);
    put_int(&s, "embedding_length", shape->n_embd);
    put_int(&s, "feed_forward_length", shape->n_ff);
    if (shape->kind == JLT_NET_TRANSFORMER) put_decoder(&s, shape);
    if (shape->kind == JLT_NET_WINDOW) put_int(&s, "window", shape->n_window);
    for (int i = 0; e->vocabulary && i < e->vocabulary->n_values; i++) {
        const jl_gguf_value *v = &e->vocabulary->values[i];
        if (v->key.n < 10 || memcmp(v->key.data, "tokenizer.", 10) != 0) continue;
        jl_gguf_put_value(w, v);
        s.n++;
    }
    return s.n;
}

/* ---- Tensors --------------------------------------------------------------------------------- */

static jl_type type_of(const jlt_net_tensor *t, const jlt_export *e) {
    int whole = t->rows > 1 && t->cols % jl_type_get((uint32_t)e->type)->block == 0;
    /* Rows of position_embd are added, not multiplied: they stay F32. */
    return whole && strcmp(t->name, "position_embd.weight") != 0 ? e->type : JL_F32;
}

/* A sinusoidal table is written like learned positions; readers need no special case. */
static void put_sinusoids(jl_gguf_writer *w, const jlt_net_shape *s) {
    uint8_t *to = jl_gguf_put_data(w, (uint64_t)s->n_ctx, (uint64_t)s->n_embd, JL_F32);
    for (int t = 0; to && t < s->n_ctx; t++)
        for (int i = 0; i < s->n_embd; i += 2, to += 2 * sizeof(float)) {
            float pair[2];
            jlt_sinusoid(t, i, s->n_embd, pair);
            memcpy(to, pair, sizeof pair);
        }
}

uint64_t jlt_export_write(const jlt_network *net, const float *params, const jlt_export *e,
                          uint8_t *out) {
    jl_gguf_writer w = { NULL, 0, 0 };
    const jlt_net_shape *s = &net->shape;
    int sinusoidal = s->kind == JLT_NET_TRANSFORMER && s->position == JLT_NET_SINUSOIDAL;
    uint64_t n_values = put_values(&w, net, e);
    jl_gguf_begin(&w, out, n_values, (uint64_t)(net->n_tensors + sinusoidal));
    put_values(&w, net, e);
    if (sinusoidal)
        jl_gguf_put_tensor(&w, "position_embd.weight", (uint64_t)s->n_ctx, (uint64_t)s->n_embd,
                           JL_F32);
    for (int i = 0; i < net->n_tensors; i++) {
        const jlt_net_tensor *t = &net->tensors[i];
        jl_gguf_put_tensor(&w, t->name, (uint64_t)t->rows, (uint64_t)t->cols, (int)type_of(t, e));
    }
    if (sinusoidal) put_sinusoids(&w, s);
    for (int i = 0; i < net->n_tensors; i++) {
        const jlt_net_tensor *t = &net->tensors[i];
        size_t n = (size_t)t->rows * (size_t)t->cols;
        jl_type type = type_of(t, e);
        uint8_t *to = jl_gguf_put_data(&w, (uint64_t)t->rows, (uint64_t)t->cols, (int)type);
        if (to) jl_quantize(type, params + t->at, to, n);
    }
    return w.n;
}
