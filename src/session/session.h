/* session.h - one token sequence: ids, KV cache, scratch, and the generation in progress.
 *
 * A session allocates one block at the start; the function that lays it out also computes its size.
 * A step allocates nothing. ids [n_ids] is the sequence, the first n_cached of them are evaluated;
 * advance() evaluates the others.
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
    int n_ctx, n_batch; /* maximum positions, tokens per batch, */
    int n_step;         /* and rows in the scratch */
    uint64_t step;      /* multiplications per call, JL_STEP */
    int all_logits;     /* keep the logits of all tokens of a batch */
    int32_t *ids;       /* [n_ctx] */
    int n_ids, n_cached;
    uint32_t n_evaluated; /* total tokens, for timing */
    jl_cache cache;
    int conv_from; /* first position whose convolution inputs are not overwritten */
    jl_scratch scratch;
    jl_batch batch; /* in progress; p.n = 0: none */
    float *logits;  /* [n_batch or 1][n_vocab] */
    int batch_rows; /* rows of logits of the last batch */
    int has_logits; /* the last row belongs to the last id */

    jl_sampler sampler;
    jl_random random;
    jl_generation generation; /* stop unused: copied into text */
    jl_text_stream text;
    char *text_buffer; /* [text_cap] */
    size_t text_cap;
    int drawn; /* tokens of this generation; −1: none started */
    jl_finish finish;

    float *tap_data; /* of the last run, or NULL */
    void *memory;    /* the block of all other buffers */
};

/* Requested result of a batch. */
typedef enum jl_purpose { JL_FOR_LOGITS, JL_FOR_STATES } jl_purpose;

/* Evaluates a step of the next batch; requires n_cached < n_ids. JL_MORE until the batch is
 * complete, then JL_OK, with the hidden states in *states for JL_FOR_STATES. taps must live until
 * then. JL_ERR_THREAD changes nothing. */
jl_status jl_session_evaluate(jl_session *s, jl_purpose purpose, const jl_taps *taps,
                              const float **states, jl_error *error);

/* Rejects encoders: they predict no next token. */
jl_status jl_session_check_predicts(const jl_session *s, jl_error *error);

#endif
