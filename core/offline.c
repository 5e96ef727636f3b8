/*
** offline.c - see offline.h
**
** What both engines share is here: ranges, bodies, version rows, stored revisions. Their frames, which
** hold guard and transaction, are in offline_sqlite.c and offline_postgres.c.
*/
#include "offline.h"

#include "offline_frame.h"

#include <string.h>

/* ---- the plan ------------------------------------------------------------------------------ */

/* The state of a database whose version rows are these nodes. */
static bool state_of(lim_context *cx, const lim_graph *g, lim_nodes nodes, lim_state *state) {
    lim_ledger rows = {0};
    for (uint32_t i = 0; i < nodes.count; i++) {
        lim_version version = {.version_num = lim_id(g, nodes.node[i])};
        if (!lim_ledger_add_version(cx, &rows, &version))
            return false;
    }
    return lim_state_build(cx, g, &rows, state);
}

/* What stands before the colon. */
static bool find_start(lim_offline *o, const lim_state *current, const char *word) {
    lim_nodes nodes = {NULL, 0};
    if (strcmp(word, "current") == 0) {
        o->start = *current;
        return true;
    }
    if (*word != '\0' && strcmp(word, "base") != 0 &&
        !lim_target_show(o->cx, o->graph, current, word, &nodes))
        return false;
    return state_of(o->cx, o->graph, nodes, &o->start) &&
           lim_state_require_sound(o->cx, o->graph, &o->start);
}

static const char *trimmed(lim_context *cx, const char *text, size_t length) {
    static const char blanks[] = " \t\r\n";
    while (length > 0 && strchr(blanks, *text))
        text++, length--;
    while (length > 0 && strchr(blanks, text[length - 1]))
        length--;
    return lim_copy(cx, text, length);
}

bool lim_offline_plan(lim_offline *o, const lim_state *current, lim_operation operation,
                      const char *range) {
    lim_context *cx = o->cx;
    const char *colon = range != NULL ? strchr(range, ':') : NULL;
    const char *target = range;
    bool up = operation == LIM_UPGRADE;
    if (colon == NULL) {
        o->start = *current;
    } else {
        const char *start = trimmed(cx, range, (size_t)(colon - range));
        target = trimmed(cx, colon + 1, strlen(colon + 1));
        if (start == NULL || target == NULL)
            return false;
        if (strchr(target, ':') != NULL || start[strcspn(start, ", \t\r\n")] != '\0')
            return lim_fail(cx, LIM_INVALID, "Write one target on each side of one colon.",
                            "not a valid range: '%s'", lim_show(cx, range));
        if (!find_start(o, current, start))
            return false;
        target = *target != '\0' ? target : NULL;
    }
    if (!up && target == NULL)
        return lim_fail(cx, LIM_INVALID,
                        "Write base, a revision or -1, or a range such as 003:001.",
                        "downgrade with --sql requires <fromrev>:<torev>");
    return (up ? lim_plan_upgrade : lim_plan_downgrade)(cx, o->graph, &o->start, target,
                                                        &o->plan) &&
           lim_plan_refusal(cx, o->graph, &o->plan, o->dialect, o->dialect == LIM_SQLITE) &&
           lim_plan_versions(cx, o->graph, &o->start, &o->versions);
}

/* ---- pieces -------------------------------------------------------------------------------- */

static void add_literal(lim_offline *o, const char *text, size_t length) {
    lim_text *t = &o->text;
    bool escapes = o->dialect == LIM_POSTGRES && memchr(text, '\\', length) != NULL;
    size_t from = 0;
    lim_text_adds(t, escapes ? "E'" : "'");
    for (size_t at = 0; at < length; at++) {
        if (text[at] == '\'' || (escapes && text[at] == '\\')) {
            lim_text_add(t, text + from, at + 1 - from);
            from = at;
        }
    }
    lim_text_add(t, text + from, length - from);
    lim_text_addc(t, '\'');
}

void lim_offline_string(lim_offline *o, const char *text) {
    if (text == NULL)
        lim_text_adds(&o->text, "NULL");
    else
        add_literal(o, text, strlen(text));
}

static void add_bytes(lim_offline *o, lim_bytes bytes) {
    if (bytes.text == NULL)
        lim_text_adds(&o->text, "NULL");
    else
        add_literal(o, bytes.text, bytes.length);
}

static void add_truth(lim_offline *o, bool truth) {
    lim_text_adds(&o->text,
                  o->dialect == LIM_SQLITE ? (truth ? "1" : "0") : (truth ? "true" : "false"));
}

const char *lim_offline_verb(const lim_offline *o) {
    return o->plan.operation == LIM_UPGRADE ? "upgrade" : "downgrade";
}

/* The revisions of the plan with their checksums, as rows of VALUES. */
void lim_offline_wanted(lim_offline *o, const char *indent) {
    for (uint32_t i = 0; i < o->plan.step_count; i++) {
        const lim_revision *row = &o->graph->revisions[o->plan.steps[i].node];
        lim_text_addf(&o->text, "%s\n%s(", i > 0 ? "," : "", indent);
        lim_offline_string(o, row->id);
        lim_text_adds(&o->text, ", ");
        lim_offline_string(o, row->checksum);
        lim_text_addc(&o->text, ')');
    }
}

/* ---- stored revisions ---------------------------------------------------------------------- */

/* Ends an INSERT ... SELECT that is for a database without the revision. */
static void unless_stored(lim_offline *o, const char *id) {
    lim_text_addf(
        &o->text,
        "\nWHERE NOT EXISTS (SELECT 1 FROM %s.migrate_revision WHERE revision = ", o->schema);
    lim_offline_string(o, id);
    lim_text_adds(&o->text, ");\n");
}

static void store_edges(lim_offline *o, lim_node n, const lim_adjacency *over, lim_edge_kind kind) {
    lim_nodes parents = lim_neighbours(over, n);
    for (uint32_t i = 0; i < parents.count; i++) {
        lim_text_addf(&o->text,
                      "INSERT INTO %s.migrate_edge (revision, parent, kind, ordinal)\nSELECT ",
                      o->schema);
        lim_offline_string(o, lim_id(o->graph, n));
        lim_text_adds(&o->text, ", ");
        lim_offline_string(o, lim_id(o->graph, parents.node[i]));
        lim_text_addf(&o->text, ", '%s', %u", lim_edge_kind_name(kind), i);
        unless_stored(o, lim_id(o->graph, n));
    }
}

static void store_labels(lim_offline *o, lim_node n) {
    const lim_graph *g = o->graph;
    for (uint32_t i = g->label_start[n]; i < g->label_start[n + 1]; i++) {
        lim_text_addf(&o->text, "INSERT INTO %s.migrate_label (label, revision, ordinal)\nSELECT ",
                      o->schema);
        lim_offline_string(o, g->labels[i]);
        lim_text_adds(&o->text, ", ");
        lim_offline_string(o, lim_id(g, n));
        lim_text_addf(&o->text, ", %u", i - g->label_start[n]);
        unless_stored(o, lim_id(g, n));
    }
}

/* Who and when, as two values. */
static void add_now(lim_offline *o) {
    if (o->dialect == LIM_SQLITE) {
        lim_text_adds(&o->text, "strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ");
        lim_offline_string(o, o->actor);
    } else {
        lim_text_adds(&o->text, "pg_catalog.clock_timestamp(), session_user");
    }
}

static void store_log(lim_offline *o, lim_node n, const char *parents) {
    const lim_revision *row = &o->graph->revisions[n];
    lim_text_addf(&o->text,
                  "INSERT INTO %s.migrate_log (at, actor, action, revision, from_version, "
                  "to_version, checksum, outcome)\nSELECT ",
                  o->schema);
    add_now(o);
    lim_text_adds(&o->text, ", 'load', ");
    lim_offline_string(o, row->id);
    lim_text_adds(&o->text, ", ");
    lim_offline_string(o, parents);
    lim_text_adds(&o->text, ", ");
    lim_offline_string(o, row->id);
    lim_text_adds(&o->text, ", ");
    lim_offline_string(o, row->checksum);
    lim_text_adds(&o->text, ", 'done'");
    unless_stored(o, row->id);
}

/* The row itself goes last: what goes with it is written as long as it isn't there. */
static void store_row(lim_offline *o, const lim_stored *stored) {
    const lim_revision *row = stored->row;
    bool postgres = o->dialect == LIM_POSTGRES;
    lim_text_reserve(&o->text, stored->upgrade.length + stored->downgrade.length +
                                   stored->script.length + 1024);
    lim_text_addf(&o->text,
                  "INSERT INTO %s.migrate_revision (revision, message, upgrade, downgrade, "
                  "upgrade_transactional, downgrade_transactional, script, checksum, created_at, "
                  "created_by%s)\nSELECT ",
                  o->schema,
                  postgres ? ", upgrade_author, upgrade_author_oid, downgrade_author, "
                             "downgrade_author_oid"
                           : "");
    lim_offline_string(o, row->id);
    lim_text_adds(&o->text, ", ");
    lim_offline_string(o, row->message);
    lim_text_adds(&o->text, ", ");
    add_bytes(o, stored->upgrade);
    lim_text_adds(&o->text, ", ");
    add_bytes(o, stored->downgrade);
    lim_text_adds(&o->text, ", ");
    add_truth(o, row->upgrade_transactional);
    lim_text_adds(&o->text, ", ");
    add_truth(o, row->downgrade_transactional);
    lim_text_adds(&o->text, ", ");
    add_bytes(o, stored->script);
    lim_text_adds(&o->text, ", ");
    lim_offline_string(o, row->checksum);
    lim_text_adds(&o->text, ", ");
    add_now(o);
    if (postgres) {
        for (int i = 0; i < 2; i++)
            lim_text_adds(&o->text, ", current_user, (SELECT oid FROM pg_catalog.pg_roles WHERE "
                                    "rolname = current_user)");
    }
    unless_stored(o, row->id);
}

bool lim_offline_revisions(const lim_offline *o, lim_nodes *nodes) {
    lim_set *stored = lim_set_new(o->cx, o->graph);
    for (uint32_t i = 0; stored != NULL && i < o->plan.step_count; i++)
        stored[o->plan.steps[i].node] = o->plan.operation == LIM_UPGRADE;
    return stored != NULL && lim_set_members(o->cx, o->graph, stored, nodes);
}

bool lim_offline_store(lim_offline *o, const lim_stored *stored) {
    const char *id = stored->row->id;
    lim_node n = lim_find_id(o->graph, id);
    const char *parents = lim_parents_text(o->cx, o->graph, n);
    if (parents == NULL)
        return false;
    lim_text_addf(&o->text, "\n-- Revision %s, unless it is stored already\n", id);
    store_edges(o, n, &o->graph->down, LIM_DOWN_REVISION);
    store_edges(o, n, &o->graph->deps, LIM_DEPENDS_ON);
    store_labels(o, n);
    store_log(o, n, parents);
    store_row(o, stored);
    return o->cx->error.code == LIM_OK;
}

/* ---- bodies -------------------------------------------------------------------------------- */

/* True when the sqlite3 shell would take the token for the end of a statement: a slash, or the word
** go, with nothing else on its line. */
static bool is_shell_word(const char *text, size_t length, lim_token t) {
    size_t end = t.start + t.length;
    if (!lim_token_is(text, t, "go") && !(t.length == 1 && text[t.start] == '/'))
        return false;
    while (end < length && (text[end] == ' ' || text[end] == '\t'))
        end++;
    return end == length || text[end] == '\n' || text[end] == '-' || text[end] == '/';
}

/* A part of a body. Where the shell would misread a line, it is joined with the one before it or,
** when a comment ends that one, behind it. */
static void add_part(lim_offline *o, const char *text, size_t from, size_t to) {
    bool comment = false, join = false;
    if (o->dialect != LIM_SQLITE || from >= to) {
        lim_text_add(&o->text, text + from, to - from);
        return;
    }
    while (from < to) {
        lim_token t = lim_lex(LIM_SQLITE, text, to, from);
        size_t next = t.start + t.length;
        bool lines = t.kind == LIM_TOKEN_SPACE && memchr(text + from, '\n', t.length) != NULL;
        bool ahead =
            lines && next < to && is_shell_word(text, to, lim_lex(LIM_SQLITE, text, to, next));
        if (lines && (join || (ahead && !comment)))
            lim_text_addc(&o->text, ' ');
        else
            lim_text_add(&o->text, text + from, t.length);
        join = t.kind == LIM_TOKEN_SPACE ? ahead && comment : join && t.kind != LIM_TOKEN_COMMENT;
        comment = t.kind == LIM_TOKEN_COMMENT && text[from] == '-';
        from = next;
    }
}

void lim_offline_text(lim_offline *o, const lim_offline_body *b, size_t from, size_t to) {
    const char *text = b->body.text;
    for (uint32_t i = 0; i < b->replacement_count; i++) {
        const lim_replacement *r = &b->replacements[i];
        if (r->start < from || r->end > to)
            continue;
        add_part(o, text, from, r->start);
        lim_offline_replaced(o, r);
        from = r->end;
    }
    add_part(o, text, from, to);
}

/* A body as it is stored, each statement with its semicolon, without a BEGIN and COMMIT around it. */
static void add_body(lim_offline *o, const lim_offline_body *b) {
    const lim_body *body = &b->body;
    size_t from = 0, to = body->length;
    size_t cursor = 0;
    lim_statement s;
    if (body->wrapped) {
        lim_statement last = {0};
        if (lim_next_statement(o->dialect, body->text, body->length, &cursor, &s)) {
            lim_text_add(&o->text, body->text, s.start);
            from = s.next;
        }
        while (lim_next_statement(o->dialect, body->text, body->length, &cursor, &s))
            last = s;
        to = last.start;
        while (from < to && (body->text[from] == '\n' || body->text[from] == ' '))
            from++;
        lim_offline_text(o, b, from, to);
        lim_text_add(&o->text, body->text + last.next, body->length - last.next);
    } else if (body->count > 0 && !lim_body_statement(body, body->count - 1).has_semicolon) {
        size_t end = body->spans[body->count - 1].end;
        lim_offline_text(o, b, from, end);
        lim_text_addc(&o->text, ';');
        lim_text_add(&o->text, body->text + end, to - end);
    } else {
        lim_offline_text(o, b, from, to);
    }
    if (o->text.length > 0 && o->text.data != NULL && o->text.data[o->text.length - 1] != '\n')
        lim_text_addc(&o->text, '\n');
}

/* ---- version rows and log ------------------------------------------------------------------ */

static void add_change(lim_offline *o, const lim_change *change) {
    const char *only = o->dialect == LIM_POSTGRES ? "ONLY " : "";
    lim_text *t = &o->text;
    if (change->lost == NULL) {
        lim_text_addf(t, "INSERT INTO %s.migrate_version (version_num) VALUES (", o->schema);
        lim_offline_string(o, change->gained);
        lim_text_adds(t, ");\n");
        return;
    }
    if (change->gained == NULL) {
        lim_text_addf(t, "DELETE FROM %s%s.migrate_version", only, o->schema);
    } else {
        lim_text_addf(t, "UPDATE %s%s.migrate_version SET version_num = ", only, o->schema);
        lim_offline_string(o, change->gained);
    }
    lim_text_adds(t, " WHERE version_num = ");
    lim_offline_string(o, change->lost);
    lim_text_adds(t, ";\n");
}

/* Milliseconds since the newest log row, or since the script began where that is later. */
static void add_duration(lim_offline *o) {
    if (o->dialect == LIM_SQLITE)
        lim_text_adds(&o->text,
                      "CAST(round((julianday('now') - max((SELECT began FROM temp.limbeck_script), "
                      "coalesce((SELECT julianday(at) FROM main.migrate_log ORDER BY id DESC LIMIT "
                      "1), 0))) * 86400000) AS INTEGER)");
    else
        lim_text_addf(&o->text,
                      "(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - "
                      "coalesce((SELECT GREATEST(at, pg_catalog.now()) FROM ONLY "
                      "%s.migrate_log ORDER BY id DESC LIMIT 1), pg_catalog.now())) * "
                      "1000)::pg_catalog.int8",
                      o->schema);
}

static void begin_log(lim_offline *o, uint32_t step) {
    const lim_revision *row = &o->graph->revisions[o->plan.steps[step].node];
    lim_text_addf(&o->text,
                  "INSERT INTO %s.migrate_log (at, actor, action, revision, from_version, "
                  "to_version, statement, statements, duration_ms, checksum, outcome)\nSELECT ",
                  o->schema);
    add_now(o);
    lim_text_addf(&o->text, ", '%s', ", lim_offline_verb(o));
    lim_offline_string(o, row->id);
    lim_text_adds(&o->text, ", ");
}

static void end_log(lim_offline *o, uint32_t step, uint32_t statement, uint32_t statements,
                    const char *outcome) {
    lim_text_addf(&o->text, ", %u, %u, ", statement, statements);
    if (strcmp(outcome, "done") == 0)
        add_duration(o);
    else
        lim_text_adds(&o->text, "NULL");
    lim_text_adds(&o->text, ", ");
    lim_offline_string(o, o->graph->revisions[o->plan.steps[step].node].checksum);
    lim_text_addf(&o->text, ", '%s';\n", outcome);
}

void lim_offline_record_statement(lim_offline *o, uint32_t step, uint32_t statement,
                                  uint32_t statements, const char *outcome) {
    begin_log(o, step);
    lim_text_adds(&o->text, "NULL, NULL");
    end_log(o, step, statement, statements, outcome);
}

bool lim_offline_record(lim_offline *o, uint32_t step, const lim_offline_body *body) {
    const lim_step *s = &o->plan.steps[step];
    const char *from, *to;
    if (!lim_step_names(o->cx, o->graph, &o->plan, step, &from, &to))
        return false;
    for (uint32_t i = 0; i < s->change_count; i++)
        add_change(o, &o->plan.changes[s->first_change + i]);
    begin_log(o, step);
    lim_offline_string(o, from);
    lim_text_adds(&o->text, ", ");
    lim_offline_string(o, to);
    end_log(o, step, body->statements, body->statements, "done");
    return lim_plan_follow(o->cx, &o->plan, step, &o->versions) && o->cx->error.code == LIM_OK;
}

bool lim_offline_step(lim_offline *o, uint32_t step, const lim_offline_body *body) {
    const char *notice = lim_step_notice(o->cx, o->graph, &o->plan, step);
    if (notice == NULL)
        return false;
    lim_text_reserve(&o->text, body->body.length + 1024);
    lim_text_addf(&o->text, "\n-- %s\n", notice);
    if (body->units != NULL)
        return lim_offline_units_sqlite(o, step, body);
    if (o->dialect == LIM_SQLITE)
        lim_offline_before_sqlite(o, body);
    add_body(o, body);
    if (o->dialect == LIM_SQLITE)
        lim_offline_after_sqlite(o, body);
    else if (lim_offline_leaves(&body->body))
        lim_text_adds(&o->text, "CALL pg_temp.limbeck_after_body();\n");
    return lim_offline_record(o, step, body);
}

/* ---- the frame ----------------------------------------------------------------------------- */

bool lim_offline_begin(lim_offline *o) {
    const char *report = lim_plan_report(o->cx, &o->plan);
    bool sqlite = o->dialect == LIM_SQLITE;
    o->text = (lim_text){.cx = o->cx};
    if (report == NULL)
        return false;
    if (o->plan.step_count == 0) {
        lim_text_addf(&o->text, "-- Limbeck: nothing to do, %s\n", report);
        return true;
    }
    lim_text_addf(&o->text, "-- Limbeck, for %s: %s %s -> %s (%u revision%s)\n",
                  sqlite ? "SQLite" : "PostgreSQL", lim_offline_verb(o), o->plan.from, o->plan.to,
                  o->plan.step_count, o->plan.step_count == 1 ? "" : "s");
    if (sqlite)
        lim_offline_begin_sqlite(o);
    else
        lim_offline_begin_postgres(o);
    return o->cx->error.code == LIM_OK;
}

const char *lim_offline_end(lim_offline *o) {
    if (o->plan.step_count > 0) {
        if (o->dialect == LIM_SQLITE)
            lim_offline_end_sqlite(o);
        else
            lim_offline_end_postgres(o);
    }
    return lim_text_end(&o->text);
}
