/*
 * import.c - migrate_import(): revisions out of what Alembic prints
 */
#include "limbeck.h"

#include "../core/import.h"

PG_FUNCTION_INFO_V1(migrate_import);

typedef struct ImportRequest
{
	const char *tool;
	lim_bytes	upgrade;
	lim_bytes	downgrade;
} ImportRequest;

static const char *
import(Call *call, void *arguments)
{
	ImportRequest *request = arguments;
	uint32_t	count;
	lim_file   *files;

	if (!lim_import(&call->cx, LIM_POSTGRES, request->tool, &request->upgrade, &request->downgrade,
					&files, &count))
		core_error(&call->cx);
	return author_store_files(call, "import", files, count, true);
}

/* migrate_import(tool, upgrade_sql, downgrade_sql) */
Datum
migrate_import(PG_FUNCTION_ARGS)
{
	ImportRequest request = {argument_text(fcinfo, 0), argument_body(fcinfo, 1),
	argument_body(fcinfo, 2)};

	return author_call("migrate_import()", import, &request);
}
