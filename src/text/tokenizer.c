/* tokenizer.c - builds tokenizers and runs them: metadata → tokenizer, text → ids, id → bytes.
 *
 * Reads and validates the metadata that all families share (check 27 of the loader: equal lengths,
 * UTF-8 strings, special ids in range), marks the tokens that end a generation, splits a text at
 * special tokens and passes the text between them to the family. Copies everything it needs from
 * the file. The list of end tokens follows llama.cpp (llama_vocab::impl::load).
 */
#include "tokenizer.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/utf8.h"
#include "bpe.h"
#include "special.h"
#include "spm.h"
#include "trace.h"
#include "unigram.h"
#include "wordpiece.h"

static const jl_family *const families[] = { &jl_family_bpe,        &jl_family_spm,
                                             &jl_family_unigram,    &jl_family_wordpiece,
                                             &jl_family_bpe_blanks, &jl_family_bpe_plain };

static const char tokens_key[] = "tokenizer.ggml.tokens";
static const char types_key[] = "tokenizer.ggml.token_type";
static const char scores_key[] = "tokenizer.ggml.scores";

/* Special ids with a metadata key. From ID_FIM_PRE on, a known text can replace the key. */
enum {
    ID_BOS,
    ID_EOS,
    ID_UNKNOWN,
    ID_SEPARATOR,
    ID_EOT,
    ID_EOM,
    ID_FIM_PRE,
    ID_FIM_SUF,
    ID_FIM_MID,
    ID_FIM_PAD,
    ID_FIM_REP,
    ID_FIM_SEP,
    ID_CHECKED,
    ID_USER, /* no id: the token becomes user-defined */
    ID_COUNT
};

struct jl_tokenizer {
    const jl_family *family;
    void *rules; /* owned; built by the family */
    jl_vocab vocab;
    jl_specials specials;
    jl_family_facts facts;
    int32_t ids[ID_COUNT]; /* -1: none */
    uint8_t *is_end;       /* [n_tokens] */
    int add_bos, add_eos, add_separator;
};

static const struct {
    const char *key;
    int id;
} id_keys[] = {
    { "tokenizer.ggml.bos_token_id", ID_BOS },
    { "tokenizer.ggml.eos_token_id", ID_EOS },
    { "tokenizer.ggml.eot_token_id", ID_EOT },
    { "tokenizer.ggml.eom_token_id", ID_EOM },
    { "tokenizer.ggml.unknown_token_id", ID_UNKNOWN },
    { "tokenizer.ggml.seperator_token_id", ID_SEPARATOR }, /* sic, as in the format */
    { "tokenizer.ggml.padding_token_id", ID_CHECKED },
    { "tokenizer.ggml.mask_token_id", ID_CHECKED },
    { "tokenizer.ggml.fim_pre_token_id", ID_FIM_PRE },
    { "tokenizer.ggml.fim_suf_token_id", ID_FIM_SUF },
    { "tokenizer.ggml.fim_mid_token_id", ID_FIM_MID },
    { "tokenizer.ggml.fim_pad_token_id", ID_FIM_PAD },
    { "tokenizer.ggml.fim_rep_token_id", ID_FIM_REP },
    { "tokenizer.ggml.fim_sep_token_id", ID_FIM_SEP },
    { "tokenizer.ggml.prefix_token_id", ID_FIM_PRE },
    { "tokenizer.ggml.suffix_token_id", ID_FIM_SUF },
    { "tokenizer.ggml.middle_token_id", ID_FIM_MID },
};

/* Texts of control tokens, whatever the file's type. ID_EOT: the token also ends a generation. The
 * others apply only if the file gives no id; ID_FIM_PAD, ID_FIM_REP and ID_FIM_SEP end a generation
 * too. */
static const struct {
    const char *text;
    int id;
} known_texts[] = {
    { "<|eot_id|>", ID_EOT },
    { "<|im_end|>", ID_EOT },
    { "<|end|>", ID_EOT },
    { "<|return|>", ID_EOT },
    { "<|call|>", ID_EOT },
    { "<|flush|>", ID_EOT },
    { "<|calls|>", ID_EOT },
    { "<end_of_turn>", ID_EOT },
    { "<|endoftext|>", ID_EOT },
    { "</s>", ID_EOT },
    { "<|eom_id|>", ID_EOT },
    { "<EOT>", ID_EOT },
    { "_<EOT>", ID_EOT },
    { "[EOT]", ID_EOT },
    { "[EOS]", ID_EOT },
    { "<|end_of_text|>", ID_EOT },
    { "<end_of_utterance>", ID_EOT },
    { "<eos>", ID_EOT },
    { "<turn|>", ID_EOT },
    { "<|tool_response>", ID_EOT },
    { "<｜end▁of▁sentence｜>", ID_EOT },
    { "[e~[", ID_EOT },
    { "<|fim_prefix|>", ID_FIM_PRE },
    { "<fim-prefix>", ID_FIM_PRE },
    { "<fim_prefix>", ID_FIM_PRE },
    { "<｜fim▁begin｜>", ID_FIM_PRE },
    { "<PRE>", ID_FIM_PRE },
    { "▁<PRE>", ID_FIM_PRE },
    { "<|code_prefix|>", ID_FIM_PRE },
    { "<|prefix|>", ID_FIM_PRE },
    { "<|fim_suffix|>", ID_FIM_SUF },
    { "<fim-suffix>", ID_FIM_SUF },
    { "<fim_suffix>", ID_FIM_SUF },
    { "<｜fim▁hole｜>", ID_FIM_SUF },
    { "<SUF>", ID_FIM_SUF },
    { "▁<SUF>", ID_FIM_SUF },
    { "<|code_suffix|>", ID_FIM_SUF },
    { "<|suffix|>", ID_FIM_SUF },
    { "<|fim_middle|>", ID_FIM_MID },
    { "<fim-middle>", ID_FIM_MID },
    { "<fim_middle>", ID_FIM_MID },
    { "<｜fim▁end｜>", ID_FIM_MID },
    { "<MID>", ID_FIM_MID },
    { "▁<MID>", ID_FIM_MID },
    { "<|code_middle|>", ID_FIM_MID },
    { "<|middle|>", ID_FIM_MID },
    { "<|fim_pad|>", ID_FIM_PAD },
    { "<fim-pad>", ID_FIM_PAD },
    { "<fim_pad>", ID_FIM_PAD },
    { "<PAD>", ID_FIM_PAD },
    { "[PAD]", ID_FIM_PAD },
    { "<|fim_repo|>", ID_FIM_REP },
    { "<|repo_name|>", ID_FIM_REP },
    { "<fim-repo>", ID_FIM_REP },
    { "<REPO>", ID_FIM_REP },
    { "<reponame>", ID_FIM_REP },
    { "<|file_sep|>", ID_FIM_SEP },
    { "<|channel|>", ID_USER },
    { "<|message|>", ID_USER },
    { "<|start|>", ID_USER },
    { "<|constrain|>", ID_USER },
};

/* ---- Special ids --------------------------------------------------------------------------- */

static jl_status read_ids(jl_tokenizer *t, const jl_gguf *g, uint64_t n_tokens, jl_error *error) {
    for (int i = 0; i < ID_COUNT; i++) {
        int32_t usual = i < 4 ? t->family->ids[i] : -1;
        t->ids[i] = usual < (int64_t)n_tokens ? usual : -1;
    }
    for (size_t i = 0; i < sizeof id_keys / sizeof *id_keys; i++) {
        uint32_t id = UINT32_MAX; /* some writers' "none" */
        jl_status status = jl_gguf_u32(g, id_keys[i].key, &id, error);
        if (status != JL_OK) return status;
        if (id == UINT32_MAX) continue;
        if (id >= n_tokens)
            return jl_fail(error, JL_ERR_TOKENIZER, jl_gguf_find(g, id_keys[i].key)->offset,
                           jl_string(id_keys[i].key), "expected an id below %u, found %u",
                           (uint64_t)id, n_tokens);
        t->ids[id_keys[i].id] = (int32_t)id;
    }
    return JL_OK;
}

/* The token's effective kind; records special ids and end tokens found by text. */
static jl_token_kind effective_kind(jl_tokenizer *t, int32_t id, jl_str text, jl_token_kind kind) {
    /* the first bytes of all known texts; e2 leads U+2581 */
    char c = text.n ? text.data[0] : 0;
    if (c != '<' && c != '[' && c != '_' && c != '\xe2') return kind;
    for (size_t i = 0; i < sizeof known_texts / sizeof *known_texts; i++) {
        if (!jl_str_equal(text, known_texts[i].text)) continue;
        if (known_texts[i].id == ID_EOT) {
            t->is_end[id] = 1;
            return JL_TOKEN_CONTROL;
        }
        if (known_texts[i].id == ID_USER) return JL_TOKEN_USER;
        if (t->ids[known_texts[i].id] >= 0) return kind;
        t->ids[known_texts[i].id] = id;
        return JL_TOKEN_CONTROL;
    }
    return kind;
}

static void mark_ends(jl_tokenizer *t) {
    static const int ends[] = { ID_EOS, ID_EOT, ID_EOM, ID_FIM_PAD, ID_FIM_REP, ID_FIM_SEP };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (t->ids[ends[i]] >= 0) t->is_end[t->ids[ends[i]]] = 1;
}

/* End texts that do not end a generation in some models (llama_vocab::impl::load): <|end|> beside
 * <|return|> or <|flush|> and a call token, </s> beside a token of Gemma 4 or PLaMo. */
static void unmark_ends(jl_tokenizer *t) {
    static const char *const texts[] = { "<|end|>",          "</s>",         "<|return|>",
                                         "<|call|>",         "<|calls|>",    "<|flush|>",
                                         "<|tool_response>", "<|plamo:eos|>" };
    int32_t ids[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };
    for (uint32_t id = 0; id < t->vocab.n_tokens; id++)
        for (int i = 0; t->is_end[id] && i < 8; i++)
            if (jl_str_equal(jl_vocab_string(&t->vocab, (int32_t)id), texts[i]))
                ids[i] = (int32_t)id;
    int call = ids[3] >= 0 || ids[4] >= 0;
    if (ids[0] >= 0 && call && (ids[2] >= 0 || ids[5] >= 0)) {
        t->is_end[ids[0]] = 0;
        t->vocab.kind[ids[0]] = JL_TOKEN_USER;
    }
    if (ids[1] >= 0 && (ids[6] >= 0 || ids[7] >= 0)) {
        t->is_end[ids[1]] = 0;
        t->vocab.kind[ids[1]] = JL_TOKEN_NORMAL;
    }
}

/* ---- Tokens -------------------------------------------------------------------------------- */

typedef struct token_lists {
    const jl_gguf_value *tokens, *types; /* types may be NULL */
    uint64_t bytes;                      /* total of all strings */
    size_t longest;
} token_lists;

static jl_status bad_list(const jl_gguf_value *v, const char *key, const char *expected,
                          jl_error *error) {
    return jl_fail(error, JL_ERR_TOKENIZER, v ? v->offset : JL_NO_OFFSET, jl_string(key),
                   "expected an array of %s, found %s", expected, v ? "something else" : "nothing");
}

/* An optional array of one 32-bit element per token. */
static jl_status find_side_list(const jl_gguf *g, const char *key, uint64_t n_tokens,
                                int allow_float, const jl_gguf_value **out, jl_error *error) {
    const jl_gguf_value *v = *out = jl_gguf_find(g, key);
    if (!v) return JL_OK;
    int fits =
        v->type == JL_GGUF_I32 || v->type == JL_GGUF_U32 || (allow_float && v->type == JL_GGUF_F32);
    if (!v->array || !fits)
        return bad_list(v, key, allow_float ? "32-bit numbers" : "32-bit integers", error);
    if (v->count != n_tokens)
        return jl_fail(error, JL_ERR_TOKENIZER, v->offset, jl_string(key),
                       "%u entries for %u tokens", v->count, n_tokens);
    return JL_OK;
}

static jl_status find_lists(const jl_gguf *g, token_lists *l, jl_error *error) {
    const jl_gguf_value *scores;
    *l = (token_lists){ .tokens = jl_gguf_find(g, tokens_key) };
    if (!l->tokens || !l->tokens->array || l->tokens->type != JL_GGUF_STRING)
        return bad_list(l->tokens, tokens_key, "strings", error);
    if (l->tokens->count == 0 || l->tokens->count > JL_MAX_TOKENS)
        return jl_fail(error, JL_ERR_TOKENIZER, l->tokens->offset, jl_string(tokens_key),
                       "expected 1 to %d tokens, found %u", (int)JL_MAX_TOKENS, l->tokens->count);
    const uint8_t *cursor = l->tokens->bytes;
    for (uint64_t i = 0; i < l->tokens->count; i++) {
        jl_str s = jl_gguf_next_string(&cursor);
        l->bytes += s.n;
        if (s.n > l->longest) l->longest = s.n;
    }
    jl_status status = find_side_list(g, types_key, l->tokens->count, 0, &l->types, error);
    if (status != JL_OK) return status;
    return find_side_list(g, scores_key, l->tokens->count, 1, &scores, error);
}

/* The value of "<0xHH>" with two upper-case digits, -1 for anything else. */
static int parse_byte_token(jl_str text) {
    static const char digits[] = "0123456789ABCDEF";
    if (text.n != 6 || memcmp(text.data, "<0x", 3) != 0 || text.data[5] != '>') return -1;
    const char *high = memchr(digits, text.data[3], 16), *low = memchr(digits, text.data[4], 16);
    return high && low ? (int)(high - digits) * 16 + (int)(low - digits) : -1;
}

/* Token i's type; normal if it is 0 ("undefined" in the format) or the array is missing. */
static int32_t type_of(const token_lists *l, uint64_t i) {
    int32_t type = l->types ? jl_gguf_i32_at(l->types, i) : 0;
    return type ? type : JL_TOKEN_NORMAL;
}

/* scratch: room for text.n bytes. */
static jl_status add_token(jl_tokenizer *t, const token_lists *l, uint64_t i, jl_str text,
                           uint8_t *scratch, jl_error *error) {
    int32_t type = type_of(l, i);
    if (type < 0 || type > JL_TOKEN_BYTE)
        return jl_fail(error, JL_ERR_TOKENIZER, l->types->offset, jl_string(types_key),
                       "token %u has type %d, expected 1 to 6", i, (int)type);
    jl_token_kind kind = effective_kind(t, (int32_t)i, text, (jl_token_kind)type);
    t->vocab.kind[i] = (uint8_t)kind;
    const uint8_t *bytes = (const uint8_t *)text.data;
    size_t n = text.n;
    int keyed = 0, byte = kind == JL_TOKEN_BYTE ? parse_byte_token(text) : 0;
    if (byte < 0)
        return jl_fail(error, JL_ERR_TOKENIZER, l->tokens->offset, jl_string(tokens_key),
                       "byte token %u is not written <0xHH>", i);
    if (kind == JL_TOKEN_BYTE) {
        scratch[0] = (uint8_t)byte;
        bytes = scratch;
        n = 1;
    } else {
        n = t->family->store(text, (int)kind, scratch, &keyed);
        bytes = scratch;
    }
    if (!jl_is_utf8(text.data, text.n))
        return jl_fail(error, JL_ERR_TOKENIZER, l->tokens->offset, jl_string(tokens_key),
                       "token %u is not UTF-8", i);
    if (!keyed || n == 0) return jl_vocab_add(&t->vocab, bytes, n, error);
    int32_t id = jl_vocab_intern(&t->vocab, bytes, n, error);
    if (id < 0) return JL_ERR_TOKENIZER;
    if ((uint64_t)id != i)
        return jl_fail(error, JL_ERR_TOKENIZER, l->tokens->offset, jl_string(tokens_key),
                       "token %u is the same as token %d", i, (int)id);
    return JL_OK;
}

static jl_status read_tokens(jl_tokenizer *t, const jl_gguf *g, jl_error *error) {
    token_lists l;
    jl_status status = find_lists(g, &l, error);
    if (status == JL_OK) status = read_ids(t, g, l.tokens->count, error);
    if (status == JL_OK)
        status = jl_vocab_init(&t->vocab, (uint32_t)l.tokens->count, l.bytes, error);
    if (status != JL_OK) return status;
    t->is_end = jl_alloc_zero((size_t)l.tokens->count);
    uint8_t *scratch = jl_alloc(l.longest + 1);
    if (!t->is_end || !scratch) status = jl_no_memory(error, "tokenizer");
    const uint8_t *cursor = l.tokens->bytes;
    for (uint64_t i = 0; i < l.tokens->count && status == JL_OK; i++)
        status = add_token(t, &l, i, jl_gguf_next_string(&cursor), scratch, error);
    jl_free(scratch);
    if (status != JL_OK) return status;
    mark_ends(t);
    unmark_ends(t);
    return JL_OK;
}

/* ---- Building ------------------------------------------------------------------------------ */

static const jl_family *find_family(const jl_gguf *g, jl_str model, jl_error *error) {
    const char *key = "tokenizer.ggml.model";
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (jl_str_equal(model, families[i]->model))
            return families[i] == &jl_family_bpe ? jl_bpe_family(g) : families[i];
    char known[256];
    size_t n = 0;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        n += jl_format(known + n, sizeof known - n, "%s\"%s\" (%s)", i ? ", " : "",
                       families[i]->model, families[i]->about);
    jl_fail(error, JL_ERR_TOKENIZER, jl_gguf_find(g, key)->offset, jl_string(key),
            "the tokenizer \"%S\" is not supported; supported are %s", model, known);
    return NULL;
}

/* Whether a key's string contains the lower-case word, ignoring case. */
static int contains_word(const jl_gguf *g, const char *key, const char *word) {
    jl_str s = { "", 0 };
    size_t n = strlen(word), i;
    if (jl_gguf_string(g, key, &s, NULL) != JL_OK) return 0;
    for (size_t at = 0; at + n <= s.n; at++) {
        for (i = 0; i < n; i++) {
            char c = s.data[at + i];
            if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != word[i]) break;
        }
        if (i == n) return 1;
    }
    return 0;
}

/* Which tokens strip whitespace; like llama.cpp, detected by model name. */
static jl_strip strip_of(const jl_gguf *g) {
    static const char pre[] = "tokenizer.ggml.pre", name[] = "general.name",
                      arch[] = "general.architecture";
    if (contains_word(g, pre, "jina-v2-de") || contains_word(g, pre, "jina-v2-es") ||
        contains_word(g, pre, "jina-v2-code") || contains_word(g, arch, "nomic-bert-moe") ||
        contains_word(g, arch, "jina-bert-v3"))
        return (jl_strip){ "<mask>", 0 };
    if (contains_word(g, name, "phi-3") || contains_word(g, name, "phi3"))
        return (jl_strip){ NULL, 1 };
    return (jl_strip){ contains_word(g, name, "modern-bert") ? "[MASK]" : NULL, 0 };
}

static jl_status load(jl_tokenizer *t, const jl_gguf *g, jl_error *error) {
    jl_status status = read_tokens(t, g, error);
    if (status != JL_OK) return status;
    t->facts.pre = "";
    t->facts.unknown = t->ids[ID_UNKNOWN];
    t->rules = t->family->build(&t->vocab, g, &t->facts, error);
    if (!t->rules) return JL_ERR_TOKENIZER;
    t->add_bos = t->facts.add_bos;
    t->add_eos = t->facts.add_eos;
    t->add_separator = t->facts.add_separator;
    status = jl_gguf_bool(g, "tokenizer.ggml.add_bos_token", &t->add_bos, error);
    if (status == JL_OK)
        status = jl_gguf_bool(g, "tokenizer.ggml.add_eos_token", &t->add_eos, error);
    if (status == JL_OK)
        status = jl_gguf_bool(g, "tokenizer.ggml.add_sep_token", &t->add_separator, error);
    if (status != JL_OK) return status;
    if (t->facts.add_bos == 2) t->add_bos = 1;
    return jl_specials_init(&t->specials, &t->vocab, strip_of(g), error);
}

jl_tokenizer *jl_tokenizer_new(const jl_gguf *g, jl_error *error) {
    jl_str model = { "none", 4 };
    if (jl_gguf_string(g, "tokenizer.ggml.model", &model, error) != JL_OK) return NULL;
    if (jl_str_equal(model, "none") || jl_str_equal(model, "no_vocab")) return NULL;
    const jl_family *family = find_family(g, model, error);
    if (!family) return NULL;
    jl_tokenizer *t = jl_alloc_zero(sizeof *t);
    if (!t) {
        jl_no_memory(error, "tokenizer");
        return NULL;
    }
    t->family = family;
    if (load(t, g, error) == JL_OK) return t;
    jl_tokenizer_free(t);
    return NULL;
}

void jl_tokenizer_free(jl_tokenizer *t) {
    if (!t) return;
    if (t->rules) t->family->free(t->rules);
    jl_specials_free(&t->specials);
    jl_vocab_free(&t->vocab);
    jl_free(t->is_end);
    jl_free(t);
}

/* ---- Encoding ------------------------------------------------------------------------------ */

static jl_status check_quotes(const jl_quote *quotes, size_t n_quotes, size_t n, jl_error *error) {
    size_t at = 0;
    for (size_t i = 0; i < n_quotes; at = quotes[i++].end)
        if (quotes[i].start < at || quotes[i].end < quotes[i].start || quotes[i].end > n)
            return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("quotes"),
                           "expected ascending quotes within the text; quote %u is not",
                           (uint64_t)i);
    return JL_OK;
}

struct jl_encoding {
    const jl_tokenizer *t; /* borrowed, as is the text */
    int flags;
    jl_special_search search;
    void *family; /* its encoder; NULL until it has text to encode */
    jl_ids ids;
    size_t at, end; /* bytes; the family encodes [at, end); bytes before `at` are done */
    int searched, done;
};

static void end_encoding(jl_encoding *e) {
    jl_special_search_free(&e->search);
    e->t->family->close(e->family);
    e->family = NULL;
}

static void trace_special(const jl_encoding *e) {
    const int32_t *marks = e->search.marks;
    size_t end = e->at + 1, n = jl_tokenizer_bytes(e->t, marks[e->at]).n;
    while (end < e->search.in.n && marks[end] == JL_MARK_INSIDE) end++;
    if (end > e->at + n) end = e->at + n; /* without stripped whitespace */
    jl_trace_stretch(e->ids.trace, 0);
    jl_trace_piece(e->ids.trace, e->search.in.text + e->at, end - e->at, e->at, end);
    jl_trace_emit(&e->ids, 0, end - e->at, marks[e->at]);
}

/* Emits special tokens up to the next stretch of plain text; 0: no such stretch. */
static int next_stretch(jl_encoding *e) {
    const int32_t *marks = e->search.marks;
    size_t n = e->search.in.n;
    for (; marks && e->at < n && marks[e->at] != JL_MARK_TEXT; e->at++) {
        if (marks[e->at] < 0) continue;
        if (e->ids.trace) trace_special(e);
        jl_ids_push(&e->ids, marks[e->at]);
    }
    for (e->end = marks ? e->at : n; marks && e->end < n && marks[e->end] == JL_MARK_TEXT;)
        e->end++;
    return e->at < e->end;
}

static jl_status begin_stretch(jl_encoding *e) {
    const jl_family *f = e->t->family;
    if (!e->family && !(e->family = f->open(e->t->rules, &e->t->vocab))) return JL_ERR_MEMORY;
    if (e->ids.trace) jl_trace_stretch(e->ids.trace, e->at);
    int fine = f->begin(e->family, e->search.in.text + e->at, e->end - e->at);
    return fine ? JL_OK : JL_ERR_MEMORY;
}

static jl_status encode_text(jl_encoding *e, int64_t *work) {
    for (;;) {
        jl_status status = JL_OK;
        if (*work <= 0) return JL_MORE;
        if (e->at == e->end) {
            if (!next_stretch(e)) return JL_OK;
            *work -= (int64_t)(e->end - e->at) / 4;
            status = begin_stretch(e);
            if (status != JL_OK) e->end = e->at;
        }
        if (status == JL_OK) status = e->t->family->step(e->family, &e->ids, work);
        if (status != JL_OK) return status;
        e->at = e->end;
    }
}

jl_status jl_encoding_step(jl_encoding *e, uint32_t work, jl_error *error) {
    const jl_tokenizer *t = e->t;
    int64_t left = (int64_t)work + 1;
    if (e->done) return JL_OK;
    if (!e->searched) {
        jl_status status = jl_special_search_step(&e->search, &left, error);
        if (status != JL_OK) return status;
        e->searched = 1;
        if ((e->flags & JL_TOKENIZE_BOS) && t->add_bos && t->ids[ID_BOS] >= 0)
            jl_ids_push(&e->ids, t->ids[ID_BOS]);
    }
    jl_status status = encode_text(e, &left);
    int last = t->facts.add_separator ? ID_SEPARATOR : ID_EOS;
    int wanted = t->facts.add_separator ? t->add_separator : t->add_eos;
    if (status == JL_OK && (e->flags & JL_TOKENIZE_EOS) && wanted && t->ids[last] >= 0)
        jl_ids_push(&e->ids, t->ids[last]);
    if (status == JL_ERR_MEMORY || e->ids.failed) return jl_no_memory(error, "tokenizer");
    if (status != JL_OK) return status;
    end_encoding(e);
    e->done = 1;
    return JL_OK;
}

static jl_status begin_encoding(jl_encoding *e, const jl_tokenizer *t, jl_marked_text in, int flags,
                                jl_error *error) {
    if (in.n >= JL_MAX_TEXT)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("text"),
                       "expected fewer than %d bytes, found %u", (int)JL_MAX_TEXT, (uint64_t)in.n);
    in.control = flags & JL_TOKENIZE_SPECIAL;
    *e = (jl_encoding){ .t = t, .flags = flags, .search = { .specials = &t->specials, .in = in } };
    return check_quotes(in.quotes, in.n_quotes, in.n, error);
}

jl_encoding *jl_tokenizer_begin(const jl_tokenizer *t, const char *text, size_t n, int flags,
                                const jl_quote *quotes, size_t n_quotes, jl_error *error) {
    jl_marked_text in = { (const uint8_t *)text, n, 0, quotes, n_quotes };
    jl_encoding *e = jl_alloc(sizeof *e);
    if (!e) {
        jl_no_memory(error, "tokenizer");
    } else if (begin_encoding(e, t, in, flags, error) != JL_OK) {
        jl_free(e);
        e = NULL;
    } else {
        e->ids.own = 1;
    }
    return e;
}

const int32_t *jl_encoding_ids(const jl_encoding *e, int *n) {
    *n = e->done ? e->ids.n : 0;
    return e->ids.out;
}

void jl_encoding_free(jl_encoding *e) {
    if (!e) return;
    end_encoding(e);
    jl_free(e->ids.out);
    jl_free(e);
}

jl_trace *jl_tokenizer_trace(const jl_tokenizer *t, const char *text, size_t n, int flags,
                             jl_error *error) {
    if (n > JL_MAX_TRACE_TEXT) {
        jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("text"),
                "expected at most %d bytes to record, found %u", (int)JL_MAX_TRACE_TEXT,
                (uint64_t)n);
        return NULL;
    }
    jl_trace *trace = jl_alloc_zero(sizeof *trace);
    jl_encoding *e = trace ? jl_tokenizer_begin(t, text, n, flags, NULL, 0, error) : NULL;
    jl_status status = e ? JL_MORE : JL_ERR_MEMORY;
    if (!trace) jl_no_memory(error, "tokenizer");
    if (e) e->ids.trace = trace;
    while (status == JL_MORE) status = jl_encoding_step(e, UINT32_MAX, error);
    if (status == JL_OK) {
        trace->ids = e->ids.out;
        trace->n_ids = e->ids.n;
        e->ids.out = NULL;
        if (trace->failed) status = jl_no_memory(error, "tokenizer");
    }
    jl_encoding_free(e);
    if (status == JL_OK) return trace;
    jl_trace_free(trace);
    return NULL;
}

int jl_tokenizer_encode(const jl_tokenizer *t, const char *text, size_t n, int flags, int32_t *ids,
                        int cap, jl_error *error) {
    return jl_tokenizer_encode_quoted(t, text, n, flags, NULL, 0, ids, cap, error);
}

int jl_tokenizer_encode_quoted(const jl_tokenizer *t, const char *text, size_t n, int flags,
                               const jl_quote *quotes, size_t n_quotes, int32_t *ids, int cap,
                               jl_error *error) {
    jl_encoding e;
    jl_marked_text in = { (const uint8_t *)text, n, 0, quotes, n_quotes };
    if (cap < 0)
        return jl_fail(error, JL_ERR_ARGUMENT, JL_NO_OFFSET, jl_string("cap"),
                       "expected a capacity of at least 0 ids, found %d", cap);
    jl_status status = begin_encoding(&e, t, in, flags, error);
    if (status != JL_OK) return status;
    e.ids = (jl_ids){ .out = ids, .cap = cap };
    do status = jl_encoding_step(&e, UINT32_MAX, error);
    while (status == JL_MORE);
    end_encoding(&e);
    return status == JL_OK ? e.ids.n : (int)status;
}

/* ---- Queries ------------------------------------------------------------------------------- */

int jl_tokenizer_n_vocab(const jl_tokenizer *t) {
    return (int)t->vocab.n_tokens;
}

static int known(const jl_tokenizer *t, int32_t id) {
    return id >= 0 && (uint32_t)id < t->vocab.n_tokens;
}

jl_str jl_tokenizer_bytes(const jl_tokenizer *t, int32_t id) {
    return known(t, id) ? jl_vocab_string(&t->vocab, id) : (jl_str){ NULL, 0 };
}

jl_token_kind jl_tokenizer_kind(const jl_tokenizer *t, int32_t id) {
    return known(t, id) ? (jl_token_kind)t->vocab.kind[id] : JL_TOKEN_UNKNOWN;
}

int32_t jl_tokenizer_bos(const jl_tokenizer *t) {
    return t->ids[ID_BOS];
}

int32_t jl_tokenizer_eos(const jl_tokenizer *t) {
    return t->ids[ID_EOS];
}

#ifdef JL_ALL
int jl_tokenizer_pair_ids(const jl_tokenizer *t, int place, int32_t ids[2]) {
    int32_t end = t->ids[t->ids[ID_EOS] >= 0 ? ID_EOS : ID_SEPARATOR];
    int n = 0;
    if (place == 0 && t->add_bos) ids[n++] = t->ids[ID_BOS];
    if (place > 0 && t->add_eos) ids[n++] = end;
    if (place == 1 && t->add_separator) ids[n++] = t->ids[ID_SEPARATOR];
    while (n > 0 && ids[n - 1] < 0) n--;
    if (n == 2 && ids[0] < 0) ids[0] = ids[--n];
    return n;
}
#endif

int jl_tokenizer_is_end(const jl_tokenizer *t, int32_t id) {
    return known(t, id) && t->is_end[id];
}

int jl_tokenizer_space_prefix(const jl_tokenizer *t) {
    return t->facts.space_prefix;
}

const char *jl_tokenizer_model(const jl_tokenizer *t) {
    return t->family->model;
}

const char *jl_tokenizer_pre(const jl_tokenizer *t) {
    return t->facts.pre;
}

const char *jl_tokenizer_warning(const jl_tokenizer *t) {
    return t->facts.warning;
}

size_t jl_tokenizer_memory(const jl_tokenizer *t) {
    return sizeof *t + jl_vocab_memory(&t->vocab) + t->vocab.n_tokens +
           jl_specials_memory(&t->specials) + t->family->memory(t->rules, &t->vocab);
}
