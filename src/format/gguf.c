/* gguf.c - parses the header of a GGUF file.
 *
 *   file    := "GGUF" u32 version  u64 n_tensors  u64 n_values  value*  tensor*  padding  data
 *   value   := string key  u32 type  payload   an array: u32 type  u64 count  element*
 *   tensor  := string name  u32 n_dims  u64 dims[n_dims]  u32 type  u64 offset into data
 *   string  := u64 length  byte*                    all numbers little-endian
 *
 * (GGUF specification, ggml docs/gguf.md.) No number of the file is trusted before it is checked:
 * all reads go through one bounded cursor, arithmetic is 64-bit with overflow checks on every
 * platform, and nothing recurses. The header is parsed twice: the first pass checks every record
 * and stores nothing, the second fills arrays of the counts found. The model loader interprets the
 * keys and checks that the tensors fit the model.
 */
#include "gguf.h"

#include <string.h>

#include "../base/cursor.h"
#include "../base/half.h"
#include "../base/heap.h"
#include "../base/memory.h"
#include "../base/utf8.h"
#include "quant.h"

/* Limits. HF: the limit of @huggingface/gguf; ggml: the limit of ggml's reader; the others are ten
 * times the largest files in use. */
#define MAX_HEADER    ((uint64_t)64 << 20) /* bytes (HF: 50 MB) */
#define MAX_VALUES    4096u                /* HF: 100,000; real files have under 100 */
#define MAX_TENSORS   65536u               /* real files have under 5,000 */
#define MAX_KEY       256u                 /* bytes; the specification has 65,535 */
#define MAX_NAME      63u                  /* bytes; ggml: GGML_MAX_NAME with its NUL */
#define MAX_STRING    10000000u            /* bytes (HF) */
#define MAX_ARRAY     ((uint64_t)1 << 21)  /* elements (HF: 1,000,000); vocabularies have 262,144 */
#define MAX_DIMS      4u                   /* ggml: GGML_MAX_DIMS */
#define MAX_DIM       INT32_MAX            /* a row's length fits an int */
#define MAX_ALIGNMENT 65536u               /* bytes */
#define MAX_FILE      ((uint64_t)1 << 53)  /* bytes; exact in a JavaScript number */

#define DEFAULT_ALIGNMENT 32u /* bytes, without general.alignment (specification) */

/* Minimum record sizes, to check counts against the remaining bytes. */
#define MIN_VALUE  (8u + 1 + 4 + 1)         /* one-byte key, type, a bool */
#define MIN_TENSOR (8u + 1 + 4 + 8 + 4 + 8) /* one-byte name, one dimension, type, offset */

typedef struct parser {
    jl_cursor in;
    jl_gguf *g;
    uint64_t file_size; /* 0: unknown */
    jl_error *error;
} parser;

/* Name in the specification; bytes per element (0: variable); kind of number. */
static const struct {
    const char *name;
    uint8_t size;
    char kind; /* 'u' unsigned integer, 'i' signed integer, ' ' neither */
} value_types[JL_GGUF_TYPE_COUNT] = {
    [JL_GGUF_U8] = { "UINT8", 1, 'u' },      [JL_GGUF_I8] = { "INT8", 1, 'i' },
    [JL_GGUF_U16] = { "UINT16", 2, 'u' },    [JL_GGUF_I16] = { "INT16", 2, 'i' },
    [JL_GGUF_U32] = { "UINT32", 4, 'u' },    [JL_GGUF_I32] = { "INT32", 4, 'i' },
    [JL_GGUF_U64] = { "UINT64", 8, 'u' },    [JL_GGUF_I64] = { "INT64", 8, 'i' },
    [JL_GGUF_F32] = { "FLOAT32", 4, ' ' },   [JL_GGUF_F64] = { "FLOAT64", 8, ' ' },
    [JL_GGUF_STRING] = { "STRING", 0, ' ' }, [JL_GGUF_ARRAY] = { "ARRAY", 0, ' ' },
    [JL_GGUF_BOOL] = { "BOOL", 1, ' ' },
};

#define AGAIN "; the download is incomplete or the file is damaged: get it again"

/* Fails with JL_ERR_FORMAT. */
#define broken(p, at, where, ...) jl_fail((p)->error, JL_ERR_FORMAT, at, where, __VA_ARGS__)

static jl_status wrong_type(const jl_gguf_value *v, const char *expected, jl_error *error) {
    return jl_fail(error, JL_ERR_FORMAT, v->offset, v->key, "expected %s, found %s%s" AGAIN,
                   expected, v->array ? "an array of " : "", value_types[v->type].name);
}

/* ---- File detection ----------------------------------------------------------------------- */

/* First bytes of common wrong files. */
static const struct {
    const char *start, *what;
} lookalikes[] = {
    { "<",
      "this looks like a web page (HTML) instead of a model; use the address of the file itself" },
    { "{", "this looks like a JSON message instead of a model; check the address" },
    { "version https://git-lfs", "this is a Git LFS pointer; download the file it points to" },
    { "PK\x03\x04",
      "this is a ZIP archive or a PyTorch checkpoint; unpack it, or convert it to GGUF" },
    { "\x1f\x8b", "this is gzip-compressed; unpack it first" },
    { "lmgg", "this is a GGML file from before GGUF; get the model as GGUF" },
    { "tjgg", "this is a GGJT file from before GGUF; get the model as GGUF" },
    { "algg", "this is a GGLA adapter, not a model; get the model as GGUF" },
};

static const char *wrong_file_hint(const uint8_t *bytes, size_t have) {
    /* safetensors: the header's length as u64 (at most 100 MB), then a JSON object. */
    if (have > 8 && bytes[8] == '{' && jl_load_u64(bytes) <= 100000000)
        return "this looks like a safetensors file; convert it to GGUF";
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    size_t skip = have >= 3 && memcmp(bytes, byte_order_mark, 3) == 0 ? 3 : 0;
    while (skip < have && (bytes[skip] == ' ' || (bytes[skip] >= '\t' && bytes[skip] <= '\r')))
        skip++;
    for (size_t i = 0; i < sizeof lookalikes / sizeof *lookalikes; i++) {
        size_t n = strlen(lookalikes[i].start);
        if (have - skip >= n && memcmp(bytes + skip, lookalikes[i].start, n) == 0)
            return lookalikes[i].what;
    }
    return "this is not a GGUF model file";
}

static jl_status check_magic(const parser *p) {
    enum { SNIFF = 32 }; /* bytes needed for the hint */
    static const char magic[4] = "GGUF";
    size_t n = p->in.have < sizeof magic ? (size_t)p->in.have : sizeof magic;
    if (n == 0 || memcmp(p->in.bytes, magic, n) == 0) return JL_OK; /* so far */
    if (p->in.have < SNIFF && p->in.have < p->in.end) return JL_MORE;
    size_t have = p->in.have < SNIFF ? (size_t)p->in.have : SNIFF;
    return jl_fail(p->error, JL_ERR_NOT_GGUF, 0, jl_string("magic"),
                   "expected the file to begin with GGUF; %s", wrong_file_hint(p->in.bytes, have));
}

/* ---- Records --------------------------------------------------------------------------------- */

/* The cursor lacks bytes for `what`: JL_MORE, or an error if there are no more. */
static jl_status missing_bytes(const parser *p, jl_str what) {
    if (p->in.status == JL_MORE) return JL_MORE;
    if (p->in.end != p->file_size)
        return broken(p, p->in.at, what, "the header does not end within %u bytes" AGAIN,
                      MAX_HEADER);
    return jl_fail(p->error, JL_ERR_TRUNCATED, p->in.at, what,
                   "the file ends at byte %u, inside its header" AGAIN, p->file_size);
}

/* Reads a borrowed string. Fails if it is longer than max; *out is empty if bytes are missing. */
static jl_status read_string(parser *p, uint64_t max, jl_str what, jl_str *out) {
    uint64_t at = p->in.at, n = jl_cursor_u64(&p->in);
    *out = (jl_str){ "", 0 };
    if (n > max)
        return broken(p, at, what,
                      "expected a string of at most %u bytes, found a length of %u" AGAIN, max, n);
    const uint8_t *bytes = jl_cursor_take(&p->in, n);
    if (!bytes) return missing_bytes(p, what);
    *out = (jl_str){ (const char *)bytes, (size_t)n };
    return JL_OK;
}

static jl_status read_key(parser *p, jl_str *key) {
    uint64_t at = p->in.at;
    jl_status status = read_string(p, MAX_KEY, jl_string("metadata key"), key);
    if (status != JL_OK) return status;
    if (key->n == 0 || !jl_is_utf8(key->data, key->n))
        return broken(p, at, key->n ? *key : jl_string("metadata key"),
                      "expected a key of 1 to %u bytes of UTF-8" AGAIN, (uint64_t)MAX_KEY);
    return JL_OK;
}

static jl_status read_value_type(parser *p, jl_str key, int in_array, jl_gguf_type *out) {
    uint64_t at = p->in.at;
    uint32_t type = jl_cursor_u32(&p->in);
    if (p->in.status != JL_OK) return missing_bytes(p, key);
    if (type >= JL_GGUF_TYPE_COUNT)
        return broken(p, at, key, "expected a value type of 0 to 12, found %u" AGAIN,
                      (uint64_t)type);
    if (in_array && type == JL_GGUF_ARRAY)
        return broken(
            p, at, key,
            "expected an array of plain values, found an array of arrays, which no model uses");
    *out = (jl_gguf_type)type;
    return JL_OK;
}

/* Reads an array's count and checks it against the limit and the remaining bytes. */
static jl_status read_array_count(parser *p, jl_gguf_value *v) {
    uint64_t at = p->in.at;
    v->count = jl_cursor_u64(&p->in);
    if (v->count > MAX_ARRAY)
        return broken(p, at, v->key, "expected an array of at most %u elements, found %u" AGAIN,
                      MAX_ARRAY, v->count);
    uint64_t min = v->type == JL_GGUF_STRING ? 8 : value_types[v->type].size;
    if (p->in.status == JL_OK && v->count * min > p->in.end - p->in.at)
        p->in.status = JL_ERR_TRUNCATED;
    return p->in.status == JL_OK ? JL_OK : missing_bytes(p, v->key);
}

/* Checks and skips the elements; later reads need no checks. */
static jl_status read_elements(parser *p, jl_gguf_value *v) {
    v->bytes = p->in.bytes + (size_t)p->in.at;
    if (v->type == JL_GGUF_STRING) {
        jl_str element;
        for (uint64_t i = 0; i < v->count; i++) {
            jl_status status = read_string(p, MAX_STRING, v->key, &element);
            if (status != JL_OK) return status;
        }
        return JL_OK;
    }
    uint64_t at = p->in.at;
    if (!jl_cursor_take(&p->in, v->count * value_types[v->type].size))
        return missing_bytes(p, v->key);
    for (uint64_t i = 0; v->type == JL_GGUF_BOOL && i < v->count; i++)
        if (v->bytes[i] > 1)
            return broken(p, at + i, v->key, "expected a BOOL of 0 or 1, found %d" AGAIN,
                          v->bytes[i]);
    return JL_OK;
}

static jl_status read_value(parser *p, jl_gguf_value *v) {
    *v = (jl_gguf_value){ .offset = p->in.at, .count = 1 };
    jl_status status = read_key(p, &v->key);
    if (status == JL_OK) status = read_value_type(p, v->key, 0, &v->type);
    if (status == JL_OK && v->type == JL_GGUF_ARRAY) {
        v->array = 1;
        status = read_value_type(p, v->key, 1, &v->type);
        if (status == JL_OK) status = read_array_count(p, v);
    }
    return status == JL_OK ? read_elements(p, v) : status;
}

/* Reads the dimensions; *elements: their product. */
static jl_status read_dims(parser *p, jl_gguf_tensor *t, uint64_t *elements) {
    uint64_t at = p->in.at;
    uint32_t n_dims = jl_cursor_u32(&p->in);
    if (p->in.status != JL_OK) return missing_bytes(p, t->name);
    if (n_dims < 1 || n_dims > MAX_DIMS)
        return broken(p, at, t->name, "expected a tensor of 1 to 4 dimensions, found %u" AGAIN,
                      (uint64_t)n_dims);
    t->n_dims = (int)n_dims;
    *elements = 1;
    for (uint32_t i = 0; i < MAX_DIMS; i++) {
        at = p->in.at;
        t->dims[i] = i < n_dims ? jl_cursor_u64(&p->in) : 1;
        if (p->in.status != JL_OK) return missing_bytes(p, t->name);
        if (t->dims[i] < 1 || t->dims[i] > MAX_DIM)
            return broken(p, at, t->name,
                          "expected dimension %d to be 1 to 2147483647, found %u" AGAIN, (int)i,
                          t->dims[i]);
        if (*elements > UINT64_MAX / t->dims[i])
            return broken(p, at, t->name,
                          "the product of the dimensions does not fit 64 bits" AGAIN);
        *elements *= t->dims[i];
    }
    return JL_OK;
}

/* Reads the type and computes the size of the tensor's data. */
static jl_status read_tensor_type(parser *p, jl_gguf_tensor *t, uint64_t elements) {
    uint64_t at = p->in.at;
    uint32_t type = jl_cursor_u32(&p->in);
    if (p->in.status != JL_OK) return missing_bytes(p, t->name);
    const jl_type_info *info = jl_type_get(type);
    if (!info->name)
        return jl_fail(
            p->error, JL_ERR_TYPE, at, t->name,
            "expected a tensor type of the GGUF format, found number %u; the file is newer "
            "than this engine, or damaged",
            (uint64_t)type);
    if (!info->bytes) {
        char names[256];
        return jl_fail(p->error, JL_ERR_TYPE, at, t->name,
                       "tensor type %s is not supported; use a file in %s", info->name,
                       jl_type_names(names, sizeof names));
    }
    if (t->dims[0] % (uint64_t)info->block)
        return broken(p, at, t->name,
                      "a row of %u elements is not a whole number of %s blocks of %d" AGAIN,
                      t->dims[0], info->name, info->block);
    uint64_t blocks = elements / (uint64_t)info->block;
    if (blocks > UINT64_MAX / (uint64_t)info->bytes)
        return broken(p, at, t->name, "the size of the data does not fit 64 bits" AGAIN);
    t->type = (int)type;
    t->bytes = blocks * (uint64_t)info->bytes;
    return JL_OK;
}

/* Reads a directory entry; its offset is still relative to the data. */
static jl_status read_tensor(parser *p, jl_gguf_tensor *t) {
    *t = (jl_gguf_tensor){ 0 };
    uint64_t at = p->in.at, elements = 0;
    jl_status status = read_string(p, MAX_NAME, jl_string("tensor name"), &t->name);
    if (status == JL_OK && t->name.n == 0)
        status = broken(p, at, jl_string("tensor name"),
                        "expected a name of 1 to %u bytes, found none" AGAIN, (uint64_t)MAX_NAME);
    if (status == JL_OK) status = read_dims(p, t, &elements);
    if (status == JL_OK) status = read_tensor_type(p, t, elements);
    if (status != JL_OK) return status;
    t->offset = jl_cursor_u64(&p->in);
    return p->in.status == JL_OK ? JL_OK : missing_bytes(p, t->name);
}

/* ---- The header ------------------------------------------------------------------------------ */

static jl_status read_version(parser *p) {
    static const jl_str what = { "version", 7 };
    p->in.at = 0;
    jl_cursor_u32(&p->in); /* the magic, already checked */
    uint32_t version = jl_cursor_u32(&p->in);
    if (p->in.status != JL_OK) return missing_bytes(p, what);
    if (version == 1)
        return broken(
            p, 4, what,
            "expected GGUF version 2 or 3, found 1, which is obsolete; convert the model again");
    if (version == 0x02000000 || version == 0x03000000)
        return broken(p, 4, what, "this is a big-endian GGUF file; get the little-endian one");
    if (version != 2 && version != 3)
        return broken(
            p, 4, what,
            "expected GGUF version 2 or 3, found %u; the file is newer than this engine, or "
            "damaged",
            (uint64_t)version);
    p->g->version = (int)version;
    return JL_OK;
}

/* Reads a record count; checks it against max and the remaining bytes. */
static jl_status read_count(parser *p, const char *what, uint32_t max, uint32_t record, int *out) {
    uint64_t at = p->in.at, n = jl_cursor_u64(&p->in);
    if (n > max)
        return broken(p, at, jl_string(what), "expected at most %u, found %u" AGAIN, (uint64_t)max,
                      n);
    if (p->in.status != JL_OK) return missing_bytes(p, jl_string(what));
    if (n * record > p->in.end - p->in.at)
        return jl_fail(p->error, JL_ERR_TRUNCATED, at, jl_string(what),
                       "%u records need at least %u bytes, the file has %u left" AGAIN, n,
                       n * record, p->in.end - p->in.at);
    *out = (int)n;
    return JL_OK;
}

/* Parses the whole header; stores the records if g has arrays. */
static jl_status parse_header(parser *p) {
    jl_gguf *g = p->g;
    jl_status status = read_version(p);
    if (status == JL_OK)
        status = read_count(p, "tensor count", MAX_TENSORS, MIN_TENSOR, &g->n_tensors);
    if (status == JL_OK)
        status = read_count(p, "metadata count", MAX_VALUES, MIN_VALUE, &g->n_values);
    for (int i = 0; status == JL_OK && i < g->n_values; i++) {
        jl_gguf_value discarded;
        status = read_value(p, g->values ? &g->values[i] : &discarded);
    }
    for (int i = 0; status == JL_OK && i < g->n_tensors; i++) {
        jl_gguf_tensor discarded;
        status = read_tensor(p, g->tensors ? &g->tensors[i] : &discarded);
    }
    return status;
}

/* ---- Checks of the whole header ----------------------------------------------------- */

/* Comparison of record indices: nonzero if a precedes b. Ties keep file order. */
typedef int before(const jl_gguf *g, uint32_t a, uint32_t b);

static int name_order(jl_str a, jl_str b) {
    int order = memcmp(a.data, b.data, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int key_before(const jl_gguf *g, uint32_t a, uint32_t b) {
    int order = name_order(g->values[a].key, g->values[b].key);
    return order ? order < 0 : a < b;
}

static int name_before(const jl_gguf *g, uint32_t a, uint32_t b) {
    int order = name_order(g->tensors[a].name, g->tensors[b].name);
    return order ? order < 0 : a < b;
}

static int offset_before(const jl_gguf *g, uint32_t a, uint32_t b) {
    uint64_t x = g->tensors[a].offset, y = g->tensors[b].offset;
    return x != y ? x < y : a < b;
}

typedef struct order_by {
    const jl_gguf *g;
    before *first;
} order_by;

static int popped_first(order_by by, const uint32_t *a, const uint32_t *b) {
    return by.first(by.g, *b, *a); /* reversed: heapsort fills the array from its end */
}
JL_HEAP(sort_heap, uint32_t, order_by, popped_first)

/* Heapsort: O(n log n) for any file, in place, no recursion. */
static void sort(const jl_gguf *g, uint32_t *order, uint32_t n, before *first) {
    order_by by = { g, first };
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    for (uint32_t i = n / 2; i-- > 0;) sort_heap_down(by, order, n, i);
    for (uint32_t end = n; end-- > 1;) {
        uint32_t largest = order[0];
        order[0] = order[end], order[end] = largest;
        sort_heap_down(by, order, end, 0);
    }
}

static jl_status check_unique(const parser *p, uint32_t *order) {
    const jl_gguf *g = p->g;
    sort(g, order, (uint32_t)g->n_values, key_before);
    for (int i = 1; i < g->n_values; i++) {
        const jl_gguf_value *a = &g->values[order[i - 1]], *b = &g->values[order[i]];
        if (name_order(a->key, b->key) == 0)
            return broken(p, b->offset, b->key,
                          "expected each metadata key once, found it at bytes %u and %u" AGAIN,
                          a->offset, b->offset);
    }
    sort(g, order, (uint32_t)g->n_tensors, name_before);
    for (int i = 1; i < g->n_tensors; i++) {
        jl_str a = g->tensors[order[i - 1]].name, b = g->tensors[order[i]].name;
        if (name_order(a, b) == 0)
            return broken(p, (uint64_t)(b.data - (const char *)p->in.bytes), b,
                          "expected each tensor name once, found it again" AGAIN);
    }
    return JL_OK;
}

static jl_status read_alignment(const parser *p) {
    static const char key[] = "general.alignment";
    jl_gguf *g = p->g;
    const jl_gguf_value *v = jl_gguf_find(g, key);
    g->alignment = DEFAULT_ALIGNMENT;
    if (!v) return JL_OK;
    if (v->array || v->type != JL_GGUF_U32) return wrong_type(v, "a UINT32", p->error);
    uint32_t a = jl_load_u32(v->bytes);
    if (a < 1 || a > MAX_ALIGNMENT || (a & (a - 1)))
        return broken(p, v->offset, v->key, "expected a power of two from 1 to %u, found %u" AGAIN,
                      (uint64_t)MAX_ALIGNMENT, (uint64_t)a);
    g->alignment = a;
    return JL_OK;
}

/* Sorts the directory by data offset; most files already are. */
static jl_status order_tensors(const parser *p, uint32_t *order) {
    jl_gguf *g = p->g;
    int sorted = 1;
    for (int i = 1; i < g->n_tensors; i++)
        sorted &= g->tensors[i - 1].offset <= g->tensors[i].offset;
    if (sorted) return JL_OK;
    sort(g, order, (uint32_t)g->n_tensors, offset_before);
    jl_gguf_tensor *tensors = jl_alloc_array((uint64_t)g->n_tensors, sizeof *tensors);
    if (!tensors)
        return jl_fail(p->error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("tensor directory"),
                       "not enough memory for %d entries", g->n_tensors);
    for (int i = 0; i < g->n_tensors; i++) tensors[i] = g->tensors[order[i]];
    jl_free(g->tensors);
    g->tensors = tensors;
    return JL_OK;
}

/* Makes the data offsets file offsets; checks alignment, overlap and file size. */
static jl_status place_tensors(const parser *p) {
    jl_gguf *g = p->g;
    g->header_end = p->in.at;
    g->data_start = (p->in.at + g->alignment - 1) & ~(g->alignment - 1);
    g->data_end = p->in.at; /* no padding without tensors */
    uint64_t used = 0;      /* end of the previous tensor's data */
    for (int i = 0; i < g->n_tensors; i++) {
        jl_gguf_tensor *t = &g->tensors[i];
        if (t->offset % g->alignment)
            return broken(p, t->offset, t->name,
                          "expected the data at a multiple of %u bytes, found offset %u" AGAIN,
                          g->alignment, t->offset);
        if (t->offset < used)
            return broken(p, t->offset, t->name, "the data overlaps with that of tensor %S" AGAIN,
                          g->tensors[i - 1].name);
        if (t->offset > MAX_FILE || t->bytes > MAX_FILE - t->offset)
            return broken(p, t->offset, t->name,
                          "expected the data within 2^53 bytes, found %u bytes at offset %u" AGAIN,
                          t->bytes, t->offset);
        used = t->offset + t->bytes;
        t->offset += g->data_start;
        g->data_end = g->data_start + used;
        if (p->file_size && g->data_end > p->file_size)
            return jl_fail(p->error, JL_ERR_TRUNCATED, t->offset, t->name,
                           "the data ends at byte %u but the file at %u" AGAIN, g->data_end,
                           p->file_size);
    }
    return JL_OK;
}

/* Second pass: the header is complete and each record is valid. */
static jl_status fill(parser *p, uint32_t *order) {
    jl_status status = parse_header(p);
    if (status == JL_OK) status = check_unique(p, order);
    if (status == JL_OK) status = read_alignment(p);
    if (status == JL_OK) status = order_tensors(p, order);
    return status == JL_OK ? place_tensors(p) : status;
}

jl_status jl_gguf_parse(jl_gguf *g, const uint8_t *bytes, uint64_t have, uint64_t file_size,
                        jl_error *error) {
    memset(g, 0, sizeof *g);
    if (file_size && have > file_size)
        return jl_fail(error, JL_ERR_ARGUMENT, file_size, jl_string("file size"),
                       "expected %u bytes, found %u; pass the real file size, or 0", file_size,
                       have);
    uint64_t end = file_size && file_size < MAX_HEADER ? file_size : MAX_HEADER;
    parser p = { { bytes, have < end ? have : end, end, 0, JL_OK }, g, file_size, error };

    jl_status status = check_magic(&p);
    if (status == JL_OK) status = parse_header(&p);
    if (status == JL_OK) {
        uint64_t max = (uint64_t)(g->n_values > g->n_tensors ? g->n_values : g->n_tensors);
        /* + 1: never empty */
        uint32_t *order = jl_alloc_array(max + 1, sizeof *order);
        g->values = jl_alloc_array((uint64_t)g->n_values + 1, sizeof *g->values);
        g->tensors = jl_alloc_array((uint64_t)g->n_tensors + 1, sizeof *g->tensors);
        if (order && g->values && g->tensors)
            status = fill(&p, order);
        else
            status = jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("header"),
                             "not enough memory for %d metadata values and %d tensors", g->n_values,
                             g->n_tensors);
        jl_free(order);
    }
    if (status != JL_OK) jl_gguf_free(g);
    return status;
}

void jl_gguf_free(jl_gguf *g) {
    jl_free(g->values);
    jl_free(g->tensors);
    memset(g, 0, sizeof *g);
}

/* ---- Access ----------------------------------------------------------------- */

const char *jl_gguf_key(char out[JL_GGUF_KEY], jl_str arch, const char *rest) {
    jl_format(out, JL_GGUF_KEY, "%S.%s", arch, rest);
    return out;
}

const jl_gguf_value *jl_gguf_find(const jl_gguf *g, const char *key) {
    for (int i = 0; i < g->n_values; i++)
        if (jl_str_equal(g->values[i].key, key)) return &g->values[i];
    return NULL;
}

const jl_gguf_tensor *jl_gguf_find_tensor(const jl_gguf *g, const char *name) {
    for (int i = 0; i < g->n_tensors; i++)
        if (jl_str_equal(g->tensors[i].name, name)) return &g->tensors[i];
    return NULL;
}

jl_status jl_gguf_u32(const jl_gguf *g, const char *key, uint32_t *out, jl_error *error) {
    const jl_gguf_value *v = jl_gguf_find(g, key);
    if (!v) return JL_OK;
    if (v->array || value_types[v->type].kind == ' ') return wrong_type(v, "an integer", error);
    unsigned size = value_types[v->type].size;
    uint64_t u = 0;
    for (unsigned i = 0; i < size; i++) u |= (uint64_t)v->bytes[i] << 8 * i;
    int negative = value_types[v->type].kind == 'i' && (v->bytes[size - 1] & 0x80);
    if (negative || u > UINT32_MAX)
        return jl_fail(error, JL_ERR_FORMAT, v->offset, v->key,
                       "expected an integer of 0 to 4294967295, found one outside" AGAIN);
    *out = (uint32_t)u;
    return JL_OK;
}

jl_status jl_gguf_f32(const jl_gguf *g, const char *key, float *out, jl_error *error) {
    const jl_gguf_value *v = jl_gguf_find(g, key);
    if (!v) return JL_OK;
    if (v->array || v->type != JL_GGUF_F32) return wrong_type(v, "a FLOAT32", error);
    float f = jl_bits_to_float(jl_load_u32(v->bytes));
    if (!(f - f == 0)) /* infinities and NaN */
        return jl_fail(error, JL_ERR_FORMAT, v->offset, v->key,
                       "expected a finite number, found infinity or NaN" AGAIN);
    *out = f;
    return JL_OK;
}

jl_status jl_gguf_bool(const jl_gguf *g, const char *key, int *out, jl_error *error) {
    const jl_gguf_value *v = jl_gguf_find(g, key);
    if (!v) return JL_OK;
    if (v->array || v->type != JL_GGUF_BOOL) return wrong_type(v, "a BOOL", error);
    *out = v->bytes[0];
    return JL_OK;
}

jl_status jl_gguf_string(const jl_gguf *g, const char *key, jl_str *out, jl_error *error) {
    const jl_gguf_value *v = jl_gguf_find(g, key);
    if (!v) return JL_OK;
    if (v->array || v->type != JL_GGUF_STRING) return wrong_type(v, "a STRING", error);
    const uint8_t *cursor = v->bytes;
    *out = jl_gguf_next_string(&cursor);
    return JL_OK;
}

jl_str jl_gguf_next_string(const uint8_t **cursor) {
    size_t n = (size_t)jl_load_u64(*cursor);
    jl_str s = { (const char *)*cursor + 8, n };
    *cursor += 8 + n;
    return s;
}

int32_t jl_gguf_i32_at(const jl_gguf_value *v, uint64_t i) {
    return (int32_t)jl_load_u32(v->bytes + 4 * (size_t)i);
}

float jl_gguf_f32_at(const jl_gguf_value *v, uint64_t i) {
    return jl_bits_to_float(jl_load_u32(v->bytes + 4 * (size_t)i));
}
