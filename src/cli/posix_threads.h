/* posix_threads.h - starts POSIX threads as pool workers; their sleep and wake functions.
 *
 * For the command line and the pool tests; the library itself starts no threads. All threads sleep
 * on one condition variable. The caller of start_thread detaches or joins. */
#ifndef CLI_POSIX_THREADS_H
#define CLI_POSIX_THREADS_H

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "../jielong_host.h"

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
} sleepers = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };

/* Compares the value under the lock that wake_all() takes after a change. */
static void sleep_at(void *context, const void *at, int32_t value, int ms) {
    struct timespec until;
    (void)context;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(ms < 0 ? 0 : ms) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&sleepers.lock);
    if (*(const _Atomic int32_t *)at == value) {
        if (ms < 0)
            pthread_cond_wait(&sleepers.changed, &sleepers.lock);
        else
            pthread_cond_timedwait(&sleepers.changed, &sleepers.lock, &until);
    }
    pthread_mutex_unlock(&sleepers.lock);
}

static void wake_all(void *context, const void *at) {
    (void)context, (void)at;
    pthread_mutex_lock(&sleepers.lock);
    pthread_cond_broadcast(&sleepers.changed);
    pthread_mutex_unlock(&sleepers.lock);
}

static const jl_waiter posix_waiter = { NULL, sleep_at, wake_all, 0 };

typedef struct worker {
    jl_pool *pool;
    int number;
} worker;

static void *work(void *argument) {
    worker s = *(worker *)argument;
    free(argument);
    jl_pool_work(s.pool, s.number);
    return NULL;
}

/* Starts the worker of that number (≥ 1) in *thread; nonzero: failed. */
static int start_thread(jl_pool *pool, int number, pthread_t *thread) {
    worker *s = malloc(sizeof *s);
    if (!s) return 1;
    *s = (worker){ pool, number };
    int failed = pthread_create(thread, NULL, work, s);
    if (failed) free(s);
    return failed;
}

#endif
