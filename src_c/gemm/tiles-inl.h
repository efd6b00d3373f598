/* The two micro-kernels that all products are made of. Accumulators fill the register file. The value of an element
   does not depend on the tile that it is in: it has one accumulator, and terms are added in index order. Therefore
   results do not depend on the batch or the threads.

   outer_tile, for products that are written by rows:         dot_tile, for two matrices with rows along the sum:

              b   NR vectors, row k                                       b_n  row n, vector k
              [ t0 | t1 | t2 ]                                            [.... VL ....]
      a_0k    [ +  | +  | +  ]   each + is a vector               a_m     [.... VL ....]
      a_1k    [ +  | +  | +  ]   accumulator:                     row m,  accumulator (m, n) += a_m * b_n, lane by lane;
      ...                        + += splat(a_mk) * t_n           vector k   the lanes are added after the last k */
#ifndef FB_GEMM_TILES_INL_H
#define FB_GEMM_TILES_INL_H
#include "simd/check-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

#ifdef FASTBPTS_DEBUG
/* The plain twin of outer_tile, and a check of the fast one; begin (MR, NR VL) is what C began as. */
static FB_NOINLINE void FB(check_outer)(int MR, int NR, int K, const real *a, ptrdiff_t am, ptrdiff_t ak, const real *b,
                                        ptrdiff_t ldb, const real *c, ptrdiff_t ldc, const real *begin) {
    for (int m = 0; m < MR; m++)
        for (int j = 0; j < NR * VL; j++) {
            double want = (double)begin[m * NR * VL + j], size = fabs(want);
            for (int k = 0; k < K; k++) {
                const double term = (double)a[m * am + k * ak] * (double)b[k * ldb + j];
                want += term, size += fabs(term);
            }
            FB(check_sum)(c[m * ldc + j], want, size, K);
        }
}

/* The plain twin of dot_tile, and a check of the fast one; begin (MR, NR VL) is what P began as. */
static FB_NOINLINE void FB(check_dot)(int MR, int NR, int K, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb,
                                      const real *p, ptrdiff_t ldp, const real *begin) {
    for (int m = 0; m < MR; m++)
        for (int j = 0; j < NR * VL; j++) {
            double want = (double)begin[m * NR * VL + j], size = fabs(want);
            for (int k = j % VL; k < K; k += VL) {
                const double term = (double)a[m * lda + k] * (double)b[j / VL * ldb + k];
                want += term, size += fabs(term);
            }
            FB(check_sum)(p[m * ldp + j], want, size, K / VL);
        }
}
#endif

/* C (MR, NR VL) = rows at `from` (NULL: zeros) + A (MR, K) . B (K, NR VL). Elements of A are am and ak apart, rows of
   the others are whole. ahead: NULL, or the first of K lines, `apart` bytes from each other, that are prefetched into
   the second-level cache meanwhile. */
static FB_INLINE void FB(outer_tile)(const int MR, const int NR, int K, const real *a, ptrdiff_t am, ptrdiff_t ak,
                                     const real *b, ptrdiff_t ldb, real *c, ptrdiff_t ldc, const real *from,
                                     ptrdiff_t ldf, const char *ahead, ptrdiff_t apart) {
    vec acc[FB_ACCUMULATORS];
#pragma GCC unroll 8
    for (int m = 0; m < MR; m++)
#pragma GCC unroll 6
        for (int n = 0; n < NR; n++) acc[m * NR + n] = from ? FB(load)(from + m * ldf + n * VL) : (vec){0};
#ifdef FASTBPTS_DEBUG
    real begin[FB_ACCUMULATORS * VL];
    const real *const a0 = a, *const b0 = b;
    for (int i = 0; i < MR * NR; i++) FB(store)(begin + i * VL, acc[i]);
#endif
    for (int k = 0; k < K; k++, a += ak, b += ldb) {
        vec t[6];
        if (ahead) __builtin_prefetch(ahead, 0, 2), ahead += apart;
#pragma GCC unroll 6
        for (int n = 0; n < NR; n++) {
            t[n] = FB(load)(b + n * VL);
            if (MR < 4) FB_KEEP(t[n]);
        }
#pragma GCC unroll 8
        for (int m = 0; m < MR; m++) {
            vec s = FB(splat)(a[m * am]);
            FB_KEEP(s);
#pragma GCC unroll 6
            for (int n = 0; n < NR; n++) acc[m * NR + n] += s * t[n];
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < MR; m++)
#pragma GCC unroll 6
        for (int n = 0; n < NR; n++) FB(store)(c + m * ldc + n * VL, acc[m * NR + n]);
#ifdef FASTBPTS_DEBUG
    FB(check_outer)(MR, NR, K, a0, am, ak, b0, ldb, c, ldc, begin);
#endif
}

/* P (MR, NR), each element a vector, [+]= sum over K of A (MR, K) * B (NR, K), lane by lane; rows are along K. */
static FB_INLINE void FB(dot_tile)(const int MR, const int NR, int K, const real *a, ptrdiff_t lda, const real *b,
                                   ptrdiff_t ldb, real *p, ptrdiff_t ldp, int add) {
    vec acc[FB_ACCUMULATORS];
#pragma GCC unroll 8
    for (int m = 0; m < MR; m++)
#pragma GCC unroll 6
        for (int n = 0; n < NR; n++) acc[m * NR + n] = add ? FB(load)(p + m * ldp + n * VL) : (vec){0};
#ifdef FASTBPTS_DEBUG
    real begin[FB_ACCUMULATORS * VL];
    for (int i = 0; i < MR * NR; i++) FB(store)(begin + i * VL, acc[i]);
#endif
    for (int k = 0; k < K; k += VL) {
        vec t[6];
#pragma GCC unroll 6
        for (int n = 0; n < NR; n++) {
            t[n] = FB(load)(b + n * ldb + k);
            if (MR < 4) FB_KEEP(t[n]);
        }
#pragma GCC unroll 8
        for (int m = 0; m < MR; m++) {
            vec s = FB(load)(a + m * lda + k);
            FB_KEEP(s);
#pragma GCC unroll 6
            for (int n = 0; n < NR; n++) acc[m * NR + n] += s * t[n];
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < MR; m++)
#pragma GCC unroll 6
        for (int n = 0; n < NR; n++) FB(store)(p + m * ldp + n * VL, acc[m * NR + n]);
#ifdef FASTBPTS_DEBUG
    FB(check_dot)(MR, NR, K, a, lda, b, ldb, p, ldp, begin);
#endif
}

/* Whether a tile of m rows and n vectors fits the registers. */
static FB_INLINE int FB(is_tile)(int m, int n) { return n <= 6 && m * n <= FB_ACCUMULATORS; }

/* `count` tiles of one shape side by side; FB(is_tile)(m, n). gemm/gemm.c has the code of every shape, once for all
   domains (gemm/tile_rows-inl.h). */
void FB(outer_row)(int m, int n, int64_t count, int K, const real *a, ptrdiff_t am, ptrdiff_t ak, const real *b,
                   ptrdiff_t ldb, real *c, ptrdiff_t ldc, int add) FB_HIDDEN;
void FB(dot_row)(int m, int n, int64_t count, int K, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb,
                 real *p, ptrdiff_t ldp, int add) FB_HIDDEN;

/* Divides `total` columns into as few tiles as m rows allow. There are two widths: *wide tiles of the width that is
   returned, then *narrow tiles that are narrower by one. */
static int FB(cut)(int m, int64_t total, int64_t *wide, int64_t *narrow) {
    const int most = FB_ACCUMULATORS / m > 6 ? 6 : FB_ACCUMULATORS / m;
    const int64_t tiles = (total + most - 1) / most, width = tiles ? (total + tiles - 1) / tiles : 1;
    *wide = total - tiles * (width - 1);
    *narrow = tiles - *wide;
    return (int)width;
}

/* C (m, width) [+]= A (m, K) . B (K, width), m <= FB_ROWS, width a multiple of FB_PAD. */
static void FB(outer)(int m, int64_t width, int K, const real *a, ptrdiff_t am, ptrdiff_t ak, const real *b,
                      ptrdiff_t ldb, real *c, ptrdiff_t ldc, int add) {
    int64_t wide, narrow;
    const int n = FB(cut)(m, width / VL, &wide, &narrow);
    FB(outer_row)(m, n, wide, K, a, am, ak, b, ldb, c, ldc, add);
    b += wide * n * VL, c += wide * n * VL;
    if (narrow) FB(outer_row)(m, n - 1, narrow, K, a, am, ak, b, ldb, c, ldc, add);
}

/* Vectors `part` (m, n) [+]= products of A (m, K) and B (n, K), m <= FB_ROWS, K a multiple of FB_PAD. A row of part has
   room for FB_PADDED(n) vectors. */
static void FB(dot)(int m, int n, int K, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb, real *part,
                    int add) {
    const int ldp = FB_PADDED(n) * VL;
    int64_t wide, narrow;
    const int w = FB(cut)(m, n, &wide, &narrow);
    FB(dot_row)(m, w, wide, K, a, lda, b, ldb, part, ldp, add);
    if (narrow) FB(dot_row)(m, w - 1, narrow, K, a, lda, b + wide * w * ldb, ldb, part + wide * w * VL, ldp, add);
}

/* The columns in the last vector of n that are summed one by one, if they are too few to pay for a vector. */
static FB_INLINE int FB(last_few)(int64_t n) { return n > VL && n % VL <= (VL > 8 ? VL / 8 : 1) ? (int)(n % VL) : 0; }

/* C (m, ldb) = A (m, K) . B (K, n). B_t (n, K), which may be NULL, is read for the last few columns. All rows are
   padded with zeros. */
static void FB(outer_or_dot)(int m, int n, int K, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb,
                             const real *b_t, ptrdiff_t ldb_t, real *c, ptrdiff_t ldc) {
    enum { MOST = FB_ROWS * (VL / 8 + 1) };
    const int few = b_t ? FB(last_few)(n) : 0;
    real part[(MOST + VL) * VL], sums[MOST + VL];
    FB(outer)(m, few ? n - few : ldb, K, a, lda, 1, b, ldb, c, ldc, 0);
    if (few == 0) return;
    FB(dot_row)(m, few, 1, K, a, lda, b_t + (n - few) * ldb_t, ldb_t, part, few * VL, 0);
    for (int j = 0; j < m * few; j += VL) FB(store)(sums + j, FB(lane_sums)(part + j * VL));
    for (int i = 0; i < m; i++, c += ldc) {
        for (int j = 0; j < few; j++) c[n - few + j] = sums[i * few + j];
        for (int j = n; j < ldb; j++) c[j] = 0;
    }
}

/* C (m, n): the sums of the lanes of part. */
static void FB(dot_sums)(int m, int n, const real *part, real *c, ptrdiff_t ldc) {
    const int ldp = FB_PADDED(n) * VL;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j += VL) {
            real sums[VL];
            FB(store)(sums, FB(lane_sums)(part + i * ldp + j * VL));
            memcpy(c + i * ldc + j, sums, (size_t)fb_min(VL, n - j) * sizeof(real));
        }
}
#endif
