/*
** adopt.c - migrate_adopt(): the version that another tool's table says
**
**     SELECT migrate_adopt('alembic');
**     SELECT migrate_adopt('golang-migrate', 'main.schema_migrations');
**
** The table is only read. It is read again under the lock when something is to be written.
*/
#include "functions.h"
#include "adopt.h"
#include "runner.h"
#include "store.h"
#include "transaction.h"
#include <string.h>

typedef struct adopt_rows {
    lim_adopt_row *rows;
    uint32_t count;
    uint32_t capacity;
} adopt_rows;

static bool read_row(limbeck_call *call, sqlite3_stmt *statement, int columns, adopt_rows *into) {
    lim_adopt_row row = {{NULL}};
    for (int i = 0; i < columns; i++) {
        const char *value = (const char *)sqlite3_column_text(statement, i);
        if (value != NULL && (row.values[i] = lim_copy_string(&call->cx, value)) == NULL) {
            return false;
        }
        if (value == NULL && sqlite3_column_type(statement, i) != SQLITE_NULL) {
            return lim_out_of_memory(&call->cx);
        }
    }
    if (!lim_grow(&call->cx, &into->rows, &into->capacity, into->count + 1, sizeof row)) {
        return false;
    }
    into->rows[into->count++] = row;
    return true;
}

static bool read_versions(limbeck_call *call, const lim_adopt_query *query, adopt_rows *into) {
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(call->db, query->sql, -1, &statement, NULL);
    *into = (adopt_rows){NULL, 0, 0};
    if (rc == SQLITE_ERROR && strncmp(sqlite3_errmsg(call->db), "no such table: ", 15) == 0) {
        return lim_adopt_fail_missing(&call->cx, query);
    }
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!read_row(call, statement, query->columns, into)) {
            sqlite3_finalize(statement);
            return false;
        }
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_OK && rc != SQLITE_DONE) {
        limbeck_fail_sqlite(call, rc,
                            lim_format(&call->cx, "cannot read %s's version table", query->tool));
    }
    sqlite3_finalize(statement);
    return !limbeck_failed(call);
}

static bool make_plan(limbeck_call *call, int read, const lim_adopt_query *query,
                      limbeck_ledger *ledger, lim_plan *plan) {
    adopt_rows rows;
    return limbeck_store_open(call, read, NULL, ledger) && read_versions(call, query, &rows) &&
           lim_adopt_plan(&call->cx, ledger->graph, &ledger->state, query, rows.rows, rows.count,
                          plan);
}

bool limbeck_adopt(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    limbeck_ledger ledger;
    lim_adopt_query query;
    lim_plan plan;
    if (!lim_adopt_find(&call->cx, LIM_SQLITE, arguments[0].text, arguments[1].text, &query) ||
        !make_plan(call, LIMBECK_READ_NAMES, &query, &ledger, &plan)) {
        return false;
    }
    if (plan.step_count > 0 &&
        (!limbeck_transaction_begin(call) || !limbeck_store_prepare(call) ||
         !make_plan(call, LIMBECK_READ_ALL | LIMBECK_READ_STOPS, &query, &ledger, &plan) ||
         !limbeck_run_stamp(call, "adopt", &ledger, &plan))) {
        return false;
    }
    *result = lim_adopt_report(&call->cx, &plan);
    return *result != NULL;
}
