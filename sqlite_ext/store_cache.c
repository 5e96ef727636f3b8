/*
** store_cache.c - the ledger as a connection read it last
*/
#include "store_cache.h"
#include <string.h>

struct limbeck_cache {
    int references; /* the connection and calls under way */
    int read;       /* how much was read */
    const char *stamp;
    limbeck_ledger ledger;
    lim_context cx; /* the memory of all this */
};

/* True while a statement of this connection is in the middle of writing: what it has written so far
** is counted only at its end. */
static bool is_writing(sqlite3 *db) {
    sqlite3_stmt *s = NULL;
    while ((s = sqlite3_next_stmt(db, s)) != NULL) {
        if (sqlite3_stmt_busy(s) && !sqlite3_stmt_readonly(s)) {
            return true;
        }
    }
    return false;
}

/* The first column of the statement's one row as text; NULL: it can't be had. */
static const char *ask(limbeck_call *call, const char *sql) {
    sqlite3_stmt *row = NULL;
    const char *answer = NULL;
    if (sqlite3_prepare_v2(call->db, sql, -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(row, 0);
        answer = text != NULL ? lim_copy_string(&call->cx, text) : NULL;
    }
    sqlite3_finalize(row);
    return answer;
}

bool limbeck_cache_reads_uncommitted(limbeck_call *call) {
    const char *answer = ask(call, "PRAGMA read_uncommitted");
    return answer == NULL || strcmp(answer, "0") != 0;
}

const char *limbeck_cache_stamp(limbeck_call *call) {
    static const char *const questions[] = {
        "PRAGMA main.data_version",
        "PRAGMA main.schema_version",
        "PRAGMA temp.schema_version",
        "SELECT coalesce((SELECT id || ' ' || at || ' ' || action FROM main.migrate_log"
        " ORDER BY id DESC LIMIT 1), '') || ' ' ||"
        " coalesce((SELECT max(seq) FROM main.migrate_revision), '') || ' ' ||"
        " coalesce((SELECT group_concat(version_num) FROM main.migrate_version), '')",
    };
    lim_text stamp = {.cx = &call->cx};
    if (is_writing(call->db) || limbeck_cache_reads_uncommitted(call)) {
        return NULL;
    }
    lim_text_addf(&stamp, "%d", sqlite3_total_changes(call->db));
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        const char *answer = ask(call, questions[i]);
        if (answer == NULL) {
            return NULL;
        }
        lim_text_addf(&stamp, " %s", answer);
    }
    return lim_text_end(&stamp);
}

limbeck_time limbeck_cache_now(limbeck_call *call) {
    limbeck_time now = {.changes = sqlite3_total_changes(call->db)};
    now.known = limbeck_data_version(call, "main", &now.main);
    limbeck_data_version(call, "temp", &now.temp);
    return now;
}

bool limbeck_cache_same_time(limbeck_call *call, const limbeck_time *time) {
    limbeck_time now = limbeck_cache_now(call);
    return now.known && time->known && now.changes == time->changes && now.main == time->main &&
           now.temp == time->temp;
}

bool limbeck_cache_may_hold(limbeck_call *call) {
    const limbeck_cache *cache = call->connection->cache;
    return cache != NULL && limbeck_cache_same_time(call, &cache->ledger.time);
}

bool limbeck_cache_find(limbeck_call *call, int read, const char *stamp, limbeck_ledger *ledger) {
    limbeck_cache *cache = call->connection->cache;
    if (cache == NULL || call->cache != NULL || (read & ~cache->read) != 0 ||
        strcmp(cache->stamp, stamp) != 0) {
        return false;
    }
    cache->references++;
    call->cache = cache;
    *ledger = cache->ledger;
    return true;
}

int limbeck_cache_missing(const limbeck_call *call, int read) {
    return read & ~call->cache->read;
}

void limbeck_cache_add(limbeck_call *call, int read) {
    call->cache->read |= read;
}

void limbeck_cache_keep(limbeck_call *call, int read, const char *stamp,
                        const limbeck_ledger *ledger) {
    limbeck_cache *cache;
    lim_list labels = {0};
    if (sqlite3_txn_state(call->db, NULL) == SQLITE_TXN_WRITE || call->cache != NULL) {
        return;
    }
    /* What the graph would make at the first question belongs to its own memory. */
    if (ledger->graph->count > 0 && !lim_effective_labels(&call->cx, ledger->graph, 0, &labels)) {
        return;
    }
    cache = sqlite3_malloc64(sizeof *cache);
    if (cache == NULL) {
        return;
    }
    *cache = (limbeck_cache){
        .references = 2, .read = read, .stamp = stamp, .ledger = *ledger, .cx = call->cx};
    lim_context_begin(&call->cx, &cache->cx.allocator);
    call->cache = cache;
    limbeck_cache_release(call->connection->cache);
    call->connection->cache = cache;
}

void limbeck_cache_release(limbeck_cache *cache) {
    if (cache != NULL && --cache->references == 0) {
        lim_context_end(&cache->cx);
        sqlite3_free(cache);
    }
}
