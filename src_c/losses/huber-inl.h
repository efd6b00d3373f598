/* Huber (1964): l = (z - y)^2 / 2 where |z - y| <= delta, else delta (|z - y| - delta / 2); dl/dz = z - y, at most
   delta in size. */
#ifndef FB_LOSSES_HUBER_INL_H
#define FB_LOSSES_HUBER_INL_H
#include "losses/kernel-inl.h"

FB_LOSS_VALUE(huber) {
    const real distance = FB_FABS(z - y);
    return distance <= option ? distance * distance / 2 : option * (distance - option / 2);
}

FB_LOSS_SLOPE(huber) { return z - y > option ? option : z - y < -option ? -option : z - y; }

FB_LOSS_OF_COMPONENTS(huber)
#endif
