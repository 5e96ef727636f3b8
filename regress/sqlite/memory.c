/*
** memory.c - the n-th allocation fails, for every n
**
** The allocator of the stock library is wrapped by sqlite3_config(). An allocation fails once, or from
** the n-th on all fail. Afterwards the file is in one state or the other, and closing the connection
** gives all memory back. After out of memory SQLite can compile nothing until the caller's statement
** ends, so a transaction may be left open then; closing the connection ends it. The count of those is
** shown.
*/
#include "fault.h"

static sqlite3_mem_methods real;
static long allocations, fail_at;
static bool armed, sticky;

static bool fails(void) {
    if (!armed) {
        return false;
    }
    allocations++;
    return sticky ? allocations >= fail_at : allocations == fail_at;
}

static void *wrapped_malloc(int size) {
    return fails() ? NULL : real.xMalloc(size);
}

static void *wrapped_realloc(void *block, int size) {
    return fails() ? NULL : real.xRealloc(block, size);
}

static void wrap_allocator(void) {
    sqlite3_mem_methods wrapped;
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
    wrapped = real;
    wrapped.xMalloc = wrapped_malloc;
    wrapped.xRealloc = wrapped_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &wrapped);
    /* Lookaside would hide most allocations. */
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    sqlite3_initialize();
}

static int own_result; /* of the call when no allocation fails, or one that does not matter */
static long left_open; /* times that a transaction was left open */

static const char *try_at(const scenario *s, const outcomes *o, long n) {
    sqlite3_int64 used = sqlite3_memory_used();
    sqlite3 *db = open_database(NULL);
    const char *wrong = NULL;
    bool open;
    int rc;
    must(db, "PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF");
    if (s->in_transaction) {
        must(db, CALLERS_WORK);
    }
    allocations = 0;
    fail_at = n;
    armed = true;
    rc = run(db, s->call, NULL, 0);
    armed = false;
    open = !s->in_transaction && !sqlite3_get_autocommit(db);
    if (n == NO_FAULT) {
        own_result = rc;
    }
    if (rc != SQLITE_OK && rc != SQLITE_NOMEM && rc != SQLITE_ERROR && rc != SQLITE_IOERR &&
        rc != own_result) {
        wrong = "the result code is another one";
    }
    if (s->in_transaction && !sqlite3_get_autocommit(db)) {
        uint64_t state = state_of(db);
        open = state != o->after && state != o->without_call;
        if (!open) {
            must(db, "COMMIT");
        }
    }
    left_open += open;
    return end_try(db, used, s, o, rc, wrong);
}

static void sweep(const scenario *s, image i, const outcomes *o, long points) {
    sweep_result result;
    long total;
    write_image(i);
    try_at(s, o, NO_FAULT);
    total = allocations;
    left_open = 0;
    result = sweep_points(s, i, o, total, points, try_at);
    check_sweep(result, total, "allocations", "%s, %s, %ld times the connection had to be closed",
                s->name, sticky ? "all from the n-th" : "the n-th", left_open);
}

/* Loading the library into a connection. */
static void sweep_loading(void) {
    long n, total = 1000000;
    const char *wrong = NULL;
    for (n = 1; n <= total && wrong == NULL; n++) {
        sqlite3_int64 used = sqlite3_memory_used();
        sqlite3 *db;
        char *message = NULL;
        sqlite3_open(":memory:", &db);
        sqlite3_enable_load_extension(db, 1);
        allocations = 0;
        fail_at = n;
        armed = true;
        sqlite3_load_extension(db, extension, NULL, &message);
        armed = false;
        if (n > allocations) {
            total = allocations;
        }
        sqlite3_free(message);
        if (sqlite3_close(db) != SQLITE_OK || sqlite3_memory_used() != used) {
            wrong = "memory is lost";
        }
    }
    check(wrong == NULL, "loading the library: %ld allocations%s", total,
          wrong != NULL ? ": memory is lost" : "");
}

/* The readers: nothing to break, but nothing may be lost. */
static void sweep_readers(long points) {
    static const char sql[] =
        "SELECT * FROM migrate_history(); SELECT * FROM migrate_show('r1'); SELECT * FROM "
        "migrate_plan('head'); SELECT * FROM migrate_status(); SELECT * FROM migrate_validate(); "
        "SELECT * FROM migrate_current(); SELECT migrate_graph(); SELECT * FROM "
        "migrate_graph('dot'); SELECT * FROM migrate_export(); SELECT "
        "migrate_upgrade_sql('base:heads'); "
        "SELECT migrate_downgrade_sql('heads:base')";
    static const scenario readers = {"readers", "SELECT migrate_upgrade('r2')", sql, false, false};
    image file = prepare(&readers, "delete");
    outcomes o = find_outcomes(&readers, file);
    sweep(&readers, file, &o, points);
    free(file.bytes);
}

int main(int argc, char **argv) {
    wrap_allocator();
    begin(argc, argv);
    sweep_loading();
    for (int i = 0; i < SCENARIOS; i++) {
        image file = prepare(&scenarios[i], "delete");
        outcomes o = find_outcomes(&scenarios[i], file);
        for (int way = 0; way < 2; way++) {
            sticky = way == 1;
            sweep(&scenarios[i], file, &o, 60);
        }
        free(file.bytes);
    }
    for (int way = 0; way < 2; way++) {
        sticky = way == 1;
        sweep_readers(100);
    }
    return finish();
}
