/* train.h - BLAS and threads for the train command. */
#ifndef JL_CLI_TRAIN_H
#define JL_CLI_TRAIN_H

#include "../jielong.h"
#include "../train/real.h"

jlt_gemm *cli_gemm(void); /* a BLAS if the build found one */

/* Factors rounded to bfloat16; NULL: the processor has no AVX512-BF16. */
jlt_gemm *cli_bfloat16_gemm(void);

/* A pool of `wanted` threads, at most JL_MAX_THREADS, for the shards of a step; NULL: only the
 * calling thread. Lives until exit. */
jl_pool *cli_training_pool(int wanted);

#endif
