/*
** lex.c - SQL tokens and statement boundaries, in SQLite's and PostgreSQL's dialects
**
** One table gives each byte its classes, one function a kind of token scans to the token's end, and
** lim_lex() picks the function by the first byte. No token is scanned more than twice, so that a
** text of any content costs time in proportion to its length: what has no end (a quote, a comment)
** takes everything that is left as one token.
*/
#include "lex.h"

#include <string.h>

/* Classes of a byte. */
enum {
    SP = 1,  /* white space in both dialects */
    ID = 2,  /* starts a word */
    IC = 4,  /* goes on with a word; $ is one of them */
    DG = 8,  /* decimal digit */
    HX = 16, /* hexadecimal digit */
    OP = 32, /* an operator of PostgreSQL is made of these */
    OX = 64, /* those of them that let an operator end in + or - */
    ST = 128 /* begins or ends what lim_skim() does not pass over as a matter of course */
};

#define LETTER     (ID | IC)
#define LETTER_HEX (ID | IC | HX)
#define DIGIT      (IC | DG | HX)
#define HIGH15                                                                              \
    LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, \
        LETTER, LETTER, LETTER, LETTER
#define HIGH16 HIGH15, LETTER

/* clang-format off */
static const unsigned char CLASS[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, SP, SP, SP | ST, SP, SP, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    /*   ! " # */ SP, OP | OX, ST, OP | OX | ST,
    /* $ % & ' */ IC | ST, OP | OX, OP | OX, ST,
    /* ( ) * + */ ST, ST, OP, OP,
    /* , - . / */ ST, OP | ST, 0, OP | ST,
    /* 0 ... 7 */ DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT,
    /* 8 9 : ; */ DIGIT, DIGIT, ST, ST,
    /* < = > ? */ OP, OP, OP, OP | OX,
    /* @ A B C */ OP | OX | ST, LETTER_HEX, LETTER_HEX, LETTER_HEX,
    /* D E F G */ LETTER_HEX, LETTER_HEX, LETTER_HEX, LETTER,
    /* H ... O */ LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER,
    /* P ... W */ LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER,
    /* X Y Z [ */ LETTER, LETTER, LETTER, ST,
    /* \ ] ^ _ */ 0, ST, OP | OX, LETTER,
    /* ` a b c */ OP | OX | ST, LETTER_HEX, LETTER_HEX, LETTER_HEX,
    /* d e f g */ LETTER_HEX, LETTER_HEX, LETTER_HEX, LETTER,
    /* h ... o */ LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER,
    /* p ... w */ LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER, LETTER,
    /* x y z { */ LETTER, LETTER, LETTER, 0,
    /* | } ~   */ OP | OX, 0, OP | OX, 0,
    HIGH16, HIGH16, HIGH16, HIGH16, HIGH16, HIGH16,
    /* E0 ..   */ HIGH15, LETTER | ST, /* a byte-order mark begins with EF */
    HIGH16,
};
/* clang-format on */

/* A text under the lexer. */
typedef struct source {
    lim_dialect dialect;
    const char *text;
    size_t length;
} source;

/* The byte at offset at, 0 past the end: no token needs to tell NUL from the end. */
static inline unsigned char byte_at(const source *s, size_t at) {
    return at < s->length ? (unsigned char)s->text[at] : 0;
}

static inline bool is_class(const source *s, size_t at, int classes) {
    return (CLASS[byte_at(s, at)] & classes) != 0;
}

/* First offset from at on whose byte is in none of the classes. */
static inline size_t skip(const source *s, size_t at, int classes) {
    while (at < s->length && (CLASS[(unsigned char)s->text[at]] & classes) != 0)
        at++;
    return at;
}

/* First offset of c from at on, or the length. */
static inline size_t find(const source *s, size_t at, char c) {
    const char *found = at < s->length ? memchr(s->text + at, c, s->length - at) : NULL;
    return found == NULL ? s->length : (size_t)(found - s->text);
}

static inline lim_token token(lim_token_kind kind, size_t start, size_t end) {
    return (lim_token){kind, start, end - start};
}

/* From behind an opening quote to behind the closing one, a doubled one standing for itself. */
static lim_token quoted(const source *s, lim_token_kind kind, size_t start, size_t at, char quote) {
    for (;;) {
        at = find(s, at, quote);
        if (at == s->length)
            return token(LIM_TOKEN_UNTERMINATED, start, at);
        if (byte_at(s, at + 1) != (unsigned char)quote)
            return token(kind, start, at + 1);
        at += 2;
    }
}

/* -- to the end of the line, which does not belong to it. */
static size_t line_comment_end(const source *s, size_t at) {
    size_t end = find(s, at, '\n');
    if (s->dialect == LIM_POSTGRES) {
        const char *cr = memchr(s->text + at, '\r', end - at);
        if (cr != NULL)
            end = (size_t)(cr - s->text);
    }
    return end;
}

/* A block comment of SQLite: the first star that can end it stands behind the opening one. */
static lim_token sqlite_comment(const source *s, size_t start) {
    size_t at = find(s, start + 3, '/');
    while (at < s->length && s->text[at - 1] != '*')
        at = find(s, at + 1, '/');
    if (at == s->length)
        return token(LIM_TOKEN_UNTERMINATED, start, at);
    return token(LIM_TOKEN_COMMENT, start, at + 1);
}

/* A block comment of PostgreSQL: they nest. */
static lim_token postgres_comment(const source *s, size_t start) {
    size_t at = start + 2, depth = 1;
    while (at < s->length) {
        if (s->text[at] == '*' && byte_at(s, at + 1) == '/') {
            at += 2;
            if (--depth == 0)
                return token(LIM_TOKEN_COMMENT, start, at);
        } else if (s->text[at] == '/' && byte_at(s, at + 1) == '*') {
            at += 2;
            depth++;
        } else {
            at++;
        }
    }
    return token(LIM_TOKEN_UNTERMINATED, start, s->length);
}

/* Digits, and single underscores between them, of the classes given. */
static size_t digits_end(const source *s, size_t at, int classes) {
    at = skip(s, at, classes);
    while (byte_at(s, at) == '_' && is_class(s, at + 1, classes) && is_class(s, at - 1, classes))
        at = skip(s, at + 1, classes);
    return at;
}

/* A number. SQLite makes one wrong token of a number and the word that touches it; PostgreSQL's
** older lexers read two tokens. */
static lim_token number(const source *s, size_t start) {
    size_t at = start;
    unsigned char base = byte_at(s, start + 1) | 0x20;
    bool postgres = s->dialect == LIM_POSTGRES;
    if (s->text[start] == '0' && (base == 'x' || (postgres && (base == 'o' || base == 'b'))) &&
        is_class(s, start + 2, base == 'x' ? HX : DG)) {
        at = digits_end(s, start + 2, base == 'x' ? HX : DG);
    } else {
        at = digits_end(s, start, DG);
        if (byte_at(s, at) == '.' && !(postgres && byte_at(s, at + 1) == '.'))
            at = digits_end(s, at + 1, DG);
        if ((byte_at(s, at) | 0x20) == 'e') {
            size_t exponent = at + 1;
            if (byte_at(s, exponent) == '+' || byte_at(s, exponent) == '-')
                exponent++;
            if (is_class(s, exponent, DG))
                at = digits_end(s, exponent, DG);
        }
    }
    if (!postgres && is_class(s, at, IC))
        return token(LIM_TOKEN_ILLEGAL, start, skip(s, at, IC));
    return token(LIM_TOKEN_NUMBER, start, at);
}

/* SQLite's x'0f': wrong digits make a wrong token, up to the next quote all the same. */
static lim_token blob(const source *s, size_t start) {
    size_t digits = skip(s, start + 2, HX);
    if (byte_at(s, digits) == '\'' && (digits - start) % 2 == 0)
        return token(LIM_TOKEN_STRING, start, digits + 1);
    size_t end = find(s, digits, '\'');
    if (end == s->length)
        return token(LIM_TOKEN_UNTERMINATED, start, end);
    return token(LIM_TOKEN_ILLEGAL, start, end + 1);
}

/* SQLite's :a, @a, $a and #a, the last two in Tcl's way too: $ns::name(key). */
static lim_token sqlite_parameter(const source *s, size_t start) {
    size_t at = start + 1;
    bool named = false;
    for (;; at++) {
        if (is_class(s, at, IC)) {
            at = skip(s, at, IC) - 1;
            named = true;
        } else if (byte_at(s, at) == '(' && named) {
            while (at < s->length && s->text[at] != ')' && !is_class(s, at, SP))
                at++;
            if (byte_at(s, at) != ')')
                return token(LIM_TOKEN_ILLEGAL, start, at);
            return token(LIM_TOKEN_PARAMETER, start, at + 1);
        } else if (byte_at(s, at) == ':' && byte_at(s, at + 1) == ':') {
            at++;
        } else {
            return token(named ? LIM_TOKEN_PARAMETER : LIM_TOKEN_ILLEGAL, start, at);
        }
    }
}

/* Length of SQLite's operator at offset at. */
static size_t sqlite_operator(const source *s, size_t at) {
    unsigned char c = byte_at(s, at), next = byte_at(s, at + 1);
    switch (c) {
    case '-':
        if (next == '>')
            return byte_at(s, at + 2) == '>' ? 3 : 2;
        return 1;
    case '=':
        return next == '=' ? 2 : 1;
    case '<':
        return next == '=' || next == '>' || next == '<' ? 2 : 1;
    case '>':
        return next == '=' || next == '>' ? 2 : 1;
    case '|':
        return next == '|' ? 2 : 1;
    case '!':
        return next == '=' ? 2 : 0;
    case '+':
    case '*':
    case '/':
    case '%':
    case '&':
    case '~':
        return 1;
    default:
        return 0;
    }
}

/* Length of PostgreSQL's operator at offset at: as many operator characters as there are, but not
** into a comment, and without + and - at the end unless a character of its own kind stands in it.
** The server knows no operator of 64 characters: a run of so many is taken whole, because cutting
** one character at a time from it would look at its rest again and again. */
static size_t postgres_operator(const source *s, size_t at) {
    size_t length = 0;
    bool special = false;
    for (; is_class(s, at + length, OP); length++) {
        unsigned char c = byte_at(s, at + length), next = byte_at(s, at + length + 1);
        if (length > 0 && ((c == '-' && next == '-') || (c == '/' && next == '*')))
            break;
        special = special || is_class(s, at + length, OX);
    }
    if (special || length >= 64)
        return length;
    while (length > 1 && (s->text[at + length - 1] == '+' || s->text[at + length - 1] == '-'))
        length--;
    return length;
}

/* Where a string that begins behind the quote at offset at - 1 goes on: behind the quote that
** follows after white space with a line end in it (comments of one line count as such); 0 when
** none does. */
static size_t continued(const source *s, size_t at) {
    bool newline = false;
    for (;; at++) {
        unsigned char c = byte_at(s, at);
        if (c == '\n' || c == '\r') {
            newline = true;
        } else if (c == '-' && byte_at(s, at + 1) == '-') {
            at = line_comment_end(s, at);
            if (at == s->length)
                return 0;
            newline = true;
        } else if (!is_class(s, at, SP)) {
            return c == '\'' && newline ? at + 1 : 0;
        }
    }
}

/* PostgreSQL's E'': a backslash takes the next byte with it, in the parts on later lines too. */
static lim_token escape_string(const source *s, size_t start) {
    size_t at = start + 2;
    while (at < s->length) {
        unsigned char c = (unsigned char)s->text[at];
        if (c == '\\') {
            at += 2;
        } else if (c != '\'') {
            at++;
        } else if (byte_at(s, at + 1) == '\'') {
            at += 2;
        } else {
            size_t next = continued(s, at + 1);
            if (next == 0)
                return token(LIM_TOKEN_STRING, start, at + 1);
            at = next;
        }
    }
    return token(LIM_TOKEN_UNTERMINATED, start, s->length);
}

/* $1, $$ ... $$ or $tag$ ... $tag$. A tag has no $ but at its ends, so a failed comparison passes
** over none, and the search is linear. */
static lim_token dollar(const source *s, size_t start) {
    size_t at = start + 1;
    if (is_class(s, at, DG))
        return token(LIM_TOKEN_PARAMETER, start, skip(s, at, DG));
    if (is_class(s, at, ID)) {
        while (is_class(s, at, IC) && s->text[at] != '$')
            at++;
    }
    if (byte_at(s, at) != '$')
        return token(LIM_TOKEN_ILLEGAL, start, start + 1);
    size_t tag = at + 1 - start;
    for (at = find(s, at + 1, '$'); s->length - at >= tag; at = find(s, at + 1, '$')) {
        if (memcmp(s->text + at, s->text + start, tag) == 0)
            return token(LIM_TOKEN_STRING, start, at + tag);
    }
    return token(LIM_TOKEN_UNTERMINATED, start, s->length);
}

/* A word, or the string or name that its first letters introduce. */
static lim_token word(const source *s, size_t start) {
    unsigned char next = byte_at(s, start + 1);
    if (next == '\'') {
        switch (s->text[start] | 0x20) {
        case 'x':
            if (s->dialect == LIM_SQLITE)
                return blob(s, start);
            return quoted(s, LIM_TOKEN_STRING, start, start + 2, '\'');
        case 'b':
        case 'n':
            if (s->dialect == LIM_POSTGRES)
                return quoted(s, LIM_TOKEN_STRING, start, start + 2, '\'');
            break;
        case 'e':
            if (s->dialect == LIM_POSTGRES)
                return escape_string(s, start);
            break;
        default:
            break;
        }
    } else if (next == '&' && s->dialect == LIM_POSTGRES && (s->text[start] | 0x20) == 'u') {
        unsigned char quote = byte_at(s, start + 2);
        if (quote == '\'')
            return quoted(s, LIM_TOKEN_STRING, start, start + 3, '\'');
        if (quote == '"')
            return quoted(s, LIM_TOKEN_QUOTED, start, start + 3, '"');
    }
    return token(LIM_TOKEN_WORD, start, skip(s, start + 1, IC));
}

/* What only one of the dialects knows, by its first byte. */
static lim_token sqlite_token(const source *s, size_t at) {
    switch (s->text[at]) {
    case '[': {
        size_t end = find(s, at + 1, ']');
        if (end == s->length)
            return token(LIM_TOKEN_UNTERMINATED, at, end);
        return token(LIM_TOKEN_QUOTED, at, end + 1);
    }
    case '`':
        return quoted(s, LIM_TOKEN_QUOTED, at, at + 1, '`');
    case '?':
        return token(LIM_TOKEN_PARAMETER, at, skip(s, at + 1, DG));
    case ':':
    case '@':
    case '$':
    case '#':
        return sqlite_parameter(s, at);
    default: {
        size_t length = sqlite_operator(s, at);
        if (length == 0)
            return token(LIM_TOKEN_ILLEGAL, at, at + 1);
        return token(LIM_TOKEN_OPERATOR, at, at + length);
    }
    }
}

static lim_token postgres_token(const source *s, size_t at) {
    switch (s->text[at]) {
    case '$':
        return dollar(s, at);
    case ':': {
        unsigned char next = byte_at(s, at + 1);
        return token(LIM_TOKEN_OPERATOR, at, at + (next == ':' || next == '=' ? 2 : 1));
    }
    case '[':
    case ']':
        return token(LIM_TOKEN_OPERATOR, at, at + 1);
    default:
        if (is_class(s, at, OP))
            return token(LIM_TOKEN_OPERATOR, at, at + postgres_operator(s, at));
        return token(LIM_TOKEN_ILLEGAL, at, at + 1);
    }
}

static bool byte_order_mark(const source *s, size_t at) {
    return (at == 0 || s->dialect == LIM_SQLITE) && s->length - at >= 3 &&
           memcmp(s->text + at, "\xEF\xBB\xBF", 3) == 0;
}

static lim_token lex(const source *s, size_t at) {
    if (at >= s->length)
        return token(LIM_TOKEN_END, s->length, s->length);
    unsigned char c = (unsigned char)s->text[at];
    if ((CLASS[c] & ID) != 0) {
        if (c == 0xEF && byte_order_mark(s, at))
            return token(LIM_TOKEN_SPACE, at, at + 3);
        return word(s, at);
    }
    if ((CLASS[c] & DG) != 0)
        return number(s, at);
    switch (c) {
    case '\v': /* SQLite takes it behind other white space only */
        if (s->dialect == LIM_SQLITE)
            return token(LIM_TOKEN_ILLEGAL, at, at + 1);
        return token(LIM_TOKEN_SPACE, at, skip(s, at, SP));
    case ' ':
    case '\t':
    case '\n':
    case '\f':
    case '\r':
        return token(LIM_TOKEN_SPACE, at, skip(s, at, SP));
    case '\'':
        return quoted(s, LIM_TOKEN_STRING, at, at + 1, '\'');
    case '"':
        return quoted(s, LIM_TOKEN_QUOTED, at, at + 1, '"');
    case ';':
        return token(LIM_TOKEN_SEMICOLON, at, at + 1);
    case '(':
        return token(LIM_TOKEN_LEFT, at, at + 1);
    case ')':
        return token(LIM_TOKEN_RIGHT, at, at + 1);
    case ',':
        return token(LIM_TOKEN_COMMA, at, at + 1);
    case '.':
        if (is_class(s, at + 1, DG))
            return number(s, at);
        if (s->dialect == LIM_POSTGRES && byte_at(s, at + 1) == '.')
            return token(LIM_TOKEN_OPERATOR, at, at + 2);
        return token(LIM_TOKEN_DOT, at, at + 1);
    case '-':
        if (byte_at(s, at + 1) == '-')
            return token(LIM_TOKEN_COMMENT, at, line_comment_end(s, at));
        break;
    case '/':
        if (byte_at(s, at + 1) == '*')
            return s->dialect == LIM_SQLITE ? sqlite_comment(s, at) : postgres_comment(s, at);
        break;
    default:
        break;
    }
    return s->dialect == LIM_SQLITE ? sqlite_token(s, at) : postgres_token(s, at);
}

lim_token lim_lex(lim_dialect dialect, const char *text, size_t length, size_t at) {
    source s = {dialect, text, length};
    return lex(&s, at);
}

static inline bool significant(lim_token t) {
    return t.kind != LIM_TOKEN_SPACE && t.kind != LIM_TOKEN_COMMENT;
}

static lim_token lex_significant(const source *s, size_t at) {
    lim_token t = lex(s, at);
    while (!significant(t))
        t = lex(s, t.start + t.length);
    return t;
}

lim_token lim_lex_significant(lim_dialect dialect, const char *text, size_t length, size_t at) {
    source s = {dialect, text, length};
    return lex_significant(&s, at);
}

/* Passes over tokens that need no look: words, numbers, operators, commas, parentheses, space. What
** does is found by its first byte, or by a byte inside it; the chunk before that byte, back to the
** last space, comma or parenthesis, is left to the lexer. */
static lim_skimmed skim(const source *s, size_t at, size_t *depth) {
    lim_skimmed r = {at, at, 0};
    for (;;) {
        size_t space = at;
        while (at < s->length && (CLASS[(unsigned char)s->text[at]] & (SP | ST)) == SP)
            at++;
        size_t chunk = at;
        while (at < s->length) {
            unsigned char c = (unsigned char)s->text[at], next;
            if ((CLASS[c] & (SP | ST)) == 0) {
                at++;
                continue;
            }
            next = byte_at(s, at + 1);
            if (!(c == '-' && next != '-') && !(c == '/' && next != '*'))
                break;
            at++;
        }
        unsigned char c = byte_at(s, at);
        if (at > chunk && (at == s->length || (CLASS[c] & (SP | ST)) == SP))
            r.end = at;
        if (at == s->length) {
            r.at = r.stop = at;
            return r;
        }
        if (c == ',' || c == '(' || c == ')') {
            if (c == '(')
                ++*depth;
            else if (c == ')' && *depth > 0)
                --*depth;
            r.end = ++at;
        } else if ((CLASS[c] & ST) != 0) {
            r.at = at > chunk ? chunk : space;
            r.stop = at;
            return r;
        }
    }
}

lim_skimmed lim_skim(const char *text, size_t length, size_t at) {
    source s = {LIM_SQLITE, text, length};
    size_t depth = 0;
    return skim(&s, at, &depth);
}

bool lim_token_is(const char *text, lim_token t, const char *plain) {
    if (t.kind != LIM_TOKEN_WORD)
        return false;
    const char *at = text + t.start;
    size_t i = 0;
    for (; i < t.length && plain[i] != '\0'; i++) {
        char c = at[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (c != plain[i])
            return false;
    }
    return i == t.length && plain[i] == '\0';
}

/* Value of a hexadecimal digit known to be one. */
static uint32_t hex_value(char c) {
    return c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a' + 10);
}

/* Reads the \0041 or \+000041 of a U&"" name at *at into *code; false when it is none. */
static bool unicode_escape(const char *text, size_t end, size_t *at, uint32_t *code) {
    size_t from = *at + 1, digits = 4;
    if (from < end && text[from] == '+') {
        from++;
        digits = 6;
    }
    if (end - from < digits)
        return false;
    *code = 0;
    for (size_t i = 0; i < digits; i++) {
        if ((CLASS[(unsigned char)text[from + i]] & HX) == 0)
            return false;
        *code = *code * 16 + hex_value(text[from + i]);
    }
    *at = from + digits;
    return true;
}

/* Writes a character as UTF-8 and returns its size. */
static size_t put_character(char *out, uint32_t code) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char LEAD[] = {0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(LEAD[more] | code >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (code >> (6 * (more - i)) & 0x3F));
    return more + 1;
}

/* Undoes the escapes of a U&"" name in place and returns its new length; what is no escape of a
** character stays as it is. */
static size_t undo_unicode(char *name, size_t length) {
    size_t used = 0;
    for (size_t at = 0; at < length;) {
        uint32_t code, low;
        size_t next = at;
        if (name[at] == '\\' && at + 1 < length && name[at + 1] == '\\') {
            name[used++] = '\\';
            at += 2;
        } else if (name[at] == '\\' && unicode_escape(name, length, &next, &code) && code != 0) {
            if (code >= 0xD800 && code < 0xDC00 && next < length && name[next] == '\\') {
                size_t behind = next;
                if (unicode_escape(name, length, &behind, &low) && low >= 0xDC00 && low < 0xE000) {
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                    next = behind;
                }
            }
            if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
                code = 0xFFFD;
            used += put_character(name + used, code);
            at = next;
        } else {
            name[used++] = name[at++];
        }
    }
    return used;
}

char *lim_token_name(lim_context *cx, lim_dialect dialect, const char *text, lim_token t) {
    const char *at = text + t.start, *end = at + t.length;
    if (t.kind != LIM_TOKEN_QUOTED && t.kind != LIM_TOKEN_STRING)
        return lim_copy(cx, at, t.length);
    if (dialect == LIM_POSTGRES && *at == '$') {
        size_t tag = (size_t)((const char *)memchr(at + 1, '$', t.length - 1) - at) + 1;
        return lim_copy(cx, at + tag, t.length - 2 * tag);
    }
    bool unicode = at[1] == '&', escapes = (*at | 0x20) == 'e';
    if ((CLASS[(unsigned char)*at] & ID) != 0)
        at += unicode ? 2 : 1;
    char quote = *at == '[' ? ']' : *at;
    char *name = lim_alloc_raw(cx, t.length);
    if (name == NULL)
        return NULL;
    size_t used = 0;
    for (at++; at < end - 1; at++) {
        name[used++] = *at;
        if (*at == quote)
            at++;
        else if (*at == '\\' && escapes && at + 1 < end - 1)
            name[used++] = *++at;
    }
    if (unicode)
        used = undo_unicode(name, used);
    name[used] = '\0';
    return name;
}

/*
** Statement boundaries.
**
** SQLite: a semicolon ends a statement, except within CREATE [TEMP|TEMPORARY] TRIGGER, where only
** the three tokens `; END ;` do, as sqlite3_complete() decides.
**
** PostgreSQL: a semicolon ends a statement outside parentheses (CREATE RULE ... DO (a; b)) and
** outside the BEGIN ATOMIC ... END of CREATE [OR REPLACE] FUNCTION or PROCEDURE. No statement in
** there can begin with END, and no CASE can reach over a semicolon, so the END that closes is the
** one behind a semicolon or behind ATOMIC itself.
*/
typedef enum progress {
    AT_START,
    AFTER_EXPLAIN,
    AFTER_CREATE,
    PLAIN, /* the next semicolon ends it */
    IN_TRIGGER,
    IN_ROUTINE,  /* CREATE FUNCTION or PROCEDURE, before its body */
    AFTER_BEGIN, /* in there, behind BEGIN */
    IN_ATOMIC,
    MAYBE_END, /* in a trigger or atomic body where END would close it */
    AFTER_END  /* in a trigger, behind that END */
} progress;

/* The words that end the hope for CREATE behind EXPLAIN. */
static bool ends_explain(const char *text, lim_token t) {
    return lim_token_is(text, t, "explain") || lim_token_is(text, t, "temp") ||
           lim_token_is(text, t, "temporary") || lim_token_is(text, t, "trigger") ||
           lim_token_is(text, t, "end");
}

static progress sqlite_progress(const char *text, progress p, lim_token t) {
    switch (p) {
    case AT_START:
        if (lim_token_is(text, t, "explain"))
            return AFTER_EXPLAIN;
        return lim_token_is(text, t, "create") ? AFTER_CREATE : PLAIN;
    case AFTER_EXPLAIN:
        if (lim_token_is(text, t, "create"))
            return AFTER_CREATE;
        return ends_explain(text, t) ? PLAIN : AFTER_EXPLAIN;
    case AFTER_CREATE:
        if (lim_token_is(text, t, "temp") || lim_token_is(text, t, "temporary"))
            return AFTER_CREATE;
        return lim_token_is(text, t, "trigger") ? IN_TRIGGER : PLAIN;
    case IN_TRIGGER:
    case MAYBE_END:
        if (t.kind == LIM_TOKEN_SEMICOLON)
            return MAYBE_END;
        return p == MAYBE_END && lim_token_is(text, t, "end") ? AFTER_END : IN_TRIGGER;
    case AFTER_END:
        return IN_TRIGGER;
    default:
        return p;
    }
}

static progress postgres_progress(const char *text, progress p, lim_token t, size_t depth) {
    switch (p) {
    case AT_START:
        return lim_token_is(text, t, "create") ? AFTER_CREATE : PLAIN;
    case AFTER_CREATE:
        if (lim_token_is(text, t, "or") || lim_token_is(text, t, "replace"))
            return AFTER_CREATE;
        return lim_token_is(text, t, "function") || lim_token_is(text, t, "procedure") ? IN_ROUTINE
                                                                                       : PLAIN;
    case IN_ROUTINE:
    case AFTER_BEGIN:
        if (p == AFTER_BEGIN && lim_token_is(text, t, "atomic"))
            return MAYBE_END;
        return depth == 0 && lim_token_is(text, t, "begin") ? AFTER_BEGIN : IN_ROUTINE;
    case IN_ATOMIC:
    case MAYBE_END:
        if (depth > 0)
            return IN_ATOMIC;
        if (t.kind == LIM_TOKEN_SEMICOLON)
            return MAYBE_END;
        return p == MAYBE_END && lim_token_is(text, t, "end") ? PLAIN : IN_ATOMIC;
    default:
        return p;
    }
}

bool lim_next_statement(lim_dialect dialect, const char *text, size_t length, size_t *cursor,
                        lim_statement *statement) {
    source s = {dialect, text, length};
    lim_token t = lex_significant(&s, *cursor);
    while (t.kind == LIM_TOKEN_SEMICOLON)
        t = lex_significant(&s, t.start + t.length);
    if (t.kind == LIM_TOKEN_END) {
        *cursor = length;
        return false;
    }
    *statement = (lim_statement){t.start, t.start + t.length, length, t, false, false};

    progress p = AT_START;
    size_t depth = 0, none = 0, plain_until = 0;
    while (t.kind != LIM_TOKEN_END) {
        bool inside = p == IN_TRIGGER || p == IN_ATOMIC || p == MAYBE_END;
        if (t.kind == LIM_TOKEN_SEMICOLON && depth == 0 && !inside) {
            statement->next = t.start + 1;
            statement->has_semicolon = true;
            break;
        }
        if (p != PLAIN)
            p = dialect == LIM_SQLITE ? sqlite_progress(text, p, t)
                                      : postgres_progress(text, p, t, depth);
        if (dialect == LIM_POSTGRES && t.kind == LIM_TOKEN_LEFT)
            depth++;
        else if (dialect == LIM_POSTGRES && t.kind == LIM_TOKEN_RIGHT && depth > 0)
            depth--;
        statement->end = t.start + t.length;
        statement->unterminated = t.kind == LIM_TOKEN_UNTERMINATED;

        size_t at = statement->end;
        if (p == PLAIN && at > plain_until) {
            lim_skimmed skimmed = skim(&s, at, dialect == LIM_SQLITE ? &none : &depth);
            if (skimmed.end > 0)
                statement->end = skimmed.end;
            at = skimmed.at;
            plain_until = skimmed.stop;
        }
        t = lex_significant(&s, at);
    }
    *cursor = statement->next;
    return true;
}
