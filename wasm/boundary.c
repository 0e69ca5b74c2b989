/* boundary.c - the wasm module's exports: wraps the public headers (src/jielong*.h) and the
 * allocator in ints, doubles and pointers; no logic.
 *
 * Handles are addresses. Lengths that may exceed 2^32 are doubles, exact to 2^53. A negative int is
 * a status, a zero handle a failure; jl_wasm_error_* describe it. One thread makes all calls, so
 * the last error and results are static variables, the program's only mutable globals; other
 * threads only call pool_work, in their own instances over the same memory. Pointers stay valid
 * until the next call; any call may grow memory, so the host must recreate its views after each.
 */
#include <string.h>

#include "../src/base/memory.h"
#include "../src/jielong.h"
#include "../src/jielong_host.h"
#include "../src/jielong_inside.h"
#include "../src/jielong_learn.h"
#include "../src/jielong_state.h"

/* Only hosts call these (names: wasm/exports.txt), so no header declares them. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
static jl_error error;
static jl_token token;
static jl_sampling sampling;
static jl_candidate candidates[256];
static int n_candidates;
static size_t room, token_length;

static jl_error *fresh(void) {
    memset(&error, 0, sizeof error);
    return &error;
}

/* Milliseconds; the linker imports this name. */
double emscripten_performance_now(void);

/* ---- Memory and errors ----------------------------------------------------------------------- */

void *jl_wasm_alloc(uint32_t n) {
    return jl_alloc(n ? n : 1);
}

void jl_wasm_free(void *p) {
    jl_free(p);
}

const char *jl_wasm_error_name(void) {
    return jl_status_name(error.code);
}

const char *jl_wasm_error_where(void) {
    return error.where;
}

const char *jl_wasm_error_message(void) {
    return error.message;
}

double jl_wasm_error_offset(void) {
    return error.offset == UINT64_MAX ? -1 : (double)error.offset;
}

/* ---- Model ----------------------------------------------------------------------------------- */

static uint64_t length_of(double bytes) {
    return bytes >= 1 && bytes <= 9007199254740991.0 ? (uint64_t)bytes : 0;
}

jl_model *jl_wasm_model_new(double file_size, double memory_limit) {
    return jl_model_new(length_of(file_size), length_of(memory_limit), fresh());
}

uint8_t *jl_wasm_model_reserve(jl_model *m) {
    return jl_model_reserve(m, &room, fresh());
}

uint32_t jl_wasm_model_room(void) {
    return (uint32_t)room;
}

int jl_wasm_model_feed(jl_model *m, uint32_t n) {
    return jl_model_feed(m, n, fresh());
}

void jl_wasm_model_header_only(jl_model *m) {
    jl_model_header_only(m);
}

double jl_wasm_model_file_bytes(const jl_model *m) {
    return (double)jl_model_file_bytes(m);
}

int jl_wasm_model_finish(jl_model *m) {
    return jl_model_finish(m, fresh());
}

void jl_wasm_model_free(jl_model *m) {
    jl_model_free(m);
}

uint32_t jl_wasm_model_info(const jl_model *m, char *json, uint32_t cap) {
    return (uint32_t)jl_model_info(m, json, cap);
}

jl_encoding *jl_wasm_encoding_new(const jl_model *m, const char *text, uint32_t n, int flags,
                                  const jl_quote *quotes, uint32_t n_quotes) {
    return jl_encoding_new(m, text, n, flags, quotes, n_quotes, fresh());
}

int jl_wasm_encoding_step(jl_encoding *e, uint32_t work) {
    return jl_encoding_step(e, work, fresh());
}

/* Count: jl_wasm_token_length(). */
const int32_t *jl_wasm_encoding_ids(const jl_encoding *e) {
    int n;
    const int32_t *ids = jl_encoding_ids(e, &n);
    token_length = (size_t)n;
    return ids;
}

void jl_wasm_encoding_free(jl_encoding *e) {
    jl_encoding_free(e);
}

const char *jl_wasm_token_bytes(const jl_model *m, int32_t id, int flags) {
    return jl_token_bytes(m, id, flags, &token_length);
}

uint32_t jl_wasm_token_length(void) {
    return (uint32_t)token_length;
}

int jl_wasm_token_is_end(const jl_model *m, int32_t id) {
    return jl_token_is_end(m, id);
}

/* prepare, matmul: indices in the module's table, 0: none. */
int jl_wasm_model_fast(jl_model *m, int weights,
                       void (*prepare)(struct jl_act *, const float *, int, int, jl_layout),
                       void (*matmul)(const struct jl_matrix *, const struct jl_act *, float *, int,
                                      int)) {
    jl_precision fast = { 1, prepare, matmul, JL_RELAXED_BATCHES | JL_RELAXED_ONE };
    return jl_model_set_precision(m, (jl_weight_class)weights, &fast);
}

void jl_wasm_model_use_provided(jl_model *m, int relaxed) {
    jl_model_use_relaxed(m, relaxed);
}

/* ---- Threads --------------------------------------------------------------------------------- */

#ifndef __wasm__ /* stubs for native builds, which only type-check this file */
#define __builtin_wasm_memory_atomic_wait32(at, value, ns) ((void)(at), (void)(value), (void)(ns))
#define __builtin_wasm_memory_atomic_notify(at, max)       ((void)(at), (void)(max))
#endif

/* Only called with several threads, which have a shared memory. */
static void wait_at(void *context, const void *at, int32_t value, int ms) {
    (void)context;
    __builtin_wasm_memory_atomic_wait32((int32_t *)at, value, ms < 0 ? -1 : (int64_t)ms * 1000000);
}

static void wake_at(void *context, const void *at) {
    (void)context;
    __builtin_wasm_memory_atomic_notify((int32_t *)at, UINT32_MAX);
}

jl_pool *jl_wasm_pool_new(int n_threads) {
    return jl_pool_new(n_threads, &(jl_waiter){ NULL, wait_at, wake_at, 0 }, fresh());
}

void jl_wasm_pool_work(jl_pool *pool, int thread) {
    jl_pool_work(pool, thread);
}

int jl_wasm_pool_arrived(const jl_pool *pool) {
    return jl_pool_arrived(pool);
}

void jl_wasm_pool_use(jl_pool *pool, int n_threads) {
    jl_pool_use(pool, n_threads);
}

int jl_wasm_pool_calibrate(jl_pool *pool, int max, const jl_model *m) {
    return jl_pool_calibrate(pool, max, m, emscripten_performance_now, fresh());
}

/* ---- Session --------------------------------------------------------------------------------- */

double jl_wasm_session_bytes(const jl_model *m, int n_ctx, int n_batch, jl_pool *pool) {
    jl_session_options o = { .n_ctx = n_ctx, .n_batch = n_batch, .pool = pool };
    return (double)jl_session_bytes(m, &o);
}

/* rules: NULL, or mask, prefix, window, sinks, cache_positions, positions_off, cache, no_reuse,
 * number of position ids, then these. */
jl_session *jl_wasm_session_new(const jl_model *m, int n_ctx, int n_batch, int all_logits,
                                jl_pool *pool, const int32_t *rules, double rope_base,
                                double rope_scale, int n_texts) {
    jl_rules r = { .rope_base = rope_base, .rope_scale = rope_scale };
    jl_session_options o = { n_ctx,  n_batch,           all_logits,
                             pool,   rules ? &r : NULL, emscripten_performance_now,
                             n_texts };
    if (rules) {
        r.mask = (jl_mask)rules[0];
        r.prefix = rules[1];
        r.window = rules[2];
        r.sinks = rules[3];
        r.cache_positions = rules[4];
        r.positions_off = rules[5];
        r.cache = rules[6];
        r.no_reuse = rules[7];
        r.n_position_ids = rules[8];
        r.position_ids = r.n_position_ids > 0 ? rules + 9 : NULL;
    }
    return jl_session_new(m, &o, fresh());
}

void jl_wasm_session_free(jl_session *s) {
    jl_session_free(s);
}

int jl_wasm_session_append(jl_session *s, const int32_t *ids, int n) {
    return jl_session_append(s, ids, n, fresh());
}

int jl_wasm_session_advance(jl_session *s) {
    return jl_session_advance(s, fresh());
}

const float *jl_wasm_session_logits(const jl_session *s) {
    return jl_session_logits(s);
}

const float *jl_wasm_session_batch_logits(const jl_session *s, int i) {
    int n;
    return jl_session_batch_logits(s, i, &n);
}

int jl_wasm_session_position(const jl_session *s) {
    return jl_session_position(s);
}

uint32_t jl_wasm_session_evaluated(const jl_session *s) {
    return jl_session_evaluated(s);
}

int jl_wasm_session_n_ctx(const jl_session *s) {
    return jl_session_n_ctx(s);
}

const int32_t *jl_wasm_session_ids(const jl_session *s) {
    return jl_session_ids(s);
}

int jl_wasm_session_rewind(jl_session *s, int position) {
    return jl_session_rewind(s, position, fresh());
}

/* ---- Sampling and generation ----------------------------------------------------------------- */

/* Sets the sampling of the next stage() or generate(); the pointers must live until then. n: the
 * settings that are numbers, in the order of model.info.sampling. */
void jl_wasm_sampling(const double n[19], const char *breakers, int n_breakers, const jl_bias *bias,
                      int n_bias, const char *grammar, const uint8_t *stages, int n_stages,
                      uint32_t seed_low, uint32_t seed_high) {
    sampling = (jl_sampling){ (float)n[0],
                              (int)n[1],
                              (float)n[2],
                              (float)n[3],
                              (float)n[4],
                              (int)n[5],
                              (uint64_t)seed_high << 32 | seed_low,
                              (float)n[6],
                              (float)n[7],
                              (float)n[8],
                              (float)n[9],
                              (int)n[10],
                              (int)n[11],
                              breakers,
                              n_breakers,
                              (float)n[12],
                              (float)n[13],
                              (float)n[14],
                              (float)n[15],
                              (float)n[16],
                              (float)n[17],
                              (float)n[18],
                              bias,
                              n_bias,
                              grammar,
                              { 0 },
                              n_stages };
    for (int i = 0; i < n_stages && i < JL_STAGE_COUNT; i++) sampling.stages[i] = stages[i];
}

int jl_wasm_session_stage(jl_session *s, int n, int top) {
    int cap = top < 0 ? 0 : top > 256 ? 256 : top;
    int kept = jl_session_stage(s, &sampling, n, candidates, cap, fresh());
    n_candidates = kept < 0 ? 0 : kept < cap ? kept : cap;
    return kept;
}

const jl_candidate *jl_wasm_candidates(void) {
    return candidates;
}

int jl_wasm_candidate_count(void) {
    return n_candidates;
}

int jl_wasm_session_generate(jl_session *s, int max_tokens, int ignore_end, int top_logprobs,
                             const char *stop, int n_stop) {
    jl_generation g = { sampling, max_tokens, ignore_end, top_logprobs, stop, n_stop };
    return jl_session_generate(s, &g, fresh());
}

int jl_wasm_session_generate_step(jl_session *s) {
    int status = jl_session_generate_step(s, &token, fresh());
    if (status != JL_OK) return status;
    n_candidates = token.n_top;
    memcpy(candidates, token.top, (size_t)token.n_top * sizeof *candidates);
    return status;
}

int jl_wasm_step_id(void) {
    return token.id;
}

int jl_wasm_step_index(void) {
    return token.index;
}

double jl_wasm_step_logprob(void) {
    return (double)token.logprob;
}

const char *jl_wasm_step_text(void) {
    return token.text;
}

uint32_t jl_wasm_step_text_length(void) {
    return (uint32_t)token.n_text;
}

int jl_wasm_step_finish(void) {
    return (int)token.finish;
}

/* ---- Embeddings ------------------------------------------------------------------------------ */

int jl_wasm_session_embed(jl_session *s, int pooling, float *out) {
    return jl_session_embed(s, (jl_pooling)pooling, out, fresh());
}

/* ---- The inside ------------------------------------------------------------------------------ */

/* A request, decoded: `ints` has site, layer, head, from, to of each tap, then the same and
 * operation, factor (float bits), number of floats of each edit, whose floats follow each other in
 * `data`. */
static int decode(const int32_t *ints, const float *data, int n_taps, int n_edits,
                  jl_run_options *o) {
    jl_tap *taps = jl_alloc_array((uint64_t)n_taps + 1, sizeof *taps);
    jl_edit *edits = jl_alloc_array((uint64_t)n_edits + 1, sizeof *edits);
    o->taps = taps;
    o->edits = edits;
    o->n_taps = n_taps;
    o->n_edits = n_edits;
    if (!taps || !edits) return fresh()->code = JL_ERR_MEMORY;
    for (int i = 0; i < n_taps; i++, ints += 5)
        taps[i] = (jl_tap){ .site = (jl_site)ints[0],
                            .layer = ints[1],
                            .head = ints[2],
                            .from = ints[3],
                            .to = ints[4] };
    for (int i = 0; i < n_edits; i++, ints += 8) {
        edits[i] = (jl_edit){ .site = (jl_site)ints[0],
                              .layer = ints[1],
                              .head = ints[2],
                              .from = ints[3],
                              .to = ints[4],
                              .op = (jl_edit_op)ints[5],
                              .data = data,
                              .n = (uint32_t)ints[7] };
        memcpy(&edits[i].factor, ints + 6, sizeof edits[i].factor);
        data += edits[i].n;
    }
    return JL_OK;
}

static void free_request(const jl_run_options *o) {
    jl_free((void *)(uintptr_t)o->taps);
    jl_free((void *)(uintptr_t)o->edits);
}

int jl_wasm_session_run_begin(jl_session *s, const int32_t *ids, int n, const int32_t *request,
                              const float *data, int n_taps, int n_edits, int n_layers,
                              double limit) {
    jl_run_options o = { .n_layers = n_layers, .limit = length_of(limit) };
    int status = decode(request, data, n_taps, n_edits, &o);
    if (!status) status = jl_session_run_begin(s, ids, n, &o, fresh());
    free_request(&o);
    return status;
}

int jl_wasm_session_run_step(jl_session *s) {
    return jl_session_run_step(s, fresh());
}

void jl_wasm_session_run_end(jl_session *s) {
    jl_session_run_end(s);
}

/* −1: the request is invalid. */
double jl_wasm_session_forecast(jl_session *s, int n, const int32_t *request, const float *data,
                                int n_taps, int n_edits, int n_layers) {
    jl_run_options o = { .n_layers = n_layers };
    int status = decode(request, data, n_taps, n_edits, &o);
    uint64_t bytes = status ? UINT64_MAX : jl_session_forecast(s, n, &o, fresh());
    free_request(&o);
    return bytes == UINT64_MAX ? -1 : (double)bytes;
}

/* shape: heads, rows, columns. */
const float *jl_wasm_session_tap(const jl_session *s, int i, int32_t shape[3]) {
    const jl_tap *tap = jl_session_tap(s, i);
    if (!tap) return NULL;
    shape[0] = tap->heads;
    shape[1] = tap->rows;
    shape[2] = tap->cols;
    return tap->data;
}

int jl_wasm_session_set_edits(jl_session *s, const int32_t *request, const float *data, int n) {
    jl_run_options o = { 0 };
    int status = decode(request, data, 0, n, &o);
    if (!status) status = jl_session_set_edits(s, o.edits, n, fresh());
    free_request(&o);
    return status;
}

/* out: tokens, bytes of weights, of the cache, cache held, multiply-adds and ms by part. */
void jl_wasm_session_counters(jl_session *s, int reset, double out[4 + 2 * JL_PART_COUNT]) {
    jl_counters c = jl_session_counters(s);
    double first[4] = { c.tokens, c.weight_bytes, c.cache_bytes, c.cache_held };
    memcpy(out, first, sizeof first);
    memcpy(out + 4, c.multiply_adds, sizeof c.multiply_adds);
    memcpy(out + 4 + JL_PART_COUNT, c.ms, sizeof c.ms);
    if (reset) jl_session_reset_counters(s);
}

/* ---- Readings without a session -------------------------------------------------------------- */

jl_trace *jl_wasm_trace_new(const jl_model *m, const char *text, uint32_t n, int flags) {
    return jl_trace_new(m, text, n, flags, fresh());
}

/* Events of seven 32-bit fields. Counts, here and below: jl_wasm_token_length(). */
const jl_trace_event *jl_wasm_trace_events(const jl_trace *t) {
    int n;
    const jl_trace_event *events = jl_trace_events(t, &n);
    token_length = (size_t)n;
    return events;
}

const char *jl_wasm_trace_bytes(const jl_trace *t) {
    return jl_trace_bytes(t, &token_length);
}

const int32_t *jl_wasm_trace_ids(const jl_trace *t) {
    int n;
    const int32_t *ids = jl_trace_ids(t, &n);
    token_length = (size_t)n;
    return ids;
}

void jl_wasm_trace_free(jl_trace *t) {
    jl_trace_free(t);
}

int jl_wasm_model_rows(const jl_model *m, int table, const int32_t *ids, int n, float *out) {
    return jl_model_rows(m, (jl_table)table, ids, n, out, fresh());
}

int jl_wasm_model_cosines(const jl_model *m, int32_t id, int from, int n, float *out) {
    return jl_model_cosines(m, id, from, n, out, fresh());
}

int jl_wasm_model_unembed(const jl_model *m, const float *x, int n, int norm, jl_pool *pool,
                          float *out) {
    return jl_model_unembed(m, x, n, norm, pool, out, fresh());
}

/* out: layer norm, eps, logit scale, logit cap. */
int jl_wasm_model_unembedding(const jl_model *m, double out[4]) {
    jl_unembedding u = { 0 };
    int status = jl_model_unembedding(m, &u, fresh());
    double values[4] = { u.layer_norm, (double)u.eps, (double)u.logit_scale, (double)u.logit_cap };
    memcpy(out, values, sizeof values);
    return status;
}

/* 0: weight, 1: bias of the norm, 2: bias of the logits; NULL: absent. */
const float *jl_wasm_unembedding_vector(const jl_model *m, int which) {
    jl_unembedding u = { 0 };
    jl_model_unembedding(m, &u, fresh());
    return which == 0 ? u.weight : which == 1 ? u.bias : u.output_bias;
}

/* ---- Vectors --------------------------------------------------------------------------------- */

/* out [n]: products of x with the rows [n][width]; width is a multiple of 4. */
void jl_wasm_dot_rows(const float *x, const float *rows, int n, int width, float *out) {
    jl_vector_products(x, rows, n, width, out);
}

/* ---- Save and restore ------------------------------------------------------------------------ */

/* The bytes of the state in total; 0: failure. */
double jl_wasm_session_save(jl_session *s, double from, uint8_t *out, uint32_t n) {
    return (double)jl_session_save(s, length_of(from), out, n, fresh());
}

jl_session *jl_wasm_session_restore(const jl_model *m, const uint8_t *bytes, uint32_t n,
                                    jl_pool *pool) {
    return jl_session_restore(m, bytes, n, pool, emscripten_performance_now, fresh());
}

/* out: low and high 32 bits. */
void jl_wasm_session_next_seed(const jl_session *s, uint32_t out[2]) {
    uint64_t seed = jl_session_next_seed(s);
    out[0] = (uint32_t)seed;
    out[1] = (uint32_t)(seed >> 32);
}

/* ---- Vocabulary training ------------------------------------------------------------------- */

jl_bpe_trainer *jl_wasm_bpe_new(const char *text, uint32_t n, const char *sample, uint32_t n_sample,
                                const char *pre) {
    return jl_bpe_trainer_new((jl_str){ text, n }, (jl_str){ sample, n_sample },
                              (jl_str){ pre, strlen(pre) }, fresh());
}

/* out: left, right, id, count, tokens, tokens of the sample before and after. */
int jl_wasm_bpe_step(jl_bpe_trainer *t, double out[7]) {
    jl_bpe_step s = { 0 };
    int status = jl_bpe_trainer_step(t, &s, fresh());
    double values[7] = { s.left,           s.right,         s.id,          (double)s.count,
                         (double)s.tokens, s.sample_before, s.sample_after };
    memcpy(out, values, sizeof values);
    return status;
}

int jl_wasm_bpe_n_tokens(const jl_bpe_trainer *t) {
    return jl_bpe_trainer_n_tokens(t);
}

/* Length, here and below: jl_wasm_token_length(). */
const char *jl_wasm_bpe_token(const jl_bpe_trainer *t, int32_t id) {
    jl_str bytes = jl_bpe_trainer_token(t, id);
    token_length = bytes.n;
    return bytes.data;
}

const int32_t *jl_wasm_bpe_sample(const jl_bpe_trainer *t) {
    int n;
    const int32_t *ids = jl_bpe_trainer_sample(t, &n);
    token_length = (size_t)n;
    return ids;
}

/* ---- Training -------------------------------------------------------------------------------- */

jl_training_run *jl_wasm_training_run_new(const char *text, uint32_t n, const char *recipe,
                                          uint32_t n_recipe, int n_vocab) {
    return jl_training_run_new((jl_str){ text, n }, (jl_str){ recipe, n_recipe }, n_vocab, fresh());
}

void jl_wasm_training_run_free(jl_training_run *l) {
    jl_training_run_free(l);
}

/* out: the fields of jl_training_run_info. */
void jl_wasm_training_run_describe(const jl_training_run *l, double out[8]) {
    jl_training_run_info i = jl_training_run_describe(l);
    double values[8] = { i.n_vocab,         (double)i.n_params, (double)i.n_train, (double)i.n_held,
                         i.bytes_per_token, i.unigram,          i.steps,           i.step_tokens };
    memcpy(out, values, sizeof values);
}

/* out: step, loss, norm, epoch. */
int jl_wasm_training_run_step(jl_training_run *l, double out[4]) {
    jl_train_report r = { 0 };
    int status = jl_training_run_step(l, &r, fresh());
    double values[4] = { r.step, r.loss, r.norm, r.epoch };
    memcpy(out, values, sizeof values);
    return status;
}

double jl_wasm_training_run_held_out(jl_training_run *l, int windows) {
    return jl_training_run_held_out(l, windows);
}

double jl_wasm_training_run_export(const jl_training_run *l, int type, uint8_t *out) {
    return (double)jl_training_run_export(l, type, out);
}

/* ---- N-grams --------------------------------------------------------------------------------- */

jl_ngram *jl_wasm_ngram_new(const uint8_t *bytes, uint32_t n) {
    return jl_ngram_open(bytes, n, fresh());
}

int jl_wasm_ngram_order(const jl_ngram *m) {
    return jl_ngram_order(m);
}

int jl_wasm_ngram_n_vocab(const jl_ngram *m) {
    return jl_ngram_n_vocab(m);
}

void jl_wasm_ngram_distribution(const jl_ngram *m, const int32_t *ids, uint32_t n, float *p) {
    jl_ngram_distribution(m, ids, n, p);
}
