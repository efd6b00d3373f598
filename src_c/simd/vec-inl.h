/* Vectors of `real` as wide as the instruction set allows, written with the compiler's vector extensions. The same
   source becomes AVX-512, AVX2, SSE2 or NEON. Every row that kernels touch is padded with zeros to FB_PAD elements, so
   there are no scalar tails. */
#ifndef FB_SIMD_VEC_INL_H
#define FB_SIMD_VEC_INL_H
#include "simd/common.h"
#include "simd/target.h"

typedef real FB(vec) __attribute__((vector_size(FB_VBYTES)));
typedef real FB(uvec) __attribute__((vector_size(FB_VBYTES), aligned(sizeof(real)), may_alias));
typedef bits FB(ivec) __attribute__((vector_size(FB_VBYTES)));
#define vec FB(vec)
#define ivec FB(ivec)
#define VL ((int)(FB_VBYTES / sizeof(real)))

static FB_INLINE vec FB(load)(const real *p) { return *(const FB(uvec) *)p; }
static FB_INLINE void FB(store)(real *p, vec v) { *(FB(uvec) *)p = v; }
static FB_INLINE vec FB(splat)(real a) { return a - (vec){0}; }
static FB_INLINE vec FB(choose)(ivec m, vec a, vec b) { return (vec)((m & (ivec)a) | (~m & (ivec)b)); }

/* The smaller, the larger of a limit and x, lane by lane; NaN stays NaN. The instructions define which operand's NaN
   they keep; a comparison and a choice would be compiled to three instructions. */
#if FB_REAL_BYTES == 4
#define FB_CLAMP(op) op "ps"
#else
#define FB_CLAMP(op) op "pd"
#endif
#ifndef __x86_64__
#define FB_BOUND(op, beyond, limit, x) limit = FB(choose)(x beyond limit, limit, x)
#elif FB_VBYTES == 16
#define FB_BOUND(op, beyond, limit, x) __asm__(FB_CLAMP(op) " %1, %0" : "+x"(limit) : "x"(x))
#else
#define FB_BOUND(op, beyond, limit, x) __asm__("v" FB_CLAMP(op) " %2, %1, %0" : "=v"(limit) : "v"(limit), "v"(x))
#endif
static FB_INLINE vec FB(at_most)(vec x, real a) {
    vec limit = FB(splat)(a);
    FB_BOUND("min", >, limit, x);
    return limit;
}
static FB_INLINE vec FB(at_least)(vec x, real a) {
    vec limit = FB(splat)(a);
    FB_BOUND("max", <, limit, x);
    return limit;
}
#undef FB_CLAMP
#undef FB_BOUND

/* The lanes of b moved by one, with the last lane of a in front. */
#if FB_VBYTES / FB_REAL_BYTES == 16
#define FB_MOVED 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
#elif FB_VBYTES / FB_REAL_BYTES == 8
#define FB_MOVED 7, 8, 9, 10, 11, 12, 13, 14
#elif FB_VBYTES / FB_REAL_BYTES == 4
#define FB_MOVED 3, 4, 5, 6
#else
#define FB_MOVED 1, 2
#endif
static FB_INLINE vec FB(moved)(vec a, vec b) {
#ifdef __clang__
    return __builtin_shufflevector(a, b, FB_MOVED);
#else
    return __builtin_shuffle(a, b, (ivec){FB_MOVED});
#endif
}
#undef FB_MOVED

/* Position p of the sum of the two halves of each block of B lanes, over the 2 VL lanes of two vectors. */
#define FB_LO(p, B) ((p) / ((B) / 2) * (B) + (p) % ((B) / 2))
#if FB_VBYTES / FB_REAL_BYTES == 16
#define FB_LANES(F, B, o)                                                                                   \
    F(0, B) + o, F(1, B) + o, F(2, B) + o, F(3, B) + o, F(4, B) + o, F(5, B) + o, F(6, B) + o, F(7, B) + o, \
        F(8, B) + o, F(9, B) + o, F(10, B) + o, F(11, B) + o, F(12, B) + o, F(13, B) + o, F(14, B) + o, F(15, B) + o
#elif FB_VBYTES / FB_REAL_BYTES == 8
#define FB_LANES(F, B, o) \
    F(0, B) + o, F(1, B) + o, F(2, B) + o, F(3, B) + o, F(4, B) + o, F(5, B) + o, F(6, B) + o, F(7, B) + o
#elif FB_VBYTES / FB_REAL_BYTES == 4
#define FB_LANES(F, B, o) F(0, B) + o, F(1, B) + o, F(2, B) + o, F(3, B) + o
#else
#define FB_LANES(F, B, o) F(0, B) + o, F(1, B) + o
#endif
#ifdef __clang__
#define FB_PICK(a, b, B, o) __builtin_shufflevector(a, b, FB_LANES(FB_LO, B, o))
#else
#define FB_PICK(a, b, B, o) __builtin_shuffle(a, b, (ivec){FB_LANES(FB_LO, B, o)})
#endif
#define FB_HALVES(a, b, B) (FB_PICK(a, b, B, 0) + FB_PICK(a, b, B, (B) / 2))

/* The sums of VL vectors' lanes, as one vector. The order of a sum does not depend on the other vectors. */
static FB_INLINE vec FB(lane_sums)(const real *v) {
    vec t[VL];
#pragma GCC unroll 16
    for (int i = 0; i < VL; i++) t[i] = FB(load)(v + i * VL);
#if FB_VBYTES / FB_REAL_BYTES >= 16
#pragma GCC unroll 8
    for (int i = 0; i < VL / 2; i++) t[i] = FB_HALVES(t[2 * i], t[2 * i + 1], VL);
#endif
#if FB_VBYTES / FB_REAL_BYTES >= 8
#pragma GCC unroll 4
    for (int i = 0; i < (VL < 16 ? VL / 2 : VL / 4); i++) t[i] = FB_HALVES(t[2 * i], t[2 * i + 1], 8);
#endif
#if FB_VBYTES / FB_REAL_BYTES >= 4
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) t[i] = FB_HALVES(t[2 * i], t[2 * i + 1], 4);
#endif
    return FB_HALVES(t[0], t[1], 2);
}

/* The lanes of two vectors alternately. */
#define FB_TURN(p, B) ((p) % 2 * (B) + (p) / 2)
#ifdef __clang__
#define FB_WEAVE(a, b, o) __builtin_shufflevector(a, b, FB_LANES(FB_TURN, VL, o))
#else
#define FB_WEAVE(a, b, o) __builtin_shuffle(a, b, (ivec){FB_LANES(FB_TURN, VL, o)})
#endif

/* Turns R vectors, one per row, R a power of two, into the same elements column after column. Each round moves the
   highest bit of the row's number behind the bits of the column's. */
static FB_INLINE void FB(by_columns)(const int R, vec *t) {
    vec u[16];
#pragma GCC unroll 4
    for (int round = 1; round < R; round *= 2) {
#pragma GCC unroll 8
        for (int i = 0; i < R / 2; i++) {
            u[2 * i] = FB_WEAVE(t[i], t[i + R / 2], 0);
            u[2 * i + 1] = FB_WEAVE(t[i], t[i + R / 2], VL / 2);
        }
#pragma GCC unroll 16
        for (int i = 0; i < R; i++) t[i] = u[i];
    }
}

/* Works on whole vectors: up to VL - 1 elements behind the n-th are read and written, too. */
static FB_INLINE void FB(copy)(real *to, const real *from, int n) {
    for (int j = 0; j < n; j += VL) FB(store)(to + j, FB(load)(from + j));
}
static FB_INLINE void FB(zero)(real *to, int n) {
    for (int j = 0; j < n; j += VL) FB(store)(to + j, (vec){0});
}

/* Zero for numbers below the smallest normal number. Decaying values end there, and a product with such a number takes
   a hundred times as long. */
static void FB(flush)(real *a, int64_t n) {
    const real smallest = FB_REAL_BYTES == 4 ? (real)FLT_MIN : (real)DBL_MIN;
    for (int64_t j = 0; j < n; j++) a[j] = a[j] < smallest && a[j] > -smallest ? (real)0 : a[j];
}

/* Returns where part p of n equal parts of `total` begins, in units. */
static int64_t FB(share)(int64_t total, int64_t unit, int p, int n) {
    return fb_min(total, (total / unit * p + n - 1) / n * unit);
}
#endif
