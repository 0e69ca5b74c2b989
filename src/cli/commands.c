/* commands.c - the native commands that run a model, each a short example of jielong.h. */
#include "../jielong_host.h"
#include "cli.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jl_session *open_session(const jl_model *m, int n_ctx, int all_logits, jl_pool *pool) {
    jl_error error = { 0 };
    jl_session_options options = { .n_ctx = n_ctx, .pool = pool, .all_logits = all_logits };
    if (all_logits) options.n_batch = 32;
    jl_session *s = jl_session_new(m, &options, &error);
    if (!s) cli_fail(&error);
    return s;
}

static void append(jl_session *s, const int32_t *ids, int n) {
    jl_error error = { 0 };
    if (jl_session_append(s, ids, n, &error)) cli_fail(&error);
}

static void advance_all(jl_session *s) {
    jl_error error = { 0 };
    jl_status status = JL_MORE;
    while (status == JL_MORE) status = jl_session_advance(s, &error);
    if (status < 0) cli_fail(&error);
}

/* ---- generate -------------------------------------------------------------------------------- */

static void append_text(jl_session *s, const jl_model *m, const char *text, size_t n, int flags) {
    int count;
    int32_t *ids = cli_tokenize(m, text, n, flags, &count);
    append(s, ids, count);
    free(ids);
}

typedef struct transcript {
    char *text;
    size_t n, cap;
} transcript;

static void record(transcript *t, const char *text, size_t n) {
    if (n == 0) return;
    if (t->n + n > t->cap) t->text = realloc(t->text, t->cap = 2 * (t->n + n));
    if (!t->text) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the text", NULL);
    memcpy(t->text + t->n, text, n);
    t->n += n;
}

/* A seed beyond 2^53 is a JSON string, because readers of JSON round such integers. */
static void put_seed(uint64_t seed) {
    const char *quote = seed >> 53 ? "\"" : "";
    printf(",\"seed\":%s%llu%s", quote, (unsigned long long)seed, quote);
}

static void report(const jl_session *s, int n_prompt, const transcript *t, uint64_t seed,
                   const double at[3]) {
    const int32_t *ids = jl_session_ids(s);
    int n = jl_session_position(s) - n_prompt;
    printf("{\"ids\":");
    cli_put_ids(ids + n_prompt, n);
    printf(",\"text\":");
    cli_put_json(t->text, t->n);
    printf(",\"promptIds\":");
    cli_put_ids(ids, n_prompt);
    put_seed(seed);
    printf(",\"timings\":{\"promptMs\":%.1f,\"generateMs\":%.1f}}\n", at[1] - at[0], at[2] - at[1]);
}

int cli_generate(const cli_options *o) {
    jl_error error = { 0 };
    if (o->chat)
        cli_die(1, "NO_CHAT_TEMPLATE",
                "chats run in Node: node web/node/cli.js generate MODEL PROMPT --chat", "--chat");
    jl_model *m = cli_load(o);
    jl_session *s = open_session(m, o->context, 0, cli_pool(m, o->threads));
    size_t n = o->text ? strlen(o->text) : 0;
    char *input = o->text ? NULL : cli_read("-", &n);
    const char *prompt = o->text ? o->text : input;
    append_text(s, m, prompt, n, JL_TOKENIZE_BOS | (o->special ? JL_TOKENIZE_SPECIAL : 0));
    int n_prompt = jl_session_position(s);
    if (o->echo && !o->json) cli_put_text(prompt, n);
    double at[3] = { cli_now(), 0, 0 };
    jl_token token;
    transcript all = { 0 };
    jl_status status = jl_session_generate(s, &o->generation, &error);
    while (status == JL_OK || status == JL_MORE) {
        status = jl_session_generate_step(s, &token, &error);
        if (status != JL_OK) continue;
        if (at[1] <= 0) at[1] = cli_now();
        record(&all, token.text, token.n_text);
        if (o->json) continue;
        cli_put_text(token.text, token.n_text);
        fflush(stdout);
    }
    at[2] = cli_now();
    if (status < 0) cli_fail(&error);
    if (o->json)
        report(s, n_prompt, &all, o->generation.sampling.seed, at);
    else
        putchar('\n');
    free(all.text);
    free(input);
    jl_session_free(s);
    jl_model_free(m);
    return 0;
}

/* ---- tokenize -------------------------------------------------------------------------------- */

static void print_tokens(const jl_model *m, const char *text, size_t n, int special) {
    int count;
    int32_t *ids = cli_tokenize(m, text, n, special ? JL_TOKENIZE_SPECIAL : 0, &count);
    cli_put_ids(ids, count);
    free(ids);
}

static void print_cases(const jl_model *m, const char *path, int special) {
    size_t n;
    char *json = cli_read(path, &n), *text = malloc(n + 4);
    if (!text) cli_die(1, "OUT_OF_MEMORY", "not enough memory for a text", path);
    const char *at = json;
    while (cli_next_case(&at, text, &n)) continue; /* validate everything before printing */
    at = json;
    putchar('[');
    for (int i = 0; cli_next_case(&at, text, &n); i++) {
        if (i) putchar(',');
        print_tokens(m, text, n, special);
    }
    putchar(']');
    free(text);
    free(json);
}

int cli_do_tokenize(const cli_options *o) {
    if (!o->text + !o->file + !o->cases != 2)
        cli_die(2, "USAGE", "takes one of TEXT, --file FILE and --cases FILE", "tokenize");
    jl_model *m = cli_load(o);
    size_t n = o->text ? strlen(o->text) : 0;
    if (o->cases) {
        print_cases(m, o->cases, o->special);
    } else if (o->text) {
        print_tokens(m, o->text, n, o->special);
    } else {
        char *text = cli_read(o->file, &n);
        print_tokens(m, text, n, o->special);
        free(text);
    }
    putchar('\n');
    jl_model_free(m);
    return 0;
}

/* ---- logits, score --------------------------------------------------------------------------- */

/* Evaluates pending tokens; calls `row` with each position's logits [n_vocab]. */
static void each_row(jl_session *s, void (*row)(void *, const float *), void *context) {
    jl_error error = { 0 };
    jl_status status = JL_MORE;
    while (status == JL_MORE) {
        int n;
        status = jl_session_advance(s, &error);
        if (status < 0) cli_fail(&error);
        jl_session_batch_logits(s, 0, &n);
        for (int i = 0; i < n; i++) row(context, jl_session_batch_logits(s, i, &n));
    }
}

int cli_parse_ids(const char *text, int32_t **ids) {
    int n = 0, cap = (int)strlen(text) / 2 + 2;
    *ids = malloc((size_t)cap * sizeof **ids);
    if (!*ids) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the ids", "--ids");
    for (char *end = NULL; !end || *end; text = end + 1) {
        errno = 0;
        long id = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;
        if (id < 0 || errno || id > INT32_MAX || (*end && *end != ','))
            cli_die(2, "USAGE", "expected ids such as 1,2,3", "--ids");
        (*ids)[n++] = (int32_t)id;
    }
    return n;
}

typedef struct row_file {
    FILE *f;
    size_t n_vocab;
} row_file;

static void write_row(void *context, const float *logits) {
    row_file *out = context;
    if (fwrite(logits, sizeof(float), out->n_vocab, out->f) != out->n_vocab)
        cli_die(1, "FILE", "the file cannot be written", "--out");
}

int cli_logits(const cli_options *o) {
    if (!o->ids || !o->out) cli_die(2, "USAGE", "needs --ids and --out", "logits");
    int32_t *ids;
    int n = cli_parse_ids(o->ids, &ids);
    jl_model *m = cli_load(o);
    jl_session *s = open_session(m, o->context, 1, cli_pool(m, o->threads));
    row_file out = { fopen(o->out, "wb"), (size_t)jl_model_n_vocab(m) };
    if (!out.f) cli_die(1, "FILE", "the file cannot be written", o->out);
    append(s, ids, n);
    each_row(s, write_row, &out);
    if (fclose(out.f)) cli_die(1, "FILE", "the file cannot be written", o->out);
    free(ids);
    jl_session_free(s);
    jl_model_free(m);
    return 0;
}

typedef struct score {
    const int32_t *next; /* the true token after the current row */
    int left;            /* predictions not yet scored */
    int n_vocab, counted;
    double nll;
} score;

static void score_row(void *context, const float *logits) {
    score *sc = context;
    if (sc->left == 0) return;
    double max = -INFINITY, sum = 0;
    for (int i = 0; i < sc->n_vocab; i++) max = fmax(max, (double)logits[i]);
    for (int i = 0; i < sc->n_vocab; i++) sum += exp((double)logits[i] - max);
    sc->nll += max + log(sum) - (double)logits[*sc->next++];
    sc->left--;
    sc->counted++;
}

static size_t bytes_of(const jl_model *m, const int32_t *ids, int n) {
    size_t total = 0, length;
    for (int i = 0; i < n; i++) {
        jl_token_bytes(m, ids[i], JL_BYTES_SPECIAL | (i ? 0 : JL_BYTES_FIRST), &length);
        total += length;
    }
    return total;
}

void cli_report_score(double nats, int tokens, size_t bytes) {
    double nll = nats / tokens;
    if (!isfinite(nll))
        cli_die(1, "NOT_A_NUMBER",
                "the loss of the text is not a finite number; the weights of the model are damaged",
                "score");
    printf("{\"tokens\":%d,\"nll\":%.6f,\"perplexity\":%.4f,\"bitsPerByte\":", tokens, nll,
           exp(nll));
    if (bytes)
        printf("%.5f}\n", nats / log(2) / (double)bytes);
    else
        printf("null}\n");
}

/* Scores independent windows of the context length; a window's first token is not scored. */
int cli_score(const cli_options *o) {
    if (!o->file) cli_die(2, "USAGE", "needs --file", "score");
    if (cli_is_baseline(o->model)) return cli_score_baseline(o);
    size_t n;
    int count;
    jl_error error = { 0 };
    char *text = cli_read(o->file, &n);
    jl_model *m = cli_load(o);
    int flags = JL_TOKENIZE_BOS | (o->special ? JL_TOKENIZE_SPECIAL : 0);
    int32_t *ids = cli_tokenize(m, text, n, flags, &count);
    if (count < 2 || (o->n_given && o->n == 0))
        cli_die(1, "BAD_ARGUMENT",
                "nothing to score: the text has fewer than two tokens, or -n is 0", o->file);
    jl_session *s = open_session(m, o->context, 1, cli_pool(m, o->threads));
    int limit = o->n_given && o->n < count - 1 ? o->n : count - 1, window = jl_session_n_ctx(s);
    score sc = { ids + 1, 0, jl_model_n_vocab(m), 0, 0 };
    while (sc.counted < limit) {
        int rows = limit - sc.counted < window ? limit - sc.counted : window;
        jl_session_rewind(s, 0, &error);
        append(s, ids + sc.counted, rows);
        sc.left = rows;
        each_row(s, score_row, &sc);
    }
    cli_report_score(sc.nll, limit, bytes_of(m, ids + 1, limit));
    free(ids);
    free(text);
    jl_session_free(s);
    jl_model_free(m);
    return 0;
}

/* ---- info, bench ----------------------------------------------------------------------------- */

int cli_info(const cli_options *o) {
    jl_model *m = cli_load(o);
    size_t n = jl_model_info(m, NULL, 0);
    char *json = malloc(n + 1);
    if (!json) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the description", NULL);
    jl_model_info(m, json, n + 1);
    cli_put_text(json, n);
    putchar('\n');
    free(json);
    jl_model_free(m);
    return 0;
}

static double time_prompt(jl_session *s, int n) {
    jl_error error = { 0 };
    int32_t id = 0;
    jl_session_rewind(s, 0, &error);
    for (int i = 0; i < n; i++, id = i % 100) append(s, &id, 1);
    double start = cli_now();
    advance_all(s);
    return cli_now() - start;
}

static double time_steps(jl_session *s, int n) {
    double start = cli_now();
    for (int32_t i = 0; i < n; i++) {
        append(s, &(int32_t){ i % 100 }, 1);
        advance_all(s);
    }
    return cli_now() - start;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int cli_bench(const cli_options *o) {
    enum { ROUNDS = 3 };
    double start = cli_now();
    jl_model *m = cli_load(o);
    double load = cli_now() - start, pp[ROUNDS], tg[ROUNDS]; /* ms */
    jl_pool *pool = cli_pool(m, o->threads);
    jl_session *s = open_session(m, o->pp + o->tg + 1, 0, pool);
    time_prompt(s, o->pp); /* warm-up */
    for (int round = 0; round < ROUNDS; round++) {
        pp[round] = time_prompt(s, o->pp);
        tg[round] = time_steps(s, o->tg);
    }
    qsort(pp, ROUNDS, sizeof *pp, by_size);
    qsort(tg, ROUNDS, sizeof *tg, by_size);
    printf("{\"pp\":%.2f,\"tg\":%.2f,\"load\":%.2f,\"kernels\":\"%s\",\"threads\":%d}\n",
           o->pp / pp[ROUNDS / 2] * 1e3, o->tg / tg[ROUNDS / 2] * 1e3, load, jl_model_kernels(m),
           jl_pool_threads(pool));
    jl_session_free(s);
    jl_model_free(m);
    return 0;
}
