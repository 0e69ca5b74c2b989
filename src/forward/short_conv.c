/* short_conv.c - the gated short convolution of LFM2 (Liquid AI 2025).
 *
 *   b, c, x = W_in h;  u = b ⊙ x
 *   delta = W_out (c ⊙ y),  y_t = Σ_i k_i ⊙ u_{t − L + 1 + i},  i = 0 … L − 1 ascending, u_{<0} = 0
 *
 * Place in the flow: first sublayer of such a block (forward.c). The cache holds u of recent
 * positions, row position % n_conv_rows, so a rewind within its length costs nothing (session.c).
 * Each channel has its own kernel k of L floats (depthwise), so this is no matrix product.
 */
#include "short_conv.h"

#include <string.h>

#include "linear.h"

/* The cache row of a position. */
static float *row_of(const jl_pass *p, int block, int position) {
    size_t rows = (size_t)p->cache->n_conv_rows, width = (size_t)p->m->h.n_embd;
    size_t row = (size_t)position % rows;
    return p->cache->conv + ((size_t)p->m->w.blocks[block].slot * rows + row) * width;
}

/* Stores u of the batch; b and x are q and v of the scratch. */
static void store(const jl_pass *p, int block) {
    size_t width = (size_t)p->m->h.n_embd;
    for (int t = 0; t < p->n; t++) {
        float *u = row_of(p, block, p->pos + t);
        memcpy(u, p->s->q + (size_t)t * width, width * sizeof *u);
        jl_mul(u, p->s->v + (size_t)t * width, p->m->h.n_embd);
    }
}

/* y [embd] at a position. */
static void convolve(const jl_pass *p, int block, int position, float *y) {
    const float *kernel = p->m->w.blocks[block].conv;
    int length = p->m->h.conv_length, width = p->m->h.n_embd;
    memset(y, 0, (size_t)width * sizeof *y);
    for (int i = 0; i < length; i++) {
        int from = position - length + 1 + i;
        if (from < 0) continue;
        const float *u = row_of(p, block, from);
        for (int c = 0; c < width; c++) y[c] += kernel[c * length + i] * u[c];
    }
}

void jl_short_conv_sublayer(const jl_pass *p, int block) {
    const jl_block *b = &p->m->w.blocks[block];
    jl_scratch *s = p->s;
    int width = p->m->h.n_embd;
    const jl_linear *in[] = { &b->conv_in[0], &b->conv_in[1], &b->conv_in[2] };
    const jl_linear *out[] = { &b->conv_out };
    jl_part_begin(s->meter, JL_PART_QKV);
    jl_linear_forward(s, s->h, p->n, in, (float *[]){ s->q, s->k, s->v }, 3);
    jl_part_begin(s->meter, JL_PART_OTHER);
    store(p, block);
    for (int t = 0; t < p->n; t++) convolve(p, block, p->pos + t, s->q + (size_t)t * (size_t)width);
    jl_mul(s->q, s->k, p->n * width);
    jl_part_begin(s->meter, JL_PART_OUTPUT);
    jl_linear_forward(s, s->q, p->n, out, &s->delta, 1);
    jl_part_begin(s->meter, JL_PART_OTHER);
}

void jl_short_conv_store(const jl_pass *p, int block) {
    const jl_block *b = &p->m->w.blocks[block];
    const jl_linear *in[] = { &b->conv_in[0], &b->conv_in[2] };
    jl_linear_forward(p->s, p->s->h, p->n, in, (float *[]){ p->s->q, p->s->v }, 2);
    store(p, block);
}
