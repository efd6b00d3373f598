/* Products of matrices of any size. B is packed into panels as wide as a micro-kernel's tile, so that it is read line
   after line; a panel's block of FB_KC rows stays in the first two levels of cache while strips of FB_ROWS rows of A
   pass it. Sums run over k in index order whatever the blocks: partial sums wait in C, unrounded. Rows of A, B and C
   have their exact lengths, nothing is read or written beside them. */
#define FB_KC (12288 / FB_VBYTES)                                         /* a panel's block: 36 KiB */
#define FB_MC (48 * 1024 / (int)sizeof(real) / FB_KC / FB_ROWS * FB_ROWS) /* rows of A packed on the stack */
#define FB_TM 512                                                         /* rows of A^T packed in the scratch */
#define FB_PANELS 14                                                      /* blocks in half of a cache of 1 MiB */

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

/* Fetches the rows of C that the next tile adds to, which a loop over k would otherwise wait for. */
static FB_INLINE void FB(fetch)(const real *c, ptrdiff_t ldc, int64_t left, int width) {
    for (int i = 0; i < fb_min(FB_ROWS, left); i++)
        for (int n = 0; n < width; n++) __builtin_prefetch(c + i * ldc + n * VL, 1);
}

/* One tile of a strip: in place where the panel's columns all exist, else beside C. */
static void FB(tile_add)(int m, int width, int64_t cols, int64_t K, const real *a, ptrdiff_t am, ptrdiff_t ak,
                         const real *b, ptrdiff_t ldb, real *c, ptrdiff_t ldc, int add) {
    if (cols >= width * VL) {
        FB(outer_row)(m, width, 1, (int)K, a, am, ak, b, ldb, c, ldc, add);
        return;
    }
    real t[FB_ROWS * 6 * VL];
    const ptrdiff_t ldt = width * VL;
    memset(t, 0, sizeof t);
    for (int i = 0; i < m && add; i++) memcpy(t + i * ldt, c + i * ldc, (size_t)cols * sizeof(real));
    FB(outer_row)(m, width, 1, (int)K, a, am, ak, b, ldb, t, ldt, add);
    for (int i = 0; i < m; i++) memcpy(c + i * ldc, t + i * ldt, (size_t)cols * sizeof(real));
}

/* Strips of A (m, kc) against one panel of B: rows of C from c on. */
static void FB(panel_add)(int64_t m, int width, int64_t cols, int64_t kc, const real *a, ptrdiff_t am, ptrdiff_t ak,
                          ptrdiff_t strip, const real *b, ptrdiff_t ldb, real *c, ptrdiff_t ldc, int add) {
    for (int64_t i = 0; i < m; i += FB_ROWS, a += strip, c += FB_ROWS * ldc) {
        FB(fetch)(c + FB_ROWS * ldc, ldc, m - i - FB_ROWS, width);
        FB(tile_add)((int)fb_min(FB_ROWS, m - i), width, cols, kc, a, am, ak, b, ldb, c, ldc, add);
    }
}

/* Elements that FB(pack_b) writes: rows padded with zeros to whole vectors. */
static size_t FB(packed_size)(int64_t K, int64_t N) { return (size_t)(K * ((N + VL - 1) / VL * VL)); }

/* Rows of B (rows, N), element (k, j) at b[k bk + j bn], in one panel of `width` vectors from column j on. */
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

/* Strips of A (m, kc): the FB_ROWS elements of a column side by side. */
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

/* Panels p0 .. p1 of C (M, N) [+]= A (M, K) . B (K, N), rows k0 .. k0 + kc of B only. */
static void FB(matmul_block)(const FB(panels) * s, int64_t p0, int64_t p1, int64_t M, int64_t N, int64_t K, int64_t k0,
                             const real *a, ptrdiff_t lda, const real *packed, real *c, ptrdiff_t ldc, int add) {
    const int64_t kc = fb_min(FB_KC, K - k0);
    real block[FB_MC * FB_KC];
    a += k0;
    for (int64_t i = 0, m; i < M; i += m, a += m * lda, c += m * ldc) {
        const int many = p1 - p0 >= 6; /* then A is worth to be packed as well */
        m = fb_min(FB_MC, M - i);
        if (many) FB(pack_rows)(m, kc, a, lda, block);
        for (int64_t p = p0; p < p1; p++) {
            int width;
            const int64_t at = FB(panel)(s, p, &width) * VL;
            const real *b = packed + at * K + k0 * width * VL;
            if (many)
                FB(panel_add)(m, width, N - at, kc, block, 1, FB_ROWS, FB_ROWS * kc, b, width * VL, c + at, ldc, add);
            else FB(panel_add)(m, width, N - at, kc, a, lda, 1, FB_ROWS * lda, b, width * VL, c + at, ldc, add);
        }
    }
}

/* C (M, N) [+]= A (M, K) . B (K, N), B packed. */
static void FB(matmul)(int64_t M, int64_t N, int64_t K, const void *a, ptrdiff_t lda, const void *packed, void *c,
                       ptrdiff_t ldc, int add) {
    const FB(panels) s = FB(panels_of)(N);
    int64_t k0 = 0;
    do {
        for (int64_t p = 0; p < s.n; p += FB_PANELS)
            FB(matmul_block)(&s, p, fb_min(p + FB_PANELS, s.n), M, N, K, k0, a, lda, packed, c, ldc, add || k0);
        k0 += FB_KC;
    } while (k0 < K);
}

/* Column k of A, which is a row of its transpose, in strips. */
static void FB(pack_column)(int64_t m, int64_t kc, const real *a, real *out) {
    const int64_t whole = m / FB_ROWS * FB_ROWS;
    for (int64_t i = 0; i < whole; i += FB_ROWS) memcpy(out + i * kc, a + i, FB_ROWS * sizeof(real));
    for (int64_t i = whole; i < m; i++) out[whole * kc + i - whole] = a[i];
}

/* Elements of scratch that FB(matmul_tn) needs, whatever the sizes. */
static size_t FB(matmul_scratch)(void) { return (size_t)(FB_KC * (FB_TM + 6 * VL)); }

/* C (M, N) [+]= A^T . B with A (K, M), B (K, N): the gradient of weights, a sum over K nodes in their order. */
static void FB(matmul_tn)(int64_t M, int64_t N, int64_t K, const void *a_, ptrdiff_t lda, const void *b_, ptrdiff_t ldb,
                          void *c_, ptrdiff_t ldc, int add, void *scratch) {
    const FB(panels) s = FB(panels_of)(N);
    real *panel = scratch, *block = panel + FB_KC * 6 * VL;
    int64_t k0 = 0;
    do {
        const int64_t kc = fb_min(FB_KC, K - k0);
        for (int64_t i0 = 0, mc; i0 < M; i0 += mc) {
            mc = fb_min(FB_TM, M - i0);
            const real *a = (const real *)a_ + k0 * lda + i0;
            const int many = s.n > 3;
            for (int64_t k = 0; k < kc && many; k++) FB(pack_column)(mc, kc, a + k * lda, block + k * FB_ROWS);
            for (int64_t p = 0; p < s.n; p++) {
                int width;
                const int64_t at = FB(panel)(&s, p, &width) * VL;
                const real *b = (const real *)b_ + k0 * ldb + at;
                const int copied = mc > 2 * FB_ROWS || N - at < width * VL;
                if (copied) FB(pack_panel)(kc, N - at, width, b, ldb, 1, panel);
                FB(panel_add)(mc, width, N - at, kc, many ? block : a, 1, many ? FB_ROWS : lda,
                              many ? FB_ROWS * kc : FB_ROWS, copied ? panel : b, copied ? width * VL : ldb,
                              (real *)c_ + i0 * ldc + at, ldc, add || k0);
            }
        }
        k0 += FB_KC;
    } while (k0 < K);
}
