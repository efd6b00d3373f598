/* Few rows of a gated cell on their way back: weights are read where they lie, which costs less than to pack them. Sums
   run in the order of the packed products, so the bits are theirs. */
#ifndef FB_GATED_GATED_ROWS_INL_H
#define FB_GATED_GATED_ROWS_INL_H
#include "gated/gated_step-inl.h"
#include "gemm/tiles-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

/* One row a (K) times `width` vectors of rows of B. */
enum { FB(LINE_ROWS) = 2 * FB_ROWS };
static void FB(line_add)(int width, int K, const real *a, const real *b, ptrdiff_t ldb, real *c, int add) {
    /* clang-format off */
#define FB_CASE(W) case W: FB(line_tile)(1, W, K, a, b, ldb, 0, c, add); return;
    switch (width) {
        FB_CASE(1) FB_CASE(2) FB_CASE(3) FB_CASE(4) FB_CASE(5) FB_CASE(6) FB_CASE(7) FB_CASE(8)
#if FB_ROWS == 8
        FB_CASE(9) FB_CASE(10) FB_CASE(11) FB_CASE(12) FB_CASE(13) FB_CASE(14) FB_CASE(15) FB_CASE(16)
#endif
    }
#undef FB_CASE
    /* clang-format on */
    FB_NO_CASE();
}

/* Rows of all steps up to which W is read where it lies: above, packing it costs nothing that could be seen. */
enum { FB(FEW_ROWS) = 128 };

/* What can be read where it lies: rows of whole vectors; of U, which every step reads, none may cross cache lines. */
static int FB(whole_rows)(const void *a, int64_t ld, int n) {
    return n % FB_PAD == 0 && ld % FB_PAD == 0 && (size_t)a % FB_VBYTES == 0;
}

/* Units u0 .. u1, whole vectors, of out (H) [+]= what one node sends to h~, from the errors of all slots of u. */
static void FB(send_row)(const fb_dims *d, const fb_gates *g, const fb_weights *w, int u0, int u1, const real *errors,
                         real *out, int add) {
    const int H = d->n_state, first = g->n_slot - g->n_gate, vectors = (u1 - u0) / VL;
    const int pieces = (vectors + FB(LINE_ROWS) - 1) / FB(LINE_ROWS);
    for (int j = 0, at = u0 / VL, n; j < pieces; j++, at += n) {
        n = u0 / VL + vectors * (j + 1) / pieces - at;
        for (int s = 0; s < g->n_gate; s++)
            FB(line_add)(n, H, errors + s * d->ld_state,
                         (const real *)w->U + g->gate[first + s] * H * w->ld_u + at * VL, w->ld_u, out + at * VL,
                         add || s); /* u = U h~ */
    }
}

/* dx of n rows, from the errors of all slots of a. */
static void FB(rows_back)(const fb_dims *d, const fb_gates *g, const fb_weights *w, int64_t n, const real *errors,
                          int64_t ld_errors, real *dx, int64_t ld) {
    const int H = d->n_state;
    for (int s = 0; s < g->n_gate; s++)
        for (int64_t i = 0; i < n; i += FB_ROWS)
            FB(outer)((int)fb_min(FB_ROWS, n - i), d->n_in, H, errors + i * ld_errors + s * d->ld_state, ld_errors, 1,
                      (const real *)w->W + g->gate[s] * H * w->ld_w, w->ld_w, dx + i * ld, ld, s > 0); /* a = W x */
}
#endif
