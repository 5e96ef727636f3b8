/*
** format.c - which tool a directory belongs to, and what its files are read for
*/
#include "format_read.h"

#include "script_name.h"

#include <string.h>

static const struct {
    const char *name;
    lim_tool format;
} NAMES[] = {
    {"limbeck", LIM_FORMAT_LIMBECK},         {"dbmate", LIM_FORMAT_DBMATE},
    {"golang-migrate", LIM_FORMAT_GOLANG},   {"goose", LIM_FORMAT_GOOSE},
    {"sql-migrate", LIM_FORMAT_SQL_MIGRATE}, {"flyway", LIM_FORMAT_FLYWAY},
    {"diesel", LIM_FORMAT_DIESEL},           {"sqlx", LIM_FORMAT_SQLX},
    {"prisma", LIM_FORMAT_PRISMA},           {"supabase", LIM_FORMAT_SUPABASE},
    {"sqitch", LIM_FORMAT_SQITCH},           {"plain", LIM_FORMAT_PLAIN},
};

static const char ALL_NAMES[] = "The formats are limbeck, dbmate, golang-migrate, goose, "
                                "sql-migrate, flyway, diesel, sqlx, prisma, supabase, sqitch and "
                                "plain.";

bool lim_format_named(lim_context *cx, const char *name, lim_tool *format) {
    *format = LIM_FORMAT_DETECT;
    if (name == NULL)
        return true;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (strcmp(NAMES[i].name, name) == 0) {
            *format = NAMES[i].format;
            return true;
        }
    }
    return lim_fail(cx, LIM_NOT_SUPPORTED, ALL_NAMES, "unknown format \"%s\"", lim_show(cx, name));
}

const char *lim_format_name(lim_tool format) {
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (NAMES[i].format == format)
            return NAMES[i].name;
    }
    return "none";
}

/* ---- names of files ------------------------------------------------------------------------- */

enum { DEEPEST = 8 }; /* directories below the one that was named */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), size = strlen(end);
    return length > size && memcmp(text + length - size, end, size) == 0;
}

static bool begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static unsigned depth_of(const char *path) {
    unsigned depth = 0;
    for (; *path != '\0'; path++)
        depth += *path == '/';
    return depth;
}

/* V1_2__x.sql, U1_2__x.sql, R__x.sql, B1__x.sql */
static bool is_flyway_name(const char *name) {
    const char *separator = strstr(name, "__");
    if (separator == NULL || !ends_with(name, ".sql"))
        return false;
    return name[0] == 'R' ? separator == name + 1
                          : strchr("VUB", name[0]) != NULL && is_digit(name[1]);
}

/* 00002_x.go, V2__x.java: migrations that are programs */
static bool is_program(const char *name) {
    bool numbered = is_digit(name[0]) || (name[0] == 'V' && is_digit(name[1]));
    return numbered && strchr(name, '_') != NULL && !ends_with(name, "_test.go") &&
           (ends_with(name, ".go") || ends_with(name, ".java"));
}

static bool in_sqitch_folder(const char *path) {
    return begins_with(path, "deploy/") || begins_with(path, "revert/");
}

/* A migration that has a directory of its own: diesel's and Prisma's. */
static bool is_part_name(const char *name) {
    return strcmp(name, "up.sql") == 0 || strcmp(name, "down.sql") == 0 ||
           strcmp(name, "metadata.toml") == 0 || strcmp(name, "migration.sql") == 0;
}

/* True for a name, or a directory's, that begins with a dot. */
static bool is_hidden(const char *path) {
    return *path == '.' || strstr(path, "/.") != NULL;
}

bool lim_format_wants(lim_tool format, const char *path) {
    const char *name = file_name(path);
    unsigned depth = depth_of(path);
    bool is_sql = ends_with(name, ".sql");
    if (is_hidden(path))
        return false;
    if (depth == 0)
        return is_sql || ends_with(name, ".sql.conf") || ends_with(name, ".py") ||
               strcmp(name, "sqitch.plan") == 0 || is_program(name);
    if (format == LIM_FORMAT_FLYWAY)
        return is_sql || ends_with(name, ".sql.conf") || is_program(name);
    if (in_sqitch_folder(path) && is_sql)
        return format == LIM_FORMAT_SQITCH || format == LIM_FORMAT_DETECT;
    if (depth == 1 && format == LIM_FORMAT_DETECT)
        return is_part_name(name) || is_flyway_name(name);
    return depth == 1 && (format == LIM_FORMAT_DIESEL || format == LIM_FORMAT_PRISMA) &&
           is_part_name(name);
}

bool lim_format_enters(lim_tool format, const char *path) {
    unsigned depth = depth_of(path) + 1;
    const char *end = strchr(path, '/');
    size_t first = end == NULL ? strlen(path) : (size_t)(end - path);
    bool sqitch = first == 6 && (memcmp(path, "deploy", 6) == 0 || memcmp(path, "revert", 6) == 0);
    switch (format) {
    case LIM_FORMAT_DETECT:
        return depth == 1 || (sqitch && depth <= DEEPEST);
    case LIM_FORMAT_SQITCH:
        return sqitch && depth <= DEEPEST;
    case LIM_FORMAT_FLYWAY:
        return depth <= DEEPEST;
    case LIM_FORMAT_DIESEL:
    case LIM_FORMAT_PRISMA:
        return depth == 1;
    default:
        return false;
    }
}

/* ---- the format of a directory -------------------------------------------------------------- */

/* The tool whose marker stands among the comments before the first statement. */
static lim_tool leading_marker(const char *text, size_t length) {
    size_t at = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0, words;
    while (at < length) {
        if (strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0') {
            at++;
        } else if (length - at >= 2 && memcmp(text + at, "--", 2) == 0) {
            lim_tool marker = lim_marker_at(text, length, at, &words);
            if (marker != LIM_FORMAT_DETECT)
                return marker;
            while (at < length && text[at] != '\n' && text[at] != '\r')
                at++;
        } else if (length - at >= 2 && memcmp(text + at, "/*", 2) == 0) {
            for (at += 2; at < length && !(text[at] == '/' && text[at - 1] == '*'); at++)
                ;
            at += at < length;
        } else {
            break;
        }
    }
    return LIM_FORMAT_DETECT;
}

/* What one file says of the directory; LIM_FORMAT_DETECT: nothing. */
static lim_tool guess(const lim_file *file) {
    const char *name = file_name(file->name);
    if (depth_of(file->name) == 1) {
        if (in_sqitch_folder(file->name))
            return LIM_FORMAT_DETECT;
        return is_flyway_name(name)                 ? LIM_FORMAT_FLYWAY
               : strcmp(name, "migration.sql") == 0 ? LIM_FORMAT_PRISMA
               : strcmp(name, "up.sql") == 0        ? LIM_FORMAT_DIESEL
                                                    : LIM_FORMAT_DETECT;
    }
    if (depth_of(file->name) > 1 || !ends_with(name, ".sql"))
        return LIM_FORMAT_DETECT;
    if (is_flyway_name(name))
        return LIM_FORMAT_FLYWAY;
    if (is_digit(name[0]) && (ends_with(name, ".up.sql") || ends_with(name, ".down.sql"))) {
        static const char SQLX[] = "-- no-transaction";
        return file->length >= sizeof SQLX - 1 && memcmp(file->text, SQLX, sizeof SQLX - 1) == 0
                   ? LIM_FORMAT_SQLX
                   : LIM_FORMAT_GOLANG;
    }
    lim_tool marker = leading_marker(file->text, file->length);
    if (marker != LIM_FORMAT_DETECT)
        return marker;
    return is_digit(name[0]) ? LIM_FORMAT_PLAIN : LIM_FORMAT_DETECT;
}

static const lim_file *find_file(const lim_reading *r, const char *name) {
    for (uint32_t i = 0; i < r->count; i++) {
        if (strcmp(r->files[i].name, name) == 0)
            return &r->files[i];
    }
    return NULL;
}

/* Refuses a directory of Python files alone: they are Alembic's, most likely. */
static bool check_python(lim_reading *r) {
    for (uint32_t i = 0; i < r->count; i++) {
        if (ends_with(r->files[i].name, ".sql"))
            return true;
    }
    for (uint32_t i = 0; i < r->count; i++) {
        if (ends_with(r->files[i].name, ".py") && strcmp(r->files[i].name, "__init__.py") != 0)
            return lim_fail(r->cx, LIM_NOT_SUPPORTED,
                            "Have Alembic print them as SQL (alembic upgrade base:heads --sql, "
                            "alembic downgrade heads:base --sql) and give both texts to "
                            "migrate_import('alembic', ...).",
                            "%s: a migration in Python cannot be loaded",
                            lim_show(r->cx, r->files[i].name));
    }
    return true;
}

/* Finds the format when none was named. */
static bool detect(lim_reading *r) {
    const char *first[LIM_FORMATS] = {NULL};
    lim_tool found = LIM_FORMAT_DETECT;
    r->format = LIM_FORMAT_LIMBECK;
    if (find_file(r, "sqitch.plan") != NULL) {
        r->format = LIM_FORMAT_SQITCH;
        return true;
    }
    for (uint32_t i = 0; i < r->count; i++) {
        lim_tool said = guess(&r->files[i]);
        const char *name = r->files[i].name;
        if (first[said] == NULL || strcmp(name, first[said]) < 0)
            first[said] = name;
    }
    if (first[LIM_FORMAT_SQLX] != NULL)
        first[LIM_FORMAT_GOLANG] = NULL;
    for (lim_tool f = LIM_FORMAT_DETECT + 1; f < LIM_FORMAT_PLAIN; f++) {
        if (first[f] == NULL)
            continue;
        if (found != LIM_FORMAT_DETECT)
            return lim_fail(r->cx, LIM_INVALID,
                            "Name the format as the second argument of migrate_load_dir(), or keep "
                            "the files apart.",
                            "the directory holds files of %s (%s) and of %s (%s)",
                            lim_format_name(found), lim_show(r->cx, first[found]),
                            lim_format_name(f), lim_show(r->cx, first[f]));
        found = f;
    }
    if (found == LIM_FORMAT_DETECT && first[LIM_FORMAT_PLAIN] != NULL)
        found = LIM_FORMAT_PLAIN;
    if (found == LIM_FORMAT_FLYWAY && strchr(first[found], '/') != NULL)
        return lim_fail(r->cx, LIM_INVALID,
                        "Write migrate_load_dir(path, 'flyway'): then directories in it are read.",
                        "%s: a file of Flyway's in a directory below",
                        lim_show(r->cx, first[found]));
    if (found != LIM_FORMAT_DETECT)
        r->format = found;
    return found != LIM_FORMAT_DETECT || check_python(r);
}

/* ---- versions ------------------------------------------------------------------------------- */

/* Digits without the zeros before them; the last one stays. */
static void add_number(lim_text *t, const char *digits, size_t length) {
    while (length > 1 && *digits == '0')
        digits++, length--;
    lim_text_add(t, digits, length);
}

static size_t count_digits(const char *text) {
    size_t n = 0;
    while (is_digit(text[n]))
        n++;
    return n;
}

/* Flyway's versions are numbers between dots, and zeros at the end mean nothing. */
static const char *flyway_key(lim_context *cx, const char *version) {
    lim_text t = {.cx = cx};
    for (const char *at = version; *at != '\0';) {
        size_t n = count_digits(at);
        if (at > version)
            lim_text_addc(&t, '.');
        add_number(&t, at, n);
        at += n;
        if (*at != '.' && *at != '\0')
            return version;
        at += *at == '.';
    }
    char *key = lim_text_end(&t);
    for (size_t n = t.length; key != NULL && n > 2 && memcmp(key + n - 2, ".0", 2) == 0; n -= 2)
        key[n - 2] = '\0';
    return key;
}

const char *lim_version_key(lim_context *cx, lim_tool format, const char *version) {
    lim_text t = {.cx = cx};
    size_t digits = count_digits(version);
    switch (format) {
    case LIM_FORMAT_GOLANG:
    case LIM_FORMAT_GOOSE:
    case LIM_FORMAT_SQLX:
    case LIM_FORMAT_SUPABASE:
        if (digits == 0 || version[digits] != '\0')
            return version;
        add_number(&t, version, digits);
        return lim_text_end(&t);
    case LIM_FORMAT_FLYWAY:
        return digits == 0 ? version : flyway_key(cx, version);
    case LIM_FORMAT_DIESEL:
        for (; *version != '\0'; version++) {
            if (*version != '-')
                lim_text_addc(&t, *version);
        }
        return lim_text_end(&t);
    case LIM_FORMAT_DBMATE:
    case LIM_FORMAT_LIMBECK:
        return digits == 0 ? version : lim_copy(cx, version, digits);
    default:
        return version;
    }
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Id and message of a name whose id are the length bytes at its start; the slug ends at end. */
static bool take_slug(lim_reading *r, lim_piece *piece, const char *name, size_t length,
                      const char *end) {
    const char *slug = name + length;
    while (slug < end && strchr("_- ", *slug) != NULL)
        slug++;
    while (end > slug && strchr("_ ", end[-1]) != NULL)
        end--;
    if (piece->id == NULL)
        piece->id = lim_copy(r->cx, name, length);
    if (piece->id == NULL || slug == end)
        return piece->id != NULL;
    char *message = lim_copy(r->cx, slug, (size_t)(end - slug));
    for (char *at = message; at != NULL && *at != '\0'; at++) {
        if (*at == '_')
            *at = ' ';
    }
    piece->message = message;
    return message != NULL;
}

static bool fail_name(lim_reading *r, const char *file, const char *hint) {
    return lim_fail(r->cx, LIM_INVALID, hint, "%s: not the name of a migration of %s",
                    lim_show(r->cx, file), lim_format_name(r->format));
}

/* Takes a file that begins with digits; what ends the name has ending bytes. */
static bool take_numbered(lim_reading *r, const char *file, const char *name, size_t ending,
                          lim_piece *piece) {
    size_t digits = count_digits(name), length = strlen(name);
    bool hyphen = r->format == LIM_FORMAT_SQL_MIGRATE;
    if (length > ending) /* a text given alone may have any name */
        length -= ends_with(name, ".sql") ? ending : 0;
    if (r->format == LIM_FORMAT_PLAIN ||
        (hyphen && (digits == 0 || (name[digits] != '_' && name[digits] != '-'))))
        return lim_script_name(r->cx, name, &piece->id, &piece->message) &&
               (piece->id != NULL || fail_name(r, file, "Begin the file's name with its version."));
    if (digits == 0 || digits > length ||
        (digits < length && name[digits] != '_' && !(hyphen && name[digits] == '-')))
        return fail_name(r, file,
                         "A file's name begins with its version and an underscore, as in "
                         "20260110093000_create_users.sql.");
    return take_slug(r, piece, name, digits, name + length);
}

static bool open_sql(lim_reading *r, const lim_file *file, lim_source *source) {
    return lim_source_open(r->cx, file, source) && lim_source_check_sql(r, source);
}

static bool is_no_transaction(const lim_source *s) {
    static const char LINE[] = "-- no-transaction";
    return s->length >= sizeof LINE - 1 && memcmp(s->text, LINE, sizeof LINE - 1) == 0;
}

/* 1_x.up.sql and 1_x.down.sql; sqlx has 1_x.sql, too. */
static bool read_pair(lim_reading *r, const lim_file *file) {
    const char *name = file_name(file->name);
    bool up = ends_with(name, ".up.sql"), down = ends_with(name, ".down.sql");
    lim_piece piece = {.file = file->name};
    lim_source source;
    if (!up && !down && r->format == LIM_FORMAT_GOLANG) {
        if (!is_digit(name[0]))
            return true; /* golang-migrate passes over it, too */
        return fail_name(r, file->name, "A migration's files end in .up.sql and .down.sql.");
    }
    if (!take_numbered(r, file->name, name,
                       up     ? 7
                       : down ? 9
                              : 4,
                       &piece) ||
        !open_sql(r, file, &source))
        return false;
    piece.sections[down ? LIM_DOWN : LIM_UP] = lim_section_of(
        source.text, source.length, !(r->format == LIM_FORMAT_SQLX && is_no_transaction(&source)));
    return lim_piece_add(r, &piece);
}

/* One file a migration, all of it going up. */
static bool read_plain(lim_reading *r, const lim_file *file) {
    lim_piece piece = {.file = file->name};
    lim_source source;
    if (!take_numbered(r, file->name, file_name(file->name), 4, &piece) ||
        !open_sql(r, file, &source))
        return false;
    piece.sections[LIM_UP] =
        lim_section_of(source.text, source.length, !is_no_transaction(&source));
    return lim_piece_add(r, &piece);
}

static bool read_marked(lim_reading *r, const lim_file *file) {
    lim_piece piece = {.file = file->name};
    lim_source source;
    return take_numbered(r, file->name, file_name(file->name), 4, &piece) &&
           lim_source_open(r->cx, file, &source) && lim_read_marked(r, &source, &piece) &&
           lim_piece_add(r, &piece);
}

/* ---- a directory a migration ---------------------------------------------------------------- */

/* The path of a file beside another one. NULL: LIM_NOMEM. */
static const char *beside(lim_reading *r, const char *path, const char *name) {
    size_t folder = (size_t)(file_name(path) - path);
    const char *start = lim_copy(r->cx, path, folder);
    return start == NULL ? NULL : lim_format(r->cx, "%s%s", start, name);
}

/* diesel's metadata.toml: run_in_transaction = false */
static bool read_metadata(lim_reading *r, const lim_file *file, bool *transactional) {
    static const char KEY[] = "run_in_transaction";
    lim_source s;
    if (!lim_source_open(r->cx, file, &s))
        return false;
    for (size_t at = 0, end; at < s.length; at = end + 1) {
        end = lim_line_end(s.text, s.length, at);
        size_t from = at, to = end;
        const char *comment = memchr(s.text + from, '#', to - from);
        if (comment != NULL)
            to = (size_t)(comment - s.text);
        while (from < to && strchr(" \t", s.text[from]) != NULL)
            from++;
        while (to > from && strchr(" \t", s.text[to - 1]) != NULL)
            to--;
        if (to - from < sizeof KEY - 1 || memcmp(s.text + from, KEY, sizeof KEY - 1) != 0)
            continue;
        for (from += sizeof KEY - 1; from < to && strchr(" \t=", s.text[from]) != NULL; from++)
            ;
        bool no = to - from == 5 && memcmp(s.text + from, "false", 5) == 0;
        if (!no && !(to - from == 4 && memcmp(s.text + from, "true", 4) == 0))
            return lim_source_fail_at(r->cx, &s, at, LIM_SYNTAX, NULL,
                                      "run_in_transaction is true or false");
        *transactional = !no;
    }
    return true;
}

/* diesel's up.sql and down.sql, Prisma's migration.sql. */
static bool read_folder(lim_reading *r, const lim_file *file) {
    const char *name = file_name(file->name);
    bool prisma = r->format == LIM_FORMAT_PRISMA, down = strcmp(name, "down.sql") == 0;
    if (depth_of(file->name) != 1 ||
        !(prisma ? strcmp(name, "migration.sql") == 0 : down || strcmp(name, "up.sql") == 0))
        return true;
    const char *folder = lim_copy(r->cx, file->name, (size_t)(name - file->name) - 1);
    lim_piece piece = {.file = file->name};
    lim_source source;
    bool transactional = true;
    if (folder == NULL || !open_sql(r, file, &source))
        return false;
    size_t id = 0;
    while (is_digit(folder[id]) || (!prisma && id > 0 && folder[id] == '-'))
        id++;
    if (id == 0 || (folder[id] != '_' && folder[id] != '\0'))
        id = prisma ? strlen(folder) : strcspn(folder, "_");
    if (!prisma && (piece.id = lim_copy(r->cx, folder, id)) != NULL)
        piece.id = lim_version_key(r->cx, r->format, piece.id);
    if (!prisma && piece.id == NULL)
        return false;
    if (!take_slug(r, &piece, folder, id, folder + strlen(folder)))
        return false;
    if (!prisma) {
        const char *path = beside(r, file->name, "metadata.toml");
        const lim_file *metadata = path == NULL ? NULL : find_file(r, path);
        if (path == NULL || (metadata != NULL && !read_metadata(r, metadata, &transactional)))
            return false;
    }
    piece.sections[down ? LIM_DOWN : LIM_UP] =
        lim_section_of(source.text, source.length, transactional);
    return lim_piece_add(r, &piece);
}

/* ---- Flyway --------------------------------------------------------------------------------- */

/* What V1__x.sql.conf says of V1__x.sql. */
typedef struct flyway_settings {
    bool transactional;
    bool placeholders;
} flyway_settings;

static bool setting_is(const char *text, size_t length, const char *word) {
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

static bool read_flyway_line(lim_reading *r, const lim_source *s, size_t at, size_t end,
                             flyway_settings *settings) {
    const char *text = s->text;
    while (at < end && strchr(" \t", text[at]) != NULL)
        at++;
    while (end > at && strchr(" \t", text[end - 1]) != NULL)
        end--;
    if (at == end || text[at] == '#')
        return true;
    const char *equals = memchr(text + at, '=', end - at);
    size_t key = equals == NULL ? end - at : (size_t)(equals - text) - at;
    size_t value = equals == NULL ? end : at + key + 1;
    while (key > 0 && strchr(" \t", text[at + key - 1]) != NULL)
        key--;
    while (value < end && strchr(" \t", text[value]) != NULL)
        value++;
    bool yes = setting_is(text + value, end - value, "true");
    bool truth = yes || setting_is(text + value, end - value, "false");
    if (setting_is(text + at, key, "executeInTransaction") && truth)
        settings->transactional = yes;
    else if (setting_is(text + at, key, "placeholderReplacement") && truth)
        settings->placeholders = yes;
    else if (!setting_is(text + at, key, "encoding") ||
             !setting_is(text + value, end - value, "UTF-8"))
        return lim_source_fail_at(r->cx, s, at, LIM_NOT_SUPPORTED,
                                  "Limbeck reads executeInTransaction, placeholderReplacement and "
                                  "encoding=UTF-8.",
                                  "the setting \"%s\" is not supported",
                                  lim_show_bytes(r->cx, text + at, end - at));
    return true;
}

static bool read_flyway_settings(lim_reading *r, const char *file, flyway_settings *settings) {
    const char *path = lim_format(r->cx, "%s.conf", file);
    const lim_file *found = path == NULL ? NULL : find_file(r, path);
    lim_source s;
    *settings = (flyway_settings){true, true};
    if (path == NULL || found == NULL)
        return path != NULL;
    if (!lim_source_open(r->cx, found, &s))
        return false;
    for (size_t at = 0, end; at < s.length; at = end + 1) {
        end = lim_line_end(s.text, s.length, at);
        if (!read_flyway_line(r, &s, at, end, settings))
            return false;
    }
    return true;
}

static bool check_placeholders(lim_reading *r, const lim_source *s) {
    const char *at = s->text, *end = s->text + s->length, *close;
    while (at < end && (at = memchr(at, '$', (size_t)(end - at))) != NULL) {
        if (at + 1 < end && at[1] == '{' && (close = memchr(at, '}', (size_t)(end - at))) != NULL)
            return lim_source_fail_at(
                r->cx, s, (size_t)(at - s->text), LIM_NOT_SUPPORTED,
                "Write its value in its place; where the text is meant as it is, put "
                "placeholderReplacement=false into the file's .conf, as for Flyway.",
                "placeholder %s: Limbeck has none",
                lim_show_bytes(r->cx, at, (size_t)(close + 1 - at)));
        at++;
    }
    return true;
}

static bool read_flyway(lim_reading *r, const lim_file *file) {
    const char *name = file_name(file->name);
    size_t length = strlen(name) - 4;
    if (!is_flyway_name(name)) {
        bool callback = begins_with(name, "before") || begins_with(name, "after");
        if (callback && name[name[0] == 'a' ? 5 : 6] >= 'A' && name[name[0] == 'a' ? 5 : 6] <= 'Z')
            return lim_fail(r->cx, LIM_NOT_SUPPORTED,
                            "Move its statements into migrations, and the file elsewhere.",
                            "%s: Limbeck has no callbacks", lim_show(r->cx, file->name));
        if (strchr("VUB", name[0]) != NULL && (is_digit(name[1]) || strstr(name, "__") != NULL))
            return fail_name(
                r, file->name,
                "Two underscores stand behind the version, as in V1_2__create_users.sql.");
        return true; /* Flyway passes over it, too */
    }
    if (name[0] == 'R')
        return lim_fail(r->cx, LIM_NOT_SUPPORTED,
                        "Make it a versioned migration (V...), or run it after each upgrade by "
                        "yourself, and move the file elsewhere.",
                        "%s: Limbeck has no repeatable migrations", lim_show(r->cx, file->name));
    if (name[0] == 'B')
        return lim_fail(r->cx, LIM_NOT_SUPPORTED,
                        "Load the versioned migrations alone; a database that stands at the "
                        "baseline is adopted with migrate_adopt('flyway').",
                        "%s: Limbeck has no baseline migrations", lim_show(r->cx, file->name));
    const char *separator = strstr(name, "__");
    lim_piece piece = {.file = file->name};
    char *id = lim_copy(r->cx, name + 1, (size_t)(separator - name) - 1);
    if (id == NULL)
        return false;
    for (char *at = id; *at != '\0'; at++) {
        if (*at == '_')
            *at = '.';
        if (!is_digit(*at) && *at != '.')
            return fail_name(r, file->name, "A version is made of digits, dots and underscores.");
    }
    piece.id = id;
    lim_source source;
    flyway_settings settings;
    if (!take_slug(r, &piece, name, (size_t)(separator - name), name + length) ||
        !read_flyway_settings(r, file->name, &settings) || !open_sql(r, file, &source) ||
        (settings.placeholders && !check_placeholders(r, &source)))
        return false;
    piece.sections[name[0] == 'U' ? LIM_DOWN : LIM_UP] =
        lim_section_of(source.text, source.length, settings.transactional);
    return lim_piece_add(r, &piece);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static bool read_files(lim_reading *r) {
    for (uint32_t i = 0; i < r->count; i++) {
        const lim_file *file = &r->files[i];
        bool nested = strchr(file->name, '/') != NULL, ok;
        if (is_program(file_name(file->name)))
            return lim_fail(r->cx, LIM_NOT_SUPPORTED,
                            "Write it as SQL under the same version, or move the file elsewhere.",
                            "%s: a migration that is a program cannot be loaded",
                            lim_show(r->cx, file->name));
        if (!ends_with(file->name, ".sql"))
            continue;
        switch (r->format) {
        case LIM_FORMAT_GOLANG:
        case LIM_FORMAT_SQLX:
            ok = nested || read_pair(r, file);
            break;
        case LIM_FORMAT_GOOSE:
        case LIM_FORMAT_SQL_MIGRATE:
            ok = nested || read_marked(r, file);
            break;
        case LIM_FORMAT_FLYWAY:
            ok = read_flyway(r, file);
            break;
        case LIM_FORMAT_DIESEL:
        case LIM_FORMAT_PRISMA:
            ok = read_folder(r, file);
            break;
        default:
            ok = nested || read_plain(r, file);
            break;
        }
        if (!ok)
            return false;
    }
    return true;
}

bool lim_format_read(lim_context *cx, lim_dialect dialect, lim_tool *format, const lim_file *files,
                     uint32_t count, lim_file **out, uint32_t *out_count) {
    lim_reading r = {
        .cx = cx, .dialect = dialect, .format = *format, .files = files, .count = count};
    bool ok;
    *out = NULL;
    *out_count = 0;
    if (r.format == LIM_FORMAT_DETECT && !detect(&r))
        return false;
    *format = r.format;
    if (!lim_grow(cx, &r.out, &r.out_capacity, count + 1, sizeof *r.out))
        return false;
    switch (r.format) {
    case LIM_FORMAT_LIMBECK:
    case LIM_FORMAT_DBMATE:
        for (uint32_t i = 0; i < count; i++) {
            if (strchr(files[i].name, '/') == NULL && ends_with(files[i].name, ".sql"))
                r.out[r.out_count++] = files[i];
        }
        ok = true;
        break;
    case LIM_FORMAT_SQITCH:
        ok = lim_read_sqitch(&r);
        break;
    default:
        ok = read_files(&r) && lim_pieces_join(&r);
        break;
    }
    *out = r.out;
    *out_count = r.out_count;
    return ok;
}

bool lim_format_read_one(lim_context *cx, lim_dialect dialect, lim_file *file) {
    lim_reading r = {.cx = cx, .dialect = dialect};
    if (file->name == NULL || *file_name(file->name) == '\0' || file->length > LIM_SIZE_LIMIT)
        return true;
    r.format = leading_marker(file->text, file->length);
    if (r.format != LIM_FORMAT_GOOSE && r.format != LIM_FORMAT_SQL_MIGRATE)
        return true;
    const lim_file alone = {file_name(file->name), file->text, file->length};
    if (!read_marked(&r, &alone) || !lim_pieces_join(&r))
        return false;
    *file = r.out[0];
    return true;
}
