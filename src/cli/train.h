/* train.h - what the machine provides to the train command: a BLAS, threads. */
#ifndef JL_CLI_TRAIN_H
#define JL_CLI_TRAIN_H

#include "../jielong.h"
#include "../train/real.h"

jlt_gemm *cli_gemm(void); /* a BLAS where the build found one */

/* `wanted` threads, at most JL_MAX_THREADS, for the shards of a step; NULL: the caller's alone. It
 * ends with the program. */
jl_pool *cli_training_pool(int wanted);

#endif
