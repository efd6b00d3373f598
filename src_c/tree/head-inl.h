/* Softmax and cross-entropy over z = Ws h + bs (MATH: y^ - y for every target that sums to one). */
#ifndef FB_TREE_HEAD_INL_H
#define FB_TREE_HEAD_INL_H
#include "gemm/tiles-inl.h"
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

/* z -> softmax(z) in place; returns log sum exp(z). */
static double FB(softmax_row)(real *z, int C) {
    real top = z[0];
    for (int c = 1; c < C; c++) top = z[c] > top ? z[c] : top;
    real sum = 0;
    for (int c = 0; c < C; c += VL) FB(store)(z + c, FB(vexp)(FB(load)(z + c) - top));
    for (int c = 0; c < C; c++) sum += z[c];
    const real inverse = 1 / sum;
    for (int c = 0; c < C; c++) z[c] *= inverse;
    return (double)top + (double)FB(vlog)(FB(splat)(sum))[0];
}

/* The same, to the bit, for m <= VL rows of few classes, nodes side by side: a vector holds one class of all of them.
 */
static void FB(softmax_few)(int m, int C, real *z, int64_t ld, double *log_sum) {
    real t[VL * VL] __attribute__((aligned(64))) = {0}; /* (C, VL) */
    for (int k = 0; k < VL; k++)
        for (int c = 0; c < C; c++) t[c * VL + k] = z[(k < m ? k : 0) * ld + c];
    vec top = FB(load)(t), sum = {0};
    for (int c = 1; c < C; c++) top = FB(choose)(FB(load)(t + c * VL) > top, FB(load)(t + c * VL), top);
    for (int c = 0; c < C; c++) {
        const vec e = FB(vexp)(FB(load)(t + c * VL) - top);
        FB(store)(t + c * VL, e);
        sum += e;
    }
    const vec inverse = (real)1 / sum, log = FB(vlog)(sum);
    for (int c = 0; c < C; c++) FB(store)(t + c * VL, FB(load)(t + c * VL) * inverse);
    for (int k = 0; k < m; k++) {
        log_sum[k] = (double)top[k] + (double)log[k];
        for (int c = 0; c < C; c++) z[k * ld + c] = t[c * VL + k];
    }
}

/* z (m, ld) -> softmax of every row, m <= VL; log_sum (m). */
static void FB(softmax_rows)(int m, int C, real *z, int64_t ld, double *log_sum) {
    if (m > 1 && C <= VL) FB(softmax_few)(m, C, z, ld, log_sum);
    else
        for (int k = 0; k < m; k++) log_sum[k] = FB(softmax_row)(z + k * ld, C);
}

/* What the loss of a node is made of: L = weight (mass log sum exp z - score), dz = weight (mass softmax(z) - target).
   The target t sums to mass, 1 but for class weights; score = t . z. */
typedef struct {
    double weight, mass, score;
} FB(target);

static FB(target) FB(target_of)(const fb_loss *l, int64_t i, const real *z) {
    const real *weight = l->node_weight, *by_class = l->class_weight;
    FB(target) t = {l->scale * (weight ? (double)weight[i] : 1), 0, 0};
    if (!l->soft) {
        const int32_t y = l->label[i];
        if (y < 0) return (FB(target)){0, 0, 0};
        t.mass = by_class ? (double)by_class[y] : 1;
        t.score = t.mass * (double)z[y];
        return t;
    }
    for (int c = 0; c < l->n_classes; c++) {
        const double t_c = (double)((const real *)l->soft)[i * l->n_classes + c] * (by_class ? (double)by_class[c] : 1);
        t.mass += t_c, t.score += t_c * (double)z[c];
    }
    return t;
}

/* p = softmax(z) -> dz, in place. */
static void FB(loss_gradient)(const fb_loss *l, int64_t i, const FB(target) * t, real *p) {
    const real *by_class = l->class_weight;
    const real scale = (real)(t->weight * t->mass);
    for (int c = 0; c < l->n_classes; c++) p[c] = t->weight == 0 ? 0 : scale * p[c];
    if (t->weight == 0) return;
    if (!l->soft) {
        p[l->label[i]] -= scale;
        return;
    }
    for (int c = 0; c < l->n_classes; c++)
        p[c] -= (real)(t->weight * (double)((const real *)l->soft)[i * l->n_classes + c] *
                       (by_class ? (double)by_class[c] : 1));
}

/* Losses of nodes i .. i + m, m <= VL, and in place of their logits z (m, ld) the gradient by them. */
static void FB(loss_rows)(const fb_loss *l, int64_t i, int m, real *z, int64_t ld) {
    FB(target) target[VL];
    double log_sum[VL];
    for (int k = 0; k < m; k++) target[k] = FB(target_of)(l, i + k, z + k * ld);
    FB(softmax_rows)(m, l->n_classes, z, ld, log_sum);
    for (int k = 0; k < m; k++) {
        const FB(target) t = target[k];
        l->node_loss[i + k] = t.weight == 0 ? 0 : t.weight * (t.mass * log_sum[k] - t.score);
        FB(loss_gradient)(l, i + k, &t, z + k * ld);
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
