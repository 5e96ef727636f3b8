/*
** graph_fixture.h - graphs written as one line of text, for the unit tests
**
**     "aaaa; bbbb:aaaa; ccc1:bbbb[l1]; dddd:bbbb,ccc1<xxx1,yyy1"
**
** A revision is its id, then ":" and its down_revisions, "<" and its dependencies, "[...]" and its
** labels. State is a list of version rows.
*/
#ifndef GRAPH_FIXTURE_H
#define GRAPH_FIXTURE_H

#include "memory.h"
#include "plan.h"

typedef struct fixture {
    lim_context cx;
    lim_ledger ledger;
    lim_graph *g;
    lim_state state;
    test_memory memory;
} fixture;

/* fail_at: the allocation that fails, from 1; 0: none. */
static inline void fixture_begin(fixture *f, size_t fail_at) {
    memset(f, 0, sizeof *f);
    test_begin(&f->cx, &f->memory);
    f->memory.fail_at = fail_at;
}

static inline void fixture_end(fixture *f) {
    test_end(&f->cx, &f->memory);
}

/* Copies what stands in *p before any of the stop characters, blanks left out. */
static inline char *fixture_word(fixture *f, const char **p, const char *stop) {
    *p += strspn(*p, " ");
    size_t length = strcspn(*p, stop);
    char *word = lim_copy(&f->cx, *p, length);
    *p += length;
    for (size_t i = word ? strlen(word) : 0; word && i > 0 && word[i - 1] == ' '; i--) {
        word[i - 1] = '\0';
    }
    return word;
}

/* Reads the ledger's rows from text. False: out of memory. */
static inline bool fixture_rows(fixture *f, const char *text) {
    int64_t seq = 0;
    while (*text) {
        lim_revision row = {.seq = ++seq,
                            .message = "",
                            .reversible = true,
                            .checksum = "",
                            .upgrade_transactional = true,
                            .downgrade_transactional = true};
        if (!(row.id = fixture_word(f, &text, ":<[;")) ||
            !lim_ledger_add_revision(&f->cx, &f->ledger, &row)) {
            return false;
        }
        while (*text == ':' || *text == '<' || *text == '[') {
            char opening = *text;
            int32_t ordinal = 0;
            do {
                text++;
                const char *word = fixture_word(f, &text, ",:<[];");
                if (!word) {
                    return false;
                }
                if (opening == '[') {
                    lim_label label = {word, row.id, ordinal++};
                    if (!lim_ledger_add_label(&f->cx, &f->ledger, &label)) {
                        return false;
                    }
                } else {
                    lim_edge edge = {row.id, word,
                                     opening == ':' ? LIM_DOWN_REVISION : LIM_DEPENDS_ON,
                                     ordinal++};
                    if (!lim_ledger_add_edge(&f->cx, &f->ledger, &edge)) {
                        return false;
                    }
                }
            } while (*text == ',');
            text += *text == ']';
        }
        text += *text == ';';
    }
    return true;
}

static inline bool fixture_versions(fixture *f, const char *rows) {
    lim_list list = {0};
    if (!lim_list_split(&f->cx, rows, &list)) {
        return false;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        if (!lim_ledger_add_version(&f->cx, &f->ledger,
                                    &(lim_version){.version_num = list.items[i]})) {
            return false;
        }
    }
    return true;
}

/* Builds graph and state. False: see f->cx.error. */
static inline bool fixture_build(fixture *f, const char *graph, const char *rows) {
    return fixture_rows(f, graph) && fixture_versions(f, rows) &&
           (f->g = lim_graph_build(&f->cx, &f->ledger, NULL)) != NULL &&
           lim_state_build(&f->cx, f->g, &f->ledger, &f->state);
}

/* A node list as text, joined by blanks. */
static inline const char *fixture_ids(fixture *f, lim_nodes nodes) {
    lim_text t = {.cx = &f->cx};
    for (uint32_t i = 0; i < nodes.count; i++) {
        lim_text_addf(&t, "%s%s", i ? " " : "", lim_id(f->g, nodes.node[i]));
    }
    return lim_text_end(&t);
}

/* The steps of a plan: `ccc1 ddd1 -> ddd1, ddd2`; for a stamp its changes. */
static inline const char *fixture_plan(fixture *f, const lim_plan *plan) {
    lim_text t = {.cx = &f->cx};
    for (uint32_t i = 0; i < plan->step_count; i++) {
        lim_node n = plan->steps[i].node;
        lim_text_addf(&t, "%s ", n == LIM_NONE ? "?" : lim_id(f->g, n));
    }
    lim_text_addf(&t, "-> %s", plan->to);
    return lim_text_end(&t);
}

#endif
