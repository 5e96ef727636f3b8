/*
** alter.c - see alter.h
**
** Each action is read with the end of the text set to the comma that ends it, so that an
** expression needs no grammar: it is whatever stands there.
*/
#include "alter.h"

#include <string.h>

static const char PUT_ASIDE[] =
    "Put what only PostgreSQL can do into a section of its own, -- migrate:up postgres.";

/* The first words of actions that PostgreSQL has and a rebuild can't give. */
static const char *const foreign_actions[] = {
    "owner",  "enable", "disable", "cluster", "inherit", "replica", "validate", "attach",
    "detach", "set",    "reset",   "force",   "no",      "of",      "not",      NULL,
};

bool lim_is_alter_table(const char *text, const lim_statement *statement) {
    lim_token second;
    if (!lim_token_is(text, statement->first, "alter"))
        return false;
    second = lim_lex_significant(LIM_SQLITE, text, statement->end,
                                 statement->first.start + statement->first.length);
    return lim_token_is(text, second, "table");
}

/* Fails with the words of the action up to here, as `ALTER COLUMN ... SET STORAGE`. */
static bool not_on_sqlite(lim_scanner *s, const char *before) {
    lim_text words = {.cx = s->cx};
    lim_scanner ahead = *s;
    const char *shown;
    for (int i = 0; i < 2 && ahead.token.kind == LIM_TOKEN_WORD; i++) {
        if (i > 0)
            lim_text_addc(&words, ' ');
        for (size_t j = 0; j < ahead.token.length; j++) {
            char c = s->text[ahead.token.start + j];
            lim_text_addc(&words, c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c);
        }
        lim_scan_next(&ahead);
    }
    shown = lim_text_end(&words);
    return shown &&
           lim_fail(s->cx, LIM_NOT_SUPPORTED, PUT_ASIDE,
                    "ALTER TABLE ... %s%s can't be done on SQLite", before, lim_show(s->cx, shown));
}

/* Where the action that starts at the scanner ends: at a comma outside parentheses, or the end. */
static size_t action_end(lim_scanner s) {
    for (int depth = 0; s.token.kind != LIM_TOKEN_END; lim_scan_next(&s)) {
        if (s.token.kind == LIM_TOKEN_LEFT)
            depth++;
        else if (s.token.kind == LIM_TOKEN_RIGHT)
            depth--;
        else if (s.token.kind == LIM_TOKEN_COMMA && depth <= 0)
            return s.token.start;
    }
    return s.token.start;
}

static bool at_end(lim_scanner *s) {
    return s->token.kind == LIM_TOKEN_END || lim_scan_unexpected(s);
}

/* [IF EXISTS] */
static bool read_if_exists(lim_scanner *s, bool *if_there) {
    if (!lim_scan_at(s, "if") || !lim_token_is(s->text, lim_scan_peek(s), "exists"))
        return true;
    lim_scan_next(s);
    lim_scan_next(s);
    *if_there = true;
    return true;
}

static bool read_action_name(lim_scanner *s, lim_alter_action *action) {
    char *name;
    action->name_at = s->token.start;
    if (!lim_scan_name(s, &name, NULL))
        return false;
    action->name = name;
    return true;
}

/* What is left of the action, which must be something. */
static bool read_rest(lim_scanner *s, lim_span *rest) {
    if (s->token.kind == LIM_TOKEN_END)
        return lim_scan_unexpected(s);
    rest->start = s->token.start;
    while (s->token.kind != LIM_TOKEN_END)
        lim_scan_next(s);
    rest->end = s->end;
    return true;
}

static bool read_added_constraint(lim_scanner *s, lim_alter_action *action) {
    size_t end;
    bool deferrable;
    bool read;
    action->kind = LIM_ALTER_ADD_CONSTRAINT;
    action->name_at = s->token.start;
    read =
        lim_constraint_split(s->cx, s->text, s->length, s->token.start, &action->constraint, &end);
    *s = lim_scanner_at(s->cx, s->text, s->length, end);
    if (!read)
        return false;
    if (action->constraint.kind == LIM_CLAUSE_NAME)
        return lim_scan_unexpected(s);
    action->name = action->constraint.name;
    if (action->name)
        action->name_at = action->constraint.name_span.start;
    deferrable = lim_scan_at(s, "deferrable") || lim_scan_at(s, "initially") ||
                 (lim_scan_at(s, "not") && lim_token_is(s->text, lim_scan_peek(s), "deferrable"));
    if (deferrable)
        return lim_fail(s->cx, LIM_NOT_SUPPORTED, "Only a foreign key can be deferrable there.",
                        "ALTER TABLE ... ADD CONSTRAINT ... DEFERRABLE can't be done on SQLite");
    if (lim_scan_at(s, "not") && lim_token_is(s->text, lim_scan_peek(s), "valid"))
        return lim_fail(s->cx, LIM_NOT_SUPPORTED, PUT_ASIDE,
                        "ALTER TABLE ... ADD CONSTRAINT ... NOT VALID can't be done on SQLite");
    return at_end(s);
}

/* True when the column to add is an identity of PostgreSQL's: GENERATED ... AS IDENTITY. */
static bool is_identity(lim_scanner s) {
    for (; s.token.kind != LIM_TOKEN_END; lim_scan_next(&s))
        if (lim_scan_at(&s, "as") && lim_token_is(s.text, lim_scan_peek(&s), "identity"))
            return true;
    return false;
}

static bool read_add(lim_scanner *s, lim_alter_action *action) {
    size_t end;
    bool read;
    bool named = lim_scan_take(s, "column");
    if (!named) {
        if (lim_scan_at(s, "constraint") || lim_scan_at(s, "check") || lim_scan_at(s, "unique") ||
            lim_scan_at(s, "primary") || lim_scan_at(s, "foreign"))
            return read_added_constraint(s, action);
        if (lim_scan_at(s, "exclude"))
            return not_on_sqlite(s, "ADD ");
    }
    action->kind = LIM_ALTER_ADD_COLUMN;
    if (lim_scan_at(s, "if") && lim_token_is(s->text, lim_scan_peek(s), "not")) {
        lim_scan_next(s);
        lim_scan_next(s);
        if (!lim_scan_take(s, "exists"))
            return lim_scan_unexpected(s);
        action->unless_there = true;
    }
    action->name_at = s->token.start;
    if (is_identity(*s))
        return lim_fail(s->cx, LIM_NOT_SUPPORTED,
                        "Use INTEGER PRIMARY KEY, which numbers the rows.",
                        "ALTER TABLE ... ADD COLUMN ... AS IDENTITY can't be done on SQLite");
    read = lim_column_split(s->cx, s->text, s->length, s->token.start, &action->column, &end);
    action->name = action->column.name;
    *s = lim_scanner_at(s->cx, s->text, s->length, end);
    return read && at_end(s);
}

static bool read_drop(lim_scanner *s, lim_alter_action *action) {
    action->kind = LIM_ALTER_DROP_COLUMN;
    if (lim_scan_take(s, "constraint"))
        action->kind = LIM_ALTER_DROP_CONSTRAINT;
    else
        lim_scan_take(s, "column");
    if (!read_if_exists(s, &action->if_there) || !read_action_name(s, action))
        return false;
    if (lim_scan_take(s, "cascade"))
        action->cascade = true;
    else
        lim_scan_take(s, "restrict");
    return at_end(s);
}

/* t [COLLATE x] [USING e], after TYPE. */
static bool read_new_type(lim_scanner *s, lim_alter_action *action) {
    action->kind = LIM_ALTER_TYPE;
    if (!lim_is_name(s->token))
        return lim_scan_unexpected(s);
    action->type.start = s->token.start;
    while (s->token.kind != LIM_TOKEN_END && !lim_scan_at(s, "collate") && !lim_scan_at(s, "using"))
        lim_scan_next(s);
    action->type.end = s->end;
    if (lim_scan_take(s, "collate")) {
        char *name;
        if (!lim_scan_name(s, &name, &action->collation))
            return false;
        if (s->token.kind == LIM_TOKEN_DOT) {
            lim_scan_next(s);
            if (!lim_scan_name(s, &name, &action->collation))
                return false;
        }
        action->no_collation = strcmp(name, "default") == 0;
    }
    if (lim_scan_take(s, "using"))
        return read_rest(s, &action->expression);
    return at_end(s);
}

static bool read_alter(lim_scanner *s, lim_alter_action *action) {
    lim_scanner before;
    if (lim_scan_at(s, "constraint"))
        return lim_fail(s->cx, LIM_NOT_SUPPORTED, "Drop the constraint and add it anew.",
                        "ALTER TABLE ... ALTER CONSTRAINT can't be done on SQLite");
    lim_scan_take(s, "column");
    if (!read_action_name(s, action))
        return false;
    before = *s;
    if (lim_scan_take(s, "type"))
        return read_new_type(s, action);
    if (lim_scan_take(s, "drop")) {
        if (lim_scan_take(s, "default")) {
            action->kind = LIM_ALTER_DROP_DEFAULT;
            return at_end(s);
        }
        if (lim_scan_take(s, "not")) {
            action->kind = LIM_ALTER_DROP_NOT_NULL;
            return lim_scan_take(s, "null") ? at_end(s) : lim_scan_unexpected(s);
        }
    } else if (lim_scan_take(s, "set")) {
        if (lim_scan_take(s, "default")) {
            action->kind = LIM_ALTER_SET_DEFAULT;
            return read_rest(s, &action->expression);
        }
        if (lim_scan_take(s, "not")) {
            action->kind = LIM_ALTER_SET_NOT_NULL;
            return lim_scan_take(s, "null") ? at_end(s) : lim_scan_unexpected(s);
        }
        if (lim_scan_take(s, "data"))
            return lim_scan_take(s, "type") ? read_new_type(s, action) : lim_scan_unexpected(s);
    }
    if (!lim_scan_at(&before, "set") && !lim_scan_at(&before, "drop") &&
        !lim_scan_at(&before, "add") && !lim_scan_at(&before, "reset") &&
        !lim_scan_at(&before, "restart"))
        return lim_scan_unexpected(s);
    *s = before;
    return not_on_sqlite(s, "ALTER COLUMN ... ");
}

static bool read_rename(lim_scanner *s, lim_alter_action *action) {
    char *name;
    action->kind = LIM_ALTER_RENAME_COLUMN;
    if (lim_scan_take(s, "constraint"))
        action->kind = LIM_ALTER_RENAME_CONSTRAINT;
    else if (!lim_scan_take(s, "column") && lim_scan_at(s, "to"))
        action->kind = LIM_ALTER_RENAME_TABLE;
    if (action->kind != LIM_ALTER_RENAME_TABLE && !read_action_name(s, action))
        return false;
    if (!lim_scan_take(s, "to"))
        return lim_scan_unexpected(s);
    if (!lim_scan_name(s, &name, &action->new_span))
        return false;
    action->new_name = name;
    return at_end(s);
}

static bool read_action(lim_scanner *s, lim_alter_action *action) {
    action->at = s->token.start;
    if (lim_scan_take(s, "add"))
        return read_add(s, action);
    if (lim_scan_take(s, "drop"))
        return read_drop(s, action);
    if (lim_scan_take(s, "alter"))
        return read_alter(s, action);
    if (lim_scan_take(s, "rename"))
        return read_rename(s, action);
    for (int i = 0; foreign_actions[i]; i++)
        if (lim_scan_at(s, foreign_actions[i]))
            return not_on_sqlite(s, "");
    return lim_scan_unexpected(s);
}

/* ALTER TABLE [IF EXISTS] [ONLY] [schema.]name [*] */
static bool read_head(lim_scanner *s, lim_alter *alter) {
    lim_scan_next(s);
    lim_scan_next(s);
    if (!read_if_exists(s, &alter->if_there))
        return false;
    if (lim_scan_at(s, "only") && lim_is_name(lim_scan_peek(s)) &&
        !lim_token_is(s->text, lim_scan_peek(s), "add") &&
        !lim_token_is(s->text, lim_scan_peek(s), "rename"))
        lim_scan_next(s);
    alter->table_at = s->token.start;
    if (!lim_scan_name(s, &alter->table, NULL))
        return false;
    if (s->token.kind == LIM_TOKEN_DOT) {
        lim_scan_next(s);
        alter->schema = alter->table;
        if (!lim_scan_name(s, &alter->table, NULL))
            return false;
    }
    if (s->token.kind == LIM_TOKEN_OPERATOR && s->text[s->token.start] == '*')
        lim_scan_next(s);
    return true;
}

/* PostgreSQL carries out the actions of one statement in this order, whatever order they stand in.
 */
static int rank(const lim_alter_action *action) {
    switch (action->kind) {
    case LIM_ALTER_TYPE:
        return 1;
    case LIM_ALTER_ADD_COLUMN:
        return 2;
    case LIM_ALTER_SET_NOT_NULL:
        return 3;
    case LIM_ALTER_ADD_CONSTRAINT:
        return action->constraint.kind == LIM_CLAUSE_PRIMARY_KEY ||
                       action->constraint.kind == LIM_CLAUSE_UNIQUE
                   ? 4
                   : 5;
    case LIM_ALTER_SET_DEFAULT:
        return 5;
    default:
        return 0;
    }
}

static void put_in_order(lim_alter *alter) {
    for (uint32_t i = 1; i < alter->count; i++) {
        lim_alter_action action = alter->actions[i];
        uint32_t j = i;
        for (; j > 0 && rank(&alter->actions[j - 1]) > rank(&action); j--)
            alter->actions[j] = alter->actions[j - 1];
        alter->actions[j] = action;
    }
}

bool lim_alter_parse(lim_context *cx, const char *text, const lim_statement *statement,
                     lim_alter *alter, size_t *place) {
    lim_scanner s = lim_scanner_at(cx, text, statement->end, statement->start);
    bool more;
    *alter = (lim_alter){.text = text, .statement = {statement->start, statement->end}};
    if (!read_head(&s, alter)) {
        *place = s.token.start;
        return false;
    }
    do {
        lim_scanner part = s;
        if (!lim_grow(cx, &alter->actions, &alter->capacity, alter->count + 1,
                      sizeof(lim_alter_action)))
            return false;
        alter->actions[alter->count] = (lim_alter_action){.at = s.token.start};
        part.length = action_end(s);
        part = lim_scanner_at(cx, text, part.length, s.token.start);
        if (!read_action(&part, &alter->actions[alter->count++])) {
            *place = part.token.start;
            return false;
        }
        s = lim_scanner_at(cx, text, statement->end, part.length);
        more = s.token.kind == LIM_TOKEN_COMMA;
        if (more)
            lim_scan_next(&s);
    } while (more);
    for (uint32_t i = 0; alter->count > 1 && i < alter->count; i++) {
        if (alter->actions[i].kind >= LIM_ALTER_RENAME_CONSTRAINT) {
            *place = alter->actions[i].at;
            return lim_fail(cx, LIM_SYNTAX, "Give RENAME an ALTER TABLE of its own.",
                            "RENAME can't be one of several actions");
        }
    }
    put_in_order(alter);
    return true;
}
