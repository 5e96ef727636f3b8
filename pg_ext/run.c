/*
 * run.c - plans carried out
 *
 * All bodies of a plan are read, verified and parsed before the first statement of the first one
 * runs. Then step by step: the notice, the body as the caller, deferred constraints, the version rows
 * and the log as the extension's owner.
 *
 * A body's settings (SET, SET LOCAL, SET ROLE, set_config()) stand in a nest level of their own and are
 * taken back behind it, so that the next body starts as the caller did.
 */
#include "limbeck.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "compat.h"

/* The body that runs in this backend; NULL: none. */
static Body *running = NULL;

Body *
running_body(void)
{
	return running;
}

void
set_running_body(Body *body)
{
	running = body;
}

/* Tells pg_stat_activity what runs. */
void
run_report_statement(const RunStep *step)
{
	int			length;
	const char *text = body_statement_text(&step->body, &length);
	char	   *activity = psprintf("limbeck: %s, statement %d of %d: %.*s", step->notice,
									step->body.current, step->body.count,
									Min(length, 1024), text);

	pgstat_report_activity(STATE_RUNNING, activity);
	pfree(activity);
}

/* Runs the statement at work as the server's main loop would, but for the transaction around it. */
void
run_statement(const Body *body, bool top_level)
{
	RawStmt    *raw = body_current(body);
	List	   *plans;
	Portal		portal;

	/* parse analysis scribbles on the tree, which may be wanted for another try or a look afterwards */
	if (top_level || limbeck_lock_timeout > 0)
		raw = copyObject(raw);
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	plans = pg_plan_queries(analyze_statement(raw, body->source), body->source,
							CURSOR_OPT_PARALLEL_OK, NULL);
	PopActiveSnapshot();

	portal = CreateNewPortal();
	portal->visible = false;
	PortalDefineQuery(portal, NULL, body->source, CreateCommandTag(raw->stmt), plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	(void) run_portal(portal, top_level, None_Receiver);
	PortalDrop(portal, false);
}

/* Runs the statements of a body, one after the other, with the caller's rights. */
static void
run_statements(RunStep *step, List *pending_before)
{
	Body	   *body = &step->body;
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "limbeck statement",
												 ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(memory);
	int			i;

	for (i = 1; i <= body->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		(void) body_go_to(body, i);
		run_report_statement(step);
		run_statement(body, false);
		MemoryContextReset(memory);
	}
	body->current = body->count;
	body->finishing = true;
	CommandCounterIncrement();
	if (body->may_defer)
		deferred_check(pending_before);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
}

/* Runs one body, with its own settings and place in errors, and puts everything back. */
void
run_body(RunStep *step, List *pending_before)
{
	ErrorContextCallback context;
	Oid			user;
	int			security;
	int			guc_level = NewGUCNestLevel();

	GetUserIdAndSecContext(&user, &security);
	if (!step->may_set_role)
		SetUserIdAndSecContext(user, security | SECURITY_LOCAL_USERID_CHANGE);
	context.callback = body_error_context;
	context.arg = &step->body;
	context.previous = error_context_stack;
	error_context_stack = &context;
	step->body.may_defer = false;
	running = &step->body;
	retry_watch();

	run_statements(step, pending_before);

	retry_unwatch();
	running = NULL;
	error_context_stack = context.previous;
	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(user, security);
}

/* Refuses a revision whose body is to run or to be shown, unless it is what was stored, by somebody whom the
 * caller has reason to trust. */
static void
verify_stored(Call *call, lim_context *cx, lim_direction direction, const StoredRevision *stored)
{
	const char *problem = NULL;

	if (!lim_stored_verify(cx, LIM_POSTGRES, call->graph, &stored->stored, &problem))
	{
		if (cx->error.code == LIM_NOMEM)
			core_error(cx);
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("revision \"%s\" cannot run: %s",
						from_core(lim_show(&call->cx, stored->stored.row->id)),
						from_core(problem != NULL ? problem : cx->error.message)),
				 errhint("The ledger was changed by hand. Load the revision's file again, or put the row back as it was.")));
	}
	trust_require(call, stored, direction);
}

/* Reads a revision whose body is to run (lock) or to be shown, and verifies it. Between
 * ledger_enter_rows() and ledger_leave(). */
void
run_read(Call *call, lim_context *cx, lim_node node, lim_direction direction, bool lock,
		 StoredRevision *stored)
{
	ledger_stored(call, cx, node, lock, stored);
	verify_stored(call, cx, direction, stored);
}

/* Takes a step's body over from a revision that was read. A large one stays where the server put it; nothing
 * else of the revision stays. */
static lim_bytes
take_body(Call *call, RunStep *step, lim_direction direction, lim_context *cx, StoredRevision *stored)
{
	lim_bytes	body = direction == LIM_UP ? stored->stored.upgrade : stored->stored.downgrade;

	step->may_set_role = trust_session(call, stored, direction);
	if (stored->held[direction] == NULL)
	{
		body.text = MemoryContextStrdup(step->memory, from_core(body.text ? body.text : ""));
		body.length = strlen(body.text);
	}
	stored->held[direction] = NULL;
	ledger_free_stored(stored);
	lim_context_end(cx);
	return body;
}

/* Reads the bodies of a plan, one by one. */
static void
read_bodies(Call *call, const lim_plan *plan, lim_direction direction, RunStep *steps,
			lim_bytes *texts)
{
	uint32_t	i;

	ledger_stored_begin(call);
	for (i = 0; i < plan->step_count; i++)
	{
		lim_context cx = core_context(steps[i].memory);
		StoredRevision stored;

		CHECK_FOR_INTERRUPTS();
		run_read(call, &cx, plan->steps[i].node, direction, IsolationUsesXactSnapshot(), &stored);
		texts[i] = take_body(call, &steps[i], direction, &cx, &stored);
	}
	ledger_stored_end(call);
}

/* Reads the bodies of a plan that has much of the ledger in it: all revisions, in the order in which they
 * lie. False: a revision was not found, or twice, or is refused; which is told in the order of the plan. */
static bool
scan_bodies(Call *call, const lim_plan *plan, lim_direction direction, RunStep *steps,
			lim_bytes *texts)
{
	uint32_t   *step_of = MemoryContextAllocExtended(call->memory,
													 sizeof(uint32_t) * call->graph->count,
													 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32_t	missing = plan->step_count;
	bool		wrong = false;
	StoredScan	scan;
	lim_node	node;
	uint32_t	i;

	for (i = 0; i < plan->step_count; i++)
		step_of[plan->steps[i].node] = i + 1;
	ledger_scan_begin(call, &scan);
	while (!wrong && (node = ledger_scan_next(call, &scan)) != LIM_NONE)
	{
		uint32_t	n = step_of[node] - 1;
		const char *problem;
		lim_context cx;
		StoredRevision stored;

		if (step_of[node] == 0)
			continue;
		cx = core_context(steps[n].memory);
		ledger_scan_take(call, &scan, &cx, node, &stored);
		wrong = texts[n].text != NULL ||
			!lim_stored_verify(&cx, LIM_POSTGRES, call->graph, &stored.stored, &problem) ||
			!trust_body(call, &stored, direction);
		missing--;
		texts[n] = take_body(call, &steps[n], direction, &cx, &stored);
	}
	ledger_scan_end(&scan);
	return !wrong && missing == 0;
}

static bool
is_transactional(const Call *call, const lim_step *step, lim_direction direction)
{
	const lim_revision *row = &call->graph->revisions[step->node];

	return direction == LIM_UP ? row->upgrade_transactional : row->downgrade_transactional;
}

/* So many steps have their bodies in one memory context: most bodies are a hundred bytes. */
#define STEPS_TOGETHER 32

static MemoryContext
body_memory(Call *call, const RunStep *steps, uint32_t i)
{
	return i % STEPS_TOGETHER != 0 ? steps[i - 1].memory
		: AllocSetContextCreate(call->memory, "limbeck bodies", ALLOCSET_DEFAULT_MINSIZE, 8 * 1024,
								16 * 1024);
}

/* Gives back the bodies that have run when a step is done. */
void
run_free_bodies(const lim_plan *plan, RunStep *steps, uint32_t i)
{
	if ((i + 1) % STEPS_TOGETHER == 0 || i + 1 == plan->step_count)
		MemoryContextDelete(steps[i].memory);
}

/* Makes the steps of a plan ready: whatever can be refused is refused here. */
RunStep *
run_prepare(Call *call, const lim_plan *plan)
{
	lim_direction direction = plan->operation == LIM_UPGRADE ? LIM_UP : LIM_DOWN;
	RunStep    *steps = MemoryContextAllocHuge(call->memory, sizeof(RunStep) * (plan->step_count + 1));
	lim_bytes  *texts = MemoryContextAllocExtended(call->memory,
												   sizeof(lim_bytes) * (plan->step_count + 1),
												   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	LedgerAccess access;
	uint32_t	i;

	for (i = 0; i < plan->step_count; i++)
	{
		memset(&steps[i], 0, sizeof(RunStep));
		steps[i].memory = body_memory(call, steps, i);
		if (!lim_step_names(&call->cx, call->graph, plan, i, &steps[i].from, &steps[i].to))
			core_error(&call->cx);
	}
	if (plan->operation == LIM_STAMP || plan->step_count == 0)
		return steps;
	ledger_enter_rows(call, &access);
	if (IsolationUsesXactSnapshot() || plan->step_count < call->graph->count / 4 ||
		!scan_bodies(call, plan, direction, steps, texts))
		read_bodies(call, plan, direction, steps, texts);
	ledger_leave(&access);

	/* parsing looks names up as the caller does */
	for (i = 0; i < plan->step_count; i++)
	{
		const char *notice = lim_step_notice(&call->cx, call->graph, plan, i);
		MemoryContext old = MemoryContextSwitchTo(steps[i].memory);

		CHECK_FOR_INTERRUPTS();
		if (notice == NULL)
			core_error(&call->cx);
		steps[i].notice = from_core(notice);
		body_prepare(call, &steps[i].body,
					 pstrdup(from_core(lim_id(call->graph, plan->steps[i].node))), direction,
					 texts[i].text, texts[i].length, !is_transactional(call, &plan->steps[i], direction));
		MemoryContextSwitchTo(old);
	}
	return steps;
}

/* Writes version rows and log row, by the call's writer or else by queries. */
static void
write_step(Call *call, const lim_change *changes, uint32_t count, const LogEntry *entry)
{
	LedgerAccess access;
	LedgerWriter *writer;
	uint32_t	i;

	ledger_enter_rows(call, &access);
	writer = writer_of(call);
	if (writer != NULL)
		writer_add(writer, changes, count, entry);
	ledger_leave(&access);
	if (writer != NULL)
		return;
	ledger_enter(call, &access);
	for (i = 0; i < count; i++)
		record_version(call, &changes[i]);
	record_log(call, entry);
	ledger_leave(&access);
}

/* Writes version rows and log row of a step that is done. Before the transaction ends, writer_close(). */
void
run_record(Call *call, const lim_plan *plan, uint32_t i, const RunStep *step, int64 duration_ms)
{
	static const char *const actions[] = {"upgrade", "downgrade", "stamp"};
	const lim_step *planned = &plan->steps[i];
	bool		stamp = plan->operation == LIM_STAMP;
	LogEntry	entry = {
		.action = actions[plan->operation],
		.from_version = step->from,
		.to_version = step->to,
		.statements = stamp ? -1 : step->body.count,
		.duration_ms = stamp ? -1 : duration_ms,
		.outcome = "done",
	};
	ErrorContextCallback context;

	if (planned->node != LIM_NONE)
	{
		entry.revision = lim_id(call->graph, planned->node);
		entry.checksum = call->graph->revisions[planned->node].checksum;
	}
	context.callback = body_error_context;
	context.arg = (void *) &step->body;
	context.previous = error_context_stack;
	if (!stamp)
		error_context_stack = &context;
	write_step(call, &plan->changes[planned->first_change], planned->change_count, &entry);
	error_context_stack = context.previous;
}

static void
run_steps(Call *call, const lim_plan *plan, RunStep *steps)
{
	List	   *pending_before = plan->operation == LIM_STAMP ? NIL : deferred_pending();
	uint32_t	i;

	for (i = 0; i < plan->step_count; i++)
	{
		instr_time	start;
		instr_time	end;

		if (plan->operation != LIM_STAMP)
			ereport(NOTICE, (errmsg("%s", steps[i].notice)));
		INSTR_TIME_SET_CURRENT(start);
		if (plan->operation != LIM_STAMP)
			retry_body(&steps[i], pending_before);
		INSTR_TIME_SET_CURRENT(end);
		INSTR_TIME_SUBTRACT(end, start);
		run_record(call, plan, i, &steps[i], (int64) INSTR_TIME_GET_MILLISEC(end));
		run_free_bodies(plan, steps, i);
	}
	writer_close(call);
	if (plan->operation == LIM_STAMP && call->ledger.stop_count > 0)
	{
		LedgerAccess access;

		ledger_enter(call, &access);
		record_ended_stops(call, "stamp", plan);
		ledger_leave(&access);
	}
}

/* Carries out a plan and returns the line that says so. */
const char *
run_plan(Call *call, const lim_plan *plan)
{
	const char *report;
	RunStep    *steps;

	if (!lim_plan_refusal(&call->cx, call->graph, plan, LIM_POSTGRES, false) ||
		!lim_resume_refusal(&call->cx, LIM_POSTGRES, &call->ledger, call->graph, &call->state, plan))
		core_error(&call->cx);
	steps = run_prepare(call, plan);
	PG_TRY();
	{
		run_steps(call, plan, steps);
	}
	PG_CATCH();
	{
		Body	   *body = running;

		running = NULL;
		pgstat_report_activity(STATE_RUNNING, debug_query_string);
		MemoryContextSwitchTo(call->memory);
		body_rethrow(body);
	}
	PG_END_TRY();
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
	report = lim_plan_report(&call->cx, plan);
	if (report == NULL)
		core_error(&call->cx);
	return report;
}
