/* gbnf.h - parses grammars in llama.cpp's notation (GBNF, its grammars/README.md).
 *
 * Place in the flow: text of a grammar → here → rules as elements → grammar.c follows them. Groups
 * and repetitions become rules of their own, numbered as in llama.cpp. The text may be hostile:
 * sizes have bounds, and the recursion follows only parentheses.
 *
 * Refused: a rule without definition or with two, left recursion, a rule that matches no finite
 * text, a repetition of more than JL_GBNF_REPEAT. Errors name line and column.
 */
#ifndef JL_GBNF_H
#define JL_GBNF_H

#include "../base/status.h"

enum {
    JL_GBNF_TEXT = 1 << 20, /* bytes */
    JL_GBNF_RULES = 1 << 16,
    JL_GBNF_ELEMENTS = 1 << 18,
    JL_GBNF_REPEAT = 2000, /* as in llama.cpp; also of the product of nested repetitions */
    JL_GBNF_DEPTH = 200    /* of parentheses */
};

/* A class of characters is one CHAR or CHAR_NOT, then CHAR_ALTs; CHAR_UPPER follows the lower end
 * of a range. Alternatives are separated by ALT, the last is followed by END. */
typedef enum jl_gbnf_type {
    JL_GBNF_END,
    JL_GBNF_ALT,
    JL_GBNF_RULE, /* value: index of a rule */
    JL_GBNF_CHAR, /* value: code point, as of the next three */
    JL_GBNF_CHAR_NOT,
    JL_GBNF_CHAR_UPPER,
    JL_GBNF_CHAR_ALT,
    JL_GBNF_CHAR_ANY,
    JL_GBNF_TOKEN, /* value: id of a token */
    JL_GBNF_TOKEN_NOT
} jl_gbnf_type;

/* An element is type << 28 | value. */
typedef struct jl_gbnf {
    uint32_t *elements; /* [n_elements] */
    uint32_t *rules;    /* [n_rules] first element of each */
    uint32_t n_elements, n_rules, root;
} jl_gbnf;

static inline jl_gbnf_type jl_gbnf_kind(uint32_t element) {
    return (jl_gbnf_type)(element >> 28);
}
static inline uint32_t jl_gbnf_value(uint32_t element) {
    return element & 0xfffffff;
}
static inline int jl_gbnf_ends(uint32_t element) { /* END or ALT */
    return element >> 28 <= JL_GBNF_ALT;
}

/* The id of the one token whose text is text[n] (<think>), or a negative number. */
typedef int32_t jl_gbnf_token(const void *context, const char *text, size_t n);

/* token NULL: named tokens are refused. The caller frees *out, also after a failure. */
jl_status jl_gbnf_parse(jl_gbnf *out, jl_str text, jl_gbnf_token *token, const void *context,
                        jl_error *error);
void jl_gbnf_free(jl_gbnf *g);

/* gbnf_check.c: rejects left recursion and rules that match no finite text. The index of a wrong
 * rule in *rule, and what is wrong with it; NULL: nothing. */
jl_status jl_gbnf_check(const jl_gbnf *g, uint32_t *rule, const char **wrong, jl_error *error);

#endif
