/* Gated cells: their weights, and what they compute on. */
#ifndef FB_GATED_H
#define FB_GATED_H
#include <stdint.h>

enum { FB_MAX_GATES = 8, FB_MAX_SLOTS = 16 };

/* The weights of a gated cell where they lie, gates stacked on the first axis, and packed for its products.

   field          shape                      what it is
   W              (n_gate n_state, n_in)     of the inputs
   U              (n_gate n_state, n_below)  of the states below; unread where n_below is 0
   b, b_rec       (n_gate n_state)           biases, of W x and of U h~; either may be NULL
   W_leaf, b_leaf (n_leaf n_state, n_in), .. of the leaf module, where there is one
   ld_..          -                          elements from a row to the next; ld_w is W_leaf's too, ld_b b_leaf's */
typedef struct fb_weights {
    const void *W, *U, *b, *b_rec, *W_leaf, *b_leaf;
    int64_t ld_w, ld_u, ld_b;
    void *packed, *packed_back; /* what forward reads, what backward does: one place where only one goes at a time */
    int u_is_row, w_rows; /* backward reads where they lie: U for a single row in each step, W for few rows or none */
} fb_weights;

/* What a gated cell computes on: rows first .. first + rows (nodes) and columns at .. at + cols (units of the state,
   whole vectors). Pointers are to row 0 and unit 0; ld_... is the distance of rows. Only u and fc begin at the first
   row and column. Cells take the tile as `restrict`: else its fields would be read again after each vector's store.

   field       forward    backward  what it is
   gates       in         in        of the cell's row
   activation  in         in        its place among the cell's own
   keep        in         in        1 - dropout, which h was scaled by
   u           in         -         U h~, of cells with a U; gates are `gate` apart, vectors of a gate `next`
   bias        in         -         the second bias, the same for every row; gates are `slot` apart
   saved       in/out     in/out    slots of every row, `slot` apart. forward: a = W x + b becomes what backward needs;
                                    backward: that becomes the error of each slot
   below       in         in        h~: the sum of the children's states; with matrices per child, all side by side
   h, c        out        in        the states
   fc          in         -         what the children's second states add up to
   c_below     in         in        second states below: the child's, or their sum; with matrices per child all of them,
                                    `slot` apart
   f           in/out     in/out    a child's own gate; forward: a becomes the gate; backward: its error
   e, dc       -          in        upstream of h, of c
   direct      -          out       what goes to h~ other than through U
   dc_below    -          out       gradient of c_below, laid out as that is */
typedef struct fb_tile {
    const struct fb_gates *gates;
    int rows, first, cols, at, activation;
    double keep;
    const void *u, *bias;
    void *saved;
    const void *below;
    void *h, *c, *fc;
    const void *c_below;
    void *f, *e, *dc, *direct, *dc_below;
    int64_t ld_u, gate, next, ld_saved, slot, ld_below, ld_h, ld_c, ld_fc, ld_c_below, ld_f, ld_e, ld_dc, ld_dc_below,
        ld_direct;
} fb_tile;

/* What a row of cells.def says of a gated cell: a = W x + b and u = U h~ come from the driver
   (gated/gated_step-inl.h), the rest is arithmetic of units. A slot is a vector of n_state elements that is saved of
   every node. a is in the first n_gate slots, the errors of u end up in the last n_gate ones. */
typedef struct fb_gates {
    int n_gate, n_slot;
    int8_t gate[FB_MAX_SLOTS]; /* the gate of each slot; one that every child has of its own comes last */
    int has_recurrence;        /* there is a U */
    int has_second_bias;       /* U h~ has a bias of its own among the cell's parameters */
    int has_second_state;      /* c beside h */
    int gate_per_child;        /* the last gate is made for each child from that child's state alone */
    int matrices_per_child;    /* U meets the children's states side by side, (n_gate n_state, arity n_state) */
    int direct;                /* a way from h to h~ other than U */
    int n_leaf;                /* gates of the leaf module, in the first slots; 0: childless nodes are as others */
} fb_gates;

/* The arithmetic of a gated cell. */
typedef struct fb_gated_kernels {
    void (*forward)(const fb_tile *t);
    void (*backward)(const fb_tile *t);
    void (*edge_forward)(const fb_tile *t); /* these two: of cells with a gate per child */
    void (*edge_backward)(const fb_tile *t);
    void (*leaf_forward)(const fb_tile *t); /* these two: of cells with a leaf module */
    void (*leaf_backward)(const fb_tile *t);
} fb_gated_kernels;
#endif
