/* Nesterov's momentum (Sutskever et al. 2013): v = mu v + d, w -= lr (d + mu v). s1 is v. */
#ifndef FB_OPTIMIZER_NESTEROV_INL_H
#define FB_OPTIMIZER_NESTEROV_INL_H
#include "optimizer/piece-inl.h"

FB_UPDATE(nesterov) {
    FB_UNUSED_STATE(s2);
    const real lr = (real)o->learning_rate;
    const real mu = (real)o->option[FB_OPTION_momentum];
    for (int64_t j = 0; j < n; j++) {
        const real d = scale * (g[j] + l2[j] * w[j]);
        s1[j] = mu * s1[j] + d;
        w[j] -= lr * mult[j] * (d + mu * s1[j]);
    }
}
#endif
