/*
** draft.c - what is checked of every revision before it is stored, however it came
*/
#include "draft.h"

#include "body.h"

#include <stdlib.h>
#include <string.h>

bool lim_draft_fail(lim_context *cx, const lim_draft *draft) {
    if (draft != NULL && draft->file != NULL && cx->error.code != LIM_NOMEM) {
        const char *message =
            lim_format(cx, "%s: %s", lim_show(cx, draft->file), cx->error.message);
        if (message != NULL && cx->error.code != LIM_NOMEM)
            cx->error.message = message;
    }
    return false;
}

/* ---- names -------------------------------------------------------------------------------- */

/* The names of all revisions as they will be, while they are checked. */
typedef struct naming {
    lim_draft *drafts;
    const lim_graph *g; /* as stored */
    lim_ledger *all;    /* as it will be */
    lim_graph *names;   /* over all */
    uint32_t *draft_of; /* by node of names: index into drafts plus one; 0: only stored */
} naming;

static lim_draft *draft_at(const naming *t, lim_node n) {
    return n != LIM_NONE && t->draft_of[n] != 0 ? &t->drafts[t->draft_of[n] - 1] : NULL;
}

/* Puts the rows of revisions and labels together. */
static bool join_names(lim_context *cx, const lim_ledger *ledger, naming *t, uint32_t count) {
    lim_ledger *all = t->all;
    uint32_t added = 0, labels = ledger->label_count;
    for (uint32_t i = 0; i < count; i++) {
        added += t->drafts[i].stored == LIM_NONE;
        labels += t->drafts[i].record->branch_labels.count;
    }
    *all = (lim_ledger){0};
    all->revision_capacity = ledger->revision_count + added;
    all->label_capacity = labels;
    all->revisions = LIM_NEW(cx, lim_revision, (size_t)all->revision_capacity + 1);
    all->labels = LIM_NEW(cx, lim_label, (size_t)labels + 1);
    t->draft_of = LIM_NEW(cx, uint32_t, (size_t)all->revision_capacity + 1);
    if (all->revisions == NULL || all->labels == NULL || t->draft_of == NULL)
        return false;
    if (ledger->revision_count > 0)
        memcpy(all->revisions, ledger->revisions, ledger->revision_count * sizeof *all->revisions);
    all->revision_count = ledger->revision_count;
    int64_t seq =
        ledger->revision_count == 0 ? 0 : ledger->revisions[ledger->revision_count - 1].seq;
    for (uint32_t i = 0; i < count; i++) {
        lim_draft *d = &t->drafts[i];
        d->node = d->stored != LIM_NONE ? d->stored : all->revision_count++;
        t->draft_of[d->node] = i + 1;
        if (d->stored == LIM_NONE)
            all->revisions[d->node] = (lim_revision){.seq = ++seq, .id = d->record->id};
    }
    for (uint32_t i = 0; i < ledger->label_count; i++) {
        const lim_draft *d = draft_at(t, lim_find_id(t->g, ledger->labels[i].revision));
        if (d == NULL || d->same)
            all->labels[all->label_count++] = ledger->labels[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        const lim_record *r = t->drafts[i].record;
        for (uint32_t k = 0; k < r->branch_labels.count && !t->drafts[i].same; k++)
            all->labels[all->label_count++] =
                (lim_label){r->branch_labels.items[k], r->id, (int32_t)k};
    }
    return true;
}

/* The draft that a clash of labels is to be blamed on: the one whose labels the problem tells of,
** or the one whose id is a label of it. */
static const lim_draft *clashing_draft(const naming *t, const char *revision) {
    const lim_draft *d = draft_at(t, lim_find_id(t->names, revision));
    for (uint32_t i = 0; i < t->all->label_count && d == NULL; i++) {
        if (strcmp(t->all->labels[i].revision, revision) == 0)
            d = draft_at(t, lim_find_id(t->names, t->all->labels[i].label));
    }
    return d;
}

static bool check_step_like(lim_context *cx, const naming *t, const char *name, lim_node owner,
                            const char *what) {
    size_t length = strlen(name), digits = 0;
    while (digits < length && name[length - digits - 1] >= '0' && name[length - digits - 1] <= '9')
        digits++;
    if (digits == 0 || length < digits + 2 || name[length - digits - 1] != '-')
        return true;
    const char *from = lim_copy(cx, name, length - digits - 1);
    if (from == NULL)
        return false;
    lim_node n = lim_find_name(t->names, from);
    const lim_draft *d = draft_at(t, owner) != NULL ? draft_at(t, owner) : draft_at(t, n);
    if (n == LIM_NONE || d == NULL)
        return true;
    lim_fail(cx, LIM_INVALID,
             "Rename one of the two: a hyphen and digits after a name count steps down from it.",
             "%s \"%s\" reads as a step down from \"%s\"", what, lim_show(cx, name),
             lim_show(cx, from));
    return lim_draft_fail(cx, d);
}

static bool check_each_name(lim_context *cx, const lim_draft *d) {
    if (!lim_check_name(cx, "revision", d->record->id))
        return lim_draft_fail(cx, d);
    for (uint32_t i = 0; i < d->record->branch_labels.count; i++) {
        if (!lim_check_name(cx, "branch label", d->record->branch_labels.items[i]))
            return lim_draft_fail(cx, d);
    }
    return true;
}

lim_graph *lim_draft_names(lim_context *cx, const lim_ledger *ledger, const lim_graph *g,
                           lim_draft *drafts, uint32_t count, lim_ledger *all) {
    naming t = {drafts, g, all, NULL, NULL};
    lim_problems problems = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (!check_each_name(cx, &drafts[i]))
            return NULL;
    }
    if (!join_names(cx, ledger, &t, count) ||
        (t.names = lim_graph_build(cx, all, &problems)) == NULL)
        return NULL;
    if (problems.count > 0) {
        lim_fail(cx, LIM_DUPLICATE, "Ids and branch labels are one set of names: choose another.",
                 "%s", problems.items[0].problem);
        lim_draft_fail(cx, clashing_draft(&t, problems.items[0].revision));
        return NULL;
    }
    for (lim_node n = 0; n < all->revision_count; n++) {
        if (!check_step_like(cx, &t, lim_id(t.names, n), n, "revision"))
            return NULL;
    }
    for (uint32_t i = 0; i < all->label_count; i++) {
        const lim_label *label = &all->labels[i];
        if (!check_step_like(cx, &t, label->label, lim_find_id(t.names, label->revision),
                             "branch label"))
            return NULL;
    }
    return t.names;
}

/* ---- parents ------------------------------------------------------------------------------ */

bool lim_draft_distinct(lim_context *cx, const lim_list *parents) {
    const char **sorted = LIM_NEW(cx, const char *, (size_t)parents->count + 1);
    if (sorted == NULL)
        return false;
    if (parents->count > 0)
        memcpy(sorted, parents->items, parents->count * sizeof *sorted);
    qsort(sorted, parents->count, sizeof *sorted, lim_compare_names);
    for (uint32_t i = 1; i < parents->count; i++) {
        if (strcmp(sorted[i - 1], sorted[i]) == 0) {
            lim_fail(cx, LIM_INVALID, "Name each parent once.",
                     "duplicate head revisions specified");
            return lim_fail_detail(cx, "Revision \"%s\" is named more than once.",
                                   lim_show(cx, sorted[i]));
        }
    }
    return true;
}

bool lim_draft_stored_ids(lim_context *cx, const lim_graph *g, const lim_adjacency *over,
                          lim_node node, lim_list *ids) {
    lim_nodes nodes = lim_neighbours(over, node);
    *ids = (lim_list){0};
    for (uint32_t i = 0; i < nodes.count; i++) {
        if (!lim_list_add(cx, ids, lim_id(g, nodes.node[i])))
            return false;
    }
    return true;
}

bool lim_draft_same_list(const lim_list *a, const lim_list *b) {
    bool same = a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++)
        same = strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

bool lim_draft_damage(lim_context *cx, lim_record *record, const char *column) {
    record->mended =
        record->mended == NULL ? column : lim_format(cx, "%s, %s", record->mended, column);
    return record->mended != NULL;
}

bool lim_draft_from(lim_context *cx, lim_record *record) {
    record->from_version =
        record->down_revision.count > 0 ? lim_list_join(cx, &record->down_revision) : "base";
    return record->from_version != NULL;
}

/* ---- bodies ------------------------------------------------------------------------------- */

/* One direction's body out of the script; false when it had to be marked transaction:false. */
static bool take_body(lim_dialect dialect, const lim_section *section, lim_bytes *body,
                      bool *transactional) {
    *body = (lim_bytes){NULL, 0};
    *transactional = true;
    if (section == NULL)
        return true;
    *body = (lim_bytes){section->length > 0 ? section->body : "", section->length};
    *transactional = section->transactional;
    if (!section->transactional || !lim_body_needs_autocommit(dialect, body->text, body->length))
        return true;
    *transactional = false;
    return false;
}

bool lim_draft_bodies(lim_context *cx, lim_dialect dialect, const lim_draft *draft) {
    lim_record *r = draft->record;
    const lim_section *up = lim_script_section(draft->script, LIM_UP, dialect);
    if (up == NULL) {
        lim_fail(cx, LIM_INVALID, "Add a section that starts with the line \"-- migrate:up\".",
                 "revision \"%s\" has no upgrade for %s", lim_show(cx, r->id),
                 dialect == LIM_SQLITE ? "SQLite" : "PostgreSQL");
        return lim_draft_fail(cx, draft);
    }
    bool up_as_written = take_body(dialect, up, &r->upgrade, &r->upgrade_transactional);
    bool down_as_written = take_body(dialect, lim_script_section(draft->script, LIM_DOWN, dialect),
                                     &r->downgrade, &r->downgrade_transactional);
    r->marked = !up_as_written || !down_as_written;
    return true;
}
