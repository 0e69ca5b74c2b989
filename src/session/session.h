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
#include "constraint.h"
#include "sample.h"
#include "text_stream.h"

/* A run in progress (run.c), and its memory. */
typedef struct jl_run {
    jl_tap *taps;
    jl_probe probe; /* taps, and the edits of session and run */
    int n_taps;
    int from, n_cached; /* tokens, and those evaluated, before the run */
    int n_blocks;       /* 0: all */
    int pattern_block;  /* see jl_pass */
    int complete;
    void *memory; /* NULL: no run */
} jl_run;

struct jl_session {
    const jl_model *m;
    jl_pool *pool;      /* borrowed, or NULL */
    int n_ctx, n_batch; /* maximum positions, tokens per batch, */
    int n_step;         /* and rows in the scratch */
    uint64_t step;      /* multiplications per call, JL_STEP */
    int all_logits;     /* keep the logits of all tokens of a batch */
    int32_t *ids;       /* [n_ctx] */
    int n_ids, n_cached;
    int max_texts;        /* texts that are embedded together; 0: one sequence */
    int n_texts, n_tiles; /* texts appended, and their tiles of the cache */
    jl_text_range *texts; /* [n_ctx] the text of each token; with max_texts */
    uint32_t n_evaluated; /* total tokens, for timing */
    jl_cache cache;
    int conv_from; /* first position whose convolution inputs are not overwritten */
    int ring_from; /* the same of keys in the cache's ring */
    int edited;    /* the cache may have values that edits made, which need not be finite */
    jl_rules rules;
    int has_rules;
    int32_t *position_ids; /* [n_position_ids], the session's copy */
    jl_rope_table *rope;   /* [JL_ROPE_SCOPES] of rules with another base or scale */
    jl_meter meter;
    jl_probe probe; /* the session's edits */
    void *edits;    /* their memory, or NULL */
    jl_run run;
    jl_scratch scratch;
    jl_batch batch; /* in progress; p.n = 0: none */
    float *logits;  /* [n_batch or 1][n_vocab] */
    int batch_rows; /* rows of logits of the last batch */
    int has_logits; /* the last row belongs to the last id */

    jl_sampler sampler;
    jl_random random;
    float mu;                  /* of Mirostat */
    jl_generation generation;  /* stop unused: copied into text */
    void *lists;               /* the copies of the generation's bias and breakers */
    jl_constraint *constraint; /* NULL until a grammar is used */
    jl_text_stream text;
    char *text_buffer; /* [text_cap] */
    size_t text_cap;
    int drawn; /* tokens of this generation; −1: none started */
    jl_finish finish;

    void *memory; /* the block of all other buffers */
};

/* Requested result of a batch. */
typedef enum jl_purpose { JL_FOR_LOGITS, JL_FOR_STATES } jl_purpose;

/* Evaluates a step of the next batch, with the sites of the run or of the session; requires
 * n_cached < n_ids. JL_MORE until the batch is complete, then JL_OK, with the hidden states in
 * *states for JL_FOR_STATES. JL_ERR_THREAD changes nothing. */
jl_status jl_session_evaluate(jl_session *s, jl_purpose purpose, const float **states,
                              jl_error *error);

/* Rejects n more tokens beyond the context. */
jl_status jl_session_check_room(const jl_session *s, int n, jl_error *error);

/* Rejects what jl_session_append() cannot append. */
jl_status jl_session_check_append(const jl_session *s, const int32_t *ids, int n, jl_error *error);

/* Rejects sessions of several texts, which only embed. */
jl_status jl_session_check_sequence(const jl_session *s, jl_error *error);

/* Rejects encoders, which predict no next token, and sessions of several texts. */
jl_status jl_session_check_predicts(const jl_session *s, jl_error *error);

/* Rejects further ids after `read` evaluated ones for an encoder and for several texts: both are
 * evaluated as a whole. */
jl_status jl_session_check_whole(const jl_session *s, int read, int n, jl_error *error);

/* How many of n cached positions remain when tokens are appended: with some rules none. */
int jl_session_reused(const jl_session *s, int n);

/* Drops cached positions from `position` on, and earlier ones that depend on them. */
void jl_session_truncate(jl_session *s, int position);

/* The context of a session with these options. */
int jl_session_context(const jl_model *m, const jl_session_options *o);

/* Slots of the cache: positions it can hold. */
int jl_session_slots(const jl_session *s);

/* ---- states.c -------------------------------------------------------------------------------- */

/* Takes the memory of the recurrent states from the arena. */
void jl_session_lay_out_states(jl_session *s, jl_arena *arena);

/* Drops states after a position; returns the latest kept one, or without recurrent blocks the
 * position itself. */
int jl_session_keep_states(jl_session *s, int position);

/* Chooses which state the next batch reads and which place it writes to, whose state is dropped:
 * the one whose neighbours are closest, so that the kept ones are spread over the text. */
void jl_session_begin_states(jl_session *s);

/* Bytes of the kept states. */
double jl_session_states_held(const jl_session *s);

/* State i, of `bytes`; 0: none is kept there. */
float *jl_session_state(const jl_session *s, int i, uint64_t *bytes);

/* ---- rules.c --------------------------------------------------------------------------------- */

/* Rejects rules that this model cannot follow, naming the option. */
jl_status jl_session_check_rules(const jl_model *m, const jl_session_options *o, jl_error *error);

/* Sizes of the batch and the cache under s->rules; n_ctx is set. */
void jl_session_size_rules(jl_session *s);

/* Takes the memory of s->rules from the arena; fills it unless measuring. */
void jl_session_lay_out_rules(jl_session *s, jl_arena *arena);

#endif
