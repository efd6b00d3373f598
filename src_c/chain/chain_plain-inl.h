/* The plain twin of the products that threads take in pieces (chain/chain_pieces-inl.h), for one row of a piece. */
#ifndef FB_CHAIN_CHAIN_PLAIN_INL_H
#define FB_CHAIN_CHAIN_PLAIN_INL_H
#include "gemm/matmul-inl.h"
#include "simd/check-inl.h"
#include "simd/common.h"
#include "simd/target.h"

#ifdef FASTBPTS_DEBUG
/* Element (k, j) of a matrix (K, N) that FB(pack_b) has packed. */
static real FB(packed_at)(int64_t K, int64_t N, int64_t k, int64_t j, const real *packed) {
    const FB(panels) s = FB(panels_of)(N);
    int width;
    int64_t p = s.n - 1, at;
    while ((at = FB(panel)(&s, p, &width) * VL) > j) p--;
    return packed[at * K + k * width * VL + j - at];
}

/* Asserts that row c (N) is `from` (NULL: zeros) + row a (K) . B (K, N), packed. */
static FB_NOINLINE void FB(check_row)(int64_t N, int64_t K, const real *a, const real *packed, const real *from,
                                      const real *c) {
    for (int64_t j = 0; j < N; j++) {
        double want = from ? (double)from[j] : 0, size = fabs(want);
        for (int64_t k = 0; k < K; k++) {
            const double term = (double)a[k] * (double)FB(packed_at)(K, N, k, j, packed);
            want += term, size += fabs(term);
        }
        FB(check_sum)(c[j], want, size, K);
    }
}
#endif
#endif
