/*
 * toplevel.c - statements run one by one, as a client's would be
 *
 * CREATE INDEX CONCURRENTLY, VACUUM and their like commit by themselves, and refuse to run anywhere but
 * at the top. In a procedure that was called at the top and has just committed, this backend is in the
 * very state in which it would read the next message of its client, so they run here. Two rules: no SPI
 * level is open meanwhile, here or above, and no snapshot is held.
 *
 * A body of such statements is cut into units: one statement, or what stands between BEGIN and COMMIT.
 */
#include "limbeck.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "compat.h"

/* Commits what the procedure did so far; what holds a snapshot goes with it. */
void
commit_and_start(void)
{
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	SPI_commit();
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	InvalidateCatalogSnapshot();
}

/* Rolls back after an error and begins anew. */
void
abort_and_start(void)
{
	MemoryContext memory = CurrentMemoryContext;

	AbortCurrentTransaction();
	StartTransactionCommand();
	MemoryContextSwitchTo(memory);
}

/* The units of a checked body. */
Unit *
body_units(Body *body, int *count)
{
	Unit	   *units = palloc(sizeof(Unit) * (body->count + 1));
	List	   *options = NIL;
	int			first = 0;
	int			n;

	*count = 0;
	for (n = 1; n <= body->count; n++)
	{
		Node	   *statement = body_go_to(body, n)->stmt;
		const TransactionStmt *bound = (TransactionStmt *) statement;

		if (!IsA(statement, TransactionStmt))
		{
			if (first == 0)
				units[(*count)++] = (Unit) {n, n, false, NIL};
		}
		else if (bound->kind != TRANS_STMT_COMMIT)
		{
			first = n;
			options = copyObject(bound->options);
		}
		else
		{
			units[(*count)++] = (Unit) {first, n, true, options};
			first = bound->chain ? n + 1 : 0;
		}
	}
	body->current = 0;
	return units;
}

/* The words behind BEGIN, as the server itself obeys them. */
static void
set_transaction_options(List *options)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		SetPGVariable(option->defname, list_make1(copyObject(option->arg)), true);
	}
}

/* Runs one unit in the present transaction, which the caller commits. */
void
run_unit(RunStep *step, const Unit *unit)
{
	Body	   *body = &step->body;
	MemoryContext memory = AllocSetContextCreate(step->memory, "limbeck statement",
												 ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(memory);
	int			i;

	if (unit->block)
		set_transaction_options(unit->options);
	for (i = unit->first; i <= unit->last; i++)
	{
		Node	   *statement = body_go_to(body, i)->stmt;

		CHECK_FOR_INTERRUPTS();
		run_report_statement(step);
		if (IsA(statement, TransactionStmt))
			continue;
		set_running_body(body);
		run_statement(body, !unit->block);
		set_running_body(NULL);
		MemoryContextReset(memory);
	}
	leftover_verify(body);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
}

/* A setting as it was before the body. */
typedef struct SavedSetting
{
	const char *name;
	char	   *value;
	GucSource	source;
} SavedSetting;

struct SavedSettings
{
	int			count;
	SavedSetting *settings;
};

static struct config_generic **
all_settings(int *count)
{
#if PG_VERSION_NUM >= 160000
	return get_guc_variables(count);
#else
	*count = GetNumConfigOptions();
	return get_guc_variables();
#endif
}

/* What a transaction sets for itself, and what nobody sets. */
static bool
is_restorable(const struct config_generic *setting)
{
	return (setting->context == PGC_USERSET || setting->context == PGC_SUSET) &&
		strncmp(setting->name, "transaction_", strlen("transaction_")) != 0 &&
		strcmp(setting->name, "seed") != 0;
}

static char *
setting_value(const char *name)
{
	const char *value = GetConfigOption(name, true, false);

	return value ? pstrdup(value) : NULL;
}

/* Remembers the session's settings: a body of several transactions may SET what outlives each. */
SavedSettings *
settings_save(void)
{
	int			count;
	struct config_generic **all = all_settings(&count);
	SavedSettings *saved = palloc(sizeof(SavedSettings));
	int			i;

	saved->count = 0;
	saved->settings = palloc(sizeof(SavedSetting) * (count + 1));
	for (i = 0; i < count; i++)
	{
		if (is_restorable(all[i]))
			saved->settings[saved->count++] = (SavedSetting) {
				all[i]->name, setting_value(all[i]->name), all[i]->source
			};
	}
	return saved;
}

static bool
differs(const SavedSetting *setting)
{
	const char *now = GetConfigOption(setting->name, true, false);

	return (now == NULL) != (setting->value == NULL) ||
		(now != NULL && strcmp(now, setting->value) != 0);
}

static void
restore_one(const SavedSetting *setting, const char *value)
{
	(void) set_config_option(setting->name, value, superuser() ? PGC_SUSET : PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SET, true, WARNING, false);
}

/* Puts them back; the caller commits. */
void
settings_restore(SavedSettings *saved)
{
	int			i;

	for (i = 0; i < saved->count; i++)
	{
		const SavedSetting *setting = &saved->settings[i];

		if (differs(setting) && setting->source < PGC_S_SESSION)
			restore_one(setting, NULL);
		if (differs(setting) && setting->value != NULL)
			restore_one(setting, setting->value);
	}
}
