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
 * The stamp is taken on the way, while the rows are read. To compare it with the pages costs some hundred nanoseconds
 * a page, of which a ledger of 10,000 revisions has some hundred, and needs nothing of whoever writes; with the
 * transactions, one comparison, unless one older than the ledger's last change is still running.
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

/* Begins the stamp of what the snapshot sees: the tables are to be read under it. */
void
stamp_begin(Stamp *stamp, Snapshot snapshot)
{
	memset(stamp, 0, sizeof(*stamp));
	stamp->valid = snapshot_serves(snapshot);
	stamp->snapshot = snapshot;
	stamp->xmin = snapshot->xmin;
}

/* Begins with a table, before its first page is read. What the stamp takes goes to the memory. */
void
stamp_begin_table(Stamp *stamp, StampedTable which, Relation relation, const AttrNumber *columns,
				  MemoryContext memory)
{
	TableStamp *table = &stamp->tables[which];

	stamp->valid = stamp->valid && can_be_stamped(relation);
	if (!stamp->valid)
		return;
	table->relation = RelationGetRelid(relation);
	table->file = relation->rd_rel->relfilenode;
	memcpy(table->columns, columns, sizeof(table->columns));
	table->pages = RelationGetNumberOfBlocks(relation);
	table->lsns = MemoryContextAllocExtended(memory, sizeof(XLogRecPtr) * (table->pages + 1),
											 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* False: a row names a transaction that has not ended for the snapshot. */
static bool
note_rows(Stamp *stamp, Page page)
{
	OffsetNumber count = PageIsNew(page) ? 0 : PageGetMaxOffsetNumber(page);
	OffsetNumber i;

	for (i = FirstOffsetNumber; i <= count; i++)
	{
		ItemId		item = PageGetItemId(page, i);

		if (ItemIdIsNormal(item) &&
			!note_row(stamp, (HeapTupleHeader) PageGetItem(page, item), stamp->snapshot))
			return false;
	}
	return true;
}

/* From the first page noted, where it is not an odd one of a large table. */
static uint32_t
expected_rows(const TableStamp *table, Page page)
{
	uint64		rows = (uint64) table->pages * PageGetMaxOffsetNumber(page) * 9 / 8;

	return rows < 16 * 1024 * 1024 ? (uint32_t) rows : 0;
}

/* Notes a page that is pinned, whose rows were or will be read under the snapshot. A change between the two is
 * the work of a transaction that has not ended for the snapshot, and is noted as such. */
void
stamp_note_page(Stamp *stamp, StampedTable which, Buffer buffer)
{
	TableStamp *table = &stamp->tables[which];
	BlockNumber block = BufferGetBlockNumber(buffer);

	if (block >= table->pages)
	{
		stamp->valid = false;	/* the table has just become longer */
		return;
	}
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	table->lsns[block] = PageGetLSN(BufferGetPage(buffer));
	stamp->valid = note_rows(stamp, BufferGetPage(buffer));
	if (table->expected == 0)
		table->expected = expected_rows(table, BufferGetPage(buffer));
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
}

/* Ends with a table: notes the pages on which no row was seen. */
void
stamp_end_table(Stamp *stamp, StampedTable which, Relation relation)
{
	TableStamp *table = &stamp->tables[which];
	BlockNumber i;

	for (i = 0; stamp->valid && i < table->pages; i++)
	{
		if (table->lsns[i] == 0)
		{
			Buffer		buffer = ReadBuffer(relation, i);

			stamp_note_page(stamp, which, buffer);
			ReleaseBuffer(buffer);
		}
	}
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
