/* states.c - the states of recurrent blocks: which positions a session keeps.
 *
 * Place in the flow: session.c, around each batch. A state cannot be taken back to an earlier
 * position, so that a session keeps JL_STATES of them: a batch reads the one of n_cached and writes
 * to another place. An abandoned batch therefore changes nothing. A rewind goes to the latest kept
 * position, and the tokens from there on are evaluated again (advance() does so by itself).
 */
#include "session.h"

#include "../forward/recurrent.h"

#ifdef JL_ALL
void jl_session_lay_out_states(jl_session *s, jl_arena *arena) {
    uint64_t floats = JL_STATES * jl_states_floats(&s->m->h);
    s->cache.states = jl_arena_take(arena, floats * sizeof(float));
}

float *jl_session_state(const jl_session *s, int i, uint64_t *bytes) {
    uint64_t floats = jl_states_floats(&s->m->h);
    *bytes = s->cache.state_at[i] ? floats * sizeof(float) : 0;
    return s->cache.states + (size_t)i * (size_t)floats;
}

double jl_session_states_held(const jl_session *s) {
    double held = 0;
    for (int i = 0; i < JL_STATES; i++) {
        uint64_t bytes;
        jl_session_state(s, i, &bytes);
        held += (double)bytes;
    }
    return held;
}

int jl_session_keep_states(jl_session *s, int position) {
    int kept = 0, *at = s->cache.state_at;
    if (s->m->h.n_recurrent == 0) return position;
    for (int i = 0; i < JL_STATES; i++) {
        if (at[i] > position) at[i] = 0;
        if (at[i] > kept) kept = at[i];
    }
    return kept;
}

/* Tokens that are evaluated again after a rewind without state i, at most. */
static int worth(const int *at, int i) {
    int before = 0, after = INT32_MAX;
    for (int j = 0; j < JL_STATES; j++) {
        if (at[j] < at[i] && at[j] > before) before = at[j];
        if (at[j] > at[i] && at[j] < after) after = at[j];
    }
    return at[i] ? after - before : 0;
}

void jl_session_begin_states(jl_session *s) {
    jl_cache *c = &s->cache;
    c->state_from = -1;
    c->state_to = -1;
    for (int i = 0; i < JL_STATES; i++)
        if (s->n_cached && c->state_at[i] == s->n_cached) c->state_from = i;
    for (int i = 0; i < JL_STATES; i++)
        if (i != c->state_from &&
            (c->state_to < 0 || worth(c->state_at, i) < worth(c->state_at, c->state_to)))
            c->state_to = i;
    c->state_at[c->state_to] = 0;
}
#else /* no model has recurrent blocks */
double jl_session_states_held(const jl_session *s) {
    (void)s;
    return 0;
}

void jl_session_lay_out_states(jl_session *s, jl_arena *arena) {
    (void)s, (void)arena;
}

float *jl_session_state(const jl_session *s, int i, uint64_t *bytes) {
    (void)s, (void)i;
    *bytes = 0;
    return NULL;
}

int jl_session_keep_states(jl_session *s, int position) {
    (void)s;
    return position;
}

void jl_session_begin_states(jl_session *s) {
    (void)s;
}
#endif
