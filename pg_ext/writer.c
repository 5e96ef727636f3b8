/*
 * writer.c - version rows and log rows of a run, written without a query
 *
 * A run writes two rows a revision. A body often costs less than a query for each of them, so they are put
 * into their tables and indexes as the executor does it underneath: the tables are opened once a run.
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
	const char *gained;			/* the version row written last, */
	ItemPointerData gained_at;	/* and where it is */
};

/* True when nothing but the server's own code takes part in writing to an index. */
static bool
is_plain_index(Call *call, Relation index)
{
	return index->rd_rel->relam == BTREE_AM_OID && !index->rd_index->indisexclusion &&
		index->rd_index->indimmediate && index->rd_index->indisready &&
		RelationGetIndexExpressions(index) == NIL &&
		(RelationGetRelid(index) == call->tables.log_stopped ||
		 RelationGetIndexPredicate(index) == NIL);
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

/* Ends the writing of a call. Harmless without a writer. */
void
writer_close(Call *call)
{
	LedgerWriter *writer = call->writer;

	call->writer = NULL;
	if (writer == NULL)
		return;
	close_target(&writer->version);
	close_target(&writer->log);
	FreeExecutorState(writer->estate);
	MemoryContextDelete(writer->memory);
}

/* The writer of a call whose tables have just been found; NULL: record.c's queries are to write. */
LedgerWriter *
writer_of(Call *call)
{
	if (call->writer != NULL && call->writer->transaction != my_local_transaction())
		call->writer = NULL;	/* an abort closed it */
	if (call->writer != NULL && call->writer->changes != tables_changes())
		writer_close(call);
	if (call->writer == NULL)
		call->writer = writer_open(call);
	return call->writer;
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
insert_row(LedgerWriter *writer, Target *target)
{
	ExecStoreVirtualTuple(target->slot);
	table_tuple_insert(target->relation, target->slot, GetCurrentCommandId(true), 0, NULL);
	insert_index_entries(target->indexes, target->slot, writer->estate);
	ResetPerTupleExprContext(writer->estate);
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
	Snapshot	snapshot;
	ItemPointerData at;
	int			count = 0;
	Rows		rows;

	if (writer->gained != NULL && strcmp(writer->gained, version) == 0)
		return writer->gained_at;
	snapshot = rows_snapshot(writer->call);
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
	Target	   *target = &writer->version;
	ItemPointerData at = find_version(writer, lost);
	update_indexes_kind indexes;
	LockTupleMode mode;
	TM_FailureData failure;
	TM_Result	result;

	ExecStoreVirtualTuple(target->slot);
	result = table_tuple_update(target->relation, &at, target->slot, GetCurrentCommandId(true),
								InvalidSnapshot, InvalidSnapshot, true, &failure, &mode, &indexes);
	if (result != TM_Ok)
		refuse_version(lost, result);
	if (indexes)
		insert_index_entries(target->indexes, target->slot, writer->estate);
	ResetPerTupleExprContext(writer->estate);
}

static void
delete_version(LedgerWriter *writer, const char *lost)
{
	ItemPointerData at = find_version(writer, lost);
	TM_FailureData failure;
	TM_Result	result;

	result = table_tuple_delete(writer->version.relation, &at, GetCurrentCommandId(true),
								InvalidSnapshot, InvalidSnapshot, true, &failure, false);
	if (result != TM_Ok)
		refuse_version(lost, result);
}

/* Writes one change of the version rows. */
void
writer_version(LedgerWriter *writer, const lim_change *change)
{
	MemoryContext old = MemoryContextSwitchTo(writer->row);

	begin_row(writer, &writer->version);
	set_text(&writer->version, VERSION_NUM, change->gained);
	if (change->gained == NULL)
		delete_version(writer, change->lost);
	else if (change->lost == NULL)
		insert_row(writer, &writer->version);
	else
		update_version(writer, change->lost);
	writer->gained = change->gained;
	writer->gained_at = writer->version.slot->tts_tid;
	MemoryContextSwitchTo(old);
	CommandCounterIncrement();
}

/* Writes a row of the log. */
void
writer_log(LedgerWriter *writer, const LogEntry *entry)
{
	MemoryContext old = MemoryContextSwitchTo(writer->row);
	Target	   *log = &writer->log;
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
	insert_row(writer, log);
	MemoryContextSwitchTo(old);
	CommandCounterIncrement();
}
