/* The table of kernels for this process: instruction set (dispatch/isa.h) and real type. */
#include "contract/kernels.h"
#include "dispatch/isa.h"

#define DECLARE(real, set)                                         \
    extern const fb_cell_kernels fb_cells_##real##_##set;          \
    extern const fb_gemm_kernels fb_gemm_##real##_##set;           \
    extern const fb_tree_kernels fb_tree_##real##_##set;           \
    extern const fb_chain_kernels fb_chain_##real##_##set;         \
    extern const fb_mlp_kernels fb_mlp_##real##_##set;             \
    extern const fb_optimizer_kernels fb_optimizer_##real##_##set; \
    extern const fb_word_kernels fb_words_##real##_##set;
#define TABLE(number, bytes, real, set)         \
    {.isa = number,                             \
     .real_bytes = bytes,                       \
     .cells = &fb_cells_##real##_##set,         \
     .gemm = &fb_gemm_##real##_##set,           \
     .tree = &fb_tree_##real##_##set,           \
     .chain = &fb_chain_##real##_##set,         \
     .mlp = &fb_mlp_##real##_##set,             \
     .optimizer = &fb_optimizer_##real##_##set, \
     .words = &fb_words_##real##_##set}
#define TABLES(number, set) {TABLE(number, 4, f32, set), TABLE(number, 8, f64, set)}

DECLARE(f32, base)
DECLARE(f64, base)
#ifdef FB_HAS_X86 /* setup.py has compiled the kernels for its instruction sets */
    DECLARE(f32, avx2) DECLARE(f64, avx2) DECLARE(f32, avx512)
        DECLARE(f64, avx512) static const fb_kernels tables[][2] = {
            TABLES(FB_ISA_BASE, base),
            TABLES(FB_ISA_AVX2, avx2),
            TABLES(FB_ISA_AVX512, avx512),
};
#else
    static const fb_kernels tables[][2] = {TABLES(FB_ISA_BASE, base)};
#endif

const fb_kernels *fb_kernels_for(int real_bytes) {
    const int best = (int)(sizeof tables / sizeof tables[0]) - 1, isa = fb_isa();
    return &tables[isa < best ? isa : best][real_bytes == 8];
}
