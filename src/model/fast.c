/* fast.c - precision `fast`: products by kernels that the host brings, activations of 8 bits.
 *
 * Place in the flow: a model is loaded; the host lends kernels (compute/relaxed.c, or their
 * oracle), measures them against its own on the model's own matrices, and keeps what is faster.
 * Matrices point into m->fast, so that choosing is writing there. To be done before the first
 * session.
 */
#include "model.h"

#include "../base/memory.h"
#include "../jielong.h"

const jl_fast *jl_model_fast(const jl_model *m, jl_layout layout) {
    return jl_fast_serves(layout) ? &m->fast[jl_forms[layout].bits == 8] : NULL;
}

void jl_model_set_fast(jl_model *m, jl_weight_class weights, const jl_fast *fast) {
    m->fast[weights == JL_WEIGHTS_OF_8] = fast ? *fast : (jl_fast){ NULL, NULL };
}

const char *jl_model_kernels(const jl_model *m) {
    static const char *const names[] = { JL_KERNELS, JL_KERNELS ", relaxed below 8 bits",
                                         JL_KERNELS ", relaxed for 8 bits", "relaxed" };
    return names[(m->fast[0].matmul ? 1 : 0) + (m->fast[1].matmul ? 2 : 0)];
}

/* A matrix of the first block of that class; NULL: there is none. */
static const jl_matrix *find(const jl_model *m, jl_weight_class weights) {
    const jl_layer *l = m->w.layers;
    const jl_linear *list[] = { &l->up, &l->gate, &l->q, &l->o, &l->k, &l->v, &l->down };
    for (int i = 0; m->arch && i < 7; i++)
        if (list[i]->w.data && list[i]->w.fast == &m->fast[weights == JL_WEIGHTS_OF_8])
            return &list[i]->w;
    return NULL;
}

int jl_model_try_product(const jl_model *m, jl_weight_class weights, int times) {
    enum { TOKENS = 8, SINGLES = 4, PANELS = 8 };
    const jl_matrix *w = find(m, weights);
    size_t cols = w ? (size_t)w->cols : 0, rows = w ? (size_t)w->rows : 0;
    float *x = w ? jl_alloc_array(cols * TOKENS, sizeof *x) : NULL;
    float *y = x ? jl_alloc_array(rows * TOKENS, sizeof *y) : NULL;
    void *scratch = y ? jl_alloc(jl_act_bytes(TOKENS, w->cols)) : NULL;
    int panels = (int)((rows + JL_PANEL - 1) / JL_PANEL);
    panels = panels < PANELS ? panels : PANELS;
    for (int i = 0; scratch && i < times; i++) {
        jl_act a;
        jl_act_init(&a, scratch, TOKENS, w->cols);
        a.fast = w->fast->matmul ? w->fast : NULL;
        jl_act_prepare(&a, x, TOKENS, w->cols, w->layout);
        jl_matmul(w, &a, y, 0, panels);
        jl_act_prepare(&a, x, 1, w->cols, w->layout);
        for (int k = 0; k < SINGLES; k++) jl_matmul(w, &a, y, 0, panels);
    }
    jl_free(scratch), jl_free(y), jl_free(x);
    return scratch != NULL;
}
