/* Gated cells over sequences, for one instruction set and real type. */
#include "chain/chain_run-inl.h"

extern const fb_chain_kernels FB(fb_chain);
const fb_chain_kernels FB(fb_chain) = {
    .scratch = FB(chain_scratch),
    .slab_size = FB(chain_slab_size),
    .block_rows = FB(block_rows),
    .pack = FB(chain_pack),
    .forward = FB(chain_forward),
    .backward = FB(chain_backward),
};
