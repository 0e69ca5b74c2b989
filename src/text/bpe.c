/* bpe.c - merges as a table (left symbol, right symbol) → (rank, symbol), applied by merge.c.
 *
 * A symbol is the id of a string in the vocabulary: a token, or an internal symbol for a string
 * that merges name but that is no token (then its bytes come out one by one). Equal strings have
 * equal ids, so comparing ids is comparing strings. Where a pair is listed twice the first one
 * counts, as in llama.cpp.
 */
#include "bpe.h"

#include <string.h>

#include "../base/memory.h"
#include "merge.h"
#include "pretokenize.h"
#include "tokenizer.h"
#include "unicode.h"

static const char merges_key[] = "tokenizer.ggml.merges";

enum {
    MAX_PROBE = 1024
}; /* longer only if the pairs are chosen to collide; random ones stay under 100 */

typedef struct merge {
    int32_t left, right, result; /* left −1: a merge that can never apply */
} merge;

typedef struct bpe {
    const jl_pretokenizer *pre;
    merge *merges; /* [n_merges] index = rank */
    uint32_t n_merges;
    uint32_t *slots;  /* [n_slots] slot_of(hash, rank), 0 for none; linear probing */
    uint32_t n_slots; /* a power of two, at least 8/5 of n_merges */
    int32_t byte_symbol[256];
} bpe;

static jl_status no_memory(jl_error *error, const char *what) {
    return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string(what),
                   "there is not enough memory for the tokenizer");
}

/* ---- The alphabet -------------------------------------------------------------------------- */

/* The byte that a character of the alphabet stands for, -1 for any other. The printable bytes of
 * Latin-1 stand for themselves; the 68 others, in order, for U+0100 onwards. */
static int byte_of(uint32_t code) {
    if ((code > 0x20 && code < 0x7f) || (code > 0xa0 && code <= 0xff && code != 0xad))
        return (int)code;
    if (code < 0x100 || code > 0x143) return -1;
    uint32_t i = code - 0x100;
    return (int)(i < 0x21 ? i : i < 0x43 ? i - 0x21 + 0x7f : 0xad);
}

/* Decodes text to bytes; returns 0 and stops at a character outside the alphabet. All of the
 * alphabet is ASCII or has two bytes in UTF-8, so what decodes was well-formed. */
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

/* Special tokens are kept as they are written. */
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

/* ---- Building ------------------------------------------------------------------------------ */

static uint32_t pair_hash(int32_t left, int32_t right) {
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
    return (uint32_t)(h >> 32);
}

/* Ten bits of the hash beside rank + 1: a chain is walked without fetching the merges of others.
 * The low bits, which chose the place, are not among them (n_slots ≤ 2^22). */
enum { RANK_BITS = 22 };
_Static_assert((int)JL_MAX_TOKENS < 1 << RANK_BITS, "rank + 1 fits a slot");

static uint32_t slot_of(uint32_t hash, uint32_t rank) {
    return hash >> RANK_BITS << RANK_BITS | (rank + 1);
}

/* The merge that a slot names, if it is that of the pair; NULL otherwise. */
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
                   "merge %u: the merges are made to collide", (uint64_t)rank);
}

/* Cuts "left right" at its only blank; 0 when there is none, more than one, or an empty part. */
static int cut(jl_str text, jl_str *left, jl_str *right) {
    const char *blank = text.n ? memchr(text.data, ' ', text.n) : NULL;
    if (!blank) return 0;
    *left = (jl_str){ text.data, (size_t)(blank - text.data) };
    *right = (jl_str){ blank + 1, text.n - left->n - 1 };
    return left->n && right->n && !memchr(right->data, ' ', right->n);
}

/* Many parts are single bytes, whose symbols are known. */
static int32_t symbol_of(const bpe *b, jl_vocab *v, const uint8_t *s, size_t n, jl_error *error) {
    return n == 1 ? b->byte_symbol[s[0]] : jl_vocab_intern(v, s, n, error);
}

/* scratch: room for text.n bytes. */
static jl_status read_merge(bpe *b, jl_vocab *v, uint32_t rank, jl_str text, uint8_t *scratch,
                            const jl_gguf_value *from, jl_error *error) {
    jl_str left, right;
    size_t n, m;
    merge *out = &b->merges[rank];
    out->left = -1;
    if (!cut(text, &left, &right))
        return jl_fail(error, JL_ERR_TOKENIZER, from->offset, jl_string(merges_key),
                       "merge %u is not two strings with one blank between them", (uint64_t)rank);
    /* Text outside the alphabet arises from no bytes: the merge is never used. */
    if (!decode_alphabet(left, scratch, &n) || !decode_alphabet(right, scratch + n, &m))
        return JL_OK;
    int32_t l = symbol_of(b, v, scratch, n, error);
    int32_t r = l < 0 ? -1 : symbol_of(b, v, scratch + n, m, error);
    if (r < 0) return JL_ERR_TOKENIZER;
    out->result = jl_vocab_intern(v, scratch, n + m, error);
    if (out->result < 0) return JL_ERR_TOKENIZER;
    out->left = l;
    out->right = r;
    return put_merge(b, rank, from, error);
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
    const jl_gguf_value *from = jl_gguf_find(g, merges_key);
    if (!from || !from->array || from->type != JL_GGUF_STRING || from->count > JL_MAX_TOKENS)
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
    if (!b->merges || !b->slots || !scratch) status = no_memory(error, merges_key);
    const uint8_t *cursor = from->bytes;
    for (uint32_t rank = 0; rank < b->n_merges && status == JL_OK; rank++)
        status = read_merge(b, v, rank, jl_gguf_next_string(&cursor), scratch, from, error);
    jl_free(scratch);
    return status;
}

static jl_status choose_pre(bpe *b, const jl_gguf *g, jl_family_facts *facts, jl_error *error) {
    static const char key[] = "tokenizer.ggml.pre";
    jl_str name = { "", 0 };
    jl_status status = jl_gguf_string(g, key, &name, error);
    if (status != JL_OK) return status;
    b->pre = jl_pretokenizer_find(name);
    if (!b->pre) {
        b->pre = jl_pretokenizer_find(jl_string("default"));
        jl_str shown = { name.data, name.n < 40 ? name.n : 40 };
        if (name.n)
            jl_format(
                facts->warning, sizeof facts->warning,
                "The pre-tokeniser \"%S\" is not known; the default is used, so some tokens may "
                "differ from the model's own.",
                shown);
        else
            jl_format(
                facts->warning, sizeof facts->warning,
                "The file names no pre-tokeniser; the default is used, so some tokens may differ "
                "from the model's own.");
    }
    facts->pre = b->pre->name;
    facts->add_bos = b->pre->add_bos;
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
        no_memory(error, "tokenizer");
        return NULL;
    }
    jl_status status = choose_pre(b, g, facts, error);
    for (int byte = 0; byte < 256 && status == JL_OK; byte++) {
        uint8_t s = (uint8_t)byte;
        b->byte_symbol[byte] = jl_vocab_intern(v, &s, 1, error);
        if (b->byte_symbol[byte] < 0) status = JL_ERR_TOKENIZER;
    }
    if (status == JL_OK) status = read_merges(b, v, g, error);
    if (status != JL_OK) {
        bpe_free(b);
        return NULL;
    }
    if (!b->pre->ignore_merges) jl_vocab_drop_index(v);
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

/* A symbol that is no token leaves the tokens of its bytes; a byte without one leaves nothing. */
static void emit(const bpe *b, const jl_vocab *v, int32_t id, jl_ids *ids) {
    if ((uint32_t)id < v->n_tokens) {
        jl_ids_push(ids, id);
        return;
    }
    jl_str s = jl_vocab_string(v, id);
    for (size_t i = 0; i < s.n; i++) {
        int32_t byte = b->byte_symbol[(uint8_t)s.data[i]];
        if ((uint32_t)byte < v->n_tokens) jl_ids_push(ids, byte);
    }
}

static int encode_piece(const bpe *b, const jl_vocab *v, jl_merger *w, jl_str piece, jl_ids *ids) {
    const uint8_t *s = (const uint8_t *)piece.data;
    uint32_t n = (uint32_t)piece.n;
    if (b->pre->ignore_merges) {
        int32_t whole = jl_vocab_find(v, s, n);
        if (whole >= 0 && (uint32_t)whole < v->n_tokens) {
            jl_ids_push(ids, whole);
            return 1;
        }
    }
    if (!jl_merger_reserve(w, n)) return 0;
    for (uint32_t i = 0; i < n; i++)
        w->symbols[i] = (jl_symbol){ .id = b->byte_symbol[s[i]], .length = 1 };
    if (!jl_merger_run(w, s, n, rank_of_pair, b)) return 0;
    for (uint32_t i = 0; i < n; i += w->symbols[i].length) emit(b, v, w->symbols[i].id, ids);
    return 1;
}

static jl_status encode(const void *self, const jl_vocab *v, const uint8_t *text, size_t n,
                        jl_ids *ids, jl_error *error) {
    const bpe *b = self;
    jl_merger w = { 0 };
    jl_pieces pieces;
    jl_str piece;
    int fine = 1;
    jl_pieces_begin(&pieces, b->pre, text, n);
    while (fine && jl_pieces_next(&pieces, &piece)) fine = encode_piece(b, v, &w, piece, ids);
    jl_merger_free(&w);
    return fine ? JL_OK : no_memory(error, "text");
}

const jl_family jl_family_bpe = { .model = "gpt2",
                                  .about = "byte-level BPE",
                                  .ids = { -1, -1, -1, -1 },
                                  .store = store,
                                  .build = build,
                                  .encode = encode,
                                  .free = bpe_free,
                                  .memory = memory };
