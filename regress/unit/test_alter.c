/*
** test_alter.c - CREATE TABLE cut, ALTER TABLE read, the one edited by the other
*/
#include "memory.h"

#include "core/alter_effect.h"

#include <stdio.h>

/* The definition after the statements, or the error. */
static const char *edited(lim_context *cx, const char *definition, const char *body) {
    lim_edit edit;
    lim_statement statement;
    size_t cursor = 0;
    if (!lim_edit_begin(cx, definition, strlen(definition), &edit))
        return cx->error.message;
    while (lim_next_statement(LIM_SQLITE, body, strlen(body), &cursor, &statement)) {
        lim_alter alter;
        size_t place;
        if (!lim_is_alter_table(body, &statement) ||
            !lim_alter_parse(cx, body, &statement, &alter, &place))
            return cx->error.message;
        for (uint32_t i = 0; i < alter.count; i++)
            if (!lim_edit_apply(&edit, body, &alter.actions[i]))
                return cx->error.message;
    }
    return edit.table.text;
}

typedef struct edit_case {
    const char *definition, *body, *result;
} edit_case;

static const edit_case EDITS[] = {
    {"CREATE TABLE t(a)", "ALTER TABLE t ALTER a SET NOT NULL", "CREATE TABLE t(a NOT NULL)"},
    {"CREATE TABLE t(a int default 1)", "ALTER TABLE t ALTER a SET NOT NULL",
     "CREATE TABLE t(a int NOT NULL default 1)"},
    {"CREATE TABLE t(a int default 1 not null)", "ALTER TABLE t ALTER a DROP NOT NULL",
     "CREATE TABLE t(a int default 1 /*not null*/)"},
    {"CREATE TABLE t(a int default 1 /*not null*/)", "ALTER TABLE t ALTER a SET NOT NULL",
     "CREATE TABLE t(a int default 1 not null)"},
    {"CREATE TABLE t(a NOT/**/NULL)", "ALTER TABLE t ALTER a DROP NOT NULL",
     "CREATE TABLE t(a /*NOT*//**/NULL)"},
    {"CREATE TABLE t(a NOT NULL DEFAULT 1)", "ALTER TABLE t ALTER a DROP DEFAULT",
     "CREATE TABLE t(a NOT NULL)"},
    {"CREATE TABLE t(a DEFAULT 1 UNIQUE)", "ALTER TABLE t ALTER a DROP DEFAULT",
     "CREATE TABLE t(a UNIQUE)"},
    {"CREATE TABLE t(a UNIQUE DEFAULT 1)", "ALTER TABLE t ALTER a DROP DEFAULT",
     "CREATE TABLE t(a UNIQUE /*DEFAULT*/)"},
    {"CREATE TABLE t(a)", "ALTER TABLE t ALTER a SET DEFAULT b + 1",
     "CREATE TABLE t(a DEFAULT (b + 1))"},
    {"CREATE TABLE t(a)", "ALTER TABLE t ALTER a TYPE timestamp(3) with time zone",
     "CREATE TABLE t(a \"timestamp(3) with time zone\")"},
    {"CREATE TABLE t(\n  a,\n  b\n)", "ALTER TABLE t ADD CHECK (a > b)",
     "CREATE TABLE t(\n  a,\n  b,\n  CHECK (a > b)\n)"},
    {"CREATE TABLE t(a, CHECK (a>1), CHECK (a>2))", "ALTER TABLE t DROP CONSTRAINT t_a_check1",
     "CREATE TABLE t(a, CHECK (a>1))"},
    {"CREATE TABLE t(a, CHECK (a>1), CHECK (a>2))", "ALTER TABLE t DROP CONSTRAINT t_a_check",
     "CREATE TABLE t(a/*,*/ /*t_a_check*/, CHECK (a>2))"},
    {"CREATE TABLE t(a/*,*/ /*t_a_check*/, CHECK (a>2))", "ALTER TABLE t ADD CHECK (a>1)",
     "CREATE TABLE t(a, CHECK (a>1), CHECK (a>2))"},
    {"CREATE TABLE t(a UNIQUE)", "ALTER TABLE t RENAME CONSTRAINT t_a_key TO k",
     "CREATE TABLE t(a CONSTRAINT k/*t_a_key*/ UNIQUE)"},
    {"CREATE TABLE t(a CONSTRAINT k/*t_a_key*/ UNIQUE)",
     "ALTER TABLE t RENAME CONSTRAINT k TO t_a_key", "CREATE TABLE t(a UNIQUE)"},
    {"CREATE TABLE t(a, -- one\n b, -- two\n c)", "ALTER TABLE t DROP b",
     "CREATE TABLE t(a, -- one\n c)"},
    {"CREATE TABLE t(a CHECK (b), b, c CHECK (c), CHECK (a > c), UNIQUE (c))",
     "ALTER TABLE t DROP a, DROP c", "CREATE TABLE t(b, CHECK (b))"},
    {"CREATE TABLE t(id INTEGER PRIMARY KEY)", "ALTER TABLE t ALTER id TYPE bigint",
     "CREATE TABLE t(id INTEGER PRIMARY KEY)"},
    {"CREATE TABLE t(a)", "ALTER TABLE t ALTER b DROP DEFAULT",
     "column \"b\" of relation \"t\" does not exist"},
    {"CREATE TABLE t(a)", "ALTER TABLE t CLUSTER ON x",
     "ALTER TABLE ... CLUSTER ON can't be done on SQLite"},
    {"CREATE TABLE t(a", "", "incomplete input"},
    {"CREATE TABLE t(a) AS", "", "CREATE TABLE t(a) AS"},
};

static void statements_edit_what_they_say(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof EDITS / sizeof *EDITS; i++) {
        lim_context cx;
        test_memory m;
        test_begin(&cx, &m);
        assert_string_equal(edited(&cx, EDITS[i].definition, EDITS[i].body), EDITS[i].result);
        test_end(&cx, &m);
    }
}

/* --- what an edit asks of the rows ----------------------------------------------------------------- */

static void add_list(lim_text *t, const char *title, const lim_list *list) {
    for (uint32_t i = 0; i < list->count; i++)
        lim_text_addf(t, "%s%s%s", t->length > 0 ? "; " : "", title, list->items[i]);
}

/* Edits by one statement. */
static bool edit_by(lim_context *cx, const char *definition, const char *body, lim_edit *edit) {
    lim_alter alter;
    lim_statement statement;
    size_t cursor = 0, place;
    lim_next_statement(LIM_SQLITE, body, strlen(body), &cursor, &statement);
    if (!lim_edit_begin(cx, definition, strlen(definition), edit) ||
        !lim_alter_parse(cx, body, &statement, &alter, &place))
        return false;
    for (uint32_t i = 0; i < alter.count; i++)
        if (!lim_edit_apply(edit, body, &alter.actions[i]))
            return false;
    return true;
}

/* The effect of the statement in words; NULL: no memory. */
static const char *effect_of(lim_context *cx, const char *definition, const char *body) {
    lim_create_table before;
    lim_edit edit;
    lim_effect effect;
    lim_list touched;
    lim_text t = {.cx = cx};
    if (!lim_create_table_split(cx, definition, strlen(definition), &before) ||
        !edit_by(cx, definition, body, &edit) || !lim_edit_effect(&before, &edit, &effect) ||
        !lim_edit_touched(&before, &edit, &touched))
        return NULL;
    if (!effect.rows_stay)
        return "all anew";
    add_list(&t, "no ", &effect.forbidden);
    add_list(&t, "then no ", &effect.forbidden_after);
    add_list(&t, "convert ", &effect.converted);
    add_list(&t, "has all ", &effect.defaulted);
    return lim_text_end(&t);
}

#define T "CREATE TABLE t(id INTEGER PRIMARY KEY, a int, b text UNIQUE, c real, d DEFAULT 5)"

static const edit_case EFFECTS[] = {
    {T, "ALTER TABLE t ALTER a SET NOT NULL", "no \"a\" IS NULL"},
    {"CREATE TABLE t(a int NOT NULL)", "ALTER TABLE t ALTER a DROP NOT NULL", ""},
    {T, "ALTER TABLE t ADD CHECK (a > 0 -- !\n)", "no NOT (a > 0 -- !\n\n)"},
    {"CREATE TABLE t(a CHECK (a > 0))", "ALTER TABLE t DROP CONSTRAINT t_a_check", ""},
    {"CREATE TABLE t(a CHECK (a > 0))", "ALTER TABLE t ADD CHECK (a > 0)", ""},
    {"CREATE TABLE t(a CONSTRAINT k UNIQUE)", "ALTER TABLE t RENAME CONSTRAINT k TO l", ""},
    {T, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p", ""},
    {T, "ALTER TABLE t ADD UNIQUE (a)", "all anew"},
    {T, "ALTER TABLE t DROP CONSTRAINT t_b_key", "all anew"},
    {T, "ALTER TABLE t DROP CONSTRAINT t_pkey", "all anew"},
    {T, "ALTER TABLE t ADD e", "all anew"},
    {T, "ALTER TABLE t DROP a", "all anew"},
    {T, "ALTER TABLE t ALTER a TYPE numeric(10, 2)", ""},
    {T, "ALTER TABLE t ALTER a TYPE bigint USING a + 1", "all anew"},
    {T, "ALTER TABLE t ALTER a TYPE text", "convert a"},
    {T,
     "ALTER TABLE t ALTER a TYPE text, ALTER a SET NOT NULL, ADD CHECK (a > b), ADD CHECK (b > 0)",
     "no NOT (b > 0\n); then no NOT (a > b\n); convert a"},
    {T, "ALTER TABLE t ALTER a TYPE int COLLATE nocase", "convert a"},
    {T, "ALTER TABLE t ALTER b TYPE varchar(20)", ""},
    {T, "ALTER TABLE t ALTER b TYPE blob", "all anew"}, /* in a key */
    {T, "ALTER TABLE t ALTER c TYPE double precision", ""},
    {T, "ALTER TABLE t ALTER c TYPE text", "convert c"},
    {T, "ALTER TABLE t ALTER d TYPE text", "all anew"}, /* the default of rows that end early */
    {T, "ALTER TABLE t ALTER d SET DEFAULT 6", "has all d"},
    {T, "ALTER TABLE t ALTER d DROP DEFAULT, ALTER a SET DEFAULT 1", "has all a; has all d"},
    {"CREATE TABLE t(a DEFAULT 1 DEFAULT 2)", "ALTER TABLE t ALTER a SET DEFAULT 3", "all anew"},
    {"CREATE TABLE t(a PRIMARY KEY, b) WITHOUT ROWID", "ALTER TABLE t ALTER b SET DEFAULT 3",
     "all anew"},
    {"CREATE TABLE t(a integer PRIMARY KEY, b) WITHOUT ROWID", "ALTER TABLE t ALTER a TYPE int",
     "all anew"},
    {"CREATE TABLE t(a, b AS (a + 1))", "ALTER TABLE t ALTER a TYPE text", "all anew"},
    {"CREATE TABLE t(a, b AS (a + 1))", "ALTER TABLE t ALTER b SET NOT NULL", "no \"b\" IS NULL"},
    {"CREATE TABLE t(a ANY) STRICT", "ALTER TABLE t ALTER a TYPE blob", "convert a"},
};
#undef T

static void an_edit_says_what_it_asks_of_the_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof EFFECTS / sizeof *EFFECTS; i++) {
        lim_context cx;
        test_memory m;
        test_begin(&cx, &m);
        assert_string_equal(effect_of(&cx, EFFECTS[i].definition, EFFECTS[i].body),
                            EFFECTS[i].result);
        test_end(&cx, &m);
    }
}

/* Which columns an index must not use to stay when the rows move. */
static void an_edit_says_which_columns_it_touches(void **state) {
    static const edit_case cases[] = {
        {"CREATE TABLE t(a int, b, c)", "ALTER TABLE t ADD UNIQUE (a), ALTER b SET NOT NULL", ""},
        {"CREATE TABLE t(a int, b, c)", "ALTER TABLE t ALTER a TYPE bigint, ALTER b TYPE text",
         "b"},
        {"CREATE TABLE t(a int, b, c)", "ALTER TABLE t ALTER c TYPE \"\" USING a, ADD d, DROP b",
         "b, c, d"},
        {"CREATE TABLE t(a int, b AS (a), c)", "ALTER TABLE t ALTER a TYPE int COLLATE nocase",
         "a, b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lim_context cx;
        test_memory m;
        lim_create_table before;
        lim_edit edit;
        lim_list touched;
        const char *definition = cases[i].definition;
        const char *joined;
        test_begin(&cx, &m);
        assert_true(lim_create_table_split(&cx, definition, strlen(definition), &before));
        assert_true(edit_by(&cx, definition, cases[i].body, &edit));
        assert_true(lim_edit_touched(&before, &edit, &touched));
        joined = lim_list_join(&cx, &touched);
        assert_string_equal(joined ? joined : "", cases[i].result);
        test_end(&cx, &m);
    }
}

/* SQLite's manual, "Determination Of Column Affinity", and what its parser makes of two words. */
static void a_type_has_the_affinity_that_sqlite_gives_it(void **state) {
    static const struct {
        const char *type;
        lim_affinity affinity;
    } cases[] = {
        {"INT", LIM_AFFINITY_NUMERIC},     {"varchar(20)", LIM_AFFINITY_TEXT},
        {"", LIM_AFFINITY_NONE},           {"BLOB", LIM_AFFINITY_NONE},
        {"double", LIM_AFFINITY_REAL},     {"decimal(10,5)", LIM_AFFINITY_NUMERIC},
        {"charint", LIM_AFFINITY_NUMERIC}, {"FLOATING POINT", LIM_AFFINITY_NUMERIC},
        {"blob text", LIM_AFFINITY_TEXT},  {"real blob", LIM_AFFINITY_NONE},
        {"ANY", LIM_AFFINITY_NUMERIC},     {"doub\"", LIM_AFFINITY_REAL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(lim_affinity_of(cases[i].type, strlen(cases[i].type), false),
                         cases[i].affinity);
    assert_int_equal(lim_affinity_of("ANY", 3, true), LIM_AFFINITY_NONE);
}

/* Names that PostgreSQL 15 gave. */
static void names_are_cut_as_postgresql_cuts_them(void **state) {
    static const char *const cases[][4] = {
        {"orders", "user_id", "fkey", "orders_user_id_fkey"},
        {"orders", NULL, "pkey", "orders_pkey"},
        {"a_table_with_a_name_that_is_long_enough_to_be_cut_off",
         "another_long_name_of_which_there_are_two_xx", "check",
         "a_table_with_a_name_that_is__another_long_name_of_which_t_check"},
        {"a_table_with_a_name_that_is_long_enough_to_be_cut_off",
         "another_long_name_of_which_there_are_two_xx", "fkey",
         "a_table_with_a_name_that_is_l_another_long_name_of_which_t_fkey"},
        {"a_table_with_a_name_that_is_long_enough_to_be_cut_off", "total", "check",
         "a_table_with_a_name_that_is_long_enough_to_be_cut_o_total_check"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lim_context cx;
        test_memory m;
        test_begin(&cx, &m);
        assert_string_equal(lim_object_name(&cx, cases[i][0], cases[i][1], cases[i][2]),
                            cases[i][3]);
        test_end(&cx, &m);
    }
}

static void an_expression_mentions_columns_only(void **state) {
    static const char *const yes[] = {"a > 0", "x.a", "\"A\"", "[a]=1", "f(a)", NULL};
    static const char *const no[] = {"a(1)", "'a'", "b COLLATE a", "cast(b AS a)",
                                     "ab",   "a.b", NULL};
    lim_context cx;
    test_memory m;
    (void)state;
    test_begin(&cx, &m);
    for (int i = 0; yes[i]; i++)
        assert_true(lim_mentions(&cx, yes[i], 0, strlen(yes[i]), "a"));
    for (int i = 0; no[i]; i++)
        assert_false(lim_mentions(&cx, no[i], 0, strlen(no[i]), "a"));
    test_end(&cx, &m);
}

static bool editing(lim_context *cx) {
    static const char definition[] = "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id int "
                                     "REFERENCES users, email text DEFAULT "
                                     "'x' NOT NULL UNIQUE, total int CHECK (total > 0), CONSTRAINT "
                                     "c CHECK (id > 0), CHECK (id < 9))";
    static const char body[] = "ALTER TABLE orders ALTER email DROP NOT NULL, DROP CONSTRAINT c, "
                               "DROP CONSTRAINT orders_user_id_fkey;"
                               "ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0), ALTER email "
                               "SET NOT NULL, ADD CHECK (total < 9);"
                               "ALTER TABLE orders RENAME CONSTRAINT orders_total_check TO d;"
                               "ALTER TABLE orders DROP COLUMN total, ADD COLUMN x int DEFAULT "
                               "f(1), ALTER email TYPE text USING id;";
    edited(cx, definition, body);
    return cx->error.code == LIM_OK;
}

static bool weighing(lim_context *cx) {
    effect_of(
        cx, EFFECTS[0].definition,
        "ALTER TABLE t ALTER a TYPE text, ADD CHECK (a > c), ADD CHECK (b > c), ALTER c SET NOT "
        "NULL, ALTER d SET DEFAULT 6");
    return cx->error.code == LIM_OK;
}

static void memory_may_run_out_at_any_time(void **state) {
    (void)state;
    test_out_of_memory(editing);
    test_out_of_memory(weighing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_edit_what_they_say),
        cmocka_unit_test(an_edit_says_what_it_asks_of_the_rows),
        cmocka_unit_test(an_edit_says_which_columns_it_touches),
        cmocka_unit_test(a_type_has_the_affinity_that_sqlite_gives_it),
        cmocka_unit_test(names_are_cut_as_postgresql_cuts_them),
        cmocka_unit_test(an_expression_mentions_columns_only),
        cmocka_unit_test(memory_may_run_out_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
