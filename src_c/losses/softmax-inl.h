/* Softmax over rows of scores, and log sum exp. */
#ifndef FB_LOSSES_SOFTMAX_INL_H
#define FB_LOSSES_SOFTMAX_INL_H
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

/* z -> softmax(z) in place; returns log sum exp(z). */
static double FB(softmax_row)(real *z, int C) {
    real top = z[0];
    for (int c = 1; c < C; c++) top = z[c] > top ? z[c] : top;
    real sum = 0;
    for (int c = 0; c < C; c += VL) FB(store)(z + c, FB(vexp)(FB(load)(z + c) - top));
    for (int c = 0; c < C; c++) sum += z[c];
    const real inverse = 1 / sum;
    for (int c = 0; c < C; c++) z[c] *= inverse;
    return (double)top + (double)FB(vlog)(FB(splat)(sum))[0];
}

/* The same, to the bit, for m <= VL rows of few classes, nodes side by side: a vector holds one class of all of them.
 */
static void FB(softmax_few)(int m, int C, real *z, int64_t ld, double *log_sum) {
    real t[VL * VL] __attribute__((aligned(64))) = {0}; /* (C, VL) */
    for (int k = 0; k < VL; k++)
        for (int c = 0; c < C; c++) t[c * VL + k] = z[(k < m ? k : 0) * ld + c];
    vec top = FB(load)(t), sum = {0};
    for (int c = 1; c < C; c++) top = FB(choose)(FB(load)(t + c * VL) > top, FB(load)(t + c * VL), top);
    for (int c = 0; c < C; c++) {
        const vec e = FB(vexp)(FB(load)(t + c * VL) - top);
        FB(store)(t + c * VL, e);
        sum += e;
    }
    const vec inverse = (real)1 / sum, log = FB(vlog)(sum);
    for (int c = 0; c < C; c++) FB(store)(t + c * VL, FB(load)(t + c * VL) * inverse);
    for (int k = 0; k < m; k++) {
        log_sum[k] = (double)top[k] + (double)log[k];
        for (int c = 0; c < C; c++) z[k * ld + c] = t[c * VL + k];
    }
}

/* z (m, ld) -> softmax of every row, m <= VL; log_sum (m). */
static void FB(softmax_rows)(int m, int C, real *z, int64_t ld, double *log_sum) {
    if (m > 1 && C <= VL) FB(softmax_few)(m, C, z, ld, log_sum);
    else
        for (int k = 0; k < m; k++) log_sum[k] = FB(softmax_row)(z + k * ld, C);
}
#endif
