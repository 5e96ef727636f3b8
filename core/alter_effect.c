/*
** alter_effect.c - see alter_effect.h
*/
#include "alter_effect.h"

#include <string.h>

/* --- affinity ------------------------------------------------------------------------------ */

/* True when the word, in lower case, occurs in the type. */
static bool has_word(const char *type, size_t length, const char *word) {
    size_t n = strlen(word);
    for (size_t at = 0; at + n <= length; at++) {
        size_t i = 0;
        while (i < n && (type[at + i] | 0x20) == word[i])
            i++;
        if (i == n)
            return true;
    }
    return false;
}

static bool has_any(const char *type, size_t length, const char *const *words) {
    for (; *words; words++)
        if (has_word(type, length, *words))
            return true;
    return false;
}

lim_affinity lim_affinity_of(const char *type, size_t length, bool strict) {
    static const char *const integers[] = {"int", NULL};
    static const char *const texts[] = {"char", "clob", "text", NULL};
    static const char *const blobs[] = {"blob", NULL};
    static const char *const reals[] = {"real", "floa", "doub", NULL};
    if (length == 0 || (strict && length == 3 && has_word(type, length, "any")))
        return LIM_AFFINITY_NONE;
    if (has_any(type, length, integers))
        return LIM_AFFINITY_NUMERIC;
    if (has_any(type, length, texts))
        return LIM_AFFINITY_TEXT;
    if (has_any(type, length, blobs))
        return LIM_AFFINITY_NONE;
    return has_any(type, length, reals) ? LIM_AFFINITY_REAL : LIM_AFFINITY_NUMERIC;
}

static lim_affinity affinity(const lim_create_table *table, const lim_table_column *column) {
    lim_span type = column->type;
    return lim_affinity_of(table->text + type.start, type.end - type.start, table->strict);
}

/* --- comparing ----------------------------------------------------------------------------- */

/* The definition before and after. */
typedef struct comparison {
    lim_context *cx;
    const lim_create_table *before;
    const lim_create_table *after;
    lim_effect *effect;
} comparison;

static bool same_bytes(const comparison *c, size_t start, size_t end, size_t after_start,
                       size_t after_end) {
    return end - start == after_end - after_start &&
           memcmp(c->before->text + start, c->after->text + after_start, end - start) == 0;
}

/* The first clause of that kind from *i on, or NULL; *i is left behind it. */
static const lim_clause *next_of(const lim_clause *clauses, uint32_t count, lim_clause_kind kind,
                                 uint32_t *i) {
    while (*i < count)
        if (clauses[(*i)++].kind == kind)
            return &clauses[*i - 1];
    return NULL;
}

/* True when both have the same clauses of a kind in the same order, whatever their names. */
static bool same_clauses(const comparison *c, const lim_clause *before, uint32_t before_count,
                         const lim_clause *after, uint32_t after_count, lim_clause_kind kind) {
    uint32_t i = 0;
    uint32_t k = 0;
    for (;;) {
        const lim_clause *old = next_of(before, before_count, kind, &i);
        const lim_clause *new = next_of(after, after_count, kind, &k);
        if (!old || !new)
            return !old && !new;
        if (!same_bytes(c, old->body, old->whole.end, new->body, new->whole.end))
            return false;
    }
}

static bool same_in_column(const comparison *c, const lim_table_column *old,
                           const lim_table_column *new, lim_clause_kind kind) {
    return same_clauses(c, old->clauses, old->clause_count, new->clauses, new->clause_count, kind);
}

static bool same_in_table(const comparison *c, lim_clause_kind kind) {
    return same_clauses(c, c->before->constraints, c->before->constraint_count,
                        c->after->constraints, c->after->constraint_count, kind);
}

/* True when columns, keys and generated columns are what they were: the b-trees can stay. */
static bool same_shape(const comparison *c, const lim_edit *edit) {
    if (c->before->column_count != c->after->column_count ||
        c->before->without_rowid != c->after->without_rowid ||
        c->before->strict != c->after->strict ||
        lim_rowid_column(c->cx, c->before) != lim_rowid_column(c->cx, c->after) ||
        !same_in_table(c, LIM_CLAUSE_PRIMARY_KEY) || !same_in_table(c, LIM_CLAUSE_UNIQUE))
        return false;
    for (uint32_t i = 0; i < c->before->column_count; i++) {
        const lim_table_column *old = &c->before->columns[i];
        const lim_table_column *new = &c->after->columns[i];
        const lim_origin *origin = &edit->origins[i];
        if (!origin->source || origin->expression || strcmp(origin->source, old->name) != 0 ||
            !same_in_column(c, old, new, LIM_CLAUSE_PRIMARY_KEY) ||
            !same_in_column(c, old, new, LIM_CLAUSE_UNIQUE) ||
            !same_in_column(c, old, new, LIM_CLAUSE_GENERATED))
            return false;
    }
    return true;
}

/* --- columns ------------------------------------------------------------------------------- */

static bool has_column(const lim_clause *clause, lim_clause_kind kind, const char *column) {
    return clause->kind == kind && lim_list_has_name(&clause->columns, column);
}

/* True when the column is in a key of that kind. */
static bool in_key(const lim_create_table *table, const lim_table_column *column,
                   lim_clause_kind kind) {
    for (uint32_t i = 0; i < column->clause_count; i++)
        if (has_column(&column->clauses[i], kind, column->name))
            return true;
    for (uint32_t i = 0; i < table->constraint_count; i++)
        if (has_column(&table->constraints[i], kind, column->name))
            return true;
    return false;
}

static bool has_generated(const lim_create_table *table) {
    for (uint32_t i = 0; i < table->column_count; i++)
        if (lim_column_clause(&table->columns[i], LIM_CLAUSE_GENERATED))
            return true;
    return false;
}

static uint32_t count_in_column(const lim_table_column *column, lim_clause_kind kind) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < column->clause_count; i++)
        count += column->clauses[i].kind == kind;
    return count;
}

static bool same_type(const comparison *c, const lim_table_column *old,
                      const lim_table_column *new) {
    return same_bytes(c, old->type.start, old->type.end, new->type.start, new->type.end);
}

/* True when values are stored, and ordered, in the same way in both columns. A STRICT table looks at
** each value of another type. */
static bool stores_the_same(const comparison *c, const lim_table_column *old,
                            const lim_table_column *new) {
    return same_in_column(c, old, new, LIM_CLAUSE_COLLATE) &&
           (same_type(c, old, new) ||
            (!c->before->strict && affinity(c->before, old) == affinity(c->after, new)));
}

/* True when the values can be converted where they are. The index of a key can't be dropped and made
** again, and a DEFAULT of rows that were there before the column is read right by its old affinity
** only. */
static bool can_convert(const comparison *c, const lim_table_column *old,
                        const lim_table_column *new) {
    return !in_key(c->before, old, LIM_CLAUSE_UNIQUE) && !has_generated(c->before) &&
           !lim_column_clause(old, LIM_CLAUSE_DEFAULT) &&
           !lim_column_clause(new, LIM_CLAUSE_DEFAULT);
}

/* The column set to itself is converted by its affinity. What a REAL column stores as 5 is 5.0: only
** that affinity says so. */
static bool convert(const comparison *c, const lim_table_column *column) {
    char *quoted = lim_quote_name(c->cx, column->name);
    char *assignment;
    if (!quoted)
        return false;
    assignment = affinity(c->before, column) == LIM_AFFINITY_REAL
                     ? lim_format(c->cx, "%s = iif(typeof(%s) = 'integer', CAST(%s AS REAL), %s)",
                                  quoted, quoted, quoted, quoted)
                     : lim_format(c->cx, "%s = %s", quoted, quoted);
    return assignment && lim_list_add(c->cx, &c->effect->assignments, assignment) &&
           lim_list_add(c->cx, &c->effect->converted, column->name);
}

/* Decides about one column. False: LIM_NOMEM. */
static bool compare_column(const comparison *c, const lim_table_column *old,
                           const lim_table_column *new) {
    lim_effect *effect = c->effect;
    bool in_primary_key = in_key(c->before, old, LIM_CLAUSE_PRIMARY_KEY);
    if (!stores_the_same(c, old, new) || (in_primary_key && !same_type(c, old, new))) {
        /* In a primary key INTEGER is not what INT is, even WITHOUT ROWID. */
        effect->rows_stay = !in_primary_key && can_convert(c, old, new);
        return convert(c, old);
    }
    if (same_in_column(c, old, new, LIM_CLAUSE_DEFAULT))
        return true;
    /* Whether rows end early is seen in the table alone, and WITHOUT ROWID SQLite may read an index. */
    effect->rows_stay = count_in_column(old, LIM_CLAUSE_DEFAULT) <= 1 && !c->before->without_rowid;
    return lim_list_add(c->cx, &effect->defaulted, old->name);
}

/* --- rules --------------------------------------------------------------------------------- */

static bool forbid_nulls(const comparison *c, uint32_t i) {
    const lim_table_column *old = &c->before->columns[i];
    char *name;
    char *condition;
    if (!lim_column_clause(&c->after->columns[i], LIM_CLAUSE_NOT_NULL) ||
        lim_column_clause(old, LIM_CLAUSE_NOT_NULL) ||
        lim_list_has_name(&c->effect->converted, old->name)) /* looked at when it is written */
        return true;
    name = lim_quote_name(c->cx, old->name);
    condition = name ? lim_format(c->cx, "%s IS NULL", name) : NULL;
    return condition && lim_list_add(c->cx, &c->effect->forbidden, condition);
}

/* True when some CHECK in the list is this one. */
static bool has_check(const comparison *c, const lim_clause *clauses, uint32_t count,
                      const lim_clause *check) {
    uint32_t i = 0;
    const lim_clause *old;
    while ((old = next_of(clauses, count, LIM_CLAUSE_CHECK, &i)))
        if (same_bytes(c, old->value.start, old->value.end, check->value.start, check->value.end))
            return true;
    return false;
}

static bool had_check(const comparison *c, const lim_clause *check) {
    for (uint32_t i = 0; i < c->before->column_count; i++)
        if (has_check(c, c->before->columns[i].clauses, c->before->columns[i].clause_count, check))
            return true;
    return has_check(c, c->before->constraints, c->before->constraint_count, check);
}

static bool mentions_converted(const comparison *c, lim_span value) {
    const lim_list *converted = &c->effect->converted;
    for (uint32_t i = 0; i < converted->count; i++)
        if (lim_mentions(c->cx, c->after->text, value.start, value.end, converted->items[i]))
            return true;
    return false;
}

/* What a new CHECK forbids: its expression is false, not NULL. The line's end is for a comment. */
static bool forbid_by_checks(const comparison *c, const lim_clause *clauses, uint32_t count) {
    uint32_t i = 0;
    const lim_clause *check;
    while ((check = next_of(clauses, count, LIM_CLAUSE_CHECK, &i))) {
        lim_span value = check->value;
        char *condition;
        if (had_check(c, check))
            continue;
        condition = lim_format(c->cx, "NOT (%.*s\n)", (int)(value.end - value.start),
                               c->after->text + value.start);
        if (!condition || !lim_list_add(c->cx,
                                        mentions_converted(c, value) ? &c->effect->forbidden_after
                                                                     : &c->effect->forbidden,
                                        condition))
            return false;
    }
    return true;
}

bool lim_edit_effect(const lim_create_table *before, const lim_edit *edit, lim_effect *effect) {
    const comparison c = {edit->cx, before, &edit->table, effect};
    *effect = (lim_effect){.rows_stay = false};
    effect->rows_stay = same_shape(&c, edit);
    for (uint32_t i = 0; effect->rows_stay && i < before->column_count; i++)
        if (!compare_column(&c, &before->columns[i], &edit->table.columns[i]))
            return false;
    if (!effect->rows_stay)
        return edit->cx->error.code != LIM_NOMEM;
    for (uint32_t i = 0; i < before->column_count; i++)
        if (!forbid_nulls(&c, i) || !forbid_by_checks(&c, edit->table.columns[i].clauses,
                                                      edit->table.columns[i].clause_count))
            return false;
    return forbid_by_checks(&c, edit->table.constraints, edit->table.constraint_count) &&
           edit->cx->error.code != LIM_NOMEM;
}

/* --- indexes ------------------------------------------------------------------------------- */

/* The column of the edited table that takes its values from this one as they are, or NULL. */
static const lim_table_column *heir_of(const lim_edit *edit, const lim_table_column *column) {
    for (uint32_t i = 0; i < edit->table.column_count; i++) {
        const lim_origin *origin = &edit->origins[i];
        if (origin->source && strcmp(origin->source, column->name) == 0)
            return origin->expression ? NULL : &edit->table.columns[i];
    }
    return NULL;
}

static bool is_touched(const comparison *c, const lim_edit *edit, const lim_table_column *column) {
    const lim_table_column *heir = heir_of(edit, column);
    return !heir || !stores_the_same(c, column, heir) ||
           lim_column_clause(column, LIM_CLAUSE_GENERATED) ||
           lim_column_clause(heir, LIM_CLAUSE_GENERATED);
}

bool lim_edit_touched(const lim_create_table *before, const lim_edit *edit, lim_list *touched) {
    const comparison c = {edit->cx, before, &edit->table, NULL};
    *touched = (lim_list){0};
    for (uint32_t i = 0; i < before->column_count; i++)
        if (is_touched(&c, edit, &before->columns[i]) &&
            !lim_list_add(edit->cx, touched, before->columns[i].name))
            return false;
    for (uint32_t i = 0; i < edit->table.column_count; i++)
        if (!edit->origins[i].source &&
            !lim_list_add(edit->cx, touched, edit->table.columns[i].name))
            return false;
    return true;
}
