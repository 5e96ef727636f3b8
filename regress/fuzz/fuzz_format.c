/*
** fuzz_format.c - whatever is read out of another tool's files parses as a file of Limbeck's
**
** The first byte chooses the format, the engine and what is done: a directory (names and texts in
** turn, parted by \x01), or Alembic's script (both ways, parted by \x01).
*/
#include "format.h"
#include "import.h"
#include "script.h"
#include "fuzz_memory.h"

enum { FILES = 16 };

/* Cuts off what stands before the next \x01; a copy, so that reading past its end is seen. A name has a
** NUL behind it, a text has nothing. */
static char *cut(const uint8_t **data, size_t *size, size_t *length, bool name) {
    const uint8_t *end = *size == 0 ? NULL : memchr(*data, 1, *size);
    *length = end == NULL ? *size : (size_t)(end - *data);
    char *copy = malloc(*length + (name || *length == 0));
    if (copy == NULL)
        abort();
    if (*length > 0)
        memcpy(copy, *data, *length);
    if (name)
        copy[*length] = '\0';
    *data += *length + (end != NULL);
    *size -= *length + (end != NULL);
    return copy;
}

/* What was made must be a file of Limbeck's with an id, and its own canonical form. */
static void judge(lim_context *cx, const lim_file *files, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        lim_script script;
        if (!lim_script_parse(cx, files[i].text, files[i].length, files[i].name, &script) ||
            script.id == NULL || script.length != files[i].length)
            abort();
    }
}

static void read_directory(lim_context *cx, lim_dialect dialect, lim_tool format,
                           const uint8_t *data, size_t size) {
    lim_file files[FILES], *out;
    char *owned[2 * FILES];
    uint32_t count = 0, made, kept = 0;
    while (size > 0 && kept < 2 * FILES) {
        size_t name_length;
        owned[kept++] = cut(&data, &size, &name_length, true);
        lim_file file = {.name = owned[kept - 1]};
        owned[kept++] = cut(&data, &size, &file.length, false);
        file.text = owned[kept - 1];
        (void)lim_format_enters(format, file.name);
        lim_file alone = file;
        if (lim_format_read_one(cx, dialect, &alone) && alone.text != file.text)
            judge(cx, &alone, 1);
        cx->error = (lim_error){LIM_OK, NULL, NULL, NULL};
        if (lim_format_wants(format, file.name))
            files[count++] = file;
    }
    bool own = format == LIM_FORMAT_LIMBECK || format == LIM_FORMAT_DBMATE;
    if (lim_format_read(cx, dialect, &format, files, count, &out, &made)) {
        own = own || format == LIM_FORMAT_LIMBECK;
        if (!own)
            judge(cx, out, made);
    } else if (cx->error.code == LIM_OK || cx->error.message == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < kept; i++)
        free(owned[i]);
}

static void read_alembic(lim_context *cx, lim_dialect dialect, const uint8_t *data, size_t size) {
    lim_bytes up, down;
    char *a = cut(&data, &size, &up.length, false);
    char *b = cut(&data, &size, &down.length, false);
    lim_file *out;
    uint32_t made;
    up.text = a;
    down.text = b;
    if (lim_import(cx, dialect, "alembic", &up, &down, &out, &made))
        judge(cx, out, made);
    else if (cx->error.code == LIM_OK || cx->error.message == NULL)
        abort();
    free(a);
    free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lim_context cx;
    fuzz_memory memory;
    if (size == 0)
        return 0;
    unsigned choice = data[0];
    lim_dialect dialect = (choice & 1) != 0 ? LIM_POSTGRES : LIM_SQLITE;
    lim_tool format = (lim_tool)((choice >> 1) % (LIM_FORMATS + 1));
    fuzz_begin(&cx, &memory, SIZE_MAX);
    if (format == LIM_FORMATS)
        read_alembic(&cx, dialect, data + 1, size - 1);
    else
        read_directory(&cx, dialect, format, data + 1, size - 1);
    lim_context_end(&cx);
    return 0;
}
