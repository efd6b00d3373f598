/* Updates of parameters that no network owns, for one instruction set and real type. */
#include "optimizer/update-inl.h"

extern const fb_optimizer_kernels FB(fb_optimizer);
const fb_optimizer_kernels FB(fb_optimizer) = {
    .update_blocks = FB(update_blocks),
};
