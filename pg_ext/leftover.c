/*
 * leftover.c - what a statement that was cut short left behind
 *
 * A failed CREATE INDEX CONCURRENTLY leaves an invalid index, which takes the name, costs every write and
 * answers no query; REINDEX CONCURRENTLY leaves one named ..._ccnew. Before another try they are dropped.
 * A half detached partition is detached for good.
 *
 * An index that somebody else builds at this moment is invalid as well: the table's lock, which its
 * builder holds, is waited for first.
 */
#include "limbeck.h"

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

/* True for name, and for name with a number behind it, as the server makes names unique. */
static bool
is_numbered(const char *index, const char *end)
{
	const char *at = strstr(index, end);

	if (at == NULL)
		return false;
	at += strlen(end);
	return strspn(at, "0123456789") == strlen(at);
}

/* True when the statement makes indexes named so. */
static bool
is_of_statement(Node *statement, const char *table, const char *index)
{
	const IndexStmt *create = (IndexStmt *) statement;

	if (!IsA(statement, IndexStmt))
		return is_numbered(index, "_ccnew") || is_numbered(index, "_ccold");
	if (create->idxname != NULL)
		return strcmp(create->idxname, index) == 0;
	return strncmp(index, table, strlen(table)) == 0 && is_numbered(index, "_idx");
}

/* The table whose indexes the statement makes; InvalidOid: none, or none that exists. */
static Oid
indexed_table(Node *statement)
{
	Oid			relation = InvalidOid;

	if (IsA(statement, IndexStmt) && ((IndexStmt *) statement)->concurrent)
		return RangeVarGetRelid(((IndexStmt *) statement)->relation, NoLock, true);
	if (IsA(statement, ReindexStmt) && ((ReindexStmt *) statement)->relation != NULL)
		relation = RangeVarGetRelid(((ReindexStmt *) statement)->relation, NoLock, true);
	if (OidIsValid(relation) && get_rel_relkind(relation) == RELKIND_INDEX)
		return IndexGetRelation(relation, true);
	return relation;
}

/* Names, qualified and quoted, of the invalid indexes that the statement left on the table. */
static List *
find_invalid(Node *statement, Oid table)
{
	Relation	relation = table_open(table, ShareUpdateExclusiveLock);
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(relation))
	{
		Oid			index = lfirst_oid(cell);
		char	   *name = get_rel_name(index);

		if (name != NULL && is_invalid(index) &&
			is_of_statement(statement, RelationGetRelationName(relation), name))
			names = lappend(names, quote_qualified_identifier(get_namespace_name(get_rel_namespace(index)),
															  name));
	}
	table_close(relation, NoLock);
	return names;
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

/* True when the index of that name is on the table, and good. */
static bool
has_valid_index(const IndexStmt *create, Oid table)
{
	Oid			index;

	if (create->idxname == NULL || !OidIsValid(table))
		return false;
	index = get_relname_relid(create->idxname, get_rel_namespace(table));
	return OidIsValid(index) && get_rel_relkind(index) == RELKIND_INDEX &&
		IndexGetRelation(index, true) == table && !is_invalid(index);
}

/* True when the crash came between the statement's own last commit and the record of it. */
static bool
is_done(Node *statement, Oid table)
{
	const DropStmt *drop = (DropStmt *) statement;

	if (IsA(statement, IndexStmt) && ((IndexStmt *) statement)->concurrent)
		return has_valid_index((IndexStmt *) statement, table);
	if (IsA(statement, DropStmt) && drop->concurrent && list_length(drop->objects) == 1)
		return !OidIsValid(RangeVarGetRelid(makeRangeVarFromNameList(linitial_node(List, drop->objects)),
											NoLock, true));
	return false;
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
	if (!detach->concurrent || !OidIsValid(partition) || !PartitionHasPendingDetach(partition))
		return;
	command->subtype = AT_DetachPartitionFinalize;
	detach->concurrent = false;
	ereport(NOTICE,
			(errmsg("finalizing the detachment of partition \"%s\", which an earlier try began",
					detach->name->relname)));
#endif
}

/* Before another try of a unit: drops what the last one left. True: there is nothing left to do. */
bool
leftover_clear(RunStep *step, const Unit *unit, bool crashed)
{
	Node	   *statement = list_nth_node(RawStmt, step->body.statements, unit->first - 1)->stmt;
	List	   *invalid = NIL;
	ListCell   *cell;
	Oid			table;
	bool		done;

	if (unit->block)
		return false;
	PushActiveSnapshot(GetTransactionSnapshot());
	finalize_detach(statement);
	table = indexed_table(statement);
	if (OidIsValid(table) && get_rel_relkind(table) == RELKIND_RELATION)
		invalid = find_invalid(statement, table);
	done = crashed && invalid == NIL && is_done(statement, table);
	PopActiveSnapshot();
	commit_and_start();
	foreach(cell, invalid)
		drop_index(step, (char *) lfirst(cell));
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
