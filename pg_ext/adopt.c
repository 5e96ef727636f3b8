/*
 * adopt.c - migrate_adopt(): the version that another tool's table says
 *
 * The table is read with the caller's rights and search_path; only the ledger is the owner's.
 */
#include "limbeck.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "../core/adopt.h"

PG_FUNCTION_INFO_V1(migrate_adopt);

static bool
table_exists(const char *name)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name)};
	bool		isnull;

	if (SPI_execute_with_args("SELECT pg_catalog.to_regclass($1)", 1, types, values, NULL, true,
							  1) != SPI_OK_SELECT)
		elog(ERROR, "could not look up a table");
	(void) SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	return !isnull;
}

/* The rows of the version table, in the call's memory. */
static lim_adopt_row *
read_versions(Call *call, const lim_adopt_query *query, uint32_t *count)
{
	lim_adopt_row *rows;
	uint64		i;
	int			n;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (!table_exists(from_core(query->table)))
	{
		lim_adopt_fail_missing(&call->cx, query);
		core_error(&call->cx);
	}
	if (SPI_execute(from_core(query->sql), false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read a version table");
	*count = SPI_processed;
	rows = MemoryContextAllocZero(call->memory, sizeof(lim_adopt_row) * (*count + 1));
	for (i = 0; i < *count; i++)
	{
		for (n = 0; n < query->columns; n++)
		{
			char	   *value = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, n + 1);

			rows[i].values[n] = value
				? MemoryContextStrdup(call->memory, to_core(value)) : NULL;
		}
	}
	SPI_finish();
	return rows;
}

/* Writes the version rows and the log, as a stamp does. */
static void
record_adoption(Call *call, const lim_plan *plan)
{
	uint32_t	i;
	uint32_t	n;

	for (i = 0; i < plan->step_count; i++)
	{
		const lim_step *step = &plan->steps[i];
		LogEntry	entry = {
			.action = "adopt",
			.revision = lim_id(call->graph, step->node),
			.statements = -1,
			.duration_ms = -1,
			.checksum = call->graph->revisions[step->node].checksum,
			.outcome = "done",
		};

		if (!lim_step_names(&call->cx, call->graph, plan, i, &entry.from_version,
							&entry.to_version))
			core_error(&call->cx);
		for (n = 0; n < step->change_count; n++)
			record_version(call, &plan->changes[step->first_change + n]);
		record_log(call, &entry);
	}
	record_ended_stops(call, "adopt", plan);
}

/* migrate_adopt(tool, table) */
Datum
migrate_adopt(PG_FUNCTION_ARGS)
{
	const char *tool = argument_text(fcinfo, 0);
	const char *table = argument_text(fcinfo, 1);
	lim_adopt_query query;
	lim_adopt_row *rows;
	LedgerAccess access;
	const char *report;
	uint32_t	count;
	lim_plan	plan;
	Datum		result;
	Call		call;

	call_begin_writing(&call, "migrate_adopt()");
	if (!lim_adopt_find(&call.cx, LIM_POSTGRES, tool, table, &query))
		core_error(&call.cx);
	lock_ledger(&call);
	rows = read_versions(&call, &query, &count);
	ledger_enter(&call, &access);
	ledger_require_current(&call, false);
	ledger_build(&call, DETAIL_TEXTS);
	if (!lim_adopt_plan(&call.cx, call.graph, &call.state, &query, rows, count, &plan) ||
		(report = lim_adopt_report(&call.cx, &plan)) == NULL)
		core_error(&call.cx);
	record_adoption(&call, &plan);
	ledger_leave(&access);
	result = result_text(report);
	call_end(&call);
	return result;
}
