/* What every run of a gated cell shares: the step of some nodes forward and backward. Products with U are made for a
   panel of units at a time, all gates of the same units together, and used in the first-level cache. */
#ifndef FB_GATED_GATED_STEP_INL_H
#define FB_GATED_GATED_STEP_INL_H
#include "gated/gated_pack-inl.h"
#include "gemm/matmul-inl.h"
#include "gemm/tiles-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

/* a = W x + b of n rows. */
static void FB(project)(const fb_dims *d, const FB(packed) * p, int64_t n, const real *x, int64_t ld_x, real *saved) {
    const int64_t N = (int64_t)d->n_gate * d->ld_state, ld = d->n_slot * (int64_t)d->ld_state;
    if (x) FB(matmul_from)(n, N, d->n_in, x, ld_x, p->w_in, saved, ld, p->bias, 0);
    for (int64_t i = 0; i < n && !x; i++) FB(copy)(saved + i * ld, p->bias, (int)N);
}

/* One row a (K) times `count` panels of `width` vectors, which lie `panel` elements apart: so many lines of weights in
   flight at once that neither latency, of memory or of a sum, nor a single stream holds it up. */
static FB_INLINE void FB(line_tile)(const int count, const int width, int K, const real *a, const real *b,
                                    ptrdiff_t ldb, ptrdiff_t panel, real *c, int add) {
    vec acc[16];
#pragma GCC unroll 16
    for (int n = 0; n < count * width; n++) acc[n] = add ? FB(load)(c + n * VL) : (vec){0};
    for (int k = 0; k < K; k++, b += ldb) {
        const vec s = FB(splat)(a[k]);
#pragma GCC unroll 4
        for (int p = 0; p < count; p++)
#pragma GCC unroll 16
            for (int n = 0; n < width; n++) acc[p * width + n] += s * FB(load)(b + p * panel + n * VL);
    }
#pragma GCC unroll 16
    for (int n = 0; n < count * width; n++) FB(store)(c + n * VL, acc[n]);
}

enum { FB(LINE_PANELS) = FB_ROWS / 2 };
static void FB(lines)(int width, int K, const real *a, const real *b, ptrdiff_t panel, real *c, int add) {
    if (width == 4) FB(line_tile)(FB(LINE_PANELS), 4, K, a, b, 4 * VL, panel, c, add);
    else if (width == 3) FB(line_tile)(FB(LINE_PANELS), 3, K, a, b, 3 * VL, panel, c, add);
    else FB(line_tile)(FB(LINE_PANELS), 2, K, a, b, 2 * VL, panel, c, add); /* several panels are never narrower */
}

/* u (rows, n vectors) = U h~ of some panels from vector q on; `alone`: without the last gate of each. */
static void FB(recur)(const fb_dims *d, int G, const FB(packed) * p, const fb_tile *t, int q, int n, int alone, int K,
                      real *u) {
    const int width = FB(panel_width)(G);
    const real *below = (const real *)t->below + t->first * t->ld_below, *b = p->u_in + (int64_t)q * VL * d->n_state;
    if (K && t->rows == 1 && n == FB(LINE_PANELS) * width && !alone) {
        FB(lines)(width, K, below, b, (ptrdiff_t)width * VL * d->n_state, u, 0);
        return;
    }
    for (int v = 0, w; v < n; v += w, b += w * VL * d->n_state, u += (w - alone) * VL) {
        w = (int)fb_min(width, n - v);
        if (K) FB(outer_row)(t->rows, w - alone, 1, K, below, t->ld_below, 1, b, w * VL, u, t->ld_u, 0);
        else
            for (int k = 0; k < t->rows; k++) FB(zero)(u + k * t->ld_u, (w - alone) * VL);
    }
}

/* The units t->at .. t->at + t->cols of some rows, whose u is complete; fc: room for them where states below come in
   c_below. */
static void FB(gated_units)(const fb_gates *g, fb_tile *t, real *fc) {
    if (fc && g->has_c) {
        const real *u = t->u;
        FB(zero)(fc, t->rows * t->cols);
        t->fc = fc, t->ld_fc = t->cols, t->u = u + (g->n_gate - 1) * VL;
        g->edge_forward(t);
        t->u = u;
    }
    g->forward(t);
}

/* The tile's units, whole panels, from a, h~ (K elements of it count: H, or 0 where it is zero) and, in fc or c_below,
   the second states below. Panels outside, rows inside: a panel that is not in the second-level cache is fetched once.
   `turn`: from the last panel to the first, so that steps in turns find some of them in the cache. The tile ends up
   changed. */
static void FB(gated_forward)(const fb_dims *d, const fb_gates *g, const FB(packed) * p, fb_tile *t, int K, int turn) {
    const int G = g->n_gate, rows = t->rows, alone = g->has_c && t->fc != NULL;
    const int first = t->at / VL, units = t->cols / VL;
    const int most = FB(panel_units)(G) * (rows == 1 ? FB(LINE_PANELS) : 1);
    const int last = (units - 1) & -most; /* `most` is a power of two */
    const real *edges = t->fc;
    real u[FB_ROWS * 4 * VL], fc[FB_ROWS * VL];
    t->u = u, t->gate = VL, t->next = G == 1 ? VL : (G - alone) * VL;
    for (int i = 0; i < units; i += most) {
        const int j = turn ? last - i : i, q = first + j, n = (int)fb_min(most, units - j);
        t->at = q * VL, t->cols = n * VL, t->ld_u = n * (G - alone) * VL;
        for (t->first = 0; t->first < rows; t->first += t->rows) {
            t->rows = FB(gated_rows)(G, rows - t->first);
            FB(recur)(d, G, p, t, q * G, n * G, alone, K, u);
            if (alone) t->fc = (void *)(edges + t->first * t->ld_fc + t->at);
            FB(gated_units)(g, t, alone ? NULL : fc);
        }
    }
}

/* u (rows, width vectors) = U h~ of one panel for rows of several tiles: pieces of the panel that stay in the
   first-level cache while all rows pass. The panel at `next` is fetched meanwhile. */
static void FB(recur_many)(const fb_tile *t, int width, int K, const real *b, const real *next, real *u) {
    const FB(strips) rows = {(const real *)t->below + t->first * t->ld_below, t->ld_below, 1, FB_ROWS * t->ld_below};
    for (int k = 0; k < t->rows && !K; k++) FB(zero)(u + k * t->ld_u, width * VL);
    for (int v = 0, n; v < width; v += n) {
        n = width - v > 3 ? 2 : width - v;
        for (int k0 = 0; k0 < K; k0 += FB_KC) {
            const int kc = (int)fb_min(FB_KC, K - k0);
            const FB(ahead)
                ahead = {(const char *)(next + (v * K + n * k0) * VL), FB_LINE, kc * FB_LINE, n * FB_VBYTES / FB_LINE};
            FB(strips) strips = rows;
            strips.a += k0;
            FB(panel_add)(t->rows, n, n * VL, kc, &strips, b + (k0 * width + v) * VL, width * VL, u + v * VL, t->ld_u,
                          k0 ? u + v * VL : NULL, t->ld_u, &ahead);
        }
    }
}

/* The same of many rows with one child each at most: all of u first, in scratch, then whole rows of units, a few at a
   time, which the caches know how to fetch ahead. */
enum { FB(MANY) = 8 * FB_ROWS, FB(FEW) = 4 };
static size_t FB(many_scratch)(const fb_dims *d) { return (size_t)((FB(MANY) * d->n_gate + FB(FEW)) * d->ld_state); }
static void FB(gated_many)(const fb_dims *d, const fb_gates *g, const FB(packed) * p, fb_tile *t, int K, int turn,
                           real *u) {
    const int G = g->n_gate, rows = t->rows, vectors = G * d->ld_state / VL, most = FB(panel_width)(G);
    const int groups = (vectors + most - 1) / most;
    real *fc = u + FB(MANY) * vectors * VL;
    t->gate = VL, t->next = G * VL, t->ld_u = vectors * VL;
    for (int r = 0, n; r < rows; r += n) {
        n = (int)fb_min(FB(MANY), rows - r);
        t->first = r, t->rows = n;
        for (int j = 0; j < groups; j++) {
            const int q = (turn ? groups - 1 - j : j) * most, w = (int)fb_min(most, vectors - q);
            const real *b = p->u_in + (int64_t)q * VL * d->n_state;
            FB(recur_many)(t, w, K, b, b + (turn ? -most : most) * VL * d->n_state, u + q * VL);
        }
        for (int end = r + n; t->first < end; t->first += t->rows) {
            t->rows = (int)fb_min(FB(FEW), end - t->first);
            t->u = u + (t->first - r) * t->ld_u;
            FB(gated_units)(g, t, fc);
        }
    }
}

/* out (m, H) [+]= what nodes send to h~, from the errors of `slots` slots of u from the first-th on. */
static void FB(gated_send)(const fb_dims *d, const fb_gates *g, const FB(packed) * p, int64_t m, int first, int slots,
                           const real *errors, int64_t ld_errors, real *out, int64_t ld, int add) {
    const FB(panels) s = FB(panels_of)(d->n_state);
    const int64_t K = (int64_t)g->n_gate * d->ld_state, N = (int64_t)slots * d->ld_state;
    for (int64_t k = 0; k < m && !add; k++)
        for (int j = d->n_state; j < d->ld_state; j++) out[k * ld + j] = 0;
    if (m > 1 && slots == g->n_gate) {
        FB(matmul)(m, d->n_state, K, errors, ld_errors, p->u_back, out, ld, add);
        return;
    }
    for (int64_t q = 0, count; q < s.n; q += count) {
        int width;
        const int64_t at = FB(panel)(&s, q, &width) * VL, panel = K * width * VL;
        const real *b = p->u_back + at * K + (int64_t)first * d->ld_state * width * VL;
        count = m == 1 && q + FB(LINE_PANELS) <= (q < s.wide ? s.wide : s.n) ? FB(LINE_PANELS) : 1;
        if (count > 1) FB(lines)(width, (int)N, errors, b, panel, out + at, add);
        else FB(outer_row)((int)m, width, 1, (int)N, errors, ld_errors, 1, b, width * VL, out + at, ld, add);
    }
}
#endif
