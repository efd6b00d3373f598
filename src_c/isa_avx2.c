/* The kernels for AVX2 and FMA. */
#include "common.h"
#ifdef FB_X86
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,bmi2")
#endif
#define FB_ISA avx2
#define FB_ISA_LEVEL 1
#define FB_VBYTES 32
#define FB_ROWS 4
#include "each_real.h"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
