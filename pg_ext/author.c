/*
 * author.c - the functions that store revisions
 *
 * Core makes the records; here they are written, logged, and signed: the author of a body is the role
 * that stored, edited or loaded it last.
 */
#include "limbeck.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(migrate_revision);
PG_FUNCTION_INFO_V1(migrate_merge);
PG_FUNCTION_INFO_V1(migrate_edit);
PG_FUNCTION_INFO_V1(migrate_delete);
PG_FUNCTION_INFO_V1(migrate_load);
PG_FUNCTION_INFO_V1(migrate_load_dir);

#define RANDOM_ID_BYTES 6

/* So many files are worth looking whether they can be written without queries. */
#define MANY_FILES 8

static const bool both_bodies[2] = {true, true};

/*
 * The frame of every call that stores: locks the ledger, enters and reads it, has the work done, and
 * returns what the work says. Arguments are read before, so that a wrong one waits for no lock.
 */
Datum
author_call(const char *function, AuthorWork work, void *request)
{
	LedgerAccess access;
	const char *said;
	Datum		result;
	Call		call;

	call_begin_writing(&call, function);
	lock_ledger(&call);
	ledger_enter(&call, &access);
	ledger_require_current(&call, true);
	ledger_build(&call, DETAIL_TEXTS);
	said = work(&call, request);
	ledger_leave(&access);
	result = result_text(said);
	call_end(&call);
	return result;
}

/* Twelve hexadecimal digits for a revision that is given no id. */
static const char *
random_id(void)
{
	uint8		bytes[RANDOM_ID_BYTES];
	char	   *id = palloc(2 * RANDOM_ID_BYTES + 1);
	int			i;

	if (!pg_strong_random(bytes, sizeof(bytes)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	for (i = 0; i < RANDOM_ID_BYTES; i++)
		sprintf(id + 2 * i, "%02x", bytes[i]);
	return id;
}

static void
log_authoring(Call *call, const char *action, const char *revision, const char *from,
			  const char *checksum, const char *detail)
{
	LogEntry	entry = {
		.action = action,
		.revision = revision,
		.from_version = from,
		.to_version = revision,
		.statements = -1,
		.duration_ms = -1,
		.checksum = checksum,
		.outcome = "done",
		.detail = detail,
	};

	record_log(call, &entry);
}

/* Says of which revision an error of the server's is, such as a character that its encoding has not. */
static void
storing_context(void *id)
{
	const char *at;

	for (at = id; *at != '\0'; at++)
	{
		if (IS_HIGHBIT_SET(*at))
			return;				/* it may be the id that can't be told */
	}
	errcontext("storing revision \"%s\"", (const char *) id);
}

/* Writes one record with its log row. */
static void
store_record(Call *call, const char *action, const lim_record *record, const bool vouched[2])
{
	ErrorContextCallback context = {
		.callback = storing_context,
		.arg = unconstify(char *, record->id),
		.previous = error_context_stack,
	};

	error_context_stack = &context;
	record_revision(call, record, vouched);
	log_authoring(call, action, record->id, record->from_version, record->checksum,
				  record->mended ? psprintf("mended: %s", record->mended) : NULL);
	error_context_stack = context.previous;
}

/*
 * The caller gave bodies that are stored already, byte for byte: nothing happens, except that a caller
 * who has no reason to trust a body's author vouches for it now.
 */
static void
vouch_for(Call *call, const char *revision, const bool given[2])
{
	lim_context cx = core_context(call->memory);
	StoredRevision stored;
	bool		vouched[2];
	lim_direction direction;

	if (!call->authors_read)
	{
		call->authors_trusted = trust_all_authors(call);
		call->authors_read = true;
	}
	if (call->authors_trusted)
		return;
	ledger_stored(call, &cx, lim_find_id(call->graph, revision), IsolationUsesXactSnapshot(),
				  &stored);
	for (direction = LIM_UP; direction <= LIM_DOWN; direction++)
		vouched[direction] = given[direction] &&
			!trust_author(stored.author[direction], stored.author_oid[direction], call->caller);
	record_authors(call, revision, vouched);
	ledger_free_stored(&stored);
	lim_context_end(&cx);
}

/* Writes what came of a request: the record, or the caller's word for what is there already. */
static void
store_or_vouch(Call *call, const char *action, const lim_record *record, const bool given[2])
{
	if (record->outcome == LIM_UNCHANGED)
		vouch_for(call, record->id, given);
	else
		store_record(call, action, record, given);
}

/* Says that a body was marked transaction:false because a statement of it can't be in a transaction. */
static void
tell_marks(const lim_record *record)
{
	const char *bodies = record->upgrade_transactional ? "downgrade"
		: record->downgrade_transactional ? "upgrade" : "upgrade and downgrade";

	if (record->marked && record->outcome != LIM_UNCHANGED)
		ereport(NOTICE,
				(errmsg("revision \"%s\" (%s) is marked transaction:false", from_core(record->id), bodies),
				 errhint("It runs with CALL migrate_apply only.")));
}

/* Says that a row was not what its checksum stands for. */
static void
tell_mended(const lim_record *record)
{
	if (record->mended != NULL)
		ereport(NOTICE,
				(errmsg("revision \"%s\" was damaged and is mended", from_core(record->id)),
				 errdetail("The ledger did not hold what its checksum stands for: %s.",
						   from_core(record->mended))));
}

/* Gives core the stored bodies of a rev_id, which it compares. */
static void
read_existing(Call *call, lim_revision_request *request, StoredRevision *existing)
{
	lim_node	node = LIM_NONE;

	if (request->rev_id != NULL)
		node = lim_find_id(call->graph, request->rev_id);
	if (node == LIM_NONE)
		return;
	ledger_stored(call, &call->cx, node, IsolationUsesXactSnapshot(), existing);
	request->existing = &existing->stored;
}

static const char *
store_revision(Call *call, void *arguments)
{
	lim_revision_request *request = arguments;
	StoredRevision existing;
	lim_record	record;

	read_existing(call, request, &existing);
	if (!lim_author_revision(&call->cx, LIM_POSTGRES, &call->ledger, call->graph, request, &record))
		core_error(&call->cx);
	store_or_vouch(call, "revision", &record, both_bodies);
	tell_mended(&record);
	tell_marks(&record);
	return record.id;
}

/* migrate_revision(message, upgrade, downgrade, rev_id, head, splice, branch_label, depends_on) */
Datum
migrate_revision(PG_FUNCTION_ARGS)
{
	lim_revision_request request = {
		.message = argument_text(fcinfo, 0),
		.upgrade = argument_body(fcinfo, 1),
		.downgrade = argument_body(fcinfo, 2),
		.rev_id = argument_text(fcinfo, 3),
		.head = argument_text(fcinfo, 4),
		.splice = argument_bool(fcinfo, 5),
		.branch_label = argument_text(fcinfo, 6),
		.depends_on = argument_text(fcinfo, 7),
		.random_id = random_id(),
	};

	return author_call("migrate_revision()", store_revision, &request);
}

/* What a call names, and what it says of it. */
typedef struct NamedRequest
{
	const char *revisions;
	lim_revision_request request;
} NamedRequest;

static const char *
store_merge(Call *call, void *arguments)
{
	NamedRequest *named = arguments;
	lim_record	record;

	if (!lim_author_merge(&call->cx, LIM_POSTGRES, &call->ledger, call->graph, named->revisions,
						  &named->request, &record))
		core_error(&call->cx);
	store_or_vouch(call, "merge", &record, both_bodies);
	return record.id;
}

/* migrate_merge(revisions, message, rev_id, branch_label) */
Datum
migrate_merge(PG_FUNCTION_ARGS)
{
	NamedRequest named = {
		argument_text(fcinfo, 0),
		{
			.message = argument_text(fcinfo, 1),
			.rev_id = argument_text(fcinfo, 2),
			.branch_label = argument_text(fcinfo, 3),
			.random_id = random_id(),
		}
	};

	return author_call("migrate_merge()", store_merge, &named);
}

static const char *
store_edit(Call *call, void *arguments)
{
	NamedRequest *named = arguments;
	const bool	given[2] = {named->request.upgrade.text != NULL, named->request.downgrade.text != NULL};
	lim_node	node = lim_target_one(&call->cx, call->graph, named->revisions);
	StoredRevision stored;
	lim_record	record;

	if (node == LIM_NONE)
		core_error(&call->cx);
	ledger_stored(call, &call->cx, node, IsolationUsesXactSnapshot(), &stored);
	if (!lim_author_edit(&call->cx, LIM_POSTGRES, &call->ledger, call->graph, &call->state,
						 &stored.stored, &named->request, &record))
		core_error(&call->cx);
	store_or_vouch(call, "edit", &record, given);
	tell_marks(&record);
	return record.id;
}

/* migrate_edit(revision, upgrade, downgrade, message) */
Datum
migrate_edit(PG_FUNCTION_ARGS)
{
	NamedRequest named = {
		argument_text(fcinfo, 0),
		{
			.upgrade = argument_body(fcinfo, 1),
			.downgrade = argument_body(fcinfo, 2),
			.message = argument_text(fcinfo, 3),
		}
	};

	return author_call("migrate_edit()", store_edit, &named);
}

static const char *
delete_revision(Call *call, void *revision)
{
	const char *from;
	lim_node	node;

	if (!lim_author_delete(&call->cx, &call->ledger, call->graph, &call->state, revision,
						   &node) ||
		(from = lim_parents_text(&call->cx, call->graph, node)) == NULL)
		core_error(&call->cx);
	record_delete(call, lim_id(call->graph, node));
	log_authoring(call, "delete", lim_id(call->graph, node), from,
				  call->graph->revisions[node].checksum, NULL);
	return lim_id(call->graph, node);
}

/* migrate_delete(revision) */
Datum
migrate_delete(PG_FUNCTION_ARGS)
{
	return author_call("migrate_delete()", delete_revision,
					   unconstify(char *, argument_text(fcinfo, 0)));
}

/* Compares a row that has a file's checksum with the file. */
static void
compare_row(Call *call, lim_record *record)
{
	lim_node	node = lim_find_id(call->graph, record->id);
	const lim_revision *row = &call->graph->revisions[node];
	lim_stored	expected = lim_load_expected(LIM_POSTGRES, row, record);
	lim_context cx = core_context(call->memory);
	StoredRevision stored;
	bool		holds = lim_load_is_long(row, record) && ledger_holds(call, &expected);

	if (!holds)
		ledger_stored(call, &cx, node, false, &stored);
	if (!lim_load_compare(&call->cx, LIM_POSTGRES, call->graph, record,
						  holds ? &expected : &stored.stored, NULL))
		core_error(&call->cx);
	if (!holds)
		ledger_free_stored(&stored);
	lim_context_end(&cx);
}

/* Compares each row that has a file's checksum with the file, so that what was damaged by hand is written
 * anew. */
static void
compare_rows(Call *call, lim_load *load)
{
	uint32_t	i;

	for (i = 0; i < load->count; i++)
	{
		if (!load->records[i].same)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (call->stored == NULL)
			ledger_stored_begin(call);
		compare_row(call, &load->records[i]);
	}
	if (call->stored != NULL)
		ledger_stored_end(call);
}

/* Stores files, one text or a directory, and returns what is to be said of it. Within
 * author_call(). */
const char *
author_store_files(Call *call, const char *action, const lim_file *files, uint32_t count,
				   bool directory)
{
	lim_load	result;
	uint32_t	i;

	if (!lim_author_load(&call->cx, LIM_POSTGRES, &call->ledger, call->graph, &call->state, files,
						 count, directory, random_id(), &result))
		core_error(&call->cx);
	compare_rows(call, &result);
	if (result.count >= MANY_FILES)
		writer_begin_storing(call);
	for (i = 0; i < result.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		store_or_vouch(call, action, &result.records[i], both_bodies);
	}
	writer_close(call);
	if (directory)
	{
		const char *summary = lim_load_summary(&call->cx, &result);

		if (summary == NULL)
			core_error(&call->cx);
		return summary;
	}
	tell_mended(&result.records[0]);
	tell_marks(&result.records[0]);
	return result.records[0].id;
}

static const char *
load_one(Call *call, void *file)
{
	if (!lim_format_read_one(&call->cx, LIM_POSTGRES, file))
		core_error(&call->cx);
	return author_store_files(call, "load", file, 1, false);
}

/* migrate_load(script, name) */
Datum
migrate_load(PG_FUNCTION_ARGS)
{
	lim_bytes	script = argument_body(fcinfo, 0);
	lim_file	file = {argument_text(fcinfo, 1), script.text, script.length};

	if (script.text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"script\" of migrate_load() is required"),
				 errhint("SELECT migrate_load('...', 'name.sql').")));
	return author_call("migrate_load()", load_one, &file);
}

/* Stores the files of a directory, wherever they come from: a LoadRequest's work. */
const char *
author_load_directory(Call *call, void *arguments)
{
	LoadRequest *request = arguments;
	lim_tool	format;
	uint32_t	count;
	lim_file   *files;

	if (!lim_format_named(&call->cx, request->format, &format))
		core_error(&call->cx);
	files = request->read(call, format, request->source, &count);
	if (!lim_format_read(&call->cx, LIM_POSTGRES, &format, files, count, &files, &count))
		core_error(&call->cx);
	return author_store_files(call, "load", files, count, true);
}

/* migrate_load_dir(path, format) */
Datum
migrate_load_dir(PG_FUNCTION_ARGS)
{
	LoadRequest request = {argument_text(fcinfo, 1), directory_read, NULL};

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"path\" of migrate_load_dir() is required"),
				 errhint("SELECT migrate_load_dir('migrations').")));
	directory_require_right();
	request.source = text_to_cstring(PG_GETARG_TEXT_PP(0));
	return author_call("migrate_load_dir()", author_load_directory, &request);
}
