/* The pool alone, without Python: built by tests/test_pool.py, and by .ci/run under thread and address sanitizers. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool.h"

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
        usleep(200); /* longer than a waiter spins */
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
static void note_allowed(void *ctx, int part, int n_parts) {
    cpu_set_t *allowed = ctx;
    (void)n_parts;
    usleep(5000); /* time for the workers to begin */
    CHECK(!sched_getaffinity(0, sizeof *allowed, allowed + part));
}

/* A sleeper is woken away from its caller's core, but may come back: it may run where it could before. */
static void test_cores(void) {
    for (int round = 0; round < 10; round++) {
        cpu_set_t allowed[3];
        usleep(5000);
        fb_parallel(note_allowed, allowed, 3, 3);
        for (int p = 1; p < 3; p++) CHECK(CPU_EQUAL(&allowed[p], &allowed[0]));
    }
}
#else
static void test_cores(void) {}
#endif

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
    test_two_callers(rounds);
    if (with_fork) test_fork();
    puts("pool: all tests passed");
    return 0;
}
