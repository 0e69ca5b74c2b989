/* relaxed.c - wasm relaxed SIMD: products of precision `fast` (kernels.h) by byte dot products.
 *
 * i32x4.relaxed_dot_i8x16_i7x16_add_s adds four products of a signed byte (activation) and a 7-bit
 * byte (weight) to each lane. Weights below 8 bits are in 0..127, where every machine gives the
 * same sum. For 8-bit weights the result depends on the machine; operand_of() detects its
 * behaviour, and the weights are converted accordingly. So the integer sums are equal everywhere,
 * and the bits equal those of the plain C.
 *
 * Panels are laid out as for all kernels; only the order of the four columns in a lane differs, and
 * activations are stored in that order. A separate module (wasm/flags.mk) that imports the engine's
 * memory and table; it calls nothing, and its only data is the table of quant formats.
 */
#ifdef __wasm_relaxed_simd__

#include "simd_matmul.h"

/* sum[lane] += Σ x·w over four bytes; x is signed, w in 0..127 or of operand_of(). */
INLINE v128_t dot4(v128_t sum, v128_t x, v128_t w) {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(x, w, sum);
}

/* How weights become the second operand of dot4: v + offset (v: int8 or a quant of kernels.h) as
 * one byte (parts = 1), or its two nibbles in turn (parts = 2). */
typedef struct operand {
    int offset, parts;
} operand;

/* Extreme products detect the machine's behaviour for 8-bit second operands: signed (ARM: use
 * weights unchanged), unsigned (AVX-VNNI: add 128), or unsigned with sums of two products
 * saturating at 16 bits (older x86: use nibbles). */
static NOINLINE operand operand_of(jl_quant_format f) {
    if (f.bits != 8) return (operand){ f.offset, 1 };
    const v128_t x = wasm_i8x16_const(127, 127, 127, 127, -127, -127, -127, -127, 127, 127, 127,
                                      127, -127, -127, -127, -127);
    const v128_t w = wasm_i8x16_const(-1, -1, -1, -1, -1, -1, -1, -1, -128, -128, -128, -128, -128,
                                      -128, -128, -128);
    const v128_t sum = dot4(wasm_i32x4_splat(0), x, w);
    const v128_t unsigned_sum = wasm_i32x4_const(127 * 1020, -127 * 1020, 127 * 512, -127 * 512);
    const v128_t signed_sum = wasm_i32x4_const(-127 * 4, 127 * 4, -127 * 512, 127 * 512);
    if (wasm_i32x4_all_true(wasm_i32x4_eq(sum, signed_sum))) return (operand){ 0, 1 };
    return (operand){ 128, wasm_i32x4_all_true(wasm_i32x4_eq(sum, unsigned_sum)) ? 1 : 2 };
}

/* -- Four columns per lane --------------------------------------------------------------------- */

/* Columns per unit (contiguous data that gives whole lanes of four), and its bytes in a panel. */
INLINE int unit_columns(int bits) {
    return bits == 8 ? 4 : bits == 4 ? 8 : bits == 5 ? 32 : 16;
}
INLINE size_t unit_bytes(jl_quant_format f) {
    return jl_quant_bytes(f) * (size_t)unit_columns(f.bits) / JL_BLOCK;
}

/* The column, of 16, of each activation byte; 5 bits: narrow_5. */
INLINE v128_t column_order(int bits) {
    if (bits == 8) return wasm_i8x16_const(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    if (bits == 4) return wasm_i8x16_const(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    if (bits == 2) return wasm_i8x16_const(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    return wasm_i8x16_const(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
}

/* The quants of a 6-bit unit as 16-bit lanes of four rows. */
INLINE void lanes_6(const uint8_t *w, v128_t *value) {
    UNROLL for (int i = 0; i < 3; i++) {
        v128_t v = wasm_v128_load(w + 64 * i);
        value[2 * i] = low_bits(6, v);
        value[2 * i + 1] = low_bits(6, wasm_u16x8_shr(v, 6));
    }
    v128_t spare = spare_bits(6, w);
    value[6] = extra_quant(6, 0, spare), value[7] = extra_quant(6, 1, spare);
}

/* A 5-bit unit. The first two quants of a lane become its two bytes; third quants, and the tail
 * byte, are paired. */
INLINE void byte_quants_5(const uint8_t *w, const uint8_t *tail, v128_t *out) {
    const v128_t low = wasm_i16x8_splat(31), high = wasm_i16x8_splat(31 << 8);
    v128_t v[5];
    UNROLL for (int i = 0; i < 5; i++) {
        v[i] = wasm_v128_load(w + 64 * i);
        v128_t second = wasm_v128_and(wasm_i16x8_shl(v[i], 3), high);
        out[i] = wasm_v128_or(wasm_v128_and(v[i], low), second);
    }
    UNROLL for (int i = 0; i < 2; i++) {
        v128_t second = wasm_v128_and(wasm_u16x8_shr(v[2 * i + 1], 2), high);
        out[5 + i] = wasm_v128_or(wasm_u16x8_shr(v[2 * i], 10), second);
    }
    v128_t last = wasm_i16x8_shl(wasm_u16x8_load8x8(tail), 8);
    out[7] = wasm_v128_or(wasm_u16x8_shr(v[4], 10), last);
}

/* An 8-bit unit, rows 8i to 8i + 7: two vectors of [row 4][column 4], plus the offset. */
INLINE void byte_weights(const uint8_t *w, int i, int offset, v128_t *out) {
    const v128_t flip = wasm_i8x16_splat((int8_t)offset); /* +128 flips the top bit */
    v128_t a = wasm_v128_xor(wasm_v128_load(w + 16 * i), flip);
    v128_t b = wasm_v128_xor(wasm_v128_load(w + 32 + 16 * i), flip);
    out[0] = wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    out[1] = wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
/* The upper or lower nibbles of bytes. */
INLINE v128_t nibbles(v128_t bytes, int lower) {
    return lower ? wasm_v128_and(bytes, wasm_i8x16_splat(15)) : wasm_u8x16_shr(bytes, 4);
}

/* A unit below 8 bits, rows 4g to 4g + 3: vectors of [row 4][column 4]. */
INLINE void byte_quants(jl_quant_format f, const uint8_t *w, int g, v128_t *out) {
    const int vectors = unit_columns(f.bits) / 4;
    v128_t value[8];
    if (f.bits == 4 || f.bits == 2) {
        v128_t v = wasm_v128_load(w + 16 * g);
        const v128_t low = wasm_i8x16_splat((int8_t)((1 << f.bits) - 1));
        UNROLL for (int i = 0; i < vectors; i++) {
            v128_t shifted = i == 0 ? v : wasm_u16x8_shr(v, (uint32_t)(i * f.bits));
            out[i] = wasm_v128_and(shifted, low);
        }
    } else if (f.bits == 5) {
        byte_quants_5(w + 16 * g, w + jl_lane_bytes(5) + 8 * g, out);
    } else {
        lanes_6(w + 16 * g, value);
        UNROLL for (int i = 0; i < vectors; i++) {
            out[i] = wasm_v128_or(value[2 * i], wasm_i16x8_shl(value[2 * i + 1], 8));
        }
    }
}

/* -- Activations ------------------------------------------------------------------------------- */

/* Maximum magnitude of a rounded activation. */
static const float LIMIT = 127;

/* 16 rounded activations as bytes in the order of the weights' columns. */
INLINE v128_t narrow(const int16_t *q, v128_t order) {
    v128_t bytes = wasm_i8x16_narrow_i16x8(wasm_v128_load(q), wasm_v128_load(q + 8));
    return wasm_i8x16_swizzle(bytes, order);
}
/* The same for 5-bit weights: a whole block, because their order crosses its halves. */
INLINE void narrow_5(const int16_t *q, uint8_t *out) {
    v128_t a = wasm_i8x16_narrow_i16x8(wasm_v128_load(q), wasm_v128_load(q + 8));
    v128_t b = wasm_i8x16_narrow_i16x8(wasm_v128_load(q + 16), wasm_v128_load(q + 24));
    wasm_v128_store(
        out, wasm_i8x16_shuffle(a, b, 0, 2, 1, 3, 6, 8, 7, 9, 12, 14, 13, 15, 18, 20, 19, 21));
    wasm_v128_store(out + 16, wasm_i8x16_shuffle(a, b, 24, 26, 25, 27, 4, 10, 5, 11, 16, 22, 17, 23,
                                                 28, 30, 29, 31));
}

/* A block of one token, 32 bytes. */
INLINE void write_block(int bits, const int16_t *q, uint8_t *out) {
    const v128_t order = column_order(bits);
    if (bits == 5) {
        narrow_5(q, out);
        return;
    }
    wasm_v128_store(out, narrow(q, order));
    wasm_v128_store(out + 16, narrow(q + 16, order));
}

/* A block of four tokens, [token 4][32] bytes, to [lane 8][token 4][column 4]. */
INLINE void interleave(const uint8_t *from, uint8_t *out) {
    for (int i = 0; i < 2; i++, from += 16, out += 64) {
        v128_t a = wasm_v128_load(from), b = wasm_v128_load(from + JL_BLOCK);
        v128_t c = wasm_v128_load(from + 2 * JL_BLOCK), d = wasm_v128_load(from + 3 * JL_BLOCK);
        v128_t ab0 = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5),
               ab1 = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
        v128_t cd0 = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5),
               cd1 = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
        wasm_v128_store(out, wasm_i64x2_shuffle(ab0, cd0, 0, 2));
        wasm_v128_store(out + 16, wasm_i64x2_shuffle(ab0, cd0, 1, 3));
        wasm_v128_store(out + 32, wasm_i64x2_shuffle(ab1, cd1, 0, 2));
        wasm_v128_store(out + 48, wasm_i64x2_shuffle(ab1, cd1, 1, 3));
    }
}

/* One token: [block][32] bytes. */
INLINE void prepare_one(int bits, jl_act *a, const float *x, size_t blocks) {
    uint8_t *to = (uint8_t *)a->q;
    for (size_t b = 0; b < blocks; b++, x += JL_BLOCK, to += JL_BLOCK) {
        int16_t q[JL_BLOCK];
        a->scale[b] = quantise_block(x, LIMIT, q, a->sum + 2 * b, 1);
        write_block(bits, q, to);
    }
}

/* Tiles of four at the offsets of 16-bit activations (jl_act_part): [block][lane 8][token 4][column
 * 4] bytes. Padding tokens have scale 0. */
INLINE void prepare_tiles(int bits, jl_act *a, const float *x, size_t n, size_t blocks) {
    size_t at = 0;
    for (size_t t0 = 0; t0 < n; t0 += JL_TILE) {
        uint8_t *to = (uint8_t *)(a->q + at * JL_BLOCK);
        for (size_t b = 0; b < blocks; b++, at += JL_TILE, to += JL_TILE * JL_BLOCK) {
            uint8_t bytes[JL_TILE * JL_BLOCK];
            for (size_t t = 0; t < JL_TILE; t++) {
                int16_t q[JL_BLOCK] = { 0 };
                a->scale[at + t] = 0;
                a->sum[2 * at + t] = a->sum[2 * at + JL_TILE + t] = 0;
                if (t0 + t < n)
                    a->scale[at + t] = quantise_block(x + ((t0 + t) * blocks + b) * JL_BLOCK, LIMIT,
                                                      q, a->sum + 2 * at + t, JL_TILE);
                write_block(bits, q, bytes + t * JL_BLOCK);
            }
            interleave(bytes, to);
        }
    }
}

INLINE void prepare(int bits, jl_act *a, const float *x) {
    size_t blocks = (size_t)a->cols / JL_BLOCK;
    if (a->n == 1)
        prepare_one(bits, a, x, blocks);
    else
        prepare_tiles(bits, a, x, (size_t)a->n, blocks);
}

void jl_act_prepare_fast__relaxed(jl_act *a, const float *x, int n, int cols, jl_layout layout) {
    a->n = n;
    a->cols = cols;
    a->x = x;
    switch (jl_quant_formats[layout].bits) {
    case 8:
        prepare(8, a, x);
        break;
    case 4:
        prepare(4, a, x);
        break;
    case 2:
        prepare(2, a, x);
        break;
    case 5:
        prepare(5, a, x);
        break;
    default:
        prepare(6, a, x);
    }
}

/* -- One token --------------------------------------------------------------------------------- */

/* acc + Σ v·x of four rows over a unit. */
INLINE v128_t dot_unit(jl_quant_format f, const uint8_t *w, int g, const uint8_t *x, v128_t acc) {
    v128_t v[8];
    byte_quants(f, w, g, v);
    UNROLL for (int i = 0; i < unit_columns(f.bits) / 4; i++) {
        acc = dot4(acc, wasm_v128_load32_splat(x + 4 * i), v[i]);
    }
    return acc;
}

/* acc[g] += Σ v·x over a group of columns. */
INLINE void dot_units(jl_quant_format f, const uint8_t *w, const uint8_t *x, v128_t *acc) {
    const int columns = unit_columns(f.bits);
    ROLL for (int c = 0; c < f.group; c += columns, w += unit_bytes(f), x += columns) {
        UNROLL for (int g = 0; g < 4; g++) acc[g] = dot_unit(f, w, g, x, acc[g]);
    }
}

/* acc[g] += Σ v·x over a block of 8 bits. */
INLINE void dot_bytes(operand o, const uint8_t *w, const uint8_t *x, v128_t *acc) {
    v128_t upper[4];
    UNROLL for (int g = 0; g < 4; g++) upper[g] = wasm_i32x4_splat(0);
    ROLL for (int c = 0; c < JL_BLOCK; c += 4, w += 64, x += 4) {
        v128_t v[4], four = wasm_v128_load32_splat(x);
        byte_weights(w, 0, o.offset, v);
        byte_weights(w, 1, o.offset, v + 2);
        UNROLL for (int g = 0; g < 4; g++) {
            if (o.parts == 2) upper[g] = dot4(upper[g], four, nibbles(v[g], 0));
            acc[g] = dot4(acc[g], four, o.parts == 2 ? nibbles(v[g], 1) : v[g]);
        }
    }
    if (o.parts == 2) UNROLL for (int g = 0; g < 4; g++) {
            acc[g] = wasm_i32x4_add(acc[g], wasm_i32x4_shl(upper[g], 4));
        }
}

INLINE void block_vector(jl_layout layout, operand o, const uint8_t *w, const jl_act *a, float *y) {
    const jl_quant_format f = jl_quant_formats[layout];
    const int groups = JL_BLOCK / f.group;
    const uint8_t *x = (const uint8_t *)a->q;
    float head[2 * JL_PANEL];
    v128_t sum[4];
    UNROLL for (int g = 0; g < 4; g++) sum[g] = wasm_f32x4_splat(0);
    int blocks = a->cols / JL_BLOCK;
    for (int b = 0; b < blocks; b++, w += jl_block_bytes(f)) {
        if (f.super && b % JL_SUPER == 0) {
            read_halves(w, jl_head_bytes(f) / 2, head);
            w += jl_head_bytes(f);
        }
        const v128_t s = wasm_f32x4_splat(a->scale[b]);
        ROLL for (int h = 0; h < groups; h++, x += f.group) {
            const uint8_t *scales = w + jl_quant_bytes(f) + h * JL_PANEL;
            int32_t total = groups == 2 ? a->sum[2 * b + h] : a->sum[2 * b] + a->sum[2 * b + 1];
            v128_t start = wasm_i32x4_splat(-o.offset * total);
            v128_t acc[4] = { start, start, start, start }, d[2], m[2];
            v128_t xs = wasm_f32x4_splat((float)(f.super ? -total : total) * a->scale[b]);
            if (f.bits == 8)
                dot_bytes(o, w, x, acc);
            else
                dot_units(f, w + jl_quant_bytes(f) / 2 * (size_t)h, x, acc);
            UNROLL for (int g = 0; g < 4; g++) sum[g] =
                wasm_f32x4_add(sum[g], group_sum(f, 0, g, scales, head, acc[g], s, xs, d, m));
        }
    }
    UNROLL for (int g = 0; g < 4; g++) wasm_v128_store(y + 4 * g, sum[g]);
}

#define VECTOR(name, layout)                                                                       \
    static NOINLINE void name(int offset, const uint8_t *w, const jl_act *a, float *y) {           \
        const int fixed = jl_quant_formats[layout].offset,                                         \
                  vary = jl_quant_formats[layout].bits == 8;                                       \
        block_vector(layout, (operand){ vary ? offset : fixed, 1 }, w, a, y);                      \
    }
static NOINLINE void vector_q8_nibbles(int offset, const uint8_t *w, const jl_act *a, float *y) {
    block_vector(JL_LAYOUT_Q8, (operand){ offset, 2 }, w, a, y);
}
VECTOR(vector_q8, JL_LAYOUT_Q8)
VECTOR(vector_q4, JL_LAYOUT_Q4)
VECTOR(vector_q4m, JL_LAYOUT_Q4M)
VECTOR(vector_k2, JL_LAYOUT_K2)
VECTOR(vector_k3, JL_LAYOUT_K3)
VECTOR(vector_k4, JL_LAYOUT_K4)
VECTOR(vector_k6, JL_LAYOUT_K6)

/* -- Batches ----------------------------------------------------------------------------------- */

/* Blocks per chunk: 12 KB of quants. */
enum { CHUNK = 24 };

/* A chunk of one panel: operands as [half of the rows][block][lane 8][row 8][column 4]; D and M as
 * floats [group][row 16]. */
typedef struct byte_chunk {
    uint8_t w[2][CHUNK * 256];
    float d[2 * CHUNK * JL_PANEL], m[2 * CHUNK * JL_PANEL];
} byte_chunk;

/* A block below 8 bits. */
INLINE void widen_quants(jl_quant_format f, const uint8_t *w, uint8_t *low, uint8_t *high) {
    const int columns = unit_columns(f.bits);
    ROLL for (int c = 0; c < JL_BLOCK; c += columns, w += unit_bytes(f)) {
        UNROLL for (int g = 0; g < 4; g++) {
            v128_t v[8];
            byte_quants(f, w, g, v);
            UNROLL for (int i = 0; i < columns / 4; i++) {
                wasm_v128_store((g < 2 ? low : high) + 32 * i + g % 2 * 16, v[i]);
            }
        }
        low += 8 * columns, high += 8 * columns;
    }
}

#define WIDEN(name, layout)                                                                        \
    static NOINLINE void name(const uint8_t *w, uint8_t *low, uint8_t *high) {                     \
        widen_quants(jl_quant_formats[layout], w, low, high);                                      \
    }
WIDEN(widen_2, JL_LAYOUT_K2)
WIDEN(widen_4, JL_LAYOUT_Q4)
WIDEN(widen_5, JL_LAYOUT_Q5)
WIDEN(widen_6, JL_LAYOUT_K6)

static NOINLINE void widen_8(int offset, const uint8_t *w, uint8_t *low, uint8_t *high) {
    ROLL for (int c = 0; c < JL_BLOCK; c += 4, w += 64, low += 32, high += 32) {
        v128_t v[4];
        byte_weights(w, 0, offset, v);
        byte_weights(w, 1, offset, v + 2);
        wasm_v128_store(low, v[0]), wasm_v128_store(low + 16, v[1]);
        wasm_v128_store(high, v[2]), wasm_v128_store(high + 16, v[3]);
    }
}

/* w: at a block, or at the head before it. */
static NOINLINE void widen(jl_quant_format f, int offset, const uint8_t *w, size_t blocks,
                           byte_chunk *to) {
    float head[2 * JL_PANEL], *d = to->d, *m = to->m;
    for (size_t b = 0; b < blocks; b++, w += jl_block_bytes(f)) {
        if (f.super && b % JL_SUPER == 0) {
            read_halves(w, jl_head_bytes(f) / 2, head);
            w += jl_head_bytes(f);
        }
        const uint8_t *scales = w + jl_quant_bytes(f);
        uint8_t *low = to->w[0] + b * 256, *high = to->w[1] + b * 256;
        if (f.bits == 8)
            widen_8(offset, w, low, high);
        else
            (f.bits == 6   ? widen_6
             : f.bits == 5 ? widen_5
             : f.bits == 4 ? widen_4
                           : widen_2)(w, low, high);
        widen_scales(f, scales, head, &d, &m);
    }
}

/* 8 rows × 4 tokens over a chunk: y[token][row] += the product, tokens `stride` floats apart. x:
 * the tile's bytes. With two parts, upper nibbles are summed first, and their sum shifted left by
 * 4. */
INLINE void tile(jl_quant_format f, operand o, const byte_chunk *chunk, int half, const uint8_t *x,
                 const float *s, const int32_t *total, size_t blocks, float *y, size_t stride) {
    const int groups = JL_BLOCK / f.group;
    const uint8_t *w = chunk->w[half];
    const float *d = chunk->d + 8 * half, *m = chunk->m + 8 * half;
    v128_t sum[8];
    UNROLL for (int i = 0; i < 8; i++) {
        sum[i] = wasm_v128_load(y + (size_t)(i / 2) * stride + i % 2 * 4);
    }
    for (size_t b = 0; b < blocks * (size_t)groups; b++, d += JL_PANEL, m += JL_PANEL) {
        v128_t acc[8], all = wasm_i32x4_splat(0);
        if (f.minima || f.offset) {
            all = wasm_v128_load(total);
            if (groups == 1) all = wasm_i32x4_add(all, wasm_v128_load(total + 4));
        }
        v128_t start = wasm_i32x4_mul(all, wasm_i32x4_splat(-o.offset));
        if (o.parts == 2) start = wasm_i32x4_shr(start, 4); /* a multiple of 128 */
        acc[0] = acc[1] = wasm_i32x4_shuffle(start, start, 0, 0, 0, 0);
        acc[2] = acc[3] = wasm_i32x4_shuffle(start, start, 1, 1, 1, 1);
        acc[4] = acc[5] = wasm_i32x4_shuffle(start, start, 2, 2, 2, 2);
        acc[6] = acc[7] = wasm_i32x4_shuffle(start, start, 3, 3, 3, 3);
        UNROLL for (int part = 0; part < o.parts; part++) {
            const uint8_t *v = w, *from = x;
            if (part) UNROLL for (int i = 0; i < 8; i++) acc[i] = wasm_i32x4_shl(acc[i], 4);
            ROLL for (int k = 0; k < f.group / 4; k++, v += 32, from += 16) {
                v128_t w0 = wasm_v128_load(v), w1 = wasm_v128_load(v + 16);
                if (o.parts == 2) w0 = nibbles(w0, part), w1 = nibbles(w1, part);
                UNROLL for (int t = 0; t < 4; t++) {
                    v128_t xt = wasm_v128_load32_splat(from + 4 * t);
                    acc[2 * t] = dot4(acc[2 * t], xt, w0);
                    acc[2 * t + 1] = dot4(acc[2 * t + 1], xt, w1);
                }
            }
        }
        w += 8 * f.group, x += 4 * f.group;
        add_tile_group(f.minima != JL_NO_MINIMA, acc, all, s, d, m, sum);
        total += 8 / groups;
        if (groups == 1 || b % 2 == 1) s += 4;
    }
    UNROLL for (int i = 0; i < 8; i++) {
        wasm_v128_store(y + (size_t)(i / 2) * stride + i % 2 * 4, sum[i]);
    }
}

#define TILE(name, layout, parts)                                                                  \
    static NOINLINE void name(int offset, const byte_chunk *chunk, int half, const uint8_t *x,     \
                              const float *s, const int32_t *total, size_t blocks, float *y,       \
                              size_t stride) {                                                     \
        tile(jl_quant_formats[layout], (operand){ offset, parts }, chunk, half, x, s, total,       \
             blocks, y, stride);                                                                   \
    }
TILE(tile_offset, JL_LAYOUT_Q4, 1)
TILE(tile_nibbles, JL_LAYOUT_Q4, 2)
TILE(tile_minima, JL_LAYOUT_Q4M, 1)
TILE(tile_16_offset, JL_LAYOUT_K6, 1)
TILE(tile_16_minima, JL_LAYOUT_K2, 1)

/* One panel, all tokens; y: the panel's first row of token 0. */
static NOINLINE void block_batch(jl_quant_format f, operand o, const uint8_t *w, const jl_act *a,
                                 float *y, size_t stride, int rows) {
    const size_t unit = f.super ? JL_SUPER : 1;
    byte_chunk chunk;
    size_t blocks = (size_t)a->cols / JL_BLOCK;
    size_t chunks = blocks ? (blocks + CHUNK - 1) / CHUNK : 1;
    size_t step = (blocks / unit + chunks - 1) / chunks * unit;
    for (size_t i = 0, b0 = 0; i < chunks; i++, b0 += step) {
        size_t nb = blocks - b0 < step ? blocks - b0 : step;
        widen(f, o.offset, w + jl_blocks_bytes(f, b0), nb, &chunk);
        tile_sums p = { .y = y, .y_stride = stride, .rows = rows };
        size_t at = 0; /* block·token offset of the tile */
        for (int t = 0; t < a->n; t += JL_TILE, at += blocks * JL_TILE, tile_sums_next(&p)) {
            const uint8_t *x = (const uint8_t *)(a->q + at * JL_BLOCK);
            size_t from = at + b0 * JL_TILE;
            p.tokens = a->n - t < JL_TILE ? a->n - t : JL_TILE;
            tile_sums_open(&p, b0 == 0);
            x += b0 * JL_TILE * JL_BLOCK;
            for (int h = 0; h < 2; h++)
                (o.parts == 2                ? tile_nibbles
                 : f.group == 16 && f.minima ? tile_16_minima
                 : f.group == 16             ? tile_16_offset
                 : f.minima                  ? tile_minima
                                             : tile_offset)(o.offset, &chunk, h, x, a->scale + from,
                                           a->sum + 2 * from, nb, p.sums + 8 * h, p.stride);
            tile_sums_close(&p);
        }
    }
}

/* -- Panels ------------------------------------------------------------------------------------ */

static NOINLINE void vector(jl_layout layout, operand o, const uint8_t *w, const jl_act *a,
                            float *y) {
    (o.parts == 2              ? vector_q8_nibbles
     : layout == JL_LAYOUT_Q8  ? vector_q8
     : layout == JL_LAYOUT_Q4  ? vector_q4
     : layout == JL_LAYOUT_Q4M ? vector_q4m
     : layout == JL_LAYOUT_K2  ? vector_k2
     : layout == JL_LAYOUT_K3  ? vector_k3
     : layout == JL_LAYOUT_K4  ? vector_k4
                               : vector_k6)(o.offset, w, a, y);
}

void jl_matmul_fast__relaxed(const jl_matrix *w, const jl_act *a, float *y, int panel0,
                             int panel1) {
    size_t stride = (size_t)w->rows, bytes = jl_panel_bytes(w->layout, w->cols);
    const uint8_t *panel = w->data + (size_t)panel0 * bytes;
    const jl_quant_format f = jl_quant_formats[w->layout];
    const operand o = operand_of(f);
    for (int p = panel0; p < panel1; p++, panel += bytes) {
        int left = w->rows - p * JL_PANEL, rows = left < JL_PANEL ? left : JL_PANEL;
        float *to = y + (size_t)p * JL_PANEL, edge[JL_PANEL];
        if (a->n == 1) {
            vector(w->layout, o, panel, a, rows == JL_PANEL ? to : edge);
            if (rows < JL_PANEL) __builtin_memcpy(to, edge, (size_t)rows * sizeof *edge);
        } else {
            block_batch(f, o, panel, a, to, stride, rows);
        }
    }
}

#endif
