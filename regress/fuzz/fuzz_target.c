/*
** fuzz_target.c - any text as a target, over histories of several shapes and any version rows
**
** The first bytes say how much memory there is, which history it is, which revisions stand in
** migrate_version, and which call reads the text. A plan that comes out is checked: no revision twice,
** none that is applied goes up or that isn't goes down, parents before children, and the version rows
** follow from the changes.
*/
#include "fuzz_memory.h"

#include "core/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each line: id, parents, dependencies, label; "-" for none. */
static const char *const histories[][12][4] = {
    {{"aaaa", "-", "-", "-"},
     {"bbbb", "aaaa", "-", "-"},
     {"ccc1", "bbbb", "-", "l1"},
     {"ddd1", "ccc1", "-", "-"},
     {"ccc2", "bbbb", "-", "l2"},
     {"ddd2", "ccc2", "-", "-"}},
    {{"xxx1", "-", "-", "x"},
     {"xxx2", "xxx1", "-", "-"},
     {"yyy1", "-", "-", "y"},
     {"yyy2", "yyy1", "xxx1", "-"},
     {"yyy3", "yyy2", "-", "-"}},
    {{"2024-01-05_a", "-", "-", "v1.0"},
     {"2024-01-05_b", "2024-01-05_a", "-", "rel-x"},
     {"1", "2024-01-05_a", "-", "-"},
     {"10", "1", "-", "-"},
     {"merge", "10,2024-01-05_b", "-", "-"},
     {"\xc3\xa9t\xc3\xa9s", "merge", "1", "-"}},
    {{"a1", "-", "-", "-"},
     {"a2", "a1", "-", "-"},
     {"b1", "-", "-", "-"},
     {"b2", "b1", "a2", "-"},
     {"c", "b2,a2", "b1,a1", "lab"},
     {"d", "c", "a2", "-"},
     {"e", "c", "-", "-"},
     {"f", "d,e", "-", "-"}},
};

static bool add_edges(lim_context *cx, lim_ledger *ledger, const char *id, const char *parents,
                      lim_edge_kind kind) {
    lim_list list = {0};
    if (strcmp(parents, "-") == 0)
        return true;
    if (!lim_list_split(cx, parents, &list))
        return false;
    for (uint32_t i = 0; i < list.count; i++) {
        lim_edge edge = {id, list.items[i], kind, (int32_t)i};
        if (!lim_ledger_add_edge(cx, ledger, &edge))
            return false;
    }
    return true;
}

static bool make_ledger(lim_context *cx, unsigned shape, unsigned rows, lim_ledger *ledger) {
    for (unsigned i = 0; i < 12 && histories[shape][i][0] != NULL; i++) {
        const char *const *line = histories[shape][i];
        lim_revision row = {.seq = i, .id = line[0], .message = "", .checksum = ""};
        lim_label label = {line[3], line[0], 0};
        lim_version version = {.version_num = line[0]};
        row.reversible = row.upgrade_transactional = row.downgrade_transactional = true;
        if (!lim_ledger_add_revision(cx, ledger, &row) ||
            !add_edges(cx, ledger, line[0], line[1], LIM_DOWN_REVISION) ||
            !add_edges(cx, ledger, line[0], line[2], LIM_DEPENDS_ON) ||
            (strcmp(line[3], "-") != 0 && !lim_ledger_add_label(cx, ledger, &label)) ||
            ((rows >> i & 1) && !lim_ledger_add_version(cx, ledger, &version)))
            return false;
    }
    return true;
}

/* Follows a plan as a host would, with the version rows as bits. */
static void check_plan(const lim_graph *g, const lim_state *state, const lim_plan *plan) {
    bool up = plan->operation == LIM_UPGRADE, applied[12], row[12] = {false};
    for (lim_node n = 0; n < g->count; n++)
        applied[n] = state->applied[n];
    for (uint32_t i = 0; i < state->rows.count; i++)
        row[state->rows.node[i]] = true;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const lim_step *step = &plan->steps[i];
        lim_nodes around = lim_neighbours(up ? &g->all_down : &g->all_next, step->node);
        CHECK(applied[step->node] != up);
        for (uint32_t k = 0; k < around.count; k++)
            CHECK(applied[around.node[k]] == up);
        applied[step->node] = up;
        for (uint32_t k = 0; k < step->change_count; k++) {
            const lim_change *change = &plan->changes[step->first_change + k];
            CHECK(change->lost != NULL || change->gained != NULL);
            if (change->lost != NULL) {
                CHECK(row[lim_find_id(g, change->lost)]);
                row[lim_find_id(g, change->lost)] = false;
            }
            if (change->gained != NULL) {
                CHECK(!row[lim_find_id(g, change->gained)]);
                row[lim_find_id(g, change->gained)] = true;
            }
        }
        for (lim_node n = 0; n < g->count; n++) {
            lim_nodes children = lim_neighbours(&g->all_next, n);
            bool top = applied[n];
            for (uint32_t k = 0; k < children.count; k++)
                top = top && !applied[children.node[k]];
            CHECK(row[n] == top);
        }
    }
}

static void read_target(lim_context *cx, lim_graph *g, const lim_state *state, unsigned use,
                        const char *text) {
    lim_plan plan;
    lim_nodes nodes;
    switch (use) {
    case 0:
        if (lim_plan_upgrade(cx, g, state, text, &plan))
            check_plan(g, state, &plan);
        break;
    case 1:
        if (lim_plan_downgrade(cx, g, state, text, &plan))
            check_plan(g, state, &plan);
        break;
    case 2:
    case 3:
        lim_plan_stamp(cx, g, state, text, use == 3, &plan);
        break;
    case 4:
        if (lim_target_history(cx, g, state, text, &nodes))
            CHECK(nodes.count <= g->count);
        break;
    case 5:
        lim_target_show(cx, g, state, text, &nodes);
        break;
    case 6:
        lim_target_parents(cx, g, text, &nodes);
        break;
    default:
        lim_target_one(cx, g, text);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lim_ledger ledger = {0};
    lim_state state;
    if (size < 4)
        return 0;
    fuzz_memory memory;
    lim_context cx;
    fuzz_begin(&cx, &memory, data[0] < 64 ? data[0] : SIZE_MAX);
    lim_graph *g = NULL;
    char *text = lim_copy(&cx, (const char *)data + 4, size - 4);
    if (text != NULL && make_ledger(&cx, data[1] % 4, data[2], &ledger))
        g = lim_graph_build(&cx, &ledger, NULL);
    if (g != NULL && lim_state_build(&cx, g, &ledger, &state))
        read_target(&cx, g, &state, data[3] % 8, text);
    CHECK(cx.error.code == LIM_OK || cx.error.message != NULL);
    lim_context_end(&cx);
    return 0;
}
