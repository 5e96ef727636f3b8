/* edit_text.c - see edit_text.h */
#include "edit_text.h"

#include <string.h>

char *lim_spliced(lim_context *cx, const char *text, size_t length, size_t start, size_t end,
                  const char *with) {
    lim_text t = {.cx = cx};
    lim_text_add(&t, text, start);
    lim_text_adds(&t, with);
    lim_text_add(&t, text + end, length - end);
    return lim_text_end(&t);
}

static char *splice(lim_context *cx, const lim_create_table *table, size_t start, size_t end,
                    const char *with) {
    return lim_spliced(cx, table->text, table->length, start, end, with);
}

/* Cuts a text of our own making; a failure other than memory is left out of cx, as the text is
** only tried. */
static bool cut_trial(lim_context *cx, const char *text, lim_create_table *table) {
    lim_error before = cx->error;
    bool ok = lim_create_table_split(cx, text, strlen(text), table);
    if (!ok && cx->error.code != LIM_NOMEM)
        cx->error = before;
    return ok;
}

/* --- comments that keep a place ------------------------------------------------------------ */

typedef enum mark_kind { MARK_NOT_NULL, MARK_DEFAULT, MARK_NAME, MARK_COMMA, MARK_NOT } mark_kind;

typedef struct mark {
    lim_span whole;  /* the comment */
    lim_span inside; /* what it keeps */
} mark;

/* True when the text inside a comment is what a mark of the kind keeps. */
static bool is_mark(lim_context *cx, const char *text, lim_span inside, mark_kind kind,
                    const char *name) {
    lim_scanner s = lim_scanner_at(cx, text, inside.end, inside.start);
    char *found = NULL;
    if (s.token.start != inside.start)
        return false;
    if (kind == MARK_COMMA)
        return s.token.kind == LIM_TOKEN_COMMA && s.token.length == inside.end - inside.start;
    if (kind == MARK_NOT)
        return lim_scan_take(&s, "not") && s.end == inside.end;
    if (lim_scan_take(&s, "constraint")) {
        if (!lim_is_name(s.token) || !lim_scan_name(&s, &found, NULL))
            return false;
    } else if (kind == MARK_NAME && (!lim_is_name(s.token) || !lim_scan_name(&s, &found, NULL))) {
        return false;
    }
    switch (kind) {
    case MARK_NOT_NULL:
        if (!lim_scan_take(&s, "not") || !lim_scan_take(&s, "null"))
            return false;
        if (lim_scan_take(&s, "on"))
            while (s.token.kind == LIM_TOKEN_WORD)
                lim_scan_next(&s);
        break;
    case MARK_DEFAULT:
        if (!lim_scan_take(&s, "default"))
            return false;
        break;
    default:
        if (name && !lim_same_name(found, name))
            return false;
        break;
    }
    return s.token.kind == LIM_TOKEN_END && s.end == inside.end;
}

/* The next comment from *at on that is such a mark; *at moves behind it. */
static bool next_mark(lim_context *cx, const lim_create_table *table, size_t *at, size_t to,
                      mark_kind kind, const char *name, mark *found) {
    while (*at < to) {
        lim_token token = lim_lex(LIM_SQLITE, table->text, to, *at);
        *at = token.start + token.length;
        if (token.kind != LIM_TOKEN_COMMENT || token.length < 5 || table->text[token.start] != '/')
            continue;
        found->whole = (lim_span){token.start, *at};
        found->inside = (lim_span){token.start + 2, *at - 2};
        if (is_mark(cx, table->text, found->inside, kind, name))
            return true;
    }
    return false;
}

/* A comment that keeps a place, or NULL when the words can't stand in one. */
static char *make_mark(lim_context *cx, const char *words, size_t length) {
    for (size_t i = 0; i + 1 < length; i++)
        if ((words[i] == '*' && words[i + 1] == '/') || (words[i] == '/' && words[i + 1] == '*') ||
            (words[i] == '-' && words[i + 1] == '-'))
            return NULL;
    return lim_format(cx, "/*%.*s*/", (int)length, words);
}

/* Where the text that belongs to the column ends: at the comma or parenthesis after it. */
static size_t region_end(const lim_create_table *table, int32_t column) {
    if ((uint32_t)column + 1 < table->column_count)
        return table->columns[column + 1].comma;
    if (table->constraint_count > 0)
        return table->constraints[0].comma != LIM_NOWHERE ? table->constraints[0].comma
                                                          : table->constraints[0].whole.start;
    return table->right;
}

static bool column_mark(lim_context *cx, const lim_create_table *table, int32_t column,
                        mark_kind kind, mark *found) {
    size_t at = table->columns[column].name_span.end;
    return next_mark(cx, table, &at, region_end(table, column), kind, NULL, found);
}

/* --- clauses of a column ------------------------------------------------------------------- */

/* The text without the clause and one blank before it. */
static char *without_clause(lim_context *cx, const lim_create_table *table,
                            const lim_clause *clause) {
    size_t start = clause->whole.start;
    if (start > 0 && table->text[start - 1] == ' ')
        start--;
    return splice(cx, table, start, clause->whole.end, "");
}

/* plain when again, the insertion tried on it, gives the text back; else the text with the clause
** in a comment made of the first `keep` bytes of it. */
static char *plain_or_marked(lim_context *cx, const lim_create_table *table,
                             const lim_clause *clause, char *plain, const char *again,
                             size_t keep) {
    char *comment;
    if (!plain || (again && strcmp(again, table->text) == 0))
        return plain;
    comment = make_mark(cx, table->text + clause->whole.start, keep);
    return comment ? splice(cx, table, clause->whole.start, clause->whole.end, comment) : plain;
}

char *lim_with_not_null(lim_context *cx, const lim_create_table *table, int32_t column) {
    size_t after = table->columns[column].type.end;
    mark kept;
    if (column_mark(cx, table, column, MARK_NOT_NULL, &kept) ||
        column_mark(cx, table, column, MARK_NOT, &kept)) {
        char *words =
            lim_copy(cx, table->text + kept.inside.start, kept.inside.end - kept.inside.start);
        return words ? splice(cx, table, kept.whole.start, kept.whole.end, words) : NULL;
    }
    return splice(cx, table, after, after, " NOT NULL");
}

char *lim_without_not_null(lim_context *cx, const lim_create_table *table, int32_t column) {
    const lim_clause *clause = lim_column_clause(&table->columns[column], LIM_CLAUSE_NOT_NULL);
    /* With a comment inside, which can't stand in another, NOT alone is put aside: NULL is a clause
    ** too. */
    lim_token word = lim_lex(LIM_SQLITE, table->text, table->length, clause->body);
    char *plain = without_clause(cx, table, clause);
    const char *again = NULL;
    lim_create_table trial;
    if (plain && cut_trial(cx, plain, &trial))
        again = lim_with_not_null(cx, &trial, column);
    if (plain && again && strcmp(again, table->text) != 0 &&
        !make_mark(cx, table->text + clause->whole.start,
                   clause->whole.end - clause->whole.start) &&
        lim_token_is(table->text, word, "not")) {
        char *only = lim_format(cx, "/*%.*s*/", (int)word.length, table->text + word.start);
        return only ? splice(cx, table, word.start, word.start + word.length, only) : NULL;
    }
    return plain_or_marked(cx, table, clause, plain, again,
                           clause->whole.end - clause->whole.start);
}

char *lim_with_default(lim_context *cx, const lim_create_table *table, int32_t column,
                       const char *value) {
    const lim_table_column *c = &table->columns[column];
    const lim_clause *clause = lim_column_clause(c, LIM_CLAUSE_DEFAULT);
    size_t after = c->type.end;
    mark kept;
    char *words;
    if (clause)
        return splice(cx, table, clause->value.start, clause->value.end, value);
    if (column_mark(cx, table, column, MARK_DEFAULT, &kept)) {
        words = lim_format(cx, "%.*s %s", (int)(kept.inside.end - kept.inside.start),
                           table->text + kept.inside.start, value);
        return words ? splice(cx, table, kept.whole.start, kept.whole.end, words) : NULL;
    }
    if (c->clause_count > 0 && c->clauses[0].kind == LIM_CLAUSE_NOT_NULL)
        after = c->clauses[0].whole.end;
    words = lim_format(cx, " DEFAULT %s", value);
    return words ? splice(cx, table, after, after, words) : NULL;
}

char *lim_without_default(lim_context *cx, const lim_create_table *table, int32_t column) {
    const lim_clause *clause = lim_column_clause(&table->columns[column], LIM_CLAUSE_DEFAULT);
    char *plain = without_clause(cx, table, clause);
    char *value =
        lim_copy(cx, table->text + clause->value.start, clause->value.end - clause->value.start);
    size_t keep = clause->value.start - clause->whole.start;
    const char *again = NULL;
    lim_create_table trial;
    mark kept;
    /* Where a NOT NULL is to come back, this clause may have to come back before or after it. */
    if (plain && value && !column_mark(cx, table, column, MARK_NOT_NULL, &kept) &&
        cut_trial(cx, plain, &trial))
        again = lim_with_default(cx, &trial, column, value);
    while (keep > 0 && strchr(" \t\n\r\f", table->text[clause->whole.start + keep - 1]))
        keep--;
    return plain_or_marked(cx, table, clause, plain, again, keep);
}

/* --- layout -------------------------------------------------------------------------------- */

/* The white space between the comma (or parenthesis) before the last element and that element:
** what a new element gets before it. Behind a comment, what follows the comment. */
static char *separator(lim_context *cx, const lim_create_table *table) {
    size_t at = table->left + 1;
    size_t end = table->columns[0].whole.start;
    lim_span space = {0, 0};
    bool single = table->column_count + table->constraint_count == 1;
    if (table->constraint_count > 0 &&
        table->constraints[table->constraint_count - 1].comma != LIM_NOWHERE) {
        const lim_clause *last = &table->constraints[table->constraint_count - 1];
        at = last->comma + 1;
        end = last->whole.start;
    } else if (table->column_count > 1) {
        const lim_table_column *last = &table->columns[table->column_count - 1];
        at = last->comma + 1;
        end = last->whole.start;
    }
    while (at < end) {
        lim_token token = lim_lex(LIM_SQLITE, table->text, end, at);
        space = (lim_span){token.start, token.start};
        if (token.kind == LIM_TOKEN_SPACE)
            space.end = token.start + token.length;
        at = token.start + token.length;
    }
    if (single && !memchr(table->text + space.start, '\n', space.end - space.start))
        return lim_copy(cx, ", ", 2);
    return lim_format(cx, ",%.*s", (int)(space.end - space.start), table->text + space.start);
}

/* Behind the last element, and the comments that keep places there. */
static size_t last_end(lim_context *cx, const lim_create_table *table, bool of_columns) {
    size_t end = table->columns[table->column_count - 1].whole.end;
    size_t stop = of_columns ? region_end(table, (int32_t)table->column_count - 1) : table->right;
    size_t at;
    mark kept;
    if (!of_columns && table->constraint_count > 0)
        end = table->constraints[table->constraint_count - 1].whole.end;
    at = end;
    if (of_columns && next_mark(cx, table, &at, stop, MARK_COMMA, NULL, &kept))
        stop = kept.whole.start; /* a constraint's place, behind the columns */
    for (mark_kind kind = MARK_NOT_NULL; kind <= MARK_NAME; kind++)
        for (at = end; next_mark(cx, table, &at, stop, kind, NULL, &kept);)
            end = kept.whole.end;
    return end;
}

/* Removes [start, end) of an element that is the last; the comma before it goes too. A comment in
** between stays. */
static char *without_last(lim_context *cx, const lim_create_table *table, size_t comma,
                          size_t start, size_t end) {
    lim_token token = lim_lex(LIM_SQLITE, table->text, start, comma + 1);
    char *shorter;
    bool bare = comma + 1 == start ||
                (token.kind == LIM_TOKEN_SPACE && token.start + token.length == start);
    if (bare)
        return splice(cx, table, comma, end, "");
    shorter = splice(cx, table, start, end, "");
    return shorter ? lim_spliced(cx, shorter, strlen(shorter), comma, comma + 1, "") : NULL;
}

/* --- constraints --------------------------------------------------------------------------- */

/* The constraint as a clause of its only column, without its name: CHECK stays, the others lose
** their column list. NULL: it can't be one. */
static char *as_column_clause(lim_context *cx, const char *source, const lim_clause *clause,
                              const char *column) {
    lim_scanner s = lim_scanner_at(cx, source, clause->whole.end, clause->body);
    lim_span group;
    if (clause->kind == LIM_CLAUSE_CHECK)
        return lim_copy(cx, source + clause->body, clause->whole.end - clause->body);
    if (clause->columns.count != 1 || !lim_same_name(clause->columns.items[0], column))
        return NULL;
    while (s.token.kind == LIM_TOKEN_WORD)
        lim_scan_next(&s);
    if (!lim_scan_group(&s, &group))
        return NULL;
    if (clause->kind == LIM_CLAUSE_FOREIGN_KEY)
        return lim_copy(cx, source + s.token.start, clause->whole.end - s.token.start);
    return lim_format(cx, "%s%.*s", clause->kind == LIM_CLAUSE_UNIQUE ? "UNIQUE" : "PRIMARY KEY",
                      (int)(clause->whole.end - s.end), source + s.end);
}

/* The column in whose text the offset stands, or -1. */
static int32_t column_at(const lim_create_table *table, size_t at) {
    for (uint32_t i = 0; i < table->column_count; i++)
        if (at > table->columns[i].name_span.end && at < region_end(table, (int32_t)i))
            return (int32_t)i;
    return -1;
}

/* The last comment before the offset that keeps a comma and has nothing but white space and
** comments behind it. */
static bool comma_mark(lim_context *cx, const lim_create_table *table, size_t before, mark *found) {
    bool any = false;
    for (size_t at = table->left + 1; at < before;) {
        lim_token token = lim_lex(LIM_SQLITE, table->text, before, at);
        size_t start = at;
        at = token.start + token.length;
        if (token.kind == LIM_TOKEN_COMMENT) {
            mark one;
            if (next_mark(cx, table, &start, at, MARK_COMMA, NULL, &one)) {
                *found = one;
                any = true;
            }
        } else if (token.kind != LIM_TOKEN_SPACE) {
            any = false;
        }
    }
    return any;
}

/* The comment behind the constraint's name that keeps the name it had without one. */
static bool kept_name(lim_context *cx, const lim_create_table *table, const lim_clause *clause,
                      mark *kept) {
    size_t at = clause->name_span.end;
    return next_mark(cx, table, &at, clause->body, MARK_NAME, NULL, kept) &&
           kept->whole.start == clause->name_span.end;
}

/* The text with the constraint put at a mark. NULL: it doesn't fit there. */
static char *constraint_at_mark(lim_context *cx, const lim_create_table *table, const char *source,
                                const lim_clause *clause, const mark *kept, size_t *place) {
    mark comma = {0};
    bool of_table = comma_mark(cx, table, kept->whole.start, &comma);
    int32_t column = of_table ? -1 : column_at(table, kept->whole.start);
    lim_token first = lim_lex(LIM_SQLITE, table->text, kept->inside.end, kept->inside.start);
    bool named = lim_token_is(table->text, first, "constraint");
    size_t end = kept->whole.end;
    mark former; /* the name it had before it had one */
    char *body;
    char *text;
    if (!of_table && column < 0)
        return NULL;
    body = of_table ? lim_copy(cx, source + clause->body, clause->whole.end - clause->body)
                    : as_column_clause(cx, source, clause, table->columns[column].name);
    if (!named || !next_mark(cx, table, &end, table->right, MARK_NAME, NULL, &former) ||
        former.whole.start != kept->whole.end)
        former.whole = (lim_span){kept->whole.end, kept->whole.end};
    if (body && named)
        body = lim_format(cx, "%.*s%.*s %s", (int)(kept->inside.end - kept->inside.start),
                          table->text + kept->inside.start,
                          (int)(former.whole.end - former.whole.start),
                          table->text + former.whole.start, body);
    if (!body)
        return NULL;
    text = splice(cx, table, kept->whole.start, former.whole.end, body);
    *place = kept->whole.start;
    if (text && of_table) {
        text = lim_spliced(cx, text, strlen(text), comma.whole.start, comma.whole.end, ",");
        *place -= comma.whole.end - comma.whole.start - 1;
    }
    return text;
}

/* The constraint of the (tried) text that starts at the place. */
typedef struct tried {
    lim_create_table table;
    lim_named_constraint *named;
    uint32_t count;
    lim_named_constraint *found; /* NULL: the text is none, or nothing starts there */
} tried;

static tried try_text(lim_context *cx, const char *text, size_t place) {
    tried t = {.found = NULL};
    if (!text || !cut_trial(cx, text, &t.table) ||
        !lim_name_constraints(cx, &t.table, &t.named, &t.count))
        return t;
    for (uint32_t i = 0; i < t.count; i++)
        if (t.named[i].clause->whole.start == place)
            t.found = &t.named[i];
    return t;
}

/* True when every constraint of the table, but one, has its name in the other text too. */
static bool names_stay(lim_context *cx, const lim_create_table *table, const lim_clause *but,
                       const lim_named_constraint *other, uint32_t other_count) {
    lim_named_constraint *named;
    uint32_t count;
    if (!lim_name_constraints(cx, table, &named, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (named[i].clause != but && !lim_find_constraint(other, other_count, named[i].name))
            return false;
    return true;
}

/* The new constraint behind the last. Without a name it gets one when it would be called otherwise
** than PostgreSQL calls it, or others would. */
static char *append_constraint(lim_context *cx, const lim_create_table *table, const char *source,
                               const lim_clause *clause) {
    size_t after = last_end(cx, table, false);
    char *gap = separator(cx, table);
    int length = (int)(clause->whole.end - clause->whole.start);
    char *words = gap ? lim_format(cx, "%s%.*s", gap, length, source + clause->whole.start) : NULL;
    char *text = words ? splice(cx, table, after, after, words) : NULL;
    tried t;
    char *name;
    if (!text || clause->name)
        return text;
    t = try_text(cx, text, after + strlen(gap));
    if (!t.found)
        return text;
    name = lim_new_name(cx, &t.table, t.found, t.named, t.count);
    if (!name ||
        (lim_same_name(name, t.found->name) && names_stay(cx, table, NULL, t.named, t.count)))
        return name ? text : NULL;
    name = lim_quote_name(cx, name);
    words = name ? lim_format(cx, "%sCONSTRAINT %s %.*s", gap, name, length,
                              source + clause->whole.start)
                 : NULL;
    return words ? splice(cx, table, after, after, words) : NULL;
}

char *lim_with_constraint(lim_context *cx, const lim_create_table *table, const char *source,
                          const lim_clause *clause) {
    size_t at = table->left + 1;
    mark kept;
    while (next_mark(cx, table, &at, table->right, MARK_NAME, clause->name, &kept)) {
        lim_token first = lim_lex(LIM_SQLITE, table->text, kept.inside.end, kept.inside.start);
        size_t place = 0;
        char *text;
        tried t;
        if (!clause->name && lim_token_is(table->text, first, "constraint"))
            continue; /* the place of one with a name */
        text = constraint_at_mark(cx, table, source, clause, &kept, &place);
        t = try_text(cx, text, place);
        if (!t.found || !is_mark(cx, table->text, kept.inside, MARK_NAME, t.found->name))
            continue;
        if (!clause->name) {
            char *name = lim_new_name(cx, &t.table, t.found, t.named, t.count);
            if (!name || !lim_same_name(name, t.found->name))
                continue;
        }
        return text;
    }
    return append_constraint(cx, table, source, clause);
}

static bool is_plain_word(const char *name) {
    lim_token token = lim_lex(LIM_SQLITE, name, strlen(name), 0);
    return token.kind == LIM_TOKEN_WORD && token.length == strlen(name) &&
           !lim_same_name(name, "constraint");
}

/* What a mark keeps of the constraint: CONSTRAINT n as written, or its generated name. */
static char *constraint_mark(lim_context *cx, const lim_create_table *table,
                             const lim_named_constraint *constraint) {
    const lim_clause *clause = constraint->clause;
    const char *words;
    mark former;
    if (!constraint->generated) {
        char *comment = make_mark(cx, table->text + clause->whole.start,
                                  clause->name_span.end - clause->whole.start);
        if (!comment || !kept_name(cx, table, clause, &former))
            return comment;
        return lim_format(cx, "%s%.*s", comment, (int)(former.whole.end - former.whole.start),
                          table->text + former.whole.start);
    }
    words =
        is_plain_word(constraint->name) ? constraint->name : lim_quote_name(cx, constraint->name);
    return words ? make_mark(cx, words, strlen(words)) : NULL;
}

/* A DEFERRABLE that stands apart goes with the foreign key it belongs to. */
static const lim_clause *deferrable_of(const lim_create_table *table, const lim_clause *clause) {
    const lim_table_column *column = &table->columns[clause->column];
    const lim_clause *end = column->clauses + column->clause_count;
    for (const lim_clause *c = clause + 1; c < end && c->kind != LIM_CLAUSE_FOREIGN_KEY; c++)
        if (c->kind == LIM_CLAUSE_DEFERRABLE)
            return c;
    return NULL;
}

static char *without_column_constraint(lim_context *cx, const lim_create_table *table,
                                       const lim_named_constraint *constraint) {
    const lim_clause *clause = constraint->clause;
    const lim_clause *apart = NULL;
    char *comment = constraint_mark(cx, table, constraint);
    char *text = (char *)table->text;
    size_t start = clause->whole.start;
    if (clause->kind == LIM_CLAUSE_FOREIGN_KEY)
        apart = deferrable_of(table, clause);
    if (apart)
        text = without_clause(cx, table, apart);
    if (!text)
        return NULL;
    if (!comment && start > 0 && text[start - 1] == ' ')
        start--;
    return lim_spliced(cx, text, strlen(text), start, clause->whole.end, comment ? comment : "");
}

char *lim_without_constraint(lim_context *cx, const lim_create_table *table,
                             const lim_named_constraint *constraint, bool for_good) {
    const lim_clause *clause = constraint->clause;
    tried t;
    char *plain;
    char *text;
    char *comment;
    if (clause->kind == LIM_CLAUSE_NOT_NULL)
        return lim_without_not_null(cx, table, clause->column);
    if (clause->column >= 0)
        return without_column_constraint(cx, table, constraint);
    if (clause->comma == LIM_NOWHERE)
        return without_clause(cx, table, clause);
    plain = without_last(cx, table, clause->comma, clause->whole.start, clause->whole.end);
    if (!plain)
        return NULL;
    t = try_text(cx, plain, 0);
    if (t.table.text && names_stay(cx, table, clause, t.named, t.count)) {
        text = for_good ? NULL : lim_with_constraint(cx, &t.table, table->text, clause);
        if (!text || strcmp(text, table->text) == 0)
            return plain;
    }
    comment = constraint_mark(cx, table, constraint);
    if (!comment)
        return plain;
    text = splice(cx, table, clause->whole.start, clause->whole.end, comment);
    return text ? lim_spliced(cx, text, strlen(text), clause->comma, clause->comma + 1, "/*,*/")
                : NULL;
}

char *lim_with_constraint_name(lim_context *cx, const lim_create_table *table,
                               const lim_named_constraint *constraint, const char *new_name) {
    const lim_clause *clause = constraint->clause;
    mark kept;
    char *text;
    if (constraint->generated) {
        char *comment = constraint_mark(cx, table, constraint);
        text = lim_format(cx, "CONSTRAINT %s%s ", new_name, comment ? comment : "");
        return text ? splice(cx, table, clause->body, clause->body, text) : NULL;
    }
    if (kept_name(cx, table, clause, &kept)) {
        lim_token token = lim_lex(LIM_SQLITE, new_name, strlen(new_name), 0);
        char *wanted = lim_token_name(cx, LIM_SQLITE, new_name, token);
        if (!wanted)
            return NULL;
        if (is_mark(cx, table->text, kept.inside, MARK_NAME, wanted))
            return splice(cx, table, clause->whole.start, clause->body, "");
    }
    return splice(cx, table, clause->name_span.start, clause->name_span.end, new_name);
}

/* --- columns ------------------------------------------------------------------------------- */

char *lim_with_column(lim_context *cx, const lim_create_table *table, const char *definition) {
    lim_create_table columns = *table;
    size_t after = last_end(cx, table, true);
    char *words;
    columns.constraint_count = 0;
    words = separator(cx, &columns);
    if (words)
        words = lim_format(cx, "%s%s", words, definition);
    return words ? splice(cx, table, after, after, words) : NULL;
}

/* Where the text of a column that others follow ends: behind its comma and, when nothing but a
** comment follows on the line, behind that, at whatever comes next. */
static size_t followed_end(const lim_create_table *table, size_t comma, size_t next) {
    bool commented = false;
    for (size_t at = comma + 1; at < next;) {
        lim_token token = lim_lex(LIM_SQLITE, table->text, next, at);
        if (token.kind == LIM_TOKEN_COMMENT) {
            if (commented || memchr(table->text + comma, '\n', token.start - comma))
                return token.start;
            if (table->text[token.start] == '/' && token.start + token.length < next &&
                !memchr(table->text + token.start, '\n', next - token.start))
                return token.start;
            commented = true;
        }
        at = token.start + token.length;
    }
    return next;
}

char *lim_without_column(lim_context *cx, const lim_create_table *table, int32_t column) {
    const lim_table_column *c = &table->columns[column];
    if ((uint32_t)column + 1 < table->column_count) {
        const lim_table_column *next = c + 1;
        return splice(cx, table, c->whole.start,
                      followed_end(table, next->comma, next->whole.start), "");
    }
    return without_last(cx, table, c->comma, c->whole.start, c->whole.end);
}
