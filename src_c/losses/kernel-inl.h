/* What a loss provides: two functions, or for a sum over components two scalar ones. */
#ifndef FB_LOSSES_KERNEL_INL_H
#define FB_LOSSES_KERNEL_INL_H
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

#if FB_REAL_BYTES == 4
#define FB_EXP expf
#define FB_LOG1P log1pf
#define FB_FABS fabsf
#else
#define FB_EXP exp
#define FB_LOG1P log1p
#define FB_FABS fabs
#endif

/* Targets i .. i + m, m <= VL: node_loss[i + k] = scale w l(z_k, y), and in place of the scores z (m, ld) the gradient
   of it. A target of weight zero has loss and gradient zero, whatever its scores are. */
#define FB_LOSS_ROWS(name) static void FB(name##_rows)(const fb_loss *l, int64_t i, int m, real *z, int64_t ld)

/* The weight of target i, without node_weight. */
#define FB_LOSS_WEIGHT(name) static double FB(name##_weight)(const fb_loss *l, int64_t i)

/* l(z, y) of one component, and its derivative by z; `option` is the loss's. */
#define FB_LOSS_VALUE(name) static FB_INLINE real FB(name##_value)(real z, real y, real option)
#define FB_LOSS_SLOPE(name) static FB_INLINE real FB(name##_slope)(real z, real y, real option)

/* A loss that is the sum over components of FB_LOSS_VALUE, each times its class's weight. */
#define FB_LOSS_OF_COMPONENTS(name)                                          \
    FB_LOSS_ROWS(name) {                                                     \
        const int C = l->n_classes;                                          \
        const real option = (real)l->option, *by_class = l->class_weight;    \
        for (int k = 0; k < m; k++, z += ld) {                               \
            const real *y = (const real *)l->soft + (i + k) * C;             \
            const double w = l->scale * FB(node_weight)(l, i + k);           \
            double sum = 0;                                                  \
            for (int c = 0; c < C && w != 0; c++) {                          \
                const real own = by_class ? by_class[c] : 1;                 \
                sum += (double)(own * FB(name##_value)(z[c], y[c], option)); \
                z[c] = (real)w * own * FB(name##_slope)(z[c], y[c], option); \
            }                                                                \
            for (int c = 0; c < C && w == 0; c++) z[c] = 0;                  \
            l->node_loss[i + k] = w == 0 ? 0 : w * sum;                      \
        }                                                                    \
    }                                                                        \
    FB_LOSS_WEIGHT(name) {                                                   \
        (void)l, (void)i;                                                    \
        return 1;                                                            \
    }

static FB_INLINE double FB(node_weight)(const fb_loss *l, int64_t i) {
    return l->node_weight ? (double)((const real *)l->node_weight)[i] : 1;
}
#endif
