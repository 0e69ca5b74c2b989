/* embed.c - the native embed command: prints a text's embedding as a JSON array. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 0: the model's own. */
static int pooling_of(const cli_options *o) {
    if (!o->pooling) return 0;
    if (strcmp(o->pooling, "mean") == 0) return JL_POOLING_MEAN;
    if (strcmp(o->pooling, "cls") == 0) return JL_POOLING_CLS;
    if (strcmp(o->pooling, "last") == 0) return JL_POOLING_LAST;
    cli_die(2, "USAGE", "expected mean, cls or last", "--pooling");
}

static void print(const float *x, int n) {
    for (int i = 0; i < n; i++) printf("%c%.9g", i ? ',' : '[', (double)x[i]);
    puts("]");
}

int cli_embed(const cli_options *o) {
    jl_error error = { 0 };
    int32_t *ids = NULL;
    int count = 0, requested = pooling_of(o);
    if (!o->text == !o->ids) cli_die(2, "USAGE", "takes one of TEXT and --ids 1,2,3", "embed");
    if (o->ids) count = cli_parse_ids(o->ids, &ids);
    jl_model *m = cli_load(o);
    if (!ids)
        ids = cli_tokenize(m, o->text, strlen(o->text), JL_TOKENIZE_BOS | JL_TOKENIZE_EOS, &count);
    jl_pooling pooling = requested ? (jl_pooling)requested : jl_model_pooling(m);
    jl_session_options options = { .n_ctx = count > 0 ? count : 1,
                                   .pool = cli_pool(m, o->threads) };
    jl_session *s = jl_session_new(m, &options, &error);
    float *out = calloc((size_t)jl_model_n_embd(m) + 1, sizeof *out);
    if (!s) cli_fail(&error);
    if (!out) cli_die(1, "OUT_OF_MEMORY", "not enough memory for the vector", NULL);
    jl_status status = jl_session_append(s, ids, count, &error);
    if (status == JL_OK) status = JL_MORE;
    while (status == JL_MORE) status = jl_session_embed(s, pooling, out, &error);
    if (status < 0) cli_fail(&error);
    print(out, jl_model_n_embd(m));
    free(out);
    free(ids);
    jl_session_free(s);
    jl_model_free(m);
    return 0;
}
