/*
** runner.c - running the bodies of a plan
*/
#include "runner.h"
#include "alter_run.h"
#include "autocommit.h"
#include "transaction.h"
#include <string.h>

/* Makes a failure of core in a context of its own the call's. Always false. */
static bool take_failure(limbeck_call *call, const lim_context *from) {
    const lim_error *e = &from->error;
    if (e->code == LIM_NOMEM) {
        return lim_out_of_memory(&call->cx);
    }
    if (from != &call->cx && e->code != LIM_OK) {
        lim_fail(&call->cx, e->code, lim_copy_string(&call->cx, e->hint), "%s", e->message);
    }
    return false;
}

bool limbeck_body_prepare(limbeck_call *call, lim_context *cx, const char *revision,
                          const char *operation, lim_bytes text, bool transactional,
                          limbeck_body *body) {
    limbeck_place place = {.revision = revision, .operation = operation, .body = &body->body};
    body->revision = revision;
    body->operation = operation;
    body->transactional = transactional;
    body->units = NULL;
    if (!lim_body_scan(cx, LIM_SQLITE, text.text, text.length, &body->body)) {
        take_failure(call, cx);
        return limbeck_fail_body(call, revision, operation);
    }
    if (!transactional && !lim_body_units(cx, LIM_SQLITE, &body->body, &body->units,
                                          &body->unit_count, &place.statement)) {
        take_failure(call, cx);
        return limbeck_fail_there(call, &place, limbeck_place_statement(&place).start);
    }
    return limbeck_vet(call, &place, body->units, &body->vetted);
}

/* Hands SQLite one statement of text[start .. end), which is part of the body's text, and steps it to its
** end. */
static bool run_sql(limbeck_call *call, const limbeck_place *place, size_t start, size_t end) {
    const char *text = place->body->text;
    sqlite3_stmt *statement = NULL;
    const char *tail = NULL;
    int rc = sqlite3_prepare_v2(call->db, text + start, (int)(end - start), &statement, &tail);
    if (rc != SQLITE_OK) {
        return limbeck_fail_statement(call, place, rc, true, start);
    }
    /* What we take for one statement must be one to SQLite, or something could stand unseen in it.
     */
    if (lim_lex_significant(LIM_SQLITE, text, end, (size_t)(tail - text)).kind != LIM_TOKEN_END) {
        sqlite3_finalize(statement);
        return limbeck_fail_at(call, place, (size_t)(tail - text), LIM_SYNTAX, NULL,
                               "SQLite sees the end of the statement here");
    }
    do {
        rc = sqlite3_step(statement);
    } while (rc == SQLITE_ROW);
    if (rc != SQLITE_DONE) {
        limbeck_fail_statement(call, place, rc, false, start);
    }
    sqlite3_finalize(statement);
    if (!limbeck_failed(call) && limbeck_transaction_lost(call)) {
        return limbeck_fail_at(call, place, start, LIM_STATE, NULL,
                               "the statement ended the transaction");
    }
    return !limbeck_failed(call);
}

/* True for CREATE VIEW and CREATE TRIGGER; CREATE TEMP is taken for one of them. */
static bool makes_dependent(const char *text, const lim_statement *statement) {
    static const char *const words[] = {"temp", "temporary", "trigger", "view"};
    lim_token second;
    if (!lim_token_is(text, statement->first, "create")) {
        return false;
    }
    second = lim_lex_significant(LIM_SQLITE, text, statement->end,
                                 statement->first.start + statement->first.length);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (lim_token_is(text, second, words[i])) {
            return true;
        }
    }
    return false;
}

bool limbeck_run_statement(limbeck_call *call, limbeck_place *place) {
    lim_statement statement = limbeck_place_statement(place);
    call->dependents = call->dependents || makes_dependent(place->body->text, &statement);
    limbeck_transaction_arm(call);
    return run_sql(call, place, statement.start, statement.end);
}

bool limbeck_run_next(limbeck_call *call, limbeck_place *place, uint32_t end) {
    const lim_body *body = place->body;
    lim_body until = *body;
    limbeck_altered altered = {.script = NULL};
    until.count = end;
    if (call->watch && !limbeck_watch_statement(call, place)) {
        return false;
    }
    if (!limbeck_alter(call, &until, place->statement, &altered)) {
        place->statement += altered.statements;
        return limbeck_fail_there(call, place, altered.offset);
    }
    if (altered.statements == 0) {
        return limbeck_run_statement(call, place);
    }
    place->statement += altered.statements - 1;
    return true;
}

static bool run_statements(limbeck_call *call, const limbeck_body *body) {
    limbeck_place place = {body->revision, body->operation, &body->body, 0};
    call->says_changes = 0;
    if (!limbeck_watch_look(call)) {
        return false;
    }
    for (; place.statement < body->body.count; place.statement++) {
        lim_statement statement = limbeck_place_statement(&place);
        limbeck_pragma pragma = limbeck_pragma_read(body->body.text, &statement);
        bool ok = pragma.kind == LIMBECK_PRAGMA_SETTING
                      ? limbeck_settings_apply(call, &place, &pragma)
                      : limbeck_run_next(call, &place, body->body.count);
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool limbeck_body_run(limbeck_call *call, const limbeck_body *body) {
    limbeck_violations before;
    const char *where;
    bool check = body->vetted.suspends_foreign_keys;
    int pending = 0, highest;
    bool ok = true;
    if (check) {
        limbeck_violations_begin(call, &before);
        ok = limbeck_violations_read(call, &before);
    }
    ok = ok && run_statements(call, body);
    if (ok) {
        limbeck_settings_restore(call);
    }
    sqlite3_db_status(call->db, SQLITE_DBSTATUS_DEFERRED_FKS, &pending, &highest, 0);
    if (ok && (check || (pending > 0 && call->transaction.own))) {
        where = limbeck_place_body(call, body->revision, body->operation);
        ok = where != NULL && (!check || limbeck_violations_compare(call, &before, where)) &&
             (!call->transaction.own || limbeck_violations_pending(call, where));
    }
    if (check) {
        limbeck_violations_end(&before);
    }
    return ok;
}

/* --- a plan ---------------------------------------------------------------------------------- */

const char *limbeck_operation_name(const lim_plan *plan) {
    return plan->operation == LIM_DOWNGRADE ? "downgrade" : "upgrade";
}

static bool fail_damaged(limbeck_call *call, const lim_revision *row, const char *problem) {
    return lim_fail(&call->cx, LIM_CORRUPT,
                    "The ledger was changed by hand. Load the revision's file again, or put the "
                    "row back as it was.",
                    "revision \"%s\" cannot run: %s", lim_show(&call->cx, row->id), problem);
}

enum {
    LARGE_BODY = 1024 * 1024, /* is read once more rather than copied beside all of its revision */
    SMALL_BODY = 1024 * 1024, /* stays from the judgement to the run, */
    SMALL_BODIES = 4 * 1024 * 1024 /* as long as all of them are no more than this */
};

/* Where a step's body goes: to the call's memory small ones only, as many as there is room for; without
** room given each. */
static lim_context *memory_for(limbeck_call *call, limbeck_body *body, size_t length,
                               size_t *room) {
    if (room == NULL) {
        return &call->cx;
    }
    body->own = length > SMALL_BODY || length > *room;
    if (body->own) {
        lim_context_begin(&body->memory, &call->cx.allocator);
        return &body->memory;
    }
    *room -= length;
    return &call->cx;
}

/* Reads and checks a revision; what is read besides the one body goes at once. */
static bool read_body(limbeck_call *call, const limbeck_ledger *ledger, lim_revision *row,
                      bool upgrade, size_t *room, limbeck_body *body, lim_bytes *text) {
    lim_context scratch;
    lim_stored stored;
    const char *problem = NULL;
    lim_context *cx = &call->cx;
    bool ok, large = false;
    lim_context_begin(&scratch, &call->cx.allocator);
    ok = limbeck_store_borrow_whole(call, row, &stored);
    if (ok && !lim_stored_verify(&scratch, LIM_SQLITE, ledger->graph, &stored, &problem)) {
        ok = scratch.error.code == LIM_NOMEM
                 ? lim_out_of_memory(&call->cx)
                 : fail_damaged(call, row, problem != NULL ? problem : scratch.error.message);
    }
    lim_context_end(&scratch);
    if (ok) {
        *text = upgrade ? stored.upgrade : stored.downgrade;
        cx = memory_for(call, body, text->length, room);
        large = text->length >= LARGE_BODY;
        if (!large) {
            text->text = lim_copy(cx, text->text != NULL ? text->text : "", text->length);
            ok = text->text != NULL || take_failure(call, cx);
        }
    }
    limbeck_store_return(call);
    return ok && (!large || limbeck_store_body(call, cx, row, upgrade, text));
}

static bool prepare_step(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                         uint32_t step, size_t *room, limbeck_body *body) {
    lim_revision *row = &ledger->rows.revisions[plan->steps[step].node];
    lim_bytes text;
    *body = (limbeck_body){.own = false};
    return read_body(call, ledger, row, plan->operation != LIM_DOWNGRADE, room, body, &text) &&
           lim_step_refusal(&call->cx, ledger->graph, plan, step, LIM_SQLITE, true) &&
           limbeck_body_prepare(call, body->own ? &body->memory : &call->cx, row->id,
                                limbeck_operation_name(plan), text,
                                lim_step_is_transactional(ledger->graph, plan, step), body);
}

bool limbeck_step_prepare(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                          uint32_t step, limbeck_body *body) {
    return prepare_step(call, ledger, plan, step, NULL, body);
}

static void digest_of(const lim_bytes *text, char digest[LIM_CHECKSUM_SIZE]) {
    lim_sha256 h;
    lim_sha256_begin(&h);
    lim_sha256_add(&h, text->text, text->length);
    lim_sha256_end(&h, digest);
}

bool limbeck_step_have(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                       uint32_t step, limbeck_body *body) {
    const lim_revision *row = &ledger->graph->revisions[plan->steps[step].node];
    char digest[LIM_CHECKSUM_SIZE];
    lim_bytes text;
    size_t room = 0;
    if (!body->dropped) {
        return true;
    }
    lim_context_begin(&body->memory, &call->cx.allocator);
    body->dropped = false;
    if (!limbeck_store_body(call, &body->memory, row, plan->operation != LIM_DOWNGRADE, &text)) {
        return false;
    }
    digest_of(&text, digest);
    if (body->transactional && strcmp(digest, body->digest) == 0) {
        return lim_body_scan(&body->memory, LIM_SQLITE, text.text, text.length, &body->body) ||
               take_failure(call, &body->memory);
    }
    limbeck_body_drop(body);
    return prepare_step(call, ledger, plan, step, &room, body);
}

/* Gives back what will be read again. */
static void set_aside(limbeck_body *body) {
    if (body->own) {
        lim_bytes text = {body->body.text, body->body.length};
        digest_of(&text, body->digest);
        limbeck_body_drop(body);
    }
}

void limbeck_body_drop(limbeck_body *body) {
    if (body->own && !body->dropped) {
        lim_context_end(&body->memory);
        body->dropped = true;
    }
}

bool limbeck_step_record(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                         uint32_t step, const limbeck_body *body, int64_t begun,
                         limbeck_pending *pending) {
    const lim_step *s = &plan->steps[step];
    const lim_revision *row = &ledger->graph->revisions[s->node];
    int64_t taken = limbeck_now() - begun;
    limbeck_pending now = {0};
    limbeck_log log = {.action = limbeck_operation_name(plan),
                       .revision = row->id,
                       .statements = body->body.count,
                       .duration = taken > 0 ? taken : 0,
                       .checksum = row->checksum};
    return lim_step_names(&call->cx, ledger->graph, plan, step, &log.from_version,
                          &log.to_version) &&
           limbeck_pending_add(call, pending != NULL ? pending : &now, &log,
                               plan->changes + s->first_change, s->change_count) &&
           limbeck_pending_write(call, &now);
}

bool limbeck_step_run(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                      uint32_t step, const limbeck_body *body, limbeck_pending *pending) {
    int64_t begun = limbeck_now();
    return limbeck_body_run(call, body) &&
           limbeck_step_record(call, ledger, plan, step, body, begun, pending);
}

/* Runs all bodies in the call's transaction. */
static bool run_steps(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                      limbeck_body *bodies) {
    limbeck_pending pending = {0};
    if (!limbeck_watch_look(call)) {
        return false;
    }
    for (uint32_t i = 0; i < plan->step_count; i++) {
        /* What a body has made may read the ledger in all that follow. */
        call->ledger_read = call->ledger_read || bodies[i].vetted.mentions_ledger;
        if ((call->ledger_read && !limbeck_pending_write(call, &pending)) ||
            !limbeck_step_have(call, ledger, plan, i, &bodies[i]) ||
            !limbeck_step_run(call, ledger, plan, i, &bodies[i], &pending)) {
            return false;
        }
        limbeck_body_drop(&bodies[i]);
    }
    return limbeck_pending_write(call, &pending);
}

/* Judges all bodies before any runs. What is large, but for the first, is read again for its run: judged
** again only if it is no longer the same. */
static bool prepare_steps(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                          limbeck_body *bodies) {
    size_t room = SMALL_BODIES;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        if (!prepare_step(call, ledger, plan, i, &room, &bodies[i])) {
            return false;
        }
        if (i > 0) {
            set_aside(&bodies[i]);
        }
    }
    return true;
}

/* Many a statement has a page cache and a journal of its own, 150 kB of SQLite's memory for its time. What
** is free at the heap's end glibc gives back to the system, and takes it again page by page: a tenth of a run.
** When a larger block has come and gone it keeps as much as that. */
static void keep_heap(void) {
    enum { LARGER = 256 * 1024 };
    sqlite3_free(sqlite3_malloc64(LARGER));
}

bool limbeck_plan_run(limbeck_call *call, limbeck_ledger *ledger, const lim_plan *plan,
                      bool *moved) {
    limbeck_body *bodies = LIM_NEW(&call->cx, limbeck_body, plan->step_count);
    bool transactional = true;
    keep_heap();
    bool ok = bodies != NULL && prepare_steps(call, ledger, plan, bodies);
    for (uint32_t i = 0; ok && i < plan->step_count; i++) {
        transactional = transactional && bodies[i].transactional;
    }
    ok = ok && (transactional ? run_steps(call, ledger, plan, bodies)
                              : limbeck_run_autocommit(call, ledger, plan, bodies, moved));
    for (uint32_t i = 0; bodies != NULL && i < plan->step_count; i++) {
        limbeck_body_drop(&bodies[i]);
    }
    return ok;
}
