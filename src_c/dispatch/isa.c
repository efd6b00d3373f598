/* Design: this file has its own probe. Those of the compilers (target_clones, __builtin_cpu_supports) are missing in
   some tool chains, and tests cannot lower their answer. CPUID tells what the processor has; XGETBV tells which
   registers the operating system saves at a context switch: without that bit the instructions fault although CPUID
   lists them. */
#include "dispatch/isa.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <cpuid.h>

static unsigned saved_registers(void) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int has(unsigned word, unsigned bits) { return (word & bits) == bits; }

int fb_isa_probe(void) {
    enum { XMM_YMM = 0x6, XMM_YMM_ZMM = 0xe6 };
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return FB_ISA_BASE;
    if (!has(c, bit_OSXSAVE | bit_AVX | bit_FMA)) return FB_ISA_BASE;
    unsigned saved = saved_registers();
    if (!has(saved, XMM_YMM)) return FB_ISA_BASE;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has(b, bit_AVX2)) return FB_ISA_BASE;
    if (!has(saved, XMM_YMM_ZMM)) return FB_ISA_AVX2;
    return has(b, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL) ? FB_ISA_AVX512 : FB_ISA_AVX2;
}
#else
int fb_isa_probe(void) { return FB_ISA_BASE; }
#endif

static int allowed(void) {
    const char *name = getenv("FASTBPTS_ISA");
    if (name && !strcmp(name, "base")) return FB_ISA_BASE;
    if (name && !strcmp(name, "avx2")) return FB_ISA_AVX2;
    return FB_ISA_AVX512; /* unset, empty or "avx512"; the binding refuses other names */
}

int fb_isa(void) {
    static int isa = -1;
    if (isa < 0) {
        int can = fb_isa_probe(), may = allowed();
        isa = can < may ? can : may;
    }
    return isa;
}
