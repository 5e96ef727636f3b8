/*
** settings.h - the connection's settings that a body may change while it runs
**
** `PRAGMA foreign_keys = OFF` is ignored by SQLite inside a transaction, where every body runs. Its
** meaning is given through sqlite3_db_config(), which works there: enforcement is off until the
** body says ON or ends. ON goes back to what the caller's connection has, it does not impose more.
** What the body leaves behind is then checked: rows that violate a foreign key and did not before
** it are an error that lists them. legacy_alter_table is treated likewise, without a check.
**
** A flag is no part of the transaction; limbeck_transaction_end() puts both back on every path, after
** a rollback: changing a flag makes prepared statements useless, the emergency statement too.
*/
#ifndef LIMBECK_SETTINGS_H
#define LIMBECK_SETTINGS_H

#include "place.h"
#include "pragma.h"

/* Carries out a LIMBECK_PRAGMA_SETTING. Refuses to switch foreign keys off while deferred violations
** are pending: SQLite would not see their repair. */
bool limbeck_settings_apply(limbeck_call *call, const limbeck_place *place,
                            const limbeck_pragma *pragma);

/* Puts both settings back at the end of a body that succeeded. */
void limbeck_settings_restore(limbeck_call *call);

/* The foreign key violations of main at one moment. They live in a context of their own. */
typedef struct limbeck_violations {
    lim_context cx;
    lim_list rows; /* `row 3 of "child" refers to no row of "parent"`, sorted */
} limbeck_violations;

void limbeck_violations_begin(limbeck_call *call, limbeck_violations *violations);
void limbeck_violations_end(limbeck_violations *violations);
bool limbeck_violations_read(limbeck_call *call, limbeck_violations *violations);

/* Fails, listing violations, if deferred foreign keys are still violated: a commit now would fail. */
bool limbeck_violations_pending(limbeck_call *call, const char *where);

/* Reads the present violations and fails if there are any that *before does not hold; the failure
** begins with where (`revision "r2" (upgrade)`) and lists the first of them. */
bool limbeck_violations_compare(limbeck_call *call, const limbeck_violations *before,
                                const char *where);

#endif
