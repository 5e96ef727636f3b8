/*
** format_read.h - what the readers of other tools' files share; private to format*.c and import.c
*/
#ifndef LIM_FORMAT_READ_H
#define LIM_FORMAT_READ_H

#include "format.h"
#include "body.h"
#include "script.h"

/* Some text of a file, canonical. */
typedef struct lim_source {
    const char *name; /* for messages: the relative path */
    const char *text;
    size_t length;
} lim_source;

/* What one file gives: a way up, a way down, or both. */
typedef struct lim_piece {
    const char *file;
    const char *id;
    const char *message;     /* or NULL */
    const char *key;         /* lim_version_key() of the id */
    lim_section sections[2]; /* by direction */
} lim_piece;

typedef struct lim_reading {
    lim_context *cx;
    lim_dialect dialect;
    lim_tool format;
    const lim_file *files;
    uint32_t count;
    lim_piece *pieces;
    uint32_t piece_count, piece_capacity;
    lim_file *out;
    uint32_t out_count, out_capacity;
} lim_reading;

/* Fails with the file's name and, where at is an offset in its text, the line. Both false. */
bool lim_source_fail(lim_context *cx, const lim_source *s, lim_error_code code, const char *hint,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));
bool lim_source_fail_at(lim_context *cx, const lim_source *s, size_t at, lim_error_code code,
                        const char *hint, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The canonical text of a file; refuses UTF-16, NUL and bytes that are not UTF-8. */
bool lim_source_open(lim_context *cx, const lim_file *file, lim_source *source);

/* Walks a text as the engine reads it, and refuses what only looks as if it could run: psql's
** backslash commands, markers of goose and sql-migrate. */
bool lim_source_check_sql(lim_reading *r, const lim_source *source);

/* The tool whose marker (`-- +goose Up`) the line at offset at is, and where the words behind it
** begin; LIM_FORMAT_DETECT: none. */
lim_tool lim_marker_at(const char *text, size_t length, size_t at, size_t *words);

/* True when only blanks stand between the line's start and offset at; *start is that start. */
bool lim_line_starts(const char *text, size_t at, size_t *start);

/* A section of these bytes. */
lim_section lim_section_of(const char *text, size_t length, bool transactional);

/* Adds a piece; its key is found here. */
bool lim_piece_add(lim_reading *r, const lim_piece *piece);

/* Puts the pieces of each version together and writes them. */
bool lim_pieces_join(lim_reading *r);

/* Writes a migration as a file of Limbeck's. */
bool lim_reading_emit(lim_reading *r, const char *file, const lim_script *script);

/* The readers that have a file of their own. */
bool lim_read_marked(lim_reading *r, const lim_source *source, lim_piece *piece);
bool lim_read_sqitch(lim_reading *r);

#endif
