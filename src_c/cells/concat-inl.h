/* Recursive net with concatenated children (Socher 2011): h = tanh(W [h_l; h_r] + b). Features: [h_l; h_r; 1]. */
#ifndef FB_CELLS_CONCAT_INL_H
#define FB_CELLS_CONCAT_INL_H
#include "cells/pair-inl.h"
#include "simd/common.h"
#include "simd/target.h"

static void FB(concat_shape)(fb_dims *d) {
    d->n_gather = d->n_feature = 2 * d->n_state + 1;
    d->ld_gather = d->ld_fold = FB_PADDED(d->n_gather) + FB_PAD;
}

static void FB(concat_columns)(const fb_dims *d, fb_column *column) {
    for (int j = 0; j < 2 * d->n_state; j++) column[j] = (fb_column){0, j, -1, 0};
    column[2 * d->n_state] = (fb_column){1, 0, -1, 0};
}

static void FB(concat_gather)(const fb_run *r, int64_t i, void *c) { FB(pair_gather)(r, i, c, r->dims.ld_feature); }

static void FB(concat_scatter)(const fb_run *r, int64_t i, const void *dc) { FB(pair_scatter)(r, i, dc); }
#endif
