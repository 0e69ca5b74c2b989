/* calibrate.c - measures how many threads evaluate a token fastest, with a few tokens each.
 *
 * More threads can be slower: two threads of one core share its units, slow cores delay fast ones,
 * and jobs of a small model end before another thread wakes up. A larger number is chosen only if
 * it is clearly faster, so the result is never slower than one thread.
 */
#include "session.h"

enum { COUNTS = 5, MAX_ROUNDS = 5, MIN_ROUNDS = 2 }; /* COUNTS: JL_MAX_THREADS, halved to 1 */
static const double BUDGET_MS = 30, CLEARLY = 0.95;

/* Evaluates one token at position 0 and lowers *ms to its time. */
static jl_status time_token(jl_session *s, double (*now)(void), double *ms, jl_error *error) {
    double start = now();
    jl_status st = jl_session_rewind(s, 0, error);
    if (!st) st = jl_session_append(s, &(int32_t){ 0 }, 1, error);
    while (!st && s->n_cached == 0)
        if ((st = jl_session_evaluate(s, JL_FOR_LOGITS, NULL, error)) == JL_MORE) st = JL_OK;
    double took = now() - start;
    if (took < *ms) *ms = took;
    return st;
}

int jl_pool_calibrate(jl_pool *pool, int max, const jl_model *m, double (*now)(void),
                      jl_error *error) {
    jl_session_options options = { .n_ctx = 1, .n_batch = 1, .pool = pool };
    int count[COUNTS], n = 0, chosen = 0;
    double best[COUNTS], start = now();
    jl_session *s = jl_session_new(m, &options, error);
    jl_status st = s ? JL_OK : error->code;
    for (int threads = max; threads >= 1 && n < COUNTS; threads /= 2, n++) {
        count[n] = threads;
        best[n] = 1e30;
    }
    for (int round = 0; round < MAX_ROUNDS && !st; round++) {
        for (int i = 0; i < n && !st; i++) {
            jl_pool_use(pool, count[i]);
            st = time_token(s, now, &best[i], error);
        }
        if (round + 1 >= MIN_ROUNDS && now() - start > BUDGET_MS) break;
    }
    jl_session_free(s);
    if (st) return st;
    for (int i = chosen = n - 1; i >= 0; i--)
        if (best[i] < CLEARLY * best[chosen]) chosen = i;
    jl_pool_use(pool, count[chosen]);
    return count[chosen];
}
