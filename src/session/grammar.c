/* grammar.c - states of a grammar as sets of stacks, built on demand. See grammar.h. */
#include "grammar.h"

#include <string.h>

#include "../base/arena.h"
#include "../base/heap.h"
#include "../base/memory.h"

enum { UNKNOWN = 0xffff };

/* ---- Nodes ----------------------------------------------------------------------------------- */

static uint32_t hash_pair(uint32_t a, uint32_t b) {
    return (uint32_t)(((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u >> 40);
}

/* The node with this content; 0 with g->full set if there is no room. */
static uint32_t node_of(jl_grammar *g, uint32_t element, uint32_t below) {
    uint32_t mask = 2 * JL_GRAMMAR_NODES - 1, at = hash_pair(element, below);
    for (uint32_t i; (i = g->node_table[at & mask]) != 0; at++)
        if (g->nodes[i].element == element && g->nodes[i].below == below) return i;
    if (g->n_nodes == JL_GRAMMAR_NODES) {
        g->full = 1;
        return 0;
    }
    uint32_t i = g->n_nodes++;
    g->nodes[i] = (jl_grammar_node){ element, below };
    g->seen[i] = 0;
    g->node_table[at & mask] = i;
    return i;
}

static void add_todo(jl_grammar *g, uint32_t node) {
    if (node == 0) {
        g->accepts |= !g->full;
        return;
    }
    if (g->seen[node] == g->round) return;
    g->seen[node] = g->round;
    g->todo[g->n_todo++] = node;
}

/* The stack with element `at` of a rule on it, or nothing at the end of an alternative. */
static void add_stack(jl_grammar *g, uint32_t at, uint32_t below) {
    add_todo(g, jl_gbnf_ends(g->rules.elements[at]) ? below : node_of(g, at, below));
}

/* One stack for each alternative of a rule. */
static void add_rule(jl_grammar *g, uint32_t rule, uint32_t below) {
    for (uint32_t at = g->rules.rules[rule];; at++) {
        add_stack(g, at, below);
        while (!jl_gbnf_ends(g->rules.elements[at])) at++;
        if (jl_gbnf_kind(g->rules.elements[at]) == JL_GBNF_END) return;
    }
}

/* Replaces rules on top of the stacks to do by their alternatives. A rule at the end of its
 * alternative leaves nothing on the stack, so recursion there needs no room. */
static void expand(jl_grammar *g) {
    const uint32_t *e = g->rules.elements;
    while (g->n_todo > 0 && !g->full) {
        jl_grammar_node top = g->nodes[g->todo[--g->n_todo]];
        g->work++;
        if (jl_gbnf_kind(e[top.element]) != JL_GBNF_RULE) {
            if (g->n_found == JL_GRAMMAR_STACKS)
                g->full = 1;
            else
                g->found[g->n_found++] = g->todo[g->n_todo];
            continue;
        }
        uint32_t below = top.below, after = top.element + 1;
        if (!jl_gbnf_ends(e[after])) below = node_of(g, after, below);
        if (!g->full) add_rule(g, jl_gbnf_value(e[top.element]), below);
    }
}

static void begin_set(jl_grammar *g) {
    g->round++;
    g->n_todo = g->n_found = 0;
    g->accepts = g->full = 0;
}

/* ---- States ---------------------------------------------------------------------------------- */

static int above(const void *context, const uint32_t *a, const uint32_t *b) {
    (void)context;
    return *a > *b;
}
JL_HEAP(numbers, uint32_t, const void *, above)

/* Heap sort, ascending. */
static void sort(uint32_t *list, size_t n) {
    for (size_t i = n / 2; i-- > 0;) numbers_down(NULL, list, n, i);
    while (n > 1) {
        uint32_t last = list[--n];
        list[n] = list[0];
        list[0] = last;
        numbers_down(NULL, list, n, 0);
    }
}

static int same(const jl_grammar *g, const jl_grammar_state *a, const jl_grammar_state *b,
                const uint32_t *list) {
    return a->n == b->n && a->value == b->value && a->missing == b->missing &&
           a->length == b->length && a->accepts == b->accepts &&
           memcmp(g->pool + a->first, list, a->n * sizeof *list) == 0;
}

/* The state of the stacks in g->found, or JL_GRAMMAR_FULL. */
static uint32_t state_of(jl_grammar *g, jl_grammar_state s) {
    if (g->full) return JL_GRAMMAR_FULL;
    s.n = g->n_found;
    s.accepts = (uint8_t)g->accepts;
    s.mask = -1;
    if (s.n == 0 && !s.accepts) return JL_GRAMMAR_DEAD;
    sort(g->found, s.n);
    uint32_t mask = 2 * JL_GRAMMAR_STATES - 1, i;
    uint32_t at = (uint32_t)jl_hash(g->found, s.n * sizeof *g->found) ^ s.value ^ s.missing;
    for (; (i = g->state_table[at & mask]) != 0; at++)
        if (same(g, &g->states[i], &s, g->found)) return i;
    if (g->n_states == JL_GRAMMAR_STATES || s.n > JL_GRAMMAR_POOL - g->n_pool)
        return JL_GRAMMAR_FULL;
    s.first = g->n_pool;
    if (s.n) memcpy(g->pool + s.first, g->found, s.n * sizeof *g->found);
    g->n_pool += s.n;
    i = g->n_states++;
    g->states[i] = s;
    g->state_table[at & mask] = (uint16_t)i;
    memset(g->next + i * 256, 0xff, 256 * sizeof *g->next);
    return i;
}

/* ---- Characters ------------------------------------------------------------------------------ */

/* Whether one of the ranges [at, end) begins at or before *low and ends after it; moves *low. */
static int extend(const uint32_t *e, uint32_t at, uint32_t end, uint32_t *low) {
    int moved = 0;
    for (; at < end; at++) {
        uint32_t from = jl_gbnf_value(e[at]), to = from;
        if (jl_gbnf_kind(e[at + 1]) == JL_GBNF_CHAR_UPPER) to = jl_gbnf_value(e[++at]);
        if (from <= *low && *low <= to) *low = to + 1, moved = 1;
    }
    return moved;
}

/* Whether the class at `at` has a character from low to high; *end: the element after it. */
static int class_has(const uint32_t *e, uint32_t at, uint32_t low, uint32_t high, uint32_t *end) {
    jl_gbnf_type kind = jl_gbnf_kind(e[at]);
    int found = 0;
    *end = at;
    do {
        uint32_t from = jl_gbnf_value(e[*end]), to = from;
        if (jl_gbnf_kind(e[*end + 1]) == JL_GBNF_CHAR_UPPER) to = jl_gbnf_value(e[++*end]);
        found |= from <= high && low <= to;
        ++*end;
    } while (jl_gbnf_kind(e[*end]) == JL_GBNF_CHAR_ALT);
    if (kind == JL_GBNF_CHAR_ANY) return 1;
    if (kind == JL_GBNF_CHAR || !found) return kind == JL_GBNF_CHAR ? found : 1;
    while (low <= high && extend(e, at, *end, &low)) continue;
    return low <= high;
}

static int is_class(jl_gbnf_type kind) {
    return kind >= JL_GBNF_CHAR && kind <= JL_GBNF_CHAR_ANY;
}

/* The character of `s` with one more byte (Unicode standard, table 3-7); 0: not well-formed. */
static int add_byte(jl_grammar_state *s, uint8_t byte) {
    if (s->missing > 0) {
        if ((byte & 0xc0) != 0x80) return 0;
        s->value = s->value << 6 | (byte & 63);
        s->missing--;
        return 1;
    }
    if (byte < 0x80) {
        s->value = byte;
        s->length = 1;
        return 1;
    }
    if (byte < 0xc2 || byte > 0xf4) return 0;
    s->length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    s->missing = (uint8_t)(s->length - 1);
    s->value = byte & (0xffu >> (s->length + 1));
    return 1;
}

/* The characters that can still come: from *low to *high; 0: none. */
static int reach(const jl_grammar_state *s, uint32_t *low, uint32_t *high) {
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    *low = s->value << (6 * s->missing);
    *high = *low | ((1u << (6 * s->missing)) - 1);
    if (*low < least[s->length]) *low = least[s->length];
    if (*high > 0x10ffff) *high = 0x10ffff;
    if (*low <= 0xdfff && *high >= 0xd800 && *high <= 0xdfff) *high = 0xd7ff; /* surrogates */
    return *low <= *high;
}

/* The stacks of a state whose top matches a byte, into g->found. */
static void match_byte(jl_grammar *g, const jl_grammar_state *from, const jl_grammar_state *to) {
    const uint32_t *e = g->rules.elements;
    uint32_t low, high, end;
    g->work += from->n + 1;
    if (g->work > JL_GRAMMAR_WORK) g->full = 1;
    if (!reach(to, &low, &high)) return;
    for (uint32_t i = 0; i < from->n; i++) {
        uint32_t node = g->pool[from->first + i];
        jl_grammar_node top = g->nodes[node];
        if (!is_class(jl_gbnf_kind(e[top.element]))) continue;
        if (!class_has(e, top.element, low, high, &end)) continue;
        if (to->missing > 0)
            g->found[g->n_found++] = node;
        else
            add_stack(g, end, top.below);
    }
    expand(g);
}

uint32_t jl_grammar_compute(jl_grammar *g, uint32_t state, uint8_t byte) {
    jl_grammar_state from = g->states[state], to = from;
    uint32_t next = JL_GRAMMAR_DEAD;
    if (add_byte(&to, byte)) {
        begin_set(g);
        match_byte(g, &from, &to);
        if (to.missing == 0) to.value = to.length = 0;
        next = state_of(g, to);
    }
    if (next != JL_GRAMMAR_FULL) g->next[state * 256 + byte] = (uint16_t)next;
    return next;
}

/* ---- Tokens ---------------------------------------------------------------------------------- */

/* Adds the stacks after elements of `state` that name the token. */
static void match_token(jl_grammar *g, const jl_grammar_state *s, int32_t id) {
    const uint32_t *e = g->rules.elements;
    for (uint32_t i = 0; i < s->n && s->missing == 0; i++) {
        jl_grammar_node top = g->nodes[g->pool[s->first + i]];
        jl_gbnf_type kind = jl_gbnf_kind(e[top.element]);
        int is_it = jl_gbnf_value(e[top.element]) == (uint32_t)id;
        if ((kind == JL_GBNF_TOKEN && is_it) || (kind == JL_GBNF_TOKEN_NOT && !is_it))
            add_stack(g, top.element + 1, top.below);
    }
}

static int names_tokens(const jl_grammar *g, const jl_grammar_state *s) {
    for (uint32_t i = 0; i < s->n && s->missing == 0; i++)
        if (jl_gbnf_kind(g->rules.elements[g->nodes[g->pool[s->first + i]].element]) >=
            JL_GBNF_TOKEN)
            return 1;
    return 0;
}

static uint32_t step_bytes(jl_grammar *g, uint32_t state, const char *bytes, size_t n) {
    if (n == 0) return JL_GRAMMAR_DEAD;
    for (size_t i = 0; i < n && state != JL_GRAMMAR_DEAD && state != JL_GRAMMAR_FULL; i++)
        state = jl_grammar_step(g, state, (uint8_t)bytes[i]);
    return state;
}

static uint32_t accept(jl_grammar *g, uint32_t state, int32_t id, const char *bytes, size_t n) {
    jl_grammar_state before = g->states[state];
    uint32_t end = step_bytes(g, state, bytes, n);
    if (end == JL_GRAMMAR_FULL || !names_tokens(g, &before)) return end;
    begin_set(g);
    match_token(g, &before, id);
    expand(g);
    /* Both ways may lead on. A text that ends within a character is not joined with the others. */
    jl_grammar_state after = g->states[end];
    if (end != JL_GRAMMAR_DEAD && after.missing > 0) return end;
    for (uint32_t i = 0; i < after.n && !g->full; i++) add_todo(g, g->pool[after.first + i]);
    g->accepts |= after.accepts;
    expand(g);
    return state_of(g, (jl_grammar_state){ 0 });
}

uint32_t jl_grammar_accept(jl_grammar *g, uint32_t state, int32_t id, const char *bytes, size_t n) {
    g->work = 0;
    uint32_t end = accept(g, state, id, bytes, n);
    if (end == JL_GRAMMAR_FULL) {
        state = jl_grammar_drop(g, state);
        end = accept(g, state, id, bytes, n);
    }
    /* A long token: byte by byte, if no element can name it. */
    for (size_t i = 0; end == JL_GRAMMAR_FULL && i < n; i++) {
        uint32_t next = jl_grammar_step(g, state, (uint8_t)bytes[i]);
        if (next == JL_GRAMMAR_FULL) {
            state = jl_grammar_drop(g, state);
            next = jl_grammar_step(g, state, (uint8_t)bytes[i]);
        }
        if (next == JL_GRAMMAR_FULL || next == JL_GRAMMAR_DEAD) return next;
        state = next;
        if (i + 1 == n) end = state;
    }
    return end;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void clear(jl_grammar *g) {
    memset(g->node_table, 0, 2 * JL_GRAMMAR_NODES * sizeof *g->node_table);
    memset(g->state_table, 0, 2 * JL_GRAMMAR_STATES * sizeof *g->state_table);
    memset(g->seen, 0, JL_GRAMMAR_NODES * sizeof *g->seen);
    memset(g->next, 0, 256 * sizeof *g->next); /* the dead state stays dead */
    g->n_nodes = g->n_states = 1;
    g->n_pool = g->round = 0;
    g->states[JL_GRAMMAR_DEAD] = (jl_grammar_state){ .mask = -1 };
}

uint32_t jl_grammar_begin(jl_grammar *g) {
    clear(g);
    begin_set(g);
    add_rule(g, g->rules.root, 0);
    expand(g);
    return g->start = state_of(g, (jl_grammar_state){ 0 });
}

/* Nodes below a node come before it, so one pass moves all that are in use. */
uint32_t jl_grammar_drop(jl_grammar *g, uint32_t state) {
    jl_grammar_state kept = g->states[state];
    uint32_t n = g->n_nodes, *moved = g->seen;
    memcpy(g->found, g->pool + kept.first, kept.n * sizeof *g->found);
    memset(moved, 0, JL_GRAMMAR_NODES * sizeof *moved);
    for (uint32_t i = 0; i < kept.n; i++)
        for (uint32_t k = g->found[i]; k && !moved[k]; k = g->nodes[k].below) moved[k] = 1;
    memcpy(g->todo, moved, JL_GRAMMAR_NODES * sizeof *moved);
    clear(g);
    g->n_drops++;
    g->work += JL_GRAMMAR_NODES;
    g->start = JL_GRAMMAR_DEAD;
    moved = g->todo;
    for (uint32_t k = 1; k < n; k++)
        if (moved[k]) moved[k] = node_of(g, g->nodes[k].element, moved[g->nodes[k].below]);
    begin_set(g);
    for (uint32_t i = 0; i < kept.n; i++) g->found[i] = moved[g->found[i]];
    g->n_found = kept.n;
    g->accepts = kept.accepts;
    return state_of(g, kept);
}

static void lay_out(jl_grammar *g, jl_arena *a) {
    uint64_t number = sizeof(uint32_t);
    g->nodes = jl_arena_take(a, JL_GRAMMAR_NODES * sizeof *g->nodes);
    g->node_table = jl_arena_take(a, 2 * JL_GRAMMAR_NODES * number);
    g->seen = jl_arena_take(a, JL_GRAMMAR_NODES * number);
    g->todo = jl_arena_take(a, JL_GRAMMAR_NODES * number);
    g->found = jl_arena_take(a, JL_GRAMMAR_STACKS * number);
    g->pool = jl_arena_take(a, JL_GRAMMAR_POOL * number);
    g->states = jl_arena_take(a, JL_GRAMMAR_STATES * sizeof *g->states);
    g->state_table = jl_arena_take(a, 2 * JL_GRAMMAR_STATES * sizeof *g->state_table);
    g->next = jl_arena_take(a, JL_GRAMMAR_STATES * 256 * sizeof *g->next);
}

jl_grammar *jl_grammar_new(jl_str text, jl_gbnf_token *token, const void *context,
                           jl_error *error) {
    jl_gbnf rules;
    if (jl_gbnf_parse(&rules, text, token, context, error)) {
        jl_gbnf_free(&rules);
        return NULL;
    }
    jl_arena measure = { 0 };
    jl_grammar *g = jl_alloc_zero(sizeof *g);
    if (g) {
        g->rules = rules;
        lay_out(g, &measure);
        g->memory = jl_alloc((size_t)measure.used);
    }
    if (!g || !g->memory) {
        if (!g) jl_gbnf_free(&rules);
        jl_grammar_free(g);
        jl_no_memory(error, "grammar");
        return NULL;
    }
    lay_out(g, &(jl_arena){ g->memory, 0 });
    if (jl_grammar_begin(g) != JL_GRAMMAR_FULL) return g;
    jl_grammar_free(g);
    jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("grammar"),
            "it can begin in more than %d ways", JL_GRAMMAR_STACKS);
    return NULL;
}

void jl_grammar_free(jl_grammar *g) {
    if (!g) return;
    jl_gbnf_free(&g->rules);
    jl_free(g->memory);
    jl_free(g);
}
