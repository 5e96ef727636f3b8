/*
** alter_run.c - ALTER TABLE statements of a body
*/
#include "alter_run.h"
#include "alter_depend.h"
#include "alter_drop.h"
#include "alter_few.h"
#include "alter_foreign.h"
#include "rebuild.h"
#include "vet.h"
#include <string.h>

static const char DROP_HINT[] = "Use DROP ... CASCADE to drop the dependent objects too.";

/* One run: consecutive statements about one table. */
typedef struct alter_run {
    limbeck_call *call;
    const lim_body *body;
    uint32_t first; /* its first statement */
    const char *text;
    lim_list *script;
    size_t place; /* where the failure, if one comes, is in the text */

    lim_alter *alters; /* one a statement */
    bool *done;        /* carried out already: a RENAME COLUMN that went first */
    uint32_t capacity;
    uint32_t parsed; /* those of the run, and the one behind it if that is an ALTER TABLE */
    uint32_t count;

    limbeck_table table;
    bool fresh; /* it was read after the last change */
    bool alone; /* no view and no trigger is there, and no other change to come */
    limbeck_dependents dependents; /* before the change */
    lim_edit edit;
    bool editing;
} alter_run;

/* --- which statements belong together ------------------------------------------------------ */

static lim_statement statement_of(const alter_run *run, uint32_t i) {
    return lim_body_statement(run->body, run->first + i);
}

/* Parses the statement behind those that are parsed. False: it can't be, with the place at fault. */
static bool parse(alter_run *run, size_t *place) {
    lim_context *cx = &run->call->cx;
    uint32_t capacity = run->capacity;
    uint32_t i = run->parsed;
    lim_statement statement = statement_of(run, i);
    if (!lim_grow(cx, &run->done, &capacity, i + 1, sizeof *run->done) ||
        !lim_grow(cx, &run->alters, &run->capacity, i + 1, sizeof *run->alters))
        return false;
    run->done[i] = false;
    run->alters[i] = (lim_alter){.text = run->text};
    if (!lim_alter_parse(cx, run->text, &statement, &run->alters[i], place))
        return false;
    run->parsed++;
    return true;
}

/* True when there is a statement i of the run, for all that is known before its table is looked at. One that
** doesn't parse is for its own turn. */
static bool parse_next(alter_run *run, uint32_t i) {
    lim_context *cx = &run->call->cx;
    lim_statement statement;
    size_t place;
    if (i < run->parsed)
        return true;
    if (run->first + i >= run->body->count)
        return false;
    statement = statement_of(run, i);
    if (!lim_is_alter_table(run->text, &statement))
        return false;
    if (parse(run, &place))
        return true;
    if (cx->error.code != LIM_NOMEM)
        cx->error = (lim_error){0};
    return false;
}

static bool same_table(const alter_run *run, const lim_alter *alter) {
    const lim_alter *first = &run->alters[0];
    if (!lim_same_name(first->table, alter->table))
        return false;
    if (first->schema == NULL && alter->schema == NULL)
        return true;
    return alter->schema != NULL && lim_same_name(alter->schema, run->table.schema);
}

/* True when the statement has the name in it, as whatever. */
static bool statement_has_name(alter_run *run, uint32_t i, const char *name) {
    lim_statement statement = statement_of(run, i);
    lim_scanner s = lim_scanner_at(&run->call->cx, run->text, statement.end, statement.start);
    for (; s.token.kind != LIM_TOKEN_END; lim_scan_next(&s)) {
        char *found;
        if (!lim_is_name(s.token))
            continue;
        found = lim_token_name(s.cx, LIM_SQLITE, run->text, s.token);
        if (found == NULL || lim_same_name(found, name))
            return true;
    }
    return false;
}

/* True when the statement speaks of a constraint by a name that is made of the columns' names. */
static bool uses_generated_name(alter_run *run, uint32_t i) {
    lim_context *cx = &run->call->cx;
    lim_create_table table;
    lim_named_constraint *named;
    uint32_t count;
    if (!lim_create_table_split(cx, run->table.sql, strlen(run->table.sql), &table) ||
        !lim_name_constraints(cx, &table, &named, &count))
        return true;
    for (uint32_t k = 0; k < run->alters[i].count; k++) {
        const lim_alter_action *action = &run->alters[i].actions[k];
        const lim_named_constraint *found;
        if (action->kind != LIM_ALTER_DROP_CONSTRAINT &&
            action->kind != LIM_ALTER_RENAME_CONSTRAINT)
            continue;
        found = lim_find_constraint(named, count, action->name);
        if (found == NULL || found->generated)
            return true;
    }
    return false;
}

/* True when the RENAME COLUMN can go before the statements that stand before it. */
static bool can_go_first(alter_run *run, uint32_t i) {
    const lim_alter_action *rename = &run->alters[i].actions[0];
    for (uint32_t k = 0; k < i; k++)
        if (!run->done[k] &&
            (statement_has_name(run, k, rename->name) ||
             statement_has_name(run, k, rename->new_name) || uses_generated_name(run, k)))
            return false;
    return true;
}

/* Finds how many statements make the run, and which of them go first. */
static bool collect(alter_run *run) {
    for (run->count = 1; parse_next(run, run->count); run->count++) {
        uint32_t i = run->count;
        lim_alter_kind kind;
        if (!same_table(run, &run->alters[i]))
            break;
        kind = run->alters[i].actions[0].kind;
        if (kind == LIM_ALTER_RENAME_TABLE)
            break;
        if (kind == LIM_ALTER_RENAME_COLUMN) {
            if (!can_go_first(run, i))
                break;
            run->done[i] = true;
        }
    }
    run->done[0] = run->alters[0].actions[0].kind == LIM_ALTER_RENAME_COLUMN;
    return !limbeck_failed(run->call);
}

/* --- the table ----------------------------------------------------------------------------- */

static bool find_table(alter_run *run) {
    const lim_alter *first = &run->alters[0];
    run->fresh = true;
    return limbeck_find_table(run->call, first->schema, first->table, &run->table);
}

/* The table's stored text may be another after each native statement. */
static bool find_again(alter_run *run) {
    return limbeck_find_table(run->call, run->table.schema, run->table.name, &run->table);
}

/* Refuses what can't be altered. */
static bool may_be_altered(alter_run *run) {
    lim_context *cx = &run->call->cx;
    const lim_alter *first = &run->alters[0];
    const char *shown = lim_show(cx, first->table);
    run->place = first->table_at;
    if (run->table.schema == NULL)
        return first->schema != NULL
                   ? lim_fail(cx, LIM_UNDEFINED, NULL, "no such table: %s.%s",
                              lim_show(cx, first->schema), shown)
                   : lim_fail(cx, LIM_UNDEFINED, NULL, "no such table: %s", shown);
    if (run->table.is_view)
        return lim_fail(cx, LIM_STATE, "Drop the view and create it anew.",
                        "view %s may not be altered", shown);
    if (run->table.is_virtual && first->actions[0].kind != LIM_ALTER_RENAME_TABLE)
        return lim_fail(cx, LIM_NOT_SUPPORTED, "A virtual table can only be renamed.",
                        "virtual table %s may not be altered", shown);
    if (sqlite3_strnicmp(run->table.name, "sqlite_", 7) == 0)
        return lim_fail(cx, LIM_STATE, NULL, "table %s may not be altered", shown);
    return true;
}

/* --- what SQLite does itself --------------------------------------------------------------- */

/* A RENAME; the new name as it is written, because SQLite keeps its quotes. */
static bool rename_native(alter_run *run, const lim_alter_action *action) {
    int length = (int)(action->new_span.end - action->new_span.start);
    const char *name = run->text + action->new_span.start;
    lim_create_table table;
    run->fresh = false;
    run->place = action->name != NULL ? action->name_at : action->at;
    if (action->kind == LIM_ALTER_RENAME_TABLE)
        return limbeck_change(run->call, run->script, "ALTER TABLE \"%w\".\"%w\" RENAME TO %.*s",
                              run->table.schema, run->table.name, length, name);
    if (!find_again(run) ||
        !lim_create_table_split(&run->call->cx, run->table.sql, strlen(run->table.sql), &table))
        return false;
    if (lim_find_column(&table, action->name) < 0)
        return lim_fail(&run->call->cx, LIM_UNDEFINED, NULL, "column \"%s\" does not exist",
                        lim_show(&run->call->cx, action->name));
    return limbeck_change(run->call, run->script,
                          "ALTER TABLE \"%w\".\"%w\" RENAME COLUMN \"%w\" TO %.*s",
                          run->table.schema, run->table.name, action->name, length, name);
}

/* True when SQLite may be asked to add the column: it would not refuse it outright, nor take it
** without looking at the rows. */
static bool may_add_natively(const lim_table_column *column) {
    bool generated = lim_column_clause(column, LIM_CLAUSE_GENERATED) != NULL;
    bool has_default = lim_column_clause(column, LIM_CLAUSE_DEFAULT) != NULL;
    bool not_null = lim_column_clause(column, LIM_CLAUSE_NOT_NULL) != NULL;
    bool check = lim_column_clause(column, LIM_CLAUSE_CHECK) != NULL;
    if (lim_column_clause(column, LIM_CLAUSE_PRIMARY_KEY) != NULL ||
        lim_column_clause(column, LIM_CLAUSE_UNIQUE) != NULL || (not_null && !has_default) ||
        (has_default && lim_column_clause(column, LIM_CLAUSE_FOREIGN_KEY) != NULL))
        return false;
    /* Since 3.37 SQLite looks whether the rows satisfy the CHECK. */
    return !(generated && (check || not_null)) && (!check || limbeck_has(3037000));
}

/* True when SQLite would drop the column and leave the text as an edit leaves it: it takes away what
** stands behind the last column, comments too. */
static bool may_drop_natively(alter_run *run, const lim_create_table *table, int32_t column,
                              const char **text) {
    lim_context *cx = &run->call->cx;
    const lim_table_column *c = &table->columns[column];
    bool last = (uint32_t)column + 1 == table->column_count;
    size_t start = last ? c->comma : c->whole.start;
    size_t end = last ? table->right : c[1].whole.start;
    const char *edited;
    const char *theirs;
    if (!limbeck_has(3035005) || (last && column == 0))
        return false;
    for (uint32_t i = 0; i < c->clause_count; i++)
        if (lim_stays_without(cx, table, &c->clauses[i]))
            return false;
    if (last && table->constraint_count > 0)
        end = table->constraints[0].comma;
    if (end == LIM_NOWHERE)
        return false;
    *text = edited = lim_without_column(cx, table, column);
    theirs = lim_spliced(cx, table->text, table->length, start, end, "");
    return edited != NULL && theirs != NULL && strcmp(edited, theirs) == 0;
}

/* True for a column to add that no row, no key and no expression has to do with. */
static bool is_plain_column(const lim_table_column *column) {
    if (!may_add_natively(column))
        return false;
    for (uint32_t i = 0; i < column->clause_count; i++) {
        lim_clause_kind kind = column->clauses[i].kind;
        if (kind != LIM_CLAUSE_NULL && kind != LIM_CLAUSE_NOT_NULL && kind != LIM_CLAUSE_DEFAULT)
            return false;
    }
    return true;
}

/* True for a column to drop that no key, of this table or another, has to do with. */
static bool is_plain_loss(const lim_table_column *column) {
    for (uint32_t i = 0; i < column->clause_count; i++) {
        lim_clause_kind kind = column->clauses[i].kind;
        if (kind == LIM_CLAUSE_PRIMARY_KEY || kind == LIM_CLAUSE_UNIQUE ||
            kind == LIM_CLAUSE_FOREIGN_KEY)
            return false;
    }
    return true;
}

/* Where there is no view and no trigger, tables with few rows can do without SQLite's ALTER TABLE. */
static bool add_few(alter_run *run, const char *table, const lim_alter_action *action,
                    const char *definition, bool *taken) {
    limbeck_few few = {
        .table = table, .added = action->name, .definition = definition, .body = run->body};
    return !is_plain_column(&action->column) || limbeck_alter_few_rows(run->call, &few, taken);
}

static bool drop_few(alter_run *run, const lim_create_table *table, int32_t column,
                     const char *without, bool *taken) {
    limbeck_few few = {.table = run->table.name,
                       .dropped = table->columns[column].name,
                       .without = without,
                       .body = run->body};
    if (is_plain_loss(&table->columns[column])) {
        if (!limbeck_alter_few_rows(run->call, &few, taken))
            return false;
        if (*taken)
            return true;
    }
    return run->call->few_refused || limbeck_body_says_changes(run->call, run->body) ||
           limbeck_drop_in_few_rows(run->call, &run->table, table, column, without, taken);
}

static bool may_copy(const alter_run *run) {
    return run->alone && run->script == NULL && lim_same_name(run->table.schema, "main");
}

/* Tries an ADD COLUMN or DROP COLUMN as SQLite's own. *taken: it is done. */
static bool try_native(alter_run *run, const lim_alter_action *action, bool *taken) {
    lim_create_table table;
    const char *text;
    int32_t column;
    int rc = SQLITE_ERROR;
    *taken = false;
    if ((!run->fresh && !find_again(run)) ||
        !lim_create_table_split(&run->call->cx, run->table.sql, strlen(run->table.sql), &table))
        return false;
    run->fresh = false;
    column = lim_find_column(&table, action->name);
    if (action->kind == LIM_ALTER_ADD_COLUMN && column < 0 && may_add_natively(&action->column)) {
        char *definition = lim_column_definition(&run->call->cx, run->text, &action->column);
        if (definition == NULL ||
            (may_copy(run) && !add_few(run, run->table.name, action, definition, taken)))
            return false;
        if (*taken)
            return true;
        rc = limbeck_try(run->call, run->script, "ALTER TABLE \"%w\".\"%w\" ADD COLUMN %s",
                         run->table.schema, run->table.name, definition);
    } else if (action->kind == LIM_ALTER_DROP_COLUMN && column >= 0 &&
               may_drop_natively(run, &table, column, &text)) {
        if (may_copy(run) && !drop_few(run, &table, column, text, taken))
            return false;
        if (*taken)
            return true;
        rc = limbeck_try(run->call, run->script, "ALTER TABLE \"%w\".\"%w\" DROP COLUMN \"%w\"",
                         run->table.schema, run->table.name, action->name);
    }
    *taken = rc == SQLITE_OK;
    if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_ERROR || (rc & 0xff) == SQLITE_CONSTRAINT)
        return !limbeck_failed(run->call);
    return limbeck_fail_sqlite(run->call, rc, NULL);
}

/* True when the run has nothing but ADD COLUMN and DROP COLUMN. */
static bool only_columns(const alter_run *run) {
    for (uint32_t i = 0; i < run->count; i++)
        for (uint32_t k = 0; !run->done[i] && k < run->alters[i].count; k++)
            if (run->alters[i].actions[k].kind != LIM_ALTER_ADD_COLUMN &&
                run->alters[i].actions[k].kind != LIM_ALTER_DROP_COLUMN)
                return false;
    return true;
}

/* --- edits --------------------------------------------------------------------------------- */

/* True when a later statement computes with what the edit has changed: the run ends before it. */
static bool must_wait(alter_run *run, uint32_t i) {
    for (uint32_t k = 0; run->editing && i > 0 && k < run->alters[i].count; k++)
        if (lim_edit_must_wait(&run->edit, run->text, &run->alters[i].actions[k]))
            return true;
    return false;
}

static bool apply(alter_run *run, uint32_t i, const lim_alter_action *action) {
    run->place = action->name_at != 0 ? action->name_at : action->at;
    if (!run->editing) {
        if (!find_again(run) ||
            !lim_edit_begin(&run->call->cx, run->table.sql, strlen(run->table.sql), &run->edit))
            return false;
        run->editing = true;
    }
    run->edit.statement = i + 1;
    return lim_edit_apply(&run->edit, run->text, action);
}

/* Applies the run's actions: natively as long as that goes, then to one edit. */
static bool apply_all(alter_run *run) {
    bool native = only_columns(run);
    for (uint32_t i = 0; i < run->count; i++) {
        const lim_alter *alter = &run->alters[i];
        if (run->done[i])
            continue;
        run->edit.statement = i + 1;
        if (must_wait(run, i)) {
            run->count = i;
            break;
        }
        for (uint32_t k = 0; k < alter->count; k++) {
            bool taken = false;
            if (native && !try_native(run, &alter->actions[k], &taken))
                return false;
            if (taken)
                continue;
            if (!apply(run, i, &alter->actions[k]))
                return false;
            native = native && !run->edit.rebuild;
            if (native) /* nothing to change: the next may be SQLite's again */
                run->editing = false;
        }
    }
    return true;
}

/* --- what else the change touches ---------------------------------------------------------- */

/* The first action of the run that drops a column (or a constraint), and may be told the object. */
static const lim_alter_action *find_drop(const alter_run *run, lim_alter_kind kind, bool cascade,
                                         const char *mentioned_in) {
    const lim_alter_action *found = NULL;
    for (uint32_t i = 0; i < run->count; i++) {
        for (uint32_t k = 0; k < run->alters[i].count; k++) {
            const lim_alter_action *action = &run->alters[i].actions[k];
            if (action->kind != kind || (cascade && !action->cascade))
                continue;
            if (mentioned_in != NULL &&
                lim_mentions(&run->call->cx, mentioned_in, 0, strlen(mentioned_in), action->name))
                return action;
            if (found == NULL)
                found = action;
        }
    }
    return found;
}

static bool fail_orphan(alter_run *run, const limbeck_orphan *orphan) {
    lim_context *cx = &run->call->cx;
    const char *table = lim_show(cx, run->table.name);
    const char *child = lim_show(cx, orphan->child);
    const lim_alter_action *drop = find_drop(run, LIM_ALTER_DROP_CONSTRAINT, false, NULL);
    const char *constraint = orphan->constraint != NULL ? lim_show(cx, orphan->constraint) : "?";
    if (drop == NULL)
        drop = find_drop(run, LIM_ALTER_DROP_COLUMN, false, NULL);
    if (drop == NULL)
        return lim_fail(cx, LIM_STATE, NULL,
                        "there is no unique constraint matching given keys for referenced table "
                        "\"%s\"",
                        table);
    run->place = drop->name_at;
    if (drop->kind == LIM_ALTER_DROP_COLUMN) {
        lim_fail(cx, LIM_STATE, DROP_HINT,
                 "cannot drop column %s of table %s because other objects depend on it",
                 lim_show(cx, drop->name), table);
        return lim_fail_detail(cx, "constraint %s on table %s depends on column %s of table %s",
                               constraint, child, lim_show(cx, drop->name), table);
    }
    lim_fail(cx, LIM_STATE, DROP_HINT,
             "cannot drop constraint %s on table %s because other objects depend on it",
             lim_show(cx, drop->name), table);
    return lim_fail_detail(cx, "constraint %s on table %s depends on index %s", constraint, child,
                           lim_show(cx, drop->name));
}

/* Drops the foreign key of a child by a rebuild of the child. */
static bool drop_orphan(alter_run *run, const limbeck_orphan *orphan) {
    lim_alter_action drop = {.kind = LIM_ALTER_DROP_CONSTRAINT, .name = orphan->constraint};
    lim_edit edit;
    limbeck_rebuild r = {
        .call = run->call, .edit = &edit, .script = run->script, .place = run->place};
    return limbeck_find_table(run->call, run->table.schema, orphan->child, &r.table) &&
           lim_edit_begin(&run->call->cx, r.table.sql, strlen(r.table.sql), &edit) &&
           lim_edit_apply(&edit, run->text, &drop) && limbeck_rebuild_table(&r);
}

/* Foreign keys whose parent key is gone: dropped with CASCADE, refused without. */
static bool settle_orphans(alter_run *run, const limbeck_foreign *before) {
    bool cascade = find_drop(run, LIM_ALTER_DROP_CONSTRAINT, true, NULL) != NULL ||
                   find_drop(run, LIM_ALTER_DROP_COLUMN, true, NULL) != NULL;
    for (;;) {
        limbeck_orphan orphan;
        if (!limbeck_foreign_orphan(run->call, before, &orphan))
            return false;
        if (orphan.child == NULL)
            return true;
        if (!cascade || orphan.constraint == NULL)
            return fail_orphan(run, &orphan);
        if (!drop_orphan(run, &orphan))
            return false;
    }
}

static bool rebuild(alter_run *run) {
    limbeck_foreign before;
    limbeck_rebuild r = {.call = run->call,
                         .table = run->table,
                         .edit = &run->edit,
                         .script = run->script,
                         .place = run->place};
    const char *constraint = NULL;
    if (!limbeck_foreign_read(run->call, &run->table, &before))
        return false;
    if (!limbeck_rebuild_table(&r)) {
        run->place = r.place;
        return false;
    }
    if (!settle_orphans(run, &before))
        return false;
    if (limbeck_foreign_compare(run->call, &before, r.rowids_change, &constraint))
        return true;
    run->place = limbeck_rebuild_place(&r, NULL, constraint);
    return false;
}

/* Names everything that the change breaks, in PostgreSQL's words where a column is dropped. */
static bool fail_broken(alter_run *run, const limbeck_broken_list *broken) {
    lim_context *cx = &run->call->cx;
    const char *table = lim_show(cx, run->table.name);
    const limbeck_broken *first = &broken->items[0];
    const lim_alter_action *drop = find_drop(run, LIM_ALTER_DROP_COLUMN, false, first->sql);
    lim_text detail = {.cx = cx};
    run->call->code = SQLITE_ERROR;
    if (strcmp(first->kind, "table") == 0)
        return lim_fail(cx, LIM_STATE, NULL,
                        "table \"%s\" cannot be written to after the change: %s",
                        lim_show(cx, first->name), first->problem);
    if (drop != NULL) {
        run->place = drop->name_at;
        lim_fail(cx, LIM_STATE, DROP_HINT,
                 "cannot drop column %s of table %s because other objects depend on it",
                 lim_show(cx, drop->name), table);
    } else {
        lim_fail(cx, LIM_STATE, NULL, "altering table \"%s\" breaks %s \"%s\"", table, first->kind,
                 lim_show(cx, first->name));
    }
    for (uint32_t i = 0; i < broken->count; i++) {
        const limbeck_broken *b = &broken->items[i];
        if (i > 0)
            lim_text_addc(&detail, '\n');
        if (drop != NULL)
            lim_text_addf(&detail, "%s %s depends on column %s of table %s", b->kind,
                          lim_show(cx, b->name), lim_show(cx, drop->name), table);
        else
            lim_text_addf(&detail, "%s \"%s\": %s", b->kind, lim_show(cx, b->name), b->problem);
    }
    return lim_text_end(&detail) != NULL && lim_fail_detail(cx, "%s", detail.data);
}

/* Views and triggers that the change broke: dropped with DROP COLUMN ... CASCADE, refused without. */
static bool settle_dependents(alter_run *run) {
    bool cascade = find_drop(run, LIM_ALTER_DROP_COLUMN, true, NULL) != NULL;
    for (;;) {
        limbeck_broken_list broken;
        if (!limbeck_dependents_compare(run->call, &run->table, &run->dependents, &broken))
            return false;
        if (broken.count == 0)
            return true;
        if (!cascade || strcmp(broken.items[0].kind, "table") == 0)
            return fail_broken(run, &broken);
        for (uint32_t i = 0; i < broken.count; i++)
            if (!limbeck_change(run->call, run->script, "DROP %s IF EXISTS \"%w\".\"%w\"",
                                broken.items[i].kind, broken.items[i].schema, broken.items[i].name))
                return false;
    }
}

/* --- a run --------------------------------------------------------------------------------- */

/* Drops a column at once, if that is all there is to do and there is no view and no trigger:
** SQLite itself makes sure that nothing else of the table needs the column. */
static bool drop_at_once(alter_run *run, bool *taken) {
    const lim_alter *alter = &run->alters[0];
    *taken = false;
    if (!limbeck_watch_look(run->call))
        return false;
    run->alone = !run->call->dependents;
    if (!run->alone || run->count != 1 || alter->count != 1 ||
        alter->actions[0].kind != LIM_ALTER_DROP_COLUMN)
        return true;
    if (!try_native(run, &alter->actions[0], taken))
        return false;
    run->alone = false; /* nothing of it is tried twice */
    return true;
}

static bool carry_out(alter_run *run) {
    bool renamed = false;
    bool taken;
    if (!drop_at_once(run, &taken))
        return false;
    if (taken)
        return true;
    for (uint32_t i = 0; i < run->count; i++) {
        if (!run->done[i])
            continue;
        renamed = true;
        if (!rename_native(run, &run->alters[i].actions[0]))
            return false;
    }
    for (uint32_t i = 0; renamed && i < run->count; i++)
        renamed = run->done[i];
    if (renamed) /* nothing else to do, and SQLite has looked after views and triggers */
        return true;
    return limbeck_dependents_read(run->call, &run->table, &run->dependents) && apply_all(run) &&
           (!run->editing || !run->edit.rebuild || rebuild(run)) && settle_dependents(run);
}

/* True when the statement does nothing but add a plain column, and the next is about another table. */
static bool adds_plain_column(alter_run *run) {
    const lim_alter *alter = &run->alters[0];
    const lim_alter_action *action = &alter->actions[0];
    if (alter->if_there || alter->count != 1 || action->kind != LIM_ALTER_ADD_COLUMN ||
        action->unless_there || !is_plain_column(&action->column))
        return false;
    return !parse_next(run, 1) || !lim_same_name(run->alters[0].table, run->alters[1].table);
}

/* True when the table that the statement names is main's or temp's. */
static bool is_near(limbeck_call *call, const lim_alter *alter) {
    static const char *const near[] = {"temp", "main"};
    for (int i = 0; i < 2; i++)
        if ((alter->schema == NULL || sqlite3_stricmp(alter->schema, near[i]) == 0) &&
            sqlite3_table_column_metadata(call->db, near[i], alter->table, NULL, NULL, NULL, NULL,
                                          NULL, NULL) == SQLITE_OK)
            return true;
    return false;
}

/* Lets SQLite add such a column at once. What it refuses goes the long way, which finds the words;
** and where there is no view and no trigger a new column breaks nothing, so that neither the
** table's text nor the rest of the schema has to be looked at. */
static bool add_at_once(alter_run *run, bool *taken) {
    limbeck_call *call = run->call;
    const lim_alter *alter;
    char *definition;
    int rc;
    *taken = false;
    if (run->script != NULL || !adds_plain_column(run) || !is_near(call, &run->alters[0]))
        return !limbeck_failed(call);
    alter = &run->alters[0];
    if (!limbeck_watch_look(call))
        return false;
    if (call->dependents)
        return true;
    definition = lim_column_definition(&call->cx, run->text, &alter->actions[0].column);
    if (definition == NULL || !add_few(run, alter->table, &alter->actions[0], definition, taken))
        return false;
    if (*taken)
        return true;
    rc = limbeck_try(call, NULL, "ALTER TABLE %s%w%s\"%w\" ADD COLUMN %s",
                     alter->schema != NULL ? "\"" : "", alter->schema != NULL ? alter->schema : "",
                     alter->schema != NULL ? "\"." : "", alter->table, definition);
    *taken = rc == SQLITE_OK;
    if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_ERROR || (rc & 0xff) == SQLITE_CONSTRAINT)
        return !limbeck_failed(call);
    return limbeck_fail_sqlite(call, rc, NULL);
}

bool limbeck_alter(limbeck_call *call, const lim_body *body, uint32_t first,
                   limbeck_altered *altered) {
    alter_run run = {
        .call = call, .body = body, .first = first, .text = body->text, .script = altered->script};
    lim_statement statement = lim_body_statement(body, first);
    bool taken;
    bool ok;
    altered->statements = 0;
    altered->offset = body->spans[first].start;
    if (!lim_is_alter_table(body->text, &statement))
        return true;
    if (!parse(&run, &altered->offset) || !add_at_once(&run, &taken))
        return false;
    if (taken) {
        altered->statements = 1;
        return true;
    }
    if (!find_table(&run))
        return false;
    run.count = 1;
    if (run.table.schema == NULL && run.alters[0].if_there) {
        altered->statements = 1;
        return true;
    }
    ok = may_be_altered(&run);
    if (ok && run.alters[0].actions[0].kind == LIM_ALTER_RENAME_TABLE)
        ok = rename_native(&run, &run.alters[0].actions[0]);
    else
        ok = ok && collect(&run) && carry_out(&run);
    altered->statements = run.count;
    if (ok)
        return true;
    altered->offset = run.place;
    for (uint32_t i = 0; i < run.parsed; i++)
        if (run.place >= body->spans[first + i].start)
            altered->statements = i;
    return false;
}
