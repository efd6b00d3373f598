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

/* a = W x + b of n rows; of leaves, with the leaf module's parameters. */
static void FB(project)(const fb_dims *d, const FB(packed) * p, int is_leaf, int64_t n, const real *x, int64_t ld_x,
                        real *saved) {
    const int64_t N = (int64_t)(is_leaf ? d->gates->n_leaf : d->n_gate) * d->ld_state;
    const int64_t ld = d->n_slot * (int64_t)d->ld_state;
    const real *bias = is_leaf ? p->leaf_bias : p->bias;
    if (x) FB(matmul_from)(n, N, d->n_in, x, ld_x, is_leaf ? p->leaf_in : p->w_in, saved, ld, bias, 0);
    for (int64_t i = 0; i < n && !x; i++) FB(copy)(saved + i * ld, bias, (int)N);
}

/* One row a (K) times `count` panels of `width` vectors, which are `panel` elements apart. Several lines of weights are
   loaded at once, so that neither the latency of memory or of a sum nor the rate of a single stream limits the speed.
 */
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

/* LINE_PANELS panels at once. Several panels are never narrower than two vectors; of wider ones than four, the sums do
   not fit the registers. */
enum { FB(LINE_PANELS) = FB_ROWS / 2, FB(LINE_WIDTH) = 4 };
static void FB(lines)(int width, int K, const real *a, const real *b, ptrdiff_t panel, real *c, int add) {
    assert(width >= 2 && width <= FB(LINE_WIDTH));
    switch (width) {
        case 2:
            FB(line_tile)(FB(LINE_PANELS), 2, K, a, b, 2 * VL, panel, c, add);
            return;
        case 3:
            FB(line_tile)(FB(LINE_PANELS), 3, K, a, b, 3 * VL, panel, c, add);
            return;
        case 4:
            FB(line_tile)(FB(LINE_PANELS), 4, K, a, b, 4 * VL, panel, c, add);
            return;
    }
    FB_NO_CASE();
}

/* u (rows, n vectors) = U h~ of some panels from vector q on; `alone`: without the last gate of each. */
static void FB(recur)(const fb_dims *d, int G, const FB(packed) * p, const fb_tile *t, int q, int n, int alone, int K,
                      real *u) {
    const int width = FB(panel_width)(G);
    const real *below = (const real *)t->below + t->first * t->ld_below, *b = p->u_in + (int64_t)q * VL * d->n_below;
    if (K && t->rows == 1 && n == FB(LINE_PANELS) * width && width <= FB(LINE_WIDTH) && !alone) {
        FB(lines)(width, K, below, b, (ptrdiff_t)width * VL * d->n_below, u, 0);
        return;
    }
    for (int v = 0, w; v < n; v += w, b += w * VL * d->n_below, u += (w - alone) * VL) {
        w = (int)fb_min(width, n - v);
        if (K && FB(is_tile)(t->rows, w - alone))
            FB(outer_row)(t->rows, w - alone, 1, K, below, t->ld_below, 1, b, w * VL, u, t->ld_u, 0);
        else if (K) FB(outer)(t->rows, (w - alone) * VL, K, below, t->ld_below, 1, b, w * VL, u, t->ld_u, 0);
        else
            for (int k = 0; k < t->rows; k++) FB(zero)(u + k * t->ld_u, (w - alone) * VL);
    }
}

/* The units t->at .. t->at + t->cols of some rows, whose u is complete; fc: room for them where states below come in
   c_below. */
static void FB(gated_units)(const fb_cell *cell, fb_tile *t, real *fc) {
    if (fc && t->gates->gate_per_child) {
        const real *u = t->u;
        FB(zero)(fc, t->rows * t->cols);
        t->fc = fc, t->ld_fc = t->cols, t->u = u + (t->gates->n_gate - 1) * VL;
        cell->gated.edge_forward(t);
        t->u = u;
    }
    cell->gated.forward(t);
}

/* The tile's units, whole panels, from a, h~ (K elements of it count: n_below, or 0 where it is zero) and, in fc or
   c_below, the second states below. Panels outside, rows inside: a panel that is not in the second-level cache is
   fetched once. `turn`: from the last panel to the first, so that steps in turns find some of them in the cache. The
   tile ends up changed. */
static void FB(gated_forward)(const fb_dims *d, const fb_cell *cell, const FB(packed) * p, fb_tile *t, int K,
                              int turn) {
    const fb_gates *g = &cell->row->gates;
    const int G = g->n_gate, rows = t->rows, alone = g->gate_per_child && t->fc != NULL;
    const int recurs = g->has_recurrence && G > alone;
    const int first = t->at / VL, units = t->cols / VL;
    const int most = FB(panel_units)(G) * (rows == 1 ? FB(LINE_PANELS) : 1);
    const int last = (units - 1) & -most; /* `most` is a power of two */
    const real *edges = t->fc;
    real u[FB_ROWS * 4 * VL], fc[FB_ROWS * 4 * VL]; /* a panel of one gate has four units */
    t->u = u, t->gate = VL, t->next = G == 1 ? VL : (G - alone) * VL;
    for (int i = 0; i < units; i += most) {
        const int j = turn ? last - i : i, q = first + j, n = (int)fb_min(most, units - j);
        t->at = q * VL, t->cols = n * VL, t->ld_u = n * (G - alone) * VL;
        for (t->first = 0; t->first < rows; t->first += t->rows) {
            t->rows = FB(gated_rows)(G, rows - t->first);
            if (recurs) FB(recur)(d, G, p, t, q * G, n * G, alone, K, u);
            if (alone) t->fc = (void *)(edges + t->first * t->ld_fc + t->at);
            FB(gated_units)(cell, t, alone ? NULL : fc);
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
static void FB(gated_many)(const fb_dims *d, const fb_cell *cell, const FB(packed) * p, fb_tile *t, int K, int turn,
                           real *u) {
    const int G = d->n_gate, rows = t->rows, vectors = G * d->ld_state / VL, most = FB(panel_width)(G);
    const int groups = (vectors + most - 1) / most;
    real *fc = u + FB(MANY) * vectors * VL;
    t->gate = VL, t->next = G * VL, t->ld_u = vectors * VL;
    for (int r = 0, n; r < rows; r += n) {
        n = (int)fb_min(FB(MANY), rows - r);
        t->first = r, t->rows = n;
        for (int j = 0; j < groups && d->gates->has_recurrence; j++) {
            const int q = (turn ? groups - 1 - j : j) * most, w = (int)fb_min(most, vectors - q);
            const real *b = p->u_in + (int64_t)q * VL * d->n_below;
            FB(recur_many)(t, w, K, b, b + (turn ? -most : most) * VL * d->n_below, u + q * VL);
        }
        for (int end = r + n; t->first < end; t->first += t->rows) {
            t->rows = (int)fb_min(FB(FEW), end - t->first);
            t->u = u + (t->first - r) * t->ld_u;
            FB(gated_units)(cell, t, fc);
        }
    }
}

/* out (m, n_below) [+]= what nodes send to h~ through U, from the errors of `slots` slots of u from the first-th on. */
static void FB(gated_send)(const fb_dims *d, const fb_gates *g, const FB(packed) * p, int64_t m, int first, int slots,
                           const real *errors, int64_t ld_errors, real *out, int64_t ld, int add) {
    const FB(panels) s = FB(panels_of)(d->n_below);
    const int64_t K = (int64_t)g->n_gate * d->ld_state, N = (int64_t)slots * d->ld_state;
    if (!g->has_recurrence) return;
    for (int64_t k = 0; k < m && !add; k++)
        for (int j = slots ? d->n_below : 0; j < FB_PADDED(d->n_below); j++) out[k * ld + j] = 0;
    if (m > 1 && slots == g->n_gate) {
        FB(matmul)(m, d->n_below, K, errors, ld_errors, p->u_back, out, ld, add);
        return;
    }
    for (int64_t q = 0, count; q < s.n && slots; q += count) {
        int width;
        const int64_t at = FB(panel)(&s, q, &width) * VL, panel = K * width * VL;
        const real *b = p->u_back + at * K + (int64_t)first * d->ld_state * width * VL;
        count = m == 1 && q + FB(LINE_PANELS) <= (q < s.wide ? s.wide : s.n) ? FB(LINE_PANELS) : 1;
        if (count > 1) FB(lines)(width, (int)N, errors, b, panel, out + at, add);
        else FB(outer_row)((int)m, width, 1, (int)N, errors, ld_errors, 1, b, width * VL, out + at, ld, add);
    }
}
#endif
