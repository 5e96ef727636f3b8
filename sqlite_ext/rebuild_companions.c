/*
** rebuild_companions.c - what goes with a table and comes back: its indexes, triggers, statistics
*/
#include "rebuild.h"
#include <string.h>

/* --- texts --------------------------------------------------------------------------------- */

/* The stored text of an index or trigger with its schema before the name (`CREATE INDEX "main".i`);
** of a TEMP trigger as CREATE TEMP TRIGGER, which the stored text doesn't say. */
static const char *with_schema(limbeck_call *call, const char *sql, const char *schema, bool temp) {
    lim_scanner s = lim_scanner_at(&call->cx, sql, strlen(sql), 0);
    char *qualifier;
    lim_scan_take(&s, "create");
    if (temp)
        return lim_spliced(&call->cx, sql, s.length, s.end, s.end, " TEMP");
    lim_scan_take(&s, "unique");
    lim_scan_next(&s);
    qualifier = lim_quote_name(&call->cx, schema);
    if (qualifier != NULL)
        qualifier = lim_format(&call->cx, "%s.", qualifier);
    if (qualifier == NULL)
        return NULL;
    return lim_spliced(&call->cx, sql, s.length, s.token.start, s.token.start, qualifier);
}

bool limbeck_index_uses(limbeck_call *call, const char *sql, const lim_list *columns) {
    lim_scanner s = lim_scanner_at(&call->cx, sql, strlen(sql), 0);
    while (s.token.kind != LIM_TOKEN_END && s.token.kind != LIM_TOKEN_LEFT)
        lim_scan_next(&s);
    for (uint32_t i = 0; i < columns->count; i++)
        if (lim_mentions(&call->cx, sql, s.token.start, s.length, columns->items[i]))
            return true;
    return false;
}

/* True when the TEMP trigger is on this table and not on one of that name in another schema. */
static bool temp_trigger_is_ours(limbeck_rebuild *r, const char *sql) {
    limbeck_call *call = r->call;
    lim_scanner s = lim_scanner_at(&call->cx, sql, strlen(sql), 0);
    char *first = NULL;
    limbeck_table found;
    while (s.token.kind != LIM_TOKEN_END && !lim_scan_take(&s, "on"))
        lim_scan_next(&s);
    if (!lim_is_name(s.token) || !lim_scan_name(&s, &first, NULL))
        return false;
    if (s.token.kind == LIM_TOKEN_DOT)
        return lim_same_name(first, r->table.schema);
    return limbeck_find_table(call, NULL, first, &found) && found.schema != NULL &&
           lim_same_name(found.schema, r->table.schema);
}

/* --- reading ------------------------------------------------------------------------------- */

static bool read_triggers(limbeck_rebuild *r, limbeck_companions *with, bool temp) {
    limbeck_call *call = r->call;
    const char *schema = temp ? "temp" : r->table.schema;
    sqlite3_stmt *s = limbeck_ask(call,
                                  "SELECT name, sql FROM \"%w\".sqlite_master"
                                  " WHERE type = 'trigger' AND tbl_name = %Q COLLATE nocase"
                                  " ORDER BY rowid",
                                  schema, r->table.name);
    while (limbeck_answer(call, &s)) {
        const char *name = limbeck_answer_text(call, s, 0);
        const char *sql = limbeck_answer_text(call, s, 1);
        const char *quoted;
        if (name == NULL || sql == NULL || (temp && !temp_trigger_is_ours(r, sql)))
            continue;
        quoted = lim_quote_name(&call->cx, name);
        quoted = quoted == NULL
                     ? NULL
                     : lim_format(&call->cx, "%s.%s", lim_quote_name(&call->cx, schema), quoted);
        sql = with_schema(call, sql, schema, temp);
        if (quoted == NULL || sql == NULL || !lim_list_add(&call->cx, &with->triggers, quoted) ||
            !lim_list_add(&call->cx, &with->trigger_sql, sql))
            continue;
    }
    return !limbeck_failed(call);
}

static bool read_indexes(limbeck_rebuild *r, limbeck_companions *with) {
    limbeck_call *call = r->call;
    const char *schema = r->table.schema;
    sqlite3_stmt *s = limbeck_ask(call,
                                  "SELECT name, sql FROM \"%w\".sqlite_master"
                                  " WHERE type = 'index' AND tbl_name = %Q COLLATE nocase"
                                  " AND sql IS NOT NULL ORDER BY rowid",
                                  schema, r->table.name);
    while (limbeck_answer(call, &s)) {
        const char *name = limbeck_answer_text(call, s, 0);
        const char *sql = limbeck_answer_text(call, s, 1);
        if (name == NULL || sql == NULL || limbeck_index_uses(call, sql, &r->edit->dropped))
            continue;
        if (!lim_list_add(&call->cx, &with->indexes, name) ||
            !lim_list_add(&call->cx, &with->index_text, sql))
            continue;
        sql = with_schema(call, sql, schema, false);
        if (sql == NULL || !lim_list_add(&call->cx, &with->index_sql, sql))
            continue;
    }
    return !limbeck_failed(call);
}

bool limbeck_schema_has(limbeck_call *call, const char *schema, const char *name, bool *there) {
    int64_t count;
    bool ok = limbeck_ask_number(call, &count,
                                 "SELECT count(*) FROM \"%w\".sqlite_master"
                                 " WHERE name = %Q COLLATE nocase",
                                 schema, name);
    *there = count > 0;
    return ok;
}

/* A name that no table has. */
static bool find_spare_name(limbeck_rebuild *r, limbeck_companions *with) {
    bool there = true;
    with->spare = r->table.name;
    while (there) {
        with->spare = lim_format(&r->call->cx, "%s~old", with->spare);
        if (with->spare == NULL ||
            !limbeck_schema_has(r->call, r->table.schema, with->spare, &there))
            return false;
    }
    return true;
}

bool limbeck_companions_read(limbeck_rebuild *r, limbeck_companions *with) {
    static const char *const statistics[] = {"sqlite_stat1", "sqlite_stat4"};
    const char *schema = r->table.schema;
    *with = (limbeck_companions){.spare = NULL};
    for (size_t i = 0; i < sizeof statistics / sizeof statistics[0]; i++) {
        bool there;
        if (!limbeck_schema_has(r->call, schema, statistics[i], &there) ||
            (there && !lim_list_add(&r->call->cx, &with->statistics, statistics[i])))
            return false;
    }
    return find_spare_name(r, with) && read_indexes(r, with) && read_triggers(r, with, false) &&
           (lim_same_name(schema, "temp") || read_triggers(r, with, true));
}

/* --- triggers ------------------------------------------------------------------------------ */

bool limbeck_triggers_drop(limbeck_rebuild *r, const limbeck_companions *with) {
    for (uint32_t i = 0; i < with->triggers.count; i++)
        if (!limbeck_change(r->call, r->script, "DROP TRIGGER %s", with->triggers.items[i]))
            return false;
    return true;
}

bool limbeck_triggers_create(limbeck_rebuild *r, const limbeck_companions *with) {
    for (uint32_t i = 0; i < with->trigger_sql.count; i++)
        if (!limbeck_change(r->call, r->script, "%s", with->trigger_sql.items[i]))
            return false;
    return true;
}
