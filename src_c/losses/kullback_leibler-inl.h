/* Kullback-Leibler divergence of softmax(z) from probabilities p: l = sum p (log p - log softmax(z)), dl/dz =
   softmax(z) - p. Terms with p = 0 are zero. */
#ifndef FB_LOSSES_KULLBACK_LEIBLER_INL_H
#define FB_LOSSES_KULLBACK_LEIBLER_INL_H
#include "losses/kernel-inl.h"
#include "losses/softmax-inl.h"

FB_LOSS_ROWS(kullback_leibler) {
    const int C = l->n_classes;
    for (int k = 0; k < m; k++, z += ld) {
        const real *p = (const real *)l->soft + (i + k) * C;
        const double w = l->scale * FB(node_weight)(l, i + k);
        double cross = 0, mass = 0;
        if (w == 0) {
            for (int c = 0; c < C; c++) z[c] = 0;
            l->node_loss[i + k] = 0;
            continue;
        }
        for (int c = 0; c < C; c++) {
            mass += (double)p[c];
            if (p[c] > 0) cross += (double)p[c] * (log((double)p[c]) - (double)z[c]);
        }
        l->node_loss[i + k] = w * (cross + mass * FB(softmax_row)(z, C)); /* z becomes softmax(z) */
        for (int c = 0; c < C; c++) z[c] = (real)w * ((real)mass * z[c] - p[c]);
    }
}

FB_LOSS_WEIGHT(kullback_leibler) {
    double mass = 0;
    for (int c = 0; c < l->n_classes; c++) mass += (double)((const real *)l->soft)[i * l->n_classes + c];
    return mass;
}
#endif
