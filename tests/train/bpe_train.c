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
    const char *const *characters; /* the first tokens; NULL: bytes */
} naive;

static void naive_begin(naive *v, jl_str text, const char *pre) {
    jl_pieces pieces;
    jl_str piece;
    v->n = v->n_tokens = 0;
    v->characters = NULL;
    jl_pieces_begin(&pieces, jl_pretokenizer_find(jl_string(pre)), (const uint8_t *)text.data,
                    text.n);
    while (jl_pieces_next(&pieces, &piece))
        for (size_t i = 0; i < piece.n; i++)
            v->text[v->n++] = (symbol){ { piece.data[i] }, 1, i == 0 };
}

/* Letters of `characters` form pieces, all else is a piece of its own. */
static void naive_begin_characters(naive *v, const char *text, const char *const *characters,
                                   int n_letters) {
    int before = 0;
    v->n = v->n_tokens = 0;
    v->characters = characters;
    while (*text) {
        symbol s = { .n = 1, .begins = 1 };
        int letter = 0;
        for (int i = 0; characters[i]; i++)
            if (strncmp(text, characters[i], strlen(characters[i])) == 0)
                s.n = strlen(characters[i]), letter = i < n_letters;
        memcpy(s.s, text, s.n);
        s.begins = !letter || !before;
        before = letter;
        v->text[v->n++] = s;
        text += s.n;
    }
}

static int same(const symbol *a, const symbol *b) {
    return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
}

/* Bytes in the order of GPT-2's alphabet, then merges. */
static int naive_id(const naive *v, const symbol *s) {
    char spelled[2];
    if (v->characters) {
        int n = 0;
        for (; v->characters[n]; n++)
            if (strlen(v->characters[n]) == s->n && memcmp(s->s, v->characters[n], s->n) == 0)
                return JL_CHARACTERS_FIRST + n;
        for (int i = 0; i < v->n_tokens; i++)
            if (same(s, &v->tokens[i])) return JL_CHARACTERS_FIRST + n + i;
        return s->n > 1 ? -1 : 3 + (uint8_t)s->s[0];
    }
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

/* The most frequent first, as jl_characters_choose gives them; the first seven are letters. */
static const char *const alphabet[] = { "說", "道", "什", "麼", "é", "x", "了", "，", "\n", NULL };
static const uint32_t alphabet_codes[] = { 0x8aaa, 0x9053, 0x4ec0, 0x9ebc, 0xe9,
                                           'x',    0x4e86, 0xff0c, '\n' };
enum { N_ALPHABET = 9, N_LETTERS = 7 };

static size_t characters_at_random(char *out) {
    size_t n = 0, draw;
    for (int i = (int)(jl_random_bits(&draws) % 150); i > 0; i--) {
        draw = jl_random_bits(&draws) % (N_ALPHABET + 2);
        const char *s = draw < N_ALPHABET ? alphabet[draw] : draw == N_ALPHABET ? "。" : "y";
        memcpy(out + n, s, strlen(s));
        n += strlen(s);
    }
    out[n] = 0;
    return n;
}

static void compare_characters(const char *text, size_t n, const jl_bpe_trainer *t,
                               const naive *v) {
    uint64_t size = jl_character_merges_write(t, "test", NULL);
    uint8_t *bytes = malloc(size);
    CHECK(jl_character_merges_write(t, "test", bytes) == size);
    jl_gguf g;
    jl_error e = { 0 };
    jl_tokenizer *tokenizer = tokenizer_of(bytes, size, &g);
    for (int id = JL_CHARACTERS_FIRST; id < jl_bpe_trainer_n_tokens(t); id++) {
        jl_str a = jl_bpe_trainer_token(t, id), b = jl_tokenizer_bytes(tokenizer, id);
        CHECK(a.n == b.n && memcmp(a.data, b.data, a.n) == 0, "token %d", id);
    }
    int32_t ids[MAX_TEXT];
    int count = jl_tokenizer_encode(tokenizer, text, n, 0, ids, MAX_TEXT, &e);
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        jl_str s = jl_tokenizer_bytes(tokenizer, ids[i]);
        CHECK(at + s.n <= n && memcmp(text + at, s.data, s.n) == 0, "token %d", i);
        at += s.n;
    }
    CHECK(at == n);
    /* With more merges, a pair may be joined that was learnt from another one. */
    if (v->n_tokens == 1) CHECK(count == v->n, "%d tokens, learnt %d", count, v->n);
    jl_tokenizer_free(tokenizer);
    jl_gguf_free(&g);
    free(bytes);
}

static void merges_of_characters(void) {
    static char text[MAX_TEXT];
    static naive v;
    int steps = 0;
    jl_random_seed(&draws, 3);
    for (int round = 0; round < 60; round++) {
        size_t n = characters_at_random(text);
        jl_error e = { 0 };
        jl_bpe_trainer *t =
            jl_bpe_trainer_of_characters((jl_str){ text, n }, alphabet_codes, N_ALPHABET, &e);
        naive_begin_characters(&v, text, alphabet, N_LETTERS);
        CHECK(jl_bpe_trainer_n_characters(t) == N_ALPHABET);
        for (int i = 0; i < 1 + round % 20; i++, steps++) {
            int left = 0, right = 0;
            jl_bpe_step s;
            CHECK(jl_bpe_trainer_text_tokens(t) == (uint64_t)v.n, "%d", v.n);
            uint64_t count = naive_step(&v, &left, &right);
            jl_status st = jl_bpe_trainer_step(t, &s, &e);
            CHECK(st == (count ? JL_OK : JL_DONE), "step %d", i);
            if (st || !count) break;
            CHECK(s.left == left && s.right == right && s.count == count, "step %d", i);
        }
        compare_characters(text, n, t, &v);
        jl_bpe_trainer_free(t);
    }
    CHECK(steps > 200, "%d", steps);
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

#ifdef JL_DEBUG
static void refuse_each_allocation(jl_str s, int characters) {
    int live = jl_memory_live(), n = 0, done = 0, refused = 0;
    for (; !done && n < 1000; n++) {
        jl_error e = { 0 };
        jl_bpe_step step;
        jl_memory_fail_after(n);
        jl_bpe_trainer *t = characters
                                ? jl_bpe_trainer_of_characters(s, alphabet_codes, N_ALPHABET, &e)
                                : jl_bpe_trainer_new(s, s, jl_string("gpt-2"), &e);
        jl_status st = t ? JL_OK : JL_ERR_MEMORY;
        while (st == JL_OK) st = jl_bpe_trainer_step(t, &step, &e);
        jl_memory_fail_after(-1);
        done = st == JL_DONE;
        refused += st == JL_ERR_MEMORY;
        CHECK(done || (st == JL_ERR_MEMORY && e.code == JL_ERR_MEMORY), "allocation %d", n);
        jl_bpe_trainer_free(t);
        CHECK(jl_memory_live() == live, "allocation %d", n);
    }
    CHECK(done && refused > 10, "%d allocations", n);
}
#endif

static void every_allocation_may_fail(void) {
#ifndef JL_DEBUG
    SKIP("allocations are counted in debug builds alone");
#else
    static char text[MAX_TEXT];
    jl_random_seed(&draws, 3);
    refuse_each_allocation(text_at_random(text, "abcdefghij "), 0);
    refuse_each_allocation((jl_str){ text, characters_at_random(text) }, 1);
#endif
}

int main(void) {
    RUN(steps_equal_the_definition);
    RUN(end_of_text_marks_are_not_text);
    RUN(learnt_merges_encode_as_learnt);
    RUN(characters_are_tokens);
    RUN(merges_of_characters);
    RUN(refusals);
    RUN(a_long_piece);
    RUN(every_allocation_may_fail);
    return check_report("train/bpe_train");
}
