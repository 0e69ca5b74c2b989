/* config.h - parses the recipe of a training run: one `key = value` per line, # begins a comment.
 *
 * config.c lists the keys, the README of the recipes explains them. A missing key keeps its
 * default; an unknown key is an error. Paths are stored as written; the host opens them.
 */
#ifndef JL_CONFIG_H
#define JL_CONFIG_H

#include "trainer.h"

enum { JLT_CONFIG_TEXT = 256, JLT_CONFIG_TEXTS = 8 };

typedef struct jlt_config_paths {
    int n;
    char path[JLT_CONFIG_TEXTS][JLT_CONFIG_TEXT];
} jlt_config_paths;

typedef struct jlt_config {
    jlt_options train; /* shape.n_vocab stays 0 until the tokenizer is loaded */
    char name[JLT_CONFIG_TEXT], author[JLT_CONFIG_TEXT], license[JLT_CONFIG_TEXT];
    char description[JLT_CONFIG_TEXT];
    jlt_config_paths text;           /* without held_out, the last 2 % of each are held out */
    jlt_config_paths held_out;       /* texts for evaluation only */
    char tokenizer[JLT_CONFIG_TEXT]; /* a GGUF file with the vocabulary */
    char out[JLT_CONFIG_TEXT];       /* path prefix of results: OUT.gguf, OUT.csv, OUT.ckpt */
    int log_every, evaluate_every, evaluate_windows, checkpoint_every; /* steps, windows */
} jlt_config;

/* Sets the defaults, then parses text[n]. On failure *error names the key and its line. */
jl_status jlt_config_parse(jlt_config *c, const char *text, size_t n, jl_error *error);

/* Where the held-out part of a text begins: after the first line end past 98 % of it. */
size_t jlt_held_out_at(const char *text, size_t n);

#endif
