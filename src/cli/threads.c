/* threads.c - POSIX threads as pool workers: one a core, at most 8, unless --threads says
 * otherwise; fewer if a short measurement finds that fewer are faster.
 *
 * They sleep on one condition variable and end with the program. */
#include <unistd.h>

#include "cli.h"
#include "posix_threads.h"
#include "train.h"

enum { DEFAULT_MOST = 8 };

/* A pool with up to n threads, the caller's included; *n becomes how many started. */
static jl_pool *start(int *n, jl_waiter waiter) {
    jl_error error = { 0 };
    jl_pool *pool = jl_pool_new(*n, &waiter, &error);
    if (!pool) cli_fail(&error);
    int started = 1;
    for (pthread_t thread; started < *n; started++) {
        if (start_thread(pool, started, &thread)) break;
        pthread_detach(thread);
    }
    *n = started;
    return pool;
}

jl_pool *cli_pool(const jl_model *m, int wanted) {
    jl_error error = { 0 };
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int n = wanted ? wanted : cores < DEFAULT_MOST ? (int)cores : DEFAULT_MOST;
    if (n <= 1) return NULL;
    jl_pool *pool = start(&n, posix_waiter);
    if (wanted)
        jl_pool_use(pool, n);
    else if (jl_pool_calibrate(pool, n, m, cli_now, &error) < 0)
        cli_fail(&error);
    return pool;
}

jl_pool *cli_training_pool(int wanted) {
    jl_waiter waiter = posix_waiter;
    int n = wanted < JL_MAX_THREADS ? wanted : JL_MAX_THREADS;
    if (n <= 1) return NULL;
    waiter.patient = 1; /* one shard of a large model takes longer than a worker is waited for */
    jl_pool *pool = start(&n, waiter);
    jl_pool_use(pool, n);
    return pool;
}
