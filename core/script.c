/*
** script.c - the migration file: reading it and writing it
*/
#include "script.h"

#include "body.h"
#include "checksum.h"
#include "graph.h"
#include "marker.h"
#include "script_name.h"

#include <string.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Length of a body without the blank lines and the LF at its end. */
static size_t body_length(const char *body, size_t length) {
    size_t used = length;
    while (used > 0 && (is_blank(body[used - 1]) || body[used - 1] == '\n'))
        used--;
    if (used == 0)
        return 0;
    while (used < length && is_blank(body[used]))
        used++;
    return used;
}

bool lim_size_check(lim_context *cx, const char *what, const char *kind, size_t length) {
    return length <= LIM_SIZE_LIMIT ||
           lim_fail(cx, LIM_TOO_BIG, "Load large amounts of data outside of migrations.",
                    "%s has %zu bytes, more than the %u that %s may have", what, length,
                    (unsigned)LIM_SIZE_LIMIT, kind);
}

/* ---- reading ------------------------------------------------------------------------------ */

typedef struct parser {
    lim_context *cx;
    const char *file; /* the name that messages begin with, or "" */
    lim_script *script;
    const char *text;
    size_t length;
    unsigned seen; /* header directives so far, by index */
    bool in_section;
    size_t counted;       /* lines are counted up to here */
    uint32_t line;        /* of that place */
    size_t dollar_hidden; /* as in scan, with the dollar quote's start */
    size_t dollar_start;
    bool dollar;
} parser;

/* Fails with the file and the line of an offset. */
static bool __attribute__((format(printf, 5, 6)))
fail_at(parser *p, lim_error_code code, const char *hint, size_t offset, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *message = lim_vformat(p->cx, format, args);
    va_end(args);
    if (message == NULL)
        return false;
    lim_position place = lim_position_at(p->text, p->length, offset);
    return lim_fail(p->cx, code, hint, "%s%sline %u: %s", p->file, *p->file == '\0' ? "" : ", ",
                    (unsigned)place.line, message);
}

/* Puts file and line before the failure that another module recorded. */
static bool fail_from(parser *p, size_t offset) {
    lim_error inner = p->cx->error;
    if (inner.code == LIM_NOMEM)
        return false;
    p->cx->error = (lim_error){LIM_OK, NULL, NULL, NULL};
    fail_at(p, inner.code, inner.hint, offset, "%s", inner.message);
    if (p->cx->error.code == inner.code)
        p->cx->error.detail = inner.detail;
    return false;
}

static const char KNOWN_DIRECTIVES[] =
    "The words behind migrate: are revision, message, down_revision, depends_on, branch_label, up "
    "and down.";
static const char KNOWN_OPTIONS[] =
    "Behind up and down may stand sqlite or postgres, and transaction:false or transaction:true.";
static const char OPEN_QUOTE[] =
    "Close it. A section that only one engine can read says so: \"-- migrate:up sqlite\".";
static const char CLOSE_QUOTE[] =
    "Close it before the marker; if the line is part of the text, begin it with a blank.";

/* Fails for what lim_marker_next() found wrong. */
static bool fail_found(parser *p, const lim_marker_scan *s, lim_marker_found found) {
    /* the dialect matters to U&"" alone, which only PostgreSQL's rules can leave open */
    const char *what = lim_unterminated_name(LIM_POSTGRES, p->text, s->token);
    if (found == LIM_FOUND_UNTERMINATED)
        return fail_at(p, LIM_SYNTAX, OPEN_QUOTE, s->token.start,
                       "the %s that begins here has no end", what);
    lim_position marker = lim_position_at(p->text, p->length, s->hidden);
    return fail_at(p, LIM_SYNTAX, CLOSE_QUOTE, s->token.start,
                   "the %s that begins here runs over the marker on line %u", what,
                   (unsigned)marker.line);
}

/* The part of a line between two offsets, without blanks at its ends. */
typedef struct field {
    size_t start, end;
} field;

static field trim(const char *text, field f) {
    while (f.start < f.end && is_blank(text[f.start]))
        f.start++;
    while (f.end > f.start && is_blank(text[f.end - 1]))
        f.end--;
    return f;
}

/* Passes over the next word of the field; an empty one when none is left. */
static field next_word(const char *text, field *rest) {
    *rest = trim(text, *rest);
    field word = {rest->start, rest->start};
    while (word.end < rest->end && !is_blank(text[word.end]))
        word.end++;
    rest->start = word.end;
    return word;
}

static bool field_is(const parser *p, field f, const char *word) {
    return f.end - f.start == strlen(word) && memcmp(p->text + f.start, word, f.end - f.start) == 0;
}

static const char *show_field(const parser *p, field f) {
    return lim_show_bytes(p->cx, p->text + f.start, f.end - f.start);
}

/* Reads the list of ids or labels behind a header directive. */
static bool take_list(parser *p, field value, const char *what, lim_list *list) {
    const char *copy = lim_copy(p->cx, p->text + value.start, value.end - value.start);
    if (copy == NULL || !lim_list_split(p->cx, copy, list))
        return false;
    for (uint32_t i = 0; i < list->count; i++) {
        if (!lim_check_name(p->cx, what, list->items[i]))
            return fail_from(p, value.start);
    }
    return true;
}

static bool take_revision(parser *p, field value) {
    const char *id = lim_copy(p->cx, p->text + value.start, value.end - value.start);
    if (id == NULL)
        return false;
    if (!lim_check_name(p->cx, "revision", id))
        return fail_from(p, value.start);
    p->script->id = id;
    return true;
}

static bool take_message(parser *p, field value) {
    for (size_t at = value.start; at < value.end; at++) {
        unsigned char c = (unsigned char)p->text[at];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return fail_at(p, LIM_INVALID, "A message is one line of text.", at,
                           "the message \"%s\" holds a control character", show_field(p, value));
    }
    p->script->message = lim_copy(p->cx, p->text + value.start, value.end - value.start);
    p->script->has_message = true;
    return p->script->message != NULL;
}

static bool take_down_revision(parser *p, field value) {
    p->script->has_down_revision = true;
    if (field_is(p, value, "base"))
        return true;
    return take_list(p, value, "revision", &p->script->down_revision);
}

static bool take_depends_on(parser *p, field value) {
    return take_list(p, value, "revision", &p->script->depends_on);
}

static bool take_branch_label(parser *p, field value) {
    return take_list(p, value, "branch label", &p->script->branch_labels);
}

static const struct {
    const char *word;
    bool (*take)(parser *p, field value);
} HEADERS[] = {
    {"revision", take_revision},           {"message", take_message},
    {"down_revision", take_down_revision}, {"depends_on", take_depends_on},
    {"branch_label", take_branch_label},
};

static const char *const VARIANT_WORDS[LIM_VARIANTS] = {"", "sqlite", "postgres"};
static const char *const DIRECTION_WORDS[] = {[LIM_UP] = "up", [LIM_DOWN] = "down"};

/* What the options behind up or down say. */
typedef struct options {
    lim_variant variant;
    bool transactional;
} options;

static bool take_options(parser *p, field rest, options *o) {
    bool transaction_seen = false;
    *o = (options){LIM_VARIANT_COMMON, true};
    for (field word = next_word(p->text, &rest); word.start < word.end;
         word = next_word(p->text, &rest)) {
        bool is_false = field_is(p, word, "transaction:false");
        lim_variant variant = field_is(p, word, "sqlite")     ? LIM_VARIANT_SQLITE
                              : field_is(p, word, "postgres") ? LIM_VARIANT_POSTGRES
                                                              : LIM_VARIANT_COMMON;
        if (is_false || field_is(p, word, "transaction:true")) {
            if (transaction_seen)
                return fail_at(p, LIM_SYNTAX, KNOWN_OPTIONS, word.start,
                               "the option transaction stands twice");
            transaction_seen = true;
            o->transactional = !is_false;
        } else if (variant == LIM_VARIANT_COMMON) {
            return fail_at(p, LIM_SYNTAX, KNOWN_OPTIONS, word.start, "unknown option \"%s\"",
                           show_field(p, word));
        } else if (o->variant != LIM_VARIANT_COMMON) {
            return fail_at(p, LIM_SYNTAX, KNOWN_OPTIONS, word.start,
                           "a section is for one engine or for both");
        } else {
            o->variant = variant;
        }
    }
    return true;
}

/* Line number of an offset at or behind the last one asked for. */
static uint32_t line_at(parser *p, size_t offset) {
    const char *at = p->text + p->counted, *end = p->text + offset;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        p->line++;
        at++;
    }
    p->counted = offset;
    return p->line;
}

/* Reads one section: its marker's options and its body, up to the next marker. */
static bool take_section(parser *p, lim_marker_scan *s, lim_direction direction, size_t marker,
                         field rest) {
    options o;
    if (!take_options(p, rest, &o))
        return false;
    lim_section *section = &p->script->sections[direction][o.variant];
    if (section->present)
        return fail_at(p, LIM_SYNTAX, "Put all statements into one section.", marker,
                       "a second section \"migrate:%s%s%s\"; the first begins on line %u",
                       DIRECTION_WORDS[direction], o.variant == LIM_VARIANT_COMMON ? "" : " ",
                       VARIANT_WORDS[o.variant], (unsigned)section->line - 1);
    size_t start = s->at;
    *s = lim_marker_scan_begin(p->text, p->length, o.variant, start);
    lim_marker_found found = lim_marker_next(s);
    if (found != LIM_FOUND_MARKER && found != LIM_FOUND_END)
        return fail_found(p, s, found);
    if (s->dollar.kind != LIM_TOKEN_END && !p->dollar) {
        p->dollar = true;
        p->dollar_start = s->dollar.start;
        p->dollar_hidden = s->dollar_hidden;
    }
    *section = (lim_section){.present = true,
                             .transactional = o.transactional,
                             .body = p->text + start,
                             .length = body_length(p->text + start, s->at - start),
                             .line = line_at(p, marker) + 1};
    p->in_section = true;
    return true;
}

/* Reads the marker line at s->at, and the section behind it when it begins one. */
static bool take_marker(parser *p, lim_marker_scan *s) {
    size_t marker = s->at, end = lim_line_end(p->text, p->length, marker);
    field rest = {lim_marker_name(p->text, p->length, marker), end};
    field word = next_word(p->text, &rest);
    s->at = end < p->length ? end + 1 : end;
    for (int d = LIM_UP; d <= LIM_DOWN; d++) {
        if (field_is(p, word, DIRECTION_WORDS[d]))
            return take_section(p, s, (lim_direction)d, marker, rest);
    }
    for (unsigned i = 0; i < sizeof HEADERS / sizeof *HEADERS; i++) {
        if (!field_is(p, word, HEADERS[i].word))
            continue;
        if (p->in_section)
            return fail_at(p, LIM_SYNTAX, "Header lines stand before the first section.", marker,
                           "\"migrate:%s\" inside a section", HEADERS[i].word);
        if ((p->seen & 1U << i) != 0)
            return fail_at(p, LIM_SYNTAX, NULL, marker, "a second \"migrate:%s\"", HEADERS[i].word);
        p->seen |= 1U << i;
        return HEADERS[i].take(p, trim(p->text, rest));
    }
    return fail_at(p, LIM_SYNTAX, KNOWN_DIRECTIVES, marker, "unknown directive \"migrate:%s\"",
                   show_field(p, word));
}

/* Reads all lines; the head of the file is what stands before the first section. */
static bool take_file(parser *p) {
    lim_marker_scan s = lim_marker_scan_begin(p->text, p->length, LIM_VARIANT_COMMON, 0);
    s.skims = false;
    lim_token first = s.first;
    for (;;) {
        lim_marker_found found = p->in_section ? LIM_FOUND_MARKER : lim_marker_next(&s);
        if (!p->in_section)
            first = s.first;
        if (found != LIM_FOUND_MARKER && found != LIM_FOUND_END)
            return fail_found(p, &s, found);
        if (s.at == p->length)
            break;
        if (!take_marker(p, &s))
            return false;
    }
    bool up = false, down = false;
    for (int v = 0; v < LIM_VARIANTS; v++) {
        up = up || p->script->sections[LIM_UP][v].present;
        down = down || p->script->sections[LIM_DOWN][v].present;
    }
    if (!up)
        return lim_fail(p->cx, LIM_SYNTAX,
                        "The statements of an upgrade stand behind a line \"-- migrate:up\".",
                        "%s%sno section \"migrate:up\"", p->file, *p->file == '\0' ? "" : ": ");
    if (first.kind != LIM_TOKEN_END)
        return fail_at(p, LIM_SYNTAX,
                       "Only comments and header lines stand before the first section.",
                       first.start, "text before the first section");
    if (p->dollar && !down) {
        lim_position marker = lim_position_at(p->text, p->length, p->dollar_hidden);
        return fail_at(p, LIM_SYNTAX, CLOSE_QUOTE, p->dollar_start,
                       "the dollar-quoted string that begins here runs over the only "
                       "\"migrate:down\", on line %u",
                       (unsigned)marker.line);
    }
    return true;
}

/* Refuses what is no UTF-8 text. */
static bool check_text(parser *p) {
    static const char SAVE[] = "Save the file as UTF-8.";
    const char *nul = p->length == 0 ? NULL : memchr(p->text, '\0', p->length);
    size_t bad;
    if (nul != NULL)
        return fail_at(p, LIM_SYNTAX, SAVE, (size_t)(nul - p->text), "a NUL byte");
    if (lim_utf8_valid(p->text, p->length, &bad))
        return true;
    lim_position place = lim_position_at(p->text, p->length, bad);
    return fail_at(p, LIM_SYNTAX, SAVE, bad, "byte 0x%02x in column %u is not UTF-8",
                   (unsigned)(unsigned char)p->text[bad], (unsigned)place.column);
}

/* The file's name as messages show it, without directories. */
static const char *shown_name(lim_context *cx, const char *name) {
    if (name == NULL || *name == '\0')
        return "";
    for (const char *at = name; *at != '\0'; at++) {
        if ((*at == '/' || *at == '\\') && at[1] != '\0')
            name = at + 1;
    }
    return lim_show(cx, name);
}

/* Fills in from the file's name what the header does not say. */
static bool take_name(parser *p, const char *name) {
    lim_script *script = p->script;
    const char *message;
    if (script->id != NULL)
        return script->message != NULL ||
               lim_script_message(p->cx, name, script->id, &script->message);
    if (!lim_script_name(p->cx, name, &script->id, &message))
        return false;
    if (script->message == NULL)
        script->message = message;
    if (script->id == NULL || lim_check_name(p->cx, "revision", script->id))
        return true;
    if (p->cx->error.code != LIM_NOMEM) {
        const char *prefixed = lim_format(p->cx, "%s: %s", p->file, p->cx->error.message);
        if (prefixed != NULL)
            p->cx->error.message = prefixed;
    }
    return false;
}

bool lim_script_parse(lim_context *cx, const char *text, size_t length, const char *name,
                      lim_script *script) {
    *script = (lim_script){0};
    parser p = {.cx = cx, .file = shown_name(cx, name), .script = script, .line = 1};
    if (length >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
        return lim_fail(cx, LIM_SYNTAX, "Save the file as UTF-8.", "%s%sthe text is UTF-16", p.file,
                        *p.file == '\0' ? "" : ": ");
    if (name != NULL && !lim_utf8_valid(name, strlen(name), NULL))
        return lim_fail(cx, LIM_SYNTAX, "Rename the file.",
                        "%s: the file's name is not valid UTF-8", p.file);
    p.text = lim_canonical(cx, text, length, &p.length);
    if (p.text == NULL)
        return false;
    script->text = p.text;
    script->length = p.length;
    return check_text(&p) && take_file(&p) && take_name(&p, name);
}

const lim_section *lim_script_section(const lim_script *script, lim_direction direction,
                                      lim_dialect dialect) {
    const lim_section *sections = script->sections[direction];
    lim_variant own = dialect == LIM_SQLITE ? LIM_VARIANT_SQLITE : LIM_VARIANT_POSTGRES;
    if (sections[own].present)
        return &sections[own];
    return sections[LIM_VARIANT_COMMON].present ? &sections[LIM_VARIANT_COMMON] : NULL;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* Fails with the place in a body that is to be printed. */
static bool fail_in_body(lim_context *cx, const char *what, const char *body, size_t length,
                         size_t offset, const char *fault) {
    lim_position place = lim_position_at(body, length, offset);
    return lim_fail(cx, LIM_INVALID, "A migration file could not hold it as it is.",
                    "the %s, line %u, column %u: %s", what, (unsigned)place.line,
                    (unsigned)place.column, fault);
}

/* Refuses a body that would not be read back as it is. Tells whether a dollar quote in it hides a
** marker of going down. */
static bool check_body(lim_context *cx, const char *what, const char *body, size_t length,
                       lim_variant how, bool *hides_down) {
    const char *nul = length == 0 ? NULL : memchr(body, '\0', length);
    size_t bad;
    if (nul != NULL)
        return fail_in_body(cx, what, body, length, (size_t)(nul - body), "a NUL byte");
    if (!lim_utf8_valid(body, length, &bad))
        return fail_in_body(cx, what, body, length, bad, "invalid UTF-8");
    lim_marker_scan s = lim_marker_scan_begin(body, length, how, 0);
    lim_marker_found found = lim_marker_next(&s);
    *hides_down = *hides_down || s.dollar.kind != LIM_TOKEN_END;
    if (found == LIM_FOUND_END)
        return true;
    if (found == LIM_FOUND_MARKER)
        return fail_in_body(cx, what, body, length, s.at,
                            "the line reads as a marker of a migration file");
    const char *thing = lim_unterminated_name(LIM_POSTGRES, body, s.token);
    thing = lim_format(cx,
                       found == LIM_FOUND_UNTERMINATED
                           ? "the %s that begins here has no end"
                           : "the %s that begins here runs over a marker of a migration file",
                       thing);
    return thing != NULL && fail_in_body(cx, what, body, length, s.token.start, thing);
}

/* Where a printed file goes: into a text, or through a hash that holds nothing of it. */
typedef struct printer {
    lim_text text;
    lim_sha256 *hash; /* NULL: into the text */
} printer;

static void put(printer *p, const char *bytes, size_t length) {
    if (p->hash != NULL)
        lim_sha256_add(p->hash, bytes, length);
    else
        lim_text_add(&p->text, bytes, length);
}

static void puts_all(printer *p, const char *string) {
    put(p, string, strlen(string));
}

static void print_header(printer *p, const char *word, const char *value) {
    puts_all(p, "-- migrate:");
    puts_all(p, word);
    puts_all(p, " ");
    puts_all(p, value);
    puts_all(p, "\n");
}

static bool print_list(printer *p, const char *word, const char *what, const lim_list *list) {
    lim_context *cx = p->text.cx;
    for (uint32_t i = 0; i < list->count; i++) {
        if (!lim_check_name(cx, what, list->items[i]))
            return false;
    }
    const char *joined = lim_list_join(cx, list);
    if (joined == NULL)
        return cx->error.code == LIM_OK;
    print_header(p, word, joined);
    return true;
}

/* Refuses a message that is not one line of text, and takes the blanks at its ends away. */
static bool settle_message(lim_context *cx, const char **message) {
    size_t length = *message == NULL ? 0 : strlen(*message);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)(*message)[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return lim_fail(cx, LIM_INVALID, "A message is one line of text.",
                            "the message \"%s\" holds a line break or a control character",
                            lim_show(cx, *message));
    }
    if (!lim_utf8_valid(length == 0 ? "" : *message, length, NULL))
        return lim_fail(cx, LIM_INVALID, NULL, "the message \"%s\" is not valid UTF-8",
                        lim_show(cx, *message));
    field f = length == 0 ? (field){0, 0} : trim(*message, (field){0, length});
    if (f.end - f.start == length && length > 0)
        return true;
    *message = f.start == f.end ? NULL : lim_copy(cx, *message + f.start, f.end - f.start);
    return f.start == f.end || *message != NULL;
}

/* Gives a body the form that it has in a file. It is copied only where its line ends change. */
static bool settle_body(lim_context *cx, lim_section *section) {
    if (!section->present)
        return true;
    if (section->body == NULL) {
        section->body = "";
        section->length = 0;
    }
    if (section->length > 0 &&
        (*section->body == '\xEF' || memchr(section->body, '\r', section->length) != NULL))
        section->body = lim_canonical(cx, section->body, section->length, &section->length);
    if (section->body == NULL)
        return false;
    section->length = body_length(section->body, section->length);
    return true;
}

bool lim_script_settle(lim_context *cx, lim_script *script) {
    bool ok = settle_message(cx, &script->message);
    for (int v = 0; ok && v < LIM_VARIANTS; v++)
        ok = settle_body(cx, &script->sections[LIM_UP][v]) &&
             settle_body(cx, &script->sections[LIM_DOWN][v]);
    return ok;
}

static bool print_section(printer *p, const lim_section *section, lim_direction direction,
                          lim_variant variant, bool *hides_down) {
    static const char *const BODY_WORDS[] = {[LIM_UP] = "upgrade", [LIM_DOWN] = "downgrade"};
    if (!check_body(p->text.cx, BODY_WORDS[direction], section->body, section->length, variant,
                    hides_down))
        return false;
    if (p->hash == NULL)
        lim_text_reserve(&p->text, section->length + 64);
    puts_all(p, "-- migrate:");
    puts_all(p, DIRECTION_WORDS[direction]);
    if (variant != LIM_VARIANT_COMMON) {
        puts_all(p, " ");
        puts_all(p, VARIANT_WORDS[variant]);
    }
    if (!section->transactional)
        puts_all(p, " transaction:false");
    puts_all(p, "\n");
    if (section->length > 0) {
        put(p, section->body, section->length);
        puts_all(p, "\n");
    }
    return true;
}

static bool print_sections(printer *p, const lim_script *script) {
    bool up = false, down = false, hides_down = false;
    for (int d = LIM_UP; d <= LIM_DOWN; d++) {
        for (int v = 0; v < LIM_VARIANTS; v++) {
            const lim_section *section = &script->sections[d][v];
            if (!section->present)
                continue;
            *(d == LIM_UP ? &up : &down) = true;
            if (!print_section(p, section, (lim_direction)d, (lim_variant)v, &hides_down))
                return false;
        }
    }
    if (!up)
        return lim_fail(p->text.cx, LIM_INVALID, NULL, "a revision needs an upgrade");
    if (hides_down && !down)
        return lim_fail(p->text.cx, LIM_INVALID,
                        "Begin the line with a blank, or give a downgrade.",
                        "a dollar-quoted string of the upgrade holds a line that reads as the "
                        "marker of a downgrade, and there is none");
    return true;
}

static bool print_file(printer *p, const lim_script *given) {
    lim_context *cx = p->text.cx;
    lim_script script = *given;
    if (script.id != NULL) {
        if (!lim_check_name(cx, "revision", script.id))
            return false;
        print_header(p, "revision", script.id);
    }
    if (!lim_script_settle(cx, &script))
        return false;
    if (script.message != NULL)
        print_header(p, "message", script.message);
    if (script.has_down_revision && script.down_revision.count == 0)
        print_header(p, "down_revision", "base");
    return print_list(p, "down_revision", "revision", &script.down_revision) &&
           print_list(p, "depends_on", "revision", &script.depends_on) &&
           print_list(p, "branch_label", "branch label", &script.branch_labels) &&
           print_sections(p, &script);
}

char *lim_script_print(lim_context *cx, const lim_script *script, size_t *length) {
    printer p = {.text = {.cx = cx}};
    if (!print_file(&p, script))
        return NULL;
    char *text = lim_text_end(&p.text);
    *length = p.text.length;
    return text;
}

bool lim_script_checksum(lim_context *cx, const lim_script *script, char hex[LIM_CHECKSUM_SIZE]) {
    lim_sha256 hash;
    printer p = {.text = {.cx = cx}, .hash = &hash};
    lim_sha256_begin(&hash);
    if (!print_file(&p, script))
        return false;
    lim_sha256_end(&hash, hex);
    return true;
}
