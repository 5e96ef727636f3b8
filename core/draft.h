/*
** draft.h - a revision on its way into the ledger: what calls and files have in common
**
** Private to author.c and load.c, which make drafts; the rules about names are kept here once.
*/
#ifndef LIM_DRAFT_H
#define LIM_DRAFT_H

#include "author.h"
#include "script.h"

typedef struct lim_draft {
    const char *file; /* its file's name, for messages; NULL: a call, a text without a name */
    const lim_script *script; /* the file as read, or as printed and read back */
    lim_record *record;       /* what becomes of it; id and branch_labels come first */
    lim_node stored;          /* the revision that has this id now; LIM_NONE: the id is new */
    lim_node node;            /* its node in the graph of lim_draft_names() */
    bool applied;             /* the stored revision is applied */
    bool same;                /* the stored checksum is the text's: labels stay as they are */
} lim_draft;

/* Puts the file's name before the message of the failure just recorded; returns false. */
bool lim_draft_fail(lim_context *cx, const lim_draft *draft);

/* Checks the drafts' ids and labels, each by itself and all together with those of the ledger as it
** will be: a name is one revision's, and no name reads as a step from another. *all becomes the
** ledger without edges, drafts included: a stored revision keeps its place, new ones follow in the
** order given. The graph over it finds names. NULL: see cx->error. */
lim_graph *lim_draft_names(lim_context *cx, const lim_ledger *ledger, const lim_graph *g,
                           lim_draft *drafts, uint32_t count, lim_ledger *all);

/* Fails when a list of parents names one twice. */
bool lim_draft_distinct(lim_context *cx, const lim_list *parents);

/* The ids that a node's edges of one kind lead to, in declared order. False: LIM_NOMEM. */
bool lim_draft_stored_ids(lim_context *cx, const lim_graph *g, const lim_adjacency *over,
                          lim_node node, lim_list *ids);

/* Notes a column of a stored row that says something else than what its checksum stands for. False:
** LIM_NOMEM. */
bool lim_draft_damage(lim_context *cx, lim_record *record, const char *column);

bool lim_draft_same_list(const lim_list *a, const lim_list *b);

/* Fills the record's bodies and flags from the script, marking what needs autocommit on PostgreSQL.
** Fails when the script has nothing to upgrade with on this engine. */
bool lim_draft_bodies(lim_context *cx, lim_dialect dialect, const lim_draft *draft);

/* Fills from_version from down_revision. False: LIM_NOMEM. */
bool lim_draft_from(lim_context *cx, lim_record *record);

#endif
