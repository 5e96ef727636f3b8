/*
** adopt.c - what other tools' version tables say
*/
#include "adopt.h"

#include <stdlib.h>
#include <string.h>

/* How a row of the table is read. */
typedef enum meaning {
    MEANS_HEADS,   /* alembic: each row is a head */
    MEANS_CURRENT, /* golang-migrate: version, dirty */
    MEANS_APPLIED, /* version */
    MEANS_HISTORY, /* goose: version, applied; the last row of a version counts */
    MEANS_FLYWAY   /* version, type, success */
} meaning;

typedef struct tool {
    const char *name;
    const char *table;
    const char *columns;
    const char *order;
    int column_count;
    lim_tool format; /* whose versions they are */
    meaning means;
} tool;

static const tool TOOLS[] = {
    {"alembic", "alembic_version", "version_num", "1", 1, LIM_FORMAT_DETECT, MEANS_HEADS},
    {"dbmate", "schema_migrations", "version", "1", 1, LIM_FORMAT_DBMATE, MEANS_APPLIED},
    {"golang-migrate", "schema_migrations", "version, dirty", "1", 2, LIM_FORMAT_GOLANG,
     MEANS_CURRENT},
    {"goose", "goose_db_version", "version_id, is_applied", "id", 2, LIM_FORMAT_GOOSE,
     MEANS_HISTORY},
    {"diesel", "__diesel_schema_migrations", "version", "1", 1, LIM_FORMAT_DIESEL, MEANS_APPLIED},
    {"flyway", "flyway_schema_history", "version, type, success", "installed_rank", 3,
     LIM_FORMAT_FLYWAY, MEANS_FLYWAY},
};

static const char TOOL_NAMES[] =
    "The tools are alembic, dbmate, golang-migrate, goose, diesel and flyway.";

static const tool *find_tool(const char *name) {
    for (size_t i = 0; name != NULL && i < sizeof TOOLS / sizeof *TOOLS; i++) {
        if (strcmp(TOOLS[i].name, name) == 0)
            return &TOOLS[i];
    }
    return NULL;
}

/* True for name, schema.name, quoted or not. */
static bool is_table_name(lim_dialect dialect, const char *text) {
    size_t length = strlen(text), at = 0;
    for (;;) {
        lim_token t = lim_lex(dialect, text, length, at);
        if (t.kind != LIM_TOKEN_WORD && t.kind != LIM_TOKEN_QUOTED)
            return false;
        at += t.length;
        if (at == length)
            return true;
        if (text[at++] != '.')
            return false;
    }
}

bool lim_adopt_find(lim_context *cx, lim_dialect dialect, const char *name, const char *table,
                    lim_adopt_query *query) {
    const tool *t = find_tool(name);
    if (name == NULL)
        return lim_fail(cx, LIM_INVALID, TOOL_NAMES,
                        "argument \"tool\" of migrate_adopt() is required");
    if (t == NULL)
        return lim_fail(cx, LIM_NOT_SUPPORTED, TOOL_NAMES, "cannot adopt from \"%s\"",
                        lim_show(cx, name));
    if (table != NULL && !is_table_name(dialect, table))
        return lim_fail(cx, LIM_INVALID, "Write it as in SQL: name, or schema.name.",
                        "\"%s\" is not the name of a table", lim_show(cx, table));
    *query = (lim_adopt_query){
        .tool = t->name, .table = table != NULL ? table : t->table, .columns = t->column_count};
    query->shown = strchr(query->table, '"') != NULL
                       ? lim_show(cx, query->table)
                       : lim_format(cx, "\"%s\"", lim_show(cx, query->table));
    query->sql =
        lim_format(cx, "SELECT %s FROM %s ORDER BY %s", t->columns, query->table, t->order);
    return query->sql != NULL && query->shown != NULL;
}

bool lim_adopt_fail_missing(lim_context *cx, const lim_adopt_query *query) {
    const char *hint = lim_format(cx,
                                  "If %s keeps its versions in another table, name it: SELECT "
                                  "migrate_adopt('%s', 'schema.table').",
                                  query->tool, query->tool);
    return hint != NULL && lim_fail(cx, LIM_UNDEFINED, hint, "there is no table %s", query->shown);
}

/* ---- versions and revisions ------------------------------------------------------------------- */

typedef struct keyed {
    const char *key;
    lim_node node;
} keyed;

typedef struct adoption {
    lim_context *cx;
    lim_graph *g;
    const tool *t;
    const lim_adopt_query *query;
    keyed *keys; /* every revision by the key of its id, sorted */
    lim_set *applied;
} adoption;

static int compare_keys(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order != 0 ? order : (x->node > y->node) - (x->node < y->node);
}

static bool make_keys(adoption *a) {
    a->keys = LIM_NEW(a->cx, keyed, (size_t)a->g->count + 1);
    for (lim_node n = 0; a->keys != NULL && n < a->g->count; n++) {
        a->keys[n] = (keyed){lim_version_key(a->cx, a->t->format, lim_id(a->g, n)), n};
        if (a->keys[n].key == NULL)
            return false;
    }
    if (a->keys != NULL && a->g->count > 1)
        qsort(a->keys, a->g->count, sizeof *a->keys, compare_keys);
    return a->keys != NULL;
}

/* The first place in keys whose key is not below this one. */
static uint32_t lower_bound(const adoption *a, const char *key) {
    uint32_t low = 0, high = a->g->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(a->keys[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The revision of a version. LIM_NONE: failed. */
static lim_node find_version(adoption *a, const char *version) {
    lim_node exact = lim_find_id(a->g, version);
    if (exact != LIM_NONE)
        return exact;
    const char *key = lim_version_key(a->cx, a->t->format, version);
    if (key == NULL)
        return LIM_NONE;
    uint32_t at = lower_bound(a, key);
    bool found = at < a->g->count && strcmp(a->keys[at].key, key) == 0;
    if (found && at + 1 < a->g->count && strcmp(a->keys[at + 1].key, key) == 0) {
        lim_fail(a->cx, LIM_AMBIGUOUS, "Stamp the ledger yourself with migrate_stamp().",
                 "version \"%s\" may be revision \"%s\" or revision \"%s\"",
                 lim_show(a->cx, version), lim_show(a->cx, lim_id(a->g, a->keys[at].node)),
                 lim_show(a->cx, lim_id(a->g, a->keys[at + 1].node)));
        return LIM_NONE;
    }
    if (found)
        return a->keys[at].node;
    lim_fail(a->cx, LIM_UNDEFINED,
             "Load its files first: SELECT migrate_load_dir('migrations'), or migrate_import().",
             "can't locate revision identified by '%s'", lim_show(a->cx, version));
    lim_fail_detail(a->cx, "Table %s holds it.", a->query->shown);
    return LIM_NONE;
}

static bool is_true(const char *value) {
    return value != NULL &&
           (strcmp(value, "t") == 0 || strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

static bool set_applied(adoption *a, const char *version, bool applied) {
    lim_node n = find_version(a, version);
    if (n == LIM_NONE)
        return false;
    a->applied[n] = applied;
    return true;
}

/* A baseline stands for every version up to it. */
static bool apply_baseline(adoption *a, const char *version) {
    const char *key = lim_version_key(a->cx, a->t->format, version);
    for (uint32_t i = 0; key != NULL && i < a->g->count; i++) {
        if (lim_compare_ids(a->keys[i].key, key) <= 0)
            a->applied[a->keys[i].node] = 1;
    }
    return key != NULL;
}

static bool take_flyway(adoption *a, const lim_adopt_row *row) {
    const char *version = row->values[0], *type = row->values[1] != NULL ? row->values[1] : "";
    if (!is_true(row->values[2]))
        return lim_fail(a->cx, LIM_STATE, "Repair it with Flyway first (flyway repair).",
                        "Flyway's migration \"%s\" has failed", lim_show(a->cx, version));
    if (version == NULL || strcmp(type, "SCHEMA") == 0)
        return true; /* a repeatable migration, or Flyway's own mark */
    if (strcmp(type, "BASELINE") == 0)
        return apply_baseline(a, version);
    return set_applied(a, version, strncmp(type, "UNDO_", 5) != 0 && strcmp(type, "DELETE") != 0);
}

static bool take_row(adoption *a, const lim_adopt_row *row) {
    const char *version = row->values[0];
    if (a->t->means == MEANS_FLYWAY)
        return take_flyway(a, row);
    if (version == NULL)
        return lim_fail(a->cx, LIM_CORRUPT, NULL, "table %s holds a version that is NULL",
                        a->query->shown);
    if (a->t->means == MEANS_CURRENT && is_true(row->values[1]))
        return lim_fail(a->cx, LIM_STATE,
                        "Finish or undo it by hand and say so to golang-migrate (migrate force), "
                        "or set the version with migrate_stamp().",
                        "version \"%s\" is dirty: it stopped half-way", lim_show(a->cx, version));
    if (a->t->means == MEANS_HISTORY)
        return strcmp(version, "0") == 0 || set_applied(a, version, is_true(row->values[1]));
    return set_applied(a, version, true);
}

/* ---- the plan --------------------------------------------------------------------------------- */

/* Refuses a version that is applied without one that it stands on. */
static bool check_closed(adoption *a) {
    for (lim_node n = 0; n < a->g->count; n++) {
        lim_nodes parents = lim_neighbours(&a->g->all_down, n);
        for (uint32_t i = 0; a->applied[n] && i < parents.count; i++) {
            if (a->applied[parents.node[i]])
                continue;
            const char *below = lim_show(a->cx, lim_id(a->g, parents.node[i]));
            const char *hint = lim_format(a->cx,
                                          "Apply \"%s\" with %s first, or set the version with "
                                          "migrate_stamp() if its schema is there.",
                                          below, a->query->tool);
            return hint != NULL &&
                   lim_fail(a->cx, LIM_STATE, hint,
                            "table %s holds \"%s\" but not \"%s\", which comes before it",
                            a->query->shown, lim_show(a->cx, lim_id(a->g, n)), below);
        }
    }
    return true;
}

/* Adds what stands below the rows of a tool that does not name it. */
static bool close_down(adoption *a) {
    lim_nodes rows;
    if (!lim_set_members(a->cx, a->g, a->applied, &rows))
        return false;
    a->applied = lim_set_new(a->cx, a->g);
    return a->applied != NULL && lim_mark(a->cx, a->g, &a->g->all_down, rows, a->applied);
}

/* The rows of migrate_version: what is applied and has nothing applied above it. */
static const char *version_rows(const adoption *a) {
    lim_list rows = {0};
    for (lim_node n = 0; n < a->g->count; n++) {
        lim_nodes children = lim_neighbours(&a->g->all_next, n);
        bool covered = !a->applied[n];
        for (uint32_t i = 0; !covered && i < children.count; i++)
            covered = a->applied[children.node[i]];
        if (!covered && !lim_list_add(a->cx, &rows, lim_id(a->g, n)))
            return NULL;
    }
    return rows.count == 0 ? "base" : lim_list_join(a->cx, &rows);
}

bool lim_adopt_plan(lim_context *cx, lim_graph *g, const lim_state *state,
                    const lim_adopt_query *query, const lim_adopt_row *rows, uint32_t count,
                    lim_plan *plan) {
    adoption a = {.cx = cx, .g = g, .t = find_tool(query->tool), .query = query};
    a.applied = lim_set_new(cx, g);
    if (a.applied == NULL || !make_keys(&a))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!take_row(&a, &rows[i]))
            return false;
    }
    bool named = a.t->means == MEANS_HEADS || a.t->means == MEANS_CURRENT;
    if (named ? !close_down(&a) : !check_closed(&a))
        return false;
    const char *text = version_rows(&a);
    if (text == NULL || !lim_plan_stamp(cx, g, state, text, false, plan))
        return false;
    if (plan->step_count == 0 || strcmp(state->text, "base") == 0)
        return true;
    lim_fail(cx, LIM_STATE, "To set the version by hand, call migrate_stamp().",
             "the ledger stands at %s already", lim_show(cx, state->text));
    return lim_fail_detail(cx, "By table %s it would stand at %s.", query->shown,
                           lim_show(cx, plan->to));
}

const char *lim_adopt_report(lim_context *cx, const lim_plan *plan) {
    return plan->step_count == 0 ? lim_plan_report(cx, plan)
                                 : lim_format(cx, "adopted %s -> %s", plan->from, plan->to);
}
