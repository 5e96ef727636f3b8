/*
** test_format.c - directories of other tools, read as migration files
*/
#include "memory.h"

#include "checksum.h"
#include "format.h"
#include "script.h"

#include <stdio.h>

typedef struct fixture {
    lim_context cx;
    test_memory memory;
    lim_tool format; /* what was found */
    lim_file *out;
    uint32_t count;
} fixture;

/* Reads files given as name, text, name, text, ..., NULL. */
static bool read_files(lim_context *cx, fixture *f, const char *format, lim_dialect dialect,
                       const char *const *files) {
    lim_file list[64];
    uint32_t count = 0;
    if (!lim_format_named(cx, format, &f->format))
        return false;
    for (; *files != NULL; files += 2) {
        if (lim_format_wants(f->format, files[0]))
            list[count++] = (lim_file){files[0], files[1], strlen(files[1])};
    }
    return lim_format_read(cx, dialect, &f->format, list, count, &f->out, &f->count);
}

static const char *text_of(const fixture *f, const char *id) {
    const char *line = lim_format((lim_context *)&f->cx, "-- migrate:revision %s\n", id);
    for (uint32_t i = 0; i < f->count; i++) {
        if (strncmp(f->out[i].text, line, strlen(line)) == 0)
            return f->out[i].text + strlen(line);
    }
    fail_msg("no revision %s", id);
    return NULL;
}

#define FILES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define READS(f, name, ...)                                                   \
    do {                                                                      \
        test_begin(&(f)->cx, &(f)->memory);                                   \
        if (!read_files(&(f)->cx, f, name, LIM_POSTGRES, FILES(__VA_ARGS__))) \
            fail_msg("%s", (f)->cx.error.message);                            \
    } while (0)
#define REFUSES(name, expected, ...)                                                             \
    do {                                                                                         \
        fixture refused = {0};                                                                   \
        test_begin(&refused.cx, &refused.memory);                                                \
        assert_false(read_files(&refused.cx, &refused, name, LIM_POSTGRES, FILES(__VA_ARGS__))); \
        assert_string_equal(refused.cx.error.message, expected);                                 \
        test_end(&refused.cx, &refused.memory);                                                  \
    } while (0)
#define IS(f, id, expected) assert_string_equal(text_of(f, id), expected)

static void a_directory_of_limbecks_own_is_passed_on(void **unused) {
    (void)unused;
    fixture f = {0};
    READS(&f, NULL, "1_a.sql", "-- a comment\n-- migrate:up\nSELECT 1;\n", "old/up.toml", "x");
    assert_int_equal(f.format, LIM_FORMAT_LIMBECK);
    assert_int_equal(f.count, 1);
    assert_string_equal(f.out[0].name, "1_a.sql");
    test_end(&f.cx, &f.memory);
    READS(&f, NULL, "x.sql", "SELECT 1;");
    assert_int_equal(f.format, LIM_FORMAT_LIMBECK);
    test_end(&f.cx, &f.memory);
    READS(&f, NULL, "notes.txt", "");
    assert_int_equal(f.count, 0);
    test_end(&f.cx, &f.memory);
}

static void golang_migrate_has_two_files(void **unused) {
    (void)unused;
    fixture f = {0};
    READS(&f, NULL, "000001_create_users.up.sql", "CREATE TABLE users (id int);\n",
          "000001_create_users.down.sql", "DROP TABLE users;\n", "000002_seed.up.sql", "",
          "000002_seed.down.sql", "", "3_one_way.up.sql", "SELECT 1;", "schema.sql", "not read \\");
    assert_int_equal(f.format, LIM_FORMAT_GOLANG);
    assert_int_equal(f.count, 3);
    IS(&f, "000001",
       "-- migrate:message create users\n-- migrate:up\nCREATE TABLE users (id int);\n"
       "-- migrate:down\nDROP TABLE users;\n");
    IS(&f, "000002", "-- migrate:message seed\n-- migrate:up\n-- migrate:down\n");
    IS(&f, "3", "-- migrate:message one way\n-- migrate:up\nSELECT 1;\n");
    test_end(&f.cx, &f.memory);
    REFUSES(NULL, "files \"01_a.up.sql\" and \"1_b.up.sql\" both are version \"1\"", "1_b.up.sql",
            "", "01_a.up.sql", "");
    REFUSES(NULL, "2_a.down.sql: version \"2\" has a way down and none up", "1_a.up.sql", "",
            "2_a.down.sql", "");
    REFUSES(NULL, "2_a.sql: not the name of a migration of golang-migrate", "1_a.up.sql", "",
            "2_a.sql", "");
    REFUSES(NULL, "3_x.go: a migration that is a program cannot be loaded", "1_a.up.sql", "",
            "3_x.go", "package x");
}

static void sqlx_says_no_transaction(void **unused) {
    (void)unused;
    fixture f = {0};
    READS(&f, NULL, "20260110_a.up.sql", "-- no-transaction\nVACUUM;\n", "20260110_a.down.sql",
          "SELECT 1;");
    assert_int_equal(f.format, LIM_FORMAT_SQLX);
    IS(&f, "20260110",
       "-- migrate:message a\n-- migrate:up transaction:false\n-- no-transaction\nVACUUM;\n"
       "-- migrate:down\nSELECT 1;\n");
    test_end(&f.cx, &f.memory);
    READS(&f, "sqlx", "1_a.sql", "SELECT 1;", "2_001_b.sql", "-- no-transaction\nVACUUM;");
    IS(&f, "1", "-- migrate:message a\n-- migrate:up\nSELECT 1;\n");
    IS(&f, "2",
       "-- migrate:message 001 b\n-- migrate:up transaction:false\n-- no-transaction\nVACUUM;\n");
    test_end(&f.cx, &f.memory);
    REFUSES("sqlx", "a.sql: not the name of a migration of sqlx", "a.sql", "");
}

static void goose_has_markers(void **unused) {
    (void)unused;
    fixture f = {0};
    READS(&f, NULL, "00001_users.sql",
          "-- +goose Up\nCREATE TABLE users (id int);\n\n-- +goose Down\nDROP TABLE users;\n",
          "00002_function.sql",
          "-- what it is for\n-- +goose Up\n-- +goose StatementBegin\n"
          "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; SELECT 2; $$ LANGUAGE sql\n"
          "-- +goose StatementEnd\nSELECT 1;\n",
          "00003_index.sql",
          "-- +goose NO TRANSACTION\n--+goose up\nCREATE INDEX CONCURRENTLY i ON t (a);\n"
          "  -- +goose Down  \n",
          "00004_empty.sql", "-- +goose Up\n-- +goose Down\n");
    assert_int_equal(f.format, LIM_FORMAT_GOOSE);
    assert_int_equal(f.count, 4);
    IS(&f, "00001",
       "-- migrate:message users\n-- migrate:up\nCREATE TABLE users (id int);\n-- migrate:down\n"
       "DROP TABLE users;\n");
    IS(&f, "00002",
       "-- migrate:message function\n-- migrate:up\n"
       "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; SELECT 2; $$ LANGUAGE sql\n;\nSELECT 1;\n");
    IS(&f, "00003",
       "-- migrate:message index\n-- migrate:up transaction:false\n"
       "CREATE INDEX CONCURRENTLY i ON t (a);\n-- migrate:down transaction:false\n");
    IS(&f, "00004", "-- migrate:message empty\n-- migrate:up\n-- migrate:down\n");
    test_end(&f.cx, &f.memory);
    REFUSES("goose", "1_a.sql: no line \"-- +goose Up\"", "1_a.sql", "-- nothing");
    REFUSES("goose", "1_a.sql, line 2: text before the first section", "1_a.sql",
            "\nSELECT 1;\n-- +goose Up\n");
    REFUSES(NULL, "1_a.sql, line 2: a second Up", "1_a.sql", "-- +goose Up\n-- +goose Up\n");
    REFUSES(NULL, "1_a.sql, line 1: Down before Up", "1_a.sql", "-- +goose Down\n-- +goose Up\n");
    REFUSES(NULL, "1_a.sql, line 1: unknown marker \"Sideways\"", "1_a.sql", "-- +goose Sideways");
    REFUSES(NULL, "1_a.sql, line 1: ENVSUB: Limbeck does not substitute variables", "1_a.sql",
            "-- +goose ENVSUB ON\n-- +goose Up\n");
    REFUSES(NULL, "1_a.sql, line 2: StatementBegin without a StatementEnd", "1_a.sql",
            "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n");
    REFUSES(NULL, "1_a.sql, line 2: StatementEnd without a StatementBegin", "1_a.sql",
            "-- +goose Up\n-- +goose StatementEnd\n");
    REFUSES(NULL, "a.sql: not the name of a migration of goose", "a.sql", "-- +goose Up\n");
}

static void a_text_alone_is_told_by_its_markers(void **unused) {
    (void)unused;
    static const char *const texts[][3] = {
        {"db/00001_users.sql", "-- +goose Up\nSELECT 1;\n",
         "-- migrate:revision 00001\n-- migrate:message users\n-- migrate:up\nSELECT 1;\n"},
        {"7-x.sql", "-- why\n-- +migrate Up notransaction\n-- +migrate Down\n",
         "-- migrate:revision 7\n-- migrate:message x\n-- migrate:up transaction:false\n"
         "-- migrate:down\n"},
        {"1_a.up.sql", "SELECT 1;", "SELECT 1;"},
        {NULL, "-- +goose Up\n", "-- +goose Up\n"},
        {"", "-- +migrate Up\n", "-- +migrate Up\n"},
        {"db/", "-- +goose Up\n", "-- +goose Up\n"},
        {"1", "-- +goose Up\n", "-- migrate:revision 1\n-- migrate:up\n"},
        {"12_a", "-- +goose Up\n", "-- migrate:revision 12\n-- migrate:message a\n-- migrate:up\n"},
        {".sql", "-- +migrate Up\n", "-- migrate:revision .sql\n-- migrate:up\n"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fixture f = {0};
        lim_file file = {texts[i][0], texts[i][1], strlen(texts[i][1])};
        test_begin(&f.cx, &f.memory);
        assert_true(lim_format_read_one(&f.cx, LIM_SQLITE, &file));
        assert_string_equal(file.text, texts[i][2]);
        test_end(&f.cx, &f.memory);
    }
    fixture f = {0};
    lim_file bad = {"x.sql", "-- +goose Up\n", 13};
    test_begin(&f.cx, &f.memory);
    assert_false(lim_format_read_one(&f.cx, LIM_SQLITE, &bad));
    assert_string_equal(f.cx.error.message, "x.sql: not the name of a migration of goose");
    test_end(&f.cx, &f.memory);
}

static void sql_migrate_has_markers_with_options(void **unused) {
    (void)unused;
    fixture f = {0};
    READS(&f, NULL, "20260110-create_users.sql",
          "-- +migrate Up\nCREATE TABLE a (i int);\n-- +migrate Down\nDROP TABLE a;\n"
          "-- +migrate Up notransaction\nVACUUM;\n",
          "initial.sql", "-- +migrate Up\n");
    assert_int_equal(f.format, LIM_FORMAT_SQL_MIGRATE);
    IS(&f, "20260110",
       "-- migrate:message create users\n-- migrate:up transaction:false\nCREATE TABLE a (i int);\n"
       "\nVACUUM;\n-- migrate:down\nDROP TABLE a;\n");
    IS(&f, "initial", "-- migrate:up\n");
    test_end(&f.cx, &f.memory);
}

static void flyway_versions_are_numbers(void **unused) {
    (void)unused;
    fixture f = {0};
    READS(&f, NULL, "V1_2__create_users.sql", "CREATE TABLE users (id int);", "U1.2__drop.sql",
          "DROP TABLE users;", "V1.10__later.sql", "VACUUM;", "V1.10__later.sql.conf",
          "# it cannot\nexecuteInTransaction = false\nplaceholderReplacement=false\n", "V2__.sql",
          "", "lib.sql", "not read \\");
    assert_int_equal(f.format, LIM_FORMAT_FLYWAY);
    assert_int_equal(f.count, 3);
    IS(&f, "1.2",
       "-- migrate:message create users\n-- migrate:up\nCREATE TABLE users (id int);\n"
       "-- migrate:down\nDROP TABLE users;\n");
    IS(&f, "1.10", "-- migrate:message later\n-- migrate:up transaction:false\nVACUUM;\n");
    IS(&f, "2", "-- migrate:up\n");
    test_end(&f.cx, &f.memory);
    READS(&f, "flyway", "a/b/V1__x.sql", "SELECT '${x';", "V2__y.sql", "SELECT '$' || '{}';");
    assert_int_equal(f.count, 2);
    test_end(&f.cx, &f.memory);
    REFUSES(NULL, "a/V1__x.sql: a file of Flyway's in a directory below", "a/V1__x.sql", "");
    REFUSES(NULL, "R__views.sql: Limbeck has no repeatable migrations", "V1__a.sql", "",
            "R__views.sql", "");
    REFUSES(NULL, "B2__base.sql: Limbeck has no baseline migrations", "V1__a.sql", "",
            "B2__base.sql", "");
    REFUSES(NULL, "V1__a.sql, line 2: placeholder ${schema}: Limbeck has none", "V1__a.sql",
            "\nCREATE TABLE ${schema}.t (i int);");
    REFUSES(NULL, "files \"V1.0__b.sql\" and \"V1__a.sql\" both are version \"1\"", "V1__a.sql", "",
            "V1.0__b.sql", "");
    REFUSES(NULL, "V1_b.sql: not the name of a migration of flyway", "V2__a.sql", "", "V1_b.sql",
            "");
    REFUSES(NULL, "V1a__b.sql: not the name of a migration of flyway", "V1a__b.sql", "");
    REFUSES(NULL, "afterMigrate.sql: Limbeck has no callbacks", "V2__a.sql", "", "afterMigrate.sql",
            "");
    REFUSES(NULL, "V1__a.sql.conf, line 1: the setting \"shouldExecute=false\" is not supported",
            "V1__a.sql", "", "V1__a.sql.conf", "shouldExecute=false");
    REFUSES(NULL, "U1__a.sql: version \"1\" has a way down and none up", "U1__a.sql", "");
}

static void diesel_has_directories(void **unused) {
    (void)unused;
    fixture f = {0};
    READS(&f, NULL, "00000000000000_diesel_initial_setup/up.sql", "SELECT 1;",
          "00000000000000_diesel_initial_setup/down.sql", "",
          "2026-01-10-093000_create_users/up.sql", "CREATE INDEX CONCURRENTLY i ON t (a);",
          "2026-01-10-093000_create_users/down.sql", "DROP INDEX i;",
          "2026-01-10-093000_create_users/metadata.toml",
          "# why\nrun_in_transaction = false # really\n");
    assert_int_equal(f.format, LIM_FORMAT_DIESEL);
    IS(&f, "00000000000000",
       "-- migrate:message diesel initial setup\n-- migrate:up\nSELECT 1;\n-- migrate:down\n");
    IS(&f, "20260110093000",
       "-- migrate:message create users\n-- migrate:up transaction:false\n"
       "CREATE INDEX CONCURRENTLY i ON t (a);\n-- migrate:down transaction:false\nDROP INDEX i;\n");
    test_end(&f.cx, &f.memory);
    REFUSES(NULL, "1_a/metadata.toml, line 1: run_in_transaction is true or false", "1_a/up.sql",
            "", "1_a/metadata.toml", "run_in_transaction = maybe");
    REFUSES(NULL,
            "files \"2026-01-10-1_a/up.sql\" and \"202601101_b/up.sql\" both are version "
            "\"202601101\"",
            "2026-01-10-1_a/up.sql", "", "202601101_b/up.sql", "");
}

static void prisma_and_supabase_go_up_only(void **unused) {
    (void)unused;
    fixture f = {0};
    READS(&f, NULL, "20260110093000_init/migration.sql",
          "-- CreateTable\nCREATE TABLE \"U\" (i int);\n", "migration_lock.toml",
          "provider = \"postgresql\"");
    assert_int_equal(f.format, LIM_FORMAT_PRISMA);
    IS(&f, "20260110093000",
       "-- migrate:message init\n-- migrate:up\n-- CreateTable\nCREATE TABLE \"U\" (i int);\n");
    test_end(&f.cx, &f.memory);
    READS(&f, "supabase", "20260110093000_init_schema.sql", "create table u (i int);");
    IS(&f, "20260110093000",
       "-- migrate:message init schema\n-- migrate:up\ncreate table u (i int);\n");
    test_end(&f.cx, &f.memory);
    READS(&f, NULL, "20260110_001_init_schema.sql", "create table u (i int);", "20260110_002.sql",
          "");
    assert_int_equal(f.format, LIM_FORMAT_PLAIN);
    IS(&f, "20260110_001",
       "-- migrate:message init schema\n-- migrate:up\ncreate table u (i int);\n");
    IS(&f, "20260110_002", "-- migrate:up\n");
    test_end(&f.cx, &f.memory);
}

static const char PLAN[] =
    "%syntax-version=1.0.0\n%project=flipr\n\n"
    "appschema 2026-01-10T09:30:00Z Ada <ada@example.org> # Adds #1 schema.\\nMore.\n"
    "users [appschema] 2026-01-11T09:30:00Z Ada <ada@example.org>\n"
    "@v1.0 2026-01-12T09:30:00Z Ada <ada@example.org> # Tagged.\n"
    "# a comment\n"
    "+ flips [flipr:users@v1.0 appschema !nothing @v1.0] 2026-01-12T09:30:00Z Ada <a@b> # Flips\n"
    "users [users@v1.0] 2026-01-13T09:30:00Z Ada <ada@example.org> # Reworked.\n";

static void sqitch_has_a_plan(void **unused) {
    (void)unused;
    fixture f = {0};
    READS(&f, NULL, "sqitch.plan", PLAN, "deploy/appschema.sql", "BEGIN;\nSELECT 1;\nCOMMIT;\n",
          "revert/appschema.sql", "SELECT 2;\n", "deploy/users@v1.0.sql", "SELECT 3;\n",
          "deploy/users.sql", "SELECT 4;\n", "deploy/flips.sql", "SELECT 5;", "verify/flips.sql",
          "?", "README.sql", "?");
    assert_int_equal(f.format, LIM_FORMAT_SQITCH);
    assert_int_equal(f.count, 4);
    IS(&f, "appschema",
       "-- migrate:message Adds #1 schema.\n-- migrate:down_revision base\n-- migrate:up\nBEGIN;\n"
       "SELECT 1;\nCOMMIT;\n-- migrate:down\nSELECT 2;\n");
    IS(&f, "users.v1.0",
       "-- migrate:message users\n-- migrate:down_revision appschema\n-- migrate:depends_on "
       "appschema\n-- migrate:up\nSELECT 3;\n");
    IS(&f, "flips",
       "-- migrate:message Flips\n-- migrate:down_revision users.v1.0\n-- migrate:depends_on "
       "users.v1.0, appschema\n-- migrate:up\nSELECT 5;\n");
    IS(&f, "users",
       "-- migrate:message Reworked.\n-- migrate:down_revision flips\n-- migrate:depends_on "
       "users.v1.0\n-- migrate:up\nSELECT 4;\n");
    test_end(&f.cx, &f.memory);
    REFUSES("sqitch", "no file sqitch.plan", "deploy/a.sql", "");
    REFUSES(NULL, "sqitch.plan, line 1: change \"a\" has no file deploy/a.sql", "sqitch.plan",
            "a 2026");
    REFUSES(NULL, "sqitch.plan, line 1: change \"a\" requires \"b\", which is not before it",
            "sqitch.plan", "a [b]\nb\n", "deploy/a.sql", "", "deploy/b.sql", "");
    REFUSES(NULL, "sqitch.plan, line 1: change \"a\" requires \"x:b\", a change of another project",
            "sqitch.plan", "a [x:b]", "deploy/a.sql", "");
    REFUSES(NULL, "sqitch.plan, line 2: change \"b\" conflicts with \"a\", which stands before it",
            "sqitch.plan", "a\nb [!a]", "deploy/a.sql", "", "deploy/b.sql", "");
    REFUSES(NULL, "sqitch.plan, line 1: change \"a\" stands in the plan twice", "sqitch.plan",
            "a\na\n");
    REFUSES(NULL, "sqitch.plan, line 2: a change that the plan itself reverts", "sqitch.plan",
            "a\n-a\n");
    REFUSES(NULL, "sqitch.plan, line 1: the requirements of \"a\" have no end", "sqitch.plan",
            "a [b");
    REFUSES(NULL, "deploy/a.sql, line 3: \\set x 1 is a command of psql's, not SQL", "sqitch.plan",
            "a", "deploy/a.sql", "SELECT '\n';\\x\n  \\set x 1\n");
}

static void a_directory_of_two_tools_is_refused(void **unused) {
    (void)unused;
    REFUSES(NULL, "the directory holds files of limbeck (1_a.sql) and of goose (2_b.sql)",
            "1_a.sql", "-- migrate:up\n", "2_b.sql", "-- +goose Up\n");
    REFUSES(NULL, "0001_x.py: a migration in Python cannot be loaded", "__init__.py", "",
            "0001_x.py", "revision = '1'");
    REFUSES("plain", "1_a.sql, line 2: a marker of goose in a file of plain", "1_a.sql",
            "SELECT 1;\n-- +goose Up\n");
    REFUSES("nosuchtool", "unknown format \"nosuchtool\"", "1_a.sql", "");
}

static void text_of_any_system_is_read(void **unused) {
    (void)unused;
    fixture f = {0};
    READS(&f, NULL, "1_a.sql",
          "\xEF\xBB\xBF-- +goose Up\r\nSELECT 'a;b', $$;\r\n$$; -- ;\r\n"
          "/* ; */\r\n-- +goose Down\r\n\r\n");
    IS(&f, "1",
       "-- migrate:message a\n-- migrate:up\nSELECT 'a;b', $$;\n$$; -- ;\n/* ; */\n-- "
       "migrate:down\n");
    test_end(&f.cx, &f.memory);
    READS(&f, NULL, "1_a.up.sql", "\xEF\xBB\xBFSELECT '\n-- migrate:down\n';\r\n");
    IS(&f, "1", "-- migrate:message a\n-- migrate:up\nSELECT '\n-- migrate:down\n';\n");
    test_end(&f.cx, &f.memory);
    REFUSES(NULL, "1_a.up.sql, line 2: byte 0xe9 in column 10 is not UTF-8", "1_a.up.sql",
            "\nSELECT 'd\xE9j\xE0';");
    REFUSES(NULL, "1_a.up.sql: the text is UTF-16", "1_a.up.sql", "\xFF\xFE-");
    REFUSES(NULL,
            "1_a.up.sql: the upgrade, line 1, column 8: the string that begins here has no end",
            "1_a.up.sql", "SELECT 'a;");
    REFUSES(
        NULL,
        "1_a.up.sql: the upgrade, line 2, column 1: the line reads as a marker of a migration file",
        "1_a.up.sql", "SELECT 1;\n-- migrate:down\n");
    REFUSES(NULL, "1_a.sql, line 2: the string that begins here runs over the marker on line 3",
            "1_a.sql", "-- +goose Up\nSELECT 'a\n-- +goose Down\n';\n");
    REFUSES(
        NULL,
        "1_a.sql, line 2: the dollar-quoted string that begins here runs over the marker on line 3",
        "1_a.sql", "-- +goose Up\nSELECT $$a\n-- +goose Down\n$$;\n");
    REFUSES(NULL, "1_a.sql, line 2: the comment that begins here runs over the marker on line 3",
            "1_a.sql", "-- +goose Up\n/* a\n-- +goose Down\n*/;\n");
    REFUSES(NULL, "1_a.sql, line 2: the string that begins here has no end", "1_a.sql",
            "-- +goose Up\nSELECT 'a\n");
}

static void versions_have_one_key(void **unused) {
    (void)unused;
    static const struct {
        lim_tool format;
        const char *version, *key;
    } cases[] = {
        {LIM_FORMAT_GOLANG, "000", "0"},
        {LIM_FORMAT_GOOSE, "00012", "12"},
        {LIM_FORMAT_SQLX, "x1", "x1"},
        {LIM_FORMAT_SUPABASE, "1a", "1a"},
        {LIM_FORMAT_FLYWAY, "1.02.0", "1.2"},
        {LIM_FORMAT_FLYWAY, "1.0.0", "1"},
        {LIM_FORMAT_FLYWAY, "0", "0"},
        {LIM_FORMAT_FLYWAY, "10.0.1", "10.0.1"},
        {LIM_FORMAT_FLYWAY, "1..2", "1..2"},
        {LIM_FORMAT_FLYWAY, "1x", "1x"},
        {LIM_FORMAT_DIESEL, "2026-01-10-000000", "20260110000000"},
        {LIM_FORMAT_DBMATE, "20260110_001", "20260110"},
        {LIM_FORMAT_DBMATE, "x", "x"},
        {LIM_FORMAT_PLAIN, "01", "01"},
    };
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(lim_version_key(&cx, cases[i].format, cases[i].version), cases[i].key);
    test_end(&cx, &m);
}

static void directories_are_entered_where_the_format_has_them(void **unused) {
    (void)unused;
    assert_true(lim_format_enters(LIM_FORMAT_DETECT, "2026_x"));
    assert_false(lim_format_enters(LIM_FORMAT_DETECT, "2026_x/y"));
    assert_true(lim_format_enters(LIM_FORMAT_DETECT, "deploy/y"));
    assert_true(lim_format_enters(LIM_FORMAT_SQITCH, "revert"));
    assert_false(lim_format_enters(LIM_FORMAT_SQITCH, "verify"));
    assert_true(lim_format_enters(LIM_FORMAT_FLYWAY, "a/b/c"));
    assert_false(lim_format_enters(LIM_FORMAT_FLYWAY, "a/b/c/d/e/f/g/h/i"));
    assert_true(lim_format_enters(LIM_FORMAT_PRISMA, "x"));
    assert_false(lim_format_enters(LIM_FORMAT_GOOSE, "x"));
    assert_true(lim_format_wants(LIM_FORMAT_DETECT, "a/up.sql"));
    assert_false(lim_format_wants(LIM_FORMAT_DETECT, "a/other.sql"));
    assert_false(lim_format_wants(LIM_FORMAT_DETECT, "a/b/up.sql"));
    assert_false(lim_format_wants(LIM_FORMAT_GOOSE, "a/up.sql"));
    assert_false(lim_format_wants(LIM_FORMAT_DETECT, "x_test.go"));
    assert_false(lim_format_wants(LIM_FORMAT_DETECT, ".sql"));
    assert_false(lim_format_wants(LIM_FORMAT_DETECT, ".001_a.sql"));
    assert_false(lim_format_wants(LIM_FORMAT_FLYWAY, ".git/V1__a.sql"));
    assert_false(lim_format_wants(LIM_FORMAT_FLYWAY, "a/.b/V1__a.sql"));
    assert_true(lim_format_wants(LIM_FORMAT_FLYWAY, "a/b.c/V1__a.sql"));
    for (lim_tool t = LIM_FORMAT_LIMBECK; t < LIM_FORMATS; t++)
        assert_string_not_equal(lim_format_name(t), "none");
    assert_string_equal(lim_format_name(LIM_FORMAT_DETECT), "none");
}

static bool many_files(lim_context *cx) {
    fixture f = {0};
    return read_files(cx, &f, NULL, LIM_SQLITE,
                      FILES("sqitch.plan", PLAN, "deploy/appschema.sql", "SELECT 1;",
                            "deploy/users@v1.0.sql", "", "deploy/users.sql", "", "deploy/flips.sql",
                            "", "revert/flips.sql", "SELECT 1;\r\n")) &&
           read_files(cx, &f, NULL, LIM_SQLITE,
                      FILES("1_a.sql",
                            "-- +goose Up\nSELECT 1;\n-- +goose Down\n-- +goose "
                            "StatementBegin\nSELECT 2\n-- +goose StatementEnd\n",
                            "2_b.sql", "-- +goose Up\n")) &&
           read_files(cx, &f, NULL, LIM_SQLITE,
                      FILES("V1.0__a.sql", "SELECT 1;", "U1__b.sql", "", "V1.0__a.sql.conf",
                            "executeInTransaction=false")) &&
           read_files(cx, &f, NULL, LIM_SQLITE,
                      FILES("2026-01_a/up.sql", "", "2026-01_a/down.sql", "",
                            "2026-01_a/metadata.toml", "run_in_transaction=true"));
}

static bool refused_files(lim_context *cx) {
    fixture f = {0};
    (void)(!read_files(cx, &f, NULL, LIM_SQLITE,
                       FILES("1_a.sql", "-- +goose Up\n'\n-- +goose Up\n'")));
    lim_error first = cx->error;
    if (first.code == LIM_NOMEM)
        return false;
    cx->error = (lim_error){0};
    (void)(!read_files(cx, &f, NULL, LIM_SQLITE, FILES("1_a.up.sql", "'")));
    if (cx->error.code == LIM_NOMEM)
        return false;
    cx->error = (lim_error){0};
    return true;
}

static void every_failing_allocation_is_told(void **unused) {
    (void)unused;
    test_out_of_memory(many_files);
    test_out_of_memory(refused_files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_of_limbecks_own_is_passed_on),
        cmocka_unit_test(golang_migrate_has_two_files),
        cmocka_unit_test(sqlx_says_no_transaction),
        cmocka_unit_test(goose_has_markers),
        cmocka_unit_test(a_text_alone_is_told_by_its_markers),
        cmocka_unit_test(sql_migrate_has_markers_with_options),
        cmocka_unit_test(flyway_versions_are_numbers),
        cmocka_unit_test(diesel_has_directories),
        cmocka_unit_test(prisma_and_supabase_go_up_only),
        cmocka_unit_test(sqitch_has_a_plan),
        cmocka_unit_test(a_directory_of_two_tools_is_refused),
        cmocka_unit_test(text_of_any_system_is_read),
        cmocka_unit_test(versions_have_one_key),
        cmocka_unit_test(directories_are_entered_where_the_format_has_them),
        cmocka_unit_test(every_failing_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
