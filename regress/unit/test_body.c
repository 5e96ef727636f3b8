/*
** test_body.c - a body's statements, its wrapping, and the words that matter to transactions
*/
#include "memory.h"

#include "core/body.h"

#include <stdio.h>

typedef struct body_case {
    lim_dialect dialect;
    const char *text;
    const char *statements; /* of the body, joined by a bar; behind a > those of a wrapped one */
} body_case;

static void a_body_is_a_list_of_statements(void **unused) {
    (void)unused;
    static const body_case CASES[] = {
        {LIM_SQLITE, "", ""},
        {LIM_SQLITE, " -- nothing\n;", ""},
        {LIM_SQLITE, "a; b;", "a|b"},
        {LIM_SQLITE, "BEGIN; a; b; COMMIT;", ">a|b"},
        {LIM_SQLITE, "-- x\nbegin transaction; a; end transaction", ">a"},
        {LIM_SQLITE, "begin immediate transaction; commit", ">"},
        {LIM_SQLITE, "begin exclusive transaction x; a; end transaction x", ">a"},
        {LIM_SQLITE, "begin work; a; commit", "begin work|a|commit"},
        {LIM_SQLITE, "begin; a; rollback", "begin|a|rollback"},
        {LIM_SQLITE, "begin; a; commit; begin; b; commit", "begin|a|commit|begin|b|commit"},
        {LIM_SQLITE, "begin; a; commit; b", "begin|a|commit|b"},
        {LIM_SQLITE, "begin; savepoint s; rollback to s; commit", ">savepoint s|rollback to s"},
        {LIM_SQLITE, "begin; rollback; commit", "begin|rollback|commit"},
        {LIM_SQLITE, "begin", "begin"},
        {LIM_SQLITE, "commit", "commit"},
        {LIM_POSTGRES, "begin work; a; commit work", ">a"},
        {LIM_POSTGRES, "START TRANSACTION; a; END TRANSACTION;", ">a"},
        {LIM_POSTGRES, "begin; a; commit and no chain", ">a"},
        {LIM_POSTGRES, "begin; a; commit and chain", "begin|a|commit and chain"},
        {LIM_POSTGRES, "begin read only; a; commit", "begin read only|a|commit"},
        {LIM_POSTGRES, "begin immediate; a; commit", "begin immediate|a|commit"},
        {LIM_POSTGRES, "begin; abort; commit", "begin|abort|commit"},
        {LIM_POSTGRES, "begin; prepare transaction 'x'; commit",
         "begin|prepare transaction 'x'|commit"},
        {LIM_POSTGRES, "begin; prepare x as select 1; commit", ">prepare x as select 1"},
        {LIM_POSTGRES, "begin; do $$ begin; commit; end $$; commit",
         ">do $$ begin; commit; end $$"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lim_context cx;
        test_memory m;
        lim_body body;
        char out[500] = "";
        test_begin(&cx, &m);
        const char *text = CASES[i].text;
        assert_true(lim_body_scan(&cx, CASES[i].dialect, text, strlen(text), &body));
        if (body.wrapped)
            strcat(out, ">");
        for (uint32_t n = 0; n < body.count; n++)
            sprintf(out + strlen(out), "%s%.*s", n > 0 ? "|" : "",
                    (int)(body.spans[n].end - body.spans[n].start), text + body.spans[n].start);
        assert_string_equal(out, CASES[i].statements);
        test_end(&cx, &m);
    }
}

static void what_is_no_text_is_refused_with_its_place(void **unused) {
    (void)unused;
    static const struct {
        lim_dialect dialect;
        const char *text;
        size_t length;
        const char *message;
    } CASES[] = {
        {LIM_SQLITE, "a;\n b\0c", 7, "NUL byte at line 2, column 3"},
        {LIM_SQLITE, "a;\ncaf\xe9", 7, "invalid UTF-8 at line 2, column 4"},
        {LIM_SQLITE, "a;\n\xc3\xa9 'b;", 9, "unterminated string at line 2, column 3"},
        {LIM_SQLITE, "a [b", 4, "unterminated quoted name at line 1, column 3"},
        {LIM_SQLITE, "a `b", 4, "unterminated quoted name at line 1, column 3"},
        {LIM_SQLITE, "a \"b", 4, "unterminated quoted name at line 1, column 3"},
        {LIM_SQLITE, "a x'b", 5, "unterminated string at line 1, column 3"},
        {LIM_SQLITE, "a; /* b", 7, "unterminated comment at line 1, column 4"},
        {LIM_POSTGRES, "a $x$b", 6, "unterminated dollar-quoted string at line 1, column 3"},
        {LIM_POSTGRES, "a e'b\\'", 7, "unterminated string at line 1, column 3"},
        {LIM_POSTGRES, "a u&'", 5, "unterminated string at line 1, column 3"},
        {LIM_POSTGRES, "a u&\"", 5, "unterminated quoted name at line 1, column 3"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lim_context cx;
        test_memory m;
        lim_body body;
        test_begin(&cx, &m);
        assert_false(lim_body_scan(&cx, CASES[i].dialect, CASES[i].text, CASES[i].length, &body));
        assert_int_equal(cx.error.code, LIM_SYNTAX);
        assert_string_equal(cx.error.message, CASES[i].message);
        test_end(&cx, &m);
    }
}

/* Whether every statement of the text answers alike. */
static void expect_all(bool (*ask)(lim_dialect, const char *, const lim_statement *),
                       lim_dialect dialect, const char *text, bool expected) {
    size_t cursor = 0;
    lim_statement s;
    while (lim_next_statement(dialect, text, strlen(text), &cursor, &s)) {
        if (ask(dialect, text, &s) != expected)
            fail_msg("%.*s", (int)(s.end - s.start), text + s.start);
    }
}

static void transaction_words_are_known(void **unused) {
    (void)unused;
    static const char BOTH[] = "begin; Commit; /* x */ END; rollback; rollback to x; savepoint s; "
                               "release s; begin transaction; commit transaction";
    static const char POSTGRES[] =
        "start transaction; abort; prepare transaction 'a'; commit prepared 'a'; "
        "rollback prepared 'a'; rollback and chain; begin isolation level serializable";
    static const char NEITHER[] =
        "select 1; \"begin\"; insert into commit values (1); explain commit; "
        "create table begin (a); prepare a as select 1; start; set transaction read only";
    expect_all(lim_statement_controls_transaction, LIM_SQLITE, BOTH, true);
    expect_all(lim_statement_controls_transaction, LIM_POSTGRES, BOTH, true);
    expect_all(lim_statement_controls_transaction, LIM_POSTGRES, POSTGRES, true);
    expect_all(lim_statement_controls_transaction, LIM_SQLITE, NEITHER, false);
    expect_all(lim_statement_controls_transaction, LIM_POSTGRES, NEITHER, false);
    expect_all(lim_statement_controls_transaction, LIM_SQLITE,
               "abort; start transaction; prepare transaction 'x'", false);
}

static void statements_that_need_autocommit_are_known(void **unused) {
    (void)unused;
    static const char POSTGRES[] =
        "create index concurrently on t (a); create unique index concurrently if not exists i on t "
        "(a);"
        "drop index concurrently i; reindex index concurrently i; reindex table concurrently t;"
        "reindex (verbose, concurrently) table t; reindex schema s; reindex database d; reindex "
        "(verbose) system;"
        "alter table t detach partition p concurrently; alter table only a.b detach partition c.d "
        "concurrently;"
        "vacuum; vacuum (full, analyze) t; cluster; cluster verbose; cluster (verbose);"
        "alter system set a = 1; create database d; drop database if exists d; create tablespace t "
        "location '/x';"
        "drop tablespace t; alter database d set tablespace t; create subscription s connection "
        "'c' publication p;"
        "drop subscription s; alter subscription s refresh publication; alter subscription s set "
        "publication p, q; alter subscription s add publication r with (copy_data = false);"
        "alter subscription \"set\" drop publication r with (refresh = true); discard all; commit "
        "and "
        "chain;"
        "rollback work and chain";
    static const char ORDINARY[] =
        "create index i on t (concurrently); create index concurrent on t (a); create table "
        "concurrently (a int);"
        "drop index i; drop table database; reindex index i; reindex (verbose) table t; alter "
        "table t detach partition p;"
        "cluster t; cluster verbose t using i; alter database d set a = 1; alter database d owner "
        "to b; analyze; discard plans;"
        "refresh materialized view concurrently v; alter type t add value 'a'; commit; commit and "
        "no chain;"
        "create subscription s connection 'c' publication p with (connect = false);"
        "create subscription s connection 'c' publication p with (enabled, create_slot = off);"
        "alter subscription s drop publication p with (copy_data, refresh = false);"
        "alter subscription s set (streaming = on); alter subscription refresh owner to a;"
        "alter subscription s disable; explain analyze select 1; \"vacuum\"; select vacuum from t";
    static const char SQLITE[] =
        "pragma wal_checkpoint; pragma wal_checkpoint(full);"
        "PRAGMA main.wal_checkpoint(truncate); pragma \"main\" . wal_checkpoint";
    static const char SQLITE_ORDINARY[] =
        "pragma journal_mode; pragma foreign_keys = off; pragma user_version = 3; pragma "
        "foreign_key_check; pragma journal_mode = wal; vacuum; attach 'x' as y; detach y;"
        "pragma wal_autocheckpoint = 5; pragma wal_checkpoint.user_version;"
        "select 'vacuum'; create table vacuum (a); create index concurrently on t (a)";
    expect_all(lim_statement_needs_autocommit, LIM_POSTGRES, POSTGRES, true);
    expect_all(lim_statement_needs_autocommit, LIM_POSTGRES, ORDINARY, false);
    expect_all(lim_statement_needs_autocommit, LIM_SQLITE, SQLITE, true);
    expect_all(lim_statement_needs_autocommit, LIM_SQLITE, SQLITE_ORDINARY, false);
    assert_true(lim_body_needs_autocommit(LIM_POSTGRES, "a; b; vacuum", 12));
    assert_false(lim_body_needs_autocommit(LIM_POSTGRES, "a; b; 'vacuum", 13));
    assert_false(lim_body_needs_autocommit(LIM_POSTGRES, "", 0));
}

/* Where the transactions of a body marked transaction:false begin and end: [first-last] is a block. */
static void a_body_without_transaction_is_cut_into_units(void **unused) {
    (void)unused;
    static const struct {
        lim_dialect dialect;
        const char *text, *expected; /* units, or the error and its statement */
    } cases[] = {
        {LIM_SQLITE, "", ""},
        {LIM_SQLITE, "a; b; c", "0 1 2"},
        {LIM_SQLITE, "a; BEGIN; b; c; COMMIT; d", "0 [1-4] 5"},
        {LIM_SQLITE, "begin immediate transaction x; b; end transaction x; BEGIN; COMMIT",
         "[0-2] [3-4]"},
        {LIM_SQLITE, "BEGIN; a; COMMIT", "[0-2]"},
        {LIM_POSTGRES, "START TRANSACTION; a; END WORK; b", "[0-2] 3"},
        {LIM_SQLITE, "a; BEGIN; b", "a transaction of the body has no COMMIT at 1"},
        {LIM_SQLITE, "a; COMMIT", "COMMIT is not possible here at 1"},
        {LIM_SQLITE, "BEGIN; a; BEGIN; COMMIT", "BEGIN is not possible here at 2"},
        {LIM_SQLITE, "a; BEGIN; SAVEPOINT s; COMMIT", "SAVEPOINT is not possible here at 2"},
        {LIM_SQLITE, "BEGIN; a; ROLLBACK; b", "ROLLBACK is not possible here at 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lim_context cx;
        test_memory m;
        lim_body body;
        lim_unit *units;
        uint32_t count, at;
        test_begin(&cx, &m);
        lim_text said = {.cx = &cx};
        assert_true(
            lim_body_scan(&cx, cases[i].dialect, cases[i].text, strlen(cases[i].text), &body));
        if (lim_body_units(&cx, cases[i].dialect, &body, &units, &count, &at)) {
            for (uint32_t n = 0; n < count; n++)
                lim_text_addf(&said, units[n].block ? "%s[%u-%u]" : "%s%u", n > 0 ? " " : "",
                              units[n].first, units[n].last);
        } else {
            lim_text_addf(&said, "%s at %u", cx.error.message, at);
            assert_int_equal(cx.error.code, LIM_NOT_SUPPORTED);
            assert_non_null(cx.error.hint);
        }
        assert_string_equal(lim_text_end(&said), cases[i].expected);
        test_end(&cx, &m);
    }
}

static bool scanning(lim_context *cx) {
    char text[3000];
    lim_body body;
    memset(text, 'a', sizeof text);
    for (size_t i = 1; i < sizeof text; i += 2)
        text[i] = ';';
    return lim_body_scan(cx, LIM_SQLITE, text, sizeof text, &body);
}

static bool failing(lim_context *cx) {
    lim_body body;
    lim_body_scan(cx, LIM_SQLITE, "'", 1, &body);
    if (cx->error.code == LIM_SYNTAX)
        cx->error = (lim_error){LIM_OK, NULL, NULL, NULL};
    return cx->error.code == LIM_OK;
}

static void memory_may_run_out_at_any_time(void **unused) {
    (void)unused;
    test_out_of_memory(scanning);
    test_out_of_memory(failing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_a_list_of_statements),
        cmocka_unit_test(what_is_no_text_is_refused_with_its_place),
        cmocka_unit_test(transaction_words_are_known),
        cmocka_unit_test(statements_that_need_autocommit_are_known),
        cmocka_unit_test(a_body_without_transaction_is_cut_into_units),
        cmocka_unit_test(memory_may_run_out_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
