/*
** format_sqitch.c - Sqitch: a plan, deploy scripts and revert scripts
**
**     %project=flipr
**     appschema 2026-01-10T09:30:00Z Ada <ada@example.org> # Adds the schema.
**     users [appschema] 2026-01-11T09:30:00Z Ada <ada@example.org> # Adds users.
**     @v1.0 2026-01-12T09:30:00Z Ada <ada@example.org> # Tagged.
**     users [users@v1.0] 2026-01-13T09:30:00Z Ada <ada@example.org> # Reworked.
**
** Sqitch deploys in the plan's order whatever a change requires, so each revision follows the change
** before it; what it requires are its dependencies. A change that was reworked later has its
** scripts in deploy/users@v1.0.sql and becomes the revision users.v1.0.
*/
#include "format_read.h"

#include <string.h>

typedef struct change {
    const char *name;
    const char *note;
    const char *id;
    const char *script;   /* its scripts' name: users, or users@v1.0 */
    const char *requires; /* what stands between the brackets, or NULL */
    size_t line;          /* offset of its line in the plan */
    bool reworked;        /* a later change has its name */
} change;

typedef struct tag {
    const char *name;
    uint32_t after; /* how many changes stand before it */
} tag;

typedef struct plan {
    lim_reading *r;
    lim_source source;
    const char *project;
    change *changes;
    uint32_t count, capacity;
    tag *tags;
    uint32_t tag_count, tag_capacity;
} plan;

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* ---- the plan's lines ----------------------------------------------------------------------- */

/* The part of a line that is still to be read. */
typedef struct rest {
    const char *text;
    size_t at, end;
} rest;

static void skip_blanks(rest *line) {
    while (line->at < line->end && is_blank(line->text[line->at]))
        line->at++;
}

/* Reads up to a blank, or up to the bracket that requirements begin with. NULL: LIM_NOMEM. */
static const char *take_word(lim_context *cx, rest *line) {
    size_t start = line->at;
    while (line->at < line->end && !is_blank(line->text[line->at]) && line->text[line->at] != '[')
        line->at++;
    return lim_copy(cx, line->text + start, line->at - start);
}

/* The note behind " # ", on one line. */
static bool take_note(lim_context *cx, const rest *line, const char **note) {
    size_t at = line->at;
    *note = NULL;
    while (at < line->end && !(line->text[at] == '#' && at > 0 && is_blank(line->text[at - 1])))
        at++;
    for (at += at < line->end; at < line->end && is_blank(line->text[at]); at++)
        ;
    lim_text t = {.cx = cx};
    for (; at < line->end; at++) {
        bool escaped = line->text[at] == '\\' && at + 1 < line->end;
        if (escaped && line->text[at + 1] == 'n')
            break;
        lim_text_addc(&t, line->text[at += escaped]);
    }
    const char *text = lim_text_end(&t);
    *note = t.length > 0 ? text : NULL;
    return text != NULL;
}

static bool take_tag(plan *p, rest line) {
    lim_context *cx = p->r->cx;
    if (!lim_grow(cx, &p->tags, &p->tag_capacity, p->tag_count + 1, sizeof *p->tags))
        return false;
    line.at++;
    p->tags[p->tag_count] = (tag){take_word(cx, &line), p->count};
    return p->tags[p->tag_count++].name != NULL;
}

static bool take_change(plan *p, rest line) {
    lim_context *cx = p->r->cx;
    change c = {.line = line.at};
    if (line.text[line.at] == '+') {
        line.at++;
        skip_blanks(&line);
    }
    if ((c.name = take_word(cx, &line)) == NULL)
        return false;
    if (*c.name == '\0')
        return lim_source_fail_at(cx, &p->source, c.line, LIM_SYNTAX, NULL,
                                  "a change without a name");
    skip_blanks(&line);
    if (line.at < line.end && line.text[line.at] == '[') {
        const char *start = line.text + line.at + 1;
        const char *close = memchr(start, ']', line.end - line.at - 1);
        if (close == NULL)
            return lim_source_fail_at(cx, &p->source, c.line, LIM_SYNTAX, NULL,
                                      "the requirements of \"%s\" have no end",
                                      lim_show(cx, c.name));
        if ((c.requires = lim_copy(cx, start, (size_t)(close - start))) == NULL)
            return false;
        line.at = (size_t)(close - line.text) + 1;
    }
    if (!take_note(cx, &line, &c.note) ||
        !lim_grow(cx, &p->changes, &p->capacity, p->count + 1, sizeof *p->changes))
        return false;
    p->changes[p->count++] = c;
    return true;
}

static bool take_line(plan *p, rest line) {
    static const char PROJECT[] = "%project=";
    skip_blanks(&line);
    while (line.end > line.at && is_blank(line.text[line.end - 1]))
        line.end--;
    if (line.at == line.end)
        return true;
    switch (line.text[line.at]) {
    case '#':
        return true;
    case '%':
        if (line.end - line.at > sizeof PROJECT - 1 &&
            memcmp(line.text + line.at, PROJECT, sizeof PROJECT - 1) == 0) {
            line.at += sizeof PROJECT - 1;
            p->project = take_word(p->r->cx, &line);
            return p->project != NULL;
        }
        return true;
    case '@':
        return take_tag(p, line);
    case '-':
        return lim_source_fail_at(p->r->cx, &p->source, line.at, LIM_NOT_SUPPORTED,
                                  "Take the change and this line out of the plan.",
                                  "a change that the plan itself reverts");
    default:
        return take_change(p, line);
    }
}

/* ---- names ---------------------------------------------------------------------------------- */

/* The last of the first `before` changes that has this name; count when there is none. */
static uint32_t find_change(const plan *p, const char *name, size_t length, uint32_t before) {
    while (before-- > 0) {
        const char *other = p->changes[before].name;
        if (strlen(other) == length && memcmp(other, name, length) == 0)
            return before;
    }
    return p->count;
}

static const tag *find_tag(const plan *p, const char *name) {
    for (uint32_t i = 0; i < p->tag_count; i++) {
        if (strcmp(p->tags[i].name, name) == 0)
            return &p->tags[i];
    }
    return NULL;
}

/* Gives each change its id and its scripts' name. */
static bool name_changes(plan *p) {
    lim_context *cx = p->r->cx;
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t earlier = find_change(p, p->changes[i].name, strlen(p->changes[i].name), i);
        if (earlier != p->count)
            p->changes[earlier].reworked = true;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        change *c = &p->changes[i];
        c->id = c->script = c->name;
        if (!c->reworked)
            continue;
        uint32_t t = 0;
        while (t < p->tag_count && p->tags[t].after <= i)
            t++;
        if (t == p->tag_count)
            return lim_source_fail_at(
                cx, &p->source, c->line, LIM_DUPLICATE, "Sqitch asks for a tag between the two.",
                "change \"%s\" stands in the plan twice", lim_show(cx, c->name));
        c->script = lim_format(cx, "%s@%s", c->name, p->tags[t].name);
        c->id = lim_format(cx, "%s.%s", c->name, p->tags[t].name);
        if (c->script == NULL || c->id == NULL)
            return false;
    }
    return true;
}

/* Finds the change that a requirement of change i names. NULL: failed. */
static const change *find_required(const plan *p, uint32_t i, const char *word) {
    const char *name = word, *colon = strchr(word, ':');
    if (colon != NULL) {
        size_t length = (size_t)(colon - word);
        if (p->project == NULL || strlen(p->project) != length ||
            memcmp(p->project, word, length) != 0) {
            lim_source_fail_at(p->r->cx, &p->source, p->changes[i].line, LIM_NOT_SUPPORTED,
                               "Take the requirement out, and upgrade the other project first.",
                               "change \"%s\" requires \"%s\", a change of another project",
                               lim_show(p->r->cx, p->changes[i].name), lim_show(p->r->cx, word));
            return NULL;
        }
        name = colon + 1;
    }
    uint32_t before = i, n = p->count;
    size_t length = strcspn(name, "@");
    const tag *at = name[length] == '@' ? find_tag(p, name + length + 1) : NULL;
    if (at != NULL && at->after < before)
        before = at->after;
    if (name[length] != '@' || at != NULL)
        n = length > 0 ? find_change(p, name, length, before) : before > 0 ? before - 1 : p->count;
    if (n < p->count)
        return &p->changes[n];
    lim_source_fail_at(p->r->cx, &p->source, p->changes[i].line, LIM_UNDEFINED,
                       "A change requires changes that stand before it in the plan.",
                       "change \"%s\" requires \"%s\", which is not before it",
                       lim_show(p->r->cx, p->changes[i].name), lim_show(p->r->cx, word));
    return NULL;
}

/* Fails for a conflict with a change that would be there; any other one is met already. */
static bool check_conflict(const plan *p, uint32_t i, const char *word) {
    if (find_change(p, word, strcspn(word, "@"), i) == p->count)
        return true;
    return lim_source_fail_at(p->r->cx, &p->source, p->changes[i].line, LIM_NOT_SUPPORTED,
                              "Take one of the two out of the plan.",
                              "change \"%s\" conflicts with \"%s\", which stands before it",
                              lim_show(p->r->cx, p->changes[i].name), lim_show(p->r->cx, word));
}

static bool take_requirements(const plan *p, uint32_t i, lim_list *ids) {
    lim_list words = {0};
    if (!lim_list_split(p->r->cx, p->changes[i].requires, &words))
        return false;
    for (uint32_t k = 0; k < words.count; k++) {
        const char *word = words.items[k];
        if (*word == '!') {
            if (!check_conflict(p, i, word + 1))
                return false;
            continue;
        }
        const change *found = find_required(p, i, word);
        if (found == NULL ||
            (!lim_list_has(ids, found->id) && !lim_list_add(p->r->cx, ids, found->id)))
            return false;
    }
    return true;
}

/* ---- the scripts ---------------------------------------------------------------------------- */

/* Reads deploy/NAME.sql or revert/NAME.sql; *found is false when there is none. */
static bool read_script(const plan *p, const char *folder, const char *name, bool *found,
                        const char **path, lim_section *section) {
    lim_reading *r = p->r;
    lim_source s;
    *found = false;
    *path = lim_format(r->cx, "%s/%s.sql", folder, name);
    if (*path == NULL)
        return false;
    for (uint32_t i = 0; i < r->count; i++) {
        if (strcmp(r->files[i].name, *path) != 0)
            continue;
        if (!lim_source_open(r->cx, &r->files[i], &s) || !lim_source_check_sql(r, &s))
            return false;
        *section = lim_section_of(s.text, s.length, true);
        *found = true;
    }
    return true;
}

static bool emit_change(const plan *p, uint32_t i) {
    const change *c = &p->changes[i];
    lim_script script = {.id = c->id, .has_down_revision = true};
    const char *deploy, *revert;
    bool found;
    script.message = c->note != NULL ? c->note : c->name;
    if (!read_script(p, "deploy", c->script, &found, &deploy,
                     &script.sections[LIM_UP][LIM_VARIANT_COMMON]))
        return false;
    if (!found)
        return lim_source_fail_at(p->r->cx, &p->source, c->line, LIM_INVALID,
                                  "The directory is the one that holds sqitch.plan, deploy and "
                                  "revert.",
                                  "change \"%s\" has no file %s", lim_show(p->r->cx, c->name),
                                  lim_show(p->r->cx, deploy));
    if (!read_script(p, "revert", c->script, &found, &revert,
                     &script.sections[LIM_DOWN][LIM_VARIANT_COMMON]) ||
        (i > 0 && !lim_list_add(p->r->cx, &script.down_revision, p->changes[i - 1].id)) ||
        !take_requirements(p, i, &script.depends_on))
        return false;
    return lim_reading_emit(p->r, deploy, &script);
}

bool lim_read_sqitch(lim_reading *r) {
    plan p = {.r = r};
    bool found = false;
    for (uint32_t i = 0; i < r->count; i++) {
        if (strcmp(r->files[i].name, "sqitch.plan") != 0)
            continue;
        found = true;
        if (!lim_source_open(r->cx, &r->files[i], &p.source))
            return false;
    }
    if (!found)
        return lim_fail(r->cx, LIM_INVALID,
                        "The directory is the one that holds sqitch.plan, deploy and revert.",
                        "no file sqitch.plan");
    const char *text = p.source.text;
    for (size_t at = 0, end; at < p.source.length; at = end + 1) {
        end = lim_line_end(text, p.source.length, at);
        if (!take_line(&p, (rest){text, at, end}))
            return false;
    }
    if (!name_changes(&p))
        return false;
    for (uint32_t i = 0; i < p.count; i++) {
        if (!emit_change(&p, i))
            return false;
    }
    return true;
}
