/* jielong_inside.h - activations of a forward pass, read through taps.
 *
 * A tap names a kind of activation and a place. The engine writes one row per evaluated token, in
 * order. Without taps the pass does no extra work. Extends jielong.h, whose conventions apply.
 */
#ifndef JIELONG_INSIDE_H
#define JIELONG_INSIDE_H

#include "jielong.h"

typedef enum jl_tap_kind {
    JL_TAP_ATTENTION, /* softmax weights of one head, [new tokens][position + new tokens] */
    JL_TAP_RESIDUAL,  /* the residual stream after one block, [new tokens][embedding length] */
    JL_TAP_OUTPUT     /* the stream after the last norm, input of the logits; same shape */
} jl_tap_kind;

typedef struct jl_tap {
    jl_tap_kind kind;
    int layer, head;   /* head: only for JL_TAP_ATTENTION */
    int rows, cols;    /* filled by run() */
    const float *data; /* [rows][cols], owned by the session until the next run or clear */
} jl_tap;

/* Appends ids, evaluates them all and fills n_taps taps (0: none). After JL_OK all rows are
 * complete; damaged weights give NaN. Encoders accept taps too. */
jl_status jl_session_run(jl_session *s, const int32_t *ids, int n, jl_tap *taps, int n_taps,
                         jl_error *error);
void jl_session_clear_taps(jl_session *s); /* frees the data of the last run's taps */

#endif
