/* threads.c - POSIX threads as pool workers: --threads, or one per core, at most 8, fewer if a
 * short measurement finds that faster.
 *
 * They run until exit. */
#include <unistd.h>

#include "cli.h"
#include "posix_threads.h"
#include "train.h"

enum { DEFAULT_MAX = 8 };

/* A pool of up to *n threads, including the caller's; *n: number started. */
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
    int n = wanted ? wanted : cores < DEFAULT_MAX ? (int)cores : DEFAULT_MAX;
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
    waiter.patient = 1; /* a large model's shard exceeds the worker timeout */
    jl_pool *pool = start(&n, waiter);
    jl_pool_use(pool, n);
    return pool;
}
