/*
** adopt.h - the ledger's version rows out of another tool's version table
**
**     lim_adopt_query(cx, "dbmate", NULL, &query)     what the host is to read, as the caller
**     lim_adopt_plan(cx, g, state, &query, rows, ...)  which rows of migrate_version come of it
**
** Tools keep different things there: Alembic the heads, golang-migrate the last version and whether
** it stopped half-way, the others every version that is applied. What is applied must be closed: a
** version without one that it stands on cannot be told by version rows, and is refused.
*/
#ifndef LIM_ADOPT_H
#define LIM_ADOPT_H

#include "format.h"
#include "plan.h"
#include "script.h"

#define LIM_ADOPT_COLUMNS 3

typedef struct lim_adopt_query {
    const char *tool;
    const char *table; /* as it is written in SQL: a name, maybe with its schema */
    const char *shown; /* the same in quotes, for messages */
    const char *sql;   /* the SELECT */
    int columns;
} lim_adopt_query;

/* One row that it gave, values as text; NULL is SQL's NULL. Truth is t, true or 1. */
typedef struct lim_adopt_row {
    const char *values[LIM_ADOPT_COLUMNS];
} lim_adopt_row;

/* table NULL: the tool's own. Fails for an unknown tool (LIM_NOT_SUPPORTED) and for a table that is
** not a name (LIM_INVALID). */
bool lim_adopt_find(lim_context *cx, lim_dialect dialect, const char *tool, const char *table,
                    lim_adopt_query *query);

/* Records that the table is not there. Always false. */
bool lim_adopt_fail_missing(lim_context *cx, const lim_adopt_query *query);

/* Plans the stamp. Every version must be a stored revision's; rows that overlap become one; a ledger
** that stands at another version already is refused (LIM_STATE). */
bool lim_adopt_plan(lim_context *cx, lim_graph *g, const lim_state *state,
                    const lim_adopt_query *query, const lim_adopt_row *rows, uint32_t count,
                    lim_plan *plan);

/* `adopted base -> 003`, `already at 003`. NULL: LIM_NOMEM. */
const char *lim_adopt_report(lim_context *cx, const lim_plan *plan);

#endif
