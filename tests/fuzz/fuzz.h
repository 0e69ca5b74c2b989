/* fuzz.h - shared by the fuzzers of whole files: seeds on request, header mutations.
 *
 * Each target defines write_seeds(folder) and includes this file once.
 */
#ifndef JL_FUZZ_H
#define JL_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/base/memory.h"
#include "../../src/base/random.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) abort();                                                                 \
    } while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);
void write_seeds(const char *folder);

static inline void write_seed(const char *folder, const char *name, const void *bytes, size_t n) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    REQUIRE(out && fwrite(bytes, 1, n, out) == n && fclose(out) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    static const char option[] = "--seeds=";
    for (int i = 1; i < *argc; i++)
        if (strncmp((*argv)[i], option, sizeof option - 1) == 0) {
            write_seeds((*argv)[i] + sizeof option - 1);
            exit(EXIT_SUCCESS);
        }
    return 0;
}

/* Three of four mutations change a few bytes in place, so that lengths stay valid. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed) {
    enum { HEADER = 4096 };
    jl_random r;
    jl_random_seed(&r, seed);
    if (n < 16 || jl_random_bits(&r) % 4 == 0) return LLVMFuzzerMutate(data, n, max);
    size_t header = n < HEADER || jl_random_bits(&r) % 8 == 0 ? n : HEADER;
    size_t at = jl_random_bits(&r) % header, length = 1 + jl_random_bits(&r) % 12;
    if (length > n - at) length = n - at;
    LLVMFuzzerMutate(data + at, length, length); /* a shortened file keeps its last bytes */
    return n;
}

#endif
