/*
** alter_sql.c - statements that ALTER TABLE asks and runs
*/
#include "alter_sql.h"
#include "transaction.h"
#include <string.h>

static sqlite3_stmt *ask(limbeck_call *call, const char *format, va_list args) {
    sqlite3_stmt *statement = NULL;
    char *sql;
    int rc;
    if (limbeck_failed(call))
        return NULL;
    sql = sqlite3_vmprintf(format, args);
    if (sql == NULL) {
        lim_out_of_memory(&call->cx);
        return NULL;
    }
    rc = sqlite3_prepare_v2(call->db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        limbeck_fail_sqlite(call, rc, NULL);
    sqlite3_free(sql);
    return statement;
}

sqlite3_stmt *limbeck_ask(limbeck_call *call, const char *format, ...) {
    sqlite3_stmt *statement;
    va_list args;
    va_start(args, format);
    statement = ask(call, format, args);
    va_end(args);
    return statement;
}

bool limbeck_answer(limbeck_call *call, sqlite3_stmt **statement) {
    if (*statement == NULL)
        return false;
    if (!limbeck_failed(call) && limbeck_row(call, *statement) && !limbeck_failed(call))
        return true;
    sqlite3_finalize(*statement);
    *statement = NULL;
    return false;
}

const char *limbeck_answer_text(limbeck_call *call, sqlite3_stmt *statement, int column) {
    const char *text = (const char *)sqlite3_column_text(statement, column);
    if (text != NULL)
        return lim_copy_string(&call->cx, text);
    if (sqlite3_column_type(statement, column) != SQLITE_NULL)
        lim_out_of_memory(&call->cx);
    return NULL;
}

bool limbeck_ask_number(limbeck_call *call, int64_t *number, const char *format, ...) {
    sqlite3_stmt *statement;
    va_list args;
    va_start(args, format);
    statement = ask(call, format, args);
    va_end(args);
    *number = 0;
    if (limbeck_answer(call, &statement)) {
        *number = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
    }
    return !limbeck_failed(call);
}

/* Runs the text. An INSERT of which the application's authorizer has made nothing would lose rows. */
static int execute(limbeck_call *call, const char *sql) {
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(call->db, sql, -1, &s, NULL);
    bool ignored =
        rc == SQLITE_OK && sqlite3_strnicmp(sql, "INSERT", 6) == 0 && sqlite3_stmt_readonly(s) != 0;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = ignored ? SQLITE_AUTH : sqlite3_step(s);
    }
    sqlite3_finalize(s);
    if (ignored) {
        lim_fail(&call->cx, LIM_STATE, NULL,
                 "the application's authorizer ignores a statement that inserts rows");
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Runs the text; the error stays with the connection. */
static int run(limbeck_call *call, lim_list *script, const char *format, va_list args) {
    char *sql = sqlite3_vmprintf(format, args);
    int rc = SQLITE_NOMEM;
    if (sql != NULL) {
        limbeck_transaction_arm(call);
        rc = execute(call, sql);
        if (rc == SQLITE_OK)
            limbeck_transaction_arm(call); /* questions follow, and the schema is another */
    }
    if (rc == SQLITE_OK && script != NULL) {
        const char *copy = lim_copy_string(&call->cx, sql);
        if (copy == NULL || !lim_list_add(&call->cx, script, copy))
            rc = SQLITE_NOMEM;
    }
    sqlite3_free(sql);
    if (rc == SQLITE_NOMEM)
        lim_out_of_memory(&call->cx);
    return rc;
}

bool limbeck_change(limbeck_call *call, lim_list *script, const char *format, ...) {
    va_list args;
    int rc;
    if (limbeck_failed(call))
        return false;
    va_start(args, format);
    rc = run(call, script, format, args);
    va_end(args);
    if (rc != SQLITE_OK)
        return limbeck_fail_sqlite(call, rc, NULL);
    return !limbeck_transaction_lost(call) ||
           lim_fail(&call->cx, LIM_STATE, NULL, "the statement ended the transaction");
}

int limbeck_try(limbeck_call *call, lim_list *script, const char *format, ...) {
    va_list args;
    int rc;
    if (limbeck_failed(call))
        return SQLITE_ERROR;
    va_start(args, format);
    rc = run(call, script, format, args);
    va_end(args);
    return rc;
}

static bool find_in(limbeck_call *call, const char *schema, const char *name,
                    limbeck_table *table) {
    sqlite3_stmt *s = limbeck_ask(call,
                                  "SELECT name, sql, type FROM \"%w\".sqlite_master"
                                  " WHERE name = %Q COLLATE nocase",
                                  schema, name);
    while (limbeck_answer(call, &s)) {
        const char *type = (const char *)sqlite3_column_text(s, 2);
        if (type == NULL || (strcmp(type, "table") != 0 && strcmp(type, "view") != 0))
            continue;
        table->is_view = *type == 'v';
        table->schema = schema;
        table->name = limbeck_answer_text(call, s, 0);
        table->sql = limbeck_answer_text(call, s, 1);
        table->is_virtual =
            table->sql != NULL && sqlite3_strnicmp(table->sql, "create virtual", 14) == 0;
    }
    if (!limbeck_failed(call) && table->schema != NULL &&
        (table->name == NULL || table->sql == NULL)) {
        return lim_fail(&call->cx, LIM_STATE, NULL,
                        "the definition of \"%s\" is hidden by the application's authorizer",
                        lim_show(&call->cx, name));
    }
    return !limbeck_failed(call);
}

bool limbeck_find_table(limbeck_call *call, const char *schema, const char *name,
                        limbeck_table *table) {
    lim_list schemas = {0};
    sqlite3_stmt *s;
    *table = (limbeck_table){0};
    /* mostly */
    if ((schema == NULL || sqlite3_stricmp(schema, "main") == 0) && !limbeck_has_temp(call)) {
        if (!find_in(call, "main", name, table))
            return false;
        if (table->schema != NULL)
            return true;
    }
    if (schema == NULL && !lim_list_add(&call->cx, &schemas, "temp"))
        return false;
    s = limbeck_ask(call, "PRAGMA database_list");
    while (limbeck_answer(call, &s)) {
        const char *found = limbeck_answer_text(call, s, 1);
        if (found != NULL && (schema == NULL ? sqlite3_stricmp(found, "temp") != 0
                                             : sqlite3_stricmp(found, schema) == 0))
            lim_list_add(&call->cx, &schemas, found);
    }
    if (schema != NULL && schemas.count == 0 && sqlite3_stricmp(schema, "temp") == 0 &&
        !lim_list_add(&call->cx, &schemas, "temp"))
        return false;
    for (uint32_t i = 0; i < schemas.count && table->schema == NULL; i++)
        if (!find_in(call, schemas.items[i], name, table))
            return false;
    return !limbeck_failed(call);
}
