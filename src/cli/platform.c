/* platform.c - what training may borrow of the machine: a BLAS for its products, threads for its
 * shards. Both only make it faster; without them the library's own loops do the same work. */
#include "train.h"

#include <pthread.h>
#include <stdlib.h>

#include "../compute/kernels.h"

#ifdef JL_BLAS
#include <cblas.h>

static void blas_gemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc) {
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c,
                ldc);
}
#endif

jl_gemm *cli_gemm(void) {
#ifdef JL_BLAS
    openblas_set_num_threads(1); /* shards run side by side instead */
    return blas_gemm;
#else
    return jl_product;
#endif
}

typedef struct worker {
    pthread_t thread;
    int first, stride, n;
    void (*work)(void *, int);
    void *arg;
} worker;

static void *run_worker(void *argument) {
    worker *w = argument;
    for (int i = w->first; i < w->n; i += w->stride) w->work(w->arg, i);
    return NULL;
}

/* Threads are made for each call: a step takes long beside that. One that cannot be made is done
 * here instead. */
void cli_parallel(void *context, int n, void (*work)(void *, int), void *arg) {
    int threads = *(const int *)context;
    worker workers[CLI_MAX_THREADS];
    if (threads > n) threads = n;
    if (threads > CLI_MAX_THREADS) threads = CLI_MAX_THREADS;
    if (threads < 1) threads = 1;
    for (int i = 0; i < threads; i++) workers[i] = (worker){ .first = i, threads, n, work, arg };
    int made = 1;
    while (made < threads &&
           pthread_create(&workers[made].thread, NULL, run_worker, &workers[made]) == 0)
        made++;
    run_worker(&workers[0]);
    for (int i = made; i < threads; i++) run_worker(&workers[i]);
    for (int i = 1; i < made; i++) pthread_join(workers[i].thread, NULL);
}
