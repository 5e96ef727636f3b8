/*
** settings.c - the connection's settings that a body may change while it runs
*/
#include "settings.h"
#include "transaction.h"
#include <stdlib.h>
#include <string.h>

#define VIOLATIONS_SHOWN 5

bool limbeck_settings_apply(limbeck_call *call, const limbeck_place *place,
                            const limbeck_pragma *pragma) {
    int value = pragma->on, now, pending = 0, highest;
    if (pragma->setting == SQLITE_DBCONFIG_ENABLE_FKEY) {
        sqlite3_db_status(call->db, SQLITE_DBSTATUS_DEFERRED_FKS, &pending, &highest, 0);
        if (limbeck_transaction_foreign_keys(call) && !pragma->on && pending > 0) {
            return limbeck_fail_at(call, place, limbeck_place_statement(place).start, LIM_STATE,
                                   "Repair the rows that violate deferred foreign keys, then call "
                                   "again; PRAGMA foreign_key_check lists them.",
                                   "foreign keys cannot be switched off while deferred violations "
                                   "are pending in this transaction");
        }
        value = pragma->on && limbeck_transaction_foreign_keys(call);
    }
    sqlite3_db_config(call->db, pragma->setting, value, &now);
    limbeck_transaction_arm(call);
    return true;
}

void limbeck_settings_restore(limbeck_call *call) {
    limbeck_transaction_put_back(call);
    limbeck_transaction_arm(call);
}

/* --- violations ------------------------------------------------------------------------------ */

void limbeck_violations_begin(limbeck_call *call, limbeck_violations *violations) {
    memset(violations, 0, sizeof *violations);
    lim_context_begin(&violations->cx, &call->cx.allocator);
}

void limbeck_violations_end(limbeck_violations *violations) {
    lim_context_end(&violations->cx);
}

/* Adds what one PRAGMA foreign_key_check says. A table whose foreign key has no fitting parent key
** makes the pragma fail; with broken given that is no failure but *broken. */
static bool run_check(limbeck_call *call, limbeck_violations *v, const char *sql, bool *broken) {
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(call->db, sql, -1, &row, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        const char *child = lim_show(&v->cx, (const char *)sqlite3_column_text(row, 0));
        const char *parent = lim_show(&v->cx, (const char *)sqlite3_column_text(row, 2));
        const char *text =
            sqlite3_column_type(row, 1) == SQLITE_NULL
                ? lim_format(&v->cx, "a row of \"%s\" refers to no row of \"%s\"", child, parent)
                : lim_format(&v->cx, "row %lld of \"%s\" refers to no row of \"%s\"",
                             (long long)sqlite3_column_int64(row, 1), child, parent);
        if (text == NULL || !lim_list_add(&v->cx, &v->rows, text)) {
            sqlite3_finalize(row);
            return lim_out_of_memory(&call->cx);
        }
        rc = SQLITE_OK;
    }
    if (rc == SQLITE_ERROR) {
        *broken = true;
        rc = SQLITE_DONE;
    }
    if (rc != SQLITE_DONE) {
        limbeck_fail_sqlite(call, rc, NULL);
    }
    sqlite3_finalize(row);
    return !limbeck_failed(call);
}

/* Table by table, so that a broken one does not hide the others. */
static bool check_each_table(limbeck_call *call, limbeck_violations *v) {
    static const char SELECT_TABLES[] =
        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND rootpage <> 0";
    sqlite3_stmt *row = limbeck_statement(call, SELECT_TABLES);
    while (row != NULL && limbeck_row(call, row)) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        char *sql = sqlite3_mprintf("PRAGMA main.foreign_key_check(%Q)", name);
        bool broken = false;
        bool ok = sql != NULL ? run_check(call, v, sql, &broken) : lim_out_of_memory(&call->cx);
        sqlite3_free(sql);
        if (ok && broken) {
            const char *text =
                lim_format(&v->cx, "a foreign key of \"%s\" refers to columns that are no key",
                           lim_show(&v->cx, name));
            ok = (text != NULL && lim_list_add(&v->cx, &v->rows, text)) ||
                 lim_out_of_memory(&call->cx);
        }
        if (!ok) {
            sqlite3_reset(row);
            return false;
        }
    }
    return !limbeck_failed(call);
}

bool limbeck_violations_read(limbeck_call *call, limbeck_violations *violations) {
    bool broken = false;
    if (!run_check(call, violations, "PRAGMA main.foreign_key_check", &broken)) {
        return false;
    }
    if (broken) {
        violations->rows.count = 0;
        if (!check_each_table(call, violations)) {
            return false;
        }
    }
    if (violations->rows.count > 1) {
        qsort(violations->rows.items, violations->rows.count, sizeof *violations->rows.items,
              lim_compare_names);
    }
    return true;
}

/* Fails with a list of rows. what is said of them in the singular and in the plural. */
static bool fail_violations(limbeck_call *call, const lim_list *rows, const char *where,
                            const char *one, const char *many, const char *hint) {
    lim_text detail = {.cx = &call->cx};
    const char *list;
    for (uint32_t i = 0; i < rows->count && i < VIOLATIONS_SHOWN; i++) {
        lim_text_addf(&detail, "%s%s", i > 0 ? "; " : "", rows->items[i]);
    }
    if (rows->count > VIOLATIONS_SHOWN) {
        lim_text_addf(&detail, "; and %u more", (unsigned)(rows->count - VIOLATIONS_SHOWN));
    }
    lim_text_adds(&detail, ".");
    list = lim_text_end(&detail);
    if (list == NULL) {
        return lim_out_of_memory(&call->cx);
    }
    call->code = SQLITE_CONSTRAINT_FOREIGNKEY;
    lim_fail(&call->cx, LIM_STATE, hint, "%s: %u %s", where, (unsigned)rows->count,
             rows->count == 1 ? one : many);
    return rows->count == 0 || lim_fail_detail(&call->cx, "%s", list);
}

bool limbeck_violations_pending(limbeck_call *call, const char *where) {
    limbeck_violations now;
    int pending = 0, highest;
    bool ok;
    sqlite3_db_status(call->db, SQLITE_DBSTATUS_DEFERRED_FKS, &pending, &highest, 0);
    if (pending == 0) {
        return true;
    }
    limbeck_violations_begin(call, &now);
    ok = limbeck_violations_read(call, &now);
    if (ok) {
        fail_violations(call, &now.rows, where, "row violates a deferred foreign key",
                        "rows violate deferred foreign keys",
                        "The body leaves them behind; repair the rows in it.");
    }
    limbeck_violations_end(&now);
    return false;
}

bool limbeck_violations_compare(limbeck_call *call, const limbeck_violations *before,
                                const char *where) {
    limbeck_violations after;
    lim_list fresh = {0};
    bool ok;
    limbeck_violations_begin(call, &after);
    ok = limbeck_violations_read(call, &after);
    /* Both lists are sorted: what stands in the second more often than in the first is new. */
    for (uint32_t i = 0, j = 0; ok && i < after.rows.count; i++) {
        int order = 1;
        while (j < before->rows.count &&
               (order = strcmp(before->rows.items[j], after.rows.items[i])) < 0) {
            j++;
        }
        if (j < before->rows.count && order == 0) {
            j++;
        } else {
            ok = lim_list_add(&after.cx, &fresh, after.rows.items[i]) ||
                 lim_out_of_memory(&call->cx);
        }
    }
    if (ok && fresh.count > 0) {
        fail_violations(call, &fresh, where, "new row violates a foreign key",
                        "new rows violate a foreign key",
                        "The body switched foreign keys off; repair the rows in it before it "
                        "switches them on again.");
        ok = false;
    }
    limbeck_violations_end(&after);
    return ok;
}
