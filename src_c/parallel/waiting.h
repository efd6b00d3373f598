/* A gate: one thread waits until its count is at least a target, first spinning, then asleep; others raise it. */
#ifndef FB_GATE_H
#define FB_GATE_H
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#if defined(__SSE__)
#include <immintrin.h>
#define RELAX() _mm_pause()
#else
#define RELAX() ((void)0)
#endif

enum { SPIN_NS = 1000000, SPINS_PER_CLOCK = 32 };

typedef struct {
    _Alignas(128) atomic_uint count; /* on a cache line (and its neighbour) of its own */
    atomic_int asleep;
    pthread_mutex_t lock;
    pthread_cond_t wake;
} gate;

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int gate_spin(gate *g, unsigned target) {
    long long deadline = 0;
    for (;;) {
        for (int k = 0; k < SPINS_PER_CLOCK; k++) {
            if ((int)(atomic_load_explicit(&g->count, memory_order_acquire) - target) >= 0) return 1;
            RELAX();
        }
        sched_yield(); /* the thread waited for may have been woken on this very core */
        long long now = now_ns();
        if (!deadline) deadline = now + SPIN_NS;
        if (now > deadline) return 0;
    }
}

/* The waiter writes `asleep`, then reads `count`; gate_raise writes `count`, then reads `asleep`. In a sequentially
   consistent order one of the two sees the other's write, so that no wake-up is lost. */
static void gate_wait(gate *g, unsigned target) {
    if (gate_spin(g, target)) return;
    pthread_mutex_lock(&g->lock);
    atomic_store(&g->asleep, 1);
    while ((int)(atomic_load(&g->count) - target) < 0) pthread_cond_wait(&g->wake, &g->lock);
    atomic_store(&g->asleep, 0);
    pthread_mutex_unlock(&g->lock);
}

static void gate_raise(gate *g) {
    atomic_fetch_add(&g->count, 1);
    if (!atomic_load(&g->asleep)) return;
    pthread_mutex_lock(&g->lock);
    pthread_cond_signal(&g->wake);
    pthread_mutex_unlock(&g->lock);
}

static void gate_init(gate *g) {
    atomic_init(&g->count, 0);
    atomic_init(&g->asleep, 0);
    pthread_mutex_init(&g->lock, 0);
    pthread_cond_init(&g->wake, 0);
}
#endif
