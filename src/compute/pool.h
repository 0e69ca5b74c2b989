/* pool.h - a job of many items, distributed over the caller's thread and the pool workers.
 *
 * The engine's half of jielong_host.h. Threads claim items one by one, so a late thread computes
 * fewer, and the caller's thread computes all unclaimed items. Items are independent, so the
 * results do not depend on the number of threads.
 */
#ifndef JL_POOL_H
#define JL_POOL_H

#include "../jielong_host.h"

/* i: the item. thread: 0 (the caller) to jl_pool_threads() − 1, selects the scratch. */
typedef void jl_task(void *arg, int i, int thread);

/* Calls task(arg, i, …) for 0 ≤ i < n, concurrently and in any order, and waits for all calls. pool
 * NULL: in order. One caller at a time. */
void jl_pool_run(jl_pool *pool, int n, jl_task *task, void *arg);

/* The maximum for jl_pool_use(), which determines the scratch; 1 for NULL. */
int jl_pool_max(const jl_pool *pool);

/* Whether a worker was lost since jl_pool_use() (see jl_pool_new()). */
int jl_pool_lost(const jl_pool *pool);

#endif
