/*
** runner.h - running the bodies of a plan
*/
#ifndef LIMBECK_RUNNER_H
#define LIMBECK_RUNNER_H

#include "settings.h"
#include "store.h"
#include "vet.h"

/* A body that is ready to run: split into statements and judged. */
typedef struct limbeck_body {
    lim_body body;
    limbeck_vetted vetted;
    const char *revision; /* as in limbeck_place */
    const char *operation;
} limbeck_body;

/* Splits and judges a body. */
bool limbeck_body_prepare(limbeck_call *call, const char *revision, const char *operation,
                          lim_bytes text, limbeck_body *body);

/* Runs a body statement by statement inside the call's transaction; foreign key enforcement and the
** like are afterwards as they were. */
bool limbeck_body_run(limbeck_call *call, const limbeck_body *body);

/* Runs the statement at place, and with it those after it that are carried out together with it;
** place->statement is then the last of them. Every statement of every body goes through here. */
bool limbeck_run_statement(limbeck_call *call, limbeck_place *place);

/* Hands SQLite one statement of text[start .. end), which is part of the body's text, and steps
** it to its end. */
bool limbeck_run_sql(limbeck_call *call, const limbeck_place *place, size_t start, size_t end);

/* upgrade or downgrade. */
const char *limbeck_operation_name(const lim_plan *plan);

/* Reads the body of a step, checks that it is what was stored, splits and judges it. */
bool limbeck_step_prepare(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan,
                          uint32_t step, limbeck_body *body);

/* Prepares all bodies of an upgrade's or downgrade's plan, then runs its steps and writes
** version rows and log after each. */
bool limbeck_plan_run(limbeck_call *call, limbeck_ledger *ledger, const lim_plan *plan);

/* Carries out a stamp's plan: version rows, and log rows of that action; no bodies. */
bool limbeck_run_stamp(limbeck_call *call, const char *action, const limbeck_ledger *ledger,
                       const lim_plan *plan);

#endif
