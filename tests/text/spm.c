/* spm.c - SentencePiece BPE: scores, spaces, byte fallback, options, hostile files.
 *
 * vocabulary.c has the golden vocabulary. This file compares merging with the literal definition
 * on random vocabularies.
 */
#include <math.h>

#include "../../src/base/memory.h"
#include "../helpers/token_list.h"

/* <unk>, <s>, </s> and, if requested, the 256 byte tokens. */
static void begin(int bytes) {
    static char text[256][8];
    n_tokens = 0;
    token("<unk>", 0, 2), token("<s>", 0, 3), token("</s>", 0, 3);
    for (int i = 0; bytes && i < 256; i++) {
        snprintf(text[i], sizeof text[i], "<0x%02X>", (unsigned)i);
        token(text[i], 0, 6);
    }
}

static void a_small_vocabulary(void) {
    begin(1);
    token("▁", -9, 1), token("a", -8, 1), token("b", -8, 1), token("ab", -3, 1);
    token("▁a", -2, 1), token("▁ab", -4, 1), token("ba", -1, 1), token("▁▁", -5, 1);
    token("x y", -1, 1), token("<u▁v>", 0, 4), token("", 0, 1), token("<w>", 0, 4);
    file *f = cook_list("llama");
    jl_tokenizer *t = make(f);
    expect(t, "", 0, "");
    expect(t, "ab", 0, " ab"); /* ▁a scores higher than ab, so ▁ab remains */
    expect(t, "bab", 0, " |ba|b");
    expect(t, "b  a", 0, " |b| | a"); /* ▁a scores higher than ▁▁ */
    expect(t, "é", 0, " |\xc3|\xa9");
    expect(t, "a▁ba", 0, " a| |ba"); /* U+2581 and a space are equal */
    expect(t, "b<w>b", 0, " |b|<w>| |b");
    expect(t, "<s>b", JL_TOKENIZE_SPECIAL, "<s>| |b");
    expect(t, "b", JL_TOKENIZE_BOS | JL_TOKENIZE_EOS, "<s>| |b");
    CHECK(jl_tokenizer_bos(t) == 1 && jl_tokenizer_eos(t) == 2 && jl_tokenizer_is_end(t, 2));
    CHECK(jl_tokenizer_space_prefix(t) && strcmp(jl_tokenizer_model(t), "llama") == 0);
    jl_tokenizer_free(t);
    add_bool(f, "tokenizer.ggml.add_space_prefix", 0);
    add_bool(f, "tokenizer.ggml.add_eos_token", 1);
    add_bool(f, "tokenizer.ggml.add_bos_token", 0);
    t = make(f);
    expect(t, "ab", JL_TOKENIZE_BOS | JL_TOKENIZE_EOS, "ab|</s>");
    CHECK(!jl_tokenizer_space_prefix(t));
    jl_tokenizer_free(t);
    free(f);
}

/* Text never becomes a control token, even if merges could build it. */
static void no_merge_builds_a_control_token(void) {
    begin(1);
    token("▁", -9, 1), token("<", -8, 1), token("s", -8, 1), token(">", -8, 1);
    token("<s", -1, 1), token("s>", -2, 1), token("<u", -1, 1), token("c", 0, 3);
    file *f = cook_list("llama");
    jl_tokenizer *t = make(f);
    expect(t, "<s>", 0, " |<s|>");
    expect(t, "<s><s>", JL_TOKENIZE_SPECIAL, "<s>|<s>");
    expect(t, "sc", 0, " |s|c"); /* by its byte token */
    int32_t ids[8];
    jl_quote all = { 0, 4 };
    int n = jl_tokenizer_encode_quoted(t, "<s>c", 4, JL_TOKENIZE_SPECIAL, &all, 1, ids, 8, NULL);
    CHECK(n == 4);
    for (int i = 0; i < n; i++) CHECK(jl_tokenizer_kind(t, ids[i]) != JL_TOKEN_CONTROL, "%d", i);
    jl_tokenizer_free(t);
    free(f);
}

static void without_bytes(void) {
    begin(0);
    token("a", 0, 1), token("\xc3\xa9", 0, 1);
    file *f = cook_list("llama");
    jl_tokenizer *t = make(f);
    expect(t, "a\xc3\xa9q", 0, "<unk>|a|\xc3\xa9|<unk>"); /* no ▁, no q */
    jl_tokenizer_free(t);
    free(f);
}

/* Merges the pair of highest score, leftmost, until none is left. */
static size_t merge_slowly(const char *text, char out[][32]) {
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) out[i][0] = text[i], out[i][1] = 0;
    for (;;) {
        size_t place = n;
        float best = 0;
        for (size_t i = 0; i + 1 < n; i++)
            for (size_t k = 0; k < n_tokens; k++) {
                size_t left = strlen(out[i]);
                if (strncmp(tokens[k], out[i], left) || strcmp(tokens[k] + left, out[i + 1]))
                    continue;
                if (place == n || scores[k] > best) best = scores[k], place = i;
            }
        if (place == n) return n;
        memcpy(out[place] + strlen(out[place]), out[place + 1], strlen(out[place + 1]) + 1);
        memmove(out[place + 1], out[place + 2], (--n - place - 1) * sizeof *out);
    }
}

static void merging_equals_the_definition(void) {
    static char made[60][8];
    for (int round = 0; round < 60; round++) {
        begin(0);
        token("a", 0, 1), token("b", 0, 1), token("c", 0, 1);
        for (int i = 0; i < 40; i++) {
            uint32_t length = 2 + draw(4);
            for (uint32_t c = 0; c < length; c++) made[i][c] = (char)('a' + draw(3));
            made[i][length] = 0;
            int seen = 0;
            for (size_t k = 0; k < n_tokens; k++) seen |= !strcmp(tokens[k], made[i]);
            if (!seen) token(made[i], -(float)draw(12), 1);
        }
        file *f = cook_list("llama");
        add_bool(f, "tokenizer.ggml.add_space_prefix", 0);
        jl_tokenizer *t = make(f);
        for (int trial = 0; trial < 50; trial++) {
            char text[25], slow[25][32], expected[64] = "";
            uint32_t length = 1 + draw(24);
            for (uint32_t i = 0; i < length; i++) text[i] = (char)('a' + draw(3));
            text[length] = 0;
            size_t n = merge_slowly(text, slow);
            for (size_t i = 0; i < n; i++) strcat(strcat(expected, i ? "|" : ""), slow[i]);
            expect(t, text, 0, expected);
        }
        jl_tokenizer_free(t);
        free(f);
    }
}

/* A piece of 300,000 bytes: a quadratic step would take minutes. */
static void long_runs(void) {
    enum { N = 300000 };
    static int32_t ids[N + 3];
    static char text[N];
    begin(1);
    token("▁", -1, 1), token("▁▁", -2, 1), token("a", -1, 1), token("aa", -2, 1);
    token("中", -1, 1), token("中中", -3, 1), token("a▁a", -9, 1);
    file *f = cook_list("llama");
    jl_tokenizer *t = make(f);
    memset(text, 'a', N);
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, N, NULL) == N / 2 + 1);
    memset(text, ' ', N);
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, N, NULL) == N / 2 + 1);
    for (int i = 0; i < N; i++) text[i] = "中"[i % 3];
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, N, NULL) == N / 6 + 1);
    memset(text, 0xe2, N);
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, N + 3, NULL) == N + 1);
    same_in_steps(t, (jl_str){ text, N }, 0, 5000, ids, N + 1);
    jl_tokenizer_free(t);
    free(f);
}

static void hostile(void) {
    static char longest[1026];
    memset(longest, 'y', 1025);
    begin(0);
    token(longest, 0, 1);
    refused(cook_list("llama"), "tokenizer.ggml.tokens", "token 3 is longer than 1024 bytes");
    begin(1);
    token("a", -1, 1), token("b", NAN, 1);
    refused(cook_list("llama"), "tokenizer.ggml.scores", "the score of token 260 is not a number");
    begin(1);
    token("a", -1, 1), token("a", -1, 1);
    refused(cook_list("llama"), "tokenizer.ggml.tokens", "token 260 is the same as token 259");
    begin(1);
    token("a\xff", -1, 1);
    refused(cook_list("llama"), "tokenizer.ggml.tokens", "token 259 is not UTF-8");
    begin(1);
    token("<0x0a>", -1, 6);
    refused(cook_list("llama"), "tokenizer.ggml.tokens", "byte token 259 is not written <0xHH>");
    begin(1);
    file *f = cook_list("llama");
    add_f32s(f, "tokenizer.ggml.scores", scores, n_tokens - 1);
    refused(f, "tokenizer.ggml.scores", "258 entries for 259 tokens");
    begin(0);
    token("a", INFINITY, 1), token("aa", -INFINITY, 1); /* infinities are ordered */
    token("<0x41>", 0, 6), token("<0x41>", 0, 6);
    f = cook_list("llama");
    add_u32(f, "tokenizer.ggml.eos_token_id", UINT32_MAX);
    jl_tokenizer *t = make(f);
    expect(t, "aaaA", 0, "<unk>|aa|a|A");
    jl_tokenizer_free(t);
    free(f);
}

static void every_allocation_may_fail(void) {
#ifndef JL_DEBUG
    SKIP("allocation failures need a build with JL_DEBUG");
#else
    begin(1);
    token("▁", -1, 1), token("a", -1, 1), token("aa", -2, 1);
    file *f = cook_list("llama");
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
    CHECK(t && n > 8, "%d allocations", n);
    char text[400];
    memset(text, 'a', sizeof text);
    live = jl_memory_live();
    for (n = 0; count < 0 && n < 100; n++) {
        int32_t ids[400];
        jl_memory_fail_after(n);
        count = jl_tokenizer_encode(t, text, sizeof text, 0, ids, 400, NULL);
        jl_memory_fail_after(-1);
        CHECK(count >= 0 || count == JL_ERR_MEMORY, "%d", count);
        CHECK(jl_memory_live() == live, "allocation %d", n);
    }
    CHECK(count == 201 && n > 3, "%d ids, %d allocations", count, n);
    jl_tokenizer_free(t);
    free(f);
#endif
}

int main(void) {
    RUN(a_small_vocabulary);
    RUN(no_merge_builds_a_control_token);
    RUN(without_bytes);
    RUN(merging_equals_the_definition);
    RUN(long_runs);
    RUN(hostile);
    RUN(every_allocation_may_fail);
    return check_report("text/spm");
}
