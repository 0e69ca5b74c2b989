/* arch.c - the table of architectures and their tensors.
 *
 * Place in the flow: metadata → [a row] → shape-checked weights → forward pass. Tensor names are
 * those of the GGUF specification ("Standardized tensor names"). Each architecture follows its
 * paper or reference code, and llama.cpp where these are ambiguous. A row sets only what differs
 * from the default.
 */
#include "arch.h"

#include <string.h>

#include "weights.h"

#define MODEL(field) offsetof(jl_weights, field)
#define BLOCK(field) offsetof(jl_block, field)
#define SET(tensor)  ((jl_tensor_set)1 << (tensor))

/* ---- Tensors --------------------------------------------------------------------------------- */

#define TENSOR(name, kind, slot, rows, cols)                                                       \
    { name, JL_DIM_##cols, kind, { { slot, JL_DIM_##rows } }, 0 }
#define VECTOR(name, slot, length)       TENSOR(name, JL_ONE_MATRIX, slot, length, NONE)
#define MATRIX(name, slot, rows, cols)   TENSOR(name, JL_ONE_MATRIX, slot, rows, cols)
#define EXPERTS_(name, slot, rows, cols) TENSOR(name, JL_EXPERTS, slot, rows, cols)

const jl_tensor_spec jl_tensor_specs[JL_TENSOR_COUNT] = {
    [JL_TOKEN_EMBD] = MATRIX("token_embd.weight", MODEL(token_embd), VOCAB, EMBD),
    [JL_POSITION_EMBD] = MATRIX("position_embd.weight", MODEL(position_embd), CONTEXT, EMBD),
    [JL_TYPE_EMBD] = TENSOR("token_types.weight", JL_FLOATS, MODEL(type_embd), TYPES, EMBD),
    [JL_TOKEN_NORM] = VECTOR("token_embd_norm.weight", MODEL(token_norm.weight), EMBD),
    [JL_TOKEN_NORM_B] = VECTOR("token_embd_norm.bias", MODEL(token_norm.bias), EMBD),
    [JL_OUTPUT_NORM] = VECTOR("output_norm.weight", MODEL(output_norm.weight), EMBD),
    [JL_OUTPUT_NORM_B] = VECTOR("output_norm.bias", MODEL(output_norm.bias), EMBD),
    [JL_OUTPUT_NORM_LFM2] = VECTOR("token_embd_norm.weight", MODEL(output_norm.weight), EMBD),
    [JL_OUTPUT_NORM_ENC] = VECTOR("enc.output_norm.weight", MODEL(output_norm.weight), EMBD),
    [JL_OUTPUT] = MATRIX("output.weight", MODEL(output.w), VOCAB, EMBD),
    [JL_OUTPUT_B] = VECTOR("output.bias", MODEL(output.bias), VOCAB),
    [JL_ROPE_FREQS] = VECTOR("rope_freqs.weight", MODEL(rope_factors), PAIRS),
    [JL_ROPE_LONG] = VECTOR("rope_factors_long.weight", MODEL(rope_long), PAIRS),
    [JL_ROPE_SHORT] = VECTOR("rope_factors_short.weight", MODEL(rope_short), PAIRS),
#ifdef JL_ALL
    [JL_DENSE_2] = MATRIX("dense_2.weight", MODEL(dense[0].w), DENSE, EMBD),
    [JL_DENSE_3] = MATRIX("dense_3.weight", MODEL(dense[1].w), EMBD, DENSE),
    [JL_CLS] = MATRIX("cls.weight", MODEL(cls.w), EMBD, EMBD),
    [JL_CLS_B] = VECTOR("cls.bias", MODEL(cls.bias), EMBD),
    [JL_CLS_ONE] = MATRIX("cls.weight", MODEL(cls.w), ONE, EMBD),
    [JL_CLS_ONE_B] = VECTOR("cls.bias", MODEL(cls.bias), ONE),
    [JL_CLS_NORM] = VECTOR("cls.norm.weight", MODEL(cls_norm.weight), EMBD),
    [JL_CLS_OUT] = MATRIX("cls.output.weight", MODEL(cls_out.w), LABELS, EMBD),
    [JL_CLS_OUT_B] = VECTOR("cls.output.bias", MODEL(cls_out.bias), LABELS),
#endif
    [JL_ATTN_NORM] = VECTOR("attn_norm.weight", BLOCK(attn_norm.weight), EMBD),
    [JL_ATTN_NORM_B] = VECTOR("attn_norm.bias", BLOCK(attn_norm.bias), EMBD),
    [JL_ATTN_NORM_2] = VECTOR("attn_norm_2.weight", BLOCK(falcon_norm.weight), EMBD),
    [JL_ATTN_NORM_2_B] = VECTOR("attn_norm_2.bias", BLOCK(falcon_norm.bias), EMBD),
    [JL_ATTN_Q] = MATRIX("attn_q.weight", BLOCK(q.w), Q, EMBD),
    [JL_ATTN_Q_B] = VECTOR("attn_q.bias", BLOCK(q.bias), Q),
    [JL_ATTN_K] = MATRIX("attn_k.weight", BLOCK(k.w), KV, EMBD),
    [JL_ATTN_K_B] = VECTOR("attn_k.bias", BLOCK(k.bias), KV),
    [JL_ATTN_V] = MATRIX("attn_v.weight", BLOCK(v.w), KV, EMBD),
    [JL_ATTN_V_B] = VECTOR("attn_v.bias", BLOCK(v.bias), KV),
    [JL_ATTN_QKV] = { "attn_qkv.weight",
                      JL_DIM_EMBD,
                      JL_ONE_MATRIX,
                      { { BLOCK(q.w), JL_DIM_Q },
                        { BLOCK(k.w), JL_DIM_KV },
                        { BLOCK(v.w), JL_DIM_KV } },
                      SET(JL_ATTN_Q) | SET(JL_ATTN_K) | SET(JL_ATTN_V) },
    [JL_ATTN_QKV_B] = { "attn_qkv.bias",
                        JL_DIM_NONE,
                        JL_ONE_MATRIX,
                        { { BLOCK(q.bias), JL_DIM_Q },
                          { BLOCK(k.bias), JL_DIM_KV },
                          { BLOCK(v.bias), JL_DIM_KV } },
                        SET(JL_ATTN_Q_B) | SET(JL_ATTN_K_B) | SET(JL_ATTN_V_B) },
    [JL_HEAD_Q_NORM] = VECTOR("attn_q_norm.weight", BLOCK(q_norm.weight), HEAD),
    [JL_HEAD_K_NORM] = VECTOR("attn_k_norm.weight", BLOCK(k_norm.weight), HEAD),
    [JL_WHOLE_Q_NORM] = VECTOR("attn_q_norm.weight", BLOCK(q_norm.weight), Q),
    [JL_WHOLE_K_NORM] = VECTOR("attn_k_norm.weight", BLOCK(k_norm.weight), KV),
    [JL_WHOLE_Q_NORM_B] = VECTOR("attn_q_norm.bias", BLOCK(q_norm.bias), Q),
    [JL_WHOLE_K_NORM_B] = VECTOR("attn_k_norm.bias", BLOCK(k_norm.bias), KV),
    [JL_ATTN_OUTPUT] = MATRIX("attn_output.weight", BLOCK(o.w), EMBD, Q),
    [JL_ATTN_OUTPUT_B] = VECTOR("attn_output.bias", BLOCK(o.bias), EMBD),
    [JL_ATTN_POST_NORM] = VECTOR("post_attention_norm.weight", BLOCK(attn_post_norm.weight), EMBD),
    [JL_ATTN_SUM_NORM] = VECTOR("attn_output_norm.weight", BLOCK(attn_sum_norm.weight), EMBD),
    [JL_ATTN_SUM_NORM_B] = VECTOR("attn_output_norm.bias", BLOCK(attn_sum_norm.bias), EMBD),
    [JL_FFN_NORM] = VECTOR("ffn_norm.weight", BLOCK(ffn_norm.weight), EMBD),
    [JL_FFN_NORM_B] = VECTOR("ffn_norm.bias", BLOCK(ffn_norm.bias), EMBD),
    [JL_FFN_GATE] = MATRIX("ffn_gate.weight", BLOCK(gate.w), FF, EMBD),
    [JL_FFN_GATE_B] = VECTOR("ffn_gate.bias", BLOCK(gate.bias), FF),
    [JL_FFN_UP] = MATRIX("ffn_up.weight", BLOCK(up.w), FF, EMBD),
    [JL_FFN_UP_B] = VECTOR("ffn_up.bias", BLOCK(up.bias), FF),
    [JL_FFN_GATE_UP] = { "ffn_up.weight",
                         JL_DIM_EMBD,
                         JL_ONE_MATRIX,
                         { { BLOCK(gate.w), JL_DIM_FF }, { BLOCK(up.w), JL_DIM_FF } },
                         SET(JL_FFN_GATE) | SET(JL_FFN_UP) },
    [JL_FFN_DOWN] = MATRIX("ffn_down.weight", BLOCK(down.w), EMBD, FF),
    [JL_FFN_DOWN_B] = VECTOR("ffn_down.bias", BLOCK(down.bias), EMBD),
    [JL_FFN_POST_NORM] = VECTOR("post_ffw_norm.weight", BLOCK(ffn_post_norm.weight), EMBD),
    [JL_FFN_SUM_NORM] = VECTOR("layer_output_norm.weight", BLOCK(ffn_sum_norm.weight), EMBD),
    [JL_FFN_SUM_NORM_B] = VECTOR("layer_output_norm.bias", BLOCK(ffn_sum_norm.bias), EMBD),
    [JL_ROUTER] = MATRIX("ffn_gate_inp.weight", BLOCK(router.w), EXPERTS, EMBD),
    [JL_EXPERT_GATE] = EXPERTS_("ffn_gate_exps.weight", BLOCK(expert_gate), EXPERT_FF, EMBD),
    [JL_EXPERT_UP] = EXPERTS_("ffn_up_exps.weight", BLOCK(expert_up), EXPERT_FF, EMBD),
    [JL_EXPERT_DOWN] = EXPERTS_("ffn_down_exps.weight", BLOCK(expert_down), EMBD, EXPERT_FF),
    [JL_SHARED_GATE] = MATRIX("ffn_gate_shexp.weight", BLOCK(shared_gate.w), SHARED_FF, EMBD),
    [JL_SHARED_UP] = MATRIX("ffn_up_shexp.weight", BLOCK(shared_up.w), SHARED_FF, EMBD),
    [JL_SHARED_DOWN] = MATRIX("ffn_down_shexp.weight", BLOCK(shared_down.w), EMBD, SHARED_FF),
    [JL_SHARED_ROUTER] = MATRIX("ffn_gate_inp_shexp.weight", BLOCK(shared_router.w), ONE, EMBD),
    [JL_CONV] = TENSOR("shortconv.conv.weight", JL_FLOATS, BLOCK(conv), EMBD, CONV),
    [JL_CONV_IN] = { "shortconv.in_proj.weight",
                     JL_DIM_EMBD,
                     JL_ONE_MATRIX,
                     { { BLOCK(conv_in[0].w), JL_DIM_EMBD },
                       { BLOCK(conv_in[1].w), JL_DIM_EMBD },
                       { BLOCK(conv_in[2].w), JL_DIM_EMBD } },
                     0 },
    [JL_CONV_OUT] = MATRIX("shortconv.out_proj.weight", BLOCK(conv_out.w), EMBD, EMBD),
#ifdef JL_ALL
    [JL_ATTN_Q_GATE] = MATRIX("attn_q.weight", BLOCK(q.w), Q_GATE, EMBD),
    [JL_FFN_NORM_QWEN35] = VECTOR("post_attention_norm.weight", BLOCK(ffn_norm.weight), EMBD),
    [JL_SSM_MIXED] = MATRIX("attn_qkv.weight", BLOCK(ssm.mixed.w), CHANNELS, EMBD),
    [JL_SSM_Z] = MATRIX("attn_gate.weight", BLOCK(ssm.z.w), INNER, EMBD),
    [JL_SSM_CONV] = TENSOR("ssm_conv1d.weight", JL_FLOATS, BLOCK(ssm.conv), CHANNELS, KERNEL),
    [JL_SSM_ALPHA] = MATRIX("ssm_alpha.weight", BLOCK(ssm.alpha.w), STATE_HEADS, EMBD),
    [JL_SSM_BETA] = MATRIX("ssm_beta.weight", BLOCK(ssm.beta.w), STATE_HEADS, EMBD),
    [JL_SSM_DT_B] = VECTOR("ssm_dt.bias", BLOCK(ssm.dt_bias), STATE_HEADS),
    [JL_SSM_A] = VECTOR("ssm_a", BLOCK(ssm.a), STATE_HEADS),
    [JL_SSM_NORM] = VECTOR("ssm_norm.weight", BLOCK(ssm.norm.weight), STATE),
    [JL_SSM_OUT] = MATRIX("ssm_out.weight", BLOCK(ssm.out.w), EMBD, INNER),
    [JL_SSM_IN_1] = { "ssm_in.weight",
                      JL_DIM_EMBD,
                      JL_ONE_MATRIX,
                      { { BLOCK(ssm.mixed.w), JL_DIM_CHANNELS }, { BLOCK(ssm.z.w), JL_DIM_INNER } },
                      0 },
    [JL_SSM_IN_2] = { "ssm_in.weight",
                      JL_DIM_EMBD,
                      JL_ONE_MATRIX,
                      { { BLOCK(ssm.z.w), JL_DIM_INNER },
                        { BLOCK(ssm.mixed.w), JL_DIM_CHANNELS },
                        { BLOCK(ssm.alpha.w), JL_DIM_STATE_HEADS } },
                      0 },
    [JL_SSM_CONV_B] = VECTOR("ssm_conv1d.bias", BLOCK(ssm.conv_bias), CHANNELS),
    [JL_SSM_X] = { "ssm_x.weight",
                   JL_DIM_INNER,
                   JL_ONE_MATRIX,
                   { { BLOCK(ssm.alpha.w), JL_DIM_STATE_HEADS },
                     { BLOCK(ssm.b.w), JL_DIM_STATE },
                     { BLOCK(ssm.c.w), JL_DIM_STATE } },
                   0 },
    [JL_SSM_DT_1] = MATRIX("ssm_dt.weight", BLOCK(ssm.dt.w), INNER, STATE_HEADS),
    [JL_SSM_DT_B_1] = VECTOR("ssm_dt.bias", BLOCK(ssm.dt.bias), INNER),
    [JL_SSM_A_1] = TENSOR("ssm_a", JL_FLOATS, BLOCK(ssm.a), INNER, STATE),
    [JL_SSM_D_1] = VECTOR("ssm_d", BLOCK(ssm.d), INNER),
    [JL_SSM_A_2] = TENSOR("ssm_a", JL_FLOATS, BLOCK(ssm.a), STATE_HEADS, ONE),
    [JL_SSM_D_2] = TENSOR("ssm_d", JL_FLOATS, BLOCK(ssm.d), STATE_HEADS, ONE),
    [JL_SSM_NORM_2] =
        TENSOR("ssm_norm.weight", JL_FLOATS, BLOCK(ssm.norm.weight), GROUPS, GROUP_INNER),
    [JL_FFN_NORM_FALCON] = VECTOR("ffn_norm", BLOCK(ffn_norm.weight), EMBD),
#endif
};

/* ---- Sets ------------------------------------------------------------------------------------ */

#define ENDS            (SET(JL_TOKEN_EMBD) | SET(JL_OUTPUT_NORM))
#define QKVO            (SET(JL_ATTN_Q) | SET(JL_ATTN_K) | SET(JL_ATTN_V) | SET(JL_ATTN_OUTPUT))
#define GATED           (SET(JL_FFN_GATE) | SET(JL_FFN_UP) | SET(JL_FFN_DOWN))
#define PLAIN           (SET(JL_FFN_UP) | SET(JL_FFN_DOWN))
#define NORMS           (SET(JL_ATTN_NORM) | SET(JL_FFN_NORM))
#define POST_NORMS      (SET(JL_ATTN_POST_NORM) | SET(JL_FFN_POST_NORM))
#define QK_HEAD_NORMS   (SET(JL_HEAD_Q_NORM) | SET(JL_HEAD_K_NORM))
#define QK_WHOLE_BIASES (SET(JL_WHOLE_Q_NORM_B) | SET(JL_WHOLE_K_NORM_B))
#define QK_WHOLE_NORMS  (SET(JL_WHOLE_Q_NORM) | SET(JL_WHOLE_K_NORM))

#define FUSED       (SET(JL_ATTN_QKV) | SET(JL_ATTN_QKV_B))
#define QKV_BIASES  (SET(JL_ATTN_Q_B) | SET(JL_ATTN_K_B) | SET(JL_ATTN_V_B))
#define FFN_BIASES  (SET(JL_FFN_UP_B) | SET(JL_FFN_DOWN_B))
#define BIASES      (QKV_BIASES | SET(JL_ATTN_OUTPUT_B) | FFN_BIASES)
#define END_BIAS    SET(JL_OUTPUT_NORM_B)
#define NORM_BIASES (SET(JL_ATTN_NORM_B) | SET(JL_FFN_NORM_B) | END_BIAS)

/* LLaMA's block (Touvron et al. 2023): two norms, attention, a gated feed-forward network. */
#define LLAMA (ENDS | NORMS | QKVO | GATED)
/* GPT-2's (Radford et al. 2019): LayerNorm and biases everywhere, no gate. */
#define GPT (ENDS | NORMS | NORM_BIASES | QKVO | PLAIN | BIASES)

/* BERT's (Devlin et al. 2019): LayerNorm after the embeddings and after every sum. */
#define TOKEN_NORM (SET(JL_TOKEN_NORM) | SET(JL_TOKEN_NORM_B))
#define SUM_NORMS  (SET(JL_ATTN_SUM_NORM) | SET(JL_FFN_SUM_NORM))
#define SUM_BIASES (SET(JL_ATTN_SUM_NORM_B) | SET(JL_FFN_SUM_NORM_B))
#define BERT       (SET(JL_TOKEN_EMBD) | TOKEN_NORM | SUM_NORMS | SUM_BIASES | QKVO)

/* Classification heads of rerankers. */
#ifdef JL_ALL
#define HEAD_OUT (SET(JL_CLS_OUT) | SET(JL_CLS_OUT_B))
#define HEAD     (SET(JL_CLS) | SET(JL_CLS_B) | HEAD_OUT)
#define HEAD_ONE (SET(JL_CLS_ONE) | SET(JL_CLS_ONE_B))
#else
#define HEAD_OUT 0
#define HEAD     0
#endif

#define OUTPUT       SET(JL_OUTPUT)
#define USUAL_EXTRAS (FUSED | QKV_BIASES | OUTPUT) /* optional in most rows */

#define EXPERTS (SET(JL_ROUTER) | SET(JL_EXPERT_GATE) | SET(JL_EXPERT_UP) | SET(JL_EXPERT_DOWN))
#define DELTA_NET                                                                                  \
    (SET(JL_SSM_MIXED) | SET(JL_SSM_Z) | SET(JL_SSM_CONV) | SET(JL_SSM_ALPHA) | SET(JL_SSM_BETA) | \
     SET(JL_SSM_DT_B) | SET(JL_SSM_A) | SET(JL_SSM_NORM) | SET(JL_SSM_OUT))
#define MAMBA                                                                                      \
    (SET(JL_SSM_IN_1) | SET(JL_SSM_CONV) | SET(JL_SSM_CONV_B) | SET(JL_SSM_X) | SET(JL_SSM_DT_1) | \
     SET(JL_SSM_DT_B_1) | SET(JL_SSM_A_1) | SET(JL_SSM_D_1) | SET(JL_SSM_OUT))
#define MAMBA2                                                                                     \
    (SET(JL_SSM_IN_2) | SET(JL_SSM_CONV) | SET(JL_SSM_CONV_B) | SET(JL_SSM_DT_B) |                 \
     SET(JL_SSM_A_2) | SET(JL_SSM_D_2) | SET(JL_SSM_NORM_2) | SET(JL_SSM_OUT))
#define SHARED (SET(JL_SHARED_GATE) | SET(JL_SHARED_UP) | SET(JL_SHARED_DOWN))

const jl_tensor_set jl_dense_set = GATED | FFN_BIASES | SET(JL_FFN_GATE_B) | SET(JL_FFN_GATE_UP);
const jl_tensor_set jl_expert_set = EXPERTS;
const jl_tensor_set jl_shared_set = SHARED;
const jl_tensor_set jl_attention_set = QKVO | FUSED | QKV_BIASES | SET(JL_ATTN_OUTPUT_B) |
                                       QK_HEAD_NORMS | QK_WHOLE_NORMS | QK_WHOLE_BIASES |
                                       SET(JL_ATTN_Q_GATE);
const jl_tensor_set jl_recurrent_set = DELTA_NET | MAMBA | MAMBA2;
const jl_tensor_set jl_dense_after_set = SET(JL_DENSE_2) | SET(JL_DENSE_3);
const jl_tensor_set jl_conv_set = SET(JL_CONV) | SET(JL_CONV_IN) | SET(JL_CONV_OUT);

/* ---- Architectures --------------------------------------------------------------------------- */

static const jl_arch table[] = {
    { .name = "llama", /* Llama 2 and 3, Mistral, SmolLM, TinyLlama, … */
      .required = LLAMA,
      .optional = USUAL_EXTRAS | BIASES | SET(JL_FFN_GATE_B) | SET(JL_ROPE_FREQS),
      .rope = JL_ROPE_NEIGHBOURS,
      .rules = JL_MAY_HAVE_EXPERTS | JL_SHARES_SUM_TO_1 },
    { .name = "gpt2",
      .required = GPT | SET(JL_POSITION_EMBD),
      .optional = USUAL_EXTRAS,
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU },
    { .name = "gptneox", /* Pythia, StableLM α, … (Black et al. 2022) */
      .required = GPT | OUTPUT,
      .optional = FUSED,
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU,
      .rope = JL_ROPE_HALVES,
      .rules = JL_PARALLEL_KEY },
    { .name = "phi2", /* one norm for both sublayers */
      .required = (GPT | OUTPUT | SET(JL_OUTPUT_B)) & ~(SET(JL_FFN_NORM) | SET(JL_FFN_NORM_B)),
      .optional = FUSED,
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU,
      .rope = JL_ROPE_HALVES,
      .rules = JL_PARALLEL },
    { .name = "phi3",
      .required = LLAMA,
      .optional = USUAL_EXTRAS | SET(JL_FFN_GATE_UP) | SET(JL_ROPE_LONG) | SET(JL_ROPE_SHORT),
      .rope = JL_ROPE_HALVES },
    { .name = "qwen2",
      .required = LLAMA,
      .optional = USUAL_EXTRAS | SET(JL_OUTPUT_B),
      .rope = JL_ROPE_HALVES },
    { .name = "qwen3",
      .required = LLAMA | QK_HEAD_NORMS,
      .optional = USUAL_EXTRAS | HEAD_OUT,
      .rope = JL_ROPE_HALVES,
      .rules = JL_HEAD_SOFTMAX },
    { .name = "gemma",
      .required = LLAMA,
      .optional = FUSED,
      .activation = JL_GELU,
      .rope = JL_ROPE_HALVES,
      .rules = JL_SCALE_EMBEDDING },
    { .name = "gemma2",
      .required = LLAMA | POST_NORMS,
      .optional = FUSED,
      .activation = JL_GELU,
      .rope = JL_ROPE_HALVES,
      .rules = JL_SCALE_EMBEDDING | JL_WINDOW_NEEDED,
      .window_step = 2,
      .wide_layers = 46,
      .score_cap = 50,
      .logit_cap = 30 },
    { .name = "gemma3",
      .required = LLAMA | POST_NORMS | QK_HEAD_NORMS,
      .optional = FUSED | OUTPUT,
      .activation = JL_GELU,
      .rope = JL_ROPE_HALVES,
      .rules = JL_SCALE_EMBEDDING | JL_LOCAL_UNSCALED,
      .window_step = 6,
      .wide_layers = 62,
      .local_base = 10000 },
    { .name = "stablelm",
      .required = LLAMA | NORM_BIASES | OUTPUT,
      .optional = FUSED | QKV_BIASES,
      .norm = JL_LAYER_NORM,
      .rope = JL_ROPE_HALVES },
    { .name = "starcoder2",
      .required = GPT,
      .optional = USUAL_EXTRAS,
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU,
      .rope = JL_ROPE_HALVES },
    { .name = "olmo2", /* norms only after the sublayers (OLMo 2025); OLMo 3 has windows */
      .required = (LLAMA & ~NORMS) | POST_NORMS | QK_WHOLE_NORMS | OUTPUT,
      .optional = FUSED,
      .rope = JL_ROPE_HALVES,
      .rules = JL_LOCAL_UNSCALED,
      .window_step = 4 },
    { .name = "smollm3",
      .required = LLAMA,
      .optional = USUAL_EXTRAS,
      .rope = JL_ROPE_NEIGHBOURS,
      .rope_skip = 4 },
    { .name = "bloom", /* ALiBi (Press et al. 2022) */
      .required = GPT | TOKEN_NORM,
      .optional = USUAL_EXTRAS,
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU,
      .alibi = 8 },
    { .name = "falcon", /* the larger ones have a second norm (Almazrouei et al. 2023) */
      .required = ENDS | END_BIAS | SET(JL_ATTN_NORM) | SET(JL_ATTN_NORM_B) | QKVO | PLAIN,
      .optional = FUSED | OUTPUT | SET(JL_ATTN_NORM_2) | SET(JL_ATTN_NORM_2_B),
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU,
      .rope = JL_ROPE_HALVES,
      .rules = JL_PARALLEL },
    { .name = "mpt",
      .required = ENDS | NORMS | QKVO | PLAIN,
      .optional = USUAL_EXTRAS | NORM_BIASES | BIASES | SET(JL_POSITION_EMBD),
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU },
    { .name = "granite",
      .required = LLAMA,
      .optional = USUAL_EXTRAS | BIASES | SET(JL_FFN_GATE_B) | SET(JL_ROPE_FREQS),
      .rope = JL_ROPE_NEIGHBOURS,
      .rules = JL_DIVIDE_LOGITS | JL_ROPE_MAY_BE_OFF | JL_MAY_HAVE_EXPERTS | JL_SHARES_SUM_TO_1 },
    { .name = "granitemoe",
      .required = LLAMA,
      .optional = USUAL_EXTRAS | SET(JL_ATTN_OUTPUT_B) | SET(JL_ROPE_FREQS),
      .rope = JL_ROPE_NEIGHBOURS,
      .rules = JL_DIVIDE_LOGITS | JL_HAS_EXPERTS | JL_SHARES_SUM_TO_1 },
    { .name = "command-r", /* one LayerNorm without bias for both sublayers */
      .required = LLAMA & ~SET(JL_FFN_NORM),
      .optional = FUSED | QKV_BIASES,
      .norm = JL_LAYER_NORM,
      .rope = JL_ROPE_NEIGHBOURS,
      .rules = JL_PARALLEL },
    { .name = "qwen2moe",
      .required = LLAMA | OUTPUT | SHARED | SET(JL_SHARED_ROUTER),
      .optional = FUSED | QKV_BIASES,
      .rope = JL_ROPE_HALVES,
      .rules = JL_HAS_EXPERTS },
    { .name = "qwen3moe",
      .required = LLAMA | QK_HEAD_NORMS,
      .optional = USUAL_EXTRAS,
      .rope = JL_ROPE_HALVES,
      .rules = JL_HAS_EXPERTS | JL_SHARES_SUM_TO_1 },
    { .name = "olmoe",
      .required = LLAMA | QK_WHOLE_NORMS | OUTPUT,
      .optional = FUSED,
      .rope = JL_ROPE_HALVES,
      .rules = JL_HAS_EXPERTS },
    { .name = "internlm2", /* Cai et al. 2024 */
      .required = LLAMA | OUTPUT,
      .optional = FUSED | QKV_BIASES,
      .rope = JL_ROPE_NEIGHBOURS },
    { .name = "ernie4_5",
      .required = LLAMA,
      .optional = USUAL_EXTRAS | SET(JL_ATTN_OUTPUT_B),
      .rope = JL_ROPE_NEIGHBOURS },
    { .name = "exaone",
      .required = LLAMA,
      .optional = USUAL_EXTRAS | SET(JL_ROPE_FREQS),
      .rope = JL_ROPE_HALVES },
    { .name = "exaone4", /* norms only after the sublayers; windows in the 32B model */
      .required = (LLAMA & ~NORMS) | POST_NORMS | QK_HEAD_NORMS,
      .optional = USUAL_EXTRAS | SET(JL_ROPE_FREQS),
      .rope = JL_ROPE_HALVES,
      .rules = JL_ROPE_IN_WINDOWS,
      .window_step = 4 },
    { .name = "orion",
      .required = LLAMA | NORM_BIASES | OUTPUT,
      .optional = FUSED | QKV_BIASES,
      .norm = JL_LAYER_NORM,
      .rope = JL_ROPE_HALVES },
#ifdef JL_ALL
    { .name = "xverse",
      .required = LLAMA | OUTPUT,
      .optional = FUSED | QKV_BIASES,
      .rope = JL_ROPE_NEIGHBOURS },
#endif
    { .name = "glm4",
      .required = LLAMA | POST_NORMS,
      .optional = USUAL_EXTRAS | SET(JL_FFN_GATE_UP),
      .rope = JL_ROPE_NEIGHBOURS,
      .rules = JL_NO_SECTIONS },
    { .name = "nanbeige",
      .required = LLAMA,
      .optional = USUAL_EXTRAS | SET(JL_ROPE_FREQS),
      .rope = JL_ROPE_NEIGHBOURS },
    { .name = "hunyuan-dense",
      .required = LLAMA | QK_HEAD_NORMS,
      .optional = USUAL_EXTRAS,
      .rope = JL_ROPE_HALVES,
      .rules = JL_NORM_AFTER_ROPE },
    { .name = "maincoder",
      .required = LLAMA | QK_HEAD_NORMS,
      .optional = USUAL_EXTRAS,
      .rope = JL_ROPE_NEIGHBOURS,
      .rules = JL_NORM_AFTER_ROPE },
    { .name = "arcee", /* AFM; no gate */
      .required = LLAMA & ~SET(JL_FFN_GATE),
      .optional = USUAL_EXTRAS | SET(JL_ROPE_FREQS),
      .activation = JL_RELU_SQUARED,
      .rope = JL_ROPE_NEIGHBOURS },
    { .name = "lfm2", /* short convolutions between the blocks with attention (LFM2 2025) */
      .required = (LLAMA & ~SET(JL_OUTPUT_NORM)) | SET(JL_OUTPUT_NORM_LFM2) | QK_HEAD_NORMS,
      .optional = USUAL_EXTRAS,
      .rope = JL_ROPE_HALVES,
      .mixer = JL_SHORT_CONV,
      .rules = JL_BY_KV_HEADS,
      .window_step = 1 << 20 },
#ifdef JL_ALL
    { .name = "qwen35", /* gated delta nets between blocks with gated attention (Qwen 3.5 2026) */
      .required = (LLAMA & ~(SET(JL_ATTN_Q) | SET(JL_FFN_NORM))) | SET(JL_ATTN_Q_GATE) |
                  SET(JL_FFN_NORM_QWEN35) | QK_HEAD_NORMS | DELTA_NET,
      .optional = OUTPUT,
      .rope = JL_ROPE_HALVES,
      .mixer = JL_DELTA_NET,
      .rules = JL_BY_INTERVAL | JL_UNUSED_LAYERS },
    { .name = "mamba", /* Gu & Dao 2023; no feed-forward sublayer */
      .required = ENDS | SET(JL_ATTN_NORM) | MAMBA,
      .optional = OUTPUT,
      .mixer = JL_MAMBA },
    { .name = "mamba2", /* Dao & Gu 2024 */
      .required = ENDS | SET(JL_ATTN_NORM) | MAMBA2,
      .optional = OUTPUT,
      .mixer = JL_MAMBA2 },
    { .name = "granitehybrid", /* Mamba 2 in blocks without attention */
      .required = LLAMA | (MAMBA2 & ~SET(JL_SSM_CONV_B)),
      .optional =
          USUAL_EXTRAS | BIASES | SET(JL_FFN_GATE_B) | SET(JL_ROPE_FREQS) | SET(JL_SSM_CONV_B),
      .rope = JL_ROPE_NEIGHBOURS,
      .mixer = JL_MAMBA2,
      .rules = JL_DIVIDE_LOGITS | JL_ROPE_MAY_BE_OFF | JL_MAY_HAVE_EXPERTS | JL_SHARES_SUM_TO_1 |
               JL_BY_KV_HEADS },
    { .name = "falcon-h1", /* attention and Mamba 2 in every block (Zuo et al. 2025) */
      .required = (LLAMA & ~SET(JL_FFN_NORM)) | SET(JL_FFN_NORM_FALCON) |
                  (MAMBA2 & ~(SET(JL_SSM_CONV_B) | SET(JL_SSM_NORM_2))),
      .optional =
          USUAL_EXTRAS | FFN_BIASES | SET(JL_FFN_GATE_B) | SET(JL_SSM_CONV_B) | SET(JL_SSM_NORM_2),
      .rope = JL_ROPE_HALVES,
      .mixer = JL_ATTENTION_MAMBA2 },
#endif
    { .name = "bert", /* also RoBERTa, MiniLM, E5, BGE, … */
      .required = BERT | PLAIN | BIASES | SET(JL_POSITION_EMBD),
      .optional = FUSED | SET(JL_TYPE_EMBD) | HEAD,
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU,
      .rules = JL_ENCODER },
    { .name = "nomic-bert", /* Nussbaum et al. 2024 */
      .required = BERT | GATED,
      .optional = FUSED | QKV_BIASES | SET(JL_ATTN_OUTPUT_B) | SET(JL_TYPE_EMBD),
      .norm = JL_LAYER_NORM,
      .rope = JL_ROPE_HALVES,
      .rules = JL_ENCODER },
#ifdef JL_ALL
    { .name = "modern-bert", /* Warner et al. 2024; Granite Embedding R2 */
      .required = ENDS | NORMS | SET(JL_TOKEN_NORM) | QKVO | GATED,
      .optional = FUSED | SET(JL_FFN_GATE_UP) | HEAD | SET(JL_CLS_NORM),
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU_ERF,
      .rope = JL_ROPE_HALVES,
      .rules = JL_ENCODER | JL_WINDOW_BOTH | JL_WIDE_FIRST | JL_FIRST_BARE | JL_LOCAL_UNSCALED |
               JL_ACTIVATION_KEY | JL_HEAD_MEAN,
      .window_step = 3,
      .local_base = 10000 },
    { .name = "gemma-embedding", /* EmbeddingGemma (Schechter Vera et al. 2025) */
      .required = LLAMA | POST_NORMS | QK_HEAD_NORMS,
      .optional = FUSED | OUTPUT | SET(JL_DENSE_2) | SET(JL_DENSE_3),
      .activation = JL_GELU,
      .rope = JL_ROPE_HALVES,
      .rules =
          JL_ENCODER | JL_WINDOW_BOTH | JL_SCALE_EMBEDDING | JL_LOCAL_UNSCALED | JL_WINDOW_NEEDED,
      .window_step = 6,
      .local_base = 10000 },
    { .name = "jina-bert-v2", /* ALiBi in both directions (Günther et al. 2023) */
      .required = BERT | SET(JL_TYPE_EMBD) | SET(JL_ATTN_OUTPUT_B) | SET(JL_FFN_DOWN_B) | GATED,
      .optional =
          FUSED | QKV_BIASES | QK_WHOLE_NORMS | QK_WHOLE_BIASES | SET(JL_FFN_GATE_UP) | HEAD_ONE,
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU,
      .rules = JL_ENCODER,
      .alibi = 8 },
    { .name = "jina-bert-v3", /* Sturua et al. 2024; no LoRA */
      .required = BERT | PLAIN,
      .optional = FUSED | BIASES | SET(JL_TYPE_EMBD),
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU,
      .rope = JL_ROPE_HALVES,
      .rules = JL_ENCODER },
    { .name = "nomic-bert-moe", /* Nomic Embed 2 (Nussbaum & Duderstadt 2025) */
      .required = BERT | PLAIN,
      .optional = FUSED | BIASES | SET(JL_TYPE_EMBD),
      .norm = JL_LAYER_NORM,
      .activation = JL_GELU,
      .rope = JL_ROPE_HALVES,
      .rules = JL_ENCODER | JL_MAY_HAVE_EXPERTS | JL_ALTERNATE },
    { .name = "neo-bert", /* Le Breton et al. 2025 */
      .required = (LLAMA & ~SET(JL_OUTPUT_NORM)) | SET(JL_OUTPUT_NORM_ENC),
      .optional = FUSED | SET(JL_FFN_GATE_UP) | HEAD,
      .rope = JL_ROPE_NEIGHBOURS,
      .rules = JL_ENCODER },
    { .name = "eurobert", /* Boizard et al. 2025 */
      .required = LLAMA,
      .optional = FUSED,
      .rope = JL_ROPE_HALVES,
      .rules = JL_ENCODER },
    { .name = "llama-embed",
      .required = LLAMA,
      .optional = USUAL_EXTRAS | BIASES | SET(JL_FFN_GATE_B) | SET(JL_ROPE_FREQS),
      .rope = JL_ROPE_NEIGHBOURS,
      .rules = JL_ENCODER },
#endif
    /* Written by our trainer for models without RoPE (train/export.h). */
    { .name = "jielong", .required = LLAMA, .optional = FUSED | SET(JL_POSITION_EMBD) },
};

enum { ROWS = sizeof table / sizeof table[0] };

const jl_arch *jl_arch_at(int i) {
    return i >= 0 && i < ROWS ? &table[i] : NULL;
}

const jl_arch *jl_arch_find(const char *name, size_t n) {
    for (int i = 0; i < ROWS; i++)
        if (strlen(table[i].name) == n && memcmp(table[i].name, name, n) == 0) return &table[i];
    return NULL;
}
