/* spm.c - SentencePiece BPE: ranks pairs by score for merge.c; byte fallback.
 *
 * Tokens and text are stored with spaces for U+2581, so a token's string equals the text it
 * matches. A token whose matched string differs from its displayed one (a byte token, or a special
 * token with U+2581) has an internal symbol for matching, an alias. Matching equals llama.cpp's
 * llm_tokenizer_spm on well-formed UTF-8. If no token has a space after another character (usual),
 * each word is merged separately.
 */
#include "spm.h"

#include <string.h>

#include "../base/memory.h"
#include "merge.h"
#include "tokenizer.h"
#include "trace.h"
#include "unicode.h"

static const char tokens_key[] = "tokenizer.ggml.tokens";
static const char scores_key[] = "tokenizer.ggml.scores";

/* Bytes. Bounds the cost of a merge, which hashes the joined string. */
enum { MAX_TOKEN = 1024 };

typedef struct spm {
    uint32_t *rank; /* [n_tokens] lowest for the highest score */
    int32_t *alias; /* [n_alias] token of symbol n_tokens + i */
    uint32_t n_alias;
    size_t longest;    /* bytes of the longest matchable string */
    int prefix;        /* add a space before the text */
    int words;         /* no token has a space after another character */
    int32_t unknown;   /* -1: none */
    int32_t byte[256]; /* tokens of single bytes, -1: none */
} spm;

/* ---- Strings --------------------------------------------------------------------------------- */

size_t jl_spm_unescape(jl_str text, uint8_t *out) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) n = jl_spm_put(out, n, (uint8_t)text.data[i]);
    return n;
}

/* A token with a literal space never matches: a text's spaces are U+2581. */
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
    int32_t id = n > s->longest ? -1 : resolve(s, v, jl_vocab_find(v, text, n));
    return jl_vocab_is_text(v, id) ? id : -1;
}

/* Maps decreasing scores to increasing integers, by the float's sign and magnitude bits. */
static uint32_t rank_of(float score) {
    uint32_t bits;
    score += 0.0f; /* −0 is 0 */
    memcpy(&bits, &score, sizeof bits);
    return bits >> 31 ? bits : 0x7fffffffu - bits;
}

/* The inverse. */
static float score_of(uint32_t rank) {
    uint32_t bits = rank >> 31 ? rank : 0x7fffffffu - rank;
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
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
    if (!scores) return jl_no_memory(error, "tokenizer");
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

static jl_status too_long(uint32_t id, const jl_gguf_value *tokens, jl_error *error) {
    return jl_fail(error, JL_ERR_TOKENIZER, tokens->offset, jl_string(tokens_key),
                   "token %u is longer than %d bytes", (uint64_t)id, (int)MAX_TOKEN);
}

/* Adds an alias for every token that does not match by its stored string. */
static jl_status add_aliases(spm *s, jl_vocab *v, const jl_gguf_value *tokens, jl_error *error) {
    const uint8_t *cursor = tokens->bytes;
    size_t longest = 0;
    for (uint32_t id = 0; id < v->n_tokens; id++) {
        size_t n = jl_gguf_next_string(&cursor).n;
        if (n > longest) longest = n;
    }
    uint8_t *key = jl_alloc(longest + 1);
    if (!key) return jl_no_memory(error, "tokenizer");
    cursor = tokens->bytes;
    jl_status status = JL_OK;
    for (uint32_t id = 0; id < v->n_tokens && status == JL_OK; id++) {
        jl_str text = jl_gguf_next_string(&cursor);
        if (text.n == 0 || memchr(text.data, ' ', text.n)) continue;
        size_t n = jl_spm_unescape(text, key);
        if (n > MAX_TOKEN) status = too_long(id, tokens, error);
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

/* Writes <0xHH> to text[6]. */
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
        jl_no_memory(error, "tokenizer");
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

typedef struct encoder {
    jl_merge_buffers own;
    const spm *s;
    const jl_vocab *v;
    const uint8_t *text; /* [n] borrowed */
    size_t n, read;      /* bytes; `read` of them are copied */
    size_t length;       /* of the copy */
    size_t piece, end;   /* the current piece; equal before the next one begins */
    size_t at;           /* bytes of the piece filled in, later: emitted */
    int joined;
    jl_ids *ids; /* of the current step */
} encoder;

static int rank_of_pair(const void *self, const uint8_t *text, const jl_symbol *left,
                        const jl_symbol *right, jl_span *span) {
    const encoder *e = self;
    int32_t id = find(e->s, e->v, text, (size_t)left->length + right->length);
    if (id < 0) return 0;
    span->rank = e->s->rank[id];
    span->id = id;
    return 1;
}

/* Emits a character without a token: its byte tokens if all exist, else unknown. */
static void emit_bytes(const encoder *e, const uint8_t *text, size_t n) {
    size_t length = n;
    if (n == 1 && *text == ' ') {
        text = (const uint8_t *)"\xe2\x96\x81";
        n = 3;
    }
    int all = 1;
    for (size_t i = 0; i < n; i++) all &= e->s->byte[text[i]] >= 0;
    jl_trace_emit(e->ids, e->at, length, all ? -1 : e->s->unknown);
    for (size_t i = 0; all && i < n; i++) jl_ids_push(e->ids, e->s->byte[text[i]]);
    if (!all && e->s->unknown >= 0) jl_ids_push(e->ids, e->s->unknown);
}

/* The end of the word at `at`, including its leading spaces. */
static size_t end_of_word(const uint8_t *text, size_t at, size_t n) {
    while (at < n && text[at] == ' ') at++;
    while (at < n && text[at] != ' ') at++;
    return at;
}

/* Starts the next piece; 0: no memory. */
static int begin_piece(encoder *e) {
    e->piece = e->end;
    e->end = e->s->words ? end_of_word(e->own.copy, e->piece, e->length) : e->length;
    e->at = 0;
    e->joined = 0;
    jl_trace *trace = e->ids->trace;
    if (trace) {
        trace->score = score_of;
        jl_trace_copied(trace, e->own.copy + e->piece, e->piece, e->end - e->piece);
    }
    return jl_merger_begin(&e->own.m, e->own.copy + e->piece, (uint32_t)(e->end - e->piece), trace);
}

/* Fills symbols with characters; 0: work is used up. */
static int fill(encoder *e, int64_t *work) {
    const uint8_t *text = e->own.copy + e->piece;
    jl_symbol *symbols = e->own.m.symbols;
    size_t n = e->end - e->piece, length;
    uint32_t code;
    for (; e->at<n && * work> 0; e->at += length, *work -= 4) {
        length = (size_t)jl_utf8_decode(text + e->at, n - e->at, &code);
        for (size_t i = 1; i < length; i++) symbols[e->at + i].length = 0;
        int32_t id = find(e->s, e->v, text + e->at, length);
        symbols[e->at] = (jl_symbol){ id, (uint32_t)length, 0 };
    }
    return e->at == n;
}

static int emit(encoder *e, int64_t *work) {
    size_t n = e->end - e->piece;
    for (; e->at<n && * work> 0; e->at += e->own.m.symbols[e->at].length, (*work)--) {
        const jl_symbol *symbol = &e->own.m.symbols[e->at];
        if (symbol->id < 0) {
            emit_bytes(e, e->own.copy + e->piece + e->at, symbol->length);
            continue;
        }
        jl_trace_emit(e->ids, e->at, symbol->length, symbol->id);
        jl_ids_push(e->ids, symbol->id);
    }
    return e->at == n;
}

/* Encodes the piece in steps, as jl_family.step does the text. */
static jl_status encode_piece(encoder *e, int64_t *work) {
    if (!e->joined) {
        if (!fill(e, work)) return JL_MORE;
        jl_status status = jl_merger_step(&e->own.m, rank_of_pair, e, work);
        if (status != JL_OK) return status;
        e->joined = 1;
        e->at = 0;
    }
    return emit(e, work) ? JL_OK : JL_MORE;
}

static void *open(const void *self, const jl_vocab *v) {
    encoder *e = jl_alloc_zero(sizeof *e);
    if (e) e->s = self, e->v = v;
    return e;
}

static int begin(void *state, const uint8_t *text, size_t n) {
    encoder *e = state;
    e->text = text;
    e->n = n;
    e->read = e->piece = e->end = 0;
    if (!jl_room(&e->own.copy, &e->own.cap, n + 1)) return 0;
    e->own.copy[0] = ' ';
    e->length = (size_t)e->s->prefix;
    return 1;
}

static jl_status step(void *state, jl_ids *ids, int64_t *work) {
    encoder *e = state;
    e->ids = ids;
    if (ids->trace) jl_trace_map(ids->trace, e->length, e->read); /* the added space */
    for (; e->read<e->n && * work> 0; (*work)--) {
        e->length = jl_spm_put(e->own.copy, e->length, e->text[e->read++]);
        if (ids->trace) jl_trace_map(ids->trace, e->length, e->read);
    }
    if (e->read < e->n) return JL_MORE;
    while (e->piece < e->length) {
        if (*work <= 0) return JL_MORE;
        if (e->piece == e->end && !begin_piece(e)) return JL_ERR_MEMORY;
        jl_status status = encode_piece(e, work);
        if (status != JL_OK) return status;
        e->piece = e->end;
    }
    return JL_OK;
}

const jl_family jl_family_spm = { .model = "llama",
                                  .about = "SentencePiece BPE",
                                  .ids = { 1, 2, 0, -1 },
                                  .store = jl_spm_store,
                                  .build = build,
                                  .open = open,
                                  .close = jl_merge_close,
                                  .begin = begin,
                                  .step = step,
                                  .free = spm_free,
                                  .memory = memory };
