/* layout.h - the table of panel layouts, and the sizes and offsets derived from it.
 *
 * Part of kernels.h, whose first comment defines the layouts; a row of jl_quant_formats describes
 * one to the code. Kernels are inlined functions of a constant row, so one source serves all
 * layouts. No function here reads weights.
 */
#ifndef JL_LAYOUT_H
#define JL_LAYOUT_H

#include "../format/quant.h"

enum {
    JL_PANEL = 16, /* rows per panel */
    JL_BLOCK = 32, /* columns per block (Q layouts) */
    JL_SUPER = 8   /* blocks that share a head in the K layouts */
};

typedef enum jl_layout {
    JL_LAYOUT_F32,
    JL_LAYOUT_F16,
    JL_LAYOUT_BF16,
    JL_LAYOUT_Q8, /* the first of the Q layouts: int16 activations */
    JL_LAYOUT_Q4,
    JL_LAYOUT_Q4M,
    JL_LAYOUT_Q5,
    JL_LAYOUT_Q5M,
    JL_LAYOUT_Q4T,
    JL_LAYOUT_K2,
    JL_LAYOUT_K3,
    JL_LAYOUT_K4,
    JL_LAYOUT_K5,
    JL_LAYOUT_K6,
    JL_LAYOUT_K4T,
    JL_LAYOUT_F4, /* from here on for the types of format/quant_rare.h, under JL_ALL only */
    JL_LAYOUT_F4H,
    JL_LAYOUT_Q2,
    JL_LAYOUT_G1,
    JL_LAYOUT_G1H,
    JL_LAYOUT_G2,
    JL_LAYOUT_G2H,
    JL_LAYOUT_G3X,
    JL_LAYOUT_G3,
    JL_LAYOUT_COUNT
} jl_layout;

/* Location of the minima: none, after the scales, or in the high nibbles of the scale bytes. */
typedef enum jl_minima { JL_NO_MINIMA, JL_MINIMA, JL_MINIMA_IN_NIBBLES } jl_minima;

/* A Q layout: w = D·(v − offset) + M. */
typedef struct jl_quant_format {
    int bits;   /* of a quant */
    int offset; /* subtracted from v */
    int table;  /* nonzero, a jl_value_table: v = jl_quant_values[table][quant] + offset */
    int group;  /* columns per scale: 32 or 16 */
    int minima; /* a jl_minima: M */
    int super;  /* K layouts: D = d·s, M = −dmin·m with d and dmin from the head */
} jl_quant_format;

static const jl_quant_format jl_quant_formats[JL_LAYOUT_COUNT] = {
    [JL_LAYOUT_Q8] = { 8, 0, 0, 32, JL_NO_MINIMA, 0 },
    [JL_LAYOUT_Q4] = { 4, 8, 0, 32, JL_NO_MINIMA, 0 },
    [JL_LAYOUT_Q4M] = { 4, 0, 0, 32, JL_MINIMA, 0 },
    [JL_LAYOUT_Q5] = { 5, 16, 0, 32, JL_NO_MINIMA, 0 },
    [JL_LAYOUT_Q5M] = { 5, 0, 0, 32, JL_MINIMA, 0 },
    [JL_LAYOUT_Q4T] = { 4, 127, JL_TABLE_IQ4, 32, JL_NO_MINIMA, 0 },
    [JL_LAYOUT_K2] = { 2, 0, 0, 16, JL_MINIMA_IN_NIBBLES, 1 },
    [JL_LAYOUT_K3] = { 4, 4, 0, 16, JL_NO_MINIMA, 1 },
    [JL_LAYOUT_K4] = { 4, 0, 0, 32, JL_MINIMA, 1 },
    [JL_LAYOUT_K5] = { 5, 0, 0, 32, JL_MINIMA, 1 },
    [JL_LAYOUT_K6] = { 6, 32, 0, 16, JL_NO_MINIMA, 1 },
    [JL_LAYOUT_K4T] = { 4, 127, JL_TABLE_IQ4, 32, JL_NO_MINIMA, 1 },
    [JL_LAYOUT_F4] = { 4, 12, JL_TABLE_FP4, 32, JL_NO_MINIMA, 0 },
    [JL_LAYOUT_F4H] = { 4, 12, JL_TABLE_FP4, 16, JL_NO_MINIMA, 0 },
    [JL_LAYOUT_Q2] = { 2, 1, 0, 32, JL_NO_MINIMA, 0 },
    [JL_LAYOUT_G1] = { 3, 9, JL_TABLE_IQ1, 32, JL_NO_MINIMA, 1 },
    [JL_LAYOUT_G1H] = { 3, 9, JL_TABLE_IQ1, 16, JL_NO_MINIMA, 1 },
    [JL_LAYOUT_G2] = { 3, 43, JL_TABLE_IQ2, 32, JL_NO_MINIMA, 1 },
    [JL_LAYOUT_G2H] = { 3, 43, JL_TABLE_IQ2, 16, JL_NO_MINIMA, 1 },
    [JL_LAYOUT_G3X] = { 4, 124, JL_TABLE_IQ3_XXS, 32, JL_NO_MINIMA, 1 },
    [JL_LAYOUT_G3] = { 4, 120, JL_TABLE_IQ3_S, 32, JL_NO_MINIMA, 1 },
};

/* -- Sizes of 16 rows, in bytes ---------------------------------------------------------------- */

/* The quants of a block: lanes, with 5 bits also a tail of bytes. */
static inline size_t jl_lane_bytes(int bits) {
    return (size_t)bits * 64;
}
static inline size_t jl_quant_bytes(jl_quant_format f) {
    return jl_lane_bytes(f.bits) + (f.bits == 5 ? 2 * JL_PANEL : 0);
}

/* Whether scales are bfloat16 instead of halves; whether D = d·s / 8. */
static inline int jl_bfloat_scales(jl_quant_format f) {
    return f.table == JL_TABLE_FP4;
}
static inline int jl_eighths(jl_quant_format f) {
    return f.table > JL_TABLE_FP4;
}

/* Groups of a block. */
static inline int jl_groups(jl_quant_format f) {
    return f.group == 16 ? 2 : 1;
}

/* The scales of a group, or its separate minima. */
static inline size_t jl_group_bytes(jl_quant_format f) {
    return f.super ? JL_PANEL : 2 * JL_PANEL;
}

/* The scales of a block, or its separate minima. */
static inline size_t jl_scale_bytes(jl_quant_format f) {
    return (size_t)jl_groups(f) * jl_group_bytes(f);
}

static inline size_t jl_block_bytes(jl_quant_format f) {
    return jl_quant_bytes(f) + jl_scale_bytes(f) * (f.minima == JL_MINIMA ? 2 : 1);
}

/* The head of a super-block: d, with minima also dmin. */
static inline size_t jl_head_bytes(jl_quant_format f) {
    return (size_t)(f.super ? (f.minima ? 4 : 2) * JL_PANEL : 0);
}

/* Bytes of the first n blocks of a panel, including heads. */
static inline size_t jl_blocks_bytes(jl_quant_format f, size_t n) {
    return n * jl_block_bytes(f) + (n + JL_SUPER - 1) / JL_SUPER * jl_head_bytes(f);
}

/* Offset of the quants of block b in a panel. */
static inline size_t jl_block_offset(jl_quant_format f, size_t b) {
    return b * jl_block_bytes(f) + (b / JL_SUPER + 1) * jl_head_bytes(f);
}

/* A column of 16 rows of an F layout. */
static inline size_t jl_column_bytes(jl_layout layout) {
    return layout == JL_LAYOUT_F32 ? 4 * JL_PANEL : 2 * JL_PANEL;
}

static inline size_t jl_panel_bytes(jl_layout layout, int cols) {
    if (layout < JL_LAYOUT_Q8) return (size_t)cols * jl_column_bytes(layout);
    return jl_blocks_bytes(jl_quant_formats[layout], (size_t)cols / JL_BLOCK);
}

/* -- Lanes: quants of 2 to 6 bits -------------------------------------------------------------- */

/* Whole quants per lane. With 5 bits the highest bit is 0, and the last quant is in the tail; with
 * 3 and 6 the spare highest bits, 1 and 4, are parts of extra quants. */
static inline int jl_lane_quants(int bits) {
    return 16 / bits;
}
/* Lanes that share extra quants, their spare bits per lane, and the number of extra quants. */
static inline int jl_lane_group(int bits) {
    return bits == 6 || bits == 3 ? 3 : 1;
}
static inline int jl_lane_spare(int bits) {
    return bits == 6 ? 4 : bits == 3;
}
static inline int jl_lane_extra(int bits) {
    return bits == 6 ? 2 : bits == 3;
}

#endif
