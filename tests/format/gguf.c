/* gguf.c - the header parser: valid, broken and truncated files, flipped bits, failed
 * allocations.
 *
 * Each parse gets a heap copy of exactly its bytes, so AddressSanitizer detects a read past them.
 * Builds without JL_DEBUG skip tests of allocation counters. Called with a folder, it writes the
 * files of tests/hostile/gguf.h there instead of testing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/base/memory.h"
#include "../../src/format/quant.h"
#include "../helpers/check.h"
#include "../hostile/gguf.h"

#ifdef JL_DEBUG
#define LIVE() jl_memory_live()
#else
#define LIVE() 0
#endif

typedef struct outcome {
    jl_status status;
    jl_error error;
    uint64_t sum; /* sum of everything readable */
} outcome;

/* Parses n bytes and reads every result. */
static outcome parse(const uint8_t *bytes, size_t n, uint64_t file_size) {
    outcome o = { 0 };
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy) abort();
    memcpy(copy, bytes, n);
    jl_error_clear(&o.error);
    jl_gguf g;
    o.status = jl_gguf_parse(&g, copy, n, file_size, &o.error);
    if (o.status == JL_OK)
        o.sum = hostile_touch(&g);
    else
        CHECK(!g.values && !g.tensors && !g.n_values && !g.n_tensors,
              "a failed parse left something");
    CHECK(o.status == (o.error.code ? o.error.code : o.status), "status and record differ");
    jl_gguf_free(&g);
    free(copy);
    return o;
}

/* ---- Valid files ---------------------------------------------------------------------------- */

static hostile_file sound; /* shared by all tests */

static void values_are_read(void) {
    jl_gguf g;
    jl_error e;
    jl_error_clear(&e);
    CHECK(jl_gguf_parse(&g, sound.bytes, sound.n, sound.n, &e) == JL_OK, "%s: %s", e.where,
          e.message);
    CHECK(g.version == 3 && g.n_values == 17 && g.n_tensors == 3 && g.alignment == 32);

    static const struct {
        const char *key;
        uint32_t value;
    } integers[] = { { "test.u8", 200 }, { "test.u16", 50000 },      { "test.i16", 12345 },
                     { "test.u64", 77 }, { "test.u32", 4000000000 }, { "test.i32", 1u << 30 } };
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        uint32_t u = 0;
        CHECK(jl_gguf_u32(&g, integers[i].key, &u, &e) == JL_OK, "%s", integers[i].key);
        CHECK(u == integers[i].value, "%s is %u", integers[i].key, u);
    }
    float x = 0;
    int b = 0;
    jl_str s;
    CHECK(jl_gguf_f32(&g, "test.f32", &x, &e) == JL_OK && x == 0.5f);
    CHECK(jl_gguf_bool(&g, "test.bool", &b, &e) == JL_OK && b == 1);
    CHECK(jl_gguf_string(&g, "general.architecture", &s, &e) == JL_OK && jl_str_equal(s, "llama"));
    CHECK(e.code == JL_OK, "%s", e.message);
    jl_gguf_free(&g);
}

static void arrays_are_read(void) {
    jl_gguf g;
    CHECK(jl_gguf_parse(&g, sound.bytes, sound.n, 0, NULL) == JL_OK);
    const jl_gguf_value *v = jl_gguf_find(&g, "test.strings");
    CHECK(v && v->array && v->type == JL_GGUF_STRING && v->count == 3);
    const uint8_t *cursor = v->bytes;
    CHECK(jl_str_equal(jl_gguf_next_string(&cursor), "a"));
    CHECK(jl_str_equal(jl_gguf_next_string(&cursor), ""));
    CHECK(jl_str_equal(jl_gguf_next_string(&cursor), "接龍"));
    v = jl_gguf_find(&g, "test.floats");
    CHECK(v && jl_gguf_f32_at(v, 0) == -1 && jl_gguf_f32_at(v, 1) == 2.25f);
    v = jl_gguf_find(&g, "test.ints");
    CHECK(v && jl_gguf_i32_at(v, 0) == -7 && jl_gguf_i32_at(v, 1) == 9);
    jl_gguf_free(&g);
}

static void wrong_types_are_named(void) {
    static const struct {
        const char *key, *expected;
        int reader; /* 0 u32, 1 f32, 2 bool, 3 string */
    } cases[] = {
        { "test.f32", "expected an integer, found FLOAT32", 0 },
        { "test.bool", "expected an integer, found BOOL", 0 },
        { "test.ints", "expected an integer, found an array of INT32", 0 },
        { "test.i8", "0 to 4294967295", 0 },
        { "test.i64", "0 to 4294967295", 0 },
        { "test.u32", "expected a FLOAT32, found UINT32", 1 },
        { "test.f64", "expected a FLOAT32, found FLOAT64", 1 },
        { "test.floats", "expected a FLOAT32, found an array of FLOAT32", 1 },
        { "test.nan", "finite", 1 },
        { "test.u8", "expected a BOOL, found UINT8", 2 },
        { "test.u8", "expected a STRING, found UINT8", 3 },
        { "test.strings", "expected a STRING, found an array of STRING", 3 },
    };
    jl_gguf g;
    CHECK(jl_gguf_parse(&g, sound.bytes, sound.n, 0, NULL) == JL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t u = 1;
        float x = 1;
        int b = 1;
        jl_str s = { "untouched", 9 };
        jl_error e;
        jl_error_clear(&e);
        jl_status status = cases[i].reader == 0   ? jl_gguf_u32(&g, cases[i].key, &u, &e)
                           : cases[i].reader == 1 ? jl_gguf_f32(&g, cases[i].key, &x, &e)
                           : cases[i].reader == 2 ? jl_gguf_bool(&g, cases[i].key, &b, &e)
                                                  : jl_gguf_string(&g, cases[i].key, &s, &e);
        CHECK(status == JL_ERR_FORMAT && strcmp(e.where, cases[i].key) == 0, "%s", cases[i].key);
        CHECK(strstr(e.message, cases[i].expected), "%s: %s", cases[i].key, e.message);
        CHECK(u == 1 && x == 1 && b == 1 && s.n == 9, "%s: output was touched", cases[i].key);
        CHECK(jl_gguf_find(&g, cases[i].key)->offset == e.offset, "%s", cases[i].key);
    }
    jl_gguf_free(&g);
}

static void missing_keys_leave_defaults(void) {
    jl_gguf g;
    uint32_t u = 5;
    float x = 6;
    int b = 7;
    jl_str s = { "eight", 5 };
    CHECK(jl_gguf_parse(&g, sound.bytes, sound.n, 0, NULL) == JL_OK);
    CHECK(jl_gguf_u32(&g, "no", &u, NULL) == JL_OK && jl_gguf_f32(&g, "no", &x, NULL) == JL_OK);
    CHECK(jl_gguf_bool(&g, "no", &b, NULL) == JL_OK && jl_gguf_string(&g, "no", &s, NULL) == JL_OK);
    CHECK(u == 5 && x == 6 && b == 7 && jl_str_equal(s, "eight"));
    CHECK(!jl_gguf_find(&g, "test.u") && !jl_gguf_find(&g, "test.u88"), "prefixes are not matches");
    CHECK(!jl_gguf_find_tensor(&g, "a.weigh") && jl_gguf_find_tensor(&g, "a.weight"));
    jl_gguf_free(&g);
}

static void tensors_come_in_data_order(void) {
    jl_gguf g;
    CHECK(jl_gguf_parse(&g, sound.bytes, sound.n, sound.n, NULL) == JL_OK);
    static const struct {
        const char *name;
        int type;
        uint64_t cols, rows, offset, bytes;
    } expected[3] = { { "a.weight", JL_F32, 4, 3, 0, 48 },
                      { "b.weight", JL_Q8_0, 64, 2, 64, 136 },
                      { "c.weight", JL_Q4_1, 32, 1, 224, 20 } };
    CHECK(g.data_start % 32 == 0 && g.data_start >= sound.header &&
          g.data_start < sound.header + 32);
    CHECK(g.data_end == g.data_start + 244 && g.data_end == sound.n);
    for (int i = 0; i < 3; i++) {
        const jl_gguf_tensor *t = &g.tensors[i];
        CHECK(jl_str_equal(t->name, expected[i].name) && t->type == expected[i].type, "tensor %d",
              i);
        CHECK(t->n_dims == 2 && t->dims[0] == expected[i].cols && t->dims[1] == expected[i].rows);
        CHECK(t->dims[2] == 1 && t->dims[3] == 1, "unused dimensions are 1");
        CHECK(t->offset == g.data_start + expected[i].offset && t->bytes == expected[i].bytes);
    }
    jl_gguf_free(&g);
}

static void small_files_are_accepted(void) {
    hostile_file f;
    put_start(&f, 2, 0, 0); /* version 2, empty, no padding */
    CHECK(parse(f.bytes, f.n, f.n).status == JL_OK);
    put_start(&f, 3, 1, 1); /* alignment 1: data directly after the header */
    put_key_u32(&f, "general.alignment", 1);
    put_tensor(&f, "t", 1, 1, JL_F32, 0);
    put_u32(&f, 0);
    CHECK(parse(f.bytes, f.n, f.n).status == JL_OK);
    CHECK(parse(f.bytes, f.n - 1, f.n - 1).status == JL_ERR_TRUNCATED);
    put_start(&f, 3, 0, 1); /* an empty array */
    put_array(&f, "k", JL_GGUF_STRING, 0);
    CHECK(parse(f.bytes, f.n, f.n).status == JL_OK);
}

/* Sorts many records: names and offsets in shuffled order. */
static void many_tensors_are_sorted(void) {
    enum { N = 1009 }; /* prime, so that any step size visits all */
    static uint8_t bytes[N * 64];
    hostile_file f;
    size_t n = 24;
    put_start(&f, 3, N, 0);
    memcpy(bytes, f.bytes, f.n);
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i * 7 % N);
        f.n = 0;
        put_tensor(&f, name, 8, 1, JL_F32, (uint64_t)(i * 500 % N) * 32);
        memcpy(bytes + n, f.bytes, f.n);
        n += f.n;
    }
    jl_gguf g;
    jl_error e;
    jl_error_clear(&e);
    CHECK(jl_gguf_parse(&g, bytes, n, 0, &e) == JL_OK, "%s", e.message);
    for (int i = 0; i < g.n_tensors; i++)
        CHECK(g.tensors[i].offset == g.data_start + (uint64_t)i * 32, "tensor %d", i);
    CHECK(g.n_tensors == N && g.data_end == g.data_start + N * 32);
    jl_gguf_free(&g);
}

/* ---- Broken files ---------------------------------------------------------------------------- */

static void broken_files_are_refused(void) {
    for (int i = 0; i < N_HOSTILE; i++) {
        const hostile_case *c = &hostile_cases[i];
        hostile_file f;
        c->build(&f);
        outcome o = parse(f.bytes, f.n, f.n);
        CHECK(o.status == c->status, "%s: %s: %s", c->name, jl_status_name(o.status),
              o.error.message);
        CHECK(strcmp(o.error.where, c->where) == 0, "%s: where is %s", c->name, o.error.where);
        CHECK(strstr(o.error.message, c->message), "%s: %s", c->name, o.error.message);
        CHECK(strlen(o.error.message) < sizeof o.error.message - 1, "%s: message is cut", c->name);

        jl_status streamed = parse(f.bytes, f.n, 0).status;
        jl_status expected = c->streams == 0 ? c->status : c->streams == 1 ? JL_MORE : JL_OK;
        CHECK(streamed == expected, "%s without size: %s", c->name, jl_status_name(streamed));
    }
}

static void more_bytes_than_announced(void) {
    outcome o = parse(sound.bytes, sound.n, sound.n - 1);
    CHECK(o.status == JL_ERR_ARGUMENT && strcmp(o.error.where, "file size") == 0);
}

/* Four arrays of 2^21 64-bit numbers fill 64 MiB; pages between their keys stay untouched. */
static void headers_have_a_limit(void) {
    const uint64_t array = (uint64_t)8 << 21, size = 5 * array;
    uint8_t *bytes = calloc(1, size);
    if (!bytes) abort();
    hostile_file f;
    put_start(&f, 3, 0, 4);
    uint64_t at = 0;
    for (int i = 0; i < 4; i++) {
        put_array(&f, (const char *[]){ "a", "b", "c", "d" }[i], JL_GGUF_U64, 1 << 21);
        memcpy(bytes + at, f.bytes, f.n);
        at += f.n + array;
        f.n = 0;
    }
    jl_gguf g;
    for (int known = 0; known < 2; known++) {
        jl_error e;
        jl_error_clear(&e);
        jl_status status = jl_gguf_parse(&g, bytes, size, known ? size : 0, &e);
        CHECK(status == JL_ERR_FORMAT && strcmp(e.where, "d") == 0, "%s: %s", e.where, e.message);
        CHECK(strstr(e.message, "67108864 bytes"), "%s", e.message);
    }
    free(bytes);
}

static void every_truncation(void) {
    for (size_t n = 0; n < sound.n; n++) {
        jl_status streamed = parse(sound.bytes, n, 0).status;
        CHECK(streamed == (n < sound.header ? JL_MORE : JL_OK), "%zu bytes: %s", n,
              jl_status_name(streamed));
        CHECK(parse(sound.bytes, n, sound.n).status == streamed, "%zu bytes of a known size", n);
        if (n == 0) continue; /* size 0: unknown */
        outcome o = parse(sound.bytes, n, n);
        CHECK(o.status == JL_ERR_TRUNCATED, "%zu bytes: %s", n, jl_status_name(o.status));
        CHECK(o.error.message[0] && o.error.where[0], "%zu bytes: nothing said", n);
        if (n >= sound.header) CHECK(strstr(o.error.where, ".weight"), "%zu: %s", n, o.error.where);
    }
}

static void every_flipped_bit(void) {
    int ok = 0, refused = 0;
    for (size_t bit = 0; bit < sound.header * 8; bit++) {
        sound.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        jl_status known = parse(sound.bytes, sound.n, sound.n).status;
        jl_status unknown = parse(sound.bytes, sound.n, 0).status;
        sound.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(known <= JL_OK && unknown <= JL_MORE, "bit %zu: %d %d", bit, known, unknown);
        if (known == JL_OK)
            ok++;
        else
            refused++;
    }
    CHECK(ok > 1000 && refused > 1000, "%d parsed, %d refused", ok, refused);
}

static void every_refused_allocation(void) {
#ifdef JL_DEBUG
    jl_status status = JL_ERR_MEMORY;
    int n = 0, live = LIVE();
    for (; n < 100 && status != JL_OK; n++) {
        jl_memory_fail_after(n);
        outcome o = parse(sound.bytes, sound.n, sound.n);
        jl_memory_fail_after(-1);
        status = o.status;
        CHECK(status == JL_OK || status == JL_ERR_MEMORY, "%d: %s", n, jl_status_name(status));
        CHECK(LIVE() == live, "%d: %d blocks leak", n, LIVE() - live);
    }
    CHECK(n == 5, "three arrays and one for the new order, not %d", n - 1);
#else
    SKIP("allocation counters need JL_DEBUG");
#endif
}

static void nothing_leaks(void) {
#ifdef JL_DEBUG
    CHECK(LIVE() == 0, "%d blocks", LIVE());
#else
    SKIP("allocation counters need JL_DEBUG");
#endif
}

/* ---- Seeds ----------------------------------------------------------------------------------- */

static int write_file(const char *folder, const char *name, const hostile_file *f) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    FILE *out = fopen(path, "wb");
    if (!out) return 0;
    size_t n = fwrite(f->bytes, 1, f->n, out);
    return fclose(out) == 0 && n == f->n;
}

static int write_all(const char *folder) {
    int fine = write_file(folder, "sound", &sound);
    for (int i = 0; i < N_HOSTILE; i++) {
        hostile_file f;
        hostile_cases[i].build(&f);
        fine &= write_file(folder, hostile_cases[i].name, &f);
    }
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
    put_sound(&sound);
    if (argc > 1) return write_all(argv[1]);
    RUN(values_are_read);
    RUN(arrays_are_read);
    RUN(wrong_types_are_named);
    RUN(missing_keys_leave_defaults);
    RUN(tensors_come_in_data_order);
    RUN(small_files_are_accepted);
    RUN(many_tensors_are_sorted);
    RUN(broken_files_are_refused);
    RUN(more_bytes_than_announced);
    RUN(headers_have_a_limit);
    RUN(every_truncation);
    RUN(every_flipped_bit);
    RUN(every_refused_allocation);
    RUN(nothing_leaks);
    return check_report("format/gguf");
}
