/* pool.h - a job of many items, shared between the caller's thread and the pool workers.
 *
 * Private half of jielong_host.h: what the engine calls. Items are claimed one by one, so a late
 * thread takes fewer, and the caller's thread does the items that no other thread claims. An item
 * is one piece of a result and depends on nothing that another item writes, so the number of
 * threads changes no bit.
 */
#ifndef JL_POOL_H
#define JL_POOL_H

#include "../jielong_host.h"

/* i: the item. thread: the thread that runs it, 0 (the caller) to jl_pool_threads() − 1; for
 * scratch. */
typedef void jl_task(void *arg, int i, int thread);

/* Calls task(arg, i, …) for 0 ≤ i < n, in any order and at the same time, and returns when all of
 * them have returned. pool may be NULL: one after another. One caller at a time. */
void jl_pool_run(jl_pool *pool, int n, jl_task *task, void *arg);

/* The most threads that jl_pool_use() may set, for which scratch is laid out; 1 for NULL. */
int jl_pool_max(const jl_pool *pool);

/* Whether a worker was lost since jl_pool_use() (see jl_pool_new()). */
int jl_pool_lost(const jl_pool *pool);

#endif
