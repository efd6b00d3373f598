/* AdamW (Loshchilov and Hutter 2019): Adam, but the decay l2 w is no part of d. s1 is m, s2 is v. */
#ifndef FB_OPTIMIZER_ADAMW_INL_H
#define FB_OPTIMIZER_ADAMW_INL_H
#include "optimizer/piece-inl.h"

FB_UPDATE(adamw) {
    const real lr = (real)o->learning_rate;
    const real b1 = (real)o->option[FB_OPTION_beta1];
    const real b2 = (real)o->option[FB_OPTION_beta2];
    const real eps = (real)o->option[FB_OPTION_eps];
    const real c1 = (real)o->correction1, c2 = (real)o->correction2;
    for (int64_t j = 0; j < n; j++) {
        const real d = scale * g[j];
        s1[j] = b1 * s1[j] + (1 - b1) * d;
        s2[j] = b2 * s2[j] + (1 - b2) * d * d;
        w[j] -= lr * mult[j] * (s1[j] / c1 / (FB_SQRT(s2[j]) / c2 + eps) + l2[j] * w[j]);
    }
}
#endif
