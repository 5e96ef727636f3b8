/*
** format_marker.c - goose's and sql-migrate's files: one file, both ways, parted by markers
**
**     -- +goose NO TRANSACTION             -- +migrate Up notransaction
**     -- +goose Up                         ...
**     -- +goose StatementBegin             -- +migrate Down
**     ...
**     -- +goose StatementEnd
**     -- +goose Down
**
** Both tools take a marker wherever a line begins with one, so a marker inside a string or a comment
** cannot have worked there; it is refused, because what it means is anybody's guess.
*/
#include "format_read.h"

#include <string.h>

typedef struct marked {
    lim_reading *r;
    const lim_source *s;
    lim_text bodies[2]; /* by direction */
    bool present[2];
    bool transactional[2];
    int section;       /* LIM_UP, LIM_DOWN; -1: before the first one */
    size_t copied;     /* the text up to here is in a body, or is none */
    bool in_statement; /* between StatementBegin and StatementEnd */
    size_t begin;      /* where StatementBegin stands */
    lim_token last;    /* the last significant token, not a semicolon, since StatementBegin */
} marked;

static const char *const DIRECTIONS[] = {[LIM_UP] = "Up", [LIM_DOWN] = "Down"};

/* Words behind a marker are compared without regard to case, as goose does. */
static bool words_are(const char *text, size_t length, const char *words) {
    if (length != strlen(words))
        return false;
    for (size_t i = 0; i < length; i++) {
        char a = text[i], b = words[i];
        if (a >= 'A' && a <= 'Z')
            a = (char)(a + 32);
        if (b >= 'A' && b <= 'Z')
            b = (char)(b + 32);
        if (a != b)
            return false;
    }
    return true;
}

/* Puts the text up to an offset into the body that is being read. */
static void copy_up_to(marked *m, size_t end) {
    if (m->section >= 0 && end > m->copied)
        lim_text_add(&m->bodies[m->section], m->s->text + m->copied, end - m->copied);
}

static bool fail(const marked *m, size_t at, const char *hint, const char *message) {
    return lim_source_fail_at(m->r->cx, m->s, at, LIM_SYNTAX, hint, "%s", message);
}

static bool begin_section(marked *m, size_t at, lim_direction direction, bool transactional) {
    if (m->in_statement)
        return fail(m, m->begin, NULL, "StatementBegin without a StatementEnd");
    if (m->present[direction] && m->r->format == LIM_FORMAT_GOOSE)
        return lim_source_fail_at(m->r->cx, m->s, at, LIM_SYNTAX,
                                  "Put all statements into one section.", "a second %s",
                                  DIRECTIONS[direction]);
    if (m->section < 0 && direction == LIM_DOWN && m->r->format == LIM_FORMAT_GOOSE)
        return fail(m, at, "Up comes first.", "Down before Up");
    if (m->present[direction])
        lim_text_addc(&m->bodies[direction], '\n');
    m->section = direction;
    m->present[direction] = true;
    if (!transactional)
        m->transactional[direction] = false;
    return true;
}

/* StatementEnd ends a statement, with or without a semicolon. */
static bool end_statement(marked *m, size_t at) {
    if (!m->in_statement)
        return fail(m, at, NULL, "StatementEnd without a StatementBegin");
    m->in_statement = false;
    if (m->last.kind != LIM_TOKEN_END && m->last.kind != LIM_TOKEN_SEMICOLON)
        lim_text_adds(&m->bodies[m->section], ";\n");
    return true;
}

/* Carries out the marker of a line; words are what stands behind its name. */
static bool take_marker(marked *m, size_t at, const char *words, size_t length) {
    bool goose = m->r->format == LIM_FORMAT_GOOSE;
    if (words_are(words, length, "Up"))
        return begin_section(m, at, LIM_UP, true);
    if (words_are(words, length, "Down"))
        return begin_section(m, at, LIM_DOWN, true);
    if (!goose && words_are(words, length, "Up notransaction"))
        return begin_section(m, at, LIM_UP, false);
    if (!goose && words_are(words, length, "Down notransaction"))
        return begin_section(m, at, LIM_DOWN, false);
    if (words_are(words, length, "StatementBegin")) {
        if (m->section < 0 || m->in_statement)
            return fail(m, at, NULL, "StatementBegin in a wrong place");
        m->in_statement = true;
        m->begin = at;
        m->last.kind = LIM_TOKEN_END;
        return true;
    }
    if (words_are(words, length, "StatementEnd"))
        return end_statement(m, at);
    if (goose && words_are(words, length, "NO TRANSACTION")) {
        m->transactional[LIM_UP] = m->transactional[LIM_DOWN] = false;
        return true;
    }
    if (goose && words_are(words, length, "ENVSUB OFF"))
        return true;
    if (goose && words_are(words, length, "ENVSUB ON"))
        return lim_source_fail_at(m->r->cx, m->s, at, LIM_NOT_SUPPORTED,
                                  "Write the variables' values in their places.",
                                  "ENVSUB: Limbeck does not substitute variables");
    return lim_source_fail_at(m->r->cx, m->s, at, LIM_SYNTAX,
                              goose ? "The words are Up, Down, StatementBegin, StatementEnd and NO "
                                      "TRANSACTION."
                                    : "The words are Up, Down, StatementBegin, StatementEnd; "
                                      "notransaction may stand behind Up and Down.",
                              "unknown marker \"%s\"", lim_show_bytes(m->r->cx, words, length));
}

/* A comment that is a marker: its line leaves the body. */
static bool take_comment(marked *m, lim_token t, size_t *next) {
    const char *text = m->s->text;
    size_t start, words;
    if (!lim_line_starts(text, t.start, &start) ||
        lim_marker_at(text, m->s->length, t.start, &words) != m->r->format)
        return true;
    size_t end = lim_line_end(text, m->s->length, t.start), last = end;
    while (words < last && strchr(" \t", text[words]) != NULL)
        words++;
    while (last > words && strchr(" \t", text[last - 1]) != NULL)
        last--;
    copy_up_to(m, start);
    *next = end < m->s->length ? end + 1 : end;
    m->copied = *next;
    return take_marker(m, t.start, text + words, last - words);
}

/* Refuses a token that runs over a line that both tools would take for a marker. */
static bool check_hidden(const marked *m, lim_token t) {
    const char *text = m->s->text;
    size_t end = t.start + t.length, words;
    for (size_t at = lim_line_end(text, end, t.start); at < end; at = lim_line_end(text, end, at)) {
        for (at++; at < end && strchr(" \t", text[at]) != NULL; at++)
            ;
        if (at >= end || lim_marker_at(text, m->s->length, at, &words) != m->r->format)
            continue;
        const char *what = t.kind == LIM_TOKEN_COMMENT  ? "comment"
                           : t.kind == LIM_TOKEN_QUOTED ? "quoted name"
                           : text[t.start] == '$'       ? "dollar-quoted string"
                                                        : "string";
        if (t.kind == LIM_TOKEN_UNTERMINATED)
            what = lim_unterminated_name(m->r->dialect, text, t);
        return lim_source_fail_at(m->r->cx, m->s, t.start, LIM_SYNTAX,
                                  "Close it before the marker; if the line is part of the text, "
                                  "begin it with another character.",
                                  "the %s that begins here runs over the marker on line %u", what,
                                  (unsigned)lim_position_at(text, m->s->length, at).line);
    }
    return true;
}

static bool read_token(marked *m, lim_token t, size_t *next) {
    bool nothing = t.kind == LIM_TOKEN_SPACE || t.kind == LIM_TOKEN_COMMENT;
    if (t.kind == LIM_TOKEN_COMMENT && m->s->text[t.start] == '-')
        return take_comment(m, t, next);
    if (t.kind != LIM_TOKEN_SPACE && !check_hidden(m, t))
        return false;
    if (t.kind == LIM_TOKEN_UNTERMINATED)
        return lim_source_fail_at(m->r->cx, m->s, t.start, LIM_SYNTAX,
                                  "Close it, or double a quote that is part of the text.",
                                  "the %s that begins here has no end",
                                  lim_unterminated_name(m->r->dialect, m->s->text, t));
    if (!nothing && m->section < 0)
        return fail(m, t.start, "Only comments stand before the line that says Up.",
                    "text before the first section");
    if (!nothing)
        m->last = t;
    return true;
}

bool lim_read_marked(lim_reading *r, const lim_source *source, lim_piece *piece) {
    marked m = {.r = r, .s = source, .transactional = {true, true}, .section = -1};
    m.bodies[LIM_UP].cx = m.bodies[LIM_DOWN].cx = r->cx;
    m.last.kind = LIM_TOKEN_END;
    for (size_t at = 0; at < source->length;) {
        lim_token t = lim_lex(r->dialect, source->text, source->length, at);
        at += t.length;
        if (!read_token(&m, t, &at))
            return false;
    }
    if (m.in_statement)
        return fail(&m, m.begin, NULL, "StatementBegin without a StatementEnd");
    copy_up_to(&m, source->length);
    if (!m.present[LIM_UP])
        return lim_source_fail(
            r->cx, source, LIM_SYNTAX, "The statements of an upgrade stand behind this line.",
            "no line \"-- +%s Up\"", r->format == LIM_FORMAT_GOOSE ? "goose" : "migrate");
    for (int d = LIM_UP; d <= LIM_DOWN; d++) {
        const char *body = lim_text_end(&m.bodies[d]);
        if (body == NULL)
            return false;
        if (m.present[d])
            piece->sections[d] = lim_section_of(body, m.bodies[d].length, m.transactional[d]);
    }
    return true;
}
