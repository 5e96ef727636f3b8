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

/* An array's elements. A NULL among the scripts is told with the name of its file: it is what psql sends of one
 * that it can't read. */
static Datum *
elements(FunctionCallInfo fcinfo, int n, Oid type, const char *argument, const Datum *names,
		 int name_count, int *count)
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
					 errmsg("argument \"%s\" of migrate_load_files() holds a NULL", argument),
					 i < name_count ? errdetail("File \"%s\" could not be read, or was not.",
												TextDatumGetCString(names[i])) : 0));
	}
	return values;
}

/* The arrays that the client gave. */
typedef struct FileArrays
{
	Datum	   *names;
	Datum	   *scripts;
	int			count;
} FileArrays;

/* The files that the format wants. */
static lim_file *
wanted_files(Call *call, lim_tool format, const void *source, uint32_t *count)
{
	const FileArrays *arrays = source;
	lim_file   *files = MemoryContextAllocHuge(call->memory, sizeof(lim_file) * (arrays->count + 1));
	int			i;

	*count = 0;
	for (i = 0; i < arrays->count; i++)
	{
		const char *name = to_core(TextDatumGetCString(arrays->names[i]));
		bytea	   *script;

		CHECK_FOR_INTERRUPTS();
		if (!lim_format_wants(format, name))
			continue;
		script = DatumGetByteaPP(arrays->scripts[i]);
		files[*count].name = MemoryContextStrdup(call->memory, name);
		files[*count].text = VARDATA_ANY(script);
		files[*count].length = VARSIZE_ANY_EXHDR(script);
		++*count;
	}
	return files;
}

/* migrate_load_files(names, scripts, format) */
Datum
migrate_load_files(PG_FUNCTION_ARGS)
{
	FileArrays	arrays;
	LoadRequest request = {argument_text(fcinfo, 2), wanted_files, &arrays};
	int			script_count;

	arrays.names = elements(fcinfo, 0, TEXTOID, "names", NULL, 0, &arrays.count);
	arrays.scripts = elements(fcinfo, 1, BYTEAOID, "scripts", arrays.names, arrays.count,
							  &script_count);
	if (arrays.count != script_count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("migrate_load_files() got %d names and %d scripts", arrays.count,
						script_count)));
	return author_call("migrate_load_files()", author_load_directory, &request);
}
