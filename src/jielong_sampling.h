/* jielong_sampling.h - the settings of a draw: stages, their parameters and order, the grammar.
 *
 * Part of jielong.h, whose conventions apply. Papers: session/sample.c.
 */
#ifndef JIELONG_SAMPLING_H
#define JIELONG_SAMPLING_H

#include <stdint.h>

/* The stages of a draw, in their default order. One with neutral settings changes nothing. */
typedef enum jl_stage {
    JL_STAGE_BIAS,        /* adds to the logits of some tokens */
    JL_STAGE_MASK,        /* keeps the tokens that the grammar allows */
    JL_STAGE_PENALTY,     /* repetition, frequency and presence */
    JL_STAGE_DRY,         /* lowers tokens that would continue a repeated sequence */
    JL_STAGE_TEMPERATURE, /* divides the logits */
    JL_STAGE_TOP_K,
    JL_STAGE_TOP_P,
    JL_STAGE_MIN_P,
    JL_STAGE_TYPICAL,
    JL_STAGE_XTC,      /* removes the most probable tokens at random */
    JL_STAGE_MIROSTAT, /* version 2 */
    JL_STAGE_COUNT
} jl_stage;
const char *jl_stage_name(jl_stage stage); /* as in JavaScript: "topK"; NUL-terminated */

typedef struct jl_bias {
    int32_t id;
    float bias; /* −∞: never */
} jl_bias;

enum { JL_MAX_BIAS = 1 << 16, JL_MAX_BREAKERS = 64 };

/* Pointers are borrowed during the call, and copied by generate(). */
typedef struct jl_sampling {
    float temperature;    /* 0: greedy, the most probable token */
    int top_k;            /* keep the k most probable; 0: all */
    float top_p;          /* keep the most probable until they sum to at least p; 1: all */
    float min_p;          /* keep tokens with at least min_p times the maximum; 0: all */
    float repeat_penalty; /* divide positive, multiply negative logits of recent tokens; 1: none */
    int repeat_last;      /* number of recent tokens of the three penalties */
    uint64_t seed;
    float frequency_penalty; /* subtracted for each occurrence of a recent token; 0: none */
    float presence_penalty;  /* subtracted once; 0: none */
    float dry_multiplier; /* 0: none; else subtract multiplier · base^(length − allowed) from */
    float dry_base;       /* tokens that continue a repeated sequence of `length` tokens, if */
    int dry_allowed;      /* that is at least `allowed` */
    int dry_last;         /* number of recent tokens */
    const char
        *dry_breakers; /* concatenated strings, each NUL-terminated: tokens with one of them */
    int n_breakers;    /* end a sequence */
    float temperature_range;    /* temperature ± range by the entropy (dynamic); 0: none */
    float temperature_exponent; /* of the normalised entropy */
    float typical_p;            /* keep the most typical until they sum to more than p; 1: all */
    float xtc_probability;      /* of the removal; 0: none */
    float xtc_threshold;        /* of all tokens this probable only the last is kept */
    float mirostat_tau;         /* target surprise in bits; 0: none */
    float mirostat_eta;         /* learning rate */
    const jl_bias *bias;        /* [n_bias] */
    int n_bias;
    const char *grammar;            /* GBNF, NUL-terminated; NULL: none. llama.cpp's notation */
    uint8_t stages[JL_STAGE_COUNT]; /* [n_stages] jl_stage, in order, each at most once */
    int n_stages;
} jl_sampling;
jl_sampling jl_sampling_default(void); /* the defaults; seed 0 */

typedef struct jl_candidate {
    int32_t id;
    float probability; /* after the stage, renormalised over kept tokens */
} jl_candidate;

#endif
