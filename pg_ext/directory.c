/*
 * directory.c - migration files of the server
 *
 * Who may read the server's files is the server's own question: pg_read_server_files, asked before the
 * path is touched, so that not even its existence is told to others.
 */
#include "limbeck.h"

#include <sys/stat.h>

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/memutils.h"

#include "compat.h"

void
directory_require_right(void)
{
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for migrate_load_dir()"),
				 errdetail("Only roles with the rights of \"pg_read_server_files\" may read files of the server."),
				 errhint("Load the files' texts with migrate_load().")));
}

void
directory_too_big(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("file \"%s\" is too big for a migration", name ? from_core(name) : ""),
			 errhint("A migration is at most 32 MiB of text.")));
}

/* The whole of a file, as it is on disk. */
static void
read_file(Call *call, const char *path, lim_file *file)
{
	struct stat status;
	FILE	   *stream;
	char	   *text;

	stream = AllocateFile(path, PG_BINARY_R);
	if (stream == NULL || fstat(fileno(stream), &status) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("cannot read file \"%s\": %m", path)));
	if (status.st_size > FILE_LIMIT)
		directory_too_big(path);
	text = MemoryContextAlloc(call->memory, status.st_size + 1);
	file->length = fread(text, 1, status.st_size, stream);
	if (ferror(stream))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("cannot read file \"%s\": %m", path)));
	text[file->length] = '\0';
	file->text = text;
	FreeFile(stream);
}

static bool
is_migration_file(const char *directory, const char *name)
{
	size_t		length = strlen(name);
	struct stat status;
	char		path[MAXPGPATH * 2];

	if (name[0] == '.' || length < 5 || strcmp(name + length - 4, ".sql") != 0)
		return false;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* All *.sql files of a directory, in no order: core has its own. */
lim_file *
directory_read(Call *call, const char *path, uint32_t *count)
{
	uint32_t	capacity = 64;
	lim_file   *files = MemoryContextAlloc(call->memory, sizeof(lim_file) * capacity);
	DIR		   *directory = AllocateDir(path);
	struct dirent *entry;

	if (directory == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("cannot read directory \"%s\": %m", path)));
	*count = 0;
	while ((entry = ReadDir(directory, path)) != NULL)
	{
		char	   *file_path;

		CHECK_FOR_INTERRUPTS();
		if (!is_migration_file(path, entry->d_name))
			continue;
		if (*count == capacity)
		{
			capacity *= 2;
			files = repalloc_huge(files, sizeof(lim_file) * capacity);
		}
		file_path = psprintf("%s/%s", path, entry->d_name);
		files[*count].name = MemoryContextStrdup(call->memory, entry->d_name);
		read_file(call, file_path, &files[*count]);
		++*count;
		pfree(file_path);
	}
	FreeDir(directory);
	return files;
}
