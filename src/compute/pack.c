/* pack.c - rows of the file → panels of the kernel layouts (kernels.h), without loss.
 *
 * The loader passes up to 16 whole rows at a time. For each block of 32 columns, the reader of the
 * type extracts plain integers; one writer for all types stores them in lanes. Quants and scales
 * are only moved, never recomputed. No state: panels are independent. The loader has checked all
 * sizes (cols is a multiple of the type's block).
 */
#include "pack.h"

#include <string.h>

#include "../format/quant_rare.h"

jl_layout jl_pack_layout(jl_type type) {
    static const uint8_t layouts[] = {
        [JL_F32] = JL_LAYOUT_F32,    [JL_F16] = JL_LAYOUT_F16,    [JL_BF16] = JL_LAYOUT_BF16,
        [JL_Q8_0] = JL_LAYOUT_Q8,    [JL_Q4_0] = JL_LAYOUT_Q4,    [JL_Q4_1] = JL_LAYOUT_Q4M,
        [JL_Q5_0] = JL_LAYOUT_Q5,    [JL_Q5_1] = JL_LAYOUT_Q5M,   [JL_IQ4_NL] = JL_LAYOUT_Q4T,
        [JL_Q2_K] = JL_LAYOUT_K2,    [JL_Q3_K] = JL_LAYOUT_K3,    [JL_Q4_K] = JL_LAYOUT_K4,
        [JL_Q5_K] = JL_LAYOUT_K5,    [JL_Q6_K] = JL_LAYOUT_K6,    [JL_IQ4_XS] = JL_LAYOUT_K4T,
#ifdef JL_ALL
        [JL_IQ2_XXS] = JL_LAYOUT_G2, [JL_IQ2_XS] = JL_LAYOUT_G2H, [JL_IQ3_XXS] = JL_LAYOUT_G3X,
        [JL_IQ1_S] = JL_LAYOUT_G1,   [JL_IQ3_S] = JL_LAYOUT_G3,   [JL_IQ2_S] = JL_LAYOUT_G2H,
        [JL_IQ1_M] = JL_LAYOUT_G1H,  [JL_TQ1_0] = JL_LAYOUT_K2,   [JL_TQ2_0] = JL_LAYOUT_K2,
        [JL_MXFP4] = JL_LAYOUT_F4,   [JL_NVFP4] = JL_LAYOUT_F4H,  [JL_Q1_0] = JL_LAYOUT_Q2,
        [JL_Q2_0] = JL_LAYOUT_Q2,
#endif
    };
    return (jl_layout)layouts[type];
}

size_t jl_matrix_bytes(jl_layout layout, int rows, int cols) {
    return ((size_t)rows + JL_PANEL - 1) / JL_PANEL * jl_panel_bytes(layout, cols);
}

/* Packs row r of a panel, elements of `size` bytes: src[c] goes to [c][r]. */
static void pack_floats(uint8_t *panel, size_t r, size_t cols, size_t size, const uint8_t *src) {
    for (size_t c = 0; c < cols; c++)
        memcpy(panel + (c * JL_PANEL + r) * size, src + c * size, size);
}

/* -- Readers: block b of a row, 32 columns, as integers ---------------------------------------- */

/* Byte j holds the nibbles of columns j and j + 16. */
static void read_nibbles(const uint8_t *from, uint8_t *q) {
    for (int j = 0; j < 16; j++) {
        q[j] = from[j] & 15;
        q[j + 16] = from[j] >> 4;
    }
}

static void add_fifth_bits(const uint8_t *high, uint8_t *q) {
    for (int c = 0; c < JL_BLOCK; c++) q[c] = (uint8_t)(q[c] | (high[c / 8] >> c % 8 & 1) << 4);
}

/* Bit planes of the K types: the masked bits of byte c go to bit `at` of q[c]. */
static void read_bits(const uint8_t *from, int shift, int mask, int at, uint8_t *q) {
    for (int c = 0; c < JL_BLOCK; c++) q[c] = (uint8_t)(q[c] | (from[c] >> shift & mask) << at);
}

static void read_q8_0(const void *block, int k, jl_quants *to) {
    const jl_block_q8_0 *b = block;
    (void)k;
    memcpy(to->q, b->q, JL_BLOCK);
    to->d = b->d;
}

static void read_q4_0(const void *block, int k, jl_quants *to) {
    const jl_block_q4_0 *b = block; /* IQ4_NL is the same */
    (void)k;
    read_nibbles(b->q, to->q);
    to->d = b->d;
}

static void read_q4_1(const void *block, int k, jl_quants *to) {
    const jl_block_q4_1 *b = block;
    (void)k;
    read_nibbles(b->q, to->q);
    to->d = b->d, to->m = b->m;
}

static void read_q5_0(const void *block, int k, jl_quants *to) {
    const jl_block_q5_0 *b = block;
    (void)k;
    read_nibbles(b->q, to->q);
    add_fifth_bits(b->high, to->q);
    to->d = b->d;
}

static void read_q5_1(const void *block, int k, jl_quants *to) {
    const jl_block_q5_1 *b = block;
    (void)k;
    read_nibbles(b->q, to->q);
    add_fifth_bits(b->high, to->q);
    to->d = b->d, to->m = b->m;
}

static void read_q2_k(const void *block, int k, jl_quants *to) {
    const jl_block_q2_k *b = block;
    read_bits(b->q + k / 4 * 32, k % 4 * 2, 3, 0, to->q);
    memcpy(to->scale, b->scales + 2 * k, 2);
    to->d = b->d, to->m = b->dmin;
}

static void read_q3_k(const void *block, int k, jl_quants *to) {
    const jl_block_q3_k *b = block;
    read_bits(b->q + k / 4 * 32, k % 4 * 2, 3, 0, to->q);
    read_bits(b->high, k, 1, 2, to->q);
    for (int i = 0; i < 2; i++) to->scale[i] = (uint8_t)jl_q3_k_scale(b, 2 * k + i);
    to->d = b->d;
}

static void read_k_scale(const uint8_t *scales, int k, jl_quants *to) {
    int s, m;
    jl_k_scale(scales, k, &s, &m);
    to->scale[0] = (uint8_t)s, to->minimum[0] = (uint8_t)m;
}

static void read_q4_k(const void *block, int k, jl_quants *to) {
    const jl_block_q4_k *b = block;
    read_bits(b->q + k / 2 * 32, k % 2 * 4, 15, 0, to->q);
    read_k_scale(b->scales, k, to);
    to->d = b->d, to->m = b->dmin;
}

static void read_q5_k(const void *block, int k, jl_quants *to) {
    const jl_block_q5_k *b = block;
    read_bits(b->q + k / 2 * 32, k % 2 * 4, 15, 0, to->q);
    read_bits(b->high, k, 1, 4, to->q);
    read_k_scale(b->scales, k, to);
    to->d = b->d, to->m = b->dmin;
}

static void read_q6_k(const void *block, int k, jl_quants *to) {
    const jl_block_q6_k *b = block;
    read_bits(b->low + k / 4 * 64 + k % 2 * 32, k / 2 % 2 * 4, 15, 0, to->q);
    read_bits(b->high + k / 4 * 32, k % 4 * 2, 3, 4, to->q);
    memcpy(to->scale, b->scales + 2 * k, 2);
    to->d = b->d;
}

static void read_iq4_xs(const void *block, int k, jl_quants *to) {
    const jl_block_iq4_xs *b = block;
    read_nibbles(b->q + k * 16, to->q);
    to->scale[0] = (uint8_t)jl_iq4_xs_scale(b, k);
    to->d = b->d;
}

typedef void reader(const void *block, int k, jl_quants *to);

static reader *const readers[] = {
    [JL_Q8_0] = read_q8_0, [JL_Q4_0] = read_q4_0, [JL_Q4_1] = read_q4_1,
    [JL_Q5_0] = read_q5_0, [JL_Q5_1] = read_q5_1, [JL_IQ4_NL] = read_q4_0,
    [JL_Q2_K] = read_q2_k, [JL_Q3_K] = read_q3_k, [JL_Q4_K] = read_q4_k,
    [JL_Q5_K] = read_q5_k, [JL_Q6_K] = read_q6_k, [JL_IQ4_XS] = read_iq4_xs,
};

/* -- The writer -------------------------------------------------------------------------------- */

/* Writes row r of an int8 block: pair k goes to [k][r]. */
static void write_bytes(uint8_t *block, size_t r, const uint8_t *q) {
    for (size_t k = 0; k < JL_BLOCK / 2; k++) memcpy(block + (k * JL_PANEL + r) * 2, q + 2 * k, 2);
}

/* Writes row r of a block of lanes, 16 quants per parity. Always inlined, because loading takes a
 * third longer if `bits` is no constant. */
static inline __attribute__((always_inline)) void write_lanes(int bits, uint8_t *block, size_t r,
                                                              const uint8_t *q) {
    int whole = jl_lane_quants(bits), spare = jl_lane_spare(bits), group = jl_lane_group(bits);
    for (size_t parity = 0; parity < 2; parity++) {
        const uint8_t *next = q + parity;
        for (int lane = 0; lane < bits; lane += group) {
            unsigned extra = 0;
            for (int i = 0; i < jl_lane_extra(bits); i++)
                extra |= (unsigned)next[2 * (group * whole + i)] << i * bits;
            for (int i = 0; i < group; i++) {
                unsigned v = 0;
                for (int n = 0; n < whole; n++, next += 2) v |= (unsigned)*next << n * bits;
                if (spare) v |= (extra >> i * spare & ((1u << spare) - 1)) << (16 - spare);
                uint8_t *to = block + (((size_t)(lane + i) * JL_PANEL + r) * 2 + parity) * 2;
                to[0] = (uint8_t)v, to[1] = (uint8_t)(v >> 8);
            }
            next += 2 * jl_lane_extra(bits);
        }
    }
    if (bits == 5) memcpy(block + jl_lane_bytes(5) + 2 * r, q + 30, 2);
}

static void write_quants(int bits, uint8_t *block, size_t r, const uint8_t *q) {
    switch (bits) {
    case 2:
        write_lanes(2, block, r, q);
        break;
#ifdef JL_ALL
    case 3:
        write_lanes(3, block, r, q);
        break;
#endif
    case 4:
        write_lanes(4, block, r, q);
        break;
    case 5:
        write_lanes(5, block, r, q);
        break;
    case 6:
        write_lanes(6, block, r, q);
        break;
    default:
        write_bytes(block, r, q);
    }
}

/* Writes scales and minima of row r after the quants; the `first` block writes its head too. */
static void write_scales(jl_quant_format f, uint8_t *block, size_t r, const jl_quants *from,
                         int first) {
    uint8_t *scales = block + jl_quant_bytes(f), *minima = scales + jl_scale_bytes(f);
    uint8_t *head = f.super ? block - jl_head_bytes(f) : scales;
    if (!f.super || first) {
        int two = f.minima || (!f.super && f.group == 16);
        memcpy(head + 2 * r, &from->d, 2);
        if (two) memcpy(head + 2 * JL_PANEL + 2 * r, &from->m, 2);
    }
    if (!f.super) return;
    for (int g = 0; g < jl_groups(f); g++) {
        scales[(size_t)g * JL_PANEL + r] = from->scale[g];
        if (f.minima == JL_MINIMA) minima[(size_t)g * JL_PANEL + r] = from->minimum[g];
    }
}

/* Packs row r of a panel from an unaligned row of the file. */
static void pack_blocks(jl_layout layout, jl_type type, uint8_t *panel, size_t r, size_t cols,
                        const uint8_t *src) {
    const jl_quant_format f = jl_quant_formats[layout];
    const jl_type_info *info = jl_type_get((uint32_t)type);
    size_t columns = (size_t)info->block, bytes = (size_t)info->bytes;
    union {
        uint16_t alignment;
        uint8_t bytes[sizeof(jl_block_q6_k)]; /* the largest */
    } block;
    for (size_t c = 0; c < cols; c += columns, src += bytes) {
        memcpy(block.bytes, src, bytes);
        for (size_t k = 0; k < columns / JL_BLOCK; k++) {
            jl_quants q = { 0 };
            uint8_t *to = panel + jl_block_offset(f, c / JL_BLOCK + k);
#ifdef JL_ALL
            if (jl_is_rare(type))
                jl_rare_read(type, block.bytes, (int)k, &q);
            else
#endif
                readers[type](block.bytes, (int)k, &q);
            write_quants(f.bits, to, r, q.q);
            write_scales(f, to, r, &q, k == 0);
        }
    }
}

void jl_pack_panel(const jl_matrix *w, jl_type type, int row0, int n, const uint8_t *src) {
    uint8_t *panel = w->data + (size_t)(row0 / JL_PANEL) * jl_panel_bytes(w->layout, w->cols);
    const jl_type_info *info = jl_type_get((uint32_t)type);
    size_t cols = (size_t)w->cols, bytes = cols / (size_t)info->block * (size_t)info->bytes;
    for (size_t r = 0; r < (size_t)n; r++, src += bytes) {
        if (w->layout < JL_LAYOUT_Q8)
            pack_floats(panel, r, cols, (size_t)info->bytes, src);
        else
            pack_blocks(w->layout, type, panel, r, cols, src);
    }
}
