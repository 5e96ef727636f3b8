/*
** alter_depend.c - views and triggers around an ALTER TABLE
*/
#include "alter_depend.h"
#include "transaction.h"
#include <string.h>

/* --- compiling ----------------------------------------------------------------------------- */

/* `"a" = "a", "b" = "b"`: an UPDATE that fires every UPDATE trigger. Of a view that is broken any
** assignment shows that. NULL: no column, or no memory. */
static const char *assignments(limbeck_call *call, const char *schema, const char *name) {
    lim_text t = {.cx = &call->cx};
    sqlite3_stmt *s = NULL;
    char *sql = sqlite3_mprintf("SELECT name FROM pragma_table_xinfo(%Q, %Q) WHERE hidden = 0",
                                name, schema);
    int rc = SQLITE_NOMEM;
    if (sql != NULL)
        rc = sqlite3_prepare_v2(call->db, sql, -1, &s, NULL);
    sqlite3_free(sql);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW) {
            char *column = sqlite3_mprintf("\"%w\"", sqlite3_column_text(s, 0));
            if (column != NULL)
                lim_text_addf(&t, "%s%s = %s", t.length > 0 ? ", " : "", column, column);
            sqlite3_free(column);
        }
    }
    sqlite3_finalize(s);
    if (rc == SQLITE_ERROR)
        return "\"rowid\" = 0";
    if (rc != SQLITE_DONE)
        limbeck_fail_sqlite(call, rc, NULL);
    return t.length > 0 && !limbeck_failed(call) ? lim_text_end(&t) : NULL;
}

/* Compiles one use. *problem is SQLite's message, or NULL. */
static bool compile(limbeck_call *call, const limbeck_dependent *use, const char *assigned,
                    const char **problem) {
    static const char *const formats[] = {
        "EXPLAIN SELECT * FROM \"%w\".\"%w\"",
        "EXPLAIN INSERT INTO \"%w\".\"%w\" DEFAULT VALUES",
        "EXPLAIN UPDATE \"%w\".\"%w\" SET %s",
        "EXPLAIN DELETE FROM \"%w\".\"%w\"",
    };
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf(formats[use->use], use->schema, use->name, assigned);
    int rc = SQLITE_NOMEM;
    *problem = NULL;
    if (sql != NULL)
        rc = sqlite3_prepare_v2(call->db, sql, -1, &statement, NULL);
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    if (rc == SQLITE_OK)
        return true;
    if (sql == NULL)
        return lim_out_of_memory(&call->cx);
    /* The application's authorizer may forbid to look at something: it did so before, too. */
    if (rc != SQLITE_ERROR && rc != SQLITE_AUTH)
        return limbeck_fail_sqlite(call, rc, NULL);
    *problem = lim_copy_string(&call->cx, sqlite3_errmsg(call->db));
    return *problem != NULL;
}

static bool add_use(limbeck_call *call, limbeck_dependents *found, limbeck_dependent use) {
    const char *assigned = NULL;
    if (use.use == LIMBECK_UPDATE) {
        assigned = assignments(call, use.schema, use.name);
        if (assigned == NULL)
            return !limbeck_failed(call);
    }
    if (!compile(call, &use, assigned, &use.problem) ||
        !lim_grow(&call->cx, &found->items, &found->capacity, found->count + 1, sizeof use))
        return false;
    found->items[found->count++] = use;
    return true;
}

/* The three ways of writing to a table or view. */
static bool add_writes(limbeck_call *call, limbeck_dependents *found, const char *schema,
                       const char *name, bool is_view) {
    for (limbeck_use use = LIMBECK_INSERT; use <= LIMBECK_DELETE; use++) {
        limbeck_dependent one = {schema, name, is_view, use, NULL};
        if (!add_use(call, found, one))
            return false;
    }
    return true;
}

/* --- what there is ------------------------------------------------------------------------- */

/* A view or trigger, as its schema holds it. */
typedef struct object {
    const char *schema;
    const char *name;
    const char *on; /* a trigger's table or view; NULL: it is a view */
    const char *sql;
    bool concerned; /* it may use the table, by way of a view too */
} object;

typedef struct objects {
    object *items;
    uint32_t count;
    uint32_t capacity;
} objects;

static bool read_objects(limbeck_call *call, const char *schema, objects *all) {
    sqlite3_stmt *s = limbeck_ask(call,
                                  "SELECT name, iif(type = 'view', NULL, tbl_name), sql FROM"
                                  " \"%w\".sqlite_master WHERE type IN ('view', 'trigger')",
                                  schema);
    while (limbeck_answer(call, &s)) {
        object one = {.schema = schema,
                      .name = limbeck_answer_text(call, s, 0),
                      .on = limbeck_answer_text(call, s, 1),
                      .sql = limbeck_answer_text(call, s, 2)};
        if (one.name == NULL || one.sql == NULL ||
            !lim_grow(&call->cx, &all->items, &all->capacity, all->count + 1, sizeof one))
            continue;
        all->items[all->count++] = one;
    }
    return !limbeck_failed(call);
}

/* True when the text has the name in it. One with quotes in it may be written in several ways. */
static bool has_name(const char *sql, const char *name) {
    int length = (int)strlen(name);
    if (strpbrk(name, "\"'`]") != NULL)
        return true;
    for (; *sql != '\0'; sql++)
        if (sqlite3_strnicmp(sql, name, length) == 0)
            return true;
    return false;
}

/* Marks what has the table's name in its text, or that of a view which has: the rest can't change. */
static void mark_concerned(objects *all, const char *name) {
    for (uint32_t i = 0; i < all->count; i++) {
        object *one = &all->items[i];
        if (one->concerned || !has_name(one->sql, name))
            continue;
        one->concerned = true;
        if (one->on == NULL)
            mark_concerned(all, one->name);
    }
}

/* Compiles the uses of one object: a view's SELECT, the writes to what a trigger is on. */
static bool add_object(limbeck_call *call, const object *one, const limbeck_table *table,
                       limbeck_dependents *found) {
    const char *from = lim_same_name(one->schema, "temp") ? NULL : one->schema;
    limbeck_dependent view = {one->schema, one->name, true, LIMBECK_SELECT, NULL};
    limbeck_table on;
    if (one->on == NULL)
        return add_use(call, found, view);
    if (!limbeck_find_table(call, from, one->on, &on))
        return false;
    if (on.schema == NULL ||
        (lim_same_name(on.schema, table->schema) && lim_same_name(on.name, table->name)))
        return true;
    for (uint32_t i = 0; i < found->count; i++)
        if (found->items[i].use != LIMBECK_SELECT &&
            lim_same_name(found->items[i].schema, on.schema) &&
            lim_same_name(found->items[i].name, on.name))
            return true; /* another trigger is on it too */
    return add_writes(call, found, on.schema, on.name, on.is_view);
}

static bool read_all(limbeck_call *call, const limbeck_table *table, limbeck_dependents *found) {
    const char *schemas[] = {"main", "temp", table->schema};
    int count =
        lim_same_name(table->schema, "main") || lim_same_name(table->schema, "temp") ? 2 : 3;
    objects all = {0};
    *found = (limbeck_dependents){0};
    for (int i = 0; i < count; i++)
        if (!read_objects(call, schemas[i], &all))
            return false;
    mark_concerned(&all, table->name);
    for (uint32_t i = 0; i < all.count; i++)
        if (all.items[i].concerned && !add_object(call, &all.items[i], table, found))
            return false;
    return add_writes(call, found, table->schema, table->name, false);
}

/* Strings in double quotes: off, and back to what was found. */
static int quoted_strings_off(limbeck_call *call) {
    int found;
    int now;
    sqlite3_db_config(call->db, SQLITE_DBCONFIG_DQS_DML, -1, &found);
    sqlite3_db_config(call->db, SQLITE_DBCONFIG_DQS_DML, 0, &now);
    limbeck_transaction_arm(call);
    return found;
}

/* After a failure it stays: the end of the transaction puts it back once it is rolled back. */
static void quoted_strings_back(limbeck_call *call, int found) {
    int now;
    if (limbeck_failed(call))
        return;
    sqlite3_db_config(call->db, SQLITE_DBCONFIG_DQS_DML, found, &now);
    limbeck_transaction_arm(call);
}

bool limbeck_dependents_read(limbeck_call *call, const limbeck_table *table,
                             limbeck_dependents *found) {
    int quoted_strings = quoted_strings_off(call);
    bool ok = read_all(call, table, found);
    quoted_strings_back(call, quoted_strings);
    return ok;
}

/* --- comparing ----------------------------------------------------------------------------- */

static const char *problem_before(const limbeck_dependents *before, const limbeck_dependent *use) {
    for (uint32_t i = 0; i < before->count; i++) {
        const limbeck_dependent *b = &before->items[i];
        if (b->use == use->use && lim_same_name(b->schema, use->schema) &&
            lim_same_name(b->name, use->name))
            return b->problem;
    }
    return NULL;
}

static bool add_broken(limbeck_call *call, limbeck_broken_list *list, limbeck_broken one) {
    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].kind, one.kind) == 0 &&
            strcmp(list->items[i].schema, one.schema) == 0 &&
            strcmp(list->items[i].name, one.name) == 0)
            return true;
    if (!lim_grow(&call->cx, &list->items, &list->capacity, list->count + 1, sizeof one))
        return false;
    list->items[list->count++] = one;
    return true;
}

typedef struct trigger {
    const char *schema;
    const char *name;
    const char *sql;
} trigger;

/* The triggers of a table or view, TEMP ones too. */
static bool read_triggers(limbeck_call *call, const limbeck_dependent *on, trigger **triggers,
                          uint32_t *count) {
    const char *schemas[] = {on->schema, "temp"};
    uint32_t capacity = 0;
    *count = 0;
    *triggers = NULL;
    for (int i = 0; i < (lim_same_name(on->schema, "temp") ? 1 : 2); i++) {
        sqlite3_stmt *s = limbeck_ask(call,
                                      "SELECT name, sql FROM \"%w\".sqlite_master WHERE type ="
                                      " 'trigger' AND tbl_name = %Q COLLATE nocase",
                                      schemas[i], on->name);
        while (limbeck_answer(call, &s)) {
            if (!lim_grow(&call->cx, triggers, &capacity, *count + 1, sizeof(trigger)))
                continue;
            (*triggers)[(*count)++] = (trigger){schemas[i], limbeck_answer_text(call, s, 0),
                                                limbeck_answer_text(call, s, 1)};
        }
    }
    return !limbeck_failed(call);
}

/* Which triggers make this use fail: each is compiled with the others gone. */
static bool name_triggers(limbeck_call *call, const limbeck_dependent *use,
                          limbeck_broken_list *broken) {
    trigger *triggers;
    uint32_t count;
    uint32_t found = broken->count;
    const char *assigned =
        use->use == LIMBECK_UPDATE ? assignments(call, use->schema, use->name) : NULL;
    if (!read_triggers(call, use, &triggers, &count) ||
        !limbeck_change(call, NULL, "SAVEPOINT limbeck_alter"))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const char *problem;
        for (uint32_t k = 0; k < count; k++)
            if (k != i && !limbeck_change(call, NULL, "DROP TRIGGER \"%w\".\"%w\"",
                                          triggers[k].schema, triggers[k].name))
                return false;
        if (!compile(call, use, assigned, &problem) ||
            !limbeck_change(call, NULL, "ROLLBACK TO limbeck_alter"))
            return false;
        if (problem != NULL &&
            !add_broken(call, broken,
                        (limbeck_broken){"trigger", triggers[i].schema, triggers[i].name,
                                         triggers[i].sql, problem}))
            return false;
    }
    if (!limbeck_change(call, NULL, "RELEASE limbeck_alter"))
        return false;
    return broken->count > found ||
           add_broken(call, broken,
                      (limbeck_broken){use->is_view ? "view" : "table", use->schema, use->name, "",
                                       use->problem});
}

/* Finds what each use that is wrong now and was not so before is wrong by. */
static bool find_broken(limbeck_call *call, const limbeck_dependents *before,
                        const limbeck_dependents *after, limbeck_broken_list *broken) {
    for (uint32_t i = 0; i < after->count; i++) {
        const limbeck_dependent *use = &after->items[i];
        const char *then = problem_before(before, use);
        limbeck_table view;
        if (use->problem == NULL || (then != NULL && strcmp(then, use->problem) == 0))
            continue;
        if (use->use != LIMBECK_SELECT) {
            if (!name_triggers(call, use, broken))
                return false;
            continue;
        }
        if (!limbeck_find_table(call, use->schema, use->name, &view) ||
            !add_broken(call, broken,
                        (limbeck_broken){"view", use->schema, use->name, view.sql, use->problem}))
            return false;
    }
    return true;
}

bool limbeck_dependents_compare(limbeck_call *call, const limbeck_table *table,
                                const limbeck_dependents *before, limbeck_broken_list *broken) {
    limbeck_dependents after;
    int quoted_strings = quoted_strings_off(call);
    bool ok;
    *broken = (limbeck_broken_list){0};
    ok = read_all(call, table, &after) && find_broken(call, before, &after, broken);
    quoted_strings_back(call, quoted_strings);
    return ok;
}
