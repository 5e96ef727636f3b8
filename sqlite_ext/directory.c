/*
** directory.c - the migration files of a directory
*/
#define _POSIX_C_SOURCE 200809L /* strerror_r, opendir */
#include "directory.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool limbeck_fail_file_size(limbeck_call *call, const char *name) {
    return lim_fail(&call->cx, LIM_TOO_BIG, "A migration is at most 32 MiB of text.",
                    "file \"%s\" is too big for a migration",
                    name != NULL ? lim_show(&call->cx, name) : "");
}

static bool fail_system(limbeck_call *call, const char *what, const char *path) {
    const char *reason = strerror(errno);
    return lim_fail(&call->cx, LIM_INVALID, NULL, "cannot read %s \"%s\": %s", what,
                    lim_show(&call->cx, path), reason);
}

static bool is_migration(const char *name) {
    size_t length = strlen(name);
    return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".sql") == 0;
}

/* The migrations' names, in byte order. */
static bool read_names(limbeck_call *call, const char *path, lim_list *names) {
    DIR *directory = opendir(path);
    struct dirent *entry;
    if (directory == NULL) {
        return fail_system(call, "directory", path);
    }
    errno = 0;
    while (!limbeck_failed(call) && (entry = readdir(directory)) != NULL) {
        if (is_migration(entry->d_name)) {
            const char *name = lim_copy_string(&call->cx, entry->d_name);
            if (name == NULL || !lim_list_add(&call->cx, names, name)) {
                break;
            }
        }
        errno = 0;
    }
    if (!limbeck_failed(call) && errno != 0) {
        fail_system(call, "directory", path);
    }
    closedir(directory);
    if (names->count > 1) {
        qsort(names->items, names->count, sizeof *names->items, lim_compare_names);
    }
    return !limbeck_failed(call);
}

/* Reads a file that fstat() said to have size bytes. */
static bool read_text(limbeck_call *call, FILE *stream, const char *path, size_t size,
                      lim_file *file) {
    char *text = lim_alloc_raw(&call->cx, size + 2);
    if (text == NULL) {
        return false;
    }
    /* One byte more than there should be, to see that it did not grow meanwhile. */
    file->length = fread(text, 1, size + 1, stream);
    if (ferror(stream)) {
        return fail_system(call, "file", path);
    }
    if (file->length > size) {
        return lim_fail(&call->cx, LIM_STATE, NULL, "file \"%s\" changes while it is read",
                        lim_show(&call->cx, path));
    }
    text[file->length] = '\0';
    file->text = text;
    return true;
}

/* Reads one file; *regular is false, and nothing is read, when it is something else. */
static bool read_file(limbeck_call *call, const char *path, lim_file *file, bool *regular) {
    FILE *stream;
    struct stat about;
    bool ok;
    *regular = false;
    if (stat(path, &about) != 0) {
        return fail_system(call, "file", path);
    }
    if (!S_ISREG(about.st_mode)) {
        return true; /* opening a pipe would wait */
    }
    *regular = true;
    stream = fopen(path, "rb");
    if (stream == NULL) {
        return fail_system(call, "file", path);
    }
    if (fstat(fileno(stream), &about) != 0) {
        ok = fail_system(call, "file", path);
    } else if (about.st_size > (off_t)LIMBECK_FILE_LIMIT) {
        ok = limbeck_fail_file_size(call, path);
    } else {
        ok = read_text(call, stream, path, (size_t)about.st_size, file);
    }
    fclose(stream);
    return ok;
}

bool limbeck_directory_read(limbeck_call *call, const char *path, lim_file **files,
                            uint32_t *count) {
    lim_list names = {0};
    *count = 0;
    if (!read_names(call, path, &names)) {
        return false;
    }
    *files = LIM_NEW(&call->cx, lim_file, names.count + 1);
    for (uint32_t i = 0; *files != NULL && i < names.count; i++) {
        const char *full = lim_format(&call->cx, "%s/%s", path, names.items[i]);
        lim_file *file = &(*files)[*count];
        bool regular;
        if (full == NULL || !read_file(call, full, file, &regular)) {
            return false;
        }
        if (regular) {
            file->name = names.items[i];
            ++*count;
        }
    }
    return *files != NULL;
}
