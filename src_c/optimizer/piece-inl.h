/* What an optimiser's kernel is given: a piece of a block's row. */
#ifndef FB_OPTIMIZER_PIECE_INL_H
#define FB_OPTIMIZER_PIECE_INL_H
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

/* n is a multiple of VL. The gradient of an element is scale * g, the factor is that of clipping; l2 * w is the
   penalty's. A kernel writes w and the states that its row in optimizers.def has. */
#define FB_UPDATE(name)                                                                                               \
    static void FB(name##_update)(const fb_optim *o, int64_t n, real scale, real *restrict w, const real *restrict g, \
                                  real *restrict s1, real *restrict s2, const real *restrict mult,                    \
                                  const real *restrict l2)
#define FB_UNUSED_STATE(s) ((void)(s))
#endif
