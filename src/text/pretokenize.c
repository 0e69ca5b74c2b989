/* pretokenize.c - the table of pre-tokenisers and the machine that runs their rules.
 *
 * Rules are tried in order at one position, each at most one pass over the characters it takes,
 * and what a rule looks at beyond its piece is white space that the next rules take: linear time,
 * no backtracking. White space is never copied or changed here, and positions are bytes.
 */
#include "pretokenize.h"

#include <string.h>

typedef enum rule_kind {
    RULE_END,
    RULE_RUN,            /* one `before`?, then `body`{1,max} (max 0: any number), then `after`* */
    RULE_CONTRACTION,    /* 's 't 're 've 'm 'll 'd */
    RULE_CONTRACTION_CI, /* the same in any case */
    RULE_WHITE_NEWLINE,  /* \s*[\r\n]+: white space up to its last line break */
    RULE_WHITE           /* \s+(?!\S)|\s+: leaves the last one to what follows */
} rule_kind;

struct jl_split_rule {
    uint8_t kind;
    uint8_t before, body, after; /* masks of JL_CHAR_… */
    uint8_t max;
};

enum {
    L = JL_CHAR_LETTER,
    N = JL_CHAR_NUMBER,
    BLANK = JL_CHAR_BLANK,
    OTHER = JL_CHAR_OTHER,
    NEWLINE = JL_CHAR_NEWLINE,
    SPACE = JL_CHAR_SPACE
};

/* Radford et al. 2019:
 * 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
static const jl_split_rule rules_gpt2[] = {
    { .kind = RULE_CONTRACTION },
    { .kind = RULE_RUN, .before = BLANK, .body = L },
    { .kind = RULE_RUN, .before = BLANK, .body = N },
    { .kind = RULE_RUN, .before = BLANK, .body = OTHER },
    { .kind = RULE_WHITE },
    { .kind = RULE_END },
};

/* Llama 3:
 * (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
 * |\s*[\r\n]+|\s+(?!\S)|\s+ */
static const jl_split_rule rules_llama3[] = {
    { .kind = RULE_CONTRACTION_CI },
    { .kind = RULE_RUN, .before = BLANK | SPACE | OTHER, .body = L },
    { .kind = RULE_RUN, .body = N, .max = 3 },
    { .kind = RULE_RUN, .before = BLANK, .body = OTHER, .after = NEWLINE },
    { .kind = RULE_WHITE_NEWLINE },
    { .kind = RULE_WHITE },
    { .kind = RULE_END },
};

/* The same with one digit a piece. */
static const jl_split_rule rules_qwen2[] = {
    { .kind = RULE_CONTRACTION_CI },
    { .kind = RULE_RUN, .before = BLANK | SPACE | OTHER, .body = L },
    { .kind = RULE_RUN, .body = N, .max = 1 },
    { .kind = RULE_RUN, .before = BLANK, .body = OTHER, .after = NEWLINE },
    { .kind = RULE_WHITE_NEWLINE },
    { .kind = RULE_WHITE },
    { .kind = RULE_END },
};

/* Names that llama.cpp (src/llama-vocab.cpp) maps to the same expressions and the same flags. */
static const jl_pretokenizer table[] = {
    { .name = "gpt-2",
      .alias = " phi-2 jina-es jina-de gigachat a.x-4.0 mellum exaone4 mpt olmo jais trillion"
               " granite-docling ",
      .rules = rules_gpt2 },
    { .name = "smollm",
      .alias = " starcoder refact command-r codeshell exaone minerva-7b mellum2 ",
      .rules = rules_gpt2,
      .isolate = N },
    { .name = "llama-bpe",
      .alias = " llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano ",
      .rules = rules_llama3,
      .ignore_merges = 1,
      .add_bos = 1 },
    { .name = "dbrx", .alias = " smaug-bpe ", .rules = rules_llama3 },
    { .name = "qwen2",
      .alias = " deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open ",
      .rules = rules_qwen2 },
};

/* Whether list, " one two ", has the name. */
static int listed(const char *list, jl_str name) {
    while (*list) {
        const char *start = list + 1, *end = strchr(start, ' ');
        if (!end) return 0;
        if ((size_t)(end - start) == name.n && memcmp(start, name.data, name.n) == 0) return 1;
        list = end;
    }
    return 0;
}

const jl_pretokenizer *jl_pretokenizer_find(jl_str name) {
    if (name.n == 0) return NULL;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (jl_str_equal(name, table[i].name) || listed(table[i].alias, name)) return &table[i];
    return NULL;
}

/* ---- The machine --------------------------------------------------------------------------- */

/* The class of the character at `at` and where it ends; JL_CHAR_END at the end of the stretch. */
static int class_at(jl_pieces *p, size_t at, size_t *end) {
    if (at >= p->limit) return JL_CHAR_END;
    uint32_t code;
    *end = at + (size_t)jl_utf8_decode(p->text + at, p->limit - at, &code);
    return jl_char_class(code, &p->run);
}

/* Passes up to max characters of the mask (0: any number); returns where they end. */
static size_t pass(jl_pieces *p, size_t at, int mask, int max) {
    size_t end;
    for (int i = 0; (max == 0 || i < max) && (class_at(p, at, &end) & mask); i += max > 0) at = end;
    return at;
}

/* Each match_… returns where the match that begins at `at` ends, or `at` itself for none. */

static size_t match_run(jl_pieces *p, const jl_split_rule *r, size_t at) {
    size_t start = at, end;
    int class = class_at(p, at, &end);
    if (class & r->before) {
        size_t unused;
        /* The optional character counts only where the body follows; else it may be body. */
        if (class_at(p, end, &unused) & r->body) start = end;
    }
    size_t body = pass(p, start, r->body, r->max);
    if (body == start) return at;
    return r->after ? pass(p, body, r->after, 0) : body;
}

static size_t match_contraction(const jl_pieces *p, size_t at, int any_case) {
    const uint8_t *s = p->text + at;
    size_t room = p->limit - at;
    if (s[0] != '\'' || room < 2) return at;
    int fold = any_case ? 0x20 : 0;
    int a = s[1] | fold, b = room > 2 ? s[2] | fold : 0;
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return at + 2;
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return at + 3;
    return at;
}

static size_t match_white_newline(jl_pieces *p, size_t at) {
    size_t match = at, end;
    for (int class; (class = class_at(p, at, &end)) & JL_CHAR_WHITE; at = end)
        if (class == JL_CHAR_NEWLINE) match = end;
    return match;
}

static size_t match_white(jl_pieces *p, size_t at) {
    size_t start = at, last = at, end;
    while (class_at(p, at, &end) & JL_CHAR_WHITE) last = at, at = end;
    /* (?!\S): something follows, so the last one stays with it, unless it is the only one. */
    return at < p->limit && last > start ? last : at;
}

static size_t match(jl_pieces *p, const jl_split_rule *r, size_t at) {
    switch ((rule_kind)r->kind) {
    case RULE_RUN:
        return match_run(p, r, at);
    case RULE_CONTRACTION:
        return match_contraction(p, at, 0);
    case RULE_CONTRACTION_CI:
        return match_contraction(p, at, 1);
    case RULE_WHITE_NEWLINE:
        return match_white_newline(p, at);
    case RULE_WHITE:
        return match_white(p, at);
    case RULE_END:
        break;
    }
    return at;
}

void jl_pieces_begin(jl_pieces *p, const jl_pretokenizer *how, const uint8_t *text, size_t n) {
    *p = (jl_pieces){ .how = how, .text = text, .n = n, .limit = how->isolate ? 0 : n };
}

/* At the end of a stretch: the next piece is one isolated character, or the next stretch begins. */
static size_t next_stretch(jl_pieces *p) {
    size_t end;
    p->limit = p->n;
    if (class_at(p, p->at, &end) & p->how->isolate) return p->limit = end;
    for (size_t at = p->at; at < p->n; at = end)
        if (class_at(p, at, &end) & p->how->isolate) {
            p->limit = at;
            break;
        }
    return p->at;
}

int jl_pieces_next(jl_pieces *p, jl_str *piece) {
    size_t start = p->at, end = start;
    if (start >= p->n) return 0;
    if (start == p->limit) end = next_stretch(p);
    for (const jl_split_rule *r = p->how->rules; end == start && r->kind != RULE_END; r++)
        end = match(p, r, start);
    if (end == start) class_at(p, start, &end);
    p->at = end;
    *piece = (jl_str){ (const char *)p->text + start, end - start };
    return 1;
}
