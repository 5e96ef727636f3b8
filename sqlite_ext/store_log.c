/*
** store_log.c - the rows of migrate_log: written, and asked what they say
*/
#include "store_log.h"
#include <stdlib.h>
#include <string.h>

static const char INSERT_LOG[] =
    "INSERT INTO main.migrate_log (at, actor, action, revision, from_version, to_version, "
    "statement,"
    " statements, duration_ms, checksum, outcome, detail)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/* Where the table has our columns and no others, which are looked up one by one. */
static const char INSERT_LOG_AS_MADE[] =
    "INSERT INTO main.migrate_log VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static const char SELECT_APPLIED[] =
    "SELECT +at, +actor, +revision FROM main.migrate_log"
    " WHERE action IN ('upgrade', 'stamp', 'adopt', 'resolve') AND outcome = 'done'"
    " ORDER BY id DESC";

/* What is said about a single statement has no to_version: without such a row nothing has stopped. */
static const char SELECT_PARTS[] =
    "SELECT +revision FROM main.migrate_log WHERE to_version IS NULL";

/* What the log says of the running of revisions. */
static const char SELECT_STOPS[] =
    "SELECT action = 'upgrade', +statement, +statements, +outcome, +checksum, +detail,"
    " to_version IS NULL AND action IN ('upgrade', 'downgrade'), +revision FROM main.migrate_log"
    " WHERE action IN ('upgrade', 'downgrade', 'stamp', 'adopt', 'resolve', 'delete')"
    " ORDER BY id DESC";

static const char SELECT_MARKED[] =
    "SELECT seq, upgrade_transactional = 0 OR downgrade_transactional = 0"
    " FROM main.migrate_revision WHERE revision = ?";

static const char SELECT_NEWEST[] =
    "SELECT id, (julianday('now') - julianday(at)) * 86400000, outcome = 'started'"
    " FROM main.migrate_log WHERE revision = ? ORDER BY id DESC LIMIT 1";

static const char SELECT_END[] = "SELECT max(id) FROM main.migrate_log";

static const char SELECT_SINCE[] = "SELECT revision FROM main.migrate_log WHERE id > ?";

bool limbeck_store_log(limbeck_call *call, const limbeck_log *log) {
    const char *at = log->at != NULL ? log->at : limbeck_timestamp(call);
    const char *actor = at != NULL ? limbeck_user(call) : NULL;
    int64_t statement = log->statement > 0 ? (int64_t)log->statement : log->statements;
    return actor != NULL &&
           limbeck_write(call, call->log_as_made ? INSERT_LOG_AS_MADE : INSERT_LOG, "ttttttnnnttt",
                         at, actor, log->action, log->revision, log->from_version, log->to_version,
                         statement, log->statements, log->duration, log->checksum,
                         log->outcome != NULL ? log->outcome : "done", log->detail);
}

/* --- one pass for many revisions -------------------------------------------------------------- */

/* A revision that is sought in the log. */
typedef struct sought {
    const char *revision;
    lim_version *version; /* what is to be told of it: when it was applied, */
    bool found;
    bool stopped; /* or its stop, */
    lim_stop stop;
    int64_t seq; /* of a revision so far */
} sought;

static int compare_sought(const void *a, const void *b) {
    return strcmp(((const sought *)a)->revision, ((const sought *)b)->revision);
}

static int compare_seq(const void *a, const void *b) {
    const sought *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* What is sought of the revision in a column and was not found yet, or NULL. */
static sought *seek(sqlite3_stmt *row, int column, sought *all, uint32_t count) {
    sought key = {.revision = (const char *)sqlite3_column_text(row, column)};
    sought *one =
        key.revision == NULL ? NULL : bsearch(&key, all, count, sizeof *all, compare_sought);
    return one != NULL && !one->found ? one : NULL;
}

bool limbeck_log_applied(limbeck_call *call, lim_ledger *rows) {
    uint32_t open = rows->version_count;
    sought *all = LIM_NEW(&call->cx, sought, open);
    sqlite3_stmt *row = open > 0 ? limbeck_statement(call, SELECT_APPLIED) : NULL;
    for (uint32_t i = 0; all != NULL && i < open; i++) {
        all[i] = (sought){.revision = rows->versions[i].version_num, .version = &rows->versions[i]};
    }
    if (all != NULL && open > 1) {
        qsort(all, open, sizeof *all, compare_sought);
    }
    while (all != NULL && row != NULL && limbeck_row(call, row)) {
        /* Nothing is decided by these two, so that what is wrong in them only isn't shown. */
        lim_problems ignored = {0};
        limbeck_source from = {
            .call = call, .row = row, .table = "migrate_log", .problems = &ignored};
        sought *one = seek(row, 2, all, rows->version_count);
        if (one != NULL) {
            one->found = true;
            one->version->applied_at = limbeck_source_text(&from, 0);
            one->version->applied_by = limbeck_source_text(&from, 1);
            open--;
        }
        if (open == 0 || limbeck_failed(call)) {
            sqlite3_reset(row);
            break;
        }
    }
    return !limbeck_failed(call);
}

/* Only what is stored and marked transaction:false can stop half-way. */
static bool look_for_mark(limbeck_call *call, sought *one, bool *marked) {
    sqlite3_stmt *row = limbeck_statement(call, SELECT_MARKED);
    *marked = false;
    if (row == NULL || !limbeck_bind(call, row, "t", one->revision)) {
        return false;
    }
    if (limbeck_row(call, row)) {
        one->seq = sqlite3_column_int64(row, 0);
        *marked = sqlite3_column_int(row, 1) != 0;
        sqlite3_reset(row);
    }
    return !limbeck_failed(call);
}

/* Of those in byte order each once, as far as they are stored and marked. */
static bool keep_marked(limbeck_call *call, sought *all, uint32_t *count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *count; i++) {
        bool marked;
        if (i > 0 && strcmp(all[i].revision, all[i - 1].revision) == 0) {
            continue;
        }
        if (!look_for_mark(call, &all[i], &marked)) {
            return false;
        }
        if (marked) {
            all[kept++] = all[i];
        }
    }
    *count = kept;
    return true;
}

/* The revisions that can stop and of which a single statement was ever recorded, each once and in byte
** order. */
static bool find_parts(limbeck_call *call, sought **all, uint32_t *count) {
    sqlite3_stmt *row = limbeck_statement(call, SELECT_PARTS);
    uint32_t capacity = 0;
    *all = NULL;
    *count = 0;
    while (row != NULL && limbeck_row(call, row)) {
        const char *text = (const char *)sqlite3_column_text(row, 0);
        void *grown = *all;
        /* the rows of one body mostly follow each other */
        if (text == NULL || (*count > 0 && strcmp((*all)[*count - 1].revision, text) == 0)) {
            continue;
        }
        text = lim_copy_string(&call->cx, text);
        if (text == NULL || !lim_grow(&call->cx, &grown, &capacity, *count + 1, sizeof **all)) {
            break;
        }
        *all = grown;
        (*all)[(*count)++] = (sought){.revision = text};
    }
    limbeck_drop_statement(call, SELECT_PARTS);
    if (limbeck_failed(call)) {
        return false;
    }
    if (*count > 1) {
        qsort(*all, *count, sizeof **all, compare_sought);
    }
    return keep_marked(call, *all, count);
}

/* Reads a stop from the newest row about its revision. */
static void read_stop(limbeck_call *call, sqlite3_stmt *row, lim_problems *problems, sought *one) {
    limbeck_source from = {.call = call,
                           .row = row,
                           .table = "migrate_log",
                           .problems = problems,
                           .subject = one->revision};
    lim_problems ignored = {0};
    one->stop = (lim_stop){.revision = one->revision, .up = sqlite3_column_int(row, 0) != 0};
    one->stop.statements = (uint32_t)limbeck_source_integer(&from, 2, 1, UINT32_MAX - 1);
    one->stop.statement =
        (uint32_t)limbeck_source_integer(&from, 1, 1, (int64_t)one->stop.statements);
    one->stop.outcome = limbeck_source_text(&from, 3);
    one->stopped = !from.wrong;
    from.problems = &ignored;
    one->stop.checksum = limbeck_source_told(&from, 4);
    one->stop.detail = limbeck_source_told(&from, 5);
}

/* Finds the newest row about the running of each. */
static bool find_stops(limbeck_call *call, lim_problems *problems, sought *all, uint32_t count) {
    uint32_t open = count;
    sqlite3_stmt *row = limbeck_statement(call, SELECT_STOPS);
    while (row != NULL && limbeck_row(call, row)) {
        sought *one = seek(row, 7, all, count);
        if (one != NULL) {
            one->found = true;
            one->stopped = sqlite3_column_int(row, 6) != 0;
            if (one->stopped) {
                read_stop(call, row, problems, one);
            }
            open--;
        }
        if (open == 0 || limbeck_failed(call)) {
            sqlite3_reset(row);
            break;
        }
    }
    return !limbeck_failed(call);
}

bool limbeck_log_stops(limbeck_call *call, lim_problems *problems, lim_ledger *rows) {
    sought *all;
    uint32_t count;
    rows->stops = NULL;
    rows->stop_count = rows->stop_capacity = 0;
    if (!find_parts(call, &all, &count) || (count > 0 && !find_stops(call, problems, all, count))) {
        return false;
    }
    if (count > 1) {
        qsort(all, count, sizeof *all, compare_seq);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (all[i].stopped && !lim_ledger_add_stop(&call->cx, rows, &all[i].stop)) {
            return false;
        }
    }
    return !limbeck_failed(call);
}

/* --- the newest rows -------------------------------------------------------------------------- */

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

bool limbeck_log_end(limbeck_call *call, int64_t *end) {
    sqlite3_stmt *row = limbeck_statement(call, SELECT_END);
    *end = 0;
    if (row != NULL && limbeck_row(call, row)) {
        *end = sqlite3_column_int64(row, 0);
        sqlite3_reset(row);
    }
    return !limbeck_failed(call);
}

bool limbeck_log_since(limbeck_call *call, int64_t end, lim_list *revisions) {
    sqlite3_stmt *row = limbeck_statement(call, SELECT_SINCE);
    if (row == NULL || !limbeck_bind(call, row, "i", end)) {
        return false;
    }
    while (limbeck_row(call, row)) {
        const char *text = (const char *)sqlite3_column_text(row, 0);
        uint32_t count = revisions->count;
        if (text == NULL || (count > 0 && strcmp(revisions->items[count - 1], text) == 0)) {
            continue;
        }
        text = lim_copy_string(&call->cx, text);
        if (text == NULL || !lim_list_add(&call->cx, revisions, text)) {
            sqlite3_reset(row);
            break;
        }
    }
    return !limbeck_failed(call);
}
