/* Checks of a build with FASTBPTS_DEBUG=1: a fast kernel against its plain twin, the loops that a reader understands.
 */
#ifndef FB_SIMD_CHECK_INL_H
#define FB_SIMD_CHECK_INL_H
#ifdef FASTBPTS_DEBUG
#include <assert.h>
#include <float.h>
#include <math.h>

#include "simd/common.h"
#include "simd/target.h"

#define FB_NOINLINE __attribute__((noinline)) /* a check in line would make the kernels slow to compile */

/* Asserts that a sum of products is right up to rounding: `want` is the plain sum, `size` that of the terms'
   magnitudes. NaN and infinities are not compared. */
static inline void FB(check_sum)(real got, double want, double size, int64_t terms) {
    const double eps = sizeof(real) == sizeof(float) ? FLT_EPSILON : DBL_EPSILON;
    const double tiny = sizeof(real) == sizeof(float) ? FLT_MIN : DBL_MIN;
    const double large = sizeof(real) == sizeof(float) ? FLT_MAX : DBL_MAX;
    if (size < large / 2) assert(fabs((double)got - want) <= 4 * eps * (double)(terms + 1) * size + 4 * tiny);
}
#endif
#endif
