/* jielong_inside.h - the inside of a forward pass: activations out, through taps.
 *
 * The host requests arrays by kind and place and evaluates tokens with them; the engine fills one
 * row for each token, in order. Without taps the pass computes and stores nothing for them. Adds to
 * jielong.h, whose conventions hold here too.
 */
#ifndef JIELONG_INSIDE_H
#define JIELONG_INSIDE_H

#include "jielong.h"

typedef enum jl_tap_kind {
    JL_TAP_ATTENTION, /* softmax weights of one head, [new tokens][position + new tokens] */
    JL_TAP_RESIDUAL,  /* the residual stream after one block, [new tokens][embedding length] */
    JL_TAP_OUTPUT     /* the stream after the last norm, before the logits; the same shape */
} jl_tap_kind;

typedef struct jl_tap {
    jl_tap_kind kind;
    int layer, head;   /* head counts for JL_TAP_ATTENTION alone */
    int rows, cols;    /* filled by run() */
    const float *data; /* [rows][cols], owned by the session until the next run or clear */
} jl_tap;

/* Appends ids, evaluates them all and fills n_taps taps; n_taps 0: append and advance. With JL_OK
 * every row is complete; damaged weights give NaN. Encoders accept taps too. */
jl_status jl_session_run(jl_session *s, const int32_t *ids, int n, jl_tap *taps, int n_taps,
                         jl_error *error);
void jl_session_clear_taps(jl_session *s); /* frees the data of the last run's taps */

#endif
