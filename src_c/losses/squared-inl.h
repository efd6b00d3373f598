/* Squared error: l = (z - y)^2 / 2, dl/dz = z - y. */
#ifndef FB_LOSSES_SQUARED_INL_H
#define FB_LOSSES_SQUARED_INL_H
#include "losses/kernel-inl.h"

FB_LOSS_VALUE(squared) {
    (void)option;
    return (z - y) * (z - y) / 2;
}

FB_LOSS_SLOPE(squared) {
    (void)option;
    return z - y;
}

FB_LOSS_OF_COMPONENTS(squared)
#endif
