/* pool.h - a job of many items, shared between the caller's thread and those the host lends.
 *
 * The library starts no thread: the host does, and says how one of them sleeps. Items are claimed
 * one by one, so a thread that is late takes fewer and one that never comes takes none: the
 * caller's thread does what nobody else claims. An item is one piece of a result that depends on
 * nothing that another item writes, so who computes it changes no bit.
 *
 * A thread that dies with an item in its hands would be waited for. So the wait ends after a while
 * (jl_pool_lost), the job's results are rubbish then, and the pool goes on with the caller's thread
 * alone until jl_pool_use() is called.
 */
#ifndef JL_POOL_H
#define JL_POOL_H

#include "../jielong.h"

/* ---- For the host ---------------------------------------------------------------------------- */

enum { JL_MAX_THREADS = 16 };

/* How a thread of the host sleeps: as a futex. */
typedef struct jl_waiter {
    void *context;
    /* Sleeps if *at == value until wake(at), or for ms milliseconds (< 0: no limit), or less. */
    void (*wait)(void *context, const void *at, int32_t value, int ms);
    void (*wake)(void *context, const void *at); /* all that sleep at it */
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

/* ---- For those who have work ----------------------------------------------------------------- */

/* i: the item. thread: who works, 0 (the caller) to jl_pool_threads() − 1; for scratch. */
typedef void jl_task(void *arg, int i, int thread);

/* Calls task(arg, i, …) for 0 ≤ i < n, in any order and at the same time, and returns when all of
 * them have returned. pool may be NULL: one after another. One caller at a time. */
void jl_pool_run(jl_pool *pool, int n, jl_task *task, void *arg);

/* How many threads share the work, with the caller's; 1 for NULL. */
int jl_pool_threads(const jl_pool *pool);

/* Scratch is laid out for so many: what jl_pool_new() was told; 1 for NULL. */
int jl_pool_most(const jl_pool *pool);

/* Whether a thread was waited for in vain since jl_pool_use(). */
int jl_pool_lost(const jl_pool *pool);

#endif
