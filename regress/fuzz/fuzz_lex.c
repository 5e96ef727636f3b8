/*
** fuzz_lex.c - any bytes as a body in either dialect
**
** The first byte says how much memory there is. Checked are: tokens follow each other without a gap,
** statements lie one behind the other with only space, comments and semicolons between them, a body
** that is taken has no fault, and every place in it can be shown.
*/
#include "fuzz_memory.h"

#include "core/body.h"

/* Units have every statement once, in order; what is none is told with its statement. */
static void check_units(lim_context *cx, lim_dialect dialect, const char *text, size_t length) {
    lim_body body;
    lim_unit *units;
    uint32_t count, at, next = 0;
    if (!lim_body_scan(cx, dialect, text, length, &body))
        return;
    if (!lim_body_units(cx, dialect, &body, &units, &count, &at)) {
        CHECK(cx->error.code == LIM_NOMEM ||
              (cx->error.code == LIM_NOT_SUPPORTED && at < body.count));
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        CHECK(units[i].first == next && units[i].last >= next && units[i].last < body.count);
        CHECK(units[i].block == (units[i].last > next));
        next = units[i].last + 1;
    }
    CHECK(next == body.count && !body.wrapped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tokens(lim_context *cx, lim_dialect dialect, const char *text, size_t length) {
    for (size_t at = 0; at < length;) {
        lim_token t = lim_lex(dialect, text, length, at);
        CHECK(t.kind != LIM_TOKEN_END && t.start == at && t.length > 0 && t.length <= length - at);
        CHECK(t.kind != LIM_TOKEN_UNTERMINATED || t.start + t.length == length);
        const char *name = lim_token_name(cx, dialect, text, t);
        CHECK(name == NULL || strlen(name) <= t.length);
        at += t.length;
    }
    CHECK(lim_lex(dialect, text, length, length).kind == LIM_TOKEN_END);
}

static void check_statements(lim_dialect dialect, const char *text, size_t length) {
    size_t cursor = 0, behind = 0;
    lim_statement s;
    for (bool more = true; more;) {
        more = lim_next_statement(dialect, text, length, &cursor, &s);
        size_t next = more ? s.start : length;
        while (behind < next) {
            lim_token t = lim_lex(dialect, text, length, behind);
            CHECK(t.kind == LIM_TOKEN_SPACE || t.kind == LIM_TOKEN_COMMENT ||
                  t.kind == LIM_TOKEN_SEMICOLON);
            behind += t.length;
        }
        CHECK(behind == next);
        if (!more)
            break;
        CHECK(s.start == s.first.start && s.start < s.end && s.end <= s.next && s.next == cursor);
        behind = s.end;
        lim_statement_controls_transaction(dialect, text, &s);
        lim_statement_needs_autocommit(dialect, text, &s);
        /* the statement alone is one statement, unless a byte-order mark comes to stand first */
        if (text[s.start] == '\xEF')
            continue;
        lim_statement alone;
        size_t again = 0, size = s.end - s.start;
        CHECK(lim_next_statement(dialect, text + s.start, size, &again, &alone));
        CHECK(alone.start == 0 && alone.end == size && again == size);
    }
    CHECK(cursor == length);
}

static void check_body(lim_context *cx, lim_dialect dialect, const char *text, size_t length) {
    lim_body body;
    if (!lim_body_scan(cx, dialect, text, length, &body)) {
        CHECK(cx->error.code == LIM_SYNTAX || cx->error.code == LIM_NOMEM);
        CHECK(cx->error.message != NULL);
        return;
    }
    CHECK(length == 0 || memchr(text, '\0', length) == NULL);
    CHECK(lim_utf8_valid(text, length, NULL));
    for (uint32_t i = 0; i < body.count && i < 20; i++) {
        lim_position p = lim_position_at(text, length, body.spans[i].start);
        CHECK(p.line > 0 && p.column > 0);
        CHECK(lim_caret(cx, text, length, body.spans[i].start) != NULL ||
              cx->error.code == LIM_NOMEM);
    }
    /* what is kept of a statement is enough to find the rest of it again */
    size_t cursor = 0;
    lim_statement s;
    CHECK(!body.wrapped || lim_next_statement(dialect, text, length, &cursor, &s));
    for (uint32_t i = 0; i < body.count; i++) {
        lim_statement again = lim_body_statement(&body, i);
        CHECK(lim_next_statement(dialect, text, length, &cursor, &s) && !s.unterminated);
        CHECK(again.start == s.start && again.end == s.end && again.next == s.next &&
              again.has_semicolon == s.has_semicolon && again.first.kind == s.first.kind &&
              again.first.start == s.first.start && again.first.length == s.first.length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    for (int d = LIM_SQLITE; d <= LIM_POSTGRES; d++) {
        lim_context cx;
        fuzz_memory m;
        fuzz_begin(&cx, &m, data[0] < 200 ? SIZE_MAX : data[0] - 200U);
        check_tokens(&cx, (lim_dialect)d, text, size - 1);
        check_statements((lim_dialect)d, text, size - 1);
        check_body(&cx, (lim_dialect)d, text, size - 1);
        cx.error = (lim_error){0};
        check_units(&cx, (lim_dialect)d, text, size - 1);
        CHECK(strlen(lim_show_bytes(&cx, text, size - 1)) <= 80 * 12 + 3);
        lim_context_end(&cx);
    }
    return 0;
}
