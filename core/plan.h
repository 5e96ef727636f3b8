/*
** plan.h - the ordered steps of an upgrade, downgrade or stamp
**
** A plan says which revisions run in which order, and for each step which rows of migrate_version
** are lost and gained. The version rows are always the maximal elements of the applied set
** (GRAPH.md, section 7, the simple rule); the order is Alembic's (section 6). The host runs the
** steps one by one; between two steps the ledger is always sound.
*/
#ifndef LIM_PLAN_H
#define LIM_PLAN_H

#include "target.h"
#include "lex.h"

typedef enum lim_operation { LIM_UPGRADE, LIM_DOWNGRADE, LIM_STAMP } lim_operation;

/* One change of one row of migrate_version: lost -> gained is an UPDATE, lost alone a DELETE,
** gained alone an INSERT. In the order in which they are to be written. */
typedef struct lim_change {
    const char *lost;   /* version_num, NULL: none */
    const char *gained; /* likewise */
} lim_change;

typedef struct lim_step {
    lim_node node;         /* the revision that runs; LIM_NONE in a stamp of an unknown row */
    uint32_t first_change; /* changes[first_change] .. */
    uint32_t change_count;
} lim_step;

typedef struct lim_plan {
    lim_operation operation;
    lim_step *steps;
    uint32_t step_count;
    lim_change *changes;
    uint32_t change_count;
    const char *from; /* all version rows before, as the report shows them */
    const char *to;   /* and after */
} lim_plan;

/* Plans. Each resolves text, refuses unsound states (stamp with purge excepted) and changes
** nothing. An irreversible step is planned; lim_plan_refusal() finds it. */
bool lim_plan_upgrade(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                      lim_plan *plan);
bool lim_plan_downgrade(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                        lim_plan *plan);
bool lim_plan_stamp(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                    bool purge, lim_plan *plan);

/* A plan of one step: what is directly below (up) must be applied, what is directly above must not. */
bool lim_plan_one(lim_context *cx, const lim_graph *g, const lim_state *state, lim_node n, bool up,
                  lim_plan *plan);

/* What a run refuses before anything runs: a step down without a downgrade (LIM_STATE), and, unless
** allow_autocommit, a body marked transaction:false (LIM_NOT_SUPPORTED). Who may commit in between
** allows it: CALL migrate_apply in PostgreSQL, a call in autocommit in SQLite; the hint says so. True:
** nothing. */
bool lim_plan_refusal(lim_context *cx, const lim_graph *g, const lim_plan *plan,
                      lim_dialect dialect, bool allow_autocommit);

/* The same of one step of an upgrade or a downgrade, for a host that reads the rows one by one. */
bool lim_step_refusal(lim_context *cx, const lim_graph *g, const lim_plan *plan, uint32_t step,
                      lim_dialect dialect, bool allow_autocommit);

/* False when the body that the step runs is marked transaction:false. A stamp runs none. */
bool lim_step_is_transactional(const lim_graph *g, const lim_plan *plan, uint32_t step);

/* Does to a list of version rows what the step does to the table, and puts it into byte order. False:
** LIM_NOMEM. */
bool lim_plan_follow(lim_context *cx, const lim_plan *plan, uint32_t step, lim_list *versions);

/* The rows of a state as such a list. */
bool lim_plan_versions(lim_context *cx, const lim_graph *g, const lim_state *state,
                       lim_list *versions);

/* A revision's parents by down_revision in declared order, joined by ", ", or "base". NULL: LIM_NOMEM.
 */
const char *lim_parents_text(lim_context *cx, const lim_graph *g, lim_node n);

/* The names of a step as plan rows, log rows and notices show them: the revision's down_revisions
** (or `base`) and itself, the other way round going down; of a stamp the row lost and the row
** gained. Owned by cx. False: LIM_NOMEM. */
bool lim_step_names(lim_context *cx, const lim_graph *g, const lim_plan *plan, uint32_t step,
                    const char **from, const char **to);

/* `Running upgrade 001 -> 002, add users (2 of 14)`. NULL: LIM_NOMEM. */
const char *lim_step_notice(lim_context *cx, const lim_graph *g, const lim_plan *plan,
                            uint32_t step);

/* The line that the call returns: `upgraded base -> 003 (3 revisions)`, `already at 003`. NULL:
** LIM_NOMEM. */
const char *lim_plan_report(lim_context *cx, const lim_plan *plan);

#endif
