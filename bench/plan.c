/*
** plan.c - what planning costs in core alone
**
**     plan SHAPE COUNT
**
** Builds a history of COUNT revisions of the given shape (chain, wide: 16 branches merged, braid: 8
** branches that merge into each other, deps: 8 branches with dependencies between them) and prints the
** CPU seconds of: building the graph, planning base to heads, listing the history, drawing the tree; then
** the megabytes that core took at most.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "history.h"

static size_t taken;

static void *
take(void *host, size_t size) {
    (void)host;
    taken += size;
    return malloc(size);
}

static void
give(void *host, void *block) {
    (void)host;
    free(block);
}

static double
seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static lim_context cx;
static lim_ledger ledger;

static void
edge(uint32_t child, uint32_t parent, lim_edge_kind kind, int32_t ordinal) {
    lim_edge row = {ledger.revisions[child].id, ledger.revisions[parent].id, kind, ordinal};
    lim_ledger_add_edge(&cx, &ledger, &row);
}

/* A sequence of its own, so that every machine gets the same history. */
static uint32_t
chance(uint32_t below) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state % below);
}

static void
link_revision(const char *shape, uint32_t i, uint32_t count) {
    if (strcmp(shape, "chain") == 0) {
        edge(i, i - 1, LIM_DOWN_REVISION, 0);
    } else if (strcmp(shape, "wide") == 0) {
        if (i + 1 < count) {
            edge(i, i <= 16 ? 0 : i - 16, LIM_DOWN_REVISION, 0);
        }
        for (uint32_t k = 0; i + 1 == count && k < 16; k++) {
            edge(i, i - 1 - k, LIM_DOWN_REVISION, (int32_t)k);
        }
    } else if (strcmp(shape, "braid") == 0) {
        edge(i, i <= 8 ? 0 : i - 8, LIM_DOWN_REVISION, 0);
        if (i > 16 && i % 3 == 0) {
            edge(i, i - 9 - chance(6), LIM_DOWN_REVISION, 1);
        }
    } else {
        if (i > 8) {
            edge(i, i - 8, LIM_DOWN_REVISION, 0);
        }
        if (i > 20 && i % 4 == 0) {
            edge(i, chance(i - 1), LIM_DEPENDS_ON, 0);
        }
    }
}

int
main(int argc, char **argv) {
    lim_allocator allocator = {take, give, NULL};
    lim_state state;
    lim_plan plan;
    lim_nodes nodes;
    if (argc != 3) {
        fprintf(stderr, "usage: plan SHAPE COUNT\n");
        return 2;
    }
    uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);
    lim_context_begin(&cx, &allocator);
    for (uint32_t i = 0; i < count; i++) {
        lim_revision row = {.seq = i, .id = lim_format(&cx, "%08x", i), .message = "", .checksum = ""};
        row.reversible = row.upgrade_transactional = row.downgrade_transactional = true;
        lim_ledger_add_revision(&cx, &ledger, &row);
    }
    for (uint32_t i = 1; i < count; i++) {
        link_revision(argv[1], i, count);
    }
    double start = seconds();
    lim_graph *g = lim_graph_build(&cx, &ledger, NULL);
    bool ok = g && lim_state_build(&cx, g, &ledger, &state);
    double built = seconds();
    ok = ok && lim_plan_upgrade(&cx, g, &state, "heads", &plan);
    double planned = seconds();
    ok = ok && lim_target_history(&cx, g, &state, NULL, &nodes);
    double listed = seconds();
    ok = ok && lim_draw(&cx, g, &state, NULL) != NULL;
    double drawn = seconds();
    if (!ok || plan.step_count != count || nodes.count != count) {
        fprintf(stderr, "plan: %s\n", cx.error.message ? cx.error.message : "a plan that is not whole");
        return 1;
    }
    printf("%.4f %.4f %.4f %.4f %.1f\n", built - start, planned - built, listed - planned, drawn - listed,
           (double)taken / 1048576);
    lim_context_end(&cx);
    return 0;
}
