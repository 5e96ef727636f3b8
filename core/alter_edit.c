/*
** alter_edit.c - see alter_edit.h
**
** Each action checks what PostgreSQL would check of the table's own definition, gets the new text
** from edit_text.c and cuts it again; texts are short, so nothing is kept between actions but the
** columns' origins.
*/
#include "edit_text.h"

#include <string.h>

static const char DEPENDENT_HINT[] = "Use DROP ... CASCADE to drop the dependent objects too.";

/* Takes the new text. */
static bool set_text(lim_edit *edit, const char *text) {
    if (!text)
        return false;
    edit->rebuild = true;
    return lim_create_table_split(edit->cx, text, strlen(text), &edit->table);
}

bool lim_edit_begin(lim_context *cx, const char *text, size_t length, lim_edit *edit) {
    *edit = (lim_edit){.cx = cx, .statement = 1};
    if (!lim_create_table_split(cx, text, length, &edit->table))
        return false;
    edit->origins = LIM_NEW(cx, lim_origin, edit->table.column_count);
    if (!edit->origins)
        return false;
    for (uint32_t i = 0; i < edit->table.column_count; i++)
        edit->origins[i] =
            (lim_origin){.source = edit->table.columns[i].name, .place = LIM_NOWHERE};
    return true;
}

/* --- checks -------------------------------------------------------------------------------- */

/* The column the action names, or -1 with the error. */
static int32_t find(lim_edit *edit, const lim_alter_action *action) {
    int32_t column = lim_find_column(&edit->table, action->name);
    if (column < 0)
        lim_fail(edit->cx, LIM_UNDEFINED, NULL, "column \"%s\" of relation \"%s\" does not exist",
                 lim_show(edit->cx, action->name), lim_show(edit->cx, edit->table.name));
    return column;
}

/* The table's constraints by name. */
static bool name_all(lim_edit *edit, lim_named_constraint **named, uint32_t *count) {
    return lim_name_constraints(edit->cx, &edit->table, named, count);
}

static bool no_constraint(lim_edit *edit, const char *name) {
    return lim_fail(edit->cx, LIM_UNDEFINED, NULL,
                    "constraint \"%s\" of relation \"%s\" does not exist", lim_show(edit->cx, name),
                    lim_show(edit->cx, edit->table.name));
}

/* Fails when the name is a constraint's. */
static bool name_is_free(lim_edit *edit, const char *name) {
    lim_named_constraint *named;
    uint32_t count;
    if (!name_all(edit, &named, &count))
        return false;
    if (!lim_find_constraint(named, count, name))
        return true;
    return lim_fail(edit->cx, LIM_DUPLICATE, NULL,
                    "constraint \"%s\" for relation \"%s\" already exists",
                    lim_show(edit->cx, name), lim_show(edit->cx, edit->table.name));
}

static bool may_get_primary_key(lim_edit *edit) {
    return !lim_primary_key(&edit->table) ||
           lim_fail(edit->cx, LIM_STATE, NULL,
                    "multiple primary keys for table \"%s\" are not allowed",
                    lim_show(edit->cx, edit->table.name));
}

/* --- text of types and defaults ------------------------------------------------------------ */

/* The type as SQLite reads it: names, then perhaps one or two numbers in parentheses. Any other
** (timestamp(3) with time zone, interval day to second) in quotes, which SQLite takes as well. */
static char *sqlite_type(lim_context *cx, const char *text, lim_span span) {
    lim_scanner s = lim_scanner_at(cx, text, span.end, span.start);
    char *verbatim = lim_copy(cx, text + span.start, span.end - span.start);
    while (lim_is_name(s.token) && !lim_scan_at(&s, "to"))
        lim_scan_next(&s);
    if (s.token.kind == LIM_TOKEN_LEFT && s.end > span.start) {
        for (int numbers = 0; numbers < 2 && s.token.kind != LIM_TOKEN_RIGHT; numbers++) {
            lim_scan_next(&s);
            if (s.token.kind == LIM_TOKEN_OPERATOR)
                lim_scan_next(&s);
            if (s.token.kind == LIM_TOKEN_NUMBER)
                lim_scan_next(&s);
        }
        if (s.token.kind == LIM_TOKEN_RIGHT)
            lim_scan_next(&s);
    }
    if (!verbatim || s.token.kind == LIM_TOKEN_END)
        return verbatim;
    return lim_quote_name(cx, verbatim);
}

/* The default as SQLite reads it: a literal, perhaps with a sign, or a word as it is; anything else
** in parentheses. */
static char *sqlite_default(lim_context *cx, const char *text, lim_span span) {
    lim_scanner s = lim_scanner_at(cx, text, span.end, span.start);
    int length = (int)(span.end - span.start);
    lim_span group;
    if (s.token.kind == LIM_TOKEN_LEFT) {
        if (!lim_scan_group(&s, &group))
            return NULL;
    } else {
        if (s.token.kind == LIM_TOKEN_OPERATOR && s.token.length == 1 &&
            strchr("+-", text[s.token.start]))
            lim_scan_next(&s);
        if (lim_is_name(s.token) || s.token.kind == LIM_TOKEN_NUMBER)
            lim_scan_next(&s);
    }
    return lim_format(cx, s.token.kind == LIM_TOKEN_END ? "%.*s" : "(%.*s)", length,
                      text + span.start);
}

char *lim_column_definition(lim_context *cx, const char *text, const lim_table_column *column) {
    lim_text t = {.cx = cx};
    size_t done = column->whole.start;
    if (column->type.end > column->type.start) {
        char *type = sqlite_type(cx, text, column->type);
        if (!type)
            return NULL;
        lim_text_add(&t, text + done, column->type.start - done);
        lim_text_adds(&t, type);
        done = column->type.end;
    }
    for (uint32_t i = 0; i < column->clause_count; i++) {
        const lim_clause *clause = &column->clauses[i];
        char *value;
        if (clause->kind != LIM_CLAUSE_DEFAULT)
            continue;
        value = sqlite_default(cx, text, clause->value);
        if (!value)
            return NULL;
        lim_text_add(&t, text + done, clause->value.start - done);
        lim_text_adds(&t, value);
        done = clause->value.end;
    }
    lim_text_add(&t, text + done, column->whole.end - done);
    return lim_text_end(&t);
}

/* --- actions ------------------------------------------------------------------------------- */

static bool note_added(lim_edit *edit, const char *name, size_t place) {
    if (!lim_grow(edit->cx, &edit->added, &edit->added_capacity, edit->added_count + 1,
                  sizeof(lim_added)))
        return false;
    edit->added[edit->added_count++] = (lim_added){.name = name, .place = place};
    return true;
}

/* Notes every constraint that is there now and was not before. */
static bool note_new_constraints(lim_edit *edit, const lim_create_table *before, size_t place) {
    lim_named_constraint *old_named;
    lim_named_constraint *named;
    uint32_t old_count;
    uint32_t count;
    if (!lim_name_constraints(edit->cx, before, &old_named, &old_count) ||
        !name_all(edit, &named, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!lim_find_constraint(old_named, old_count, named[i].name) &&
            !note_added(edit, named[i].name, place))
            return false;
    return true;
}

static bool add_column(lim_edit *edit, const char *body, const lim_alter_action *action) {
    lim_create_table before = edit->table;
    char *definition;
    lim_origin *origins;
    if (lim_find_column(&edit->table, action->name) >= 0) {
        return action->unless_there ||
               lim_fail(edit->cx, LIM_DUPLICATE, NULL,
                        "column \"%s\" of relation \"%s\" already exists",
                        lim_show(edit->cx, action->name), lim_show(edit->cx, edit->table.name));
    }
    if (lim_column_clause(&action->column, LIM_CLAUSE_PRIMARY_KEY) && !may_get_primary_key(edit))
        return false;
    for (uint32_t i = 0; i < action->column.clause_count; i++)
        if (action->column.clauses[i].name && !name_is_free(edit, action->column.clauses[i].name))
            return false;
    definition = lim_column_definition(edit->cx, body, &action->column);
    origins = LIM_NEW(edit->cx, lim_origin, edit->table.column_count + 1);
    if (!definition || !origins ||
        !set_text(edit, lim_with_column(edit->cx, &edit->table, definition)))
        return false;
    memcpy(origins, edit->origins, before.column_count * sizeof *origins);
    origins[before.column_count] = (lim_origin){.typed = edit->statement, .place = action->at};
    edit->origins = origins;
    return note_new_constraints(edit, &before, action->at);
}

bool lim_stays_without(lim_context *cx, const lim_create_table *table, const lim_clause *clause) {
    return clause->kind == LIM_CLAUSE_CHECK && clause->column >= 0 &&
           !lim_mentions(cx, table->text, clause->value.start, clause->value.end,
                         table->columns[clause->column].name);
}

/* True when the constraint goes with the column. */
static bool involves(lim_edit *edit, const lim_clause *clause, int32_t column) {
    const char *name = edit->table.columns[column].name;
    if (clause->column == column)
        return false; /* it is in the column's own text */
    if (clause->kind == LIM_CLAUSE_CHECK)
        return lim_mentions(edit->cx, edit->table.text, clause->value.start, clause->value.end,
                            name);
    return lim_list_has_name(&clause->columns, name);
}

static bool drop_constraint_clause(lim_edit *edit, const lim_named_constraint *constraint,
                                   bool for_good) {
    const lim_clause *clause = constraint->clause;
    if (clause->kind == LIM_CLAUSE_PRIMARY_KEY && edit->table.without_rowid)
        return lim_fail(edit->cx, LIM_NOT_SUPPORTED,
                        "A WITHOUT ROWID table stores its rows in the primary key.",
                        "cannot drop the primary key of WITHOUT ROWID table \"%s\"",
                        lim_show(edit->cx, edit->table.name));
    return set_text(edit, lim_without_constraint(edit->cx, &edit->table, constraint, for_good));
}

/* Drops the table's constraints that involve the column, as PostgreSQL does without being asked. */
static bool drop_constraints_of(lim_edit *edit, int32_t column) {
    lim_named_constraint *named;
    uint32_t count;
    bool found;
    do {
        found = false;
        if (!name_all(edit, &named, &count))
            return false;
        for (uint32_t i = 0; i < count && !found; i++) {
            found = involves(edit, named[i].clause, column);
            if (found && !drop_constraint_clause(edit, &named[i], true))
                return false;
        }
    } while (found);
    return true;
}

/* A CHECK that is written at the column and about others is the table's: it stays. */
static bool keep_checks(lim_edit *edit, int32_t column) {
    for (uint32_t i = 0; i < edit->table.columns[column].clause_count; i++) {
        const lim_clause *clause = &edit->table.columns[column].clauses[i];
        if (lim_stays_without(edit->cx, &edit->table, clause) &&
            !set_text(edit, lim_with_constraint(edit->cx, &edit->table, edit->table.text, clause)))
            return false;
    }
    return true;
}

static bool drop_one_column(lim_edit *edit, int32_t column) {
    lim_origin origin = edit->origins[column];
    const lim_clause *key = lim_primary_key(&edit->table);
    if (edit->table.column_count == 1)
        return lim_fail(edit->cx, LIM_STATE, NULL,
                        "cannot drop column \"%s\": no other columns exist",
                        lim_show(edit->cx, edit->table.columns[column].name));
    if (key && key->column == column && edit->table.without_rowid)
        return lim_fail(edit->cx, LIM_NOT_SUPPORTED,
                        "A WITHOUT ROWID table stores its rows in the primary key.",
                        "cannot drop the primary key of WITHOUT ROWID table \"%s\"",
                        lim_show(edit->cx, edit->table.name));
    if (origin.source && !lim_list_add(edit->cx, &edit->dropped, origin.source))
        return false;
    if (!keep_checks(edit, column) || !drop_constraints_of(edit, column) ||
        !set_text(edit, lim_without_column(edit->cx, &edit->table, column)))
        return false;
    memmove(edit->origins + column, edit->origins + column + 1,
            (edit->table.column_count - (uint32_t)column) * sizeof *edit->origins);
    return true;
}

/* The index of a generated column that is computed from this one, or -1. */
static int32_t computed_from(lim_edit *edit, int32_t column) {
    for (uint32_t i = 0; i < edit->table.column_count; i++) {
        const lim_clause *g = lim_column_clause(&edit->table.columns[i], LIM_CLAUSE_GENERATED);
        if (g && (int32_t)i != column &&
            lim_mentions(edit->cx, edit->table.text, g->value.start, g->value.end,
                         edit->table.columns[column].name))
            return (int32_t)i;
    }
    return -1;
}

static bool drop_column(lim_edit *edit, const lim_alter_action *action) {
    int32_t column = lim_find_column(&edit->table, action->name);
    if (column < 0)
        return action->if_there || find(edit, action) >= 0;
    for (int32_t other; (other = computed_from(edit, column)) >= 0;) {
        lim_alter_action also = {.name = edit->table.columns[other].name, .cascade = true};
        if (!action->cascade) {
            const char *table = lim_show(edit->cx, edit->table.name);
            const char *name = lim_show(edit->cx, action->name);
            lim_fail(edit->cx, LIM_STATE, DEPENDENT_HINT,
                     "cannot drop column %s of table %s because other objects depend on it", name,
                     table);
            return lim_fail_detail(edit->cx,
                                   "column %s of table %s depends on column %s of table %s",
                                   lim_show(edit->cx, also.name), table, name, table);
        }
        if (!drop_column(edit, &also))
            return false;
        column = lim_find_column(&edit->table, action->name);
    }
    return drop_one_column(edit, column);
}

/* COLLATE x after TYPE t: sets the column's collation, "default" takes it away. */
static bool set_collation(lim_edit *edit, const char *body, const lim_alter_action *action,
                          int32_t column) {
    lim_context *cx = edit->cx;
    const lim_create_table *table = &edit->table;
    const lim_table_column *c = &table->columns[column];
    const lim_clause *collate = lim_column_clause(c, LIM_CLAUSE_COLLATE);
    char *name = lim_copy(cx, body + action->collation.start,
                          action->collation.end - action->collation.start);
    if (!name)
        return false;
    if (collate && action->no_collation) {
        size_t start = collate->whole.start;
        start -= table->text[start - 1] == ' ';
        return set_text(edit,
                        lim_spliced(cx, table->text, table->length, start, collate->whole.end, ""));
    }
    if (action->no_collation)
        return true;
    if (collate)
        return set_text(edit, lim_spliced(cx, table->text, table->length, collate->value.start,
                                          collate->value.end, name));
    name = lim_format(cx, " COLLATE %s", name);
    return name && set_text(edit, lim_spliced(cx, table->text, table->length, c->type.end,
                                              c->type.end, name));
}

static bool set_type(lim_edit *edit, const char *body, const lim_alter_action *action) {
    lim_context *cx = edit->cx;
    int32_t column = find(edit, action);
    lim_table_column *c;
    char *type;
    if (column < 0)
        return false;
    c = &edit->table.columns[column];
    if (edit->origins[column].typed == edit->statement)
        return lim_fail(cx, LIM_SYNTAX, NULL, "cannot alter type of column \"%s\" twice",
                        lim_show(cx, action->name));
    if (action->expression.end > action->expression.start) {
        if (lim_column_clause(c, LIM_CLAUSE_GENERATED))
            return lim_fail(cx, LIM_STATE, NULL,
                            "cannot specify USING when altering type of generated column");
        edit->origins[column].expression = lim_copy(
            cx, body + action->expression.start, action->expression.end - action->expression.start);
        if (!edit->origins[column].expression)
            return false;
        edit->rebuild = true;
    }
    edit->origins[column].typed = edit->statement;
    edit->origins[column].place = action->at;
    type = sqlite_type(cx, body, action->type);
    if (!type)
        return false;
    if (lim_rowid_column(cx, &edit->table) == column) {
        /* SQLite's INTEGER holds every integer, and by another name it would no longer number
        ** the rows. */
        static const char *const same[] = {"int",         "int2",     "int4",   "int8",
                                           "bigint",      "smallint", "serial", "bigserial",
                                           "smallserial", NULL};
        for (int i = 0; same[i]; i++)
            if (lim_same_name(type, same[i]))
                return true;
    }
    if (strlen(type) != c->type.end - c->type.start ||
        memcmp(type, edit->table.text + c->type.start, strlen(type)) != 0) {
        if (c->type.start == c->type.end)
            type = lim_format(cx, " %s", type);
        if (!type || !set_text(edit, lim_spliced(cx, edit->table.text, edit->table.length,
                                                 c->type.start, c->type.end, type)))
            return false;
    }
    return action->collation.start == action->collation.end ||
           set_collation(edit, body, action, column);
}

static bool set_default(lim_edit *edit, const char *body, const lim_alter_action *action) {
    int32_t column = find(edit, action);
    char *value;
    if (column < 0)
        return false;
    value = sqlite_default(edit->cx, body, action->expression);
    return value && set_text(edit, lim_with_default(edit->cx, &edit->table, column, value));
}

static bool drop_default(lim_edit *edit, const lim_alter_action *action) {
    int32_t column = find(edit, action);
    if (column < 0)
        return false;
    return !lim_column_clause(&edit->table.columns[column], LIM_CLAUSE_DEFAULT) ||
           set_text(edit, lim_without_default(edit->cx, &edit->table, column));
}

static bool set_not_null(lim_edit *edit, const lim_alter_action *action) {
    int32_t column = find(edit, action);
    if (column < 0)
        return false;
    if (lim_column_clause(&edit->table.columns[column], LIM_CLAUSE_NOT_NULL))
        return true;
    edit->origins[column].place = action->at;
    return set_text(edit, lim_with_not_null(edit->cx, &edit->table, column));
}

static bool drop_not_null(lim_edit *edit, const lim_alter_action *action) {
    int32_t column = find(edit, action);
    const lim_clause *key = lim_primary_key(&edit->table);
    if (column < 0)
        return false;
    if (lim_column_clause(&edit->table.columns[column], LIM_CLAUSE_NOT_NULL))
        return set_text(edit, lim_without_not_null(edit->cx, &edit->table, column));
    return !key || !lim_list_has_name(&key->columns, action->name) ||
           lim_fail(edit->cx, LIM_STATE, NULL, "column \"%s\" is in a primary key",
                    lim_show(edit->cx, action->name));
}

static bool add_constraint(lim_edit *edit, const char *body, const lim_alter_action *action) {
    lim_create_table before = edit->table;
    const lim_clause *clause = &action->constraint;
    if (clause->kind == LIM_CLAUSE_PRIMARY_KEY && !may_get_primary_key(edit))
        return false;
    if (clause->name && !name_is_free(edit, clause->name))
        return false;
    for (uint32_t i = 0; i < clause->columns.count; i++) {
        const char *name = clause->columns.items[i];
        if (lim_find_column(&edit->table, name) >= 0)
            continue;
        return clause->kind == LIM_CLAUSE_FOREIGN_KEY
                   ? lim_fail(edit->cx, LIM_UNDEFINED, NULL,
                              "column \"%s\" referenced in foreign key constraint does not exist",
                              lim_show(edit->cx, name))
                   : lim_fail(edit->cx, LIM_UNDEFINED, NULL,
                              "column \"%s\" named in key does not exist",
                              lim_show(edit->cx, name));
    }
    return set_text(edit, lim_with_constraint(edit->cx, &edit->table, body, clause)) &&
           note_new_constraints(edit, &before, action->at);
}

static bool drop_constraint(lim_edit *edit, const lim_alter_action *action) {
    lim_named_constraint *named;
    uint32_t count;
    const lim_named_constraint *found;
    if (!name_all(edit, &named, &count))
        return false;
    found = lim_find_constraint(named, count, action->name);
    if (!found)
        return action->if_there || no_constraint(edit, action->name);
    return drop_constraint_clause(edit, found, false);
}

static bool rename_constraint(lim_edit *edit, const char *body, const lim_alter_action *action) {
    lim_named_constraint *named;
    uint32_t count;
    const lim_named_constraint *found;
    char *name;
    if (!name_all(edit, &named, &count))
        return false;
    found = lim_find_constraint(named, count, action->name);
    if (!found)
        return lim_fail(edit->cx, LIM_UNDEFINED, NULL,
                        "constraint \"%s\" for table \"%s\" does not exist",
                        lim_show(edit->cx, action->name), lim_show(edit->cx, edit->table.name));
    if (!name_is_free(edit, action->new_name))
        return false;
    name = lim_copy(edit->cx, body + action->new_span.start,
                    action->new_span.end - action->new_span.start);
    return name && set_text(edit, lim_with_constraint_name(edit->cx, &edit->table, found, name));
}

bool lim_edit_apply(lim_edit *edit, const char *body, const lim_alter_action *action) {
    switch (action->kind) {
    case LIM_ALTER_ADD_COLUMN:
        return add_column(edit, body, action);
    case LIM_ALTER_DROP_COLUMN:
        return drop_column(edit, action);
    case LIM_ALTER_TYPE:
        return set_type(edit, body, action);
    case LIM_ALTER_SET_DEFAULT:
        return set_default(edit, body, action);
    case LIM_ALTER_DROP_DEFAULT:
        return drop_default(edit, action);
    case LIM_ALTER_SET_NOT_NULL:
        return set_not_null(edit, action);
    case LIM_ALTER_DROP_NOT_NULL:
        return drop_not_null(edit, action);
    case LIM_ALTER_ADD_CONSTRAINT:
        return add_constraint(edit, body, action);
    case LIM_ALTER_DROP_CONSTRAINT:
        return drop_constraint(edit, action);
    case LIM_ALTER_RENAME_CONSTRAINT:
        return rename_constraint(edit, body, action);
    default:
        return lim_fail(edit->cx, LIM_NOT_SUPPORTED, NULL, "a rename is no edit");
    }
}

bool lim_edit_must_wait(lim_edit *edit, const char *body, const lim_alter_action *action) {
    lim_span using = action->expression;
    int32_t column;
    if (action->kind != LIM_ALTER_TYPE)
        return false;
    column = lim_find_column(&edit->table, action->name);
    if (column >= 0 && edit->origins[column].typed && edit->origins[column].typed < edit->statement)
        return true;
    for (uint32_t i = 0; i < edit->table.column_count; i++)
        if (edit->origins[i].typed && edit->origins[i].typed < edit->statement &&
            lim_mentions(edit->cx, body, using.start, using.end, edit->table.columns[i].name))
            return true;
    for (uint32_t i = 0; i < edit->dropped.count; i++)
        if (lim_mentions(edit->cx, body, using.start, using.end, edit->dropped.items[i]))
            return true;
    return false;
}
