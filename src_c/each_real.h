/* Compiles every kernel body twice, for float and for double. The file that includes this one has set the instruction
   set: FB_ISA (its name), FB_ISA_LEVEL, FB_VBYTES (bytes of a vector) and FB_ROWS (rows of a micro-kernel's tile: 8
   with 32 vector registers, else 4). */
#define FB_JOIN3(a, b, c) a##_##b##_##c
#define FB_JOIN(a, b, c) FB_JOIN3(a, b, c)

#define real float
#define bits int32_t
#define FB_REAL_BYTES 4
#define FB(name) FB_JOIN(name, f32, FB_ISA)
#include "kernels/all.h"
#undef real
#undef bits
#undef FB_REAL_BYTES
#undef FB
#undef vec
#undef ivec
#undef VL
#undef FB_LANES

#define real double
#define bits int64_t
#define FB_REAL_BYTES 8
#define FB(name) FB_JOIN(name, f64, FB_ISA)
#include "kernels/all.h"
