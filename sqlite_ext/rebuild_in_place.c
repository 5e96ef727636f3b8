/*
** rebuild_in_place.c - another definition over the same rows
**
** Where nothing of what is stored depends on the change, the rows need no copy. The definition's
** text is replaced where SQLite keeps it, as SQLite's own ALTER TABLE does it and as its manual
** describes it, after the rows are known to obey it. In a savepoint:
**
**     CREATE TABLE "t~old" (...)          the new text by another name: SQLite takes it
**     SELECT 1 FROM t WHERE a IS NULL ... no row is against what is new
**     UPDATE sqlite_schema SET sql = ...  and PRAGMA schema_version: every connection reads it anew
**                                         columns and foreign keys are those of "t~old"
**     DROP TABLE "t~old"
**
** A row that was there before a column was added ends before it, and takes its value from the
** DEFAULT. So where a DEFAULT changes, it is first set to a value that nobody else has: when no row
** shows it, none ends there.
**
** A column of another type or collation has its values written anew in their place, by an UPDATE of
** the column to itself, with the triggers and the indexes that use it gone meanwhile.
**
** Whatever is refused on the way, by the rows, by SQLite or by the application's authorizer, sends
** back to the savepoint, and the table is made anew, with all that is to be said about it. So does
** SQLITE_DBCONFIG_DEFENSIVE, which is there to keep everybody from writing to sqlite_schema.
*/
#include "rebuild.h"
#include "alter_effect.h"
#include "schema_text.h"
#include <string.h>

typedef struct in_place {
    limbeck_rebuild *r;
    limbeck_call *call;
    const lim_create_table *before;
    const limbeck_companions *with;
    lim_effect effect;
    limbeck_attempt attempt;
} in_place;

/* --- rows ---------------------------------------------------------------------------------- */

/* Asks whether one of the conditions holds for a row: reads the table itself, once. */
static bool no_row_is(in_place *p, const lim_list *conditions) {
    lim_text any = {.cx = &p->call->cx};
    bool found;
    if (conditions->count == 0)
        return true;
    for (uint32_t i = 0; i < conditions->count; i++)
        lim_text_addf(&any, "%s(%s)", i > 0 ? " OR " : "", conditions->items[i]);
    if (lim_text_end(&any) == NULL)
        return false;
    return limbeck_look(&p->attempt,
                        sqlite3_mprintf("SELECT 1 FROM \"%w\".\"%w\" NOT INDEXED WHERE %s LIMIT 1",
                                        p->r->table.schema, p->r->table.name, any.data),
                        &found, NULL) &&
           (!found || limbeck_refuse(&p->attempt));
}

/* --- the definition ------------------------------------------------------------------------ */

/* Creates a table by the spare name with the new definition. */
static bool create_trial(in_place *p) {
    const lim_create_table *after = &p->r->edit->table;
    lim_context *cx = &p->call->cx;
    const char *schema = lim_quote_name(cx, p->r->table.schema);
    const char *name = lim_quote_name(cx, p->with->spare);
    const char *sql;
    if (schema == NULL || name == NULL || (name = lim_format(cx, "%s.%s", schema, name)) == NULL)
        return false;
    sql = lim_spliced(cx, after->text, after->length, after->name_span.start, after->name_span.end,
                      name);
    return sql != NULL && limbeck_passed(&p->attempt, limbeck_try(p->call, NULL, "%s", sql));
}

/* Sees that SQLite has read the table as it reads the trial, and drops that. */
static bool compare_with_trial(in_place *p) {
    static const char *const pragmas[] = {"table_xinfo", "foreign_key_list"};
    const char *schema = p->r->table.schema;
    const char *table = p->r->table.name;
    for (size_t i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++) {
        bool differs;
        if (!limbeck_look(
                &p->attempt,
                sqlite3_mprintf("SELECT 1 FROM (SELECT * FROM (SELECT * FROM pragma_%s(%Q, %Q)"
                                " EXCEPT SELECT * FROM pragma_%s(%Q, %Q)) UNION ALL SELECT * FROM"
                                " (SELECT * FROM pragma_%s(%Q, %Q)"
                                " EXCEPT SELECT * FROM pragma_%s(%Q, %Q)))",
                                pragmas[i], table, schema, pragmas[i], p->with->spare, schema,
                                pragmas[i], p->with->spare, schema, pragmas[i], table, schema),
                &differs, NULL) ||
            (differs && !limbeck_refuse(&p->attempt)))
            return false;
    }
    return limbeck_passed(&p->attempt, limbeck_try(p->call, NULL, "DROP TABLE \"%w\".\"%w\"",
                                                   schema, p->with->spare));
}

/* Makes the text the table's definition. */
static bool write_definition(in_place *p, const char *text) {
    const char *schema = p->r->table.schema;
    bool found;
    if (text == NULL ||
        !limbeck_schema_write(&p->attempt, schema, "sql = %Q WHERE type = 'table' AND name = %Q",
                              text, p->r->table.name) ||
        !limbeck_schema_reread(&p->attempt, schema) ||
        !limbeck_look(&p->attempt,
                      sqlite3_mprintf("SELECT 1 FROM \"%w\".sqlite_master WHERE type = 'table' AND"
                                      " name = %Q AND sql = %Q",
                                      schema, p->r->table.name, text),
                      &found, NULL))
        return false;
    return found || limbeck_refuse(&p->attempt); /* an authorizer may ignore a write */
}

/* Sees that every row has the columns whose DEFAULT changes. */
static bool no_row_ends_early(in_place *p) {
    lim_context *cx = &p->call->cx;
    const lim_list *columns = &p->effect.defaulted;
    lim_create_table table = *p->before;
    lim_list conditions = {0};
    const char *value;
    if (columns->count == 0)
        return true;
    value = limbeck_random(p->call, 16);
    if (value == NULL || (value = lim_format(cx, "x'%s'", value)) == NULL)
        return false;
    for (uint32_t i = 0; i < columns->count; i++) {
        const char *name = lim_quote_name(cx, columns->items[i]);
        const char *text =
            lim_with_default(cx, &table, lim_find_column(&table, columns->items[i]), value);
        const char *condition = name == NULL ? NULL : lim_format(cx, "%s IS %s", name, value);
        if (text == NULL || condition == NULL || !lim_list_add(cx, &conditions, condition) ||
            !lim_create_table_split(cx, text, strlen(text), &table))
            return false;
    }
    return write_definition(p, table.text) && no_row_is(p, &conditions);
}

/* --- values -------------------------------------------------------------------------------- */

/* The rows of an index in the tables of statistics go when it is dropped: until it is made again
** they have another name. */
static bool rename_statistics(in_place *p, const char *index, const char *from, const char *to) {
    for (uint32_t i = 0; i < p->with->statistics.count; i++)
        if (!limbeck_passed(
                &p->attempt,
                limbeck_try(p->call, NULL,
                            "UPDATE \"%w\".%s SET idx = '%q%s' WHERE idx = '%q%s' COLLATE"
                            " nocase AND tbl = %Q COLLATE nocase",
                            p->r->table.schema, p->with->statistics.items[i], index, to, index,
                            from, p->r->table.name)))
            return false;
    return true;
}

static bool drop_users_of_values(in_place *p) {
    if (!limbeck_triggers_drop(p->r, p->with))
        return false;
    for (uint32_t i = 0; i < p->with->indexes.count; i++) {
        const char *index = p->with->indexes.items[i];
        if (!limbeck_index_uses(p->call, p->with->index_sql.items[i], &p->effect.converted))
            continue;
        if (!rename_statistics(p, index, "", "~old") ||
            !limbeck_passed(&p->attempt, limbeck_try(p->call, NULL, "DROP INDEX \"%w\".\"%w\"",
                                                     p->r->table.schema, index)))
            return false;
    }
    return true;
}

static bool create_users_of_values(in_place *p) {
    for (uint32_t i = 0; i < p->with->indexes.count; i++) {
        const char *sql = p->with->index_sql.items[i];
        if (limbeck_index_uses(p->call, sql, &p->effect.converted) &&
            (!limbeck_passed(&p->attempt, limbeck_try(p->call, NULL, "%s", sql)) ||
             !rename_statistics(p, p->with->indexes.items[i], "~old", "")))
            return false;
    }
    return limbeck_triggers_create(p->r, p->with);
}

/* Writes the columns anew: SQLite converts what it stores. */
static bool convert_values(in_place *p) {
    const char *assignments = lim_list_join(&p->call->cx, &p->effect.assignments);
    return assignments != NULL &&
           limbeck_passed(&p->attempt,
                          limbeck_try(p->call, NULL,
                                      "UPDATE OR ABORT \"%w\".\"%w\" NOT INDEXED SET %s",
                                      p->r->table.schema, p->r->table.name, assignments));
}

/* --- all of it ----------------------------------------------------------------------------- */

static bool carry_out(in_place *p) {
    const lim_create_table *after = &p->r->edit->table;
    const char *text = lim_copy(&p->call->cx, after->text, after->length);
    bool converts = p->effect.converted.count > 0;
    return create_trial(p) && no_row_is(p, &p->effect.forbidden) && no_row_ends_early(p) &&
           (!converts || drop_users_of_values(p)) && write_definition(p, text) &&
           compare_with_trial(p) &&
           (!converts || (convert_values(p) && no_row_is(p, &p->effect.forbidden_after) &&
                          create_users_of_values(p)));
}

bool limbeck_rebuild_in_place(limbeck_rebuild *r, const lim_create_table *before,
                              const limbeck_companions *with, bool *done) {
    in_place p = {
        .r = r, .call = r->call, .before = before, .with = with, .attempt = {.call = r->call}};
    *done = false;
    if (!lim_edit_effect(before, r->edit, &p.effect))
        return false;
    if (!p.effect.rows_stay || r->script != NULL || lim_same_name(r->table.schema, "temp") ||
        !limbeck_schema_open(&p.attempt))
        return true;
    if (!limbeck_change(r->call, NULL, "SAVEPOINT " LIMBECK_ALTER_SAVEPOINT))
        return false;
    *done = carry_out(&p);
    if (!*done && (!p.attempt.refused ||
                   !limbeck_change(r->call, NULL, "ROLLBACK TO " LIMBECK_ALTER_SAVEPOINT)))
        return false;
    return limbeck_change(r->call, NULL, "RELEASE " LIMBECK_ALTER_SAVEPOINT);
}
