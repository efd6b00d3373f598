/* Between the public parameters and theta, the kernels' layout: one row per component of the state (of each gate), one
   column per feature. Column c has the elements of the parameters that are multiplied by feature c (fb_column). Rows
   are ld_feature elements apart; columns from n_feature on are zero. Each cell's <name>_columns fills in the table.

   sum            theta (H, H)                  [ W                          | 0 .. ]
                                                  sum of children
   concat         theta (H, 2 H + 1)            [ W_l     | W_r     | b      | 0 .. ]
                                                  h_l       h_r       1
   rntn           theta (H, about n (H + 1))    [ V~, each product once      | 0 .. ]   cells/rntn-inl.h
   gated cells    theta (n_gate H, ..)          [ W  0 .. | U  0 ..  | b b_rec | W_leaf  0 .. | b_leaf | 0 .. ]
                                                  0         ld_in      at_b      at_leaf
                                                  x         h~         1 1       x              1
                  U where the cell has one; W_leaf and b_leaf, of n_leaf H rows, where it has a leaf module */
#ifndef FB_TREE_THETA_INL_H
#define FB_TREE_THETA_INL_H
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

static void FB(transpose)(int64_t rows, int64_t cols, const void *a, int64_t lda, void *b, int64_t ldb) {
    const real *src = a; /* (rows, cols) */
    real *dst = b;       /* (cols, rows) */
    const int64_t whole = cols / VL * VL, blocks = rows / VL * VL;
    for (int64_t i = 0; i < blocks; i += VL)
        for (int64_t j = 0; j < whole; j += VL) {
            vec t[VL];
#pragma GCC unroll 16
            for (int k = 0; k < VL; k++) t[k] = FB(load)(src + (i + k) * lda + j);
            FB(by_columns)(VL, t);
#pragma GCC unroll 16
            for (int k = 0; k < VL; k++) FB(store)(dst + (j + k) * ldb + i, t[k]);
        }
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = i < blocks ? whole : 0; j < cols; j++) dst[j * ldb + i] = src[i * lda + j];
}

/* Number of elements that each parameter has per row of theta: one more than the largest that a column names. */
static void FB(row_lengths)(const fb_dims *d, const fb_column *column, int64_t *length) {
    for (int c = 0; c < d->n_feature; c++) {
        const fb_column k = column[c];
        if (k.param < 0) continue;
        const int64_t last = k.at > k.twin ? k.at : k.twin;
        if (last + 1 > length[k.param]) length[k.param] = last + 1;
    }
}

/* theta = the sum of the elements that multiply the same feature */
static void FB(pack)(const fb_dims *d, const fb_column *column, const void *const *params, void *theta) {
    int64_t length[FB_PARAMS] = {0};
    FB(row_lengths)(d, column, length);
    for (int i = 0; i < d->n_gate * d->n_state; i++) {
        real *row = (real *)theta + (int64_t)i * d->ld_feature;
        memset(row, 0, (size_t)d->ld_feature * sizeof(real));
        for (int c = 0; c < d->n_feature; c++) {
            const fb_column k = column[c];
            if (k.param < 0 || (k.rows && i >= k.rows)) continue;
            const real *p = (const real *)params[k.param] + i * length[k.param];
            row[c] = k.twin < 0 ? p[k.at] : p[k.at] + p[k.twin];
        }
    }
}

/* The way back. The elements of a column share its weight equally (the symmetric choice, which is the same function).
   Gradients are added. */
static void FB(unpack)(const fb_dims *d, const fb_column *column, int gradient, const void *theta,
                       void *const *params) {
    int64_t length[FB_PARAMS] = {0};
    FB(row_lengths)(d, column, length);
    for (int i = 0; i < d->n_gate * d->n_state; i++) {
        const real *row = (const real *)theta + (int64_t)i * d->ld_feature;
        for (int c = 0; c < d->n_feature; c++) {
            const fb_column k = column[c];
            if (k.param < 0 || (k.rows && i >= k.rows)) continue;
            real *p = (real *)params[k.param] + i * length[k.param];
            if (gradient) {
                p[k.at] += row[c]; /* theta = p[at] (+ p[twin]) */
                if (k.twin >= 0) p[k.twin] += row[c];
            } else if (k.twin < 0) {
                p[k.at] = row[c];
            } else {
                p[k.at] = p[k.twin] = row[c] / 2;
            }
        }
    }
}
#endif
