/*
** world.h - a ledger in memory for the tests of storing revisions
**
** What a call hands back is written into the world as a host would write it, and the next call sees
** it. FAILS() checks an error's words and clears it; HINT() and DETAIL() look at it afterwards.
*/
#ifndef LIM_TEST_WORLD_H
#define LIM_TEST_WORLD_H

#include <stdio.h>

#include "memory.h"

#include "author.h"
#include "checksum.h"
#include "graph.h"
#include "script.h"

enum { MANY = 12000 };

typedef struct world {
    test_memory memory;
    lim_context cx;
    lim_dialect dialect;
    lim_ledger ledger;
    lim_stored *bodies; /* by row of ledger.revisions */
    lim_graph *g;
    lim_state state;
    lim_record record; /* of the last call */
    lim_load load;     /* of the last load */
    const char *summary;
    const char *wrong; /* what can't be read of the stored rows */
} world;

/* Builds graph and state anew. False: out of memory. */
static inline bool look(world *w) {
    w->g = lim_graph_build(&w->cx, &w->ledger, NULL);
    return w->g != NULL && lim_state_build(&w->cx, w->g, &w->ledger, &w->state);
}

/* fail_at: the allocation that fails, from 1; 0: none. */
static inline bool begin(world *w, size_t fail_at) {
    memset(w, 0, sizeof *w);
    test_begin(&w->cx, &w->memory);
    w->memory.fail_at = fail_at;
    w->bodies = LIM_NEW(&w->cx, lim_stored, MANY);
    return w->bodies != NULL && look(w);
}

static inline void end(world *w) {
    test_end(&w->cx, &w->memory);
}

/* Drops a revision's edges and labels. */
static inline void drop_links(lim_ledger *l, const char *id) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->edge_count; i++) {
        if (strcmp(l->edges[i].revision, id) != 0)
            l->edges[kept++] = l->edges[i];
    }
    l->edge_count = kept;
    kept = 0;
    for (uint32_t i = 0; i < l->label_count; i++) {
        if (strcmp(l->labels[i].revision, id) != 0)
            l->labels[kept++] = l->labels[i];
    }
    l->label_count = kept;
}

/* Writes a record as a host does. */
static inline bool write_record(world *w, const lim_record *r) {
    lim_context *cx = &w->cx;
    lim_ledger *l = &w->ledger;
    uint32_t at = 0;
    if (r->outcome == LIM_UNCHANGED)
        return true;
    while (at < l->revision_count && strcmp(l->revisions[at].id, r->id) != 0)
        at++;
    lim_revision row = {.seq = at + 1,
                        .id = r->id,
                        .message = r->message,
                        .upgrade_transactional = r->upgrade_transactional,
                        .downgrade_transactional = r->downgrade_transactional,
                        .reversible = r->downgrade.text != NULL,
                        .has_script = r->script.text != NULL,
                        .checksum = lim_copy_string(cx, r->checksum)};
    if (row.checksum == NULL)
        return false;
    if (r->outcome == LIM_NEW) {
        assert_int_equal(at, l->revision_count);
        assert_true(at < MANY);
        if (!lim_ledger_add_revision(cx, l, &row))
            return false;
    } else {
        assert_true(at < l->revision_count);
        l->revisions[at] = row;
        drop_links(l, r->id);
    }
    w->bodies[at] = (lim_stored){NULL, r->upgrade, r->downgrade, r->script};
    for (uint32_t i = 0; i < r->down_revision.count; i++) {
        lim_edge edge = {r->id, r->down_revision.items[i], LIM_DOWN_REVISION, (int32_t)i};
        if (!lim_ledger_add_edge(cx, l, &edge))
            return false;
    }
    for (uint32_t i = 0; i < r->depends_on.count; i++) {
        lim_edge edge = {r->id, r->depends_on.items[i], LIM_DEPENDS_ON, (int32_t)i};
        if (!lim_ledger_add_edge(cx, l, &edge))
            return false;
    }
    for (uint32_t i = 0; i < r->branch_labels.count; i++) {
        lim_label label = {r->branch_labels.items[i], r->id, (int32_t)i};
        if (!lim_ledger_add_label(cx, l, &label))
            return false;
    }
    return true;
}

static inline lim_stored stored(const world *w, const char *id) {
    lim_node n = lim_find_id(w->g, id);
    assert_true(n != LIM_NONE);
    lim_stored s = w->bodies[n];
    s.row = &w->g->revisions[n];
    return s;
}

static inline lim_bytes bytes(const char *text) {
    return (lim_bytes){text, text == NULL ? 0 : strlen(text)};
}

/* One call of migrate_revision(); the arguments are those of API.md. */
typedef struct arguments {
    const char *message, *upgrade, *downgrade, *rev_id, *head;
    bool splice;
    const char *branch_label, *depends_on, *random_id;
} arguments;

static inline bool try_revision(world *w, arguments a) {
    lim_revision_request request = {.message = a.message,
                                    .upgrade = bytes(a.upgrade),
                                    .downgrade = bytes(a.downgrade),
                                    .rev_id = a.rev_id,
                                    .head = a.head,
                                    .splice = a.splice,
                                    .branch_label = a.branch_label,
                                    .depends_on = a.depends_on,
                                    .random_id = a.random_id};
    lim_stored existing;
    if (a.rev_id != NULL && lim_find_id(w->g, a.rev_id) != LIM_NONE) {
        existing = stored(w, a.rev_id);
        request.existing = &existing;
    }
    return lim_author_revision(&w->cx, w->dialect, &w->ledger, w->g, &request, &w->record) &&
           write_record(w, &w->record) && look(w);
}

static inline bool try_merge(world *w, const char *revisions, arguments a) {
    lim_revision_request request = {.message = a.message,
                                    .rev_id = a.rev_id,
                                    .branch_label = a.branch_label,
                                    .random_id = a.random_id};
    return lim_author_merge(&w->cx, w->dialect, &w->ledger, w->g, revisions, &request,
                            &w->record) &&
           write_record(w, &w->record) && look(w);
}

static inline bool try_edit(world *w, const char *id, const char *upgrade, const char *downgrade,
                            const char *message) {
    lim_revision_request request = {
        .message = message, .upgrade = bytes(upgrade), .downgrade = bytes(downgrade)};
    lim_stored s = stored(w, id);
    return lim_author_edit(&w->cx, w->dialect, &w->ledger, w->g, &w->state, &s, &request,
                           &w->record) &&
           write_record(w, &w->record) && look(w);
}

static inline bool try_files(world *w, const lim_file *files, uint32_t count, bool directory,
                             const char *random_id) {
    if (!lim_author_load(&w->cx, w->dialect, &w->ledger, w->g, &w->state, files, count, directory,
                         random_id, &w->load))
        return false;
    for (uint32_t i = 0; i < w->load.count; i++) {
        lim_record *r = &w->load.records[i];
        lim_stored s;
        if (r->same &&
            (s = stored(w, r->id), !lim_load_compare(&w->cx, w->dialect, w->g, r, &s, w->wrong)))
            return false;
    }
    w->summary = lim_load_summary(&w->cx, &w->load);
    for (uint32_t i = 0; w->summary != NULL && i < w->load.count; i++) {
        if (!write_record(w, &w->load.records[i]))
            return false;
    }
    return w->summary != NULL && look(w);
}

static inline bool try_file(world *w, const char *name, const char *text) {
    lim_file file = {name, text, strlen(text)};
    return try_files(w, &file, 1, false, "0123456789ab");
}

/* A directory given as name, text, name, text, ..., NULL. */
static inline bool try_directory(world *w, const char *name, ...) {
    lim_file files[32];
    uint32_t count = 0;
    va_list args;
    va_start(args, name);
    for (; name != NULL; name = va_arg(args, const char *)) {
        const char *text = va_arg(args, const char *);
        files[count++] = (lim_file){name, text, strlen(text)};
    }
    va_end(args);
    return try_files(w, files, count, true, NULL);
}

static inline bool apply(world *w, const char *rows) {
    lim_list names;
    if (!lim_list_split(&w->cx, rows, &names))
        return false;
    w->ledger.version_count = 0;
    for (uint32_t i = 0; i < names.count; i++) {
        lim_version row = {.version_num = names.items[i]};
        if (!lim_ledger_add_version(&w->cx, &w->ledger, &row))
            return false;
    }
    return look(w);
}

#define REVISION(w, ...)         try_revision((w), (arguments){__VA_ARGS__})
#define MERGE(w, revisions, ...) try_merge((w), (revisions), (arguments){__VA_ARGS__})

static inline void worked(world *w, bool result) {
    if (!result)
        print_error("%s\n", w->cx.error.message);
    assert_true(result);
}

#define OK(w, call) worked((w), (call))

static inline void failed(world *w, bool result, lim_error_code code, const char *message) {
    assert_false(result);
    assert_non_null(w->cx.error.message);
    assert_string_equal(w->cx.error.message, message);
    assert_int_equal(w->cx.error.code, code);
}

/* The call fails with this message; the hint and detail stay to be looked at by hint() and
 * detail(). */
#define FAILS(w, call, code, message)           \
    do {                                        \
        (w)->cx.error = (lim_error){0};         \
        failed((w), (call), (code), (message)); \
        last_error = (w)->cx.error;             \
        (w)->cx.error = (lim_error){0};         \
    } while (0)

static lim_error last_error;

#define HINT(text)   assert_string_equal(last_error.hint, (text))
#define DETAIL(text) assert_string_equal(last_error.detail, (text))

static inline void joined(world *w, const lim_list *list, const char *expected) {
    const char *text = lim_list_join(&w->cx, list);
    assert_string_equal(text != NULL ? text : "", expected);
}

#define PARENTS(w, text) joined((w), &(w)->record.down_revision, (text))
#define DEPENDS(w, text) joined((w), &(w)->record.depends_on, (text))

static inline void body_is(lim_bytes body, const char *expected) {
    if (expected == NULL) {
        assert_null(body.text);
    } else {
        assert_non_null(body.text);
        assert_int_equal(body.length, strlen(expected));
        assert_memory_equal(body.text, expected, body.length);
    }
}

/* The stored revision's file. */
static inline const char *script_of(world *w, const char *id) {
    lim_stored s = stored(w, id);
    size_t length = 0;
    const char *text = lim_stored_script(&w->cx, w->g, &s, &length);
    assert_non_null(text);
    return lim_copy(&w->cx, text, length);
}

/* The rows of the ledger say what the revision's file says. */
static inline void sound(world *w, const char *id) {
    lim_stored s = stored(w, id);
    const char *problem = NULL;
    bool ok = lim_stored_verify(&w->cx, w->dialect, w->g, &s, &problem);
    if (!ok)
        print_error("%s: %s\n", id, problem != NULL ? problem : w->cx.error.message);
    assert_true(ok);
}

static inline void all_sound(world *w) {
    for (lim_node n = 0; n < w->g->count; n++)
        sound(w, lim_id(w->g, n));
}

/* base -> r1 -> { a1 [accounts], b1 [billing] } */
static inline bool fork_world(world *w) {
    return REVISION(w, .message = "start", .upgrade = "CREATE TABLE t (a);", .rev_id = "r1") &&
           REVISION(w, .message = "accounts", .rev_id = "a1", .branch_label = "accounts") &&
           REVISION(w, .message = "billing", .rev_id = "b1", .head = "r1", .splice = true,
                    .branch_label = "billing");
}

/* Goes on after a failure that is expected, unless memory was out. */
static inline bool refused(world *w, bool result) {
    bool ok = !result && w->cx.error.code != LIM_NOMEM;
    if (ok)
        w->cx.error = (lim_error){0};
    return ok;
}

/* Tells the story with the n-th allocation failing, for every n: it ends early with LIM_NOMEM. */
static inline void survive(bool (*story)(world *)) {
    for (size_t n = 1;; n++) {
        world w;
        bool told = begin(&w, n) && (w.dialect = LIM_POSTGRES, story(&w));
        bool met = w.memory.asked >= n;
        if (!told)
            assert_int_equal(w.cx.error.code, LIM_NOMEM);
        end(&w);
        if (!met) {
            assert_true(told);
            assert_true(n > 1);
            return;
        }
    }
}

/* Files in short. */
#define UP(body)            "-- migrate:up\n" body "\n"
#define HEADER(name, value) "-- migrate:" name " " value "\n"

#endif
