/*
** plan.c - what planning costs in core alone
**
**     plan [SHAPE COUNT [WHAT...]]
**
** Builds a history of COUNT revisions of the given shape and prints a line "NAME SECONDS" of CPU time for
** each thing that is asked of it, then "MiB" and the most memory that core took at a time; with WHAT only
** these are asked. Without arguments it lists the shapes.
**
** graph      building the graph and the state, which every call does
** upgrade    planning base to heads; downgrade: heads to base
** up, down   planning one step from the middle
** text       the tree of migrate_graph(), and so mermaid and dot; the other names are those of readers
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader.h"

/* ---- the clock and the memory -------------------------------------------------------------------------- */

static size_t taken, most;

/* Blocks know their size, so that what is given back counts no more. */
static void *
take(void *host, size_t size) {
    size_t *block = malloc(size + 16);
    (void)host;
    if (block == NULL) {
        return NULL;
    }
    *block = size;
    taken += size;
    most = taken > most ? taken : most;
    return block + 2;
}

static void
give(void *host, void *memory) {
    size_t *block = (size_t *)memory - 2;
    (void)host;
    taken -= *block;
    free(block);
}

static double
seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the shapes ------------------------------------------------------------------------------------------ */

static const lim_allocator allocator = {take, give, NULL};
static lim_context cx; /* of the history: what is asked of it has one of its own each time */
static lim_ledger ledger;
static uint32_t count;

static void
edge(uint32_t child, uint32_t parent, lim_edge_kind kind, int32_t ordinal) {
    lim_edge row = {ledger.revisions[child].id, ledger.revisions[parent].id, kind, ordinal};
    lim_ledger_add_edge(&cx, &ledger, &row);
}

static void
down(uint32_t child, uint32_t parent) {
    edge(child, parent, LIM_DOWN_REVISION, 0);
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

/* Each links revision i to what is there before it. */

static void
chain(uint32_t i) {
    down(i, i - 1);
}

static void
wide(uint32_t i) {
    if (i + 1 < count) {
        down(i, i <= 16 ? 0 : i - 16);
    }
    for (uint32_t k = 0; i + 1 == count && k < 16; k++) {
        edge(i, i - 1 - k, LIM_DOWN_REVISION, (int32_t)k);
    }
}

static void
braid(uint32_t i) {
    down(i, i <= 8 ? 0 : i - 8);
    if (i > 16 && i % 3 == 0) {
        edge(i, i - 9 - chance(6), LIM_DOWN_REVISION, 1);
    }
}

static void
deps(uint32_t i) {
    if (i > 8) {
        down(i, i - 8);
    }
    if (i > 20 && i % 4 == 0) {
        edge(i, chance(i - 1), LIM_DEPENDS_ON, 0);
    }
}

static void
features(uint32_t i) {
    uint32_t turn = i % 10;
    if (i < 20) {
        chain(i);
    } else if (turn == 5) {
        down(i, i - 15 + chance(5));
    } else {
        down(i, turn == 6 ? i - 2 : i - 1);
    }
    if (i >= 20 && turn == 9) {
        edge(i, i - 14, LIM_DOWN_REVISION, 1);
    }
}

static void
merges(uint32_t i) {
    uint32_t top = count / 2;
    if (i <= top) {
        chain(i);
    } else if ((i - top) % 2 == 1) {
        down(i, 0);
    } else {
        down(i, i - 1);
        edge(i, top, LIM_DOWN_REVISION, 1);
    }
}

static void
scattered(uint32_t i) {
    uint32_t top = count / 2;
    if (i > top && (i - top) % 2 == 1) {
        down(i, chance(top));
    } else {
        merges(i);
    }
}

static void
stairs(uint32_t i) {
    if (i >= 4) {
        down(i, i - 4);
    }
    if (i % 2 == 1) {
        edge(i, i - 1, LIM_DEPENDS_ON, 0);
    }
}

static void
library(uint32_t i) {
    if (i >= 9) {
        down(i, i - 9);
    }
    if (i % 9 != 0 && chance(3) == 0) {
        edge(i, i - i % 9, LIM_DEPENDS_ON, 0);
    }
}

static void
hub(uint32_t i) {
    if (i > 8) {
        down(i, i - 8);
    }
    edge(i, 0, LIM_DEPENDS_ON, 0);
}

static void
collector(uint32_t i) {
    for (uint32_t k = 0; i + 1 == count && k < i; k++) {
        edge(i, k, LIM_DEPENDS_ON, (int32_t)k);
    }
}

static void
ladder(uint32_t i) {
    down(i, i - 1);
    if (i > 1) {
        edge(i, i - 2, LIM_DOWN_REVISION, 1);
    }
}

static void
grid(uint32_t i) {
    if (i >= 100) {
        down(i, i - 100);
    }
    if (i >= 100 && i % 100 != 99) {
        edge(i, i - 99, LIM_DOWN_REVISION, 1);
    }
}

static void
fans(uint32_t i) {
    if (i % 100 != 0) {
        down(i, i - i % 100);
    }
    for (uint32_t k = 1; i % 100 == 0 && k < 100; k++) {
        edge(i, i - k, LIM_DOWN_REVISION, (int32_t)k);
    }
}

static void
tree(uint32_t i) {
    down(i, (i - 1) / 2);
}

static void
star(uint32_t i) {
    down(i, 0);
}

static void
roots(uint32_t i) {
    (void)i;
}

static void
labels(uint32_t i) {
    lim_label row = {lim_format(&cx, "label%u", i), ledger.revisions[i].id, 0};
    down(i, i % 10 == 1 ? 0 : i - 1);
    if (i % 10 == 1) {
        lim_ledger_add_label(&cx, &ledger, &row);
    }
}

static const struct shape {
    const char *name;
    void (*link)(uint32_t i);
    const char *is;
} shapes[] = {
    {"chain", chain, "one line"},
    {"wide", wide, "16 branches of one base, merged at the end"},
    {"braid", braid, "8 branches that merge into each other"},
    {"deps", deps, "8 lines with dependencies between them"},
    {"features", features, "a trunk and short branches that are merged into it"},
    {"merges", merges, "a trunk, and thousands of heads that each merge its top with a branch of its base"},
    {"scattered", scattered, "the same with branches from anywhere on the trunk"},
    {"stairs", stairs, "two pairs of lines, the one of a pair depends on the other at every revision"},
    {"library", library, "8 lines that depend on the newest revision of a ninth, time and again"},
    {"hub", hub, "every revision depends on the first"},
    {"collector", collector, "the last revision depends on all, which are bases"},
    {"ladder", ladder, "every revision merges the two before it"},
    {"grid", grid, "100 lines, every revision merges two neighbours"},
    {"fans", fans, "99 branches, merged, and again"},
    {"tree", tree, "two branches from every revision"},
    {"star", star, "as many branches of one base"},
    {"roots", roots, "as many bases"},
    {"labels", labels, "labelled branches of 10 revisions from one base"},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* ---- what is asked --------------------------------------------------------------------------------------- */

static lim_graph *g;
static lim_state state;
static char **wanted; /* what is asked, NULL at the end; nothing: all */

static void
must(bool ok, const char *what, const lim_context *context) {
    if (!ok) {
        fprintf(stderr, "plan: %s: %s\n", what,
                context->error.message ? context->error.message : "not what it should be");
        exit(1);
    }
}

static void
build(const char *name) {
    double begun = seconds();
    g = lim_graph_build(&cx, &ledger, NULL);
    must(g && lim_state_build(&cx, g, &ledger, &state), name, &cx);
    printf("%s %.5f\n", name, seconds() - begun);
}

static bool
upgrade(lim_context *own, const char *to) {
    lim_plan plan;
    return lim_plan_upgrade(own, g, &state, to, &plan) && plan.step_count == count;
}

static bool
downgrade(lim_context *own, const char *to) {
    lim_plan plan;
    return lim_plan_downgrade(own, g, &state, to, &plan) && plan.step_count == count;
}

static bool
step_up(lim_context *own, const char *to) {
    lim_plan plan;
    return lim_plan_upgrade(own, g, &state, to, &plan) && plan.step_count == 1;
}

static bool
step_down(lim_context *own, const char *to) {
    lim_plan plan;
    return lim_plan_downgrade(own, g, &state, to, &plan) && plan.step_count >= 1;
}

static bool
draw(lim_context *own, const char *format) {
    return lim_draw(own, g, &state, format) != NULL;
}

static bool
read_table(lim_context *own, const char *name) {
    lim_problems problems = {0};
    lim_view view = {&ledger, g, &state, &problems};
    const char *const none[LIM_READER_ARGUMENTS] = {NULL, NULL};
    lim_table table;
    for (uint32_t i = 0; i < lim_reader_count; i++) {
        if (strcmp(lim_readers[i].name, name) == 0) {
            return lim_readers[i].read(own, &view, none, &table);
        }
    }
    return false;
}

static bool
is_wanted(const char *name) {
    for (char **word = wanted; *word != NULL; word++) {
        if (strcmp(*word, name) == 0) {
            return true;
        }
    }
    return *wanted == NULL;
}

/* One question, in a context of its own as each call has one. */
static void
ask(const char *name, bool (*question)(lim_context *own, const char *word), const char *word) {
    lim_context own;
    if (!is_wanted(name)) {
        return;
    }
    lim_context_begin(&own, &allocator);
    double begun = seconds();
    must(question(&own, word), name, &own);
    printf("%s %.5f\n", name, seconds() - begun);
    g->effective = NULL; /* lies in the context that ends */
    lim_context_end(&own);
}

static void
stand_at(lim_nodes rows) {
    ledger.version_count = 0;
    for (uint32_t i = 0; i < rows.count; i++) {
        lim_version row = {.version_num = lim_id(g, rows.node[i])};
        lim_ledger_add_version(&cx, &ledger, &row);
    }
}

/* The version rows after half of the steps from base to heads; and the next revision. */
static const char *
stand_in_the_middle(void) {
    lim_plan plan;
    lim_set *is_row = lim_set_new(&cx, g);
    lim_nodes rows;
    must(lim_plan_upgrade(&cx, g, &state, "heads", &plan), "upgrade", &cx);
    for (uint32_t i = 0; i < plan.steps[count / 2].first_change; i++) {
        if (plan.changes[i].lost) {
            is_row[lim_find_id(g, plan.changes[i].lost)] = 0;
        }
        if (plan.changes[i].gained) {
            is_row[lim_find_id(g, plan.changes[i].gained)] = 1;
        }
    }
    must(lim_set_members(&cx, g, is_row, &rows), "middle", &cx);
    stand_at(rows);
    return lim_id(g, plan.steps[count / 2].node);
}

static void
ask_at_base(void) {
    build("graph");
    ask("upgrade", upgrade, "heads");
    ask("history", read_table, "migrate_history");
    ask("branches", read_table, "migrate_branches");
    ask("export", read_table, "migrate_export");
    ask("text", draw, "text");
    ask("mermaid", draw, "mermaid");
    ask("dot", draw, "dot");
}

static void
ask_at_head(void) {
    stand_at(lim_real_heads(&cx, g));
    build("graph_at_head");
    ask("downgrade", downgrade, "base");
    ask("heads", read_table, "migrate_heads");
    ask("validate", read_table, "migrate_validate");
    ask("status", read_table, "migrate_status");
    ask("current", read_table, "migrate_current");
}

static void
ask_in_the_middle(void) {
    stand_at((lim_nodes){NULL, 0});
    must(lim_state_build(&cx, g, &ledger, &state), "middle", &cx);
    const char *next = stand_in_the_middle();
    build("graph_in_the_middle");
    ask("up", step_up, next);
    ask("down", step_down, lim_format(&cx, "%s@-1", lim_id(g, state.rows.node[0])));
}

int
main(int argc, char **argv) {
    const struct shape *shape = NULL;
    for (uint32_t i = 0; i < SHAPES; i++) {
        if (argc == 1) {
            printf("%s: %s\n", shapes[i].name, shapes[i].is);
        } else if (strcmp(shapes[i].name, argv[1]) == 0) {
            shape = &shapes[i];
        }
    }
    if (shape == NULL || argc < 3) {
        return argc == 1 ? 0 : 2;
    }
    count = (uint32_t)strtoul(argv[2], NULL, 10);
    wanted = argv + 3;
    lim_context_begin(&cx, &allocator);
    for (uint32_t i = 0; i < count; i++) {
        lim_revision row = {.seq = i, .id = lim_format(&cx, "%08x", i), .message = "", .checksum = ""};
        row.reversible = row.upgrade_transactional = row.downgrade_transactional = true;
        lim_ledger_add_revision(&cx, &ledger, &row);
    }
    for (uint32_t i = 1; i < count; i++) {
        shape->link(i);
    }
    ask_at_base();
    if (is_wanted("downgrade")) {
        ask_at_head();
    }
    if (shape->link == chain && is_wanted("up")) {
        ask_in_the_middle();
    }
    printf("MiB %.1f\n", (double)most / 1048576);
    lim_context_end(&cx);
    return 0;
}
