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
#include <stdlib.h>
#include <string.h>

typedef struct offline_function {
    const char *name;
    lim_operation operation;
    const char *argument;
} offline_function;

static const offline_function functions[] = {
    {"migrate_upgrade_sql", LIM_UPGRADE, "range"},
    {"migrate_downgrade_sql", LIM_DOWNGRADE, "range"},
};
#define FUNCTION_COUNT (sizeof functions / sizeof functions[0])

typedef struct offline_binding {
    limbeck_connection *connection;
    const offline_function *function;
} offline_binding;

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

static int compare_nodes(const void *a, const void *b) {
    const lim_node *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The revisions of an upgrade, in the order of storing. */
static bool store_revisions(limbeck_call *call, const limbeck_ledger *ledger, lim_offline *o) {
    uint32_t count = o->plan.operation == LIM_UPGRADE ? o->plan.step_count : 0;
    lim_node *nodes = LIM_NEW(&call->cx, lim_node, (size_t)count + 1);
    if (nodes == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] = o->plan.steps[i].node;
    }
    if (count > 1) {
        qsort(nodes, count, sizeof *nodes, compare_nodes);
    }
    for (uint32_t i = 0; i < count; i++) {
        lim_context scratch;
        lim_stored stored;
        bool ok;
        lim_context_begin(&scratch, &call->cx.allocator);
        ok = limbeck_store_revision(call, &scratch, &ledger->graph->revisions[nodes[i]], &stored) &&
             lim_offline_store(o, &stored);
        lim_context_end(&scratch);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool write_script(limbeck_call *call, const offline_function *function, const char *range,
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
    if (!lim_offline_plan(&o, &ledger.state, function->operation, range) ||
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

/* One snapshot for everything that is read. */
static bool begin_snapshot(limbeck_call *call, sqlite3_stmt **snapshot) {
    int rc = sqlite3_prepare_v2(call->db, "SELECT 1 FROM main.sqlite_master", -1, snapshot, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(*snapshot);
    }
    return rc == SQLITE_ROW || rc == SQLITE_DONE ||
           limbeck_fail_sqlite(call, rc, lim_format(&call->cx, "%s() cannot read", call->function));
}

static void call_offline(sqlite3_context *context, int count, sqlite3_value **values) {
    const offline_binding *binding = sqlite3_user_data(context);
    const offline_function *function = binding->function;
    lim_bytes range = {NULL, 0};
    const char *script = NULL;
    sqlite3_stmt *snapshot = NULL;
    limbeck_call call;
    bool ok = true;
    limbeck_call_begin(&call, binding->connection, function->name);
    if (count > 1) {
        ok = lim_fail(&call.cx, LIM_INVALID, NULL, "%s() takes at most 1 argument, not %d",
                      function->name, count);
    } else if (count == 1) {
        ok = limbeck_argument(&call, values[0], function->argument, &range);
    }
    ok = ok && begin_snapshot(&call, &snapshot) &&
         write_script(&call, function, range.text, &script);
    sqlite3_finalize(snapshot);
    if (ok) {
        sqlite3_result_text64(context, script, strlen(script), SQLITE_TRANSIENT, SQLITE_UTF8);
    } else {
        limbeck_call_report(&call, context);
    }
    limbeck_call_end(&call);
}

static void release_binding(void *data) {
    offline_binding *binding = data;
    limbeck_connection_release(binding->connection);
    sqlite3_free(binding);
}

int limbeck_offline_register(limbeck_connection *connection) {
    int rc = SQLITE_OK;
    for (size_t i = 0; i < FUNCTION_COUNT && rc == SQLITE_OK; i++) {
        offline_binding *binding = sqlite3_malloc64(sizeof *binding);
        if (binding == NULL) {
            return SQLITE_NOMEM;
        }
        *binding = (offline_binding){limbeck_connection_keep(connection), &functions[i]};
        /* SQLite calls release_binding() when it fails, too. */
        rc = sqlite3_create_function_v2(connection->db, functions[i].name, -1,
                                        SQLITE_UTF8 | SQLITE_DIRECTONLY, binding, call_offline,
                                        NULL, NULL, release_binding);
    }
    return rc;
}

void limbeck_offline_unregister(sqlite3 *db) {
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        sqlite3_create_function_v2(db, functions[i].name, -1, SQLITE_UTF8, NULL, NULL, NULL, NULL,
                                   NULL);
    }
}
