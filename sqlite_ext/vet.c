/*
** vet.c - what a body may not do, found out before anything of it runs
*/
#include "vet.h"
#include "functions.h"
#include "pragma.h"
#include "store.h"
#include <string.h>

#define MESSAGE_HINT "Take the statement out of the body."

/* A walk over the tokens of one statement. */
typedef struct token_walk {
    const char *text;
    size_t end;
    lim_token token; /* the present one; END after the last */
} token_walk;

static token_walk walk_begin(const char *text, const lim_statement *statement) {
    return (token_walk){text, statement->end, statement->first};
}

static void walk_next(token_walk *walk) {
    walk->token = lim_lex_significant(LIM_SQLITE, walk->text, walk->end,
                                      walk->token.start + walk->token.length);
}

static bool walk_at(const token_walk *walk, const char *word) {
    return lim_token_is(walk->text, walk->token, word);
}

/* Passes over the word if it is there. */
static bool walk_pass(token_walk *walk, const char *word) {
    if (walk_at(walk, word)) {
        walk_next(walk);
        return true;
    }
    return false;
}

/* A token as a message shows it. */
static const char *show(limbeck_call *call, const char *text, lim_token token) {
    return lim_show_bytes(&call->cx, text + token.start, token.length);
}

/* True when the present token begins like all names of the ledger's and of the functions: few do, and
** no memory is taken for the others. */
static bool begins_as_ours(const token_walk *walk) {
    static const char prefix[] = "migrate_";
    const char *name = walk->text + walk->token.start + (walk->token.kind != LIM_TOKEN_WORD);
    /* longer than any name, quotes included: most strings */
    return walk->token.length >= strlen(prefix) && walk->token.length <= 64 &&
           sqlite3_strnicmp(name, prefix, (int)strlen(prefix)) == 0;
}

/* True when the present token is a name of the ledger's. */
static bool names_ledger(limbeck_call *call, const token_walk *walk) {
    const char *name;
    if (walk->token.kind != LIM_TOKEN_WORD && walk->token.kind != LIM_TOKEN_QUOTED &&
        walk->token.kind != LIM_TOKEN_STRING) {
        return false;
    }
    if (!begins_as_ours(walk)) {
        return false;
    }
    name = lim_token_name(&call->cx, LIM_SQLITE, walk->text, walk->token);
    return name != NULL && limbeck_store_owns(name);
}

/* Passes over `main.` before a name. False: the name is in another database. */
static bool pass_schema(limbeck_call *call, token_walk *walk) {
    token_walk ahead = *walk;
    const char *schema;
    walk_next(&ahead);
    if (ahead.token.kind != LIM_TOKEN_DOT) {
        return true;
    }
    schema = lim_token_name(&call->cx, LIM_SQLITE, walk->text, walk->token);
    walk_next(&ahead);
    *walk = ahead;
    return schema != NULL && sqlite3_stricmp(schema, "main") == 0;
}

static bool is_ledger_table(limbeck_call *call, token_walk *walk) {
    return pass_schema(call, walk) && names_ledger(call, walk);
}

/* ALTER, DROP and CREATE: the object that they make, change or remove, and the table that an index
** or a trigger is for. A trigger may not name the ledger at all. */
static bool changes_ledger_schema(limbeck_call *call, token_walk walk) {
    static const char *const kinds[] = {"table", "index", "view", "trigger"};
    bool create = walk_at(&walk, "create"), index = false, trigger = false, known = false;
    token_walk whole = walk;
    if (!create && !walk_at(&walk, "alter") && !walk_at(&walk, "drop")) {
        return false;
    }
    walk_next(&walk);
    while (walk_pass(&walk, "temp") || walk_pass(&walk, "temporary") ||
           walk_pass(&walk, "unique") || walk_pass(&walk, "virtual")) {
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !known; i++) {
        if (walk_pass(&walk, kinds[i])) {
            known = true;
            index = i == 1;
            trigger = i == 3;
        }
    }
    if (walk_pass(&walk, "if")) {
        walk_pass(&walk, "not");
        walk_pass(&walk, "exists");
    }
    if (is_ledger_table(call, &walk)) {
        return true;
    }
    if (create && index) {
        walk_next(&walk);
        return walk_pass(&walk, "on") && is_ledger_table(call, &walk);
    }
    for (; create && trigger && whole.token.kind != LIM_TOKEN_END; walk_next(&whole)) {
        if (names_ledger(call, &whole)) {
            return true;
        }
    }
    return false;
}

/* INSERT, REPLACE, UPDATE and DELETE, with or without WITH: the table that they change. */
static bool changes_ledger_rows(limbeck_call *call, token_walk walk) {
    while (walk.token.kind != LIM_TOKEN_END) {
        bool update = walk_at(&walk, "update"), remove = walk_at(&walk, "delete");
        if (!update && !remove && !walk_at(&walk, "into")) {
            walk_next(&walk);
            continue;
        }
        walk_next(&walk);
        if (update && walk_pass(&walk, "or")) {
            walk_next(&walk);
        }
        if (remove && !walk_pass(&walk, "from")) {
            continue;
        }
        if (is_ledger_table(call, &walk)) {
            return true;
        }
    }
    return false;
}

static bool changes_ledger(limbeck_call *call, const token_walk *walk) {
    if (walk_at(walk, "create") || walk_at(walk, "alter") || walk_at(walk, "drop")) {
        return changes_ledger_schema(call, *walk);
    }
    if (walk_at(walk, "insert") || walk_at(walk, "replace") || walk_at(walk, "update") ||
        walk_at(walk, "delete") || walk_at(walk, "with")) {
        return changes_ledger_rows(call, *walk);
    }
    return false;
}

/* True when `migrate_` stands anywhere in the text, whatever its case. */
static bool mentions_ledger(const char *text, size_t length) {
    static const char PREFIX[] = "migrate_";
    const size_t before = sizeof PREFIX - 2; /* the underscore */
    for (size_t at = before; at < length; at++) {
        const char *found = memchr(text + at, '_', length - at);
        if (found == NULL) {
            return false;
        }
        if (sqlite3_strnicmp(found - before, PREFIX, (int)before) == 0) {
            return true;
        }
        at = (size_t)(found - text);
    }
    return false;
}

/* Parameters, and calls of functions that write. */
static bool vet_tokens(limbeck_call *call, const limbeck_place *place, token_walk walk) {
    for (; walk.token.kind != LIM_TOKEN_END; walk_next(&walk)) {
        token_walk after = walk;
        const char *name;
        if (walk.token.kind == LIM_TOKEN_PARAMETER) {
            return limbeck_fail_at(call, place, walk.token.start, LIM_NOT_SUPPORTED,
                                   "Write the value itself.", "a body cannot have parameters: %s",
                                   show(call, walk.text, walk.token));
        }
        if (walk.token.kind != LIM_TOKEN_WORD && walk.token.kind != LIM_TOKEN_QUOTED) {
            continue;
        }
        if (!begins_as_ours(&walk)) {
            continue;
        }
        walk_next(&after);
        name = lim_token_name(&call->cx, LIM_SQLITE, walk.text, walk.token);
        if (name != NULL && after.token.kind == LIM_TOKEN_LEFT && limbeck_function_writes(name)) {
            return limbeck_fail_at(call, place, walk.token.start, LIM_NOT_SUPPORTED, MESSAGE_HINT,
                                   "a body cannot call %s()", name);
        }
    }
    return !limbeck_failed(call);
}

/* What no body can do, with the statement that is to be typed instead. */
static bool fail_by_hand(limbeck_call *call, const limbeck_place *place, size_t offset,
                         const char *problem) {
    lim_statement statement = limbeck_place_statement(place);
    const char *typed = lim_show_bytes(&call->cx, place->body->text + statement.start,
                                       statement.end - statement.start);
    bool up = place->revision != NULL && strcmp(place->operation, "upgrade") == 0;
    const char *hint =
        up ? lim_format(&call->cx,
                        "Type it yourself: %s; and take it out of the body, or call "
                        "migrate_stamp(%s) if the body holds nothing else.",
                        typed, lim_literal(&call->cx, place->revision))
           : lim_format(&call->cx, "Type it yourself: %s;%s", typed,
                        place->revision != NULL ? " and take it out of the body." : "");
    return problem == NULL
               ? lim_out_of_memory(&call->cx)
               : limbeck_fail_at(call, place, offset, LIM_NOT_SUPPORTED, hint, "%s", problem);
}

/* Statements that change the file's form or the connection. alone: outside of transactions. */
static bool vet_surroundings(limbeck_call *call, const limbeck_place *place, bool alone,
                             bool marked) {
    lim_statement statement = limbeck_place_statement(place);
    const char *text = place->body->text;
    limbeck_pragma pragma = limbeck_pragma_read(text, &statement);
    if (lim_token_is(text, statement.first, "vacuum")) {
        return fail_by_hand(call, place, statement.start,
                            lim_format(&call->cx, "%s cannot run inside a function",
                                       show(call, text, statement.first)));
    }
    if (lim_token_is(text, statement.first, "attach") ||
        lim_token_is(text, statement.first, "detach")) {
        return limbeck_fail_at(call, place, statement.start, LIM_NOT_SUPPORTED,
                               "Attach the database before the call. An attachment ends with its "
                               "connection, and a body may have to go on in another one.",
                               "%s is not possible in a body", show(call, text, statement.first));
    }
    if (pragma.kind == LIMBECK_PRAGMA_REFUSED) {
        return fail_by_hand(call, place, pragma.name.start,
                            lim_format(&call->cx, "PRAGMA %s %s", show(call, text, pragma.name),
                                       lim_token_is(text, pragma.name, "journal_mode")
                                           ? "cannot run inside a function"
                                           : "is not possible in a body"));
    }
    if (pragma.kind == LIMBECK_PRAGMA_ALONE && place->revision == NULL) {
        return fail_by_hand(call, place, pragma.name.start,
                            lim_format(&call->cx, "PRAGMA %s is not possible in a transaction",
                                       show(call, text, pragma.name)));
    }
    if (pragma.kind == LIMBECK_PRAGMA_ALONE && !alone) {
        return limbeck_fail_at(call, place, pragma.name.start, LIM_NOT_SUPPORTED,
                               marked ? "Put it outside of BEGIN and COMMIT."
                                      : "Mark the body transaction:false, and store it again.",
                               "PRAGMA %s is not possible in a transaction",
                               show(call, text, pragma.name));
    }
    return !limbeck_failed(call);
}

/* unit: what the statement belongs to in a body marked transaction:false, else NULL. */
static bool vet_statement(limbeck_call *call, const limbeck_place *place, const lim_unit *unit,
                          limbeck_vetted *vetted) {
    lim_statement statement = limbeck_place_statement(place);
    const char *text = place->body->text;
    limbeck_pragma pragma = limbeck_pragma_read(text, &statement);
    token_walk walk = walk_begin(text, &statement);
    if (unit == NULL && lim_statement_controls_transaction(LIM_SQLITE, text, &statement)) {
        return limbeck_fail_at(call, place, statement.start, LIM_NOT_SUPPORTED,
                               "A body runs in one transaction as a whole. Only one BEGIN at its "
                               "start and one COMMIT at its end may stand in it.",
                               "%s is not possible in a body", show(call, text, statement.first));
    }
    if (!vet_surroundings(call, place, unit != NULL && !unit->block, unit != NULL)) {
        return false;
    }
    if (pragma.kind == LIMBECK_PRAGMA_SETTING && pragma.setting == SQLITE_DBCONFIG_ENABLE_FKEY &&
        !pragma.on) {
        vetted->suspends_foreign_keys = true;
    }
    if (vetted->mentions_ledger && changes_ledger(call, &walk)) {
        return limbeck_fail_at(call, place, statement.start, LIM_NOT_SUPPORTED, MESSAGE_HINT,
                               "a body cannot change Limbeck's ledger");
    }
    return vet_tokens(call, place, walk);
}

bool limbeck_vet(limbeck_call *call, const limbeck_place *place, const lim_unit *units,
                 limbeck_vetted *vetted) {
    limbeck_place at = *place;
    *vetted = (limbeck_vetted){.mentions_ledger = mentions_ledger(at.body->text, at.body->length)};
    for (at.statement = 0; at.statement < at.body->count; at.statement++) {
        if (units != NULL && at.statement > units->last) {
            units++;
        }
        if (!vet_statement(call, &at, units, vetted)) {
            return false;
        }
    }
    return true;
}

/* --- triggers that are there already --------------------------------------------------------- */

void limbeck_watch_begin(limbeck_call *call) {
    call->watch = call->ledger_read = call->dependents = false;
    call->looked_for_watch = true;
}

void limbeck_watch_note(limbeck_call *call, const char *type, const char *sql) {
    bool trigger = strcmp(type, "trigger") == 0;
    if (!trigger && strcmp(type, "view") != 0) {
        return;
    }
    call->dependents = true;
    if (sql != NULL && mentions_ledger(sql, strlen(sql))) {
        call->ledger_read = true;
        call->watch = call->watch || trigger;
    }
}

static bool look_at(limbeck_call *call, const char *question) {
    sqlite3_stmt *row = limbeck_statement(call, question);
    while (row != NULL && limbeck_row(call, row)) {
        const char *type = (const char *)sqlite3_column_text(row, 0);
        if (type != NULL) {
            limbeck_watch_note(call, type, (const char *)sqlite3_column_text(row, 1));
        }
    }
    return !limbeck_failed(call);
}

bool limbeck_watch_look(limbeck_call *call) {
    static const char SELECT_MAIN[] =
        "SELECT type, sql FROM main.sqlite_master WHERE type IN ('trigger', 'view')";
    static const char SELECT_TEMP[] =
        "SELECT type, sql FROM sqlite_temp_master WHERE type IN ('trigger', 'view')";
    if (call->looked_for_watch) {
        return true;
    }
    limbeck_watch_begin(call);
    return look_at(call, SELECT_MAIN) && (!limbeck_has_temp(call) || look_at(call, SELECT_TEMP));
}

/* True when page is the root of a ledger table or index. */
static bool is_ledger_page(limbeck_call *call, int64_t page) {
    static const char SELECT_PAGE[] = "SELECT tbl_name FROM main.sqlite_master WHERE rootpage = ?";
    sqlite3_stmt *row = limbeck_statement(call, SELECT_PAGE);
    bool found = false;
    if (row != NULL && limbeck_bind(call, row, "i", page) && limbeck_row(call, row)) {
        found = limbeck_store_owns((const char *)sqlite3_column_text(row, 0));
        sqlite3_reset(row);
    }
    return found;
}

bool limbeck_watch_statement(limbeck_call *call, const limbeck_place *place) {
    lim_statement statement = limbeck_place_statement(place);
    sqlite3_stmt *row = NULL;
    bool writes = false;
    char *sql;
    int rc;
    if (lim_token_is(place->body->text, statement.first, "explain")) {
        return true;
    }
    sql = sqlite3_mprintf("EXPLAIN %.*s", (int)(statement.end - statement.start),
                          place->body->text + statement.start);
    if (sql == NULL) {
        return lim_out_of_memory(&call->cx);
    }
    rc = sqlite3_prepare_v2(call->db, sql, -1, &row, NULL);
    sqlite3_free(sql);
    /* What cannot be prepared fails again, with its place, when it is to run. */
    while (rc == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
        const char *opcode = (const char *)sqlite3_column_text(row, 1);
        if (opcode == NULL) {
            sqlite3_finalize(row);
            return lim_out_of_memory(&call->cx);
        }
        if (strcmp(opcode, "OpenWrite") == 0 && sqlite3_column_int(row, 4) == 0) {
            writes = writes || is_ledger_page(call, sqlite3_column_int64(row, 3));
        } else if (strcmp(opcode, "Clear") == 0 && sqlite3_column_int(row, 3) == 0) {
            writes = writes || is_ledger_page(call, sqlite3_column_int64(row, 2));
        }
    }
    sqlite3_finalize(row);
    if (writes) {
        return limbeck_fail_at(call, place, statement.start, LIM_NOT_SUPPORTED,
                               "A trigger does it. Drop the trigger.",
                               "a body cannot change Limbeck's ledger");
    }
    return !limbeck_failed(call);
}
