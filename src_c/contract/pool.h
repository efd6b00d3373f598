/* A pool of threads for regions of tens of microseconds. */
#ifndef FB_POOL_H
#define FB_POOL_H
#include <stdint.h>

enum { FB_MAX_THREADS = 64 };

typedef void (*fb_task)(void *ctx, int part, int n_parts);

/* Runs f(ctx, p, n_parts) for each p in 0 .. n_parts-1 and returns when all are done. Part p runs on thread p % T,
   where T = min(n_threads, n_parts, the limit below), and the caller is thread 0. If the caller has done its own parts
   before a thread has begun, it does the parts of that thread, too. Only n_parts says how the work is divided, so
   results that depend on n_parts do not depend on the number of threads.
   A part may wait for work that another part is doing, but not for a part that has not begun.
   It never fails: if the pool is busy with another caller, if it is called from inside a part, or if no thread can be
   started, the caller runs all the parts itself, in order. */
void fb_parallel(fb_task f, void *ctx, int n_parts, int n_threads);

/* The same for a region of microseconds that is one of many. While other processes make the threads wait for each
   other, the caller runs all the parts itself. */
void fb_parallel_brief(fb_task f, void *ctx, int n_parts, int n_threads);

/* To be called while a part waits for another one, each time before it looks again; turn: how often it has looked. */
void fb_relax(unsigned turn);

/* The number of threads, at most `most`, that pay off for a number of multiplications. A meeting of threads takes
   microseconds, and tens of microseconds if one of them sleeps. */
enum { FB_WORTH = 1 << 21 };
static inline int fb_threads_for(int64_t products, int64_t worth, int64_t most) {
    const int64_t n = 1 + products / worth;
    return (int)(n < most ? n : most);
}

/* Sets an upper limit on the threads of every later region of this process, 1 .. FB_MAX_THREADS. threadpoolctl calls
   it, so it is visible outside of the library. */
#if defined(__GNUC__)
#define FB_VISIBLE __attribute__((visibility("default")))
#else
#define FB_VISIBLE
#endif
FB_VISIBLE void fastbpts_set_max_threads(int n_threads);
FB_VISIBLE int fastbpts_get_max_threads(void);

#endif
