/*
** directory.h - the migration files of a directory
*/
#ifndef LIMBECK_DIRECTORY_H
#define LIMBECK_DIRECTORY_H

#include "author.h"
#include "call.h"

/* The size beyond which a file cannot be a migration: 32 MiB. */
#define LIMBECK_FILE_LIMIT (UINT32_C(32) << 20)

/* Reads all regular files of a directory whose names end in .sql, in byte order of their names;
*files
** that begin with a dot, other files and directories are passed over. Names and texts are owned by
** the call. */
bool limbeck_directory_read(limbeck_call *call, const char *path, lim_file **files,
                            uint32_t *count);

/* Records that a file is beyond the limit. Always false. */
bool limbeck_fail_file_size(limbeck_call *call, const char *name);

#endif
