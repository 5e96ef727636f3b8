/*
** store.c - the ledger's rows in an SQLite file: reading and writing them
**
** Every value that is read is checked (store_row.h).
*/
#include "store.h"
#include "store_cache.h"
#include "store_tables.h"
#include "checksum.h"
#include <stdlib.h>
#include <string.h>

/* A column with a plus before it is an expression to SQLite, which then does not find out for the caller
** what it is a column of: a third of what preparing costs. */

static const char SELECT_NAMES[] = "SELECT +seq, +revision FROM main.migrate_revision";

/* In the order of the table, which is that of seq unless an application has reverse_unordered_selects on. What
** stands behind a long body is found by way of all
** its pages, unless typeof() or the row's head tells it, as it tells 0 and 1. */
#define REVISIONS(checksum, more)                                    \
    "SELECT +seq, +revision, +message, +upgrade_transactional, "     \
    "+downgrade_transactional, " checksum ", typeof(downgrade)" more \
    " FROM main.migrate_revision NOT INDEXED"

static const char SELECT_REVISIONS[] = REVISIONS("+checksum", "");
static const char SELECT_REVISIONS_SHORT[] =
    REVISIONS("iif(typeof(checksum) = 'text', '', NULL) AS checksum", "");
static const char SELECT_REVISIONS_TIMES[] = REVISIONS("+checksum", ", +created_at, +created_by");
static const char SELECT_REVISIONS_FILES[] = REVISIONS("+checksum", ", typeof(script)");

static const char SELECT_EDGES[] =
    "SELECT +revision, +parent, +kind, +ordinal FROM main.migrate_edge";

static const char SELECT_LABELS[] = "SELECT +label, +revision, +ordinal FROM main.migrate_label";

static const char SELECT_VERSIONS[] = "SELECT +version_num FROM main.migrate_version";

static const char SELECT_CHECKSUM[] =
    "SELECT 1 FROM main.migrate_revision WHERE revision = ? AND checksum = ?";

/* Of one revision: what the id, which the index has, leaves open. */
static const char SELECT_REST[] =
    "SELECT +message, +upgrade_transactional, +downgrade_transactional, +checksum,"
    " typeof(downgrade) FROM main.migrate_revision WHERE seq = ? AND revision = ?";
static const char SELECT_WHOLE[] =
    "SELECT +message, +upgrade_transactional, +downgrade_transactional, +checksum, +upgrade,"
    " +downgrade, +script FROM main.migrate_revision WHERE seq = ? AND revision = ?";
static const char SELECT_BODIES[] = "SELECT +upgrade, +downgrade, +script FROM "
                                    "main.migrate_revision WHERE seq = ? AND revision = ?";

static const char SELECT_TYPES[] =
    "SELECT typeof(script), typeof(upgrade), typeof(downgrade) FROM main.migrate_revision"
    " WHERE seq = ? AND revision = ?";

static const char SELECT_UPGRADE[] =
    "SELECT +upgrade FROM main.migrate_revision WHERE seq = ? AND revision = ?";
static const char SELECT_DOWNGRADE[] =
    "SELECT +downgrade FROM main.migrate_revision WHERE seq = ? AND revision = ?";

static const char SELECT_MESSAGE[] =
    "SELECT +message FROM main.migrate_revision WHERE revision = ?";

/* Pending revisions mostly were stored one after another. */
static const char SELECT_REVERSIBLE[] =
    "SELECT +seq, typeof(downgrade) FROM main.migrate_revision NOT INDEXED"
    " WHERE seq BETWEEN ? AND ?";

/* Takes the write lock and changes nothing. */
static const char LOCK_LEDGER[] =
    "UPDATE main.migrate_version SET version_num = version_num WHERE 0";

static const char INSERT_REVISION[] =
    "INSERT INTO main.migrate_revision (revision, message, upgrade, downgrade,"
    " upgrade_transactional, downgrade_transactional, script, checksum, created_at, created_by)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static const char UPDATE_REVISION[] =
    "UPDATE main.migrate_revision SET message = ?2, upgrade = ?3, downgrade = ?4,"
    " upgrade_transactional = ?5, downgrade_transactional = ?6, script = ?7, checksum = ?8"
    " WHERE revision = ?1";

static const char DELETE_REVISION[] = "DELETE FROM main.migrate_revision WHERE revision = ?";
static const char DELETE_EDGES[] = "DELETE FROM main.migrate_edge WHERE revision = ?";
static const char DELETE_LABELS[] = "DELETE FROM main.migrate_label WHERE revision = ?";

static const char INSERT_EDGE[] =
    "INSERT INTO main.migrate_edge (revision, parent, kind, ordinal) VALUES (?, ?, ?, ?)";
static const char INSERT_LABEL[] =
    "INSERT INTO main.migrate_label (label, revision, ordinal) VALUES (?, ?, ?)";

static const char INSERT_VERSION[] = "INSERT INTO main.migrate_version (version_num) VALUES (?)";
static const char DELETE_VERSION[] = "DELETE FROM main.migrate_version WHERE version_num = ?";
static const char UPDATE_VERSION[] =
    "UPDATE main.migrate_version SET version_num = ?2 WHERE version_num = ?1";

/* --- reading tables -------------------------------------------------------------------------- */

static int compare_seq(const void *a, const void *b) {
    const lim_revision *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* Rows mostly come as they were stored, and ids mostly ascend so. */
static bool is_in_order(const lim_ledger *rows) {
    for (uint32_t i = 1; i < rows->revision_count; i++) {
        if (rows->revisions[i - 1].seq > rows->revisions[i].seq) {
            return false;
        }
    }
    return true;
}

/* Ids alone come from the index on them, which is small, and are put into the order of storing. */
static void read_names(limbeck_source *from, lim_ledger *rows) {
    lim_revision revision = {.message = "",
                             .checksum = "",
                             .upgrade_transactional = true,
                             .downgrade_transactional = true,
                             .reversible = true};
    revision.seq = sqlite3_column_int64(from->row, 0);
    revision.id = limbeck_source_text(from, 1);
    if (!from->wrong) {
        lim_ledger_add_revision(&from->call->cx, rows, &revision);
    }
}

/* True unless typeof() said null: the text itself is not read for that. */
static bool is_there(limbeck_source *from, int column) {
    const char *type = (const char *)sqlite3_value_text(sqlite3_column_value(from->row, column));
    return type == NULL || strcmp(type, "null") != 0;
}

/* Message, marks and checksum, which stand in this order. */
static void read_rest(limbeck_source *from, int first, lim_revision *revision) {
    revision->message = limbeck_source_text(from, first);
    revision->upgrade_transactional = limbeck_source_integer(from, first + 1, 0, 1) != 0;
    revision->downgrade_transactional = limbeck_source_integer(from, first + 2, 0, 1) != 0;
    revision->checksum = limbeck_source_text(from, first + 3);
}

static void read_revision(limbeck_source *from, lim_ledger *rows) {
    lim_revision revision = {0};
    int columns = sqlite3_data_count(from->row);
    revision.seq = sqlite3_column_int64(from->row, 0);
    revision.id = from->subject = limbeck_source_text(from, 1);
    read_rest(from, 2, &revision);
    revision.reversible = is_there(from, 6);
    if (columns == 9) {
        revision.created_at = limbeck_source_text(from, 7);
        revision.created_by = limbeck_source_text(from, 8);
    } else if (columns == 8) {
        revision.has_script = is_there(from, 7);
    }
    if (from->wrong && from->problems != NULL && revision.id != NULL) {
        /* Only what is wrong is left out, or its children would seem to be wrong as well. */
        revision.message = revision.message != NULL ? revision.message : "";
        revision.checksum = revision.checksum != NULL ? revision.checksum : "";
        from->wrong = false;
    }
    if (!from->wrong) {
        lim_ledger_add_revision(&from->call->cx, rows, &revision);
    }
}

/* The word of an edge's kind; all but a few are the same, and need no copy. */
static bool read_kind(limbeck_source *from, int column, lim_edge_kind *kind) {
    const char *usual = lim_edge_kind_name(LIM_DOWN_REVISION);
    sqlite3_value *value = sqlite3_column_value(from->row, column);
    const char *word =
        sqlite3_value_type(value) == SQLITE_TEXT ? (const char *)sqlite3_value_text(value) : NULL;
    if (word != NULL && (size_t)sqlite3_value_bytes(value) == strlen(usual) &&
        strcmp(word, usual) == 0) {
        *kind = LIM_DOWN_REVISION;
        return true;
    }
    word = limbeck_source_text(from, column);
    return word == NULL || lim_edge_kind_parse(word, kind);
}

static void read_edge(limbeck_source *from, lim_ledger *rows) {
    lim_edge edge = {0};
    edge.revision = from->subject = limbeck_source_text(from, 0);
    edge.parent = limbeck_source_text(from, 1);
    edge.ordinal = (int32_t)limbeck_source_integer(from, 3, 0, INT32_MAX);
    if (!read_kind(from, 2, &edge.kind)) {
        limbeck_source_complain(from, 2, "is neither down_revision nor depends_on");
    }
    if (!from->wrong) {
        lim_ledger_add_edge(&from->call->cx, rows, &edge);
    }
}

static void read_label(limbeck_source *from, lim_ledger *rows) {
    lim_label label = {0};
    label.label = limbeck_source_text(from, 0);
    label.revision = from->subject = limbeck_source_text(from, 1);
    label.ordinal = (int32_t)limbeck_source_integer(from, 2, 0, INT32_MAX);
    if (!from->wrong) {
        lim_ledger_add_label(&from->call->cx, rows, &label);
    }
}

static void read_version(limbeck_source *from, lim_ledger *rows) {
    lim_version version = {.version_num = limbeck_source_text(from, 0)};
    if (!from->wrong) {
        lim_ledger_add_version(&from->call->cx, rows, &version);
    }
}

static bool read_table(limbeck_call *call, const char *sql, const char *table,
                       void (*read)(limbeck_source *, lim_ledger *), lim_problems *problems,
                       lim_ledger *rows) {
    sqlite3_stmt *row = limbeck_statement(call, sql);
    while (row != NULL && limbeck_row(call, row)) {
        limbeck_source from = {.call = call, .row = row, .table = table, .problems = problems};
        read(&from, rows);
        if (limbeck_failed(call)) {
            break;
        }
    }
    limbeck_drop_statement(call, sql);
    return !limbeck_failed(call);
}

/* Tells what came with each version row: its message, and from the log when and by whom. */
static bool read_applied(limbeck_call *call, lim_ledger *rows) {
    for (uint32_t i = 0; i < rows->version_count; i++) {
        sqlite3_stmt *row = limbeck_statement(call, SELECT_MESSAGE);
        if (row == NULL || !limbeck_bind(call, row, "t", rows->versions[i].version_num)) {
            return false;
        }
        if (limbeck_row(call, row)) {
            limbeck_source from = {.call = call, .row = row, .table = "migrate_revision"};
            rows->versions[i].message = limbeck_source_text(&from, 0);
            sqlite3_reset(row);
        }
        if (limbeck_failed(call)) {
            return false;
        }
    }
    return limbeck_log_applied(call, rows);
}

static int compare_row(const void *seq, const void *row) {
    int64_t a = *(const int64_t *)seq, b = ((const lim_revision *)row)->seq;
    return (a > b) - (a < b);
}

/* Finds out which revisions that aren't applied are irreversible. */
static bool read_pending(limbeck_call *call, limbeck_ledger *ledger) {
    lim_ledger *rows = &ledger->rows;
    uint32_t first = 0, end = rows->revision_count;
    sqlite3_stmt *row;
    while (first < end && ledger->state.applied[first]) {
        first++;
    }
    while (end > first && ledger->state.applied[end - 1]) {
        end--;
    }
    if (first == end) {
        return true;
    }
    row = limbeck_statement(call, SELECT_REVERSIBLE);
    if (row == NULL ||
        !limbeck_bind(call, row, "ii", rows->revisions[first].seq, rows->revisions[end - 1].seq)) {
        return false;
    }
    while (limbeck_row(call, row)) {
        limbeck_source from = {.call = call, .row = row};
        int64_t seq = sqlite3_column_int64(row, 0);
        lim_revision *found =
            bsearch(&seq, rows->revisions, rows->revision_count, sizeof *found, compare_row);
        if (found != NULL) {
            found->reversible = is_there(&from, 1);
        }
    }
    return !limbeck_failed(call);
}

static bool read_tables(limbeck_call *call, int read, lim_problems *problems, lim_ledger *rows) {
    bool all = (read & (LIMBECK_READ_ALL | LIMBECK_READ_TIMES | LIMBECK_READ_FILES)) != 0;
    const char *revisions = (read & LIMBECK_READ_TIMES)   ? SELECT_REVISIONS_TIMES
                            : (read & LIMBECK_READ_FILES) ? SELECT_REVISIONS_FILES
                            : (read & LIMBECK_READ_SHORT) ? SELECT_REVISIONS_SHORT
                            : all                         ? SELECT_REVISIONS
                                                          : SELECT_NAMES;
    if (!read_table(call, revisions, "migrate_revision", all ? read_revision : read_names, problems,
                    rows) ||
        !read_table(call, SELECT_EDGES, "migrate_edge", read_edge, problems, rows) ||
        !read_table(call, SELECT_LABELS, "migrate_label", read_label, problems, rows) ||
        !read_table(call, SELECT_VERSIONS, "migrate_version", read_version, problems, rows)) {
        return false;
    }
    if (!is_in_order(rows)) {
        qsort(rows->revisions, rows->revision_count, sizeof *rows->revisions, compare_seq);
    }
    return ((read & LIMBECK_READ_APPLIED) == 0 || read_applied(call, rows)) &&
           ((read & LIMBECK_READ_STOPS) == 0 || limbeck_log_stops(call, problems, rows));
}

/* Answers from what the connection has kept; what of it was not asked for then is read now. */
static bool find_kept(limbeck_call *call, int read, const char *stamp, lim_problems *problems,
                      limbeck_ledger *ledger) {
    lim_ledger *rows = &ledger->rows;
    lim_version *versions;
    int missing;
    if (!limbeck_cache_find(call, read & (LIMBECK_READ_ALL | LIMBECK_READ_TIMES), stamp, ledger)) {
        return false;
    }
    missing = limbeck_cache_missing(call, read);
    if ((missing & LIMBECK_READ_APPLIED) != 0 && rows->version_count > 0) {
        versions = LIM_NEW(&call->cx, lim_version, rows->version_count);
        for (uint32_t i = 0; versions != NULL && i < rows->version_count; i++) {
            versions[i].version_num = rows->versions[i].version_num;
        }
        rows->versions = versions;
        if (versions == NULL || !read_applied(call, rows)) {
            return false;
        }
    }
    if ((missing & LIMBECK_READ_STOPS) != 0) {
        uint32_t before = problems != NULL ? problems->count : 0;
        if (!limbeck_log_stops(call, problems, rows)) {
            return false;
        }
        if (rows->stop_count == 0 && (problems == NULL || problems->count == before)) {
            limbeck_cache_add(call, LIMBECK_READ_STOPS);
        }
    }
    if ((missing & LIMBECK_READ_PENDING) != 0) {
        if (!read_pending(call, ledger)) {
            return false;
        }
        limbeck_cache_add(call, LIMBECK_READ_PENDING);
    }
    return true;
}

static bool read_ledger(limbeck_call *call, int read, lim_problems *problems,
                        limbeck_ledger *ledger) {
    if (!limbeck_tables_check(call, &ledger->present) ||
        (ledger->present && !read_tables(call, read, problems, &ledger->rows))) {
        return false;
    }
    ledger->graph = lim_graph_build(&call->cx, &ledger->rows, problems);
    return ledger->graph != NULL &&
           lim_state_build(&call->cx, ledger->graph, &ledger->rows, &ledger->state) &&
           ((read & LIMBECK_READ_PENDING) == 0 || read_pending(call, ledger));
}

/* Reads under the snapshot, or finds what was read before. */
static bool open_ledger(limbeck_call *call, int read, lim_problems *problems,
                        limbeck_ledger *ledger) {
    if ((read & LIMBECK_READ_KEPT) != 0 && limbeck_cache_may_hold(call)) {
        const char *stamp = limbeck_cache_stamp(call);
        if (stamp != NULL && find_kept(call, read, stamp, problems, ledger)) {
            return true;
        }
    }
    ledger->problems = problems != NULL ? problems->count : 0;
    if (limbeck_failed(call) || !read_ledger(call, read, problems, ledger)) {
        return false;
    }
    ledger->problems = problems != NULL ? problems->count - ledger->problems : 0;
    ledger->time = limbeck_cache_now(call);
    return true;
}

bool limbeck_store_complete(limbeck_call *call, limbeck_ledger *ledger, bool *same) {
    *same = call->cache == NULL && ledger->present &&
            limbeck_cache_same_time(call, &ledger->time) && !limbeck_cache_reads_uncommitted(call);
    return !*same || limbeck_log_stops(call, NULL, &ledger->rows);
}

/* As long as one statement is in the middle of a row the snapshot stays: no transaction that an interrupt
** could leave open is needed. */
sqlite3_stmt *limbeck_store_snapshot(limbeck_call *call) {
    sqlite3_stmt *snapshot = NULL;
    int rc = sqlite3_prepare_v2(call->db, "SELECT 1 FROM main.sqlite_master", -1, &snapshot, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(snapshot);
    }
    if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        return snapshot;
    }
    limbeck_fail_sqlite(call, rc, lim_format(&call->cx, "%s() cannot read", call->function));
    sqlite3_finalize(snapshot);
    return NULL;
}

bool limbeck_store_open(limbeck_call *call, int read, lim_problems *problems,
                        limbeck_ledger *ledger) {
    sqlite3_stmt *snapshot = limbeck_store_snapshot(call);
    memset(ledger, 0, sizeof *ledger);
    if (snapshot != NULL) {
        open_ledger(call, read, problems, ledger);
    }
    sqlite3_finalize(snapshot);
    return !limbeck_failed(call);
}

bool limbeck_store_keep(limbeck_call *call, int read, const limbeck_ledger *ledger) {
    sqlite3_stmt *snapshot;
    const char *stamp;
    if (!ledger->present || ledger->problems > 0 || call->cache != NULL) {
        return true;
    }
    snapshot = limbeck_store_snapshot(call);
    if (snapshot != NULL && limbeck_cache_same_time(call, &ledger->time)) {
        stamp = limbeck_cache_stamp(call);
        if (stamp != NULL) {
            limbeck_ledger kept = *ledger;
            /* asking for the stamp can open the database of TEMP tables, which has a new version then */
            kept.time = limbeck_cache_now(call);
            limbeck_cache_keep(call, read, stamp, &kept);
        }
    }
    sqlite3_finalize(snapshot);
    return !limbeck_failed(call);
}

/* A body or a file, where SQLite has it: NULL is absent. */
static bool bytes_value(limbeck_call *call, sqlite3_stmt *row, int column, lim_bytes *bytes,
                        const char **wrong) {
    *bytes = (lim_bytes){NULL, 0};
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        return true;
    }
    if (sqlite3_column_type(row, column) != SQLITE_TEXT) {
        *wrong = lim_format(&call->cx, "migrate_revision.%s is not text",
                            limbeck_column_name(row, column));
        return false;
    }
    bytes->text = (const char *)sqlite3_column_text(row, column);
    bytes->length = (size_t)sqlite3_column_bytes(row, column);
    return bytes->text != NULL || lim_out_of_memory(&call->cx);
}

/* Finds a revision's row. */
static sqlite3_stmt *find_row(limbeck_call *call, const char *sql, const lim_revision *row) {
    sqlite3_stmt *found = limbeck_statement(call, sql);
    if (found == NULL || !limbeck_bind(call, found, "it", row->seq, row->id)) {
        return NULL;
    }
    if (!limbeck_row(call, found)) {
        lim_fail(&call->cx, LIM_CORRUPT, NULL, "revision \"%s\" is no longer stored",
                 lim_show(&call->cx, row->id));
        return NULL;
    }
    return found;
}

/* Finds it and reads what stands behind the id. */
static sqlite3_stmt *find_rest(limbeck_call *call, const char *sql, lim_revision *row) {
    limbeck_source from = {.call = call, .table = "migrate_revision"};
    from.row = find_row(call, sql, row);
    if (from.row == NULL) {
        return NULL;
    }
    read_rest(&from, 0, row);
    if (limbeck_failed(call)) {
        sqlite3_reset(from.row);
        return NULL;
    }
    return from.row;
}

bool limbeck_store_rest(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan) {
    for (uint32_t i = 0; i < plan->step_count; i++) {
        lim_node node = plan->steps[i].node;
        lim_revision *row = node == LIM_NONE ? NULL : &ledger->rows.revisions[node];
        limbeck_source from = {.call = call};
        if (row == NULL) {
            continue;
        }
        from.row = find_rest(call, SELECT_REST, row);
        if (from.row == NULL) {
            return false;
        }
        row->reversible = is_there(&from, 4);
        sqlite3_reset(from.row);
    }
    return true;
}

static bool fail_damaged(limbeck_call *call, const lim_revision *row, const char *wrong) {
    return lim_fail(&call->cx, LIM_CORRUPT, "SELECT * FROM migrate_validate() lists what is wrong.",
                    "the ledger is damaged: %s in revision \"%s\"", wrong,
                    lim_show(&call->cx, row->id));
}

/* The bodies of a found row, which stand in three columns. */
static bool read_bodies(limbeck_call *call, sqlite3_stmt *body, int first, lim_stored *stored,
                        const char **problem) {
    const char *wrong = NULL;
    if (bytes_value(call, body, first, &stored->upgrade, &wrong) &&
        bytes_value(call, body, first + 1, &stored->downgrade, &wrong) &&
        bytes_value(call, body, first + 2, &stored->script, &wrong)) {
        return true;
    }
    sqlite3_reset(body);
    if (wrong != NULL && problem != NULL) {
        *problem = wrong;
    } else if (wrong != NULL) {
        fail_damaged(call, stored->row, wrong);
    }
    return false;
}

bool limbeck_store_borrow(limbeck_call *call, const lim_revision *row, lim_stored *stored,
                          const char **problem) {
    sqlite3_stmt *body = find_row(call, SELECT_BODIES, row);
    *stored = (lim_stored){.row = row};
    return body != NULL && read_bodies(call, body, 0, stored, problem);
}

bool limbeck_store_borrow_whole(limbeck_call *call, lim_revision *row, lim_stored *stored) {
    sqlite3_stmt *found = find_rest(call, SELECT_WHOLE, row);
    *stored = (lim_stored){.row = row};
    if (found == NULL || !read_bodies(call, found, 4, stored, NULL)) {
        return false;
    }
    row->reversible = stored->downgrade.text != NULL;
    return true;
}

void limbeck_store_return(limbeck_call *call) {
    for (uint32_t i = 0; i < call->kept_count; i++) {
        if (call->kept[i].sql == SELECT_BODIES || call->kept[i].sql == SELECT_WHOLE) {
            sqlite3_reset(call->kept[i].statement);
        }
    }
}

/* One text of a row against the one expected, which is of its type; a NULL has no bytes to open. */
static bool holds_text(limbeck_call *call, const lim_revision *row, const char *column,
                       const lim_bytes *expected, bool *holds) {
    enum { PIECE = 65536 };
    sqlite3_blob *blob = NULL;
    char *piece = lim_alloc(&call->cx, PIECE);
    int rc = piece == NULL ? SQLITE_NOMEM
                           : sqlite3_blob_open(call->db, "main", "migrate_revision", column,
                                               row->seq, 0, &blob);
    bool there = rc == SQLITE_OK;
    *holds = there == (expected->text != NULL) &&
             (!there || (size_t)sqlite3_blob_bytes(blob) == expected->length);
    for (size_t at = 0; there && *holds && at < expected->length; at += PIECE) {
        size_t length = expected->length - at < PIECE ? expected->length - at : PIECE;
        rc = sqlite3_blob_read(blob, piece, (int)length, (int)at);
        *holds = rc == SQLITE_OK && memcmp(piece, expected->text + at, length) == 0;
    }
    sqlite3_blob_close(blob);
    return rc != SQLITE_NOMEM || lim_out_of_memory(&call->cx);
}

/* A blob of the same bytes is none of them. */
static bool holds_types(limbeck_call *call, const lim_stored *expected, bool *holds) {
    const lim_bytes *const texts[] = {&expected->script, &expected->upgrade, &expected->downgrade};
    sqlite3_stmt *types = find_row(call, SELECT_TYPES, expected->row);
    if (types == NULL) {
        return false;
    }
    *holds = true;
    for (int i = 0; i < 3; i++) {
        const char *type = (const char *)sqlite3_column_text(types, i);
        const char *wanted = texts[i]->text != NULL ? "text" : "null";
        *holds = *holds && type != NULL && strcmp(type, wanted) == 0;
    }
    sqlite3_reset(types);
    return true;
}

bool limbeck_store_holds(limbeck_call *call, const lim_stored *expected, bool *holds) {
    const struct {
        const char *column;
        const lim_bytes *text;
    } parts[] = {{"script", &expected->script},
                 {"upgrade", &expected->upgrade},
                 {"downgrade", &expected->downgrade}};
    bool ok = holds_types(call, expected, holds);
    for (size_t i = 0; ok && *holds && i < sizeof parts / sizeof *parts; i++) {
        ok = holds_text(call, expected->row, parts[i].column, parts[i].text, holds);
    }
    return ok;
}

/* Copies a value to cx. */
static bool own(limbeck_call *call, lim_context *cx, lim_bytes *bytes) {
    if (bytes->text != NULL && (bytes->text = lim_copy(cx, bytes->text, bytes->length)) == NULL) {
        return lim_out_of_memory(&call->cx);
    }
    return true;
}

bool limbeck_store_revision(limbeck_call *call, lim_context *cx, const lim_revision *row,
                            lim_stored *stored) {
    bool ok = limbeck_store_borrow(call, row, stored, NULL) && own(call, cx, &stored->upgrade) &&
              own(call, cx, &stored->downgrade) && own(call, cx, &stored->script);
    limbeck_store_return(call);
    return ok;
}

bool limbeck_store_body(limbeck_call *call, lim_context *cx, const lim_revision *row, bool upgrade,
                        lim_bytes *body) {
    const char *wrong = NULL;
    sqlite3_stmt *found = find_row(call, upgrade ? SELECT_UPGRADE : SELECT_DOWNGRADE, row);
    bool ok = found != NULL && bytes_value(call, found, 0, body, &wrong) && own(call, cx, body);
    if (wrong != NULL) {
        fail_damaged(call, row, wrong);
    }
    if (found != NULL) {
        sqlite3_reset(found);
    }
    return ok;
}

/* --- writing --------------------------------------------------------------------------------- */

/* Says what the lock was wanted for. */
static bool fail_lock(limbeck_call *call) {
    lim_error *e = &call->cx.error;
    if (e->code != LIM_NOMEM) {
        const char *message =
            lim_format(&call->cx, "%s() cannot write: %s", call->function, e->message);
        e->message = message != NULL ? message : e->message;
    }
    return false;
}

bool limbeck_store_prepare(limbeck_call *call) {
    bool present;
    if (!limbeck_tables_check(call, &present)) {
        return false;
    }
    if (!present) {
        return limbeck_tables_create(call);
    }
    if (call->transaction.own) {
        return true; /* BEGIN IMMEDIATE has the lock */
    }
    return limbeck_write(call, LOCK_LEDGER, "") || fail_lock(call);
}

bool limbeck_store_is_at(limbeck_call *call, const lim_list *versions) {
    lim_ledger found = {0};
    if (!read_table(call, SELECT_VERSIONS, "migrate_version", read_version, NULL, &found) ||
        found.version_count != versions->count) {
        return false;
    }
    for (uint32_t i = 0; i < found.version_count; i++) {
        if (!lim_list_has(versions, found.versions[i].version_num)) {
            return false;
        }
    }
    return true;
}

bool limbeck_store_has(limbeck_call *call, const char *revision, const char *checksum) {
    sqlite3_stmt *row = limbeck_statement(call, SELECT_CHECKSUM);
    bool found =
        row != NULL && limbeck_bind(call, row, "tt", revision, checksum) && limbeck_row(call, row);
    if (found) {
        sqlite3_reset(row);
    }
    return found;
}

static bool write_parents(limbeck_call *call, const char *revision, const lim_list *parents,
                          lim_edge_kind kind) {
    for (uint32_t i = 0; i < parents->count; i++) {
        if (!limbeck_write(call, INSERT_EDGE, "ttti", revision, parents->items[i],
                           lim_edge_kind_name(kind), (int64_t)i)) {
            return false;
        }
    }
    return true;
}

static bool write_relations(limbeck_call *call, const lim_record *record) {
    if (!write_parents(call, record->id, &record->down_revision, LIM_DOWN_REVISION) ||
        !write_parents(call, record->id, &record->depends_on, LIM_DEPENDS_ON)) {
        return false;
    }
    for (uint32_t i = 0; i < record->branch_labels.count; i++) {
        if (!limbeck_write(call, INSERT_LABEL, "tti", record->branch_labels.items[i], record->id,
                           (int64_t)i)) {
            return false;
        }
    }
    return true;
}

static bool write_revision(limbeck_call *call, const lim_record *record) {
    const char *message = record->message != NULL ? record->message : "";
    const char *at, *user;
    if (record->outcome == LIM_REPLACED) {
        return limbeck_write(call, UPDATE_REVISION, "ttbbiibt", record->id, message,
                             record->upgrade.text, record->upgrade.length, record->downgrade.text,
                             record->downgrade.length, (int64_t)record->upgrade_transactional,
                             (int64_t)record->downgrade_transactional, record->script.text,
                             record->script.length, record->checksum);
    }
    at = limbeck_timestamp(call);
    user = at != NULL ? limbeck_user(call) : NULL;
    return user != NULL &&
           limbeck_write(call, INSERT_REVISION, "ttbbiibttt", record->id, message,
                         record->upgrade.text, record->upgrade.length, record->downgrade.text,
                         record->downgrade.length, (int64_t)record->upgrade_transactional,
                         (int64_t)record->downgrade_transactional, record->script.text,
                         record->script.length, record->checksum, at, user);
}

static bool log_record(limbeck_call *call, const char *action, const lim_record *record) {
    const char *mended =
        record->mended == NULL ? NULL : lim_format(&call->cx, "mended: %s", record->mended);
    limbeck_log log = {.action = action,
                       .revision = record->id,
                       .from_version = record->from_version,
                       .to_version = record->id,
                       .statements = -1,
                       .duration = -1,
                       .checksum = record->checksum,
                       .detail = mended};
    return (record->mended == NULL || mended != NULL) && limbeck_store_log(call, &log);
}

bool limbeck_store_records(limbeck_call *call, const char *action, const lim_record *records,
                           uint32_t count) {
    /* A label may move from one replaced revision to another: all go before any comes. */
    for (uint32_t i = 0; i < count; i++) {
        if (records[i].outcome == LIM_REPLACED &&
            (!limbeck_write(call, DELETE_EDGES, "t", records[i].id) ||
             !limbeck_write(call, DELETE_LABELS, "t", records[i].id))) {
            return false;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (records[i].outcome != LIM_UNCHANGED &&
            (!write_revision(call, &records[i]) || !write_relations(call, &records[i]) ||
             !log_record(call, action, &records[i]))) {
            return false;
        }
    }
    return true;
}

bool limbeck_store_delete(limbeck_call *call, const char *revision) {
    return limbeck_write(call, DELETE_EDGES, "t", revision) &&
           limbeck_write(call, DELETE_LABELS, "t", revision) &&
           limbeck_write(call, DELETE_REVISION, "t", revision);
}

bool limbeck_store_change(limbeck_call *call, const lim_change *change) {
    bool ok;
    if (change->lost == NULL) {
        ok = limbeck_write(call, INSERT_VERSION, "t", change->gained);
    } else if (change->gained == NULL) {
        ok = limbeck_write(call, DELETE_VERSION, "t", change->lost);
    } else {
        ok = limbeck_write(call, UPDATE_VERSION, "tt", change->lost, change->gained);
    }
    if (ok && sqlite3_changes(call->db) != 1) {
        return lim_fail(&call->cx, LIM_CORRUPT,
                        "SELECT * FROM migrate_validate() lists what is wrong.",
                        "migrate_version does not hold \"%s\" once",
                        lim_show(&call->cx, change->lost != NULL ? change->lost : change->gained));
    }
    return ok;
}
