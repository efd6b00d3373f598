/* Inverted dropout. Component j of row i survives by a bit of a counter-based generator, so masks need no memory and do
   not depend on threads; a survivor is scaled by 1 / (1 - p). */
#ifndef FB_SIMD_DROPOUT_INL_H
#define FB_SIMD_DROPOUT_INL_H
#include "simd/common.h"
#include "simd/target.h"

static void FB(drop_row)(uint64_t seed, double p, int64_t i, int n, real *a) {
    const real keep = (real)(1.0 / (1.0 - p));
    for (int j = 0; j < n; j++) a[j] *= fb_uniform(seed + (uint64_t)i, (uint64_t)j) < p ? (real)0 : keep;
}

static void FB(dropout_mask)(uint64_t seed, double p, int64_t rows, int64_t cols, void *mask) {
    real *m = mask; /* (rows, cols) */
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) m[i * cols + j] = (real)1;
        FB(drop_row)(seed, p, i, (int)cols, m + i * cols);
    }
}
#endif
