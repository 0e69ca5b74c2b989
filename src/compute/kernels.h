/* kernels.h - contracts of the numeric kernels: formula, shapes, aliasing, order of operations.
 *
 * Every kernel exists as <name>__ref (ref.c, plain C, the oracle) and may exist as <name>__simd
 * (simd*.c, wasm simd128); pick.h decides once which of them the plain name means. The contract
 * fixes the order of the floating-point operations (no contraction into fused multiply-add, sums in
 * the stated lanes), so all of them give the same bits on every machine, and a batch gives the same
 * bits as its tokens one by one. "4 lanes" below: element i is added to lane i mod 4, and the
 * result is (l0 + l1) + (l2 + l3).
 *
 * Weights are matrices W [rows][cols] stored in panels of JL_PANEL = 16 rows, the last one padded
 * with zero rows. Lanes are rows, so a product needs no horizontal sum. Layouts (pack.h writes
 * them), little-endian; a block's scales follow its quants, so that a product reads one stream:
 *   F32, F16, BF16  [panel][column][16 rows]: 64, 32, 32 bytes a column
 * A Q layout is a row of the table jl_quant_formats (layout.h): blocks of 32 columns,
 * w = D·(v − offset) + M, where v is the quant (T: jl_iq4_values[quant] + 127); D and M belong to a
 * row and 16 or 32 columns.
 *   block      quants, then scales, then minima (if any); 16-byte aligned
 *   quants     8 bits: int8 [pair of columns 16][row 16][parity 2], v = the quant.
 *              2, 4, 5, 6 bits: [lane `bits`][row 16][parity 2] of 16 bits. The quants of a row and
 *              a parity (columns parity, parity + 2, …) fill the lanes, 16 / bits whole ones a lane
 *              from its lowest bits on:
 *              2: 2 lanes of 8;   4: 4 lanes of 4;
 *              5: 5 lanes of 3, their highest bit is 0; then bytes, [row 16][parity 2]: quant 15;
 *              6: 3 lanes of 2, then quants 6 and 7, whose 12 bits (those of 6 are the lower) are
 *              the highest 4 of lanes 0, 1, 2 from low to high; then the same for quants 8 to 15
 *   Q* scales  [row 16] halves d; D = d. Minima: the same, M = m
 *   K* scales  [group of columns 1 or 2][row 16] int8 s; D = d·s, exact in a float. Minima: the
 *              same, M = −(dmin·m), exact too. K2: one byte for both, s the low nibble, m the high.
 *              Every 8 blocks (256 columns) begin with a head: halves d [row 16], then, where there
 *              are minima, dmin [row 16]
 * A block is 64·bits + 32 (+ 32) bytes in Q*, 64·bits + 16 or 32 (+ 16) in K*, and 32 more with 5
 * bits. So a type takes in memory what it takes in the file, or up to 11 percent more; K3, whose 3
 * bits take 4, a third more.
 * Half floats in weights and in the cache are read without infinities and NaN: exponent 31 is a
 * binade like the others (65536·1.f). No sane model has such values; a broken one gets numbers, not
 * a crash.
 *
 * Activations for Q layouts are rounded to int16 in blocks of 32 columns: x ≈ s·q, s = max|x| /
 * 32767; 32 products of 9 × 16 bits fit an int32 (32·255·32767 < 2^28), so the integer part of a
 * block is exact.
 */
#ifndef JL_KERNELS_H
#define JL_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "layout.h"
#include "precision.h"

enum {
    JL_TILE = 4,       /* tokens a tile of a prepared batch */
    JL_KV_TILE = 32,   /* keys a tile of the KV cache */
    JL_MAX_HEAD = 1024 /* largest size of an attention head */
};

/* How the KV cache keeps its numbers, see jl_kv_store. */
typedef enum jl_kv_type { JL_KV_16, JL_KV_F32 } jl_kv_type;

typedef struct jl_matrix {
    uint8_t *data; /* panels, 64-byte aligned */
    int rows, cols;
    jl_layout layout;
    const jl_precision *precision; /* borrowed; NULL: this layout is always `exact` */
} jl_matrix;

/* n rows of activations prepared for a layout; the arrays are the caller's scratch
 * (jl_act_bytes). */
typedef struct jl_act {
    int n, cols;
    const float *x; /* [n][cols], borrowed: the F layouts read it as it is */
    /* Q layouts only: [tile of 4 tokens][pair of columns][token 4][parity 2]; n = 1: [cols] */
    int16_t *q;
    float *scale; /* [tile][block][token 4]; n = 1: [block] */
    int32_t *sum; /* Σq of the first and of the last 16 columns of each block: [tile][block][half
                   * 2][token 4]; n = 1: [block][half 2] */
    const jl_precision *precision; /* `fast`, set before it is prepared; NULL: `exact` */
} jl_act;

/* Bytes of scratch for n rows of cols columns, and the struct laid over them (64-byte aligned).
 * Scratch made for (n, cols) also serves every smaller n, and other shapes of the same kind (n = 1
 * or not) whose n·cols, n rounded up to 4, is not larger. */
size_t jl_act_bytes(int n, int cols);
void jl_act_init(jl_act *a, void *scratch, int n, int cols);
/* A view of the batch from token `from` on (a multiple of JL_TILE). The batch must have been
 * prepared with n ≥ 2. */
void jl_act_part(jl_act *part, const jl_act *a, int cols, int from);

/* Half float as the kernels read it: exact, exponent 31 as an ordinary exponent (see above). */
float jl_half_read(uint16_t h);

/* Bytes from one tile of K or V to the next; a multiple of 16. */
size_t jl_kv_tile_bytes(jl_kv_type type, int hd);

/* Scratch of jl_attention in bytes, 64-byte aligned by the caller. */
size_t jl_attention_bytes(int hd, int n_q);

/* Declares both variants of a kernel from one prototype. */
#define JL_KERNEL(result, name, parameters)                                                        \
    result name##__ref parameters;                                                                 \
    result name##__simd parameters

/* The largest M that activations of magnitudes up to `limit` take: s·2^112 is finite. */
static inline float jl_act_max(float limit) {
    return limit > 127 ? 0x1p30f : 0x1p22f;
}

/* Prepares a->n = n rows of x [n][cols] (cols a multiple of 32 for Q layouts) for products with
 * matrices of that layout. The tokens that pad the last tile are zero. Block by block, M = max|x|:
 *   s = M / 32767, q = x·(32767 / M) rounded to nearest even;  s = 0, q = 0 where M < 2^-100;
 *   s = NaN, so that every product with the block is NaN, where x has a NaN or M > 2^30. */
JL_KERNEL(void, jl_act_prepare, (jl_act * a, const float *x, int n, int cols, jl_layout layout));

/* y[t][r] = Σ_c W[r][c]·x[t][c] for t < a->n and the rows of panels [panel0, panel1); y is
 * [n][rows], not overlapping anything else. Sum over blocks (F layouts: columns) in rising order
 * from 0, one accumulator a row. Per block, each product of two floats and each sum rounded once:
 *   F: y += w·x
 *   Q: for each of its groups of 16 or 32 columns in turn, y += t, where
 *      t = float(Σ (v − offset)·xq)·(D·s), and with minima t = that + M·(float(Σxq)·s). */
JL_KERNEL(void, jl_matmul, (const jl_matrix *w, const jl_act *a, float *y, int panel0, int panel1));

/* For precision `fast` (jl_precision): the same with 127 instead of 32767, and NaN where M > 2^22.
 * Hosts provide the kernels __relaxed (relaxed.c), which have a layout of q of their own. */
JL_KERNEL(void, jl_act_prepare_fast,
          (jl_act * a, const float *x, int n, int cols, jl_layout layout));
void jl_act_prepare_fast__relaxed(jl_act *a, const float *x, int n, int cols, jl_layout layout);
void jl_matmul_fast__relaxed(const jl_matrix *w, const jl_act *a, float *y, int panel0, int panel1);

/* Row r of W as floats, out[cols]: the embedding look-up. */
JL_KERNEL(void, jl_matrix_row, (const jl_matrix *w, int r, float *out));

/* y = (x·(1 / sqrt(mean(x²) + eps)))·weight (Zhang & Sennrich 2019). y may be x. Σx² in 4 lanes. */
JL_KERNEL(void, jl_rms_norm, (const float *x, const float *weight, float eps, int n, float *y));
/* y = ((x − μ)·(1 / sqrt(mean((x − μ)²) + eps)))·weight + bias, μ = mean(x) (Ba et al. 2016); no
 * bias where it is NULL. y may be x. Both sums in 4 lanes. */
JL_KERNEL(void, jl_layer_norm,
          (const float *x, const float *weight, const float *bias, float eps, int n, float *y));
/* y += x */
JL_KERNEL(void, jl_add, (float *y, const float *x, int n));
/* y += x·factor */
JL_KERNEL(void, jl_add_scaled, (float *y, const float *x, float factor, int n));
/* y *= x */
JL_KERNEL(void, jl_mul, (float *y, const float *x, int n));
/* x *= factor */
JL_KERNEL(void, jl_scale, (float *x, float factor, int n));
/* gate = (gate / (1 + exp(−gate)))·up */
JL_KERNEL(void, jl_silu_mul, (float *gate, const float *up, int n));
/* x = r(v / (1 + exp(−2u))), v = r(x), u = sqrt(2/π)·(v + 0.044715·v³): GELU by tanh (Hendrycks &
 * Gimpel 2016), written with ½·(1 + tanh u) = 1 / (1 + exp(−2u)); −2u as (v·(v²·0.044715 +
 * 1))·−2·sqrt(2/π). r rounds to the 11 bits of a half float, as c − (c − x), c = 8193·x (Veltkamp
 * 1968): llama.cpp has GELU in a table of halves, and a hundred times less than its rounding is
 * asked of us. From 10 on x stays, up to −10 it becomes 0. */
JL_KERNEL(void, jl_gelu, (float *x, int n));
/* x = cap·tanh(x / cap) (Gemma 2), tanh v = 1 − 2 / (1 + exp(2v)), 2v = x·(2 / cap). */
JL_KERNEL(void, jl_soft_cap, (float *x, float cap, int n));
/* y = x, but −∞ for NaN. */
JL_KERNEL(void, jl_nan_to_neg_inf, (const float *x, int n, float *y));
/* NaN are skipped; −∞ for n = 0. The sign of a zero maximum is not specified. */
JL_KERNEL(float, jl_max, (const float *x, int n));
/* x = exp(x − max); returns the sum, in 4 lanes. */
JL_KERNEL(float, jl_softmax_exp, (float *x, float max, int n));
/* Σ exp((x[i] − max)·scale) without writing, in 4 lanes. */
JL_KERNEL(float, jl_exp_total, (const float *x, float max, float scale, int n));
/* e^x within 2 ulp by our own polynomial, the exp of all kernels. 0 below −86.9 (e^−86.9 = 1.8e−38,
 * so there are no subnormal results), +∞ above 88.7228, NaN for NaN. */
JL_KERNEL(float, jl_exp, (float x));

/* Rotary position of `heads` vectors of size hd lying one after another: the first rot = 2·n_pairs
 * elements of each; pair i is (x[i·stride_pair], x[i·stride_pair + distance]): neighbours (2, 1) or
 * halves (1, n_pairs). cs [n_pairs][2] holds cos and sin of the angles (Su et al. 2021). */
JL_KERNEL(void, jl_rope,
          (float *x, int heads, int hd, const float *cs, int n_pairs, int stride_pair,
           int distance));

/* KV cache of one layer and one KV head, in tiles of JL_KV_TILE positions:
 *   F32: K tile [hd][key] (lanes are keys), V tile [key][hd], floats.
 *   16 (bits): K tile int16 [pair of dims][key][2], the last one of an odd hd with a 0, then float
 *   scales [key]; V tile half floats [key][hd].
 * Stores one position, k and v [hd], at slot < JL_KV_TILE of its tiles. In 16 bits what is beyond
 * ±65504 becomes that, and so does NaN; halves round to nearest even; keys become
 *   k ≈ s·q, s = L / 32767, q = k·(32767 / L) rounded to nearest even, L = sqrt(Σk²) in 4 lanes;
 *   s = 0, q = 0 where L < 2^-50.
 * Rounded by its length a vector's product with another one fits an int32 whatever hd is (|Σ q·q'|
 * ≤ |q|·|q'|, Cauchy-Schwarz), and up to hd = 256 the rounding is no coarser than a half's. */
JL_KERNEL(void, jl_kv_store,
          (jl_kv_type type, void *k_tile, void *v_tile, int slot, const float *k, const float *v,
           int hd));

/* What some architectures do to the scores of attention, in this order; a NULL pointer: nothing.
 * Arrays run over the queries of the call. */
typedef struct jl_score_modifiers {
    float cap;          /* s = jl_soft_cap(s, cap); 0: as it is */
    const float *slope; /* ALiBi (Press et al. 2022): s += slope·(j − (n_keys − 1)); NULL: none */
    const int *first; /* sliding window: s = −∞ for keys j < first < n_keys; NULL: none */
} jl_score_modifiers;

/* Attention by online softmax (Milakov & Gimelshein 2018; tiles: Dao et al. 2022) of n_q
 * queries that share one KV head. q [n_q][hd] (already scaled by 1/√hd), query i sees the positions
 * < n_keys[i] (≥ 1). k, v: tiles of the cache, one after another, 16-byte aligned; slots beyond
 * n_keys may hold anything. out [n_q][hd]. scratch: jl_attention_bytes(hd, n_q).
 * Tile by tile in rising order: s_j = Σ_d q_d·k_jd (rising d), or with a cache of 16 bits
 * float(Σ q·k)·(s_q·s_k), the query rounded as keys are, but not bounded, and s_q = NaN where L is
 * NaN or > 2^60; m' = max(m, max s), p_j = exp(s_j − m'), c = exp(m − m'), l = l·c + Σp (4 lanes,
 * rising j), acc = acc·c + Σ_j p_j·v_j (rising j, one by one); at the end out = acc·(1 / l).
 * Modifiers change s_j before the maximum is taken; tiles before a query's window are skipped. */
JL_KERNEL(void, jl_attention,
          (jl_kv_type type, const float *q, int n_q, const int *n_keys, const void *k,
           const void *v, int hd, const jl_score_modifiers *modifiers, float *out, void *scratch));
/* The softmax row itself: weights[n_keys] of query i of the modifiers', same scores; for taps. The
 * maximum is taken over the whole row, the sum in 4 lanes, each weight multiplied by 1 / sum. */
JL_KERNEL(void, jl_attention_weights,
          (jl_kv_type type, const float *q, int n_keys, const void *k, int hd,
           const jl_score_modifiers *modifiers, int i, float *weights));

/* The general product, for training: C [m][n] = alpha·op(A)·op(B) + beta·C, row-major, ld* the
 * distance between rows; op(A) is [m][k], op(B) [k][n], transposed from memory where asked. C
 * overlaps neither; beta = 0 never reads it. C = beta·C (or 0), then for each JL_SGEMM_DEPTH of k
 * in rising order C = C + alpha·s, s = Σ a·b over them in rising order from 0, one accumulator an
 * element. */
enum { JL_SGEMM_DEPTH = 256 };
JL_KERNEL(void, jl_sgemm,
          (int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
           int lda, const float *b, int ldb, float beta, float *c, int ldc));

#include "pick.h"

#endif
