/* quant.c - the table of tensor types, and dequantisation of each against a second implementation
 * that reads single bits.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../src/base/half.h"
#include "../../src/base/random.h"
#include "../../src/format/quant.h"
#include "../helpers/check.h"

/* tests/base/base.c compares every half float with its definition. */
static double half_value(int h) {
    return (double)jl_half_to_float((uint16_t)h);
}

static void type_table(void) {
    static const struct {
        uint32_t type;
        const char *name;
        int block, bytes;
    } expected[] = {
        { 0, "F32", 1, 4 },         { 1, "F16", 1, 2 },         { 2, "Q4_0", 32, 18 },
        { 3, "Q4_1", 32, 20 },      { 6, "Q5_0", 32, 22 },      { 7, "Q5_1", 32, 24 },
        { 8, "Q8_0", 32, 34 },      { 10, "Q2_K", 256, 84 },    { 11, "Q3_K", 256, 110 },
        { 12, "Q4_K", 256, 144 },   { 13, "Q5_K", 256, 176 },   { 14, "Q6_K", 256, 210 },
        { 20, "IQ4_NL", 32, 18 },   { 23, "IQ4_XS", 256, 136 }, { 30, "BF16", 1, 2 },
        { 16, "IQ2_XXS", 256, 66 }, { 17, "IQ2_XS", 256, 74 },  { 22, "IQ2_S", 256, 82 },
        { 18, "IQ3_XXS", 256, 98 }, { 21, "IQ3_S", 256, 110 },  { 19, "IQ1_S", 256, 50 },
        { 29, "IQ1_M", 256, 56 },   { 34, "TQ1_0", 256, 54 },   { 35, "TQ2_0", 256, 66 },
        { 39, "MXFP4", 32, 17 },    { 40, "NVFP4", 64, 36 },    { 9, "Q8_1", 32, 0 },
        { 15, "Q8_K", 256, 0 },     { 41, "Q1_0", 128, 18 },    { 42, "Q2_0", 64, 18 },
        { 24, "I8", 1, 0 }
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const jl_type_info *t = jl_type_get(expected[i].type);
        CHECK(t->name && strcmp(t->name, expected[i].name) == 0, "%s", expected[i].name);
        CHECK(t->block == expected[i].block && t->bytes == expected[i].bytes, "%s",
              expected[i].name);
    }
    static const uint32_t none[] = { 4, 5, 31, 32, 33, 36, 38, 1000, UINT32_MAX };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        const jl_type_info *t = jl_type_get(none[i]);
        CHECK(t && !t->name && t->bytes == 0 && t->block >= 1, "%u", none[i]);
    }
}

/* Bit n of bytes, least significant first. */
static int bit(const uint8_t *bytes, int n) {
    return bytes[n / 8] >> n % 8 & 1;
}

/* Two blocks of random bytes with given scales at an odd address, against the format's definition
 * w = d·q + m. Products and sums are exact in double and rounded once, or twice with m. */
static void dequantize_blocks(void) {
    static const struct {
        jl_type type;
        int header, bits, bias; /* bytes of scales; bits of a weight; offset subtracted from it */
    } types[] = { { JL_Q8_0, 2, 8, 0 },
                  { JL_Q4_0, 2, 4, 8 },
                  { JL_Q4_1, 4, 4, 0 },
                  { JL_Q5_0, 6, 5, 16 },
                  { JL_Q5_1, 8, 5, 0 } };
    static const uint16_t scales[] = { 0x3c00, 0x2e66, 0xb1c7, 0x0001, 0x7bff, 0x0000 };
    jl_random r;
    jl_random_seed(&r, 7);
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
            uint8_t bytes[1 + 2 * 34];
            float out[64 + 1];
            size_t size = (size_t)jl_type_get(types[k].type)->bytes,
                   header = (size_t)types[k].header;
            for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)jl_random_bits(&r);
            uint16_t d = scales[s], m = header % 4 ? 0 : 0xbc01;
            for (size_t b = 0; b < 2; b++) {
                memcpy(bytes + 1 + b * size, &d, 2);
                if (m) memcpy(bytes + 1 + b * size + 2, &m, 2);
            }
            out[64] = 12345;
            jl_dequantize(types[k].type, bytes + 1, out, 64);
            CHECK(out[64] == 12345, "type %d writes too much", types[k].type);
            for (size_t i = 0; i < 64; i++) {
                const uint8_t *q = bytes + 1 + i / 32 * size + header;
                size_t j = i % 32;
                int w = types[k].bits == 8 ? (int8_t)q[j] : (j < 16 ? q[j] & 15 : q[j - 16] >> 4);
                if (types[k].bits == 5) w |= bit(q - 4, (int)j) << 4;
                double product = half_value(d) * (w - types[k].bias);
                CHECK(out[i] == (float)((float)product + (m ? half_value(m) : 0)),
                      "type %d, scale %x, element %zu: %g", types[k].type, d, i, (double)out[i]);
            }
        }
}

/* A K-quant block of random bytes against the format's definition, bit by bit. The sum of a
 * super-block in double is exact before the rounding that minima or six-bit quants cause. */
typedef struct k_format {
    jl_type type;
    int d, dmin;             /* bytes of the halves; dmin −1: none */
    int quants, width, high; /* planes of 2 or 4 bits; of the high bits, −1: none */
    int high_width, offset;
} k_format;

static int k_quant(const k_format *f, const uint8_t *b, int c) {
    int q = 0;
    for (int i = 0; i < f->width; i++) { /* 128 columns: 32 bytes per plane of 2 bits, 64 of 4 */
        int plane = f->width == 2 ? c / 32 % 4 : f->high_width == 2 ? c / 64 % 2 : c / 32 % 2;
        int byte = f->width == 2        ? c / 128 * 32 + c % 32
                   : f->high_width == 2 ? c / 128 * 64 + c % 64
                                        : c / 64 * 32 + c % 32;
        q |= bit(b + f->quants, byte * 8 + plane * f->width + i) << i;
    }
    for (int i = 0; i < f->high_width; i++) {
        int byte = f->high_width == 2 ? c / 128 * 32 + c % 32 : c % 32;
        int at = f->high_width == 2 ? c / 32 % 4 * 2 + i : c / 32;
        q |= bit(b + f->high, byte * 8 + at) << (f->width + i);
    }
    return q - f->offset;
}

/* Integer scale and minimum of column c, from the drawings in ggml-common.h and ggml-quants.c. */
static int k_scale(const k_format *f, const uint8_t *b, int c, int *m) {
    int j = c / 32, s = 0;
    *m = 0;
    switch (f->type) {
    case JL_Q2_K:
        *m = b[c / 16] >> 4;
        return b[c / 16] & 15;
    case JL_Q6_K:
        return (int8_t)b[192 + c / 16];
    case JL_Q3_K: /* four words: low nibbles of 0..7, of 8..15, high pairs by four */
        s = (c / 16 < 8 ? b[96 + c / 16] : b[96 + c / 16 - 8] >> 4) & 15;
        return (s | (b[104 + c / 16 % 4] >> c / 16 / 4 * 2 & 3) << 4) - 32;
    default: /* Q4_K, Q5_K: 6 bits of s and m, then both split */
        b += 4;
        *m = j < 4 ? b[j + 4] & 63 : b[j + 4] >> 4 | b[j] >> 6 << 4;
        return j < 4 ? b[j] & 63 : (b[j + 4] & 15) | b[j - 4] >> 6 << 4;
    }
}

static void dequantize_super_blocks(void) {
    static const k_format formats[] = {
        { JL_Q2_K, 80, 82, 16, 2, -1, 0, 0 },   { JL_Q3_K, 108, -1, 32, 2, 0, 1, 4 },
        { JL_Q4_K, 0, 2, 16, 4, -1, 0, 0 },     { JL_Q5_K, 0, 2, 48, 4, 16, 1, 0 },
        { JL_Q6_K, 208, -1, 0, 4, 128, 2, 32 },
    };
    static const uint16_t scales[] = { 0x3c00, 0x2e66, 0xb1c7, 0x0001, 0x7bff, 0x0000 };
    jl_random r;
    jl_random_seed(&r, 8);
    for (int k = 0; k < 5 * 6; k++) {
        const k_format *f = &formats[k % 5];
        uint8_t bytes[1 + 210];
        float out[257] = { [256] = 12345 };
        uint16_t d = scales[k / 5], dmin = 0xad01;
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)jl_random_bits(&r);
        memcpy(bytes + 1 + f->d, &d, 2);
        if (f->dmin >= 0) memcpy(bytes + 1 + f->dmin, &dmin, 2);
        jl_dequantize(f->type, bytes + 1, out, 256);
        CHECK(out[256] == 12345, "type %d writes too much", f->type);
        for (int c = 0; c < 256; c++) {
            int m, s = k_scale(f, bytes + 1, c, &m);
            float w = (float)(half_value(d) * s * k_quant(f, bytes + 1, c));
            if (f->dmin >= 0) w = (float)((double)w - half_value(dmin) * m);
            CHECK(out[c] == w, "type %d, scale %x, column %d: %g, not %g", f->type, d, c,
                  (double)out[c], (double)w);
        }
    }
}

static void dequantize_tables(void) {
    static const int values[] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                  1,    13,   25,  38,  53,  69,  89,  113 };
    uint8_t b[136];
    float out[256];
    uint16_t d = 0x2e66;
    jl_random r;
    jl_random_seed(&r, 9);
    for (size_t i = 0; i < sizeof b; i++) b[i] = (uint8_t)jl_random_bits(&r);
    memcpy(b, &d, 2);
    jl_dequantize(JL_IQ4_NL, b, out, 32);
    for (int c = 0; c < 32; c++)
        CHECK((double)out[c] == half_value(d) * values[b[2 + c % 16] >> c / 16 * 4 & 15], "%d", c);
    jl_dequantize(JL_IQ4_XS, b, out, 256);
    for (int c = 0; c < 256; c++) {
        int j = c / 32, high = (b[2] | b[3] << 8) >> 2 * j & 3;
        int s = ((b[4 + j / 2] >> j % 2 * 4 & 15) | high << 4) - 32;
        int q = b[8 + 16 * j + c % 16] >> c / 16 % 2 * 4 & 15;
        CHECK((double)out[c] == half_value(d) * s * values[q], "%d", c);
    }
}

/* The rare types, against what gguf-py makes of random blocks (tests/golden/rare.py): u32 type,
 * u32 blocks, their bytes, their weights. All of these are exact in a float. */
static void dequantize_rare_types(void) {
    static uint8_t file[1 << 17];
    FILE *f = fopen("tests/golden/rare.bin", "rb");
    CHECK(f, "tests/golden/rare.bin is missing");
    if (!f) return;
    size_t n = fread(file, 1, sizeof file, f), at = 0;
    fclose(f);
    int types = 0, columns = 0;
    for (; at < n; types++) {
        uint32_t head[2];
        memcpy(head, file + at, sizeof head), at += sizeof head;
        const jl_type_info *info = jl_type_get(head[0]);
        size_t elements = head[1] * (size_t)info->block;
        float out[1024], wanted[1024];
        CHECK(elements <= 1024 && info->bytes > 0, "type %u", head[0]);
        if (elements > 1024 || info->bytes == 0) return;
        jl_dequantize((jl_type)head[0], file + at, out, elements);
        at += head[1] * (size_t)info->bytes;
        memcpy(wanted, file + at, elements * sizeof *wanted), at += elements * sizeof *wanted;
        for (size_t i = 0; i < elements; i++, columns++)
            CHECK(out[i] == wanted[i], "%s, column %zu: %g, not %g", info->name, i, (double)out[i],
                  (double)wanted[i]);
    }
    CHECK(at == n && types == 13 && columns == 9 * 1024 + 512 + 1024 + 4 * (128 + 64),
          "%d types, %d columns", types, columns);
}

static void names_of_types(void) {
    char names[256], few[12];
    CHECK(strcmp(jl_type_names(names, sizeof names),
                 "F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ2_XXS, "
                 "IQ2_XS, IQ3_XXS, IQ1_S, IQ4_NL, IQ3_S, IQ2_S, IQ4_XS, IQ1_M, BF16, TQ1_0, "
                 "TQ2_0, MXFP4, NVFP4, Q1_0 or Q2_0") == 0,
          "%s", names);
    CHECK(strcmp(jl_type_names(few, sizeof few), "F32, F16, Q") == 0, "%s", few);
}

static void dequantize_floats(void) {
    uint8_t bytes[1 + 4 * 5];
    float values[5] = { 0, -1.5f, 3e38f, 1e-40f, 65504 }, out[6];
    memcpy(bytes + 1, values, sizeof values);
    jl_dequantize(JL_F32, bytes + 1, out, 5);
    CHECK(memcmp(out, values, sizeof values) == 0);
    uint16_t halves[5] = { 0x0000, 0xbe00, 0x7bff, 0x0001, 0x3555 };
    memcpy(bytes + 1, halves, sizeof halves);
    jl_dequantize(JL_F16, bytes + 1, out, 5);
    for (int i = 0; i < 5; i++) CHECK(out[i] == jl_half_to_float(halves[i]), "F16 element %d", i);
    jl_dequantize(JL_BF16, bytes + 1, out, 5);
    for (int i = 0; i < 5; i++)
        CHECK(out[i] == jl_bf16_to_float(halves[i]), "BF16 element %d: %g", i, (double)out[i]);
}

int main(void) {
    RUN(type_table);
    RUN(names_of_types);
    RUN(dequantize_blocks);
    RUN(dequantize_super_blocks);
    RUN(dequantize_tables);
    RUN(dequantize_rare_types);
    RUN(dequantize_floats);
    return check_report("format/quant");
}
