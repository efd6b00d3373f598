/* A run of a cell over a structure. */
#ifndef FB_RUN_H
#define FB_RUN_H
#include "contract/cell.h"
#include "contract/graph.h"

/* A run of a cell over a structure. theta (n_gate n_state, ld_feature) holds the cell's parameters in the kernels' own
 * layout. */
typedef struct fb_run {
    const fb_graph *graph;
    fb_dims dims;
    const void *theta;   /* (n_gate n_state, ld_feature) */
    const void *theta_t; /* (n_feature, ld_state), only where fb_wants_transpose */
    const void *x;       /* rows of inputs */
    int64_t ld_x;
    const int32_t *x_row; /* (N) the row of x that an input node reads; NULL: the k-th input reads row k */
    int tanh_input;       /* h = tanh(x) instead of h = x */
    double dropout, input_dropout;
    uint64_t seed;
    void *h;        /* (N, ld_state) */
    void *gathered; /* (inner nodes, fb_ld_gathered) what forward has gathered, level after level, kept for the steps
                       back; NULL: gather again */
    void *errors;   /* (inner nodes, ld_state) their errors in the same order; NULL: dh has them */
    int fresh;      /* only roots have an upstream, other nodes one parent each: what it sends is stored, not added */
    void *dh;       /* (N, ld_state) in: upstream; out: error before the non-linearity, for inputs the gradient of x */
    void *dx;       /* (N, ld_in) rows of inputs; recursive cells: dh */
    void *dtheta;   /* (n_gate n_state, ld_feature) */
    /* Gated cells only. */
    int activation;
    fb_weights weights;
    void *saved;         /* (N, n_slot, ld_state) */
    void *edge;          /* (E, ld_state) the gate that every child has of its own */
    void *c, *dc;        /* (N, ld_state) the second state */
    const void *h0, *c0; /* (G, ld_state) below the childless nodes, or NULL: zeros */
    void *dh0, *dc0;     /* (G, ld_state), or NULL */
} fb_run;
#endif
