/* sample.h - logits → token, in stages that a host can inspect.
 *
 * The caller lists the stages (jielong.h). Each changes logits, or filters the candidates of the
 * previous one and renormalises. The vocabulary is never sorted: a heap pops candidates in
 * descending order as far as a stage needs. The smaller id wins ties, so a draw depends only on the
 * logits, the settings, the tokens so far and the seed.
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
    float *logits;  /* [n] of the candidates, −∞ for removed ones */
    jl_entry *heap; /* [n]: [0, held − popped) is a heap, [held − popped, held) the popped
                     * entries, last popped first */
    int held, popped;
    int built;        /* the heap belongs to the logits */
    float max, scale; /* weight of a candidate = exp((logit − max)·scale) */
    int kept;         /* candidates: the `kept` most probable ones */
    float sum;        /* of their weights, if has_sum */
    int has_sum;
    int cut;      /* the logits of others are not −∞ yet */
    int filtered; /* a stage that filters was applied: draws go by rank, not by id */
    int greedy;
} jl_sampler;

/* What the stages read besides the logits. */
typedef struct jl_context {
    const float *logits;  /* [n] */
    const jl_sampling *g; /* checked */
    const int32_t *ids;   /* [n_ids] the tokens so far */
    int n_ids;
    const uint32_t *mask; /* allowed tokens, as of constraint.h; NULL: all */
    jl_random *random;
    float mu;                                       /* Mirostat's maximum surprise, in bits */
    int (*breaks)(const void *context, int32_t id); /* whether a token ends sequences of DRY */
    const void *context;
} jl_context;

jl_status jl_sampling_check(const jl_sampling *g, jl_error *error);

/* The candidates after the first n stages: writes the cap most probable in descending order,
 * returns how many remain, or a negative status. */
int jl_sample_stage(jl_sampler *s, const jl_context *c, int n, jl_candidate *out, int cap,
                    jl_error *error);

/* Draws one token; negative on failure. *p: its probability after all stages. */
int32_t jl_sample_draw(jl_sampler *s, const jl_context *c, float *p, jl_error *error);

/* log Σ exp(logits); log p(i) = logits[i] − this. */
float jl_log_sum(const float *logits, int n);

/* The `cap` most probable tokens of softmax(logits) in descending order; returns how many. */
int jl_top(const float *logits, int n, float log_sum, jl_candidate *out, int cap);

/* ---- sample_rank.c: candidates by rank ------------------------------------------------------- */

/* The candidate of rank i < n (0: most probable). First requests must come in ascending order. */
jl_entry jl_sample_ranked(jl_sampler *s, int i);
float jl_sample_weight(const jl_sampler *s, float logit);
float jl_sample_sum(jl_sampler *s); /* of the weights of the candidates */

/* Makes all logits but those of the candidates −∞, before their order changes. */
void jl_sample_settle(jl_sampler *s);
/* The logits have changed: finds the maximum. JL_ERR_NUMERIC if it is not finite. */
jl_status jl_sample_renew(jl_sampler *s, jl_error *error);
/* Keeps the candidates of heap[from, to) only; their order does not matter. */
void jl_sample_keep(jl_sampler *s, int from, int to);
/* Orders heap[0, n), then pops into [n − popped, n) from the largest `logit` on. */
void jl_sample_heapify(jl_sampler *s, int n);
jl_entry jl_sample_pop(jl_sampler *s);
int32_t jl_sample_most_probable(jl_sampler *s);

/* ---- sample_stages.c: the rarer stages ------------------------------------------------------- */

jl_status jl_stage_bias(jl_sampler *s, const jl_context *c, jl_error *error);
jl_status jl_stage_mask(jl_sampler *s, const jl_context *c, jl_error *error);
jl_status jl_stage_penalty(jl_sampler *s, const jl_context *c, jl_error *error);
jl_status jl_stage_dry(jl_sampler *s, const jl_context *c, jl_error *error);
float jl_dynamic_temperature(jl_sampler *s, const jl_sampling *g);
jl_status jl_stage_typical(jl_sampler *s, const jl_context *c, jl_error *error);
jl_status jl_stage_xtc(jl_sampler *s, const jl_context *c, jl_error *error);
void jl_stage_mirostat(jl_sampler *s, const jl_context *c);

#endif
