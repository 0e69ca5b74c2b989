/* gguf.h - parses a GGUF header: metadata and tensor directory (v2, v3; GGUF specification, ggml
 * docs/gguf.md).
 *
 * Accepts a prefix of the file, so that hosts can stream: parse returns JL_MORE until the header is
 * complete. Every count, length, type and offset is checked before any allocation for it; a hostile
 * file can only cause an error. Values are borrowed from the parsed bytes, which must outlive the
 * jl_gguf. Never reads past `have`, never recurses.
 */
#ifndef JL_GGUF_H
#define JL_GGUF_H

#include "../base/status.h"

typedef enum jl_gguf_type {
    JL_GGUF_U8,
    JL_GGUF_I8,
    JL_GGUF_U16,
    JL_GGUF_I16,
    JL_GGUF_U32,
    JL_GGUF_I32,
    JL_GGUF_F32,
    JL_GGUF_BOOL,
    JL_GGUF_STRING,
    JL_GGUF_ARRAY,
    JL_GGUF_U64,
    JL_GGUF_I64,
    JL_GGUF_F64,
    JL_GGUF_TYPE_COUNT
} jl_gguf_type;

typedef struct jl_gguf_value {
    jl_str key;
    jl_gguf_type type; /* for an array: its element type */
    int array;
    uint64_t count;       /* elements; 1 if not an array */
    const uint8_t *bytes; /* first element */
    uint64_t offset;      /* of the key in the file */
} jl_gguf_value;

typedef struct jl_gguf_tensor {
    jl_str name;
    int n_dims;
    uint64_t dims[4]; /* dims[0] is the row length; unused ones are 1 */
    int type;         /* jl_type of format/quant.h, supported; dims[0] is a multiple of its block */
    uint64_t offset;  /* from the start of the file */
    uint64_t bytes;
} jl_gguf_tensor;

typedef struct jl_gguf {
    int version;
    uint64_t alignment;  /* bytes */
    uint64_t header_end; /* file offset after the directory, */
    uint64_t data_start; /* of the tensor data: aligned */
    uint64_t data_end;   /* file offset after the last tensor; the minimum file size */
    int n_values, n_tensors;
    jl_gguf_value *values;   /* [n_values] */
    jl_gguf_tensor *tensors; /* [n_tensors], ascending offsets, no overlap */
} jl_gguf;

/* file_size 0: unknown. Returns JL_OK, JL_MORE or an error. Unless JL_OK, *g is empty. */
jl_status jl_gguf_parse(jl_gguf *g, const uint8_t *bytes, uint64_t have, uint64_t file_size,
                        jl_error *error);
void jl_gguf_free(jl_gguf *g);

const jl_gguf_value *jl_gguf_find(const jl_gguf *g, const char *key);
const jl_gguf_tensor *jl_gguf_find_tensor(const jl_gguf *g, const char *name);

/* Writes "<arch>.<rest>", an architecture's key, to out; returns out. */
enum { JL_GGUF_KEY = 96 };
const char *jl_gguf_key(char out[JL_GGUF_KEY], jl_str arch, const char *rest);

/* Typed reads. A missing key is JL_OK, *out unchanged; a wrong type is JL_ERR_FORMAT naming the
 * key. Integers may have any integer type but must fit. */
jl_status jl_gguf_u32(const jl_gguf *g, const char *key, uint32_t *out, jl_error *error);
jl_status jl_gguf_f32(const jl_gguf *g, const char *key, float *out, jl_error *error); /* finite */
jl_status jl_gguf_bool(const jl_gguf *g, const char *key, int *out, jl_error *error);
jl_status jl_gguf_string(const jl_gguf *g, const char *key, jl_str *out, jl_error *error);

/* The next element of a string array; *cursor starts at value->bytes. Parsing checked the
 * lengths. */
jl_str jl_gguf_next_string(const uint8_t **cursor);
int32_t jl_gguf_i32_at(const jl_gguf_value *v, uint64_t i); /* array of 32-bit integers */
float jl_gguf_f32_at(const jl_gguf_value *v, uint64_t i);

#endif
