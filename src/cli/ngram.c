/* ngram.c - `jielong ngram VOCABULARY TEXT [TEXT] [--order N] [--out F -n N]`: trains and scores
 * n-grams.
 *
 * The last 2 % of each text are held out, as in `jielong train`, and scored in bits per UTF-8 byte.
 * With --out the model is pruned to N n-grams, written, reloaded and scored.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../text/tokenizer.h"
#include "../train/config.h"
#include "../train/ngram_file.h"
#include "cli.h"

typedef struct stream {
    cli_tokens tokens;
    size_t bytes;
} stream;

static void append(const jl_tokenizer *t, stream *s, const char *text, size_t n) {
    jl_error error = { 0 };
    cli_append_encoded(
        &s->tokens, jl_tokenizer_begin(t, text, n, JL_TOKENIZE_SPECIAL, NULL, 0, &error), &error);
    s->bytes += n;
}

static void report(const jl_ngram *m, const stream *train, const stream *held) {
    double nats = jl_ngram_nats(m, held->tokens.ids, held->tokens.n);
    printf("{\"order\":%d,\"tokens\":%zu,\"heldOut\":%zu,\"bytes\":%zu,", jl_ngram_order(m),
           train->tokens.n, held->tokens.n, held->bytes);
    if (held->tokens.n)
        printf("\"nll\":%.5f,\"bitsPerByte\":%.5f,", nats / (double)held->tokens.n,
               nats / log(2) / (double)held->bytes);
    printf("\"ngrams\":[");
    for (int k = 1; k <= jl_ngram_order(m); k++)
        printf("%s%u", k > 1 ? "," : "", jl_ngram_count(m, k));
    printf("]}\n");
}

static void write_file(const char *path, const uint8_t *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    int fine = f && fwrite(bytes, 1, n, f) == n;
    if (f && fclose(f)) fine = 0;
    if (!fine) cli_die(1, "FILE", "the file cannot be written", path);
}

/* Prunes the model, writes it and reloads it from the file's bytes. */
static jl_ngram *write_pruned(const cli_options *o, const jl_ngram *m, const jl_gguf *vocabulary) {
    jl_error error = { 0 };
    jl_ngram *pruned = jl_ngram_prune(m, o->n_given ? (size_t)o->n : 400000, &error);
    if (!pruned) cli_fail(&error);
    size_t n = (size_t)jl_ngram_write(pruned, vocabulary, "n-grams", NULL);
    uint8_t *bytes = malloc(n);
    if (!bytes) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the file", NULL);
    jl_ngram_write(pruned, vocabulary, "n-grams", bytes);
    write_file(o->out, bytes, n);
    jl_ngram_free(pruned);
    jl_ngram *back = jl_ngram_open(bytes, n, &error);
    if (!back) cli_fail(&error);
    free(bytes);
    return back;
}

int cli_ngram(const cli_options *o) {
    jl_error error = { 0 };
    jl_gguf gguf;
    stream train = { 0 }, held = { 0 };
    size_t n;
    const char *paths[2] = { o->text, o->second };
    if (!o->text) cli_die(2, "USAGE", "expected a text after the vocabulary", "ngram");
    char *bytes = cli_read(o->model, &n);
    jl_status st = jl_gguf_parse(&gguf, (const uint8_t *)bytes, n, n, &error);
    if (st == JL_MORE) cli_die(1, "TRUNCATED", "the file ends in its header", o->model);
    jl_tokenizer *t = st ? NULL : jl_tokenizer_new(&gguf, &error);
    if (error.code) cli_fail(&error);
    if (!t) cli_die(1, "BAD_TOKENIZER", "has no tokenizer", o->model);
    for (int i = 0; i < 2 && paths[i]; i++) {
        char *text = cli_read(paths[i], &n);
        size_t at = jlt_held_out_at(text, n);
        append(t, &train, text, at);
        append(t, &held, text + at, n - at);
        free(text);
    }
    if (o->out && jl_tokenizer_n_vocab(t) > 65536)
        cli_die(1, "BAD_ARGUMENT",
                "an n-gram file holds at most 65536 tokens; use a smaller vocabulary", o->model);
    jl_ngram *m =
        jl_ngram_train(train.tokens.ids, train.tokens.n, jl_tokenizer_n_vocab(t), o->order, &error);
    if (!m) cli_fail(&error);
    report(m, &train, &held);
    if (o->out) {
        jl_ngram *pruned = write_pruned(o, m, &gguf);
        report(pruned, &train, &held);
        jl_ngram_free(pruned);
    }
    jl_ngram_free(m);
    jl_tokenizer_free(t);
    jl_gguf_free(&gguf);
    free(bytes);
    free(train.tokens.ids);
    free(held.tokens.ids);
    return 0;
}
