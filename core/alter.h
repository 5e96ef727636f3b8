/*
** alter.h - ALTER TABLE statements, in the standard's and PostgreSQL's words, as lists of actions
**
** Everything an ALTER TABLE of a body may say on SQLite: what SQLite itself can do, and what is
** done by rebuilding the table. What neither can do (SET STORAGE, OWNER TO, ...) is an error that
** says so.
**
**     lim_alter alter;
**     if (lim_is_alter_table(text, &statement) &&
**         lim_alter_parse(cx, text, &statement, &alter, &place))
**         for (uint32_t i = 0; i < alter.count; i++)
**             apply(&alter.actions[i]);
*/
#ifndef LIM_ALTER_H
#define LIM_ALTER_H

#include "create_table.h"

typedef enum lim_alter_kind {
    LIM_ALTER_ADD_COLUMN,
    LIM_ALTER_DROP_COLUMN,
    LIM_ALTER_TYPE,
    LIM_ALTER_SET_DEFAULT,
    LIM_ALTER_DROP_DEFAULT,
    LIM_ALTER_SET_NOT_NULL,
    LIM_ALTER_DROP_NOT_NULL,
    LIM_ALTER_ADD_CONSTRAINT,
    LIM_ALTER_DROP_CONSTRAINT,
    LIM_ALTER_RENAME_CONSTRAINT,
    LIM_ALTER_RENAME_COLUMN,
    LIM_ALTER_RENAME_TABLE
} lim_alter_kind;

/* One action. Offsets and spans are of the body's text. */
typedef struct lim_alter_action {
    lim_alter_kind kind;
    size_t at;            /* its first word */
    size_t name_at;       /* the column's or constraint's name */
    const char *name;     /* the column or constraint; NULL for an unnamed constraint to add */
    const char *new_name; /* RENAME */
    lim_span new_span;    /* RENAME CONSTRAINT: the new name as written */
    bool unless_there;    /* IF NOT EXISTS */
    bool if_there;        /* IF EXISTS */
    bool cascade;
    lim_table_column column; /* ADD COLUMN */
    lim_clause constraint;   /* ADD CONSTRAINT */
    lim_span type;           /* TYPE */
    lim_span collation;      /* TYPE ... COLLATE: the name as written; empty for none */
    bool no_collation;       /* TYPE ... COLLATE "default" */
    lim_span expression;     /* TYPE ... USING, SET DEFAULT; empty for none */
} lim_alter_action;

typedef struct lim_alter {
    const char *text;   /* the body */
    lim_span statement; /* in it */
    char *schema;       /* NULL: as SQLite looks it up */
    char *table;
    size_t table_at;
    bool if_there;
    lim_alter_action *actions; /* in the order to be carried out in */
    uint32_t count;
    uint32_t capacity;
} lim_alter;

/* True when the statement starts with ALTER TABLE. */
bool lim_is_alter_table(const char *text, const lim_statement *statement);

/* Reads the statement. False: LIM_SYNTAX or LIM_NOT_SUPPORTED, with the place at fault in *place;
** or LIM_NOMEM. */
bool lim_alter_parse(lim_context *cx, const char *text, const lim_statement *statement,
                     lim_alter *alter, size_t *place);

#endif
