/* Cross-entropy of sigmoid(z) with a yes (1) or no (0) for each label: l = log(1 + exp z) - y z, dl/dz = sigmoid(z) -
   y. The form here has no overflow, and is zero for an infinite score on the right side. */
#ifndef FB_LOSSES_SIGMOID_CROSS_ENTROPY_INL_H
#define FB_LOSSES_SIGMOID_CROSS_ENTROPY_INL_H
#include "losses/kernel-inl.h"

FB_LOSS_VALUE(sigmoid_cross_entropy) {
    (void)option;
    const real a = FB_FABS(z), wrong = z > 0 ? 1 - y : y;
    return (wrong == 0 ? 0 : wrong * a) + FB_LOG1P(FB_EXP(-a));
}

FB_LOSS_SLOPE(sigmoid_cross_entropy) {
    (void)option;
    return (z > 0 ? 1 / (1 + FB_EXP(-z)) : FB_EXP(z) / (1 + FB_EXP(z))) - y;
}

FB_LOSS_OF_COMPONENTS(sigmoid_cross_entropy)
#endif
