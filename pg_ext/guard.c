/*
 * guard.c - what a running body may not touch, and when it looks at the ledger
 *
 * body.c refuses statements whose own words change the ledger. A function that the body calls, a DO
 * block, EXECUTE, DROP ... CASCADE are seen here, while they run, by the server's hooks. A query that reads the
 * ledger is let through, after what waits to be written there (writer.c). The hooks do nothing unless a body
 * runs.
 */
#include "limbeck.h"

#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "compat.h"

static ExecutorCheckPerms_hook_type previous_check_perms = NULL;
static ExecutorStart_hook_type previous_executor_start = NULL;
static object_access_hook_type previous_object_access = NULL;

static bool
is_ledger_table(const Call *call, Oid relation)
{
	LedgerTable table;

	for (table = 0; table < LEDGER_TABLES; table++)
	{
		if (relation == call->tables.oid[table])
			return true;
	}
	return false;
}

/* The same of one of its indexes. */
static bool
is_ledger_index(const Call *call, Oid relation)
{
	return get_rel_relkind(relation) == RELKIND_INDEX &&
		is_ledger_table(call, IndexGetRelation(relation, true));
}

static void
refuse_change(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a body cannot change Limbeck's ledger"),
			 errhint("Take the statement out of the body.")));
}

/* Rows: INSERT, UPDATE, DELETE, MERGE, COPY, SELECT, at any depth. Notes what may be left for the end, too. */
static bool
check_perms(CHECK_PERMS_PARAMETERS)
{
	Body	   *body = running_body();
	ListCell   *cell;

	if (body != NULL)
	{
		foreach(cell, CHECK_PERMS_LIST)
		{
			CheckedRelation *relation = (CheckedRelation *) lfirst(cell);

			bool		changes = (relation->requiredPerms & (ACL_INSERT | ACL_UPDATE | ACL_DELETE)) != 0;

			if (is_ledger_table(body->call, relation->relid))
			{
				if (changes)
					refuse_change();
				writer_look();
			}
			if (!changes)
				continue;
			body->may_defer = body->may_defer || deferred_possible(relation->relid);
		}
	}
	return previous_check_perms ? previous_check_perms(CHECK_PERMS_ARGUMENTS) : true;
}

/* Workers of a parallel plan look at what is in the tables only. */
static void
executor_start(QueryDesc *query, int flags)
{
	if (query->plannedstmt->parallelModeNeeded)
		writer_look();
	(previous_executor_start ? previous_executor_start : standard_ExecutorStart) (query, flags);
}

/* The tables themselves and the extension: ALTER, DROP, TRUNCATE, at any depth. */
static void
object_access(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	Body	   *body = running_body();
	bool		changes = access == OAT_POST_ALTER || access == OAT_DROP;

#if PG_VERSION_NUM >= 140000
	changes = changes || access == OAT_TRUNCATE;
#endif
	if (body != NULL && changes && !body_rebuilds(body))
	{
		if (((class == RelationRelationId || class == InheritsRelationId) &&
			 is_ledger_table(body->call, object)) ||
			(class == RelationRelationId && is_ledger_index(body->call, object)) ||
			(class == ExtensionRelationId && object == body->call->extension))
			refuse_change();
	}
	if (class == ExtensionRelationId && access == OAT_POST_ALTER)
		tables_forget();		/* what belongs to an extension changes without a sign to caches */
	if (previous_object_access)
		previous_object_access(access, class, object, column, arg);
}

#if PG_VERSION_NUM < 140000
static ProcessUtility_hook_type previous_utility = NULL;

/* TRUNCATE, which 13 tells no access hook of. */
static void
utility(PlannedStmt *statement, const char *query, ProcessUtilityContext context,
		ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
		QueryCompletion *completion)
{
	Body	   *body = running_body();
	ListCell   *cell;

	if (body != NULL && IsA(statement->utilityStmt, TruncateStmt))
	{
		foreach(cell, ((TruncateStmt *) statement->utilityStmt)->relations)
		{
			RangeVar   *name = lfirst_node(RangeVar, cell);

			if (is_ledger_table(body->call, RangeVarGetRelid(name, NoLock, true)))
				refuse_change();
		}
	}
	(previous_utility ? previous_utility : standard_ProcessUtility)
		(statement, query, context, parameters, environment, receiver, completion);
}
#endif

void
guard_install(void)
{
#if PG_VERSION_NUM < 140000
	previous_utility = ProcessUtility_hook;
	ProcessUtility_hook = utility;
#endif
	previous_check_perms = ExecutorCheckPerms_hook;
	ExecutorCheckPerms_hook = check_perms;
	previous_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = executor_start;
	previous_object_access = object_access_hook;
	object_access_hook = object_access;
}
