/*
** alter_exec.c - migrate_exec(sql): statements run as those of a revision's body are
**
**     SELECT migrate_exec('ALTER TABLE users ALTER COLUMN full_name SET NOT NULL');
**
** One transaction, or a savepoint in the caller's; ALTER TABLE in the standard's words; what a body
** may not do is refused before anything runs. Answers with the number of statements.
*/
#include "functions.h"
#include "runner.h"
#include "transaction.h"

bool limbeck_exec_call(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    limbeck_body body;
    if (arguments[0].text == NULL)
        return lim_fail(&call->cx, LIM_INVALID, NULL, "argument \"sql\" of %s() must not be NULL",
                        call->function);
    if (!limbeck_body_prepare(call, &call->cx, NULL, "migrate_exec()", arguments[0], true, &body) ||
        !limbeck_transaction_begin(call) || !limbeck_body_run(call, &body))
        return false;
    *result = lim_format(&call->cx, "executed %u statement%s", (unsigned)body.body.count,
                         body.body.count == 1 ? "" : "s");
    return *result != NULL;
}
