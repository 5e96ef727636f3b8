/*
 * rows.c - rows of the ledger read without a query
 *
 * A call that finds nothing to do should cost next to nothing, the first of a connection too. Parsing and
 * planning a query costs more than reading a small ledger, so rows are read as the server reads its own
 * catalogs: a scan of the table, or of its primary key, under the snapshot that a query would have had. The
 * tables were found to be the extension's own before (tables.c); only the columns asked for are taken
 * apart, and a body that is not asked for is not fetched.
 */
#include "limbeck.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat.h"

/* What the call sees: a call that writes what is committed now, any other what its query sees. To be
 * given to UnregisterSnapshot() afterwards. */
Snapshot
rows_snapshot(Call *call)
{
	if (!call->writing)
		return RegisterSnapshot(GetActiveSnapshot());
	CommandCounterIncrement();
	return RegisterSnapshot(GetTransactionSnapshot());
}

static void
rows_open(Rows *rows, Call *call, LedgerTable table, lim_context *cx)
{
	memset(rows, 0, sizeof(*rows));
	rows->cx = cx;
	rows->columns = call->tables.column[table];
	rows->relation = table_open(call->tables.oid[table], AccessShareLock);
	rows->slot = table_slot_create(rows->relation, NULL);
}

/* Begins to read a whole table, its columns up to last. Strings go to cx. */
void
rows_begin(Rows *rows, Call *call, LedgerTable table, int last, Snapshot snapshot, lim_context *cx)
{
	int			i;

	rows_open(rows, call, table, cx);
	for (i = 0; i <= last; i++)
		rows->last = Max(rows->last, rows->columns[i]);
	rows->scan = table_beginscan(rows->relation, snapshot, 0, NULL);
}

/* Makes the scan of a whole table, which was just begun, take the table's stamp on its way. */
void
rows_take_stamp(Rows *rows, Stamp *stamp, int stamped_table)
{
	rows->stamp = stamp;
	rows->stamped_table = stamped_table;
	rows->stamped_page = InvalidBlockNumber;
	stamp_begin_table(stamp, stamped_table, rows->relation, rows->columns,
					  (MemoryContext) rows->cx->allocator.host);
}

/* Notes the page of the present row, when it is another one. */
static void
note_page(Rows *rows)
{
	BlockNumber page = ItemPointerGetBlockNumber(&rows->slot->tts_tid);

	if (page == rows->stamped_page)
		return;
	rows->stamped_page = page;
	if (rows->stamp->valid)
		stamp_note_page(rows->stamp, rows->stamped_table,
						((BufferHeapTupleTableSlot *) rows->slot)->buffer);
}

bool
rows_next(Rows *rows)
{
	if (!table_scan_getnextslot(rows->scan, ForwardScanDirection, rows->slot))
	{
		if (rows->stamp != NULL)
			stamp_end_table(rows->stamp, rows->stamped_table, rows->relation);
		return false;
	}
	CHECK_FOR_INTERRUPTS();
	if (rows->stamp != NULL)
		note_page(rows);
	slot_getsomeattrs(rows->slot, rows->last);
	return true;
}

/* Opens the primary key's index where it is on this column alone and good for any snapshot; else NULL, and
 * the table is scanned. */
static Relation
open_key_index(Relation relation, AttrNumber column)
{
	Relation	index;

	list_free(RelationGetIndexList(relation));
	if (!OidIsValid(relation->rd_pkindex))
		return NULL;
	index = index_open(relation->rd_pkindex, AccessShareLock);
	if (index->rd_index->indnkeyatts == 1 && index->rd_index->indkey.values[0] == column &&
		!index->rd_index->indcheckxmin)
		return index;
	index_close(index, NoLock);
	return NULL;
}

/* Begins to look rows up by a text, one after the other: rows_seek(), then rows_next_key(). */
void
rows_begin_key(Rows *rows, Call *call, LedgerTable table, int column, Snapshot snapshot,
			   lim_context *cx)
{
	rows_open(rows, call, table, cx);
	rows->snapshot = snapshot;
	rows->key = rows->columns[column];
	rows->index = open_key_index(rows->relation, rows->key);
	if (rows->index != NULL)
		rows->index_scan = begin_index_scan(rows->relation, rows->index, snapshot, 1);
}

/* Looks for the rows with this key. */
void
rows_seek(Rows *rows, const char *key)
{
	ScanKeyData scan_key;

	ScanKeyInit(&scan_key, rows->index_scan != NULL ? 1 : rows->key, BTEqualStrategyNumber,
				F_TEXTEQ, result_text(key));
	if (rows->index_scan != NULL)
	{
		index_rescan(rows->index_scan, &scan_key, 1, NULL, 0);
		return;
	}
	if (rows->key_scan != NULL)
		systable_endscan(rows->key_scan);
	rows->key_scan = systable_beginscan(rows->relation, InvalidOid, false, rows->snapshot, 1,
										&scan_key);
}

static bool
take_apart(Rows *rows, HeapTuple tuple)
{
	if (!HeapTupleIsValid(tuple))
		return false;
	ExecForceStoreHeapTuple(tuple, rows->slot, false);
	slot_getallattrs(rows->slot);
	return true;
}

bool
rows_next_key(Rows *rows)
{
	if (rows->index_scan != NULL)
	{
		if (!index_getnext_slot(rows->index_scan, ForwardScanDirection, rows->slot))
			return false;
		slot_getallattrs(rows->slot);
		return true;
	}
	return take_apart(rows, systable_getnext(rows->key_scan));
}

/* Begins to read the log's rows about statements by rows_next_key(); where there is no index of them, all
 * rows of the log. */
void
rows_begin_stopped(Rows *rows, Call *call, Snapshot snapshot, lim_context *cx)
{
	Oid			index = call->tables.log_stopped;

	rows_open(rows, call, TABLE_LOG, cx);
	rows->key_scan = systable_beginscan(rows->relation, index, OidIsValid(index), snapshot, 0, NULL);
}

/* Begins to read what the log says of a revision: the newest first where there is the index for it, downgrades
 * left out; else all in any order. */
void
rows_begin_revision_log(Rows *rows, Call *call, const char *revision, Snapshot snapshot,
						lim_context *cx)
{
	Oid			index = tables_log_by_revision(call);
	ScanKeyData key;

	rows_open(rows, call, TABLE_LOG, cx);
	ScanKeyInit(&key, rows->columns[LOG_REVISION], BTEqualStrategyNumber, F_TEXTEQ,
				result_text(revision));
	if (OidIsValid(index))
	{
		rows->index = index_open(index, AccessShareLock);
		rows->newest_first = systable_beginscan_ordered(rows->relation, rows->index, snapshot, 1,
														&key);
	}
	else
		rows->key_scan = systable_beginscan(rows->relation, InvalidOid, false, snapshot, 1, &key);
}

bool
rows_next_revision_log(Rows *rows)
{
	if (rows->newest_first == NULL)
		return rows_next_key(rows);
	return take_apart(rows, systable_getnext_ordered(rows->newest_first, BackwardScanDirection));
}

/* Begins to read the log's rows behind the one with this id by rows_next_key(). */
void
rows_begin_log_after(Rows *rows, Call *call, int64 id, Snapshot snapshot, lim_context *cx)
{
	ScanKeyData key;

	rows_open(rows, call, TABLE_LOG, cx);
	rows->index = open_key_index(rows->relation, rows->columns[LOG_ID]);
	ScanKeyInit(&key, rows->index != NULL ? 1 : rows->columns[LOG_ID], BTGreaterStrategyNumber,
				F_INT8GT, Int64GetDatum(id));
	if (rows->index == NULL)
	{
		rows->key_scan = systable_beginscan(rows->relation, InvalidOid, false, snapshot, 1, &key);
		return;
	}
	rows->index_scan = begin_index_scan(rows->relation, rows->index, snapshot, 1);
	index_rescan(rows->index_scan, &key, 1, NULL, 0);
}

void
rows_end(Rows *rows)
{
	ExecDropSingleTupleTableSlot(rows->slot);
	if (rows->scan != NULL)
		table_endscan(rows->scan);
	if (rows->key_scan != NULL)
		systable_endscan(rows->key_scan);
	if (rows->index_scan != NULL)
		index_endscan(rows->index_scan);
	if (rows->newest_first != NULL)
		systable_endscan_ordered(rows->newest_first);
	if (rows->index != NULL)
		index_close(rows->index, NoLock);
	table_close(rows->relation, NoLock);
}

bool
rows_is_null(const Rows *rows, int column)
{
	return rows->slot->tts_isnull[rows->columns[column] - 1];
}

static Datum
value(const Rows *rows, int column)
{
	return rows_is_null(rows, column) ? (Datum) 0
		: rows->slot->tts_values[rows->columns[column] - 1];
}

int64
rows_int64(const Rows *rows, int column)
{
	return DatumGetInt64(value(rows, column));
}

int32
rows_int32(const Rows *rows, int column)
{
	return DatumGetInt32(value(rows, column));
}

Oid
rows_oid(const Rows *rows, int column)
{
	return DatumGetObjectId(value(rows, column));
}

bool
rows_bool(const Rows *rows, int column)
{
	return DatumGetBool(value(rows, column));
}

/* True when the column holds one of the words, which NULL ends. */
bool
rows_text_is(const Rows *rows, int column, const char *const words[])
{
	text	   *word;
	int			i;

	if (rows_is_null(rows, column))
		return false;
	word = DatumGetTextPP(value(rows, column));
	for (i = 0; words[i] != NULL; i++)
	{
		if (VARSIZE_ANY_EXHDR(word) == strlen(words[i]) &&
			memcmp(VARDATA_ANY(word), words[i], strlen(words[i])) == 0)
			return true;
	}
	return false;
}

/* A text in core's encoding, without a NUL behind it: where the server has it, or in the present memory. */
static const char *
bytes_to_core(text *unpacked, size_t *length)
{
	const char *converted;

	*length = VARSIZE_ANY_EXHDR(unpacked);
	converted = pg_server_to_any(VARDATA_ANY(unpacked), *length, PG_UTF8);
	if (converted != VARDATA_ANY(unpacked))
		*length = strlen(converted);
	return converted;
}

/* A text of the server's as a string of core's, which goes to cx. */
const char *
text_to_core(lim_context *cx, Datum datum, size_t *length)
{
	text	   *unpacked = DatumGetTextPP(datum);
	size_t		size;
	const char *bytes = bytes_to_core(unpacked, &size);
	char	   *copy = lim_copy(cx, bytes, size);

	if (copy == NULL)
		core_error(cx);
	if (length != NULL)
		*length = size;
	if ((Pointer) unpacked != DatumGetPointer(datum))
		pfree(unpacked);
	return copy;
}

/* What a column that is not NULL holds, as a string of core's that lasts as long as the buffer is left alone. */
const char *
rows_string(const Rows *rows, int column, StringInfo buffer)
{
	size_t		length;
	const char *bytes = bytes_to_core(DatumGetTextPP(value(rows, column)), &length);

	resetStringInfo(buffer);
	appendBinaryStringInfo(buffer, bytes, length);
	return buffer->data;
}

/* NULL for NULL. */
const char *
rows_text(const Rows *rows, int column, size_t *length)
{
	if (rows_is_null(rows, column))
		return NULL;
	return text_to_core(rows->cx, value(rows, column), length);
}

/* From this size on, a text is not copied beside what the server made of the stored bytes. */
#define LARGE_TEXT (1024 * 1024)

/* A body or a file; text NULL for NULL. A large one has no NUL behind it; it is in the memory context of cx, and
 * what is returned then, else NULL, may be given to pfree(). */
void *
rows_body(const Rows *rows, int column, lim_bytes *body)
{
	Datum		datum = value(rows, column);
	MemoryContext old;
	text	   *whole;

	body->text = NULL;
	body->length = 0;
	if (rows_is_null(rows, column))
		return NULL;
	if (GetDatabaseEncoding() != PG_UTF8 || !VARATT_IS_EXTENDED(DatumGetPointer(datum)) ||
		toast_raw_datum_size(datum) < LARGE_TEXT)
	{
		body->text = text_to_core(rows->cx, datum, &body->length);
		return NULL;
	}
	old = MemoryContextSwitchTo((MemoryContext) rows->cx->allocator.host);
	whole = DatumGetTextPP(datum);
	MemoryContextSwitchTo(old);
	body->text = VARDATA_ANY(whole);
	body->length = VARSIZE_ANY_EXHDR(whole);
	return whole;
}

/* A time in this host's own form: microseconds in decimal digits, which no DateStyle changes. */
const char *
time_to_core(lim_context *cx, Datum datum)
{
	const char *time = lim_format(cx, INT64_FORMAT, (int64) DatumGetTimestampTz(datum));

	if (time == NULL)
		core_error(cx);
	return time;
}

const char *
rows_time(const Rows *rows, int column)
{
	return rows_is_null(rows, column) ? NULL : time_to_core(rows->cx, value(rows, column));
}
