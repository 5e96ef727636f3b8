/*
** alter_edit.h - the actions of ALTER TABLE as edits of a stored CREATE TABLE text
**
** An edit changes the bytes that the action is about and no others, and is made so that an action
** and its inverse give the text back byte for byte. Where the place of a dropped clause could not
** be found again (a NOT NULL after a DEFAULT, a CHECK at a column), a comment keeps it:
**
**     name text DEFAULT 'x' NOT NULL     ->  name text DEFAULT 'x' (slash-star)NOT NULL(star-slash)
**
** and the inverse puts the clause there again. Constraints without a name answer to the name that
** PostgreSQL gives them: orders_user_id_fkey, orders_total_check, orders_pkey, users_email_key.
*/
#ifndef LIM_ALTER_EDIT_H
#define LIM_ALTER_EDIT_H

#include "alter.h"

/* Where the values of a column of the edited table come from. */
typedef struct lim_origin {
    const char *source; /* the column of the table as it was; NULL: added, its default fills it */
    const char *expression; /* USING, over the columns as they were; NULL: the source as it is */
    uint32_t typed;         /* number of the statement (from 1) that gave its type, 0 for none */
    size_t place; /* of the action that changed its type or NOT NULL, LIM_NOWHERE for none */
} lim_origin;

/* A rule that the edit adds: a constraint, by its name. */
typedef struct lim_added {
    const char *name;
    size_t place; /* of the action, in the body */
} lim_added;

typedef struct lim_edit {
    lim_context *cx;
    lim_create_table table; /* the text as edited so far, cut */
    lim_origin *origins;    /* one a column of table */
    lim_list dropped;       /* columns of the table as it was that are gone */
    lim_added *added;
    uint32_t added_count;
    uint32_t added_capacity;
    uint32_t statement; /* number of the statement whose actions are applied, from 1 */
    bool rebuild;       /* the text differs from what is stored */
} lim_edit;

/* Starts over the stored text. The text must outlive the edit. */
bool lim_edit_begin(lim_context *cx, const char *text, size_t length, lim_edit *edit);

/* True when the action must wait until what the edit holds is carried out: it computes with values
** that an earlier statement changed. */
bool lim_edit_must_wait(lim_edit *edit, const char *body, const lim_alter_action *action);

/* Applies one action, which is none of the two RENAMEs that SQLite does. body is the text that the
** action was read from. What it finds already so (DROP NOT NULL of a column without, IF EXISTS)
** changes nothing. False: no such column or constraint, one too many, or in the way. */
bool lim_edit_apply(lim_edit *edit, const char *body, const lim_alter_action *action);

/* The definition of a column to add as SQLite reads it: types and defaults in PostgreSQL's words
** are quoted or put in parentheses. NULL: LIM_NOMEM. */
char *lim_column_definition(lim_context *cx, const char *body, const lim_table_column *column);

/* True for a CHECK that is written at a column and not about it: it stays when the column goes. */
bool lim_stays_without(lim_context *cx, const lim_create_table *table, const lim_clause *clause);

/* A constraint and the name it answers to. */
typedef struct lim_named_constraint {
    lim_clause *clause;
    const char *name;
    bool generated; /* it has no name of its own */
} lim_named_constraint;

/* All constraints that can be dropped by name: CHECK, UNIQUE, PRIMARY KEY, FOREIGN KEY, and the
** named NOT NULLs. False: LIM_NOMEM. */
bool lim_name_constraints(lim_context *cx, const lim_create_table *table,
                          lim_named_constraint **named, uint32_t *count);

/* The one of that name, or NULL (also without memory: see the context). */
const lim_named_constraint *lim_find_constraint(const lim_named_constraint *named, uint32_t count,
                                                const char *name);

/* The name that PostgreSQL gives to a constraint that is added when the others in named are there:
** *constraint is the new one, among them. NULL: LIM_NOMEM. */
char *lim_new_name(lim_context *cx, const lim_create_table *table, lim_named_constraint *constraint,
                   const lim_named_constraint *named, uint32_t count);

/* PostgreSQL's name for an object of a table: parts joined by _, cut to 63 bytes. part may be
** NULL. */
char *lim_object_name(lim_context *cx, const char *table, const char *part, const char *label);

#endif
