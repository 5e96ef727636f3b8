/*
** schema_text.c - see schema_text.h
*/
#include "schema_text.h"
#include "transaction.h"

/* --- attempts ------------------------------------------------------------------------------ */

bool limbeck_refuse(limbeck_attempt *a) {
    a->refused = true;
    return false;
}

bool limbeck_passed(limbeck_attempt *a, int rc) {
    if (limbeck_failed(a->call))
        return false;
    switch (rc & 0xff) {
    case SQLITE_OK:
        return true;
    case SQLITE_ERROR:
    case SQLITE_AUTH:
    case SQLITE_LOCKED:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return limbeck_refuse(a);
    default:
        return limbeck_fail_sqlite(a->call, rc, NULL);
    }
}

bool limbeck_look(limbeck_attempt *a, char *sql, bool *found, int *number) {
    sqlite3_stmt *s = NULL;
    int rc = SQLITE_NOMEM;
    *found = false;
    if (sql != NULL)
        rc = sqlite3_prepare_v2(a->call->db, sql, -1, &s, NULL);
    sqlite3_free(sql);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    *found = rc == SQLITE_ROW;
    if (*found && number != NULL)
        *number = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    limbeck_transaction_arm(a->call); /* it may have read the schema, virtual tables and all */
    return limbeck_passed(a, rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc);
}

bool limbeck_attempt_run(limbeck_attempt *a, char *sql) {
    sqlite3_stmt *s = NULL;
    int rc = SQLITE_NOMEM;
    limbeck_transaction_arm(a->call);
    if (sql != NULL) {
        rc = sqlite3_prepare_v2(a->call->db, sql, -1, &s, NULL);
    }
    sqlite3_free(sql);
    if (rc == SQLITE_OK) {
        rc = sqlite3_stmt_readonly(s) ? SQLITE_AUTH : sqlite3_step(s);
    }
    sqlite3_finalize(s);
    limbeck_transaction_arm(a->call);
    return limbeck_passed(a, rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc);
}

/* --- the schema ---------------------------------------------------------------------------- */

bool limbeck_schema_open(limbeck_attempt *a) {
    int defensive;
    sqlite3_db_config(a->call->db, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
    return !defensive || limbeck_refuse(a);
}

/* Whether sqlite_schema may be written to. Returns what was. */
static int set_writable(limbeck_call *call, int writable) {
    int before;
    int now;
    sqlite3_db_config(call->db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, -1, &before);
    sqlite3_db_config(call->db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, writable, &now);
    limbeck_transaction_arm(call);
    return before;
}

/* It may be written to for that long. After a failure the end of the transaction puts that back. */
bool limbeck_schema_write(limbeck_attempt *a, const char *schema, const char *format, ...) {
    char *change;
    int writable;
    bool ok;
    va_list args;
    va_start(args, format);
    change = sqlite3_vmprintf(format, args);
    va_end(args);
    if (change == NULL)
        return lim_out_of_memory(&a->call->cx);
    writable = set_writable(a->call, 1);
    ok = limbeck_attempt_run(a,
                             sqlite3_mprintf("UPDATE \"%w\".sqlite_master SET %s", schema, change));
    sqlite3_free(change);
    if (ok || a->refused)
        set_writable(a->call, writable);
    return ok;
}

bool limbeck_schema_reread(limbeck_attempt *a, const char *schema) {
    int version = 0;
    bool found;
    if (!limbeck_look(a, sqlite3_mprintf("PRAGMA \"%w\".schema_version", schema), &found, &version))
        return false;
    version = version == 0x7fffffff ? 0 : version + 1;
    return limbeck_attempt_run(
               a, sqlite3_mprintf("PRAGMA \"%w\".schema_version = %d", schema, version)) &&
           /* the first statement that runs finds the new version, and reads the schema */
           limbeck_look(a, sqlite3_mprintf("SELECT 1 FROM \"%w\".sqlite_master", schema), &found,
                        NULL);
}
