/*
** alter_few.h - ADD COLUMN and DROP COLUMN of a table with few rows
**
** At the end of SQLite's own ALTER TABLE stands a reading of the whole schema, whatever the size of the
** table: a table costs 25,000 instructions there, an index 15,000, at each ALTER; and DROP COLUMN compiles
** all of it three times more. Of a table that is dropped and created nothing else is read. So where
** there are few rows and many objects, or the schema is large, the rows wait in memory for that. In a
** savepoint:
**
**     SELECT ... FROM t
**     DROP TABLE t
**     CREATE TABLE t (...)       the text that ALTER TABLE would have left, byte for byte
**     CREATE INDEX ...           as stored
**     INSERT INTO t VALUES ...   rowids too; a new column gets its DEFAULT, as if it had always been there
**     UPDATE sqlite_schema       the rows of all these go to their old places, if anything was made since
**
** Both ways are given their price beforehand, and the lower one is taken. All else is SQLite's own: a table
** WITHOUT ROWID, STRICT or virtual, with generated columns, AUTOINCREMENT or large rows; enforced foreign
** keys of it or to it; statistics, anything TEMP, views and triggers in the schema; a preupdate hook (it
** would see the rows inserted; so does an update hook, which nobody can ask for); a DEFAULT that is more
** than a plain literal; an authorizer that hides a column. What is refused on the way, as DROP TABLE is while a
** statement reads, is not tried again in the call.
*/
#ifndef LIMBECK_ALTER_FEW_H
#define LIMBECK_ALTER_FEW_H

#include "alter_sql.h"
#include "body.h"

/* What is to happen to a table of main's. */
typedef struct limbeck_few {
    const char *table;      /* in any case */
    const char *added;      /* the name of the column to add, or NULL, and */
    const char *definition; /* what ALTER TABLE ADD COLUMN would be told */
    const char *dropped;    /* the name of the column to drop, or NULL, and */
    const char *without;    /* the table's text without it */
    const lim_body *body;
} limbeck_few;

/* Carries it out, where that is worth while: *done. Else nothing has changed. There must be no view and no
** trigger, and a column to drop must be one that SQLite drops. False: failed, and the transaction must
** be rolled back. */
bool limbeck_alter_few_rows(limbeck_call *call, const limbeck_few *change, bool *done);

/* True when the body may ask for changes(), which inserting rows changes. Its text is looked through once. */
bool limbeck_body_says_changes(limbeck_call *call, const lim_body *body);

#endif
