/* Cells: how a node's state follows from its children and its input. */
#ifndef FB_CELL_H
#define FB_CELL_H
#include <stddef.h>
#include <stdint.h>

#include "contract/gated.h"
#include "contract/limits.h"

struct fb_run; /* contract/run.h */

/* Widths of a cell: input, state, gates, what is gathered from the children, features. theta has n_gate * n_state rows.
 * Recursive cells have one gate and no slots. */
typedef struct fb_dims {
    int n_in, n_state, n_gate, n_slot, n_gather, n_feature;
    int ld_in, ld_state, ld_gather, ld_feature, ld_fold; /* ld_fold: dc, and what fold needs besides */
} fb_dims;

/* Column c of theta is nothing (param < 0), or parameter `param`'s element `at` of each row, plus element `twin` where
 * twin >= 0 (products that commute). */
typedef struct fb_column {
    int32_t param, at, twin;
} fb_column;

/* A cell: features of a node's children, and back. theta . features, then tanh, is the forward step; the driver is
 * tree/level-inl.h. */
typedef struct fb_cell {
    const char *name, *spec, *activations;
    int arity;
    void (*shape)(fb_dims *d);                                  /* n_state -> n_gather, n_feature */
    void (*columns)(const fb_dims *d, fb_column *c);            /* (n_feature) */
    void (*gather)(const struct fb_run *r, int64_t i, void *c); /* children's states -> c (ld_gather) */
    void (*scatter)(const struct fb_run *r, int64_t i, const void *dc);
    /* NULL: q = c, dc = dq. The first makes features begin .. end, multiples of FB_PAD. */
    void (*features)(const fb_dims *d, int begin, int end, const void *c, void *q);
    void (*fold)(const fb_dims *d, const void *c, const void *dq, void *dc);
    const fb_gates *gates; /* NULL: a recursive cell; else the cell has none of gather .. fold */
} fb_cell;

int64_t fb_ld_gathered(const fb_dims *d, const fb_cell *cell);
int fb_wants_transpose(const fb_dims *d);
#endif
