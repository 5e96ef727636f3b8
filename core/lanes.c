/*
** lanes.c - the lanes beside a list of revisions
**
** The lanes in their order from left to right are a linked list of the revisions that they lead to.
** One revision goes through these states, each of which draws lines or none:
**
**     apart    a blank line, when the revision starts a lane right under one that has just ended
**     widen    with three arms or more, lanes to the right make room          |  \
**     commit   the revision's own line                                        *-. |
**     fork     with two arms or more, each gets a place                       |\ \ \
**     gather   lanes move left, to their place or to the lane they meet       |_|/ /
**                                                                             |/| |
** An arm is a way from the revision to a parent. What is drawn on a line is a list of strands:
** lanes and arms on their way from one place to another. The column of a place is twice its number;
** the
** odd column beside it is for moves. Of two lanes that lead to the same revision the left one
** stays, so strands only ever gather to the left.
*/
#include "lanes.h"

#include <string.h>

enum {
    DRAWN = LIM_LANES_DRAWN,
    ARMS = DRAWN + 1,           /* of one revision that are drawn; one more than has room */
    STRANDS = DRAWN + ARMS + 1, /* lanes beside the revision, its arms */
    PLACES = STRANDS + 1,       /* right of where any strand can be */
    HIDDEN = 2 * DRAWN,         /* column of the `~` */
    COLUMNS = HIDDEN + 4        /* of a line: the `~` and a mark beside it */
};

typedef struct lane_strand {
    lim_node node; /* where it leads */
    uint32_t at;   /* its place now */
    uint32_t to;   /* and at last; never right of at */
    char fork;     /* how it goes on the line of the fork: straight, '\\' or '/' */
} lane_strand;

struct lim_lanes {
    const lim_graph *g;
    lim_text *out;

    lim_node *before; /* the lanes on both sides of a revision's lane; LIM_NONE at the ends */
    lim_node *after;
    bool *open; /* the revision has a lane */
    lim_node first, last;
    uint32_t count; /* of lanes */

    uint32_t *place;        /* of a revision among those shown, where it is one of them */
    lim_node shown[PLACES]; /* the leftmost lanes */
    uint32_t shown_count;

    /* The revision being drawn. */
    lim_node node;
    uint32_t at;       /* its place; DRAWN when that is not drawn */
    lim_node leftward; /* the parent whose lane an arm goes left to at once; LIM_NONE */
    lim_node *arm;     /* where the other arms lead, from left to right */
    uint32_t arm_count;
    bool meets;        /* of two arms, the right one runs into the next lane */
    uint32_t ended_at; /* the place of the revision above when it was a base; LIM_NONE */

    lane_strand strands[STRANDS];
    uint32_t strand_count;

    bool started;   /* there is a line to break */
    uint32_t width; /* of the line, in characters */
    char line[COLUMNS];
};

static uint32_t most_parents(const lim_graph *g) {
    uint32_t most = 0;
    for (lim_node n = 0; n < g->count; n++) {
        uint32_t count = lim_neighbours(&g->down, n).count;
        if (count > most)
            most = count;
    }
    return most;
}

lim_lanes *lim_lanes_new(lim_context *cx, const lim_graph *g, lim_text *out) {
    lim_lanes *l = LIM_NEW(cx, lim_lanes, 1);
    if (l == NULL)
        return NULL;
    l->g = g;
    l->out = out;
    l->before = LIM_NEW(cx, lim_node, g->count);
    l->after = LIM_NEW(cx, lim_node, g->count);
    l->open = LIM_NEW(cx, bool, g->count);
    l->place = LIM_NEW(cx, uint32_t, g->count);
    l->arm = LIM_NEW(cx, lim_node, most_parents(g));
    l->first = l->last = LIM_NONE;
    l->ended_at = LIM_NONE;
    return l->before && l->after && l->open && l->place && l->arm ? l : NULL;
}

/* ---- the list of lanes ----------------------------------------------------------------------- */

/* Opens a lane for n on the left of another lane, or at the right end. */
static void lane_open(lim_lanes *l, lim_node n, lim_node right) {
    lim_node left = right == LIM_NONE ? l->last : l->before[right];
    l->before[n] = left;
    l->after[n] = right;
    *(left == LIM_NONE ? &l->first : &l->after[left]) = n;
    *(right == LIM_NONE ? &l->last : &l->before[right]) = n;
    l->open[n] = true;
    l->count++;
}

static void lane_close(lim_lanes *l, lim_node n) {
    lim_node left = l->before[n], right = l->after[n];
    *(left == LIM_NONE ? &l->first : &l->after[left]) = right;
    *(right == LIM_NONE ? &l->last : &l->before[right]) = left;
    l->open[n] = false;
    l->count--;
}

/* Notes the places of the leftmost lanes, as many as asked for. */
static void lanes_show(lim_lanes *l, uint32_t limit) {
    uint32_t count = 0;
    for (lim_node n = l->first; n != LIM_NONE && count < limit; n = l->after[n]) {
        l->place[n] = count;
        l->shown[count++] = n;
    }
    l->shown_count = count;
}

/* The place of n among the lanes just noted; none when it is not among them. */
static uint32_t lane_place(const lim_lanes *l, lim_node n, uint32_t none) {
    uint32_t place = l->place[n];
    return place < l->shown_count && l->shown[place] == n ? place : none;
}

/* ---- one line -------------------------------------------------------------------------------- */

static void line_begin(lim_lanes *l) {
    memset(l->line, ' ', sizeof l->line);
    l->width = 0;
}

static void line_put(lim_lanes *l, uint32_t column, char c) {
    if (column >= HIDDEN)
        return;
    l->line[column] = c;
    if (column >= l->width)
        l->width = column + 1;
}

static bool line_blank(const lim_lanes *l, uint32_t column) {
    return column >= HIDDEN || l->line[column] == ' ';
}

static void line_end(lim_lanes *l) {
    if (l->started)
        lim_text_addc(l->out, '\n');
    l->started = true;
    lim_text_add(l->out, l->line, l->width);
}

/* ---- strands --------------------------------------------------------------------------------- */

static void strand_add(lim_lanes *l, lim_node n, uint32_t at, char fork) {
    l->strands[l->strand_count++] = (lane_strand){n, at, at, fork};
}

/* Runs a strand that has just moved left on to the place beside its last one, drawn with `_`, where
** no other strand moves in its way. */
static void strand_run(lim_lanes *l, lane_strand *s, const bool *held) {
    if (s->at <= s->to + 1 || held[s->to + 1])
        return;
    for (uint32_t place = s->at; place > s->to + 1; place--)
        if (!line_blank(l, 2 * place - 1))
            return;
    for (uint32_t column = 2 * s->at - 1; column > 2 * s->to + 2; column--)
        if (line_blank(l, column))
            line_put(l, column, '_');
    s->at = s->to + 1;
}

/* Draws a line on which every strand moves that can; false, and nothing is drawn, when all are in
** their places. The first that is not can always move. */
static bool strands_gather(lim_lanes *l) {
    bool held[PLACES] = {false}; /* a strand waits there for its turn */
    bool moved[STRANDS] = {false};
    bool any = false;
    line_begin(l);
    for (uint32_t i = 0; i < l->strand_count; i++) {
        lane_strand *s = &l->strands[i];
        if (s->at == s->to) {
            line_put(l, 2 * s->at, '|');
        } else if (line_blank(l, 2 * s->at - 1) && !held[s->at - 1]) {
            line_put(l, 2 * s->at - 1, '/');
            s->at--;
            moved[i] = any = true;
        } else {
            line_put(l, 2 * s->at, '|');
            held[s->at] = true;
        }
    }
    if (!any)
        return false;
    for (uint32_t i = 0; i < l->strand_count; i++)
        if (moved[i])
            strand_run(l, &l->strands[i], held);
    line_end(l);
    return true;
}

/* Draws the line on which the arms part. */
static void strands_fork(lim_lanes *l) {
    line_begin(l);
    for (uint32_t i = 0; i < l->strand_count; i++) {
        lane_strand *s = &l->strands[i];
        line_put(l, s->fork == '|' ? 2 * s->at : 2 * s->at - 1, s->fork);
        if (s->fork == '/')
            s->at--;
    }
    if (l->meets)
        line_put(l, 2 * l->at + 1, '\\');
    line_end(l);
}

/* ---- one revision ---------------------------------------------------------------------------- */

/* Chooses the ways of the arms. To a parent whose lane is on the left, the nearest one, an arm goes
** at once; the others get places from the revision's own on, those to new lanes first, so that the
** others cross fewer lanes. */
static void arms_plan(lim_lanes *l) {
    lim_nodes parents = lim_neighbours(&l->g->down, l->node);
    uint32_t nearest = LIM_NONE;
    l->arm_count = 0;
    for (uint32_t i = 0; i < parents.count; i++) {
        lim_node p = parents.node[i];
        uint32_t place = l->open[p] ? lane_place(l, p, DRAWN) : DRAWN;
        if (place < l->at && (nearest == LIM_NONE || place > nearest))
            nearest = place;
        if (!l->open[p])
            l->arm[l->arm_count++] = p;
    }
    l->leftward = parents.count > 1 && nearest != LIM_NONE ? l->shown[nearest] : LIM_NONE;
    for (uint32_t i = 0; i < parents.count; i++)
        if (l->open[parents.node[i]] && parents.node[i] != l->leftward)
            l->arm[l->arm_count++] = parents.node[i];
    l->meets = l->arm_count == 2 && lane_place(l, l->arm[1], DRAWN) == l->at + 1;
}

/* Places that the lanes right of the revision have moved by when the arms are out. */
static uint32_t arms_room(const lim_lanes *l) {
    if (l->at == DRAWN || l->arm_count < 2 || l->meets)
        return 0;
    return l->arm_count < ARMS ? l->arm_count - 1 : ARMS - 1;
}

/* A blank line but for the lanes, so that a new lane is not taken for the one that ended there. */
static void draw_apart(lim_lanes *l) {
    line_begin(l);
    for (uint32_t i = 0; i < l->at; i++)
        line_put(l, 2 * i, '|');
    line_end(l);
}

/* Moves the lanes right of the revision by so many places. */
static void draw_wider(lim_lanes *l, uint32_t by) {
    for (uint32_t step = 1; step < 2 * by; step++) {
        line_begin(l);
        for (uint32_t i = 0; i < l->shown_count; i++)
            line_put(l, i <= l->at ? 2 * i : 2 * i + step, i <= l->at ? '|' : '\\');
        line_end(l);
    }
}

/* The revision's own line; the lanes on its right have been moved by so many places. */
static void draw_commit(lim_lanes *l, char mark, uint32_t by) {
    line_begin(l);
    for (uint32_t i = 0; i < l->shown_count; i++)
        line_put(l, i <= l->at ? 2 * i : 2 * (i + by), '|');
    for (uint32_t column = 1; column <= 2 * by; column++)
        line_put(l, 2 * l->at + column, column == 2 * by ? '.' : '-');
    line_put(l, 2 * l->at, mark);

    uint32_t lanes = l->shown_count + arms_room(l);
    l->width = 2 * (lanes < DRAWN ? lanes : DRAWN);
    if (l->count > DRAWN) {
        l->line[HIDDEN] = '~';
        l->width = HIDDEN + 2;
    }
    if (l->at == DRAWN) {
        l->line[HIDDEN + 2] = mark;
        l->width = HIDDEN + 4;
    }
    line_end(l);
}

void lim_lanes_enter(lim_lanes *l, lim_node n, char mark) {
    bool fresh = !l->open[n];
    if (fresh)
        lane_open(l, n, LIM_NONE);
    lanes_show(l, DRAWN);
    l->node = n;
    l->at = lane_place(l, n, DRAWN);
    arms_plan(l);
    if (fresh && l->ended_at == l->at)
        draw_apart(l);
    uint32_t room = arms_room(l), by = room > 1 ? room - 1 : 0;
    if (l->at + 1 < l->shown_count)
        draw_wider(l, by);
    draw_commit(l, mark, by);
}

/* What goes on below the revision's line, from left to right. */
static void strands_start(lim_lanes *l) {
    uint32_t room = arms_room(l);
    l->strand_count = 0;
    for (uint32_t i = 0; i < l->at; i++)
        strand_add(l, l->shown[i], i, '|');
    if (l->leftward != LIM_NONE)
        strand_add(l, l->leftward, l->at, '/');
    for (uint32_t i = 0; i < l->arm_count && i < ARMS; i++)
        if (i == 0 || !l->meets)
            strand_add(l, l->arm[i], l->at + i, i == 0 ? '|' : '\\');
    for (uint32_t i = l->at + 1; i < l->shown_count; i++)
        strand_add(l, l->shown[i], i + room, room > 0 ? '\\' : '|');
}

/* Where each strand has to be in the end. What is not drawn stays where it is. */
static void strands_aim(lim_lanes *l) {
    for (uint32_t i = 0; i < l->strand_count; i++) {
        lane_strand *s = &l->strands[i];
        if (s->at < DRAWN)
            s->to = lane_place(l, s->node, s->at);
    }
}

/* The parents take the revision's lane. A lane that is there already stays, or comes along from the
** right. */
static void lanes_pass(lim_lanes *l) {
    for (uint32_t i = 0; i < l->arm_count; i++) {
        lim_node p = l->arm[i];
        if (l->open[p]) {
            if (l->at == DRAWN || lane_place(l, p, DRAWN) < l->at)
                continue;
            lane_close(l, p);
        }
        lane_open(l, p, l->node);
    }
    lane_close(l, l->node);
}

void lim_lanes_leave(lim_lanes *l) {
    bool ends = l->arm_count == 0 && l->leftward == LIM_NONE;
    l->ended_at = ends && l->at < DRAWN ? l->at : LIM_NONE;
    if (l->at < DRAWN)
        strands_start(l);
    lanes_pass(l);
    lanes_show(l, PLACES);
    if (l->at == DRAWN)
        return;
    strands_aim(l);
    if (l->arm_count > 1)
        strands_fork(l);
    while (strands_gather(l))
        continue;
}
