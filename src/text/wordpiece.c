/* wordpiece.c - normalises, splits into words, matches longest tokens first.
 *
 * Follows llama.cpp's llm_tokenizer_wpm exactly: of a decomposed character only the first code
 * point is kept, and a word with an unmatched part becomes one unknown token. Spaces stand for
 * U+2581, as in spm.c.
 */
#include "wordpiece.h"

#include "../base/memory.h"
#include "spm.h"
#include "trace.h"
#include "trie.h"
#include "unicode.h"

typedef struct wordpiece {
    jl_trie trie;    /* values: ids */
    int32_t unknown; /* -1: none */
    int lower, strip;
} wordpiece;

static void wordpiece_free(void *self) {
    wordpiece *w = self;
    if (w) jl_trie_free(&w->trie);
    jl_free(w);
}

static void *build(jl_vocab *v, const jl_gguf *g, jl_family_facts *facts, jl_error *error) {
    wordpiece *w = jl_alloc_zero(sizeof *w);
    jl_status status = w ? jl_vocab_trie(v, &w->trie, error) : jl_no_memory(error, "tokenizer");
    if (w) w->unknown = facts->unknown, w->lower = 1;
    if (status == JL_OK)
        status = jl_gguf_bool(g, "tokenizer.ggml.normalizer.lowercase", &w->lower, error);
    if (w) w->strip = w->lower;
    if (status == JL_OK)
        status = jl_gguf_bool(g, "tokenizer.ggml.normalizer.strip_accents", &w->strip, error);
    if (status != JL_OK) {
        wordpiece_free(w);
        return NULL;
    }
    facts->add_bos = facts->add_separator = facts->space_prefix = 1;
    return w;
}

static size_t memory(const void *self, const jl_vocab *v) {
    const wordpiece *w = self;
    (void)v;
    return sizeof *w + jl_trie_memory(&w->trie);
}

/* The Chinese ranges of BertNormalizer in Hugging Face's tokenizers. */
static int is_chinese(uint32_t code) {
    static const uint32_t ranges[][2] = { { 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },
                                          { 0xf900, 0xfaff },   { 0x20000, 0x2a6df },
                                          { 0x2a700, 0x2b81f }, { 0x2b920, 0x2ceaf },
                                          { 0x2f800, 0x2fa1f } };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1]) return 1;
    return 0;
}

typedef struct encoder {
    const wordpiece *w;
    const uint8_t *text; /* [n] borrowed */
    size_t n, at;
    uint8_t *word; /* [cap], length used: a space, then the word; length 1: no word */
    size_t length, cap;
    size_t encoded;  /* bytes of the word already tokenised */
    size_t from, to; /* the word's first and last byte + 1 in the text */
    int complete;
    int before; /* number of ids before the word */
    jl_char_run run;
} encoder;

/* Tokenises a complete word; 0: work is used up. */
static int encode_word(encoder *e, jl_ids *ids, int64_t *work) {
    while (e->encoded < e->length) {
        if (*work <= 0) return 0;
        size_t longest = 0, n = 0;
        uint32_t node = 0;
        int32_t best = -1;
        const uint8_t *s = e->word + e->encoded;
        const jl_trie *t = &e->w->trie;
        while (n < e->length - e->encoded && (node = jl_trie_step(t, node, s[n])) != 0) {
            n++;
            if (t->value[node] >= 0) best = t->value[node], longest = n;
        }
        *work -= (int64_t)n + 1;
        if (best < 0) {
            ids->n = e->before;
            jl_trace_emit(ids, 0, e->length, e->w->unknown);
            if (e->w->unknown >= 0) jl_ids_push(ids, e->w->unknown);
            break;
        }
        jl_trace_emit(ids, e->encoded, longest, best);
        jl_ids_push(ids, best);
        e->encoded += longest;
    }
    e->length = 1;
    e->complete = 0;
    return 1;
}

static int append(encoder *e, uint32_t code) {
    size_t max = e->length + 4;
    if (max > e->cap && !jl_room_keeping(&e->word, &e->cap, 2 * max, e->length)) return 0;
    if (code == 0x2581)
        e->word[e->length++] = ' ';
    else
        e->length += jl_utf8_encode(code, e->word + e->length);
    return 1;
}

/* Reads a character or ends the word before it; 0: no memory. */
static int read(encoder *e) {
    const wordpiece *w = e->w;
    uint32_t code;
    size_t length = (size_t)jl_utf8_decode(e->text + e->at, e->n - e->at, &code);
    if (w->strip) code = jl_char_base(code);
    int class = jl_char_class(code, &e->run);
    int is_word = (class & JL_CHAR_PUNCTUATION) || (code < 0x7f && (class & JL_CHAR_SYMBOL)) ||
                  is_chinese(code);
    int dropped = code == 0xfffd || code == JL_INVALID_BYTE || (class & JL_CHAR_CONTROL) ||
                  (w->strip && (class & JL_CHAR_MARK));
    if (class & JL_CHAR_WHITE) {
        e->complete = e->length > 1;
    } else if (!dropped) {
        e->complete = is_word;
        if (is_word && e->length > 1) return 1; /* reread after the word */
        if (e->length == 1) e->from = e->at;
        if (!append(e, w->lower ? jl_char_lower(code) : code)) return 0;
        e->to = e->at + length;
    }
    e->at += length;
    return 1;
}

static void *open(const void *self, const jl_vocab *v) {
    encoder *e = jl_alloc_zero(sizeof *e);
    (void)v;
    if (e) e->w = self;
    return e;
}

static void close(void *state) {
    encoder *e = state;
    if (e) jl_free(e->word);
    jl_free(e);
}

static int begin(void *state, const uint8_t *text, size_t n) {
    encoder *e = state;
    e->text = text;
    e->n = n;
    e->at = 0;
    e->length = 1;
    e->complete = 0;
    if (!jl_room(&e->word, &e->cap, 64)) return 0;
    e->word[0] = ' ';
    return 1;
}

static jl_status step(void *state, jl_ids *ids, int64_t *work) {
    encoder *e = state;
    for (;;) {
        if (e->complete && !encode_word(e, ids, work)) return JL_MORE;
        if (e->at == e->n && e->length == 1) return JL_OK;
        if (*work <= 0) return JL_MORE;
        *work -= 4;
        if (e->at == e->n)
            e->complete = 1;
        else if (!read(e))
            return JL_ERR_MEMORY;
        if (!e->complete) continue;
        e->encoded = 0;
        e->before = ids->n;
        if (ids->trace) jl_trace_piece(ids->trace, e->word, e->length, e->from, e->to);
    }
}

const jl_family jl_family_wordpiece = { .model = "bert",
                                        .about = "WordPiece",
                                        .ids = { 101, -1, 100, 102 },
                                        .store = jl_spm_store,
                                        .build = build,
                                        .open = open,
                                        .close = close,
                                        .begin = begin,
                                        .step = step,
                                        .free = wordpiece_free,
                                        .memory = memory };
