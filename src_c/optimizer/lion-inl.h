/* Lion (Chen et al. 2023): x = sign(b1 m + (1 - b1) d), m = b2 m + (1 - b2) d, w -= lr (x + l2 w). s1 is m. */
#ifndef FB_OPTIMIZER_LION_INL_H
#define FB_OPTIMIZER_LION_INL_H
#include "optimizer/piece-inl.h"

FB_UPDATE(lion) {
    FB_UNUSED_STATE(s2);
    const real lr = (real)o->learning_rate;
    const real b1 = (real)o->option[FB_OPTION_beta1];
    const real b2 = (real)o->option[FB_OPTION_beta2];
    for (int64_t j = 0; j < n; j++) {
        const real d = scale * g[j], x = b1 * s1[j] + (1 - b1) * d;
        s1[j] = b2 * s1[j] + (1 - b2) * d;
        w[j] -= lr * mult[j] * ((real)(x > 0) - (real)(x < 0) + l2[j] * w[j]);
    }
}
#endif
