/* encoding_cost.c - tokenization cost: work per step, slow-by-design vocabularies, abandoned
 * encodings.
 *
 * vocabulary.h's expect() checks for every text that steps give the ids of one call. This file
 * measures work in steps of known size.
 */
#include "../../src/base/memory.h"
#include "../../src/text/trie.h"
#include "../helpers/token_list.h"

enum { N = 40000 };

/* The score falls with the index. */
static void ranked(const char *text, int32_t type) {
    token(text, -(float)n_tokens, type);
}

/* The list as a vocabulary with an empty array of merges. */
static file *cook_unmerged(const char *model) {
    file *f = cook_list(model);
    add_strings(f, "tokenizer.ggml.merges", NULL, 0);
    return f;
}

/* n letters 'a' and a suffix. */
static const char *letters(size_t n, const char *end) {
    static char pool[1 << 20];
    static size_t used;
    size_t more = n + strlen(end) + 1;
    if (used + more > sizeof pool) used = 0;
    char *s = pool + used;
    memset(s, 'a', n);
    memcpy(s + n, end, strlen(end) + 1);
    used += more;
    return s;
}

/* ---- Work ------------------------------------------------------------------------------------ */

/* Work units for text[n], in steps of 1000; must be below `max` per byte. */
static void works(file *f, const char *what, const char *text, size_t n, int max) {
    enum { WORK = 1000 };
    jl_error e;
    jl_error_clear(&e);
    jl_tokenizer *t = make(f);
    jl_encoding *x = jl_tokenizer_begin(t, text, n, JL_TOKENIZE_SPECIAL, NULL, 0, &e);
    jl_status status = JL_MORE;
    int steps = 0;
    for (; x && status == JL_MORE && steps <= (int)(n / WORK) * max; steps++)
        status = jl_encoding_step(x, WORK, &e);
    CHECK(status == JL_OK, "%s: more than %d a byte, %s", what, max, e.message);
    CHECK(steps > (int)n / WORK / 4, "%s: %d steps are too long", what, steps);
    jl_encoding_free(x);
    jl_tokenizer_free(t);
    free(f);
}

/* Runs of 'a' with these lengths, each followed by a 'b'. */
static const char *runs(size_t length) {
    static char text[N];
    for (size_t i = 0; i < N; i++) text[i] = (i + 1) % (length + 1) ? 'a' : 'b';
    return text;
}

/* Special tokens: every position scans one token length, and again if another match shortens it,
 * each time less than half. */
static void special_tokens_are_bounded(void) {
    static const size_t lengths[] = { N, 999, 700, 333, 100, 3 };
    for (int kind = 0; kind < 3; kind++) {
        n_tokens = 0;
        ranked("a", 1), ranked("b", 1), ranked("c", 1);
        for (size_t i = 2; i < 1000; i++)
            ranked(kind == 2 ? letters(i / 2, letters(i - i / 2, "b"))
                             : letters(i, kind ? "b" : ""),
                   i % 3 ? 4 : 3);
        if (kind == 2) ranked(letters(500, ""), 4), ranked(letters(400, "baaa"), 4);
        for (size_t i = 0; i < COUNT(lengths); i++)
            works(cook_unmerged("gpt2"), "special tokens", runs(lengths[i]), N, 1100);
    }
}

/* A long token takes the end of every run of 'a' and shortens the candidates before it. Their next
 * candidate must be the longest that fits, not each shorter one in turn. */
static void candidates_shrink_to_what_fits(void) {
    static char text[N], longest[1001];
    n_tokens = 0;
    ranked("a", 1), ranked("b", 1);
    for (size_t i = 2; i < 900; i++) ranked(letters(i, ""), 4);
    memset(longest, 'a', 100), memset(longest + 100, 'b', 900);
    ranked(longest, 4);
    for (size_t i = 0; i < N; i++) text[i] = i % 1400 < 500 ? 'a' : 'b';
    works(cook_unmerged("gpt2"), "cuts", text, N, 400);
}

static void families_are_bounded(void) {
    n_tokens = 0;
    ranked("<unk>", 2), ranked("<s>", 3), ranked("</s>", 3);
    for (size_t i = 1; i <= 256; i++) ranked(letters(i, ""), 1);
    works(cook_unmerged("t5"), "unigram", runs(N), N, 300);
    works(cook_unmerged("t5"), "unigram", runs(255), N, 300);
    n_tokens = 3;
    ranked("▁", 1), ranked("a", 1), ranked(letters(255, "c"), 1); /* a long scan for one letter */
    works(cook_unmerged("bert"), "WordPiece", runs(N), N, 300);
    n_tokens = 3;
    for (size_t i = 1; i <= 1000; i++) ranked(letters(i, ""), 1);
    works(cook_unmerged("llama"), "SentencePiece BPE", runs(N), N, 700);
    for (size_t i = 3; i < n_tokens; i++) scores[i] = (float)i;
    works(cook_unmerged("llama"), "SentencePiece BPE, long ones first", runs(N), N, 700);
}

/* ---- Replacements of a map ------------------------------------------------------------------- */

/* A character map that replaces "A" with n times 'a'. */
static file *cook_map(size_t n) {
    static uint8_t map[4 + 4 * 512 + 4000];
    static const struct {
        uint32_t at, node;
    } nodes[] = { { 0, 256u << 10 },
                  { 256 ^ 'A', 'A' | 1u << 8 | 1u << 10 },
                  { 256 ^ 'A' ^ 1, 1u << 31 } };
    memset(map, 0, sizeof map);
    map[1] = 4 * 512 >> 8;
    for (size_t i = 0; i < COUNT(nodes); i++)
        for (int b = 0; b < 4; b++)
            map[4 + 4 * nodes[i].at + (uint32_t)b] = (uint8_t)(nodes[i].node >> (8 * b));
    memset(map + 4 + 4 * 512, 'a', n);
    n_tokens = 0;
    ranked("<pad>", 3), ranked("</s>", 3), ranked("<unk>", 2), ranked("a", 1), ranked("b", 1);
    file *f = cook_unmerged("t5");
    add(f, "tokenizer.ggml.precompiled_charsmap", JL_GGUF_U8, 1, 4 + 4 * 512 + n + 1);
    put(f, map, 4 + 4 * 512 + n + 1);
    return f;
}

static void replacements_are_bounded(void) {
    file *f = cook_map(64);
    jl_tokenizer *t = make(f);
    int32_t ids[300];
    CHECK(jl_tokenizer_encode(t, "bAAb", 4, 0, ids, 300, NULL) == 130, "64 bytes each");
    jl_tokenizer_free(t);
    free(f);
    static const size_t wrong[] = { 65, 66, 3999 };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        jl_error e;
        jl_error_clear(&e);
        f = cook_map(wrong[i]);
        char found[64];
        snprintf(found, sizeof found, "a replacement has %d bytes, expected at most 64",
                 (int)wrong[i]);
        CHECK(!jl_tokenizer_new(&f->g, &e) && e.code == JL_ERR_TOKENIZER, "%d", (int)e.code);
        CHECK(!strcmp(e.where, "tokenizer.ggml.precompiled_charsmap") && !strcmp(e.message, found),
              "%s: %s", e.where, e.message);
        free(f);
    }
}

/* ---- The trie -------------------------------------------------------------------------------- */

static void tries_hold_what_was_added(void) {
    static char list[300][12];
    for (int round = 0; round < 30; round++) {
        jl_trie t = { 0 };
        int n = 1 + (int)draw(300);
        for (int i = 0; i < n; i++) {
            size_t length = 1 + draw(10);
            for (size_t k = 0; k < length; k++) list[i][k] = (char)('a' + draw(3));
            list[i][length] = 0;
            CHECK(jl_trie_add(&t, (uint8_t *)list[i], length, i, NULL) == JL_OK);
        }
        for (int trial = 0; trial < 100; trial++) {
            char text[13] = { 0 };
            uint32_t node = 0;
            for (size_t k = 0; k < 12; k++) text[k] = (char)('a' + draw(3));
            for (size_t k = 0; k < 12; k++) {
                int expected = -1, prefix = 0;
                for (int i = n; i-- > 0;) {
                    prefix |= !strncmp(list[i], text, k + 1);
                    if (strlen(list[i]) == k + 1 && !strncmp(list[i], text, k + 1)) expected = i;
                }
                node = jl_trie_step(&t, node, (uint8_t)text[k]);
                CHECK((node != 0) == prefix, "%s, %d", text, (int)k);
                if (!node) break;
                CHECK(t.value[node] == expected, "%s, %d", text, (int)k);
            }
        }
        jl_trie_free(&t);
    }
}

/* Strings whose edges all hash to the same 128th of the table. */
static void colliding_edges(void) {
    static uint8_t paths[1000][64];
    static size_t lengths[1000];
    jl_trie t = { 0 };
    jl_error e;
    jl_error_clear(&e);
    uint32_t n = 1; /* nodes, 0 is the root */
    jl_status status = JL_OK;
    for (uint32_t node = 0; node < n && status == JL_OK; node++)
        for (uint64_t byte = 0; byte < 256 && n < 1000 && status == JL_OK; byte++) {
            if (((uint64_t)node << 8 | byte) * 0x9e3779b97f4a7c15u >> 57) continue;
            if (lengths[node] == 63) continue;
            memcpy(paths[n], paths[node], lengths[node]);
            paths[n][lengths[node]] = (uint8_t)byte;
            lengths[n] = lengths[node] + 1;
            status = jl_trie_add(&t, paths[n], lengths[n], 1, &e);
            n++;
        }
    CHECK(status == JL_ERR_TOKENIZER && n < 1000 && strstr(e.message, "same hash"), "%d of %d: %s",
          (int)status, (int)n, e.message);
    jl_trie_free(&t);
}

/* ---- Abandoned encodings -------------------------------------------------------------------- */

#ifdef JL_DEBUG
static file *cook_family(int which) {
    static const char *const models[] = { "gpt2", "llama", "t5", "bert", "gemma4", "whitespace" };
    n_tokens = 0;
    ranked("<unk>", 2), ranked("<s>", 3), ranked("<x>", 4);
    ranked("a", 1), ranked("b", 1), ranked("aa", 1), ranked("▁", 1), ranked("▁a", 1);
    return cook_unmerged(models[which]);
}
#endif

/* Abandoned after any number of steps, everything is freed. */
static void abandoned_encodings_free_memory(void) {
#ifndef JL_DEBUG
    SKIP("live blocks are counted in builds with JL_DEBUG");
#else
    static const char text[] = "a ab<x>aa A unaffable\n\nab aaaa <x> baab";
    for (int which = 0; which < 6; which++) {
        file *f = cook_family(which);
        jl_tokenizer *t = make(f);
        int live = jl_memory_live(), whole = 0;
        for (int steps = 0; !whole && steps < 10000; steps++) {
            jl_encoding *x =
                jl_tokenizer_begin(t, text, sizeof text - 1, JL_TOKENIZE_SPECIAL, NULL, 0, NULL);
            for (int i = 0; i < steps; i++) whole |= jl_encoding_step(x, 1, NULL) == JL_OK;
            jl_encoding_free(x);
            CHECK(jl_memory_live() == live, "family %d, %d steps", which, steps);
        }
        CHECK(whole, "family %d", which);
        jl_tokenizer_free(t);
        free(f);
    }
    jl_encoding_free(NULL);
#endif
}

static void every_allocation_may_fail(void) {
#ifndef JL_DEBUG
    SKIP("allocation failures need a build with JL_DEBUG");
#else
    static char text[3000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = i % 100 ? 'a' : ' ';
    memcpy(text + 2000, "<x>", 3);
    for (int which = 0; which < 6; which++) {
        file *f = cook_family(which);
        jl_tokenizer *t = make(f);
        int live = jl_memory_live(), n = 0;
        for (jl_status status = JL_ERR_MEMORY; status != JL_OK && n < 100; n++) {
            jl_error e;
            jl_error_clear(&e);
            jl_memory_fail_after(n);
            jl_encoding *x =
                jl_tokenizer_begin(t, text, sizeof text, JL_TOKENIZE_SPECIAL, NULL, 0, &e);
            status = x ? JL_MORE : JL_ERR_MEMORY;
            while (status == JL_MORE) status = jl_encoding_step(x, 50, &e);
            jl_memory_fail_after(-1);
            jl_encoding_free(x);
            CHECK(status == JL_OK || (status == JL_ERR_MEMORY && e.code == JL_ERR_MEMORY), "%d",
                  (int)status);
            CHECK(jl_memory_live() == live, "family %d, allocation %d", which, n);
        }
        CHECK(n > 5 && n < 100, "family %d: %d allocations", which, n);
        jl_tokenizer_free(t);
        free(f);
    }
#endif
}

int main(void) {
    RUN(special_tokens_are_bounded);
    RUN(candidates_shrink_to_what_fits);
    RUN(families_are_bounded);
    RUN(replacements_are_bounded);
    RUN(tries_hold_what_was_added);
    RUN(colliding_edges);
    RUN(abandoned_encodings_free_memory);
    RUN(every_allocation_may_fail);
    return check_report("text/encoding_cost");
}
