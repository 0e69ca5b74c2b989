/* families.c - unigram, WordPiece, character BPE; whitespace-stripping tokens; tokens that
 * only look like end tokens.
 *
 * tests/golden/tokenizer_fuzz.py compares whole vocabularies with llama.cpp. This file tests each
 * rule, Viterbi against all segmentations, and invalid files.
 */
#include <float.h>
#include <math.h>

#include "../../src/base/memory.h"
#include "../helpers/token_list.h"

/* ---- WordPiece ------------------------------------------------------------------------------- */

static file *cook_words(void) {
    n_tokens = 0;
    token("[PAD]", 0, 3), token("[UNK]", 0, 2), token("[CLS]", 0, 3), token("[SEP]", 0, 3);
    token("▁un", 0, 1), token("aff", 0, 1), token("able", 0, 1), token("▁a", 0, 1);
    token("▁e", 0, 1), token("e", 0, 1), token("▁E", 0, 1), token("▁É", 0, 1), token("▁,", 0, 1);
    token("▁中", 0, 1), token("▁x", 0, 1), token("x", 0, 1), token("ab", 0, 1), token("▁$", 0, 1);
    file *f = cook_list("bert");
    add_u32(f, "tokenizer.ggml.unknown_token_id", 1);
    add_u32(f, "tokenizer.ggml.bos_token_id", 2);
    add_u32(f, "tokenizer.ggml.seperator_token_id", 3);
    return f;
}

static void wordpiece(void) {
    const int ends = JL_TOKENIZE_BOS | JL_TOKENIZE_EOS;
    file *f = cook_words();
    jl_tokenizer *t = make(f);
    expect(t, "unaffable", ends, "[CLS]| un|aff|able|[SEP]");
    expect(t, "  UNaffAble\t a ", 0, " un|aff|able| a");
    expect(t, "unaffq un", 0, "[UNK]| un"); /* words are known or unknown as a whole */
    expect(t, "a,a中中$e", 0, " a| ,| a| 中| 中| $| e");
    expect(t, "É e\xcc\x81 \xc3\xa9x", 0, " e| e| e|x");
    expect(t,
           "a\x01"
           "b\xef\xbf\xbd \xffx",
           0, "[UNK]| x"); /* drops control characters and invalid bytes */
    expect(t, "[CLS]a", JL_TOKENIZE_SPECIAL, "[CLS]| a");
    expect(t, "", ends, "[CLS]|[SEP]");
    CHECK(jl_tokenizer_space_prefix(t) && !strcmp(jl_tokenizer_model(t), "bert"));
    jl_tokenizer_free(t);
    add_bool(f, "tokenizer.ggml.normalizer.lowercase", 0);
    add_bool(f, "tokenizer.ggml.add_sep_token", 0);
    t = make(f);
    expect(t, "É E e", ends, "[CLS]| É| E| e");
    jl_tokenizer_free(t);
    add_bool(f, "tokenizer.ggml.normalizer.strip_accents", 1);
    t = make(f);
    expect(t, "É", 0, " E");
    jl_tokenizer_free(t);
    free(f);
}

/* ---- Unigram --------------------------------------------------------------------------------- */

/* The best score over all segmentations of text. */
static double best_score(const char *text) {
    double best = *text ? -DBL_MAX : 0;
    for (size_t k = 3; k < n_tokens; k++) {
        size_t length = strlen(tokens[k]);
        if (strncmp(text, tokens[k], length)) continue;
        double score = (double)scores[k] + best_score(text + length);
        if (score > best) best = score;
    }
    return best;
}

static void viterbi_equals_exhaustive_search(void) {
    static char made[40][8];
    for (int round = 0; round < 30; round++) {
        n_tokens = 0;
        token("<pad>", 0, 3), token("</s>", 0, 3), token("<unk>", 0, 2);
        for (int c = 0; c < 3; c++) {
            made[c][0] = (char)('a' + c), made[c][1] = 0;
            token(made[c], -5 - (float)draw(1000000) / 1e5f, 1);
        }
        for (int i = 3; i < 30; i++) {
            uint32_t length = 2 + draw(4);
            for (uint32_t c = 0; c < length; c++) made[i][c] = (char)('a' + draw(3));
            made[i][length] = 0;
            int seen = 0;
            for (size_t k = 0; k < n_tokens; k++) seen |= !strcmp(tokens[k], made[i]);
            if (!seen) token(made[i], -5 - (float)draw(1000000) / 1e5f, 1);
        }
        file *f = cook_list("t5");
        jl_tokenizer *t = make(f);
        for (int trial = 0; trial < 20; trial++) {
            char text[12];
            int32_t ids[12];
            double score = 0;
            uint32_t length = 1 + draw(11);
            for (uint32_t i = 0; i < length; i++) text[i] = (char)('a' + draw(3));
            text[length] = 0;
            int n = jl_tokenizer_encode(t, text, length, 0, ids, 12, NULL);
            for (int i = 0; i < n; i++) score += (double)scores[ids[i]];
            CHECK(fabs(score - best_score(text)) < 1e-9, "%s", text);
        }
        jl_tokenizer_free(t);
        free(f);
    }
}

/* A precompiled map with one key: "A" → "bb". */
static void add_map(file *f) {
    static uint8_t map[4 + 4 * 512 + 3];
    static const struct {
        uint32_t at, node;
    } nodes[] = { { 0, 256u << 10 },
                  { 256 ^ 'A', 'A' | 1u << 8 | 1u << 10 },
                  { 256 ^ 'A' ^ 1, 1u << 31 } };
    map[1] = 4 * 512 >> 8;
    for (size_t i = 0; i < COUNT(nodes); i++)
        for (int b = 0; b < 4; b++)
            map[4 + 4 * nodes[i].at + (uint32_t)b] = (uint8_t)(nodes[i].node >> (8 * b));
    memcpy(map + 4 + 4 * 512, "bb", 3);
    add(f, "tokenizer.ggml.precompiled_charsmap", JL_GGUF_I8, 1, sizeof map);
    put(f, map, sizeof map);
}

static file *cook_unigram(void) {
    n_tokens = 0;
    token("<pad>", 0, 3), token("</s>", 0, 3), token("<unk>", 0, 2);
    token("a", -3, 1), token("b", -3, 1), token("▁", -4, 1), token("▁a", -2, 1);
    token("bb", -1, 1), token("A", -1, 1), token("<x>", -9, 4), token("▁▁", -5, 1);
    return cook_list("t5");
}

static void unigram(void) {
    file *f = cook_unigram();
    jl_tokenizer *t = make(f);
    expect(t, "ab", JL_TOKENIZE_BOS | JL_TOKENIZE_EOS, "a|b|</s>");
    expect(t, "a  a ", 0, "a| | a| ");
    expect(t, "aqqqbq", 0, "a|<unk>|b|<unk>"); /* consecutive unknown tokens merge */
    expect(t, "a<x>A", 0, "a|<x>|A");
    expect(t, "\xff", 0, "<unk>");
    expect(t, "", 0, "");
    CHECK(!jl_tokenizer_space_prefix(t));
    jl_tokenizer_free(t);
    add_bool(f, "tokenizer.ggml.add_space_prefix", 1);
    t = make(f);
    expect(t, "ab  a", 0, " a|b| | a");
    jl_tokenizer_free(t);
    add_bool(f, "tokenizer.ggml.remove_extra_whitespaces", 1);
    add_map(f);
    t = make(f);
    expect(t, "  ab   a  ", 0, " a|b| a");
    expect(t, "AaA", 0, " |bb|a|bb");
    expect(t, "   ", 0, "");
    CHECK(jl_tokenizer_space_prefix(t));
    jl_tokenizer_free(t);
    free(f);
}

static void hostile_unigram(void) {
    static const char key[] = "tokenizer.ggml.precompiled_charsmap";
    static const uint8_t maps[][12] = { { 0 },
                                        { 3, 0, 0, 0 },
                                        { 8, 0, 0, 0 },
                                        { 4, 0, 0, 0, 1, 1, 1, 1, 'a', 'b', 'c', 'd' },
                                        { 0xfc, 0xff, 0xff, 0xff } };
    for (size_t i = 0; i < COUNT(maps); i++) {
        file *f = cook_unigram();
        add(f, key, JL_GGUF_U8, 1, i == 0 ? 3 : 12);
        put(f, maps[i], 12);
        refused(f, key, "expected the length of an array of nodes");
    }
    file *f = cook_unigram();
    add_string(f, key, "x");
    refused(f, key, "expected the length");
    static char longest[258];
    memset(longest, 'y', 257);
    free(cook_unigram());
    token(longest, 0, 1);
    refused(cook_list("t5"), "tokenizer.ggml.tokens", "longer than 256 bytes");
    tokens[n_tokens - 1] = "y", scores[n_tokens - 1] = NAN;
    refused(cook_list("t5"), "tokenizer.ggml.scores", "is not a number");
    /* Random maps: every text is tokenized. */
    for (int round = 0; round < 200; round++) {
        uint8_t map[4 + 256 + 8] = { 0, 1 };
        for (size_t i = 4; i < sizeof map - 1; i++) map[i] = (uint8_t)draw(256);
        for (size_t i = 4; i < 260; i += 4) /* nearby children, and characters in use */
            map[i] = (uint8_t)('a' + draw(4)), map[i + 1] &= 3, map[i + 2] = map[i + 3] = 0;
        f = cook_unigram();
        add(f, key, JL_GGUF_U8, 1, sizeof map);
        put(f, map, sizeof map);
        jl_tokenizer *t = make(f);
        int32_t ids[200];
        char text[60];
        for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + draw(4));
        CHECK(jl_tokenizer_encode(t, text, sizeof text, 0, ids, 200, NULL) >= 0);
        jl_tokenizer_free(t);
        free(f);
    }
}

/* ---- Character BPE -------------------------------------------------------------------------- */

static file *cook_characters(const char *model) {
    static const char *const merges[] = { "▁ a", "a b", "▁ ▁", "\n \n", "é x" };
    n_tokens = 0;
    token("<eos>", 0, 3), token("<bos>", 0, 3), token("▁", 0, 1), token("a", 0, 1);
    token("b", 0, 1), token("▁a", 0, 1), token("ab", 0, 1), token("\n", 0, 1);
    token("\n\n\n", 0, 1), token("<0xC3>", 0, 6), token("<0xA9>", 0, 6), token("x", 0, 1);
    file *f = cook_list(model);
    add_strings(f, "tokenizer.ggml.merges", merges, COUNT(merges));
    add_u32(f, "tokenizer.ggml.bos_token_id", 1);
    add_bool(f, "tokenizer.ggml.add_bos_token", 0);
    return f;
}

static void characters(void) {
    file *f = cook_characters("gemma4");
    jl_tokenizer *t = make(f);
    expect(t, "ab ab", JL_TOKENIZE_BOS, "<bos>|ab| a|b"); /* overrides the file */
    expect(t, "a\n\n\nb\n", 0, "a|\n\n\n|b|\n");
    expect(t, "\xc3\xa9x", 0, "\xc3|\xa9"); /* a symbol without token; x has no byte token */
    expect(t, "q", 0, "");
    jl_tokenizer_free(t);
    add_string(f, "tokenizer.ggml.model", "gpt2");
    add_string(f, "tokenizer.ggml.pre", "granite-embed-multi-311m");
    t = make(f);
    expect(t, "ab ab", 0, "ab| a|b");
    CHECK(!strcmp(jl_tokenizer_pre(t), "gemma4") && !*jl_tokenizer_warning(t));
    jl_tokenizer_free(t);
    free(f);
    f = cook_characters("whitespace");
    t = make(f);
    expect(t, " ab\t\xe3\x80\x80 aB ", 0, "ab|a");
    jl_tokenizer_free(t);
    add_bool(f, "tokenizer.ggml.normalizer.lowercase", 1);
    t = make(f);
    expect(t, "aB É", 0, "ab|\xc3|\xa9");
    jl_tokenizer_free(t);
    free(f);
}

/* ---- Special tokens -------------------------------------------------------------------------- */

static void whitespace_is_stripped(void) {
    static const char *const more[] = { "<|end|>", "<mask>", "</s>", "<s>" };
    static const int32_t kinds[] = { 3, 3, 3, 3 };
    recipe r = { "gpt-2", more, kinds, COUNT(more), NULL, 0, NULL };
    file *f = cook(&r);
    add_string(f, "general.name", "My Phi-3 mini");
    jl_tokenizer *t = make(f);
    expect(t, "a <|end|> \n b<s> c", JL_TOKENIZE_SPECIAL, "a| |<|end|>|b|<s>| |c");
    expect(t, "<|end|>  <|end|> ", JL_TOKENIZE_SPECIAL, "<|end|>|<|end|>");
    jl_tokenizer_free(t);
    add_string(f, "general.name", "other");
    add_string(f, "tokenizer.ggml.pre", "jina-v2-de");
    t = make(f);
    expect(t, " \t<mask> <mask> b <s>", JL_TOKENIZE_SPECIAL, "<mask>|<mask>| |b| |<s>");
    jl_tokenizer_free(t);
    free(f);
}

static void tokens_that_only_look_like_end_tokens(void) {
    static const char *const more[] = { "<|end|>", "<|return|>", "<|call|>", "<|start|>" };
    static const int32_t kinds[] = { 3, 3, 3, 3 };
    for (size_t n = 3; n <= 4; n++) {
        static const char *const fewer[] = { "<|end|>", "<|return|>", "<|start|>" };
        recipe r = { "gpt-4o", n == 3 ? fewer : more, kinds, n, NULL, 0, NULL };
        file *f = cook(&r);
        jl_tokenizer *t = make(f);
        CHECK(jl_tokenizer_is_end(t, 256) == (n == 3) && jl_tokenizer_is_end(t, 257));
        CHECK(jl_tokenizer_kind(t, 256) == (n == 3 ? JL_TOKEN_CONTROL : JL_TOKEN_USER));
        CHECK(jl_tokenizer_kind(t, 255 + (int32_t)n) == JL_TOKEN_USER, "<|start|>");
        jl_tokenizer_free(t);
        free(f);
    }
}

/* ---- All ------------------------------------------------------------------------------------- */

static file *cook_any(int which) {
    if (which == 0) return cook_words();
    if (which == 1) return cook_characters("gemma4");
    if (which == 2) return cook_characters("whitespace");
    file *f = cook_unigram();
    add_map(f);
    return f;
}

/* 100,000 equal characters: a quadratic step would take minutes. */
static void long_runs(void) {
    enum { N = 100000 };
    static int32_t ids[3 * N];
    static char text[N];
    static const char *const units[] = { "a",        " ",    "x",  "A",        "\n",
                                         "\xc3\xa9", "\xff", "<x", "e\xcc\x81" };
    for (int which = 0; which < 4; which++) {
        file *f = cook_any(which);
        jl_tokenizer *t = make(f);
        for (size_t u = 0; u < COUNT(units); u++) {
            size_t length = strlen(units[u]);
            for (size_t i = 0; i < N; i++) text[i] = units[u][i % length];
            int n = jl_tokenizer_encode(t, text, N, JL_TOKENIZE_SPECIAL, ids, 3 * N, NULL);
            CHECK(n >= 0 && n <= 3 * N, "family %d, '%s': %d", which, units[u], n);
            same_in_steps(t, (jl_str){ text, N }, JL_TOKENIZE_SPECIAL, 5000, ids, n);
        }
        jl_tokenizer_free(t);
        free(f);
    }
}

static void every_allocation_may_fail(void) {
#ifndef JL_DEBUG
    SKIP("allocation failures need a build with JL_DEBUG");
#else
    for (int which = 0; which < 4; which++) {
        file *f = cook_any(which);
        jl_tokenizer *t = NULL;
        int live = jl_memory_live(), n = 0, count = -1;
        for (; !t && n < 100; n++) {
            jl_error e;
            jl_error_clear(&e);
            jl_memory_fail_after(n);
            t = jl_tokenizer_new(&f->g, &e);
            jl_memory_fail_after(-1);
            if (!t) CHECK(e.code == JL_ERR_MEMORY && jl_memory_live() == live, "allocation %d", n);
        }
        CHECK(t && n > 8, "family %d: %d allocations", which, n);
        static const char text[] = "a ab<x>aa A unaffable\n\nab aaaa";
        live = jl_memory_live();
        for (n = 0; t && count < 0 && n < 100; n++) {
            int32_t ids[100];
            jl_memory_fail_after(n);
            count =
                jl_tokenizer_encode(t, text, sizeof text - 1, JL_TOKENIZE_SPECIAL, ids, 100, NULL);
            jl_memory_fail_after(-1);
            CHECK(count >= 0 || count == JL_ERR_MEMORY, "%d", count);
            CHECK(jl_memory_live() == live, "allocation %d", n);
        }
        jl_trace *x = NULL;
        for (n = 0; t && !x && n < 100; n++) {
            jl_memory_fail_after(n);
            x = jl_tokenizer_trace(t, text, sizeof text - 1, JL_TOKENIZE_SPECIAL, NULL);
            jl_memory_fail_after(-1);
            CHECK(x || jl_memory_live() == live, "recording, allocation %d", n);
        }
        CHECK(x && n > 4, "family %d: %d allocations of a record", which, n);
        jl_trace_free(x);
        CHECK(count > 4 && n > 1, "family %d: %d ids, %d allocations", which, count, n);
        jl_tokenizer_free(t);
        free(f);
    }
#endif
}

int main(void) {
    RUN(wordpiece);
    RUN(viterbi_equals_exhaustive_search);
    RUN(unigram);
    RUN(hostile_unigram);
    RUN(characters);
    RUN(whitespace_is_stripped);
    RUN(tokens_that_only_look_like_end_tokens);
    RUN(long_runs);
    RUN(every_allocation_may_fail);
    return check_report("text/families");
}
