/*
 * leftover.c - what a statement that was cut short left behind
 *
 * A failed CREATE INDEX CONCURRENTLY leaves an invalid index, which takes the name, costs every write and
 * answers no query; REINDEX CONCURRENTLY leaves ones named ..._ccnew and ..._ccold. Before another try they
 * are dropped. A half detached partition is detached for good.
 *
 * An index that somebody else builds at this moment is invalid as well: the table's lock, which its
 * builder holds, is waited for first, without a snapshot, for which the builder would wait.
 */
#include "limbeck.h"

#include <ctype.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/index.h"
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

/* Of a table's name at least so much stands in the names that the server makes for its indexes. */
#define KEPT_OF_TABLE_NAME 25

/* True when the statement makes indexes named so. */
static bool
is_of_statement(Node *statement, const char *index)
{
	const IndexStmt *create = as_create_index(statement);
	const char *table;

	if (create == NULL)
		return ends_with(index, "_ccnew") || ends_with(index, "_ccold");
	if (create->idxname != NULL)
		return strcmp(create->idxname, index) == 0;
	table = create->relation->relname;
	return strncmp(index, table, Min(strlen(table), KEPT_OF_TABLE_NAME)) == 0 &&
		ends_with(index, "_idx");
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
	Body		drop = {.call = step->body.call, .autocommit = true};

	drop.text = psprintf("DROP INDEX CONCURRENTLY %s", name);
	drop.length = strlen(drop.text);
	body_parse(&drop);
	(void) body_go_to(&drop, 1);
	ereport(NOTICE,
			(errmsg("dropping invalid index %s, which an earlier try left behind", name)));
	run_statement(&drop, true);
	commit_and_start();
}

/* A DETACH PARTITION CONCURRENTLY that was cut short left the partition half detached: FINALIZE is the way
 * on, and the only one. */
static void
finalize_detach(Node *statement)
{
#if PG_VERSION_NUM >= 140000
	AlterTableCmd *command;
	PartitionCmd *detach;
	Oid			partition;

	if (!IsA(statement, AlterTableStmt) || list_length(((AlterTableStmt *) statement)->cmds) != 1)
		return;
	command = (AlterTableCmd *) linitial(((AlterTableStmt *) statement)->cmds);
	if (command->subtype != AT_DetachPartition)
		return;
	detach = castNode(PartitionCmd, command->def);
	partition = RangeVarGetRelid(detach->name, NoLock, true);
	if (!detach->concurrent || !OidIsValid(partition) || !get_rel_relispartition(partition) ||
		!PartitionHasPendingDetach(partition))
		return;
	command->subtype = AT_DetachPartitionFinalize;
	detach->concurrent = false;
	ereport(NOTICE,
			(errmsg("finalizing the detachment of partition \"%s\", which an earlier try began",
					detach->name->relname)));
#endif
}

/* Before another try of a unit: drops what the last one left. */
void
leftover_clear(RunStep *step, const Unit *unit)
{
	Node	   *statement = body_go_to(&step->body, unit->first)->stmt;
	List	   *candidates;
	ListCell   *cell;

	if (unit->block)
		return;
	PushActiveSnapshot(GetTransactionSnapshot());
	finalize_detach(statement);
	candidates = find_invalid(statement);
	PopActiveSnapshot();
	commit_and_start();
	foreach(cell, candidates)
	{
		const char *name = name_invalid((Candidate *) lfirst(cell));

		commit_and_start();
		if (name != NULL)
			drop_index(step, name);
	}
}

/* IF NOT EXISTS takes an invalid index for an index. */
void
leftover_verify(const Body *body)
{
	Node	   *statement = body_current(body)->stmt;
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
				 errhint("The next CALL migrate_apply drops it and runs the statement again.")));
	PopActiveSnapshot();
}
