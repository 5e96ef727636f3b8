/*
** resume.c - see resume.h
*/
#include "resume.h"

#include <string.h>

/* True when the stop still means something: its revision exists, and is not applied (upgrade) or is
** applied (downgrade). */
static bool stop_holds(const lim_graph *g, const lim_state *state, const lim_stop *stop) {
    lim_node n = lim_find_id(g, stop->revision);
    return n != LIM_NONE && stop->up == !state->applied[n];
}

const lim_stop *lim_stop_of(const lim_ledger *ledger, const lim_graph *g, const lim_state *state,
                            lim_node n, bool up) {
    for (uint32_t i = 0; i < ledger->stop_count; i++) {
        const lim_stop *stop = &ledger->stops[i];
        if (stop->up == up && strcmp(stop->revision, lim_id(g, n)) == 0 &&
            stop_holds(g, state, stop))
            return stop;
    }
    return NULL;
}

uint32_t lim_stop_next(const lim_stop *stop) {
    return strcmp(stop->outcome, "done") == 0 ? stop->statement + 1 : stop->statement;
}

/* `revision "002" (upgrade) stopped at statement 2 of 3: division by zero`. NULL: LIM_NOMEM. */
static const char *stop_text(lim_context *cx, const lim_stop *stop) {
    const char *why = stop->detail;
    if (strcmp(stop->outcome, "started") == 0)
        why = "started, and its end was never recorded";
    else if (why == NULL || strcmp(stop->outcome, "done") == 0)
        why = "the run ended before it";
    return lim_format(cx, "revision \"%s\" (%s) stopped at statement %u of %u: %s",
                      lim_show(cx, stop->revision), stop->up ? "upgrade" : "downgrade",
                      (unsigned)lim_stop_next(stop), (unsigned)stop->statements, why);
}

const char *lim_stops_text(lim_context *cx, const lim_ledger *ledger, const lim_graph *g,
                           const lim_state *state) {
    lim_text text = {.cx = cx};
    uint32_t count = 0;
    for (uint32_t i = 0; i < ledger->stop_count; i++) {
        if (!stop_holds(g, state, &ledger->stops[i]))
            continue;
        const char *one = stop_text(cx, &ledger->stops[i]);
        if (one == NULL)
            return NULL;
        if (count++ > 0)
            lim_text_addc(&text, '\n');
        lim_text_adds(&text, one);
    }
    return count == 0 ? NULL : lim_text_end(&text);
}

static bool is_step(const lim_plan *plan, const lim_graph *g, const lim_stop *stop) {
    if (plan->operation != (stop->up ? LIM_UPGRADE : LIM_DOWNGRADE))
        return false;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        if (strcmp(lim_id(g, plan->steps[i].node), stop->revision) == 0)
            return true;
    }
    return false;
}

/* The call that goes on with it. */
static const char *finishing_call(lim_context *cx, lim_dialect dialect, const lim_graph *g,
                                  const lim_stop *stop) {
    const char *target =
        stop->up ? stop->revision : lim_parents_text(cx, g, lim_find_id(g, stop->revision));
    const char *call = dialect == LIM_POSTGRES ? "CALL migrate_apply"
                       : stop->up              ? "migrate_upgrade"
                                               : "migrate_downgrade";
    return lim_format(cx, "%s(%s)", call, lim_literal(cx, target));
}

static bool fail_stopped(lim_context *cx, lim_dialect dialect, const lim_graph *g,
                         const lim_stop *stop) {
    return lim_fail(cx, LIM_STATE,
                    lim_format(cx,
                               "Finish it with %s, or say how it ended with "
                               "migrate_resolve(%s, 'applied' or 'not applied').",
                               finishing_call(cx, dialect, g, stop),
                               lim_literal(cx, stop->revision)),
                    "%s", stop_text(cx, stop));
}

/* True when a part of the body has run, by another text than the one with this checksum. */
static bool is_another_text(const lim_stop *stop, const char *checksum) {
    return stop->checksum != NULL && lim_stop_next(stop) > 1 &&
           strcmp(stop->checksum, checksum) != 0;
}

bool lim_resume_refusal(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger,
                        const lim_graph *g, const lim_state *state, const lim_plan *plan) {
    if (plan->operation == LIM_STAMP || plan->step_count == 0)
        return true;
    for (uint32_t i = 0; i < ledger->stop_count; i++) {
        const lim_stop *stop = &ledger->stops[i];
        if (!stop_holds(g, state, stop) || stop->whole)
            continue;
        const char *id = lim_show(cx, stop->revision);
        if (!is_step(plan, g, stop))
            return fail_stopped(cx, dialect, g, stop);
        const lim_revision *row = &g->revisions[lim_find_id(g, stop->revision)];
        if (is_another_text(stop, row->checksum))
            return lim_fail(
                cx, LIM_STATE,
                lim_format(cx,
                           "Give the body its text back; or undo by hand what ran and say "
                           "migrate_resolve(%s, 'not applied').",
                           lim_literal(cx, stop->revision)),
                "revision \"%s\" was changed after it stopped at statement %u of %u", id,
                (unsigned)lim_stop_next(stop), (unsigned)stop->statements);
    }
    return cx->error.code == LIM_OK;
}

bool lim_resume_none(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger,
                     const lim_graph *g, const lim_state *state, const lim_plan *plan) {
    for (uint32_t i = 0; i < ledger->stop_count; i++) {
        const lim_stop *stop = &ledger->stops[i];
        if (stop_holds(g, state, stop) && !stop->whole && is_step(plan, g, stop))
            return fail_stopped(cx, dialect, g, stop);
    }
    return cx->error.code == LIM_OK;
}

bool lim_resume_keeps(lim_context *cx, const lim_ledger *ledger, const lim_graph *g,
                      const lim_state *state, lim_node n, const char *checksum) {
    for (int up = 0; up <= 1; up++) {
        const lim_stop *stop = lim_stop_of(ledger, g, state, n, up != 0);
        if (stop == NULL || stop->whole || (checksum != NULL && !is_another_text(stop, checksum)))
            continue;
        const char *hint = lim_format(cx,
                                      "Finish it first, or say how it ended with "
                                      "migrate_resolve(%s, 'applied' or 'not applied').",
                                      lim_literal(cx, stop->revision));
        const char *text = stop_text(cx, stop);
        if (hint == NULL || text == NULL)
            return false;
        lim_fail(cx, LIM_STATE, hint, "%s", text);
        return lim_fail_detail(cx, checksum == NULL
                                       ? "What ran of it may still be in the database."
                                       : "Its text has to stay as it is until it has ended.");
    }
    return true;
}

static bool is_step_of_stamp(const lim_plan *plan, const lim_graph *g, const lim_stop *stop) {
    lim_node n = lim_find_id(g, stop->revision);
    for (uint32_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].node == n)
            return true;
    }
    return false;
}

bool lim_stops_ended(lim_context *cx, const lim_ledger *ledger, const lim_graph *g,
                     const lim_state *state, const lim_plan *plan, lim_list *revisions) {
    lim_ledger after = {0};
    lim_state now;
    lim_list rows = {0};
    *revisions = (lim_list){0};
    if (ledger->stop_count == 0 || plan->operation != LIM_STAMP)
        return true;
    if (strcmp(plan->to, "base") != 0 && !lim_list_split(cx, plan->to, &rows))
        return false;
    for (uint32_t i = 0; i < rows.count; i++) {
        lim_version row = {.version_num = rows.items[i]};
        if (!lim_ledger_add_version(cx, &after, &row))
            return false;
    }
    if (!lim_state_build(cx, g, &after, &now))
        return false;
    for (uint32_t i = 0; i < ledger->stop_count; i++) {
        const lim_stop *stop = &ledger->stops[i];
        if (stop_holds(g, state, stop) && !stop_holds(g, &now, stop) &&
            !is_step_of_stamp(plan, g, stop) && !lim_list_add(cx, revisions, stop->revision))
            return false;
    }
    return true;
}

bool lim_plan_apply(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                    lim_plan *plan) {
    lim_plan down;
    bool planned = lim_plan_upgrade(cx, g, state, text, plan);
    lim_error error = cx->error;
    if ((planned && plan->step_count > 0) || text == NULL || error.code == LIM_NOMEM)
        return planned;
    cx->error = (lim_error){0};
    if (lim_plan_downgrade(cx, g, state, text, &down) && (!planned || down.step_count > 0)) {
        *plan = down;
        return true;
    }
    if (cx->error.code != LIM_NOMEM)
        cx->error = error;
    return planned && cx->error.code == LIM_OK;
}

bool lim_plan_resolve(lim_context *cx, const lim_ledger *ledger, lim_graph *g,
                      const lim_state *state, const char *revision, const char *outcome,
                      lim_plan *plan, lim_node *node) {
    bool applied = outcome != NULL && strcmp(outcome, "applied") == 0;
    if (!applied && (outcome == NULL || strcmp(outcome, "not applied") != 0))
        return lim_fail(cx, LIM_INVALID, NULL,
                        "the outcome of a revision is 'applied' or 'not applied'");
    if (!lim_state_require_sound(cx, g, state) ||
        (*node = lim_target_one(cx, g, revision)) == LIM_NONE)
        return false;
    const lim_stop *stop = lim_stop_of(ledger, g, state, *node, !state->applied[*node]);
    if (stop == NULL)
        return lim_fail(cx, LIM_STATE, "migrate_stamp() sets the version without running bodies.",
                        "revision \"%s\" did not stop half-way", lim_show(cx, lim_id(g, *node)));
    if (stop->up == applied)
        return lim_plan_one(cx, g, state, *node, stop->up, plan);
    *plan = (lim_plan){.operation = stop->up ? LIM_UPGRADE : LIM_DOWNGRADE,
                       .from = state->text,
                       .to = state->text};
    return true;
}
