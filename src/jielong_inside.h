/* jielong_inside.h - activations of a forward pass, read through taps; tokenisation step by step;
 * rows and logits of the vocabulary.
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

/* ---- How a text becomes tokens --------------------------------------------------------------- */

/* The encoders report these events from the loops that encode. Offsets and lengths are bytes; a
 * piece is a part of the text that is encoded by itself, in the form in which the vocabulary stores
 * tokens (SentencePiece, WordPiece: one space for U+2581, and one that the encoder added).
 *
 *   BPE        PIECE, a SYMBOL for each byte or character, the MERGEs in their order, EMITs
 *              (a piece that is itself a token may have its EMIT only)
 *   unigram    the CANDIDATEs of the lattice up to a position on every path, PIECE, EMITs of the
 *              best path
 *   WordPiece  PIECE, an EMIT for each greedy match; a word that does not match wholly ends with an
 *              EMIT that replaces them: its `value` is that of the first
 *   special    PIECE with the literal text, EMIT */
typedef enum jl_trace_kind {
    JL_TRACE_PIECE,    /* at, value: start and end in the text; its `length` bytes follow those of
                          earlier pieces in jl_trace_bytes() */
    JL_TRACE_SYMBOL,   /* a start symbol; id: −1 if no token or merge has its string */
    JL_TRACE_MERGE,    /* two adjacent symbols become one; left: bytes of the first; value: rank */
    JL_TRACE_EMIT,     /* bytes [at, at + length) become the ids from index `value` on, up to the
                          next EMIT's; id −1: no token has them, so byte tokens or none */
    JL_TRACE_CANDIDATE /* unigram: a token that matches here */
} jl_trace_kind;

typedef struct jl_trace_event {
    int32_t kind;        /* jl_trace_kind */
    int32_t id;          /* from the vocabulary size on: a merged string that is no token */
    uint32_t at, length; /* in the piece */
    uint32_t left, value;
    float score; /* SentencePiece: of the merge or candidate; else 0 */
} jl_trace_event;

enum { JL_MAX_TRACE_TEXT = 1 << 14 }; /* bytes */

/* Tokenizes text[n] as jl_tokenize() with flags JL_TOKENIZE_SPECIAL or 0, and records the events.
 * NULL with *error filled on failure. */
typedef struct jl_trace jl_trace;
jl_trace *jl_trace_new(const jl_model *m, const char *text, size_t n, int flags, jl_error *error);
const jl_trace_event *jl_trace_events(const jl_trace *t, int *n); /* borrowed from t, as below */
const char *jl_trace_bytes(const jl_trace *t, size_t *n);         /* of all pieces */
const int32_t *jl_trace_ids(const jl_trace *t, int *n);
void jl_trace_free(jl_trace *t); /* NULL is fine */

/* ---- Rows and logits of the vocabulary ------------------------------------------------------- */

typedef enum jl_table {
    JL_TABLE_EMBEDDING, /* the token embeddings, unscaled */
    JL_TABLE_OUTPUT     /* the output matrix; tied models: the token embeddings */
} jl_table;

/* out [n][n_embd]: rows of a table, as the file stores them (dequantised). */
jl_status jl_model_rows(const jl_model *m, jl_table table, const int32_t *ids, int n, float *out,
                        jl_error *error);

/* out [n]: cosine of the embedding of `id` and those of tokens from … from + n − 1; 0 for a row of
 * zeros. */
jl_status jl_model_cosines(const jl_model *m, int32_t id, int from, int n, float *out,
                           jl_error *error);

/* out [n][n_vocab]: logits of residual streams x [n][n_embd] as after the last block: final norm
 * (unless norm is 0), output matrix and bias, logit scale, logit cap. Encoders reject it. */
jl_status jl_model_unembed(const jl_model *m, const float *x, int n, int norm, jl_pool *pool,
                           float *out, jl_error *error);

/* What is between the last residual stream and the logits; pointers borrowed, NULL: absent. */
typedef struct jl_unembedding {
    int layer_norm;             /* else RMSNorm */
    float eps;                  /* of the norm */
    float logit_scale;          /* 1: none */
    float logit_cap;            /* soft cap; 0: none */
    const float *weight, *bias; /* [n_embd] of the norm */
    const float *output_bias;   /* [n_vocab] */
} jl_unembedding;
jl_status jl_model_unembedding(const jl_model *m, jl_unembedding *out, jl_error *error);

#endif
