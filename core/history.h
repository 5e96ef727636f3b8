/*
** history.h - the graph drawn: as text for a terminal, as mermaid, as dot
**
** Newest first, children above parents, one line a revision with the lanes beside it, as
** `git log --graph` draws. Applied, pending and current revisions are told apart.
*/
#ifndef LIM_HISTORY_H
#define LIM_HISTORY_H

#include "plan.h"

/* The drawing. format NULL is "text"; "mermaid" and "dot" are the others (else LIM_INVALID, naming
** the three). NULL: see cx->error. */
const char *lim_draw(lim_context *cx, lim_graph *g, const lim_state *state, const char *format);

#endif
