/*
** store.c - the ledger's rows in an SQLite file: reading and writing them
**
** What stands in the tables may have been touched by hand, so every value that is read is checked:
** text must be text, valid UTF-8 and without a NUL byte, numbers must be whole.
*/
#include "store.h"
#include "store_cache.h"
#include "store_tables.h"
#include "checksum.h"
#include <stdlib.h>
#include <string.h>

static const char SELECT_NAMES[] = "SELECT seq, revision FROM main.migrate_revision";

/* In the order of the table, which is that of seq. What stands behind a long body is found by way of all
** its pages, unless typeof() or the row's head tells it, as it tells 0 and 1. */
#define REVISIONS(checksum, more)                                                    \
    "SELECT seq, revision, message, upgrade_transactional, downgrade_transactional," \
    " " checksum ", typeof(downgrade)" more " FROM main.migrate_revision NOT INDEXED"

static const char SELECT_REVISIONS[] = REVISIONS("checksum", "");
static const char SELECT_REVISIONS_SHORT[] =
    REVISIONS("iif(typeof(checksum) = 'text', '', NULL) AS checksum", "");
static const char SELECT_REVISIONS_TIMES[] = REVISIONS("checksum", ", created_at, created_by");
static const char SELECT_REVISIONS_FILES[] = REVISIONS("checksum", ", typeof(script)");

static const char SELECT_EDGES[] = "SELECT revision, parent, kind, ordinal FROM main.migrate_edge";

static const char SELECT_LABELS[] = "SELECT label, revision, ordinal FROM main.migrate_label";

static const char SELECT_VERSIONS[] = "SELECT version_num FROM main.migrate_version";

static const char SELECT_APPLIED[] = "SELECT at, actor FROM main.migrate_log WHERE revision = ?"
                                     " AND action IN ('upgrade', 'stamp', 'adopt', 'resolve') AND "
                                     "outcome = 'done' ORDER BY id DESC LIMIT 1";

/* What the log says last of the running of a revision: a row about a statement has no to_version. */
static const char SELECT_STOP[] =
    "SELECT action = 'upgrade', statement, statements, outcome, checksum, detail,"
    " to_version IS NULL AND action IN ('upgrade', 'downgrade') FROM main.migrate_log"
    " WHERE revision = ?"
    " AND action IN ('upgrade', 'downgrade', 'stamp', 'adopt', 'resolve', 'delete')"
    " ORDER BY id DESC LIMIT 1";

static const char SELECT_NEWEST[] =
    "SELECT id, (julianday('now') - julianday(at)) * 86400000, outcome = 'started'"
    " FROM main.migrate_log WHERE revision = ? ORDER BY id DESC LIMIT 1";

static const char SELECT_CHECKSUM[] =
    "SELECT 1 FROM main.migrate_revision WHERE revision = ? AND checksum = ?";

static const char SELECT_BODIES[] =
    "SELECT upgrade, downgrade, script FROM main.migrate_revision WHERE seq = ? AND revision = ?";

static const char SELECT_UPGRADE[] =
    "SELECT upgrade FROM main.migrate_revision WHERE seq = ? AND revision = ?";
static const char SELECT_DOWNGRADE[] =
    "SELECT downgrade FROM main.migrate_revision WHERE seq = ? AND revision = ?";

/* Takes the write lock and changes nothing. */
static const char LOCK_LEDGER[] =
    "UPDATE main.migrate_version SET version_num = version_num WHERE 0";

static const char INSERT_LOG[] =
    "INSERT INTO main.migrate_log (at, actor, action, revision, from_version, to_version, "
    "statement,"
    " statements, duration_ms, checksum, outcome, detail)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

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

/* --- reading values -------------------------------------------------------------------------- */

/* Where values come from: the row of a table, and where complaints about it go. */
typedef struct row_source {
    limbeck_call *call;
    sqlite3_stmt *row;
    const char *table;
    lim_problems *problems; /* NULL: a wrong value fails the call */
    const char *subject;    /* the revision concerned, as far as it is known */
    bool wrong;             /* a value of this row was wrong */
} row_source;

static void complain(row_source *from, int column, const char *what) {
    lim_context *cx = &from->call->cx;
    const char *name = sqlite3_column_name(from->row, column);
    if (from->wrong) {
        return;
    }
    from->wrong = true;
    if (from->problems != NULL) {
        const char *problem = lim_format(cx, "%s.%s %s", from->table, name, what);
        if (problem != NULL) {
            lim_problem_add(cx, from->problems, from->subject, problem);
        }
    } else {
        lim_fail(cx, LIM_CORRUPT, "SELECT * FROM migrate_validate() lists what is wrong.",
                 "the ledger is damaged: %s.%s %s", from->table, name, what);
    }
}

/* Text of a column copied to the call's memory; NULL when it is wrong. The value is asked itself, not the
** statement, which would lock the connection each time: the statement that called us has done that. */
static const char *text_value(row_source *from, int column) {
    sqlite3_value *value = sqlite3_column_value(from->row, column);
    const char *text, *copy;
    size_t length;
    if (sqlite3_value_type(value) != SQLITE_TEXT) {
        complain(from, column, "is not text");
        return NULL;
    }
    text = (const char *)sqlite3_value_text(value);
    length = (size_t)sqlite3_value_bytes(value);
    if (text == NULL) {
        lim_out_of_memory(&from->call->cx);
        return NULL;
    }
    if (strlen(text) != length) {
        complain(from, column, "holds a NUL byte");
        return NULL;
    }
    if (!lim_utf8_valid(text, length, NULL)) {
        complain(from, column, "is not valid UTF-8");
        return NULL;
    }
    copy = lim_copy(&from->call->cx, text, length);
    return copy;
}

static int64_t integer_value(row_source *from, int column, int64_t low, int64_t high) {
    sqlite3_value *found = sqlite3_column_value(from->row, column);
    int64_t value = sqlite3_value_int64(found);
    if (sqlite3_value_type(found) != SQLITE_INTEGER || value < low || value > high) {
        complain(from, column, low == 0 && high == 1 ? "is neither 0 nor 1" : "is not a number");
        return low;
    }
    return value;
}

/* --- reading tables -------------------------------------------------------------------------- */

static int compare_seq(const void *a, const void *b) {
    const lim_revision *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* Ids mostly ascend as they are stored. */
static bool is_in_order(const lim_ledger *rows) {
    for (uint32_t i = 1; i < rows->revision_count; i++) {
        if (rows->revisions[i - 1].seq > rows->revisions[i].seq) {
            return false;
        }
    }
    return true;
}

/* Ids alone come from the index on them, which is small, and are put into the order of storing. */
static void read_names(row_source *from, lim_ledger *rows) {
    lim_revision revision = {.message = "",
                             .checksum = "",
                             .upgrade_transactional = true,
                             .downgrade_transactional = true,
                             .reversible = true};
    revision.seq = sqlite3_column_int64(from->row, 0);
    revision.id = text_value(from, 1);
    if (!from->wrong) {
        lim_ledger_add_revision(&from->call->cx, rows, &revision);
    }
}

/* True unless typeof() said null: the text itself is not read for that. */
static bool is_there(row_source *from, int column) {
    const char *type = (const char *)sqlite3_value_text(sqlite3_column_value(from->row, column));
    return type == NULL || strcmp(type, "null") != 0;
}

/* What stands behind seq and id. */
static void read_rest(row_source *from, lim_revision *revision) {
    revision->message = text_value(from, 2);
    revision->upgrade_transactional = integer_value(from, 3, 0, 1) != 0;
    revision->downgrade_transactional = integer_value(from, 4, 0, 1) != 0;
    revision->checksum = text_value(from, 5);
    revision->reversible = is_there(from, 6);
}

static void read_revision(row_source *from, lim_ledger *rows) {
    lim_revision revision = {0};
    int columns = sqlite3_data_count(from->row);
    revision.seq = sqlite3_column_int64(from->row, 0);
    revision.id = from->subject = text_value(from, 1);
    read_rest(from, &revision);
    if (columns == 9) {
        revision.created_at = text_value(from, 7);
        revision.created_by = text_value(from, 8);
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
static bool read_kind(row_source *from, int column, lim_edge_kind *kind) {
    const char *usual = lim_edge_kind_name(LIM_DOWN_REVISION);
    sqlite3_value *value = sqlite3_column_value(from->row, column);
    const char *word =
        sqlite3_value_type(value) == SQLITE_TEXT ? (const char *)sqlite3_value_text(value) : NULL;
    if (word != NULL && (size_t)sqlite3_value_bytes(value) == strlen(usual) &&
        strcmp(word, usual) == 0) {
        *kind = LIM_DOWN_REVISION;
        return true;
    }
    word = text_value(from, column);
    return word == NULL || lim_edge_kind_parse(word, kind);
}

static void read_edge(row_source *from, lim_ledger *rows) {
    lim_edge edge = {0};
    edge.revision = from->subject = text_value(from, 0);
    edge.parent = text_value(from, 1);
    edge.ordinal = (int32_t)integer_value(from, 3, 0, INT32_MAX);
    if (!read_kind(from, 2, &edge.kind)) {
        complain(from, 2, "is neither down_revision nor depends_on");
    }
    if (!from->wrong) {
        lim_ledger_add_edge(&from->call->cx, rows, &edge);
    }
}

static void read_label(row_source *from, lim_ledger *rows) {
    lim_label label = {0};
    label.label = text_value(from, 0);
    label.revision = from->subject = text_value(from, 1);
    label.ordinal = (int32_t)integer_value(from, 2, 0, INT32_MAX);
    if (!from->wrong) {
        lim_ledger_add_label(&from->call->cx, rows, &label);
    }
}

static void read_version(row_source *from, lim_ledger *rows) {
    lim_version version = {.version_num = text_value(from, 0)};
    if (!from->wrong) {
        lim_ledger_add_version(&from->call->cx, rows, &version);
    }
}

static bool read_table(limbeck_call *call, const char *sql, const char *table,
                       void (*read)(row_source *, lim_ledger *), lim_problems *problems,
                       lim_ledger *rows) {
    sqlite3_stmt *row = limbeck_statement(call, sql);
    while (row != NULL && limbeck_row(call, row)) {
        row_source from = {.call = call, .row = row, .table = table, .problems = problems};
        read(&from, rows);
        if (limbeck_failed(call)) {
            sqlite3_reset(row);
        }
        if (limbeck_failed(call)) {
            return false;
        }
    }
    return !limbeck_failed(call);
}

/* What the log says of how a version came. */
static bool read_applied(limbeck_call *call, lim_ledger *rows) {
    for (uint32_t i = 0; i < rows->version_count; i++) {
        lim_version *version = &rows->versions[i];
        sqlite3_stmt *row = limbeck_statement(call, SELECT_APPLIED);
        if (row == NULL || !limbeck_bind(call, row, "t", version->version_num)) {
            return false;
        }
        if (limbeck_row(call, row)) {
            /* Nothing is decided by these two, so that what is wrong in them only isn't shown. */
            lim_problems ignored = {0};
            row_source from = {
                .call = call, .row = row, .table = "migrate_log", .problems = &ignored};
            version->applied_at = text_value(&from, 0);
            version->applied_by = text_value(&from, 1);
            sqlite3_reset(row);
        }
        if (limbeck_failed(call)) {
            return false;
        }
    }
    return true;
}

/* A text that nothing is decided by; NULL where there is none, or where it is wrong. */
static const char *told_value(row_source *from, int column) {
    if (sqlite3_column_type(from->row, column) != SQLITE_TEXT) {
        return NULL;
    }
    from->wrong = false;
    return text_value(from, column);
}

/* Adds the stop of a revision, if its newest row is one. */
static bool read_stop(limbeck_call *call, const char *revision, lim_problems *problems,
                      lim_ledger *rows) {
    lim_problems ignored = {0};
    row_source from = {
        .call = call, .table = "migrate_log", .problems = problems, .subject = revision};
    sqlite3_stmt *row = limbeck_statement(call, SELECT_STOP);
    if (row == NULL || !limbeck_bind(call, row, "t", revision)) {
        return false;
    }
    if (!limbeck_row(call, row)) {
        return !limbeck_failed(call);
    }
    if (sqlite3_column_int(row, 6) != 0) {
        lim_stop stop = {.revision = revision, .up = sqlite3_column_int(row, 0) != 0};
        from.row = row;
        stop.statement = (uint32_t)integer_value(&from, 1, 1, UINT32_MAX - 1);
        stop.statements = (uint32_t)integer_value(&from, 2, 1, UINT32_MAX - 1);
        stop.outcome = text_value(&from, 3);
        if (!from.wrong) {
            from.problems = &ignored;
            stop.checksum = told_value(&from, 4);
            stop.detail = told_value(&from, 5);
            lim_ledger_add_stop(&call->cx, rows, &stop);
        }
    }
    sqlite3_reset(row);
    return !limbeck_failed(call);
}

/* Only what is marked transaction:false can stop half-way; for each such revision the log is asked. */
static bool read_stops(limbeck_call *call, lim_problems *problems, lim_ledger *rows) {
    rows->stops = NULL;
    rows->stop_count = rows->stop_capacity = 0;
    for (uint32_t i = 0; i < rows->revision_count; i++) {
        const lim_revision *revision = &rows->revisions[i];
        if ((!revision->upgrade_transactional || !revision->downgrade_transactional) &&
            !read_stop(call, revision->id, problems, rows)) {
            return false;
        }
    }
    return true;
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
    if (!all && !is_in_order(rows)) {
        qsort(rows->revisions, rows->revision_count, sizeof *rows->revisions, compare_seq);
    }
    return ((read & LIMBECK_READ_APPLIED) == 0 || read_applied(call, rows)) &&
           ((read & LIMBECK_READ_STOPS) == 0 || read_stops(call, problems, rows));
}

/* Answers from what the connection has kept. When and by whom the versions came is read anew, and so
** is what stopped. */
static bool find_kept(limbeck_call *call, int read, const char *stamp, lim_problems *problems,
                      limbeck_ledger *ledger) {
    lim_ledger *rows = &ledger->rows;
    lim_version *versions;
    if (!limbeck_cache_find(call, read & (LIMBECK_READ_ALL | LIMBECK_READ_TIMES), stamp, ledger)) {
        return false;
    }
    if ((read & LIMBECK_READ_APPLIED) != 0 && rows->version_count > 0) {
        versions = LIM_NEW(&call->cx, lim_version, rows->version_count);
        for (uint32_t i = 0; versions != NULL && i < rows->version_count; i++) {
            versions[i].version_num = rows->versions[i].version_num;
        }
        rows->versions = versions;
        if (versions == NULL || !read_applied(call, rows)) {
            return false;
        }
    }
    return (read & LIMBECK_READ_STOPS) == 0 || read_stops(call, problems, rows);
}

static bool read_ledger(limbeck_call *call, int read, lim_problems *problems,
                        limbeck_ledger *ledger) {
    if (!limbeck_tables_check(call, &ledger->present) ||
        (ledger->present && !read_tables(call, read, problems, &ledger->rows))) {
        return false;
    }
    ledger->graph = lim_graph_build(&call->cx, &ledger->rows, problems);
    return ledger->graph != NULL &&
           lim_state_build(&call->cx, ledger->graph, &ledger->rows, &ledger->state);
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
    lim_ledger *rows = &ledger->rows;
    sqlite3_stmt *row;
    uint32_t i = 0;
    *same = call->cache == NULL && ledger->present &&
            limbeck_cache_same_time(call, &ledger->time) && !limbeck_cache_reads_uncommitted(call);
    if (!*same) {
        return true;
    }
    row = limbeck_statement(call, SELECT_REVISIONS);
    while (row != NULL && limbeck_row(call, row)) {
        row_source from = {.call = call, .row = row, .table = "migrate_revision"};
        if (i < rows->revision_count && rows->revisions[i].seq == sqlite3_column_int64(row, 0)) {
            read_rest(&from, &rows->revisions[i++]);
        } else {
            *same = false; /* the index on the ids is not the table's */
        }
        if (limbeck_failed(call) || !*same) {
            sqlite3_reset(row);
            return !limbeck_failed(call);
        }
    }
    *same = i == rows->revision_count;
    return !limbeck_failed(call) && (!*same || read_stops(call, NULL, rows));
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
            limbeck_cache_keep(call, read & (LIMBECK_READ_ALL | LIMBECK_READ_TIMES), stamp, &kept);
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
                            sqlite3_column_name(row, column));
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

bool limbeck_store_borrow(limbeck_call *call, const lim_revision *row, lim_stored *stored,
                          const char **problem) {
    const char *wrong = NULL;
    sqlite3_stmt *body = find_row(call, SELECT_BODIES, row);
    *stored = (lim_stored){.row = row};
    if (body == NULL) {
        return false;
    }
    if (bytes_value(call, body, 0, &stored->upgrade, &wrong) &&
        bytes_value(call, body, 1, &stored->downgrade, &wrong) &&
        bytes_value(call, body, 2, &stored->script, &wrong)) {
        return true;
    }
    sqlite3_reset(body);
    if (wrong != NULL && problem != NULL) {
        *problem = wrong;
    } else if (wrong != NULL) {
        lim_fail(&call->cx, LIM_CORRUPT, "SELECT * FROM migrate_validate() lists what is wrong.",
                 "the ledger is damaged: %s in revision \"%s\"", wrong,
                 lim_show(&call->cx, row->id));
    }
    return false;
}

void limbeck_store_return(limbeck_call *call) {
    for (uint32_t i = 0; i < call->kept_count; i++) {
        if (call->kept[i].sql == SELECT_BODIES) {
            sqlite3_reset(call->kept[i].statement);
        }
    }
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

bool limbeck_store_log(limbeck_call *call, const limbeck_log *log) {
    const char *at = log->at != NULL ? log->at : limbeck_timestamp(call);
    const char *actor = at != NULL ? limbeck_user(call) : NULL;
    int64_t statement = log->statement > 0 ? (int64_t)log->statement : log->statements;
    return actor != NULL &&
           limbeck_write(call, INSERT_LOG, "ttttttnnnttt", at, actor, log->action, log->revision,
                         log->from_version, log->to_version, statement, log->statements,
                         log->duration, log->checksum, log->outcome != NULL ? log->outcome : "done",
                         log->detail);
}

bool limbeck_store_newest(limbeck_call *call, const char *revision, limbeck_newest *newest) {
    sqlite3_stmt *row = limbeck_statement(call, SELECT_NEWEST);
    *newest = (limbeck_newest){.id = 0};
    if (row == NULL || !limbeck_bind(call, row, "t", revision)) {
        return false;
    }
    if (limbeck_row(call, row)) {
        newest->id = sqlite3_column_int64(row, 0);
        newest->age = sqlite3_column_int64(row, 1);
        newest->started = sqlite3_column_int(row, 2) != 0;
        sqlite3_reset(row);
    }
    return !limbeck_failed(call);
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
