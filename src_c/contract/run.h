/* A run of a cell over a structure. */
#ifndef FB_RUN_H
#define FB_RUN_H
#include "contract/cell.h"
#include "contract/graph.h"

/* A run of a cell over a structure: N nodes, E edges, G graphs (graph.h). Who writes and who reads: C is the caller,
   before the run or after it; P F L B G U are the phases prepare, forward, loss, backward, gradient, update of a step
   (network.h). A run alone has no L and U; then the caller does their part.

   field           shape                         writes  reads  what it is
   graph, dims     -                             C       all    the batch; widths
   theta           (n_gate n_state, ld_feature)  C U     F B    parameters as kernels read them (tree/theta-inl.h)
   theta_t         (n_feature, ld_state)         P       F B    its transpose; NULL unless fb_wants_transpose
   x               rows, ld_x apart              C       F      inputs
   x_row           (N)                           C       F      the row of x that an input node reads; NULL: the k-th
                                                                input reads row k
   tanh_input      -                             C       F B    h = tanh(x) instead of h = x
   dropout         -                             C       F B    of states; input_dropout of inputs; seed of both
   h               (N, ld_state)                 F       B G C  states
   gathered        (inner, fb_ld_gathered)       F       B G    what children send to inner nodes, level after level;
                                                                NULL: it is gathered again
   dh              (N, ld_state)                 L       B      upstream of the states
                                                 B       G C    then the error before the non-linearity; of an input
                                                                the gradient of x
   errors          (inner, ld_state)             B       G      the errors in the order of gathered; NULL: dh has it
   fresh           -                             P       L B    only roots have an upstream and every other node has
                                                                one parent: what it sends is stored, not added
   dx              (N, ld_in)                    B       C      gradient of x, for each input; recursive cells: dh
   dtheta          like theta                    G       U C    gradient, overwritten

   Gated cells only:
   activation      -                             C       F B    its place among the cell's own
   weights         -                             C P     F B    where W, U and the biases lie, and packed
   saved           (N, n_slot, ld_state)         F       B      gates and whatever else backward needs
                                                 B       G      then the error of each slot
   edge            (E, ld_state)                 F B     B G    the same of the gate that every child has of its own
   c               (N, ld_state)                 F       B      second state
   dc              (N, ld_state)                 L B     B      its upstream
   h0, c0          (G, ld_state)                 C       F B    states below the nodes of level 0; NULL: zeros
   dh0, dc0        (G, ld_state)                 B       C      their gradients; NULL: not wanted

   Rows are padded with zeros to ld_... elements. */
typedef struct fb_run {
    const fb_graph *graph;
    fb_dims dims;
    const void *theta, *theta_t;
    const void *x;
    int64_t ld_x;
    const int32_t *x_row;
    int tanh_input;
    double dropout, input_dropout;
    uint64_t seed;
    void *h, *gathered, *errors;
    int fresh;
    void *dh, *dx, *dtheta;
    int activation;
    fb_weights weights;
    void *saved, *edge, *c, *dc;
    const void *h0, *c0;
    void *dh0, *dc0;
} fb_run;
#endif
