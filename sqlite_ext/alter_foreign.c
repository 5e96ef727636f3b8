/*
** alter_foreign.c - foreign keys around an ALTER TABLE
*/
#include "alter_foreign.h"
#include <stdlib.h>
#include <string.h>

/* --- the foreign keys of a child ----------------------------------------------------------- */

typedef struct foreign_key {
    int number;
    const char *parent;
    lim_list from;
    lim_list to; /* empty: the parent's primary key */
} foreign_key;

typedef struct foreign_keys {
    foreign_key *items;
    uint32_t count;
    uint32_t capacity;
} foreign_keys;

static bool read_keys(limbeck_call *call, const char *schema, const char *child,
                      foreign_keys *keys) {
    sqlite3_stmt *s = limbeck_ask(call, "PRAGMA \"%w\".foreign_key_list(\"%w\")", schema, child);
    *keys = (foreign_keys){0};
    while (limbeck_answer(call, &s)) {
        int number = sqlite3_column_int(s, 0);
        const char *from = limbeck_answer_text(call, s, 3);
        const char *to = limbeck_answer_text(call, s, 4);
        foreign_key *key;
        if (keys->count == 0 || keys->items[keys->count - 1].number != number) {
            void *items = keys->items;
            if (!lim_grow(&call->cx, &items, &keys->capacity, keys->count + 1, sizeof(foreign_key)))
                continue;
            keys->items = items;
            keys->items[keys->count++] =
                (foreign_key){.number = number, .parent = limbeck_answer_text(call, s, 2)};
        }
        key = &keys->items[keys->count - 1];
        if (from == NULL || !lim_list_add(&call->cx, &key->from, from) ||
            (to != NULL && !lim_list_add(&call->cx, &key->to, to)))
            continue;
    }
    return !limbeck_failed(call);
}

static const foreign_key *key_of_number(const foreign_keys *keys, int number) {
    for (uint32_t i = 0; i < keys->count; i++)
        if (keys->items[i].number == number)
            return &keys->items[i];
    return NULL;
}

static const char *describe(limbeck_call *call, const char *child, const foreign_key *key) {
    const char *from = lim_list_join(&call->cx, &key->from);
    const char *to = key->to.count > 0 ? lim_list_join(&call->cx, &key->to) : "";
    return from == NULL || to == NULL
               ? NULL
               : lim_format(&call->cx, "%s (%s) -> %s (%s)", child, from, key->parent, to);
}

/* The name that the foreign key has, or would have, as a constraint. */
static const char *constraint_name(limbeck_call *call, const char *schema, const char *child,
                                   const foreign_key *key) {
    limbeck_table table;
    lim_create_table cut;
    lim_named_constraint *named;
    uint32_t count;
    if (!limbeck_find_table(call, schema, child, &table) || table.sql == NULL ||
        !lim_create_table_split(&call->cx, table.sql, strlen(table.sql), &cut) ||
        !lim_name_constraints(&call->cx, &cut, &named, &count))
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        const lim_clause *clause = named[i].clause;
        bool same = clause->kind == LIM_CLAUSE_FOREIGN_KEY &&
                    lim_same_name(clause->parent, key->parent) &&
                    clause->columns.count == key->from.count;
        for (uint32_t k = 0; same && k < key->from.count; k++)
            same = lim_same_name(clause->columns.items[k], key->from.items[k]);
        if (same)
            return named[i].name;
    }
    return NULL;
}

/* --- the tables concerned ------------------------------------------------------------------ */

/* The table and all that reference it. */
static bool read_children(limbeck_call *call, const limbeck_table *table, lim_list *children) {
    sqlite3_stmt *s =
        limbeck_ask(call,
                    "SELECT name, sql LIKE '%%references%%' FROM \"%w\".sqlite_master"
                    " WHERE type = 'table' AND sql NOT LIKE 'create virtual%%'"
                    " AND (instr(lower(sql), lower(%Q)) > 0 OR %d)",
                    table->schema, table->name, strpbrk(table->name, "\"'`]") != NULL);
    lim_list candidates = {0};
    while (limbeck_answer(call, &s)) {
        const char *name = limbeck_answer_text(call, s, 0);
        if (name != NULL && sqlite3_column_int(s, 1))
            lim_list_add(&call->cx, &candidates, name);
    }
    for (uint32_t i = 0; i < candidates.count; i++) {
        const char *child = candidates.items[i];
        foreign_keys keys;
        bool concerned = lim_same_name(child, table->name);
        if (!read_keys(call, table->schema, child, &keys))
            return false;
        for (uint32_t k = 0; k < keys.count; k++)
            concerned = concerned || lim_same_name(keys.items[k].parent, table->name);
        if (concerned && !lim_list_add(&call->cx, children, child))
            return false;
    }
    return !limbeck_failed(call);
}

/* --- violations ---------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    const limbeck_violation *x = a;
    const limbeck_violation *y = b;
    int order = strcmp(x->foreign_key, y->foreign_key);
    if (order != 0)
        return order;
    return x->rowid < y->rowid ? -1 : x->rowid > y->rowid;
}

static bool add_violation(limbeck_call *call, limbeck_foreign *found, limbeck_violation row) {
    void *items = found->rows;
    if (!lim_grow(&call->cx, &items, &found->capacity, found->count + 1, sizeof row))
        return false;
    found->rows = items;
    found->rows[found->count++] = row;
    return true;
}

/* Adds the child's violations, of all its foreign keys. */
static bool read_violations(limbeck_call *call, const char *schema, const char *child,
                            limbeck_foreign *found) {
    foreign_keys keys;
    const char **descriptions;
    sqlite3_stmt *s = NULL;
    char *sql;
    int rc;
    if (!read_keys(call, schema, child, &keys))
        return false;
    descriptions = LIM_NEW(&call->cx, const char *, keys.count + 1);
    sql = sqlite3_mprintf("PRAGMA \"%w\".foreign_key_check(\"%w\")", schema, child);
    if (descriptions == NULL || sql == NULL) {
        sqlite3_free(sql);
        return lim_out_of_memory(&call->cx);
    }
    rc = sqlite3_prepare_v2(call->db, sql, -1, &s, NULL);
    sqlite3_free(sql);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(s);
        if (rc != SQLITE_ROW)
            break;
        limbeck_violation row = {.child = child,
                                 .rowid = sqlite3_column_int64(s, 1),
                                 .has_rowid = sqlite3_column_type(s, 1) != SQLITE_NULL,
                                 .number = sqlite3_column_int(s, 3)};
        const foreign_key *key = key_of_number(&keys, row.number);
        if (key == NULL)
            continue;
        if (descriptions[key - keys.items] == NULL)
            descriptions[key - keys.items] = describe(call, child, key);
        row.foreign_key = descriptions[key - keys.items];
        if (row.foreign_key == NULL || !add_violation(call, found, row))
            break;
    }
    if (rc == SQLITE_ERROR) /* foreign key mismatch: the parent key is none */
        lim_list_add(&call->cx, &found->mismatched, child);
    else if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        limbeck_fail_sqlite(call, rc, NULL);
    sqlite3_finalize(s);
    return !limbeck_failed(call);
}

bool limbeck_foreign_read(limbeck_call *call, const limbeck_table *table, limbeck_foreign *found) {
    lim_list children = {0};
    *found = (limbeck_foreign){.table = *table};
    if (!read_children(call, table, &children))
        return false;
    for (uint32_t i = 0; i < children.count; i++)
        if (!read_violations(call, table->schema, children.items[i], found))
            return false;
    if (found->count > 1)
        qsort(found->rows, found->count, sizeof *found->rows, compare);
    return true;
}

/* How many rows of *in violate this foreign key. */
static uint32_t count_of(const limbeck_foreign *in, const char *which) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < in->count; i++)
        n += strcmp(in->rows[i].foreign_key, which) == 0;
    return n;
}

static bool is_in(const limbeck_foreign *in, const limbeck_violation *row) {
    return in->count > 0 && bsearch(row, in->rows, in->count, sizeof *in->rows, compare) != NULL;
}

/* `Key (user_id)=(9) is not present in table "users".` */
static const char *show_key(limbeck_call *call, const char *schema, const limbeck_violation *row,
                            const foreign_key *key) {
    lim_text names = {.cx = &call->cx};
    lim_text values = {.cx = &call->cx};
    sqlite3_stmt *s;
    if (!row->has_rowid)
        return "";
    for (uint32_t i = 0; i < key->from.count; i++)
        lim_text_addf(&names, "%s%s", i > 0 ? ", " : "",
                      lim_quote_name(&call->cx, key->from.items[i]));
    if (lim_text_end(&names) == NULL)
        return NULL;
    s = limbeck_ask(call, "SELECT %s FROM \"%w\".\"%w\" WHERE rowid = %lld", names.data, schema,
                    row->child, (long long)row->rowid);
    if (limbeck_answer(call, &s)) {
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            const char *value = limbeck_answer_text(call, s, i);
            lim_text_addf(&values, "%s%s", i > 0 ? ", " : "", lim_show(&call->cx, value));
        }
        sqlite3_finalize(s);
    }
    return lim_format(&call->cx, "Key (%s)=(%s) is not present in table \"%s\". ",
                      lim_list_join(&call->cx, &key->from), lim_text_end(&values),
                      lim_show(&call->cx, key->parent));
}

/* Fails over the first violation, of count new ones of its foreign key. */
static bool report(limbeck_call *call, const char *schema, const limbeck_violation *row,
                   uint32_t count, const char **constraint) {
    lim_context *cx = &call->cx;
    foreign_keys keys;
    const foreign_key *key;
    const char *name;
    const char *shown;
    if (!read_keys(call, schema, row->child, &keys))
        return false;
    key = key_of_number(&keys, row->number);
    name = key != NULL ? constraint_name(call, schema, row->child, key) : NULL;
    shown = key != NULL ? show_key(call, schema, row, key) : "";
    if (limbeck_failed(call) || shown == NULL)
        return false;
    if (constraint != NULL)
        *constraint = name;
    call->code = SQLITE_CONSTRAINT_FOREIGNKEY;
    lim_fail(cx, LIM_STATE, NULL,
             "insert or update on table \"%s\" violates foreign key constraint \"%s\"",
             lim_show(cx, row->child), name != NULL ? lim_show(cx, name) : "");
    if (!row->has_rowid)
        return lim_fail_detail(cx, "%u row%s of \"%s\" refer%s to no row of \"%s\".", count,
                               count == 1 ? "" : "s", lim_show(cx, row->child),
                               count == 1 ? "s" : "", key != NULL ? lim_show(cx, key->parent) : "");
    return lim_fail_detail(
        cx, "%s%u row%s of \"%s\" refer%s to no row of \"%s\"; the first has rowid %lld.", shown,
        count, count == 1 ? "" : "s", lim_show(cx, row->child), count == 1 ? "s" : "",
        key != NULL ? lim_show(cx, key->parent) : "", (long long)row->rowid);
}

/* --- parent keys --------------------------------------------------------------------------- */

/* Adds the names that the statement gives in its first column. */
static bool add_names(limbeck_call *call, sqlite3_stmt **s, lim_list *names) {
    while (limbeck_answer(call, s)) {
        const char *name = limbeck_answer_text(call, *s, 0);
        if (name != NULL)
            lim_list_add(&call->cx, names, name);
    }
    return !limbeck_failed(call);
}

/* True in *there when the columns (none: the primary key) are a key of the table. */
static bool has_key(limbeck_call *call, const limbeck_table *table, const lim_list *columns,
                    bool *there) {
    sqlite3_stmt *s;
    lim_list indexes = {0};
    lim_list primary = {0};
    *there = false;
    s = limbeck_ask(call, "SELECT name FROM pragma_table_info(%Q, %Q) WHERE pk > 0 ORDER BY pk",
                    table->name, table->schema);
    if (!add_names(call, &s, &primary))
        return false;
    *there = primary.count > 0 && (columns->count == 0 || columns->count == primary.count);
    for (uint32_t i = 0; i < columns->count && *there; i++)
        *there = lim_list_has_name(&primary, columns->items[i]);
    if (*there || columns->count == 0)
        return !limbeck_failed(call);
    s = limbeck_ask(call,
                    "SELECT name FROM pragma_index_list(%Q, %Q) WHERE \"unique\" AND NOT partial",
                    table->name, table->schema);
    if (!add_names(call, &s, &indexes))
        return false;
    for (uint32_t i = 0; i < indexes.count && !*there; i++) {
        uint32_t n = 0;
        bool same = true;
        s = limbeck_ask(call, "SELECT name FROM pragma_index_info(%Q, %Q)", indexes.items[i],
                        table->schema);
        while (limbeck_answer(call, &s)) {
            const char *name = limbeck_answer_text(call, s, 0);
            same = same && name != NULL && lim_list_has_name(columns, name);
            n++;
        }
        *there = same && n == columns->count;
    }
    return !limbeck_failed(call);
}

/* Fails over a foreign key of the child whose parent key is none. */
static bool report_mismatch(limbeck_call *call, const char *schema, const char *child) {
    const char *parent = child;
    foreign_keys keys;
    if (!read_keys(call, schema, child, &keys))
        return false;
    for (uint32_t i = 0; i < keys.count; i++) {
        limbeck_table table;
        bool there = true;
        if (!limbeck_find_table(call, schema, keys.items[i].parent, &table) ||
            (table.schema != NULL && !has_key(call, &table, &keys.items[i].to, &there)))
            return false;
        if (!there)
            parent = keys.items[i].parent;
    }
    call->code = SQLITE_ERROR;
    return lim_fail(&call->cx, LIM_STATE, NULL,
                    "there is no unique constraint matching given keys for referenced table \"%s\"",
                    lim_show(&call->cx, parent));
}

bool limbeck_foreign_compare(limbeck_call *call, const limbeck_foreign *before, bool rowids_change,
                             const char **constraint) {
    limbeck_foreign after;
    if (!limbeck_foreign_read(call, &before->table, &after))
        return false;
    for (uint32_t i = 0; i < after.count; i++) {
        const limbeck_violation *row = &after.rows[i];
        uint32_t fresh = 1;
        bool by_number =
            !row->has_rowid || (rowids_change && lim_same_name(row->child, before->table.name));
        if (by_number) {
            uint32_t now = count_of(&after, row->foreign_key);
            uint32_t then = count_of(before, row->foreign_key);
            if (now > then)
                return report(call, before->table.schema, row, now - then, constraint);
            i += now - 1;
            continue;
        }
        if (is_in(before, row))
            continue;
        for (uint32_t k = i + 1;
             k < after.count && strcmp(after.rows[k].foreign_key, row->foreign_key) == 0; k++)
            fresh += !is_in(before, &after.rows[k]);
        return report(call, before->table.schema, row, fresh, constraint);
    }
    for (uint32_t i = 0; i < after.mismatched.count; i++)
        if (!lim_list_has(&before->mismatched, after.mismatched.items[i]))
            return report_mismatch(call, before->table.schema, after.mismatched.items[i]);
    return true;
}

bool limbeck_foreign_orphan(limbeck_call *call, const limbeck_foreign *before,
                            limbeck_orphan *orphan) {
    lim_list children = {0};
    *orphan = (limbeck_orphan){0};
    if (!read_children(call, &before->table, &children))
        return false;
    for (uint32_t i = 0; i < children.count; i++) {
        foreign_keys keys;
        if (lim_list_has(&before->mismatched, children.items[i]))
            continue;
        if (!read_keys(call, before->table.schema, children.items[i], &keys))
            return false;
        for (uint32_t k = 0; k < keys.count; k++) {
            bool there;
            if (!lim_same_name(keys.items[k].parent, before->table.name))
                continue;
            if (!has_key(call, &before->table, &keys.items[k].to, &there))
                return false;
            if (there)
                continue;
            orphan->child = children.items[i];
            orphan->constraint =
                constraint_name(call, before->table.schema, orphan->child, &keys.items[k]);
            return !limbeck_failed(call);
        }
    }
    return true;
}
