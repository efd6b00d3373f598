/* Elman's network: h = f(a + U h~), f = tanh, sigmoid or relu. The error takes the place of a. */
#ifndef FB_CELLS_ELMAN_INL_H
#define FB_CELLS_ELMAN_INL_H
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

enum { FB(ELMAN_TANH), FB(ELMAN_SIGMOID), FB(ELMAN_RELU) };

static FB_INLINE void FB(elman_rows)(const fb_tile *restrict t, const int activation) {
    const vec zero = {0};
    for (int r = t->first; r < t->first + t->rows; r++) {
        const real *u = (const real *)t->u + (r - t->first) * t->ld_u, *a = (const real *)t->saved + r * t->ld_saved;
        real *h = (real *)t->h + r * t->ld_h;
        for (int j = t->at; j < t->at + t->cols; j += VL, u += t->next) {
            const vec z = FB(load)(a + j) + FB(load)(u);
            if (activation == FB(ELMAN_TANH)) FB(store)(h + j, FB(vtanh)(z));
            else if (activation == FB(ELMAN_SIGMOID)) FB(store)(h + j, FB(vsigmoid)(z));
            else FB(store)(h + j, FB(choose)(z < zero, zero, z)); /* NaN goes through */
        }
    }
}

static void FB(elman_forward)(const fb_tile *restrict t) {
    if (t->activation == FB(ELMAN_TANH)) FB(elman_rows)(t, FB(ELMAN_TANH));
    else if (t->activation == FB(ELMAN_SIGMOID)) FB(elman_rows)(t, FB(ELMAN_SIGMOID));
    else FB(elman_rows)(t, FB(ELMAN_RELU));
}

static void FB(elman_backward)(const fb_tile *restrict t) {
    const vec zero = {0}, one = FB(splat)((real)1);
    const int activation = t->activation;
    const real keep = (real)t->keep;
    for (int r = t->first; r < t->first + t->rows; r++) {
        const real *h = (const real *)t->h + r * t->ld_h, *e = (const real *)t->e + r * t->ld_e;
        real *dz = (real *)t->saved + r * t->ld_saved;
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            const vec y = FB(load)(h + j) * keep;                           /* h = mask * y; where mask is 0, e is */
            vec slope = (real)1 - y * y;                                    /* y = tanh(z) */
            if (activation == FB(ELMAN_SIGMOID)) slope = y * ((real)1 - y); /* y = sigmoid(z) */
            else if (activation == FB(ELMAN_RELU)) slope = FB(choose)(y > zero, one, zero); /* y = relu(z) */
            FB(store)(dz + j, FB(load)(e + j) * slope);
        }
    }
}
#endif
