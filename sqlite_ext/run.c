/*
** run.c - migrate_upgrade(), migrate_downgrade(), migrate_stamp(), migrate_resolve()
**
** First a look without a lock: where nothing is to be done that is all, and it costs an index scan.
** Otherwise the lock is taken and everything is read and planned again, because another connection
** may have done the work in the meantime. Or it may be at it: a body marked transaction:false commits
** in between, and is waited for (other_run.h).
*/
#include "functions.h"
#include "other_run.h"
#include "resume.h"
#include "runner.h"
#include "transaction.h"
#include <string.h>

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

/* Tells of the stops that a stamp ends by passing over them. */
static bool log_ended_stops(limbeck_call *call, const char *action, const limbeck_ledger *ledger,
                            const lim_plan *plan) {
    lim_list ended;
    if (!lim_stops_ended(&call->cx, &ledger->rows, ledger->graph, &ledger->state, plan, &ended)) {
        return false;
    }
    for (uint32_t i = 0; i < ended.count; i++) {
        limbeck_log log = {.action = action,
                           .revision = ended.items[i],
                           .from_version = plan->from,
                           .to_version = plan->to,
                           .statements = -1,
                           .duration = -1,
                           .detail = "had stopped half-way"};
        if (!limbeck_store_log(call, &log)) {
            return false;
        }
    }
    return true;
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
    return log_ended_stops(call, action, ledger, plan);
}

/* True when more than ids must be known before bodies are read, each with the rest of its row and refused
** by that where it has to be (runner.c). */
static bool needs_rest(const limbeck_call *call, const limbeck_ledger *ledger,
                       const lim_plan *plan) {
    return plan->operation == LIM_STAMP || !call->transaction.own || ledger->rows.stop_count > 0;
}

/* Takes the lock and plans again, unless nothing has changed. Refuses what can be refused before anything
** runs. */
static bool plan_under_lock(limbeck_call *call, const run_request *request, limbeck_ledger *ledger,
                            lim_plan *plan) {
    bool same;
    if (!limbeck_transaction_begin(call) || !limbeck_store_prepare(call) ||
        !limbeck_store_complete(call, ledger, &same)) {
        return false;
    }
    if (!same &&
        (!limbeck_store_open(call, LIMBECK_READ_NAMES | LIMBECK_READ_STOPS, NULL, ledger) ||
         !make_plan(call, request, ledger, plan))) {
        return false;
    }
    return (!needs_rest(call, ledger, plan) || limbeck_store_rest(call, ledger, plan)) &&
           lim_plan_refusal(&call->cx, ledger->graph, plan, LIM_SQLITE, call->transaction.own) &&
           lim_resume_refusal(&call->cx, LIM_SQLITE, &ledger->rows, ledger->graph, &ledger->state,
                              plan);
}

/* Where the ledger moved between two steps it is planned again, to where the first plan went: words
** such as +2 mean something else by now. */
static bool run(limbeck_call *call, const run_request *asked, const char **result) {
    run_request request = *asked;
    limbeck_other_run other = {NULL, 0};
    limbeck_ledger ledger;
    lim_plan plan;
    int64_t over = 0;
    bool moved = true;
    if (!limbeck_store_open(call, LIMBECK_READ_NAMES | LIMBECK_READ_KEPT, NULL, &ledger) ||
        !make_plan(call, &request, &ledger, &plan) ||
        (plan.step_count == 0 && !limbeck_store_keep(call, LIMBECK_READ_NAMES, &ledger))) {
        return false;
    }
    while (plan.step_count > 0 && moved) {
        if (!plan_under_lock(call, &request, &ledger, &plan) ||
            !limbeck_find_other_run(call, &ledger, &plan, over, &other)) {
            return false;
        }
        if (other.revision == NULL) {
            bool single = strchr(plan.to, ',') == NULL;
            moved = false;
            if (request.operation == LIM_STAMP
                    ? !limbeck_run_stamp(call, "stamp", &ledger, &plan)
                    : !limbeck_plan_run(call, &ledger, &plan,
                                        single || request.operation == LIM_UPGRADE ? &moved
                                                                                   : NULL)) {
                return false;
            }
            *result = *result == NULL ? lim_plan_report(&call->cx, &plan) : *result;
            request.target = plan.to;
        }
        if (moved) {
            limbeck_transaction_abandon(call);
        }
        if (other.revision != NULL && !limbeck_await_other_run(call, &other, &over)) {
            return false;
        }
    }
    if (*result == NULL) {
        *result = lim_plan_report(&call->cx, &plan);
    }
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

bool limbeck_resolve(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    limbeck_log log = {.action = "resolve", .statements = -1, .duration = -1};
    limbeck_ledger ledger;
    lim_plan plan;
    lim_node node;
    if (!limbeck_transaction_begin(call) || !limbeck_store_prepare(call) ||
        !limbeck_store_open(call, LIMBECK_READ_ALL | LIMBECK_READ_STOPS, NULL, &ledger) ||
        !lim_plan_resolve(&call->cx, &ledger.rows, ledger.graph, &ledger.state, arguments[0].text,
                          arguments[1].text, &plan, &node)) {
        return false;
    }
    log.revision = lim_id(ledger.graph, node);
    log.checksum = ledger.graph->revisions[node].checksum;
    log.from_version = plan.from;
    log.to_version = plan.to;
    log.detail = arguments[1].text;
    for (uint32_t i = 0; i < plan.change_count; i++) {
        if (!limbeck_store_change(call, &plan.changes[i])) {
            return false;
        }
    }
    *result = lim_format(&call->cx, "resolved %s as %s, at %s", lim_show(&call->cx, log.revision),
                         arguments[1].text, plan.to);
    return limbeck_store_log(call, &log) && *result != NULL;
}
