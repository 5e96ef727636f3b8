/*
** reader.c - the table-valued functions: their columns and their rows
**
** Each reader is a function that knows how many rows it has, asks for their cells at once and fills
** them one after another; at the end stands the table that hosts read.
*/
#include "reader.h"

#include "export.h"
#include "resume.h"

#include <stdlib.h>
#include <string.h>

/* The cells being filled, and what filling needs to know. */
typedef struct reader_fill {
    lim_context *cx;
    const lim_view *view;
    lim_cell *cell;          /* the next one */
    lim_set *current;        /* the revisions that are version rows */
    lim_node labels_of;      /* whose effective labels were shown last, */
    const char *labels_text; /* joined: most revisions have the same as the one before */
} reader_fill;

static bool fill_begin(lim_context *cx, const lim_view *view, lim_table *table,
                       uint32_t column_count, uint32_t row_count, reader_fill *f) {
    *f = (reader_fill){.cx = cx, .view = view, .labels_of = LIM_NONE};
    *table = (lim_table){column_count, row_count, NULL};
    f->current = lim_set_new(cx, view->graph);
    f->cell = LIM_NEW(cx, lim_cell, (size_t)row_count * column_count);
    if (f->current == NULL || f->cell == NULL)
        return false;
    for (uint32_t i = 0; i < view->state->rows.count; i++)
        f->current[view->state->rows.node[i]] = 1;
    table->cells = f->cell;
    return true;
}

/* True unless something failed on the way. */
static bool fill_end(const reader_fill *f) {
    return f->cx->error.code == LIM_OK;
}

/* ---- cells ----------------------------------------------------------------------------------- */

static void put_kind(reader_fill *f, lim_cell_kind kind, const char *text) {
    *f->cell++ = (lim_cell){text == NULL ? LIM_CELL_NULL : kind, text, 0};
}

static void put_null(reader_fill *f) {
    put_kind(f, LIM_CELL_NULL, NULL);
}

static void put_text(reader_fill *f, const char *text) {
    put_kind(f, LIM_CELL_TEXT, text);
}

static void put_integer(reader_fill *f, int64_t value) {
    *f->cell++ = (lim_cell){LIM_CELL_INTEGER, NULL, value};
}

static void put_boolean(reader_fill *f, bool value) {
    *f->cell++ = (lim_cell){LIM_CELL_BOOLEAN, NULL, value};
}

/* The ids joined, NULL for none. */
static void put_ids(reader_fill *f, lim_nodes nodes) {
    const lim_graph *g = f->view->graph;
    if (nodes.count <= 1) {
        put_text(f, nodes.count == 0 ? NULL : lim_id(g, nodes.node[0]));
        return;
    }
    lim_text t = {.cx = f->cx};
    for (uint32_t i = 0; i < nodes.count; i++) {
        if (i > 0)
            lim_text_adds(&t, ", ");
        lim_text_adds(&t, lim_id(g, nodes.node[i]));
    }
    put_text(f, lim_text_end(&t));
}

static void put_effective_labels(reader_fill *f, lim_node n) {
    lim_list labels = {0};
    if (f->labels_of == LIM_NONE || !lim_same_effective_labels(f->view->graph, f->labels_of, n)) {
        f->labels_text = lim_effective_labels(f->cx, f->view->graph, n, &labels)
                             ? lim_list_join(f->cx, &labels)
                             : NULL;
        f->labels_of = n;
    }
    put_text(f, f->labels_text);
}

static void put_own_labels(reader_fill *f, lim_node n) {
    lim_list labels = lim_own_labels(f->view->graph, n);
    put_text(f, lim_list_join(f->cx, &labels));
}

static bool is_head(const lim_graph *g, lim_node n) {
    return lim_neighbours(&g->all_next, n).count == 0;
}

static bool is_branch_point(const lim_graph *g, lim_node n) {
    return lim_neighbours(&g->next, n).count > 1;
}

/* ---- migrate_current ------------------------------------------------------------------------- */

static const lim_column current_columns[] = {
    {"revision", LIM_CELL_TEXT},   {"message", LIM_CELL_TEXT},    {"branch_labels", LIM_CELL_TEXT},
    {"is_head", LIM_CELL_BOOLEAN}, {"applied_at", LIM_CELL_TIME}, {"applied_by", LIM_CELL_TEXT},
    {"stopped", LIM_CELL_TEXT},
};
enum { CURRENT_COLUMNS = sizeof current_columns / sizeof *current_columns };

static int compare_versions(const void *a, const void *b) {
    return strcmp((*(const lim_version *const *)a)->version_num,
                  (*(const lim_version *const *)b)->version_num);
}

/* All version rows in byte order, those too that name no revision. A database at base has none; when a
** body stopped there, a row without a revision says so. */
static bool read_current(lim_context *cx, const lim_view *view,
                         const char *const arguments[LIM_READER_ARGUMENTS], lim_table *table) {
    (void)arguments;
    const lim_ledger *ledger = view->ledger;
    const lim_graph *g = view->graph;
    uint32_t count = ledger->version_count;
    const lim_version **versions = LIM_NEW(cx, const lim_version *, count);
    reader_fill f;
    const char *stopped = lim_stops_text(cx, ledger, g, view->state);
    if (versions == NULL || !fill_begin(cx, view, table, CURRENT_COLUMNS,
                                        count == 0 && stopped != NULL ? 1 : count, &f))
        return false;
    if (table->row_count > count) {
        for (int i = 0; i < CURRENT_COLUMNS - 1; i++)
            put_null(&f);
        put_text(&f, stopped);
    }
    for (uint32_t i = 0; i < count; i++)
        versions[i] = &ledger->versions[i];
    qsort(versions, count, sizeof *versions, compare_versions);
    for (uint32_t i = 0; i < count; i++) {
        lim_node n = lim_find_id(g, versions[i]->version_num);
        put_text(&f, versions[i]->version_num);
        if (n == LIM_NONE) {
            put_null(&f);
            put_null(&f);
            put_null(&f);
        } else {
            put_text(&f,
                     versions[i]->message != NULL ? versions[i]->message : g->revisions[n].message);
            put_effective_labels(&f, n);
            put_boolean(&f, is_head(g, n));
        }
        put_kind(&f, LIM_CELL_TIME, versions[i]->applied_at);
        put_text(&f, versions[i]->applied_by);
        put_text(&f, stopped);
    }
    return fill_end(&f);
}

/* ---- migrate_heads, migrate_branches --------------------------------------------------------- */

static const lim_column heads_columns[] = {
    {"revision", LIM_CELL_TEXT},
    {"down_revision", LIM_CELL_TEXT},
    {"branch_labels", LIM_CELL_TEXT},
    {"message", LIM_CELL_TEXT},
};
enum { HEADS_COLUMNS = sizeof heads_columns / sizeof *heads_columns };

/* The real heads in the order of storing. */
static bool read_heads(lim_context *cx, const lim_view *view,
                       const char *const arguments[LIM_READER_ARGUMENTS], lim_table *table) {
    (void)arguments;
    const lim_graph *g = view->graph;
    lim_nodes heads = lim_real_heads(cx, g);
    reader_fill f;
    if (cx->error.code != LIM_OK || !fill_begin(cx, view, table, HEADS_COLUMNS, heads.count, &f))
        return false;
    for (uint32_t i = 0; i < heads.count; i++) {
        lim_node n = heads.node[i];
        put_text(&f, lim_id(g, n));
        put_ids(&f, lim_neighbours(&g->down, n));
        put_effective_labels(&f, n);
        put_text(&f, g->revisions[n].message);
    }
    return fill_end(&f);
}

static const lim_column branches_columns[] = {
    {"revision", LIM_CELL_TEXT},
    {"message", LIM_CELL_TEXT},
    {"children", LIM_CELL_TEXT},
};
enum { BRANCHES_COLUMNS = sizeof branches_columns / sizeof *branches_columns };

/* The branch points, newest first. */
static bool read_branches(lim_context *cx, const lim_view *view,
                          const char *const arguments[LIM_READER_ARGUMENTS], lim_table *table) {
    (void)arguments;
    const lim_graph *g = view->graph;
    uint32_t count = 0;
    lim_nodes nodes;
    reader_fill f;
    if (!lim_target_history(cx, view->graph, view->state, NULL, &nodes))
        return false;
    for (uint32_t i = 0; i < nodes.count; i++)
        count += is_branch_point(g, nodes.node[i]);
    if (!fill_begin(cx, view, table, BRANCHES_COLUMNS, count, &f))
        return false;
    for (uint32_t i = 0; i < nodes.count; i++) {
        lim_node n = nodes.node[i];
        if (!is_branch_point(g, n))
            continue;
        put_text(&f, lim_id(g, n));
        put_text(&f, g->revisions[n].message);
        put_ids(&f, lim_neighbours(&g->next, n));
    }
    return fill_end(&f);
}

/* ---- migrate_history, migrate_show ----------------------------------------------------------- */

/* History has the first of these, show has all. */
static const lim_column show_columns[] = {
    {"revision", LIM_CELL_TEXT},
    {"down_revision", LIM_CELL_TEXT},
    {"depends_on", LIM_CELL_TEXT},
    {"branch_labels", LIM_CELL_TEXT},
    {"message", LIM_CELL_TEXT},
    {"is_head", LIM_CELL_BOOLEAN},
    {"is_base", LIM_CELL_BOOLEAN},
    {"is_branch_point", LIM_CELL_BOOLEAN},
    {"is_merge_point", LIM_CELL_BOOLEAN},
    {"is_current", LIM_CELL_BOOLEAN},
    {"is_applied", LIM_CELL_BOOLEAN},
    {"created_at", LIM_CELL_TIME},
    {"created_by", LIM_CELL_TEXT},
    {"upgrade", LIM_CELL_TEXT},
    {"downgrade", LIM_CELL_TEXT},
    {"upgrade_transactional", LIM_CELL_BOOLEAN},
    {"downgrade_transactional", LIM_CELL_BOOLEAN},
    {"checksum", LIM_CELL_TEXT},
};
enum { HISTORY_COLUMNS = 13, SHOW_COLUMNS = sizeof show_columns / sizeof *show_columns };

static void put_history(reader_fill *f, lim_node n, void (*put_labels)(reader_fill *, lim_node)) {
    const lim_graph *g = f->view->graph;
    const lim_revision *row = &g->revisions[n];
    lim_nodes down = lim_neighbours(&g->down, n);
    put_text(f, row->id);
    put_ids(f, down);
    put_ids(f, lim_neighbours(&g->deps, n));
    put_labels(f, n);
    put_text(f, row->message);
    put_boolean(f, is_head(g, n));
    put_boolean(f, down.count == 0);
    put_boolean(f, is_branch_point(g, n));
    put_boolean(f, down.count > 1);
    put_boolean(f, f->current[n]);
    put_boolean(f, f->view->state->applied[n]);
    put_kind(f, LIM_CELL_TIME, row->created_at);
    put_text(f, row->created_by);
}

static bool read_history(lim_context *cx, const lim_view *view,
                         const char *const arguments[LIM_READER_ARGUMENTS], lim_table *table) {
    lim_nodes nodes;
    reader_fill f;
    if (!lim_target_history(cx, view->graph, view->state, arguments[0], &nodes) ||
        !fill_begin(cx, view, table, HISTORY_COLUMNS, nodes.count, &f))
        return false;
    for (uint32_t i = 0; i < nodes.count; i++)
        put_history(&f, nodes.node[i], put_effective_labels);
    return fill_end(&f);
}

static bool read_show(lim_context *cx, const lim_view *view,
                      const char *const arguments[LIM_READER_ARGUMENTS], lim_table *table) {
    lim_nodes nodes;
    reader_fill f;
    if (!lim_target_show(cx, view->graph, view->state, arguments[0], &nodes) ||
        !fill_begin(cx, view, table, SHOW_COLUMNS, nodes.count, &f))
        return false;
    for (uint32_t i = 0; i < nodes.count; i++) {
        const lim_revision *row = &view->graph->revisions[nodes.node[i]];
        put_history(&f, nodes.node[i], put_own_labels);
        put_kind(&f, LIM_CELL_UPGRADE, row->id);
        put_kind(&f, LIM_CELL_DOWNGRADE, row->reversible ? row->id : NULL);
        put_boolean(&f, row->upgrade_transactional);
        put_boolean(&f, row->downgrade_transactional);
        put_text(&f, row->checksum);
    }
    return fill_end(&f);
}

/* ---- migrate_plan ---------------------------------------------------------------------------- */

static const lim_column plan_columns[] = {
    {"step", LIM_CELL_INTEGER},          {"operation", LIM_CELL_TEXT},
    {"revision", LIM_CELL_TEXT},         {"from_version", LIM_CELL_TEXT},
    {"to_version", LIM_CELL_TEXT},       {"message", LIM_CELL_TEXT},
    {"transactional", LIM_CELL_BOOLEAN}, {"reversible", LIM_CELL_BOOLEAN},
};
enum { PLAN_COLUMNS = sizeof plan_columns / sizeof *plan_columns };

static bool plan_stamp(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                       lim_plan *plan) {
    return lim_plan_stamp(cx, g, state, text, false, plan);
}

static const struct plan_word {
    const char *name;
    bool (*make)(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                 lim_plan *plan);
} plan_words[] = {
    {"upgrade", lim_plan_upgrade},
    {"downgrade", lim_plan_downgrade},
    {"stamp", plan_stamp},
};

static const struct plan_word *plan_word_named(lim_context *cx, const char *name) {
    for (size_t i = 0; i < sizeof plan_words / sizeof *plan_words; i++)
        if (name == NULL || strcmp(plan_words[i].name, name) == 0)
            return &plan_words[i];
    lim_fail(cx, LIM_INVALID, "The operations are upgrade, downgrade and stamp.",
             "unknown operation \"%s\"", lim_show(cx, name));
    return NULL;
}

/* The rows of an upgrade or a downgrade: the revisions that run. */
static void put_runs(reader_fill *f, const lim_plan *plan, const char *operation) {
    const lim_graph *g = f->view->graph;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const lim_revision *row = &g->revisions[plan->steps[i].node];
        const char *from = NULL, *to = NULL;
        if (!lim_step_names(f->cx, g, plan, i, &from, &to))
            return;
        put_integer(f, (int64_t)i + 1);
        put_text(f, operation);
        put_text(f, row->id);
        put_text(f, from);
        put_text(f, to);
        put_text(f, row->message);
        put_boolean(f, plan->operation == LIM_UPGRADE ? row->upgrade_transactional
                                                      : row->downgrade_transactional);
        put_boolean(f, row->reversible);
    }
}

/* The rows of a stamp: the version rows written. No body runs, so nothing is said about one. */
static void put_changes(reader_fill *f, const lim_plan *plan, const char *operation) {
    const lim_graph *g = f->view->graph;
    for (uint32_t i = 0; i < plan->change_count; i++) {
        const lim_change *change = &plan->changes[i];
        const char *revision = change->gained ? change->gained : change->lost;
        lim_node n = lim_find_id(g, revision);
        put_integer(f, (int64_t)i + 1);
        put_text(f, operation);
        put_text(f, revision);
        put_text(f, change->lost ? change->lost : "base");
        put_text(f, change->gained ? change->gained : "base");
        put_text(f, n == LIM_NONE ? NULL : g->revisions[n].message);
        put_null(f);
        put_null(f);
    }
}

static bool read_plan(lim_context *cx, const lim_view *view,
                      const char *const arguments[LIM_READER_ARGUMENTS], lim_table *table) {
    const struct plan_word *word = plan_word_named(cx, arguments[1]);
    lim_plan plan = {0};
    reader_fill f;
    if (word == NULL || !word->make(cx, view->graph, view->state, arguments[0], &plan))
        return false;
    bool stamp = plan.operation == LIM_STAMP;
    if (!fill_begin(cx, view, table, PLAN_COLUMNS, stamp ? plan.change_count : plan.step_count, &f))
        return false;
    (stamp ? put_changes : put_runs)(&f, &plan, word->name);
    return fill_end(&f);
}

/* ---- migrate_export -------------------------------------------------------------------------- */

static const lim_column export_columns[] = {
    {"name", LIM_CELL_TEXT},
    {"script", LIM_CELL_TEXT},
};
enum { EXPORT_COLUMNS = sizeof export_columns / sizeof *export_columns };

static bool read_export(lim_context *cx, const lim_view *view,
                        const char *const arguments[LIM_READER_ARGUMENTS], lim_table *table) {
    lim_export *files;
    uint32_t count;
    reader_fill f;
    if (!lim_export_range(cx, view->graph, view->state, arguments[0], &files, &count) ||
        !fill_begin(cx, view, table, EXPORT_COLUMNS, count, &f))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const char *id = lim_id(view->graph, files[i].node);
        int64_t before = files[i].before == LIM_NONE ? -1 : (int64_t)files[i].before;
        *f.cell++ = (lim_cell){LIM_CELL_FILE_NAME, id, before};
        *f.cell++ = (lim_cell){LIM_CELL_FILE, id, before};
    }
    return fill_end(&f);
}

/* ---- migrate_validate, migrate_status -------------------------------------------------------- */

static const lim_column validate_columns[] = {
    {"revision", LIM_CELL_TEXT},
    {"problem", LIM_CELL_TEXT},
};
enum { VALIDATE_COLUMNS = sizeof validate_columns / sizeof *validate_columns };

/* Adds the version rows that overlap to the problems: a revision that another row stands on has no
** row of its own. */
static bool find_overlaps(lim_context *cx, const lim_view *view, lim_problems *problems) {
    const lim_graph *g = view->graph;
    lim_nodes rows = view->state->rows;
    if (view->state->overlap_above == LIM_NONE || rows.count < 2)
        return true;
    lim_set *below = lim_set_new(cx, g);
    if (below == NULL || !lim_mark_beyond(cx, g, &g->all_down, rows, below))
        return false;
    for (uint32_t i = 0; i < rows.count; i++)
        if (below[rows.node[i]] &&
            !lim_problem_add(cx, problems, lim_id(g, rows.node[i]),
                             "version row overlaps with a version row above it"))
            return false;
    return true;
}

/* All problems: those that were handed in, then those of the version rows. */
static bool find_problems(lim_context *cx, const lim_view *view, lim_problems *problems) {
    const lim_state *state = view->state;
    *problems = (lim_problems){0};
    for (uint32_t i = 0; view->problems != NULL && i < view->problems->count; i++) {
        const lim_problem *known = &view->problems->items[i];
        if (!lim_problem_add(cx, problems, known->revision, known->problem))
            return false;
    }
    for (uint32_t i = 0; i < state->unknown.count; i++)
        if (!lim_problem_add(cx, problems, state->unknown.items[i],
                             "version row without a revision"))
            return false;
    return find_overlaps(cx, view, problems);
}

static bool read_validate(lim_context *cx, const lim_view *view,
                          const char *const arguments[LIM_READER_ARGUMENTS], lim_table *table) {
    (void)arguments;
    lim_problems problems;
    reader_fill f;
    if (!find_problems(cx, view, &problems) ||
        !fill_begin(cx, view, table, VALIDATE_COLUMNS, problems.count, &f))
        return false;
    for (uint32_t i = 0; i < problems.count; i++) {
        put_text(&f, problems.items[i].revision);
        put_text(&f, problems.items[i].problem);
    }
    return fill_end(&f);
}

static const lim_column status_columns[] = {
    {"current", LIM_CELL_TEXT},
    {"heads", LIM_CELL_TEXT},
    {"pending", LIM_CELL_INTEGER},
    {"applied", LIM_CELL_INTEGER},
    {"irreversible_pending", LIM_CELL_INTEGER},
    {"problems", LIM_CELL_INTEGER},
    {"stopped", LIM_CELL_TEXT},
};
enum { STATUS_COLUMNS = sizeof status_columns / sizeof *status_columns };

/* current and heads are both in byte order, so that they are equal when nothing is pending. */
static bool read_status(lim_context *cx, const lim_view *view,
                        const char *const arguments[LIM_READER_ARGUMENTS], lim_table *table) {
    (void)arguments;
    const lim_graph *g = view->graph;
    lim_problems problems;
    lim_nodes heads = lim_real_heads(cx, g);
    reader_fill f;
    if (cx->error.code != LIM_OK || !find_problems(cx, view, &problems) ||
        !fill_begin(cx, view, table, STATUS_COLUMNS, 1, &f))
        return false;
    uint32_t applied = 0, irreversible = 0;
    for (lim_node n = 0; n < g->count; n++) {
        applied += view->state->applied[n];
        irreversible += !view->state->applied[n] && !g->revisions[n].reversible;
    }
    put_text(&f, view->state->text);
    put_text(&f, heads.count == 0 ? NULL : lim_nodes_text(cx, g, heads));
    put_integer(&f, g->count - applied);
    put_integer(&f, applied);
    put_integer(&f, irreversible);
    put_integer(&f, problems.count);
    put_text(&f, lim_stops_text(cx, view->ledger, g, view->state));
    return fill_end(&f);
}

/* ---- the table ------------------------------------------------------------------------------- */

const lim_reader lim_readers[] = {
    {
        .name = "migrate_current",
        .columns = current_columns,
        .column_count = CURRENT_COLUMNS,
        .needs_applied = true,
        .needs_stops = true,
        .read = read_current,
    },
    {
        .name = "migrate_heads",
        .columns = heads_columns,
        .column_count = HEADS_COLUMNS,
        .needs_texts = true,
        .read = read_heads,
    },
    {
        .name = "migrate_branches",
        .columns = branches_columns,
        .column_count = BRANCHES_COLUMNS,
        .needs_texts = true,
        .read = read_branches,
    },
    {
        .name = "migrate_history",
        .columns = show_columns,
        .column_count = HISTORY_COLUMNS,
        .arguments = {"range"},
        .needs_times = true,
        .needs_texts = true,
        .read = read_history,
    },
    {
        .name = "migrate_show",
        .columns = show_columns,
        .column_count = SHOW_COLUMNS,
        .arguments = {"revision"},
        .needs_times = true,
        .needs_texts = true,
        .read = read_show,
    },
    {
        .name = "migrate_plan",
        .columns = plan_columns,
        .column_count = PLAN_COLUMNS,
        .arguments = {"target", "operation"},
        .needs_texts = true,
        .read = read_plan,
    },
    {
        .name = "migrate_export",
        .columns = export_columns,
        .column_count = EXPORT_COLUMNS,
        .arguments = {"range"},
        .needs_texts = true,
        .read = read_export,
    },
    {
        .name = "migrate_validate",
        .columns = validate_columns,
        .column_count = VALIDATE_COLUMNS,
        .needs_problems = true,
        .needs_bodies = true,
        .needs_texts = true,
        .read = read_validate,
    },
    {
        .name = "migrate_status",
        .columns = status_columns,
        .column_count = STATUS_COLUMNS,
        .needs_pending = true,
        .needs_problems = true,
        .needs_stops = true,
        .read = read_status,
    },
};

const uint32_t lim_reader_count = sizeof lim_readers / sizeof *lim_readers;
