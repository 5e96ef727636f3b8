/*
** test_alter.c - CREATE TABLE cut, ALTER TABLE read, the one edited by the other
*/
#include "memory.h"

#include "core/alter_edit.h"

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

static void memory_may_run_out_at_any_time(void **state) {
    (void)state;
    test_out_of_memory(editing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_edit_what_they_say),
        cmocka_unit_test(names_are_cut_as_postgresql_cuts_them),
        cmocka_unit_test(an_expression_mentions_columns_only),
        cmocka_unit_test(memory_may_run_out_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
