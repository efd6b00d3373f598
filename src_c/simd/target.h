/* What a body is compiled for: its instruction set and its real type. setup.py compiles a domain's file (tree/tree.c,
   chain/chain.c, ..) once for each pair and says which by -DFB_ISA=avx2 -DFB_VBYTES=32 -DFB_ROWS=4 -DFB_REAL_BYTES=4.
   An editor, which says nothing, sees the bodies for SSE2 and float.

   FB_VBYTES: bytes of a vector. FB_ROWS: rows of a micro-kernel's tile, 8 with 32 vector registers, else 4. */
#ifndef FB_TARGET_H
#define FB_TARGET_H
#ifndef FB_ISA
#define FB_ISA base
#define FB_VBYTES 16
#define FB_ROWS 4
#endif
#ifndef FB_REAL_BYTES
#define FB_REAL_BYTES 4
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
