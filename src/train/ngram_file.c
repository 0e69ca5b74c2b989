/* ngram_file.c - prunes, writes and reads n-gram models. */
#include "ngram_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cursor.h"
#include "../base/memory.h"
#include "../format/gguf_write.h"
#include "ngram_levels.h"

static const char arch[] = "jielong-ngram";
enum { STEPS = 8 }; /* per bit of −log2 p */

/* ---- Weights --------------------------------------------------------------------------------- */

/* Sets the back-off weight of context gram[0..k): the rest of its probability. If rounding or a
 * hostile file makes p sum to 1 or more, scales p down. */
static void set_weight(jl_ngram *m, int32_t *gram, int k, uint32_t node) {
    jl_ngram_level *l = &m->levels[k - 1], *next = l + 1;
    double mine = 0, shorter = 0;
    uint32_t first = l->children[node], end = l->children[node + 1];
    for (uint32_t i = first; i < end; i++) {
        mine += (double)next->p[i];
        shorter += jl_ngram_probability(m, gram + 1, (size_t)k - 1, next->token[i]);
    }
    /* If the shorter context knows just these tokens, nothing is left to back off to. */
    double left = 1 - shorter, max = left > 1e-6 ? 0.9999 : 1;
    if (mine > max || left <= 1e-6) {
        for (uint32_t i = first; i < end; i++)
            next->p[i] = (float)((double)next->p[i] * max / mine);
        mine = max;
    }
    l->weight[node] = (float)(left > 1e-6 ? (1 - mine) / left : 0);
}

static void set_weights_below(jl_ngram *m, int32_t *gram, int k, uint32_t first, uint32_t end,
                              int length) {
    jl_ngram_level *l = &m->levels[k - 1];
    for (uint32_t node = first; node < end; node++) {
        gram[k - 1] = l->token[node];
        if (k == length)
            set_weight(m, gram, k, node);
        else
            set_weights_below(m, gram, k + 1, l->children[node], l->children[node + 1], length);
    }
}

/* Shorter contexts first, because longer ones use their weights. */
static void set_all_weights(jl_ngram *m) {
    int32_t gram[JL_NGRAM_MAX_ORDER];
    for (int length = 1; length < m->order; length++)
        set_weights_below(m, gram, 1, 0, m->levels[0].n, length);
}

/* ---- Pruning --------------------------------------------------------------------------------- */

typedef struct pruning {
    const jl_ngram *m;
    float *loss[JL_NGRAM_MAX_ORDER]; /* [n] nats lost without the node, or its worst descendant */
    float threshold;                 /* nodes above it are kept */
    jl_ngram *out;
    uint32_t n[JL_NGRAM_MAX_ORDER]; /* kept so far */
} pruning;

/* Computes the losses of all descendants of gram[0..k); returns the maximum. */
static float find_losses(pruning *p, int32_t *gram, int k, uint32_t node) {
    const jl_ngram *m = p->m;
    const jl_ngram_level *l = &m->levels[k - 1], *next = l + 1;
    float largest = 0;
    for (uint32_t i = l->children[node]; i < l->children[node + 1]; i++) {
        gram[k] = next->token[i];
        double shorter = jl_ngram_probability(m, gram + 1, (size_t)k - 1, gram[k]);
        double gain = log((double)next->p[i] / ((double)l->weight[node] * shorter));
        float loss = gain > 0 ? (float)(next->seen[i] * gain) : 0;
        if (k + 1 < m->order) {
            float below = find_losses(p, gram, k + 1, i);
            loss = below > loss ? below : loss;
        }
        p->loss[k][i] = loss;
        largest = loss > largest ? loss : largest;
    }
    return largest;
}

static int descending(const void *a, const void *b) {
    float x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Finds the threshold that keeps at most `max` n-grams. */
static jl_status find_threshold(pruning *p, size_t max, jl_error *error) {
    size_t n = 0, at = 0;
    for (int k = 1; k < p->m->order; k++) n += p->m->levels[k].n;
    float *all = jl_alloc_array(n + 1, sizeof *all);
    if (!all) return jl_no_memory(error, "n-grams");
    for (int k = 1; k < p->m->order; k++) {
        memcpy(all + at, p->loss[k], p->m->levels[k].n * sizeof *all);
        at += p->m->levels[k].n;
    }
    qsort(all, n, sizeof *all, descending);
    p->threshold = max < n ? all[max] : -1;
    jl_free(all);
    return JL_OK;
}

static jl_status take_kept(pruning *p, jl_error *error) {
    p->out = jl_alloc_zero(sizeof *p->out);
    if (!p->out) return jl_no_memory(error, "n-grams");
    p->out->order = p->m->order;
    p->out->n_vocab = p->m->n_vocab;
    p->out->weight = p->m->weight;
    jl_status st = JL_OK;
    for (int k = 0; k < p->m->order && !st; k++) {
        const jl_ngram_level *l = &p->m->levels[k];
        uint32_t n = k ? 0 : l->n;
        for (uint32_t i = 0; k && i < l->n; i++) n += p->loss[k][i] > p->threshold;
        st = jl_ngram_take_level(p->out, k, n, error);
    }
    return st;
}

/* Copies a kept node and its kept descendants. */
static void keep(pruning *p, int k, uint32_t node) {
    const jl_ngram_level *from = &p->m->levels[k];
    jl_ngram_level *to = &p->out->levels[k];
    uint32_t at = p->n[k]++;
    to->token[at] = from->token[node];
    to->p[at] = from->p[node];
    if (!from->children) return;
    to->children[at] = p->n[k + 1];
    for (uint32_t i = from->children[node]; i < from->children[node + 1]; i++)
        if (p->loss[k + 1][i] > p->threshold) keep(p, k + 1, i);
    to->children[at + 1] = p->n[k + 1];
}

static jl_status prune(pruning *p, size_t max, jl_error *error) {
    int32_t gram[JL_NGRAM_MAX_ORDER];
    const jl_ngram *m = p->m;
    for (int k = 1; k < m->order; k++) {
        p->loss[k] = jl_alloc_array((uint64_t)m->levels[k].n + 1, sizeof(float));
        if (!p->loss[k]) return jl_no_memory(error, "n-grams");
    }
    for (uint32_t i = 0; m->order > 1 && i < m->levels[0].n; i++) {
        gram[0] = m->levels[0].token[i];
        find_losses(p, gram, 1, i);
    }
    jl_status st = find_threshold(p, max, error);
    if (!st) st = take_kept(p, error);
    if (st) return st;
    for (uint32_t i = 0; i < m->levels[0].n; i++) keep(p, 0, i);
    set_all_weights(p->out);
    return JL_OK;
}

jl_ngram *jl_ngram_prune(const jl_ngram *m, size_t max, jl_error *error) {
    pruning p = { .m = m };
    if (prune(&p, max, error)) {
        jl_ngram_free(p.out);
        p.out = NULL;
    }
    for (int k = 1; k < m->order; k++) jl_free(p.loss[k]);
    return p.out;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static const char *key_of(char *key, int k, const char *rest) {
    jl_format(key, 64, "%s.%d.%s", arch, k, rest);
    return key;
}

static unsigned bits_of(float p) {
    double steps = floor(-STEPS * log2((double)p) + 0.5);
    return steps < 255 ? (unsigned)steps : 255;
}

static int is_tokenizer(const jl_gguf_value *v) {
    return v->key.n > 10 && memcmp(v->key.data, "tokenizer.", 10) == 0;
}

static void write_level(jl_gguf_writer *w, const jl_ngram_level *l, int k) {
    char key[64];
    jl_gguf_put_array(w, key_of(key, k, "tokens"), JL_GGUF_U16, l->n);
    for (uint32_t i = 0; i < l->n; i++) jl_gguf_add_int(w, (uint64_t)l->token[i], 2);
    jl_gguf_put_array(w, key_of(key, k, "bits"), JL_GGUF_U8, l->n);
    for (uint32_t i = 0; i < l->n; i++) jl_gguf_add_int(w, bits_of(l->p[i]), 1);
    if (!l->children) return;
    jl_gguf_put_array(w, key_of(key, k, "children"), JL_GGUF_U16, l->n);
    for (uint32_t i = 0; i < l->n; i++) jl_gguf_add_int(w, l->children[i + 1] - l->children[i], 2);
}

uint64_t jl_ngram_write(const jl_ngram *m, const jl_gguf *vocabulary, const char *name,
                        uint8_t *out) {
    jl_gguf_writer w;
    uint64_t n_values = 5 + 3 * (uint64_t)m->order - 1;
    for (int i = 0; i < vocabulary->n_values; i++)
        n_values += (uint64_t)is_tokenizer(&vocabulary->values[i]);
    jl_gguf_begin(&w, out, n_values, 0);
    jl_gguf_put_string(&w, "general.architecture", jl_string(arch));
    jl_gguf_put_string(&w, "general.name", jl_string(name));
    jl_gguf_put_u32(&w, "jielong-ngram.order", (uint32_t)m->order);
    jl_gguf_put_u32(&w, "jielong-ngram.vocab_size", (uint32_t)m->n_vocab);
    jl_gguf_put_f32(&w, "jielong-ngram.uniform", (float)m->weight);
    for (int k = 1; k <= m->order; k++) write_level(&w, &m->levels[k - 1], k);
    for (int i = 0; i < vocabulary->n_values; i++)
        if (is_tokenizer(&vocabulary->values[i])) jl_gguf_put_value(&w, &vocabulary->values[i]);
    return w.n;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static jl_status refuse(const jl_gguf_value *v, const char *key, const char *expected,
                        jl_error *error) {
    return jl_fail(error, JL_ERR_FORMAT, v ? v->offset : JL_NO_OFFSET, jl_string(key),
                   "expected %s", expected);
}

static const jl_gguf_value *array_of(const jl_gguf *g, int k, const char *rest, jl_gguf_type type,
                                     uint64_t n, jl_error *error) {
    char key[64];
    const jl_gguf_value *v = jl_gguf_find(g, key_of(key, k, rest));
    if (v && v->array && v->type == type && (n == UINT64_MAX || v->count == n)) return v;
    refuse(v, key, "an array of small integers, one for each n-gram", error);
    return NULL;
}

static float p_of(uint8_t bits) {
    return (float)exp2(-(double)bits / STEPS);
}

/* Sets the first child of each node; returns 0 unless they cover the next level exactly. */
static int read_children(jl_ngram_level *l, const uint8_t *counts, uint64_t next) {
    uint64_t at = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        l->children[i] = (uint32_t)at;
        at += jl_load_u16(counts + 2 * (size_t)i);
        if (at > next) return 0;
    }
    l->children[l->n] = (uint32_t)at;
    return at == next;
}

static jl_status read_level(jl_ngram *m, const jl_gguf *g, int k, jl_error *error) {
    const jl_gguf_value *tokens = array_of(g, k, "tokens", JL_GGUF_U16, UINT64_MAX, error);
    if (!tokens) return JL_ERR_FORMAT;
    if (tokens->count > INT32_MAX) return refuse(tokens, arch, "fewer n-grams", error);
    const jl_gguf_value *bits = array_of(g, k, "bits", JL_GGUF_U8, tokens->count, error);
    if (!bits) return JL_ERR_FORMAT;
    jl_status st = jl_ngram_take_level(m, k - 1, (uint32_t)tokens->count, error);
    if (st) return st;
    jl_ngram_level *l = &m->levels[k - 1];
    for (uint32_t i = 0; i < l->n; i++) {
        l->token[i] = jl_load_u16(tokens->bytes + 2 * (size_t)i);
        l->p[i] = p_of(bits->bytes[i]);
        if (l->token[i] >= m->n_vocab) return refuse(tokens, arch, "ids of the vocabulary", error);
    }
    if (k == m->order) return JL_OK;
    const jl_gguf_value *children = array_of(g, k, "children", JL_GGUF_U16, l->n, error);
    const jl_gguf_value *next =
        children ? array_of(g, k + 1, "tokens", JL_GGUF_U16, UINT64_MAX, error) : NULL;
    if (!next) return JL_ERR_FORMAT;
    return read_children(l, children->bytes, next->count)
               ? JL_OK
               : refuse(children, arch, "as many children as the next level has n-grams", error);
}

/* Binary search needs sorted children. */
static jl_status check_order(const jl_ngram *m, int k, jl_error *error) {
    const jl_ngram_level *up = k ? &m->levels[k - 1] : NULL, *l = &m->levels[k];
    for (uint32_t h = 0; h < (up ? up->n : 1); h++) {
        uint32_t first = up ? up->children[h] : 0, end = up ? up->children[h + 1] : l->n;
        for (uint32_t i = first + 1; i < end; i++)
            if (l->token[i] <= l->token[i - 1])
                return refuse(NULL, arch, "ascending tokens among the children of an n-gram",
                              error);
    }
    return JL_OK;
}

static jl_status read_model(jl_ngram *m, const jl_gguf *g, jl_error *error) {
    jl_str name = { 0 };
    uint32_t order = 0, n_vocab = 0;
    float uniform = 0;
    jl_status st = jl_gguf_string(g, "general.architecture", &name, error);
    if (!st && !jl_str_equal(name, arch))
        st = refuse(NULL, "general.architecture", "jielong-ngram", error);
    if (!st) st = jl_gguf_u32(g, "jielong-ngram.order", &order, error);
    if (!st) st = jl_gguf_u32(g, "jielong-ngram.vocab_size", &n_vocab, error);
    if (!st) st = jl_gguf_f32(g, "jielong-ngram.uniform", &uniform, error);
    if (!st && (order < 1 || order > JL_NGRAM_MAX_ORDER || n_vocab < 1 || n_vocab > 65536))
        st = refuse(NULL, arch, "an order of 1 to 8 and up to 65,536 tokens", error);
    if (!st && !(uniform >= 0 && uniform <= 1))
        st = refuse(NULL, "jielong-ngram.uniform", "a number from 0 to 1", error);
    if (st) return st;
    m->n_vocab = (int)n_vocab;
    m->order = (int)order;
    for (int k = 1; k <= m->order && !st; k++) st = read_level(m, g, k, error);
    for (int k = 0; k < m->order && !st; k++) st = check_order(m, k, error);
    return st;
}

/* Scales p of single tokens to sum to one with the uniform share of the others. */
static void scale_single(jl_ngram *m, float uniform) {
    jl_ngram_level *l = &m->levels[0];
    double sum = 0;
    for (uint32_t i = 0; i < l->n; i++) sum += (double)l->p[i];
    double unseen = (double)uniform * (m->n_vocab - (double)l->n) / m->n_vocab;
    double scale = sum > 0 ? (1 - unseen) / sum : 1;
    for (uint32_t i = 0; i < l->n; i++) l->p[i] = (float)((double)l->p[i] * scale);
    m->weight = uniform;
}

jl_ngram *jl_ngram_read(const jl_gguf *g, jl_error *error) {
    jl_ngram *m = jl_alloc_zero(sizeof *m);
    float uniform = 0;
    jl_status st = m ? read_model(m, g, error) : jl_no_memory(error, "n-grams");
    if (st) {
        jl_ngram_free(m);
        return NULL;
    }
    jl_gguf_f32(g, "jielong-ngram.uniform", &uniform, NULL);
    scale_single(m, uniform);
    set_all_weights(m);
    return m;
}

jl_ngram *jl_ngram_open(const uint8_t *bytes, size_t n, jl_error *error) {
    jl_gguf g;
    jl_status st = jl_gguf_parse(&g, bytes, n, n, error);
    if (st == JL_MORE)
        jl_fail(error, JL_ERR_TRUNCATED, n, jl_string(arch), "the file ends in its header");
    if (st) return NULL;
    jl_ngram *m = jl_ngram_read(&g, error);
    jl_gguf_free(&g);
    return m;
}
