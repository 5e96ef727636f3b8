/*
** alter_drop.c - DROP COLUMN of a table with few rows
*/
#include "alter_drop.h"
#include "edit_text.h"
#include "schema_text.h"
#include "transaction.h"
#include <string.h>

#define FEW       1000
#define FEW_ROWS  "1000"
#define SAVEPOINT "limbeck_drop"

/* One drop under way. */
typedef struct drop {
    limbeck_attempt attempt;
    limbeck_call *call;
    const limbeck_table *table;
    const lim_create_table *before;
    int32_t column;
    const char *edited;
    const char *spare; /* the name of the copy */
    const char *rowid; /* a name of the hidden rowid, or NULL: a column is it */
    const char *columns;
} drop;

static bool is_plain_table(const drop *d) {
    const lim_create_table *before = d->before;
    const lim_clause *key = lim_primary_key(before);
    if (sqlite3_stricmp(d->table->schema, "main") != 0 || d->table->is_virtual ||
        before->without_rowid || before->strict || (key != NULL && key->autoincrement)) {
        return false;
    }
    for (uint32_t i = 0; i < before->column_count; i++) {
        if (lim_column_clause(&before->columns[i], LIM_CLAUSE_GENERATED) != NULL ||
            (lim_column_clause(&before->columns[i], LIM_CLAUSE_FOREIGN_KEY) != NULL &&
             limbeck_transaction_foreign_keys(d->call))) {
            return false;
        }
    }
    for (uint32_t i = 0; i < before->constraint_count; i++) {
        if (before->constraints[i].kind == LIM_CLAUSE_FOREIGN_KEY &&
            limbeck_transaction_foreign_keys(d->call)) {
            return false;
        }
    }
    return true;
}

/* A name for the rowid that no column has. */
static bool name_rowid(drop *d) {
    if (lim_rowid_column(&d->call->cx, d->before) >= 0) {
        return true;
    }
    d->rowid = lim_hidden_rowid(d->before, NULL, NULL);
    return d->rowid != NULL;
}

/* Looks through the schema: no index of the table may name the column, and the spare name must be free. An
** authorizer that hides the table there would keep DROP TABLE from finding the copy. */
static bool look_around(drop *d) {
    lim_context *cx = &d->call->cx;
    const char *name = d->before->columns[d->column].name;
    sqlite3_stmt *s;
    bool there = false, free_to_go = true;
    d->spare = lim_format(cx, "%s~old", d->table->name);
    s = d->spare == NULL
            ? NULL
            : limbeck_ask(d->call,
                          "SELECT type = 'table', name = %Q, sql FROM main.sqlite_master WHERE"
                          " tbl_name IN (%Q, %Q) COLLATE nocase",
                          d->table->name, d->table->name, d->spare);
    while (limbeck_answer(d->call, &s)) {
        const char *sql = (const char *)sqlite3_column_text(s, 2);
        bool is_table = sqlite3_column_int(s, 0) != 0;
        bool is_ours = is_table && sqlite3_column_int(s, 1) != 0;
        there = there || is_ours;
        free_to_go = free_to_go &&
                     (is_ours ||
                      (!is_table && (sql == NULL || !lim_mentions(cx, sql, 0, strlen(sql), name))));
    }
    return !limbeck_failed(d->call) && ((there && free_to_go) || limbeck_refuse(&d->attempt));
}

static bool run(drop *d, const char *sql) {
    return sql != NULL && limbeck_attempt_run(&d->attempt, sqlite3_mprintf("%s", sql));
}

static bool create_copy(drop *d) {
    lim_context *cx = &d->call->cx;
    lim_create_table after;
    char *name = lim_quote_name(cx, d->spare);
    if (name == NULL || (name = lim_format(cx, "main.%s", name)) == NULL ||
        !lim_create_table_split(cx, d->edited, strlen(d->edited), &after)) {
        return false;
    }
    return run(d, lim_spliced(cx, after.text, after.length, after.name_span.start,
                              after.name_span.end, name));
}

/* The columns that stay, and the hidden rowid before them. */
static bool list_columns(drop *d) {
    d->columns =
        lim_column_names(&d->call->cx, d->before, d->rowid, d->before->columns[d->column].name);
    return d->columns != NULL;
}

/* Where the application's authorizer hides a column, SQLite compiles it as a NULL: then the rows can't be
** copied. */
static bool all_is_seen(drop *d) {
    sqlite3_stmt *s = limbeck_ask(d->call, "EXPLAIN SELECT %s FROM main.\"%w\" NOT INDEXED",
                                  d->columns, d->table->name);
    bool hidden = false;
    while (limbeck_answer(d->call, &s)) {
        const char *opcode = (const char *)sqlite3_column_text(s, 1);
        hidden = hidden || opcode == NULL || strcmp(opcode, "Null") == 0;
    }
    return !limbeck_failed(d->call) && (!hidden || limbeck_refuse(&d->attempt));
}

static bool copy_rows(drop *d) {
    lim_context *cx = &d->call->cx;
    char *table = lim_quote_name(cx, d->table->name), *spare = lim_quote_name(cx, d->spare);
    if (table == NULL || spare == NULL) {
        return false;
    }
    return run(d, lim_format(cx,
                             "INSERT OR ABORT INTO main.%s (%s) SELECT %s FROM main.%s NOT INDEXED"
                             " LIMIT " FEW_ROWS,
                             spare, d->columns, d->columns, table)) &&
           (sqlite3_changes(d->call->db) < FEW || limbeck_refuse(&d->attempt));
}

/* The copy and the table change their b-trees. */
static bool change_places(drop *d) {
    return limbeck_schema_write(
               &d->attempt, "main",
               "sql = CASE name WHEN %Q THEN %Q ELSE sql END, rootpage = (SELECT sum(rootpage) FROM"
               " main.sqlite_master WHERE type = 'table' AND name IN (%Q, %Q)) - rootpage"
               " WHERE type = 'table' AND name IN (%Q, %Q)",
               d->table->name, d->edited, d->table->name, d->spare, d->table->name, d->spare) &&
           (sqlite3_changes(d->call->db) == 2 || limbeck_refuse(&d->attempt)) &&
           limbeck_schema_reread(&d->attempt, "main");
}

static bool carry_out(drop *d) {
    char *spare = lim_quote_name(&d->call->cx, d->spare);
    return spare != NULL && create_copy(d) && copy_rows(d) && change_places(d) &&
           run(d, lim_format(&d->call->cx, "DROP TABLE main.%s", spare));
}

bool limbeck_drop_in_few_rows(limbeck_call *call, const limbeck_table *table,
                              const lim_create_table *before, int32_t column, const char *edited,
                              bool *done) {
    drop d = {.attempt = {.call = call},
              .call = call,
              .table = table,
              .before = before,
              .column = column,
              .edited = edited};
    sqlite3_int64 rowid = sqlite3_last_insert_rowid(call->db);
    *done = false;
    if (!is_plain_table(&d) || limbeck_has_temp(call) || !name_rowid(&d)) {
        return !limbeck_failed(call);
    }
    if (!limbeck_schema_open(&d.attempt) || !look_around(&d) || !list_columns(&d) ||
        !all_is_seen(&d)) {
        return !limbeck_failed(call);
    }
    if (!limbeck_change(call, NULL, "SAVEPOINT " SAVEPOINT)) {
        return false;
    }
    *done = carry_out(&d);
    sqlite3_set_last_insert_rowid(call->db, rowid);
    if (!*done && (limbeck_failed(call) || !limbeck_change(call, NULL, "ROLLBACK TO " SAVEPOINT))) {
        return false;
    }
    return limbeck_change(call, NULL, "RELEASE " SAVEPOINT);
}
