/*
** schema_text.h - the texts that SQLite keeps of its schema, written as SQLite's own ALTER TABLE does
**
** Here sqlite_schema itself is changed: a text, or the table that an index belongs to. What is written
** must be what is stored: SQLite believes it. So the callers know it to be right, do it in a savepoint,
** and have another way to go when it is refused: by SQLITE_DBCONFIG_DEFENSIVE, which is there to keep
** everybody's hands off sqlite_schema, by the application's authorizer, or by a statement on the way.
**
**     limbeck_attempt a = {.call = call};
**     ok = limbeck_schema_open(&a) && limbeck_schema_write(&a, "main", "sql = %Q WHERE ...", ...) &&
**          limbeck_schema_reread(&a, "main");
**     if (!ok && a.refused) ... ROLLBACK TO the savepoint, and go the other way
*/
#ifndef LIMBECK_SCHEMA_TEXT_H
#define LIMBECK_SCHEMA_TEXT_H

#include "alter_sql.h"

/* A way to do something, behind which there is another. */
typedef struct limbeck_attempt {
    limbeck_call *call;
    bool refused; /* it can't be done this way; the call has not failed */
} limbeck_attempt;

/* Refuses. Always false. */
bool limbeck_refuse(limbeck_attempt *a);

/* True when the result code of a statement says that all is well. What another way may still do is
** refused; anything else is the call's failure. */
bool limbeck_passed(limbeck_attempt *a, int rc);

/* Asks a question, which sqlite3_mprintf() made and which is freed. *found: it has a row; number, if not
** NULL, gets the first column of that. */
bool limbeck_look(limbeck_attempt *a, char *sql, bool *found, int *number);

/* Runs a statement that changes something, which sqlite3_mprintf() made and which is freed. One of which an
** authorizer has silently made nothing is refused. */
bool limbeck_attempt_run(limbeck_attempt *a, char *sql);

/* Refuses when nobody may write to sqlite_schema. */
bool limbeck_schema_open(limbeck_attempt *a);

/* UPDATE "schema".sqlite_schema SET ..., by sqlite3_mprintf()'s rules. */
bool limbeck_schema_write(limbeck_attempt *a, const char *schema, const char *format, ...);

/* Makes every connection read the schema anew, this one at once. */
bool limbeck_schema_reread(limbeck_attempt *a, const char *schema);

#endif
