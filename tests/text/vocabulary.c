/* vocabulary.c - loading a tokenizer: hostile files, failed allocations, real vocabularies.
 *
 * Real vocabularies need JIELONG_VOCABS (a folder with llama.cpp's ggml-vocab-NAME.gguf, .inp and
 * .out) and JIELONG_MODEL (SmolLM2-135M-Instruct); otherwise their tests are skipped.
 */
#include "../../src/base/memory.h"
#include "../helpers/vocabulary.h"

/* ---- Invalid files ------------------------------------------------------------------------ */

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
    refused(f, JL_ERR_TOKENIZER, model, "supported are \"gpt2\"");
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

/* Unusual but valid: empty tokens, text outside the alphabet, impossible merges. */
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
        refused(f, JL_ERR_TOKENIZER, ids[i], "an id below 256, found 256");
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

/* Tokens that all hash to one slot: loading fails instead of taking quadratic time. */
static void colliding_tokens(void) {
    enum { N = 1100, SLOTS = 4096 }; /* index size for 256 + N tokens and their bytes */
    static char text[N][16];
    static const char *list[N];
    int found = 0;
    for (uint32_t i = 0; found < N; i++) {
        int n = snprintf(text[found], sizeof text[found], "%x", i + 16);
        uint64_t h = jl_hash(text[found], (size_t)n);
        if ((h ^ h >> 29) % SLOTS) continue;
        list[found] = text[found];
        found++;
    }
    recipe r = { "gpt-2", list, NULL, N, NULL, 0, NULL };
    refused(cook(&r), JL_ERR_TOKENIZER, "tokenizer.ggml.tokens", "have the same hash");
}

/* Many internal symbols: vocabulary and index grow. */
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
          n); /* 297 a: 148 pairs and one 'a' */
    jl_tokenizer_free(t);
    free(f);
#endif
}

/* ---- Real vocabularies --------------------------------------------------------------------- */

/* Reads at most `max` bytes of a file; NULL if it cannot be read. */
static char *slurp(const char *path, size_t max, size_t *n) {
    FILE *in = fopen(path, "rb");
    if (!in) return NULL;
    char *bytes = malloc(max + 1);
    if (!bytes) abort();
    *n = fread(bytes, 1, max, in);
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
        int32_t ids[96];
        size_t n = 0, length = draw(81), at = 0, prefix;
        while (n < length) {
            uint8_t byte = (uint8_t)(draw(3) ? ' ' + draw(95) : draw(256));
            if (has_byte[byte]) text[n++] = byte;
        }
        int count = jl_tokenizer_encode(t, (char *)text, n, JL_TOKENIZE_SPECIAL, ids, 96, NULL);
        jl_str whole = { (char *)text, n };
        same_in_steps(t, whole, JL_TOKENIZE_SPECIAL, draw(200), ids, count);
        for (int i = 0; i < count; i++) {
            jl_str s = jl_tokenizer_bytes(t, ids[i]);
            prefix = i == 0 && jl_tokenizer_space_prefix(t) && s.n && *s.data == ' ';
            CHECK(at + s.n - prefix <= n && !memcmp(text + at, s.data + prefix, s.n - prefix), "%s",
                  name);
            at += s.n - prefix;
        }
        CHECK(at == n, "%s: %d of %d bytes", name, (int)at, (int)n);
    }
}

/* Compares a line of ids of a .out file with the ids found; advances *line. */
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
        same_when_traced(t, (jl_str){ text, n }, 0, ids, count);
        check_line(name, number, &line, ids, count);
        for (uint32_t work = 0; work < 60; work += 7)
            same_in_steps(t, (jl_str){ text, n }, 0, work, ids, count);
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
    check_golden(folder, "starcoder");
    check_golden(folder, "llama-spm");
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
    RUN(no_tokenizer_is_no_error);
    RUN(hostile_lists);
    RUN(hostile_tokens);
    RUN(odd_tokens);
    RUN(hostile_merges_and_ids);
    RUN(colliding_tokens);
    RUN(many_symbols);
    RUN(every_allocation_may_fail);
    RUN(golden_vocabularies);
    RUN(real_model);
    return check_report("text/vocabulary");
}
