/*
** offline_calls.c - migrate_upgrade_sql(), migrate_downgrade_sql()
**
** They read the ledger and the bodies and hand them to core, which writes the script. Nothing is
** written to the database; what ALTER TABLE statements become is tried out elsewhere (spell_out.c).
*/
#include "offline_calls.h"
#include "alter.h"
#include "functions.h"
#include "resume.h"
#include "store_tables.h"

static bool has_alter_table(const lim_body *body) {
    for (uint32_t i = 0; i < body->count; i++) {
        lim_statement statement = lim_body_statement(body, i);
        if (lim_is_alter_table(body->text, &statement)) {
            return true;
        }
    }
    return false;
}

/* What the script has to know of the units of a body marked transaction:false. */
static bool read_units(limbeck_call *call, const limbeck_body *prepared, lim_offline_body *body) {
    lim_offline_unit *units =
        LIM_NEW(&call->cx, lim_offline_unit, (size_t)prepared->unit_count + 1);
    if (units == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < prepared->unit_count; i++) {
        lim_offline_unit *u = &units[i];
        u->unit = prepared->units[i];
        for (uint32_t n = u->unit.first; n <= u->unit.last; n++) {
            lim_statement statement = lim_body_statement(&prepared->body, n);
            limbeck_pragma pragma = limbeck_pragma_read(prepared->body.text, &statement);
            bool setting = pragma.kind == LIMBECK_PRAGMA_SETTING;
            bool keys = setting && pragma.setting == SQLITE_DBCONFIG_ENABLE_FKEY;
            u->alone = !u->unit.block && (setting || pragma.kind == LIMBECK_PRAGMA_ALONE);
            u->needs_off = u->needs_off || (u->unit.block && keys && !pragma.on);
            u->suspends = keys ? !pragma.on : u->suspends;
            u->resumes = keys ? pragma.on : u->resumes;
        }
    }
    body->units = units;
    body->unit_count = prepared->unit_count;
    return true;
}

/* Marks the units whose ALTER TABLE statements became a rebuild. */
static void mark_rebuilds(lim_offline_body *body) {
    lim_offline_unit *units = (lim_offline_unit *)body->units;
    for (uint32_t i = 0; i < body->unit_count; i++) {
        size_t from = body->body.spans[units[i].unit.first].start;
        size_t to = body->body.spans[units[i].unit.last].end;
        for (uint32_t n = 0; n < body->replacement_count; n++) {
            const lim_replacement *r = &body->replacements[n];
            units[i].needs_off =
                units[i].needs_off || (r->start >= from && r->end <= to && r->rebuilds);
        }
    }
}

/* Reads the bodies and has their ALTER TABLE statements spelled out. */
static bool read_bodies(limbeck_call *call, limbeck_ledger *ledger, lim_offline *o,
                        lim_offline_body **bodies) {
    uint32_t count = o->plan.step_count;
    limbeck_body *prepared = LIM_NEW(&call->cx, limbeck_body, (size_t)count + 1);
    bool alters = false;
    *bodies = LIM_NEW(&call->cx, lim_offline_body, (size_t)count + 1);
    if (prepared == NULL || *bodies == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        lim_offline_body *body = &(*bodies)[i];
        if (!limbeck_step_prepare(call, ledger, &o->plan, i, &prepared[i])) {
            return false;
        }
        body->body = prepared[i].body;
        body->statements = prepared[i].body.count;
        if (prepared[i].transactional) {
            body->checks_foreign_keys = prepared[i].vetted.suspends_foreign_keys;
        } else if (!read_units(call, &prepared[i], body)) {
            return false;
        }
        alters = alters || has_alter_table(&body->body);
    }
    if (alters && !limbeck_spell_out(call, ledger, o, *bodies, prepared)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if ((*bodies)[i].units != NULL) {
            mark_rebuilds(&(*bodies)[i]);
        } else {
            o->suspends = o->suspends || (*bodies)[i].checks_foreign_keys;
        }
    }
    return true;
}

static bool store_revisions(limbeck_call *call, const limbeck_ledger *ledger, lim_offline *o) {
    lim_nodes nodes;
    bool ok = lim_offline_revisions(o, &nodes);
    for (uint32_t i = 0; ok && i < nodes.count; i++) {
        lim_context scratch;
        lim_stored stored;
        lim_context_begin(&scratch, &call->cx.allocator);
        ok = limbeck_store_revision(call, &scratch, &ledger->graph->revisions[nodes.node[i]],
                                    &stored) &&
             lim_offline_store(o, &stored);
        lim_context_end(&scratch);
    }
    return ok;
}

static bool write_script(limbeck_call *call, lim_operation operation, const char *range,
                         const char **script) {
    limbeck_ledger ledger;
    lim_offline o = {.cx = &call->cx,
                     .dialect = LIM_SQLITE,
                     .schema = "main",
                     .actor = limbeck_user(call),
                     .tables = limbeck_tables_sql(call),
                     .format = LIMBECK_FORMAT};
    lim_offline_body *bodies;
    int enforced = 0;
    if (o.actor == NULL || o.tables == NULL ||
        !limbeck_store_open(call, LIMBECK_READ_ALL | LIMBECK_READ_STOPS, NULL, &ledger)) {
        return false;
    }
    sqlite3_db_config(call->db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &enforced);
    o.foreign_keys = enforced != 0;
    o.graph = ledger.graph;
    if (!lim_offline_plan(&o, &ledger.state, operation, range) ||
        !lim_resume_none(&call->cx, LIM_SQLITE, &ledger.rows, ledger.graph, &o.start, &o.plan) ||
        !read_bodies(call, &ledger, &o, &bodies) || !lim_offline_begin(&o) ||
        !store_revisions(call, &ledger, &o)) {
        return false;
    }
    for (uint32_t i = 0; i < o.plan.step_count; i++) {
        if (!lim_offline_step(&o, i, &bodies[i])) {
            return false;
        }
    }
    *script = lim_offline_end(&o);
    return *script != NULL;
}

/* Writes the script from one snapshot. */
static bool write_from_snapshot(limbeck_call *call, lim_operation operation,
                                limbeck_arguments arguments, const char **script) {
    sqlite3_stmt *snapshot = limbeck_store_snapshot(call);
    bool ok = snapshot != NULL && write_script(call, operation, arguments[0].text, script);
    sqlite3_finalize(snapshot);
    return ok;
}

bool limbeck_upgrade_sql(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    return write_from_snapshot(call, LIM_UPGRADE, arguments, result);
}

bool limbeck_downgrade_sql(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    return write_from_snapshot(call, LIM_DOWNGRADE, arguments, result);
}
