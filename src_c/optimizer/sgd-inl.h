/* Gradient descent: w -= lr d, d = scale (g + l2 w). */
#ifndef FB_OPTIMIZER_SGD_INL_H
#define FB_OPTIMIZER_SGD_INL_H
#include "optimizer/piece-inl.h"

FB_UPDATE(sgd) {
    FB_UNUSED_STATE(s1);
    FB_UNUSED_STATE(s2);
    const real lr = (real)o->learning_rate;
    for (int64_t j = 0; j < n; j++) {
        w[j] -= lr * mult[j] * scale * (g[j] + l2[j] * w[j]);
    }
}
#endif
