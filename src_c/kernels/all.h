/* Every body, in order of use, for one real type and one instruction set; the table at the end is what the binding
 * sees. */
#include "kernels/vec.h"
#include "kernels/act.h"
#include "kernels/gemm.h"
#include "kernels/dropout.h"
#include "kernels/pack.h"
#include "kernels/matmul.h"
#include "kernels/matmul_tn.h"
#include "cells/pair.h"
#include "cells.def"
#include "kernels/gated_pack.h"
#include "kernels/gated.h"
#include "kernels/gated_rows.h"
#include "kernels/gated_graph.h"
#include "kernels/gated_back.h"
#include "kernels/chain.h"
#include "kernels/chain_pieces.h"
#include "kernels/chain_forward.h"
#include "kernels/chain_back.h"
#include "kernels/chain_gradient.h"
#include "kernels/chain_units.h"
#include "kernels/chain_run.h"
#include "kernels/level.h"
#include "kernels/weights.h"
#include "kernels/head.h"
#include "kernels/optim.h"
#include "kernels/phases.h"
#include "kernels/step.h"
#include "kernels/mlp.h"
#include "words/predict.h"
#include "words/window.h"
#include "words/train.h"
#include "words/glove_train.h"

#define FB_CHILDREN(name) FB(name##_shape), FB(name##_columns), FB(name##_gather), FB(name##_scatter)
#define FB_LINEAR(name) FB_CHILDREN(name), NULL, NULL, NULL
#define FB_PRODUCTS(name) FB_CHILDREN(name), FB(name##_features), FB(name##_fold), NULL
#define FB_GATED(name) FB(gated_shape), FB(gated_columns), NULL, NULL, NULL, NULL, &FB(name##_gates)
#define FB_CELL(name, arity, kind, spec, activations) {#name, spec, activations, arity, kind(name)},
static const fb_cell FB(cells)[] = {
#include "cells.def"
};
#undef FB_CELL
#undef FB_CHILDREN
#undef FB_LINEAR
#undef FB_GATED
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
    FB(gated_size),
    FB(chain_scratch),
    FB(chain_slab_size),
    FB(block_rows),
    FB(chain_pack),
    FB(chain_forward),
    FB(chain_backward),
};
#undef FB_SQRT
