/* unigram.c - normalisation, then Viterbi over the bytes of the text.
 *
 * Follows llama.cpp's llm_tokenizer_ugm: scores are added in double, a character that is no token
 * costs ten less than the lowest score, neighbouring unknown ones become one. As in spm.c a blank
 * stands for U+2581. The precompiled map is SentencePiece's double array (Yata et al. 2007), which
 * is attacker data: every index is checked, and no match is longer than MAX_MATCH.
 */
#include "unigram.h"

#include <float.h>
#include <string.h>

#include "../base/memory.h"
#include "prefixes.h"
#include "special.h"
#include "spm.h"
#include "tokenizer.h"
#include "unicode.h"

enum { MAX_MATCH = 256, MAX_NORMAL = 1 << 30 }; /* bytes */

static const char map_key[] = "tokenizer.ggml.precompiled_charsmap";

typedef struct unigram {
    jl_prefixes prefixes;
    jl_specials specials; /* of which the user-defined ones are not normalised */
    float *score;         /* [n_tokens] */
    float unknown_score;
    int32_t unknown;   /* -1: none */
    int prefix, merge; /* a blank before the text; runs of blanks become one */
    uint8_t *map;      /* [map_bytes] n_nodes of 32 bits, then NUL-terminated strings; NULL: none */
    uint32_t n_nodes;
    size_t map_bytes;
} unigram;

static jl_status no_memory(jl_error *error) {
    return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("tokenizer"),
                   "there is not enough memory for the tokenizer");
}

/* ---- Building -------------------------------------------------------------------------------- */

static jl_status read_map(unigram *u, const jl_gguf *g, jl_error *error) {
    const jl_gguf_value *from = jl_gguf_find(g, map_key);
    if (!from) return JL_OK;
    int fits = from->array && (from->type == JL_GGUF_U8 || from->type == JL_GGUF_I8);
    uint64_t nodes = 0;
    if (fits && from->count > 4 && from->count < MAX_NORMAL)
        for (int i = 0; i < 4; i++) nodes |= (uint64_t)from->bytes[i] << 8 * i;
    if (nodes == 0 || nodes % 4 || nodes + 4 >= from->count || from->bytes[from->count - 1])
        return jl_fail(error, JL_ERR_TOKENIZER, from->offset, jl_string(map_key),
                       "expected the length of an array of nodes, the nodes, and strings that end "
                       "with 0");
    u->map_bytes = (size_t)from->count - 4;
    u->n_nodes = (uint32_t)nodes / 4;
    u->map = jl_alloc(u->map_bytes);
    if (!u->map) return no_memory(error);
    memcpy(u->map, from->bytes + 4, u->map_bytes);
    return JL_OK;
}

static jl_status read_scores(unigram *u, const jl_vocab *v, const jl_gguf *g, jl_error *error) {
    float lowest = FLT_MAX;
    u->score = jl_alloc_array(v->n_tokens, sizeof *u->score);
    if (!u->score) return no_memory(error);
    jl_status status = jl_spm_read_scores(g, v->n_tokens, u->score, error);
    for (uint32_t id = 0; id < v->n_tokens && status == JL_OK; id++)
        if (v->kind[id] == JL_TOKEN_NORMAL && u->score[id] < lowest) lowest = u->score[id];
    u->unknown_score = lowest - 10;
    return status;
}

static void unigram_free(void *self) {
    unigram *u = self;
    if (!u) return;
    jl_specials_free(&u->specials);
    jl_free(u->score);
    jl_free(u->map);
    jl_free(u);
}

static void *build(jl_vocab *v, const jl_gguf *g, jl_family_facts *facts, jl_error *error) {
    unigram *u = jl_alloc_zero(sizeof *u);
    jl_status status = u ? JL_OK : no_memory(error);
    if (u) u->unknown = facts->unknown;
    if (status == JL_OK)
        status = jl_gguf_bool(g, "tokenizer.ggml.add_space_prefix", &u->prefix, error);
    if (status == JL_OK)
        status = jl_gguf_bool(g, "tokenizer.ggml.remove_extra_whitespaces", &u->merge, error);
    if (status == JL_OK) status = read_scores(u, v, g, error);
    if (status == JL_OK) status = read_map(u, g, error);
    if (status == JL_OK) status = jl_prefixes_init(&u->prefixes, v, error);
    if (status == JL_OK) status = jl_specials_init(&u->specials, v, (jl_strip){ 0 }, error);
    if (status != JL_OK) {
        unigram_free(u);
        return NULL;
    }
    facts->add_eos = 1;
    facts->space_prefix = u->prefix || u->merge;
    return u;
}

static size_t memory(const void *self, const jl_vocab *v) {
    const unigram *u = self;
    return sizeof *u + v->n_tokens * sizeof *u->score + u->map_bytes;
}

/* ---- Normalisation --------------------------------------------------------------------------- */

/* A node: bits 0-7 the character that leads to it, 8 whether a value hangs on it, 9-30 where its
 * children are, 31 set in a value. Outside: a node that nothing leads to. */
static uint32_t node_at(const unigram *u, uint32_t i) {
    const uint8_t *p = u->map + (size_t)i * 4;
    if (i >= u->n_nodes) return 1u << 31;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t children_of(uint32_t node) {
    return node >> 10 << ((node & 1u << 9) >> 6);
}

/* The longest key of the map that text[n] begins with, 0 for none; *value: where its string is. */
static size_t longest_key(const unigram *u, const uint8_t *text, size_t n, uint32_t *value) {
    size_t longest = 0;
    uint32_t at = children_of(node_at(u, 0));
    for (size_t i = 0; i < n && i < MAX_MATCH && text[i]; i++) {
        at ^= text[i];
        uint32_t node = node_at(u, at);
        if ((node & (1u << 31 | 0xff)) != text[i]) break;
        at ^= children_of(node);
        if (node >> 8 & 1) {
            longest = i + 1;
            *value = node_at(u, at) & 0x7fffffff;
        }
    }
    return longest;
}

/* The normal form of what text[n] begins with; returns how many bytes of the text it stands for. */
static size_t normal_prefix(const unigram *u, const uint8_t *text, size_t n, jl_str *normal) {
    uint32_t code, value = 0;
    size_t length = jl_specials_common_prefix(&u->specials, text, n);
    *normal = (jl_str){ (const char *)text, length };
    if (length) return length;
    size_t strings = (size_t)u->n_nodes * 4;
    if (u->map && (length = longest_key(u, text, n, &value)) && value < u->map_bytes - strings) {
        *normal = jl_string((const char *)u->map + strings + value);
        return length;
    }
    normal->n = (size_t)jl_utf8_decode(text, n, &code);
    if (code == JL_INVALID_BYTE) *normal = jl_string("\xef\xbf\xbd");
    return code == JL_INVALID_BYTE ? 1 : normal->n;
}

typedef struct buffer {
    uint8_t *bytes; /* [cap] */
    size_t n, cap;
} buffer;

static int reserve(buffer *b, size_t more) {
    if (b->cap - b->n >= more) return 1;
    size_t cap = 2 * (b->n + more);
    uint8_t *bytes = cap > MAX_NORMAL ? NULL : jl_alloc(cap);
    if (!bytes) return 0;
    if (b->n) memcpy(bytes, b->bytes, b->n);
    jl_free(b->bytes);
    b->bytes = bytes;
    b->cap = cap;
    return 1;
}

/* text[n] with blanks as the file asks for; 0 when there is no memory. */
static int normalise(const unigram *u, const uint8_t *text, size_t n, buffer *out) {
    int in_word = 0, begun = 0;
    for (size_t at = 0; at < n;) {
        jl_str normal;
        at += normal_prefix(u, text + at, n - at, &normal);
        if (!reserve(out, 2 * normal.n)) return 0;
        for (size_t i = 0; i < normal.n; i++) {
            int blank = normal.data[i] == ' ';
            if (!blank && !in_word && ((u->prefix && !begun) || u->merge)) {
                out->bytes[out->n++] = ' ';
                begun = 1;
            }
            in_word = !blank;
            if (!blank || !u->merge) out->bytes[out->n++] = (uint8_t)normal.data[i];
        }
    }
    out->n = jl_spm_unescape((jl_str){ (const char *)out->bytes, out->n }, out->bytes);
    return 1;
}

/* ---- Viterbi --------------------------------------------------------------------------------- */

/* The best way to a place: its last token and where that begins. */
typedef struct way {
    double score;
    int32_t id;
    uint32_t from;
} way;

static void offer(way *to, double score, int32_t id, size_t from) {
    if (score > to->score) *to = (way){ score, id, (uint32_t)from };
}

/* Goes on from ways[at] by each token that the text has there; returns where the character ends. */
static size_t go_on(const unigram *u, const jl_vocab *v, const buffer *text, size_t at, way *ways) {
    static const uint8_t lengths[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4 };
    size_t length = lengths[text->bytes[at] >> 4], room = text->n - at;
    if (length > room) length = room;
    jl_prefix_walk walk = jl_prefixes_walk(&u->prefixes, text->bytes + at, room);
    int single = 0;
    for (int32_t id; jl_prefix_step(&walk, &id);) {
        int kind = id < 0 || (uint32_t)id >= v->n_tokens ? 0 : v->kind[id];
        if (kind != JL_TOKEN_NORMAL && kind != JL_TOKEN_USER && kind != JL_TOKEN_UNUSED) continue;
        single |= walk.n == length;
        double score = kind == JL_TOKEN_USER ? 0 : (double)u->score[id];
        offer(&ways[at + walk.n], ways[at].score + score, id, at);
    }
    if (!single)
        offer(&ways[at + length], ways[at].score + (double)u->unknown_score, u->unknown, at);
    return at + length;
}

/* The tokens on the way to ways[n], in order: `from` is turned round to lead onwards. */
static void emit(const unigram *u, way *ways, size_t n, jl_ids *ids) {
    size_t next = 0, at = n, from;
    do {
        from = ways[at].from;
        ways[at].from = (uint32_t)next;
        next = at;
        at = from;
    } while (from > 0);
    int unknown = 0;
    for (at = next;; at = ways[at].from) {
        int again = unknown;
        unknown = ways[at].id == u->unknown;
        if (ways[at].id >= 0 && !(unknown && again)) jl_ids_push(ids, ways[at].id);
        if (at == n) break;
    }
}

static jl_status encode(const void *self, const jl_vocab *v, const uint8_t *text, size_t n,
                        jl_ids *ids, jl_error *error) {
    const unigram *u = self;
    buffer normal = { 0 };
    int fine = normalise(u, text, n, &normal);
    way *ways = NULL;
    if (fine && normal.n) fine = (ways = jl_alloc_array(normal.n + 1, sizeof *ways)) != NULL;
    if (ways) {
        for (size_t i = 1; i <= normal.n; i++) ways[i] = (way){ -DBL_MAX, u->unknown, 0 };
        ways[0] = (way){ 0, u->unknown, 0 };
        for (size_t at = 0; at < normal.n;) at = go_on(u, v, &normal, at, ways);
        emit(u, ways, normal.n, ids);
    }
    jl_free(ways);
    jl_free(normal.bytes);
    return fine ? JL_OK : no_memory(error);
}

const jl_family jl_family_unigram = { .model = "t5",
                                      .about = "SentencePiece unigram",
                                      .ids = { -1, 1, 2, -1 },
                                      .store = jl_spm_store,
                                      .build = build,
                                      .encode = encode,
                                      .free = unigram_free,
                                      .memory = memory };
