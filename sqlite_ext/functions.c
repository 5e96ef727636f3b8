/*
** functions.c - the scalar functions: the way of every call
**
** Arguments, preflight, work, result, commit; then, on every path, the end of the transaction and
** the answer. A function that only reads has no preflight and nothing to commit.
*/
#include "functions.h"
#include "preflight.h"
#include "transaction.h"
#include <string.h>

enum { READS, WRITES, RUNS_BODIES /* no other statement may be reading beside it */ };

typedef struct limbeck_function {
    const char *name;
    limbeck_work *work;
    int does;
    int argument_count;
    const char *arguments[LIMBECK_ARGUMENTS]; /* their names, for messages */
} limbeck_function;

static const limbeck_function functions[] = {
    {"migrate_revision",
     limbeck_revision,
     WRITES,
     8,
     {"message", "upgrade", "downgrade", "rev_id", "head", "splice", "branch_label", "depends_on"}},
    {"migrate_merge", limbeck_merge, WRITES, 4, {"revisions", "message", "rev_id", "branch_label"}},
    {"migrate_edit", limbeck_edit, WRITES, 4, {"revision", "upgrade", "downgrade", "message"}},
    {"migrate_delete", limbeck_delete, WRITES, 1, {"revision"}},
    {"migrate_load", limbeck_load, WRITES, 2, {"script", "name"}},
    {"migrate_load_dir", limbeck_load_dir, WRITES, 2, {"path", "format"}},
    {"migrate_import", limbeck_import, WRITES, 3, {"tool", "upgrade_sql", "downgrade_sql"}},
    {"migrate_adopt", limbeck_adopt, WRITES, 2, {"tool", "table"}},
    {"migrate_upgrade", limbeck_upgrade, RUNS_BODIES, 1, {"target"}},
    {"migrate_downgrade", limbeck_downgrade, RUNS_BODIES, 1, {"target"}},
    {"migrate_exec", limbeck_exec_call, RUNS_BODIES, 1, {"sql"}},
    {"migrate_stamp", limbeck_stamp, WRITES, 2, {"target", "purge"}},
    {"migrate_resolve", limbeck_resolve, WRITES, 2, {"revision", "outcome"}},
    {"migrate_upgrade_sql", limbeck_upgrade_sql, READS, 1, {"range"}},
    {"migrate_downgrade_sql", limbeck_downgrade_sql, READS, 1, {"range"}},
};

enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

bool limbeck_function_writes(const char *name) {
    for (int i = 0; i < FUNCTION_COUNT; i++) {
        if (functions[i].does != READS && sqlite3_stricmp(functions[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* --- arguments ------------------------------------------------------------------------------- */

/* The same as limbeck_argument() for what may be large: no NUL is behind it, for which SQLite may have to
** copy it. */
static bool argument_body(limbeck_call *call, sqlite3_value *value, const char *name,
                          lim_bytes *argument) {
    int type = sqlite3_value_type(value);
    *argument = (lim_bytes){NULL, 0};
    if (type == SQLITE_NULL) {
        return true;
    }
    if (type == SQLITE_BLOB) {
        return lim_fail(&call->cx, LIM_INVALID,
                        "If it is text, say so: CAST(... AS TEXT), as around readfile(...).",
                        "argument \"%s\" of %s() must be text, not a blob", name, call->function);
    }
    if (type == SQLITE_FLOAT) {
        return lim_fail(&call->cx, LIM_INVALID, "Write it in quotes.",
                        "argument \"%s\" of %s() must be text, not a real number", name,
                        call->function);
    }
    /* The first makes it UTF-8, the second leaves it where it is. */
    argument->length = (size_t)sqlite3_value_bytes(value);
    argument->text =
        argument->length > 0 ? sqlite3_value_blob(value) : (const char *)sqlite3_value_text(value);
    if (argument->text == NULL) {
        return lim_out_of_memory(&call->cx);
    }
    if (memchr(argument->text, '\0', argument->length) != NULL) {
        return lim_fail(&call->cx, LIM_INVALID, NULL, "argument \"%s\" of %s() holds a NUL byte",
                        name, call->function);
    }
    if (!lim_utf8_valid(argument->text, argument->length, NULL)) {
        return lim_fail(&call->cx, LIM_INVALID, NULL, "argument \"%s\" of %s() is not valid UTF-8",
                        name, call->function);
    }
    return true;
}

bool limbeck_argument(limbeck_call *call, sqlite3_value *value, const char *name,
                      lim_bytes *argument) {
    if (!argument_body(call, value, name, argument)) {
        return false;
    }
    if (argument->text != NULL) {
        argument->text = (const char *)sqlite3_value_text(value);
        return argument->text != NULL || lim_out_of_memory(&call->cx);
    }
    return true;
}

bool limbeck_argument_flag(limbeck_call *call, const lim_bytes *argument, const char *name,
                           bool *flag) {
    static const char *const words[2][6] = {{"0", "false", "no", "off", "f", "n"},
                                            {"1", "true", "yes", "on", "t", "y"}};
    *flag = false;
    if (argument->text == NULL) {
        return true;
    }
    for (int value = 0; value < 2; value++) {
        for (int i = 0; i < 6; i++) {
            if (sqlite3_stricmp(argument->text, words[value][i]) == 0) {
                *flag = value != 0;
                return true;
            }
        }
    }
    return lim_fail(&call->cx, LIM_INVALID, "Write 1 or 0.",
                    "argument \"%s\" of %s() must be true or false, not \"%s\"", name,
                    call->function, lim_show(&call->cx, argument->text));
}

/* True for an argument that may be large. */
static bool is_body(const char *name) {
    static const char *const names[] = {"upgrade",     "downgrade",     "script", "sql",
                                        "upgrade_sql", "downgrade_sql", NULL};
    int i = 0;
    while (names[i] != NULL && strcmp(names[i], name) != 0) {
        i++;
    }
    return names[i] != NULL;
}

static bool read_arguments(limbeck_call *call, const limbeck_function *function, int count,
                           sqlite3_value **values, limbeck_arguments arguments) {
    if (count > function->argument_count) {
        return lim_fail(&call->cx, LIM_INVALID, NULL, "%s() takes at most %d argument%s, not %d",
                        function->name, function->argument_count,
                        function->argument_count == 1 ? "" : "s", count);
    }
    for (int i = 0; i < count; i++) {
        const char *name = function->arguments[i];
        if (!(is_body(name) ? argument_body(call, values[i], name, &arguments[i])
                            : limbeck_argument(call, values[i], name, &arguments[i]))) {
            return false;
        }
    }
    return true;
}

/* --- a call ---------------------------------------------------------------------------------- */

/* What a registered function knows: the connection and which one it is. */
typedef struct function_binding {
    limbeck_connection *connection;
    const limbeck_function *function;
} function_binding;

static void release_binding(void *data) {
    function_binding *binding = data;
    limbeck_connection_release(binding->connection);
    sqlite3_free(binding);
}

static void call_function(sqlite3_context *context, int count, sqlite3_value **values) {
    const function_binding *binding = sqlite3_user_data(context);
    limbeck_arguments arguments = {{NULL, 0}};
    const char *result = NULL;
    bool writes = binding->function->does != READS;
    limbeck_call call;
    bool ok;
    limbeck_call_begin(&call, binding->connection, binding->function->name);
    ok = read_arguments(&call, binding->function, count, values, arguments) &&
         (!writes || limbeck_preflight(&call, binding->function->does == RUNS_BODIES));
    if (ok) {
        binding->connection->busy = binding->connection->busy || writes;
        ok = binding->function->work(&call, arguments, &result) && result != NULL;
        if (ok) {
            sqlite3_result_text64(context, result, strlen(result), SQLITE_TRANSIENT, SQLITE_UTF8);
            ok = !call.transaction.open || limbeck_transaction_commit(&call);
        }
        limbeck_transaction_end(&call);
        binding->connection->busy = binding->connection->busy && !writes;
    }
    if (!ok) {
        limbeck_call_report(&call, context);
    }
    limbeck_call_end(&call);
}

int limbeck_functions_register(limbeck_connection *connection) {
    int rc = SQLITE_OK;
    for (int i = 0; i < FUNCTION_COUNT && rc == SQLITE_OK; i++) {
        function_binding *binding = sqlite3_malloc64(sizeof *binding);
        if (binding == NULL) {
            return SQLITE_NOMEM;
        }
        *binding = (function_binding){limbeck_connection_keep(connection), &functions[i]};
        /* SQLite calls release_binding() when it fails, too. */
        rc = sqlite3_create_function_v2(connection->db, functions[i].name, -1,
                                        SQLITE_UTF8 | SQLITE_DIRECTONLY, binding, call_function,
                                        NULL, NULL, release_binding);
    }
    return rc;
}

void limbeck_functions_unregister(sqlite3 *db) {
    for (int i = 0; i < FUNCTION_COUNT; i++) {
        sqlite3_create_function_v2(db, functions[i].name, -1, SQLITE_UTF8, NULL, NULL, NULL, NULL,
                                   NULL);
    }
}
