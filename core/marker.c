/*
** marker.c - the lines of a migration file that count as markers
**
** lim_marker_next() lexes a text up to the next line that looks like a marker; a token that does not
** end before that line is lexed again without the limit, and hides what it runs over. So every byte is
** lexed at most a few times, whatever the text holds.
*/
#include "marker.h"

#include <string.h>

static const char PREFIX[] = "migrate:";

/* ---- markers in a text -------------------------------------------------------------------- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

size_t lim_marker_name(const char *text, size_t length, size_t at) {
    if (length - at < 2 || text[at] != '-' || text[at + 1] != '-')
        return 0;
    for (at += 2; at < length && is_blank(text[at]); at++)
        ;
    if (length - at <= sizeof PREFIX - 1 || memcmp(text + at, PREFIX, sizeof PREFIX - 1) != 0)
        return 0;
    at += sizeof PREFIX - 1;
    char letter = (char)(text[at] | 0x20);
    return (letter >= 'a' && letter <= 'z') || text[at] == '_' ? at : 0;
}

/* The first marker line that starts at or after offset at and before end; else end. */
static size_t next_candidate(const char *text, size_t length, size_t at, size_t end) {
    if (at > 0 && at < end && text[at - 1] != '\n')
        at = lim_line_end(text, length, at) + 1;
    while (at < end && lim_marker_name(text, length, at) == 0)
        at = lim_line_end(text, length, at) + 1;
    return at < end ? at : end;
}

/* True when the marker at offset at has this directive. */
static bool is_directive(const char *text, size_t length, size_t at, const char *word) {
    size_t name = lim_marker_name(text, length, at), size = strlen(word);
    if (length - name < size || memcmp(text + name, word, size) != 0)
        return false;
    return length - name == size || is_blank(text[name + size]) || text[name + size] == '\n';
}

/* True for a byte that would be part of a word or string next to a quote. */
static bool joins(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '\'' || c == '"' || (unsigned char)c >= 0x80;
}

lim_marker_scan lim_marker_scan_begin(const char *text, size_t length, lim_variant variant,
                                      size_t at) {
    lim_token none = {LIM_TOKEN_END, length, 0};
    return (lim_marker_scan){.text = text,
                             .length = length,
                             .variant = variant,
                             .at = at,
                             .skims = true,
                             .token = none,
                             .first = none,
                             .dollar = none};
}

/* ---- tokens of a common section ----------------------------------------------------------- */

/* Offset of the next c behind offset at, looked for once: asking at every quote of a long line must
** not search the line each time. */
static size_t ahead(const lim_marker_scan *s, size_t *known, char c, size_t at) {
    if (*known <= at) {
        const char *found = memchr(s->text + at + 1, c, s->length - at - 1);
        *known = found == NULL ? s->length : (size_t)(found - s->text);
    }
    return *known;
}

/* SQLite's [name], told from PostgreSQL's subscripts and ARRAY[...]: those follow what they belong
** to, or stand inside another bracket. */
static bool bracket_name(lim_marker_scan *s, size_t at, lim_token *t) {
    static const char ARRAY[] = "array";
    size_t before = at;
    if (s->brackets > 0 ||
        (at > 0 && (joins(s->text[at - 1]) || s->text[at - 1] == ')' || s->text[at - 1] == ']')))
        return false;
    while (before > 0 && (is_blank(s->text[before - 1]) || s->text[before - 1] == '\n'))
        before--;
    size_t letters = 0; /* of the word array before the bracket, from its end */
    while (letters < 5 && before > letters &&
           (s->text[before - 1 - letters] | 0x20) == ARRAY[4 - letters])
        letters++;
    if (letters == 5 && (before == 5 || !joins(s->text[before - 6])))
        return false;
    size_t close = ahead(s, &s->bracket, ']', at);
    if (close == s->length || close > ahead(s, &s->newline, '\n', at))
        return false;
    *t = (lim_token){LIM_TOKEN_QUOTED, at, close + 1 - at};
    return true;
}

/* A comment as PostgreSQL nests it, or, where that does not end before the limit, as SQLite reads
** it. */
static lim_token common_comment(lim_marker_scan *s, size_t limit, size_t at) {
    lim_token t = {LIM_TOKEN_UNTERMINATED, at, limit - at};
    if (at >= s->simple_until)
        t = lim_lex(LIM_POSTGRES, s->text, limit, at);
    if (t.kind == LIM_TOKEN_UNTERMINATED) {
        t = lim_lex(LIM_SQLITE, s->text, limit, at);
        if (t.kind == LIM_TOKEN_COMMENT && limit > s->simple_until)
            s->simple_until = limit;
    }
    return t;
}

static lim_token common_token(lim_marker_scan *s, size_t limit, size_t at) {
    lim_token t;
    char next = at + 1 < limit ? s->text[at + 1] : '\0';
    switch (s->text[at]) {
    case '[':
        if (bracket_name(s, at, &t))
            return t;
        s->brackets++;
        break;
    case ']':
        if (s->brackets > 0)
            s->brackets--;
        break;
    case ';':
        s->brackets = 0;
        break;
    case '`': {
        size_t close = ahead(s, &s->backtick, '`', at);
        if (close < s->length && close < ahead(s, &s->newline, '\n', at))
            return (lim_token){LIM_TOKEN_QUOTED, at, close + 1 - at};
        return (lim_token){LIM_TOKEN_OPERATOR, at, 1};
    }
    case '/':
        if (next == '*')
            return common_comment(s, limit, at);
        break;
    default:
        break;
    }
    return lim_lex(LIM_POSTGRES, s->text, limit, at);
}

/* From behind the quote that ends a part of an E'' string to the quote that begins the next part; 0
** when a marker stands before that. */
static size_t next_part(const lim_marker_scan *s, size_t at, size_t end) {
    while (at < end && s->text[at] != '\'') {
        if (s->text[at] != '-')
            at++;
        else if (s->text[at - 1] == '\n' && lim_marker_name(s->text, s->length, at) != 0)
            return 0;
        else
            at = lim_line_end(s->text, s->length, at);
    }
    return at;
}

/* PostgreSQL goes on with an E'' string on a later line and passes over comments on the way. A marker
** is no such comment: the string ends before it. */
static lim_token cut_at_marker(const lim_marker_scan *s, lim_token t) {
    const char *text = s->text;
    size_t end = t.start + t.length;
    if (t.kind != LIM_TOKEN_STRING || (text[t.start] | 0x20) != 'e')
        return t;
    for (size_t at = t.start + 2; at < end; at++) {
        if (text[at] == '\\' || (text[at] == '\'' && at + 1 < end && text[at + 1] == '\'')) {
            at++;
        } else if (text[at] == '\'') {
            size_t next = next_part(s, at + 1, end);
            if (next == 0)
                return (lim_token){LIM_TOKEN_STRING, t.start, at + 1 - t.start};
            at = next;
        }
    }
    return t;
}

static lim_token read_token(lim_marker_scan *s, size_t limit, size_t at) {
    switch (s->variant) {
    case LIM_VARIANT_SQLITE:
        return lim_lex(LIM_SQLITE, s->text, limit, at);
    case LIM_VARIANT_POSTGRES:
        return lim_lex(LIM_POSTGRES, s->text, limit, at);
    default:
        return common_token(s, limit, at);
    }
}

/* ---- from marker to marker ---------------------------------------------------------------- */

/* Judges a token that runs over the marker at s->hidden: false when it looks as if it, or one
** before it, was not closed where it should have been. */
static bool may_hide(lim_marker_scan *s) {
    lim_token t = s->token;
    size_t end = t.start + t.length;
    const char *text = s->text;
    if (t.kind == LIM_TOKEN_COMMENT) {
        /* one that SQLite's rules alone end, with the start of another one in it */
        return lim_lex(LIM_POSTGRES, text, end, t.start).kind == LIM_TOKEN_COMMENT ||
               s->variant == LIM_VARIANT_SQLITE;
    }
    if (t.kind == LIM_TOKEN_STRING && text[t.start] == '$') {
        for (size_t at = s->hidden; at < end && s->dollar.kind == LIM_TOKEN_END;
             at = next_candidate(text, s->length, at + 1, end)) {
            if (is_directive(text, s->length, at, "down")) {
                s->dollar = t;
                s->dollar_hidden = at;
            }
        }
        return true;
    }
    return !(t.start > 0 && joins(text[t.start - 1])) && !(end < s->length && joins(text[end]));
}

lim_marker_found lim_marker_next(lim_marker_scan *s) {
    size_t candidate = next_candidate(s->text, s->length, s->at, s->length);
    while (s->at < s->length) {
        if (s->at == candidate)
            return LIM_FOUND_MARKER;
        if (s->skims && s->at > s->plain_until) {
            lim_skimmed skimmed = lim_skim(s->text, candidate, s->at);
            s->at = skimmed.at;
            s->plain_until = skimmed.stop;
            continue;
        }
        s->token = read_token(s, candidate, s->at);
        if (s->token.kind == LIM_TOKEN_UNTERMINATED && candidate < s->length)
            s->token = cut_at_marker(s, read_token(s, s->length, s->at));
        if (s->token.kind == LIM_TOKEN_UNTERMINATED)
            return LIM_FOUND_UNTERMINATED;
        s->at += s->token.length;
        if (s->at > candidate) {
            s->hidden = candidate;
            if (!may_hide(s))
                return LIM_FOUND_SWALLOWING;
            candidate = next_candidate(s->text, s->length, s->at, s->length);
        }
        if (s->first.kind == LIM_TOKEN_END && s->token.kind != LIM_TOKEN_SPACE &&
            s->token.kind != LIM_TOKEN_COMMENT)
            s->first = s->token;
    }
    return LIM_FOUND_END;
}
