/* bind.c - binds the file's tensors to the slots of the architecture's row.
 *
 * Place in the flow: hparams.c (lengths) → here → model.c allocates the bound tensors → load.c
 * packs bytes. The name of a tensor gives its block and slot; its shape must match the lengths.
 * Every required slot is filled, none twice. Unknown tensors are rejected, because they would
 * change what the model computes. A fused tensor becomes one target per part, so later code does
 * not see it. One pass in file order, linear in the number of tensors. A matrix of NVFP4 files has
 * a second scale beside it, attn_q.scale of attn_q.weight.
 */
#include "model.h"

#include <string.h>

#include "../base/memory.h"
#include "../compute/pack.h"

enum { MODEL_LEVEL = -1 }; /* a block index: outside the blocks */

static int dim_length(const jl_model *m, jl_dim dim) {
    const jl_hparams *h = &m->h;
    const int lengths[] = {
        [JL_DIM_NONE] = 0,
        [JL_DIM_EMBD] = h->n_embd,
        [JL_DIM_HEAD] = h->head_dim,
        [JL_DIM_Q] = h->n_heads * h->head_dim,
        [JL_DIM_KV] = h->n_kv_heads * h->head_dim,
        [JL_DIM_FF] = h->n_ff,
        [JL_DIM_VOCAB] = h->n_vocab,
        [JL_DIM_CONTEXT] = h->n_ctx,
        [JL_DIM_TYPES] = h->n_types,
        [JL_DIM_PAIRS] = m->rope[JL_ROPE_GLOBAL].n_pairs,
        [JL_DIM_ONE] = 1,
        [JL_DIM_EXPERTS] = h->n_experts,
        [JL_DIM_EXPERT_FF] = h->n_ff_expert,
        [JL_DIM_SHARED_FF] = h->n_ff_shared,
        [JL_DIM_CONV] = h->conv_length,
#ifdef JL_ALL
        [JL_DIM_Q_GATE] = 2 * h->n_heads * h->head_dim,
        [JL_DIM_CHANNELS] = h->ssm.channels,
        [JL_DIM_KERNEL] = h->ssm.kernel,
        [JL_DIM_INNER] = h->ssm.inner,
        [JL_DIM_STATE] = h->ssm.state,
        [JL_DIM_STATE_HEADS] = h->ssm.heads,
        [JL_DIM_GROUPS] = h->ssm.groups,
        [JL_DIM_GROUP_INNER] = h->ssm.groups ? h->ssm.inner / h->ssm.groups : 0,
#endif
        [JL_DIM_DENSE] = h->n_dense,
        [JL_DIM_LABELS] = h->n_labels,
    };
    return lengths[dim];
}

/* ---- Sets ------------------------------------------------------------------------------------ */

/* The required and optional tensors of a block or of MODEL_LEVEL. */
static void tensor_sets(const jl_model *m, int block, jl_tensor_set *required,
                        jl_tensor_set *optional) {
    jl_tensor_set outside = ((jl_tensor_set)1 << JL_ATTN_NORM) - 1;
    jl_tensor_set range = block == MODEL_LEVEL ? outside : ~outside, absent = 0, instead = 0;
    jl_tensor_set gate = (jl_tensor_set)1 << JL_FFN_GATE, norm = (jl_tensor_set)1 << JL_ATTN_NORM;
    if (block != MODEL_LEVEL && m->w.blocks[block].has_experts) {
        absent |= jl_dense_set, instead |= jl_expert_set;
        if (!(m->arch->required & gate)) instead &= ~((jl_tensor_set)1 << JL_EXPERT_GATE);
    }
    if (m->h.n_ff_shared > 0) instead |= jl_shared_set;
    if (block != MODEL_LEVEL) {
        const jl_block *b = &m->w.blocks[block];
        if (!jl_has_attention(b)) absent |= jl_attention_set;
        if (!jl_is_recurrent(b)) absent |= jl_recurrent_set;
        if (b->mixer == JL_SHORT_CONV) instead |= jl_conv_set;
    }
    if (m->h.n_dense > 0) instead |= m->arch->optional & jl_dense_after_set;
    *required = ((m->arch->required & ~absent) | instead) & range;
    *optional = m->arch->optional & ~absent & range;
    if (block != 0 || !(m->arch->rules & JL_FIRST_BARE)) return;
    *required &= ~norm;
    *optional |= norm;
}

/* ---- Names ----------------------------------------------------------------------------------- */

static int in_set(jl_tensor_set set, int tensor) {
    return set >> tensor & 1;
}

/* "blk.N.rest" → N, and *name = "rest"; any other name: MODEL_LEVEL. */
static int split_name(jl_str *name) {
    size_t i = 4;
    int block = 0;
    if (name->n < 6 || memcmp(name->data, "blk.", 4) != 0) return MODEL_LEVEL;
    for (; i < name->n && i < 9 && name->data[i] >= '0' && name->data[i] <= '9'; i++)
        block = 10 * block + (name->data[i] - '0');
    if (i == 4 || i == name->n || name->data[i] != '.') return MODEL_LEVEL;
    *name = (jl_str){ name->data + i + 1, name->n - i - 1 };
    return block;
}

static void shape_of(const jl_model *m, const jl_tensor_spec *spec, uint64_t dims[4]) {
    uint64_t rows = 0;
    for (int p = 0; p < 3; p++) rows += (uint64_t)dim_length(m, spec->parts[p].rows);
    dims[0] = spec->cols == JL_DIM_NONE ? rows : (uint64_t)dim_length(m, spec->cols);
    dims[1] = spec->cols == JL_DIM_NONE ? 1 : rows;
    dims[2] = spec->kind == JL_EXPERTS ? (uint64_t)m->h.n_experts : 1;
    dims[3] = 1;
}

/* Finds the jl_tensor and block of a tensor; JL_TENSOR_COUNT: none. If two tensors of the row have
 * this name, the shape decides. */
static int find_place(const jl_model *m, const jl_gguf_tensor *t, int *block) {
    jl_str name = t->name;
    int found = JL_TENSOR_COUNT;
    *block = split_name(&name);
    if (*block >= m->h.n_layers) return found;
    jl_tensor_set required, optional;
    tensor_sets(m, *block, &required, &optional);
    for (int i = 0; i < JL_TENSOR_COUNT; i++) {
        uint64_t dims[4];
        if (!in_set(required | optional, i)) continue;
        if (!jl_str_equal(name, jl_tensor_specs[i].name)) continue;
        shape_of(m, &jl_tensor_specs[i], dims);
        if (found == JL_TENSOR_COUNT || memcmp(dims, t->dims, sizeof dims) == 0) found = i;
    }
    return found;
}

/* ---- Targets --------------------------------------------------------------------------------- */

static jl_status check_shape(const jl_model *m, const jl_gguf_tensor *t, const jl_tensor_spec *spec,
                             jl_error *error) {
    uint64_t dims[4];
    shape_of(m, spec, dims);
    if (memcmp(t->dims, dims, sizeof dims) == 0) return JL_OK;
    return jl_fail(error, JL_ERR_TENSOR, t->offset, t->name,
                   "expected shape [%u, %u, %u], found [%u, %u, %u, %u]; the file is damaged or of "
                   "a variant that is not supported",
                   dims[0], dims[1], dims[2], t->dims[0], t->dims[1], t->dims[2], t->dims[3]);
}

/* A vector is one row of the file; its parts must begin at blocks of its type. */
static jl_status check_parts(const jl_model *m, const jl_gguf_tensor *t, const jl_tensor_spec *spec,
                             jl_error *error) {
    int block = jl_type_get((uint32_t)t->type)->block;
    for (int p = 0; p < 3 && spec->cols == JL_DIM_NONE; p++)
        if (dim_length(m, spec->parts[p].rows) % block)
            return jl_fail(error, JL_ERR_TENSOR, t->offset, t->name,
                           "a part of this vector begins within a block of type %s; convert the "
                           "model with vectors in F32",
                           jl_type_get((uint32_t)t->type)->name);
    return JL_OK;
}

/* Adds the target of a matrix or vector whose bytes begin at `at`; returns their end. */
static uint64_t add_target(jl_model *m, jl_type type, uint64_t at, int rows, int cols,
                           jl_matrix *matrix, float **vector) {
    const jl_type_info *info = jl_type_get((uint32_t)type);
    uint64_t bytes = (uint64_t)(cols / info->block) * (uint64_t)info->bytes;
    uint64_t end = at + bytes * (uint64_t)rows;
    m->loader->targets[m->loader->n_targets++] =
        (jl_target){ at, end, bytes, rows, cols, type, matrix, vector };
    jl_layout layout = jl_pack_layout(type);
    if (matrix) *matrix = (jl_matrix){ NULL, rows, cols, layout, jl_model_precision_of(m, layout) };
    return end;
}

/* Adds the targets of a tensor: one per part or expert. */
static void add_targets(jl_model *m, const jl_gguf_tensor *t, const jl_tensor_spec *spec,
                        void *owner) {
    jl_type type = (jl_type)t->type;
    uint64_t at = t->offset;
    int cols = dim_length(m, spec->cols);
    for (int p = 0; p < 3 && spec->parts[p].rows != JL_DIM_NONE; p++) {
        int rows = dim_length(m, spec->parts[p].rows);
        void *slot = (char *)owner + spec->parts[p].slot;
        if (spec->cols == JL_DIM_NONE)
            at = add_target(m, type, at, 1, rows, NULL, slot);
        else if (spec->kind == JL_FLOATS)
            at = add_target(m, type, at, 1, rows * cols, NULL, slot);
        else if (spec->kind == JL_ONE_MATRIX)
            at = add_target(m, type, at, rows, cols, slot, NULL);
        else
            for (int e = 0; e < m->h.n_experts; e++)
                at = add_target(m, type, at, rows, cols, &(*(jl_linear **)slot)[e].w, NULL);
    }
}

/* Binds a tensor; fails if *filled, the tensors of its block, has it. */
static jl_status bind(jl_model *m, const jl_gguf_tensor *t, int tensor, void *owner,
                      jl_tensor_set *filled, jl_error *error) {
    const jl_tensor_spec *spec = &jl_tensor_specs[tensor];
    jl_tensor_set places = (jl_tensor_set)1 << tensor | spec->with;
    jl_status st = check_shape(m, t, spec, error);
    if (!st) st = check_parts(m, t, spec, error);
    if (!st && *filled & places)
        st = jl_fail(error, JL_ERR_TENSOR, t->offset, t->name,
                     "another tensor has the same role; the file is damaged");
    if (st) return st;
    *filled |= places;
    add_targets(m, t, spec, owner);
    return JL_OK;
}

#ifdef JL_ALL
/* ---- Scales beside matrices ------------------------------------------------------------------ */

/* "attn_q.scale" → "attn_q.weight", in `name`, which has 8 bytes more than a tensor's name. Returns
 * 0 if t is no scale. */
static int name_of_scaled(const jl_gguf_tensor *t, const char *ending, jl_gguf_tensor *of,
                          char *name) {
    size_t n = strlen(ending);
    if (t->name.n <= n || memcmp(t->name.data + t->name.n - n, ending, n) != 0) return 0;
    memcpy(name, t->name.data, t->name.n - n);
    memcpy(name + t->name.n - n, ".weight", 7);
    *of = *t;
    of->name = (jl_str){ name, t->name.n - n + 7 };
    return 1;
}

/* Finds the matrix of a block, in one part of the file, that this scale belongs to, and checks the
 * scale's type and shape; JL_TENSOR_COUNT: none. */
static int find_scaled(const jl_model *m, const jl_gguf_tensor *t, int *block) {
    char name[80];
    jl_gguf_tensor of;
    if (!name_of_scaled(t, ".scale", &of, name) && !name_of_scaled(t, ".input_scale", &of, name))
        return JL_TENSOR_COUNT;
    int tensor = find_place(m, &of, block);
    if (tensor == JL_TENSOR_COUNT || *block < 0) return JL_TENSOR_COUNT;
    const jl_tensor_spec *spec = &jl_tensor_specs[tensor];
    uint64_t count = spec->kind == JL_EXPERTS ? (uint64_t)m->h.n_experts : 1;
    if (spec->cols == JL_DIM_NONE || spec->kind == JL_FLOATS || spec->parts[1].rows != JL_DIM_NONE)
        return JL_TENSOR_COUNT;
    if (t->type != JL_F32 || t->dims[0] != count || t->dims[1] * t->dims[2] * t->dims[3] != 1)
        return JL_TENSOR_COUNT;
    return tensor;
}

/* Binds a scale; those of inputs are for products of 4-bit activations, so they are only read. */
static void bind_scale(jl_model *m, const jl_gguf_tensor *t, int tensor, int block) {
    const jl_tensor_spec *spec = &jl_tensor_specs[tensor];
    char *slot = (char *)&m->w.blocks[block] + spec->parts[0].slot;
    int one = spec->kind == JL_ONE_MATRIX, count = one ? 1 : m->h.n_experts;
    jl_linear *to = one ? (jl_linear *)(void *)slot : *(jl_linear **)(void *)slot;
    int of_input = t->name.n > 12 && memcmp(t->name.data + t->name.n - 12, ".input_scale", 12) == 0;
    uint64_t at = t->offset;
    if (of_input) add_target(m, JL_F32, at, 1, count, NULL, NULL);
    for (int i = 0; i < count && !of_input; i++)
        at = add_target(m, JL_F32, at, 1, 1, NULL, &to[i].scale);
}

/* Fails if a scaled tensor is not in the file, or only as a part of another. */
static jl_status check_scaled(int block, jl_tensor_set scaled, jl_tensor_set filled,
                              jl_error *error) {
    for (int i = 0; i < JL_TENSOR_COUNT; i++)
        if (in_set(filled, i)) filled &= ~jl_tensor_specs[i].with;
    for (int i = 0; i < JL_TENSOR_COUNT; i++)
        if (in_set(scaled & ~filled, i)) {
            char name[96];
            jl_format(name, sizeof name, "blk.%d.%s", block, jl_tensor_specs[i].name);
            return jl_fail(error, JL_ERR_TENSOR, JL_NO_OFFSET, jl_string(name),
                           "the file has a scale of this tensor, but not the tensor; it is "
                           "damaged, or of a variant that is not supported");
        }
    return JL_OK;
}
#endif

static jl_status refuse_stranger(const jl_model *m, const jl_gguf_tensor *t, jl_error *error) {
    return jl_fail(error, JL_ERR_TENSOR, t->offset, t->name,
                   "architecture %s with %d blocks has no such tensor; the file is of a variant "
                   "that is not supported",
                   m->arch->name, m->h.n_layers);
}

/* Fails with the first missing tensor. */
static jl_status check_filled(const jl_model *m, int block, jl_tensor_set filled, jl_error *error) {
    jl_tensor_set required, optional, missing;
    tensor_sets(m, block, &required, &optional);
    missing = required & ~filled;
    if (!missing) return JL_OK;
    int first = 0;
    while (!in_set(missing, first)) first++;
    char name[96] = "";
    if (block != MODEL_LEVEL) jl_format(name, sizeof name, "blk.%d.", block);
    size_t n = strlen(name);
    jl_format(name + n, sizeof name - n, "%s", jl_tensor_specs[first].name);
    return jl_fail(error, JL_ERR_TENSOR, JL_NO_OFFSET, jl_string(name),
                   "the tensor is missing; architecture %s needs it; the file is incomplete or of "
                   "a variant that is not supported",
                   m->arch->name);
}

jl_status jl_bind(jl_model *m, jl_error *error) {
    const jl_gguf *g = &m->loader->gguf;
    int layers = m->h.n_layers; /* blocks: the tensors of each, then those with scales */
    jl_tensor_set model = 0, *blocks = jl_alloc_array(2 * (uint64_t)layers, sizeof *blocks);
    uint64_t experts = (uint64_t)layers * (uint64_t)m->h.n_experts;
    uint64_t max = 3 * ((uint64_t)g->n_tensors + 2 * experts); /* targets; experts have scales */
    m->loader->targets = jl_alloc_array(max, sizeof(jl_target));
    jl_status st = JL_OK;
    if (!blocks || !m->loader->targets) st = jl_no_memory(error, "tensors");
    for (int i = 0; i < g->n_tensors && !st; i++) {
        int block, tensor = find_place(m, &g->tensors[i], &block);
        void *owner = block < 0 ? (void *)&m->w : &m->w.blocks[block];
        int unused = block >= m->h.n_layers && block < m->h.n_layers + m->h.n_unused_layers;
        if (unused) continue;
#ifdef JL_ALL
        int scaled = tensor == JL_TENSOR_COUNT ? find_scaled(m, &g->tensors[i], &block) : tensor;
        if (scaled != tensor) {
            bind_scale(m, &g->tensors[i], scaled, block);
            blocks[layers + block] |= (jl_tensor_set)1 << scaled;
            continue;
        }
#endif
        if (tensor == JL_TENSOR_COUNT)
            st = refuse_stranger(m, &g->tensors[i], error);
        else
            st = bind(m, &g->tensors[i], tensor, owner, block < 0 ? &model : &blocks[block], error);
    }
    if (!st) st = check_filled(m, MODEL_LEVEL, model, error);
    for (int i = 0; i < layers && !st; i++) st = check_filled(m, i, blocks[i], error);
#ifdef JL_ALL
    for (int i = 0; i < layers && !st; i++)
        st = check_scaled(i, blocks[layers + i], blocks[i], error);
#endif
    jl_free(blocks);
    return st;
}
