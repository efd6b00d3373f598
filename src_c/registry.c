/* The table of kernels for this process: instruction set (isa.h) and real type. */
#include "fb.h"
#include "isa.h"

extern const fb_kernels kernels_f32_base, kernels_f64_base;
#if defined(__x86_64__) && !defined(FB_PLAIN)
extern const fb_kernels kernels_f32_avx2, kernels_f64_avx2, kernels_f32_avx512, kernels_f64_avx512;
static const fb_kernels *const tables[][2] = {{&kernels_f32_base, &kernels_f64_base},
                                              {&kernels_f32_avx2, &kernels_f64_avx2},
                                              {&kernels_f32_avx512, &kernels_f64_avx512}};
#else
static const fb_kernels *const tables[][2] = {{&kernels_f32_base, &kernels_f64_base}};
#endif

const fb_kernels *fb_kernels_for(int real_bytes) {
    const int best = (int)(sizeof tables / sizeof tables[0]) - 1, isa = fb_isa();
    return tables[isa < best ? isa : best][real_bytes == 8];
}
