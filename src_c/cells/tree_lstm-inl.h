/* Binary Tree-LSTM (Tai, Socher and Manning 2015, N-ary with N = 2): every gate sees both children, u = U [h_l; h_r].
   i, f_l, f_r, o = sigmoid(a + u), g = tanh(a_g + u_g); c = i * g + f_l * c_l + f_r * c_r, h = o * tanh(c). Slots: i
   f_l f_r g o. Leaf module: c = a_c, o = sigmoid(a_o), h = o * tanh(c). Slots: c o. */
#ifndef FB_CELLS_TREE_LSTM_INL_H
#define FB_CELLS_TREE_LSTM_INL_H
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

static void FB(tree_lstm_forward)(const fb_tile *restrict t) {
    const ptrdiff_t slot = t->slot, gate = t->gate;
    for (int k = t->first; k < t->first + t->rows; k++) {
        const real *u = (const real *)t->u + (k - t->first) * t->ld_u;
        const real *c_l = (const real *)t->c_below + k * t->ld_c_below, *c_r = c_l + slot;
        real *s = (real *)t->saved + k * t->ld_saved, *h = (real *)t->h + k * t->ld_h, *c = (real *)t->c + k * t->ld_c;
        for (int j = t->at; j < t->at + t->cols; j += VL, u += t->next) {
            const vec i = FB(vsigmoid)(FB(load)(s + j) + FB(load)(u));
            const vec f_l = FB(vsigmoid)(FB(load)(s + slot + j) + FB(load)(u + gate));
            const vec f_r = FB(vsigmoid)(FB(load)(s + 2 * slot + j) + FB(load)(u + 2 * gate));
            const vec g = FB(vtanh)(FB(load)(s + 3 * slot + j) + FB(load)(u + 3 * gate));
            const vec o = FB(vsigmoid)(FB(load)(s + 4 * slot + j) + FB(load)(u + 4 * gate));
            const vec c_j = i * g + f_l * FB(load)(c_l + j) + f_r * FB(load)(c_r + j);
            FB(store)(s + j, i);
            FB(store)(s + slot + j, f_l);
            FB(store)(s + 2 * slot + j, f_r);
            FB(store)(s + 3 * slot + j, g);
            FB(store)(s + 4 * slot + j, o);
            FB(store)(c + j, c_j);
            FB(store)(h + j, o * FB(vtanh)(c_j));
        }
    }
}

/* All of the gradient of c, from its upstream and that of h = o * tanh(c); *d_o: the error of o. */
static FB_INLINE vec FB(tree_lstm_dc)(const fb_tile *t, int k, int j, vec o, vec *d_o) {
    real *dc = (real *)t->dc + k * t->ld_dc + j;
    const vec e = FB(load)((const real *)t->e + k * t->ld_e + j);
    const vec tanh_c = FB(vtanh)(FB(load)((const real *)t->c + k * t->ld_c + j));
    const vec d = FB(load)(dc) + e * o * ((real)1 - tanh_c * tanh_c); /* h = o * tanh(c) */
    *d_o = e * tanh_c * o * ((real)1 - o);                            /* h = o * tanh(c) */
    FB(store)(dc, d);
    return d;
}

static void FB(tree_lstm_backward)(const fb_tile *restrict t) {
    const ptrdiff_t slot = t->slot;
    for (int k = t->first; k < t->first + t->rows; k++) {
        const real *c_l = (const real *)t->c_below + k * t->ld_c_below, *c_r = c_l + slot;
        real *s = (real *)t->saved + k * t->ld_saved, *dc_l = (real *)t->dc_below + k * t->ld_dc_below;
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            const vec i = FB(load)(s + j), f_l = FB(load)(s + slot + j), f_r = FB(load)(s + 2 * slot + j);
            const vec g = FB(load)(s + 3 * slot + j), o = FB(load)(s + 4 * slot + j);
            vec d_o;
            const vec d = FB(tree_lstm_dc)(t, k, j, o, &d_o);
            FB(store)(s + j, d * g * i * ((real)1 - i));                                /* c = i * g + .. */
            FB(store)(s + slot + j, d * FB(load)(c_l + j) * f_l * ((real)1 - f_l));     /* .. + f_l * c_l + .. */
            FB(store)(s + 2 * slot + j, d * FB(load)(c_r + j) * f_r * ((real)1 - f_r)); /* .. + f_r * c_r */
            FB(store)(s + 3 * slot + j, d * i * ((real)1 - g * g));                     /* c = i * g + .. */
            FB(store)(s + 4 * slot + j, d_o);
            FB(store)(dc_l + j, d * f_l);        /* .. + f_l * c_l + .. */
            FB(store)(dc_l + slot + j, d * f_r); /* .. + f_r * c_r */
        }
    }
}

static void FB(tree_lstm_leaf_forward)(const fb_tile *restrict t) {
    for (int k = t->first; k < t->first + t->rows; k++) {
        real *s = (real *)t->saved + k * t->ld_saved, *h = (real *)t->h + k * t->ld_h, *c = (real *)t->c + k * t->ld_c;
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            const vec c_j = FB(load)(s + j), o = FB(vsigmoid)(FB(load)(s + t->slot + j));
            FB(store)(s + t->slot + j, o);
            FB(store)(c + j, c_j);
            FB(store)(h + j, o * FB(vtanh)(c_j));
        }
    }
}

static void FB(tree_lstm_leaf_backward)(const fb_tile *restrict t) {
    for (int k = t->first; k < t->first + t->rows; k++) {
        real *s = (real *)t->saved + k * t->ld_saved;
        for (int j = t->at; j < t->at + t->cols; j += VL) {
            vec d_o;
            FB(store)(s + j, FB(tree_lstm_dc)(t, k, j, FB(load)(s + t->slot + j), &d_o)); /* c = a_c */
            FB(store)(s + t->slot + j, d_o);                                              /* o = sigmoid(a_o) */
        }
    }
}
#endif
