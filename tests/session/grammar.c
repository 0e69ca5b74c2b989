/* grammar.c - grammars: their automaton against a matcher that backtracks, masks against the tokens
 * one by one, hostile grammars, and commands for tests/api/grammar.test.js.
 *
 * "grammar serve" reads from standard input and answers a line each:
 *   G n, text[n]        parses a grammar: "ok" or the error
 *   R                   its rules: type and value of each element, in the order of the rules
 *   S n, parts[n]       whether it matches a text, 1 or 0: UTF-8; after a byte 255 four bytes are
 *                       the id of a token, most significant first
 */
#include <string.h>

#include "../../src/base/memory.h"
#include "../../src/session/constraint.h"
#include "../helpers/check.h"

/* ---- Matching -------------------------------------------------------------------------------- */

/* Follows a text, character by character as llama.cpp's test does, or byte by byte. */
static int matches(jl_grammar *g, const uint8_t *s, size_t n) {
    uint32_t state = jl_grammar_begin(g);
    for (size_t i = 0; i < n && state != JL_GRAMMAR_DEAD; i++) {
        int32_t id = 0;
        char name[24];
        if (s[i] == 255 && i + 4 < n) {
            for (int k = 1; k < 5; k++) id = id << 8 | s[i + (size_t)k];
            int length = snprintf(name, sizeof name, "<[%d]>", id);
            state = jl_grammar_accept(g, state, id, name, (size_t)length);
            i += 4;
            continue;
        }
        size_t length = 1;
        while (i + length < n && (s[i + length] & 0xc0) == 0x80) length++;
        state = jl_grammar_accept(g, state, 0, (const char *)s + i, length);
        i += length - 1;
    }
    return state != JL_GRAMMAR_FULL && g->states[state].accepts;
}

static jl_grammar *grammar(const char *text, jl_error *e) {
    *e = (jl_error){ 0 };
    return jl_grammar_new(jl_string(text), NULL, NULL, e);
}

/* ---- Serve ----------------------------------------------------------------------------------- */

static char *read_bytes(size_t *n) {
    if (scanf("%zu", n) != 1) exit(2);
    getchar();
    char *bytes = malloc(*n + 1);
    if (!bytes || fread(bytes, 1, *n, stdin) != *n) exit(2);
    return bytes;
}

static void print_rules(const jl_grammar *g) {
    for (uint32_t rule = 0; g && rule < g->rules.n_rules; rule++)
        for (uint32_t at = g->rules.rules[rule];; at++) {
            uint32_t e = g->rules.elements[at];
            printf("%d %u ", (int)jl_gbnf_kind(e), jl_gbnf_value(e));
            if (jl_gbnf_kind(e) == JL_GBNF_END) break;
        }
    printf("\n");
}

static int serve(void) {
    jl_grammar *g = NULL;
    for (char command; scanf(" %c", &command) == 1; fflush(stdout)) {
        size_t n;
        jl_error e = { 0 };
        char *bytes = command == 'R' ? NULL : read_bytes(&n);
        if (command == 'G') {
            jl_grammar_free(g);
            g = jl_grammar_new((jl_str){ bytes, n }, NULL, NULL, &e);
            printf("%s\n", g ? "ok" : e.message);
        } else if (command == 'R') {
            print_rules(g);
        } else {
            printf("%d\n", g && matches(g, (const uint8_t *)bytes, n));
        }
        free(bytes);
    }
    jl_grammar_free(g);
    return 0;
}

/* ---- A reference: backtracking over characters ----------------------------------------------- */

typedef struct reference {
    const jl_gbnf *g;
    const uint32_t *text;
    size_t n;
    int steps; /* left */
} reference;

static int in_class(const uint32_t *e, uint32_t c, uint32_t *size) {
    int found = jl_gbnf_kind(*e) == JL_GBNF_CHAR_ANY,
        inverse = jl_gbnf_kind(*e) == JL_GBNF_CHAR_NOT;
    uint32_t i = 0;
    do {
        uint32_t low = jl_gbnf_value(e[i]), high = low;
        if (jl_gbnf_kind(e[i + 1]) == JL_GBNF_CHAR_UPPER) high = jl_gbnf_value(e[++i]);
        found |= low <= c && c <= high;
    } while (jl_gbnf_kind(e[++i]) == JL_GBNF_CHAR_ALT);
    *size = i;
    return jl_gbnf_kind(*e) == JL_GBNF_CHAR_ANY || found != inverse;
}

/* Elements to match after a rule's end. */
typedef struct frame {
    uint32_t at;
    const struct frame *next;
} frame;

static int match_at(reference *r, uint32_t at, const frame *rest, size_t from, int depth) {
    const uint32_t *e = r->g->elements;
    if (r->steps-- <= 0 || depth > 400) return 0;
    if (jl_gbnf_ends(e[at]))
        return rest ? match_at(r, rest->at, rest->next, from, depth + 1) : from == r->n;
    if (jl_gbnf_kind(e[at]) != JL_GBNF_RULE) {
        uint32_t size;
        if (from == r->n || !in_class(e + at, r->text[from], &size)) return 0;
        return match_at(r, at + size, rest, from + 1, depth + 1);
    }
    frame after = { at + 1, rest };
    for (uint32_t alt = r->g->rules[jl_gbnf_value(e[at])];; alt++) {
        if (match_at(r, alt, &after, from, depth + 1)) return 1;
        while (!jl_gbnf_ends(e[alt])) alt++;
        if (jl_gbnf_kind(e[alt]) == JL_GBNF_END) return 0;
    }
}

/* 1, 0, or −1: too many steps to know. */
static int reference_matches(const jl_gbnf *g, const uint32_t *text, size_t n) {
    reference r = { g, text, n, 20000 };
    for (uint32_t alt = g->rules[g->root];; alt++) {
        if (match_at(&r, alt, NULL, 0, 0)) return 1;
        while (!jl_gbnf_ends(g->elements[alt])) alt++;
        if (jl_gbnf_kind(g->elements[alt]) == JL_GBNF_END) return r.steps > 0 ? 0 : -1;
    }
}

/* ---- Random grammars ------------------------------------------------------------------------- */

static uint64_t seed = 88172645463325252u;
static uint32_t below(uint32_t n) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (uint32_t)(seed >> 32) % n;
}

static const char *const CLASSES[] = {
    "[ab]", "[^a]", ".", "[é-ü]", "[^\\u00e9b]", "[🔵a]", "[b-é]"
};
static const uint32_t LETTERS[] = { 'a', 'b', 'c', 0xe9, 0xfc, 0x1f535, 0x800 };

static void random_sequence(char *out, size_t cap, int rules, int depth) {
    for (uint32_t i = 0, n = below(4); i <= n; i++) {
        size_t used = strlen(out);
        char *to = out + used;
        size_t room = cap - used;
        if (room < 200) return;
        switch (below(depth > 0 ? 5 : 3)) {
        case 0:
            snprintf(to, room, "\"%s\" ", below(2) ? "a" : "bé");
            break;
        case 1:
            snprintf(to, room, "%s ", CLASSES[below(7)]);
            break;
        case 2:
            snprintf(to, room, "r%u ", below((uint32_t)rules));
            break;
        default: {
            static const char *const repeats[] = { "", "*", "?", "+", "{2}", "{1,3}", "{0,2}" };
            snprintf(to, room, "( ");
            random_sequence(out, cap, rules, depth - 1);
            if (below(2)) strcat(out, "| "), random_sequence(out, cap, rules, depth - 1);
            strcat(out, ")");
            strcat(out, repeats[below(7)]);
            strcat(out, " ");
        }
        }
    }
}

static void random_grammar(char *out, size_t cap) {
    snprintf(out, cap, "root ::= r0 r1\n");
    for (int rule = 0; rule < 3; rule++) {
        snprintf(out + strlen(out), cap - strlen(out), "r%d ::= ", rule);
        random_sequence(out, cap - 200, 3, 2);
        if (below(2)) strcat(out, "| ");
        if (below(3)) random_sequence(out, cap - 100, 3, 1);
        strcat(out, "| \"c\"\n");
    }
}

static size_t encode(uint32_t c, uint8_t *to) {
    if (c < 0x80) return to[0] = (uint8_t)c, 1;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6) to[i] = (uint8_t)(0x80 | (c & 63));
    to[0] = (uint8_t)((0xf00u >> n & 0xff) | c);
    return n;
}

static int byte_by_byte(jl_grammar *g, const uint8_t *s, size_t n) {
    uint32_t state = jl_grammar_begin(g);
    for (size_t i = 0; i < n && state != JL_GRAMMAR_DEAD; i++) {
        uint32_t next = jl_grammar_step(g, state, s[i]);
        if (next == JL_GRAMMAR_FULL) {
            state = jl_grammar_drop(g, state);
            next = jl_grammar_step(g, state, s[i]);
        }
        if (next == JL_GRAMMAR_FULL) return -1;
        state = next;
    }
    return g->states[state].accepts;
}

static void test_automaton(void) {
    int compared = 0, accepted = 0;
    for (int round = 0; round < 4000; round++) {
        static char text[4096];
        jl_error e;
        random_grammar(text, sizeof text);
        jl_grammar *g = grammar(text, &e);
        for (int i = 0; g && i < 20; i++) {
            uint32_t letters[8];
            uint8_t bytes[32];
            size_t n = below(8), length = 0;
            for (size_t k = 0; k < n; k++) {
                letters[k] = LETTERS[below(7)];
                length += encode(letters[k], bytes + length);
            }
            int wanted = reference_matches(&g->rules, letters, n);
            int found = byte_by_byte(g, bytes, length);
            if (wanted < 0 || found < 0) continue;
            compared++, accepted += wanted;
            CHECK(found == wanted, "round %d: %d, not %d\n%s", round, found, wanted, text);
        }
        jl_grammar_free(g);
    }
    CHECK(compared > 10000 && accepted > 500, "%d compared, %d accepted", compared, accepted);
}

/* ---- Masks ----------------------------------------------------------------------------------- */

enum { WORDS = 3000, END = 7 };
static char words[WORDS][12];

static const char *word_bytes(const void *context, int32_t id, size_t *n) {
    (void)context;
    *n = id == END ? 0 : strlen(words[id]);
    return words[id];
}

static int word_is_end(const void *context, int32_t id) {
    (void)context;
    return id == END;
}

static const jl_pieces PIECES = { WORDS, word_bytes, word_is_end, NULL, NULL };

/* Parts of characters too; some words twice. */
static void make_words(void) {
    for (int id = 0; id < WORDS; id++) {
        uint8_t bytes[40];
        size_t length = 0;
        for (uint32_t k = 0, n = 1 + below(4); k < n && length < 8; k++)
            length += encode(LETTERS[below(7)], bytes + length);
        size_t from = below(4) ? 0 : below((uint32_t)length);
        size_t n = length - from > 11 ? 11 : length - from;
        if (below(5) == 0 && n > 1) n--;
        memcpy(words[id], bytes + from, n);
        words[id][n] = 0;
    }
}

/* Whether a state allows a token; −1: the memory is full. */
static int is_allowed(jl_grammar *g, uint32_t state, int32_t id) {
    size_t n;
    const char *s = word_bytes(NULL, id, &n);
    if (id == END) return g->states[state].accepts;
    for (size_t k = 0; k < n && state != JL_GRAMMAR_DEAD; k++) {
        state = jl_grammar_step(g, state, (uint8_t)s[k]);
        if (state == JL_GRAMMAR_FULL) return -1;
    }
    return n > 0 && state != JL_GRAMMAR_DEAD;
}

/* All bits of a mask; returns one of the allowed tokens, −1: none, or the memory is full. */
static int32_t check_mask(const uint32_t *mask, jl_grammar *g, uint32_t state, const char *text) {
    uint32_t allowed = 0;
    int32_t chosen = -1;
    for (int32_t id = 0; id < WORDS; id++) {
        int wanted = is_allowed(g, state, id), found = mask[id / 32] >> (id & 31) & 1;
        if (wanted < 0) return -1;
        CHECK(found == wanted, "token %d: %d, not %d\n%s", id, found, wanted, text);
        if (found && id != END && below(++allowed) == 0) chosen = id;
    }
    return chosen;
}

/* The masks along a random text against each token's bytes in a second automaton. */
static void test_masks(void) {
    make_words();
    int masks = 0;
    jl_error e = { 0 };
    jl_constraint *c = jl_constraint_new(&PIECES, &e);
    for (int round = 0; round < 60; round++) {
        static char text[4096];
        random_grammar(text, sizeof text);
        jl_grammar *g = grammar(text, &e);
        if (!g) continue;
        CHECK(jl_constraint_begin(c, jl_string(text), &e) == JL_OK, "%s", e.message);
        uint32_t state = jl_grammar_begin(g);
        for (int step = 0; step < 12 && state != JL_GRAMMAR_FULL; step++) {
            const uint32_t *mask = jl_constraint_mask(c, NULL);
            int32_t id = mask ? check_mask(mask, g, state, text) : -1;
            if (id < 0) break;
            size_t n;
            const char *s = word_bytes(NULL, id, &n);
            CHECK(jl_constraint_accept(c, id, &e) == JL_OK, "%s", e.message);
            state = jl_grammar_accept(g, state, id, s, n);
            masks++;
        }
        jl_grammar_free(g);
    }
    jl_constraint_free(c);
    CHECK(masks > 100, "only %d masks", masks);
    CHECK(jl_memory_live() == 0, "%d blocks", jl_memory_live());
}

/* ---- Hostile grammars ------------------------------------------------------------------------ */

static void check_refused(const char *text, const char *words_of_error) {
    jl_error e;
    jl_grammar *g = grammar(text, &e);
    CHECK(!g, "accepted: %.60s", text);
    CHECK(strstr(e.message, words_of_error), "%s: not %s", e.message, words_of_error);
    jl_grammar_free(g);
    CHECK(jl_memory_live() == 0, "%d blocks", jl_memory_live());
}

/* text = before, then `unit` n times, then after. */
static char *repeated(const char *before, const char *unit, int n, const char *after) {
    char *text = malloc(strlen(before) + (size_t)n * strlen(unit) + strlen(after) + 1), *at = text;
    if (!text) exit(2);
    at += sprintf(at, "%s", before);
    for (int i = 0; i < n; i++) at += sprintf(at, "%s", unit);
    sprintf(at, "%s", after);
    return text;
}

static void test_errors(void) {
    check_refused("", "line 1, column 1: there is no rule named root");
    check_refused("a ::= \"x\"\n", "there is no rule named root");
    check_refused("root ::= \"a\" b\n", "line 1, column 14: there is no definition of b");
    check_refused("root ::= \"é\" b\n", "line 1, column 14: there is no definition of b");
    check_refused("root ::= \"a\"\nroot ::= \"b\"",
                  "line 2, column 1: a second definition of root");
    check_refused("root ::= \"a", "line 1, column 12: the grammar ends within quotes");
    check_refused("root ::= [a", "the grammar ends within quotes or brackets");
    check_refused("root ::= []", "line 1, column 10: the brackets hold no character");
    check_refused("root ::= [z-a]", "this range ends before it begins");
    check_refused("root ::= \"\\q\"", "line 1, column 11: this escape is unknown");
    check_refused("root ::= \"\\x1g\"", "line 1, column 14: expected a hexadecimal digit");
    check_refused("root ::= \"\\U00110000\"", "there is no character of this number");
    check_refused("root ::= (\"a\"", "line 1, column 14: expected )");
    check_refused("root ::= *", "expected an item before the repetition");
    check_refused("root ::= \"a\"{3,2}", "maximum is below its minimum");
    check_refused("root ::= \"a\"{2001}", "line 1, column 18: a repetition of more than 2000");
    check_refused("root ::= \"a\"{99999999999999999999}", "a repetition of more than 2000");
    check_refused("root ::= ((([^x]*){0,60}){0,60}){0,2}", "more than 2000, with those inside");
    check_refused("root ::= \"a\" )", "expected an item or the end of the line");
    check_refused("root = \"a\"", "line 1, column 6: expected ::=");
    check_refused("root ::= \xff", "line 1, column 10: the grammar is not well-formed UTF-8");
    check_refused("root ::= <think>", "there is no token <think>");
    check_refused("root ::= root \"a\" | \"b\"", "line 1, column 1: left recursion");
    check_refused("root ::= \"x\" a\na ::= b? a \"y\" | \"z\"\nb ::= \"b\"",
                  "line 2, column 1: left recursion");
    check_refused("root ::= \"x\" a\na ::= \"y\" a", "this rule matches no finite text");
}

static void test_hostile(void) {
    char *deep = repeated("root ::= ", "(", 100000, "");
    check_refused(deep, "parentheses are nested too deeply");
    free(deep);
    char *long_literal = repeated("root ::= \"", "a", 1000, "\"{2000}\n");
    jl_error e;
    jl_grammar *g = grammar(long_literal, &e); /* only the last character is repeated */
    CHECK(!g, "the whole literal is the item, so it is too large");
    jl_grammar_free(g);
    free(long_literal);
    char *large = repeated("root ::= \"a\"", " ", JL_GBNF_TEXT, "");
    check_refused(large, "bytes, at most");
    free(large);
    char *chain = malloc(4000000), *at = chain;
    if (!chain) exit(2);
    at += sprintf(at, "root ::= r0\n");
    for (int i = 0; i < 40000; i++) at += sprintf(at, "r%d ::= r%d\n", i, i + 1);
    sprintf(at, "r40000 ::= \"a\"\n");
    g = grammar(chain, &e);
    CHECK(g ? matches(g, (const uint8_t *)"a", 1) : e.message[0] != 0, "a chain of rules");
    jl_grammar_free(g);
    free(chain);
    /* Every text of n letters can be read in 2^n ways, but the stacks are few. */
    g = grammar("root ::= (\"a\" | \"a\" \"a\")* \"b\"", &e);
    char *many = repeated("", "a", 5000, "b");
    CHECK(g && matches(g, (const uint8_t *)many, 5001), "%s", e.message);
    free(many);
    jl_grammar_free(g);
    /* The stack grows with the text until the memory is full: an error, no wrong answer. */
    g = grammar("root ::= \"(\" root \")\" | \"x\"", &e);
    uint32_t state = jl_grammar_begin(g);
    int n = 0;
    while (n < 100000 && state != JL_GRAMMAR_FULL && state != JL_GRAMMAR_DEAD)
        state = jl_grammar_accept(g, state, 0, "(", 1), n++;
    CHECK(state == JL_GRAMMAR_FULL && n > 10000, "state %u after %d", state, n);
    jl_grammar_free(g);
    CHECK(jl_memory_live() == 0, "%d blocks", jl_memory_live());
}

/* Every allocation fails once. */
static void test_allocations(void) {
    make_words();
    const char *text = "root ::= (\"a\" | [b-é]{1,3} r)*\nr ::= \"c\"?\n";
    for (int n = 0;; n++) {
        jl_error e = { 0 };
        jl_memory_fail_after(n);
        jl_constraint *c = jl_constraint_new(&PIECES, &e);
        jl_status st = c ? jl_constraint_begin(c, jl_string(text), &e) : e.code;
        jl_memory_fail_after(-1);
        CHECK(st == e.code && (st == JL_OK || st == JL_ERR_MEMORY), "%d: %s", (int)st, e.message);
        if (st == JL_OK) CHECK(jl_constraint_mask(c, &e) != NULL, "%s", e.message);
        jl_constraint_free(c);
        CHECK(jl_memory_live() == 0, "%d blocks after failure %d", jl_memory_live(), n);
        if (st == JL_OK) break;
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "serve") == 0) return serve();
    RUN(test_automaton);
    RUN(test_masks);
    RUN(test_errors);
    RUN(test_hostile);
    RUN(test_allocations);
    return check_report("session/grammar");
}
