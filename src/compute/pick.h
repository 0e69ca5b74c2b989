/* pick.h - the only dispatch: which variant of a kernel its plain name means.
 *
 * Included at the end of kernels.h, so every caller writes jl_matmul(...) and gets the best variant
 * of the build. The choice is made when compiling: a WebAssembly module with simd128 does not
 * validate on an engine without it, so there is nothing to decide at run time. All variants give
 * the same bits. Only products of precision `fast` may be computed by kernels that the host
 * provides (fast.h); a flag beside them says when.
 */
#ifndef JL_PICK_H
#define JL_PICK_H

#ifdef __wasm_simd128__
#define JL_PICK(name) name##__simd
#define JL_KERNELS    "simd128"
#else
#define JL_PICK(name) name##__ref
#define JL_KERNELS    "scalar"
#endif

#define jl_rms_norm          JL_PICK(jl_rms_norm)
#define jl_layer_norm        JL_PICK(jl_layer_norm)
#define jl_add               JL_PICK(jl_add)
#define jl_add_scaled        JL_PICK(jl_add_scaled)
#define jl_mul               JL_PICK(jl_mul)
#define jl_silu_mul          JL_PICK(jl_silu_mul)
#define jl_gelu              JL_PICK(jl_gelu)
#define jl_soft_cap          JL_PICK(jl_soft_cap)
#define jl_max               JL_PICK(jl_max)
#define jl_numbers           JL_PICK(jl_numbers)
#define jl_exp_sum           JL_PICK(jl_exp_sum)
#define jl_sum_exp           JL_PICK(jl_sum_exp)
#define jl_kv_store          JL_PICK(jl_kv_store)
#define jl_attention         JL_PICK(jl_attention)
#define jl_attention_weights JL_PICK(jl_attention_weights)
#define jl_product           JL_PICK(jl_product)

static inline void jl_act_prepare(jl_act *a, const float *x, int n, int cols, jl_layout layout) {
    (!a->fast                               ? JL_PICK(jl_act_prepare)
     : jl_fast_provided(a->fast, layout, n) ? a->fast->prepare
                                            : JL_PICK(jl_act_prepare_fast))(a, x, n, cols, layout);
}
static inline void jl_matmul(const jl_matrix *w, const jl_act *a, float *y, int panel0,
                             int panel1) {
    int provided = a->fast && jl_fast_provided(a->fast, w->layout, a->n);
    (provided ? a->fast->matmul : JL_PICK(jl_matmul))(w, a, y, panel0, panel1);
}

/* One variant is enough: these are rare, or small beside the products around them. */
#define jl_matrix_row jl_matrix_row__ref
#define jl_exp        jl_exp__ref
#define jl_rope       jl_rope__ref
#define jl_scale      jl_scale__ref

#endif
