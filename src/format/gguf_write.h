/* gguf_write.h - writes a GGUF file (v3; GGUF specification, ggml docs/gguf.md).
 *
 * The counterpart of gguf.h. The caller follows the file's order: begin, all values, all tensor
 * entries, then all tensor data. A writer with out = NULL only counts bytes, so the same code first
 * measures a file, then writes it. Nothing fails; the caller must provide as many bytes as were
 * counted.
 */
#ifndef JL_GGUF_WRITE_H
#define JL_GGUF_WRITE_H

#include "gguf.h"

typedef struct jl_gguf_writer {
    uint8_t *out;         /* NULL: only count */
    uint64_t n;           /* bytes so far */
    uint64_t data_offset; /* of the next tensor, from data start */
} jl_gguf_writer;

/* Writes the header. The caller must then put exactly n_values and n_tensors. */
void jl_gguf_begin(jl_gguf_writer *w, uint8_t *out, uint64_t n_values, uint64_t n_tensors);

void jl_gguf_put_u32(jl_gguf_writer *w, const char *key, uint32_t value);
void jl_gguf_put_f32(jl_gguf_writer *w, const char *key, float value);
void jl_gguf_put_bool(jl_gguf_writer *w, const char *key, int value);
void jl_gguf_put_string(jl_gguf_writer *w, const char *key, jl_str value);

/* Starts an array; the caller adds its n elements next. */
void jl_gguf_put_array(jl_gguf_writer *w, const char *key, jl_gguf_type type, uint64_t n);
void jl_gguf_add_string(jl_gguf_writer *w, jl_str element);
/* Adds n bytes for the caller to fill; NULL while counting. */
char *jl_gguf_add_string_of(jl_gguf_writer *w, uint64_t n);
void jl_gguf_add_u32(jl_gguf_writer *w, uint32_t element);            /* U32, I32 */
void jl_gguf_add_int(jl_gguf_writer *w, uint64_t element, int bytes); /* any other integer */
void jl_gguf_add_f32(jl_gguf_writer *w, float element);

/* Copies a parsed value. */
void jl_gguf_put_value(jl_gguf_writer *w, const jl_gguf_value *value);

/* Adds a tensor [rows][cols] of a jl_type; rows 1: a vector. cols is a multiple of the type's
 * block. */
void jl_gguf_put_tensor(jl_gguf_writer *w, const char *name, uint64_t rows, uint64_t cols,
                        int type);

/* Reserves the next tensor's data, in entry order; NULL while counting. */
uint8_t *jl_gguf_put_data(jl_gguf_writer *w, uint64_t rows, uint64_t cols, int type);

#endif
