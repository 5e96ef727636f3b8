/*
 * call.c - the frame of a call: its memory, the extension it belongs to, core's errors, encodings
 */
#include "limbeck.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

static void *
allocate(void *host, size_t size)
{
	if (!AllocHugeSizeIsValid(size))
		return NULL;
	return MemoryContextAllocExtended((MemoryContext) host, size,
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
}

static void
release(void *host, void *block)
{
	pfree(block);
}

/* A context of core's whose blocks live in a memory context of the server's. */
lim_context
core_context(MemoryContext memory)
{
	lim_allocator allocator = {allocate, release, memory};
	lim_context cx;

	lim_context_begin(&cx, &allocator);
	return cx;
}

/* Finds the extension, its owner and its schema. */
static void
find_extension(Call *call)
{
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	call->extension = get_extension_oid("limbeck", true);
	catalog = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(call->extension));
	scan = systable_beginscan(catalog, ExtensionOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"limbeck\" is not installed in this database"),
				 errhint("Run CREATE EXTENSION limbeck.")));
	call->owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
	call->schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
}

/* Starts a call that only reads. Its memory goes with the caller's. */
void
call_begin(Call *call, const char *function)
{
	MemoryContext old;

	memset(call, 0, sizeof(*call));
	call->function = function;
	call->caller = GetUserId();
	call->memory = AllocSetContextCreate(CurrentMemoryContext, "limbeck call",
										 ALLOCSET_DEFAULT_SIZES);
	call->cx = core_context(call->memory);
	find_extension(call);
	old = MemoryContextSwitchTo(call->memory);
	call->schema_name = pstrdup(quote_identifier(get_namespace_name(call->schema)));
	MemoryContextSwitchTo(old);
}

/* Starts a call that writes: refuses where nothing can be written. */
void
call_begin_writing(Call *call, const char *function)
{
	if (running_body() != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a body cannot call %s", function),
				 errhint("Take the statement out of the body.")));
	if (creating_extension)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("an extension's script can't call %s", function)));
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s during recovery", function),
				 errhint("This server is a standby. What reads works here; call what writes on the primary.")));
	PreventCommandIfParallelMode(function);
	PreventCommandIfReadOnly(function);
	call_begin(call, function);
	call->writing = true;
}

void
call_end(Call *call)
{
	lim_context_end(&call->cx);
	MemoryContextDelete(call->memory);
}

static int
sqlstate(lim_error_code code)
{
	switch (code)
	{
		case LIM_OK:
			break;
		case LIM_NOMEM:
			return ERRCODE_OUT_OF_MEMORY;
		case LIM_INVALID:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case LIM_SYNTAX:
			return ERRCODE_SYNTAX_ERROR;
		case LIM_UNDEFINED:
			return ERRCODE_UNDEFINED_OBJECT;
		case LIM_AMBIGUOUS:
			return ERRCODE_AMBIGUOUS_ALIAS;
		case LIM_DUPLICATE:
			return ERRCODE_DUPLICATE_OBJECT;
		case LIM_STATE:
			return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
		case LIM_CORRUPT:
			return ERRCODE_DATA_CORRUPTED;
		case LIM_NOT_SUPPORTED:
			return ERRCODE_FEATURE_NOT_SUPPORTED;
		case LIM_TOO_BIG:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
	}
	return ERRCODE_INTERNAL_ERROR;
}

/* Raises the failure that core recorded. */
void
core_error(lim_context *cx)
{
	const lim_error *error = &cx->error;

	ereport(ERROR,
			(errcode(sqlstate(error->code)),
			 errmsg("%s", error->code == LIM_NOMEM ? "out of memory" : from_core(error->message)),
			 error->detail ? errdetail("%s", from_core(error->detail)) : 0,
			 error->hint ? errhint("%s", from_core(error->hint)) : 0));
}

/* The server's encoding to core's, which is UTF-8. The same pointer where nothing is to be done. */
const char *
to_core(const char *text)
{
	return text ? pg_server_to_any(text, strlen(text), PG_UTF8) : NULL;
}

const char *
from_core(const char *text)
{
	return text ? pg_any_to_server(text, strlen(text), PG_UTF8) : NULL;
}

Datum
result_text(const char *text)
{
	return CStringGetTextDatum(from_core(text));
}

/* The same of a text that may have no NUL behind it. */
Datum
result_bytes(lim_bytes bytes)
{
	char	   *text = pg_any_to_server(bytes.text, bytes.length, PG_UTF8);
	size_t		length = text == bytes.text ? bytes.length : strlen(text);

	return PointerGetDatum(cstring_to_text_with_len(text, length));
}
