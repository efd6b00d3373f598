/* AdaDelta (Zeiler 2012): a = rho a + (1 - rho) d^2, x = d sqrt(u + eps) / sqrt(a + eps), u = rho u + (1 - rho) x^2, w
   -= lr x. s1 is u, s2 is a. */
#ifndef FB_OPTIMIZER_ADADELTA_INL_H
#define FB_OPTIMIZER_ADADELTA_INL_H
#include "optimizer/piece-inl.h"

FB_UPDATE(adadelta) {
    const real lr = (real)o->learning_rate;
    const real rho = (real)o->option[FB_OPTION_rho];
    const real eps = (real)o->option[FB_OPTION_eps];
    for (int64_t j = 0; j < n; j++) {
        const real d = scale * (g[j] + l2[j] * w[j]);
        s2[j] = rho * s2[j] + (1 - rho) * d * d;
        const real x = FB_SQRT(s1[j] + eps) / FB_SQRT(s2[j] + eps) * d;
        s1[j] = rho * s1[j] + (1 - rho) * x * x;
        w[j] -= lr * mult[j] * x;
    }
}
#endif
