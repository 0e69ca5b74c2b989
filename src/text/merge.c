/* merge.c - merges symbols in an array through a heap of pairs. See merge.h. */
#include "merge.h"

#include "trace.h"

/* One join's cost: two pairs hashed (at most all bytes), pushed and popped. */
static int64_t work_of(jl_span pair) {
    return 16 + (pair.length >> 2);
}

typedef struct job {
    jl_symbol *symbols;
    jl_spans *heap;
    const uint8_t *text;
    uint32_t n; /* bytes */
    jl_pair_rank rank;
    const void *self;
    jl_trace *trace;
} job;

static void trace_symbol(const job *j, uint32_t at) {
    const jl_symbol *s = &j->symbols[at];
    jl_trace_event event = { .kind = JL_TRACE_SYMBOL, .id = s->id, .at = at, .length = s->length };
    jl_trace_add(j->trace, event);
}

static void trace_merge(const job *j, jl_span pair, uint32_t left) {
    float score = j->trace->score ? j->trace->score(pair.rank) : 0;
    jl_trace_add(j->trace, (jl_trace_event){ .kind = JL_TRACE_MERGE,
                                             .id = pair.id,
                                             .at = pair.at,
                                             .length = pair.length,
                                             .left = left,
                                             .value = pair.rank,
                                             .score = score });
}

int jl_merger_grow(jl_merger *m, size_t n) {
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

void jl_merge_close(void *state) {
    jl_merge_buffers *own = state;
    if (!own) return;
    jl_merger_free(&own->m);
    jl_free(own->copy);
    jl_free(state);
}

/* Pushes the pair at `at` if it can be merged; 0: no memory. */
static int push_pair(const job *j, uint32_t at) {
    const jl_symbol *left = &j->symbols[at];
    uint32_t next = at + left->length;
    if (next >= j->n) return 1;
    const jl_symbol *right = &j->symbols[next];
    jl_span span = { .at = at, .length = left->length + right->length };
    if (!j->rank(j->self, j->text + at, left, right, &span)) return 1;
    return jl_spans_push(j->heap, span);
}

/* Joins the pair unless it is stale. Symbols only grow, so the pair is current exactly if the two
 * symbols there now have the same total length. */
static int join(const job *j, jl_span pair) {
    jl_symbol *symbols = j->symbols, *left = &symbols[pair.at];
    uint32_t next = pair.at + left->length;
    if (left->length == 0 || next >= j->n) return 1;
    jl_symbol *right = &symbols[next];
    if (left->length + right->length != pair.length) return 1;
    if (j->trace) trace_merge(j, pair, left->length);
    right->length = 0;
    left->length = pair.length;
    left->id = pair.id;
    uint32_t end = pair.at + pair.length;
    if (end < j->n) symbols[end].before = pair.at;
    if (pair.at > 0 && !push_pair(j, left->before)) return 0;
    return push_pair(j, pair.at);
}

/* Pushes every initial pair; returns the remaining work. */
static int64_t push_all(jl_merger *m, const job *j, int64_t work, int *fine) {
    uint32_t at = m->at, before = m->before;
    for (; at < j->n && work > 0 && *fine; at += j->symbols[at].length) {
        work -= j->symbols[at].length;
        j->symbols[at].before = before;
        before = at;
        if (j->trace) trace_symbol(j, at);
        *fine = push_pair(j, at);
    }
    m->at = at;
    m->before = before;
    return work;
}

jl_status jl_merger_step(jl_merger *m, jl_pair_rank rank, const void *self, int64_t *work) {
    job j = { m->symbols, &m->heap, m->text, m->n, rank, self, m->trace };
    int fine = 1;
    int64_t left = push_all(m, &j, *work, &fine);
    while (m->heap.n && left > 0 && fine) {
        jl_span pair = jl_spans_pop(&m->heap);
        left -= work_of(pair);
        fine = join(&j, pair);
    }
    *work = left;
    if (!fine) return JL_ERR_MEMORY;
    return m->at < m->n || m->heap.n ? JL_MORE : JL_OK;
}
