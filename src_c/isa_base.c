/* The kernels in the instruction set every machine of the architecture has: SSE2 on x86-64, NEON on aarch64. */
#include "common.h"
#define FB_ISA base
#define FB_ISA_LEVEL 0
#define FB_VBYTES 16
#ifdef __aarch64__
#define FB_ROWS 8
#else
#define FB_ROWS 4
#endif
#include "each_real.h"
