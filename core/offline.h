/*
** offline.h - the script that an upgrade or a downgrade would run, as text
**
** What Alembic's --sql prints: the bodies in the order of the plan, between them the changes of the
** version rows and the log rows, before all of it a guard that refuses a database which is not at the
** script's start. Run in psql -1 or in the sqlite3 shell the script leaves the schema and the ledger
** that the call would leave, times apart. It says no time itself: the same ledger gives the same
** script.
**
**     lim_offline o = {.cx = cx, .dialect = LIM_SQLITE, .graph = g, .schema = "main", ...};
**     lim_offline_plan(&o, &state, LIM_UPGRADE, "base:head")
**     lim_offline_begin(&o)
**     for each of lim_offline_revisions(&o):  lim_offline_store(&o, &stored)
**     for each step i in its order:  lim_offline_step(&o, i, &body)
**     text = lim_offline_end(&o)
**
** In SQLite a body marked transaction:false is written as it is run (autocommit.h): each statement in a
** transaction of its own, with the log rows that say how far it is. So a script that ends half-way is
** gone on with by migrate_upgrade() or migrate_downgrade().
**
** An upgrade's script also holds the revisions that it applies, and stores those that the database
** doesn't have yet, as migrate_load() would: on a new database it begins with nothing, and
** afterwards the database can be taken down again like any other.
*/
#ifndef LIM_OFFLINE_H
#define LIM_OFFLINE_H

#include "author.h"
#include "body.h"
#include "plan.h"

/* Statements that stand for a part of a body. */
typedef struct lim_replacement {
    size_t start; /* bytes [start, end) of the body */
    size_t end;
    lim_list statements; /* without semicolons */
    bool rebuilds;       /* more than one for one */
} lim_replacement;

/* SQLite: a unit of a body marked transaction:false, and what the host knows of it. */
typedef struct lim_offline_unit {
    lim_unit unit;
    bool alone;     /* one statement, which has to run outside of transactions */
    bool suspends;  /* switches foreign keys off */
    bool resumes;   /* switches them on, and doesn't switch them off behind that */
    bool needs_off; /* needs them off while it runs */
} lim_offline_unit;

/* One body of the plan. */
typedef struct lim_offline_body {
    lim_body body;
    uint32_t statements;      /* how many the log row says */
    bool checks_foreign_keys; /* SQLite: switches them off, so new violations are looked for */
    const lim_replacement *replacements; /* in the order of the text */
    uint32_t replacement_count;
    const lim_offline_unit *units; /* SQLite: of a body marked transaction:false, else NULL */
    uint32_t unit_count;
} lim_offline_body;

typedef struct lim_offline {
    /* from the host */
    lim_context *cx;
    lim_dialect dialect;
    lim_graph *graph;
    const char *schema;        /* the ledger's, quoted where it has to be */
    const char *actor;         /* SQLite: who the log says it was; PostgreSQL asks the session */
    const char *const *tables; /* SQLite: what makes the ledger, up to a NULL */
    int format;                /* SQLite: the ledger's */
    bool foreign_keys;         /* SQLite: they are enforced here */
    bool suspends;             /* SQLite: a body of the plan needs them switched off */
    bool settles;              /* PostgreSQL: a body may leave settings or deferred checks behind */
    lim_list settings;         /* PostgreSQL: names of an application's own that bodies set */

    /* by lim_offline_plan() */
    lim_state start;
    lim_plan plan;
    lim_list versions; /* the version rows that the script has come to */

    lim_text text;
} lim_offline;

/* Resolves `target` or `start:target` (NULL: upgrade to head) and plans. The start is base, a
** revision, heads, or current (as a bare target has it). What a run would refuse is refused. */
bool lim_offline_plan(lim_offline *o, const lim_state *current, lim_operation operation,
                      const char *range);

/* PostgreSQL: looks at a body for what it leaves behind (settles, settings), before begin. */
bool lim_offline_look(lim_offline *o, const lim_body *body);

/* The revisions that the script stores, in the order of storing: those that an upgrade applies. False:
** LIM_NOMEM. */
bool lim_offline_revisions(const lim_offline *o, lim_nodes *nodes);

/* The script's parts, in this order. Without steps begin is all that is needed. */
bool lim_offline_begin(lim_offline *o);
bool lim_offline_store(lim_offline *o, const lim_stored *stored);
bool lim_offline_step(lim_offline *o, uint32_t step, const lim_offline_body *body);
const char *lim_offline_end(lim_offline *o);

#endif
