/*
** graph.h - the revision graph: names, edges, labels, heads, what is applied
**
** A graph is built once from the ledger's rows and never changes. Revisions are nodes numbered in
** the order of storing (seq), which is also the order of every tie-break. There are two kinds of
** edges to a parent: down_revision (the line of versions) and depends_on. "Versioned" questions
** follow the first kind only; "real" or "all" ones follow both. See GRAPH.md for the words.
**
** Everything here is linear in the part of the graph it looks at.
*/
#ifndef LIM_GRAPH_H
#define LIM_GRAPH_H

#include "ledger.h"
#include "text.h"

typedef uint32_t lim_node;
#define LIM_NONE UINT32_MAX /* no node; as a place to start or to end: base */

/* Some nodes, in a meaningful order. */
typedef struct lim_nodes {
    const lim_node *node;
    uint32_t count;
} lim_nodes;

/* Adjacency in compressed rows: the neighbours of n are node[start[n]] .. node[start[n+1]-1]. */
typedef struct lim_adjacency {
    uint32_t *start;
    lim_node *node;
} lim_adjacency;

typedef struct lim_graph {
    uint32_t count;
    const lim_revision *revisions; /* by node, in the order of seq */
    lim_adjacency down;            /* parents by down_revision, in declared order */
    lim_adjacency deps;            /* parents by depends_on, in declared order */
    lim_adjacency all_down;        /* both without doubles, down_revision first */
    lim_adjacency next;            /* children by down_revision, in graph order */
    lim_adjacency all_next;        /* children by either, in graph order */
    uint32_t *generation;          /* longest way down over all_down; a base has 0 */
    lim_node *oldest_first;        /* all nodes, parents before children (nodes on a cycle last) */
    uint32_t *label_start;         /* own labels of n: labels[label_start[n]] .. */
    const char **labels;
    struct lim_names *names;         /* every id and label */
    struct lim_effective *effective; /* made by the first lim_effective_labels() */
} lim_graph;

/* One finding of migrate_validate(). */
typedef struct lim_problem {
    const char *revision; /* NULL where no one revision is concerned */
    const char *problem;
} lim_problem;

typedef struct lim_problems {
    lim_problem *items;
    uint32_t count, capacity;
} lim_problems;

bool lim_problem_add(lim_context *cx, lim_problems *problems, const char *revision,
                     const char *problem);

/* Builds the graph. With problems NULL the first unsoundness is an error (LIM_CORRUPT, hint at
** migrate_validate()): ids or labels against the rules, doubles, edges to nowhere, self-loops,
** cycles over parents, then over parents and dependencies. With problems given all are listed
** there, the wrong rows are left out, and a graph comes back even so (nodes on a cycle keep
** generation 0; do not plan over it). NULL: see cx->error. */
lim_graph *lim_graph_build(lim_context *cx, const lim_ledger *ledger, lim_problems *problems);

/* The same for a host that keeps no edges: lim_graph_begin() with the ledger's revisions and labels, lim_graph_edge()
** for each edge, whose strings may go afterwards, and lim_graph_end(). edges: how many are expected. */
typedef struct lim_graph_builder {
    lim_context *cx;
    const lim_ledger *ledger;
    lim_problems *problems;
    lim_graph *g;
    struct lim_arc *arcs;         /* the edges that were accepted, by nodes */
    uint32_t arc_count, capacity; /* without the one that stands before the first */
    bool depends;                 /* there are dependencies among them */
} lim_graph_builder;

bool lim_graph_begin(lim_context *cx, lim_graph_builder *b, const lim_ledger *ledger,
                     uint32_t edges, lim_problems *problems);
bool lim_graph_edge(lim_graph_builder *b, const lim_edge *edge);
lim_graph *lim_graph_end(lim_graph_builder *b);

static inline lim_nodes lim_neighbours(const lim_adjacency *a, lim_node n) {
    return (lim_nodes){a->node + a->start[n], a->start[n + 1] - a->start[n]};
}

/* The node's own labels in declared order: the graph's, not to be added to. */
static inline lim_list lim_own_labels(const lim_graph *g, lim_node n) {
    uint32_t first = g->label_start[n], count = g->label_start[n + 1] - first;
    return (lim_list){g->labels + first, count, count};
}

static inline const char *lim_id(const lim_graph *g, lim_node n) {
    return g->revisions[n].id;
}

/* The node with exactly this id, or the node that carries exactly this label. LIM_NONE: none. */
lim_node lim_find_id(const lim_graph *g, const char *id);
lim_node lim_find_label(const lim_graph *g, const char *label);
lim_node lim_find_name(const lim_graph *g, const char *name); /* id first, then label */

/* The names, ids or labels, that start with prefix and are longer than 3 characters, and the nodes
** they stand for: one by one, so a node comes as often as its names do; ids before labels, each in
** graph order. Linear in the history: for words that are no exact name. False: LIM_NOMEM. */
bool lim_find_prefix(lim_context *cx, const lim_graph *g, const char *prefix, lim_nodes *nodes,
                     lim_list *names);

/* Heads and bases in graph order, owned by cx. Versioned heads have no child by down_revision, real
** heads none at all; versioned bases have no down_revision. NULL node with count 0 when out of
** memory (cx->error is set) or when there are none. */
lim_nodes lim_versioned_heads(lim_context *cx, const lim_graph *g);
lim_nodes lim_real_heads(lim_context *cx, const lim_graph *g);
lim_nodes lim_bases(lim_context *cx, const lim_graph *g);

/* Sets of nodes are arrays of count bytes, 1 for a member. lim_mark() adds every node of the
** closure of start (start included) over one adjacency to the set; what is already a member is not
** walked again. False: LIM_NOMEM. */
typedef unsigned char lim_set;
lim_set *lim_set_new(lim_context *cx, const lim_graph *g);
bool lim_mark(lim_context *cx, const lim_graph *g, const lim_adjacency *over, lim_nodes start,
              lim_set *set);

/* The same without start itself, unless one of its nodes lies beyond another. */
bool lim_mark_beyond(lim_context *cx, const lim_graph *g, const lim_adjacency *over,
                     lim_nodes start, lim_set *set);

/* The lineage of some nodes: themselves, their versioned ancestors and their versioned descendants,
** with_deps over dependencies too. NULL: LIM_NOMEM. */
lim_set *lim_lineage(lim_context *cx, const lim_graph *g, lim_nodes of, bool with_deps);

/* The first of some nodes that lies above another one, over parents and dependencies; LIM_NONE:
** none. False: LIM_NOMEM. */
bool lim_find_above(lim_context *cx, const lim_graph *g, lim_nodes nodes, lim_node below,
                    lim_node *above);

/* The members of a set, or of some nodes what is in the set too; in graph order, or in theirs. */
bool lim_set_members(lim_context *cx, const lim_graph *g, const lim_set *set, lim_nodes *nodes);
bool lim_nodes_within(lim_context *cx, lim_nodes nodes, const lim_set *set, lim_nodes *within);

/* Effective labels of a node as readers show them: its own and, by the rule of GRAPH.md section 1,
** those of labelled relatives; in graph order of the labelled revisions. The first call computes
** them for the whole graph, in time linear in graph and result. False: LIM_NOMEM. */
bool lim_effective_labels(lim_context *cx, lim_graph *g, lim_node n, lim_list *labels);

/* True when both have the same effective labels, as far as that is known before the first
** lim_effective_labels(): one may carry thousands, and all above it show them. */
bool lim_same_effective_labels(const lim_graph *g, lim_node a, lim_node b);

/* Version ids of nodes, joined by ", " in byte order; "base" for none. NULL: LIM_NOMEM. */
const char *lim_nodes_text(lim_context *cx, const lim_graph *g, lim_nodes nodes);

/* What is applied. */
typedef struct lim_state {
    lim_nodes rows;         /* the version rows that are revisions, in graph order */
    lim_list unknown;       /* version rows without a revision, byte order */
    lim_set *applied;       /* closure of the rows over all_down */
    const char *text;       /* all rows, byte order, joined by ", "; "base" for none */
    lim_node overlap_above; /* two rows that overlap, if any: above is a descendant of below */
    lim_node overlap_below; /* LIM_NONE when there are none */
} lim_state;

/* Computes the state. Unknown and overlapping rows are reported in it, not refused: readers show
** them. lim_state_require_sound() makes them an error, for upgrade and downgrade. */
bool lim_state_build(lim_context *cx, const lim_graph *g, const lim_ledger *ledger,
                     lim_state *state);
bool lim_state_require_sound(lim_context *cx, const lim_graph *g, const lim_state *state);

/* Checks a new id or label by itself (GRAPH.md, difference 5): not empty, none of "@ + : ,", white
** space, control characters, not head, heads, base, current, none, not "-N". what is "revision" or
** "branch label", for the message. LIM_INVALID. */
bool lim_check_name(lim_context *cx, const char *what, const char *name);

#endif
