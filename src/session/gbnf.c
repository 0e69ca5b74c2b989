/* gbnf.c - a recursive-descent parser of GBNF. See gbnf.h.
 *
 * Elements of unfinished rules lie on a stack, because a group ends before the rule around it;
 * a finished rule is copied to the output. A repetition is rewritten as llama.cpp does:
 *   S{m,n} → S … S (m times) S'   with   S'ᵢ ::= S S'ᵢ₋₁ |   for i = 1 … n − m
 *   S{m,}  → S … S (m times) S'   with   S' ::= S S' |
 */
#include "gbnf.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/utf8.h"
#include "../text/trie.h"

enum { NO_MAX = -1, NO_RULE = UINT32_MAX };

/* A growing array of numbers with an upper bound. */
typedef struct list {
    uint32_t *data;
    uint32_t n, cap;
} list;

typedef struct parser {
    const char *text;
    size_t n, at;
    jl_gbnf *out;
    list stack, elements, rules, places; /* places: offset of each rule in the text */
    jl_trie names;
    int depth;
    jl_gbnf_token *token;
    const void *context;
    jl_error *error;
    jl_status status; /* the first failure; then nothing more is parsed */
} parser;

/* ---- Errors and memory ----------------------------------------------------------------------- */

/* Lines and columns are counted from 1, columns in characters. */
static void fail_at(parser *p, size_t at, const char *what, jl_str of) {
    int line = 1, column = 1;
    for (size_t i = 0; i < at && i < p->n; i++) {
        if (p->text[i] == '\n')
            line++, column = 1;
        else if (((unsigned char)p->text[i] & 0xc0) != 0x80)
            column++;
    }
    if (of.n > 60) of.n = 60;
    if (!p->status)
        p->status = jl_fail(p->error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("grammar"),
                            "line %d, column %d: %s%S", line, column, what, of);
}

static void fail(parser *p, const char *what) {
    fail_at(p, p->at, what, (jl_str){ "", 0 });
}

static void push(parser *p, list *l, uint32_t value) {
    if (p->status) return;
    if (l->n == JL_GBNF_ELEMENTS) {
        fail(p, "the grammar is too large; shorten its repetitions");
        return;
    }
    if (l->n == l->cap) {
        uint32_t cap = l->cap ? 2 * l->cap : 64;
        uint32_t *data = jl_alloc_array(cap, sizeof *data);
        if (!data) {
            p->status = jl_no_memory(p->error, "grammar");
            return;
        }
        if (l->n) memcpy(data, l->data, l->n * sizeof *data);
        jl_free(l->data);
        l->data = data;
        l->cap = cap;
    }
    l->data[l->n++] = value;
}

static void emit(parser *p, list *l, jl_gbnf_type type, uint32_t value) {
    push(p, l, (uint32_t)type << 28 | value);
}

static uint32_t new_rule(parser *p, size_t at) {
    if (p->rules.n == JL_GBNF_RULES) fail(p, "the grammar has too many rules");
    push(p, &p->rules, NO_RULE);
    push(p, &p->places, (uint32_t)at);
    return p->status ? 0 : p->rules.n - 1;
}

/* Moves the stack from `start` on to the output, as a rule. */
static void end_rule(parser *p, uint32_t rule, uint32_t start) {
    emit(p, &p->stack, JL_GBNF_END, 0);
    if (p->status) return;
    p->rules.data[rule] = p->elements.n;
    for (uint32_t i = start; i < p->stack.n; i++) push(p, &p->elements, p->stack.data[i]);
    p->stack.n = start;
}

/* ---- Characters ------------------------------------------------------------------------------ */

static char peek(const parser *p, size_t ahead) {
    return p->at + ahead < p->n ? p->text[p->at + ahead] : 0;
}

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || is_digit(c);
}

/* Spaces and comments; line ends only in parentheses and after ::= and |. */
static void skip_space(parser *p, int lines) {
    for (; p->at < p->n; p->at++) {
        char c = p->text[p->at];
        if (c == '#')
            while (p->at + 1 < p->n && p->text[p->at + 1] != '\n' && p->text[p->at + 1] != '\r')
                p->at++;
        else if (c != ' ' && c != '\t' && !(lines && (c == '\n' || c == '\r')))
            return;
    }
}

static uint32_t parse_hex(parser *p, int digits) {
    uint32_t value = 0;
    for (int i = 0; i < digits; i++, p->at++) {
        char c = peek(p, 0), lower = (char)(c | 0x20);
        int digit = is_digit(c) ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
        if (digit < 0) fail(p, "expected a hexadecimal digit");
        value = value << 4 | (uint32_t)(digit & 15);
    }
    if (value > 0x10ffff) fail(p, "there is no character of this number");
    return value & 0x1fffff;
}

static uint32_t parse_escape(parser *p) {
    char c = peek(p, 1);
    p->at += 2;
    switch (c) {
    case 'x':
        return parse_hex(p, 2);
    case 'u':
        return parse_hex(p, 4);
    case 'U':
        return parse_hex(p, 8);
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    case '\\':
    case '"':
    case '[':
    case ']':
    case '-':
        return (uint32_t)c;
    default:
        p->at -= 2;
        fail(p, "this escape is unknown");
        return 0;
    }
}

/* The text is well-formed UTF-8. */
static uint32_t parse_char(parser *p) {
    if (p->at >= p->n) {
        fail(p, "the grammar ends within quotes or brackets");
        return 0;
    }
    if (p->text[p->at] == '\\') return parse_escape(p);
    const uint8_t *s = (const uint8_t *)p->text + p->at;
    int length = jl_utf8_length(s, p->n - p->at);
    uint32_t value = length == 1 ? s[0] : s[0] & (0xffu >> (length + 1));
    for (int i = 1; i < length; i++) value = value << 6 | (s[i] & 63);
    p->at += (size_t)length;
    return value;
}

/* ---- Items ----------------------------------------------------------------------------------- */

static void parse_literal(parser *p) {
    p->at++;
    while (!p->status && peek(p, 0) != '"') emit(p, &p->stack, JL_GBNF_CHAR, parse_char(p));
    p->at++;
}

static void parse_class(parser *p) {
    size_t begin = p->at++;
    jl_gbnf_type type = JL_GBNF_CHAR;
    if (peek(p, 0) == '^') p->at++, type = JL_GBNF_CHAR_NOT;
    if (peek(p, 0) == ']') fail_at(p, begin, "the brackets hold no character", (jl_str){ "", 0 });
    for (; !p->status && peek(p, 0) != ']'; type = JL_GBNF_CHAR_ALT) {
        uint32_t low = parse_char(p);
        emit(p, &p->stack, type, low);
        if (peek(p, 0) != '-' || peek(p, 1) == ']') continue;
        p->at++;
        uint32_t high = parse_char(p);
        if (high < low) fail(p, "this range ends before it begins");
        emit(p, &p->stack, JL_GBNF_CHAR_UPPER, high);
    }
    p->at++;
}

static uint32_t parse_number(parser *p) {
    uint32_t value = 0;
    if (!is_digit(peek(p, 0))) fail(p, "expected a number");
    for (; is_digit(peek(p, 0)); p->at++)
        if (value < 1u << 24) value = value * 10 + (uint32_t)(peek(p, 0) - '0');
    return value;
}

/* <[id]>, <name>, and after ! any token but this. */
static void parse_token(parser *p) {
    jl_gbnf_type type = JL_GBNF_TOKEN;
    if (peek(p, 0) == '!') p->at++, type = JL_GBNF_TOKEN_NOT;
    size_t begin = p->at;
    if (peek(p, 0) != '<') fail(p, "expected < after !");
    int32_t id = -1;
    if (peek(p, 1) == '[') {
        p->at += 2;
        id = (int32_t)parse_number(p);
        if (peek(p, 0) != ']' || peek(p, 1) != '>') fail(p, "expected ]> after a token's id");
        p->at += 2;
    } else {
        while (p->at < p->n && p->text[p->at] != '>') p->at++;
        if (p->at++ < p->n && p->token) id = p->token(p->context, p->text + begin, p->at - begin);
        jl_str name = { p->text + begin, (p->at < p->n ? p->at : p->n) - begin };
        if (id < 0) fail_at(p, begin, "there is no token ", name);
    }
    emit(p, &p->stack, type, (uint32_t)id & 0xfffffff);
}

static uint32_t find_rule(parser *p) {
    size_t begin = p->at;
    while (is_word(peek(p, 0))) p->at++;
    if (p->at == begin) fail(p, "expected the name of a rule");
    if (p->status) return 0;
    const uint8_t *name = (const uint8_t *)p->text + begin;
    uint32_t node = 0;
    for (size_t i = 0; i < p->at - begin && p->names.n; i++)
        if (!(node = jl_trie_step(&p->names, node, name[i]))) break;
    if (node && p->names.value[node] >= 0) return (uint32_t)p->names.value[node];
    uint32_t rule = new_rule(p, begin);
    if (p->status) return 0;
    jl_status st = jl_trie_add(&p->names, name, p->at - begin, (int32_t)rule, p->error);
    if (st) p->status = st;
    return rule;
}

static void parse_alternates(parser *p, uint32_t rule, int nested);

/* Returns the rules that it made. */
static uint32_t parse_group(parser *p) {
    uint32_t before = p->rules.n;
    if (++p->depth > JL_GBNF_DEPTH) fail(p, "parentheses are nested too deeply");
    if (p->status) return 1;
    uint32_t rule = new_rule(p, p->at++);
    skip_space(p, 1);
    parse_alternates(p, rule, 1);
    if (peek(p, 0) != ')') fail(p, "expected )");
    p->at++;
    p->depth--;
    emit(p, &p->stack, JL_GBNF_RULE, rule);
    return p->rules.n - before;
}

/* ---- Sequences ------------------------------------------------------------------------------- */

/* The item that a repetition repeats: the stack from `start` on. */
typedef struct item {
    uint32_t start;
    uint32_t weight; /* rules that its repetition multiplies */
    size_t at;       /* of the repetition in the text */
} item;

/* S' of the rewriting above; `next` NO_RULE: none follows in the rule. */
static uint32_t optional_rule(parser *p, const item *it, uint32_t end, int endless, uint32_t next) {
    uint32_t rule = new_rule(p, it->at), start = p->stack.n;
    for (uint32_t i = it->start; i < end; i++) push(p, &p->stack, p->stack.data[i]);
    if (endless) next = rule;
    if (next != NO_RULE) emit(p, &p->stack, JL_GBNF_RULE, next);
    emit(p, &p->stack, JL_GBNF_ALT, 0);
    end_rule(p, rule, start);
    return rule;
}

static void repeat(parser *p, item *it, int low, int high) {
    int endless = high == NO_MAX, times = endless ? low : high;
    if (it->start == p->stack.n) fail(p, "expected an item before the repetition");
    if (!endless && high < low) fail(p, "the repetition's maximum is below its minimum");
    uint64_t weight = it->weight * (uint64_t)(times > 0 ? times : 1);
    if (weight > JL_GBNF_REPEAT) fail(p, "a repetition of more than 2000, with those inside of it");
    if (p->status) return;
    uint32_t end = p->stack.n, next = NO_RULE;
    int optional = endless ? 1 : high - low;
    for (int i = 0; i < optional && !p->status; i++)
        next = optional_rule(p, it, end, endless, next);
    if (p->status) return;
    if (low == 0) p->stack.n = it->start;
    for (int copy = 1; copy < low; copy++)
        for (uint32_t i = it->start; i < end && !p->status; i++)
            push(p, &p->stack, p->stack.data[i]);
    if (optional > 0) emit(p, &p->stack, JL_GBNF_RULE, next);
    it->weight = (uint32_t)weight;
}

/* {m}, {m,} or {m,n}. */
static void parse_braces(parser *p, item *it, int nested) {
    p->at++;
    skip_space(p, nested);
    uint32_t low = parse_number(p), high = low;
    int endless = 0;
    skip_space(p, nested);
    if (peek(p, 0) == ',') {
        p->at++;
        skip_space(p, nested);
        endless = !is_digit(peek(p, 0));
        if (!endless) high = parse_number(p);
        skip_space(p, nested);
    }
    if (peek(p, 0) != '}') fail(p, "expected } after the numbers of a repetition");
    if (low > JL_GBNF_REPEAT || high > JL_GBNF_REPEAT) fail(p, "a repetition of more than 2000");
    if (p->status) return;
    p->at++;
    repeat(p, it, (int)low, endless ? NO_MAX : (int)high);
}

/* One item or repetition; 0: none begins here. */
static int parse_item(parser *p, item *it, int nested) {
    char c = peek(p, 0);
    if (strchr("*+?{", c) && c) {
        it->at = p->at;
        if (c == '{') {
            parse_braces(p, it, nested);
            return 1;
        }
        p->at++;
        repeat(p, it, c == '+', c == '?' ? 1 : NO_MAX);
        return 1;
    }
    if (!is_word(c) && (!c || !strchr("\"[<!(.", c))) return 0;
    *it = (item){ p->stack.n, 1, p->at };
    if (c == '"')
        parse_literal(p);
    else if (c == '[')
        parse_class(p);
    else if (c == '<' || c == '!')
        parse_token(p);
    else if (c == '(')
        it->weight = parse_group(p);
    else if (c == '.')
        p->at++, emit(p, &p->stack, JL_GBNF_CHAR_ANY, 0);
    else
        emit(p, &p->stack, JL_GBNF_RULE, find_rule(p));
    return 1;
}

static void parse_sequence(parser *p, int nested) {
    item it = { p->stack.n, 1, p->at };
    while (!p->status && parse_item(p, &it, nested)) skip_space(p, nested);
}

static void parse_alternates(parser *p, uint32_t rule, int nested) {
    uint32_t start = p->stack.n;
    parse_sequence(p, nested);
    while (!p->status && peek(p, 0) == '|') {
        p->at++;
        skip_space(p, 1);
        emit(p, &p->stack, JL_GBNF_ALT, 0);
        parse_sequence(p, nested);
    }
    end_rule(p, rule, start);
}

/* ---- Rules ----------------------------------------------------------------------------------- */

static void parse_rule(parser *p) {
    size_t begin = p->at;
    uint32_t rule = find_rule(p);
    if (p->status) return;
    jl_str name = { p->text + begin, p->at - begin };
    if (p->rules.data[rule] != NO_RULE) fail_at(p, begin, "a second definition of ", name);
    p->places.data[rule] = (uint32_t)begin;
    skip_space(p, 0);
    if (peek(p, 0) != ':' || peek(p, 1) != ':' || peek(p, 2) != '=') fail(p, "expected ::=");
    p->at += 3;
    skip_space(p, 1);
    if (!p->status) parse_alternates(p, rule, 0);
    if (p->at < p->n && p->text[p->at] != '\n' && p->text[p->at] != '\r')
        fail(p, "expected an item or the end of the line");
    skip_space(p, 1);
}

static void check_rules(parser *p) {
    uint32_t node = 0, rule = 0;
    const char *wrong = NULL;
    for (const char *c = "root"; *c && p->names.n; c++)
        if (!(node = jl_trie_step(&p->names, node, (uint8_t)*c))) break;
    if (!node || p->names.value[node] < 0) {
        p->at = 0;
        fail(p, "there is no rule named root");
        return;
    }
    p->out->root = (uint32_t)p->names.value[node];
    for (uint32_t i = 0; i < p->rules.n; i++) {
        size_t at = p->places.data[i], end = at;
        while (end < p->n && is_word(p->text[end])) end++;
        if (p->rules.data[i] == NO_RULE)
            fail_at(p, at, "there is no definition of ", (jl_str){ p->text + at, end - at });
    }
    if (!p->status) p->status = jl_gbnf_check(p->out, &rule, &wrong, p->error);
    if (!p->status && wrong) fail_at(p, p->places.data[rule], wrong, (jl_str){ "", 0 });
}

static void parse_grammar(parser *p) {
    if (p->n > JL_GBNF_TEXT) {
        p->status =
            jl_fail(p->error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("grammar"),
                    "it has %u bytes, at most %d are allowed", (uint64_t)p->n, JL_GBNF_TEXT);
        return;
    }
    while (p->at < p->n) {
        int length = jl_utf8_length((const uint8_t *)p->text + p->at, p->n - p->at);
        if (length <= 0) fail(p, "the grammar is not well-formed UTF-8");
        if (p->status) return;
        p->at += (size_t)length;
    }
    p->at = 0;
    skip_space(p, 1);
    while (!p->status && p->at < p->n) parse_rule(p);
}

jl_status jl_gbnf_parse(jl_gbnf *out, jl_str text, jl_gbnf_token *token, const void *context,
                        jl_error *error) {
    *out = (jl_gbnf){ 0 };
    parser p = { .text = text.data,
                 .n = text.n,
                 .out = out,
                 .token = token,
                 .context = context,
                 .error = error };
    parse_grammar(&p);
    *out = (jl_gbnf){ p.elements.data, p.rules.data, p.elements.n, p.rules.n, 0 };
    if (!p.status) check_rules(&p);
    jl_free(p.stack.data);
    jl_free(p.places.data);
    jl_trie_free(&p.names);
    return p.status;
}

void jl_gbnf_free(jl_gbnf *g) {
    jl_free(g->elements);
    jl_free(g->rules);
    *g = (jl_gbnf){ 0 };
}
