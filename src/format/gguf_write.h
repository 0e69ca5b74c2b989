/* gguf_write.h - metadata and tensors → bytes of a GGUF file (v3; GGUF specification, ggml
 * docs/gguf.md).
 *
 * The counterpart of gguf.h, for what the engine itself makes. The caller says everything in the
 * order of the file: begin, every value, every tensor's place, then every tensor's data. A writer
 * without memory only counts, so the same function that writes a file first measures it. Nothing
 * here fails; a writer that is given less room than it counted would be the caller's mistake.
 */
#ifndef JL_GGUF_WRITE_H
#define JL_GGUF_WRITE_H

#include "gguf.h"

typedef struct jl_gguf_writer {
    uint8_t *out;         /* NULL: only count */
    uint64_t n;           /* bytes so far */
    uint64_t data_offset; /* of the next tensor, from the start of the data */
} jl_gguf_writer;

/* The values and tensors that will follow are counted by the caller. */
void jl_gguf_begin(jl_gguf_writer *w, uint8_t *out, uint64_t n_values, uint64_t n_tensors);

void jl_gguf_put_u32(jl_gguf_writer *w, const char *key, uint32_t value);
void jl_gguf_put_f32(jl_gguf_writer *w, const char *key, float value);
void jl_gguf_put_bool(jl_gguf_writer *w, const char *key, int value);
void jl_gguf_put_string(jl_gguf_writer *w, const char *key, jl_str value);

/* An array of n elements of a type, whose elements the caller puts next. */
void jl_gguf_put_array(jl_gguf_writer *w, const char *key, jl_gguf_type type, uint64_t n);
void jl_gguf_add_string(jl_gguf_writer *w, jl_str element);
/* A string of n bytes that the caller fills in; NULL while counting. */
char *jl_gguf_add_string_of(jl_gguf_writer *w, uint64_t n);
void jl_gguf_add_u32(jl_gguf_writer *w, uint32_t element);            /* U32, I32 */
void jl_gguf_add_int(jl_gguf_writer *w, uint64_t element, int bytes); /* any other integer */
void jl_gguf_add_f32(jl_gguf_writer *w, float element);

/* A value of a file that was read, as it is. */
void jl_gguf_put_value(jl_gguf_writer *w, const jl_gguf_value *value);

/* A tensor [rows][cols] of a type (jl_type); rows 1: a vector. cols is a multiple of the type's
 * block. */
void jl_gguf_put_tensor(jl_gguf_writer *w, const char *name, uint64_t rows, uint64_t cols,
                        int type);

/* Room for the next tensor's data, in the order of their places; NULL while counting. */
uint8_t *jl_gguf_put_data(jl_gguf_writer *w, uint64_t rows, uint64_t cols, int type);

#endif
