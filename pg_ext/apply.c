/*
 * apply.c - CALL migrate_apply: each revision committed on its own
 *
 * The procedure holds "apply" for the session, so that the ledger stands still between its
 * transactions: what was planned over it once stays true. Before it waits for the lock, and whenever a
 * statement runs at the top, it holds no snapshot.
 *
 * A step whose body is an ordinary one is a transaction: body, version rows, log row. The statements of
 * a body marked transaction:false are recorded one by one: `started` before each, in a transaction of its
 * own; `done` behind it, in the statement's own transaction where it leaves one open; `failed` after
 * the rollback. A row about a statement has no to_version: the one about the revision does.
 */
#include "limbeck.h"

#include "access/xact.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "compat.h"

PG_FUNCTION_INFO_V1(migrate_apply);
PG_FUNCTION_INFO_V1(migrate_resolve);

/* Refuses every place but the top of a session in autocommit: elsewhere a commit would pull the
 * transaction, or the SPI level, from under somebody's feet. */
static void
require_top(FunctionCallInfo fcinfo)
{
	CallContext *context = (CallContext *) fcinfo->context;
	List	   *statements = ActivePortal ? ActivePortal->stmts : NIL;
	bool		atomic = context == NULL || !IsA(context, CallContext) || context->atomic;
	PlannedStmt *statement;

	if (!atomic && list_length(statements) == 1)
	{
		statement = linitial_node(PlannedStmt, statements);
		if (statement->utilityStmt != NULL && IsA(statement->utilityStmt, CallStmt) &&
			((CallStmt *) statement->utilityStmt)->funcexpr->funcid == fcinfo->flinfo->fn_oid)
			return;
	}
	if (IsTransactionBlock())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("migrate_apply cannot run inside a transaction block"),
				 errhint("It commits each revision: CALL it on its own, with autocommit on.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
			 errmsg("migrate_apply cannot be called from a function, a DO block, another procedure or among other statements"),
			 errhint("It commits each revision: CALL it on its own, with autocommit on.")));
}

/* What one CALL works with; lives in the portal's memory, which outlasts the commits. */
typedef struct Apply
{
	Call		call;
	lim_plan	plan;
	RunStep    *steps;
	uint32_t	at;				/* the step at work */
	SavedSettings *settings;	/* what a body of several transactions began with; NULL: none runs */
} Apply;

static const lim_revision *
revision_at_work(const Apply *apply)
{
	return &apply->call.graph->revisions[apply->plan.steps[apply->at].node];
}

static bool
is_up(const Apply *apply)
{
	return apply->plan.operation == LIM_UPGRADE;
}

/* Writes a row about a statement of the revision at work; the caller commits. */
static void
record_statement(Apply *apply, int statement, const char *outcome, int64 duration_ms,
				 const char *detail)
{
	const lim_revision *row = revision_at_work(apply);
	const RunStep *step = &apply->steps[apply->at];
	LogEntry	entry = {
		.action = is_up(apply) ? "upgrade" : "downgrade",
		.revision = row->id,
		.from_version = step->body.autocommit ? NULL : step->from,
		.statement = statement,
		.statements = step->body.count,
		.duration_ms = duration_ms,
		.checksum = row->checksum,
		.outcome = outcome,
		.detail = detail,
	};
	LedgerAccess access;

	PushActiveSnapshot(GetTransactionSnapshot());
	ledger_enter(&apply->call, &access);
	record_log(&apply->call, &entry);
	ledger_leave(&access);
	PopActiveSnapshot();
}

/* Writes version rows and log row of the step at work; the caller commits. */
static void
record_revision_done(Apply *apply, int64 duration_ms)
{
	PushActiveSnapshot(GetTransactionSnapshot());
	run_record(&apply->call, &apply->plan, apply->at, &apply->steps[apply->at], duration_ms);
	writer_close(&apply->call);
	PopActiveSnapshot();
}

/* Ends the settings of the body at work. */
static void
restore_settings(Apply *apply)
{
	if (apply->settings != NULL)
	{
		settings_restore(apply->settings);
		commit_and_start();
	}
}

/* Who cancels a run wants its end, not to wait for whoever holds up the log. */
#define FAILURE_WAIT "2s"

/* Records a failure after its rollback. What stops that must not hide the failure itself. */
static void
record_failure(Apply *apply, const ErrorData *error)
{
	Body	   *body = &apply->steps[apply->at].body;
	MemoryContext memory = CurrentMemoryContext;

	PG_TRY();
	{
		restore_settings(apply);
		(void) set_config_option("lock_timeout", FAILURE_WAIT, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
		record_statement(apply, Max(body->current, 1), "failed", -1, to_core(error->message));
		commit_and_start();
	}
	PG_CATCH();
	{
		ErrorData  *unrecorded;

		MemoryContextSwitchTo(memory);
		unrecorded = CopyErrorData();
		FlushErrorState();
		abort_and_start();
		ereport(WARNING,
				(errmsg("the failure of revision \"%s\" could not be recorded: %s",
						body->revision, unrecorded->message)));
	}
	PG_END_TRY();
}

/* After an error was caught: rolls back, and returns it where another try follows; else records the
 * failure and throws it again. */
static ErrorData *
handle_failure(Apply *apply, int tries)
{
	RunStep    *step = &apply->steps[apply->at];
	ErrorData  *error;

	MemoryContextSwitchTo(apply->call.memory);
	set_running_body(NULL);
	error = body_take_error(&step->body);
	abort_and_start();
	if (!retry_wanted(error, tries))
	{
		record_failure(apply, error);
		ReThrowError(error);
	}
	step->body.finishing = false;
	return error;
}

/* Lets errors say from here on where in the body they stand. */
static void
begin_context(RunStep *step, ErrorContextCallback *context)
{
	context->callback = body_error_context;
	context->arg = &step->body;
	context->previous = error_context_stack;
	error_context_stack = context;
}

static int64
milliseconds_since(instr_time start)
{
	instr_time	end;

	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	return (int64) INSTR_TIME_GET_MILLISEC(end);
}

/* One try at the work on a step; last is what the try before ended with, NULL for the first. */
typedef void (*Attempt) (Apply *apply, const void *work, const ErrorData *last, int tries);

/* Tries as often as the settings say. */
static void
try_often(Apply *apply, Attempt attempt, const void *work)
{
	ErrorData  *volatile last = NULL;
	volatile int tries = 0;
	volatile bool done = false;

	while (!done)
	{
		tries++;
		PG_TRY();
		{
			attempt(apply, work, last, tries);
			done = true;
		}
		PG_CATCH();
		{
			last = handle_failure(apply, tries);
		}
		PG_END_TRY();
	}
}

/* An ordinary revision: one transaction. */
static void
attempt_whole(Apply *apply, const void *unused, const ErrorData *last, int tries)
{
	RunStep    *step = &apply->steps[apply->at];
	ErrorContextCallback context;
	instr_time	start;

	if (last != NULL)
		retry_pause(step, last, tries - 1);
	INSTR_TIME_SET_CURRENT(start);
	run_body(step, NIL);
	begin_context(step, &context);
	lock_keep_apply(apply->call.extension);
	error_context_stack = context.previous;
	record_revision_done(apply, milliseconds_since(start));
	begin_context(step, &context);
	commit_and_start();
	error_context_stack = context.previous;
}

/* Runs a unit and records its end; with the last one, the revision's. What works CONCURRENTLY leaves its
 * last transaction open, so that its end and the record of it are one. */
static void
apply_unit(Apply *apply, const Unit *unit, instr_time body_start)
{
	RunStep    *step = &apply->steps[apply->at];
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	retry_watch_unit(step, unit);
	run_unit(step, unit);
	retry_unwatch_unit(step);
	lock_keep_apply(apply->call.extension);
	/* what only read, as BEGIN READ ONLY says, ends before its end is written */
	if (XactReadOnly)
		commit_and_start();
	record_statement(apply, unit->last, "done", milliseconds_since(start), NULL);
	if (unit->last == step->body.count)
		record_revision_done(apply, milliseconds_since(body_start));
	commit_and_start();
}

/* The work on one unit. */
typedef struct UnitWork
{
	const Unit *unit;
	bool		again;			/* the first try is another one already */
	instr_time	body_start;
} UnitWork;

static void
attempt_unit(Apply *apply, const void *work, const ErrorData *last, int tries)
{
	const UnitWork *w = work;
	RunStep    *step = &apply->steps[apply->at];
	ErrorContextCallback context;

	(void) body_go_to(&step->body, w->unit->first);
	begin_context(step, &context);
	if (last != NULL)
		retry_pause(step, last, tries - 1);
	record_statement(apply, w->unit->first, "started", -1, NULL);
	commit_and_start();
	if (w->again || tries > 1)
		leftover_clear(step, w->unit);
	apply_unit(apply, w->unit, w->body_start);
	error_context_stack = context.previous;
}

/* A revision marked transaction:false: unit by unit, from where it stopped. */
static void
apply_statements(Apply *apply)
{
	RunStep    *step = &apply->steps[apply->at];
	const lim_stop *stop = lim_stop_of(&apply->call.ledger, apply->call.graph, &apply->call.state,
									   apply->plan.steps[apply->at].node, is_up(apply));
	int			next;
	instr_time	start;
	int			count;
	Unit	   *units = body_units(&step->body, &count);
	int			i;

	if (stop != NULL && stop->whole)
		stop = NULL;
	next = stop != NULL ? (int) lim_stop_next(stop) : 1;
	if (!step->may_set_role)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("revision \"%s\" cannot run statement by statement after SET ROLE",
						step->body.revision),
				 errhint("Its author may not act as the session's own user: log in as the role that shall run it.")));
	if (next > 1)
		ereport(NOTICE,
				(errmsg("going on with statement %d of %d", next,
						step->body.count)));
	apply->settings = settings_save();
	INSTR_TIME_SET_CURRENT(start);
	for (i = 0; i < count; i++)
	{
		UnitWork	work = {&units[i], stop != NULL, start};

		if (units[i].last < next)
			continue;
		try_often(apply, attempt_unit, &work);
		stop = NULL;
	}
	if (count == 0 || units[count - 1].last < next)
		record_revision_done(apply, 0);
	restore_settings(apply);
	apply->settings = NULL;
	commit_and_start();
}

/* Reads the ledger and plans, all in one transaction that leaves nothing but memory. */
static void
plan_apply(Apply *apply, const char *target)
{
	Call	   *call = &apply->call;
	LedgerAccess access;

	PushActiveSnapshot(GetTransactionSnapshot());
	call_begin_writing(call, "migrate_apply()");
	MemoryContextSwitchTo(call->memory);
	ledger_enter(call, &access);
	ledger_build(call, DETAIL_GRAPH);
	ledger_leave(&access);
	if (!lim_plan_apply(&call->cx, call->graph, &call->state, target, &apply->plan) ||
		!lim_plan_refusal(&call->cx, call->graph, &apply->plan, LIM_POSTGRES, true) ||
		!lim_resume_refusal(&call->cx, LIM_POSTGRES, &call->ledger, call->graph, &call->state, &apply->plan))
		core_error(&call->cx);
	apply->steps = run_prepare(call, &apply->plan);
	PopActiveSnapshot();
	commit_and_start();
}

static void
apply_plan(Apply *apply)
{
	for (apply->at = 0; apply->at < apply->plan.step_count; apply->at++)
	{
		RunStep    *step = &apply->steps[apply->at];

		ereport(NOTICE, (errmsg("%s", step->notice)));
		MemoryContextSwitchTo(apply->call.memory);
		if (step->body.autocommit)
			apply_statements(apply);
		else
			try_often(apply, attempt_whole, NULL);
		MemoryContextSwitchTo(apply->call.memory);
		run_free_bodies(&apply->plan, apply->steps, apply->at);
	}
}

/* CALL migrate_apply(target) */
Datum
migrate_apply(PG_FUNCTION_ARGS)
{
	MemoryContext memory;
	MemoryContext old;
	const char *target;
	const char *report;
	Apply	   *apply;
	Oid			extension;

	require_top(fcinfo);
	memory = AllocSetContextCreate(PortalContext, "limbeck apply", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(memory);
	target = argument_text(fcinfo, 0);
	apply = palloc0(sizeof(Apply));
	call_begin_writing(&apply->call, "migrate_apply()");
	extension = apply->call.extension;
	call_end(&apply->call);

	commit_and_start();
	lock_apply(extension);
	PG_TRY();
	{
		plan_apply(apply, target);
		apply_plan(apply);
	}
	PG_CATCH();
	{
		set_running_body(NULL);
		retry_unwatch();
		pgstat_report_activity(STATE_RUNNING, debug_query_string);
		unlock_apply(extension);
		PG_RE_THROW();
	}
	PG_END_TRY();
	unlock_apply(extension);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
	report = lim_plan_report(&apply->call.cx, &apply->plan);
	if (report == NULL)
		core_error(&apply->call.cx);
	ereport(NOTICE, (errmsg("%s", from_core(report))));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
	PG_RETURN_VOID();
}

/* migrate_resolve(revision, outcome) */
Datum
migrate_resolve(PG_FUNCTION_ARGS)
{
	const char *revision = argument_text(fcinfo, 0);
	const char *outcome = argument_text(fcinfo, 1);
	LogEntry	entry = {.action = "resolve", .statements = -1, .duration_ms = -1, .outcome = "done"};
	LedgerAccess access;
	lim_plan	plan;
	lim_node	node;
	uint32_t	i;
	Datum		result;
	Call		call;

	begin_run(&call, "migrate_resolve()", DETAIL_GRAPH);
	if (!lim_plan_resolve(&call.cx, &call.ledger, call.graph, &call.state, revision, outcome, &plan,
						  &node))
		core_error(&call.cx);
	entry.revision = lim_id(call.graph, node);
	entry.checksum = call.graph->revisions[node].checksum;
	entry.from_version = plan.from;
	entry.to_version = plan.to;
	entry.detail = outcome;
	ledger_enter(&call, &access);
	for (i = 0; i < plan.change_count; i++)
		record_version(&call, &plan.changes[i]);
	record_log(&call, &entry);
	ledger_leave(&access);
	result = result_text(lim_format(&call.cx, "resolved %s as %s, at %s", lim_show(&call.cx, entry.revision),
									outcome, plan.to));
	call_end(&call);
	PG_RETURN_DATUM(result);
}
