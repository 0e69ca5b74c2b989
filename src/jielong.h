/* jielong.h - the public interface of the engine: models, text, sessions, generation, embeddings.
 *
 * A loaded model is immutable, and sessions may share it. A session is one sequence of tokens with
 * its KV cache and scratch memory; it borrows its model, which must outlive it.
 *
 * The host streams the bytes of a GGUF file into a model (reserve, feed, feed, … until JL_OK),
 * opens a session and appends token ids; advance() evaluates a step, generate_step() draws one
 * token. The library never prints, exits or blocks, so a host can stop between any two calls.
 * Activations of the forward pass: jielong_inside.h. Threads and kernels: jielong_host.h. Training
 * and vocabularies: jielong_learn.h.
 *
 * Conventions. A function that can fail returns a jl_status (0: success, negative: an error) or
 * NULL, and fills *error. The caller owns and clears *error; later failures do not overwrite the
 * first. `borrowed` pointers stay valid until the next call on the same handle. Text is UTF-8,
 * without a final NUL unless stated. Sizes are in bytes; logarithms are natural.
 */
#ifndef JIELONG_H
#define JIELONG_H

#include <stddef.h>
#include <stdint.h>

#include "jielong_sampling.h"

typedef enum jl_status {
    JL_OK = 0,
    JL_MORE = 1,              /* not a failure: more bytes or more steps are needed */
    JL_DONE = 2,              /* not a failure: the generation has ended */
    JL_ERR_MEMORY = -1,       /* an allocation failed or would exceed the limit */
    JL_ERR_NOT_GGUF = -2,     /* the bytes are no GGUF file */
    JL_ERR_FORMAT = -3,       /* the GGUF file is malformed */
    JL_ERR_TRUNCATED = -4,    /* the file ends too early */
    JL_ERR_ARCHITECTURE = -5, /* general.architecture is not in the table */
    JL_ERR_TYPE = -6,         /* a tensor type is not supported */
    JL_ERR_TENSOR = -7,       /* a tensor is missing or has the wrong shape */
    JL_ERR_TOKENIZER = -8,    /* the tokenizer is missing or not supported */
    JL_ERR_CONTEXT = -9,      /* the session's context is full */
    JL_ERR_ARGUMENT = -10,    /* an argument is out of range */
    JL_ERR_NUMERIC = -11,     /* a result is not finite */
    JL_ERR_THREAD = -12       /* a pool worker stopped responding */
} jl_status;

typedef struct jl_error {
    jl_status code;     /* JL_OK: no failure */
    uint64_t offset;    /* byte offset in the file; UINT64_MAX: none */
    char where[96];     /* NUL-terminated: tensor name, metadata key or argument */
    char message[1024]; /* NUL-terminated: expected, found, and what to do */
} jl_error;

/* Borrowed bytes, not NUL-terminated. */
typedef struct jl_str {
    const char *data;
    size_t n;
} jl_str;

const char *jl_status_name(jl_status status); /* stable, e.g. "CONTEXT_FULL"; NUL-terminated */

/* ---- Model ----------------------------------------------------------------------------------- */

typedef struct jl_model jl_model;

/* Starts a load. file_size: in bytes, 0 if unknown. memory_limit: maximum bytes of weights and
 * tokenizer together, 0: no limit. */
jl_model *jl_model_new(uint64_t file_size, uint64_t memory_limit, jl_error *error);

/* Returns a borrowed buffer of *room ≥ 1 bytes for the next bytes of the file; NULL: failure. */
uint8_t *jl_model_reserve(jl_model *m, size_t *room, jl_error *error);
/* Consumes n bytes written to the reserved buffer: parses the header, then packs each tensor into
 * its kernel layout as it arrives. JL_MORE until the last tensor is complete, then JL_OK. */
jl_status jl_model_feed(jl_model *m, size_t n, jl_error *error);
/* Call at the end of the file. JL_ERR_TRUNCATED, naming the missing part, if it is incomplete. */
jl_status jl_model_finish(jl_model *m, jl_error *error);
void jl_model_free(jl_model *m); /* NULL is fine */

/* Writes the description as JSON ("model.info" in the README), at most cap bytes; returns its full
 * length without the final NUL. */
size_t jl_model_info(const jl_model *m, char *json, size_t cap);

int jl_model_n_vocab(const jl_model *m);
int jl_model_n_ctx(const jl_model *m); /* the context length the model was trained with */
int jl_model_n_layers(const jl_model *m);
int jl_model_n_heads(const jl_model *m);

/* ---- Tokens ---------------------------------------------------------------------------------- */

enum {
    JL_TOKENIZE_SPECIAL = 1, /* special tokens written in the text become their ids */
    JL_TOKENIZE_BOS = 2,     /* begin with BOS if the file says so */
    JL_TOKENIZE_EOS = 4      /* end with EOS if the file says so */
};

/* text[n] → at most cap ids; returns their total number (may exceed n) or a negative status. */
int jl_tokenize(const jl_model *m, const char *text, size_t n, int flags, int32_t *ids, int cap,
                jl_error *error);

typedef struct jl_quote {
    uint32_t start, end; /* bytes [start, end) of a text */
} jl_quote;

/* jl_tokenize() for a text with untrusted quotes (ascending, disjoint): a control token that
 * overlaps a quote is encoded as text. Otherwise the ids equal those of jl_tokenize(). */
int jl_tokenize_quoted(const jl_model *m, const char *text, size_t n, int flags,
                       const jl_quote *quotes, size_t n_quotes, int32_t *ids, int cap,
                       jl_error *error);

/* jl_tokenize_quoted() in steps; borrows the model, the text and the quotes. A step returns JL_MORE
 * after about `work` units of some nanoseconds (ten per byte of English), but never within a match
 * of the tokenizer's regular expression; JL_OK: all *n ids are ready (borrowed). After a failure
 * it can only be freed. */
typedef struct jl_encoding jl_encoding;
jl_encoding *jl_encoding_new(const jl_model *m, const char *text, size_t n, int flags,
                             const jl_quote *quotes, size_t n_quotes, jl_error *error);
jl_status jl_encoding_step(jl_encoding *e, uint32_t work, jl_error *error);
const int32_t *jl_encoding_ids(const jl_encoding *e, int *n);
void jl_encoding_free(jl_encoding *e); /* NULL is fine */

enum {
    JL_BYTES_SPECIAL = 1, /* control and unknown tokens give their names, else no bytes */
    JL_BYTES_FIRST = 2    /* first token of a text: strips the space that jl_tokenize() added */
};
/* The bytes of one token (borrowed from the model, length in *n); flags: JL_BYTES_…. NULL for an id
 * outside the vocabulary. */
const char *jl_token_bytes(const jl_model *m, int32_t id, int flags, size_t *n);
int jl_token_is_end(const jl_model *m, int32_t id); /* end of sequence, end of turn */

/* ---- Session --------------------------------------------------------------------------------- */

typedef struct jl_session jl_session;
typedef struct jl_pool jl_pool; /* threads (jielong_host.h) */

enum { JL_DEFAULT_CTX = 4096 };
typedef struct jl_session_options {
    int n_ctx;      /* positions; 0: the trained length, at most JL_DEFAULT_CTX */
    int n_batch;    /* tokens evaluated together, 0: 64; encoders always use the whole text */
    int all_logits; /* nonzero: keep the logits of every position, not just the last */
    jl_pool *pool;  /* threads (borrowed); NULL: only the caller's */
    const struct jl_rules *rules; /* jielong_inside.h; NULL: the model's own */
    double (*now)(void);          /* milliseconds, for counters; NULL: none */
    int n_texts; /* maximum texts that are embedded together (jl_session_embed); 0: one sequence */
} jl_session_options;

jl_session *jl_session_new(const jl_model *m, const jl_session_options *options, jl_error *error);
void jl_session_free(jl_session *s); /* NULL is fine */
/* Memory of such a session. */
uint64_t jl_session_bytes(const jl_model *m, const jl_session_options *options);

/* Appends ids to the sequence, for advance() to evaluate; on failure appends none. With n_texts the
 * ids are one more text. */
jl_status jl_session_append(jl_session *s, const int32_t *ids, int n, jl_error *error);
/* Evaluates the next step of the appended ids, about 2·10⁹ multiplications for any model: JL_MORE
 * while ids remain, JL_OK when the logits of the last position are ready, JL_ERR_NUMERIC if the
 * largest logit of a row is not finite. JL_ERR_THREAD changes nothing. */
jl_status jl_session_advance(jl_session *s, jl_error *error);

/* Logits [n_vocab] after the last token (borrowed); NULL until advance() returns JL_OK. */
const float *jl_session_logits(const jl_session *s);
/* With all_logits: row i of the last batch, [n_vocab] (borrowed). *n: rows, 0 until complete. */
const float *jl_session_batch_logits(const jl_session *s, int i, int *n);

int jl_session_position(const jl_session *s);       /* tokens in the sequence */
uint32_t jl_session_evaluated(const jl_session *s); /* total tokens, for timing; wraps at 2^32 */
int jl_session_n_ctx(const jl_session *s);
const int32_t *jl_session_ids(const jl_session *s); /* [position], borrowed */

/* Removes all tokens from `position` on. */
jl_status jl_session_rewind(jl_session *s, int position, jl_error *error);

/* ---- Sampling and generation ----------------------------------------------------------------- */

/* The distribution of the next token after the first n of sampling->stages (0: the softmax of the
 * logits): writes the `cap` most probable candidates in descending order; returns how many tokens
 * remain, or a negative status. Chance and Mirostat are those of the next token of the generation;
 * its grammar, if that is the same, has the state of this moment, else that of its start. */
int jl_session_stage(jl_session *s, const jl_sampling *sampling, int n, jl_candidate *out, int cap,
                     jl_error *error);

enum { JL_MAX_TOP = 50, JL_MAX_STOP = 16, JL_MAX_STOP_BYTES = 256 };
typedef struct jl_generation {
    jl_sampling sampling;
    int max_tokens;   /* ≥ 0 */
    int ignore_end;   /* nonzero: end tokens do not end the generation; they do with a grammar */
    int top_logprobs; /* alternatives reported with each token, 0..JL_MAX_TOP */
    const char *stop; /* concatenated stop strings, each NUL-terminated; NULL: none (copied) */
    int n_stop;       /* 0..JL_MAX_STOP, each at most JL_MAX_STOP_BYTES */
} jl_generation;

typedef enum jl_finish {
    JL_FINISH_NONE,   /* not finished */
    JL_FINISH_LENGTH, /* max_tokens were drawn */
    JL_FINISH_END,    /* an end token was drawn, or nothing may follow by the grammar */
    JL_FINISH_STOP,   /* a stop string appeared; the text ends before it */
    JL_FINISH_CONTEXT /* the token filled the context */
} jl_finish;

typedef struct jl_token {
    int32_t id;
    int index;        /* 0 for the first token of this generation */
    float logprob;    /* under the model's own distribution, before all stages */
    const char *text; /* borrowed: complete UTF-8 characters outside any stop string */
    size_t n_text;
    int n_top;
    jl_candidate top[JL_MAX_TOP]; /* `probability` under the model's own distribution */
    jl_finish finish;
} jl_token;

/* Starts a generation after the session's tokens (at least one). */
jl_status jl_session_generate(jl_session *s, const jl_generation *g, jl_error *error);
/* JL_MORE after a step of a long prompt, JL_OK with *token filled, JL_DONE after the last token. A
 * drawn token is appended at once; the next call evaluates it. A context that is full at the start
 * is JL_ERR_CONTEXT. */
jl_status jl_session_generate_step(jl_session *s, jl_token *token, jl_error *error);

/* ---- Embeddings ------------------------------------------------------------------------------ */

/* Numbered as in GGUF: the mean of all tokens, the first one, the last one. */
typedef enum jl_pooling {
    JL_POOLING_MEAN = 1,
    JL_POOLING_CLS,
    JL_POOLING_LAST,
    JL_POOLING_RANK /* a reranker: out[0] is its score of the text, the rest 0 */
} jl_pooling;
int jl_model_n_embd(const jl_model *m);
jl_pooling jl_model_pooling(const jl_model *m); /* of the file; default: mean */

/* Evaluates the next step of the ids appended to an empty session, as jl_session_advance(), and
 * accumulates into out [n_embd], which the caller keeps between calls. Result: the hidden states
 * after the last norm, pooled and scaled to length 1 (zero stays zero). JL_OK when it is complete,
 * JL_ERR_NUMERIC if it is not finite. The session has no logits afterwards.
 * An encoder (BERT; attention.causal false) attends to the whole text, one batch of at most 4096
 * tokens, also evaluated in steps; rewind the session to 0 before the next text. Encoders reject
 * advance() and generate() with JL_ERR_ARGUMENT.
 * With n_texts, out is [texts][n_embd]: each append() before was a text, and its vector has the
 * bits that the text alone has. n_ctx is the sum of their tokens, at most 4096; a text has at most
 * the trained context, before RoPE scaling. Such a session only embeds; rewind it to 0 before the
 * next texts. Models with short convolutions or recurrent blocks, and rules, are rejected. */
jl_status jl_session_embed(jl_session *s, jl_pooling pooling, float *out, jl_error *error);

/* out [n] = the products of x with the rows [n][width], cosines if all have length 1. width is a
 * multiple of 4; sums are in four lanes (jl_dot_rows in compute/kernels.h). */
void jl_vector_products(const float *x, const float *rows, int n, int width, float *out);

#endif
