/*
 * retry.c - short waits for locks, tried again; a body's time limit
 *
 * A statement that waits for a strong lock makes everybody who comes later wait behind it. With
 * limbeck.lock_timeout a revision waits only so long, is rolled back and tried again after a pause, in
 * which the others get their turn. Who was in the way is known only at the moment the wait ends: the
 * timer's signal notes the lock that is waited for, and the error's handler asks who holds it.
 */
#include "limbeck.h"

#include <signal.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timeout.h"

#include "compat.h"

#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 30000

int			limbeck_lock_timeout = 0;
int			limbeck_lock_retries = 10;
int			limbeck_body_timeout = 0;

static bool installed = false;
static TimeoutId body_timer;
static int	limit_ms;
static bool limited = false;	/* the timer runs; the body may have changed the setting */
static volatile sig_atomic_t body_timed_out = false;
static volatile sig_atomic_t watching = false;
static volatile sig_atomic_t lock_noted = false;
static LOCKTAG noted_lock;
static LOCKMODE noted_mode;
static struct sigaction previous_alarm;

void
retry_define_settings(void)
{
	DefineCustomIntVariable("limbeck.lock_timeout",
							"How long a statement of a revision waits for a lock.",
							"The revision is then rolled back and tried again. 0: lock_timeout applies, and nothing is tried again.",
							&limbeck_lock_timeout, 0, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
	DefineCustomIntVariable("limbeck.lock_retries",
							"How often a revision that got no lock in time is tried again.",
							"The pause before the first is 0.1 s, and doubles up to 30 s.",
							&limbeck_lock_retries, 10, 0, 1000, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("limbeck.body_timeout",
							"How long one body may run.",
							"0: no limit but statement_timeout, which counts the whole call.",
							&limbeck_body_timeout, 0, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);
#if PG_VERSION_NUM >= 150000
	MarkGUCPrefixReserved("limbeck");
#else
	EmitWarningsOnPlaceholders("limbeck");
#endif
}

static void
body_timeout_handler(void)
{
	body_timed_out = true;
	InterruptPending = true;
	QueryCancelPending = true;
	SetLatch(MyLatch);
}

/* Runs as a signal handler, in front of the server's own: reads memory that stands still while this
 * process waits, and nothing else. */
static void
alarm_handler(int signal_number)
{
	if (watching && MyProc != NULL && MyProc->waitLock != NULL)
	{
		noted_lock = MyProc->waitLock->tag;
		noted_mode = MyProc->waitLockMode;
		lock_noted = true;
	}
	previous_alarm.sa_handler(signal_number);
}

static void
install(void)
{
	struct sigaction alarm;

	body_timer = RegisterTimeout(USER_TIMEOUT, body_timeout_handler);
	sigaction(SIGALRM, NULL, &previous_alarm);
	alarm = previous_alarm;
	alarm.sa_handler = alarm_handler;
	sigaction(SIGALRM, &alarm, NULL);
	installed = true;
}

static void
watch(void)
{
	if (!installed)
		install();
	body_timed_out = false;
	lock_noted = false;
	watching = true;
	limited = limbeck_body_timeout > 0;
	limit_ms = limbeck_body_timeout;
	if (limited)
		enable_timeout_after(body_timer, limit_ms);
}

static void
set_lock_timeout(int milliseconds, GucAction action)
{
	(void) set_config_option("lock_timeout", psprintf("%d", milliseconds), PGC_USERSET,
							 PGC_S_SESSION, action, true, 0, false);
}

/* Begins the watch over a body: its time limit, and the locks that it waits for. */
void
retry_watch(void)
{
	watch();
	if (limbeck_lock_timeout > 0)
		set_lock_timeout(limbeck_lock_timeout, GUC_ACTION_LOCAL);
}

/* The same for a unit, whose time is its own. A single statement may commit on its way, so that the
 * short wait is the session's until retry_unwatch_unit(); between BEGIN and COMMIT it is the transaction's. */
void
retry_watch_unit(RunStep *step, const Unit *unit)
{
	watch();
	if (limbeck_lock_timeout == 0 || (!unit->block && body_waits_long(&step->body)))
		return;
	if (!unit->block && !step->waits_short)
	{
		step->waits_short = true;
		step->usual_lock_timeout = LockTimeout;
	}
	set_lock_timeout(limbeck_lock_timeout, unit->block ? GUC_ACTION_LOCAL : GUC_ACTION_SET);
}

void
retry_unwatch(void)
{
	watching = false;
	if (limited)
		disable_timeout(body_timer, false);
	limited = false;
}

/* Ends the watch over a unit that has come to its end, and its short wait, unless it set another. */
void
retry_unwatch_unit(RunStep *step)
{
	retry_unwatch();
	if (step->waits_short && LockTimeout == limbeck_lock_timeout)
		set_lock_timeout(step->usual_lock_timeout, GUC_ACTION_SET);
	step->waits_short = false;
}

/* How the server's messages call the noted lock's object. */
static const char *
locked_object(void)
{
	StringInfoData object;
	char	   *name = NULL;

	if (noted_lock.locktag_type == LOCKTAG_RELATION && noted_lock.locktag_field1 == MyDatabaseId)
		name = get_rel_name(noted_lock.locktag_field2);
	if (name != NULL)
		return psprintf("relation \"%s\"", name);
	initStringInfo(&object);
	DescribeLockTag(&object, &noted_lock);
	return object.data;
}

/* The strongest mode of these that stops us; NoLock: none. */
static LOCKMODE
conflicting_mode(LOCKMASK modes)
{
	LOCKMODE	mode;

	for (mode = MaxLockMode; mode > NoLock; mode--)
	{
		if ((modes & LOCKBIT_ON(mode)) != 0 && DoLockModesConflict(mode, noted_mode))
			break;
	}
	return mode;
}

/* Whoever holds the noted lock, or waits for it before us, in a way that stops us: one a line, with what
 * it runs. */
static char *
blockers(bool holders)
{
	LockData   *data = GetLockStatusData();
	const char *object = locked_object();
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	for (i = 0; i < data->nelements; i++)
	{
		const LockInstanceData *lock = &data->locks[i];
		LOCKMASK	modes = holders ? lock->holdMask
			: lock->waitLockMode != NoLock ? LOCKBIT_ON(lock->waitLockMode) : 0;
		LOCKMODE	mode;

		if (lock->pid == MyProcPid || memcmp(&lock->locktag, &noted_lock, sizeof(LOCKTAG)) != 0 ||
			(mode = conflicting_mode(modes)) == NoLock)
			continue;
		if (text.len > 0)
			appendStringInfoChar(&text, '\n');
		if (lock->pid == 0)
			appendStringInfo(&text, "A prepared transaction holds %s on %s.",
							 GetLockmodeName(DEFAULT_LOCKMETHOD, mode), object);
		else
			appendStringInfo(&text, "Process %d %s %s on %s: %s", lock->pid,
							 holders ? "holds" : "waits for",
							 GetLockmodeName(DEFAULT_LOCKMETHOD, mode), object,
							 pgstat_get_backend_current_activity(lock->pid, true));
	}
	return text.len > 0 ? text.data : NULL;
}

/* Ends the watch and says in the error what only it knows. Called where the error was caught, before
 * anything is rolled back, and again without effect. True: a lock was not had in time. */
bool
retry_explain(ErrorData *error)
{
	bool		timed_out = body_timed_out;

	if (watching)
		retry_unwatch();
	body_timed_out = false;
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED && timed_out)
	{
		error->message = psprintf("canceling the body after limbeck.body_timeout (%d ms)",
								  limit_ms);
		return false;
	}
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		return false;
	if (lock_noted && error->detail == NULL)
		error->detail = blockers(true);
	if (lock_noted && error->detail == NULL)
		error->detail = blockers(false);
	lock_noted = false;
	return true;
}

/* True when the error is about a lock and the settings allow another try after so many. */
bool
retry_wanted(const ErrorData *error, int tries)
{
	return limbeck_lock_timeout > 0 && error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE &&
		tries <= limbeck_lock_retries;
}

/* Tells of the failed try and waits. */
void
retry_pause(const RunStep *step, const ErrorData *error, int tries)
{
	long		pause = LONGEST_PAUSE_MS;
	long		slept = 0;
	char	   *activity;

	if (tries < 10)
		pause = Min(FIRST_PAUSE_MS << (tries - 1), LONGEST_PAUSE_MS);
	ereport(NOTICE,
			(errmsg("revision \"%s\" got no lock within %d ms, try %d of %d follows in %ld ms",
					step->body.revision, limbeck_lock_timeout, tries + 1, limbeck_lock_retries + 1,
					pause),
			 error->detail ? errdetail("%s", error->detail) : 0));
	activity = psprintf("limbeck: %s, pause before try %d of %d", step->notice, tries + 1,
						limbeck_lock_retries + 1);
	pgstat_report_activity(STATE_RUNNING, activity);
	pfree(activity);
	while (slept < pause)
	{
		long		part = Min(pause - slept, 100);

		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, part,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		slept += part;
	}
}

/* Runs a body inside the caller's transaction: a try that gets no lock is undone by a subtransaction. */
void
retry_body(RunStep *step, List *pending_before)
{
	MemoryContext memory = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile int tries = 0;
	volatile bool done = false;

	if (limbeck_lock_timeout == 0 || limbeck_lock_retries == 0)
	{
		run_body(step, pending_before);
		return;
	}
	while (!done)
	{
		tries++;
		BeginInternalSubTransaction(NULL);
		MemoryContextSwitchTo(memory);
		PG_TRY();
		{
			run_body(step, pending_before);
			ReleaseCurrentSubTransaction();
			done = true;
		}
		PG_CATCH();
		{
			ErrorData  *error;

			MemoryContextSwitchTo(memory);
			error = CopyErrorData();
			(void) retry_explain(error);
			if (!retry_wanted(error, tries))
			{
				FlushErrorState();
				ReThrowError(error);
			}
			FlushErrorState();
			set_running_body(NULL);
			RollbackAndReleaseCurrentSubTransaction();
			MemoryContextSwitchTo(memory);
			CurrentResourceOwner = owner;
			step->body.current = 0;
			step->body.finishing = false;
			retry_pause(step, error, tries);
			FreeErrorData(error);
		}
		PG_END_TRY();
		MemoryContextSwitchTo(memory);
		CurrentResourceOwner = owner;
	}
}
