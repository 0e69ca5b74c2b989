/* traced.h - checks a recorded encoding (src/text/trace.h) by replaying its events.
 *
 * Every text that a test encodes with vocabulary.h is also recorded and replayed here.
 */
#ifndef JL_TEST_TRACED_H
#define JL_TEST_TRACED_H

#include <string.h>

#include "../../src/text/tokenizer.h"
#include "check.h"

/* Replays a piece's symbols and merges; its emissions must be the remaining symbols, in order. */
typedef struct replay {
    jl_trace_event symbols[512];
    uint32_t n, emitted; /* symbols, emissions */
    uint32_t at, length; /* bytes emitted, of the piece */
} replay;

static inline void replay_merge(replay *r, const jl_trace_event *merge) {
    uint32_t i = 0;
    while (i < r->n && r->symbols[i].at != merge->at) i++;
    CHECK(i + 1 < r->n && r->symbols[i].length == merge->left &&
              r->symbols[i].length + r->symbols[i + 1].length == merge->length,
          "the merge at %u has no symbols", merge->at);
    if (i + 1 >= r->n) return;
    r->symbols[i] = *merge;
    memmove(r->symbols + i + 1, r->symbols + i + 2, (r->n - i - 2) * sizeof *r->symbols);
    r->n--;
}

static inline void replay_event(replay *r, const jl_trace_event *x) {
    if (x->kind == JL_TRACE_SYMBOL && r->n < 512) r->symbols[r->n++] = *x;
    if (x->kind == JL_TRACE_MERGE) replay_merge(r, x);
    if (x->kind == JL_TRACE_PIECE) {
        CHECK(r->at == r->length, "%u of %u bytes were emitted", r->at, r->length);
        *r = (replay){ .length = x->length };
    }
    if (x->kind != JL_TRACE_EMIT) return;
    if (x->at == 0) r->at = r->emitted = 0; /* a word that replaces its matches */
    const jl_trace_event *symbol = &r->symbols[r->emitted++];
    CHECK(r->n == 0 || (symbol->at == x->at && symbol->length == x->length &&
                        (x->id < 0 || symbol->id < 0 || symbol->id == x->id)),
          "emission %u is no symbol", r->emitted);
    CHECK(x->at == r->at, "emitted from %u, expected %u", x->at, r->at);
    r->at += x->length;
}

/* Whether a recorded encoding gives the same ids, and its events lead to them. */
static inline void same_when_traced(const jl_tokenizer *t, jl_str text, int flags,
                                    const int32_t *ids, int count) {
    jl_error e;
    jl_error_clear(&e);
    jl_trace *x = jl_tokenizer_trace(t, text.data, text.n, flags, &e);
    CHECK(x != NULL, "%s", e.message);
    if (!x) return;
    int n, n_events, first = (flags & JL_TOKENIZE_BOS) && count && ids[0] == jl_tokenizer_bos(t);
    const int32_t *found = jl_trace_ids(x, &n);
    CHECK(n == count && (!n || !memcmp(found, ids, (size_t)n * sizeof *ids)), "%d ids, not %d", n,
          count);
    const jl_trace_event *events = jl_trace_events(x, &n_events), *last = NULL;
    int32_t emitted[512]; /* of each id: the emitted token, -1: none */
    for (int i = 0; i < 512; i++) emitted[i] = -1;
    replay r = { 0 };
    for (int i = 0; i < n_events; i++) {
        replay_event(&r, &events[i]);
        if (events[i].kind != JL_TRACE_EMIT) continue;
        last = &events[i];
        CHECK(last->value <= (uint32_t)count, "emission from id %u of %d", last->value, count);
        for (uint32_t k = last->value; k < 512; k++) emitted[k] = k == last->value ? last->id : -1;
    }
    for (int i = 0; i < count && i < 512; i++)
        CHECK(emitted[i] < 0 || ids[i] == emitted[i], "id %d, emitted %d", ids[i], emitted[i]);
    CHECK(r.at == r.length && (last || count <= first + 1), "no emission");
    jl_trace_free(x);
}

#endif
