/* precision.c - the precision of a loaded model's products, and who computes them.
 *
 * Place in the flow: a model is loaded; the host sets the precision of each class of weights and
 * may provide kernels for it (compute/relaxed.c), before the first session. Matrices point into
 * m->fast, so that setting it is all there is to do.
 */
#include "model.h"

#include "../jielong.h"

const jl_fast *jl_model_fast(jl_model *m, jl_layout layout) {
    if (!jl_fast_serves(layout)) return NULL;
    int of_8 = jl_forms[layout].bits == 8;
    m->has_class[of_8] = 1;
    return &m->fast[of_8];
}

void jl_model_set_fast(jl_model *m, jl_weight_class weights, const jl_fast *fast) {
    jl_fast *to = &m->fast[weights == JL_WEIGHTS_OF_8];
    *to = fast ? *fast : (jl_fast){ 0 };
    if (!to->on || !to->prepare || !to->matmul) to->provided = 0;
}

void jl_model_use_provided(jl_model *m, int provided) {
    for (int i = 0; i < 2; i++)
        if (m->fast[i].on && m->fast[i].prepare && m->fast[i].matmul)
            m->fast[i].provided = provided;
}

const char *jl_model_kernels(const jl_model *m) {
    return m->fast[0].matmul || m->fast[1].matmul ? JL_KERNELS ", relaxed" : JL_KERNELS;
}

const char *jl_model_precision(const jl_model *m) {
    static const char *const names[] = { "exact", "fast below 8 bits", "fast for 8 bits", "fast" };
    int below = m->has_class[0] && m->fast[0].on, of_8 = m->has_class[1] && m->fast[1].on;
    if (below == m->has_class[0] && of_8 == m->has_class[1] && (below || of_8)) return names[3];
    return names[below + 2 * of_8];
}
