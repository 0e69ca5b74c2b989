/* hparams.c - metadata → checked hyper-parameters, and the variant of each block.
 *
 * Place in the flow: format/gguf (values) → here → bind.c checks tensors against them. Keys are
 * those of the GGUF specification, after "<architecture>."; the architecture's row gives defaults
 * for missing keys. All values are bounded, so that no later product of lengths overflows; errors
 * name the key, the expected and the found value.
 */
#include "model.h"

#include <math.h>

#include "../base/memory.h"

enum { MAX_LAYERS = 1024, MAX_CONTEXT = 1 << 24, MAX_WIDTH = 1 << 16, MAX_HIDDEN = 1 << 20 };

/* ---- One value ------------------------------------------------------------------------------- */

typedef struct field {
    const char *key;              /* after "<arch>." */
    uint32_t low, high, fallback; /* fallback < low: the key is required */
    int sparse;                   /* nonzero: array elements may be 0 (none) */
} field;

static jl_status refuse_number(const char *key, field f, uint32_t value, jl_error *error) {
    return jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(key),
                   "expected %u to %u, found %u; the file is damaged or of a variant that is not "
                   "supported",
                   (uint64_t)f.low, (uint64_t)f.high, (uint64_t)value);
}

static jl_status missing_key(const jl_model *m, const char *key, jl_error *error) {
    return jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(key),
                   "the key is missing; architecture %s needs it; convert the model again",
                   m->arch->name);
}

/* Element i of an array of 32-bit integers or booleans; UINT32_MAX for other types. */
static uint32_t element(const jl_gguf_value *v, int i) {
    if (v->type == JL_GGUF_BOOL) return v->bytes[i];
    if (v->type != JL_GGUF_U32 && v->type != JL_GGUF_I32) return UINT32_MAX;
    return (uint32_t)jl_gguf_i32_at(v, (uint64_t)i);
}

/* The same, and the bits of a float, which are 0 if it is 0. */
static uint32_t bits_of(const jl_gguf_value *v, int i) {
    return v->type == JL_GGUF_F32 ? (uint32_t)jl_gguf_i32_at(v, (uint64_t)i) : element(v, i);
}

/* *out: the array at a key, with one element per block; NULL if the key has no array. */
static jl_status find_per_block(const jl_gguf_value **out, const jl_model *m, const char *key,
                                jl_error *error) {
    const jl_gguf_value *v = jl_gguf_find(&m->loader->gguf, key);
    *out = v && v->array ? v : NULL;
    uint64_t expected = (uint64_t)(m->h.n_layers + m->h.n_unused_layers);
    if (!*out || v->count == expected) return JL_OK;
    return jl_fail(error, JL_ERR_FORMAT, v->offset, v->key,
                   "expected one element for each of %d blocks, found %u; the file is damaged",
                   (int)expected, v->count);
}

/* Reads a length, given once or as an equal value for every block. */
static jl_status read_field(int *out, const jl_model *m, field f, jl_error *error) {
    char key[JL_GGUF_KEY];
    const jl_gguf_value *each = NULL;
    uint32_t value = f.fallback;
    jl_status st =
        find_per_block(&each, m, jl_gguf_key(key, jl_string(m->arch->name), f.key), error);
    if (!st && !each) st = jl_gguf_u32(&m->loader->gguf, key, &value, error);
    if (st) return st;
    if (each) value = f.sparse ? 0 : element(each, 0);
    for (int i = 0; each && i < m->h.n_layers; i++) {
        uint32_t one = element(each, i);
        if (f.sparse && value == 0) value = one;
        if (one != value && !(f.sparse && one == 0))
            return jl_fail(error, JL_ERR_ARCHITECTURE, each->offset, each->key,
                           "block %d has %u, another one %u; blocks of different sizes are not "
                           "supported, choose another model",
                           i, (uint64_t)one, (uint64_t)value);
    }
    if (value < f.low && !jl_gguf_find(&m->loader->gguf, key)) return missing_key(m, key, error);
    if (value < f.low || value > f.high) return refuse_number(key, f, value, error);
    *out = (int)value;
    return JL_OK;
}

/* Reads a factor or limit in 0..10^6; the fallback if absent or 0. */
static jl_status read_factor(float *out, const jl_model *m, const char *rest, float fallback,
                             jl_error *error) {
    char key[JL_GGUF_KEY];
    float value = 0;
    jl_status st = jl_gguf_f32(&m->loader->gguf, jl_gguf_key(key, jl_string(m->arch->name), rest),
                               &value, error);
    if (!st && !(value >= 0 && value <= 1e6f))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(key),
                     "expected a number from 0 to 1000000; the file is damaged");
    *out = value > 0 ? value : fallback;
    return st;
}

/* ---- Groups of values ------------------------------------------------------------------------ */

static jl_status read_heads(jl_model *m, jl_error *error) {
    jl_hparams *h = &m->h;
    int value_length = 0;
    int sparse = (m->arch->rules & JL_BY_KV_HEADS) != 0;
#ifdef JL_ALL
    if (!(m->arch->required & jl_attention_set)) {
        h->n_heads = h->n_kv_heads = h->head_dim = 1;
        return JL_OK;
    }
#endif
    jl_status st =
        read_field(&h->n_heads, m, (field){ "attention.head_count", 1, 1024, 0, sparse }, error);
    uint32_t heads = (uint32_t)h->n_heads;
    if (!st)
        st = read_field(&h->n_kv_heads, m,
                        (field){ "attention.head_count_kv", 1, 1024, heads, sparse }, error);
    if (st) return st;
    if (h->n_heads % h->n_kv_heads)
        return jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string("attention.head_count_kv"),
                       "%d query heads cannot share %d KV heads evenly; the file is damaged",
                       h->n_heads, h->n_kv_heads);
    uint32_t size = (uint32_t)h->n_embd / heads;
    st = read_field(&h->head_dim, m, (field){ "attention.key_length", 1, JL_MAX_HEAD, size, 0 },
                    error);
    uint32_t same = (uint32_t)h->head_dim;
    if (!st)
        st = read_field(&value_length, m, (field){ "attention.value_length", same, same, same, 0 },
                        error);
    char key[JL_GGUF_KEY];
    if (!st && h->n_embd % h->n_heads &&
        !jl_gguf_find(&m->loader->gguf,
                      jl_gguf_key(key, jl_string(m->arch->name), "attention.key_length")))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string("attention.head_count"),
                     "width %d is not a multiple of %d heads; the file is damaged", h->n_embd,
                     h->n_heads);
    return st;
}

/* The activation: the row's, or by rule the file's, under llama.cpp's names of gated ones. */
static jl_status read_activation(jl_model *m, jl_error *error) {
    m->h.activation = m->arch->activation;
#ifdef JL_ALL
    static const char *const names[] = { "gelu", "geglu", "silu", "swish", "swiglu" };
    char key[JL_GGUF_KEY];
    jl_str name = jl_string(names[0]);
    if (!(m->arch->rules & JL_ACTIVATION_KEY)) return JL_OK;
    jl_gguf_key(key, jl_string(m->arch->name), "hidden_activation");
    jl_status st = jl_gguf_string(&m->loader->gguf, key, &name, error);
    if (st) return st;
    int i = 0;
    while (i < 5 && !jl_str_equal(name, names[i])) i++;
    if (i >= 2) m->h.activation = JL_SILU;
    if (i == 5)
        return jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET, jl_string(key),
                       "expected gelu or silu, found %S; choose another model", name);
#else
    (void)error;
#endif
    return JL_OK;
}

static jl_status read_eps(jl_model *m, jl_error *error) {
    char key[JL_GGUF_KEY];
    jl_gguf_key(key, jl_string(m->arch->name),
                m->arch->norm == JL_LAYER_NORM ? "attention.layer_norm_epsilon"
                                               : "attention.layer_norm_rms_epsilon");
    m->h.eps = -1;
    jl_status st = jl_gguf_f32(&m->loader->gguf, key, &m->h.eps, error);
    if (!st && !jl_gguf_find(&m->loader->gguf, key)) return missing_key(m, key, error);
    if (!st && !(m->h.eps > 0 && m->h.eps < 1))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(key),
                     "expected a number above 0 and below 1; the file is damaged");
    return st;
}

static jl_status read_factors(jl_model *m, jl_error *error) {
    jl_hparams *h = &m->h;
    const jl_arch *a = m->arch;
    float embedding = a->rules & JL_SCALE_EMBEDDING ? sqrtf((float)h->n_embd) : 1;
    int width = h->n_layers == a->wide_layers ? h->n_embd / h->n_heads : h->head_dim;
    const struct {
        float *out;
        const char *key;
        float fallback;
    } factors[] = {
        { &h->embedding_scale, "embedding_scale", embedding },
        { &h->residual_scale, "residual_scale", 1 },
        { &h->logit_scale, "logit_scale", 1 },
        { &h->query_scale, "attention.scale", 1 / sqrtf((float)width) },
        { &h->score_cap, "attn_logit_softcapping", a->score_cap },
        { &h->logit_cap, "final_logit_softcapping", a->logit_cap },
        { &h->clamp_qkv, "attention.clamp_kqv", 0 },
        { &h->expert_scale, "expert_weights_scale", 1 },
        { &h->alibi, "attention.max_alibi_bias", a->alibi },
    };
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        jl_status st = read_factor(factors[i].out, m, factors[i].key, factors[i].fallback, error);
        if (st) return st;
    }
    if (a->rules & JL_DIVIDE_LOGITS) h->logit_scale = 1 / h->logit_scale;
    h->parallel = (a->rules & JL_PARALLEL) != 0;
    char key[JL_GGUF_KEY];
    if (a->rules & JL_PARALLEL_KEY)
        return jl_gguf_bool(&m->loader->gguf,
                            jl_gguf_key(key, jl_string(m->arch->name), "use_parallel_residual"),
                            &h->parallel, error);
    return JL_OK;
}

/* ---- The blocks ------------------------------------------------------------------------------ */

/* Refuses values of keys that change what a model computes in a way that is not supported: blocks
 * evaluated more than once, blocks that predict further tokens, RoPE with a stretched base, and by
 * rule, RoPE of several positions per token (M-RoPE, Qwen2-VL 2024), which for text equals RoPE
 * unless the file's rows are in another order. */
static jl_status check_variant(const jl_model *m, jl_error *error) {
    enum { NEXTN = 1 }; /* its index */
    static const struct {
        const char *key;
        uint32_t value;
        int rule; /* 0: in all architectures */
    } only[] = { { "num_loops", 1, 0 },
                 [NEXTN] = { "nextn_predict_layers", 0, 0 },
#ifdef JL_ALL
                 { "ssm.dt_b_c_rms", 0, 0 },
#endif

                 { "rope.scaling.alpha", 0, 0 },
                 { "rope.dimension_sections", 0, JL_NO_SECTIONS } };
    for (size_t i = 0; i < sizeof only / sizeof *only; i++) {
        char key[JL_GGUF_KEY];
        jl_gguf_key(key, jl_string(m->arch->name), only[i].key);
        const jl_gguf_value *v = jl_gguf_find(&m->loader->gguf, key);
        int n = v && v->array ? (int)v->count : v != NULL;
        if (only[i].rule && !(m->arch->rules & only[i].rule)) continue;
        if (i == NEXTN && m->arch->rules & JL_UNUSED_LAYERS) continue;
        for (int j = 0; j < n; j++)
            if (bits_of(v, j) != only[i].value)
                return jl_fail(error, JL_ERR_ARCHITECTURE, v->offset, v->key,
                               "only %u is supported; choose another model",
                               (uint64_t)only[i].value);
    }
    return JL_OK;
}

/* Sets the windows: in all blocks but every `step`-th, or by the file's array. One that goes both
 * ways is the file's with half of it on each side, as in llama.cpp (LLAMA_SWA_TYPE_SYMMETRIC). */
static jl_status read_windows(jl_model *m, jl_error *error) {
    char key[JL_GGUF_KEY];
    const jl_gguf_value *each = NULL;
    int window = 0, step = m->arch->window_step;
    int rules = m->arch->rules, both = rules & JL_WINDOW_BOTH, first = rules & JL_WIDE_FIRST;
    uint32_t fallback = !(rules & JL_WINDOW_NEEDED) ? MAX_CONTEXT : both ? 0 : 4096;
    if (step == 0) return JL_OK;
    jl_status st = read_field(
        &window, m, (field){ "attention.sliding_window", 1, MAX_CONTEXT, fallback, 0 }, error);
    const char *pattern = "attention.sliding_window_pattern";
    if (!st)
        st = find_per_block(&each, m, jl_gguf_key(key, jl_string(m->arch->name), pattern), error);
    if (!st && !each)
        st = read_field(&step, m, (field){ pattern, 1, 1 << 20, (uint32_t)step, 0 }, error);
    for (int i = 0; i < m->h.n_layers && !st; i++) {
        uint32_t windowed = each ? element(each, i) : (first ? i : i + 1) % step != 0;
        if (windowed > 1) st = refuse_number(key, (field){ key, 0, 1, 0, 0 }, windowed, error);
        if (windowed && window < MAX_CONTEXT)
            m->w.blocks[i].window = both ? window / 2 + 1 : window;
    }
    return st;
}

#ifdef JL_ALL
/* Reads what follows the pooling: n_dense and n_labels (rows of their tensors) and head_mean. */
static jl_status read_after_pooling(jl_model *m, jl_error *error) {
    enum { MAX_LABELS = 64 };
    jl_hparams *h = &m->h;
    int pooling = 0, max_labels = h->n_embd < MAX_LABELS ? h->n_embd : MAX_LABELS;
    field head = { "classifier.pooling_type", 0, 4, m->arch->rules & JL_HEAD_MEAN ? 1 : 0, 0 };
    const jl_gguf_tensor *t = jl_gguf_find_tensor(&m->loader->gguf, "dense_2.weight");
    if (t) h->n_dense = t->dims[1] < MAX_HIDDEN ? (int)t->dims[1] : MAX_HIDDEN;
    t = jl_gguf_find_tensor(&m->loader->gguf, "cls.output.weight");
    if (t) h->n_labels = t->dims[1] < (uint64_t)max_labels ? (int)t->dims[1] : max_labels;
    jl_status st = read_field(&pooling, m, head, error);
    h->head_mean = pooling == JL_POOLING_MEAN;
    return st;
}
#else
static jl_status read_after_pooling(jl_model *m, jl_error *error) {
    (void)m, (void)error;
    return JL_OK;
}
#endif

/* Reads n_types (rows of its tensor) and whether the model is an encoder (llama.cpp's key
 * attention.causal). */
static jl_status read_encoder(jl_model *m, jl_error *error) {
    enum { MAX_TYPES = 64 };
    char key[JL_GGUF_KEY];
    const jl_gguf_tensor *t = jl_gguf_find_tensor(&m->loader->gguf, "token_types.weight");
    if (t) m->h.n_types = t->dims[1] < MAX_TYPES ? (int)t->dims[1] : MAX_TYPES;
    int causal = 1, rules = m->arch->rules;
    jl_status st = jl_gguf_bool(&m->loader->gguf,
                                jl_gguf_key(key, jl_string(m->arch->name), "attention.causal"),
                                &causal, error);
    m->h.encoder = !causal || rules & JL_ENCODER;
    if (st || !m->h.encoder || rules & JL_ENCODER) return st;
    if (m->h.alibi <= 0 && m->arch->mixer == JL_ATTENTION) return JL_OK;
    return jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET, jl_string(key),
                   "architecture %s is supported with causal attention only; choose another "
                   "model",
                   m->arch->name);
}

static jl_status read_rope(jl_model *m, jl_error *error) {
    char key[JL_GGUF_KEY];
    int on = m->arch->rope != JL_ROPE_NONE, skip = m->arch->rope_skip;
    jl_status st = JL_OK;
    if (m->arch->rules & JL_ROPE_MAY_BE_OFF)
        st = jl_gguf_bool(&m->loader->gguf,
                          jl_gguf_key(key, jl_string(m->arch->name), "rope.scaling.finetuned"), &on,
                          error);
    if (on && !st)
        st = jl_rope_read(m->rope, &m->loader->gguf, m->arch, m->h.head_dim, m->h.n_ctx_original,
                          error);
    int windowed = 0, only_windows = 0;
    for (int i = 0; i < m->h.n_layers && m->arch->rules & JL_ROPE_IN_WINDOWS; i++)
        only_windows |= m->w.blocks[i].window > 0;
    for (int i = 0; i < m->h.n_layers; i++) {
        jl_block *l = &m->w.blocks[i];
        l->rope = l->window && !only_windows ? JL_ROPE_LOCAL : JL_ROPE_GLOBAL;
        if (!on || (skip && (i + 1) % skip == 0) || (only_windows && !l->window)) l->rope = -1;
        windowed |= l->rope == JL_ROPE_LOCAL;
    }
    if (!windowed) m->rope[JL_ROPE_LOCAL].n_pairs = 0; /* no angles needed */
    return st;
}

#ifdef JL_ALL
static jl_status check_recurrence(const jl_model *m, jl_error *error) {
    const jl_ssm_lengths *ssm = &m->h.ssm;
    int even = ssm->groups == 0 || (ssm->heads % ssm->groups == 0 && ssm->inner % ssm->heads == 0);
    if (m->arch->mixer == JL_DELTA_NET) even &= ssm->heads * ssm->state == ssm->inner;
    if (even) return JL_OK;
    return jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string("ssm.inner_size"),
                   "a size of %d does not fit %d heads in %d groups with states of %d; the file is "
                   "damaged or of a variant that is not supported",
                   ssm->inner, ssm->heads, ssm->groups, ssm->state);
}

/* Reads the lengths of the recurrent blocks. */
static jl_status read_recurrence(jl_model *m, jl_error *error) {
    enum { MAX_HEADS = 1024, MAX_STATE = 256, MAX_KERNEL = 64 };
    jl_ssm_lengths *ssm = &m->h.ssm;
    size_t no_groups = m->arch->mixer == JL_MAMBA;
    const struct {
        int *out;
        field f;
    } lengths[] = { { &ssm->kernel, { "ssm.conv_kernel", 2, MAX_KERNEL, 0, 0 } },
                    { &ssm->inner, { "ssm.inner_size", 1, MAX_WIDTH, 0, 0 } },
                    { &ssm->state, { "ssm.state_size", 1, MAX_STATE, 0, 0 } },
                    { &ssm->heads, { "ssm.time_step_rank", 1, MAX_HEADS, 0, 0 } },
                    { &ssm->groups, { "ssm.group_count", 1, MAX_HEADS, 0, 0 } } };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths - no_groups; i++) {
        jl_status st = read_field(lengths[i].out, m, lengths[i].f, error);
        if (st) return st;
    }
    ssm->channels = ssm->inner + 2 * ssm->groups * ssm->state;
    return check_recurrence(m, error);
}

/* Blocks that have attention instead of the row's mixer, by interval or by an array. */
static jl_status read_interval(jl_model *m, jl_error *error) {
    int step = 0;
    char key[JL_GGUF_KEY];
    const jl_gguf_value *each = NULL;
    field interval = { "full_attention_interval", 1, 1 << 20, 4, 0 };
    jl_status st = read_field(&step, m, interval, error);
    jl_gguf_key(key, jl_string(m->arch->name), "attention.recurrent_layers");
    if (!st) st = find_per_block(&each, m, key, error);
    for (int i = 0; i < m->h.n_layers && !st; i++)
        if (each ? element(each, i) == 0 : (i + 1) % step == 0) m->w.blocks[i].mixer = JL_ATTENTION;
    return st;
}
#endif

/* Sets the cache slots of the blocks, whose mixers are set. */
static void number_blocks(jl_model *m) {
    jl_hparams *h = &m->h;
    for (int i = 0; i < h->n_layers; i++) {
        jl_block *l = &m->w.blocks[i];
        if (jl_has_attention(l)) l->slot = h->n_attention++;
        if (l->mixer == JL_SHORT_CONV) l->slot = h->n_conv++;
        if (jl_is_recurrent(l)) l->state = h->n_recurrent++;
    }
}

/* Sets mixer, has_experts and the cache slot of each block. */
static jl_status read_kinds(jl_model *m, jl_error *error) {
    char key[JL_GGUF_KEY];
    jl_hparams *h = &m->h;
    const jl_gguf_value *each = NULL;
    jl_status st = JL_OK;
    int by_heads = m->arch->rules & JL_BY_KV_HEADS;
    if (m->arch->mixer == JL_SHORT_CONV)
        st = read_field(&h->conv_length, m, (field){ "shortconv.l_cache", 2, 64, 0, 0 }, error);
    if (!st && by_heads)
        st = find_per_block(
            &each, m, jl_gguf_key(key, jl_string(m->arch->name), "attention.head_count_kv"), error);
    for (int i = 0; i < h->n_layers && !st; i++) {
        jl_block *l = &m->w.blocks[i];
        if (!by_heads || (each && element(each, i) == 0)) l->mixer = m->arch->mixer;
        l->has_experts = h->n_experts > 0 && (h->expert_step == 0 || i % h->expert_step == 1);
    }
#ifdef JL_ALL
    if (!st && m->arch->rules & JL_BY_INTERVAL) st = read_interval(m, error);
    number_blocks(m);
    if (!st && h->n_recurrent > 0) st = read_recurrence(m, error);
#else
    number_blocks(m);
#endif
    return st;
}

static jl_status check_experts(const jl_model *m, int gating, jl_error *error) {
    const jl_hparams *h = &m->h;
    if (h->n_experts > 0 && !(m->arch->rules & (JL_MAY_HAVE_EXPERTS | JL_HAS_EXPERTS)))
        return jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET, jl_string("expert_count"),
                       "%d experts in architecture %s are not supported; choose a dense model",
                       h->n_experts, m->arch->name);
    if (h->n_experts * h->n_layers > 1 << 16)
        return jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET, jl_string("expert_count"),
                       "%d experts in %d blocks are more than is supported; choose a smaller model",
                       h->n_experts, h->n_layers);
    if (h->n_experts > 0 && gating != 1)
        return jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET, jl_string("expert_gating_func"),
                       "expected 1 (softmax), found %d; choose another model", gating);
    return JL_OK;
}

static jl_status read_experts(jl_model *m, jl_error *error) {
    jl_hparams *h = &m->h;
    int gating = 1, must = (m->arch->rules & JL_HAS_EXPERTS) != 0;
    int shared = (m->arch->required & jl_shared_set) != 0;
    uint32_t ff = (uint32_t)h->n_ff;
    field count = { "expert_count", (uint32_t)must, 512, 0, 0 };
    field gate = { "expert_gating_func", 0, 255, 1, 0 };
    jl_status st = read_field(&h->n_experts, m, count, error);
    if (!st) st = read_field(&gating, m, gate, error);
    if (!st) st = check_experts(m, gating, error);
    if (st || h->n_experts == 0) return st;
    field used = { "expert_used_count", 1, (uint32_t)h->n_experts, 0, 0 };
    field width = { "expert_feed_forward_length", 1, MAX_HIDDEN, ff, 0 };
    field common = { "expert_shared_feed_forward_length", (uint32_t)shared, MAX_HIDDEN,
                     shared ? ff : 0, 0 };
    field step = { "moe_every_n_layers", 2, MAX_LAYERS, 0, 0 };
    st = read_field(&h->n_experts_used, m, used, error);
    if (!st && m->arch->rules & JL_ALTERNATE) st = read_field(&h->expert_step, m, step, error);
    if (!st) st = read_field(&h->n_ff_expert, m, width, error);
    if (!st) st = read_field(&h->n_ff_shared, m, common, error);
    return st;
}

/* Allocates the blocks and their experts. */
static jl_status allocate_blocks(jl_model *m, jl_error *error) {
    uint64_t layers = (uint64_t)m->h.n_layers, experts = (uint64_t)m->h.n_experts;
    m->w.blocks = jl_alloc_array(layers, sizeof *m->w.blocks);
    if (experts > 0) m->experts = jl_alloc_array(3 * layers * experts, sizeof *m->experts);
    if (!m->w.blocks || (experts > 0 && !m->experts)) return jl_no_memory(error, "tensors");
    for (size_t i = 0; m->experts && i < layers; i++) {
        jl_block *l = &m->w.blocks[i];
        l->expert_gate = m->experts + 3 * i * experts;
        l->expert_up = l->expert_gate + experts;
        l->expert_down = l->expert_up + experts;
    }
    return JL_OK;
}

/* Reads n_layers first, because arrays have one element per block. */
static jl_status read_sizes(jl_model *m, jl_error *error) {
    jl_hparams *h = &m->h;
    int layers = 0;
    jl_status st = read_field(&layers, m, (field){ "block_count", 1, MAX_LAYERS, 0, 0 }, error);
    if (!st && m->arch->rules & JL_UNUSED_LAYERS)
        st = read_field(&h->n_unused_layers, m,
                        (field){ "nextn_predict_layers", 0, (uint32_t)layers - 1, 0, 0 }, error);
    h->n_layers = layers - h->n_unused_layers;
    if (!st)
        st = read_field(&h->n_ctx, m, (field){ "context_length", 1, MAX_CONTEXT, 0, 0 }, error);
    if (!st)
        st = read_field(&h->n_embd, m, (field){ "embedding_length", 1, MAX_WIDTH, 0, 0 }, error);
    uint32_t hidden = (m->arch->required & jl_dense_set) != 0;
    if (!st)
        st = read_field(&h->n_ff, m, (field){ "feed_forward_length", hidden, MAX_HIDDEN, 0, 0 },
                        error);
    field original = { "rope.scaling.original_context_length", 1, MAX_CONTEXT, (uint32_t)h->n_ctx,
                       0 };
    if (!st) st = read_field(&h->n_ctx_original, m, original, error);
    if (!st) st = read_experts(m, error);
    return st;
}

jl_status jl_hparams_read(jl_model *m, jl_error *error) {
    jl_status st = read_sizes(m, error);
    if (!st) st = check_variant(m, error);
    if (!st) st = read_heads(m, error);
    if (!st) st = read_activation(m, error);
    if (!st) st = read_eps(m, error);
    if (!st) st = read_factors(m, error);
    if (!st) st = read_field(&m->h.pooling, m, (field){ "pooling_type", 0, 4, 0, 0 }, error);
    if (!st) st = read_after_pooling(m, error);
    if (!st) st = read_encoder(m, error);
    if (!st) st = allocate_blocks(m, error);
    if (!st) st = read_kinds(m, error);
    if (!st) st = read_windows(m, error);
    if (!st) st = read_rope(m, error);
    return st;
}
