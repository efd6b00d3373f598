/* What a body is compiled for: its instruction set, a row of dispatch/isa.def, and its real type. setup.py compiles a
   domain's file (tree/tree.c, chain/chain.c, ..) once for each pair and says which by macros. An editor, which says
   nothing, sees the bodies for SSE2 and float.

   macro            example   what it is
   FB_ISA           avx2      name of the row
   FB_VBYTES        32        bytes of a vector
   FB_ROWS          4         rows of a micro-kernel's tile
   FB_ACCUMULATORS  12        vectors that a tile sums in, at most
   FB_REAL_BYTES    4         bytes of a real number */
#ifndef FB_TARGET_H
#define FB_TARGET_H
#ifndef FB_ISA
#define FB_ISA base
#define FB_VBYTES 16
#define FB_ROWS 4
#define FB_ACCUMULATORS 12
#endif
#ifndef FB_REAL_BYTES
#define FB_REAL_BYTES 4
#endif

#if FB_VBYTES != 16 && FB_VBYTES != 32 && FB_VBYTES != 64
#error "isa.def: vectors of 16, 32 or 64 bytes are what vec-inl.h and FB_PAD support"
#endif

#define FB_JOIN3(a, b, c) a##_##b##_##c
#define FB_JOIN(a, b, c) FB_JOIN3(a, b, c)
#if FB_REAL_BYTES == 4
#define real float
#define bits int32_t
#define FB(name) FB_JOIN(name, f32, FB_ISA)
#else
#define real double
#define bits int64_t
#define FB(name) FB_JOIN(name, f64, FB_ISA)
#endif
#endif
