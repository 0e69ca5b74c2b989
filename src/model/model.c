/* model.c - a parsed header → checked hyper-parameters, shape-checked weights, one block of memory.
 *
 * Place in the flow: format/gguf (directory) → here → load.c packs bytes into what was laid out
 * here. Every refusal happens here, before memory is taken, and names the tensor or key, what was
 * expected and what was found. After it, kernels may trust every shape: that is what makes them
 * safe without bounds checks. A file without tensors is a vocabulary and becomes a model that only
 * tokenizes.
 */
#include "model.h"

#include <string.h>

#include "../base/arena.h"
#include "../base/memory.h"
#include "../compute/pack.h"

/* ---- Hyper-parameters ------------------------------------------------------------------------ */

typedef struct field {
    const char *key;              /* after "<arch>." */
    uint32_t low, high, fallback; /* fallback 0: the key is required */
} field;

static jl_status read_field(int *out, const jl_model *m, field f, jl_error *error) {
    char key[96];
    uint32_t value = f.fallback;
    jl_format(key, sizeof key, "%s.%s", m->arch->name, f.key);
    jl_status st = jl_gguf_u32(&m->loader->gguf, key, &value, error);
    if (st) return st;
    if (value < f.low && !jl_gguf_find(&m->loader->gguf, key))
        return jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(key),
                       "the key is missing; architecture %s needs it", m->arch->name);
    if (value < f.low || value > f.high)
        return jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(key),
                       "expected %u to %u, found %u", (uint64_t)f.low, (uint64_t)f.high,
                       (uint64_t)value);
    *out = (int)value;
    return JL_OK;
}

static jl_status read_heads(jl_model *m, jl_error *error) {
    jl_hparams *h = &m->h;
    int value_length = 0;
    jl_status st = read_field(&h->n_heads, m, (field){ "attention.head_count", 1, 1024, 0 }, error);
    uint32_t heads = (uint32_t)h->n_heads;
    if (!st)
        st = read_field(&h->n_kv_heads, m, (field){ "attention.head_count_kv", 1, 1024, heads },
                        error);
    if (st) return st;
    if (h->n_heads % h->n_kv_heads)
        return jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string("attention.head_count_kv"),
                       "%d query heads cannot share %d KV heads evenly", h->n_heads, h->n_kv_heads);
    uint32_t size = (uint32_t)h->n_embd / heads;
    st = read_field(&h->head_dim, m, (field){ "attention.key_length", 1, 1024, size }, error);
    uint32_t same = (uint32_t)h->head_dim;
    if (!st)
        st = read_field(&value_length, m, (field){ "attention.value_length", same, same, same },
                        error);
    char key[96];
    jl_format(key, sizeof key, "%s.attention.key_length", m->arch->name);
    if (!st && h->n_embd % h->n_heads && !jl_gguf_find(&m->loader->gguf, key))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string("attention.head_count"),
                     "width %d is not a multiple of %d heads", h->n_embd, h->n_heads);
    return st;
}

static jl_status read_eps(jl_model *m, jl_error *error) {
    char key[96];
    jl_format(key, sizeof key, "%s.attention.layer_norm_rms_epsilon", m->arch->name);
    m->h.eps = -1;
    jl_status st = jl_gguf_f32(&m->loader->gguf, key, &m->h.eps, error);
    if (!st && !jl_gguf_find(&m->loader->gguf, key))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(key),
                     "the key is missing; architecture %s needs it", m->arch->name);
    if (!st && !(m->h.eps > 0 && m->h.eps < 1))
        st = jl_fail(error, JL_ERR_FORMAT, JL_NO_OFFSET, jl_string(key),
                     "expected a number above 0 and below 1");
    return st;
}

static jl_status read_hparams(jl_model *m, jl_error *error) {
    jl_hparams *h = &m->h;
    int experts = 0;
    jl_status st = read_field(&h->n_layers, m, (field){ "block_count", 1, 1024, 0 }, error);
    if (!st) st = read_field(&h->n_ctx, m, (field){ "context_length", 1, 1 << 24, 0 }, error);
    if (!st) st = read_field(&h->n_embd, m, (field){ "embedding_length", 1, 1 << 16, 0 }, error);
    if (!st) st = read_field(&h->n_ff, m, (field){ "feed_forward_length", 1, 1 << 20, 0 }, error);
    if (!st) st = read_field(&experts, m, (field){ "expert_count", 0, 1 << 16, 0 }, error);
    if (!st && experts > 1)
        st = jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET, jl_string("expert_count"),
                     "a mixture of %d experts is not supported; choose a dense model", experts);
    if (!st) st = read_heads(m, error);
    if (!st) st = read_eps(m, error);
    if (!st) st = jl_rope_read(&m->rope, &m->loader->gguf, m->arch, h->head_dim, error);
    return st;
}

static int dim_length(const jl_model *m, jl_dim dim) {
    const jl_hparams *h = &m->h;
    switch (dim) {
    case JL_DIM_EMBD:
        return h->n_embd;
    case JL_DIM_Q:
        return h->n_heads * h->head_dim;
    case JL_DIM_KV:
        return h->n_kv_heads * h->head_dim;
    case JL_DIM_FF:
        return h->n_ff;
    case JL_DIM_VOCAB:
        return h->n_vocab;
    case JL_DIM_PAIRS:
        return m->rope.n_pairs;
    default:
        return 1;
    }
}

/* ---- Tensors --------------------------------------------------------------------------------- */

static jl_status check_shape(const jl_gguf_tensor *t, uint64_t cols, uint64_t rows,
                             jl_error *error) {
    uint64_t dims[4] = { cols, rows, 1, 1 };
    if (memcmp(t->dims, dims, sizeof dims) == 0) return JL_OK;
    return jl_fail(error, JL_ERR_TENSOR, t->offset, t->name,
                   "expected shape [%u, %u], found [%u, %u, %u, %u]", cols, rows, t->dims[0],
                   t->dims[1], t->dims[2], t->dims[3]);
}

/* Binds one tensor of the file to the slot that a spec names, inside `owner`. */
static jl_status bind(jl_model *m, const jl_weight_spec *spec, const char *name, void *owner,
                      jl_error *error) {
    jl_gguf *g = &m->loader->gguf;
    const jl_gguf_tensor *t = jl_gguf_find_tensor(g, name);
    if (!t) {
        if (spec->optional) return JL_OK;
        return jl_fail(error, JL_ERR_TENSOR, JL_NO_OFFSET, jl_string(name),
                       "the tensor is missing; architecture %s needs it", m->arch->name);
    }
    int rows = dim_length(m, spec->rows), cols = dim_length(m, spec->cols);
    jl_status st = check_shape(t, (uint64_t)cols, (uint64_t)rows, error);
    if (st) return st;
    void *slot = (char *)owner + spec->slot;
    jl_target *target = &m->loader->targets[t - g->tensors];
    *target = (jl_target){ t->offset,
                           t->offset + t->bytes,
                           t->bytes / (uint64_t)rows,
                           rows,
                           cols,
                           (jl_type)t->type,
                           NULL,
                           NULL };
    if (spec->rows == JL_DIM_ONE) {
        target->vector = slot;
        return JL_OK;
    }
    target->matrix = slot;
    *target->matrix = (jl_matrix){ NULL, rows, cols, jl_pack_layout(target->type) };
    return JL_OK;
}

static jl_status bind_all(jl_model *m, jl_error *error) {
    char name[96];
    jl_status st = JL_OK;
    for (const jl_weight_spec *s = m->arch->globals; s->name && !st; s++)
        st = bind(m, s, s->name, &m->w, error);
    for (int i = 0; i < m->h.n_layers && !st; i++)
        for (const jl_weight_spec *s = m->arch->blocks; s->name && !st; s++) {
            jl_format(name, sizeof name, "blk.%d.%s", i, s->name);
            st = bind(m, s, name, &m->w.layers[i], error);
        }
    return st;
}

static int count_specs(const jl_weight_spec *s) {
    int n = 0;
    while (s[n].name) n++;
    return n;
}

/* More tensors than there are places: said before each is looked up by name, which is quadratic. */
static jl_status check_count(const jl_model *m, jl_error *error) {
    int n = m->loader->gguf.n_tensors;
    int most = count_specs(m->arch->globals) + m->h.n_layers * count_specs(m->arch->blocks);
    if (n <= most) return JL_OK;
    return jl_fail(error, JL_ERR_TENSOR, JL_NO_OFFSET, jl_string("tensor count"),
                   "architecture %s with %d blocks has at most %d tensors, the file has %d; it "
                   "holds a variant that is not supported",
                   m->arch->name, m->h.n_layers, most, n);
}

/* A tensor that no spec asked for would silently change what the model computes: refuse it. */
static jl_status refuse_strangers(jl_model *m, jl_error *error) {
    const jl_gguf *g = &m->loader->gguf;
    for (int i = 0; i < g->n_tensors; i++) {
        const jl_target *t = &m->loader->targets[i];
        if (!t->matrix && !t->vector)
            return jl_fail(error, JL_ERR_TENSOR, g->tensors[i].offset, g->tensors[i].name,
                           "architecture %s has no place for this tensor; the file holds a variant "
                           "that is not supported",
                           m->arch->name);
    }
    return JL_OK;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* Lays every bound tensor out in the arena; with a base, sets the pointers. */
static void lay_out(jl_model *m, jl_arena *arena) {
    for (int i = 0; i < m->loader->gguf.n_tensors; i++) {
        jl_target *t = &m->loader->targets[i];
        uint64_t bytes = (uint64_t)t->cols * sizeof(float);
        if (t->matrix) /* in 64 bits: a hostile matrix passes a 32-bit size_t */
            bytes = ((uint64_t)t->rows + JL_PANEL - 1) / JL_PANEL *
                    jl_panel_bytes(t->matrix->layout, t->cols);
        void *piece = jl_arena_take(arena, bytes);
        if (t->matrix)
            t->matrix->data = piece;
        else
            *t->vector = piece;
    }
}

static uint64_t largest_panel(const jl_model *m) {
    uint64_t most = 0;
    for (int i = 0; i < m->loader->gguf.n_tensors; i++) {
        const jl_target *t = &m->loader->targets[i];
        uint64_t bytes = t->row_bytes * (uint64_t)(t->rows < JL_PANEL ? t->rows : JL_PANEL);
        if (bytes > most) most = bytes;
    }
    return most;
}

static jl_status take_memory(jl_model *m, jl_error *error) {
    jl_loader *l = m->loader;
    jl_arena arena = { 0 };
    lay_out(m, &arena);
    uint64_t carry = largest_panel(m), total = arena.used + carry;
    if (m->tokenizer) total += jl_tokenizer_memory(m->tokenizer);
    uint64_t limit = l->memory_limit ? l->memory_limit : UINT64_MAX;
    if (total > limit || total > SIZE_MAX / 2)
        return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("weights"),
                       "they need %u MiB of memory, %u MiB are allowed; choose a smaller model",
                       (total >> 20) + 1, (limit < SIZE_MAX / 2 ? limit : SIZE_MAX / 2) >> 20);
    m->memory = jl_alloc((size_t)arena.used);
    l->carry = jl_alloc((size_t)carry);
    if (!m->memory || !l->carry)
        return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("weights"),
                       "no room for %u MiB; close other pages or choose a smaller model",
                       (total >> 20) + 1);
    m->memory_bytes = arena.used;
    l->carry_cap = (size_t)carry;
    arena = (jl_arena){ m->memory, 0 };
    lay_out(m, &arena);
    return JL_OK;
}

/* ---- Description ----------------------------------------------------------------------------- */

static jl_status copy_string(jl_model *m, int which, const char *key, jl_error *error) {
    jl_str s = { NULL, 0 };
    const jl_gguf_value *v = jl_gguf_find(&m->loader->gguf, key);
    if (!v || v->array || v->type != JL_GGUF_STRING) return JL_OK; /* for people only */
    jl_status st = jl_gguf_string(&m->loader->gguf, key, &s, error);
    if (st) return st;
    m->strings[which] = jl_alloc(s.n + 1);
    if (!m->strings[which])
        return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string(key), "no room for its text");
    memcpy(m->strings[which], s.data, s.n);
    m->strings[which][s.n] = 0;
    return JL_OK;
}

static jl_status describe(jl_model *m, jl_error *error) {
    jl_status st = copy_string(m, JL_STRING_NAME, "general.name", error);
    if (!st) st = copy_string(m, JL_STRING_ARCHITECTURE, "general.architecture", error);
    if (!st) st = copy_string(m, JL_STRING_LICENSE, "general.license", error);
    if (!st) st = copy_string(m, JL_STRING_TEMPLATE, "tokenizer.chat_template", error);
    uint64_t of_type[64] = { 0 }; /* parameters */
    for (int i = 0; i < m->loader->gguf.n_tensors; i++) {
        const jl_gguf_tensor *t = &m->loader->gguf.tensors[i];
        uint64_t n = t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3];
        m->n_parameters += n;
        of_type[t->type & 63] += n;
        if (of_type[t->type & 63] >= of_type[m->main_type & 63]) m->main_type = (jl_type)t->type;
    }
    return st;
}

/* ---- All of it ------------------------------------------------------------------------------- */

static jl_status find_arch(jl_model *m, jl_error *error) {
    jl_str name = { NULL, 0 };
    jl_status st = jl_gguf_string(&m->loader->gguf, "general.architecture", &name, error);
    if (st) return st;
    m->arch = jl_arch_find(name.data, name.n);
    if (m->arch) return JL_OK;
    return jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET, jl_string("general.architecture"),
                   "\"%S\" is not supported; choose a model of architecture %s", name,
                   jl_arch_at(0)->name);
}

/* The vocabulary is as long as the embedding has rows, and as the tokenizer says if there is one.
 * */
static jl_status find_vocab(jl_model *m, jl_error *error) {
    const jl_gguf_tensor *t = jl_gguf_find_tensor(&m->loader->gguf, "token_embd.weight");
    uint64_t rows = t ? t->dims[1] : 0;
    if (!t || rows > 1 << 24)
        return jl_fail(error, JL_ERR_TENSOR, JL_NO_OFFSET, jl_string("token_embd.weight"),
                       "the tensor is missing or larger than any vocabulary");
    if (m->tokenizer && (uint64_t)jl_tokenizer_n_vocab(m->tokenizer) != rows)
        return jl_fail(error, JL_ERR_TENSOR, t->offset, t->name,
                       "%u rows, but the tokenizer has %d tokens", rows,
                       jl_tokenizer_n_vocab(m->tokenizer));
    m->h.n_vocab = (int)rows;
    return JL_OK;
}

jl_status jl_model_build(jl_model *m, jl_error *error) {
    jl_loader *l = m->loader;
    jl_error tokenizer_error = { 0 };
    if (l->gguf.n_tensors > 0 && find_arch(m, error)) return error->code;
    m->tokenizer = jl_tokenizer_new(&l->gguf, &tokenizer_error);
    if (tokenizer_error.code) {
        *error = tokenizer_error;
        return error->code;
    }
    jl_status st = describe(m, error);
    if (st) return st;
    if (l->gguf.n_tensors == 0) {
        if (m->tokenizer) return JL_OK;
        return jl_fail(error, JL_ERR_TENSOR, JL_NO_OFFSET, jl_string("file"),
                       "holds neither tensors nor a vocabulary");
    }
    st = find_vocab(m, error);
    if (!st) st = read_hparams(m, error);
    if (st) return st;
    m->w.layers = jl_alloc_array((uint64_t)m->h.n_layers, sizeof *m->w.layers);
    l->targets = jl_alloc_array((uint64_t)l->gguf.n_tensors, sizeof *l->targets);
    if (!m->w.layers || !l->targets)
        return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("tensors"),
                       "no room for the directory");
    st = check_count(m, error);
    if (!st) st = bind_all(m, error);
    if (!st) st = refuse_strangers(m, error);
    if (!st) st = take_memory(m, error);
    if (!st && !m->w.output.rows) m->w.output = m->w.token_embd; /* tied */
    return st;
}
