/* baseline.c - `jielong score` for recurrent and window networks. Their small files are read whole;
 * the forward pass is that of training. */
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/memory.h"
#include "../text/tokenizer.h"
#include "../train/import.h"
#include "cli.h"

/* Upper bound of a baseline file's header, in bytes. */
enum { MAX_HEADER = 1 << 22 };

int cli_is_baseline(const char *path) {
    jl_gguf g;
    jl_error ignored = { 0 };
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = f ? malloc(MAX_HEADER) : NULL;
    size_t n = bytes ? fread(bytes, 1, MAX_HEADER, f) : 0;
    int yes = n > 0 && jl_gguf_parse(&g, bytes, n, 0, &ignored) == JL_OK;
    if (yes) {
        yes = jlt_import_is_baseline(&g);
        jl_gguf_free(&g);
    }
    if (f) fclose(f);
    free(bytes);
    return yes;
}

/* Total nats of ids[1..n), in independent windows of the context length. */
static double nats_of(const jlt_network *net, const float *params, const int32_t *ids, int n) {
    int length = net->shape.n_ctx < n - 1 ? net->shape.n_ctx : n - 1;
    double sum = 0;
    jlt_workspace *ws = jlt_workspace_new(net, 1, length);
    if (!ws) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the network's activations", NULL);
    for (int at = 0; at < n - 1; at += length) {
        int T = n - 1 - at < length ? n - 1 - at : length;
        sum += jlt_network_loss(net, ws, params, ids + at, 1, T, NULL, 0, NULL);
    }
    jlt_workspace_free(ws);
    return sum;
}

/* The ids of o->file, limited by -n; owned by the caller. */
static int32_t *read_ids(const cli_options *o, const jl_tokenizer *t, int *count) {
    jl_error error = { 0 };
    cli_tokens tokens = { 0 };
    size_t n;
    char *text = cli_read(o->file, &n);
    int flags = o->special ? JL_TOKENIZE_SPECIAL : 0;
    cli_append_encoded(&tokens, jl_tokenizer_begin(t, text, n, flags, NULL, 0, &error), &error);
    free(text);
    *count = (int)tokens.n;
    if (*count < 2 || (o->n_given && o->n == 0))
        cli_die(1, "BAD_ARGUMENT",
                "nothing to score: the text has fewer than two tokens, or -n is 0", o->file);
    if (o->n_given && o->n + 1 < *count) *count = o->n + 1;
    return tokens.ids;
}

int cli_score_baseline(const cli_options *o) {
    jl_error error = { 0 };
    jl_gguf g;
    jlt_network net;
    float *params;
    size_t n, bytes = 0;
    int count;
    char *file = cli_read(o->model, &n);
    jl_status st = jl_gguf_parse(&g, (const uint8_t *)file, n, n, &error);
    if (st == JL_MORE) cli_die(1, "TRUNCATED", "the file ends in its header", o->model);
    jl_tokenizer *t = st ? NULL : jl_tokenizer_new(&g, &error);
    if (error.code) cli_fail(&error);
    if (!t) cli_die(1, "BAD_TOKENIZER", "has no tokenizer", o->model);
    if (jlt_import(&g, (const uint8_t *)file, n, jl_tokenizer_n_vocab(t), cli_gemm(), &net, &params,
                   &error))
        cli_fail(&error);
    int32_t *ids = read_ids(o, t, &count);
    for (int i = 1; i < count; i++) bytes += jl_tokenizer_bytes(t, ids[i]).n;
    cli_report_score(nats_of(&net, params, ids, count), count - 1, bytes);
    free(ids);
    jl_tokenizer_free(t);
    jl_free(params);
    jlt_network_free(&net);
    jl_gguf_free(&g);
    free(file);
    return 0;
}
