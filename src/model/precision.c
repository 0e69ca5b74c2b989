/* precision.c - the precision and kernels of a model's products.
 *
 * Place in the flow: after loading and before the first session, the host sets the precision of
 * each class of weights and may provide relaxed kernels (jielong_host.h). Matrices point to
 * m->precision, so they need no update.
 */
#include "../jielong_host.h"
#include "model.h"

const jl_precision *jl_model_precision_of(jl_model *m, jl_layout layout) {
    if (!jl_has_fast(layout)) return NULL;
    int of_8 = jl_quant_formats[layout].bits == 8;
    m->has_class[of_8] = 1;
    return &m->precision[of_8];
}

int jl_model_set_precision(jl_model *m, jl_weight_class weights, const jl_precision *precision) {
    int of_8 = weights == JL_WEIGHTS_OF_8;
    jl_precision *to = &m->precision[of_8];
    *to = precision ? *precision : (jl_precision){ 0 };
    if (!to->fast || !to->prepare || !to->matmul) to->relaxed = 0;
    return m->has_class[of_8];
}

void jl_model_use_relaxed(jl_model *m, int relaxed) {
    for (int i = 0; i < 2; i++)
        if (m->precision[i].fast && m->precision[i].prepare && m->precision[i].matmul)
            m->precision[i].relaxed = relaxed;
}

const char *jl_model_kernels(const jl_model *m) {
    return m->precision[0].matmul || m->precision[1].matmul ? JL_KERNELS ", relaxed" : JL_KERNELS;
}

const char *jl_model_precision(const jl_model *m) {
    static const char *const names[] = { "exact", "fast below 8 bits", "fast for 8 bits", "fast" };
    int below = m->has_class[0] && m->precision[0].fast,
        of_8 = m->has_class[1] && m->precision[1].fast;
    if (below == m->has_class[0] && of_8 == m->has_class[1] && (below || of_8)) return names[3];
    return names[below + 2 * of_8];
}
