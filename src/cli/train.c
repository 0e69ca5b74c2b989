/* train.c - `jielong train CONFIG`: trains a model on texts; writes a log, checkpoints and exports.
 *
 * Resumes from OUT.ckpt if it exists; --out FILE only exports it as --type F32 (default), F16, Q8_0
 * or Q4_0. Files are written as FILE.part and renamed, so an interrupted run never damages them.
 */
#include "train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../format/gguf.h"
#include "../text/tokenizer.h"
#include "../train/config.h"
#include "../train/export.h"
#include "cli.h"

typedef struct run {
    jlt_config config;
    char *vocabulary; /* contents of the tokenizer's file */
    size_t n_vocabulary;
    jl_gguf gguf;
    jl_tokenizer *tokenizer;
    cli_tokens train, held;
    size_t held_bytes;
    double bytes_per_token; /* of the held-out text */
    jlt_trainer *trainer;
    FILE *log;
} run;

/* ---- Files ----------------------------------------------------------------------------------- */

static const char *path_of(const run *r, const char *ending) {
    static char path[JLT_CONFIG_TEXT + 16];
    snprintf(path, sizeof path, "%s%s", r->config.out, ending);
    return path;
}

static void write_whole(const char *path, const void *bytes, size_t n) {
    char part[JLT_CONFIG_TEXT + 32];
    snprintf(part, sizeof part, "%s.part", path);
    FILE *f = fopen(part, "wb");
    int fine = f && fwrite(bytes, 1, n, f) == n;
    if (f && fclose(f)) fine = 0;
    if (!fine || rename(part, path)) cli_die(1, "FILE", "the file cannot be written", path);
}

static void *allocate(size_t n) {
    void *p = malloc(n ? n : 1);
    if (!p) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the training data", NULL);
    return p;
}

/* ---- Data ------------------------------------------------------------------------------------ */

static void load_vocabulary(run *r) {
    jl_error error = { 0 };
    r->vocabulary = cli_read(r->config.tokenizer, &r->n_vocabulary);
    jl_status st = jl_gguf_parse(&r->gguf, (const uint8_t *)r->vocabulary, r->n_vocabulary,
                                 r->n_vocabulary, &error);
    if (st == JL_MORE) cli_die(1, "TRUNCATED", "the file ends in its header", r->config.tokenizer);
    if (st == JL_OK) r->tokenizer = jl_tokenizer_new(&r->gguf, &error);
    if (error.code) cli_fail(&error);
    if (!r->tokenizer) cli_die(1, "BAD_TOKENIZER", "has no tokenizer", r->config.tokenizer);
    r->config.train.shape.n_vocab = jl_tokenizer_n_vocab(r->tokenizer);
}

static void append_tokens(const run *r, cli_tokens *t, const char *text, size_t n) {
    jl_error error = { 0 };
    cli_append_encoded(
        t, jl_tokenizer_begin(r->tokenizer, text, n, JL_TOKENIZE_SPECIAL, NULL, 0, &error), &error);
}

/* Splits the text into training and held-out tokens. */
static void load_text(run *r, const char *path, int all_held_out) {
    size_t n;
    char *text = cli_read(path, &n);
    size_t at = all_held_out ? 0 : r->config.held_out.n ? n : jlt_held_out_at(text, n);
    append_tokens(r, &r->train, text, at);
    append_tokens(r, &r->held, text + at, n - at);
    r->held_bytes += n - at;
    free(text);
}

static void load_texts(run *r) {
    for (int i = 0; i < r->config.text.n; i++) load_text(r, r->config.text.path[i], 0);
    for (int i = 0; i < r->config.held_out.n; i++) load_text(r, r->config.held_out.path[i], 1);
    if (r->held.n) r->bytes_per_token = (double)r->held_bytes / (double)r->held.n;
}

/* ---- Checkpoints ----------------------------------------------------------------------------- */

static void export(const run *r, jl_type type, const char *path) {
    const jlt_config *c = &r->config;
    const jlt_network *net = jlt_trainer_network(r->trainer);
    const float *params = jlt_trainer_params(r->trainer);
    jlt_export e = { type, &r->gguf, c->name, c->author, c->license, c->description };
    size_t n = (size_t)jlt_export_write(net, params, &e, NULL);
    uint8_t *bytes = allocate(n);
    jlt_export_write(net, params, &e, bytes);
    write_whole(path, bytes, n);
    free(bytes);
}

static void save(run *r) {
    size_t n = jlt_trainer_save_bytes(r->trainer);
    uint8_t *bytes = allocate(n);
    jlt_trainer_save(r->trainer, bytes);
    write_whole(path_of(r, ".ckpt"), bytes, n);
    free(bytes);
    export(r, JL_Q8_0, path_of(r, ".gguf"));
}

static void restore(run *r) {
    const char *path = path_of(r, ".ckpt");
    jl_error error = { 0 };
    FILE *there = fopen(path, "rb");
    if (!there) return;
    fclose(there);
    size_t n;
    char *bytes = cli_read(path, &n);
    if (jlt_trainer_restore(r->trainer, (const uint8_t *)bytes, n, &error)) cli_fail(&error);
    free(bytes);
    fprintf(stderr, "resuming %s after step %d\n", path, jlt_trainer_steps_done(r->trainer));
}

/* ---- Log ------------------------------------------------------------------------------------- */

static const char heading[] = "step,epoch,loss,held_out,bits_per_byte,gradient,tokens_per_second\n";

/* Opens OUT.csv; when resuming, keeps the rows up to the resumed step. */
static void open_log(run *r) {
    const char *path = path_of(r, ".csv");
    size_t n = 0, keep = 0;
    FILE *there = fopen(path, "rb");
    char *text = there ? cli_read(path, &n) : NULL;
    if (there) fclose(there);
    for (size_t at = 0; at < n;) {
        const char *end = memchr(text + at, '\n', n - at);
        if (!end || (at > 0 && atoi(text + at) > jlt_trainer_steps_done(r->trainer))) break;
        at = keep = (size_t)(end - text) + 1;
    }
    r->log = fopen(path, "wb");
    if (!r->log) cli_die(1, "FILE", "the file cannot be written", path);
    if (jlt_trainer_steps_done(r->trainer) && keep)
        fwrite(text, 1, keep, r->log);
    else
        fputs(heading, r->log);
    free(text);
}

/* Losses in nats per token; held_out: NaN if not measured. */
static void write_log(run *r, const jl_train_report *now, double loss, double held_out,
                      double speed) {
    double bits = held_out / 0.69314718055994531 / r->bytes_per_token;
    int steps = r->config.train.optimizer.steps, left = steps - now->step;
    double step_tokens = (double)r->config.train.batch * r->config.train.length;
    int seconds = (int)(left * step_tokens / speed);
    fprintf(r->log, "%d,%.4f,%.5f,", now->step, now->epoch, loss);
    fprintf(stderr, "step %d/%d  loss %.4f", now->step, steps, loss);
    if (held_out < INFINITY) {
        fprintf(r->log, "%.5f,%.5f", held_out, bits);
        fprintf(stderr, "  held out %.4f (%.4f bits per byte)", held_out, bits);
    } else {
        fputc(',', r->log);
    }
    fprintf(r->log, ",%.4f,%.0f\n", now->norm, speed);
    fprintf(stderr, "  %.0f tokens/s  %d:%02d:%02d left\n", speed, seconds / 3600,
            seconds / 60 % 60, seconds % 60);
    fflush(r->log);
}

/* ---- The command ----------------------------------------------------------------------------- */

static int due(int step, int every, int steps) {
    return step == steps || (every > 0 && step % every == 0);
}

static void train(run *r) {
    const jlt_config *c = &r->config;
    int steps = c->train.optimizer.steps, counted = 0;
    double loss = 0, started = cli_now();
    jl_train_report now;
    jl_error error = { 0 };
    jl_status st;
    while ((st = jlt_trainer_step(r->trainer, &now, &error)) == JL_OK) {
        loss += now.loss;
        counted++;
        if (due(now.step, c->log_every, steps)) {
            double tokens_done = (double)counted * c->train.batch * c->train.length;
            double speed = tokens_done * 1000 / (cli_now() - started), held_out = NAN;
            if (due(now.step, c->evaluate_every, steps))
                held_out = jlt_trainer_held_out(r->trainer, c->evaluate_windows);
            write_log(r, &now, loss / counted, held_out, speed);
            loss = counted = 0;
            started = cli_now();
        }
        if (due(now.step, c->checkpoint_every, steps)) save(r);
    }
    if (st < 0) cli_fail(&error);
}

/* Parses --type. */
static jl_type type_of(const char *name) {
    static const jl_type types[] = { JL_F32, JL_F16, JL_Q8_0, JL_Q4_0 };
    if (!name) return JL_F32;
    for (int i = 0; i < 4; i++)
        if (strcmp(name, jl_type_get(types[i])->name) == 0) return types[i];
    cli_die(2, "USAGE", "expected F32, F16, Q8_0 or Q4_0", "--type");
}

static jlt_gemm *choose_gemm(const cli_options *o) {
    jlt_gemm *gemm = o->bfloat16 ? cli_bfloat16_gemm() : cli_gemm();
    if (!gemm) cli_die(1, "UNSUPPORTED", "this processor has no AVX512-BF16", "--bfloat16");
    return gemm;
}

int cli_train(const cli_options *o) {
    static run r;
    jl_error error = { 0 };
    jl_type type = type_of(o->type);
    size_t n;
    char *text = cli_read(o->model, &n);
    if (jlt_config_parse(&r.config, text, n, &error)) cli_fail(&error);
    free(text);
    load_vocabulary(&r);
    load_texts(&r);
    jlt_data data = { r.train.ids, r.held.ids, r.train.n, r.held.n };
    jlt_host host = { choose_gemm(o), cli_training_pool(o->threads) };
    r.trainer = jlt_trainer_new(&r.config.train, &data, &host, &error);
    if (!r.trainer) cli_fail(&error);
    fprintf(stderr,
            "%s: %zu parameters, %zu training tokens, %zu held out (%.3f bytes per token)\n",
            r.config.name, jlt_trainer_network(r.trainer)->n_params, r.train.n, r.held.n,
            r.bytes_per_token);
    if (jlt_export_check(jlt_trainer_network(r.trainer), &error)) cli_fail(&error);
    restore(&r);
    if (o->out) {
        export(&r, type, o->out);
    } else {
        open_log(&r);
        train(&r);
        fclose(r.log);
    }
    jlt_trainer_free(r.trainer);
    jl_tokenizer_free(r.tokenizer);
    jl_gguf_free(&r.gguf);
    free(r.vocabulary);
    free(r.train.ids);
    free(r.held.ids);
    return 0;
}
