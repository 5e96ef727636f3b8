/*
** text.c - strings: building them, splitting lists, showing a user's text in a message
*/
#include "text.h"

#include <stdio.h>
#include <string.h>

enum {
    SHOWN_CHARACTERS = 80, /* of a user's text in a message */
    CARET_CHARACTERS = 72, /* of the line over a caret */
    CARET_BEFORE = 48,     /* of them at most before the place, when the line is cut */
};

/* Makes room for more bytes and a NUL; false when the text has failed. */
static bool text_room(lim_text *t, size_t more) {
    if (t->failed)
        return false;
    if (more < t->capacity - t->length)
        return true;
    size_t needed = t->length + more + 1;
    size_t grown = t->capacity > SIZE_MAX / 2 ? needed : t->capacity * 2;
    if (grown < 64)
        grown = 64;
    if (grown < needed)
        grown = needed;
    char *bigger = NULL;
    if (more >= SIZE_MAX - t->length)
        lim_out_of_memory(t->cx);
    else
        bigger = lim_resize_raw(t->cx, t->data, t->length, t->capacity, grown);
    if (bigger == NULL) {
        t->failed = true;
        return false;
    }
    t->data = bigger;
    t->capacity = grown;
    return true;
}

void lim_text_reserve(lim_text *t, size_t more) {
    text_room(t, more);
}

void lim_text_add(lim_text *t, const char *bytes, size_t length) {
    if (length == 0 || !text_room(t, length))
        return;
    memcpy(t->data + t->length, bytes, length);
    t->length += length;
}

void lim_text_adds(lim_text *t, const char *string) {
    lim_text_add(t, string, strlen(string));
}

void lim_text_addc(lim_text *t, char c) {
    if (text_room(t, 1))
        t->data[t->length++] = c;
}

void lim_text_addf(lim_text *t, const char *format, ...) {
    if (!text_room(t, 0))
        return;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(t->data + t->length, t->capacity - t->length, format, args);
    va_end(args);
    if (length < 0) {
        lim_out_of_memory(t->cx);
        t->failed = true;
        return;
    }
    if ((size_t)length >= t->capacity - t->length) {
        if (!text_room(t, (size_t)length))
            return;
        va_start(args, format);
        vsnprintf(t->data + t->length, t->capacity - t->length, format, args);
        va_end(args);
    }
    t->length += (size_t)length;
}

char *lim_text_end(lim_text *t) {
    if (!text_room(t, 0))
        return NULL;
    t->data[t->length] = '\0';
    return t->data;
}

bool lim_list_add(lim_context *cx, lim_list *list, const char *item) {
    if (list->count == UINT32_MAX)
        return lim_fail(cx, LIM_TOO_BIG, NULL, "a list holds too many members");
    if (!lim_grow(cx, &list->items, &list->capacity, list->count + 1, sizeof *list->items))
        return false;
    list->items[list->count++] = item;
    return true;
}

bool lim_list_has(const lim_list *list, const char *item) {
    for (uint32_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], item) == 0)
            return true;
    }
    return false;
}

bool lim_list_split(lim_context *cx, const char *text, lim_list *list) {
    static const char BETWEEN[] = ", \t\n\r\f\v";
    *list = (lim_list){NULL, 0, 0};
    if (text == NULL)
        return true;
    for (text += strspn(text, BETWEEN); *text != '\0'; text += strspn(text, BETWEEN)) {
        size_t length = strcspn(text, BETWEEN);
        const char *item = lim_copy(cx, text, length);
        if (item == NULL || !lim_list_add(cx, list, item))
            return false;
        text += length;
    }
    return true;
}

char *lim_list_join(lim_context *cx, const lim_list *list) {
    if (list->count == 0)
        return NULL;
    lim_text t = {.cx = cx};
    for (uint32_t i = 0; i < list->count; i++) {
        if (i > 0)
            lim_text_adds(&t, ", ");
        lim_text_adds(&t, list->items[i]);
    }
    return lim_text_end(&t);
}

int lim_compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Length of the UTF-8 character at s (length > 0 bytes are there), 0 when there is no valid one. */
static size_t character_length(const char *text, size_t length) {
    const unsigned char *s = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */
    size_t more;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF) {
        more = 1;
    } else if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        more = 2;
        if (s[0] == 0xE0)
            low = 0xA0;
        else if (s[0] == 0xED)
            high = 0x9F;
    } else if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        more = 3;
        if (s[0] == 0xF0)
            low = 0x90;
        else if (s[0] == 0xF4)
            high = 0x8F;
    } else {
        return 0;
    }
    if (length <= more || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i <= more; i++) {
        if (s[i] < 0x80 || s[i] > 0xBF)
            return 0;
    }
    return more + 1;
}

bool lim_utf8_valid(const char *text, size_t length, size_t *bad) {
    size_t at = 0;
    while (at < length) {
        uint64_t eight;
        while (length - at >= sizeof eight) {
            memcpy(&eight, text + at, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) != 0)
                break;
            at += sizeof eight;
        }
        if (at == length)
            break;
        if ((unsigned char)text[at] < 0x80) {
            at++;
            continue;
        }
        size_t step = character_length(text + at, length - at);
        if (step == 0) {
            if (bad != NULL)
                *bad = at;
            return false;
        }
        at += step;
    }
    return true;
}

size_t lim_utf8_length(const char *text, size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* True for a character that would act on a terminal rather than show: C0, DEL, C1, line and
** paragraph separators, the marks that reorder text, and what is not seen at all. */
static bool is_control(const char *text, size_t length) {
    const unsigned char *s = (const unsigned char *)text;
    if (length == 1)
        return s[0] < 0x20 || s[0] == 0x7F;
    if (length == 2)
        return (s[0] == 0xC2 && (s[1] < 0xA0 || s[1] == 0xAD)) || (s[0] == 0xD8 && s[1] == 0x9C);
    if (length != 3 || s[0] != 0xE2)
        return length == 3 && s[0] == 0xEF && s[1] == 0xBB && s[2] == 0xBF;
    return (s[1] == 0x80 &&
            ((s[2] >= 0xA8 && s[2] <= 0xAE) || s[2] == 0x8B || s[2] == 0x8E || s[2] == 0x8F)) ||
           (s[1] == 0x81 && s[2] >= 0xA0 && s[2] <= 0xAF);
}

/* Adds one control character or invalid byte sequence in escaped form. */
static void add_escaped(lim_text *t, const char *bytes, size_t length) {
    if (length == 1 && *bytes == '\n')
        lim_text_adds(t, "\\n");
    else if (length == 1 && *bytes == '\t')
        lim_text_adds(t, "\\t");
    else if (length == 1 && *bytes == '\r')
        lim_text_adds(t, "\\r");
    else
        for (size_t i = 0; i < length; i++)
            lim_text_addf(t, "\\x%02x", (unsigned)(unsigned char)bytes[i]);
}

const char *lim_show_bytes(lim_context *cx, const char *text, size_t length) {
    lim_text t = {.cx = cx};
    size_t at = 0;
    for (int shown = 0; at < length && shown < SHOWN_CHARACTERS; shown++) {
        size_t step = character_length(text + at, length - at);
        if (step == 0)
            add_escaped(&t, text + at, step = 1);
        else if (is_control(text + at, step))
            add_escaped(&t, text + at, step);
        else
            lim_text_add(&t, text + at, step);
        at += step;
    }
    if (at < length)
        lim_text_adds(&t, "...");
    const char *result = lim_text_end(&t);
    return result == NULL ? "?" : result;
}

const char *lim_show(lim_context *cx, const char *text) {
    return text == NULL ? "NULL" : lim_show_bytes(cx, text, strlen(text));
}

const char *lim_literal(lim_context *cx, const char *names) {
    lim_text t = {.cx = cx};
    lim_text_addc(&t, '\'');
    for (; *names != '\0'; names++) {
        if (*names == '\'')
            lim_text_addc(&t, '\'');
        lim_text_addc(&t, *names);
    }
    lim_text_addc(&t, '\'');
    const char *result = lim_text_end(&t);
    return result == NULL ? "?" : result;
}

/* Start of the line that holds offset. */
static size_t line_start(const char *text, size_t offset) {
    while (offset > 0 && text[offset - 1] != '\n')
        offset--;
    return offset;
}

size_t lim_line_end(const char *text, size_t length, size_t at) {
    const char *newline = at < length ? memchr(text + at, '\n', length - at) : NULL;
    return newline == NULL ? length : (size_t)(newline - text);
}

lim_position lim_position_at(const char *text, size_t length, size_t offset) {
    lim_position place = {1, 1};
    if (offset > length)
        offset = length;
    const char *line = text, *end = text + offset, *newline;
    while (line < end && (newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        place.line++;
        line = newline + 1;
    }
    place.column += (uint32_t)lim_utf8_length(line, (size_t)(end - line));
    return place;
}

/* Steps back over count characters, but not before the byte offset start. */
static size_t back(const char *text, size_t start, size_t at, size_t count) {
    while (count > 0 && at > start) {
        at--;
        if (((unsigned char)text[at] & 0xC0) != 0x80)
            count--;
    }
    return at;
}

char *lim_caret(lim_context *cx, const char *text, size_t length, size_t offset) {
    if (offset > length)
        offset = length;
    size_t start = line_start(text, offset);
    size_t end = lim_line_end(text, length, offset);
    if (end > offset && text[end - 1] == '\r')
        end--;

    size_t from = back(text, start, offset, CARET_BEFORE);
    size_t tail = back(text, start, end, CARET_CHARACTERS);
    if (tail < from)
        from = tail;

    lim_text t = {.cx = cx};
    lim_text_adds(&t, from > start ? "  ..." : "  ");
    size_t column = t.length, caret = 0;
    size_t at = from;
    for (size_t shown = 0; at < end && shown < CARET_CHARACTERS; shown++) {
        size_t step = character_length(text + at, end - at);
        if (at <= offset)
            caret = column;
        if (step == 0 || is_control(text + at, step))
            lim_text_addc(&t, step == 1 && text[at] == '\t' ? ' ' : '?');
        else
            lim_text_add(&t, text + at, step);
        column++;
        at += step == 0 ? 1 : step;
    }
    if (at <= offset)
        caret = column;
    if (at < end)
        lim_text_adds(&t, "...");
    lim_text_addc(&t, '\n');
    for (size_t i = 0; i < caret; i++)
        lim_text_addc(&t, ' ');
    lim_text_addc(&t, '^');
    return lim_text_end(&t);
}
