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

typedef struct lim_body {
    const char *text; /* not owned */
    size_t length;
    lim_statement *statements; /* without the BEGIN and COMMIT of a wrapped body */
    uint32_t count;
    bool wrapped; /* one BEGIN [TRANSACTION|WORK|DEFERRED|IMMEDIATE|EXCLUSIVE] ... COMMIT|END */
} lim_body;

/* Splits a body. Fails with LIM_SYNTAX for a NUL byte, bad UTF-8, an unterminated string, name or
** comment, naming line and column: `unterminated string at line 3, column 6`. */
bool lim_body_scan(lim_context *cx, lim_dialect dialect, const char *text, size_t length,
                   lim_body *body);

/* True when the statement begins, ends or pierces a transaction: BEGIN, START TRANSACTION, COMMIT,
** END, ROLLBACK, ABORT, SAVEPOINT, RELEASE, PREPARE TRANSACTION (by the dialect's words). */
bool lim_statement_controls_transaction(lim_dialect dialect, const char *text,
                                        const lim_statement *statement);

/* True when the statement cannot run inside a transaction block and its words alone say so. In
** PostgreSQL: CREATE/DROP/REINDEX ... CONCURRENTLY, REINDEX SCHEMA, DATABASE and SYSTEM, DETACH
** PARTITION ... CONCURRENTLY, VACUUM, CLUSTER without a table, ALTER SYSTEM, CREATE/DROP DATABASE and
** TABLESPACE, ALTER DATABASE ... SET TABLESPACE, CREATE/DROP SUBSCRIPTION and its REFRESH, DISCARD
** ALL, COMMIT AND CHAIN. In SQLite: VACUUM, ATTACH, DETACH, PRAGMA wal_checkpoint, and PRAGMA
** journal_mode, synchronous or temp_store with a value (foreign_keys the runner carries out). */
bool lim_statement_needs_autocommit(lim_dialect dialect, const char *text,
                                    const lim_statement *statement);

/* What kind of thing an UNTERMINATED token began: "string", "quoted name", "comment" or
** "dollar-quoted string". */
const char *lim_unterminated_name(lim_dialect dialect, const char *text, lim_token token);

/* True when any statement of the body needs it. What cannot be split is false. */
bool lim_body_needs_autocommit(lim_dialect dialect, const char *text, size_t length);

#endif
