/*
 * deferred.c - deferred constraints checked at the end of a revision
 *
 * Several revisions share one transaction, but each answers for its own rows: a deferred violation
 * should name the revision that made it, and events left pending would stop the next revision's ALTER
 * TABLE ("pending trigger events"). SET CONSTRAINTS ALL IMMEDIATE would do that, but would also make
 * constraints immediate that later revisions rely on to be deferred. So only constraints with pending
 * events are named, and afterwards go back to what they were declared as. What was pending before the
 * call is the caller's own business and waits for the caller's commit.
 *
 * Only a body that wrote to a relation with a trigger that can be deferred is asked: guard.c notes it, at
 * any depth, triggers of triggers included.
 */
#include "limbeck.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/*
 * True when writing to the relation may leave something for the end of the transaction: it has a trigger that
 * can be deferred, or its rows go to other relations, whose triggers are not looked at here. The
 * caller holds a lock on it.
 */
bool
deferred_possible(Oid relation)
{
	Relation	r = RelationIdGetRelation(relation);
	bool		possible;
	int			i;

	if (!RelationIsValid(r))
		return true;
	possible = r->rd_rel->relhassubclass || r->rd_rel->relkind != RELKIND_RELATION;
	for (i = 0; !possible && r->trigdesc != NULL && i < r->trigdesc->numtriggers; i++)
		possible = r->trigdesc->triggers[i].tgdeferrable;
	RelationClose(r);
	return possible;
}

static bool
is_pending(const FormData_pg_constraint *constraint)
{
	return (OidIsValid(constraint->conrelid) && AfterTriggerPendingOnRel(constraint->conrelid)) ||
		(OidIsValid(constraint->confrelid) && AfterTriggerPendingOnRel(constraint->confrelid));
}

/* OIDs of the deferrable constraints on tables with pending events. */
List *
deferred_pending(void)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	List	   *pending = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint constraint = (Form_pg_constraint) GETSTRUCT(tuple);

		if (constraint->condeferrable && is_pending(constraint))
			pending = lappend_oid(pending, constraint->oid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return pending;
}

/* True when every constraint of this name in the schema can be deferred, as SET CONSTRAINTS asks. */
static bool
name_is_deferrable(Oid schema, const char *name)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		deferrable = true;

	ScanKeyInit(&keys[0], Anum_pg_constraint_conname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(name));
	ScanKeyInit(&keys[1], Anum_pg_constraint_connamespace, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(schema));
	scan = systable_beginscan(catalog, ConstraintNameNspIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (!((Form_pg_constraint) GETSTRUCT(tuple))->condeferrable)
			deferrable = false;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return deferrable;
}

static void
set_constraints(List *names, bool deferred)
{
	ConstraintsSetStmt *statement = makeNode(ConstraintsSetStmt);

	if (names == NIL)
		return;
	statement->constraints = names;
	statement->deferred = deferred;
	AfterTriggerSetState(statement);
}

/* Names the constraints, all of them and those that go back to being deferred. */
static void
name_constraints(List *oids, List **all, List **initially_deferred)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ListCell   *cell;

	foreach(cell, oids)
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key, Anum_pg_constraint_oid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(lfirst_oid(cell)));
		scan = systable_beginscan(catalog, ConstraintOidIndexId, true, NULL, 1, &key);
		tuple = systable_getnext(scan);
		if (HeapTupleIsValid(tuple))
		{
			Form_pg_constraint constraint = (Form_pg_constraint) GETSTRUCT(tuple);
			char	   *schema = get_namespace_name(constraint->connamespace);
			char	   *name = pstrdup(NameStr(constraint->conname));

			*all = lappend(*all, makeRangeVar(schema, name, -1));
			if (constraint->condeferred && name_is_deferrable(constraint->connamespace, name))
				*initially_deferred = lappend(*initially_deferred, makeRangeVar(schema, name, -1));
		}
		systable_endscan(scan);
	}
	table_close(catalog, AccessShareLock);
}

/*
 * Checks now what the body left for the end of the transaction. Runs as the body does. A trigger that is
 * fired here may leave events for other constraints; each constraint gets its turn once.
 */
void
deferred_check(List *not_ours)
{
	List	   *done = list_copy(not_ours);
	List	   *pending;

	while ((pending = list_difference_oid(deferred_pending(), done)) != NIL)
	{
		List	   *all = NIL;
		List	   *initially_deferred = NIL;

		name_constraints(pending, &all, &initially_deferred);
		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
		set_constraints(all, false);
		PopActiveSnapshot();
		set_constraints(initially_deferred, true);
		CommandCounterIncrement();
		done = list_concat_unique_oid(done, pending);
	}
}
