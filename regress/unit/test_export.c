/*
** test_export.c - the files of stored revisions: their order, their names, and when a line is added
*/
#include "graph_fixture.h"

#include "export.h"
#include "script.h"

static const char *order_of(fixture *f, const char *range) {
    lim_export *files;
    uint32_t count;
    lim_text t = {.cx = &f->cx};
    if (!lim_export_range(&f->cx, f->g, &f->state, range, &files, &count))
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        lim_text_addf(&t, "%s%s(%s)", i > 0 ? " " : "", lim_id(f->g, files[i].node),
                      files[i].before == LIM_NONE ? "" : lim_id(f->g, files[i].before));
    return lim_text_end(&t);
}

static void parents_come_first_and_else_the_order_of_storing(void **state) {
    (void)state;
    fixture f;
    fixture_begin(&f, 0);
    /* c was stored first and replaced by a file that follows b; x depends on y */
    assert_true(fixture_build(&f, "c:b; a; b:a; 10:c; 9:c; x:a<y; y", ""));
    assert_string_equal(order_of(&f, NULL), "a(10) b(a) c(b) 10(9) 9() y(x) x(c)");
    assert_string_equal(order_of(&f, "b:c"), "b() c(b)");
    assert_null(order_of(&f, "b"));
    assert_string_equal(f.cx.error.message,
                        "history range requires [start]:[end], [start]:, or :[end]");
    fixture_end(&f);
}

static const struct name_example {
    const char *id, *message, *script; /* the script's header lines */
    const char *name;
} names[] = {
    {"001", "add users", "-- migrate:revision 001\n-- migrate:message add users\n",
     "001_add_users.sql"},
    {"a/b", "Über: x", "-- migrate:revision a/b\n-- migrate:message Über: x\n", "a-b_Über_x_1.sql"},
    /* what no line says the name has to */
    {"20260110_001", "initial schema", "", "20260110_001_initial_schema.sql"},
    {"20260110_001", "Add  It's", "", "20260110_001_Add__It's.sql"},
    {"a1b2c3d4", "", "", "a1b2c3d4.sql"},
    {"abc_def", "", "", "abc_def.sql"},
    {"001", "Add Users", "-- migrate:revision 001\n", "001_Add_Users.sql"},
    {"001", "Add Users", "-- migrate:message Add Users\n", "001_add_users.sql"},
    {"abc", "Add Users", "-- migrate:revision abc\n", "1_Add_Users.sql"},
};

static void the_name_says_what_no_line_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fixture f;
        const char *name, *id, *message;
        lim_bytes file;
        lim_script script;
        fixture_begin(&f, 0);
        assert_true(fixture_rows(&f, names[i].id));
        f.ledger.revisions[0].message = names[i].message;
        assert_true((f.g = lim_graph_build(&f.cx, &f.ledger, NULL)) != NULL);
        const char *text = lim_format(&f.cx, "%s-- migrate:up\n", names[i].script);
        lim_stored stored = {
            .row = &f.g->revisions[0], .upgrade = {"", 0}, .script = {text, strlen(text)}};
        assert_true(lim_export_file(&f.cx, f.g, &stored, LIM_NONE, &name, &file));
        assert_string_equal(name, names[i].name);
        assert_ptr_equal(file.text, text);
        assert_true(lim_script_name(&f.cx, name, &id, &message));
        assert_true(lim_script_parse(&f.cx, file.text, file.length, name, &script));
        assert_string_equal(script.id, names[i].id);
        assert_string_equal(script.message != NULL ? script.message : "", names[i].message);
        fixture_end(&f);
    }
}

static bool file_of(fixture *f, lim_node n, lim_node before, const char *text, lim_bytes *file) {
    const char *name;
    lim_stored stored = {
        .row = &f->g->revisions[n], .upgrade = {"", 0}, .script = {text, strlen(text)}};
    return lim_export_file(&f->cx, f->g, &stored, before, &name, file);
}

static void a_line_is_added_only_where_the_place_says_something_else(void **state) {
    (void)state;
    static const char text[] = "-- migrate:up\n";
    fixture f;
    lim_bytes file;
    fixture_begin(&f, 0);
    assert_true(fixture_build(&f, "001; 002:001; 003:001; 004:002,003", ""));
    assert_true(file_of(&f, 0, LIM_NONE, text, &file));
    assert_ptr_equal(file.text, text);
    assert_true(file_of(&f, 1, 0, text, &file));
    assert_ptr_equal(file.text, text);
    assert_true(file_of(&f, 0, 1, text, &file));
    assert_string_equal(file.text, "-- migrate:down_revision base\n-- migrate:up\n");
    assert_true(file_of(&f, 2, 1, text, &file));
    assert_string_equal(file.text, "-- migrate:down_revision 001\n-- migrate:up\n");
    assert_int_equal(file.length, strlen(file.text));
    assert_true(file_of(&f, 3, 2, text, &file));
    assert_string_equal(file.text, "-- migrate:down_revision 002, 003\n-- migrate:up\n");
    /* a line that stands there is left alone */
    static const char named[] = "-- migrate:down_revision 001\n-- migrate:up\n";
    assert_true(file_of(&f, 2, 1, named, &file));
    assert_ptr_equal(file.text, named);
    fixture_end(&f);
}

static bool whole_export(fixture *f) {
    lim_export *files;
    uint32_t count;
    lim_bytes file;
    return fixture_build(f, "001; 002:001; x-y:001", "") &&
           lim_export_range(&f->cx, f->g, &f->state, NULL, &files, &count) &&
           file_of(f, 2, 1, "-- migrate:up\n", &file) &&
           file_of(f, 1, 0, "-- migrate:revision 002\n-- migrate:up\n", &file);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    bool ok = false;
    for (size_t n = 1; !ok; n++) {
        fixture f;
        fixture_begin(&f, n);
        ok = whole_export(&f);
        assert_int_equal(f.cx.error.code, f.memory.asked >= n ? LIM_NOMEM : LIM_OK);
        fixture_end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parents_come_first_and_else_the_order_of_storing),
        cmocka_unit_test(the_name_says_what_no_line_says),
        cmocka_unit_test(a_line_is_added_only_where_the_place_says_something_else),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
