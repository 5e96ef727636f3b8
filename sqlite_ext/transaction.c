/*
** transaction.c - all or nothing
*/
#include "transaction.h"

void limbeck_transaction_arm(limbeck_call *call) {
    limbeck_transaction *t = &call->transaction;
    sqlite3_stmt *fresh = NULL;
    if (t->open && limbeck_may_be_expired(t->emergency) &&
        sqlite3_prepare_v2(call->db, "BEGIN IMMEDIATE", -1, &fresh, NULL) == SQLITE_OK) {
        sqlite3_finalize(t->emergency);
        t->emergency = fresh;
    }
}

/* The settings of the connection that bodies and table rebuilds change; foreign keys first. */
static const int kept_settings[LIMBECK_SETTINGS] = {
    SQLITE_DBCONFIG_ENABLE_FKEY, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, SQLITE_DBCONFIG_DQS_DDL,
    SQLITE_DBCONFIG_DQS_DML,     SQLITE_DBCONFIG_WRITABLE_SCHEMA,
};

static void save_settings(limbeck_call *call) {
    for (int i = 0; i < LIMBECK_SETTINGS; i++) {
        sqlite3_db_config(call->db, kept_settings[i], -1, &call->transaction.settings[i]);
    }
}

void limbeck_transaction_put_back(limbeck_call *call) {
    int now;
    for (int i = 0; i < LIMBECK_SETTINGS; i++) {
        sqlite3_db_config(call->db, kept_settings[i], call->transaction.settings[i], &now);
    }
}

bool limbeck_transaction_foreign_keys(const limbeck_call *call) {
    return call->transaction.settings[0] != 0;
}

static bool fail_readonly(limbeck_call *call) {
    call->code = SQLITE_READONLY;
    return lim_fail(&call->cx, LIM_STATE, limbeck_lock_hint(call, SQLITE_READONLY),
                    "%s() cannot write: the database is read-only", call->function);
}

/* An application's authorizer may take the effect of a BEGIN or COMMIT and leave it its success. */
static bool fail_ignored(limbeck_call *call, const char *what, const char *statement) {
    call->code = SQLITE_AUTH;
    return lim_fail(&call->cx, LIM_STATE, "Let the authorizer allow SQLITE_TRANSACTION.",
                    "%s() cannot %s: the application's authorizer ignores %s", call->function, what,
                    statement);
}

bool limbeck_transaction_begin(limbeck_call *call) {
    limbeck_transaction *t = &call->transaction;
    const char *random = limbeck_random(call, 16);
    char sql[96];
    int rc;
    if (random == NULL) {
        return false;
    }
    if (t->savepoint[0] == '\0') { /* the call's first */
        *t = (limbeck_transaction){.last_rowid = sqlite3_last_insert_rowid(call->db)};
        save_settings(call);
    }
    t->own = sqlite3_get_autocommit(call->db) != 0;
    if (sqlite3_db_readonly(call->db, "main") == 1) {
        return fail_readonly(call);
    }
    sqlite3_snprintf((int)sizeof t->savepoint, t->savepoint, "migrate$%s", random);
    sqlite3_snprintf((int)sizeof sql, sql, t->own ? "BEGIN IMMEDIATE" : "SAVEPOINT \"%s\"",
                     t->savepoint);
    t->open = true;
    limbeck_transaction_arm(call);
    rc = sqlite3_exec(call->db, sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK && !(t->own && sqlite3_get_autocommit(call->db))) {
        return true;
    }
    /* Out of memory can be said by a BEGIN that has begun. */
    t->open = t->own && !sqlite3_get_autocommit(call->db);
    if (rc == SQLITE_OK) {
        return fail_ignored(call, "begin", "BEGIN");
    }
    if (rc == SQLITE_READONLY) {
        return fail_readonly(call); /* PRAGMA query_only */
    }
    return limbeck_fail_sqlite(call, rc,
                               lim_format(&call->cx, "%s() cannot begin", call->function));
}

bool limbeck_transaction_lost(const limbeck_call *call) {
    return call->transaction.open && sqlite3_get_autocommit(call->db) != 0;
}

static int run_on_savepoint(limbeck_call *call, const char *words) {
    char sql[96];
    sqlite3_snprintf((int)sizeof sql, sql, "%s \"%s\"", words, call->transaction.savepoint);
    return sqlite3_exec(call->db, sql, NULL, NULL, NULL);
}

bool limbeck_transaction_commit(limbeck_call *call) {
    limbeck_transaction *t = &call->transaction;
    int rc;
    if (limbeck_failed(call)) {
        return false;
    }
    limbeck_call_drop_statements(call);
    rc = t->own ? sqlite3_exec(call->db, "COMMIT", NULL, NULL, NULL)
                : run_on_savepoint(call, "RELEASE");
    if (rc != SQLITE_OK) {
        return limbeck_fail_sqlite(call, rc,
                                   lim_format(&call->cx, "%s() cannot commit", call->function));
    }
    if (t->own && !sqlite3_get_autocommit(call->db)) {
        return fail_ignored(call, "commit", "COMMIT");
    }
    t->open = false;
    return true;
}

/* Rolls back the whole transaction, the caller's too, when everything else has failed. While an
** interrupt is pending every statement fails; one that writes then takes the transaction with it.
** Without its prepared form such a statement must be compiled, and the parser looks for interrupts
** at white space only: hence the odd spelling. If there is no interrupt both are without effect,
** and ROLLBACK works. */
static void roll_back_everything(limbeck_call *call) {
    sqlite3_stmt *emergency = call->transaction.emergency;
    if (emergency != NULL) {
        sqlite3_step(emergency);
        sqlite3_reset(emergency);
    }
    if (!sqlite3_get_autocommit(call->db)) {
        sqlite3_exec(call->db, "PRAGMA\"user_version\"=0;", NULL, NULL, NULL);
    }
    if (!sqlite3_get_autocommit(call->db)) {
        sqlite3_exec(call->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

void limbeck_transaction_add_detail(limbeck_call *call, const char *sentence) {
    lim_error *e = &call->cx.error;
    if (sentence == NULL) {
        return;
    }
    if (e->detail == NULL) {
        e->detail = sentence;
    } else {
        const char *both = lim_format(&call->cx, "%s %s", e->detail, sentence);
        e->detail = both != NULL ? both : sentence;
    }
}

static void roll_back(limbeck_call *call) {
    limbeck_transaction *t = &call->transaction;
    bool done = false;
    if (!sqlite3_get_autocommit(call->db)) {
        if (t->own) {
            done = sqlite3_exec(call->db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK &&
                   sqlite3_get_autocommit(call->db);
        } else {
            done = run_on_savepoint(call, "ROLLBACK TO") == SQLITE_OK &&
                   run_on_savepoint(call, "RELEASE") == SQLITE_OK;
        }
        if (!done && !sqlite3_get_autocommit(call->db)) {
            roll_back_everything(call);
        }
    }
    t->open = false;
    if (done || call->cx.error.code == LIM_NOMEM) {
        return;
    }
    if (!sqlite3_get_autocommit(call->db)) {
        limbeck_transaction_add_detail(call, "The transaction could not be rolled back: close the "
                                             "connection, which does it.");
    } else if (!t->own) {
        limbeck_transaction_add_detail(
            call, "SQLite ended the whole transaction: what the caller did in it "
                  "before is rolled back too.");
    }
}

void limbeck_transaction_abandon(limbeck_call *call) {
    call->checked = call->looked_for_watch = false;
    limbeck_call_drop_statements(call);
    if (call->transaction.open) {
        roll_back(call);
    }
}

void limbeck_transaction_end(limbeck_call *call) {
    limbeck_transaction *t = &call->transaction;
    if (t->savepoint[0] == '\0') {
        return; /* none was begun */
    }
    limbeck_transaction_abandon(call);
    sqlite3_finalize(t->emergency);
    limbeck_transaction_put_back(call);
    sqlite3_set_last_insert_rowid(call->db, t->last_rowid);
    *t = (limbeck_transaction){.open = false};
}
