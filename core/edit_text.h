/*
** edit_text.h - CREATE TABLE texts with one clause more or less
**
** Each function gives the whole new text and changes nothing. A removal is tried against its
** insertion: when putting the clause back where it would be put does not give the same bytes, a
** comment keeps the place, and the insertion looks for such comments first. NULL: LIM_NOMEM.
*/
#ifndef LIM_EDIT_TEXT_H
#define LIM_EDIT_TEXT_H

#include "alter_edit.h"

/* The text with bytes [start, end) replaced. */
char *lim_spliced(lim_context *cx, const char *text, size_t length, size_t start, size_t end,
                  const char *with);

char *lim_with_not_null(lim_context *cx, const lim_create_table *table, int32_t column);
char *lim_without_not_null(lim_context *cx, const lim_create_table *table, int32_t column);

/* value as SQLite's DEFAULT takes it. Also replaces the value of a DEFAULT that is there. */
char *lim_with_default(lim_context *cx, const lim_create_table *table, int32_t column,
                       const char *value);
char *lim_without_default(lim_context *cx, const lim_create_table *table, int32_t column);

/* Adds a constraint of the table. clause is cut from source; without a name it will answer to the
** generated one. */
char *lim_with_constraint(lim_context *cx, const lim_create_table *table, const char *source,
                          const lim_clause *clause);
/* for_good: it goes with a column, and its place is kept only where other names depend on it. */
char *lim_without_constraint(lim_context *cx, const lim_create_table *table,
                             const lim_named_constraint *constraint, bool for_good);

char *lim_with_column(lim_context *cx, const lim_create_table *table, const char *definition);
char *lim_without_column(lim_context *cx, const lim_create_table *table, int32_t column);

/* new_name is as it shall be written. An unnamed constraint gets CONSTRAINT n and a comment that keeps
** its generated name; renaming it to that takes both away again. */
char *lim_with_constraint_name(lim_context *cx, const lim_create_table *table,
                               const lim_named_constraint *constraint, const char *new_name);

#endif
