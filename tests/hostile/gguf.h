/* gguf.h - a writer of small GGUF files, and one broken file for each check of the format layer.
 *
 * It writes bytes without the engine, so the format is implemented twice. The cases are a table:
 * tests run it, and the program of tests/format/gguf.c, called with a folder, writes it as seeds
 * for the fuzzer and inputs for the JavaScript tests. Numbers in brackets refer to the loader's
 * list of 28 checks.
 */
#ifndef JL_HOSTILE_GGUF_H
#define JL_HOSTILE_GGUF_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/format/gguf.h"

typedef struct hostile_file {
    uint8_t bytes[40960];
    size_t n;
    size_t header; /* length before the padding */
} hostile_file;

/* ---- The writer ------------------------------------------------------------------------------ */

static inline void put_bytes(hostile_file *f, const void *bytes, size_t n) {
    if (n > sizeof f->bytes - f->n) abort();
    memcpy(f->bytes + f->n, bytes, n);
    f->n += n;
}

static inline void put_number(hostile_file *f, uint64_t value, int size) {
    for (int i = 0; i < size; i++) put_bytes(f, &(uint8_t){ (uint8_t)(value >> 8 * i) }, 1);
}

static inline void put_u32(hostile_file *f, uint32_t value) {
    put_number(f, value, 4);
}

static inline void put_u64(hostile_file *f, uint64_t value) {
    put_number(f, value, 8);
}

static inline void put_float(hostile_file *f, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u32(f, bits);
}

static inline void put_string(hostile_file *f, const char *s) {
    put_u64(f, strlen(s));
    put_bytes(f, s, strlen(s));
}

static inline void put_repeated(hostile_file *f, char c, size_t n) {
    put_u64(f, n);
    for (size_t i = 0; i < n; i++) put_bytes(f, &c, 1);
}

static inline void put_start(hostile_file *f, uint32_t version, uint64_t n_tensors,
                             uint64_t n_values) {
    f->n = 0;
    put_bytes(f, "GGUF", 4);
    put_u32(f, version);
    put_u64(f, n_tensors);
    put_u64(f, n_values);
}

static inline void put_key(hostile_file *f, const char *key, uint32_t type) {
    put_string(f, key);
    put_u32(f, type);
}

static inline void put_key_u32(hostile_file *f, const char *key, uint32_t value) {
    put_key(f, key, JL_GGUF_U32);
    put_u32(f, value);
}

static inline void put_array(hostile_file *f, const char *key, uint32_t type, uint64_t count) {
    put_key(f, key, JL_GGUF_ARRAY);
    put_u32(f, type);
    put_u64(f, count);
}

static inline void put_tensor(hostile_file *f, const char *name, uint64_t cols, uint64_t rows,
                              uint32_t type, uint64_t offset) {
    put_string(f, name);
    put_u32(f, 2);
    put_u64(f, cols);
    put_u64(f, rows);
    put_u32(f, type);
    put_u64(f, offset);
}

/* Ends the header: padding, then n bytes of tensor data. */
static inline void put_data(hostile_file *f, size_t n) {
    f->header = f->n;
    while (f->n % 32) put_number(f, 0, 1);
    for (size_t i = 0; i < n; i++) put_number(f, i, 1);
}

/* A valid file with every value type and three tensors, the first in the data listed last. */
static inline void put_sound(hostile_file *f) {
    put_start(f, 3, 3, 17);
    put_key(f, "general.architecture", JL_GGUF_STRING), put_string(f, "llama");
    put_key_u32(f, "general.alignment", 32);
    put_key(f, "test.u8", JL_GGUF_U8), put_number(f, 200, 1);
    put_key(f, "test.i8", JL_GGUF_I8), put_number(f, (uint8_t)-3, 1);
    put_key(f, "test.u16", JL_GGUF_U16), put_number(f, 50000, 2);
    put_key(f, "test.i16", JL_GGUF_I16), put_number(f, 12345, 2);
    put_key_u32(f, "test.u32", 4000000000);
    put_key(f, "test.i32", JL_GGUF_I32), put_u32(f, 1u << 30);
    put_key(f, "test.f32", JL_GGUF_F32), put_float(f, 0.5f);
    put_key(f, "test.nan", JL_GGUF_F32), put_u32(f, 0x7fc00000);
    put_key(f, "test.bool", JL_GGUF_BOOL), put_number(f, 1, 1);
    put_key(f, "test.u64", JL_GGUF_U64), put_u64(f, 77);
    put_key(f, "test.i64", JL_GGUF_I64), put_u64(f, (uint64_t)1 << 32);
    put_key(f, "test.f64", JL_GGUF_F64), put_u64(f, 0x3ff8000000000000);
    put_array(f, "test.strings", JL_GGUF_STRING, 3);
    put_string(f, "a"), put_string(f, ""), put_string(f, "\xe6\x8e\xa5\xe9\xbe\x8d");
    put_array(f, "test.floats", JL_GGUF_F32, 2), put_float(f, -1), put_float(f, 2.25f);
    put_array(f, "test.ints", JL_GGUF_I32, 2), put_u32(f, (uint32_t)-7), put_u32(f, 9);
    put_tensor(f, "b.weight", 64, 2, 8, 64);  /* Q8_0: 4 blocks of 34 bytes = 136, padded to 160 */
    put_tensor(f, "c.weight", 32, 1, 3, 224); /* Q4_1: 20 bytes */
    put_tensor(f, "a.weight", 4, 3, 0, 0);    /* F32: 48 bytes, padded to 64 */
    put_data(f, 244);
}

/* ---- Broken files ---------------------------------------------------------------------------- */

static inline void raw(hostile_file *f, const char *text) {
    f->n = 0;
    put_bytes(f, text, strlen(text));
}

static inline void html(hostile_file *f) {
    raw(f, "\xef\xbb\xbf\n <!doctype html><html><head><title>Sign in</title>");
}
static inline void html_tiny(hostile_file *f) {
    raw(f, "<p>gone</p>");
}
static inline void json(hostile_file *f) {
    raw(f, "{\"error\":\"Repository not found\"}        ");
}
static inline void plain_text(hostile_file *f) {
    raw(f, "Entry not found");
}
static inline void lfs(hostile_file *f) {
    raw(f, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a");
}
static inline void zip(hostile_file *f) {
    raw(f, "PK\x03\x04____archive/data.pkl__________________");
}
static inline void gzip(hostile_file *f) {
    raw(f, "\x1f\x8b\x08__________________________________");
}
static inline void ggjt(hostile_file *f) {
    raw(f, "tjgg\x03____________________________________");
}
static inline void noise(hostile_file *f) {
    raw(f, "\x93NUMPY\x01_______________________________");
}
static inline void safetensors(hostile_file *f) {
    f->n = 0;
    put_string(f, "{\"__metadata__\":{\"format\":\"pt\"}}");
}
static inline void version_1(hostile_file *f) {
    put_start(f, 1, 0, 0);
}
static inline void version_0(hostile_file *f) {
    put_start(f, 0, 0, 0);
}
static inline void version_4(hostile_file *f) {
    put_start(f, 4, 0, 0);
}
static inline void big_endian(hostile_file *f) {
    put_start(f, 0x03000000, 0, 0);
}
static inline void big_endian_2(hostile_file *f) {
    put_start(f, 0x02000000, 0, 0);
}
static inline void many_values(hostile_file *f) {
    put_start(f, 3, 0, 4097);
}
static inline void endless_values(hostile_file *f) {
    put_start(f, 3, 0, UINT64_MAX);
}
static inline void many_tensors(hostile_file *f) {
    put_start(f, 3, 65537, 0);
}
static inline void endless_tensors(hostile_file *f) {
    put_start(f, 3, (uint64_t)1 << 63, 0);
}
static inline void promised_values(hostile_file *f) {
    put_start(f, 3, 0, 4096);
    put_key_u32(f, "k", 1);
}
static inline void promised_tensors(hostile_file *f) {
    put_start(f, 3, 65536, 1);
    put_key_u32(f, "k", 1);
}

static inline void key_empty(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_key_u32(f, "", 1);
}
static inline void key_long(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_repeated(f, 'k', 257), put_u32(f, JL_GGUF_U32), put_u32(f, 1);
}
static inline void key_not_utf8(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_key_u32(f, "caf\xe9s", 1);
}
static inline void key_twice(hostile_file *f) {
    put_start(f, 3, 0, 3);
    put_key_u32(f, "k.same", 1), put_key_u32(f, "k.other", 2), put_key_u32(f, "k.same", 3);
}
static inline void string_long(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_key(f, "k.string", JL_GGUF_STRING), put_u64(f, 10000001);
}
static inline void string_endless(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_key(f, "k.string", JL_GGUF_STRING), put_u64(f, UINT64_MAX - 3);
}
static inline void string_past_end(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_key(f, "k.string", JL_GGUF_STRING), put_u64(f, 100), put_bytes(f, "short", 5);
}
static inline void array_long(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_array(f, "k.array", JL_GGUF_U8, (1 << 21) + 1);
}
static inline void array_endless(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_array(f, "k.array", JL_GGUF_U64, (uint64_t)1 << 61); /* 8 × 2^61 = 0 in 64 bits */
}
static inline void array_past_end(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_array(f, "k.array", JL_GGUF_U64, 1000);
}
static inline void strings_past_end(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_array(f, "k.array", JL_GGUF_STRING, 2), put_string(f, "one");
}
static inline void string_in_array_long(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_array(f, "k.array", JL_GGUF_STRING, 2), put_string(f, "one"), put_u64(f, 10000001);
}
static inline void array_of_arrays(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_array(f, "k.array", JL_GGUF_ARRAY, 1), put_u32(f, JL_GGUF_U8), put_u64(f, 0);
}
static inline void value_type_unknown(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_key(f, "k.type", 13), put_u64(f, 0);
}
static inline void element_type_unknown(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_array(f, "k.type", 0x80000000, 1), put_u64(f, 0);
}
static inline void bool_two(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_key(f, "k.bool", JL_GGUF_BOOL), put_number(f, 2, 1);
}
static inline void bool_two_in_array(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_array(f, "k.bools", JL_GGUF_BOOL, 3), put_number(f, 0x020001, 3);
}

static inline void alignment(hostile_file *f, uint32_t value) {
    put_start(f, 3, 0, 1);
    put_key_u32(f, "general.alignment", value);
}
static inline void alignment_0(hostile_file *f) {
    alignment(f, 0);
}
static inline void alignment_3(hostile_file *f) {
    alignment(f, 48);
}
static inline void alignment_big(hostile_file *f) {
    alignment(f, 131072);
}
static inline void alignment_wraps(hostile_file *f) {
    alignment(f, 0x80000000);
}
static inline void alignment_type(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_key(f, "general.alignment", JL_GGUF_U64), put_u64(f, 32);
}
static inline void alignment_array(hostile_file *f) {
    put_start(f, 3, 0, 1);
    put_array(f, "general.alignment", JL_GGUF_U32, 1), put_u32(f, 32);
}

static inline void name_empty(hostile_file *f) {
    put_start(f, 3, 1, 0);
    put_tensor(f, "", 4, 1, 0, 0);
    put_data(f, 32);
}
static inline void name_long(hostile_file *f) {
    put_start(f, 3, 1, 0);
    put_repeated(f, 't', 64);
    put_u32(f, 1), put_u64(f, 4), put_u32(f, 0), put_u64(f, 0);
    put_data(f, 32);
}
static inline void name_twice(hostile_file *f) {
    put_start(f, 3, 3, 0);
    put_tensor(f, "same", 4, 1, 0, 0), put_tensor(f, "other", 4, 1, 0, 32);
    put_tensor(f, "same", 4, 1, 0, 64);
    put_data(f, 96);
}
static inline void dims(hostile_file *f, uint32_t n_dims) {
    put_start(f, 3, 1, 0);
    put_string(f, "t"), put_u32(f, n_dims);
    for (uint32_t i = 0; i < n_dims && i < 8; i++) put_u64(f, 1);
    put_u32(f, 0), put_u64(f, 0);
    put_data(f, 32);
}
static inline void dims_0(hostile_file *f) {
    dims(f, 0);
}
static inline void dims_5(hostile_file *f) {
    dims(f, 5);
}
static inline void dims_endless(hostile_file *f) {
    dims(f, UINT32_MAX);
}
static inline void one_tensor(hostile_file *f, uint64_t cols, uint64_t rows, uint32_t type,
                              uint64_t offset) {
    put_start(f, 3, 1, 0);
    put_tensor(f, "t", cols, rows, type, offset);
    put_data(f, 64);
}
static inline void dim_zero(hostile_file *f) {
    one_tensor(f, 4, 0, 0, 0);
}
static inline void dim_big(hostile_file *f) {
    one_tensor(f, 4, (uint64_t)1 << 31, 0, 0);
}
static inline void dim_negative(hostile_file *f) {
    one_tensor(f, (uint64_t)-4, 1, 0, 0);
}
static inline void four_dims(hostile_file *f, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    put_start(f, 3, 1, 0);
    put_string(f, "t"), put_u32(f, 4);
    put_u64(f, a), put_u64(f, b), put_u64(f, c), put_u64(f, d);
    put_u32(f, 0), put_u64(f, 0);
    put_data(f, 32);
}
static inline void product_wraps(hostile_file *f) {
    four_dims(f, 1 << 16, 1 << 16, 1 << 16, 1 << 16); /* 2^64 elements */
}
static inline void size_wraps(hostile_file *f) {
    four_dims(f, 1 << 16, 1 << 16, 1 << 16, 1 << 14); /* 2^62 elements, 2^64 bytes */
}
static inline void data_far(hostile_file *f) {
    four_dims(f, 1 << 16, 1 << 16, 1 << 16, 1 << 4); /* 2^52 elements, 2^54 bytes */
}
static inline void type_removed(hostile_file *f) {
    one_tensor(f, 32, 1, 4, 0);
}
static inline void type_unknown(hostile_file *f) {
    one_tensor(f, 32, 1, 0xffffffff, 0);
}
static inline void type_q8_k(hostile_file *f) {
    one_tensor(f, 256, 1, 15, 0);
}
static inline void type_q8_1(hostile_file *f) {
    one_tensor(f, 32, 1, 9, 0);
}
static inline void row_not_mxfp4(hostile_file *f) {
    one_tensor(f, 48, 2, 39, 0);
}
static inline void row_not_iq1_s(hostile_file *f) {
    one_tensor(f, 128, 2, 19, 0);
}
static inline void iq1_m_past_end(hostile_file *f) {
    put_start(f, 3, 1, 0);
    put_tensor(f, "t", 256, 3, 29, 0), put_data(f, 2 * 56 + 55);
}
static inline void row_not_super_blocks(hostile_file *f) {
    one_tensor(f, 128, 2, 12, 0);
}
static inline void row_not_blocks(hostile_file *f) {
    one_tensor(f, 48, 2, 8, 0);
}
static inline void offset_unaligned(hostile_file *f) {
    one_tensor(f, 4, 1, 0, 16);
}
static inline void offset_far(hostile_file *f) {
    one_tensor(f, 4, 1, 0, (uint64_t)1 << 60);
}
static inline void offset_wraps(hostile_file *f) {
    one_tensor(f, 4, 1, 0, UINT64_MAX - 31);
}
static inline void data_past_end(hostile_file *f) {
    one_tensor(f, 4, 5, 0, 0);
}
static inline void overlap(hostile_file *f) {
    put_start(f, 3, 2, 0);
    put_tensor(f, "late", 4, 1, 0, 32), put_tensor(f, "early", 16, 1, 0, 0); /* 64 bytes from 0 */
    put_data(f, 64);
}
static inline void same_place(hostile_file *f) {
    put_start(f, 3, 2, 0);
    put_tensor(f, "first", 4, 1, 0, 0), put_tensor(f, "second", 4, 1, 0, 0);
    put_data(f, 64);
}

typedef struct hostile_case {
    const char *name;
    void (*build)(hostile_file *f);
    jl_status status;    /* with the file's size known */
    const char *where;   /* of the error */
    const char *message; /* a part of it */
    int streams; /* without the size the result is JL_MORE: only the size reveals the error */
} hostile_case;

#define CASE(name, status, where, ...)                                                             \
    { #name, name, JL_ERR_##status, where, __VA_ARGS__ }

static const hostile_case hostile_cases[] = {
    /* [1] magic */
    CASE(html, NOT_GGUF, "magic", "web page", 0), CASE(html_tiny, NOT_GGUF, "magic", "web page", 1),
    CASE(json, NOT_GGUF, "magic", "JSON", 0),
    CASE(plain_text, NOT_GGUF, "magic", "not a GGUF model file", 1),
    CASE(lfs, NOT_GGUF, "magic", "Git LFS pointer", 0), CASE(zip, NOT_GGUF, "magic", "ZIP", 0),
    CASE(gzip, NOT_GGUF, "magic", "gzip", 0), CASE(ggjt, NOT_GGUF, "magic", "GGJT", 0),
    CASE(noise, NOT_GGUF, "magic", "not a GGUF model file", 0),
    CASE(safetensors, NOT_GGUF, "magic", "safetensors", 0),
    /* [2] version */
    CASE(version_0, FORMAT, "version", "found 0", 0),
    CASE(version_1, FORMAT, "version", "obsolete", 0),
    CASE(version_4, FORMAT, "version", "found 4", 0),
    CASE(big_endian, FORMAT, "version", "big-endian", 0),
    CASE(big_endian_2, FORMAT, "version", "big-endian", 0),
    /* [5] [6] [7] counts */
    CASE(many_values, FORMAT, "metadata count", "found 4097", 0),
    CASE(endless_values, FORMAT, "metadata count", "found 18446744073709551615", 0),
    CASE(many_tensors, FORMAT, "tensor count", "found 65537", 0),
    CASE(endless_tensors, FORMAT, "tensor count", "found 9223372036854775808", 0),
    CASE(promised_values, TRUNCATED, "metadata count", "4096 records need", 1),
    CASE(promised_tensors, TRUNCATED, "tensor count", "65536 records need", 1),
    /* [8] keys */
    CASE(key_empty, FORMAT, "metadata key", "1 to 256 bytes", 0),
    CASE(key_long, FORMAT, "metadata key", "length of 257", 0),
    CASE(key_not_utf8, FORMAT, "caf?s", "UTF-8", 0), CASE(key_twice, FORMAT, "k.same", "once", 0),
    /* [9] strings */
    CASE(string_long, FORMAT, "k.string", "length of 10000001", 0),
    CASE(string_endless, FORMAT, "k.string", "length of 18446744073709551612", 0),
    CASE(string_past_end, TRUNCATED, "k.string", "inside its header", 1),
    /* [10] [11] arrays */
    CASE(array_long, FORMAT, "k.array", "found 2097153", 0),
    CASE(array_endless, FORMAT, "k.array", "found 2305843009213693952", 0),
    CASE(array_past_end, TRUNCATED, "k.array", "inside its header", 1),
    CASE(strings_past_end, TRUNCATED, "k.array", "inside its header", 1),
    CASE(string_in_array_long, FORMAT, "k.array", "length of 10000001", 0),
    CASE(array_of_arrays, FORMAT, "k.array", "array of arrays", 0),
    /* [12] value types */
    CASE(value_type_unknown, FORMAT, "k.type", "found 13", 0),
    CASE(element_type_unknown, FORMAT, "k.type", "found 2147483648", 0),
    CASE(bool_two, FORMAT, "k.bool", "found 2", 0),
    CASE(bool_two_in_array, FORMAT, "k.bools", "found 2", 0),
    /* [14] alignment */
    CASE(alignment_0, FORMAT, "general.alignment", "found 0", 0),
    CASE(alignment_3, FORMAT, "general.alignment", "found 48", 0),
    CASE(alignment_big, FORMAT, "general.alignment", "found 131072", 0),
    CASE(alignment_wraps, FORMAT, "general.alignment", "found 2147483648", 0),
    CASE(alignment_type, FORMAT, "general.alignment", "found UINT64", 0),
    CASE(alignment_array, FORMAT, "general.alignment", "found an array of UINT32", 0),
    /* [15] tensor names */
    CASE(name_empty, FORMAT, "tensor name", "found none", 0),
    CASE(name_long, FORMAT, "tensor name", "length of 64", 0),
    CASE(name_twice, FORMAT, "same", "once", 0),
    /* [16] [17] [18] shapes */
    CASE(dims_0, FORMAT, "t", "1 to 4 dimensions, found 0", 0),
    CASE(dims_5, FORMAT, "t", "1 to 4 dimensions, found 5", 0),
    CASE(dims_endless, FORMAT, "t", "found 4294967295", 0),
    CASE(dim_zero, FORMAT, "t", "dimension 1 to be 1 to 2147483647, found 0", 0),
    CASE(dim_big, FORMAT, "t", "found 2147483648", 0),
    CASE(dim_negative, FORMAT, "t", "dimension 0", 0),
    CASE(product_wraps, FORMAT, "t", "product of the dimensions", 0),
    /* [19] [20] types and sizes */
    CASE(type_removed, TYPE, "t", "number 4", 0),
    CASE(type_unknown, TYPE, "t", "number 4294967295", 0),
    CASE(type_q8_k, TYPE, "t", "Q8_K is not supported; use a file in F32, F16", 0),
    CASE(type_q8_1, TYPE, "t", "Q8_1 is not supported", 0),
    CASE(row_not_blocks, FORMAT, "t", "row of 48 elements", 0),
    CASE(row_not_super_blocks, FORMAT, "t", "row of 128 elements is not a whole number of Q4_K", 0),
    CASE(row_not_mxfp4, FORMAT, "t", "row of 48 elements is not a whole number of MXFP4", 0),
    CASE(row_not_iq1_s, FORMAT, "t", "row of 128 elements is not a whole number of IQ1_S", 0),
    CASE(size_wraps, FORMAT, "t", "size of the data", 0),
    /* [21] [22] [23] offsets */
    CASE(offset_unaligned, FORMAT, "t", "multiple of 32 bytes, found offset 16", 0),
    CASE(offset_far, FORMAT, "t", "within 2^53 bytes", 0),
    CASE(data_far, FORMAT, "t", "within 2^53 bytes", 0),
    CASE(offset_wraps, FORMAT, "t", "within 2^53 bytes", 0),
    CASE(overlap, FORMAT, "late", "overlaps with that of tensor early", 0),
    CASE(same_place, FORMAT, "second", "overlaps with that of tensor first", 0),
    CASE(iq1_m_past_end, TRUNCATED, "t", "the data ends at byte", 2),
    CASE(data_past_end, TRUNCATED, "t", "the data ends at byte", 2), /* 2: JL_OK without the size */
};

enum { N_HOSTILE = sizeof hostile_cases / sizeof *hostile_cases };

/* ---- Reading everything ---------------------------------------------------------------------- */

/* Reads everything the accessors reach in a parsed file, each key as every type. Returns a sum, so
 * that the compiler keeps all reads. */
static inline uint64_t hostile_touch(const jl_gguf *g) {
    uint64_t sum = 0;
    for (int i = 0; i < g->n_values; i++) {
        const jl_gguf_value *v = &g->values[i];
        char key[257] = { 0 }; /* keys have at most 256 bytes */
        memcpy(key, v->key.data, v->key.n);
        uint32_t u = 0;
        float x = 0;
        int b = 0;
        jl_str s = { "", 0 };
        jl_error e;
        jl_error_clear(&e);
        jl_gguf_u32(g, key, &u, &e), jl_gguf_f32(g, key, &x, &e);
        jl_gguf_bool(g, key, &b, &e), jl_gguf_string(g, key, &s, &e);
        sum += u + (x > 0) + (unsigned)b + jl_hash(s.data, s.n) +
               jl_hash(e.message, strlen(e.message));

        const uint8_t *cursor = v->bytes;
        int words = v->type == JL_GGUF_U32 || v->type == JL_GGUF_I32 || v->type == JL_GGUF_F32;
        for (uint64_t j = 0; j < v->count; j++) {
            if (v->type == JL_GGUF_STRING)
                s = jl_gguf_next_string(&cursor), sum += jl_hash(s.data, s.n);
            if (words) sum += (uint64_t)jl_gguf_i32_at(v, j) + (jl_gguf_f32_at(v, j) > 0);
        }
    }
    for (int i = 0; i < g->n_tensors; i++) {
        const jl_gguf_tensor *t = &g->tensors[i];
        char name[64] = { 0 };
        memcpy(name, t->name.data, t->name.n);
        const jl_gguf_tensor *found = jl_gguf_find_tensor(g, name);
        sum += t->bytes + t->offset + (found ? found->dims[0] : 0);
    }
    return sum;
}

#endif
