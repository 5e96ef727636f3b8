/*
** ledger.c - the ledger's rows as plain data
*/
#include "ledger.h"

#include <string.h>

/* Makes room for one more row of any of the tables; what is outgrown is given back. */
static bool room(lim_context *cx, void **rows, uint32_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity)
        return true;
    if (count > UINT32_MAX / 2)
        return lim_fail(cx, LIM_TOO_BIG, NULL, "the ledger holds too many rows");
    uint32_t grown = count == 0 ? 8 : count * 2;
    if (grown > SIZE_MAX / size)
        return lim_out_of_memory(cx);
    void *bigger = lim_resize_raw(cx, *rows, count * size, *capacity * size, grown * size);
    if (bigger == NULL)
        return false;
    *rows = bigger;
    *capacity = grown;
    return true;
}

bool lim_ledger_reserve(lim_context *cx, lim_ledger *ledger, uint32_t revisions, uint32_t edges) {
    void *revision_rows = ledger->revisions;
    void *edge_rows = ledger->edges;
    if (!lim_grow(cx, &revision_rows, &ledger->revision_capacity, revisions,
                  sizeof *ledger->revisions))
        return false;
    ledger->revisions = revision_rows;
    if (!lim_grow(cx, &edge_rows, &ledger->edge_capacity, edges, sizeof *ledger->edges))
        return false;
    ledger->edges = edge_rows;
    return true;
}

bool lim_ledger_add_revision(lim_context *cx, lim_ledger *ledger, const lim_revision *row) {
    void *rows = ledger->revisions;
    if (!room(cx, &rows, ledger->revision_count, &ledger->revision_capacity, sizeof *row))
        return false;
    ledger->revisions = rows;
    ledger->revisions[ledger->revision_count++] = *row;
    return true;
}

bool lim_ledger_add_edge(lim_context *cx, lim_ledger *ledger, const lim_edge *row) {
    void *rows = ledger->edges;
    if (!room(cx, &rows, ledger->edge_count, &ledger->edge_capacity, sizeof *row))
        return false;
    ledger->edges = rows;
    ledger->edges[ledger->edge_count++] = *row;
    return true;
}

bool lim_ledger_add_label(lim_context *cx, lim_ledger *ledger, const lim_label *row) {
    void *rows = ledger->labels;
    if (!room(cx, &rows, ledger->label_count, &ledger->label_capacity, sizeof *row))
        return false;
    ledger->labels = rows;
    ledger->labels[ledger->label_count++] = *row;
    return true;
}

bool lim_ledger_add_version(lim_context *cx, lim_ledger *ledger, const lim_version *row) {
    void *rows = ledger->versions;
    if (!room(cx, &rows, ledger->version_count, &ledger->version_capacity, sizeof *row))
        return false;
    ledger->versions = rows;
    ledger->versions[ledger->version_count++] = *row;
    return true;
}

bool lim_ledger_add_stop(lim_context *cx, lim_ledger *ledger, const lim_stop *row) {
    void *rows = ledger->stops;
    if (!room(cx, &rows, ledger->stop_count, &ledger->stop_capacity, sizeof *row))
        return false;
    ledger->stops = rows;
    ledger->stops[ledger->stop_count++] = *row;
    return true;
}

static const char *const KIND_NAMES[] = {
    [LIM_DOWN_REVISION] = "down_revision",
    [LIM_DEPENDS_ON] = "depends_on",
};

bool lim_edge_kind_parse(const char *word, lim_edge_kind *kind) {
    for (int i = LIM_DOWN_REVISION; i <= LIM_DEPENDS_ON; i++) {
        if (strcmp(word, KIND_NAMES[i]) == 0) {
            *kind = (lim_edge_kind)i;
            return true;
        }
    }
    return false;
}

const char *lim_edge_kind_name(lim_edge_kind kind) {
    return KIND_NAMES[kind];
}
