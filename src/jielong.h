/* jielong.h - the public interface of the engine: model, session, tokens, sampling, taps.
 *
 * A model is immutable once loaded and may be shared by sessions. A session is one timeline of
 * tokens with its KV cache and scratch memory; it borrows its model, which must outlive it.
 *
 * The host streams the bytes of a GGUF file into a model (reserve, feed, feed, … until JL_OK),
 * opens a session, appends token ids and pulls: advance() evaluates a step, generate_step()
 * draws one token. The library never prints, exits or blocks, so a host can stop between any two
 * calls.
 *
 * Conventions. Every fallible function returns a jl_status (0 fine, negative an error) or NULL and
 * fills *error, which the caller owns and clears; the first failure keeps its place. Pointers
 * marked `borrowed` stay valid until the next call on the same handle. Text is UTF-8 and not
 * NUL-terminated unless it says so. Sizes are bytes, probabilities natural, log-probabilities
 * natural logarithms.
 */
#ifndef JIELONG_H
#define JIELONG_H

#include <stddef.h>
#include <stdint.h>

/* ---- Status and errors ----------------------------------------------------------------------- */

typedef enum jl_status {
    JL_OK = 0,
    JL_MORE = 1,              /* not a failure: more bytes, or more evaluation, is needed */
    JL_DONE = 2,              /* not a failure: the generation has ended */
    JL_ERR_MEMORY = -1,       /* an allocation failed or would pass the memory limit */
    JL_ERR_NOT_GGUF = -2,     /* the bytes are something else */
    JL_ERR_FORMAT = -3,       /* a GGUF file that breaks the format */
    JL_ERR_TRUNCATED = -4,    /* the file ends too early */
    JL_ERR_ARCHITECTURE = -5, /* general.architecture is not in the table */
    JL_ERR_TYPE = -6,         /* a tensor type that is not supported */
    JL_ERR_TENSOR = -7,       /* a tensor is missing or has the wrong shape */
    JL_ERR_TOKENIZER = -8,    /* no tokenizer in the file, or one that is not supported */
    JL_ERR_CONTEXT = -9,      /* the session's context is full */
    JL_ERR_ARGUMENT = -10,    /* the caller's argument is out of range */
    JL_ERR_NUMERIC = -11,     /* the model's logits are not numbers */
    JL_ERR_THREAD = -12       /* a thread of the pool was waited for in vain */
} jl_status;

typedef struct jl_error {
    jl_status code;    /* JL_OK: nothing has failed */
    uint64_t offset;   /* byte offset in the file, or UINT64_MAX where none applies */
    char where[96];    /* NUL-terminated: tensor name, metadata key or argument */
    char message[320]; /* NUL-terminated: what was expected, what was found, what to do */
} jl_error;

/* A stable name such as "CONTEXT_FULL"; static, NUL-terminated. */
const char *jl_status_name(jl_status status);

/* ---- Model ----------------------------------------------------------------------------------- */

typedef struct jl_model jl_model;

/* Starts a load. file_size: the length of the file, or 0 where the host does not know it.
 * memory_limit: most bytes that weights and tokenizer may take together, 0 for no limit. */
jl_model *jl_model_new(uint64_t file_size, uint64_t memory_limit, jl_error *error);

/* Where the next bytes of the file go: *room bytes (≥ 1) at a borrowed address; NULL: failure. */
uint8_t *jl_model_reserve(jl_model *m, size_t *room, jl_error *error);

/* Takes n bytes that were written at the reserved address: parses the header once it is complete,
 * then packs each tensor into its kernel layout as it arrives. JL_MORE until the last tensor is in,
 * then JL_OK. */
jl_status jl_model_feed(jl_model *m, size_t n, jl_error *error);

/* The file has ended. JL_OK if it is complete, else JL_ERR_TRUNCATED naming what is missing. */
jl_status jl_model_finish(jl_model *m, jl_error *error);

void jl_model_free(jl_model *m); /* NULL is fine */

/* The description as JSON (see "model.info" in the README); returns its length without the NUL that
 * follows it; writes only what fits into cap bytes. */
size_t jl_model_info(const jl_model *m, char *json, size_t cap);

int jl_model_n_vocab(const jl_model *m);
int jl_model_n_ctx(const jl_model *m); /* the context length the model was trained with */
int jl_model_n_layers(const jl_model *m);
int jl_model_n_heads(const jl_model *m);

/* ---- Tokens ---------------------------------------------------------------------------------- */

enum {
    JL_TOKENIZE_SPECIAL = 1, /* special tokens written in the text become their ids */
    JL_TOKENIZE_BOS = 2,     /* begin with the beginning-of-sequence token, and */
    JL_TOKENIZE_EOS = 4      /* end with the end-of-sequence token, where the file asks for one */
};

/* text[n] → at most cap ids; returns how many there are in all, or a negative status. */
int jl_tokenize(const jl_model *m, const char *text, size_t n, int flags, int32_t *ids, int cap,
                jl_error *error);

typedef struct jl_quote {
    uint32_t start, end; /* bytes [start, end) of a text */
} jl_quote;

/* jl_tokenize() for a text of two authors: what lies in the quotes (ascending, apart) is someone
 * else's words, and no control token that touches one of them counts. The text is read as one, so
 * without control tokens in the quotes the ids are those of jl_tokenize(). */
int jl_tokenize_quoted(const jl_model *m, const char *text, size_t n, int flags,
                       const jl_quote *quotes, size_t n_quotes, int32_t *ids, int cap,
                       jl_error *error);

/* jl_tokenize_quoted() in steps; borrows the model, the text and the quotes until it is freed. A
 * step ends with JL_MORE after about `work` units of some nanoseconds (a byte of English takes
 * ten), but not inside what the tokenizer's regular expression takes as one piece; JL_OK: the ids
 * are complete (borrowed, *n of them). After a failure it can only be freed. */
typedef struct jl_encoding jl_encoding;
jl_encoding *jl_encoding_new(const jl_model *m, const char *text, size_t n, int flags,
                             const jl_quote *quotes, size_t n_quotes, jl_error *error);
jl_status jl_encoding_step(jl_encoding *e, uint32_t work, jl_error *error);
const int32_t *jl_encoding_ids(const jl_encoding *e, int *n);
void jl_encoding_free(jl_encoding *e); /* NULL is fine */

enum {
    JL_BYTES_SPECIAL = 1, /* of control tokens and the unknown token too; else these have none */
    JL_BYTES_FIRST = 2 /* as a text's first token: without the blank that jl_tokenize() put there */
};

/* The bytes of one token (borrowed from the model, length in *n); flags: JL_BYTES_…. An id outside
 * the vocabulary gives NULL. */
const char *jl_token_bytes(const jl_model *m, int32_t id, int flags, size_t *n);

/* Whether the token ends a generation (end of sequence, end of turn). */
int jl_token_is_end(const jl_model *m, int32_t id);

/* ---- Precision ------------------------------------------------------------------------------- */

/* Activations of products with quantised weights have 16 bits (`exact`), or 8 (`fast`, llama.cpp's
 * own accuracy), for each class of weights separately. Both give the same bits on every machine. */
typedef enum jl_weight_class { JL_WEIGHTS_BELOW_8, JL_WEIGHTS_OF_8 } jl_weight_class;
struct jl_fast; /* compute/fast.h */

/* The precision of a class: fast->on, with the product kernels that the host provides, if any.
 * Copied; NULL: `exact`, as at the start. To be called before the model's first session. Returns
 * whether the model has such weights. */
int jl_model_set_fast(jl_model *m, jl_weight_class weights, const struct jl_fast *fast);

/* Which products the provided kernels of both classes compute (JL_PROVIDED_…), the build's own the
 * others. The bits are the same; it may be called between any two evaluations. */
void jl_model_use_provided(jl_model *m, int provided);

/* Threads that share the work of sessions, with the same bits for any number of them; the library
 * starts none, the host lends them (compute/pool.h). */
typedef struct jl_pool jl_pool;

/* ---- Session --------------------------------------------------------------------------------- */

typedef struct jl_session jl_session;

typedef struct jl_session_options {
    int n_ctx;      /* positions in the KV cache; 0: the trained length, at most JL_DEFAULT_CTX. The
                       cache follows the file: floats for F32 files, 16 bits a number else */
    int n_batch;    /* tokens evaluated together, 0: 64; an encoder's are a whole text */
    int all_logits; /* nonzero: keep the logits of every position of a batch, not just the last */
    jl_pool *pool;  /* threads (borrowed); NULL: the caller's alone */
} jl_session_options;

enum { JL_DEFAULT_CTX = 4096 };

jl_session *jl_session_new(const jl_model *m, const jl_session_options *options, jl_error *error);
void jl_session_free(jl_session *s); /* NULL is fine */

/* Bytes that a session of n_ctx positions takes, before one is made. */
uint64_t jl_session_bytes(const jl_model *m, const jl_session_options *options);

/* Adds ids at the end of the timeline, for advance() to evaluate; none of them on failure. */
jl_status jl_session_append(jl_session *s, const int32_t *ids, int n, jl_error *error);

/* Evaluates the next step of what was appended, some 2·10⁹ multiplications whatever the file:
 * JL_MORE while some is left, JL_OK when the logits of the last position are ready, JL_ERR_NUMERIC
 * where the largest of a row is no finite number. JL_ERR_THREAD leaves the session as it was. */
jl_status jl_session_advance(jl_session *s, jl_error *error);

/* Logits [n_vocab] after the last token (borrowed), NULL until advance() has answered JL_OK. */
const float *jl_session_logits(const jl_session *s);
/* With all_logits: row i of the last batch, [n_vocab] (borrowed); rows in *n, 0 within one. */
const float *jl_session_batch_logits(const jl_session *s, int i, int *n);

int jl_session_position(const jl_session *s); /* tokens on the timeline */
/* Tokens evaluated since the session was made, for measuring; wraps at 2^32. */
uint32_t jl_session_evaluated(const jl_session *s);
int jl_session_n_ctx(const jl_session *s);
const int32_t *jl_session_ids(const jl_session *s); /* [position], borrowed */

/* Forgets everything from `position` on. */
jl_status jl_session_rewind(jl_session *s, int position, jl_error *error);

/* ---- Sampling and generation ----------------------------------------------------------------- */

typedef struct jl_sampling {
    float temperature;    /* 0: greedy, the most probable token */
    int top_k;            /* keep the k most probable; 0: all */
    float top_p;          /* keep the fewest whose probabilities sum to at least p; 1: all */
    float min_p;          /* keep those with at least min_p times the largest probability; 0: all */
    float repeat_penalty; /* divide positive, multiply negative logits of recent tokens; 1: none */
    int repeat_last;      /* how many tokens count as recent */
    uint64_t seed;
} jl_sampling;

/* The stages of a draw, in order. Each one's distribution can be looked at. */
typedef enum jl_stage {
    JL_STAGE_MODEL,       /* softmax of the logits */
    JL_STAGE_PENALTY,     /* after the repetition penalty */
    JL_STAGE_TEMPERATURE, /* after dividing the logits by the temperature */
    JL_STAGE_TOP_K,
    JL_STAGE_TOP_P,
    JL_STAGE_MIN_P,
    JL_STAGE_COUNT
} jl_stage;

typedef struct jl_candidate {
    int32_t id;
    float probability; /* within the stage, renormalised over what it keeps */
} jl_candidate;

/* The distribution after a stage for the next token: writes the `cap` most probable candidates in
 * falling order, returns how many tokens the stage keeps, or a negative status. */
int jl_session_stage(jl_session *s, const jl_sampling *sampling, jl_stage stage, jl_candidate *out,
                     int cap, jl_error *error);

typedef struct jl_generation {
    jl_sampling sampling;
    int max_tokens;   /* ≥ 0 */
    int ignore_end;   /* nonzero: end tokens are drawn like any other and end nothing */
    int top_logprobs; /* alternatives reported with each token, 0..JL_MAX_TOP */
    const char *stop; /* stop strings one after another, each NUL-terminated; NULL: none (copied) */
    int n_stop;       /* 0..JL_MAX_STOP, each at most JL_MAX_STOP_BYTES */
} jl_generation;

enum { JL_MAX_TOP = 50, JL_MAX_STOP = 16, JL_MAX_STOP_BYTES = 256 };

typedef enum jl_finish {
    JL_FINISH_NONE,   /* more to come */
    JL_FINISH_LENGTH, /* max_tokens were drawn */
    JL_FINISH_END,    /* the model drew an end token */
    JL_FINISH_STOP,   /* a stop string appeared; the text ends before it */
    JL_FINISH_CONTEXT /* the token took the last position of the context */
} jl_finish;

typedef struct jl_token {
    int32_t id;
    int index;        /* 0 for the first token of this generation */
    float logprob;    /* under the model's own distribution (JL_STAGE_MODEL) */
    const char *text; /* borrowed: what became certain with this token: whole UTF-8
                                          characters that no stop string can swallow any more */
    size_t n_text;
    int n_top;
    jl_candidate top[JL_MAX_TOP]; /* `probability` under the model's own distribution */
    jl_finish finish;
} jl_token;

/* Starts a generation that continues the timeline (which must hold at least one token). */
jl_status jl_session_generate(jl_session *s, const jl_generation *g, jl_error *error);

/* One pull: JL_MORE after a step of a long prompt, JL_OK with *token filled, JL_DONE after the
 * last token. A drawn token is on the timeline at once and evaluated by the next pull. A context
 * that is full from the start is JL_ERR_CONTEXT. */
jl_status jl_session_generate_step(jl_session *s, jl_token *token, jl_error *error);

/* ---- Embeddings ------------------------------------------------------------------------------ */

/* Numbered as in GGUF: all tokens; the first; the last, which alone saw a decoder's whole text. */
typedef enum jl_pooling { JL_POOLING_MEAN = 1, JL_POOLING_CLS, JL_POOLING_LAST } jl_pooling;

int jl_model_n_embd(const jl_model *m);
jl_pooling jl_model_pooling(const jl_model *m); /* what the file asks for; else the mean */

/* Evaluates the next step of what was appended to an empty session, as jl_session_advance(), and
 * gathers what the model makes of the text in out [n_embd], which the caller keeps between the
 * calls: the hidden states after the last norm, pooled, of length 1 (all 0 stays so). JL_OK when
 * it is complete, JL_ERR_NUMERIC where it holds no numbers. The session has no logits afterwards.
 *
 * In an encoder (BERT; a file with attention.causal false) every token sees the whole text, which
 * is one batch, evaluated in steps all the same: a session has at most 4096 positions and is
 * rewound to 0 before the next text. It
 * runs with taps too; advancing and generating are JL_ERR_ARGUMENT. */
jl_status jl_session_embed(jl_session *s, jl_pooling pooling, float *out, jl_error *error);

/* ---- Taps: activations out ------------------------------------------------------------------- */

typedef enum jl_tap_kind {
    JL_TAP_ATTENTION, /* softmax weights of one head, [new tokens][position + new tokens] */
    JL_TAP_RESIDUAL,  /* the residual stream after one block, [new tokens][embedding length] */
    JL_TAP_OUTPUT     /* the stream after the last norm, before the logits; the same shape */
} jl_tap_kind;

typedef struct jl_tap {
    jl_tap_kind kind;
    int layer, head;   /* head counts for JL_TAP_ATTENTION alone */
    int rows, cols;    /* filled by run() */
    const float *data; /* [rows][cols], owned by the session until the next run() or clear */
} jl_tap;

/* Appends ids and evaluates them all with n taps listening; without taps it is append and advance.
 * With JL_OK the tokens' rows are complete, and what the model computes: NaN of damaged weights. */
jl_status jl_session_run(jl_session *s, const int32_t *ids, int n, jl_tap *taps, int n_taps,
                         jl_error *error);
void jl_session_clear_taps(jl_session *s); /* gives the memory of the last run's taps back */

#endif
