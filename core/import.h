/*
** import.h - revisions out of the script that another tool prints
**
** Alembic's revisions are Python; what they do is known to Alembic alone, and it prints it:
**
**     alembic upgrade base:heads --sql        alembic downgrade heads:base --sql
**
** A line `-- Running upgrade a, b -> c` begins a revision; what stands up to the next one is its
** body, without the statements on alembic_version. Alembic's log may be part of the text (2>&1): its
** lines `INFO  [alembic.runtime.migration] Running upgrade a -> b, add users` have the messages, which
** older versions of Alembic leave out of the script.
**
** What a version row is lost to besides a revision's parents was a dependency. Statements outside
** the transaction that the script has (an autocommit_block) make a body transaction:false.
*/
#ifndef LIM_IMPORT_H
#define LIM_IMPORT_H

#include "author.h"

/* Makes a migration file of each revision, with all header lines. downgrade may be absent; a
** revision that it doesn't take down is irreversible. Fails for another tool (LIM_NOT_SUPPORTED),
** and, naming the line, for text that is no such script. */
bool lim_import(lim_context *cx, lim_dialect dialect, const char *tool, const lim_bytes *upgrade,
                const lim_bytes *downgrade, lim_file **files, uint32_t *count);

#endif
