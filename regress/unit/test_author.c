/*
** test_author.c - revisions stored, changed and removed by calls
*/
#include "world.h"

/* ---- calls ---------------------------------------------------------------------------------- */

static void a_revision_follows_the_head(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, REVISION(&w, .message = "create t", .upgrade = "CREATE TABLE t (a);",
                    .downgrade = "DROP TABLE t;", .random_id = "0123456789ab"));
    assert_string_equal(w.record.id, "0123456789ab");
    assert_string_equal(w.record.message, "create t");
    assert_string_equal(w.record.from_version, "base");
    assert_int_equal(w.record.outcome, LIM_NEW);
    assert_null(w.record.script.text);
    assert_true(w.record.upgrade_transactional && w.record.downgrade_transactional);
    PARENTS(&w, "");
    OK(&w, REVISION(&w, .rev_id = "r2"));
    PARENTS(&w, "0123456789ab");
    assert_string_equal(w.record.from_version, "0123456789ab");
    assert_string_equal(w.record.message, "");
    body_is(w.record.upgrade, "");
    body_is(w.record.downgrade, NULL);
    OK(&w, REVISION(&w, .rev_id = "r3", .head = "base", .downgrade = ""));
    PARENTS(&w, "");
    body_is(w.record.downgrade, "");
    all_sound(&w);
    end(&w);
}

static void the_file_of_a_call_is_the_one_that_was_hashed(void **unused) {
    (void)unused;
    world w;
    char checksum[LIM_CHECKSUM_SIZE];
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .message = "all of it", .upgrade = "SELECT 1;", .downgrade = "SELECT 2;",
                    .rev_id = "m1", .head = "b1, a1", .branch_label = "z, y",
                    .depends_on = "r1 billing"));
    const char *text = script_of(&w, "m1");
    assert_string_equal(text, "-- migrate:revision m1\n"
                              "-- migrate:message all of it\n"
                              "-- migrate:down_revision b1, a1\n"
                              "-- migrate:depends_on r1, b1\n"
                              "-- migrate:branch_label z, y\n"
                              "-- migrate:up\n"
                              "SELECT 1;\n"
                              "-- migrate:down\n"
                              "SELECT 2;\n");
    lim_checksum(text, strlen(text), checksum);
    assert_string_equal(checksum, w.record.checksum);
    assert_string_equal(w.record.from_version, "b1, a1");
    all_sound(&w);
    end(&w);
}

static void a_body_stays_as_typed(void **unused) {
    (void)unused;
    static const char *const typed[][2] = {
        {"SELECT 1;", "SELECT 1;"},
        {"SELECT 1;\n", "SELECT 1;"},
        {"\n  SELECT 1;  \n \n\n", "\n  SELECT 1;  "},
        {"\n\n", ""},
        {"-- only a comment", "-- only a comment"},
        {"SELECT 'a\r\nb';\r\n", "SELECT 'a\nb';"},
        {"SELECT '\n-- migrate:down\n';", "SELECT '\n-- migrate:down\n';"},
        {"\xEF\xBB\xBFSELECT 1;", "SELECT 1;"},
        {"\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9"},
    };
    world w;
    assert_true(begin(&w, 0));
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        const char *id = lim_format(&w.cx, "r%zu", i);
        OK(&w, REVISION(&w, .rev_id = id, .upgrade = typed[i][0], .downgrade = typed[i][0]));
        body_is(w.record.upgrade, typed[i][1]);
        body_is(w.record.downgrade, typed[i][1]);
        sound(&w, id);
    }
    end(&w);
}

static void what_is_no_text_is_refused(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    FAILS(&w, REVISION(&w, .rev_id = "r1", .upgrade = "SELECT\n '\xE9';"), LIM_INVALID,
          "revision \"r1\": the upgrade, line 2, column 3: invalid UTF-8");
    FAILS(&w, REVISION(&w, .rev_id = "r1", .downgrade = "\xFF"), LIM_INVALID,
          "revision \"r1\": the downgrade, line 1, column 1: invalid UTF-8");
    FAILS(&w, REVISION(&w, .rev_id = "r1", .message = "caf\xE9"), LIM_INVALID,
          "revision \"r1\": the message \"caf\\xe9\" is not valid UTF-8");
    FAILS(&w, REVISION(&w, .rev_id = "r1", .message = "one\ntwo"), LIM_INVALID,
          "revision \"r1\": the message \"one\\ntwo\" holds a line break or a control character");
    HINT("A message is one line of text.");
    lim_revision_request request = {.rev_id = "r1", .upgrade = {"SELECT\0 1;", 10}};
    FAILS(&w, lim_author_revision(&w.cx, w.dialect, &w.ledger, w.g, &request, &w.record),
          LIM_INVALID, "revision \"r1\": the upgrade, line 1, column 7: a NUL byte");
    FAILS(
        &w, REVISION(&w, .rev_id = "r1", .upgrade = "SELECT 1;\n-- migrate:down\n"), LIM_INVALID,
        "revision \"r1\": the upgrade, line 2, column 1: the line reads as a marker of a migration "
        "file");
    FAILS(&w, REVISION(&w, .rev_id = "r1", .upgrade = "SELECT 'it;"), LIM_INVALID,
          "revision \"r1\": the upgrade, line 1, column 8: the string that begins here has no end");
    request.upgrade.length = (size_t)LIM_SIZE_LIMIT + 1;
    FAILS(&w, lim_author_revision(&w.cx, w.dialect, &w.ledger, w.g, &request, &w.record),
          LIM_TOO_BIG,
          "revision \"r1\": the upgrade has 268435457 bytes, more than the 268435456 that a body "
          "may have");
    OK(&w, REVISION(&w, .rev_id = "r1", .message = "  padded\t"));
    assert_string_equal(w.record.message, "padded");
    end(&w);
}

static void a_body_is_not_copied(void **unused) {
    (void)unused;
    static const char body[] = "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n\n";
    static const char file[] = "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n";
    world w;
    assert_true(begin(&w, 0));
    OK(&w, REVISION(&w, .rev_id = "r1", .upgrade = body, .downgrade = body));
    assert_ptr_equal(w.record.upgrade.text, body);
    assert_ptr_equal(w.record.downgrade.text, body);
    assert_int_equal(w.record.upgrade.length, sizeof body - 3);
    sound(&w, "r1");
    lim_file one = {"r2_file.sql", file, sizeof file - 1};
    assert_true(try_files(&w, &one, 1, false, NULL));
    const lim_record *record = &w.load.records[0];
    assert_ptr_equal(record->script.text, file);
    assert_ptr_equal(record->upgrade.text, strstr(file, "SELECT 1"));
    assert_ptr_equal(record->downgrade.text, strstr(file, "SELECT 2"));
    end(&w);
}

static void ids_follow_the_rules(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    static const char *const bad[] = {"",     "a@b",  "a+b", "a:b",     "a,b",  "a b",
                                      "head", "base", "-3",  "current", "none", "heads"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(REVISION(&w, .rev_id = bad[i]));
        assert_int_equal(w.cx.error.code, LIM_INVALID);
        w.cx.error = (lim_error){0};
    }
    FAILS(&w, REVISION(&w, .rev_id = "a@b"), LIM_INVALID,
          "character(s) '@' not allowed in revision identifier 'a@b'");
    FAILS(&w, REVISION(&w, .rev_id = "r1", .branch_label = "ok head"), LIM_INVALID,
          "branch label identifier 'head' is a word with a meaning of its own");
    FAILS(&w, REVISION(&w, .message = "no id"), LIM_INVALID, "a revision needs an id");
    OK(&w, REVISION(&w, .rev_id = "2024-01-05_a"));
    char longest[1002];
    memset(longest, 'l', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(REVISION(&w, .rev_id = longest));
    assert_non_null(strstr(w.cx.error.message, "...' is longer than 1000 bytes"));
    w.cx.error = (lim_error){0};
    longest[sizeof longest - 2] = '\0';
    OK(&w, REVISION(&w, .rev_id = longest));
    end(&w);
}

static void a_name_is_one_revisions(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1", .branch_label = "billing"), LIM_DUPLICATE,
          "branch name 'billing' in revision x already used by revision b1");
    HINT("Ids and branch labels are one set of names: choose another.");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1", .branch_label = "r1"), LIM_DUPLICATE,
          "branch name 'r1' in revision x already used by revision r1");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1", .branch_label = "x"), LIM_DUPLICATE,
          "branch name 'x' in revision x already used by revision x");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1", .branch_label = "q, q"), LIM_DUPLICATE,
          "branch name 'q' in revision x already used by revision x");
    FAILS(&w, REVISION(&w, .rev_id = "billing", .head = "a1"), LIM_DUPLICATE,
          "branch name 'billing' in revision b1 already used by revision billing");
    end(&w);
}

static void no_name_reads_as_a_step_from_another(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    FAILS(&w, REVISION(&w, .rev_id = "r1-2", .head = "a1"), LIM_INVALID,
          "revision \"r1-2\" reads as a step down from \"r1\"");
    HINT("Rename one of the two: a hyphen and digits after a name count steps down from it.");
    FAILS(&w, REVISION(&w, .rev_id = "billing-12", .head = "a1"), LIM_INVALID,
          "revision \"billing-12\" reads as a step down from \"billing\"");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1", .branch_label = "r1-1"), LIM_INVALID,
          "branch label \"r1-1\" reads as a step down from \"r1\"");
    OK(&w, REVISION(&w, .rev_id = "rel-7", .head = "a1"));
    FAILS(&w, REVISION(&w, .rev_id = "rel", .head = "rel-7"), LIM_INVALID,
          "revision \"rel-7\" reads as a step down from \"rel\"");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "rel-7", .branch_label = "rel"), LIM_INVALID,
          "revision \"rel-7\" reads as a step down from \"rel\"");
    OK(&w, REVISION(&w, .rev_id = "rel-7a", .head = "rel-7"));
    OK(&w, REVISION(&w, .rev_id = "2024-01-05", .head = "rel-7a"));
    end(&w);
}

static void the_head_must_be_one(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    FAILS(&w, REVISION(&w, .rev_id = "x"), LIM_AMBIGUOUS,
          "multiple heads are present; please specify the head revision on which the new revision "
          "should be based, or perform a merge");
    FAILS(
        &w, REVISION(&w, .rev_id = "x", .head = "r1"), LIM_STATE,
        "revision r1 is not a head revision; please specify splice => true to create a new branch "
        "from this revision");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a1, accounts"), LIM_INVALID,
          "duplicate head revisions specified");
    DETAIL("Revision \"a1\" is named more than once.");
    assert_false(REVISION(&w, .rev_id = "x", .head = "nobody"));
    w.cx.error = (lim_error){0};
    OK(&w, REVISION(&w, .rev_id = "a2", .head = "accounts@head"));
    PARENTS(&w, "a1");
    OK(&w, REVISION(&w, .rev_id = "x", .head = "r1", .splice = true));
    PARENTS(&w, "r1");
    OK(&w, REVISION(&w, .rev_id = "y", .head = "a2 b1"));
    PARENTS(&w, "a2, b1");
    all_sound(&w);
    end(&w);
}

static void a_revision_that_is_only_depended_on_is_a_head(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .rev_id = "b2", .head = "b1", .depends_on = "a1"));
    OK(&w, REVISION(&w, .rev_id = "a2", .head = "a1"));
    PARENTS(&w, "a1");
    end(&w);
}

static void dependencies_are_stored_as_ids_once(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .rev_id = "b2", .head = "b1"));
    OK(&w, REVISION(&w, .rev_id = "a2", .head = "a1", .depends_on = "billing@head, r1, b2 b1 r1"));
    DEPENDS(&w, "b2, r1, b1");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a2", .depends_on = "x"), LIM_INVALID,
          "dependency self-loop is detected in revisions (x)");
    HINT("A revision can't depend on itself.");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a2", .branch_label = "q", .depends_on = "q"),
          LIM_INVALID, "dependency self-loop is detected in revisions (x)");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a2", .depends_on = "base"), LIM_INVALID,
          "'base' is not a revision");
    FAILS(&w, REVISION(&w, .rev_id = "x", .head = "a2", .depends_on = "zzzz"), LIM_UNDEFINED,
          "can't locate revision identified by 'zzzz'");
    end(&w);
}

static void the_same_revision_again_changes_nothing(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    for (int again = 0; again < 2; again++) {
        lim_outcome expected = again ? LIM_UNCHANGED : LIM_NEW;
        OK(&w, REVISION(&w, .message = "start", .upgrade = "SELECT 1;", .rev_id = "r1"));
        assert_int_equal(w.record.outcome, expected);
        OK(&w, REVISION(&w, .rev_id = "r2", .branch_label = "main", .depends_on = "r1"));
        assert_int_equal(w.record.outcome, expected);
        PARENTS(&w, "r1");
        OK(&w, REVISION(&w, .rev_id = "r3", .head = "main@head", .branch_label = "more"));
        assert_int_equal(w.record.outcome, expected);
        OK(&w, REVISION(&w, .rev_id = "r4", .head = "r3"));
        assert_int_equal(w.record.outcome, expected);
        OK(&w, REVISION(&w, .rev_id = "s1", .head = "base", .downgrade = ""));
        assert_int_equal(w.record.outcome, expected);
        OK(&w, MERGE(&w, "heads", .rev_id = "m1"));
        assert_int_equal(w.record.outcome, expected);
        PARENTS(&w, "r4, s1");
    }
    assert_int_equal(w.ledger.revision_count, 6);
    all_sound(&w);
    end(&w);
}

static void another_revision_of_an_id_is_refused(void **unused) {
    (void)unused;
    world w;
    static const char message[] = "revision \"r2\" already exists";
    assert_true(begin(&w, 0));
    OK(&w, REVISION(&w, .rev_id = "r1"));
    OK(&w, REVISION(&w, .message = "two", .upgrade = "SELECT 1;", .rev_id = "r2"));
    FAILS(&w, REVISION(&w, .message = "two", .upgrade = "SELECT 2;", .rev_id = "r2"), LIM_DUPLICATE,
          message);
    DETAIL("It has another body.");
    HINT("Give the new revision another id, or change this one with migrate_edit as long as it is "
         "not applied.");
    FAILS(&w, REVISION(&w, .message = "2", .upgrade = "SELECT 1;", .rev_id = "r2"), LIM_DUPLICATE,
          message);
    DETAIL("It has another message.");
    FAILS(&w,
          REVISION(&w, .message = "two", .upgrade = "SELECT 1;", .rev_id = "r2", .head = "base"),
          LIM_DUPLICATE, message);
    DETAIL("It has another down_revision.");
    FAILS(&w,
          REVISION(&w, .message = "two", .upgrade = "SELECT 1;", .rev_id = "r2", .head = "r1",
                   .branch_label = "q", .depends_on = "r1"),
          LIM_DUPLICATE, message);
    DETAIL("It has another depends_on, branch_label.");
    FAILS(&w, REVISION(&w, .rev_id = "r2", .depends_on = "r2"), LIM_INVALID,
          "dependency self-loop is detected in revisions (r2)");
    end(&w);
}

static void a_file_and_a_call_can_say_the_same(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, try_file(&w, "001_start.sql", "-- a comment\n-- migrate:up\nSELECT 1;\n"));
    OK(&w, REVISION(&w, .rev_id = "001", .message = "start", .upgrade = "SELECT 1;\n"));
    assert_int_equal(w.record.outcome, LIM_UNCHANGED);
    FAILS(&w, REVISION(&w, .rev_id = "001", .message = "start", .upgrade = "SELECT 2;\n"),
          LIM_DUPLICATE, "revision \"001\" already exists");
    OK(&w, REVISION(&w, .rev_id = "r2", .message = "by call", .upgrade = "SELECT 2;"));
    OK(&w, try_file(&w, NULL, script_of(&w, "r2")));
    assert_string_equal(w.summary, "0 new, 0 replaced, 1 unchanged");
    end(&w);
}

static void a_merge_needs_heads(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    FAILS(&w, MERGE(&w, "heads", .rev_id = "m1"), LIM_INVALID,
          "a merge needs two or more revisions; 'heads' gives none");
    OK(&w, REVISION(&w, .rev_id = "r0"));
    FAILS(&w, MERGE(&w, "heads", .rev_id = "m1"), LIM_INVALID,
          "a merge needs two or more revisions; 'heads' gives only r0");
    HINT("Name two heads or more, separated by commas, or write 'heads' for all of them; "
         "migrate_heads() lists them.");
    OK(&w, fork_world(&w));
    FAILS(&w, MERGE(&w, "r1, b1", .rev_id = "m1"), LIM_STATE, "revision r1 is not a head revision");
    HINT("To merge what is not a head, write migrate_revision(\xE2\x80\xA6, head => 'r1, b1', "
         "splice "
         "=> true).");
    FAILS(&w, MERGE(&w, "a1, a1", .rev_id = "m1"), LIM_INVALID,
          "duplicate head revisions specified");
    OK(&w, MERGE(&w, "heads", .rev_id = "m1", .branch_label = "joined"));
    PARENTS(&w, "a1, b1");
    assert_string_equal(w.record.message, "merge a1, b1");
    body_is(w.record.upgrade, "");
    body_is(w.record.downgrade, "");
    OK(&w, REVISION(&w, .rev_id = "s1", .head = "base"));
    OK(&w, MERGE(&w, NULL, .message = "together", .random_id = "abcdefabcdef"));
    assert_string_equal(w.record.id, "abcdefabcdef");
    assert_string_equal(w.record.message, "together");
    PARENTS(&w, "m1, s1");
    OK(&w, REVISION(&w, .rev_id = "x", .head = "r1 s1", .splice = true));
    all_sound(&w);
    end(&w);
}

static void merging_the_heads_leaves_what_is_depended_on(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .rev_id = "b2", .head = "b1", .depends_on = "a1"));
    FAILS(&w, MERGE(&w, "heads", .rev_id = "m1"), LIM_INVALID,
          "a merge needs two or more revisions; 'heads' gives only b2");
    OK(&w, MERGE(&w, "a1, b2", .rev_id = "m1"));
    end(&w);
}

static void what_needs_autocommit_is_marked(void **unused) {
    (void)unused;
    static const char body[] = "CREATE INDEX CONCURRENTLY i ON t (a);";
    world w;
    assert_true(begin(&w, 0));
    OK(&w, REVISION(&w, .rev_id = "s1", .upgrade = body));
    assert_true(w.record.upgrade_transactional && !w.record.marked);
    OK(&w, REVISION(&w, .rev_id = "s2", .downgrade = "DELETE FROM t; PRAGMA wal_checkpoint;"));
    assert_true(w.record.upgrade_transactional && !w.record.downgrade_transactional);
    assert_true(w.record.marked);
    sound(&w, "s2");
    w.dialect = LIM_POSTGRES;
    OK(&w, REVISION(&w, .rev_id = "p1", .upgrade = body, .downgrade = "SELECT 1;"));
    assert_true(!w.record.upgrade_transactional && w.record.downgrade_transactional);
    assert_true(w.record.marked);
    assert_non_null(strstr(script_of(&w, "p1"), "-- migrate:up transaction:false\n"));
    sound(&w, "p1");
    OK(&w, REVISION(&w, .rev_id = "p2", .downgrade = "DROP INDEX CONCURRENTLY i;"));
    assert_true(w.record.upgrade_transactional && !w.record.downgrade_transactional);
    assert_true(w.record.marked);
    sound(&w, "p2");
    OK(&w, try_directory(&w, "007_i.sql", "-- migrate:up\nCREATE INDEX CONCURRENTLY j ON t (a);\n",
                         "008_j.sql", "-- migrate:up transaction:false\nVACUUM;\n", "009_k.sql",
                         "-- migrate:up\nVACUUM;\n-- migrate:down\n", "010_l.sql",
                         "-- migrate:up\nSELECT 1;\n", NULL));
    assert_string_equal(w.summary,
                        "4 new, 0 replaced, 0 unchanged; marked transaction:false: 007, 009");
    assert_false(w.load.records[0].upgrade_transactional);
    assert_false(w.load.records[1].upgrade_transactional);
    assert_true(w.load.records[3].upgrade_transactional);
    assert_null(strstr(script_of(&w, "007"), "transaction:false"));
    all_sound(&w);
    end(&w);
}

/* ---- what is stored -------------------------------------------------------------------------- */

static const char *problem_of(world *w, const lim_stored *s) {
    const char *problem = NULL;
    assert_false(lim_stored_verify(&w->cx, w->dialect, w->g, s, &problem));
    assert_int_equal(w->cx.error.code, LIM_OK);
    assert_non_null(problem);
    return problem;
}

static void tampering_is_told(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, REVISION(&w, .rev_id = "c1", .upgrade = "SELECT 1;"));
    OK(&w, try_file(&w, "f1.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"));
    lim_stored s = stored(&w, "c1");
    s.upgrade = bytes("SELECT 2;");
    assert_non_null(strstr(problem_of(&w, &s), " is stored, but the text has "));
    s.upgrade = bytes("SELECT 2;\n-- migrate:down\n"); /* no text that a file could have */
    problem_of(&w, &s);
    s = stored(&w, "c1");
    lim_revision row = *s.row;
    row.message = "other";
    s.row = &row;
    assert_non_null(strstr(problem_of(&w, &s), " is stored, but the text has "));
    s = stored(&w, "f1");
    s.upgrade = bytes("SELECT 2;");
    assert_string_equal(problem_of(&w, &s), "the upgrade body is not that of the stored file");
    s = stored(&w, "f1");
    s.downgrade = bytes(NULL);
    assert_string_equal(problem_of(&w, &s), "the downgrade body is not that of the stored file");
    s = stored(&w, "f1");
    row = *s.row;
    row.downgrade_transactional = false;
    s.row = &row;
    assert_string_equal(problem_of(&w, &s),
                        "downgrade_transactional is not what the stored file says of the body");
    s = stored(&w, "f1");
    row = *s.row;
    char checksum[LIM_CHECKSUM_SIZE];
    s.script = bytes("nothing");
    lim_checksum("nothing", 7, checksum);
    row.checksum = checksum;
    s.row = &row;
    problem_of(&w, &s);
    row.id = "nobody";
    s.script = bytes(NULL);
    assert_string_equal(problem_of(&w, &s), "revision \"nobody\" is not in the history");
    end(&w);
}

static void only_what_nothing_needs_is_deleted(void **unused) {
    (void)unused;
    world w;
    lim_node n;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .rev_id = "b2", .head = "b1", .depends_on = "a1"));
    OK(&w, apply(&w, "r1"));
    FAILS(&w, lim_author_delete(&w.cx, &w.ledger, w.g, &w.state, "r1", &n), LIM_STATE,
          "revision \"r1\" is applied");
    HINT("Downgrade below \"r1\" first.");
    FAILS(&w, lim_author_delete(&w.cx, &w.ledger, w.g, &w.state, "b1", &n), LIM_STATE,
          "revision \"b1\" is needed by \"b2\"");
    HINT("Delete these first.");
    FAILS(&w, lim_author_delete(&w.cx, &w.ledger, w.g, &w.state, "accounts", &n), LIM_STATE,
          "revision \"a1\" is needed by \"b2\"");
    FAILS(&w, lim_author_delete(&w.cx, &w.ledger, w.g, &w.state, "zzzz", &n), LIM_UNDEFINED,
          "can't locate revision identified by 'zzzz'");
    OK(&w, lim_author_delete(&w.cx, &w.ledger, w.g, &w.state, "b2", &n));
    assert_string_equal(lim_id(w.g, n), "b2");
    OK(&w, apply(&w, ""));
    for (int i = 0; i < 12; i++)
        OK(&w, REVISION(&w, .rev_id = lim_format(&w.cx, "k%02d", i), .head = "a1", .splice = true));
    FAILS(&w, lim_author_delete(&w.cx, &w.ledger, w.g, &w.state, "a1", &n), LIM_STATE,
          "revision \"a1\" is needed by \"b2\", \"k00\", \"k01\", \"k02\", \"k03\", \"k04\", "
          "\"k05\", \"k06\", \"k07\", \"k08\" and 3 more");
    end(&w);
}

static void an_edit_keeps_the_graph(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    OK(&w, fork_world(&w));
    OK(&w, REVISION(&w, .message = "two", .upgrade = "SELECT 1;", .downgrade = "SELECT 2;",
                    .rev_id = "a2", .head = "a1", .branch_label = "q", .depends_on = "b1"));
    OK(&w, try_edit(&w, "a2", "SELECT 3;", NULL, NULL));
    assert_int_equal(w.record.outcome, LIM_REPLACED);
    PARENTS(&w, "a1");
    DEPENDS(&w, "b1");
    joined(&w, &w.record.branch_labels, "q");
    assert_string_equal(w.record.message, "two");
    assert_string_equal(w.record.from_version, "a1");
    assert_non_null(strstr(script_of(&w, "a2"), "SELECT 3;\n-- migrate:down\nSELECT 2;\n"));
    OK(&w, try_edit(&w, "a2", NULL, "", "second"));
    assert_string_equal(w.record.message, "second");
    body_is(w.record.downgrade, "");
    OK(&w, try_edit(&w, "a2", "SELECT 3;", "", "second"));
    assert_int_equal(w.record.outcome, LIM_UNCHANGED);
    OK(&w, try_edit(&w, "a2", NULL, NULL, NULL));
    assert_int_equal(w.record.outcome, LIM_UNCHANGED);
    all_sound(&w);
    OK(&w, apply(&w, "a1"));
    FAILS(&w, try_edit(&w, "r1", "SELECT 9;", NULL, NULL), LIM_STATE, "revision \"r1\" is applied");
    HINT("Downgrade below \"r1\" first, or write the change as a new revision.");
    FAILS(&w, try_edit(&w, "a2", "\xFF", NULL, NULL), LIM_INVALID,
          "revision \"a2\": the upgrade, line 1, column 1: invalid UTF-8");
    FAILS(&w, try_edit(&w, "a2", NULL, NULL, "a\nb"), LIM_INVALID,
          "revision \"a2\": the message \"a\\nb\" holds a line break or a control character");
    end(&w);
}

static void an_edit_marks_and_unmarks(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    w.dialect = LIM_POSTGRES;
    OK(&w, REVISION(&w, .rev_id = "r1", .upgrade = "SELECT 1;", .downgrade = "VACUUM;"));
    OK(&w, try_edit(&w, "r1", "VACUUM;", NULL, NULL));
    assert_true(!w.record.upgrade_transactional && !w.record.downgrade_transactional);
    assert_true(w.record.marked);
    sound(&w, "r1");
    OK(&w, try_edit(&w, "r1", "SELECT 2;", NULL, NULL));
    assert_true(w.record.upgrade_transactional && !w.record.downgrade_transactional);
    sound(&w, "r1");
    OK(&w, try_file(&w, "f1.sql", "-- migrate:up\nSELECT 1;\n"));
    OK(&w, try_edit(&w, "f1", "VACUUM;", NULL, NULL));
    assert_true(!w.record.upgrade_transactional && w.record.marked);
    assert_null(strstr(script_of(&w, "f1"), "transaction:false"));
    sound(&w, "f1");
    end(&w);
}

/* ---- memory ------------------------------------------------------------------------------- */

static bool story_of_calls(world *w) {
    lim_node n;
    lim_stored s;
    const char *problem;
    return fork_world(w) &&
           REVISION(w, .rev_id = "a1", .message = "accounts", .branch_label = "accounts") &&
           refused(w, REVISION(w, .rev_id = "a1", .depends_on = "b1")) &&
           refused(w, REVISION(w, .rev_id = "x", .head = "r1")) &&
           refused(w, REVISION(w, .rev_id = "r1-1", .head = "a1")) &&
           refused(w, REVISION(w, .rev_id = "x", .head = "a1", .branch_label = "b1")) &&
           refused(w, MERGE(w, "r1, a1", .rev_id = "m1")) && MERGE(w, "heads", .rev_id = "m1") &&
           try_edit(w, "m1", "SELECT 1;", NULL, "merged") &&
           refused(w, lim_author_delete(&w->cx, &w->ledger, w->g, &w->state, "a1", &n)) &&
           (s = stored(w, "m1"), lim_stored_verify(&w->cx, w->dialect, w->g, &s, &problem));
}

static void calls_survive_the_loss_of_any_allocation(void **unused) {
    (void)unused;
    survive(story_of_calls);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revision_follows_the_head),
        cmocka_unit_test(the_file_of_a_call_is_the_one_that_was_hashed),
        cmocka_unit_test(a_body_stays_as_typed),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(a_body_is_not_copied),
        cmocka_unit_test(ids_follow_the_rules),
        cmocka_unit_test(a_name_is_one_revisions),
        cmocka_unit_test(no_name_reads_as_a_step_from_another),
        cmocka_unit_test(the_head_must_be_one),
        cmocka_unit_test(a_revision_that_is_only_depended_on_is_a_head),
        cmocka_unit_test(dependencies_are_stored_as_ids_once),
        cmocka_unit_test(the_same_revision_again_changes_nothing),
        cmocka_unit_test(another_revision_of_an_id_is_refused),
        cmocka_unit_test(a_file_and_a_call_can_say_the_same),
        cmocka_unit_test(a_merge_needs_heads),
        cmocka_unit_test(merging_the_heads_leaves_what_is_depended_on),
        cmocka_unit_test(what_needs_autocommit_is_marked),
        cmocka_unit_test(tampering_is_told),
        cmocka_unit_test(only_what_nothing_needs_is_deleted),
        cmocka_unit_test(an_edit_keeps_the_graph),
        cmocka_unit_test(an_edit_marks_and_unmarks),
        cmocka_unit_test(calls_survive_the_loss_of_any_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
