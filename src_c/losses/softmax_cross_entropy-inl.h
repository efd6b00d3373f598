/* Cross-entropy of softmax(z) with a class, or with weights of classes (MATH: y^ - y for every target that sums to
   one). */
#ifndef FB_LOSSES_SOFTMAX_CROSS_ENTROPY_INL_H
#define FB_LOSSES_SOFTMAX_CROSS_ENTROPY_INL_H
#include "losses/kernel-inl.h"
#include "losses/softmax-inl.h"

/* What the loss of a node is made of: L = weight (mass log sum exp z - score), dz = weight (mass softmax(z) - target).
   The target t sums to mass, 1 but for class weights; score = t . z. */
typedef struct {
    double weight, mass, score;
} FB(target);

static FB(target) FB(target_of)(const fb_loss *l, int64_t i, const real *z) {
    const real *by_class = l->class_weight;
    FB(target) t = {l->scale * FB(node_weight)(l, i), 0, 0};
    if (!l->soft) {
        const int32_t y = l->label[i];
        if (y < 0) return (FB(target)){0, 0, 0};
        t.mass = by_class ? (double)by_class[y] : 1;
        t.score = t.mass * (double)z[y];
        return t;
    }
    for (int c = 0; c < l->n_classes; c++) {
        const double t_c = (double)((const real *)l->soft)[i * l->n_classes + c] * (by_class ? (double)by_class[c] : 1);
        t.mass += t_c, t.score += t_c == 0 ? 0 : t_c * (double)z[c]; /* a score without a target may be infinite */
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

FB_LOSS_ROWS(softmax_cross_entropy) {
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

FB_LOSS_WEIGHT(softmax_cross_entropy) {
    const real *by_class = l->class_weight;
    double mass = 0;
    if (!l->soft) return l->label[i] < 0 ? 0 : by_class ? (double)by_class[l->label[i]] : 1;
    for (int c = 0; c < l->n_classes; c++)
        mass += (double)((const real *)l->soft)[i * l->n_classes + c] * (by_class ? (double)by_class[c] : 1);
    return mass;
}
#endif
