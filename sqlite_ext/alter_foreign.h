/*
** alter_foreign.h - foreign keys around an ALTER TABLE: none may be broken by it
**
** The rows that violate a foreign key of the table, or of one that references it, are read before
** and after; what was wrong before stays the user's own affair.
*/
#ifndef LIMBECK_ALTER_FOREIGN_H
#define LIMBECK_ALTER_FOREIGN_H

#include "alter_edit.h"
#include "alter_sql.h"

typedef struct limbeck_violation {
    const char *foreign_key; /* what tells it from others: child, parent and columns */
    const char *child;
    int64_t rowid;
    bool has_rowid; /* not a WITHOUT ROWID table */
    int number;     /* of the foreign key, in PRAGMA foreign_key_list(child) */
} limbeck_violation;

typedef struct limbeck_foreign {
    limbeck_table table;
    limbeck_violation *rows; /* sorted */
    uint32_t count;
    uint32_t capacity;
    lim_list
        mismatched; /* foreign keys without a parent key, as foreign_key: they can't be checked */
} limbeck_foreign;

/* Reads what is violated now. */
bool limbeck_foreign_read(limbeck_call *call, const limbeck_table *table, limbeck_foreign *found);

/* Fails when the present state has a violation that *before has not. With rowids_change the rows of
** the table itself are only counted. constraint, if not NULL, gets the name of the one violated. */
bool limbeck_foreign_compare(limbeck_call *call, const limbeck_foreign *before, bool rowids_change,
                             const char **constraint);

/* A foreign key of another table (or the table's own) whose parent key is gone. */
typedef struct limbeck_orphan {
    const char *child;
    const char *constraint;
} limbeck_orphan;

/* Finds one that is not in before->mismatched; child is NULL when there is none. */
bool limbeck_foreign_orphan(limbeck_call *call, const limbeck_foreign *before,
                            limbeck_orphan *orphan);

#endif
