/*
** pending.c - the ledger's rows of a run, written together
*/
#include "pending.h"

bool limbeck_pending_add(limbeck_call *call, limbeck_pending *pending, const limbeck_log *log,
                         const lim_change *changes, uint32_t change_count) {
    void *steps = pending->steps;
    limbeck_step_rows rows = {.changes = changes, .change_count = change_count, .log = *log};
    rows.log.at = limbeck_timestamp(call);
    if (rows.log.at == NULL || !lim_grow(&call->cx, &steps, &pending->capacity, pending->count + 1,
                                         sizeof *pending->steps)) {
        return false;
    }
    pending->steps = steps;
    pending->steps[pending->count++] = rows;
    return true;
}

static bool write_step(limbeck_call *call, const limbeck_step_rows *rows) {
    for (uint32_t i = 0; i < rows->change_count; i++) {
        if (!limbeck_store_change(call, &rows->changes[i])) {
            return false;
        }
    }
    return limbeck_store_log(call, &rows->log);
}

bool limbeck_pending_write(limbeck_call *call, limbeck_pending *pending) {
    for (uint32_t i = 0; i < pending->count; i++) {
        if (!write_step(call, &pending->steps[i])) {
            return false;
        }
    }
    pending->count = 0;
    return true;
}
