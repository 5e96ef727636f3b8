/*
** directory.c - the migration files of a directory
*/
#define _POSIX_C_SOURCE 200809L /* opendir, fileno */
#include "directory.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool fail_system(limbeck_call *call, const char *what, const char *path) {
    const char *reason = strerror(errno);
    return lim_fail(&call->cx, LIM_INVALID, NULL, "cannot read %s \"%s\": %s", what,
                    lim_show(&call->cx, path), reason);
}

/* One walk through a directory and those below it that the format has. */
typedef struct walk {
    limbeck_call *call;
    const char *path; /* the directory that was named */
    lim_tool format;
    lim_list names; /* of the files, relative to it */
} walk;

/* Takes an entry of a directory: a file that the format wants, or a directory to be read, too. */
static bool take_entry(walk *w, const char *prefix, const char *entry, lim_list *below) {
    lim_context *cx = &w->call->cx;
    const char *name = lim_format(cx, "%s%s", prefix, entry);
    struct stat about;
    if (name == NULL || entry[0] == '.') {
        return name != NULL;
    }
    if (lim_format_wants(w->format, name)) {
        return lim_list_add(cx, &w->names, name);
    }
    if (lim_format_enters(w->format, name)) {
        const char *full = lim_format(cx, "%s/%s", w->path, name);
        if (full == NULL) {
            return false;
        }
        if (stat(full, &about) == 0 && S_ISDIR(about.st_mode)) {
            return lim_list_add(cx, below, name);
        }
    }
    return true;
}

/* Reads the names of one directory; prefix is its relative path, empty or with a slash behind it. */
static bool read_names(walk *w, const char *prefix) {
    limbeck_call *call = w->call;
    const char *full = *prefix == '\0' ? w->path : lim_format(&call->cx, "%s/%s", w->path, prefix);
    lim_list below = {0};
    struct dirent *entry;
    DIR *directory = full != NULL ? opendir(full) : NULL;
    if (directory == NULL) {
        return full != NULL && fail_system(call, "directory", full);
    }
    errno = 0;
    while (!limbeck_failed(call) && (entry = readdir(directory)) != NULL) {
        take_entry(w, prefix, entry->d_name, &below);
        errno = 0;
    }
    if (!limbeck_failed(call) && errno != 0) {
        fail_system(call, "directory", full);
    }
    closedir(directory);
    for (uint32_t i = 0; !limbeck_failed(call) && i < below.count; i++) {
        const char *next = lim_format(&call->cx, "%s/", below.items[i]);
        if (next == NULL || !read_names(w, next)) {
            return false;
        }
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
    } else if (about.st_size > (off_t)LIM_SIZE_LIMIT) {
        ok = lim_fail(&call->cx, LIM_TOO_BIG,
                      lim_format(&call->cx, "A migration is at most %u MiB of text.",
                                 (unsigned)(LIM_SIZE_LIMIT >> 20)),
                      "file \"%s\" is too big for a migration", lim_show(&call->cx, path));
    } else {
        ok = read_text(call, stream, path, (size_t)about.st_size, file);
    }
    fclose(stream);
    return ok;
}

bool limbeck_directory_read(limbeck_call *call, const char *path, lim_tool format, lim_file **files,
                            uint32_t *count) {
    walk w = {call, path, format, {0}};
    *count = 0;
    if (!read_names(&w, "")) {
        return false;
    }
    if (w.names.count > 1) {
        qsort(w.names.items, w.names.count, sizeof *w.names.items, lim_compare_names);
    }
    *files = LIM_NEW(&call->cx, lim_file, w.names.count + 1);
    for (uint32_t i = 0; *files != NULL && i < w.names.count; i++) {
        const char *full = lim_format(&call->cx, "%s/%s", path, w.names.items[i]);
        lim_file *file = &(*files)[*count];
        bool regular;
        if (full == NULL || !read_file(call, full, file, &regular)) {
            return false;
        }
        if (regular) {
            file->name = w.names.items[i];
            ++*count;
        }
    }
    return *files != NULL;
}
