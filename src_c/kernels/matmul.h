/* Products of matrices of any size. B is packed into panels as wide as a micro-kernel's tile, so that it is read line
   after line; a panel's block of FB_KC rows stays in the first-level cache while strips of FB_ROWS rows of A pass it,
   and a block of A stays in the second. Sums run over k in index order whatever the blocks: partial sums wait in C,
   unrounded. Rows of A, B and C have their exact lengths, nothing is read or written beside them. */
#define FB_KC ((int64_t)(8192 / FB_VBYTES))                                      /* rows of a panel's block: 24 KiB */
#define FB_MC ((int64_t)(256 * 1024 / sizeof(real)) / FB_KC / FB_ROWS * FB_ROWS) /* rows of a block of A */

/* Rows of the next tile when `left` rows are left: tiles are about equal, 5 + 4 rather than 8 + 1. */
static FB_INLINE int FB(strip)(int64_t left) {
    const int64_t tiles = (left + FB_ROWS - 1) / FB_ROWS;
    return (int)((left + tiles - 1) / tiles);
}

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

/* One tile of a strip: in place where the panel's columns all exist, else beside C. */
static void FB(tile_add)(int m, int width, int64_t cols, int64_t K, const real *a, ptrdiff_t am, ptrdiff_t ak,
                         const real *b, real *c, ptrdiff_t ldc, int add) {
    if (cols >= width * VL) {
        FB(outer_row)(m, width, 1, (int)K, a, am, ak, b, width * VL, c, ldc, add);
        return;
    }
    real t[FB_ROWS * 6 * VL];
    const ptrdiff_t ldt = width * VL;
    memset(t, 0, sizeof t);
    for (int i = 0; i < m && add; i++) memcpy(t + i * ldt, c + i * ldc, (size_t)cols * sizeof(real));
    FB(outer_row)(m, width, 1, (int)K, a, am, ak, b, ldt, t, ldt, add);
    for (int i = 0; i < m; i++) memcpy(c + i * ldc, t + i * ldt, (size_t)cols * sizeof(real));
}

/* Elements that FB(pack_b) writes: rows padded with zeros to whole vectors. */
static size_t FB(packed_size)(int64_t K, int64_t N) { return (size_t)(K * ((N + VL - 1) / VL * VL)); }

/* Rows k0 .. k1, columns j .. j + width VL of B (K, N), element (k, j) at b[k bk + j bn], one after another. */
static void FB(pack_panel)(int64_t k0, int64_t k1, int64_t j, int64_t N, int width, const real *b, ptrdiff_t bk,
                           ptrdiff_t bn, real *out) {
    const int64_t w = width * VL, cols = fb_min(w, N - j);
    b += k0 * bk + j * bn;
    if (cols < w) memset(out, 0, (size_t)((k1 - k0) * w) * sizeof(real));
    if (bn == 1)
        for (int64_t k = k0; k < k1; k++, b += bk, out += w) memcpy(out, b, (size_t)cols * sizeof(real));
    else if (bk == 1) FB(transpose)(cols, k1 - k0, b, bn, out, w);
    else
        for (int64_t k = k0; k < k1; k++, b += bk, out += w)
            for (int64_t i = 0; i < cols; i++) out[i] = b[i * bn];
}

static void FB(pack_b)(int64_t K, int64_t N, const void *b, ptrdiff_t bk, ptrdiff_t bn, void *packed) {
    const FB(panels) s = FB(panels_of)(N);
    for (int64_t p = 0; p < s.n; p++) {
        int width;
        const int64_t at = FB(panel)(&s, p, &width) * VL;
        FB(pack_panel)(0, K, at, N, width, b, bk, bn, (real *)packed + at * K);
    }
}

/* C (M, N) [+]= A (M, K) . B (K, N), B packed. */
static void FB(matmul)(int64_t M, int64_t N, int64_t K, const void *a_, ptrdiff_t lda, const void *packed, void *c_,
                       ptrdiff_t ldc, int add) {
    const FB(panels) s = FB(panels_of)(N);
    const real *a = a_;
    real *c = c_;
    int64_t k0 = 0;
    do {
        const int64_t kc = fb_min(FB_KC, K - k0);
        for (int64_t i0 = 0, mc; i0 < M; i0 += mc) {
            mc = fb_min(FB_MC, M - i0);
            for (int64_t p = 0; p < s.n; p++) {
                int width;
                const int64_t at = FB(panel)(&s, p, &width) * VL;
                const real *b = (const real *)packed + at * K + k0 * width * VL;
                for (int64_t i = i0, m; i < i0 + mc; i += m) {
                    m = FB(strip)(i0 + mc - i);
                    FB(tile_add)((int)m, width, N - at, kc, a + i * lda + k0, lda, 1, b, c + i * ldc + at, ldc,
                                 add || k0);
                }
            }
        }
        k0 += FB_KC;
    } while (k0 < K);
}

/* Elements of scratch that FB(matmul_tn) needs, whatever the sizes. */
static size_t FB(matmul_scratch)(void) { return (size_t)(FB_KC * (FB_MC + FB_ROWS + 6 * VL)); }

/* C (M, N) [+]= A^T . B with A (K, M), B (K, N): the gradient of weights, a sum over K nodes in their order. */
static void FB(matmul_tn)(int64_t M, int64_t N, int64_t K, const void *a_, ptrdiff_t lda, const void *b, ptrdiff_t ldb,
                          void *c_, ptrdiff_t ldc, int add, void *scratch) {
    const FB(panels) s = FB(panels_of)(N);
    const real *a = a_;
    real *c = c_, *panel = scratch, *block = panel + FB_KC * 6 * VL;
    int64_t k0 = 0;
    do {
        const int64_t kc = fb_min(FB_KC, K - k0);
        for (int64_t i0 = 0, mc; i0 < M; i0 += mc) {
            mc = fb_min(FB_MC, M - i0);
            for (int64_t k = 0; k < kc; k++)
                for (int64_t i = 0; i < mc; i += FB_ROWS)
                    memcpy(block + i * kc + k * FB_ROWS, a + (k0 + k) * lda + i0 + i,
                           (size_t)fb_min(FB_ROWS, mc - i) * sizeof(real));
            for (int64_t p = 0; p < s.n; p++) {
                int width;
                const int64_t at = FB(panel)(&s, p, &width) * VL;
                FB(pack_panel)(k0, k0 + kc, at, N, width, b, ldb, 1, panel);
                for (int64_t i = 0; i < mc; i += FB_ROWS)
                    FB(tile_add)((int)fb_min(FB_ROWS, mc - i), width, N - at, kc, block + i * kc, 1, FB_ROWS, panel,
                                 c + (i0 + i) * ldc + at, ldc, add || k0);
            }
        }
        k0 += FB_KC;
    } while (k0 < K);
}
