/*
** reader.h - the table-valued functions: their columns and their rows
**
** Every reader of API.md is described here once, by a table, and computed here once; a host only
** declares the columns to its engine and copies the cells out. Rows are computed whole, before the
** first is given out, so that a reader left open holds nothing in the database.
*/
#ifndef LIM_READER_H
#define LIM_READER_H

#include "history.h"

typedef enum lim_cell_kind {
    LIM_CELL_NULL,
    LIM_CELL_TEXT,
    LIM_CELL_INTEGER,
    LIM_CELL_BOOLEAN,
    LIM_CELL_TIME,      /* text in the host's own form, as the ledger row gave it */
    LIM_CELL_UPGRADE,   /* the upgrade body of the revision text: the host fetches it when asked */
    LIM_CELL_DOWNGRADE, /* likewise */
    LIM_CELL_FILE_NAME, /* what lim_export_file() (export.h) gives for the revision text; integer is
                           the node before it, or -1 */
    LIM_CELL_FILE
} lim_cell_kind;

typedef struct lim_cell {
    lim_cell_kind kind;
    const char *text;
    int64_t integer; /* also 0 or 1 of a boolean */
} lim_cell;

typedef struct lim_column {
    const char *name;
    lim_cell_kind kind; /* the declared type: TEXT, INTEGER, BOOLEAN or TIME */
} lim_column;

typedef struct lim_table {
    uint32_t column_count;
    uint32_t row_count;
    lim_cell *cells; /* row by row */
} lim_table;

/* What a reader reads: the host fills it before the call. */
typedef struct lim_view {
    const lim_ledger *ledger;
    lim_graph *graph;
    const lim_state *state;
    const lim_problems *problems; /* for status and validate: what lim_graph_build() and the host's
                                     check of bodies found */
} lim_view;

#define LIM_READER_ARGUMENTS 2

typedef struct lim_reader {
    const char *name; /* migrate_history, ... */
    const lim_column *columns;
    uint32_t column_count;
    const char *arguments[LIM_READER_ARGUMENTS]; /* names of its parameters, NULL: no more; a
                                                    column may have the same name */
    bool needs_times;                            /* created_at, created_by of revisions */
    bool needs_texts;   /* message, checksum of all revisions; else only messages of versions */
    bool needs_pending; /* of those that aren't applied, whether they are reversible; with texts all
                            that a row says of bodies is needed */
    bool needs_applied; /* applied_at, applied_by of versions */
    bool needs_stops;   /* bodies that stopped half-way */
    bool needs_problems; /* the graph is built with problems listed */
    bool needs_bodies;   /* and checksums and bodies are checked, which reads every body */
    bool (*read)(lim_context *cx, const lim_view *view,
                 const char *const arguments[LIM_READER_ARGUMENTS], lim_table *table);
} lim_reader;

extern const lim_reader lim_readers[];
extern const uint32_t lim_reader_count;

#endif
