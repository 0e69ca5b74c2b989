/* gbnf_check.c - properties of a grammar's rules: which match nothing, which end, which recur.
 *
 * Left recursion would make the set of stacks infinite: a rule that reaches itself before any
 * character, with something to match after it. Such a reference connects two rules of one strongly
 * connected component (Tarjan 1972) of the references that can come first. Without recursion in C,
 * because a chain of rules may be as long as the grammar.
 */
#include <string.h>

#include "../base/memory.h"
#include "gbnf.h"

enum { PASSES = 200 };

/* Marks each rule with an alternative of which every element is fine: a reference to a marked rule,
 * or with `chars` anything else. Passes alternate in direction, so that chains need few. Returns
 * whether nothing changed in the last. */
static int mark(const jl_gbnf *g, int chars, uint8_t *marked) {
    int changed = 1;
    for (int pass = 0; pass < PASSES && changed; pass++) {
        changed = 0;
        for (uint32_t k = 0; k < g->n_rules; k++) {
            uint32_t rule = pass & 1 ? k : g->n_rules - 1 - k, at = g->rules[rule];
            for (int fine = 1; !marked[rule]; at++, fine = 1) {
                for (; !jl_gbnf_ends(g->elements[at]); at++)
                    fine &= jl_gbnf_kind(g->elements[at]) == JL_GBNF_RULE
                                ? marked[jl_gbnf_value(g->elements[at])]
                                : chars;
                if (fine) marked[rule] = 1, changed = 1;
                if (jl_gbnf_kind(g->elements[at]) == JL_GBNF_END) break;
            }
        }
    }
    return !changed;
}

/* ---- Components ------------------------------------------------------------------------------ */

/* A rule on the path of the search, and the next element to look at. */
typedef struct visit {
    uint32_t rule, at;
    int first; /* nothing but rules that may match nothing precede `at` in its alternative */
} visit;

typedef struct search {
    const jl_gbnf *g;
    const uint8_t *empty;  /* [n_rules] may match nothing */
    uint32_t *order, *low; /* [n_rules] Tarjan's index and lowlink, from 1; 0: not visited */
    uint32_t *open;        /* [n_rules] the stack of Tarjan's algorithm */
    uint32_t *component;   /* [n_rules] from 1; 0: on the stack or not visited */
    visit *path;           /* [n_rules] */
    uint32_t n_order, n_open, n_components;
} search;

/* The next reference that can come first in the rule, or UINT32_MAX; *tail: nothing follows it. */
static uint32_t next_reference(const search *s, visit *v, int *tail) {
    for (;; v->at++) {
        uint32_t e = s->g->elements[v->at];
        if (jl_gbnf_kind(e) == JL_GBNF_END) return UINT32_MAX;
        if (jl_gbnf_kind(e) == JL_GBNF_ALT) {
            v->first = 1;
        } else if (jl_gbnf_kind(e) != JL_GBNF_RULE) {
            v->first = 0;
        } else if (v->first) {
            v->first = s->empty[jl_gbnf_value(e)];
            *tail = jl_gbnf_ends(s->g->elements[++v->at]);
            return jl_gbnf_value(e);
        }
    }
}

static void visit_rule(search *s, uint32_t rule, uint32_t *depth) {
    s->order[rule] = s->low[rule] = ++s->n_order;
    s->open[s->n_open++] = rule;
    s->path[(*depth)++] = (visit){ rule, s->g->rules[rule], 1 };
}

/* Its component is complete if it reaches no earlier rule. */
static void leave_rule(search *s, uint32_t rule) {
    if (s->low[rule] != s->order[rule]) return;
    s->n_components++;
    uint32_t last;
    do s->component[last = s->open[--s->n_open]] = s->n_components;
    while (last != rule);
}

static void find_components(search *s, uint32_t start) {
    uint32_t depth = 0;
    visit_rule(s, start, &depth);
    while (depth > 0) {
        visit *v = &s->path[depth - 1];
        int tail;
        uint32_t to = next_reference(s, v, &tail);
        if (to != UINT32_MAX && !s->order[to]) {
            visit_rule(s, to, &depth);
        } else if (to != UINT32_MAX) {
            if (!s->component[to] && s->order[to] < s->low[v->rule]) s->low[v->rule] = s->order[to];
        } else {
            uint32_t rule = v->rule;
            leave_rule(s, rule);
            if (--depth > 0 && s->low[rule] < s->low[s->path[depth - 1].rule])
                s->low[s->path[depth - 1].rule] = s->low[rule];
        }
    }
}

/* A rule with left recursion, or UINT32_MAX. */
static uint32_t left_recursive(search *s) {
    for (uint32_t rule = 0; rule < s->g->n_rules; rule++)
        if (!s->order[rule]) find_components(s, rule);
    for (uint32_t rule = 0; rule < s->g->n_rules; rule++) {
        visit v = { rule, s->g->rules[rule], 1 };
        int tail;
        for (uint32_t to; (to = next_reference(s, &v, &tail)) != UINT32_MAX;)
            if (!tail && s->component[to] == s->component[rule]) return rule;
    }
    return UINT32_MAX;
}

/* ---- Check ----------------------------------------------------------------------------------- */

static const char *check(search *s, uint8_t *marked, uint32_t *rule) {
    *rule = 0;
    if (!mark(s->g, 1, marked)) return "the rules depend on each other in too long a chain";
    for (; *rule < s->g->n_rules; ++*rule)
        if (!marked[*rule]) return "this rule matches no finite text, because it needs itself";
    *rule = 0;
    memset(marked, 0, s->g->n_rules);
    if (!mark(s->g, 0, marked)) return "the rules depend on each other in too long a chain";
    *rule = left_recursive(s);
    return *rule == UINT32_MAX ? NULL : "left recursion: this rule can begin with itself";
}

jl_status jl_gbnf_check(const jl_gbnf *g, uint32_t *rule, const char **wrong, jl_error *error) {
    uint64_t n = g->n_rules;
    uint32_t *numbers = jl_alloc_array(4 * n, sizeof *numbers);
    uint8_t *marked = jl_alloc_array(n, sizeof *marked);
    visit *path = jl_alloc_array(n, sizeof *path);
    jl_status st = numbers && marked && path ? JL_OK : jl_no_memory(error, "grammar");
    if (!st) {
        search s = { .g = g,
                     .empty = marked,
                     .order = numbers,
                     .low = numbers + n,
                     .open = numbers + 2 * n,
                     .component = numbers + 3 * n,
                     .path = path };
        *wrong = check(&s, marked, rule);
    }
    jl_free(numbers);
    jl_free(marked);
    jl_free(path);
    return st;
}
