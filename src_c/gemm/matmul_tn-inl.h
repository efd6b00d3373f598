/* Products with a transpose, A^T . B: gradients of weights, sums over many nodes in their order. Blocks of A are packed
   once for all columns of B, panels of B once for all rows of the block. */
#ifndef FB_GEMM_MATMUL_TN_INL_H
#define FB_GEMM_MATMUL_TN_INL_H
#include "gemm/matmul-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

#define FB_TM 512 /* rows of A^T packed in the scratch */

/* Pieces of A^T of equal size, packed by FB(pack_columns) or not, and the rows of C that they are added to. Panels of B
   are not packed if B has at most `near` elements. */
typedef struct {
    int n;
    int64_t rows;
    ptrdiff_t ak, strip;
    int64_t near;
    const real *a[8];
    real *c[8];
} FB(pieces);

/* Elements of scratch that FB(matmul_tn) needs for any sizes: a panel of B, then a block of A. */
static size_t FB(matmul_scratch)(void) { return (size_t)(FB_KC * (FB_TM + 6 * VL)); }

/* out = strips, kc long, of the transpose of A (rows, m), of which `rows` columns are written. Some rows are taken at a
   time, so that whole lines are read and few lines are written at once. */
static void FB(pack_columns)(int64_t m, int64_t rows, const real *a, ptrdiff_t lda, int64_t kc, real *out) {
    enum { WIDE = 64 };
    for (int64_t i = 0; i < m; i += WIDE) {
        const int64_t n = fb_min(WIDE, m - i), whole = n / FB_ROWS * FB_ROWS;
        for (int64_t k = 0; k < rows; k++) {
            const real *from = a + k * lda + i;
            real *to = out + i * kc + k * FB_ROWS;
            if (n == WIDE) {
#pragma GCC unroll 8
                for (int j = 0; j < WIDE; j += FB_ROWS) memcpy(to + j * kc, from + j, FB_ROWS * sizeof(real));
                continue;
            }
            for (int64_t j = 0; j < whole; j += FB_ROWS) memcpy(to + j * kc, from + j, FB_ROWS * sizeof(real));
            for (int64_t j = whole; j < n; j++) to[whole * kc + j - whole] = from[j];
        }
    }
}

/* A run of n rows of B, ld apart; without an address, rows of zeros. */
typedef struct {
    const real *at;
    ptrdiff_t ld;
    int64_t n;
} FB(stretch);

/* Packs one panel of such runs, kc rows in all. */
static void FB(pack_stretches)(int64_t kc, int64_t N, int64_t at, int width, const FB(stretch) * b, real *panel) {
    for (int64_t k = 0; k < kc; k += b->n, panel += b->n * width * VL, b++)
        if (b->at) FB(pack_panel)(b->n, N - at, width, b->at + at, b->ld, 1, panel);
        else memset(panel, 0, (size_t)(b->n * width * VL) * sizeof(real));
}

/* C [+]= A^T . B of all pieces; B (kc, N) in runs of rows, the first of which has an address. */
static void FB(pieces_add)(const FB(pieces) * s, int64_t N, int64_t kc, const FB(stretch) * b, ptrdiff_t ldc, int add,
                           real *panel) {
    const FB(panels) cut = FB(panels_of)(N);
    const ptrdiff_t ldb = b->ld;
    const int many = b->n < kc || (s->n * s->rows > 2 * FB_ROWS && kc * ldb > s->near);
    for (int64_t p = 0; p < cut.n; p++) {
        int width;
        const int64_t at = FB(panel)(&cut, p, &width) * VL;
        const int copied = many || N - at < width * VL;
        const real *from = b->at + at;
        const FB(ahead) next = {(const char *)(from + width * VL), ldb * (ptrdiff_t)sizeof(real), FB_LINE,
                                p + 1 < cut.n ? width * FB_VBYTES / FB_LINE + 1 : 0};
        if (copied) FB(pack_stretches)(kc, N, at, width, b, panel);
        for (int q = 0; q < s->n; q++) {
            const FB(strips) strips = {s->a[q], 1, s->ak, s->strip};
            FB(panel_add)(s->rows, width, N - at, kc, &strips, copied ? panel : from, copied ? width * VL : ldb,
                          s->c[q] + at, ldc, add ? s->c[q] + at : NULL, ldc, &next);
        }
    }
}

/* C (M, N) [+]= A^T . B with A (K, M), B (K, N). */
static void FB(matmul_tn)(int64_t M, int64_t N, int64_t K, const void *a_, ptrdiff_t lda, const void *b, ptrdiff_t ldb,
                          void *c, ptrdiff_t ldc, int add, void *scratch) {
    const int few = FB(panels_of)(N).n < 3; /* then packing A does not pay off */
    real *panel = scratch, *block = panel + FB_KC * 6 * VL;
    for (int64_t i = 0; i < M; i += FB_TM) {
        const int64_t m = fb_min(FB_TM, M - i);
        int64_t k0 = 0;
        do {
            const int64_t kc = fb_min(FB_KC, K - k0);
            const real *a = (const real *)a_ + k0 * lda + i;
            FB(pieces) s = {1, m, FB_ROWS, FB_ROWS * kc, 0, {block}, {(real *)c + i * ldc}};
            if (few) s.a[0] = a, s.ak = lda, s.strip = FB_ROWS;
            else FB(pack_columns)(m, kc, a, lda, kc, block);
            const FB(stretch) rows = {(const real *)b + k0 * ldb, ldb, kc};
            FB(pieces_add)(&s, N, kc, &rows, ldc, add || k0, panel);
            k0 += FB_KC;
        } while (k0 < K);
    }
}
#endif
