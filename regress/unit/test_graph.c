/*
** test_graph.c - building the graph, what is unsound in one, names, labels, and what is applied
*/

#include "graph_fixture.h"

#include <stdio.h>

static const char Y[] = "aaaa; bbbb:aaaa; ccc1:bbbb[l1]; ddd1:ccc1; ccc2:bbbb[l2]; ddd2:ccc2";
static const char forest[] = "xxx1[x]; xxx2:xxx1; yyy1[y]; yyy2:yyy1<xxx1; yyy3:yyy2";

/* Section 2: every unsound graph and its message. */
static void unsound_graphs(void **unused) {
    (void)unused;
    static const char *const cases[][2] = {
        {"a:a", "self-loop is detected in revisions (a)"},
        {"a<a", "dependency self-loop is detected in revisions (a)"},
        {"a+b", "revision identifier 'a+b' contains the character '+'"},
        {"a@b", "revision identifier 'a@b' contains the character '@'"},
        {"head", "revision identifier 'head' is a word with a meaning of its own"},
        {"heads", "revision identifier 'heads' is a word with a meaning of its own"},
        {"base", "revision identifier 'base' is a word with a meaning of its own"},
        {"current", "revision identifier 'current' is a word with a meaning of its own"},
        {"none", "revision identifier 'none' is a word with a meaning of its own"},
        {"-12", "revision identifier '-12' reads as a relative step"},
        {"a\xe2\x80\xae"
         "b",
         "revision identifier 'a\\xe2\\x80\\xaeb' contains white space or a control character"},
        {"a\xe2\x80\x8b"
         "b",
         "revision identifier 'a\\xe2\\x80\\x8bb' contains white space or a control character"},
        {"a\tb", "revision identifier 'a\\tb' contains white space or a control character"},
        {"a\xc2\xa0z",
         "revision identifier 'a\xc2\xa0z' contains white space or a control character"},
        {"a\xff", "revision identifier 'a\\xff' is not valid UTF-8"},
        {"a; a", "revision a is present more than once"},
        {"a[q]; b:a[q]", "branch name 'q' in revision b already used by revision a"},
        {"a; b:a[a]", "branch name 'a' in revision b already used by revision a"},
        {"a[a]", "branch name 'a' in revision a already used by revision a"},
        {"a[heads]", "branch label identifier 'heads' is a word with a meaning of its own"},
        {"a; b:zzz", "revision zzz referenced from b (down_revision) is not present"},
        {"a; b<zzz", "revision zzz referenced from b (depends_on) is not present"},
        {"a:c; b:a; c:b", "cycle is detected in revisions (a, b, c)"},
        {"a; b:a; c:b,e; d:c; e:d; f:e", "cycle is detected in revisions (c, d, e)"},
        {"a; b:a<d; c; d:c<b", "dependency cycle is detected in revisions (b, d)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        fixture_begin(&f, 0);
        assert_false(fixture_build(&f, cases[i][0], ""));
        assert_string_equal(f.cx.error.message, cases[i][1]);
        assert_int_equal(f.cx.error.code, LIM_CORRUPT);
        assert_non_null(f.cx.error.hint);
        fixture_end(&f);
    }
}

static void all_problems_are_listed(void **unused) {
    (void)unused;
    fixture f;
    lim_problems problems = {0};
    fixture_begin(&f, 0);
    assert_true(fixture_rows(&f, "a; b:a,zzz; c:d; d:c; e:b,b[q]; f[q]"));
    assert_non_null(f.g = lim_graph_build(&f.cx, &f.ledger, &problems));
    assert_int_equal(problems.count, 4);
    assert_string_equal(problems.items[0].problem,
                        "revision zzz referenced from b (down_revision) is not present");
    assert_string_equal(problems.items[0].revision, "b");
    assert_string_equal(problems.items[1].problem, "revision e names b twice (down_revision)");
    assert_string_equal(problems.items[2].problem,
                        "branch name 'q' in revision f already used by revision e");
    assert_string_equal(problems.items[3].problem, "cycle is detected in revisions (c, d)");
    fixture_end(&f);
}

/* Gives the edges one by one, last ones first and as strings that do not stay, where fewer are expected. */
static lim_graph *build_piece_by_piece(fixture *f, lim_problems *problems) {
    lim_graph_builder b;
    assert_true(lim_graph_begin(&f->cx, &b, &f->ledger, 0, problems));
    for (uint32_t i = f->ledger.edge_count; i-- > 0;) {
        const lim_edge *edge = &f->ledger.edges[i];
        char revision[8], parent[8];
        snprintf(revision, sizeof revision, "%s", edge->revision);
        snprintf(parent, sizeof parent, "%s", edge->parent);
        assert_true(lim_graph_edge(&b, &(lim_edge){revision, parent, edge->kind, edge->ordinal}));
        memset(revision, '?', sizeof revision - 1);
        memset(parent, '?', sizeof parent - 1);
    }
    return lim_graph_end(&b);
}

static void assert_same_rows(const lim_graph *g, const lim_adjacency *a, const lim_adjacency *b) {
    for (lim_node n = 0; n < g->count; n++) {
        lim_nodes x = lim_neighbours(a, n), y = lim_neighbours(b, n);
        assert_int_equal(x.count, y.count);
        for (uint32_t i = 0; i < x.count; i++) {
            assert_int_equal(x.node[i], y.node[i]);
        }
    }
}

/* In whatever order edges lie, and whether or not they are kept, the graph is the same. */
static void edges_in_any_order(void **unused) {
    (void)unused;
    static const char *const graphs[] = {
        "a",
        "a; b:a; c:b; d:c; e:d; f:e; g:f; h:g; i:h; j:i; k:j; l:k",
        "a; x; y; z; b:a; c:b,x; d:c<y; e:d<a,z; f:e,b",
        "f:e,b; e:d<a,z; d:c<y; c:b,x; b:a; z; y; x; a[q]",
        "a; b:a,zzz; c:d; d:c; e:b,b[q]; f:f<q; a:b; g:a; b:g",
    };
    for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++) {
        fixture f;
        lim_problems listed = {0}, problems = {0};
        fixture_begin(&f, 0);
        assert_true(fixture_rows(&f, graphs[i]));
        lim_graph *g = lim_graph_build(&f.cx, &f.ledger, &listed);
        f.g = build_piece_by_piece(&f, &problems);
        assert_non_null(g);
        assert_non_null(f.g);
        assert_same_rows(g, &g->down, &f.g->down);
        assert_same_rows(g, &g->deps, &f.g->deps);
        assert_same_rows(g, &g->all_down, &f.g->all_down);
        assert_same_rows(g, &g->next, &f.g->next);
        assert_same_rows(g, &g->all_next, &f.g->all_next);
        assert_int_equal(listed.count, problems.count);
        for (uint32_t k = 0; k < problems.count; k++) {
            assert_null(strchr(problems.items[k].problem, '?'));
            assert_true(!problems.items[k].revision || !strchr(problems.items[k].revision, '?'));
        }
        fixture_end(&f);
    }
}

static void names_that_may_be_stored(void **unused) {
    (void)unused;
    static const char *const good[] = {"1",  "a-b", "2024-01-05_a", "v1.0", "\xc3\xa9t\xc3\xa9",
                                       "-a", "HEAD"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        fixture f;
        fixture_begin(&f, 0);
        assert_true(lim_check_name(&f.cx, "revision", good[i]));
        fixture_end(&f);
    }
    fixture f;
    fixture_begin(&f, 0);
    assert_false(lim_check_name(&f.cx, "revision", "a:b"));
    assert_string_equal(f.cx.error.message,
                        "character(s) ':' not allowed in revision identifier 'a:b'");
    fixture_end(&f);
    fixture_begin(&f, 0);
    assert_false(lim_check_name(&f.cx, "branch label", ""));
    assert_string_equal(f.cx.error.message, "branch label identifier '' is empty");
    fixture_end(&f);
}

/* Which labels a reader shows where (section 1). */
static void effective_labels(void **unused) {
    (void)unused;
    static const char *const cases[][2] = {
        {"a; b:a[L]; c:b", "a L, b L, c L"},
        {"a; b:a[L]; c1:b; c2:b", "a -, b L, c1 L, c2 L"},
        {"a; b:a[L]; x:a", "a -, b L, x -"},
        {"a; b:a[L]; c:b; d<b", "a -, b L, c L, d -"},
        {"a; m; b:a,m[L]; c:b", "a -, m -, b L, c L"},
        {"a[K]; b:a[L,M]", "a K L M, b K L M"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        fixture_begin(&f, 0);
        assert_true(fixture_build(&f, cases[i][0], ""));
        lim_text t = {.cx = &f.cx};
        for (lim_node n = 0; n < f.g->count; n++) {
            lim_list labels;
            assert_true(lim_effective_labels(&f.cx, f.g, n, &labels));
            lim_text_addf(&t, "%s%s", n ? ", " : "", lim_id(f.g, n));
            for (uint32_t k = 0; k < labels.count; k++) {
                lim_text_addf(&t, " %s", labels.items[k]);
            }
            if (labels.count == 0) {
                lim_text_adds(&t, " -");
            }
        }
        assert_string_equal(lim_text_end(&t), cases[i][1]);
        fixture_end(&f);
    }
}

static void heads_and_bases(void **unused) {
    (void)unused;
    fixture f;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, "aaa1; aaa2:aaa1; bbb1; bbb2:bbb1<aaa2", "bbb2"));
    assert_string_equal(fixture_ids(&f, lim_versioned_heads(&f.cx, f.g)), "aaa2 bbb2");
    assert_string_equal(fixture_ids(&f, lim_real_heads(&f.cx, f.g)), "bbb2");
    assert_string_equal(fixture_ids(&f, lim_bases(&f.cx, f.g)), "aaa1 bbb1");
    assert_true(f.state.applied[1]);
    fixture_end(&f);
}

/* Section 10: ranges of history; `error: ...` where one is refused. */
static void history_ranges(void **unused) {
    (void)unused;
    static const char *const cases[][4] = {
        {Y, "", NULL, "ddd1 ccc1 ddd2 ccc2 bbbb aaaa"},
        {Y, "", ":", "ddd1 ccc1 ddd2 ccc2 bbbb aaaa"},
        {Y, "", "l1:", "ddd1 ccc1"},
        {Y, "", ":l1@head", "ddd1 ccc1 bbbb aaaa"},
        {Y, "", "l1@base:", "ddd1 ccc1 bbbb aaaa"},
        {Y, "", "-1:", "ddd1 ccc1 ddd2 ccc2"},
        {Y, "", "l1@-1:", "ddd1 ccc1"},
        {Y, "", "-9:", "ddd1 ccc1 ddd2 ccc2 bbbb aaaa"},
        {Y, "", "bbbb:l1@+1", "ccc1 bbbb"},
        {Y, "", "bbbb:l1@+9", "ddd1 ccc1 bbbb"},
        {Y, "", " bbbb:ccc2 ", "ccc2 bbbb"},
        {Y, "ccc1", "current:ddd1", "ddd1 ccc1"},
        {Y, "ccc1", ":current", "ccc1 bbbb aaaa"},
        {Y, "ddd1,ccc2", "current:", "ddd1 ddd2 ccc2"},
        {Y, "", ":base", ""},
        {Y, "", ":+2", "bbbb aaaa"},
        {Y, "", "ccc1:bbbb",
         "error: requested range ccc1:bbbb does not refer to ancestor/descendant "
         "revisions along the same branch"},
        {Y, "", "ddd1", "error: history range requires [start]:[end], [start]:, or :[end]"},
        {Y, "", "a:b:c", "error: history range requires [start]:[end], [start]:, or :[end]"},
        {Y, "", "ccc1,ccc2:", "error: a range takes no lists: 'ccc1,ccc2:'"},
        {Y, "", "aaaa+1:", "error: 'aaaa+1' can't be the start of a range"},
        {Y, "", ":-1", "error: relative revision -1 didn't produce 1 migrations"},
        {Y, "", "typo:", "error: can't locate revision identified by 'typo'"},
        {forest, "", "y:", "yyy3 yyy2 yyy1"},
        {forest, "", "y@base:", "yyy3 yyy2 yyy1 xxx1"},
        {forest, "", "x:", "xxx2 xxx1"},
        {forest, "", "xxx1:yyy3", "xxx1"},
        {Y, "ddd1", "aaaa:current-1", "ccc1 bbbb aaaa"},
        /* tops reaches side only by way of other, which is not on base's branch */
        {"base1; down1:base1; side1:down1; other<side1; tops1:down1<other", "", "base1:heads",
         "tops1 side1 down1 base1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        lim_nodes nodes;
        fixture_begin(&f, 0);
        assert_true(fixture_build(&f, cases[i][0], cases[i][1]));
        const char *got = lim_target_history(&f.cx, f.g, &f.state, cases[i][2], &nodes)
                              ? fixture_ids(&f, nodes)
                              : lim_format(&f.cx, "error: %s", f.cx.error.message);
        assert_string_equal(got, cases[i][3]);
        fixture_end(&f);
    }
}

/* show, the parents of a new revision, and single names. */
static void other_targets(void **unused) {
    (void)unused;
    static const char *const cases[][3] = {
        {"show", "ddd1, l2", "ddd1 ccc2"},
        {"show", "heads", "ddd1 ddd2"},
        {"show", "current", "ccc1"},
        {"show", "base", ""},
        {"show", "-1", "error: a relative step is not a target for migrate_show: '-1'"},
        {"show", NULL, "error: migrate_show needs a revision"},
        {"parents", "ddd1, ddd2", "ddd1 ddd2"},
        {"parents", "heads", "ddd1 ddd2"},
        {"parents", "base", ""},
        {"parents", "l1@head", "ddd1"},
        {"parents", NULL,
         "error: multiple heads are present; please specify the head revision on which "
         "the new revision should be based, or perform a merge"},
        {"parents", "+1", "error: a relative step is not a target for migrate_revision: '+1'"},
        {"one", "l1@head", "ddd1"},
        {"one", "ddd", "error: multiple revisions start with 'ddd': 'ddd1', 'ddd2'"},
        {"one", "base", "error: 'base' is not a revision"},
        {"one", "nope", "error: can't locate revision identified by 'nope'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        lim_nodes nodes = {NULL, 0};
        lim_node one;
        fixture_begin(&f, 0);
        assert_true(fixture_build(&f, Y, "ccc1"));
        if (strcmp(cases[i][0], "show") == 0) {
            lim_target_show(&f.cx, f.g, &f.state, cases[i][1], &nodes);
        } else if (strcmp(cases[i][0], "parents") == 0) {
            lim_target_parents(&f.cx, f.g, cases[i][1], &nodes);
        } else if ((one = lim_target_one(&f.cx, f.g, cases[i][1])) != LIM_NONE) {
            nodes = (lim_nodes){&one, 1};
        }
        const char *got = f.cx.error.code ? lim_format(&f.cx, "error: %s", f.cx.error.message)
                                          : fixture_ids(&f, nodes);
        assert_string_equal(got, cases[i][2]);
        fixture_end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsound_graphs),     cmocka_unit_test(all_problems_are_listed),
        cmocka_unit_test(edges_in_any_order), cmocka_unit_test(names_that_may_be_stored),
        cmocka_unit_test(effective_labels),   cmocka_unit_test(heads_and_bases),
        cmocka_unit_test(history_ranges),     cmocka_unit_test(other_targets),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
