/* trainer.h - a run of training: data, steps, the held-out loss, checkpoints, export.
 *
 * Place in the flow: a host (command line, page) hands in tokens and pulls steps; nothing here
 * prints, reads files or knows of threads. A step splits its batch into `shards`, each with its own
 * gradient, which the host's pool may compute in parallel; gradients are added in the order of the
 * shards. So the numbers depend on the options and the gemm, never on how many threads there
 * were. Every random choice follows from (seed, step), so a checkpoint is the step, the parameters
 * and the moments, and a resumed run continues bit for bit.
 */
#ifndef JL_TRAINER_H
#define JL_TRAINER_H

#include "../jielong_learn.h"
#include "optimizer.h"

typedef struct jlt_host {
    jlt_gemm *gemm;
    jl_pool *pool; /* threads for the shards (borrowed); NULL: the caller's alone */
} jlt_host;

typedef struct jlt_options {
    jlt_net_shape shape;
    jlt_optimizer optimizer;
    int batch;  /* sequences a step */
    int length; /* tokens a sequence, ≤ shape.n_ctx */
    int shards; /* parts of the batch, ≤ batch */
    uint64_t seed;
} jlt_options;

/* Token streams, borrowed for the life of the trainer. */
typedef struct jlt_data {
    const int32_t *train, *held; /* [n_train], [n_held] */
    size_t n_train, n_held;
} jlt_data;

typedef struct jlt_trainer jlt_trainer;

/* Copies the options. NULL with *error filled on failure. */
jlt_trainer *jlt_trainer_new(const jlt_options *options, const jlt_data *data, const jlt_host *host,
                             jl_error *error);
void jlt_trainer_free(jlt_trainer *t);

/* One step. JL_DONE after the last; JL_ERR_NUMERIC when the loss is no longer a number. */
jl_status jlt_trainer_step(jlt_trainer *t, jl_train_report *report, jl_error *error);
int jlt_trainer_steps_done(const jlt_trainer *t);

/* Mean nats per token over windows of n_ctx tokens of the held-out stream, each starting afresh, at
 * most `windows` of them (0: all), spread evenly. NaN where there is no whole window. */
double jlt_trainer_held_out(jlt_trainer *t, int windows);

const jlt_network *jlt_trainer_network(const jlt_trainer *t);
const jlt_real *jlt_trainer_params(const jlt_trainer *t);

/* A checkpoint: its size, its bytes, and back. Restoring refuses what another shape or seed
 * made. */
size_t jlt_trainer_save_bytes(const jlt_trainer *t);
void jlt_trainer_save(const jlt_trainer *t, uint8_t *out);
jl_status jlt_trainer_restore(jlt_trainer *t, const uint8_t *bytes, size_t n, jl_error *error);

#endif
