/* base.c - base/: each part against a second implementation.
 *
 * Errors and their texts, UTF-8, memory, the cursor, random numbers, half floats.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/base/cursor.h"
#include "../../src/base/half.h"
#include "../../src/base/memory.h"
#include "../../src/base/random.h"
#include "../../src/base/status.h"
#include "../../src/base/utf8.h"
#include "../helpers/check.h"

/* ---- status ---------------------------------------------------------------------------------- */

static void status_names(void) {
    static const char *const names[] = { "DONE",
                                         "MORE",
                                         "OK",
                                         "OUT_OF_MEMORY",
                                         "NOT_GGUF",
                                         "BAD_FORMAT",
                                         "TRUNCATED",
                                         "UNKNOWN_ARCHITECTURE",
                                         "UNKNOWN_TYPE",
                                         "BAD_TENSOR",
                                         "BAD_TOKENIZER",
                                         "CONTEXT_FULL",
                                         "BAD_ARGUMENT",
                                         "NOT_A_NUMBER" };
    for (int s = JL_DONE; s >= JL_ERR_NUMERIC; s--)
        CHECK(strcmp(jl_status_name((jl_status)s), names[JL_DONE - s]) == 0, "status %d", s);
    CHECK(strcmp(jl_status_name((jl_status)-99), "BAD_ARGUMENT") == 0);
    CHECK(strcmp(jl_status_name((jl_status)99), "BAD_ARGUMENT") == 0);
}

static void formatter(void) {
    char out[64];
    size_t n = jl_format(out, sizeof out, "%s|%S|%d|%u|%%|%", "ab", (jl_str){ "cdef", 2 }, -12,
                         (uint64_t)34);
    CHECK(strcmp(out, "ab|cd|-12|34|%|%") == 0 && n == strlen(out), "%s", out);
    jl_format(out, sizeof out, "%d %d %u %u", INT_MIN, INT_MAX, (uint64_t)0, UINT64_MAX);
    CHECK(strcmp(out, "-2147483648 2147483647 0 18446744073709551615") == 0, "%s", out);
    n = jl_format(out, 4, "%s", "abcdef");
    CHECK(n == 6 && strcmp(out, "abc") == 0, "the length counts what was cut");
    n = jl_format(out, 1, "%d", 7);
    CHECK(n == 1 && out[0] == 0);
    out[0] = 'x';
    CHECK(jl_format(out, 0, "%d", 7) == 1 && out[0] == 'x', "no room: nothing is written");
    CHECK(jl_format(NULL, 0, "%s", "measured") == 8);
}

static void strings_and_hash(void) {
    CHECK(jl_str_equal(jl_string("abc"), "abc") && jl_str_equal((jl_str){ NULL, 0 }, ""));
    CHECK(!jl_str_equal(jl_string("abc"), "ab") && !jl_str_equal(jl_string("ab"), "abc"));
    CHECK(!jl_str_equal((jl_str){ "ab\0", 3 }, "ab"));
    /* Reference values of FNV-1a 64: offset basis; "a"; "foobar". */
    CHECK(jl_hash("", 0) == 0xcbf29ce484222325u);
    CHECK(jl_hash("a", 1) == 0xaf63dc4c8601ec8cu);
    CHECK(jl_hash("foobar", 6) == 0x85944171f73967e8u);
}

static void the_first_failure_is_kept(void) {
    jl_error e;
    memset(&e, 0x55, sizeof e);
    jl_error_clear(&e);
    CHECK(e.code == JL_OK && e.offset == JL_NO_OFFSET && !e.where[0] && !e.message[0]);
    CHECK(jl_fail(&e, JL_ERR_FORMAT, 12, jl_string("key"), "found %d", 3) == JL_ERR_FORMAT);
    CHECK(jl_fail(&e, JL_ERR_MEMORY, 99, jl_string("other"), "later") == JL_ERR_FORMAT);
    CHECK(e.code == JL_ERR_FORMAT && e.offset == 12);
    CHECK(strcmp(e.where, "key") == 0 && strcmp(e.message, "found 3") == 0);
    CHECK(jl_fail(NULL, JL_ERR_MEMORY, 0, jl_string("x"), "y") == JL_ERR_MEMORY);
    jl_error_clear(NULL);
}

static void texts_are_printable(void) {
    static const struct {
        const char *in, *out;
    } cases[] = { { "blk.0.weight", "blk.0.weight" },
                  { "a\nb\x1b[31m\x7f", "a?b?[31m?" },
                  { "接龍", "接龍" },
                  { "\xff\xc0\x80z", "???z" },
                  { "\xc2\x85next", "??next" }, /* U+0085, a C1 control */
                  { "\xed\xa0\x80", "???" },    /* a surrogate */
                  { "\xe6\x8e", "??" },         /* the string ends too early */
                  { "\xc2", "?" },
                  { "", "" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jl_error e;
        jl_error_clear(&e);
        jl_fail(&e, JL_ERR_FORMAT, 0, jl_string(cases[i].in), "<%s", cases[i].in);
        CHECK(strcmp(e.where, cases[i].out) == 0, "case %zu: %s", i, e.where);
        CHECK(e.message[0] == '<' && strcmp(e.message + 1, cases[i].out) == 0, "%s", e.message);
    }
}

static void long_texts_are_cut_between_characters(void) {
    char text[1024];
    for (size_t i = 0; i + 3 < sizeof text; i += 3) memcpy(text + i, "\xe6\x8e\xa5", 4);
    for (int shift = 0; shift < 3; shift++) {
        jl_error e;
        jl_error_clear(&e);
        jl_fail(&e, JL_ERR_FORMAT, 0, jl_string(text + shift * 3), "%s%s", &"xx"[shift], text);
        CHECK(strlen(e.where) == 93, "95 bytes hold 31 characters of three, not %zu",
              strlen(e.where));
        size_t n = strlen(e.message), head = strlen(&"xx"[shift]);
        CHECK((n - head) % 3 == 0 && n + 4 > sizeof e.message && n < sizeof e.message, "%zu bytes",
              n);
        CHECK(memcmp(e.message + n - 3, "\xe6\x8e\xa5", 3) == 0);
    }
}

/* ---- UTF-8 ----------------------------------------------------------------------------------- */

/* UTF-8 by its definition: decodes the bytes, accepts only the shortest encoding. */
static int decodes(const uint8_t *s, int n) {
    static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    static const uint8_t lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 }, mask[5] = { 0, 0, 0x1f, 0x0f, 0x07 };
    if (n == 1) return s[0] < 0x80;
    if ((s[0] & ~mask[n]) != lead[n]) return 0;
    uint32_t code = s[0] & mask[n];
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    return code >= smallest[n] && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
}

static void utf8_lengths(void) {
    int wrong = 0, characters = 0;
    for (uint32_t x = 0; x < 1u << 24; x++) { /* every 3-byte sequence plus a continuation byte */
        uint8_t s[4] = { (uint8_t)(x >> 16), (uint8_t)(x >> 8), (uint8_t)x, 0xbf };
        int expected = 0;
        for (int n = 1; n <= 4; n++)
            if (decodes(s, n)) expected = n;
        wrong += jl_utf8_length(s, 4) != expected;
        characters += expected == 4;
    }
    CHECK(wrong == 0 && characters == (0x110000 - 0x10000) / 64, "%d, %d", wrong, characters);
    const uint8_t *s = (const uint8_t *)"\xf0\x9f\x90\x89";
    for (size_t n = 0; n < 4; n++) CHECK(jl_utf8_length(s, n) == -1, "cut to %zu", n);
    CHECK(jl_utf8_length(s, 4) == 4);
    CHECK(jl_utf8_length((const uint8_t *)"\xf0\x80", 2) == 0, "overlong already after two bytes");
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void memory_blocks(void) {
    for (size_t n = 1; n < 300; n += 7) {
        uint8_t *p = jl_alloc(n);
        CHECK(p && (uintptr_t)p % 64 == 0, "%zu bytes", n);
        if (p) memset(p, 0xaa, n);
        jl_free(p);
    }
    uint8_t *zero = jl_alloc_zero(1000);
    int sum = 0;
    for (int i = 0; zero && i < 1000; i++) sum += zero[i];
    CHECK(zero && sum == 0);
    jl_free(zero);
    jl_free(NULL);
    uint32_t *array = jl_alloc_array(10, sizeof *array);
    CHECK(array && array[0] == 0 && array[9] == 0);
    jl_free(array);
}

static void oversized_allocations_fail(void) {
    CHECK(!jl_alloc(SIZE_MAX) && !jl_alloc(SIZE_MAX / 2 + 1) && !jl_alloc_zero(SIZE_MAX - 63));
    CHECK(!jl_alloc_array(SIZE_MAX / 4 + 2, 4), "4 × that is 4 in size_t");
    CHECK(!jl_alloc_array(UINT64_MAX, 16) && !jl_alloc_array((uint64_t)1 << 62, 8));
}

static void memory_hooks(void) {
#ifdef JL_DEBUG
    int live = jl_memory_live();
    jl_memory_fail_after(1);
    void *a = jl_alloc(8), *b = jl_alloc(8), *c = jl_alloc(8);
    CHECK(a && !b && c, "the second fails, and no other");
    CHECK(jl_memory_live() == live + 2);
    jl_memory_forbid(1);
    CHECK(!jl_alloc(8) && !jl_alloc_array(1, 1));
    jl_memory_forbid(0);
    jl_free(a), jl_free(c);
    CHECK(jl_memory_live() == live);
#else
    SKIP("allocation counters need JL_DEBUG");
#endif
}

/* ---- cursor ---------------------------------------------------------------------------------- */

static void cursor_reads(void) {
    static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xff, 0xfe, 0xfd, 0xfc };
    jl_cursor c = { bytes, sizeof bytes, 100, 0, JL_OK };
    CHECK(*jl_cursor_take(&c, 1) == 1);
    CHECK(jl_cursor_u64(&c) == 0x0908070605040302u && jl_cursor_u32(&c) == 0xfcfdfeffu);
    CHECK(c.at == 13 && c.status == JL_OK && jl_cursor_take(&c, 0), "nothing is always there");
    CHECK(jl_load_u16(bytes + 8) == 0xff09 && jl_load_u32(bytes + 9) == 0xfcfdfeffu);
    CHECK(jl_cursor_u32(&c) == 0 && c.status == JL_MORE && c.at == 13);
}

static void cursor_is_sticky(void) {
    static const uint8_t bytes[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    static const struct {
        uint64_t take;
        jl_status status;
    } cases[] = { { 9, JL_MORE },
                  { 16, JL_MORE },
                  { 17, JL_ERR_TRUNCATED },
                  { UINT64_MAX, JL_ERR_TRUNCATED },
                  { UINT64_MAX - 3, JL_ERR_TRUNCATED } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (uint64_t at = 0; at < 2; at++) { /* with at = 1 a sum would overflow */
            jl_cursor c = { bytes, 8, 16 + at, at, JL_OK };
            CHECK(!jl_cursor_take(&c, cases[i].take) && c.status == cases[i].status, "case %zu", i);
            CHECK(!jl_cursor_take(&c, 1) && jl_cursor_u32(&c) == 0 && jl_cursor_u64(&c) == 0);
            CHECK(c.at == at && c.status == cases[i].status, "case %zu", i);
        }
}

/* ---- random ---------------------------------------------------------------------------------- */

static void random_reference(void) {
    /* First outputs of the PCG paper's demo: seed 42, stream 54 (pcg-random.org, pcg32-demo). */
    static const uint32_t expected[6] = { 0xa15c02b7, 0x7b47f409, 0xba1d3330,
                                          0x83d2f293, 0xbfa4784b, 0xcbed606e };
    jl_random r;
    jl_random_seed(&r, 42);
    for (int i = 0; i < 6; i++) CHECK(jl_random_bits(&r) == expected[i], "output %d", i);
    jl_random_seed(&r, 42);
    uint64_t bits = (uint64_t)(0xa15c02b7 >> 5) << 26 | 0x7b47f409 >> 6;
    CHECK(jl_random_next(&r) == ldexp((double)bits, -53));
}

static void random_is_uniform(void) {
    const int BINS = 64, N = 64000;
    for (int first = 0; first < 2;
         first++) { /* one long sequence, then the first draw of each seed */
        int bins[64] = { 0 };
        double sum = 0, chi = 0;
        jl_random r;
        jl_random_seed(&r, 1);
        for (int i = 0; i < N; i++) {
            if (first) jl_random_seed(&r, (uint64_t)i);
            double u = jl_random_next(&r);
            CHECK(u >= 0 && u < 1);
            bins[(int)(u * BINS)]++;
            sum += u;
        }
        for (int b = 0; b < BINS; b++) chi += pow(bins[b] - N / BINS, 2) / (N / BINS);
        CHECK(fabs(sum / N - 0.5) < 0.005, "mean %g", sum / N);    /* 4 standard errors */
        CHECK(chi < 110, "chi² %g of 63 degrees of freedom", chi); /* p = 0.0002 */
    }
}

/* ---- half floats ----------------------------------------------------------------------------- */

/* Definition of binary16: 5 bits of exponent, bias 15, 10 of fraction. */
static double half_value(int h) {
    int exponent = h >> 10 & 31, fraction = h & 1023;
    double magnitude = exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
                       : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                      : ldexp(fraction, -24);
    return h & 0x8000 ? -magnitude : magnitude;
}

static void every_half(void) {
    int wrong = 0;
    for (int h = 0; h < 65536; h++) {
        double expected = half_value(h);
        float f = jl_half_to_float((uint16_t)h);
        uint16_t back = jl_float_to_half(f);
        if (isnan(expected))
            wrong += !isnan(f) || !isnan(jl_half_to_float(back)) || (back ^ h) >> 15;
        else
            wrong += (double)f != expected || !!signbit(f) != h >> 15 || back != h;
    }
    CHECK(wrong == 0, "%d of 65536", wrong);
}

/* The nearest half of a float, ties to even, computed in double. */
static int nearest_half(float f) {
    int sign = signbit(f) ? 0x8000 : 0, exponent;
    double a = fabs((double)f);
    frexp(a, &exponent); /* a = 0.1… × 2^exponent */
    int step = exponent - 11 < -24 ? -24 : exponent - 11;
    double rounded = ldexp(rint(ldexp(a, -step)), step);
    if (rounded >= 65536) return sign | 0x7c00;
    frexp(rounded, &exponent);
    if (rounded < 0x1p-14) return sign | (int)ldexp(rounded, 24);
    return sign | (exponent + 14) << 10 | ((int)ldexp(rounded, 11 - exponent) & 1023);
}

static void halves_are_rounded(void) {
    int wrong = 0, tried = 0;
    for (int h = 0; h < 0x7c00;
         h++) { /* between two neighbouring halves: the midpoint, just below, just above */
        float low = (float)half_value(h), high = (float)(h == 0x7bff ? 65536 : half_value(h + 1));
        float middle = (low + high) / 2;
        float f[3] = { nextafterf(middle, 0), middle, nextafterf(middle, INFINITY) };
        for (int i = 0; i < 3; i++, tried++)
            wrong += jl_float_to_half(f[i]) != nearest_half(f[i]) ||
                     jl_float_to_half(-f[i]) != nearest_half(-f[i]);
    }
    for (uint64_t u = 0; u < 0x7f800000; u += 1009, tried++) { /* floats of all magnitudes */
        float f = jl_bits_to_float((uint32_t)u);
        wrong += jl_float_to_half(f) != nearest_half(f);
    }
    CHECK(wrong == 0, "%d of %d", wrong, tried);
    CHECK(jl_float_to_half(INFINITY) == 0x7c00 && jl_float_to_half(-INFINITY) == 0xfc00);
    CHECK(jl_float_to_half(65519.996f) == 0x7bff && jl_float_to_half(65520) == 0x7c00);
}

static void every_bfloat16(void) {
    int wrong = 0;
    for (int h = 0; h < 65536; h++) {
        int exponent = h >> 7 & 255, fraction = h & 127; /* 8 bits of exponent, bias 127 */
        double a = exponent ? ldexp(128 + fraction, exponent - 134) : ldexp(fraction, -133);
        float f = jl_bf16_to_float((uint16_t)h);
        if (exponent == 255)
            wrong += fraction ? !isnan(f) : !isinf(f);
        else
            wrong += (double)f != (h & 0x8000 ? -a : a);
    }
    CHECK(wrong == 0, "%d of 65536", wrong);
}

int main(void) {
    RUN(status_names);
    RUN(formatter);
    RUN(strings_and_hash);
    RUN(the_first_failure_is_kept);
    RUN(texts_are_printable);
    RUN(long_texts_are_cut_between_characters);
    RUN(utf8_lengths);
    RUN(memory_blocks);
    RUN(oversized_allocations_fail);
    RUN(memory_hooks);
    RUN(cursor_reads);
    RUN(cursor_is_sticky);
    RUN(random_reference);
    RUN(random_is_uniform);
    RUN(every_half);
    RUN(halves_are_rounded);
    RUN(every_bfloat16);
    return check_report("base/base");
}
