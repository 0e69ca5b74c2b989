/* linear.c - the only file that multiplies weights and activations.
 *
 * Place in the flow: sublayers → here → compute/. Matrices with the same input share its prepared
 * activations; only a change of layout prepares them again. No state, no allocation.
 */
#include "linear.h"

#include <math.h>
#include <string.h>

#include "../compute/pack.h"
#include "sites.h"

static void add_bias(const jl_linear *w, float *y, int n) {
#ifdef JL_ALL
    if (w->scale) jl_scale(y, *w->scale, n * w->w.rows);
#endif
    for (int t = 0; w->bias && t < n; t++, y += w->w.rows) jl_add(y, w->bias, w->w.rows);
}

static void count_product(jl_meter *meter, const jl_matrix *w, int n) {
    double elements = (double)w->rows * (double)w->cols;
    meter->counters.multiply_adds[meter->part] += n * elements;
    meter->counters.weight_bytes += (double)jl_matrix_bytes(w->layout, w->rows, w->cols);
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
    for (int i = 0; i < count; i++) count_product(s->meter, &w[i]->w, n);
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

/* The divisor of a row, and y = (x − mean) / divisor, whose mean is 0 only in layer norms. */
static float normalise_row(const jl_model *m, const float *x, int width, float *y) {
    double mean = 0, sum = 0;
    for (int i = 0; i < width && m->arch->norm == JL_LAYER_NORM; i++) mean += (double)x[i] / width;
    for (int i = 0; i < width; i++) sum += ((double)x[i] - mean) * ((double)x[i] - mean);
    for (int i = 0; i < width; i++) y[i] = (float)((double)x[i] - mean);
    return (float)sqrt(sum / width + (double)m->h.eps);
}

/* Visits the sites of a norm row by row, in the probe's spare row. An edit of them makes y;
 * otherwise y is the kernel's, so that reading changes no bit. */
static void normalise_watched(const jl_pass *p, const jl_norm *norm, jl_site scale, int block,
                              const float *x, int rows, float *y) {
    int width = p->m->h.n_embd;
    int edited = jl_edited(p, scale, block) || jl_edited(p, scale + 1, block);
    float *row = p->probe->norm;
    jl_pass one = *p;
    one.n = 1;
    for (one.pos = p->pos; one.pos < p->pos + rows; one.pos++, x += width, y += width) {
        float divisor = normalise_row(p->m, x, width, row);
        jl_at(&one, scale, block, &divisor);
        for (int i = 0; i < width; i++) row[i] /= divisor;
        jl_at(&one, scale + 1, block, row);
        for (int i = 0; i < width && edited; i++)
            y[i] = row[i] * norm->weight[i] + (norm->bias ? norm->bias[i] : 0);
        if (!edited) jl_normalise(p, norm, x, 1, width, y);
    }
}

void jl_normalise_at(const jl_pass *p, const jl_norm *norm, jl_site scale, int block,
                     const float *x, int rows, float *y) {
    if (norm->weight && (jl_watched(p, scale) || jl_watched(p, scale + 1)))
        normalise_watched(p, norm, scale, block, x, rows, y);
    else
        jl_normalise(p, norm, x, rows, p->m->h.n_embd, y);
}
