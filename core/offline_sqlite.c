/*
** offline_sqlite.c - the frame of an offline script for the sqlite3 shell
**
** The shell goes on after an error unless it is told not to, so the script's first word tells it; a
** transaction then ends with the shell, undone. The guard is a temporary table whose trigger raises
** what is put into it. PRAGMA foreign_keys does nothing in a transaction, so the switch is set before:
** off as soon as one body needs it off, and then what the others would have been stopped by is looked
** for behind each of them.
*/
#include "offline_frame.h"

#include <string.h>

static void add(lim_offline *o, const char *text) {
    lim_text_adds(&o->text, text);
}

/* The state of enforcement while the script runs. */
static bool enforced(const lim_offline *o) {
    return o->foreign_keys && !o->suspends;
}

/* A message of the guard: 'word' raises text. */
static void add_fault(lim_offline *o, const char *word, const char *text) {
    lim_text_addf(&o->text, "    WHEN '%s' THEN RAISE(ROLLBACK, ", word);
    lim_offline_string(o, text);
    add(o, ")\n");
}

static void add_guard(lim_offline *o) {
    const char *at =
        lim_format(o->cx, "this script starts at %s and the database is not there", o->plan.from);
    add(o, "CREATE TEMP TABLE limbeck_script (began REAL);\n"
           "INSERT INTO temp.limbeck_script VALUES (julianday('now'));\n"
           "CREATE TEMP TABLE limbeck_guard (fault TEXT);\n"
           "CREATE TEMP TRIGGER limbeck_guard_raises BEFORE INSERT ON limbeck_guard BEGIN\n"
           "  SELECT CASE new.fault\n");
    add_fault(o, "ledger",
              lim_format(o->cx,
                         "this script starts at %s and the database has no "
                         "ledger of Limbeck",
                         o->plan.from));
    add_fault(o, "format", "the ledger was written by another version of Limbeck");
    add_fault(o, "trigger", "a ledger table has a trigger");
    add_fault(o, "start", at);
    add_fault(o, "content", "revisions of this script are stored with other content");
    if (o->plan.operation == LIM_DOWNGRADE)
        add_fault(o, "missing", "revisions of this script are not stored");
    add_fault(o, "foreign key", "new rows violate a foreign key");
    add(o, "  END;\nEND;\n");
}

/* The ledger: made where the script starts from nothing, required where it doesn't. */
static void add_ledger(lim_offline *o) {
    if (strcmp(o->plan.from, "base") == 0) {
        for (const char *const *sql = o->tables; *sql != NULL; sql++)
            lim_text_addf(&o->text, "%s;\n", *sql);
        lim_text_addf(
            &o->text,
            "INSERT INTO main.migrate_format (format) SELECT %d WHERE NOT EXISTS (SELECT 1 "
            "FROM main.migrate_format);\n",
            o->format);
    } else {
        add(o, "INSERT INTO temp.limbeck_guard SELECT 'ledger'\n"
               "WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_master WHERE name = "
               "'migrate_version');\n");
    }
    lim_text_addf(&o->text,
                  "INSERT INTO temp.limbeck_guard SELECT 'format'\n"
                  "WHERE (SELECT max(format) FROM main.migrate_format) IS NOT %d;\n",
                  o->format);
    add(o, "INSERT INTO temp.limbeck_guard SELECT 'trigger'\n"
           "FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name COLLATE nocase IN\n"
           "  ('migrate_format', 'migrate_version', 'migrate_revision', 'migrate_edge', "
           "'migrate_label', 'migrate_log');\n");
}

/* The version rows, and first what they are where they aren't what they should be. */
static void add_start(lim_offline *o) {
    static const char rows[] =
        "(SELECT coalesce(group_concat(version_num, ', '), 'base') AS version\n"
        "  FROM (SELECT version_num FROM main.migrate_version ORDER BY version_num))\n";
    lim_text_addf(&o->text, "SELECT 'the database is at ' || version FROM %sWHERE version IS NOT ",
                  rows);
    lim_offline_string(o, o->plan.from);
    lim_text_addf(&o->text,
                  ";\nINSERT INTO temp.limbeck_guard SELECT 'start' FROM %sWHERE version IS NOT ",
                  rows);
    lim_offline_string(o, o->plan.from);
    add(o, ";\n");
}

/* The revisions of the plan are stored with this content, or (going up) not at all yet. */
static void add_revisions(lim_offline *o) {
    bool down = o->plan.operation == LIM_DOWNGRADE;
    add(o, "CREATE TEMP TABLE limbeck_wanted (revision TEXT, checksum TEXT);\n"
           "INSERT INTO temp.limbeck_wanted VALUES");
    lim_offline_wanted(o, "  ");
    add(o, ";\nSELECT 'revision ' || revision || ' is stored with other content' FROM "
           "temp.limbeck_wanted JOIN main.migrate_revision USING (revision)\n"
           "WHERE limbeck_wanted.checksum <> migrate_revision.checksum;\n"
           "INSERT INTO temp.limbeck_guard SELECT 'content' FROM temp.limbeck_wanted JOIN "
           "main.migrate_revision USING (revision)\n"
           "WHERE limbeck_wanted.checksum <> migrate_revision.checksum;\n");
    if (down)
        add(o, "INSERT INTO temp.limbeck_guard SELECT 'missing' FROM temp.limbeck_wanted\n"
               "WHERE revision NOT IN (SELECT revision FROM main.migrate_revision);\n");
    add(o, "DROP TABLE temp.limbeck_wanted;\n");
}

void lim_offline_begin_sqlite(lim_offline *o) {
    add(o,
        "-- Run it in the sqlite3 shell: sqlite3 app.db < this_script. A database that is not at "
        "its start is\n-- refused; all of it happens or nothing.\n"
        ".bail on\n");
    lim_text_addf(&o->text, "PRAGMA foreign_keys = %s;\nBEGIN IMMEDIATE;\n\n-- The guard\n",
                  enforced(o) ? "ON" : "OFF");
    add_guard(o);
    add_ledger(o);
    add_start(o);
    add_revisions(o);
}

void lim_offline_end_sqlite(lim_offline *o) {
    add(o, "\nDROP TABLE temp.limbeck_guard;\nDROP TABLE temp.limbeck_script;\nCOMMIT;\n");
    if (o->foreign_keys && !enforced(o))
        add(o, "PRAGMA foreign_keys = ON;\n");
}

/* Enforcement is off though the body doesn't switch it off, or because it does. */
static bool is_checked(const lim_offline *o, const lim_offline_body *body) {
    return body->checks_foreign_keys || (o->foreign_keys && o->suspends);
}

static const char violations[] =
    "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check(NULL, 'main')";

void lim_offline_before_sqlite(lim_offline *o, const lim_offline_body *body) {
    if (is_checked(o, body))
        lim_text_addf(&o->text, "CREATE TEMP TABLE limbeck_violations AS %s;\n", violations);
}

/* True when the body switches PRAGMA legacy_alter_table: a word that occurs nowhere else. */
static bool sets_legacy(const lim_body *body) {
    for (uint32_t i = 0; i < body->count; i++) {
        lim_statement s = lim_body_statement(body, i);
        lim_token t = s.first;
        if (!lim_token_is(body->text, t, "pragma"))
            continue;
        for (; t.kind != LIM_TOKEN_END;
             t = lim_lex_significant(LIM_SQLITE, body->text, s.end, t.start + t.length))
            if (lim_token_is(body->text, t, "legacy_alter_table"))
                return true;
    }
    return false;
}

void lim_offline_after_sqlite(lim_offline *o, const lim_offline_body *body) {
    if (sets_legacy(&body->body))
        add(o, "PRAGMA legacy_alter_table = OFF;\n");
    if (is_checked(o, body))
        lim_text_addf(&o->text,
                      "INSERT INTO temp.limbeck_guard SELECT 'foreign key' WHERE EXISTS\n"
                      "  (%s\n  EXCEPT SELECT * FROM temp.limbeck_violations);\n"
                      "DROP TABLE temp.limbeck_violations;\n",
                      violations);
}

void lim_offline_replaced(lim_offline *o, const lim_replacement *r) {
    for (uint32_t i = 0; i < r->statements.count; i++)
        lim_text_addf(&o->text, "%s%s", i > 0 ? ";\n" : "", r->statements.items[i]);
}
