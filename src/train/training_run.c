/* training_run.c - text → vocabulary → tokens → trainer in memory; see jielong_learn.h.
 *
 * The vocabulary is written as a GGUF file and loaded by the same tokenizer as the exported one, so
 * training and inference see the same tokens. It is trained on the training part only.
 */
#include "training_run.h"

#include "../base/memory.h"
#include "../compute/kernels.h"
#include "../text/tokenizer.h"
#include "vocab_write.h"
#include "config.h"
#include "export.h"

enum { HELD_OUT = 20 /* 1/20 of the text */, MAX_CHARACTERS = 4096 };

struct jl_training_run {
    jlt_config config;
    uint8_t *vocabulary; /* a GGUF file without tensors; `gguf` points into it */
    uint64_t n_vocabulary;
    jl_gguf gguf;
    jl_tokenizer *tokenizer;
    int32_t *ids; /* [n_train + n_held] */
    size_t n_train, n_held;
    double bytes_per_token, unigram;
    jlt_trainer *trainer;
};

static jl_status refuse(jl_error *error, const char *where, const char *message) {
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string(where), "%s", message);
}

/* ---- Vocabulary ------------------------------------------------------------------------------ */

static jl_status merges(jl_training_run *l, jl_str text, int n_vocab, jl_error *error) {
    static const char pre[] = "gpt-2";
    jl_bpe_trainer *t = jl_bpe_trainer_new(text, (jl_str){ "", 0 }, jl_string(pre), error);
    jl_bpe_step step;
    jl_status st = t ? JL_OK : error->code;
    while (!st && jl_bpe_trainer_n_tokens(t) < n_vocab) st = jl_bpe_trainer_step(t, &step, error);
    if (st >= 0) {
        l->n_vocabulary = jl_bpe_vocabulary_write(t, pre, l->config.name, NULL);
        l->vocabulary = jl_alloc((size_t)l->n_vocabulary);
        st = l->vocabulary ? JL_OK : jl_no_memory(error, "text");
        if (!st) jl_bpe_vocabulary_write(t, pre, l->config.name, l->vocabulary);
    }
    jl_bpe_trainer_free(t);
    return st;
}

static jl_status characters(jl_training_run *l, jl_str text, jl_error *error) {
    uint64_t *counts = jl_alloc_array(JL_CODES, sizeof *counts), rest;
    uint32_t *codes = jl_alloc_array(MAX_CHARACTERS, sizeof *codes);
    if (counts && codes) {
        jl_characters_count(text, counts);
        int n = jl_characters_choose(counts, MAX_CHARACTERS, codes, &rest);
        l->n_vocabulary = jl_characters_write(codes, n, l->config.name, NULL);
        l->vocabulary = jl_alloc((size_t)l->n_vocabulary);
        if (l->vocabulary) jl_characters_write(codes, n, l->config.name, l->vocabulary);
    }
    jl_free(counts);
    jl_free(codes);
    return l->vocabulary ? JL_OK : jl_no_memory(error, "text");
}

static jl_status make_vocabulary(jl_training_run *l, jl_str text, int n_vocab, jl_error *error) {
    if (n_vocab != 0 && (n_vocab < JL_BPE_FIRST_MERGE || n_vocab > 1 << 16))
        return refuse(error, "vocabulary", "expected characters, or 257 to 65536 tokens");
    jl_status st = n_vocab ? merges(l, text, n_vocab, error) : characters(l, text, error);
    if (st) return st;
    st = jl_gguf_parse(&l->gguf, l->vocabulary, l->n_vocabulary, l->n_vocabulary, error);
    if (st) return st;
    l->tokenizer = jl_tokenizer_new(&l->gguf, error);
    if (!l->tokenizer) return error->code;
    l->config.train.shape.n_vocab = jl_tokenizer_n_vocab(l->tokenizer);
    return JL_OK;
}

/* ---- Data ------------------------------------------------------------------------------------ */

/* Where the held-out part begins, never within a character. */
static size_t held_out_at(jl_str text) {
    size_t at = text.n - text.n / HELD_OUT;
    while (at < text.n && ((unsigned char)text.data[at] & 0xc0) == 0x80) at++;
    return at;
}

static jl_status tokenize(jl_training_run *l, jl_str text, size_t at, jl_error *error) {
    int cap = (int)text.n + 16;
    l->ids = jl_alloc_array((uint64_t)cap, sizeof *l->ids);
    if (!l->ids) return jl_no_memory(error, "text");
    int n =
        jl_tokenizer_encode(l->tokenizer, text.data, at, JL_TOKENIZE_SPECIAL, l->ids, cap, error);
    if (n < 0) return error->code;
    int held = jl_tokenizer_encode(l->tokenizer, text.data + at, text.n - at, JL_TOKENIZE_SPECIAL,
                                   l->ids + n, cap - n, error);
    if (held < 0) return error->code;
    l->n_train = (size_t)n;
    l->n_held = (size_t)held;
    l->bytes_per_token = held ? (double)(text.n - at) / held : 0;
    return JL_OK;
}

/* Unigram baseline: Σ −ln((count + 1)/(n + V)) over held-out tokens, with training counts (add-one
 * smoothing, Laplace). */
static jl_status count_unigrams(jl_training_run *l, jl_error *error) {
    size_t n_vocab = (size_t)l->config.train.shape.n_vocab;
    double sum = 0, all = (double)l->n_train + (double)n_vocab;
    uint32_t *counts = jl_alloc_array(n_vocab, sizeof *counts);
    if (!counts) return jl_no_memory(error, "text");
    for (size_t i = 0; i < l->n_train; i++) counts[l->ids[i]]++;
    for (size_t i = 0; i < l->n_held; i++) sum -= log((counts[l->ids[l->n_train + i]] + 1.0) / all);
    l->unigram = sum / (double)l->n_held;
    jl_free(counts);
    return JL_OK;
}

/* ---- The run --------------------------------------------------------------------------------- */

static jl_status read_recipe(jl_training_run *l, jl_str recipe, jl_error *error) {
    jlt_config *c = &l->config;
    jl_status st = jlt_config_parse(c, recipe.data, recipe.n, error);
    if (st) return st;
    if (c->text.n || c->held_out.n || c->tokenizer[0] || c->out[0])
        return refuse(error, "config", "a run in memory has no files");
    return JL_OK;
}

static jl_status start(jl_training_run *l, jl_str text, jl_str recipe, int n_vocab,
                       jl_error *error) {
    jl_status st = read_recipe(l, recipe, error);
    size_t at = held_out_at(text);
    if (!st && text.n > INT32_MAX / 8)
        st = refuse(error, "text", "expected at most 256 MB of text");
    if (!st) st = make_vocabulary(l, (jl_str){ text.data, at }, n_vocab, error);
    if (!st) st = tokenize(l, text, at, error);
    if (st) return st;
    size_t window = (size_t)l->config.train.shape.n_ctx + 1;
    if (l->n_train < window || l->n_held < window)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("text"),
                       "is too short: %u tokens, of which the last 5 %% (%u) are held out; both "
                       "parts need %u, so use a longer text or a shorter context",
                       (uint64_t)(l->n_train + l->n_held), (uint64_t)l->n_held, (uint64_t)window);
    st = count_unigrams(l, error);
    if (st) return st;
    jlt_data data = { l->ids, l->ids + l->n_train, l->n_train, l->n_held };
    jlt_host host = { jl_sgemm, NULL };
    l->trainer = jlt_trainer_new(&l->config.train, &data, &host, error);
    return l->trainer ? jlt_export_check(jlt_trainer_network(l->trainer), error) : error->code;
}

jl_training_run *jl_training_run_new(jl_str text, jl_str recipe, int n_vocab, jl_error *error) {
    jl_training_run *l = jl_alloc_zero(sizeof *l);
    if (!l) {
        jl_no_memory(error, "text");
        return NULL;
    }
    if (start(l, text, recipe, n_vocab, error)) {
        jl_training_run_free(l);
        return NULL;
    }
    return l;
}

void jl_training_run_free(jl_training_run *l) {
    if (!l) return;
    jlt_trainer_free(l->trainer);
    jl_tokenizer_free(l->tokenizer);
    jl_gguf_free(&l->gguf);
    jl_free(l->vocabulary);
    jl_free(l->ids);
    jl_free(l);
}

jl_training_run_info jl_training_run_describe(const jl_training_run *l) {
    const jlt_options *o = &l->config.train;
    return (jl_training_run_info){ o->shape.n_vocab,   jlt_trainer_network(l->trainer)->n_params,
                                   l->n_train,         l->n_held,
                                   l->bytes_per_token, l->unigram,
                                   o->optimizer.steps, o->batch * o->length };
}

const jlt_trainer *jl_training_run_trainer(const jl_training_run *l) {
    return l->trainer;
}

jl_status jl_training_run_step(jl_training_run *l, jl_train_report *report, jl_error *error) {
    return jlt_trainer_step(l->trainer, report, error);
}

double jl_training_run_held_out(jl_training_run *l, int windows) {
    return jlt_trainer_held_out(l->trainer, windows);
}

uint64_t jl_training_run_export(const jl_training_run *l, int type, uint8_t *out) {
    const jlt_config *c = &l->config;
    jlt_export e = { (jl_type)type, &l->gguf, c->name, c->author, c->license, c->description };
    return jlt_export_write(jlt_trainer_network(l->trainer), jlt_trainer_params(l->trainer), &e,
                            out);
}
