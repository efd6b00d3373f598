/* Design: this file has its own probes. Those of the compilers (target_clones, __builtin_cpu_supports) are missing in
   some tool chains, and tests cannot lower their answer. CPUID tells what the processor has; XGETBV tells which
   registers the operating system saves at a context switch: without that bit the instructions fault although CPUID
   lists them. */
#include "contract/isa.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static int always(void) { return 1; }

#ifdef FB_SETS_x86_64
#include <cpuid.h>

static int has(unsigned word, unsigned bits) { return (word & bits) == bits; }

/* Whether the operating system saves these registers. */
static int saves(unsigned registers) {
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, bit_OSXSAVE)) return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return has(low, registers);
}

/* Whether CPUID's leaf 7 lists these extensions. */
static int extends(unsigned extensions) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && has(b, extensions);
}

static int has_avx2(void) {
    enum { XMM_YMM = 0x6 };
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && has(c, bit_AVX | bit_FMA) && saves(XMM_YMM) &&
           extends(bit_AVX2 | bit_BMI2);
}

static int has_avx512(void) {
    enum { XMM_YMM_ZMM = 0xe6 };
    return has_avx2() && saves(XMM_YMM_ZMM) && extends(bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL);
}
#endif

#define FB_SET(architecture, x, bytes, rows, registers, function, flags) \
    [FB_ISA_##x] = {                                                     \
        .name = #x,                                                      \
        .vector_bytes = bytes,                                           \
        .tile_rows = rows,                                               \
        .accumulators = registers,                                       \
        .probe = function,                                               \
    },
const fb_instruction_set fb_instruction_sets[FB_N_ISAS] = {
#include "dispatch/isa.def"
};

static _Atomic int chosen = 0;

int fb_choose_isa(const char *name) {
    int last = FB_N_ISAS - 1;
    if (name && *name)
        while (last >= 0 && strcmp(fb_instruction_sets[last].name, name)) last--;
    if (last < 0) return -1;
    while (last > 0 && !fb_instruction_sets[last].probe()) last--;
    atomic_store(&chosen, last);
    return last;
}

int fb_isa(void) { return atomic_load_explicit(&chosen, memory_order_relaxed); }
