/* parallel.c - splits products and row-wise passes into the items of a pool's job.
 *
 * A product with one token has one item per thread: contiguous weights come fastest from memory,
 * and the job takes only some ten microseconds, so claims and transfers of cache lines would cost a
 * large part. A batch has one large item per thread, then small ones, so that all threads end
 * together. Products with the same input form one job, because every job ends with a wait.
 */
#include "parallel.h"

enum {
    LARGE_SHARE = 2,      /* large items are 1 / LARGE_SHARE of a batch */
    GRAIN = 60000,        /* minimum multiplications of a small item: some 3 µs */
    SMALL = 16,           /* a small item is at least 1 / SMALL of a thread's share */
    WORTH = 50000,        /* minimum multiplications of a parallel job */
    SHARE = 6,            /* items of rows per thread */
    ROWS_WORTH_NS = 4000, /* minimum nanoseconds of parallel rows */
    ROW_TILE = 16         /* tokens per item of activations */
};

static int panels_of(const jl_matrix *w) {
    return (w->rows + JL_PANEL - 1) / JL_PANEL;
}

/* ---- Products -------------------------------------------------------------------------------- */

/* Splits the concatenated panels of all products: first `threads` items of `large` panels, then
 * items of `small`. */
typedef struct product_job {
    const jl_matmul_job *list;
    int n, panels, threads, large, small;
} product_job;

static int min(int a, int b) {
    return a < b ? a : b;
}

static void multiply_item(void *arg, int i, int thread) {
    const product_job *job = arg;
    int late = i - job->threads, from = i * job->large, to = from + job->large;
    (void)thread;
    if (late >= 0) {
        from = job->threads * job->large + late * job->small;
        to = min(from + job->small, job->panels);
    }
    for (const jl_matmul_job *m = job->list; from < to; m++) {
        int panels = panels_of(m->w);
        if (from < panels) jl_matmul(m->w, m->x, m->y, from, min(to, panels));
        from = from < panels ? 0 : from - panels;
        to -= panels;
    }
}

void jl_matmul_all(jl_pool *pool, const jl_matmul_job *list, int n) {
    int threads = jl_pool_threads(pool), panels = 0;
    int64_t work = 0;
    for (int k = 0; k < n; k++) {
        panels += panels_of(list[k].w);
        work += (int64_t)list[k].w->rows * list[k].w->cols * list[k].x->n;
    }
    if (threads == 1 || work < WORTH) {
        for (int k = 0; k < n; k++)
            jl_matmul(list[k].w, list[k].x, list[k].y, 0, panels_of(list[k].w));
        return;
    }
    int64_t grain = GRAIN * (int64_t)panels / work + 1;
    int share = list[0].x->n == 1 ? 1 : LARGE_SHARE;
    product_job job = { list, n, panels, threads, panels / (share * threads), 0 };
    job.small = (int)grain > panels / (SMALL * threads) ? (int)grain : panels / (SMALL * threads);
    int left = panels - threads * job.large;
    jl_pool_run(pool, threads + (left + job.small - 1) / job.small, multiply_item, &job);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

typedef struct rows_job {
    jl_rows_task *rows;
    void *arg;
    int n, step;
} rows_job;

static void rows_item(void *arg, int i, int thread) {
    const rows_job *job = arg;
    (void)thread;
    int end = (i + 1) * job->step;
    job->rows(job->arg, i * job->step, end < job->n ? end : job->n);
}

void jl_each_row(jl_pool *pool, int n, int cost, jl_rows_task *rows, void *arg) {
    int threads = jl_pool_threads(pool), items = threads * SHARE;
    if (threads == 1 || (int64_t)n * cost < ROWS_WORTH_NS) {
        rows(arg, 0, n);
        return;
    }
    rows_job job = { rows, arg, n, (n + items - 1) / items };
    jl_pool_run(pool, (n + job.step - 1) / job.step, rows_item, &job);
}

/* ---- Activations ----------------------------------------------------------------------------- */

typedef struct prepare_job {
    const jl_act *a;
    const float *x;
    jl_layout layout;
    int n, cols;
} prepare_job;

/* ROW_TILE tokens of a batch. The last item also takes a single remaining token, because a batch of
 * one has a different layout. */
static void prepare_item(void *arg, int i, int thread) {
    const prepare_job *job = arg;
    (void)thread;
    int from = i * ROW_TILE, left = job->n - from;
    jl_act part;
    jl_act_part(&part, job->a, job->cols, from);
    jl_act_prepare(&part, job->x + (size_t)from * (size_t)job->cols,
                   left <= ROW_TILE + 1 ? left : ROW_TILE, job->cols, job->layout);
}

void jl_prepare(jl_pool *pool, jl_act *a, const float *x, int n, int cols, jl_layout layout) {
    int items = n < 2 ? 1 : (n + ROW_TILE - 2) / ROW_TILE;
    if (jl_pool_threads(pool) == 1 || layout < JL_LAYOUT_Q8 || items == 1) {
        jl_act_prepare(a, x, n, cols, layout);
        return;
    }
    prepare_job job = { a, x, layout, n, cols };
    jl_pool_run(pool, items, prepare_item, &job);
    a->n = n;
    a->cols = cols;
    a->x = x;
}
