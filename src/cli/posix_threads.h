/* posix_threads.h - POSIX threads as pool workers: how they start, sleep and wake.
 *
 * For the command line and for the tests of the pool; the library itself starts no threads. All
 * sleep on one condition variable. Whoever starts a thread detaches or joins it. */
#ifndef CLI_POSIX_THREADS_H
#define CLI_POSIX_THREADS_H

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "../jielong_host.h"

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

static const jl_waiter posix_waiter = { NULL, sleep_at, wake_all, 0 };

typedef struct seat {
    jl_pool *pool;
    int number;
} seat;

static void *work(void *argument) {
    seat s = *(seat *)argument;
    free(argument);
    jl_pool_work(s.pool, s.number);
    return NULL;
}

/* The thread of that number, 1 and on, into *thread; nonzero: there is none. */
static int start_thread(jl_pool *pool, int number, pthread_t *thread) {
    seat *s = malloc(sizeof *s);
    if (!s) return 1;
    *s = (seat){ pool, number };
    int failed = pthread_create(thread, NULL, work, s);
    if (failed) free(s);
    return failed;
}

#endif
