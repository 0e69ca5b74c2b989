/* forward.h - token ids → logits: the Transformer itself.
 *
 * Evaluates a batch of consecutive positions in short steps. A step ends after JL_STEP
 * multiplications, at the end of a block or, if the block's attention alone exceeds a step, after
 * some of its rows. Writes only to the scratch and the cache, both owned by the session; allocates
 * nothing and cannot fail. The division into steps does not change the results.
 */
#ifndef JL_FORWARD_H
#define JL_FORWARD_H

#include "pass.h"

typedef struct jl_scratch_size {
    int n_batch; /* tokens of a batch */
    int n_step;  /* rows computed at a time */
    int n_bias;  /* slots of the cache if attention needs biases (rules.h), else 0 */
} jl_scratch_size;

/* Lays out the buffers, for the threads of a pool (or NULL). The caller sets rope and meter. */
void jl_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, const jl_scratch_size *size,
                     jl_pool *pool);

/* Multiplications per step: a fraction of a second on one thread. Small models need few steps per
 * batch, large ones compute some blocks per step. */
#define JL_STEP ((uint64_t)1 << 31)

/* A batch in progress. All zero: none. */
typedef struct jl_batch {
    jl_pass p;      /* the rows not dropped (drop_rows) */
    uint64_t step;  /* multiplications per step */
    int n_step;     /* maximum rows in the scratch */
    int rows;       /* results are requested for the last `rows` tokens */
    float *logits;  /* [rows][vocab]; NULL: none */
    int for_states; /* jl_forward_states() is called instead of computing logits */
    int n_blocks;   /* blocks to evaluate; fewer than all give no logits */
    int block;      /* of the next step */
    int kv_stored;  /* nonzero: the block's keys and values are stored, its queries are next */
    int done;       /* rows completed of the current half */
} jl_batch;

/* Embeds the tokens of b->p. The cache must hold all earlier positions; b->p.row = 0. */
void jl_forward_begin(jl_batch *b, const int32_t *ids);

/* Computes the next step. 0: the batch is complete; 1: not yet. */
int jl_forward_step(jl_batch *b);

/* The hidden states [rows][embd] after the last norm, of a complete batch without logits. Call it
 * once: it normalises the stream in place. Borrowed until the next batch. */
const float *jl_forward_states(const jl_batch *b);

#endif
