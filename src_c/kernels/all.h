/* Every body, in order of use, for one real type and one instruction set; the table at the end is what the binding
 * sees. */
#include "kernels/vec.h"
#include "kernels/act.h"
#include "kernels/gemm.h"
#include "kernels/dropout.h"
#include "kernels/pack.h"
#include "kernels/matmul.h"
#include "cells/pair.h"
#include "cells.def"
#include "kernels/level.h"
#include "kernels/weights.h"
#include "kernels/head.h"
#include "kernels/optim.h"
#include "kernels/step.h"
#include "kernels/mlp.h"
#include "words/predict.h"
#include "words/window.h"
#include "words/train.h"
#include "words/glove_train.h"

#define FB_LINEAR(name) NULL, NULL
#define FB_PRODUCTS(name) FB(name##_features), FB(name##_fold)
#define FB_CELL(name, arity, kind, spec) \
    {#name, spec, arity, FB(name##_shape), FB(name##_columns), FB(name##_gather), FB(name##_scatter), kind(name)},
static const fb_cell FB(cells)[] = {
#include "cells.def"
};
#undef FB_CELL
#undef FB_LINEAR
#undef FB_PRODUCTS

const fb_kernels FB(kernels) = {
    FB_ISA_LEVEL,
    FB_REAL_BYTES,
    sizeof FB(cells) / sizeof FB(cells)[0],
    FB(cells),
    FB(scratch),
    FB(transpose),
    FB(packed_size),
    FB(matmul_scratch),
    FB(pack_b),
    FB(matmul),
    FB(matmul_tn),
    FB(pack),
    FB(unpack),
    FB(run_forward),
    FB(run_backward),
    FB(step),
    FB(predict),
    FB(dropout_mask),
    FB(mlp_scratch),
    FB(mlp),
    FB(update_blocks),
    FB(w2v_scratch),
    FB(w2v_train),
    FB(glove_train),
};
#undef FB_SQRT
