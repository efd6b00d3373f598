/* Cells over structures, for one instruction set and real type. */
#include "gated/gated_pack-inl.h"
#include "simd/dropout-inl.h"
#include "tree/level-inl.h"
#include "tree/step-inl.h"
#include "tree/theta-inl.h"

extern const fb_tree_kernels FB(fb_tree);
const fb_tree_kernels FB(fb_tree) = {
    .scratch = FB(scratch),
    .packed = FB(gated_size),
    .pack = FB(pack),
    .unpack = FB(unpack),
    .forward = FB(run_forward),
    .backward = FB(run_backward),
    .step = FB(step),
    .predict = FB(predict),
    .loss = FB(plain_loss),
    .link = FB(plain_link),
    .dropout_mask = FB(dropout_mask),
};
