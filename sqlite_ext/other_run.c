/*
** other_run.c - is another connection at the body that is to run?
*/
#include "other_run.h"
#include "resume.h"

enum {
    RECENT = 10000, /* milliseconds: what was started longer ago and isn't at it now is dead */
    QUIET = 1000,   /* so long it is looked at */
    PAUSE = 20
};

bool limbeck_find_other_run(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                            int64_t over, limbeck_other_run *other) {
    bool up = plan->operation == LIM_UPGRADE;
    *other = (limbeck_other_run){NULL, 0};
    for (uint32_t i = 0; i < plan->step_count; i++) {
        lim_node node = plan->steps[i].node;
        limbeck_newest newest;
        if (lim_step_is_transactional(ledger->graph, plan, i) ||
            lim_stop_of(&ledger->rows, ledger->graph, &ledger->state, node, up) == NULL) {
            continue;
        }
        if (!limbeck_store_newest(call, lim_id(ledger->graph, node), &newest)) {
            return false;
        }
        if (newest.started && newest.id != over && newest.age < RECENT) {
            *other = (limbeck_other_run){lim_id(ledger->graph, node), newest.id};
            return true;
        }
    }
    return true;
}

/* Milliseconds that the connection waits for a lock. */
static int64_t patience(limbeck_call *call) {
    sqlite3_stmt *row = limbeck_statement(call, "PRAGMA busy_timeout");
    int64_t timeout = 0;
    if (row != NULL && limbeck_row(call, row)) {
        timeout = sqlite3_column_int64(row, 0);
        sqlite3_reset(row);
    }
    return timeout;
}

/* Reads the newest row; what the other one's lock hides is shown by *locked. */
static bool look(limbeck_call *call, const char *revision, limbeck_newest *newest, bool *locked) {
    *locked = false;
    if (limbeck_store_newest(call, revision, newest)) {
        return true;
    }
    if ((call->code & 0xff) != SQLITE_BUSY) {
        return false;
    }
    call->cx.error = (lim_error){0};
    call->code = SQLITE_OK;
    *locked = true;
    return true;
}

bool limbeck_await_other_run(limbeck_call *call, const limbeck_other_run *other, int64_t *over) {
    int64_t begun = limbeck_now(), seen = begun, timeout = patience(call), now = begun;
    limbeck_newest newest;
    bool locked;
    *over = other->newest;
    for (; !limbeck_failed(call) && now - seen < QUIET; now = limbeck_now()) {
        sqlite3_sleep(PAUSE);
        if (!look(call, other->revision, &newest, &locked)) {
            return false;
        }
        if (!locked && newest.id == *over) {
            continue;
        }
        if (!locked) {
            *over = newest.id;
            if (!newest.started) {
                return true;
            }
        }
        seen = limbeck_now();
        if (seen - begun >= timeout) {
            call->code = SQLITE_BUSY;
            return lim_fail(&call->cx, LIM_STATE,
                            "Call again when it is done, or let SQLite wait: PRAGMA busy_timeout = "
                            "5000.",
                            "another connection runs revision \"%s\" now",
                            lim_show(&call->cx, other->revision));
        }
    }
    return !limbeck_failed(call);
}
