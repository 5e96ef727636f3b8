/*
** test_adopt.c - other tools' version tables
*/
#include "memory.h"

#include "adopt.h"

#include <stdio.h>

typedef struct fixture {
    lim_context cx;
    test_memory memory;
    lim_ledger ledger;
    lim_graph *g;
    lim_state state;
    lim_adopt_query query;
    lim_plan plan;
} fixture;

/* A ledger of revisions given as "id:parent,parent", NULL at the end; the version rows likewise. */
static bool make_ledger(lim_context *cx, fixture *f, const char *const *revisions,
                        const char *const *versions) {
    int64_t seq = 0;
    f->ledger = (lim_ledger){0};
    for (; *revisions != NULL; revisions++) {
        const char *colon = strchr(*revisions, ':');
        lim_revision row = {.seq = ++seq, .message = "", .checksum = ""};
        lim_list parents = {0};
        row.id = lim_copy(cx, *revisions, (size_t)(colon - *revisions));
        if (row.id == NULL || !lim_ledger_add_revision(cx, &f->ledger, &row) ||
            !lim_list_split(cx, colon + 1, &parents))
            return false;
        for (uint32_t i = 0; i < parents.count; i++) {
            if (!lim_ledger_add_edge(
                    cx, &f->ledger,
                    &(lim_edge){row.id, parents.items[i], LIM_DOWN_REVISION, (int32_t)i}))
                return false;
        }
    }
    for (; versions != NULL && *versions != NULL; versions++) {
        if (!lim_ledger_add_version(cx, &f->ledger, &(lim_version){.version_num = *versions}))
            return false;
    }
    f->g = lim_graph_build(cx, &f->ledger, NULL);
    return f->g != NULL && lim_state_build(cx, f->g, &f->ledger, &f->state);
}

static bool adopt(lim_context *cx, fixture *f, const char *tool, const lim_adopt_row *rows,
                  uint32_t count) {
    return lim_adopt_find(cx, LIM_POSTGRES, tool, NULL, &f->query) &&
           lim_adopt_plan(cx, f->g, &f->state, &f->query, rows, count, &f->plan);
}

#define LIST(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define ROWS(...)  ((const lim_adopt_row[]){__VA_ARGS__})
#define COUNT(...) (uint32_t)(sizeof(ROWS(__VA_ARGS__)) / sizeof(lim_adopt_row))
#define BEGIN(f, revisions, versions)                               \
    do {                                                            \
        test_begin(&(f)->cx, &(f)->memory);                         \
        assert_true(make_ledger(&(f)->cx, f, revisions, versions)); \
    } while (0)
#define ADOPTS(f, tool, expected, ...)                                         \
    do {                                                                       \
        if (!adopt(&(f)->cx, f, tool, ROWS(__VA_ARGS__), COUNT(__VA_ARGS__)))  \
            fail_msg("%s", (f)->cx.error.message);                             \
        assert_string_equal(lim_adopt_report(&(f)->cx, &(f)->plan), expected); \
    } while (0)
#define REFUSES(f, tool, expected, ...)                                                \
    do {                                                                               \
        assert_false(adopt(&(f)->cx, f, tool, ROWS(__VA_ARGS__), COUNT(__VA_ARGS__))); \
        assert_string_equal((f)->cx.error.message, expected);                          \
        (f)->cx.error = (lim_error){0};                                                \
    } while (0)

static void alembic_names_its_heads(void **unused) {
    (void)unused;
    fixture f = {0};
    BEGIN(&f, LIST("a1:", "b1:a1", "c1:a1", "z1:", "d1:b1,c1"), NULL);
    ADOPTS(&f, "alembic", "adopted base -> b1, z1", {{"b1"}}, {{"z1"}});
    ADOPTS(&f, "alembic", "adopted base -> d1", {{"d1"}}, {{"b1"}}, {{"a1"}});
    assert_true(adopt(&f.cx, &f, "alembic", NULL, 0));
    assert_string_equal(lim_adopt_report(&f.cx, &f.plan), "already at base");
    REFUSES(&f, "alembic", "can't locate revision identified by 'b'", {{"b"}});
    REFUSES(&f, "alembic", "table \"alembic_version\" holds a version that is NULL", {{NULL}});
    test_end(&f.cx, &f.memory);
}

static void others_name_all_that_is_applied(void **unused) {
    (void)unused;
    fixture f = {0};
    BEGIN(&f, LIST("20260110_001:", "20260111:20260110_001", "20260112:20260111"), NULL);
    ADOPTS(&f, "dbmate", "adopted base -> 20260111", {{"20260110"}}, {{"20260111"}});
    REFUSES(
        &f, "dbmate",
        "table \"schema_migrations\" holds \"20260112\" but not \"20260111\", which comes before "
        "it",
        {{"20260110"}}, {{"20260112"}});
    ADOPTS(&f, "diesel", "adopted base -> 20260111", {{"20260110_001"}}, {{"20260111"}});
    test_end(&f.cx, &f.memory);
    BEGIN(&f, LIST("20260110_001:", "20260110_002:20260110_001"), NULL);
    REFUSES(&f, "dbmate",
            "version \"20260110\" may be revision \"20260110_001\" or revision \"20260110_002\"",
            {{"20260110"}});
    test_end(&f.cx, &f.memory);
}

static void golang_migrate_names_the_last_one(void **unused) {
    (void)unused;
    fixture f = {0};
    BEGIN(&f, LIST("000001:", "000002:000001", "000010:000002"), NULL);
    ADOPTS(&f, "golang-migrate", "adopted base -> 000002", {{"2", "f"}});
    ADOPTS(&f, "golang-migrate", "adopted base -> 000010", {{"10", "0"}});
    REFUSES(&f, "golang-migrate", "version \"2\" is dirty: it stopped half-way", {{"2", "t"}});
    REFUSES(&f, "golang-migrate", "can't locate revision identified by '3'", {{"3", "f"}});
    test_end(&f.cx, &f.memory);
}

static void goose_keeps_a_history(void **unused) {
    (void)unused;
    fixture f = {0};
    BEGIN(&f, LIST("00001:", "00002:00001"), NULL);
    ADOPTS(&f, "goose", "adopted base -> 00001", {{"0", "t"}}, {{"1", "t"}}, {{"2", "t"}},
           {{"2", "f"}});
    ADOPTS(&f, "goose", "adopted base -> 00002", {{"0", "1"}}, {{"1", "1"}}, {{"2", "0"}},
           {{"2", "1"}});
    test_end(&f.cx, &f.memory);
}

static void flyway_keeps_a_history_of_kinds(void **unused) {
    (void)unused;
    fixture f = {0};
    BEGIN(&f, LIST("1:", "1.2:1", "1.10:1.2", "2:1.10"), NULL);
    ADOPTS(&f, "flyway", "adopted base -> 1.10", {{NULL, "SCHEMA", "t"}}, {{"1.0", "SQL", "t"}},
           {{"1.2", "SQL", "t"}}, {{"1.10", "SQL", "t"}}, {{NULL, "SQL", "t"}}, {{"2", "SQL", "t"}},
           {{"2", "UNDO_SQL", "t"}});
    ADOPTS(&f, "flyway", "adopted base -> 2", {{"1.9", "BASELINE", "1"}}, {{"1.10", "SQL", "1"}},
           {{"2", "SQL", "1"}});
    ADOPTS(&f, "flyway", "adopted base -> 1.2", {{"1.9", "BASELINE", "1"}}, {{"1.10", "SQL", "1"}},
           {{"1.10", "DELETE", "1"}});
    REFUSES(&f, "flyway", "Flyway's migration \"1\" has failed", {{"1", "SQL", "f"}});
    test_end(&f.cx, &f.memory);
}

static void a_ledger_in_use_is_not_moved(void **unused) {
    (void)unused;
    fixture f = {0};
    BEGIN(&f, LIST("a1:", "b1:a1"), LIST("b1"));
    ADOPTS(&f, "alembic", "already at b1", {{"b1"}});
    assert_false(adopt(&f.cx, &f, "alembic", ROWS({{"a1"}}), 1));
    assert_string_equal(f.cx.error.message, "the ledger stands at b1 already");
    assert_string_equal(f.cx.error.detail, "By table \"alembic_version\" it would stand at a1.");
    test_end(&f.cx, &f.memory);
}

static void a_table_is_named_as_in_sql(void **unused) {
    (void)unused;
    static const char *const bad[] = {"", "a b", "a;", "a.", ".a", "a--", "(SELECT 1)", "'a'", "1"};
    fixture f = {0};
    test_begin(&f.cx, &f.memory);
    assert_true(lim_adopt_find(&f.cx, LIM_POSTGRES, "goose", "my.\"goose table\"", &f.query));
    assert_string_equal(f.query.sql,
                        "SELECT version_id, is_applied FROM my.\"goose table\" ORDER BY id");
    assert_int_equal(f.query.columns, 2);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(lim_adopt_find(&f.cx, LIM_SQLITE, "goose", bad[i], &f.query));
        assert_int_equal(f.cx.error.code, LIM_INVALID);
        f.cx.error = (lim_error){0};
    }
    assert_false(lim_adopt_find(&f.cx, LIM_SQLITE, "rails", NULL, &f.query));
    assert_string_equal(f.cx.error.message, "cannot adopt from \"rails\"");
    f.cx.error = (lim_error){0};
    assert_true(lim_adopt_find(&f.cx, LIM_SQLITE, "dbmate", NULL, &f.query));
    assert_false(lim_adopt_fail_missing(&f.cx, &f.query));
    assert_string_equal(f.cx.error.message, "there is no table \"schema_migrations\"");
    test_end(&f.cx, &f.memory);
}

static bool adopt_flyway(lim_context *cx) {
    fixture f = {0};
    const lim_adopt_row rows[] = {
        {{"1.0", "BASELINE", "t"}}, {{"2", "SQL", "t"}}, {{"3", "SQL", "t"}}};
    return make_ledger(cx, &f, LIST("1:", "2:1", "3:2", "x:1"), NULL) &&
           adopt(cx, &f, "flyway", rows, 3) && lim_adopt_report(cx, &f.plan) != NULL;
}

static void every_failing_allocation_is_told(void **unused) {
    (void)unused;
    test_out_of_memory(adopt_flyway);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alembic_names_its_heads),
        cmocka_unit_test(others_name_all_that_is_applied),
        cmocka_unit_test(golang_migrate_names_the_last_one),
        cmocka_unit_test(goose_keeps_a_history),
        cmocka_unit_test(flyway_keeps_a_history_of_kinds),
        cmocka_unit_test(a_ledger_in_use_is_not_moved),
        cmocka_unit_test(a_table_is_named_as_in_sql),
        cmocka_unit_test(every_failing_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
