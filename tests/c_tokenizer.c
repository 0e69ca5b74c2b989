/* c_tokenizer.c - the text stage: merges, pieces, special tokens, hostile vocabularies, goldens.
 *
 * Small vocabularies are built here as jl_gguf structs; two properties are compared with slow code
 * that follows the definition word by word (merging, and special tokens longest first). Real
 * vocabularies come from JIELONG_VOCABS (llama.cpp's ggml-vocab-NAME.gguf with .inp and .out) and
 * JIELONG_MODEL (SmolLM2); without them those tests are skipped.
 */
#include "../src/text/tokenizer.h"

#include <string.h>

#include "../src/base/memory.h"
#include "../src/text/pretokenize.h"
#include "check.h"

/* ---- A metadata builder ------------------------------------------------------------------------- */

enum { MAX_VALUES = 24, POOL = 1 << 20 };

typedef struct file {
    jl_gguf g;
    jl_gguf_value values[MAX_VALUES];
    size_t used;
    uint8_t pool[POOL];
} file;

static void put(file *f, const void *bytes, size_t n) {
    if (f->used + n > POOL) abort();
    memcpy(f->pool + f->used, bytes, n);
    f->used += n;
}

static void put_u64(file *f, uint64_t n) {
    for (int i = 0; i < 8; i++) f->pool[f->used++] = (uint8_t)(n >> 8 * i);
}

static file *new_file(void) {
    file *f = calloc(1, sizeof *f);
    if (!f) abort();
    f->g.values = f->values;
    return f;
}

/* A value whose elements follow in the pool; an older one of the same key is replaced. */
static jl_gguf_value *add(file *f, const char *key, jl_gguf_type type, int array, uint64_t count) {
    jl_gguf_value *v = NULL;
    for (int i = 0; i < f->g.n_values; i++)
        if (jl_str_equal(f->values[i].key, key)) v = &f->values[i];
    if (!v) v = &f->values[f->g.n_values++];
    if (f->g.n_values > MAX_VALUES) abort();
    *v = (jl_gguf_value){ jl_string(key), type, array, count, f->pool + f->used, 1234 };
    return v;
}

static void add_string(file *f, const char *key, const char *s) {
    add(f, key, JL_GGUF_STRING, 0, 1);
    put_u64(f, strlen(s));
    put(f, s, strlen(s));
}

static void add_strings(file *f, const char *key, const char *const *s, size_t n) {
    add(f, key, JL_GGUF_STRING, 1, n);
    for (size_t i = 0; i < n; i++) {
        put_u64(f, strlen(s[i]));
        put(f, s[i], strlen(s[i]));
    }
}

static void add_i32s(file *f, const char *key, const int32_t *a, size_t n) {
    add(f, key, JL_GGUF_I32, 1, n);
    put(f, a, n * sizeof *a);
}

static void add_u32(file *f, const char *key, uint32_t value) {
    add(f, key, JL_GGUF_U32, 0, 1);
    put(f, &value, sizeof value);
}

static void add_bool(file *f, const char *key, uint8_t value) {
    add(f, key, JL_GGUF_BOOL, 0, 1);
    put(f, &value, 1);
}

/* The character that GPT-2's alphabet has for a byte, NUL-terminated UTF-8. */
static const char *letter(int byte) {
    static char text[256][3];
    int code = byte, rank = 0;
    for (int b = 0; b < 256; b++) {
        int printable = (b > 0x20 && b < 0x7f) || (b > 0xa0 && b != 0xad);
        if (b == byte && !printable) code = 256 + rank;
        rank += !printable;
    }
    if (code < 128)
        text[byte][0] = (char)code, text[byte][1] = 0;
    else
        text[byte][0] = (char)(0xc0 | code >> 6), text[byte][1] = (char)(0x80 | (code & 63));
    return text[byte];
}

/* tokens: the 256 bytes (without those that `lacking` lists), then `more`. Types: normal, or of
 * `more`. */
typedef struct recipe {
    const char *pre;
    const char *const *more;
    const int32_t *types; /* of more; NULL: all normal */
    size_t n_more;
    const char *const *merges;
    size_t n_merges;
    const char *lacking;
} recipe;

static file *cook(const recipe *r) {
    file *f = new_file();
    static const char *tokens[4096];
    static int32_t types[4096];
    size_t n = 0;
    for (int b = 0; b < 256; b++)
        if (b == 0 || !r->lacking || !strchr(r->lacking, b)) tokens[n] = letter(b), types[n++] = 1;
    for (size_t i = 0; i < r->n_more; i++)
        tokens[n] = r->more[i], types[n++] = r->types ? r->types[i] : 1;
    add_string(f, "tokenizer.ggml.model", "gpt2");
    if (r->pre) add_string(f, "tokenizer.ggml.pre", r->pre);
    add_strings(f, "tokenizer.ggml.tokens", tokens, n);
    add_i32s(f, "tokenizer.ggml.token_type", types, n);
    add_strings(f, "tokenizer.ggml.merges", r->merges, r->n_merges);
    return f;
}

static jl_tokenizer *make(file *f) {
    jl_error e;
    jl_error_clear(&e);
    jl_tokenizer *t = jl_tokenizer_new(&f->g, &e);
    CHECK(t != NULL, "%s: %s", e.where, e.message);
    if (!t) abort();
    return t;
}

/* The ids of text[n] as "bytes|bytes|…" of their tokens. */
static const char *pieces_of(const jl_tokenizer *t, const char *text, size_t n, int flags) {
    static char out[4096];
    int32_t ids[512];
    jl_error e;
    jl_error_clear(&e);
    int count = jl_tokenizer_encode(t, text, n, flags, ids, 512, &e);
    size_t at = 0;
    CHECK(count >= 0 && count <= 512, "%d %s", count, e.message);
    for (int i = 0; i < count && i < 512; i++) {
        jl_str s = jl_tokenizer_bytes(t, ids[i]);
        if (i) out[at++] = '|';
        memcpy(out + at, s.data, s.n);
        at += s.n;
    }
    out[at] = 0;
    return out;
}

static void expect(const jl_tokenizer *t, const char *text, int flags, const char *expected) {
    const char *found = pieces_of(t, text, strlen(text), flags);
    CHECK(strcmp(found, expected) == 0, "\"%s\": expected %s, found %s", text, expected, found);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint32_t random_state = 12345;
static uint32_t draw(uint32_t below) {
    random_state ^= random_state << 13, random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

/* ---- Merging ------------------------------------------------------------------------------------ */

static void merges_follow_rank_then_place(void) {
    static const char *const more[] = { "ab", "bc", "abc", "aa", "aaaa" };
    static const char *const merges[] = { "b c", "a b", "a bc", "a a", "aa aa", "a b" };
    recipe r = { "gpt-2", more, NULL, COUNT(more), merges, COUNT(merges), NULL };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    free(f); /* nothing is borrowed */
    expect(t, "abc", 0, "abc");
    expect(t, "abab", 0, "ab|ab");
    expect(t, "aaa", 0, "aa|a");
    expect(t, "aaaaa", 0, "aaaa|a");
    expect(t, "aaaaaaa", 0, "aaaa|aa|a");
    expect(t, "aab", 0, "a|ab");
    expect(t, "", 0, "");
    CHECK(jl_tokenizer_n_vocab(t) == 261);
    CHECK(strcmp(jl_tokenizer_model(t), "gpt2") == 0 && strcmp(jl_tokenizer_pre(t), "gpt-2") == 0);
    CHECK(*jl_tokenizer_warning(t) == 0);
    CHECK(jl_tokenizer_memory(t) > 1000);
    CHECK(jl_tokenizer_bytes(t, -1).data == NULL && jl_tokenizer_bytes(t, 261).data == NULL);
    jl_tokenizer_free(t);
}

static void symbols_that_are_no_tokens(void) {
    static const char *const more[] = { "xyz" };
    static const char *const merges[] = { "x y", "xy z", "q Ã", "qÃ ©" };
    recipe r = { "gpt-2", more, NULL, 1, merges, COUNT(merges), "!" };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    expect(t, "xyz", 0, "xyz");
    expect(t, "xy", 0, "x|y");
    expect(t, "q\xc3\xa9", 0, "q|\xc3|\xa9");
    expect(t, "x!y", 0, "x|y"); /* no token for '!': it leaves nothing */
    jl_tokenizer_free(t);
    free(f);
}

/* Merging by the definition: the pair of lowest rank, leftmost, until there is none. */
static size_t merge_slowly(const char *text, const char merges[][2][32], size_t n_merges,
                           char out[][32]) {
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) out[i][0] = text[i], out[i][1] = 0;
    for (;;) {
        size_t rank = n_merges, place = 0;
        for (size_t i = 0; i + 1 < n; i++)
            for (size_t m = 0; m < rank; m++)
                if (!strcmp(out[i], merges[m][0]) && !strcmp(out[i + 1], merges[m][1]))
                    rank = m, place = i;
        if (rank == n_merges) return n;
        strcat(out[place], out[place + 1]);
        memmove(out[place + 1], out[place + 2], (--n - place - 1) * sizeof *out);
    }
}

static void merging_equals_the_definition(void) {
    static char merges[40][2][32], joined[40][64], merged[40][32];
    const char *more[40], *list[40];
    for (int round = 0; round < 40; round++) {
        size_t n_merges = 0, n_more = 0;
        while (n_merges < 25) { /* a pair of single letters or of earlier results */
            char(*m)[32] = merges[n_merges];
            for (int side = 0; side < 2; side++) {
                if (n_merges && draw(2))
                    strcpy(m[side], merged[draw((uint32_t)n_merges)]);
                else
                    m[side][0] = (char)('a' + draw(3)), m[side][1] = 0;
            }
            if (strlen(m[0]) + strlen(m[1]) > 12) continue;
            strcat(strcpy(merged[n_merges], m[0]), m[1]);
            strcat(strcat(strcpy(joined[n_merges], m[0]), " "), m[1]);
            list[n_merges] = joined[n_merges];
            int seen = 0;
            for (size_t i = 0; i < n_more; i++) seen |= !strcmp(more[i], merged[n_merges]);
            if (!seen) more[n_more++] = merged[n_merges];
            n_merges++;
        }
        recipe r = { "gpt-2", more, NULL, n_more, list, n_merges, NULL };
        file *f = cook(&r);
        jl_tokenizer *t = make(f);
        for (int trial = 0; trial < 50; trial++) {
            char text[25], slow[25][32], expected[64] = "";
            uint32_t length = 1 + draw(24);
            for (uint32_t i = 0; i < length; i++) text[i] = (char)('a' + draw(3));
            text[length] = 0;
            size_t n = merge_slowly(text, (const char(*)[2][32])merges, n_merges, slow);
            for (size_t i = 0; i < n; i++) strcat(strcat(expected, i ? "|" : ""), slow[i]);
            expect(t, text, 0, expected);
        }
        jl_tokenizer_free(t);
        free(f);
    }
}

static void whole_pieces_when_merges_are_ignored(void) {
    static const char *const more[] = { "hello", "Ġworld" };
    recipe r = { "llama3", more, NULL, 2, NULL, 0, NULL };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    expect(t, "hello world", 0, "hello| world");
    expect(t, "hell", 0, "h|e|l|l");
    CHECK(strcmp(jl_tokenizer_pre(t), "llama-bpe") == 0);
    jl_tokenizer_free(t);
    add_string(f, "tokenizer.ggml.pre", "gpt-2");
    t = make(f);
    expect(t, "hello", 0, "h|e|l|l|o");
    jl_tokenizer_free(t);
    free(f);
}

/* One piece of 100,000 bytes: a quadratic step would take minutes here. */
static void long_runs(void) {
    static const char *const more[] = { "aa", "aaaa", "ĠĠ", "ĠĠĠĠ", "<x>" };
    static const int32_t types[] = { 1, 1, 1, 1, 4 };
    static const char *const merges[] = { "a a", "aa aa", "Ġ Ġ", "ĠĠ ĠĠ" };
    enum { N = 100000 };
    static int32_t ids[N];
    static char text[N];
    recipe r = { "smollm", more, types, COUNT(more), merges, COUNT(merges), NULL };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    memset(text, 'a', N);
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, N, NULL) == N / 4);
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, 0, NULL) == N / 4, "the count without room");
    memset(text, ' ', N);
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, N, NULL) == N / 4);
    memset(text, '7', N);
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, N, NULL) == N);
    memset(text, 0xff, N);
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, N, NULL) == N);
    for (int i = 0; i < N; i++) text[i] = "<x"[i % 2]; /* begins a special token everywhere */
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, N, NULL) == N);
    jl_tokenizer_free(t);
    free(f);
}

static void any_bytes_come_back(void) {
    static const char *const more[] = { "ab", "ĠĠ", "Ãł", "ðŁ" };
    static const char *const merges[] = { "a b", "Ġ Ġ", "Ã ł", "ð Ł" };
    static const char *const names[] = { "gpt-2", "smollm", "llama-bpe", "qwen2" };
    static const char *const parts[] = {
        "ab",   "  ", "\xc3\xa0", "\xf0\x9f\x98\x80", "\xe4\xb8",     "1",
        "\xff", "\n", "'s",       "\xe2\x80\x83",     "\xed\xa0\x80", "\xc0\xa0"
    };
    for (size_t k = 0; k < COUNT(names); k++) {
        recipe r = { names[k], more, NULL, COUNT(more), merges, COUNT(merges), NULL };
        file *f = cook(&r);
        jl_tokenizer *t = make(f);
        for (int trial = 0; trial < 2000; trial++) {
            char text[64];
            int32_t ids[64];
            size_t n = 0, at = 0;
            while (n < 56 && draw(20)) {
                const char *part = parts[draw(COUNT(parts))];
                if (draw(3))
                    n += strlen(strcpy(text + n, part));
                else
                    text[n++] = (char)draw(256);
            }
            int count = jl_tokenizer_encode(t, text, n, 0, ids, 64, NULL);
            for (int i = 0; i < count; i++) {
                jl_str s = jl_tokenizer_bytes(t, ids[i]);
                CHECK(at + s.n <= n && memcmp(text + at, s.data, s.n) == 0, "byte %d", (int)at);
                at += s.n;
            }
            CHECK(at == n, "%s: %d of %d bytes", names[k], (int)at, (int)n);
        }
        jl_tokenizer_free(t);
        free(f);
    }
}

/* ---- Pieces ------------------------------------------------------------------------------------- */

static void expect_pieces(const char *pre, const char *text, const char *expected) {
    char found[512] = "";
    size_t at = 0;
    jl_pieces p;
    jl_str piece;
    jl_pieces_begin(&p, jl_pretokenizer_find(jl_string(pre)), (const uint8_t *)text, strlen(text));
    while (jl_pieces_next(&p, &piece)) {
        if (at) found[at++] = '_';
        memcpy(found + at, piece.data, piece.n);
        at += piece.n;
    }
    found[at] = 0;
    CHECK(strcmp(found, expected) == 0, "%s: expected %s, found %s", pre, expected, found);
}

static void pieces(void) {
    expect_pieces("gpt-2", "I'm 'LL we're  x", "I_'m_ '_LL_ we_'re_ _ x");
    expect_pieces("gpt-2", "a1234 5б٣!? \n b  ", "a_1234_ 5_б_٣_!?_ \n_ b_  ");
    expect_pieces("gpt-2", "x\u3000\u3000y\u0301z", "x_\u3000_\u3000_y_\u0301_z");
    expect_pieces("smollm", "a 12  3", "a_ _1_2_  _3");
    expect_pieces("smollm", "'s1's", "'s_1_'s");
    expect_pieces("llama-bpe", "I'M 12345.67!\n\n x", "I_'M_ _123_45_._67_!\n\n_ x");
    expect_pieces("llama-bpe", "  \n \n  a\tb  ", "  \n \n_ _ a_\tb_  ");
    expect_pieces("llama-bpe", "(word) .x  é", "(word_)_ ._x_ _ é");
    expect_pieces("qwen2", "a123 4", "a_1_2_3_ _4");
    expect_pieces("qwen2", "it'S\r\nno\u00a0x", "it_'S_\r\n_no_\u00a0x");
    CHECK(jl_pretokenizer_find(jl_string("falcon3")) == jl_pretokenizer_find(jl_string("llama3")));
    CHECK(jl_pretokenizer_find(jl_string("megrez")) == jl_pretokenizer_find(jl_string("qwen2")));
    CHECK(jl_pretokenizer_find(jl_string("mega")) == NULL);
    CHECK(jl_pretokenizer_find(jl_string("")) == NULL);
    CHECK(jl_pretokenizer_find(jl_string(" ")) == NULL);
    CHECK(jl_pretokenizer_find(jl_string("phi-2 jina-es")) == NULL);
}

static void classes(void) {
    static const struct {
        uint32_t code;
        int class;
    } cases[] = {
        { 'a', JL_CHAR_LETTER },
        { 'Z', JL_CHAR_LETTER },
        { '@', JL_CHAR_OTHER },
        { '[', JL_CHAR_OTHER },
        { '0', JL_CHAR_NUMBER },
        { ':', JL_CHAR_OTHER },
        { ' ', JL_CHAR_BLANK },
        { '\r', JL_CHAR_NEWLINE },
        { '\t', JL_CHAR_SPACE },
        { 0x0b, JL_CHAR_SPACE },
        { 0x1c, JL_CHAR_OTHER },
        { 0x85, JL_CHAR_SPACE },
        { 0xa0, JL_CHAR_SPACE },
        { 0xaa, JL_CHAR_LETTER },
        { 0xb2, JL_CHAR_NUMBER },
        { 0x301, JL_CHAR_OTHER },
        { 0x200b, JL_CHAR_OTHER },
        { 0x2028, JL_CHAR_SPACE },
        { 0x3000, JL_CHAR_SPACE },
        { 0x3007, JL_CHAR_NUMBER },
        { 0x4e00, JL_CHAR_LETTER },
        { 0x9fff, JL_CHAR_LETTER },
        { 0xd7a3, JL_CHAR_LETTER },
        { 0xe000, JL_CHAR_OTHER },
        { 0x1d7ff, JL_CHAR_NUMBER },
        { 0x1f600, JL_CHAR_OTHER },
        { 0x2ebf0, JL_CHAR_LETTER },
        { 0x323af, JL_CHAR_LETTER },
        { 0x323b0, JL_CHAR_OTHER },
        { 0x10ffff, JL_CHAR_OTHER },
        { JL_INVALID_BYTE, JL_CHAR_OTHER },
    };
    jl_char_run kept = { 0 };
    for (size_t i = 0; i < COUNT(cases); i++) {
        jl_char_run fresh = { 0 };
        CHECK(jl_char_class(cases[i].code, &fresh) == cases[i].class, "U+%04X",
              (unsigned)cases[i].code);
        CHECK(jl_char_class(cases[i].code, &kept) == cases[i].class);
    }
}

/* ---- Special tokens ----------------------------------------------------------------------------- */

static void special_tokens(void) {
    static const char *const more[] = {
        "<|end|>", "<u>", "<|end|>x", "<unk>", "é", "<|im_start|>"
    };
    static const int32_t types[] = { 3, 4, 3, 2, 4, 3 };
    recipe r = { "gpt-2", more, types, COUNT(more), NULL, 0, "\xe9" };
    file *f = cook(&r);
    add_u32(f, "tokenizer.ggml.bos_token_id", 7);
    add_u32(f, "tokenizer.ggml.eos_token_id", 8);
    add_u32(f, "tokenizer.ggml.padding_token_id", UINT32_MAX);
    jl_tokenizer *t = make(f);
    expect(t, "a<|end|>b", JL_TOKENIZE_SPECIAL, "a|<|end|>|b");
    expect(t, "<|end|>xx", JL_TOKENIZE_SPECIAL, "<|end|>x|x");
    expect(t, "<u><unk>", JL_TOKENIZE_SPECIAL, "<u>|<unk>");
    expect(t, "<u><unk>", 0, "<u>|<|u|n|k|>"); /* user-defined ones count always */
    expect(t, "<|end|", JL_TOKENIZE_SPECIAL, "<|||e|n|d||");
    expect(t, "é", 0, "é");
    expect(t, "a", JL_TOKENIZE_BOS, "a"); /* no add_bos_token: gpt-2 has no such habit */
    int32_t end = 255, start = 260;
    CHECK(jl_tokenizer_is_end(t, end) && jl_tokenizer_is_end(t, 8) && !jl_tokenizer_is_end(t, 7));
    CHECK(!jl_tokenizer_is_end(t, start) && !jl_tokenizer_is_end(t, -1) &&
          !jl_tokenizer_is_end(t, 99999));
    CHECK(jl_tokenizer_kind(t, end) == JL_TOKEN_CONTROL &&
          jl_tokenizer_kind(t, 7) == JL_TOKEN_NORMAL);
    CHECK(jl_tokenizer_bos(t) == 7 && jl_tokenizer_eos(t) == 8);
    jl_tokenizer_free(t);

    add_bool(f, "tokenizer.ggml.add_bos_token", 1);
    t = make(f);
    expect(t, "a", JL_TOKENIZE_BOS, "\x07|a");
    expect(t, "a", 0, "a");
    jl_tokenizer_free(t);
    free(f);
}

static void habits_of_pre_tokenisers(void) {
    recipe r = { "llama-bpe", NULL, NULL, 0, NULL, 0, NULL };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    expect(t, "a", JL_TOKENIZE_BOS, "a"); /* wanted, but the file names none */
    CHECK(jl_tokenizer_bos(t) == -1 && jl_tokenizer_eos(t) == -1);
    jl_tokenizer_free(t);
    add_u32(f, "tokenizer.ggml.bos_token_id", 'B');
    t = make(f);
    expect(t, "a", JL_TOKENIZE_BOS, "B|a");
    jl_tokenizer_free(t);
    add_bool(f, "tokenizer.ggml.add_bos_token", 0);
    t = make(f);
    expect(t, "a", JL_TOKENIZE_BOS, "a");
    jl_tokenizer_free(t);
    add_string(f, "tokenizer.ggml.pre", "never-heard-of");
    t = make(f);
    CHECK(strstr(jl_tokenizer_warning(t), "never-heard-of") &&
          !strcmp(jl_tokenizer_pre(t), "gpt-2"));
    jl_tokenizer_free(t);
    free(f);
}

/* Words that make a token a control token or an end, whatever type the file gives it. */
static void known_texts(void) {
    static const char *const more[] = { "<|im_end|>",   "<reponame>",    "<fim_prefix>",
                                        "<|file_sep|>", "<|repo_name|>", "<0x0A>" };
    static const int32_t types[] = { 1, 4, 1, 1, 1, 6 };
    recipe r = { "qwen2", more, types, COUNT(more), NULL, 0, NULL };
    file *f = cook(&r);
    add_u32(f, "tokenizer.ggml.fim_sep_token_id", 9);
    jl_tokenizer *t = make(f);
    static const int ends[] = { 1, 1, 0, 0, 0, 0 };
    static const int kinds[] = { JL_TOKEN_CONTROL, JL_TOKEN_CONTROL, JL_TOKEN_CONTROL,
                                 JL_TOKEN_NORMAL,  JL_TOKEN_NORMAL,  JL_TOKEN_BYTE };
    for (int i = 0; i < 6; i++) {
        CHECK(jl_tokenizer_is_end(t, 256 + i) == ends[i], "%s", more[i]);
        CHECK((int)jl_tokenizer_kind(t, 256 + i) == kinds[i], "%s", more[i]);
    }
    CHECK(jl_tokenizer_is_end(t, 9));
    CHECK(jl_tokenizer_bytes(t, 261).n == 1 && jl_tokenizer_bytes(t, 261).data[0] == '\n');
    jl_tokenizer_free(t);
    free(f);
}

/* Special tokens by the definition: for each, longest first, all its places in what is still text. */
static void mark_slowly(const char *const *list, size_t n, const char *text, int *marks) {
    for (size_t i = 0; text[i]; i++) marks[i] = -1;
    for (size_t length = 16; length > 0; length--)
        for (size_t k = 0; k < n; k++)
            for (size_t at = 0; strlen(list[k]) == length && text[at]; at++) {
                int free_here = strncmp(text + at, list[k], length) == 0;
                for (size_t i = 0; free_here && i < length; i++) free_here = marks[at + i] == -1;
                for (size_t i = 0; free_here && i < length; i++) marks[at + i] = i ? -2 : (int)k;
            }
}

static void specials_equal_the_definition(void) {
    static char texts[12][8];
    for (int round = 0; round < 100; round++) {
        const char *more[12];
        int32_t types[12];
        size_t n = 0;
        while (n < 12) {
            uint32_t length = 2 + draw(6);
            for (uint32_t i = 0; i < length; i++) texts[n][i] = (char)('a' + draw(2));
            texts[n][length] = 0;
            int seen = 0;
            for (size_t i = 0; i < n; i++) seen |= !strcmp(texts[i], texts[n]);
            if (seen) continue;
            types[n] = 3 + (int32_t)draw(2);
            more[n] = texts[n];
            n++;
        }
        recipe r = { "gpt-2", more, types, n, NULL, 0, NULL };
        file *f = cook(&r);
        jl_tokenizer *t = make(f);
        for (int trial = 0; trial < 50; trial++) {
            char text[41];
            int marks[41];
            int32_t ids[41], expected[41];
            uint32_t length = draw(41);
            int count = 0;
            for (uint32_t i = 0; i < length; i++) text[i] = (char)('a' + draw(2));
            text[length] = 0;
            mark_slowly(more, n, text, marks);
            for (uint32_t i = 0; i < length; i++) /* letter(b) is token b for these letters */
                if (marks[i] != -2) expected[count++] = marks[i] < 0 ? text[i] : 256 + marks[i];
            int found = jl_tokenizer_encode(t, text, length, JL_TOKENIZE_SPECIAL, ids, 41, NULL);
            CHECK(found == count && memcmp(ids, expected, (size_t)count * sizeof *ids) == 0, "%s",
                  text);
        }
        jl_tokenizer_free(t);
        free(f);
    }
}

/* ---- Files that are wrong ----------------------------------------------------------------------- */

static void refused(file *f, jl_status code, const char *where, const char *message) {
    jl_error e;
    jl_error_clear(&e);
    jl_tokenizer *t = jl_tokenizer_new(&f->g, &e);
    CHECK(t == NULL && e.code == code, "%s: code %d, %s", where, (int)e.code, e.message);
    CHECK(strcmp(e.where, where) == 0, "expected %s, found %s", where, e.where);
    CHECK(strstr(e.message, message) != NULL, "expected \"%s\" in \"%s\"", message, e.message);
    jl_tokenizer_free(t);
    free(f);
}

static file *plain(void) {
    recipe r = { "gpt-2", NULL, NULL, 0, NULL, 0, NULL };
    return cook(&r);
}

static void no_tokenizer_is_no_error(void) {
    static const char *const models[] = { "none", "no_vocab", NULL };
    for (size_t i = 0; i < COUNT(models); i++) {
        file *f = new_file();
        jl_error e;
        jl_error_clear(&e);
        if (models[i]) add_string(f, "tokenizer.ggml.model", models[i]);
        CHECK(jl_tokenizer_new(&f->g, &e) == NULL && e.code == JL_OK);
        free(f);
    }
    jl_tokenizer_free(NULL);
}

static void hostile_lists(void) {
    static const char model[] = "tokenizer.ggml.model", tokens[] = "tokenizer.ggml.tokens",
                      types[] = "tokenizer.ggml.token_type", scores[] = "tokenizer.ggml.scores";
    static const int32_t numbers[300] = { 0 };
    file *f = plain();
    add_string(f, model, "rwkv");
    refused(f, JL_ERR_TOKENIZER, model, "supported is \"gpt2\"");
    f = plain();
    add_u32(f, model, 1);
    refused(f, JL_ERR_FORMAT, model, "");
    f = new_file();
    add_string(f, model, "gpt2");
    refused(f, JL_ERR_TOKENIZER, tokens, "found nothing");
    f = plain();
    add_string(f, tokens, "a");
    refused(f, JL_ERR_TOKENIZER, tokens, "array of strings");
    f = plain();
    add_strings(f, tokens, NULL, 0);
    refused(f, JL_ERR_TOKENIZER, tokens, "found 0");
    f = plain();
    add(f, tokens, JL_GGUF_STRING, 1, (uint64_t)1 << 40);
    refused(f, JL_ERR_TOKENIZER, tokens, "found 1099511627776");
    f = plain();
    add_i32s(f, types, numbers, 255);
    refused(f, JL_ERR_TOKENIZER, types, "255 entries for 256 tokens");
    f = plain();
    add_string(f, types, "x");
    refused(f, JL_ERR_TOKENIZER, types, "32-bit integers");
    f = plain();
    add_i32s(f, scores, numbers, 257);
    refused(f, JL_ERR_TOKENIZER, scores, "257 entries");
    f = plain();
    add(f, scores, JL_GGUF_U8, 1, 256);
    refused(f, JL_ERR_TOKENIZER, scores, "32-bit numbers");
    int32_t bad_types[256] = { 1, 1, 7 };
    f = plain();
    add_i32s(f, types, bad_types, 256);
    refused(f, JL_ERR_TOKENIZER, types, "token 2 has type 7");
}

static void hostile_tokens(void) {
    static const char tokens[] = "tokenizer.ggml.tokens";
    static const struct {
        const char *token;
        int32_t type;
        const char *message;
    } cases[] = {
        { "a", 1, "token 256 is the same as token 97" },
        { "a", 3, "token 256 is the same as token 97" },
        { "x\xff", 1, "token 256 is not UTF-8" },
        { "\xc4", 1, "token 256 is not UTF-8" },
        { "\xed\xa0\x80", 3, "token 256 is not UTF-8" },
        { "<0x-1>", 6, "byte token 256" },
        { "<0xa0>", 6, "byte token 256" },
        { "<0x000>", 6, "byte token 256" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        recipe r = { "gpt-2", &cases[i].token, &cases[i].type, 1, NULL, 0, NULL };
        refused(cook(&r), JL_ERR_TOKENIZER, tokens, cases[i].message);
    }
    static char longest[1026];
    const char *one = longest;
    int32_t control = 3;
    memset(longest, 'x', 1025);
    recipe r = { "gpt-2", &one, &control, 1, NULL, 0, NULL };
    refused(cook(&r), JL_ERR_TOKENIZER, tokens, "special token 256 is longer");
    longest[1024] = 0;
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    expect(t, longest, JL_TOKENIZE_SPECIAL, longest);
    jl_tokenizer_free(t);
    free(f);
}

/* Odd but harmless: empty tokens, text outside the alphabet, merges that can never apply. */
static void odd_tokens(void) {
    static const char *const more[] = { "", "", "接", "æİ¥", "接" };
    static const int32_t types[] = { 1, 3, 1, 1, 5 };
    static const char *const merges[] = { "接 龍", "æ İ", "æİ ¥" };
    recipe r = { NULL, more, types, COUNT(more), merges, COUNT(merges), NULL };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    int32_t ids[4];
    CHECK(jl_tokenizer_encode(t, "接", 3, JL_TOKENIZE_SPECIAL, ids, 4, NULL) == 1 && ids[0] == 259);
    CHECK(jl_tokenizer_bytes(t, 256).n == 0 && jl_tokenizer_bytes(t, 257).n == 0);
    CHECK(jl_tokenizer_bytes(t, 258).n == 3);
    CHECK(strstr(jl_tokenizer_warning(t), "names no pre-tokeniser") != NULL);
    jl_tokenizer_free(t);
    free(f);
}

static void hostile_merges_and_ids(void) {
    static const char key[] = "tokenizer.ggml.merges";
    static const char *const bad[] = { "", " ", "ab", "a ", " a", "a b c", "a  b" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        const char *list[2] = { "a b", bad[i] };
        recipe r = { "gpt-2", NULL, NULL, 0, list, 2, NULL };
        refused(cook(&r), JL_ERR_TOKENIZER, key, "merge 1 is not two strings");
    }
    file *f = plain();
    add_u32(f, key, 1);
    refused(f, JL_ERR_TOKENIZER, key, "found something else");
    f = plain();
    add(f, key, JL_GGUF_STRING, 1, UINT64_MAX);
    refused(f, JL_ERR_TOKENIZER, key, "found something else");
    static const char *const ids[] = { "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
                                       "tokenizer.ggml.padding_token_id",
                                       "tokenizer.ggml.fim_pad_token_id" };
    for (size_t i = 0; i < COUNT(ids); i++) {
        f = plain();
        add_u32(f, ids[i], 256);
        refused(f, JL_ERR_TOKENIZER, ids[i], "token 256 of a vocabulary of 256");
    }
    f = plain();
    add_string(f, "tokenizer.ggml.add_bos_token", "yes");
    refused(f, JL_ERR_FORMAT, "tokenizer.ggml.add_bos_token", "");
    f = plain();
    jl_tokenizer *t = make(f);
    jl_error e;
    jl_error_clear(&e);
    CHECK(jl_tokenizer_encode(t, "", SIZE_MAX, 0, NULL, 0, &e) == JL_ERR_ARGUMENT);
    CHECK(jl_tokenizer_encode(t, "", 0, 0, NULL, -1, NULL) == JL_ERR_ARGUMENT);
    jl_tokenizer_free(t);
    free(f);
}

/* Many internal symbols: the vocabulary grows, its index too. */
static void many_symbols(void) {
    enum { N = 3000 };
    static char text[N][16];
    static const char *list[N];
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "%x %x", i + 16, i);
        list[i] = text[i];
    }
    recipe r = { "gpt-2", NULL, NULL, 0, list, N, NULL };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    expect(t, "abc", 0, "a|b|c");
    jl_tokenizer_free(t);
    free(f);
}

static void every_allocation_may_fail(void) {
#ifndef JL_DEBUG
    SKIP("allocation failures need a build with JL_DEBUG");
#else
    static const char *const more[] = { "aa", "<u>" };
    static const int32_t types[] = { 1, 4 };
    static const char *const merges[] = { "a a", "b c" };
    recipe r = { "llama-bpe", more, types, 2, merges, 2, NULL };
    file *f = cook(&r);
    jl_tokenizer *t = NULL;
    int live = jl_memory_live(), n = 0;
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
    memcpy(text + 100, "<u>", 3);
    int count = -1;
    live = jl_memory_live();
    for (n = 0; count < 0 && n < 100; n++) {
        int32_t ids[400];
        jl_memory_fail_after(n);
        count = jl_tokenizer_encode(t, text, sizeof text, 0, ids, 400, NULL);
        jl_memory_fail_after(-1);
        CHECK(count >= 0 || count == JL_ERR_MEMORY, "%d", count);
        CHECK(jl_memory_live() == live, "allocation %d", n);
    }
    CHECK(count == 50 + 1 + 149 && n > 4, "%d ids, %d allocations", count,
          n); /* 297 a: 148 pairs and one */
    jl_tokenizer_free(t);
    free(f);
#endif
}

/* ---- Real vocabularies -------------------------------------------------------------------------- */

/* The first `most` bytes of a file, or all of it; NULL when it cannot be read. */
static char *slurp(const char *path, size_t most, size_t *n) {
    FILE *in = fopen(path, "rb");
    if (!in) return NULL;
    char *bytes = malloc(most + 1);
    if (!bytes) abort();
    *n = fread(bytes, 1, most, in);
    bytes[*n] = 0;
    fclose(in);
    return bytes;
}

static jl_tokenizer *open_tokenizer(const char *path) {
    size_t n = 0;
    char *bytes = slurp(path, (size_t)24 << 20, &n);
    jl_gguf g;
    jl_error e;
    jl_error_clear(&e);
    CHECK(bytes != NULL, "%s cannot be read", path);
    if (!bytes) return NULL;
    jl_status status = jl_gguf_parse(&g, (const uint8_t *)bytes, n, 0, &e);
    CHECK(status == JL_OK, "%s: %d %s", path, (int)status, e.message);
    jl_tokenizer *t = status == JL_OK ? jl_tokenizer_new(&g, &e) : NULL;
    CHECK(t != NULL, "%s: %s %s", path, e.where, e.message);
    if (status == JL_OK) jl_gguf_free(&g);
    free(bytes);
    return t;
}

static void round_trips(const jl_tokenizer *t, const char *name) {
    uint8_t has_byte[256] = { 0 };
    for (int32_t id = 0; id < jl_tokenizer_n_vocab(t); id++)
        if (jl_tokenizer_bytes(t, id).n == 1)
            has_byte[(uint8_t)*jl_tokenizer_bytes(t, id).data] = 1;
    for (int trial = 0; trial < 3000; trial++) {
        uint8_t text[80];
        int32_t ids[80];
        size_t n = 0, length = draw(81), at = 0;
        while (n < length) {
            uint8_t byte = (uint8_t)(draw(3) ? ' ' + draw(95) : draw(256));
            if (has_byte[byte]) text[n++] = byte;
        }
        int count = jl_tokenizer_encode(t, (char *)text, n, JL_TOKENIZE_SPECIAL, ids, 80, NULL);
        for (int i = 0; i < count; i++) {
            jl_str s = jl_tokenizer_bytes(t, ids[i]);
            CHECK(at + s.n <= n && memcmp(text + at, s.data, s.n) == 0, "%s", name);
            at += s.n;
        }
        CHECK(at == n, "%s: %d of %d bytes", name, (int)at, (int)n);
    }
}

/* One line of ids of a .out file against the ids found; moves *line on. */
static void check_line(const char *name, int number, char **line, const int32_t *ids, int count) {
    char *end = strchr(*line, '\n');
    int i = 0;
    for (char *p = *line; (!end || p < end) && *p; i++) {
        char *next;
        long id = strtol(p, &next, 10);
        if (next == p) break;
        CHECK(i < count && ids[i] == id, "%s case %d, id %d", name, number, i);
        p = next + strspn(next, " ");
    }
    CHECK(i == count, "%s case %d: expected %d ids, found %d", name, number, i, count);
    *line = end ? end + 1 : *line + strlen(*line);
}

static void check_golden(const char *folder, const char *name) {
    static const char separator[] = "\n__ggml_vocab_test__\n";
    static int32_t ids[4096];
    char path[1024];
    size_t n_in = 0, n_out = 0;
    snprintf(path, sizeof path, "%s/ggml-vocab-%s.gguf", folder, name);
    jl_tokenizer *t = open_tokenizer(path);
    snprintf(path, sizeof path, "%s/ggml-vocab-%s.gguf.inp", folder, name);
    char *in = slurp(path, 1 << 20, &n_in);
    snprintf(path, sizeof path, "%s/ggml-vocab-%s.gguf.out", folder, name);
    char *out = slurp(path, 1 << 20, &n_out), *line = out;
    int number = 0;
    CHECK(t && in && out, "%s: a file is missing", name);
    for (char *text = in; t && in && out && *line; number++) {
        char *end = strstr(text, separator);
        size_t n = end ? (size_t)(end - text) : strlen(text);
        int count = jl_tokenizer_encode(t, text, n, 0, ids, 4096, NULL);
        check_line(name, number, &line, ids, count);
        if (!end) break;
        text = end + strlen(separator);
    }
    CHECK(number > 40, "%s: %d cases", name, number);
    if (t) round_trips(t, name);
    jl_tokenizer_free(t);
    free(in);
    free(out);
}

static void golden_vocabularies(void) {
    const char *folder = getenv("JIELONG_VOCABS");
    if (!folder || !*folder) SKIP("golden_vocabularies: JIELONG_VOCABS names no folder");
    check_golden(folder, "gpt-2");
    check_golden(folder, "llama-bpe");
    check_golden(folder, "qwen2");
}

static void real_model(void) {
    const char *path = getenv("JIELONG_MODEL");
    if (!path || !*path) SKIP("real_model: JIELONG_MODEL names no file");
    jl_tokenizer *t = open_tokenizer(path);
    if (!t) return;
    CHECK(jl_tokenizer_n_vocab(t) == 49152 && strcmp(jl_tokenizer_pre(t), "smollm") == 0);
    CHECK(jl_tokenizer_bos(t) == 1 && jl_tokenizer_eos(t) == 2);
    CHECK(jl_tokenizer_is_end(t, 0) && jl_tokenizer_is_end(t, 2) && !jl_tokenizer_is_end(t, 1));
    static const char prompt[] = "<|im_start|>user\nHello, 2024!<|im_end|>\n";
    expect(t, prompt, JL_TOKENIZE_SPECIAL,
           "<|im_start|>|user|\n|Hello|,| |2|0|2|4|!|<|im_end|>|\n");
    expect(t, "<|im_end|>", 0, "<|||im|_|end|||>");
    round_trips(t, "SmolLM2");
    jl_tokenizer_free(t);
}

int main(void) {
    RUN(merges_follow_rank_then_place);
    RUN(symbols_that_are_no_tokens);
    RUN(merging_equals_the_definition);
    RUN(whole_pieces_when_merges_are_ignored);
    RUN(long_runs);
    RUN(any_bytes_come_back);
    RUN(pieces);
    RUN(classes);
    RUN(special_tokens);
    RUN(habits_of_pre_tokenisers);
    RUN(known_texts);
    RUN(specials_equal_the_definition);
    RUN(no_tokenizer_is_no_error);
    RUN(hostile_lists);
    RUN(hostile_tokens);
    RUN(odd_tokens);
    RUN(hostile_merges_and_ids);
    RUN(many_symbols);
    RUN(every_allocation_may_fail);
    RUN(golden_vocabularies);
    RUN(real_model);
    return check_report("c_tokenizer");
}
