/*
 * stamp.c - how it is known that a table's rows are what they were
 *
 * Everything that changes a row changes its page and gives the page a new, larger LSN, because it is logged
 * before it is written: INSERT, UPDATE, DELETE, by whomever, with triggers disabled or not, replayed on
 * a standby or applied by replication. So a table has the same rows as before when
 *
 *	   it is the same file with the same columns, as long as before, and every page has the LSN that it had;
 *	   every transaction that the pages name had ended before, for the snapshot of then and for the
 *	   present one: then whether a row is visible was decided then, and both see the same.
 *
 * The first costs some hundred nanoseconds a page, of which a ledger of 10,000 revisions has some
 * hundred, and needs nothing of whoever writes. The second compares one number, unless transactions older
 * than the ledger's last change are still running.
 *
 * There is no stamp where a page may change without a new LSN (a table that is not logged, or is new or
 * rewritten in this transaction under wal_level minimal), where rows that are seen may be missing on the
 * pages (old_snapshot_threshold), where reading itself leaves a mark (SERIALIZABLE), or where the own
 * transaction has written: that may be rolled back.
 */
#include "limbeck.h"

#include "access/htup_details.h"
#include "access/multixact.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"

static const LedgerTable stamped_tables[STAMPED_TABLES] = {
	[STAMPED_REVISION] = TABLE_REVISION,
	[STAMPED_EDGE] = TABLE_EDGE,
	[STAMPED_LABEL] = TABLE_LABEL
};

static bool
can_be_stamped(Relation relation)
{
	return relation->rd_rel->relam == HEAP_TABLE_AM_OID && RelationNeedsWAL(relation);
}

static bool
snapshot_serves(Snapshot snapshot)
{
	return snapshot->snapshot_type == SNAPSHOT_MVCC && !IsolationIsSerializable() &&
		!snapshots_expire();
}

static bool
is_recent(const Stamp *stamp, TransactionId xid)
{
	int			i;

	for (i = 0; i < stamp->recent_count; i++)
	{
		if (stamp->recent[i] == xid)
			return true;
	}
	return false;
}

/* Notes a transaction that a row names. False: it has not ended for the snapshot. */
static bool
note_transaction(Stamp *stamp, TransactionId xid, Snapshot snapshot)
{
	if (!TransactionIdIsNormal(xid) || xid == stamp->noted)
		return true;
	stamp->noted = xid;
	if (!TransactionIdIsValid(stamp->newest) || TransactionIdFollows(xid, stamp->newest))
		stamp->newest = xid;
	if (TransactionIdPrecedes(xid, snapshot->xmin) || is_recent(stamp, xid))
		return true;
	if (XidInMVCCSnapshot(xid, snapshot) || TransactionIdIsCurrentTransactionId(xid) ||
		stamp->recent_count == STAMP_RECENT)
		return false;
	stamp->recent[stamp->recent_count++] = xid;
	return true;
}

/* Notes who made a row, and who ended it. */
static bool
note_row(Stamp *stamp, HeapTupleHeader row, Snapshot snapshot)
{
	if ((row->t_infomask & HEAP_MOVED) != 0)
		return false;
	if (!HeapTupleHeaderXminFrozen(row) &&
		!note_transaction(stamp, HeapTupleHeaderGetRawXmin(row), snapshot))
		return false;
	if ((row->t_infomask & HEAP_XMAX_INVALID) != 0 || HEAP_XMAX_IS_LOCKED_ONLY(row->t_infomask))
		return true;
	return note_transaction(stamp, HeapTupleHeaderGetUpdateXid(row), snapshot);
}

static bool
note_page(Stamp *stamp, Page page, Snapshot snapshot, uint32_t *rows)
{
	OffsetNumber count = PageGetMaxOffsetNumber(page);
	OffsetNumber i;

	for (i = FirstOffsetNumber; i <= count; i++)
	{
		ItemId		item = PageGetItemId(page, i);

		if (!ItemIdIsNormal(item))
			continue;
		if (!note_row(stamp, (HeapTupleHeader) PageGetItem(page, item), snapshot))
			return false;
		++*rows;
	}
	return true;
}

static bool
stamp_table(Stamp *stamp, TableStamp *table, Relation relation, Snapshot snapshot)
{
	BlockNumber i;

	if (!can_be_stamped(relation))
		return false;
	table->relation = RelationGetRelid(relation);
	table->file = relation->rd_rel->relfilenode;
	table->pages = RelationGetNumberOfBlocks(relation);
	table->lsns = palloc_extended(sizeof(XLogRecPtr) * (table->pages + 1), MCXT_ALLOC_HUGE);
	for (i = 0; i < table->pages; i++)
	{
		Buffer		buffer = ReadBuffer(relation, i);
		bool		noted;

		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		table->lsns[i] = PageGetLSN(BufferGetPage(buffer));
		noted = PageIsNew(BufferGetPage(buffer)) ||
			note_page(stamp, BufferGetPage(buffer), snapshot, &table->rows);
		UnlockReleaseBuffer(buffer);
		if (!noted)
			return false;
	}
	return true;
}

/* Takes the stamp of what the snapshot sees, into the present memory. False: there can be none now. */
bool
stamp_take(Stamp *stamp, Call *call, Snapshot snapshot)
{
	int			i;

	memset(stamp, 0, sizeof(*stamp));
	if (!snapshot_serves(snapshot))
		return false;
	stamp->xmin = snapshot->xmin;
	for (i = 0; i < STAMPED_TABLES; i++)
	{
		LedgerTable table = stamped_tables[i];
		Relation	relation = table_open(call->tables.oid[table], AccessShareLock);
		bool		stamped = stamp_table(stamp, &stamp->tables[i], relation, snapshot);

		memcpy(stamp->tables[i].columns, call->tables.column[table],
			   sizeof(stamp->tables[i].columns));
		table_close(relation, NoLock);
		if (!stamped)
			return false;
	}
	return true;
}

static bool
table_holds(const TableStamp *table, Relation relation)
{
	BlockNumber i;

	if (table->relation != RelationGetRelid(relation) ||
		table->file != relation->rd_rel->relfilenode || !can_be_stamped(relation) ||
		table->pages != RelationGetNumberOfBlocks(relation))
		return false;
	for (i = 0; i < table->pages; i++)
	{
		Buffer		buffer = ReadBuffer(relation, i);
		XLogRecPtr	lsn;

		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		lsn = PageGetLSN(BufferGetPage(buffer));
		UnlockReleaseBuffer(buffer);
		if (lsn != table->lsns[i])
			return false;
	}
	return true;
}

/* True when the tables are what they were, bit by bit. */
bool
stamp_holds(const Stamp *stamp, Call *call)
{
	bool		holds = true;
	int			i;

	for (i = 0; i < STAMPED_TABLES && holds; i++)
	{
		LedgerTable table = stamped_tables[i];
		Relation	relation = table_open(call->tables.oid[table], AccessShareLock);

		holds = memcmp(stamp->tables[i].columns, call->tables.column[table],
					   sizeof(stamp->tables[i].columns)) == 0 &&
			table_holds(&stamp->tables[i], relation);
		table_close(relation, NoLock);
	}
	return holds;
}

/* True when the snapshot, too, sees all transactions ended that the stamp names. */
bool
stamp_serves(const Stamp *stamp, Snapshot snapshot)
{
	int			i;

	if (!snapshot_serves(snapshot) || TransactionIdPrecedes(snapshot->xmin, stamp->xmin))
		return false;
	if (!TransactionIdIsValid(stamp->newest) ||
		TransactionIdPrecedes(stamp->newest, snapshot->xmin))
		return true;
	for (i = 0; i < stamp->recent_count; i++)
	{
		if (XidInMVCCSnapshot(stamp->recent[i], snapshot))
			return false;
	}
	return true;
}
