/*
** preflight.c - may this call run here?
*/
#include "preflight.h"
#include "lex.h"
#include <string.h>

/* True when the text calls a function of this name: the name, quoted or not, and a parenthesis. */
static bool calls_function(const char *sql, const char *function) {
    size_t length = strlen(sql), name_length = strlen(function);
    lim_token token = lim_lex_significant(LIM_SQLITE, sql, length, 0);
    while (token.kind != LIM_TOKEN_END) {
        lim_token after = lim_lex_significant(LIM_SQLITE, sql, length, token.start + token.length);
        if (after.kind == LIM_TOKEN_LEFT) {
            const char *name = sql + token.start;
            size_t size = token.length;
            if (token.kind == LIM_TOKEN_QUOTED && size >= 2) {
                name++;
                size -= 2;
            }
            if ((token.kind == LIM_TOKEN_WORD || token.kind == LIM_TOKEN_QUOTED) &&
                size == name_length && sqlite3_strnicmp(name, function, (int)size) == 0) {
                return true;
            }
        }
        token = after;
    }
    return false;
}

/* The open statement that this call stands in: the newest one that names the function. */
static sqlite3_stmt *own_statement(limbeck_call *call) {
    sqlite3_stmt *s = NULL;
    while ((s = sqlite3_next_stmt(call->db, s)) != NULL) {
        const char *sql = sqlite3_sql(s);
        if (sqlite3_stmt_busy(s) && sql != NULL && calls_function(sql, call->function)) {
            return s;
        }
    }
    return NULL;
}

/* True unless EXPLAIN shows that the statement opens no transaction, that is, no table. */
static bool reads_tables(limbeck_call *call, sqlite3_stmt *statement) {
    sqlite3_stmt *explain = NULL;
    bool reads = false;
    char *sql = sqlite3_mprintf("EXPLAIN %s", sqlite3_sql(statement));
    if (sql == NULL || sqlite3_prepare_v2(call->db, sql, -1, &explain, NULL) != SQLITE_OK) {
        reads = true;
    }
    while (!reads) {
        int rc = sqlite3_step(explain);
        if (rc != SQLITE_ROW) {
            reads = rc != SQLITE_DONE;
            break;
        }
        reads = strcmp((const char *)sqlite3_column_text(explain, 1), "Transaction") == 0;
    }
    sqlite3_finalize(explain);
    sqlite3_free(sql);
    return reads;
}

const char *limbeck_open_statement(limbeck_call *call) {
    sqlite3_stmt *own = own_statement(call), *s = NULL;
    while ((s = sqlite3_next_stmt(call->db, s)) != NULL) {
        if (s != own && sqlite3_stmt_busy(s) && sqlite3_sql(s) != NULL && reads_tables(call, s)) {
            return lim_show(&call->cx, sqlite3_sql(s));
        }
    }
    return NULL;
}

/* No statement but our own may be writing. */
static bool check_writers(limbeck_call *call, sqlite3_stmt *own) {
    sqlite3_stmt *s = NULL;
    if (!sqlite3_stmt_readonly(own)) {
        return lim_fail(&call->cx, LIM_STATE,
                        lim_format(&call->cx, "Call it as a plain SELECT %s(...).", call->function),
                        "%s() cannot be called inside a statement that writes: \"%s\"",
                        call->function, lim_show(&call->cx, sqlite3_sql(own)));
    }
    while ((s = sqlite3_next_stmt(call->db, s)) != NULL) {
        if (s != own && sqlite3_stmt_busy(s) && !sqlite3_stmt_readonly(s)) {
            return lim_fail(&call->cx, LIM_STATE,
                            "Fetch all its rows or close its cursor, then call again.",
                            "%s() cannot run while a statement that writes is still open on this "
                            "connection: \"%s\"",
                            call->function, lim_show(&call->cx, sqlite3_sql(s)));
        }
    }
    return true;
}

/* No statement, our own included, may be reading tables. In autocommit SQLite itself tells whether
** one is; within a transaction only the statements do. */
static bool check_readers(limbeck_call *call, sqlite3_stmt *own) {
    sqlite3_stmt *s = NULL;
    const char *open;
    bool alone = true;
    if (sqlite3_get_autocommit(call->db) && sqlite3_txn_state(call->db, NULL) == SQLITE_TXN_NONE) {
        return true;
    }
    while ((s = sqlite3_next_stmt(call->db, s)) != NULL) {
        alone = alone && (s == own || !sqlite3_stmt_busy(s));
    }
    open = alone ? NULL : limbeck_open_statement(call);
    if (open != NULL) {
        return lim_fail(&call->cx, LIM_STATE,
                        "Fetch all its rows or close its cursor, then call again.",
                        "%s() cannot run while another statement is open on this connection: "
                        "\"%s\"",
                        call->function, open);
    }
    if (reads_tables(call, own)) {
        return lim_fail(&call->cx, LIM_STATE,
                        lim_format(&call->cx,
                                   "Call it as a plain SELECT %s(...), without FROM and without a "
                                   "subquery; fetch the argument first.",
                                   call->function),
                        "%s() cannot be called by a statement that reads tables: \"%s\"",
                        call->function, lim_show(&call->cx, sqlite3_sql(own)));
    }
    return !limbeck_failed(call);
}

bool limbeck_preflight(limbeck_call *call, bool runs_bodies) {
    sqlite3_stmt *own;
    if (call->connection->busy) {
        return lim_fail(&call->cx, LIM_STATE,
                        "A body is plain SQL; call migrate_ functions that write from outside.",
                        "%s() cannot be called while another call of Limbeck runs on this "
                        "connection",
                        call->function);
    }
    own = own_statement(call);
    if (own == NULL) {
        return lim_fail(&call->cx, LIM_STATE,
                        lim_format(&call->cx,
                                   "Call it by name in a statement of its own: SELECT %s(...).",
                                   call->function),
                        "unsafe use of %s()", call->function);
    }
    return check_writers(call, own) && (!runs_bodies || check_readers(call, own)) &&
           !limbeck_failed(call);
}
