/*
** rebuild_rows.c - which rows a new definition does not take, and why
**
** SQLite stops at the first row that breaks a rule and doesn't show it. Only then, so that a rebuild
** that succeeds pays nothing, the rows are copied into a table with the new columns and none of the
** rules, and each rule is asked in turn: how many rows break it, and which is the first.
*/
#include "rebuild.h"
#include <string.h>

/* The rows under examination, in temp: NUMBER, then the new table's columns. */
#define ROWS   "limbeck~rows"
#define NUMBER "limbeck~number"

typedef struct inquiry {
    limbeck_rebuild *r;
    limbeck_call *call;
    const lim_create_table *after;
    const char *relation; /* the table's name as a message shows it */
    int rc;               /* what SQLite stopped with */
} inquiry;

size_t limbeck_rebuild_place(const limbeck_rebuild *r, const char *column, const char *constraint) {
    const lim_edit *edit = r->edit;
    int32_t i = column != NULL ? lim_find_column(&edit->table, column) : -1;
    for (uint32_t k = 0; constraint != NULL && k < edit->added_count; k++)
        if (lim_same_name(edit->added[k].name, constraint))
            return edit->added[k].place;
    if (i >= 0 && edit->origins[i].place != LIM_NOWHERE)
        return edit->origins[i].place;
    return r->place;
}

/* --- showing rows -------------------------------------------------------------------------- */

static const char *show_value(limbeck_call *call, sqlite3_stmt *s, int column, bool quoted) {
    const char *text = (const char *)sqlite3_column_text(s, column);
    char *literal;
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_NULL:
        return "NULL";
    case SQLITE_BLOB:
        return lim_format(&call->cx, "blob of %d bytes", sqlite3_column_bytes(s, column));
    case SQLITE_TEXT:
        text = lim_show(&call->cx, text);
        if (!quoted)
            return text;
        literal = lim_quote_text(&call->cx, text);
        return literal;
    default:
        return text == NULL ? NULL : lim_copy_string(&call->cx, text);
    }
}

/* The row's columns from one on, separated by commas, cut to what a message can hold. */
static const char *show_row(limbeck_call *call, sqlite3_stmt *s, int from, bool quoted) {
    lim_text t = {.cx = &call->cx};
    for (int i = from; i < sqlite3_column_count(s); i++) {
        const char *value = show_value(call, s, i, quoted);
        if (i > from)
            lim_text_adds(&t, ", ");
        if (t.length > 400) {
            lim_text_adds(&t, "...");
            break;
        }
        lim_text_adds(&t, value != NULL ? value : "?");
    }
    return lim_text_end(&t);
}

/* Adds `3 rows; the first: (2, NULL, 'x').` to the failure; s stands on that row. */
static bool add_rows(limbeck_call *call, const char *before, int64_t count, sqlite3_stmt *s,
                     int from) {
    const char *row = show_row(call, s, from, true);
    if (row == NULL)
        return false;
    if (count == 1)
        return lim_fail_detail(&call->cx, "%s1 row: (%s).", before, row);
    return lim_fail_detail(&call->cx, "%s%lld rows; the first: (%s).", before, (long long)count,
                           row);
}

/* Adds the number of rows and the row of that number to the failure just recorded. */
static bool add_first(inquiry *q, const char *before, int64_t count, int64_t number) {
    sqlite3_stmt *s = NULL;
    char *sql =
        sqlite3_mprintf("SELECT * FROM temp.\"" ROWS "\" WHERE \"" NUMBER "\" = %lld", number);
    if (sql != NULL && sqlite3_prepare_v2(q->call->db, sql, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        add_rows(q->call, before, count, s, 1);
    sqlite3_finalize(s);
    sqlite3_free(sql);
    return false;
}

/* --- the rules ----------------------------------------------------------------------------- */

/* Counts the rows for which the condition holds; none: *count is 0. */
static bool count_rows(inquiry *q, const char *condition, int64_t *count, int64_t *first) {
    sqlite3_stmt *s = limbeck_ask(
        q->call, "SELECT count(*), min(\"" NUMBER "\") FROM temp.\"" ROWS "\" AS \"%w\" WHERE %s",
        q->r->table.name, condition);
    *count = 0;
    if (limbeck_answer(q->call, &s)) {
        *count = sqlite3_column_int64(s, 0);
        *first = sqlite3_column_int64(s, 1);
        sqlite3_finalize(s);
    }
    return !limbeck_failed(q->call);
}

/* Asks a rule about one column. True: no row breaks it. */
static bool ask_column(inquiry *q, const lim_table_column *column, const char *condition,
                       const char *complaint) {
    int64_t count;
    int64_t first;
    if (condition == NULL || !count_rows(q, condition, &count, &first))
        return false;
    if (count == 0)
        return true;
    q->r->place = limbeck_rebuild_place(q->r, column->name, NULL);
    q->call->code = q->rc;
    lim_fail(&q->call->cx, LIM_STATE, NULL, "column \"%s\" of relation \"%s\" contains %s",
             lim_show(&q->call->cx, column->name), q->relation, complaint);
    return add_first(q, "", count, first);
}

static bool is_in_key(const lim_create_table *table, const lim_table_column *column) {
    const lim_clause *key = lim_primary_key(table);
    return key != NULL && lim_list_has_name(&key->columns, column->name);
}

static bool ask_not_null(inquiry *q, const lim_table_column *column) {
    char *name = lim_quote_name(&q->call->cx, column->name);
    if (lim_column_clause(column, LIM_CLAUSE_NOT_NULL) == NULL &&
        !((q->after->without_rowid || q->after->strict) && is_in_key(q->after, column)))
        return name != NULL;
    return name != NULL &&
           ask_column(q, column, lim_format(&q->call->cx, "%s IS NULL", name), "null values");
}

/* The types of STRICT tables, and what typeof() says of their values. */
static const char *const strict_types[][2] = {{"int", "integer"},
                                              {"integer", "integer"},
                                              {"real", "real"},
                                              {"text", "text"},
                                              {"blob", "blob"}};

static bool ask_type(inquiry *q, int32_t index) {
    const lim_table_column *column = &q->after->columns[index];
    lim_context *cx = &q->call->cx;
    char *name = lim_quote_name(cx, column->name);
    char *type =
        lim_copy(cx, q->after->text + column->type.start, column->type.end - column->type.start);
    bool is_rowid = lim_rowid_column(cx, q->after) == index;
    if (name == NULL || type == NULL)
        return false;
    if (is_rowid)
        type = lim_copy_string(cx, "INTEGER");
    for (size_t i = 0; type != NULL && (q->after->strict || is_rowid) &&
                       i < sizeof strict_types / sizeof strict_types[0];
         i++) {
        if (!lim_same_name(type, strict_types[i][0]))
            continue;
        return ask_column(
            q, column, lim_format(cx, "typeof(%s) NOT IN ('%s', 'null')", name, strict_types[i][1]),
            lim_format(cx, "values that are not %s", type));
    }
    return type != NULL;
}

static bool ask_check(inquiry *q, const lim_named_constraint *check) {
    lim_context *cx = &q->call->cx;
    lim_span value = check->clause->value;
    char *condition = lim_format(cx, "NOT (%.*s\n)", (int)(value.end - value.start),
                                 q->after->text + value.start);
    int64_t count;
    int64_t first;
    if (condition == NULL || !count_rows(q, condition, &count, &first))
        return false;
    if (count == 0)
        return true;
    q->r->place = limbeck_rebuild_place(q->r, NULL, check->name);
    q->call->code = q->rc;
    lim_fail(cx, LIM_STATE, NULL,
             "check constraint \"%s\" of relation \"%s\" is violated by some row",
             lim_show(cx, check->name), q->relation);
    return add_first(q, "", count, first);
}

/* `"a", "b"` and `"a" IS NOT NULL AND "b" IS NOT NULL`. */
static bool list_key(lim_context *cx, const lim_list *columns, char **list, char **not_null) {
    lim_text names = {.cx = cx};
    lim_text tests = {.cx = cx};
    for (uint32_t i = 0; i < columns->count; i++) {
        char *name = lim_quote_name(cx, columns->items[i]);
        if (name == NULL)
            return false;
        lim_text_addf(&names, "%s%s", i > 0 ? ", " : "", name);
        lim_text_addf(&tests, "%s%s IS NOT NULL", i > 0 ? " AND " : "", name);
    }
    *list = lim_text_end(&names);
    *not_null = lim_text_end(&tests);
    return *list != NULL && *not_null != NULL;
}

static bool ask_key(inquiry *q, const lim_named_constraint *key) {
    lim_context *cx = &q->call->cx;
    char *list;
    char *not_null;
    const char *shown = NULL;
    int64_t count = 0;
    int64_t first = 0;
    sqlite3_stmt *s;
    if (!list_key(cx, &key->clause->columns, &list, &not_null))
        return false;
    s = limbeck_ask(q->call,
                    "SELECT sum(n), min(first) FROM (SELECT count(*) AS n, min(\"" NUMBER
                    "\") AS first FROM temp.\"" ROWS "\" WHERE %s GROUP BY %s HAVING count(*) > 1)",
                    not_null, list);
    if (limbeck_answer(q->call, &s)) {
        count = sqlite3_column_int64(s, 0);
        first = sqlite3_column_int64(s, 1);
        sqlite3_finalize(s);
    }
    if (limbeck_failed(q->call) || count == 0)
        return !limbeck_failed(q->call);
    s = limbeck_ask(q->call, "SELECT %s FROM temp.\"" ROWS "\" WHERE \"" NUMBER "\" = %lld", list,
                    (long long)first);
    if (limbeck_answer(q->call, &s)) {
        shown = show_row(q->call, s, 0, false);
        sqlite3_finalize(s);
    }
    if (shown == NULL)
        return false;
    q->r->place = limbeck_rebuild_place(q->r, key->clause->columns.items[0], key->name);
    q->call->code = q->rc;
    lim_fail(cx, LIM_STATE, NULL, "could not create unique index \"%s\"", lim_show(cx, key->name));
    return add_first(q,
                     lim_format(cx, "Key (%s)=(%s) is duplicated. ",
                                lim_list_join(cx, &key->clause->columns), shown),
                     count, first);
}

/* Asks all rules. True: no row breaks any. */
static bool ask_all(inquiry *q) {
    lim_named_constraint *named;
    uint32_t count;
    for (uint32_t i = 0; i < q->after->column_count; i++)
        if (!ask_not_null(q, &q->after->columns[i]))
            return false;
    for (uint32_t i = 0; i < q->after->column_count; i++)
        if (!ask_type(q, (int32_t)i))
            return false;
    if (!lim_name_constraints(&q->call->cx, q->after, &named, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (named[i].clause->kind == LIM_CLAUSE_CHECK && !ask_check(q, &named[i]))
            return false;
    for (uint32_t i = 0; i < count; i++)
        if ((named[i].clause->kind == LIM_CLAUSE_PRIMARY_KEY ||
             named[i].clause->kind == LIM_CLAUSE_UNIQUE) &&
            !ask_key(q, &named[i]))
            return false;
    return true;
}

/* --- the rows without rules ---------------------------------------------------------------- */

/* The new table's columns with what decides their values, and nothing that refuses any. */
static const char *lenient_columns(inquiry *q) {
    static const lim_clause_kind kept[] = {LIM_CLAUSE_COLLATE, LIM_CLAUSE_DEFAULT,
                                           LIM_CLAUSE_GENERATED};
    lim_text t = {.cx = &q->call->cx};
    for (uint32_t i = 0; i < q->after->column_count; i++) {
        const lim_table_column *column = &q->after->columns[i];
        char *name = lim_quote_name(&q->call->cx, column->name);
        char *type = lim_copy(&q->call->cx, q->after->text + column->type.start,
                              column->type.end - column->type.start);
        if (name == NULL || type == NULL)
            return NULL;
        /* ANY converts nothing in a STRICT table; elsewhere the word would make numbers of texts. */
        lim_text_addf(&t, ", %s %s", name,
                      q->after->strict && lim_same_name(type, "any") ? "" : type);
        for (size_t k = 0; k < sizeof kept / sizeof kept[0]; k++) {
            const lim_clause *clause = lim_column_clause(column, kept[k]);
            if (clause != NULL) {
                lim_text_addc(&t, ' ');
                lim_text_add(&t, q->after->text + clause->body, clause->whole.end - clause->body);
            }
        }
        lim_text_addc(&t, '\n');
    }
    return lim_text_end(&t);
}

bool limbeck_rebuild_blame(limbeck_rebuild *r, const limbeck_copy *copy, int rc,
                           const char *message) {
    inquiry q = {.r = r,
                 .call = r->call,
                 .after = &r->edit->table,
                 .relation = lim_show(&r->call->cx, r->table.name),
                 .rc = rc};
    const char *columns = lenient_columns(&q);
    if (columns == NULL ||
        !limbeck_change(r->call, NULL,
                        "CREATE TEMP TABLE \"" ROWS "\" (\"" NUMBER "\" INTEGER PRIMARY KEY%s)",
                        columns) ||
        !limbeck_change(r->call, NULL,
                        "INSERT INTO temp.\"" ROWS "\" (%s) SELECT %s FROM \"%w\".\"%w\" AS \"%w\"",
                        copy->columns, copy->values, r->table.schema, r->table.name,
                        r->table.name) ||
        !ask_all(&q))
        return false;
    r->call->code = rc;
    return lim_fail(&r->call->cx, LIM_STATE, NULL, "%s", message);
}

/* --- rules that SQLite itself would not enforce -------------------------------------------- */

bool limbeck_rebuild_check_key(limbeck_rebuild *r, const char *from) {
    lim_context *cx = &r->call->cx;
    const lim_clause *key = lim_primary_key(&r->edit->table);
    lim_create_table before;
    if (key == NULL)
        return true;
    if (!lim_create_table_split(cx, r->table.sql, strlen(r->table.sql), &before))
        return false;
    if (lim_primary_key(&before) != NULL &&
        (lim_rowid_column(cx, &before) >= 0 || lim_rowid_column(cx, &r->edit->table) < 0))
        return true;
    for (uint32_t i = 0; i < key->columns.count; i++) {
        int32_t column = lim_find_column(&r->edit->table, key->columns.items[i]);
        const lim_origin *origin = column >= 0 ? &r->edit->origins[column] : NULL;
        const char *value;
        int64_t count;
        sqlite3_stmt *s;
        if (origin == NULL || origin->source == NULL)
            continue;
        value =
            origin->expression != NULL ? origin->expression : lim_quote_name(cx, origin->source);
        if (value == NULL ||
            !limbeck_ask_number(r->call, &count,
                                "SELECT count(*) FROM \"%w\".\"%w\" AS \"%w\" WHERE (%s\n) IS NULL",
                                r->table.schema, from, r->table.name, value))
            return false;
        if (count == 0)
            continue;
        s = limbeck_ask(r->call,
                        "SELECT * FROM \"%w\".\"%w\" AS \"%w\" WHERE (%s\n) IS NULL LIMIT 1",
                        r->table.schema, from, r->table.name, value);
        if (!limbeck_answer(r->call, &s))
            return false;
        r->place = limbeck_rebuild_place(r, key->columns.items[i], key->name);
        r->call->code = SQLITE_CONSTRAINT_NOTNULL;
        lim_fail(cx, LIM_STATE, NULL, "column \"%s\" of relation \"%s\" contains null values",
                 lim_show(cx, key->columns.items[i]), lim_show(cx, r->table.name));
        add_rows(r->call, "", count, s, 0);
        sqlite3_finalize(s);
        return false;
    }
    return true;
}

/* True in *hidden when the connection's authorizer has SQLite read NULL where the columns stand:
** compiled, such a column is a NULL. */
static bool are_hidden(limbeck_rebuild *r, const char *columns, bool *hidden) {
    sqlite3_stmt *s = limbeck_ask(r->call, "EXPLAIN SELECT %s FROM \"%w\".\"%w\" NOT INDEXED",
                                  columns, r->table.schema, r->table.name);
    *hidden = false;
    while (limbeck_answer(r->call, &s)) {
        const char *opcode = (const char *)sqlite3_column_text(s, 1);
        *hidden = *hidden || (opcode != NULL && strcmp(opcode, "Null") == 0);
    }
    return !limbeck_failed(r->call);
}

bool limbeck_rebuild_check_hidden(limbeck_rebuild *r, const lim_create_table *before) {
    lim_context *cx = &r->call->cx;
    lim_list columns = {0};
    bool hidden;
    for (uint32_t i = 0; i < before->column_count; i++) {
        const char *name = lim_quote_name(cx, before->columns[i].name);
        if (lim_column_clause(&before->columns[i], LIM_CLAUSE_GENERATED) == NULL &&
            (name == NULL || !lim_list_add(cx, &columns, name)))
            return false;
    }
    if (!are_hidden(r, lim_list_join(cx, &columns), &hidden))
        return false;
    for (uint32_t i = 0; hidden && i < columns.count; i++) {
        if (!are_hidden(r, columns.items[i], &hidden))
            return false;
        if (hidden)
            return lim_fail(cx, LIM_STATE, "Migrate on a connection that may read every column.",
                            "column %s of relation \"%s\" is hidden by the connection's authorizer",
                            lim_show(cx, columns.items[i]), lim_show(cx, r->table.name));
        hidden = true;
    }
    return true;
}

/* The indexed expressions of a CREATE INDEX, without ASC and DESC, and its WHERE ("1" without). */
static bool read_index(limbeck_call *call, const char *sql, lim_list *keys, const char **where) {
    lim_context *cx = &call->cx;
    lim_scanner s = lim_scanner_at(cx, sql, strlen(sql), 0);
    size_t start;
    size_t end;
    int depth = 0;
    while (s.token.kind != LIM_TOKEN_END && s.token.kind != LIM_TOKEN_LEFT)
        lim_scan_next(&s);
    start = end = s.token.start + 1;
    for (lim_scan_next(&s); s.token.kind != LIM_TOKEN_END; lim_scan_next(&s)) {
        bool closes = s.token.kind == LIM_TOKEN_RIGHT && depth == 0;
        if (closes || (s.token.kind == LIM_TOKEN_COMMA && depth == 0)) {
            if (!lim_list_add(cx, keys, lim_copy(cx, sql + start, end - start)))
                return false;
            start = s.token.start + 1;
        }
        if (closes)
            break;
        depth += s.token.kind == LIM_TOKEN_LEFT;
        depth -= s.token.kind == LIM_TOKEN_RIGHT;
        if (!lim_scan_at(&s, "asc") && !lim_scan_at(&s, "desc"))
            end = s.token.start + s.token.length;
    }
    lim_scan_next(&s);
    *where = "1";
    if (lim_scan_take(&s, "where"))
        *where = lim_copy(cx, sql + s.token.start, s.length - s.token.start);
    return *where != NULL && !limbeck_failed(call);
}

bool limbeck_rebuild_blame_index(limbeck_rebuild *r, const char *index, const char *sql, int rc) {
    limbeck_call *call = r->call;
    lim_context *cx = &call->cx;
    char *message = lim_copy_string(cx, sqlite3_errmsg(call->db));
    int extended = sqlite3_extended_errcode(call->db);
    lim_list keys = {0};
    lim_text not_null = {.cx = cx};
    const char *where;
    const char *list;
    const char *shown = NULL;
    int64_t rows = 0;
    sqlite3_stmt *s;
    if (message == NULL || !read_index(call, sql, &keys, &where))
        return false;
    list = lim_list_join(cx, &keys);
    for (uint32_t i = 0; i < keys.count; i++)
        lim_text_addf(&not_null, " AND (%s) IS NOT NULL", keys.items[i]);
    if (list == NULL || lim_text_end(&not_null) == NULL)
        return false;
    s = limbeck_ask(call,
                    "SELECT count(*), %s FROM \"%w\".\"%w\" WHERE (%s\n)%s GROUP BY %s"
                    " HAVING count(*) > 1",
                    list, r->table.schema, r->table.name, where, not_null.data, list);
    while (limbeck_answer(call, &s)) {
        rows += sqlite3_column_int64(s, 0);
        if (shown == NULL)
            shown = show_row(call, s, 1, false);
    }
    call->code = (extended & 0xff) == (rc & 0xff) ? extended : rc;
    if (rows == 0)
        return lim_fail(cx, LIM_STATE, NULL, "%s", message);
    lim_fail(cx, LIM_STATE, NULL, "could not create unique index \"%s\"", lim_show(cx, index));
    return lim_fail_detail(cx, "Key (%s)=(%s) is duplicated. %lld rows share a key with another.",
                           list, shown != NULL ? shown : "?", (long long)rows);
}
