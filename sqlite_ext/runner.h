/*
** runner.h - running the bodies of a plan
*/
#ifndef LIMBECK_RUNNER_H
#define LIMBECK_RUNNER_H

#include "checksum.h"
#include "pending.h"
#include "settings.h"
#include "store.h"
#include "vet.h"

/* A body that is ready to run: split into statements and judged. */
typedef struct limbeck_body {
    lim_body body;
    limbeck_vetted vetted;
    bool transactional; /* false: marked transaction:false */
    lim_unit *units;    /* and then what it is made of */
    uint32_t unit_count;
    const char *revision; /* as in limbeck_place */
    const char *operation;
    bool own;                       /* text, spans and units are in memory of their own, */
    lim_context memory;             /* this one; otherwise they are the call's */
    bool dropped;                   /* which is given back: only the rest of this is left, */
    char digest[LIM_CHECKSUM_SIZE]; /* and of the text the SHA-256 */
} limbeck_body;

/* Splits and judges a body; its spans and units go to cx. */
bool limbeck_body_prepare(limbeck_call *call, lim_context *cx, const char *revision,
                          const char *operation, lim_bytes text, bool transactional,
                          limbeck_body *body);

/* Gives back the memory that is the body's own. */
void limbeck_body_drop(limbeck_body *body);

/* Runs a body statement by statement inside the call's transaction; foreign key enforcement and the
** like are afterwards as they were. */
bool limbeck_body_run(limbeck_call *call, const limbeck_body *body);

/* Runs the statement at place, or the ALTER TABLE statements that begin with it and stand before end;
** place->statement is then the last one run. */
bool limbeck_run_next(limbeck_call *call, limbeck_place *place, uint32_t end);

/* Runs the statement at place as it stands. */
bool limbeck_run_statement(limbeck_call *call, limbeck_place *place);

/* upgrade or downgrade. */
const char *limbeck_operation_name(const lim_plan *plan);

/* Reads the body of a step into the call's memory, checks that it is what was stored, splits and judges
** it. */
bool limbeck_step_prepare(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                          uint32_t step, limbeck_body *body);

/* Prepares a body again if it was dropped. */
bool limbeck_step_have(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                       uint32_t step, limbeck_body *body);

/* Runs one step's body inside the call's transaction, and records it. */
bool limbeck_step_run(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                      uint32_t step, const limbeck_body *body, limbeck_pending *pending);

/* Writes the step's version rows and its log row, or leaves them pending where pending isn't NULL; begun
** is when the body began (limbeck_now()). */
bool limbeck_step_record(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                         uint32_t step, const limbeck_body *body, int64_t begun,
                         limbeck_pending *pending);

/* Prepares all bodies of an upgrade's or downgrade's plan, then runs its steps one by one: in the call's
** transaction, which the caller commits, as long as none is marked transaction:false; moved is for a plan with such a step (autocommit.h). */
bool limbeck_plan_run(limbeck_call *call, limbeck_ledger *ledger, const lim_plan *plan,
                      bool *moved);

/* Carries out a stamp's plan: version rows, and log rows of that action; no bodies. */
bool limbeck_run_stamp(limbeck_call *call, const char *action, const limbeck_ledger *ledger,
                       const lim_plan *plan);

#endif
