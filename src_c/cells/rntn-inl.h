/* Recursive neural tensor network (Socher et al. 2013; Turesson 2015): h = tanh(z), z_k = c^T V_k c + W_k c + b_k, with
   c = [h_l; h_r]. Written with c~ = [h_l; h_r; 1] of n = 2 H + 1 elements, this is one quadratic form, z_k = c~^T V~_k
   c~, in which each product c~_i c~_j is needed once. A pair (i, j) is named by i and the distance s = j - i on a
   circle of n elements. As n is odd, each unordered pair has one s in 0 .. H: feature (i, s) is c~_i c~_(i+s). There
   are n (H + 1) features instead of (2 H)^2. The i that do not fill a block come last; if it is shorter, they are a
   block with gaps instead. A gathered row is c~ with its beginning repeated behind it, [h_l; h_r; 1; h_l; 0 ..], so
   that c~_(i+s) needs no modulo.

   Features of n = 2 H + 1 and P = FB_PAD; B = n / P whole blocks, S = H + 1 distances; one box is P elements:

   block 0                               block B - 1            the i that are left, one after the other
   | s = 0 | s = 1 | .. | s = H |   ..   | s = 0 | .. | s = H | | s = 0 .. P - 1 | s = P .. | .. | s = 0 .. | .. |
     i = 0 .. P - 1 side by side           i = (B - 1) P ..       i = B P: s side by side, padded  i = B P + 1

   A box of block b has c~_i c~_(i+s) for i = b P .. b P + P - 1: P elements of the row from element b P on, times P
   elements of the row from element b P + s on. */
#ifndef FB_CELLS_RNTN_INL_H
#define FB_CELLS_RNTN_INL_H
#include "cells/pair-inl.h"
#include "simd/check-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

#define RNTN_WIDTH(d) (2 * (d)->n_state + 1)
#define RNTN_TURNED(d) \
    (FB_PADDED(RNTN_WIDTH(d) + FB_PADDED((d)->n_state + 1)) + FB_PAD) /* c~ and the turns of it, padded */

/* Blocks of i, and how many i come after them one by one. */
static FB_INLINE int FB(rntn_blocks)(const fb_dims *d, int *single) {
    const int n = RNTN_WIDTH(d), S = d->n_state + 1, rest = n % FB_PAD;
    *single = rest * FB_PADDED(S) <= S * FB_PAD ? rest : 0;
    return n / FB_PAD + (*single == 0);
}

static void FB(rntn_shape)(fb_dims *d) {
    const int S = d->n_state + 1;
    int single;
    const int blocks = FB(rntn_blocks)(d, &single);
    d->n_gather = RNTN_WIDTH(d);
    d->n_feature = blocks * S * FB_PAD + single * FB_PADDED(S);
    d->ld_gather = RNTN_TURNED(d) + FB_PAD;
    d->ld_fold = 2 * RNTN_TURNED(d) + 4 * FB_PAD;
}

/* The element of theta for feature (i, s): an element of V and its mirror, of W, or of b. */
static fb_column FB(rntn_column)(const fb_dims *d, int i, int s) {
    const int n = RNTN_WIDTH(d), m = n - 1, j = (i + s) % n, w = i < j ? i : j; /* element m of c~ is the constant 1 */
    if (i >= n || s > d->n_state) return (fb_column){-1, 0, -1, 0};
    if (i < m && j < m) return (fb_column){0, i * m + j, i == j ? -1 : j * m + i, 0};
    return w < m ? (fb_column){1, w, -1, 0} : (fb_column){2, 0, -1, 0};
}

static void FB(rntn_columns)(const fb_dims *d, fb_column *column) {
    const int S = d->n_state + 1;
    int single;
    const int blocks = FB(rntn_blocks)(d, &single);
    for (int b = 0; b < blocks; b++)
        for (int s = 0; s < S; s++)
            for (int l = 0; l < FB_PAD; l++) *column++ = FB(rntn_column)(d, b * FB_PAD + l, s);
    for (int i = 0; i < single; i++)
        for (int s = 0; s < FB_PADDED(S); s++) *column++ = FB(rntn_column)(d, blocks * FB_PAD + i, s);
}

static void FB(rntn_gather)(const fb_run *r, int64_t i, void *c_) {
    const fb_dims *d = &r->dims;
    const int H = d->n_state, n = RNTN_WIDTH(d);
    real *c = c_; /* (ld_gather) */
    FB(pair_gather)(r, i, c, n);
    FB(copy)(c + n, (const real *)r->h + (int64_t)r->graph->child[r->graph->child_ptr[i]] * d->ld_state, d->ld_state);
    FB(zero)(c + n + H, RNTN_TURNED(d) - n - H);
}

static void FB(rntn_scatter)(const fb_run *r, int64_t i, const void *dc) { FB(pair_scatter)(r, i, dc); }

/* Makes features begin .. end, multiples of FB_PAD. Gaps get a finite value; theta is zero there and stays so. */
static void FB(rntn_features)(const fb_dims *d, int begin, int end, const void *c_, void *q_) {
    const int S = d->n_state + 1, per_single = FB_PADDED(S) / FB_PAD;
    int single, g = begin / FB_PAD;
    const int blocks = FB(rntn_blocks)(d, &single);
    const real *c = c_;
    real *q = q_;
    while (g < end / FB_PAD && g < blocks * S) {
        const real *c_b = c + g / S * FB_PAD;
        const int stop = (int)fb_min((int64_t)(g / S + 1) * S, end / FB_PAD);
        for (int s = g % S; g < stop; g++, s++, q += FB_PAD)
            for (int l = 0; l < FB_PAD; l += VL) FB(store)(q + l, FB(load)(c_b + l) * FB(load)(c_b + s + l));
    }
    for (; g < end / FB_PAD; g++, q += FB_PAD) {
        const int i = blocks * FB_PAD + (g - blocks * S) / per_single, s = (g - blocks * S) % per_single * FB_PAD;
        for (int l = 0; l < FB_PAD; l += VL) FB(store)(q + l, FB(splat)(c[i]) * FB(load)(c + i + s + l));
    }
}

/* B vectors of i of both sums of the fold, over s = first .. last, last - first < VL. Row s of the second sum belongs s
   lanes further on. Rows are added from the last to the first, and the sum moves by one lane before each, so the shift
   is done in registers. */
static FB_INLINE void FB(rntn_turn)(const int B, int S, int i, int first, int last, const real *dq, const real *c,
                                    real *dc, real *turned) {
    vec here[3], low[3], high[3], c_i[3];
    const real *row[3];
#pragma GCC unroll 3
    for (int b = 0; b < B; b++) {
        const int at = i + b * VL;
        row[b] = dq + ((int64_t)(at / FB_PAD) * S + last) * FB_PAD + at % FB_PAD;
        here[b] = FB(load)(dc + at), c_i[b] = FB(load)(c + at), low[b] = high[b] = (vec){0};
    }
    for (int s = last; s >= first; s--)
#pragma GCC unroll 3
        for (int b = 0; b < B; b++) {
            const vec e = FB(load)(row[b] - (last - s) * FB_PAD);
            high[b] = FB(moved)(low[b], high[b]);
            low[b] = FB(moved)((vec){0}, low[b]) + e * c_i[b]; /* q_(i, s) = c_i c_(i+s): to c_(i+s) */
            here[b] += e * FB(load)(c + i + s + b * VL);       /* and to c_i */
        }
#pragma GCC unroll 3
    for (int b = 0; b < B; b++) {
        real *t = turned + i + b * VL + first;
        FB(store)(dc + i + b * VL, here[b]);
        FB(store)(t, FB(load)(t) + low[b]);
        FB(store)(t + VL, FB(load)(t + VL) + high[b]);
    }
}

/* The same for i = first .. last, last - first < VL, that fill no block: rows and lanes have changed places. */
static void FB(rntn_turn_single)(int S, int first, int last, const real *dq, const real *c, real *dc, real *turned) {
    real part[VL * VL];
    FB(zero)(part, VL * VL);
    for (int s = 0; s < S; s += VL) {
        vec low = {0}, high = {0};
        for (int i = last; i >= first; i--) {
            const vec e = FB(load)(dq + (i - first) * FB_PADDED(S) + s);
            real *p = part + (i - first) * VL;
            high = FB(moved)(low, high);
            low = FB(moved)((vec){0}, low) + e * c[i];
            FB(store)(p, FB(load)(p) + e * FB(load)(c + i + s));
        }
        FB(store)(turned + first + s, FB(load)(turned + first + s) + low);
        FB(store)(turned + first + s + VL, FB(load)(turned + first + s + VL) + high);
    }
    FB(store)(dc + first, FB(lane_sums)(part));
}

#ifdef FASTBPTS_DEBUG
/* The plain twin of rntn_fold, and a check of the fast one. */
static FB_NOINLINE void FB(check_fold)(const fb_dims *d, const real *c, const real *dq, const real *dc) {
    const int n = RNTN_WIDTH(d), S = d->n_state + 1;
    int single;
    const int whole = FB(rntn_blocks)(d, &single) * FB_PAD;
    for (int j = 0; j < n; j++) {
        double want = 0, size = 0;
        for (int i = 0; i < n; i++)
            for (int s = 0; s < S; s++) {
                if (i != j && (i + s) % n != j) continue;
                const int64_t at = i < whole ? ((int64_t)(i / FB_PAD) * S + s) * FB_PAD + i % FB_PAD
                                             : (int64_t)whole * S + (int64_t)(i - whole) * FB_PADDED(S) + s;
                const double e = (double)dq[at];
                double term = 0; /* q_(i, s) = c~_i c~_(i+s): to c~_i, and to c~_(i+s) */
                if (i == j) term += e * (double)c[(i + s) % n];
                if ((i + s) % n == j) term += e * (double)c[i];
                want += term, size += fabs(term);
            }
        FB(check_sum)(dc[j], want, size, 2 * S);
    }
}
#endif

/* dc~_i = sum_s dq_(i, s) c~_(i+s) + dq_(i-s, s) c~_(i-s). The second sum is taken for i = 0 .. n + H; then what is
   behind n is added to the beginning. */
static void FB(rntn_fold)(const fb_dims *d, const void *c_, const void *dq_, void *dc_) {
    const int H = d->n_state, n = RNTN_WIDTH(d), S = H + 1;
    int single;
    const int whole = FB(rntn_blocks)(d, &single) * FB_PAD;
    const real *c = c_, *dq = dq_;
    real *dc = dc_, *turned = dc + RNTN_TURNED(d);
    FB(zero)(dc, RNTN_TURNED(d) + FB_PADDED(whole + S) + 2 * FB_PAD);
    for (int i = 0, b; i < whole; i += b * VL) {
        b = (int)fb_min((whole - i) / VL, 3);
        for (int s = 0; s < S; s += VL) {
            const int last = (int)fb_min(s + VL, S) - 1;
            if (b == 3) FB(rntn_turn)(3, S, i, s, last, dq, c, dc, turned);
            else if (b == 2) FB(rntn_turn)(2, S, i, s, last, dq, c, dc, turned);
            else FB(rntn_turn)(1, S, i, s, last, dq, c, dc, turned);
        }
    }
    for (int i = whole; i < whole + single; i += VL)
        FB(rntn_turn_single)(S, i, (int)fb_min(i + VL, whole + single) - 1, dq + whole * S + (i - whole) * FB_PADDED(S),
                             c, dc, turned);
    for (int i = 0; i < n; i += VL) FB(store)(dc + i, FB(load)(dc + i) + FB(load)(turned + i));
    for (int i = 0; i < H; i += VL)
        FB(store)(dc + i, FB(load)(dc + i) + FB(load)(turned + n + i)); /* c_(n+i) is c_i again */
#ifdef FASTBPTS_DEBUG
    FB(check_fold)(d, c, dq, dc);
#endif
}
#endif
