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
            if (!lim_grow(&call->cx, &keys->items, &keys->capacity, keys->count + 1,
                          sizeof(foreign_key)))
                continue;
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

/* True in *there when the foreign key's parent is a table with such a key, or no table at all. */
static bool has_parent_key(limbeck_call *call, const char *schema, const foreign_key *key,
                           bool *there) {
    limbeck_table parent;
    *there = true;
    return limbeck_find_table(call, schema, key->parent, &parent) &&
           (parent.schema == NULL || has_key(call, &parent, &key->to, there));
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
    if (!lim_grow(&call->cx, &found->rows, &found->capacity, found->count + 1, sizeof row))
        return false;
    found->rows[found->count++] = row;
    return true;
}

/* A child, its foreign keys and what describes them. */
typedef struct child_keys {
    limbeck_call *call;
    const char *schema;
    const char *child;
    foreign_keys keys;
    const char **descriptions; /* one a key; NULL: not asked for yet */
    limbeck_foreign *found;
} child_keys;

static const char *description(child_keys *c, const foreign_key *key) {
    const char **known = &c->descriptions[key - c->keys.items];
    if (*known == NULL)
        *known = describe(c->call, c->child, key);
    return *known;
}

/* Adds the row on which s stands: its columns are rowid and, with key NULL, the key's number. */
static bool add_row(child_keys *c, sqlite3_stmt *s, int rowid, const foreign_key *key) {
    limbeck_violation row = {.child = c->child,
                             .rowid = sqlite3_column_int64(s, rowid),
                             .has_rowid = sqlite3_column_type(s, rowid) != SQLITE_NULL,
                             .number = key->number};
    row.foreign_key = description(c, key);
    return row.foreign_key != NULL && add_violation(c->call, c->found, row);
}

/* The columns of the parent that the key refers to. */
static bool read_parent_columns(limbeck_call *call, const char *schema, const foreign_key *key,
                                lim_list *columns) {
    sqlite3_stmt *s;
    *columns = key->to;
    if (columns->count > 0)
        return true;
    s = limbeck_ask(call, "SELECT name FROM pragma_table_info(%Q, %Q) WHERE pk > 0 ORDER BY pk",
                    key->parent, schema);
    return add_names(call, &s, columns);
}

/* The name by which the child's rowid can be asked for; NULL: it has none. */
static bool find_rowid(limbeck_call *call, const char *schema, const char *child,
                       const char **name) {
    limbeck_table table;
    lim_create_table cut;
    *name = NULL;
    if (!limbeck_find_table(call, schema, child, &table) || table.sql == NULL ||
        !lim_create_table_split(&call->cx, table.sql, strlen(table.sql), &cut))
        return false;
    if (!cut.without_rowid)
        *name = lim_hidden_rowid(&cut, NULL, NULL);
    return true;
}

/* `c."a" IS NOT NULL AND ...` and `p."x" = +c."a" AND ...`: the parent's affinity and collation count. */
static bool compare_keys(limbeck_call *call, const foreign_key *key, const lim_list *to,
                         const char **given, const char **found) {
    lim_text not_null = {.cx = &call->cx};
    lim_text equal = {.cx = &call->cx};
    for (uint32_t i = 0; i < key->from.count && i < to->count; i++) {
        const char *and = i > 0 ? " AND " : "";
        const char *from = lim_quote_name(&call->cx, key->from.items[i]);
        const char *parent = lim_quote_name(&call->cx, to->items[i]);
        if (from == NULL || parent == NULL)
            return false;
        lim_text_addf(&not_null, "%sc.%s IS NOT NULL", and, from);
        lim_text_addf(&equal, "%sp.%s = +c.%s", and, parent, from);
    }
    *given = lim_text_end(&not_null);
    *found = lim_text_end(&equal);
    return *given != NULL && *found != NULL;
}

/* Adds the violations of one foreign key by asking for them. */
static bool read_one(child_keys *c, const foreign_key *key, const char *rowid) {
    limbeck_call *call = c->call;
    lim_list to = {0};
    limbeck_table parent;
    const char *given;
    const char *present;
    sqlite3_stmt *s;
    if (!limbeck_find_table(call, c->schema, key->parent, &parent) ||
        (parent.schema == NULL ? !compare_keys(call, key, &key->from, &given, &present)
                               : !read_parent_columns(call, c->schema, key, &to) ||
                                     !compare_keys(call, key, &to, &given, &present)))
        return false;
    if (parent.schema == NULL) /* nothing is present in a table that is not there */
        s = limbeck_ask(call, "SELECT %s%s FROM \"%w\".\"%w\" AS c WHERE %s",
                        rowid != NULL ? "c." : "", rowid != NULL ? rowid : "NULL", c->schema,
                        c->child, given);
    else
        s = limbeck_ask(call,
                        "SELECT %s%s FROM \"%w\".\"%w\" AS c WHERE %s AND NOT EXISTS"
                        " (SELECT 1 FROM \"%w\".\"%w\" AS p WHERE %s)",
                        rowid != NULL ? "c." : "", rowid != NULL ? rowid : "NULL", c->schema,
                        c->child, given, c->schema, key->parent, present);
    while (limbeck_answer(call, &s))
        if (!add_row(c, s, 0, key))
            continue; /* the next answer ends it */
    return !limbeck_failed(call);
}

/* SQLite checks none of a child's foreign keys when one of them has no parent key: each on its own. */
static bool read_each(child_keys *c) {
    const char *rowid;
    if (!find_rowid(c->call, c->schema, c->child, &rowid))
        return false;
    for (uint32_t i = 0; i < c->keys.count; i++) {
        const foreign_key *key = &c->keys.items[i];
        const char *shown = description(c, key);
        bool there;
        if (shown == NULL || !has_parent_key(c->call, c->schema, key, &there) ||
            (there ? !read_one(c, key, rowid)
                   : !lim_list_add(&c->call->cx, &c->found->mismatched, shown)))
            return false;
    }
    return true;
}

/* Adds the child's violations, of all its foreign keys. */
static bool read_violations(limbeck_call *call, const char *schema, const char *child,
                            limbeck_foreign *found) {
    child_keys c = {.call = call, .schema = schema, .child = child, .found = found};
    sqlite3_stmt *s = NULL;
    char *sql;
    int rc;
    if (!read_keys(call, schema, child, &c.keys))
        return false;
    c.descriptions = LIM_NEW(&call->cx, const char *, c.keys.count + 1);
    sql = sqlite3_mprintf("PRAGMA \"%w\".foreign_key_check(\"%w\")", schema, child);
    if (c.descriptions == NULL || sql == NULL) {
        sqlite3_free(sql);
        return lim_out_of_memory(&call->cx);
    }
    rc = sqlite3_prepare_v2(call->db, sql, -1, &s, NULL);
    sqlite3_free(sql);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        const foreign_key *key;
        rc = sqlite3_step(s);
        if (rc != SQLITE_ROW)
            break;
        key = key_of_number(&c.keys, sqlite3_column_int(s, 3));
        if (key != NULL && !add_row(&c, s, 1, key))
            break;
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE && rc != SQLITE_ERROR)
        limbeck_fail_sqlite(call, rc, NULL);
    sqlite3_finalize(s);
    return !limbeck_failed(call) &&
           (rc != SQLITE_ERROR || read_each(&c)); /* foreign key mismatch */
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

/* --- foreign keys without a parent key ------------------------------------------------------ */

/* Fails over a foreign key whose parent key is none, given by what describes it. */
static bool report_mismatch(limbeck_call *call, const limbeck_table *table, const char *which) {
    lim_list children = {0};
    const char *parent = table->name;
    if (!read_children(call, table, &children))
        return false;
    for (uint32_t i = 0; i < children.count; i++) {
        foreign_keys keys;
        if (!read_keys(call, table->schema, children.items[i], &keys))
            return false;
        for (uint32_t k = 0; k < keys.count; k++) {
            const char *shown = describe(call, children.items[i], &keys.items[k]);
            if (shown == NULL)
                return false;
            if (strcmp(shown, which) == 0)
                parent = keys.items[k].parent;
        }
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
            return report_mismatch(call, &before->table, after.mismatched.items[i]);
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
        if (!read_keys(call, before->table.schema, children.items[i], &keys))
            return false;
        for (uint32_t k = 0; k < keys.count; k++) {
            const char *shown;
            bool there;
            if (!lim_same_name(keys.items[k].parent, before->table.name))
                continue;
            shown = describe(call, children.items[i], &keys.items[k]);
            if (shown == NULL)
                return false;
            if (lim_list_has(&before->mismatched, shown))
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
