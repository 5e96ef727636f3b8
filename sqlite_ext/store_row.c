/*
** store_row.c - one row of the ledger's tables, each value checked
*/
#include "store_row.h"
#include <string.h>

const char *limbeck_column_name(sqlite3_stmt *row, int column) {
    const char *name = sqlite3_column_name(row, column);
    return name == NULL ? "?" : name[0] == '+' ? name + 1 : name;
}

void limbeck_source_complain(limbeck_source *from, int column, const char *what) {
    lim_context *cx = &from->call->cx;
    const char *name = limbeck_column_name(from->row, column);
    if (from->wrong) {
        return;
    }
    from->wrong = true;
    if (from->problems != NULL) {
        const char *problem = lim_format(cx, "%s.%s %s", from->table, name, what);
        if (problem != NULL) {
            lim_problem_add(cx, from->problems, from->subject, problem);
        }
    } else {
        lim_fail(cx, LIM_CORRUPT, "SELECT * FROM migrate_validate() lists what is wrong.",
                 "the ledger is damaged: %s.%s %s", from->table, name, what);
    }
}

/* The value is asked itself, not the statement, which would lock the connection each time: the statement
** that called us has done that. */
const char *limbeck_source_text(limbeck_source *from, int column) {
    sqlite3_value *value = sqlite3_column_value(from->row, column);
    const char *text;
    size_t length;
    if (sqlite3_value_type(value) != SQLITE_TEXT) {
        limbeck_source_complain(from, column, "is not text");
        return NULL;
    }
    text = (const char *)sqlite3_value_text(value);
    length = (size_t)sqlite3_value_bytes(value);
    if (text == NULL) {
        lim_out_of_memory(&from->call->cx);
        return NULL;
    }
    if (strlen(text) != length) {
        limbeck_source_complain(from, column, "holds a NUL byte");
        return NULL;
    }
    if (!lim_utf8_valid(text, length, NULL)) {
        limbeck_source_complain(from, column, "is not valid UTF-8");
        return NULL;
    }
    return lim_copy(&from->call->cx, text, length);
}

int64_t limbeck_source_integer(limbeck_source *from, int column, int64_t low, int64_t high) {
    sqlite3_value *found = sqlite3_column_value(from->row, column);
    int64_t value = sqlite3_value_int64(found);
    if (sqlite3_value_type(found) != SQLITE_INTEGER || value < low || value > high) {
        limbeck_source_complain(from, column,
                                low == 0 && high == 1 ? "is neither 0 nor 1" : "is not a number");
        return low;
    }
    return value;
}

const char *limbeck_source_told(limbeck_source *from, int column) {
    if (sqlite3_column_type(from->row, column) != SQLITE_TEXT) {
        return NULL;
    }
    from->wrong = false;
    return limbeck_source_text(from, column);
}
