/* cli.h - what the parts of the native command line share.
 *
 * The command line is a host: it may use files, clocks and exit. It calls the engine through the
 * public headers (src/jielong*.h) and base/; only the commands that train also include train/ and
 * what parses their files. Its commands and options are those of web/node/cli.js.
 */
#ifndef JL_CLI_H
#define JL_CLI_H

#include "../jielong.h"

typedef struct cli_options {
    const char *model, *text, *second; /* positional: MODEL and PROMPT or TEXT */
    const char *file, *cases, *ids, *out, *pre, *type, *pooling, *precision;
    char stops[JL_MAX_STOP * (JL_MAX_STOP_BYTES + 1)];
    size_t stops_length;
    int special, chat, json, n, n_given, pp, tg, context, threads, vocab, characters, order;
    jl_generation generation;
} cli_options;

/* Prints "jielong: CODE: where: message", one line of harmless characters, and ends the program. */
_Noreturn void cli_fail(const jl_error *error);
_Noreturn void cli_die(int status, const char *code, const char *message, const char *what);

jl_model *cli_load(const cli_options *o); /* o->model, at o->precision */
double cli_now(void);                     /* milliseconds */

/* Threads for the sessions of m, as many as are wanted (0: as is best); NULL: the caller's alone.
 * It ends with the program. */
jl_pool *cli_pool(const jl_model *m, int wanted);

/* A whole file, NUL-terminated (owned by the caller). "-" is standard input. */
char *cli_read(const char *path, size_t *n);

/* Text of a model or a file on standard output: its bytes, or on a terminal what is harmless there,
 * with symbols for control characters other than line ends and tabs. */
void cli_put_text(const char *text, size_t n);

void cli_put_json(const char *text, size_t n); /* as a JSON string on standard output */
void cli_put_ids(const int32_t *ids, int n);   /* as a JSON array */

/* Tokenizes into a new array (owned by the caller). */
int32_t *cli_tokenize(const jl_model *m, const char *text, size_t n, int flags, int *count);

/* The next string of a JSON array of strings, unescaped into out (as long as the input): advances
 * *at; 0 at the end of the array and of the text; ends the program on anything else. */
int cli_next_case(const char **at, char *out, size_t *n);

/* "1,2,3" → a new array (owned by the caller); returns how many, at least one. */
int cli_parse_ids(const char *text, int32_t **ids);

int cli_embed(const cli_options *o);
int cli_generate(const cli_options *o);
int cli_do_tokenize(const cli_options *o);
int cli_logits(const cli_options *o);
int cli_score(const cli_options *o);
/* Of a file that only src/train knows; and what both print. nats: of `tokens`, spelled in bytes. */
int cli_is_baseline(const char *path);
int cli_score_baseline(const cli_options *o);
void cli_report_score(double nats, int tokens, size_t bytes);
int cli_info(const cli_options *o);
int cli_bench(const cli_options *o);
int cli_train(const cli_options *o);           /* model: the recipe */
int cli_ngram(const cli_options *o);           /* model: the vocabulary; text, second */
int cli_train_tokenizer(const cli_options *o); /* model, text: the texts */

#endif
