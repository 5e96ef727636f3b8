/*
** author_calls.c - migrate_revision(), migrate_merge(), migrate_edit(), migrate_delete(),
** migrate_load(), migrate_load_dir()
**
** Each begins with the lock, so that what core checks is still so when it is written.
*/
#include "functions.h"
#include "directory.h"
#include "store.h"
#include "transaction.h"

#define READ_AUTHORING (LIMBECK_READ_FILES | LIMBECK_READ_STOPS)

/* Takes the lock, makes the ledger where there is none, and reads it. */
static bool begin_authoring(limbeck_call *call, limbeck_ledger *ledger) {
    return limbeck_transaction_begin(call) && limbeck_store_prepare(call) &&
           limbeck_store_open(call, READ_AUTHORING, NULL, ledger);
}

/* Gives core the stored bodies of a rev_id, which it compares. */
static bool read_existing(limbeck_call *call, const limbeck_ledger *ledger,
                          lim_revision_request *request, lim_stored *stored) {
    lim_node node =
        request->rev_id != NULL ? lim_find_id(ledger->graph, request->rev_id) : LIM_NONE;
    if (node == LIM_NONE) {
        return true;
    }
    request->existing = stored;
    return limbeck_store_revision(call, &call->cx, &ledger->graph->revisions[node], stored);
}

bool limbeck_revision(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    lim_revision_request request = {.message = arguments[0].text,
                                    .upgrade = arguments[1],
                                    .downgrade = arguments[2],
                                    .rev_id = arguments[3].text,
                                    .head = arguments[4].text,
                                    .branch_label = arguments[6].text,
                                    .depends_on = arguments[7].text,
                                    .random_id = limbeck_random(call, 6)};
    limbeck_ledger ledger;
    lim_stored existing;
    lim_record record;
    if (!limbeck_argument_flag(call, &arguments[5], "splice", &request.splice) ||
        !begin_authoring(call, &ledger) || !read_existing(call, &ledger, &request, &existing) ||
        !lim_author_revision(&call->cx, LIM_SQLITE, &ledger.rows, ledger.graph, &request,
                             &record)) {
        return false;
    }
    *result = record.id;
    return limbeck_store_records(call, "revision", &record, 1);
}

bool limbeck_merge(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    lim_revision_request request = {.message = arguments[1].text,
                                    .rev_id = arguments[2].text,
                                    .branch_label = arguments[3].text,
                                    .random_id = limbeck_random(call, 6)};
    limbeck_ledger ledger;
    lim_record record;
    if (!begin_authoring(call, &ledger) ||
        !lim_author_merge(&call->cx, LIM_SQLITE, &ledger.rows, ledger.graph, arguments[0].text,
                          &request, &record)) {
        return false;
    }
    *result = record.id;
    return limbeck_store_records(call, "merge", &record, 1);
}

bool limbeck_edit(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    lim_revision_request request = {
        .upgrade = arguments[1], .downgrade = arguments[2], .message = arguments[3].text};
    limbeck_ledger ledger;
    lim_stored stored;
    lim_record record;
    lim_node node;
    if (!begin_authoring(call, &ledger)) {
        return false;
    }
    node = lim_target_one(&call->cx, ledger.graph, arguments[0].text);
    if (node == LIM_NONE ||
        !limbeck_store_revision(call, &call->cx, &ledger.graph->revisions[node], &stored) ||
        !lim_author_edit(&call->cx, LIM_SQLITE, &ledger.rows, ledger.graph, &ledger.state, &stored,
                         &request, &record)) {
        return false;
    }
    *result = record.id;
    return limbeck_store_records(call, "edit", &record, 1);
}

bool limbeck_delete(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    limbeck_ledger ledger;
    lim_node node;
    limbeck_log log = {.action = "delete", .statements = -1, .duration = -1};
    if (!begin_authoring(call, &ledger) ||
        !lim_author_delete(&call->cx, &ledger.rows, ledger.graph, &ledger.state, arguments[0].text,
                           &node)) {
        return false;
    }
    *result = log.revision = log.to_version = lim_id(ledger.graph, node);
    log.checksum = ledger.graph->revisions[node].checksum;
    log.from_version = lim_parents_text(&call->cx, ledger.graph, node);
    return log.from_version != NULL && limbeck_store_delete(call, log.revision) &&
           limbeck_store_log(call, &log);
}

static bool all_unchanged(const lim_load *load) {
    for (uint32_t i = 0; i < load->count; i++) {
        if (load->records[i].outcome != LIM_UNCHANGED) {
            return false;
        }
    }
    return true;
}

/* Compares a row that has a file's checksum with the file. */
static bool compare_row(limbeck_call *call, const limbeck_ledger *ledger, lim_record *record) {
    const lim_revision *row = &ledger->graph->revisions[lim_find_id(ledger->graph, record->id)];
    lim_stored stored = lim_load_expected(LIM_SQLITE, row, record);
    const char *wrong = NULL;
    bool holds = false, ok;
    if (lim_load_is_long(row, record) && !limbeck_store_holds(call, &stored, &holds)) {
        return false;
    }
    ok = (holds || limbeck_store_borrow(call, row, &stored, &wrong) || wrong != NULL) &&
         lim_load_compare(&call->cx, LIM_SQLITE, ledger->graph, record, &stored, wrong);
    limbeck_store_return(call);
    return ok;
}

/* What the files make of the ledger; each row that has a file's checksum is compared with it, body by
** body where SQLite has it, so that what was damaged by hand is written anew. */
static bool author_files(limbeck_call *call, const limbeck_ledger *ledger, const lim_file *files,
                         uint32_t count, bool directory, const char *random, lim_load *load) {
    bool ok = lim_author_load(&call->cx, LIM_SQLITE, &ledger->rows, ledger->graph, &ledger->state,
                              files, count, directory, random, load);
    for (uint32_t i = 0; ok && i < load->count; i++) {
        if (load->records[i].same) {
            ok = compare_row(call, ledger, &load->records[i]);
        }
    }
    return ok;
}

/* First a look without a lock, under one snapshot: an application that loads its files whenever it starts
** finds nothing to do almost always, and must not wait for others then. */
static bool look_at_files(limbeck_call *call, const lim_file *files, uint32_t count, bool directory,
                          const char *random, lim_load *load, bool *unchanged) {
    limbeck_ledger ledger;
    sqlite3_stmt *snapshot = limbeck_store_snapshot(call);
    bool ok = snapshot != NULL && limbeck_store_open(call, READ_AUTHORING, NULL, &ledger);
    *unchanged = false;
    if (ok && ledger.rows.revision_count >= count) {
        ok = author_files(call, &ledger, files, count, directory, random, load);
        *unchanged = ok && all_unchanged(load);
    }
    sqlite3_finalize(snapshot);
    return ok;
}

bool limbeck_store_files(limbeck_call *call, const char *action, const lim_file *files,
                         uint32_t count, bool directory, lim_load *load) {
    limbeck_ledger ledger;
    bool unchanged;
    const char *random = limbeck_random(call, 6);
    if (random == NULL || !look_at_files(call, files, count, directory, random, load, &unchanged)) {
        return false;
    }
    return unchanged || (begin_authoring(call, &ledger) &&
                         author_files(call, &ledger, files, count, directory, random, load) &&
                         limbeck_store_records(call, action, load->records, load->count));
}

bool limbeck_load(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    lim_file file = {
        .name = arguments[1].text, .text = arguments[0].text, .length = arguments[0].length};
    lim_load load;
    if (file.text == NULL) {
        return lim_fail(&call->cx, LIM_INVALID, "SELECT migrate_load('...', 'name.sql').",
                        "argument \"script\" of %s() is required", call->function);
    }
    if (!lim_format_read_one(&call->cx, LIM_SQLITE, &file) ||
        !limbeck_store_files(call, "load", &file, 1, false, &load)) {
        return false;
    }
    *result = load.records[0].id;
    return true;
}

bool limbeck_load_dir(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    lim_tool format;
    lim_file *files;
    uint32_t count;
    lim_load load;
    if (arguments[0].text == NULL) {
        return lim_fail(&call->cx, LIM_INVALID, "SELECT migrate_load_dir('migrations').",
                        "argument \"path\" of %s() is required", call->function);
    }
    if (!lim_format_named(&call->cx, arguments[1].text, &format) ||
        !limbeck_directory_read(call, arguments[0].text, format, &files, &count) ||
        !lim_format_read(&call->cx, LIM_SQLITE, &format, files, count, &files, &count) ||
        !limbeck_store_files(call, "load", files, count, true, &load)) {
        return false;
    }
    *result = lim_load_summary(&call->cx, &load);
    return *result != NULL;
}
