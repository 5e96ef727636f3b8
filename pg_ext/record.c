/*
 * record.c - the ledger written by queries, where there is no writer (writer.c)
 *
 * Every statement is prepared once a backend and kept, for the extension and schema that it was made
 * for. All of it stands between ledger_enter() and ledger_leave().
 */
#include "limbeck.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define WRITE_PARAMETERS 14

typedef enum Write
{
	INSERT_VERSION,
	UPDATE_VERSION,
	DELETE_VERSION,
	INSERT_LOG,
	INSERT_REVISION,
	UPDATE_REVISION,
	UPDATE_AUTHOR_UP,
	UPDATE_AUTHOR_DOWN,
	INSERT_EDGE,
	INSERT_LABEL,
	DELETE_REVISION,
	DELETE_EDGES,
	DELETE_LABELS,
	WRITES
} Write;

typedef struct WriteStatement
{
	const char *sql;			/* %s is the schema */
	int			parameters;
	Oid			types[WRITE_PARAMETERS];
} WriteStatement;

static const WriteStatement statements[WRITES] = {
	[INSERT_VERSION] = {
		"INSERT INTO %s.migrate_version (version_num) VALUES ($1)", 1, {TEXTOID}
	},
	[UPDATE_VERSION] = {
		"UPDATE ONLY %s.migrate_version SET version_num = $2"
		" WHERE version_num OPERATOR(pg_catalog.=) $1", 2, {TEXTOID, TEXTOID}
	},
	[DELETE_VERSION] = {
		"DELETE FROM ONLY %s.migrate_version WHERE version_num OPERATOR(pg_catalog.=) $1",
		1, {TEXTOID}
	},
	[INSERT_LOG] = {
		"INSERT INTO %s.migrate_log (at, actor, action, revision, from_version, to_version,"
		" statement, statements, duration_ms, checksum, outcome, detail)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)", 12,
		{TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, INT4OID, INT8OID,
		TEXTOID, TEXTOID, TEXTOID}
	},
	[INSERT_REVISION] = {
		"INSERT INTO %s.migrate_revision (revision, message, upgrade, downgrade,"
		" upgrade_transactional, downgrade_transactional, script, checksum, upgrade_author,"
		" upgrade_author_oid, downgrade_author, downgrade_author_oid, created_at, created_by)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9, $10, $11, $12)", 12,
		{TEXTOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, BOOLOID, TEXTOID, TEXTOID, TEXTOID, OIDOID,
		TIMESTAMPTZOID, TEXTOID}
	},
	[UPDATE_REVISION] = {
		"UPDATE ONLY %s.migrate_revision SET message = $2, upgrade = $3, downgrade = $4,"
		" upgrade_transactional = $5, downgrade_transactional = $6, script = $7, checksum = $8"
		" WHERE revision OPERATOR(pg_catalog.=) $1", 8,
		{TEXTOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, BOOLOID, TEXTOID, TEXTOID}
	},
	[UPDATE_AUTHOR_UP] = {
		"UPDATE ONLY %s.migrate_revision SET upgrade_author = $2, upgrade_author_oid = $3"
		" WHERE revision OPERATOR(pg_catalog.=) $1", 3, {TEXTOID, TEXTOID, OIDOID}
	},
	[UPDATE_AUTHOR_DOWN] = {
		"UPDATE ONLY %s.migrate_revision SET downgrade_author = $2, downgrade_author_oid = $3"
		" WHERE revision OPERATOR(pg_catalog.=) $1", 3, {TEXTOID, TEXTOID, OIDOID}
	},
	[INSERT_EDGE] = {
		"INSERT INTO %s.migrate_edge (revision, parent, kind, ordinal) VALUES ($1, $2, $3, $4)",
		4, {TEXTOID, TEXTOID, TEXTOID, INT4OID}
	},
	[INSERT_LABEL] = {
		"INSERT INTO %s.migrate_label (label, revision, ordinal) VALUES ($1, $2, $3)",
		3, {TEXTOID, TEXTOID, INT4OID}
	},
	[DELETE_REVISION] = {
		"DELETE FROM ONLY %s.migrate_revision WHERE revision OPERATOR(pg_catalog.=) $1",
		1, {TEXTOID}
	},
	[DELETE_EDGES] = {
		"DELETE FROM ONLY %s.migrate_edge WHERE revision OPERATOR(pg_catalog.=) $1", 1, {TEXTOID}
	},
	[DELETE_LABELS] = {
		"DELETE FROM ONLY %s.migrate_label WHERE revision OPERATOR(pg_catalog.=) $1", 1, {TEXTOID}
	},
};

/* The kept plans, and what they were made for. */
static struct
{
	Oid			extension;
	char		schema[2 * NAMEDATALEN + 3];
	SPIPlanPtr	plans[WRITES];
}			kept;

/* Forgets the kept plans when they were made for another extension or another name of its schema. */
static void
forget_stale_plans(Call *call)
{
	Write		write;

	if (kept.extension == call->extension && strcmp(kept.schema, call->schema_name) == 0)
		return;
	for (write = 0; write < WRITES; write++)
	{
		SPIPlanPtr	plan = kept.plans[write];

		kept.plans[write] = NULL;
		if (plan != NULL)
			SPI_freeplan(plan);
	}
	kept.extension = call->extension;
	strlcpy(kept.schema, call->schema_name, sizeof(kept.schema));
}

static SPIPlanPtr
plan_for(Call *call, Write write)
{
	forget_stale_plans(call);
	if (kept.plans[write] == NULL)
	{
		const WriteStatement *statement = &statements[write];
		Oid			types[WRITE_PARAMETERS];
		SPIPlanPtr	plan;

		memcpy(types, statement->types, sizeof(types));
		/* a custom plan would hold copies of a large body */
		plan = SPI_prepare_cursor(psprintf(statement->sql, call->schema_name),
								  statement->parameters, types, CURSOR_OPT_GENERIC_PLAN);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare a statement on the ledger");
		kept.plans[write] = plan;
	}
	return kept.plans[write];
}

/* Parameters of one statement, added one by one. */
typedef struct Values
{
	Datum		values[WRITE_PARAMETERS];
	char		nulls[WRITE_PARAMETERS + 1];
	int			count;
} Values;

static void
add_datum(Values *v, Datum datum, bool isnull)
{
	v->values[v->count] = datum;
	v->nulls[v->count++] = isnull ? 'n' : ' ';
}

static void
add_bytes(Values *v, lim_bytes bytes)
{
	add_datum(v, bytes.text != NULL ? result_bytes(bytes) : (Datum) 0, bytes.text == NULL);
}

static void
add_text(Values *v, const char *text)
{
	lim_bytes	bytes = {text, text ? strlen(text) : 0};

	add_bytes(v, bytes);
}

/* A name that the server gave, not core. */
static void
add_role(Values *v, Oid role)
{
	add_datum(v, CStringGetTextDatum(GetUserNameFromId(role, false)), false);
}

/* Runs a write and returns how many rows it touched. */
static uint64
run_write(Call *call, Write write, Values *v)
{
	int			rc = SPI_execute_plan(plan_for(call, write), v->values, v->nulls, false, 0);

	if (rc < 0)
		elog(ERROR, "could not write the ledger: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

/* A version row is not what core planned over. */
void
record_version_lost(const char *version)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("version row \"%s\" changed while the migration ran", from_core(version))));
}

/* One change of the version rows. Core planned it over rows read under the lock: one row, or somebody
 * writes past Limbeck. */
void
record_version(Call *call, const lim_change *change)
{
	Values		v = {.count = 0};
	Write		write;
	uint64		rows;

	if (change->lost != NULL)
		add_text(&v, change->lost);
	if (change->gained != NULL)
		add_text(&v, change->gained);
	write = change->lost == NULL ? INSERT_VERSION
		: change->gained == NULL ? DELETE_VERSION : UPDATE_VERSION;
	rows = run_write(call, write, &v);
	if (rows != 1)
		record_version_lost(change->lost ? change->lost : change->gained);
}

void
record_log(Call *call, const LogEntry *entry)
{
	LedgerWriter *writer = writer_at_work(call);
	Values		v = {.count = 0};

	if (writer != NULL)
	{
		writer_add(writer, NULL, 0, entry);
		return;
	}
	add_datum(&v, TimestampTzGetDatum(GetCurrentTimestamp()), false);
	add_role(&v, GetSessionUserId());
	add_text(&v, entry->action);
	add_text(&v, entry->revision);
	add_text(&v, entry->from_version);
	add_text(&v, entry->to_version);
	add_datum(&v, Int32GetDatum(entry->statement > 0 ? entry->statement : entry->statements),
			  entry->statements < 0);
	add_datum(&v, Int32GetDatum(entry->statements), entry->statements < 0);
	add_datum(&v, Int64GetDatum(entry->duration_ms), entry->duration_ms < 0);
	add_text(&v, entry->checksum);
	add_text(&v, entry->outcome);
	add_text(&v, entry->detail);
	(void) run_write(call, INSERT_LOG, &v);
}

/* Tells of the stops that a stamp ends by passing over them. */
void
record_ended_stops(Call *call, const char *action, const lim_plan *plan)
{
	lim_list	ended;
	uint32_t	i;

	if (!lim_stops_ended(&call->cx, &call->ledger, call->graph, &call->state, plan, &ended))
		core_error(&call->cx);
	for (i = 0; i < ended.count; i++)
	{
		LogEntry	entry = {
			.action = action,
			.revision = ended.items[i],
			.from_version = plan->from,
			.to_version = plan->to,
			.statements = -1,
			.duration_ms = -1,
			.outcome = "done",
			.detail = "had stopped half-way",
		};

		record_log(call, &entry);
	}
}

static void
write_edges(Call *call, const lim_record *record, lim_edge_kind kind, const lim_list *parents)
{
	uint32_t	i;

	for (i = 0; i < parents->count; i++)
	{
		Values		v = {.count = 0};

		add_text(&v, record->id);
		add_text(&v, parents->items[i]);
		add_text(&v, lim_edge_kind_name(kind));
		add_datum(&v, Int32GetDatum((int32) i), false);
		(void) run_write(call, INSERT_EDGE, &v);
	}
}

static void
write_labels(Call *call, const lim_record *record)
{
	uint32_t	i;

	for (i = 0; i < record->branch_labels.count; i++)
	{
		Values		v = {.count = 0};

		add_text(&v, record->branch_labels.items[i]);
		add_text(&v, record->id);
		add_datum(&v, Int32GetDatum((int32) i), false);
		(void) run_write(call, INSERT_LABEL, &v);
	}
}

static void
delete_from(Call *call, Write write, const char *revision)
{
	Values		v = {.count = 0};

	add_text(&v, revision);
	(void) run_write(call, write, &v);
}

/* Writes a revision, its edges and its labels. vouched says which of its bodies the caller gave. */
void
record_revision(Call *call, const lim_record *record, const bool vouched[2])
{
	LedgerWriter *writer = writer_at_work(call);
	Values		v = {.count = 0};
	lim_bytes	empty = {"", 0};

	if (writer != NULL && record->outcome == LIM_NEW)
	{
		writer_store(writer, record);
		return;
	}
	add_text(&v, record->id);
	add_text(&v, record->message ? record->message : "");
	add_bytes(&v, record->upgrade.text ? record->upgrade : empty);
	add_bytes(&v, record->downgrade);
	add_datum(&v, BoolGetDatum(record->upgrade_transactional), false);
	add_datum(&v, BoolGetDatum(record->downgrade_transactional), false);
	add_bytes(&v, record->script);
	add_text(&v, record->checksum);
	if (record->outcome == LIM_NEW)
	{
		add_role(&v, call->caller);
		add_datum(&v, ObjectIdGetDatum(call->caller), false);
		add_datum(&v, TimestampTzGetDatum(GetCurrentTimestamp()), false);
		add_role(&v, GetSessionUserId());
		(void) run_write(call, INSERT_REVISION, &v);
	}
	else
	{
		if (run_write(call, UPDATE_REVISION, &v) != 1)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("revision \"%s\" went away while it was replaced",
							from_core(record->id))));
		record_authors(call, record->id, vouched);
		delete_from(call, DELETE_EDGES, record->id);
		delete_from(call, DELETE_LABELS, record->id);
	}
	write_edges(call, record, LIM_DOWN_REVISION, &record->down_revision);
	write_edges(call, record, LIM_DEPENDS_ON, &record->depends_on);
	write_labels(call, record);
}

/* Makes the caller the author of the bodies that he vouches for. */
void
record_authors(Call *call, const char *revision, const bool vouched[2])
{
	lim_direction direction;

	for (direction = LIM_UP; direction <= LIM_DOWN; direction++)
	{
		Values		v = {.count = 0};

		if (!vouched[direction])
			continue;
		add_text(&v, revision);
		add_role(&v, call->caller);
		add_datum(&v, ObjectIdGetDatum(call->caller), false);
		(void) run_write(call, direction == LIM_UP ? UPDATE_AUTHOR_UP : UPDATE_AUTHOR_DOWN, &v);
	}
}

void
record_delete(Call *call, const char *revision)
{
	delete_from(call, DELETE_EDGES, revision);
	delete_from(call, DELETE_LABELS, revision);
	delete_from(call, DELETE_REVISION, revision);
}
