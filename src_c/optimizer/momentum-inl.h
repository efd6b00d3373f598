/* Momentum (Polyak 1964): v = mu v + d, w -= lr v. s1 is v. */
#ifndef FB_OPTIMIZER_MOMENTUM_INL_H
#define FB_OPTIMIZER_MOMENTUM_INL_H
#include "optimizer/piece-inl.h"

FB_UPDATE(momentum) {
    FB_UNUSED_STATE(s2);
    const real lr = (real)o->learning_rate;
    const real mu = (real)o->option[FB_OPTION_momentum];
    for (int64_t j = 0; j < n; j++) {
        s1[j] = mu * s1[j] + scale * (g[j] + l2[j] * w[j]);
        w[j] -= lr * mult[j] * s1[j];
    }
}
#endif
