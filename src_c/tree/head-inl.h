/* Scores z = Ws h + bs of nodes, and the gradients of their loss. */
#ifndef FB_TREE_HEAD_INL_H
#define FB_TREE_HEAD_INL_H
#include "gemm/tiles-inl.h"
#include "losses/rows-inl.h"
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"
#include "tree/level-inl.h"

/* Logits of nodes i .. i + m into z (m, ld_class). */
static void FB(logits)(const fb_net *net, int64_t i, int m, real *z) {
    const fb_loss *l = &net->loss;
    const int H = net->run.dims.n_state, ld = net->run.dims.ld_state;
    const real *t = l->head_t, *h = (const real *)net->run.h + i * ld;
    for (int k = 0; k < m; k++)
        memcpy(z + (int64_t)k * l->ld_class, t + (int64_t)H * l->ld_class, (size_t)l->ld_class * sizeof(real));
    for (int k = 0, n; k < m; k += n) {
        n = FB(tile)(m - k);
        FB(outer)(n, l->ld_class, H, h + k * ld, ld, 1, t, l->ld_class, z + k * l->ld_class, l->ld_class, 1);
    }
}

/* Loss and its gradient at nodes i .. i + m, m <= VL: dz, and dh overwritten. */
static void FB(loss_tile)(const fb_net *net, int64_t i, int m) {
    const fb_loss *l = &net->loss;
    const int64_t ld = net->run.dims.ld_state;
    real *dz = (real *)l->dz + i * l->ld_class, *dh = (real *)net->run.dh + i * ld;
    FB(logits)(net, i, m, dz);
    FB(loss_rows)(l, i, m, dz, l->ld_class);
    for (int k = 0, n; k < m; k += n) { /* z = Ws h + bs */
        n = FB(tile)(m - k);
        FB(outer)(n, ld, l->n_classes, dz + k * l->ld_class, l->ld_class, 1, l->head, l->ld_head, dh + k * ld, ld, 0);
    }
}

/* d[Ws | bs] += sum over nodes i .. i + m of dz o [h; 1], in node order. */
static void FB(head_panel)(const fb_net *net, int64_t i, int64_t m) {
    const fb_loss *l = &net->loss;
    const int C = l->n_classes, ld = net->run.dims.ld_state;
    const int64_t ldg = net->head_block.ld;
    const real *dz = (const real *)l->dz + i * l->ld_class, *h = (const real *)net->run.h + i * ld;
    real *g = net->head_block.g;
    for (int c = 0; c < C; c += FB_ROWS) /* z = Ws h + bs */
        FB(outer)((int)fb_min(FB_ROWS, C - c), ld, (int)m, dz + c, 1, l->ld_class, h, ld, g + c * ldg, ldg, 1);
    for (int64_t k = 0; k < m; k++)
        for (int c = 0; c < C; c++) g[c * ldg + ld] += dz[k * l->ld_class + c];
}
#endif
