/*
** constraint_name.c - the names of a table's constraints; see alter_edit.h
**
** PostgreSQL names what has no name: CHECKs first, in the order of the text, then PRIMARY KEY and
** UNIQUE, then FOREIGN KEY; a name that is taken gets 1, 2, ... after its label.
*/
#include "alter_edit.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES 63

/* Not more than length bytes of the name, and no part of a character. */
static size_t clip(const char *name, size_t length) {
    while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
        length--;
    return length;
}

char *lim_object_name(lim_context *cx, const char *table, const char *part, const char *label) {
    size_t overhead = (part ? 1 : 0) + strlen(label) + 1;
    size_t room = NAME_BYTES > overhead ? NAME_BYTES - overhead : 0;
    size_t first = strlen(table);
    size_t second = part ? strlen(part) : 0;
    while (first + second > room) {
        if (first > second)
            first--;
        else
            second--;
    }
    first = clip(table, first);
    if (!part)
        return lim_format(cx, "%.*s_%s", (int)first, table, label);
    second = clip(part, second);
    return lim_format(cx, "%.*s_%.*s_%s", (int)first, table, (int)second, part, label);
}

/* The columns' names joined by _, as far as PostgreSQL joins them. */
static char *join_columns(lim_context *cx, const lim_list *columns) {
    lim_text joined = {.cx = cx};
    for (uint32_t i = 0; i < columns->count && joined.length <= NAME_BYTES; i++) {
        size_t length = strlen(columns->items[i]);
        if (i > 0)
            lim_text_addc(&joined, '_');
        lim_text_add(&joined, columns->items[i], length > NAME_BYTES ? NAME_BYTES : length);
    }
    return lim_text_end(&joined);
}

/* The column that a CHECK is about: the only one it mentions, or NULL. */
static const char *checked_column(lim_context *cx, const lim_create_table *table,
                                  const lim_clause *check) {
    const char *found = NULL;
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (!lim_mentions(cx, table->text, check->value.start, check->value.end,
                          table->columns[i].name))
            continue;
        if (found)
            return NULL;
        found = table->columns[i].name;
    }
    return found;
}

static bool is_taken(const lim_named_constraint *named, uint32_t count, const lim_list *reserved,
                     const char *name) {
    return lim_find_constraint(named, count, name) != NULL || lim_list_has_name(reserved, name);
}

/* The name that the constraint gets when those in named and in reserved are taken. */
static char *choose_name(lim_context *cx, const lim_create_table *table, const lim_clause *clause,
                         const lim_named_constraint *named, uint32_t count,
                         const lim_list *reserved) {
    const char *label = "check";
    const char *part = NULL;
    char numbered[32];
    if (clause->kind == LIM_CLAUSE_CHECK) {
        part = checked_column(cx, table, clause);
    } else if (clause->kind == LIM_CLAUSE_PRIMARY_KEY) {
        label = "pkey";
    } else {
        label = clause->kind == LIM_CLAUSE_UNIQUE ? "key" : "fkey";
        part = join_columns(cx, &clause->columns);
        if (!part)
            return NULL;
    }
    for (unsigned pass = 0;; pass++) {
        char *name;
        if (pass == 0)
            snprintf(numbered, sizeof numbered, "%s", label);
        else
            snprintf(numbered, sizeof numbered, "%s%u", label, pass);
        name = lim_object_name(cx, table->name, part, numbered);
        if (!name || !is_taken(named, count, reserved, name))
            return name;
    }
}

static bool can_be_dropped(const lim_clause *clause) {
    return clause->kind >= LIM_CLAUSE_CHECK && clause->kind <= LIM_CLAUSE_FOREIGN_KEY;
}

/* Names that comments keep for dropped constraints: the numbers of the others stay as they are. */
static bool reserved_names(lim_context *cx, const lim_create_table *table, lim_list *reserved) {
    for (size_t at = table->left; at < table->right;) {
        lim_token token = lim_lex(LIM_SQLITE, table->text, table->right, at);
        at = token.start + token.length;
        if (token.kind == LIM_TOKEN_COMMENT && token.length > 4 &&
            table->text[token.start] == '/') {
            size_t end = at - 2;
            lim_token name = lim_lex(LIM_SQLITE, table->text, end, token.start + 2);
            char *copy;
            if (!lim_is_name(name) || name.start + name.length != end)
                continue;
            copy = lim_token_name(cx, LIM_SQLITE, table->text, name);
            if (!copy || !lim_list_add(cx, reserved, copy))
                return false;
        }
    }
    return true;
}

bool lim_name_constraints(lim_context *cx, const lim_create_table *table,
                          lim_named_constraint **named, uint32_t *count) {
    static const lim_clause_kind order[] = {LIM_CLAUSE_CHECK, LIM_CLAUSE_PRIMARY_KEY,
                                            LIM_CLAUSE_UNIQUE, LIM_CLAUSE_FOREIGN_KEY};
    lim_list reserved = {0};
    uint32_t n = table->constraint_count;
    for (uint32_t i = 0; i < table->column_count; i++)
        n += table->columns[i].clause_count;
    *named = LIM_NEW(cx, lim_named_constraint, n + 1);
    *count = 0;
    if (!*named || !reserved_names(cx, table, &reserved))
        return false;
    for (uint32_t i = 0; i < table->column_count; i++) {
        for (uint32_t j = 0; j < table->columns[i].clause_count; j++) {
            lim_clause *clause = &table->columns[i].clauses[j];
            if (can_be_dropped(clause) || (clause->kind == LIM_CLAUSE_NOT_NULL && clause->name))
                (*named)[(*count)++] =
                    (lim_named_constraint){.clause = clause, .name = clause->name};
        }
    }
    for (uint32_t i = 0; i < table->constraint_count; i++)
        if (can_be_dropped(&table->constraints[i]))
            (*named)[(*count)++] = (lim_named_constraint){.clause = &table->constraints[i],
                                                          .name = table->constraints[i].name};
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (uint32_t i = 0; i < *count; i++)
            if (!(*named)[i].name && (*named)[i].clause->kind == order[k]) {
                (*named)[i].name =
                    choose_name(cx, table, (*named)[i].clause, *named, *count, &reserved);
                (*named)[i].generated = true;
                if (!(*named)[i].name)
                    return false;
            }
    return true;
}

char *lim_new_name(lim_context *cx, const lim_create_table *table, lim_named_constraint *constraint,
                   const lim_named_constraint *named, uint32_t count) {
    const lim_list none = {0};
    const char *own = constraint->name;
    char *name;
    constraint->name = NULL; /* its own is not in its way */
    name = choose_name(cx, table, constraint->clause, named, count, &none);
    constraint->name = own;
    return name;
}

const lim_named_constraint *lim_find_constraint(const lim_named_constraint *named, uint32_t count,
                                                const char *name) {
    for (uint32_t i = 0; i < count; i++)
        if (named[i].name && lim_same_name(named[i].name, name))
            return &named[i];
    return NULL;
}
