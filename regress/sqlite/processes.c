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

/* --- at once ------------------------------------------------------------------------------------- */

/* What is upgraded by several at once, and to where. */
typedef struct contest {
    const char *name;
    const scenario *scenario;
    const char *target;
} contest;

static const contest plain = {"at once", &scenarios[0], "r5"};

/* Of several transactions each, so that two could take turns in it. */
static const scenario marked = {"marked", MARKED, "SELECT migrate_upgrade('m1')", false, true};
static const contest in_pieces = {"at once with a body of several transactions", &marked, "m1"};

enum answer { UPGRADED, ALREADY_THERE, BUSY, ANYTHING_ELSE, ANSWERS };

static enum answer answer_of(sqlite3 *db, const contest *c, int rc, const char *said) {
    const char *arrow = strstr(said, " -> ");
    size_t length = strlen(c->target);
    if (rc == SQLITE_BUSY && sqlite3_get_autocommit(db)) {
        return BUSY;
    }
    if (rc != SQLITE_OK) {
        printf("# %s\n", sqlite3_errmsg(db));
        fflush(stdout);
        return ANYTHING_ELSE;
    }
    if (strncmp(said, "upgraded ", 9) == 0 && arrow != NULL &&
        strncmp(arrow + 4, c->target, length) == 0 && arrow[4 + length] == ' ') {
        return UPGRADED;
    }
    return strncmp(said, "already at ", 11) == 0 && strcmp(said + 11, c->target) == 0
               ? ALREADY_THERE
               : ANYTHING_ELSE;
}

/* A child that makes the call once the pipe is closed, and says what it got by its status. */
static void start_upgrade(const contest *c, int gate[2], int timeout) {
    char said[512] = "", byte;
    enum answer answer;
    sqlite3 *db;
    int rc;
    if (fork() != 0) {
        return;
    }
    close(gate[1]);
    db = open_database(NULL);
    sqlite3_busy_timeout(db, timeout);
    must(db, "PRAGMA foreign_keys = ON");
    while (read(gate[0], &byte, 1) > 0) {
    }
    rc = run(db, c->scenario->call, said, sizeof said);
    answer = answer_of(db, c, rc, said);
    sqlite3_close(db);
    _exit(answer);
}

/* One round: all start together. Returns what is wrong or NULL. */
static const char *run_contest(const contest *c, const outcomes *o, int children, int timeout) {
    int counts[ANSWERS] = {0}, gate[2], status;
    uint64_t state;
    if (pipe(gate) != 0) {
        give_up("no pipe");
    }
    for (int i = 0; i < children; i++) {
        start_upgrade(c, gate, timeout);
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < children; i++) {
        if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) >= ANSWERS) {
            return "a process ended strangely";
        }
        counts[WEXITSTATUS(status)]++;
    }
    /* Without waiting all may find each other in the way. */
    if (counts[UPGRADED] > 1 || counts[ANYTHING_ELSE] != 0 ||
        (timeout > 0 && (counts[UPGRADED] != 1 || counts[ALREADY_THERE] != children - 1))) {
        printf("# upgraded %d, found it done %d, busy %d, other %d\n", counts[UPGRADED],
               counts[ALREADY_THERE], counts[BUSY], counts[ANYTHING_ELSE]);
        return "not one did it while the others found it done";
    }
    state = state_of_file();
    if (c->scenario->marked) { /* one that met another on the way is gone on with */
        return is_outcome(c->scenario, o, state) ? NULL : "a statement ran twice, or not";
    }
    return state == (counts[UPGRADED] == 1 ? o->after : o->before)
               ? NULL
               : "the file is not as it should be";
}

static void race(const contest *c, const char *mode, int children, int timeout, int rounds) {
    image file = prepare(c->scenario, mode);
    outcomes o = find_outcomes(c->scenario, file);
    const char *wrong = NULL;
    int round;
    for (round = 0; round < rounds && wrong == NULL; round++) {
        write_image(file);
        wrong = run_contest(c, &o, children, timeout);
    }
    check(wrong == NULL, "%d %s, journal %s, %s: %d rounds%s%s", children, c->name, mode,
          timeout > 0 ? "waiting" : "not waiting", round, wrong != NULL ? ": " : "",
          wrong != NULL ? wrong : "");
    free(file.bytes);
}

/* --- killed -------------------------------------------------------------------------------------- */

/* Lets a child work on the database and kills it at a random moment, at most so many microseconds after it
** has opened it. */
static void work_and_be_killed(void (*work)(sqlite3 *db), long longest) {
    long wait_for = 1 + random() % longest;
    int ready[2];
    char byte;
    pid_t child;
    if (pipe(ready) != 0) {
        give_up("no pipe");
    }
    fflush(stdout);
    child = fork();
    if (child == 0) {
        sqlite3 *db = open_database(NULL);
        must(db, "PRAGMA foreign_keys = ON");
        if (write(ready[1], "r", 1) != 1) {
            _exit(1);
        }
        work(db);
        sqlite3_close(db);
        _exit(0);
    }
    close(ready[1]); /* so that a child that dies early is the pipe's end, not a wait for ever */
    if (read(ready[0], &byte, 1) != 1) {
        give_up("the child does not start");
    }
    close(ready[0]);
    nanosleep(&(struct timespec){0, wait_for * 1000}, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Up and down until it is killed. */
static void seesaw(sqlite3 *db) {
    for (;;) {
        must(db, "SELECT migrate_upgrade(); SELECT migrate_downgrade('base')");
    }
}

static void seesaw_in_transactions(sqlite3 *db) {
    for (;;) {
        must(db, "BEGIN; SELECT migrate_upgrade(); COMMIT; SELECT migrate_downgrade('base')");
    }
}

static void upgrade_in_pieces(sqlite3 *db) {
    run(db, marked.call, NULL, 0);
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
    static const scenario both_ways = {"seesaw", "", "SELECT migrate_upgrade()", false, false};
    image file = prepare(&both_ways, mode);
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
        uint64_t state;
        write_image(file);
        work_and_be_killed(in_transaction ? seesaw_in_transactions : seesaw, 20000);
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

/* Killed at a random moment; the next one goes on, and nothing has run twice. */
static void kill_marked(const char *mode, int rounds) {
    image file = prepare(&marked, mode);
    outcomes o = find_outcomes(&marked, file);
    const char *wrong = NULL;
    int round, half = 0;
    for (round = 0; round < rounds && wrong == NULL; round++) {
        uint64_t state;
        write_image(file);
        work_and_be_killed(upgrade_in_pieces, 40000);
        state = state_of_file();
        if (state == 0 || !is_outcome(&marked, &o, state)) {
            wrong = "it is not gone on with as it should be";
        }
        half += state != o.before && state != o.after;
    }
    check(wrong == NULL,
          "killed in a body of several transactions, journal %s: %d times, %d times half done%s%s",
          mode, round, half, wrong != NULL ? ": " : "", wrong != NULL ? wrong : "");
    free(file.bytes);
}

int main(int argc, char **argv) {
    static const char *const modes[] = {"delete", "truncate", "persist", "wal"};
    begin(argc, argv);
    srandom((unsigned)getpid());
    for (int mode = 0; mode < 4; mode += 3) {
        race(&plain, modes[mode], 2, 10000, run_long ? 100 : 10);
        race(&plain, modes[mode], 4, 10000, run_long ? 50 : 5);
        race(&plain, modes[mode], 3, 0, run_long ? 100 : 10);
    }
    for (int mode = 0; mode < 4; mode++) {
        kill_it(modes[mode], run_long ? 200 : 15, false);
        kill_it(modes[mode], run_long ? 100 : 8, true);
        kill_marked(modes[mode], run_long ? 200 : 15);
    }
    for (int mode = 0; mode < 4; mode += 3) {
        race(&in_pieces, modes[mode], 2, 20000, run_long ? 50 : 4);
        race(&in_pieces, modes[mode], 4, 20000, run_long ? 50 : 3);
        race(&in_pieces, modes[mode], 3, 0, run_long ? 50 : 4);
    }
    return finish();
}
