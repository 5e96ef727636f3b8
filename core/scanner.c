/* scanner.c - see scanner.h */
#include "scanner.h"

lim_scanner lim_scanner_at(lim_context *cx, const char *text, size_t length, size_t at) {
    lim_scanner s = {.cx = cx, .text = text, .length = length, .end = at};
    s.token = lim_lex_significant(LIM_SQLITE, text, length, at);
    return s;
}

void lim_scan_next(lim_scanner *s) {
    s->end = s->token.start + s->token.length;
    s->token = lim_lex_significant(LIM_SQLITE, s->text, s->length, s->end);
}

lim_token lim_scan_peek(const lim_scanner *s) {
    return lim_lex_significant(LIM_SQLITE, s->text, s->length, s->token.start + s->token.length);
}

bool lim_scan_at(const lim_scanner *s, const char *word) {
    return lim_token_is(s->text, s->token, word);
}

bool lim_scan_take(lim_scanner *s, const char *word) {
    if (!lim_scan_at(s, word))
        return false;
    lim_scan_next(s);
    return true;
}

bool lim_scan_unexpected(lim_scanner *s) {
    if (s->token.kind == LIM_TOKEN_END)
        return lim_fail(s->cx, LIM_SYNTAX, NULL, "incomplete input");
    return lim_fail(s->cx, LIM_SYNTAX, NULL, "near \"%s\": syntax error",
                    lim_show_bytes(s->cx, s->text + s->token.start, s->token.length));
}

bool lim_is_name(lim_token token) {
    return token.kind == LIM_TOKEN_WORD || token.kind == LIM_TOKEN_QUOTED ||
           token.kind == LIM_TOKEN_STRING;
}

bool lim_scan_name(lim_scanner *s, char **name, lim_span *span) {
    if (!lim_is_name(s->token))
        return lim_scan_unexpected(s);
    if (span)
        *span = (lim_span){s->token.start, s->token.start + s->token.length};
    *name = lim_token_name(s->cx, LIM_SQLITE, s->text, s->token);
    if (!*name)
        return false;
    lim_scan_next(s);
    return true;
}

bool lim_scan_group(lim_scanner *s, lim_span *inside) {
    if (s->token.kind != LIM_TOKEN_LEFT)
        return lim_scan_unexpected(s);
    lim_scan_next(s);
    inside->start = s->end;
    for (int depth = 1;;) {
        inside->end = s->token.start;
        if (s->token.kind == LIM_TOKEN_END)
            return lim_scan_unexpected(s);
        if (s->token.kind == LIM_TOKEN_LEFT)
            depth++;
        else if (s->token.kind == LIM_TOKEN_RIGHT)
            depth--;
        lim_scan_next(s);
        if (depth == 0)
            return true;
    }
}
