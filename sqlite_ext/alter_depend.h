/*
** alter_depend.h - views and triggers around an ALTER TABLE: none may be broken by it
**
** SQLite compiles a view or trigger when it is used, so a broken one is found by compiling a use of
** it: EXPLAIN SELECT, INSERT, UPDATE, DELETE. Each gives an error or none, before and after; what is
** wrong after and was not wrong in the same way before is the change's doing.
**
** While they are compiled, a name in double quotes means a column and nothing else: SQLite would
** take the name of a column that is gone for a string.
*/
#ifndef LIMBECK_ALTER_DEPEND_H
#define LIMBECK_ALTER_DEPEND_H

#include "alter_sql.h"
#include "create_table.h"

typedef enum limbeck_use {
    LIMBECK_SELECT,
    LIMBECK_INSERT,
    LIMBECK_UPDATE,
    LIMBECK_DELETE
} limbeck_use;

/* A use of a view or table, and what is wrong with it. */
typedef struct limbeck_dependent {
    const char *schema;
    const char *name;
    bool is_view;
    limbeck_use use;
    const char *problem; /* NULL: nothing */
} limbeck_dependent;

typedef struct limbeck_dependents {
    limbeck_dependent *items;
    uint32_t count;
    uint32_t capacity;
} limbeck_dependents;

/* Compiles the views that may use the table, the writes to tables and views with triggers that may,
** and those to the table itself. */
bool limbeck_dependents_read(limbeck_call *call, const limbeck_table *table,
                             limbeck_dependents *found);

/* What the change broke: a view, a trigger, or the use of a table. */
typedef struct limbeck_broken {
    const char *kind; /* "view", "trigger" or "table" */
    const char *schema;
    const char *name;
    const char *sql;     /* of the view or trigger */
    const char *problem; /* SQLite's words */
} limbeck_broken;

typedef struct limbeck_broken_list {
    limbeck_broken *items;
    uint32_t count;
    uint32_t capacity;
} limbeck_broken_list;

/* Compares the present state with *before. */
bool limbeck_dependents_compare(limbeck_call *call, const limbeck_table *table,
                                const limbeck_dependents *before, limbeck_broken_list *broken);

#endif
