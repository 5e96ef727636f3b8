/*
 * leftover.c - what a statement that was cut short left behind
 *
 * A failed CREATE INDEX CONCURRENTLY leaves an invalid index, which takes the name, costs every write and
 * answers no query; REINDEX CONCURRENTLY leaves ones named ..._ccnew and ..._ccold. Before another try they
 * are dropped. A half detached partition is detached for good.
 *
 * An index that somebody else builds at this moment is invalid as well: the table's lock, which its
 * builder holds, is waited for first, without a snapshot, for which the builder would wait.
 *
 * When the server died between the last commit of such a statement and the record of it, the statement
 * is done, and must not be done again. What CREATE INDEX without a name made is known by the note that
 * was written when it started: the indexes of the table that were there before.
 */
#include "limbeck.h"

#include <ctype.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"

static bool
is_invalid(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	bool		invalid = HeapTupleIsValid(tuple) &&
		!((Form_pg_index) GETSTRUCT(tuple))->indisvalid;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return invalid && get_rel_relkind(index) == RELKIND_INDEX;
}

/* True for a name that ends so, or so with a number behind it, as the server makes names unique. */
static bool
ends_with(const char *name, const char *end)
{
	size_t		length = strlen(name);

	while (length > 0 && isdigit((unsigned char) name[length - 1]))
		length--;
	return length >= strlen(end) && strncmp(name + length - strlen(end), end, strlen(end)) == 0;
}

static const IndexStmt *
as_create_index(Node *statement)
{
	const IndexStmt *create = (IndexStmt *) statement;

	return IsA(statement, IndexStmt) && create->concurrent ? create : NULL;
}

/* True when the statement makes indexes named so. */
static bool
is_of_statement(Node *statement, const char *index)
{
	const IndexStmt *create = as_create_index(statement);

	if (create == NULL)
		return ends_with(index, "_ccnew") || ends_with(index, "_ccold");
	return create->idxname != NULL ? strcmp(create->idxname, index) == 0 : ends_with(index, "_idx");
}

/* Adds a table and what the server keeps its long values in. */
static List *
add_table(List *tables, Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));

	if (!HeapTupleIsValid(tuple))
		return tables;
	tables = lappend_oid(tables, table);
	if (OidIsValid(((Form_pg_class) GETSTRUCT(tuple))->reltoastrelid))
		tables = lappend_oid(tables, ((Form_pg_class) GETSTRUCT(tuple))->reltoastrelid);
	ReleaseSysCache(tuple);
	return tables;
}

/* The tables, partitions for a partitioned one, of a statement's relation, which may be an index. */
static List *
tables_of_relation(const RangeVar *name)
{
	Oid			relation = RangeVarGetRelid(name, NoLock, true);
	char		kind = OidIsValid(relation) ? get_rel_relkind(relation) : '\0';
	List	   *tables = NIL;
	ListCell   *cell;

	if (kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX)
	{
		relation = IndexGetRelation(relation, true);
		kind = OidIsValid(relation) ? get_rel_relkind(relation) : '\0';
	}
	if (kind != RELKIND_PARTITIONED_TABLE)
		return OidIsValid(relation) ? add_table(NIL, relation) : NIL;
	foreach(cell, find_all_inheritors(relation, NoLock, NULL))
		tables = add_table(tables, lfirst_oid(cell));
	return tables;
}

/* The tables of a schema; of the database when the schema is not valid. */
static List *
tables_of_schema(Oid schema)
{
	Relation	catalog = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	List	   *tables = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class row = (Form_pg_class) GETSTRUCT(tuple);

		if ((row->relkind == RELKIND_RELATION || row->relkind == RELKIND_MATVIEW) &&
			(!OidIsValid(schema) || row->relnamespace == schema))
			tables = add_table(tables, row->oid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return tables;
}

/* The tables whose indexes the statement makes, as far as it can leave invalid ones. */
static List *
indexed_tables(Node *statement)
{
	const IndexStmt *create = as_create_index(statement);
	const ReindexStmt *reindex = (ReindexStmt *) statement;

	if (create != NULL)
		return tables_of_relation(create->relation);
	if (!IsA(statement, ReindexStmt))
		return NIL;
	if (reindex->relation != NULL)
		return tables_of_relation(reindex->relation);
	if (reindex->kind != REINDEX_OBJECT_SCHEMA)
		return tables_of_schema(InvalidOid);
	return tables_of_schema(get_namespace_oid(reindex->name, true));
}

/* An index and its table. */
typedef struct Candidate
{
	Oid			index;
	Oid			table;
} Candidate;

/* The invalid indexes that the statement may have left. */
static List *
find_invalid(Node *statement)
{
	List	   *tables = indexed_tables(statement);
	List	   *found = NIL;
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (tables == NIL)
		return NIL;
	catalog = table_open(IndexRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_index row = (Form_pg_index) GETSTRUCT(tuple);
		const char *name;

		if (row->indisvalid || !list_member_oid(tables, row->indrelid) ||
			(name = get_rel_name(row->indexrelid)) == NULL || !is_of_statement(statement, name))
			continue;
		found = lappend(found, palloc(sizeof(Candidate)));
		*(Candidate *) llast(found) = (Candidate) {row->indexrelid, row->indrelid};
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/* Waits until nobody builds the index; returns its name, qualified and quoted, when it is invalid then. The
 * caller commits. */
static const char *
name_invalid(const Candidate *candidate)
{
	const char *name = NULL;

	LockRelationOid(candidate->table, ShareUpdateExclusiveLock);
	PushActiveSnapshot(GetTransactionSnapshot());
	if (is_invalid(candidate->index))
		name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(candidate->index)),
										  get_rel_name(candidate->index));
	PopActiveSnapshot();
	return name;
}

static void
drop_index(RunStep *step, const char *name)
{
	Body		drop = {.call = step->body.call, .current = 1};

	drop.text = psprintf("DROP INDEX CONCURRENTLY %s", name);
	drop.length = strlen(drop.text);
	drop.statements = parse_body(drop.text);
	ereport(NOTICE,
			(errmsg("dropping invalid index %s, which an earlier try left behind", name)));
	run_statement(&drop, true);
	commit_and_start();
}

/* Words before the object IDs in a note. */
#define NOTE "indexes before: "

/* All indexes of a table, by the catalog alone: nobody is waited for. */
static List *
indexes_of(Oid table)
{
	Relation	catalog = table_open(IndexRelationId, AccessShareLock);
	List	   *indexes = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(table));
	scan = systable_beginscan(catalog, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		indexes = lappend_oid(indexes, ((Form_pg_index) GETSTRUCT(tuple))->indexrelid);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return indexes;
}

/* What a try of the unit will want to know later of how it found things; NULL: nothing. */
const char *
leftover_note(const RunStep *step, const Unit *unit)
{
	const IndexStmt *create = as_create_index(list_nth_node(RawStmt, step->body.statements,
															unit->first - 1)->stmt);
	StringInfoData note;
	ListCell   *cell;

	if (create == NULL || create->idxname != NULL)
		return NULL;
	initStringInfo(&note);
	appendStringInfoString(&note, NOTE);
	PushActiveSnapshot(GetTransactionSnapshot());
	foreach(cell, indexes_of(RangeVarGetRelid(create->relation, NoLock, true)))
		appendStringInfo(&note, "%s%u", note.len > strlen(NOTE) ? " " : "", lfirst_oid(cell));
	PopActiveSnapshot();
	return note.data;
}

/* True when the note names the index. */
static bool
was_there_before(const char *note, Oid index)
{
	const char *at = note + strlen(NOTE);

	while (*at != '\0')
	{
		char	   *end;

		if (strtoul(at, &end, 10) == index)
			return true;
		if (end == at)
			return false;
		at = end + strspn(end, " ");
	}
	return false;
}

/* True when the table has an index that the statement made, and a good one. */
static bool
has_made_index(const IndexStmt *create, const char *note)
{
	ListCell   *cell;

	if (create->idxname == NULL && (note == NULL || strncmp(note, NOTE, strlen(NOTE)) != 0))
		return false;
	foreach(cell, indexes_of(RangeVarGetRelid(create->relation, NoLock, true)))
	{
		Oid			index = lfirst_oid(cell);
		const char *name = get_rel_name(index);

		if (name != NULL && is_of_statement((Node *) create, name) && !is_invalid(index) &&
			(create->idxname != NULL || !was_there_before(note, index)))
			return true;
	}
	return false;
}

/* The partition that the statement detaches concurrently; NULL: none. */
static PartitionCmd *
as_detach(Node *statement)
{
#if PG_VERSION_NUM >= 140000
	AlterTableCmd *command;

	if (IsA(statement, AlterTableStmt) && list_length(((AlterTableStmt *) statement)->cmds) == 1)
	{
		command = (AlterTableCmd *) linitial(((AlterTableStmt *) statement)->cmds);
		if (command->subtype == AT_DetachPartition &&
			castNode(PartitionCmd, command->def)->concurrent)
			return castNode(PartitionCmd, command->def);
	}
#endif
	return NULL;
}

/* True when the crash came between the statement's own last commit and the record of it. */
static bool
is_done(Node *statement, const char *note)
{
	const DropStmt *drop = (DropStmt *) statement;
	PartitionCmd *detach = as_detach(statement);
	Oid			partition;

	if (as_create_index(statement) != NULL)
		return has_made_index(as_create_index(statement), note);
	if (IsA(statement, DropStmt) && drop->concurrent && list_length(drop->objects) == 1)
		return !OidIsValid(RangeVarGetRelid(makeRangeVarFromNameList(linitial_node(List, drop->objects)),
											NoLock, true));
	if (detach == NULL)
		return false;
	partition = RangeVarGetRelid(detach->name, NoLock, true);
	return OidIsValid(partition) && !get_rel_relispartition(partition);
}

/* A DETACH PARTITION CONCURRENTLY that was cut short left the partition half detached: FINALIZE is the way
 * on, and the only one. */
static void
finalize_detach(Node *statement)
{
#if PG_VERSION_NUM >= 140000
	PartitionCmd *detach = as_detach(statement);
	Oid			partition;

	if (detach == NULL)
		return;
	partition = RangeVarGetRelid(detach->name, NoLock, true);
	if (!OidIsValid(partition) || !get_rel_relispartition(partition) ||
		!PartitionHasPendingDetach(partition))
		return;
	linitial_node(AlterTableCmd, ((AlterTableStmt *) statement)->cmds)->subtype =
		AT_DetachPartitionFinalize;
	detach->concurrent = false;
	ereport(NOTICE,
			(errmsg("finalizing the detachment of partition \"%s\", which an earlier try began",
					detach->name->relname)));
#endif
}

/* Before another try of a unit: drops what the last one left. True: it may have ended unrecorded, and
 * has. */
bool
leftover_clear(RunStep *step, const Unit *unit, bool may_be_done, const char *note)
{
	Node	   *statement = list_nth_node(RawStmt, step->body.statements, unit->first - 1)->stmt;
	List	   *candidates;
	ListCell   *cell;
	bool		done;

	if (unit->block)
		return false;
	PushActiveSnapshot(GetTransactionSnapshot());
	finalize_detach(statement);
	candidates = find_invalid(statement);
	done = may_be_done && is_done(statement, note);
	PopActiveSnapshot();
	commit_and_start();
	foreach(cell, candidates)
	{
		const char *name = name_invalid((Candidate *) lfirst(cell));

		commit_and_start();
		if (name != NULL)
			drop_index(step, name);
	}
	return done;
}

/* IF NOT EXISTS takes an invalid index for an index. */
void
leftover_verify(const Body *body)
{
	Node	   *statement = list_nth_node(RawStmt, body->statements, body->current - 1)->stmt;
	const IndexStmt *create = (IndexStmt *) statement;
	Oid			table;
	Oid			index;

	if (!IsA(statement, IndexStmt) || !create->concurrent || !create->if_not_exists ||
		create->idxname == NULL)
		return;
	PushActiveSnapshot(GetTransactionSnapshot());
	table = RangeVarGetRelid(create->relation, NoLock, true);
	index = OidIsValid(table) ? get_relname_relid(create->idxname, get_rel_namespace(table))
		: InvalidOid;
	if (OidIsValid(index) && is_invalid(index))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" exists, but is invalid", create->idxname),
				 errhint("Drop it and run the statement again.")));
	PopActiveSnapshot();
}
