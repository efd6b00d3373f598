/* LSTM (Hochreiter and Schmidhuber 1997; Gers et al. 2000), over trees the child-sum Tree-LSTM (Tai et al. 2015): every
   child k has a forget gate of its own, f_k = sigmoid(a_f + U_f h_k); c = i * g + sum of f_k * c_k, h = o * tanh(c).
   Slots: i g o f. */
#ifndef FB_CELLS_LSTM_INL_H
#define FB_CELLS_LSTM_INL_H
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

static void FB(lstm_edge_forward)(const fb_tile *restrict t) {
    for (int k = t->first; k < t->first + t->rows; k++) {
        const real *u = (const real *)t->u + (k - t->first) * t->ld_u;
        const real *c_k = (const real *)t->c_below + k * t->ld_c_below;
        real *f_k = (real *)t->f + k * t->ld_f, *fc = (real *)t->fc + (k - t->first) * t->ld_fc;
        for (int j = t->at; j < t->at + t->cols; j += VL, u += t->next, fc += VL) {
            const vec f = FB(vsigmoid)(FB(load)(f_k + j) + FB(load)(u));
            FB(store)(f_k + j, f);
            FB(store)(fc, FB(load)(fc) + f * FB(load)(c_k + j));
        }
    }
}

static void FB(lstm_forward)(const fb_tile *restrict t) {
    const ptrdiff_t slot = t->slot, gate = t->gate;
    for (int k = t->first; k < t->first + t->rows; k++) {
        const real *u = (const real *)t->u + (k - t->first) * t->ld_u;
        const real *fc = (const real *)t->fc + (k - t->first) * t->ld_fc;
        real *s = (real *)t->saved + k * t->ld_saved, *c = (real *)t->c + k * t->ld_c;
        for (int j = t->at; j < t->at + t->cols; j += VL, u += t->next, fc += VL) {
            const vec i = FB(vsigmoid)(FB(load)(s + j) + FB(load)(u));
            const vec g = FB(vtanh)(FB(load)(s + slot + j) + FB(load)(u + gate));
            const vec o = FB(vsigmoid)(FB(load)(s + 2 * slot + j) + FB(load)(u + 2 * gate));
            FB(store)(s + j, i);
            FB(store)(s + slot + j, g);
            FB(store)(s + 2 * slot + j, o);
            FB(store)(c + j, i * g + FB(load)(fc));
        }
    }
    for (int k = t->first; k < t->first + t->rows; k++) { /* apart: no row waits for its own c */
        const real *o = (const real *)t->saved + k * t->ld_saved + 2 * slot, *c = (const real *)t->c + k * t->ld_c;
        real *h = (real *)t->h + k * t->ld_h;
        for (int j = t->at; j < t->at + t->cols; j += VL)
            FB(store)(h + j, FB(load)(o + j) * FB(vtanh)(FB(load)(c + j)));
    }
}

/* dc: upstream of c in, all of its gradient out. */
static void FB(lstm_backward)(const fb_tile *restrict t) {
    const ptrdiff_t slot = t->slot;
    for (int k = t->first; k < t->first + t->rows; k++) {
        const real *c = (const real *)t->c + k * t->ld_c, *up = (const real *)t->e + k * t->ld_e;
        real *s = (real *)t->saved + k * t->ld_saved, *dc = (real *)t->dc + k * t->ld_dc;
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            const vec i = FB(load)(s + j), g = FB(load)(s + slot + j), o = FB(load)(s + 2 * slot + j);
            const vec e = FB(load)(up + j), tanh_c = FB(vtanh)(FB(load)(c + j));
            const vec d = FB(load)(dc + j) + e * o * ((real)1 - tanh_c * tanh_c); /* h = o * tanh(c) */
            FB(store)(s + 2 * slot + j, e * tanh_c * o * ((real)1 - o));          /* h = o * tanh(c) */
            FB(store)(s + j, d * g * i * ((real)1 - i));                          /* c = i * g + .. */
            FB(store)(s + slot + j, d * i * ((real)1 - g * g));                   /* c = i * g + .. */
            FB(store)(dc + j, d);
        }
    }
}

static void FB(lstm_edge_backward)(const fb_tile *restrict t) {
    for (int k = t->first; k < t->first + t->rows; k++) {
        const real *dc = (const real *)t->dc + k * t->ld_dc, *c_k = (const real *)t->c_below + k * t->ld_c_below;
        real *f_k = (real *)t->f + k * t->ld_f, *dc_k = (real *)t->dc_below + k * t->ld_dc_below;
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            const vec f = FB(load)(f_k + j), d = FB(load)(dc + j);
            FB(store)(f_k + j, d * FB(load)(c_k + j) * f * ((real)1 - f)); /* c = .. + f_k * c_k */
            FB(store)(dc_k + j, d * f);                                    /* c = .. + f_k * c_k */
        }
    }
}
#endif
