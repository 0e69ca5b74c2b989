/* fuzz_import.c - libFuzzer target: any bytes → jlt_import(), and one loss if it loads.
 *
 * Besides the sanitizers: an error has place and message and leaves no memory; a loaded network
 * predicts every id. Mutations mostly keep the layout and hit the header. Seeds:
 * "fuzz_import --seeds=DIR" writes a small network of every kind and type and exits.
 */
#include "fuzz.h"

#include "../../src/train/export.h"
#include "../../src/train/import.h"
/* after layers.h, because its macros replace names there */
#include "../../src/compute/kernels.h"

enum { LENGTH = 5, LARGEST = 1 << 20 /* parameters; larger networks only cost time */ };

/* Cross-entropy of a sequence that contains the first and last id. */
static void predict(const jlt_network *net, const float *params) {
    int last = net->shape.n_vocab - 1;
    int32_t ids[LENGTH + 1] = { last, 0, last, last / 2, 1, last };
    int length = net->shape.n_ctx < LENGTH ? net->shape.n_ctx : LENGTH;
    jlt_workspace *ws = jlt_workspace_new(net, 1, length);
    REQUIRE(ws);
    volatile double loss = jlt_network_loss(net, ws, params, ids, 1, length, NULL, 0, NULL);
    (void)loss;
    jlt_workspace_free(ws);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    jl_gguf g;
    jlt_network net;
    float *params;
    jl_error e = { 0 };
    if (n == 0 || jl_gguf_parse(&g, data, n, n, &e) != JL_OK) return 0;
    const jl_gguf_tensor *t = jl_gguf_find_tensor(&g, "token_embd.weight");
    int rows = t && t->dims[1] < LARGEST ? (int)t->dims[1] : 0;
    jl_status st = jlt_import(&g, data, n, rows, jl_sgemm, &net, &params, &e);
    REQUIRE(st == e.code && (st == JL_OK || (e.message[0] && e.where[0])));
    jl_gguf_free(&g);
    if (st == JL_OK) {
        if (net.n_params < LARGEST) predict(&net, params);
        jl_free(params);
        jlt_network_free(&net);
    }
    REQUIRE(jl_memory_live() == 0);
    return 0;
}

/* ---- Seeds ----------------------------------------------------------------------------------- */

static const jlt_net_shape shape = { .n_vocab = 12,
                                     .n_ctx = 6,
                                     .n_embd = 32,
                                     .n_layers = 1,
                                     .n_heads = 2,
                                     .n_kv_heads = 1,
                                     .n_ff = 32,
                                     .n_window = 2,
                                     .rope_base = 10000,
                                     .eps = 1e-5f };

static void write_network(const char *folder, const jlt_net_shape *s, jl_type type) {
    char name[64];
    jlt_network net;
    jl_error error = { 0 };
    jlt_export e = { type, NULL, "seed", "", NULL, "" };
    REQUIRE(jlt_network_init(&net, s, jl_sgemm, &error) == JL_OK);
    float *params = jl_alloc_array(net.n_params, sizeof *params);
    jlt_network_start(&net, 1, params);
    size_t n = (size_t)jlt_export_write(&net, params, &e, NULL);
    uint8_t *bytes = malloc(n);
    jlt_export_write(&net, params, &e, bytes);
    snprintf(name, sizeof name, "import-%d-%d-%d.gguf", s->kind, s->position, type);
    write_seed(folder, name, bytes, n);
    free(bytes);
    jl_free(params);
    jlt_network_free(&net);
}

void write_seeds(const char *folder) {
    static const jl_type types[] = { JL_F32, JL_F16, JL_Q8_0, JL_Q4_0 };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        jlt_net_shape s = shape;
        for (s.position = JLT_NET_ROPE; s.position <= JLT_NET_NONE; s.position++)
            write_network(folder, &s, types[i]);
        for (s.kind = JLT_NET_GRU; s.kind < JLT_NET_KINDS; s.kind++)
            write_network(folder, &s, types[i]);
    }
}
