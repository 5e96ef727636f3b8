/*
** import.c - Alembic's offline script, taken apart
*/
#include "import.h"

#include "format_read.h"

#include <string.h>

/* What a statement is to the importer. */
typedef enum statement_kind {
    STATEMENT_OTHER,
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_VERSION /* on the version table */
} statement_kind;

/* A part of a body, with the comments before it. */
typedef struct part {
    const char *text;
    size_t length;
    bool statement;   /* false: comments only, at the end */
    bool transaction; /* it stands inside one */
} part;

/* What stands behind one line "-- Running ...". */
typedef struct running {
    const char *id;
    lim_list parents; /* upgrade only */
    lim_list touched; /* version rows that it takes away */
    const char *message;
    part *parts;
    uint32_t count, capacity;
    bool closed; /* something stands in it */
} running;

typedef struct script {
    lim_context *cx;
    lim_dialect dialect;
    lim_direction direction;
    lim_source source;
    const char *version_table;
    bool transactions;   /* the script has BEGIN at all */
    bool in_transaction; /* at the present statement */
    running *runs;
    uint32_t count, capacity;
    bool in_run; /* the last run is not over */
} script;

static const char *const WORDS[] = {[LIM_UP] = "upgrade", [LIM_DOWN] = "downgrade"};
static const char *const COMMANDS[] = {
    [LIM_UP] = "It is what \"alembic upgrade base:heads --sql\" prints.",
    [LIM_DOWN] = "It is what \"alembic downgrade heads:base --sql\" prints."};

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool begins_with(const char *text, size_t length, const char *start) {
    size_t size = strlen(start);
    return length >= size && memcmp(text, start, size) == 0;
}

/* ---- the log's lines ------------------------------------------------------------------------ */

/* Where a line of Alembic's log has its words: `INFO  [alembic.runtime.migration] Running ...`; 0: it
** is none. */
static size_t log_words(const char *line, size_t length) {
    size_t at = 0;
    while (at < length && line[at] >= 'A' && line[at] <= 'Z')
        at++;
    if (at == 0)
        return 0;
    while (at < length && line[at] == ' ')
        at++;
    if (!begins_with(line + at, length - at, "[alembic"))
        return 0;
    const char *close = memchr(line + at, ']', length - at);
    return close == NULL ? 0 : (size_t)(close - line) + 1;
}

/* Takes the log's lines out of the text; those that say "Running ..." become comments. */
static bool take_log(script *s) {
    const char *text = s->source.text;
    size_t length = s->source.length, copied = 0, start;
    lim_text out = {.cx = s->cx};
    for (size_t at = 0; at < length;) {
        lim_token t = lim_lex(s->dialect, text, length, at);
        size_t end = at + t.length, line = lim_line_end(text, length, at);
        size_t words = t.kind == LIM_TOKEN_WORD && lim_line_starts(text, at, &start)
                           ? log_words(text + at, line - at)
                           : 0;
        if (words > 0) {
            lim_text_add(&out, text + copied, start - copied);
            words += at;
            while (words < line && text[words] == ' ')
                words++;
            if (begins_with(text + words, line - words, "Running ")) {
                lim_text_adds(&out, "-- ");
                lim_text_add(&out, text + words, line - words);
            }
            copied = end = line;
        }
        at = end;
    }
    if (copied == 0)
        return true;
    lim_text_add(&out, text + copied, length - copied);
    s->source.text = lim_text_end(&out);
    s->source.length = out.length;
    return s->source.text != NULL;
}

/* ---- the lines that begin a revision ---------------------------------------------------------- */

static running *find_run(const script *s, const char *id) {
    for (uint32_t i = 0; i < s->count; i++) {
        if (strcmp(s->runs[i].id, id) == 0)
            return &s->runs[i];
    }
    return NULL;
}

/* A text's part without blanks at its ends. NULL: LIM_NOMEM. */
static const char *trimmed(lim_context *cx, const char *start, const char *end) {
    while (start < end && is_space(*start))
        start++;
    while (end > start && is_space(end[-1]))
        end--;
    return lim_copy(cx, start, (size_t)(end - start));
}

/* Begins a revision: `a, b -> c, message` going up, `c -> a, b, message` going down. */
static bool begin_run(script *s, size_t at, const char *text, const char *end) {
    const char *arrow = text;
    while (arrow < end && !begins_with(arrow, (size_t)(end - arrow), "->"))
        arrow++;
    if (arrow == end)
        return lim_source_fail_at(s->cx, &s->source, at, LIM_SYNTAX, COMMANDS[s->direction],
                                  "a line \"Running %s\" without an arrow", WORDS[s->direction]);
    running run = {0};
    const char *right = arrow + 2, *comma = right;
    while (comma < end && *comma != ',')
        comma++;
    bool up = s->direction == LIM_UP;
    const char *left = trimmed(s->cx, text, arrow);
    run.id = up ? trimmed(s->cx, right, comma) : left;
    if (left == NULL || run.id == NULL)
        return false;
    if (up && !lim_list_split(s->cx, strcmp(left, "None") == 0 ? "" : left, &run.parents))
        return false;
    if (up && comma < end && (run.message = trimmed(s->cx, comma + 1, end)) == NULL)
        return false;
    running *same = find_run(s, run.id);
    if (same != NULL) {
        /* the log has said it, and now the script does */
        if (s->in_run && same == &s->runs[s->count - 1] && !same->closed)
            return true;
        return lim_source_fail_at(s->cx, &s->source, at, LIM_DUPLICATE, COMMANDS[s->direction],
                                  "revision \"%s\" begins a second time", lim_show(s->cx, run.id));
    }
    if (!lim_grow(s->cx, &s->runs, &s->capacity, s->count + 1, sizeof *s->runs))
        return false;
    s->runs[s->count++] = run;
    s->in_run = true;
    return true;
}

/* True when a comment is a line "-- Running ..."; *taken then, and the revision has begun. */
static bool take_comment(script *s, lim_token t, bool *taken) {
    static const char RUNNING[] = "-- Running ";
    const char *text = s->source.text + t.start, *end = text + t.length;
    size_t start;
    *taken =
        begins_with(text, t.length, RUNNING) && lim_line_starts(s->source.text, t.start, &start);
    if (!*taken)
        return true;
    text += sizeof RUNNING - 1;
    for (int d = LIM_UP; d <= LIM_DOWN; d++) {
        size_t size = strlen(WORDS[d]);
        if (!begins_with(text, (size_t)(end - text), WORDS[d]) || !is_space(text[size]))
            continue;
        if (d != (int)s->direction)
            return lim_source_fail_at(
                s->cx, &s->source, t.start, LIM_INVALID, COMMANDS[s->direction],
                "the script of the %s holds a line \"Running %s\"", WORDS[s->direction], WORDS[d]);
        return begin_run(s, t.start, text + size, end);
    }
    s->in_run = false; /* a stamp */
    return true;
}

/* ---- statements ------------------------------------------------------------------------------- */

/* The significant tokens at a statement's start. */
enum { LOOK_AHEAD = 8 };

static uint32_t first_tokens(const script *s, const lim_statement *st, lim_token *tokens) {
    uint32_t count = 0;
    for (size_t at = st->start; count < LOOK_AHEAD && at < st->end;) {
        lim_token t = lim_lex_significant(s->dialect, s->source.text, st->end, at);
        if (t.kind == LIM_TOKEN_END)
            break;
        tokens[count++] = t;
        at = t.start + t.length;
    }
    for (uint32_t i = count; i < LOOK_AHEAD; i++)
        tokens[i] = (lim_token){LIM_TOKEN_END, st->end, 0};
    return count;
}

static bool token_is(const script *s, lim_token t, const char *word) {
    return lim_token_is(s->source.text, t, word);
}

/* Passes over `schema.` and gives the name behind it; *next is the token behind the name. */
static bool names_version_table(const script *s, const lim_token *t, uint32_t at, bool *is) {
    while (at + 2 < LOOK_AHEAD && t[at + 1].kind == LIM_TOKEN_DOT)
        at += 2;
    *is = false;
    if (t[at].kind != LIM_TOKEN_WORD && t[at].kind != LIM_TOKEN_QUOTED)
        return true;
    const char *name = lim_token_name(s->cx, s->dialect, s->source.text, t[at]);
    if (name == NULL)
        return false;
    *is = strcmp(name, s->version_table) == 0;
    return true;
}

/* The table that Alembic makes before the first revision, whatever env.py calls it. */
static bool learn_version_table(script *s, const lim_token *t) {
    uint32_t at = 2;
    if (s->count > 0 || !token_is(s, t[0], "create") || !token_is(s, t[1], "table"))
        return true;
    while (at + 2 < LOOK_AHEAD && t[at + 1].kind == LIM_TOKEN_DOT)
        at += 2;
    if (at + 2 >= LOOK_AHEAD || t[at + 1].kind != LIM_TOKEN_LEFT ||
        !token_is(s, t[at + 2], "version_num"))
        return true;
    s->version_table = lim_token_name(s->cx, s->dialect, s->source.text, t[at]);
    return s->version_table != NULL;
}

static bool classify(script *s, const lim_statement *st, statement_kind *kind) {
    lim_token t[LOOK_AHEAD];
    uint32_t count = first_tokens(s, st, t), table = 0;
    bool version = false;
    *kind = STATEMENT_OTHER;
    if (!learn_version_table(s, t))
        return false;
    if (token_is(s, t[0], "begin") && (count == 1 || token_is(s, t[1], "transaction")))
        *kind = STATEMENT_BEGIN;
    else if (token_is(s, t[0], "commit") && count == 1)
        *kind = STATEMENT_COMMIT;
    else if (token_is(s, t[0], "update"))
        table = 1;
    else if ((token_is(s, t[0], "insert") && token_is(s, t[1], "into")) ||
             (token_is(s, t[0], "delete") && token_is(s, t[1], "from")) ||
             ((token_is(s, t[0], "create") || token_is(s, t[0], "drop")) &&
              token_is(s, t[1], "table")))
        table = 2;
    if (table != 0 && !names_version_table(s, t, table, &version))
        return false;
    if (version)
        *kind = STATEMENT_VERSION;
    return true;
}

/* Notes which version row a statement on the version table takes away: the last string of an UPDATE
** or a DELETE. */
static bool note_touched(script *s, const lim_statement *st, running *run) {
    const char *text = s->source.text;
    lim_token last = {LIM_TOKEN_END, 0, 0};
    if (!lim_token_is(text, st->first, "update") && !lim_token_is(text, st->first, "delete"))
        return true;
    for (size_t at = st->start; at < st->end;) {
        lim_token t = lim_lex(s->dialect, text, st->end, at);
        if (t.kind == LIM_TOKEN_STRING)
            last = t;
        at += t.length;
    }
    if (last.length < 2 || text[last.start] != '\'')
        return true;
    const char *row = lim_copy(s->cx, text + last.start + 1, last.length - 2);
    return row != NULL && lim_list_add(s->cx, &run->touched, row);
}

static bool add_part(script *s, running *run, size_t start, size_t end, bool statement) {
    const char *text = s->source.text;
    while (start < end && is_space(text[start]))
        start++;
    while (end > start && is_space(text[end - 1]))
        end--;
    if (start == end)
        return true;
    if (!lim_grow(s->cx, &run->parts, &run->capacity, run->count + 1, sizeof *run->parts))
        return false;
    run->parts[run->count++] = (part){text + start, end - start, statement, s->in_transaction};
    return true;
}

/* Reads the comments between two statements; *from becomes the place from which on they belong to
** what follows. */
static bool read_comments(script *s, size_t *from, size_t to) {
    for (size_t at = *from; at < to;) {
        lim_token t = lim_lex(s->dialect, s->source.text, s->source.length, at);
        bool taken = false, was_in = s->in_run;
        uint32_t run = s->count;
        if (t.kind == LIM_TOKEN_COMMENT && !take_comment(s, t, &taken))
            return false;
        if (taken) {
            if (was_in && !add_part(s, &s->runs[run - 1], *from, t.start, false))
                return false;
            *from = t.start + t.length;
        }
        at += t.length;
    }
    return true;
}

static bool take_statement(script *s, size_t from, const lim_statement *st) {
    running *run = s->in_run ? &s->runs[s->count - 1] : NULL;
    statement_kind kind;
    if (st->unterminated)
        return lim_source_fail_at(s->cx, &s->source, st->start, LIM_SYNTAX, NULL,
                                  "a string, name or comment in the statement that begins here has "
                                  "no end");
    if (!classify(s, st, &kind))
        return false;
    if (run != NULL)
        run->closed = true;
    switch (kind) {
    case STATEMENT_BEGIN:
        s->in_transaction = s->transactions = true;
        return run == NULL || add_part(s, run, from, st->start, false);
    case STATEMENT_COMMIT:
        s->in_transaction = false;
        return run == NULL || add_part(s, run, from, st->start, false);
    case STATEMENT_VERSION:
        return run == NULL ||
               (note_touched(s, st, run) && add_part(s, run, from, st->start, false));
    default:
        break;
    }
    if (run == NULL)
        return lim_source_fail_at(s->cx, &s->source, st->start, LIM_NOT_SUPPORTED,
                                  "Take it out, or put it into the revision that it belongs to.",
                                  "a statement that belongs to no revision");
    return add_part(s, run, from, st->end, true);
}

static bool read_script(script *s, const lim_bytes *bytes) {
    lim_file file = {s->direction == LIM_UP ? "upgrade_sql" : "downgrade_sql", bytes->text,
                     bytes->length};
    lim_statement st;
    size_t cursor = 0, from = 0;
    if (!lim_source_open(s->cx, &file, &s->source) || !take_log(s))
        return false;
    while (lim_next_statement(s->dialect, s->source.text, s->source.length, &cursor, &st)) {
        if (!read_comments(s, &from, st.start) || !take_statement(s, from, &st))
            return false;
        from = st.next;
    }
    if (!read_comments(s, &from, s->source.length) ||
        (s->in_run && !add_part(s, &s->runs[s->count - 1], from, s->source.length, false)))
        return false;
    return s->count > 0 || lim_source_fail(s->cx, &s->source, LIM_INVALID, COMMANDS[s->direction],
                                           "no line \"-- Running %s\"", WORDS[s->direction]);
}

/* ---- bodies ------------------------------------------------------------------------------------ */

static void add_paragraph(lim_text *t, const char *text, size_t length) {
    if (t->length > 0)
        lim_text_adds(t, "\n\n");
    lim_text_add(t, text, length);
}

/* The body of a revision. Where all its statements stood in a transaction, or the script has none,
** that is nothing to be said; otherwise BEGIN and COMMIT stand where they stood. */
static bool make_section(const script *s, const running *run, lim_section *section) {
    lim_text t = {.cx = s->cx};
    bool outside = false, open = false;
    for (uint32_t i = 0; i < run->count; i++)
        outside =
            outside || (s->transactions && run->parts[i].statement && !run->parts[i].transaction);
    for (uint32_t i = 0; i < run->count; i++) {
        const part *p = &run->parts[i];
        if (outside && p->statement && p->transaction != open) {
            add_paragraph(&t, open ? "COMMIT;" : "BEGIN;", open ? 7 : 6);
            open = p->transaction;
        }
        add_paragraph(&t, p->text, p->length);
        if (p->statement)
            lim_text_addc(&t, ';');
    }
    if (open)
        add_paragraph(&t, "COMMIT;", 7);
    const char *body = lim_text_end(&t);
    *section = lim_section_of(body, t.length, !outside);
    return body != NULL;
}

/* Version rows that a revision takes away besides its parents' were those of its dependencies. */
static bool find_dependencies(const script *s, const running *run, lim_list *depends_on) {
    for (uint32_t i = 0; i < run->touched.count; i++) {
        const char *row = run->touched.items[i];
        if (!lim_list_has(&run->parents, row) && !lim_list_has(depends_on, row) &&
            strcmp(row, run->id) != 0 && !lim_list_add(s->cx, depends_on, row))
            return false;
    }
    return true;
}

static bool emit_run(lim_reading *r, const script *up, const script *down, const running *run) {
    lim_script made = {.id = run->id,
                       .message = run->message,
                       .has_down_revision = true,
                       .down_revision = run->parents};
    const running *back = find_run(down, run->id);
    return find_dependencies(up, run, &made.depends_on) &&
           make_section(up, run, &made.sections[LIM_UP][LIM_VARIANT_COMMON]) &&
           (back == NULL ||
            make_section(down, back, &made.sections[LIM_DOWN][LIM_VARIANT_COMMON])) &&
           lim_reading_emit(r, run->id, &made);
}

bool lim_import(lim_context *cx, lim_dialect dialect, const char *tool, const lim_bytes *upgrade,
                const lim_bytes *downgrade, lim_file **files, uint32_t *count) {
    script up = {.cx = cx, .dialect = dialect, .version_table = "alembic_version"};
    lim_reading r = {.cx = cx, .dialect = dialect};
    *files = NULL;
    *count = 0;
    if (tool == NULL)
        return lim_fail(cx, LIM_INVALID, "Write 'alembic'.",
                        "argument \"tool\" of migrate_import() is required");
    if (strcmp(tool, "alembic") != 0)
        return lim_fail(cx, LIM_NOT_SUPPORTED,
                        "'alembic' is imported; other tools' files are loaded with "
                        "migrate_load_dir().",
                        "cannot import from \"%s\"", lim_show(cx, tool));
    if (upgrade->text == NULL)
        return lim_fail(cx, LIM_INVALID, COMMANDS[LIM_UP],
                        "argument \"upgrade_sql\" of migrate_import() is required");
    if (!read_script(&up, upgrade))
        return false;
    script down = {
        .cx = cx, .dialect = dialect, .direction = LIM_DOWN, .version_table = up.version_table};
    if (downgrade->text != NULL && !read_script(&down, downgrade))
        return false;
    for (uint32_t i = 0; i < down.count; i++) {
        if (find_run(&up, down.runs[i].id) == NULL)
            return lim_source_fail(cx, &down.source, LIM_INVALID,
                                   "Print both for the same revisions.",
                                   "revision \"%s\" is not in the script of the upgrade",
                                   lim_show(cx, down.runs[i].id));
    }
    for (uint32_t i = 0; i < up.count; i++) {
        if (!emit_run(&r, &up, &down, &up.runs[i]))
            return false;
    }
    *files = r.out;
    *count = r.out_count;
    return true;
}
