/* wordpiece.c - cleaning, cutting, longest tokens first.
 *
 * Follows llama.cpp's llm_tokenizer_wpm to the letter: a decomposed character keeps its first code
 * point alone, and a word of which any part is no token becomes the unknown token as a whole. As in
 * spm.c a blank stands for U+2581.
 */
#include "wordpiece.h"

#include "../base/memory.h"
#include "prefixes.h"
#include "spm.h"
#include "unicode.h"

typedef struct wordpiece {
    jl_prefixes prefixes;
    int32_t unknown; /* -1: none */
    int lower, strip;
} wordpiece;

static jl_status no_memory(jl_error *error) {
    return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("tokenizer"),
                   "there is not enough memory for the tokenizer");
}

static void wordpiece_free(void *self) {
    jl_free(self);
}

static void *build(jl_vocab *v, const jl_gguf *g, jl_family_facts *facts, jl_error *error) {
    wordpiece *w = jl_alloc_zero(sizeof *w);
    jl_status status = w ? jl_prefixes_init(&w->prefixes, v, error) : no_memory(error);
    if (w) w->unknown = facts->unknown, w->lower = 1;
    if (status == JL_OK)
        status = jl_gguf_bool(g, "tokenizer.ggml.normalizer.lowercase", &w->lower, error);
    if (w) w->strip = w->lower;
    if (status == JL_OK)
        status = jl_gguf_bool(g, "tokenizer.ggml.normalizer.strip_accents", &w->strip, error);
    if (status != JL_OK) {
        jl_free(w);
        return NULL;
    }
    facts->add_bos = facts->add_separator = facts->space_prefix = 1;
    return w;
}

static size_t memory(const void *self, const jl_vocab *v) {
    (void)v;
    return sizeof *(const wordpiece *)self;
}

/* Ranges of Chinese characters, as BertNormalizer of Hugging Face's tokenizers has them. */
static int is_chinese(uint32_t code) {
    static const uint32_t ranges[][2] = { { 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },
                                          { 0xf900, 0xfaff },   { 0x20000, 0x2a6df },
                                          { 0x2a700, 0x2b81f }, { 0x2b920, 0x2ceaf },
                                          { 0x2f800, 0x2fa1f } };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1]) return 1;
    return 0;
}

/* A word with a blank before it; n 1: there is none yet. */
typedef struct jl_word {
    uint8_t *bytes;
    size_t n;
} jl_word;

static void finish(const wordpiece *w, jl_word *word, jl_ids *ids) {
    int before = ids->n;
    size_t at = word->n > 1 ? 0 : 1;
    while (at < word->n) {
        jl_prefix_walk walk = jl_prefixes_walk(&w->prefixes, word->bytes + at, word->n - at);
        size_t longest = 0;
        int32_t best = -1;
        for (int32_t id; jl_prefix_step(&walk, &id);)
            if (id >= 0) best = id, longest = walk.n;
        if (best < 0) {
            ids->n = before;
            if (w->unknown >= 0) jl_ids_push(ids, w->unknown);
            break;
        }
        jl_ids_push(ids, best);
        at += longest;
    }
    word->n = 1;
}

static void append(jl_word *word, uint32_t code) {
    if (code == 0x2581)
        word->bytes[word->n++] = ' ';
    else
        word->n += jl_utf8_encode(code, word->bytes + word->n);
}

static jl_status encode(const void *self, const jl_vocab *v, const uint8_t *text, size_t n,
                        jl_ids *ids, jl_error *error) {
    const wordpiece *w = self;
    jl_char_run run = { 0 };
    /* Lower case takes at most half as much again. */
    jl_word word = { jl_alloc(2 * n + 8), 1 };
    (void)v;
    if (!word.bytes) return no_memory(error);
    word.bytes[0] = ' ';
    for (size_t at = 0; at < n;) {
        uint32_t code;
        at += (size_t)jl_utf8_decode(text + at, n - at, &code);
        if (w->strip) code = jl_char_base(code);
        int class = jl_char_class(code, &run);
        if (class & JL_CHAR_WHITE) {
            finish(w, &word, ids);
            continue;
        }
        if (code == 0xfffd || code == JL_INVALID_BYTE || (class & JL_CHAR_CONTROL)) continue;
        if (w->strip && (class & JL_CHAR_MARK)) continue;
        int alone = (class & JL_CHAR_PUNCTUATION) || (code < 0x7f && (class & JL_CHAR_SYMBOL)) ||
                    is_chinese(code);
        if (alone) finish(w, &word, ids);
        append(&word, w->lower ? jl_char_lower(code) : code);
        if (alone) finish(w, &word, ids);
    }
    finish(w, &word, ids);
    jl_free(word.bytes);
    return JL_OK;
}

const jl_family jl_family_wordpiece = { .model = "bert",
                                        .about = "WordPiece",
                                        .ids = { 101, -1, 100, 102 },
                                        .store = jl_spm_store,
                                        .build = build,
                                        .encode = encode,
                                        .free = wordpiece_free,
                                        .memory = memory };
