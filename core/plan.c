/*
** plan.c - see plan.h
*/
#include "plan.h"

#include <stdlib.h>
#include <string.h>

/* ---- the rows of migrate_version, step by step ---------------------------------------------- */

/* The applied set as it changes while a plan is laid out. A revision is a row when it is applied
** and none of its children is. */
typedef struct lim_rows {
    lim_context *cx;
    const lim_graph *g;
    lim_set *applied;
    uint32_t *applied_children;
    lim_plan *plan;
    uint32_t change_capacity;
} lim_rows;

static bool rows_begin(lim_context *cx, const lim_graph *g, const lim_state *state, lim_plan *plan,
                       lim_rows *r) {
    *r = (lim_rows){.cx = cx, .g = g, .plan = plan};
    r->applied = lim_set_new(cx, g);
    r->applied_children = LIM_NEW(cx, uint32_t, (size_t)g->count + 1);
    if (!r->applied || !r->applied_children) {
        return false;
    }
    memcpy(r->applied, state->applied, g->count);
    for (lim_node n = 0; n < g->count; n++) {
        lim_nodes parents = lim_neighbours(&g->all_down, n);
        for (uint32_t i = 0; r->applied[n] && i < parents.count; i++) {
            r->applied_children[parents.node[i]]++;
        }
    }
    return true;
}

static bool add_change(lim_rows *r, const char *lost, const char *gained) {
    lim_plan *plan = r->plan;
    if (!lim_grow(r->cx, &plan->changes, &r->change_capacity, plan->change_count + 1,
                  sizeof *plan->changes)) {
        return false;
    }
    plan->changes[plan->change_count++] = (lim_change){lost, gained};
    return true;
}

/* Writes the changes that turn lost rows into gained ones: surplus rows are deleted first, then
** rows change their version one for one, then further ones are inserted. */
static bool add_changes(lim_rows *r, const lim_list *lost, const lim_list *gained) {
    uint32_t surplus = lost->count > gained->count ? lost->count - gained->count : 0;
    uint32_t paired = lost->count - surplus;
    for (uint32_t i = 0; i < lost->count; i++) {
        if (!add_change(r, lost->items[i], i < surplus ? NULL : gained->items[i - surplus])) {
            return false;
        }
    }
    for (uint32_t i = paired; i < gained->count; i++) {
        if (!add_change(r, NULL, gained->items[i])) {
            return false;
        }
    }
    return true;
}

/* Applies n: parents that were rows are lost, n is gained. */
static bool rows_apply(lim_rows *r, lim_node n) {
    lim_list lost = {0}, gained = {0};
    lim_nodes parents = lim_neighbours(&r->g->all_down, n);
    r->applied[n] = 1;
    for (uint32_t i = 0; i < parents.count; i++) {
        if (r->applied_children[parents.node[i]]++ == 0 &&
            !lim_list_add(r->cx, &lost, lim_id(r->g, parents.node[i]))) {
            return false;
        }
    }
    return lim_list_add(r->cx, &gained, lim_id(r->g, n)) && add_changes(r, &lost, &gained);
}

/* Takes n back: parents without another applied child become rows again. The last of them takes
** over n's row, as in Alembic. */
static bool rows_revert(lim_rows *r, lim_node n) {
    lim_list back = {0};
    lim_nodes parents = lim_neighbours(&r->g->all_down, n);
    r->applied[n] = 0;
    for (uint32_t i = 0; i < parents.count; i++) {
        if (--r->applied_children[parents.node[i]] == 0 &&
            !lim_list_add(r->cx, &back, lim_id(r->g, parents.node[i]))) {
            return false;
        }
    }
    for (uint32_t i = 0; i + 1 < back.count; i++) {
        if (!add_change(r, NULL, back.items[i])) {
            return false;
        }
    }
    return add_change(r, lim_id(r->g, n), back.count ? back.items[back.count - 1] : NULL);
}

/* The rows at the end, as text. */
static bool rows_text(lim_rows *r, const char **text) {
    lim_set *rows = lim_set_new(r->cx, r->g);
    lim_nodes nodes;
    if (!rows) {
        return false;
    }
    for (lim_node n = 0; n < r->g->count; n++) {
        rows[n] = r->applied[n] && r->applied_children[n] == 0;
    }
    return lim_set_members(r->cx, r->g, rows, &nodes) &&
           (*text = lim_nodes_text(r->cx, r->g, nodes)) != NULL;
}

/* ---- upgrade and downgrade ------------------------------------------------------------------ */

/* Turns ordered nodes into steps, counting the rows along. */
static bool plan_steps(lim_context *cx, const lim_graph *g, const lim_state *state,
                       lim_nodes ordered, lim_plan *plan) {
    lim_rows r;
    plan->from = state->text;
    plan->to = state->text;
    if (ordered.count == 0) {
        return true;
    }
    if (!(plan->steps = LIM_NEW(cx, lim_step, ordered.count)) ||
        !rows_begin(cx, g, state, plan, &r)) {
        return false;
    }
    plan->step_count = ordered.count;
    for (uint32_t i = 0; i < ordered.count; i++) {
        bool up = plan->operation == LIM_UPGRADE;
        lim_node n = ordered.node[up ? ordered.count - 1 - i : i];
        lim_step *step = &plan->steps[i];
        *step = (lim_step){n, plan->change_count, 0};
        if (!(up ? rows_apply(&r, n) : rows_revert(&r, n))) {
            return false;
        }
        step->change_count = plan->change_count - step->first_change;
    }
    return rows_text(&r, &plan->to);
}

bool lim_plan_one(lim_context *cx, const lim_graph *g, const lim_state *state, lim_node n, bool up,
                  lim_plan *plan) {
    *plan = (lim_plan){.operation = up ? LIM_UPGRADE : LIM_DOWNGRADE};
    lim_nodes around = lim_neighbours(up ? &g->all_down : &g->all_next, n);
    for (uint32_t i = 0; i < around.count; i++) {
        if (state->applied[around.node[i]] != up) {
            return lim_fail(cx, LIM_STATE, NULL, "revision \"%s\" is %sapplied",
                            lim_show(cx, lim_id(g, around.node[i])), up ? "not " : "");
        }
    }
    return plan_steps(cx, g, state, (lim_nodes){&n, 1}, plan);
}

bool lim_plan_upgrade(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                      lim_plan *plan) {
    lim_nodes targets, ordered = {NULL, 0};
    *plan = (lim_plan){.operation = LIM_UPGRADE};
    if (!lim_state_require_sound(cx, g, state) ||
        !lim_target_upgrade(cx, g, state, text, &targets)) {
        return false;
    }
    /* below an applied revision all is applied, so marking may stop there */
    lim_set *needed = lim_set_new(cx, g);
    if (!needed) {
        return false;
    }
    memcpy(needed, state->applied, g->count);
    if (!lim_mark(cx, g, &g->all_down, targets, needed)) {
        return false;
    }
    bool any = false;
    for (lim_node n = 0; n < g->count; n++) {
        needed[n] = needed[n] && !state->applied[n];
        any = any || needed[n];
    }
    if (any && !lim_order(cx, g, needed, targets, &ordered)) {
        return false;
    }
    return plan_steps(cx, g, state, ordered, plan);
}

/* The revisions directly above the target that shall go: all, or those on the label's branch. */
static bool downgrade_roots(lim_context *cx, const lim_graph *g, const lim_downgrade *target,
                            lim_nodes *roots) {
    *roots =
        target->target == LIM_NONE ? lim_bases(cx, g) : lim_neighbours(&g->next, target->target);
    if (cx->error.code || target->label == LIM_NONE || roots->count < 2) {
        return cx->error.code == LIM_OK;
    }
    lim_set *below = lim_set_new(cx, g);
    if (!below || !lim_mark(cx, g, &g->down, (lim_nodes){&target->label, 1}, below) ||
        !lim_nodes_within(cx, *roots, below, roots)) {
        return false;
    }
    if (roots->count == 0) {
        return lim_fail(cx, LIM_INVALID, "The label has to lie above the revision that stays.",
                        "not a valid downgrade target from current heads: '%s'",
                        lim_show(cx, target->text));
    }
    return true;
}

static bool has_row(const lim_state *state, lim_node n) {
    for (uint32_t i = 0; i < state->rows.count; i++) {
        if (state->rows.node[i] == n) {
            return true;
        }
    }
    return false;
}

bool lim_plan_downgrade(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                        lim_plan *plan) {
    lim_downgrade target;
    lim_nodes roots, ordered = {NULL, 0};
    *plan = (lim_plan){.operation = LIM_DOWNGRADE};
    if (!lim_state_require_sound(cx, g, state) ||
        !lim_target_downgrade(cx, g, state, text, &target) ||
        !downgrade_roots(cx, g, &target, &roots)) {
        return false;
    }
    lim_set *drop = lim_set_new(cx, g);
    if (!drop || !lim_mark(cx, g, &g->all_next, roots, drop)) {
        return false;
    }
    bool any = false;
    for (lim_node n = 0; n < g->count; n++) {
        drop[n] = drop[n] && state->applied[n];
        any = any || drop[n];
    }
    if (!any && target.target != LIM_NONE && !has_row(state, target.target)) {
        return lim_fail(cx, LIM_STATE, "SELECT * FROM migrate_current() shows what is applied.",
                        "destination %s is not a valid downgrade target from current head(s)",
                        lim_show(cx, text));
    }
    if (any && !lim_order(cx, g, drop, state->rows, &ordered)) {
        return false;
    }
    return plan_steps(cx, g, state, ordered, plan);
}

/* ---- stamp ---------------------------------------------------------------------------------- */

/* Takes out of rows what lies above, below or on some nodes. */
static bool drop_lineage(lim_context *cx, const lim_graph *g, lim_nodes of, bool with_deps,
                         lim_set *rows) {
    lim_set *lineage = lim_lineage(cx, g, of, with_deps);
    for (lim_node n = 0; lineage && n < g->count; n++) {
        rows[n] = rows[n] && !lineage[n];
    }
    return lineage != NULL;
}

/* Takes out of rows what the words of a stamp replace. Those without a label are looked at together. */
static bool stamp_replaces(lim_context *cx, const lim_graph *g, const lim_stamp *words,
                           uint32_t count, lim_set *rows) {
    lim_set *targets = lim_set_new(cx, g);
    lim_nodes nodes;
    for (uint32_t i = 0; targets && i < count; i++) {
        const lim_stamp *word = &words[i];
        if (word->label != LIM_NONE) {
            if (!drop_lineage(cx, g, (lim_nodes){&word->label, 1}, false, rows)) {
                return false;
            }
        } else if (word->targets.count == 0) { /* base */
            memset(rows, 0, g->count);
        }
        for (uint32_t k = 0; word->label == LIM_NONE && k < word->targets.count; k++) {
            targets[word->targets.node[k]] = 1;
        }
    }
    return targets && lim_set_members(cx, g, targets, &nodes) &&
           (nodes.count == 0 || drop_lineage(cx, g, nodes, true, rows));
}

/* Leaves of a set of rows only those that no other row lies above. */
static bool keep_maximal(lim_context *cx, const lim_graph *g, lim_set *rows) {
    lim_set *below = lim_set_new(cx, g);
    lim_nodes nodes;
    if (!below || !lim_set_members(cx, g, rows, &nodes) ||
        !lim_mark_beyond(cx, g, &g->all_down, nodes, below)) {
        return false;
    }
    for (lim_node n = 0; n < g->count; n++) {
        rows[n] = rows[n] && !below[n];
    }
    return true;
}

/* The rows that a stamp loses (in graph order, unknown ones first) and gains (in graph order). */
static bool stamp_difference(lim_context *cx, const lim_graph *g, const lim_state *state,
                             const lim_set *rows, lim_list *lost, lim_list *gained) {
    lim_set *before = lim_set_new(cx, g);
    if (!before) {
        return false;
    }
    for (uint32_t i = 0; i < state->unknown.count; i++) {
        if (!lim_list_add(cx, lost, state->unknown.items[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < state->rows.count; i++) {
        before[state->rows.node[i]] = 1;
    }
    for (lim_node n = 0; n < g->count; n++) {
        if (before[n] && !rows[n] && !lim_list_add(cx, lost, lim_id(g, n))) {
            return false;
        }
        if (rows[n] && !before[n] && !lim_list_add(cx, gained, lim_id(g, n))) {
            return false;
        }
    }
    return true;
}

bool lim_plan_stamp(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                    bool purge, lim_plan *plan) {
    lim_stamp *words;
    uint32_t count;
    lim_list lost = {0}, gained = {0};
    lim_nodes after;
    lim_rows r = {.cx = cx, .g = g, .plan = plan};
    *plan = (lim_plan){.operation = LIM_STAMP, .from = state->text};
    if (!purge && state->unknown.count) {
        return lim_state_require_sound(cx, g, state);
    }
    lim_set *rows = lim_set_new(cx, g);
    if (!rows || !lim_target_stamp(cx, g, state, text, &words, &count)) {
        return false;
    }
    for (uint32_t i = 0; !purge && i < state->rows.count; i++) {
        rows[state->rows.node[i]] = 1;
    }
    if (!stamp_replaces(cx, g, words, count, rows)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < words[i].targets.count; k++) {
            rows[words[i].targets.node[k]] = 1;
        }
    }
    if (!keep_maximal(cx, g, rows) || !lim_set_members(cx, g, rows, &after) ||
        !(plan->to = lim_nodes_text(cx, g, after)) ||
        !stamp_difference(cx, g, state, rows, &lost, &gained) || !add_changes(&r, &lost, &gained) ||
        !(plan->steps = LIM_NEW(cx, lim_step, (size_t)plan->change_count + 1))) {
        return false;
    }
    for (uint32_t i = 0; i < plan->change_count; i++) {
        const lim_change *change = &plan->changes[i];
        lim_node n = lim_find_id(g, change->gained ? change->gained : change->lost);
        plan->steps[plan->step_count++] = (lim_step){n, i, 1};
    }
    return true;
}

/* ---- what is said of a plan ----------------------------------------------------------------- */

bool lim_step_is_transactional(const lim_graph *g, const lim_plan *plan, uint32_t step) {
    const lim_revision *row;
    if (plan->operation == LIM_STAMP) {
        return true;
    }
    row = &g->revisions[plan->steps[step].node];
    return plan->operation == LIM_UPGRADE ? row->upgrade_transactional
                                          : row->downgrade_transactional;
}

bool lim_step_refusal(lim_context *cx, const lim_graph *g, const lim_plan *plan, uint32_t step,
                      lim_dialect dialect, bool allow_autocommit) {
    bool up = plan->operation == LIM_UPGRADE;
    const lim_revision *row = &g->revisions[plan->steps[step].node];
    if (!up && !row->reversible) {
        return lim_fail(cx, LIM_STATE,
                        "To set the version without running anything, call migrate_stamp().",
                        "revision \"%s\" is irreversible: it was stored without a downgrade",
                        lim_show(cx, row->id));
    }
    if (!allow_autocommit && !lim_step_is_transactional(g, plan, step)) {
        const char *hint =
            dialect == LIM_SQLITE
                ? "It commits statement by statement: call again in autocommit, outside BEGIN and "
                  "SAVEPOINT."
                : lim_format(cx, "Run it with CALL migrate_apply(%s), outside a transaction.",
                             lim_literal(cx, plan->to));
        return lim_fail(cx, LIM_NOT_SUPPORTED, hint,
                        "revision \"%s\" (%s) is marked transaction:false and can't run in a "
                        "transaction",
                        lim_show(cx, row->id), up ? "upgrade" : "downgrade");
    }
    return true;
}

bool lim_plan_refusal(lim_context *cx, const lim_graph *g, const lim_plan *plan,
                      lim_dialect dialect, bool allow_autocommit) {
    for (uint32_t i = 0; plan->operation != LIM_STAMP && i < plan->step_count; i++) {
        if (!lim_step_refusal(cx, g, plan, i, dialect, allow_autocommit)) {
            return false;
        }
    }
    return true;
}

bool lim_plan_versions(lim_context *cx, const lim_graph *g, const lim_state *state,
                       lim_list *versions) {
    *versions = (lim_list){0};
    for (uint32_t i = 0; i < state->rows.count; i++) {
        if (!lim_list_add(cx, versions, lim_id(g, state->rows.node[i]))) {
            return false;
        }
    }
    return true;
}

bool lim_plan_follow(lim_context *cx, const lim_plan *plan, uint32_t step, lim_list *versions) {
    const lim_step *s = &plan->steps[step];
    for (uint32_t i = 0; i < s->change_count; i++) {
        const lim_change *change = &plan->changes[s->first_change + i];
        for (uint32_t n = 0; change->lost != NULL && n < versions->count; n++) {
            if (strcmp(versions->items[n], change->lost) == 0) {
                versions->items[n] = versions->items[--versions->count];
                break;
            }
        }
        if (change->gained != NULL && !lim_list_add(cx, versions, change->gained)) {
            return false;
        }
    }
    if (versions->count > 1) {
        qsort(versions->items, versions->count, sizeof *versions->items, lim_compare_names);
    }
    return true;
}

const char *lim_parents_text(lim_context *cx, const lim_graph *g, lim_node n) {
    lim_nodes parents = lim_neighbours(&g->down, n);
    lim_list names = {0};
    if (parents.count == 1) {
        return lim_id(g, parents.node[0]);
    }
    for (uint32_t i = 0; i < parents.count; i++) {
        if (!lim_list_add(cx, &names, lim_id(g, parents.node[i]))) {
            return NULL;
        }
    }
    return parents.count ? lim_list_join(cx, &names) : "base";
}

bool lim_step_names(lim_context *cx, const lim_graph *g, const lim_plan *plan, uint32_t step,
                    const char **from, const char **to) {
    const lim_step *s = &plan->steps[step];
    if (plan->operation == LIM_STAMP) {
        const lim_change *change = &plan->changes[s->first_change];
        *from = change->lost ? change->lost : "base";
        *to = change->gained ? change->gained : "base";
        return true;
    }
    const char *parents = lim_parents_text(cx, g, s->node);
    bool up = plan->operation == LIM_UPGRADE;
    *from = up ? parents : lim_id(g, s->node);
    *to = up ? lim_id(g, s->node) : parents;
    return parents != NULL;
}

const char *lim_step_notice(lim_context *cx, const lim_graph *g, const lim_plan *plan,
                            uint32_t step) {
    static const char *const verbs[] = {"upgrade", "downgrade", "stamp"};
    const char *from, *to;
    lim_node n = plan->steps[step].node;
    if (!lim_step_names(cx, g, plan, step, &from, &to)) {
        return NULL;
    }
    const char *message = n == LIM_NONE ? "" : g->revisions[n].message;
    return lim_format(cx, "Running %s %s -> %s%s%s (%u of %u)", verbs[plan->operation], from, to,
                      *message ? ", " : "", *message ? lim_show(cx, message) : "", step + 1,
                      plan->step_count);
}

const char *lim_plan_report(lim_context *cx, const lim_plan *plan) {
    if (plan->step_count == 0) {
        return lim_format(cx, "already at %s", plan->to);
    }
    if (plan->operation == LIM_STAMP) {
        return lim_format(cx, "stamped %s -> %s", plan->from, plan->to);
    }
    return lim_format(cx, "%s %s -> %s (%u revision%s)",
                      plan->operation == LIM_UPGRADE ? "upgraded" : "downgraded", plan->from,
                      plan->to, plan->step_count, plan->step_count == 1 ? "" : "s");
}
