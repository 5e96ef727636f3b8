/*
** directory.h - the migration files of a directory
*/
#ifndef LIMBECK_DIRECTORY_H
#define LIMBECK_DIRECTORY_H

#include "call.h"
#include "format.h"

/* Reads the regular files that a format wants, of a directory and of those below it that the format
** has, in byte order of their names, which are paths relative to the directory; what begins with a
** dot is passed over. Names and texts are owned by the call. */
bool limbeck_directory_read(limbeck_call *call, const char *path, lim_tool format, lim_file **files,
                            uint32_t *count);

#endif
