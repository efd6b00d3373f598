/* Design: one pool per process, grown on demand, never shrunk; its threads are detached and hold nothing.
   a) A region is short. Waking a sleeper costs about as much as a small batch, so a thread that waits spins before it
      sleeps. It spins for as long as a training loop needs to come back with its next batch; longer spinning would take
      the core from a thread that has work.
   b) One flag says that the pool is in a region. A caller that finds it set (another Python thread that fits a second
      model, or a part that calls fb_parallel) does its parts alone. It does not wait, so there is no deadlock.
   c) If other processes want the cores, a worker may begin later than hundreds of short regions take. A caller that
      has done its own parts does those of workers that have not begun. A worker that has begun and is stopped must be
      waited for; short regions then run without threads for a multiple of the time lost.
   d) A fork copies the memory and the thread that called it, no other thread: the child starts with an empty pool. */
#define _GNU_SOURCE /* affinity of threads */
#include "contract/pool.h"

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

void fb_parallel_brief(fb_task f, void *ctx, int n_parts, int n_threads) { fb_parallel(f, ctx, n_parts, n_threads); }

void fb_relax(unsigned turn) { (void)turn; }

#else

#include <signal.h>

#include "parallel/affinity.h"
#include "parallel/waiting.h"

#if defined(__SSE__)
#include <immintrin.h>
#define GET_FLOAT_MODE() _mm_getcsr()
#define SET_FLOAT_MODE(mode) _mm_setcsr(mode)
#else
#define GET_FLOAT_MODE() 0
#define SET_FLOAT_MODE(mode) ((void)(mode))
#endif

enum { LATE_NS = 30000, TIMES_ALONE = 8, MOST_LOST_NS = 20000000 }; /* a longer wait is a process that was stopped */

typedef struct {
    gate start;           /* regions offered to this worker */
    atomic_uint accepted; /* the last of them that was begun, by the worker or by the caller in its place */
    core core;
} worker;

static atomic_flag busy = ATOMIC_FLAG_INIT; /* guards everything below */
static int n_workers;
static worker workers[FB_MAX_THREADS]; /* the first is unused: the caller */
static gate done;                      /* workers that finished this region */
static struct {
    fb_task f;
    void *ctx;
    int n_parts, n_threads;
    unsigned float_mode; /* workers flush denormals exactly when the caller does */
} region;

/* True if this thread is the first to begin the worker's parts of a region. */
static int accept(worker *w, unsigned turn) {
    unsigned before = turn - 1;
    return atomic_compare_exchange_strong(&w->accepted, &before, turn);
}

static void *work(void *me) {
    worker *mine = me;
    int id = (int)(mine - workers);
    core_begin(&mine->core);
    for (unsigned turn = 0;;) {
        gate_wait(&mine->start, turn + 1);
        turn = atomic_load(&mine->start.count);
        if (!accept(mine, turn)) continue;
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

/* Runs when the library is loaded: later, another thread could fork meanwhile. */
__attribute__((constructor)) static void set_up(void) {
    gate_init(&done);
    pthread_atfork(0, 0, forget_workers);
}

static void grow(int n) {
    sigset_t all, old; /* signals belong to the threads of Python */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    while (n_workers < n) {
        pthread_t thread;
        worker *w = &workers[n_workers + 1];
        gate_init(&w->start);
        atomic_init(&w->accepted, 0);
        core_init(&w->core);
        if (pthread_create(&thread, 0, work, w)) break;
        pthread_detach(thread);
        n_workers++;
    }
    pthread_sigmask(SIG_SETMASK, &old, 0);
}

/* Returns how long the caller waited (ns), if uneven parts or a waking cannot explain it, else 0. */
static long long run_region(fb_task f, void *ctx, int n_parts, int n_threads) {
    int limit = atomic_load_explicit(&max_threads, memory_order_relaxed);
    if (n_threads > n_parts) n_threads = n_parts;
    if (n_threads > limit) n_threads = limit;
    if (n_threads <= 1 || atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) {
        run_parts(f, ctx, n_parts, 0, 1);
        return 0;
    }
    if (n_workers < n_threads - 1) grow(n_threads - 1);
    if (n_threads > n_workers + 1) n_threads = n_workers + 1;
    region.f = f, region.ctx = ctx, region.n_parts = n_parts, region.n_threads = n_threads;
    region.float_mode = GET_FLOAT_MODE();
    atomic_store(&done.count, 0);
    const int here = CORE_HERE();
    int any_asleep = 0;
    for (int w = 1; w < n_threads; w++) {
        const int is_asleep = atomic_load(&workers[w].start.asleep);
        any_asleep |= is_asleep;
        core_send_away(&workers[w].core, here, is_asleep);
        gate_raise(&workers[w].start);
    }
    const long long begin = now_ns();
    run_parts(f, ctx, n_parts, 0, n_threads);
    const long long own = now_ns() - begin;
    unsigned begun = 0;
    for (int w = 1; w < n_threads; w++) {
        if (!accept(&workers[w], atomic_load(&workers[w].start.count))) {
            begun++;
            continue;
        }
        core_let_back(&workers[w].core);
        run_parts(f, ctx, n_parts, w, n_threads);
    }
    const long long ready = now_ns();
    gate_wait(&done, begun);
    atomic_flag_clear_explicit(&busy, memory_order_release);
    const long long waited = now_ns() - ready;
    return !any_asleep && waited > LATE_NS + 2 * own ? waited : 0;
}

void fb_parallel(fb_task f, void *ctx, int n_parts, int n_threads) { run_region(f, ctx, n_parts, n_threads); }

void fb_parallel_brief(fb_task f, void *ctx, int n_parts, int n_threads) {
    static atomic_llong alone_until;
    const int alone = n_threads > 1 && now_ns() < atomic_load_explicit(&alone_until, memory_order_relaxed);
    const long long lost = run_region(f, ctx, n_parts, alone ? 1 : n_threads);
    const long long counted = lost < MOST_LOST_NS ? lost : MOST_LOST_NS;
    if (lost) atomic_store_explicit(&alone_until, now_ns() + TIMES_ALONE * counted, memory_order_relaxed);
}

void fb_relax(unsigned turn) {
    RELAX();
    if (turn % SPINS_PER_CLOCK == SPINS_PER_CLOCK - 1) sched_yield(); /* it may be on this very core */
}

#endif
