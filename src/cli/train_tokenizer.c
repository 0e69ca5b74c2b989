/* train_tokenizer.c - `jielong train-tokenizer TEXT [TEXT] --out F`: texts → a vocabulary file.
 *
 * The last 2 % of each text are held out, as in `jielong train`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../train/vocab_write.h"
#include "../train/config.h"
#include "cli.h"

static void *allocate(size_t n) {
    void *p = calloc(n ? n : 1, 1);
    if (!p) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the text", NULL);
    return p;
}

/* The concatenated training parts of the texts. */
static jl_str read_texts(const cli_options *o) {
    const char *paths[2] = { o->model, o->text };
    char *all = allocate(0);
    size_t n = 0;
    for (int i = 0; i < 2 && paths[i]; i++) {
        size_t length;
        char *text = cli_read(paths[i], &length);
        length = jlt_held_out_at(text, length);
        all = realloc(all, n + length + 1);
        if (!all) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the text", NULL);
        memcpy(all + n, text, length);
        n += length;
        free(text);
    }
    return (jl_str){ all, n };
}

static void write_file(const char *path, const uint8_t *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    int fine = f && fwrite(bytes, 1, n, f) == n;
    if (f && fclose(f)) fine = 0;
    if (!fine) cli_die(1, "FILE", "the file cannot be written", path);
}

static void learn_bpe(const cli_options *o, jl_str text, const char *pre) {
    jl_error error = { 0 };
    jl_bpe_trainer *t = jl_bpe_trainer_new(text, (jl_str){ 0 }, jl_string(pre), &error);
    if (!t) cli_fail(&error);
    jl_bpe_step step;
    jl_status st = JL_OK;
    while (st == JL_OK && jl_bpe_trainer_n_tokens(t) < o->vocab)
        st = jl_bpe_trainer_step(t, &step, &error);
    if (st < 0) cli_fail(&error);
    uint64_t n = jl_bpe_vocabulary_write(t, pre, "vocabulary", NULL);
    uint8_t *bytes = allocate(n);
    jl_bpe_vocabulary_write(t, pre, "vocabulary", bytes);
    write_file(o->out, bytes, n);
    double tokens = (double)jl_bpe_trainer_text_tokens(t);
    printf("{\"tokens\":%d,\"merges\":%d,\"bytesPerToken\":%.4f}\n", jl_bpe_trainer_n_tokens(t),
           jl_bpe_trainer_n_merges(t), (double)text.n / tokens);
    free(bytes);
    jl_bpe_trainer_free(t);
}

/* The file of the most frequent characters, or of them and the merges trained from them. */
static uint8_t *character_file(const cli_options *o, const uint32_t *codes, int n, jl_str text,
                               uint64_t *size) {
    jl_bpe_step step;
    jl_error error = { 0 };
    jl_status st = JL_OK;
    jl_bpe_trainer *t = o->merges ? jl_bpe_trainer_of_characters(text, codes, n, &error) : NULL;
    if (o->merges && !t) cli_fail(&error);
    while (t && !st && jl_bpe_trainer_n_tokens(t) < JL_CHARACTERS_FIRST + n + o->merges)
        st = jl_bpe_trainer_step(t, &step, &error);
    if (st < 0) cli_fail(&error);
    const char *name = "vocabulary";
    *size =
        t ? jl_character_merges_write(t, name, NULL) : jl_characters_write(codes, n, name, NULL);
    uint8_t *bytes = allocate(*size);
    if (t)
        jl_character_merges_write(t, name, bytes);
    else
        jl_characters_write(codes, n, name, bytes);
    int merges = t ? jl_bpe_trainer_n_tokens(t) - JL_CHARACTERS_FIRST - n : 0;
    printf("{\"tokens\":%d,\"characters\":%d,\"merges\":%d", JL_CHARACTERS_FIRST + n + merges, n,
           merges);
    if (t)
        printf(",\"bytesPerToken\":%.4f", (double)text.n / (double)jl_bpe_trainer_text_tokens(t));
    jl_bpe_trainer_free(t);
    return bytes;
}

static void learn_characters(const cli_options *o, jl_str text) {
    int max = o->vocab - JL_CHARACTERS_FIRST - o->merges;
    if (max < 1 || o->merges < 0)
        cli_die(2, "USAGE", "expected fewer merges than --vocab has tokens, less 259", "--merges");
    uint64_t *counts = allocate(JL_CODES * sizeof *counts), rest, n_file;
    uint32_t *codes = allocate((size_t)max * sizeof *codes);
    jl_characters_count(text, counts);
    int n = jl_characters_choose(counts, max, codes, &rest);
    uint8_t *bytes = character_file(o, codes, n, text, &n_file);
    write_file(o->out, bytes, n_file);
    printf(",\"spelledInBytes\":%llu}\n", (unsigned long long)rest);
    free(bytes);
    free(codes);
    free(counts);
}

int cli_train_tokenizer(const cli_options *o) {
    if (!o->out) cli_die(2, "USAGE", "expected the file to write", "--out");
    if (o->vocab <= JL_CHARACTERS_FIRST || o->vocab > 1 << 20)
        cli_die(2, "USAGE", "expected 260 to 1048576 tokens", "--vocab");
    jl_str text = read_texts(o);
    if (text.n == 0)
        cli_die(1, "BAD_ARGUMENT", "expected a text to train on, found none", o->model);
    if (o->characters)
        learn_characters(o, text);
    else
        learn_bpe(o, text, o->pre ? o->pre : "gpt-2");
    free((char *)text.data);
    return 0;
}
