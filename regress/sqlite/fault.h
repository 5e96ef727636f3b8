/*
** fault.h - what the fault tests share
**
** Each test is a program that loads the library into the stock SQLite, brings a database into a known
** state, and runs calls of Limbeck while something goes wrong at every possible point. After each
** point the file must be in the old state or in the new one, whole.
**
**     test EXTENSION [long]
**
** Without "long" only a sample of the points is tried, evenly spread. Output: lines "ok ..." and
** "not ok ...", each with its count of points, and at the end "N passed, N failed".
*/
#ifndef FAULT_H
#define FAULT_H

#define _GNU_SOURCE
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *extension;
static bool run_long;
static char directory[] = "/tmp/limbeck-fault-XXXXXX";
static char database[64];
static int passed, failed;

__attribute__((format(printf, 2, 3))) static inline bool check(bool good, const char *format, ...) {
    va_list args;
    printf(good ? "ok " : "not ok ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
    *(good ? &passed : &failed) += 1;
    return good;
}

__attribute__((format(printf, 1, 2), noreturn)) static inline void give_up(const char *format,
                                                                           ...) {
    va_list args;
    va_start(args, format);
    printf("not ok ");
    vprintf(format, args);
    va_end(args);
    printf("\n0 passed, 1 failed\n");
    exit(1);
}

static inline void begin(int argc, char **argv) {
    if (argc < 2) {
        give_up("usage: %s EXTENSION [long]", argv[0]);
    }
    extension = argv[1];
    run_long = argc > 2 || getenv("LIMBECK_LONG") != NULL;
    if (mkdtemp(directory) == NULL) {
        give_up("no temporary directory");
    }
    snprintf(database, sizeof database, "%s/db", directory);
}

static inline int finish(void) {
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    char path[128];
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", database, suffixes[i]);
        unlink(path);
    }
    rmdir(directory);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}

/* The connection with the library loaded. */
static inline sqlite3 *open_database(const char *vfs) {
    sqlite3 *db;
    char *message = NULL;
    int rc = sqlite3_open_v2(database, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
    if (rc != SQLITE_OK) {
        give_up("cannot open %s: %s", database, sqlite3_errmsg(db));
    }
    sqlite3_enable_load_extension(db, 1);
    if (sqlite3_load_extension(db, extension, NULL, &message) != SQLITE_OK) {
        give_up("cannot load %s: %s", extension, message);
    }
    return db;
}

/* Runs statements; result (may be NULL) gets the last value of the first column. */
static inline int run(sqlite3 *db, const char *sql, char *result, size_t size) {
    sqlite3_stmt *statement;
    int rc = SQLITE_OK;
    while (*sql != '\0') {
        rc = sqlite3_prepare_v2(db, sql, -1, &statement, &sql);
        if (rc != SQLITE_OK) {
            return rc;
        }
        while (statement != NULL && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
            const char *text = (const char *)sqlite3_column_text(statement, 0);
            if (result != NULL) {
                snprintf(result, size, "%s", text != NULL ? text : "NULL");
            }
        }
        rc = sqlite3_finalize(statement);
        if (rc != SQLITE_OK) {
            return rc;
        }
    }
    return rc;
}

static inline void must(sqlite3 *db, const char *sql) {
    if (run(db, sql, NULL, 0) != SQLITE_OK) {
        give_up("%s: %s", sql, sqlite3_errmsg(db));
    }
}

/* --- states --------------------------------------------------------------------------------------- */

static inline void hash_rows(sqlite3 *db, const char *sql, bool wanted, uint64_t *hash) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        give_up("%s: %s", sql, sqlite3_errmsg(db));
    }
    if (sqlite3_bind_parameter_count(statement) > 0) {
        sqlite3_bind_int(statement, 1, wanted);
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const unsigned char *text = sqlite3_column_text(statement, i);
            for (; text != NULL && *text != '\0'; text++) {
                *hash = (*hash ^ *text) * UINT64_C(1099511628211);
            }
            *hash = (*hash ^ 0xff) * UINT64_C(1099511628211);
        }
    }
    if (sqlite3_finalize(statement) != SQLITE_OK) {
        give_up("%s: %s", sql, sqlite3_errmsg(db));
    }
}

/* A number for all that a database holds, with its log (times and durations left out) or without; 0
** when it is damaged. */
static inline uint64_t content_of(sqlite3 *db, bool log) {
    uint64_t hash = UINT64_C(14695981039346656037);
    char answer[256] = "";
    sqlite3_stmt *tables;
    if (run(db, "PRAGMA integrity_check", answer, sizeof answer) != SQLITE_OK ||
        strcmp(answer, "ok") != 0) {
        printf("# %s %s\n", answer, sqlite3_errmsg(db));
        return 0;
    }
    hash_rows(db, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name", true,
              &hash);
    sqlite3_prepare_v2(db,
                       "SELECT CASE name WHEN 'migrate_log' THEN 'SELECT id, action, revision, "
                       "from_version, to_version, outcome FROM migrate_log WHERE ?' "
                       "WHEN 'migrate_revision' THEN 'SELECT seq, revision, upgrade, downgrade, "
                       "checksum FROM migrate_revision' "
                       "ELSE 'SELECT * FROM \"' || name || '\"' END "
                       "FROM sqlite_master WHERE type = 'table' ORDER BY name",
                       -1, &tables, NULL);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        hash_rows(db, (const char *)sqlite3_column_text(tables, 0), log, &hash);
    }
    sqlite3_finalize(tables);
    return hash;
}

static inline uint64_t state_of(sqlite3 *db) {
    return content_of(db, true);
}

static inline uint64_t state_of_file(void) {
    sqlite3 *db;
    uint64_t state;
    if (sqlite3_open(database, &db) != SQLITE_OK) {
        give_up("cannot open %s", database);
    }
    sqlite3_busy_timeout(db, 10000);
    state = state_of(db);
    sqlite3_close(db);
    return state;
}

/* --- the file in memory ----------------------------------------------------------------------------- */

typedef struct image {
    char *bytes;
    long size;
} image;

static inline image read_image(void) {
    image i = {NULL, 0};
    FILE *f = fopen(database, "rb");
    if (f == NULL) {
        give_up("cannot read %s", database);
    }
    fseek(f, 0, SEEK_END);
    i.size = ftell(f);
    rewind(f);
    i.bytes = malloc((size_t)i.size + 1);
    if (fread(i.bytes, 1, (size_t)i.size, f) != (size_t)i.size) {
        give_up("cannot read %s", database);
    }
    fclose(f);
    return i;
}

/* Puts the file back, without journals. */
static inline void write_image(image i) {
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    char path[128];
    FILE *f;
    for (int n = 0; n < 4; n++) {
        snprintf(path, sizeof path, "%s%s", database, suffixes[n]);
        unlink(path);
    }
    f = fopen(database, "wb");
    if (f == NULL || fwrite(i.bytes, 1, (size_t)i.size, f) != (size_t)i.size) {
        give_up("cannot write %s", database);
    }
    fclose(f);
}

/* --- the history that is run ------------------------------------------------------------------------ */

/* Tables with data, an index, a trigger, a rebuild by hand, FTS5, an ALTER TABLE that rebuilds. */
static const char HISTORY[] =
    "CREATE TABLE application (id INTEGER PRIMARY KEY, note TEXT);"
    "INSERT INTO application VALUES (1, 'mine'), (2, 'too');"
    "SELECT migrate_revision('tables', 'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);"
    " CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES users (id) ON"
    " DELETE CASCADE, body TEXT);"
    " INSERT INTO users VALUES (1, ''ann''), (2, ''bob'');"
    " INSERT INTO posts VALUES (1, 1, ''a''), (2, 2, ''b'');',"
    " 'DROP TABLE posts; DROP TABLE users;', 'r1');"
    "SELECT migrate_revision('index', 'CREATE INDEX posts_author ON posts (author);"
    " CREATE TRIGGER posts_log AFTER INSERT ON posts BEGIN UPDATE application SET note ="
    " ''changed''; END; INSERT INTO posts VALUES (3, 1, ''c'');',"
    " 'DELETE FROM posts WHERE id = 3; DROP TRIGGER posts_log; DROP INDEX posts_author;"
    " UPDATE application SET note = ''mine'' WHERE id = 1; UPDATE application SET note = ''too''"
    " WHERE id = 2', 'r2');"
    "SELECT migrate_revision('rebuild', 'PRAGMA foreign_keys=OFF;"
    " CREATE TABLE new_users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
    " INSERT INTO new_users SELECT * FROM users; DROP TABLE users;"
    " ALTER TABLE new_users RENAME TO users; PRAGMA foreign_keys=ON;',"
    " 'PRAGMA foreign_keys=OFF; CREATE TABLE new_users (id INTEGER PRIMARY KEY, name TEXT);"
    " INSERT INTO new_users SELECT * FROM users; DROP TABLE users;"
    " ALTER TABLE new_users RENAME TO users; PRAGMA foreign_keys=ON;', 'r3');"
    "SELECT migrate_revision('search', 'CREATE VIRTUAL TABLE search USING fts5(body);"
    " INSERT INTO search SELECT body FROM posts;', 'DROP TABLE search', 'r4');"
    "SELECT migrate_revision('alter', 'ALTER TABLE posts ALTER COLUMN body SET NOT NULL;"
    " ALTER TABLE posts ADD CONSTRAINT filled CHECK (length(body) > 0)',"
    " 'ALTER TABLE posts DROP CONSTRAINT filled, ALTER COLUMN body DROP NOT NULL', 'r5');";

/* One call under test: what is run before it is tried, and the call. */
typedef struct scenario {
    const char *name;
    const char *before;
    const char *call;
    bool in_transaction; /* BEGIN and a change of the caller's stand before the call */
    bool marked; /* a body is marked transaction:false: the call again goes on where it stopped */
} scenario;

static const char CALLERS_WORK[] =
    "BEGIN; UPDATE application SET note = 'in the transaction' WHERE id = 2;";

#ifdef FAULT_ALTER
#include "../alter/scenarios.h"
#else
/* A body that is several transactions, up and down; nothing of it may run twice. */
#define MARKED                                                                                     \
    "SELECT migrate_load('-- migrate:revision m1' || char(10) || '-- migrate:down_revision r3' ||" \
    " char(10) || '-- migrate:up transaction:false' || char(10) ||"                                \
    " 'INSERT INTO posts VALUES (NULL, 1, ''m'');"                                                 \
    " BEGIN; INSERT INTO posts VALUES (NULL, 2, ''n''); CREATE INDEX m ON posts (body); COMMIT;"   \
    " PRAGMA foreign_keys = OFF; CREATE TABLE marked (id INTEGER PRIMARY KEY, name TEXT);"         \
    " INSERT INTO marked SELECT * FROM users; DROP TABLE users;"                                   \
    " ALTER TABLE marked RENAME TO users; PRAGMA foreign_keys = ON;"                               \
    " ALTER TABLE posts ADD CONSTRAINT short CHECK (length(body) < 10);"                           \
    " DELETE FROM users WHERE id = 2; PRAGMA wal_checkpoint;"                                      \
    " INSERT INTO users VALUES (NULL, ''eve'')' || char(10) ||"                                    \
    " '-- migrate:down transaction:false' || char(10) ||"                                          \
    " 'DELETE FROM users WHERE name = ''eve''; INSERT INTO users VALUES (NULL, ''bob'');"          \
    " INSERT INTO posts VALUES (2, 2, ''b''); ALTER TABLE posts DROP CONSTRAINT short;"            \
    " DROP INDEX m; BEGIN; DELETE FROM posts WHERE body IN (''m'', ''n''); COMMIT');"

static const scenario scenarios[] = {
    {"upgrade", "", "SELECT migrate_upgrade()", false, false},
    {"upgrade in a transaction", "", "SELECT migrate_upgrade()", true, false},
    {"downgrade", "SELECT migrate_upgrade()", "SELECT migrate_downgrade('base')", false, false},
    {"downgrade in a transaction", "SELECT migrate_upgrade()", "SELECT migrate_downgrade('base')",
     true, false},
    {"stamp", "", "SELECT migrate_stamp('r3')", false, false},
    {"revision", "", "SELECT migrate_revision('new', 'SELECT 1', '', 'n1')", false, false},
    {"load", "", "SELECT migrate_load('-- migrate:up' || char(10) || 'SELECT 2;', '6_more.sql')",
     false, false},
    {"a failing upgrade",
     "SELECT migrate_revision('bad', 'CREATE TABLE x (a); SELECT b FROM x', "
     "'', 'bad')",
     "SELECT migrate_upgrade()", false, false},
    {"a body of several transactions", MARKED, "SELECT migrate_upgrade('m1')", false, true},
    {"a body of several transactions, down", MARKED "SELECT migrate_upgrade('m1')",
     "SELECT migrate_downgrade('r2')", false, true},
};
#endif

#define SCENARIOS (int)(sizeof scenarios / sizeof scenarios[0])

/* Makes the scenario's file. Returns its image. */
static inline image prepare(const scenario *s, const char *journal_mode) {
    char sql[64];
    sqlite3 *db;
    image i = {(char *)"", 0};
    write_image(i);
    db = open_database(NULL);
    snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s", journal_mode);
    must(db, sql);
    must(db, "PRAGMA foreign_keys = ON");
    must(db, HISTORY);
    must(db, s->before);
    sqlite3_close(db);
    return read_image();
}

/* The states that may be found after the scenario: the old one, the new one, and the one in which a
** caller's transaction leaves the file when the call failed and the caller commits. */
typedef struct outcomes {
    uint64_t before, after, without_call;
    uint64_t content; /* after it, without the log */
} outcomes;

static inline outcomes find_outcomes(const scenario *s, image i) {
    outcomes o;
    sqlite3 *db;
    write_image(i);
    o.before = state_of_file();
    db = open_database(NULL);
    must(db, "PRAGMA foreign_keys = ON");
    if (s->in_transaction) {
        must(db, CALLERS_WORK);
        must(db, "COMMIT");
    }
    o.without_call = state_of(db);
    sqlite3_close(db);
    write_image(i);
    db = open_database(NULL);
    must(db, "PRAGMA foreign_keys = ON");
    if (s->in_transaction) {
        must(db, CALLERS_WORK);
    }
    run(db, s->call, NULL, 0);
    if (s->in_transaction) {
        must(db, "COMMIT");
    }
    o.after = state_of(db);
    o.content = content_of(db, false);
    sqlite3_close(db);
    if (o.before == 0 || o.after == 0) {
        give_up("%s: the states are not sound", s->name);
    }
    return o;
}

/* Calls again, with nothing in the way. Long ago, so that nobody looks whether it still runs. */
static inline bool goes_on(const scenario *s, const outcomes *o) {
    sqlite3 *db = open_database(NULL);
    uint64_t content;
    int rc;
    must(db, "PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF");
    must(db, "UPDATE migrate_log SET at = '2001-01-01T00:00:00.000Z'");
    rc = run(db, s->call, NULL, 0);
    if (rc != SQLITE_OK) {
        printf("# %s\n", sqlite3_errmsg(db));
    }
    content = content_of(db, false);
    sqlite3_close(db);
    return rc == SQLITE_OK && content == o->content;
}

/* True when the file may be in this state after the call. */
static inline bool is_outcome(const scenario *s, const outcomes *o, uint64_t state) {
    return state == o->before || state == o->after || state == o->without_call ||
           (s->marked && state != 0 && goes_on(s, o));
}

/* --- one try, and all of them ------------------------------------------------------------------------ */

/* Ends a try: closes its connection, which must give back all memory but what was in use before it was
** opened, and looks at the file. rc is what the call returned, wrong what was found until now or NULL; returns
** what is wrong or NULL. */
static inline const char *end_try(sqlite3 *db, sqlite3_int64 used, const scenario *s,
                                  const outcomes *o, int rc, const char *wrong) {
    uint64_t state;
    if (sqlite3_close(db) != SQLITE_OK) {
        return "the connection cannot be closed";
    }
    if (sqlite3_memory_used() != used) {
        return "memory is lost";
    }
    state = state_of_file();
    if (!is_outcome(s, o, state)) {
        return "the file is neither old nor new";
    }
    if (rc == SQLITE_OK && state != o->after) {
        return "the call says that it is done, but it is not";
    }
    return wrong;
}

/* A test's try: brings about its fault at the n-th point. Returns what is wrong or NULL. */
typedef const char *try_function(const scenario *s, const outcomes *o, long n);

enum { NO_FAULT = 1000000000 }; /* beyond every point */

typedef struct sweep_result {
    const char *wrong; /* NULL: nothing */
    long tried, last;  /* how many points, and which was the last */
} sweep_result;

/* Tries the points up to total, on the scenario's file each: all of them in a long run or when they are few, else
** about as many as wanted. */
static inline sweep_result sweep_points(const scenario *s, image i, const outcomes *o, long total,
                                        long wanted, try_function *try_at) {
    sweep_result r = {NULL, 0, 0};
    long stride = run_long || total < wanted ? 1 : total / wanted;
    for (long n = 1; n <= total && r.wrong == NULL; n += stride) {
        write_image(i);
        r.wrong = try_at(s, o, n);
        r.tried++;
        r.last = n;
    }
    return r;
}

/* Counts a sweep; what names it, and the points are of a kind ("calls"). */
__attribute__((format(printf, 4, 5))) static inline void
check_sweep(sweep_result r, long total, const char *kind, const char *what, ...) {
    char name[256];
    va_list args;
    va_start(args, what);
    vsnprintf(name, sizeof name, what, args);
    va_end(args);
    if (r.wrong == NULL) {
        check(true, "%s: %ld of %ld %s", name, r.tried, total, kind);
    } else {
        check(false, "%s: at %ld of %ld %s: %s", name, r.last, total, kind, r.wrong);
    }
}

#endif
