/* GRU (Cho et al. 2014, the reset gate after the product): r = sigmoid(a_r + u_r), z = sigmoid(a_z + u_z), m = u_n,
   n = tanh(a_n + r * m), h = n + z * (h~ - n), where u = U h~ + b_rec. Slots: n r z m, so that the errors of a are the
   first three and those of u the last three. */
#ifndef FB_CELLS_GRU_INL_H
#define FB_CELLS_GRU_INL_H
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

static void FB(gru_forward)(const fb_tile *restrict t) {
    const ptrdiff_t slot = t->slot, gate = t->gate;
    for (int k = t->first; k < t->first + t->rows; k++) {
        const real *u = (const real *)t->u + (k - t->first) * t->ld_u, *c = t->bias;
        real *s = (real *)t->saved + k * t->ld_saved;
        for (int j = t->at; j < t->at + t->cols; j += VL, u += t->next) {
            const vec r = FB(vsigmoid)(FB(load)(s + slot + j) + (FB(load)(u) + FB(load)(c + j)));
            const vec z = FB(vsigmoid)(FB(load)(s + 2 * slot + j) + (FB(load)(u + gate) + FB(load)(c + slot + j)));
            FB(store)(s + slot + j, r);
            FB(store)(s + 2 * slot + j, z);
            FB(store)(s + 3 * slot + j, FB(load)(u + 2 * gate) + FB(load)(c + 2 * slot + j));
        }
    }
    for (int k = t->first; k < t->first + t->rows; k++) { /* apart: no row waits for its own r */
        const real *below = (const real *)t->below + k * t->ld_below;
        real *s = (real *)t->saved + k * t->ld_saved, *h = (real *)t->h + k * t->ld_h;
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            const vec r = FB(load)(s + slot + j), z = FB(load)(s + 2 * slot + j), m = FB(load)(s + 3 * slot + j);
            const vec n = FB(vtanh)(FB(load)(s + j) + r * m);
            FB(store)(s + j, n);
            FB(store)(h + j, n + z * (FB(load)(below + j) - n));
        }
    }
}

static void FB(gru_backward)(const fb_tile *restrict t) {
    const ptrdiff_t slot = t->slot;
    for (int k = t->first; k < t->first + t->rows; k++) {
        const real *below = (const real *)t->below + k * t->ld_below, *up = (const real *)t->e + k * t->ld_e;
        real *s = (real *)t->saved + k * t->ld_saved, *direct = (real *)t->direct + k * t->ld_direct;
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            const vec n = FB(load)(s + j), r = FB(load)(s + slot + j), z = FB(load)(s + 2 * slot + j);
            const vec m = FB(load)(s + 3 * slot + j), e = FB(load)(up + j);
            const vec dn = e * ((real)1 - z) * ((real)1 - n * n); /* h = (1 - z) * n + .., n = tanh(..) */
            FB(store)(s + j, dn);
            FB(store)(s + slot + j, dn * m * r * ((real)1 - r));                            /* .. + r * m */
            FB(store)(s + 2 * slot + j, e * (FB(load)(below + j) - n) * z * ((real)1 - z)); /* h = n + z * (h~ - n) */
            FB(store)(s + 3 * slot + j, dn * r);                                            /* .. + r * m */
            FB(store)(direct + j, e * z);                                                   /* h = z * h~ + .. */
        }
    }
}
#endif
