/* jielong_host.h - optional services of a host: threads, precision, kernels.
 *
 * Only the precision changes the results. Extends jielong.h, whose conventions apply.
 */
#ifndef JIELONG_HOST_H
#define JIELONG_HOST_H

#include "compute/precision.h"
#include "jielong.h"

/* ---- Headers --------------------------------------------------------------------------------- */

/* Before the first bytes: only the header is read. feed returns JL_OK after it; the model gets no
 * weights and can only be described (jl_model_info, whose sites are not complete) and freed. */
void jl_model_header_only(jl_model *m);
/* Length of the file up to its last tensor; 0 before the header is complete. */
uint64_t jl_model_file_bytes(const jl_model *m);

/* ---- Threads: a pool ------------------------------------------------------------------------- */

/* The library starts no threads: the host starts the pool workers and provides their wait and wake
 * functions. Results are bit-identical for any number of workers.
 *
 * A worker may die with a claimed item (a browser ends a page's workers). If no item finishes for
 * three seconds, the worker is lost: the call fails with JL_ERR_THREAD, and the pool uses only the
 * caller's thread until the next jl_pool_use(). */

enum { JL_MAX_THREADS = 16 };

/* Futex operations of the host. */
typedef struct jl_waiter {
    void *context;
    /* If *at == value, sleeps until wake(at), at most ms milliseconds (< 0: no limit). */
    void (*wait)(void *context, const void *at, int32_t value, int ms);
    void (*wake)(void *context, const void *at); /* all sleepers */
    int patient; /* nonzero: an item may take any time; no worker counts as lost */
} jl_waiter;

/* A pool of at most n_threads, including the caller's; it uses only that one until jl_pool_use().
 * One call at a time; sessions of the same thread may share it. */
jl_pool *jl_pool_new(int n_threads, const jl_waiter *waiter, jl_error *error);
/* Call after every jl_pool_work() has returned or its thread has ended. NULL is fine. */
void jl_pool_free(jl_pool *pool);

/* The worker loop, called by the host in thread 1 … n_threads − 1; returns after jl_pool_stop(). */
void jl_pool_work(jl_pool *pool, int thread);
void jl_pool_stop(jl_pool *pool);
int jl_pool_arrived(const jl_pool *pool); /* threads that have called jl_pool_work() */

/* Sets the number of active threads, including the caller's. After JL_ERR_THREAD, end all workers
 * and call jl_pool_use(pool, 1). */
void jl_pool_use(jl_pool *pool, int n_threads);
int jl_pool_threads(const jl_pool *pool); /* active threads; 1 for NULL */

/* Measures which of max, max / 2, … 1 threads evaluate a token of m fastest, activates that number
 * and returns it, or a negative status. Call it once the model is loaded and the workers have
 * arrived; takes the time of a few tokens. now: a clock in milliseconds. */
int jl_pool_calibrate(jl_pool *pool, int max, const jl_model *m, double (*now)(void),
                      jl_error *error);

/* ---- Precision and kernels ------------------------------------------------------------------- */

/* Precision: activations of products with quantised weights have 16 bits (`exact`) or 8 (`fast`,
 * the accuracy of llama.cpp), separately for each class of weights. Both give the same bits on
 * every machine. Kernels: `fast` products use the build's `own` kernels or the `relaxed` ones
 * (compute/relaxed.c) that a browser with relaxed SIMD provides; the bits are the same. */
typedef enum jl_weight_class { JL_WEIGHTS_BELOW_8, JL_WEIGHTS_OF_8 } jl_weight_class;

/* Sets the precision of a class and its relaxed kernels, if any (copied). NULL: `exact`, the
 * default. Call it before the model's first session. Returns whether the model has such weights. */
int jl_model_set_precision(jl_model *m, jl_weight_class weights, const jl_precision *precision);

/* Sets which products of both classes use the relaxed kernels (JL_RELAXED_…); the others use the
 * own kernels. May be called between any two evaluations. */
void jl_model_use_relaxed(jl_model *m, int relaxed);

/* "kernels" and "precision" of the model's description; static, NUL-terminated. */
const char *jl_model_kernels(const jl_model *m);
const char *jl_model_precision(const jl_model *m);

#endif
