/*
** place.c - where in a body something failed
*/
#include "place.h"
#include <string.h>

lim_statement limbeck_place_statement(const limbeck_place *place) {
    return lim_body_statement(place->body, place->statement);
}

const char *limbeck_place_body(limbeck_call *call, const char *revision, const char *operation) {
    if (revision == NULL) {
        return operation;
    }
    return lim_format(&call->cx, "revision \"%s\" (%s)", lim_show(&call->cx, revision), operation);
}

const char *limbeck_place_text(limbeck_call *call, const limbeck_place *place, size_t offset) {
    const char *body = limbeck_place_body(call, place->revision, place->operation);
    lim_position at = lim_position_at(place->body->text, place->body->length, offset);
    if (body == NULL) {
        return NULL;
    }
    return lim_format(&call->cx, "%s, statement %u of %u, line %u, column %u", body,
                      (unsigned)place->statement + 1, (unsigned)place->body->count,
                      (unsigned)at.line, (unsigned)at.column);
}

bool limbeck_fail_at(limbeck_call *call, const limbeck_place *place, size_t offset,
                     lim_error_code code, const char *hint, const char *format, ...) {
    const char *where = limbeck_place_text(call, place, offset);
    const char *caret = lim_caret(&call->cx, place->body->text, place->body->length, offset);
    char *message;
    va_list args;
    va_start(args, format);
    message = lim_vformat(&call->cx, format, args);
    va_end(args);
    if (where == NULL || caret == NULL || message == NULL) {
        return lim_out_of_memory(&call->cx);
    }
    return lim_fail(&call->cx, code, hint, "%s: %s\n%s", where, message, caret);
}

bool limbeck_fail_there(limbeck_call *call, const limbeck_place *place, size_t offset) {
    lim_error *e = &call->cx.error;
    if (e->code != LIM_NOMEM) {
        const char *where = limbeck_place_text(call, place, offset);
        const char *caret = lim_caret(&call->cx, place->body->text, place->body->length, offset);
        if (where != NULL && caret != NULL) {
            const char *message = lim_format(&call->cx, "%s: %s\n%s", where, e->message, caret);
            e->message = message != NULL ? message : e->message;
        }
    }
    return false;
}

bool limbeck_fail_body(limbeck_call *call, const char *revision, const char *operation) {
    lim_error *e = &call->cx.error;
    const char *body = limbeck_place_body(call, revision, operation);
    if (e->code != LIM_NOMEM && body != NULL) {
        const char *message = lim_format(&call->cx, "%s: %s", body, e->message);
        e->message = message != NULL ? message : e->message;
    }
    return false;
}

const char *limbeck_place_reason(limbeck_call *call, const char *revision, const char *operation) {
    const char *message = call->cx.error.message;
    const char *body = limbeck_place_body(call, revision, operation);
    if (body != NULL && strncmp(message, body, strlen(body)) == 0) {
        const char *colon = strstr(message + strlen(body), ": ");
        message = colon != NULL ? colon + 2 : message;
    }
    return lim_copy(&call->cx, message, strcspn(message, "\n"));
}

/* --- finding the place of an error that SQLite gives no offset for --------------------------- */

/* True when SQLite, given only the first length bytes of the text, makes the same complaint. */
static bool same_complaint(limbeck_call *call, const char *text, size_t length,
                           const char *message) {
    sqlite3_stmt *statement = NULL;
    bool same = sqlite3_prepare_v2(call->db, text, (int)length, &statement, NULL) != SQLITE_OK &&
                strcmp(sqlite3_errmsg(call->db), message) == 0;
    sqlite3_finalize(statement);
    return same;
}

/* `near "X": syntax error`: X is where the shortest beginning ends that is refused likewise. */
static bool find_near(limbeck_call *call, const char *text, size_t length, const char *message,
                      size_t *offset) {
    enum { ATTEMPTS = 100 };
    const char *word = message + strlen("near \"");
    const char *end = strrchr(word, '"');
    size_t size = end != NULL ? (size_t)(end - word) : 0;
    int attempts = 0;
    for (size_t i = 0; size > 0 && i + size <= length && attempts < ATTEMPTS; i++) {
        if (memcmp(text + i, word, size) == 0) {
            attempts++;
            if (same_complaint(call, text, i + size, message)) {
                *offset = i;
                return true;
            }
        }
    }
    return false;
}

/* The name that a message is about: `no such table: main.t`, `table t has no column named x`,
** `table t already exists`. NULL: none is found. */
static const char *named_in(limbeck_call *call, const char *message) {
    static const char *const leads[] = {" named ", ": "};
    const char *name = NULL, *end, *dot;
    for (size_t i = 0; i < sizeof leads / sizeof leads[0] && name == NULL; i++) {
        for (const char *at = strstr(message, leads[i]); at != NULL;
             at = strstr(at + 1, leads[i])) {
            name = at + strlen(leads[i]);
        }
    }
    if (name == NULL) {
        end = strstr(message, " already exists");
        name = end != NULL ? strchr(message, ' ') : NULL;
        if (name == NULL || name >= end) {
            return NULL;
        }
        return lim_copy(&call->cx, name + 1, (size_t)(end - name - 1));
    }
    dot = strrchr(name, '.');
    name = dot != NULL ? dot + 1 : name;
    end = name + strcspn(name, " ");
    return lim_copy(&call->cx, name, (size_t)(end - name));
}

static bool find_name(limbeck_call *call, const char *text, size_t length, const char *message,
                      size_t *offset) {
    const char *name = named_in(call, message);
    lim_token token = lim_lex_significant(LIM_SQLITE, text, length, 0);
    for (; name != NULL && token.kind != LIM_TOKEN_END;
         token = lim_lex_significant(LIM_SQLITE, text, length, token.start + token.length)) {
        if (token.kind == LIM_TOKEN_WORD || token.kind == LIM_TOKEN_QUOTED ||
            token.kind == LIM_TOKEN_STRING) {
            const char *word = lim_token_name(&call->cx, LIM_SQLITE, text, token);
            if (word != NULL && sqlite3_stricmp(word, name) == 0) {
                *offset = token.start;
                return true;
            }
        }
    }
    return false;
}

/* The offset in the statement's text at which SQLite refused to prepare it. */
static size_t find_offset(limbeck_call *call, const char *text, size_t length, const char *message,
                          int offset) {
    size_t found = 0;
    if (offset >= 0) {
        return (size_t)offset < length ? (size_t)offset : 0;
    }
    if (strncmp(message, "near \"", 6) == 0) {
        find_near(call, text, length, message, &found);
    } else if (strcmp(message, "incomplete input") == 0) {
        return length;
    } else {
        find_name(call, text, length, message, &found);
    }
    return found;
}

bool limbeck_fail_statement(limbeck_call *call, const limbeck_place *place, int rc, bool preparing,
                            size_t base) {
    lim_statement statement = limbeck_place_statement(place);
    const char *message;
    size_t offset = statement.start;
    int given = -1;
#if SQLITE_VERSION_NUMBER >= 3038000
    if (limbeck_has(3038000)) {
        given = sqlite3_error_offset(call->db);
    }
#endif
    message = limbeck_sqlite_error(call, &rc);
    if (message == NULL) {
        return false;
    }
    if (preparing && base < statement.end && (rc & 0xff) == SQLITE_ERROR) {
        offset = base +
                 find_offset(call, place->body->text + base, statement.end - base, message, given);
    }
    if (offset < statement.start || offset > statement.end) {
        offset = statement.start;
    }
    return limbeck_fail_at(call, place, offset, LIM_STATE, limbeck_lock_hint(call, rc), "%s",
                           message);
}
