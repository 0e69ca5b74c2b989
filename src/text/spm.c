/* spm.c - scores as ranks of pairs, applied by merge.c; byte fallback.
 *
 * Tokens and text are kept with plain blanks in place of U+2581, so a token's string is what it
 * looks like in text. A token that would be found under another string than the one it is shown as
 * (a byte token, or a special token with U+2581 in it) has an internal symbol of its own, an alias.
 * Matching equals llama.cpp's llm_tokenizer_spm on well-formed UTF-8. Where no token has a blank
 * behind another character (the usual case), words are joined one by one.
 */
#include "spm.h"

#include <string.h>

#include "../base/memory.h"
#include "merge.h"
#include "tokenizer.h"
#include "unicode.h"

static const char tokens_key[] = "tokenizer.ggml.tokens";
static const char scores_key[] = "tokenizer.ggml.scores";

typedef struct spm {
    uint32_t *rank; /* [n_tokens] low for a high score */
    int32_t *alias; /* [n_alias] the token that symbol n_tokens + i stands for */
    uint32_t n_alias;
    size_t longest;    /* bytes of the longest string that can be found */
    int prefix;        /* text begins with a blank */
    int words;         /* no string has a blank behind another character */
    int32_t unknown;   /* -1: none */
    int32_t byte[256]; /* tokens of single bytes, -1: none */
} spm;

static jl_status no_memory(jl_error *error) {
    return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("tokenizer"),
                   "there is not enough memory for the tokenizer");
}

/* ---- Strings --------------------------------------------------------------------------------- */

size_t jl_spm_unescape(jl_str text, uint8_t *out) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.n - i >= 3 && memcmp(text.data + i, "\xe2\x96\x81", 3) == 0) {
            out[n++] = ' ';
            i += 2;
        } else {
            out[n++] = (uint8_t)text.data[i];
        }
    }
    return n;
}

/* A plain blank in a token's text matches nothing: blanks of a text are U+2581 there. */
size_t jl_spm_store(jl_str text, int kind, uint8_t *out, int *keyed) {
    *keyed = !memchr(text.data, ' ', text.n);
    size_t n = jl_spm_unescape(text, out);
    if (kind == JL_TOKEN_NORMAL || kind == JL_TOKEN_UNUSED) return n;
    *keyed = *keyed && n == text.n;
    memcpy(out, text.data, text.n);
    return text.n;
}

/* ---- Building -------------------------------------------------------------------------------- */

static int32_t resolve(const spm *s, const jl_vocab *v, int32_t id) {
    return (uint32_t)id < v->n_tokens || id < 0 ? id : s->alias[(uint32_t)id - v->n_tokens];
}

static int32_t find(const spm *s, const jl_vocab *v, const uint8_t *text, size_t n) {
    return n > s->longest ? -1 : resolve(s, v, jl_vocab_find(v, text, n));
}

/* Falling order of scores as rising order of integers: the bits of a float, sign and magnitude. */
static uint32_t rank_of(float score) {
    uint32_t bits;
    score += 0.0f; /* −0 is 0 */
    memcpy(&bits, &score, sizeof bits);
    return bits >> 31 ? bits : 0x7fffffffu - bits;
}

jl_status jl_spm_read_scores(const jl_gguf *g, uint32_t n, float *scores, jl_error *error) {
    const jl_gguf_value *from = jl_gguf_find(g, scores_key);
    for (uint32_t id = 0; id < n; id++) {
        scores[id] = !from                       ? 0
                     : from->type == JL_GGUF_F32 ? jl_gguf_f32_at(from, id)
                                                 : (float)jl_gguf_i32_at(from, id);
        if (scores[id] != scores[id])
            return jl_fail(error, JL_ERR_TOKENIZER, from->offset, jl_string(scores_key),
                           "the score of token %u is not a number", (uint64_t)id);
    }
    return JL_OK;
}

static jl_status read_ranks(spm *s, const jl_vocab *v, const jl_gguf *g, jl_error *error) {
    float *scores = jl_alloc_array(v->n_tokens, sizeof *scores);
    if (!scores) return no_memory(error);
    jl_status status = jl_spm_read_scores(g, v->n_tokens, scores, error);
    for (uint32_t id = 0; id < v->n_tokens && status == JL_OK; id++)
        s->rank[id] = rank_of(scores[id]);
    jl_free(scores);
    return status;
}

static void note_string(spm *s, const uint8_t *text, size_t n) {
    if (n > s->longest) s->longest = n;
    for (size_t i = 1; i < n; i++)
        if (text[i] == ' ' && text[i - 1] != ' ') s->words = 0;
}

/* Makes every token findable that is not so under its own string. */
static jl_status add_aliases(spm *s, jl_vocab *v, const jl_gguf_value *tokens, jl_error *error) {
    const uint8_t *cursor = tokens->bytes;
    size_t longest = 0;
    for (uint32_t id = 0; id < v->n_tokens; id++) {
        size_t n = jl_gguf_next_string(&cursor).n;
        if (n > longest) longest = n;
    }
    uint8_t *key = jl_alloc(longest + 1);
    if (!key) return no_memory(error);
    cursor = tokens->bytes;
    jl_status status = JL_OK;
    for (uint32_t id = 0; id < v->n_tokens && status == JL_OK; id++) {
        jl_str text = jl_gguf_next_string(&cursor);
        if (text.n == 0 || memchr(text.data, ' ', text.n)) continue;
        size_t n = jl_spm_unescape(text, key);
        note_string(s, key, n);
        if (v->kind[id] == JL_TOKEN_NORMAL || v->kind[id] == JL_TOKEN_UNUSED) continue;
        int32_t symbol = jl_vocab_intern(v, key, n, error);
        if (symbol < 0) status = JL_ERR_TOKENIZER;
        if ((uint32_t)symbol == v->n_tokens + s->n_alias && status == JL_OK)
            s->alias[s->n_alias++] = (int32_t)id;
    }
    jl_free(key);
    return status;
}

/* <0xHH>, in text of 6 bytes. */
static void spell_byte(uint8_t byte, uint8_t *text) {
    static const char digits[] = "0123456789ABCDEF";
    memcpy(text, "<0x__>", 6);
    text[3] = (uint8_t)digits[byte >> 4];
    text[4] = (uint8_t)digits[byte & 15];
}

int32_t jl_spm_find_byte(const jl_vocab *v, uint8_t byte) {
    uint8_t text[6];
    spell_byte(byte, text);
    return jl_vocab_find(v, text, sizeof text);
}

static void find_bytes(spm *s, const jl_vocab *v) {
    for (int byte = 0; byte < 256; byte++) {
        uint8_t text[6], single = (uint8_t)byte;
        spell_byte(single, text);
        s->byte[byte] = find(s, v, text, sizeof text);
        if (s->byte[byte] < 0) s->byte[byte] = find(s, v, &single, 1);
    }
}

static void spm_free(void *self) {
    spm *s = self;
    if (!s) return;
    jl_free(s->rank);
    jl_free(s->alias);
    jl_free(s);
}

static void *build(jl_vocab *v, const jl_gguf *g, jl_family_facts *facts, jl_error *error) {
    spm *s = jl_alloc_zero(sizeof *s);
    jl_status status = JL_OK;
    if (s) {
        s->rank = jl_alloc_array((uint64_t)v->n_tokens, sizeof *s->rank);
        s->alias = jl_alloc_array((uint64_t)v->n_tokens, sizeof *s->alias);
    }
    if (!s || !s->rank || !s->alias) {
        no_memory(error);
        spm_free(s);
        return NULL;
    }
    s->words = s->prefix = 1;
    s->unknown = facts->unknown;
    facts->add_bos = 1;
    status = jl_gguf_bool(g, "tokenizer.ggml.add_space_prefix", &s->prefix, error);
    facts->space_prefix = s->prefix;
    if (status == JL_OK) status = read_ranks(s, v, g, error);
    if (status == JL_OK) status = add_aliases(s, v, jl_gguf_find(g, tokens_key), error);
    if (status != JL_OK) {
        spm_free(s);
        return NULL;
    }
    find_bytes(s, v);
    return s;
}

static size_t memory(const void *self, const jl_vocab *v) {
    const spm *s = self;
    return sizeof *s + v->n_tokens * (sizeof *s->rank + sizeof *s->alias);
}

/* ---- Encoding -------------------------------------------------------------------------------- */

typedef struct context {
    const spm *s;
    const jl_vocab *v;
    jl_merger m;
    jl_ids *ids;
} context;

static int rank_of_pair(const void *self, const uint8_t *text, const jl_symbol *left,
                        const jl_symbol *right, jl_span *span) {
    const context *c = self;
    int32_t id = find(c->s, c->v, text, (size_t)left->length + right->length);
    if (id < 0) return 0;
    span->rank = c->s->rank[id];
    span->id = id;
    return 1;
}

/* A character that is no token: the tokens of its bytes, or else the unknown token. */
static void emit_bytes(const context *c, const uint8_t *text, size_t n) {
    if (n == 1 && *text == ' ') {
        text = (const uint8_t *)"\xe2\x96\x81";
        n = 3;
    }
    int all = 1;
    for (size_t i = 0; i < n; i++) all &= c->s->byte[text[i]] >= 0;
    for (size_t i = 0; all && i < n; i++) jl_ids_push(c->ids, c->s->byte[text[i]]);
    if (!all && c->s->unknown >= 0) jl_ids_push(c->ids, c->s->unknown);
}

static int encode_piece(context *c, const uint8_t *text, uint32_t n) {
    uint32_t at, code;
    if (!jl_merger_reserve(&c->m, n)) return 0;
    for (at = 0; at < n; at += c->m.symbols[at].length) {
        uint32_t length = (uint32_t)jl_utf8_decode(text + at, n - at, &code);
        for (uint32_t i = 1; i < length; i++) c->m.symbols[at + i].length = 0;
        c->m.symbols[at] = (jl_symbol){ find(c->s, c->v, text + at, length), length, 0 };
    }
    if (!jl_merger_run(&c->m, text, n, rank_of_pair, c)) return 0;
    for (at = 0; at < n; at += c->m.symbols[at].length) {
        const jl_symbol *symbol = &c->m.symbols[at];
        if (symbol->id >= 0)
            jl_ids_push(c->ids, symbol->id);
        else
            emit_bytes(c, text + at, symbol->length);
    }
    return 1;
}

/* Where the word ends that begins at `at` with any number of blanks. */
static size_t end_of_word(const uint8_t *text, size_t at, size_t n) {
    while (at < n && text[at] == ' ') at++;
    while (at < n && text[at] != ' ') at++;
    return at;
}

static jl_status encode(const void *self, const jl_vocab *v, const uint8_t *text, size_t n,
                        jl_ids *ids, jl_error *error) {
    context c = { .s = self, .v = v, .ids = ids };
    uint8_t *copy = jl_alloc(n + 1);
    if (!copy) return no_memory(error);
    size_t length = (size_t)c.s->prefix;
    copy[0] = ' ';
    length += jl_spm_unescape((jl_str){ (const char *)text, n }, copy + length);
    int fine = 1;
    for (size_t at = 0, end; at < length && fine; at = end) {
        end = c.s->words ? end_of_word(copy, at, length) : length;
        fine = encode_piece(&c, copy + at, (uint32_t)(end - at));
    }
    jl_merger_free(&c.m);
    jl_free(copy);
    return fine ? JL_OK : no_memory(error);
}

const jl_family jl_family_spm = { .model = "llama",
                                  .about = "SentencePiece BPE",
                                  .ids = { 1, 2, 0, -1 },
                                  .store = jl_spm_store,
                                  .build = build,
                                  .encode = encode,
                                  .free = spm_free,
                                  .memory = memory };
