/*
 * lock.c - one caller at a time
 *
 * Two advisory locks a ledger, "apply" and "run". Their tags have a fourth field that no SQL function
 * can give, so that no role can hold up migrations with pg_advisory_lock(). A function takes "apply"
 * shared, by trying (while migrate_apply holds it, waiting here with a snapshot in hand would stop its
 * CREATE INDEX CONCURRENTLY for ever), then "run", by waiting. Both go with the transaction.
 */
#include "limbeck.h"

#include "miscadmin.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define LEDGER_LOCK_SPACE 0x4C4D	/* SQL's advisory locks have 1 or 2 here */

typedef enum LedgerLock
{
	LOCK_APPLY = 1,
	LOCK_RUN = 2
} LedgerLock;

/* Who never sets lock_timeout still waits a bounded time for the ledger. */
#define DEFAULT_WAIT "10min"

static LOCKTAG
lock_tag(Oid extension, LedgerLock lock)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, extension, lock, LEDGER_LOCK_SPACE);
	return tag;
}

/* The process that holds the lock or waits for it, exclusively rather than shared; 0 when there is none any
 * more. */
static int
lock_holder(const LOCKTAG *tag)
{
	LockData   *data = GetLockStatusData();
	int			other = 0;
	int			i;

	for (i = 0; i < data->nelements; i++)
	{
		const LockInstanceData *lock = &data->locks[i];

		if (memcmp(&lock->locktag, tag, sizeof(LOCKTAG)) != 0 || lock->pid == MyProcPid)
			continue;
		if (lock->holdMask & LOCKBIT_ON(ExclusiveLock))
			return lock->pid;
		if (other == 0 || lock->waitLockMode == ExclusiveLock)
			other = lock->pid;
	}
	return other;
}

static void
refuse(const char *what, const LOCKTAG *tag, const char *hint)
{
	int			pid = lock_holder(tag);

	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("%s is running", what),
			 pid ? errdetail("Process %d holds the lock of this ledger.", pid) : 0,
			 errhint("%s", hint)));
}

/* Takes a lock by waiting, no longer than lock_timeout. */
static void
wait_for(const LOCKTAG *tag, bool session)
{
	MemoryContext context = CurrentMemoryContext;
	int			guc_level = NewGUCNestLevel();

	if (LockTimeout == 0)
		(void) set_config_option("lock_timeout", DEFAULT_WAIT, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	PG_TRY();
	{
		(void) LockAcquire(tag, ExclusiveLock, session, false);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
			PG_RE_THROW();
		FlushErrorState();
		refuse("another migration", tag,
			   "Try again when it is done, or give it more time with lock_timeout.");
	}
	PG_END_TRY();
	AtEOXact_GUC(false, guc_level);
}

/* Takes both locks for the rest of the transaction. */
void
lock_ledger(Call *call)
{
	LOCKTAG		apply = lock_tag(call->extension, LOCK_APPLY);
	LOCKTAG		run = lock_tag(call->extension, LOCK_RUN);

	if (LockAcquire(&apply, ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		refuse("migrate_apply", &apply, "Try again when it is done.");
	if (LockAcquire(&run, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL)
		return;

	wait_for(&run, false);
}

/* Takes "apply" for the session. The caller holds no snapshot, so that nobody waits for the waiter. */
void
lock_apply(Oid extension)
{
	LOCKTAG		tag = lock_tag(extension, LOCK_APPLY);

	if (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
		wait_for(&tag, true);
}

/* Takes "apply" once more, without waiting. What it says when the session had it already is neither of
 * LOCKACQUIRE_OK and LOCKACQUIRE_NOT_AVAIL. */
static LockAcquireResult
take_apply_again(const LOCKTAG *tag)
{
	return LockAcquire(tag, ExclusiveLock, true, true);
}

/* Statements may let go of all advisory locks of the session, this one among them: DISCARD ALL,
 * pg_advisory_unlock_all(). Takes it again, or ends the run when somebody else has come in. */
void
lock_keep_apply(Oid extension)
{
	LOCKTAG		tag = lock_tag(extension, LOCK_APPLY);
	LockAcquireResult had = take_apply_again(&tag);
	int			pid;

	if (had == LOCKACQUIRE_NOT_AVAIL)
	{
		pid = lock_holder(&tag);
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the body let go of the lock of this ledger, and another migration is running"),
				 pid ? errdetail("Process %d holds the lock of this ledger.", pid) : 0,
				 errhint("Take DISCARD ALL and pg_advisory_unlock_all() out of the body.")));
	}
	if (had != LOCKACQUIRE_OK)
		(void) LockRelease(&tag, ExclusiveLock, true);
}

/* Lets go of "apply", whether or not a statement has done so before. */
void
unlock_apply(Oid extension)
{
	LOCKTAG		tag = lock_tag(extension, LOCK_APPLY);
	LockAcquireResult had = take_apply_again(&tag);

	if (had == LOCKACQUIRE_NOT_AVAIL)
		return;
	(void) LockRelease(&tag, ExclusiveLock, true);
	if (had != LOCKACQUIRE_OK)
		(void) LockRelease(&tag, ExclusiveLock, true);
}
