/*
** test_plan.c - every example and every error of GRAPH.md's sections on upgrade, downgrade, stamp,
** execution order and version rows
*/
#include "graph_fixture.h"

static const char Y[] = "aaaa; bbbb:aaaa; ccc1:bbbb[l1]; ddd1:ccc1; ccc2:bbbb[l2]; ddd2:ccc2";
static const char forest[] = "xxx1[x]; xxx2:xxx1; yyy1[y]; yyy2:yyy1<xxx1; yyy3:yyy2";
static const char diamond[] = "aaaa; bbb1:aaaa; bbb2:aaaa; mmmm:bbb1,bbb2; tttt:mmmm";
static const char effective[] = "aaa1; aaa2:aaa1; bbb1; bbb2:bbb1<aaa2";
static const char dashes[] = "2024-01-05_a; 2024-01-05_b:2024-01-05_a; rel-9:2024-01-05_b";
static const char prefixes[] = "548b1111; 548c2222:548b1111; 54:548c2222; abc:54; abcd99:abc";

typedef struct example {
    const char *graph, *rows, *operation, *target, *expected; /* a plan, or `error: ...` */
} example;

static const example examples[] = {
    /* section 4, Y */
    {Y, "bbbb", "up", "head",
     "error: multiple head revisions are present for given argument 'head'; "
     "please specify a specific target revision, '<branchname>@head' to narrow to a specific head, "
     "or "
     "'heads' for all heads"},
    {Y, "bbbb", "up", NULL,
     "error: multiple head revisions are present for given argument 'head'; "
     "please specify a specific target revision, '<branchname>@head' to narrow to a specific head, "
     "or "
     "'heads' for all heads"},
    {Y, "bbbb", "up", "heads", "ccc2 ddd2 ccc1 ddd1 -> ddd1, ddd2"},
    {Y, "bbbb", "up", "l1@head", "ccc1 ddd1 -> ddd1"},
    {Y, "bbbb", "up", "ccc1@head", "ccc1 ddd1 -> ddd1"},
    {Y, "bbbb", "up", "ddd1", "ccc1 ddd1 -> ddd1"},
    {Y, "bbbb", "up", "l1@+2", "ccc1 ddd1 -> ddd1"},
    {Y, "bbbb", "up", "l1@heads", "ccc1 ddd1 -> ddd1"},
    {Y, "bbbb", "up", "l1", "ccc1 -> ccc1"},
    {Y, "bbbb", "up", "bbbb@head",
     "error: multiple head revisions are present for given argument "
     "'bbbb@head'; please specify a specific target revision, '<branchname>@bbbb@head' to narrow "
     "to a "
     "specific head, or 'heads' for all heads"},
    {Y, "bbbb", "up", "+1", "error: ambiguous walk"},
    {Y, "bbbb", "up", "l1@+3", "error: relative revision +3 didn't produce 3 migrations"},
    {Y, "bbbb", "up", "l1@head-1", "ccc1 -> ccc1"},
    {Y, "bbbb", "up", "l1@base+3", "ccc1 -> ccc1"},
    {Y, "bbbb", "up", "l1@bbbb+1", "ccc1 -> ccc1"},
    {Y, "ccc1,ccc2", "up", "+1", "error: ambiguous upgrade from multiple current revisions"},
    {Y, "ccc1,ccc2", "up", "l1@+1", "ddd1 -> ccc2, ddd1"},
    {Y, "ddd1", "up", "l2@+1", "ccc2 -> ccc2, ddd1"},
    {Y, "", "up", "l2@+2", "aaaa bbbb -> bbbb"},
    {Y, "bbbb", "up", "ddd1, ccc1",
     "error: requested revision ddd1 overlaps with other requested revisions ccc1"},
    {Y, "bbbb", "up", "ddd1 ddd1", "ccc1 ddd1 -> ddd1"},
    {Y, "bbbb", "up", "ddd1,,ddd2", "ccc2 ddd2 ccc1 ddd1 -> ddd1, ddd2"},
    {Y, "ddd1,ddd2", "up", "aaaa", "-> ddd1, ddd2"},
    {Y, "ddd1,ddd2", "up", "base", "-> ddd1, ddd2"},
    {Y, "zzzz", "up", "heads", "error: can't locate revision identified by 'zzzz'"},
    {Y, "ddd1,ccc1", "up", "heads",
     "error: requested revision ddd1 overlaps with other requested revisions ccc1"},
    {Y, "bbbb", "up", "+0", "error: relative revision 0 didn't produce 0 migrations"},
    {Y, "bbbb", "up", "-0", "error: relative revision 0 didn't produce 0 migrations"},
    {Y, "bbbb", "up", "-1", "error: relative revision -1 didn't produce 1 migrations"},
    {Y, "ddd1", "up", "+9", "error: relative revision +9 didn't produce 9 migrations"},
    {Y, "ddd1", "up", "+99999999999",
     "error: relative revision +99999999999 didn't produce 99999999999 migrations"},
    {Y, "bbbb", "up", "l1@head+1", "error: relative revision +1 didn't produce 1 migrations"},
    {Y, "bbbb", "up", "aaaa-9", "error: relative revision -9 didn't produce 9 migrations"},
    {Y, "bbbb", "up", "aaaa-1", "error: relative revision -1 didn't produce 1 migrations"},
    {Y, "bbbb", "up", "base-1", "error: nothing lies below base: 'base-1'"},
    {Y, "", "up", "base+2", "aaaa bbbb -> bbbb"},
    {Y, "", "up", "heads-1",
     "error: multiple head revisions are present for given argument 'heads-1'; "
     "please specify a specific target revision, '<branchname>@heads-1' to narrow to a specific "
     "head, "
     "or 'heads' for all heads"},
    {Y, "bbbb", "up", "current", "error: 'current' is not a target for migrate_upgrade"},
    {Y, "bbbb", "up", "+1, ddd1", "error: a relative step can't stand in a list: '+1'"},
    {Y, "bbbb", "up", "aaaa:ccc1", "error: range revision not allowed: 'aaaa:ccc1'"},
    {Y, "bbbb", "up", "", "error: the target is empty"},
    {Y, "bbbb", "up", "  ", "error: the target is empty"},
    {Y, "bbbb", "up", "typo@head", "error: can't locate revision identified by 'typo'"},
    {Y, "bbbb", "up", "@head", "error: no branch label stands before the @ in '@head'"},
    {Y, "bbbb", "up", "l1@", "error: nothing stands after the @ in 'l1@'"},
    {Y, "bbbb", "up", "l2@ccc1", "error: revision ccc1 is not a member of branch 'l2'"},
    {Y, "bbbb", "up", "l2@ccc1+1", "error: revision ccc1 is not a member of branch 'l2'"},
    {Y, "bbbb", "up", "aaaa+1junk", "error: can't locate revision identified by 'aaaa+1junk'"},
    {Y, "bbbb", "up", "l1@l1@head", "error: can't locate revision identified by 'l1@head'"},
    {Y, "bbbb", "up", "none", "error: can't locate revision identified by 'none'"},
    {Y, "bbbb", "up", "\xff\xfe", "error: the target '\\xff\\xfe' is not valid UTF-8"},
    /* section 4, the forest with a dependency */
    {forest, "", "up", "y@head", "xxx1 yyy1 yyy2 yyy3 -> yyy3"},
    {forest, "xxx2", "up", "y@head", "yyy1 yyy2 yyy3 -> xxx2, yyy3"},
    {forest, "yyy2", "up", "x@head", "xxx2 -> xxx2, yyy2"},
    {forest, "yyy2", "up", "x@+1", "xxx2 -> xxx2, yyy2"},
    {forest, "", "up", "+1", "error: ambiguous walk"},
    {forest, "", "up", "base+1", "error: ambiguous walk"},
    /* the diamond: a step over a merge pulls the missing side in */
    {diamond, "bbb1", "up", "+1", "bbb2 mmmm -> mmmm"},
    {diamond, "", "up", "head", "aaaa bbb2 bbb1 mmmm tttt -> tttt"},
    /* a head that is a head only by dependency (difference 13) */
    {effective, "", "up", "head", "aaa1 aaa2 bbb1 bbb2 -> bbb2"},
    {effective, "", "up", "heads", "aaa1 aaa2 bbb1 bbb2 -> bbb2"},
    /* names before prefixes before steps (difference 5) */
    {dashes, "", "up", "2024-01-05_a", "2024-01-05_a -> 2024-01-05_a"},
    {dashes, "", "up", "2024-01-05_b-1", "2024-01-05_a -> 2024-01-05_a"},
    {dashes, "", "up", "rel-9", "2024-01-05_a 2024-01-05_b rel-9 -> rel-9"},
    {dashes, "", "up", "2024-01",
     "error: multiple revisions start with '2024-01': '2024-01-05_a', "
     "'2024-01-05_b'"},
    {prefixes, "", "up", "54", "548b1111 548c2222 54 -> 54"},
    {prefixes, "", "up", "548b", "548b1111 -> 548b1111"},
    {prefixes, "", "up", "548",
     "error: multiple revisions start with '548': '548b1111', '548c2222'"},
    {"aaaa:bbbb[late,lane]; bbbb[last]", "", "up", "la",
     "error: multiple revisions start with 'la': 'late', 'lane', 'last'"},
    {"bill1; bil2:bill1[billing]", "", "up", "bil2", "bill1 bil2 -> bil2"},
    {"aaaa; bill1:aaaa[billing]", "", "up", "bill",
     "error: multiple revisions start with 'bill': 'bill1', 'billing'"},
    {prefixes, "", "up", "abcd", "548b1111 548c2222 54 abc abcd99 -> abcd99"},
    {prefixes, "", "up", "ab", "548b1111 548c2222 54 abc abcd99 -> abcd99"},
    {prefixes, "", "up", "abc+1", "548b1111 548c2222 54 abc abcd99 -> abcd99"},
    {prefixes, "", "up", "q", "error: can't locate revision identified by 'q'"},

    /* section 5 */
    {Y, "ddd1,ddd2", "down", "-1", "error: downgrade -1 from multiple heads is ambiguous"},
    {Y, "ddd1,ddd2", "down", "l1@-2", "ddd1 ccc1 -> ddd2"},
    {Y, "ddd1,ddd2", "down", "l1@-3", "ddd1 ccc1 ddd2 ccc2 bbbb -> aaaa"},
    {Y, "ddd1,ddd2", "down", "bbbb", "ddd1 ccc1 ddd2 ccc2 -> bbbb"},
    {Y, "ddd1,ddd2", "down", "base+2", "ddd1 ccc1 ddd2 ccc2 -> bbbb"},
    {Y, "ddd1,ddd2", "down", "l2@base+2", "ddd2 ccc2 -> ddd1"},
    {Y, "ddd1", "down", "l2@-1", "error: no current revision is on branch 'l2'"},
    {Y, "ddd1", "down", "l2@bbbb",
     "error: destination l2@bbbb is not a valid downgrade target from current head(s)"},
    {Y, "ddd1", "down", "-1", "ddd1 -> ccc1"},
    {Y, "ddd1", "down", "-5", "error: relative revision -5 didn't produce 5 migrations"},
    {Y, "ddd1", "down", "-4", "ddd1 ccc1 bbbb aaaa -> base"},
    {Y, "ddd1", "down", "ddd1-4", "ddd1 ccc1 bbbb aaaa -> base"},
    {Y, "ddd1", "down", "ddd1-5", "error: walked too far: 'ddd1-5'"},
    {Y, "ddd1", "down", "base+0", "error: walked too far: 'base+0'"},
    {Y, "ddd1", "down", "-0", "error: relative revision -0 didn't produce 0 migrations"},
    {Y, "ddd1", "down", "+2", "error: relative revision +2 didn't produce 2 migrations"},
    {Y, "", "down", "-1", "error: relative revision -1 didn't produce 1 migrations"},
    {Y, "", "down", "base", "-> base"},
    {Y, "", "down", NULL, "error: migrate_downgrade needs a target"},
    {Y, "ddd1", "down", "aaaa, bbbb",
     "error: migrate_downgrade takes one target, not a list: 'aaaa, bbbb'"},
    {Y, "ddd1", "down", "ddd2",
     "error: destination ddd2 is not a valid downgrade target from current head(s)"},
    {Y, "ddd1", "down", "ddd1", "-> ddd1"},
    {Y, "ddd1,ddd2", "down", "typo@base", "error: can't locate revision identified by 'typo'"},
    {Y, "ddd1,ddd2", "down", "l1@base", "ddd1 ccc1 ddd2 ccc2 bbbb aaaa -> base"},
    {Y, "ddd1,ddd2", "down", "l2@ccc1", "error: revision ccc1 is not a member of branch 'l2'"},
    {Y, "ddd1,ddd2", "down", "ccc1@bbbb", "ddd1 ccc1 -> ddd2"},
    {Y, "ddd1,ddd2", "down", "l1@bbbb", "ddd1 ccc1 -> ddd2"},
    {Y, "ddd1,ddd2", "down", "ddd1@bbbb", "ddd1 ccc1 -> ddd2"},
    {Y, "ddd1,ddd2", "down", "aaaa@bbbb",
     "error: not a valid downgrade target from current heads: 'aaaa@bbbb'"},
    {Y, "ddd1", "down", "head",
     "error: multiple head revisions are present for given argument 'head'; "
     "please specify a specific target revision, '<branchname>@head' to narrow to a specific head, "
     "or "
     "'heads' for all heads"},
    {Y, "ddd1", "down", "base-1", "error: nothing lies below base: 'base-1'"},
    {Y, "ddd1", "down", "current", "error: 'current' is not a target for migrate_downgrade"},
    {Y, "zzzz", "down", "base", "error: can't locate revision identified by 'zzzz'"},
    {"aaaa[lab]; bbb1:aaaa; bbb2:aaaa", "bbb1,bbb2", "down", "lab@aaaa",
     "error: not a valid downgrade target from current heads: 'lab@aaaa'"},
    {"aaaa[lab]; bbb1:aaaa; bbb2:aaaa", "bbb1,bbb2", "down", "bbb1@aaaa", "bbb1 -> bbb2"},
    {diamond, "tttt", "down", "bbb1", "tttt mmmm -> bbb1, bbb2"},
    {diamond, "tttt", "down", "bbb1@aaaa", "tttt mmmm bbb1 -> bbb2"},
    {diamond, "mmmm", "down", "-1", "error: ambiguous walk"},
    {forest, "xxx2,yyy3", "down", "x@base", "xxx2 yyy3 yyy2 xxx1 -> yyy1"},
    {forest, "yyy3", "down", "y@base", "yyy3 yyy2 yyy1 -> xxx1"},
    {forest, "yyy3", "down", "xxx1",
     "error: destination xxx1 is not a valid downgrade target from current head(s)"},
    {forest, "yyy3", "down", "x@-1", "yyy3 yyy2 xxx1 -> yyy1"},
    {forest, "yyy1", "down", "x@-1", "error: no current revision is on branch 'x'"},

    /* section 7: Alembic's defects B1 and B2, where the simple rule is right */
    {"aaa1; aaa2:aaa1; bbb1; ccc1:aaa2<bbb1,aaa1", "", "up", "ccc1", "aaa1 bbb1 aaa2 ccc1 -> ccc1"},
    {"aaaa; bbbb:aaaa; cccc:aaaa,bbbb; zzzz", "cccc,zzzz", "down", "aaaa",
     "cccc bbbb -> aaaa, zzzz"},

    /* section 8 and difference 11: stamp; a step is a row written */
    {Y, "", "stamp", "heads", "ddd1 ddd2 -> ddd1, ddd2"},
    {Y, "bbbb", "stamp", "heads", "ddd1 ddd2 -> ddd1, ddd2"},
    {Y, "ddd1,ddd2", "stamp", "aaaa", "ddd1 aaaa -> aaaa"},
    {Y, "ddd1,ddd2", "stamp", "l1@base", "ddd1 -> ddd2"},
    {Y, "ddd1,ddd2", "stamp", "base", "ddd1 ddd2 -> base"},
    {Y, "ddd1,ccc2", "stamp", "heads", "ddd2 -> ddd1, ddd2"},
    {Y, "ddd2", "stamp", "ddd1", "ddd1 -> ddd1, ddd2"},
    {Y, "ddd1,ddd2", "stamp", "l1@ccc1", "ccc1 -> ccc1, ddd2"},
    {Y, "ddd1", "stamp", "ddd1", "-> ddd1"},
    {Y, "bbbb", "stamp", "head",
     "error: multiple heads are present; please specify a single target revision"},
    {Y, "", "stamp", "aaaa ddd1",
     "error: requested revision ddd1 overlaps with other requested revisions aaaa"},
    {Y, "", "stamp", "base, ddd1",
     "error: 'base' can't stand in a list: it is below every other target"},
    {Y, "", "stamp", NULL, "error: migrate_stamp needs a target"},
    {Y, "", "stamp", "+1", "error: a relative step is not a target for migrate_stamp: '+1'"},
    {Y, "", "stamp", "ddd1-1",
     "error: a relative step is not a target for migrate_stamp: 'ddd1-1'"},
    {Y, "", "stamp", "current", "error: 'current' is not a target for migrate_stamp"},
    {Y, "zzzz", "stamp", "ddd1", "error: can't locate revision identified by 'zzzz'"},
    {Y, "zzzz", "purge", "ddd1", "ddd1 -> ddd1"},
    {Y, "zzzz,ddd2", "purge", "base", "? ddd2 -> base"},
    {diamond, "mmmm", "stamp", "bbb1 bbb2", "bbb1 bbb2 -> bbb1, bbb2"},
    {diamond, "tttt", "stamp", "bbb1", "bbb1 -> bbb1"},
    {forest, "xxx2,yyy3", "stamp", "x@base", "xxx2 -> yyy3"},
    {forest, "xxx2,yyy3", "stamp", "xxx1", "xxx2 xxx1 -> xxx1"},
};

static bool plan_example(fixture *f, const example *e, lim_plan *plan) {
    if (!fixture_build(f, e->graph, e->rows)) {
        return false;
    }
    if (strcmp(e->operation, "up") == 0) {
        return lim_plan_upgrade(&f->cx, f->g, &f->state, e->target, plan);
    }
    if (strcmp(e->operation, "down") == 0) {
        return lim_plan_downgrade(&f->cx, f->g, &f->state, e->target, plan);
    }
    return lim_plan_stamp(&f->cx, f->g, &f->state, e->target, strcmp(e->operation, "purge") == 0,
                          plan);
}

/* Following a plan step by step from its start leads to its end. */
static bool followed(fixture *f, const lim_plan *plan) {
    lim_list versions;
    const char *at;
    assert_true(lim_plan_versions(&f->cx, f->g, &f->state, &versions));
    for (uint32_t i = 0; plan->operation != LIM_STAMP && i < plan->step_count; i++)
        assert_true(lim_plan_follow(&f->cx, plan, i, &versions));
    if (plan->operation == LIM_STAMP || plan->step_count == 0)
        return true;
    at = versions.count == 0 ? "base" : lim_list_join(&f->cx, &versions);
    return strcmp(at, plan->to) == 0;
}

static void every_example_of_graph_md(void **unused) {
    (void)unused;
    int wrong = 0;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const example *e = &examples[i];
        fixture f;
        lim_plan plan;
        fixture_begin(&f, 0);
        bool planned = plan_example(&f, e, &plan);
        const char *got =
            planned ? fixture_plan(&f, &plan) : lim_format(&f.cx, "error: %s", f.cx.error.message);
        if (planned && !followed(&f, &plan)) {
            wrong++;
            print_error("%s from {%s} %s: the steps lead elsewhere\n", e->operation, e->rows,
                        e->target ? e->target : "NULL");
        }
        if (strcmp(got, e->expected) != 0) {
            wrong++;
            print_error("%s from {%s} %s:\n  got      %s\n  expected %s\n", e->operation, e->rows,
                        e->target ? e->target : "NULL", got, e->expected);
        } else if (strncmp(got, "error: ", 7) == 0 && !f.cx.error.hint &&
                   f.cx.error.code != LIM_INVALID) {
            wrong++;
            print_error("no hint: %s\n", got);
        }
        fixture_end(&f);
    }
    assert_int_equal(wrong, 0);
}

/* The changes of each step keep migrate_version equal to the maximal applied revisions. */
static void changes_written_one_by_one(void **unused) {
    (void)unused;
    fixture f;
    lim_plan plan;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, forest, ""));
    assert_true(lim_plan_upgrade(&f.cx, f.g, &f.state, "y@head", &plan));
    assert_int_equal(plan.step_count, 4);
    assert_int_equal(plan.steps[2].change_count, 2); /* yyy2 merges yyy1 and xxx1 */
    assert_string_equal(plan.changes[2].lost, "yyy1");
    assert_null(plan.changes[2].gained);
    assert_string_equal(plan.changes[3].lost, "xxx1");
    assert_string_equal(plan.changes[3].gained, "yyy2");
    fixture_end(&f);
}

static void reports_and_notices(void **unused) {
    (void)unused;
    fixture f;
    lim_plan plan;
    const char *from, *to;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, diamond, ""));
    f.ledger.revisions[3].message = "join\nboth";
    assert_true(lim_plan_upgrade(&f.cx, f.g, &f.state, "head", &plan));
    assert_string_equal(lim_plan_report(&f.cx, &plan), "upgraded base -> tttt (5 revisions)");
    assert_string_equal(lim_step_notice(&f.cx, f.g, &plan, 3),
                        "Running upgrade bbb1, bbb2 -> mmmm, join\\nboth (4 of 5)");
    assert_string_equal(lim_step_notice(&f.cx, f.g, &plan, 0),
                        "Running upgrade base -> aaaa (1 of 5)");
    assert_true(lim_step_names(&f.cx, f.g, &plan, 3, &from, &to));
    assert_string_equal(from, "bbb1, bbb2");
    assert_string_equal(to, "mmmm");
    assert_true(lim_plan_upgrade(&f.cx, f.g, &f.state, "aaaa", &plan));
    assert_string_equal(lim_plan_report(&f.cx, &plan), "upgraded base -> aaaa (1 revision)");
    assert_true(lim_plan_upgrade(&f.cx, f.g, &f.state, "base", &plan));
    assert_string_equal(lim_plan_report(&f.cx, &plan), "already at base");
    assert_true(lim_plan_stamp(&f.cx, f.g, &f.state, "bbb2, bbb1", false, &plan));
    assert_string_equal(lim_plan_report(&f.cx, &plan), "stamped base -> bbb1, bbb2");
    fixture_end(&f);
}

static void what_a_run_refuses(void **unused) {
    (void)unused;
    fixture f;
    lim_plan plan;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, diamond, "tttt"));
    f.ledger.revisions[1].reversible = false;
    assert_true(lim_plan_downgrade(&f.cx, f.g, &f.state, "base", &plan)); /* shown in the plan */
    assert_false(lim_plan_refusal(&f.cx, f.g, &plan, LIM_SQLITE, true));
    assert_string_equal(f.cx.error.message,
                        "revision \"bbb1\" is irreversible: it was stored without a downgrade");
    fixture_end(&f);

    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, diamond, ""));
    f.ledger.revisions[2].upgrade_transactional = false;
    assert_true(lim_plan_upgrade(&f.cx, f.g, &f.state, NULL, &plan));
    assert_true(lim_plan_refusal(&f.cx, f.g, &plan, LIM_SQLITE, true));
    assert_false(lim_plan_refusal(&f.cx, f.g, &plan, LIM_SQLITE, false));
    assert_string_equal(f.cx.error.hint, "It commits statement by statement: call again in "
                                         "autocommit, outside BEGIN and SAVEPOINT.");
    f.cx.error = (lim_error){0};
    assert_false(lim_plan_refusal(&f.cx, f.g, &plan, LIM_POSTGRES, false));
    assert_string_equal(f.cx.error.message,
                        "revision \"bbb2\" (upgrade) is marked transaction:false and "
                        "can't run in a transaction");
    assert_string_equal(f.cx.error.hint,
                        "Run it with CALL migrate_apply('tttt'), outside a transaction.");
    fixture_end(&f);
}

/* Bytes taken to plan for a list of so many bases. */
static size_t list_memory(lim_operation operation, uint32_t words) {
    fixture f;
    lim_plan plan;
    fixture_begin(&f, 0);
    lim_text rows = {.cx = &f.cx}, list = {.cx = &f.cx};
    for (uint32_t i = 0; i < words; i++) {
        lim_text_addf(&rows, "%sb%04u", i > 0 ? "; " : "", i);
        lim_text_addf(&list, "%sb%04u", i > 0 ? ", " : "", i);
    }
    assert_true(fixture_build(&f, lim_text_end(&rows), ""));
    size_t before = f.memory.bytes;
    assert_true(operation == LIM_STAMP
                    ? lim_plan_stamp(&f.cx, f.g, &f.state, lim_text_end(&list), false, &plan)
                    : lim_plan_upgrade(&f.cx, f.g, &f.state, lim_text_end(&list), &plan));
    assert_int_equal(plan.step_count, words);
    size_t taken = f.memory.bytes - before;
    fixture_end(&f);
    return taken;
}

static void a_long_list_takes_memory_in_proportion(void **unused) {
    (void)unused;
    assert_in_range(list_memory(LIM_UPGRADE, 4000), 1, 6 * list_memory(LIM_UPGRADE, 1000));
    assert_in_range(list_memory(LIM_STAMP, 4000), 1, 6 * list_memory(LIM_STAMP, 1000));
}

/* Memory that runs out at any allocation is an error, and everything is given back. */
static void out_of_memory_at_every_allocation(void **unused) {
    (void)unused;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i += 7) {
        for (size_t n = 1;; n++) {
            fixture f;
            lim_plan plan;
            fixture_begin(&f, n);
            bool done = plan_example(&f, &examples[i], &plan) || f.cx.error.code != LIM_NOMEM;
            bool failed = f.memory.asked >= n;
            fixture_end(&f);
            assert_true(done || failed);
            if (!failed) {
                break;
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_of_graph_md),
        cmocka_unit_test(changes_written_one_by_one),
        cmocka_unit_test(reports_and_notices),
        cmocka_unit_test(what_a_run_refuses),
        cmocka_unit_test(a_long_list_takes_memory_in_proportion),
        cmocka_unit_test(out_of_memory_at_every_allocation),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
