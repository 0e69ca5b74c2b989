/* pool.c - the thread pool: each item runs once, results equal one thread's bits, threads may be
 * late, missing, or die while they work.
 *
 * Native only, because it starts threads; JavaScript tests cover wasm. With ThreadSanitizer:
 * clang -fsanitize=thread over src/{base,format,compute}/… and this file.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "../../src/base/memory.h"
#include "../../src/base/random.h"
#include "../../src/cli/posix_threads.h"
#include "../../src/compute/parallel.h"
#include "../helpers/check.h"

enum { THREADS = 4 };

/* ---- A host ---------------------------------------------------------------------------------- */

typedef struct host {
    jl_pool *pool;
    pthread_t thread[THREADS];
    int n;
} host;

static void start(host *h, int promised, int come) {
    jl_error error = { 0 };
    h->pool = jl_pool_new(promised, &posix_waiter, &error);
    h->n = come;
    for (int i = 1; i < come; i++)
        if (start_thread(h->pool, i, &h->thread[i])) abort();
    jl_pool_use(h->pool, promised);
}

static void end(host *h) {
    jl_pool_stop(h->pool);
    for (int i = 1; i < h->n; i++) pthread_join(h->thread[i], NULL);
    jl_pool_free(h->pool);
}

/* ---- Items ----------------------------------------------------------------------------------- */

enum { MAX_ITEMS = 300 };

typedef struct count {
    int done[MAX_ITEMS]; /* each written only by the owner of the item */
    _Atomic int by[THREADS];
} count;

static void count_item(void *arg, int i, int thread) {
    count *c = arg;
    c->done[i]++;
    atomic_fetch_add(&c->by[thread], 1);
}

/* Jobs of changing lengths, in quick succession and with pauses that let threads fall asleep. */
static void count_jobs(jl_pool *pool, int jobs) {
    static count c;
    int wrong = 0;
    for (int job = 0; job < jobs; job++) {
        int n = job * 7 % MAX_ITEMS;
        memset(c.done, 0, sizeof c.done);
        jl_pool_run(pool, n, count_item, &c);
        for (int i = 0; i < MAX_ITEMS; i++) wrong += c.done[i] != (i < n);
        if (job % 500 == 0) nanosleep(&(struct timespec){ 0, 2000000 }, NULL);
    }
    CHECK(wrong == 0, "%d items were not done exactly once", wrong);
}

static void test_items(void) {
    count_jobs(NULL, 20);
    for (int threads = 1; threads <= THREADS; threads++) {
        host h;
        start(&h, threads, threads);
        count_jobs(h.pool, 5000);
        jl_pool_use(h.pool, 1);
        CHECK(jl_pool_threads(h.pool) == 1, "one");
        count_jobs(h.pool, 200);
        jl_pool_use(h.pool, THREADS);
        CHECK(jl_pool_threads(h.pool) == threads, "as many as there are");
        count_jobs(h.pool, 2000);
        end(&h);
    }
}

static void test_threads_that_never_start(void) {
    host h;
    start(&h, THREADS, 2);
    count_jobs(h.pool, 2000);
    CHECK(!jl_pool_lost(h.pool), "nobody waits for who has not come");
    end(&h);
}

static void test_arguments(void) {
    jl_error error = { 0 };
    jl_waiter waiter = posix_waiter;
    CHECK(!jl_pool_new(0, &waiter, &error) && error.code == JL_ERR_ARGUMENT, "none");
    error.code = JL_OK;
    CHECK(!jl_pool_new(JL_MAX_THREADS + 1, &waiter, &error) && error.code == JL_ERR_ARGUMENT,
          "too many");
    jl_pool_free(NULL);
}

/* ---- Bits ------------------------------------------------------------------------------------ */

static void fill(void *to, size_t n, float scale) {
    jl_random random;
    jl_random_seed(&random, n);
    for (size_t i = 0; i < n; i++)
        ((float *)to)[i] = (float)(2 * jl_random_next(&random) - 1) * scale;
}

/* A Q8 matrix of random quants with scales of 1. */
static jl_matrix make_matrix(int rows, int cols) {
    int panels = (rows + JL_PANEL - 1) / JL_PANEL;
    size_t panel = jl_panel_bytes(JL_LAYOUT_Q8, cols);
    jl_matrix w = { jl_alloc((size_t)panels * panel), rows, cols, JL_LAYOUT_Q8, NULL };
    size_t block = jl_block_bytes(jl_quant_formats[JL_LAYOUT_Q8]);
    for (size_t i = 0; i < (size_t)panels * panel; i++)
        w.data[i] = i % block < 512 ? (uint8_t)(i * 31 % 251) : i % 2 ? 0x3c : 0;
    return w;
}

static void check_products(jl_pool *pool, int n) {
    enum { COLS = 320, ROWS = 1000 };
    static float x[70 * COLS], y[2][2][70 * ROWS];
    jl_matrix w[2] = { make_matrix(ROWS, COLS), make_matrix(129, COLS) };
    jl_act act[2];
    void *scratch[2];
    fill(x, (size_t)n * COLS, 1);
    for (int k = 0; k < 2; k++) {
        jl_pool *who = k ? pool : NULL;
        scratch[k] = jl_alloc_zero(jl_act_bytes(n, COLS));
        jl_act_init(&act[k], scratch[k], n, COLS);
        jl_prepare(who, &act[k], x, n, COLS, JL_LAYOUT_Q8);
        jl_matmul_job list[] = { { &w[0], &act[k], y[k][0] }, { &w[1], &act[k], y[k][1] } };
        jl_matmul_all(who, list, 2);
    }
    CHECK(memcmp(scratch[0], scratch[1], jl_act_bytes(n, COLS)) == 0, "activations of %d", n);
    for (int i = 0; i < 2; i++) {
        size_t bytes = (size_t)n * (size_t)w[i].rows * sizeof(float);
        CHECK(memcmp(y[0][i], y[1][i], bytes) == 0, "product %d of %d tokens", i, n);
        jl_free(w[i].data);
        jl_free(scratch[i]);
    }
}

static void test_same_bits(void) {
    for (int threads = 2; threads <= THREADS; threads++) {
        host h;
        start(&h, threads, threads);
        const int batches[] = { 1, 2, 3, 16, 17, 18, 32, 33, 34, 64, 65, 70 };
        for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
            check_products(h.pool, batches[i]);
        end(&h);
    }
}

static void double_rows(void *arg, int first, int last) {
    for (int i = first; i < last; i++) ((int *)arg)[i] *= 2;
}

static void test_rows(void) {
    host h;
    start(&h, 3, 3);
    for (int n = 0; n < 200; n++) {
        int rows[200], wrong = 0;
        for (int i = 0; i < 200; i++) rows[i] = i;
        jl_each_row(h.pool, n, 1000, double_rows, rows);
        for (int i = 0; i < 200; i++) wrong += rows[i] != (i < n ? 2 * i : i);
        CHECK(wrong == 0, "%d of %d rows", wrong, n);
    }
    end(&h);
}

/* ---- Lost threads --------------------------------------------------------------------------- */

static void die(void *arg, int i, int thread) {
    (void)arg, (void)i;
    if (thread) pthread_exit(NULL);
    nanosleep(&(struct timespec){ 0, 1000000 }, NULL); /* so that others get an item */
}

static void test_thread_dies_at_work(void) {
    host h;
    start(&h, 2, 2);
    while (jl_pool_arrived(h.pool) < 1) nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
    jl_pool_run(h.pool, 100, die, NULL);
    CHECK(jl_pool_lost(h.pool), "it was noticed");
    CHECK(jl_pool_threads(h.pool) == 1, "and nothing is shared any more");
    count_jobs(h.pool, 100);
    jl_pool_use(h.pool, 1);
    CHECK(!jl_pool_lost(h.pool), "a new beginning");
    count_jobs(h.pool, 100);
    pthread_join(h.thread[1], NULL);
    jl_pool_free(h.pool);
}

/* The worker holds an item longer than an impatient pool waits. */
static void dawdle(void *arg, int i, int thread) {
    (void)i;
    if (thread) nanosleep(&(struct timespec){ 4, 0 }, NULL);
    if (!thread) nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
    atomic_fetch_add((_Atomic int *)arg, 1);
}

static void test_patience(void) {
    jl_error error = { 0 };
    pthread_t thread;
    jl_waiter waiter = posix_waiter;
    _Atomic int done = 0;
    waiter.patient = 1;
    jl_pool *pool = jl_pool_new(2, &waiter, &error);
    if (!pool || start_thread(pool, 1, &thread)) abort();
    jl_pool_use(pool, 2);
    while (jl_pool_arrived(pool) < 1) nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
    jl_pool_run(pool, 100, dawdle, &done);
    CHECK(done == 100 && !jl_pool_lost(pool), "%d items, lost %d", done, jl_pool_lost(pool));
    jl_pool_stop(pool);
    pthread_join(thread, NULL);
    jl_pool_free(pool);
}

int main(void) {
    RUN(test_items);
    RUN(test_threads_that_never_start);
    RUN(test_arguments);
    RUN(test_same_bits);
    RUN(test_rows);
    RUN(test_thread_dies_at_work);
    RUN(test_patience);
    return check_report("compute/pool");
}
