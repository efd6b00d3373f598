/* Products of matrices, for one instruction set and real type. */
#include "gemm/matmul-inl.h"
#include "gemm/matmul_tn-inl.h"
#include "gemm/tile_rows-inl.h"
#include "tree/theta-inl.h"

extern const fb_gemm_kernels FB(fb_gemm);
const fb_gemm_kernels FB(fb_gemm) = {
    .transpose = FB(transpose),
    .packed_size = FB(packed_size),
    .matmul_scratch = FB(matmul_scratch),
    .pack_b = FB(pack_b),
    .matmul = FB(matmul),
    .matmul_tn = FB(matmul_tn),
};
