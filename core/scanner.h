/*
** scanner.h - one token of look-ahead over SQL text, for the descents of create_table.c and alter.c
**
** Reads SQLite's dialect and sees significant tokens only. A reading function that fails has left
** `near "x": syntax error` or `incomplete input` in the context; the place is scanner.token.start.
*/
#ifndef LIM_SCANNER_H
#define LIM_SCANNER_H

#include "lex.h"

/* Bytes [start, end) of the text; empty when both are equal. */
typedef struct lim_span {
    size_t start;
    size_t end;
} lim_span;

typedef struct lim_scanner {
    lim_context *cx;
    const char *text;
    size_t length;
    lim_token token; /* the one to read next */
    size_t end;      /* where the one read last ended */
} lim_scanner;

/* A scanner at byte offset at of text. */
lim_scanner lim_scanner_at(lim_context *cx, const char *text, size_t length, size_t at);

void lim_scan_next(lim_scanner *s);

/* The token after the one to be read next. */
lim_token lim_scan_peek(const lim_scanner *s);

/* True when the next token is the plain word (in lower case). lim_scan_take also reads it. */
bool lim_scan_at(const lim_scanner *s, const char *word);
bool lim_scan_take(lim_scanner *s, const char *word);

/* True for a token that can be a name: a word, a quoted name, a string. */
bool lim_is_name(lim_token token);

/* Reads a name; span may be NULL. */
bool lim_scan_name(lim_scanner *s, char **name, lim_span *span);

/* Reads a parenthesis and all it holds; *inside is what stands between. */
bool lim_scan_group(lim_scanner *s, lim_span *inside);

/* Fails over the next token. */
bool lim_scan_unexpected(lim_scanner *s);

#endif
