/* The cells of the tests (cells/test_cells.def), of any number of gates q. With w_q = 1 / (1 + q):

   y_q = tanh(a_q + u_q), of cells with a second bias tanh(a_q + u_q / 2); y = sum of w_q y_q.
   h = y + h~ / 2 where there is a direct way, tanh(c) where there is a second state, else y.
   c = y + c~ / 2, c~ the sum of the second states below; of cells with matrices per child, y + sum of c_k / (2 + k);
   of cells with a gate per child, which is the one of the last slot, y without it, + sum of f_k c_k, f_k = tanh(..).
   Leaf module: h = c = y of its own gates, u = 0. */
#ifndef FB_CELLS_TEST_INL_H
#define FB_CELLS_TEST_INL_H
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

/* Unit j of row r of a matrix of the tile. */
#define FB_AT(type, t, field, r, j) ((type *)(t)->field + (r) * (t)->ld_##field + (j))

/* The gate of slot q; those of the leaf module lie in order. */
static FB_INLINE int FB(test_gate)(const fb_tile *t, int is_leaf, int q) { return is_leaf ? q : t->gates->gate[q]; }

/* y of the gates in slots 0 .. n, which are saved. */
static vec FB(test_sum)(const fb_tile *t, int n, int is_leaf, int r, int j, const real *u) {
    const fb_gates *g = t->gates;
    real *s = FB_AT(real, t, saved, r, j);
    vec y = {0};
    for (int q = 0; q < n; q++) {
        vec z = FB(load)(s + q * t->slot);
        if (g->has_recurrence && !is_leaf) {
            const vec u_q = FB(load)(u + q * t->gate) + FB(load)((const real *)t->bias + q * t->slot + j);
            z += u_q * (real)(g->has_second_bias ? 0.5 : 1);
        }
        z = FB(vtanh)(z);
        FB(store)(s + q * t->slot, z);
        y += z / (real)(1 + FB(test_gate)(t, is_leaf, q));
    }
    return y;
}

/* The errors of these gates, from that of y. */
static void FB(test_errors)(const fb_tile *t, int n, int is_leaf, int r, int j, vec dy) {
    const fb_gates *g = t->gates;
    real *s = FB_AT(real, t, saved, r, j);
    for (int q = 0; q < n; q++) {
        const vec z = FB(load)(s + q * t->slot), d = dy * ((real)1 - z * z) / (real)(1 + FB(test_gate)(t, is_leaf, q));
        FB(store)(s + q * t->slot, d);                                                   /* z = tanh(a + ..) */
        if (g->has_second_bias) FB(store)(s + (g->n_gate + q) * t->slot, d * (real)0.5); /* z = tanh(.. + u / 2) */
    }
}

/* Second states below, and in which part each goes to c: 1 / (2 + k). */
static int FB(test_children)(const fb_tile *t) {
    if (!t->gates->has_second_state || t->gates->gate_per_child) return 0;
    return t->gates->matrices_per_child ? (int)(t->ld_dc_below / t->slot) : 1;
}

static void FB(test_forward)(const fb_tile *restrict t) {
    const fb_gates *g = t->gates;
    const int children = FB(test_children)(t);
    for (int r = t->first; r < t->first + t->rows; r++) {
        const real *u = (const real *)t->u + (r - t->first) * t->ld_u;
        for (int j = t->at, k = 0; j < t->at + t->cols; j += VL, k += VL, u += t->next) {
            vec y = FB(test_sum)(t, g->n_gate - g->gate_per_child, 0, r, j, u);
            if (g->direct) y += FB(load)(FB_AT(const real, t, below, r, j)) * (real)0.5;
            if (g->gate_per_child) y += FB(load)((const real *)t->fc + (r - t->first) * t->ld_fc + k);
            for (int child = 0; child < children; child++)
                y += FB(load)(FB_AT(const real, t, c_below, r, j) + child * t->slot) / (real)(2 + child);
            if (g->has_second_state) FB(store)(FB_AT(real, t, c, r, j), y);
            FB(store)(FB_AT(real, t, h, r, j), g->has_second_state ? FB(vtanh)(y) : y);
        }
    }
}

static void FB(test_backward)(const fb_tile *restrict t) {
    const fb_gates *g = t->gates;
    const int children = FB(test_children)(t);
    for (int r = t->first; r < t->first + t->rows; r++)
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            vec d = FB(load)(FB_AT(const real, t, e, r, j));
            if (g->has_second_state) {
                const vec h = FB(vtanh)(FB(load)(FB_AT(const real, t, c, r, j)));
                d = FB(load)(FB_AT(const real, t, dc, r, j)) + d * ((real)1 - h * h); /* h = tanh(c) */
                FB(store)(FB_AT(real, t, dc, r, j), d);
            }
            FB(test_errors)(t, g->n_gate - g->gate_per_child, 0, r, j, d);
            if (g->direct) FB(store)(FB_AT(real, t, direct, r, j), d * (real)0.5); /* h = .. + h~ / 2 */
            for (int child = 0; child < children; child++)                         /* c = .. + c_k / (2 + k) */
                FB(store)(FB_AT(real, t, dc_below, r, j) + child * t->slot, d / (real)(2 + child));
        }
}

static void FB(test_edge_forward)(const fb_tile *restrict t) {
    for (int r = t->first; r < t->first + t->rows; r++) {
        const real *u = (const real *)t->u + (r - t->first) * t->ld_u;
        real *fc = (real *)t->fc + (r - t->first) * t->ld_fc;
        for (int j = t->at; j < t->at + t->cols; j += VL, u += t->next, fc += VL) {
            const vec f = FB(vtanh)(FB(load)(FB_AT(const real, t, f, r, j)) + FB(load)(u));
            FB(store)(FB_AT(real, t, f, r, j), f);
            FB(store)(fc, FB(load)(fc) + f * FB(load)(FB_AT(const real, t, c_below, r, j)));
        }
    }
}

static void FB(test_edge_backward)(const fb_tile *restrict t) {
    for (int r = t->first; r < t->first + t->rows; r++)
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            const vec f = FB(load)(FB_AT(const real, t, f, r, j)), d = FB(load)(FB_AT(const real, t, dc, r, j));
            const vec c_k = FB(load)(FB_AT(const real, t, c_below, r, j));
            FB(store)(FB_AT(real, t, f, r, j), d * c_k * ((real)1 - f * f)); /* c = .. + f_k * c_k */
            FB(store)(FB_AT(real, t, dc_below, r, j), d * f);                /* c = .. + f_k * c_k */
        }
}

static void FB(test_leaf_forward)(const fb_tile *restrict t) {
    for (int r = t->first; r < t->first + t->rows; r++)
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            const vec y = FB(test_sum)(t, t->gates->n_leaf, 1, r, j, NULL);
            FB(store)(FB_AT(real, t, c, r, j), y);
            FB(store)(FB_AT(real, t, h, r, j), y);
        }
}

static void FB(test_leaf_backward)(const fb_tile *restrict t) {
    for (int r = t->first; r < t->first + t->rows; r++)
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            const vec d = FB(load)(FB_AT(const real, t, e, r, j)) + FB(load)(FB_AT(const real, t, dc, r, j));
            FB(store)(FB_AT(real, t, dc, r, j), d);
            FB(test_errors)(t, t->gates->n_leaf, 1, r, j, d); /* h = y, c = y */
        }
}
#undef FB_AT
#endif
