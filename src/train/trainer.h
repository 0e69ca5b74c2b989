/* trainer.h - a run of training: data, steps, the held-out loss, checkpoints, export.
 *
 * Place in the flow: a host (command line, page) hands in tokens and pulls steps; nothing here
 * prints, reads files or knows of threads. A step splits its batch into `shards`, each with its own
 * gradient, which the host's `parallel` may run side by side; gradients are added in the order of
 * the shards. So the numbers depend on the options and the gemm, never on how many threads there
 * were. Every random choice follows from (seed, step), so a checkpoint is the step, the parameters
 * and the moments, and a resumed run continues bit for bit.
 */
#ifndef JL_TRAINER_H
#define JL_TRAINER_H

#include "optimizer.h"

/* Runs work(arg, 0) … work(arg, n − 1), in any order, side by side or not. */
typedef void jl_parallel(void *context, int n, void (*work)(void *arg, int i), void *arg);

typedef struct jl_train_host {
    jl_gemm *gemm;
    jl_parallel *parallel; /* NULL: one after another */
    void *context;         /* handed to parallel */
} jl_train_host;

typedef struct jl_train_options {
    jl_net_shape shape;
    jl_optimizer optimizer;
    int batch;  /* sequences a step */
    int length; /* tokens a sequence, ≤ shape.n_ctx */
    int shards; /* parts of the batch, ≤ batch */
    uint64_t seed;
} jl_train_options;

/* Token streams, borrowed for the life of the trainer. */
typedef struct jl_train_data {
    const int32_t *train, *held; /* [n_train], [n_held] */
    size_t n_train, n_held;
} jl_train_data;

typedef struct jl_trainer jl_trainer;

typedef struct jl_train_report {
    int step;     /* steps done */
    double loss;  /* nats per token of the step's batch */
    double norm;  /* length of the gradient before clipping */
    double epoch; /* passes over the training tokens so far */
} jl_train_report;

/* Copies the options. NULL with *error filled on failure. */
jl_trainer *jl_trainer_new(const jl_train_options *options, const jl_train_data *data,
                           const jl_train_host *host, jl_error *error);
void jl_trainer_free(jl_trainer *t);

/* One step. JL_DONE after the last; JL_ERR_NUMERIC when the loss is no longer a number. */
jl_status jl_trainer_step(jl_trainer *t, jl_train_report *report, jl_error *error);
int jl_trainer_steps_done(const jl_trainer *t);

/* Mean nats per token over windows of n_ctx tokens of the held-out stream, each starting afresh, at
 * most `windows` of them (0: all), spread evenly. NaN where there is no whole window. */
double jl_trainer_held_out(jl_trainer *t, int windows);

const jl_network *jl_trainer_network(const jl_trainer *t);
const jl_real *jl_trainer_params(const jl_trainer *t);

/* A checkpoint: its size, its bytes, and back. Restoring refuses what another shape or seed
 * made. */
size_t jl_trainer_save_bytes(const jl_trainer *t);
void jl_trainer_save(const jl_trainer *t, uint8_t *out);
jl_status jl_trainer_restore(jl_trainer *t, const uint8_t *bytes, size_t n, jl_error *error);

#endif
