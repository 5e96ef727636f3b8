/*
** pending.c - the ledger's rows of a run, written together
*/
#include "pending.h"
#include <string.h>

/* Adds a change to those that are pending: a row gained before and lost now is another or none. */
static bool add_change(limbeck_call *call, limbeck_pending *pending, const lim_change *change) {
    void *changes = pending->changes;
    for (uint32_t i = pending->change_count; change->lost != NULL && i-- > 0;) {
        lim_change *before = &pending->changes[i];
        if (before->gained == NULL || strcmp(before->gained, change->lost) != 0) {
            continue;
        }
        before->gained = change->gained;
        if (before->gained == NULL && before->lost == NULL) {
            memmove(before, before + 1, (--pending->change_count - i) * sizeof *before);
        }
        return true;
    }
    if (!lim_grow(&call->cx, &changes, &pending->change_capacity, pending->change_count + 1,
                  sizeof *pending->changes)) {
        return false;
    }
    pending->changes = changes;
    pending->changes[pending->change_count++] = *change;
    return true;
}

bool limbeck_pending_add(limbeck_call *call, limbeck_pending *pending, const limbeck_log *log,
                         const lim_change *changes, uint32_t change_count) {
    void *logs = pending->logs;
    const char *now = limbeck_timestamp(call);
    if (now == NULL || !lim_grow(&call->cx, &logs, &pending->log_capacity, pending->log_count + 1,
                                 sizeof *pending->logs)) {
        return false;
    }
    pending->logs = logs;
    pending->logs[pending->log_count] = *log;
    pending->logs[pending->log_count++].at = now;
    for (uint32_t i = 0; i < change_count; i++) {
        if (!add_change(call, pending, &changes[i])) {
            return false;
        }
    }
    return true;
}

bool limbeck_pending_write(limbeck_call *call, limbeck_pending *pending) {
    for (uint32_t i = 0; i < pending->change_count; i++) {
        if (!limbeck_store_change(call, &pending->changes[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < pending->log_count; i++) {
        if (!limbeck_store_log(call, &pending->logs[i])) {
            return false;
        }
    }
    pending->change_count = pending->log_count = 0;
    return true;
}
