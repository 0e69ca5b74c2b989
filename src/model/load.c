/* load.c - loading: bytes in file order → header → tensors packed while they arrive.
 *
 * Place in the flow: the host's stream → reserve / feed → (gguf, model.c once) → compute/pack. The
 * host writes into the inbox. While the header is incomplete, it is parsed again whenever the bytes
 * have doubled, so all attempts cost twice the last. Then whole panels are packed directly from the
 * inbox; only a panel cut by its end is copied to the carry buffer.
 */
#include <string.h>

#include "../base/memory.h"
#include "../compute/pack.h"
#include "../jielong_host.h"
#include "model.h"

enum { FIRST_TRY = 4096, INBOX_BYTES = 1 << 20 };

jl_model *jl_model_new(uint64_t file_size, uint64_t memory_limit, jl_error *error) {
    jl_model *m = jl_alloc_zero(sizeof *m);
    jl_loader *l = jl_alloc_zero(sizeof *l);
    uint8_t *inbox = jl_alloc(INBOX_BYTES);
    if (!m || !l || !inbox) {
        jl_free(m);
        jl_free(l);
        jl_free(inbox);
        jl_no_memory(error, "model");
        return NULL;
    }
    *l = (jl_loader){ .file_size = file_size,
                      .memory_limit = memory_limit,
                      .inbox = inbox,
                      .inbox_cap = INBOX_BYTES,
                      .next_try = FIRST_TRY };
    m->loader = l;
    return m;
}

void jl_model_header_only(jl_model *m) {
    if (m->loader) m->loader->header_only = 1;
}

static void free_loader(jl_model *m) {
    jl_loader *l = m->loader;
    if (!l) return;
    jl_gguf_free(&l->gguf);
    jl_free(l->inbox);
    jl_free(l->header);
    jl_free(l->targets);
    jl_free(l->carry);
    jl_free(l);
    m->loader = NULL;
}

void jl_model_free(jl_model *m) {
    if (!m) return;
    free_loader(m);
    jl_tokenizer_free(m->tokenizer);
    jl_free(m->w.blocks);
    jl_free(m->experts);
    jl_free(m->memory);
    for (int i = 0; i < 5; i++) jl_free(m->strings[i]);
    jl_free(m);
}

/* ---- Tensor data ----------------------------------------------------------------------------- */

/* Stores rows [row, row + n) of the target; padding rows of the last panel are zero. */
static void store_rows(jl_target *t, int row, int n, const uint8_t *src) {
    if (t->matrix) {
        size_t panel = jl_panel_bytes(t->matrix->layout, t->cols);
        if (n < JL_PANEL) memset(t->matrix->data + (size_t)(row / JL_PANEL) * panel, 0, panel);
        jl_pack_panel(t->matrix, t->type, row, n, src);
    } else if (t->vector) {
        jl_dequantize(t->type, src, *t->vector, (size_t)t->cols);
    }
}

/* Consumes at most n bytes of the current tensor at the loader's position; returns how many. */
static size_t consume_tensor(jl_loader *l, jl_target *t, const uint8_t *src, size_t n) {
    int rows = t->rows - l->row < JL_PANEL ? t->rows - l->row : JL_PANEL;
    size_t panel = (size_t)t->row_bytes * (size_t)rows;
    if (l->carry_fill == 0 && n >= panel) {
        store_rows(t, l->row, rows, src);
        l->row += rows;
        return panel;
    }
    size_t part = panel - l->carry_fill < n ? panel - l->carry_fill : n;
    memcpy(l->carry + l->carry_fill, src, part);
    l->carry_fill += part;
    if (l->carry_fill == panel) {
        store_rows(t, l->row, rows, l->carry);
        l->carry_fill = 0;
        l->row += rows;
    }
    return part;
}

static void consume(jl_loader *l, const uint8_t *src, size_t n) {
    while (n > 0 && l->current < l->n_targets) {
        jl_target *t = &l->targets[l->current];
        size_t part;
        if (l->position < t->offset) { /* padding between tensors */
            uint64_t gap = t->offset - l->position;
            part = gap < n ? (size_t)gap : n;
        } else {
            part = consume_tensor(l, t, src, n);
        }
        src += part;
        n -= part;
        l->position += part;
        if (l->position == t->end) l->current++, l->row = 0;
    }
    l->position += n; /* bytes after the last tensor are ignored */
}

static jl_status complete(jl_model *m, jl_error *error) {
    jl_status st = jl_model_complete(m, error);
    if (!st) free_loader(m);
    return st;
}

static jl_status progress(jl_model *m, jl_error *error) {
    return m->loader->current == m->loader->n_targets ? complete(m, error) : JL_MORE;
}

/* ---- Header ---------------------------------------------------------------------------------- */

/* After a complete header: builds the model, then treats the remaining bytes as tensor data. */
static jl_status enter_data(jl_model *m, jl_error *error) {
    jl_loader *l = m->loader;
    l->have_header = 1;
    l->header = l->inbox; /* the directory points into it */
    size_t fill = l->inbox_fill;
    l->inbox = jl_alloc(INBOX_BYTES);
    l->inbox_cap = INBOX_BYTES;
    l->inbox_fill = 0;
    if (!l->inbox) return jl_no_memory(error, "model");
    jl_status st = jl_model_build(m, error);
    if (st) return st;
    if (l->header_only) return JL_OK; /* the loader stays: the model is not complete */
    uint64_t start = l->gguf.data_start < fill ? l->gguf.data_start : fill;
    l->position = start;
    consume(l, l->header + start, fill - (size_t)start);
    return progress(m, error);
}

static jl_status try_header(jl_model *m, jl_error *error) {
    jl_loader *l = m->loader;
    jl_status st = jl_gguf_parse(&l->gguf, l->inbox, l->inbox_fill, l->file_size, error);
    if (st == JL_OK) return enter_data(m, error);
    l->next_try = l->inbox_fill * 2;
    return st;
}

static jl_status grow_inbox(jl_loader *l, jl_error *error) {
    uint8_t *bigger = jl_alloc(l->inbox_cap * 2);
    if (!bigger) return jl_no_memory(error, "header");
    memcpy(bigger, l->inbox, l->inbox_fill);
    jl_free(l->inbox);
    l->inbox = bigger;
    l->inbox_cap *= 2;
    return JL_OK;
}

/* A failed model can only be freed. */
static jl_status refuse_failed(const jl_loader *l, jl_error *error) {
    if (!l->failed) return JL_OK;
    return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("model"),
                   "an earlier step of loading failed; free the model and load it again");
}

uint8_t *jl_model_reserve(jl_model *m, size_t *room, jl_error *error) {
    jl_loader *l = m->loader;
    if (!l) {
        jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("model"),
                "the model is already loaded");
        return NULL;
    }
    if (refuse_failed(l, error)) return NULL;
    if (l->inbox_fill == l->inbox_cap && grow_inbox(l, error)) return NULL;
    *room = l->inbox_cap - l->inbox_fill;
    return l->inbox + l->inbox_fill;
}

jl_status jl_model_feed(jl_model *m, size_t n, jl_error *error) {
    jl_loader *l = m->loader;
    if (!l) return JL_OK; /* bytes after the last tensor */
    if (n > l->inbox_cap - l->inbox_fill)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("feed"),
                       "more bytes than were reserved");
    if (refuse_failed(l, error)) return JL_ERR_ARGUMENT;
    if (l->have_header && l->header_only) return JL_OK;
    jl_status st = JL_MORE;
    if (l->have_header) {
        consume(l, l->inbox, n);
        st = progress(m, error);
    } else {
        l->inbox_fill += n;
        int all = l->file_size && l->inbox_fill >= l->file_size;
        if (all || l->inbox_fill >= l->next_try) st = try_header(m, error);
    }
    if (st < 0) l->failed = 1;
    return st;
}

/* The tensor of the next byte. */
static jl_str current_name(const jl_loader *l) {
    int i = 0;
    while (i + 1 < l->gguf.n_tensors && l->gguf.tensors[i + 1].offset <= l->position) i++;
    return l->gguf.tensors[i].name;
}

static jl_status truncated(const jl_loader *l, jl_error *error) {
    if (!l->have_header)
        return jl_fail(error, JL_ERR_TRUNCATED, l->inbox_fill, jl_string("header"),
                       "the file ends after %u bytes, inside the header; load it again",
                       (uint64_t)l->inbox_fill);
    return jl_fail(error, JL_ERR_TRUNCATED, l->position, current_name(l),
                   "the file ends after %u bytes, %u were expected; load it again", l->position,
                   l->gguf.data_end);
}

jl_status jl_model_finish(jl_model *m, jl_error *error) {
    jl_loader *l = m->loader;
    jl_status st = JL_MORE;
    if (!l) return JL_OK;
    if (refuse_failed(l, error)) return JL_ERR_ARGUMENT;
    if (l->have_header && l->header_only) return JL_OK;
    if (!l->have_header) {
        l->file_size = l->inbox_fill;
        st = try_header(m, error);
    }
    if (st == JL_MORE) st = truncated(l, error);
    if (st < 0) l->failed = 1;
    return st;
}
