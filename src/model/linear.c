/* linear.c - the only place where weights meet activations.
 *
 * Place in the flow: parts of a block → here → compute/. Activations are prepared once for all
 * matrices that share them, and again only where the layout of the weights changes. No state, no
 * allocation.
 */
#include "linear.h"

#include <string.h>

/* y [n][w.rows] = W x */
static void multiply(const jl_matrix *w, const jl_act *x, float *y) {
    jl_matmul(w, x, y, 0, (w->rows + JL_PANEL - 1) / JL_PANEL);
}

void jl_project(void *act, const float *x, int n, const jl_linear *const *w, float *const *y,
                int count) {
    jl_act a = { 0 };
    for (int i = 0; i < count; i++) {
        const jl_matrix *m = &w[i]->w;
        if (i == 0 || m->layout != w[i - 1]->w.layout) {
            jl_act_init(&a, act, n, m->cols);
            a.fast = m->fast && m->fast->matmul ? m->fast : NULL;
            jl_act_prepare(&a, x, n, m->cols, m->layout);
        }
        multiply(m, &a, y[i]);
        for (int t = 0; w[i]->bias && t < n; t++)
            jl_add(y[i] + (size_t)t * (size_t)m->rows, w[i]->bias, m->rows);
    }
}

void jl_normalise(const jl_model *m, const jl_norm *norm, const float *x, int rows, int width,
                  float *y) {
    size_t step = (size_t)width;
    for (size_t r = 0; r < (size_t)rows; r++, x += step, y += step)
        if (!norm->weight)
            memmove(y, x, step * sizeof *y);
        else if (m->arch->norm == JL_LAYER_NORM)
            jl_layer_norm(x, norm->weight, norm->bias, m->h.eps, width, y);
        else
            jl_rms_norm(x, norm->weight, m->h.eps, width, y);
}
