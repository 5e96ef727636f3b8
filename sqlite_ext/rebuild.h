/*
** rebuild.h - another definition for a table with rows, losing nothing
**
** Where the rows and the keys' indexes can stay as they are stored, only the definition's text is
** replaced (rebuild_in_place.c). Else the table is made anew. Inside the call's transaction, with
** foreign keys off by the connection's setting (a pragma would be ignored there):
**
**     DROP the table's triggers          they come back last
**     ALTER TABLE t RENAME TO "t~old"     with legacy_alter_table: no view, trigger or REFERENCES follows
**     CREATE TABLE t (...)                the edited text, byte for byte as it will be stored
**     INSERT OR ABORT INTO t SELECT ...   rowids too; a conflict clause can't drop a row
**     DROP TABLE "t~old"                  sqlite_sequence's row has moved over before
**     CREATE INDEX ..., CREATE TRIGGER ...
**
** An index of columns that nothing happens to need not be made again when the rows keep their rowids:
** before the DROP it becomes the new table's, by its row of sqlite_schema (schema_text.h).
**
** Where the old definition can't be renamed (its CHECK says t.column), the rows are held in a plain
** table while t is dropped and created.
**
** Statistics (sqlite_stat1, sqlite_stat4) stay with the table's and the indexes' names.
*/
#ifndef LIMBECK_REBUILD_H
#define LIMBECK_REBUILD_H

#include "edit_text.h"
#include "alter_sql.h"

typedef struct limbeck_rebuild {
    limbeck_call *call;
    limbeck_table table; /* as it is */
    lim_edit *edit;      /* as it shall be */
    lim_list *script;    /* the statements carried out; or NULL */
    size_t place;        /* out, on failure: where in the body the reason stands */
    bool rowids_change;  /* out: a column has become the rowid */
} limbeck_rebuild;

/* Carries out the edit. False: failed, and the transaction must be rolled back. Foreign keys of other
** tables and views are the caller's to look after. */
bool limbeck_rebuild_table(limbeck_rebuild *r);

/* --- parts, in rebuild_companions.c --------------------------------------------------------- */

/* What goes with the table and comes back: the texts of its indexes and triggers, ready to run. */
typedef struct limbeck_companions {
    lim_list indexes;    /* names */
    lim_list index_text; /* as stored */
    lim_list index_sql;
    lim_list triggers; /* "schema"."name", quoted */
    lim_list trigger_sql;
    lim_list statistics; /* sqlite_stat1, sqlite_stat4: those that are there */
    const char *spare;   /* a name that nothing in the schema has */
} limbeck_companions;

/* Reads them; an index that uses a dropped column is left out. */
bool limbeck_companions_read(limbeck_rebuild *r, limbeck_companions *with);

bool limbeck_triggers_drop(limbeck_rebuild *r, const limbeck_companions *with);
bool limbeck_triggers_create(limbeck_rebuild *r, const limbeck_companions *with);

/* True when the CREATE INDEX uses one of the columns. */
bool limbeck_index_uses(limbeck_call *call, const char *sql, const lim_list *columns);

/* *there: the schema has something of that name. False: failed. */
bool limbeck_schema_has(limbeck_call *call, const char *schema, const char *name, bool *there);

/* --- parts, in rebuild_in_place.c ------------------------------------------------------------ */

/* The savepoint of a rebuild. */
#define LIMBECK_ALTER_SAVEPOINT "limbeck_alter"

/* Carries out the edit with the rows where they are, if that can be done: *done. Else nothing has
** changed, and the table is to be made anew. False: failed, and the transaction must be rolled
** back. */
bool limbeck_rebuild_in_place(limbeck_rebuild *r, const lim_create_table *before,
                              const limbeck_companions *with, bool *done);

/* --- parts, in rebuild_rows.c -------------------------------------------------------------- */

/* How the rows of the table as it was become rows of the table as it shall be. */
typedef struct limbeck_copy {
    const char *columns; /* `"a", "b"` */
    const char *values;  /* `"a", (b + 1)`, over the table as it was */
    const char *rowid;   /* the name by which the hidden rowid goes along; NULL: it doesn't */
} limbeck_copy;

/* The reason why rows did not go into the new table: finds the rule that is broken, says how many
** rows break it and shows the first. The table as it was is "schema"."name" again. Always false; rc
** and message are what SQLite said, for a case of its own. */
bool limbeck_rebuild_blame(limbeck_rebuild *r, const limbeck_copy *copy, int rc,
                           const char *message);

/* Fails when rows of "schema"."from" have no value for the primary key that the edit adds. */
bool limbeck_rebuild_check_key(limbeck_rebuild *r, const char *from);

/* Fails when the application's authorizer hides a column: its values would be lost. *before is the
** table as it is. */
bool limbeck_rebuild_check_hidden(limbeck_rebuild *r, const lim_create_table *before);

/* Fails over duplicates under a unique index that was to be made again. Always false. */
bool limbeck_rebuild_blame_index(limbeck_rebuild *r, const char *index, const char *sql, int rc);

/* The place in the body of the action that made a rule for the column, or added the constraint. */
size_t limbeck_rebuild_place(const limbeck_rebuild *r, const char *column, const char *constraint);

#endif
