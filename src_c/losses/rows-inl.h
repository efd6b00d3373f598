/* Rows of scores through the loss that a network has, and through its link. */
#ifndef FB_LOSSES_ROWS_INL_H
#define FB_LOSSES_ROWS_INL_H
#include "losses/kernel-inl.h"

#define FB_KERNEL_BODIES
#include "losses/losses.def"
#undef FB_KERNEL_BODIES
#include "losses/softmax-inl.h"

typedef void (*FB(loss_kernel))(const fb_loss *, int64_t, int, real *, int64_t);
#define FB_LOSS(name, ...) [FB_LOSS_##name] = FB(name##_rows),
static const FB(loss_kernel) FB(loss_kernels)[FB_N_LOSSES] = {
#include "losses/losses.def"
};
#undef FB_LOSS

typedef double (*FB(weight_kernel))(const fb_loss *, int64_t);
#define FB_LOSS(name, ...) [FB_LOSS_##name] = FB(name##_weight),
static const FB(weight_kernel) FB(weight_kernels)[FB_N_LOSSES] = {
#include "losses/losses.def"
};
#undef FB_LOSS

/* Losses of targets i .. i + m, m <= VL, and in place of their scores z (m, ld) the gradient by them. */
static void FB(loss_rows)(const fb_loss *l, int64_t i, int m, real *z, int64_t ld) {
    FB(loss_kernels)[l->kind](l, i, m, z, ld);
}

/* The sum of the weights of targets first .. last. */
static double FB(loss_weight)(const fb_loss *l, int64_t first, int64_t last) {
    double sum = 0;
    for (int64_t i = first; i < last; i++) sum += FB(node_weight)(l, i) * FB(weight_kernels)[l->kind](l, i);
    return sum;
}

/* The factor of every target's loss, once total_weight is known. */
static void FB(loss_scale)(fb_loss *l) {
    const double n = l->normalizer > 0 ? l->normalizer : l->total_weight;
    l->scale = l->total_weight != 0 ? 1 / n : 0;
}

/* The loss of n rows of scores z (n, ld_class) that no network made, and in place of them the gradient. */
static void FB(plain_loss)(fb_loss *l, int64_t n, void *z) {
    l->total_weight = FB(loss_weight)(l, 0, n);
    FB(loss_scale)(l);
    for (int64_t i = 0; i < n; i += VL)
        FB(loss_rows)(l, i, (int)fb_min(VL, n - i), (real *)z + i * l->ld_class, l->ld_class);
}

/* Scores z (m, ld), m <= VL -> predictions, in place. */
static void FB(link_rows)(const fb_loss *l, int m, real *z, int64_t ld) {
    double log_sum[VL];
    switch (fb_loss_rows[l->kind].link) {
        case FB_LINK_SOFTMAX:
            FB(softmax_rows)(m, l->n_classes, z, ld, log_sum);
            return;
        case FB_LINK_SIGMOID:
            for (int k = 0; k < m; k++)
                for (int c = 0; c < l->n_classes; c += VL)
                    FB(store)(z + k * ld + c, FB(vsigmoid)(FB(load)(z + k * ld + c)));
            return;
        case FB_LINK_IDENTITY:
            return;
    }
}

/* n rows of scores z (n, ld_class) that no network made -> predictions, in place. */
static void FB(plain_link)(const fb_loss *l, int64_t n, void *z) {
    for (int64_t i = 0; i < n; i += VL)
        FB(link_rows)(l, (int)fb_min(VL, n - i), (real *)z + i * l->ld_class, l->ld_class);
}
#endif
