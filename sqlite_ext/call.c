/*
** call.c - one call of a migrate_ function: its memory, its error, its statements
*/
#define _POSIX_C_SOURCE 200809L /* getpwuid_r */
#include "call.h"
#include "preflight.h"
#include "store_cache.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
#include <pwd.h>
#include <unistd.h>
#endif

/* --- memory and error ------------------------------------------------------------------------ */

static void *take_block(void *host, size_t size) {
    (void)host;
    return sqlite3_malloc64(size);
}

static void give_block(void *host, void *block) {
    (void)host;
    sqlite3_free(block);
}

void limbeck_call_begin(limbeck_call *call, limbeck_connection *connection, const char *function) {
    lim_allocator allocator = {take_block, give_block, NULL};
    memset(call, 0, sizeof *call);
    call->db = connection->db;
    call->connection = connection;
    call->function = function;
    lim_context_begin(&call->cx, &allocator);
}

void limbeck_call_drop_statements(limbeck_call *call) {
    for (uint32_t i = 0; i < call->kept_count; i++) {
        sqlite3_finalize(call->kept[i].statement);
    }
    call->kept_count = 0;
}

bool limbeck_call_lend(limbeck_call *call, lim_context *kept) {
    if (limbeck_user(call) == NULL) { /* asked once, so it must stay */
        return false;
    }
    *kept = call->cx;
    call->timestamp = NULL;
    lim_context_begin(&call->cx, &kept->allocator);
    return true;
}

void limbeck_call_take_back(limbeck_call *call, lim_context *kept) {
    lim_error error = call->cx.error;
    if (error.code == LIM_NOMEM) {
        lim_out_of_memory(kept);
    } else if (error.code != LIM_OK) {
        lim_fail(kept, error.code, error.hint != NULL ? lim_copy_string(kept, error.hint) : NULL,
                 "%s", error.message);
        if (error.detail != NULL) {
            lim_fail_detail(kept, "%s", error.detail);
        }
    }
    lim_context_end(&call->cx);
    call->timestamp = NULL;
    call->cx = *kept;
}

void limbeck_call_end(limbeck_call *call) {
    limbeck_call_drop_statements(call);
    lim_context_end(&call->cx);
    limbeck_cache_release(call->cache);
    call->cache = NULL;
}

bool limbeck_failed(const limbeck_call *call) {
    return call->cx.error.code != LIM_OK;
}

const char *limbeck_lock_hint(limbeck_call *call, int rc) {
    const char *open;
    if (rc == SQLITE_BUSY_SNAPSHOT) {
        return "This connection reads an older state of the database: another one has written "
               "since "
               "its transaction or its query began. Finish or roll it back, then call again.";
    }
    if (rc == SQLITE_LOCKED_SHAREDCACHE) {
        return "Another connection of the same shared cache reads the table. Finish its "
               "statements, "
               "then call again.";
    }
    switch (rc & 0xff) {
    case SQLITE_BUSY:
        return "Another connection is using the database. Call again when it is done, or let "
               "SQLite "
               "wait: PRAGMA busy_timeout = 5000.";
    case SQLITE_LOCKED:
        open = limbeck_open_statement(call);
        if (open != NULL) {
            return lim_format(&call->cx,
                              "A statement is still open on this connection: \"%s\". Fetch all its "
                              "rows or close its cursor, then call again.",
                              open);
        }
        return "A statement that reads is still open on this connection. Fetch all its rows or "
               "close its cursor, then call again.";
    case SQLITE_READONLY:
        return "The database can only be read: look at the file's rights, the way it was opened "
               "and PRAGMA query_only.";
    default:
        return NULL;
    }
}

const char *limbeck_sqlite_error(limbeck_call *call, int *rc) {
    int extended = sqlite3_extended_errcode(call->db);
    if (limbeck_failed(call)) {
        return NULL;
    }
    if ((extended & 0xff) == (*rc & 0xff)) {
        *rc = extended;
    }
    if ((*rc & 0xff) == SQLITE_NOMEM) {
        call->code = SQLITE_NOMEM;
        lim_out_of_memory(&call->cx);
        return NULL;
    }
    call->code = *rc;
    /* lim_show() cuts long texts; SQLite's own messages are to be seen whole. */
    return lim_copy_string(&call->cx, sqlite3_errmsg(call->db));
}

bool limbeck_fail_sqlite(limbeck_call *call, int rc, const char *prefix) {
    const char *message = limbeck_sqlite_error(call, &rc);
    if (message == NULL) {
        return false;
    }
    if (prefix != NULL) {
        return lim_fail(&call->cx, LIM_STATE, limbeck_lock_hint(call, rc), "%s: %s", prefix,
                        message);
    }
    return lim_fail(&call->cx, LIM_STATE, limbeck_lock_hint(call, rc), "%s", message);
}

char *limbeck_call_message(const limbeck_call *call) {
    const lim_error *e = &call->cx.error;
    return sqlite3_mprintf("%s%s%s%s%s", e->message, e->detail != NULL ? "\nDETAIL:  " : "",
                           e->detail != NULL ? e->detail : "", e->hint != NULL ? "\nHINT:  " : "",
                           e->hint != NULL ? e->hint : "");
}

int limbeck_call_code(const limbeck_call *call) {
    switch (call->cx.error.code) {
    case LIM_NOMEM:
        return SQLITE_NOMEM;
    case LIM_TOO_BIG:
        return SQLITE_TOOBIG;
    default:
        break;
    }
    /* SQLITE_SCHEMA would make SQLite run the caller's statement again. */
    switch (call->code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
    case SQLITE_SCHEMA:
        return SQLITE_ERROR;
    default:
        return call->code;
    }
}

void limbeck_call_report(const limbeck_call *call, sqlite3_context *context) {
    char *message = NULL;
    if (call->cx.error.code != LIM_NOMEM) {
        message = limbeck_call_message(call);
    }
    if (message == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    sqlite3_result_error(context, message, -1);
    sqlite3_result_error_code(context, limbeck_call_code(call));
    sqlite3_free(message);
}

/* --- statements ------------------------------------------------------------------------------ */

sqlite3_stmt *limbeck_statement(limbeck_call *call, const char *sql) {
    sqlite3_stmt *statement = NULL;
    int rc;
    if (limbeck_failed(call)) {
        return NULL;
    }
    for (uint32_t i = 0; i < call->kept_count; i++) {
        if (call->kept[i].sql == sql) {
            sqlite3_reset(call->kept[i].statement);
            sqlite3_clear_bindings(call->kept[i].statement);
            return call->kept[i].statement;
        }
    }
    rc = sqlite3_prepare_v2(call->db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK) {
        limbeck_fail_sqlite(call, rc, NULL);
        return NULL;
    }
    if (call->kept_count == LIMBECK_STATEMENTS) {
        sqlite3_finalize(call->kept[0].statement);
        call->kept[0] = call->kept[--call->kept_count];
    }
    call->kept[call->kept_count++] = (limbeck_kept){sql, statement};
    return statement;
}

void limbeck_drop_statement(limbeck_call *call, const char *sql) {
    for (uint32_t i = 0; i < call->kept_count; i++) {
        if (call->kept[i].sql == sql) {
            sqlite3_finalize(call->kept[i].statement);
            call->kept[i] = call->kept[--call->kept_count];
            return;
        }
    }
}

bool limbeck_row(limbeck_call *call, sqlite3_stmt *statement) {
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        return true;
    }
    if (rc != SQLITE_DONE) {
        limbeck_fail_sqlite(call, rc, NULL);
    }
    sqlite3_reset(statement);
    return false;
}

static bool bind_all(limbeck_call *call, sqlite3_stmt *statement, const char *format,
                     va_list args) {
    for (int i = 0; format[i] != '\0'; i++) {
        const char *text;
        int64_t number;
        int rc;
        switch (format[i]) {
        case 't':
            text = va_arg(args, const char *);
            rc = sqlite3_bind_text(statement, i + 1, text, -1, SQLITE_STATIC);
            break;
        case 'b':
            text = va_arg(args, const char *);
            rc = sqlite3_bind_text64(statement, i + 1, text, va_arg(args, size_t), SQLITE_STATIC,
                                     SQLITE_UTF8);
            break;
        default:
            number = va_arg(args, int64_t);
            rc = format[i] == 'n' && number < 0 ? sqlite3_bind_null(statement, i + 1)
                                                : sqlite3_bind_int64(statement, i + 1, number);
            break;
        }
        if (rc != SQLITE_OK) {
            return limbeck_fail_sqlite(call, rc, NULL);
        }
    }
    return true;
}

bool limbeck_bind(limbeck_call *call, sqlite3_stmt *statement, const char *format, ...) {
    va_list args;
    bool ok;
    va_start(args, format);
    ok = bind_all(call, statement, format, args);
    va_end(args);
    return ok;
}

bool limbeck_write(limbeck_call *call, const char *sql, const char *format, ...) {
    sqlite3_stmt *statement = limbeck_statement(call, sql);
    va_list args;
    bool ok;
    if (statement == NULL) {
        return false;
    }
    va_start(args, format);
    ok = bind_all(call, statement, format, args);
    va_end(args);
    while (ok && limbeck_row(call, statement)) {
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return !limbeck_failed(call);
}

/* The question is deprecated, and a library may be built without its answer. */
bool limbeck_may_be_expired(sqlite3_stmt *statement) {
#ifdef SQLITE_OMIT_DEPRECATED
    (void)statement;
    return true;
#else
#ifndef SQLITE_CORE
    if (sqlite3_api->expired == NULL) {
        return true;
    }
#endif
    return sqlite3_expired(statement) != 0;
#endif
}

bool limbeck_exec(limbeck_call *call, const char *sql) {
    int rc;
    if (limbeck_failed(call)) {
        return false;
    }
    rc = sqlite3_exec(call->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK || limbeck_fail_sqlite(call, rc, NULL);
}

/* --- the databases of the connection ----------------------------------------------------------- */

bool limbeck_data_version(limbeck_call *call, const char *schema, unsigned *version) {
    *version = 0;
    return sqlite3_file_control(call->db, schema, SQLITE_FCNTL_DATA_VERSION, version) == SQLITE_OK;
}

bool limbeck_has_temp(limbeck_call *call) {
    unsigned version;
    return limbeck_data_version(call, "temp", &version);
}

/* --- surroundings ---------------------------------------------------------------------------- */

int64_t limbeck_now(void) {
    /* Julian day 2440587.5 is the first of January 1970. */
    const int64_t epoch = INT64_C(210866760000000);
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    sqlite3_int64 now = 0;
    if (vfs->iVersion >= 2 && vfs->xCurrentTimeInt64 != NULL) {
        vfs->xCurrentTimeInt64(vfs, &now);
    } else {
        double days = 0;
        vfs->xCurrentTime(vfs, &days);
        now = (sqlite3_int64)(days * 86400000.0);
    }
    return now - epoch;
}

/* The last digits of a number. */
static void put_digits(char *at, int digits, int number) {
    for (; digits > 0; number /= 10) {
        at[--digits] = (char)('0' + number % 10);
    }
}

static const char *spell_time(limbeck_call *call, int64_t now) {
    char text[] = "0000-00-00T00:00:00.000Z";
    int64_t days, rest;
    now = now < 0 ? 0 : now; /* a clock that is wrong tells the first second */
    days = now / 86400000;
    rest = now % 86400000;
    /* Civil date of a day number, in 400-year eras that begin on the first of March. */
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t of_era = shifted % 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * of_year + 2) / 153;
    int day = (int)(of_year - (153 * march_month + 2) / 5 + 1);
    int month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    int year = (int)(era * 400 + year_of_era + (month <= 2));
    put_digits(text, 4, year);
    put_digits(text + 5, 2, month);
    put_digits(text + 8, 2, day);
    put_digits(text + 11, 2, (int)(rest / 3600000));
    put_digits(text + 14, 2, (int)(rest / 60000 % 60));
    put_digits(text + 17, 2, (int)(rest / 1000 % 60));
    put_digits(text + 20, 3, (int)(rest % 1000));
    return lim_copy_string(&call->cx, text);
}

/* Steps often follow each other within a millisecond. */
const char *limbeck_timestamp(limbeck_call *call) {
    int64_t now = limbeck_now();
    if (call->timestamp == NULL || now != call->now) {
        call->now = now;
        call->timestamp = spell_time(call, now);
    }
    return call->timestamp;
}

static const char *ask_user(limbeck_call *call) {
#ifdef _WIN32
    const char *name = getenv("USERNAME");
    return lim_copy_string(&call->cx, name != NULL ? name : "unknown");
#else
    char buffer[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != NULL &&
        lim_utf8_valid(found->pw_name, strlen(found->pw_name), NULL)) {
        return lim_copy_string(&call->cx, found->pw_name);
    }
    return lim_format(&call->cx, "uid %lu", (unsigned long)geteuid());
#endif
}

/* Asked once a call: every log row needs it, and it means reading files. */
const char *limbeck_user(limbeck_call *call) {
    if (call->user == NULL) {
        call->user = ask_user(call);
    }
    return call->user;
}

const char *limbeck_random(limbeck_call *call, int bytes) {
    unsigned char raw[16];
    char hex[2 * sizeof raw + 1] = "";
    if (bytes > (int)sizeof raw) {
        bytes = (int)sizeof raw;
    }
    sqlite3_randomness(bytes, raw);
    for (int i = 0; i < bytes; i++) {
        static const char digits[] = "0123456789abcdef";
        hex[2 * i] = digits[raw[i] >> 4];
        hex[2 * i + 1] = digits[raw[i] & 15];
        hex[2 * i + 2] = '\0';
    }
    return lim_copy_string(&call->cx, hex);
}
