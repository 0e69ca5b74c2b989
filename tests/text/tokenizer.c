/* tokenizer.c - tokenization: merges, pieces, special tokens, ids with a meaning.
 *
 * Merging and longest-first special tokens are compared with slow literal definitions. Invalid
 * files and real vocabularies: vocabulary.c.
 */
#include "../../src/text/pretokenize.h"
#include "../helpers/vocabulary.h"

/* ---- Merging ------------------------------------------------------------------------------- */

static void merges_follow_rank_then_place(void) {
    static const char *const more[] = { "ab", "bc", "abc", "aa", "aaaa" };
    static const char *const merges[] = { "b c", "a b", "a bc", "a a", "aa aa", "a b" };
    recipe r = { "gpt-2", more, NULL, COUNT(more), merges, COUNT(merges), NULL };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    free(f); /* the tokenizer borrows nothing */
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

static void symbols_without_tokens_are_dropped(void) {
    static const char *const more[] = { "xyz" };
    static const char *const merges[] = { "x y", "xy z", "q Ã", "qÃ ©" };
    recipe r = { "gpt-2", more, NULL, 1, merges, COUNT(merges), "!" };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    expect(t, "xyz", 0, "xyz");
    expect(t, "xy", 0, "x|y");
    expect(t, "q\xc3\xa9", 0, "q|\xc3|\xa9");
    expect(t, "x!y", 0, "x|y"); /* no token for '!': dropped */
    jl_tokenizer_free(t);
    free(f);
}

/* The search for a merge's token starts next to the previous result. It may meet a special token,
 * whose text no merge builds. */
static void merge_results_are_found_near_the_previous(void) {
    static const char *const more[] = { "ab", "é", "cd", "abcd", "xy" };
    static const int32_t types[] = { 1, 3, 1, 1, 1 };
    static const char *const merges[] = { "a b", "Ã ©", "c d", "ab cd", "x y", "a bcd" };
    recipe r = { "gpt-2", more, types, COUNT(more), merges, COUNT(merges), NULL };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    expect(t, "é", 0, "\xc3|\xa9");
    expect(t, "é", JL_TOKENIZE_SPECIAL, "é");
    expect(t, "abcdxy", 0, "abcd|xy");
    jl_tokenizer_free(t);
    free(f);
}

/* The definition of merging: the pair of lowest rank, leftmost, until none is left. */
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
        size_t end = strlen(out[place]);
        memmove(out[place] + end, out[place + 1], strlen(out[place + 1]) + 1);
        memmove(out[place + 1], out[place + 2], (--n - place - 1) * sizeof *out);
    }
}

static void merging_equals_the_definition(void) {
    static char merges[40][2][32], joined[40][64], merged[40][32];
    const char *more[40], *list[40];
    for (int round = 0; round < 40; round++) {
        size_t n_merges = 0, n_more = 0;
        while (n_merges < 25) { /* a pair of letters or of earlier results */
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

/* A piece of 100,000 bytes: a quadratic step would take minutes. */
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
    for (int i = 0; i < N; i++) text[i] = "<x"[i % 2]; /* each position begins a special token */
    CHECK(jl_tokenizer_encode(t, text, N, 0, ids, N, NULL) == N);
    jl_tokenizer_free(t);
    free(f);
}

static void any_bytes_round_trip(void) {
    static const char *const more[] = { "ab", "ĠĠ", "Ãł", "ðŁ" };
    static const char *const merges[] = { "a b", "Ġ Ġ", "Ã ł", "ð Ł" };
    static const char *const names[] = { "gpt-2",   "smollm",       "llama-bpe", "qwen2",
                                         "default", "deepseek-llm", "tekken",    "chameleon" };
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

/* ---- Pieces -------------------------------------------------------------------------------- */

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
    expect_pieces("default", "a$b`c 12345", "a_$_b_`_c_ _123_45");
    expect_pieces("falcon", "a$`c 1234", "a_$`_c_ _123_4");
    expect_pieces("deepseek-llm", "a\n\nb 你好 12 ", "a_\n_\n_b_ _你好_ _12_ ");
    expect_pieces("deepseek-llm", "é中ñ   7  ", "é_中_ñ_   _7_  ");
    expect_pieces("deepseek-coder", "x 12, y!", "x_ _1_2_,_ y_!");
    expect_pieces("deepseek-v3", "Don't 1234 ok.", "Don_'t_ _123_4_ ok_.");
    expect_pieces("spark2_5", "a\n\nb", "a_\n_\n_b");
    expect_pieces("youtu", "It's 12! 한국어", "It's_ _1_2_!_ _한국어");
    expect_pieces("tekken", "camelCaseABC ÉTÉS", "camel_Case_ABC_ ÉTÉ_S");
    expect_pieces("gpt-4o", "I'LL HTMLParser's 1234", "I'LL_ HTMLParser's_ _123_4");
    expect_pieces("granite-embed-multi-97m", "\u0301AA", "\u0301_AA");
    expect_pieces("tiny_aya", "a 1234567", "a_ _1_234_567");
    expect_pieces("afmoe", "12345ไทย", "12_345_ไ_ทย");
    expect_pieces("superbpe", "a 1234567 b12", "a _1_234_567_ b_12");
    expect_pieces("exaone-moe", "the cat sat  on 12", "the cat sat_ _ on_ _1_2");
    expect_pieces("jais-2", "a       b", "a_    _  _ b");
    expect_pieces("bloom", "(a b),c  d", "(_a_ b_),_c_ _ d");
    expect_pieces("viking", "a12", "a_1_2");
    expect_pieces("kimi-k2", "漢字abc's 1234", "漢字_abc's_ _123_4");
    expect_pieces("chameleon", "<sentinel:12>IMGIMGABZ   a", "<_sentinel_:_1_2_>_IMGIMGABZ_  _ a");
    expect_pieces("chameleon", "<sentinel:>IMGIMGABCDEZ", "<_sentinel_:_>_IMGIMGABCDEZ");
    expect_pieces("laguna", "a\r\n\n b", "a_\r_\n\n_ b");
    expect_pieces("qwen35", "e\u0301a\u0301", "e\u0301a\u0301");
    expect_pieces("minicpm5", "a  12", "a_  _12");
    expect_pieces("gemma4", "a b\n\nc", "a b_\n\n_c");
    CHECK(jl_pretokenizer_find(jl_string("falcon3")) == jl_pretokenizer_find(jl_string("llama3")));
    CHECK(jl_pretokenizer_find(jl_string("megrez")) == jl_pretokenizer_find(jl_string("qwen2")));
    CHECK(jl_pretokenizer_find(jl_string("mega")) == NULL);
    CHECK(jl_pretokenizer_find(jl_string("")) == NULL);
    CHECK(jl_pretokenizer_find(jl_string(" ")) == NULL);
    CHECK(jl_pretokenizer_find(jl_string("phi-2 jina-es")) == NULL);
}

/* Work on text[n] in character reads; the pieces must add up to the text. */
static size_t work_of(const jl_pretokenizer *how, const char *text, size_t n) {
    jl_pieces p;
    jl_str piece;
    size_t at = 0;
    jl_pieces_begin(&p, how, (const uint8_t *)text, n);
    while (jl_pieces_next(&p, &piece)) {
        CHECK(piece.n > 0 && piece.data == text + at, "%s: byte %d", how->name, (int)at);
        at += piece.n;
    }
    CHECK(at == n, "%s: %d of %d bytes", how->name, (int)at, (int)n);
#ifdef JL_DEBUG
    return p.looks;
#else
    return n;
#endif
}

/* Runs of one or two alternating characters, quadratic if skipped text were read again; then random
 * strings. */
static void every_pre_tokeniser(void) {
    enum { N = 3000 };
    static char text[N + 16];
    static const char *const units[] = {
        " ",           "a",    "A",   "7",  "\n",        "\r\n",         " \n", "\t",
        "\xcc\x81",    "é",    "aé",  "Aé", "A\xcc\x81", "中",           "!",   "<",
        "'",           "\xff", "IMG", "a ", " 7",        "\xe3\x80\x80", "٣",   "7٣",
        "<sentinel:1", "😀",    "a\n"
    };
    static const char *const ends[] = { "", "a", "1", "\n", "!" };
    for (int i = 0; jl_pretokenizer_at(i); i++) {
        const jl_pretokenizer *how = jl_pretokenizer_at(i);
        for (size_t u = 0; u < COUNT(units); u++)
            for (size_t e = 0; e < COUNT(ends); e++) {
                size_t n = 0, length = strlen(units[u]);
                for (; n + length <= N; n += length) memcpy(text + n, units[u], length);
                memcpy(text + n, ends[e], strlen(ends[e]));
                size_t work = work_of(how, text, n + strlen(ends[e]));
                CHECK(work < (size_t)100 * N, "%s, runs of '%s': %.1f looks a byte", how->name,
                      units[u], (double)work / N);
            }
        for (int trial = 0; trial < 100; trial++) {
            size_t n = 0;
            while (n < 60) {
                const char *unit = units[draw(COUNT(units))];
                memcpy(text + n, unit, strlen(unit));
                n += strlen(unit);
            }
            work_of(how, text, n);
        }
    }
    CHECK(jl_pretokenizer_at(-1) == NULL);
}

/* src/README.md's table of pre-tokenizers has exactly the rows of the code. */
static void readme_table(void) {
    static char text[1 << 18];
    FILE *readme = fopen("src/README.md", "rb");
    if (!readme) SKIP("src/README.md is not in the working directory");
    size_t n = fread(text, 1, sizeof text - 1, readme);
    fclose(readme);
    text[n] = 0;
    /* The error for an unsupported model lists the supported ones: "gpt2" (byte-level BPE), …. */
    file *f = new_file();
    jl_error e;
    jl_error_clear(&e);
    add_string(f, "tokenizer.ggml.model", "rwkv");
    CHECK(jl_tokenizer_new(&f->g, &e) == NULL && e.code == JL_ERR_TOKENIZER);
    free(f);
    char *family = strstr(e.message, "supported are ");
    for (family = family ? strchr(family, '"') : NULL; family; family = strchr(family + 1, '"')) {
        char model[32] = "", about[64] = "", shown[128];
        CHECK(sscanf(family, "\"%31[^\"]\" (%63[^)])", model, about) == 2, "%s", family);
        snprintf(shown, sizeof shown, "`%s` (%s)", model, about);
        CHECK(strstr(text, shown) != NULL, "%s", shown);
        family = strchr(family + 1, '"');
        if (!family) break;
    }
    char *row = strstr(text, "\n| Pre-tokenizer ");
    for (int line = 0; row && line < 2; line++) row = strchr(row + 1, '\n');
    int i = 0;
    for (; row && row[1] == '|'; i++, row = strchr(row + 1, '\n')) {
        const jl_pretokenizer *how = jl_pretokenizer_at(i);
        char found[600], name[40] = "", alias[500] = " ";
        CHECK(how != NULL, "row %d", i);
        if (!how) return;
        int fields = sscanf(row + 1, "| %39[^ |] |%499[^|]|", name, alias);
        for (size_t end = strlen(alias); end > 1 && alias[end - 2] == ' '; end--)
            alias[end - 1] = 0;
        snprintf(found, sizeof found, "%s", how->alias ? how->alias : " ");
        CHECK(fields == 2 && !strcmp(name, how->name) && !strcmp(alias, found),
              "row %d: expected %s |%s|, found %s |%s|", i, how->name, found, name, alias);
    }
    CHECK(i > 0 && jl_pretokenizer_at(i) == NULL, "%d rows", i);
}

static void classes(void) {
    static const struct {
        uint32_t code;
        int class;
    } cases[] = {
        { 'a', JL_CHAR_LOWER },
        { 'Z', JL_CHAR_UPPER },
        { '@', JL_CHAR_ASCII_PUNCTUATION },
        { '[', JL_CHAR_ASCII_PUNCTUATION },
        { '0', JL_CHAR_DIGIT },
        { ':', JL_CHAR_ASCII_PUNCTUATION },
        { ' ', JL_CHAR_BLANK },
        { '\r', JL_CHAR_CR },
        { '\t', JL_CHAR_SPACE },
        { 0x0b, JL_CHAR_SPACE },
        { 0x1c, JL_CHAR_CONTROL },
        { 0x85, JL_CHAR_SPACE },
        { 0xa0, JL_CHAR_SPACE },
        { 0xaa, JL_CHAR_OTHER_LETTER },
        { 0xb2, JL_CHAR_OTHER_NUMBER },
        { 0x301, JL_CHAR_MARK },
        { 0x200b, JL_CHAR_CONTROL },
        { 0x2028, JL_CHAR_SPACE },
        { 0x3000, JL_CHAR_SPACE },
        { 0x3007, JL_CHAR_OTHER_NUMBER },
        { 0x4e00, JL_CHAR_OTHER_LETTER },
        { 0x9fff, JL_CHAR_OTHER_LETTER },
        { 0xd7a3, JL_CHAR_OTHER_LETTER },
        { 0xe000, JL_CHAR_CONTROL },
        { 0x1d7ff, JL_CHAR_OTHER_NUMBER },
        { 0x1f600, JL_CHAR_OTHER_SYMBOL },
        { 0x2ebf0, JL_CHAR_OTHER_LETTER },
        { 0x323af, JL_CHAR_OTHER_LETTER },
        { 0x323b0, JL_CHAR_UNASSIGNED },
        { 0x10ffff, JL_CHAR_UNASSIGNED },
        { JL_INVALID_BYTE, JL_CHAR_OTHER_SYMBOL },
        { '/', JL_CHAR_SLASH },
        { '`', JL_CHAR_BACKTICK },
        { '$', JL_CHAR_ASCII_SYMBOL },
        { '\n', JL_CHAR_LF },
        { 0xbf, JL_CHAR_OTHER_PUNCTUATION },
        { 0x2ffc, JL_CHAR_OTHER_SYMBOL },
        { 0x378, JL_CHAR_UNASSIGNED },
    };
    jl_char_run kept = { 0 };
    for (size_t i = 0; i < COUNT(cases); i++) {
        jl_char_run fresh = { 0 };
        CHECK(jl_char_class(cases[i].code, &fresh) == cases[i].class, "U+%04X",
              (unsigned)cases[i].code);
        CHECK(jl_char_class(cases[i].code, &kept) == cases[i].class);
    }
    /* A code point's class does not depend on earlier lookups. */
    for (uint32_t code = 0; code < 0x110000; code += 1 + draw(40)) {
        jl_char_run fresh = { 0 };
        int class = jl_char_class(code, &fresh);
        CHECK(class > 0 && !(class & (class - 1)) && jl_char_class(code, &kept) == class, "U+%04X",
              (unsigned)code);
    }
}

static void maps(void) {
    static const uint32_t cases[][3] = {
        /* code, lower case, base */
        { 'A', 'a', 'A' },
        { '[', '[', '[' },
        { 0xc9, 0xe9, 'E' },
        { 0xd7, 0xd7, 0xd7 },
        { 0x130, 'i', 'I' },
        { 0x178, 0xff, 'Y' },
        { 0x1c4, 0x1c6, 0x1c4 },
        { 0x1d5, 0x1d6, 'U' },
        { 0x3a9, 0x3c9, 0x3a9 },
        { 0x1f82, 0x1f82, 0x3b1 },
        { 0x212a, 'k', 'K' },
        { 0x304c, 0x304c, 0x304b },
        { 0xac00, 0xac00, 0x1100 },
        { 0xd7a3, 0xd7a3, 0x1112 },
        { 0xf900, 0xf900, 0x8c48 },
        { 0x1e921, 0x1e943, 0x1e921 },
        { 0x2fa1d, 0x2fa1d, 0x2a600 },
        { 0x10ffff, 0x10ffff, 0x10ffff },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(jl_char_lower(cases[i][0]) == cases[i][1], "U+%04X", (unsigned)cases[i][0]);
        CHECK(jl_char_base(cases[i][0]) == cases[i][2], "U+%04X", (unsigned)cases[i][0]);
    }
}

/* ---- Special tokens ------------------------------------------------------------------------ */

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
    expect(t, "<u><unk>", 0, "<u>|<|u|n|k|>"); /* user-defined ones always match */
    expect(t, "<|end|", JL_TOKENIZE_SPECIAL, "<|||e|n|d||");
    expect(t, "é", 0, "é");
    expect(t, "a", JL_TOKENIZE_BOS, "a"); /* no add_bos_token: gpt-2 adds none by default */
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

/* Text never becomes a control token, neither by merges of the file nor literally. */
static void no_merge_builds_a_control_token(void) {
    static const char *const more[] = { "<c", "<c>", "xy", "q" };
    static const int32_t types[] = { 1, 3, 1, 3 };
    static const char *const merges[] = { "< c", "<c >", "x y" };
    recipe r = { "gpt-2", more, types, COUNT(more), merges, COUNT(merges), "q" };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    expect(t, "<c>qxy", 0, "<|c|>|xy"); /* no token for q */
    expect(t, "<c>xy", JL_TOKENIZE_SPECIAL, "<c>|xy");
    jl_tokenizer_free(t);
    free(f);
}

/* Control tokens (by kind or by spelling <|…|>) that touch a quote are text; other user-defined
 * tokens match, and the text is not split. */
static void quoted_text(void) {
    static const char *const more[] = {
        "<|end|>", "<u>", "<|end|>x", "ab", "<|", "<|v|>", "<｜w｜>"
    };
    static const int32_t types[] = { 3, 4, 3, 1, 3, 4, 4 };
    static const char *const merges[] = { "a b" };
    recipe r = { "gpt-2", more, types, COUNT(more), merges, COUNT(merges), NULL };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    static const struct {
        const char *text;
        jl_quote quotes[2];
        size_t n;
        int32_t ids[16];
        int count;
    } cases[] = {
        { "<|end|>ab", { { 0, 0 } }, 0, { 255 + 1, 256 + 3 }, 2 },
        { "<|end|>ab", { { 8, 9 } }, 1, { 256, 259 }, 2 }, /* a merge across two authors */
        { "<|end|>ab", { { 7, 9 } }, 1, { 256, 259 }, 2 },
        { "<|end|>x", { { 7, 8 } }, 1, { 256, 'x' }, 2 }, /* the longer one overlaps it */
        { "<|end|>", { { 6, 7 } }, 1, { 260, 'e', 'n', 'd', '|', '>' }, 6 },
        { "<|end|>", { { 0, 1 } }, 1, { '<', '|', 'e', 'n', 'd', '|', '>' }, 7 },
        { "<|end|><u>", { { 0, 10 } }, 1, { '<', '|', 'e', 'n', 'd', '|', '>', 257 }, 8 },
        { "<u><|end|>", { { 1, 2 } }, 1, { 257, 256 }, 2 },
        { "<|v|><u>", { { 0, 8 } }, 1, { '<', '|', 'v', '|', '>', 257 }, 6 },
        { "<|v|>a<|v|>", { { 5, 6 } }, 1, { 261, 'a', 261 }, 3 },
        { "<|v|>", { { 4, 5 } }, 1, { 260, 'v', '|', '>' }, 4 },
        { "<|v|>", { { 0, 0 } }, 0, { 261 }, 1 },
        { "<｜w｜>a", { { 9, 10 } }, 1, { 262, 'a' }, 2 },
        { "<|end|>a<|end|>",
          { { 0, 7 }, { 7, 8 } },
          2,
          { '<', '|', 'e', 'n', 'd', '|', '>', 'a', 256 },
          9 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int32_t ids[16];
        int count =
            jl_tokenizer_encode_quoted(t, cases[i].text, strlen(cases[i].text), JL_TOKENIZE_SPECIAL,
                                       cases[i].quotes, cases[i].n, ids, 16, NULL);
        CHECK(count == cases[i].count, "case %d: %d ids", (int)i, count);
        CHECK(memcmp(ids, cases[i].ids, (size_t)cases[i].count * sizeof *ids) == 0, "case %d",
              (int)i);
    }
    static const jl_quote wrong[][2] = { { { 2, 1 }, { 3, 4 } },
                                         { { 1, 3 }, { 2, 4 } },
                                         { { 0, 1 }, { 1, 6 } } };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        int32_t ids[16];
        jl_error e = { 0 };
        CHECK(jl_tokenizer_encode_quoted(t, "abcde", 5, 0, wrong[i], 2, ids, 16, &e) ==
              JL_ERR_ARGUMENT);
        CHECK(strcmp(e.where, "quotes") == 0);
    }
    jl_tokenizer_free(t);
    free(f);
}

static void pre_tokenisers_have_defaults(void) {
    recipe r = { "llama-bpe", NULL, NULL, 0, NULL, 0, NULL };
    file *f = cook(&r);
    jl_tokenizer *t = make(f);
    expect(t, "a", JL_TOKENIZE_BOS, "a"); /* requested, but the file has none */
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
          !strcmp(jl_tokenizer_pre(t), "default"));
    jl_tokenizer_free(t);
    free(f);
}

/* Spellings that make a control or end token, whatever type the file gives it. */
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

/* Definition of special tokens: each, longest first, matches in the remaining text. */
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
            for (uint32_t i = 0; i < length; i++) /* letter(b) is token b here */
                if (marks[i] != -2) expected[count++] = marks[i] < 0 ? text[i] : 256 + marks[i];
            int found = jl_tokenizer_encode(t, text, length, JL_TOKENIZE_SPECIAL, ids, 41, NULL);
            CHECK(found == count && memcmp(ids, expected, (size_t)count * sizeof *ids) == 0, "%s",
                  text);
        }
        jl_tokenizer_free(t);
        free(f);
    }
}

int main(void) {
    RUN(merges_follow_rank_then_place);
    RUN(symbols_without_tokens_are_dropped);
    RUN(merge_results_are_found_near_the_previous);
    RUN(merging_equals_the_definition);
    RUN(whole_pieces_when_merges_are_ignored);
    RUN(long_runs);
    RUN(any_bytes_round_trip);
    RUN(pieces);
    RUN(every_pre_tokeniser);
    RUN(readme_table);
    RUN(classes);
    RUN(maps);
    RUN(special_tokens);
    RUN(no_merge_builds_a_control_token);
    RUN(quoted_text);
    RUN(pre_tokenisers_have_defaults);
    RUN(known_texts);
    RUN(specials_equal_the_definition);
    return check_report("text/tokenizer");
}
