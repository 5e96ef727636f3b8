/*
** test_reader.c - the rows of every reader, written as text: cells divided by "|", NULL as "-"
*/
#include "graph_fixture.h"
#include "reader.h"

static const lim_reader *reader_named(const char *name) {
    for (uint32_t i = 0; i < lim_reader_count; i++)
        if (strcmp(lim_readers[i].name, name) == 0)
            return &lim_readers[i];
    fail_msg("no reader %s", name);
    return NULL;
}

/* Builds graph and state with the problems listed in *problems, or strictly when that is NULL. */
static bool build(fixture *f, const char *graph, const char *rows, lim_problems *problems) {
    return fixture_rows(f, graph) && fixture_versions(f, rows) &&
           (f->g = lim_graph_build(&f->cx, &f->ledger, problems)) != NULL &&
           lim_state_build(&f->cx, f->g, &f->ledger, &f->state);
}

static bool run(fixture *f, const lim_problems *problems, const char *name, const char *first,
                const char *second, lim_table *table) {
    const lim_reader *reader = reader_named(name);
    lim_view view = {&f->ledger, f->g, &f->state, problems};
    const char *const arguments[LIM_READER_ARGUMENTS] = {first, second};
    bool ok = reader->read(&f->cx, &view, arguments, table);
    assert_true(ok == (f->cx.error.code == LIM_OK));
    if (ok)
        assert_int_equal(table->column_count, reader->column_count);
    return ok;
}

static void add_cell(lim_text *t, const lim_cell *cell) {
    switch (cell->kind) {
    case LIM_CELL_NULL:
        lim_text_adds(t, "-");
        break;
    case LIM_CELL_TEXT:
    case LIM_CELL_TIME:
        lim_text_adds(t, cell->text);
        break;
    case LIM_CELL_INTEGER:
        lim_text_addf(t, "%d", (int)cell->integer);
        break;
    case LIM_CELL_BOOLEAN:
        lim_text_adds(t, cell->integer ? "t" : "f");
        break;
    case LIM_CELL_UPGRADE:
        lim_text_addf(t, "up(%s)", cell->text);
        break;
    case LIM_CELL_DOWNGRADE:
        lim_text_addf(t, "down(%s)", cell->text);
        break;
    case LIM_CELL_FILE_NAME:
        lim_text_addf(t, "name(%s)", cell->text);
        break;
    case LIM_CELL_FILE:
        lim_text_addf(t, "file(%s)", cell->text);
        break;
    }
}

/* A cell is NULL or of its column's kind; a body's or a file's column is text. */
static void assert_kind(const lim_column *column, const lim_cell *cell) {
    bool body = cell->kind == LIM_CELL_UPGRADE || cell->kind == LIM_CELL_DOWNGRADE ||
                cell->kind == LIM_CELL_FILE_NAME || cell->kind == LIM_CELL_FILE;
    if (cell->kind != LIM_CELL_NULL)
        assert_int_equal(column->kind, body ? LIM_CELL_TEXT : cell->kind);
}

static const char *table_text(fixture *f, const char *name, const lim_table *table) {
    const lim_reader *reader = reader_named(name);
    lim_text t = {.cx = &f->cx};
    for (uint32_t i = 0; i < table->row_count * table->column_count; i++) {
        const lim_cell *cell = &table->cells[i];
        uint32_t column = i % table->column_count;
        assert_kind(&reader->columns[column], cell);
        lim_text_adds(&t, i == 0 ? "" : column == 0 ? "\n" : "|");
        add_cell(&t, cell);
    }
    return lim_text_end(&t);
}

/* Reads, and compares the rows with those expected or, as `error: ...`, the message. */
static void assert_rows(fixture *f, const char *name, const char *first, const char *second,
                        const char *expected) {
    lim_table table;
    if (run(f, NULL, name, first, second, &table)) {
        assert_string_equal(table_text(f, name, &table), expected);
        return;
    }
    assert_string_equal(lim_format(&f->cx, "error: %s", f->cx.error.message), expected);
    f->cx.error = (lim_error){0};
}

static const char Y[] = "aaaa; bbbb:aaaa; ccc1:bbbb[l1]; ddd1:ccc1; ccc2:bbbb[l2,l3]; ddd2:ccc2";
static const char FOREST[] = "xxx1[x]; xxx2:xxx1; yyy1[y]; yyy2:yyy1<xxx1; yyy3:yyy2";

/* ---- the table of readers -------------------------------------------------------------------- */

static void readers_have_the_columns_of_the_api(void **unused) {
    (void)unused;
    static const char *const columns[][2] = {
        {"migrate_current",
         "revision, message, branch_labels, is_head, applied_at, applied_by, stopped"},
        {"migrate_heads", "revision, down_revision, branch_labels, message"},
        {"migrate_branches", "revision, message, children"},
        {"migrate_history", "revision, down_revision, depends_on, branch_labels, message, is_head, "
                            "is_base, is_branch_point, is_merge_point, is_current, is_applied, "
                            "created_at, created_by"},
        {"migrate_show", "revision, down_revision, depends_on, branch_labels, message, is_head, "
                         "is_base, is_branch_point, is_merge_point, is_current, is_applied, "
                         "created_at, created_by, upgrade, downgrade, upgrade_transactional, "
                         "downgrade_transactional, checksum"},
        {"migrate_plan", "step, operation, revision, from_version, to_version, message, "
                         "transactional, reversible"},
        {"migrate_export", "name, script"},
        {"migrate_validate", "revision, problem"},
        {"migrate_status",
         "current, heads, pending, applied, irreversible_pending, problems, stopped"},
    };
    assert_int_equal(lim_reader_count, sizeof columns / sizeof *columns);
    fixture f;
    fixture_begin(&f, 0);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const lim_reader *reader = reader_named(columns[i][0]);
        lim_list names = {0};
        for (uint32_t k = 0; k < reader->column_count; k++)
            assert_true(lim_list_add(&f.cx, &names, reader->columns[k].name));
        assert_string_equal(lim_list_join(&f.cx, &names), columns[i][1]);
    }
    assert_string_equal(reader_named("migrate_plan")->arguments[0], "target");
    assert_string_equal(reader_named("migrate_plan")->arguments[1], "operation");
    assert_string_equal(reader_named("migrate_history")->arguments[0], "range");
    assert_null(reader_named("migrate_history")->arguments[1]);
    assert_null(reader_named("migrate_heads")->arguments[0]);
    fixture_end(&f);
}

static void an_empty_ledger_has_no_rows_but_a_status(void **unused) {
    (void)unused;
    static const char *const names[] = {"migrate_current", "migrate_heads", "migrate_branches",
                                        "migrate_history", "migrate_plan",  "migrate_validate"};
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, "", ""));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_rows(&f, names[i], NULL, NULL, "");
    assert_rows(&f, "migrate_status", NULL, NULL, "base|-|0|0|0|0|-");
    fixture_end(&f);
}

/* ---- one by one ------------------------------------------------------------------------------ */

static void current_shows_version_rows_in_byte_order(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, Y, "zzzz, ddd1, Unknown, ccc2"));
    f.ledger.revisions[3].message = "d one";
    f.ledger.versions[1].applied_at = "2026-01-02T03:04:05.678Z";
    f.ledger.versions[1].applied_by = "anna";
    f.ledger.versions[0].applied_by = "bert";
    assert_rows(&f, "migrate_current", NULL, NULL,
                "Unknown|-|-|-|-|-|-\n"
                "ccc2||l2, l3|f|-|-|-\n"
                "ddd1|d one|l1|t|2026-01-02T03:04:05.678Z|anna|-\n"
                "zzzz|-|-|-|-|bert|-");
    fixture_end(&f);
}

static void heads_have_no_child_at_all(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, "m1; m2; m3:m1,m2[top]; x:m3; y:x<z; z; w:x", ""));
    f.ledger.revisions[4].message = "why";
    assert_rows(&f, "migrate_heads", NULL, NULL,
                "y|x|top|why\n"
                "w|x|top|");
    fixture_end(&f);
}

static void branches_are_the_points_newest_first(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, "a; b:a; c:b; d:b; e:a; f; g<f; h<f; i:d; j:d; k:d", ""));
    f.ledger.revisions[1].message = "bee";
    assert_rows(&f, "migrate_branches", NULL, NULL, "d||i, j, k\nb|bee|c, d\na||b, e");
    fixture_end(&f);
}

static void history_lists_children_before_parents(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, FOREST, "yyy2"));
    f.ledger.revisions[0].message = "first";
    f.ledger.revisions[0].created_at = "2026-01-02T03:04:05.678Z";
    f.ledger.revisions[0].created_by = "anna";
    assert_rows(&f, "migrate_history", NULL, NULL,
                "xxx2|xxx1|-|x||t|f|f|f|f|f|-|-\n"
                "yyy3|yyy2|-|y||t|f|f|f|f|f|-|-\n"
                "yyy2|yyy1|xxx1|y||f|f|f|f|t|t|-|-\n"
                "yyy1|-|-|y||f|t|f|f|f|t|-|-\n"
                "xxx1|-|-|x|first|f|t|f|f|f|t|2026-01-02T03:04:05.678Z|anna");
    assert_rows(&f, "migrate_history", "yyy2:", NULL,
                "yyy3|yyy2|-|y||t|f|f|f|f|f|-|-\n"
                "yyy2|yyy1|xxx1|y||f|f|f|f|t|t|-|-");
    assert_rows(&f, "migrate_history", "nope:", NULL,
                "error: can't locate revision identified by 'nope'");
    fixture_end(&f);
}

static void history_tells_branch_and_merge_points(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, "a; b:a; c:a; m:b,c[k,l]; d<a,b", "b,c"));
    assert_rows(&f, "migrate_history", NULL, NULL,
                "m|b, c|-|k, l||t|f|f|t|f|f|-|-\n"
                "d|-|a, b|-||t|t|f|f|f|f|-|-\n"
                "b|a|-|-||f|f|f|f|t|t|-|-\n"
                "c|a|-|-||f|f|f|f|t|t|-|-\n"
                "a|-|-|-||f|t|t|f|f|t|-|-");
    fixture_end(&f);
}

static void show_has_own_labels_and_bodies(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, Y, "ccc1"));
    f.ledger.revisions[2].checksum = "abcdef";
    f.ledger.revisions[2].reversible = false;
    f.ledger.revisions[3].upgrade_transactional = false;
    assert_rows(&f, "migrate_show", "ccc1", NULL,
                "ccc1|bbbb|-|l1||f|f|f|f|t|t|-|-|up(ccc1)|-|t|t|abcdef");
    assert_rows(&f, "migrate_show", "ddd1 ccc2", NULL,
                "ddd1|ccc1|-|-||t|f|f|f|f|f|-|-|up(ddd1)|down(ddd1)|f|t|\n"
                "ccc2|bbbb|-|l2, l3||f|f|f|f|f|f|-|-|up(ccc2)|down(ccc2)|t|t|");
    assert_rows(&f, "migrate_show", "current", NULL,
                "ccc1|bbbb|-|l1||f|f|f|f|t|t|-|-|up(ccc1)|-|t|t|abcdef");
    assert_rows(&f, "migrate_show", "nope", NULL,
                "error: can't locate revision identified by 'nope'");
    assert_rows(&f, "migrate_show", NULL, NULL, "error: migrate_show needs a revision");
    fixture_end(&f);
}

/* ---- plans ----------------------------------------------------------------------------------- */

static void plans_of_runs(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, "a; b:a; c:a; m:b,c; n:m", "b"));
    f.ledger.revisions[3].message = "merge";
    f.ledger.revisions[3].reversible = false;
    f.ledger.revisions[4].upgrade_transactional = false;
    f.ledger.revisions[1].downgrade_transactional = false;
    static const char up[] = "1|upgrade|c|a|c||t|t\n"
                             "2|upgrade|m|b, c|m|merge|t|f\n"
                             "3|upgrade|n|m|n||f|t";
    assert_rows(&f, "migrate_plan", NULL, NULL, up);
    assert_rows(&f, "migrate_plan", "head", "upgrade", up);
    assert_rows(&f, "migrate_plan", "b", "upgrade", "");
    assert_rows(&f, "migrate_plan", "base", "downgrade",
                "1|downgrade|b|b|a||f|t\n"
                "2|downgrade|a|a|base||t|t");
    assert_rows(&f, "migrate_plan", "nope", NULL,
                "error: can't locate revision identified by 'nope'");
    fixture_end(&f);
}

static void irreversible_steps_are_shown(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, "a; b:a", "b"));
    f.ledger.revisions[1].reversible = false;
    assert_rows(&f, "migrate_plan", "base", "downgrade",
                "1|downgrade|b|b|a||t|f\n"
                "2|downgrade|a|a|base||t|t");
    fixture_end(&f);
}

static void plans_of_stamps_have_a_row_a_change(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, Y, "bbbb"));
    f.ledger.revisions[3].message = "d one";
    assert_rows(&f, "migrate_plan", "heads", "stamp",
                "1|stamp|ddd1|bbbb|ddd1|d one|-|-\n"
                "2|stamp|ddd2|base|ddd2||-|-");
    assert_rows(&f, "migrate_plan", "base", "stamp", "1|stamp|bbbb|bbbb|base||-|-");
    assert_rows(&f, "migrate_plan", "bbbb", "stamp", "");
    fixture_end(&f);
}

static void unknown_operations_are_refused(void **unused) {
    (void)unused;
    static const char *const words[] = {"", "Upgrade", "up\n"};
    static const char *const messages[] = {"error: unknown operation \"\"",
                                           "error: unknown operation \"Upgrade\"",
                                           "error: unknown operation \"up\\n\""};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        fixture f;
        lim_table table;
        fixture_begin(&f, 0);
        assert_true(fixture_build(&f, Y, ""));
        assert_rows(&f, "migrate_plan", "heads", words[i], messages[i]);
        assert_false(run(&f, NULL, "migrate_plan", "heads", words[i], &table));
        assert_int_equal(f.cx.error.code, LIM_INVALID);
        assert_string_equal(f.cx.error.hint, "The operations are upgrade, downgrade and stamp.");
        fixture_end(&f);
    }
}

/* ---- what is wrong --------------------------------------------------------------------------- */

static void validate_lists_graph_and_state(void **unused) {
    (void)unused;
    fixture f;
    lim_problems problems = {0};
    lim_table table;
    fixture_begin(&f, 0);
    assert_true(build(&f, "a; b:a,zzz; c:b; x:y; y:x", "c, a, b, ghost", &problems));
    assert_true(lim_problem_add(&f.cx, &problems, "c", "checksum differs"));
    assert_true(run(&f, &problems, "migrate_validate", NULL, NULL, &table));
    assert_string_equal(table_text(&f, "migrate_validate", &table),
                        "b|revision zzz referenced from b (down_revision) is not present\n"
                        "x|cycle is detected in revisions (x, y)\n"
                        "c|checksum differs\n"
                        "ghost|version row without a revision\n"
                        "a|version row overlaps with a version row above it\n"
                        "b|version row overlaps with a version row above it");
    assert_true(run(&f, &problems, "migrate_status", NULL, NULL, &table));
    assert_string_equal(table_text(&f, "migrate_status", &table), "a, b, c, ghost|c|2|3|0|6|-");
    fixture_end(&f);
}

static void a_sound_ledger_has_no_problems(void **unused) {
    (void)unused;
    fixture f;
    lim_problems problems = {0};
    lim_table table;
    fixture_begin(&f, 0);
    assert_true(build(&f, FOREST, "xxx2, yyy3", &problems));
    assert_true(run(&f, &problems, "migrate_validate", NULL, NULL, &table));
    assert_int_equal(table.row_count, 0);
    fixture_end(&f);
}

static void status_counts(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, Y, "ccc2"));
    f.ledger.revisions[0].reversible = false; /* applied: does not count */
    f.ledger.revisions[3].reversible = false;
    assert_rows(&f, "migrate_status", NULL, NULL, "ccc2|ddd1, ddd2|3|3|1|0|-");
    fixture_end(&f);
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, "b; a", "a,b"));
    assert_rows(&f, "migrate_status", NULL, NULL, "a, b|a, b|0|2|0|0|-");
    fixture_end(&f);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void many_labels_are_shown_by_many_revisions(void **unused) {
    (void)unused;
    enum { MANY = 3000 };
    fixture f;
    lim_table t;
    fixture_begin(&f, 0);
    for (int i = 0; i < MANY; i++) {
        const char *id = lim_format(&f.cx, "r%d", i);
        lim_revision row = {.seq = i + 1, .id = id, .message = "", .checksum = ""};
        lim_label label = {lim_format(&f.cx, "l%d", i), "r0", i};
        assert_true(lim_ledger_add_revision(&f.cx, &f.ledger, &row) &&
                    lim_ledger_add_label(&f.cx, &f.ledger, &label));
        lim_edge edge = {id, lim_format(&f.cx, "r%d", i - 1), LIM_DOWN_REVISION, 0};
        assert_true(i == 0 || lim_ledger_add_edge(&f.cx, &f.ledger, &edge));
    }
    f.g = lim_graph_build(&f.cx, &f.ledger, NULL);
    assert_non_null(f.g);
    assert_true(lim_state_build(&f.cx, f.g, &f.ledger, &f.state));
    size_t before = f.memory.bytes;
    assert_true(run(&f, NULL, "migrate_history", NULL, NULL, &t));
    assert_int_equal(t.row_count, MANY);
    assert_true(f.memory.bytes - before < MANY * (size_t)2000); /* not MANY * MANY */
    fixture_end(&f);
}

static void every_allocation_may_fail(void **unused) {
    (void)unused;
    static const char *const calls[][3] = {
        {"migrate_current", NULL, NULL},       {"migrate_heads", NULL, NULL},
        {"migrate_branches", NULL, NULL},      {"migrate_history", "a:", NULL},
        {"migrate_show", "heads", NULL},       {"migrate_plan", NULL, NULL},
        {"migrate_plan", "base", "downgrade"}, {"migrate_plan", "heads", "stamp"},
        {"migrate_validate", NULL, NULL},      {"migrate_status", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        bool done = false;
        for (size_t n = 1; !done; n++) {
            fixture f;
            lim_problems problems = {0};
            lim_table table;
            fixture_begin(&f, n);
            bool sound = strcmp(calls[i][0], "migrate_plan") == 0;
            done =
                build(&f, "a[l,k]; b1:a; b2:a; m:b1,b2<a", sound ? "b1" : "b1,a,zz", &problems) &&
                run(&f, &problems, calls[i][0], calls[i][1], calls[i][2], &table);
            assert_int_equal(f.cx.error.code, done ? LIM_OK : LIM_NOMEM);
            fixture_end(&f);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_have_the_columns_of_the_api),
        cmocka_unit_test(an_empty_ledger_has_no_rows_but_a_status),
        cmocka_unit_test(current_shows_version_rows_in_byte_order),
        cmocka_unit_test(heads_have_no_child_at_all),
        cmocka_unit_test(branches_are_the_points_newest_first),
        cmocka_unit_test(history_lists_children_before_parents),
        cmocka_unit_test(history_tells_branch_and_merge_points),
        cmocka_unit_test(show_has_own_labels_and_bodies),
        cmocka_unit_test(plans_of_runs),
        cmocka_unit_test(irreversible_steps_are_shown),
        cmocka_unit_test(plans_of_stamps_have_a_row_a_change),
        cmocka_unit_test(unknown_operations_are_refused),
        cmocka_unit_test(validate_lists_graph_and_state),
        cmocka_unit_test(a_sound_ledger_has_no_problems),
        cmocka_unit_test(status_counts),
        cmocka_unit_test(many_labels_are_shown_by_many_revisions),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
