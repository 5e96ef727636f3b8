/*
** spell_out.c - what ALTER TABLE statements become, found out on a database in memory
**
** How an ALTER TABLE is carried out depends on the table as it is then, so the bodies are run: on a
** scratch database in memory that has the schema of the script's start but no rows. Where the
** script starts where this database is, the schema is copied; elsewhere the revisions up to the start
** are run there first. Other statements may fail for want of rows or of an application's functions;
** that only counts when an ALTER TABLE fails for it.
*/
#include "offline_calls.h"
#include "alter.h"
#include "alter_run.h"
#include "transaction.h"
#include <string.h>

typedef struct scratch {
    sqlite3 *db;
    limbeck_connection *connection;
    limbeck_call call;
} scratch;

static bool scratch_open(limbeck_call *call, scratch *s) {
    int rc = sqlite3_open_v2(":memory:", &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    s->connection = rc == SQLITE_OK ? limbeck_connection_new(s->db) : NULL;
    if (s->connection == NULL) {
        sqlite3_close(s->db);
        s->db = NULL;
        return lim_out_of_memory(&call->cx);
    }
    limbeck_call_begin(&s->call, s->connection, call->function);
    return true;
}

static void scratch_close(scratch *s) {
    if (s->db != NULL) {
        limbeck_transaction_end(&s->call);
        limbeck_call_end(&s->call);
        limbeck_connection_release(s->connection);
        sqlite3_close(s->db);
    }
}

/* The failure goes over to the call, whose memory stays. Always false. */
static bool pass_failure(limbeck_call *call, const scratch *s) {
    const lim_error *e = &s->call.cx.error;
    call->code = s->call.code;
    lim_fail(&call->cx, e->code,
             e->hint != NULL ? lim_copy_string(&call->cx, e->hint)
                             : "The script's ALTER TABLE statements are tried out on the schema of "
                               "its start, without rows.",
             "%s", e->message);
    return e->detail == NULL || lim_fail_detail(&call->cx, "%s", e->detail);
}

/* Tables, indices, views, triggers, in the order in which they were made. */
static bool copy_schema(limbeck_call *call, scratch *s) {
    static const char SELECT_SCHEMA[] =
        "SELECT sql FROM main.sqlite_master WHERE sql IS NOT NULL"
        " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid";
    sqlite3_stmt *row = limbeck_statement(call, SELECT_SCHEMA);
    while (row != NULL && limbeck_row(call, row)) {
        const char *sql = (const char *)sqlite3_column_text(row, 0);
        if (sql == NULL || sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_NOMEM) {
            sqlite3_reset(row);
            return lim_out_of_memory(&call->cx);
        }
    }
    return !limbeck_failed(call);
}

/* Runs a statement that is no ALTER TABLE. That it fails is no failure. */
static void run_other(scratch *s, limbeck_place *place) {
    limbeck_call *call = &s->call;
    if (!limbeck_run_statement(call, place) && call->cx.error.code != LIM_NOMEM &&
        !sqlite3_get_autocommit(s->db)) {
        call->cx.error = (lim_error){0};
        call->code = SQLITE_OK;
    }
}

/* Runs a body; replacements (or NULL) gets what its ALTER TABLE statements became. */
static bool run_body(limbeck_call *call, scratch *s, const limbeck_body *prepared,
                     lim_offline_body *out) {
    const lim_body *body = &prepared->body;
    limbeck_place place = {prepared->revision, prepared->operation, body, 0};
    lim_replacement *replacements = LIM_NEW(&call->cx, lim_replacement, (size_t)body->count + 1);
    const lim_unit *unit = prepared->units;
    uint32_t count = 0;
    if (replacements == NULL) {
        return false;
    }
    for (; place.statement < body->count; place.statement++) {
        lim_list recorded = {0};
        limbeck_altered altered = {.script = &recorded};
        lim_body until = *body;
        if (unit != NULL) {
            while (place.statement > unit->last) {
                unit++;
            }
            until.count = unit->last + !unit->block;
            if (unit->block && (place.statement == unit->first || place.statement == unit->last)) {
                continue; /* BEGIN, COMMIT */
            }
        }
        if (!limbeck_alter(&s->call, &until, place.statement, &altered)) {
            place.statement += altered.statements;
            limbeck_fail_there(&s->call, &place, altered.offset);
            return pass_failure(call, s);
        }
        if (altered.statements == 0) {
            run_other(s, &place);
            if (limbeck_failed(&s->call)) {
                return pass_failure(call, s);
            }
            continue;
        }
        lim_replacement *r = &replacements[count++];
        r->start = body->spans[place.statement].start;
        place.statement += altered.statements - 1;
        r->end = body->spans[place.statement].end;
        for (uint32_t i = 0; i < recorded.count; i++) {
            const char *sql = lim_copy_string(&call->cx, recorded.items[i]);
            if (sql == NULL || !lim_list_add(&call->cx, &r->statements, sql)) {
                return false;
            }
        }
        r->rebuilds = recorded.count > altered.statements;
        out->checks_foreign_keys = out->checks_foreign_keys || recorded.count > altered.statements;
    }
    out->replacements = replacements;
    out->replacement_count = count;
    return true;
}

/* Takes an empty schema to the script's start by running what lies below it. */
static bool replay(limbeck_call *call, limbeck_ledger *ledger, const lim_offline *o, scratch *s) {
    lim_ledger none = {0};
    lim_state base;
    lim_plan plan;
    if (o->start.rows.count == 0) {
        return true;
    }
    if (!lim_state_build(&call->cx, ledger->graph, &none, &base) ||
        !lim_plan_upgrade(&call->cx, ledger->graph, &base, o->start.text, &plan)) {
        return false;
    }
    for (uint32_t i = 0; i < plan.step_count; i++) {
        limbeck_body prepared;
        lim_offline_body ignored = {.statements = 0};
        if (!limbeck_step_prepare(call, ledger, &plan, i, &prepared) ||
            !run_body(call, s, &prepared, &ignored)) {
            return false;
        }
    }
    return true;
}

bool limbeck_spell_out(limbeck_call *call, limbeck_ledger *ledger, const lim_offline *o,
                       lim_offline_body *bodies, const limbeck_body *prepared) {
    scratch s = {.db = NULL};
    bool here = strcmp(o->start.text, ledger->state.text) == 0;
    bool ok = scratch_open(call, &s) && (!here || copy_schema(call, &s));
    if (ok && !limbeck_transaction_begin(&s.call)) {
        ok = pass_failure(call, &s);
    }
    ok = ok && (here || replay(call, ledger, o, &s));
    for (uint32_t i = 0; ok && i < o->plan.step_count; i++) {
        ok = run_body(call, &s, &prepared[i], &bodies[i]);
    }
    scratch_close(&s);
    return ok;
}
