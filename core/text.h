/*
** text.h - strings: building them, splitting lists, showing a user's text in a message
**
** Text is UTF-8, NUL-terminated where it is a name or a message, (pointer, length) where it is a
** body or a file. Hosts refuse a NUL byte inside an argument before core sees it.
*/
#ifndef LIM_TEXT_H
#define LIM_TEXT_H

#include "arena.h"

/* A growing string. Start with {.cx = cx}; after a failed allocation every later addition is
** ignored and lim_text_end() returns NULL. */
typedef struct lim_text {
    lim_context *cx;
    char *data;
    size_t length;
    size_t capacity;
    bool failed;
} lim_text;

/* Makes room for more bytes at once, for a text whose size is known. */
void lim_text_reserve(lim_text *t, size_t more);

void lim_text_add(lim_text *t, const char *bytes, size_t length);
void lim_text_adds(lim_text *t, const char *string);
void lim_text_addc(lim_text *t, char c);
void lim_text_addf(lim_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The NUL-terminated text ("" when nothing was added), owned by the context; NULL: LIM_NOMEM. */
char *lim_text_end(lim_text *t);

/* A list of names in declared order. Items live in the context. */
typedef struct lim_list {
    const char **items;
    uint32_t count;
    uint32_t capacity;
} lim_list;

bool lim_list_add(lim_context *cx, lim_list *list, const char *item);

/* True when the list holds the item, byte for byte. */
bool lim_list_has(const lim_list *list, const char *item);

/* Splits a list argument at commas and white space; empty members vanish (`a,,b` is `a, b`), so a
** NULL or blank text gives an empty list. False: LIM_NOMEM. */
bool lim_list_split(lim_context *cx, const char *text, lim_list *list);

/* The members joined by a comma and a space, as every list column and message shows them; NULL for
** an empty list (a NULL column), and NULL with LIM_NOMEM when memory is out. */
char *lim_list_join(lim_context *cx, const lim_list *list);

/* strcmp for qsort over const char *: byte order. */
int lim_compare_names(const void *a, const void *b);

/* True when length bytes are valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF);
** otherwise *bad is the offset of the first wrong byte (bad may be NULL). */
bool lim_utf8_valid(const char *text, size_t length, size_t *bad);

/* Number of characters in valid UTF-8. */
size_t lim_utf8_length(const char *text, size_t length);

/* User text as a message shows it: at most 80 of its characters (then "..."), control characters
** (those that reorder text too) and invalid bytes escaped as \n, \t, \r, \xNN. No quotes are added. NULL is shown as "NULL". Never
** returns NULL: without memory it returns "?" and cx holds LIM_NOMEM. */
const char *lim_show(lim_context *cx, const char *text);
const char *lim_show_bytes(lim_context *cx, const char *text, size_t length);

/* Names as SQL writes a text, between quotes and whole: for calls that a hint says to type. Never NULL,
** likewise. */
const char *lim_literal(lim_context *cx, const char *names);

/* Line and column (both from 1; columns count characters, not bytes) of a byte offset. */
typedef struct lim_position {
    uint32_t line;
    uint32_t column;
} lim_position;
lim_position lim_position_at(const char *text, size_t length, size_t offset);

/* The end of the line that holds offset at: its LF, or the text's end. */
size_t lim_line_end(const char *text, size_t length, size_t at);

/* The line holding offset and, below it, a caret under the place, as compilers show it:
**     "  CREATE TABEL users (\n         ^"
** A long line is cut around the place, a tab is shown as one space. Owned by cx; NULL: LIM_NOMEM. */
char *lim_caret(lim_context *cx, const char *text, size_t length, size_t offset);

#endif
