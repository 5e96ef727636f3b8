/*
** vet.h - what a body may not do, found out before anything of it runs
**
** Refused are: transaction words (except BEGIN ... COMMIT around the whole body, and those that delimit
** the transactions of a body marked transaction:false), VACUUM, ATTACH, DETACH, pragmas that change the
** file's form or the connection, parameters, calls of migrate_ functions that write, and changes of the
** ledger.
**
** ATTACH and DETACH would work in a body marked transaction:false, but what goes on with it after a crash
** is another connection, which knows nothing of the attachment.
**
** All this is judged by the statement's tokens, which is sound: SQLite has no way of writing these
** words, a function's name or the table that a statement changes other than as tokens of their own.
** What remains is a trigger that is in the database already and changes the ledger when a body
** changes its table. A trigger that names the ledger makes the runner look at each statement's
** EXPLAIN for writes to the ledger's pages before it runs the statement (limbeck_watch_*).
*/
#ifndef LIMBECK_VET_H
#define LIMBECK_VET_H

#include "place.h"

/* What the runner wants to know of a body beforehand. */
typedef struct limbeck_vetted {
    bool suspends_foreign_keys; /* it says PRAGMA foreign_keys = OFF */
    bool mentions_ledger;       /* it says migrate_ somewhere: it may read the ledger */
} limbeck_vetted;

/* Judges every statement of place->body (place->statement is of no concern). units are those of a body
** marked transaction:false; NULL: it runs in one transaction. */
bool limbeck_vet(limbeck_call *call, const limbeck_place *place, const lim_unit *units,
                 limbeck_vetted *vetted);

/* Finds out what views and triggers there are, unless the look at the ledger's tables has done that
** already (store_tables.h): call->dependents tells whether there are any, call->ledger_read whether one of
** them says migrate_, call->watch whether statements are to be watched. No body can make a trigger that
** would call for that. */
bool limbeck_watch_look(limbeck_call *call);

/* The two halves of it: forgets what is known, notes an object of the schema of this type and text. */
void limbeck_watch_begin(limbeck_call *call);
void limbeck_watch_note(limbeck_call *call, const char *type, const char *sql);

/* Refuses the statement, which is text[0 .. length), if its program would write to the ledger. */
bool limbeck_watch_statement(limbeck_call *call, const limbeck_place *place);

#endif
