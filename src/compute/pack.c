/* pack.c - the file's rows → panels of the kernels' layouts (kernels.h), byte for byte.
 *
 * Between the loader, which hands over up to 16 whole rows at a time, and the kernels. Quants and
 * scales are only moved, never recomputed, so the packed weights are exactly the file's. No state:
 * panels are independent of each other. Sizes were checked by the loader (cols a multiple of the
 * type's block).
 */
#include "pack.h"

#include <string.h>

jl_layout jl_pack_layout(jl_type type) {
    switch (type) {
    case JL_F32:
        return JL_LAYOUT_F32;
    case JL_F16:
        return JL_LAYOUT_F16;
    case JL_BF16:
        return JL_LAYOUT_BF16;
    case JL_Q4_0:
        return JL_LAYOUT_Q4;
    case JL_Q4_1:
        return JL_LAYOUT_Q4M;
    case JL_Q8_0:
        break;
    }
    return JL_LAYOUT_Q8;
}

size_t jl_panel_bytes(jl_layout layout, int cols) {
    size_t columns = (size_t)cols, blocks = columns / JL_BLOCK;
    switch (layout) {
    case JL_LAYOUT_F32:
        return columns * JL_PANEL * 4;
    case JL_LAYOUT_F16:
    case JL_LAYOUT_BF16:
        return columns * JL_PANEL * 2;
    case JL_LAYOUT_Q8:
        return blocks * JL_Q8_BLOCK_BYTES;
    case JL_LAYOUT_Q4:
        return blocks * JL_Q4_BLOCK_BYTES;
    case JL_LAYOUT_Q4M:
        break;
    }
    return blocks * JL_Q4M_BLOCK_BYTES;
}

size_t jl_matrix_bytes(jl_layout layout, int rows, int cols) {
    return ((size_t)rows + JL_PANEL - 1) / JL_PANEL * jl_panel_bytes(layout, cols);
}

/* Row r of a panel from elements of `size` bytes, src[cols]: element c goes to [c][r]. */
static void pack_floats(uint8_t *panel, size_t r, size_t cols, size_t size, const uint8_t *src) {
    for (size_t c = 0; c < cols; c++)
        memcpy(panel + (c * JL_PANEL + r) * size, src + c * size, size);
}

/* Blocks {half d, int8 q[32]}: pair k of the row goes to [k][r], the scale behind the 512
 * quants. */
static void pack_q8_0(uint8_t *panel, size_t r, size_t blocks, const uint8_t *src) {
    for (size_t b = 0; b < blocks; b++) {
        for (size_t k = 0; k < JL_BLOCK / 2; k++)
            memcpy(panel + k * 2 * JL_PANEL + 2 * r, src + 2 + 2 * k, 2);
        memcpy(panel + 512 + 2 * r, src, 2);
        panel += JL_Q8_BLOCK_BYTES;
        src += sizeof(jl_block_q8_0);
    }
}

/* Sixteen bytes of nibbles, column j low and column j + 16 high in byte j, become the row's 8
 * lanes: groups 0 and 1 of 8 columns come from the low nibbles, groups 2 and 3 from the high
 * ones. */
static void pack_nibbles(uint8_t *block, size_t r, const uint8_t *q) {
    for (size_t group = 0; group < 4; group++) {
        for (size_t parity = 0; parity < 2; parity++) {
            const uint8_t *from = q + group % 2 * 8 + parity;
            int shift = group < 2 ? 0 : 4;
            uint8_t *lane = block + 2 * (group * 2 * JL_PANEL + 2 * r + parity);
            lane[0] = (uint8_t)((from[0] >> shift & 15) | (from[2] >> shift & 15) << 4);
            lane[1] = (uint8_t)((from[4] >> shift & 15) | (from[6] >> shift & 15) << 4);
        }
    }
}

static void pack_q4_0(uint8_t *panel, size_t r, size_t blocks, const uint8_t *src) {
    for (size_t b = 0; b < blocks; b++) {
        pack_nibbles(panel, r, src + 2);
        memcpy(panel + 256 + 2 * r, src, 2);
        panel += JL_Q4_BLOCK_BYTES;
        src += sizeof(jl_block_q4_0);
    }
}

static void pack_q4_1(uint8_t *panel, size_t r, size_t blocks, const uint8_t *src) {
    for (size_t b = 0; b < blocks; b++) {
        pack_nibbles(panel, r, src + 4);
        memcpy(panel + 256 + 2 * r, src, 2);
        memcpy(panel + 288 + 2 * r, src + 2, 2);
        panel += JL_Q4M_BLOCK_BYTES;
        src += sizeof(jl_block_q4_1);
    }
}

void jl_pack_panel(const jl_matrix *w, jl_type type, int row0, int n, const uint8_t *src) {
    uint8_t *panel = w->data + (size_t)(row0 / JL_PANEL) * jl_panel_bytes(w->layout, w->cols);
    size_t cols = (size_t)w->cols, blocks = cols / JL_BLOCK;
    for (size_t r = 0; r < (size_t)n; r++) {
        switch (type) {
        case JL_F32:
            pack_floats(panel, r, cols, 4, src);
            src += 4 * cols;
            break;
        case JL_F16:
        case JL_BF16:
            pack_floats(panel, r, cols, 2, src);
            src += 2 * cols;
            break;
        case JL_Q8_0:
            pack_q8_0(panel, r, blocks, src);
            src += blocks * sizeof(jl_block_q8_0);
            break;
        case JL_Q4_0:
            pack_q4_0(panel, r, blocks, src);
            src += blocks * sizeof(jl_block_q4_0);
            break;
        case JL_Q4_1:
            pack_q4_1(panel, r, blocks, src);
            src += blocks * sizeof(jl_block_q4_1);
            break;
        }
    }
}
