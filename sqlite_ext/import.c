/*
** import.c - migrate_import(): revisions out of what Alembic prints
**
**     SELECT migrate_import('alembic', CAST(readfile('up.sql') AS text),
**                                      CAST(readfile('down.sql') AS text));
*/
#include "functions.h"
#include "import.h"

bool limbeck_import(limbeck_call *call, limbeck_arguments arguments, const char **result) {
    lim_file *files;
    uint32_t count;
    lim_load load;
    if (!lim_import(&call->cx, LIM_SQLITE, arguments[0].text, &arguments[1], &arguments[2], &files,
                    &count) ||
        !limbeck_store_files(call, "import", files, count, true, &load)) {
        return false;
    }
    *result = lim_load_summary(&call->cx, &load);
    return *result != NULL;
}
