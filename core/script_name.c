/*
** script_name.c - what a migration file's name says, and the name that a revision's file gets
*/
#include "script.h"

#include "script_name.h"

#include <string.h>

enum { SLUG_LENGTH = 40 }; /* bytes of a message in a file name, as Alembic has it */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* A file's name without directories and without .sql, as a part of name. */
static const char *stem(const char *name, size_t *length) {
    const char *start = name;
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '/' || *at == '\\')
            start = at + 1;
    }
    *length = strlen(start);
    if (*length > 4) {
        const char *end = start + *length - 4;
        if (end[0] == '.' && (end[1] | 0x20) == 's' && (end[2] | 0x20) == 'q' &&
            (end[3] | 0x20) == 'l')
            *length -= 4;
    }
    return start;
}

/* Length of the leading part, up to the underscore or the end. */
static size_t part_length(const char *text, size_t length) {
    const char *end = length == 0 ? NULL : memchr(text, '_', length);
    return end == NULL ? length : (size_t)(end - text);
}

/* True for a part of digits and dots with a digit in it. */
static bool is_numeric(const char *part, size_t length) {
    bool digit = false;
    for (size_t i = 0; i < length; i++) {
        if (is_digit(part[i]))
            digit = true;
        else if (part[i] != '.')
            return false;
    }
    return digit;
}

/* True for 8 to 40 hexadecimal digits with a decimal one among them. */
static bool is_hash(const char *part, size_t length) {
    bool digit = false;
    for (size_t i = 0; i < length; i++) {
        if (!is_hex(part[i]))
            return false;
        digit = digit || is_digit(part[i]);
    }
    return digit && length >= 8 && length <= 40;
}

/* Length of the id at the start of a file's stem. */
static size_t id_length(const char *text, size_t length) {
    size_t used = 0;
    while (used < length) {
        size_t from = used == 0 ? 0 : used + 1; /* behind the underscore */
        size_t part = part_length(text + from, length - from);
        if (!is_numeric(text + from, part))
            break;
        used = from + part;
    }
    if (used > 0)
        return used;
    size_t first = part_length(text, length);
    return is_hash(text, first) ? first : length;
}

/* The message in what is left of a name: underscores, line breaks and their like as spaces, none at the
** ends; *message is NULL when nothing is left. */
static bool take_message(lim_context *cx, const char *rest, size_t length, const char **message) {
    *message = NULL;
    while (length > 0 && (*rest == '_' || *rest == ' '))
        rest++, length--;
    while (length > 0 && (rest[length - 1] == '_' || rest[length - 1] == ' '))
        length--;
    if (length == 0)
        return true;
    char *copy = lim_copy(cx, rest, length);
    if (copy == NULL)
        return false;
    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '_' || (unsigned char)*at < 0x20 || *at == 0x7F)
            *at = ' ';
    }
    *message = copy;
    return true;
}

bool lim_script_name(lim_context *cx, const char *name, const char **id, const char **message) {
    *id = NULL;
    *message = NULL;
    if (name == NULL)
        return true;
    size_t length;
    const char *text = stem(name, &length);
    if (length == 0)
        return true;
    size_t used = id_length(text, length);
    *id = lim_copy(cx, text, used);
    return *id != NULL && take_message(cx, text + used, length - used, message);
}

/* Adds an id as a file name has it. */
static void add_id(lim_text *t, const char *id) {
    for (; *id != '\0'; id++)
        lim_text_addc(t, strchr("/\\:*?\"<>|", *id) != NULL ? '-' : *id);
}

bool lim_script_message(lim_context *cx, const char *name, const char *id, const char **message) {
    lim_text t = {.cx = cx};
    const char *derived;
    *message = NULL;
    if (name == NULL)
        return true;
    add_id(&t, id);
    const char *start = lim_text_end(&t);
    if (start == NULL)
        return false;
    size_t length;
    const char *text = stem(name, &length);
    if (t.length <= length && memcmp(text, start, t.length) == 0 &&
        (t.length == length || text[t.length] == '_'))
        return take_message(cx, text + t.length, length - t.length, message);
    return lim_script_name(cx, name, &derived, message);
}

/* Adds a message as a file name has it: letters and digits in lower case, one underscore for what
** stands between, cut between words where it is long. */
static void add_slug(lim_text *t, const char *message) {
    char slug[SLUG_LENGTH + 1];
    size_t used = 0;      /* bytes of the slug */
    size_t words = 0;     /* of them in whole words */
    bool between = false; /* the last byte read was none of a word */
    const char *at = message;
    for (; *at != '\0' && used < sizeof slug; at++) {
        char c = *at;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && (unsigned char)c < 0x80) {
            between = true;
            words = used;
            continue;
        }
        if (between && used > 0)
            slug[used++] = '_';
        between = false;
        if (used < sizeof slug)
            slug[used++] = c;
    }
    if (!between && *at == '\0' && used <= SLUG_LENGTH)
        words = used;
    if (words > 0 && words <= SLUG_LENGTH)
        used = words;
    else if (used > SLUG_LENGTH) {
        used = SLUG_LENGTH;
        while (used > 0 && ((unsigned char)slug[used] & 0xC0) == 0x80)
            used--;
    }
    if (used > 0) {
        lim_text_addc(t, '_');
        lim_text_add(t, slug, used);
    }
}

char *lim_script_file_name(lim_context *cx, const char *id, const char *message) {
    lim_text t = {.cx = cx};
    add_id(&t, id);
    if (message != NULL)
        add_slug(&t, message);
    lim_text_adds(&t, ".sql");
    return lim_text_end(&t);
}

/* Compares the runs of digits at *a and *b by value and passes over them. */
static int compare_numbers(const char **a, const char **b) {
    while (**a == '0')
        (*a)++;
    while (**b == '0')
        (*b)++;
    const char *x = *a, *y = *b;
    while (is_digit(**a))
        (*a)++;
    while (is_digit(**b))
        (*b)++;
    size_t m = (size_t)(*a - x), n = (size_t)(*b - y);
    return m != n ? (m < n ? -1 : 1) : memcmp(x, y, m);
}

int lim_compare_ids(const char *a, const char *b) {
    const char *x = a, *y = b;
    while (*x != '\0' && *y != '\0') {
        if (is_digit(*x) && is_digit(*y)) {
            int order = compare_numbers(&x, &y);
            if (order != 0)
                return order;
        } else if (*x != *y) {
            return (unsigned char)*x < (unsigned char)*y ? -1 : 1;
        } else {
            x++, y++;
        }
    }
    if (*x != *y)
        return *x == '\0' ? -1 : 1;
    return strcmp(a, b); /* 1 and 01 */
}
