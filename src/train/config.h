/* config.h - a training run as a small text: one `key = value` a line, # begins a comment.
 *
 * The table in config.c is the list of keys; the README of the recipes explains them. A key that is
 * left out keeps its default, an unknown one is an error, so a recipe never means something else
 * than it says. Paths are kept as they are written; the host opens them.
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
    jlt_options train; /* shape.n_vocab is left 0: the tokenizer knows it */
    char name[JLT_CONFIG_TEXT], author[JLT_CONFIG_TEXT], license[JLT_CONFIG_TEXT];
    char description[JLT_CONFIG_TEXT];
    jlt_config_paths text; /* the last 2 % of each are held out, where held_out names no files */
    jlt_config_paths held_out;       /* texts that are only measured */
    char tokenizer[JLT_CONFIG_TEXT]; /* a GGUF file with the vocabulary */
    char out[JLT_CONFIG_TEXT];       /* where results go: OUT.gguf, OUT.csv, OUT.ckpt */
    int log_every, evaluate_every, evaluate_windows, checkpoint_every; /* steps, windows */
} jlt_config;

/* Fills *c with defaults and then with text[n]. On failure *error names the key and its line. */
jl_status jlt_config_parse(jlt_config *c, const char *text, size_t n, jl_error *error);

/* Where the held-out part of a text begins: after the first line end past 98 % of it. */
size_t jlt_held_out_at(const char *text, size_t n);

#endif
