/*
** history.h - the graph drawn: as text for a terminal, as mermaid, as dot
**
** Newest first, children above parents. In text one line a revision with the lanes beside it, as
** `git log --graph` draws: a mark, the id, its branch labels in brackets, the first line of the
** message, what it depends on beside its parents, and whether it is a head:
**
**     o   3f2a9c1b77de merge accounts and billing (head)
**     |\
**     @ | 5b1e22f0 [accounts] add accounts
**     | o 8a41c2d0 [billing] add invoices (depends on 77aa01bc)
**     |/
**     * 001 create users
**
** The marks: `@` current (a row of migrate_version), `*` applied, `o` pending. A lane that ends at
** a base and one that starts in the same place have a blank line between them. Not more than
** LIM_LANES_DRAWN lanes are drawn, `~` stands for the others. There is no line break at the end;
** without revisions the text is empty.
**
** Mermaid (a flowchart) and dot have the classes applied, current and pending, an arrow from a
** revision to each parent and a dashed one to each dependency. Whatever a message holds, the
** drawing stays sound: user text is cut, escaped and quoted.
*/
#ifndef LIM_HISTORY_H
#define LIM_HISTORY_H

#include "plan.h"

/* The drawing. format NULL is "text"; "mermaid" and "dot" are the others (else LIM_INVALID, naming
** the three). NULL: see cx->error. */
const char *lim_draw(lim_context *cx, lim_graph *g, const lim_state *state, const char *format);

#endif
