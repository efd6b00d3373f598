/* Design: one pool per process, grown on demand, never shrunk; its threads are detached and hold nothing.
   a) A region is short, so a thread that waits spins for a while before it sleeps: waking a sleeper costs about as
      much as a whole small batch. The while is what a training loop needs to come back with its next batch; spinning
      for longer would take the core from somebody who has work.
   b) One flag says that the pool is in a region. Who finds it set (another Python thread that fits a second model,
      or a part that calls fb_parallel itself) does its parts alone: no waiting, hence no deadlock.
   c) A fork copies the memory but only the thread that called it: the child starts with an empty pool. */
#define _GNU_SOURCE /* affinity of threads */
#include "pool.h"

#include <stdatomic.h>

static atomic_int max_threads = FB_MAX_THREADS;

void fastbpts_set_max_threads(int n_threads) {
    int n = n_threads < 1 ? 1 : n_threads;
    atomic_store(&max_threads, n < FB_MAX_THREADS ? n : FB_MAX_THREADS);
}

int fastbpts_get_max_threads(void) { return atomic_load(&max_threads); }

static void run_parts(fb_task f, void *ctx, int n_parts, int first, int step) {
    for (int p = first; p < n_parts; p += step) f(ctx, p, n_parts);
}

#if defined(_WIN32) || defined(__EMSCRIPTEN__)

void fb_parallel(fb_task f, void *ctx, int n_parts, int n_threads) {
    (void)n_threads;
    run_parts(f, ctx, n_parts, 0, 1);
}

#else

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "core.h"

#if defined(__SSE__)
#include <immintrin.h>
#define GET_FLOAT_MODE() _mm_getcsr()
#define SET_FLOAT_MODE(mode) _mm_setcsr(mode)
#define RELAX() _mm_pause()
#else
#define GET_FLOAT_MODE() 0
#define SET_FLOAT_MODE(mode) ((void)(mode))
#define RELAX() ((void)0)
#endif

enum { SPIN_NS = 150000, SPINS_PER_CLOCK = 32 };

/* One thread waits at a gate until its count reaches a target; others raise the count. */
typedef struct {
    _Alignas(128) atomic_uint count; /* on a cache line (and its neighbour) of its own */
    atomic_int asleep;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    core core; /* of the worker whose start this is */
} gate;

static atomic_flag busy = ATOMIC_FLAG_INIT; /* guards everything below */
static int n_workers, is_set_up;
static gate start[FB_MAX_THREADS]; /* start[w]: regions in which worker w has taken part; start[0] is unused */
static gate done;                  /* workers that finished this region */
static struct {
    fb_task f;
    void *ctx;
    int n_parts, n_threads;
    unsigned float_mode; /* workers flush denormals exactly when the caller does */
} region;

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int gate_spin(gate *g, unsigned target) {
    long long deadline = 0;
    for (;;) {
        for (int k = 0; k < SPINS_PER_CLOCK; k++) {
            if (atomic_load_explicit(&g->count, memory_order_acquire) == target) return 1;
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
    while (atomic_load(&g->count) != target) pthread_cond_wait(&g->wake, &g->lock);
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
    core_init(&g->core);
}

static void *work(void *my_start) {
    gate *mine = my_start;
    int id = (int)(mine - start);
    core_begin(&mine->core);
    for (unsigned turn = 1;; turn++) {
        gate_wait(mine, turn);
        core_arrive(&mine->core);
        SET_FLOAT_MODE(region.float_mode);
        run_parts(region.f, region.ctx, region.n_parts, id, region.n_threads);
        gate_raise(&done);
    }
    return 0;
}

static void forget_workers(void) {
    n_workers = 0;
    gate_init(&done);
    atomic_flag_clear(&busy);
}

static void grow(int n) {
    if (!is_set_up) {
        gate_init(&done);
        pthread_atfork(0, 0, forget_workers);
        is_set_up = 1;
    }
    sigset_t all, old; /* signals belong to the threads of Python */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    while (n_workers < n) {
        pthread_t thread;
        gate *g = &start[n_workers + 1];
        gate_init(g);
        if (pthread_create(&thread, 0, work, g)) break;
        pthread_detach(thread);
        n_workers++;
    }
    pthread_sigmask(SIG_SETMASK, &old, 0);
}

void fb_parallel(fb_task f, void *ctx, int n_parts, int n_threads) {
    int limit = atomic_load_explicit(&max_threads, memory_order_relaxed);
    if (n_threads > n_parts) n_threads = n_parts;
    if (n_threads > limit) n_threads = limit;
    if (n_threads <= 1 || atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) {
        run_parts(f, ctx, n_parts, 0, 1);
        return;
    }
    if (n_workers < n_threads - 1) grow(n_threads - 1);
    if (n_threads > n_workers + 1) n_threads = n_workers + 1;
    region.f = f, region.ctx = ctx, region.n_parts = n_parts, region.n_threads = n_threads;
    region.float_mode = GET_FLOAT_MODE();
    atomic_store(&done.count, 0);
    const int here = sched_getcpu();
    for (int w = 1; w < n_threads; w++) {
        core_send_away(&start[w].core, here, atomic_load(&start[w].asleep));
        gate_raise(&start[w]);
    }
    run_parts(f, ctx, n_parts, 0, n_threads);
    gate_wait(&done, (unsigned)(n_threads - 1));
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

#endif
