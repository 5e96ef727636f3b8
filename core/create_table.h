/*
** create_table.h - a SQLite CREATE TABLE statement as its columns and constraints, text untouched
**
** SQLite has no call that parses: its pragmas leave out CHECKs, collations, conflict clauses and
** the names of constraints. Here a stored statement is cut into spans of its own text, so that an
** edit replaces the bytes it means and no others. It follows SQLite's grammar where that is odd:
** table constraints without a comma between them, a type of any words, a CONSTRAINT name that
** belongs to nothing, DEFERRABLE standing apart from its REFERENCES, names quoted in four ways.
**
**     lim_create_table table;
**     if (lim_create_table_split(cx, sql, strlen(sql), &table))
**         for (uint32_t i = 0; i < table.column_count; i++)
**             use(table.columns[i].name, table.columns[i].type);
**
** What SQLite accepts is split; of what it refuses, much is split too: this is no validator.
*/
#ifndef LIM_CREATE_TABLE_H
#define LIM_CREATE_TABLE_H

#include "scanner.h"

#define LIM_NOWHERE ((size_t)-1)

typedef enum lim_clause_kind {
    LIM_CLAUSE_NAME, /* CONSTRAINT n that nothing follows */
    LIM_CLAUSE_NULL,
    LIM_CLAUSE_NOT_NULL,
    LIM_CLAUSE_DEFAULT,
    LIM_CLAUSE_COLLATE,
    LIM_CLAUSE_GENERATED,
    LIM_CLAUSE_CHECK,
    LIM_CLAUSE_PRIMARY_KEY,
    LIM_CLAUSE_UNIQUE,
    LIM_CLAUSE_FOREIGN_KEY,
    LIM_CLAUSE_DEFERRABLE /* one that stands apart from its REFERENCES */
} lim_clause_kind;

/* A clause of a column, or a constraint of the table. */
typedef struct lim_clause {
    lim_clause_kind kind;
    int32_t column;     /* index of the column it is written at; -1: of the table */
    lim_span whole;     /* with CONSTRAINT n, if any */
    size_t body;        /* where it starts without CONSTRAINT n */
    size_t comma;       /* table constraint: of the comma before it, LIM_NOWHERE without */
    char *name;         /* the constraint's name, NULL for none */
    lim_span name_span; /* the name as written */
    lim_span value;   /* CHECK, GENERATED: inside the parentheses; DEFAULT, COLLATE: what follows */
    lim_list columns; /* PRIMARY KEY, UNIQUE, FOREIGN KEY: of this table */
    char *parent;     /* FOREIGN KEY: the table referenced */
    lim_list parent_columns; /* empty: its primary key */
    bool stored;             /* GENERATED ... STORED */
    bool autoincrement;
} lim_clause;

typedef struct lim_table_column {
    char *name;
    lim_span name_span;
    lim_span type;  /* as written; empty for none */
    lim_span whole; /* from the name to the last clause */
    size_t comma;   /* of the comma before it, LIM_NOWHERE for the first */
    lim_clause *clauses;
    uint32_t clause_count;
    uint32_t clause_capacity;
} lim_table_column;

typedef struct lim_create_table {
    const char *text;
    size_t length;
    char *name;
    lim_span name_span; /* without a schema before it */
    size_t left;        /* of the ( */
    size_t right;       /* of the ) */
    lim_table_column *columns;
    uint32_t column_count;
    uint32_t column_capacity;
    lim_clause *constraints; /* of the table, in order */
    uint32_t constraint_count;
    uint32_t constraint_capacity;
    bool without_rowid;
    bool strict;
} lim_create_table;

/* Cuts a CREATE TABLE statement. The spans point into text, which must outlive *table. False:
** LIM_SYNTAX, naming the place, or LIM_NOMEM. */
bool lim_create_table_split(lim_context *cx, const char *text, size_t length,
                            lim_create_table *table);

/* Cuts one element as it stands between the commas of a CREATE TABLE or after ADD: a table
** constraint (one that starts with CONSTRAINT, CHECK, UNIQUE, PRIMARY or FOREIGN), or a column.
** *end is where it ends (or, on failure, the place at fault); what follows is the caller's to
** judge. A column may have a type and a DEFAULT as PostgreSQL takes them: `timestamp(3) with time
** zone DEFAULT now()`. False:
** LIM_SYNTAX or LIM_NOMEM. */
bool lim_constraint_split(lim_context *cx, const char *text, size_t length, size_t at,
                          lim_clause *constraint, size_t *end);
bool lim_column_split(lim_context *cx, const char *text, size_t length, size_t at,
                      lim_table_column *column, size_t *end);

/* The column of that name, whatever its case, or -1. */
int32_t lim_find_column(const lim_create_table *table, const char *name);

/* The column's (first) clause of a kind, or NULL. */
lim_clause *lim_column_clause(const lim_table_column *column, lim_clause_kind kind);

/* The primary key, of a column or of the table, or NULL. */
const lim_clause *lim_primary_key(const lim_create_table *table);

/* The column that is another name of the rowid (INTEGER PRIMARY KEY), or -1. */
int32_t lim_rowid_column(lim_context *cx, const lim_create_table *table);

/* A name of the hidden rowid that no column has: of this table, of the other, or one to be added; both may be
** NULL. NULL: columns have all of its names. */
const char *lim_hidden_rowid(const lim_create_table *table, const lim_create_table *other,
                             const char *added);

/* The table's columns, quoted, with commas between them: behind first, which is taken as it stands, and without
** left_out; both may be NULL. NULL: LIM_NOMEM. */
char *lim_column_names(lim_context *cx, const lim_create_table *table, const char *first,
                       const char *left_out);

/* True when the two names are the same to SQLite: ASCII letters of either case are equal. */
bool lim_same_name(const char *a, const char *b);
bool lim_list_has_name(const lim_list *list, const char *name);

/* True when the expression in [start, end) can mean the column: the name occurs in it, quoted or
** not, as anything but a function, a collation, a type of CAST or part of a longer name. */
bool lim_mentions(lim_context *cx, const char *text, size_t start, size_t end, const char *name);

/* The name in double quotes. NULL: LIM_NOMEM. */
char *lim_quote_name(lim_context *cx, const char *name);

/* The text as a string literal. NULL: LIM_NOMEM. */
char *lim_quote_text(lim_context *cx, const char *text);

#endif
