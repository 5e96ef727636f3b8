/*
** history.c - the graph drawn: as text for a terminal, as mermaid, as dot
**
** A format is a row of a table: how user text is quoted in it, and how the drawing is made. What is
** said of a revision, and in which order revisions come, is the same for all.
*/
#include "history.h"
#include "lanes.h"

#include <string.h>

enum {
    ID_CHARACTERS = 80,     /* shown of an id or a label */
    MESSAGE_CHARACTERS = 60 /* shown of a message */
};

typedef enum draw_status { DRAW_PENDING, DRAW_APPLIED, DRAW_CURRENT, DRAW_STATUSES } draw_status;

static const struct draw_style {
    char mark;
    const char *name;
    const char *mermaid;
    const char *dot;
} draw_styles[DRAW_STATUSES] = {
    [DRAW_PENDING] = {'o', "pending",
                      "fill:#ffffff,stroke:#888888,color:#444444,stroke-dasharray:4 3",
                      "fillcolor=\"#ffffff\", color=\"#888888\", fontcolor=\"#444444\", "
                      "style=\"rounded,filled,dashed\""},
    [DRAW_APPLIED] = {'*', "applied", "fill:#dff3e1,stroke:#2f7d3b,color:#10301a",
                      "fillcolor=\"#dff3e1\", color=\"#2f7d3b\", fontcolor=\"#10301a\""},
    [DRAW_CURRENT] = {'@', "current", "fill:#2f7d3b,stroke:#10301a,color:#ffffff,stroke-width:3px",
                      "fillcolor=\"#2f7d3b\", color=\"#10301a\", fontcolor=\"#ffffff\", "
                      "penwidth=3"},
};

typedef struct drawing {
    lim_context *cx;
    const lim_graph *g;
    const lim_state *state;
    lim_nodes nodes; /* newest first */
    lim_set *current;
    const struct draw_format *format;
    lim_text out;
} drawing;

typedef struct draw_format {
    const char *name;
    const char *between;                             /* id and message */
    void (*quote)(lim_text *out, const char *shown); /* NULL: text stands as it is shown */
    bool (*draw)(drawing *d);
} draw_format;

static draw_status draw_status_of(const drawing *d, lim_node n) {
    if (d->current[n])
        return DRAW_CURRENT;
    return d->state->applied[n] ? DRAW_APPLIED : DRAW_PENDING;
}

static bool draw_is_head(const drawing *d, lim_node n) {
    return lim_neighbours(&d->g->all_next, n).count == 0;
}

/* ---- user text ------------------------------------------------------------------------------- */

static const char BLANKS[] = " \t\r\n";

/* The part of a text that is shown, at most so many characters; *cut when that is not all. */
static size_t shown_length(const char *text, size_t length, size_t limit, bool *cut) {
    size_t at = 0;
    for (size_t count = 0; at < length; at++) {
        bool starts = ((unsigned char)text[at] & 0xC0) != 0x80;
        if (starts && count++ == limit)
            break;
    }
    *cut = at < length;
    return at;
}

static bool is_plain(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return true;
}

/* Adds a user's text as one line: its first that is not blank, cut; what would act on a terminal is
** escaped, and all is quoted as the format asks. */
static void draw_shown(drawing *d, const char *text, size_t limit) {
    text += strspn(text, BLANKS);
    size_t line = strcspn(text, "\r\n");
    bool more = text[line + strspn(text + line, BLANKS)] != '\0', cut;
    size_t length = shown_length(text, line, limit, &cut);
    if (d->format->quote != NULL)
        d->format->quote(&d->out, lim_show_bytes(d->cx, text, length));
    else if (is_plain(text, length))
        lim_text_add(&d->out, text, length);
    else
        lim_text_adds(&d->out, lim_show_bytes(d->cx, text, length));
    if (cut || more)
        lim_text_adds(&d->out, "...");
}

/* Adds the id, the revision's own labels in brackets, and the message. */
static void draw_label(drawing *d, lim_node n) {
    const lim_graph *g = d->g;
    const char *message = g->revisions[n].message;
    draw_shown(d, lim_id(g, n), ID_CHARACTERS);
    for (uint32_t i = g->label_start[n]; i < g->label_start[n + 1]; i++) {
        lim_text_adds(&d->out, i == g->label_start[n] ? " [" : ", ");
        draw_shown(d, g->labels[i], ID_CHARACTERS);
    }
    if (g->label_start[n] < g->label_start[n + 1])
        lim_text_addc(&d->out, ']');
    if (message != NULL && message[strspn(message, BLANKS)] != '\0') {
        lim_text_adds(&d->out, d->format->between);
        draw_shown(d, message, MESSAGE_CHARACTERS);
    }
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool draw_text(drawing *d) {
    lim_lanes *lanes = lim_lanes_new(d->cx, d->g, &d->out);
    if (lanes == NULL)
        return false;
    for (uint32_t i = 0; i < d->nodes.count; i++) {
        lim_node n = d->nodes.node[i];
        lim_nodes deps = lim_neighbours(&d->g->deps, n);
        lim_lanes_enter(lanes, n, draw_styles[draw_status_of(d, n)].mark);
        draw_label(d, n);
        for (uint32_t k = 0; k < deps.count; k++) {
            lim_text_adds(&d->out, k == 0 ? " (depends on " : ", ");
            draw_shown(d, lim_id(d->g, deps.node[k]), ID_CHARACTERS);
        }
        if (deps.count > 0)
            lim_text_addc(&d->out, ')');
        if (draw_is_head(d, n))
            lim_text_adds(&d->out, " (head)");
        lim_lanes_leave(lanes);
    }
    return true;
}

/* ---- mermaid --------------------------------------------------------------------------------- */

/* Inside "..." mermaid reads entity codes (#35;), HTML and, before anything else, directives (%%{)
** and styles wherever they stand; so only what means nothing to any of them is left as it is. */
static void mermaid_quote(lim_text *out, const char *shown) {
    static const char PLAIN[] = " _-.,()/+=";
    for (const char *p = shown; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter || c >= 0x80 || strchr(PLAIN, c) != NULL)
            lim_text_addc(out, (char)c);
        else
            lim_text_addf(out, "#%u;", (unsigned)c);
    }
}

static void mermaid_edges(drawing *d, const lim_adjacency *edges, lim_node n, const char *arrow) {
    lim_nodes parents = lim_neighbours(edges, n);
    for (uint32_t i = 0; i < parents.count; i++)
        lim_text_addf(&d->out, "\n    n%u %s n%u", n, arrow, parents.node[i]);
}

static bool draw_mermaid(drawing *d) {
    lim_text_adds(&d->out, "flowchart TD");
    for (uint32_t i = 0; i < d->nodes.count; i++) {
        lim_node n = d->nodes.node[i];
        lim_text_addf(&d->out, "\n    n%u[\"", n);
        draw_label(d, n);
        lim_text_addf(&d->out, "\"]:::%s", draw_styles[draw_status_of(d, n)].name);
    }
    for (uint32_t i = 0; i < d->nodes.count; i++) {
        mermaid_edges(d, &d->g->down, d->nodes.node[i], "-->");
        mermaid_edges(d, &d->g->deps, d->nodes.node[i], "-.->");
    }
    for (int s = 0; s < DRAW_STATUSES; s++)
        lim_text_addf(&d->out, "\n    classDef %s %s", draw_styles[s].name, draw_styles[s].mermaid);
    return true;
}

/* ---- dot ------------------------------------------------------------------------------------- */

/* Inside "..." dot reads escapes (\N, \l) and HTML entities. */
static void dot_quote(lim_text *out, const char *shown) {
    for (const char *p = shown; *p; p++) {
        if (*p == '&') {
            lim_text_adds(out, "&amp;");
            continue;
        }
        if (*p == '"' || *p == '\\')
            lim_text_addc(out, '\\');
        lim_text_addc(out, *p);
    }
}

static void dot_edges(drawing *d, const lim_adjacency *edges, lim_node n, const char *attributes) {
    lim_nodes parents = lim_neighbours(edges, n);
    for (uint32_t i = 0; i < parents.count; i++)
        lim_text_addf(&d->out, "    n%u -> n%u%s;\n", n, parents.node[i], attributes);
}

static bool draw_dot(drawing *d) {
    lim_text_adds(&d->out, "digraph limbeck {\n"
                           "    node [shape=box, style=\"rounded,filled\"];\n");
    for (uint32_t i = 0; i < d->nodes.count; i++) {
        lim_node n = d->nodes.node[i];
        const struct draw_style *style = &draw_styles[draw_status_of(d, n)];
        lim_text_addf(&d->out, "    n%u [label=\"", n);
        draw_label(d, n);
        lim_text_addf(&d->out, "\", class=\"%s\", %s];\n", style->name, style->dot);
    }
    for (uint32_t i = 0; i < d->nodes.count; i++) {
        dot_edges(d, &d->g->down, d->nodes.node[i], "");
        dot_edges(d, &d->g->deps, d->nodes.node[i], " [style=dashed]");
    }
    lim_text_addc(&d->out, '}');
    return true;
}

/* ---- the choice ------------------------------------------------------------------------------ */

static const draw_format draw_formats[] = {
    {"text", " ", NULL, draw_text},
    {"mermaid", "<br/>", mermaid_quote, draw_mermaid},
    {"dot", "\\n", dot_quote, draw_dot},
};

static const draw_format *draw_format_named(lim_context *cx, const char *name) {
    for (size_t i = 0; i < sizeof draw_formats / sizeof *draw_formats; i++)
        if (name == NULL || strcmp(draw_formats[i].name, name) == 0)
            return &draw_formats[i];
    lim_fail(cx, LIM_INVALID, "The formats are text, mermaid and dot.",
             "unknown graph format \"%s\"", lim_show(cx, name));
    return NULL;
}

/* All revisions, newest first. */
static bool draw_order(lim_context *cx, const lim_graph *g, lim_nodes *nodes) {
    lim_nodes heads = lim_real_heads(cx, g);
    lim_set *all = lim_set_new(cx, g);
    if (cx->error.code != LIM_OK)
        return false;
    memset(all, 1, g->count);
    return lim_order(cx, g, all, heads, nodes);
}

const char *lim_draw(lim_context *cx, lim_graph *g, const lim_state *state, const char *format) {
    const draw_format *chosen = draw_format_named(cx, format);
    drawing d = {.cx = cx, .g = g, .state = state, .out = {.cx = cx}};
    if (chosen == NULL || !draw_order(cx, g, &d.nodes) || (d.current = lim_set_new(cx, g)) == NULL)
        return NULL;
    for (uint32_t i = 0; i < state->rows.count; i++)
        d.current[state->rows.node[i]] = 1;
    d.format = chosen;
    if (!chosen->draw(&d) || cx->error.code != LIM_OK)
        return NULL;
    return lim_text_end(&d.out);
}
