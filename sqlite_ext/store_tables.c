/*
** store_tables.c - the ledger's tables: making them, and making sure that they are ours
*/
#include "store_tables.h"
#include "store.h"
#include "vet.h"
#include <string.h>

/* A table, its columns in order (ended by NULL), and what makes it. */
typedef struct ledger_table {
    const char *name;
    const char *columns[16];
    const char *create;
} ledger_table;

static const ledger_table ledger_tables[] = {
    {"migrate_format", {"format"}, "CREATE TABLE main.migrate_format (format INTEGER NOT NULL)"},
    {"migrate_version",
     {"version_num"},
     "CREATE TABLE main.migrate_version (version_num TEXT NOT NULL PRIMARY KEY)"},
    {"migrate_revision",
     {"seq", "revision", "message", "upgrade", "downgrade", "upgrade_transactional",
      "downgrade_transactional", "script", "checksum", "created_at", "created_by"},
     "CREATE TABLE main.migrate_revision (\n"
     "    seq INTEGER PRIMARY KEY,\n"
     "    revision TEXT NOT NULL UNIQUE,\n"
     "    message TEXT NOT NULL,\n"
     "    upgrade TEXT NOT NULL,\n"
     "    downgrade TEXT,\n"
     "    upgrade_transactional INTEGER NOT NULL,\n"
     "    downgrade_transactional INTEGER NOT NULL,\n"
     "    script TEXT,\n"
     "    checksum TEXT NOT NULL,\n"
     "    created_at TEXT NOT NULL,\n"
     "    created_by TEXT NOT NULL\n"
     ")"},
    {"migrate_edge",
     {"revision", "parent", "kind", "ordinal"},
     "CREATE TABLE main.migrate_edge (\n"
     "    revision TEXT NOT NULL,\n"
     "    parent TEXT NOT NULL,\n"
     "    kind TEXT NOT NULL,\n"
     "    ordinal INTEGER NOT NULL,\n"
     "    PRIMARY KEY (revision, kind, ordinal)\n"
     ")"},
    {"migrate_label",
     {"label", "revision", "ordinal"},
     "CREATE TABLE main.migrate_label (\n"
     "    label TEXT NOT NULL PRIMARY KEY,\n"
     "    revision TEXT NOT NULL,\n"
     "    ordinal INTEGER NOT NULL\n"
     ")"},
    {"migrate_log",
     {"id", "at", "actor", "action", "revision", "from_version", "to_version", "statement",
      "statements", "duration_ms", "checksum", "outcome", "detail"},
     "CREATE TABLE main.migrate_log (\n"
     "    id INTEGER PRIMARY KEY,\n"
     "    at TEXT NOT NULL,\n"
     "    actor TEXT NOT NULL,\n"
     "    action TEXT NOT NULL,\n"
     "    revision TEXT,\n"
     "    from_version TEXT,\n"
     "    to_version TEXT,\n"
     "    statement INTEGER,\n"
     "    statements INTEGER,\n"
     "    duration_ms INTEGER,\n"
     "    checksum TEXT,\n"
     "    outcome TEXT NOT NULL,\n"
     "    detail TEXT\n"
     ")"},
};

/* They have no index but those of their keys: each object in the schema costs time whenever SQLite reads the
** schema anew, as it does at each ALTER TABLE. Older ledgers have some. */
static const char *const former_indices[] = {"migrate_edge_parent", "migrate_label_revision",
                                             "migrate_log_revision"};

#define TABLE_COUNT (sizeof ledger_tables / sizeof ledger_tables[0])

/* What is in the schema; a condition would take longer to compile than a look at each row takes. (Why the
** plus: store.c.) */
static const char SELECT_OBJECTS[] =
    "SELECT +type, +name, +tbl_name, +rootpage, +sql FROM main.sqlite_master";

static const char SELECT_TEMP_OBJECTS[] =
    "SELECT +type, +name, +tbl_name, +rootpage, +sql FROM sqlite_temp_master";

static const char SELECT_FORMAT[] = "SELECT +format FROM main.migrate_format";

static const char INSERT_FORMAT[] = "INSERT INTO main.migrate_format (format) VALUES (?)";

static int find_table(const char *name) {
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (sqlite3_stricmp(ledger_tables[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

bool limbeck_store_owns(const char *name) {
    for (size_t i = 0; i < sizeof former_indices / sizeof *former_indices; i++) {
        if (sqlite3_stricmp(former_indices[i], name) == 0) {
            return true;
        }
    }
    return find_table(name) >= 0;
}

/* What is known of a table of the ledger. */
typedef enum known { MISSING, SEEN, AS_MADE } known;

/* True when the stored text is that of the statement which makes the table; SQLite leaves out `main.`. */
static bool is_as_made(const char *sql, const char *create) {
    const char *name = strstr(create, "main.");
    size_t before = (size_t)(name - create);
    return strncmp(sql, create, before) == 0 && strcmp(sql + before, name + strlen("main.")) == 0;
}

static bool may_be_ours(const char *name) {
    return sqlite3_strnicmp(name, "migrate_", 8) == 0;
}

static const char *text_of(sqlite3_stmt *row, int column) {
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text != NULL ? text : "";
}

/* Judges one object of the schema, and notes what a run wants to know of it. temp: it is a TEMP one, of
** which the triggers matter. */
static bool check_object(limbeck_call *call, sqlite3_stmt *row, bool temp, known *seen) {
    const char *type = text_of(row, 0);
    const char *name = text_of(row, 1);
    const char *table = text_of(row, 2);
    bool trigger = strcmp(type, "trigger") == 0;
    int found;
    if (trigger || *type == 'v') {
        limbeck_watch_note(call, type, text_of(row, 4));
    }
    if ((!may_be_ours(name) && !may_be_ours(table)) || (temp && !trigger)) {
        return true;
    }
    found = find_table(table);
    if (strcmp(type, "table") == 0 && found >= 0 && sqlite3_column_int64(row, 3) != 0) {
        seen[found] = is_as_made(text_of(row, 4), ledger_tables[found].create) ? AS_MADE : SEEN;
        return true;
    }
    if ((strcmp(type, "index") == 0 && found >= 0) ||
        (found < 0 && (trigger || find_table(name) < 0))) {
        return true;
    }
    if (trigger) {
        return lim_fail(&call->cx, LIM_CORRUPT, "Drop the trigger, then call again.",
                        "ledger table \"%s\" has a %strigger, \"%s\"", ledger_tables[found].name,
                        temp ? "TEMP " : "", lim_show(&call->cx, name));
    }
    return lim_fail(&call->cx, LIM_CORRUPT, "Rename it or drop it; Limbeck needs the name.",
                    "\"%s\" is not Limbeck's ledger table but %s %s", lim_show(&call->cx, name),
                    type[0] == 'i' ? "an" : "a",
                    strcmp(type, "table") == 0 ? "virtual table" : type);
}

/* Judges the columns of a table; what comes after ours is of no concern. */
static bool check_columns(limbeck_call *call, const ledger_table *table) {
    for (int i = 0; table->columns[i] != NULL; i++) {
        int rc = sqlite3_table_column_metadata(call->db, "main", table->name, table->columns[i],
                                               NULL, NULL, NULL, NULL, NULL);
        if (rc == SQLITE_ERROR) {
            return lim_fail(&call->cx, LIM_CORRUPT,
                            "If it is a table of the application, rename it: Limbeck needs the "
                            "name. If it is Limbeck's, restore it from a backup.",
                            "table \"%s\" is not Limbeck's ledger table: it has no column \"%s\"",
                            table->name, table->columns[i]);
        }
        if (rc != SQLITE_OK) {
            return limbeck_fail_sqlite(call, rc, NULL);
        }
    }
    return true;
}

static bool check_format(limbeck_call *call) {
    sqlite3_stmt *row = limbeck_statement(call, SELECT_FORMAT);
    int64_t format = 0;
    int rows = 0;
    bool sound = true;
    while (row != NULL && limbeck_row(call, row)) {
        format = sqlite3_column_int64(row, 0);
        sound = sound && sqlite3_column_type(row, 0) == SQLITE_INTEGER && format >= 1;
        rows++;
    }
    limbeck_drop_statement(call, SELECT_FORMAT);
    if (limbeck_failed(call)) {
        return false;
    }
    if (!sound || rows != 1) {
        return lim_fail(&call->cx, LIM_CORRUPT, "Restore the ledger from a backup.",
                        "table \"migrate_format\" does not hold one number");
    }
    if (format > LIMBECK_FORMAT) {
        return lim_fail(&call->cx, LIM_NOT_SUPPORTED, "Load the newer version of Limbeck.",
                        "the ledger was written by a newer version of Limbeck: its format is %lld, "
                        "this one knows formats up to %d",
                        (long long)format, LIMBECK_FORMAT);
    }
    return true;
}

static bool check_objects(limbeck_call *call, bool temp, known *seen) {
    const char *sql = temp ? SELECT_TEMP_OBJECTS : SELECT_OBJECTS;
    sqlite3_stmt *row = limbeck_statement(call, sql);
    while (row != NULL && limbeck_row(call, row)) {
        if (!check_object(call, row, temp, seen) || limbeck_failed(call)) {
            break;
        }
    }
    limbeck_drop_statement(call, sql);
    return !limbeck_failed(call);
}

static bool check_tables(limbeck_call *call, bool *present) {
    known seen[TABLE_COUNT] = {MISSING};
    const char *missing = NULL;
    bool any = false;
    *present = false;
    limbeck_watch_begin(call);
    if (!check_objects(call, false, seen) ||
        (limbeck_has_temp(call) && !check_objects(call, true, seen))) {
        return false;
    }
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (seen[i] == MISSING) {
            missing = ledger_tables[i].name;
            continue;
        }
        any = true;
        if (seen[i] != AS_MADE && !check_columns(call, &ledger_tables[i])) {
            return false;
        }
    }
    if (any && missing != NULL) {
        return lim_fail(&call->cx, LIM_CORRUPT,
                        "If the others are tables of the application, rename them: Limbeck needs "
                        "the names. If they are Limbeck's, restore the ledger from a backup.",
                        "the ledger is incomplete: table \"%s\" is missing", missing);
    }
    *present = any;
    call->log_as_made = seen[find_table("migrate_log")] == AS_MADE;
    return !any || check_format(call);
}

/* Once a call, as long as no other connection writes: this one's own schema is changed by nothing before
** the bodies run. */
bool limbeck_tables_check(limbeck_call *call, bool *present) {
    unsigned version;
    bool known_version = limbeck_data_version(call, "main", &version);
    if (known_version && call->checked && call->checked_version == version) {
        *present = call->checked_present;
        return true;
    }
    if (!check_tables(call, present)) {
        return false;
    }
    call->checked = known_version;
    call->checked_version = version;
    call->checked_present = *present;
    return true;
}

/* CREATE TABLE main.x as CREATE TABLE IF NOT EXISTS main.x; SQLite keeps the same text of both. */
static const char *if_not_there(limbeck_call *call, const char *create) {
    const char *name = strstr(create, "main.");
    return lim_format(&call->cx, "%.*sIF NOT EXISTS %s", (int)(name - create), create, name);
}

const char *const *limbeck_tables_sql(limbeck_call *call) {
    const char **sql = LIM_NEW(&call->cx, const char *, TABLE_COUNT + 1);
    for (size_t i = 0; sql != NULL && i < TABLE_COUNT; i++) {
        sql[i] = if_not_there(call, ledger_tables[i].create);
        if (sql[i] == NULL) {
            return NULL;
        }
    }
    return sql;
}

bool limbeck_tables_create(limbeck_call *call) {
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (!limbeck_exec(call, ledger_tables[i].create)) {
            return false;
        }
    }
    call->checked_present = call->log_as_made = true;
    return limbeck_write(call, INSERT_FORMAT, "i", (int64_t)LIMBECK_FORMAT);
}
