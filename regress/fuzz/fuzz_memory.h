/*
** fuzz_memory.h - for the fuzz targets of core: memory that may run out, and checks that stop
*/
#ifndef LIM_FUZZ_MEMORY_H
#define LIM_FUZZ_MEMORY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"

#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

/* Allocations left before memory is out. */
typedef struct fuzz_memory {
    size_t left;
} fuzz_memory;

static inline void *fuzz_allocate(void *host, size_t size) {
    fuzz_memory *m = host;
    if (m->left == 0)
        return NULL;
    m->left--;
    return malloc(size);
}

static inline void fuzz_release(void *host, void *block) {
    (void)host;
    free(block);
}

static inline void fuzz_begin(lim_context *cx, fuzz_memory *m, size_t left) {
    m->left = left;
    lim_allocator lent = {fuzz_allocate, fuzz_release, m};
    lim_context_begin(cx, &lent);
}

#endif
