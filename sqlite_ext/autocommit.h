/*
** autocommit.h - a plan with bodies that are marked transaction:false
**
** Such a body is no single transaction. Its statements are run one by one, each in a transaction of its
** own together with the log row that says that it is done, so that none can run twice; BEGIN ... COMMIT
** in the body make one of several statements. The log has a row `started` before each, committed with
** what goes before it, and `failed` behind a rollback. A row about a statement has no to_version: the
** one about the revision does, and goes into the last statement's transaction with the version rows.
**
** The other revisions of the plan are run as ever, those that follow each other in one transaction.
**
** Between two transactions another connection may come. Each begins by looking whether the ledger is
** still as this call left it: the version rows, the revisions that are still to run, and the newest
** log row of the revision at work, which is the sign of whose run it is. Who goes on with a body writes
** a `started` of its own, and whoever ran it before finds that and stops.
*/
#ifndef LIMBECK_AUTOCOMMIT_H
#define LIMBECK_AUTOCOMMIT_H

#include "runner.h"

/* Runs the plan, whose bodies are prepared and whose first transaction is open. On success the last one
** may be open still, for the caller to commit. A failure says what stays. That the ledger was found
** to be another one between two steps is a failure, too, unless the caller is ready to plan again: then
** it is *moved. */
bool limbeck_run_autocommit(limbeck_call *call, limbeck_ledger *ledger, const lim_plan *plan,
                            limbeck_body *bodies, bool *moved);

#endif
