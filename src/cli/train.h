/* train.h - between the train command and what it borrows of the machine. */
#ifndef JL_CLI_TRAIN_H
#define JL_CLI_TRAIN_H

#include "../train/real.h"

enum { CLI_MAX_THREADS = 64 };

jl_gemm *cli_gemm(void); /* a BLAS where the build found one */

/* A jl_parallel on threads; context: const int *, how many. */
void cli_parallel(void *context, int n, void (*work)(void *, int), void *arg);

#endif
