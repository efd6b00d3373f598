/* Cells: how a node's state follows from its children and its input. */
#ifndef FB_CELL_H
#define FB_CELL_H
#include <stddef.h>
#include <stdint.h>

#include "contract/gated.h"
#include "contract/limits.h"

struct fb_run; /* contract/run.h */

enum { FB_MAX_AXES = 3, FB_MAX_ACTIVATIONS = 3 };

/* What gives a node's features: FB_LINEAR, its features are what it gathers; FB_PRODUCTS, it makes features of that;
   FB_GATED, it has gates. */
typedef enum fb_cell_kind { FB_KIND_LINEAR, FB_KIND_PRODUCTS, FB_KIND_GATED, FB_N_KINDS } fb_cell_kind;

/* Widths that axes of parameters are multiples of. */
typedef enum fb_width { FB_IN, FB_STATE } fb_width;

/* How a parameter begins. FB_MEAN: half the identity for every child and noise of 1 / (2 sqrt(n_state)); FB_SMALL:
   symmetric noise of 1 / (4 n_state); FB_UNIFORM: noise of 1 / sqrt(n_state). */
typedef enum fb_beginning { FB_ZERO, FB_MEAN, FB_SMALL, FB_UNIFORM, FB_N_BEGINNINGS } fb_beginning;

typedef struct fb_axis {
    int times; /* 0: there is no such axis */
    fb_width of;
} fb_axis;

typedef struct fb_param {
    const char *name; /* NULL behind the last parameter */
    fb_beginning begins;
    fb_axis axis[FB_MAX_AXES];
} fb_param;

/* A row of cells.def. */
typedef struct fb_cell_row {
    const char *name;
    fb_cell_kind kind;
    const char *layer; /* name of its layer over sequences; NULL: it has none */
    int arity;         /* children of an inner node, or FB_ANY */
    fb_param params[FB_PARAMS + 1];
    const char *activations[FB_MAX_ACTIVATIONS + 1]; /* the default first; none where there is no choice */
    fb_gates gates;                                  /* of the kind FB_GATED */
} fb_cell_row;

#define FB_CELL(name, ...) FB_CELL_##name,
typedef enum fb_cell_name {
#include "cells/cells.def"
    FB_N_CELLS
} fb_cell_name;
#undef FB_CELL

#define FB_CELL(name, ...) FB_TEST_CELL_##name,
typedef enum fb_test_cell_name {
#include "cells/test_cells.def"
    FB_N_TEST_CELLS
} fb_test_cell_name;
#undef FB_CELL

extern const fb_cell_row fb_cell_rows[FB_N_CELLS];
extern const fb_cell_row fb_test_cell_rows[FB_N_TEST_CELLS]; /* of the tests only; nobody reaches them by fb.cell */

/* What the drivers do not support in a row, or NULL: every row is checked when the library is loaded. */
const char *fb_cell_refused(const fb_cell_row *row);

/* Widths of a cell. theta has n_gate * n_state rows.

   field                what it is
   n_in, n_state        widths of an input and of a state
   n_gate, n_slot       gates, and slots that are saved of a node; recursive cells: 1 and 0
   n_gather, n_feature  elements gathered from the children; columns of theta
   n_below              elements of h~ that meet U; 0: the cell has no U
   at_b, at_leaf        gated cells: columns of theta at which b (b_rec beside it) and the leaf module begin; W is at 0,
                        U at ld_in
   ld_..                the same, padded; ld_fold: dc, and what fold needs besides */
typedef struct fb_dims {
    int n_in, n_state, n_gate, n_slot, n_gather, n_feature, n_below, at_b, at_leaf;
    int ld_in, ld_state, ld_gather, ld_feature, ld_fold, ld_below;
    const fb_gates *gates; /* of the cell's row */
} fb_dims;

/* Widths that follow from a cell's row; the rest comes from its shape function. */
void fb_cell_dims(const fb_cell_row *row, int n_in, int n_state, fb_dims *d);

/* Column c of theta is nothing (param < 0), or parameter `param`'s element `at` of each of its `rows` rows, plus
 * element `twin` where twin >= 0 (products that commute). rows 0: all rows of theta. */
typedef struct fb_column {
    int32_t param, at, twin, rows;
} fb_column;

/* A cell: features of a node's children, and back. theta . features, then tanh, is the forward step; the driver is
 * tree/level-inl.h. */
typedef struct fb_cell {
    const fb_cell_row *row;
    void (*shape)(fb_dims *d);                                  /* n_state -> n_gather, n_feature */
    void (*columns)(const fb_dims *d, fb_column *c);            /* (n_feature) */
    void (*gather)(const struct fb_run *r, int64_t i, void *c); /* children's states -> c (ld_gather) */
    void (*scatter)(const struct fb_run *r, int64_t i, const void *dc);
    /* NULL: q = c, dc = dq. The first makes features begin .. end, multiples of FB_PAD. */
    void (*features)(const fb_dims *d, int begin, int end, const void *c, void *q);
    void (*fold)(const fb_dims *d, const void *c, const void *dq, void *dc);
    fb_gated_kernels gated; /* of gated cells, which have none of gather .. fold */
} fb_cell;

static inline int fb_is_gated(const fb_cell *cell) { return cell->row->kind == FB_KIND_GATED; }

/* Whether a cell lacks functions that its row promises, or has others; NULL: it does not. */
const char *fb_functions_refused(const fb_cell *cell);

int64_t fb_ld_gathered(const fb_dims *d, const fb_cell *cell);
int fb_wants_transpose(const fb_dims *d);
#endif
