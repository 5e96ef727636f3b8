/*
** lanes.h - the lanes beside a list of revisions, as `git log --graph` draws them
**
** A lane stands for a revision that is still to come and that something drawn above follows from.
** Revisions come children before parents; each takes the place of its lane, and its parents take
** its place in turn. Between two revisions lines are drawn on which lanes part (`\`), close up and
** meet (`/`, `_`).
**
** A call costs what it draws: only the leftmost lanes are drawn (LIM_LANES_DRAWN); `~` stands for
** the others.
*/
#ifndef LIM_LANES_H
#define LIM_LANES_H

#include "graph.h"

#define LIM_LANES_DRAWN 100

typedef struct lim_lanes lim_lanes;

/* Starts a drawing over the down_revision edges of g that goes to *out. NULL: LIM_NOMEM. */
lim_lanes *lim_lanes_new(lim_context *cx, const lim_graph *g, lim_text *out);

/* Draws what leads to revision n and its own line up to where the words about it start; the caller
** adds them to the text (no line break), then calls lim_lanes_leave(). */
void lim_lanes_enter(lim_lanes *lanes, lim_node n, char mark);
void lim_lanes_leave(lim_lanes *lanes);

#endif
