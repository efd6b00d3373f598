/* The kernels for AVX-512 as Skylake-X, Ice Lake, Zen 4 and later have it. */
#include "common.h"
#ifdef FB_X86
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,bmi2"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,bmi2")
#endif
#define FB_ISA avx512
#define FB_ISA_LEVEL 2
#define FB_VBYTES 64
#define FB_ROWS 8
#include "each_real.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
