/* workspace.h - the arrays of one forward and backward pass, shared by the kinds of network.
 *
 * What the way back needs of the way there is kept, layer by layer; the rest is scratch. Shapes
 * with n = B·T rows, d = embedding length, q and kv = heads × head size.
 */
#ifndef JL_WORKSPACE_H
#define JL_WORKSPACE_H

#include "network.h"

enum { JL_LOSS_ROWS = 256 }; /* rows whose logits exist at one time */

/* What a block of the decoder keeps. */
typedef struct jl_kept {
    jl_real *x, *mid;       /* [n][d] residual stream before attention, before feed-forward */
    jl_real *norm1, *norm2; /* [n][2] */
    jl_real *h1, *h2;       /* [n][d] normed */
    jl_real *qkv;           /* [n][q + 2·kv], turned */
    jl_real *p;             /* [B][H][T][T] */
    jl_real *heads;         /* [n][q] */
    jl_real *in;            /* [n][2·ff] or [n][ff] */
    jl_real *act;           /* [n][ff] */
    uint8_t *drop1, *drop2; /* [n][d] masks */
} jl_kept;

struct jl_workspace {
    int B, T; /* room */
    jl_kept *layers;
    jl_real *x, *norm, *h; /* [n][d], [n][2], [n][d]: after the last block */
    uint8_t *drop;         /* [n][d] of the embedding */
    int32_t *target;       /* [n] */
    jl_real *logits;       /* [JL_LOSS_ROWS][vocab] */
    jl_real *cs;           /* [T][hd/2][2] or [T][d]: what the position scheme adds or turns by */
    /* backward */
    jl_real *dx, *dh, *sub; /* [n][d] */
    jl_real *dqkv, *dheads, *din, *dact;
    jl_real *scratch; /* [JL_QUERY_BLOCK][T] */
    /* the ancestors */
    jl_real *input;  /* [n][3·d] GRU: W x;  window: [n][window·d] */
    jl_real *state;  /* [n][3·d] GRU: U h */
    jl_real *gates;  /* [n][3·d] GRU: z, r, c;  window: [n][ff] */
    jl_real *states; /* [B][T + 1][d] GRU: h, the first of each sequence zero */
    jl_real *dinput, *dstate, *dgates;
    void *block; /* owned */
};

static inline jl_real *jl_reals(jl_arena *arena, size_t n, int width) {
    return jl_arena_take(arena, (uint64_t)n * (uint64_t)width * sizeof(jl_real));
}

/* Lays the arrays out (arena without a base: counts). */
void jl_workspace_take_transformer(jl_workspace *ws, jl_arena *arena, const jl_network *net);
void jl_workspace_take_ancestor(jl_workspace *ws, jl_arena *arena, const jl_network *net);

/* Adds a tensor to the list (or only counts while net->tensors is NULL); returns its offset. */
size_t jl_network_add(jl_network *net, const char *name, int layer, int rows, int cols,
                      double start);
void jl_network_list_transformer(jl_network *net);
void jl_network_list_ancestor(jl_network *net);

/* Draws a mask for n numbers at x and drops in place, where there is dropout at all; and its way
 * back. */
void jl_drop_draw(const jl_network *net, jl_random *drop, jl_real *x, uint8_t *mask, size_t n);
void jl_drop_again(const jl_network *net, const jl_random *drop, jl_real *x, const uint8_t *mask,
                   size_t n);

/* x [B·T][d] = rows of the embedding; and its way back. */
void jl_embed(const jl_network *net, const jl_real *params, const int32_t *ids, int B, int T,
              jl_real *x);
void jl_embed_back(const jl_network *net, const int32_t *ids, int B, int T, const jl_real *dx,
                   jl_real *grads);

/* Logits = E h, softmax, cross-entropy with ids one further on, in pieces of JL_LOSS_ROWS rows;
 * with grads: dh overwritten and the embedding's gradient added to. */
double jl_head_loss(const jl_network *net, jl_workspace *ws, const jl_real *params,
                    const int32_t *ids, int B, int T, const jl_real *h, jl_real *dh, jl_real *grads,
                    double scale);

double jl_loss_transformer(const jl_network *net, jl_workspace *ws, const jl_real *params,
                           const int32_t *ids, int B, int T, jl_real *grads, double scale,
                           jl_random *drop);
double jl_loss_ancestor(const jl_network *net, jl_workspace *ws, const jl_real *params,
                        const int32_t *ids, int B, int T, jl_real *grads, double scale,
                        jl_random *drop);

#endif
