/*
** run.c - migrate_upgrade(), migrate_downgrade(), migrate_stamp()
**
** First a look without a lock: where nothing is to be done that is all, and it costs an index scan.
** Otherwise the lock is taken and everything is read and planned again, because another connection
** may have done the work in the meantime.
*/
#include "functions.h"
#include "runner.h"
#include "transaction.h"

/* What is asked for. */
typedef struct run_request {
    lim_operation operation;
    const char *target;
    bool purge;
} run_request;

static bool make_plan(limbeck_call *call, const run_request *request, limbeck_ledger *ledger,
                      lim_plan *plan) {
    switch (request->operation) {
    case LIM_UPGRADE:
        return lim_plan_upgrade(&call->cx, ledger->graph, &ledger->state, request->target, plan);
    case LIM_DOWNGRADE:
        return lim_plan_downgrade(&call->cx, ledger->graph, &ledger->state, request->target, plan);
    default:
        return lim_plan_stamp(&call->cx, ledger->graph, &ledger->state, request->target,
                              request->purge, plan);
    }
}

bool limbeck_run_stamp(limbeck_call *call, const char *action, const limbeck_ledger *ledger,
                       const lim_plan *plan) {
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const lim_step *step = &plan->steps[i];
        limbeck_log log = {.action = action, .statements = -1, .duration = -1};
        for (uint32_t j = 0; j < step->change_count; j++) {
            const lim_change *change = &plan->changes[step->first_change + j];
            if (!limbeck_store_change(call, change)) {
                return false;
            }
            log.revision = change->gained != NULL ? change->gained : change->lost;
        }
        if (step->node != LIM_NONE) {
            log.revision = lim_id(ledger->graph, step->node);
            log.checksum = ledger->graph->revisions[step->node].checksum;
        }
        if (!lim_step_names(&call->cx, ledger->graph, plan, i, &log.from_version,
                            &log.to_version) ||
            !limbeck_store_log(call, &log)) {
            return false;
        }
    }
    return true;
}

static bool run(limbeck_call *call, const run_request *request, const char **result) {
    limbeck_ledger ledger;
    lim_plan plan;
    if (!limbeck_store_open(call, LIMBECK_READ_NAMES | LIMBECK_READ_KEPT, NULL, &ledger) ||
        !make_plan(call, request, &ledger, &plan)) {
        return false;
    }
    if (plan.step_count > 0) {
        if (!limbeck_transaction_begin(call) || !limbeck_store_prepare(call) ||
            !limbeck_store_open(call, LIMBECK_READ_ALL, NULL, &ledger) ||
            !make_plan(call, request, &ledger, &plan) ||
            !lim_plan_refusal(&call->cx, ledger.graph, &plan, LIM_SQLITE, true)) {
            return false;
        }
        if (request->operation == LIM_STAMP ? !limbeck_run_stamp(call, "stamp", &ledger, &plan)
                                            : !limbeck_plan_run(call, &ledger, &plan)) {
            return false;
        }
    }
    *result = lim_plan_report(&call->cx, &plan);
    return *result != NULL;
}

bool limbeck_upgrade(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    run_request request = {LIM_UPGRADE, arguments[0].text, false};
    return run(call, &request, result);
}

bool limbeck_downgrade(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    run_request request = {LIM_DOWNGRADE, arguments[0].text, false};
    return run(call, &request, result);
}

bool limbeck_stamp(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    run_request request = {LIM_STAMP, arguments[0].text, false};
    return limbeck_argument_flag(call, &arguments[1], "purge", &request.purge) &&
           run(call, &request, result);
}
