/*
** body.h - a revision's body as a list of statements
**
** What both engines ask of a body before anything of it runs: where its statements are, whether
** BEGIN ... COMMIT stands around the whole of it (which then means nothing more), and whether a
** transaction word stands anywhere else.
*/
#ifndef LIM_BODY_H
#define LIM_BODY_H

#include "lex.h"

/* Where a statement stands, semicolon left out. */
typedef struct lim_body_span {
    uint32_t start, end;
} lim_body_span;

/* A body may hold millions of statements: only their places are kept, 8 bytes each. */
typedef struct lim_body {
    const char *text; /* not owned */
    size_t length;
    lim_body_span *spans; /* without the BEGIN and COMMIT of a wrapped body */
    uint32_t count;
    lim_dialect dialect;
    bool wrapped; /* one BEGIN [TRANSACTION|WORK|DEFERRED|IMMEDIATE|EXCLUSIVE] ... COMMIT|END */
} lim_body;

/* Splits a body. Fails with LIM_SYNTAX for a NUL byte, bad UTF-8, an unterminated string, name or
** comment, naming line and column: `unterminated string at line 3, column 6`. */
bool lim_body_scan(lim_context *cx, lim_dialect dialect, const char *text, size_t length,
                   lim_body *body);

/* The body's statement i, from 0. */
lim_statement lim_body_statement(const lim_body *body, uint32_t i);

/* True when the statement begins, ends or pierces a transaction: BEGIN, START TRANSACTION, COMMIT,
** END, ROLLBACK, ABORT, SAVEPOINT, RELEASE, PREPARE TRANSACTION (by the dialect's words). */
bool lim_statement_controls_transaction(lim_dialect dialect, const char *text,
                                        const lim_statement *statement);

/* A part of a body marked transaction:false that is one transaction: a statement, or what stands between BEGIN and
** COMMIT, these two included. */
typedef struct lim_unit {
    uint32_t first, last; /* numbers of statements, from 0 */
    bool block;           /* BEGIN ... COMMIT */
} lim_unit;

/* Cuts a body into units; of a wrapped one BEGIN and COMMIT become statements again. Fails with
** LIM_NOT_SUPPORTED for a transaction word that delimits nothing, *at being the statement. */
bool lim_body_units(lim_context *cx, lim_dialect dialect, lim_body *body, lim_unit **units,
                    uint32_t *count, uint32_t *at);

/* True when the statement can run in a body, but not inside a transaction block, and its words alone say
** so. In PostgreSQL: CREATE/DROP/REINDEX ... CONCURRENTLY, REINDEX SCHEMA, DATABASE and SYSTEM, DETACH
** PARTITION ... CONCURRENTLY, VACUUM, CLUSTER without a table, ALTER SYSTEM, CREATE/DROP DATABASE and
** TABLESPACE, ALTER DATABASE ... SET TABLESPACE, CREATE/DROP SUBSCRIPTION and what refreshes one,
** DISCARD ALL, COMMIT AND CHAIN. In SQLite: PRAGMA wal_checkpoint. */
bool lim_statement_needs_autocommit(lim_dialect dialect, const char *text,
                                    const lim_statement *statement);

/* What kind of thing an UNTERMINATED token began: "string", "quoted name", "comment" or
** "dollar-quoted string". */
const char *lim_unterminated_name(lim_dialect dialect, const char *text, lim_token token);

/* True when any statement of the body needs it. What cannot be split is false. */
bool lim_body_needs_autocommit(lim_dialect dialect, const char *text, size_t length);

#endif
