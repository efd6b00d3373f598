/* Which core a worker of the pool runs on. Linux wakes a thread on the core of the one that woke it where others were
   busy for a moment, and leaves the two there for milliseconds: they take turns instead of running side by side. */
#ifndef FB_CORE_H
#define FB_CORE_H
#if defined(__linux__)
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CORE_HERE() sched_getcpu()

/* Setting a mask makes it the thread's own: one that is let on more cores later has to be set for the workers too. */
typedef struct {
    atomic_int thread, last; /* its number, 0 until it has begun; the core of its last part */
    int is_away;
    cpu_set_t allowed; /* while it is away from a core: all that it may run on */
} core;

static void core_init(core *c) {
    atomic_init(&c->thread, 0);
    atomic_init(&c->last, -1);
    c->is_away = 0;
}

/* The worker, when it begins. */
static void core_begin(core *c) { atomic_store(&c->thread, (int)syscall(SYS_gettid)); }

/* The caller on core `here`, before a region: a worker that sleeps, or was here too, goes elsewhere if it may. */
static void core_send_away(core *c, int here, int is_asleep) {
    const int thread = atomic_load(&c->thread);
    if (!thread || here < 0 || (!is_asleep && atomic_load_explicit(&c->last, memory_order_relaxed) != here)) return;
    if (sched_getaffinity(thread, sizeof c->allowed, &c->allowed)) return;
    cpu_set_t others = c->allowed;
    CPU_CLR((size_t)here, &others);
    c->is_away = CPU_COUNT(&others) && !sched_setaffinity(thread, sizeof others, &others);
}

/* Who does the worker's parts, before them: it may run anywhere again. Masks are ours during a region's first moments
   only, so that what others set between regions stands. */
static void core_let_back(core *c) {
    if (c->is_away) sched_setaffinity(atomic_load(&c->thread), sizeof c->allowed, &c->allowed);
    c->is_away = 0;
}

/* The worker, before its parts. */
static void core_arrive(core *c) {
    core_let_back(c);
    atomic_store_explicit(&c->last, CORE_HERE(), memory_order_relaxed);
}
#else
typedef struct {
    int none;
} core;
#define core_init(c) ((void)(c))
#define core_begin(c) ((void)(c))
#define core_send_away(c, here, is_asleep) ((void)(c), (void)(here))
#define CORE_HERE() (-1)
#define core_let_back(c) ((void)(c))
#define core_arrive(c) ((void)(c))
#endif
#endif
