/* bpe_train.c - vocabulary training: against the definition, through a file, failures.
 *
 * The reference recounts all pairs in each step and compares strings, not ids.
 * `golden/bpe_train.py` compares with another implementation on a real text.
 */
#include <string.h>

#include "../../src/base/memory.h"
#include "../../src/base/random.h"
#include "../../src/text/pretokenize.h"
#include "../../src/text/tokenizer.h"
#include "../../src/train/vocab_write.h"
#include "../helpers/check.h"

enum { MAX_TEXT = 700, MAX_BYTES = 64 };

static jl_random draws;

static jl_str text_at_random(char *out, const char *alphabet) {
    size_t n = jl_random_bits(&draws) % MAX_TEXT, kinds = strlen(alphabet);
    for (size_t i = 0; i < n; i++) out[i] = alphabet[jl_random_bits(&draws) % kinds];
    return (jl_str){ out, n };
}

/* ---- The definition -------------------------------------------------------------------------- */

typedef struct symbol {
    char s[MAX_BYTES];
    size_t n;
    int begins; /* a piece */
} symbol;

typedef struct naive {
    symbol text[MAX_TEXT];
    int n;
    symbol tokens[MAX_TEXT]; /* in training order */
    int n_tokens;
} naive;

static void naive_begin(naive *v, jl_str text, const char *pre) {
    jl_pieces pieces;
    jl_str piece;
    v->n = v->n_tokens = 0;
    jl_pieces_begin(&pieces, jl_pretokenizer_find(jl_string(pre)), (const uint8_t *)text.data,
                    text.n);
    while (jl_pieces_next(&pieces, &piece))
        for (size_t i = 0; i < piece.n; i++)
            v->text[v->n++] = (symbol){ { piece.data[i] }, 1, i == 0 };
}

static int same(const symbol *a, const symbol *b) {
    return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
}

/* Bytes in the order of GPT-2's alphabet, then merges. */
static int naive_id(const naive *v, const symbol *s) {
    char spelled[2];
    if (s->n > 1) {
        for (int i = 0; i < v->n_tokens; i++)
            if (same(s, &v->tokens[i])) return JL_BPE_FIRST_MERGE + i;
        return -1;
    }
    uint8_t byte = (uint8_t)s->s[0];
    int id = 1, moved = jl_bpe_spell_byte(byte, spelled) == 2 && (uint8_t)spelled[0] >= 0xc4;
    for (int b = 0; b < 256; b++) {
        int other = jl_bpe_spell_byte((uint8_t)b, spelled) == 2 && (uint8_t)spelled[0] >= 0xc4;
        id += other < moved || (other == moved && b < byte);
    }
    return id;
}

/* One step: returns the pair in *left, *right and its count, 0 for none. */
static uint64_t naive_step(naive *v, int *left, int *right) {
    static int ids[MAX_TEXT];
    uint64_t best = 1;
    int at = -1;
    for (int i = 0; i < v->n; i++) ids[i] = naive_id(v, &v->text[i]);
    for (int i = 0; i + 1 < v->n; i++) {
        uint64_t count = 0;
        if (v->text[i + 1].begins) continue;
        for (int j = 0; j + 1 < v->n; j++)
            count += ids[j] == ids[i] && ids[j + 1] == ids[i + 1] && !v->text[j + 1].begins;
        int lower =
            at >= 0 && (ids[i] < ids[at] || (ids[i] == ids[at] && ids[i + 1] < ids[at + 1]));
        if (count > best || (count == best && at >= 0 && lower)) best = count, at = i;
    }
    if (at < 0) return 0;
    *left = ids[at], *right = ids[at + 1];
    symbol joined = v->text[at];
    memcpy(joined.s + joined.n, v->text[at + 1].s, v->text[at + 1].n);
    joined.n += v->text[at + 1].n;
    if (naive_id(v, &joined) < 0) v->tokens[v->n_tokens++] = joined;
    int out = 0;
    for (int i = 0; i < v->n; i++, out++) {
        int hit = i + 1 < v->n && ids[i] == *left && ids[i + 1] == *right && !v->text[i + 1].begins;
        joined.begins = v->text[i].begins;
        v->text[out] = hit ? joined : v->text[i];
        i += hit;
    }
    v->n = out;
    return best;
}

/* The text is its own sample, so the whole state can be compared. */
static int compare(jl_str text, const char *pre) {
    static naive v;
    jl_error e = { 0 };
    jl_bpe_trainer *t = jl_bpe_trainer_new(text, text, jl_string(pre), &e);
    CHECK(t, "%s", e.message);
    if (!t) return 0;
    naive_begin(&v, text, pre);
    int steps = 0;
    for (;; steps++) {
        int left = 0, right = 0, n;
        jl_bpe_step s;
        uint64_t count = naive_step(&v, &left, &right);
        jl_status st = jl_bpe_trainer_step(t, &s, &e);
        CHECK(st == (count ? JL_OK : JL_DONE), "step %d", steps);
        if (st || !count) break;
        CHECK(s.left == left && s.right == right && s.count == count, "step %d", steps);
        CHECK(s.tokens == (uint64_t)v.n && s.sample_after == v.n, "step %d", steps);
        const int32_t *ids = jl_bpe_trainer_sample(t, &n);
        for (int i = 0; i < n && i < v.n; i++) {
            jl_str bytes = jl_bpe_trainer_token(t, ids[i]);
            CHECK(bytes.n == v.text[i].n && memcmp(bytes.data, v.text[i].s, bytes.n) == 0);
        }
        if (v.n_tokens > 40 || s.id >= JL_BPE_FIRST_MERGE + 40) break; /* MAX_BYTES */
    }
    CHECK(jl_bpe_trainer_n_tokens(t) == JL_BPE_FIRST_MERGE + v.n_tokens);
    jl_bpe_trainer_free(t);
    return steps;
}

static void steps_equal_the_definition(void) {
    static const char *const alphabets[] = { "ab ", "abc", "aab  \n", "xyz'st 12",
                                             "\xe4\xb8\x80 a" };
    char text[MAX_TEXT];
    int steps = 0;
    jl_random_seed(&draws, 1);
    for (int i = 0; i < 60; i++)
        steps += compare(text_at_random(text, alphabets[i % 5]), i % 2 ? "gpt-2" : "smollm");
    CHECK(steps > 1000, "%d", steps);
    compare(jl_string("aaaaaaaaaaaaaaa aaa aaaa"), "gpt-2");
    compare(jl_string(""), "gpt-2");
}

static void end_of_text_marks_are_not_text(void) {
    jl_str text = jl_string("ab<|endoftext|>ab<|endoftext|>cd<|endoftext|>");
    jl_error e = { 0 };
    jl_bpe_step s;
    jl_bpe_trainer *t = jl_bpe_trainer_new(text, text, jl_string("gpt-2"), &e);
    CHECK(jl_bpe_trainer_text_tokens(t) == 6);
    CHECK(jl_bpe_trainer_step(t, &s, &e) == JL_OK && s.count == 2 && s.tokens == 4);
    CHECK(s.sample_before == 6 && s.sample_after == 4);
    CHECK(jl_bpe_trainer_step(t, &s, &e) == JL_DONE && jl_bpe_trainer_step(t, &s, &e) == JL_DONE);
    jl_bpe_trainer_free(t);
}

/* ---- Through a file -------------------------------------------------------------------------- */

static jl_tokenizer *tokenizer_of(uint8_t *bytes, uint64_t n, jl_gguf *g) {
    jl_error e = { 0 };
    jl_status st = jl_gguf_parse(g, bytes, n, n, &e);
    CHECK(st == JL_OK, "%s", e.message);
    jl_tokenizer *t = st ? NULL : jl_tokenizer_new(g, &e);
    CHECK(t, "%s", e.message);
    return t;
}

static void learnt_merges_encode_as_learnt(void) {
    static const char alphabet[] = "the cat\n\xc3\xa9'<|>\x01";
    char text[MAX_TEXT];
    jl_random_seed(&draws, 2);
    for (int round = 0; round < 30; round++) {
        jl_str s = text_at_random(text, alphabet);
        jl_error e = { 0 };
        jl_bpe_step step;
        jl_bpe_trainer *t = jl_bpe_trainer_new(s, s, jl_string("gpt-2"), &e);
        for (int i = 0; i < 60 && jl_bpe_trainer_step(t, &step, &e) == JL_OK; i++) continue;
        uint64_t size = jl_bpe_vocabulary_write(t, "gpt-2", "test", NULL);
        uint8_t *bytes = malloc(size);
        CHECK(jl_bpe_vocabulary_write(t, "gpt-2", "test", bytes) == size);
        jl_gguf g;
        jl_tokenizer *tokenizer = tokenizer_of(bytes, size, &g);
        int32_t ids[MAX_TEXT];
        int n = jl_tokenizer_encode(tokenizer, s.data, s.n, 0, ids, MAX_TEXT, &e), n_sample;
        const int32_t *sample = jl_bpe_trainer_sample(t, &n_sample);
        CHECK(n == n_sample && memcmp(ids, sample, (size_t)n * sizeof *ids) == 0, "%d ids", n);
        CHECK(jl_tokenizer_eos(tokenizer) == 0 && jl_tokenizer_is_end(tokenizer, 0));
        for (int id = 0; id < jl_bpe_trainer_n_tokens(t); id++) {
            jl_str a = jl_bpe_trainer_token(t, id), b = jl_tokenizer_bytes(tokenizer, id);
            CHECK(a.n == b.n && memcmp(a.data, b.data, a.n) == 0, "token %d", id);
        }
        jl_tokenizer_free(tokenizer);
        jl_gguf_free(&g);
        free(bytes);
        jl_bpe_trainer_free(t);
    }
}

static void characters_are_tokens(void) {
    static uint64_t counts[JL_CODES];
    static const char text[] = "山水，山月。山 水\n𠀀é\xff";
    uint32_t codes[8];
    uint64_t rest;
    jl_characters_count((jl_str){ text, sizeof text - 1 }, counts);
    int n = jl_characters_choose(counts, 6, codes, &rest);
    static const uint32_t expected[6] = { 0x5c71, 0x6c34, '\n', ' ', 0xe9, 0x3002 };
    CHECK(n == 6 && memcmp(codes, expected, sizeof expected) == 0 && rest == 3);
    uint64_t size = jl_characters_write(codes, n, "test", NULL);
    uint8_t *bytes = malloc(size);
    CHECK(jl_characters_write(codes, n, "test", bytes) == size);
    jl_gguf g;
    jl_error e = { 0 };
    jl_tokenizer *t = tokenizer_of(bytes, size, &g);
    int32_t ids[64];
    int count = jl_tokenizer_encode(t, text, sizeof text - 1, 0, ids, 64, &e);
    static const int32_t first[] = { 259, 260, 3 + 0xef, 3 + 0xbc, 3 + 0x8c, 259 };
    CHECK(count > 6 && memcmp(ids, first, sizeof first) == 0);
    size_t at = 0;
    for (int i = 0; i < count; i++) { /* invalid UTF-8 decodes to U+FFFD or to itself */
        jl_str s = jl_tokenizer_bytes(t, ids[i]);
        if (at + s.n < sizeof text - 1) CHECK(memcmp(text + at, s.data, s.n) == 0, "token %d", i);
        at += s.n;
    }
    jl_tokenizer_free(t);
    jl_gguf_free(&g);
    free(bytes);
    memset(counts, 0, sizeof counts);
    CHECK(jl_characters_choose(counts, 6, codes, &rest) == 0 && rest == 0);
}

/* ---- Failures -------------------------------------------------------------------------------- */

static void refusals(void) {
    jl_error e = { 0 };
    CHECK(!jl_bpe_trainer_new((jl_str){ 0 }, (jl_str){ 0 }, jl_string("no such"), &e));
    CHECK(e.code == JL_ERR_ARGUMENT && strstr(e.message, "no such"), "%s", e.message);
    jl_bpe_trainer_free(NULL);
    jl_bpe_trainer *t = jl_bpe_trainer_new((jl_str){ 0 }, (jl_str){ 0 }, jl_string("gpt-2"), &e);
    jl_bpe_step s;
    CHECK(t && jl_bpe_trainer_step(t, &s, &e) == JL_DONE && jl_bpe_trainer_n_tokens(t) == 257);
    jl_bpe_trainer_free(t);
}

/* A piece of 100,000 bytes: each step stays linear in it. */
static void a_long_piece(void) {
    size_t n = 100000;
    char *text = malloc(n);
    memset(text, 'a', n);
    jl_error e = { 0 };
    jl_bpe_step s;
    jl_bpe_trainer *t =
        jl_bpe_trainer_new((jl_str){ text, n }, (jl_str){ 0 }, jl_string("gpt-2"), &e);
    int steps = 0;
    while (jl_bpe_trainer_step(t, &s, &e) == JL_OK) steps++;
    CHECK(steps > 15 && jl_bpe_trainer_text_tokens(t) < 20, "%d steps", steps);
    jl_bpe_trainer_free(t);
    free(text);
}

static void every_allocation_may_fail(void) {
#ifndef JL_DEBUG
    SKIP("allocations are counted in debug builds alone");
#else
    char text[MAX_TEXT];
    jl_random_seed(&draws, 3);
    jl_str s = text_at_random(text, "abcdefghij ");
    int live = jl_memory_live(), n = 0, done = 0, refused = 0;
    for (; !done && n < 1000; n++) {
        jl_error e = { 0 };
        jl_bpe_step step;
        jl_memory_fail_after(n);
        jl_bpe_trainer *t = jl_bpe_trainer_new(s, s, jl_string("gpt-2"), &e);
        jl_status st = t ? JL_OK : JL_ERR_MEMORY;
        while (st == JL_OK) st = jl_bpe_trainer_step(t, &step, &e);
        jl_memory_fail_after(-1);
        done = st == JL_DONE;
        refused += st == JL_ERR_MEMORY;
        CHECK(done || (st == JL_ERR_MEMORY && e.code == JL_ERR_MEMORY), "allocation %d", n);
        jl_bpe_trainer_free(t);
        CHECK(jl_memory_live() == live, "allocation %d", n);
    }
    CHECK(done && refused > 20, "%d allocations", n);
#endif
}

int main(void) {
    RUN(steps_equal_the_definition);
    RUN(end_of_text_marks_are_not_text);
    RUN(learnt_merges_encode_as_learnt);
    RUN(characters_are_tokens);
    RUN(refusals);
    RUN(a_long_piece);
    RUN(every_allocation_may_fail);
    return check_report("train/bpe_train");
}
