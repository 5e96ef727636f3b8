/*
** test_text.c - memory of one call, its error, strings and how a user's text is shown
*/
#include "memory.h"

#include "core/ledger.h"
#include "core/text.h"

#include <stdio.h>

static void memory_is_zeroed_aligned_and_apart(void **unused) {
    (void)unused;
    enum { OBJECTS = 4000 };
    static unsigned char *objects[OBJECTS];
    static size_t sizes[OBJECTS];
    lim_context cx;
    test_memory m;
    uint64_t seed = 1;
    test_begin(&cx, &m);
    for (int i = 0; i < OBJECTS; i++) {
        sizes[i] = test_below(&seed, 20) == 0 ? test_below(&seed, 50000) : test_below(&seed, 300);
        objects[i] = lim_alloc(&cx, sizes[i]);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % _Alignof(max_align_t), 0);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(objects[i][at], 0);
        memset(objects[i], i & 0xFF, sizes[i]);
    }
    for (int i = 0; i < OBJECTS; i++) {
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(objects[i][at], i & 0xFF);
    }
    test_end(&cx, &m);
    lim_context_end(&cx);
    lim_context_end(&(lim_context){0});
}

static void many_small_objects_take_few_blocks(void **unused) {
    (void)unused;
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    for (int i = 0; i < 100000; i++)
        assert_non_null(lim_alloc(&cx, 24));
#if !defined(__SANITIZE_ADDRESS__)
    assert_in_range(m.asked, 1, 10);
#endif
    test_end(&cx, &m);
}

static void resizing_keeps_the_text_and_returns_the_old_block(void **unused) {
    (void)unused;
    lim_context cx;
    test_memory m;
    uint64_t seed = 2;
    test_begin(&cx, &m);
    char *blocks[8] = {NULL};
    size_t sizes[8] = {0};
    for (int i = 0; i < 400; i++) {
        uint32_t n = test_below(&seed, 8);
        size_t size = sizes[n] + test_below(&seed, i % 3 == 0 ? 20000 : 50);
        blocks[n] = lim_resize_raw(&cx, blocks[n], sizes[n], sizes[n], size);
        assert_non_null(blocks[n]);
        for (size_t at = 0; at < sizes[n]; at++)
            assert_int_equal(blocks[n][at], 'a' + (int)n);
        memset(blocks[n], 'a' + (int)n, size);
        sizes[n] = size;
    }
    assert_true(m.live < m.asked);
    test_end(&cx, &m);
}

static void sizes_beyond_any_memory_are_out_of_memory(void **unused) {
    (void)unused;
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    assert_null(lim_alloc_array(&cx, SIZE_MAX / 2, 3));
    assert_int_equal(cx.error.code, LIM_NOMEM);
    test_end(&cx, &m);
    test_begin(&cx, &m);
    assert_null(lim_alloc(&cx, SIZE_MAX));
    assert_string_equal(cx.error.message, "out of memory");
    test_end(&cx, &m);
    test_begin(&cx, &m);
    assert_null(lim_copy(&cx, "", SIZE_MAX));
    assert_int_equal(cx.error.code, LIM_NOMEM);
    test_end(&cx, &m);
}

static void a_growing_array_keeps_what_it_holds(void **unused) {
    (void)unused;
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    void *items = NULL;
    uint32_t capacity = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(lim_grow(&cx, &items, &capacity, i + 1, sizeof(uint32_t)));
        assert_true(capacity > i);
        assert_int_equal(((uint32_t *)items)[i], 0);
        ((uint32_t *)items)[i] = i;
    }
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(((uint32_t *)items)[i], i);
    assert_true(lim_grow(&cx, &items, &capacity, 5, sizeof(uint32_t)));
    test_end(&cx, &m);
}

static void the_first_failure_stays_but_for_memory(void **unused) {
    (void)unused;
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    assert_false(lim_fail_detail(&cx, "nothing to add to"));
    assert_int_equal(cx.error.code, LIM_OK);
    assert_false(lim_fail(&cx, LIM_INVALID, "Do %.", "bad %s", "thing"));
    assert_false(lim_fail(&cx, LIM_STATE, NULL, "later"));
    assert_false(lim_fail_detail(&cx, "It is %d.", 7));
    assert_false(lim_fail_detail(&cx, "Later."));
    assert_int_equal(cx.error.code, LIM_INVALID);
    assert_string_equal(cx.error.message, "bad thing");
    assert_string_equal(cx.error.detail, "It is 7.");
    assert_string_equal(cx.error.hint, "Do %.");
    assert_false(lim_fail(&cx, LIM_NOMEM, NULL, "%s", "never shown"));
    assert_int_equal(cx.error.code, LIM_NOMEM);
    cx.error = (lim_error){LIM_STATE, "other", "Detail.", "Hint."};
    assert_null(lim_alloc(&cx, SIZE_MAX));
    assert_int_equal(cx.error.code, LIM_NOMEM);
    assert_string_equal(cx.error.message, "out of memory");
    assert_null(cx.error.detail);
    assert_null(cx.error.hint);
    test_end(&cx, &m);
}

static void strings_grow_as_they_are_built(void **unused) {
    (void)unused;
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    lim_text t = {.cx = &cx};
    assert_string_equal(lim_text_end(&t), "");
    char *expected = calloc(1, 100000);
    size_t length = 0;
    for (int i = 0; i < 3000; i++) {
        lim_text_addf(&t, "%d,", i);
        length += (size_t)sprintf(expected + length, "%d,", i);
        if (i % 7 == 0) {
            lim_text_adds(&t, "x");
            lim_text_addc(&t, 'y');
            lim_text_add(&t, "zz", 2);
            length += (size_t)sprintf(expected + length, "xyzz");
        }
    }
    assert_int_equal(t.length, length);
    assert_string_equal(lim_text_end(&t), expected);
    memset(expected, 'q', 5000);
    expected[5000] = '\0';
    assert_string_equal(lim_format(&cx, "%s|", expected) + 5000, "|");
    assert_null(lim_copy_string(&cx, NULL));
    assert_int_equal(cx.error.code, LIM_OK);
    free(expected);
    test_end(&cx, &m);
}

static void lists_are_split_at_commas_and_white_space(void **unused) {
    (void)unused;
    static const char *const CASES[][2] = {
        {NULL, NULL},          {"", NULL},
        {" ,\t\n,", NULL},     {"a", "a"},
        {"a,b", "a, b"},       {" a,,b ", "a, b"},
        {"a b\nc", "a, b, c"}, {"\xc3\xa4,-1,b@c", "\xc3\xa4, -1, b@c"},
    };
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lim_list list;
        assert_true(lim_list_split(&cx, CASES[i][0], &list));
        const char *joined = lim_list_join(&cx, &list);
        if (CASES[i][1] == NULL)
            assert_null(joined);
        else
            assert_string_equal(joined, CASES[i][1]);
        assert_int_equal(cx.error.code, LIM_OK);
    }
    lim_list list = {0};
    assert_true(lim_list_add(&cx, &list, "b") && lim_list_add(&cx, &list, "a"));
    assert_true(lim_list_has(&list, "a"));
    assert_false(lim_list_has(&list, "A"));
    qsort(list.items, list.count, sizeof *list.items, lim_compare_names);
    assert_string_equal(list.items[0], "a");
    test_end(&cx, &m);
}

static size_t encode(uint32_t code, char *out) {
    if (code < 0x80)
        return out[0] = (char)code, 1;
    if (code < 0x800)
        return out[0] = (char)(0xC0 | code >> 6), out[1] = (char)(0x80 | (code & 63)), 2;
    if (code < 0x10000)
        return out[0] = (char)(0xE0 | code >> 12), out[1] = (char)(0x80 | (code >> 6 & 63)),
               out[2] = (char)(0x80 | (code & 63)), 3;
    return out[0] = (char)(0xF0 | code >> 18), out[1] = (char)(0x80 | (code >> 12 & 63)),
           out[2] = (char)(0x80 | (code >> 6 & 63)), out[3] = (char)(0x80 | (code & 63)), 4;
}

static void utf8_is_every_character_but_surrogates(void **unused) {
    (void)unused;
    for (uint32_t code = 0; code <= 0x13FFFF; code++) {
        char bytes[20] = "plain ascii ";
        size_t length = encode(code, bytes + 12), bad = 99;
        bool valid = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
        if (lim_utf8_valid(bytes, 12 + length, &bad) != valid)
            fail_msg("U+%04X", (unsigned)code);
        if (!valid)
            assert_int_equal(bad, 12);
        else if (length > 1 && lim_utf8_valid(bytes, 12 + length - 1, NULL))
            fail_msg("U+%04X cut", (unsigned)code);
        else if (lim_utf8_length(bytes, 12 + length) != 13)
            fail_msg("U+%04X counted", (unsigned)code);
    }
}

static void utf8_has_no_overlong_or_stray_bytes(void **unused) {
    (void)unused;
    static const char *const BAD[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF5\x80\x80\x80",
                                      "\xFE",
                                      "\xFF",
                                      "\xC3(",
                                      "\xE2\x82(",
                                      "\xF0\x9F\x98("};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(lim_utf8_valid(BAD[i], strlen(BAD[i]), NULL));
    assert_true(lim_utf8_valid("", 0, NULL));
}

static void shown_text_is_short_and_harmless(void **unused) {
    (void)unused;
    static const char *const CASES[][2] = {
        {NULL, "NULL"},
        {"", ""},
        {"plain \"text\" 'here' \\n", "plain \"text\" 'here' \\n"},
        {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
        {"\x1b[31mred\x7f\x01", "\\x1b[31mred\\x7f\\x01"},
        {"caf\xc3\xa9 \xf0\x9f\x90\x98", "caf\xc3\xa9 \xf0\x9f\x90\x98"},
        {"bad \xff\xc3", "bad \\xff\\xc3"},
        {"c1 \xc2\x9b rtl \xe2\x80\xae ls \xe2\x80\xa8 iso \xe2\x81\xa6",
         "c1 \\xc2\\x9b rtl \\xe2\\x80\\xae ls \\xe2\\x80\\xa8 iso \\xe2\\x81\\xa6"},
    };
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_string_equal(lim_show(&cx, CASES[i][0]), CASES[i][1]);
    char text[400] = "", shown[400] = "";
    for (int i = 0; i < 80; i++) {
        strcat(text, "\xc3\xa9");
        strcat(shown, "\xc3\xa9");
    }
    assert_string_equal(lim_literal(&cx, "it's, ''"), "'it''s, '''''");
    assert_string_equal(lim_show(&cx, text), shown);
    strcat(text, "x");
    strcat(shown, "...");
    assert_string_equal(lim_show(&cx, text), shown);
    assert_string_equal(lim_show_bytes(&cx, "a\0b", 3), "a\\x00b");
    test_end(&cx, &m);
}

static void positions_count_lines_and_characters(void **unused) {
    (void)unused;
    static const char TEXT[] = "one\ncaf\xc3\xa9 x\r\n\nlast";
    static const struct {
        size_t offset;
        uint32_t line, column;
    } CASES[] = {{0, 1, 1},  {3, 1, 4},  {4, 2, 1},  {9, 2, 5}, {10, 2, 6},
                 {13, 3, 1}, {14, 4, 1}, {18, 4, 5}, {99, 4, 5}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lim_position p = lim_position_at(TEXT, sizeof TEXT - 1, CASES[i].offset);
        assert_int_equal(p.line, CASES[i].line);
        assert_int_equal(p.column, CASES[i].column);
    }
    assert_int_equal(lim_position_at(NULL, 0, 0).line, 1);
}

static void a_caret_stands_below_the_place(void **unused) {
    (void)unused;
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    static const char SQL[] = "SELECT 1;\nCREATE TABEL users (\n  id);\r\n";
    assert_string_equal(lim_caret(&cx, SQL, strlen(SQL), 17), "  CREATE TABEL users (\n         ^");
    assert_string_equal(lim_caret(&cx, SQL, strlen(SQL), 0), "  SELECT 1;\n  ^");
    assert_string_equal(lim_caret(&cx, SQL, strlen(SQL), 9), "  SELECT 1;\n           ^");
    assert_string_equal(lim_caret(&cx, SQL, strlen(SQL), 33), "    id);\n    ^");
    assert_string_equal(lim_caret(&cx, SQL, strlen(SQL), 999), "  \n  ^");
    assert_string_equal(lim_caret(&cx, "", 0, 0), "  \n  ^");
    assert_string_equal(lim_caret(&cx, "\t\xc3\xa9\x01x", 5, 4), "   \xc3\xa9?x\n     ^");

    char line[1001];
    for (int i = 0; i < 1000; i++)
        line[i] = (char)('a' + i % 26);
    for (size_t at = 0; at < 1000; at++) {
        const char *shown = lim_caret(&cx, line, 1000, at);
        const char *below = strchr(shown, '\n');
        assert_in_range(below - shown, 70, 82);
        assert_int_equal(shown[strlen(below + 1) - 1], line[at]);
    }
    test_end(&cx, &m);
}

static void edge_kinds_have_names(void **unused) {
    (void)unused;
    lim_edge_kind kind;
    assert_true(lim_edge_kind_parse("depends_on", &kind));
    assert_int_equal(kind, LIM_DEPENDS_ON);
    assert_true(lim_edge_kind_parse(lim_edge_kind_name(LIM_DOWN_REVISION), &kind));
    assert_int_equal(kind, LIM_DOWN_REVISION);
    assert_false(lim_edge_kind_parse("Depends_on", &kind));
    assert_false(lim_edge_kind_parse("", &kind));
}

static bool room_made_before(lim_context *cx) {
    lim_ledger ledger = {0};
    if (!lim_ledger_reserve(cx, &ledger, 100, 30))
        return false;
    const lim_revision *revisions = ledger.revisions;
    const lim_edge *edges = ledger.edges;
    for (int i = 0; i < 100; i++) {
        if (!lim_ledger_add_revision(cx, &ledger, &(lim_revision){.seq = i}) ||
            (i < 30 && !lim_ledger_add_edge(cx, &ledger, &(lim_edge){.ordinal = i})))
            return false;
    }
    assert_ptr_equal(ledger.revisions, revisions);
    assert_ptr_equal(ledger.edges, edges);
    assert_int_equal(ledger.revisions[99].seq, 99);
    return lim_ledger_reserve(cx, &ledger, 0, 0) && ledger.revision_count == 100;
}

static bool everything(lim_context *cx) {
    char long_text[9000];
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    lim_text t = {.cx = cx};
    lim_list list = {0};
    lim_ledger ledger = {0};
    for (int i = 0; i < 100; i++) {
        lim_text_addf(&t, "%s%d", long_text, i);
        if (!lim_list_add(cx, &list, "name") ||
            !lim_ledger_add_revision(cx, &ledger, &(lim_revision){.id = "r"}) ||
            !lim_ledger_add_edge(cx, &ledger, &(lim_edge){.revision = "r"}) ||
            !lim_ledger_add_label(cx, &ledger, &(lim_label){.label = "r"}) ||
            !lim_ledger_add_version(cx, &ledger, &(lim_version){.version_num = "r"}))
            return false;
    }
    assert_int_equal(ledger.revision_count, 100);
    assert_string_equal(ledger.versions[99].version_num, "r");
    lim_show(cx, long_text);
    return lim_text_end(&t) != NULL && lim_list_join(cx, &list) != NULL &&
           lim_list_split(cx, "a, b, c", &list) && lim_format(cx, "%s", long_text) != NULL &&
           lim_caret(cx, long_text, sizeof long_text, 500) != NULL;
}

static bool failing_for_another_reason(lim_context *cx) {
    lim_fail(cx, LIM_STATE, NULL, "revision \"%s\" is applied", lim_show(cx, "003"));
    lim_fail_detail(cx, "%s", lim_show(cx, "detail"));
    if (cx->error.code == LIM_NOMEM)
        return false;
    assert_int_equal(cx->error.code, LIM_STATE);
    cx->error = (lim_error){LIM_OK, NULL, NULL, NULL};
    return true;
}

static void memory_may_run_out_at_any_time(void **unused) {
    (void)unused;
    test_out_of_memory(everything);
    test_out_of_memory(room_made_before);
    test_out_of_memory(failing_for_another_reason);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(many_small_objects_take_few_blocks),
        cmocka_unit_test(resizing_keeps_the_text_and_returns_the_old_block),
        cmocka_unit_test(sizes_beyond_any_memory_are_out_of_memory),
        cmocka_unit_test(a_growing_array_keeps_what_it_holds),
        cmocka_unit_test(the_first_failure_stays_but_for_memory),
        cmocka_unit_test(strings_grow_as_they_are_built),
        cmocka_unit_test(lists_are_split_at_commas_and_white_space),
        cmocka_unit_test(utf8_is_every_character_but_surrogates),
        cmocka_unit_test(utf8_has_no_overlong_or_stray_bytes),
        cmocka_unit_test(shown_text_is_short_and_harmless),
        cmocka_unit_test(positions_count_lines_and_characters),
        cmocka_unit_test(a_caret_stands_below_the_place),
        cmocka_unit_test(edge_kinds_have_names),
        cmocka_unit_test(memory_may_run_out_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
