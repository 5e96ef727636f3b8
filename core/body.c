/*
** body.c - a revision's body as a list of statements
*/
#include "body.h"

#include <string.h>

/* A statement's significant tokens, one after the other. */
typedef struct walker {
    lim_dialect dialect;
    const char *text;
    size_t end; /* of the statement */
    lim_token token;
} walker;

static void walk_on(walker *w) {
    w->token = lim_lex_significant(w->dialect, w->text, w->end, w->token.start + w->token.length);
}

static walker walk(lim_dialect dialect, const char *text, const lim_statement *statement) {
    return (walker){dialect, text, statement->end, statement->first};
}

static bool is(const walker *w, const char *word) {
    return lim_token_is(w->text, w->token, word);
}

/* Passes over the word when it stands here. */
static bool take(walker *w, const char *word) {
    if (!is(w, word))
        return false;
    walk_on(w);
    return true;
}

static bool at_end(const walker *w) {
    return w->token.kind == LIM_TOKEN_END;
}

/* Passes over an option list in parentheses and tells whether the word stands in it. */
static bool take_options(walker *w, const char *word) {
    bool found = false;
    if (w->token.kind != LIM_TOKEN_LEFT)
        return false;
    while (!at_end(w) && w->token.kind != LIM_TOKEN_RIGHT) {
        walk_on(w);
        found = found || is(w, word);
    }
    walk_on(w);
    return found;
}

/* True when the word stands anywhere in the rest of the statement. */
static bool take_until(walker *w, const char *word) {
    while (!at_end(w)) {
        if (take(w, word))
            return true;
        walk_on(w);
    }
    return false;
}

/* True for the plain word that opens a transaction and says nothing else about it. */
static bool opens_plainly(walker w) {
    if (w.dialect == LIM_POSTGRES) {
        if (take(&w, "start"))
            return take(&w, "transaction") && at_end(&w);
        if (!take(&w, "begin"))
            return false;
        if (!take(&w, "transaction"))
            take(&w, "work");
        return at_end(&w);
    }
    if (!take(&w, "begin"))
        return false;
    if (!take(&w, "deferred") && !take(&w, "immediate"))
        take(&w, "exclusive");
    if (take(&w, "transaction") && !at_end(&w))
        walk_on(&w); /* the name that SQLite lets stand here */
    return at_end(&w);
}

/* True for COMMIT or END, with nothing behind it that would go on. */
static bool commits_plainly(walker w) {
    if (!take(&w, "commit") && !take(&w, "end"))
        return false;
    if (w.dialect == LIM_SQLITE) {
        if (take(&w, "transaction") && !at_end(&w))
            walk_on(&w);
        return at_end(&w);
    }
    if (!take(&w, "transaction"))
        take(&w, "work");
    if (take(&w, "and") && !(take(&w, "no") && take(&w, "chain")))
        return false;
    return at_end(&w);
}

/* True for a statement that begins or ends a whole transaction. */
static bool bounds_transaction(walker w) {
    if (take(&w, "rollback")) {
        if (!take(&w, "transaction"))
            take(&w, "work");
        return !is(&w, "to");
    }
    if (is(&w, "begin") || is(&w, "commit") || is(&w, "end"))
        return true;
    if (w.dialect == LIM_SQLITE)
        return false;
    if (take(&w, "start") || take(&w, "prepare"))
        return is(&w, "transaction");
    return is(&w, "abort");
}

bool lim_statement_controls_transaction(lim_dialect dialect, const char *text,
                                        const lim_statement *statement) {
    walker w = walk(dialect, text, statement);
    return bounds_transaction(w) || is(&w, "rollback") || is(&w, "savepoint") || is(&w, "release");
}

/* What a statement does to the transactions of a body marked transaction:false. */
typedef enum lim_bound {
    LIM_BOUND_NONE,
    LIM_BOUND_BEGIN,  /* BEGIN and its like, with nothing but SQLite's DEFERRED, ... behind it */
    LIM_BOUND_COMMIT, /* COMMIT or END */
    LIM_BOUND_OTHER   /* whatever else begins, ends or pierces one */
} lim_bound;

static lim_bound statement_bound(lim_dialect dialect, const char *text,
                                 const lim_statement *statement) {
    walker w = walk(dialect, text, statement);
    if (opens_plainly(w))
        return LIM_BOUND_BEGIN;
    if (commits_plainly(w))
        return LIM_BOUND_COMMIT;
    return lim_statement_controls_transaction(dialect, text, statement) ? LIM_BOUND_OTHER
                                                                        : LIM_BOUND_NONE;
}

/* True when an option further on is switched off: WITH (refresh = false). */
static bool turns_off(walker w, const char *option) {
    while (take_until(&w, option)) {
        if (w.token.kind == LIM_TOKEN_OPERATOR)
            walk_on(&w);
        if (is(&w, "false") || is(&w, "off"))
            return true;
    }
    return false;
}

/* ALTER SUBSCRIPTION, behind its name: what asks the other server for its tables. */
static bool refreshes(walker w) {
    if (take(&w, "refresh"))
        return is(&w, "publication");
    return (take(&w, "set") || take(&w, "add") || take(&w, "drop")) && take(&w, "publication") &&
           !turns_off(w, "refresh");
}

/* CREATE ... of PostgreSQL. */
static bool create_needs_autocommit(walker w) {
    if (is(&w, "database") || is(&w, "tablespace"))
        return true;
    if (take(&w, "subscription")) /* else it is an ordinary statement */
        return !turns_off(w, "connect") && !turns_off(w, "create_slot");
    take(&w, "unique");
    return take(&w, "index") && is(&w, "concurrently");
}

static bool alter_needs_autocommit(walker w) {
    if (is(&w, "system"))
        return true;
    if (take(&w, "database"))
        return take_until(&w, "set") && is(&w, "tablespace");
    if (take(&w, "subscription")) {
        walk_on(&w);
        return refreshes(w);
    }
    return take(&w, "table") && take_until(&w, "detach") && take(&w, "partition") &&
           take_until(&w, "concurrently");
}

static bool reindex_needs_autocommit(walker w) {
    if (take_options(&w, "concurrently"))
        return true;
    if (is(&w, "schema") || is(&w, "database") || is(&w, "system"))
        return true;
    return (take(&w, "index") || take(&w, "table")) && is(&w, "concurrently");
}

static bool cluster_needs_autocommit(walker w) {
    take_options(&w, "verbose");
    take(&w, "verbose");
    return at_end(&w);
}

static bool postgres_needs_autocommit(walker w) {
    if (take(&w, "create"))
        return create_needs_autocommit(w);
    if (take(&w, "drop"))
        return is(&w, "database") || is(&w, "tablespace") || is(&w, "subscription") ||
               (take(&w, "index") && is(&w, "concurrently"));
    if (take(&w, "alter"))
        return alter_needs_autocommit(w);
    if (take(&w, "reindex"))
        return reindex_needs_autocommit(w);
    if (take(&w, "cluster"))
        return cluster_needs_autocommit(w);
    if (take(&w, "discard"))
        return is(&w, "all");
    if (take(&w, "commit") || take(&w, "rollback") || take(&w, "end") || take(&w, "abort")) {
        if (!take(&w, "transaction"))
            take(&w, "work");
        return take(&w, "and") && is(&w, "chain");
    }
    return is(&w, "vacuum");
}

/* PRAGMA [schema.]wal_checkpoint of SQLite. What else it runs outside of transactions only, a body can't
** have at all; foreign_keys gets its meaning from the runner. */
static bool sqlite_needs_autocommit(walker w) {
    walker ahead;
    if (!take(&w, "pragma"))
        return false;
    ahead = w;
    walk_on(&ahead);
    if (ahead.token.kind == LIM_TOKEN_DOT) {
        walk_on(&ahead);
        w = ahead;
    }
    return is(&w, "wal_checkpoint");
}

bool lim_statement_needs_autocommit(lim_dialect dialect, const char *text,
                                    const lim_statement *statement) {
    walker w = walk(dialect, text, statement);
    return dialect == LIM_POSTGRES ? postgres_needs_autocommit(w) : sqlite_needs_autocommit(w);
}

bool lim_body_needs_autocommit(lim_dialect dialect, const char *text, size_t length) {
    lim_statement statement;
    size_t cursor = 0;
    while (lim_next_statement(dialect, text, length, &cursor, &statement)) {
        if (lim_statement_needs_autocommit(dialect, text, &statement))
            return true;
    }
    return false;
}

const char *lim_unterminated_name(lim_dialect dialect, const char *text, lim_token token) {
    switch (text[token.start]) {
    case '"':
    case '[':
    case '`':
        return "quoted name";
    case '/':
        return "comment";
    case '$':
        return "dollar-quoted string";
    case 'u':
    case 'U':
        if (dialect == LIM_POSTGRES && token.length > 2 && text[token.start + 2] == '"')
            return "quoted name";
        return "string";
    default:
        return "string";
    }
}

/* Looks for what no engine takes as text; true when there is none. */
static bool check_bytes(lim_context *cx, const char *text, size_t length) {
    const char *nul = length == 0 ? NULL : memchr(text, '\0', length);
    size_t bad = nul == NULL ? 0 : (size_t)(nul - text);
    if (nul == NULL && lim_utf8_valid(text, length, &bad))
        return true;
    lim_position place = lim_position_at(text, length, bad);
    return lim_fail(cx, LIM_SYNTAX, NULL, "%s at line %u, column %u",
                    nul != NULL ? "NUL byte" : "invalid UTF-8", (unsigned)place.line,
                    (unsigned)place.column);
}

/* Fails with the place of the unterminated token that ends the statement. */
static bool fail_unterminated(lim_context *cx, lim_dialect dialect, const char *text,
                              const lim_statement *statement) {
    lim_token t = statement->first;
    while (t.kind != LIM_TOKEN_UNTERMINATED)
        t = lim_lex(dialect, text, statement->end, t.start + t.length);
    lim_position place = lim_position_at(text, statement->end, t.start);
    return lim_fail(cx, LIM_SYNTAX, NULL, "unterminated %s at line %u, column %u",
                    lim_unterminated_name(dialect, text, t), (unsigned)place.line,
                    (unsigned)place.column);
}

/* Appends a statement; the list it outgrows is given back, for a body may hold millions. */
static bool add_statement(lim_context *cx, lim_body *body, uint32_t *capacity,
                          const lim_statement *statement) {
    size_t size = sizeof *body->spans;
    if (body->count == *capacity) {
        if (*capacity > UINT32_MAX / 2)
            return lim_fail(cx, LIM_TOO_BIG, NULL, "a body holds too many statements");
        uint32_t grown = *capacity == 0 ? 4 : *capacity * 2;
        void *bigger =
            lim_resize_raw(cx, body->spans, body->count * size, *capacity * size, grown * size);
        if (bigger == NULL)
            return false;
        body->spans = bigger;
        *capacity = grown;
    }
    body->spans[body->count++] =
        (lim_body_span){(uint32_t)statement->start, (uint32_t)statement->end};
    return true;
}

lim_statement lim_body_statement(const lim_body *body, uint32_t i) {
    lim_body_span span = body->spans[i];
    lim_token behind = lim_lex_significant(body->dialect, body->text, body->length, span.end);
    bool semicolon = behind.kind == LIM_TOKEN_SEMICOLON;
    return (lim_statement){.start = span.start,
                           .end = span.end,
                           .next = semicolon ? behind.start + 1 : body->length,
                           .first = lim_lex(body->dialect, body->text, span.end, span.start),
                           .has_semicolon = semicolon};
}

static walker walk_body(const lim_body *body, uint32_t i) {
    lim_statement statement = lim_body_statement(body, i);
    return walk(body->dialect, body->text, &statement);
}

/* True when BEGIN and COMMIT stand around all statements and none in between bounds a transaction:
** BEGIN; a; COMMIT; BEGIN; b; COMMIT is two. */
static bool is_wrapped(const lim_body *body) {
    if (body->count < 2 || !opens_plainly(walk_body(body, 0)) ||
        !commits_plainly(walk_body(body, body->count - 1)))
        return false;
    for (uint32_t i = 1; i < body->count - 1; i++) {
        if (bounds_transaction(walk_body(body, i)))
            return false;
    }
    return true;
}

bool lim_body_scan(lim_context *cx, lim_dialect dialect, const char *text, size_t length,
                   lim_body *body) {
    *body = (lim_body){.text = text, .length = length, .dialect = dialect};
    if (length > UINT32_MAX)
        return lim_fail(cx, LIM_TOO_BIG, NULL, "a body of more than 4 GiB");
    if (!check_bytes(cx, text, length))
        return false;

    uint32_t capacity = 0;
    size_t cursor = 0;
    lim_statement statement;
    while (lim_next_statement(dialect, text, length, &cursor, &statement)) {
        if (statement.unterminated)
            return fail_unterminated(cx, dialect, text, &statement);
        if (!add_statement(cx, body, &capacity, &statement))
            return false;
    }
    if (is_wrapped(body)) {
        body->wrapped = true;
        body->spans++;
        body->count -= 2;
    }
    return true;
}

#define UNIT_HINT                                                                                  \
    "In a body marked transaction:false BEGIN and COMMIT delimit transactions, each BEGIN with a " \
    "COMMIT of its own."

bool lim_body_units(lim_context *cx, lim_dialect dialect, lim_body *body, lim_unit **units,
                    uint32_t *count, uint32_t *at) {
    bool block = false;
    uint32_t first = 0;
    if (body->wrapped) {
        body->wrapped = false;
        body->spans--;
        body->count += 2;
    }
    *count = 0;
    *units = LIM_NEW(cx, lim_unit, (size_t)body->count + 1);
    if (*units == NULL)
        return false;
    for (*at = 0; *at < body->count; ++*at) {
        const lim_statement s = lim_body_statement(body, *at);
        lim_bound bound = statement_bound(dialect, body->text, &s);
        if (bound == LIM_BOUND_NONE) {
            if (!block)
                (*units)[(*count)++] = (lim_unit){*at, *at, false};
        } else if (bound == LIM_BOUND_BEGIN && !block) {
            block = true;
            first = *at;
        } else if (bound == LIM_BOUND_COMMIT && block) {
            block = false;
            (*units)[(*count)++] = (lim_unit){first, *at, true};
        } else {
            return lim_fail(cx, LIM_NOT_SUPPORTED, UNIT_HINT, "%s is not possible here",
                            lim_show_bytes(cx, body->text + s.first.start, s.first.length));
        }
    }
    *at = first;
    return !block ||
           lim_fail(cx, LIM_NOT_SUPPORTED, UNIT_HINT, "a transaction of the body has no COMMIT");
}
