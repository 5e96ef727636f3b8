/*
** format.h - directories of other migration tools, read as migration files of Limbeck's
**
** A reader takes a directory's files as that tool names and marks them, and gives back one
** migration file of Limbeck's for each migration: the text that lim_script_print() writes, with id,
** message, sections and transaction:false in its header and markers. That text is what the ledger
** keeps, so that checksum, export and verification know one form only.
**
**     lim_tool format;                                  (the host, in this order)
**     lim_format_named(cx, "goose", &format)
**     lim_format_enters(), lim_format_wants()             while it walks the directory
**     lim_format_read(cx, dialect, format, files, n, ...)
**     lim_author_load(cx, ..., the files that came back, directory true)
**
** Ids are the versions of the tool: the digits before the first underscore (golang-migrate, goose,
** sqlx, Supabase, Prisma; before an underscore or hyphen for sql-migrate), dotted digits (Flyway),
** the time stamp without its hyphens (diesel), the change's name (Sqitch; `change.tag` for what was
** reworked later). A tool's file without a way down is irreversible.
*/
#ifndef LIM_FORMAT_H
#define LIM_FORMAT_H

#include "author.h"

typedef enum lim_tool {
    LIM_FORMAT_DETECT,  /* by file names, then by the markers before the first statement */
    LIM_FORMAT_LIMBECK, /* dbmate's files are these */
    LIM_FORMAT_DBMATE,
    LIM_FORMAT_GOLANG, /* golang-migrate: 1_x.up.sql, 1_x.down.sql */
    LIM_FORMAT_GOOSE,
    LIM_FORMAT_SQL_MIGRATE,
    LIM_FORMAT_FLYWAY,
    LIM_FORMAT_DIESEL,
    LIM_FORMAT_SQLX,
    LIM_FORMAT_PRISMA,
    LIM_FORMAT_SUPABASE,
    LIM_FORMAT_SQITCH,
    LIM_FORMAT_PLAIN, /* numbered files of SQL that goes up */
    LIM_FORMATS
} lim_tool;

/* The format of a name such as `golang-migrate`; NULL is LIM_FORMAT_DETECT. False:
** LIM_NOT_SUPPORTED, with all names in the hint. */
bool lim_format_named(lim_context *cx, const char *name, lim_tool *format);

/* The name again. */
const char *lim_format_name(lim_tool format);

/* Whether the host reads a file, and whether it looks into a directory below the one that was
** named. path is relative to that one, with slashes. Hidden files are the host's to pass over. */
bool lim_format_wants(lim_tool format, const char *path);
bool lim_format_enters(lim_tool format, const char *path);

/* Reads the files (names are relative paths, in any order) and makes *out, *out_count migration
** files of Limbeck's; their names are for messages. *format becomes the format that was found.
** Fails, naming the file: two files of one version, a down without its up, what the tool has and
** Limbeck does not (repeatable migrations, placeholders, migrations in Go), a marker inside a
** string, text that is not UTF-8. */
bool lim_format_read(lim_context *cx, lim_dialect dialect, lim_tool *format, const lim_file *files,
                     uint32_t count, lim_file **out, uint32_t *out_count);

/* For one file that is loaded alone, as text: where it has goose's or sql-migrate's markers and a name,
** *file becomes the migration file of Limbeck's. Other tools' need the whole directory. */
bool lim_format_read_one(lim_context *cx, lim_dialect dialect, lim_file *file);

/* What two spellings of one version have in common: 1 and 0001, Flyway's 1.2 and 1.02.0, diesel's
** 2026-01-10-000000 and 20260110000000. NULL: LIM_NOMEM. */
const char *lim_version_key(lim_context *cx, lim_tool format, const char *version);

#endif
