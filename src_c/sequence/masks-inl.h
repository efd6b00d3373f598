/* Dropout of rows, with masks that are kept for the step back. */
#ifndef FB_SEQUENCE_MASKS_INL_H
#define FB_SEQUENCE_MASKS_INL_H
#include "simd/common.h"
#include "simd/dropout-inl.h"
#include "simd/target.h"

/* to = mask * from; the mask is that of row i of FB(dropout_mask) with this seed. */
static void FB(mask_row)(uint64_t seed, double p, int64_t i, int n, real *mask, const real *from, real *to) {
    for (int j = 0; j < n; j++) mask[j] = 1;
    FB(drop_row)(seed, p, i, n, mask);
    for (int j = 0; j < n; j++) to[j] = from[j] * mask[j];
}
#endif
