/* fuzz_grammar.c - libFuzzer target: a grammar, then after a NUL byte tokens of a text.
 *
 * Parses the grammar and follows up to 60 tokens, drawn by the bytes after the NUL from those that
 * the mask allows. Besides the sanitizers: an error has place and message, and a token that the
 * mask allows is accepted. Seeds: "fuzz_grammar --seeds=DIR" writes grammars and exits.
 *
 *   S=src/session B=src/base
 *   clang -std=c11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *     -DJL_DEBUG tests/fuzz/fuzz_grammar.c $S/{constraint,grammar,gbnf,gbnf_check}.c \
 *     src/text/trie.c $B/{memory,status}.c -o fuzz_grammar
 */
#include "fuzz.h"

#include "../../src/session/constraint.h"

enum { WORDS = 320, END = 256 };

/* Every byte, an end token, and the printable characters in pairs. */
static const char *word(const void *context, int32_t id, size_t *n) {
    static char bytes[WORDS][2];
    (void)context;
    bytes[id][0] = (char)(id < 256 ? id : 32 + (id - 257) % 62);
    bytes[id][1] = (char)(32 + (id - 257) * 7 % 62);
    *n = id < 256 ? 1 : id == END ? 0 : 2;
    return bytes[id];
}

static int is_end(const void *context, int32_t id) {
    (void)context;
    return id == END;
}

static int32_t named(const void *context, const char *text, size_t n) {
    (void)context;
    (void)text;
    return n == 5 ? 65 : -1;
}

static void follow(jl_constraint *c, const uint8_t *choices, size_t n) {
    for (size_t i = 0; i < n && i < 60; i++) {
        jl_error e = { 0 };
        const uint32_t *mask = jl_constraint_mask(c, &e);
        REQUIRE(mask ? e.code == JL_OK : e.code < 0 && e.message[0] && e.where[0]);
        if (!mask) return;
        int32_t id = choices[i] * 5 % WORDS;
        for (int tries = 0; !(mask[id / 32] >> (id & 31) & 1); tries++) {
            REQUIRE(tries < WORDS);
            id = (id + 1) % WORDS;
        }
        if (id == END) return;
        jl_status st = jl_constraint_accept(c, id, &e);
        REQUIRE(st == e.code && (st == JL_OK || e.message[0]));
        if (st) return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static jl_constraint *c;
    jl_error e = { 0 };
    jl_pieces pieces = { WORDS, word, is_end, named, NULL };
    if (!c) c = jl_constraint_new(&pieces, &e);
    REQUIRE(c);
    const uint8_t *end = n ? memchr(data, 0, n) : NULL;
    size_t length = end ? (size_t)(end - data) : n;
    jl_status st = jl_constraint_begin(c, (jl_str){ (const char *)data, length }, &e);
    REQUIRE(st == e.code && (st == JL_OK || (e.message[0] && e.where[0])));
    if (st == JL_OK) follow(c, data + length + 1, end ? n - length - 1 : 0);
    return 0;
}

static const char *const SEEDS[] = {
    "root ::= \"a\" | [b-z]+ \"\\n\" # comment\n",
    "root ::= expr\nexpr ::= term (\"+\" term)*\nterm ::= [0-9]{1,3} | \"(\" expr \")\"\n",
    "root ::= ( [x]* )* .{2} [^\"\\\\\\x7F\\u00e9-\\U0001F535]?\n",
    "root ::= <[65]> (!<[66]>)* <[66]> | <abc> s\ns ::= s2{0,4} |\ns2 ::= \"xy\"{2}\n",
    "root ::= \"{\" space (kv (\",\" space kv)*)? \"}\"\nkv ::= string \":\" value\nvalue ::= root "
    "| string\n"
    "string ::= \"\\\"\" [^\"\\\\]* \"\\\"\"\nspace ::= | \" \" | \"\\n\"{1,2} [ \\t]{0,20}\n",
};

void write_seeds(const char *folder) {
    for (size_t i = 0; i < sizeof SEEDS / sizeof *SEEDS; i++) {
        char name[64], bytes[1024];
        int n = snprintf(bytes, sizeof bytes, "%s", SEEDS[i]);
        static const char choices[] = "\0abcdefghijklmnopqrstuvwxyz0123456789";
        memcpy(bytes + n, choices, sizeof choices);
        snprintf(name, sizeof name, "grammar-%d", (int)i);
        write_seed(folder, name, bytes, (size_t)n + sizeof choices);
    }
}
