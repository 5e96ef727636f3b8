/*
** memory.h - for the unit tests of core: memory that is counted and can run out on purpose, and a
** small random source
*/
#ifndef LIM_TEST_MEMORY_H
#define LIM_TEST_MEMORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/arena.h"

typedef struct test_memory {
    size_t live;    /* blocks not yet given back */
    size_t asked;   /* allocations so far */
    size_t bytes;   /* and what they came to */
    size_t fail_at; /* the allocation that fails, from 1; 0: none */
    bool fail_on;   /* and all after it */
    bool failed;    /* one did */
} test_memory;

static inline void *test_allocate(void *host, size_t size) {
    test_memory *m = host;
    m->asked++;
    m->bytes += size;
    if (m->fail_at != 0 && (m->asked == m->fail_at || (m->fail_on && m->asked > m->fail_at))) {
        m->failed = true;
        return NULL;
    }
    void *block = malloc(size);
    if (block != NULL) {
        memset(block, 0xA5, size); /* nobody may count on zeroes */
        m->live++;
    }
    return block;
}

static inline void test_release(void *host, void *block) {
    test_memory *m = host;
    assert_non_null(block);
    assert_true(m->live > 0);
    m->live--;
    free(block);
}

static inline void test_begin(lim_context *cx, test_memory *m) {
    *m = (test_memory){0};
    lim_allocator lent = {test_allocate, test_release, m};
    lim_context_begin(cx, &lent);
}

static inline void test_end(lim_context *cx, test_memory *m) {
    lim_context_end(cx);
    assert_int_equal(m->live, 0);
}

/* Runs a scenario once with enough memory, then with every single allocation failing, alone and with
** all that follow: each time the context must say LIM_NOMEM, and everything must be given back. */
static inline void test_out_of_memory(bool (*scenario)(lim_context *cx)) {
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    assert_true(scenario(&cx));
    assert_int_equal(cx.error.code, LIM_OK);
    size_t count = m.asked;
    test_end(&cx, &m);
    assert_true(count > 0);
    for (size_t n = 1; n <= count; n++) {
        for (int on = 0; on <= 1; on++) {
            test_begin(&cx, &m);
            m.fail_at = n;
            m.fail_on = on;
            scenario(&cx);
            assert_true(m.failed);
            assert_int_equal(cx.error.code, LIM_NOMEM);
            assert_string_equal(cx.error.message, "out of memory");
            assert_null(cx.error.detail);
            assert_null(cx.error.hint);
            test_end(&cx, &m);
        }
    }
}

/* A quadratic step over a text of this size takes minutes, a linear one milliseconds; the limit has
** room for sanitizers and valgrind. */
enum { TEST_HOSTILE_SIZE = 2000000, TEST_HOSTILE_SECONDS = 20 };

static inline void test_took_linear_time(clock_t began, const char *what) {
    if (clock() - began > TEST_HOSTILE_SECONDS * (clock_t)CLOCKS_PER_SEC)
        fail_msg("too slow: %s", what);
}

/* The same numbers on every run. */
static inline uint32_t test_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static inline uint32_t test_below(uint64_t *state, uint32_t limit) {
    return test_random(state) % limit;
}

#endif
