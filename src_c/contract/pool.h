/* A pool of threads for regions of tens of microseconds. */
#ifndef FB_POOL_H
#define FB_POOL_H
#include <stdint.h>

enum { FB_MAX_THREADS = 64 };

typedef void (*fb_task)(void *ctx, int part, int n_parts);

/* Runs f(ctx, p, n_parts) for each p in 0 .. n_parts-1 and returns when all are done. Part p runs on thread p % T,
   where T = min(n_threads, n_parts, the limit below), and the caller is thread 0; or on the caller, if it is done with
   its own before that thread has begun. How the work is split is told by n_parts alone, so what depends on n_parts only
   does not depend on the number of threads.
   A part may wait for what another is doing, but not for what it has not begun.
   It never fails: when the pool is busy with another caller, when called from inside a part, or when no thread can
   be started, the caller runs all the parts itself, in order. */
void fb_parallel(fb_task f, void *ctx, int n_parts, int n_threads);

/* The same for one of many regions of microseconds: while other processes make the threads wait for each other, the
   caller runs all the parts itself. */
void fb_parallel_brief(fb_task f, void *ctx, int n_parts, int n_threads);

/* Between two looks of a part at what another is doing; turn: how many there were. */
void fb_relax(unsigned turn);

/* Threads, `most` or fewer, that so many multiplications are worth waking: a meeting of threads takes microseconds, but
   tens of them where one of them sleeps. */
enum { FB_WORTH = 1 << 21 };
static inline int fb_threads_for(int64_t products, int64_t worth, int64_t most) {
    const int64_t n = 1 + products / worth;
    return (int)(n < most ? n : most);
}

/* An upper limit on every later region of this process, 1 .. FB_MAX_THREADS; set by threadpoolctl, therefore visible
   outside of the library. */
#if defined(__GNUC__)
#define FB_VISIBLE __attribute__((visibility("default")))
#else
#define FB_VISIBLE
#endif
FB_VISIBLE void fastbpts_set_max_threads(int n_threads);
FB_VISIBLE int fastbpts_get_max_threads(void);

#endif
