/* kernels.c - exports the kernels of src/compute/ for tests/bench/kernels.js to time.
 *
 * Weights lie in a pool of 128 MB. Decoding streams every matrix once per token, so one call walks
 * through copies of a matrix until none can still be cached. Values do not affect the time, but
 * scales are ordinary half floats, because subnormal ones are slow on some processors.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/compute/kernels.h"
#include "../../src/compute/pack.h"

#define EXPORT(name) __attribute__((export_name(#name))) name

enum { POOL_BYTES = 128 << 20, MAX_TOKENS = 512, MAX_COLS = 4096 };

static uint8_t *pool;
static float *x, *y;
static void *scratch;
static jl_act act;

/* Allocates and fills everything. Bytes 0x2d give halves of 0.08 and floats of 1e-11. */
int EXPORT(bench_start)(void) {
    pool = aligned_alloc(64, POOL_BYTES);
    x = aligned_alloc(64, sizeof(float) * MAX_TOKENS * MAX_COLS);
    y = aligned_alloc(64, sizeof(float) * 65536 * 8 + sizeof(float) * MAX_TOKENS * MAX_COLS);
    scratch = aligned_alloc(64, jl_act_bytes(MAX_TOKENS, MAX_COLS));
    if (!pool || !x || !y || !scratch) return 0;
    memset(pool, 0x2d, POOL_BYTES);
    for (int i = 0; i < MAX_TOKENS * MAX_COLS; i++) x[i] = (float)((i * 7919) % 1024 - 512) / 300;
    return 1;
}

/* Prepares n tokens for a layout; call before bench_matmul, timed separately. */
void EXPORT(bench_prepare)(int layout, int n, int cols) {
    jl_act_init(&act, scratch, n, cols);
    jl_act_prepare(&act, x, n, cols, (jl_layout)layout);
}

/* Multiplies all copies of a rows × cols matrix in the pool, or one (all = 0). Returns the
 * count. */
int EXPORT(bench_matmul)(int layout, int rows, int cols, int all) {
    size_t bytes = jl_matrix_bytes((jl_layout)layout, rows, cols);
    int copies = all && bytes * 2 <= POOL_BYTES ? (int)(POOL_BYTES / bytes) : 1;
    for (int i = 0; i < copies; i++) {
        jl_matrix w = { pool + bytes * (size_t)i, rows, cols, (jl_layout)layout, NULL };
        jl_matmul(&w, &act, y, 0, (rows + JL_PANEL - 1) / JL_PANEL);
    }
    return copies;
}

/* Attention of one layer over a 16-bit cache, as in a step: `heads` KV heads in order, each with
 * `group` queries per token for the last `tokens` of n_keys positions, causal. */
void EXPORT(bench_attention)(int heads, int group, int tokens, int n_keys, int hd) {
    static int seen[MAX_TOKENS];
    size_t tiles = ((size_t)n_keys + JL_KV_TILE - 1) / JL_KV_TILE;
    size_t bytes = tiles * jl_kv_tile_bytes(JL_KV_16, hd);
    for (int i = 0; i < group * tokens; i++) seen[i] = n_keys - tokens + 1 + i / group;
    for (int h = 0; h < heads; h++) {
        const uint8_t *k = pool + 2 * bytes * (size_t)h;
        jl_attention(JL_KV_16, x, group * tokens, seen, k, k + bytes, hd, NULL, y, scratch);
    }
}

void EXPORT(bench_vectors)(int n) {
    jl_rms_norm(x, x + n, 1e-5f, n, y);
    jl_silu_mul(y, x, n);
    jl_softmax_exp(y, 1, n);
}
