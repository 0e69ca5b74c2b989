/* sites.c - the table of sites; edits and reads of their values.
 *
 * Place in the flow: forward.c and the sublayers call jl_at() → here. The requests belong to the
 * session; their tokens are absolute positions here.
 */
#include "sites.h"

#include <math.h>
#include <string.h>

/* ---- The table ------------------------------------------------------------------------------- */

/* Lengths of a site's axes. */
typedef enum size { ONE, EMBD, HEAD, FF, EXPERTS, VOCAB, KEYS } size;
typedef enum heads { NO_HEADS, QUERY_HEADS, KV_HEADS } heads;

/* Which models or blocks have a site. */
typedef enum condition {
    ALWAYS,
    LEARNED_POSITIONS,
    SEQUENTIAL, /* not in parallel blocks */
    ATTN_NORM,
    FFN_NORM,
    ATTENTION,
    FEED_FORWARD,
    DENSE,
    GATED,
    ROUTED,
    FINAL_NORM,
    DECODER
} condition;

typedef struct table_row {
    const char *name, *alias;
    jl_site_axes axes;
    heads heads;
    size width;
    condition when;
    int read_only;
} table_row;

#define TOKEN      JL_AXES_TOKEN, NO_HEADS
#define TOKEN_HEAD JL_AXES_TOKEN_HEAD
#define HEAD_TOKEN JL_AXES_HEAD_TOKEN

static const table_row rows[JL_SITE_COUNT] = {
    [JL_SITE_EMBED] = { "hook_embed", "embed", TOKEN, EMBD, ALWAYS, 0 },
    [JL_SITE_POS_EMBED] = { "hook_pos_embed", "pos_embed", TOKEN, EMBD, LEARNED_POSITIONS, 0 },
    [JL_SITE_RESID_PRE] = { "hook_resid_pre", "resid_pre", TOKEN, EMBD, ALWAYS, 0 },
    [JL_SITE_RESID_MID] = { "hook_resid_mid", "resid_mid", TOKEN, EMBD, SEQUENTIAL, 0 },
    [JL_SITE_RESID_POST] = { "hook_resid_post", "resid_post", TOKEN, EMBD, ALWAYS, 0 },
    [JL_SITE_LN1_SCALE] = { "ln1.hook_scale", "ln1.scale", TOKEN, ONE, ATTN_NORM, 0 },
    [JL_SITE_LN1_NORMALIZED] = { "ln1.hook_normalized", "ln1.normalized", TOKEN, EMBD, ATTN_NORM,
                                 0 },
    [JL_SITE_LN2_SCALE] = { "ln2.hook_scale", "ln2.scale", TOKEN, ONE, FFN_NORM, 0 },
    [JL_SITE_LN2_NORMALIZED] = { "ln2.hook_normalized", "ln2.normalized", TOKEN, EMBD, FFN_NORM,
                                 0 },
    [JL_SITE_Q] = { "attn.hook_q", "q", TOKEN_HEAD, QUERY_HEADS, HEAD, ATTENTION, 0 },
    [JL_SITE_K] = { "attn.hook_k", "k", TOKEN_HEAD, KV_HEADS, HEAD, ATTENTION, 0 },
    [JL_SITE_V] = { "attn.hook_v", "v", TOKEN_HEAD, KV_HEADS, HEAD, ATTENTION, 0 },
    [JL_SITE_ROT_Q] = { "attn.hook_rot_q", "rot_q", TOKEN_HEAD, QUERY_HEADS, HEAD, ATTENTION, 0 },
    [JL_SITE_ROT_K] = { "attn.hook_rot_k", "rot_k", TOKEN_HEAD, KV_HEADS, HEAD, ATTENTION, 0 },
    [JL_SITE_ATTN_SCORES] = { "attn.hook_attn_scores", "attn_scores", HEAD_TOKEN, QUERY_HEADS, KEYS,
                              ATTENTION, 0 },
    [JL_SITE_PATTERN] = { "attn.hook_pattern", "pattern", HEAD_TOKEN, QUERY_HEADS, KEYS, ATTENTION,
                          0 },
    [JL_SITE_Z] = { "attn.hook_z", "z", TOKEN_HEAD, QUERY_HEADS, HEAD, ATTENTION, 0 },
    [JL_SITE_RESULT] = { "attn.hook_result", "result", TOKEN_HEAD, QUERY_HEADS, EMBD, ATTENTION,
                         1 },
    [JL_SITE_ATTN_OUT] = { "hook_attn_out", "attn_out", TOKEN, EMBD, ALWAYS, 0 },
    [JL_SITE_MLP_PRE] = { "mlp.hook_pre", "mlp.pre", TOKEN, FF, DENSE, 0 },
    [JL_SITE_MLP_PRE_LINEAR] = { "mlp.hook_pre_linear", "mlp.pre_linear", TOKEN, FF, GATED, 0 },
    [JL_SITE_MLP_POST] = { "mlp.hook_post", "mlp.post", TOKEN, FF, DENSE, 0 },
    [JL_SITE_EXPERT_WEIGHTS] = { "mlp.hook_expert_weights", "expert_weights", TOKEN, EXPERTS,
                                 ROUTED, 0 },
    [JL_SITE_MLP_OUT] = { "hook_mlp_out", "mlp_out", TOKEN, EMBD, FEED_FORWARD, 0 },
    [JL_SITE_FINAL_SCALE] = { "ln_final.hook_scale", "ln_final.scale", TOKEN, ONE, FINAL_NORM, 0 },
    [JL_SITE_FINAL_NORMALIZED] = { "ln_final.hook_normalized", "ln_final.normalized", TOKEN, EMBD,
                                   FINAL_NORM, 0 },
    [JL_SITE_LOGITS] = { "logits", "logits", TOKEN, VOCAB, DECODER, 0 },
};

static int is_per_block(jl_site site) {
    return site >= JL_SITE_RESID_PRE && site <= JL_SITE_RESID_POST;
}

static int model_has(const jl_model *m, condition when) {
    switch (when) {
    case LEARNED_POSITIONS:
        return m->w.position_embd.rows > 0;
    case FINAL_NORM:
        return m->w.output_norm.weight != NULL;
    case DECODER:
        return !m->h.encoder;
    default:
        return 1;
    }
}

static int has_ffn(const jl_block *b) {
#ifdef JL_ALL
    return b->up.w.rows > 0 || b->router.w.rows > 0;
#else
    (void)b;
    return 1;
#endif
}

static int block_has(const jl_model *m, const jl_block *b, condition when) {
    switch (when) {
    case SEQUENTIAL:
        return !m->h.parallel && has_ffn(b);
    case ATTN_NORM:
        return b->attn_norm.weight || b->attn_sum_norm.weight;
    case FFN_NORM:
        return b->ffn_norm.weight || b->ffn_sum_norm.weight;
    case ATTENTION:
        return jl_has_attention(b);
    case DENSE:
        return !b->router.w.rows && has_ffn(b);
    case GATED:
        return !b->router.w.rows && b->gate.w.rows > 0;
    case ROUTED:
        return b->router.w.rows > 0;
    case FEED_FORWARD:
        return has_ffn(b);
    default:
        return 1;
    }
}

static int length(const jl_model *m, size of) {
    const jl_hparams *h = &m->h;
    const int lengths[] = { 1, h->n_embd, h->head_dim, h->n_ff, h->n_experts, h->n_vocab, 0 };
    return lengths[of];
}

int jl_model_site(const jl_model *m, jl_site site, int layer, jl_site_info *info) {
    if (site < 0 || site >= JL_SITE_COUNT || !m->arch) return 0;
    const table_row *r = &rows[site];
    const int n_heads[] = { 1, m->h.n_heads, m->h.n_kv_heads };
    *info = (jl_site_info){ r->name, r->alias,          is_per_block(site), r->read_only,
                            r->axes, n_heads[r->heads], length(m, r->width) };
    if (!is_per_block(site)) return model_has(m, r->when);
    return layer >= 0 && layer < m->h.n_layers && block_has(m, &m->w.blocks[layer], r->when);
}

/* Whether a tap or edit is of this site and block; and, for CONCERNS_HEAD, includes this head. */
#define CONCERNS(request, at, block)                                                               \
    ((request)->site == (at) && (!is_per_block(at) || (request)->layer == (block)))
#define CONCERNS_HEAD(request, at, block, one)                                                     \
    (CONCERNS(request, at, block) && ((request)->head < 0 || (request)->head == (one)))

uint32_t jl_probe_sites(const jl_probe *probe) {
    uint32_t set = 0;
    for (int i = 0; i < probe->n_edits; i++) set |= 1u << probe->edits[i].site;
    for (int i = 0; i < probe->n_taps; i++) set |= 1u << probe->taps[i].site;
    return set;
}

/* ---- Edits ----------------------------------------------------------------------------------- */

static void edit_values(const jl_edit *e, float *x, const float *data, int n) {
    for (int i = 0; i < n; i++)
        if (e->op == JL_EDIT_SET)
            x[i] = data[i];
        else if (e->op == JL_EDIT_ADD)
            x[i] += data[i];
        else if (e->site != JL_SITE_ATTN_SCORES || x[i] != -INFINITY)
            x[i] = e->factor != 0 ? x[i] * e->factor : 0;
}

int jl_edited(const jl_pass *p, jl_site site, int block) {
    for (int i = 0; i < p->probe->n_edits; i++)
        if (CONCERNS(&p->probe->edits[i], site, block)) return 1;
    return 0;
}

static int covers(int from, int to, int position) {
    return position >= from && (to < 0 || position < to);
}

/* The edit's data for a position: rows of `width` floats, or one row for all. */
static const float *edit_row(const jl_edit *e, int position, uint64_t width) {
    return e->n > width ? e->data + (uint64_t)(position - e->from) * width : e->data;
}

static void edit(const jl_pass *p, const jl_edit *e, const jl_site_info *site, float *x) {
    int all = site->heads * site->width, one = e->head < 0 ? all : site->width;
    if (e->head > 0) x += e->head * site->width;
    for (int t = 0; t < p->n; t++, x += all)
        if (covers(e->from, e->to, p->pos + t))
            edit_values(e, x, edit_row(e, p->pos + t, (uint64_t)one), one);
}

/* ---- Reads ----------------------------------------------------------------------------------- */

/* Row of a tap for an absolute position. */
static float *tap_row(const jl_tap *tap, int position) {
    float *data = (float *)(uintptr_t)tap->data;
    return data + (size_t)(position - tap->from) * (size_t)tap->heads * (size_t)tap->cols;
}

static void read(const jl_pass *p, const jl_tap *tap, const jl_site_info *site, const float *x) {
    int all = site->heads * site->width, one = tap->heads * tap->cols;
    if (tap->head > 0) x += tap->head * site->width;
    for (int t = 0; t < p->n; t++, x += all)
        if (covers(tap->from, tap->to, p->pos + t))
            memcpy(tap_row(tap, p->pos + t), x, (size_t)one * sizeof *x);
}

void jl_read_head(const jl_pass *p, jl_site site, int block, int head, const float *x, int width) {
    for (int i = 0; i < p->probe->n_taps; i++) {
        const jl_tap *tap = &p->probe->taps[i];
        if (!CONCERNS_HEAD(tap, site, block, head)) continue;
        size_t at = tap->head < 0 ? (size_t)head * (size_t)width : 0;
        for (int t = 0; t < p->n; t++)
            if (covers(tap->from, tap->to, p->pos + t))
                memcpy(tap_row(tap, p->pos + t) + at, x + (size_t)t * (size_t)width,
                       (size_t)width * sizeof *x);
    }
}

void jl_visit(const jl_pass *p, jl_site site, int block, float *x) {
    const jl_probe *probe = p->probe;
    jl_site_info info;
    jl_model_site(p->m, site, block, &info);
    for (int i = 0; i < probe->n_edits; i++)
        if (CONCERNS(&probe->edits[i], site, block)) edit(p, &probe->edits[i], &info, x);
    for (int i = 0; i < probe->n_taps; i++)
        if (CONCERNS(&probe->taps[i], site, block)) read(p, &probe->taps[i], &info, x);
}

/* ---- Scores and patterns --------------------------------------------------------------------- */

int jl_head_watched(const jl_pass *p, jl_site site, int block, int head) {
    const jl_probe *probe = p->probe;
    if (!jl_watched(p, site)) return 0;
    for (int i = 0; i < probe->n_taps; i++)
        if (CONCERNS_HEAD(&probe->taps[i], site, block, head)) return 1;
    for (int i = 0; i < probe->n_edits; i++)
        if (CONCERNS_HEAD(&probe->edits[i], site, block, head)) return 1;
    return 0;
}

/* The row of an edit's data [heads][rows][S] for a head and a position. */
static const float *edit_head_row(const jl_edit *e, int head, int position, int n_keys) {
    uint64_t keys = (uint64_t)n_keys, per_head = (uint64_t)(e->to - e->from) * keys;
    if (!e->data || e->n == keys) return e->data; /* one row for all */
    return e->data + (e->head < 0 ? (uint64_t)head * per_head : 0) +
           (uint64_t)(position - e->from) * keys;
}

int jl_visit_row(const jl_pass *p, jl_site site, int block, int head, int t, float *x) {
    const jl_probe *probe = p->probe;
    int position = p->pos + t, n_keys = probe->n_keys, edited = 0;
    for (int i = 0; i < probe->n_edits; i++) {
        const jl_edit *e = &probe->edits[i];
        if (!CONCERNS_HEAD(e, site, block, head) || !covers(e->from, e->to, position)) continue;
        edit_values(e, x, edit_head_row(e, head, position, n_keys), n_keys);
        edited = 1;
    }
    for (int i = 0; i < probe->n_taps; i++) {
        const jl_tap *tap = &probe->taps[i];
        if (!CONCERNS_HEAD(tap, site, block, head) || !covers(tap->from, tap->to, position))
            continue;
        size_t at =
            (size_t)(tap->head < 0 ? head : 0) * (size_t)tap->rows + (size_t)(position - tap->from);
        memcpy((float *)(uintptr_t)tap->data + at * (size_t)tap->cols, x,
               (size_t)tap->cols * sizeof *x);
    }
    return edited;
}
