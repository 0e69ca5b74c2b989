/* sample.h - logits → token, in stages that a host can inspect.
 *
 * penalty → temperature → top-k → top-p → min-p → draw. Each stage filters the candidates of the
 * previous one and renormalises. The vocabulary is never sorted: a heap pops candidates in
 * descending order as far as a stage needs. The smaller id wins ties, so a draw depends only on the
 * logits, the settings and the seed.
 */
#ifndef JL_SAMPLE_H
#define JL_SAMPLE_H

#include "../base/random.h"
#include "../jielong.h"

typedef struct jl_entry {
    float logit;
    int32_t id;
} jl_entry;

/* Scratch for a vocabulary of n; the session owns the arrays. */
typedef struct jl_sampler {
    int n;
    float *logits;  /* [n] after the penalty */
    jl_entry *heap; /* [n]: [0, held − popped) is a heap, [held − popped, held) the popped
                     * entries, last popped first */
    int held, popped;
    float max, scale; /* weight of a candidate = exp((logit − max)·scale) */
} jl_sampler;

jl_status jl_sampling_check(const jl_sampling *g, jl_error *error);

/* The candidates kept by `stage`: writes the cap most probable in descending order, returns how
 * many are kept, or a negative status. logits [n]; recent [n_recent]: the last tokens. */
int jl_sample_stage(jl_sampler *s, const float *logits, const jl_sampling *g, const int32_t *recent,
                    int n_recent, jl_stage stage, jl_candidate *out, int cap, jl_error *error);

/* Draws one token; negative on failure. */
int32_t jl_sample_draw(jl_sampler *s, const float *logits, const jl_sampling *g,
                       const int32_t *recent, int n_recent, jl_random *random, jl_error *error);

/* log Σ exp(logits); log p(i) = logits[i] − this. */
float jl_log_sum(const float *logits, int n);

/* The `cap` most probable tokens of softmax(logits) in descending order; returns how many. */
int jl_top(const float *logits, int n, float log_sum, jl_candidate *out, int cap);

#endif
