/* workspace.h - arrays of one forward and backward pass, for all kinds of network.
 *
 * Per-layer arrays keep what backward needs; the rest is scratch. n = B·T rows, d = embedding
 * length, q and kv = heads × head size.
 */
#ifndef JL_WORKSPACE_H
#define JL_WORKSPACE_H

#include "network.h"

enum { JLT_LOSS_ROWS = 256 }; /* maximum rows of logits at a time */

/* Activations of a decoder block, kept for backward. */
typedef struct jlt_kept {
    jlt_real *x, *mid;       /* [n][d] residual stream before attention, before FFN */
    jlt_real *norm1, *norm2; /* [n][2] */
    jlt_real *h1, *h2;       /* [n][d] normed */
    jlt_real *qkv;           /* [n][q + 2·kv], rotated */
    jlt_real *p;             /* [B][H][T][T] */
    jlt_real *heads;         /* [n][q] */
    jlt_real *in;            /* [n][2·ff] or [n][ff] */
    jlt_real *act;           /* [n][ff] */
    uint8_t *drop1, *drop2;  /* [n][d] masks */
} jlt_kept;

struct jlt_workspace {
    int B, T; /* capacity */
    jlt_kept *layers;
    jlt_real *x, *norm, *h; /* [n][d], [n][2], [n][d]: after the last block */
    uint8_t *drop;          /* [n][d] dropout mask of the embedding */
    int32_t *target;        /* [n] */
    jlt_real *logits;       /* [JLT_LOSS_ROWS][vocab] */
    jlt_real *cs;           /* [T][hd/2][2] rotation, or [T][d] added positions */
    /* backward */
    jlt_real *dx, *dh, *sub; /* [n][d] */
    jlt_real *dqkv, *dheads, *din, *dact;
    jlt_real *scratch; /* [JLT_QUERY_BLOCK][T] */
    /* the baselines */
    jlt_real *input;  /* [n][3·d] GRU: W x;  window: [n][window·d] */
    jlt_real *state;  /* [n][3·d] GRU: U h */
    jlt_real *gates;  /* [n][3·d] GRU: z, r, c;  window: [n][ff] */
    jlt_real *states; /* [B][T + 1][d] GRU: h, zero at the start of each sequence */
    jlt_real *dinput, *dstate, *dgates;
    void *block; /* owned */
};

static inline jlt_real *jlt_reals(jl_arena *arena, size_t n, int width) {
    return jl_arena_take(arena, (uint64_t)n * (uint64_t)width * sizeof(jlt_real));
}

/* Lays out the arrays (an arena without base only counts). */
void jlt_workspace_take_transformer(jlt_workspace *ws, jl_arena *arena, const jlt_network *net);
void jlt_workspace_take_baseline(jlt_workspace *ws, jl_arena *arena, const jlt_network *net);

/* Adds a tensor (or only counts while net->tensors is NULL); returns its offset. */
size_t jlt_network_add(jlt_network *net, const char *name, int layer, int rows, int cols,
                       double start);
void jlt_network_list_transformer(jlt_network *net);
void jlt_network_list_baseline(jlt_network *net);

/* Forward draws a mask [n] and applies it to x; backward applies it again. Without dropout neither
 * does anything. */
void jlt_dropout_forward(const jlt_network *net, jl_random *drop, jlt_real *x, uint8_t *mask,
                         size_t n);
void jlt_dropout_backward(const jlt_network *net, const jl_random *drop, jlt_real *x,
                          const uint8_t *mask, size_t n);

/* x [B·T][d] = rows of the embedding; its backward. */
void jlt_embed(const jlt_network *net, const jlt_real *params, const int32_t *ids, int B, int T,
               jlt_real *x);
void jlt_embed_backward(const jlt_network *net, const int32_t *ids, int B, int T,
                        const jlt_real *dx, jlt_real *grads);

/* Logits = E h, softmax, cross-entropy with the next ids, JLT_LOSS_ROWS rows at a time. With grads:
 * overwrites dh, adds the embedding's gradient. */
double jlt_head_loss(const jlt_network *net, jlt_workspace *ws, const jlt_real *params,
                     const int32_t *ids, int B, int T, const jlt_real *h, jlt_real *dh,
                     jlt_real *grads, double scale);

double jlt_loss_transformer(const jlt_network *net, jlt_workspace *ws, const jlt_real *params,
                            const int32_t *ids, int B, int T, jlt_real *grads, double scale,
                            jl_random *drop);
double jlt_loss_baseline(const jlt_network *net, jlt_workspace *ws, const jlt_real *params,
                         const int32_t *ids, int B, int T, jlt_real *grads, double scale,
                         jl_random *drop);

#endif
