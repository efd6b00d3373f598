/* Products of matrices of any size. B is packed into panels as wide as a micro-kernel's tile, so memory is read line
   after line. A block of FB_KC rows of a panel stays in the first two levels of cache while strips of FB_ROWS rows of A
   are multiplied with it. Sums run over k in index order for any blocks; C has the partial sums between two blocks.
   Rows of A, B and C have their exact lengths: nothing is read or written beside them.

   B (K, N), N cut into panels of w or w - 1 vectors (FB(panels_of)), the wider ones first, and packed panel by panel:

        B                 N                      packed
        +-------+-------+-----+-----+            k = 0      | w vectors of panel 0    |
      K |   0   |   1   |  2  | 3 .0|            k = 1      | w vectors               |
        |       |       |     |   .0|     ->     ..
        +-------+-------+-----+-----+            k = K - 1  | w vectors               |
          w       w       w - 1 w - 1            k = 0      | w vectors of panel 1    |
                                                 ..
        the last panel is filled up with zeros   k = K - 1  | w - 1 vectors of panel 3 |

   A (M, K) in strips of R = FB_ROWS rows and blocks of FB_KC columns, each strip column after column:

        strip of rows 0 .. R - 1       | a_0k .. a_(R-1)k | for k = 0 .. kc - 1
        strip of rows R .. 2 R - 1     | a_Rk .. | for k = 0 .. kc - 1, and so on; the last strip may have fewer rows */
#ifndef FB_GEMM_MATMUL_INL_H
#define FB_GEMM_MATMUL_INL_H
#include "gemm/tiles-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"
#include "tree/theta-inl.h"

#define FB_KC (12288 / FB_VBYTES)                                         /* a panel's block: 36 KiB */
#define FB_MC (48 * 1024 / (int)sizeof(real) / FB_KC / FB_ROWS * FB_ROWS) /* rows of A packed on the stack */
#define FB_LINE 64                                                        /* bytes of a line of the caches */

/* N columns as panels: where panel p begins, in vectors; *width of them. */
typedef struct {
    int64_t wide, n;
    int width;
} FB(panels);
static FB(panels) FB(panels_of)(int64_t N) {
    FB(panels) s;
    s.width = FB(cut)(FB_ROWS, (N + VL - 1) / VL, &s.wide, &s.n);
    s.n += s.wide;
    return s;
}
static FB_INLINE int64_t FB(panel)(const FB(panels) * s, int64_t p, int *width) {
    *width = p < s->wide ? s->width : s->width - 1;
    return p * s->width - (p < s->wide ? 0 : p - s->wide);
}

/* Prefetches the rows of C that the next tile adds to; its loop over k would wait for them. */
static FB_INLINE void FB(fetch)(const real *c, ptrdiff_t ldc, int64_t left, int width) {
    for (int i = 0; i < fb_min(FB_ROWS, left); i++)
        for (int n = 0; n < width; n++) __builtin_prefetch(c + i * ldc + n * VL, 1);
}

/* One tile of a strip. It is computed in place if all columns of the panel exist, else in a copy. */
static void FB(tile_add)(int m, int width, int64_t cols, int64_t K, const real *a, ptrdiff_t am, ptrdiff_t ak,
                         const real *b, ptrdiff_t ldb, real *c, ptrdiff_t ldc, const real *from, ptrdiff_t ldf) {
    const int whole = cols >= width * VL;
    real t[FB_ROWS * 6 * VL], *to = whole ? c : t;
    const ptrdiff_t ldt = whole ? ldc : width * VL;
    if (!whole) memset(t, 0, sizeof t);
    cols = fb_min(cols, width * VL);
    for (int i = 0; i < m && from && from != to; i++) memcpy(to + i * ldt, from + i * ldf, (size_t)cols * sizeof(real));
    FB(outer_row)(m, width, 1, (int)K, a, am, ak, b, ldb, to, ldt, from != NULL);
    for (int i = 0; i < m && !whole; i++) memcpy(c + i * ldc, t + i * ldt, (size_t)cols * sizeof(real));
}

/* Strips of A: distances from a row to the next (am), from a column to the next (ak), from a strip to the next. */
typedef struct {
    const real *a;
    ptrdiff_t am, ak, strip;
} FB(strips);

/* Lines of the next panel that the first tiles of a panel prefetch. A tile prefetches one line per row, `line` bytes
   apart; the lines of the next tile begin `tile` bytes further on. */
typedef struct {
    const char *at;
    ptrdiff_t line, tile;
    int64_t tiles;
} FB(ahead);

/* Strips of A (m, kc) times one panel of B, added to rows at `from` (NULL: zeros); results to rows of C at c. */
static void FB(panel_add)(int64_t m, int width, int64_t cols, int64_t kc, const FB(strips) * strips, const real *b,
                          ptrdiff_t ldb, real *c, ptrdiff_t ldc, const real *from, ptrdiff_t ldf,
                          const FB(ahead) * next) {
    const ptrdiff_t am = strips->am, ak = strips->ak;
    const real *a = strips->a;
    for (int64_t i = 0, tile = 0; i < m; i += FB_ROWS, tile++, a += strips->strip, c += FB_ROWS * ldc) {
        const real *begin = from ? from + i * ldf : NULL;
        FB(fetch)(c + FB_ROWS * ldc, ldc, m - i - FB_ROWS, width);
        if (m - i < FB_ROWS || cols < width * VL || width > 3) {
            FB(tile_add)((int)fb_min(FB_ROWS, m - i), width, cols, kc, a, am, ak, b, ldb, c, ldc, begin, ldf);
            continue;
        }
        const int more = tile < next->tiles;
        const char *at = more ? next->at + tile * next->tile : (const char *)a;
        const ptrdiff_t line = more ? next->line : 0;
        if (width == 3) FB(outer_tile)(FB_ROWS, 3, (int)kc, a, am, ak, b, ldb, c, ldc, begin, ldf, at, line);
        else if (width == 2) FB(outer_tile)(FB_ROWS, 2, (int)kc, a, am, ak, b, ldb, c, ldc, begin, ldf, at, line);
        else FB(outer_tile)(FB_ROWS, 1, (int)kc, a, am, ak, b, ldb, c, ldc, begin, ldf, at, line);
    }
}

/* Number of elements that FB(pack_b) writes: rows are padded with zeros to whole vectors. */
static size_t FB(packed_size)(int64_t K, int64_t N) { return (size_t)(K * ((N + VL - 1) / VL * VL)); }

/* Packs one panel of `width` vectors; element (k, j) of B is b[k bk + j bn]. */
static void FB(pack_panel)(int64_t rows, int64_t cols, int width, const real *b, ptrdiff_t bk, ptrdiff_t bn,
                           real *out) {
    const int64_t w = width * VL;
    if (cols < w) memset(out, 0, (size_t)(rows * w) * sizeof(real));
    cols = fb_min(w, cols);
    if (bk == 1 && bn != 1) {
        FB(transpose)(cols, rows, b, bn, out, w);
        return;
    }
    for (int64_t k = 0; k < rows; k++, b += bk, out += w)
        if (bn == 1 && cols == w) FB(copy)(out, b, (int)w);
        else
            for (int64_t i = 0; i < cols; i++) out[i] = b[i * bn];
}

static void FB(pack_b)(int64_t K, int64_t N, const void *b, ptrdiff_t bk, ptrdiff_t bn, void *packed) {
    const FB(panels) s = FB(panels_of)(N);
    for (int64_t p = 0; p < s.n; p++) {
        int width;
        const int64_t at = FB(panel)(&s, p, &width) * VL;
        FB(pack_panel)(K, N - at, width, (const real *)b + at * bn, bk, bn, (real *)packed + at * K);
    }
}

/* Packs A (m, kc) into strips: the FB_ROWS elements of a column side by side. */
static void FB(pack_rows)(int64_t m, int64_t kc, const real *a, ptrdiff_t lda, real *out) {
    for (int64_t i = 0; i < m; i += FB_ROWS, a += FB_ROWS * lda, out += FB_ROWS * kc) {
        int64_t k = 0;
        for (; k + VL <= kc && i + FB_ROWS <= m; k += VL) {
            vec t[FB_ROWS];
#pragma GCC unroll 8
            for (int r = 0; r < FB_ROWS; r++) t[r] = FB(load)(a + r * lda + k);
            FB(by_columns)(FB_ROWS, t);
#pragma GCC unroll 8
            for (int r = 0; r < FB_ROWS; r++) FB(store)(out + k * FB_ROWS + r * VL, t[r]);
        }
        for (; k < kc; k++)
            for (int r = 0; r < fb_min(FB_ROWS, m - i); r++) out[k * FB_ROWS + r] = a[r * lda + k];
    }
}

/* C (M, N) [+]= A (M, K) . B (K, N), rows k0 .. k0 + kc of B only; M <= FB_MC. */
static void FB(matmul_block)(int64_t M, int64_t N, int64_t K, int64_t k0, const real *a, ptrdiff_t lda,
                             const real *packed, real *c, ptrdiff_t ldc, const real *from, ptrdiff_t ldf) {
    const FB(panels) s = FB(panels_of)(N);
    const int64_t kc = fb_min(FB_KC, K - k0);
    real block[FB_MC * FB_KC];
    FB(strips) strips = {a, lda, 1, FB_ROWS * lda};
    if (s.n >= 8) { /* enough panels that packing A pays off */
        FB(pack_rows)(M, kc, a, lda, block);
        strips = (FB(strips)){block, 1, FB_ROWS, FB_ROWS * kc};
    }
    for (int64_t p = 0; p < s.n; p++) {
        int width, next_width;
        const int64_t at = FB(panel)(&s, p, &width) * VL, then = FB(panel)(&s, p + 1, &next_width) * VL;
        const real *b = packed + at * K + k0 * width * VL, *next = packed + then * K + k0 * next_width * VL;
        const ptrdiff_t lines = kc * FB_LINE;
        const FB(ahead)
            ahead = {(const char *)next, FB_LINE, lines, p + 1 < s.n ? next_width * FB_VBYTES / FB_LINE : 0};
        FB(panel_add)(M, width, N - at, kc, &strips, b, width * VL, c + at, ldc, from ? from + at : NULL, ldf, &ahead);
    }
}

/* C (M, N) = rows at `from`, ldf apart (NULL: zeros), + A (M, K) . B (K, N), B packed. The outer loop is over rows, so
   their part of C stays in the second-level cache from one block of B to the next. */
static void FB(matmul_from)(int64_t M, int64_t N, int64_t K, const real *a, ptrdiff_t lda, const real *packed, real *c,
                            ptrdiff_t ldc, const real *from, ptrdiff_t ldf) {
    for (int64_t i = 0; i < M; i += FB_MC, a += FB_MC * lda, c += FB_MC * ldc) {
        const int64_t m = fb_min(FB_MC, M - i);
        FB(matmul_block)(m, N, K, 0, a, lda, packed, c, ldc, from ? from + i * ldf : NULL, ldf);
        for (int64_t k0 = FB_KC; k0 < K; k0 += FB_KC)
            FB(matmul_block)(m, N, K, k0, a + k0, lda, packed, c, ldc, c, ldc);
    }
}

/* C (M, N) [+]= A (M, K) . B (K, N), B packed. */
static void FB(matmul)(int64_t M, int64_t N, int64_t K, const void *a, ptrdiff_t lda, const void *packed, void *c,
                       ptrdiff_t ldc, int add) {
    FB(matmul_from)(M, N, K, a, lda, packed, c, ldc, add ? c : NULL, ldc);
}
#endif
