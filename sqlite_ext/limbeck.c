/*
** limbeck.c - Limbeck, schema migrations inside the database: the SQLite extension
**
** The history of a database's schema lives in the database: revisions with what takes the schema up
** and what takes it down, their graph, what is applied, and a log.
**
**     .load ./limbeck
**     SELECT migrate_revision('add users', 'CREATE TABLE users (id INTEGER PRIMARY KEY)',
**                             'DROP TABLE users');
**     SELECT migrate_upgrade();                 -- upgraded base -> 4bd1c09f2a7e (1 revision)
**     SELECT * FROM migrate_history();
**     SELECT migrate_downgrade('base');
**
** This file is the entry point. A call's way through the others:
**
**     functions   arguments, then preflight (may it run here?), work, commit, answer
**     run         upgrade, downgrade, stamp           runner       bodies, statement by statement
**     autocommit  bodies marked transaction:false     author_calls revision, merge, edit, delete
**     store       the ledger's tables and rows        directory    the files that load_dir reads
**     import, adopt   from other tools                readers      the table-valued functions
**     vet, pragma, settings   what a body may say     place        where in a body it failed
**     transaction             all or nothing          alter_, rebuild   ALTER TABLE
**     offline_calls, spell_out   migrate_upgrade_sql(), migrate_downgrade_sql()
*/
#include "host.h"
#include "connection.h"
#include "functions.h"
#include "readers.h"

#ifndef SQLITE_CORE
SQLITE_EXTENSION_INIT1
#endif

int sqlite3_limbeck_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
    limbeck_connection *connection;
    int rc;
#ifdef SQLITE_CORE
    (void)api;
#else
    SQLITE_EXTENSION_INIT2(api);
#endif
    if (!limbeck_has(LIMBECK_OLDEST_SQLITE)) {
        *message =
            sqlite3_mprintf("limbeck needs SQLite 3.34 or newer, this is %s", sqlite3_libversion());
        return SQLITE_ERROR;
    }
    connection = limbeck_connection_new(db);
    if (connection == NULL) {
        return SQLITE_NOMEM;
    }
    rc = limbeck_functions_register(connection);
    if (rc == SQLITE_OK) {
        rc = limbeck_readers_register(connection);
    }
    if (rc != SQLITE_OK) {
        limbeck_readers_unregister(db);
        limbeck_functions_unregister(db);
    }
    limbeck_connection_release(connection);
    return rc;
}
