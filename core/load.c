/*
** load.c - migration files: what storing one, or a directory of them, makes of the ledger
**
** The files are read, put in the order of their ids, and given what only the whole tells: the
** parent of a file that names none, the revision behind a label. What has changed then joins the
** stored revisions in one graph, which must be sound before anything is written.
*/
#include "author.h"

#include "checksum.h"
#include "draft.h"
#include "resume.h"
#include "target.h"

#include <stdlib.h>
#include <string.h>

typedef struct loading {
    lim_dialect dialect;
    lim_graph *g;      /* the ledger as it is */
    lim_draft *drafts; /* one a file; in id order once they are sorted */
    uint32_t count;
    bool directory;
    lim_ledger all;     /* the ledger as it will be */
    lim_graph *names;   /* over all, without edges */
    lim_graph *whole;   /* over all */
    uint32_t *draft_of; /* by node of whole: index into drafts plus one */
} loading;

/* ---- damage -------------------------------------------------------------------------------- */

/* What the graph's rows tell: the message, unless it is from the file's name, and the labels. */
static bool compare_row(lim_context *cx, const loading *l, lim_draft *d) {
    lim_record *r = d->record;
    const lim_revision *row = &l->g->revisions[d->stored];
    lim_list labels = lim_own_labels(l->g, d->stored);
    d->same = lim_draft_same_list(&labels, &r->branch_labels);
    return (!d->script->has_message || strcmp(row->message, r->message) == 0 ||
            lim_draft_damage(cx, r, "message")) &&
           (d->same || lim_draft_damage(cx, r, "branch_label"));
}

/* The record of an unchanged file is to be written. The row keeps a message that the file's name gave:
** the same text may be loaded under another name. */
static bool mend(lim_context *cx, lim_dialect dialect, const lim_revision *row, lim_record *r) {
    lim_draft draft = {.record = r, .script = r->file};
    r->outcome = LIM_REPLACED;
    if (!r->file->has_message)
        r->message = row->message;
    return lim_draft_bodies(cx, dialect, &draft);
}

static lim_bytes section_bytes(const lim_section *section) {
    return section == NULL ? (lim_bytes){NULL, 0}
                           : (lim_bytes){section->length > 0 ? section->body : "", section->length};
}

bool lim_load_is_long(const lim_revision *row, const lim_record *record) {
    enum { LONG_FILE = 1024 * 1024 };
    return row->has_script && record->script.length >= LONG_FILE;
}

lim_stored lim_load_expected(lim_dialect dialect, const lim_revision *row,
                             const lim_record *record) {
    return (lim_stored){row, section_bytes(lim_script_section(record->file, LIM_UP, dialect)),
                        section_bytes(lim_script_section(record->file, LIM_DOWN, dialect)),
                        record->script};
}

bool lim_load_compare(lim_context *cx, lim_dialect dialect, const lim_graph *g, lim_record *record,
                      const lim_stored *stored, const char *wrong) {
    static const char *const columns[] = {"upgrade", "downgrade", "upgrade_transactional",
                                          "downgrade_transactional"};
    const lim_bytes *script = &stored->script;
    char checksum[LIM_CHECKSUM_SIZE];
    unsigned differs = 0;
    bool same_script = false;
    if (wrong != NULL)
        return lim_draft_damage(cx, record, wrong) && mend(cx, dialect, stored->row, record);
    if (script->text != NULL)
        same_script = lim_same_bytes(*script, record->script);
    else if (!lim_stored_as_call(cx, g, stored, checksum)) {
        if (cx->error.code == LIM_NOMEM)
            return false;
        cx->error = (lim_error){0};
    } else {
        same_script = strcmp(checksum, record->checksum) == 0;
    }
    if (script->text != NULL || !same_script)
        differs = lim_stored_differs(dialect, record->file, stored);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        if ((differs & (1u << i)) != 0 && !lim_draft_damage(cx, record, columns[i]))
            return false;
    }
    if (!same_script && (script->text != NULL || record->mended == NULL) &&
        !lim_draft_damage(cx, record, "script"))
        return false;
    return record->mended == NULL || mend(cx, dialect, stored->row, record);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The name without the directories before it. */
static const char *base_name(const char *name) {
    const char *slash = name == NULL ? NULL : strrchr(name, '/');
    return slash == NULL ? name : slash + 1;
}

static bool read_file(lim_context *cx, const loading *l, const lim_state *state,
                      const lim_file *file, const char *random_id, lim_draft *d) {
    lim_script *script = LIM_NEW(cx, lim_script, 1);
    d->record = LIM_NEW(cx, lim_record, 1);
    d->file = l->directory ? file->name : base_name(file->name);
    if (!lim_size_check(cx, "the file", "a migration file", file->length))
        return lim_draft_fail(cx, d);
    if (script == NULL || d->record == NULL ||
        !lim_script_parse(cx, file->text, file->length, file->name, script))
        return false;
    if (script->id == NULL)
        script->id = l->directory ? NULL : random_id;
    if (script->id == NULL) {
        lim_fail(cx, LIM_INVALID,
                 "Add a line \"-- migrate:revision <id>\", or give the file a name.",
                 "neither a header line nor the file's name gives the revision's id");
        return lim_draft_fail(cx, d);
    }
    d->script = d->record->file = script;
    d->record->id = script->id;
    d->record->message = script->message != NULL ? script->message : "";
    d->record->branch_labels = script->branch_labels;
    d->record->script = (lim_bytes){script->text, script->length};
    lim_checksum(script->text, script->length, d->record->checksum);
    d->stored = lim_find_id(l->g, script->id);
    if (d->stored != LIM_NONE) {
        d->applied = state->applied[d->stored];
        d->record->same = strcmp(d->record->checksum, l->g->revisions[d->stored].checksum) == 0;
    }
    return !d->record->same || compare_row(cx, l, d);
}

static int compare_drafts(const void *a, const void *b) {
    const lim_draft *x = a, *y = b;
    int order = lim_compare_ids(x->record->id, y->record->id);
    if (order == 0)
        order = strcmp(x->record->id, y->record->id);
    if (order == 0 && x->file != NULL && y->file != NULL)
        order = strcmp(x->file, y->file);
    return order;
}

/* Refuses two files of one id, and a changed file of an applied revision. */
static bool check_files(lim_context *cx, const loading *l) {
    for (uint32_t i = 1; i < l->count; i++) {
        const lim_draft *d = &l->drafts[i - 1], *e = &l->drafts[i];
        if (strcmp(d->record->id, e->record->id) == 0)
            return lim_fail(cx, LIM_DUPLICATE,
                            "Give one of them another name, or another id in a line "
                            "\"-- migrate:revision <id>\".",
                            "files \"%s\" and \"%s\" both are revision \"%s\"",
                            lim_show(cx, d->file), lim_show(cx, e->file),
                            lim_show(cx, d->record->id));
    }
    for (uint32_t i = 0; i < l->count; i++) {
        const lim_draft *d = &l->drafts[i];
        if (!d->applied || d->record->same)
            continue;
        const char *id = lim_show(cx, d->record->id);
        const char *hint = lim_format(cx,
                                      "Put the file back as it was and write the change as a new "
                                      "revision, or downgrade below \"%s\" and load it again.",
                                      id);
        if (hint == NULL)
            return false;
        lim_fail(cx, LIM_STATE, hint,
                 "revision \"%s\" is applied and its file has changed: checksum %s is stored, the "
                 "file has %s",
                 id, lim_show(cx, l->g->revisions[d->stored].checksum), d->record->checksum);
        return lim_draft_fail(cx, d);
    }
    return true;
}

/* ---- parents and dependencies -------------------------------------------------------------- */

static bool fail_not_present(lim_context *cx, const loading *l, const lim_draft *d,
                             const char *what, const char *name) {
    lim_node labelled = lim_find_label(l->names, name);
    const char *hint =
        strcmp(what, "dependency") == 0
            ? "In a file, depends_on names revisions by their whole id, or branch labels. Store "
              "them first, or load the directory as a whole."
        : labelled != LIM_NONE
            ? lim_format(cx, "\"%s\" is a branch label; down_revision takes the id \"%s\".",
                         lim_show(cx, name), lim_show(cx, lim_id(l->names, labelled)))
            : "In a file, down_revision names revisions by their whole id. Store them first, or "
              "load the directory as a whole.";
    if (hint == NULL)
        return false;
    lim_fail(cx, LIM_UNDEFINED, hint, "%s %s referenced from %s is not present", what,
             lim_show(cx, name), lim_show(cx, d->record->id));
    return lim_draft_fail(cx, d);
}

/* Resolves the header's lines into ids. */
static bool resolve_parents(lim_context *cx, const loading *l, lim_draft *d) {
    const lim_list *named = &d->script->down_revision;
    for (uint32_t i = 0; i < named->count; i++) {
        lim_node n = lim_find_id(l->names, named->items[i]);
        if (n == LIM_NONE)
            return fail_not_present(cx, l, d, "revision", named->items[i]);
        if (n == d->node) {
            lim_fail(cx, LIM_INVALID, "A revision can't follow itself.",
                     "self-loop is detected in revisions (%s)", lim_show(cx, d->record->id));
            return lim_draft_fail(cx, d);
        }
    }
    d->record->down_revision = *named;
    return lim_draft_distinct(cx, named) || lim_draft_fail(cx, d);
}

static bool resolve_dependencies(lim_context *cx, const loading *l, lim_draft *d, uint32_t *seen) {
    const lim_list *named = &d->script->depends_on;
    for (uint32_t i = 0; i < named->count; i++) {
        lim_node n = lim_find_name(l->names, named->items[i]);
        if (n == LIM_NONE)
            return fail_not_present(cx, l, d, "dependency", named->items[i]);
        if (n == d->node) {
            lim_fail(cx, LIM_INVALID, "A revision can't depend on itself.",
                     "dependency self-loop is detected in revisions (%s)",
                     lim_show(cx, d->record->id));
            return lim_draft_fail(cx, d);
        }
        if (seen[n] != d->node + 1 &&
            !lim_list_add(cx, &d->record->depends_on, lim_id(l->names, n)))
            return false;
        seen[n] = d->node + 1;
    }
    return true;
}

/* An applied revision would get another parent than it was applied on. */
static bool fail_moved(lim_context *cx, const lim_draft *before, const lim_draft *d,
                       const lim_list *stored) {
    const char *id = lim_show(cx, d->record->id);
    const char *joined = stored->count > 0 ? lim_list_join(cx, stored) : "base";
    const char *follows = before != NULL ? lim_show(cx, before->record->id) : "base";
    if (joined == NULL)
        return false;
    if (before != NULL && !before->applied) {
        const char *hint = lim_format(cx,
                                      "Rename %s so that its id comes after those of all applied "
                                      "revisions, or downgrade below \"%s\" before loading it.",
                                      lim_show(cx, before->file), id);
        if (hint == NULL)
            return false;
        lim_fail(cx, LIM_STATE, hint,
                 "revision \"%s\" (%s) comes before revision \"%s\" (%s), which is applied",
                 follows, lim_show(cx, before->file), id, lim_show(cx, d->file));
    } else {
        lim_fail(cx, LIM_STATE,
                 "An applied revision keeps its parents: put missing files back and undo "
                 "renamings.",
                 "revision \"%s\" (%s) is applied and would get another parent", id,
                 lim_show(cx, d->file));
    }
    return lim_fail_detail(cx,
                           "It names no down_revision: it was stored after %s, and in this "
                           "directory it follows %s.",
                           joined, follows);
}

/* The draft of an id; NULL: the directory has none. */
static const lim_draft *find_draft(const loading *l, const char *id) {
    lim_record record = {.id = id};
    lim_draft key = {.record = &record};
    return bsearch(&key, l->drafts, l->count, sizeof key, compare_drafts);
}

/* A pending revision would move away from a parent whose file is gone: the parent would stay behind
** as a head of its own. */
static bool check_gap(lim_context *cx, const loading *l, const lim_draft *d,
                      const lim_list *stored) {
    for (uint32_t i = 0; i < stored->count; i++) {
        const char *parent = stored->items[i];
        if (find_draft(l, parent) != NULL || !l->g->revisions[lim_find_id(l->g, parent)].has_script)
            continue;
        const char *gone = lim_show(cx, parent), *id = lim_show(cx, d->record->id);
        const char *hint =
            lim_format(cx,
                       "Put the file of \"%s\" back, or take both out with "
                       "migrate_delete(%s) and migrate_delete(%s) and load again.",
                       gone, lim_literal(cx, d->record->id), lim_literal(cx, parent));
        if (hint == NULL)
            return false;
        lim_fail(cx, LIM_STATE, hint,
                 "a gap: revision \"%s\" was stored after \"%s\", and no file here is \"%s\"", id,
                 gone, gone);
        return lim_draft_fail(cx, d);
    }
    return true;
}

/* A file that names no parent: in a directory it follows the one before it; alone it keeps the
** place that it has, or follows the head. */
static bool implied_parents(lim_context *cx, const loading *l, const lim_draft *before,
                            lim_draft *d) {
    lim_list *parents = &d->record->down_revision;
    lim_list stored = {0};
    if (d->stored != LIM_NONE && !lim_draft_stored_ids(cx, l->g, &l->g->down, d->stored, &stored))
        return false;
    if (l->directory) {
        if (before != NULL && !lim_list_add(cx, parents, before->record->id))
            return false;
        if (d->stored == LIM_NONE || lim_draft_same_list(parents, &stored))
            return true;
        return d->applied ? fail_moved(cx, before, d, &stored) : check_gap(cx, l, d, &stored);
    }
    if (d->stored != LIM_NONE) {
        *parents = stored;
        return true;
    }
    lim_nodes heads;
    if (!lim_target_parents(cx, l->g, NULL, &heads)) {
        if (cx->error.code == LIM_AMBIGUOUS)
            cx->error.hint =
                "Add a line \"-- migrate:down_revision <id>\" to the file, or join the "
                "heads with migrate_merge('heads').";
        return lim_draft_fail(cx, d);
    }
    for (uint32_t i = 0; i < heads.count; i++) {
        if (!lim_list_add(cx, parents, lim_id(l->g, heads.node[i])))
            return false;
    }
    return true;
}

/* True when the file's dependencies are named by ids alone, which never mean something else. */
static bool depends_on_ids(const loading *l, const lim_draft *d) {
    const lim_list *named = &d->script->depends_on;
    for (uint32_t i = 0; i < named->count; i++) {
        if (lim_find_id(l->names, named->items[i]) == LIM_NONE)
            return false;
    }
    return true;
}

/* Finds what each file stands on. The labels in a file that is stored and applied, or that is loaded
** alone, and that has not changed, mean what they meant. */
static bool find_edges(lim_context *cx, const loading *l) {
    uint32_t *seen = LIM_NEW(cx, uint32_t, (size_t)l->all.revision_count + 1);
    if (seen == NULL)
        return false;
    for (uint32_t i = 0; i < l->count; i++) {
        lim_draft *d = &l->drafts[i];
        const lim_draft *before = i > 0 ? d - 1 : NULL;
        bool settled = d->record->same && (d->applied || !l->directory) && !depends_on_ids(l, d);
        if (d->script->has_down_revision ? !resolve_parents(cx, l, d)
                                         : !implied_parents(cx, l, before, d))
            return false;
        if (settled
                ? !lim_draft_stored_ids(cx, l->g, &l->g->deps, d->stored, &d->record->depends_on)
                : !resolve_dependencies(cx, l, d, seen))
            return false;
    }
    return true;
}

/* What becomes of a stored revision. Other parents than those that the file itself names by their ids
** are damage; what it follows because of its place, or names by a label, may have changed. */
static bool find_stored_outcome(lim_context *cx, const loading *l, const lim_draft *d) {
    lim_record *r = d->record;
    lim_list down, deps;
    if (!lim_draft_stored_ids(cx, l->g, &l->g->down, d->stored, &down) ||
        !lim_draft_stored_ids(cx, l->g, &l->g->deps, d->stored, &deps))
        return false;
    bool same_down = lim_draft_same_list(&down, &r->down_revision);
    bool same_deps = lim_draft_same_list(&deps, &r->depends_on);
    r->outcome = r->same && same_down && same_deps ? LIM_UNCHANGED : LIM_REPLACED;
    if (r->same && !same_down && d->script->has_down_revision &&
        !lim_draft_damage(cx, r, "down_revision"))
        return false;
    return !r->same || same_deps || !depends_on_ids(l, d) || lim_draft_damage(cx, r, "depends_on");
}

/* Decides what each file is, and fills the bodies of those that are to be written. */
static bool find_outcomes(lim_context *cx, const loading *l) {
    for (uint32_t i = 0; i < l->count; i++) {
        const lim_draft *d = &l->drafts[i];
        lim_record *r = d->record;
        r->outcome = LIM_NEW;
        if ((d->stored != LIM_NONE && !find_stored_outcome(cx, l, d)) || !lim_draft_from(cx, r))
            return false;
        if (r->mended != NULL ? !mend(cx, l->dialect, &l->g->revisions[d->stored], r)
                              : r->outcome != LIM_UNCHANGED && !lim_draft_bodies(cx, l->dialect, d))
            return false;
    }
    return true;
}

/* Refuses other text for a revision of whose text a part has run. */
static bool check_stops(lim_context *cx, const loading *l, const lim_ledger *ledger,
                        const lim_state *state) {
    for (uint32_t i = 0; ledger->stop_count > 0 && i < l->count; i++) {
        const lim_draft *d = &l->drafts[i];
        if (d->stored != LIM_NONE &&
            !lim_resume_keeps(cx, ledger, l->g, state, d->stored, d->record->checksum))
            return lim_draft_fail(cx, d);
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void add_edges(lim_ledger *all, const char *revision, const lim_list *parents,
                      lim_edge_kind kind) {
    for (uint32_t i = 0; i < parents->count; i++)
        all->edges[all->edge_count++] = (lim_edge){revision, parents->items[i], kind, (int32_t)i};
}

static void add_stored_edges(lim_ledger *all, const lim_graph *g, lim_node n,
                             const lim_adjacency *over, lim_edge_kind kind) {
    lim_nodes parents = lim_neighbours(over, n);
    for (uint32_t i = 0; i < parents.count; i++)
        all->edges[all->edge_count++] =
            (lim_edge){lim_id(g, n), lim_id(g, parents.node[i]), kind, (int32_t)i};
}

/* Gives the ledger as it will be its edges. */
static bool join_edges(lim_context *cx, loading *l) {
    lim_ledger *all = &l->all;
    uint64_t room = (uint64_t)l->g->down.start[l->g->count] + l->g->deps.start[l->g->count];
    l->draft_of = LIM_NEW(cx, uint32_t, (size_t)all->revision_count + 1);
    for (uint32_t i = 0; i < l->count; i++)
        room += (uint64_t)l->drafts[i].record->down_revision.count +
                l->drafts[i].record->depends_on.count;
    if (room > UINT32_MAX / 2)
        return lim_fail(cx, LIM_TOO_BIG, NULL, "the files name too many parents");
    all->edge_capacity = (uint32_t)room;
    all->edges = LIM_NEW(cx, lim_edge, (size_t)room + 1);
    if (l->draft_of == NULL || all->edges == NULL)
        return false;
    for (uint32_t i = 0; i < l->count; i++) {
        const lim_record *r = l->drafts[i].record;
        l->draft_of[l->drafts[i].node] = i + 1;
        add_edges(all, r->id, &r->down_revision, LIM_DOWN_REVISION);
        add_edges(all, r->id, &r->depends_on, LIM_DEPENDS_ON);
    }
    for (lim_node n = 0; n < l->g->count; n++) {
        if (l->draft_of[n] == 0) {
            add_stored_edges(all, l->g, n, &l->g->down, LIM_DOWN_REVISION);
            add_stored_edges(all, l->g, n, &l->g->deps, LIM_DEPENDS_ON);
        }
    }
    return true;
}

/* True for a node that has no cycle below it: its generation stayed 0 only if it has no parents. */
static bool is_free(const lim_graph *g, lim_node n) {
    return g->generation[n] > 0 || lim_neighbours(&g->all_down, n).count == 0;
}

/* The file to be named for a cycle. Every node that is not free has a parent that is not, so that a
** walk down ends up going round; the stored revisions alone have no cycle, so that a file is met
** there, and one whose own lines close the cycle is the better one to name. */
static const lim_draft *file_on_cycle(const loading *l) {
    const lim_graph *g = l->whole;
    const lim_draft *found = NULL;
    bool found_says = false;
    lim_node n = 0;
    while (n < g->count && is_free(g, n))
        n++;
    for (uint64_t steps = 0; n < g->count && steps < 2 * (uint64_t)g->count; steps++) {
        const lim_draft *d = l->draft_of[n] != 0 ? &l->drafts[l->draft_of[n] - 1] : NULL;
        if (steps >= g->count && d != NULL) {
            bool says = d->script->has_down_revision || d->script->depends_on.count > 0;
            if (found == NULL || says > found_says || (says == found_says && d < found)) {
                found = d;
                found_says = says;
            }
        }
        lim_nodes parents = lim_neighbours(&g->all_down, n);
        n = g->count;
        for (uint32_t k = 0; k < parents.count && n == g->count; k++)
            n = is_free(g, parents.node[k]) ? g->count : parents.node[k];
    }
    return found;
}

static bool check_whole(lim_context *cx, loading *l) {
    lim_problems problems = {0};
    if (!join_edges(cx, l) || (l->whole = lim_graph_build(cx, &l->all, &problems)) == NULL)
        return false;
    if (problems.count == 0)
        return true;
    lim_fail(cx, LIM_INVALID,
             "No revision can come after itself: correct the down_revision and depends_on lines of "
             "these revisions' files.",
             "%s", problems.items[0].problem);
    return lim_draft_fail(cx, file_on_cycle(l));
}

/* ---- the order of storing ------------------------------------------------------------------ */

/* A heap of indexes into the drafts: the first in id order comes out first. */
typedef struct heap {
    uint32_t *items;
    uint32_t count;
} heap;

static void heap_put(heap *h, uint32_t item) {
    uint32_t at = h->count++;
    for (; at > 0 && h->items[(at - 1) / 2] > item; at = (at - 1) / 2)
        h->items[at] = h->items[(at - 1) / 2];
    h->items[at] = item;
}

static uint32_t heap_take(heap *h) {
    uint32_t first = h->items[0], last = h->items[--h->count], at = 0;
    for (uint32_t below = 1; below < h->count; below = 2 * at + 1) {
        if (below + 1 < h->count && h->items[below + 1] < h->items[below])
            below++;
        if (h->items[below] >= last)
            break;
        h->items[at] = h->items[below];
        at = below;
    }
    h->items[at] = last;
    return first;
}

/* Puts the records into the order of storing: parents first, ties by id order. */
static bool order_records(lim_context *cx, const loading *l, lim_record *records) {
    const lim_graph *g = l->whole;
    uint32_t *waiting = LIM_NEW(cx, uint32_t, (size_t)l->count + 1);
    heap ready = {LIM_NEW(cx, uint32_t, (size_t)l->count + 1), 0};
    uint32_t stored = 0;
    if (waiting == NULL || ready.items == NULL)
        return false;
    for (uint32_t i = 0; i < l->count; i++) {
        lim_nodes parents = lim_neighbours(&g->all_down, l->drafts[i].node);
        for (uint32_t k = 0; k < parents.count; k++)
            waiting[i] += l->draft_of[parents.node[k]] != 0;
        if (waiting[i] == 0)
            heap_put(&ready, i);
    }
    while (ready.count > 0) {
        uint32_t i = heap_take(&ready);
        lim_nodes children = lim_neighbours(&g->all_next, l->drafts[i].node);
        records[stored++] = *l->drafts[i].record;
        for (uint32_t k = 0; k < children.count; k++) {
            uint32_t child = l->draft_of[children.node[k]];
            if (child != 0 && --waiting[child - 1] == 0)
                heap_put(&ready, child - 1);
        }
    }
    return true;
}

/* The number that an id is, where files are counted with it; 0: it is none. A time stamp counts
** nothing. */
static uint32_t counted(const lim_draft *d) {
    const char *id = d->record->id;
    uint32_t value = 0;
    if (d->script->has_down_revision || strlen(id) > 6)
        return 0;
    for (; *id >= '0' && *id <= '9'; id++)
        value = value * 10 + (uint32_t)(*id - '0');
    return *id == '\0' ? value : 0;
}

/* What is to be told of a few numbers that are missing below a pending file, where the directory counts one by
** one. */
static const char *find_gaps(lim_context *cx, const loading *l) {
    enum { FEW = 5 };
    lim_text t = {.cx = cx};
    bool one_by_one = false;
    for (uint32_t i = 1; l->directory && i < l->count; i++) {
        uint32_t low = counted(&l->drafts[i - 1]), high = counted(&l->drafts[i]);
        one_by_one = one_by_one || (low > 0 && high == low + 1) ||
                     (l->count == 2 && low > 0 && high > low && high - low < FEW);
    }
    for (uint32_t i = 1; one_by_one && i < l->count; i++) {
        const lim_draft *below = &l->drafts[i - 1], *d = &l->drafts[i];
        uint32_t low = counted(below), high = counted(d);
        if (d->applied || low == 0 || high <= low + 1 || high - low >= FEW)
            continue;
        lim_text_addf(
            &t, "; a gap between %s and %s: if a file is missing, load it before %s is applied",
            lim_show(cx, below->record->id), lim_show(cx, d->record->id),
            lim_show(cx, d->record->id));
    }
    return lim_text_end(&t);
}

static bool is_mended(const lim_record *r) {
    return r->mended != NULL;
}

static bool is_marked(const lim_record *r) {
    return r->marked;
}

static void add_ids(lim_text *t, const lim_load *load, const char *words,
                    bool (*wanted)(const lim_record *)) {
    for (uint32_t i = 0; i < load->count; i++) {
        if (wanted(&load->records[i])) {
            lim_text_adds(t, words);
            lim_text_adds(t, load->records[i].id);
            words = ", ";
        }
    }
}

const char *lim_load_summary(lim_context *cx, const lim_load *load) {
    uint32_t outcomes[3] = {0};
    lim_text t = {.cx = cx};
    for (uint32_t i = 0; i < load->count; i++)
        outcomes[is_mended(&load->records[i]) ? LIM_UNCHANGED : load->records[i].outcome]++;
    lim_text_addf(&t, "%u new, %u replaced, %u unchanged", (unsigned)outcomes[LIM_NEW],
                  (unsigned)outcomes[LIM_REPLACED], (unsigned)outcomes[LIM_UNCHANGED]);
    add_ids(&t, load, "; damaged rows mended: ", is_mended);
    add_ids(&t, load, "; marked transaction:false: ", is_marked);
    lim_text_adds(&t, load->gaps);
    return lim_text_end(&t);
}

bool lim_author_load(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger, lim_graph *g,
                     const lim_state *state, const lim_file *files, uint32_t count, bool directory,
                     const char *random_id, lim_load *load) {
    loading l = {.dialect = dialect, .g = g, .count = count, .directory = directory};
    *load = (lim_load){0};
    l.drafts = LIM_NEW(cx, lim_draft, (size_t)count + 1);
    load->records = LIM_NEW(cx, lim_record, (size_t)count + 1);
    if (l.drafts == NULL || load->records == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!read_file(cx, &l, state, &files[i], random_id, &l.drafts[i]))
            return false;
    }
    qsort(l.drafts, count, sizeof *l.drafts, compare_drafts);
    if (!check_files(cx, &l) ||
        (l.names = lim_draft_names(cx, ledger, g, l.drafts, count, &l.all)) == NULL ||
        !find_edges(cx, &l) || !find_outcomes(cx, &l) || !check_stops(cx, &l, ledger, state) ||
        !check_whole(cx, &l) || !order_records(cx, &l, load->records))
        return false;
    load->count = count;
    load->gaps = find_gaps(cx, &l);
    return load->gaps != NULL;
}
