/* Multilayer perceptrons, for one instruction set and real type. */
#include "mlp/layers-inl.h"

extern const fb_mlp_kernels FB(fb_mlp);
const fb_mlp_kernels FB(fb_mlp) = {
    .scratch = FB(mlp_scratch),
    .run = FB(mlp),
};
