/* Two children side by side: c = [h_l; h_r; 1], zeros up to n_zero. Rows of states end in zeros, rows of c in slack. */
#ifndef FB_CELLS_PAIR_INL_H
#define FB_CELLS_PAIR_INL_H
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

static FB_INLINE void FB(pair_gather)(const fb_run *r, int64_t i, real *c, int n_zero) {
    const int H = r->dims.n_state, ld = r->dims.ld_state;
    const real *h = r->h;
    const int32_t *child = r->graph->child + r->graph->child_ptr[i];
    FB(copy)(c, h + (int64_t)child[0] * ld, ld);
    FB(copy)(c + H, h + (int64_t)child[1] * ld, ld);
    FB(zero)(c + 2 * H, n_zero - 2 * H);
    c[2 * H] = 1;
}

static FB_INLINE void FB(pair_scatter)(const fb_run *r, int64_t i, const real *dc) {
    const int H = r->dims.n_state;
    const int32_t *child = r->graph->child + r->graph->child_ptr[i];
    for (int k = 0; k < 2; k++) {
        real *dh = (real *)r->dh + (int64_t)child[k] * r->dims.ld_state;
        for (int j = 0; j < H; j++) /* c = [h_l; h_r; 1]; a child of several parents sums what they send */
            dh[j] = (r->fresh ? 0 : dh[j]) + dc[k * H + j];
        for (int j = H; j < r->dims.ld_state && r->fresh; j++) dh[j] = 0; /* gradients of words take whole rows */
    }
}
#endif
