/*
** readers.c - the table-valued functions: migrate_history(), migrate_status(), ...
**
**     SELECT revision, message FROM migrate_history('base:003') WHERE is_applied;
**
** Each reader of core is an eponymous virtual table; one module serves all. The reader's arguments
** are hidden columns after the others, argument_1 and argument_2. A query without a ledger has no
** rows.
**
** All rows are computed when the cursor is opened, so that a query left open holds nothing in the
** database. Bodies alone, which may be large, are fetched when their column is asked for.
**
** migrate_graph() is there as a scalar function and, by the same module, as a table of one row.
*/
#include "readers.h"
#include "export.h"
#include "functions.h"
#include "reader.h"
#include "store.h"
#include <string.h>

/* --- migrate_graph as a reader --------------------------------------------------------------- */

static bool read_graph(lim_context *cx, const lim_view *view, const char *const arguments[],
                       lim_table *table) {
    const char *text = lim_draw(cx, view->graph, view->state, arguments[0]);
    table->column_count = 1;
    table->row_count = 1;
    table->cells = LIM_NEW(cx, lim_cell, 1);
    if (text == NULL || table->cells == NULL) {
        return false;
    }
    table->cells[0] = (lim_cell){.kind = LIM_CELL_TEXT, .text = text};
    return true;
}

static const lim_column graph_columns[] = {{"migrate_graph", LIM_CELL_TEXT}};

static const lim_reader graph_reader = {.name = "migrate_graph",
                                        .columns = graph_columns,
                                        .column_count = 1,
                                        .arguments = {"format", NULL},
                                        .needs_texts = true,
                                        .read = read_graph};

/* --- what a reader reads --------------------------------------------------------------------- */

/* Adds to the problems what is wrong with stored bodies and checksums. */
static bool check_bodies(limbeck_call *call, const limbeck_ledger *ledger, lim_problems *problems) {
    for (uint32_t i = 0; i < ledger->graph->count; i++) {
        const lim_revision *row = &ledger->graph->revisions[i];
        const char *problem = NULL;
        lim_context scratch;
        lim_stored stored;
        lim_context_begin(&scratch, &call->cx.allocator);
        if (limbeck_store_borrow(call, row, &stored, &problem) &&
            !lim_stored_verify(&scratch, LIM_SQLITE, ledger->graph, &stored, &problem)) {
            if (scratch.error.code == LIM_NOMEM) {
                lim_out_of_memory(&call->cx);
            } else if (problem == NULL) {
                problem = scratch.error.message;
            }
            problem = lim_copy_string(&call->cx, problem);
        }
        limbeck_store_return(call);
        lim_context_end(&scratch);
        if (problem != NULL && !lim_problem_add(&call->cx, problems, row->id, problem)) {
            return false;
        }
        if (limbeck_failed(call)) {
            return false;
        }
    }
    return true;
}

static bool read_table_of(limbeck_call *call, const lim_reader *reader,
                          const char *const *arguments, lim_table *table, lim_graph **graph) {
    bool fresh = reader->needs_times || reader->needs_bodies;
    int what = (fresh ? LIMBECK_READ_ALL
                      : LIMBECK_READ_KEPT |
                            (reader->needs_texts ? LIMBECK_READ_ALL | LIMBECK_READ_SHORT : 0)) |
               (reader->needs_times ? LIMBECK_READ_TIMES : 0) |
               (reader->needs_pending ? LIMBECK_READ_PENDING : 0) |
               (reader->needs_applied ? LIMBECK_READ_APPLIED : 0) |
               (reader->needs_stops ? LIMBECK_READ_STOPS : 0);
    lim_problems problems = {0};
    limbeck_ledger ledger;
    lim_view view;
    if (!limbeck_store_open(call, what, reader->needs_problems ? &problems : NULL, &ledger) ||
        (!fresh && !limbeck_store_keep(call, what, &ledger))) {
        return false;
    }
    if (reader->needs_bodies && ledger.present && !check_bodies(call, &ledger, &problems)) {
        return false;
    }
    view = (lim_view){&ledger.rows, ledger.graph, &ledger.state, &problems};
    *graph = ledger.graph;
    return reader->read(&call->cx, &view, arguments, table);
}

/* --- the virtual table ----------------------------------------------------------------------- */

/* What a module, and each table made by it, knows. */
typedef struct reader_binding {
    limbeck_connection *connection;
    const lim_reader *reader;
} reader_binding;

typedef struct reader_table {
    sqlite3_vtab base; /* must be first */
    const reader_binding *binding;
} reader_table;

typedef struct reader_cursor {
    sqlite3_vtab_cursor base; /* must be first */
    limbeck_call call;        /* owns rows and arguments */
    bool filled;              /* call has begun */
    const char *arguments[LIM_READER_ARGUMENTS];
    lim_table table;
    lim_graph *graph; /* what the rows were computed from */
    uint32_t row;
} reader_cursor;

/* "CREATE TABLE x (revision TEXT, ..., argument_1 HIDDEN)" */
static char *declaration(limbeck_call *call, const lim_reader *reader) {
    lim_text t = {.cx = &call->cx};
    lim_text_adds(&t, "CREATE TABLE x (");
    for (uint32_t i = 0; i < reader->column_count; i++) {
        lim_cell_kind kind = reader->columns[i].kind;
        lim_text_addf(&t, "%s\"%s\" %s", i > 0 ? ", " : "", reader->columns[i].name,
                      kind == LIM_CELL_INTEGER || kind == LIM_CELL_BOOLEAN ? "INTEGER" : "TEXT");
    }
    for (int i = 0; i < LIM_READER_ARGUMENTS && reader->arguments[i] != NULL; i++) {
        lim_text_addf(&t, ", argument_%d HIDDEN", i + 1);
    }
    lim_text_adds(&t, ")");
    return lim_text_end(&t);
}

static int connect_reader(sqlite3 *db, void *data, int argc, const char *const *argv,
                          sqlite3_vtab **table, char **message) {
    const reader_binding *binding = data;
    reader_table *made;
    limbeck_call call;
    char *sql;
    int rc = SQLITE_NOMEM;
    (void)argc;
    (void)argv;
    (void)message;
    limbeck_call_begin(&call, binding->connection, binding->reader->name);
    sql = declaration(&call, binding->reader);
    if (sql != NULL) {
        rc = sqlite3_declare_vtab(db, sql);
    }
    limbeck_call_end(&call);
    if (rc != SQLITE_OK) {
        return rc;
    }
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    made = sqlite3_malloc64(sizeof *made);
    if (made == NULL) {
        return SQLITE_NOMEM;
    }
    *made = (reader_table){.binding = binding};
    *table = &made->base;
    return SQLITE_OK;
}

static int disconnect_reader(sqlite3_vtab *table) {
    sqlite3_free(table);
    return SQLITE_OK;
}

/* Each argument given must be known when the cursor is opened. idxNum has a bit for each. */
static int plan_reader(sqlite3_vtab *table, sqlite3_index_info *info) {
    const lim_reader *reader = ((reader_table *)table)->binding->reader;
    int given[LIM_READER_ARGUMENTS], next = 1;
    for (int i = 0; i < LIM_READER_ARGUMENTS; i++) {
        given[i] = -1;
    }
    for (int i = 0; i < info->nConstraint; i++) {
        int argument = info->aConstraint[i].iColumn - (int)reader->column_count;
        if (argument < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) {
            continue;
        }
        if (!info->aConstraint[i].usable) {
            return SQLITE_CONSTRAINT;
        }
        if (given[argument] < 0) {
            given[argument] = i;
        }
    }
    info->idxNum = 0;
    for (int i = 0; i < LIM_READER_ARGUMENTS; i++) {
        if (given[i] >= 0) {
            info->aConstraintUsage[given[i]].argvIndex = next++;
            info->aConstraintUsage[given[i]].omit = 1;
            info->idxNum |= 1 << i;
        }
    }
    info->estimatedCost = 1000;
    info->estimatedRows = 100;
    return SQLITE_OK;
}

static int open_reader(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor) {
    reader_cursor *made = sqlite3_malloc64(sizeof *made);
    (void)table;
    if (made == NULL) {
        return SQLITE_NOMEM;
    }
    memset(made, 0, sizeof *made);
    *cursor = &made->base;
    return SQLITE_OK;
}

static void empty_cursor(reader_cursor *cursor) {
    if (cursor->filled) {
        limbeck_call_end(&cursor->call);
        cursor->filled = false;
    }
    memset(cursor->arguments, 0, sizeof cursor->arguments);
    memset(&cursor->table, 0, sizeof cursor->table);
    cursor->graph = NULL;
    cursor->row = 0;
}

static int close_reader(sqlite3_vtab_cursor *base) {
    empty_cursor((reader_cursor *)base);
    sqlite3_free(base);
    return SQLITE_OK;
}

static bool fill_cursor(reader_cursor *cursor, const lim_reader *reader, int which,
                        sqlite3_value **values) {
    limbeck_call *call = &cursor->call;
    for (int i = 0, next = 0; i < LIM_READER_ARGUMENTS; i++) {
        lim_bytes argument = {NULL, 0};
        if ((which & 1 << i) != 0 &&
            !limbeck_argument(call, values[next++], reader->arguments[i], &argument)) {
            return false;
        }
        if (argument.text != NULL) {
            cursor->arguments[i] = lim_copy(&call->cx, argument.text, argument.length);
            if (cursor->arguments[i] == NULL) {
                return false;
            }
        }
    }
    return read_table_of(call, reader, cursor->arguments, &cursor->table, &cursor->graph);
}

static int filter_reader(sqlite3_vtab_cursor *base, int which, const char *unused, int argc,
                         sqlite3_value **values) {
    reader_cursor *cursor = (reader_cursor *)base;
    const reader_binding *binding = ((reader_table *)base->pVtab)->binding;
    int rc = SQLITE_OK;
    (void)unused;
    (void)argc;
    empty_cursor(cursor);
    limbeck_call_begin(&cursor->call, binding->connection, binding->reader->name);
    cursor->filled = true;
    if (!fill_cursor(cursor, binding->reader, which, values)) {
        rc = limbeck_call_code(&cursor->call);
        if (rc != SQLITE_NOMEM) {
            sqlite3_free(base->pVtab->zErrMsg);
            base->pVtab->zErrMsg = limbeck_call_message(&cursor->call);
        }
        cursor->table.row_count = 0;
    }
    limbeck_call_drop_statements(&cursor->call);
    return rc;
}

static int next_row(sqlite3_vtab_cursor *base) {
    ((reader_cursor *)base)->row++;
    return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *base) {
    const reader_cursor *cursor = (reader_cursor *)base;
    return cursor->row >= cursor->table.row_count;
}

static int row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
    *rowid = ((reader_cursor *)base)->row;
    return SQLITE_OK;
}

/* A body, from the ledger to the query without a copy of our own. */
static int result_body(sqlite3_context *context, limbeck_call *call, const lim_cell *cell) {
    const char *sql = cell->kind == LIM_CELL_UPGRADE
                          ? "SELECT upgrade FROM main.migrate_revision WHERE revision = ?"
                          : "SELECT downgrade FROM main.migrate_revision WHERE revision = ?";
    sqlite3_stmt *row = NULL;
    int rc = sqlite3_prepare_v2(call->db, sql, -1, &row, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_text(row, 1, cell->text, -1, SQLITE_STATIC);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(row);
    }
    if (rc == SQLITE_ROW) {
        sqlite3_result_value(context, sqlite3_column_value(row, 0));
        rc = SQLITE_OK;
    } else if (rc == SQLITE_DONE) {
        rc = SQLITE_OK; /* deleted meanwhile: NULL */
    }
    sqlite3_finalize(row);
    return rc;
}

/* A revision's file or its name. */
static int result_file(sqlite3_context *context, reader_cursor *cursor, const lim_cell *cell) {
    limbeck_call *call = &cursor->call;
    lim_node n = lim_find_id(cursor->graph, cell->text);
    lim_node before = cell->integer < 0 ? LIM_NONE : (lim_node)cell->integer;
    lim_context scratch;
    lim_stored stored;
    lim_bytes file;
    const char *name;
    int rc = SQLITE_OK;
    lim_context_begin(&scratch, &call->cx.allocator);
    if (limbeck_store_revision(call, &scratch, &cursor->graph->revisions[n], &stored) &&
        lim_export_file(&scratch, cursor->graph, &stored, before, &name, &file)) {
        if (cell->kind == LIM_CELL_FILE_NAME) {
            sqlite3_result_text(context, name, -1, SQLITE_TRANSIENT);
        } else {
            sqlite3_result_text64(context, file.text, file.length, SQLITE_TRANSIENT, SQLITE_UTF8);
        }
    } else {
        if (call->cx.error.code == LIM_OK) {
            lim_fail(&call->cx, scratch.error.code == LIM_NOMEM ? LIM_NOMEM : LIM_CORRUPT,
                     "SELECT * FROM migrate_validate() lists what is wrong.",
                     "revision \"%s\" can't be exported: %s", lim_show(&call->cx, cell->text),
                     scratch.error.message);
        }
        rc = limbeck_call_code(call);
        limbeck_call_report(call, context);
    }
    limbeck_call_drop_statements(call);
    lim_context_end(&scratch);
    return rc;
}

static int result_cell(sqlite3_context *context, reader_cursor *cursor, const lim_cell *cell) {
    limbeck_call *call = &cursor->call;
    switch (cell->kind) {
    case LIM_CELL_NULL:
        return SQLITE_OK;
    case LIM_CELL_INTEGER:
    case LIM_CELL_BOOLEAN:
        sqlite3_result_int64(context, cell->integer);
        return SQLITE_OK;
    case LIM_CELL_UPGRADE:
    case LIM_CELL_DOWNGRADE:
        return result_body(context, call, cell);
    case LIM_CELL_FILE_NAME:
    case LIM_CELL_FILE:
        return result_file(context, cursor, cell);
    default:
        if (cell->text != NULL) {
            sqlite3_result_text(context, cell->text, -1, SQLITE_TRANSIENT);
        }
        return SQLITE_OK;
    }
}

static int column_value(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
    reader_cursor *cursor = (reader_cursor *)base;
    uint32_t columns = ((reader_table *)base->pVtab)->binding->reader->column_count;
    if ((uint32_t)column >= columns) {
        const char *argument = cursor->arguments[(uint32_t)column - columns];
        if (argument != NULL) {
            sqlite3_result_text(context, argument, -1, SQLITE_TRANSIENT);
        }
        return SQLITE_OK;
    }
    return result_cell(context, cursor,
                       &cursor->table.cells[(size_t)cursor->row * columns + (uint32_t)column]);
}

static const sqlite3_module reader_module = {
    .iVersion = 0,
    .xConnect = connect_reader,
    .xBestIndex = plan_reader,
    .xDisconnect = disconnect_reader,
    .xOpen = open_reader,
    .xClose = close_reader,
    .xFilter = filter_reader,
    .xNext = next_row,
    .xEof = at_end,
    .xColumn = column_value,
    .xRowid = row_number,
};

/* --- migrate_graph as a function ------------------------------------------------------------- */

static void graph_function(sqlite3_context *context, int count, sqlite3_value **values) {
    const reader_binding *binding = sqlite3_user_data(context);
    const char *arguments[LIM_READER_ARGUMENTS] = {NULL};
    lim_bytes format = {NULL, 0};
    lim_table table;
    lim_graph *graph;
    limbeck_call call;
    bool ok = true;
    limbeck_call_begin(&call, binding->connection, "migrate_graph");
    if (count > 1) {
        ok = lim_fail(&call.cx, LIM_INVALID, NULL,
                      "migrate_graph() takes at most 1 argument, not %d", count);
    } else if (count == 1) {
        ok = limbeck_argument(&call, values[0], "format", &format);
        arguments[0] = format.text;
    }
    if (ok && read_table_of(&call, &graph_reader, arguments, &table, &graph)) {
        sqlite3_result_text(context, table.cells[0].text, -1, SQLITE_TRANSIENT);
    } else {
        limbeck_call_report(&call, context);
    }
    limbeck_call_end(&call);
}

/* --- registration ---------------------------------------------------------------------------- */

static reader_binding *bind_reader(limbeck_connection *connection, const lim_reader *reader) {
    reader_binding *binding = sqlite3_malloc64(sizeof *binding);
    if (binding != NULL) {
        *binding = (reader_binding){limbeck_connection_keep(connection), reader};
    }
    return binding;
}

static void release_reader(void *data) {
    reader_binding *binding = data;
    limbeck_connection_release(binding->connection);
    sqlite3_free(binding);
}

/* SQLite calls release_reader() when a registration fails, too. */
static int register_reader(limbeck_connection *connection, const lim_reader *reader) {
    reader_binding *binding = bind_reader(connection, reader);
    if (binding == NULL) {
        return SQLITE_NOMEM;
    }
    return sqlite3_create_module_v2(connection->db, reader->name, &reader_module, binding,
                                    release_reader);
}

int limbeck_readers_register(limbeck_connection *connection) {
    reader_binding *binding;
    int rc = register_reader(connection, &graph_reader);
    for (uint32_t i = 0; i < lim_reader_count && rc == SQLITE_OK; i++) {
        rc = register_reader(connection, &lim_readers[i]);
    }
    if (rc != SQLITE_OK) {
        return rc;
    }
    binding = bind_reader(connection, &graph_reader);
    if (binding == NULL) {
        return SQLITE_NOMEM;
    }
    return sqlite3_create_function_v2(connection->db, "migrate_graph", -1, SQLITE_UTF8, binding,
                                      graph_function, NULL, NULL, release_reader);
}

void limbeck_readers_unregister(sqlite3 *db) {
    sqlite3_create_module_v2(db, graph_reader.name, NULL, NULL, NULL);
    for (uint32_t i = 0; i < lim_reader_count; i++) {
        sqlite3_create_module_v2(db, lim_readers[i].name, NULL, NULL, NULL);
    }
    sqlite3_create_function_v2(db, graph_reader.name, -1, SQLITE_UTF8, NULL, NULL, NULL, NULL,
                               NULL);
}
