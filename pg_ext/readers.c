/*
 * readers.c - the table-valued functions, by core's table of readers
 *
 * One C function serves them all: its SQL name says which reader it is. Rows are computed whole and put
 * into a tuplestore. Readers take no lock, see what the query sees, and work on a standby.
 */
#include "limbeck.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(migrate_reader);
PG_FUNCTION_INFO_V1(migrate_graph);

static const lim_reader *
find_reader(const char *name)
{
	uint32_t	i;

	for (i = 0; i < lim_reader_count; i++)
	{
		if (strcmp(lim_readers[i].name, name) == 0)
			return &lim_readers[i];
	}
	elog(ERROR, "no reader is called \"%s\"", name);
}

/* Where the result goes: a tuplestore of the query's, and the row type that the caller expects. */
static Tuplestorestate *
open_result(FunctionCallInfo fcinfo, TupleDesc *descriptor)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		!(result->allowedModes & SFRM_Materialize))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	old = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	if (get_call_result_type(fcinfo, NULL, descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	*descriptor = CreateTupleDescCopy(*descriptor);
	result->returnMode = SFRM_Materialize;
	result->setResult = tuplestore_begin_heap(true, false, work_mem);
	result->setDesc = *descriptor;
	MemoryContextSwitchTo(old);
	return result->setResult;
}

/* The checksums of all bodies against the bodies, for migrate_validate(). */
static void
check_bodies(Call *call, lim_problems *problems)
{
	lim_node	node;

	ledger_stored_begin(call);
	for (node = 0; node < call->graph->count; node++)
	{
		lim_context cx = core_context(call->memory);
		StoredRevision stored;
		const char *problem = NULL;

		CHECK_FOR_INTERRUPTS();
		ledger_stored(call, &cx, node, false, &stored);
		if (!lim_stored_verify(&cx, LIM_POSTGRES, call->graph, &stored.stored, &problem))
		{
			if (cx.error.code == LIM_NOMEM)
				core_error(&cx);
			problem = lim_copy_string(&call->cx, problem ? problem : cx.error.message);
			if (problem == NULL ||
				!lim_problem_add(&call->cx, problems, lim_id(call->graph, node), problem))
				core_error(&call->cx);
		}
		ledger_free_stored(&stored);
		lim_context_end(&cx);
	}
	ledger_stored_end(call);
}

/* Reads as much of the ledger as the reader asks for. */
static void
read_for(Call *call, const lim_reader *reader, lim_problems *problems)
{
	LedgerParts parts = {
		reader->needs_times ? DETAIL_TIMES : reader->needs_texts ? DETAIL_TEXTS : DETAIL_GRAPH,
		reader->needs_applied, reader->needs_stops
	};

	ledger_read(call, parts, reader->needs_problems ? problems : NULL);
	if (reader->needs_bodies)
		check_bodies(call, problems);
}

/* A body that the reader left for the host to fetch; 0: there is none. */
static Datum
body_datum(Call *call, const lim_cell *cell)
{
	lim_context cx = core_context(call->memory);
	StoredRevision stored;
	lim_bytes	body;
	Datum		datum;

	ledger_stored(call, &cx, lim_find_id(call->graph, cell->text), false, &stored);
	body = cell->kind == LIM_CELL_UPGRADE ? stored.stored.upgrade : stored.stored.downgrade;
	datum = body.text != NULL ? result_bytes(body) : (Datum) 0;
	ledger_free_stored(&stored);
	lim_context_end(&cx);
	return datum;
}

/* A revision's file, or its name. */
static Datum
file_datum(Call *call, const lim_cell *cell)
{
	lim_context cx = core_context(call->memory);
	lim_node	before = cell->integer < 0 ? LIM_NONE : (lim_node) cell->integer;
	StoredRevision stored;
	const char *name;
	lim_bytes	file;
	Datum		datum;

	CHECK_FOR_INTERRUPTS();
	ledger_stored(call, &cx, lim_find_id(call->graph, cell->text), false, &stored);
	if (!lim_export_file(&cx, call->graph, &stored.stored, before, &name, &file))
	{
		if (cx.error.code == LIM_NOMEM)
			core_error(&cx);
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("revision \"%s\" can't be exported: %s",
						from_core(lim_show(&call->cx, cell->text)), from_core(cx.error.message)),
				 errhint("SELECT * FROM migrate_validate() lists what is wrong.")));
	}
	datum = cell->kind == LIM_CELL_FILE_NAME ? result_text(name) : result_bytes(file);
	ledger_free_stored(&stored);
	lim_context_end(&cx);
	return datum;
}

static Datum
cell_datum(Call *call, const lim_cell *cell, bool *isnull)
{
	*isnull = false;
	switch (cell->kind)
	{
		case LIM_CELL_NULL:
			break;
		case LIM_CELL_TEXT:
			if (cell->text != NULL)
				return result_text(cell->text);
			break;
		case LIM_CELL_INTEGER:
			return Int32GetDatum((int32) cell->integer);
		case LIM_CELL_BOOLEAN:
			return BoolGetDatum(cell->integer != 0);
		case LIM_CELL_TIME:
			if (cell->text != NULL)
				return TimestampTzGetDatum((TimestampTz) strtoll(cell->text, NULL, 10));
			break;
		case LIM_CELL_UPGRADE:
		case LIM_CELL_DOWNGRADE:
			{
				Datum		datum = body_datum(call, cell);

				*isnull = datum == (Datum) 0;
				return datum;
			}
		case LIM_CELL_FILE_NAME:
		case LIM_CELL_FILE:
			return file_datum(call, cell);
	}
	*isnull = true;
	return (Datum) 0;
}

/* Copies core's rows out. */
static void
put_rows(Call *call, const lim_table *table, Tuplestorestate *store, TupleDesc descriptor)
{
	Datum	   *values = palloc(sizeof(Datum) * table->column_count);
	bool	   *nulls = palloc(sizeof(bool) * table->column_count);
	MemoryContext row_memory = AllocSetContextCreate(CurrentMemoryContext, "limbeck row",
													 ALLOCSET_DEFAULT_SIZES);
	uint32_t	row;
	uint32_t	column;

	for (row = 0; row < table->row_count; row++)
	{
		MemoryContext old = MemoryContextSwitchTo(row_memory);

		CHECK_FOR_INTERRUPTS();	/* where many labels are shown by many, it is long */
		for (column = 0; column < table->column_count; column++)
			values[column] = cell_datum(call, &table->cells[row * table->column_count + column],
										&nulls[column]);
		tuplestore_putvalues(store, descriptor, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_memory);
	}
	MemoryContextDelete(row_memory);
}

/* Every reader: migrate_current(), migrate_history(), ... */
Datum
migrate_reader(PG_FUNCTION_ARGS)
{
	char	   *name = get_func_name(fcinfo->flinfo->fn_oid);
	const lim_reader *reader = find_reader(name);
	const char *arguments[LIM_READER_ARGUMENTS] = {NULL};
	TupleDesc	descriptor;
	Tuplestorestate *store = open_result(fcinfo, &descriptor);
	lim_problems problems = {NULL, 0, 0};
	lim_table	table;
	lim_view	view;
	LedgerAccess access;
	Call		call;
	int			i;

	for (i = 0; i < LIM_READER_ARGUMENTS && i < PG_NARGS(); i++)
		arguments[i] = argument_text(fcinfo, i);
	call_begin(&call, psprintf("%s()", name));
	ledger_enter_rows(&call, &access);
	read_for(&call, reader, &problems);
	view.ledger = &call.ledger;
	view.graph = call.graph;
	view.state = &call.state;
	view.problems = &problems;
	if (!reader->read(&call.cx, &view, arguments, &table))
		core_error(&call.cx);
	if (table.column_count != descriptor->natts)
		elog(ERROR, "%s has %u columns, its SQL declaration %d", name, table.column_count,
			 descriptor->natts);
	put_rows(&call, &table, store, descriptor);
	ledger_leave(&access);
	call_end(&call);
	return (Datum) 0;
}

/* migrate_graph(format) */
Datum
migrate_graph(PG_FUNCTION_ARGS)
{
	const char *format = argument_text(fcinfo, 0);
	const char *drawing;
	LedgerAccess access;
	Call		call;
	Datum		result;

	call_begin(&call, "migrate_graph()");
	ledger_enter_rows(&call, &access);
	ledger_build(&call, DETAIL_TEXTS);
	ledger_leave(&access);
	drawing = lim_draw(&call.cx, call.graph, &call.state, format);
	if (drawing == NULL)
		core_error(&call.cx);
	result = result_text(drawing);
	call_end(&call);
	PG_RETURN_DATUM(result);
}
