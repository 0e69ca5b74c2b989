/* cli.h - shared declarations of the native command line.
 *
 * The command line is a host: it may use files, clocks and exit. It calls the engine through the
 * public headers (src/jielong*.h) and base/; only training commands also include train/ and its
 * parsers. Commands and options match web/node/cli.js.
 */
#ifndef JL_CLI_H
#define JL_CLI_H

#include "../jielong.h"

typedef struct cli_options {
    const char *model, *text, *second; /* positional: MODEL and PROMPT or TEXT */
    const char *file, *cases, *ids, *out, *pre, *type, *pooling, *precision, *grammar, *stages;
    char stops[JL_MAX_STOP * (JL_MAX_STOP_BYTES + 1)];
    size_t stops_length;
    int special, chat, json, echo, n, n_given, pp, tg, context, threads, vocab, characters, order,
        merges, bfloat16;
    jl_generation generation;
} cli_options;

/* Prints "jielong: CODE: where: message" as one printable line and exits. */
_Noreturn void cli_fail(const jl_error *error);
_Noreturn void cli_die(int status, const char *code, const char *message, const char *what);

jl_model *cli_load(const cli_options *o); /* o->model, at o->precision */
double cli_now(void);                     /* milliseconds */

/* A pool of `wanted` threads for sessions of m (0: the fastest number); NULL: only the calling
 * thread. Lives until exit. */
jl_pool *cli_pool(const jl_model *m, int wanted);

/* Reads a whole file, NUL-terminated, owned by the caller. "-" is stdin. */
char *cli_read(const char *path, size_t *n);

/* Prints untrusted text to stdout: its bytes, but on a terminal control characters other than line
 * feeds and tabs are replaced by symbols. */
void cli_put_text(const char *text, size_t n);

void cli_put_json(const char *text, size_t n); /* as a JSON string to stdout */
void cli_put_ids(const int32_t *ids, int n);   /* as a JSON array */

/* Token ids, owned by the caller. */
typedef struct cli_tokens {
    int32_t *ids; /* [n], from malloc */
    size_t n;
} cli_tokens;

/* Runs an encoding to its end, appends its ids, and frees it. e NULL: exits with *error. */
void cli_append_encoded(cli_tokens *to, jl_encoding *e, jl_error *error);

/* Tokenizes to a new array, owned by the caller. */
int32_t *cli_tokenize(const jl_model *m, const char *text, size_t n, int flags, int *count);

/* Unescapes the next string of a JSON array into out (as large as the input) and advances *at; 0:
 * end of array and text. Exits on any other input. */
int cli_next_case(const char **at, char *out, size_t *n);

/* Parses "1,2,3" to a new array, owned by the caller; returns the count, ≥ 1. */
int cli_parse_ids(const char *text, int32_t **ids);

int cli_embed(const cli_options *o);
int cli_generate(const cli_options *o);
int cli_do_tokenize(const cli_options *o);
int cli_logits(const cli_options *o);
int cli_score(const cli_options *o);
/* Scoring of files only src/train can run; the report of both. nats: total of `tokens`. */
int cli_is_baseline(const char *path);
int cli_score_baseline(const cli_options *o);
void cli_report_score(double nats, int tokens, size_t bytes);
int cli_info(const cli_options *o);
int cli_bench(const cli_options *o);
int cli_train(const cli_options *o);           /* model: the recipe */
int cli_ngram(const cli_options *o);           /* model: the vocabulary; text, second */
int cli_train_tokenizer(const cli_options *o); /* model, text: the texts */

#endif
