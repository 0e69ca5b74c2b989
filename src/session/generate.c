/* generate.c - the generation loop: evaluate, draw, append; one token per call.
 *
 * Place in the flow: session.c (logits) → sample.c (a token) → text_stream.c (its text) → the host.
 * The host may stop between any two calls, because a drawn token is appended to the session before
 * it is returned.
 */
#include "../jielong_state.h"
#include "session.h"

/* The recent tokens of the repetition penalty. */
static const int32_t *recent(const jl_session *s, const jl_sampling *g, int *n) {
    *n = g->repeat_last < s->n_ids ? g->repeat_last : s->n_ids;
    return s->ids + s->n_ids - *n;
}

int jl_session_stage(jl_session *s, const jl_sampling *sampling, jl_stage stage, jl_candidate *out,
                     int cap, jl_error *error) {
    jl_status st = jl_sampling_check(sampling, error);
    if (st) return st;
    if (!s->has_logits || stage < 0 || stage >= JL_STAGE_COUNT)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("stage"),
                       "expected a stage below %d, after the tokens are evaluated", JL_STAGE_COUNT);
    int n;
    const int32_t *last = recent(s, sampling, &n);
    return jl_sample_stage(&s->sampler, jl_session_logits(s), sampling, last, n, stage, out, cap,
                           error);
}

jl_status jl_session_generate(jl_session *s, const jl_generation *g, jl_error *error) {
    s->drawn = -1;
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
    st = jl_text_stream_begin(&s->text, s->text_buffer, s->text_cap, g->stop, g->n_stop, error);
    if (st) return st;
    jl_random_seed(&s->random, g->sampling.seed);
    s->generation = *g;
    s->generation.stop = NULL;
    s->drawn = 0;
    s->finish = g->max_tokens == 0 ? JL_FINISH_LENGTH : JL_FINISH_NONE;
    return JL_OK;
}

uint64_t jl_session_next_seed(const jl_session *s) {
    return jl_random_seed_of(s->random);
}

static jl_finish finish_reason(const jl_session *s, int32_t id, int stopped) {
    if (!s->generation.ignore_end && jl_token_is_end(s->m, id)) return JL_FINISH_END;
    if (stopped) return JL_FINISH_STOP;
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
    int n;
    const int32_t *last = recent(s, &s->generation.sampling, &n);
    const float *logits = jl_session_logits(s);
    int32_t id =
        jl_sample_draw(&s->sampler, logits, &s->generation.sampling, last, n, &s->random, error);
    if (id < 0) return (jl_status)id;
    st = jl_session_append(s, &id, 1, error);
    if (st) return st;
    describe(s, logits, id, token);
    return JL_OK;
}
