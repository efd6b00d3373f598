/* Updates of rows of weights; each row is updated alone, so a sparse update equals the dense one on the rows it
   touches. Definitions as in torch.optim. Column c's gradient gains l2_c w, unless the decay is decoupled. Its learning
   rate is multiplied by mult_c: a column of two equal elements moves twice as far. Kernels get whole vectors: a
   compiler may round the rest of a loop in another way than the loop (it chooses which of two products is fused with
   their sum), but an element must have the same bits in any place. */
#ifndef FB_OPTIMIZER_UPDATE_INL_H
#define FB_OPTIMIZER_UPDATE_INL_H
#include "optimizer/piece-inl.h"
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

#define FB_KERNEL_BODIES
#include "optimizer/optimizers.def"
#undef FB_KERNEL_BODIES

typedef void (*FB(update_kernel))(const fb_optim *, int64_t, real, real *restrict, const real *restrict, real *restrict,
                                  real *restrict, const real *restrict, const real *restrict);
#define FB_OPTIMIZER(name, ...) [FB_OPTIMIZER_##name] = FB(name##_update),
static const FB(update_kernel) FB(update_kernels)[FB_N_OPTIMIZERS] = {
#include "optimizer/optimizers.def"
};
#undef FB_OPTIMIZER

/* The same of n < VL elements. */
static void FB(update_rest)(const fb_optim *o, int64_t n, real scale, real *w, const real *g, real *s1, real *s2,
                            const real *mult, const real *l2) {
    real rest[6][VL] = {{0}};
    const real *const from[6] = {w, g, s1, s2, mult, l2};
    for (int k = 0; k < 6; k++)
        for (int64_t j = 0; j < n && from[k]; j++) rest[k][j] = from[k][j];
    FB(update_kernels)[o->kind](o, VL, scale, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]);
    for (int64_t j = 0; j < n; j++) {
        w[j] = rest[0][j];
        if (s1) s1[j] = rest[2][j];
        if (s2) s2[j] = rest[3][j];
    }
}

/* n elements from element `at` of the weights on and from element g_at of the gradient, in columns col .. col + n. */
static void FB(update_piece)(const fb_optim *o, const fb_block *b, int64_t at, int64_t g_at, int64_t col, int64_t n,
                             double scale) {
    real *w = (real *)b->w + at, *s1 = b->s1 ? (real *)b->s1 + at : NULL, *s2 = b->s2 ? (real *)b->s2 + at : NULL;
    const real *g = (const real *)b->g + g_at, *mult = (const real *)b->mult + col, *l2 = (const real *)b->l2 + col;
    const int64_t at_rest = n / VL * VL;
    FB(update_kernels)[o->kind](o, at_rest, (real)scale, w, g, s1, s2, mult, l2);
    if (at_rest < n)
        FB(update_rest)(o, n - at_rest, (real)scale, w + at_rest, g + at_rest, s1 ? s1 + at_rest : NULL,
                        s2 ? s2 + at_rest : NULL, mult + at_rest, l2 + at_rest);
    FB(flush)(w, n); /* apart from the update, whose rounding it must not change */
    if (fb_optimizers[o->kind].flushes & FB_FLUSH_S1) FB(flush)(s1, n);
    if (fb_optimizers[o->kind].flushes & FB_FLUSH_S2) FB(flush)(s2, n);
}

/* Rows first .. last of the gradient; row k of it belongs to row rows[k] of the weights (rows NULL: to row k). */
static void FB(update_block)(const fb_optim *o, const fb_block *b, const int32_t *rows, int64_t first, int64_t last,
                             double scale) {
    enum { AHEAD = 6 };
    for (int64_t k = first; k < last; k++) {
        if (rows && b->s1 && k + AHEAD < last) /* rows that are far apart */
            for (int64_t j = 0; j < b->ld; j += 64 / (int)sizeof(real))
                __builtin_prefetch((real *)b->s1 + rows[k + AHEAD] * b->ld + j, 1);
        FB(update_piece)(o, b, (rows ? rows[k] : k) * b->ld, k * b->ld, 0, b->n_cols, scale);
    }
}

/* Squared norm of one row of the gradient, penalty included (but no decoupled decay): eight sums beside each other,
   since one alone would wait for itself. */
static double FB(row_norm)(const fb_optim *o, const fb_block *b, const int32_t *rows, int64_t k) {
    enum { SUMS = 8 };
    const real *w = (const real *)b->w + (rows ? rows[k] : k) * b->ld, *g = (const real *)b->g + k * b->ld, *l2 = b->l2,
               *mult = b->mult;
    const double decay = fb_optimizers[o->kind].decouples_decay ? 0 : 1;
    double sum[SUMS] = {0}, total = 0;
    for (int64_t j = 0; j < b->n_cols; j += SUMS)
        for (int64_t i = j; i < fb_min(j + SUMS, b->n_cols); i++) {
            const double d = (double)g[i] + decay * (double)l2[i] * (double)w[i];
            sum[i - j] += (double)mult[i] * d * d;
        }
    for (int i = 0; i < SUMS; i++) total += sum[i];
    return total;
}

/* One step of an optimiser over n blocks; rows[k] as in FB(update_block), or rows NULL. */
static void FB(update_blocks)(fb_optim *o, const fb_block *b, const int32_t *const *rows, int n) {
    double squares = 0;
    for (int k = 0; k < n && o->max_norm > 0; k++)
        for (int64_t i = 0; i < b[k].n_rows; i++) squares += FB(row_norm)(o, &b[k], rows ? rows[k] : NULL, i);
    const double clip = fb_clip_factor(o, squares);
    fb_optim_tick(o);
    for (int k = 0; k < n; k++) FB(update_block)(o, &b[k], rows ? rows[k] : NULL, 0, b[k].n_rows, clip);
}
#endif
