/*
** alter_few.c - ADD COLUMN and DROP COLUMN of a table with few rows
*/
#include "alter_few.h"
#include "edit_text.h"
#include "schema_text.h"
#include "transaction.h"
#include <string.h>

#define SAVEPOINT   "limbeck_few"
#define MOST_ROWS   200
#define LONGEST_ROW 8000

/* How the text of a table and of an index begins where SQLite has written it. */
static const char TABLE_WORDS[] = "CREATE TABLE ";
static const char *const index_words[] = {"CREATE INDEX ", "CREATE UNIQUE INDEX "};

/* One change under way. */
typedef struct few {
    limbeck_attempt attempt;
    limbeck_call *call;
    const limbeck_few *change;
    int64_t schema_size; /* of the schema in memory, in bytes */
    lim_create_table before;
    const char *after;    /* the text */
    uint32_t index_count; /* without those of keys */
    lim_list indexes;     /* texts, the newest first */
    int64_t *places;      /* the rowids of all these in sqlite_schema, the greatest first */
    uint32_t place_count;
    uint32_t place_capacity;
    int64_t behind;    /* the greatest of what stands behind the table and is not its; or 0 */
    const char *rowid; /* a name of the hidden rowid, or NULL: a column is it */
    const char *columns;
    uint32_t width;
    uint32_t rows;
    sqlite3_value **values; /* row after row */
    uint32_t value_count;
    uint32_t value_capacity;
} few;

/* --- prices, in thousands of instructions ---------------------------------------------------- */

/* SQLite's own ADD COLUMN, and what DROP COLUMN would be without us. They grow with the schema in memory. */
static int64_t price_of_alter(const few *f) {
    return (f->change->added != NULL ? 200 : 800) + f->schema_size * 70 / 1000;
}

/* How many columns there are; it is a guess until the table's text is there. */
static int64_t columns_of(const few *f) {
    return f->before.column_count > 0 ? f->before.column_count : 8;
}

/* Every statement looks through sqlite_schema, too. */
static int64_t price_without_rows(const few *f) {
    int64_t indexes = f->index_count;
    return 440 + 210 * indexes + 3 * columns_of(f) + (f->behind != 0 ? 80 : 0) +
           f->schema_size * (9 + 2 * indexes) / 1000;
}

/* How many rows the table may have; -1: there is no price for which it can be had. */
static int64_t affordable_rows(const few *f) {
    int64_t left = price_of_alter(f) - price_without_rows(f);
    int64_t first = 110 + 8 * columns_of(f);
    int64_t rows = (left - first) / (12 + 3 * f->index_count + columns_of(f) / 2);
    return left <= 0 ? -1 : left <= first ? 0 : rows < MOST_ROWS ? rows : MOST_ROWS;
}

/* --- changes() ------------------------------------------------------------------------------- */

bool limbeck_body_says_changes(limbeck_call *call, const lim_body *body) {
    static const char WORD[] = "changes";
    if (call->says_changes == 0) {
        const char *text = body->text;
        size_t left = body->length;
        while (left >= strlen(WORD) && ((*text | 0x20) != WORD[0] ||
                                        sqlite3_strnicmp(text, WORD, (int)strlen(WORD)) != 0)) {
            text++;
            left--;
        }
        call->says_changes = left >= strlen(WORD) ? 1 : -1;
    }
    return call->says_changes > 0;
}

/* --- statements ------------------------------------------------------------------------------ */

static bool prepare(few *f, char *sql, sqlite3_stmt **s) {
    int rc = SQLITE_NOMEM;
    *s = NULL;
    if (sql != NULL) {
        rc = sqlite3_prepare_v2(f->call->db, sql, -1, s, NULL);
    }
    sqlite3_free(sql);
    if (limbeck_passed(&f->attempt, rc)) {
        return true;
    }
    sqlite3_finalize(*s); /* out of memory can be said with a statement at hand */
    *s = NULL;
    return false;
}

/* Finalizes the statement, whose last step said rc. True when it has no more rows. */
static bool finish(few *f, sqlite3_stmt *s, int rc) {
    sqlite3_finalize(s);
    return limbeck_passed(&f->attempt, rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc);
}

/* What can't be read is left to SQLite. */
static bool forgive(few *f) {
    lim_context *cx = &f->call->cx;
    if (cx->error.code != LIM_NOMEM) {
        cx->error = (lim_error){0};
    }
    return limbeck_refuse(&f->attempt);
}

/* --- is this a case? ------------------------------------------------------------------------- */

static bool main_has(limbeck_call *call, const char *table) {
    return sqlite3_table_column_metadata(call->db, "main", table, NULL, NULL, NULL, NULL, NULL,
                                         NULL) == SQLITE_OK;
}

/* A database attached would count for the price, and is not read. */
static bool look_for_attached(limbeck_call *call) {
    sqlite3_stmt *s = limbeck_ask(call, "PRAGMA database_list");
    call->attached_asked = true;
    while (limbeck_answer(call, &s)) {
        call->attached = call->attached || sqlite3_column_int(s, 0) > 1;
    }
    return !limbeck_failed(call);
}

static bool may_be_tried(few *f) {
    limbeck_call *call = f->call;
    int size = 0, highest;
    if (call->few_refused || limbeck_has_temp(call)) {
        return false;
    }
    sqlite3_db_status(call->db, SQLITE_DBSTATUS_SCHEMA_USED, &size, &highest, 0);
    f->schema_size = size;
    return affordable_rows(f) >= 0 && !main_has(call, "sqlite_stat1") &&
           !main_has(call, "sqlite_stat4") && (call->attached_asked || look_for_attached(call)) &&
           !call->attached;
}

/* True for an integer in decimal digits, and no zero before them. */
static bool is_small_integer(const char *text, lim_token token) {
    bool small = token.kind == LIM_TOKEN_NUMBER && token.length < 10 &&
                 (text[token.start] != '0' || token.length == 1);
    for (size_t i = 0; small && i < token.length; i++) {
        small = text[token.start + i] >= '0' && text[token.start + i] <= '9';
    }
    return small;
}

/* True for a literal that SQLite stores as it would read it from the definition: 1.50 in a text column is
** '1.5' when it is stored. */
static bool is_plain_literal(lim_context *cx, const char *text, lim_span value) {
    lim_scanner s = lim_scanner_at(cx, text, value.end, value.start);
    bool minus = s.token.kind == LIM_TOKEN_OPERATOR && text[s.token.start] == '-';
    bool plain = !minus && (s.token.kind == LIM_TOKEN_STRING || lim_scan_at(&s, "null"));
    if (minus) {
        lim_scan_next(&s);
    }
    plain = plain || is_small_integer(text, s.token);
    lim_scan_next(&s);
    return plain && s.token.kind == LIM_TOKEN_END;
}

/* True for a column about which SQLite and a CREATE TABLE agree. */
static bool is_plain_column(few *f) {
    lim_context *cx = &f->call->cx;
    const char *text = f->change->definition;
    lim_table_column column;
    size_t end;
    if (!lim_column_split(cx, text, strlen(text), 0, &column, &end)) {
        return forgive(f);
    }
    for (uint32_t i = 0; i < column.clause_count; i++) {
        const lim_clause *clause = &column.clauses[i];
        if (clause->kind != LIM_CLAUSE_NULL && clause->kind != LIM_CLAUSE_NOT_NULL &&
            (clause->kind != LIM_CLAUSE_DEFAULT || !is_plain_literal(cx, text, clause->value))) {
            return limbeck_refuse(&f->attempt);
        }
    }
    return text[end] == '\0' || limbeck_refuse(&f->attempt);
}

/* Counts the indexes, the cheapest question first. */
static bool count_indexes(few *f) {
    sqlite3_stmt *s;
    int rc = SQLITE_DONE;
    if (prepare(f, sqlite3_mprintf("PRAGMA main.index_list(\"%w\")", f->change->table), &s)) {
        while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
            const char *origin = (const char *)sqlite3_column_text(s, 3);
            f->index_count += origin != NULL && *origin == 'c';
        }
    }
    return finish(f, s, rc) && (affordable_rows(f) >= 0 || limbeck_refuse(&f->attempt));
}

/* Counts the rows as far as they are welcome. */
static bool count_rows(few *f) {
    int64_t most = affordable_rows(f);
    sqlite3_stmt *s;
    int rc = SQLITE_DONE;
    if (prepare(f, sqlite3_mprintf("SELECT 1 FROM main.\"%w\" NOT INDEXED", f->change->table),
                &s)) {
        while (f->rows <= most && (rc = sqlite3_step(s)) == SQLITE_ROW) {
            f->rows++;
        }
    }
    return finish(f, s, rc) && !f->attempt.refused &&
           (f->rows <= most || limbeck_refuse(&f->attempt));
}

/* --- what is there --------------------------------------------------------------------------- */

/* The words before the name in the text of an index, or NULL. */
static const char *words_of_index(const char *sql) {
    for (size_t i = 0; i < sizeof index_words / sizeof *index_words; i++) {
        if (strncmp(sql, index_words[i], strlen(index_words[i])) == 0) {
            return index_words[i];
        }
    }
    return NULL;
}

/* Notes an object of the table: NULL is the index of a key, which must stand right behind the table, as they
** will when it is created. *table: it is the table itself. */
static bool note_object(few *f, int64_t place, const char *sql, bool *keys, bool *table) {
    lim_context *cx = &f->call->cx;
    const char *copy = lim_copy_string(cx, sql);
    const char *words = sql != NULL ? words_of_index(sql) : NULL;
    if (!lim_grow(cx, &f->places, &f->place_capacity, f->place_count + 1, sizeof *f->places)) {
        return false;
    }
    f->places[f->place_count++] = place;
    *keys = *keys || sql == NULL;
    if (sql == NULL) {
        return true;
    }
    if (copy == NULL) {
        return false;
    }
    if (words == NULL) {
        *table = strncmp(sql, TABLE_WORDS, strlen(TABLE_WORDS)) == 0;
        return *table ? lim_create_table_split(cx, copy, strlen(copy), &f->before) || forgive(f)
                      : limbeck_refuse(&f->attempt);
    }
    /* the name must follow at once, and the column not be in it */
    if (*keys || lim_lex(LIM_SQLITE, sql, strlen(sql), strlen(words)).kind == LIM_TOKEN_SPACE ||
        lim_lex(LIM_SQLITE, sql, strlen(sql), strlen(words)).kind == LIM_TOKEN_COMMENT ||
        (f->change->dropped != NULL && lim_mentions(cx, sql, 0, strlen(sql), f->change->dropped))) {
        return limbeck_refuse(&f->attempt);
    }
    return lim_list_add(cx, &f->indexes, copy);
}

/* Looks through the schema from its end to the table. */
static bool look_around(few *f) {
    sqlite3_stmt *s;
    bool ok, keys = false, table = false;
    int rc = SQLITE_DONE;
    ok = prepare(
        f,
        sqlite3_mprintf("SELECT rowid, tbl_name, sql FROM main.sqlite_master ORDER BY rowid DESC"),
        &s);
    while (ok && !table && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *of = (const char *)sqlite3_column_text(s, 1);
        int64_t place = sqlite3_column_int64(s, 0);
        if (of == NULL || sqlite3_stricmp(of, f->change->table) != 0) {
            f->behind = f->behind == 0 ? place : f->behind;
        } else {
            ok = note_object(f, place, (const char *)sqlite3_column_text(s, 2), &keys, &table);
        }
    }
    return finish(f, s, rc) && ok &&
           ((table && f->indexes.count == f->index_count) || limbeck_refuse(&f->attempt));
}

/* True when SQLite, told to create the table, would store the text as it stands, and nothing in it calls for
** care. */
static bool is_plain_table(few *f) {
    const lim_create_table *before = &f->before;
    const lim_clause *key = lim_primary_key(before);
    bool plain = before->name_span.start == strlen(TABLE_WORDS) &&
                 before->right + 1 == before->length && !before->without_rowid && !before->strict &&
                 (key == NULL || !key->autoincrement);
    for (uint32_t i = 0; plain && i < before->column_count; i++) {
        plain = lim_column_clause(&before->columns[i], LIM_CLAUSE_GENERATED) == NULL;
    }
    return plain || limbeck_refuse(&f->attempt);
}

/* The text as SQLite's ALTER TABLE leaves it. */
static bool edit_text(few *f) {
    lim_context *cx = &f->call->cx;
    const lim_create_table *before = &f->before;
    size_t at = before->constraint_count > 0 ? before->constraints[0].comma : before->right;
    char *words;
    if (f->change->dropped != NULL) {
        f->after = f->change->without;
        /* a rule that names the column is SQLite's to refuse */
        return !lim_mentions(cx, f->after, 0, strlen(f->after), f->change->dropped) ||
               limbeck_refuse(&f->attempt);
    }
    if (at == LIM_NOWHERE || lim_find_column(before, f->change->added) >= 0) {
        return limbeck_refuse(&f->attempt);
    }
    words = lim_format(cx, ", %s", f->change->definition);
    f->after = words == NULL ? NULL : lim_spliced(cx, before->text, before->length, at, at, words);
    return f->after != NULL;
}

/* A name for the rowid that no column has, before or after. */
static bool name_rowid(few *f) {
    if (lim_rowid_column(&f->call->cx, &f->before) >= 0) {
        return true;
    }
    f->rowid = lim_hidden_rowid(&f->before, NULL, f->change->added);
    return !limbeck_failed(f->call) && (f->rowid != NULL || limbeck_refuse(&f->attempt));
}

/* The columns that stay, and the hidden rowid before them. */
static bool list_columns(few *f) {
    f->width = f->before.column_count + (f->rowid != NULL) - (f->change->dropped != NULL);
    f->columns = lim_column_names(&f->call->cx, &f->before, f->rowid, f->change->dropped);
    return f->columns != NULL;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Sees that nobody follows what is done to the rows: SQLite empties such a table at once. There is then no
** foreign key either, enforced and from it or to it. */
static bool nobody_follows(few *f) {
    sqlite3_stmt *s;
    int rc = SQLITE_DONE;
    bool clears = false;
    if (prepare(f, sqlite3_mprintf("EXPLAIN DELETE FROM main.\"%w\"", f->change->table), &s)) {
        while (!clears && (rc = sqlite3_step(s)) == SQLITE_ROW) {
            const char *opcode = (const char *)sqlite3_column_text(s, 1);
            clears = opcode != NULL && strcmp(opcode, "Clear") == 0;
        }
    }
    return finish(f, s, rc) && (clears || limbeck_refuse(&f->attempt));
}

static bool keep_row(few *f, sqlite3_stmt *s, bool *seen) {
    lim_context *cx = &f->call->cx;
    if (!lim_grow(cx, &f->values, &f->value_capacity, f->value_count + f->width,
                  sizeof *f->values)) {
        return false;
    }
    for (uint32_t i = 0; i < f->width; i++) {
        sqlite3_value *value = sqlite3_value_dup(sqlite3_column_value(s, (int)i));
        if (value == NULL) {
            return lim_out_of_memory(cx);
        }
        seen[i] = seen[i] || sqlite3_value_type(value) != SQLITE_NULL;
        f->values[f->value_count++] = value;
    }
    return true;
}

/* Reads the rows; a long one is refused unread. A column that the application's authorizer hides is
** compiled as a NULL, which has no declared type. */
static bool keep_rows(few *f) {
    sqlite3_stmt *s;
    int rc = SQLITE_DONE, longest;
    bool *seen = LIM_NEW(&f->call->cx, bool, f->width);
    bool ok = seen != NULL && prepare(f,
                                      sqlite3_mprintf("SELECT %s FROM main.\"%w\" NOT INDEXED",
                                                      f->columns, f->change->table),
                                      &s);
    if (!ok) {
        return false;
    }
    longest = sqlite3_limit(f->call->db, SQLITE_LIMIT_LENGTH, LONGEST_ROW);
    while (ok && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        ok = keep_row(f, s, seen);
    }
    sqlite3_limit(f->call->db, SQLITE_LIMIT_LENGTH, longest);
    for (uint32_t i = 0; ok && i < f->width; i++) {
        ok = seen[i] ||
             (sqlite3_column_decltype(s, (int)i) != NULL && (i > 0 || f->rowid == NULL)) ||
             limbeck_refuse(&f->attempt);
    }
    return finish(f, s, rc) && ok;
}

/* True when the change is to be made, its rows kept for it. A body that asks for changes() must not meet what
** even an EXPLAIN DELETE makes of it. */
static bool look_at_rows(few *f) {
    int foreign;
    sqlite3_db_config(f->call->db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &foreign);
    if (f->rows > affordable_rows(f)) {
        return limbeck_refuse(&f->attempt);
    }
    if (f->rows == 0 && !foreign) {
        return true;
    }
    if (limbeck_body_says_changes(f->call, f->change->body)) {
        return limbeck_refuse(&f->attempt);
    }
    return nobody_follows(f) &&
           (f->rows == 0 || (name_rowid(f) && list_columns(f) && keep_rows(f)));
}

/* --- the change ------------------------------------------------------------------------------ */

/* Creates what the text says in main; words is how it begins. */
static bool create(few *f, const char *sql, const char *words) {
    return limbeck_attempt_run(&f->attempt,
                               sqlite3_mprintf("%smain.%s", words, sql + strlen(words)));
}

static bool create_indexes(few *f) {
    for (uint32_t i = f->indexes.count; i > 0; i--) {
        const char *sql = f->indexes.items[i - 1];
        if (!create(f, sql, words_of_index(sql))) {
            return false;
        }
    }
    return true;
}

/* The statement that inserts a row. */
static char *insertion(few *f) {
    sqlite3_str *sql = sqlite3_str_new(f->call->db);
    sqlite3_str_appendf(sql, "INSERT OR ABORT INTO main.\"%w\" (%s) VALUES (?", f->change->table,
                        f->columns);
    for (uint32_t i = 1; i < f->width; i++) {
        sqlite3_str_appendall(sql, ", ?");
    }
    sqlite3_str_appendall(sql, ")");
    return sqlite3_str_finish(sql);
}

static bool insert_rows(few *f) {
    sqlite3_stmt *s;
    int before = sqlite3_total_changes(f->call->db);
    int rc = SQLITE_DONE;
    if (f->rows == 0) {
        return true;
    }
    if (!prepare(f, insertion(f), &s)) {
        return false;
    }
    for (uint32_t at = 0; rc == SQLITE_DONE && at < f->value_count;) {
        rc = SQLITE_OK;
        for (uint32_t i = 0; rc == SQLITE_OK && i < f->width; i++) {
            rc = sqlite3_bind_value(s, (int)i + 1, f->values[at++]);
        }
        if (rc == SQLITE_OK) {
            rc = sqlite3_step(s);
            sqlite3_reset(s);
        }
    }
    return finish(f, s, rc) &&
           ((uint32_t)(sqlite3_total_changes(f->call->db) - before) == f->rows ||
            limbeck_refuse(&f->attempt));
}

/* The rows of sqlite_schema were made behind everything else, one after another: those that had a place before
** something get it back. */
static bool take_places(few *f) {
    lim_text assignment = {.cx = &f->call->cx};
    int64_t made = f->behind;
    if (f->behind == 0) {
        return true;
    }
    lim_text_adds(&assignment, "CASE rowid");
    for (uint32_t i = f->place_count; i > 0 && f->places[i - 1] < f->behind; i--) {
        lim_text_addf(&assignment, " WHEN %lld THEN %lld", (long long)++made,
                      (long long)f->places[i - 1]);
    }
    return lim_text_end(&assignment) != NULL &&
           limbeck_schema_write(&f->attempt, "main",
                                "rowid = %s END WHERE rowid BETWEEN %lld AND %lld", assignment.data,
                                f->behind + 1, made) &&
           (sqlite3_changes(f->call->db) == made - f->behind || limbeck_refuse(&f->attempt));
}

/* An authorizer that ignores SQLITE_REINDEX keeps CREATE INDEX from reading the rows: there are none yet. */
static bool make_anew(few *f) {
    return create(f, f->after, TABLE_WORDS) && create_indexes(f) && insert_rows(f) &&
           take_places(f);
}

/* What is refused before anything has changed is not rolled back: that would end statements that read. */
static bool carry_out(few *f, bool *done) {
    limbeck_call *call = f->call;
    bool dropped;
    if (!limbeck_change(call, NULL, "SAVEPOINT " SAVEPOINT)) {
        return false;
    }
    dropped = limbeck_attempt_run(&f->attempt,
                                  sqlite3_mprintf("DROP TABLE main.\"%w\"", f->change->table));
    *done = dropped && make_anew(f);
    call->few_refused = !*done;
    if (limbeck_failed(call) ||
        (dropped && !*done && !limbeck_change(call, NULL, "ROLLBACK TO " SAVEPOINT))) {
        return false;
    }
    return limbeck_change(call, NULL, "RELEASE " SAVEPOINT);
}

static bool is_a_case(few *f) {
    return (f->change->added == NULL || is_plain_column(f)) && count_indexes(f) && count_rows(f) &&
           look_around(f) && is_plain_table(f) && edit_text(f) &&
           (f->behind == 0 || limbeck_schema_open(&f->attempt)) && look_at_rows(f);
}

bool limbeck_alter_few_rows(limbeck_call *call, const limbeck_few *change, bool *done) {
    few f = {.attempt = {.call = call}, .call = call, .change = change};
    sqlite3_int64 rowid = sqlite3_last_insert_rowid(call->db);
    lim_context kept;
    *done = false;
    if (!may_be_tried(&f)) {
        return !limbeck_failed(call);
    }
    if (!limbeck_call_lend(call, &kept)) {
        return false;
    }
    if (is_a_case(&f)) {
        carry_out(&f, done);
    }
    for (uint32_t i = 0; i < f.value_count; i++) {
        sqlite3_value_free(f.values[i]);
    }
    limbeck_call_take_back(call, &kept);
    sqlite3_set_last_insert_rowid(call->db, rowid);
    return !limbeck_failed(call);
}
