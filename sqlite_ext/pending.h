/*
** pending.h - the ledger's rows of a run, written together
**
** A body that changes the schema makes prepared statements useless, so that version row and log row
** after each step would cost two compilations a step. Nobody outside sees them before the commit:
** they are kept, each with its time, and written in their order at the end of the run, and before a
** body that could see them; a version row that came and went in between is never written. That is one which says migrate_..., and any after it; and every one while
** the schema has a view or a trigger that says so (limbeck_vet.h). What remains is a function of the
** application's that asks the ledger by itself while a body runs.
**
**     limbeck_pending pending = {0};
**     ok = run_a_body() && limbeck_pending_add(call, &pending, &log, changes, change_count);
**     ok = ok && limbeck_pending_write(call, &pending);
*/
#ifndef LIMBECK_PENDING_H
#define LIMBECK_PENDING_H

#include "store.h"

typedef struct limbeck_pending {
    lim_change *changes; /* of the version rows, each row at most once */
    uint32_t change_count, change_capacity;
    limbeck_log *logs;
    uint32_t log_count, log_capacity;
} limbeck_pending;

/* Keeps what a step writes; the log row gets the present time. Nothing but the strings is referred to,
** which must live until it is written. */
bool limbeck_pending_add(limbeck_call *call, limbeck_pending *pending, const limbeck_log *log,
                         const lim_change *changes, uint32_t change_count);

/* Writes what is kept, inside the call's transaction. */
bool limbeck_pending_write(limbeck_call *call, limbeck_pending *pending);

#endif
