/* The levels of a run, forward and backward: h = tanh(theta . q), q the features of the node's children. Tiles of
 * FB_ROWS nodes. */
#ifndef FB_TREE_LEVEL_INL_H
#define FB_TREE_LEVEL_INL_H
#include "gated/gated_graph-inl.h"
#include "gemm/tiles-inl.h"
#include "simd/common.h"
#include "simd/dropout-inl.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

#define FB_LD_Q(d) ((d)->ld_feature + FB_PAD)

/* Pieces of one thread's scratch memory, in elements of real. */
typedef struct {
    real *c, *q, *part, *dc, *panel;
    int64_t panel_rows;
} FB(work);

static FB(work) FB(work_of)(const fb_dims *d, const void *scratch) {
    FB(work) w = {(real *)scratch, 0, 0, 0, 0, 0};
    w.q = w.c + (size_t)FB_ROWS * d->ld_gather;
    w.part = w.q + (size_t)FB_ROWS * FB_LD_Q(d);
    w.dc = w.part + (size_t)FB_ROWS * FB_PADDED(d->n_state) * VL;
    w.panel = w.dc + d->ld_fold;
    const int64_t fit = (int64_t)(192 * 1024 / sizeof(real)) / FB_LD_Q(d); /* a panel stays in the second-level cache */
    w.panel_rows = fit < 8 ? 8 : fit > 128 ? 128 : fit;
    return w;
}

static size_t FB(scratch)(const fb_dims *d) {
    if (d->gates->n_gate) return FB(gated_scratch)(d);
    const FB(work) w = FB(work_of)(d, NULL);
    const size_t wide = (size_t)FB_LD_Q(d) > (size_t)d->ld_state ? (size_t)FB_LD_Q(d) : (size_t)d->ld_state;
    return ((size_t)(w.panel - w.c) + FB_PADDED((size_t)w.panel_rows * wide) + 8 * FB_PAD) * sizeof(real);
}

/* The gathered row of node i, inner node number `row` of its slab: kept, or gathered again to c. */
static FB_INLINE const real *FB(gathered)(const fb_run *r, const fb_cell *cell, int64_t i, int64_t row, real *c) {
    if (r->gathered) return (const real *)r->gathered + row * fb_ld_gathered(&r->dims, cell);
    cell->gather(r, i, c);
    return c;
}

/* z (m, ld_state) of nodes i .. i + m. Features are made and used in blocks that stay in the first-level cache. */
static void FB(tile_forward)(const fb_run *r, const fb_cell *cell, int64_t i, int64_t row, int m, real *z,
                             const FB(work) * w) {
    enum { BLOCK = 2688 / sizeof(real) / FB_PAD * FB_PAD };
    const fb_dims *d = &r->dims;
    const ptrdiff_t ldq = FB_LD_Q(d);
    const int64_t ldc = fb_ld_gathered(d, cell);
    real *c = r->gathered ? (real *)r->gathered + row * ldc : cell->features ? w->c : w->q;
    for (int k = 0; k < m; k++) cell->gather(r, i + k, c + k * ldc);
    for (int begin = 0, end; begin < d->ld_feature; begin = end) {
        end = r->theta_t ? d->ld_feature : (int)fb_min(begin + BLOCK, d->ld_feature);
        real *q = cell->features ? w->q : c + begin;
        for (int k = 0; k < m && cell->features; k++) cell->features(d, begin, end, c + k * ldc, q + k * ldq);
        if (r->theta_t)
            FB(outer_or_dot)(m, d->n_state, d->n_feature, q, ldq, r->theta_t, d->ld_state, r->theta, d->ld_feature, z,
                             d->ld_state);
        else
            FB(dot)(m, d->n_state, end - begin, q, ldq, (const real *)r->theta + begin, d->ld_feature, w->part,
                    begin > 0);
    }
    if (!r->theta_t) FB(dot_sums)(m, d->n_state, w->part, z, d->ld_state);
}

static void FB(input_forward)(const fb_run *r, int64_t i) {
    const int D = r->dims.n_in, H = r->dims.ld_state;
    real *h = (real *)r->h + i * H;
    const real *x = (const real *)r->x + (r->x_row ? r->x_row[i] : i) * r->ld_x;
    if (r->ld_x == H) {
        FB(copy)(h, x, H);
    } else {
        memcpy(h, x, (size_t)D * sizeof(real));
        for (int j = D; j < H; j++) h[j] = 0;
    }
    if (r->tanh_input)
        for (int j = 0; j < H; j += VL) FB(store)(h + j, FB(vtanh)(FB(load)(h + j)));
    if (r->input_dropout > 0) FB(drop_row)(~r->seed, r->input_dropout, i, D, h);
}

/* Rows of the next tile if `left` nodes are left. Tiles of a level are about equal: 5 + 4 rather than 8 + 1. */
static FB_INLINE int FB(tile)(int64_t left) {
    const int64_t tiles = (left + FB_ROWS - 1) / FB_ROWS;
    return (int)((left + tiles - 1) / tiles);
}

/* Nodes a .. b of one level, inner nodes row .. of their slab. */
static void FB(level_forward)(const fb_run *r, const fb_cell *cell, int64_t a, int64_t b, int64_t row,
                              const FB(work) * w) {
    const fb_dims *d = &r->dims;
    const int H = d->n_state, ld = d->ld_state;
    for (int64_t i = a, m; i < b; i += m) {
        m = FB(tile)(b - i);
        real *h = (real *)r->h + i * ld;
        FB(tile_forward)(r, cell, i, row + i - a, (int)m, h, w);
        for (int k = 0; k < m; k++) {
            real *h_k = h + k * ld;
            for (int j = H; j < ld; j++) h_k[j] = 0;
            for (int j = 0; j < H; j += VL) FB(store)(h_k + j, FB(vtanh)(FB(load)(h_k + j)));
            if (r->dropout > 0) FB(drop_row)(r->seed, r->dropout, i + k, H, h_k);
        }
    }
}

/* dh (upstream) -> error before tanh, in place. A dropped component has no error; a kept one was scaled by 1 / (1 - p).
 */
static void FB(tanh_backward)(real *dh, const real *h, int n, double dropout, uint64_t seed, int64_t i) {
    if (dropout > 0) FB(drop_row)(seed, dropout, i, n, dh); /* h = mask * t */
    const real keep = (real)(1.0 - dropout);
    for (int j = 0; j < n; j++) dh[j] *= 1 - (keep * h[j]) * (keep * h[j]); /* t = tanh(z) */
}

static void FB(input_backward)(const fb_run *r, int64_t i) {
    const int D = r->dims.n_in;
    real *dh = (real *)r->dh + i * r->dims.ld_state;
    const real *h = (const real *)r->h + i * r->dims.ld_state;
    if (r->tanh_input) FB(tanh_backward)(dh, h, D, r->input_dropout, ~r->seed, i);
    else if (r->input_dropout > 0) FB(drop_row)(~r->seed, r->input_dropout, i, D, dh); /* h = mask * x */
}

/* Nodes a .. b of one level: their own errors, and those of their children. */
static void FB(level_backward)(const fb_run *r, const fb_cell *cell, int64_t a, int64_t b, int64_t row,
                               const FB(work) * w) {
    const fb_dims *d = &r->dims;
    const int H = d->n_state, ld = d->ld_state, ldq = FB_LD_Q(d);
    for (int64_t i = a, m; i < b; i += m) {
        m = FB(tile)(b - i);
        real *dh = (real *)r->dh + i * ld;
        for (int k = 0; k < m; k++)
            FB(tanh_backward)(dh + k * ld, (const real *)r->h + (i + k) * ld, H, r->dropout, r->seed, i + k);
        if (r->errors) FB(copy)((real *)r->errors + (row + i - a) * ld, dh, (int)m * ld);
        FB(outer_or_dot)((int)m, d->n_feature, H, dh, ld, r->theta, d->ld_feature, r->theta_t, ld, w->q,
                         ldq); /* z = theta . q */
        for (int k = 0; k < m; k++) {
            real *dq = w->q + k * ldq;
            if (cell->fold)
                cell->fold(d, FB(gathered)(r, cell, i + k, row + i - a + k, w->c), dq, w->dc); /* q = features(c) */
            cell->scatter(r, i + k, cell->fold ? w->dc : dq); /* c = gather(children) */
        }
    }
}
#endif
