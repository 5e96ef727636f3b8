/*
** test_load.c - migration files stored: one, a directory, again, changed
*/
#include "world.h"

/* ---- files ---------------------------------------------------------------------------------- */

static void a_file_alone_follows_the_head(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w,
       try_file(&w, "dir/001_create_users.sql", UP("SELECT 1;") "-- migrate:down\nSELECT 2;\n"));
    assert_string_equal(w.summary, "1 new, 0 replaced, 0 unchanged");
    assert_int_equal(w.load.count, 1);
    lim_record *r = &w.load.records[0];
    assert_string_equal(r->id, "001");
    assert_string_equal(r->message, "create users");
    assert_string_equal(r->from_version, "base");
    OK(&w, try_file(&w, "002_x.sql", UP("SELECT 1;")));
    joined(&w, &w.load.records[0].down_revision, "001");
    body_is(w.load.records[0].downgrade, NULL);
    OK(&w, try_file(&w, NULL, UP("SELECT 3;")));
    assert_string_equal(w.load.records[0].id, "0123456789ab");
    joined(&w, &w.load.records[0].down_revision, "002");
    OK(&w, try_file(&w, NULL, HEADER("revision", "b2") HEADER("down_revision", "base") UP("")));
    joined(&w, &w.load.records[0].down_revision, "");
    body_is(w.load.records[0].upgrade, "");
    FAILS(
        &w, try_file(&w, "003_y.sql", UP("")), LIM_AMBIGUOUS,
        "003_y.sql: multiple heads are present; please specify the head revision on which the new "
        "revision should be based, or perform a merge");
    HINT("Add a line \"-- migrate:down_revision <id>\" to the file, or join the heads with "
         "migrate_merge('heads').");
    DETAIL("The heads are: 0123456789ab, b2.");
    all_sound(&w);
    end(&w);
}

static void a_file_loaded_again_stays_where_it_is(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "001_a.sql", UP("SELECT 1;")));
    OK(&w, try_file(&w, "002_b.sql", UP("SELECT 2;")));
    OK(&w, try_file(&w, "003_c.sql", UP("SELECT 3;")));
    OK(&w, try_file(&w, "002_b.sql", UP("SELECT 2;\r\n\r\n")));
    assert_string_equal(w.summary, "0 new, 0 replaced, 1 unchanged");
    joined(&w, &w.load.records[0].down_revision, "001");
    OK(&w, try_file(&w, "002_b.sql", UP("SELECT 22;")));
    assert_string_equal(w.summary, "0 new, 1 replaced, 0 unchanged");
    joined(&w, &w.load.records[0].down_revision, "001");
    OK(&w, try_file(&w, "001_a.sql", UP("SELECT 11;")));
    joined(&w, &w.load.records[0].down_revision, "");
    assert_int_equal(w.ledger.revisions[0].seq, 1);
    all_sound(&w);
    end(&w);
}

static void an_applied_file_may_not_change(void **unused) {
    (void)unused;
    world w;
    char old[LIM_CHECKSUM_SIZE], new[LIM_CHECKSUM_SIZE];
    const char *first = UP("SELECT 1;"), *second = UP("SELECT 2;");
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "001_a.sql", first));
    OK(&w, apply(&w, "001"));
    OK(&w, try_file(&w, "001_a.sql", first));
    lim_checksum(first, strlen(first), old);
    lim_checksum(second, strlen(second), new);
    const char *message = lim_format(
        &w.cx,
        "001_a.sql: revision \"001\" is applied and its file has changed: checksum %s is "
        "stored, the file has %s",
        old, new);
    FAILS(&w, try_file(&w, "001_a.sql", second), LIM_STATE, message);
    HINT("Put the file back as it was and write the change as a new revision, or downgrade below "
         "\"001\" and load it again.");
    FAILS(&w, try_directory(&w, "001_a.sql", second, "002_b.sql", first, NULL), LIM_STATE, message);
    const char *third = HEADER("revision", "001") UP("");
    lim_checksum(third, strlen(third), new);
    FAILS(&w, try_file(&w, NULL, third), LIM_STATE,
          lim_format(&w.cx,
                     "revision \"001\" is applied and its file has changed: checksum %s is stored, "
                     "the file has %s",
                     old, new));
    end(&w);
}

/* ---- damaged rows --------------------------------------------------------------------------- */

static const char damaged_file[] = HEADER("revision", "002") HEADER("message", "two")
    HEADER("down_revision", "001") HEADER("depends_on", "000") HEADER("branch_label", "a, b")
        UP("SELECT 2;") "-- migrate:down\nSELECT 3;\n";

/* Three revisions, of which the second is the file above. */
static void begin_damage(world *w) {
    assert_true(begin(w, 0));
    OK(w, try_file(w, "000_x.sql", HEADER("down_revision", "base") UP("")));
    OK(w, try_file(w, "001_x.sql", HEADER("down_revision", "base") UP("")));
    OK(w, try_file(w, "002_x.sql", damaged_file));
}

static void damage_column(world *w, int column) {
    lim_revision *row = &w->ledger.revisions[2];
    lim_stored *bodies = &w->bodies[2];
    switch (column) {
    case 0:
        row->message = "other";
        break;
    case 1:
        w->ledger.labels[1].label = "c";
        break;
    case 2:
        w->ledger.edges[0].parent = "000";
        w->ledger.edges[1].parent = "001";
        break;
    case 3:
        bodies->upgrade = bytes("SELECT 4;");
        break;
    case 4:
        bodies->downgrade = bytes(NULL);
        break;
    case 5:
        row->upgrade_transactional = false;
        break;
    case 6:
        row->downgrade_transactional = false;
        break;
    case 7:
        bodies->script = bytes(UP(""));
        break;
    default:
        bodies->script = bytes(NULL);
        bodies->downgrade = bytes("");
        row->has_script = false;
        break;
    }
    assert_true(look(w));
}

static void a_damaged_row_is_mended(void **unused) {
    (void)unused;
    static const char *const columns[] = {
        "message",   "branch_label",          "down_revision, depends_on", "upgrade",
        "downgrade", "upgrade_transactional", "downgrade_transactional",   "script",
        "downgrade"};
    for (int i = 0; i < 4 * (int)(sizeof columns / sizeof *columns); i++) {
        world w;
        begin_damage(&w);
        if (i % 2 == 0)
            OK(&w, apply(&w, "002"));
        damage_column(&w, i / 4);
        const char *problem;
        lim_stored s = stored(&w, "002");
        assert_true(i / 4 == 0 || !lim_stored_verify(&w.cx, w.dialect, w.g, &s, &problem));
        if (i % 4 < 2)
            OK(&w, try_file(&w, NULL, damaged_file));
        else
            OK(&w, try_directory(&w, "002_x.sql", damaged_file, NULL));
        assert_string_equal(w.summary, "0 new, 0 replaced, 1 unchanged; damaged rows mended: 002");
        assert_string_equal(w.load.records[0].mended, columns[i / 4]);
        all_sound(&w);
        OK(&w, try_file(&w, "002_other_name.sql", damaged_file));
        assert_string_equal(w.summary, "0 new, 0 replaced, 1 unchanged");
        assert_string_equal(w.ledger.revisions[2].message, "two");
        end(&w);
    }
}

static void a_value_that_cannot_be_read_is_damage(void **unused) {
    (void)unused;
    world w;
    begin_damage(&w);
    w.wrong = "upgrade is not text";
    OK(&w, try_file(&w, NULL, damaged_file));
    assert_string_equal(w.load.records[0].mended, "upgrade is not text");
    end(&w);
}

static void another_name_is_no_damage(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "001_old_name.sql", UP("SELECT 1;")));
    OK(&w, try_file(&w, "001_new_name.sql", UP("SELECT 1;")));
    assert_string_equal(w.summary, "0 new, 0 replaced, 1 unchanged");
    w.bodies[0].upgrade = bytes("SELECT 2;");
    OK(&w, try_file(&w, "001_new_name.sql", UP("SELECT 1;")));
    assert_string_equal(w.summary, "0 new, 0 replaced, 1 unchanged; damaged rows mended: 001");
    assert_string_equal(w.ledger.revisions[0].message, "old name");
    all_sound(&w);
    end(&w);
}

static void a_revision_made_by_a_call_is_mended_by_its_file(void **unused) {
    (void)unused;
    world w;
    size_t length;
    assert_true(begin(&w, 0));
    OK(&w, REVISION(&w, .rev_id = "001", .message = "x", .upgrade = "SELECT 1;"));
    lim_stored s = stored(&w, "001");
    const char *text = lim_stored_script(&w.cx, w.g, &s, &length);
    OK(&w, try_file(&w, NULL, text));
    assert_string_equal(w.summary, "0 new, 0 replaced, 1 unchanged");
    assert_null(w.bodies[0].script.text);
    w.bodies[0].upgrade = bytes("SELECT 2;");
    OK(&w, try_file(&w, NULL, text));
    assert_string_equal(w.load.records[0].mended, "upgrade");
    all_sound(&w);
    w.bodies[0].script = bytes(NULL);
    OK(&w, try_file(&w, NULL, text));
    assert_string_equal(w.summary, "0 new, 0 replaced, 1 unchanged");
    end(&w);
}

static void a_call_mends_what_it_made(void **unused) {
    (void)unused;
    static const char *const columns[] = {"message",
                                          "upgrade",
                                          "downgrade",
                                          "upgrade_transactional",
                                          "branch_label",
                                          "depends_on",
                                          "down_revision, depends_on"};
    for (int i = 0; i < (int)(sizeof columns / sizeof *columns); i++) {
        world w;
        assert_true(begin(&w, 0));
        OK(&w, REVISION(&w, .rev_id = "000", .upgrade = ""));
        arguments same = {.rev_id = "001",
                          .message = "x",
                          .upgrade = "SELECT 1;",
                          .downgrade = "SELECT 2;",
                          .head = "base",
                          .branch_label = "l",
                          .depends_on = "000"};
        OK(&w, try_revision(&w, same));
        OK(&w, apply(&w, "001"));
        OK(&w, try_revision(&w, same));
        assert_int_equal(w.record.outcome, LIM_UNCHANGED);
        switch (i) {
        case 0:
            w.ledger.revisions[1].message = "y";
            break;
        case 1:
            w.bodies[1].upgrade = bytes("SELECT 3;");
            break;
        case 2:
            w.bodies[1].downgrade = bytes(NULL);
            break;
        case 3:
            w.ledger.revisions[1].upgrade_transactional = false;
            break;
        case 4:
            w.ledger.labels[0].label = "m";
            break;
        case 5:
            w.ledger.edge_count = 0;
            break;
        default:
            w.ledger.edges[0].kind = LIM_DOWN_REVISION;
            break;
        }
        assert_true(look(&w));
        OK(&w, try_revision(&w, same));
        assert_int_equal(w.record.outcome, LIM_REPLACED);
        assert_string_equal(w.record.mended, columns[i]);
        all_sound(&w);
        same.upgrade = "SELECT 4;";
        assert_false(try_revision(&w, same));
        end(&w);
    }
}

static void a_text_that_ran_by_half_stays(void **unused) {
    (void)unused;
    static const char marked[] = "-- migrate:up transaction:false\nSELECT 1;\nSELECT 2;\n";
    static const char other[] = "-- migrate:up transaction:false\nSELECT 1;\nSELECT 3;\n";
    world w;
    lim_node n;
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "001_a.sql", marked));
    lim_stop stop = {.revision = "001",
                     .up = true,
                     .statement = 2,
                     .statements = 2,
                     .outcome = "failed",
                     .checksum = w.ledger.revisions[0].checksum,
                     .detail = "x"};
    OK(&w, lim_ledger_add_stop(&w.cx, &w.ledger, &stop));
    OK(&w, try_directory(&w, "001_a.sql", marked, NULL));
    FAILS(&w, try_directory(&w, "001_a.sql", other, NULL), LIM_STATE,
          "001_a.sql: revision \"001\" (upgrade) stopped at statement 2 of 2: x");
    DETAIL("Its text has to stay as it is until it has ended.");
    HINT("Finish it first, or say how it ended with migrate_resolve('001', 'applied' or 'not "
         "applied').");
    FAILS(&w, try_edit(&w, "001", "SELECT 4;", NULL, NULL), LIM_STATE,
          "revision \"001\" (upgrade) stopped at statement 2 of 2: x");
    FAILS(&w, lim_author_delete(&w.cx, &w.ledger, w.g, &w.state, "001", &n), LIM_STATE,
          "revision \"001\" (upgrade) stopped at statement 2 of 2: x");
    DETAIL("What ran of it may still be in the database.");
    /* Before the first statement nothing has run by the old text; it may not go away unseen, though. */
    w.ledger.stops[0].statement = 1;
    OK(&w, try_file(&w, "001_a.sql", other));
    assert_string_equal(w.summary, "0 new, 1 replaced, 0 unchanged");
    FAILS(&w, lim_author_delete(&w.cx, &w.ledger, w.g, &w.state, "001", &n), LIM_STATE,
          "revision \"001\" (upgrade) stopped at statement 1 of 2: x");
    /* Back to the text that ran by half. */
    w.ledger.stops[0].statement = 2;
    OK(&w, try_file(&w, "001_a.sql", marked));
    /* What ran as one transaction has left nothing. */
    w.ledger.stops[0].whole = true;
    OK(&w, try_file(&w, "001_a.sql", other));
    OK(&w, lim_author_delete(&w.cx, &w.ledger, w.g, &w.state, "001", &n));
    end(&w);
}

static void a_directory_is_a_line_in_id_order(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(&w, "10_d.sql", UP("SELECT 4;"), "9_c.sql", UP("SELECT 3;"), "1_a.sql",
                         UP("SELECT 1;"), "2_b.sql", UP("SELECT 2;"), NULL));
    assert_string_equal(w.summary, "4 new, 0 replaced, 0 unchanged");
    static const char *const ids[] = {"1", "2", "9", "10"};
    for (uint32_t i = 0; i < 4; i++) {
        assert_string_equal(w.load.records[i].id, ids[i]);
        joined(&w, &w.load.records[i].down_revision, i > 0 ? ids[i - 1] : "");
    }
    OK(&w, try_directory(&w, "1_a.sql", UP("SELECT 1;"), "10_d.sql", UP("SELECT 4;"), "2_b.sql",
                         UP("SELECT 22;"), "9_c.sql", UP("SELECT 3;"), "11_e.sql", UP("SELECT 5;"),
                         NULL));
    assert_string_equal(w.summary, "1 new, 1 replaced, 3 unchanged");
    all_sound(&w);
    OK(&w, try_directory(&w, NULL));
    assert_string_equal(w.summary, "0 new, 0 replaced, 0 unchanged");
    end(&w);
}

static void parents_come_first_in_any_file_order(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(
               &w, "a.sql", HEADER("down_revision", "z, c") HEADER("depends_on", "later") UP(""),
               "b.sql", HEADER("down_revision", "base") HEADER("branch_label", "later") UP(""),
               "c.sql", HEADER("down_revision", "z") UP(""), "z.sql",
               HEADER("down_revision", "base") UP(""), "d.sql", UP(""), NULL));
    static const char *const ids[] = {"b", "z", "c", "a", "d"};
    static const char *const parents[] = {"", "", "z", "z, c", "c"};
    for (uint32_t i = 0; i < 5; i++) {
        assert_string_equal(w.load.records[i].id, ids[i]);
        joined(&w, &w.load.records[i].down_revision, parents[i]);
    }
    joined(&w, &w.load.records[3].depends_on, "b");
    all_sound(&w);
    end(&w);
}

static void ties_are_stored_in_id_order(void **unused) {
    (void)unused;
    static const char *const base = HEADER("down_revision", "base") UP("");
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(&w, "20.sql", base, "3.sql", base, "b.sql", base, "1.sql", base, "4.sql",
                         HEADER("down_revision", "20") UP(""), "100.sql", base, "5.sql", base,
                         "2.sql", base, "30.sql", base, "a.sql", base, NULL));
    static const char *const ids[] = {"1", "2", "3", "5", "20", "4", "30", "100", "a", "b"};
    for (uint32_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_string_equal(w.load.records[i].id, ids[i]);
    end(&w);
}

static void a_directory_may_mix_files_with_and_without_headers(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(&w, "001_a.sql", UP(""), "002_b.sql", UP(""), "003_c.sql",
                         HEADER("down_revision", "001") UP(""), "004_d.sql", UP(""), "005_e.sql",
                         HEADER("down_revision", "002, 004") UP(""), NULL));
    static const char *const parents[] = {"", "001", "001", "003", "002, 004"};
    for (uint32_t i = 0; i < 5; i++)
        joined(&w, &w.load.records[i].down_revision, parents[i]);
    end(&w);
}

static void two_files_of_one_id_are_refused(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    FAILS(&w, try_directory(&w, "001_b.sql", UP(""), "002.sql", UP(""), "001_a.sql", UP(""), NULL),
          LIM_DUPLICATE, "files \"001_a.sql\" and \"001_b.sql\" both are revision \"001\"");
    HINT("Give one of them another name, or another id in a line \"-- migrate:revision <id>\".");
    OK(&w, try_directory(&w, "01_a.sql", UP(""), "1_b.sql", UP(""), "001_a.sql", UP(""), NULL));
    assert_string_equal(w.load.records[0].id, "001");
    assert_string_equal(w.load.records[2].id, "1");
    end(&w);
}

static void a_file_needs_an_id(void **unused) {
    (void)unused;
    world w;
    lim_file file = {NULL, UP(""), strlen(UP(""))};
    assert_true(begin(&w, 0));
    FAILS(&w, try_files(&w, &file, 1, true, "0123456789ab"), LIM_INVALID,
          "neither a header line nor the file's name gives the revision's id");
    HINT("Add a line \"-- migrate:revision <id>\", or give the file a name.");
    FAILS(&w, try_files(&w, &file, 1, false, NULL), LIM_INVALID,
          "neither a header line nor the file's name gives the revision's id");
    end(&w);
}

static void names_in_a_header_must_be_present(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    FAILS(&w, try_file(&w, "x.sql", HEADER("down_revision", "nobody") UP("")), LIM_UNDEFINED,
          "x.sql: revision nobody referenced from x is not present");
    HINT(
        "In a file, down_revision names revisions by their whole id. Store them first, or load the "
        "directory as a whole.");
    FAILS(&w, try_file(&w, "x.sql", HEADER("down_revision", "billing") UP("")), LIM_UNDEFINED,
          "x.sql: revision billing referenced from x is not present");
    HINT("\"billing\" is a branch label; down_revision takes the id \"b1\".");
    FAILS(
        &w,
        try_file(&w, "x.sql", HEADER("down_revision", "a1") HEADER("depends_on", "nobody") UP("")),
        LIM_UNDEFINED, "x.sql: dependency nobody referenced from x is not present");
    HINT("In a file, depends_on names revisions by their whole id, or branch labels. Store them "
         "first, or load the directory as a whole.");
    FAILS(&w, try_file(&w, "x.sql", HEADER("down_revision", "a1, a1") UP("")), LIM_INVALID,
          "x.sql: duplicate head revisions specified");
    FAILS(&w, try_file(&w, "x.sql", HEADER("down_revision", "x") UP("")), LIM_INVALID,
          "x.sql: self-loop is detected in revisions (x)");
    HINT("A revision can't follow itself.");
    FAILS(&w,
          try_file(&w, "x.sql",
                   HEADER("down_revision", "a1") HEADER("branch_label", "q")
                       HEADER("depends_on", "q") UP("")),
          LIM_INVALID, "x.sql: dependency self-loop is detected in revisions (x)");
    OK(&w, try_file(&w, "x.sql",
                    HEADER("down_revision", "a1") HEADER("depends_on", "billing, b1, r1") UP("")));
    joined(&w, &w.load.records[0].depends_on, "b1, r1");
    sound(&w, "x");
    end(&w);
}

static void names_of_files_follow_the_rules(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    FAILS(&w,
          try_file(&w, "x.sql",
                   HEADER("down_revision", "a1") HEADER("branch_label", "billing") UP("")),
          LIM_DUPLICATE, "x.sql: branch name 'billing' in revision x already used by revision b1");
    FAILS(&w, try_file(&w, "billing.sql", HEADER("down_revision", "a1") UP("")), LIM_DUPLICATE,
          "billing.sql: branch name 'billing' in revision b1 already used by revision billing");
    FAILS(&w,
          try_directory(&w, "001.sql", HEADER("branch_label", "q") UP(""), "002.sql",
                        HEADER("branch_label", "q") UP(""), NULL),
          LIM_DUPLICATE, "002.sql: branch name 'q' in revision 002 already used by revision 001");
    FAILS(&w, try_file(&w, "x.sql", HEADER("branch_label", "q, q") UP("")), LIM_DUPLICATE,
          "x.sql: branch name 'q' in revision x already used by revision x");
    FAILS(&w, try_directory(&w, "k.sql", UP(""), "k-2.sql", UP(""), NULL), LIM_INVALID,
          "k-2.sql: revision \"k-2\" reads as a step down from \"k\"");
    FAILS(&w, try_directory(&w, "a1-2.sql", UP(""), NULL), LIM_INVALID,
          "a1-2.sql: revision \"a1-2\" reads as a step down from \"a1\"");
    end(&w);
}

static void a_label_can_move_between_files(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(&w, "001.sql", HEADER("branch_label", "q") UP(""), "002.sql", UP(""),
                         "003.sql",
                         HEADER("down_revision", "base") HEADER("depends_on", "q") UP(""), NULL));
    joined(&w, &w.load.records[2].depends_on, "001");
    OK(&w, try_directory(&w, "001.sql", UP(""), "002.sql", HEADER("branch_label", "q") UP(""),
                         "003.sql",
                         HEADER("down_revision", "base") HEADER("depends_on", "q") UP(""), NULL));
    assert_string_equal(w.summary, "0 new, 3 replaced, 0 unchanged");
    joined(&w, &w.load.records[2].depends_on, "002");
    assert_true(lim_find_label(w.g, "q") == lim_find_id(w.g, "002"));
    FAILS(&w, try_file(&w, "001.sql", HEADER("branch_label", "q") UP("")), LIM_DUPLICATE,
          "001.sql: branch name 'q' in revision 001 already used by revision 002");
    all_sound(&w);
    end(&w);
}

static void a_replaced_revision_changes_its_place(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, try_file(&w, "x.sql",
                    HEADER("down_revision", "a1") HEADER("depends_on", "b1")
                        HEADER("branch_label", "one, two") UP("SELECT 1;")));
    OK(&w, try_file(&w, "x.sql",
                    HEADER("down_revision", "b1") HEADER("branch_label", "two, three")
                        UP("SELECT 1;")));
    assert_int_equal(w.load.records[0].outcome, LIM_REPLACED);
    lim_node n = lim_find_id(w.g, "x");
    assert_int_equal(lim_neighbours(&w.g->down, n).count, 1);
    assert_string_equal(lim_id(w.g, lim_neighbours(&w.g->down, n).node[0]), "b1");
    assert_int_equal(lim_neighbours(&w.g->deps, n).count, 0);
    assert_true(lim_find_label(w.g, "one") == LIM_NONE && lim_find_label(w.g, "three") == n);
    OK(&w, try_file(&w, "b1.sql", HEADER("down_revision", "r1") UP("SELECT 1;")));
    assert_true(lim_find_label(w.g, "billing") == LIM_NONE);
    sound(&w, "b1");
    end(&w);
}

static void no_cycle_gets_in(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    FAILS(&w,
          try_directory(&w, "a.sql", HEADER("down_revision", "b") UP(""), "b.sql",
                        HEADER("down_revision", "a") UP(""), NULL),
          LIM_INVALID, "a.sql: cycle is detected in revisions (a, b)");
    HINT("No revision can come after itself: correct the down_revision and depends_on lines of "
         "these "
         "revisions' files.");
    FAILS(&w,
          try_directory(&w, "a.sql", UP(""), "b.sql", HEADER("down_revision", "d") UP(""), "c.sql",
                        UP(""), "d.sql", UP(""), NULL),
          LIM_INVALID, "b.sql: cycle is detected in revisions (b, c, d)");
    /* a cycle with an entry from a base and an exit to a head, which Alembic lets pass */
    FAILS(&w,
          try_directory(&w, "a.sql", UP(""), "b.sql", UP(""), "c.sql",
                        HEADER("down_revision", "b, e") UP(""), "d.sql", UP(""), "e.sql", UP(""),
                        "f.sql", UP(""), NULL),
          LIM_INVALID, "c.sql: cycle is detected in revisions (c, d, e)");
    OK(&w, REVISION(&w, .rev_id = "r1"));
    OK(&w, REVISION(&w, .rev_id = "r2"));
    OK(&w, REVISION(&w, .rev_id = "r3"));
    FAILS(&w, try_file(&w, "r1.sql", HEADER("down_revision", "r3") UP("")), LIM_INVALID,
          "r1.sql: cycle is detected in revisions (r1, r2, r3)");
    FAILS(&w,
          try_file(&w, "r2.sql", HEADER("down_revision", "r1") HEADER("depends_on", "r3") UP("")),
          LIM_INVALID, "r2.sql: dependency cycle is detected in revisions (r2, r3)");
    FAILS(&w, try_file(&w, NULL, HEADER("revision", "r1") HEADER("down_revision", "r2") UP("")),
          LIM_INVALID, "cycle is detected in revisions (r1, r2)");
    end(&w);
}

static void a_file_before_an_applied_one_is_told(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_directory(&w, "001_a.sql", UP(""), "003_c.sql", UP(""), "004_d.sql", UP(""), NULL));
    OK(&w, apply(&w, "003"));
    FAILS(
        &w,
        try_directory(&w, "001_a.sql", UP(""), "002_b.sql", UP(""), "003_c.sql", UP(""),
                      "004_d.sql", UP(""), NULL),
        LIM_STATE,
        "revision \"002\" (002_b.sql) comes before revision \"003\" (003_c.sql), which is applied");
    DETAIL("It names no down_revision: it was stored after 001, and in this directory it follows "
           "002.");
    HINT("Rename 002_b.sql so that its id comes after those of all applied revisions, or downgrade "
         "below \"003\" before loading it.");
    FAILS(&w, try_directory(&w, "003_c.sql", UP(""), NULL), LIM_STATE,
          "revision \"003\" (003_c.sql) is applied and would get another parent");
    DETAIL("It names no down_revision: it was stored after 001, and in this directory it follows "
           "base.");
    HINT("An applied revision keeps its parents: put missing files back and undo renamings.");
    OK(&w, try_directory(&w, "001_a.sql", UP(""), "003_c.sql", UP(""), "003.5_x.sql", UP(""),
                         "004_d.sql", UP(""), NULL));
    assert_string_equal(w.summary, "1 new, 1 replaced, 2 unchanged");
    lim_node n = lim_find_id(w.g, "004");
    assert_string_equal(lim_id(w.g, lim_neighbours(&w.g->down, n).node[0]), "003.5");
    all_sound(&w);
    end(&w);
}

static void the_engines_sections_are_chosen(void **unused) {
    (void)unused;
    static const char both[] = "-- migrate:up\nSELECT 'any';\n"
                               "-- migrate:up sqlite\nSELECT 'sqlite';\n"
                               "-- migrate:down postgres\nSELECT 'postgres';\n";
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "f1.sql", both));
    assert_non_null(strstr(w.load.records[0].upgrade.text, "SELECT 'sqlite';"));
    body_is(w.load.records[0].downgrade, NULL);
    sound(&w, "f1");
    w.dialect = LIM_POSTGRES;
    OK(&w, try_file(&w, "f2.sql", both));
    assert_non_null(strstr(w.load.records[0].upgrade.text, "SELECT 'any';"));
    assert_non_null(w.load.records[0].downgrade.text);
    sound(&w, "f2");
    FAILS(&w, try_file(&w, "f3.sql", "-- migrate:up sqlite\nSELECT 1;\n"), LIM_INVALID,
          "f3.sql: revision \"f3\" has no upgrade for PostgreSQL");
    HINT("Add a section that starts with the line \"-- migrate:up\".");
    w.dialect = LIM_SQLITE;
    FAILS(&w, try_directory(&w, "f3.sql", "-- migrate:up postgres\nSELECT 1;\n", NULL), LIM_INVALID,
          "f3.sql: revision \"f3\" has no upgrade for SQLite");
    end(&w);
}

static void an_edit_changes_a_files_section(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "f1_a_file.sql",
                    "-- a comment that stays\n"
                    "-- migrate:revision f1\n"
                    "-- migrate:up\nSELECT 'any';\n\n"
                    "-- migrate:up sqlite\nSELECT 'sqlite';\n\n"
                    "-- migrate:down\nSELECT 'down';\n"));
    OK(&w, try_edit(&w, "f1", "SELECT 'new';", NULL, NULL));
    assert_string_equal(script_of(&w, "f1"), "-- a comment that stays\n"
                                             "-- migrate:revision f1\n"
                                             "-- migrate:up\nSELECT 'any';\n\n"
                                             "-- migrate:up sqlite\nSELECT 'new';\n\n"
                                             "-- migrate:down\nSELECT 'down';\n");
    sound(&w, "f1");
    OK(&w, try_edit(&w, "f1", NULL, "", "renamed"));
    assert_string_equal(script_of(&w, "f1"), "-- a comment that stays\n"
                                             "-- migrate:revision f1\n"
                                             "-- migrate:message renamed\n"
                                             "-- migrate:up\nSELECT 'any';\n\n"
                                             "-- migrate:up sqlite\nSELECT 'new';\n\n"
                                             "-- migrate:down\n");
    assert_string_equal(w.record.message, "renamed");
    body_is(w.record.downgrade, "");
    sound(&w, "f1");
    OK(&w, try_edit(&w, "f1", NULL, "SELECT 'back';", "again"));
    assert_non_null(strstr(script_of(&w, "f1"), "-- migrate:down\nSELECT 'back';\n"));
    assert_non_null(strstr(script_of(&w, "f1"), "-- migrate:message again\n"));
    assert_null(strstr(script_of(&w, "f1"), "renamed"));
    sound(&w, "f1");
    OK(&w, try_file(&w, "f2.sql", "-- migrate:up\nSELECT 1;\n"));
    OK(&w, try_edit(&w, "f2", NULL, "SELECT 2;", NULL));
    assert_string_equal(script_of(&w, "f2"), "-- migrate:up\nSELECT 1;\n\n"
                                             "-- migrate:down\nSELECT 2;\n");
    body_is(w.record.downgrade, "SELECT 2;");
    sound(&w, "f2");
    OK(&w, try_edit(&w, "f2", NULL, NULL, "two"));
    assert_string_equal(script_of(&w, "f2"), "-- migrate:message two\n"
                                             "-- migrate:up\nSELECT 1;\n\n"
                                             "-- migrate:down\nSELECT 2;\n");
    OK(&w, try_edit(&w, "f2", "SELECT 1;", "SELECT 2;", "two"));
    assert_int_equal(w.record.outcome, LIM_UNCHANGED);
    OK(&w, try_edit(&w, "f2", NULL, NULL, ""));
    assert_string_equal(script_of(&w, "f2"), "-- migrate:up\nSELECT 1;\n\n"
                                             "-- migrate:down\nSELECT 2;\n");
    assert_string_equal(w.record.message, "");
    all_sound(&w);
    FAILS(
        &w, try_edit(&w, "f2", "SELECT 1;\n-- migrate:down\nSELECT 3;", NULL, NULL), LIM_INVALID,
        "revision \"f2\": the upgrade, line 2, column 1: the line reads as a marker of a migration "
        "file");
    FAILS(&w, try_edit(&w, "f2", "SELECT $$\n-- migrate:down\n$$;", NULL, "a\nb"), LIM_INVALID,
          "revision \"f2\": the message \"a\\nb\" holds a line break or a control character");
    OK(&w, try_file(&w, "f3.sql",
                    "/*\n-- migrate:message hidden\n*/\n-- plain\n -- migrate:message indented\n"
                    "-- migrate:down postgres\nSELECT 2;\n-- migrate:up\n\n"));
    OK(&w, try_edit(&w, "f3", "SELECT 1;", "SELECT 3;", "three"));
    assert_string_equal(
        script_of(&w, "f3"),
        "/*\n-- migrate:message hidden\n*/\n-- plain\n -- migrate:message indented\n"
        "-- migrate:message three\n"
        "-- migrate:down postgres\nSELECT 2;\n-- migrate:up\nSELECT 1;\n"
        "\n-- migrate:down\nSELECT 3;\n");
    body_is(w.record.downgrade, "SELECT 3;");
    all_sound(&w);
    end(&w);
}

static void bad_files_are_named(void **unused) {
    (void)unused;
    world w;
    lim_file large = {"dir/003_large.sql", "", (size_t)LIM_SIZE_LIMIT + 1};
    assert_true(begin(&w, 0));
    FAILS(&w, try_files(&w, &large, 1, false, NULL), LIM_TOO_BIG,
          "003_large.sql: the file has 268435457 bytes, more than the 268435456 that a migration "
          "file "
          "may have");
    HINT("Load large amounts of data outside of migrations.");
    assert_false(try_directory(&w, "001_good.sql", UP(""), "002_bad.sql", "SELECT 1;\n", NULL));
    assert_non_null(strstr(w.cx.error.message, "002_bad.sql"));
    end(&w);
}

/* ---- at random ------------------------------------------------------------------------------ */

static uint32_t seed = 1;

static uint32_t below(uint32_t n) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

enum { RANDOM_FILES = 12 };

/* A directory in which every file names its parents: parents[i] holds a bit for each. */
static void random_directory(world *w, lim_file *files, uint32_t *parents, bool cyclic) {
    uint32_t place[RANDOM_FILES]; /* a hidden order, in which parents come first */
    for (uint32_t i = 0; i < RANDOM_FILES; i++) {
        uint32_t other = below(i + 1);
        place[i] = i;
        place[i] = place[other];
        place[other] = i;
    }
    for (uint32_t i = 0; i < RANDOM_FILES; i++) {
        lim_text t = {.cx = &w->cx};
        parents[i] = 0;
        for (int kind = 0; kind < 2; kind++) {
            lim_text_adds(&t, kind == 0 ? "-- migrate:down_revision" : "\n-- migrate:depends_on");
            bool first = true;
            for (uint32_t k = 0; k < RANDOM_FILES; k++) {
                if (k == i || below(8) != 0 || !(cyclic || place[k] < place[i]))
                    continue;
                lim_text_addf(&t, first ? " f%u" : ", f%u", (unsigned)k);
                parents[i] |= 1u << k;
                first = false;
            }
            if (first && kind == 0)
                lim_text_adds(&t, " base");
        }
        lim_text_adds(&t, "\n-- migrate:up\n");
        files[i].name = lim_format(&w->cx, "f%u.sql", (unsigned)i);
        files[i].text = lim_text_end(&t);
        files[i].length = t.length;
    }
    for (uint32_t i = RANDOM_FILES - 1; i > 0; i--) {
        uint32_t other = below(i + 1);
        lim_file file = files[i];
        files[i] = files[other];
        files[other] = file;
    }
}

/* True when taking away files without parents that are left takes all of them. */
static bool has_no_cycle(const uint32_t *parents) {
    uint32_t left = (1u << RANDOM_FILES) - 1, before;
    do {
        before = left;
        for (uint32_t i = 0; i < RANDOM_FILES; i++) {
            if ((parents[i] & left) == 0)
                left &= ~(1u << i);
        }
    } while (left != before);
    return left == 0;
}

static void random_directories_load_as_they_say(void **unused) {
    (void)unused;
    uint32_t refusals = 0;
    for (int round = 0; round < 400; round++) {
        world w;
        lim_file files[RANDOM_FILES];
        uint32_t parents[RANDOM_FILES], done = 0;
        assert_true(begin(&w, 0));
        random_directory(&w, files, parents, round % 2 == 1);
        bool loaded = try_files(&w, files, RANDOM_FILES, true, NULL);
        assert_int_equal(loaded, has_no_cycle(parents));
        if (!loaded) {
            assert_non_null(strstr(w.cx.error.message, "cycle is detected in revisions ("));
            assert_int_equal(strncmp(w.cx.error.message, "f", 1), 0);
            refusals++;
            end(&w);
            continue;
        }
        for (uint32_t i = 0; i < RANDOM_FILES; i++) {
            unsigned at = (unsigned)atoi(w.load.records[i].id + 1);
            lim_nodes found =
                lim_neighbours(&w.g->all_down, lim_find_id(w.g, w.load.records[i].id));
            uint32_t bits = 0;
            for (uint32_t k = 0; k < found.count; k++)
                bits |= 1u << atoi(lim_id(w.g, found.node[k]) + 1);
            assert_int_equal(bits, parents[at]);
            assert_int_equal(parents[at] & ~done, 0); /* parents are stored already */
            done |= 1u << at;
            for (uint32_t k = 0; k < at; k++) /* and no smaller id could have been */
                assert_true((done >> k & 1) != 0 || (parents[k] & ~(done & ~(1u << at))) != 0);
        }
        OK(&w, try_files(&w, files, RANDOM_FILES, true, NULL));
        assert_string_equal(w.summary, "0 new, 0 replaced, 12 unchanged");
        end(&w);
    }
    assert_true(refusals > 50);
}

static void an_export_loads_back_to_the_same_ledger(void **unused) {
    (void)unused;
    world from, to;
    lim_file files[16];
    uint32_t count = 0;
    assert_true(begin(&from, 0) && begin(&to, 0));
    OK(&from, fork_world(&from));
    OK(&from, REVISION(&from, .message = "Ein \xC3\xBC, und: mehr", .upgrade = "SELECT 1;\n\n",
                       .downgrade = "", .rev_id = "x", .head = "a1", .depends_on = "r1"));
    OK(&from, MERGE(&from, "heads", .rev_id = "m1", .branch_label = "one two"));
    OK(&from, try_file(&from, "n.sql", HEADER("down_revision", "m1") UP("SELECT 3;")));
    for (lim_node n = from.g->count; n-- > 0;) {
        const lim_revision *row = &from.g->revisions[n];
        const char *text = script_of(&from, row->id);
        files[count++] =
            (lim_file){lim_script_file_name(&from.cx, row->id, row->message), text, strlen(text)};
    }
    OK(&to, try_files(&to, files, count, true, NULL));
    assert_int_equal(to.g->count, from.g->count);
    for (lim_node n = 0; n < from.g->count; n++) {
        lim_stored a = stored(&from, lim_id(from.g, n)), b = stored(&to, lim_id(from.g, n));
        lim_node m = lim_find_id(to.g, lim_id(from.g, n));
        assert_string_equal(a.row->checksum, b.row->checksum);
        assert_string_equal(a.row->message, b.row->message);
        assert_int_equal(a.upgrade.length, b.upgrade.length);
        assert_memory_equal(a.upgrade.text, b.upgrade.text, a.upgrade.length);
        assert_int_equal(a.downgrade.text == NULL, b.downgrade.text == NULL);
        lim_nodes x = lim_neighbours(&from.g->down, n), y = lim_neighbours(&to.g->down, m);
        assert_int_equal(x.count, y.count);
        for (uint32_t i = 0; i < x.count; i++)
            assert_string_equal(lim_id(from.g, x.node[i]), lim_id(to.g, y.node[i]));
        x = lim_neighbours(&from.g->deps, n);
        y = lim_neighbours(&to.g->deps, m);
        assert_int_equal(x.count, y.count);
    }
    assert_true(lim_find_label(to.g, "two") == lim_find_id(to.g, "m1"));
    all_sound(&to);
    end(&from);
    end(&to);
}

/* ---- memory and time ------------------------------------------------------------------------------- */

static bool story_of_damage(world *w) {
    lim_stop stop = {.revision = "004",
                     .up = true,
                     .statement = 2,
                     .statements = 3,
                     .outcome = "failed",
                     .checksum = "another"};
    lim_node n;
    w->bodies[0].upgrade = bytes("SELECT 5;");
    w->ledger.revisions[1].downgrade_transactional = false;
    w->ledger.labels[0].label = "damaged";
    return look(w) && try_file(w, "001_a.sql", UP("SELECT 1;")) &&
           try_file(w, "002_b.sql", HEADER("branch_label", "q") UP("VACUUM;")) &&
           try_revision(w, (arguments){.rev_id = "005", .head = "004", .upgrade = "SELECT 5;"}) &&
           (w->bodies[4].upgrade = bytes("SELECT 6;"), true) &&
           try_revision(w, (arguments){.rev_id = "005", .head = "004", .upgrade = "SELECT 5;"}) &&
           lim_ledger_add_stop(&w->cx, &w->ledger, &stop) &&
           refused(w, try_file(w, "004_d.sql", UP("SELECT 44;"))) &&
           refused(w, lim_author_delete(&w->cx, &w->ledger, w->g, &w->state, "004", &n));
}

static bool story_of_files(world *w) {
    lim_stored s;
    const char *problem;
    return try_directory(w, "001_a.sql", UP("SELECT 1;"), "002_b.sql",
                         HEADER("branch_label", "q") UP("VACUUM;"), "003_c.sql",
                         HEADER("depends_on", "001") UP("SELECT 3;") "-- migrate:down\n", NULL) &&
           try_file(w, "004_d.sql", UP("SELECT 4;")) && apply(w, "002") &&
           try_directory(w, "001_a.sql", UP("SELECT 1;"), "002_b.sql",
                         HEADER("branch_label", "q") UP("VACUUM;"), "003_c.sql",
                         HEADER("depends_on", "q") UP("SELECT 3;"), "004_d.sql", UP("SELECT 4;"),
                         NULL) &&
           refused(w, try_file(w, "001_a.sql", UP("SELECT 2;"))) &&
           refused(w,
                   try_directory(w, "001_a.sql", UP("SELECT 1;"), "001.5_x.sql", UP(""),
                                 "002_b.sql", HEADER("branch_label", "q") UP("VACUUM;"), NULL)) &&
           refused(w, try_file(w, "x.sql", HEADER("down_revision", "q") UP(""))) &&
           refused(w, try_file(w, "003_c.sql", HEADER("down_revision", "004") UP(""))) &&
           refused(w, try_directory(w, "x_1.sql", UP(""), "x_1.sql", UP(""), NULL)) &&
           try_edit(w, "003", "SELECT 33;", "SELECT 3;", "edited") &&
           (s = stored(w, "003"), lim_stored_verify(&w->cx, w->dialect, w->g, &s, &problem)) &&
           story_of_damage(w);
}

static void files_survive_the_loss_of_any_allocation(void **unused) {
    (void)unused;
    survive(story_of_files);
}

static double seconds(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ten_thousand_files_load_in_no_time(void **unused) {
    (void)unused;
    enum { FILES = 10000 };
    world w;
    lim_load load;
    assert_true(begin(&w, 0));
    lim_file *files = LIM_NEW(&w.cx, lim_file, FILES);
    for (int i = 0; i < FILES; i++) {
        files[i].name = lim_format(&w.cx, "%05d_step_%d.sql", FILES - i, i);
        files[i].text = lim_format(&w.cx,
                                   "-- migrate:up\nCREATE TABLE t%d (id integer PRIMARY KEY, name "
                                   "text NOT NULL);\n-- migrate:down\nDROP TABLE t%d;\n",
                                   i, i);
        files[i].length = strlen(files[i].text);
    }
    double start = seconds();
    assert_true(lim_author_load(&w.cx, LIM_POSTGRES, &w.ledger, w.g, &w.state, files, FILES, true,
                                NULL, &load));
    double taken = seconds() - start;
    assert_string_equal(lim_load_summary(&w.cx, &load), "10000 new, 0 replaced, 0 unchanged");
    assert_string_equal(load.records[FILES - 1].id, "10000");
    print_message("10000 files: %.3f s\n", taken);
    assert_true(taken < 3.0); /* a few hundredths without sanitizers; the machine may be busy */
    end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_alone_follows_the_head),
        cmocka_unit_test(a_file_loaded_again_stays_where_it_is),
        cmocka_unit_test(an_applied_file_may_not_change),
        cmocka_unit_test(a_damaged_row_is_mended),
        cmocka_unit_test(a_value_that_cannot_be_read_is_damage),
        cmocka_unit_test(another_name_is_no_damage),
        cmocka_unit_test(a_revision_made_by_a_call_is_mended_by_its_file),
        cmocka_unit_test(a_call_mends_what_it_made),
        cmocka_unit_test(a_text_that_ran_by_half_stays),
        cmocka_unit_test(a_directory_is_a_line_in_id_order),
        cmocka_unit_test(parents_come_first_in_any_file_order),
        cmocka_unit_test(ties_are_stored_in_id_order),
        cmocka_unit_test(random_directories_load_as_they_say),
        cmocka_unit_test(an_export_loads_back_to_the_same_ledger),
        cmocka_unit_test(a_directory_may_mix_files_with_and_without_headers),
        cmocka_unit_test(two_files_of_one_id_are_refused),
        cmocka_unit_test(a_file_needs_an_id),
        cmocka_unit_test(names_in_a_header_must_be_present),
        cmocka_unit_test(names_of_files_follow_the_rules),
        cmocka_unit_test(a_label_can_move_between_files),
        cmocka_unit_test(a_replaced_revision_changes_its_place),
        cmocka_unit_test(no_cycle_gets_in),
        cmocka_unit_test(a_file_before_an_applied_one_is_told),
        cmocka_unit_test(the_engines_sections_are_chosen),
        cmocka_unit_test(an_edit_changes_a_files_section),
        cmocka_unit_test(bad_files_are_named),
        cmocka_unit_test(files_survive_the_loss_of_any_allocation),
        cmocka_unit_test(ten_thousand_files_load_in_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
