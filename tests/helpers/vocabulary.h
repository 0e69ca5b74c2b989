/* vocabulary.h - small vocabularies for tests, built as jl_gguf structs in memory.
 *
 * A recipe adds to the 256 byte tokens of GPT-2's alphabet; cook() builds a file's metadata from
 * it, which a test may then modify. Random numbers repeat from run to run.
 */
#ifndef JL_TEST_VOCABULARY_H
#define JL_TEST_VOCABULARY_H

#include <string.h>

#include "../../src/text/tokenizer.h"
#include "check.h"
#include "traced.h"

enum { MAX_VALUES = 24, POOL = 1 << 20 };

typedef struct file {
    jl_gguf g;
    jl_gguf_value values[MAX_VALUES];
    size_t used;
    uint8_t pool[POOL];
} file;

static inline void put(file *f, const void *bytes, size_t n) {
    if (f->used + n > POOL) abort();
    memcpy(f->pool + f->used, bytes, n);
    f->used += n;
}

static inline void put_u64(file *f, uint64_t n) {
    for (int i = 0; i < 8; i++) f->pool[f->used++] = (uint8_t)(n >> 8 * i);
}

static inline file *new_file(void) {
    file *f = calloc(1, sizeof *f);
    if (!f) abort();
    f->g.values = f->values;
    return f;
}

/* Adds a value whose elements follow in the pool; replaces an older one of the same key. */
static inline jl_gguf_value *add(file *f, const char *key, jl_gguf_type type, int array,
                                 uint64_t count) {
    jl_gguf_value *v = NULL;
    for (int i = 0; i < f->g.n_values; i++)
        if (jl_str_equal(f->values[i].key, key)) v = &f->values[i];
    if (!v) v = &f->values[f->g.n_values++];
    if (f->g.n_values > MAX_VALUES) abort();
    *v = (jl_gguf_value){ jl_string(key), type, array, count, f->pool + f->used, 1234 };
    return v;
}

static inline void add_string(file *f, const char *key, const char *s) {
    add(f, key, JL_GGUF_STRING, 0, 1);
    put_u64(f, strlen(s));
    put(f, s, strlen(s));
}

static inline void add_strings(file *f, const char *key, const char *const *s, size_t n) {
    add(f, key, JL_GGUF_STRING, 1, n);
    for (size_t i = 0; i < n; i++) {
        put_u64(f, strlen(s[i]));
        put(f, s[i], strlen(s[i]));
    }
}

static inline void add_i32s(file *f, const char *key, const int32_t *a, size_t n) {
    add(f, key, JL_GGUF_I32, 1, n);
    put(f, a, n * sizeof *a);
}

static inline void add_f32s(file *f, const char *key, const float *a, size_t n) {
    add(f, key, JL_GGUF_F32, 1, n);
    put(f, a, n * sizeof *a);
}

static inline void add_u32(file *f, const char *key, uint32_t value) {
    add(f, key, JL_GGUF_U32, 0, 1);
    put(f, &value, sizeof value);
}

static inline void add_bool(file *f, const char *key, uint8_t value) {
    add(f, key, JL_GGUF_BOOL, 0, 1);
    put(f, &value, 1);
}

/* GPT-2's character for a byte, NUL-terminated UTF-8. */
static inline const char *letter(int byte) {
    static char text[256][3];
    int code = byte, rank = 0;
    for (int b = 0; b < 256; b++) {
        int printable = (b > 0x20 && b < 0x7f) || (b > 0xa0 && b != 0xad);
        if (b == byte && !printable) code = 256 + rank;
        rank += !printable;
    }
    if (code < 128)
        text[byte][0] = (char)code, text[byte][1] = 0;
    else
        text[byte][0] = (char)(0xc0 | code >> 6), text[byte][1] = (char)(0x80 | (code & 63));
    return text[byte];
}

/* tokens: the 256 bytes without those in `lacking`, then `more`. Types: normal, or of `more`. */
typedef struct recipe {
    const char *pre;
    const char *const *more;
    const int32_t *types; /* of `more`; NULL: all normal */
    size_t n_more;
    const char *const *merges;
    size_t n_merges;
    const char *lacking;
} recipe;

static inline file *cook(const recipe *r) {
    file *f = new_file();
    static const char *tokens[4096];
    static int32_t types[4096];
    size_t n = 0;
    for (int b = 0; b < 256; b++)
        if (b == 0 || !r->lacking || !strchr(r->lacking, b)) tokens[n] = letter(b), types[n++] = 1;
    for (size_t i = 0; i < r->n_more; i++)
        tokens[n] = r->more[i], types[n++] = r->types ? r->types[i] : 1;
    add_string(f, "tokenizer.ggml.model", "gpt2");
    if (r->pre) add_string(f, "tokenizer.ggml.pre", r->pre);
    add_strings(f, "tokenizer.ggml.tokens", tokens, n);
    add_i32s(f, "tokenizer.ggml.token_type", types, n);
    add_strings(f, "tokenizer.ggml.merges", r->merges, r->n_merges);
    return f;
}

static inline jl_tokenizer *make(file *f) {
    jl_error e;
    jl_error_clear(&e);
    jl_tokenizer *t = jl_tokenizer_new(&f->g, &e);
    CHECK(t != NULL, "%s: %s", e.where, e.message);
    if (!t) abort();
    return t;
}

/* Whether steps of `work` give the ids of one call. */
static inline void same_in_steps(const jl_tokenizer *t, jl_str text, int flags, uint32_t work,
                                 const int32_t *ids, int count) {
    jl_error e;
    jl_error_clear(&e);
    jl_encoding *x = jl_tokenizer_begin(t, text.data, text.n, flags, NULL, 0, &e);
    CHECK(x != NULL, "%s", e.message);
    if (!x) return;
    jl_status status = JL_MORE;
    while (status == JL_MORE) status = jl_encoding_step(x, work, &e);
    int n;
    const int32_t *found = jl_encoding_ids(x, &n);
    CHECK(status == JL_OK && n == count && (!n || !memcmp(found, ids, (size_t)n * sizeof *ids)),
          "work %d: status %d, %d ids, not %d", (int)work, (int)status, n, count);
    jl_encoding_free(x);
}

/* Encodes text[n] as "bytes|bytes|…" of its tokens. */
static inline const char *pieces_of(const jl_tokenizer *t, const char *text, size_t n, int flags) {
    static char out[4096];
    int32_t ids[512];
    jl_error e;
    jl_error_clear(&e);
    int count = jl_tokenizer_encode(t, text, n, flags, ids, 512, &e);
    size_t at = 0;
    CHECK(count >= 0 && count <= 512, "%d %s", count, e.message);
    for (uint32_t work = 0; work < 40; work += 1 + work / 3)
        same_in_steps(t, (jl_str){ text, n }, flags, work, ids, count);
    same_when_traced(t, (jl_str){ text, n }, flags, ids, count);
    for (int i = 0; i < count && i < 512; i++) {
        jl_str s = jl_tokenizer_bytes(t, ids[i]);
        if (i) out[at++] = '|';
        memcpy(out + at, s.data, s.n);
        at += s.n;
    }
    out[at] = 0;
    return out;
}

static inline void expect(const jl_tokenizer *t, const char *text, int flags,
                          const char *expected) {
    const char *found = pieces_of(t, text, strlen(text), flags);
    CHECK(strcmp(found, expected) == 0, "\"%s\": expected %s, found %s", text, expected, found);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint32_t random_state = 12345;
static inline uint32_t draw(uint32_t below) {
    random_state ^= random_state << 13, random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

#endif
