/* Rows of tiles: a case for every shape of the two micro-kernels. */
#ifndef FB_GEMM_TILE_ROWS_INL_H
#define FB_GEMM_TILE_ROWS_INL_H
#include "gemm/tiles-inl.h"
#include "simd/common.h"
#include "simd/target.h"

/* Tiles of every shape that fits the registers; FB_TILES calls its argument with (rows, columns in vectors). */
/* clang-format off */
#if FB_ROWS == 8 && FB_ACCUMULATORS == 24
#define FB_TILES(T)                                                                                             \
    T(8, 1) T(8, 2) T(8, 3) T(7, 1) T(7, 2) T(7, 3) T(6, 1) T(6, 2) T(6, 3) T(6, 4) T(5, 1) T(5, 2) T(5, 3) T(5, 4) \
    T(4, 1) T(4, 2) T(4, 3) T(4, 4) T(4, 5) T(4, 6) T(3, 1) T(3, 2) T(3, 3) T(3, 4) T(3, 5) T(3, 6)             \
    T(2, 1) T(2, 2) T(2, 3) T(2, 4) T(2, 5) T(2, 6) T(1, 1) T(1, 2) T(1, 3) T(1, 4) T(1, 5) T(1, 6)
#elif FB_ROWS == 4 && FB_ACCUMULATORS == 12
#define FB_TILES(T)                                                                                             \
    T(4, 1) T(4, 2) T(4, 3) T(3, 1) T(3, 2) T(3, 3) T(3, 4) T(2, 1) T(2, 2) T(2, 3) T(2, 4) T(2, 5) T(2, 6)     \
    T(1, 1) T(1, 2) T(1, 3) T(1, 4) T(1, 5) T(1, 6)
#else
#error "isa.def: there is no list of tiles for these rows and accumulators"
#endif
/* clang-format on */

#define FB_CASE(M, N)                                                                         \
    case M * 8 + N:                                                                           \
        for (; count > 0; count--, b += N * VL, c += N * VL)                                  \
            FB(outer_tile)(M, N, K, a, am, ak, b, ldb, c, ldc, add ? c : NULL, ldc, NULL, 0); \
        return;
void FB(outer_row)(int m, int n, int64_t count, int K, const real *a, ptrdiff_t am, ptrdiff_t ak, const real *b,
                   ptrdiff_t ldb, real *c, ptrdiff_t ldc, int add) {
    assert(m > 0 && m <= FB_ROWS && n > 0 && FB(is_tile)(m, n));
    switch (m * 8 + n) { FB_TILES(FB_CASE) }
    FB_NO_CASE();
}
#undef FB_CASE
#define FB_CASE(M, N)                                                                                             \
    case M * 8 + N:                                                                                               \
        for (; count > 0; count--, b += N * ldb, p += N * VL) FB(dot_tile)(M, N, K, a, lda, b, ldb, p, ldp, add); \
        return;
void FB(dot_row)(int m, int n, int64_t count, int K, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb,
                 real *p, ptrdiff_t ldp, int add) {
    assert(m > 0 && m <= FB_ROWS && n > 0 && FB(is_tile)(m, n));
    switch (m * 8 + n) { FB_TILES(FB_CASE) }
    FB_NO_CASE();
}
#undef FB_CASE
#undef FB_TILES
#endif
