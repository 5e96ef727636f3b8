/*
** test_gap.c - numbers that a directory leaves out, and files that went missing
*/
#include "world.h"

/* Loads a directory of files that hold nothing, given by name, and writes what comes of it. */
static bool load(world *w, uint32_t count, const char *const *names) {
    lim_file files[8];
    for (uint32_t i = 0; i < count; i++)
        files[i] = (lim_file){names[i], UP(""), sizeof UP("") - 1};
    return try_files(w, files, count, true, NULL);
}

#define LOAD(w, ...)                                                                 \
    load(w, (uint32_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)), \
         (const char *const[]){__VA_ARGS__})

static void a_few_missing_numbers_are_told(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    assert_true(LOAD(&w, "001_a.sql", "002_b.sql", "004_d.sql", "005_e.sql"));
    assert_string_equal(w.summary,
                        "4 new, 0 replaced, 0 unchanged; a gap between 002 and 004: if a file is "
                        "missing, load it before 004 is applied");
    assert_true(LOAD(&w, "001_a.sql", "002_b.sql", "003_c.sql", "004_d.sql", "005_e.sql"));
    assert_string_equal(w.summary, "1 new, 1 replaced, 3 unchanged");
    end(&w);
}

static void other_ways_of_counting_leave_no_gaps(void **unused) {
    (void)unused;
    static const char *const others[][3] = {{"10.sql", "20.sql", "30.sql"},
                                            {"1.sql", "2.sql", "10.sql"},
                                            {"20260110.sql", "20260111.sql", "20260113.sql"},
                                            {"1.1.sql", "1.2.sql", "1.4.sql"},
                                            {"a.sql", "b.sql", "d.sql"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        world w;
        assert_true(begin(&w, 0));
        assert_true(load(&w, 3, others[i]));
        assert_string_equal(w.summary, "3 new, 0 replaced, 0 unchanged");
        end(&w);
    }
}

static void a_pending_revision_does_not_lose_its_parent(void **unused) {
    (void)unused;
    world w;
    assert_true(begin(&w, 0));
    assert_true(LOAD(&w, "001_a.sql", "002_b.sql", "003_c.sql"));
    FAILS(
        &w, LOAD(&w, "001_a.sql", "003_c.sql"), LIM_STATE,
        "003_c.sql: a gap: revision \"003\" was stored after \"002\", and no file here is \"002\"");
    HINT("Put the file of \"002\" back, or take both out with migrate_delete('003') and "
         "migrate_delete('002') and load again.");
    end(&w);
}

static void every_failing_allocation_is_told(void **unused) {
    (void)unused;
    for (size_t n = 1;; n++) {
        world w;
        bool told = begin(&w, n) && LOAD(&w, "001_a.sql", "002_b.sql", "004_c.sql");
        bool over = told && !LOAD(&w, "001_a.sql", "004_c.sql") && w.cx.error.code == LIM_STATE;
        assert_true(over || w.cx.error.code == LIM_NOMEM);
        end(&w);
        if (over)
            break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_missing_numbers_are_told),
        cmocka_unit_test(other_ways_of_counting_leave_no_gaps),
        cmocka_unit_test(a_pending_revision_does_not_lose_its_parent),
        cmocka_unit_test(every_failing_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
