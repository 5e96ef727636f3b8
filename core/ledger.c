/*
** ledger.c - the ledger's rows as plain data
*/
#include "ledger.h"

#include <string.h>

/* Makes room for all rows of any of the tables; rows is the address of the pointer to them. What is outgrown is
** given back. */
static bool make_room(lim_context *cx, void *rows, uint32_t count, uint32_t *capacity, uint32_t all,
                      size_t size) {
    char *table;
    if (all <= *capacity)
        return true;
    if (all > SIZE_MAX / size)
        return lim_out_of_memory(cx);
    memcpy(&table, rows, sizeof table);
    table = lim_resize_raw(cx, table, count * size, *capacity * size, all * size);
    if (table == NULL)
        return false;
    memcpy(rows, &table, sizeof table);
    *capacity = all;
    return true;
}

/* Appends one row. */
static inline bool append(lim_context *cx, void *rows, uint32_t *count, uint32_t *capacity,
                          const void *row, size_t size) {
    char *table;
    if (*count == *capacity) {
        if (*count > UINT32_MAX / 2)
            return lim_fail(cx, LIM_TOO_BIG, NULL, "the ledger holds too many rows");
        if (!make_room(cx, rows, *count, capacity, *count == 0 ? 8 : *count * 2, size))
            return false;
    }
    memcpy(&table, rows, sizeof table);
    memcpy(table + *count * size, row, size);
    ++*count;
    return true;
}

bool lim_ledger_reserve(lim_context *cx, lim_ledger *ledger, uint32_t revisions, uint32_t edges) {
    return make_room(cx, &ledger->revisions, ledger->revision_count, &ledger->revision_capacity,
                     revisions, sizeof *ledger->revisions) &&
           make_room(cx, &ledger->edges, ledger->edge_count, &ledger->edge_capacity, edges,
                     sizeof *ledger->edges);
}

bool lim_ledger_add_revision(lim_context *cx, lim_ledger *ledger, const lim_revision *row) {
    return append(cx, &ledger->revisions, &ledger->revision_count, &ledger->revision_capacity, row,
                  sizeof *row);
}

bool lim_ledger_add_edge(lim_context *cx, lim_ledger *ledger, const lim_edge *row) {
    return append(cx, &ledger->edges, &ledger->edge_count, &ledger->edge_capacity, row,
                  sizeof *row);
}

bool lim_ledger_add_label(lim_context *cx, lim_ledger *ledger, const lim_label *row) {
    return append(cx, &ledger->labels, &ledger->label_count, &ledger->label_capacity, row,
                  sizeof *row);
}

bool lim_ledger_add_version(lim_context *cx, lim_ledger *ledger, const lim_version *row) {
    return append(cx, &ledger->versions, &ledger->version_count, &ledger->version_capacity, row,
                  sizeof *row);
}

bool lim_ledger_add_stop(lim_context *cx, lim_ledger *ledger, const lim_stop *row) {
    return append(cx, &ledger->stops, &ledger->stop_count, &ledger->stop_capacity, row,
                  sizeof *row);
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
