/* exp and tanh on vectors. With x = n ln 2 + r, |r| <= ln(2)/2: expm1(r) by its Taylor series, which at 7 (float) or 13
   (double) terms is exact to half a unit in the last place, then 2^n by the exponent bits. NaN stays NaN,
   infinities saturate. */
#ifndef FB_SIMD_MATH_INL_H
#define FB_SIMD_MATH_INL_H
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

#if FB_REAL_BYTES == 4
#define FB_SQRT sqrtf
#define FB_TERMS 7
#define FB_MANTISSA 23
#define FB_ONE_OVER 0x7EF311C7
#define FB_EXP_MIN ((real)-87.0f)
#define FB_EXP_MAX ((real)88.0f)
#define FB_ROUND ((real)(0x1.8p23f + 127))
#define FB_LN2_HI ((real)0x1.62e4p-1f)
#define FB_LN2_LO ((real)0x1.7f7d1cp-20f)
#else
#define FB_SQRT sqrt
#define FB_TERMS 13
#define FB_MANTISSA 52
#define FB_ONE_OVER 0x7FDE623822FC16E6
#define FB_EXP_MIN ((real)-708.0)
#define FB_EXP_MAX ((real)709.0)
#define FB_ROUND ((real)(0x1.8p52 + 1023))
#define FB_LN2_HI ((real)0x1.62e42fefa3800p-1)
#define FB_LN2_LO ((real)0x1.ef35793c76730p-45)
#endif

/* expm1(r) of the reduced argument, and 2^n in *scale. */
static FB_INLINE vec FB(expm1_parts)(vec x, vec *scale) {
    static const real inverse_factorial[] = {
        1.0,        1.0,         1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,
        1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0};
    const vec shifted = x * (real)1.4426950408889634 + FB_ROUND;
    const vec n = shifted - FB_ROUND;
    const vec r = x - n * FB_LN2_HI - n * FB_LN2_LO;
    vec p = FB(splat)(inverse_factorial[FB_TERMS]);
#pragma GCC unroll 13
    for (int i = FB_TERMS - 1; i > 0; i--) p = p * r + inverse_factorial[i];
    *scale = (vec)((ivec)shifted << FB_MANTISSA); /* FB_ROUND's last bits are the exponent's bias */
    return p * r;
}

static FB_INLINE vec FB(vexp)(vec x) {
    vec scale;
    const vec p = FB(expm1_parts)(FB(at_least)(FB(at_most)(x, FB_EXP_MAX), FB_EXP_MIN), &scale);
    return FB(choose)(x < FB(splat)(FB_EXP_MIN), (vec){0}, scale + scale * p);
}

/* 1 / d for 1 <= d <= 2: the parabola with the least relative error (1/99), then Newton's steps, each of which squares
   the error. A division takes three times as long. */
static FB_INLINE vec FB(inverse_1_2)(vec d) {
    vec q = ((real)(32.0 / 99) * d - (real)(144.0 / 99)) * d + (real)(210.0 / 99);
#pragma GCC unroll 3
    for (int i = 0; i < (FB_REAL_BYTES == 4 ? 2 : 3); i++) q += q * ((real)1 - d * q);
    return q;
}

/* tanh(a) = -e / (e + 2) with e = expm1(-2a) for a = |x|; e keeps its relative precision near 0. */
static FB_INLINE vec FB(vtanh)(vec x) {
    vec scale;
    const ivec sign = (ivec)x & (ivec)(-(vec){0}); /* not splat(-0.0): 0 + -0.0 is 0 */
    const vec p = FB(expm1_parts)((real)-2 * FB(at_most)((vec)((ivec)x ^ sign), (real)20), &scale);
    const vec e = scale * p + (scale - (real)1);
    return (vec)((ivec)(-e * FB(inverse_1_2)(e + (real)2)) | sign);
}

/* log(x) for x >= 1 and for NaN. With x = m 2^k, m near 1: 2 artanh((m - 1) / (m + 1)) by its series. */
static FB_INLINE vec FB(vlog)(vec x) {
    const ivec near_root_half = (ivec)FB(splat)((real)0.70710678118654752),
               k = ((ivec)x - near_root_half) >> FB_MANTISSA;
    const vec m = (vec)((ivec)x - (k << FB_MANTISSA)), s = (m - (real)1) / (m + (real)1), q = s * s;
    vec p = {0};
#pragma GCC unroll 11
    for (int i = FB_REAL_BYTES == 4 ? 5 : 10; i >= 0; i--) p = p * q + (real)2 / (real)(2 * i + 1);
    const vec n = __builtin_convertvector(k, vec);
    return FB(choose)(x == x, n * FB_LN2_HI + (n * FB_LN2_LO + s * p), x);
}

/* 1 / d for 1 <= d < 2^125. The bits of a number are about its logarithm, so FB_ONE_OVER minus the bits gives the
   inverse within 5 %. Then steps raise the error r = 1 - d q to its third power (double: twice) and square it. */
static FB_INLINE vec FB(inverse)(vec d) {
    vec q = (vec)(FB_ONE_OVER - (ivec)d);
#pragma GCC unroll 2
    for (int i = 0; i < FB_REAL_BYTES / 4; i++) {
        const vec r = (real)1 - d * q;
        q += q * (r * r + r);
    }
    return q + q * ((real)1 - d * q);
}

/* 1 / (1 + exp(-x)); zero instead of denormal numbers. */
static FB_INLINE vec FB(vsigmoid)(vec x) {
    vec scale;
    const real least = FB_EXP_MIN + 2;
    const ivec gone = x < FB(splat)(least);
    const vec p = FB(expm1_parts)(FB(at_least)(FB(at_most)(-x, -least), least), &scale);
    return (vec)(~gone & (ivec)FB(inverse)(scale * p + (scale + (real)1)));
}
#undef FB_TERMS
#undef FB_MANTISSA
#undef FB_ONE_OVER
#undef FB_EXP_MIN
#undef FB_EXP_MAX
#undef FB_ROUND
#undef FB_LN2_HI
#undef FB_LN2_LO
#endif
