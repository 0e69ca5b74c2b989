/* parallel.h - products and row-wise passes, distributed over the threads of a pool.
 *
 * The bits equal those of the kernel for any number of threads, because panels, tiles of tokens and
 * rows are independent. Small jobs run on the caller's thread alone. pool may be NULL.
 */
#ifndef JL_PARALLEL_H
#define JL_PARALLEL_H

#include "kernels.h"
#include "pool.h"

/* y [x.n][w.rows] = W x */
typedef struct jl_matmul_job {
    const jl_matrix *w;
    const jl_act *x;
    float *y;
} jl_matmul_job;

enum { JL_MAX_MATMULS = 4 };

/* n ≤ JL_MAX_MATMULS independent products. */
void jl_matmul_all(jl_pool *pool, const jl_matmul_job *list, int n);

/* jl_act_prepare(), in parts of whole tiles. */
void jl_prepare(jl_pool *pool, jl_act *a, const float *x, int n, int cols, jl_layout layout);

/* Calls rows(arg, first, end) for pieces of [0, n); cost: nanoseconds per row. */
typedef void jl_rows_task(void *arg, int first, int end);
void jl_each_row(jl_pool *pool, int n, int cost, jl_rows_task *rows, void *arg);

#endif
