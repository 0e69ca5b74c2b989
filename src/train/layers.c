/* layers.c - the layers of a network: each forward function, then its backward.
 *
 * A backward function gets dy = ∂L/∂y and computes dx = ∂L/∂x by the chain rule.
 * tests/train/gradients.c checks all against finite differences. The host provides the gemm.
 */
#include "layers.h"

#include <string.h>

/* ---- Linear: y = W x ------------------------------------------------------------------------- */

void jlt_linear(jlt_gemm *gemm, const jlt_real *x, const jlt_real *w, int n, int in, int out,
                jlt_real *y) {
    gemm(0, 1, n, out, in, 1, x, in, w, in, 0, y, out);
}

/* dx = Wᵀ dy;  dW = Σ over rows of dy xᵀ */
void jlt_linear_backward(jlt_gemm *gemm, const jlt_real *x, const jlt_real *w, const jlt_real *dy,
                         int n, int in, int out, jlt_real *dx, jlt_real *dw) {
    if (dx) gemm(0, 0, n, in, out, 1, dy, out, w, in, 0, dx, in);
    gemm(1, 0, out, in, n, 1, dy, out, x, in, 1, dw, in);
}

/* ---- Norms ----------------------------------------------------------------------------------- */

void jlt_norm(jlt_net_norm kind, const jlt_real *x, const jlt_real *w, const jlt_real *b,
              double eps, int n, int d, jlt_real *y, jlt_real *kept) {
    for (int i = 0; i < n; i++, x += d, y += d, kept += 2) {
        jlt_real mean = 0, square = 0;
        if (kind == JLT_NET_LAYER_NORM)
            for (int j = 0; j < d; j++) mean += x[j] / (jlt_real)d;
        for (int j = 0; j < d; j++) square += (x[j] - mean) * (x[j] - mean);
        jlt_real r = 1 / jlt_real_sqrt(square / (jlt_real)d + (jlt_real)eps);
        for (int j = 0; j < d; j++) y[j] = (x[j] - mean) * r * w[j] + (b ? b[j] : 0);
        kept[0] = mean;
        kept[1] = r;
    }
}

/* With x̂ = (x − μ)·r and g = w ⊙ dy:  dx = r·(g − mean(g) − x̂·mean(g ⊙ x̂)); RMSNorm omits
 * mean(g).  dw = Σ dy ⊙ x̂,  db = Σ dy. */
void jlt_norm_backward(jlt_net_norm kind, const jlt_real *x, const jlt_real *w,
                       const jlt_real *kept, const jlt_real *dy, int n, int d, jlt_real *dx,
                       jlt_real *dw, jlt_real *db) {
    for (int i = 0; i < n; i++, x += d, dy += d, dx += d, kept += 2) {
        jlt_real mean = kept[0], r = kept[1], g_mean = 0, gx_mean = 0;
        for (int j = 0; j < d; j++) {
            jlt_real unit = (x[j] - mean) * r, g = w[j] * dy[j];
            g_mean += g;
            gx_mean += g * unit;
            dw[j] += dy[j] * unit;
            if (db) db[j] += dy[j];
        }
        g_mean = kind == JLT_NET_LAYER_NORM ? g_mean / (jlt_real)d : 0;
        gx_mean /= (jlt_real)d;
        for (int j = 0; j < d; j++)
            dx[j] += r * (w[j] * dy[j] - g_mean - (x[j] - mean) * r * gx_mean);
    }
}

/* ---- Activations ----------------------------------------------------------------------------- */

void jlt_swiglu(const jlt_real *gu, int n, int ff, jlt_real *y) {
    for (int i = 0; i < n; i++, gu += 2 * ff, y += ff)
        for (int j = 0; j < ff; j++) y[j] = gu[j] * jlt_real_logistic(gu[j]) * gu[ff + j];
}

/* silu'(g) = σ(g)·(1 + g·(1 − σ(g))) */
void jlt_swiglu_backward(const jlt_real *gu, const jlt_real *dy, int n, int ff, jlt_real *dgu) {
    for (int i = 0; i < n; i++, gu += 2 * ff, dgu += 2 * ff, dy += ff)
        for (int j = 0; j < ff; j++) {
            jlt_real g = gu[j], sigma = jlt_real_logistic(g);
            dgu[j] = dy[j] * gu[ff + j] * sigma * (1 + g * (1 - sigma));
            dgu[ff + j] = dy[j] * g * sigma;
        }
}

static const jlt_real ROOT_2_PI = (jlt_real)0.79788456080286536; /* √(2/π) */
static const jlt_real CUBIC = (jlt_real)0.044715;

void jlt_gelu(const jlt_real *x, size_t n, jlt_real *y) {
    for (size_t i = 0; i < n; i++) {
        jlt_real u = ROOT_2_PI * (x[i] + CUBIC * x[i] * x[i] * x[i]);
        y[i] = x[i] / 2 * (1 + jlt_real_tanh(u));
    }
}

/* With t = tanh u:  y' = (1 + t)/2 + x/2·(1 − t²)·u' */
void jlt_gelu_backward(const jlt_real *x, const jlt_real *dy, size_t n, jlt_real *dx) {
    for (size_t i = 0; i < n; i++) {
        jlt_real t = jlt_real_tanh(ROOT_2_PI * (x[i] + CUBIC * x[i] * x[i] * x[i]));
        jlt_real slope = ROOT_2_PI * (1 + 3 * CUBIC * x[i] * x[i]);
        dx[i] = dy[i] * ((1 + t) / 2 + x[i] / 2 * (1 - t * t) * slope);
    }
}

/* ---- Positions, dropout ---------------------------------------------------------------------- */

void jlt_angle(int t, int i, int width, double base, jlt_real cs[2]) {
    double angle = t * pow(base, -(double)i / width);
    cs[0] = (jlt_real)cos(angle);
    cs[1] = (jlt_real)sin(angle);
}

void jlt_sinusoid(int t, int i, int width, jlt_real pair[2]) {
    jlt_real cs[2], length = jlt_real_sqrt((jlt_real)width);
    jlt_angle(t, i, width, 10000, cs);
    pair[0] = cs[1] / length;
    pair[1] = cs[0] / length;
}

void jlt_rotate(jlt_real *x, int n, int stride, int heads, int hd, const jlt_real *cs, int length,
                int sign) {
    for (int i = 0; i < n; i++) {
        const jlt_real *angles = cs + (size_t)(i % length) * (size_t)hd;
        for (int h = 0; h < heads; h++) {
            jlt_real *v = x + (size_t)i * (size_t)stride + (size_t)(h * hd);
            for (int j = 0; j < hd; j += 2) {
                jlt_real c = angles[j], s = (jlt_real)sign * angles[j + 1], a = v[j], b = v[j + 1];
                v[j] = a * c - b * s;
                v[j + 1] = a * s + b * c;
            }
        }
    }
}

void jlt_dropout(jlt_real *x, const uint8_t *mask, size_t n, double p) {
    jlt_real grow = (jlt_real)(1 / (1 - p));
    for (size_t i = 0; i < n; i++) x[i] = mask[i] ? x[i] * grow : 0;
}

/* ---- Softmax and cross-entropy --------------------------------------------------------------- */

static jlt_real largest(const jlt_real *x, int n) {
    jlt_real max = x[0];
    for (int i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

/* x = e^(x − max); returns the sum. Four lanes let the compiler vectorise it. */
static jlt_real exponentials(jlt_real *x, int n) {
    jlt_real max = largest(x, n), lane[4] = { 0 };
    for (int i = 0; i < n; i++) x[i] = jlt_real_exp(x[i] - max);
    int i = 0;
    for (; i + 4 <= n; i += 4)
        for (int l = 0; l < 4; l++) lane[l] += x[i + l];
    for (; i < n; i++) lane[0] += x[i];
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

double jlt_cross_entropy(jlt_real *z, const int32_t *target, int n, int v, double scale) {
    double loss = 0;
    for (int i = 0; i < n; i++, z += v) {
        jlt_real *wanted = z + target[i], score = *wanted - largest(z, v);
        jlt_real sum = exponentials(z, v), grow = (jlt_real)scale / sum;
        loss += log((double)sum) - (double)score;
        for (int j = 0; j < v; j++) z[j] *= grow;
        *wanted -= (jlt_real)scale;
    }
    return loss;
}

/* ---- Attention ------------------------------------------------------------------------------- */

double jlt_alibi_slope(int h, int H) {
    return exp2(-8.0 * (h + 1) / H);
}

/* Softmax of row i over keys 0..i; zeros from there to `width`. */
static void causal_softmax(jlt_real *row, int i, int width, jlt_real slope) {
    for (int j = 0; slope > 0 && j <= i; j++) row[j] -= slope * (jlt_real)(i - j);
    jlt_real inverse = 1 / exponentials(row, i + 1);
    for (int j = 0; j <= i; j++) row[j] *= inverse;
    for (int j = i + 1; j < width; j++) row[j] = 0;
}

/* Offsets of head h of sequence b; rows lie `stride` numbers apart. */
typedef struct one_head {
    size_t q, k, v; /* offsets in qkv */
    size_t out;     /* offset in out */
    size_t p;       /* offset in p */
    jlt_real scale, slope;
} one_head;

static one_head find_head(const jlt_heads *a, int b, int h) {
    size_t T = (size_t)a->T, hd = (size_t)a->hd, H = (size_t)a->H, G = (size_t)a->G;
    size_t row = (size_t)b * T, g = (size_t)h * G / H, start = row * (H + 2 * G) * hd;
    return (one_head){ .q = start + (size_t)h * hd,
                       .k = start + (H + g) * hd,
                       .v = start + (H + G + g) * hd,
                       .out = row * H * hd + (size_t)h * hd,
                       .p = ((size_t)b * H + (size_t)h) * T * T,
                       .scale = (jlt_real)(1 / sqrt((double)hd)),
                       .slope = a->alibi ? (jlt_real)jlt_alibi_slope(h, a->H) : 0 };
}

/* Queries are processed in blocks of rows, so most masked scores are never computed. */
void jlt_attention(jlt_gemm *gemm, const jlt_heads *a, const jlt_real *qkv, jlt_real *p,
                   jlt_real *out) {
    int T = a->T, hd = a->hd, stride = (a->H + 2 * a->G) * hd, width = a->H * hd;
    for (int i = 0; i < a->B * a->H; i++) {
        one_head at = find_head(a, i / a->H, i % a->H);
        const jlt_real *q = qkv + at.q, *k = qkv + at.k, *v = qkv + at.v;
        for (int r = 0; r < T; r += JLT_QUERY_BLOCK) {
            int rows = T - r < JLT_QUERY_BLOCK ? T - r : JLT_QUERY_BLOCK, keys = r + rows;
            jlt_real *s = p + at.p + (size_t)r * (size_t)T; /* [rows][keys], T apart */
            gemm(0, 1, rows, keys, hd, at.scale, q + (size_t)r * (size_t)stride, stride, k, stride,
                 0, s, T);
            for (int j = 0; j < rows; j++)
                causal_softmax(s + (size_t)j * (size_t)T, r + j, keys, at.slope);
            gemm(0, 0, rows, hd, keys, 1, s, T, v, stride, 0,
                 out + at.out + (size_t)r * (size_t)width, width);
        }
    }
}

/* Softmax backward: dS = P ⊙ (dP − rowsum(P ⊙ dP)), in place in dp [rows][keys]. */
static void softmax_back(const jlt_real *p, int ldp, jlt_real *dp, int rows, int keys) {
    for (int i = 0; i < rows; i++, p += ldp, dp += keys) {
        jlt_real lane[4] = { 0 };
        int j = 0;
        for (; j + 4 <= keys; j += 4)
            for (int l = 0; l < 4; l++) lane[l] += p[j + l] * dp[j + l];
        for (; j < keys; j++) lane[0] += p[j] * dp[j];
        jlt_real dot = (lane[0] + lane[1]) + (lane[2] + lane[3]);
        for (j = 0; j < keys; j++) dp[j] = p[j] * (dp[j] - dot);
    }
}

/* dP = dO Vᵀ;  dV = Pᵀ dO;  dQ = dS K/√hd;  dK = dSᵀ Q/√hd, summed over heads that share keys. */
void jlt_attention_backward(jlt_gemm *gemm, const jlt_heads *a, const jlt_real *qkv,
                            const jlt_real *p, const jlt_real *dout, jlt_real *dqkv,
                            jlt_real *scratch) {
    int T = a->T, hd = a->hd, stride = (a->H + 2 * a->G) * hd, width = a->H * hd;
    memset(dqkv, 0, (size_t)a->B * (size_t)T * (size_t)stride * sizeof *dqkv);
    for (int i = 0; i < a->B * a->H; i++) {
        one_head at = find_head(a, i / a->H, i % a->H);
        const jlt_real *k = qkv + at.k, *v = qkv + at.v;
        for (int r = 0; r < T; r += JLT_QUERY_BLOCK) {
            int rows = T - r < JLT_QUERY_BLOCK ? T - r : JLT_QUERY_BLOCK, keys = r + rows;
            size_t first = (size_t)r * (size_t)stride;
            const jlt_real *s = p + at.p + (size_t)r * (size_t)T;
            const jlt_real *d = dout + at.out + (size_t)r * (size_t)width;
            gemm(1, 0, keys, hd, rows, 1, s, T, d, width, 1, dqkv + at.v, stride);
            gemm(0, 1, rows, keys, hd, 1, d, width, v, stride, 0, scratch, keys);
            softmax_back(s, T, scratch, rows, keys);
            gemm(0, 0, rows, hd, keys, at.scale, scratch, keys, k, stride, 0, dqkv + at.q + first,
                 stride);
            gemm(1, 0, keys, hd, rows, at.scale, scratch, keys, qkv + at.q + first, stride, 1,
                 dqkv + at.k, stride);
        }
    }
}
