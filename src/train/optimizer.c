/* optimizer.c - learning-rate schedule, AdamW and Muon as in their papers. */
#include "optimizer.h"

#include <string.h>

double jlt_schedule(const jlt_optimizer *o, int step) {
    if (step < o->warmup) return (step + 1.0) / o->warmup;
    if (step >= o->steps) return (double)o->lr_end;
    double done = (double)(step - o->warmup) / (o->steps - o->warmup);
    double cosine = 0.5 + 0.5 * cos(3.14159265358979324 * done);
    return (double)o->lr_end + (1 - (double)o->lr_end) * cosine;
}

double jlt_gradient_norm(const jlt_real *g, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)g[i] * (double)g[i];
    return sqrt(sum);
}

/* m = β1·m + (1 − β1)·g;  v = β2·v + (1 − β2)·g²;
 * p = p − lr·(m̂/(√v̂ + eps) + decay·p), m̂ and v̂ bias-corrected. */
static void adamw(const jlt_optimizer *o, int step, double lr, double decay, const jlt_real *g,
                  jlt_real grow, jlt_real *p, jlt_real *m, jlt_real *v, size_t n) {
    jlt_real b1 = (jlt_real)o->beta1, b2 = (jlt_real)o->beta2, eps = (jlt_real)o->adam_eps;
    jlt_real unbias1 = (jlt_real)(1 / (1 - pow((double)o->beta1, step + 1)));
    jlt_real unbias2 = (jlt_real)(1 / (1 - pow((double)o->beta2, step + 1)));
    jlt_real keep = (jlt_real)(1 - lr * decay), rate = (jlt_real)lr;
    for (size_t i = 0; i < n; i++) {
        jlt_real d = g[i] * grow;
        m[i] = b1 * m[i] + (1 - b1) * d;
        v[i] = b2 * v[i] + (1 - b2) * d * d;
        p[i] = p[i] * keep - rate * (m[i] * unbias1) / (jlt_real_sqrt(v[i] * unbias2) + eps);
    }
}

/* Replaces X [r][c] by nearly the closest orthogonal matrix: five steps X ← aX + (bA + cA²)X,
 * A = X Xᵀ, move all singular values towards 1. If r > c, uses A = Xᵀ X and multiplies on the
 * right. Scratch: A, B [min²]; Y [r][c]. */
static void orthogonalise(jlt_gemm *gemm, jlt_real *X, int r, int c, jlt_real *A, jlt_real *B,
                          jlt_real *Y) {
    const jlt_real a = (jlt_real)3.4445, b = (jlt_real)-4.7750, q = (jlt_real)2.0315;
    int s = r < c ? r : c, wide = r < c;
    size_t n = (size_t)r * (size_t)c, square = (size_t)s * (size_t)s;
    jlt_real shrink = (jlt_real)(1 / (jlt_gradient_norm(X, n) + 1e-7));
    for (size_t i = 0; i < n; i++) X[i] *= shrink;
    for (int step = 0; step < 5; step++) {
        gemm(!wide, wide, s, s, wide ? c : r, 1, X, c, X, c, 0, A, s);
        memcpy(B, A, square * sizeof *B);
        gemm(0, 0, s, s, s, q, A, s, A, s, b, B, s);
        memcpy(Y, X, n * sizeof *Y);
        if (wide)
            gemm(0, 0, r, c, s, 1, B, s, Y, c, a, X, c);
        else
            gemm(0, 0, r, c, s, 1, Y, c, B, s, a, X, c);
    }
}

/* m = μ·m + g with Nesterov's look-ahead, orthogonalised, RMS 0.2. */
static void muon(const jlt_optimizer *o, jlt_gemm *gemm, double lr, const jlt_real *g,
                 jlt_real grow, jlt_real *p, jlt_real *m, int r, int c, jlt_real *scratch) {
    size_t n = (size_t)r * (size_t)c, min = (size_t)(r < c ? r : c);
    jlt_real *X = scratch, *Y = X + n, *A = Y + n, *B = A + min * min;
    jlt_real mu = (jlt_real)o->momentum, keep = (jlt_real)(1 - lr * (double)o->decay);
    for (size_t i = 0; i < n; i++) {
        m[i] = mu * m[i] + g[i] * grow;
        X[i] = g[i] * grow + mu * m[i];
    }
    orthogonalise(gemm, X, r, c, A, B, Y);
    jlt_real rate = (jlt_real)(lr * 0.2 * sqrt((double)(r > c ? r : c)));
    for (size_t i = 0; i < n; i++) p[i] = p[i] * keep - rate * X[i];
}

/* Muon updates only matrices of blocks: rows of an embedding are not a linear map. */
static int suits_muon(const jlt_net_tensor *t) {
    return t->rows > 1 && memcmp(t->name, "blk.", 4) == 0;
}

size_t jlt_update_scratch(const jlt_network *net) {
    size_t max = 0;
    for (int i = 0; i < net->n_tensors; i++) {
        const jlt_net_tensor *t = &net->tensors[i];
        size_t r = (size_t)t->rows, c = (size_t)t->cols, s = r < c ? r : c;
        size_t n = suits_muon(t) ? 2 * r * c + 2 * s * s : 0;
        if (n > max) max = n;
    }
    return max;
}

void jlt_update(const jlt_network *net, const jlt_optimizer *o, int step, const jlt_real *grads,
                double grow, jlt_real *params, jlt_real *m, jlt_real *v, int first, int stride,
                jlt_real *scratch) {
    double now = jlt_schedule(o, step);
    for (int i = first; i < net->n_tensors; i += stride) {
        const jlt_net_tensor *t = &net->tensors[i];
        size_t at = t->at, n = (size_t)t->rows * (size_t)t->cols;
        if (o->kind == JLT_MUON && suits_muon(t))
            muon(o, net->gemm, now * (double)o->lr_matrix, grads + at, (jlt_real)grow, params + at,
                 m + at, t->rows, t->cols, scratch);
        else
            adamw(o, step, now * (double)o->lr, t->rows > 1 ? (double)o->decay : 0, grads + at,
                  (jlt_real)grow, params + at, m + at, v + at, n);
    }
}
