/* ref.c - the kernels in plain C: the oracle of every other variant, and the native engine.
 *
 * The executable form of the contracts in kernels.h, which fix shapes and the order of all
 * floating-point operations. Must be compiled without contraction of a·b + c (-ffp-contract=off)
 * and without fast-math. Compilers can vectorise the loops over rows, keys or dims, never over a
 * sum. No allocation, no I/O, no state.
 */
#include "../base/half.h"
#include "../format/quant.h"
#include "exp.h"
#include "kernels.h"

#include <math.h>
#include <string.h>

/* -- Layout of scratch, shared by all variants ------------------------------------------------- */

static size_t align64(size_t n) {
    return (n + 63) & ~(size_t)63;
}

/* Rows of a prepared batch of n tokens: one, or whole tiles. */
static size_t act_rows(int n) {
    return n == 1 ? 1 : ((size_t)n + JL_TILE - 1) / JL_TILE * JL_TILE;
}

static size_t act_blocks(int cols) {
    return ((size_t)cols + JL_BLOCK - 1) / JL_BLOCK;
}

size_t jl_act_bytes(int n, int cols) {
    size_t blocks = act_rows(n) * act_blocks(cols);
    return align64(blocks * JL_BLOCK * sizeof(int16_t)) + align64(blocks * sizeof(float)) +
           align64(2 * blocks * sizeof(int32_t));
}

void jl_act_init(jl_act *a, void *scratch, int n, int cols) {
    size_t blocks = act_rows(n) * act_blocks(cols);
    uint8_t *p = scratch;
    *a = (jl_act){ .n = n, .cols = cols };
    a->q = (int16_t *)(void *)p;
    p += align64(blocks * JL_BLOCK * sizeof(int16_t));
    a->scale = (float *)(void *)p;
    p += align64(blocks * sizeof(float));
    a->sum = (int32_t *)(void *)p;
}

void jl_act_part(jl_act *part, const jl_act *a, int cols, int from) {
    size_t before = (size_t)from * act_blocks(cols);
    *part = *a;
    part->q += before * JL_BLOCK;
    part->scale += before;
    part->sum += 2 * before;
}

float jl_half_read(uint16_t h) {
    uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13, sign = (uint32_t)(h & 0x8000) << 16;
    return jl_bits_to_float(sign | magnitude) * 0x1p112f;
}

static float half_at(const uint8_t *p, int i) {
    uint16_t h;
    memcpy(&h, p + 2 * i, sizeof h);
    return jl_half_read(h);
}

#ifdef JL_ALL
static float bfloat_at(const uint8_t *p, int i) {
    uint16_t h;
    memcpy(&h, p + 2 * i, sizeof h);
    return jl_bf16_to_float(h);
}
#endif

/* -- Activations ------------------------------------------------------------------------------- */

/* v rounded to nearest even and saturated to int16, for |v| < 2^22: after adding 1.5·2^23 the last
 * bit of the float is worth 1. NaN gives an arbitrary number (its block has s = NaN). */
static int16_t round_int16(float v) {
    int32_t i = (int32_t)(jl_float_to_bits(v + 0x1.8p23f) - 0x4b400000u);
    return (int16_t)(i < -32768 ? -32768 : i > 32767 ? 32767 : i);
}

/* Quantises one block to magnitudes up to `limit`, pairs of columns pair_stride apart; sums its
 * halves, sum_stride apart; returns its scale. */
static float quantise_block(const float *x, float limit, int16_t *q, size_t pair_stride,
                            int32_t *sum, size_t sum_stride) {
    float max = 0;
    for (int i = 0; i < JL_BLOCK; i++) {
        float a = fabsf(x[i]);
        if (a != a) a = INFINITY;
        if (a > max) max = a;
    }
    float inverse = max < 0x1p-100f ? 0.0f : limit / max;
    sum[0] = sum[sum_stride] = 0;
    for (int i = 0; i < JL_BLOCK; i++) {
        int16_t v = round_int16(x[i] * inverse);
        q[(size_t)(i / 2) * pair_stride + (size_t)(i % 2)] = v;
        sum[i < JL_BLOCK / 2 ? 0 : sum_stride] += v;
    }
    if (!(max <= jl_act_max(limit))) return NAN;
    return max < 0x1p-100f ? 0.0f : max / limit;
}

static void quantise(jl_act *a, const float *x, float limit, int n, int cols) {
    size_t blocks = (size_t)cols / JL_BLOCK, width = n == 1 ? 1 : JL_TILE, rows = act_rows(n);
    for (size_t t = 0; t < rows; t++) {
        size_t tile = t / width, slot = t % width;
        for (size_t b = 0; b < blocks; b++) {
            size_t at = (tile * blocks + b) * width; /* preceding blocks */
            static const float zero[JL_BLOCK];
            const float *xb = t < (size_t)n ? x + t * (size_t)cols + b * JL_BLOCK : zero;
            int16_t *q = a->q + at * JL_BLOCK + 2 * slot;
            int32_t *sum = a->sum + 2 * at + slot;
            a->scale[at + slot] = quantise_block(xb, limit, q, 2 * width, sum, width);
        }
    }
}

void jl_act_prepare__ref(jl_act *a, const float *x, int n, int cols, jl_layout layout) {
    a->n = n;
    a->cols = cols;
    a->x = x;
    if (layout >= JL_LAYOUT_Q8) quantise(a, x, 32767, n, cols);
}

void jl_act_prepare_fast__ref(jl_act *a, const float *x, int n, int cols, jl_layout layout) {
    a->n = n;
    a->cols = cols;
    a->x = x;
    (void)layout;
    quantise(a, x, 127, n, cols);
}

/* -- Matrix products --------------------------------------------------------------------------- */

/* v − offset of a quant. */
static int quant_value(jl_quant_format f, int quant) {
    if (f.bits == 8) return (int8_t)quant;
    return f.table ? jl_quant_values[f.table][quant] : quant - f.offset;
}

/* A group of lanes of one row and parity → its quants q[0], q[stride], …; returns how many. */
static inline int read_lanes(int bits, const uint8_t *lanes, uint8_t *q, size_t stride) {
    int whole = jl_lane_quants(bits), spare = jl_lane_spare(bits), n = 0;
    unsigned extra = 0, mask = (1u << bits) - 1;
    for (int i = 0; i < jl_lane_group(bits); i++, lanes += 4 * JL_PANEL) {
        unsigned v = lanes[0] | (unsigned)lanes[1] << 8;
        for (int k = 0; k < whole; k++, v >>= bits) q[(size_t)n++ * stride] = (uint8_t)(v & mask);
        extra |= v << i * spare;
    }
    for (int k = 0; k < jl_lane_extra(bits); k++, extra >>= bits)
        q[(size_t)n++ * stride] = (uint8_t)(extra & mask);
    return n;
}

/* The quants of a block, q [pair 16][row 16][parity 2]. */
static inline void read_quants(int bits, const uint8_t *block, uint8_t *q) {
    for (int i = 0; i < 2 * JL_PANEL; i++)
        for (int lane = 0, pair = 0; lane < bits; lane += jl_lane_group(bits))
            pair += read_lanes(bits, block + (size_t)(lane * 2 * JL_PANEL + i) * 2,
                               q + pair * 2 * JL_PANEL + i, 2 * JL_PANEL);
    if (bits == 5) memcpy(q + 30 * JL_PANEL, block + jl_lane_bytes(5), 2 * JL_PANEL);
}

/* v − offset of a block as w [pair 16][row 16][parity 2]. */
static void unpack_block(jl_quant_format f, const uint8_t *block, int16_t *w) {
    uint8_t q[JL_BLOCK * JL_PANEL];
    const uint8_t *from = f.bits == 8 ? block : q;
    switch (f.bits) {
    case 2:
        read_quants(2, block, q);
        break;
#ifdef JL_ALL
    case 3:
        read_quants(3, block, q);
        break;
#endif
    case 4:
        read_quants(4, block, q);
        break;
    case 5:
        read_quants(5, block, q);
        break;
    case 6:
        read_quants(6, block, q);
        break;
    }
    for (int i = 0; i < JL_BLOCK * JL_PANEL; i++) w[i] = (int16_t)quant_value(f, from[i]);
}

/* D and M of group g and row r of block b. */
static float block_scale(jl_quant_format f, const uint8_t *panel, size_t b, int g, int r,
                         float *m) {
    const uint8_t *block = panel + jl_block_offset(f, b);
    const uint8_t *scales = block + jl_quant_bytes(f), *minima = scales + jl_scale_bytes(f);
    *m = 0;
    if (!f.super) {
        if (f.minima) *m = half_at(minima, r);
#ifdef JL_ALL
        if (jl_bfloat_scales(f)) return bfloat_at(scales, g * JL_PANEL + r);
#endif
        return half_at(scales, r);
    }
    const uint8_t *head = panel + jl_block_offset(f, b / JL_SUPER * JL_SUPER) - jl_head_bytes(f);
    int s = (int8_t)scales[g * JL_PANEL + r], low = 0;
    if (f.minima == JL_MINIMA) low = (int8_t)minima[g * JL_PANEL + r];
    if (f.minima == JL_MINIMA_IN_NIBBLES) low = s >> 4 & 15, s = s & 15;
    if (f.minima) *m = -(half_at(head + 2 * JL_PANEL, r) * (float)low);
#ifdef JL_ALL
    if (jl_eighths(f)) return half_at(head, r) * 0.125f * (float)s;
#endif
    return half_at(head, r) * (float)s;
}

/* acc[r] = Σ of w·x over n pairs of columns, exact. x: pairs pair_stride apart. */
static void dot_pairs(const int16_t *w, const int16_t *x, size_t pair_stride, size_t n,
                      int32_t *acc) {
    memset(acc, 0, JL_PANEL * sizeof *acc);
    for (size_t k = 0; k < n; k++) {
        int32_t x0 = x[k * pair_stride], x1 = x[k * pair_stride + 1];
        for (int r = 0; r < JL_PANEL; r++)
            acc[r] += w[32 * k + 2 * (size_t)r] * x0 + w[32 * k + 2 * (size_t)r + 1] * x1;
    }
}

/* One token and one group of columns: y[rows] += t (jl_matmul). w [pair][row 16][parity 2], d and m
 * [row]; `sum` = Σxq. */
static void add_group(jl_quant_format f, const int16_t *w, const float *d, const float *m,
                      const int16_t *x, size_t pair_stride, float s, int32_t sum, float *y,
                      int rows) {
    int32_t acc[JL_PANEL];
    dot_pairs(w, x, pair_stride, (size_t)f.group / 2, acc);
    for (int r = 0; r < rows; r++) {
        float v = (float)acc[r] * (d[r] * s);
        if (f.minima) v = v + m[r] * ((float)sum * s);
        y[r] = y[r] + v;
    }
}

/* One panel of a Q layout, of which `rows` are not padding, times all tokens. y: its first row. */
static void block_panel(const jl_matrix *w, const jl_act *a, const uint8_t *panel, float *y,
                        int rows) {
    const jl_quant_format f = jl_quant_formats[w->layout];
    size_t blocks = (size_t)w->cols / JL_BLOCK, width = a->n == 1 ? 1 : JL_TILE;
    int groups = jl_groups(f);
    for (int t = 0; t < a->n; t++)
        for (int r = 0; r < rows; r++) y[(size_t)t * (size_t)w->rows + (size_t)r] = 0;
    for (size_t b = 0; b < blocks; b++) {
        int16_t q[JL_BLOCK * JL_PANEL];
        float d[2][JL_PANEL], m[2][JL_PANEL];
        unpack_block(f, panel + jl_block_offset(f, b), q);
        for (int i = 0; i < groups * JL_PANEL; i++)
            d[i / JL_PANEL][i % JL_PANEL] = block_scale(f, panel, b, i / JL_PANEL, i % JL_PANEL,
                                                        &m[i / JL_PANEL][i % JL_PANEL]);
        for (size_t t = 0; t < (size_t)a->n; t++) {
            size_t at = (t / width * blocks + b) * width, slot = t % width;
            const int32_t *sum = a->sum + 2 * at + slot;
            const int16_t *x = a->q + at * JL_BLOCK + 2 * slot;
            for (int g = 0; g < groups; g++, x += 16 * width)
                add_group(f, q + g * JL_BLOCK / 2 * JL_PANEL, d[g], m[g], x, 2 * width,
                          a->scale[at + slot],
                          groups == 2 ? sum[(size_t)g * width] : sum[0] + sum[width],
                          y + t * (size_t)w->rows, rows);
        }
    }
}

/* The 16 weights of a column of an F panel. */
static inline void float_column(jl_layout layout, const uint8_t *column, float *w) {
    uint16_t h[JL_PANEL];
    if (layout == JL_LAYOUT_F32) {
        memcpy(w, column, JL_PANEL * sizeof *w);
        return;
    }
    memcpy(h, column, sizeof h);
    for (int r = 0; r < JL_PANEL; r++)
        w[r] = layout == JL_LAYOUT_F16 ? jl_half_read(h[r]) : jl_bf16_to_float(h[r]);
}

static void float_panel(const jl_matrix *w, const jl_act *a, const uint8_t *panel, float *y,
                        int rows) {
    size_t bytes = jl_column_bytes(w->layout);
    for (size_t t = 0; t < (size_t)a->n; t++) {
        const float *x = a->x + t * (size_t)w->cols;
        float acc[JL_PANEL] = { 0 }, column[JL_PANEL];
        for (size_t c = 0; c < (size_t)w->cols; c++) {
            float_column(w->layout, panel + c * bytes, column);
            for (int r = 0; r < JL_PANEL; r++) acc[r] = acc[r] + column[r] * x[c];
        }
        memcpy(y + t * (size_t)w->rows, acc, (size_t)rows * sizeof *acc);
    }
}

void jl_matmul__ref(const jl_matrix *w, const jl_act *a, float *y, int panel0, int panel1) {
    for (int p = panel0; p < panel1; p++) {
        const uint8_t *panel = w->data + (size_t)p * jl_panel_bytes(w->layout, w->cols);
        int left = w->rows - p * JL_PANEL, rows = left < JL_PANEL ? left : JL_PANEL;
        if (w->layout < JL_LAYOUT_Q8)
            float_panel(w, a, panel, y + (size_t)p * JL_PANEL, rows);
        else
            block_panel(w, a, panel, y + (size_t)p * JL_PANEL, rows);
    }
}

/* Block b of row r < 16 of a Q panel. */
static void block_row(jl_quant_format f, const uint8_t *panel, size_t b, int r, float *out) {
    const uint8_t *block = panel + jl_block_offset(f, b);
    uint8_t q[JL_BLOCK];
    for (int parity = 0; parity < 2; parity++) {
        const uint8_t *lane = block + 2 * (2 * r + parity);
        uint8_t *to = q + parity;
        for (int k = 0; k < JL_BLOCK / 2 && f.bits == 8; k++)
            to[2 * k] = block[(k * JL_PANEL + r) * 2 + parity];
        for (int i = 0; i < f.bits && f.bits < 8; i += jl_lane_group(f.bits))
            to += 2 * read_lanes(f.bits, lane + (size_t)i * 4 * JL_PANEL, to, 2);
        if (f.bits == 5) *to = block[jl_lane_bytes(5) + (size_t)(2 * r + parity)];
    }
    for (int c = 0; c < JL_BLOCK; c++) {
        float m, d = block_scale(f, panel, b, c / f.group, r, &m);
        out[c] = d * (float)quant_value(f, q[c]);
        if (f.minima) out[c] = out[c] + m;
    }
}

void jl_matrix_row__ref(const jl_matrix *w, int r, float *out) {
    const uint8_t *panel = w->data + (size_t)(r / JL_PANEL) * jl_panel_bytes(w->layout, w->cols);
    if (w->layout >= JL_LAYOUT_Q8) {
        for (size_t b = 0; b < (size_t)w->cols / JL_BLOCK; b++)
            block_row(jl_quant_formats[w->layout], panel, b, r % JL_PANEL, out + b * JL_BLOCK);
        return;
    }
    for (int c = 0; c < w->cols; c++) {
        float column[JL_PANEL];
        float_column(w->layout, panel + (size_t)c * jl_column_bytes(w->layout), column);
        out[c] = column[r % JL_PANEL];
    }
}

/* -- Vectors ----------------------------------------------------------------------------------- */

static float sum4(const float *lane) {
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

void jl_rms_norm__ref(const float *x, const float *weight, float eps, int n, float *y) {
    float lane[4] = { 0 };
    for (int i = 0; i < n; i++) lane[i % 4] = lane[i % 4] + x[i] * x[i];
    float scale = 1.0f / sqrtf(sum4(lane) / (float)n + eps);
    for (int i = 0; i < n; i++) y[i] = (x[i] * scale) * weight[i];
}

void jl_layer_norm__ref(const float *x, const float *weight, const float *bias, float eps, int n,
                        float *y) {
    float lane[4] = { 0 }, square[4] = { 0 };
    for (int i = 0; i < n; i++) lane[i % 4] = lane[i % 4] + x[i];
    float mean = sum4(lane) / (float)n;
    for (int i = 0; i < n; i++) {
        float d = x[i] - mean;
        square[i % 4] = square[i % 4] + d * d;
    }
    float scale = 1.0f / sqrtf(sum4(square) / (float)n + eps);
    for (int i = 0; i < n; i++) y[i] = ((x[i] - mean) * scale) * weight[i];
    if (bias) jl_add__ref(y, bias, n);
}

void jl_add__ref(float *y, const float *x, int n) {
    for (int i = 0; i < n; i++) y[i] = y[i] + x[i];
}

void jl_add_scaled__ref(float *y, const float *x, float factor, int n) {
    for (int i = 0; i < n; i++) y[i] = y[i] + x[i] * factor;
}

void jl_mul__ref(float *y, const float *x, int n) {
    for (int i = 0; i < n; i++) y[i] = y[i] * x[i];
}

void jl_scale__ref(float *x, float factor, int n) {
    for (int i = 0; i < n; i++) x[i] = x[i] * factor;
}

float jl_exp__ref(float x) {
    return jl_exp_inline(x);
}

void jl_silu_mul__ref(float *gate, const float *up, int n) {
    for (int i = 0; i < n; i++) gate[i] = (gate[i] / (1.0f + jl_exp__ref(-gate[i]))) * up[i];
}

static float round_to_11_bits(float x) {
    float c = x * 8193.0f;
    return c - (c - x);
}

void jl_gelu__ref(float *x, int n) {
    for (int i = 0; i < n; i++) {
        float v = round_to_11_bits(x[i]);
        float u = (v * ((v * v) * 0.044715f + 1.0f)) * -1.59576912f; /* −2·sqrt(2/π) */
        float y = round_to_11_bits(v / (1.0f + jl_exp__ref(u)));
        x[i] = x[i] >= 10 ? x[i] : x[i] <= -10 ? 0 : y;
    }
}

void jl_relu_squared__ref(float *x, int n) {
    for (int i = 0; i < n; i++) x[i] = x[i] < 0 ? 0 : x[i] * x[i];
}

void jl_soft_cap__ref(float *x, float cap, int n) {
    float twice = 2.0f / cap;
    for (int i = 0; i < n; i++) x[i] = cap * (1.0f - 2.0f / (1.0f + jl_exp__ref(x[i] * twice)));
}

void jl_nan_to_neg_inf__ref(const float *x, int n, float *y) {
    for (int i = 0; i < n; i++) y[i] = x[i] == x[i] ? x[i] : -INFINITY;
}

float jl_max__ref(const float *x, int n) {
    float max = -INFINITY;
    for (int i = 0; i < n; i++)
        if (x[i] > max) max = x[i];
    return max;
}

void jl_dot_rows__ref(const float *x, const float *rows, int n, int width, float *out) {
    for (int t = 0; t < n; t++, rows += width) {
        float lane[4] = { 0 };
        for (int i = 0; i < width; i++) lane[i % 4] = lane[i % 4] + x[i] * rows[i];
        out[t] = sum4(lane);
    }
}

float jl_softmax_exp__ref(float *x, float max, int n) {
    float lane[4] = { 0 };
    for (int i = 0; i < n; i++) {
        x[i] = jl_exp__ref(x[i] - max);
        lane[i % 4] = lane[i % 4] + x[i];
    }
    return sum4(lane);
}

float jl_exp_total__ref(const float *x, float max, float scale, int n) {
    float lane[4] = { 0 };
    for (int i = 0; i < n; i++) lane[i % 4] = lane[i % 4] + jl_exp__ref((x[i] - max) * scale);
    return sum4(lane);
}

void jl_rope__ref(float *x, int heads, int hd, const float *cs, int n_pairs, int stride_pair,
                  int distance) {
    for (int h = 0; h < heads; h++, x += hd) {
        for (int i = 0; i < n_pairs; i++) {
            float *a = x + i * stride_pair, *b = a + distance;
            float u = *a, v = *b, cosine = cs[2 * i], sine = cs[2 * i + 1];
            *a = u * cosine - v * sine;
            *b = u * sine + v * cosine;
        }
    }
}

/* -- Attention --------------------------------------------------------------------------------- */

/* Number of int16 in a 16-bit K tile. */
static size_t key_quants(int hd) {
    return ((size_t)hd + 1) / 2 * 2 * JL_KV_TILE;
}

size_t jl_kv_tile_bytes(jl_kv_type type, int hd) {
    if (type == JL_KV_F32) return (size_t)hd * JL_KV_TILE * sizeof(float);
    return key_quants(hd) * sizeof(int16_t) + JL_KV_TILE * sizeof(float);
}

/* Clamps f to ±65504, NaN too. */
static float within_halves(float f) {
    uint32_t u = jl_float_to_bits(f), a = u & 0x7fffffffu, max = 0x477fe000u;
    return jl_bits_to_float((u & 0x80000000u) | (a < max ? a : max));
}

/* Rounds x[hd] by its length (bounded: clamps it first), pairs of quants pair_stride apart; returns
 * the scale. */
static float round_row(const float *x, int hd, int bounded, int16_t *q, size_t pair_stride) {
    float sum[4] = { 0 };
    for (int d = 0; d < hd; d++) {
        float v = bounded ? within_halves(x[d]) : x[d];
        sum[d % 4] = sum[d % 4] + v * v;
    }
    float length = sqrtf(sum4(sum)), inverse = length < 0x1p-50f ? 0.0f : 32767.0f / length;
    q[(size_t)(hd / 2) * pair_stride * (size_t)(hd % 2) + (size_t)(hd % 2)] = 0;
    for (int d = 0; d < hd; d++) {
        float v = bounded ? within_halves(x[d]) : x[d];
        q[(size_t)(d / 2) * pair_stride + (size_t)(d % 2)] = round_int16(v * inverse);
    }
    if (!(length <= 0x1p60f)) return NAN;
    return length < 0x1p-50f ? 0.0f : length / 32767.0f;
}

void jl_kv_store__ref(jl_kv_type type, void *k_tile, void *v_tile, int slot, const float *k,
                      const float *v, int hd) {
    if (type == JL_KV_F32) {
        for (int d = 0; d < hd; d++) ((float *)k_tile)[d * JL_KV_TILE + slot] = k[d];
        memcpy((float *)v_tile + slot * hd, v, (size_t)hd * sizeof *v);
        return;
    }
    int16_t *quants = k_tile;
    float *scales = (float *)(void *)(quants + key_quants(hd));
    scales[slot] = round_row(k, hd, 1, quants + 2 * slot, 2 * JL_KV_TILE);
    for (int d = 0; d < hd; d++)
        ((uint16_t *)v_tile)[slot * hd + d] = jl_float_to_half(within_halves(v[d]));
}

/* A query in the format of the keys. */
typedef struct query {
    const float *x;
    int16_t q[JL_MAX_HEAD + 1];
    float scale;
} query;

static query query_for(jl_kv_type type, const float *x, int hd) {
    query q = { .x = x };
    if (type == JL_KV_16) q.scale = round_row(x, hd, 0, q.q, 2);
    return q;
}

/* s[j] = Σ_d q[d]·k[d][j] of a 16-bit cache. The sum overflows only for a query with scale NaN. */
static void rounded_scores(const query *q, const int16_t *k, int hd, float *s) {
    uint32_t sum[JL_KV_TILE] = { 0 };
    const float *scales = (const float *)(const void *)(k + key_quants(hd));
    for (int d = 0; d < hd; d += 2, k += 2 * JL_KV_TILE)
        for (int j = 0; j < JL_KV_TILE; j++)
            sum[j] += (uint32_t)(q->q[d] * k[2 * j]) + (uint32_t)(q->q[d + 1] * k[2 * j + 1]);
    for (int j = 0; j < JL_KV_TILE; j++) s[j] = (float)(int32_t)sum[j] * (q->scale * scales[j]);
}

/* The scores of all keys of a tile, −∞ from key n on. Returns their maximum. */
static float tile_scores(jl_kv_type type, const query *q, const void *k_tile, int hd, int n,
                         float *s) {
    memset(s, 0, JL_KV_TILE * sizeof *s);
    if (type == JL_KV_16)
        rounded_scores(q, k_tile, hd, s);
    else
        for (int d = 0; d < hd; d++)
            for (int j = 0; j < JL_KV_TILE; j++)
                s[j] = s[j] + q->x[d] * ((const float *)k_tile)[d * JL_KV_TILE + j];
    for (int j = n; j < JL_KV_TILE; j++) s[j] = -INFINITY;
    return jl_max__ref(s, JL_KV_TILE);
}

static inline float value_at(jl_kv_type type, const void *v_tile, int i) {
    return type == JL_KV_F32 ? ((const float *)v_tile)[i]
                             : jl_half_read(((const uint16_t *)v_tile)[i]);
}

/* Applies the modifiers to the scores s of query i over n_keys keys, in the tile from key j0 on.
 * Returns max s. */
static float modify_scores(const jl_score_modifiers *modifiers, int i, int n_keys, int j0,
                           float *s) {
    if (modifiers->cap > 0) jl_soft_cap__ref(s, modifiers->cap, JL_KV_TILE);
    for (int j = 0; j < JL_KV_TILE; j++) {
        if (modifiers->slope) s[j] = s[j] + modifiers->slope[i] * (float)(j0 + j - (n_keys - 1));
        if (modifiers->bias && j0 + j < n_keys)
            s[j] = s[j] + modifiers->bias[(size_t)i * modifiers->bias_stride + (size_t)(j0 + j)];
        if (j0 + j >= n_keys || (modifiers->first && j0 + j < modifiers->first[i]))
            s[j] = -INFINITY;
    }
    return jl_max__ref(s, JL_KV_TILE);
}

size_t jl_attention_bytes(int hd, int n_q) {
    /* V tile as floats; per query: quants, running maximum, sum in 4 lanes and scale. */
    size_t one = ((size_t)hd + 1) / 2 * 2 * sizeof(int16_t) + 8 * sizeof(float);
    return jl_kv_tile_bytes(JL_KV_F32, hd) + align64(one * (size_t)n_q);
}

/* Online softmax (Milakov & Gimelshein 2018) of one query, tile by tile. m: running maximum of the
 * scores; l: sum of exp(s − m) in 4 lanes; acc [hd]: Σ exp(s_j − m)·v_j. A tile that raises m
 * scales l and acc by exp(old m − new m). */
static void attend(jl_kv_type type, const float *q, int n_keys, const uint8_t *k, const uint8_t *v,
                   int hd, const jl_score_modifiers *modifiers, int i_q, float *acc) {
    float m = -INFINITY, l[4] = { 0 }, p[JL_KV_TILE];
    const query rounded = query_for(type, q, hd);
    size_t bytes = jl_kv_tile_bytes(type, hd);
    memset(acc, 0, (size_t)hd * sizeof *acc);
    for (int j0 = 0; j0 < n_keys; j0 += JL_KV_TILE, k += bytes, v += bytes) {
        int n = n_keys - j0 < JL_KV_TILE ? n_keys - j0 : JL_KV_TILE;
        if (modifiers && modifiers->first && modifiers->first[i_q] >= j0 + JL_KV_TILE) continue;
        float max = tile_scores(type, &rounded, k, hd, n, p), m1;
        if (modifiers) max = modify_scores(modifiers, i_q, n_keys, j0, p);
        if (modifiers && max == -INFINITY) continue; /* no key is visible */
        m1 = max > m ? max : m;
        float c = jl_exp__ref(m - m1);
        m = m1;
        for (int i = 0; i < 4; i++) l[i] = l[i] * c;
        for (int d = 0; d < hd; d++) acc[d] = acc[d] * c;
        for (int j = 0; j < n; j++) {
            p[j] = jl_exp__ref(p[j] - m);
            l[j % 4] = l[j % 4] + p[j];
            for (int d = 0; d < hd; d++) acc[d] = acc[d] + p[j] * value_at(type, v, j * hd + d);
        }
    }
    float inverse = 1.0f / sum4(l);
    for (int d = 0; d < hd; d++) acc[d] = acc[d] * inverse;
}

void jl_attention__ref(jl_kv_type type, const float *q, int n_q, const int *n_keys, const void *k,
                       const void *v, int hd, const jl_score_modifiers *modifiers, float *out,
                       void *scratch) {
    (void)scratch;
    for (int i = 0; i < n_q; i++)
        attend(type, q + i * hd, n_keys[i], k, v, hd, modifiers, i, out + i * hd);
}

void jl_attention_scores__ref(jl_kv_type type, const float *q, int n_keys, const void *k, int hd,
                              const jl_score_modifiers *modifiers, int i, float *scores) {
    float s[JL_KV_TILE];
    const query rounded = query_for(type, q, hd);
    const uint8_t *tile = k;
    for (int j0 = 0; j0 < n_keys; j0 += JL_KV_TILE, tile += jl_kv_tile_bytes(type, hd)) {
        int n = n_keys - j0 < JL_KV_TILE ? n_keys - j0 : JL_KV_TILE;
        tile_scores(type, &rounded, tile, hd, n, s);
        if (modifiers) modify_scores(modifiers, i, n_keys, j0, s);
        memcpy(scores + j0, s, (size_t)n * sizeof *s);
    }
}

void jl_softmax__ref(float *x, int n) {
    float inverse = 1.0f / jl_softmax_exp__ref(x, jl_max__ref(x, n), n);
    for (int j = 0; j < n; j++) x[j] = x[j] * inverse;
}

void jl_attention_values__ref(jl_kv_type type, const float *weights, int n_keys, const void *v,
                              int hd, float *out) {
    const uint8_t *tile = v;
    memset(out, 0, (size_t)hd * sizeof *out);
    for (int j = 0; j < n_keys; j++) {
        if (j > 0 && j % JL_KV_TILE == 0) tile += jl_kv_tile_bytes(type, hd);
        for (int d = 0; d < hd; d++)
            out[d] = out[d] + weights[j] * value_at(type, tile, j % JL_KV_TILE * hd + d);
    }
}
