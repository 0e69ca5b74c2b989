/* gguf_write.c - the reader reads what the writer writes; quants equal gguf-py's. */
#include <string.h>

#include "../../src/format/gguf_write.h"
#include "../../src/format/quant.h"
#include "../helpers/check.h"

enum { N = 2048 };

/* ---- Quants ---------------------------------------------------------------------------------- */

static void quants_equal_gguf_py(void) {
    static uint8_t golden[N * 4 + N * 2 + N / 32 * 34 + N / 32 * 18], ours[N * 4];
    static float x[N];
    static const jl_type types[] = { JL_F32, JL_F16, JL_Q8_0, JL_Q4_0 };
    FILE *f = fopen("tests/golden/quantize.bin", "rb");
    CHECK(f, "run in the project's folder");
    if (!f) return;
    CHECK(fread(golden, 1, sizeof golden, f) == sizeof golden && fgetc(f) == EOF);
    fclose(f);
    memcpy(x, golden, sizeof x);
    const uint8_t *at = golden;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const jl_type_info *info = jl_type_get(types[i]);
        size_t bytes = N / (size_t)info->block * (size_t)info->bytes;
        CHECK(jl_quantize(types[i], x, ours, N));
        CHECK(memcmp(ours, at, bytes) == 0, "%s", info->name);
        at += bytes;
    }
    CHECK(!jl_quantize(JL_Q6_K, x, ours, 256));
}

static void quants_of_extremes(void) {
    float x[32] = { 0 }, back[32];
    uint8_t block[34];
    for (float size = 1e-42f; size < 1e38f; size *= 10)
        for (int sign = -1; sign <= 1; sign += 2) {
            x[7] = size * (float)sign;
            jl_quantize(JL_Q8_0, x, block, 32);
            jl_dequantize(JL_Q8_0, block, back, 32);
            int half = size > 1e-1f && size < 1e6f;
            if (half) CHECK(back[7] * (float)sign > 0 && back[0] == 0, "%g", (double)size);
            jl_quantize(JL_Q4_0, x, block, 32);
            jl_dequantize(JL_Q4_0, block, back, 32);
            if (half) CHECK(back[7] * (float)sign > 0 && back[31] == 0, "%g", (double)size);
        }
}

/* ---- Files ----------------------------------------------------------------------------------- */

static uint64_t write_file(uint8_t *out) {
    static float x[3 * 64];
    jl_gguf_writer w;
    for (int i = 0; i < 3 * 64; i++) x[i] = (float)(i - 90) / 7;
    jl_gguf_begin(&w, out, 8, 4);
    jl_gguf_put_u32(&w, "a.u32", 0xfedcba98u);
    jl_gguf_put_f32(&w, "a.f32", -1.5f);
    jl_gguf_put_bool(&w, "a.bool", 1);
    jl_gguf_put_string(&w, "a.string", jl_string("接龍"));
    jl_gguf_put_array(&w, "a.strings", JL_GGUF_STRING, 2);
    jl_gguf_add_string(&w, jl_string("one"));
    char *room = jl_gguf_add_string_of(&w, 3);
    if (room) memcpy(room, "two", 3);
    jl_gguf_put_array(&w, "a.floats", JL_GGUF_F32, 2);
    jl_gguf_add_f32(&w, 0.25f);
    jl_gguf_add_f32(&w, -3);
    jl_gguf_put_array(&w, "a.bytes", JL_GGUF_U8, 3);
    for (uint64_t i = 0; i < 3; i++) jl_gguf_add_int(&w, 250 + i, 1);
    jl_gguf_put_array(&w, "a.ints", JL_GGUF_I32, 2);
    jl_gguf_add_u32(&w, (uint32_t)-7);
    jl_gguf_add_u32(&w, 9);
    static const jl_type types[4] = { JL_Q4_0, JL_F32, JL_Q8_0, JL_F16 };
    static const char *const names[4] = { "q4_0", "f32", "q8_0", "f16" };
    for (int i = 0; i < 4; i++) jl_gguf_put_tensor(&w, names[i], i == 1 ? 1 : 3, 64, (int)types[i]);
    for (int i = 0; i < 4; i++) {
        uint8_t *to = jl_gguf_put_data(&w, i == 1 ? 1 : 3, 64, (int)types[i]);
        if (to) jl_quantize(types[i], x, to, i == 1 ? 64 : 192);
    }
    return w.n;
}

static void written_files_are_read_back(void) {
    jl_gguf g;
    jl_error e = { 0 };
    uint64_t n = write_file(NULL);
    uint8_t *bytes = malloc(n);
    CHECK(write_file(bytes) == n);
    jl_status st = jl_gguf_parse(&g, bytes, n, n, &e);
    CHECK(st == JL_OK, "%s", e.message);
    if (st) return;
    CHECK(g.version == 3 && g.alignment == 32 && g.n_values == 8 && g.n_tensors == 4);
    CHECK(g.data_end == n, "the file ends with the last tensor");
    uint32_t u = 0;
    float f = 0;
    int on = 0;
    jl_str s = { 0 };
    CHECK(jl_gguf_u32(&g, "a.u32", &u, &e) == JL_OK && u == 0xfedcba98u);
    CHECK(jl_gguf_f32(&g, "a.f32", &f, &e) == JL_OK && f < -1.49f && f > -1.51f);
    CHECK(jl_gguf_bool(&g, "a.bool", &on, &e) == JL_OK && on);
    CHECK(jl_gguf_string(&g, "a.string", &s, &e) == JL_OK && jl_str_equal(s, "接龍"));
    const uint8_t *at = jl_gguf_find(&g, "a.strings")->bytes;
    CHECK(jl_str_equal(jl_gguf_next_string(&at), "one"));
    CHECK(jl_str_equal(jl_gguf_next_string(&at), "two"));
    CHECK(jl_gguf_f32_at(jl_gguf_find(&g, "a.floats"), 1) < -2.9f);
    CHECK(jl_gguf_find(&g, "a.bytes")->bytes[2] == 252);
    CHECK(jl_gguf_i32_at(jl_gguf_find(&g, "a.ints"), 0) == -7);
    for (int i = 0; i < 4; i++) {
        const jl_gguf_tensor *t = &g.tensors[i];
        size_t count = (size_t)(t->dims[0] * t->dims[1]);
        float x[192];
        CHECK(t->offset % 32 == 0 && count == (i == 1 ? 64 : 192));
        jl_dequantize((jl_type)t->type, bytes + t->offset, x, count);
        for (size_t j = 0; j < count; j++) {
            double wanted = ((double)j - 90) / 7, off = (double)x[j] - wanted;
            double max = t->type == JL_Q4_0 ? 0.95 : 0.06; /* half a step of the largest block */
            CHECK(off < max && off > -max, "%.9s %zu: %g", t->name.data, j, (double)x[j]);
        }
    }
    jl_gguf_free(&g);
    free(bytes);
}

int main(void) {
    RUN(quants_equal_gguf_py);
    RUN(quants_of_extremes);
    RUN(written_files_are_read_back);
    return check_report("format/gguf_write");
}
