/* jielong_host.h - what a host may provide: threads, precision, kernels.
 *
 * All of it is optional, and none of it but precision changes a bit of the results. Adds to
 * jielong.h, whose conventions hold here too.
 */
#ifndef JIELONG_HOST_H
#define JIELONG_HOST_H

#include "compute/precision.h"
#include "jielong.h"

/* ---- Threads: a pool ------------------------------------------------------------------------- */

/* The library starts no thread: the host starts the pool's workers, and says how one of them
 * sleeps. Sessions that share a pool give the same bits with any number of workers.
 *
 * A worker may die with a claimed item (a browser ends a page's workers). If no item is finished
 * for three seconds, the worker is lost: the call fails with JL_ERR_THREAD, and the pool continues
 * with the caller's thread alone until jl_pool_use() is called. */

enum { JL_MAX_THREADS = 16 };

/* How a worker sleeps: as a futex. */
typedef struct jl_waiter {
    void *context;
    /* Sleeps if *at == value until wake(at), or for ms milliseconds (< 0: no limit), or less. */
    void (*wait)(void *context, const void *at, int32_t value, int ms);
    void (*wake)(void *context, const void *at); /* all that sleep at it */
    int patient; /* nonzero: no worker is ever lost, however long an item takes */
} jl_waiter;

/* A pool for at most n_threads, with the caller's own; the caller alone until jl_pool_use(). It
 * serves one call at a time; sessions that one thread drives may share it. */
jl_pool *jl_pool_new(int n_threads, const jl_waiter *waiter, jl_error *error);
/* Frees it, after every jl_pool_work() has returned or its thread has ended. NULL is fine. */
void jl_pool_free(jl_pool *pool);

/* What the host calls in its thread number 1 … n_threads − 1; returns after jl_pool_stop(). */
void jl_pool_work(jl_pool *pool, int thread);
void jl_pool_stop(jl_pool *pool);
int jl_pool_arrived(const jl_pool *pool); /* threads that have called jl_pool_work() */

/* How many threads, with the caller's, take part from here on. After JL_ERR_THREAD end all of them,
 * then jl_pool_use(pool, 1) goes on without. */
void jl_pool_use(jl_pool *pool, int n_threads);
int jl_pool_threads(const jl_pool *pool); /* that take part; 1 for NULL */

/* Measures whether max, max / 2, … or 1 threads evaluate a token of m fastest, uses that many and
 * returns how many, or a negative status. For hosts, once the model is loaded and the workers have
 * arrived; takes the time of a few tokens. now: a clock in milliseconds. */
int jl_pool_calibrate(jl_pool *pool, int max, const jl_model *m, double (*now)(void),
                      jl_error *error);

/* ---- Precision and kernels ------------------------------------------------------------------- */

/* Precision: activations of products with quantised weights have 16 bits (`exact`) or 8 (`fast`,
 * llama.cpp's own accuracy), for each class of weights separately. Both give the same bits on every
 * machine. Kernels: products of precision `fast` are computed by the build's `own` kernels or by
 * `relaxed` ones (compute/relaxed.c), which a browser with relaxed SIMD provides; the bits are the
 * same. */
typedef enum jl_weight_class { JL_WEIGHTS_BELOW_8, JL_WEIGHTS_OF_8 } jl_weight_class;

/* Sets the precision of a class, and its relaxed kernels if the host has them. Copied; NULL:
 * `exact`, the default. Must be called before the model's first session. Returns whether the model
 * has such weights. */
int jl_model_set_precision(jl_model *m, jl_weight_class weights, const jl_precision *precision);

/* Which products the relaxed kernels of both classes compute (JL_RELAXED_…), the own kernels the
 * others. May be called between any two evaluations. */
void jl_model_use_relaxed(jl_model *m, int relaxed);

/* "kernels" and "precision" of the model's description; static, NUL-terminated. */
const char *jl_model_kernels(const jl_model *m);
const char *jl_model_precision(const jl_model *m);

#endif
