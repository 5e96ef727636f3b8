/*
** target.h - the words a person types, and the revisions they mean
**
** `head`, `base`, `ae10`, `billing@head`, `+2`, `l1@-1`, `abc:def`, ... Each kind of call reads
** them in its own way, so each has its own function here; GRAPH.md gives every form with examples
** and errors. NULL is the call's default where it has one. Errors: LIM_INVALID for a malformed
** word, LIM_UNDEFINED for an unknown one, LIM_AMBIGUOUS, LIM_STATE.
*/
#ifndef LIM_TARGET_H
#define LIM_TARGET_H

#include "order.h"

/* upgrade: the revisions that shall be applied; none for base. text NULL is "head". */
bool lim_target_upgrade(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                        lim_nodes *targets);

/* downgrade: the revision that shall be the top (LIM_NONE: base), and the revision that the label
** before the @ stands for (LIM_NONE: no label). */
typedef struct lim_downgrade {
    lim_node target;
    lim_node label;
    const char *text; /* as typed, for messages */
} lim_downgrade;
bool lim_target_downgrade(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                          lim_downgrade *target);

/* stamp: one entry a word. No targets: base. With a label (`l1@x`; else LIM_NONE) only the rows on
** that branch are replaced. Words that overlap are refused. */
typedef struct lim_stamp {
    lim_node label;
    lim_nodes targets;
} lim_stamp;
bool lim_target_stamp(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                      lim_stamp **words, uint32_t *count);

/* history and the *_sql functions: the nodes of `a:b` for history, children before parents. text
** NULL: everything. */
bool lim_target_history(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                        lim_nodes *nodes);

/* migrate_show: one or several words, each a revision; `current`, `heads` and `head` included. */
bool lim_target_show(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                     lim_nodes *nodes);

/* migrate_revision's head, migrate_merge's revisions: what the new revision stands on. text NULL is
** "head"; none for base. Errors in the words of `alembic revision` and `alembic merge`. */
bool lim_target_parents(lim_context *cx, lim_graph *g, const char *text, lim_nodes *nodes);

/* One existing revision named by id, unique prefix or label: migrate_edit, migrate_delete, a member
** of depends_on (words such as `billing@head` allowed there). LIM_NONE: see cx->error. */
lim_node lim_target_one(lim_context *cx, lim_graph *g, const char *text);

#endif
