/* Recursive net with summed children (Rosenberg 2016): h = tanh(W sum_c h_c). Features: the sum of the children's
 * states. */
#ifndef FB_CELLS_SUM_INL_H
#define FB_CELLS_SUM_INL_H
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

static void FB(sum_shape)(fb_dims *d) {
    d->n_gather = d->n_feature = d->n_state;
    d->ld_gather = d->ld_fold = d->ld_state;
}

static void FB(sum_columns)(const fb_dims *d, fb_column *column) {
    for (int j = 0; j < d->n_state; j++) column[j] = (fb_column){0, j, -1, 0};
}

static void FB(sum_gather)(const fb_run *r, int64_t i, void *c_) {
    const int ld = r->dims.ld_state;
    real *c = c_; /* (ld_gather) */
    const int64_t *ptr = r->graph->child_ptr;
    for (int j = 0; j < ld; j += VL) {
        vec sum = {0};
        for (int64_t k = ptr[i]; k < ptr[i + 1]; k++)
            sum += FB(load)((const real *)r->h + (int64_t)r->graph->child[k] * ld + j);
        FB(store)(c + j, sum);
    }
}

static void FB(sum_scatter)(const fb_run *r, int64_t i, const void *dc_) {
    const int ld = r->dims.ld_state;
    const real *dc = dc_;
    const int64_t *ptr = r->graph->child_ptr;
    for (int64_t k = ptr[i]; k < ptr[i + 1]; k++) {
        real *dh_k = (real *)r->dh + (int64_t)r->graph->child[k] * ld;
        for (int j = 0; j < ld; j += VL) /* c = sum of h_k */
            FB(store)(dh_k + j, r->fresh ? FB(load)(dc + j) : FB(load)(dh_k + j) + FB(load)(dc + j));
    }
}
#endif
