/*
 * writer.c - version rows and log rows of a run, written without a query and several at a time
 *
 * A run writes two rows a revision. A body often costs less than a query for each of them, so they are put
 * into their tables and indexes as the executor does it underneath: the tables are opened once a run.
 *
 * They are written late, too. What a step leaves waits (is "pending") until somebody looks, many have come
 * together, or the run ends; of the version rows only what is different by then is written. Who looks is
 *
 *	   a query of a body on a table of the ledger, at any depth: guard.c sees it before it starts
 *	   a function of this extension that reads the ledger, called by a body: ledger_read()
 *	   a parallel plan, whose workers know nothing of what waits here: guard.c again
 *
 * Everybody sees what would be there had it been written at the end of its step, for it is written as the
 * work of that command, however late. What was written in a subtransaction that a body then rolled back
 * waits again.
 *
 * Only tables as CREATE EXTENSION made them are written like that, where none of the owner's own code can be
 * involved. Where somebody added a column, a CHECK, a foreign key, an index with an expression and the
 * like there is no writer, and record.c's queries honour what was added.
 */
#include "limbeck.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat.h"

/* One table that is written. */
typedef struct Target
{
	Relation	relation;
	const AttrNumber *columns;
	CatalogIndexState indexes;
	TupleTableSlot *slot;
} Target;

/* How many rows wait before they are written. */
#define PENDING_LIMIT 64

/* What the steps that ended have left to be written. */
typedef struct Pending
{
	lim_change *changes;		/* of the version rows; those of one row are put together */
	int			change_count;
	int			change_capacity;
	TupleTableSlot *log[PENDING_LIMIT];	/* rows; NULL: not needed yet */
	int			log_count;
	CommandId	command;		/* as whose work they are written */
	TransactionId written;		/* the transaction in which they were, for one who looked; 0: none */
} Pending;

struct LedgerWriter
{
	Call	   *call;
	MemoryContext memory;
	MemoryContext row;			/* the values of one row */
	EState	   *estate;
	LocalTransactionId transaction; /* in which the tables were opened */
	uint64		changes;		/* to the tables until then */
	Target		version;
	Target		log;
	ExprState  *next_id;		/* the default of migrate_log.id */
	Datum		actor;
	Pending		pending;
};

/* True when nothing but the server's own code takes part in writing to an index. */
static bool
is_plain_index(Call *call, Relation index)
{
	return index->rd_rel->relam == BTREE_AM_OID && !index->rd_index->indisexclusion &&
		index->rd_index->indimmediate && index->rd_index->indisready &&
		RelationGetIndexExpressions(index) == NIL &&
		(RelationGetIndexPredicate(index) == NIL ||
		 RelationGetRelid(index) == call->tables.log_stopped ||
		 RelationGetRelid(index) == tables_log_by_revision(call));
}

static bool
has_plain_indexes(Call *call, Relation relation)
{
	List	   *indexes = RelationGetIndexList(relation);
	ListCell   *cell;
	bool		plain = true;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		plain = plain && is_plain_index(call, index);
		index_close(index, NoLock);
	}
	list_free(indexes);
	return plain;
}

/* True when a table has the columns that it was made with, and nothing that was added. */
static bool
is_plain(Call *call, LedgerTable table, Relation relation)
{
	TupleDesc	columns = RelationGetDescr(relation);
	TupleConstr *constraints = columns->constr;
	int			count = 0;
	int			i;

	for (i = 0; i < columns->natts; i++)
		count += !TupleDescAttr(columns, i)->attisdropped;
	return count == call->tables.columns[table] &&
		relation->rd_rel->relam == HEAP_TABLE_AM_OID && relation->trigdesc == NULL &&
		relation->rd_rel->relreplident == REPLICA_IDENTITY_DEFAULT &&
		(constraints == NULL || (constraints->num_check == 0 && !constraints->has_generated_stored)) &&
		has_plain_indexes(call, relation);
}

/* The default of migrate_log.id, where it is the sequence's next value as it was made; else NULL. */
static Expr *
next_id(Call *call, Relation log)
{
	Node	   *value = build_column_default(log, call->tables.column[TABLE_LOG][LOG_ID]);

	return value != NULL && IsA(value, FuncExpr) && ((FuncExpr *) value)->funcid == F_NEXTVAL
		? (Expr *) value : NULL;
}

static void
open_target(Call *call, LedgerTable table, Relation relation, Target *target)
{
	target->relation = relation;
	target->columns = call->tables.column[table];
	target->indexes = CatalogOpenIndexes(relation);
	target->slot = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsVirtual);
}

static void
close_target(Target *target)
{
	ExecDropSingleTupleTableSlot(target->slot);
	CatalogCloseIndexes(target->indexes);
	table_close(target->relation, NoLock);
}

/* Opens the tables for the rest of the transaction, as the extension's owner. NULL: queries are to write. */
static LedgerWriter *
writer_open(Call *call)
{
	Relation	version = table_open(call->tables.oid[TABLE_VERSION], RowExclusiveLock);
	Relation	log = table_open(call->tables.oid[TABLE_LOG], RowExclusiveLock);
	Expr	   *id = next_id(call, log);
	MemoryContext memory;
	MemoryContext old;
	LedgerWriter *writer;

	if (id == NULL || !is_plain(call, TABLE_VERSION, version) || !is_plain(call, TABLE_LOG, log))
	{
		table_close(version, NoLock);
		table_close(log, NoLock);
		return NULL;
	}
	memory = AllocSetContextCreate(call->memory, "limbeck writer", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(memory);
	writer = palloc0(sizeof(LedgerWriter));
	writer->call = call;
	writer->memory = memory;
	writer->row = AllocSetContextCreate(memory, "limbeck row", ALLOCSET_SMALL_SIZES);
	writer->estate = CreateExecutorState();
	writer->transaction = my_local_transaction();
	writer->changes = tables_changes();
	open_target(call, TABLE_VERSION, version, &writer->version);
	open_target(call, TABLE_LOG, log, &writer->log);
	writer->next_id = ExecPrepareExpr(id, writer->estate);
	writer->actor = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	MemoryContextSwitchTo(old);
	return writer;
}

/* Begins a row, all of its columns NULL. */
static void
begin_row(LedgerWriter *writer, Target *target)
{
	MemoryContextReset(writer->row);
	ExecClearTuple(target->slot);
	memset(target->slot->tts_isnull, true,
		   target->slot->tts_tupleDescriptor->natts * sizeof(bool));
}

static void
set_datum(Target *target, int column, Datum value)
{
	int			i = target->columns[column] - 1;

	target->slot->tts_values[i] = value;
	target->slot->tts_isnull[i] = false;
}

static void
set_text(Target *target, int column, const char *text)
{
	if (text != NULL)
		set_datum(target, column, result_text(text));
}

static void refuse_version(const char *version, TM_Result result) __attribute__((noreturn));

/* Somebody writes past Limbeck. */
static void
refuse_version(const char *version, TM_Result result)
{
	if (result != TM_Ok && IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent update")));
	record_version_lost(version);
}

/* Where a version row is. */
static ItemPointerData
find_version(LedgerWriter *writer, const char *version)
{
	lim_context cx = core_context(writer->row);
	Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	ItemPointerData at;
	int			count = 0;
	Rows		rows;

	rows_begin_key(&rows, writer->call, TABLE_VERSION, VERSION_NUM, snapshot, &cx);
	rows_seek(&rows, version);
	while (rows_next_key(&rows))
	{
		at = rows.slot->tts_tid;
		count++;
	}
	rows_end(&rows);
	UnregisterSnapshot(snapshot);
	if (count != 1)
		refuse_version(version, TM_Ok);
	return at;
}

static void
insert_version(LedgerWriter *writer)
{
	Target	   *target = &writer->version;

	ExecStoreVirtualTuple(target->slot);
	table_tuple_insert(target->relation, target->slot, writer->pending.command, 0, NULL);
	insert_index_entries(target->indexes, target->slot, writer->estate);
}

static void
update_version(LedgerWriter *writer, const char *lost)
{
	Target	   *target = &writer->version;
	ItemPointerData at = find_version(writer, lost);
	update_indexes_kind indexes;
	LockTupleMode mode;
	TM_FailureData failure;
	TM_Result	result;

	ExecStoreVirtualTuple(target->slot);
	result = table_tuple_update(target->relation, &at, target->slot, writer->pending.command,
								InvalidSnapshot, InvalidSnapshot, true, &failure, &mode, &indexes);
	if (result != TM_Ok)
		refuse_version(lost, result);
	if (indexes)
		insert_index_entries(target->indexes, target->slot, writer->estate);
}

static void
delete_version(LedgerWriter *writer, const char *lost)
{
	ItemPointerData at = find_version(writer, lost);
	TM_FailureData failure;
	TM_Result	result;

	result = table_tuple_delete(writer->version.relation, &at, writer->pending.command,
								InvalidSnapshot, InvalidSnapshot, true, &failure, false);
	if (result != TM_Ok)
		refuse_version(lost, result);
}

/* Writes one change of the version rows. */
static void
write_version(LedgerWriter *writer, const lim_change *change)
{
	if (change->lost == NULL && change->gained == NULL)
		return;
	begin_row(writer, &writer->version);
	set_text(&writer->version, VERSION_NUM, change->gained);
	if (change->gained == NULL)
		delete_version(writer, change->lost);
	else if (change->lost == NULL)
		insert_version(writer);
	else
		update_version(writer, change->lost);
}

static void
write_log(LedgerWriter *writer)
{
	Target	   *log = &writer->log;
	Pending    *pending = &writer->pending;
	int			i;

	if (pending->log_count == 0)
		return;
	table_multi_insert(log->relation, pending->log, pending->log_count, pending->command, 0, NULL);
	for (i = 0; i < pending->log_count; i++)
		insert_index_entries(log->indexes, pending->log[i], writer->estate);
}

/* Writes everything that waits, with the owner's rights. */
static void
write_pending(LedgerWriter *writer)
{
	MemoryContext old = MemoryContextSwitchTo(writer->row);
	Oid			user;
	int			security;
	int			i;

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(writer->call->owner, security | SECURITY_LOCAL_USERID_CHANGE);
	for (i = 0; i < writer->pending.change_count; i++)
		write_version(writer, &writer->pending.changes[i]);
	write_log(writer);
	ResetPerTupleExprContext(writer->estate);
	SetUserIdAndSecContext(user, security);
	MemoryContextSwitchTo(old);
}

/* False: there is none, or an abort closed it. */
static bool
is_open(const LedgerWriter *writer)
{
	return writer != NULL && writer->transaction == my_local_transaction();
}

static bool
is_written(const Pending *pending)
{
	return TransactionIdIsValid(pending->written) &&
		TransactionIdIsCurrentTransactionId(pending->written);
}

static void
forget_pending(Pending *pending)
{
	int			i;

	for (i = 0; i < pending->log_count; i++)
		ExecClearTuple(pending->log[i]);
	pending->log_count = 0;
	pending->change_count = 0;
	pending->written = InvalidTransactionId;
}

/* Writes what waits and has not been written for somebody who looked. No body runs. */
static void
settle(LedgerWriter *writer)
{
	if (!is_written(&writer->pending))
		write_pending(writer);
	forget_pending(&writer->pending);
}

/*
 * Whoever is about to look at the ledger sees what waits. Harmless where nothing does. In parallel mode
 * nothing can be written, and nothing waits: the plan was seen before it started. (The workers of CREATE INDEX
 * look only where an index's function, immutable by its own word, reads tables.)
 */
void
writer_look(void)
{
	Body	   *body = running_body();
	LedgerWriter *writer = body != NULL ? body->call->writer : NULL;

	if (!is_open(writer) || IsInParallelMode() || is_written(&writer->pending) ||
		writer->pending.log_count == 0)
		return;
	write_pending(writer);
	writer->pending.written = GetCurrentTransactionId();
}

/* Writes what waits, and ends the writing of a call. Harmless without a writer. */
void
writer_close(Call *call)
{
	LedgerWriter *writer = call->writer;
	int			i;

	call->writer = NULL;
	if (writer == NULL)
		return;
	settle(writer);
	for (i = 0; i < PENDING_LIMIT && writer->pending.log[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(writer->pending.log[i]);
	close_target(&writer->version);
	close_target(&writer->log);
	FreeExecutorState(writer->estate);
	MemoryContextDelete(writer->memory);
}

/* The writer of a call whose tables have just been found; NULL: record.c's queries are to write. */
LedgerWriter *
writer_of(Call *call)
{
	if (!is_open(call->writer))
		call->writer = NULL;
	if (call->writer != NULL && call->writer->changes != tables_changes())
		writer_close(call);
	if (call->writer == NULL)
		call->writer = writer_open(call);
	return call->writer;
}

/* Adds a change to those that wait: what gained a row and what loses it now are one. A run gains no row
 * again that it lost, so that their order does not matter. */
static void
add_change(LedgerWriter *writer, const lim_change *change, int before)
{
	Pending    *pending = &writer->pending;
	int			i;

	for (i = 0; change->lost != NULL && i < before; i++)
	{
		lim_change *earlier = &pending->changes[i];

		if (earlier->gained == NULL || strcmp(earlier->gained, change->lost) != 0)
			continue;
		earlier->gained = change->gained;
		return;
	}
	if (pending->change_count == pending->change_capacity)
	{
		pending->change_capacity = Max(PENDING_LIMIT, 2 * pending->change_capacity);
		pending->changes = pending->changes == NULL
			? MemoryContextAlloc(writer->memory, sizeof(lim_change) * pending->change_capacity)
			: repalloc_huge(pending->changes, sizeof(lim_change) * pending->change_capacity);
	}
	pending->changes[pending->change_count++] = *change;
}

/* Adds a row of the log to those that wait. */
static void
add_log(LedgerWriter *writer, const LogEntry *entry)
{
	MemoryContext old = MemoryContextSwitchTo(writer->row);
	Target	   *log = &writer->log;
	TupleTableSlot **slot = &writer->pending.log[writer->pending.log_count];
	bool		isnull;

	begin_row(writer, log);
	set_datum(log, LOG_ID, ExecEvalExpr(writer->next_id, GetPerTupleExprContext(writer->estate),
										&isnull));
	set_datum(log, LOG_AT, TimestampTzGetDatum(GetCurrentTimestamp()));
	set_datum(log, LOG_ACTOR, writer->actor);
	set_text(log, LOG_ACTION, entry->action);
	set_text(log, LOG_REVISION, entry->revision);
	set_text(log, LOG_FROM_VERSION, entry->from_version);
	set_text(log, LOG_TO_VERSION, entry->to_version);
	if (entry->statements >= 0)
	{
		set_datum(log, LOG_STATEMENT,
				  Int32GetDatum(entry->statement > 0 ? entry->statement : entry->statements));
		set_datum(log, LOG_STATEMENTS, Int32GetDatum(entry->statements));
	}
	if (entry->duration_ms >= 0)
		set_datum(log, LOG_DURATION_MS, Int64GetDatum(entry->duration_ms));
	set_text(log, LOG_CHECKSUM, entry->checksum);
	set_text(log, LOG_OUTCOME, entry->outcome);
	set_text(log, LOG_DETAIL, entry->detail);
	ExecStoreVirtualTuple(log->slot);

	MemoryContextSwitchTo(writer->memory);
	if (*slot == NULL)
		*slot = MakeSingleTupleTableSlot(RelationGetDescr(log->relation), &TTSOpsHeapTuple);
	ExecStoreHeapTuple(ExecCopySlotHeapTuple(log->slot), *slot, true);
	writer->pending.log_count++;
	MemoryContextSwitchTo(old);
}

/* Takes what a step that is done leaves: changes of the version rows, whose names last as long as the call,
 * and a row of the log. */
void
writer_add(LedgerWriter *writer, const lim_change *changes, uint32_t count, const LogEntry *entry)
{
	Pending    *pending = &writer->pending;
	int			before;
	uint32_t	i;

	if (TransactionIdIsValid(pending->written) || pending->log_count == PENDING_LIMIT ||
		pending->change_count >= PENDING_LIMIT)
		settle(writer);
	before = pending->change_count;
	for (i = 0; i < count; i++)
		add_change(writer, &changes[i], before);
	add_log(writer, entry);
	pending->command = GetCurrentCommandId(true);
	CommandCounterIncrement();
}
