/* generate.c - the generation loop: evaluate, draw, append; one token per call.
 *
 * Place in the flow: session.c (logits) → sample.c (a token) → text_stream.c (its text) → the host.
 * The host may stop between any two calls, because a drawn token is appended to the session before
 * it is returned.
 */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../jielong_state.h"
#include "session.h"

/* ---- Grammar --------------------------------------------------------------------------------- */

static const char *piece_bytes(const void *m, int32_t id, size_t *n) {
    return jl_token_bytes(m, id, 0, n);
}

static int piece_is_end(const void *m, int32_t id) {
    return jl_token_is_end(m, id);
}

static int32_t token_of(const void *m, const char *text, size_t n) {
    int32_t ids[2];
    int count = jl_tokenize(m, text, n, JL_TOKENIZE_SPECIAL, ids, 2, NULL);
    return count == 1 ? ids[0] : -1;
}

static int is_generating(const jl_session *s) {
    return s->drawn >= 0 && !s->finish;
}

/* Makes the grammar that of the session, at its start; if it is that of the generation in progress,
 * its state remains. */
static jl_status set_grammar(jl_session *s, const char *grammar, jl_error *error) {
    if (!grammar) return JL_OK;
    if (is_generating(s) && s->generation.sampling.grammar) {
        if (jl_constraint_is(s->constraint, jl_string(grammar))) return JL_OK;
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("grammar"),
                       "the generation in progress has another one");
    }
    if (!s->constraint)
        s->constraint = jl_constraint_new(&(jl_pieces){ .n = s->m->h.n_vocab,
                                                        .bytes = piece_bytes,
                                                        .is_end = piece_is_end,
                                                        .token = token_of,
                                                        .context = s->m },
                                          error);
    if (!s->constraint) return JL_ERR_MEMORY;
    return jl_constraint_begin(s->constraint, jl_string(grammar), error);
}

/* ---- Stages ---------------------------------------------------------------------------------- */

/* A token whose text contains a breaker of DRY. */
static int breaks(const void *context, int32_t id) {
    const jl_session *s = context;
    const char *breaker = s->generation.sampling.dry_breakers;
    size_t n;
    const char *bytes = jl_token_bytes(s->m, id, 0, &n);
    for (int i = 0; i < s->generation.sampling.n_breakers; i++) {
        size_t length = strlen(breaker);
        for (size_t at = 0; bytes && at + length <= n; at++)
            if (memcmp(bytes + at, breaker, length) == 0) return 1;
        breaker += length + 1;
    }
    return 0;
}

/* What the stages read; after jl_sampling_check() and set_grammar(). */
static jl_status context_of(jl_session *s, const jl_sampling *g, jl_context *c, jl_error *error) {
    *c = (jl_context){ .logits = jl_session_logits(s),
                       .g = g,
                       .ids = s->ids,
                       .n_ids = s->n_ids,
                       .random = &s->random,
                       .mu = s->mu,
                       .breaks = breaks,
                       .context = s };
    if (!g->grammar) return JL_OK;
    c->mask = jl_constraint_mask(s->constraint, error);
    return c->mask ? JL_OK : JL_ERR_ARGUMENT;
}

int jl_session_stage(jl_session *s, const jl_sampling *sampling, int n, jl_candidate *out, int cap,
                     jl_error *error) {
    jl_status st = jl_sampling_check(sampling, error);
    if (st) return st;
    if (!s->has_logits || n < 0 || n > sampling->n_stages)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("stage"),
                       "expected 0 to %d stages, after the tokens are evaluated",
                       sampling->n_stages);
    jl_context c;
    jl_random random = s->random;
    jl_sampling own = s->generation.sampling;
    st = set_grammar(s, sampling->grammar, error);
    if (!st) st = context_of(s, sampling, &c, error);
    if (st) return st;
    c.random = &random;
    if (!is_generating(s)) c.mu = 2 * sampling->mirostat_tau;
    s->generation.sampling = *sampling; /* breaks() reads it */
    int kept = jl_sample_stage(&s->sampler, &c, n, out, cap, error);
    s->generation.sampling = own;
    return kept;
}

/* Copies the lists that the settings borrow, and sets the state of the stages. */
static jl_status begin_sampling(jl_session *s, const jl_sampling *g, jl_error *error) {
    const char *end = g->dry_breakers;
    for (int i = 0; i < g->n_breakers; i++) end += strlen(end) + 1;
    size_t text = g->n_breakers ? (size_t)(end - g->dry_breakers) : 0;
    size_t biases = (size_t)g->n_bias * sizeof *g->bias;
    char *lists = jl_alloc(biases + text + 1);
    if (!lists) return jl_no_memory(error, "sampling");
    if (biases) memcpy(lists, g->bias, biases);
    if (text) memcpy(lists + biases, g->dry_breakers, text);
    jl_free(s->lists);
    s->lists = lists;
    s->generation.sampling = *g;
    s->generation.sampling.bias = (const jl_bias *)(void *)lists;
    s->generation.sampling.dry_breakers = lists + biases;
    s->generation.sampling.grammar = g->grammar ? "" : NULL; /* s->constraint has it */
    s->mu = 2 * g->mirostat_tau;
    jl_random_seed(&s->random, g->seed);
    return JL_OK;
}

/* ---- Generation ------------------------------------------------------------------------------ */

static jl_status check_generation(const jl_session *s, const jl_generation *g, jl_error *error) {
    jl_status st = jl_session_check_predicts(s, error);
    if (!st) st = jl_sampling_check(&g->sampling, error);
    if (st) return st;
    if (g->max_tokens < 0 || g->top_logprobs < 0 || g->top_logprobs > JL_MAX_TOP)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("generate"),
                       "expected max tokens ≥ 0 and 0 to %d top log-probabilities", JL_MAX_TOP);
    if (s->n_ids == 0)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("prompt"),
                       "the session is empty; give a prompt to continue");
    if (s->n_ids == s->n_ctx && g->max_tokens > 0)
        return jl_fail(
            error, JL_ERR_CONTEXT, JL_NO_OFFSET, jl_string("context"),
            "all %d positions are used; rewind, or create a session with a longer context",
            s->n_ctx);
    return JL_OK;
}

jl_status jl_session_generate(jl_session *s, const jl_generation *g, jl_error *error) {
    s->drawn = -1;
    jl_status st = check_generation(s, g, error);
    if (!st) st = set_grammar(s, g->sampling.grammar, error);
    if (!st)
        st = jl_text_stream_begin(&s->text, s->text_buffer, s->text_cap, g->stop, g->n_stop, error);
    s->generation = *g;
    s->generation.stop = NULL;
    if (!st) st = begin_sampling(s, &g->sampling, error);
    if (st) return st;
    s->drawn = 0;
    s->finish = g->max_tokens == 0 ? JL_FINISH_LENGTH : JL_FINISH_NONE;
    return JL_OK;
}

uint64_t jl_session_next_seed(const jl_session *s) {
    return jl_random_seed_of(s->random);
}

static jl_finish finish_reason(const jl_session *s, int32_t id, int stopped) {
    int has_grammar = s->generation.sampling.grammar != NULL;
    if ((!s->generation.ignore_end || has_grammar) && jl_token_is_end(s->m, id))
        return JL_FINISH_END;
    if (stopped) return JL_FINISH_STOP;
    if (has_grammar && jl_constraint_done(s->constraint)) return JL_FINISH_END;
    if (s->drawn == s->generation.max_tokens) return JL_FINISH_LENGTH;
    return s->n_ids == s->n_ctx ? JL_FINISH_CONTEXT : JL_FINISH_NONE;
}

/* Fills *token for the id drawn from `logits`; sets s->finish if it is the last. */
static void describe(jl_session *s, const float *logits, int32_t id, jl_token *token) {
    size_t n;
    const char *bytes = jl_token_bytes(s->m, id, 0, &n);
    float log_sum = jl_log_sum(logits, s->m->h.n_vocab);
    token->id = id;
    token->index = s->drawn++;
    token->logprob = logits[id] - log_sum;
    token->n_top = jl_top(logits, s->m->h.n_vocab, log_sum, token->top, s->generation.top_logprobs);
    int stopped = jl_text_stream_push(&s->text, bytes, n, &token->text, &token->n_text);
    token->finish = s->finish = finish_reason(s, id, stopped);
    if (s->finish && !stopped) jl_text_stream_flush(&s->text, &token->text, &token->n_text);
}

jl_status jl_session_generate_step(jl_session *s, jl_token *token, jl_error *error) {
    if (s->drawn < 0)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("generate"),
                       "no generation was started");
    if (s->finish) return JL_DONE;
    jl_status st = jl_session_advance(s, error);
    if (st) return st;
    const jl_sampling *g = &s->generation.sampling;
    jl_context c;
    jl_memory_forbid(1);
    st = context_of(s, g, &c, error);
    float p = 1;
    int32_t id = st ? st : jl_sample_draw(&s->sampler, &c, &p, error);
    if (id >= 0 && g->grammar) st = jl_constraint_accept(s->constraint, id, error);
    jl_memory_forbid(0);
    if (id < 0 || st) return id < 0 ? (jl_status)id : st;
    s->mu -= g->mirostat_eta * (-logf(p) / 0.693147181f - g->mirostat_tau);
    const float *logits = c.logits;
    st = jl_session_append(s, &id, 1, error);
    if (st) return st;
    describe(s, logits, id, token);
    return JL_OK;
}
