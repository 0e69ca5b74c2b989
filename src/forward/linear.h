/* linear.h - y = W x + b, and norms: what all parts of a block are made of.
 *
 * Everything here works on n tokens at once, rows of floats one after another.
 */
#ifndef JL_LINEAR_H
#define JL_LINEAR_H

#include "pass.h"

/* y[i] [n][w[i]->w.rows] = w[i]->w·x + w[i]->bias for `count` layers that share x [n][cols]. Of the
 * scratch it uses act alone. x and the y must not overlap; count ≤ JL_MAX_MATMULS. */
void jl_linear_forward(const jl_scratch *s, const float *x, int n, const jl_linear *const *w,
                       float *const *y, int count);

/* y [rows][width] = the model's kind of norm of each row of x, which may be y; a copy where the
 * norm is absent. */
void jl_normalise(const jl_pass *p, const jl_norm *norm, const float *x, int rows, int width,
                  float *y);

#endif
