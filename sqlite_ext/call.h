/*
** call.h - one call of a migrate_ function: its memory, its error, its statements
**
** Everything that a call allocates lives in call->cx and goes with limbeck_call_end(). Whatever
** fails leaves its reason in call->cx.error, and in call->code the SQLite result code where SQLite
** itself gave one; functions return false (or NULL) and pass that on to the one place where the
** call is answered.
**
** Statements on the ledger are prepared once a call and kept until its end, by the address of their
** text, which therefore is a constant:
**
**     sqlite3_stmt *s = limbeck_statement(call, SELECT_LABELS);
**     while (s != NULL && limbeck_row(call, s)) { ... }
*/
#ifndef LIMBECK_CALL_H
#define LIMBECK_CALL_H

#include "connection.h"
#include "text.h"

#define LIMBECK_STATEMENTS 32

typedef struct limbeck_kept {
    const char *sql;
    sqlite3_stmt *statement;
} limbeck_kept;

#define LIMBECK_SETTINGS 5

/* The transaction or savepoint that a call has open; see transaction.h. */
typedef struct limbeck_transaction {
    bool open;
    bool own;                 /* BEGIN IMMEDIATE; false: a savepoint in the caller's transaction */
    char savepoint[48];       /* its name */
    sqlite3_stmt *emergency;  /* a prepared BEGIN IMMEDIATE that is only ever run to fail */
    sqlite3_int64 last_rowid; /* the connection's last_insert_rowid(), put back at the end */
    int settings[LIMBECK_SETTINGS]; /* as found, put back at the end; see transaction.c */
} limbeck_transaction;

typedef struct limbeck_call {
    sqlite3 *db;
    limbeck_connection *connection;
    const char *function; /* migrate_upgrade, ... */
    lim_context cx;
    int code; /* result code of the failed statement; SQLITE_OK: none failed */
    limbeck_kept kept[LIMBECK_STATEMENTS];
    uint32_t kept_count;
    limbeck_transaction transaction;
    struct limbeck_cache *cache; /* kept until the call's end (store_cache.h), or NULL */
    const char *user;            /* what limbeck_user() found; NULL: not asked yet */
    int64_t now;                 /* the time that is told by */
    const char *timestamp;       /* this; NULL: not asked yet */
    bool checked;                /* the ledger's tables were looked at (store_tables.h), */
    bool checked_present;        /* were there, */
    bool log_as_made;            /* migrate_log has its columns and no others, */
    unsigned checked_version;    /* and the file's version was this */
    bool looked_for_watch;       /* the next three are known (vet.h) */
    bool watch;                  /* statements are to be watched for writes to the ledger */
    bool ledger_read;            /* statements may read the ledger without naming it */
    bool dependents;             /* there are views or triggers */
    bool few_refused;            /* a table with few rows could not be made anew (alter_few.h) */
    bool attached_asked;         /* the next is known: */
    bool attached;               /* there is a database besides main and temp */
    int says_changes;            /* the body: 1 yes, -1 no, 0 nobody has looked */
} limbeck_call;

void limbeck_call_begin(limbeck_call *call, limbeck_connection *connection, const char *function);
void limbeck_call_end(limbeck_call *call);

/* Lends the call other memory for a while: what it takes between the two goes with the second, but for
** the failure. False: LIM_NOMEM. */
bool limbeck_call_lend(limbeck_call *call, lim_context *kept);
void limbeck_call_take_back(limbeck_call *call, lim_context *kept);

/* Finalizes the kept statements; the call may prepare new ones. */
void limbeck_call_drop_statements(limbeck_call *call);

/* True when the call has failed. */
bool limbeck_failed(const limbeck_call *call);

/* The connection's present error, whose code becomes the call's: its message, and in *rc its extended
** code. NULL: the call has failed already, or memory is out. */
const char *limbeck_sqlite_error(limbeck_call *call, int *rc);

/* Records the connection's present error: message, extended result code, and for the codes that
** say that something else is in the way a hint. prefix (or NULL) says what was being done. Always
** false. */
bool limbeck_fail_sqlite(limbeck_call *call, int rc, const char *prefix);

/* The hint that such a code deserves, or NULL: who holds the lock and what to do about it. */
const char *limbeck_lock_hint(limbeck_call *call, int rc);

/* The whole text of the failure, as SQLite's caller sees it: message, DETAIL, HINT. To be freed
** with sqlite3_free(); NULL: no memory. */
char *limbeck_call_message(const limbeck_call *call);

/* The result code that goes with it. */
int limbeck_call_code(const limbeck_call *call);

/* Answers a function's call with the failure. */
void limbeck_call_report(const limbeck_call *call, sqlite3_context *context);

/* --- statements ---------------------------------------------------------------------------- */

/* The statement of this constant text, reset and without bindings. NULL: failed. */
sqlite3_stmt *limbeck_statement(limbeck_call *call, const char *sql);

/* Finalizes a kept statement, if there is one of this text: what a call asks once keeps no memory. */
void limbeck_drop_statement(limbeck_call *call, const char *sql);

/* Steps to the next row. False: no more rows (the statement is reset), or failed. */
bool limbeck_row(limbeck_call *call, sqlite3_stmt *statement);

/* Binds by a format, one letter a parameter: t text (const char *, NULL is SQL NULL), b bytes as
** text (const char *, size_t), i int64_t, n int64_t or, when it is negative, NULL. The memory bound must live until it is reset. */
bool limbeck_bind(limbeck_call *call, sqlite3_stmt *statement, const char *format, ...);

/* Prepares (or takes the kept one), binds and runs a statement that returns no rows. */
bool limbeck_write(limbeck_call *call, const char *sql, const char *format, ...);

/* False when the statement can be stepped without being compiled anew: a change of settings, of the
** TEMP schema or of an index has not made it useless. A change of main's schema alone does that only to
** a statement that uses a table. */
bool limbeck_may_be_expired(sqlite3_stmt *statement);

/* Runs one statement given as text that isn't kept. */
bool limbeck_exec(limbeck_call *call, const char *sql);

/* --- the databases of the connection ---------------------------------------------------------- */

/* A number that changes with each commit to the database, whoever makes it; it is up to date while a
** statement reads. False: there is none. */
bool limbeck_data_version(limbeck_call *call, const char *schema, unsigned *version);

/* False when nothing TEMP has been made on the connection. */
bool limbeck_has_temp(limbeck_call *call);

/* --- surroundings -------------------------------------------------------------------------- */

/* Milliseconds since 1970, by the clock of SQLite's VFS. */
int64_t limbeck_now(void);

/* The present as YYYY-MM-DDTHH:MM:SS.sssZ. NULL: LIM_NOMEM. */
const char *limbeck_timestamp(limbeck_call *call);

/* The operating system's name for who runs this process. NULL: LIM_NOMEM. */
const char *limbeck_user(limbeck_call *call);

/* 2 * bytes random hexadecimal digits. NULL: LIM_NOMEM. */
const char *limbeck_random(limbeck_call *call, int bytes);

#endif
