/*
** offline_sqlite.c - the frame of an offline script for the sqlite3 shell
**
** The shell goes on after an error unless it is told not to, so the script's first word tells it; a
** transaction then ends with the shell, undone. The guard is a temporary table whose trigger raises
** what is put into it. PRAGMA foreign_keys does nothing in a transaction, so the switch is set before:
** off as soon as one body needs it off, and then what the others would have been stopped by is looked
** for behind each of them.
**
** A body marked transaction:false ends the transaction before it and begins one behind it.
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
    add(o, "CREATE TEMP TABLE limbeck_script (began REAL, newest INTEGER, last INTEGER);\n"
           "INSERT INTO temp.limbeck_script VALUES (julianday('now'), NULL, 0);\n"
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
    add_fault(o, "moved", "another connection changed the ledger while this script ran");
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

static const char rows[] =
    "(SELECT coalesce(group_concat(version_num, ', '), 'base') AS version\n"
    "  FROM (SELECT version_num FROM main.migrate_version ORDER BY version_num))\n";

/* The version rows, and first what they are where they aren't what they should be. */
static void add_start(lim_offline *o) {
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

/* False when a body of the plan is marked transaction:false. */
static bool is_whole(const lim_offline *o) {
    bool whole = true;
    for (uint32_t i = 0; i < o->plan.step_count; i++)
        whole = whole && lim_step_is_transactional(o->graph, &o->plan, i);
    return whole;
}

void lim_offline_begin_sqlite(lim_offline *o) {
    lim_text_addf(
        &o->text,
        "-- Run it in the sqlite3 shell: sqlite3 app.db < this_script. A database that is not at "
        "its start is\n-- refused; %s.\n.bail on\n",
        is_whole(o)
            ? "all of it happens or nothing"
            : "the revisions marked transaction:false are committed statement by statement");
    lim_text_addf(&o->text, "PRAGMA foreign_keys = %s;\nBEGIN IMMEDIATE;\n\n-- The guard\n",
                  enforced(o) ? "ON" : "OFF");
    add_guard(o);
    add_ledger(o);
    add_start(o);
    add_revisions(o);
}

void lim_offline_end_sqlite(lim_offline *o) {
    if (!is_whole(o))
        add(o, "DROP TABLE IF EXISTS temp.limbeck_rowid;\n");
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

static void remember_violations(lim_offline *o) {
    lim_text_addf(&o->text, "CREATE TEMP TABLE limbeck_violations AS %s;\n", violations);
}

static void compare_violations(lim_offline *o) {
    lim_text_addf(&o->text,
                  "INSERT INTO temp.limbeck_guard SELECT 'foreign key' WHERE EXISTS\n"
                  "  (%s\n  EXCEPT SELECT * FROM temp.limbeck_violations);\n"
                  "DROP TABLE temp.limbeck_violations;\n",
                  violations);
}

void lim_offline_before_sqlite(lim_offline *o, const lim_offline_body *body) {
    if (is_checked(o, body))
        remember_violations(o);
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
        compare_violations(o);
}

void lim_offline_replaced(lim_offline *o, const lim_replacement *r) {
    for (uint32_t i = 0; i < r->statements.count; i++)
        lim_text_addf(&o->text, "%s%s", i > 0 ? ";\n" : "", r->statements.items[i]);
}

/* ---- bodies marked transaction:false ------------------------------------------------------- */

/* A body while it is written. */
typedef struct unit_writer {
    lim_offline *o;
    const lim_offline_body *body;
    uint32_t step;
    bool on;         /* foreign keys are enforced at this point */
    bool remembered; /* what violated them is, since the body switched them off */
} unit_writer;

static void switch_foreign_keys(lim_offline *o, bool on) {
    lim_text_addf(&o->text, "PRAGMA foreign_keys = %s;\n", on ? "ON" : "OFF");
}

/* The newest log row of the revision at work, which shows that it is this script that runs it. */
static void add_newest(unit_writer *w) {
    lim_offline *o = w->o;
    add(o, "(SELECT max(id) FROM main.migrate_log WHERE revision = ");
    lim_offline_string(o, lim_id(o->graph, o->plan.steps[w->step].node));
    add(o, ")");
}

static void commit_unit(unit_writer *w) {
    add(w->o, "UPDATE temp.limbeck_script SET newest = ");
    add_newest(w);
    add(w->o, ";\nCOMMIT;\n");
}

/* Begins the next transaction: nobody has moved the version meanwhile, or gone on with the revision. */
static bool begin_again(unit_writer *w) {
    lim_offline *o = w->o;
    const char *at = o->versions.count == 0 ? "base" : lim_list_join(o->cx, &o->versions);
    if (at == NULL)
        return false;
    lim_text_addf(&o->text,
                  "BEGIN IMMEDIATE;\nINSERT INTO temp.limbeck_guard SELECT 'moved' FROM %sWHERE "
                  "version IS NOT ",
                  rows);
    lim_offline_string(o, at);
    add(o, " OR (SELECT newest FROM temp.limbeck_script) IS NOT ");
    add_newest(w);
    add(o, ";\n");
    return true;
}

/* The unit's statements, without its own BEGIN and COMMIT. The log rows in between change what
** last_insert_rowid() says, so it is remembered and said again. */
static void add_unit_text(unit_writer *w, const lim_offline_unit *u) {
    const lim_body *body = &w->body->body;
    size_t from = body->spans[u->unit.first].start, to = body->spans[u->unit.last].end;
    bool any = true;
    if (u->unit.block) {
        any = u->unit.last > u->unit.first + 1;
        from = any ? body->spans[u->unit.first + 1].start : to;
        to = any ? body->spans[u->unit.last - 1].end : to;
    }
    if (!any)
        return;
    add(w->o, "INSERT OR REPLACE INTO temp.limbeck_rowid (rowid) SELECT last FROM "
              "temp.limbeck_script;\n");
    lim_offline_text(w->o, w->body, from, to);
    add(w->o, ";\nUPDATE temp.limbeck_script SET last = last_insert_rowid();\n");
}

/* A statement that runs outside of transactions, and what it means to the enforcement. */
static bool add_alone(unit_writer *w, const lim_offline_unit *u) {
    lim_offline *o = w->o;
    if (!u->suspends && !u->resumes)
        add_unit_text(w, u);
    else if (w->on != (u->resumes && o->foreign_keys))
        switch_foreign_keys(o, w->on = u->resumes);
    if (!begin_again(w))
        return false;
    if (u->suspends && !w->remembered)
        remember_violations(o);
    if (u->resumes && w->remembered)
        compare_violations(o);
    w->remembered = (w->remembered || u->suspends) && !u->resumes;
    return true;
}

/* Statements in a transaction. Enforcement can be switched outside of it only. */
static bool add_together(unit_writer *w, const lim_offline_unit *u) {
    bool check = u->needs_off && !w->remembered;
    if (u->needs_off && w->on)
        switch_foreign_keys(w->o, false);
    if (!begin_again(w))
        return false;
    if (check)
        remember_violations(w->o);
    add_unit_text(w, u);
    if (check)
        compare_violations(w->o);
    return true;
}

/* One unit with the rows that say that it is done and that the next one begins. */
static bool add_unit(unit_writer *w, uint32_t n) {
    lim_offline *o = w->o;
    const lim_offline_unit *u = &w->body->units[n];
    uint32_t statements = w->body->body.count;
    bool last = n + 1 == w->body->unit_count;
    if (!(u->alone ? add_alone(w, u) : add_together(w, u)))
        return false;
    lim_offline_record_statement(o, w->step, u->unit.last + 1, statements, "done");
    if (last && w->remembered)
        compare_violations(o);
    if (last && !lim_offline_record(o, w->step, w->body))
        return false;
    if (!last)
        lim_offline_record_statement(o, w->step, w->body->units[n + 1].unit.first + 1, statements,
                                     "started");
    commit_unit(w);
    if (!u->alone && u->needs_off && w->on)
        switch_foreign_keys(o, w->on = !u->suspends);
    return true;
}

bool lim_offline_units_sqlite(lim_offline *o, uint32_t step, const lim_offline_body *body) {
    unit_writer w = {.o = o, .body = body, .step = step, .on = enforced(o)};
    if (body->unit_count == 0)
        return lim_offline_record(o, step, body);
    add(o, "CREATE TEMP TABLE IF NOT EXISTS limbeck_rowid (x);\n");
    lim_offline_record_statement(o, step, body->units[0].unit.first + 1, body->body.count,
                                 "started");
    commit_unit(&w);
    if (w.on != o->foreign_keys)
        switch_foreign_keys(o, w.on = o->foreign_keys);
    for (uint32_t n = 0; n < body->unit_count; n++)
        if (!add_unit(&w, n))
            return false;
    if (w.on != enforced(o))
        switch_foreign_keys(o, enforced(o));
    if (sets_legacy(&body->body))
        add(o, "PRAGMA legacy_alter_table = OFF;\n");
    return begin_again(&w);
}
