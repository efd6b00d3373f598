/* The table of kernels for this process: instruction set (contract/isa.h) and real type. */
#include "contract/kernels.h"
#include "contract/isa.h"

#define DECLARE(real, set)                                         \
    extern const fb_cell_kernels fb_cells_##real##_##set;          \
    extern const fb_gemm_kernels fb_gemm_##real##_##set;           \
    extern const fb_tree_kernels fb_tree_##real##_##set;           \
    extern const fb_chain_kernels fb_chain_##real##_##set;         \
    extern const fb_mlp_kernels fb_mlp_##real##_##set;             \
    extern const fb_sequence_kernels fb_sequence_##real##_##set;   \
    extern const fb_optimizer_kernels fb_optimizer_##real##_##set; \
    extern const fb_word_kernels fb_words_##real##_##set;
#define FB_SET(architecture, set, ...) DECLARE(f32, set) DECLARE(f64, set)
#include "dispatch/isa.def"
#undef FB_SET

#define TABLE(bytes, real, set)                    \
    {                                              \
        .isa = FB_ISA_##set,                       \
        .real_bytes = bytes,                       \
        .cells = &fb_cells_##real##_##set,         \
        .gemm = &fb_gemm_##real##_##set,           \
        .tree = &fb_tree_##real##_##set,           \
        .chain = &fb_chain_##real##_##set,         \
        .mlp = &fb_mlp_##real##_##set,             \
        .optimizer = &fb_optimizer_##real##_##set, \
        .sequence = &fb_sequence_##real##_##set,   \
        .words = &fb_words_##real##_##set,         \
    }
#define FB_SET(architecture, set, ...) [FB_ISA_##set] = {TABLE(4, f32, set), TABLE(8, f64, set)},
static const fb_kernels tables[FB_N_ISAS][2] = {
#include "dispatch/isa.def"
};

const fb_kernels *fb_kernels_for(int real_bytes) { return &tables[fb_isa()][real_bytes == 8]; }
