/*
** test_resume.c - bodies that stopped half-way: what is told of them, what is refused, how they end
*/
#include "graph_fixture.h"

#include "resume.h"

static const char line[] = "aaaa; bbbb:aaaa; cccc:bbbb";

/* The line at `rows`, with a stop of bbbb. */
static void stop_at(fixture *f, const char *rows, lim_stop stop) {
    fixture_begin(f, 0);
    assert_true(fixture_rows(f, line) && fixture_versions(f, rows));
    stop.revision = "bbbb";
    assert_true(lim_ledger_add_stop(&f->cx, &f->ledger, &stop));
    f->ledger.revisions[1].upgrade_transactional = false;
    f->ledger.revisions[1].downgrade_transactional = false;
    f->g = lim_graph_build(&f->cx, &f->ledger, NULL);
    assert_non_null(f->g);
    assert_true(lim_state_build(&f->cx, f->g, &f->ledger, &f->state));
}

static const lim_stop failed = {.up = true,
                                .statement = 2,
                                .statements = 3,
                                .outcome = "failed",
                                .checksum = "",
                                .detail = "x"};
static const lim_stop started = {
    .up = false, .statement = 1, .statements = 3, .outcome = "started", .checksum = ""};
static const lim_stop done = {
    .up = true, .statement = 2, .statements = 3, .outcome = "done", .checksum = "old"};

static void a_stop_is_told_while_it_holds(void **unused) {
    (void)unused;
    static const struct {
        const lim_stop *stop;
        const char *rows, *expected;
    } cases[] = {
        {&failed, "aaaa", "revision \"bbbb\" (upgrade) stopped at statement 2 of 3: x"},
        {&done, "aaaa",
         "revision \"bbbb\" (upgrade) stopped at statement 3 of 3: the run ended before it"},
        {&started, "bbbb",
         "revision \"bbbb\" (downgrade) stopped at statement 1 of 3: started, and its end was "
         "never recorded"},
        {&failed, "bbbb", NULL},
        {&started, "aaaa", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        stop_at(&f, cases[i].rows, *cases[i].stop);
        const char *text = lim_stops_text(&f.cx, &f.ledger, f.g, &f.state);
        if (cases[i].expected == NULL)
            assert_null(text);
        else
            assert_string_equal(text, cases[i].expected);
        fixture_end(&f);
    }
}

static void nothing_passes_over_a_stop(void **unused) {
    (void)unused;
    fixture f;
    lim_plan plan;
    stop_at(&f, "aaaa", failed);
    assert_true(lim_plan_apply(&f.cx, f.g, &f.state, "head", &plan));
    assert_true(lim_resume_refusal(&f.cx, LIM_POSTGRES, &f.ledger, f.g, &f.state, &plan));
    assert_true(lim_plan_apply(&f.cx, f.g, &f.state, "base", &plan));
    assert_int_equal(plan.operation, LIM_DOWNGRADE);
    assert_false(lim_resume_refusal(&f.cx, LIM_POSTGRES, &f.ledger, f.g, &f.state, &plan));
    assert_string_equal(f.cx.error.message,
                        "revision \"bbbb\" (upgrade) stopped at statement 2 of 3: x");
    assert_string_equal(f.cx.error.hint,
                        "Finish it with CALL migrate_apply('bbbb'), or say how it ended with "
                        "migrate_resolve('bbbb', 'applied' or 'not applied').");
    fixture_end(&f);

    stop_at(&f, "bbbb", started);
    assert_true(lim_plan_upgrade(&f.cx, f.g, &f.state, "head", &plan));
    assert_false(lim_resume_refusal(&f.cx, LIM_SQLITE, &f.ledger, f.g, &f.state, &plan));
    assert_string_equal(f.cx.error.hint,
                        "Finish it with migrate_downgrade('aaaa'), or say how it ended with "
                        "migrate_resolve('bbbb', 'applied' or 'not applied').");
    fixture_end(&f);

    stop_at(&f, "aaaa", done);
    assert_true(lim_plan_apply(&f.cx, f.g, &f.state, NULL, &plan));
    assert_false(lim_resume_refusal(&f.cx, LIM_POSTGRES, &f.ledger, f.g, &f.state, &plan));
    assert_string_equal(f.cx.error.message,
                        "revision \"bbbb\" was changed after it stopped at statement 3 of 3");
    fixture_end(&f);
}

/* A body that ran as one transaction left nothing: its text may change, marks included. What a body
** that ran statement by statement left stays, whatever became of the text. */
static void only_what_stayed_counts(void **unused) {
    (void)unused;
    fixture f;
    lim_plan plan;
    lim_stop stop = failed;
    stop.checksum = "old";
    stop.whole = true;
    stop_at(&f, "aaaa", stop);
    assert_true(lim_plan_apply(&f.cx, f.g, &f.state, "head", &plan));
    assert_true(lim_resume_refusal(&f.cx, LIM_POSTGRES, &f.ledger, f.g, &f.state, &plan));
    assert_true(lim_plan_apply(&f.cx, f.g, &f.state, "base", &plan));
    assert_true(lim_resume_refusal(&f.cx, LIM_POSTGRES, &f.ledger, f.g, &f.state, &plan));
    fixture_end(&f);

    stop.whole = false;
    stop_at(&f, "aaaa", stop);
    f.ledger.revisions[1].upgrade_transactional = true;
    assert_true(lim_plan_upgrade(&f.cx, f.g, &f.state, "head", &plan));
    assert_false(lim_resume_refusal(&f.cx, LIM_POSTGRES, &f.ledger, f.g, &f.state, &plan));
    assert_string_equal(f.cx.error.message,
                        "revision \"bbbb\" was changed after it stopped at statement 2 of 3");
    fixture_end(&f);
}

/* An offline script would begin a body at its first statement. */
static void no_script_runs_what_stopped(void **unused) {
    (void)unused;
    fixture f;
    lim_plan plan;
    stop_at(&f, "aaaa", failed);
    assert_true(lim_plan_upgrade(&f.cx, f.g, &f.state, "head", &plan));
    assert_false(lim_resume_none(&f.cx, LIM_SQLITE, &f.ledger, f.g, &f.state, &plan));
    assert_string_equal(f.cx.error.message,
                        "revision \"bbbb\" (upgrade) stopped at statement 2 of 3: x");
    assert_string_equal(f.cx.error.hint,
                        "Finish it with migrate_upgrade('bbbb'), or say how it ended with "
                        "migrate_resolve('bbbb', 'applied' or 'not applied').");
    f.cx.error = (lim_error){0};
    assert_true(lim_plan_downgrade(&f.cx, f.g, &f.state, "base", &plan));
    assert_true(lim_resume_none(&f.cx, LIM_SQLITE, &f.ledger, f.g, &f.state, &plan));
    fixture_end(&f);

    stop_at(&f, "bbbb", started);
    assert_true(lim_plan_upgrade(&f.cx, f.g, &f.state, "head", &plan));
    assert_true(lim_resume_none(&f.cx, LIM_SQLITE, &f.ledger, f.g, &f.state, &plan));
    fixture_end(&f);
}

static void apply_goes_up_or_down(void **unused) {
    (void)unused;
    static const struct {
        const char *rows, *target;
        lim_operation operation;
        uint32_t steps;
    } cases[] = {
        {"", "head", LIM_UPGRADE, 3},     {"aaaa", "+1", LIM_UPGRADE, 1},
        {"cccc", "head", LIM_UPGRADE, 0}, {"cccc", "aaaa", LIM_DOWNGRADE, 2},
        {"cccc", "-1", LIM_DOWNGRADE, 1}, {"cccc", "base", LIM_DOWNGRADE, 3},
        {"bbbb", "bbbb", LIM_UPGRADE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        lim_plan plan;
        fixture_begin(&f, 0);
        assert_true(fixture_build(&f, line, cases[i].rows));
        assert_true(lim_plan_apply(&f.cx, f.g, &f.state, cases[i].target, &plan));
        assert_int_equal(plan.operation, cases[i].operation);
        assert_int_equal(plan.step_count, cases[i].steps);
        fixture_end(&f);
    }
    fixture f;
    lim_plan plan;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, line, "bbbb"));
    assert_false(lim_plan_apply(&f.cx, f.g, &f.state, "zzzz", &plan));
    assert_string_equal(f.cx.error.message, "can't locate revision identified by 'zzzz'");
    fixture_end(&f);
}

static void a_word_ends_a_stop(void **unused) {
    (void)unused;
    static const struct {
        const lim_stop *stop;
        const char *rows, *outcome;
        uint32_t changes;
    } cases[] = {
        {&failed, "aaaa", "applied", 1},
        {&failed, "aaaa", "not applied", 0},
        {&started, "bbbb", "applied", 0},
        {&started, "bbbb", "not applied", 1},
    };
    lim_plan plan;
    lim_node node;
    fixture f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        stop_at(&f, cases[i].rows, *cases[i].stop);
        assert_true(lim_plan_resolve(&f.cx, &f.ledger, f.g, &f.state, "bbbb", cases[i].outcome,
                                     &plan, &node));
        assert_int_equal(plan.change_count, cases[i].changes);
        fixture_end(&f);
    }
    stop_at(&f, "aaaa", failed);
    assert_false(lim_plan_resolve(&f.cx, &f.ledger, f.g, &f.state, "bbbb", "maybe", &plan, &node));
    assert_string_equal(f.cx.error.message,
                        "the outcome of a revision is 'applied' or 'not applied'");
    fixture_end(&f);
    stop_at(&f, "aaaa", failed);
    assert_false(
        lim_plan_resolve(&f.cx, &f.ledger, f.g, &f.state, "cccc", "applied", &plan, &node));
    assert_string_equal(f.cx.error.message, "revision \"cccc\" did not stop half-way");
    fixture_end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_is_told_while_it_holds),
        cmocka_unit_test(nothing_passes_over_a_stop),
        cmocka_unit_test(only_what_stayed_counts),
        cmocka_unit_test(no_script_runs_what_stopped),
        cmocka_unit_test(apply_goes_up_or_down),
        cmocka_unit_test(a_word_ends_a_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
