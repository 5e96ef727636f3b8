/*
** author.c - revisions made, changed and removed by calls
**
** A revision made by a call has a file, too: the one that export prints. What the ledger holds is what
** that file would say, and its checksum is taken without building it: a body may be large.
*/
#include "author.h"

#include "body.h"
#include "checksum.h"
#include "draft.h"
#include "resume.h"
#include "target.h"

#include <string.h>

/* ---- what a caller typed ------------------------------------------------------------------ */

/* Puts the revision before the message of the failure just recorded; returns false. */
static bool fail_of_revision(lim_context *cx, const char *id) {
    const char *message =
        cx->error.code == LIM_NOMEM
            ? NULL
            : lim_format(cx, "revision \"%s\": %s", lim_show(cx, id), cx->error.message);
    if (message != NULL && cx->error.code != LIM_NOMEM)
        cx->error.message = message;
    return false;
}

/* A body as a section of the file to be printed. */
static bool take_section(lim_context *cx, lim_dialect dialect, const char *what, lim_bytes body,
                         lim_section *section) {
    *section = (lim_section){.present = body.text != NULL, .transactional = true};
    if (body.text == NULL)
        return true;
    if (!lim_size_check(cx, what, "a body", body.length))
        return false;
    section->body = body.text;
    section->length = body.length;
    section->transactional = !lim_body_needs_autocommit(dialect, body.text, body.length);
    return true;
}

/* The record holds what the file of the revision would say, and its checksum. */
static bool print_record(lim_context *cx, lim_dialect dialect, const lim_script *wanted,
                         lim_draft *draft) {
    lim_record *r = draft->record;
    lim_script *script = LIM_NEW(cx, lim_script, 1);
    if (script == NULL)
        return false;
    *script = *wanted;
    if (!lim_script_settle(cx, script) || !lim_script_checksum(cx, script, r->checksum))
        return false;
    draft->script = script;
    r->message = script->message != NULL ? script->message : "";
    if (!lim_draft_bodies(cx, dialect, draft) || !lim_draft_from(cx, r))
        return false;
    r->marked = !r->upgrade_transactional || !r->downgrade_transactional;
    return true;
}

/* ---- new revisions ------------------------------------------------------------------------ */

static bool begin_record(lim_context *cx, const lim_graph *g, const lim_revision_request *request,
                         lim_record *record, lim_draft *draft) {
    const char *id = request->rev_id != NULL ? request->rev_id : request->random_id;
    *record = (lim_record){.outcome = LIM_NEW};
    if (id == NULL)
        return lim_fail(cx, LIM_INVALID, NULL, "a revision needs an id");
    if (!lim_check_name(cx, "revision", id))
        return false;
    record->id = lim_copy_string(cx, id);
    *draft = (lim_draft){.record = record, .stored = lim_find_id(g, id), .node = LIM_NONE};
    return record->id != NULL && lim_list_split(cx, request->branch_label, &record->branch_labels);
}

static bool check_heads(lim_context *cx, const lim_graph *g, lim_nodes parents, bool merge) {
    for (uint32_t i = 0; i < parents.count; i++) {
        const char *id = lim_show(cx, lim_id(g, parents.node[i]));
        if (lim_neighbours(&g->next, parents.node[i]).count == 0)
            continue;
        if (!merge)
            return lim_fail(cx, LIM_STATE, NULL,
                            "revision %s is not a head revision; please specify splice => true to "
                            "create a new branch from this revision",
                            id);
        lim_list ids = {0};
        for (uint32_t k = 0; k < parents.count; k++) {
            if (!lim_list_add(cx, &ids, lim_id(g, parents.node[k])))
                return false;
        }
        const char *joined = lim_list_join(cx, &ids);
        const char *hint =
            joined == NULL
                ? NULL
                : lim_format(cx,
                             "To merge what is not a head, write "
                             "migrate_revision(\xE2\x80\xA6, head => %s, splice => true).",
                             lim_literal(cx, joined));
        return hint != NULL &&
               lim_fail(cx, LIM_STATE, hint, "revision %s is not a head revision", id);
    }
    return true;
}

static bool check_merge_count(lim_context *cx, const lim_graph *g, const char *words,
                              lim_nodes parents) {
    if (parents.count > 1)
        return true;
    return lim_fail(
        cx, LIM_INVALID,
        "Name two heads or more, separated by commas, or write 'heads' for all of them; "
        "migrate_heads() lists them.",
        "a merge needs two or more revisions; '%s' gives %s%s", lim_show(cx, words),
        parents.count == 0 ? "none" : "only ",
        parents.count == 0 ? "" : lim_show(cx, lim_id(g, parents.node[0])));
}

/* True when the words of a revision that is there already mean itself or what has come after it:
** words such as `head`, which meant its parents when it was stored. */
static bool heads_moved(lim_context *cx, const lim_graph *g, lim_node stored, lim_nodes parents,
                        bool *moved) {
    lim_set *above = lim_set_new(cx, g);
    lim_nodes start = {&stored, 1};
    *moved = false;
    if (above == NULL || !lim_mark(cx, g, &g->all_next, start, above))
        return false;
    for (uint32_t i = 0; i < parents.count; i++)
        *moved = *moved || above[parents.node[i]];
    return true;
}

/* Finds what the revision stands on. Storing the same revision again keeps its parents where the
** words are those that follow the heads. */
static bool find_parents(lim_context *cx, lim_graph *g, const lim_draft *draft, const char *words,
                         bool merge, bool splice) {
    lim_record *r = draft->record;
    lim_nodes parents = {NULL, 0};
    bool again = draft->stored != LIM_NONE;
    bool kept = again && (words == NULL || strcmp(words, "head") == 0);
    if (!kept && !lim_target_parents(cx, g, words, &parents))
        return false;
    if (!kept && again && !heads_moved(cx, g, draft->stored, parents, &kept))
        return false;
    if (kept)
        return lim_draft_stored_ids(cx, g, &g->down, draft->stored, &r->down_revision);
    for (uint32_t i = 0; i < parents.count; i++) {
        if (!lim_list_add(cx, &r->down_revision, lim_id(g, parents.node[i])))
            return false;
    }
    return lim_draft_distinct(cx, &r->down_revision) &&
           (!merge || check_merge_count(cx, g, words, parents)) &&
           (again || splice || check_heads(cx, g, parents, merge));
}

static bool find_dependencies(lim_context *cx, lim_graph *g, const lim_draft *draft,
                              const char *text) {
    lim_record *r = draft->record;
    lim_list words;
    lim_set *named = lim_set_new(cx, g);
    if (named == NULL || !lim_list_split(cx, text, &words))
        return false;
    for (uint32_t i = 0; i < words.count; i++) {
        const char *word = words.items[i];
        bool itself = strcmp(word, r->id) == 0 || lim_list_has(&r->branch_labels, word);
        lim_node n = itself ? draft->stored : lim_target_one(cx, g, word);
        if (itself || (n != LIM_NONE && n == draft->stored))
            return lim_fail(cx, LIM_INVALID, "A revision can't depend on itself.",
                            "dependency self-loop is detected in revisions (%s)",
                            lim_show(cx, r->id));
        if (n == LIM_NONE)
            return false;
        if (!named[n] && !lim_list_add(cx, &r->depends_on, lim_id(g, n)))
            return false;
        named[n] = 1;
    }
    return true;
}

/* The fields of a stored revision as the file that print writes. */
static bool script_of_fields(lim_context *cx, const lim_graph *g, const lim_stored *stored,
                             lim_script *script) {
    const lim_revision *row = stored->row;
    lim_node n = lim_find_id(g, row->id);
    if (n == LIM_NONE)
        return lim_fail(cx, LIM_CORRUPT, NULL, "revision \"%s\" is not in the history",
                        lim_show(cx, row->id));
    *script = (lim_script){.id = row->id, .has_down_revision = true};
    script->message = row->message != NULL && *row->message != '\0' ? row->message : NULL;
    script->branch_labels = lim_own_labels(g, n);
    script->sections[LIM_UP][LIM_VARIANT_COMMON] =
        (lim_section){.present = stored->upgrade.text != NULL,
                      .transactional = row->upgrade_transactional,
                      .body = stored->upgrade.text,
                      .length = stored->upgrade.length};
    script->sections[LIM_DOWN][LIM_VARIANT_COMMON] =
        (lim_section){.present = stored->downgrade.text != NULL,
                      .transactional = row->downgrade_transactional,
                      .body = stored->downgrade.text,
                      .length = stored->downgrade.length};
    return lim_draft_stored_ids(cx, g, &g->down, n, &script->down_revision) &&
           lim_draft_stored_ids(cx, g, &g->deps, n, &script->depends_on);
}

bool lim_stored_as_call(lim_context *cx, const lim_graph *g, const lim_stored *stored,
                        char checksum[LIM_CHECKSUM_SIZE]) {
    lim_script script;
    return script_of_fields(cx, g, stored, &script) && lim_script_checksum(cx, &script, checksum);
}

static bool fail_exists(lim_context *cx, const lim_graph *g, lim_node n, const lim_record *r) {
    lim_list stored, differing = {0};
    lim_fail(cx, LIM_DUPLICATE,
             "Give the new revision another id, or change this one with migrate_edit as long as it "
             "is not applied.",
             "revision \"%s\" already exists", lim_show(cx, r->id));
    bool same_message = strcmp(g->revisions[n].message, r->message) == 0;
    bool ok = same_message || lim_list_add(cx, &differing, "message");
    ok = ok && lim_draft_stored_ids(cx, g, &g->down, n, &stored) &&
         (lim_draft_same_list(&stored, &r->down_revision) ||
          lim_list_add(cx, &differing, "down_revision"));
    ok = ok && lim_draft_stored_ids(cx, g, &g->deps, n, &stored) &&
         (lim_draft_same_list(&stored, &r->depends_on) ||
          lim_list_add(cx, &differing, "depends_on"));
    lim_list labels = lim_own_labels(g, n);
    ok = ok && (lim_draft_same_list(&labels, &r->branch_labels) ||
                lim_list_add(cx, &differing, "branch_label"));
    ok = ok && (differing.count > 0 || lim_list_add(cx, &differing, "body"));
    const char *joined = ok ? lim_list_join(cx, &differing) : NULL;
    return joined != NULL && lim_fail_detail(cx, "It has another %s.", joined);
}

bool lim_same_bytes(lim_bytes a, lim_bytes b) {
    return (a.text == NULL) == (b.text == NULL) && a.length == b.length &&
           (a.length == 0 || memcmp(a.text, b.text, a.length) == 0);
}

/* The same content again, by its checksum. A row that was changed by hand is mended: it is to be written as
** the call says, even where the revision is applied. */
static bool settle_same(lim_context *cx, const lim_graph *g, const lim_stored *stored,
                        lim_record *r) {
    char checksum[LIM_CHECKSUM_SIZE] = "";
    r->outcome = LIM_UNCHANGED;
    if (stored == NULL || stored->script.text != NULL)
        return true;
    if (!lim_stored_as_call(cx, g, stored, checksum)) {
        if (cx->error.code == LIM_NOMEM)
            return false;
        cx->error = (lim_error){0};
    }
    if (strcmp(checksum, r->checksum) == 0)
        return true;
    const lim_revision *row = stored->row;
    lim_node n = lim_find_id(g, row->id);
    lim_list labels = lim_own_labels(g, n), down, deps;
    if (!lim_draft_stored_ids(cx, g, &g->down, n, &down) ||
        !lim_draft_stored_ids(cx, g, &g->deps, n, &deps))
        return false;
    const struct {
        const char *column;
        bool same;
    } parts[] = {
        {"message", strcmp(row->message, r->message) == 0},
        {"upgrade", lim_same_bytes(stored->upgrade, r->upgrade)},
        {"downgrade", lim_same_bytes(stored->downgrade, r->downgrade)},
        {"upgrade_transactional", row->upgrade_transactional == r->upgrade_transactional},
        {"downgrade_transactional", row->downgrade_transactional == r->downgrade_transactional},
        {"down_revision", lim_draft_same_list(&down, &r->down_revision)},
        {"branch_label", lim_draft_same_list(&labels, &r->branch_labels)},
        {"depends_on", lim_draft_same_list(&deps, &r->depends_on)},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i].same && !lim_draft_damage(cx, r, parts[i].column))
            return false;
    }
    r->outcome = LIM_REPLACED;
    return true;
}

/* A revision whose id is taken: the same content again changes nothing, other content is refused.
 */
static bool settle_again(lim_context *cx, const lim_graph *g, const lim_revision_request *request,
                         const lim_draft *draft) {
    const lim_revision *row = &g->revisions[draft->stored];
    char checksum[LIM_CHECKSUM_SIZE] = "";
    bool same = strcmp(row->checksum, draft->record->checksum) == 0;
    if (!same && row->has_script && request->existing != NULL) {
        if (!lim_stored_as_call(cx, g, request->existing, checksum))
            return false;
        same = strcmp(checksum, draft->record->checksum) == 0;
    }
    if (!same)
        return fail_exists(cx, g, draft->stored, draft->record);
    return settle_same(cx, g, request->existing, draft->record);
}

/* The rest of a revision whose parents are found. */
static bool finish_record(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger,
                          lim_graph *g, const lim_revision_request *request, const char *message,
                          lim_draft *draft) {
    lim_record *r = draft->record;
    lim_ledger all;
    lim_script wanted = {.id = r->id, .message = message, .has_down_revision = true};
    lim_bytes upgrade = request->upgrade.text != NULL ? request->upgrade : (lim_bytes){"", 0};
    if (!find_dependencies(cx, g, draft, request->depends_on) ||
        (draft->stored == LIM_NONE && !lim_draft_names(cx, ledger, g, draft, 1, &all)))
        return false;
    if (!take_section(cx, dialect, "the upgrade", upgrade,
                      &wanted.sections[LIM_UP][LIM_VARIANT_COMMON]) ||
        !take_section(cx, dialect, "the downgrade", request->downgrade,
                      &wanted.sections[LIM_DOWN][LIM_VARIANT_COMMON]))
        return fail_of_revision(cx, r->id);
    wanted.down_revision = r->down_revision;
    wanted.depends_on = r->depends_on;
    wanted.branch_labels = r->branch_labels;
    if (!print_record(cx, dialect, &wanted, draft))
        return fail_of_revision(cx, r->id);
    return draft->stored == LIM_NONE || settle_again(cx, g, request, draft);
}

bool lim_author_revision(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger,
                         lim_graph *g, const lim_revision_request *request, lim_record *record) {
    lim_draft draft;
    return begin_record(cx, g, request, record, &draft) &&
           find_parents(cx, g, &draft, request->head, false, request->splice) &&
           finish_record(cx, dialect, ledger, g, request, request->message, &draft);
}

bool lim_author_merge(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger, lim_graph *g,
                      const char *revisions, const lim_revision_request *request,
                      lim_record *record) {
    lim_draft draft;
    lim_revision_request empty = *request;
    empty.upgrade = empty.downgrade = (lim_bytes){"", 0};
    if (!begin_record(cx, g, request, record, &draft) ||
        !find_parents(cx, g, &draft, revisions != NULL ? revisions : "heads", true, false))
        return false;
    const char *message = request->message;
    if (message == NULL) {
        const char *names = lim_list_join(cx, &record->down_revision);
        message = names == NULL ? NULL : lim_format(cx, "merge %s", names);
        if (message == NULL)
            return false;
    }
    return finish_record(cx, dialect, ledger, g, &empty, message, &draft);
}

/* ---- what is stored ----------------------------------------------------------------------- */

const char *lim_stored_script(lim_context *cx, const lim_graph *g, const lim_stored *stored,
                              size_t *length) {
    lim_script script;
    if (stored->script.text != NULL) {
        *length = stored->script.length;
        return stored->script.text;
    }
    return script_of_fields(cx, g, stored, &script) ? lim_script_print(cx, &script, length) : NULL;
}

/* Turns a failure into a problem to be told: what is stored is wrong, not the call. */
static bool as_problem(lim_context *cx, const char **problem) {
    if (cx->error.code != LIM_NOMEM) {
        *problem = cx->error.message;
        cx->error = (lim_error){0};
    }
    return false;
}

/* True when a name of the revision is why it has no file: the graph's problems tell of it already. */
static bool is_misnamed(lim_context *cx, const lim_graph *g, const lim_stored *stored,
                        const char **problem) {
    lim_script script = {0};
    const lim_list *const lists[] = {&script.branch_labels, &script.down_revision,
                                     &script.depends_on};
    if (cx->error.code == LIM_NOMEM)
        return false;
    bool read = script_of_fields(cx, g, stored, &script);
    bool sound = read && lim_check_name(cx, "revision", script.id);
    for (size_t i = 0; sound && i < sizeof lists / sizeof *lists; i++) {
        for (uint32_t k = 0; sound && k < lists[i]->count; k++)
            sound = lim_check_name(cx, "", lists[i]->items[k]);
    }
    if (cx->error.code == LIM_NOMEM)
        return false;
    cx->error = (lim_error){0};
    if (read && !sound)
        *problem = NULL;
    return read && !sound;
}

static bool same_body(const lim_section *section, lim_bytes body) {
    if (section == NULL || body.text == NULL)
        return section == NULL && body.text == NULL;
    return section->length == body.length &&
           (body.length == 0 || memcmp(section->body, body.text, body.length) == 0);
}

/* A stored flag is the file's, or false where the statements need it. */
static bool same_flag(lim_dialect dialect, const lim_section *section, bool transactional) {
    return section == NULL || section->transactional == transactional ||
           (!transactional && lim_body_needs_autocommit(dialect, section->body, section->length));
}

unsigned lim_stored_differs(lim_dialect dialect, const lim_script *file, const lim_stored *stored) {
    const lim_section *up = lim_script_section(file, LIM_UP, dialect);
    const lim_section *down = lim_script_section(file, LIM_DOWN, dialect);
    unsigned differs = 0;
    differs |= same_body(up, stored->upgrade) ? 0 : LIM_DIFFERS_UPGRADE;
    differs |= same_body(down, stored->downgrade) ? 0 : LIM_DIFFERS_DOWNGRADE;
    differs |=
        same_flag(dialect, up, stored->row->upgrade_transactional) ? 0 : LIM_DIFFERS_UPGRADE_FLAG;
    differs |= same_flag(dialect, down, stored->row->downgrade_transactional)
                   ? 0
                   : LIM_DIFFERS_DOWNGRADE_FLAG;
    return differs;
}

/* The ids that the file's dependencies are, each once. *known is false where one is named by a label,
** which may be another revision's by now. */
static bool named_dependencies(lim_context *cx, const lim_graph *g, const lim_script *file,
                               lim_list *ids, bool *known) {
    *ids = (lim_list){0};
    *known = true;
    for (uint32_t i = 0; *known && i < file->depends_on.count; i++) {
        const char *name = file->depends_on.items[i];
        *known = lim_find_id(g, name) != LIM_NONE;
        if (*known && !lim_list_has(ids, name) && !lim_list_add(cx, ids, name))
            return false;
    }
    return true;
}

/* Looks at what stands around the revision's row: *column is the header line that says something else,
** NULL: none. */
static bool compare_links(lim_context *cx, const lim_graph *g, lim_node n, const lim_script *file,
                          const char **column) {
    lim_list labels = lim_own_labels(g, n), down, deps, named;
    bool known;
    if (!lim_draft_stored_ids(cx, g, &g->down, n, &down) ||
        !lim_draft_stored_ids(cx, g, &g->deps, n, &deps) ||
        !named_dependencies(cx, g, file, &named, &known))
        return false;
    *column = !lim_draft_same_list(&labels, &file->branch_labels) ? "branch_label"
              : file->has_down_revision && !lim_draft_same_list(&down, &file->down_revision)
                  ? "down_revision"
              : known && !lim_draft_same_list(&deps, &named) ? "depends_on"
                                                             : NULL;
    return true;
}

bool lim_stored_verify(lim_context *cx, lim_dialect dialect, const lim_graph *g,
                       const lim_stored *stored, const char **problem) {
    char checksum[LIM_CHECKSUM_SIZE];
    lim_script script;
    *problem = NULL;
    if (stored->script.text != NULL)
        lim_checksum(stored->script.text, stored->script.length, checksum);
    else if (!lim_stored_as_call(cx, g, stored, checksum))
        return as_problem(cx, problem) || is_misnamed(cx, g, stored, problem);
    if (strcmp(checksum, stored->row->checksum) != 0) {
        *problem = lim_format(cx, "checksum %s is stored, but the text has %s",
                              lim_show(cx, stored->row->checksum), checksum);
        return false;
    }
    if (stored->script.text == NULL)
        return true;
    if (!lim_script_parse(cx, stored->script.text, stored->script.length, NULL, &script))
        return as_problem(cx, problem);
    unsigned differs = lim_stored_differs(dialect, &script, stored);
    for (int way = LIM_UP; way <= LIM_DOWN && *problem == NULL; way++) {
        const char *name = way == LIM_UP ? "upgrade" : "downgrade";
        if (differs & (way == LIM_UP ? LIM_DIFFERS_UPGRADE : LIM_DIFFERS_DOWNGRADE))
            *problem = lim_format(cx, "the %s body is not that of the stored file", name);
        else if (differs & (way == LIM_UP ? LIM_DIFFERS_UPGRADE_FLAG : LIM_DIFFERS_DOWNGRADE_FLAG))
            *problem = lim_format(
                cx, "%s_transactional is not what the stored file says of the body", name);
    }
    const char *column = NULL;
    lim_node n = lim_find_id(g, stored->row->id);
    if (differs == 0 && n != LIM_NONE && !compare_links(cx, g, n, &script, &column))
        return as_problem(cx, problem);
    if (column != NULL)
        *problem = lim_format(cx, "%s is not what the stored file says", column);
    return differs == 0 && column == NULL;
}

/* ---- changing and removing ---------------------------------------------------------------- */

static bool fail_applied(lim_context *cx, const char *id, const char *otherwise) {
    const char *shown = lim_show(cx, id);
    const char *hint = lim_format(cx, "Downgrade below \"%s\" first%s.", shown, otherwise);
    return hint != NULL && lim_fail(cx, LIM_STATE, hint, "revision \"%s\" is applied", shown);
}

/* Changes a revision made by a call: its file is printed anew. */
static bool edit_call(lim_context *cx, lim_dialect dialect, const lim_graph *g,
                      const lim_stored *stored, const lim_revision_request *request,
                      lim_draft *draft) {
    lim_script wanted;
    if (!script_of_fields(cx, g, stored, &wanted))
        return false;
    if (request->message != NULL)
        wanted.message = request->message;
    if ((request->upgrade.text != NULL &&
         !take_section(cx, dialect, "the upgrade", request->upgrade,
                       &wanted.sections[LIM_UP][LIM_VARIANT_COMMON])) ||
        (request->downgrade.text != NULL &&
         !take_section(cx, dialect, "the downgrade", request->downgrade,
                       &wanted.sections[LIM_DOWN][LIM_VARIANT_COMMON])))
        return false;
    return print_record(cx, dialect, &wanted, draft);
}

/* Puts other text in the place of a part of the file, and reads the file again. */
static bool replace_part(lim_context *cx, lim_script *script, size_t start, size_t end,
                         const char *with, size_t length, const char *behind) {
    lim_text t = {.cx = cx};
    lim_text_reserve(&t, script->length + length + strlen(behind) + 1);
    lim_text_add(&t, script->text, start);
    lim_text_add(&t, with, length);
    lim_text_adds(&t, behind);
    lim_text_add(&t, script->text + end, script->length - end);
    const char *text = lim_text_end(&t);
    return text != NULL && lim_script_parse(cx, text, t.length, NULL, script);
}

/* The section that the engine runs gets another body; a file without a way down gets one. */
static bool replace_body(lim_context *cx, lim_dialect dialect, lim_script *script,
                         lim_direction way, const lim_section *with) {
    const lim_section *section = lim_script_section(script, way, dialect);
    if (section == NULL) {
        static const char marker[] = "\n-- migrate:down\n";
        size_t end = script->length;
        if (!replace_part(cx, script, end, end, marker, sizeof marker - 1, ""))
            return false;
        section = lim_script_section(script, way, dialect);
    }
    size_t start = (size_t)(section->body - script->text);
    return replace_part(cx, script, start, start + section->length, with->body, with->length,
                        section->length == 0 && with->length > 0 ? "\n" : "");
}

/* Finds the header line with this word (NULL: the first line of all that says something to
** Limbeck); block comments are passed over. False: there is none. The text ends with a line end. */
static bool find_header(const lim_script *script, const char *word, size_t *start, size_t *end) {
    static const char prefix[] = "migrate:";
    const char *text = script->text;
    for (size_t at = 0, next; at < script->length; at = next) {
        lim_token t = lim_lex(LIM_POSTGRES, text, script->length, at);
        next = at + t.length;
        if (t.kind != LIM_TOKEN_COMMENT || text[at] != '-' || (at > 0 && text[at - 1] != '\n'))
            continue;
        const char *name = text + at + 2 + strspn(text + at + 2, " \t");
        if (strncmp(name, prefix, sizeof prefix - 1) != 0)
            continue;
        name += sizeof prefix - 1;
        size_t length = strcspn(name, " \t\n");
        *start = at;
        *end = (size_t)(name - text) + strcspn(name, "\n") + 1;
        if (word == NULL || (length == strlen(word) && memcmp(name, word, length) == 0))
            return true;
        if ((length == 2 && memcmp(name, "up", 2) == 0) ||
            (length == 4 && memcmp(name, "down", 4) == 0))
            return false;
    }
    return false;
}

static bool replace_message(lim_context *cx, lim_script *script, const char *message) {
    size_t start, end;
    const char *line = message == NULL ? "" : lim_format(cx, "-- migrate:message %s\n", message);
    if (line == NULL)
        return false;
    if (!find_header(script, "message", &start, &end)) {
        if (find_header(script, "revision", &start, &end))
            start = end;
        else
            find_header(script, NULL, &start, &end);
        end = start;
    }
    return replace_part(cx, script, start, end, line, strlen(line), "");
}

static lim_variant variant_run(const lim_script *script, lim_direction way, lim_dialect dialect) {
    const lim_section *section = lim_script_section(script, way, dialect);
    return section == NULL ? LIM_VARIANT_COMMON : (lim_variant)(section - script->sections[way]);
}

/* Changes a revision that came from a file: the file is changed where it has to be. What is new in it
** is first printed by itself, which refuses what a file can't hold. */
static bool edit_file(lim_context *cx, lim_dialect dialect, const lim_stored *stored,
                      const lim_revision_request *request, lim_draft *draft) {
    lim_record *r = draft->record;
    lim_section empty = {.present = true, .transactional = true};
    lim_script wanted = {.message = request->message}, parts;
    lim_script *script = LIM_NEW(cx, lim_script, 1);
    size_t length = 0;
    if (script == NULL ||
        !lim_script_parse(cx, stored->script.text, stored->script.length, NULL, script))
        return false;
    bool new_up = request->upgrade.text != NULL, new_down = request->downgrade.text != NULL;
    lim_variant up = variant_run(script, LIM_UP, dialect);
    lim_variant down = variant_run(script, LIM_DOWN, dialect);
    wanted.sections[LIM_UP][LIM_VARIANT_COMMON] = empty;
    wanted.sections[LIM_DOWN][LIM_VARIANT_COMMON] = empty;
    if ((new_up && !take_section(cx, dialect, "the upgrade", request->upgrade,
                                 &wanted.sections[LIM_UP][up])) ||
        (new_down && !take_section(cx, dialect, "the downgrade", request->downgrade,
                                   &wanted.sections[LIM_DOWN][down])))
        return false;
    const char *text = lim_script_print(cx, &wanted, &length);
    if (text == NULL || !lim_script_parse(cx, text, length, NULL, &parts) ||
        (new_up && !replace_body(cx, dialect, script, LIM_UP, &parts.sections[LIM_UP][up])) ||
        (new_down &&
         !replace_body(cx, dialect, script, LIM_DOWN, &parts.sections[LIM_DOWN][down])) ||
        (request->message != NULL && !replace_message(cx, script, parts.message)))
        return false;
    if (!lim_size_check(cx, "the file", "a migration file", script->length))
        return false;
    draft->script = script;
    r->message = stored->row->message;
    if (request->message != NULL)
        r->message = parts.message != NULL ? parts.message : "";
    r->script = (lim_bytes){script->text, script->length};
    lim_checksum(script->text, script->length, r->checksum);
    return lim_draft_bodies(cx, dialect, draft);
}

bool lim_author_edit(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger, lim_graph *g,
                     const lim_state *state, const lim_stored *stored,
                     const lim_revision_request *request, lim_record *record) {
    const lim_revision *row = stored->row;
    lim_node n = lim_find_id(g, row->id);
    lim_draft draft = {.record = record, .stored = n, .node = n};
    if (state->applied[n])
        return fail_applied(cx, row->id, ", or write the change as a new revision");
    *record = (lim_record){.outcome = LIM_REPLACED, .id = row->id};
    record->branch_labels = lim_own_labels(g, n);
    if (!lim_draft_stored_ids(cx, g, &g->down, n, &record->down_revision) ||
        !lim_draft_stored_ids(cx, g, &g->deps, n, &record->depends_on) ||
        !lim_draft_from(cx, record))
        return false;
    if (!(stored->script.text == NULL ? edit_call(cx, dialect, g, stored, request, &draft)
                                      : edit_file(cx, dialect, stored, request, &draft)))
        return fail_of_revision(cx, row->id);
    if (strcmp(record->checksum, row->checksum) == 0 && strcmp(record->message, row->message) == 0)
        record->outcome = LIM_UNCHANGED;
    return lim_resume_keeps(cx, ledger, g, state, n, record->checksum);
}

/* "004", "005" and 7 more */
static const char *some_names(lim_context *cx, const lim_graph *g, lim_nodes nodes) {
    enum { NAMED = 10 };
    lim_text t = {.cx = cx};
    for (uint32_t i = 0; i < nodes.count && i < NAMED; i++)
        lim_text_addf(&t, "%s\"%s\"", i > 0 ? ", " : "", lim_show(cx, lim_id(g, nodes.node[i])));
    if (nodes.count > NAMED)
        lim_text_addf(&t, " and %u more", (unsigned)(nodes.count - NAMED));
    return lim_text_end(&t);
}

bool lim_author_delete(lim_context *cx, const lim_ledger *ledger, lim_graph *g,
                       const lim_state *state, const char *revision, lim_node *node) {
    lim_node n = lim_target_one(cx, g, revision);
    *node = n;
    if (n == LIM_NONE)
        return false;
    const char *id = lim_id(g, n);
    if (state->applied[n])
        return fail_applied(cx, id, "");
    if (!lim_resume_keeps(cx, ledger, g, state, n, NULL))
        return false;
    lim_nodes above = lim_neighbours(&g->all_next, n);
    if (above.count == 0)
        return true;
    const char *names = some_names(cx, g, above);
    return names != NULL && lim_fail(cx, LIM_STATE, "Delete these first.",
                                     "revision \"%s\" is needed by %s", lim_show(cx, id), names);
}
