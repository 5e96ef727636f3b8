/*
 * limbeck.c - the module's start, and the functions that run plans
 */
#include "limbeck.h"

#include "utils/builtins.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

PG_FUNCTION_INFO_V1(migrate_upgrade);
PG_FUNCTION_INFO_V1(migrate_downgrade);
PG_FUNCTION_INFO_V1(migrate_stamp);

void
_PG_init(void)
{
	guard_install();
	tables_install();
	retry_define_settings();
}

/* Locks the ledger and reads it: core can plan. */
void
begin_run(Call *call, const char *function, RevisionDetail detail)
{
	LedgerAccess access;

	call_begin_writing(call, function);
	lock_ledger(call);
	ledger_enter_rows(call, &access);
	ledger_require_current(call, false);
	ledger_build(call, detail);
	ledger_leave(&access);
}

/* Carries out core's plan, or raises what core says against it. */
static Datum
end_run(Call *call, bool planned, const lim_plan *plan)
{
	Datum		result;

	if (!planned)
		core_error(&call->cx);
	result = result_text(run_plan(call, plan));
	call_end(call);
	return result;
}

/* migrate_upgrade(target) */
Datum
migrate_upgrade(PG_FUNCTION_ARGS)
{
	const char *target = argument_text(fcinfo, 0);
	Call		call;
	lim_plan	plan;

	begin_run(&call, "migrate_upgrade()", DETAIL_GRAPH);
	return end_run(&call, lim_plan_upgrade(&call.cx, call.graph, &call.state, target, &plan), &plan);
}

/* migrate_downgrade(target) */
Datum
migrate_downgrade(PG_FUNCTION_ARGS)
{
	const char *target = argument_text(fcinfo, 0);
	Call		call;
	lim_plan	plan;

	begin_run(&call, "migrate_downgrade()", DETAIL_GRAPH);
	return end_run(&call, lim_plan_downgrade(&call.cx, call.graph, &call.state, target, &plan),
				   &plan);
}

/* migrate_stamp(target, purge) */
Datum
migrate_stamp(PG_FUNCTION_ARGS)
{
	const char *target = argument_text(fcinfo, 0);
	bool		purge = argument_bool(fcinfo, 1);
	Call		call;
	lim_plan	plan;

	begin_run(&call, "migrate_stamp()", DETAIL_TEXTS);
	return end_run(&call, lim_plan_stamp(&call.cx, call.graph, &call.state, target, purge, &plan),
				   &plan);
}
