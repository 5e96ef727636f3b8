/*
** other_run.h - is another connection at the body that is to run?
**
** SQLite has no lock that belongs to a process and outlives a transaction. But who runs a body that is
** marked transaction:false is in a transaction nearly all the time, so whoever has the lock meets it
** between two statements, if at all; and there it stays for a moment only. So a row `started` that is
** fresh is looked at for a second: if nothing comes after it, its run is dead.
**
** That is a matter of courtesy. If it errs, the run that was only held up finds that it lost its place
** (autocommit.h), and no statement has run twice.
*/
#ifndef LIMBECK_OTHER_RUN_H
#define LIMBECK_OTHER_RUN_H

#include "store.h"

/* A run of somebody else's that may be under way. */
typedef struct limbeck_other_run {
    const char *revision; /* NULL: none */
    int64_t newest;       /* its newest log row */
} limbeck_other_run;

/* Finds, inside the call's transaction, a body of the plan that was started so recently that it may be
** running. What runs holds the write lock, so whoever has the lock meets it between two statements, if
** at all. `over` is the row of a run that is known to be over. */
bool limbeck_find_other_run(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                            int64_t over, limbeck_other_run *other);

/* Looks on, without a transaction, until the run has ended (*over: its newest row) or has done nothing for
** a second. A run that goes on is waited for as long as PRAGMA busy_timeout says, then it is an error. */
bool limbeck_await_other_run(limbeck_call *call, const limbeck_other_run *other, int64_t *over);

#endif
