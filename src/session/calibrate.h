/* calibrate.h - how many threads of a pool to use.
 *
 * For hosts, once a model is loaded and the pool's threads have arrived. It takes a few tokens'
 * time and a small session's memory, and gives both back.
 */
#ifndef JL_CALIBRATE_H
#define JL_CALIBRATE_H

#include "../compute/pool.h"

/* Measures whether `most` threads, half of them, … or the caller alone evaluate a token of m
 * fastest, uses so many and returns how many, or a negative status. now: a clock, milliseconds. */
int jl_pool_calibrate(jl_pool *pool, int most, const jl_model *m, double (*now)(void),
                      jl_error *error);

#endif
