/* pretokenize.h - splits text into pieces; merges never cross a piece.
 *
 * A pre-tokeniser is data (split_table.c): its authors' regular expressions, each written as a
 * stage, a list of rules over character classes. The first stage splits the text, each later stage
 * splits the previous stage's pieces. At each position the first matching rule takes a piece; text
 * between two matches is a piece too, so the pieces always cover the whole text. Matching equals
 * llama.cpp's (src/unicode.cpp), which follows each model family's tokenizer.json.
 */
#ifndef JL_PRETOKENIZE_H
#define JL_PRETOKENIZE_H

#include "../base/status.h"
#include "unicode.h"

enum { JL_MAX_STAGES = 6 };

typedef enum jl_split_kind {
    JL_SPLIT_END,            /* ends a stage */
    JL_SPLIT_RUN,            /* `before`?, `body`{min,max}, `after`{0,max_after} */
    JL_SPLIT_PREFIXED,       /* RUN with `before` required */
    JL_SPLIT_CASED,          /* `before`?, then a word, capitals first */
    JL_SPLIT_PHRASE,         /* `before`?, words of letters and marks, separated by one space */
    JL_SPLIT_BETWEEN,        /* open `body`{1,max} close */
    JL_SPLIT_CONTRACTION,    /* 's 't 're 've 'm 'll 'd */
    JL_SPLIT_CONTRACTION_CI, /* the same, ignoring case */
    JL_SPLIT_WHITE_NEWLINE,  /* \s*[\r\n]+: whitespace up to its last line break */
    JL_SPLIT_WHITE,          /* \s+(?!\S)|\s+: all but the last before other text */
    JL_SPLIT_WHITE_POWERS,   /* \s{512}(?!\S)|\s{256}(?!\S)|…|\s{4}(?!\S)|\s{1,2}(?!\S)|\s */
    JL_SPLIT_WHITE_END,      /* \s+$ */
    JL_SPLIT_THREES,         /* `body` in threes from the end of a run, with any text before it */
    JL_SPLIT_BEFORE_THREES   /* up to the next digit with a multiple of three digits left */
} jl_split_kind;

typedef struct jl_split_rule {
    jl_split_kind kind;
    int before, body, after; /* JL_CHAR_… masks */
    int min, max;            /* of body; 0: 1 and unlimited */
    int max_after;           /* 0: unlimited */
    int contraction;         /* an English contraction may follow, ignoring case */
    const char *set;         /* restricts body to this set ("a-zé") or its complement ("^a-z") */
    const char *open, *close;
} jl_split_rule;

typedef enum jl_raw {
    JL_RAW_NO,     /* tokens use GPT-2's byte alphabet */
    JL_RAW_BLANKS, /* tokens are UTF-8 with U+2581 for a space */
    JL_RAW_PLAIN   /* tokens are UTF-8 */
} jl_raw;

typedef struct jl_pretokenizer {
    const char *name;  /* tokenizer.ggml.pre */
    const char *alias; /* other names, each between spaces */
    const jl_split_rule *stages[JL_MAX_STAGES + 1];
    int ignore_merges;   /* a piece equal to a token is not merged */
    int whole_newlines;  /* a run of line feeds equal to a token is not merged */
    int add_bos;         /* 0 no, 1 unless the file says otherwise, 2 always */
    int merges_optional; /* a file without merges is valid */
    jl_raw raw;
} jl_pretokenizer;

/* NULL: unknown name. */
const jl_pretokenizer *jl_pretokenizer_find(jl_str name);

/* Row i of the table, for tests and documentation; NULL past the end. */
const jl_pretokenizer *jl_pretokenizer_at(int i);

/* A stage's position in the previous stage's piece. */
typedef struct jl_stage_place {
    size_t at, limit;    /* still to split; rules never read past limit */
    size_t next;         /* end of a known match at `at`, else 0 */
    size_t run, run_end; /* a measured run of whitespace or digits: [run, run_end) */
    size_t run_last;     /* start of its last character */
    size_t newline_end;  /* end of its last line break, else run */
} jl_stage_place;

/* Iterates over the pieces of text[n]; private fields. */
typedef struct jl_pieces {
    const jl_pretokenizer *how;
    const uint8_t *text;
    jl_stage_place stages[JL_MAX_STAGES];
    jl_stage_place *stage; /* whose rules are running */
    int last;              /* index of the last stage */
    uint32_t code;         /* the last character read */
    jl_char_run found;
#ifdef JL_DEBUG
    size_t looks; /* characters read so far */
#endif
} jl_pieces;

void jl_pieces_begin(jl_pieces *p, const jl_pretokenizer *how, const uint8_t *text, size_t n);

/* The next piece, never empty; 0: end of text. Total time is linear in the text. */
int jl_pieces_next(jl_pieces *p, jl_str *piece);

#endif
