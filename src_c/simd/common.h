/* Included by every kernel file before the instruction set is chosen: the contract, the C library, compiler macros. */
#ifndef FB_COMMON_H
#define FB_COMMON_H
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "contract/kernels.h"
#include "contract/pool.h"

#define FB_INLINE inline __attribute__((always_inline))
#define FB_HIDDEN __attribute__((visibility("hidden"))) /* of the library, but of another of its objects */
#if defined(__x86_64__)
#define FB_KEEP(v) __asm__("" : "+v"(v)) /* hold v in a register: one load serves several multiplications */
#elif defined(__aarch64__)
#define FB_KEEP(v) __asm__("" : "+w"(v))
#else
#define FB_KEEP(v) (void)(v)
#endif

/* Behind a switch over widths whose cases all return: a width without a case ends the process instead of leaving wrong
   numbers. */
#define FB_NO_CASE() __builtin_trap()

/* Counter-based random bits (splitmix64 finaliser). The value depends on seed and counter only, not on the order of
   calls. */
static inline uint64_t fb_random(uint64_t seed, uint64_t counter) {
    uint64_t z = seed + 0x9E3779B97F4A7C15u * (counter + 1);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}
static inline double fb_uniform(uint64_t seed, uint64_t counter) {
    return (double)(fb_random(seed, counter) >> 11) * 0x1p-53;
}

static inline int64_t fb_min(int64_t a, int64_t b) { return a < b ? a : b; }

/* Returns the first index in a .. b whose value is at least x; values are ascending. */
static inline int64_t fb_lower_bound(const int32_t *v, int64_t a, int64_t b, int64_t x) {
    while (a < b) {
        const int64_t m = a + (b - a) / 2;
        if (v[m] < x) a = m + 1;
        else b = m;
    }
    return a;
}
#endif
