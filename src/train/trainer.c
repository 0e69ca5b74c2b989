/* trainer.c - steps over a shuffled stream of windows, evaluation, checkpoints. */
#include "trainer.h"

#include <string.h>

#include "../base/cursor.h"
#include "../base/memory.h"
#include "../compute/pool.h"

struct jlt_trainer {
    jlt_options o;
    jlt_data data;
    jlt_host host;
    jlt_network net;
    int step;
    jlt_real *params, *m, *v; /* [n_params] */
    jlt_real *grads;          /* [shards][n_params] */
    jlt_real *scratch;        /* [shards][jlt_update_scratch] */
    jlt_workspace **ws;       /* [shards] */
    jlt_workspace *eval;
    int32_t *batch;    /* [batch][length + 1] */
    uint32_t *windows; /* [n_windows] order of windows in the epoch */
    uint32_t n_windows;
    uint32_t shift; /* start of the epoch's first window */
    int64_t epoch;  /* that `windows` is shuffled for; −1: none */
    double *losses; /* [shards] */
};

/* Sizes fit the 32-bit addresses of wasm. */
enum { JL_MOST_TOKENS = 1 << 22 };

static jl_status refuse(jl_error *error, const char *where, const char *expected) {
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where), "expected %s", expected);
}

static jl_status check(const jlt_options *o, const jlt_data *d, jl_error *error) {
    const jlt_optimizer *p = &o->optimizer;
    if (o->length < 1 || o->length > o->shape.n_ctx)
        return refuse(error, "length", "1 to the context length");
    if (o->batch < 1 || o->batch > 65536) return refuse(error, "batch", "1 to 65536 sequences");
    if ((int64_t)o->batch * o->length > JL_MOST_TOKENS)
        return refuse(error, "batch", "at most 4194304 tokens a step");
    if (o->shards < 1 || o->shards > o->batch || o->batch % o->shards)
        return refuse(error, "shards", "a divisor of the batch");
    if (p->steps < 1 || p->warmup < 0 || p->warmup > p->steps)
        return refuse(error, "steps", "at least 1, and as many as the warm-up");
    if (!(p->beta1 >= 0 && p->beta1 < 1 && p->beta2 >= 0 && p->beta2 < 1))
        return refuse(error, "beta", "0 to less than 1");
    if (d->n_train < (size_t)o->length + 1 || d->n_train > UINT32_MAX)
        return refuse(error, "text", "more training tokens than one sequence holds");
    for (size_t i = 0; i < d->n_train + d->n_held; i++) {
        int32_t id = i < d->n_train ? d->train[i] : d->held[i - d->n_train];
        if (id < 0 || id >= o->shape.n_vocab)
            return refuse(error, "text", "tokens within the vocabulary");
    }
    return JL_OK;
}

static int allocate(jlt_trainer *t) {
    size_t n = t->net.n_params, shards = (size_t)t->o.shards, size = sizeof(jlt_real);
    size_t window = (size_t)t->o.length + 1;
    t->params = jl_alloc_array(n, size);
    t->m = jl_alloc_array(n, size);
    t->v = jl_alloc_array(n, size);
    t->grads = jl_alloc_array((uint64_t)n * shards, size);
    t->scratch = jl_alloc_array((uint64_t)jlt_update_scratch(&t->net) * shards + 1, size);
    t->ws = jl_alloc_array(shards, sizeof *t->ws);
    t->losses = jl_alloc_array(shards, sizeof *t->losses);
    t->batch = jl_alloc_array((size_t)t->o.batch * window, sizeof *t->batch);
    t->windows = jl_alloc_array(t->n_windows, sizeof *t->windows);
    if (!t->params || !t->m || !t->v || !t->grads || !t->scratch || !t->ws || !t->losses ||
        !t->batch || !t->windows)
        return 0;
    for (size_t i = 0; i < shards; i++) {
        t->ws[i] = jlt_workspace_new(&t->net, t->o.batch / t->o.shards, t->o.length);
        if (!t->ws[i]) return 0;
    }
    return 1;
}

jlt_trainer *jlt_trainer_new(const jlt_options *options, const jlt_data *data, const jlt_host *host,
                             jl_error *error) {
    jlt_trainer *t = jl_alloc_zero(sizeof *t);
    if (!t) {
        jl_no_memory(error, "trainer");
        return NULL;
    }
    t->o = *options;
    t->data = *data;
    t->host = *host;
    t->epoch = -1;
    jl_status st = jlt_network_init(&t->net, &options->shape, host->gemm, error);
    if (!st) st = check(options, data, error);
    if (!st) {
        t->n_windows = (uint32_t)((data->n_train - 1) / (size_t)options->length);
        if (!allocate(t))
            st = jl_fail(
                error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("trainer"),
                "not enough memory for %u parameters and a batch of %d × %d tokens; make the batch "
                "smaller",
                (uint64_t)t->net.n_params, options->batch, options->length);
    }
    if (st) {
        jlt_trainer_free(t);
        return NULL;
    }
    jlt_network_start(&t->net, options->seed, t->params);
    return t;
}

void jlt_trainer_free(jlt_trainer *t) {
    if (!t) return;
    for (int i = 0; t->ws && i < t->o.shards; i++) jlt_workspace_free(t->ws[i]);
    jlt_workspace_free(t->eval);
    jlt_network_free(&t->net);
    jl_free(t->params);
    jl_free(t->m);
    jl_free(t->v);
    jl_free(t->grads);
    jl_free(t->scratch);
    jl_free(t->ws);
    jl_free(t->losses);
    jl_free(t->batch);
    jl_free(t->windows);
    jl_free(t);
}

/* ---- Data ------------------------------------------------------------------------------------ */

/* A separate random stream for each purpose and number. */
static jl_random random_for(const jlt_trainer *t, uint64_t purpose, uint64_t i) {
    jl_random r;
    jl_random_seed(&r, t->o.seed * 0x9e3779b97f4a7c15u ^ purpose << 56 ^ i);
    return r;
}

/* An epoch visits each window once, in a new order and from a new offset. */
static void shuffle(jlt_trainer *t, int64_t epoch) {
    jl_random r = random_for(t, 1, (uint64_t)epoch);
    size_t rest = t->data.n_train - 1 - (size_t)t->n_windows * (size_t)t->o.length;
    t->shift = jl_random_bits(&r) % (uint32_t)(rest + 1);
    for (uint32_t i = 0; i < t->n_windows; i++) t->windows[i] = i;
    for (uint32_t i = t->n_windows; i > 1; i--) {
        uint32_t j = jl_random_bits(&r) % i, w = t->windows[i - 1];
        t->windows[i - 1] = t->windows[j];
        t->windows[j] = w;
    }
    t->epoch = epoch;
}

static void fill_batch(jlt_trainer *t) {
    size_t window = (size_t)t->o.length + 1;
    for (int b = 0; b < t->o.batch; b++) {
        int64_t at = (int64_t)t->step * t->o.batch + b;
        if (at / t->n_windows != t->epoch) shuffle(t, at / t->n_windows);
        size_t start = t->shift + (size_t)t->windows[at % t->n_windows] * (window - 1);
        memcpy(t->batch + (size_t)b * window, t->data.train + start, window * sizeof(int32_t));
    }
}

/* ---- A step ---------------------------------------------------------------------------------- */

/* Forward and backward over part i of the batch. */
static void compute_gradient(void *arg, int i, int thread) {
    (void)thread;
    jlt_trainer *t = arg;
    const jlt_options *o = &t->o;
    int B = o->batch / o->shards;
    jlt_real *grads = t->grads + (size_t)i * t->net.n_params;
    jl_random drop = random_for(t, 2, (uint64_t)t->step * (uint64_t)o->shards + (uint64_t)i);
    memset(grads, 0, t->net.n_params * sizeof *grads);
    t->losses[i] = jlt_network_loss(&t->net, t->ws[i], t->params,
                                    t->batch + (size_t)i * (size_t)B * ((size_t)o->length + 1), B,
                                    o->length, grads, 1.0 / ((double)o->batch * o->length), &drop);
}

static double grow_of(const jlt_trainer *t, double norm) {
    double clip = (double)t->o.optimizer.clip;
    return clip > 0 && norm > clip ? clip / norm : 1;
}

static void update_tensors(void *arg, int i, int thread) {
    (void)thread;
    jlt_trainer *t = arg;
    jlt_update(&t->net, &t->o.optimizer, t->step, t->grads, t->losses[0], t->params, t->m, t->v, i,
               t->o.shards, t->scratch + (size_t)i * jlt_update_scratch(&t->net));
}

jl_status jlt_trainer_step(jlt_trainer *t, jl_train_report *report, jl_error *error) {
    size_t n = t->net.n_params;
    if (t->step >= t->o.optimizer.steps) return JL_DONE;
    fill_batch(t);
    jl_pool_run(t->host.pool, t->o.shards, compute_gradient, t);
    double loss = 0;
    for (int s = 0; s < t->o.shards; s++) loss += t->losses[s];
    for (int s = 1; s < t->o.shards; s++)
        for (size_t i = 0; i < n; i++) t->grads[i] += t->grads[(size_t)s * n + i];
    double norm = jlt_gradient_norm(t->grads, n);
    if (!(loss < INFINITY) || !(norm < INFINITY))
        return jl_fail(error, JL_ERR_NUMERIC, JL_NO_OFFSET, jl_string("loss"),
                       "is not a number at step %d; use a lower learning rate", t->step);
    t->losses[0] = grow_of(t, norm);
    jl_pool_run(t->host.pool, t->o.shards, update_tensors, t);
    if (jl_pool_lost(t->host.pool))
        return jl_fail(error, JL_ERR_THREAD, JL_NO_OFFSET, jl_string("threads"),
                       "a worker was lost in step %d; restore a checkpoint", t->step);
    t->step++;
    double windows = (double)t->step * t->o.batch;
    *report = (jl_train_report){ t->step, loss / ((double)t->o.batch * t->o.length), norm,
                                 windows / t->n_windows };
    return JL_OK;
}

int jlt_trainer_steps_done(const jlt_trainer *t) {
    return t->step;
}

const jlt_network *jlt_trainer_network(const jlt_trainer *t) {
    return &t->net;
}

const jlt_real *jlt_trainer_params(const jlt_trainer *t) {
    return t->params;
}

/* ---- Held-out loss --------------------------------------------------------------------------- */

double jlt_trainer_held_out(jlt_trainer *t, int windows) {
    int T = t->o.shape.n_ctx;
    size_t all = t->data.n_held ? (t->data.n_held - 1) / (size_t)T : 0;
    size_t count = windows > 0 && (size_t)windows < all ? (size_t)windows : all;
    double sum = 0;
    if (!t->eval) t->eval = jlt_workspace_new(&t->net, 1, T);
    if (!t->eval || count == 0) return NAN;
    for (size_t i = 0; i < count; i++)
        sum += jlt_network_loss(&t->net, t->eval, t->params,
                                t->data.held + i * all / count * (size_t)T, 1, T, NULL, 1, NULL);
    return sum / ((double)count * T);
}

/* ---- Checkpoints ----------------------------------------------------------------------------- */

static const char magic[8] = "jlckpt1";
enum { HEADER = 32 }; /* magic, fingerprint, step, n_params: eight bytes each */

/* Must be equal in a checkpoint and the run that loads it. */
static uint64_t fingerprint(const jlt_trainer *t) {
    uint64_t parts[] = { t->o.seed,
                         (uint64_t)t->o.batch,
                         (uint64_t)t->o.length,
                         (uint64_t)t->o.shards,
                         t->data.n_train,
                         jl_hash(t->data.train, t->data.n_train * sizeof *t->data.train),
                         sizeof(jlt_real),
                         t->net.n_params,
                         (uint64_t)t->o.optimizer.kind };
    uint64_t h = jl_hash(parts, sizeof parts);
    for (int i = 0; i < t->net.n_tensors; i++) {
        const jlt_net_tensor *x = &t->net.tensors[i];
        uint64_t row[] = { h, jl_hash(x->name, strlen(x->name)), (uint64_t)x->rows };
        h = jl_hash(row, sizeof row);
    }
    return h;
}

size_t jlt_trainer_save_bytes(const jlt_trainer *t) {
    return HEADER + 3 * t->net.n_params * sizeof(jlt_real);
}

void jlt_trainer_save(const jlt_trainer *t, uint8_t *out) {
    uint64_t head[3] = { fingerprint(t), (uint64_t)t->step, t->net.n_params };
    size_t n = t->net.n_params * sizeof(jlt_real);
    memcpy(out, magic, 8);
    memcpy(out + 8, head, sizeof head);
    memcpy(out + HEADER, t->params, n);
    memcpy(out + HEADER + n, t->m, n);
    memcpy(out + HEADER + 2 * n, t->v, n);
}

jl_status jlt_trainer_restore(jlt_trainer *t, const uint8_t *bytes, size_t n, jl_error *error) {
    size_t part = t->net.n_params * sizeof(jlt_real);
    if (n != jlt_trainer_save_bytes(t) || memcmp(bytes, magic, 8) != 0 ||
        jl_load_u64(bytes + 8) != fingerprint(t) ||
        jl_load_u64(bytes + 16) > (uint64_t)t->o.optimizer.steps)
        return jl_fail(
            error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string("checkpoint"),
            "belongs to another configuration or text; restore those, or start a new run");
    t->step = (int)jl_load_u64(bytes + 16);
    memcpy(t->params, bytes + HEADER, part);
    memcpy(t->m, bytes + HEADER + part, part);
    memcpy(t->v, bytes + HEADER + 2 * part, part);
    return JL_OK;
}
