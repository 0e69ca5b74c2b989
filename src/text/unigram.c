/* unigram.c - normalises the text, then runs Viterbi over its bytes.
 *
 * Follows llama.cpp's llm_tokenizer_ugm: scores are summed in double, a character without a token
 * scores 10 below the lowest score, adjacent unknown tokens become one. Spaces stand for U+2581, as
 * in spm.c. The precompiled map is SentencePiece's double-array trie (Yata et al. 2007). It is
 * untrusted: every index is checked, a match has at most MAX_MATCH bytes, and a map with a string
 * over MAX_REPLACEMENT bytes is rejected.
 *
 * Cost, for n bytes: normalisation visits at most MAX_MATCH nodes per byte and writes at most
 * MAX_REPLACEMENT n + 1 bytes (nmt_nfkc: 11 n); Viterbi takes at most JL_MAX_TRIE_BYTES trie steps
 * per written byte. Path memory covers the bytes since the last position on every path, in real
 * text the last word.
 */
#include "unigram.h"

#include <float.h>
#include <string.h>

#include "../base/memory.h"
#include "special.h"
#include "spm.h"
#include "tokenizer.h"
#include "trace.h"
#include "trie.h"
#include "unicode.h"

enum { MAX_MATCH = 256, MAX_REPLACEMENT = 64, MAX_NORMAL = 1 << 30 }; /* bytes */

static const char map_key[] = "tokenizer.ggml.precompiled_charsmap";

typedef struct unigram {
    jl_trie trie;         /* values: ids */
    jl_specials specials; /* user-defined tokens are not normalised */
    float *score;         /* [n_tokens] */
    float unknown_score;
    int32_t unknown;   /* -1: none */
    int prefix, merge; /* add a space before the text; collapse runs of spaces */
    uint8_t *map; /* [map_bytes] n_nodes 32-bit nodes, then NUL-terminated strings; NULL: none */
    uint32_t n_nodes;
    size_t map_bytes;
} unigram;

/* ---- Building -------------------------------------------------------------------------------- */

/* A value may point inside a string, so checking whole strings is enough. */
static jl_status check_strings(const unigram *u, const jl_gguf_value *from, jl_error *error) {
    const uint8_t *s = u->map + (size_t)u->n_nodes * 4, *end = u->map + u->map_bytes;
    for (size_t n; s < end; s += n + 1) {
        n = strlen((const char *)s);
        if (n > MAX_REPLACEMENT)
            return jl_fail(error, JL_ERR_TOKENIZER, from->offset, jl_string(map_key),
                           "a replacement has %u bytes, expected at most %d", (uint64_t)n,
                           (int)MAX_REPLACEMENT);
    }
    return JL_OK;
}

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
    if (!u->map) return jl_no_memory(error, "tokenizer");
    memcpy(u->map, from->bytes + 4, u->map_bytes);
    return check_strings(u, from, error);
}

static jl_status read_scores(unigram *u, const jl_vocab *v, const jl_gguf *g, jl_error *error) {
    float lowest = FLT_MAX;
    u->score = jl_alloc_array(v->n_tokens, sizeof *u->score);
    if (!u->score) return jl_no_memory(error, "tokenizer");
    jl_status status = jl_spm_read_scores(g, v->n_tokens, u->score, error);
    for (uint32_t id = 0; id < v->n_tokens && status == JL_OK; id++)
        if (v->kind[id] == JL_TOKEN_NORMAL && u->score[id] < lowest) lowest = u->score[id];
    u->unknown_score = lowest - 10;
    return status;
}

static void unigram_free(void *self) {
    unigram *u = self;
    if (!u) return;
    jl_trie_free(&u->trie);
    jl_specials_free(&u->specials);
    jl_free(u->score);
    jl_free(u->map);
    jl_free(u);
}

static void *build(jl_vocab *v, const jl_gguf *g, jl_family_facts *facts, jl_error *error) {
    unigram *u = jl_alloc_zero(sizeof *u);
    jl_status status = u ? JL_OK : jl_no_memory(error, "tokenizer");
    if (u) u->unknown = facts->unknown;
    if (status == JL_OK)
        status = jl_gguf_bool(g, "tokenizer.ggml.add_space_prefix", &u->prefix, error);
    if (status == JL_OK)
        status = jl_gguf_bool(g, "tokenizer.ggml.remove_extra_whitespaces", &u->merge, error);
    if (status == JL_OK) status = read_scores(u, v, g, error);
    if (status == JL_OK) status = read_map(u, g, error);
    if (status == JL_OK) status = jl_vocab_trie(v, &u->trie, error);
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
    return sizeof *u + v->n_tokens * sizeof *u->score + u->map_bytes + jl_trie_memory(&u->trie) +
           jl_specials_memory(&u->specials);
}

/* ---- Normalisation --------------------------------------------------------------------------- */

/* A node: bits 0-7 its byte, 8 has a value, 9-30 offset of its children, 31 set in a value. Out of
 * range: a node that matches no byte. */
static uint32_t node_at(const unigram *u, uint32_t i) {
    const uint8_t *p = u->map + (size_t)i * 4;
    if (i >= u->n_nodes) return 1u << 31;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t children_of(uint32_t node) {
    return node >> 10 << ((node & 1u << 9) >> 6);
}

/* Length of the longest map key that is a prefix of text[n], 0: none; *value: its string's
 * offset. */
static size_t longest_key(const unigram *u, const uint8_t *text, size_t n, uint32_t *value,
                          int64_t *work) {
    size_t longest = 0;
    uint32_t at = children_of(node_at(u, 0));
    for (size_t i = 0; i < n && i < MAX_MATCH && text[i]; i++) {
        at ^= text[i];
        uint32_t node = node_at(u, at);
        if ((node & (1u << 31 | 0xff)) != text[i]) break;
        *work -= 1;
        at ^= children_of(node);
        if (node >> 8 & 1) {
            longest = i + 1;
            *value = node_at(u, at) & 0x7fffffff;
        }
    }
    return longest;
}

/* Normalises the next bytes of text[n]; returns how many it consumed. */
static size_t normal_prefix(const unigram *u, const uint8_t *text, size_t n, jl_str *normal,
                            int64_t *work) {
    uint32_t code, value = 0;
    size_t length = jl_specials_common_prefix(&u->specials, text, n);
    *normal = (jl_str){ (const char *)text, length };
    if (length) return length;
    size_t strings = (size_t)u->n_nodes * 4;
    if (u->map && (length = longest_key(u, text, n, &value, work)) &&
        value < u->map_bytes - strings) {
        *normal = jl_string((const char *)u->map + strings + value);
        return length;
    }
    normal->n = (size_t)jl_utf8_decode(text, n, &code);
    if (code == JL_INVALID_BYTE) *normal = jl_string("\xef\xbf\xbd");
    return code == JL_INVALID_BYTE ? 1 : normal->n;
}

/* The best path to a position: its last token and that token's start. */
typedef struct best_path {
    double score;
    int32_t id;
    uint32_t from; /* bytes from the base */
} best_path;

typedef struct encoder {
    const unigram *u;
    const jl_vocab *v;
    const uint8_t *text; /* [n] borrowed */
    size_t n, read;      /* bytes; `read` of them are normalised */
    int in_word, begun;  /* normalisation state */
    uint8_t *normal;     /* [length] of [cap] bytes */
    size_t length, cap;
    best_path *paths; /* [n_paths] by position from the base; used up to `reach` */
    size_t n_paths;
    size_t base, at, reach; /* bytes of `normal` */
    int unknown;            /* the last emitted token is the unknown token */
    jl_trace *trace;        /* of the current step */
} encoder;

static int put_normal(encoder *e, jl_str normal) {
    size_t max = e->length + 2 * normal.n;
    if (max > e->cap &&
        (max > MAX_NORMAL / 2 || !jl_room_keeping(&e->normal, &e->cap, 2 * max, e->length)))
        return 0;
    for (size_t i = 0; i < normal.n; i++) {
        int is_space = normal.data[i] == ' ';
        if (!is_space && !e->in_word && ((e->u->prefix && !e->begun) || e->u->merge)) {
            e->normal[e->length++] = ' ';
            e->begun = 1;
            if (e->trace) jl_trace_map(e->trace, e->length, e->read);
        }
        e->in_word = !is_space;
        if (!is_space || !e->u->merge)
            e->length = jl_spm_put(e->normal, e->length, (uint8_t)normal.data[i]);
    }
    return 1;
}

/* Normalises characters and spaces into `normal`. */
static jl_status normalise(encoder *e, int64_t *work) {
    while (e->read < e->n) {
        jl_str normal;
        if (*work <= 0) return JL_MORE;
        size_t n = normal_prefix(e->u, e->text + e->read, e->n - e->read, &normal, work);
        *work -= (int64_t)normal.n + 4;
        if (!put_normal(e, normal)) return JL_ERR_MEMORY;
        e->read += n;
        if (e->trace) jl_trace_map(e->trace, e->length, e->read);
    }
    return JL_OK;
}

/* ---- Viterbi --------------------------------------------------------------------------------- */

/* Room for paths to all positions that a token from `at` can reach. */
static int reserve_paths(encoder *e) {
    size_t need = e->at - e->base + JL_MAX_TRIE_BYTES + 1;
    if (need <= e->n_paths) return 1;
    best_path *paths =
        need > SIZE_MAX / 2 / sizeof *paths ? NULL : jl_alloc(2 * need * sizeof *paths);
    if (paths && e->paths) memcpy(paths, e->paths, (e->reach - e->base + 1) * sizeof *paths);
    if (!paths) return 0;
    jl_free(e->paths);
    e->paths = paths;
    e->n_paths = 2 * need;
    return 1;
}

static void trace_candidate(const encoder *e, size_t to, int32_t id, double score) {
    jl_trace_add(e->trace, (jl_trace_event){ .kind = JL_TRACE_CANDIDATE,
                                             .id = id,
                                             .at = (uint32_t)(e->at - e->base),
                                             .length = (uint32_t)(to - e->at),
                                             .score = (float)score });
}

/* Extends the path at `at` to `to` by a token. */
static void update_path(encoder *e, size_t to, double token_score, int32_t id) {
    double score = e->paths[e->at - e->base].score + token_score;
    if (e->trace) trace_candidate(e, to, id, token_score);
    while (e->reach < to)
        e->paths[++e->reach - e->base] = (best_path){ -DBL_MAX, e->u->unknown, 0 };
    best_path *w = &e->paths[to - e->base];
    if (score > w->score) *w = (best_path){ score, id, (uint32_t)(e->at - e->base) };
}

/* Extends the path at `at` by each matching token; advances `at` by one character. */
static void extend_paths(encoder *e, int64_t *work) {
    static const uint8_t lengths[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4 };
    const unigram *u = e->u;
    const uint8_t *s = e->normal + e->at;
    size_t length = lengths[*s >> 4], room = e->length - e->at, n = 0;
    if (length > room) length = room;
    int single = 0;
    for (uint32_t node = 0; n < room && (node = jl_trie_step(&u->trie, node, s[n])) != 0;) {
        n++;
        int32_t id = u->trie.value[node];
        int kind = id < 0 ? 0 : e->v->kind[id];
        if (kind != JL_TOKEN_NORMAL && kind != JL_TOKEN_USER && kind != JL_TOKEN_UNUSED) continue;
        single |= n == length;
        update_path(e, e->at + n, kind == JL_TOKEN_USER ? 0 : (double)u->score[id], id);
    }
    if (!single) update_path(e, e->at + length, (double)u->unknown_score, u->unknown);
    *work -= (int64_t)n + 4;
    e->at += length;
}

/* All paths pass `at`: emits the best path's tokens in order (reversing the `from` links) and makes
 * `at` the new base. */
static void emit(encoder *e, jl_ids *ids, int64_t *work) {
    best_path *paths = e->paths;
    size_t next = 0, end = e->at - e->base, at = end, from;
    double score = paths[end].score;
    do {
        from = paths[at].from;
        paths[at].from = (uint32_t)next;
        next = at;
        at = from;
        *work -= 1;
    } while (from > 0);
    if (e->trace) jl_trace_copied(e->trace, e->normal + e->base, e->base, end);
    for (at = next, from = 0;; from = at, at = paths[at].from) {
        int again = e->unknown;
        jl_trace_emit(ids, from, at - from, paths[at].id);
        e->unknown = paths[at].id == e->u->unknown;
        if (paths[at].id >= 0 && !(e->unknown && again)) jl_ids_push(ids, paths[at].id);
        if (at == end) break;
    }
    e->base = e->reach = e->at;
    paths[0] = (best_path){ score, e->u->unknown, 0 };
}

/* ---- Encoding -------------------------------------------------------------------------------- */

static void *open(const void *self, const jl_vocab *v) {
    encoder *e = jl_alloc_zero(sizeof *e);
    if (e) e->u = self, e->v = v;
    return e;
}

static void close(void *state) {
    encoder *e = state;
    if (!e) return;
    jl_free(e->normal);
    jl_free(e->paths);
    jl_free(e);
}

static int begin(void *state, const uint8_t *text, size_t n) {
    encoder *e = state;
    e->text = text;
    e->n = n;
    e->read = e->length = e->base = e->at = e->reach = 0;
    e->in_word = e->begun = e->unknown = 0;
    if (!reserve_paths(e)) return 0;
    e->paths[0] = (best_path){ 0, e->u->unknown, 0 };
    return jl_room(&e->normal, &e->cap, n + n / 4 + 16);
}

static jl_status step(void *state, jl_ids *ids, int64_t *work) {
    encoder *e = state;
    e->trace = ids->trace;
    jl_status status = normalise(e, work);
    if (status != JL_OK) return status;
    while (e->at < e->length) {
        if (*work <= 0) return JL_MORE;
        if (!reserve_paths(e)) return JL_ERR_MEMORY;
        extend_paths(e, work);
        if (e->at == e->reach) emit(e, ids, work);
    }
    return JL_OK;
}

const jl_family jl_family_unigram = { .model = "t5",
                                      .about = "SentencePiece unigram",
                                      .ids = { -1, 1, 2, -1 },
                                      .store = jl_spm_store,
                                      .build = build,
                                      .open = open,
                                      .close = close,
                                      .begin = begin,
                                      .step = step,
                                      .free = unigram_free,
                                      .memory = memory };
