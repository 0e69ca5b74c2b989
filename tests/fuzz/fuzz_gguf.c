/* fuzz_gguf.c - libFuzzer target: any bytes → the header parser and all accessors.
 *
 * Besides the sanitizers it checks the contract of gguf.h: a failed parse owns nothing and gives a
 * reason; a complete header parses alike with known and unknown size and from a longer file;
 * tensors are in order, disjoint and inside the file. Seeds: tests/format/gguf.c.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../src/base/memory.h"
#include "../../src/format/quant.h"
#include "../hostile/gguf.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) abort();                                                                 \
    } while (0)

static jl_status try_parse(const uint8_t *data, size_t n, uint64_t file_size) {
    jl_gguf g;
    jl_error e;
    jl_error_clear(&e);
    jl_status status = jl_gguf_parse(&g, data, n, file_size, &e);
    if (status != JL_OK) {
        REQUIRE(!g.values && !g.tensors && !g.n_values && !g.n_tensors);
        REQUIRE(status == JL_MORE ? e.code == JL_OK
                                  : e.code == status && e.message[0] && e.where[0]);
        return status;
    }
    uint64_t end = g.data_start;
    for (int i = 0; i < g.n_tensors; i++) {
        const jl_gguf_tensor *t = &g.tensors[i];
        const jl_type_info *type = jl_type_get((uint32_t)t->type);
        REQUIRE(t->offset >= end && t->offset % g.alignment == g.data_start % g.alignment);
        REQUIRE(type->bytes && t->dims[0] % (uint64_t)type->block == 0);
        uint64_t rows = t->dims[1] * t->dims[2] * t->dims[3];
        REQUIRE(t->bytes == t->dims[0] / (uint64_t)type->block * (uint64_t)type->bytes * rows);
        end = t->offset + t->bytes;
    }
    REQUIRE(g.n_tensors == 0 || g.data_end == end);
    REQUIRE(file_size == 0 || g.data_end <= file_size);
    volatile uint64_t sum = hostile_touch(&g);
    (void)sum;
    jl_gguf_free(&g);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    jl_status streamed = try_parse(data, n, 0);
    jl_status whole = n ? try_parse(data, n, n) : JL_MORE;
    jl_status longer = try_parse(data, n, (uint64_t)1 << 60);
    REQUIRE(longer == streamed);
    REQUIRE(n == 0 || whole != JL_MORE);
    if (whole == JL_OK) REQUIRE(streamed == JL_OK);
    if (streamed < JL_OK) REQUIRE(whole < JL_OK);
    try_parse(data, n / 2, n);
    return 0;
}
