/* merge.c - the merge loop over an array of symbols and a heap of pairs. See merge.h. */
#include "merge.h"

typedef struct job {
    jl_merger *m;
    const uint8_t *text;
    uint32_t n; /* bytes */
    jl_pair_rank rank;
    const void *self;
} job;

int jl_merger_reserve(jl_merger *m, size_t n) {
    if (n <= m->cap) return 1;
    size_t cap = n < 64 ? 64 : n + n / 2;
    jl_free(m->symbols);
    m->symbols = cap > SIZE_MAX / sizeof *m->symbols ? NULL : jl_alloc(cap * sizeof *m->symbols);
    m->cap = m->symbols ? cap : 0;
    return m->symbols != NULL;
}

void jl_merger_free(jl_merger *m) {
    jl_free(m->symbols);
    jl_free(m->heap.items);
}

/* Offers the pair that begins at `at`, if there is one that may be joined; 0: no memory. */
static int offer(const job *j, uint32_t at) {
    const jl_symbol *left = &j->m->symbols[at];
    uint32_t next = at + left->length;
    if (next >= j->n) return 1;
    const jl_symbol *right = &j->m->symbols[next];
    jl_span span = { .at = at, .length = left->length + right->length };
    if (!j->rank(j->self, j->text + at, left, right, &span)) return 1;
    return jl_heap_push(&j->m->heap, span);
}

/* Joins the pair unless one of its sides has grown or gone since: symbols only grow, so the pair is
 * the same exactly if the two that are there at present have the same length together. */
static int join(const job *j, jl_span pair) {
    jl_symbol *symbols = j->m->symbols, *left = &symbols[pair.at];
    uint32_t next = pair.at + left->length;
    if (left->length == 0 || next >= j->n) return 1;
    jl_symbol *right = &symbols[next];
    if (left->length + right->length != pair.length) return 1;
    right->length = 0;
    left->length = pair.length;
    left->id = pair.id;
    uint32_t end = pair.at + pair.length;
    if (end < j->n) symbols[end].before = pair.at;
    if (pair.at > 0 && !offer(j, left->before)) return 0;
    return offer(j, pair.at);
}

int jl_merger_run(jl_merger *m, const uint8_t *text, uint32_t n, jl_pair_rank rank,
                  const void *self) {
    job j = { m, text, n, rank, self };
    m->heap.n = 0;
    uint32_t before = 0;
    for (uint32_t at = 0; at < n; at += m->symbols[at].length) {
        m->symbols[at].before = before;
        before = at;
        if (!offer(&j, at)) return 0;
    }
    while (m->heap.n)
        if (!join(&j, jl_heap_pop(&m->heap))) return 0;
    return 1;
}
