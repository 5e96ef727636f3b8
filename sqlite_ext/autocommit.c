/*
** autocommit.c - a plan with bodies that are marked transaction:false
*/
#include "autocommit.h"
#include "resume.h"
#include "transaction.h"
#include <string.h>

/* A plan under way. */
typedef struct apply {
    limbeck_call *call;
    const limbeck_ledger *ledger;
    const lim_plan *plan;
    limbeck_body *bodies;
    uint32_t at;       /* the step at work */
    lim_list versions; /* the version rows as they must be found */
    const char *text;  /* the same as text */
    const char *where; /* the same as of the last commit; NULL: there was none */
    int64_t log_end;   /* up to this row it is known what the log says */
    bool moved;        /* between two steps the ledger was found to be another one */

    /* of a body marked transaction:false */
    int64_t newest;      /* the log row that shows that the run is ours; 0: none is written */
    int64_t owned;       /* the same, as of the last commit */
    uint32_t statement;  /* the one at work, from 1 */
    sqlite3_int64 rowid; /* last_insert_rowid() as the body knows it */
    int64_t begun;
    bool suspended;            /* foreign keys are switched off */
    limbeck_violations before; /* what violated them then */
} apply;

static const lim_revision *revision_at_work(const apply *a) {
    return &a->ledger->graph->revisions[a->plan->steps[a->at].node];
}

static const limbeck_body *body_at_work(const apply *a) {
    return &a->bodies[a->at];
}

/* --- transactions ---------------------------------------------------------------------------- */

static bool fail_changed(apply *a) {
    return limbeck_failed(a->call)
               ? false
               : lim_fail(
                     &a->call->cx, LIM_STATE, "SELECT * FROM migrate_status() shows where it is.",
                     "another connection changed the ledger while %s() ran", a->call->function);
}

/* Another one goes on with the body, or has said how it ended. */
static bool fail_taken_over(apply *a) {
    limbeck_call *call = a->call;
    a->newest = a->owned = 0;
    call->code = SQLITE_BUSY;
    return lim_fail(&call->cx, LIM_STATE,
                    "SELECT * FROM migrate_status() shows how far it is; no statement ran twice.",
                    "another connection went on with revision \"%s\" while %s() ran it",
                    lim_show(&call->cx, revision_at_work(a)->id), call->function);
}

static bool is_ours(apply *a) {
    limbeck_newest newest;
    if (a->newest == 0) {
        return true;
    }
    return limbeck_store_newest(a->call, revision_at_work(a)->id, &newest) &&
           (newest.id == a->newest || fail_taken_over(a));
}

/* True when the failure is that another connection has a lock and a body is half done: then waiting is
** better than stopping, even where the connection itself does not wait. The failure is taken back. */
static bool wait_for_lock(apply *a, int64_t since) {
    enum { PATIENCE = 5000, PAUSE = 20 };
    limbeck_call *call = a->call;
    if (a->owned == 0 || (call->code & 0xff) != SQLITE_BUSY || call->code == SQLITE_BUSY_SNAPSHOT ||
        limbeck_now() - since > PATIENCE) {
        return false;
    }
    sqlite3_sleep(PAUSE);
    call->cx.error = (lim_error){0};
    call->code = SQLITE_OK;
    return true;
}

static bool take_lock(apply *a) {
    int64_t since = limbeck_now();
    while (!limbeck_transaction_begin(a->call)) {
        if (!wait_for_lock(a, since)) {
            return false;
        }
    }
    return true;
}

/* True when nobody has logged anything about the bodies marked transaction:false that are still to run:
** nobody has begun one. The end of the log going back means that rows were taken away. */
static bool is_unbegun(apply *a) {
    limbeck_call *call = a->call;
    lim_list names = {0};
    int64_t end;
    if (!limbeck_log_end(call, &end) || end < a->log_end ||
        !limbeck_log_since(call, a->log_end, &names)) {
        return false;
    }
    for (uint32_t i = a->at; names.count > 0 && i < a->plan->step_count; i++) {
        const char *id = lim_id(a->ledger->graph, a->plan->steps[i].node);
        if (!a->bodies[i].transactional && lim_list_has(&names, id)) {
            return false;
        }
    }
    a->log_end = end;
    return true;
}

/* True when the steps that are still to run are as they were planned, and nobody has begun one. */
static bool is_as_planned(apply *a) {
    limbeck_call *call = a->call;
    if (!limbeck_store_is_at(call, &a->versions)) {
        return false;
    }
    for (uint32_t i = a->at; a->owned == 0 && i < a->plan->step_count; i++) {
        const lim_revision *row = &a->ledger->graph->revisions[a->plan->steps[i].node];
        if (!limbeck_store_has(call, row->id, row->checksum)) {
            return false;
        }
    }
    return (a->owned != 0 || is_unbegun(a)) && !limbeck_failed(call);
}

/* Begins the next transaction, unless one is open: nothing of what the plan relies on may have changed. */
static bool begin_next(apply *a) {
    if (a->call->transaction.open) {
        return true;
    }
    if (!take_lock(a) || !limbeck_store_prepare(a->call) || !is_ours(a)) {
        return false;
    }
    if (is_as_planned(a)) {
        return true;
    }
    a->moved = a->owned == 0 && !limbeck_failed(a->call);
    return a->moved ? false : fail_changed(a);
}

static bool commit(apply *a) {
    int64_t since = limbeck_now();
    while (!limbeck_transaction_commit(a->call)) {
        if (!wait_for_lock(a, since)) {
            return false;
        }
    }
    a->where = a->text;
    a->owned = a->newest;
    return true;
}

static void abandon(apply *a) {
    limbeck_transaction_abandon(a->call);
    a->newest = a->owned;
}

/* The version rows are now those behind the step at work. */
static bool follow(apply *a) {
    lim_context *cx = &a->call->cx;
    if (!lim_plan_follow(cx, a->plan, a->at, &a->versions)) {
        return false;
    }
    a->text = a->versions.count == 0 ? "base" : lim_list_join(cx, &a->versions);
    return a->text != NULL;
}

/* --- the log --------------------------------------------------------------------------------- */

/* Writes a row about a statement of the body at work. */
static bool record(apply *a, uint32_t statement, const char *outcome, int64_t duration,
                   const char *detail) {
    const lim_revision *row = revision_at_work(a);
    limbeck_log log = {.action = limbeck_operation_name(a->plan),
                       .revision = row->id,
                       .statements = body_at_work(a)->body.count,
                       .duration = duration,
                       .checksum = row->checksum,
                       .statement = statement,
                       .outcome = outcome,
                       .detail = detail};
    if (!limbeck_store_log(a->call, &log)) {
        return false;
    }
    a->newest = sqlite3_last_insert_rowid(a->call->db);
    return true;
}

/* Records the failure in a transaction of its own. What stops that must not hide the failure itself: the
** row `started` stays then, and says as much as is needed. */
static void record_failure(apply *a) {
    limbeck_call *call = a->call;
    lim_error error = call->cx.error;
    int code = call->code;
    const char *reason =
        limbeck_place_reason(call, body_at_work(a)->revision, body_at_work(a)->operation);
    call->cx.error = (lim_error){0};
    call->code = SQLITE_OK;
    if (reason != NULL && limbeck_transaction_begin(call) && limbeck_store_prepare(call) &&
        is_ours(a) && record(a, a->statement, "failed", -1, reason)) {
        limbeck_transaction_commit(call);
    }
    call->cx.error = error;
    call->code = code;
    limbeck_transaction_abandon(call);
}

/* --- foreign keys ---------------------------------------------------------------------------- */

/* What violates foreign keys when a body switches them off. Who goes on with a body can't know what there
** was before: then nothing may violate them at the end. */
static bool suspend(apply *a, bool known) {
    if (a->suspended) {
        return true;
    }
    limbeck_violations_begin(a->call, &a->before);
    a->suspended = true;
    return !known || limbeck_violations_read(a->call, &a->before);
}

static bool resume(apply *a, const limbeck_place *place) {
    const char *where;
    bool ok;
    if (!a->suspended) {
        return true;
    }
    where = limbeck_place_text(a->call, place, limbeck_place_statement(place).start);
    ok = where != NULL && limbeck_violations_compare(a->call, &a->before, where);
    limbeck_violations_end(&a->before);
    a->suspended = false;
    return ok;
}

static bool change_setting(apply *a, const limbeck_place *place, const limbeck_pragma *pragma) {
    if (pragma->setting == SQLITE_DBCONFIG_ENABLE_FKEY &&
        !(pragma->on ? resume(a, place) : suspend(a, true))) {
        return false;
    }
    return limbeck_settings_apply(a->call, place, pragma);
}

/* The settings that the statements before the one to go on with have made. */
static bool repeat_settings(apply *a, uint32_t end) {
    const limbeck_body *body = body_at_work(a);
    limbeck_place place = {body->revision, body->operation, &body->body, 0};
    for (; place.statement < end; place.statement++) {
        lim_statement statement = limbeck_place_statement(&place);
        limbeck_pragma pragma = limbeck_pragma_read(body->body.text, &statement);
        if (pragma.kind != LIMBECK_PRAGMA_SETTING) {
            continue;
        }
        if (pragma.setting == SQLITE_DBCONFIG_ENABLE_FKEY && pragma.on && a->suspended) {
            limbeck_violations_end(&a->before);
            a->suspended = false;
        } else if (pragma.setting == SQLITE_DBCONFIG_ENABLE_FKEY && !pragma.on) {
            suspend(a, false);
        }
        if (!limbeck_settings_apply(a->call, &place, &pragma)) {
            return false;
        }
    }
    return true;
}

/* --- a body marked transaction:false --------------------------------------------------------- */

/* Fails where the unit, whose last statement is at place, leaves deferred foreign keys violated. */
static bool check_deferred(apply *a, const limbeck_place *place) {
    int pending = 0, highest;
    const char *where;
    sqlite3_db_status(a->call->db, SQLITE_DBSTATUS_DEFERRED_FKS, &pending, &highest, 0);
    if (pending == 0) {
        return true;
    }
    a->statement = place->statement + 1;
    where = limbeck_place_text(a->call, place, limbeck_place_statement(place).start);
    return where != NULL && limbeck_violations_pending(a->call, where);
}

/* Runs the statements of a unit. */
static bool run_unit(apply *a, const lim_unit *unit) {
    const limbeck_body *body = body_at_work(a);
    limbeck_place place = {body->revision, body->operation, &body->body, unit->first + unit->block};
    uint32_t end = unit->last + !unit->block;
    bool ok = limbeck_watch_look(a->call);
    a->call->says_changes = unit->first == 0 ? 0 : a->call->says_changes;
    sqlite3_set_last_insert_rowid(a->call->db, a->rowid);
    for (; ok && place.statement < end; place.statement++) {
        lim_statement statement = limbeck_place_statement(&place);
        limbeck_pragma pragma = limbeck_pragma_read(body->body.text, &statement);
        a->statement = place.statement + 1;
        ok = pragma.kind == LIMBECK_PRAGMA_SETTING ? change_setting(a, &place, &pragma)
                                                   : limbeck_run_next(a->call, &place, end);
        a->statement = place.statement + 1;
    }
    a->rowid = sqlite3_last_insert_rowid(a->call->db);
    place.statement = unit->last;
    return ok && check_deferred(a, &place);
}

/* The revision is done: settings, version rows, log. */
static bool finish_body(apply *a) {
    const limbeck_body *body = body_at_work(a);
    limbeck_place last = {body->revision, body->operation, &body->body, body->body.count - 1};
    if (body->body.count > 0 && !resume(a, &last)) {
        return false;
    }
    limbeck_settings_restore(a->call);
    return limbeck_step_record(a->call, a->ledger, a->plan, a->at, body, a->begun, NULL) &&
           follow(a);
}

/* True for what SQLite runs outside of transactions only. */
static bool runs_alone(const limbeck_body *body, const lim_unit *unit) {
    lim_statement statement = lim_body_statement(&body->body, unit->first);
    return !unit->block &&
           limbeck_pragma_read(body->body.text, &statement).kind == LIMBECK_PRAGMA_ALONE;
}

/* Runs a unit and records its end, and with it the start of the next one or the end of the body. */
static bool apply_unit(apply *a, const lim_unit *unit, const lim_unit *next) {
    int64_t begun = limbeck_now();
    bool alone = runs_alone(body_at_work(a), unit);
    a->statement = unit->first + 1;
    if ((alone && !run_unit(a, unit)) || !begin_next(a) || (!alone && !run_unit(a, unit))) {
        return false;
    }
    begun = limbeck_now() - begun;
    if (!record(a, unit->last + 1, "done", begun > 0 ? begun : 0, NULL)) {
        return false;
    }
    if (next != NULL ? !record(a, next->first + 1, "started", -1, NULL) : !finish_body(a)) {
        return false;
    }
    return commit(a);
}

/* A unit behind which another one follows. What it takes of memory goes with it, but for what is said
** when it fails: a body may have a million of them. */
static bool apply_and_forget(apply *a, const lim_unit *unit) {
    lim_context kept;
    bool ok;
    if (!limbeck_call_lend(a->call, &kept)) {
        return false;
    }
    ok = apply_unit(a, unit, unit + 1);
    limbeck_call_take_back(a->call, &kept);
    return ok;
}

static bool apply_units(apply *a, uint32_t first) {
    const limbeck_body *body = body_at_work(a);
    a->begun = limbeck_now();
    a->rowid = a->call->transaction.last_rowid;
    if (!begin_next(a)) {
        return false;
    }
    a->statement = first < body->unit_count ? body->units[first].first + 1 : body->body.count;
    if (first == body->unit_count) {
        return finish_body(a) && commit(a);
    }
    if (!record(a, a->statement, "started", -1, NULL) || !commit(a) ||
        !repeat_settings(a, body->units[first].first)) {
        return false;
    }
    for (uint32_t i = first; i + 1 < body->unit_count; i++) {
        if (!apply_and_forget(a, &body->units[i])) {
            return false;
        }
    }
    return apply_unit(a, &body->units[body->unit_count - 1], NULL);
}

/* Tells what stays of a body that stopped. */
static void explain_stop(apply *a) {
    lim_context *cx = &a->call->cx;
    const char *id = lim_show(cx, revision_at_work(a)->id);
    limbeck_transaction_add_detail(
        a->call, lim_format(cx,
                            "Revision \"%s\" stopped at statement %u of %u; what was committed "
                            "before stays.",
                            id, (unsigned)a->statement, (unsigned)body_at_work(a)->body.count));
    /* What else a hint could say is to change the body, which must stay as it is now. */
    if (limbeck_lock_hint(a->call, a->call->code) == NULL) {
        cx->error.hint = lim_format(cx,
                                    "Mend the cause and call again: it goes on there. Or end it by "
                                    "hand and say migrate_resolve(%s, 'applied' or 'not "
                                    "applied').",
                                    lim_literal(cx, revision_at_work(a)->id));
    }
}

/* A body marked transaction:false: unit by unit, from where it stopped. */
static bool apply_statements(apply *a) {
    const limbeck_ledger *ledger = a->ledger;
    const limbeck_body *body = body_at_work(a);
    const lim_stop *stop =
        lim_stop_of(&ledger->rows, ledger->graph, &ledger->state, a->plan->steps[a->at].node,
                    a->plan->operation == LIM_UPGRADE);
    uint32_t first = 0;
    bool ok;
    while (stop != NULL && first < body->unit_count &&
           body->units[first].last + 1 < lim_stop_next(stop)) {
        first++;
    }
    ok = apply_units(a, first);
    if (a->suspended) {
        limbeck_violations_end(&a->before);
        a->suspended = false;
    }
    if (!ok) {
        abandon(a);
        if (a->owned != 0) {
            record_failure(a);
            explain_stop(a);
        }
    }
    a->newest = a->owned = 0;
    return ok;
}

/* --- the plan -------------------------------------------------------------------------------- */

static bool apply_step(apply *a) {
    if (!limbeck_step_have(a->call, a->ledger, a->plan, a->at, &a->bodies[a->at])) {
        return false;
    }
    if (!body_at_work(a)->transactional) {
        return apply_statements(a); /* and commits what the steps before it did */
    }
    return begin_next(a) &&
           limbeck_step_run(a->call, a->ledger, a->plan, a->at, body_at_work(a), NULL) && follow(a);
}

/* Tells where the database is, when something was committed before the failure. */
static void explain_failure(apply *a) {
    lim_context *cx = &a->call->cx;
    if (a->where == NULL || cx->error.code == LIM_NOMEM) {
        return;
    }
    limbeck_transaction_add_detail(a->call, lim_format(cx, "The database is at %s.", a->where));
    if (cx->error.hint == NULL) {
        cx->error.hint = "Mend the cause and call again.";
    }
}

/* What the ledger is now, for finding out later whether it still is. */
static bool begin_apply(apply *a) {
    a->text = a->plan->from;
    return limbeck_log_end(a->call, &a->log_end) &&
           lim_plan_versions(&a->call->cx, a->ledger->graph, &a->ledger->state, &a->versions);
}

bool limbeck_run_autocommit(limbeck_call *call, limbeck_ledger *ledger, const lim_plan *plan,
                            limbeck_body *bodies, bool *moved) {
    apply a = {.call = call, .ledger = ledger, .plan = plan, .bodies = bodies};
    if (!begin_apply(&a)) {
        return false;
    }
    for (; a.at < plan->step_count; a.at++) {
        if (apply_step(&a)) {
            limbeck_body_drop(&bodies[a.at]);
            continue;
        }
        if (a.moved && moved != NULL) {
            *moved = true;
            return true;
        }
        if (a.moved) {
            fail_changed(&a);
        }
        explain_failure(&a);
        return false;
    }
    return true;
}
