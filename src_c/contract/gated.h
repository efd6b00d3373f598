/* Gated cells: their weights, and what they compute on. */
#ifndef FB_GATED_H
#define FB_GATED_H
#include <stdint.h>

/* The weights of a gated cell where they lie, gates stacked on the first axis, and packed for its products. */
typedef struct fb_weights {
    const void *W, *U, *b, *c; /* (n_gate n_state rows); biases may be NULL; c, the second, is beside U */
    int64_t ld_w, ld_u, ld_b;
    void *packed, *packed_back; /* what forward reads, what backward does: one place where only one goes at a time */
    int u_is_row, w_rows; /* backward reads where they lie: U for a single row in each step, W for few rows or none */
} fb_weights;

/* What a gated cell computes on: rows first .. first + rows (nodes) and columns at .. at + cols (units of the state,
 * whole vectors). Pointers are to row 0 and unit 0, ld_... is the distance of rows, `slot` that of slots of a saved
 * row. Only u and fc begin at the first row and column; gates of u are `gate` apart, vectors of a gate `next`. Cells
 * take it as `restrict`: else its fields would be read again after each vector's store. */
typedef struct fb_tile {
    int rows, first, cols, at, activation;
    double keep;             /* 1 - dropout, which h was scaled by */
    const void *u, *bias;    /* U h~; the second bias (gates `slot` apart) of every row */
    void *saved;             /* in: a = W x + b; out: what backward needs; backward: the error of each slot */
    const void *below;       /* h~, the sum of the children's states */
    void *h, *c;             /* the states */
    void *fc;                /* what the children's second states add up to */
    const void *c_below;     /* a child's second state */
    void *f;                 /* a child's own gate; forward in: a */
    void *e, *dc;            /* upstream of h, of c */
    void *direct, *dc_below; /* what goes to h~ other than through U; to c_below */
    int64_t ld_u, gate, next, ld_saved, slot, ld_below, ld_h, ld_c, ld_fc, ld_c_below, ld_f, ld_e, ld_dc, ld_direct;
} fb_tile;

/* A gated cell: a = W x + b and u = U h~ come from the driver (gated/gated_step-inl.h), the rest is arithmetic of
 * units. */
typedef struct fb_gates {
    int n_gate, n_slot; /* a is in the first n_gate slots, the errors of u end up in the last n_gate ones */
    int8_t gate[8];     /* the gate of each slot; one that every child has of its own comes last */
    int has_c, direct;  /* a second state (then: a gate per child); a way from h to h~ other than U */
    void (*forward)(const fb_tile *t);
    void (*backward)(const fb_tile *t);
    void (*edge_forward)(const fb_tile *t);
    void (*edge_backward)(const fb_tile *t);
} fb_gates;
#endif
