/*
** store_tables.c - the ledger's tables: making them, and making sure that they are ours
*/
#include "store_tables.h"
#include "store.h"
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

/* Their indices. */
static const struct {
    const char *name;
    const char *create;
} ledger_indices[] = {
    {"migrate_edge_parent", "CREATE INDEX main.migrate_edge_parent ON migrate_edge (parent)"},
    {"migrate_label_revision",
     "CREATE INDEX main.migrate_label_revision ON migrate_label (revision)"},
    {"migrate_log_revision", "CREATE INDEX main.migrate_log_revision ON migrate_log (revision)"},
};

#define TABLE_COUNT (sizeof ledger_tables / sizeof ledger_tables[0])
#define INDEX_COUNT (sizeof ledger_indices / sizeof ledger_indices[0])

#define LEDGER_NAMES                                                                              \
    "('migrate_format', 'migrate_version', 'migrate_revision', 'migrate_edge', 'migrate_label', " \
    "'migrate_log')"

/* Everything in the schema that bears one of the names or hangs on a table that does. */
static const char SELECT_OBJECTS[] =
    "SELECT type, name, tbl_name, rootpage FROM main.sqlite_master"
    " WHERE tbl_name COLLATE NOCASE IN " LEDGER_NAMES
    " OR type <> 'trigger' AND name COLLATE NOCASE IN " LEDGER_NAMES
    " UNION ALL SELECT 'TEMP trigger', name, tbl_name, 0 FROM sqlite_temp_master"
    " WHERE type = 'trigger' AND tbl_name COLLATE NOCASE IN " LEDGER_NAMES;

static const char SELECT_FORMAT[] =
    "SELECT CASE count(*) WHEN 1 THEN max(format) END, typeof(max(format))"
    " FROM main.migrate_format";

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
    for (size_t i = 0; i < INDEX_COUNT; i++) {
        if (sqlite3_stricmp(ledger_indices[i].name, name) == 0) {
            return true;
        }
    }
    return find_table(name) >= 0;
}

/* Judges one object of the schema. */
static bool check_object(limbeck_call *call, sqlite3_stmt *row, bool *seen) {
    const char *type = lim_copy_string(&call->cx, (const char *)sqlite3_column_text(row, 0));
    const char *name = lim_copy_string(&call->cx, (const char *)sqlite3_column_text(row, 1));
    const char *table = lim_copy_string(&call->cx, (const char *)sqlite3_column_text(row, 2));
    int found;
    if (type == NULL || name == NULL || table == NULL) {
        return lim_out_of_memory(&call->cx);
    }
    found = find_table(table);
    if (strcmp(type, "table") == 0 && found >= 0 && sqlite3_column_int64(row, 3) != 0) {
        seen[found] = true;
        return true;
    }
    if (strcmp(type, "index") == 0 && found >= 0) {
        return true;
    }
    if (strcmp(type, "trigger") == 0 || strcmp(type, "TEMP trigger") == 0) {
        return lim_fail(&call->cx, LIM_CORRUPT, "Drop the trigger, then call again.",
                        "ledger table \"%s\" has a %s, \"%s\"", ledger_tables[found].name, type,
                        lim_show(&call->cx, name));
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
    int64_t format;
    bool sound;
    if (row == NULL || !limbeck_row(call, row)) {
        return false;
    }
    format = sqlite3_column_int64(row, 0);
    sound = sqlite3_column_type(row, 0) == SQLITE_INTEGER && format >= 1;
    sqlite3_reset(row);
    if (!sound) {
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

bool limbeck_tables_check(limbeck_call *call, bool *present) {
    bool seen[TABLE_COUNT] = {false};
    sqlite3_stmt *row = limbeck_statement(call, SELECT_OBJECTS);
    const char *missing = NULL;
    bool any = false;
    *present = false;
    while (row != NULL && limbeck_row(call, row)) {
        if (!check_object(call, row, seen)) {
            sqlite3_reset(row);
        }
        if (limbeck_failed(call)) {
            return false;
        }
    }
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (!seen[i]) {
            missing = ledger_tables[i].name;
        } else {
            any = true;
            if (!check_columns(call, &ledger_tables[i])) {
                return false;
            }
        }
    }
    if (limbeck_failed(call)) {
        return false;
    }
    if (any && missing != NULL) {
        return lim_fail(&call->cx, LIM_CORRUPT,
                        "If the others are tables of the application, rename them: Limbeck needs "
                        "the names. If they are Limbeck's, restore the ledger from a backup.",
                        "the ledger is incomplete: table \"%s\" is missing", missing);
    }
    *present = any;
    return !any || check_format(call);
}

/* CREATE TABLE main.x as CREATE TABLE IF NOT EXISTS main.x; SQLite keeps the same text of both. */
static const char *if_not_there(limbeck_call *call, const char *create) {
    const char *name = strstr(create, "main.");
    return lim_format(&call->cx, "%.*sIF NOT EXISTS %s", (int)(name - create), create, name);
}

const char *const *limbeck_tables_sql(limbeck_call *call) {
    const char **sql = LIM_NEW(&call->cx, const char *, TABLE_COUNT + INDEX_COUNT + 1);
    for (size_t i = 0; sql != NULL && i < TABLE_COUNT + INDEX_COUNT; i++) {
        sql[i] = if_not_there(call, i < TABLE_COUNT ? ledger_tables[i].create
                                                    : ledger_indices[i - TABLE_COUNT].create);
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
    for (size_t i = 0; i < INDEX_COUNT; i++) {
        if (!limbeck_exec(call, ledger_indices[i].create)) {
            return false;
        }
    }
    return limbeck_write(call, INSERT_FORMAT, "i", (int64_t)LIMBECK_FORMAT);
}
