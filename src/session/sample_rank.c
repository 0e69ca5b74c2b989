/* sample_rank.c - the candidates of a draw by rank, without sorting the vocabulary. */
#include <math.h>

#include "../base/heap.h"
#include "../base/status.h"
#include "../compute/kernels.h"
#include "sample.h"

static int before(const void *context, const jl_entry *a, const jl_entry *b) {
    (void)context;
    return a->logit > b->logit || (a->logit == b->logit && a->id < b->id);
}
JL_HEAP(candidates, jl_entry, const void *, before)

enum { STRETCH = 64 }; /* logits per run; a run with too small a maximum is skipped */

static int min(int a, int b) {
    return a < b ? a : b;
}

void jl_sample_heapify(jl_sampler *s, int n) {
    s->held = n;
    s->popped = 0;
    for (size_t i = (size_t)n / 2; i-- > 0;) candidates_down(NULL, s->heap, (size_t)n, i);
}

/* Builds the heap of all logits ≥ lowest. */
static void build_heap(jl_sampler *s, float lowest) {
    int held = 0;
    for (int from = 0; from < s->n; from += STRETCH) {
        int end = min(from + STRETCH, s->n);
        if (jl_max(s->logits + from, end - from) < lowest) continue;
        for (int i = from; i < end; i++)
            if (s->logits[i] >= lowest) s->heap[held++] = (jl_entry){ s->logits[i], i };
    }
    jl_sample_heapify(s, held);
    s->built = 1;
}

jl_entry jl_sample_pop(jl_sampler *s) {
    int last = s->held - 1 - s->popped++;
    jl_entry top = s->heap[0];
    s->heap[0] = s->heap[last];
    s->heap[last] = top;
    candidates_down(NULL, s->heap, (size_t)last, 0);
    return top;
}

/* Candidates below e^−RARE of the largest weight enter the heap only if a stage needs them. */
static const float RARE = 12;

jl_entry jl_sample_ranked(jl_sampler *s, int i) {
    if (!s->built) build_heap(s, s->max - RARE / s->scale);
    if (i >= s->held) build_heap(s, -INFINITY);
    while (s->popped <= i) jl_sample_pop(s);
    return s->heap[s->held - 1 - i];
}

float jl_sample_weight(const jl_sampler *s, float logit) {
    return jl_exp((logit - s->max) * s->scale);
}

float jl_sample_sum(jl_sampler *s) {
    if (s->has_sum) return s->sum;
    s->has_sum = 1;
    if (!s->cut) return s->sum = jl_exp_total(s->logits, s->max, s->scale, s->n);
    s->sum = 0;
    for (int i = 0; i < s->kept; i++) s->sum += jl_sample_weight(s, jl_sample_ranked(s, i).logit);
    return s->sum;
}

void jl_sample_keep(jl_sampler *s, int from, int to) {
    for (int i = from; i < to; i++) s->heap[i].logit = s->logits[s->heap[i].id];
    for (int i = 0; i < s->n; i++) s->logits[i] = -INFINITY;
    for (int i = from; i < to; i++) s->logits[s->heap[i].id] = s->heap[i].logit;
    s->kept = to - from;
    s->cut = 0;
}

void jl_sample_settle(jl_sampler *s) {
    if (!s->cut) return;
    jl_sample_ranked(s, s->kept - 1);
    jl_sample_keep(s, s->held - s->kept, s->held);
    s->built = 0;
}

jl_status jl_sample_renew(jl_sampler *s, jl_error *error) {
    s->built = s->has_sum = 0;
    s->max = jl_max(s->logits, s->n);
    if (isfinite(s->max)) return JL_OK;
    return jl_fail(error, JL_ERR_NUMERIC, JL_NO_OFFSET, jl_string("logits"),
                   "the maximum is not a finite number; the model's weights are damaged, or a bias "
                   "excludes every token");
}

int32_t jl_sample_most_probable(jl_sampler *s) {
    int i = 0;
    while (i < s->n && jl_max(s->logits + i, min(STRETCH, s->n - i)) != s->max) i += STRETCH;
    for (; i < s->n; i++)
        if (s->logits[i] == s->max) return i;
    return 0; /* unreachable */
}
