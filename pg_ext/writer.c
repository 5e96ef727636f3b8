/*
 * writer.c - rows of the ledger written without a query, and those of a run several at a time
 *
 * A run writes two rows a revision. A body often costs less than a query for each of them, so they are put
 * into their tables and indexes as the executor does it underneath: the tables are opened once a run.
 *
 * Loading a directory writes three rows or more a file, in the same way.
 *
 * A run's rows are written late, too. What a step leaves waits (is "pending") until somebody looks, many have come
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
#include "utils/ruleutils.h"
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
	ExprState  *next;			/* the default of the first column, a sequence's; NULL: it has none */
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
	Target		targets[LEDGER_TABLES]; /* relation NULL: not one that is written */
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

/* True when a table has no CHECK, or the one that migrate_edge was made with. */
static bool
has_plain_checks(LedgerTable table, Relation relation, const TupleConstr *constraints)
{
	List	   *context = deparse_context_for("migrate_edge", RelationGetRelid(relation));

	if (constraints == NULL || constraints->num_check == 0)
		return true;
	return table == TABLE_EDGE && constraints->num_check == 1 &&
		strcmp(deparse_expression(stringToNode(constraints->check[0].ccbin), context, false, false),
			   "(kind = ANY (ARRAY['down_revision'::text, 'depends_on'::text]))") == 0;
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
		(constraints == NULL || !constraints->has_generated_stored) &&
		has_plain_checks(table, relation, constraints) && has_plain_indexes(call, relation);
}

/* Finds the default of a table's first column, where that counts. False: it is not the sequence's next value as it
 * was made. */
static bool
find_next(LedgerWriter *writer, LedgerTable table, Target *target)
{
	Node	   *value;

	if (table != TABLE_REVISION && table != TABLE_LOG)
		return true;
	value = build_column_default(target->relation, target->columns[0]);
	if (value == NULL || !IsA(value, FuncExpr) || ((FuncExpr *) value)->funcid != F_NEXTVAL)
		return false;
	target->next = ExecPrepareExpr((Expr *) value, writer->estate);
	return true;
}

/* False: queries are to write. */
static bool
open_target(LedgerWriter *writer, LedgerTable table)
{
	Call	   *call = writer->call;
	Target	   *target = &writer->targets[table];

	target->relation = table_open(call->tables.oid[table], RowExclusiveLock);
	target->columns = call->tables.column[table];
	if (!is_plain(call, table, target->relation) || !find_next(writer, table, target))
		return false;
	target->indexes = CatalogOpenIndexes(target->relation);
	target->slot = MakeSingleTupleTableSlot(RelationGetDescr(target->relation), &TTSOpsVirtual);
	return true;
}

static void
close_target(Target *target)
{
	if (target->slot != NULL)
	{
		ExecDropSingleTupleTableSlot(target->slot);
		CatalogCloseIndexes(target->indexes);
	}
	if (target->relation != NULL)
		table_close(target->relation, NoLock);
}

static void
close_targets(LedgerWriter *writer)
{
	LedgerTable table;

	for (table = 0; table < LEDGER_TABLES; table++)
		close_target(&writer->targets[table]);
	FreeExecutorState(writer->estate);
	MemoryContextDelete(writer->memory);
}

/* Opens tables for the rest of the transaction, as the extension's owner. NULL: queries are to write. */
static LedgerWriter *
writer_open(Call *call, const bool tables[LEDGER_TABLES])
{
	MemoryContext memory = AllocSetContextCreate(call->memory, "limbeck writer",
												 ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(memory);
	LedgerWriter *writer = palloc0(sizeof(LedgerWriter));
	bool		plain = true;
	LedgerTable table;

	writer->call = call;
	writer->memory = memory;
	writer->row = AllocSetContextCreate(memory, "limbeck row", ALLOCSET_SMALL_SIZES);
	writer->estate = CreateExecutorState();
	writer->transaction = my_local_transaction();
	writer->changes = tables_changes();
	writer->actor = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	for (table = 0; table < LEDGER_TABLES && plain; table++)
		plain = !tables[table] || open_target(writer, table);
	MemoryContextSwitchTo(old);
	if (plain)
		return writer;
	close_targets(writer);
	return NULL;
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

static void
set_bytes(Target *target, int column, lim_bytes bytes)
{
	if (bytes.text != NULL)
		set_datum(target, column, result_bytes(bytes));
}

/* Counts the first column. */
static void
set_next(LedgerWriter *writer, Target *target)
{
	bool		isnull;

	set_datum(target, 0, ExecEvalExpr(target->next, GetPerTupleExprContext(writer->estate), &isnull));
}

static void
insert_row(LedgerWriter *writer, Target *target, CommandId command)
{
	ExecStoreVirtualTuple(target->slot);
	table_tuple_insert(target->relation, target->slot, command, 0, NULL);
	insert_index_entries(target->indexes, target->slot, writer->estate);
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
update_version(LedgerWriter *writer, const char *lost)
{
	Target	   *target = &writer->targets[TABLE_VERSION];
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

	result = table_tuple_delete(writer->targets[TABLE_VERSION].relation, &at, writer->pending.command,
								InvalidSnapshot, InvalidSnapshot, true, &failure, false);
	if (result != TM_Ok)
		refuse_version(lost, result);
}

/* Writes one change of the version rows. */
static void
write_version(LedgerWriter *writer, const lim_change *change)
{
	Target	   *version = &writer->targets[TABLE_VERSION];

	if (change->lost == NULL && change->gained == NULL)
		return;
	begin_row(writer, version);
	set_text(version, VERSION_NUM, change->gained);
	if (change->gained == NULL)
		delete_version(writer, change->lost);
	else if (change->lost == NULL)
		insert_row(writer, version, writer->pending.command);
	else
		update_version(writer, change->lost);
}

static void
write_log(LedgerWriter *writer)
{
	Target	   *log = &writer->targets[TABLE_LOG];
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
	close_targets(writer);
}

/* The writer of a run whose tables have just been found; NULL: record.c's queries are to write. */
LedgerWriter *
writer_of(Call *call)
{
	static const bool tables[LEDGER_TABLES] = {[TABLE_VERSION] = true, [TABLE_LOG] = true};

	if (!is_open(call->writer))
		call->writer = NULL;
	if (call->writer != NULL && call->writer->changes != tables_changes())
		writer_close(call);
	if (call->writer == NULL)
		call->writer = writer_open(call, tables);
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
	Target	   *log = &writer->targets[TABLE_LOG];
	TupleTableSlot **slot = &writer->pending.log[writer->pending.log_count];

	begin_row(writer, log);
	set_next(writer, log);
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

/* Makes a call that stores many revisions write without queries, where it can, until writer_close(). */
void
writer_begin_storing(Call *call)
{
	static const bool tables[LEDGER_TABLES] = {
		[TABLE_REVISION] = true, [TABLE_EDGE] = true, [TABLE_LABEL] = true, [TABLE_LOG] = true
	};

	call->writer = writer_open(call, tables);
}

/* The writer that the call has now; NULL: none. */
LedgerWriter *
writer_at_work(const Call *call)
{
	return is_open(call->writer) ? call->writer : NULL;
}

static void
write_edges(LedgerWriter *writer, const lim_record *record, lim_edge_kind kind,
			const lim_list *parents)
{
	Target	   *edge = &writer->targets[TABLE_EDGE];
	uint32_t	i;

	for (i = 0; i < parents->count; i++)
	{
		begin_row(writer, edge);
		set_text(edge, EDGE_REVISION, record->id);
		set_text(edge, EDGE_PARENT, parents->items[i]);
		set_text(edge, EDGE_KIND, lim_edge_kind_name(kind));
		set_datum(edge, EDGE_ORDINAL, Int32GetDatum((int32) i));
		insert_row(writer, edge, GetCurrentCommandId(true));
	}
}

static void
write_labels(LedgerWriter *writer, const lim_record *record)
{
	Target	   *label = &writer->targets[TABLE_LABEL];
	uint32_t	i;

	for (i = 0; i < record->branch_labels.count; i++)
	{
		begin_row(writer, label);
		set_text(label, LABEL_LABEL, record->branch_labels.items[i]);
		set_text(label, LABEL_REVISION, record->id);
		set_datum(label, LABEL_ORDINAL, Int32GetDatum((int32) i));
		insert_row(writer, label, GetCurrentCommandId(true));
	}
}

static void
write_revision(LedgerWriter *writer, const lim_record *record)
{
	Target	   *revision = &writer->targets[TABLE_REVISION];
	Oid			author = writer->call->caller;
	lim_bytes	empty = {"", 0};
	Datum		name;

	begin_row(writer, revision);
	name = CStringGetTextDatum(GetUserNameFromId(author, false));
	set_next(writer, revision);
	set_text(revision, REVISION_ID, record->id);
	set_text(revision, REVISION_MESSAGE, record->message ? record->message : "");
	set_bytes(revision, REVISION_UPGRADE, record->upgrade.text ? record->upgrade : empty);
	set_bytes(revision, REVISION_DOWNGRADE, record->downgrade);
	set_datum(revision, REVISION_UPGRADE_TRANSACTIONAL, BoolGetDatum(record->upgrade_transactional));
	set_datum(revision, REVISION_DOWNGRADE_TRANSACTIONAL,
			  BoolGetDatum(record->downgrade_transactional));
	set_bytes(revision, REVISION_SCRIPT, record->script);
	set_text(revision, REVISION_CHECKSUM, record->checksum);
	set_datum(revision, REVISION_CREATED_AT, TimestampTzGetDatum(GetCurrentTimestamp()));
	set_datum(revision, REVISION_CREATED_BY, writer->actor);
	set_datum(revision, REVISION_UPGRADE_AUTHOR, name);
	set_datum(revision, REVISION_UPGRADE_AUTHOR_OID, ObjectIdGetDatum(author));
	set_datum(revision, REVISION_DOWNGRADE_AUTHOR, name);
	set_datum(revision, REVISION_DOWNGRADE_AUTHOR_OID, ObjectIdGetDatum(author));
	insert_row(writer, revision, GetCurrentCommandId(true));
}

/* Writes a revision that is new, its edges and its labels. */
void
writer_store(LedgerWriter *writer, const lim_record *record)
{
	MemoryContext old = MemoryContextSwitchTo(writer->row);

	write_revision(writer, record);
	write_edges(writer, record, LIM_DOWN_REVISION, &record->down_revision);
	write_edges(writer, record, LIM_DEPENDS_ON, &record->depends_on);
	write_labels(writer, record);
	ResetPerTupleExprContext(writer->estate);
	MemoryContextSwitchTo(old);
	CommandCounterIncrement();
}
