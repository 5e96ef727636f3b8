/*
** arena.h - the memory and the error of one call
**
** Every function of core that can allocate or fail takes a lim_context first. The context owns
** all memory that core hands out: nothing is freed on its own, everything goes at once with
** lim_context_end(). The host lends the allocator (sqlite3_malloc64, MemoryContextAllocExtended),
** so core's memory is counted and limited where the database counts and limits its own.
**
** A function that fails returns false (or NULL) and leaves the reason in context->error. The
** first error stays: later failures do not overwrite it, except that LIM_NOMEM replaces any other.
** Core never exits, never longjmps and never prints.
**
**     lim_context cx;
**     lim_context_begin(&cx, &allocator);
**     if (!lim_plan_upgrade(&cx, graph, state, "head", &plan))
**         report(cx.error.message, cx.error.hint);
**     lim_context_end(&cx);
*/
#ifndef LIM_ARENA_H
#define LIM_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What kind of failure an error is. PostgreSQL's host maps each to a SQLSTATE, SQLite's to a
** result code; the comment gives the SQLSTATE. */
typedef enum lim_error_code {
    LIM_OK = 0,
    LIM_NOMEM,         /* 53200 the allocator returned NULL */
    LIM_INVALID,       /* 22023 an argument is malformed: target, label, id, list, encoding */
    LIM_SYNTAX,        /* 42601 a migration file or a body is malformed */
    LIM_UNDEFINED,     /* 42704 no such revision, label or branch */
    LIM_AMBIGUOUS,     /* 42P09 several revisions answer to the name or the step */
    LIM_DUPLICATE,     /* 42710 the id or label is taken by something else */
    LIM_STATE,         /* 55000 right words, but not in the present state (applied, not a head) */
    LIM_CORRUPT,       /* XX001 the ledger's rows are not a sound history */
    LIM_NOT_SUPPORTED, /* 0A000 a thing Limbeck or this engine does not do */
    LIM_TOO_BIG        /* 54000 beyond a limit */
} lim_error_code;

/* One failure. The texts live in the context's memory (or are constants). */
typedef struct lim_error {
    lim_error_code code;
    const char *message; /* lower case, no full stop, names the thing and the place */
    const char *detail;  /* full sentences, or NULL */
    const char *hint;    /* full sentences that say what to do next, or NULL */
} lim_error;

/* Memory lent by the host. */
typedef struct lim_allocator {
    void *(*allocate)(void *host, size_t size); /* NULL when there is none */
    void (*release)(void *host, void *block);
    void *host; /* passed through to both */
} lim_allocator;

typedef struct lim_chunk lim_chunk;

typedef struct lim_context {
    lim_allocator allocator;
    lim_chunk *chunks; /* all blocks taken from the host, the newest small-object chunk first */
    char *next;        /* free space in the newest small-object chunk */
    size_t available;  /* bytes left there */
    lim_error error;
} lim_context;

/* Starts an empty context over *allocator (copied). Allocates nothing, cannot fail. */
void lim_context_begin(lim_context *cx, const lim_allocator *allocator);

/* Gives back all memory of the context. Harmless on an ended or zeroed context. */
void lim_context_end(lim_context *cx);

/* size zeroed bytes, aligned for any type, owned by cx. NULL: LIM_NOMEM is in cx->error. */
void *lim_alloc(lim_context *cx, size_t size);

/* The same, but with whatever bytes the host's memory held: for text that is written at once. */
void *lim_alloc_raw(lim_context *cx, size_t size);

/* A block of new_size bytes that begins with the first used bytes of block (NULL: none). block must
** be what lim_alloc_raw() or this function gave for old_size bytes and is gone afterwards. NULL:
** LIM_NOMEM, and block is as before. */
void *lim_resize_raw(lim_context *cx, void *block, size_t used, size_t old_size, size_t new_size);

/* count * size zeroed bytes; an overflow of the product counts as out of memory. */
void *lim_alloc_array(lim_context *cx, size_t count, size_t size);
#define LIM_NEW(cx, type, count) ((type *)lim_alloc_array((cx), (count), sizeof(type)))

/* Grows an array from *capacity to at least needed entries of the given size, at least doubling. items
** is the address of the pointer to the array, whatever its type. The old block stays with the context
** until its end. False: LIM_NOMEM. */
bool lim_grow(lim_context *cx, void *items, uint32_t *capacity, uint32_t needed, size_t size);

/* A NUL-terminated copy of length bytes (lim_copy) or of a C string (lim_copy_string; NULL gives
** NULL without an error). */
char *lim_copy(lim_context *cx, const char *text, size_t length);
char *lim_copy_string(lim_context *cx, const char *text);

/* printf into the context's memory. NULL: LIM_NOMEM. */
char *lim_format(lim_context *cx, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *lim_vformat(lim_context *cx, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Records a failure and returns false, so that callers write `return lim_fail(...)`. hint is a
** constant or lives in cx; NULL for none. The first failure recorded stays. User text in the
** message goes through lim_show() (text.h). */
bool lim_fail(lim_context *cx, lim_error_code code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Records LIM_NOMEM, over any other failure, and returns false: for memory that core did not ask for
** itself. */
bool lim_out_of_memory(lim_context *cx);

/* Adds the DETAIL to the failure just recorded; returns false. */
bool lim_fail_detail(lim_context *cx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
