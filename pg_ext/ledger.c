/*
 * ledger.c - the ledger read into core's structs
 *
 * Between ledger_enter_rows() and ledger_leave(). The rows are read past the executor (rows.c); a query is
 * asked only where there is more to do than reading.
 */
#include "limbeck.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

static int
by_seq(const void *a, const void *b)
{
	int64		x = ((const lim_revision *) a)->seq;
	int64		y = ((const lim_revision *) b)->seq;

	return x < y ? -1 : x > y;
}

/* Reads message and checksum of a revision at the row. */
static void
read_texts(const Rows *rows, lim_revision *row)
{
	row->message = rows_text(rows, REVISION_MESSAGE, NULL);
	row->checksum = rows_text(rows, REVISION_CHECKSUM, NULL);
}

/* The same of a revision that was read without them. What is kept has them from then on. */
static void
add_texts(Call *call, const Rows *rows, lim_node node)
{
	lim_revision *row = &call->ledger.revisions[node];
	Rows		kept = *rows;

	kept.cx = &call->kept->cx;
	if (row->checksum == NULL)
		read_texts(&kept, row);
}

/* The revisions in the order of seq, bodies left out. */
static void
read_revisions(Call *call, KeptLedger *l, Snapshot snapshot)
{
	static const int last[] = {
		[DETAIL_GRAPH] = REVISION_SCRIPT,
		[DETAIL_TEXTS] = REVISION_CHECKSUM,
		[DETAIL_TIMES] = REVISION_CREATED_BY
	};
	bool		sorted = true;
	int64		before = PG_INT64_MIN;
	Rows		rows;

	rows_begin(&rows, call, TABLE_REVISION, last[l->detail], snapshot, &l->cx);
	rows_take_stamp(&rows, &l->stamp, STAMPED_REVISION);
	while (rows_next(&rows))
	{
		lim_revision row = {
			.seq = rows_int64(&rows, REVISION_SEQ),
			.id = rows_text(&rows, REVISION_ID, NULL),
			.upgrade_transactional = rows_bool(&rows, REVISION_UPGRADE_TRANSACTIONAL),
			.downgrade_transactional = rows_bool(&rows, REVISION_DOWNGRADE_TRANSACTIONAL),
			.reversible = !rows_is_null(&rows, REVISION_DOWNGRADE),
			.has_script = !rows_is_null(&rows, REVISION_SCRIPT),
		};

		if (l->detail >= DETAIL_TEXTS)
			read_texts(&rows, &row);
		if (l->detail >= DETAIL_TIMES)
		{
			row.created_at = rows_time(&rows, REVISION_CREATED_AT);
			row.created_by = rows_text(&rows, REVISION_CREATED_BY, NULL);
		}
		if ((l->ledger.revision_count == 0 &&
			 !lim_ledger_reserve(&l->cx, &l->ledger, l->stamp.tables[STAMPED_REVISION].expected, 0)) ||
			!lim_ledger_add_revision(&l->cx, &l->ledger, &row))
			core_error(&l->cx);
		sorted = sorted && before <= row.seq;
		before = row.seq;
	}
	rows_end(&rows);
	if (!sorted)
		qsort(l->ledger.revisions, l->ledger.revision_count, sizeof(lim_revision), by_seq);
}

static lim_edge_kind
read_kind(Call *call, const Rows *rows, const char *revision)
{
	lim_edge_kind kind;

	for (kind = LIM_DOWN_REVISION; kind <= LIM_DEPENDS_ON; kind++)
	{
		const char *const words[] = {lim_edge_kind_name(kind), NULL};

		if (rows_text_is(rows, EDGE_KIND, words))
			return kind;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("revision \"%s\" has an edge of kind \"%s\"",
					from_core(lim_show(&call->cx, revision)),
					from_core(lim_show(&call->cx, rows_text(rows, EDGE_KIND, NULL))))));
}

/* Edges go into the graph at once. */
static void
read_edges(Call *call, KeptLedger *l, lim_graph_builder *builder, Snapshot snapshot)
{
	StringInfoData revision;
	StringInfoData parent;
	Rows		rows;

	initStringInfo(&revision);
	initStringInfo(&parent);
	rows_begin(&rows, call, TABLE_EDGE, EDGE_ORDINAL, snapshot, &l->cx);
	rows_take_stamp(&rows, &l->stamp, STAMPED_EDGE);
	while (rows_next(&rows))
	{
		lim_edge	row = {
			.revision = rows_string(&rows, EDGE_REVISION, &revision),
			.parent = rows_string(&rows, EDGE_PARENT, &parent),
			.ordinal = rows_int32(&rows, EDGE_ORDINAL),
		};

		row.kind = read_kind(call, &rows, row.revision);
		if (!lim_graph_edge(builder, &row))
			core_error(&l->cx);
	}
	rows_end(&rows);
}

static void
read_labels(Call *call, KeptLedger *l, Snapshot snapshot)
{
	Rows		rows;

	rows_begin(&rows, call, TABLE_LABEL, LABEL_ORDINAL, snapshot, &l->cx);
	rows_take_stamp(&rows, &l->stamp, STAMPED_LABEL);
	while (rows_next(&rows))
	{
		lim_label	row = {
			.label = rows_text(&rows, LABEL_LABEL, NULL),
			.revision = rows_text(&rows, LABEL_REVISION, NULL),
			.ordinal = rows_int32(&rows, LABEL_ORDINAL),
		};

		if (!lim_ledger_add_label(&l->cx, &l->ledger, &row))
			core_error(&l->cx);
	}
	rows_end(&rows);
}

/* Reads revisions, edges and labels, and builds the graph: with problems NULL, what is not sound is an
 * error. */
static KeptLedger *
read_graph(Call *call, RevisionDetail detail, lim_problems *problems, Snapshot snapshot)
{
	KeptLedger *l = kept_begin(call, detail, snapshot);
	lim_graph_builder builder;

	read_revisions(call, l, snapshot);
	read_labels(call, l, snapshot);
	if (!lim_graph_begin(&l->cx, &builder, &l->ledger, l->ledger.revision_count, problems))
		core_error(&l->cx);
	read_edges(call, l, &builder, snapshot);
	l->graph = lim_graph_end(&builder);
	if (l->graph == NULL)
		core_error(&l->cx);
	if (problems == NULL || problems->count == 0)
		kept_keep(call, l);
	return l;
}

static const char *const applying[] = {"upgrade", "stamp", "adopt", "resolve", NULL};
static const char *const ending[] = {
	"upgrade", "downgrade", "stamp", "adopt", "resolve", "delete", NULL
};
static const char *const running[] = {"upgrade", "downgrade", NULL};
static const char *const done[] = {"done", NULL};

/* Who made a version what it is, and when: the newest row of the log that says so. */
static void
read_applied(Call *call, lim_version *version, Snapshot snapshot)
{
	int64		newest = PG_INT64_MIN;
	Rows		rows;

	rows_begin_revision_log(&rows, call, version->version_num, snapshot, &call->cx);
	while (rows_next_revision_log(&rows))
	{
		if (rows_int64(&rows, LOG_ID) < newest || !rows_text_is(&rows, LOG_ACTION, applying) ||
			!rows_text_is(&rows, LOG_OUTCOME, done))
			continue;
		newest = rows_int64(&rows, LOG_ID);
		version->applied_at = rows_time(&rows, LOG_AT);
		version->applied_by = rows_text(&rows, LOG_ACTOR, NULL);
		if (rows.newest_first != NULL)
			break;
	}
	rows_end(&rows);
}

static void
read_versions(Call *call, bool applied, Snapshot snapshot)
{
	Rows		rows;

	rows_begin(&rows, call, TABLE_VERSION, VERSION_NUM, snapshot, &call->cx);
	while (rows_next(&rows))
	{
		lim_version row = {.version_num = rows_text(&rows, VERSION_NUM, NULL)};

		if (applied)
			read_applied(call, &row, snapshot);
		if (!lim_ledger_add_version(&call->cx, &call->ledger, &row))
			core_error(&call->cx);
	}
	rows_end(&rows);
}

/* True when a row of the log behind this one is about going down from the revision. */
static bool
goes_down_after(Call *call, const char *revision, int64 id, Snapshot snapshot)
{
	static const char *const down[] = {"downgrade", NULL};
	const char *const word[] = {from_core(revision), NULL};
	bool		found = false;
	Rows		rows;

	rows_begin_log_after(&rows, call, id, snapshot, &call->cx);
	while (!found && rows_next_key(&rows))
		found = rows_text_is(&rows, LOG_REVISION, word) && rows_text_is(&rows, LOG_ACTION, down);
	rows_end(&rows);
	return found;
}

/* True when nothing newer in the log ends the run that the row is about. The index has no downgrades; those
 * are looked for where nothing else ends it, which soon finds one or reads what came since it stopped. */
static bool
is_newest(Call *call, const char *revision, int64 id, Snapshot snapshot)
{
	bool		newest = true;
	Rows		rows;

	rows_begin_revision_log(&rows, call, revision, snapshot, &call->cx);
	while (newest && rows_next_revision_log(&rows))
	{
		if (rows_int64(&rows, LOG_ID) > id)
			newest = !rows_text_is(&rows, LOG_ACTION, ending);
		else if (rows.newest_first != NULL)
			break;
	}
	rows_end(&rows);
	return newest && !goes_down_after(call, revision, id, snapshot);
}

/* The newest row of each revision that ran, where it is one about a statement and not about the end. */
static void
read_stops(Call *call, Snapshot snapshot)
{
	Rows		rows;

	rows_begin_stopped(&rows, call, snapshot, &call->cx);
	while (rows_next_key(&rows))
	{
		lim_stop	row = {.revision = rows_text(&rows, LOG_REVISION, NULL)};
		static const char *const upgrade[] = {"upgrade", NULL};

		if (row.revision == NULL || !rows_is_null(&rows, LOG_TO_VERSION) ||
			!rows_text_is(&rows, LOG_ACTION, running) ||
			!is_newest(call, row.revision, rows_int64(&rows, LOG_ID), snapshot))
			continue;
		row.up = rows_text_is(&rows, LOG_ACTION, upgrade);
		row.statement = (uint32_t) rows_int32(&rows, LOG_STATEMENT);
		row.statements = (uint32_t) rows_int32(&rows, LOG_STATEMENTS);
		if (rows_int32(&rows, LOG_STATEMENT) < 1 ||
			rows_int32(&rows, LOG_STATEMENTS) < rows_int32(&rows, LOG_STATEMENT))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("the ledger is damaged: row " INT64_FORMAT " of migrate_log is about statement %d of %d",
							rows_int64(&rows, LOG_ID), rows_int32(&rows, LOG_STATEMENT),
							rows_int32(&rows, LOG_STATEMENTS)),
					 errhint("Correct the row that was written by hand, or delete it.")));
		row.outcome = rows_text(&rows, LOG_OUTCOME, NULL);
		row.checksum = rows_text(&rows, LOG_CHECKSUM, NULL);
		row.detail = rows_text(&rows, LOG_DETAIL, NULL);
		row.whole = !rows_is_null(&rows, LOG_FROM_VERSION);
		if (!lim_ledger_add_stop(&call->cx, &call->ledger, &row))
			core_error(&call->cx);
	}
	rows_end(&rows);
}

/* Adds the texts of some revisions. */
static void
read_texts_of(Call *call, lim_nodes nodes, Snapshot snapshot)
{
	uint32_t	i;
	Rows		rows;

	if (call->kept->detail >= DETAIL_TEXTS || nodes.count == 0)
		return;
	rows_begin_key(&rows, call, TABLE_REVISION, REVISION_ID, snapshot, &call->cx);
	for (i = 0; i < nodes.count; i++)
	{
		if (call->graph->revisions[nodes.node[i]].checksum != NULL)
			continue;
		rows_seek(&rows, lim_id(call->graph, nodes.node[i]));
		while (rows_next_key(&rows))
			add_texts(call, &rows, nodes.node[i]);
	}
	rows_end(&rows);
}

static void
read_texts_of_stops(Call *call, Snapshot snapshot)
{
	uint32_t	i;

	for (i = 0; i < call->ledger.stop_count; i++)
	{
		lim_node	node = lim_find_id(call->graph, call->ledger.stops[i].revision);

		if (node != LIM_NONE)
			read_texts_of(call, (lim_nodes) {&node, 1}, snapshot);
	}
}

/*
 * Reads the ledger, bodies left out, and builds graph and state of it. With problems NULL a ledger that is
 * not sound is an error, else the problems are listed there.
 */
void
ledger_read(Call *call, LedgerParts parts, lim_problems *problems)
{
	Snapshot	snapshot;
	KeptLedger *l;

	writer_look();
	snapshot = rows_snapshot(call);
	l = kept_find(call, parts.detail, snapshot);

	if (l == NULL)
		l = read_graph(call, parts.detail, problems, snapshot);
	call->ledger = l->ledger;
	call->graph = MemoryContextAlloc(call->memory, sizeof(lim_graph));
	*call->graph = *l->graph;
	read_versions(call, parts.applied, snapshot);
	if (parts.stops)
		read_stops(call, snapshot);
	if (!lim_state_build(&call->cx, call->graph, &call->ledger, &call->state))
		core_error(&call->cx);
	if (parts.applied)
		read_texts_of(call, call->state.rows, snapshot);
	read_texts_of_stops(call, snapshot);
	UnregisterSnapshot(snapshot);
}

/* Reads what every call that acts begins with. Message and checksum of a revision are there without
 * DETAIL_TEXTS, too, once its row was read, and where it stopped half-way. */
void
ledger_build(Call *call, RevisionDetail detail)
{
	LedgerParts parts = {detail, false, true};

	ledger_read(call, parts, NULL);
}

/* What another session's commit would change, as one string, in a snapshot. */
static char *
fingerprint(const char *sql, Snapshot snapshot, MemoryContext memory)
{
	SPIPlanPtr	plan = SPI_prepare(sql, 0, NULL);
	char	   *value;

	if (plan == NULL ||
		SPI_execute_snapshot(plan, NULL, NULL, snapshot, InvalidSnapshot, true, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the ledger: %s", sql);
	value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	value = MemoryContextStrdup(memory, value ? value : "");
	SPI_freetuptable(SPI_tuptable);
	SPI_freeplan(plan);
	return value;
}

/*
 * Under REPEATABLE READ and SERIALIZABLE a caller that waited for the lock still sees the ledger as of
 * its snapshot. What was done since would make its plan stale: 40001, and the caller's retry is right.
 * To run bodies the version rows have to be the same; to store revisions, the whole ledger has.
 */
void
ledger_require_current(Call *call, bool authoring)
{
	LedgerAccess access;
	const char *sql;
	Snapshot	latest;
	char	   *seen;
	char	   *present;

	if (!IsolationUsesXactSnapshot())
		return;
	ledger_enter(call, &access);
	sql = psprintf("SELECT pg_catalog.concat((SELECT pg_catalog.array_agg(version_num"
				   " ORDER BY version_num USING OPERATOR(pg_catalog.<)) FROM ONLY %s.migrate_version)%s%s%s)",
				   call->schema_name,
				   authoring ? ", (SELECT pg_catalog.max(id) FROM ONLY " : "",
				   authoring ? call->schema_name : "",
				   authoring ? ".migrate_log)" : "");
	seen = fingerprint(sql, GetTransactionSnapshot(), call->memory);
	latest = RegisterSnapshot(GetLatestSnapshot());
	present = fingerprint(sql, latest, call->memory);
	UnregisterSnapshot(latest);
	ledger_leave(&access);
	if (strcmp(seen, present) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access: the ledger changed since this transaction's snapshot"),
				 errhint("Run the transaction again.")));
}

/* Locks a revision's row; one that was changed since the transaction's snapshot is an error (40001). */
static void
lock_stored(Call *call, const char *id)
{
	Oid			type = TEXTOID;
	Datum		key = result_text(id);
	LedgerAccess access;

	ledger_enter(call, &access);
	if (SPI_execute_with_args(psprintf("SELECT FROM ONLY %s.migrate_revision"
									   " WHERE revision OPERATOR(pg_catalog.=) $1 FOR SHARE",
									   call->schema_name),
							  1, &type, &key, NULL, !call->writing, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not lock a revision");
	ledger_leave(&access);
}

static void
read_stored(Call *call, const Rows *rows, lim_node node, StoredRevision *stored)
{
	lim_stored *s = &stored->stored;

	add_texts(call, rows, node);
	s->row = &call->graph->revisions[node];
	stored->held[LIM_UP] = rows_body(rows, REVISION_UPGRADE, &s->upgrade);
	stored->held[LIM_DOWN] = rows_body(rows, REVISION_DOWNGRADE, &s->downgrade);
	stored->held[2] = rows_body(rows, REVISION_SCRIPT, &s->script);
	stored->author[LIM_UP] = rows_text(rows, REVISION_UPGRADE_AUTHOR, NULL);
	stored->author_oid[LIM_UP] = rows_oid(rows, REVISION_UPGRADE_AUTHOR_OID);
	stored->author[LIM_DOWN] = rows_text(rows, REVISION_DOWNGRADE_AUTHOR, NULL);
	stored->author_oid[LIM_DOWN] = rows_oid(rows, REVISION_DOWNGRADE_AUTHOR_OID);
}

/* Begins to read several revisions whole, which costs less than one by one. */
void
ledger_stored_begin(Call *call)
{
	call->stored = palloc(sizeof(Rows));
	rows_begin_key(call->stored, call, TABLE_REVISION, REVISION_ID, rows_snapshot(call), NULL);
}

void
ledger_stored_end(Call *call)
{
	Snapshot	snapshot = call->stored->snapshot;

	rows_end(call->stored);
	UnregisterSnapshot(snapshot);
	call->stored = NULL;
}

/* Gives back what of a stored revision is not in cx. */
void
ledger_free_stored(StoredRevision *stored)
{
	int			i;

	for (i = 0; i < lengthof(stored->held); i++)
	{
		if (stored->held[i] != NULL)
			pfree(stored->held[i]);
		stored->held[i] = NULL;
	}
}

/* Reads one revision whole, into cx. With lock, what core planned over is what runs, whatever the
 * isolation level. */
void
ledger_stored(Call *call, lim_context *cx, lim_node node, bool lock, StoredRevision *stored)
{
	const char *id = lim_id(call->graph, node);
	bool		alone = call->stored == NULL;
	uint64		count = 0;

	memset(stored, 0, sizeof(*stored));
	if (lock)
		lock_stored(call, id);
	if (alone)
		ledger_stored_begin(call);
	call->stored->cx = cx;
	rows_seek(call->stored, id);
	while (rows_next_key(call->stored))
	{
		if (count++ == 0)
			read_stored(call, call->stored, node, stored);
	}
	if (alone)
		ledger_stored_end(call);
	if (count != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("revision \"%s\" is stored " UINT64_FORMAT " times", from_core(id), count)));
}

/* True when a row's text is the one expected. */
static bool
holds_text(Rows *rows, int column, const lim_bytes *expected)
{
	lim_bytes	found;
	void	   *held = rows_body(rows, column, &found);
	bool		same = lim_same_bytes(found, *expected);

	if (held != NULL)
		pfree(held);
	return same;
}

/* True when a revision's row holds these bodies and this file, which are read one after the other: for
 * long ones. Between ledger_stored_begin() and ledger_stored_end(). */
bool
ledger_holds(Call *call, const lim_stored *expected)
{
	Rows	   *rows = call->stored;
	lim_context cx = core_context(call->memory);
	bool		holds = false;

	rows->cx = &cx;
	rows_seek(rows, expected->row->id);
	while (rows_next_key(rows))
		holds = holds_text(rows, REVISION_SCRIPT, &expected->script) &&
			holds_text(rows, REVISION_UPGRADE, &expected->upgrade) &&
			holds_text(rows, REVISION_DOWNGRADE, &expected->downgrade);
	lim_context_end(&cx);
	return holds;
}

/* Begins to go through all revisions whole, in the order in which they lie. */
void
ledger_scan_begin(Call *call, StoredScan *scan)
{
	scan->ids = core_context(CurrentMemoryContext);
	scan->snapshot = rows_snapshot(call);
	rows_begin(&scan->rows, call, TABLE_REVISION, REVISION_DOWNGRADE_AUTHOR_OID, scan->snapshot,
			   &scan->ids);
}

/* The next revision of the graph; LIM_NONE: that was the last. */
lim_node
ledger_scan_next(Call *call, StoredScan *scan)
{
	lim_node	node = LIM_NONE;

	scan->rows.cx = &scan->ids;
	while (node == LIM_NONE && rows_next(&scan->rows))
		node = lim_find_id(call->graph, rows_text(&scan->rows, REVISION_ID, NULL));
	return node;
}

/* Takes it over whole, into cx. */
void
ledger_scan_take(Call *call, StoredScan *scan, lim_context *cx, lim_node node,
				 StoredRevision *stored)
{
	memset(stored, 0, sizeof(*stored));
	scan->rows.cx = cx;
	read_stored(call, &scan->rows, node, stored);
}

void
ledger_scan_end(StoredScan *scan)
{
	rows_end(&scan->rows);
	UnregisterSnapshot(scan->snapshot);
	lim_context_end(&scan->ids);
}
