/*
** functions.h - the scalar functions, in a table
**
** All but two write. What they have in common is done in one place (functions.c): arguments, the
** question whether the call may run here, the end of its transaction, the answer.
*/
#ifndef LIMBECK_FUNCTIONS_H
#define LIMBECK_FUNCTIONS_H

#include "call.h"
#include "author.h"

#define LIMBECK_ARGUMENTS 8

/* The arguments of a call as text; an absent or NULL one has text NULL. */
typedef lim_bytes limbeck_arguments[LIMBECK_ARGUMENTS];

/* Does the work and gives the text that the call returns (owned by call->cx). It begins the call's
** transaction where it has something to write; who called it hands the result over and then
** commits, so that no result can be lost after the commit. (A body marked transaction:false commits on
** its own.) */
typedef bool limbeck_work(limbeck_call *call, limbeck_arguments arguments, const char **result);

/* True when the name is one of those that write, whatever its case. */
bool limbeck_function_writes(const char *name);

/* The work of each. */
limbeck_work limbeck_revision;
limbeck_work limbeck_merge;
limbeck_work limbeck_edit;
limbeck_work limbeck_delete;
limbeck_work limbeck_load;
limbeck_work limbeck_load_dir;
limbeck_work limbeck_import;
limbeck_work limbeck_adopt;
limbeck_work limbeck_upgrade;
limbeck_work limbeck_downgrade;
limbeck_work limbeck_stamp;
limbeck_work limbeck_resolve;
limbeck_work limbeck_exec_call;
limbeck_work limbeck_upgrade_sql;
limbeck_work limbeck_downgrade_sql;

/* Takes the lock and stores migration files; action is for the log. */
bool limbeck_store_files(limbeck_call *call, const char *action, const lim_file *files,
                         uint32_t count, bool directory, lim_load *load);

/* Makes the functions known to the connection. */
int limbeck_functions_register(limbeck_connection *connection);

/* Takes back what was registered. SQLite unloads a library whose entry point fails, and what it still
** knew of the library then would be called nowhere. */
void limbeck_functions_unregister(sqlite3 *db);

/* --- arguments ------------------------------------------------------------------------------- */

/* One argument as text: integers in decimal, NULL as text NULL; a blob, a real number, a NUL byte
** and bad UTF-8 are refused. name is for the message; the text lives as long as value does. */
bool limbeck_argument(limbeck_call *call, sqlite3_value *value, const char *name,
                      lim_bytes *argument);

/* A truth value: 1/0, true/false, yes/no, on/off, t/f, y/n; NULL is false. */
bool limbeck_argument_flag(limbeck_call *call, const lim_bytes *argument, const char *name,
                           bool *flag);

#endif
