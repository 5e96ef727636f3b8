/*
** test_import.c - Alembic's offline script, taken apart
*/
#include "memory.h"

#include "import.h"

#include <stdio.h>

typedef struct fixture {
    lim_context cx;
    test_memory memory;
    lim_file *files;
    uint32_t count;
} fixture;

static bool import(lim_context *cx, fixture *f, lim_dialect dialect, const char *up,
                   const char *down) {
    lim_bytes u = {up, up == NULL ? 0 : strlen(up)}, d = {down, down == NULL ? 0 : strlen(down)};
    return lim_import(cx, dialect, "alembic", &u, &d, &f->files, &f->count);
}

#define IMPORTS(f, dialect, up, down)                \
    do {                                             \
        test_begin(&(f)->cx, &(f)->memory);          \
        if (!import(&(f)->cx, f, dialect, up, down)) \
            fail_msg("%s", (f)->cx.error.message);   \
    } while (0)
#define REFUSES(up, down, expected)                                          \
    do {                                                                     \
        fixture refused = {0};                                               \
        test_begin(&refused.cx, &refused.memory);                            \
        assert_false(import(&refused.cx, &refused, LIM_POSTGRES, up, down)); \
        assert_string_equal(refused.cx.error.message, expected);             \
        test_end(&refused.cx, &refused.memory);                              \
    } while (0)

#define CREATE                                                                                \
    "CREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL, \n    CONSTRAINT " \
    "alembic_version_pkc PRIMARY KEY (version_num)\n);\n\n"
#define INSERT(id) "INSERT INTO alembic_version (version_num) VALUES ('" id "');\n\n"
#define UPDATE(from, to)                                                                         \
    "UPDATE alembic_version SET version_num='" to "' WHERE alembic_version.version_num = '" from \
    "';\n\n"
#define DELETE(id) "DELETE FROM alembic_version WHERE alembic_version.version_num = '" id "';\n\n"

static const char UP[] =
    "BEGIN;\n\n" CREATE "-- Running upgrade  -> a1, create users, it's first\n\n"
    "CREATE TABLE users (id int);\n\n-- what else\nINSERT INTO users VALUES (1) ; -- "
    "done\n\n" INSERT(
        "a1") "-- Running upgrade a1 -> b1\n\nINSERT INTO t VALUES (';\n-- Running "
              "upgrade x -> y\n');\n\n" UPDATE(
                  "a1",
                  "b1") "-- Running upgrade a1 -> "
                        "c1\n\n" INSERT(
                            "c1") "-- Running "
                                  "upgrade None "
                                  "-> "
                                  "z1\n\nSELECT "
                                  "1;\n\n" INSERT(
                                      "z1") "-- Running upgrade b1, c1 -> d1, merge\n\n" DELETE("c"
                                                                                                "1")
                                      UPDATE("b1", "d1") "-- Running upgrade d1 -> e1\n\nSELECT "
                                                         "2;\n\n" DELETE("d1")
                                                             UPDATE("z1", "e1") "COMMIT;\n";

static const char DOWN[] = "BEGIN;\n\n-- Running downgrade e1 -> d1\n\nSELECT -2;\n\n" INSERT("d1")
    UPDATE("e1", "z1") "-- Running downgrade d1 -> b1, c1\n\n" INSERT("b1")
        UPDATE("d1", "c1") "-- Running downgrade b1 -> a1\n\nDELETE FROM t;\n\n" DELETE(
            "b1") "-- Running downgrade c1 -> a1\n\n" UPDATE("c1",
                                                             "a1") "-- Running downgrade a1 -> "
                                                                   "\n\nDROP TABLE "
                                                                   "users;\n\n" DELETE("a1") "DROP "
                                                                                             "TABLE"
                                                                                             " alem"
                                                                                             "bic_"
                                                                                             "versi"
                                                                                             "on;"
                                                                                             "\n\nC"
                                                                                             "OMMIT"
                                                                                             ";\n";

static void a_script_becomes_revisions(void **unused) {
    (void)unused;
    fixture f = {0};
    IMPORTS(&f, LIM_POSTGRES, UP, DOWN);
    assert_int_equal(f.count, 6);
    assert_string_equal(f.files[0].name, "a1");
    assert_string_equal(f.files[0].text,
                        "-- migrate:revision a1\n-- migrate:message create users, it's first\n"
                        "-- migrate:down_revision base\n-- migrate:up\n"
                        "CREATE TABLE users (id int);\n\n-- what else\nINSERT INTO users VALUES "
                        "(1);\n\n-- done\n-- migrate:down\nDROP TABLE users;\n");
    assert_string_equal(f.files[1].text,
                        "-- migrate:revision b1\n-- migrate:down_revision a1\n-- migrate:up\n"
                        "INSERT INTO t VALUES (';\n-- Running upgrade x -> y\n');\n"
                        "-- migrate:down\nDELETE FROM t;\n");
    assert_string_equal(f.files[2].text, "-- migrate:revision c1\n-- migrate:down_revision a1\n"
                                         "-- migrate:up\n-- migrate:down\n");
    assert_string_equal(f.files[3].text, "-- migrate:revision z1\n-- migrate:down_revision base\n"
                                         "-- migrate:up\nSELECT 1;\n");
    assert_string_equal(f.files[4].text,
                        "-- migrate:revision d1\n-- migrate:message merge\n"
                        "-- migrate:down_revision b1, c1\n-- migrate:up\n-- migrate:down\n");
    assert_string_equal(f.files[5].text,
                        "-- migrate:revision e1\n-- migrate:down_revision d1\n"
                        "-- migrate:depends_on z1\n-- migrate:up\nSELECT 2;\n-- migrate:down\n"
                        "SELECT -2;\n");
    test_end(&f.cx, &f.memory);
    IMPORTS(&f, LIM_SQLITE, UP, NULL);
    assert_int_equal(f.count, 6);
    assert_null(strstr(f.files[0].text, "migrate:down\n"));
    test_end(&f.cx, &f.memory);
}

static const char BLOCKS[] =
    "BEGIN;\n\n" CREATE "-- Running upgrade  -> a1\n\nSELECT 1;\n\n" INSERT(
        "a1") "COMMIT;\n\nBEGIN;\n\n"
              "-- Running upgrade a1 -> a2\n\nCOMMIT;\n\nCREATE INDEX CONCURRENTLY i ON t "
              "(a);\n\nBEGIN;\n\n" UPDATE(
                  "a1", "a2") "COMMIT;\n\nBEGIN;\n\n"
                              "-- Running upgrade a2 -> a3\n\nSELECT "
                              "1;\n\nCOMMIT;\n\nVACUUM;\n\nBEGIN;\n\nSELECT 2;\n\n" UPDATE(
                                  "a2", "a3") "COMMIT;\n";

static void what_stands_outside_a_transaction_stays_there(void **unused) {
    (void)unused;
    fixture f = {0};
    IMPORTS(&f, LIM_POSTGRES, BLOCKS, NULL);
    assert_string_equal(f.files[0].text, "-- migrate:revision a1\n-- migrate:down_revision base\n"
                                         "-- migrate:up\nSELECT 1;\n");
    assert_string_equal(f.files[1].text,
                        "-- migrate:revision a2\n-- migrate:down_revision a1\n"
                        "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON t (a);\n");
    assert_string_equal(f.files[2].text,
                        "-- migrate:revision a3\n-- migrate:down_revision a2\n"
                        "-- migrate:up transaction:false\nBEGIN;\n\nSELECT 1;\n\nCOMMIT;\n\n"
                        "VACUUM;\n\nBEGIN;\n\nSELECT 2;\n\nCOMMIT;\n");
    test_end(&f.cx, &f.memory);
}

static const char WITH_LOG[] =
    "INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.\n" CREATE
    "INFO  [alembic.runtime.migration] Running upgrade  -> a1, it's the first\n"
    "-- Running upgrade  -> a1\r\n\r\nSELECT 'INFO  [alembic] stays';\r\n\r\n" INSERT(
        "a1") "INFO  [alembic.runtime.migration] Running upgrade a1 -> a2\n"
              "-- Running upgrade a1 -> a2\n\nSELECT INFO [1] FROM t;\n\n" UPDATE("a1", "a2");

static void the_log_has_the_messages(void **unused) {
    (void)unused;
    fixture f = {0};
    IMPORTS(&f, LIM_SQLITE, WITH_LOG, NULL);
    assert_int_equal(f.count, 2);
    assert_string_equal(f.files[0].text,
                        "-- migrate:revision a1\n-- migrate:message it's the first\n"
                        "-- migrate:down_revision base\n-- migrate:up\n"
                        "SELECT 'INFO  [alembic] stays';\n");
    assert_string_equal(f.files[1].text, "-- migrate:revision a2\n-- migrate:down_revision a1\n"
                                         "-- migrate:up\nSELECT INFO [1] FROM t;\n");
    test_end(&f.cx, &f.memory);
}

static void the_version_table_may_have_another_name(void **unused) {
    (void)unused;
    fixture f = {0};
    IMPORTS(&f, LIM_POSTGRES,
            "CREATE TABLE my.\"Versions\" (\n version_num text);\n-- Running upgrade  -> a1\n"
            "CREATE TABLE alembic_version (version_num text);\n"
            "INSERT INTO my.\"Versions\" (version_num) VALUES ('a1');\n",
            "-- Running downgrade a1 -> \nDROP TABLE alembic_version;\n"
            "DELETE FROM my.\"Versions\" WHERE version_num = 'a1';\nDROP TABLE my.\"Versions\";\n");
    assert_string_equal(f.files[0].text,
                        "-- migrate:revision a1\n-- migrate:down_revision base\n-- migrate:up\n"
                        "CREATE TABLE alembic_version (version_num text);\n-- migrate:down\n"
                        "DROP TABLE alembic_version;\n");
    test_end(&f.cx, &f.memory);
}

static void what_is_no_script_of_alembics_is_refused(void **unused) {
    (void)unused;
    REFUSES(NULL, NULL, "argument \"upgrade_sql\" of migrate_import() is required");
    REFUSES("", NULL, "upgrade_sql: no line \"-- Running upgrade\"");
    REFUSES("SELECT 1;", NULL, "upgrade_sql, line 1: a statement that belongs to no revision");
    REFUSES("-- Running upgrade a\n", NULL,
            "upgrade_sql, line 1: a line \"Running upgrade\" without an arrow");
    REFUSES("-- Running downgrade a -> b\n", NULL,
            "upgrade_sql, line 1: the script of the upgrade holds a line \"Running downgrade\"");
    REFUSES("-- Running upgrade  -> a\nSELECT 1;\n-- Running upgrade  -> a\n", NULL,
            "upgrade_sql, line 3: revision \"a\" begins a second time");
    REFUSES("-- Running upgrade  -> a\nSELECT 1;\n-- Running stamp a -> b\nSELECT 2;\n", NULL,
            "upgrade_sql, line 4: a statement that belongs to no revision");
    REFUSES("-- Running upgrade  -> a\nSELECT 'x;\n", NULL,
            "upgrade_sql, line 2: a string, name or comment in the statement that begins here has "
            "no end");
    REFUSES("-- Running upgrade  -> a\n", "-- Running downgrade b -> a\n",
            "downgrade_sql: revision \"b\" is not in the script of the upgrade");
    REFUSES("-- Running upgrade  -> a@b\n", NULL,
            "a@b: character(s) '@' not allowed in revision identifier 'a@b'");
    REFUSES("-- Running upgrade  -> a\nSELECT '\xE9';\n", NULL,
            "upgrade_sql, line 2: byte 0xe9 in column 9 is not UTF-8");
    fixture f = {0};
    lim_bytes none = {NULL, 0};
    test_begin(&f.cx, &f.memory);
    assert_false(lim_import(&f.cx, LIM_SQLITE, "flyway", &none, &none, &f.files, &f.count));
    assert_string_equal(f.cx.error.message, "cannot import from \"flyway\"");
    test_end(&f.cx, &f.memory);
}

static bool all_scripts(lim_context *cx) {
    fixture f = {0};
    return import(cx, &f, LIM_POSTGRES, UP, DOWN) && import(cx, &f, LIM_POSTGRES, BLOCKS, NULL) &&
           import(cx, &f, LIM_POSTGRES, WITH_LOG, NULL);
}

static void every_failing_allocation_is_told(void **unused) {
    (void)unused;
    test_out_of_memory(all_scripts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_becomes_revisions),
        cmocka_unit_test(what_stands_outside_a_transaction_stays_there),
        cmocka_unit_test(the_log_has_the_messages),
        cmocka_unit_test(the_version_table_may_have_another_name),
        cmocka_unit_test(what_is_no_script_of_alembics_is_refused),
        cmocka_unit_test(every_failing_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
