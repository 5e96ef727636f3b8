/*
 * tables.c - the ledger's tables, found to be what CREATE EXTENSION made
 *
 * Whatever touches the ledger stands between ledger_enter() and ledger_leave(): as the extension's
 * owner, with a search_path of pg_catalog alone, after the five tables have been found to be as they were
 * made. Where rows are read and written past the executor no name is looked up, and ledger_enter_rows()
 * leaves the search_path as it is. An error in between needs no clean-up here: the abort of the transaction or subtransaction puts
 * back user, settings and SPI.
 *
 * What was found is believed for the rest of the transaction, which holds a lock on the tables, unless the
 * server says that one of them changed: a body could do that, too.
 */
#include "limbeck.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/ruleutils.h"

#include "compat.h"

typedef struct LedgerColumn
{
	const char *name;
	Oid			type;
	bool		nullable;
} LedgerColumn;

typedef struct LedgerShape
{
	const char *name;
	LedgerColumn columns[LEDGER_COLUMNS];
} LedgerShape;

/* In the order of the enumerations in limbeck.h. */
static const LedgerShape shapes[LEDGER_TABLES] = {
	{"migrate_version", {{"version_num", TEXTOID}}},
	{"migrate_revision", {
		{"seq", INT8OID}, {"revision", TEXTOID}, {"message", TEXTOID}, {"upgrade", TEXTOID},
		{"downgrade", TEXTOID, true}, {"upgrade_transactional", BOOLOID},
		{"downgrade_transactional", BOOLOID}, {"script", TEXTOID, true}, {"checksum", TEXTOID},
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
		{"revision", TEXTOID, true}, {"from_version", TEXTOID, true},
		{"to_version", TEXTOID, true}, {"statement", INT4OID, true}, {"statements", INT4OID, true},
		{"duration_ms", INT8OID, true}, {"checksum", TEXTOID, true}, {"outcome", TEXTOID},
		{"detail", TEXTOID, true}
	}},
};

/* What was found last, and how often the server has said since that one of the tables changed. */
static struct
{
	bool		valid;
	uint64		changes;
	uint64		indexes;		/* the changes when the index of tables was found, */
	uint64		log_by_revision_changes;	/* and when this one was: */
	Oid			log_by_revision;
	LocalTransactionId transaction; /* in which it was found */
	Oid			extension;
	Oid			schema;
	LedgerTables tables;
}			found = {.changes = 1};

static void
relation_changed(Datum unused, Oid relation)
{
	LedgerTable table;

	for (table = 0; table < LEDGER_TABLES; table++)
	{
		if (!OidIsValid(relation) || relation == found.tables.oid[table])
		{
			found.valid = false;
			found.changes++;
		}
	}
}

void
tables_forget(void)
{
	found.valid = false;
}

void
tables_install(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
}

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

/* The number of a column, by its name. */
static AttrNumber
column_number(TupleDesc columns, const char *name)
{
	int			i;

	for (i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (!column->attisdropped && strcmp(NameStr(column->attname), name) == 0)
			return column->attnum;
	}
	return InvalidAttrNumber;
}

static bool
holds_no_null(TupleDesc columns, AttrNumber n)
{
#if PG_VERSION_NUM >= 180000
	if (TupleDescCompactAttr(columns, n - 1)->attnullability == ATTNULLABLE_INVALID)
		return false;			/* NOT VALID: some rows may hold one */
#endif
	return TupleDescAttr(columns, n - 1)->attnotnull;
}

static void
check_columns(Call *call, LedgerTable table, Relation relation)
{
	TupleDesc	columns = RelationGetDescr(relation);
	int			i;

	for (i = 0; shapes[table].columns[i].name != NULL; i++)
	{
		const LedgerColumn *column = &shapes[table].columns[i];
		AttrNumber	n = column_number(columns, column->name);

		if (n == InvalidAttrNumber)
			refuse_table(call, table, psprintf("has no column \"%s\"", column->name));
		if (TupleDescAttr(columns, n - 1)->atttypid != column->type)
			refuse_table(call, table, psprintf("has a column \"%s\" that is not of type %s",
											   column->name, format_type_be(column->type)));
		if (!column->nullable && !holds_no_null(columns, n))
			refuse_table(call, table, psprintf("has a column \"%s\" that may hold NULL", column->name));
		found.tables.column[table][i] = n;
	}
	found.tables.columns[table] = i;
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
	found.tables.oid[table] = oid;
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
}

/* An index of the log by name, if it is good for any snapshot; else NULL. */
static Relation
open_log_index(Call *call, const char *name)
{
	Oid			oid = get_relname_relid(name, call->schema);
	Relation	index = OidIsValid(oid) ? relation_open(oid, AccessShareLock) : NULL;

	if (index != NULL &&
		(index->rd_rel->relkind != RELKIND_INDEX || !index->rd_index->indisvalid ||
		 index->rd_index->indcheckxmin ||
		 index->rd_index->indrelid != found.tables.oid[TABLE_LOG]))
	{
		relation_close(index, NoLock);
		index = NULL;
	}
	return index;
}

/* True when the index has the rows of the log for which this is true. */
static bool
has_predicate(Relation index, const char *text)
{
	List	   *predicate = RelationGetIndexPredicate(index);

	return predicate != NIL &&
		strcmp(deparse_expression((Node *) make_ands_explicit(predicate),
								  deparse_context_for("migrate_log", found.tables.oid[TABLE_LOG]),
								  false, false), text) == 0;
}

/* The partial index on revision and id of what made a revision applied, or ended what stopped; 0: there is none. */
static Oid
find_log_by_revision(Call *call)
{
	const AttrNumber *columns = found.tables.column[TABLE_LOG];
	Relation	index = open_log_index(call, "migrate_log_revision_idx");
	Oid			oid = InvalidOid;

	if (index == NULL)
		return InvalidOid;
	if (index->rd_rel->relam == BTREE_AM_OID && index->rd_index->indnkeyatts == 2 &&
		index->rd_index->indkey.values[0] == columns[LOG_REVISION] &&
		index->rd_index->indkey.values[1] == columns[LOG_ID] &&
		has_predicate(index, "(action = ANY ('{upgrade,stamp,adopt,resolve,delete}'::text[]))"))
		oid = RelationGetRelid(index);
	relation_close(index, NoLock);
	return oid;
}

/* The same, looked for where it is asked for, which few calls do. */
Oid
tables_log_by_revision(Call *call)
{
	if (found.log_by_revision_changes != found.changes)
	{
		uint64		changes = found.changes;

		found.log_by_revision = find_log_by_revision(call);
		found.log_by_revision_changes = changes;
	}
	return found.log_by_revision;
}

/* The partial index that is empty while no body ever ran statement by statement. */
static Oid
find_log_stopped(Call *call)
{
	Relation	index = open_log_index(call, "migrate_log_stopped_idx");
	Oid			oid = InvalidOid;

	if (index == NULL)
		return InvalidOid;
	if (has_predicate(index, "((to_version IS NULL) AND (action = ANY ('{upgrade,downgrade}'::text[])))"))
		oid = RelationGetRelid(index);
	relation_close(index, NoLock);
	return oid;
}

/* Finds the tables, unless nothing happened to them since this transaction found them last. */
static void
find_tables(Call *call)
{
	AcceptInvalidationMessages();
	if (!found.valid || found.transaction != my_local_transaction() ||
		found.extension != call->extension || found.schema != call->schema)
	{
		uint64		changes = found.changes;	/* whoever hears of one below begins anew */
		LedgerTable table;

		found.valid = false;
		for (table = 0; table < LEDGER_TABLES; table++)
			check_table(call, table);
		if (found.indexes != changes || found.extension != call->extension ||
			found.schema != call->schema)
		{
			/* an index that is not as it was made is not needed */
			found.tables.log_stopped = find_log_stopped(call);
			found.indexes = changes;
		}
		found.transaction = my_local_transaction();
		found.extension = call->extension;
		found.schema = call->schema;
		found.valid = found.changes == changes;
	}
	call->tables = found.tables;
}

/* True when one of the tables is called so. */
bool
tables_has_name(const char *name)
{
	LedgerTable table;

	for (table = 0; table < LEDGER_TABLES; table++)
	{
		if (strcmp(name, shapes[table].name) == 0)
			return true;
	}
	return false;
}

/* Changes with everything that happens to the tables. */
uint64
tables_changes(void)
{
	return found.changes;
}

/* Switches to the owner's rights, for what runs no code but the server's own: no query. Memory allocated
 * from here on goes with ledger_leave(), as SPI's does. */
void
ledger_enter_rows(Call *call, LedgerAccess *access)
{
	access->guc_level = 0;
	access->memory = AllocSetContextCreate(CurrentMemoryContext, "limbeck ledger access",
										   ALLOCSET_DEFAULT_SIZES);
	access->before = MemoryContextSwitchTo(access->memory);
	GetUserIdAndSecContext(&access->user, &access->security);
	SetUserIdAndSecContext(call->owner, access->security | SECURITY_LOCAL_USERID_CHANGE);
	find_tables(call);
}

/* Switches to the owner's rights and a search_path that nobody else can write to. */
void
ledger_enter(Call *call, LedgerAccess *access)
{
	GetUserIdAndSecContext(&access->user, &access->security);
	SetUserIdAndSecContext(call->owner, access->security | SECURITY_LOCAL_USERID_CHANGE);
	access->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	find_tables(call);
}

void
ledger_leave(LedgerAccess *access)
{
	if (access->guc_level != 0)
	{
		if (SPI_finish() != SPI_OK_FINISH)
			elog(ERROR, "SPI_finish failed");
		AtEOXact_GUC(false, access->guc_level);
	}
	else
	{
		MemoryContextSwitchTo(access->before);
		MemoryContextDelete(access->memory);
	}
	SetUserIdAndSecContext(access->user, access->security);
}
