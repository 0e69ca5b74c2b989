/* pick.h - the only dispatch in C: maps the plain name of a kernel to a variant.
 *
 * Included at the end of kernels.h, so jl_matmul(...) calls the best variant of the build. The
 * choice is made at compile time, because a WebAssembly module with simd128 does not validate on an
 * engine without it. jl_act_prepare and jl_matmul also choose at run time: by the precision of the
 * product (exact or fast) and, if fast, between own and relaxed kernels (precision.h;
 * web/engine/kernels.js sets both). All variants of a precision give the same bits.
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

#define jl_rms_norm         JL_PICK(jl_rms_norm)
#define jl_layer_norm       JL_PICK(jl_layer_norm)
#define jl_add              JL_PICK(jl_add)
#define jl_add_scaled       JL_PICK(jl_add_scaled)
#define jl_mul              JL_PICK(jl_mul)
#define jl_silu_mul         JL_PICK(jl_silu_mul)
#define jl_gelu             JL_PICK(jl_gelu)
#define jl_relu_squared     JL_PICK(jl_relu_squared)
#define jl_soft_cap         JL_PICK(jl_soft_cap)
#define jl_max              JL_PICK(jl_max)
#define jl_nan_to_neg_inf   JL_PICK(jl_nan_to_neg_inf)
#define jl_dot_rows         JL_PICK(jl_dot_rows)
#define jl_softmax_exp      JL_PICK(jl_softmax_exp)
#define jl_exp_total        JL_PICK(jl_exp_total)
#define jl_kv_store         JL_PICK(jl_kv_store)
#define jl_attention        JL_PICK(jl_attention)
#define jl_attention_scores JL_PICK(jl_attention_scores)
#define jl_softmax          JL_PICK(jl_softmax)
#define jl_attention_values JL_PICK(jl_attention_values)
#define jl_sgemm            JL_PICK(jl_sgemm)

static inline void jl_act_prepare(jl_act *a, const float *x, int n, int cols, jl_layout layout) {
    const jl_precision *p = a->precision;
    (!p                              ? JL_PICK(jl_act_prepare)
     : jl_uses_relaxed(p, layout, n) ? p->prepare
                                     : JL_PICK(jl_act_prepare_fast))(a, x, n, cols, layout);
}
static inline void jl_matmul(const jl_matrix *w, const jl_act *a, float *y, int panel0,
                             int panel1) {
    int relaxed = a->precision && jl_uses_relaxed(a->precision, w->layout, a->n);
    (relaxed ? a->precision->matmul : JL_PICK(jl_matmul))(w, a, y, panel0, panel1);
}

/* Only __ref: these are rare, or cheap compared to the products. */
#define jl_matrix_row jl_matrix_row__ref
#define jl_exp        jl_exp__ref
#define jl_rope       jl_rope__ref
#define jl_scale      jl_scale__ref

#endif
