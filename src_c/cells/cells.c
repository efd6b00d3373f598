/* The cells, for one instruction set and real type. */
#include "cells/concat-inl.h"
#include "cells/elman-inl.h"
#include "cells/gru-inl.h"
#include "cells/lstm-inl.h"
#include "cells/rntn-inl.h"
#include "cells/sum-inl.h"
#include "gated/gated_pack-inl.h"

#define FB_CHILDREN(x) \
    .shape = FB(x##_shape), .columns = FB(x##_columns), .gather = FB(x##_gather), .scatter = FB(x##_scatter)
#define FB_LINEAR(x) FB_CHILDREN(x)
#define FB_PRODUCTS(x) FB_CHILDREN(x), .features = FB(x##_features), .fold = FB(x##_fold)
#define FB_GATED(x) .shape = FB(gated_shape), .columns = FB(gated_columns), .gates = &FB(x##_gates)
#define FB_CELL(x, n_children, kind, parameters, choices) \
    {.name = #x, .spec = parameters, .activations = choices, .arity = n_children, kind(x)},
static const fb_cell FB(cells)[] = {
#include "cells/cells.def"
};

extern const fb_cell_kernels FB(fb_cells);
const fb_cell_kernels FB(fb_cells) = {.n_cells = sizeof FB(cells) / sizeof FB(cells)[0], .cells = FB(cells)};
