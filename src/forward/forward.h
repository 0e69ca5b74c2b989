/* forward.h - token ids → logits: the Transformer itself.
 *
 * Works on a batch of consecutive positions, in steps that are short whatever the file: a step ends
 * after JL_STEP multiplications, between two blocks or, where a block's attention alone takes
 * longer, between parts of its rows. Everything it writes lies in the scratch and the cache, both
 * owned by the session; it allocates nothing and cannot fail. Steps change no bit of the results.
 */
#ifndef JL_FORWARD_H
#define JL_FORWARD_H

#include "pass.h"

/* Lays the buffers out for batches of up to n_batch tokens, n_step rows at a time, in a context of
 * n_ctx positions, for the threads of a pool (or NULL). */
void jl_scratch_take(jl_scratch *s, jl_arena *arena, const jl_model *m, int n_batch, int n_step,
                     int n_ctx, jl_pool *pool);

/* Multiplications after which a step ends: a fraction of a second on one thread. Small models take
 * a batch in one step or a few, large ones some blocks in each. */
#define JL_STEP ((uint64_t)1 << 31)

/* A batch in progress, between two steps. All zero: none. */
typedef struct jl_batch {
    jl_pass p;     /* the rows that are still computed */
    uint64_t step; /* multiplications after which a step ends */
    int n_step;    /* rows that the scratch has room for */
    int rows;      /* number of last rows whose results are requested */
    float *logits; /* [rows][vocab] of these; NULL: hidden states instead */
    int block;     /* of the next step */
    int kv_stored; /* nonzero: keys and values of the block are stored, its queries are next */
    int done;      /* rows completed of this half */
} jl_batch;

/* Embeds the tokens of b->p, whose cache must hold the positions before them; b->p.row = 0. */
void jl_forward_begin(jl_batch *b, const int32_t *ids);

/* Computes the next step. 0: the batch is complete, with its logits or states; 1: not yet. */
int jl_forward_step(jl_batch *b);

/* The hidden states [rows][embd] after the last norm, of a complete batch without logits; once, for
 * they take the stream's place. Borrowed until the next batch. */
const float *jl_forward_states(const jl_batch *b);

#endif
