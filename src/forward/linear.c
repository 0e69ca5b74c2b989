/* linear.c - the only file that multiplies weights and activations.
 *
 * Place in the flow: sublayers → here → compute/. Matrices with the same input share its prepared
 * activations; only a change of layout prepares them again. No state, no allocation.
 */
#include "linear.h"

#include <string.h>

static void add_bias(const jl_linear *w, float *y, int n) {
    for (int t = 0; w->bias && t < n; t++, y += w->w.rows) jl_add(y, w->bias, w->w.rows);
}

void jl_linear_forward(const jl_scratch *s, const float *x, int n, const jl_linear *const *w,
                       float *const *y, int count) {
    jl_matmul_job list[JL_MAX_MATMULS];
    for (int i = 0, same; i < count; i += same) {
        const jl_matrix *m = &w[i]->w;
        jl_act a;
        jl_act_init(&a, s->act, n, m->cols);
        a.precision = m->precision && m->precision->fast ? m->precision : NULL;
        jl_prepare(s->pool, &a, x, n, m->cols, m->layout);
        for (same = 0; i + same < count && w[i + same]->w.layout == m->layout; same++)
            list[same] = (jl_matmul_job){ &w[i + same]->w, &a, y[i + same] };
        jl_matmul_all(s->pool, list, same);
    }
    for (int i = 0; i < count; i++) add_bias(w[i], y[i], n);
}

typedef struct norm_job {
    const jl_pass *p;
    const jl_norm *norm;
    const float *x;
    float *y;
    int width;
} norm_job;

static void normalise_rows(void *arg, int first, int end) {
    const norm_job *job = arg;
    const jl_norm *norm = job->norm;
    float eps = job->p->m->h.eps;
    size_t step = (size_t)job->width, from = (size_t)first * step;
    const float *x = job->x + from;
    float *y = job->y + from;
    for (int r = first; r < end; r++, x += step, y += step)
        if (!norm->weight)
            memmove(y, x, step * sizeof *y);
        else if (job->p->m->arch->norm == JL_LAYER_NORM)
            jl_layer_norm(x, norm->weight, norm->bias, eps, job->width, y);
        else
            jl_rms_norm(x, norm->weight, eps, job->width, y);
}

void jl_normalise(const jl_pass *p, const jl_norm *norm, const float *x, int rows, int width,
                  float *y) {
    norm_job job = { p, norm, x, y, width };
    jl_each_row(p->s->pool, rows, width / 4, normalise_rows, &job);
}
