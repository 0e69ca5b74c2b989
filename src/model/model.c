/* model.c - a parsed header → checked hyper-parameters, shape-checked weights, one block of memory.
 *
 * Place in the flow: format/gguf (directory) → here, with hparams.c and bind.c → load.c packs bytes
 * into the laid-out memory. All checks precede the allocation; an error names the tensor or key,
 * the expected and found value, and what to do. Kernels trust the checked shapes, so they need no
 * bounds checks. A file without tensors is a vocabulary: its model can only tokenize.
 */
#include "model.h"

#include <string.h>

#include "../base/arena.h"
#include "../base/memory.h"
#include "../compute/pack.h"
#include "../jielong_host.h"

/* ---- Memory ---------------------------------------------------------------------------------- */

/* Lays out all bound tensors in the arena; with a base, sets the pointers. */
static void lay_out(jl_model *m, jl_arena *arena) {
    if (m->h.alibi > 0) m->w.slopes = jl_arena_take(arena, (uint64_t)m->h.n_heads * sizeof(float));
    for (int i = 0; i < m->loader->n_targets; i++) {
        jl_target *t = &m->loader->targets[i];
        uint64_t bytes = (uint64_t)t->cols * sizeof(float);
        if (!t->matrix && !t->vector) continue;
        if (t->matrix) /* in 64 bits: a hostile matrix overflows a 32-bit size_t */
            bytes = ((uint64_t)t->rows + JL_PANEL - 1) / JL_PANEL *
                    jl_panel_bytes(t->matrix->layout, t->cols);
        uint8_t *piece = jl_arena_take(arena, bytes);
        if (piece) memset(piece + bytes, 0, -bytes & 63); /* the arena's padding is hashed too */
        if (t->matrix)
            t->matrix->data = piece;
        else
            *t->vector = (float *)(void *)piece;
    }
}

static uint64_t largest_panel(const jl_model *m) {
    uint64_t max = 0;
    for (int i = 0; i < m->loader->n_targets; i++) {
        const jl_target *t = &m->loader->targets[i];
        uint64_t bytes = t->row_bytes * (uint64_t)(t->rows < JL_PANEL ? t->rows : JL_PANEL);
        if (bytes > max) max = bytes;
    }
    return max;
}

static jl_status take_memory(jl_model *m, jl_error *error) {
    jl_loader *l = m->loader;
    jl_arena arena = { 0 };
    lay_out(m, &arena);
    uint64_t carry = largest_panel(m), total = arena.used + carry;
    if (m->tokenizer) total += jl_tokenizer_memory(m->tokenizer);
    m->memory_bytes = arena.used;
    if (l->header_only) return JL_OK;
    uint64_t limit = l->memory_limit ? l->memory_limit : UINT64_MAX;
    if (total > limit || total > SIZE_MAX / 2)
        return jl_fail(
            error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("weights"),
            "the weights need %u MiB of memory, the limit is %u MiB; choose a smaller model",
            (total >> 20) + 1, (limit < SIZE_MAX / 2 ? limit : SIZE_MAX / 2) >> 20);
    m->memory = jl_alloc((size_t)arena.used);
    l->carry = jl_alloc((size_t)carry);
    if (!m->memory || !l->carry)
        return jl_fail(error, JL_ERR_MEMORY, JL_NO_OFFSET, jl_string("weights"),
                       "not enough memory for %u MiB; close other pages or choose a smaller model",
                       (total >> 20) + 1);
    l->carry_cap = (size_t)carry;
    arena = (jl_arena){ m->memory, 0 };
    lay_out(m, &arena);
    return JL_OK;
}

/* Falcon: if attention has its own norm, attn_norm belongs to the feed-forward sublayer. */
static void assign_falcon_norms(jl_block *l) {
    if (!l->falcon_norm.weight) return;
    l->ffn_norm = l->attn_norm;
    l->attn_norm = l->falcon_norm;
}

jl_status jl_model_complete(jl_model *m, jl_error *error) {
    jl_rope_table *rope = &m->rope[JL_ROPE_GLOBAL];
    const jl_weights *w = &m->w;
    jl_status st = JL_OK;
    m->rope_long = *rope;
    if (w->rope_factors) st = jl_rope_divide(rope, "rope_freqs.weight", w->rope_factors, error);
    if (!st && w->rope_short)
        st = jl_rope_divide(rope, "rope_factors_short.weight", w->rope_short, error);
    if (!st && w->rope_long)
        st = jl_rope_divide(&m->rope_long, "rope_factors_long.weight", w->rope_long, error);
    else if (!st)
        m->rope_long = *rope;
    for (int i = 0; i < m->h.n_layers; i++) assign_falcon_norms(&m->w.blocks[i]);
    if (w->slopes) jl_alibi_slopes(w->slopes, m->h.n_heads, m->h.alibi);
    return st;
}

/* ---- Description ----------------------------------------------------------------------------- */

static jl_status copy_string(jl_model *m, int which, const char *key, jl_error *error) {
    jl_str s = { NULL, 0 };
    const jl_gguf_value *v = jl_gguf_find(&m->loader->gguf, key);
    if (!v || v->array || v->type != JL_GGUF_STRING) return JL_OK; /* informational only */
    jl_status st = jl_gguf_string(&m->loader->gguf, key, &s, error);
    if (st) return st;
    m->strings[which] = jl_alloc(s.n + 1);
    if (!m->strings[which]) return jl_no_memory(error, key);
    memcpy(m->strings[which], s.data, s.n);
    m->strings[which][s.n] = 0;
    return JL_OK;
}

static jl_status describe(jl_model *m, jl_error *error) {
    jl_status st = copy_string(m, JL_STRING_NAME, "general.name", error);
    if (!st) st = copy_string(m, JL_STRING_ARCHITECTURE, "general.architecture", error);
    if (!st) st = copy_string(m, JL_STRING_LICENSE, "general.license", error);
    if (!st) st = copy_string(m, JL_STRING_TEMPLATE, "tokenizer.chat_template", error);
#ifdef JL_ALL
    if (!st) st = copy_string(m, JL_STRING_RERANK, "tokenizer.chat_template.rerank", error);
#endif
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

/* ---- Build ----------------------------------------------------------------------------------- */

static jl_status find_arch(jl_model *m, jl_error *error) {
    jl_str name = { NULL, 0 };
    jl_status st = jl_gguf_string(&m->loader->gguf, "general.architecture", &name, error);
    if (st) return st;
    m->arch = jl_arch_find(name.data, name.n);
    if (m->arch) return JL_OK;
    if (name.n > 40) name.n = 40;
    char names[900];
    size_t n = 0;
    for (int i = 0; jl_arch_at(i) && n < sizeof names; i++)
        n += jl_format(names + n, sizeof names - n, i ? ", %s" : "%s", jl_arch_at(i)->name);
    return jl_fail(error, JL_ERR_ARCHITECTURE, JL_NO_OFFSET, jl_string("general.architecture"),
                   "\"%S\" is not supported; choose a model of one of: %s", name, names);
}

/* n_vocab = rows of the embedding; must equal the tokenizer's, if there is one. */
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

static size_t longest_token(const jl_model *m) {
    size_t longest = 0, n;
    for (int32_t id = 0; id < jl_model_n_vocab(m); id++)
        if (jl_token_bytes(m, id, 0, &n) && n > longest) longest = n;
    return longest;
}

jl_status jl_model_build(jl_model *m, jl_error *error) {
    jl_loader *l = m->loader;
    jl_error tokenizer_error = { 0 };
    m->file_bytes = l->gguf.data_end;
    m->header_hash = jl_hash64(l->header, l->gguf.header_end, 0);
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
    if (!st) m->longest_token = longest_token(m);
    if (!st) st = jl_hparams_read(m, error);
    if (!st) st = jl_bind(m, error);
    if (!st) st = take_memory(m, error);
    if (!st && !m->w.output.w.rows) m->w.output.w = m->w.token_embd; /* tied */
    return st;
}

/* ---- Getters of jielong.h -------------------------------------------------------------------- */

int jl_model_n_vocab(const jl_model *m) {
    if (m->arch) return m->h.n_vocab;
    return m->tokenizer ? jl_tokenizer_n_vocab(m->tokenizer) : 0;
}

uint64_t jl_model_file_bytes(const jl_model *m) {
    return m->file_bytes;
}

int jl_model_n_ctx(const jl_model *m) {
    return m->h.n_ctx;
}

int jl_model_n_layers(const jl_model *m) {
    return m->h.n_layers;
}

int jl_model_n_embd(const jl_model *m) {
    return m->h.n_embd;
}

jl_pooling jl_model_pooling(const jl_model *m) {
    int p = m->h.pooling;
    return p >= JL_POOLING_MEAN && p <= JL_POOLING_LAST ? (jl_pooling)p : JL_POOLING_MEAN;
}

int jl_model_n_heads(const jl_model *m) {
    return m->h.n_heads;
}
