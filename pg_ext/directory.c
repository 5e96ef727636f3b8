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
	if (status.st_size > LIM_SIZE_LIMIT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("file \"%s\" is too big for a migration", path),
				 errhint("A migration is at most %u MiB of text.", LIM_SIZE_LIMIT >> 20)));
	/* one byte more than there should be, to see that it did not grow meanwhile */
	text = MemoryContextAlloc(call->memory, status.st_size + 2);
	file->length = fread(text, 1, status.st_size + 1, stream);
	if (ferror(stream))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("cannot read file \"%s\": %m", path)));
	if (file->length > status.st_size)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("file \"%s\" changes while it is read", path)));
	text[file->length] = '\0';
	file->text = text;
	FreeFile(stream);
}

/* One walk through a directory and those below it that the format has. */
typedef struct Walk
{
	Call	   *call;
	const char *path;			/* the directory that was named */
	lim_tool	format;
	lim_file   *files;
	uint32_t	count;
	uint32_t	capacity;
} Walk;

static void
add_file(Walk *walk, const char *name, const char *path)
{
	lim_file   *file;

	if (walk->count == walk->capacity)
	{
		walk->capacity *= 2;
		walk->files = repalloc_huge(walk->files, sizeof(lim_file) * walk->capacity);
	}
	file = &walk->files[walk->count];
	file->name = MemoryContextStrdup(walk->call->memory, name);
	read_file(walk->call, path, file);
	walk->count++;
}

/* Reads one directory; prefix is its relative path, empty or with a slash behind it. */
static void
walk_directory(Walk *walk, const char *prefix)
{
	char	   *path = *prefix ? psprintf("%s/%s", walk->path, prefix) : pstrdup(walk->path);
	DIR		   *directory = AllocateDir(path);
	struct dirent *entry;

	check_stack_depth();
	if (directory == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("cannot read directory \"%s\": %m", path)));
	while ((entry = ReadDir(directory, path)) != NULL)
	{
		char	   *name = psprintf("%s%s", prefix, entry->d_name);
		bool		wanted = lim_format_wants(walk->format, name);
		bool		entered = !wanted && lim_format_enters(walk->format, name);
		char	   *full = psprintf("%s/%s", walk->path, name);
		struct stat status;

		CHECK_FOR_INTERRUPTS();
		if (entry->d_name[0] != '.' && (wanted || entered))
		{
			bool		there = stat(full, &status) == 0;

			if (wanted && !there)
				ereport(ERROR,
						(errcode_for_file_access(),
						 errmsg("cannot read file \"%s\": %m", full)));
			if (wanted && S_ISREG(status.st_mode))
				add_file(walk, name, full);
			else if (entered && there && S_ISDIR(status.st_mode))
				walk_directory(walk, psprintf("%s/", name));
		}
		pfree(full);
		pfree(name);
	}
	FreeDir(directory);
	pfree(path);
}

/* The files that a format wants, of the directory at a path and of those below it that the format has, in no
 * order: core has its own. Their names are paths relative to the directory. */
lim_file *
directory_read(Call *call, lim_tool format, const void *path, uint32_t *count)
{
	Walk		walk = {call, path, format, NULL, 0, 64};

	walk.files = MemoryContextAlloc(call->memory, sizeof(lim_file) * walk.capacity);
	walk_directory(&walk, "");
	*count = walk.count;
	return walk.files;
}
