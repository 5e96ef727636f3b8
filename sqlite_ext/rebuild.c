/*
** rebuild.c - a table made anew with another definition; see rebuild.h
*/
#include "rebuild.h"
#include "alter_effect.h"
#include "schema_text.h"
#include "transaction.h"
#include <string.h>

/* The rebuild's own working state. */
typedef struct work {
    limbeck_rebuild *r;
    limbeck_call *call;
    lim_create_table before; /* the definition as it was */
    limbeck_companions with;
    const char *old; /* the name of the table as it was, or of the rows held, in between */
    limbeck_copy copy;
    bool verbatim;     /* every column is copied as it stands, in its place */
    uint32_t values;   /* number of values copied */
    bool has_sequence; /* the schema has sqlite_sequence */
    lim_list keys;     /* the indexes of its keys, as they were */
    bool rowids_stay;  /* every row goes to the rowid that it had */
    bool aside;        /* the table as it was has stepped aside, with its indexes */
    lim_list moved;    /* indexes that have become the new table's */
} work;

/* --- settings ------------------------------------------------------------------------------ */

typedef struct setting {
    int which;
    int during;
    int before;
} setting;

/* Foreign keys off, so that DROP TABLE deletes no child rows; the old way of RENAME, so that nothing
** else is rewritten; and strings in double quotes as they may stand in texts of long ago. */
static const setting settings[] = {
    {SQLITE_DBCONFIG_ENABLE_FKEY, 0, 0},
    {SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 1, 0},
    {SQLITE_DBCONFIG_DQS_DDL, 1, 0},
};
#define SETTING_COUNT (sizeof settings / sizeof settings[0])

/* The script gets the one that works inside a transaction. */
static bool change_settings(limbeck_call *call, setting *changed, lim_list *script) {
    int now;
    memcpy(changed, settings, sizeof settings);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        sqlite3_db_config(call->db, changed[i].which, -1, &changed[i].before);
        sqlite3_db_config(call->db, changed[i].which, changed[i].during, &now);
    }
    limbeck_transaction_arm(call);
    return script == NULL || lim_list_add(&call->cx, script, "PRAGMA legacy_alter_table = ON");
}

/* After a failure they stay: the end of the transaction puts them back once it is rolled back. */
static void restore_settings(limbeck_call *call, const setting *changed) {
    int now;
    if (limbeck_failed(call))
        return;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        sqlite3_db_config(call->db, changed[i].which, changed[i].before, &now);
    limbeck_transaction_arm(call);
}

/* --- surroundings -------------------------------------------------------------------------- */

/* Between the name of a key's index and its columns. */
#define KEY_SEPARATOR "\001"

/* The indexes that SQLite makes for keys, with their columns. */
static bool read_keys(work *w, lim_list *keys) {
    sqlite3_stmt *s =
        limbeck_ask(w->call,
                    "SELECT l.name || char(1) || group_concat(i.name, char(1)) FROM "
                    "pragma_index_list(%Q, %Q) AS l,"
                    " pragma_index_info(l.name, %Q) AS i WHERE l.origin <> 'c' GROUP BY l.name",
                    w->r->table.name, w->r->table.schema, w->r->table.schema);
    while (limbeck_answer(w->call, &s)) {
        const char *key = limbeck_answer_text(w->call, s, 0);
        if (key != NULL)
            lim_list_add(&w->call->cx, keys, key);
    }
    return !limbeck_failed(w->call);
}

static bool read_surroundings(work *w) {
    limbeck_rebuild *r = w->r;
    w->old = w->with.spare;
    return (w->with.statistics.count == 0 || read_keys(w, &w->keys)) &&
           limbeck_schema_has(w->call, r->table.schema, "sqlite_sequence", &w->has_sequence);
}

/* --- the rows ------------------------------------------------------------------------------ */

static void add_value(work *w, lim_text *columns, lim_text *values, const char *column,
                      const char *value) {
    const char *comma = w->values++ > 0 ? ", " : "";
    lim_text_addf(columns, "%s%s", comma, column);
    lim_text_addf(values, "%s%s", comma, value);
}

/* True when a STRICT table gets a column of another type: what SQLite copies row by row as it stands
** it does not look at, and so would let text into a column that was ANY and is BLOB. */
static bool must_be_looked_at(const work *w, uint32_t column) {
    const lim_create_table *after = &w->r->edit->table;
    lim_span old = w->before.columns[column].type;
    lim_span new = after->columns[column].type;
    return after->strict &&
           (old.end - old.start != new.end - new.start ||
            memcmp(w->before.text + old.start, after->text + new.start, new.end - new.start) != 0);
}

/* Decides how each column of the new table gets its values. */
static bool plan_copy(work *w) {
    lim_context *cx = &w->call->cx;
    lim_edit *edit = w->r->edit;
    const lim_create_table *after = &edit->table;
    lim_text columns = {.cx = cx};
    lim_text values = {.cx = cx};
    int32_t was_rowid = lim_rowid_column(cx, &w->before);
    int32_t is_rowid = lim_rowid_column(cx, after);
    const char *rowid = w->before.without_rowid ? NULL : lim_hidden_rowid(&w->before, after, NULL);
    w->verbatim =
        after->column_count == w->before.column_count && (is_rowid >= 0 || after->without_rowid);
    w->r->rowids_change =
        is_rowid >= 0 &&
        (was_rowid < 0 || edit->origins[is_rowid].expression != NULL ||
         edit->origins[is_rowid].source == NULL ||
         !lim_same_name(edit->origins[is_rowid].source, w->before.columns[was_rowid].name)) &&
        edit->origins[is_rowid].source != NULL;
    if (is_rowid < 0 && !after->without_rowid)
        w->copy.rowid = rowid;
    for (uint32_t i = 0; i < after->column_count; i++) {
        const lim_origin *origin = &edit->origins[i];
        const char *name = lim_quote_name(cx, after->columns[i].name);
        const char *value = NULL;
        if (name == NULL)
            return false;
        if (lim_column_clause(&after->columns[i], LIM_CLAUSE_GENERATED) != NULL) {
            w->verbatim = false;
            continue;
        }
        if (origin->expression != NULL)
            value = lim_format(cx, "(%s)", origin->expression);
        else if (origin->source != NULL)
            value = lim_quote_name(cx, origin->source);
        else if (is_rowid == (int32_t)i && rowid != NULL)
            value = rowid;
        else
            value = "";
        if (value == NULL)
            return false;
        if (origin->expression != NULL || origin->source == NULL || i >= w->before.column_count ||
            !lim_same_name(origin->source, w->before.columns[i].name) || must_be_looked_at(w, i))
            w->verbatim = false;
        if (*value != '\0')
            add_value(w, &columns, &values, name, value);
    }
    if (is_rowid < 0)
        w->rowids_stay = w->copy.rowid != NULL;
    else
        w->rowids_stay =
            was_rowid >= 0 && edit->origins[is_rowid].source != NULL && !w->r->rowids_change;
    w->copy.columns = lim_text_end(&columns);
    w->copy.values = lim_text_end(&values);
    return w->copy.columns != NULL && w->copy.values != NULL;
}

/* A list of columns or values with the hidden rowid in front, if it goes along. */
static const char *with_rowid(work *w, const char *list) {
    const char *rowid = w->copy.rowid;
    char *longer;
    if (rowid == NULL)
        return list;
    longer = lim_format(&w->call->cx, "%s%s%s", rowid, *list != '\0' ? ", " : "", list);
    return longer != NULL ? longer : list;
}

/* Compares what was copied with what there was. Without USING every row gives one: nothing can leave
** one out, and an index that is damaged shall not be asked for their number. */
static bool count_rows(work *w) {
    limbeck_rebuild *r = w->r;
    const lim_edit *edit = r->edit;
    bool computed = false;
    int64_t rows;
    int64_t copied = limbeck_has(3037000) ? sqlite3_changes64(w->call->db)
                                          : (int64_t)sqlite3_changes(w->call->db);
    for (uint32_t i = 0; i < edit->table.column_count; i++)
        computed = computed || edit->origins[i].expression != NULL;
    if (!computed)
        return true;
    if (!limbeck_ask_number(w->call, &rows, "SELECT count(*) FROM \"%w\".\"%w\"", r->table.schema,
                            w->old))
        return false;
    return (uint32_t)rows == (uint32_t)copied ||
           lim_fail(&w->call->cx, LIM_STATE, "USING must give one value a row.",
                    "table \"%s\" has %lld rows, but %lld were copied",
                    lim_show(&w->call->cx, r->table.name), (long long)rows, (long long)copied);
}

/* --- steps --------------------------------------------------------------------------------- */

static bool create_new(work *w) {
    const limbeck_rebuild *r = w->r;
    const lim_create_table *after = &r->edit->table;
    char *schema = lim_quote_name(&w->call->cx, r->table.schema);
    char *sql;
    if (schema != NULL)
        schema = lim_format(&w->call->cx, "%s.", schema);
    if (schema == NULL)
        return false;
    sql = lim_spliced(&w->call->cx, after->text, after->length, after->name_span.start,
                      after->name_span.start, schema);
    return sql != NULL && limbeck_change(w->call, r->script, "%s", sql);
}

/* Rolls back to the start of the rebuild, and forgets what the script says of it. */
static bool go_back(work *w, uint32_t script_count) {
    if (w->r->script != NULL)
        w->r->script->count = script_count;
    return limbeck_change(w->call, NULL, "ROLLBACK TO " LIMBECK_ALTER_SAVEPOINT);
}

/* The rows did not go in: says why, over the table as it was. */
static bool blame(work *w, int rc) {
    char *message = lim_copy_string(&w->call->cx, sqlite3_errmsg(w->call->db));
    int extended = sqlite3_extended_errcode(w->call->db);
    int primary = rc & 0xff;
    if (primary != SQLITE_CONSTRAINT && primary != SQLITE_MISMATCH)
        return limbeck_fail_sqlite(w->call, rc, NULL);
    return message != NULL && go_back(w, 0) &&
           limbeck_rebuild_blame(w->r, &w->copy, extended, message);
}

/* The way that copies once: the old table steps aside. */
static bool move_aside(work *w) {
    limbeck_rebuild *r = w->r;
    const char *schema = r->table.schema;
    int rc;
    if (!limbeck_rebuild_check_key(r, w->old) || !create_new(w))
        return false;
    if (w->verbatim)
        rc = limbeck_try(w->call, r->script,
                         "INSERT OR ABORT INTO \"%w\".\"%w\" SELECT * FROM \"%w\".\"%w\"", schema,
                         r->table.name, schema, w->old);
    else
        rc = limbeck_try(w->call, r->script,
                         "INSERT OR ABORT INTO \"%w\".\"%w\" (%s) SELECT %s"
                         " FROM \"%w\".\"%w\" AS \"%w\"",
                         schema, r->table.name, with_rowid(w, w->copy.columns),
                         with_rowid(w, w->copy.values), schema, w->old, r->table.name);
    if (rc != SQLITE_OK)
        return blame(w, rc);
    return count_rows(w);
}

/* Moves the rows of a table that SQLite keeps for others from one name to another. */
static bool rename_in(work *w, const char *list, const char *column, const char *from,
                      const char *to) {
    return limbeck_change(w->call, w->r->script,
                          "UPDATE \"%w\".%s SET %s = %Q WHERE %s = %Q COLLATE nocase",
                          w->r->table.schema, list, column, to, column, from);
}

static bool rename_statistics(work *w, const char *from, const char *to) {
    for (uint32_t i = 0; i < w->with.statistics.count; i++)
        if (!rename_in(w, w->with.statistics.items[i], "tbl", from, to))
            return false;
    return true;
}

/* `c1, c2, ...`, one for each value copied. */
static const char *held_columns(work *w) {
    lim_text t = {.cx = &w->call->cx};
    for (uint32_t i = w->copy.rowid != NULL ? 0 : 1; i <= w->values; i++)
        lim_text_addf(&t, "%sc%u", t.length > 0 ? ", " : "", (unsigned)i);
    return lim_text_end(&t);
}

/* The way that copies twice: the rows are held, converted already, while the table is replaced. */
static bool hold_rows(work *w) {
    limbeck_rebuild *r = w->r;
    limbeck_call *call = w->call;
    const char *schema = r->table.schema;
    const char *held = held_columns(w);
    int rc;
    if (held == NULL || !limbeck_rebuild_check_key(r, r->table.name) ||
        !limbeck_triggers_drop(w->r, &w->with) ||
        !limbeck_change(call, r->script, "CREATE TABLE \"%w\".\"%w\" (%s)", schema, w->old, held) ||
        !limbeck_change(
            call, r->script, "INSERT INTO \"%w\".\"%w\" SELECT %s FROM \"%w\".\"%w\" AS \"%w\"",
            schema, w->old, with_rowid(w, w->copy.values), schema, r->table.name, r->table.name))
        return false;
    if (!rename_statistics(w, r->table.name, w->old) ||
        (w->has_sequence && !rename_in(w, "sqlite_sequence", "name", r->table.name, w->old)) ||
        !limbeck_change(call, r->script, "DROP TABLE \"%w\".\"%w\"", schema, r->table.name) ||
        !create_new(w))
        return false;
    rc = limbeck_try(call, r->script,
                     "INSERT OR ABORT INTO \"%w\".\"%w\" (%s) SELECT %s FROM \"%w\".\"%w\""
                     " ORDER BY rowid",
                     schema, r->table.name, with_rowid(w, w->copy.columns), held, schema, w->old);
    if (rc != SQLITE_OK)
        return blame(w, rc);
    return count_rows(w) && rename_statistics(w, w->old, r->table.name);
}

static bool move_rows(work *w) {
    limbeck_rebuild *r = w->r;
    limbeck_call *call = w->call;
    uint32_t script_count = r->script != NULL ? r->script->count : 0;
    int rc;
    if (!limbeck_change(call, NULL, "SAVEPOINT " LIMBECK_ALTER_SAVEPOINT) ||
        !limbeck_triggers_drop(w->r, &w->with))
        return false;
    rc = limbeck_try(call, r->script, "ALTER TABLE \"%w\".\"%w\" RENAME TO \"%w\"", r->table.schema,
                     r->table.name, w->old);
    if (rc == SQLITE_OK) {
        w->aside = true;
        if (!move_aside(w))
            return false;
    } else if ((rc & 0xff) != SQLITE_ERROR) {
        return limbeck_fail_sqlite(call, rc, NULL);
    } else if (!go_back(w, script_count) || !hold_rows(w)) {
        return false;
    }
    return limbeck_change(call, NULL, "RELEASE " LIMBECK_ALTER_SAVEPOINT);
}

static bool is_autoincrement(const lim_create_table *table) {
    const lim_clause *key = lim_primary_key(table);
    return key != NULL && key->autoincrement;
}

/* The sequence goes on where it was: the row that the copy made gives way to the old one. */
static bool keep_sequence(work *w) {
    limbeck_rebuild *r = w->r;
    if (!w->has_sequence || !is_autoincrement(&w->before))
        return true;
    if (!is_autoincrement(&r->edit->table))
        return limbeck_change(w->call, r->script,
                              "DELETE FROM \"%w\".sqlite_sequence WHERE name = %Q", r->table.schema,
                              w->old);
    return limbeck_change(w->call, r->script, "DELETE FROM \"%w\".sqlite_sequence WHERE name = %Q",
                          r->table.schema, r->table.name) &&
           rename_in(w, "sqlite_sequence", "name", w->old, r->table.name);
}

/* The indexes that use no column which something happens to. */
static bool find_movable(work *w) {
    const limbeck_companions *with = &w->with;
    lim_list touched;
    if (!lim_edit_touched(&w->before, w->r->edit, &touched))
        return false;
    for (uint32_t i = 0; i < with->indexes.count; i++)
        if (!limbeck_index_uses(w->call, with->index_text.items[i], &touched) &&
            !lim_list_add(&w->call->cx, &w->moved, with->indexes.items[i]))
            return false;
    return true;
}

/* Writes the indexes to the new table: their text, which the RENAME has changed, is the old one again,
** and their rows stand behind the table's, as SQLite reads them in that order. */
static bool write_movable(work *w, limbeck_attempt *a) {
    const limbeck_companions *with = &w->with;
    const char *schema = w->r->table.schema;
    for (uint32_t i = 0; i < with->indexes.count; i++)
        if (lim_list_has(&w->moved, with->indexes.items[i]) &&
            !limbeck_schema_write(a, schema,
                                  "tbl_name = %Q, sql = %Q, rowid = (SELECT max(rowid) + 1 FROM"
                                  " \"%w\".sqlite_master) WHERE type = 'index' AND name = %Q AND"
                                  " tbl_name = %Q",
                                  w->r->table.name, with->index_text.items[i], schema,
                                  with->indexes.items[i], w->old))
            return false;
    return limbeck_schema_reread(a, schema);
}

/* Sees that SQLite has all of them at the new table. */
static bool check_moved(work *w, limbeck_attempt *a) {
    bool found;
    int count = 0;
    for (uint32_t i = 0; i < w->moved.count; i++) {
        if (!limbeck_look(
                a,
                sqlite3_mprintf("SELECT count(*) FROM pragma_index_list(%Q, %Q) WHERE name"
                                " = %Q AND origin = 'c'",
                                w->r->table.name, w->r->table.schema, w->moved.items[i]),
                &found, &count))
            return false;
        if (count != 1)
            return limbeck_refuse(a);
    }
    return true;
}

/* Lets the new table have the indexes that fit it as they are: rows have the rowids that they had. */
static bool move_indexes(work *w) {
    limbeck_attempt a = {.call = w->call};
    if (!w->aside || !w->rowids_stay || w->r->script != NULL ||
        lim_same_name(w->r->table.schema, "temp") || !limbeck_schema_open(&a))
        return true;
    if (!find_movable(w))
        return false;
    if (w->moved.count == 0)
        return true;
    if (!limbeck_change(w->call, NULL, "SAVEPOINT " LIMBECK_ALTER_SAVEPOINT))
        return false;
    if (!write_movable(w, &a) || !check_moved(w, &a)) {
        w->moved.count = 0;
        if (!a.refused || !limbeck_change(w->call, NULL, "ROLLBACK TO " LIMBECK_ALTER_SAVEPOINT))
            return false;
    }
    return limbeck_change(w->call, NULL, "RELEASE " LIMBECK_ALTER_SAVEPOINT);
}

static bool create_indexes(work *w) {
    limbeck_rebuild *r = w->r;
    for (uint32_t i = 0; i < w->with.indexes.count; i++) {
        const char *sql = w->with.index_sql.items[i];
        int rc = SQLITE_OK;
        if (!lim_list_has(&w->moved, w->with.indexes.items[i]))
            rc = limbeck_try(w->call, r->script, "%s", sql);
        if (rc == SQLITE_OK)
            continue;
        if ((rc & 0xff) == SQLITE_CONSTRAINT)
            return limbeck_rebuild_blame_index(r, w->with.indexes.items[i], sql, rc);
        return limbeck_fail_sqlite(w->call, rc, NULL);
    }
    return true;
}

/* The key in the list that has the same columns, or NULL. */
static const char *same_key(const lim_list *keys, const char *key) {
    for (uint32_t i = 0; i < keys->count; i++)
        if (strcmp(strpbrk(keys->items[i], KEY_SEPARATOR), strpbrk(key, KEY_SEPARATOR)) == 0)
            return keys->items[i];
    return NULL;
}

/* The index of a key may have another name now (they are numbered), or be gone: so may its rows in a
** table of statistics. */
static bool rename_keys(work *w, const char *list, const lim_list *after) {
    for (int to_new_name = 0; to_new_name < 2; to_new_name++) {
        for (uint32_t i = 0; i < w->keys.count; i++) {
            const char *key = w->keys.items[i];
            const char *now = same_key(after, key);
            int length = (int)strcspn(key, KEY_SEPARATOR);
            if (lim_list_has(after, key))
                continue;
            if (!to_new_name) {
                if (!limbeck_change(w->call, w->r->script,
                                    "UPDATE \"%w\".%s SET idx = idx || '~old' WHERE idx = '%.*q'",
                                    w->r->table.schema, list, length, key))
                    return false;
            } else if (now != NULL) {
                if (!limbeck_change(w->call, w->r->script,
                                    "UPDATE \"%w\".%s SET idx = '%.*q' WHERE idx = '%.*q~old'",
                                    w->r->table.schema, list, (int)strcspn(now, KEY_SEPARATOR), now,
                                    length, key))
                    return false;
            } else if (!limbeck_change(w->call, w->r->script,
                                       "DELETE FROM \"%w\".%s WHERE idx = '%.*q~old'",
                                       w->r->table.schema, list, length, key)) {
                return false;
            }
        }
    }
    return true;
}

/* Statistics follow the indexes: those of indexes that are gone go too. */
static bool tidy_statistics(work *w) {
    limbeck_rebuild *r = w->r;
    const char *schema = r->table.schema;
    lim_list after = {0};
    if (w->with.statistics.count == 0)
        return true;
    if (!read_keys(w, &after))
        return false;
    for (uint32_t i = 0; i < w->with.statistics.count; i++) {
        const char *list = w->with.statistics.items[i];
        if (!rename_keys(w, list, &after))
            return false;
        if (r->edit->dropped.count > 0 &&
            !limbeck_change(w->call, r->script,
                            "DELETE FROM \"%w\".%s WHERE tbl = %Q COLLATE nocase AND idx <> tbl AND"
                            " idx NOT IN (SELECT name FROM \"%w\".sqlite_master WHERE type ="
                            " 'index')",
                            schema, list, r->table.name, schema))
            return false;
    }
    return true;
}

static bool carry_out(work *w) {
    limbeck_rebuild *r = w->r;
    return move_rows(w) && keep_sequence(w) && move_indexes(w) &&
           limbeck_change(w->call, r->script, "DROP TABLE \"%w\".\"%w\"", r->table.schema,
                          w->old) &&
           create_indexes(w) && limbeck_triggers_create(r, &w->with) && tidy_statistics(w);
}

static bool no_deferred_violations(limbeck_rebuild *r) {
    int pending = 0;
    int highest;
    sqlite3_db_status(r->call->db, SQLITE_DBSTATUS_DEFERRED_FKS, &pending, &highest, 0);
    return pending == 0 ||
           lim_fail(&r->call->cx, LIM_STATE,
                    "Repair the rows that violate deferred foreign keys first; PRAGMA "
                    "foreign_key_check lists them.",
                    "table \"%s\" cannot be rebuilt while deferred foreign key violations are "
                    "pending in this transaction",
                    lim_show(&r->call->cx, r->table.name));
}

/* The table made anew. */
static bool make_anew(work *w) {
    return plan_copy(w) && read_surroundings(w) && carry_out(w);
}

bool limbeck_rebuild_table(limbeck_rebuild *r) {
    work w = {.r = r, .call = r->call};
    setting changed[SETTING_COUNT];
    bool done = false;
    bool ok;
    if (!no_deferred_violations(r) ||
        !lim_create_table_split(&r->call->cx, r->table.sql, strlen(r->table.sql), &w.before) ||
        !limbeck_rebuild_check_hidden(r, &w.before) || !limbeck_companions_read(r, &w.with))
        return false;
    ok = change_settings(r->call, changed, r->script) &&
         limbeck_rebuild_in_place(r, &w.before, &w.with, &done) && (done || make_anew(&w));
    restore_settings(r->call, changed);
    return ok && (r->script == NULL ||
                  lim_list_add(&r->call->cx, r->script, "PRAGMA legacy_alter_table = OFF"));
}
