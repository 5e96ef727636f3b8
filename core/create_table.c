/*
** create_table.c - see create_table.h
**
** A recursive descent over significant tokens; everything kept is a span of the text. A column of
** an ALTER TABLE is read with PostgreSQL's freedom (standard), one of a stored CREATE TABLE as
** SQLite does.
*/
#include "create_table.h"

#include <string.h>

/* ( name [COLLATE x] [ASC | DESC] [AUTOINCREMENT], ... ) */
static bool read_columns(lim_scanner *s, lim_list *columns, bool *autoincrement) {
    if (s->token.kind != LIM_TOKEN_LEFT)
        return lim_scan_unexpected(s);
    do {
        char *name = NULL;
        lim_scan_next(s);
        if (!lim_scan_name(s, &name, NULL) || !lim_list_add(s->cx, columns, name))
            return false;
        while (s->token.kind != LIM_TOKEN_COMMA && s->token.kind != LIM_TOKEN_RIGHT) {
            if (lim_scan_at(s, "autoincrement") && autoincrement)
                *autoincrement = true;
            if (!lim_is_name(s->token))
                return lim_scan_unexpected(s);
            lim_scan_next(s);
        }
    } while (s->token.kind == LIM_TOKEN_COMMA);
    lim_scan_next(s);
    return true;
}

static bool read_on_conflict(lim_scanner *s) {
    if (!lim_scan_at(s, "on") || !lim_token_is(s->text, lim_scan_peek(s), "conflict"))
        return true;
    lim_scan_next(s);
    lim_scan_next(s);
    if (s->token.kind != LIM_TOKEN_WORD)
        return lim_scan_unexpected(s);
    lim_scan_next(s);
    return true;
}

/* True before [NOT] DEFERRABLE. */
static bool at_deferrable(const lim_scanner *s) {
    return lim_scan_at(s, "deferrable") ||
           (lim_scan_at(s, "not") && lim_token_is(s->text, lim_scan_peek(s), "deferrable"));
}

/* [NOT] DEFERRABLE [INITIALLY DEFERRED | IMMEDIATE] */
static bool read_deferrable(lim_scanner *s) {
    lim_scan_take(s, "not");
    lim_scan_next(s);
    if (!lim_scan_take(s, "initially"))
        return true;
    if (!lim_scan_take(s, "deferred") && !lim_scan_take(s, "immediate"))
        return lim_scan_unexpected(s);
    return true;
}

/* What follows ON DELETE or ON UPDATE. */
static bool read_referential_action(lim_scanner *s) {
    bool two = lim_scan_at(s, "set") || lim_scan_at(s, "no");
    if (s->token.kind != LIM_TOKEN_WORD)
        return lim_scan_unexpected(s);
    lim_scan_next(s);
    if (two) {
        if (s->token.kind != LIM_TOKEN_WORD)
            return lim_scan_unexpected(s);
        lim_scan_next(s);
    }
    return true;
}

/* parent [(columns)] [ON DELETE ...] [MATCH x] [DEFERRABLE ...], after REFERENCES. */
static bool read_references(lim_scanner *s, lim_clause *clause) {
    if (!lim_scan_name(s, &clause->parent, NULL))
        return false;
    if (s->token.kind == LIM_TOKEN_LEFT && !read_columns(s, &clause->parent_columns, NULL))
        return false;
    for (;;) {
        if (lim_scan_at(s, "on") && !lim_token_is(s->text, lim_scan_peek(s), "conflict")) {
            lim_scan_next(s);
            if (!lim_scan_take(s, "delete") && !lim_scan_take(s, "update") &&
                !lim_scan_take(s, "insert"))
                return lim_scan_unexpected(s);
            if (!read_referential_action(s))
                return false;
        } else if (lim_scan_take(s, "match")) {
            if (!lim_is_name(s->token))
                return lim_scan_unexpected(s);
            lim_scan_next(s);
        } else if (at_deferrable(s)) {
            return read_deferrable(s);
        } else {
            return true;
        }
    }
}

/* The words that start a clause of a column, and so end its type. */
static bool at_clause(const lim_scanner *s) {
    static const char *const words[] = {"constraint", "default", "null",       "not",
                                        "primary",    "unique",  "check",      "references",
                                        "collate",    "as",      "deferrable", NULL};
    if (s->token.kind != LIM_TOKEN_WORD)
        return false;
    for (int i = 0; words[i]; i++)
        if (lim_scan_at(s, words[i]))
            return true;
    return lim_scan_at(s, "generated") && lim_token_is(s->text, lim_scan_peek(s), "always");
}

/* True where an element ends. */
static bool at_element_end(const lim_scanner *s) {
    return s->token.kind == LIM_TOKEN_COMMA || s->token.kind == LIM_TOKEN_RIGHT ||
           s->token.kind == LIM_TOKEN_SEMICOLON || s->token.kind == LIM_TOKEN_END;
}

/* Passes whatever stands before the next clause. */
static bool read_to_clause(lim_scanner *s) {
    lim_span inside;
    while (!at_clause(s) && !at_element_end(s)) {
        if (s->token.kind != LIM_TOKEN_LEFT)
            lim_scan_next(s);
        else if (!lim_scan_group(s, &inside))
            return false;
    }
    return true;
}

/* DEFAULT's value: SQLite takes a signed literal, a word or an expression in parentheses. */
static bool read_default(lim_scanner *s, bool standard, lim_span *value) {
    value->start = s->token.start;
    if (s->token.kind == LIM_TOKEN_LEFT) {
        lim_span inside;
        if (!lim_scan_group(s, &inside))
            return false;
    } else {
        if (s->token.kind == LIM_TOKEN_OPERATOR)
            lim_scan_next(s);
        if (!lim_is_name(s->token) && s->token.kind != LIM_TOKEN_NUMBER)
            return lim_scan_unexpected(s);
        lim_scan_next(s);
    }
    if (standard && !read_to_clause(s))
        return false;
    value->end = s->end;
    return true;
}

static bool read_primary_or_unique(lim_scanner *s, lim_clause *clause, bool of_table) {
    clause->kind = lim_scan_at(s, "primary") ? LIM_CLAUSE_PRIMARY_KEY : LIM_CLAUSE_UNIQUE;
    lim_scan_next(s);
    if (clause->kind == LIM_CLAUSE_PRIMARY_KEY && !lim_scan_take(s, "key"))
        return lim_scan_unexpected(s);
    if (of_table && !read_columns(s, &clause->columns, &clause->autoincrement))
        return false;
    if (!of_table && clause->kind == LIM_CLAUSE_PRIMARY_KEY && !lim_scan_take(s, "asc"))
        lim_scan_take(s, "desc");
    if (!read_on_conflict(s))
        return false;
    if (!of_table && clause->kind == LIM_CLAUSE_PRIMARY_KEY && lim_scan_take(s, "autoincrement"))
        clause->autoincrement = true;
    return true;
}

static bool read_generated(lim_scanner *s, lim_clause *clause) {
    clause->kind = LIM_CLAUSE_GENERATED;
    if (lim_scan_take(s, "generated"))
        lim_scan_take(s, "always");
    if (!lim_scan_take(s, "as") || !lim_scan_group(s, &clause->value))
        return s->cx->error.code ? false : lim_scan_unexpected(s);
    if (lim_scan_take(s, "stored"))
        clause->stored = true;
    else
        lim_scan_take(s, "virtual");
    return true;
}

/* One clause of a column, after CONSTRAINT n. */
static bool read_column_clause(lim_scanner *s, bool standard, lim_clause *clause) {
    if (lim_scan_take(s, "default")) {
        clause->kind = LIM_CLAUSE_DEFAULT;
        return read_default(s, standard, &clause->value);
    }
    if (lim_scan_take(s, "null")) {
        clause->kind = LIM_CLAUSE_NULL;
        return read_on_conflict(s);
    }
    if (at_deferrable(s)) {
        clause->kind = LIM_CLAUSE_DEFERRABLE;
        return read_deferrable(s);
    }
    if (lim_scan_take(s, "not")) {
        clause->kind = LIM_CLAUSE_NOT_NULL;
        if (!lim_scan_take(s, "null"))
            return lim_scan_unexpected(s);
        return read_on_conflict(s);
    }
    if (lim_scan_at(s, "primary") || lim_scan_at(s, "unique"))
        return read_primary_or_unique(s, clause, false);
    if (lim_scan_take(s, "check")) {
        clause->kind = LIM_CLAUSE_CHECK;
        return lim_scan_group(s, &clause->value);
    }
    if (lim_scan_take(s, "references")) {
        clause->kind = LIM_CLAUSE_FOREIGN_KEY;
        return read_references(s, clause);
    }
    if (lim_scan_take(s, "collate")) {
        char *name;
        clause->kind = LIM_CLAUSE_COLLATE;
        return lim_scan_name(s, &name, &clause->value);
    }
    return read_generated(s, clause);
}

/* One constraint of the table, after CONSTRAINT n. */
static bool read_table_clause(lim_scanner *s, lim_clause *clause) {
    if (lim_scan_at(s, "primary") || lim_scan_at(s, "unique"))
        return read_primary_or_unique(s, clause, true);
    if (lim_scan_take(s, "check")) {
        clause->kind = LIM_CLAUSE_CHECK;
        return lim_scan_group(s, &clause->value) && read_on_conflict(s);
    }
    if (!lim_scan_take(s, "foreign"))
        return lim_scan_unexpected(s);
    clause->kind = LIM_CLAUSE_FOREIGN_KEY;
    if (!lim_scan_take(s, "key"))
        return lim_scan_unexpected(s);
    if (!read_columns(s, &clause->columns, NULL))
        return false;
    if (!lim_scan_take(s, "references"))
        return lim_scan_unexpected(s);
    return read_references(s, clause);
}

/* Reads CONSTRAINT n, if any. */
static bool read_constraint_name(lim_scanner *s, lim_clause *clause) {
    clause->whole.start = s->token.start;
    if (lim_scan_take(s, "constraint") && !lim_scan_name(s, &clause->name, &clause->name_span))
        return false;
    clause->body = s->token.start;
    return true;
}

/* True where a table constraint starts. */
static bool at_table_constraint(const lim_scanner *s) {
    return lim_scan_at(s, "constraint") || lim_scan_at(s, "primary") || lim_scan_at(s, "unique") ||
           lim_scan_at(s, "check") || lim_scan_at(s, "foreign");
}

static bool read_table_constraint(lim_scanner *s, lim_clause *clause) {
    *clause = (lim_clause){.column = -1, .comma = LIM_NOWHERE};
    if (!read_constraint_name(s, clause))
        return false;
    if (clause->name && (lim_scan_at(s, "constraint") || s->token.kind == LIM_TOKEN_COMMA ||
                         s->token.kind == LIM_TOKEN_RIGHT))
        clause->kind = LIM_CLAUSE_NAME;
    else if (!read_table_clause(s, clause))
        return false;
    clause->whole.end = s->end;
    if (clause->kind == LIM_CLAUSE_NAME)
        clause->body = s->end;
    return true;
}

/* SQLite: any names, then perhaps numbers in parentheses. PostgreSQL: `timestamp(3) with time
** zone`, `text[]`, `public.citext` too. */
static bool read_type(lim_scanner *s, bool standard, lim_span *type) {
    lim_span inside;
    *type = (lim_span){s->end, s->end};
    if (!lim_is_name(s->token) || at_clause(s))
        return true;
    type->start = s->token.start;
    while (lim_is_name(s->token) && !at_clause(s))
        lim_scan_next(s);
    if (s->token.kind == LIM_TOKEN_LEFT && !lim_scan_group(s, &inside))
        return false;
    if (standard && !read_to_clause(s))
        return false;
    type->end = s->end;
    return true;
}

static bool read_column(lim_scanner *s, bool standard, int32_t index, lim_table_column *column) {
    *column = (lim_table_column){.comma = LIM_NOWHERE};
    column->whole.start = s->token.start;
    if (!lim_scan_name(s, &column->name, &column->name_span) ||
        !read_type(s, standard, &column->type))
        return false;
    while (at_clause(s)) {
        lim_clause *clause;
        if (!lim_grow(s->cx, &column->clauses, &column->clause_capacity, column->clause_count + 1,
                      sizeof(lim_clause)))
            return false;
        clause = &column->clauses[column->clause_count++];
        *clause = (lim_clause){.column = index, .comma = LIM_NOWHERE};
        if (!read_constraint_name(s, clause))
            return false;
        if (clause->name && (!at_clause(s) || lim_scan_at(s, "constraint")))
            clause->kind = LIM_CLAUSE_NAME;
        else if (!read_column_clause(s, standard, clause))
            return false;
        if ((clause->kind == LIM_CLAUSE_PRIMARY_KEY || clause->kind == LIM_CLAUSE_UNIQUE ||
             clause->kind == LIM_CLAUSE_FOREIGN_KEY) &&
            !lim_list_add(s->cx, &clause->columns, column->name))
            return false;
        clause->whole.end = s->end;
        if (clause->kind == LIM_CLAUSE_NAME)
            clause->body = s->end;
    }
    column->whole.end = s->end;
    return true;
}

static bool add_column(lim_scanner *s, lim_create_table *table, size_t comma) {
    if (!lim_grow(s->cx, &table->columns, &table->column_capacity, table->column_count + 1,
                  sizeof(lim_table_column)))
        return false;
    if (!read_column(s, false, (int32_t)table->column_count, &table->columns[table->column_count]))
        return false;
    table->columns[table->column_count++].comma = comma;
    return true;
}

static bool add_constraint(lim_scanner *s, lim_create_table *table, size_t comma) {
    if (!lim_grow(s->cx, &table->constraints, &table->constraint_capacity,
                  table->constraint_count + 1, sizeof(lim_clause)))
        return false;
    if (!read_table_constraint(s, &table->constraints[table->constraint_count]))
        return false;
    table->constraints[table->constraint_count++].comma = comma;
    return true;
}

/* ( columns, constraints ): constraints may follow each other without a comma. */
static bool read_elements(lim_scanner *s, lim_create_table *table) {
    size_t comma = LIM_NOWHERE;
    if (s->token.kind != LIM_TOKEN_LEFT)
        return lim_scan_unexpected(s);
    table->left = s->token.start;
    lim_scan_next(s);
    for (;;) {
        if (table->column_count > 0 && at_table_constraint(s)) {
            if (!add_constraint(s, table, comma))
                return false;
        } else if (table->constraint_count > 0 || !add_column(s, table, comma)) {
            return s->cx->error.code ? false : lim_scan_unexpected(s);
        }
        comma = LIM_NOWHERE;
        if (s->token.kind == LIM_TOKEN_COMMA) {
            comma = s->token.start;
            lim_scan_next(s);
        } else if (s->token.kind == LIM_TOKEN_RIGHT) {
            table->right = s->token.start;
            lim_scan_next(s);
            return true;
        } else if (!at_table_constraint(s)) {
            return lim_scan_unexpected(s);
        }
    }
}

static bool read_options(lim_scanner *s, lim_create_table *table) {
    while (s->token.kind == LIM_TOKEN_WORD || s->token.kind == LIM_TOKEN_COMMA) {
        if (lim_scan_at(s, "without"))
            table->without_rowid = true;
        else if (lim_scan_at(s, "strict"))
            table->strict = true;
        lim_scan_next(s);
    }
    return true;
}

bool lim_create_table_split(lim_context *cx, const char *text, size_t length,
                            lim_create_table *table) {
    lim_scanner s = lim_scanner_at(cx, text, length, 0);
    *table = (lim_create_table){.text = text, .length = length};
    if (!lim_scan_take(&s, "create"))
        return lim_scan_unexpected(&s);
    if (!lim_scan_take(&s, "temp"))
        lim_scan_take(&s, "temporary");
    if (!lim_scan_take(&s, "table"))
        return lim_scan_unexpected(&s);
    if (lim_scan_at(&s, "if") && lim_token_is(text, lim_scan_peek(&s), "not")) {
        lim_scan_next(&s);
        lim_scan_next(&s);
        if (!lim_scan_take(&s, "exists"))
            return lim_scan_unexpected(&s);
    }
    if (!lim_scan_name(&s, &table->name, &table->name_span))
        return false;
    if (s.token.kind == LIM_TOKEN_DOT) {
        lim_scan_next(&s);
        if (!lim_scan_name(&s, &table->name, &table->name_span))
            return false;
    }
    return read_elements(&s, table) && read_options(&s, table);
}

bool lim_constraint_split(lim_context *cx, const char *text, size_t length, size_t at,
                          lim_clause *constraint, size_t *end) {
    lim_scanner s = lim_scanner_at(cx, text, length, at);
    bool ok = read_table_constraint(&s, constraint);
    *end = ok ? s.end : s.token.start;
    return ok;
}

bool lim_column_split(lim_context *cx, const char *text, size_t length, size_t at,
                      lim_table_column *column, size_t *end) {
    lim_scanner s = lim_scanner_at(cx, text, length, at);
    bool ok = read_column(&s, true, 0, column);
    *end = ok ? s.end : s.token.start;
    return ok;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool lim_same_name(const char *a, const char *b) {
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool lim_list_has_name(const lim_list *list, const char *name) {
    for (uint32_t i = 0; i < list->count; i++)
        if (lim_same_name(list->items[i], name))
            return true;
    return false;
}

int32_t lim_find_column(const lim_create_table *table, const char *name) {
    for (uint32_t i = 0; i < table->column_count; i++)
        if (lim_same_name(table->columns[i].name, name))
            return (int32_t)i;
    return -1;
}

lim_clause *lim_column_clause(const lim_table_column *column, lim_clause_kind kind) {
    for (uint32_t i = 0; i < column->clause_count; i++)
        if (column->clauses[i].kind == kind)
            return &column->clauses[i];
    return NULL;
}

const lim_clause *lim_primary_key(const lim_create_table *table) {
    for (uint32_t i = 0; i < table->column_count; i++) {
        const lim_clause *key = lim_column_clause(&table->columns[i], LIM_CLAUSE_PRIMARY_KEY);
        if (key)
            return key;
    }
    for (uint32_t i = 0; i < table->constraint_count; i++)
        if (table->constraints[i].kind == LIM_CLAUSE_PRIMARY_KEY)
            return &table->constraints[i];
    return NULL;
}

/* True when the span is the word, quoted or not. */
static bool span_is(lim_context *cx, const char *text, lim_span span, const char *word) {
    lim_token token = lim_lex_significant(LIM_SQLITE, text, span.end, span.start);
    char *name;
    if (!lim_is_name(token) || token.start + token.length != span.end)
        return false;
    name = lim_token_name(cx, LIM_SQLITE, text, token);
    return name && lim_same_name(name, word);
}

int32_t lim_rowid_column(lim_context *cx, const lim_create_table *table) {
    const lim_clause *key = lim_primary_key(table);
    lim_scanner s;
    int32_t column;
    if (!key || table->without_rowid || key->columns.count != 1)
        return -1;
    column = lim_find_column(table, key->columns.items[0]);
    if (column < 0 || !span_is(cx, table->text, table->columns[column].type, "integer"))
        return -1;
    if (key->column < 0)
        return column;
    s = lim_scanner_at(cx, table->text, key->whole.end, key->body);
    lim_scan_next(&s);
    lim_scan_next(&s);
    return lim_scan_at(&s, "desc") ? -1 : column;
}

const char *lim_hidden_rowid(const lim_create_table *table, const lim_create_table *other,
                             const char *added) {
    static const char *const names[] = {"rowid", "_rowid_", "oid"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (lim_find_column(table, names[i]) < 0 &&
            (other == NULL || lim_find_column(other, names[i]) < 0) &&
            (added == NULL || !lim_same_name(added, names[i])))
            return names[i];
    return NULL;
}

char *lim_column_names(lim_context *cx, const lim_create_table *table, const char *first,
                       const char *left_out) {
    lim_text names = {.cx = cx};
    if (first != NULL)
        lim_text_adds(&names, first);
    for (uint32_t i = 0; i < table->column_count; i++) {
        const char *column = table->columns[i].name;
        char *name = lim_quote_name(cx, column);
        if (name == NULL)
            return NULL;
        if (left_out == NULL || !lim_same_name(column, left_out))
            lim_text_addf(&names, "%s%s", names.length > 0 ? ", " : "", name);
    }
    return lim_text_end(&names);
}

bool lim_mentions(lim_context *cx, const char *text, size_t start, size_t end, const char *name) {
    bool taken = false; /* the word before says that what follows is no column */
    lim_token token = lim_lex_significant(LIM_SQLITE, text, end, start);
    while (token.kind != LIM_TOKEN_END) {
        lim_token next = lim_lex_significant(LIM_SQLITE, text, end, token.start + token.length);
        if ((token.kind == LIM_TOKEN_WORD || token.kind == LIM_TOKEN_QUOTED) && !taken &&
            next.kind != LIM_TOKEN_DOT &&
            !(next.kind == LIM_TOKEN_LEFT && token.kind == LIM_TOKEN_WORD)) {
            char *found = lim_token_name(cx, LIM_SQLITE, text, token);
            if (!found)
                return true;
            if (lim_same_name(found, name))
                return true;
        }
        taken = lim_token_is(text, token, "collate") || lim_token_is(text, token, "as");
        token = next;
    }
    return false;
}

static char *quoted(lim_context *cx, const char *text, char quote) {
    lim_text t = {.cx = cx};
    lim_text_addc(&t, quote);
    for (const char *p = text; *p; p++) {
        if (*p == quote)
            lim_text_addc(&t, quote);
        lim_text_addc(&t, *p);
    }
    lim_text_addc(&t, quote);
    return lim_text_end(&t);
}

char *lim_quote_name(lim_context *cx, const char *name) {
    return quoted(cx, name, '"');
}

char *lim_quote_text(lim_context *cx, const char *text) {
    return quoted(cx, text, '\'');
}
