/*
 * offline.c - migrate_upgrade_sql(), migrate_downgrade_sql()
 *
 * They read the ledger and the bodies and hand them to core, which writes the script. A body is shown
 * to those for whom it would run: who runs the script vouches for it. An upgrade's script stores the
 * revisions, too, with both their bodies, so there both must be trusted.
 */
#include "limbeck.h"

#include "miscadmin.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(migrate_upgrade_sql);
PG_FUNCTION_INFO_V1(migrate_downgrade_sql);

/* Reads the plan's bodies; those of an upgrade's downgrades too, for their authors' sake. */
static lim_bytes *
read_bodies(Call *call, const lim_plan *plan)
{
	lim_direction direction = plan->operation == LIM_UPGRADE ? LIM_UP : LIM_DOWN;
	lim_bytes  *texts = MemoryContextAllocHuge(call->memory,
											   sizeof(lim_bytes) * (plan->step_count + 1));
	uint32_t	i;

	for (i = 0; i < plan->step_count; i++)
	{
		lim_context cx = core_context(call->memory);
		StoredRevision stored;
		const lim_bytes *body = direction == LIM_UP ? &stored.stored.upgrade
			: &stored.stored.downgrade;

		CHECK_FOR_INTERRUPTS();
		run_read(call, &cx, plan->steps[i].node, direction, false, &stored);
		if (direction == LIM_UP && stored.stored.downgrade.text != NULL)
			trust_require(call, &stored, LIM_DOWN);
		texts[i].length = body->text ? body->length : 0;
		texts[i].text = lim_copy(&call->cx, body->text ? body->text : "", texts[i].length);
		if (texts[i].text == NULL)
			core_error(&call->cx);
		ledger_free_stored(&stored);
		lim_context_end(&cx);
	}
	return texts;
}

/* Parses the bodies as a run would, which refuses what it would, and has core look at them. */
static lim_offline_body *
parse_bodies(Call *call, lim_offline *offline, const lim_bytes *texts)
{
	const lim_plan *plan = &offline->plan;
	lim_direction direction = plan->operation == LIM_UPGRADE ? LIM_UP : LIM_DOWN;
	lim_offline_body *bodies = MemoryContextAllocHuge(call->memory, sizeof(lim_offline_body) *
													  (plan->step_count + 1));
	MemoryContext memory = AllocSetContextCreate(call->memory, "limbeck body",
												 ALLOCSET_DEFAULT_SIZES);
	uint32_t	i;

	for (i = 0; i < plan->step_count; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(memory);
		const char *text = from_core(texts[i].text);
		Body		body;

		CHECK_FOR_INTERRUPTS();
		body_prepare(call, &body, pstrdup(from_core(lim_id(call->graph, plan->steps[i].node))),
					 direction, text, strlen(text), false);
		memset(&bodies[i], 0, sizeof(bodies[i]));
		bodies[i].statements = body.count;
		MemoryContextSwitchTo(old);
		MemoryContextReset(memory);
		if (!lim_body_scan(&call->cx, LIM_POSTGRES, texts[i].text, texts[i].length,
						   &bodies[i].body) ||
			!lim_offline_look(offline, &bodies[i].body))
			core_error(&call->cx);
	}
	MemoryContextDelete(memory);
	return bodies;
}

/* Between ledger_enter() and ledger_leave(). */
static void
store_revisions(Call *call, lim_offline *offline)
{
	lim_nodes	nodes;
	uint32_t	i;

	if (!lim_offline_revisions(offline, &nodes))
		core_error(&call->cx);
	for (i = 0; i < nodes.count; i++)
	{
		lim_context cx = core_context(call->memory);
		StoredRevision stored;

		CHECK_FOR_INTERRUPTS();
		ledger_stored(call, &cx, nodes.node[i], false, &stored);
		if (!lim_offline_store(offline, &stored.stored))
			core_error(&call->cx);
		ledger_free_stored(&stored);
		lim_context_end(&cx);
	}
}

static Datum
write_script(FunctionCallInfo fcinfo, const char *function, lim_operation operation)
{
	const char *range = argument_text(fcinfo, 0);
	lim_offline offline = {.dialect = LIM_POSTGRES};
	lim_bytes  *texts;
	lim_offline_body *bodies;
	const char *script;
	LedgerAccess access;
	Call		call;
	Datum		result;
	uint32_t	i;

	call_begin(&call, function);
	ledger_enter(&call, &access);
	ledger_build(&call, DETAIL_TEXTS);
	offline.cx = &call.cx;
	offline.graph = call.graph;
	offline.schema = to_core(call.schema_name);
	if (!lim_offline_plan(&offline, &call.state, operation, range))
		core_error(&call.cx);
	texts = read_bodies(&call, &offline.plan);
	ledger_leave(&access);

	/* parsing looks names up as the caller does */
	bodies = parse_bodies(&call, &offline, texts);
	if (!lim_offline_begin(&offline))
		core_error(&call.cx);
	ledger_enter(&call, &access);
	store_revisions(&call, &offline);
	ledger_leave(&access);
	for (i = 0; i < offline.plan.step_count; i++)
	{
		if (!lim_offline_step(&offline, i, &bodies[i]))
			core_error(&call.cx);
	}
	script = lim_offline_end(&offline);
	if (script == NULL)
		core_error(&call.cx);
	result = result_text(script);
	call_end(&call);
	return result;
}

/* migrate_upgrade_sql(range) */
Datum
migrate_upgrade_sql(PG_FUNCTION_ARGS)
{
	return write_script(fcinfo, "migrate_upgrade_sql()", LIM_UPGRADE);
}

/* migrate_downgrade_sql(range) */
Datum
migrate_downgrade_sql(PG_FUNCTION_ARGS)
{
	return write_script(fcinfo, "migrate_downgrade_sql()", LIM_DOWNGRADE);
}
