/* RMSProp (Hinton 2012): a = rho a + (1 - rho) d^2, v = mu v + d / (sqrt(a) + eps), w -= lr v. s1 is v, s2 is a. */
#ifndef FB_OPTIMIZER_RMSPROP_INL_H
#define FB_OPTIMIZER_RMSPROP_INL_H
#include "optimizer/piece-inl.h"

FB_UPDATE(rmsprop) {
    const real lr = (real)o->learning_rate;
    const real mu = (real)o->option[FB_OPTION_momentum];
    const real rho = (real)o->option[FB_OPTION_rho];
    const real eps = (real)o->option[FB_OPTION_eps];
    for (int64_t j = 0; j < n; j++) {
        const real d = scale * (g[j] + l2[j] * w[j]);
        s2[j] = rho * s2[j] + (1 - rho) * d * d;
        s1[j] = mu * s1[j] + d / (FB_SQRT(s2[j]) + eps);
        w[j] -= lr * mult[j] * s1[j];
    }
}
#endif
