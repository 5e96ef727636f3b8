/*
** format_read.c - what the readers of other tools' files share
*/
#include "format_read.h"

#include "checksum.h"
#include "graph.h"

#include <stdlib.h>
#include <string.h>

/* ---- failing -------------------------------------------------------------------------------- */

bool lim_source_fail(lim_context *cx, const lim_source *s, lim_error_code code, const char *hint,
                     const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *message = lim_vformat(cx, format, args);
    va_end(args);
    return message != NULL && lim_fail(cx, code, hint, "%s: %s", lim_show(cx, s->name), message);
}

bool lim_source_fail_at(lim_context *cx, const lim_source *s, size_t at, lim_error_code code,
                        const char *hint, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *message = lim_vformat(cx, format, args);
    va_end(args);
    return message != NULL &&
           lim_fail(cx, code, hint, "%s, line %u: %s", lim_show(cx, s->name),
                    (unsigned)lim_position_at(s->text, s->length, at).line, message);
}

/* Puts the file's name before the failure just recorded. */
static bool fail_named(lim_context *cx, const char *file) {
    if (cx->error.code != LIM_NOMEM) {
        const char *message = lim_format(cx, "%s: %s", lim_show(cx, file), cx->error.message);
        if (message != NULL && cx->error.code != LIM_NOMEM)
            cx->error.message = message;
    }
    return false;
}

/* ---- text ----------------------------------------------------------------------------------- */

bool lim_source_open(lim_context *cx, const lim_file *file, lim_source *s) {
    static const char SAVE[] = "Save the file as UTF-8.";
    *s = (lim_source){file->name, file->text, file->length};
    if (!lim_size_check(cx, "the file", "a migration file", file->length))
        return fail_named(cx, file->name);
    if (s->length >= 2 &&
        (memcmp(s->text, "\xFF\xFE", 2) == 0 || memcmp(s->text, "\xFE\xFF", 2) == 0))
        return lim_source_fail(cx, s, LIM_SYNTAX, SAVE, "the text is UTF-16");
    s->text = lim_canonical(cx, file->text, file->length, &s->length);
    if (s->text == NULL)
        return false;
    const char *nul = s->length == 0 ? NULL : memchr(s->text, '\0', s->length);
    if (nul != NULL)
        return lim_source_fail_at(cx, s, (size_t)(nul - s->text), LIM_SYNTAX, SAVE, "a NUL byte");
    size_t bad;
    if (lim_utf8_valid(s->text, s->length, &bad))
        return true;
    return lim_source_fail_at(cx, s, bad, LIM_SYNTAX, SAVE, "byte 0x%02x in column %u is not UTF-8",
                              (unsigned)(unsigned char)s->text[bad],
                              (unsigned)lim_position_at(s->text, s->length, bad).column);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool lim_line_starts(const char *text, size_t at, size_t *start) {
    while (at > 0 && is_blank(text[at - 1]))
        at--;
    *start = at;
    return at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r';
}

lim_section lim_section_of(const char *text, size_t length, bool transactional) {
    return (lim_section){
        .present = true, .transactional = transactional, .body = text, .length = length};
}

/* ---- markers -------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    lim_tool format;
} MARKERS[] = {
    {"+goose", LIM_FORMAT_GOOSE},
    {"+migrate", LIM_FORMAT_SQL_MIGRATE},
    {"migrate:", LIM_FORMAT_LIMBECK},
};

lim_tool lim_marker_at(const char *text, size_t length, size_t at, size_t *words) {
    if (length - at < 2 || text[at] != '-' || text[at + 1] != '-')
        return LIM_FORMAT_DETECT;
    for (at += 2; at < length && is_blank(text[at]); at++)
        ;
    for (size_t i = 0; i < sizeof MARKERS / sizeof *MARKERS; i++) {
        size_t size = strlen(MARKERS[i].word), end = at + size;
        if (length - at < size || memcmp(text + at, MARKERS[i].word, size) != 0)
            continue;
        char next = end < length ? text[end] : '\n';
        bool letter = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || next == '_';
        bool marker =
            text[end - 1] == ':' ? letter : is_blank(next) || next == '\n' || next == '\r';
        if (!marker)
            return LIM_FORMAT_DETECT;
        *words = end;
        return MARKERS[i].format;
    }
    return LIM_FORMAT_DETECT;
}

bool lim_source_check_sql(lim_reading *r, const lim_source *s) {
    lim_token t;
    for (size_t at = 0, start, words; at < s->length; at += t.length) {
        t = lim_lex(r->dialect, s->text, s->length, at);
        if (t.kind == LIM_TOKEN_COMMENT && lim_line_starts(s->text, at, &start)) {
            lim_tool marker = lim_marker_at(s->text, s->length, at, &words);
            if (marker == LIM_FORMAT_GOOSE || marker == LIM_FORMAT_SQL_MIGRATE)
                return lim_source_fail_at(r->cx, s, at, LIM_SYNTAX,
                                          "Load it as what it is, or take the line out.",
                                          "a marker of %s in a file of %s", lim_format_name(marker),
                                          lim_format_name(r->format));
        }
        if (s->text[at] == '\\' && lim_line_starts(s->text, at, &start))
            return lim_source_fail_at(
                r->cx, s, at, LIM_NOT_SUPPORTED, "Write what it does as SQL, or take it out.",
                "%s is a command of psql's, not SQL",
                lim_show_bytes(r->cx, s->text + at, lim_line_end(s->text, s->length, at) - at));
    }
    return true;
}

/* ---- migrations out of pieces --------------------------------------------------------------- */

bool lim_reading_emit(lim_reading *r, const char *file, const lim_script *script) {
    lim_file out = {.name = file};
    if (!lim_grow(r->cx, &r->out, &r->out_capacity, r->out_count + 1, sizeof *r->out))
        return false;
    out.text = lim_script_print(r->cx, script, &out.length);
    if (out.text == NULL)
        return fail_named(r->cx, file);
    r->out[r->out_count++] = out;
    return true;
}

bool lim_piece_add(lim_reading *r, const lim_piece *piece) {
    if (!lim_grow(r->cx, &r->pieces, &r->piece_capacity, r->piece_count + 1, sizeof *r->pieces))
        return false;
    lim_piece *added = &r->pieces[r->piece_count];
    *added = *piece;
    added->key = lim_version_key(r->cx, r->format, piece->id);
    r->piece_count += added->key != NULL;
    return added->key != NULL;
}

static int compare_pieces(const void *a, const void *b) {
    const lim_piece *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    if (order == 0)
        order = (int)y->sections[LIM_UP].present - (int)x->sections[LIM_UP].present;
    return order != 0 ? order : strcmp(x->file, y->file);
}

static bool fail_double(lim_reading *r, const lim_piece *a, const lim_piece *b) {
    return lim_fail(r->cx, LIM_DUPLICATE,
                    "Give one of them the next free version, and rename both its files if it has "
                    "two.",
                    "files \"%s\" and \"%s\" both are version \"%s\"", lim_show(r->cx, a->file),
                    lim_show(r->cx, b->file), lim_show(r->cx, a->key));
}

static bool emit_pieces(lim_reading *r, const lim_piece *pieces, uint32_t count) {
    const lim_piece *up = &pieces[0];
    lim_script script = {.id = up->id, .message = up->message};
    if (!up->sections[LIM_UP].present) {
        lim_source s = {.name = up->file};
        return lim_source_fail(
            r->cx, &s, LIM_INVALID, "Put the file that goes up beside it, or take this one out.",
            "version \"%s\" has a way down and none up", lim_show(r->cx, up->id));
    }
    for (uint32_t i = 0; i < count; i++) {
        for (int d = LIM_UP; d <= LIM_DOWN; d++) {
            const lim_section *section = &pieces[i].sections[d];
            if (!section->present)
                continue;
            if (script.sections[d][LIM_VARIANT_COMMON].present)
                return fail_double(r, &pieces[i - 1], &pieces[i]);
            script.sections[d][LIM_VARIANT_COMMON] = *section;
        }
    }
    return lim_reading_emit(r, up->file, &script);
}

bool lim_pieces_join(lim_reading *r) {
    if (r->piece_count > 1)
        qsort(r->pieces, r->piece_count, sizeof *r->pieces, compare_pieces);
    for (uint32_t i = 0, next; i < r->piece_count; i = next) {
        for (next = i + 1;
             next < r->piece_count && strcmp(r->pieces[next].key, r->pieces[i].key) == 0; next++)
            ;
        if (!emit_pieces(r, &r->pieces[i], next - i))
            return false;
    }
    return true;
}
