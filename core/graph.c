/*
** graph.c - building the revision graph from the ledger's rows, and the questions asked of it
*/
#include "graph.h"

#include <stdlib.h>
#include <string.h>

/* ---- names: one open-addressing table over every id and label ------------------------------ */

typedef struct lim_label_name {
    const char *label;
    lim_node node;
} lim_label_name;

/* Ids are compared where the revisions have them, so that a slot is all that an id takes. */
struct lim_names {
    const lim_revision *revisions;
    uint32_t id_count; /* of the revisions: names from here on are labels */
    lim_label_name *labels;
    uint32_t label_count;
    bool doubles; /* an id is there twice: only the first is found */
    struct lim_name_slot {
        uint32_t hash;
        uint32_t name; /* node, or id_count and more for a label; plus one: 0 is free */
    } * slots;
    uint32_t mask;
};

static uint32_t hash_name(const char *name) {
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        h = (h ^ *p) * 1099511628211u;
    }
    return (uint32_t)(h ^ (h >> 29));
}

static struct lim_names *names_new(lim_context *cx, const lim_ledger *ledger) {
    struct lim_names *names = LIM_NEW(cx, struct lim_names, 1);
    uint32_t capacity = ledger->revision_count + ledger->label_count, slots = 16;
    while (slots / 8 * 5 < capacity && slots < UINT32_C(1) << 31) {
        slots *= 2;
    }
    if (names) {
        names->revisions = ledger->revisions;
        names->id_count = ledger->revision_count;
        names->labels = LIM_NEW(cx, lim_label_name, (size_t)ledger->label_count + 1);
        names->slots = LIM_NEW(cx, struct lim_name_slot, slots);
        names->mask = slots - 1;
    }
    return names && names->labels && names->slots ? names : NULL;
}

/* The slot that holds the name, or the free one where it belongs. */
static struct lim_name_slot *names_slot(const struct lim_names *names, const char *name,
                                        uint32_t hash) {
    for (uint32_t i = hash & names->mask;; i = (i + 1) & names->mask) {
        struct lim_name_slot *slot = &names->slots[i];
        uint32_t n = slot->name - 1;
        if (slot->name == 0 ||
            (slot->hash == hash &&
             strcmp(name, n < names->id_count ? names->revisions[n].id
                                              : names->labels[n - names->id_count].label) == 0)) {
            return slot;
        }
    }
}

/* The node of an id or a label, and whether it is a label. LIM_NONE: none. */
static lim_node names_find(const struct lim_names *names, const char *name, bool *is_label) {
    uint32_t found = names_slot(names, name, hash_name(name))->name;
    *is_label = found > names->id_count;
    return *is_label ? names->labels[found - 1 - names->id_count].node : found - 1;
}

_Static_assert((uint32_t)0 - 1 == LIM_NONE, "a free slot is no node");

/* Adds a node's id unless the name is there. False: it is. */
static bool names_add_id(struct lim_names *names, lim_node node) {
    uint32_t hash = hash_name(names->revisions[node].id);
    struct lim_name_slot *slot = names_slot(names, names->revisions[node].id, hash);
    if (slot->name != 0) {
        names->doubles = true;
        return false;
    }
    *slot = (struct lim_name_slot){hash, node + 1};
    return true;
}

/* Adds a label, which is not there. */
static void names_add_label(struct lim_names *names, const char *label, lim_node node) {
    uint32_t hash = hash_name(label);
    names->labels[names->label_count++] = (lim_label_name){label, node};
    *names_slot(names, label, hash) =
        (struct lim_name_slot){hash, names->id_count + names->label_count};
}

lim_node lim_find_name(const lim_graph *g, const char *name) {
    bool is_label;
    return names_find(g->names, name, &is_label);
}

lim_node lim_find_id(const lim_graph *g, const char *id) {
    bool is_label;
    lim_node n = names_find(g->names, id, &is_label);
    return is_label ? LIM_NONE : n;
}

lim_node lim_find_label(const lim_graph *g, const char *label) {
    bool is_label;
    lim_node n = names_find(g->names, label, &is_label);
    return is_label ? n : LIM_NONE;
}

typedef struct prefix_search {
    const char *prefix;
    size_t length;
    lim_node *found;
    uint32_t count, capacity;
    lim_list *names;
} prefix_search;

static bool prefix_try(lim_context *cx, prefix_search *s, const char *name, lim_node n) {
    if (strncmp(name, s->prefix, s->length) != 0 || lim_utf8_length(name, strlen(name)) <= 3) {
        return true;
    }
    if (!lim_grow(cx, &s->found, &s->capacity, s->count + 1, sizeof *s->found) ||
        !lim_list_add(cx, s->names, name)) {
        return false;
    }
    s->found[s->count++] = n;
    return true;
}

bool lim_find_prefix(lim_context *cx, const lim_graph *g, const char *prefix, lim_nodes *nodes,
                     lim_list *names) {
    prefix_search s = {.prefix = prefix, .length = strlen(prefix), .names = names};
    *names = (lim_list){0};
    for (lim_node n = 0; n < g->count; n++) {
        if (!prefix_try(cx, &s, lim_id(g, n), n)) {
            return false;
        }
    }
    for (lim_node n = 0; n < g->count; n++) {
        for (uint32_t i = g->label_start[n]; i < g->label_start[n + 1]; i++) {
            if (!prefix_try(cx, &s, g->labels[i], n)) {
                return false;
            }
        }
    }
    *nodes = (lim_nodes){s.found, s.count};
    return true;
}

/* ---- names that may be stored -------------------------------------------------------------- */

/* Decodes one character of valid UTF-8 and moves *p behind it. */
static uint32_t next_character(const unsigned char **p) {
    uint32_t c = *(*p)++;
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    if (more) {
        c &= 0x3fu >> more;
        while (more--) {
            c = c << 6 | (*(*p)++ & 0x3f);
        }
    }
    return c;
}

/* Unicode's White_Space and Cc, the marks that turn the direction of writing, and what is not seen at all
** (the joiners of letters excepted, which words are written with), so that no name looks like another or
** like two. */
static bool is_space_or_control(uint32_t c) {
    return c <= 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad || c == 0x61c || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200b) || (c >= 0x200e && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f) || c == 0x3000 ||
           c == 0xfeff;
}

static bool is_signed_number(const char *name) {
    if (*name != '-' && *name != '+') {
        return false;
    }
    return name[1] && name[1 + strspn(name + 1, "0123456789")] == '\0';
}

/* True for most names: letters, digits and _ only, and none of the words that mean something. */
static bool is_plain_name(const char *name) {
    const char *p = name;
    while ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
           *p == '_') {
        p++;
    }
    return !*p && *name && !strchr("hbcn", *name);
}

/* Two names and more must fit into a key of PostgreSQL's indexes, which has room for 2704 bytes. */
enum { LONGEST_NAME = 1000 };

/* What is wrong with a name, as the end of a sentence; NULL: nothing. */
static const char *name_fault(lim_context *cx, const char *name) {
    static const char *const reserved[] = {"head", "heads", "base", "current", "none"};
    if (!*name) {
        return "is empty";
    }
    if (strlen(name) > LONGEST_NAME) {
        return "is longer than 1000 bytes";
    }
    if (is_plain_name(name)) {
        return NULL;
    }
    if (!lim_utf8_valid(name, strlen(name), NULL)) {
        return "is not valid UTF-8";
    }
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (strcmp(name, reserved[i]) == 0) {
            return "is a word with a meaning of its own";
        }
    }
    if (is_signed_number(name)) {
        return "reads as a relative step";
    }
    for (const unsigned char *p = (const unsigned char *)name; *p;) {
        uint32_t c = next_character(&p);
        if (c < 0x80 && strchr("@+:,", (int)c)) {
            return lim_format(cx, "contains the character '%c'", (int)c);
        }
        if (is_space_or_control(c)) {
            return "contains white space or a control character";
        }
    }
    return NULL;
}

bool lim_check_name(lim_context *cx, const char *what, const char *name) {
    const char *fault = name_fault(cx, name);
    if (cx->error.code) {
        return false;
    }
    if (!fault) {
        return true;
    }
    if (strncmp(fault, "contains the character", 22) == 0) {
        /* Alembic's words for the same refusal */
        const char *quoted = strchr(fault, '\'');
        return lim_fail(cx, LIM_INVALID,
                        "Ids and labels may not contain @ + : , white space or control characters.",
                        "character(s) %s not allowed in %s identifier '%s'", quoted, what,
                        lim_show(cx, name));
    }
    return lim_fail(
        cx, LIM_INVALID,
        "Ids and labels are not empty, hold none of @ + : , and no white space, and are "
        "not head, heads, base, current, none or a number with a sign.",
        "%s identifier '%s' %s", what, lim_show(cx, name), fault);
}

/* ---- problems ------------------------------------------------------------------------------ */

bool lim_problem_add(lim_context *cx, lim_problems *problems, const char *revision,
                     const char *problem) {
    if (!problem || !lim_grow(cx, &problems->items, &problems->capacity, problems->count + 1,
                              sizeof *problems->items)) {
        return false;
    }
    problems->items[problems->count++] = (lim_problem){revision, problem};
    return true;
}

static const char validate_hint[] = "SELECT * FROM migrate_validate() lists all that is wrong with "
                                    "the stored history.";

/* One unsoundness: listed when a list is wanted, else the error. */
static bool __attribute__((format(printf, 4, 5)))
unsound(lim_context *cx, lim_problems *problems, const char *revision, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *text = lim_vformat(cx, format, args);
    va_end(args);
    if (!text) {
        return false;
    }
    if (problems) {
        return lim_problem_add(cx, problems, revision, text);
    }
    return lim_fail(cx, LIM_CORRUPT, validate_hint, "%s", text);
}

/* ---- building ------------------------------------------------------------------------------ */

/* One accepted edge, by nodes. */
typedef struct lim_arc {
    lim_node child;
    lim_node parent;
    lim_edge_kind kind;
    int32_t ordinal;
} lim_arc;

static bool too_many(lim_context *cx) {
    return lim_fail(cx, LIM_TOO_BIG, NULL, "the history has more than a thousand million entries");
}

static bool adjacency_new(lim_context *cx, lim_adjacency *a, uint32_t count, uint32_t arcs) {
    a->start = LIM_NEW(cx, uint32_t, (size_t)count + 2);
    a->node = lim_alloc_raw(cx, ((size_t)arcs + 1) * sizeof *a->node);
    return a->start && a->node;
}

/* Appends to n's row: start[n + 1] is where the row goes on, and its end when all is put. */
static void adjacency_put(lim_adjacency *a, lim_node n, lim_node neighbour) {
    a->node[a->start[n + 1]++] = neighbour;
}

static bool add_ids(lim_context *cx, lim_graph *g, lim_problems *problems) {
    for (lim_node n = 0; n < g->count; n++) {
        const char *id = lim_id(g, n);
        const char *fault = name_fault(cx, id);
        if (cx->error.code) {
            return false;
        }
        if (fault &&
            !unsound(cx, problems, id, "revision identifier '%s' %s", lim_show(cx, id), fault)) {
            return false;
        }
        if (!names_add_id(g->names, n) &&
            !unsound(cx, problems, id, "revision %s is present more than once", lim_show(cx, id))) {
            return false;
        }
    }
    return true;
}

/* The node with the id. Edges mostly lie in the order of the revisions, so that one of the next two after
** a guess spares the search. Where an id is there twice, the first is meant: nothing is guessed. */
static lim_node find_near(const lim_graph *g, lim_node guess, const char *id) {
    for (int i = 0; i < 2 && guess < g->count && !g->names->doubles; i++, guess++) {
        if (strcmp(lim_id(g, guess), id) == 0) {
            return guess;
        }
    }
    return lim_find_id(g, id);
}

/* Lists or refuses an edge that leads nowhere. */
static bool unsound_edge(lim_graph_builder *b, const lim_edge *edge, const lim_arc *arc) {
    const char *child = lim_show(b->cx, edge->revision), *parent = lim_show(b->cx, edge->parent);
    const char *revision = lim_copy_string(b->cx, edge->revision);
    if (!revision) {
        return false;
    }
    if (arc->child == LIM_NONE) {
        return unsound(b->cx, b->problems, revision,
                       "an edge to %s starts at revision %s, which is not present", parent, child);
    }
    if (arc->parent == LIM_NONE) {
        return unsound(b->cx, b->problems, revision,
                       "revision %s referenced from %s (%s) is not present", parent, child,
                       lim_edge_kind_name(edge->kind));
    }
    return unsound(b->cx, b->problems, revision,
                   edge->kind == LIM_DOWN_REVISION
                       ? "self-loop is detected in revisions (%s)"
                       : "dependency self-loop is detected in revisions (%s)",
                   child);
}

/* Makes room for so many arcs. */
static bool arcs_room(lim_graph_builder *b, uint32_t capacity) {
    size_t size = sizeof *b->arcs, all = ((size_t)capacity + 1) * size;
    lim_arc *first = b->arcs ? b->arcs - 1 : NULL;
    lim_arc *arcs = lim_resize_raw(b->cx, first, first ? ((size_t)b->arc_count + 1) * size : 0,
                                   first ? ((size_t)b->capacity + 1) * size : 0, all);
    if (!arcs) {
        return false;
    }
    b->arcs = arcs + 1;
    b->capacity = capacity;
    return true;
}

bool lim_graph_edge(lim_graph_builder *b, const lim_edge *edge) {
    if (b->arc_count == b->capacity) {
        if (b->arc_count > UINT32_C(1) << 30) {
            return too_many(b->cx);
        }
        if (!arcs_room(b, b->capacity * 2)) {
            return false;
        }
    }
    const lim_arc *before = &b->arcs[b->arc_count] - 1;
    lim_arc *arc = &b->arcs[b->arc_count];
    *arc = (lim_arc){find_near(b->g, before->child, edge->revision),
                     find_near(b->g, before->parent, edge->parent), edge->kind, edge->ordinal};
    if (arc->child == LIM_NONE || arc->parent == LIM_NONE || arc->child == arc->parent) {
        return unsound_edge(b, edge, arc);
    }
    b->depends = b->depends || edge->kind == LIM_DEPENDS_ON;
    b->arc_count++;
    return true;
}

static int compare_arcs(const void *a, const void *b) {
    const lim_arc *x = a, *y = b;
    if (x->child != y->child) {
        return x->child < y->child ? -1 : 1;
    }
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    if (x->ordinal != y->ordinal) {
        return x->ordinal < y->ordinal ? -1 : 1;
    }
    return x->parent < y->parent ? -1 : x->parent > y->parent;
}

static bool are_sorted(const lim_arc *arcs, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        if (compare_arcs(&arcs[i - 1], &arcs[i]) > 0) {
            return false;
        }
    }
    return true;
}

/* Sorts arcs by child, kind and ordinal: by counting over the children, then each short row. Those that were
** stored one by one lie in this order. */
static bool sort_arcs(lim_context *cx, uint32_t nodes, lim_arc *arcs, uint32_t count) {
    if (are_sorted(arcs, count)) {
        return true;
    }
    uint32_t *start = LIM_NEW(cx, uint32_t, (size_t)nodes + 2);
    lim_arc *sorted = LIM_NEW(cx, lim_arc, (size_t)count + 1);
    if (!start || !sorted) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        start[arcs[i].child + 1]++;
    }
    for (uint32_t n = 0; n < nodes; n++) {
        start[n + 1] += start[n];
    }
    for (uint32_t i = 0; i < count; i++) {
        sorted[start[arcs[i].child]++] = arcs[i];
    }
    memcpy(arcs, sorted, count * sizeof *arcs);
    for (uint32_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && arcs[end].child == arcs[i].child; end++) {
        }
        if (end - i > 1) {
            qsort(arcs + i, end - i, sizeof *arcs, compare_arcs);
        }
    }
    return true;
}

/* Drops arcs that say the same a second time; migrate_validate() tells of them. */
static bool drop_doubles(lim_context *cx, const lim_graph *g, lim_arc *arcs, uint32_t *count,
                         lim_problems *problems) {
    uint32_t kept = 1;
    while (kept < *count && arcs[kept].child != arcs[kept - 1].child) {
        kept++;
    }
    if (kept >= *count) {
        return true; /* nothing has two */
    }
    uint32_t *seen[2] = {LIM_NEW(cx, uint32_t, (size_t)g->count + 1),
                         LIM_NEW(cx, uint32_t, (size_t)g->count + 1)};
    if (!seen[0] || !seen[1]) {
        return false;
    }
    seen[arcs[kept - 1].kind][arcs[kept - 1].parent] = arcs[kept - 1].child + 1;
    for (uint32_t i = kept; i < *count; i++) {
        uint32_t *mark = &seen[arcs[i].kind][arcs[i].parent];
        if (*mark == arcs[i].child + 1) {
            if (problems &&
                !unsound(cx, problems, lim_id(g, arcs[i].child), "revision %s names %s twice (%s)",
                         lim_show(cx, lim_id(g, arcs[i].child)),
                         lim_show(cx, lim_id(g, arcs[i].parent)),
                         lim_edge_kind_name(arcs[i].kind))) {
                return false;
            }
            continue;
        }
        *mark = arcs[i].child + 1;
        arcs[kept++] = arcs[i];
    }
    *count = kept;
    return true;
}

/* start[n + 1] holds the size of row n and becomes where it begins. */
static void adjacency_lay_out(lim_adjacency *a, uint32_t count) {
    uint32_t sum = 0;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t size = a->start[n + 1];
        a->start[n + 1] = sum;
        sum += size;
    }
}

/* The adjacencies of a history without dependencies: both of each pair are the same. */
static bool link_line(lim_context *cx, lim_graph *g, const lim_arc *arcs, uint32_t count) {
    uint32_t *none = LIM_NEW(cx, uint32_t, (size_t)g->count + 2);
    if (!none || !adjacency_new(cx, &g->down, g->count, count) ||
        !adjacency_new(cx, &g->next, g->count, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        g->down.start[arcs[i].child + 1]++;
        g->next.start[arcs[i].parent + 1]++;
    }
    adjacency_lay_out(&g->down, g->count);
    adjacency_lay_out(&g->next, g->count);
    for (uint32_t i = 0; i < count; i++) {
        adjacency_put(&g->down, arcs[i].child, arcs[i].parent);
        adjacency_put(&g->next, arcs[i].parent, arcs[i].child);
    }
    g->all_down = g->down;
    g->all_next = g->next;
    g->deps = (lim_adjacency){none, none};
    return true;
}

/* Fills the five adjacencies from arcs sorted by child, kind and ordinal. */
static bool link_arcs(lim_context *cx, lim_graph *g, const lim_arc *arcs, uint32_t count) {
    lim_adjacency *all[] = {&g->down, &g->deps, &g->all_down, &g->next, &g->all_next};
    bool *twice = LIM_NEW(cx, bool, (size_t)count + 1); /* a dependency that is a parent, too */
    uint32_t *parent_of = LIM_NEW(cx, uint32_t, (size_t)g->count + 1);
    if (!twice || !parent_of) {
        return false;
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!adjacency_new(cx, all[i], g->count, count)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const lim_arc *arc = &arcs[i];
        if (arc->kind == LIM_DOWN_REVISION) {
            parent_of[arc->parent] = arc->child + 1;
        } else {
            twice[i] = parent_of[arc->parent] == arc->child + 1;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const lim_arc *arc = &arcs[i];
        bool down = arc->kind == LIM_DOWN_REVISION;
        (down ? g->down : g->deps).start[arc->child + 1]++;
        g->next.start[arc->parent + 1] += down;
        g->all_down.start[arc->child + 1] += !twice[i];
        g->all_next.start[arc->parent + 1] += !twice[i];
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        adjacency_lay_out(all[i], g->count);
    }
    /* arcs come in the order of their children, so each row of children is in graph order */
    for (uint32_t i = 0; i < count; i++) {
        const lim_arc *arc = &arcs[i];
        bool down = arc->kind == LIM_DOWN_REVISION;
        adjacency_put(down ? &g->down : &g->deps, arc->child, arc->parent);
        if (down) {
            adjacency_put(&g->next, arc->parent, arc->child);
        }
        if (!twice[i]) {
            adjacency_put(&g->all_down, arc->child, arc->parent);
            adjacency_put(&g->all_next, arc->parent, arc->child);
        }
    }
    return true;
}

static int compare_labels(const void *a, const void *b) {
    const lim_label *x = a, *y = b;
    return x->ordinal != y->ordinal ? (x->ordinal < y->ordinal ? -1 : 1)
                                    : strcmp(x->label, y->label);
}

static bool has_labels(const lim_graph *g) {
    return g->label_start[g->count] != 0;
}

static bool add_labels(lim_context *cx, lim_graph *g, const lim_ledger *ledger,
                       lim_problems *problems) {
    bool none = ledger->label_count == 0 && g->deps.start[g->count] == 0;
    lim_label *sorted = LIM_NEW(cx, lim_label, (size_t)ledger->label_count + 1);
    uint32_t *fill;
    g->label_start = none ? g->deps.start : LIM_NEW(cx, uint32_t, (size_t)g->count + 2);
    g->labels = LIM_NEW(cx, const char *, (size_t)ledger->label_count + 1);
    if (!sorted || !g->label_start || !g->labels) {
        return false;
    }
    if (ledger->label_count == 0) {
        return true;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < ledger->label_count; i++) {
        const lim_label *label = &ledger->labels[i];
        lim_node n = lim_find_id(g, label->revision);
        bool is_label;
        lim_node taken = names_find(g->names, label->label, &is_label);
        const char *fault = name_fault(cx, label->label);
        bool sound = true;
        if (cx->error.code) {
            return false;
        }
        if (fault) {
            sound = unsound(cx, problems, label->revision, "branch label identifier '%s' %s",
                            lim_show(cx, label->label), fault);
        }
        if (n == LIM_NONE) {
            sound = sound && unsound(cx, problems, label->revision,
                                     "branch label '%s' is of revision %s, which is not present",
                                     lim_show(cx, label->label), lim_show(cx, label->revision));
        } else if (taken != LIM_NONE) {
            sound = sound && unsound(cx, problems, label->revision,
                                     "branch name '%s' in revision %s already used by revision %s",
                                     lim_show(cx, label->label), lim_show(cx, label->revision),
                                     lim_show(cx, lim_id(g, taken)));
        } else {
            names_add_label(g->names, label->label, n);
            g->label_start[n + 1]++;
            sorted[count++] = *label;
        }
        if (!sound) {
            return false;
        }
    }
    qsort(sorted, count, sizeof *sorted, compare_labels);
    for (lim_node n = 0; n < g->count; n++) {
        g->label_start[n + 1] += g->label_start[n];
    }
    if (!(fill = LIM_NEW(cx, uint32_t, (size_t)g->count + 1))) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        lim_node n = lim_find_id(g, sorted[i].revision);
        g->labels[g->label_start[n] + fill[n]++] = sorted[i].label;
    }
    return true;
}

/* ---- cycles and generations ---------------------------------------------------------------- */

/* Kahn's algorithm: visits nodes whose every neighbour over `from` is visited, following `to`.
** Leaves out[] with the visited nodes in that order and returns their number. */
static uint32_t kahn(const lim_graph *g, const lim_adjacency *from, const lim_adjacency *to,
                     uint32_t *waiting, lim_node *out) {
    uint32_t filled = 0;
    for (lim_node n = 0; n < g->count; n++) {
        waiting[n] = lim_neighbours(from, n).count;
        if (waiting[n] == 0) {
            out[filled++] = n;
        }
    }
    for (uint32_t done = 0; done < filled; done++) {
        lim_nodes after = lim_neighbours(to, out[done]);
        for (uint32_t i = 0; i < after.count; i++) {
            if (--waiting[after.node[i]] == 0) {
                out[filled++] = after.node[i];
            }
        }
    }
    return filled;
}

enum { CYCLE_NAMES = 20 }; /* how many revisions of a cycle a message names */

/* Names the nodes that neither end of the graph reaches freely: those on cycles. */
static bool report_cycle(lim_context *cx, const lim_graph *g, const lim_adjacency *down,
                         const lim_adjacency *next, const char *format, lim_problems *problems) {
    uint32_t *waiting = LIM_NEW(cx, uint32_t, (size_t)g->count + 1);
    lim_node *out = LIM_NEW(cx, lim_node, (size_t)g->count + 1);
    lim_set *free_node = lim_set_new(cx, g);
    lim_list names = {0};
    uint32_t on_cycle = 0;
    if (!waiting || !out || !free_node) {
        return false;
    }
    for (int end = 0; end < 2; end++) {
        uint32_t filled = kahn(g, end ? next : down, end ? down : next, waiting, out);
        for (uint32_t i = 0; i < filled; i++) {
            free_node[out[i]] = 1;
        }
    }
    const char **ids = LIM_NEW(cx, const char *, (size_t)g->count + 1);
    if (!ids) {
        return false;
    }
    for (lim_node n = 0; n < g->count; n++) {
        if (!free_node[n]) {
            ids[on_cycle++] = lim_id(g, n);
        }
    }
    qsort(ids, on_cycle, sizeof *ids, lim_compare_names);
    for (uint32_t i = 0; i < on_cycle && i < CYCLE_NAMES; i++) {
        if (!lim_list_add(cx, &names, lim_show(cx, ids[i]))) {
            return false;
        }
    }
    if (on_cycle > CYCLE_NAMES && !lim_list_add(cx, &names, "...")) {
        return false;
    }
    const char *joined = lim_list_join(cx, &names);
    return joined && unsound(cx, problems, on_cycle ? ids[0] : NULL, format, joined);
}

static bool find_cycles(lim_context *cx, lim_graph *g, lim_problems *problems) {
    size_t size = ((size_t)g->count + 1) * sizeof(uint32_t);
    uint32_t *waiting = lim_alloc_raw(cx, size);
    g->oldest_first = lim_alloc_raw(cx, size);
    if (!waiting || !g->oldest_first) {
        return false;
    }
    uint32_t filled = kahn(g, &g->all_down, &g->all_next, waiting, g->oldest_first);
    /* where nothing waits any more there are as many zeros as it needs */
    g->generation = filled == g->count ? waiting : LIM_NEW(cx, uint32_t, (size_t)g->count + 1);
    if (!g->generation) {
        return false;
    }
    for (uint32_t i = 0; i < filled; i++) {
        lim_node n = g->oldest_first[i];
        lim_nodes parents = lim_neighbours(&g->all_down, n);
        for (uint32_t k = 0; k < parents.count; k++) {
            uint32_t above = g->generation[parents.node[k]] + 1;
            if (above > g->generation[n]) {
                g->generation[n] = above;
            }
        }
    }
    if (filled == g->count) {
        return true;
    }
    for (lim_node n = 0; n < g->count; n++) {
        if (waiting[n]) {
            g->oldest_first[filled++] = n;
        }
    }
    lim_node *out = LIM_NEW(cx, lim_node, (size_t)g->count + 1);
    if (!out) {
        return false;
    }
    if (kahn(g, &g->down, &g->next, waiting, out) < g->count) {
        return report_cycle(cx, g, &g->down, &g->next, "cycle is detected in revisions (%s)",
                            problems);
    }
    return report_cycle(cx, g, &g->all_down, &g->all_next,
                        "dependency cycle is detected in revisions (%s)", problems);
}

bool lim_graph_begin(lim_context *cx, lim_graph_builder *b, const lim_ledger *ledger,
                     uint32_t edges, lim_problems *problems) {
    lim_graph *g = LIM_NEW(cx, lim_graph, 1);
    *b = (lim_graph_builder){.cx = cx, .ledger = ledger, .problems = problems, .g = g};
    if (!g) {
        return false;
    }
    if ((uint64_t)ledger->revision_count + ledger->label_count > UINT32_C(1) << 30 ||
        edges > UINT32_C(1) << 30) {
        return too_many(cx);
    }
    if (!arcs_room(b, edges + 8)) {
        return false;
    }
    b->arcs[-1] = (lim_arc){0, 0, LIM_DOWN_REVISION, 0}; /* where guesses begin */
    g->count = ledger->revision_count;
    g->revisions = ledger->revisions;
    g->names = names_new(cx, ledger);
    return g->names && add_ids(cx, g, problems);
}

lim_graph *lim_graph_end(lim_graph_builder *b) {
    lim_graph *g = b->g;
    lim_arc *arcs = b->arcs;
    uint32_t count = b->arc_count;
    return sort_arcs(b->cx, g->count, arcs, count) &&
                   drop_doubles(b->cx, g, arcs, &count, b->problems) &&
                   (b->depends ? link_arcs : link_line)(b->cx, g, arcs, count) &&
                   add_labels(b->cx, g, b->ledger, b->problems) &&
                   find_cycles(b->cx, g, b->problems)
               ? g
               : NULL;
}

lim_graph *lim_graph_build(lim_context *cx, const lim_ledger *ledger, lim_problems *problems) {
    lim_graph_builder b;
    if (!lim_graph_begin(cx, &b, ledger, ledger->edge_count, problems)) {
        return NULL;
    }
    for (uint32_t i = 0; i < ledger->edge_count; i++) {
        if (!lim_graph_edge(&b, &ledger->edges[i])) {
            return NULL;
        }
    }
    return lim_graph_end(&b);
}

/* ---- sets, heads, bases -------------------------------------------------------------------- */

lim_set *lim_set_new(lim_context *cx, const lim_graph *g) {
    return LIM_NEW(cx, lim_set, (size_t)g->count + 1);
}

/* Puts what is not yet in the set into it and onto the list of what is still to be walked over. */
static void mark_all(lim_nodes nodes, lim_set *set, lim_node *todo, uint32_t *count) {
    for (uint32_t i = 0; i < nodes.count; i++) {
        if (!set[nodes.node[i]]) {
            set[nodes.node[i]] = 1;
            todo[(*count)++] = nodes.node[i];
        }
    }
}

static void mark_rest(const lim_adjacency *over, lim_set *set, lim_node *todo, uint32_t count) {
    while (count) {
        lim_node n = todo[--count];
        mark_all(lim_neighbours(over, n), set, todo, &count);
    }
}

bool lim_mark(lim_context *cx, const lim_graph *g, const lim_adjacency *over, lim_nodes start,
              lim_set *set) {
    lim_node *todo = lim_alloc_raw(cx, ((size_t)g->count + 1) * sizeof *todo);
    uint32_t count = 0;
    if (!todo) {
        return false;
    }
    mark_all(start, set, todo, &count);
    mark_rest(over, set, todo, count);
    return true;
}

bool lim_mark_beyond(lim_context *cx, const lim_graph *g, const lim_adjacency *over,
                     lim_nodes start, lim_set *set) {
    lim_node *todo = lim_alloc_raw(cx, ((size_t)g->count + 1) * sizeof *todo);
    uint32_t count = 0;
    if (!todo) {
        return false;
    }
    for (uint32_t i = 0; i < start.count; i++) {
        mark_all(lim_neighbours(over, start.node[i]), set, todo, &count);
    }
    mark_rest(over, set, todo, count);
    return true;
}

lim_set *lim_lineage(lim_context *cx, const lim_graph *g, lim_nodes of, bool with_deps) {
    lim_set *set = lim_set_new(cx, g), *above = lim_set_new(cx, g);
    if (!set || !above || !lim_mark(cx, g, with_deps ? &g->all_down : &g->down, of, set) ||
        !lim_mark(cx, g, with_deps ? &g->all_next : &g->next, of, above)) {
        return NULL;
    }
    for (lim_node n = 0; n < g->count; n++) {
        set[n] = set[n] || above[n];
    }
    return set;
}

bool lim_set_members(lim_context *cx, const lim_graph *g, const lim_set *set, lim_nodes *nodes) {
    uint32_t count = 0;
    for (lim_node n = 0; n < g->count; n++) {
        count += set[n] != 0;
    }
    lim_node *members = LIM_NEW(cx, lim_node, (size_t)count + 1);
    if (!members) {
        return false;
    }
    count = 0;
    for (lim_node n = 0; n < g->count; n++) {
        if (set[n]) {
            members[count++] = n;
        }
    }
    *nodes = (lim_nodes){members, count};
    return true;
}

bool lim_nodes_within(lim_context *cx, lim_nodes nodes, const lim_set *set, lim_nodes *within) {
    lim_node *kept = LIM_NEW(cx, lim_node, (size_t)nodes.count + 1);
    uint32_t count = 0;
    if (!kept) {
        return false;
    }
    for (uint32_t i = 0; i < nodes.count; i++) {
        if (set[nodes.node[i]]) {
            kept[count++] = nodes.node[i];
        }
    }
    *within = (lim_nodes){kept, count};
    return true;
}

/* The nodes without a neighbour over an adjacency, in graph order. */
static lim_nodes ends(lim_context *cx, const lim_graph *g, const lim_adjacency *over) {
    lim_node *found = NULL;
    uint32_t count = 0, capacity = 0;
    for (lim_node n = 0; n < g->count; n++) {
        if (lim_neighbours(over, n).count == 0) {
            if (!lim_grow(cx, &found, &capacity, count + 1, sizeof *found)) {
                return (lim_nodes){NULL, 0};
            }
            found[count++] = n;
        }
    }
    return (lim_nodes){found, count};
}

lim_nodes lim_versioned_heads(lim_context *cx, const lim_graph *g) {
    return ends(cx, g, &g->next);
}

lim_nodes lim_real_heads(lim_context *cx, const lim_graph *g) {
    return ends(cx, g, &g->all_next);
}

lim_nodes lim_bases(lim_context *cx, const lim_graph *g) {
    return ends(cx, g, &g->down);
}

const char *lim_nodes_text(lim_context *cx, const lim_graph *g, lim_nodes nodes) {
    lim_list names = {0};
    for (uint32_t i = 0; i < nodes.count; i++) {
        if (!lim_list_add(cx, &names, lim_id(g, nodes.node[i]))) {
            return NULL;
        }
    }
    if (names.count == 0) {
        return "base";
    }
    qsort(names.items, names.count, sizeof *names.items, lim_compare_names);
    return lim_list_join(cx, &names);
}

/* ---- effective labels ---------------------------------------------------------------------- */

/* For each node a chain of the labelled nodes whose labels it shows, in graph order. */
struct lim_effective {
    uint32_t *first, *last; /* by node; index into cells plus one, 0: none */
    struct effective_cell {
        lim_node owner;
        uint32_t next;
    } * cells;
    uint32_t count, capacity;
};

static bool effective_add(lim_context *cx, struct lim_effective *e, lim_node n, lim_node owner) {
    if (e->last[n] && e->cells[e->last[n] - 1].owner == owner) {
        return true;
    }
    if (!lim_grow(cx, &e->cells, &e->capacity, e->count + 1, sizeof *e->cells)) {
        return false;
    }
    e->cells[e->count] = (struct effective_cell){owner, 0};
    e->count++;
    if (e->last[n]) {
        e->cells[e->last[n] - 1].next = e->count;
    } else {
        e->first[n] = e->count;
    }
    e->last[n] = e->count;
    return true;
}

/* Gives the labels of owner to its versioned descendants and, from the last of them visited, down
** the first parents to the next branch or merge point (GRAPH.md section 1). */
static bool spread_labels(lim_context *cx, const lim_graph *g, struct lim_effective *e,
                          lim_node owner, uint32_t *seen, lim_node *todo) {
    uint32_t count = 0;
    lim_node last = owner;
    todo[count++] = owner;
    seen[owner] = owner + 1;
    while (count) {
        last = todo[--count];
        if (!effective_add(cx, e, last, owner)) {
            return false;
        }
        lim_nodes children = lim_neighbours(&g->next, last);
        for (uint32_t i = 0; i < children.count; i++) {
            if (seen[children.node[i]] != owner + 1) {
                seen[children.node[i]] = owner + 1;
                todo[count++] = children.node[i];
            }
        }
    }
    for (lim_node n = last;;) {
        lim_nodes parents = lim_neighbours(&g->down, n);
        if (lim_neighbours(&g->all_next, n).count > 1 || parents.count > 1) {
            return true;
        }
        if (!effective_add(cx, e, n, owner)) {
            return false;
        }
        if (parents.count == 0) {
            return true;
        }
        n = parents.node[0];
    }
}

static bool compute_effective(lim_context *cx, lim_graph *g) {
    struct lim_effective *e = LIM_NEW(cx, struct lim_effective, 1);
    uint32_t *seen = LIM_NEW(cx, uint32_t, (size_t)g->count + 1);
    lim_node *todo = LIM_NEW(cx, lim_node, (size_t)g->count + 1);
    if (!e || !seen || !todo || !(e->first = LIM_NEW(cx, uint32_t, (size_t)g->count + 1)) ||
        !(e->last = LIM_NEW(cx, uint32_t, (size_t)g->count + 1))) {
        return false;
    }
    for (lim_node n = 0; n < g->count; n++) {
        if (g->label_start[n] != g->label_start[n + 1] && !spread_labels(cx, g, e, n, seen, todo)) {
            return false;
        }
    }
    g->effective = e;
    return true;
}

bool lim_effective_labels(lim_context *cx, lim_graph *g, lim_node n, lim_list *labels) {
    *labels = (lim_list){0};
    if (!has_labels(g)) {
        return true;
    }
    if (!g->effective && !compute_effective(cx, g)) {
        return false;
    }
    const struct lim_effective *e = g->effective;
    for (uint32_t cell = e->first[n]; cell; cell = e->cells[cell - 1].next) {
        lim_node owner = e->cells[cell - 1].owner;
        for (uint32_t i = g->label_start[owner]; i < g->label_start[owner + 1]; i++) {
            if (!lim_list_add(cx, labels, g->labels[i])) {
                return false;
            }
        }
    }
    return true;
}

bool lim_same_effective_labels(const lim_graph *g, lim_node a, lim_node b) {
    const struct lim_effective *e = g->effective;
    if (!has_labels(g)) {
        return true;
    }
    if (!e) {
        return false;
    }
    uint32_t x = e->first[a], y = e->first[b];
    while (x && y && e->cells[x - 1].owner == e->cells[y - 1].owner) {
        x = e->cells[x - 1].next;
        y = e->cells[y - 1].next;
    }
    return !x && !y;
}

/* ---- what is applied ----------------------------------------------------------------------- */

/* Sorts the version rows into revisions and unknown names. */
static bool state_rows(lim_context *cx, const lim_graph *g, const lim_ledger *ledger,
                       lim_state *state, lim_list *names) {
    lim_set *is_row = lim_set_new(cx, g);
    if (!is_row) {
        return false;
    }
    for (uint32_t i = 0; i < ledger->version_count; i++) {
        const char *version = ledger->versions[i].version_num;
        lim_node n = lim_find_id(g, version);
        if (!lim_list_add(cx, names, version)) {
            return false;
        }
        if (n != LIM_NONE) {
            is_row[n] = 1;
        } else if (!lim_list_add(cx, &state->unknown, version)) {
            return false;
        }
    }
    if (names->count) {
        qsort(names->items, names->count, sizeof *names->items, lim_compare_names);
    }
    if (state->unknown.count) {
        qsort(state->unknown.items, state->unknown.count, sizeof *state->unknown.items,
              lim_compare_names);
    }
    return lim_set_members(cx, g, is_row, &state->rows);
}

/* The first of some nodes that is in the set; LIM_NONE: none. */
static lim_node first_within(lim_nodes nodes, const lim_set *set) {
    for (uint32_t i = 0; i < nodes.count; i++) {
        if (set[nodes.node[i]]) {
            return nodes.node[i];
        }
    }
    return LIM_NONE;
}

bool lim_find_above(lim_context *cx, const lim_graph *g, lim_nodes nodes, lim_node below,
                    lim_node *above) {
    lim_set *set = lim_set_new(cx, g);
    if (!set || !lim_mark_beyond(cx, g, &g->all_next, (lim_nodes){&below, 1}, set)) {
        return false;
    }
    *above = first_within(nodes, set);
    return true;
}

/* Looks for a row below another one. Only then is the one above it searched for. */
static bool state_overlap(lim_context *cx, const lim_graph *g, lim_state *state) {
    lim_set *below = lim_set_new(cx, g);
    state->overlap_above = LIM_NONE;
    if (!below || !lim_mark_beyond(cx, g, &g->all_down, state->rows, below)) {
        return false;
    }
    state->overlap_below = first_within(state->rows, below);
    return state->overlap_below == LIM_NONE ||
           lim_find_above(cx, g, state->rows, state->overlap_below, &state->overlap_above);
}

bool lim_state_build(lim_context *cx, const lim_graph *g, const lim_ledger *ledger,
                     lim_state *state) {
    lim_list names = {0};
    *state = (lim_state){0};
    if (!state_rows(cx, g, ledger, state, &names) || !state_overlap(cx, g, state) ||
        !(state->applied = lim_set_new(cx, g)) ||
        !lim_mark(cx, g, &g->all_down, state->rows, state->applied)) {
        return false;
    }
    state->text = names.count ? lim_list_join(cx, &names) : "base";
    return state->text != NULL;
}

bool lim_state_require_sound(lim_context *cx, const lim_graph *g, const lim_state *state) {
    if (state->unknown.count) {
        lim_fail(cx, LIM_UNDEFINED,
                 "Store the revision again, or set the version anew with "
                 "migrate_stamp('<revision>', true).",
                 "can't locate revision identified by '%s'", lim_show(cx, state->unknown.items[0]));
        return lim_fail_detail(cx, "The table migrate_version names it as a current revision.");
    }
    if (state->overlap_below != LIM_NONE) {
        lim_fail(cx, LIM_CORRUPT, "Set the version anew with migrate_stamp('<revision>', true).",
                 "requested revision %s overlaps with other requested revisions %s",
                 lim_show(cx, lim_id(g, state->overlap_above)),
                 lim_show(cx, lim_id(g, state->overlap_below)));
        return lim_fail_detail(cx, "Both are rows of the table migrate_version, and the second is "
                                   "an ancestor of the first.");
    }
    return true;
}
