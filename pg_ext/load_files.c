/*
 * load_files.c - migrate_load_files(): a directory that the client has read
 *
 * A client's files can't be read by the server, and one by one they would not be a directory: parents
 * may come after children, and a file that names no parent follows the one before it. So their bytes
 * come as arrays. limbeck_load.psql calls this.
 */
#include "limbeck.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"

PG_FUNCTION_INFO_V1(migrate_load_files);

static Datum *
elements(FunctionCallInfo fcinfo, int n, Oid type, const char *name, int *count)
{
	Datum	   *values;
	bool	   *nulls;
	int			i;

	*count = 0;
	if (PG_ARGISNULL(n))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), type, -1, false, TYPALIGN_INT, &values, &nulls,
					  count);
	for (i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"%s\" of migrate_load_files() holds a NULL", name)));
	}
	return values;
}

/* The arrays that the client gave. */
typedef struct FilesRequest
{
	const char *format;
	Datum	   *names;
	Datum	   *scripts;
	int			count;
} FilesRequest;

/* The files that the format wants. */
static lim_file *
wanted_files(Call *call, lim_tool format, const FilesRequest *request, uint32_t *count)
{
	lim_file   *files = MemoryContextAllocHuge(call->memory, sizeof(lim_file) * (request->count + 1));
	int			i;

	*count = 0;
	for (i = 0; i < request->count; i++)
	{
		const char *name = to_core(TextDatumGetCString(request->names[i]));
		bytea	   *script;

		CHECK_FOR_INTERRUPTS();
		if (!lim_format_wants(format, name))
			continue;
		script = DatumGetByteaPP(request->scripts[i]);
		files[*count].name = MemoryContextStrdup(call->memory, name);
		files[*count].text = VARDATA_ANY(script);
		files[*count].length = VARSIZE_ANY_EXHDR(script);
		++*count;
	}
	return files;
}

static const char *
load_files(Call *call, void *arguments)
{
	FilesRequest *request = arguments;
	lim_tool	format;
	uint32_t	count;
	lim_file   *files;

	if (!lim_format_named(&call->cx, request->format, &format))
		core_error(&call->cx);
	files = wanted_files(call, format, request, &count);
	if (!lim_format_read(&call->cx, LIM_POSTGRES, &format, files, count, &files, &count))
		core_error(&call->cx);
	return author_store_files(call, "load", files, count, true);
}

/* migrate_load_files(names, scripts, format) */
Datum
migrate_load_files(PG_FUNCTION_ARGS)
{
	FilesRequest request = {.format = argument_text(fcinfo, 2)};
	int			script_count;

	request.names = elements(fcinfo, 0, TEXTOID, "names", &request.count);
	request.scripts = elements(fcinfo, 1, BYTEAOID, "scripts", &script_count);
	if (request.count != script_count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("migrate_load_files() got %d names and %d scripts", request.count,
						script_count)));
	return author_call("migrate_load_files()", load_files, &request);
}
