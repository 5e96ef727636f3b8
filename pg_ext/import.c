/*
 * import.c - migrate_import(): revisions out of what Alembic prints
 */
#include "limbeck.h"

#include "../core/import.h"

PG_FUNCTION_INFO_V1(migrate_import);

/* migrate_import(tool, upgrade_sql, downgrade_sql) */
Datum
migrate_import(PG_FUNCTION_ARGS)
{
	const char *tool = argument_text(fcinfo, 0);
	lim_bytes	upgrade = argument_bytes(fcinfo, 1);
	lim_bytes	downgrade = argument_bytes(fcinfo, 2);
	LedgerAccess access;
	uint32_t	count;
	lim_file   *files;
	Call		call;

	begin_authoring(&call, "migrate_import()", &access);
	if (!lim_import(&call.cx, LIM_POSTGRES, tool, &upgrade, &downgrade, &files, &count))
		core_error(&call.cx);
	return end_authoring(&call, &access, author_store_files(&call, "import", files, count, true));
}
