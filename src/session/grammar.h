/* grammar.h - follows a grammar byte by byte: which texts may continue, and how.
 *
 * Place in the flow: rules of gbnf.c → states → constraint.c → sample.c. A state is the set of
 * stacks after the bytes so far, as in llama.cpp: each holds the elements still to match, the next
 * on top, which is a class of characters or a token. Stacks share their lower parts, and equal
 * states are one, so the automaton of the bytes is built as far as texts visit it (lazily, as in
 * RE2) and then costs one look-up a byte. All memory is allocated at the start; when it is full,
 * everything but one state is dropped.
 */
#ifndef JL_GRAMMAR_H
#define JL_GRAMMAR_H

#include "gbnf.h"

enum {
    JL_GRAMMAR_STATES = 1024,
    JL_GRAMMAR_NODES = 1 << 14,  /* elements of all stacks */
    JL_GRAMMAR_STACKS = 1 << 12, /* of one state */
    JL_GRAMMAR_POOL = 1 << 15,   /* stacks of all states */
    JL_GRAMMAR_WORK = 1 << 20,   /* stacks looked at for one token or mask */
    JL_GRAMMAR_DEAD = 0,         /* the state of a text that the grammar does not match */
    JL_GRAMMAR_FULL = 0xfffe     /* no state: call jl_grammar_drop() and repeat */
};

/* An element to match and what comes after it. Index 0 is the empty stack. */
typedef struct jl_grammar_node {
    uint32_t element, below;
} jl_grammar_node;

typedef struct jl_grammar_state {
    uint32_t first, n;       /* stacks, in the pool, ascending */
    uint32_t value;          /* bits of a character of which `missing` bytes are still to come */
    uint8_t missing, length; /* bytes of that character */
    uint8_t accepts;         /* the text may end here */
    int16_t mask;            /* slot of constraint.c, −1: none */
} jl_grammar_state;

typedef struct jl_grammar {
    jl_gbnf rules;
    jl_grammar_node *nodes;   /* [JL_GRAMMAR_NODES] a node comes after the one below it */
    uint32_t *node_table;     /* [2 · JL_GRAMMAR_NODES] open addressing, 0: free */
    uint32_t *seen;           /* [JL_GRAMMAR_NODES] round in which a node was expanded last */
    uint32_t *todo;           /* [JL_GRAMMAR_NODES] */
    uint32_t *found;          /* [JL_GRAMMAR_STACKS] */
    uint32_t *pool;           /* [JL_GRAMMAR_POOL] */
    jl_grammar_state *states; /* [JL_GRAMMAR_STATES] */
    uint16_t *state_table;    /* [2 · JL_GRAMMAR_STATES] */
    uint16_t *next;           /* [JL_GRAMMAR_STATES][256] */
    uint32_t n_nodes, n_todo, n_found, n_pool, n_states, round, n_drops;
    uint32_t work; /* so far; beyond JL_GRAMMAR_WORK, every new state is JL_GRAMMAR_FULL */
    int accepts, full;
    uint32_t start; /* state of the empty text; JL_GRAMMAR_DEAD after a drop */
    void *memory;
} jl_grammar;

/* Parses and allocates; arguments as of jl_gbnf_parse(). NULL on failure. */
jl_grammar *jl_grammar_new(jl_str text, jl_gbnf_token *token, const void *context, jl_error *error);
void jl_grammar_free(jl_grammar *g); /* NULL is fine */

/* The state of the empty text; drops all others. */
uint32_t jl_grammar_begin(jl_grammar *g);

/* The state after one more byte, or JL_GRAMMAR_FULL. */
uint32_t jl_grammar_compute(jl_grammar *g, uint32_t state, uint8_t byte);
static inline uint32_t jl_grammar_step(jl_grammar *g, uint32_t state, uint8_t byte) {
    uint32_t known = g->next[state * 256 + byte];
    return known < JL_GRAMMAR_FULL ? known : jl_grammar_compute(g, state, byte);
}

/* The state after a token of these bytes: texts that match them, and elements that name it. Drops
 * states if it must; JL_GRAMMAR_FULL if even that is not enough. */
uint32_t jl_grammar_accept(jl_grammar *g, uint32_t state, int32_t id, const char *bytes, size_t n);

/* Frees the memory of all other states, and masks; returns the new number of this one. */
uint32_t jl_grammar_drop(jl_grammar *g, uint32_t state);

/* Whether the text may go on. */
static inline int jl_grammar_continues(const jl_grammar *g, uint32_t state) {
    return g->states[state].n > 0;
}

#endif
