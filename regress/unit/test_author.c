/*
** test_author.c - storing revisions by calls and from files
**
** A world is a ledger in memory: what a call hands back is written into it as a host would, and the
** next call sees it.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "author.h"
#include "checksum.h"
#include "graph.h"
#include "script.h"

/* ---- a world ------------------------------------------------------------------------------- */

typedef struct memory {
    long fail_at; /* the allocation that fails, from 1; 0: none */
    long count;
} memory;

static void *take_memory(void *host, size_t size) {
    memory *m = host;
    m->count++;
    return m->count == m->fail_at ? NULL : malloc(size);
}

static void give_memory(void *host, void *block) {
    (void)host;
    free(block);
}

enum { MANY = 12000 };

typedef struct world {
    memory memory;
    lim_context cx;
    lim_dialect dialect;
    lim_ledger ledger;
    lim_stored *bodies; /* by row of ledger.revisions */
    lim_graph *g;
    lim_state state;
    lim_record record; /* of the last call */
    lim_load load;     /* of the last load */
} world;

/* Builds graph and state anew. False: out of memory. */
static bool look(world *w) {
    w->g = lim_graph_build(&w->cx, &w->ledger, NULL);
    return w->g != NULL && lim_state_build(&w->cx, w->g, &w->ledger, &w->state);
}

static bool begin(world *w, long fail_at) {
    memset(w, 0, sizeof *w);
    w->memory.fail_at = fail_at;
    lim_allocator allocator = {take_memory, give_memory, &w->memory};
    lim_context_begin(&w->cx, &allocator);
    w->bodies = LIM_NEW(&w->cx, lim_stored, MANY);
    return w->bodies != NULL && look(w);
}

static void end(world *w) {
    lim_context_end(&w->cx);
}

/* Drops a revision's edges and labels. */
static void drop_links(lim_ledger *l, const char *id) {
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
static bool write_record(world *w, const lim_record *r) {
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

static lim_stored stored(const world *w, const char *id) {
    lim_node n = lim_find_id(w->g, id);
    assert_true(n != LIM_NONE);
    lim_stored s = w->bodies[n];
    s.row = &w->g->revisions[n];
    return s;
}

static lim_bytes bytes(const char *text) {
    return (lim_bytes){text, text == NULL ? 0 : strlen(text)};
}

/* One call of migrate_revision(); the arguments are those of API.md. */
typedef struct arguments {
    const char *message, *upgrade, *downgrade, *rev_id, *head;
    bool splice;
    const char *branch_label, *depends_on, *random_id;
} arguments;

static bool try_revision(world *w, arguments a) {
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

static bool try_merge(world *w, const char *revisions, arguments a) {
    lim_revision_request request = {.message = a.message,
                                    .rev_id = a.rev_id,
                                    .branch_label = a.branch_label,
                                    .random_id = a.random_id};
    return lim_author_merge(&w->cx, w->dialect, &w->ledger, w->g, revisions, &request,
                            &w->record) &&
           write_record(w, &w->record) && look(w);
}

static bool try_edit(world *w, const char *id, const char *upgrade, const char *downgrade,
                     const char *message) {
    lim_revision_request request = {
        .message = message, .upgrade = bytes(upgrade), .downgrade = bytes(downgrade)};
    lim_stored s = stored(w, id);
    return lim_author_edit(&w->cx, w->dialect, w->g, &w->state, &s, &request, &w->record) &&
           write_record(w, &w->record) && look(w);
}

static bool try_files(world *w, const lim_file *files, uint32_t count, bool directory,
                      const char *random_id) {
    if (!lim_author_load(&w->cx, w->dialect, &w->ledger, w->g, &w->state, files, count, directory,
                         random_id, &w->load))
        return false;
    for (uint32_t i = 0; i < w->load.count; i++) {
        if (!write_record(w, &w->load.records[i]))
            return false;
    }
    return look(w);
}

static bool try_file(world *w, const char *name, const char *text) {
    lim_file file = {name, text, strlen(text)};
    return try_files(w, &file, 1, false, "0123456789ab");
}

/* A directory given as name, text, name, text, ..., NULL. */
static bool try_directory(world *w, const char *name, ...) {
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

static bool apply(world *w, const char *rows) {
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

static void worked(world *w, bool result) {
    if (!result)
        print_error("%s\n", w->cx.error.message);
    assert_true(result);
}

#define OK(w, call) worked((w), (call))

static void failed(world *w, bool result, lim_error_code code, const char *message) {
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

static void joined(world *w, const lim_list *list, const char *expected) {
    const char *text = lim_list_join(&w->cx, list);
    assert_string_equal(text != NULL ? text : "", expected);
}

#define PARENTS(w, text) joined((w), &(w)->record.down_revision, (text))
#define DEPENDS(w, text) joined((w), &(w)->record.depends_on, (text))

static void body_is(lim_bytes body, const char *expected) {
    if (expected == NULL) {
        assert_null(body.text);
    } else {
        assert_non_null(body.text);
        assert_int_equal(body.length, strlen(expected));
        assert_memory_equal(body.text, expected, body.length);
    }
}

/* The stored revision's file. */
static const char *script_of(world *w, const char *id) {
    lim_stored s = stored(w, id);
    size_t length = 0;
    const char *text = lim_stored_script(&w->cx, w->g, &s, &length);
    assert_non_null(text);
    return lim_copy(&w->cx, text, length);
}

/* The rows of the ledger say what the revision's file says. */
static void sound(world *w, const char *id) {
    lim_stored s = stored(w, id);
    const char *problem = NULL;
    bool ok = lim_stored_verify(&w->cx, w->dialect, w->g, &s, &problem);
    if (!ok)
        print_error("%s: %s\n", id, problem != NULL ? problem : w->cx.error.message);
    assert_true(ok);
}

static void all_sound(world *w) {
    for (lim_node n = 0; n < w->g->count; n++)
        sound(w, lim_id(w->g, n));
}

/* base -> r1 -> { a1 [accounts], b1 [billing] } */
static bool fork_world(world *w) {
    return REVISION(w, .message = "start", .upgrade = "CREATE TABLE t (a);", .rev_id = "r1") &&
           REVISION(w, .message = "accounts", .rev_id = "a1", .branch_label = "accounts") &&
           REVISION(w, .message = "billing", .rev_id = "b1", .head = "r1", .splice = true,
                    .branch_label = "billing");
}

/* ---- calls ---------------------------------------------------------------------------------- */

static void a_revision_follows_the_head(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, REVISION(&w, .message = "create t", .upgrade = "CREATE TABLE t (a);",
                    .downgrade = "DROP TABLE t;", .random_id = "0123456789ab"));
    assert_string_equal(w.record.id, "0123456789ab");
    assert_string_equal(w.record.message, "create t");
    assert_string_equal(w.record.from_version, "base");
    assert_int_equal(w.record.outcome, LIM_NEW);
    assert_null(w.record.script.text);
    assert_true(w.record.upgrade_transactional && w.record.downgrade_transactional);
    PARENTS(&w, "");
    OK(&w, REVISION(&w, .rev_id = "r2"));
    PARENTS(&w, "0123456789ab");
    assert_string_equal(w.record.from_version, "0123456789ab");
    assert_string_equal(w.record.message, "");
    body_is(w.record.upgrade, "");
    body_is(w.record.downgrade, NULL);
    OK(&w, REVISION(&w, .rev_id = "r3", .head = "base", .downgrade = ""));
    PARENTS(&w, "");
    body_is(w.record.downgrade, "");
    all_sound(&w);
    end(&w);
}

static void the_file_of_a_call_is_the_one_that_was_hashed(void **unused) {
    (void)unused;
    world w;
    char checksum[LIM_CHECKSUM_SIZE];
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .message = "all of it", .upgrade = "SELECT 1;", .downgrade = "SELECT 2;",
                    .rev_id = "m1", .head = "b1, a1", .branch_label = "z, y",
                    .depends_on = "r1 billing"));
    const char *text = script_of(&w, "m1");
    assert_string_equal(text, "-- migrate:revision m1\n"
                              "-- migrate:message all of it\n"
                              "-- migrate:down_revision b1, a1\n"
                              "-- migrate:depends_on r1, b1\n"
                              "-- migrate:branch_label z, y\n"
                              "-- migrate:up\n"
                              "SELECT 1;\n"
                              "-- migrate:down\n"
                              "SELECT 2;\n");
    lim_checksum(text, strlen(text), checksum);
    assert_string_equal(checksum, w.record.checksum);
    assert_string_equal(w.record.from_version, "b1, a1");
    all_sound(&w);
    end(&w);
}

static void a_body_stays_as_typed(void **unused) {
    (void)unused;
    static const char *const typed[][2] = {
        {"SELECT 1;", "SELECT 1;"},
        {"SELECT 1;\n", "SELECT 1;\n"},
        {"\n  SELECT 1;\n\n\n", "\n  SELECT 1;\n"},
        {"\n\n", ""},
        {"-- only a comment", "-- only a comment"},
        {"SELECT 'a\r\nb';\r\n", "SELECT 'a\nb';\n"},
        {"INSERT INTO t VALUES ('\n-- migrate:down\n');",
         "INSERT INTO t VALUES ('\n-- migrate:down\n');"},
        {"\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9"},
    };
    world w;
    assert_true(begin(&w, 0));
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        const char *id = lim_format(&w.cx, "r%zu", i);
        OK(&w, REVISION(&w, .rev_id = id, .upgrade = typed[i][0], .downgrade = typed[i][0]));
        lim_stored s = stored(&w, id);
        size_t shown = strlen(typed[i][1]);
        while (shown > 0 && typed[i][1][shown - 1] == '\n')
            shown--;
        assert_true(s.upgrade.length >= shown && s.upgrade.length <= strlen(typed[i][1]) + 1);
        assert_memory_equal(s.upgrade.text, typed[i][1], shown);
        assert_int_equal(s.upgrade.length, s.downgrade.length);
        sound(&w, id);
    }
    end(&w);
}

static void what_is_no_text_is_refused(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    FAILS(&w, REVISION(&w, .rev_id = "r1", .upgrade = "SELECT\n '\xE9';"), LIM_INVALID,
          "revision \"r1\": the upgrade, line 2, column 3: invalid UTF-8");
    FAILS(&w, REVISION(&w, .rev_id = "r1", .downgrade = "\xFF"), LIM_INVALID,
          "revision \"r1\": the downgrade, line 1, column 1: invalid UTF-8");
    FAILS(&w, REVISION(&w, .rev_id = "r1", .message = "caf\xE9"), LIM_INVALID,
          "revision \"r1\": the message \"caf\\xe9\" is not valid UTF-8");
    FAILS(&w, REVISION(&w, .rev_id = "r1", .message = "one\ntwo"), LIM_INVALID,
          "revision \"r1\": the message \"one\\ntwo\" holds a line break or a control character");
    HINT("A message is one line of text.");
    lim_revision_request request = {.rev_id = "r1", .upgrade = {"SELECT\0 1;", 10}};
    FAILS(&w, lim_author_revision(&w.cx, w.dialect, &w.ledger, w.g, &request, &w.record),
          LIM_INVALID, "revision \"r1\": the upgrade, line 1, column 7: a NUL byte");
    request.upgrade.length = (size_t)LIM_SIZE_LIMIT + 1;
    FAILS(&w, lim_author_revision(&w.cx, w.dialect, &w.ledger, w.g, &request, &w.record),
          LIM_TOO_BIG,
          "revision \"r1\": the upgrade has 67108865 bytes, more than the 67108864 that a body "
          "may have");
    OK(&w, REVISION(&w, .rev_id = "r1", .message = "  padded\t"));
    assert_string_equal(w.record.message, "padded");
    end(&w);
}

static void ids_follow_the_rules(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    static const char *const bad[] = {"",     "a@b",  "a+b", "a:b",     "a,b",  "a b",
                                      "head", "base", "-3",  "current", "none", "heads"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(REVISION(&w, .rev_id = bad[i]));
        assert_int_equal(w.cx.error.code, LIM_INVALID);
        w.cx.error = (lim_error){0};
    }
    FAILS(&w, REVISION(&w, .rev_id = "a@b"), LIM_INVALID,
          "character(s) '@' not allowed in revision identifier 'a@b'");
    FAILS(&w, REVISION(&w, .rev_id = "r1", .branch_label = "ok head"), LIM_INVALID,
          "branch label identifier 'head' is a word with a meaning of its own");
    FAILS(&w, REVISION(&w, .message = "no id"), LIM_INVALID, "a revision needs an id");
    OK(&w, REVISION(&w, .rev_id = "2024-01-05_a"));
    end(&w);
}

static void a_name_is_one_revisions(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1", .branch_label = "billing"), LIM_DUPLICATE,
          "branch name 'billing' in revision x already used by revision b1");
    HINT("Ids and branch labels are one set of names: choose another.");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1", .branch_label = "r1"), LIM_DUPLICATE,
          "branch name 'r1' in revision x already used by revision r1");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1", .branch_label = "x"), LIM_DUPLICATE,
          "branch name 'x' in revision x already used by revision x");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1", .branch_label = "q, q"), LIM_DUPLICATE,
          "branch name 'q' in revision x already used by revision x");
    FAILS(&w, REVISION(&w, .rev_id = "billing", .head = "a1"), LIM_DUPLICATE,
          "branch name 'billing' in revision b1 already used by revision billing");
    end(&w);
}

static void no_name_reads_as_a_step_from_another(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    FAILS(&w, REVISION(&w, .rev_id = "r1-2", .head = "a1"), LIM_INVALID,
          "revision \"r1-2\" reads as a step down from \"r1\"");
    HINT("Rename one of the two: a hyphen and digits after a name count steps down from it.");
    FAILS(&w, REVISION(&w, .rev_id = "billing-12", .head = "a1"), LIM_INVALID,
          "revision \"billing-12\" reads as a step down from \"billing\"");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1", .branch_label = "r1-1"), LIM_INVALID,
          "branch label \"r1-1\" reads as a step down from \"r1\"");
    OK(&w, REVISION(&w, .rev_id = "rel-7", .head = "a1"));
    FAILS(&w, REVISION(&w, .rev_id = "rel", .head = "rel-7"), LIM_INVALID,
          "revision \"rel-7\" reads as a step down from \"rel\"");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "rel-7", .branch_label = "rel"), LIM_INVALID,
          "revision \"rel-7\" reads as a step down from \"rel\"");
    OK(&w, REVISION(&w, .rev_id = "rel-7a", .head = "rel-7"));
    OK(&w, REVISION(&w, .rev_id = "2024-01-05", .head = "rel-7a"));
    end(&w);
}

static void the_head_must_be_one(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    FAILS(&w, REVISION(&w, .rev_id = "x"), LIM_AMBIGUOUS,
          "multiple heads are present; please specify the head revision on which the new revision "
          "should be based, or perform a merge");
    FAILS(
        &w, REVISION(&w, .rev_id = "x", .head = "r1"), LIM_STATE,
        "revision r1 is not a head revision; please specify splice => true to create a new branch "
        "from this revision");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1, accounts"), LIM_INVALID,
          "duplicate head revisions specified");
    DETAIL("Revision \"a1\" is named more than once.");
    assert_false(REVISION(&w, .rev_id = "x", .head = "nobody"));
    w.cx.error = (lim_error){0};
    OK(&w, REVISION(&w, .rev_id = "a2", .head = "accounts@head"));
    PARENTS(&w, "a1");
    OK(&w, REVISION(&w, .rev_id = "x", .head = "r1", .splice = true));
    PARENTS(&w, "r1");
    OK(&w, REVISION(&w, .rev_id = "y", .head = "a2 b1"));
    PARENTS(&w, "a2, b1");
    all_sound(&w);
    end(&w);
}

static void a_revision_that_is_only_depended_on_is_a_head(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .rev_id = "b2", .head = "b1", .depends_on = "a1"));
    OK(&w, REVISION(&w, .rev_id = "a2", .head = "a1"));
    PARENTS(&w, "a1");
    end(&w);
}

static void dependencies_are_stored_as_ids_once(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .rev_id = "b2", .head = "b1"));
    OK(&w, REVISION(&w, .rev_id = "a2", .head = "a1", .depends_on = "billing@head, r1, b2 b1 r1"));
    DEPENDS(&w, "b2, r1, b1");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a2", .depends_on = "x"), LIM_INVALID,
          "dependency self-loop is detected in revisions (x)");
    HINT("A revision can't depend on itself.");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a2", .branch_label = "q", .depends_on = "q"),
          LIM_INVALID, "dependency self-loop is detected in revisions (x)");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a2", .depends_on = "base"), LIM_INVALID,
          "'base' is not a revision");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a2", .depends_on = "zzzz"), LIM_UNDEFINED,
          "can't locate revision identified by 'zzzz'");
    end(&w);
}

static void the_same_revision_again_changes_nothing(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    for (int again = 0; again < 2; again++) {
        lim_outcome expected = again ? LIM_UNCHANGED : LIM_NEW;
        OK(&w, REVISION(&w, .message = "start", .upgrade = "SELECT 1;", .rev_id = "r1"));
        assert_int_equal(w.record.outcome, expected);
        OK(&w, REVISION(&w, .rev_id = "r2", .branch_label = "main", .depends_on = "r1"));
        assert_int_equal(w.record.outcome, expected);
        PARENTS(&w, "r1");
        OK(&w, REVISION(&w, .rev_id = "r3", .head = "main@head", .branch_label = "more"));
        assert_int_equal(w.record.outcome, expected);
        OK(&w, REVISION(&w, .rev_id = "r4", .head = "r3"));
        assert_int_equal(w.record.outcome, expected);
        OK(&w, REVISION(&w, .rev_id = "s1", .head = "base", .downgrade = ""));
        assert_int_equal(w.record.outcome, expected);
        OK(&w, MERGE(&w, "heads", .rev_id = "m1"));
        assert_int_equal(w.record.outcome, expected);
        PARENTS(&w, "r4, s1");
    }
    assert_int_equal(w.ledger.revision_count, 6);
    all_sound(&w);
    end(&w);
}

static void another_revision_of_an_id_is_refused(void **unused) {
    (void)unused;
    world w;
    static const char message[] = "revision \"r2\" already exists";
    assert_true(begin(&w, 0));
    OK(&w, REVISION(&w, .rev_id = "r1"));
    OK(&w, REVISION(&w, .message = "two", .upgrade = "SELECT 1;", .rev_id = "r2"));
    FAILS(&w, REVISION(&w, .message = "two", .upgrade = "SELECT 2;", .rev_id = "r2"), LIM_DUPLICATE,
          message);
    DETAIL("It has another body.");
    HINT("Give the new revision another id, or change this one with migrate_edit as long as it is "
         "not applied.");
    FAILS(&w, REVISION(&w, .message = "2", .upgrade = "SELECT 1;", .rev_id = "r2"), LIM_DUPLICATE,
          message);
    DETAIL("It has another message.");
    FAILS(&w,
          REVISION(&w, .message = "two", .upgrade = "SELECT 1;", .rev_id = "r2", .head = "base"),
          LIM_DUPLICATE, message);
    DETAIL("It has another down_revision.");
    FAILS(&w,
          REVISION(&w, .message = "two", .upgrade = "SELECT 1;", .rev_id = "r2", .head = "r1",
                   .branch_label = "q", .depends_on = "r1"),
          LIM_DUPLICATE, message);
    DETAIL("It has another depends_on, branch_label.");
    FAILS(&w, REVISION(&w, .rev_id = "r2", .depends_on = "r2"), LIM_INVALID,
          "dependency self-loop is detected in revisions (r2)");
    end(&w);
}

static void a_file_and_a_call_can_say_the_same(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "001_start.sql", "-- a comment\n-- migrate:up\nSELECT 1;\n"));
    OK(&w, REVISION(&w, .rev_id = "001", .message = "start", .upgrade = "SELECT 1;\n"));
    assert_int_equal(w.record.outcome, LIM_UNCHANGED);
    FAILS(&w, REVISION(&w, .rev_id = "001", .message = "start", .upgrade = "SELECT 2;\n"),
          LIM_DUPLICATE, "revision \"001\" already exists");
    OK(&w, REVISION(&w, .rev_id = "r2", .message = "by call", .upgrade = "SELECT 2;"));
    OK(&w, try_file(&w, NULL, script_of(&w, "r2")));
    assert_string_equal(w.load.summary, "0 new, 0 replaced, 1 unchanged");
    end(&w);
}

static void a_merge_needs_heads(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    FAILS(&w, MERGE(&w, "heads", .rev_id = "m1"), LIM_INVALID,
          "a merge needs two or more revisions; none is named");
    OK(&w, REVISION(&w, .rev_id = "r0"));
    FAILS(&w, MERGE(&w, "heads", .rev_id = "m1"), LIM_INVALID,
          "a merge needs two or more revisions; only \"r0\" is named");
    HINT("Name two heads or more, separated by commas, or write 'heads' for all of them; "
         "migrate_heads() lists them.");
    OK(&w, fork_world(&w));
    FAILS(&w, MERGE(&w, "r1, b1", .rev_id = "m1"), LIM_STATE, "revision r1 is not a head revision");
    HINT("To merge what is not a head, write migrate_revision(\xE2\x80\xA6, head => 'r1, b1', "
         "splice "
         "=> true).");
    FAILS(&w, MERGE(&w, "a1, a1", .rev_id = "m1"), LIM_INVALID,
          "duplicate head revisions specified");
    OK(&w, MERGE(&w, "heads", .rev_id = "m1", .branch_label = "joined"));
    PARENTS(&w, "a1, b1");
    assert_string_equal(w.record.message, "merge a1, b1");
    body_is(w.record.upgrade, "");
    body_is(w.record.downgrade, "");
    OK(&w, REVISION(&w, .rev_id = "s1", .head = "base"));
    OK(&w, MERGE(&w, NULL, .message = "together", .random_id = "abcdefabcdef"));
    assert_string_equal(w.record.id, "abcdefabcdef");
    assert_string_equal(w.record.message, "together");
    PARENTS(&w, "m1, s1");
    OK(&w, REVISION(&w, .rev_id = "x", .head = "r1 s1", .splice = true));
    all_sound(&w);
    end(&w);
}

static void merging_the_heads_leaves_what_is_depended_on(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .rev_id = "b2", .head = "b1", .depends_on = "a1"));
    FAILS(&w, MERGE(&w, "heads", .rev_id = "m1"), LIM_INVALID,
          "a merge needs two or more revisions; only \"b2\" is named");
    OK(&w, MERGE(&w, "a1, b2", .rev_id = "m1"));
    end(&w);
}

static void what_needs_autocommit_is_marked_on_postgres(void **unused) {
    (void)unused;
    static const char body[] = "CREATE INDEX CONCURRENTLY i ON t (a);";
    world w;
    assert_true(begin(&w, 0));
    OK(&w, REVISION(&w, .rev_id = "s1", .upgrade = body));
    assert_true(w.record.upgrade_transactional && !w.record.marked);
    w.dialect = LIM_POSTGRES;
    OK(&w, REVISION(&w, .rev_id = "p1", .upgrade = body, .downgrade = "SELECT 1;"));
    assert_true(!w.record.upgrade_transactional && w.record.downgrade_transactional);
    assert_true(w.record.marked);
    assert_non_null(strstr(script_of(&w, "p1"), "-- migrate:up transaction:false\n"));
    sound(&w, "p1");
    OK(&w, REVISION(&w, .rev_id = "p2", .downgrade = "DROP INDEX CONCURRENTLY i;"));
    assert_true(w.record.upgrade_transactional && !w.record.downgrade_transactional);
    assert_true(w.record.marked);
    sound(&w, "p2");
    OK(&w, try_directory(&w, "007_i.sql", "-- migrate:up\nCREATE INDEX CONCURRENTLY j ON t (a);\n",
                         "008_j.sql", "-- migrate:up transaction:false\nVACUUM;\n", "009_k.sql",
                         "-- migrate:up\nVACUUM;\n-- migrate:down\n", "010_l.sql",
                         "-- migrate:up\nSELECT 1;\n", NULL));
    assert_string_equal(w.load.summary,
                        "4 new, 0 replaced, 0 unchanged; marked transaction:false: 007, 009");
    assert_false(w.load.records[0].upgrade_transactional);
    assert_false(w.load.records[1].upgrade_transactional);
    assert_true(w.load.records[3].upgrade_transactional);
    assert_null(strstr(script_of(&w, "007"), "transaction:false"));
    all_sound(&w);
    end(&w);
}

/* ---- what is stored -------------------------------------------------------------------------- */

static const char *problem_of(world *w, const lim_stored *s) {
    const char *problem = NULL;
    assert_false(lim_stored_verify(&w->cx, w->dialect, w->g, s, &problem));
    assert_int_equal(w->cx.error.code, LIM_OK);
    assert_non_null(problem);
    return problem;
}

static void tampering_is_told(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, REVISION(&w, .rev_id = "c1", .upgrade = "SELECT 1;"));
    OK(&w, try_file(&w, "f1.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"));
    lim_stored s = stored(&w, "c1");
    s.upgrade = bytes("SELECT 2;");
    assert_non_null(strstr(problem_of(&w, &s), " is stored, but the text has "));
    s.upgrade = bytes("SELECT 2;\n-- migrate:down\n"); /* no text that a file could have */
    problem_of(&w, &s);
    s = stored(&w, "c1");
    lim_revision row = *s.row;
    row.message = "other";
    s.row = &row;
    assert_non_null(strstr(problem_of(&w, &s), " is stored, but the text has "));
    s = stored(&w, "f1");
    s.upgrade = bytes("SELECT 2;");
    assert_string_equal(problem_of(&w, &s), "the upgrade body is not that of the stored file");
    s = stored(&w, "f1");
    s.downgrade = bytes(NULL);
    assert_string_equal(problem_of(&w, &s), "the downgrade body is not that of the stored file");
    s = stored(&w, "f1");
    row = *s.row;
    row.downgrade_transactional = false;
    s.row = &row;
    assert_string_equal(problem_of(&w, &s),
                        "downgrade_transactional is not what the stored file says of the body");
    s = stored(&w, "f1");
    row = *s.row;
    char checksum[LIM_CHECKSUM_SIZE];
    s.script = bytes("nothing");
    lim_checksum("nothing", 7, checksum);
    row.checksum = checksum;
    s.row = &row;
    problem_of(&w, &s);
    row.id = "nobody";
    s.script = bytes(NULL);
    assert_string_equal(problem_of(&w, &s), "revision \"nobody\" is not in the history");
    end(&w);
}

static void only_what_nothing_needs_is_deleted(void **unused) {
    (void)unused;
    world w;
    lim_node n;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .rev_id = "b2", .head = "b1", .depends_on = "a1"));
    OK(&w, apply(&w, "r1"));
    FAILS(&w, lim_author_delete(&w.cx, w.g, &w.state, "r1", &n), LIM_STATE,
          "revision \"r1\" is applied");
    HINT("Downgrade below \"r1\" first.");
    FAILS(&w, lim_author_delete(&w.cx, w.g, &w.state, "b1", &n), LIM_STATE,
          "revision \"b1\" is needed by \"b2\"");
    HINT("Delete these first.");
    FAILS(&w, lim_author_delete(&w.cx, w.g, &w.state, "accounts", &n), LIM_STATE,
          "revision \"a1\" is needed by \"b2\"");
    FAILS(&w, lim_author_delete(&w.cx, w.g, &w.state, "zzzz", &n), LIM_UNDEFINED,
          "can't locate revision identified by 'zzzz'");
    OK(&w, lim_author_delete(&w.cx, w.g, &w.state, "b2", &n));
    assert_string_equal(lim_id(w.g, n), "b2");
    OK(&w, apply(&w, ""));
    for (int i = 0; i < 12; i++)
        OK(&w, REVISION(&w, .rev_id = lim_format(&w.cx, "k%02d", i), .head = "a1", .splice = true));
    FAILS(&w, lim_author_delete(&w.cx, w.g, &w.state, "a1", &n), LIM_STATE,
          "revision \"a1\" is needed by \"b2\", \"k00\", \"k01\", \"k02\", \"k03\", \"k04\", "
          "\"k05\", \"k06\", \"k07\", \"k08\" and 3 more");
    end(&w);
}

static void an_edit_keeps_the_graph(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .message = "two", .upgrade = "SELECT 1;", .downgrade = "SELECT 2;",
                    .rev_id = "a2", .head = "a1", .branch_label = "q", .depends_on = "b1"));
    OK(&w, try_edit(&w, "a2", "SELECT 3;", NULL, NULL));
    assert_int_equal(w.record.outcome, LIM_REPLACED);
    PARENTS(&w, "a1");
    DEPENDS(&w, "b1");
    joined(&w, &w.record.branch_labels, "q");
    assert_string_equal(w.record.message, "two");
    assert_string_equal(w.record.from_version, "a1");
    assert_non_null(strstr(script_of(&w, "a2"), "SELECT 3;\n-- migrate:down\nSELECT 2;\n"));
    OK(&w, try_edit(&w, "a2", NULL, "", "second"));
    assert_string_equal(w.record.message, "second");
    body_is(w.record.downgrade, "");
    OK(&w, try_edit(&w, "a2", "SELECT 3;", "", "second"));
    assert_int_equal(w.record.outcome, LIM_UNCHANGED);
    OK(&w, try_edit(&w, "a2", NULL, NULL, NULL));
    assert_int_equal(w.record.outcome, LIM_UNCHANGED);
    all_sound(&w);
    OK(&w, apply(&w, "a1"));
    FAILS(&w, try_edit(&w, "r1", "SELECT 9;", NULL, NULL), LIM_STATE, "revision \"r1\" is applied");
    HINT("Downgrade below \"r1\" first, or write the change as a new revision.");
    FAILS(&w, try_edit(&w, "a2", "\xFF", NULL, NULL), LIM_INVALID,
          "revision \"a2\": the upgrade, line 1, column 1: invalid UTF-8");
    FAILS(&w, try_edit(&w, "a2", NULL, NULL, "a\nb"), LIM_INVALID,
          "revision \"a2\": the message \"a\\nb\" holds a line break or a control character");
    end(&w);
}

static void an_edit_marks_and_unmarks(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    w.dialect = LIM_POSTGRES;
    OK(&w, REVISION(&w, .rev_id = "r1", .upgrade = "SELECT 1;", .downgrade = "VACUUM;"));
    OK(&w, try_edit(&w, "r1", "VACUUM;", NULL, NULL));
    assert_true(!w.record.upgrade_transactional && !w.record.downgrade_transactional);
    assert_true(w.record.marked);
    sound(&w, "r1");
    OK(&w, try_edit(&w, "r1", "SELECT 2;", NULL, NULL));
    assert_true(w.record.upgrade_transactional && !w.record.downgrade_transactional);
    sound(&w, "r1");
    OK(&w, try_file(&w, "f1.sql", "-- migrate:up\nSELECT 1;\n"));
    OK(&w, try_edit(&w, "f1", "VACUUM;", NULL, NULL));
    assert_true(!w.record.upgrade_transactional && w.record.marked);
    assert_null(strstr(script_of(&w, "f1"), "transaction:false"));
    sound(&w, "f1");
    end(&w);
}

/* ---- files ---------------------------------------------------------------------------------- */

#define UP(body)            "-- migrate:up\n" body "\n"
#define HEADER(name, value) "-- migrate:" name " " value "\n"

static void a_file_alone_follows_the_head(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w,
       try_file(&w, "dir/001_create_users.sql", UP("SELECT 1;") "-- migrate:down\nSELECT 2;\n"));
    assert_string_equal(w.load.summary, "1 new, 0 replaced, 0 unchanged");
    assert_int_equal(w.load.count, 1);
    lim_record *r = &w.load.records[0];
    assert_string_equal(r->id, "001");
    assert_string_equal(r->message, "create users");
    assert_string_equal(r->from_version, "base");
    OK(&w, try_file(&w, "002_x.sql", UP("SELECT 1;")));
    joined(&w, &w.load.records[0].down_revision, "001");
    body_is(w.load.records[0].downgrade, NULL);
    OK(&w, try_file(&w, NULL, UP("SELECT 3;")));
    assert_string_equal(w.load.records[0].id, "0123456789ab");
    joined(&w, &w.load.records[0].down_revision, "002");
    OK(&w, try_file(&w, NULL, HEADER("revision", "b2") HEADER("down_revision", "base") UP("")));
    joined(&w, &w.load.records[0].down_revision, "");
    body_is(w.load.records[0].upgrade, "");
    FAILS(
        &w, try_file(&w, "003_y.sql", UP("")), LIM_AMBIGUOUS,
        "003_y.sql: multiple heads are present; please specify the head revision on which the new "
        "revision should be based, or perform a merge");
    all_sound(&w);
    end(&w);
}

static void a_file_loaded_again_stays_where_it_is(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "001_a.sql", UP("SELECT 1;")));
    OK(&w, try_file(&w, "002_b.sql", UP("SELECT 2;")));
    OK(&w, try_file(&w, "003_c.sql", UP("SELECT 3;")));
    OK(&w, try_file(&w, "002_b.sql", UP("SELECT 2;\r\n\r\n")));
    assert_string_equal(w.load.summary, "0 new, 0 replaced, 1 unchanged");
    joined(&w, &w.load.records[0].down_revision, "001");
    OK(&w, try_file(&w, "002_b.sql", UP("SELECT 22;")));
    assert_string_equal(w.load.summary, "0 new, 1 replaced, 0 unchanged");
    joined(&w, &w.load.records[0].down_revision, "001");
    OK(&w, try_file(&w, "001_a.sql", UP("SELECT 11;")));
    joined(&w, &w.load.records[0].down_revision, "");
    assert_int_equal(w.ledger.revisions[0].seq, 1);
    all_sound(&w);
    end(&w);
}

static void an_applied_file_may_not_change(void **unused) {
    (void)unused;
    world w;
    char old[LIM_CHECKSUM_SIZE], new[LIM_CHECKSUM_SIZE];
    const char *first = UP("SELECT 1;"), *second = UP("SELECT 2;");
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "001_a.sql", first));
    OK(&w, apply(&w, "001"));
    OK(&w, try_file(&w, "001_a.sql", first));
    lim_checksum(first, strlen(first), old);
    lim_checksum(second, strlen(second), new);
    const char *message = lim_format(
        &w.cx,
        "001_a.sql: revision \"001\" is applied and its file has changed: checksum %s is "
        "stored, the file has %s",
        old, new);
    FAILS(&w, try_file(&w, "001_a.sql", second), LIM_STATE, message);
    HINT("Put the file back as it was and write the change as a new revision, or downgrade below "
         "\"001\" and load it again.");
    FAILS(&w, try_directory(&w, "001_a.sql", second, "002_b.sql", first, NULL), LIM_STATE, message);
    const char *third = HEADER("revision", "001") UP("");
    lim_checksum(third, strlen(third), new);
    FAILS(&w, try_file(&w, NULL, third), LIM_STATE,
          lim_format(&w.cx,
                     "revision \"001\" is applied and its file has changed: checksum %s is stored, "
                     "the file has %s",
                     old, new));
    end(&w);
}

static void a_directory_is_a_line_in_id_order(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(&w, "10_d.sql", UP("SELECT 4;"), "9_c.sql", UP("SELECT 3;"), "1_a.sql",
                         UP("SELECT 1;"), "2_b.sql", UP("SELECT 2;"), NULL));
    assert_string_equal(w.load.summary, "4 new, 0 replaced, 0 unchanged");
    static const char *const ids[] = {"1", "2", "9", "10"};
    for (uint32_t i = 0; i < 4; i++) {
        assert_string_equal(w.load.records[i].id, ids[i]);
        joined(&w, &w.load.records[i].down_revision, i > 0 ? ids[i - 1] : "");
    }
    OK(&w, try_directory(&w, "1_a.sql", UP("SELECT 1;"), "10_d.sql", UP("SELECT 4;"), "2_b.sql",
                         UP("SELECT 22;"), "9_c.sql", UP("SELECT 3;"), "11_e.sql", UP("SELECT 5;"),
                         NULL));
    assert_string_equal(w.load.summary, "1 new, 1 replaced, 3 unchanged");
    all_sound(&w);
    OK(&w, try_directory(&w, NULL));
    assert_string_equal(w.load.summary, "0 new, 0 replaced, 0 unchanged");
    end(&w);
}

static void parents_come_first_in_any_file_order(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(
               &w, "a.sql", HEADER("down_revision", "z, c") HEADER("depends_on", "later") UP(""),
               "b.sql", HEADER("down_revision", "base") HEADER("branch_label", "later") UP(""),
               "c.sql", HEADER("down_revision", "z") UP(""), "z.sql",
               HEADER("down_revision", "base") UP(""), "d.sql", UP(""), NULL));
    static const char *const ids[] = {"b", "z", "c", "a", "d"};
    static const char *const parents[] = {"", "", "z", "z, c", "c"};
    for (uint32_t i = 0; i < 5; i++) {
        assert_string_equal(w.load.records[i].id, ids[i]);
        joined(&w, &w.load.records[i].down_revision, parents[i]);
    }
    joined(&w, &w.load.records[3].depends_on, "b");
    all_sound(&w);
    end(&w);
}

static void a_directory_may_mix_files_with_and_without_headers(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(&w, "001_a.sql", UP(""), "002_b.sql", UP(""), "003_c.sql",
                         HEADER("down_revision", "001") UP(""), "004_d.sql", UP(""), "005_e.sql",
                         HEADER("down_revision", "002, 004") UP(""), NULL));
    static const char *const parents[] = {"", "001", "001", "003", "002, 004"};
    for (uint32_t i = 0; i < 5; i++)
        joined(&w, &w.load.records[i].down_revision, parents[i]);
    end(&w);
}

static void two_files_of_one_id_are_refused(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    FAILS(&w, try_directory(&w, "001_b.sql", UP(""), "002.sql", UP(""), "001_a.sql", UP(""), NULL),
          LIM_DUPLICATE, "files \"001_a.sql\" and \"001_b.sql\" both are revision \"001\"");
    HINT("Give one of them another name, or another id in a line \"-- migrate:revision <id>\".");
    OK(&w, try_directory(&w, "01_a.sql", UP(""), "1_b.sql", UP(""), "001_a.sql", UP(""), NULL));
    assert_string_equal(w.load.records[0].id, "001");
    assert_string_equal(w.load.records[2].id, "1");
    end(&w);
}

static void a_file_needs_an_id(void **unused) {
    (void)unused;
    world w;
    lim_file file = {NULL, UP(""), strlen(UP(""))};
    assert_true(begin(&w, 0));
    FAILS(&w, try_files(&w, &file, 1, true, "0123456789ab"), LIM_INVALID,
          "neither a header line nor the file's name gives the revision's id");
    HINT("Add a line \"-- migrate:revision <id>\", or give the file a name.");
    FAILS(&w, try_files(&w, &file, 1, false, NULL), LIM_INVALID,
          "neither a header line nor the file's name gives the revision's id");
    end(&w);
}

static void names_in_a_header_must_be_present(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    FAILS(&w, try_file(&w, "x.sql", HEADER("down_revision", "nobody") UP("")), LIM_UNDEFINED,
          "x.sql: revision nobody referenced from x is not present");
    HINT(
        "In a file, down_revision names revisions by their whole id. Store them first, or load the "
        "directory as a whole.");
    FAILS(&w, try_file(&w, "x.sql", HEADER("down_revision", "billing") UP("")), LIM_UNDEFINED,
          "x.sql: revision billing referenced from x is not present");
    HINT("\"billing\" is a branch label; down_revision takes the id \"b1\".");
    FAILS(
        &w,
        try_file(&w, "x.sql", HEADER("down_revision", "a1") HEADER("depends_on", "nobody") UP("")),
        LIM_UNDEFINED, "x.sql: dependency nobody referenced from x is not present");
    HINT("In a file, depends_on names revisions by their whole id, or branch labels. Store them "
         "first, or load the directory as a whole.");
    FAILS(&w, try_file(&w, "x.sql", HEADER("down_revision", "a1, a1") UP("")), LIM_INVALID,
          "x.sql: duplicate head revisions specified");
    FAILS(&w, try_file(&w, "x.sql", HEADER("down_revision", "x") UP("")), LIM_INVALID,
          "x.sql: self-loop is detected in revisions (x)");
    HINT("A revision can't follow itself.");
    FAILS(&w,
          try_file(&w, "x.sql",
                   HEADER("down_revision", "a1") HEADER("branch_label", "q")
                       HEADER("depends_on", "q") UP("")),
          LIM_INVALID, "x.sql: dependency self-loop is detected in revisions (x)");
    OK(&w, try_file(&w, "x.sql",
                    HEADER("down_revision", "a1") HEADER("depends_on", "billing, b1, r1") UP("")));
    joined(&w, &w.load.records[0].depends_on, "b1, r1");
    sound(&w, "x");
    end(&w);
}

static void names_of_files_follow_the_rules(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    FAILS(&w,
          try_file(&w, "x.sql",
                   HEADER("down_revision", "a1") HEADER("branch_label", "billing") UP("")),
          LIM_DUPLICATE, "x.sql: branch name 'billing' in revision x already used by revision b1");
    FAILS(&w, try_file(&w, "billing.sql", HEADER("down_revision", "a1") UP("")), LIM_DUPLICATE,
          "billing.sql: branch name 'billing' in revision b1 already used by revision billing");
    FAILS(&w,
          try_directory(&w, "001.sql", HEADER("branch_label", "q") UP(""), "002.sql",
                        HEADER("branch_label", "q") UP(""), NULL),
          LIM_DUPLICATE, "002.sql: branch name 'q' in revision 002 already used by revision 001");
    FAILS(&w, try_file(&w, "x.sql", HEADER("branch_label", "q, q") UP("")), LIM_DUPLICATE,
          "x.sql: branch name 'q' in revision x already used by revision x");
    FAILS(&w, try_directory(&w, "k.sql", UP(""), "k-2.sql", UP(""), NULL), LIM_INVALID,
          "k-2.sql: revision \"k-2\" reads as a step down from \"k\"");
    FAILS(&w, try_directory(&w, "a1-2.sql", UP(""), NULL), LIM_INVALID,
          "a1-2.sql: revision \"a1-2\" reads as a step down from \"a1\"");
    end(&w);
}

static void a_label_can_move_between_files(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(&w, "001.sql", HEADER("branch_label", "q") UP(""), "002.sql", UP(""),
                         "003.sql",
                         HEADER("down_revision", "base") HEADER("depends_on", "q") UP(""), NULL));
    joined(&w, &w.load.records[2].depends_on, "001");
    OK(&w, try_directory(&w, "001.sql", UP(""), "002.sql", HEADER("branch_label", "q") UP(""),
                         "003.sql",
                         HEADER("down_revision", "base") HEADER("depends_on", "q") UP(""), NULL));
    assert_string_equal(w.load.summary, "0 new, 3 replaced, 0 unchanged");
    joined(&w, &w.load.records[2].depends_on, "002");
    assert_true(lim_find_label(w.g, "q") == lim_find_id(w.g, "002"));
    FAILS(&w, try_file(&w, "001.sql", HEADER("branch_label", "q") UP("")), LIM_DUPLICATE,
          "001.sql: branch name 'q' in revision 001 already used by revision 002");
    all_sound(&w);
    end(&w);
}

static void a_replaced_revision_changes_its_place(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, try_file(&w, "x.sql",
                    HEADER("down_revision", "a1") HEADER("depends_on", "b1")
                        HEADER("branch_label", "one, two") UP("SELECT 1;")));
    OK(&w, try_file(&w, "x.sql",
                    HEADER("down_revision", "b1") HEADER("branch_label", "two, three")
                        UP("SELECT 1;")));
    assert_int_equal(w.load.records[0].outcome, LIM_REPLACED);
    lim_node n = lim_find_id(w.g, "x");
    assert_int_equal(lim_neighbours(&w.g->down, n).count, 1);
    assert_string_equal(lim_id(w.g, lim_neighbours(&w.g->down, n).node[0]), "b1");
    assert_int_equal(lim_neighbours(&w.g->deps, n).count, 0);
    assert_true(lim_find_label(w.g, "one") == LIM_NONE && lim_find_label(w.g, "three") == n);
    OK(&w, try_file(&w, "b1.sql", HEADER("down_revision", "r1") UP("SELECT 1;")));
    assert_true(lim_find_label(w.g, "billing") == LIM_NONE);
    sound(&w, "b1");
    end(&w);
}

static void no_cycle_gets_in(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    FAILS(&w,
          try_directory(&w, "a.sql", HEADER("down_revision", "b") UP(""), "b.sql",
                        HEADER("down_revision", "a") UP(""), NULL),
          LIM_INVALID, "a.sql: cycle is detected in revisions (a, b)");
    HINT("No revision can come after itself: correct the down_revision and depends_on lines of "
         "these "
         "revisions' files.");
    FAILS(&w,
          try_directory(&w, "a.sql", UP(""), "b.sql", HEADER("down_revision", "d") UP(""), "c.sql",
                        UP(""), "d.sql", UP(""), NULL),
          LIM_INVALID, "b.sql: cycle is detected in revisions (b, c, d)");
    /* a cycle with an entry from a base and an exit to a head, which Alembic lets pass */
    FAILS(&w,
          try_directory(&w, "a.sql", UP(""), "b.sql", UP(""), "c.sql",
                        HEADER("down_revision", "b, e") UP(""), "d.sql", UP(""), "e.sql", UP(""),
                        "f.sql", UP(""), NULL),
          LIM_INVALID, "c.sql: cycle is detected in revisions (c, d, e)");
    OK(&w, REVISION(&w, .rev_id = "r1"));
    OK(&w, REVISION(&w, .rev_id = "r2"));
    OK(&w, REVISION(&w, .rev_id = "r3"));
    FAILS(&w, try_file(&w, "r1.sql", HEADER("down_revision", "r3") UP("")), LIM_INVALID,
          "r1.sql: cycle is detected in revisions (r1, r2, r3)");
    FAILS(&w,
          try_file(&w, "r2.sql", HEADER("down_revision", "r1") HEADER("depends_on", "r3") UP("")),
          LIM_INVALID, "r2.sql: dependency cycle is detected in revisions (r2, r3)");
    FAILS(&w, try_file(&w, NULL, HEADER("revision", "r1") HEADER("down_revision", "r2") UP("")),
          LIM_INVALID, "cycle is detected in revisions (r1, r2)");
    end(&w);
}

static void a_file_before_an_applied_one_is_told(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(&w, "001_a.sql", UP(""), "003_c.sql", UP(""), "004_d.sql", UP(""), NULL));
    OK(&w, apply(&w, "003"));
    FAILS(
        &w,
        try_directory(&w, "001_a.sql", UP(""), "002_b.sql", UP(""), "003_c.sql", UP(""),
                      "004_d.sql", UP(""), NULL),
        LIM_STATE,
        "revision \"002\" (002_b.sql) comes before revision \"003\" (003_c.sql), which is applied");
    DETAIL("It names no down_revision: it was stored after 001, and in this directory it follows "
           "002.");
    HINT("Rename 002_b.sql so that its id comes after those of all applied revisions, or downgrade "
         "below \"003\" before loading it.");
    FAILS(&w, try_directory(&w, "003_c.sql", UP(""), NULL), LIM_STATE,
          "revision \"003\" (003_c.sql) is applied and would get another parent");
    DETAIL("It names no down_revision: it was stored after 001, and in this directory it follows "
           "base.");
    HINT("An applied revision keeps its parents: put missing files back and undo renamings.");
    OK(&w, try_directory(&w, "001_a.sql", UP(""), "003_c.sql", UP(""), "003.5_x.sql", UP(""),
                         "004_d.sql", UP(""), NULL));
    assert_string_equal(w.load.summary, "1 new, 1 replaced, 2 unchanged");
    lim_node n = lim_find_id(w.g, "004");
    assert_string_equal(lim_id(w.g, lim_neighbours(&w.g->down, n).node[0]), "003.5");
    all_sound(&w);
    end(&w);
}

static void the_engines_sections_are_chosen(void **unused) {
    (void)unused;
    static const char both[] = "-- migrate:up\nSELECT 'any';\n"
                               "-- migrate:up sqlite\nSELECT 'sqlite';\n"
                               "-- migrate:down postgres\nSELECT 'postgres';\n";
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "f1.sql", both));
    assert_non_null(strstr(w.load.records[0].upgrade.text, "SELECT 'sqlite';"));
    body_is(w.load.records[0].downgrade, NULL);
    sound(&w, "f1");
    w.dialect = LIM_POSTGRES;
    OK(&w, try_file(&w, "f2.sql", both));
    assert_non_null(strstr(w.load.records[0].upgrade.text, "SELECT 'any';"));
    assert_non_null(w.load.records[0].downgrade.text);
    sound(&w, "f2");
    FAILS(&w, try_file(&w, "f3.sql", "-- migrate:up sqlite\nSELECT 1;\n"), LIM_INVALID,
          "f3.sql: revision \"f3\" has no upgrade for PostgreSQL");
    HINT("Add a section that starts with the line \"-- migrate:up\".");
    w.dialect = LIM_SQLITE;
    FAILS(&w, try_directory(&w, "f3.sql", "-- migrate:up postgres\nSELECT 1;\n", NULL), LIM_INVALID,
          "f3.sql: revision \"f3\" has no upgrade for SQLite");
    end(&w);
}

static void an_edit_changes_a_files_section(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "f1_a_file.sql",
                    "-- a comment that stays\n"
                    "-- migrate:revision f1\n"
                    "-- migrate:up\nSELECT 'any';\n\n"
                    "-- migrate:up sqlite\nSELECT 'sqlite';\n\n"
                    "-- migrate:down\nSELECT 'down';\n"));
    OK(&w, try_edit(&w, "f1", "SELECT 'new';", NULL, NULL));
    assert_string_equal(script_of(&w, "f1"), "-- a comment that stays\n"
                                             "-- migrate:revision f1\n"
                                             "-- migrate:up\nSELECT 'any';\n\n"
                                             "-- migrate:up sqlite\nSELECT 'new';\n\n"
                                             "-- migrate:down\nSELECT 'down';\n");
    sound(&w, "f1");
    OK(&w, try_edit(&w, "f1", NULL, "", "renamed"));
    assert_string_equal(script_of(&w, "f1"), "-- a comment that stays\n"
                                             "-- migrate:revision f1\n"
                                             "-- migrate:message renamed\n"
                                             "-- migrate:up\nSELECT 'any';\n\n"
                                             "-- migrate:up sqlite\nSELECT 'new';\n\n"
                                             "-- migrate:down\n");
    assert_string_equal(w.record.message, "renamed");
    body_is(w.record.downgrade, "");
    sound(&w, "f1");
    OK(&w, try_edit(&w, "f1", NULL, "SELECT 'back';", "again"));
    assert_non_null(strstr(script_of(&w, "f1"), "-- migrate:down\nSELECT 'back';\n"));
    assert_non_null(strstr(script_of(&w, "f1"), "-- migrate:message again\n"));
    assert_null(strstr(script_of(&w, "f1"), "renamed"));
    sound(&w, "f1");
    OK(&w, try_file(&w, "f2.sql", "-- migrate:up\nSELECT 1;\n"));
    OK(&w, try_edit(&w, "f2", NULL, "SELECT 2;", NULL));
    assert_string_equal(script_of(&w, "f2"), "-- migrate:up\nSELECT 1;\n\n"
                                             "-- migrate:down\nSELECT 2;\n");
    body_is(w.record.downgrade, "SELECT 2;");
    sound(&w, "f2");
    OK(&w, try_edit(&w, "f2", NULL, NULL, "two"));
    assert_string_equal(script_of(&w, "f2"), "-- migrate:message two\n"
                                             "-- migrate:up\nSELECT 1;\n\n"
                                             "-- migrate:down\nSELECT 2;\n");
    OK(&w, try_edit(&w, "f2", "SELECT 1;", "SELECT 2;", "two"));
    assert_int_equal(w.record.outcome, LIM_UNCHANGED);
    all_sound(&w);
    assert_false(try_edit(&w, "f2", "SELECT 1;\n-- migrate:down\nSELECT 3;", NULL, NULL));
    assert_int_equal(w.cx.error.code, LIM_INVALID);
    end(&w);
}

static void bad_files_are_named(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    assert_false(try_directory(&w, "001_good.sql", UP(""), "002_bad.sql", "SELECT 1;\n", NULL));
    assert_non_null(strstr(w.cx.error.message, "002_bad.sql"));
    end(&w);
}

/* ---- memory and time ------------------------------------------------------------------------ */

/* Goes on after a failure that is expected, unless memory was out. */
static bool refused(world *w, bool result) {
    bool ok = !result && w->cx.error.code != LIM_NOMEM;
    if (ok)
        w->cx.error = (lim_error){0};
    return ok;
}

static bool story_of_calls(world *w) {
    lim_node n;
    lim_stored s;
    const char *problem;
    return fork_world(w) &&
           REVISION(w, .rev_id = "a1", .message = "accounts", .branch_label = "accounts") &&
           refused(w, REVISION(w, .rev_id = "a1", .depends_on = "b1")) &&
           refused(w, REVISION(w, .rev_id = "x", .head = "r1")) &&
           refused(w, REVISION(w, .rev_id = "r1-1", .head = "a1")) &&
           refused(w, REVISION(w, .rev_id = "x", .head = "a1", .branch_label = "b1")) &&
           refused(w, MERGE(w, "r1, a1", .rev_id = "m1")) && MERGE(w, "heads", .rev_id = "m1") &&
           try_edit(w, "m1", "SELECT 1;", NULL, "merged") &&
           refused(w, lim_author_delete(&w->cx, w->g, &w->state, "a1", &n)) &&
           (s = stored(w, "m1"), lim_stored_verify(&w->cx, w->dialect, w->g, &s, &problem));
}

static bool story_of_files(world *w) {
    lim_stored s;
    const char *problem;
    return try_directory(w, "001_a.sql", UP("SELECT 1;"), "002_b.sql",
                         HEADER("branch_label", "q") UP("VACUUM;"), "003_c.sql",
                         HEADER("depends_on", "001") UP("SELECT 3;") "-- migrate:down\n", NULL) &&
           try_file(w, "004_d.sql", UP("SELECT 4;")) && apply(w, "002") &&
           try_directory(w, "001_a.sql", UP("SELECT 1;"), "002_b.sql",
                         HEADER("branch_label", "q") UP("VACUUM;"), "003_c.sql",
                         HEADER("depends_on", "q") UP("SELECT 3;"), "004_d.sql", UP("SELECT 4;"),
                         NULL) &&
           refused(w, try_file(w, "001_a.sql", UP("SELECT 2;"))) &&
           refused(w,
                   try_directory(w, "001_a.sql", UP("SELECT 1;"), "001.5_x.sql", UP(""),
                                 "002_b.sql", HEADER("branch_label", "q") UP("VACUUM;"), NULL)) &&
           refused(w, try_file(w, "x.sql", HEADER("down_revision", "q") UP(""))) &&
           refused(w, try_file(w, "003_c.sql", HEADER("down_revision", "004") UP(""))) &&
           refused(w, try_directory(w, "x_1.sql", UP(""), "x_1.sql", UP(""), NULL)) &&
           try_edit(w, "003", "SELECT 33;", "SELECT 3;", "edited") &&
           (s = stored(w, "003"), lim_stored_verify(&w->cx, w->dialect, w->g, &s, &problem));
}

/* Tells the story with the n-th allocation failing, for every n: it ends early with LIM_NOMEM. */
static void survive(bool (*story)(world *)) {
    for (long n = 1;; n++) {
        world w;
        bool told = begin(&w, n) && (w.dialect = LIM_POSTGRES, story(&w));
        bool met = w.memory.count >= n;
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

static void calls_survive_the_loss_of_any_allocation(void **unused) {
    (void)unused;
    survive(story_of_calls);
}

static void files_survive_the_loss_of_any_allocation(void **unused) {
    (void)unused;
    survive(story_of_files);
}

static double seconds(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ten_thousand_files_load_in_no_time(void **unused) {
    (void)unused;
    enum { FILES = 10000 };
    world w;
    lim_load load;
    assert_true(begin(&w, 0));
    lim_file *files = LIM_NEW(&w.cx, lim_file, FILES);
    for (int i = 0; i < FILES; i++) {
        files[i].name = lim_format(&w.cx, "%05d_step_%d.sql", FILES - i, i);
        files[i].text = lim_format(&w.cx,
                                   "-- migrate:up\nCREATE TABLE t%d (id integer PRIMARY KEY, name "
                                   "text NOT NULL);\n-- migrate:down\nDROP TABLE t%d;\n",
                                   i, i);
        files[i].length = strlen(files[i].text);
    }
    double start = seconds();
    assert_true(lim_author_load(&w.cx, LIM_POSTGRES, &w.ledger, w.g, &w.state, files, FILES, true,
                                NULL, &load));
    double taken = seconds() - start;
    assert_string_equal(load.summary, "10000 new, 0 replaced, 0 unchanged");
    assert_string_equal(load.records[FILES - 1].id, "10000");
    print_message("10000 files: %.3f s\n", taken);
    assert_true(taken < 3.0); /* a few hundredths without sanitizers; the machine may be busy */
    end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revision_follows_the_head),
        cmocka_unit_test(the_file_of_a_call_is_the_one_that_was_hashed),
        cmocka_unit_test(a_body_stays_as_typed),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(ids_follow_the_rules),
        cmocka_unit_test(a_name_is_one_revisions),
        cmocka_unit_test(no_name_reads_as_a_step_from_another),
        cmocka_unit_test(the_head_must_be_one),
        cmocka_unit_test(a_revision_that_is_only_depended_on_is_a_head),
        cmocka_unit_test(dependencies_are_stored_as_ids_once),
        cmocka_unit_test(the_same_revision_again_changes_nothing),
        cmocka_unit_test(another_revision_of_an_id_is_refused),
        cmocka_unit_test(a_file_and_a_call_can_say_the_same),
        cmocka_unit_test(a_merge_needs_heads),
        cmocka_unit_test(merging_the_heads_leaves_what_is_depended_on),
        cmocka_unit_test(what_needs_autocommit_is_marked_on_postgres),
        cmocka_unit_test(tampering_is_told),
        cmocka_unit_test(only_what_nothing_needs_is_deleted),
        cmocka_unit_test(an_edit_keeps_the_graph),
        cmocka_unit_test(an_edit_marks_and_unmarks),
        cmocka_unit_test(a_file_alone_follows_the_head),
        cmocka_unit_test(a_file_loaded_again_stays_where_it_is),
        cmocka_unit_test(an_applied_file_may_not_change),
        cmocka_unit_test(a_directory_is_a_line_in_id_order),
        cmocka_unit_test(parents_come_first_in_any_file_order),
        cmocka_unit_test(a_directory_may_mix_files_with_and_without_headers),
        cmocka_unit_test(two_files_of_one_id_are_refused),
        cmocka_unit_test(a_file_needs_an_id),
        cmocka_unit_test(names_in_a_header_must_be_present),
        cmocka_unit_test(names_of_files_follow_the_rules),
        cmocka_unit_test(a_label_can_move_between_files),
        cmocka_unit_test(a_replaced_revision_changes_its_place),
        cmocka_unit_test(no_cycle_gets_in),
        cmocka_unit_test(a_file_before_an_applied_one_is_told),
        cmocka_unit_test(the_engines_sections_are_chosen),
        cmocka_unit_test(an_edit_changes_a_files_section),
        cmocka_unit_test(bad_files_are_named),
        cmocka_unit_test(calls_survive_the_loss_of_any_allocation),
        cmocka_unit_test(files_survive_the_loss_of_any_allocation),
        cmocka_unit_test(ten_thousand_files_load_in_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
