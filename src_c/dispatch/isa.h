/* Which instruction set to use: probed once, lowered by FASTBPTS_ISA=base|avx2|avx512. */
#ifndef FB_ISA_H
#define FB_ISA_H

enum { FB_ISA_BASE = 0, FB_ISA_AVX2 = 1, FB_ISA_AVX512 = 2 };

/* The best set that the processor has, that the operating system saves, and that the environment allows.
   AVX2 means avx2 + fma; AVX512 means f, bw, dq, vl besides. Call it at module load: later calls only read. */
int fb_isa(void);

/* What the machine offers, whatever the environment says. */
int fb_isa_probe(void);

#endif
