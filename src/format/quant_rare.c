/* quant_rare.c - readers of the tensor types in quant_rare.h.
 *
 * Written after dequantize_row_* of ggml-quants.c (ggml). Any bits are a valid block: indices have
 * as many bits as their grid has rows.
 */
#ifdef JL_ALL
#include "quant_rare.h"

#include <string.h>

#include "../base/half.h"
#include "quant_grids.h"

/* -- −1, 0, 1, 2 ------------------------------------------------------------------------------- */

static void read_q1_0(const void *block, int k, jl_quants *to) {
    const jl_block_q1_0 *b = block;
    for (int c = 0; c < 32; c++) to->q[c] = (uint8_t)((b->q[4 * k + c / 8] >> c % 8 & 1) * 2);
    to->d = b->d;
}

static void read_q2_0(const void *block, int k, jl_quants *to) {
    const jl_block_q2_0 *b = block;
    for (int c = 0; c < 32; c++) to->q[c] = b->q[8 * k + c / 4] >> c % 4 * 2 & 3;
    to->d = b->d;
}

static void set_ternary(jl_quants *to, uint16_t d) {
    to->d = to->m = d;
    memset(to->scale, 0x11, 2); /* scale and minimum of the layout K2 */
}

/* A byte is ⌈256·v / 243⌉ of a number v of five digits of base 3. Multiplying its fraction by 3
 * moves the next digit above bit 8. 32 bytes hold columns 0 to 159 (byte c % 32, digit c / 32), 16
 * bytes the next 80, 4 bytes the last 16. */
static void read_tq1_0(const void *block, int k, jl_quants *to) {
    static const uint8_t powers[] = { 1, 3, 9, 27, 81 };
    const jl_block_tq1_0 *b = block;
    for (int i = 0, c = 32 * k; i < 32; i++, c++) {
        int wide = c < 160, at = wide ? c : c < 240 ? c - 160 : c - 240;
        int bytes = wide ? 32 : c < 240 ? 16 : 4;
        const uint8_t *from = wide ? b->q : c < 240 ? b->q + 32 : b->last;
        to->q[i] = (uint8_t)((uint8_t)(from[at % bytes] * powers[at / bytes]) * 3 >> 8);
    }
    set_ternary(to, b->d);
}

static void read_tq2_0(const void *block, int k, jl_quants *to) {
    const jl_block_tq2_0 *b = block;
    for (int i = 0; i < 32; i++) to->q[i] = b->q[k / 4 * 32 + i] >> k % 4 * 2 & 3;
    set_ternary(to, b->d);
}

/* -- 4-bit floats ------------------------------------------------------------------------------ */

static void read_mxfp4(const void *block, int k, jl_quants *to) {
    const jl_block_mxfp4 *b = block;
    (void)k;
    for (int j = 0; j < 16; j++) to->q[j] = b->q[j] & 15, to->q[j + 16] = b->q[j] >> 4;
    to->d = (uint16_t)(b->e < 2 ? 0x20 << b->e : (b->e - 1) << 7);
    to->m = to->d;
}

/* Half of an E4M3 number as bfloat16, exact; 0x7f, not a number, is 0 as in ggml. */
static uint16_t half_e4m3(uint8_t x) {
    int exponent = x >> 3 & 15, fraction = x & 7;
    if (x == 0x7f) return 0;
    if (exponent > 0) fraction += 8, exponent--;
    return (uint16_t)(jl_float_to_bits((float)(fraction << exponent) * 0x1p-10f) >> 16);
}

static void read_nvfp4(const void *block, int k, jl_quants *to) {
    const jl_block_nvfp4 *b = block;
    const uint8_t *q = b->q + 16 * k;
    for (int c = 0; c < 32; c++) to->q[c] = q[c / 16 * 8 + c % 8] >> c / 8 % 2 * 4 & 15;
    to->d = half_e4m3(b->d[2 * k]), to->m = half_e4m3(b->d[2 * k + 1]);
}

/* -- Grids ------------------------------------------------------------------------------------- */

/* n values of a row of a grid with digits of `bits`; sign bit i set: minus. The values of a table
 * ascend from minus to plus. */
static void put_row(int bits, int n, uint16_t row, int signs, uint8_t *q) {
    int levels = bits == 2 ? 3 : 8;
    for (int i = 0; i < n; i++, row = (uint16_t)(row >> bits)) {
        int digit = row & ((1 << bits) - 1);
        q[i] = (uint8_t)(signs >> i & 1 ? levels - 1 - digit : levels + digit);
    }
}

/* Eight signs from seven. */
static int even_signs(uint32_t signs) {
    signs &= 127;
    return (int)(signs | (uint32_t)(__builtin_popcount(signs) & 1) << 7);
}

static uint32_t load32(const uint8_t *from) {
    uint32_t v;
    memcpy(&v, from, sizeof v);
    return v;
}

/* Both scales of 32 columns, from nibbles. */
static void set_scales(jl_quants *to, int first, int last) {
    to->scale[0] = (uint8_t)(2 * first + 1), to->scale[1] = (uint8_t)(2 * last + 1);
}

static void read_iq2_xxs(const void *block, int k, jl_quants *to) {
    const jl_block_iq2_xxs *b = block;
    const uint8_t *q = b->q + 8 * k;
    uint32_t signs = load32(q + 4);
    for (int l = 0; l < 4; l++)
        put_row(2, 8, iq2_xxs_grid[q[l]], even_signs(signs >> 7 * l), to->q + 8 * l);
    set_scales(to, (int)(signs >> 28), (int)(signs >> 28));
    to->d = b->d;
}

static void read_iq2_xs(const void *block, int k, jl_quants *to) {
    const jl_block_iq2_xs *b = block;
    const uint16_t *q = b->q + 4 * k;
    for (int l = 0; l < 4; l++)
        put_row(2, 8, iq2_xs_grid[q[l] & 511], even_signs(q[l] >> 9), to->q + 8 * l);
    set_scales(to, b->scales[k] & 15, b->scales[k] >> 4);
    to->d = b->d;
}

static void read_iq2_s(const void *block, int k, jl_quants *to) {
    const jl_block_iq2_s *b = block;
    for (int l = 0; l < 4; l++) {
        int index = b->q[4 * k + l] | (b->high[k] >> 2 * l & 3) << 8;
        put_row(2, 8, iq2_s_grid[index], b->signs[4 * k + l], to->q + 8 * l);
    }
    set_scales(to, b->scales[k] & 15, b->scales[k] >> 4);
    to->d = b->d;
}

static void read_iq3_xxs(const void *block, int k, jl_quants *to) {
    const jl_block_iq3_xxs *b = block;
    uint32_t signs = load32(b->signs + 4 * k);
    for (int l = 0; l < 8; l++)
        put_row(3, 4, iq3_xxs_grid[b->q[8 * k + l]], even_signs(signs >> l / 2 * 7) >> l % 2 * 4,
                to->q + 4 * l);
    set_scales(to, (int)(signs >> 28), (int)(signs >> 28));
    to->d = b->d;
}

static void read_iq3_s(const void *block, int k, jl_quants *to) {
    const jl_block_iq3_s *b = block;
    for (int l = 0; l < 8; l++)
        put_row(3, 4, iq3_s_grid[b->q[8 * k + l] | (b->high[k] >> l & 1) << 8],
                b->signs[4 * k + l / 2] >> l % 2 * 4, to->q + 4 * l);
    int s = b->scales[k / 2] >> k % 2 * 4 & 15;
    set_scales(to, s, s);
    to->d = b->d;
}

/* −1, 0 or 1, plus or minus ⅛. */
static void put_iq1(int index, int minus, uint8_t *q) {
    for (int i = 0; i < 8; i++)
        q[i] = (uint8_t)((iq1_grid[index] >> 2 * i & 3) * 2 + (minus ? 0 : 1));
}

static void read_iq1_s(const void *block, int k, jl_quants *to) {
    const jl_block_iq1_s *b = block;
    int high = b->high[k], s = high >> 12 & 7;
    for (int l = 0; l < 4; l++)
        put_iq1(b->q[4 * k + l] | (high >> 3 * l & 7) << 8, high >> 15, to->q + 8 * l);
    set_scales(to, s, s);
    to->d = b->d;
}

static void read_iq1_m(const void *block, int k, jl_quants *to) {
    const jl_block_iq1_m *b = block;
    for (int l = 0; l < 4; l++) {
        int high = b->high[2 * k + l / 2] >> l % 2 * 4 & 15;
        put_iq1(b->q[4 * k + l] | (high & 7) << 8, high >> 3, to->q + 8 * l);
    }
    unsigned d = 0, s = (unsigned)(b->scales[k / 2 * 2] | b->scales[k / 2 * 2 + 1] << 8);
    for (int i = 0; i < 4; i++) d |= (unsigned)b->scales[2 * i + 1] >> 4 << 4 * i;
    s >>= k % 2 * 6;
    set_scales(to, s & 7, s >> 3 & 7);
    to->d = (uint16_t)d;
}

/* -- All types --------------------------------------------------------------------------------- */

typedef void reader(const void *block, int k, jl_quants *to);

static const struct {
    reader *read;
    jl_value_table table;
} rare[] = {
    [JL_IQ2_XXS] = { read_iq2_xxs, JL_TABLE_IQ2 },
    [JL_IQ2_XS] = { read_iq2_xs, JL_TABLE_IQ2 },
    [JL_IQ3_XXS] = { read_iq3_xxs, JL_TABLE_IQ3_XXS },
    [JL_IQ1_S] = { read_iq1_s, JL_TABLE_IQ1 },
    [JL_IQ3_S] = { read_iq3_s, JL_TABLE_IQ3_S },
    [JL_IQ2_S] = { read_iq2_s, JL_TABLE_IQ2 },
    [JL_IQ1_M] = { read_iq1_m, JL_TABLE_IQ1 },
    [JL_TQ1_0] = { read_tq1_0, JL_NO_TABLE },
    [JL_TQ2_0] = { read_tq2_0, JL_NO_TABLE },
    [JL_Q1_0] = { read_q1_0, JL_NO_TABLE },
    [JL_Q2_0] = { read_q2_0, JL_NO_TABLE },
    [JL_MXFP4] = { read_mxfp4, JL_TABLE_FP4 },
    [JL_NVFP4] = { read_nvfp4, JL_TABLE_FP4 },
};

int jl_is_rare(jl_type type) {
    return (size_t)type < sizeof rare / sizeof *rare && rare[type].read;
}

void jl_rare_read(jl_type type, const void *block, int k, jl_quants *to) {
    rare[type].read(block, k, to);
}

/* w of column c of 32. */
static float weight(jl_value_table table, const jl_quants *from, int c) {
    int q = from->q[c];
    float d = jl_half_to_float(from->d);
    if (table == JL_NO_TABLE) return from->scale[0] ? d * (float)q - d : d * (float)(q - 1);
    if (table == JL_TABLE_FP4) d = jl_bf16_to_float(c < 16 ? from->d : from->m);
    if (table != JL_TABLE_FP4) d = d * 0.125f * (float)from->scale[c / 16];
    return d * (float)jl_quant_values[table][q];
}

void jl_rare_dequantize(jl_type type, const void *block, float *out) {
    int columns = jl_type_get((uint32_t)type)->block;
    for (int k = 0; k < columns / 32; k++, out += 32) {
        jl_quants q = { 0 };
        rare[type].read(block, k, &q);
        for (int c = 0; c < 32; c++) out[c] = weight(rare[type].table, &q, c);
    }
}
#endif
