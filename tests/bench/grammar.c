/* grammar.c - exports the masks of a grammar for tests/bench/grammar.js to time.
 *
 * The host writes a vocabulary (length bytes, then the tokens' bytes), a grammar and a text. Tokens
 * are the longest that continue the text and that the mask allows.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/session/constraint.h"

#define EXPORT(name) __attribute__((export_name(#name))) name

static const uint8_t *lengths;
static const char **starts;
static int n_tokens;
static jl_constraint *constraint;
static jl_error error;

static const char *bytes(const void *context, int32_t id, size_t *n) {
    (void)context;
    *n = lengths[id];
    return starts[id];
}

static int is_end(const void *context, int32_t id) {
    (void)context;
    return id == n_tokens - 1;
}

void *EXPORT(bench_alloc)(uint32_t n) {
    return malloc(n);
}

void EXPORT(bench_vocabulary)(const uint8_t *length, const char *data, int n) {
    lengths = length;
    n_tokens = n;
    starts = malloc((size_t)n * sizeof *starts);
    for (int id = 0; id < n; data += length[id++]) starts[id] = data;
}

/* Sorts the vocabulary. */
int EXPORT(bench_index)(void) {
    jl_pieces pieces = { n_tokens, bytes, is_end, NULL, NULL };
    jl_constraint_free(constraint);
    constraint = jl_constraint_new(&pieces, &error);
    return constraint != NULL;
}

int EXPORT(bench_begin)(const char *grammar, uint32_t n) {
    return jl_constraint_begin(constraint, (jl_str){ grammar, n }, &error);
}

const char *EXPORT(bench_error)(void) {
    return error.message;
}

/* A mask and the token that follows; returns the bytes of the token, 0: none. */
uint32_t EXPORT(bench_step)(const char *text, uint32_t n) {
    const uint32_t *mask = jl_constraint_mask(constraint, &error);
    int32_t best = -1;
    for (int32_t id = 0; mask && id < n_tokens - 1; id++)
        if (mask[id / 32] >> (id & 31) & 1 && lengths[id] <= n &&
            (best < 0 || lengths[id] > lengths[best]) && memcmp(starts[id], text, lengths[id]) == 0)
            best = id;
    if (best < 0 || jl_constraint_accept(constraint, best, &error)) return 0;
    return lengths[best];
}

/* The mask alone; it is kept, so the next step does not compute it again. */
int EXPORT(bench_mask)(void) {
    return jl_constraint_mask(constraint, &error) != NULL;
}
