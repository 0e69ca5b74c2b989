/* linear.h - y = W x + b, and norms, for n rows of floats at once. */
#ifndef JL_LINEAR_H
#define JL_LINEAR_H

#include "pass.h"

/* y[i] [n][w[i]->w.rows] = w[i]->w·x + w[i]->bias for `count` ≤ JL_MAX_MATMULS layers with the same
 * input x [n][cols]. Uses only act of the scratch. x and all y must not overlap. */
void jl_linear_forward(const jl_scratch *s, const float *x, int n, const jl_linear *const *w,
                       float *const *y, int count);

/* y [rows][width] = norm of each row of x, of the model's kind; a copy if norm is absent. y may be
 * x. */
void jl_normalise(const jl_pass *p, const jl_norm *norm, const float *x, int rows, int width,
                  float *y);

/* The same of the stream's rows with the sites `scale` and the one after it, scale's normalized
 * values. */
void jl_normalise_at(const jl_pass *p, const jl_norm *norm, jl_site scale, int block,
                     const float *x, int rows, float *y);

#endif
