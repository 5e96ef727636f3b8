/*
** pragma.h - what a PRAGMA in a body may do
**
** Most pragmas do nothing in a transaction, or something that a rollback does not take back, or last no
** longer than the connection; those are refused. Queries and the few that are transactional are left
** to SQLite; wal_checkpoint, too, in a body marked transaction:false. Two that SQLite keeps
** for the connection, and that hand-written table rebuilds rely on, get their meaning from the
** runner: foreign_keys and legacy_alter_table (see settings.h).
*/
#ifndef LIMBECK_PRAGMA_H
#define LIMBECK_PRAGMA_H

#include "lex.h"

typedef enum limbeck_pragma_kind {
    LIMBECK_NO_PRAGMA,      /* another statement */
    LIMBECK_PRAGMA_PLAIN,   /* run as it stands */
    LIMBECK_PRAGMA_SETTING, /* the runner does it */
    LIMBECK_PRAGMA_ALONE,   /* run as it stands, outside of transactions */
    LIMBECK_PRAGMA_REFUSED
} limbeck_pragma_kind;

typedef struct limbeck_pragma {
    limbeck_pragma_kind kind;
    lim_token name;
    int setting; /* of a SETTING: SQLITE_DBCONFIG_ENABLE_FKEY or _LEGACY_ALTER_TABLE */
    bool on;     /* and its new value */
} limbeck_pragma;

limbeck_pragma limbeck_pragma_read(const char *text, const lim_statement *statement);

#endif
