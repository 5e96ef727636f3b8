/*
** order.c - see order.h
*/
#include "order.h"

#include <stdlib.h>
#include <string.h>

/* ---- which dependencies count as parents --------------------------------------------------- */

/*
** Alembic leaves out of a revision's parents every dependency that an ancestor by down_revision
** names, too. To ask "is a an ancestor of x?" often, one depth-first walk over down_revision
** numbers the nodes after their parents: rank. The nodes first met below x have the ranks from
** entered[x] to rank[x], and nothing below x has a rank under lowest[x]. So most answers are one
** comparison.
*/
typedef struct lim_reach {
    uint32_t *rank, *entered, *lowest;
    lim_node *by_dependency; /* dependants of d, by rank, in deps_start[d] .. */
    uint32_t *deps_start;
} lim_reach;

typedef struct order_frame {
    lim_node node;
    uint32_t next;
} order_frame;

static void reach_enter(lim_reach *r, order_frame *stack, uint32_t *depth, lim_node n,
                        uint32_t rank) {
    r->entered[n] = rank;
    r->lowest[n] = rank;
    r->rank[n] = LIM_NONE; /* entered, not left */
    stack[(*depth)++] = (order_frame){n, 0};
}

/* Numbers all nodes from the versioned heads down. */
static bool reach_number(lim_context *cx, const lim_graph *g, lim_reach *r) {
    order_frame *stack = LIM_NEW(cx, order_frame, (size_t)g->count + 1);
    lim_set *met = lim_set_new(cx, g);
    uint32_t rank = 0, depth = 0;
    if (!stack || !met) {
        return false;
    }
    for (uint32_t i = g->count; i-- > 0;) {
        lim_node top = g->oldest_first[i];
        if (met[top]) {
            continue;
        }
        met[top] = 1;
        reach_enter(r, stack, &depth, top, rank);
        while (depth) {
            order_frame *frame = &stack[depth - 1];
            lim_node n = frame->node;
            lim_nodes parents = lim_neighbours(&g->down, n);
            if (frame->next < parents.count) {
                lim_node parent = parents.node[frame->next++];
                if (!met[parent]) {
                    met[parent] = 1;
                    reach_enter(r, stack, &depth, parent, rank);
                } else if (r->lowest[parent] < r->lowest[n]) {
                    r->lowest[n] = r->lowest[parent];
                }
                continue;
            }
            r->rank[n] = rank++;
            depth--;
            if (depth && r->lowest[n] < r->lowest[stack[depth - 1].node]) {
                r->lowest[stack[depth - 1].node] = r->lowest[n];
            }
        }
    }
    return true;
}

typedef struct ranked {
    uint32_t rank;
    lim_node node;
} ranked;

static int compare_ranked(const void *a, const void *b) {
    uint32_t x = ((const ranked *)a)->rank, y = ((const ranked *)b)->rank;
    return x < y ? -1 : x > y;
}

/* Lists, for each node, who depends on it, sorted by rank. */
static bool reach_dependants(lim_context *cx, const lim_graph *g, lim_reach *r) {
    uint32_t count = g->deps.start[g->count];
    ranked *sorted = LIM_NEW(cx, ranked, (size_t)count + 1);
    r->deps_start = LIM_NEW(cx, uint32_t, (size_t)g->count + 2);
    r->by_dependency = LIM_NEW(cx, lim_node, (size_t)count + 1);
    if (!sorted || !r->deps_start || !r->by_dependency) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        r->deps_start[g->deps.node[i] + 1]++;
    }
    for (lim_node n = 0; n < g->count; n++) {
        r->deps_start[n + 1] += r->deps_start[n];
    }
    for (lim_node n = 0, at = 0; n < g->count; n++) {
        for (; at < g->deps.start[n + 1]; at++) {
            sorted[at] = (ranked){r->rank[n], n};
        }
    }
    qsort(sorted, count, sizeof *sorted, compare_ranked);
    /* filled in the order of rank, each row of dependants comes out sorted by rank */
    uint32_t *fill = LIM_NEW(cx, uint32_t, (size_t)g->count + 1);
    lim_node previous = LIM_NONE;
    if (!fill) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        lim_node n = sorted[i].node;
        if (n == previous) {
            continue; /* one entry a dependency in sorted; the row is put once */
        }
        previous = n;
        lim_nodes deps = lim_neighbours(&g->deps, n);
        for (uint32_t k = 0; k < deps.count; k++) {
            lim_node d = deps.node[k];
            r->by_dependency[r->deps_start[d] + fill[d]++] = n;
        }
    }
    return true;
}

static lim_reach *reach_new(lim_context *cx, const lim_graph *g) {
    lim_reach *r = LIM_NEW(cx, lim_reach, 1);
    if (!r || !(r->rank = LIM_NEW(cx, uint32_t, (size_t)g->count + 1)) ||
        !(r->entered = LIM_NEW(cx, uint32_t, (size_t)g->count + 1)) ||
        !(r->lowest = LIM_NEW(cx, uint32_t, (size_t)g->count + 1)) || !reach_number(cx, g, r) ||
        !reach_dependants(cx, g, r)) {
        return NULL;
    }
    return r;
}

/* True when a is an ancestor of x by down_revision; where the ranks leave it open, by walking. */
static bool is_ancestor(lim_context *cx, const lim_graph *g, const lim_reach *r, lim_node a,
                        lim_node x) {
    if (r->rank[a] >= r->entered[x]) {
        return r->rank[a] < r->rank[x];
    }
    if (r->rank[a] < r->lowest[x]) {
        return false;
    }
    lim_node *todo = NULL;
    uint32_t count = 0, capacity = 0, slots = 64, used = 0;
    lim_node *seen = LIM_NEW(cx, lim_node, slots); /* a small hash set of nodes plus one */
    if (!seen || !lim_grow(cx, &todo, &capacity, 1, sizeof *todo)) {
        return false;
    }
    todo[count++] = x;
    while (count) {
        lim_nodes parents = lim_neighbours(&g->down, todo[--count]);
        for (uint32_t i = 0; i < parents.count; i++) {
            lim_node p = parents.node[i];
            if (p == a || (r->rank[a] >= r->entered[p] && r->rank[a] < r->rank[p])) {
                return true;
            }
            if (r->rank[a] > r->rank[p] || r->rank[a] < r->lowest[p]) {
                continue;
            }
            uint32_t at = p * UINT32_C(2654435761) & (slots - 1);
            while (seen[at] && seen[at] != p + 1) {
                at = (at + 1) & (slots - 1);
            }
            if (seen[at]) {
                continue;
            }
            seen[at] = p + 1;
            if (++used > slots / 2) {
                lim_node *old = seen;
                uint32_t before = slots;
                slots *= 2;
                if (!(seen = LIM_NEW(cx, lim_node, slots))) {
                    return false;
                }
                for (uint32_t k = 0; k < before; k++) {
                    if (old[k]) {
                        uint32_t to = (old[k] - 1) * UINT32_C(2654435761) & (slots - 1);
                        while (seen[to]) {
                            to = (to + 1) & (slots - 1);
                        }
                        seen[to] = old[k];
                    }
                }
            }
            if (!lim_grow(cx, &todo, &capacity, count + 1, sizeof *todo)) {
                return false;
            }
            todo[count++] = p;
        }
    }
    return false;
}

/* True when a proper ancestor of n by down_revision names the dependency d, too. */
static bool is_inherited(lim_context *cx, const lim_graph *g, const lim_reach *r, lim_node n,
                         lim_node d) {
    uint32_t begin = r->deps_start[d], end = r->deps_start[d + 1], low = begin, high = end;
    while (low < high) { /* the first dependant whose rank is not below entered[n] */
        uint32_t middle = low + (high - low) / 2;
        if (r->rank[r->by_dependency[middle]] < r->entered[n]) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < end && r->rank[r->by_dependency[low]] < r->rank[n]) {
        return true;
    }
    while (low > begin && r->rank[r->by_dependency[low - 1]] >= r->lowest[n]) {
        low--;
        if (is_ancestor(cx, g, r, r->by_dependency[low], n)) {
            return true;
        }
    }
    return false;
}

/* ---- lines --------------------------------------------------------------------------------- */

/* A line: its tip moves down the graph. Lines are numbered in the order of their list. */
typedef struct order_line {
    lim_node tip;
    uint32_t previous, next; /* in the list */
    uint32_t alive;          /* itself; once it is taken out, no line from it up to there is left */
} order_line;

/* A child still to come, as its parent last saw it. */
typedef struct order_child {
    uint32_t line; /* first_line[node] then: a lower bound, because it only grows */
    lim_node node;
} order_child;

enum { KEPT_WAYS = 16 };

/* A way up: each node is a child of the one before. What is laid out of it are the last ones. */
typedef struct order_way {
    lim_node *node;
    uint32_t count, capacity;
    uint32_t line; /* no line before this one lies above its first node */
} order_way;

typedef struct lim_sort {
    lim_context *cx;
    const lim_graph *g;
    lim_set *waiting;     /* members not yet laid out, and gaps with such a member above */
    lim_set *is_gap;      /* not a member, but between two */
    lim_node *gone;       /* the stack of leave() */
    uint32_t *line_at;    /* the line whose tip the node is; LIM_NONE: none */
    uint32_t *first_line; /* the first line whose tip is the node or lies above it; while the node
                             is dirty, no more than a lower bound of that */
    lim_node *witness;    /* the child from which first_line comes, or the node itself */
    lim_set *dirty;
    order_child *children; /* by all_next.start[n]: a heap of n's children, least line on top */
    uint32_t *heap_size;   /* how many of them are left */
    order_line *lines;
    uint32_t line_count, line_capacity;
    uint32_t list_first, list_last;
    lim_node *stack; /* of make_dirty() */
    uint32_t stack_capacity;
    order_way passing, kept[KEPT_WAYS]; /* of line_above() */
    uint32_t kept_next;                 /* the one that gives way to the next */
    unsigned char *kept_in;             /* the kept way that has the node, and where, if it is */
    uint32_t *kept_at;                  /* there */
    lim_set *asked;                     /* a way up from the node has been sought before */
    lim_reach *reach;                   /* made when a dependency with several dependants is met */
} lim_sort;

static bool add_line(lim_sort *s, lim_node tip) {
    if (!lim_grow(s->cx, &s->lines, &s->line_capacity, s->line_count + 1, sizeof *s->lines)) {
        return false;
    }
    uint32_t id = s->line_count++;
    s->lines[id] = (order_line){tip, s->list_last, LIM_NONE, id};
    if (s->list_last != LIM_NONE) {
        s->lines[s->list_last].next = id;
    } else {
        s->list_first = id;
    }
    s->list_last = id;
    s->line_at[tip] = id;
    return true;
}

/* Takes a line out and returns where the cursor goes: to the line before it, else to the first. */
static uint32_t remove_line(lim_sort *s, uint32_t id) {
    order_line *line = &s->lines[id];
    line->alive = id + 1;
    if (line->previous != LIM_NONE) {
        s->lines[line->previous].next = line->next;
    } else {
        s->list_first = line->next;
    }
    if (line->next != LIM_NONE) {
        s->lines[line->next].previous = line->previous;
    } else {
        s->list_last = line->previous;
    }
    return line->previous != LIM_NONE ? line->previous : s->list_first;
}

/* The first line from id on that is not taken out; line_count: none. */
static uint32_t alive_line(lim_sort *s, uint32_t id) {
    uint32_t found = id;
    while (found < s->line_count && s->lines[found].alive != found) {
        found = s->lines[found].alive;
    }
    while (id < found) { /* the next search goes there at once */
        uint32_t next = s->lines[id].alive;
        s->lines[id].alive = found;
        id = next;
    }
    return found;
}

static void sift_down(order_child *heap, uint32_t size, uint32_t at) {
    for (;;) {
        uint32_t least = 2 * at + 1;
        if (least >= size) {
            return;
        }
        least += least + 1 < size && heap[least + 1].line < heap[least].line;
        if (heap[at].line <= heap[least].line) {
            return;
        }
        order_child moved = heap[at];
        heap[at] = heap[least];
        heap[least] = moved;
        at = least;
    }
}

static bool push(lim_sort *s, lim_node **nodes, uint32_t *count, uint32_t *capacity, lim_node n) {
    if (!lim_grow(s->cx, nodes, capacity, *count + 1, sizeof **nodes)) {
        return false;
    }
    (*nodes)[(*count)++] = n;
    return true;
}

/* Makes dirty a node whose first line may have changed, and all whose first line came from it. */
static bool make_dirty(lim_sort *s, lim_node n) {
    uint32_t count = 0;
    if (s->dirty[n]) {
        return true;
    }
    s->dirty[n] = 1;
    if (!push(s, &s->stack, &count, &s->stack_capacity, n)) {
        return false;
    }
    while (count) {
        lim_node at = s->stack[--count];
        lim_nodes parents = lim_neighbours(&s->g->all_down, at);
        for (uint32_t i = 0; i < parents.count; i++) {
            lim_node p = parents.node[i];
            if (s->waiting[p] && !s->dirty[p] && s->witness[p] == at) {
                s->dirty[p] = 1;
                if (!push(s, &s->stack, &count, &s->stack_capacity, p)) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* Brings the top of n's heap in order: drops what is laid out, corrects what has grown. Returns the
** child on top, whose line is right unless the child is dirty; LIM_NONE: no child is left. */
static lim_node top_child(lim_sort *s, lim_node n) {
    order_child *heap = s->children + s->g->all_next.start[n];
    while (s->heap_size[n]) {
        if (!s->waiting[heap->node]) {
            *heap = heap[--s->heap_size[n]];
        } else if (heap->line != s->first_line[heap->node]) {
            heap->line = s->first_line[heap->node];
        } else {
            return heap->node;
        }
        sift_down(heap, s->heap_size[n], 0);
    }
    return LIM_NONE;
}

static bool way_push(lim_sort *s, order_way *way, lim_node n) {
    if (way != &s->passing) {
        s->kept_in[n] = (unsigned char)(way - s->kept);
        s->kept_at[n] = way->count;
    }
    return push(s, &way->node, &way->count, &way->capacity, n);
}

/* The way on which the first line above n is sought, and n's place on it. A node that is asked about
** a second time waits for many lines, one after another, and its way is kept: it goes on where it
** ended the last time. NULL: LIM_NOMEM. */
static order_way *way_from(lim_sort *s, lim_node n, uint32_t *from) {
    order_way *way = &s->kept[s->kept_in[n]];
    while (way->count && !s->waiting[way->node[way->count - 1]]) {
        way->count--;
    }
    *from = s->kept_at[n];
    if (*from < way->count && way->node[*from] == n) {
        return way;
    }
    way = s->asked[n] ? &s->kept[s->kept_next++ % KEPT_WAYS] : &s->passing;
    s->asked[n] = 1;
    *from = way->count = way->line = 0;
    return way_push(s, way, n) ? way : NULL;
}

/* The node last, to which the way leads, has the first line that the way's begin can have: so all
** between them have it. */
static void way_clean(lim_sort *s, order_way *way, lim_node last) {
    uint32_t line = s->first_line[last];
    while (way->count > 1) {
        lim_node at = way->node[--way->count];
        s->first_line[at] = line;
        s->witness[at] = last;
        s->dirty[at] = 0;
        last = at;
    }
}

/* The least line that could be the first above n, when it is not before this one. */
static uint32_t least_line(lim_sort *s, lim_node n, uint32_t line) {
    uint32_t least = alive_line(s, line);
    return least == s->line_at[n] ? alive_line(s, least + 1) : least;
}

/* The first line whose tip lies above n; LIM_NONE: no child of n is still to come. What has to be
** known for it is cleaned on the way, from n up to the tip of that line, or to where a line shows
** before which there is none that could be it. False: LIM_NOMEM. */
static bool line_above(lim_sort *s, lim_node n, uint32_t *line) {
    lim_node child = top_child(s, n);
    uint32_t from;
    *line = child == LIM_NONE ? LIM_NONE : s->first_line[child];
    if (child == LIM_NONE || !s->dirty[child]) {
        return true;
    }
    order_way *way = way_from(s, n, &from);
    if (!way) {
        return false;
    }
    uint32_t least = least_line(s, n, *line > way->line ? *line : way->line);
    for (;;) {
        lim_node at = way->node[way->count - 1];
        child = top_child(s, at);
        uint32_t above = child == LIM_NONE ? LIM_NONE : s->first_line[child];
        bool own = at != n && s->line_at[at] <= above;
        if (!own && child != LIM_NONE && s->dirty[child]) {
            if (!way_push(s, way, child)) {
                return false;
            }
            continue;
        }
        *line = own ? s->line_at[at] : above;
        if (way->count == from + 1) {
            way->line = from == 0 ? *line : way->line;
            return true;
        }
        s->first_line[at] = *line;
        s->witness[at] = own ? at : child;
        s->dirty[at] = 0;
        way->count--;
        if (*line == least) {
            way->line = from == 0 ? *line : way->line;
            if (way == &s->passing) {
                way_clean(s, way, at);
            }
            return true;
        }
    }
}

/* Whether the i-th of n's parents is one that its line follows. */
static bool counts_as_parent(lim_sort *s, lim_node n, lim_nodes parents, uint32_t i) {
    lim_node p = parents.node[i];
    lim_nodes down = lim_neighbours(&s->g->down, n);
    if (i < down.count) { /* all_down has them first */
        return true;
    }
    lim_nodes children = lim_neighbours(&s->g->all_next, p);
    if (children.count < 2) {
        return true;
    }
    if (!s->reach && !(s->reach = reach_new(s->cx, s->g))) {
        return false;
    }
    return !is_inherited(s->cx, s->g, s->reach, n, p);
}

/* Tells what lies below n that it has gone: gaps that nothing waits above any more go with it. */
static bool leave(lim_sort *s, lim_node n) {
    uint32_t count = 0;
    s->gone[count++] = n;
    while (count) {
        lim_node left = s->gone[--count];
        lim_nodes parents = lim_neighbours(&s->g->all_down, left);
        for (uint32_t i = 0; i < parents.count; i++) {
            lim_node p = parents.node[i];
            if (!s->waiting[p]) {
                continue;
            }
            if (s->is_gap[p] && top_child(s, p) == LIM_NONE) {
                s->waiting[p] = 0;
                s->gone[count++] = p;
            } else if (s->witness[p] == left && s->line_at[p] == s->first_line[p]) {
                s->witness[p] = p; /* its line came down to it: nothing changed below */
            } else if (s->witness[p] == left && !make_dirty(s, p)) {
                return false;
            }
        }
    }
    return true;
}

/* Lays the tip at the cursor out and moves its line on; the cursor follows. */
static bool emit(lim_sort *s, uint32_t *cursor, lim_node *out, uint32_t *filled) {
    lim_node n = s->lines[*cursor].tip;
    lim_nodes parents = lim_neighbours(&s->g->all_down, n);
    bool continued = false;
    out[(*filled)++] = n;
    s->waiting[n] = 0;
    s->line_at[n] = LIM_NONE;
    for (uint32_t i = 0; i < parents.count; i++) {
        lim_node p = parents.node[i];
        if (!s->waiting[p] || s->is_gap[p] || s->line_at[p] != LIM_NONE ||
            !counts_as_parent(s, n, parents, i)) {
            continue;
        }
        if (continued) {
            if (!add_line(s, p)) {
                return false;
            }
        } else {
            continued = true;
            s->lines[*cursor].tip = p;
            s->line_at[p] = *cursor;
        }
    }
    if (!continued) {
        *cursor = remove_line(s, *cursor);
    }
    return leave(s, n) && s->cx->error.code == LIM_OK;
}

static int compare_nodes(const void *a, const void *b) {
    lim_node x = *(const lim_node *)a, y = *(const lim_node *)b;
    return x < y ? -1 : x > y;
}

/* The lines at the start: the heads within the set, in graph order. */
static bool add_heads(lim_sort *s, const lim_set *members, lim_nodes heads) {
    lim_nodes inside;
    if (!lim_nodes_within(s->cx, heads, members, &inside)) {
        return false;
    }
    lim_node *sorted = (lim_node *)inside.node;
    qsort(sorted, inside.count, sizeof *sorted, compare_nodes);
    for (uint32_t i = 0; i < inside.count; i++) {
        if (s->line_at[sorted[i]] == LIM_NONE && !add_line(s, sorted[i])) {
            return false;
        }
    }
    return true;
}

/* Marks what lies between two members and is none: ancestors are sought over it, too. */
static bool mark_gaps(lim_sort *s, const lim_set *members) {
    const lim_graph *g = s->g;
    lim_set *over = lim_set_new(s->cx, g), *under = lim_set_new(s->cx, g);
    bool any = false;
    if (!over || !under) {
        return false;
    }
    for (uint32_t i = g->count; i-- > 0;) { /* children before parents */
        lim_node n = g->oldest_first[i];
        lim_nodes parents = lim_neighbours(&g->all_down, n);
        for (uint32_t k = 0; (members[n] || under[n]) && k < parents.count; k++) {
            under[parents.node[k]] = 1;
            any = any || !members[parents.node[k]];
        }
    }
    for (uint32_t i = 0; any && i < g->count; i++) {
        lim_node n = g->oldest_first[i];
        lim_nodes parents = lim_neighbours(&g->all_down, n);
        for (uint32_t k = 0; k < parents.count && !over[n]; k++) {
            over[n] = members[parents.node[k]] || over[parents.node[k]];
        }
        s->is_gap[n] = !members[n] && over[n] && under[n];
        s->waiting[n] = members[n] || s->is_gap[n];
    }
    return true;
}

static bool sort_begin(lim_context *cx, const lim_graph *g, const lim_set *members, lim_sort *s) {
    size_t size = (size_t)g->count + 1;
    *s = (lim_sort){.cx = cx, .g = g, .list_first = LIM_NONE, .list_last = LIM_NONE};
    s->waiting = lim_set_new(cx, g);
    s->line_at = LIM_NEW(cx, uint32_t, size);
    s->first_line = LIM_NEW(cx, uint32_t, size);
    s->heap_size = LIM_NEW(cx, uint32_t, size);
    s->witness = LIM_NEW(cx, lim_node, size);
    s->dirty = lim_set_new(cx, g);
    s->is_gap = lim_set_new(cx, g);
    s->gone = LIM_NEW(cx, lim_node, size);
    s->children = LIM_NEW(cx, order_child, (size_t)g->all_next.start[g->count] + 1);
    if (!s->waiting || !s->line_at || !s->first_line || !s->heap_size || !s->children ||
        !s->witness || !s->dirty || !s->is_gap || !s->gone ||
        !lim_grow(cx, &s->stack, &s->stack_capacity, 64, sizeof *s->stack) ||
        !(s->kept_at = LIM_NEW(cx, uint32_t, size)) ||
        !(s->kept_in = LIM_NEW(cx, unsigned char, size)) || !(s->asked = lim_set_new(cx, g))) {
        return false;
    }
    memcpy(s->waiting, members, g->count);
    memset(s->line_at, 0xff, g->count * sizeof *s->line_at); /* LIM_NONE */
    return mark_gaps(s, members);
}

/* Computes first_line of every member, children before parents, and fills the heaps on the way. */
static void first_lines(lim_sort *s) {
    const lim_graph *g = s->g;
    for (uint32_t i = g->count; i-- > 0;) {
        lim_node n = g->oldest_first[i];
        order_child *heap = s->children + g->all_next.start[n];
        lim_nodes above = lim_neighbours(&g->all_next, n);
        uint32_t size = 0;
        if (!s->waiting[n]) {
            continue;
        }
        for (uint32_t k = 0; k < above.count; k++) {
            if (s->waiting[above.node[k]]) {
                heap[size++] = (order_child){s->first_line[above.node[k]], above.node[k]};
            }
        }
        for (uint32_t k = size / 2; k-- > 0;) {
            sift_down(heap, size, k);
        }
        s->heap_size[n] = size;
        bool own = size == 0 || s->line_at[n] < heap->line;
        s->first_line[n] = own ? s->line_at[n] : heap->line;
        s->witness[n] = own ? n : heap->node;
    }
}

bool lim_order(lim_context *cx, const lim_graph *g, const lim_set *members, lim_nodes heads,
               lim_nodes *nodes) {
    lim_sort s;
    lim_node *out = LIM_NEW(cx, lim_node, (size_t)g->count + 1);
    uint32_t filled = 0;
    if (!out || !sort_begin(cx, g, members, &s) || !add_heads(&s, members, heads)) {
        return false;
    }
    first_lines(&s);
    for (uint32_t cursor = s.list_first; s.list_first != LIM_NONE;) {
        uint32_t above = LIM_NONE;
        if (!line_above(&s, s.lines[cursor].tip, &above)) {
            return false;
        }
        if (above != LIM_NONE) {
            cursor = above;
        } else if (!emit(&s, &cursor, out, &filled)) {
            return false;
        }
    }
    *nodes = (lim_nodes){out, filled};
    return true;
}

bool lim_order_any(lim_context *cx, const lim_graph *g, const lim_set *members, lim_nodes heads,
                   lim_nodes *nodes) {
    lim_sort s = {.cx = cx, .g = g};
    lim_set *starts = lim_set_new(cx, g);
    if (!starts) {
        return false;
    }
    memcpy(starts, members, g->count);
    for (lim_node n = 0; n < g->count; n++) {
        lim_nodes parents = lim_neighbours(&g->all_down, n);
        for (uint32_t i = 0; members[n] && i < parents.count; i++) {
            if (counts_as_parent(&s, n, parents, i)) {
                starts[parents.node[i]] = 0;
            }
        }
    }
    for (uint32_t i = 0; i < heads.count; i++) {
        starts[heads.node[i]] = members[heads.node[i]];
    }
    return !cx->error.code && lim_set_members(cx, g, starts, &heads) &&
           lim_order(cx, g, members, heads, nodes);
}
