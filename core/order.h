/*
** order.h - the order of execution
**
** A set of revisions laid out children before parents, branch by branch: Alembic's order exactly
** (GRAPH.md, section 6), so that the two tools run the same history the same way. An upgrade runs
** it backwards, a downgrade and every listing forwards.
*/
#ifndef LIM_ORDER_H
#define LIM_ORDER_H

#include "graph.h"

/* Orders the members of a set that is convex (with two members, all that lies between them) and
** lies wholly at or below heads. heads: the revisions the caller starts from, in any order; those
** outside the set are passed over. *nodes gets every member once, children before parents. False:
** LIM_NOMEM.
**
** Alembic keeps a list of lines, each with the ancestor set of its tip, and asks of a candidate in
** which other line's set it lies first. Here each node remembers the first line whose tip is the
** node or lies above it, and the child it has that from. The number only grows while lines move
** down, so it is computed anew only where it is asked for, from a heap of the node's children. A
** node that is asked about again and again, as a base is on which thousands of lines wait, keeps
** the way up on which its answer was found, and goes on where that ended. */
bool lim_order(lim_context *cx, const lim_graph *g, const lim_set *members, lim_nodes heads,
               lim_nodes *nodes);

/* Orders any members, as a range that starts on a branch has them: those that nothing leads down to
** count as heads, too. */
bool lim_order_any(lim_context *cx, const lim_graph *g, const lim_set *members, lim_nodes heads,
                   lim_nodes *nodes);

#endif
