/* The pool alone, without Python: built by tests/test_pool.py, and by .ci/run under thread and address sanitizers. */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/pool.h"

enum { MAX_PARTS = 200 };

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

typedef struct {
    int hits[MAX_PARTS]; /* plain ints: a part run twice, or a missing barrier, is a data race */
    pthread_t thread[MAX_PARTS];
} record;

static void note(void *ctx, int part, int n_parts) {
    record *r = ctx;
    CHECK(part >= 0 && part < n_parts);
    r->hits[part]++;
    r->thread[part] = pthread_self();
}

static void check_all_once(record *r, int n_parts) {
    for (int p = 0; p < MAX_PARTS; p++) CHECK(r->hits[p] == (p < n_parts));
}

static void test_every_part_runs_once(int rounds) {
    for (int round = 0; round < rounds; round++) {
        int n_parts = round % 23, n_threads = (round / 23) % 9 - 1;
        record r = {{0}, {0}};
        fb_parallel(note, &r, n_parts, n_threads);
        check_all_once(&r, n_parts);
    }
}

static void note_slowly(void *ctx, int part, int n_parts) {
    note(ctx, part, n_parts);
    usleep(20000); /* so that others have begun before the caller could do their parts */
}

static void test_static_assignment(void) {
    record r = {{0}, {0}};
    fb_parallel(note_slowly, &r, 12, 3);
    CHECK(pthread_equal(r.thread[0], pthread_self()));
    for (int p = 3; p < 12; p++) CHECK(pthread_equal(r.thread[p], r.thread[p % 3]));
    CHECK(!pthread_equal(r.thread[0], r.thread[1]) && !pthread_equal(r.thread[1], r.thread[2]));
}

static void test_more_threads_than_the_pool_may_have(void) {
    record r = {{0}, {0}};
    fb_parallel(note, &r, MAX_PARTS, 1000);
    check_all_once(&r, MAX_PARTS);
}

static void test_limit(void) {
    fastbpts_set_max_threads(1);
    record r = {{0}, {0}};
    fb_parallel(note, &r, 8, 4);
    check_all_once(&r, 8);
    for (int p = 0; p < 8; p++) CHECK(pthread_equal(r.thread[p], pthread_self()));
    fastbpts_set_max_threads(-5);
    CHECK(fastbpts_get_max_threads() == 1);
    fastbpts_set_max_threads(1 << 30);
    CHECK(fastbpts_get_max_threads() == FB_MAX_THREADS);
}

static void nest(void *ctx, int part, int n_parts) {
    record inner = {{0}, {0}};
    fb_parallel(note, &inner, 7, 4);
    check_all_once(&inner, 7);
    note(ctx, part, n_parts);
}

static void test_nested(void) {
    for (int round = 0; round < 200; round++) {
        record r = {{0}, {0}};
        fb_parallel(nest, &r, 5, 3);
        check_all_once(&r, 5);
    }
}

static void test_sleepers_wake(void) {
    for (int round = 0; round < 50; round++) {
        usleep(2000); /* longer than a waiter spins */
        test_every_part_runs_once(3);
    }
}

static void *caller(void *rounds) {
    test_every_part_runs_once(*(int *)rounds);
    return 0;
}

static void test_two_callers(int rounds) {
    pthread_t other[3];
    for (int i = 0; i < 3; i++) CHECK(!pthread_create(&other[i], 0, caller, &rounds));
    test_every_part_runs_once(rounds);
    for (int i = 0; i < 3; i++) pthread_join(other[i], 0);
}

#if defined(__linux__)
static void nothing(void *ctx, int part, int n_parts) { (void)ctx, (void)part, (void)n_parts; }

static void check_threads_may_run_on(const cpu_set_t *cores) {
    DIR *threads = opendir("/proc/self/task");
    CHECK(threads);
    for (const struct dirent *t; (t = readdir(threads));) {
        cpu_set_t allowed;
        if (t->d_name[0] == '.') continue;
        CHECK(!sched_getaffinity(atoi(t->d_name), sizeof allowed, &allowed));
        CHECK(CPU_EQUAL(&allowed, cores));
    }
    closedir(threads);
}

/* A sleeper is woken away from its caller's core; once it has begun, or the caller has done its parts, it may run where
   it could before. */
static void test_cores(void) {
    cpu_set_t cores;
    CHECK(!sched_getaffinity(0, sizeof cores, &cores));
    for (int round = 0; round < 200; round++) {
        record r = {{0}, {0}};
        usleep(300);
        if (round % 20) fb_parallel(nothing, 0, 3, 3); /* over before anybody is awake */
        else fb_parallel(note_slowly, &r, 3, 3);
        check_threads_may_run_on(&cores);
    }
}
#else
static void test_cores(void) {}
#endif

static void end_late(void *ctx, int part, int n_parts) {
    usleep(part ? *(useconds_t *)ctx : 5000);
    (void)n_parts;
}

/* Brief regions go on alone after a meeting that came late, but not for longer because the process was stopped. */
static void test_alone_for_a_while(void) {
    useconds_t late = 400000;
    record r = {{0}, {0}};
    fb_parallel(end_late, &(useconds_t){5000}, 2, 2); /* now the worker is awake */
    fb_parallel_brief(end_late, &late, 2, 2);
    usleep(200000);
    fb_parallel_brief(note_slowly, &r, 2, 2);
    CHECK(!pthread_equal(r.thread[0], r.thread[1]));
}

static void test_fork(void) {
    for (int round = 0; round < 5; round++) {
        test_static_assignment();
        pid_t child = fork();
        CHECK(child >= 0);
        if (!child) {
            alarm(20); /* a child that waits for threads it does not have dies here */
            test_static_assignment();
            test_every_part_runs_once(500);
            _exit(0);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

int main(int argc, char **argv) {
    int with_fork = !(argc > 1 && !strcmp(argv[1], "nofork")); /* threads after a fork are more than TSan can do */
    int rounds = 4000;
    test_every_part_runs_once(rounds);
    test_static_assignment();
    test_more_threads_than_the_pool_may_have();
    test_limit();
    test_nested();
    test_sleepers_wake();
    test_cores();
    test_alone_for_a_while();
    test_two_callers(rounds);
    if (with_fork) test_fork();
    puts("pool: all tests passed");
    return 0;
}
