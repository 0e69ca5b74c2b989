/* threads.c - lends the engine's pool POSIX threads: one a core, at most 8, unless --threads says
 * otherwise; fewer where a short measurement finds that fewer are faster.
 *
 * They sleep on one condition variable and end with the program. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../generate/calibrate.h"
#include "cli.h"

enum { DEFAULT_MOST = 8 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
} bed = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };

/* The value is compared under the lock that wake_all() takes after it was changed. */
static void sleep_at(void *context, const void *at, int32_t value, int ms) {
    struct timespec until;
    (void)context;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(ms < 0 ? 0 : ms) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&bed.lock);
    if (*(const _Atomic int32_t *)at == value) {
        if (ms < 0)
            pthread_cond_wait(&bed.changed, &bed.lock);
        else
            pthread_cond_timedwait(&bed.changed, &bed.lock, &until);
    }
    pthread_mutex_unlock(&bed.lock);
}

static void wake_all(void *context, const void *at) {
    (void)context, (void)at;
    pthread_mutex_lock(&bed.lock);
    pthread_cond_broadcast(&bed.changed);
    pthread_mutex_unlock(&bed.lock);
}

typedef struct seat {
    jl_pool *pool;
    int thread;
} seat;

static void *work(void *argument) {
    seat s = *(seat *)argument;
    free(argument);
    jl_pool_work(s.pool, s.thread);
    return NULL;
}

/* Starts thread 1 and on; returns how many there are with this one. */
static int start(jl_pool *pool, int wanted) {
    for (int i = 1; i < wanted; i++) {
        pthread_t thread;
        seat *s = malloc(sizeof *s);
        if (!s) return i;
        *s = (seat){ pool, i };
        if (pthread_create(&thread, NULL, work, s)) {
            free(s);
            return i;
        }
        pthread_detach(thread);
    }
    return wanted;
}

jl_pool *cli_pool(const jl_model *m, int wanted) {
    jl_error error = { 0 };
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int n = wanted ? wanted : cores < DEFAULT_MOST ? (int)cores : DEFAULT_MOST;
    if (n <= 1) return NULL;
    jl_pool *pool = jl_pool_new(n, &(jl_waiter){ NULL, sleep_at, wake_all }, &error);
    if (!pool) cli_fail(&error);
    n = start(pool, n);
    if (wanted)
        jl_pool_use(pool, n);
    else if (jl_pool_calibrate(pool, n, m, cli_now, &error) < 0)
        cli_fail(&error);
    return pool;
}
