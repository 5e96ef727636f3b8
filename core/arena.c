/*
** arena.c - the memory and the error of one call
**
** Small objects are cut from chunks that double from 16 KiB to 1 MiB, from their start; strings, which need no
** alignment, from their end. Anything larger is a block of its own. The newest chunk, if there is one, is always the head of the list, so that its header
** tells how large the next one is to be; blocks are linked in behind it.
*/
#include "arena.h"

#include <stdio.h>
#include <string.h>

enum {
    ALIGNMENT = 16,
    FIRST_CHUNK = 16 * 1024,
    LAST_CHUNK = 1024 * 1024,
/* The address sanitizer sees every object's end when each has a block of its own. */
#if defined(__SANITIZE_ADDRESS__)
    LARGE = 0,
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    LARGE = 0,
#else
    LARGE = 4 * 1024,
#endif
#else
    LARGE = 4 * 1024,
#endif
};

struct lim_chunk {
    lim_chunk *older;
    lim_chunk *newer;
    size_t size; /* of the space behind the header; 0 for a block of its own */
};

#define HEADER ((sizeof(lim_chunk) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

_Static_assert(_Alignof(max_align_t) <= ALIGNMENT, "objects of any type fit the alignment");

static const lim_error OUT_OF_MEMORY = {LIM_NOMEM, "out of memory", NULL, NULL};

/* Over any other error: a caller who then frees memory and asks again must not be told a half-made
** reason. */
bool lim_out_of_memory(lim_context *cx) {
    cx->error = OUT_OF_MEMORY;
    return false;
}

static void *out_of_memory(lim_context *cx) {
    lim_out_of_memory(cx);
    return NULL;
}

void lim_context_begin(lim_context *cx, const lim_allocator *allocator) {
    memset(cx, 0, sizeof *cx);
    cx->allocator = *allocator;
}

void lim_context_end(lim_context *cx) {
    lim_chunk *chunk = cx->chunks;
    while (chunk != NULL) {
        lim_chunk *older = chunk->older;
        cx->allocator.release(cx->allocator.host, chunk);
        chunk = older;
    }
    cx->chunks = NULL;
    cx->next = NULL;
    cx->available = 0;
    cx->error = (lim_error){LIM_OK, NULL, NULL, NULL};
}

/* Takes a chunk from the host and links it in: a chunk for small objects becomes the head, a block
** of its own stands behind the head. */
static lim_chunk *take(lim_context *cx, size_t size, bool own) {
    if (size > SIZE_MAX - HEADER)
        return out_of_memory(cx);
    lim_chunk *chunk = cx->allocator.allocate(cx->allocator.host, HEADER + size);
    if (chunk == NULL)
        return out_of_memory(cx);
    lim_chunk *head = cx->chunks;
    chunk->size = own ? 0 : size;
    if (own && head != NULL && head->size != 0) {
        chunk->newer = head;
        chunk->older = head->older;
        if (head->older != NULL)
            head->older->newer = chunk;
        head->older = chunk;
    } else {
        chunk->newer = NULL;
        chunk->older = head;
        if (head != NULL)
            head->newer = chunk;
        cx->chunks = chunk;
    }
    return chunk;
}

/* Makes sure that the newest chunk has so much space left. */
static bool small_space(lim_context *cx, size_t size) {
    if (size <= cx->available)
        return true;
    size_t last = cx->chunks == NULL ? 0 : cx->chunks->size;
    size_t chunk_size = last == 0 ? FIRST_CHUNK : last * 2;
    if (chunk_size > LAST_CHUNK)
        chunk_size = LAST_CHUNK;
    lim_chunk *chunk = take(cx, chunk_size, false);
    if (chunk == NULL)
        return false;
    cx->next = (char *)chunk + HEADER;
    cx->available = chunk_size;
    return true;
}

void *lim_alloc_raw(lim_context *cx, size_t size) {
    if (size > LARGE) {
        lim_chunk *block = take(cx, size, true);
        return block == NULL ? NULL : (char *)block + HEADER;
    }
    size_t rounded = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!small_space(cx, rounded))
        return NULL;
    void *object = cx->next;
    cx->next += rounded;
    cx->available -= rounded;
    return object;
}

/* The same for bytes. */
static char *alloc_string(lim_context *cx, size_t size) {
    if (size > LARGE)
        return lim_alloc_raw(cx, size);
    if (!small_space(cx, size))
        return NULL;
    cx->available -= size;
    return cx->next + cx->available;
}

void *lim_alloc(lim_context *cx, size_t size) {
    void *object = lim_alloc_raw(cx, size);
    if (object != NULL)
        memset(object, 0, size);
    return object;
}

void *lim_alloc_array(lim_context *cx, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size)
        return out_of_memory(cx);
    return lim_alloc(cx, count * size);
}

void *lim_resize_raw(lim_context *cx, void *block, size_t used, size_t old_size, size_t new_size) {
    char *bigger = lim_alloc_raw(cx, new_size);
    if (bigger == NULL || block == NULL)
        return bigger;
    memcpy(bigger, block, used);
    if (old_size > LARGE) {
        lim_chunk *old = (lim_chunk *)(void *)((char *)block - HEADER);
        if (old->newer != NULL)
            old->newer->older = old->older;
        else
            cx->chunks = old->older;
        if (old->older != NULL)
            old->older->newer = old->newer;
        cx->allocator.release(cx->allocator.host, old);
    }
    return bigger;
}

/* The array's pointer is copied byte by byte: through a void ** a compiler need not see that it changed. */
bool lim_grow(lim_context *cx, void *items, uint32_t *capacity, uint32_t needed, size_t size) {
    if (needed <= *capacity)
        return true;
    uint32_t grown = *capacity > UINT32_MAX / 2 ? UINT32_MAX : *capacity * 2;
    if (grown < 8)
        grown = 8;
    if (grown < needed)
        grown = needed;
    void *bigger = lim_alloc_array(cx, grown, size);
    if (bigger == NULL)
        return false;
    void *smaller;
    memcpy(&smaller, items, sizeof smaller);
    if (*capacity != 0)
        memcpy(bigger, smaller, *capacity * size);
    memcpy(items, &bigger, sizeof bigger);
    *capacity = grown;
    return true;
}

char *lim_copy(lim_context *cx, const char *text, size_t length) {
    if (length == SIZE_MAX)
        return out_of_memory(cx);
    char *copy = alloc_string(cx, length + 1);
    if (copy == NULL)
        return NULL;
    if (length != 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *lim_copy_string(lim_context *cx, const char *text) {
    return text == NULL ? NULL : lim_copy(cx, text, strlen(text));
}

char *lim_vformat(lim_context *cx, const char *format, va_list args) {
    char small[256];
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(small, sizeof small, format, args);
    char *text = NULL;
    if (length < 0)
        out_of_memory(cx);
    else if ((size_t)length < sizeof small)
        text = lim_copy(cx, small, (size_t)length);
    else if ((text = lim_alloc_raw(cx, (size_t)length + 1)) != NULL)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *lim_format(lim_context *cx, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = lim_vformat(cx, format, args);
    va_end(args);
    return text;
}

bool lim_fail(lim_context *cx, lim_error_code code, const char *hint, const char *format, ...) {
    if (code == LIM_NOMEM)
        out_of_memory(cx);
    if (cx->error.code != LIM_OK)
        return false;
    va_list args;
    va_start(args, format);
    char *message = lim_vformat(cx, format, args);
    va_end(args);
    if (message != NULL)
        cx->error = (lim_error){code, message, NULL, hint};
    return false;
}

bool lim_fail_detail(lim_context *cx, const char *format, ...) {
    if (cx->error.code == LIM_OK || cx->error.code == LIM_NOMEM || cx->error.detail != NULL)
        return false;
    va_list args;
    va_start(args, format);
    char *detail = lim_vformat(cx, format, args);
    va_end(args);
    if (detail != NULL)
        cx->error.detail = detail;
    return false;
}
