/*
** alter_run.h - ALTER TABLE statements of a body, in the standard's words
**
** What SQLite can do in the same way is left to it: RENAME TO, RENAME COLUMN, and ADD COLUMN and DROP
** COLUMN where it doesn't refuse. Everything else is a rebuild (rebuild.h), one for all consecutive
** ALTERs of a table:
**
**     limbeck_altered altered = {.script = NULL};
**     if (!limbeck_alter(call, body, i, &altered))
**         return fail_at(i + altered.statements, altered.offset);
**     i += altered.statements;   -- 0: no ALTER TABLE, to be run as it is
**
** A RENAME COLUMN between other ALTERs goes before them when they don't speak of the column; else a
** new rebuild begins behind it.
*/
#ifndef LIMBECK_ALTER_RUN_H
#define LIMBECK_ALTER_RUN_H

#include "call.h"
#include "body.h"

typedef struct limbeck_altered {
    lim_list *script;    /* in: gets the statements that were carried out instead; or NULL */
    uint32_t statements; /* out: how many are done; on failure, which one (from 0) is at fault */
    size_t offset;       /* out, on failure: where in the text */
} limbeck_altered;

/* Carries out the ALTER TABLE statements of a body from its statement first on, as far as they are
** consecutive, inside the call's transaction. False: failed; the transaction must be rolled back. */
bool limbeck_alter(limbeck_call *call, const lim_body *body, uint32_t first,
                   limbeck_altered *altered);

#endif
