/* ngram.c - n-grams in sorted levels with their probabilities and back-off weights.
 *
 * Positions of the stream are sorted by the `order` tokens that begin there. N-grams of each length
 * are then contiguous: level k holds those of k + 1 tokens in sorted order, and the children of a
 * node (one token longer) are contiguous, so a binary search finds a token. The suffix of an
 * n-gram, whose probability is interpolated, begins one position later; levels are filled
 * bottom-up.
 */
#include "ngram_levels.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"

/* Temporary arrays of training. */
typedef struct builder {
    jl_ngram *m;
    const int32_t *ids; /* [n] */
    size_t n;
    uint32_t *sorted;         /* [n] positions, sorted by their tokens */
    uint32_t *node, *shorter; /* [n] per position: its node in this level, in the level below */
    uint8_t *shared;          /* [n] tokens in common with the previous position in `sorted` */
    uint32_t *count;          /* per node of a level */
} builder;

/* ---- Sorting --------------------------------------------------------------------------------- */

/* Sort key of a position: its token + 1, 0 past the end. */
static uint32_t key_at(const builder *b, size_t at) {
    return at < b->n ? (uint32_t)b->ids[at] + 1 : 0;
}

/* Radix sort: a stable counting sort per token, last token first. */
static jl_status sort_positions(builder *b, jl_error *error) {
    size_t buckets = (size_t)b->m->n_vocab + 2;
    uint32_t *start = jl_alloc(buckets * sizeof *start), *from = b->node, *to = b->sorted;
    if (!start) return jl_no_memory(error, "n-grams");
    for (size_t i = 0; i < b->n; i++) from[i] = (uint32_t)i;
    for (int digit = b->m->order; digit-- > 0;) {
        memset(start, 0, buckets * sizeof *start);
        for (size_t i = 0; i < b->n; i++) start[key_at(b, i + (size_t)digit) + 1]++;
        for (size_t i = 1; i < buckets; i++) start[i] += start[i - 1];
        for (size_t i = 0; i < b->n; i++) to[start[key_at(b, from[i] + (size_t)digit)]++] = from[i];
        uint32_t *swap = from;
        from = to, to = swap;
    }
    b->sorted = from;
    b->node = to;
    jl_free(start);
    return JL_OK;
}

static void find_shared(builder *b) {
    for (size_t i = 1; i < b->n; i++) {
        int k = 0;
        while (k < b->m->order &&
               key_at(b, b->sorted[i] + (size_t)k) == key_at(b, b->sorted[i - 1] + (size_t)k))
            k++;
        b->shared[i] = (uint8_t)k;
    }
}

/* Whether sorted[i] begins the first occurrence of its n-gram of k tokens. */
static int is_first(const builder *b, size_t i, int k) {
    return b->sorted[i] + (size_t)k <= b->n && (i == 0 || b->shared[i] < k);
}

/* ---- A level --------------------------------------------------------------------------------- */

static uint32_t count_nodes(const builder *b, int k) {
    uint32_t n = 0;
    for (size_t i = 0; i < b->n; i++) n += (uint32_t)is_first(b, i, k);
    return n;
}

jl_status jl_ngram_take_level(jl_ngram *m, int level, uint32_t n, jl_error *error) {
    jl_ngram_level *l = &m->levels[level];
    int highest = level + 1 == m->order;
    l->n = n;
    l->token = jl_alloc_array((uint64_t)n + 1, sizeof *l->token);
    l->p = jl_alloc_array((uint64_t)n + 1, sizeof *l->p);
    if (!highest) l->children = jl_alloc_array((uint64_t)n + 1, sizeof *l->children);
    if (!highest) l->weight = jl_alloc_array((uint64_t)n + 1, sizeof *l->weight);
    int fine = l->token && l->p && (highest || (l->children && l->weight));
    return fine ? JL_OK : jl_no_memory(error, "n-grams");
}

/* Fills the nodes of n-grams of k tokens: node of each position, first child of each node. */
static void number_nodes(builder *b, int k) {
    jl_ngram_level *l = &b->m->levels[k - 1];
    uint32_t node = 0, child = 0;
    for (size_t i = 0; i < b->n; i++) {
        size_t at = b->sorted[i];
        int first = is_first(b, i, k);
        node += (uint32_t)first;
        if (at + (size_t)k <= b->n) l->seen[node - 1]++;
        b->node[at] = node - 1; /* unused where the stream ends within the n-gram */
        if (first) l->token[node - 1] = b->ids[at + (size_t)k - 1];
        if (first && l->children) l->children[node - 1] = child;
        if (l->children) child += (uint32_t)is_first(b, i, k + 1);
    }
    if (l->children) l->children[node] = child;
}

/* Counts n-grams in the highest level, distinct preceding tokens in the others. */
static void count_level(builder *b, int k) {
    jl_ngram_level *l = &b->m->levels[k - 1];
    memset(b->count, 0, l->n * sizeof *b->count);
    for (size_t i = 0; i < b->n; i++) {
        size_t at = b->sorted[i];
        if (k == b->m->order) {
            if (at + (size_t)k <= b->n) b->count[b->node[at]]++;
        } else if (is_first(b, i, k + 1)) {
            b->count[b->node[at + 1]]++;
        }
    }
}

/* Chen and Goodman's discounts (section 3). In small texts a count of counts may be 0 or a
 * discount ≤ 0; the discount is then half the count, so that no token gets probability 0. */
static void estimate(jl_ngram_level *l, const uint32_t *count) {
    double of[5] = { 0 };
    for (uint32_t i = 0; i < l->n; i++)
        if (count[i] >= 1 && count[i] <= 4) of[count[i]]++;
    int fine = of[1] > 0 && of[2] > 0 && of[3] > 0 && of[4] > 0;
    double y = of[1] / (of[1] + 2 * of[2]);
    for (int c = 1; c <= 3; c++) {
        double d = fine ? c - (c + 1) * y * of[c + 1] / of[c] : 0.5 * c;
        l->discount[c - 1] = d > 0 ? d : 0.5 * c;
    }
}

static double discount_of(const jl_ngram_level *l, uint32_t count) {
    return count == 0 ? 0 : l->discount[(count < 3 ? count : 3) - 1];
}

/* Children first..end of one context: sets p to the discounted share, returns the weight of the
 * shorter context. */
static double discount_children(jl_ngram_level *l, const uint32_t *count, uint32_t first,
                                uint32_t end) {
    double total = 0, left = 0;
    for (uint32_t i = first; i < end; i++) total += count[i], left += discount_of(l, count[i]);
    if (!(total > 0)) return 1;
    for (uint32_t i = first; i < end; i++)
        l->p[i] = (float)((count[i] - discount_of(l, count[i])) / total);
    return left / total;
}

static void fill_level(builder *b, int k) {
    jl_ngram *m = b->m;
    jl_ngram_level *l = &m->levels[k - 1], *up = k > 1 ? l - 1 : NULL;
    estimate(l, b->count);
    if (!up) m->weight = discount_children(l, b->count, 0, l->n);
    for (uint32_t h = 0; up && h < up->n; h++)
        up->weight[h] = (float)discount_children(l, b->count, up->children[h], up->children[h + 1]);
    for (size_t i = 0; i < b->n; i++) {
        size_t at = b->sorted[i];
        if (!is_first(b, i, k)) continue;
        float *p = &l->p[b->node[at]];
        if (!up)
            *p += (float)(m->weight / m->n_vocab);
        else
            *p += up->weight[b->shorter[at]] * up->p[b->shorter[at + 1]];
    }
}

/* ---- Building -------------------------------------------------------------------------------- */

static jl_status build(builder *b, jl_error *error) {
    jl_status st = sort_positions(b, error);
    if (st) return st;
    find_shared(b);
    for (int k = 1; !st && k <= b->m->order; k++) {
        uint32_t n = count_nodes(b, k);
        st = jl_ngram_take_level(b->m, k - 1, n, error);
        b->m->levels[k - 1].seen = jl_alloc_array((uint64_t)n + 1, sizeof(uint32_t));
        if (!st && !b->m->levels[k - 1].seen) st = jl_no_memory(error, "n-grams");
        if (st) break;
        number_nodes(b, k);
        count_level(b, k);
        fill_level(b, k);
        uint32_t *swap = b->node;
        b->node = b->shorter, b->shorter = swap;
    }
    return st;
}

static jl_status check(const int32_t *ids, size_t n, int n_vocab, int order, jl_error *error) {
    if (order < 1 || order > JL_NGRAM_MAX_ORDER || n_vocab < 1 || n < (size_t)order ||
        n > INT32_MAX)
        return jl_fail(
            error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("order"),
            "expected an order from 1 to %d and at least as many tokens, found order %d, %u tokens",
            JL_NGRAM_MAX_ORDER, order, (uint64_t)n);
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= n_vocab)
            return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("ids"),
                           "token %u: expected an id below %d, found %d", (uint64_t)i, n_vocab,
                           ids[i]);
    return JL_OK;
}

jl_ngram *jl_ngram_train(const int32_t *ids, size_t n, int n_vocab, int order, jl_error *error) {
    if (check(ids, n, n_vocab, order, error)) return NULL;
    builder b = { .m = jl_alloc_zero(sizeof *b.m), .ids = ids, .n = n };
    b.sorted = jl_alloc_array(n, sizeof *b.sorted);
    b.node = jl_alloc_array(n, sizeof *b.node);
    b.shorter = jl_alloc_array(n, sizeof *b.shorter);
    b.count = jl_alloc_array(n, sizeof *b.count);
    b.shared = jl_alloc_zero(n);
    jl_status st = JL_OK;
    if (b.m) b.m->order = order, b.m->n_vocab = n_vocab;
    if (!b.m || !b.sorted || !b.node || !b.shorter || !b.count || !b.shared)
        st = jl_no_memory(error, "n-grams");
    else
        st = build(&b, error);
    jl_free(b.sorted);
    jl_free(b.node);
    jl_free(b.shorter);
    jl_free(b.count);
    jl_free(b.shared);
    if (!st) return b.m;
    jl_ngram_free(b.m);
    return NULL;
}

void jl_ngram_free(jl_ngram *m) {
    for (int k = 0; m && k < m->order; k++) {
        jl_ngram_level *l = &m->levels[k];
        jl_free(l->token);
        jl_free(l->children);
        jl_free(l->p);
        jl_free(l->weight);
        jl_free(l->seen);
    }
    jl_free(m);
}

/* ---- Queries -------------------------------------------------------------------------------- */

int jl_ngram_order(const jl_ngram *m) {
    return m->order;
}

int jl_ngram_n_vocab(const jl_ngram *m) {
    return m->n_vocab;
}

uint32_t jl_ngram_count(const jl_ngram *m, int length) {
    return m->levels[length - 1].n;
}

const double *jl_ngram_discounts(const jl_ngram *m, int length) {
    return m->levels[length - 1].discount;
}

/* The node of a token in first..end of a level, −1: none. */
static int64_t find_token(const jl_ngram_level *l, uint32_t first, uint32_t end, int32_t id) {
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (l->token[middle] < id)
            first = middle + 1;
        else
            end = middle;
    }
    return first < l->n && l->token[first] == id ? (int64_t)first : -1;
}

/* The node of the n-gram ids[0..k) in level k − 1, −1: none. */
static int64_t find_ngram(const jl_ngram *m, const int32_t *ids, int k) {
    uint32_t first = 0, end = m->levels[0].n;
    int64_t node = -1;
    for (int i = 0; i < k; i++) {
        const jl_ngram_level *l = &m->levels[i];
        node = first < end ? find_token(l, first, end, ids[i]) : -1;
        if (node < 0 || node >= end) return -1;
        if (i + 1 == m->order) break;
        first = l->children[node];
        end = l->children[node + 1];
    }
    return node;
}

/* p of the longest seen n-gram, times the weights of the longer seen contexts. */
double jl_ngram_probability(const jl_ngram *m, const int32_t *context, size_t n, int32_t id) {
    int32_t ids[JL_NGRAM_MAX_ORDER];
    size_t longest = (size_t)m->order - 1;
    int k = (int)(n < longest ? n : longest);
    memcpy(ids, context + (n - (size_t)k), (size_t)k * sizeof *ids);
    ids[k] = id;
    double weight = 1;
    for (const int32_t *from = ids; k >= 0; from++, k--) {
        int64_t node = find_ngram(m, from, k + 1);
        if (node >= 0) return weight * (double)m->levels[k].p[node];
        int64_t seen = k > 0 ? find_ngram(m, from, k) : -1;
        if (seen >= 0) weight *= (double)m->levels[k - 1].weight[seen];
    }
    return weight * m->weight / m->n_vocab;
}

void jl_ngram_distribution(const jl_ngram *m, const int32_t *context, size_t n, float *p) {
    size_t longest = (size_t)m->order - 1 < n ? (size_t)m->order - 1 : n;
    const jl_ngram_level *l = &m->levels[0];
    for (int i = 0; i < m->n_vocab; i++) p[i] = (float)(m->weight / m->n_vocab);
    for (uint32_t i = 0; i < l->n; i++) p[l->token[i]] = l->p[i];
    for (size_t k = 1; k <= longest; k++) {
        int64_t node = find_ngram(m, context + (n - k), (int)k);
        if (node < 0) continue;
        l = &m->levels[k - 1];
        for (int i = 0; i < m->n_vocab; i++) p[i] *= l->weight[node];
        for (uint32_t i = l->children[node]; i < l->children[node + 1]; i++)
            p[l[1].token[i]] = l[1].p[i];
    }
}

double jl_ngram_nats(const jl_ngram *m, const int32_t *ids, size_t n) {
    double nats = 0;
    for (size_t i = 0; i < n; i++) {
        size_t first = i > JL_NGRAM_MAX_ORDER ? i - JL_NGRAM_MAX_ORDER : 0;
        nats -= log(jl_ngram_probability(m, ids + first, i - first, ids[i]));
    }
    return nats;
}
