/* pass.h - the cache and buffers of a pass over a batch, or over some of its rows.
 *
 * A pass evaluates n consecutive positions. It writes only to the cache and the scratch, both owned
 * by the session. A sublayer (attention.c, feed_forward.c) reads h, the normalised residual stream,
 * and writes delta; forward.c adds delta to the stream.
 */
#ifndef JL_PASS_H
#define JL_PASS_H

#include "../base/arena.h"
#include "../compute/parallel.h"
#include "../model/model.h"
#include "../jielong_inside.h"
#include "meter.h"

/* What a pass reads and edits. Tokens of requests are absolute positions here. */
typedef struct jl_probe {
    const jl_edit *edits; /* [n_edits] */
    const jl_tap *taps;   /* [n_taps] */
    int n_edits, n_taps;
    int n_keys;                   /* S: columns of scores and patterns */
    float *row[JL_MAX_THREADS];   /* [context] a thread's scores of one query */
    float *slots[JL_MAX_THREADS]; /* [slots] the same in the order of the cache */
    float *norm;                  /* [embd] a row between the steps of a norm */
    float *logits;                /* [vocab] of rows whose logits only the probe requests */
} jl_probe;

/* What is kept of earlier tokens. Keys and values, floats or 16 bits, in tiles (jl_kv_store):
 * [block with attention][KV head][tile of JL_KV_TILE positions]. Inputs of the short
 * convolutions, last n_conv_rows positions: [block with one][position % n_conv_rows][embd]. With a
 * window, only the sinks (the first positions) and a ring of the latest ones (jl_cache_slot).
 * Of recurrent blocks, JL_STATES copies of the state of all (recurrent.h), each of another
 * position: a batch reads one and writes another, the others are checkpoints (session/states.c). */
enum { JL_STATES = 4 };

typedef struct jl_cache {
    jl_kv_type type;
    uint8_t *k, *v; /* tiles of jl_kv_tile_bytes(type, head_dim) */
    int n_tiles;
    int sinks, ring;        /* positions each; ring 0: all are kept */
    float *sink_k, *sink_v; /* [block with attention][sink][kv·hd] before RoPE, to move the sinks */
    float *conv;
    int n_conv_rows;          /* at least batch + kernel length */
    float *states;            /* [JL_STATES][recurrent block][floats] */
    int state_at[JL_STATES];  /* tokens that each summarises; 0: none */
    int state_from, state_to; /* what the batch reads (−1: the state 0) and writes */
} jl_cache;

/* A text of several that are evaluated together: tokens [first, end), which only see each other.
 * Its keys begin in the cache's tile `tile`, so that attention groups them as in the text alone. */
typedef struct jl_text_range {
    int first, end, tile;
} jl_text_range;

/* One thread's buffers for the queries of one KV head, at most n × group of them. */
typedef struct jl_attention_scratch {
    float *q, *out; /* [queries][head_dim] scaled queries; attention outputs */
    int *n_keys;    /* [queries] visible keys: [0, n_keys), */
    int *first;     /* [queries] or [first, n_keys) with a window */
    float *slope;   /* [queries] ALiBi slope of the query's head */
    float *bias;    /* [queries][slots] of a session with rules; NULL: none */
    void *kernel;   /* jl_attention_bytes() */
} jl_attention_scratch;

/* Buffers for a batch of up to n_batch tokens, and for the n ≤ n_step rows of a step. Widths as in
 * jl_hparams. */
typedef struct jl_scratch {
    float *x;          /* [n_batch][embd] the residual stream */
    float *h;          /* [n][embd] norm(x), input of a sublayer */
    float *delta;      /* [n][embd] output of a sublayer */
    float *q, *k, *v;  /* [n][heads·hd], [n][kv·hd], [n][kv·hd]; of a convolution [n][embd] */
    float *heads;      /* [n][heads·hd] outputs of the heads */
    float *head_gates; /* [n][heads·hd] their gates, where queries have one */
    struct {
        float *mixed, *conv; /* [n][channels] before and after the convolution */
        float *z, *out;      /* [n][inner] gates; outputs of the heads */
        float *alpha, *beta; /* [n][heads] */
        float *b, *c, *dt;   /* Mamba: [n][state], [n][state], [n][inner] */
        float *sum;          /* [n][embd] attention's output, beside Mamba 2 */
    } ssm;                   /* of recurrent blocks; widths as in jl_ssm_lengths */
    float *gate, *up;        /* [n][ff] */
    struct {
        float *shares; /* [n][experts] weights of the experts' outputs; 0: unused */
        float *scores; /* [experts] of one token */
        int *tokens;   /* [n] tokens routed to one expert */
        float *x;      /* [n][embd] their rows; then its outputs */
    } experts;
    float *angles[JL_ROPE_SCOPES];                  /* [n_batch][pairs][2] */
    const jl_rope_table *rope[JL_ROPE_SCOPES];      /* borrowed from the model */
    void *act;                                      /* prepared activations of one product */
    jl_pool *pool;                                  /* borrowed, or NULL */
    size_t bias_stride;                             /* slots in a row of a bias */
    float *sink_angles;                             /* [pairs][2] */
    jl_meter *meter;                                /* borrowed from the session */
    jl_attention_scratch attention[JL_MAX_THREADS]; /* jl_pool_max(pool) of them */
} jl_scratch;

typedef struct jl_pass {
    const jl_model *m;
    const jl_cache *cache;
    jl_scratch *s;
    int n, pos;                 /* tokens, position of the first */
    int row;                    /* of the first in the scratch's x and angles */
    int end;                    /* position after the batch; encoders attend to [0, end) */
    uint32_t sites;             /* 1 << site for the sites of the probe */
    int pattern_block;          /* ends with its patterns, nothing later is requested; −1: none */
    const jl_probe *probe;      /* of the run or the session; borrowed */
    const jl_rules *rules;      /* of the session; NULL: the model's own */
    const jl_text_range *texts; /* [end] the text of each token, without rules; NULL: one text */
} jl_pass;
_Static_assert(JL_SITE_COUNT <= 32, "a set of sites has 32 places");

/* The residual stream [n][embd] of the pass. */
static inline float *jl_pass_stream(const jl_pass *p) {
    return p->s->x + (size_t)p->row * (size_t)p->m->h.n_embd;
}

/* The first token of the text of token t, and the end of that text. */
static inline int jl_pass_text_first(const jl_pass *p, int t) {
    return p->texts ? p->texts[t].first : 0;
}
static inline int jl_pass_text_end(const jl_pass *p, int t) {
    return p->texts ? p->texts[t].end : p->end;
}

/* Slots in use when the positions before `end` are stored. */
static inline int jl_cache_used(const jl_cache *c, int end) {
    int slots = c->sinks + c->ring;
    return c->ring && slots < end ? slots : end;
}

/* The slot of a position in the cache. */
static inline int jl_cache_slot(const jl_cache *c, int position) {
    return c->ring == 0 || position < c->sinks ? position
                                               : c->sinks + (position - c->sinks) % c->ring;
}

/* The slot of the key of token t. */
static inline int jl_pass_slot(const jl_pass *p, int t) {
    const jl_text_range *text = p->texts ? &p->texts[t] : NULL;
    return text ? text->tile * JL_KV_TILE + t - text->first : jl_cache_slot(p->cache, t);
}

#endif
