/* gguf_write.c - writes a GGUF file field by field, little-endian. */
#include "gguf_write.h"

#include <string.h>

#include "../base/half.h"
#include "quant.h"

enum { VERSION = 3, ALIGNMENT = 32 };

/* ---- Bytes ----------------------------------------------------------------------------------- */

static void put(jl_gguf_writer *w, const void *bytes, uint64_t n) {
    if (w->out && n) memcpy(w->out + w->n, bytes, (size_t)n);
    w->n += n;
}

static void put_little(jl_gguf_writer *w, uint64_t value, int bytes) {
    uint8_t le[8];
    for (int i = 0; i < bytes; i++) le[i] = (uint8_t)(value >> 8 * i);
    put(w, le, (uint64_t)bytes);
}

static void put_text(jl_gguf_writer *w, jl_str s) {
    put_little(w, s.n, 8);
    put(w, s.data, s.n);
}

static void pad(jl_gguf_writer *w) {
    static const uint8_t zero[ALIGNMENT];
    put(w, zero, (ALIGNMENT - w->n % ALIGNMENT) % ALIGNMENT);
}

/* ---- Metadata -------------------------------------------------------------------------------- */

/* jl_gguf_type has the format's type numbers. */
static void put_key(jl_gguf_writer *w, jl_str key, jl_gguf_type type) {
    put_text(w, key);
    put_little(w, (uint64_t)type, 4);
}

void jl_gguf_begin(jl_gguf_writer *w, uint8_t *out, uint64_t n_values, uint64_t n_tensors) {
    *w = (jl_gguf_writer){ out, 0, 0 };
    put(w, "GGUF", 4);
    put_little(w, VERSION, 4);
    put_little(w, n_tensors, 8);
    put_little(w, n_values, 8);
}

void jl_gguf_put_u32(jl_gguf_writer *w, const char *key, uint32_t value) {
    put_key(w, jl_string(key), JL_GGUF_U32);
    put_little(w, value, 4);
}

void jl_gguf_put_f32(jl_gguf_writer *w, const char *key, float value) {
    put_key(w, jl_string(key), JL_GGUF_F32);
    put_little(w, jl_float_to_bits(value), 4);
}

void jl_gguf_put_bool(jl_gguf_writer *w, const char *key, int value) {
    put_key(w, jl_string(key), JL_GGUF_BOOL);
    put_little(w, value != 0, 1);
}

void jl_gguf_put_string(jl_gguf_writer *w, const char *key, jl_str value) {
    put_key(w, jl_string(key), JL_GGUF_STRING);
    put_text(w, value);
}

static void start_array(jl_gguf_writer *w, jl_str key, jl_gguf_type type, uint64_t n) {
    put_key(w, key, JL_GGUF_ARRAY);
    put_little(w, (uint64_t)type, 4);
    put_little(w, n, 8);
}

void jl_gguf_put_array(jl_gguf_writer *w, const char *key, jl_gguf_type type, uint64_t n) {
    start_array(w, jl_string(key), type, n);
}

void jl_gguf_add_string(jl_gguf_writer *w, jl_str element) {
    put_text(w, element);
}

char *jl_gguf_add_string_of(jl_gguf_writer *w, uint64_t n) {
    put_little(w, n, 8);
    char *at = w->out ? (char *)w->out + w->n : NULL;
    w->n += n;
    return at;
}

void jl_gguf_add_u32(jl_gguf_writer *w, uint32_t element) {
    put_little(w, element, 4);
}

void jl_gguf_add_int(jl_gguf_writer *w, uint64_t element, int bytes) {
    put_little(w, element, bytes);
}

void jl_gguf_add_f32(jl_gguf_writer *w, float element) {
    put_little(w, jl_float_to_bits(element), 4);
}

/* Strings are measured one by one; other elements have a fixed size. */
static uint64_t value_bytes(const jl_gguf_value *v) {
    static const uint8_t size[JL_GGUF_TYPE_COUNT] = {
        [JL_GGUF_U8] = 1,  [JL_GGUF_I8] = 1,  [JL_GGUF_U16] = 2, [JL_GGUF_I16] = 2,
        [JL_GGUF_U32] = 4, [JL_GGUF_I32] = 4, [JL_GGUF_F32] = 4, [JL_GGUF_BOOL] = 1,
        [JL_GGUF_U64] = 8, [JL_GGUF_I64] = 8, [JL_GGUF_F64] = 8
    };
    const uint8_t *at = v->bytes;
    if (v->type != JL_GGUF_STRING) return v->count * size[v->type];
    for (uint64_t i = 0; i < v->count; i++) jl_gguf_next_string(&at);
    return (uint64_t)(at - v->bytes);
}

void jl_gguf_put_value(jl_gguf_writer *w, const jl_gguf_value *value) {
    if (value->array)
        start_array(w, value->key, value->type, value->count);
    else
        put_key(w, value->key, value->type);
    put(w, value->bytes, value_bytes(value));
}

/* ---- Tensors --------------------------------------------------------------------------------- */

static uint64_t tensor_bytes(uint64_t rows, uint64_t cols, int type) {
    const jl_type_info *info = jl_type_get((uint32_t)type);
    return rows * (cols / (uint64_t)info->block) * (uint64_t)info->bytes;
}

void jl_gguf_put_tensor(jl_gguf_writer *w, const char *name, uint64_t rows, uint64_t cols,
                        int type) {
    put_text(w, jl_string(name));
    put_little(w, rows > 1 ? 2 : 1, 4);
    put_little(w, cols, 8);
    if (rows > 1) put_little(w, rows, 8);
    put_little(w, (uint64_t)type, 4);
    put_little(w, w->data_offset, 8);
    w->data_offset += (tensor_bytes(rows, cols, type) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

uint8_t *jl_gguf_put_data(jl_gguf_writer *w, uint64_t rows, uint64_t cols, int type) {
    pad(w);
    uint8_t *at = w->out ? w->out + w->n : NULL;
    w->n += tensor_bytes(rows, cols, type);
    return at;
}
