/*
** alter_drop.h - DROP COLUMN of a table with few rows
**
** SQLite's own DROP COLUMN compiles the text of everything in the schema three times and reads it anew,
** whatever the size of the table: with a thousand objects that is a hundred times the rest of its work.
** Where there are few rows, they are copied into a table without the column instead, which then takes
** the place of the first (schema_text.h). In a savepoint:
**
**     CREATE TABLE "t~old" (...)                  the text without the column
**     INSERT INTO "t~old" SELECT ... FROM t       rowids too
**     UPDATE sqlite_schema SET rootpage = ...     the two change their places; t gets the text
**     PRAGMA schema_version                       every connection reads it anew
**     DROP TABLE "t~old"                          which has the rows as they were
**
** Indexes stay as they are: what is in them does not depend on the column. All else is left to SQLite:
** a table with many rows, with generated columns, AUTOINCREMENT or STRICT, WITHOUT ROWID, with a foreign
** key while those are enforced, an index that names the column; a connection with anything TEMP;
** SQLITE_DBCONFIG_DEFENSIVE; and whatever is refused on the way.
*/
#ifndef LIMBECK_ALTER_DROP_H
#define LIMBECK_ALTER_DROP_H

#include "alter_sql.h"
#include "create_table.h"

/* Drops a column that SQLite's own DROP COLUMN could drop too. before is the table's definition, edited its
** text without the column. *done is false, and nothing has changed, where it can't be done this way. False:
** failed, and the transaction must be rolled back. */
bool limbeck_drop_in_few_rows(limbeck_call *call, const limbeck_table *table,
                              const lim_create_table *before, int32_t column, const char *edited,
                              bool *done);

#endif
