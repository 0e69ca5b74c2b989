/* trainer.h - a training run: data, steps, held-out loss, checkpoints, export.
 *
 * The host (command line, page) passes tokens and calls each step; nothing here prints, reads files
 * or starts threads. A step splits its batch into `shards`, each with its own gradient; the host's
 * pool may compute them in parallel. Gradients are summed in shard order, so results depend on the
 * options and the gemm, never on the number of threads. All random choices derive from
 * (seed, step). A checkpoint is the step, the parameters and the moments, and a resumed run is
 * bit-identical.
 */
#ifndef JL_TRAINER_H
#define JL_TRAINER_H

#include "../jielong_learn.h"
#include "optimizer.h"

typedef struct jlt_host {
    jlt_gemm *gemm;
    jl_pool *pool; /* thread pool for shards (borrowed); NULL: the calling thread */
} jlt_host;

typedef struct jlt_options {
    jlt_net_shape shape;
    jlt_optimizer optimizer;
    int batch;  /* sequences per step */
    int length; /* tokens per sequence, ≤ shape.n_ctx */
    int shards; /* parts of the batch, ≤ batch */
    uint64_t seed;
} jlt_options;

/* Token streams; they must outlive the trainer. */
typedef struct jlt_data {
    const int32_t *train, *held; /* [n_train], [n_held] */
    size_t n_train, n_held;
} jlt_data;

typedef struct jlt_trainer jlt_trainer;

/* Copies the options. NULL with *error filled on failure. */
jlt_trainer *jlt_trainer_new(const jlt_options *options, const jlt_data *data, const jlt_host *host,
                             jl_error *error);
void jlt_trainer_free(jlt_trainer *t);

/* Runs one step. JL_DONE after the last; JL_ERR_NUMERIC if the loss is not finite. */
jl_status jlt_trainer_step(jlt_trainer *t, jl_train_report *report, jl_error *error);
int jlt_trainer_steps_done(const jlt_trainer *t);

/* Mean nats per token over at most `windows` (0: all) evenly spaced windows of n_ctx held-out
 * tokens, each with empty context. NaN without a whole window. */
double jlt_trainer_held_out(jlt_trainer *t, int windows);

const jlt_network *jlt_trainer_network(const jlt_trainer *t);
const jlt_real *jlt_trainer_params(const jlt_trainer *t);

/* Size, writing and loading of a checkpoint. Loading rejects another shape or seed. */
size_t jlt_trainer_save_bytes(const jlt_trainer *t);
void jlt_trainer_save(const jlt_trainer *t, uint8_t *out);
jl_status jlt_trainer_restore(jlt_trainer *t, const uint8_t *bytes, size_t n, jl_error *error);

#endif
