/* bpe.c - BPE: a hash table of merges, (left, right) → (rank, symbol), for merge.c.
 *
 * A symbol is the id of a string in the vocabulary: a token, or an internal symbol for a string of
 * the merges that is no token (emitted byte by byte). Equal strings have equal ids, so ids are
 * compared instead. Of a pair listed twice the first entry counts, as in llama.cpp.
 */
#include "bpe.h"

#include <string.h>

#include "../base/memory.h"
#include "merge.h"
#include "pretokenize.h"
#include "spm.h"
#include "tokenizer.h"
#include "trace.h"
#include "unicode.h"

static const char merges_key[] = "tokenizer.ggml.merges";

enum { MAX_PROBE = 1024 }; /* random pairs stay under 100 */

typedef struct merge {
    int32_t left, right, result; /* left −1: never applies */
} merge;

typedef struct bpe {
    const jl_pretokenizer *pre;
    merge *merges; /* [n_merges] index = rank */
    uint32_t n_merges;
    uint32_t *slots;          /* [n_slots] slot_of(hash, rank), 0 for none; linear probing */
    uint32_t n_slots;         /* a power of two, at least 8/5 of n_merges */
    int32_t byte_symbol[256]; /* raw: the tokens <0xHH>, -1: none */
    int drop_white, lower;    /* model "whitespace": drop whitespace, lower case */
} bpe;

/* ---- The alphabet -------------------------------------------------------------------------- */

/* The byte of an alphabet character, -1 for any other. Printable Latin-1 bytes map to themselves,
 * the 68 others in order to U+0100 and up. */
static int byte_of(uint32_t code) {
    if ((code > 0x20 && code < 0x7f) || (code > 0xa0 && code <= 0xff && code != 0xad))
        return (int)code;
    if (code < 0x100 || code > 0x143) return -1;
    uint32_t i = code - 0x100;
    return (int)(i < 0x21 ? i : i < 0x43 ? i - 0x21 + 0x7f : 0xad);
}

/* Decodes text to bytes; stops and returns 0 at a character outside the alphabet. Every alphabet
 * character has one or two UTF-8 bytes, so decoded text was well-formed. */
static int decode_alphabet(jl_str text, uint8_t *out, size_t *n) {
    const uint8_t *s = (const uint8_t *)text.data;
    *n = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint32_t code = s[i];
        if (code >= 0x80) {
            if (code < 0xc2 || code > 0xc5 || ++i == text.n || (s[i] & 0xc0) != 0x80) return 0;
            code = (code & 0x1f) << 6 | (s[i] & 0x3f);
        }
        int byte = byte_of(code);
        if (byte < 0) return 0;
        out[(*n)++] = (uint8_t)byte;
    }
    return 1;
}

static int is_graphic_ascii(jl_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.data[i] <= ' ' || s.data[i] > '~') return 0;
    return s.n > 0;
}

/* Special tokens are stored literally. */
static size_t store(jl_str text, int kind, uint8_t *out, int *keyed) {
    size_t n;
    if (kind == JL_TOKEN_NORMAL || kind == JL_TOKEN_UNUSED) {
        *keyed = decode_alphabet(text, out, &n);
        if (*keyed) return n;
    } else {
        *keyed = is_graphic_ascii(text);
    }
    memcpy(out, text.data, text.n);
    return text.n;
}

static size_t store_plain(jl_str text, int kind, uint8_t *out, int *keyed) {
    (void)kind;
    *keyed = 1;
    memcpy(out, text.data, text.n);
    return text.n;
}

/* Decodes one side of a merge to its stored form; 0 if no text can contain it. */
static int decode_part(const bpe *b, jl_str text, uint8_t *out, size_t *n) {
    if (b->pre->raw == JL_RAW_NO) return decode_alphabet(text, out, n);
    *n = text.n;
    if (b->pre->raw == JL_RAW_BLANKS)
        *n = jl_spm_unescape(text, out);
    else
        memcpy(out, text.data, text.n);
    return 1;
}

/* ---- Building ------------------------------------------------------------------------------ */

static uint32_t pair_hash(int32_t left, int32_t right) {
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
    return (uint32_t)(h >> 32);
}

/* A slot: the hash's top ten bits, so that a probe rarely fetches other merges, and rank + 1. The
 * slot index uses the low bits (n_slots ≤ 2^22). */
enum { RANK_BITS = 22 };
_Static_assert((int)JL_MAX_TOKENS < 1 << RANK_BITS, "rank + 1 fits a slot");

static uint32_t slot_of(uint32_t hash, uint32_t rank) {
    return hash >> RANK_BITS << RANK_BITS | (rank + 1);
}

/* The slot's merge if it is the pair's, else NULL. */
static const merge *merge_in(const bpe *b, uint32_t slot, uint32_t hash, int32_t left,
                             int32_t right) {
    if ((slot ^ hash) >> RANK_BITS) return NULL;
    const merge *m = &b->merges[(slot & ((1u << RANK_BITS) - 1)) - 1];
    return m->left == left && m->right == right ? m : NULL;
}

static const merge *find_merge(const bpe *b, int32_t left, int32_t right) {
    uint32_t mask = b->n_slots - 1, hash = pair_hash(left, right);
    for (uint32_t i = hash & mask; b->slots[i]; i = (i + 1) & mask) {
        const merge *m = merge_in(b, b->slots[i], hash, left, right);
        if (m) return m;
    }
    return NULL;
}

static jl_status put_merge(bpe *b, uint32_t rank, const jl_gguf_value *from, jl_error *error) {
    const merge *m = &b->merges[rank];
    uint32_t mask = b->n_slots - 1, hash = pair_hash(m->left, m->right), at = hash;
    for (int probe = 0; probe < MAX_PROBE; probe++, at++) {
        uint32_t *slot = &b->slots[at & mask];
        if (*slot == 0) {
            *slot = slot_of(hash, rank);
            return JL_OK;
        }
        if (merge_in(b, *slot, hash, m->left, m->right)) return JL_OK;
    }
    return jl_fail(error, JL_ERR_TOKENIZER, from->offset, jl_string(merges_key),
                   "merge %u: too many merges have the same hash; the file is damaged or malicious",
                   (uint64_t)rank);
}

/* Splits "left right" at its only space; 0: none, several, or an empty part. */
static int split_merge(jl_str text, jl_str *left, jl_str *right) {
    const char *separator = text.n ? memchr(text.data, ' ', text.n) : NULL;
    if (!separator) return 0;
    *left = (jl_str){ text.data, (size_t)(separator - text.data) };
    *right = (jl_str){ separator + 1, text.n - left->n - 1 };
    return left->n && right->n && !memchr(right->data, ' ', right->n);
}

/* Single bytes are common and need no lookup. */
static int32_t symbol_of(const bpe *b, jl_vocab *v, const uint8_t *s, size_t n, jl_error *error) {
    int known = n == 1 && b->pre->raw == JL_RAW_NO;
    return known ? b->byte_symbol[s[0]] : jl_vocab_intern(v, s, n, error);
}

/* scratch: room for text.n bytes. */
static jl_status read_merge(bpe *b, jl_vocab *v, uint32_t rank, jl_str text, uint8_t *scratch,
                            const jl_gguf_value *from, jl_error *error) {
    jl_str left, right;
    size_t n, m;
    merge *out = &b->merges[rank];
    out->left = -1;
    out->result = 0;
    if (!split_merge(text, &left, &right))
        return jl_fail(error, JL_ERR_TOKENIZER, from->offset, jl_string(merges_key),
                       "merge %u is not two strings separated by one space", (uint64_t)rank);
    /* No text has characters outside the alphabet: the merge never applies. */
    if (!decode_part(b, left, scratch, &n) || !decode_part(b, right, scratch + n, &m)) return JL_OK;
    int32_t l = symbol_of(b, v, scratch, n, error);
    int32_t r = l < 0 ? -1 : symbol_of(b, v, scratch + n, m, error);
    if (r < 0) return JL_ERR_TOKENIZER;
    int32_t guess = rank ? out[-1].result : 0;
    out->result = jl_vocab_intern_near(v, guess, scratch, n + m, error);
    if (out->result < 0) return JL_ERR_TOKENIZER;
    out->left = l;
    out->right = r;
    return JL_OK;
}

static size_t longest_string(const jl_gguf_value *v) {
    const uint8_t *cursor = v->bytes;
    size_t longest = 0;
    for (uint64_t i = 0; i < v->count; i++) {
        jl_str s = jl_gguf_next_string(&cursor);
        if (s.n > longest) longest = s.n;
    }
    return longest;
}

static jl_status read_merges(bpe *b, jl_vocab *v, const jl_gguf *g, jl_error *error) {
    const jl_gguf_value *from = jl_gguf_find(g, merges_key), none = { 0 };
    if (!from && b->pre->merges_optional)
        from = &none;
    else if (!from || !from->array || from->type != JL_GGUF_STRING || from->count > JL_MAX_TOKENS)
        return jl_fail(error, JL_ERR_TOKENIZER, from ? from->offset : JL_NO_OFFSET,
                       jl_string(merges_key), "expected an array of at most %d strings, found %s",
                       (int)JL_MAX_TOKENS, from ? "something else" : "nothing");
    b->n_merges = (uint32_t)from->count;
    b->n_slots = 16;
    while ((uint64_t)b->n_slots * 5 < (uint64_t)b->n_merges * 8) b->n_slots *= 2;
    b->merges = jl_alloc_array((uint64_t)b->n_merges + 1, sizeof *b->merges);
    b->slots = jl_alloc_array(b->n_slots, sizeof *b->slots);
    uint8_t *scratch = jl_alloc(longest_string(from) + 1);
    jl_status status = JL_OK;
    if (!b->merges || !b->slots || !scratch) status = jl_no_memory(error, merges_key);
    const uint8_t *cursor = from->bytes;
    for (uint32_t rank = 0; rank < b->n_merges && status == JL_OK; rank++)
        status = read_merge(b, v, rank, jl_gguf_next_string(&cursor), scratch, from, error);
    /* A separate loop lets the CPU overlap the table's cache misses. */
    for (uint32_t rank = 0; rank < b->n_merges && status == JL_OK; rank++)
        if (b->merges[rank].left >= 0) status = put_merge(b, rank, from, error);
    jl_free(scratch);
    return status;
}

static const char pre_key[] = "tokenizer.ggml.pre";

static jl_status choose_pre(bpe *b, const jl_gguf *g, jl_family_facts *facts, jl_error *error) {
    jl_str name = { "", 0 }, model = { "", 0 };
    jl_status status = jl_gguf_string(g, pre_key, &name, error);
    if (status == JL_OK) status = jl_gguf_string(g, "tokenizer.ggml.model", &model, error);
    if (status != JL_OK) return status;
    /* These two models imply the pre-tokeniser. */
    b->drop_white = jl_str_equal(model, "whitespace");
    if (b->drop_white || jl_str_equal(model, "gemma4")) name = model;
    b->pre = jl_pretokenizer_find(name);
    if (!b->pre) {
        b->pre = jl_pretokenizer_find(jl_string("default"));
        jl_str shown = { name.data, name.n < 40 ? name.n : 40 };
        if (name.n)
            jl_format(
                facts->warning, sizeof facts->warning,
                "The pre-tokeniser \"%S\" is unknown; the default is used, so some tokens may "
                "differ from the model's own.",
                shown);
        else
            jl_format(facts->warning, sizeof facts->warning,
                      "The file names no pre-tokeniser; the default is used, so some tokens may "
                      "differ from the model's own.");
    }
    facts->pre = b->pre->name;
    facts->add_bos = b->pre->add_bos;
    return jl_gguf_bool(g, "tokenizer.ggml.normalizer.lowercase", &b->lower, error);
}

const jl_family *jl_bpe_family(const jl_gguf *g) {
    jl_str name = { "", 0 };
    jl_gguf_string(g, pre_key, &name, NULL); /* build() reports errors */
    const jl_pretokenizer *pre = jl_pretokenizer_find(name);
    if (!pre || pre->raw == JL_RAW_NO) return &jl_family_bpe;
    return pre->raw == JL_RAW_BLANKS ? &jl_family_bpe_blanks : &jl_family_bpe_plain;
}

static jl_status find_bytes(bpe *b, jl_vocab *v, jl_error *error) {
    for (int byte = 0; byte < 256; byte++) {
        uint8_t s = (uint8_t)byte;
        int32_t id = b->pre->raw ? jl_spm_find_byte(v, s) : jl_vocab_intern(v, &s, 1, error);
        if (id < 0 && !b->pre->raw) return JL_ERR_TOKENIZER;
        b->byte_symbol[byte] = id;
    }
    for (uint32_t id = 0; b->pre->raw && id < v->n_tokens; id++)
        if (v->kind[id] == JL_TOKEN_BYTE)
            b->byte_symbol[(uint8_t)*jl_vocab_string(v, (int32_t)id).data] = (int32_t)id;
    return JL_OK;
}

static void bpe_free(void *self) {
    bpe *b = self;
    if (!b) return;
    jl_free(b->merges);
    jl_free(b->slots);
    jl_free(b);
}

static void *build(jl_vocab *v, const jl_gguf *g, jl_family_facts *facts, jl_error *error) {
    bpe *b = jl_alloc_zero(sizeof *b);
    if (!b) {
        jl_no_memory(error, "tokenizer");
        return NULL;
    }
    jl_status status = choose_pre(b, g, facts, error);
    if (status == JL_OK) status = find_bytes(b, v, error);
    if (status == JL_OK) status = read_merges(b, v, g, error);
    if (status != JL_OK) {
        bpe_free(b);
        return NULL;
    }
    if (!b->pre->ignore_merges && !b->pre->raw) jl_vocab_drop_index(v);
    return b;
}

static size_t memory(const void *self, const jl_vocab *v) {
    const bpe *b = self;
    (void)v;
    return sizeof *b + b->n_merges * sizeof *b->merges + b->n_slots * sizeof *b->slots;
}

/* ---- Encoding ------------------------------------------------------------------------------ */

static int rank_of_pair(const void *self, const uint8_t *text, const jl_symbol *left,
                        const jl_symbol *right, jl_span *span) {
    const bpe *b = self;
    const merge *m = find_merge(b, left->id, right->id);
    (void)text;
    if (!m) return 0;
    span->rank = (uint32_t)(m - b->merges);
    span->id = m->result;
    return 1;
}

static void emit_byte(const bpe *b, const jl_vocab *v, uint8_t byte, jl_ids *ids) {
    int32_t id = b->byte_symbol[byte];
    if (jl_vocab_is_text(v, id)) jl_ids_push(ids, id);
}

/* Emits the symbol if it is a token, else its byte tokens; skips bytes without one. */
static void emit(const bpe *b, const jl_vocab *v, const uint8_t *text, const jl_symbol *symbol,
                 jl_ids *ids) {
    if (jl_vocab_is_text(v, symbol->id)) {
        jl_ids_push(ids, symbol->id);
        return;
    }
    for (uint32_t i = 0; i < symbol->length; i++)
        if (text[i] == ' ' && b->pre->raw == JL_RAW_BLANKS)
            for (const char *c = "\xe2\x96\x81"; *c; c++) emit_byte(b, v, (uint8_t)*c, ids);
        else
            emit_byte(b, v, text[i], ids);
}

/* The token equal to the whole piece, -1: merge instead. */
static int32_t whole_piece(const bpe *b, const jl_vocab *v, const uint8_t *s, uint32_t n) {
    if (!b->pre->ignore_merges && !(b->pre->whole_newlines && s[0] == '\n')) return -1;
    int32_t id = jl_vocab_find(v, s, n);
    return jl_vocab_is_text(v, id) ? id : -1;
}

typedef struct encoder {
    jl_merge_buffers own;
    const bpe *b;
    const jl_vocab *v;
    const uint8_t *text; /* [n] borrowed */
    size_t n, read;      /* bytes; `read` of them are copied */
    size_t length;       /* of the copy */
    jl_pieces pieces;
    jl_str piece; /* being encoded; n 0: none */
    uint32_t at;  /* its bytes filled in, later: emitted */
    int begun, joined;
} encoder;

/* Fills symbols with bytes, or characters if tokens are UTF-8. 0: work is used up. */
static int fill(encoder *e, int64_t *work) {
    const bpe *b = e->b;
    const uint8_t *s = (const uint8_t *)e->piece.data;
    jl_symbol *symbols = e->own.m.symbols;
    uint32_t i = e->at, n = (uint32_t)e->piece.n, length, code;
    int64_t left = *work;
    for (; i < n && left > 0; i += length, left--) {
        length = b->pre->raw ? (uint32_t)jl_utf8_decode(s + i, n - i, &code) : 1;
        for (uint32_t k = 1; k < length; k++) symbols[i + k].length = 0;
        int32_t id = b->pre->raw ? jl_vocab_find(e->v, s + i, length) : b->byte_symbol[s[i]];
        symbols[i] = (jl_symbol){ .id = id, .length = length };
    }
    e->at = i;
    *work = left;
    return i == n;
}

static int emit_all(encoder *e, jl_ids *ids, int64_t *work) {
    const uint8_t *s = (const uint8_t *)e->piece.data;
    const jl_symbol *symbols = e->own.m.symbols;
    uint32_t i = e->at, n = (uint32_t)e->piece.n;
    int64_t left = *work;
    for (; i < n && left > 0; i += symbols[i].length, left--) {
        int32_t id = jl_vocab_is_text(e->v, symbols[i].id) ? symbols[i].id : -1;
        jl_trace_emit(ids, i, symbols[i].length, id);
        emit(e->b, e->v, s + i, &symbols[i], ids);
    }
    e->at = i;
    *work = left;
    return i == n;
}

/* Encodes the piece in steps, as jl_family.step does the text. */
static jl_status encode_piece(encoder *e, jl_ids *ids, int64_t *work) {
    if (!e->joined) {
        if (!fill(e, work)) return JL_MORE;
        jl_status status = jl_merger_step(&e->own.m, rank_of_pair, e->b, work);
        if (status != JL_OK) return status;
        e->joined = 1;
        e->at = 0;
    }
    if (!emit_all(e, ids, work)) return JL_MORE;
    e->piece.n = 0;
    return JL_OK;
}

static int is_white(const uint8_t *s, size_t n) {
    jl_char_run run = { 0 };
    uint32_t code;
    jl_utf8_decode(s, n, &code);
    return (jl_char_class(code, &run) & JL_CHAR_WHITE) != 0;
}

/* Handles a piece that needs no merges: drops it or emits its token. */
static int take_whole(const encoder *e, jl_ids *ids) {
    const bpe *b = e->b;
    const uint8_t *s = (const uint8_t *)e->piece.data;
    uint32_t n = (uint32_t)e->piece.n;
    if (b->drop_white && is_white(s, n)) {
        jl_trace_emit(ids, 0, n, -1);
        return 1;
    }
    int32_t whole = whole_piece(b, e->v, s, n);
    if (whole < 0 && (n > 1 || b->pre->raw)) return 0;
    jl_trace_emit(ids, 0, n, whole >= 0 ? whole : b->byte_symbol[*s]);
    if (whole >= 0)
        jl_ids_push(ids, whole);
    else
        emit_byte(b, e->v, *s, ids);
    return 1;
}

/* Copies the text in the tokens' form; 0: work is used up. */
static int prepare(encoder *e, jl_trace *trace, int64_t *work) {
    while (e->read<e->n && * work> 0) {
        const uint8_t *s = e->text + e->read;
        uint32_t code = JL_INVALID_BYTE;
        size_t length = 1;
        if (e->b->pre->raw != JL_RAW_BLANKS)
            length = (size_t)jl_utf8_decode(s, e->n - e->read, &code);
        if (code == JL_INVALID_BYTE)
            e->length = e->b->pre->raw == JL_RAW_BLANKS
                            ? jl_spm_put(e->own.copy, e->length, *s)
                            : (e->own.copy[e->length] = *s, e->length + 1);
        else
            e->length +=
                jl_utf8_encode(e->b->lower ? jl_char_lower(code) : code, e->own.copy + e->length);
        e->read += length;
        *work -= 4;
        if (trace) jl_trace_map(trace, e->length, e->read);
    }
    return e->read == e->n;
}

static void *open(const void *self, const jl_vocab *v) {
    encoder *e = jl_alloc_zero(sizeof *e);
    if (e) e->b = self, e->v = v;
    return e;
}

static int begin(void *state, const uint8_t *text, size_t n) {
    encoder *e = state;
    int copy = e->b->pre->raw == JL_RAW_BLANKS || e->b->drop_white;
    e->text = text;
    e->n = n;
    e->read = copy ? 0 : n;
    e->length = e->piece.n = 0;
    e->begun = 0;
    /* lower case adds at most n / 2 bytes */
    return !copy || jl_room(&e->own.copy, &e->own.cap, 2 * n + 1);
}

static void trace_piece(const encoder *e, jl_trace *trace) {
    const uint8_t *piece = (const uint8_t *)e->piece.data;
    jl_trace_copied(trace, piece, (size_t)(piece - e->pieces.text), e->piece.n);
}

static jl_status step(void *state, jl_ids *ids, int64_t *work) {
    encoder *e = state;
    if (!prepare(e, ids->trace, work)) return JL_MORE;
    if (!e->begun) {
        int copied = e->b->pre->raw == JL_RAW_BLANKS || e->b->drop_white;
        jl_pieces_begin(&e->pieces, e->b->pre, copied ? e->own.copy : e->text,
                        copied ? e->length : e->n);
        e->begun = 1;
    }
    for (;;) {
        if (*work <= 0) return JL_MORE;
        if (e->piece.n == 0) {
            if (!jl_pieces_next(&e->pieces, &e->piece)) return JL_OK;
            *work -= (int64_t)e->piece.n;
            if (ids->trace) trace_piece(e, ids->trace);
            if (take_whole(e, ids)) {
                e->piece.n = 0;
                continue;
            }
            e->at = 0;
            e->joined = 0;
            if (!jl_merger_begin(&e->own.m, (const uint8_t *)e->piece.data, (uint32_t)e->piece.n,
                                 ids->trace))
                return JL_ERR_MEMORY;
        }
        jl_status status = encode_piece(e, ids, work);
        if (status != JL_OK) return status;
    }
}

#define FAMILY(model_, about_, store_)                                                             \
    {                                                                                              \
        .model = model_, .about = about_, .ids = { -1, -1, -1, -1 }, .store = store_,              \
        .build = build, .open = open, .close = jl_merge_close, .begin = begin, .step = step,       \
        .free = bpe_free, .memory = memory                                                         \
    }

const jl_family jl_family_bpe = FAMILY("gpt2", "byte-level BPE", store);
const jl_family jl_family_bpe_blanks = FAMILY("gemma4", "BPE of characters", jl_spm_store);
const jl_family jl_family_bpe_plain = FAMILY("whitespace", "BPE of words", store_plain);
