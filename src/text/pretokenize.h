/* pretokenize.h - text → pieces, the words inside which merges may happen.
 *
 * A pre-tokeniser is data (split_table.c): the regular expressions of its authors, each written as
 * a stage, a list of rules over character classes. The first stage cuts the text, each further one
 * cuts what the one before left. At each place of a stage the first rule that matches takes a
 * piece; what lies between two matches is a piece too, so the pieces always make up the whole text.
 * Matching equals llama.cpp's (src/unicode.cpp), which in turn follows the tokenizer.json of each
 * model family.
 */
#ifndef JL_PRETOKENIZE_H
#define JL_PRETOKENIZE_H

#include "../base/status.h"
#include "unicode.h"

enum { JL_MAX_STAGES = 6 };

typedef enum jl_split_kind {
    JL_SPLIT_END,            /* of a stage */
    JL_SPLIT_RUN,            /* `before`?, `body`{min,max}, `after`{0,most} */
    JL_SPLIT_PREFIXED,       /* the same with `before` required */
    JL_SPLIT_CASED,          /* `before`?, then a word whose capitals come first */
    JL_SPLIT_PHRASE,         /* `before`?, words of letters and marks, one blank between them */
    JL_SPLIT_BETWEEN,        /* open `body`{1,max} close */
    JL_SPLIT_CONTRACTION,    /* 's 't 're 've 'm 'll 'd */
    JL_SPLIT_CONTRACTION_CI, /* the same in any case */
    JL_SPLIT_WHITE_NEWLINE,  /* \s*[\r\n]+: white space up to its last line break */
    JL_SPLIT_WHITE,          /* \s+(?!\S)|\s+: leaves the last one to what follows */
    JL_SPLIT_WHITE_POWERS,   /* \s{512}(?!\S)|\s{256}(?!\S)|…|\s{4}(?!\S)|\s{1,2}(?!\S)|\s */
    JL_SPLIT_WHITE_END,      /* \s+$ */
    JL_SPLIT_THREES,         /* `body` in threes from the end of a run, else with what follows */
    JL_SPLIT_BEFORE_THREES   /* up to the next digit that begins a multiple of three digits */
} jl_split_kind;

typedef struct jl_split_rule {
    jl_split_kind kind;
    int before, body, after; /* masks of JL_CHAR_… */
    int min, max;            /* of body; 0: 1, and any number */
    int max_after;           /* 0: any number */
    int contraction;         /* an English contraction may follow, in any case */
    const char *set;         /* body is only what is in this set: "a-zé", or not in it: "^a-z" */
    const char *open, *close;
} jl_split_rule;

typedef enum jl_raw {
    JL_RAW_NO,     /* tokens are spelled in GPT-2's alphabet of bytes */
    JL_RAW_BLANKS, /* tokens are UTF-8 with U+2581 for a blank */
    JL_RAW_PLAIN   /* tokens are UTF-8 */
} jl_raw;

typedef struct jl_pretokenizer {
    const char *name;  /* tokenizer.ggml.pre */
    const char *alias; /* other names of the same thing, each between blanks */
    const jl_split_rule *stages[JL_MAX_STAGES + 1];
    int ignore_merges;   /* a piece that is a token as a whole is taken as it is */
    int whole_newlines;  /* a run of line feeds that is a token is taken as it is */
    int add_bos;         /* where the file does not say; 2: whatever it says */
    int merges_optional; /* a file without merges is none the less whole */
    jl_raw raw;
} jl_pretokenizer;

/* NULL: the name is not known. */
const jl_pretokenizer *jl_pretokenizer_find(jl_str name);

/* The table, for tests and documentation: NULL beyond its end. */
const jl_pretokenizer *jl_pretokenizer_at(int i);

/* Where a stage stands in the piece of the stage before. */
typedef struct jl_stage_place {
    size_t at, limit;    /* what is left to cut; rules do not look beyond */
    size_t next;         /* end of the match that begins at `at`, 0 where none is known */
    size_t run, run_end; /* a run of white space or digits that was measured: [run, run_end) */
    size_t run_last, newline_end; /* its last character; the end of its last line break, or run */
} jl_stage_place;

/* Walks the pieces of text[n]; the fields are private. */
typedef struct jl_pieces {
    const jl_pretokenizer *how;
    const uint8_t *text;
    jl_stage_place stages[JL_MAX_STAGES];
    jl_stage_place *stage; /* whose rules are being tried */
    int last;              /* the last stage */
    uint32_t code;         /* the character that was looked at last */
    jl_char_run found;
#ifdef JL_DEBUG
    size_t looks; /* at characters: the work done so far */
#endif
} jl_pieces;

void jl_pieces_begin(jl_pieces *p, const jl_pretokenizer *how, const uint8_t *text, size_t n);

/* The next piece, not empty; 0 at the end of the text. Time is linear in the text. */
int jl_pieces_next(jl_pieces *p, jl_str *piece);

#endif
