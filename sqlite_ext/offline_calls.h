/*
** offline_calls.h - migrate_upgrade_sql(), migrate_downgrade_sql()
*/
#ifndef LIMBECK_OFFLINE_CALLS_H
#define LIMBECK_OFFLINE_CALLS_H

#include "runner.h"
#include "offline.h"

/* Finds out what the ALTER TABLE statements of the bodies are carried out by, on a database in memory
** that has the schema of the script's start: the same ones as in a run. bodies are the plan's, in its
** order, and get their replacements. */
bool limbeck_spell_out(limbeck_call *call, limbeck_ledger *ledger, const lim_offline *o,
                       lim_offline_body *bodies, const limbeck_body *prepared);

#endif
