/* kernels.h - contracts of the numeric kernels: formula, shapes, aliasing, order of operations.
 *
 * Every kernel has a variant <name>__ref (ref.c, plain C, the oracle) and may have <name>__simd
 * (simd*.c, wasm simd128); pick.h maps the plain name to one of them. A contract fixes the order of
 * all floating-point operations (no fused multiply-add, sums in the stated lanes). Therefore all
 * variants give the same bits on every machine, and a batch gives the same bits as its tokens one
 * by one. A sum "in 4 lanes" adds element i to lane i mod 4; its result is (l0 + l1) + (l2 + l3).
 *
 * A weight matrix W [rows][cols] is stored in panels of JL_PANEL = 16 rows, the last one padded
 * with zero rows. SIMD lanes are rows, so a product needs no horizontal sum. Layouts (pack.h writes
 * them), little-endian:
 *   F32, F16, BF16  [panel][column][16 rows]: 64, 32, 32 bytes per column
 * A Q layout is a row of the table jl_quant_formats (layout.h): blocks of 32 columns,
 * w = D·(v − offset) + M. v is the quant (layouts with a table: jl_quant_values[table][quant] +
 * offset); D and M are shared by 16 or 32 columns of a row.
 *   block      quants, scales, minima (if any), contiguous; 16-byte aligned
 *   quants     8 bits: int8 [pair of columns 16][row 16][parity 2], v = the quant.
 *              2 to 6 bits: 16-bit lanes [lane `bits`][row 16][parity 2]. They hold the quants
 *              of one row and parity (columns parity, parity + 2, …): 16 / bits whole quants per
 *              lane, lowest bits first:
 *              2: 2 lanes of 8;   4: 4 lanes of 4;
 *              3: 3 lanes of 5 (quants 0 to 14); their highest bits, lane 0 lowest, are quant 15;
 *              5: 5 lanes of 3 (highest bit 0), then quant 15 as bytes [row 16][parity 2];
 *              6: 3 lanes of 2 (quants 0 to 5); their highest 4 bits, lane 0 lowest, are the 12
 *              bits of quant 6 (low half) and quant 7. Then the same for quants 8 to 15
 *   Q* scales  halves d [row 16]; D = d. Minima: halves m [row 16]; M = m. F4 and F4H (4-bit
 *              floats): bfloat16 d [group of columns 1 or 2][row 16]
 *   K* scales  int8 s [group of columns 1 or 2][row 16]; D = d·s. Minima: m, same shape;
 *              M = −(dmin·m). Both are exact in a float. K2: one byte, s the low nibble, m the
 *              high. A head precedes every 8 blocks (256 columns): halves d [row 16], then dmin
 *              [row 16] if there are minima. G* (grids) are K layouts with D = (d / 8)·s
 * A block has 64·bits + 32 (+ 32) bytes in Q*, 64·bits + 16 or 32 (+ 16) in K*, plus 32 with 5
 * bits. So a matrix needs at most 11 percent more memory than in the file; K3, which stores 3 bits
 * in 4, a third more; the rare types (format/quant_rare.h) up to twice as much.
 * Half floats in weights and the cache have no infinities or NaN: exponent 31 is an ordinary binade
 * (65536·1.f). Sane models have no such values; a broken one gives numbers, not a crash.
 *
 * Activations for Q layouts are rounded to int16 in blocks of 32 columns: x ≈ s·q, s = max|x| /
 * 32767. The integer sum of a block is exact, because 32 products of 9 × 16 bits fit an int32
 * (32·255·32767 < 2^28).
 */
#ifndef JL_KERNELS_H
#define JL_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "layout.h"
#include "precision.h"

enum {
    JL_TILE = 4,       /* tokens per tile of a prepared batch */
    JL_KV_TILE = 32,   /* keys per tile of the KV cache */
    JL_MAX_HEAD = 1024 /* maximum head size */
};

/* Number format of the KV cache, see jl_kv_store. */
typedef enum jl_kv_type { JL_KV_16, JL_KV_F32 } jl_kv_type;

typedef struct jl_matrix {
    uint8_t *data; /* panels, 64-byte aligned */
    int rows, cols;
    jl_layout layout;
    const jl_precision *precision; /* borrowed; NULL: always `exact` */
} jl_matrix;

/* n rows of activations prepared for a layout; the arrays are scratch (jl_act_bytes). */
typedef struct jl_act {
    int n, cols;
    const float *x; /* [n][cols], borrowed; F layouts read it directly */
    /* Q layouts only: [tile of 4 tokens][pair of columns][token 4][parity 2]; n = 1: [cols] */
    int16_t *q;
    float *scale; /* [tile][block][token 4]; n = 1: [block] */
    int32_t *sum; /* Σq of the first and the last 16 columns of each block: [tile][block][half
                   * 2][token 4]; n = 1: [block][half 2] */
    const jl_precision *precision; /* `fast`, set before preparing; NULL: `exact` */
} jl_act;

/* jl_act_bytes: scratch for n rows of cols columns. jl_act_init: points the struct into it (64-byte
 * aligned). Scratch for (n, cols) also fits any smaller n, and other shapes of the same kind (n = 1
 * or n > 1) with at most the same n·cols, n rounded up to 4. */
size_t jl_act_bytes(int n, int cols);
void jl_act_init(jl_act *a, void *scratch, int n, int cols);
/* A view of the batch from token `from` on (a multiple of JL_TILE). The batch must have been
 * prepared with n ≥ 2. */
void jl_act_part(jl_act *part, const jl_act *a, int cols, int from);

/* A half float as the kernels read it: exact, exponent 31 is ordinary (see above). */
float jl_half_read(uint16_t h);

/* Bytes of a tile of K or V; a multiple of 16. */
size_t jl_kv_tile_bytes(jl_kv_type type, int hd);

/* Scratch of jl_attention in bytes, 64-byte aligned by the caller. */
size_t jl_attention_bytes(int hd, int n_q);

/* Declares both variants of a kernel from one prototype. */
#define JL_KERNEL(result, name, parameters)                                                        \
    result name##__ref parameters;                                                                 \
    result name##__simd parameters

/* The largest valid M for quants of magnitudes up to `limit`: s·2^112 is finite. */
static inline float jl_act_max(float limit) {
    return limit > 127 ? 0x1p30f : 0x1p22f;
}

/* Prepares n rows of x [n][cols] (cols a multiple of 32 for Q layouts) for products with matrices
 * of that layout. Padding tokens of the last tile are zero. For each block, with M = max|x|:
 *   s = M / 32767, q = x·(32767 / M) rounded to nearest even;  s = 0, q = 0 if M < 2^-100;
 *   s = NaN if x has a NaN or M > 2^30, so that every product with the block is NaN. */
JL_KERNEL(void, jl_act_prepare, (jl_act * a, const float *x, int n, int cols, jl_layout layout));

/* y[t][r] = Σ_c W[r][c]·x[t][c] for t < a->n and the rows of panels [panel0, panel1); y [n][rows]
 * overlaps nothing else. One accumulator per row sums the blocks (F layouts: columns) in ascending
 * order from 0. Every float product and sum is rounded once:
 *   F: y += w·x
 *   Q: for each group of 16 or 32 columns in order, y += t with
 *      t = float(Σ (v − offset)·xq)·(D·s), with minima + M·(float(Σxq)·s). */
JL_KERNEL(void, jl_matmul, (const jl_matrix *w, const jl_act *a, float *y, int panel0, int panel1));

/* Precision `fast` (jl_precision): the same with 127 instead of 32767, and NaN if M > 2^22. Hosts
 * may provide the __relaxed kernels (relaxed.c), which use their own layout of q. */
JL_KERNEL(void, jl_act_prepare_fast,
          (jl_act * a, const float *x, int n, int cols, jl_layout layout));
void jl_act_prepare_fast__relaxed(jl_act *a, const float *x, int n, int cols, jl_layout layout);
void jl_matmul_fast__relaxed(const jl_matrix *w, const jl_act *a, float *y, int panel0, int panel1);

/* out [cols] = row r of W as floats: the embedding look-up. */
JL_KERNEL(void, jl_matrix_row, (const jl_matrix *w, int r, float *out));

/* y = (x·(1 / sqrt(mean(x²) + eps)))·weight (Zhang & Sennrich 2019). y may be x. Σx² in 4 lanes. */
JL_KERNEL(void, jl_rms_norm, (const float *x, const float *weight, float eps, int n, float *y));
/* y = ((x − μ)·(1 / sqrt(mean((x − μ)²) + eps)))·weight + bias, μ = mean(x) (Ba et al. 2016); bias
 * may be NULL, y may be x. Both sums in 4 lanes. */
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
 * 1968): it matches llama.cpp's table of halves, whose rounding is a hundred times our tolerance.
 * x ≥ 10 stays, x ≤ −10 becomes 0. */
JL_KERNEL(void, jl_gelu, (float *x, int n));
/* x = m·m, m = max(x, 0): squared ReLU (So et al. 2021); NaN stays. */
JL_KERNEL(void, jl_relu_squared, (float *x, int n));
/* x = cap·tanh(x / cap) (Gemma 2), tanh v = 1 − 2 / (1 + exp(2v)), 2v = x·(2 / cap). */
JL_KERNEL(void, jl_soft_cap, (float *x, float cap, int n));
/* y = x, with NaN replaced by −∞. */
JL_KERNEL(void, jl_nan_to_neg_inf, (const float *x, int n, float *y));
/* Skips NaN; −∞ for n = 0. The sign of a zero maximum is unspecified. */
JL_KERNEL(float, jl_max, (const float *x, int n));
/* out[i] = Σ x·rows[i] of n rows [width], in 4 lanes; width is a multiple of 4. */
JL_KERNEL(void, jl_dot_rows, (const float *x, const float *rows, int n, int width, float *out));
/* x = exp(x − max); returns the sum, in 4 lanes. */
JL_KERNEL(float, jl_softmax_exp, (float *x, float max, int n));
/* Σ exp((x[i] − max)·scale), in 4 lanes. */
JL_KERNEL(float, jl_exp_total, (const float *x, float max, float scale, int n));
/* e^x within 2 ulp, the exp of all kernels (exp.h). 0 below −86.9, so that no result is subnormal
 * (e^−86.9 = 1.8e−38); +∞ above 88.7228; NaN for NaN. */
JL_KERNEL(float, jl_exp, (float x));

/* RoPE (Su et al. 2021) of x [heads][hd]: rotates the first 2·n_pairs elements of each vector. Pair
 * i is (x[i·stride_pair], x[i·stride_pair + distance]), with (stride_pair, distance) = (2, 1) for
 * neighbours, (1, n_pairs) for halves. cs [n_pairs][2]: cos and sin of the angles. */
JL_KERNEL(void, jl_rope,
          (float *x, int heads, int hd, const float *cs, int n_pairs, int stride_pair,
           int distance));

/* KV cache of one layer and one KV head, in tiles of JL_KV_TILE positions:
 *   F32: K tile [hd][key] (lanes are keys), V tile [key][hd], floats.
 *   16 (bits): K tile int16 [pair of dims][key][2], an odd hd padded with 0, then float scales
 *   [key]; V tile half floats [key][hd].
 * Stores one position, k and v [hd], at slot < JL_KV_TILE of its tiles. With 16 bits, first clamps
 * both to ±65504 (NaN too). Values become halves, rounded to nearest even; keys become
 *   k ≈ s·q, s = L / 32767, q = k·(32767 / L) rounded to nearest even, L = sqrt(Σk²) in 4 lanes;
 *   s = 0, q = 0 if L < 2^-50.
 * The product of two vectors scaled by their lengths fits an int32 for any hd, because |Σ q·q'| ≤
 * |q|·|q'| (Cauchy-Schwarz). Up to hd = 256 this rounding is no coarser than a half's. */
JL_KERNEL(void, jl_kv_store,
          (jl_kv_type type, void *k_tile, void *v_tile, int slot, const float *k, const float *v,
           int hd));

/* Modifications of attention scores, applied in this order; arrays [n_q]. */
typedef struct jl_score_modifiers {
    float cap;          /* s = jl_soft_cap(s, cap); 0: none */
    const float *slope; /* ALiBi (Press et al. 2022): s += slope·(j − (n_keys − 1)); NULL: none */
    const int *first;  /* sliding window: s = −∞ for keys j < first < n_keys; NULL: none */
    const float *bias; /* s += bias[query·bias_stride + j], −∞: not visible; NULL: none */
    size_t bias_stride;
} jl_score_modifiers;

/* Attention by online softmax (Milakov & Gimelshein 2018; tiles: Dao et al. 2022) of n_q queries
 * that share one KV head. q [n_q][hd] is scaled by 1/√hd; query i attends to positions < n_keys[i]
 * (≥ 1). k, v: contiguous tiles of the cache, 16-byte aligned; slots beyond n_keys are ignored. out
 * [n_q][hd]. scratch: jl_attention_bytes(hd, n_q). For each tile in ascending order:
 *   s_j = Σ_d q_d·k_jd (ascending d). With a 16-bit cache s_j = float(Σ q·k)·(s_q·s_k); the query
 *   is rounded like a key, but not clamped, and s_q = NaN if L is NaN or > 2^60.
 *   m' = max(m, max s), p_j = exp(s_j − m'), c = exp(m − m'),
 *   l = l·c + Σp (4 lanes, ascending j), acc = acc·c + Σ_j p_j·v_j (ascending j, one by one).
 * Finally out = acc·(1 / l). Modifiers apply to s_j before the maximum; tiles before a query's
 * window are skipped. */
JL_KERNEL(void, jl_attention,
          (jl_kv_type type, const float *q, int n_q, const int *n_keys, const void *k,
           const void *v, int hd, const jl_score_modifiers *modifiers, float *out, void *scratch));
/* The parts of jl_attention for one query, to read or change what is between them.
 * scores [n_keys]: s_j with the modifiers of query i. */
JL_KERNEL(void, jl_attention_scores,
          (jl_kv_type type, const float *q, int n_keys, const void *k, int hd,
           const jl_score_modifiers *modifiers, int i, float *scores));
/* x = softmax(x): maximum over all of x, sum in 4 lanes, each element multiplied by 1 / sum. */
JL_KERNEL(void, jl_softmax, (float *x, int n));
/* out [hd] = Σ_j weights_j·v_j, ascending j. */
JL_KERNEL(void, jl_attention_values,
          (jl_kv_type type, const float *weights, int n_keys, const void *v, int hd, float *out));

/* BLAS sgemm, for training: C [m][n] = alpha·op(A)·op(B) + beta·C, row-major, ld* the row strides;
 * op(A) is [m][k], op(B) [k][n], transposed in memory if flagged. C overlaps neither; beta = 0
 * does not read it. First C = beta·C (or 0); then, for each JL_SGEMM_DEPTH of k in ascending order,
 * C = C + alpha·s, s = Σ a·b in ascending order from 0, one accumulator per element. */
enum { JL_SGEMM_DEPTH = 256 };
JL_KERNEL(void, jl_sgemm,
          (int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
           int lda, const float *b, int ldb, float beta, float *c, int ldc));

#include "pick.h"

#endif
