/*
** alter_sql.h - statements that ALTER TABLE asks and runs
**
** Their text is built for one use, by sqlite3_mprintf()'s rules (%w a name inside double quotes, %Q
** a literal), so nothing of it is kept. What changes the database can also be written down, for
** who wants to see or repeat it.
*/
#ifndef LIMBECK_ALTER_SQL_H
#define LIMBECK_ALTER_SQL_H

#include "call.h"

/* Prepares a question. NULL: failed. */
sqlite3_stmt *limbeck_ask(limbeck_call *call, const char *format, ...);

/* Steps to the next row; at the end, or on failure, finalizes the statement and is false. */
bool limbeck_answer(limbeck_call *call, sqlite3_stmt **statement);

/* A column of the present row as text in the call's memory; NULL for NULL, or without memory. */
const char *limbeck_answer_text(limbeck_call *call, sqlite3_stmt *statement, int column);

/* The first column of the first row; 0 without a row. */
bool limbeck_ask_number(limbeck_call *call, int64_t *number, const char *format, ...);

/* Runs a statement that changes the database, and adds its text to script, if that isn't NULL. */
bool limbeck_change(limbeck_call *call, lim_list *script, const char *format, ...);

/* The same, but an error is only returned: the call has not failed, unless memory is out. */
int limbeck_try(limbeck_call *call, lim_list *script, const char *format, ...);

/* A table or view as its schema holds it. */
typedef struct limbeck_table {
    const char *schema; /* NULL: there is none */
    const char *name;   /* as stored */
    const char *sql;
    bool is_view;
    bool is_virtual;
} limbeck_table;

/* Finds a table as SQLite does: in the schema, or without one in temp, main, then what is attached.
** False: failed; a table that isn't there has schema NULL. */
bool limbeck_find_table(limbeck_call *call, const char *schema, const char *name,
                        limbeck_table *table);

#endif
