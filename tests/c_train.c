/* c_train.c - whole training steps against PyTorch, recipes, checkpoints, determinism.
 *
 * Gradients have a program of their own (c_gradients.c); here float runs as it ships.
 */
#include <math.h>
#include <string.h>

#include "../src/base/memory.h"
#include "../src/train/config.h"
#include "../src/train/product.h"
#include "check.h"

/* ---- Three steps against PyTorch (golden/torch_steps.py) ------------------------------------- */

enum { B = 2, T = 6, STEPS = 3 };

static const jl_net_shape shape = { .n_vocab = 17,
                                    .n_ctx = T,
                                    .n_embd = 16,
                                    .n_layers = 2,
                                    .n_heads = 4,
                                    .n_kv_heads = 2,
                                    .n_ff = 24,
                                    .rope_base = 10000,
                                    .eps = 1e-5f };

static const jl_optimizer optimizer = { .steps = 1 << 20,
                                        .lr = 0.01f,
                                        .lr_matrix = 0.02f,
                                        .lr_end = 1,
                                        .beta1 = 0.9f,
                                        .beta2 = 0.98f,
                                        .momentum = 0.95f,
                                        .adam_eps = 1e-8f,
                                        .decay = 0.1f,
                                        .clip = 0.5f };

static void start_by_formula(const jl_network *net, float *params) {
    for (int i = 0; i < net->n_tensors; i++) {
        const jl_net_tensor *t = &net->tensors[i];
        for (size_t j = t->at; j < t->at + (size_t)t->rows * (size_t)t->cols; j++)
            params[j] = (float)(((double)(j * 7919 % 1000) / 1000 - 0.5) * 0.8 + (t->rows == 1));
    }
}

/* Largest distance, relative to the golden value where that is above 1. */
static double distance(const float *found, const float *golden, size_t n) {
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double off = fabs((double)found[i] - (double)golden[i]) / fmax(1, fabs((double)golden[i]));
        if (!(off <= worst)) worst = off;
    }
    return worst;
}

static void compare_steps(jl_optimizer_kind kind, const float *golden) {
    jl_network net;
    jl_error error = { 0 };
    jl_optimizer o = optimizer;
    o.kind = kind;
    CHECK(jl_network_init(&net, &shape, jl_gemm_plain, &error) == JL_OK, "%s", error.message);
    size_t n = net.n_params;
    jl_workspace *ws = jl_workspace_new(&net, B, T);
    float *params = jl_alloc_array(4 * n, sizeof *params), *grads = params + n, *m = grads + n;
    float *scratch = jl_alloc_array(jl_update_scratch(&net), sizeof *scratch);
    start_by_formula(&net, params);
    for (int step = 0; step < STEPS; step++) {
        int32_t ids[B * (T + 1)];
        for (int i = 0; i < B * (T + 1); i++) ids[i] = (i * 5 + i * i % 7 + step) % 17;
        memset(grads, 0, n * sizeof *grads);
        double loss =
            jl_network_loss(&net, ws, params, ids, B, T, grads, 1.0 / (B * T), NULL) / (B * T);
        double norm = jl_gradient_norm(grads, n), grow = norm > 0.5 ? 0.5 / norm : 1;
        CHECK(fabs(loss - (double)golden[2 * step]) < 1e-5, "loss %g", loss);
        CHECK(fabs(norm - (double)golden[2 * step + 1]) < 1e-5, "norm %g", norm);
        if (step == 0)
            CHECK(distance(grads, golden + 2 * STEPS, n) < 1e-5, "gradient off by %g",
                  distance(grads, golden + 2 * STEPS, n));
        jl_update(&net, &o, step, grads, grow, params, m, m + n, 0, 1, scratch);
    }
    CHECK(distance(params, golden + 2 * STEPS + n, n) < 1e-5, "parameters off by %g",
          distance(params, golden + 2 * STEPS + n, n));
    jl_free(params);
    jl_free(scratch);
    jl_workspace_free(ws);
    jl_network_free(&net);
}

static void three_steps_as_pytorch(void) {
    jl_network net;
    jl_error error = { 0 };
    CHECK(jl_network_init(&net, &shape, jl_gemm_plain, &error) == JL_OK, "%s", error.message);
    size_t run = 2 * STEPS + 2 * net.n_params;
    float *golden = malloc(2 * run * sizeof *golden);
    FILE *f = fopen("tests/golden/torch_steps.f32", "rb");
    CHECK(f && golden && fread(golden, sizeof *golden, 2 * run, f) == 2 * run, "no golden");
    if (f && golden) {
        compare_steps(JL_ADAMW, golden);
        compare_steps(JL_MUON, golden + run);
    }
    if (f) fclose(f);
    free(golden);
    jl_network_free(&net);
}

int main(void) {
    RUN(three_steps_as_pytorch);
    return check_report("c_train");
}
