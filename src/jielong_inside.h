/* jielong_inside.h - the inside of a forward pass: read it, change it, and change its rules; how a
 * text becomes tokens; rows and logits of the vocabulary.
 *
 * A site is a place in the pass. Names and meanings are those of TransformerLens 3 (Nanda & Bloom
 * 2022); "blocks.N." precedes the name of a site in block N. T: tokens of a run. S: positions up to
 * the run's end. H query heads, K KV heads, D head size, E width, F feed-forward width, X experts,
 * V vocabulary. Row-major floats. Extends jielong.h, whose conventions apply.
 */
#ifndef JIELONG_INSIDE_H
#define JIELONG_INSIDE_H

#include "jielong.h"

/* ---- Sites ----------------------------------------------------------------------------------- */

/* In the order of a pass, but for ln1 and ln2 of BERT. */
typedef enum jl_site {
    JL_SITE_EMBED,          /* T×E  rows of the embedding table, scaled as the model does */
    JL_SITE_POS_EMBED,      /* T×E  learned positions, where the model adds them */
    JL_SITE_RESID_PRE,      /* T×E  the residual stream before a block */
    JL_SITE_LN1_SCALE,      /* T×1  divisor of the norm before attention (BERT: after it), */
    JL_SITE_LN1_NORMALIZED, /* T×E  and (x − mean) / scale, before the weight */
    JL_SITE_Q,              /* T×H×D  queries, after the norms of the heads, before RoPE */
    JL_SITE_K,              /* T×K×D  keys, the same */
    JL_SITE_V,              /* T×K×D  values */
    JL_SITE_ROT_Q,          /* T×H×D  queries after RoPE and head norms that follow it;
                               * without RoPE and these equal to q */
    JL_SITE_ROT_K,          /* T×K×D  keys, the same */
    JL_SITE_ATTN_SCORES,    /* H×T×S  scaled, capped, biased, masked (−∞) scores */
    JL_SITE_PATTERN,        /* H×T×S  their softmax; 0 if all scores are −∞ */
    JL_SITE_Z,              /* T×H×D  outputs of the heads, before W_O */
    JL_SITE_RESULT,         /* T×H×E  W_O's product with each head's output; read only */
    JL_SITE_ATTN_OUT,       /* T×E  what attention, a short convolution or a recurrence adds to the
                               * stream; in Falcon H1 the sum of attention and recurrence */
    JL_SITE_RESID_MID,      /* T×E  the stream between the sublayers, if there are two */
    JL_SITE_LN2_SCALE,      /* T×1  as ln1, before the feed-forward sublayer (BERT: after it) */
    JL_SITE_LN2_NORMALIZED, /* T×E */
    JL_SITE_MLP_PRE,        /* T×F  before the activation: W_gate h, or W_up h without a gate */
    JL_SITE_MLP_PRE_LINEAR, /* T×F  W_up h of a gated sublayer */
    JL_SITE_MLP_POST,       /* T×F  the input of W_down */
    JL_SITE_EXPERT_WEIGHTS, /* T×X  softmax of the router, before experts are chosen */
    JL_SITE_MLP_OUT,        /* T×E  what the feed-forward sublayer adds to the stream */
    JL_SITE_RESID_POST,     /* T×E  the stream after the block */
    JL_SITE_FINAL_SCALE,    /* T×1  divisor of the last norm, */
    JL_SITE_FINAL_NORMALIZED, /* T×E */
    JL_SITE_LOGITS,           /* T×V  scaled and capped */
    JL_SITE_COUNT
} jl_site;

typedef enum jl_site_axes {
    JL_AXES_TOKEN,      /* [T][width] */
    JL_AXES_TOKEN_HEAD, /* [T][heads][width] */
    JL_AXES_HEAD_TOKEN  /* [heads][T][S] */
} jl_site_axes;

typedef struct jl_site_info {
    const char *name, *alias; /* the full name (in blocks without "blocks.N."); the short one */
    int per_block, read_only;
    jl_site_axes axes;
    int heads, width; /* of this model; heads 1 without that axis, width 0: S */
} jl_site_info;

/* Describes a site, for the sites of a model: 0 if the model, or block `layer` of it, has none. */
int jl_model_site(const jl_model *m, jl_site site, int layer, jl_site_info *info);

/* ---- Runs: reads and edits ------------------------------------------------------------------- */

/* A request to read a site, and its result. */
typedef struct jl_tap {
    jl_site site;
    int layer;             /* of a site in blocks */
    int head;              /* −1: all, or the site has no heads */
    int from, to;          /* tokens [from, to) of the run; to −1: its end */
    int heads, rows, cols; /* set by the run */
    const float *data;     /* complete after the run: [rows][heads][cols], scores and patterns
                              [heads][rows][cols]; owned by the session until the run's end */
} jl_tap;

typedef enum jl_edit_op { JL_EDIT_SCALE, JL_EDIT_SET, JL_EDIT_ADD } jl_edit_op;

/* A change of a site, before it is read. Edits of a site apply in their order. */
typedef struct jl_edit {
    jl_site site;
    int layer, head; /* as in jl_tap */
    int from, to;    /* tokens of the run, positions of a session; to −1: all later ones */
    jl_edit_op op;
    float factor; /* of JL_EDIT_SCALE; 0: zero, whatever the value. Scores of −∞ stay −∞ */
    /* Of JL_EDIT_SET and JL_EDIT_ADD, copied: n floats, one row for all tokens or to − from rows.
     * Rows as those of a tap; those of scores and patterns have S columns, and heads come first.
     * Values for keys that the cache does not have (after the batch, before a window) must leave
     * them unseen: −∞, or 0 to add. */
    const float *data;
    uint64_t n;
} jl_edit;

typedef struct jl_run_options {
    const jl_tap *taps;
    int n_taps;
    const jl_edit *edits;
    int n_edits;
    int n_layers;   /* evaluate only this many blocks and no logits (stop_at_layer); 0: all */
    uint64_t limit; /* maximum bytes of results and edits; 0: none */
} jl_run_options;

/* Bytes of the results of a run over n more tokens, or UINT64_MAX for an invalid request or a text
 * that does not fit the context. */
uint64_t jl_session_forecast(const jl_session *s, int n, const jl_run_options *o, jl_error *error);

/* Appends ids and begins a run over them. Earlier ids that are not evaluated yet are evaluated
 * first, with the session's edits but not the run's. Copies the request. Errors name the element
 * ("taps[2]", "edits[0]") and change nothing. A run that is begun must be ended; calls that append,
 * evaluate or remove tokens end it first. */
jl_status jl_session_run_begin(jl_session *s, const int32_t *ids, int n, const jl_run_options *o,
                               jl_error *error);
/* Evaluates the next step: JL_MORE, or JL_OK when all taps are complete. */
jl_status jl_session_run_step(jl_session *s, jl_error *error);
/* Tap i of the run, NULL if there is none. */
const jl_tap *jl_session_tap(const jl_session *s, int i);
/* Frees the run's memory. Unless it was complete and n_layers was 0, removes its tokens. */
void jl_session_run_end(jl_session *s);

/* Replaces the edits of all later evaluations of the session, and drops its cache. Scores and
 * patterns can only be scaled, because their width grows. */
jl_status jl_session_set_edits(jl_session *s, const jl_edit *edits, int n, jl_error *error);

/* ---- Rules ----------------------------------------------------------------------------------- */

typedef enum jl_mask {
    JL_MASK_MODEL,  /* the model's own: causal, or none in encoders */
    JL_MASK_CAUSAL, /* query t sees keys j ≤ t */
    JL_MASK_PREFIX, /* and the first `prefix` tokens see each other (Raffel et al. 2020) */
    JL_MASK_NONE    /* all of the text, which is evaluated whole, at most 4096 tokens */
} jl_mask;

/* Rules of a session that no model needs to have been trained with (jl_session_options). */
typedef struct jl_rules {
    jl_mask mask;
    int prefix;
    /* Query t sees only keys j with t − j < window or j < sinks; 0: no window. The cache keeps only
     * these keys (StreamingLLM, Xiao et al. 2024). cache_positions: sinks stand directly before the
     * window, as in that paper, instead of at their own positions. */
    int window, sinks, cache_positions;
    int positions_off;           /* no learned positions, RoPE angles 0, no ALiBi */
    const int32_t *position_ids; /* of each token, any integers (copied); NULL: 0, 1, 2, … */
    int n_position_ids;          /* limits the context */
    double rope_base;            /* replaces the base of RoPE; 0: the model's */
    double rope_scale;           /* divides the positions in RoPE (Chen et al. 2023); 0: 1 */
    int cache;                   /* floats: 32; 16-bit values: 16; 0: 32 for F32 files, else 16 */
    int no_reuse;                /* every append evaluates all tokens again */
} jl_rules;

/* ---- Counters -------------------------------------------------------------------------------- */

typedef enum jl_part {
    JL_PART_OTHER, /* embedding, norms, activations, activations' preparation */
    JL_PART_QKV,
    JL_PART_SCORES, /* q·k */
    JL_PART_GATHER, /* weights·v; one kernel with the scores, so the time of both is in SCORES */
    JL_PART_OUTPUT, /* W_O */
    JL_PART_FEED_FORWARD,
    JL_PART_UNEMBED,
    JL_PART_COUNT
} jl_part;

typedef struct jl_counters {
    double tokens; /* evaluated; again counts again */
    double multiply_adds[JL_PART_COUNT];
    double ms[JL_PART_COUNT];         /* 0 without a clock (jl_session_options) */
    double weight_bytes, cache_bytes; /* read, as stored; a batch reads weights once */
    double cache_held;                /* bytes of the cache in use now */
} jl_counters;
jl_counters jl_session_counters(const jl_session *s);
void jl_session_reset_counters(jl_session *s);

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
