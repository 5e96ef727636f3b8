/*
 * ledger.c - the ledger read into core's structs
 *
 * Every query of the extension's own runs between ledger_enter() and ledger_leave(): as the
 * extension's owner, with a search_path of pg_catalog alone, after the five tables have been found to
 * be what CREATE EXTENSION made. An error in between needs no clean-up here: the abort of the
 * transaction or subtransaction puts back user, settings and SPI.
 */
#include "limbeck.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "catalog/pg_inherits.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "compat.h"

#define LEDGER_COLUMNS 16

typedef struct LedgerColumn
{
	const char *name;
	Oid			type;
} LedgerColumn;

typedef struct LedgerShape
{
	const char *name;
	LedgerColumn columns[LEDGER_COLUMNS];
} LedgerShape;

static const LedgerShape shapes[LEDGER_TABLES] = {
	{"migrate_version", {{"version_num", TEXTOID}}},
	{"migrate_revision", {
		{"seq", INT8OID}, {"revision", TEXTOID}, {"message", TEXTOID}, {"upgrade", TEXTOID},
		{"downgrade", TEXTOID}, {"upgrade_transactional", BOOLOID},
		{"downgrade_transactional", BOOLOID}, {"script", TEXTOID}, {"checksum", TEXTOID},
		{"created_at", TIMESTAMPTZOID}, {"created_by", TEXTOID}, {"upgrade_author", TEXTOID},
		{"upgrade_author_oid", OIDOID}, {"downgrade_author", TEXTOID},
		{"downgrade_author_oid", OIDOID}
	}},
	{"migrate_edge", {
		{"revision", TEXTOID}, {"parent", TEXTOID}, {"kind", TEXTOID}, {"ordinal", INT4OID}
	}},
	{"migrate_label", {{"label", TEXTOID}, {"revision", TEXTOID}, {"ordinal", INT4OID}}},
	{"migrate_log", {
		{"id", INT8OID}, {"at", TIMESTAMPTZOID}, {"actor", TEXTOID}, {"action", TEXTOID},
		{"revision", TEXTOID}, {"from_version", TEXTOID}, {"to_version", TEXTOID},
		{"statement", INT4OID}, {"statements", INT4OID}, {"duration_ms", INT8OID},
		{"checksum", TEXTOID}, {"outcome", TEXTOID}, {"detail", TEXTOID}
	}},
};

static void refuse_table(Call *call, LedgerTable table, const char *problem) __attribute__((noreturn));

/* Refuses a ledger table that is not as it was made, by name. */
static void
refuse_table(Call *call, LedgerTable table, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("ledger table \"%s.%s\" %s", call->schema_name, shapes[table].name, problem),
			 errhint("Undo what was done to it by hand; Limbeck trusts only the table that CREATE EXTENSION made.")));
}

static void
check_columns(Call *call, LedgerTable table, Relation relation)
{
	const LedgerColumn *column;

	for (column = shapes[table].columns; column->name != NULL; column++)
	{
		AttrNumber	n = get_attnum(RelationGetRelid(relation), column->name);

		if (n == InvalidAttrNumber)
			refuse_table(call, table, psprintf("has no column \"%s\"", column->name));
		if (TupleDescAttr(RelationGetDescr(relation), n - 1)->atttypid != column->type)
			refuse_table(call, table, psprintf("has a column \"%s\" that is not of type %s",
											   column->name, format_type_be(column->type)));
	}
}

static bool
has_user_trigger(Relation relation)
{
	int			i;

	for (i = 0; relation->trigdesc != NULL && i < relation->trigdesc->numtriggers; i++)
	{
		if (!relation->trigdesc->triggers[i].tgisinternal)
			return true;
	}
	return false;
}

/* Finds one ledger table and makes sure that it is the extension's own, untouched. */
static void
check_table(Call *call, LedgerTable table)
{
	Oid			oid = get_relname_relid(shapes[table].name, call->schema);
	Relation	relation;

	if (!OidIsValid(oid))
		refuse_table(call, table, "is missing");
	relation = relation_open(oid, AccessShareLock);
	if (relation->rd_rel->relkind != RELKIND_RELATION)
		refuse_table(call, table, "is not a plain table");
	if (getExtensionOfObject(RelationRelationId, oid) != call->extension)
		refuse_table(call, table, "does not belong to the extension");
	if (relation->rd_rules != NULL)
		refuse_table(call, table, "has a rule");
	if (has_user_trigger(relation))
		refuse_table(call, table, "has a trigger");
	if (relation->rd_rel->relforcerowsecurity)
		refuse_table(call, table, "has forced row security");
	if (has_superclass(oid))
		refuse_table(call, table, "inherits from another table");
	check_columns(call, table, relation);
	relation_close(relation, NoLock);
	call->tables[table] = oid;
}

/* Switches to the owner's rights and a search_path that nobody else can write to. */
void
ledger_enter(Call *call, LedgerAccess *access)
{
	LedgerTable table;

	GetUserIdAndSecContext(&access->user, &access->security);
	SetUserIdAndSecContext(call->owner, access->security | SECURITY_LOCAL_USERID_CHANGE);
	access->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	AcceptInvalidationMessages();
	for (table = 0; table < LEDGER_TABLES; table++)
		check_table(call, table);
}

void
ledger_leave(LedgerAccess *access)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	AtEOXact_GUC(false, access->guc_level);
	SetUserIdAndSecContext(access->user, access->security);
}

/* A text column of the present result as a string of core's; NULL for NULL. */
static const char *
column_text(Call *call, lim_context *cx, HeapTuple tuple, int n, size_t *length)
{
	bool		isnull;
	Datum		datum = SPI_getbinval(tuple, SPI_tuptable->tupdesc, n, &isnull);
	text	   *value;
	char	   *converted;
	char	   *copy;
	size_t		size;

	if (isnull)
		return NULL;
	value = DatumGetTextPP(datum);
	size = VARSIZE_ANY_EXHDR(value);
	converted = pg_server_to_any(VARDATA_ANY(value), size, PG_UTF8);
	if (converted != VARDATA_ANY(value))
		size = strlen(converted);
	copy = lim_copy(cx, converted, size);
	if (copy == NULL)
		core_error(cx);
	if (length != NULL)
		*length = size;
	if ((Pointer) value != DatumGetPointer(datum))
		pfree(value);
	return copy;
}

static const char *
column_name(Call *call, HeapTuple tuple, int n)
{
	return column_text(call, &call->cx, tuple, n, NULL);
}

static int64
column_integer(HeapTuple tuple, int n)
{
	bool		isnull;
	Datum		datum = SPI_getbinval(tuple, SPI_tuptable->tupdesc, n, &isnull);

	return isnull ? 0 : DatumGetInt64(datum);
}

static bool
column_bool(HeapTuple tuple, int n)
{
	bool		isnull;
	Datum		datum = SPI_getbinval(tuple, SPI_tuptable->tupdesc, n, &isnull);

	return !isnull && DatumGetBool(datum);
}

/* A time in this host's own form: microseconds in decimal digits, which no DateStyle changes. */
static const char *
column_time(Call *call, HeapTuple tuple, int n)
{
	bool		isnull;
	Datum		datum = SPI_getbinval(tuple, SPI_tuptable->tupdesc, n, &isnull);
	const char *time;

	if (isnull)
		return NULL;
	time = lim_format(&call->cx, INT64_FORMAT, (int64) DatumGetTimestampTz(datum));
	if (time == NULL)
		core_error(&call->cx);
	return time;
}

static void
query(Call *call, const char *sql)
{
	if (SPI_execute(sql, !call->writing, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the ledger: %s", sql);
}

static void
read_revisions(Call *call, bool times)
{
	uint64		i;

	query(call, psprintf("SELECT seq, revision, message, upgrade_transactional,"
						 " downgrade_transactional, downgrade IS NOT NULL, script IS NOT NULL,"
						 " checksum%s FROM ONLY %s.migrate_revision"
						 " ORDER BY seq USING OPERATOR(pg_catalog.<)",
						 times ? ", created_at, created_by" : "", call->schema_name));
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		lim_revision row = {
			.seq = column_integer(tuple, 1),
			.id = column_name(call, tuple, 2),
			.message = column_name(call, tuple, 3),
			.upgrade_transactional = column_bool(tuple, 4),
			.downgrade_transactional = column_bool(tuple, 5),
			.reversible = column_bool(tuple, 6),
			.has_script = column_bool(tuple, 7),
			.checksum = column_name(call, tuple, 8),
			.created_at = times ? column_time(call, tuple, 9) : NULL,
			.created_by = times ? column_name(call, tuple, 10) : NULL,
		};

		if (!lim_ledger_add_revision(&call->cx, &call->ledger, &row))
			core_error(&call->cx);
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
read_edges(Call *call)
{
	uint64		i;

	query(call, psprintf("SELECT revision, parent, kind, ordinal::pg_catalog.int8"
						 " FROM ONLY %s.migrate_edge", call->schema_name));
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		const char *kind = column_name(call, tuple, 3);
		lim_edge	row = {
			.revision = column_name(call, tuple, 1),
			.parent = column_name(call, tuple, 2),
			.ordinal = (int32_t) column_integer(tuple, 4),
		};

		if (!lim_edge_kind_parse(kind, &row.kind))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("revision \"%s\" has an edge of kind \"%s\"",
							from_core(lim_show(&call->cx, row.revision)),
							from_core(lim_show(&call->cx, kind)))));
		if (!lim_ledger_add_edge(&call->cx, &call->ledger, &row))
			core_error(&call->cx);
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
read_labels(Call *call)
{
	uint64		i;

	query(call, psprintf("SELECT label, revision, ordinal::pg_catalog.int8"
						 " FROM ONLY %s.migrate_label", call->schema_name));
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		lim_label	row = {
			.label = column_name(call, tuple, 1),
			.revision = column_name(call, tuple, 2),
			.ordinal = (int32_t) column_integer(tuple, 3),
		};

		if (!lim_ledger_add_label(&call->cx, &call->ledger, &row))
			core_error(&call->cx);
	}
	SPI_freetuptable(SPI_tuptable);
}

/* The version rows; with applied also when and by whom each was reached last. */
static void
read_versions(Call *call, bool applied)
{
	uint64		i;

	if (applied)
		query(call, psprintf("SELECT v.version_num, l.at, l.actor FROM ONLY %s.migrate_version v"
							 " LEFT JOIN LATERAL (SELECT g.at, g.actor FROM ONLY %s.migrate_log g"
							 " WHERE g.revision OPERATOR(pg_catalog.=) v.version_num"
							 " AND g.outcome OPERATOR(pg_catalog.=) 'done'"
							 " AND g.action OPERATOR(pg_catalog.=) ANY"
							 " (ARRAY['upgrade', 'stamp', 'adopt', 'resolve'])"
							 " ORDER BY g.id USING OPERATOR(pg_catalog.>) LIMIT 1) l ON true",
							 call->schema_name, call->schema_name));
	else
		query(call, psprintf("SELECT version_num FROM ONLY %s.migrate_version",
							 call->schema_name));
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		lim_version row = {
			.version_num = column_name(call, tuple, 1),
			.applied_at = applied ? column_time(call, tuple, 2) : NULL,
			.applied_by = applied ? column_name(call, tuple, 3) : NULL,
		};

		if (!lim_ledger_add_version(&call->cx, &call->ledger, &row))
			core_error(&call->cx);
	}
	SPI_freetuptable(SPI_tuptable);
}

/* The newest row of each revision that ran, where it is one about a statement and not about the end. */
static void
read_stops(Call *call)
{
	uint64		i;

	query(call, psprintf("SELECT l.revision, l.action OPERATOR(pg_catalog.=) 'upgrade',"
						 " l.statement::pg_catalog.int8, l.statements::pg_catalog.int8,"
						 " l.outcome, l.checksum, l.detail, l.from_version IS NOT NULL FROM ONLY %s.migrate_log l"
						 " WHERE l.to_version IS NULL"
						 " AND l.action OPERATOR(pg_catalog.=) ANY (ARRAY['upgrade', 'downgrade'])"
						 " AND NOT EXISTS (SELECT FROM ONLY %s.migrate_log n"
						 " WHERE n.revision OPERATOR(pg_catalog.=) l.revision"
						 " AND n.id OPERATOR(pg_catalog.>) l.id"
						 " AND n.action OPERATOR(pg_catalog.=) ANY (ARRAY['upgrade', 'downgrade',"
						 " 'stamp', 'adopt', 'resolve', 'delete']))"
						 " ORDER BY l.id USING OPERATOR(pg_catalog.<)",
						 call->schema_name, call->schema_name));
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		lim_stop	row = {
			.revision = column_name(call, tuple, 1),
			.up = column_bool(tuple, 2),
			.statement = (uint32_t) column_integer(tuple, 3),
			.statements = (uint32_t) column_integer(tuple, 4),
			.outcome = column_name(call, tuple, 5),
			.checksum = column_name(call, tuple, 6),
			.detail = column_name(call, tuple, 7),
			.whole = column_bool(tuple, 8),
		};

		if (row.revision != NULL && !lim_ledger_add_stop(&call->cx, &call->ledger, &row))
			core_error(&call->cx);
	}
	SPI_freetuptable(SPI_tuptable);
}

/* Reads the ledger, bodies left out. */
void
ledger_read(Call *call, LedgerParts parts)
{
	read_revisions(call, parts.times);
	read_edges(call);
	read_labels(call);
	read_versions(call, parts.applied);
	if (parts.stops)
		read_stops(call);
}

/* Reads the ledger and builds graph and state of it: what every call that acts begins with. */
void
ledger_build(Call *call)
{
	LedgerParts parts = {false, false, true};

	ledger_read(call, parts);
	call->graph = lim_graph_build(&call->cx, &call->ledger, NULL);
	if (call->graph == NULL ||
		!lim_state_build(&call->cx, call->graph, &call->ledger, &call->state))
		core_error(&call->cx);
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
	const char *sql;
	Snapshot	latest;
	char	   *seen;
	char	   *present;

	if (!IsolationUsesXactSnapshot())
		return;
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
	if (strcmp(seen, present) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access: the ledger changed since this transaction's snapshot"),
				 errhint("Run the transaction again.")));
}

/*
 * Reads one revision whole, into cx. With lock, a revision that was changed since the transaction's
 * snapshot is an error (40001): what core planned over is what runs.
 */
void
ledger_stored(Call *call, lim_context *cx, lim_node node, bool lock, StoredRevision *stored)
{
	Oid			type = TEXTOID;
	Datum		id = result_text(lim_id(call->graph, node));
	HeapTuple	tuple;
	lim_direction direction;

	if (SPI_execute_with_args(psprintf("SELECT upgrade, downgrade, script,"
									   " upgrade_author, downgrade_author,"
									   " upgrade_author_oid::pg_catalog.int8,"
									   " downgrade_author_oid::pg_catalog.int8"
									   " FROM ONLY %s.migrate_revision"
									   " WHERE revision OPERATOR(pg_catalog.=) $1%s",
									   call->schema_name, lock ? " FOR SHARE" : ""),
							  1, &type, &id, NULL, !call->writing, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read a revision");
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("revision \"%s\" is stored " UINT64_FORMAT " times",
						from_core(lim_id(call->graph, node)), SPI_processed)));
	tuple = SPI_tuptable->vals[0];
	memset(stored, 0, sizeof(*stored));
	stored->stored.row = &call->graph->revisions[node];
	stored->stored.upgrade.text = column_text(call, cx, tuple, 1, &stored->stored.upgrade.length);
	stored->stored.downgrade.text = column_text(call, cx, tuple, 2, &stored->stored.downgrade.length);
	stored->stored.script.text = column_text(call, cx, tuple, 3, &stored->stored.script.length);
	for (direction = LIM_UP; direction <= LIM_DOWN; direction++)
	{
		stored->author[direction] = column_text(call, cx, tuple, 4 + direction, NULL);
		stored->author_oid[direction] = (Oid) column_integer(tuple, 6 + direction);
	}
	SPI_freetuptable(SPI_tuptable);
}
