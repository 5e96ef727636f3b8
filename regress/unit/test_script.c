/*
** test_script.c - the migration file: reading, writing, names
*/
#include "memory.h"

#include "core/checksum.h"
#include "core/script.h"

#include <stdio.h>

/* What a file says, in one line: `id/message/parents/depends/labels` ("-" for NULL, parents "-" without
** a line, "base" for an empty one), then each section as ` up(sqlite,no)@line<body>`. */
static const char *describe(lim_context *cx, const lim_script *s) {
    static const char *const DIRECTIONS[] = {"up", "down"};
    static const char *const VARIANTS[] = {"", "sqlite", "postgres"};
    lim_text t = {.cx = cx};
    const char *parents = lim_list_join(cx, &s->down_revision);
    const char *depends = lim_list_join(cx, &s->depends_on);
    const char *labels = lim_list_join(cx, &s->branch_labels);
    if (parents == NULL && s->has_down_revision)
        parents = "base";
    lim_text_addf(&t, "%s/%s/%s/%s/%s", s->id ? s->id : "-", s->message ? s->message : "-",
                  parents ? parents : "-", depends ? depends : "-", labels ? labels : "-");
    for (int d = 0; d < 2; d++) {
        for (int v = 0; v < LIM_VARIANTS; v++) {
            const lim_section *section = &s->sections[d][v];
            if (section->present)
                lim_text_addf(&t, " %s(%s%s)@%u<%.*s>", DIRECTIONS[d], VARIANTS[v],
                              section->transactional ? "" : "!", (unsigned)section->line,
                              (int)section->length, section->body);
        }
    }
    return lim_text_end(&t);
}

typedef struct file_case {
    const char *name, *text;
    const char *result; /* as described, or the error's message */
} file_case;

/* Parses a copy of exactly the text's size, so that the sanitizer sees reads beyond it. */
static bool parse(lim_context *cx, const char *text, const char *name, char **copy, lim_script *s) {
    size_t length = strlen(text);
    *copy = malloc(length == 0 ? 1 : length);
    memcpy(*copy, text, length);
    return lim_script_parse(cx, *copy, length, name, s);
}

static void check_files(const file_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        lim_context cx;
        test_memory m;
        lim_script s;
        char *copy;
        test_begin(&cx, &m);
        bool parsed = parse(&cx, cases[i].text, cases[i].name, &copy, &s);
        assert_string_equal(parsed ? describe(&cx, &s) : cx.error.message, cases[i].result);
        if (!parsed)
            assert_true(cx.error.code == LIM_SYNTAX || cx.error.code == LIM_INVALID);
        test_end(&cx, &m);
        free(copy);
    }
}

#define CHECK_FILES(cases) check_files(cases, sizeof cases / sizeof *(cases))

static void files_are_read(void **unused) {
    (void)unused;
    static const file_case CASES[] = {
        {NULL,
         "-- migrate:revision 3f2a9c1b77de\n-- migrate:message add users\n"
         "-- migrate:down_revision 001, 002\n-- migrate:depends_on 8a41c2d0, billing\n"
         "-- migrate:branch_label accounts\n-- migrate:up\nCREATE TABLE users (id);\n"
         "-- migrate:down\nDROP TABLE users;\n",
         "3f2a9c1b77de/add users/001, 002/8a41c2d0, billing/accounts "
         "up()@7<CREATE TABLE users (id);> down()@9<DROP TABLE users;>"},
        {"db/20200227231541_test_posts.sql",
         "-- migrate:up\ncreate table users (id serial);\n\n-- migrate:down\ndrop table users;\n",
         "20200227231541/test posts/-/-/- up()@2<create table users (id serial);> "
         "down()@5<drop table users;>"},
        /* as dbmate takes them: no blank, several, a tab, options, comments before */
        {NULL, "\n-- this is it\n--migrate:up\na\n--  \tmigrate:down  \nb",
         "-/-/-/-/- up()@4<a> down()@6<b>"},
        {NULL, "-- migrate:up transaction:false\na\n-- migrate:down\ttransaction:true\nb",
         "-/-/-/-/- up(!)@2<a> down()@4<b>"},
        {NULL, "-- migrate:up\r\na\r\nb\r\n-- migrate:down\r\nc\r\n",
         "-/-/-/-/- up()@2<a\nb> down()@5<c>"},
        {NULL, "\xEF\xBB\xBF-- migrate:up\na", "-/-/-/-/- up()@2<a>"},
        {NULL, "-- migrate:up\n-- migrate:down", "-/-/-/-/- up()@2<> down()@3<>"},
        {NULL, "-- migrate:up\n\n  a  \n \n\t\n-- migrate:down\n \n",
         "-/-/-/-/- up()@2<\n  a  > down()@7<>"},
        {NULL, "/* c */ -- migrate:down\n-- migrate:up\na", "-/-/-/-/- up()@3<a>"},
        {NULL, "-- migrate:down\nb\n-- migrate:up\na", "-/-/-/-/- up()@4<a> down()@2<b>"},
        {NULL,
         "-- migrate:up\na\n-- migrate:up sqlite transaction:false\nb\n-- migrate:up "
         "transaction:true postgres\nc\n-- migrate:down postgres\nd",
         "-/-/-/-/- up()@2<a> up(sqlite!)@4<b> up(postgres)@6<c> down(postgres)@8<d>"},
        {NULL, "-- migrate:down_revision base\n-- migrate:message\n-- migrate:up",
         "-//base/-/- up()@4<>"},
        {NULL, "-- migrate:down_revision\n-- migrate:depends_on ,\n-- migrate:up",
         "-/-/base/-/- up()@4<>"},
        {NULL, "-- migrate:message  a -- b \t c \t\n-- migrate:up", "-/a -- b \t c/-/-/- up()@3<>"},
        {"x.sql", "-- migrate:revision r1\n-- migrate:up", "r1/-/-/-/- up()@3<>"},
        {"001_b_c.sql", "-- migrate:revision r1\n-- migrate:up", "r1/b c/-/-/- up()@3<>"},
        {"a1b2c3d4_x.sql", "-- migrate:revision a1b2c3d4_x\n-- migrate:up",
         "a1b2c3d4_x/-/-/-/- up()@3<>"},
        {"1-2_3_x.sql", "-- migrate:revision 1/2_3\n-- migrate:up", "1/2_3/x/-/-/- up()@3<>"},
        {"001_b.sql", "-- migrate:message m\n-- migrate:up", "001/m/-/-/- up()@3<>"},
        /* what looks like a marker and is none */
        {NULL,
         "-- migrate:up\n -- migrate:down\n--migrate: down\n-- Migrate:down\n- - migrate:down",
         "-/-/-/-/- up()@2< -- migrate:down\n--migrate: down\n-- Migrate:down\n- - migrate:down>"},
    };
    CHECK_FILES(CASES);
}

static void markers_inside_of_text_do_not_count(void **unused) {
    (void)unused;
    static const file_case CASES[] = {
        {NULL, "-- migrate:up\na '\n-- migrate:down\n'\n-- migrate:down\nb",
         "-/-/-/-/- up()@2<a '\n-- migrate:down\n'> down()@6<b>"},
        {NULL, "-- migrate:up\na '\n-- migrate:down\n';",
         "-/-/-/-/- up()@2<a '\n-- migrate:down\n';>"},
        {NULL, "-- migrate:up\na E'\\'\n-- migrate:foo\n';\n-- migrate:down",
         "-/-/-/-/- up()@2<a E'\\'\n-- migrate:foo\n';> down()@6<>"},
        {NULL, "-- migrate:up\na $f$\n-- migrate:down\n'\n$f$;\n-- migrate:down",
         "-/-/-/-/- up()@2<a $f$\n-- migrate:down\n'\n$f$;> down()@7<>"},
        {NULL, "-- migrate:up\na $$\n-- migrate:up\n$$",
         "-/-/-/-/- up()@2<a $$\n-- migrate:up\n$$>"},
        {NULL, "-- migrate:up\na /*\n-- migrate:down\nb */",
         "-/-/-/-/- up()@2<a /*\n-- migrate:down\nb */>"},
        {NULL, "-- migrate:up\na /* /* */\n-- migrate:down\nb */",
         "-/-/-/-/- up()@2<a /* /* */> down()@4<b */>"},
        {NULL, "-- migrate:up postgres\na /* /* */\n-- migrate:down\nb */",
         "-/-/-/-/- up(postgres)@2<a /* /* */\n-- migrate:down\nb */>"},
        {NULL, "-- migrate:up\na (\"\n-- migrate:down\n\")",
         "-/-/-/-/- up()@2<a (\"\n-- migrate:down\n\")>"},
        /* a string's part on the next line is not looked for beyond a marker */
        {NULL, "-- migrate:up\na e'b'\n-- migrate:down\n'c'",
         "-/-/-/-/- up()@2<a e'b'> down()@4<'c'>"},
    };
    CHECK_FILES(CASES);
}

static void common_sections_hold_either_dialect(void **unused) {
    (void)unused;
    static const file_case CASES[] = {
        {NULL, "-- migrate:up\ncreate [it's];\n-- migrate:down\ndrop [it's]",
         "-/-/-/-/- up()@2<create [it's];> down()@4<drop [it's]>"},
        {NULL, "-- migrate:up\ncreate `it's`;\n-- migrate:down\ndrop `it's`",
         "-/-/-/-/- up()@2<create `it's`;> down()@4<drop `it's`>"},
        {NULL, "-- migrate:up\na /* /* */ 'b'\n-- migrate:down\nc /* d */",
         "-/-/-/-/- up()@2<a /* /* */ 'b'> down()@4<c /* d */>"},
        {NULL,
         "-- migrate:up\na[1], array ['x]'], array[['y]'], ['z]']], b['k']\n-- migrate:down\n'c'",
         "-/-/-/-/- up()@2<a[1], array ['x]'], array[['y]'], ['z]']], b['k']> down()@4<'c'>"},
        {NULL, "-- migrate:up\na E'it\\'s'\n-- migrate:down\nc E'\\''",
         "-/-/-/-/- up()@2<a E'it\\'s'> down()@4<c E'\\''>"},
        {NULL, "-- migrate:up sqlite\na E'it\\';\n-- migrate:down",
         "-/-/-/-/- up(sqlite)@2<a E'it\\';> down()@4<>"},
        {NULL, "-- migrate:up sqlite\na t[it's];\n-- migrate:down",
         "-/-/-/-/- up(sqlite)@2<a t[it's];> down()@4<>"},
    };
    CHECK_FILES(CASES);
}

static void files_that_are_wrong_are_told_with_file_and_line(void **unused) {
    (void)unused;
    static const file_case CASES[] = {
        {"d/a.sql", "", "a.sql: no section \"migrate:up\""},
        {NULL, "-- nothing", "no section \"migrate:up\""},
        {"d\\a.sql", "CREATE TABLE t (a);", "a.sql: no section \"migrate:up\""},
        {"a.sql", "-- migrate:down\na", "a.sql: no section \"migrate:up\""},
        {"a.sql", "\n\nx;\n-- migrate:up\na", "a.sql, line 3: text before the first section"},
        {"a.sql", ";-- migrate:up\n-- migrate:up\na",
         "a.sql, line 1: text before the first section"},
        {"a.sql", "-- migrate:up\r\na\r\n-- migrate:up\r\nb",
         "a.sql, line 3: a second section \"migrate:up\"; the first begins on line 1"},
        {"a.sql",
         "\n-- migrate:up\n-- migrate:down sqlite\n-- migrate:down sqlite transaction:false",
         "a.sql, line 4: a second section \"migrate:down sqlite\"; the first begins on line 3"},
        {NULL, "-- migrate:up\n\n-- migrate:dwon", "line 3: unknown directive \"migrate:dwon\""},
        {NULL, "-- migrate:up;\na", "line 1: unknown directive \"migrate:up;\""},
        {NULL, "-- migrate:up mysql", "line 1: unknown option \"mysql\""},
        {NULL, "-- migrate:up transaction:off", "line 1: unknown option \"transaction:off\""},
        {NULL, "-- migrate:up transaction:false transaction:false",
         "line 1: the option transaction stands twice"},
        {NULL, "-- migrate:up sqlite postgres", "line 1: a section is for one engine or for both"},
        {NULL, "-- migrate:message a\n-- migrate:message b\n-- migrate:up",
         "line 2: a second \"migrate:message\""},
        {NULL, "-- migrate:up\na\n-- migrate:revision b",
         "line 3: \"migrate:revision\" inside a section"},
        {NULL, "-- migrate:revision a b\n-- migrate:up",
         "line 1: revision identifier 'a b' contains white space or a control character"},
        {NULL, "-- migrate:revision\n-- migrate:up", "line 1: revision identifier '' is empty"},
        {NULL, "\n-- migrate:down_revision a, head\n-- migrate:up",
         "line 2: revision identifier 'head' is a word with a meaning of its own"},
        {NULL, "-- migrate:down_revision a, base\n-- migrate:up",
         "line 1: revision identifier 'base' is a word with a meaning of its own"},
        {NULL, "-- migrate:branch_label a@b\n-- migrate:up",
         "line 1: character(s) '@' not allowed in branch label identifier 'a@b'"},
        {NULL, "-- migrate:message a\x01\n-- migrate:up",
         "line 1: the message \"a\\x01\" holds a control character"},
        {"caf\xe9.sql", "-- migrate:up", "caf\\xe9.sql: the file's name is not valid UTF-8"},
        {"a b.sql", "-- migrate:up",
         "a b.sql: revision identifier 'a b' contains white space or a control character"},
        {NULL, "-- migrate:up\na\nb 'c\n-- migrate:down\nd",
         "line 3: the string that begins here has no end"},
        {NULL, "-- migrate:up\nb 'c\n-- migrate:down\nd 'e' 'f'",
         "line 2: the string that begins here runs over the marker on line 3"},
        {NULL, "-- migrate:up\nb 'it's'\n-- migrate:down\nd 'it's'",
         "line 2: the string that begins here runs over the marker on line 3"},
        {NULL, "-- migrate:up\nb \"c\n-- migrate:down\nd \"e\" f",
         "line 2: the quoted name that begins here runs over the marker on line 3"},
        {NULL, "-- migrate:up\na\n$$\n-- migrate:down\nb $$ c",
         "line 3: the dollar-quoted string that begins here runs over the only \"migrate:down\", "
         "on "
         "line 4"},
        {NULL, "-- migrate:up\na $$\n-- migrate:down\nb",
         "line 2: the dollar-quoted string that begins here has no end"},
        {NULL, "-- migrate:up\na /*\n-- migrate:down\nb",
         "line 2: the comment that begins here has no end"},
        {NULL, "-- migrate:up\na /* b\n-- migrate:down\nc /* d */",
         "line 2: the comment that begins here runs over the marker on line 3"},
        {NULL, "/*\n-- migrate:up\na", "line 1: the comment that begins here has no end"},
        {"a.sql", "\n-- migrate:up\ncaf\xe9", "a.sql, line 3: byte 0xe9 in column 4 is not UTF-8"},
        {"a.sql", "\xFF\xFE-\0", "a.sql: the text is UTF-16"},
    };
    CHECK_FILES(CASES);
    lim_context cx;
    test_memory m;
    lim_script s;
    test_begin(&cx, &m);
    assert_false(lim_script_parse(&cx, "-- migrate:up\na\0b", 17, "a.sql", &s));
    assert_string_equal(cx.error.message, "a.sql, line 2: a NUL byte");
    test_end(&cx, &m);
}

/* Once read back with another end: the string's end was looked for in the comment behind it. */
static void a_string_that_hides_a_marker_ends_where_it_ends(void **unused) {
    (void)unused;
    static const file_case CASES[] = {
        {NULL, "-- migrate:up\ne'- m\n-- migrate:d o/e'\n-- m'on\n-- migrate:down\nx",
         "-/-/-/-/- up()@2<e'- m\n-- migrate:d o/e'\n-- m'on> down()@6<x>"},
        {NULL,
         "-- migrate:up\ne'\n-- migrate:x\n' -- y\n'\\'\n-- migrate:y\n' z\n-- migrate:down\n",
         "-/-/-/-/- up()@2<e'\n-- migrate:x\n' -- y\n'\\'\n-- migrate:y\n' z> down()@9<>"},
    };
    CHECK_FILES(CASES);
}

static void an_engine_runs_its_own_section(void **unused) {
    (void)unused;
    static const char TEXT[] =
        "-- migrate:up\na\n-- migrate:up sqlite\nb\n-- migrate:down postgres\nc";
    lim_context cx;
    test_memory m;
    lim_script s;
    test_begin(&cx, &m);
    assert_true(lim_script_parse(&cx, TEXT, sizeof TEXT - 1, NULL, &s));
    assert_memory_equal(lim_script_section(&s, LIM_UP, LIM_SQLITE)->body, "b", 1);
    assert_memory_equal(lim_script_section(&s, LIM_UP, LIM_POSTGRES)->body, "a", 1);
    assert_null(lim_script_section(&s, LIM_DOWN, LIM_SQLITE));
    assert_memory_equal(lim_script_section(&s, LIM_DOWN, LIM_POSTGRES)->body, "c", 1);
    test_end(&cx, &m);
}

static void names_give_id_and_message(void **unused) {
    (void)unused;
    static const char *const CASES[][3] = {
        {"20260110_001_initial_schema.sql", "20260110_001", "initial schema"},
        {"migrations/001_add_users.sql", "001", "add users"},
        {"C:\\m\\001_add_users.SQL", "001", "add users"},
        {"1.2.3_x.sql", "1.2.3", "x"},
        {"001_2_add_2024.sql", "001_2", "add 2024"},
        {"001_add\n\x1b[2Jusers\x7f.sql", "001", "add  [2Jusers "},
        {"20240101.sql", "20240101", NULL},
        {"20240101_.sql", "20240101", NULL},
        {"001__double__score_.sql", "001", "double  score"},
        {"001-add_users.sql", "001-add_users", NULL},
        {"a1b2c3d4_add_users.sql", "a1b2c3d4", "add users"},
        {"A1B2C3D4_x", "A1B2C3D4", "x"},
        {"deadbeef_add_users.sql", "deadbeef_add_users", NULL},
        {"a1b2c3d_x.sql", "a1b2c3d_x", NULL},
        {"0123456789012345678901234567890123456789a_x.sql",
         "0123456789012345678901234567890123456789a_x", NULL},
        {"012345678901234567890123456789012345678f_x.sql",
         "012345678901234567890123456789012345678f", "x"},
        {"a1b2c3d4.sql", "a1b2c3d4", NULL},
        {"a1b2c3d4_001.sql", "a1b2c3d4", "001"},
        {"add_users.sql", "add_users", NULL},
        {"V1__init.sql", "V1__init", NULL},
        {"2024-01-05_a.sql", "2024-01-05_a", NULL},
        {"._x.sql", "._x", NULL},
        {"_001.sql", "_001", NULL},
        {".sql", ".sql", NULL},
        {"x/", NULL, NULL},
        {"", NULL, NULL},
        {NULL, NULL, NULL},
    };
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *got[2];
        assert_true(lim_script_name(&cx, CASES[i][0], &got[0], &got[1]));
        for (int k = 0; k < 2; k++) {
            if (CASES[i][k + 1] == NULL)
                assert_null(got[k]);
            else
                assert_string_equal(got[k], CASES[i][k + 1]);
        }
    }
    test_end(&cx, &m);
}

static void files_get_names(void **unused) {
    (void)unused;
    static const char *const CASES[][3] = {
        {"001", "add users", "001_add_users.sql"},
        {"001", NULL, "001.sql"},
        {"001", "", "001.sql"},
        {"001", " --!! ", "001.sql"},
        {"a1", "  Add  \"Users\" & Co. ", "a1_add_users_co.sql"},
        {"a/b\\c?", "x", "a-b-c-_x.sql"},
        {"r", "caf\xc3\xa9", "r_caf\xc3\xa9.sql"},
        {"r", "one two three four five six seven eight n",
         "r_one_two_three_four_five_six_seven_eight.sql"},
        {"r", "one two three four five six seven eighty x",
         "r_one_two_three_four_five_six_seven_eighty.sql"},
        {"r", "one two three four five six seven eighty1",
         "r_one_two_three_four_five_six_seven.sql"},
        {"r", "0123456789012345678901234567890123456789",
         "r_0123456789012345678901234567890123456789.sql"},
        {"r", "01234567890123456789012345678901234567890",
         "r_0123456789012345678901234567890123456789.sql"},
        {"r", "012345678901234567890123456789012345678\xc3\xa9",
         "r_012345678901234567890123456789012345678.sql"},
        {"r", "01234567890123456789012345678901234567\xc3\xa9",
         "r_01234567890123456789012345678901234567\xc3\xa9.sql"},
    };
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_string_equal(lim_script_file_name(&cx, CASES[i][0], CASES[i][1]), CASES[i][2]);
    test_end(&cx, &m);
}

static void ids_order_by_number_then_byte(void **unused) {
    (void)unused;
    static const char *const ORDER[] = {"",
                                        "-1",
                                        "01",
                                        "1",
                                        "1.2",
                                        "1.9",
                                        "1.10",
                                        "1_a",
                                        "1a",
                                        "2",
                                        "009",
                                        "10",
                                        "99999999999999999999",
                                        "100000000000000000000",
                                        "B",
                                        "a",
                                        "a2",
                                        "a10",
                                        "a10b",
                                        "\xc3\xa9"};
    for (size_t i = 0; i < sizeof ORDER / sizeof *ORDER; i++) {
        for (size_t k = 0; k < sizeof ORDER / sizeof *ORDER; k++) {
            int order = lim_compare_ids(ORDER[i], ORDER[k]);
            if ((order > 0) - (order < 0) != (i > k) - (i < k))
                fail_msg("%s, %s: %d", ORDER[i], ORDER[k], order);
        }
    }
}

static void bodies_that_a_file_cannot_hold_are_refused(void **unused) {
    (void)unused;
    static const struct {
        const char *up, *down, *message;
        lim_variant variant;
    } CASES[] = {
        {"a\n-- migrate:down\nb", NULL,
         "the upgrade, line 2, column 1: the line reads as a marker of a migration file", 0},
        {"a", "-- migrate:foo",
         "the downgrade, line 1, column 1: the line reads as a marker of a migration file", 0},
        {"a\n \xc3\xa9 'b", NULL,
         "the upgrade, line 2, column 4: the string that begins here has no end", 0},
        {"a /* b", NULL, "the upgrade, line 1, column 3: the comment that begins here has no end",
         0},
        {"a /* b", NULL, "the upgrade, line 1, column 3: the comment that begins here has no end",
         1},
        {"e'\\'", NULL, "the upgrade, line 1, column 1: the string that begins here has no end", 2},
        {"a'\n-- migrate:down\n'b", NULL,
         "the upgrade, line 1, column 2: the string that begins here runs over a marker of a "
         "migration "
         "file",
         0},
        {"$$\n-- migrate:down\n$$", NULL,
         "a dollar-quoted string of the upgrade holds a line that reads as the marker of a "
         "downgrade, and there is none",
         0},
        {"a\xff", NULL, "the upgrade, line 1, column 2: invalid UTF-8", 0},
        {NULL, "a", "a revision needs an upgrade", 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lim_context cx;
        test_memory m;
        size_t length;
        test_begin(&cx, &m);
        lim_script s = {.id = "r"};
        if (CASES[i].up != NULL)
            s.sections[LIM_UP][CASES[i].variant] =
                (lim_section){.present = true, .body = CASES[i].up, .length = strlen(CASES[i].up)};
        if (CASES[i].down != NULL)
            s.sections[LIM_DOWN][CASES[i].variant] = (lim_section){
                .present = true, .body = CASES[i].down, .length = strlen(CASES[i].down)};
        assert_null(lim_script_print(&cx, &s, &length));
        assert_string_equal(cx.error.message, CASES[i].message);
        assert_int_equal(cx.error.code, LIM_INVALID);
        test_end(&cx, &m);
    }
    static const lim_script BAD[] = {
        {.id = "a b"}, {.id = "a", .message = "b\nc"}, {.id = "a", .message = "\xff"}};
    for (size_t i = 0; i < 3; i++) {
        lim_context cx;
        test_memory m;
        size_t length;
        test_begin(&cx, &m);
        lim_script s = BAD[i];
        s.sections[LIM_UP][0].present = true;
        assert_null(lim_script_print(&cx, &s, &length));
        assert_int_equal(cx.error.code, LIM_INVALID);
        test_end(&cx, &m);
    }
}

static void the_written_file_has_the_agreed_form(void **unused) {
    (void)unused;
    static const char *parents[] = {"001", "002"}, *labels[] = {"l"};
    lim_context cx;
    test_memory m;
    size_t length;
    test_begin(&cx, &m);
    lim_script s = {.id = "003", .message = " add users ", .has_down_revision = true};
    s.sections[LIM_UP][LIM_VARIANT_COMMON] =
        (lim_section){.present = true, .body = "\xEF\xBB\xBF\r\na;\r\n \r\n", .length = 12};
    assert_string_equal(lim_script_print(&cx, &s, &length),
                        "-- migrate:revision 003\n-- migrate:message add users\n"
                        "-- migrate:down_revision base\n-- migrate:up transaction:false\n\na;\n");
    s = (lim_script){.id = "003",
                     .has_down_revision = true,
                     .down_revision = {parents, 2, 2},
                     .depends_on = {parents, 1, 1},
                     .branch_labels = {labels, 1, 1}};
    s.sections[LIM_UP][LIM_VARIANT_COMMON] = (lim_section){.present = true, .transactional = true};
    s.sections[LIM_DOWN][LIM_VARIANT_POSTGRES] =
        (lim_section){.present = true, .transactional = true, .body = "x", .length = 1};
    assert_string_equal(lim_script_print(&cx, &s, &length),
                        "-- migrate:revision 003\n-- migrate:down_revision 001, 002\n"
                        "-- migrate:depends_on 001\n-- migrate:branch_label l\n-- migrate:up\n"
                        "-- migrate:down postgres\nx\n");
    test_end(&cx, &m);
}

/* ---- properties --------------------------------------------------------------------------- */

static const char *const PIECES[] = {"'",
                                     "''",
                                     "\"",
                                     "[",
                                     "]",
                                     "`",
                                     "$$",
                                     "$a$",
                                     "-- ",
                                     "/*",
                                     "*/",
                                     "\n",
                                     "\n",
                                     "\r\n",
                                     " ",
                                     "\t",
                                     ";",
                                     "e'",
                                     "\\",
                                     "u&\"",
                                     "a",
                                     "b ",
                                     "'x'",
                                     "[y]",
                                     "1",
                                     "\xc3\xa9",
                                     "array",
                                     "\n-- migrate:up\n",
                                     "\n-- migrate:down\n",
                                     "\n--migrate:foo\n",
                                     "-- migrate:up sqlite\n",
                                     "migrate:",
                                     "\xEF\xBB\xBF",
                                     "/* */",
                                     "$$\n$$",
                                     ","};

static const char *random_body(lim_context *cx, uint64_t *seed, size_t *length) {
    lim_text t = {.cx = cx};
    for (uint32_t n = test_below(seed, 9); n > 0; n--)
        lim_text_adds(&t, PIECES[test_below(seed, sizeof PIECES / sizeof *PIECES)]);
    *length = t.length;
    return lim_text_end(&t);
}

static lim_list random_list(lim_context *cx, uint64_t *seed, bool many) {
    static const char *const NAMES[] = {"001", "a-b", "x_y", "\xc3\xa9", "3f2a9c1b77de"};
    lim_list list = {0};
    for (uint32_t n = test_below(seed, many ? 4 : 2); n > 0; n--)
        assert_true(lim_list_add(cx, &list, NAMES[test_below(seed, 5)]));
    return list;
}

static void same_list(const lim_list *a, const lim_list *b) {
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++)
        assert_string_equal(a->items[i], b->items[i]);
}

static void what_is_written_reads_back_the_same(void **unused) {
    (void)unused;
    uint64_t seed = 5;
    int written = 0, refused = 0;
    for (int run = 0; run < 60000; run++) {
        lim_context cx;
        test_memory m;
        test_begin(&cx, &m);
        lim_script s = {.id = "r1", .message = test_below(&seed, 2) ? "a message: 'x" : NULL};
        s.has_down_revision = true;
        s.down_revision = random_list(&cx, &seed, true);
        s.depends_on = random_list(&cx, &seed, true);
        s.branch_labels = random_list(&cx, &seed, false);
        for (int d = 0; d < 2; d++) {
            for (int v = 0; v < LIM_VARIANTS; v++) {
                lim_section *section = &s.sections[d][v];
                section->present = test_below(&seed, 4) == 0 || (d == 0 && v == 0);
                section->transactional = test_below(&seed, 2);
                if (section->present)
                    section->body = random_body(&cx, &seed, &section->length);
            }
        }
        size_t length, again_length;
        char *text = lim_script_print(&cx, &s, &length);
        if (text == NULL) {
            assert_int_equal(cx.error.code, LIM_INVALID);
            refused++;
            test_end(&cx, &m);
            continue;
        }
        written++;
        lim_script back;
        if (!lim_script_parse(&cx, text, length, NULL, &back))
            fail_msg("%s\n%s", cx.error.message, text);
        assert_ptr_equal(back.text, text); /* it was canonical */
        assert_string_equal(back.id, s.id);
        if (s.message == NULL)
            assert_null(back.message);
        else
            assert_string_equal(back.message, s.message);
        same_list(&s.down_revision, &back.down_revision);
        same_list(&s.depends_on, &back.depends_on);
        same_list(&s.branch_labels, &back.branch_labels);
        for (int d = 0; d < 2; d++) {
            for (int v = 0; v < LIM_VARIANTS; v++) {
                const lim_section *a = &s.sections[d][v], *b = &back.sections[d][v];
                assert_int_equal(a->present, b->present);
                if (!a->present)
                    continue;
                assert_int_equal(a->transactional, b->transactional);
                size_t size;
                const char *body = lim_canonical(&cx, a->body, a->length, &size);
                if (size != b->length + (size > 0) || memcmp(body, b->body, b->length) != 0)
                    fail_msg("<%.*s> read back as <%.*s> from\n%s", (int)size, body, (int)b->length,
                             b->body, text);
            }
        }
        const char *again = lim_script_print(&cx, &back, &again_length);
        assert_non_null(again);
        assert_string_equal(again, text);
        test_end(&cx, &m);
    }
    assert_in_range(written, 5000, 50000);
}

static void hostile_files_take_linear_time(void **unused) {
    (void)unused;
    static const char *const PATTERNS[] = {"'",
                                           "''",
                                           "$$",
                                           "$a$ ",
                                           "/*",
                                           "/* /* */ ",
                                           "[",
                                           "`",
                                           "[a]",
                                           "e'\n",
                                           "e'a'\n",
                                           "\n-- migrate:\n",
                                           "-- migrate:message \n",
                                           "$$\n-- migrate:down\n$$",
                                           "/* /* */\n",
                                           "/*\n-- migrate:down\n*/",
                                           "'\n-- migrate:down\n'",
                                           "\n",
                                           "--",
                                           "/* /*\n-- migrate:down\n*/",
                                           "\r",
                                           "\xEF\xBB\xBF",
                                           "(",
                                           "a "};
    enum { SIZE = TEST_HOSTILE_SIZE };
    static const char START[] = "-- migrate:up\n";
    char *text = malloc(SIZE);
    for (size_t i = 0; i < sizeof PATTERNS / sizeof *PATTERNS; i++) {
        for (int header = 0; header <= 1; header++) {
            lim_context cx;
            test_memory m;
            lim_script s;
            size_t size = strlen(PATTERNS[i]), from = header ? 0 : sizeof START - 1, length;
            memcpy(text, START, sizeof START - 1);
            for (size_t at = from; at < SIZE; at++)
                text[at] = PATTERNS[i][(at - from) % size];
            clock_t began = clock();
            test_begin(&cx, &m);
            if (lim_script_parse(&cx, text, SIZE, NULL, &s))
                lim_script_print(&cx, &s, &length);
            test_end(&cx, &m);
            test_took_linear_time(began, PATTERNS[i]);
        }
    }
    free(text);
}

static bool reading_and_writing(lim_context *cx) {
    static const char TEXT[] = "-- migrate:down_revision a, b\r\n-- migrate:branch_label l\n"
                               "-- migrate:up sqlite\na;\n-- migrate:down\nb";
    lim_script s;
    size_t length;
    return lim_script_parse(cx, TEXT, sizeof TEXT - 1, "d/001_add_users.sql", &s) &&
           lim_script_print(cx, &s, &length) != NULL &&
           lim_script_file_name(cx, s.id, s.message) != NULL;
}

static bool reading_what_is_wrong(lim_context *cx) {
    static const char *const TEXTS[] = {"-- migrate:revision a@b",
                                        "-- migrate:foo",
                                        "'",
                                        "",
                                        "-- migrate:up\n'\n-- migrate:down\n'a",
                                        "-- migrate:up b"};
    lim_script s;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        assert_false(lim_script_parse(cx, TEXTS[i], strlen(TEXTS[i]), "a b.sql", &s));
        if (cx->error.code == LIM_NOMEM)
            return false;
        cx->error = (lim_error){LIM_OK, NULL, NULL, NULL};
    }
    return true;
}

static void memory_may_run_out_at_any_time(void **unused) {
    (void)unused;
    test_out_of_memory(reading_and_writing);
    test_out_of_memory(reading_what_is_wrong);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(markers_inside_of_text_do_not_count),
        cmocka_unit_test(common_sections_hold_either_dialect),
        cmocka_unit_test(files_that_are_wrong_are_told_with_file_and_line),
        cmocka_unit_test(a_string_that_hides_a_marker_ends_where_it_ends),
        cmocka_unit_test(an_engine_runs_its_own_section),
        cmocka_unit_test(names_give_id_and_message),
        cmocka_unit_test(files_get_names),
        cmocka_unit_test(ids_order_by_number_then_byte),
        cmocka_unit_test(bodies_that_a_file_cannot_hold_are_refused),
        cmocka_unit_test(the_written_file_has_the_agreed_form),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(hostile_files_take_linear_time),
        cmocka_unit_test(memory_may_run_out_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
