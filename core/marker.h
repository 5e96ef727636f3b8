/*
** marker.h - the lines of a migration file that count as markers
**
** For script.c. A scan goes from marker to marker through a file, or through one body, and tells
** strings, names and comments from text, so that a marker inside of them is passed over (script.h says
** by what rules).
*/
#ifndef LIM_MARKER_H
#define LIM_MARKER_H

#include "script.h"

/* How a search for a marker came to its end. */
typedef enum lim_marker_found {
    LIM_FOUND_MARKER,       /* at scan.at */
    LIM_FOUND_END,          /* no marker is left */
    LIM_FOUND_UNTERMINATED, /* scan.token has no end */
    LIM_FOUND_SWALLOWING    /* scan.token runs over the marker at scan.hidden, and should not */
} lim_marker_found;

typedef struct lim_marker_scan {
    const char *text;
    size_t length;
    lim_variant variant; /* whose rules the section is read by */
    size_t at;           /* where to go on */
    bool skims;          /* first is not asked for */
    size_t plain_until;  /* skimmed up to here: lex until beyond it */
    lim_token token;     /* the last one read */
    lim_token first;     /* the first significant one; END: none */
    size_t brackets;     /* PostgreSQL's [ that are open */
    size_t simple_until; /* comments that begin before here do not nest */
    size_t newline;      /* the next one, once looked for; likewise: */
    size_t bracket;      /* ] */
    size_t backtick;
    size_t hidden;        /* the last marker found inside a token */
    lim_token dollar;     /* the first dollar quote that hides a marker of going down, or END */
    size_t dollar_hidden; /* that marker */
} lim_marker_scan;

/* A scan of a text (canonical) from offset at, the start of a line. */
lim_marker_scan lim_marker_scan_begin(const char *text, size_t length, lim_variant variant,
                                      size_t at);

/* Goes on to the next marker that counts. At one already, it stays. */
lim_marker_found lim_marker_next(lim_marker_scan *s);

/* Offset of the directive's name in the marker line that starts at offset at; 0: it is none. */
size_t lim_marker_name(const char *text, size_t length, size_t at);

#endif
