/*
** processes.c - several processes at once, and processes that are killed
**
** Two (three, four) that upgrade at once: one does it, the others wait and find it done. One that goes up
** and down again and again is killed with SIGKILL at a random moment, in every journal mode: the next to
** open the file finds the old state or the new one.
*/
#include "fault.h"
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* A child that calls migrate_upgrade() once the pipe is closed, and says what it got by its status:
** 0 upgraded, 1 already there, 2 busy, 3 anything else. */
static pid_t start_upgrade(int gate[2], int timeout) {
    char answer[512] = "", byte;
    sqlite3 *db;
    int rc;
    pid_t child = fork();
    if (child != 0) {
        return child;
    }
    close(gate[1]);
    db = open_database(NULL);
    sqlite3_busy_timeout(db, timeout);
    while (read(gate[0], &byte, 1) > 0) {
    }
    rc = run(db, "SELECT migrate_upgrade()", answer, sizeof answer);
    if (rc != SQLITE_OK) {
        _exit(rc == SQLITE_BUSY && sqlite3_get_autocommit(db) ? 2 : 3);
    }
    sqlite3_close(db);
    _exit(strncmp(answer, "upgraded base -> r5", 19) == 0 ? 0
          : strcmp(answer, "already at r5") == 0          ? 1
                                                          : 3);
}

static void race(const char *mode, int children, int timeout, int rounds) {
    image file = prepare(&scenarios[0], mode);
    outcomes o = find_outcomes(&scenarios[0], file);
    const char *wrong = NULL;
    int round;
    for (round = 0; round < rounds && wrong == NULL; round++) {
        int counts[4] = {0}, gate[2], status;
        write_image(file);
        if (pipe(gate) != 0) {
            give_up("no pipe");
        }
        for (int i = 0; i < children; i++) {
            start_upgrade(gate, timeout);
        }
        close(gate[0]);
        close(gate[1]);
        for (int i = 0; i < children; i++) {
            if (wait(&status) < 0 || !WIFEXITED(status)) {
                wrong = "a process ended strangely";
            } else {
                counts[WEXITSTATUS(status) & 3]++;
            }
        }
        /* Without waiting all may find each other in the way. */
        if (counts[0] > 1 || counts[3] != 0 || (timeout > 0 && counts[1] != children - 1)) {
            wrong = "not one did it while the others found it done";
            printf("# upgraded %d, found it done %d, busy %d, other %d\n", counts[0], counts[1],
                   counts[2], counts[3]);
        } else if (state_of_file() != (counts[0] == 1 ? o.after : o.before)) {
            wrong = "the file is not as it should be";
        }
    }
    check(wrong == NULL, "%d at once, journal %s, %s: %d rounds%s%s", children, mode,
          timeout > 0 ? "waiting" : "not waiting", round, wrong != NULL ? ": " : "",
          wrong != NULL ? wrong : "");
    free(file.bytes);
}

/* A child that goes up and down until it is killed. */
static pid_t start_seesaw(int ready[2], bool in_transaction) {
    sqlite3 *db;
    pid_t child = fork();
    if (child != 0) {
        return child;
    }
    db = open_database(NULL);
    must(db, "PRAGMA foreign_keys = ON");
    if (write(ready[1], "r", 1) != 1) {
        _exit(1);
    }
    for (;;) {
        must(db, in_transaction ? "BEGIN; SELECT migrate_upgrade(); COMMIT"
                                : "SELECT migrate_upgrade()");
        must(db, "SELECT migrate_downgrade('base')");
    }
}

/* A state in which the log, which grows, is left out. */
static uint64_t state_without_log(void) {
    sqlite3 *db;
    uint64_t state = 0;
    char answer[64] = "";
    if (sqlite3_open(database, &db) != SQLITE_OK) {
        give_up("cannot open %s", database);
    }
    sqlite3_busy_timeout(db, 10000);
    /* The log must fit: the last thing it says is where we are. */
    must(db, "CREATE TEMP TABLE last AS SELECT to_version FROM main.migrate_log WHERE action IN "
             "('upgrade', 'downgrade') ORDER BY id DESC LIMIT 1");
    if (run(db,
            "SELECT count(*) FROM last WHERE to_version <> (SELECT coalesce(max(version_num), "
            "'base') FROM main.migrate_version)",
            answer, sizeof answer) == SQLITE_OK &&
        strcmp(answer, "0") == 0) {
        must(db, "BEGIN; DELETE FROM main.migrate_log");
        state = state_of(db);
        must(db, "ROLLBACK");
    }
    sqlite3_close(db);
    return state;
}

static void kill_it(const char *mode, int rounds, bool in_transaction) {
    static const scenario seesaw = {"seesaw", "", "SELECT migrate_upgrade()", false, false};
    image file = prepare(&seesaw, mode);
    uint64_t down, up;
    const char *wrong = NULL;
    int round, ups = 0, hot = 0;
    char journal[128];
    sqlite3 *db;
    write_image(file);
    down = state_without_log();
    db = open_database(NULL);
    must(db, "PRAGMA foreign_keys = ON; SELECT migrate_upgrade()");
    sqlite3_close(db);
    up = state_without_log();
    snprintf(journal, sizeof journal, "%s-journal", database);
    for (round = 0; round < rounds && wrong == NULL; round++) {
        int ready[2];
        char byte;
        pid_t child;
        uint64_t state;
        long wait_for = 1 + random() % 20000;
        write_image(file);
        if (pipe(ready) != 0) {
            give_up("no pipe");
        }
        child = start_seesaw(ready, in_transaction);
        close(
            ready[1]); /* so that a child that dies early is the pipe's end, not a wait for ever */
        if (read(ready[0], &byte, 1) != 1) {
            give_up("the child does not start");
        }
        close(ready[0]);
        nanosleep(&(struct timespec){0, wait_for * 1000}, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        hot += access(journal, F_OK) == 0;
        state = state_without_log();
        ups += state == up;
        if (state != down && state != up) {
            wrong = "the file is neither old nor new";
        }
    }
    check(wrong == NULL, "killed%s, journal %s: %d times, %d times up, %d journals left%s%s",
          in_transaction ? " in a transaction" : "", mode, round, ups, hot,
          wrong != NULL ? ": " : "", wrong != NULL ? wrong : "");
    free(file.bytes);
}

/* --- bodies of several transactions ------------------------------------------------------------- */

static const scenario marked = {"marked", MARKED, "SELECT migrate_upgrade('m1')", false, true};

/* A child that calls it once the pipe is closed: 0 upgraded, 1 already there, 2 busy, 3 anything else. */
static void start_marked(int gate[2], int timeout, bool foreign_keys) {
    char answer[512] = "", byte;
    sqlite3 *db;
    int rc;
    if (fork() != 0) {
        return;
    }
    close(gate[1]);
    db = open_database(NULL);
    sqlite3_busy_timeout(db, timeout);
    if (foreign_keys) {
        must(db, "PRAGMA foreign_keys = ON");
    }
    while (read(gate[0], &byte, 1) > 0) {
    }
    rc = run(db, marked.call, answer, sizeof answer);
    if (rc != SQLITE_OK) {
        if (rc != SQLITE_BUSY) {
            printf("# %s\n", sqlite3_errmsg(db));
            fflush(stdout);
        }
        _exit(rc == SQLITE_BUSY && sqlite3_get_autocommit(db) ? 2 : 3);
    }
    sqlite3_close(db);
    _exit(strncmp(answer, "upgraded base -> m1", 19) == 0 || strncmp(answer, "upgraded r3 -> m1", 17) == 0
              ? 0
          : strcmp(answer, "already at m1") == 0 ? 1
                                                 : 3);
}

static void race_marked(const char *mode, int children, int timeout, int rounds) {
    image file = prepare(&marked, mode);
    outcomes o = find_outcomes(&marked, file);
    const char *wrong = NULL;
    int round;
    for (round = 0; round < rounds && wrong == NULL; round++) {
        int counts[4] = {0}, gate[2], status;
        write_image(file);
        if (pipe(gate) != 0) {
            give_up("no pipe");
        }
        for (int i = 0; i < children; i++) {
            start_marked(gate, timeout, true);
        }
        close(gate[0]);
        close(gate[1]);
        for (int i = 0; i < children; i++) {
            if (wait(&status) < 0 || !WIFEXITED(status)) {
                wrong = "a process ended strangely";
            } else {
                counts[WEXITSTATUS(status) & 3]++;
            }
        }
        if (counts[0] > 1 || counts[3] != 0 ||
            (timeout > 0 && (counts[0] != 1 || counts[1] != children - 1))) {
            wrong = "not one did it while the others found it done";
            printf("# upgraded %d, found it done %d, busy %d, other %d\n", counts[0], counts[1],
                   counts[2], counts[3]);
        } else if (!is_outcome(&marked, &o, state_of_file())) {
            wrong = "a statement ran twice, or not";
        }
    }
    check(wrong == NULL, "%d at once with a body of several transactions, journal %s, %s: %d rounds%s%s",
          children, mode, timeout > 0 ? "waiting" : "not waiting", round, wrong != NULL ? ": " : "",
          wrong != NULL ? wrong : "");
    free(file.bytes);
}

/* Killed at a random moment; the next one goes on, and nothing has run twice. */
static void kill_marked(const char *mode, int rounds) {
    image file = prepare(&marked, mode);
    outcomes o = find_outcomes(&marked, file);
    const char *wrong = NULL;
    char answer[512];
    int round, half = 0;
    for (round = 0; round < rounds && wrong == NULL; round++) {
        long wait_for = random() % 40000;
        uint64_t state;
        int gate[2];
        pid_t child;
        sqlite3 *db;
        write_image(file);
        if (pipe(gate) != 0) {
            give_up("no pipe");
        }
        fflush(stdout);
        child = fork();
        if (child == 0) {
            close(gate[0]);
            db = open_database(NULL);
            must(db, "PRAGMA foreign_keys = ON");
            close(gate[1]);
            run(db, marked.call, NULL, 0);
            sqlite3_close(db);
            _exit(0);
        }
        close(gate[1]);
        while (read(gate[0], answer, 1) > 0) {
        }
        close(gate[0]);
        nanosleep(&(struct timespec){0, wait_for * 1000}, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        state = state_of_file();
        if (state == 0 || !is_outcome(&marked, &o, state)) {
            wrong = "it is not gone on with as it should be";
        }
        half += state != o.before && state != o.after;
    }
    check(wrong == NULL, "killed in a body of several transactions, journal %s: %d times, %d times half done%s%s",
          mode, round, half, wrong != NULL ? ": " : "", wrong != NULL ? wrong : "");
    free(file.bytes);
}

int main(int argc, char **argv) {
    static const char *const modes[] = {"delete", "truncate", "persist", "wal"};
    begin(argc, argv);
    srandom((unsigned)getpid());
    for (int mode = 0; mode < 4; mode += 3) {
        race(modes[mode], 2, 10000, run_long ? 100 : 10);
        race(modes[mode], 4, 10000, run_long ? 50 : 5);
        race(modes[mode], 3, 0, run_long ? 100 : 10);
    }
    for (int mode = 0; mode < 4; mode++) {
        kill_it(modes[mode], run_long ? 200 : 15, false);
        kill_it(modes[mode], run_long ? 100 : 8, true);
        kill_marked(modes[mode], run_long ? 200 : 15);
    }
    for (int mode = 0; mode < 4; mode += 3) {
        race_marked(modes[mode], 2, 20000, run_long ? 50 : 4);
        race_marked(modes[mode], 4, 20000, run_long ? 50 : 3);
        race_marked(modes[mode], 3, 0, run_long ? 50 : 4);
    }
    return finish();
}
