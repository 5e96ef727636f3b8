/*
** test_offline.c - the script that a run would be: ranges, bodies, literals, version rows, frames
*/
#include "graph_fixture.h"

#include "offline.h"

static const char line[] = "001; 002:001[lab]; 003:002<b01; b01";
static const char *const tables[] = {
    "CREATE TABLE IF NOT EXISTS main.migrate_version (version_num)", NULL};

static lim_offline offline_of(fixture *f, lim_dialect dialect) {
    return (lim_offline){.cx = &f->cx,
                         .dialect = dialect,
                         .graph = f->g,
                         .schema = dialect == LIM_SQLITE ? "main" : "\"My Schema\"",
                         .actor = "o'hara",
                         .tables = tables,
                         .format = 1};
}

/* ---- ranges -------------------------------------------------------------------------------- */

static const struct range_example {
    const char *rows;
    lim_operation operation;
    const char *range;
    const char *expected; /* from -> to: steps, or the error */
} ranges[] = {
    {"", LIM_UPGRADE, NULL, "base -> 003: b01 001 002 003"},
    {"001", LIM_UPGRADE, "002", "001 -> 002: 002"},
    {"001", LIM_UPGRADE, "+1", "001 -> 002: 002"},
    {"001", LIM_UPGRADE, "base:002", "base -> 002: 001 002"},
    {"003", LIM_UPGRADE, ":002", "base -> 002: 001 002"},
    {"003", LIM_UPGRADE, "  001 : 002 ", "001 -> 002: 002"},
    {"001", LIM_UPGRADE, "base:+2", "error: ambiguous walk"},
    {"", LIM_UPGRADE, "001:+1", "001 -> 002: 002"},
    {"001", LIM_UPGRADE, "current:002", "001 -> 002: 002"},
    {"", LIM_UPGRADE, "lab:heads", "002 -> 003: b01 003"},
    {"", LIM_UPGRADE, "002:002", "002 -> 002:"},
    {"", LIM_UPGRADE, "003:001", "003 -> 003:"},
    {"003", LIM_DOWNGRADE, "-1", "003 -> 002, b01: 003"},
    {"002", LIM_DOWNGRADE, "-1", "002 -> 001: 002"},
    {"", LIM_DOWNGRADE, "003:base", "003 -> base: 003 002 001 b01"},
    {"", LIM_DOWNGRADE, "heads:002", "003 -> 002, b01: 003"},
    {"", LIM_DOWNGRADE, "002:-1", "002 -> 001: 002"},
    {"", LIM_DOWNGRADE, "001:002",
     "error: destination 002 is not a valid downgrade target from current head(s)"},
    {"003", LIM_DOWNGRADE, NULL, "error: downgrade with --sql requires <fromrev>:<torev>"},
    {"003", LIM_DOWNGRADE, "003:", "error: downgrade with --sql requires <fromrev>:<torev>"},
    {"", LIM_UPGRADE, "001:002:003", "error: not a valid range: '001:002:003'"},
    {"", LIM_UPGRADE, "001,b01:003", "error: not a valid range: '001,b01:003'"},
    {"", LIM_UPGRADE, "zzzz:003", "error: can't locate revision identified by 'zzzz'"},
    {"", LIM_UPGRADE, "001:zzzz", "error: can't locate revision identified by 'zzzz'"},
    {"zzzz", LIM_UPGRADE, "003", "error: can't locate revision identified by 'zzzz'"},
    {"zzzz", LIM_UPGRADE, "001:002", "001 -> 002: 002"},
};

static const char *plan_text(fixture *f, const lim_offline *o) {
    lim_text t = {.cx = &f->cx};
    lim_text_addf(&t, "%s -> %s:", o->plan.from, o->plan.to);
    for (uint32_t i = 0; i < o->plan.step_count; i++)
        lim_text_addf(&t, " %s", lim_id(f->g, o->plan.steps[i].node));
    return lim_text_end(&t);
}

static void a_range_starts_where_it_says_and_a_target_where_the_database_is(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range_example *e = &ranges[i];
        fixture f;
        fixture_begin(&f, 0);
        assert_true(fixture_build(&f, line, e->rows));
        lim_offline o = offline_of(&f, LIM_SQLITE);
        bool ok = lim_offline_plan(&o, &f.state, e->operation, e->range);
        const char *found =
            ok ? plan_text(&f, &o) : lim_format(&f.cx, "error: %s", f.cx.error.message);
        if (found == NULL || strcmp(found, e->expected) != 0)
            fail_msg("%s: %s, not %s", e->range, found, e->expected);
        if (!ok)
            assert_non_null(f.cx.error.hint);
        fixture_end(&f);
    }
}

static void what_a_run_refuses_is_not_printed(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        fixture f;
        fixture_begin(&f, 0);
        assert_true(fixture_rows(&f, line));
        f.ledger.revisions[1].reversible = i == 1;
        f.ledger.revisions[1].upgrade_transactional = i == 0;
        assert_true((f.g = lim_graph_build(&f.cx, &f.ledger, NULL)) != NULL &&
                    lim_state_build(&f.cx, f.g, &f.ledger, &f.state));
        lim_offline o = offline_of(&f, LIM_POSTGRES);
        assert_false(i == 0 ? lim_offline_plan(&o, &f.state, LIM_DOWNGRADE, "002:base")
                            : lim_offline_plan(&o, &f.state, LIM_UPGRADE, "base:002"));
        assert_int_equal(f.cx.error.code, i == 0 ? LIM_STATE : LIM_NOT_SUPPORTED);
        fixture_end(&f);
    }
}

/* ---- scripts ------------------------------------------------------------------------------- */

/* The script of one upgrade from 001 to 002 with this body. NULL: see f->cx.error. */
static const char *script_of(fixture *f, lim_offline *o, const char *text,
                             const lim_replacement *replacements, uint32_t count) {
    lim_offline_body body = {.replacements = replacements, .replacement_count = count};
    if (!lim_offline_plan(o, &f->state, LIM_UPGRADE, "001:002") ||
        !lim_body_scan(&f->cx, o->dialect, text, strlen(text), &body.body) ||
        !lim_offline_look(o, &body.body))
        return NULL;
    body.statements = body.body.count;
    lim_stored stored = {
        .row = &f->g->revisions[1], .upgrade = {text, strlen(text)}, .script = {NULL, 0}};
    if (!lim_offline_begin(o) || !lim_offline_store(o, &stored) || !lim_offline_step(o, 0, &body))
        return NULL;
    return lim_offline_end(o);
}

/* The part of a script between the step's comment and its version row. */
static const char *body_part(fixture *f, const char *script) {
    static const char notice[] = "(1 of 1)\n";
    const char *start = strstr(script, notice);
    const char *end = strstr(script, "UPDATE ");
    while (end != NULL && strncmp(end, "UPDATE main.migrate_version", 27) != 0 &&
           strncmp(end, "UPDATE ONLY ", 12) != 0)
        end = strstr(end + 1, "UPDATE ");
    assert_non_null(start);
    assert_non_null(end);
    start += strlen(notice);
    return lim_copy(&f->cx, start, (size_t)(end - start));
}

static const struct body_example {
    lim_dialect dialect;
    const char *body;
    const char *printed;
} bodies[] = {
    {LIM_SQLITE, "", ""},
    {LIM_SQLITE, "SELECT 1", "SELECT 1;\n"},
    {LIM_SQLITE, "SELECT 1;", "SELECT 1;\n"},
    {LIM_SQLITE, "SELECT 1 -- one", "SELECT 1; -- one\n"},
    {LIM_SQLITE, "-- nothing", "-- nothing\n"},
    {LIM_SQLITE, "SELECT ';'; SELECT 2;\n/* end */", "SELECT ';'; SELECT 2;\n/* end */\n"},
    {LIM_SQLITE, "BEGIN; SELECT 1; COMMIT", "SELECT 1; \n"},
    {LIM_SQLITE, "-- a\nBEGIN;\nSELECT 1;\nCOMMIT;\n-- b", "-- a\nSELECT 1;\n\n-- b\n"},
    {LIM_SQLITE, "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
     "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;\n"},
    {LIM_SQLITE, "PRAGMA legacy_alter_table = ON; SELECT 1",
     "PRAGMA legacy_alter_table = ON; SELECT 1;\nPRAGMA legacy_alter_table = OFF;\n"},
    {LIM_SQLITE, "SELECT 10\n/\n2 AS\n go\n;", "SELECT 10 /\n2 AS go\n;\n"},
    {LIM_SQLITE, "SELECT 10 -- ten\n/\n2", "SELECT 10 -- ten\n/ 2;\n"},
    {LIM_SQLITE, "SELECT '\n/\n', 1\n/ 2", "SELECT '\n/\n', 1\n/ 2;\n"},
    {LIM_POSTGRES, "CREATE TABLE a (b int)", "CREATE TABLE a (b int);\n"},
    {LIM_POSTGRES, "CREATE TABLE a AS SELECT 1",
     "CREATE TABLE a AS SELECT 1;\nCALL pg_temp.limbeck_after_body();\n"},
    {LIM_POSTGRES, "SET x = 1; DO $$ ; $$",
     "SET x = 1; DO $$ ; $$;\nCALL pg_temp.limbeck_after_body();\n"},
};

static void a_body_stands_as_stored_with_its_semicolons(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        fixture f;
        fixture_begin(&f, 0);
        assert_true(fixture_build(&f, line, "001"));
        lim_offline o = offline_of(&f, bodies[i].dialect);
        const char *script = script_of(&f, &o, bodies[i].body, NULL, 0);
        assert_non_null(script);
        assert_string_equal(body_part(&f, script), bodies[i].printed);
        fixture_end(&f);
    }
}

static void statements_stand_in_place_of_an_alter_table(void **state) {
    (void)state;
    static const char text[] = "BEGIN; SELECT 1; ALTER TABLE a ALTER b SET NOT NULL; SELECT 2; END";
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, line, "001"));
    lim_offline o = offline_of(&f, LIM_SQLITE);
    size_t start = (size_t)(strstr(text, "ALTER TABLE") - text);
    lim_replacement r = {.start = start, .end = (size_t)(strstr(text, "; SELECT 2") - text)};
    assert_true(lim_list_add(&f.cx, &r.statements, "CREATE TABLE b") &&
                lim_list_add(&f.cx, &r.statements, "DROP TABLE a"));
    const char *script = script_of(&f, &o, text, &r, 1);
    assert_non_null(script);
    assert_string_equal(body_part(&f, script),
                        "SELECT 1; CREATE TABLE b;\nDROP TABLE a; SELECT 2; \n");
    fixture_end(&f);
}

static void text_is_quoted_for_the_engine(void **state) {
    (void)state;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_rows(&f, line));
    f.ledger.revisions[1].message = "it's a\\b";
    assert_true((f.g = lim_graph_build(&f.cx, &f.ledger, NULL)) != NULL &&
                lim_state_build(&f.cx, f.g, &f.ledger, &f.state));
    lim_offline o = offline_of(&f, LIM_SQLITE);
    const char *script = script_of(&f, &o, "SELECT 'x'", NULL, 0);
    assert_non_null(strstr(script, "'002', 'it''s a\\b', 'SELECT ''x''', NULL, 1, 1, NULL,"));
    assert_non_null(strstr(script, "'o''hara', 'upgrade', '002', '001', '002', 1, 1, "));
    o = offline_of(&f, LIM_POSTGRES);
    script = script_of(&f, &o, "SELECT 'x'", NULL, 0);
    assert_non_null(strstr(script, "'002', E'it''s a\\\\b', 'SELECT ''x''', NULL, true, true,"));
    assert_non_null(strstr(script, "UPDATE ONLY \"My Schema\".migrate_version SET version_num = "
                                   "'002' WHERE version_num = '001';"));
    assert_null(strstr(script, "o''hara"));
    fixture_end(&f);
}

static void foreign_keys_are_off_as_soon_as_one_body_needs_it(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        fixture f;
        fixture_begin(&f, 0);
        assert_true(fixture_build(&f, line, "001"));
        lim_offline o = offline_of(&f, LIM_SQLITE);
        o.foreign_keys = (i & 1) != 0;
        o.suspends = (i & 2) != 0;
        const char *script = script_of(&f, &o, "SELECT 1", NULL, 0);
        const char *begin = strstr(script, "BEGIN IMMEDIATE");
        assert_int_equal(strstr(script, "PRAGMA foreign_keys = ON;\nBEGIN") != NULL, i == 1);
        /* what enforcement would have found is looked for, and it is switched on again */
        assert_int_equal(strstr(script, "limbeck_violations") != NULL, i == 3);
        assert_int_equal(strstr(begin, "PRAGMA foreign_keys = ON;") != NULL, i == 3);
        fixture_end(&f);
    }
}

static void names_of_settings_are_found(void **state) {
    (void)state;
    static const char text[] =
        "SET a.b = 1; SET LOCAL \"C\".d TO 2; SET SESSION a.b = 2; RESET e.f; "
        "SELECT set_config('g.h', 'x', true), set_config('i', 'x', true); "
        "SET search_path = x.y; SET \"j.k\" = 1; SET l.m.n = 1";
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, line, "001"));
    lim_offline o = offline_of(&f, LIM_POSTGRES);
    const char *script = script_of(&f, &o, text, NULL, 0);
    assert_non_null(script);
    assert_string_equal(lim_list_join(&f.cx, &o.settings), "a.b, C.d, e.f, g.h, j.k, l.m.n");
    assert_non_null(strstr(script, "'role', 'a.b', 'C.d', 'e.f', 'g.h', 'j.k', 'l.m.n'])"));
    fixture_end(&f);
}

static void no_name_ends_the_guard(void **state) {
    (void)state;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, "001; $limbeck$:001; x$:$limbeck$", "001"));
    lim_offline o = offline_of(&f, LIM_POSTGRES);
    o.schema = "\"a$limbeck_1$\"";
    assert_true(lim_offline_plan(&o, &f.state, LIM_UPGRADE, "heads") && lim_offline_begin(&o));
    const char *script = lim_offline_end(&o);
    const char *start = strstr(script, "DO $limbeck_2$\n");
    assert_non_null(start);
    assert_non_null(strstr(start + 1, "\nEND\n$limbeck_2$;"));
    fixture_end(&f);
}

static void nothing_to_do_is_a_comment(void **state) {
    (void)state;
    for (int dialect = LIM_SQLITE; dialect <= LIM_POSTGRES; dialect++) {
        fixture f;
        fixture_begin(&f, 0);
        assert_true(fixture_build(&f, line, "003"));
        lim_offline o = offline_of(&f, (lim_dialect)dialect);
        assert_true(lim_offline_plan(&o, &f.state, LIM_UPGRADE, "heads") && lim_offline_begin(&o));
        assert_string_equal(lim_offline_end(&o), "-- Limbeck: nothing to do, already at 003\n");
        fixture_end(&f);
    }
}

/* ---- bodies marked transaction:false -------------------------------------------------------- */

/* The script of 002 marked so; each unit as the host knows it. NULL: see f->cx.error. */
static const char *script_of_units(fixture *f, lim_offline *o) {
    static const char text[] =
        "-- one\nSELECT 1;\nPRAGMA foreign_keys = OFF; BEGIN; SELECT 2; -- two\n"
        "SELECT 3; COMMIT; PRAGMA foreign_keys = ON; BEGIN; COMMIT; SELECT 4";
    lim_offline_body body = {.replacements = NULL};
    lim_offline_unit known[6];
    lim_unit *units;
    uint32_t at;
    if (!lim_offline_plan(o, &f->state, LIM_UPGRADE, "001:002") ||
        !lim_body_scan(&f->cx, LIM_SQLITE, text, strlen(text), &body.body) ||
        !lim_body_units(&f->cx, LIM_SQLITE, &body.body, &units, &body.unit_count, &at))
        return NULL;
    assert_int_equal(body.unit_count, 6);
    for (uint32_t i = 0; i < 6; i++)
        known[i] = (lim_offline_unit){.unit = units[i],
                                      .alone = i == 1 || i == 3,
                                      .suspends = i == 1,
                                      .resumes = i == 3,
                                      .needs_off = i == 5};
    body.units = known;
    body.statements = body.body.count;
    return lim_offline_begin(o) && lim_offline_step(o, 0, &body) ? lim_offline_end(o) : NULL;
}

/* The script behind its guard, without what stands in each transaction of it. */
static const char *outline(fixture *f, const char *script) {
    static const char *const words[] = {"BEGIN IMMEDIATE;", "COMMIT;",   "PRAGMA ",  "SELECT 1;",
                                        "SELECT 2;",        "SELECT 3;", "SELECT 4;"};
    lim_text t = {.cx = &f->cx};
    const char *line_at = strstr(script, "(1 of 1)\n");
    assert_non_null(line_at);
    while ((line_at = strchr(line_at, '\n')) != NULL && *++line_at != '\0') {
        int length = (int)strcspn(line_at, "\n");
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (strncmp(line_at, words[i], strlen(words[i])) == 0)
                lim_text_addf(&t, "%.*s\n", length, line_at);
        const char *outcome = line_at + length - strlen("'started';");
        if (strncmp(outcome, "'started';", 10) == 0)
            lim_text_adds(&t, "started\n");
        else if (strncmp(outcome + 3, "'done';", 7) == 0)
            lim_text_adds(&t, "done\n");
        else if (strncmp(line_at, "UPDATE main.migrate_version", 27) == 0)
            lim_text_adds(&t, "version\n");
        else if (strstr(line_at, "limbeck_violations") == line_at + strlen("CREATE TEMP TABLE "))
            lim_text_adds(&t, "remember\n");
        else if (strncmp(line_at, "DROP TABLE temp.limbeck_violations", 34) == 0)
            lim_text_adds(&t, "compare\n");
    }
    return lim_text_end(&t);
}

static void a_marked_body_is_a_transaction_a_unit(void **state) {
    (void)state;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_rows(&f, line) && fixture_versions(&f, "001"));
    f.ledger.revisions[1].upgrade_transactional = false;
    assert_true((f.g = lim_graph_build(&f.cx, &f.ledger, NULL)) != NULL &&
                lim_state_build(&f.cx, f.g, &f.ledger, &f.state));
    lim_offline o = offline_of(&f, LIM_SQLITE);
    o.foreign_keys = true;
    const char *script = script_of_units(&f, &o);
    assert_non_null(script);
    assert_non_null(strstr(script, "are committed statement by statement.\n"));
    assert_string_equal(outline(&f, script),
                        "started\nCOMMIT;\n"
                        "BEGIN IMMEDIATE;\nSELECT 1;\ndone\nstarted\nCOMMIT;\n"
                        "PRAGMA foreign_keys = OFF;\n"
                        "BEGIN IMMEDIATE;\nremember\ndone\nstarted\nCOMMIT;\n"
                        "BEGIN IMMEDIATE;\nSELECT 2; -- two\nSELECT 3;\ndone\nstarted\nCOMMIT;\n"
                        "PRAGMA foreign_keys = ON;\n"
                        "BEGIN IMMEDIATE;\ncompare\ndone\nstarted\nCOMMIT;\n"
                        "BEGIN IMMEDIATE;\ndone\nstarted\nCOMMIT;\n"
                        "PRAGMA foreign_keys = OFF;\n"
                        "BEGIN IMMEDIATE;\nremember\nSELECT 4;\ncompare\ndone\nversion\ndone\n"
                        "COMMIT;\nPRAGMA foreign_keys = ON;\n"
                        "BEGIN IMMEDIATE;\nCOMMIT;\n");
    fixture_end(&f);
}

static bool marked_script(fixture *f, lim_dialect dialect) {
    lim_offline o = offline_of(f, dialect);
    return fixture_build(f, line, "001") && (o.graph = f->g) != NULL &&
           script_of_units(f, &o) != NULL;
}

static bool whole_script(fixture *f, lim_dialect dialect) {
    lim_offline o = offline_of(f, dialect);
    return fixture_build(f, line, "001") && (o.graph = f->g) != NULL &&
           script_of(f, &o, "SET a.b = 1; SELECT 'x'; SELECT set_config('c.d', '', true)", NULL,
                     0) != NULL;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    for (int way = 0; way < 3; way++) {
        bool ok = false;
        for (size_t n = 1; !ok; n++) {
            fixture f;
            fixture_begin(&f, n);
            ok = way == 2 ? marked_script(&f, LIM_SQLITE) : whole_script(&f, (lim_dialect)way);
            assert_int_equal(f.cx.error.code, f.memory.asked >= n ? LIM_NOMEM : LIM_OK);
            assert_true(!ok || f.memory.asked < n);
            fixture_end(&f);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_starts_where_it_says_and_a_target_where_the_database_is),
        cmocka_unit_test(what_a_run_refuses_is_not_printed),
        cmocka_unit_test(a_body_stands_as_stored_with_its_semicolons),
        cmocka_unit_test(statements_stand_in_place_of_an_alter_table),
        cmocka_unit_test(text_is_quoted_for_the_engine),
        cmocka_unit_test(foreign_keys_are_off_as_soon_as_one_body_needs_it),
        cmocka_unit_test(names_of_settings_are_found),
        cmocka_unit_test(no_name_ends_the_guard),
        cmocka_unit_test(nothing_to_do_is_a_comment),
        cmocka_unit_test(a_marked_body_is_a_transaction_a_unit),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
