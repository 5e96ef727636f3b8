/*
** interrupt.c - a call is interrupted at every step of the virtual machine
**
** In two ways: the progress handler asks for it (only the statement that runs ends), and
** sqlite3_interrupt() as Ctrl-C does it (everything on the connection fails until the caller's own
** statement ends, ROLLBACK included). Afterwards no transaction of ours may be open, foreign_keys must
** be as it was, and the file is in one state or the other.
*/
#include "fault.h"

static sqlite3 *target;
static long steps, stop_at;
static bool by_interrupt;

static int progress(void *unused) {
    (void)unused;
    if (++steps < stop_at) {
        return 0;
    }
    if (by_interrupt) {
        if (steps == stop_at) {
            sqlite3_interrupt(target);
        }
        return 0;
    }
    return steps == stop_at;
}

static const char *try_at(const scenario *s, const outcomes *o, long n) {
    static char message[200]; /* outlives the connection */
    char flag[8] = "", answer[512] = "";
    sqlite3_int64 used = sqlite3_memory_used();
    sqlite3 *db = open_database(NULL);
    const char *wrong = NULL;
    int rc;
    target = db;
    must(db, "PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF");
    if (s->in_transaction) {
        must(db, CALLERS_WORK);
    }
    steps = 0;
    stop_at = n;
    sqlite3_progress_handler(db, 1, progress, NULL);
    rc = run(db, s->call, answer, sizeof answer);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    if (!s->in_transaction && !sqlite3_get_autocommit(db)) {
        wrong = "a transaction was left open";
    } else if (rc != SQLITE_OK && rc != SQLITE_INTERRUPT && rc != SQLITE_ERROR &&
               (rc & 0xff) != SQLITE_CONSTRAINT) {
        snprintf(message, sizeof message, "%s", sqlite3_errmsg(db));
        wrong = message;
    }
    run(db, "PRAGMA foreign_keys", flag, sizeof flag);
    if (strcmp(flag, "1") != 0) {
        wrong = "foreign_keys is not as it was";
    }
    if (s->in_transaction && !sqlite3_get_autocommit(db) &&
        run(db, "COMMIT", NULL, 0) != SQLITE_OK) {
        wrong = "the caller cannot commit";
    }
    return end_try(db, used, s, o, rc, wrong);
}

static void sweep(const scenario *s, image i, const outcomes *o, long points) {
    long total;
    write_image(i);
    try_at(s, o, NO_FAULT);
    total = steps;
    check_sweep(sweep_points(s, i, o, total, points, try_at), total, "steps", "%s, %s", s->name,
                by_interrupt ? "sqlite3_interrupt()" : "progress handler");
}

int main(int argc, char **argv) {
    begin(argc, argv);
    for (int i = 0; i < SCENARIOS; i++) {
        image file = prepare(&scenarios[i], "delete");
        outcomes o = find_outcomes(&scenarios[i], file);
        for (int way = 0; way < 2; way++) {
            by_interrupt = way == 1;
            sweep(&scenarios[i], file, &o, 60);
        }
        free(file.bytes);
    }
    return finish();
}
