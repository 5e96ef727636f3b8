/*
** store_row.h - one row of the ledger's tables, each value checked
**
** What stands in the tables may have been touched by hand: text must be text, valid UTF-8 and
** without a NUL byte, numbers must be whole and in their range.
**
**     limbeck_source from = {.call = call, .row = row, .table = "migrate_label"};
**     const char *label = limbeck_source_text(&from, 0);
*/
#ifndef LIMBECK_STORE_ROW_H
#define LIMBECK_STORE_ROW_H

#include "call.h"
#include "graph.h"

/* Where values come from: the row of a table, and where complaints about it go. */
typedef struct limbeck_source {
    limbeck_call *call;
    sqlite3_stmt *row;
    const char *table;
    lim_problems *problems; /* NULL: a wrong value fails the call */
    const char *subject;    /* the revision concerned, as far as it is known */
    bool wrong;             /* a value of this row was wrong */
} limbeck_source;

/* A column's name, which may be written with a plus before it. */
const char *limbeck_column_name(sqlite3_stmt *row, int column);

/* Says what is wrong with a column; only the first complaint about a row counts. */
void limbeck_source_complain(limbeck_source *from, int column, const char *what);

/* Text of a column copied to the call's memory; NULL when it is wrong. */
const char *limbeck_source_text(limbeck_source *from, int column);

/* A number of a column; low when it is wrong. */
int64_t limbeck_source_integer(limbeck_source *from, int column, int64_t low, int64_t high);

/* A text that nothing is decided by; NULL where there is none, or where it is wrong. */
const char *limbeck_source_told(limbeck_source *from, int column);

#endif
