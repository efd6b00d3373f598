/* AdaGrad (Duchi et al. 2011): a += d^2, w -= lr d / (sqrt(a) + eps). s1 is a. */
#ifndef FB_OPTIMIZER_ADAGRAD_INL_H
#define FB_OPTIMIZER_ADAGRAD_INL_H
#include "optimizer/piece-inl.h"

FB_UPDATE(adagrad) {
    FB_UNUSED_STATE(s2);
    const real lr = (real)o->learning_rate;
    const real eps = (real)o->option[FB_OPTION_eps];
    for (int64_t j = 0; j < n; j++) {
        const real d = scale * (g[j] + l2[j] * w[j]);
        s1[j] += d * d;
        w[j] -= lr * mult[j] * d / (FB_SQRT(s1[j]) + eps);
    }
}
#endif
