/*
** place.h - where in a body something failed
**
** Errors name revision, statement, line and column and show the place with a caret:
**
**     revision "r2" (upgrade), statement 2 of 3, line 3, column 8: no such column: x
**       SELECT x FROM t
**              ^
**
** SQLite tells the offset of some errors since 3.38; for the others, and on older libraries, it is
** found out from the message.
*/
#ifndef LIMBECK_PLACE_H
#define LIMBECK_PLACE_H

#include "call.h"
#include "body.h"

typedef struct limbeck_place {
    const char *revision;  /* NULL: the body is not a revision's (migrate_exec()) */
    const char *operation; /* "upgrade" or "downgrade"; without a revision what else it is */
    const lim_body *body;
    uint32_t statement; /* its number in the body, from 0 */
} limbeck_place;

/* The statement meant. */
lim_statement limbeck_place_statement(const limbeck_place *place);

/* `revision "r2" (upgrade)`. NULL: LIM_NOMEM. */
const char *limbeck_place_body(limbeck_call *call, const char *revision, const char *operation);

/* `revision "r2" (upgrade), statement 2 of 3, line 3, column 8`. NULL: LIM_NOMEM. */
const char *limbeck_place_text(limbeck_call *call, const limbeck_place *place, size_t offset);

/* What the failure says without the place before it and the caret below it: for the log. NULL: no
** memory. */
const char *limbeck_place_reason(limbeck_call *call, const char *revision, const char *operation);

/* Records a failure at an offset of the body. Always false. */
bool limbeck_fail_at(limbeck_call *call, const limbeck_place *place, size_t offset,
                     lim_error_code code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Records the connection's present error, which the statement met when it was prepared (preparing)
** or run. base is the offset in the body at which the text given to SQLite began. Always false. */
bool limbeck_fail_statement(limbeck_call *call, const limbeck_place *place, int rc, bool preparing,
                            size_t base);

/* Gives the failure just recorded (message, detail, hint) its place: message and caret. Always
 * false. */
bool limbeck_fail_there(limbeck_call *call, const limbeck_place *place, size_t offset);

/* Puts `revision "r2" (upgrade): ` before the failure that core recorded about the body as a whole.
** Always false. */
bool limbeck_fail_body(limbeck_call *call, const char *revision, const char *operation);

#endif
