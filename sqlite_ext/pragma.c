/*
** pragma.c - what a PRAGMA in a body may do
*/
#include "pragma.h"
#include "host.h"
#include <stdlib.h>
#include <string.h>

/* Pragmas that only ask, or that are transactional. */
static const char *const plain_pragmas[] = {
    "analysis_limit",     "application_id",    "collation_list",   "compile_options",
    "defer_foreign_keys", "foreign_key_check", "foreign_key_list", "function_list",
    "index_info",         "index_list",        "index_xinfo",      "integrity_check",
    "module_list",        "optimize",          "pragma_list",      "quick_check",
    "table_info",         "table_list",        "table_xinfo",      "user_version",
};

static bool is_plain(const char *text, lim_token name) {
    for (size_t i = 0; i < sizeof plain_pragmas / sizeof plain_pragmas[0]; i++) {
        if (lim_token_is(text, name, plain_pragmas[i])) {
            return true;
        }
    }
    return false;
}

/* SQLite's own reading of a truth value. */
static bool is_true(const char *text, lim_token value) {
    static const char *const words[] = {"on", "yes", "true"};
    const char *start = text + value.start;
    size_t length = value.length;
    if (length >= 2 && (value.kind == LIM_TOKEN_STRING || value.kind == LIM_TOKEN_QUOTED)) {
        start++;
        length -= 2;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (length == strlen(words[i]) && sqlite3_strnicmp(start, words[i], (int)length) == 0) {
            return true;
        }
    }
    return length > 0 && length < 20 && *start >= '0' && *start <= '9' && atoi(start) != 0;
}

limbeck_pragma limbeck_pragma_read(const char *text, const lim_statement *statement) {
    limbeck_pragma pragma = {.kind = LIMBECK_NO_PRAGMA};
    lim_token token;
    if (!lim_token_is(text, statement->first, "pragma")) {
        return pragma;
    }
#define NEXT_TOKEN(t) lim_lex_significant(LIM_SQLITE, text, statement->end, (t).start + (t).length)
    pragma.name = NEXT_TOKEN(statement->first);
    token = NEXT_TOKEN(pragma.name);
    if (token.kind == LIM_TOKEN_DOT) {
        pragma.name = NEXT_TOKEN(token);
        token = NEXT_TOKEN(pragma.name);
    }
    if (lim_token_is(text, pragma.name, "foreign_keys")) {
        pragma.setting = SQLITE_DBCONFIG_ENABLE_FKEY;
    } else if (lim_token_is(text, pragma.name, "legacy_alter_table")) {
        pragma.setting = SQLITE_DBCONFIG_LEGACY_ALTER_TABLE;
    } else {
        pragma.kind = is_plain(text, pragma.name)                         ? LIMBECK_PRAGMA_PLAIN
                      : lim_token_is(text, pragma.name, "wal_checkpoint") ? LIMBECK_PRAGMA_ALONE
                                                                          : LIMBECK_PRAGMA_REFUSED;
        return pragma;
    }
    if (token.kind == LIM_TOKEN_END) {
        pragma.kind = LIMBECK_PRAGMA_PLAIN; /* a question */
        return pragma;
    }
    pragma.kind = LIMBECK_PRAGMA_SETTING;
    pragma.on = is_true(text, NEXT_TOKEN(token));
#undef NEXT_TOKEN
    return pragma;
}
