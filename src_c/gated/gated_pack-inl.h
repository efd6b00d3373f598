/* Weights of gated cells as their products read them. G = n_gate; a gate of a matrix is n_state rows of it, a vector of
   units is VL of them.

   w_in, for a = W x: W^T packed as any matrix (gemm/matmul-inl.h); its columns are those of the slots of a

       slot 0: gate g_0        slot 1: gate g_1              slot G - 1
       [ units 0 .. ld_state | units 0 .. ld_state |   ..   | units 0 .. ld_state ]      each (n_in) deep

   u_in, for u = U h~: panels of units, so that a tile has all gates of its units in registers; v = 0 .. of VL units

                  panel 0                                 panel 1
       k = 0      [ v = 0: g_0 | g_1 | .. | g_(G-1) ]     [ v = 1: g_0 | g_1 | .. | g_(G-1) ]     ..
       k = 1      [ v = 0: g_0 | g_1 | .. | g_(G-1) ]     [ v = 1: g_0 | g_1 | .. | g_(G-1) ]     ..
       ..         each box is what element k of h~ is multiplied by, for VL units of one gate
       k = n_below - 1

   With one gate a panel has four vectors of units instead. u_back and w_back, for the way back, are U and W packed as
   any matrix, rows in order of slots. */
#ifndef FB_GATED_GATED_PACK_INL_H
#define FB_GATED_GATED_PACK_INL_H
#include "gemm/matmul-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"
#include "tree/theta-inl.h"

typedef struct {
    real *bias, *bias_u; /* (n_gate, ld_state) of a, in order of slots; of u */
    real *w_in;          /* (D, n_gate ld_state) packed for FB(matmul), columns in order of slots */
    real *u_in;          /* panels of units: (n_below, n_gate, VL) */
    real *u_edge;        /* the rows of U that every child meets alone, packed for FB(matmul) */
    real *leaf_bias;     /* (n_leaf, ld_state) of the leaf module */
    real *leaf_in;       /* (D, n_leaf ld_state) packed for FB(matmul) */
    real *end;           /* of what forward reads; the rest is for backward, and no more */
    real *u_back;        /* (n_gate ld_state, n_below) packed for FB(matmul), rows in order of slots */
    real *w_back;        /* (n_gate ld_state, D) likewise */
    real *leaf_back;     /* (n_leaf ld_state, D) likewise */
} FB(packed);

static FB(packed) FB(packed_of)(const fb_dims *d, const fb_weights *w) {
    const int64_t H = d->ld_state, G = d->n_gate, D = d->ld_in, B = d->ld_below, L = d->gates->n_leaf;
    FB(packed) p = {.bias = w->packed, .u_back = w->packed_back};
    p.bias_u = p.bias + G * H;
    p.w_in = p.bias_u + G * H;
    p.u_in = p.w_in + G * H * D;
    p.u_edge = p.u_in + G * H * B;
    p.leaf_bias = p.u_edge + H * H;
    p.leaf_in = p.leaf_bias + L * H;
    p.end = p.leaf_in + L * H * D;
    p.w_back = p.u_back + G * H * B;
    p.leaf_back = p.w_back + G * H * D;
    return p;
}

static size_t FB(gated_size)(const fb_dims *d) {
    const fb_weights none = {0};
    return (size_t)(FB(packed_of)(d, &none).end - (real *)NULL) * sizeof(real);
}

/* theta's row: W from 0, U from ld_in, b and b_rec behind it; then W_leaf and b_leaf, of fewer rows. */
static void FB(gated_shape)(fb_dims *d) {
    d->n_gather = d->ld_gather = d->ld_fold = 0;
    d->at_b = d->ld_in + FB_PADDED(d->n_below), d->at_leaf = FB_PADDED(d->at_b + 2);
    d->n_feature = d->gates->n_leaf ? d->at_leaf + d->ld_in + 1 : d->at_b + 2;
}

static void FB(gated_columns)(const fb_dims *d, fb_column *column) {
    const int rows = d->gates->n_leaf * d->n_state;
    int param = 0;
    for (int j = 0; j < d->n_feature; j++) column[j] = (fb_column){-1, 0, -1, 0};
    for (int j = 0; j < d->n_in; j++) column[j] = (fb_column){param, j, -1, 0};
    param++;
    for (int j = 0; j < d->n_below; j++) column[d->ld_in + j] = (fb_column){param, j, -1, 0};
    param += d->n_below > 0;
    column[d->at_b] = (fb_column){param++, 0, -1, 0};
    if (d->gates->has_second_bias) column[d->at_b + 1] = (fb_column){param++, 0, -1, 0};
    if (!d->gates->n_leaf) return;
    for (int j = 0; j < d->n_in; j++) column[d->at_leaf + j] = (fb_column){param, j, -1, rows};
    column[d->at_leaf + d->ld_in] = (fb_column){param + 1, 0, -1, rows};
}

/* A panel of u_in: units of the state, in vectors, all gates of them. */
static FB_INLINE int FB(panel_units)(int n_gate) { return n_gate == 1 ? 4 : 1; }
static FB_INLINE int FB(panel_width)(int n_gate) { return n_gate * FB(panel_units)(n_gate); }

/* Rows of a tile where a whole panel's accumulators fit the registers, at most; of many gates as many as a panel's
   results have room for. Of `total`, tiles are about equal. */
static FB_INLINE int FB(few_rows)(int n_gate) {
    if (n_gate > 4) return 4 * FB_ROWS / n_gate;
    return n_gate == 3 ? FB_ROWS : 3 * FB_ROWS / 4;
}
static FB_INLINE int FB(gated_rows)(int n_gate, int64_t total) {
    const int64_t most = FB(few_rows)(n_gate), tiles = (total + most - 1) / most;
    return total <= most ? (int)total : (int)((total + tiles - 1) / tiles); /* a division takes as long as a sum */
}

/* The gates of `n` matrices' rows, in the order of their slots. */
typedef struct {
    int n;
    const int8_t *gate;
} FB(slots);
static const int8_t FB(in_order)[FB_MAX_GATES] = {0, 1, 2, 3, 4, 5, 6, 7};
static FB_INLINE FB(slots) FB(slots_of_a)(const fb_gates *g) { return (FB(slots)){g->n_gate, g->gate}; }
static FB_INLINE FB(slots) FB(slots_of_u)(const fb_gates *g) {
    return (FB(slots)){g->n_gate, g->gate + g->n_slot - g->n_gate};
}
static FB_INLINE FB(slots) FB(slots_of_leaf)(const fb_gates *g) { return (FB(slots)){g->n_leaf, FB(in_order)}; }

/* Matrix (slots ld_state, N) from the rows of a: a part's share of its panels. */
static void FB(pack_slots)(const fb_dims *d, FB(slots) slots, int64_t N, const real *a, int64_t lda, real *out,
                           int part, int n_parts) {
    const int H = d->n_state, Hp = d->ld_state;
    const FB(panels) s = FB(panels_of)(N);
    for (int64_t p = part; p < s.n; p += n_parts) {
        int width;
        const int64_t at = FB(panel)(&s, p, &width) * VL;
        real *to = out + at * slots.n * Hp;
        for (int k = 0; k < slots.n; k++, to += Hp * width * VL) {
            FB(pack_panel)(H, N - at, width, a + slots.gate[k] * H * lda + at, lda, 1, to);
            FB(zero)(to + H * width * VL, (Hp - H) * width * VL);
        }
    }
}

/* A vector of columns of B (K, ..), the first of them units `unit` .. of a gate of a. */
static void FB(pack_vector)(const fb_dims *d, int gate, int unit, int64_t K, const real *a, int64_t lda, real *out,
                            ptrdiff_t ld) {
    const int H = d->n_state, cols = (int)fb_min(VL, H - unit);
    if (cols < VL)
        for (int64_t k = 0; k < K; k++) FB(store)(out + k * ld, (vec){0});
    if (cols > 0) FB(transpose)(cols, K, a + (gate * H + unit) * lda, lda, out, ld);
}

/* The columns of x W^T, in order of slots. */
static void FB(pack_inputs)(const fb_dims *d, FB(slots) slots, const real *W, int64_t ld, real *out, int part,
                            int n_parts) {
    const FB(panels) s = FB(panels_of)((int64_t)slots.n * d->ld_state);
    for (int64_t p = part; p < s.n; p += n_parts) {
        int width;
        const int64_t at = FB(panel)(&s, p, &width) * VL;
        for (int v = 0; v < width; v++) {
            const int column = (int)at + v * VL;
            FB(pack_vector)(d, slots.gate[column / d->ld_state], column % d->ld_state, d->n_in, W, ld,
                            out + at * d->n_in + v * VL, width * VL);
        }
    }
}

static void FB(pack_units)(const fb_dims *d, const fb_gates *g, const real *U, int64_t ld, real *out, int part,
                           int n_parts) {
    const int G = g->n_gate, first = g->n_slot - G, vectors = G * d->ld_state / VL;
    const int64_t K = d->n_below;
    const int width = FB(panel_width)(G);
    for (int q = part * width; q < vectors; q += n_parts * width) {
        const int n = (int)fb_min(width, vectors - q);
        for (int v = 0; v < n; v++)
            FB(pack_vector)(d, g->gate[first + (q + v) % G], (q + v) / G * VL, K, U, ld, out + (q * K + v) * VL,
                            n * VL);
    }
}

static void FB(pack_biases)(const fb_dims *d, const fb_gates *g, const fb_weights *w) {
    const FB(packed) p = FB(packed_of)(d, w);
    const int H = d->n_state, Hp = d->ld_state, G = g->n_gate, first = g->n_slot - G;
    const real *b = w->b, *b_rec = w->b_rec, *leaf = w->b_leaf;
    memset(p.bias, 0, (size_t)(2 * G * Hp) * sizeof(real));
    for (int s = 0; s < G; s++) {
        real *second = (first ? p.bias_u : p.bias) + s * Hp; /* one sum where a and u share their slots */
        for (int j = 0; j < H && b; j++) p.bias[s * Hp + j] = b[(g->gate[s] * H + j) * w->ld_b];
        for (int j = 0; j < H && b_rec; j++) second[j] += b_rec[(g->gate[first + s] * H + j) * w->ld_b];
    }
    for (int s = 0; s < g->n_leaf; s++)
        for (int j = 0; j < Hp; j++) p.leaf_bias[s * Hp + j] = j < H && leaf ? leaf[(s * H + j) * w->ld_b] : 0;
}

/* A part's share of what forward reads. */
static void FB(pack_forward)(const fb_dims *d, const fb_gates *g, const fb_weights *w, int part, int n_parts) {
    const FB(packed) p = FB(packed_of)(d, w);
    if (part == 0) FB(pack_biases)(d, g, w);
    FB(pack_inputs)(d, FB(slots_of_a)(g), w->W, w->ld_w, p.w_in, part, n_parts);
    if (g->has_recurrence) FB(pack_units)(d, g, w->U, w->ld_u, p.u_in, part, n_parts);
    if (g->n_leaf) FB(pack_inputs)(d, FB(slots_of_leaf)(g), w->W_leaf, w->ld_w, p.leaf_in, part, n_parts);
}

/* What forward needs besides where nodes have several children. */
static void FB(pack_edges)(const fb_dims *d, const fb_gates *g, const fb_weights *w) {
    const int64_t H = d->n_state, row = g->gate[g->n_slot - 1] * H;
    if (g->gate_per_child) FB(pack_b)(H, H, (const real *)w->U + row * w->ld_u, 1, w->ld_u, FB(packed_of)(d, w).u_edge);
}

static void FB(pack_backward)(const fb_dims *d, const fb_gates *g, const fb_weights *w, int part, int n_parts) {
    const FB(packed) p = FB(packed_of)(d, w);
    if (g->has_recurrence && !w->u_is_row)
        FB(pack_slots)(d, FB(slots_of_u)(g), d->n_below, w->U, w->ld_u, p.u_back, part, n_parts);
    if (!w->w_rows) FB(pack_slots)(d, FB(slots_of_a)(g), d->n_in, w->W, w->ld_w, p.w_back, part, n_parts);
    if (g->n_leaf) FB(pack_slots)(d, FB(slots_of_leaf)(g), d->n_in, w->W_leaf, w->ld_w, p.leaf_back, part, n_parts);
}
#endif
