/* threads.c - lends the engine's pool POSIX threads: one a core, at most 8, unless --threads says
 * otherwise; fewer where a short measurement finds that fewer are faster.
 *
 * They sleep on one condition variable and end with the program. */
#include <unistd.h>

#include "../session/calibrate.h"
#include "cli.h"
#include "posix_threads.h"

enum { DEFAULT_MOST = 8 };

/* Starts thread 1 and on; returns how many there are with this one. */
static int start(jl_pool *pool, int wanted) {
    for (int i = 1; i < wanted; i++) {
        pthread_t thread;
        if (start_thread(pool, i, &thread)) return i;
        pthread_detach(thread);
    }
    return wanted;
}

jl_pool *cli_pool(const jl_model *m, int wanted) {
    jl_error error = { 0 };
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int n = wanted ? wanted : cores < DEFAULT_MOST ? (int)cores : DEFAULT_MOST;
    if (n <= 1) return NULL;
    jl_pool *pool = jl_pool_new(n, &posix_waiter, &error);
    if (!pool) cli_fail(&error);
    n = start(pool, n);
    if (wanted)
        jl_pool_use(pool, n);
    else if (jl_pool_calibrate(pool, n, m, cli_now, &error) < 0)
        cli_fail(&error);
    return pool;
}
