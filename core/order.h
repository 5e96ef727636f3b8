/*
** order.h - the order of execution
**
** A set of revisions laid out children before parents, branch by branch: Alembic's order exactly
** (GRAPH.md, section 6), so that the two tools run the same history the same way. An upgrade runs
*it
** backwards, a downgrade and every listing forwards.
*/
#ifndef LIM_ORDER_H
#define LIM_ORDER_H

#include "graph.h"

/* Orders the members of a set that is convex (with two members, all that lies between them) and
*lies
** wholly at or below heads. heads: the revisions the caller starts from, in any order; those
*outside
** the set are passed over. *nodes gets every member once, children before parents. False:
*LIM_NOMEM.
**
** Alembic keeps a list of lines, each with the ancestor set of its tip, and asks of a candidate
** whether it is an ancestor of another line's tip. Here each node instead counts its children that
** are still to come: it is such an ancestor if and only if that count is not zero. Which line it
*is,
** is looked up only then, over nodes whose answer may have changed since. */
bool lim_order(lim_context *cx, const lim_graph *g, const lim_set *members, lim_nodes heads,
               lim_nodes *nodes);

#endif
