/* Cross-entropy of sigmoid(z) with a yes (1) or no (0) for each label: l = softplus(z) - y z, dl/dz = sigmoid(z) - y.
 */
#ifndef FB_LOSSES_SIGMOID_CROSS_ENTROPY_INL_H
#define FB_LOSSES_SIGMOID_CROSS_ENTROPY_INL_H
#include "losses/kernel-inl.h"

FB_LOSS_VALUE(sigmoid_cross_entropy) {
    (void)option;
    return (z > 0 ? z : 0) - y * z + FB_LOG1P(FB_EXP(-FB_FABS(z)));
}

FB_LOSS_SLOPE(sigmoid_cross_entropy) {
    (void)option;
    return (z > 0 ? 1 / (1 + FB_EXP(-z)) : FB_EXP(z) / (1 + FB_EXP(z))) - y;
}

FB_LOSS_OF_COMPONENTS(sigmoid_cross_entropy)
#endif
