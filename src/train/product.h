/* product.h - a product of matrices for hosts that bring none. */
#ifndef JL_PRODUCT_H
#define JL_PRODUCT_H

#include "real.h"

jl_gemm jl_gemm_plain;

#endif
