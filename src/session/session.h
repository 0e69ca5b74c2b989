/* session.h - one timeline: token ids, KV cache, scratch, and the generation that runs on it.
 *
 * All memory is taken at the start, in one block laid out by the same code that publishes its size;
 * a step allocates nothing. ids [n_ids] is what the timeline says, the first n_cached of them are
 * in the cache; advance() closes the gap.
 */
#ifndef JL_SESSION_H
#define JL_SESSION_H

#include "../compute/pool.h"
#include "../forward/forward.h"
#include "sample.h"
#include "text_stream.h"

struct jl_session {
    const jl_model *m;
    jl_pool *pool;      /* borrowed, or NULL */
    int n_ctx, n_batch; /* positions, tokens a batch, */
    int n_step;         /* rows of it that the scratch has room for */
    uint64_t step;      /* multiplications after which a call ends, JL_STEP */
    int all_logits;     /* keep those of every token of a batch, not of the last alone */
    int32_t *ids;       /* [n_ctx] */
    int n_ids, n_cached;
    uint32_t n_evaluated; /* tokens in all, for measuring */
    jl_cache cache;
    int conv_from; /* position from which on the cache still has what enters short convolutions */
    jl_scratch scratch;
    jl_batch batch; /* under way, or its p.n is 0 */
    float *logits;  /* [n_batch or 1][n_vocab] */
    int batch_rows; /* rows of logits that the last batch wrote */
    int has_logits; /* the last row belongs to the last id */

    jl_sampler sampler;
    jl_random random;
    jl_generation generation; /* stop unused: copied into text */
    jl_text_stream text;
    char *text_buffer; /* [text_cap] */
    size_t text_cap;
    int drawn; /* tokens of this generation; −1: none was started */
    jl_finish finish;

    float *tap_data; /* of the last run, or NULL */
    void *memory;    /* everything above in one block */
};

/* What a batch is evaluated for. */
typedef enum jl_purpose { JL_FOR_LOGITS, JL_FOR_STATES } jl_purpose;

/* Evaluates a step of the next batch, of which the caller knows that something is pending: JL_MORE
 * while the batch is not complete, then JL_OK, with the hidden states at *states if it is for them.
 * taps live until then. JL_ERR_THREAD leaves the session as it was. */
jl_status jl_session_evaluate(jl_session *s, jl_purpose purpose, const jl_taps *taps,
                              const float **states, jl_error *error);

/* Refuses an encoder, whose hidden states are no predictions. */
jl_status jl_session_check_predicts(const jl_session *s, jl_error *error);

#endif
