/* The cells, for one instruction set and real type. */
#include "simd/common.h"

#define FB_KERNEL_BODIES
#include "cells/cells.def"
#undef FB_KERNEL_BODIES
#include "cells/test-inl.h"
#include "gated/gated_pack-inl.h"

#define FB_CHILDREN(x) \
    .shape = FB(x##_shape), .columns = FB(x##_columns), .gather = FB(x##_gather), .scatter = FB(x##_scatter)
#define FB_UNITS(x) .forward = FB(x##_forward), .backward = FB(x##_backward)
#define FB_SHAPE .shape = FB(gated_shape), .columns = FB(gated_columns)
#define FB_LINEAR(x) FB_CHILDREN(x)
#define FB_PRODUCTS(x) FB_CHILDREN(x), .features = FB(x##_features), .fold = FB(x##_fold)
#define FB_GATED(x) FB_SHAPE, .gated = {FB_UNITS(x)}
#define FB_GATED_EDGES(x) \
    FB_SHAPE, .gated = {FB_UNITS(x), .edge_forward = FB(x##_edge_forward), .edge_backward = FB(x##_edge_backward)}
#define FB_GATED_LEAF(x) \
    FB_SHAPE, .gated = {FB_UNITS(x), .leaf_forward = FB(x##_leaf_forward), .leaf_backward = FB(x##_leaf_backward)}

#define FB_CELL(x, functions, ...) [FB_CELL_##x] = {.row = fb_cell_rows + FB_CELL_##x, functions(x)},
static const fb_cell FB(cells)[FB_N_CELLS] = {
#include "cells/cells.def"
};
#undef FB_CELL

#define FB_CELL(x, functions, ...) [FB_TEST_CELL_##x] = {.row = fb_test_cell_rows + FB_TEST_CELL_##x, functions(test)},
static const fb_cell FB(test_cells)[FB_N_TEST_CELLS] = {
#include "cells/test_cells.def"
};
#undef FB_CELL

extern const fb_cell_kernels FB(fb_cells);
const fb_cell_kernels FB(fb_cells) = {.cells = FB(cells), .test_cells = FB(test_cells)};
