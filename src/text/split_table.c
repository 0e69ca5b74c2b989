/* split_table.c - the table of pre-tokenisers: the rules of every name known to llama.cpp.
 *
 * Each stage is one regular expression of llama.cpp (src/llama-vocab.cpp, llm_tokenizer_bpe),
 * quoted above it, as rules for pretokenize.c. Names with equal expressions and flags share a row.
 * If llama.cpp differs from the model family's intent (its \p{Lu} means \p{L}, for instance), the
 * table follows llama.cpp.
 */
#include <string.h>

#include "pretokenize.h"

enum {
    L = JL_CHAR_LETTER,
    M = JL_CHAR_MARK,
    N = JL_CHAR_NUMBER,
    P = JL_CHAR_PUNCTUATION,
    S = JL_CHAR_SYMBOL,
    ALL = JL_CHAR_ALL,
    WHITE = JL_CHAR_WHITE,
    BLANK = JL_CHAR_BLANK,
    NEWLINE = JL_CHAR_NEWLINE,
    SLASH = JL_CHAR_SLASH,
    ASCII_LETTER = JL_CHAR_UPPER | JL_CHAR_LOWER,
    ASCII_MARKS = JL_CHAR_ASCII_PUNCTUATION | JL_CHAR_ASCII_SYMBOL | SLASH | JL_CHAR_BACKTICK
};

#define RUN(...)                                                                                   \
    { .kind = JL_SPLIT_RUN, __VA_ARGS__ }
#define RULE(name)                                                                                 \
    { .kind = JL_SPLIT_##name }
#define SINGLE(mask)   RUN(.body = (mask), .max = 1)
#define SET(text, ...) RUN(.body = ALL, .set = text, __VA_ARGS__)
#define END            RULE(END)

/* [^\r\n\p{L}\p{N}]?[…]+ and the same before capitals-first words */
#define WORD(mask, ...) RUN(.before = ALL & ~(NEWLINE | L | N), .body = (mask), __VA_ARGS__)
#define CASED(both, ...)                                                                           \
    { .kind = JL_SPLIT_CASED, .before = ALL & ~(NEWLINE | L | N), .body = (both), __VA_ARGS__ }
/*  ?[^\s\p{L}\p{N}]+[…]* */
#define OTHERS(...) RUN(.before = BLANK, .body = ALL & ~(WHITE | L | N), __VA_ARGS__)
/* \s*[\r\n]+|\s+(?!\S)|\s+ */
#define BLANKS RULE(WHITE_NEWLINE), RULE(WHITE)

/* Radford et al. 2019:
 * 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
static const jl_split_rule gpt2[] = { RULE(CONTRACTION),
                                      RUN(.before = BLANK, .body = L),
                                      RUN(.before = BLANK, .body = N),
                                      OTHERS(),
                                      RULE(WHITE),
                                      END };

/* Llama 3: (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
 * | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
static const jl_split_rule llama3[] = { RULE(CONTRACTION_CI),     WORD(L), RUN(.body = N, .max = 3),
                                        OTHERS(.after = NEWLINE), BLANKS,  END };

/* The same with one digit per piece. */
static const jl_split_rule qwen2[] = { RULE(CONTRACTION_CI),     WORD(L), SINGLE(N),
                                       OTHERS(.after = NEWLINE), BLANKS,  END };

/* The same with combining marks in words: …|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|…
 * | ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|… */
static const jl_split_rule qwen35[] = { RULE(CONTRACTION_CI),
                                        WORD(L | M),
                                        SINGLE(N),
                                        RUN(.before = BLANK, .body = ALL & ~(WHITE | L | M | N),
                                            .after = NEWLINE),
                                        BLANKS,
                                        END };

/* Qwen 2 without contractions. */
static const jl_split_rule ufakzeka[] = { WORD(L), SINGLE(N), OTHERS(.after = NEWLINE), BLANKS,
                                          END };

/* … ?[^\s\p{L}\p{N}\r\n]+|… */
static const jl_split_rule seed_coder[] = {
    RULE(CONTRACTION_CI), WORD(L), SINGLE(N), OTHERS(), BLANKS, END
};

/* Llama 3 with \p{N}+ (after a stage of \p{N}{1,3}). */
static const jl_split_rule minicpm5[] = { RULE(CONTRACTION_CI),     WORD(L), RUN(.body = N),
                                          OTHERS(.after = NEWLINE), BLANKS,  END };

/* Llama 3 with whitespace in powers of two. */
static const jl_split_rule jais2[] = { RULE(CONTRACTION_CI),
                                       WORD(L),
                                       RUN(.body = N, .max = 3),
                                       OTHERS(.after = NEWLINE),
                                       RULE(WHITE_NEWLINE),
                                       RULE(WHITE_POWERS),
                                       END };

/* …|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|… */
static const jl_split_rule exaone_moe[] = { RULE(CONTRACTION_CI),
                                            { .kind = JL_SPLIT_PHRASE,
                                              .before = ALL & ~(NEWLINE | L | N) },
                                            SINGLE(N),
                                            OTHERS(.after = NEWLINE | SLASH, .max_after = 1),
                                            BLANKS,
                                            END };

/* Tekken: [^\r\n\p{L}\p{N}]?((?=[\p{L}])([^a-z]))*((?=[\p{L}])([^A-Z]))+
 * |[^\r\n\p{L}\p{N}]?((?=[\p{L}])([^a-z]))+((?=[\p{L}])([^A-Z]))*|\p{N}
 * | ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
static const jl_split_rule tekken[] = { CASED(JL_CHAR_OTHER_LETTER), SINGLE(N),
                                        OTHERS(.after = NEWLINE | SLASH), BLANKS, END };

/* The same with (?:'[sS]|'[tT]|…)? after a word, and \p{N}{1,3}. */
static const jl_split_rule gpt4o[] = { CASED(JL_CHAR_OTHER_LETTER, .contraction = 1),
                                       RUN(.body = N, .max = 3), OTHERS(.after = NEWLINE | SLASH),
                                       BLANKS, END };

/* The same with combining marks in words. */
static const jl_split_rule granite_97m[] = { CASED(JL_CHAR_OTHER_LETTER | M, .contraction = 1),
                                             RUN(.body = N, .max = 3),
                                             OTHERS(.after = NEWLINE | SLASH), BLANKS, END };

/* [^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+(?:'[sS]|…)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|… */
static const jl_split_rule tiny_aya[] = { WORD(L | M, .contraction = 1), RUN(.body = N, .max = 3),
                                          OTHERS(.after = NEWLINE | SLASH), BLANKS, END };

/* The same with \p{N}. */
static const jl_split_rule youtu[] = { WORD(L | M, .contraction = 1), SINGLE(N),
                                       OTHERS(.after = NEWLINE | SLASH), BLANKS, END };

/* [!-/:-@[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*
 * |\s*[\r\n]+|\s+(?!\S)|\s+ */
#define MARKED_WORD                                                                                \
    { .kind = JL_SPLIT_PREFIXED, .before = ASCII_MARKS, .body = ASCII_LETTER }
static const jl_split_rule deepseek3[] = {
    MARKED_WORD, RUN(.before = ALL & ~(NEWLINE | L | P | S), .body = L | M),
    RUN(.before = BLANK, .body = P | S, .after = NEWLINE), BLANKS, END
};

/* …| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+ */
static const jl_split_rule spark[] = { MARKED_WORD,
                                       RUN(.before = ALL & ~(NEWLINE | L | P | S), .body = L | M),
                                       RUN(.before = BLANK, .body = P | S),
                                       SINGLE(NEWLINE),
                                       RULE(WHITE),
                                       END };

/* Kimi K2: \p{Han}+|[^\r\n\p{L}\p{N}]?\p{L}+ without Han (?i:'s|…)?|\p{N}{1,3}
 * | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
#define HAN                                                                                        \
    "\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002ebef\uf900-\ufaff"            \
    "\U0002f800-\U0002fa1f"
static const jl_split_rule kimi[] = { SET(HAN),
                                      WORD(L, .set = "^" HAN, .contraction = 1),
                                      RUN(.body = N, .max = 3),
                                      OTHERS(.after = NEWLINE),
                                      BLANKS,
                                      END };

/*  ?[^(\s|.,!?…。，、।۔،)]+ */
static const jl_split_rule bloom[] = {
    RUN(.before = BLANK, .body = ALL & ~WHITE,
        .set = "^(|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)"),
    END
};

/* ---- Stages of one rule ---------------------------------------------------------------------- */

static const jl_split_rule numbers[] = { RUN(.body = N), END };              /* \p{N}+ */
static const jl_split_rule number[] = { SINGLE(N), END };                    /* \p{N} */
static const jl_split_rule numbers_3[] = { RUN(.body = N, .max = 3), END };  /* \p{N}{1,3} */
static const jl_split_rule newline[] = { SINGLE(NEWLINE), END };             /* [\r\n] */
static const jl_split_rule not_white[] = { RUN(.body = ALL & ~WHITE), END }; /* \S+ */
static const jl_split_rule white_end[] = { RULE(WHITE_END), END };           /* \s+$ */
static const jl_split_rule white_letters[] = { RUN(.before = WHITE, .body = L),
                                               END };                                /* \s?\p{L}+ */
static const jl_split_rule white_marks[] = { RUN(.before = WHITE, .body = P), END }; /* \s?\p{P}+ */
/* [0-9][0-9][0-9] */
static const jl_split_rule digits_3[] = { RUN(.body = JL_CHAR_DIGIT, .min = 3, .max = 3), END };
/* [^\n]+|[\n]+ */
static const jl_split_rule lines[] = { RUN(.body = JL_CHAR_LF), RUN(.body = ALL & ~JL_CHAR_LF),
                                       END };
/* (?=(\d{3})+(?!\d)) */
static const jl_split_rule before_threes[] = { RULE(BEFORE_THREES), END };
/* \d{1,3}(?=(?:\d{3})*\b), except that llama.cpp's first match includes the text before it */
static const jl_split_rule threes[] = { { .kind = JL_SPLIT_THREES, .body = N }, END };
/* [\p{P}\$\+<=>\^~\|]+, and the same with ` */
static const jl_split_rule default_marks[] = { RUN(.body = P | JL_CHAR_ASCII_SYMBOL), END };
static const jl_split_rule falcon_marks[] = {
    RUN(.body = P | JL_CHAR_ASCII_SYMBOL | JL_CHAR_BACKTICK), END
};

/* DeepSeek LLM: \s?[A-Za-zµÀ-Ö…]+, letters of scripts with case. */
static const jl_split_rule deepseek_letters[] = {
    SET("A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af"
        "\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1"
        "\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5"
        "\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a"
        "\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d"
        "\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3"
        "\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115"
        "\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f"
        "\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3"
        "\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf"
        "\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\U00010400-\U0001044f"
        "\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2"
        "\U000118a0-\U000118df\U0001e900-\U0001e943",
        .before = WHITE),
    END
};
/* \s?[!-/:-~！-／：-～‘-‟　-。]+ */
static const jl_split_rule deepseek_marks[] = {
    SET("!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002", .before = WHITE), END
};
/* [一-龥ࠀ-一가-퟿]+ and [一-龥぀-ゟ゠-ヿ]+ */
static const jl_split_rule deepseek_east[] = { SET("\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff"),
                                               END };
#define EAST SET("\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff")
static const jl_split_rule east[] = { EAST, END };
/* [가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+ */
static const jl_split_rule youtu_east[] = {
    SET("\uac00-\ud7a3\u3131-\u318e"),
    SET("\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f"),
    SET("\u3105-\u312f"), EAST, END
};
/* [一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+ */
static const jl_split_rule afmoe_east[] = {
    SET("\u4e00-\u9fff\u3400-\u4dbf\u8c48-\ufaff\u3040-\u309f\u30a0-\u30ff\uff65-\uff9f"
        "\u2f00-\u2fdf\u0e40-\u0e7f\u0e80-\u0eff\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f"
        "\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff"),
    END
};

/* Chameleon: <sentinel:[0-9]+>, (IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z, ([\t\n]|    |  ),
 * [\p{P}!-/:-@\[-`{-~] */
static const jl_split_rule sentinel[] = {
    { .kind = JL_SPLIT_BETWEEN, .open = "<sentinel:", .body = JL_CHAR_DIGIT, .close = ">" }, END
};
static const jl_split_rule image[] = { { .kind = JL_SPLIT_BETWEEN,
                                         .open = "IMGIMG",
                                         .body = ALL,
                                         .set = "A-I",
                                         .max = 4,
                                         .close = "Z" },
                                       END };
static const jl_split_rule chameleon_white[] = { SET("\t\n", .max = 1),
                                                 RUN(.body = BLANK, .min = 4, .max = 4),
                                                 RUN(.body = BLANK, .min = 2, .max = 2), END };
static const jl_split_rule mark[] = { SINGLE(P | ASCII_MARKS), END };

/* ---- The table ------------------------------------------------------------------------------- */

static const jl_pretokenizer table[] = {
    { .name = "default", .stages = { default_marks, gpt2, numbers, digits_3 } },
    { .name = "gpt-2",
      .alias = " phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert"
               " jina-v1-en jina-v2-code roberta-bpe exaone4 mpt olmo jais trillion"
               " granite-docling ",
      .stages = { gpt2 } },
    { .name = "smollm",
      .alias = " starcoder refact command-r codeshell exaone minerva-7b mellum2 ",
      .stages = { number, gpt2 } },
    { .name = "llama-bpe",
      .alias = " llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano ",
      .stages = { llama3 },
      .ignore_merges = 1,
      .add_bos = 1 },
    { .name = "dbrx", .alias = " smaug-bpe chatglm-bpe ", .stages = { llama3 } },
    { .name = "glm4", .alias = " glm5 ", .stages = { llama3 }, .ignore_merges = 1 },
    { .name = "qwen2",
      .alias = " deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2"
               " bailingmoe bailingmoe2 llada-moe ",
      .stages = { qwen2 } },
    { .name = "qwen35", .stages = { qwen35 } },
    { .name = "laguna", .stages = { lines, qwen2 } },
    { .name = "ufakzeka", .stages = { ufakzeka } },
    { .name = "seed-coder", .stages = { seed_coder } },
    { .name = "minicpm5", .stages = { numbers_3, minicpm5 }, .ignore_merges = 1 },
    { .name = "jais-2", .stages = { jais2 } },
    { .name = "exaone-moe", .stages = { exaone_moe } },
    { .name = "tekken", .stages = { tekken }, .ignore_merges = 1, .add_bos = 1 },
    { .name = "gpt-4o", .alias = " llama4 kanana2 talkie minimax-m2 ", .stages = { gpt4o } },
    { .name = "granite-embed-multi-97m", .stages = { granite_97m }, .ignore_merges = 1 },
    { .name = "tiny_aya", .alias = " cohere2moe ", .stages = { threes, tiny_aya } },
    { .name = "youtu", .stages = { youtu_east, youtu }, .ignore_merges = 1 },
    { .name = "deepseek-llm",
      .stages = { newline, deepseek_letters, deepseek_marks, white_end, deepseek_east, numbers } },
    { .name = "deepseek-coder",
      .stages = { newline, white_letters, white_marks, deepseek_east, number } },
    { .name = "deepseek-v3",
      .alias = " hunyuan-dense joyai-llm hy_v4 ",
      .stages = { numbers_3, east, deepseek3 } },
    { .name = "spark2_5", .stages = { numbers_3, east, spark, number } },
    { .name = "afmoe", .stages = { threes, afmoe_east, deepseek3 } },
    { .name = "kimi-k2", .stages = { kimi }, .merges_optional = 1 },
    { .name = "falcon", .stages = { falcon_marks, gpt2, digits_3 } },
    { .name = "bloom", .alias = " poro-chat gpt3-finnish ", .stages = { bloom } },
    { .name = "viking", .stages = { bloom, number } },
    { .name = "superbpe", .stages = { numbers, before_threes } },
    { .name = "chameleon",
      .stages = { sentinel, image, chameleon_white, number, mark, gpt2 },
      .add_bos = 1 },
    { .name = "gemma4",
      .alias = " granite-embed-multi-311m ",
      .stages = { lines },
      .whole_newlines = 1,
      .add_bos = 2,
      .raw = JL_RAW_BLANKS },
    { .name = "sarvam-moe", .stages = { lines }, .raw = JL_RAW_BLANKS },
    { .name = "whitespace", .stages = { not_white }, .raw = JL_RAW_PLAIN },
};

enum { ROWS = sizeof table / sizeof *table };

/* Whether the list " one two " contains the name. */
static int listed(const char *list, jl_str name) {
    while (list && *list) {
        const char *start = list + 1, *end = strchr(start, ' ');
        if (!end) return 0;
        if ((size_t)(end - start) == name.n && memcmp(start, name.data, name.n) == 0) return 1;
        list = end;
    }
    return 0;
}

const jl_pretokenizer *jl_pretokenizer_at(int i) {
    return i >= 0 && i < ROWS ? &table[i] : NULL;
}

const jl_pretokenizer *jl_pretokenizer_find(jl_str name) {
    if (name.n == 0) return NULL;
    for (int i = 0; i < ROWS; i++)
        if (jl_str_equal(name, table[i].name) || listed(table[i].alias, name)) return &table[i];
    return NULL;
}
