/* Which core a worker of the pool runs on. If the other cores are busy for a moment, Linux wakes a thread on the core
   of the thread that woke it, and leaves both there for milliseconds: they take turns instead of running side by side.
 */
#ifndef FB_CORE_H
#define FB_CORE_H
#if defined(__linux__)
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CORE_HERE() sched_getcpu()

/* A mask that is set belongs to the thread. If the process may later use more cores, the workers' masks must be set,
 * too. */
typedef struct {
    atomic_int thread, last; /* its number, 0 before it begins; the core of its last part */
    int is_away;
    cpu_set_t allowed; /* while it is kept away from a core: all cores that it may run on */
} core;

static void core_init(core *c) {
    atomic_init(&c->thread, 0);
    atomic_init(&c->last, -1);
    c->is_away = 0;
}

/* Called by the worker when it begins. */
static void core_begin(core *c) { atomic_store(&c->thread, (int)syscall(SYS_gettid)); }

/* Called by the caller on core `here`, before a region. A worker that sleeps, or was on this core, moves to another
   core if it may. */
static void core_send_away(core *c, int here, int is_asleep) {
    const int thread = atomic_load(&c->thread);
    if (!thread || here < 0 || (!is_asleep && atomic_load_explicit(&c->last, memory_order_relaxed) != here)) return;
    if (sched_getaffinity(thread, sizeof c->allowed, &c->allowed)) return;
    cpu_set_t others = c->allowed;
    CPU_CLR((size_t)here, &others);
    c->is_away = CPU_COUNT(&others) && !sched_setaffinity(thread, sizeof others, &others);
}

/* Called before the worker's parts by the thread that does them: the worker may run anywhere again. The pool changes a
   mask during the first moments of a region only, so it does not undo what others set between regions. */
static void core_let_back(core *c) {
    if (c->is_away) sched_setaffinity(atomic_load(&c->thread), sizeof c->allowed, &c->allowed);
    c->is_away = 0;
}

/* Called by the worker before its parts. */
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
