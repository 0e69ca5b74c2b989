/* pool.c - worker threads over shared memory: claiming, spinning, sleeping.
 *
 * One store of `ticket` (number of items, next item) publishes a job. A thread claims an item by
 * compare-and-swap and only then reads task and arg. They cannot change while a claimed item is
 * unfinished, so a thread that loaded the ticket of an earlier job still runs the right task.
 *
 * A token takes hundreds of jobs, so threads spin for some microseconds between jobs before they
 * sleep. A sleeper first announces itself, then checks for work; the publisher first publishes,
 * then checks for sleepers. Both orders are sequentially consistent (Dekker), so no wake-up is
 * lost.
 */
#include "pool.h"

#include <stdatomic.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/status.h"

enum {
    SPINS = 200000,  /* polls before sleeping, some 100 µs */
    SLICE_MS = 100,  /* the caller's sleep between two checks of `pending` */
    LOST_SLICES = 30 /* slices without progress after which a worker is lost */
};

/* Words written by different threads are on different cache lines. */
struct jl_pool {
    _Alignas(64) _Atomic uint64_t ticket;  /* items << 32 | next item */
    _Alignas(64) _Atomic int32_t pending;  /* unfinished items */
    _Alignas(64) _Atomic int32_t sleepers; /* threads that may sleep on epoch */
    _Atomic int32_t epoch;                 /* incremented to wake them */
    _Atomic int32_t caller_sleeps;
    _Alignas(64) _Atomic int32_t active; /* threads 0 … active − 1 work; −1: all return */
    _Atomic int32_t arrived;             /* threads that called jl_pool_work() */
    jl_task *task;                       /* of the job */
    void *arg;
    int max, lost;
    jl_waiter waiter;
};

/* ---- Creation and size ----------------------------------------------------------------------- */

jl_pool *jl_pool_new(int n_threads, const jl_waiter *waiter, jl_error *error) {
    if (n_threads < 1 || n_threads > JL_MAX_THREADS) {
        jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("threads"),
                "expected 1 to %d, found %d", JL_MAX_THREADS, n_threads);
        return NULL;
    }
    jl_pool *pool = jl_alloc_zero(sizeof *pool);
    if (!pool) {
        jl_no_memory(error, "threads");
        return NULL;
    }
    pool->max = n_threads;
    pool->waiter = *waiter;
    atomic_store(&pool->active, 1);
    return pool;
}

static void wake(jl_pool *pool, const _Atomic int32_t *at) {
    pool->waiter.wake(pool->waiter.context, at);
}

void jl_pool_stop(jl_pool *pool) {
    if (!pool) return;
    atomic_store(&pool->active, -1);
    wake(pool, &pool->active);
    atomic_fetch_add(&pool->epoch, 1);
    wake(pool, &pool->epoch);
}

void jl_pool_free(jl_pool *pool) {
    jl_free(pool);
}

void jl_pool_use(jl_pool *pool, int n_threads) {
    int n = n_threads < 1 ? 1 : n_threads > pool->max ? pool->max : n_threads;
    pool->lost = 0;
    atomic_store(&pool->ticket, 0);
    atomic_store(&pool->active, n);
    wake(pool, &pool->active);
}

int jl_pool_arrived(const jl_pool *pool) {
    return atomic_load(&pool->arrived);
}

int jl_pool_threads(const jl_pool *pool) {
    if (!pool || pool->lost) return 1;
    int n = atomic_load_explicit(&pool->active, memory_order_relaxed);
    return n < 1 ? 1 : n;
}

int jl_pool_max(const jl_pool *pool) {
    return pool ? pool->max : 1;
}

int jl_pool_lost(const jl_pool *pool) {
    return pool && pool->lost;
}

/* ---- Items ----------------------------------------------------------------------------------- */

static int has_items(uint64_t ticket) {
    return (uint32_t)ticket < ticket >> 32;
}

/* Claims and computes items until none are left; then subtracts them from `pending` at once. */
static void do_items(jl_pool *pool, int thread) {
    int32_t done = 0;
    uint64_t ticket = atomic_load(&pool->ticket);
    while (has_items(ticket)) {
        if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1)) continue;
        pool->task(pool->arg, (int)(uint32_t)ticket, thread);
        done++;
        ticket = atomic_load(&pool->ticket);
    }
    if (done && atomic_fetch_sub(&pool->pending, done) == done && atomic_load(&pool->caller_sleeps))
        wake(pool, &pool->pending);
}

/* ---- Workers --------------------------------------------------------------------------------- */

static int finds_items(jl_pool *pool) {
    for (int i = 0; i < SPINS; i++)
        if (has_items(atomic_load_explicit(&pool->ticket, memory_order_relaxed))) return 1;
    return 0;
}

static void sleep_until_work(jl_pool *pool) {
    int32_t epoch = atomic_load(&pool->epoch);
    atomic_fetch_add(&pool->sleepers, 1);
    if (!has_items(atomic_load(&pool->ticket)) && atomic_load(&pool->active) > 0)
        pool->waiter.wait(pool->waiter.context, &pool->epoch, epoch, -1);
    atomic_fetch_sub(&pool->sleepers, 1);
}

void jl_pool_work(jl_pool *pool, int thread) {
    atomic_fetch_add(&pool->arrived, 1);
    for (;;) {
        int32_t active = atomic_load(&pool->active);
        if (active < 0) return;
        if (thread >= active)
            pool->waiter.wait(pool->waiter.context, &pool->active, active, -1);
        else if (finds_items(pool))
            do_items(pool, thread);
        else
            sleep_until_work(pool);
    }
}

/* ---- The caller's thread --------------------------------------------------------------------- */

/* Waits until all claimed items are finished, or a worker is lost. */
static void await_others(jl_pool *pool) {
    for (int i = 0; i < SPINS; i++)
        if (atomic_load_explicit(&pool->pending, memory_order_acquire) == 0) return;
    atomic_store(&pool->caller_sleeps, 1);
    int32_t left = atomic_load(&pool->pending);
    for (int slices = 0; left != 0; slices++) {
        if (slices == LOST_SLICES && !pool->waiter.patient) {
            pool->lost = 1;
            break;
        }
        pool->waiter.wait(pool->waiter.context, &pool->pending, left, SLICE_MS);
        int32_t now = atomic_load(&pool->pending);
        if (now != left) slices = 0;
        left = now;
    }
    atomic_store(&pool->caller_sleeps, 0);
}

void jl_pool_run(jl_pool *pool, int n, jl_task *task, void *arg) {
    if (n <= 1 || jl_pool_threads(pool) == 1) {
        for (int i = 0; i < n; i++) task(arg, i, 0);
        return;
    }
    pool->task = task;
    pool->arg = arg;
    atomic_store_explicit(&pool->pending, n, memory_order_relaxed);
    atomic_store(&pool->ticket, (uint64_t)(uint32_t)n << 32);
    if (atomic_load(&pool->sleepers)) {
        atomic_fetch_add(&pool->epoch, 1);
        wake(pool, &pool->epoch);
    }
    do_items(pool, 0);
    await_others(pool);
}
