/* fuzz_ngram.c - libFuzzer target: any bytes → jl_ngram_open(), and queries.
 *
 * Besides the sanitizers: an error has place and message and leaves no memory; in every context,
 * each token's probability equals the distribution's, which sums to one. Seeds: "fuzz_ngram
 * --seeds=DIR" writes models of several orders and exits.
 */
#include "fuzz.h"

#include <math.h>

#include "../../src/train/ngram_file.h"

enum { LARGEST = 4096 /* tokens with a checked distribution */ };

static void check(const jl_ngram *m, const int32_t *context, size_t n, float *p) {
    int n_vocab = jl_ngram_n_vocab(m);
    double sum = 0;
    jl_ngram_distribution(m, context, n, p);
    for (int i = 0; i < n_vocab; i++) {
        REQUIRE(p[i] >= 0 && p[i] <= 1.001f);
        sum += (double)p[i];
    }
    REQUIRE(fabs(sum - 1) < 1e-2);
    for (int i = 0; i < n_vocab; i += 1 + n_vocab / 8) {
        double one = jl_ngram_probability(m, context, n, i);
        REQUIRE(fabs(one - (double)p[i]) < 1e-4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    jl_error e = { 0 };
    jl_ngram *m = jl_ngram_open(data, n, &e);
    REQUIRE(m ? e.code == JL_OK : e.code < 0 && e.message[0] && e.where[0]);
    int n_vocab = m ? jl_ngram_n_vocab(m) : 0;
    if (m && n_vocab <= LARGEST) {
        int32_t context[JL_NGRAM_MAX_ORDER];
        float *p = malloc((size_t)n_vocab * sizeof *p);
        for (size_t length = 0; length <= JL_NGRAM_MAX_ORDER; length++) {
            for (size_t i = 0; i < length; i++)
                context[i] = (int32_t)((i * 5 + length) % (size_t)n_vocab);
            check(m, context, length, p);
        }
        free(p);
    }
    jl_ngram_free(m);
    REQUIRE(jl_memory_live() == 0);
    return 0;
}

void write_seeds(const char *folder) {
    enum { STREAM = 120, VOCAB = 9 };
    int32_t ids[STREAM];
    for (int i = 0; i < STREAM; i++) ids[i] = (i * i + i / 3) % VOCAB;
    for (int order = 1; order <= 4; order++)
        for (size_t max = 10; max < 1000; max *= 4) {
            char name[64];
            jl_gguf none = { 0 };
            jl_ngram *m = jl_ngram_train(ids, STREAM, VOCAB, order, NULL);
            jl_ngram *small = jl_ngram_prune(m, max, NULL);
            size_t n = (size_t)jl_ngram_write(small, &none, "seed", NULL);
            uint8_t *bytes = malloc(n);
            jl_ngram_write(small, &none, "seed", bytes);
            snprintf(name, sizeof name, "ngram-%d-%zu.gguf", order, max);
            write_seed(folder, name, bytes, n);
            free(bytes);
            jl_ngram_free(small);
            jl_ngram_free(m);
        }
}
