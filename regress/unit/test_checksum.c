/*
** test_checksum.c - SHA-256 and the canonical text
*/
#include "memory.h"

#include "core/checksum.h"

/* The module once more, without the processor's own instructions, under other names. */
#define LIM_PORTABLE
#define lim_sha256_begin portable_begin
#define lim_sha256_add   portable_add
#define lim_sha256_end   portable_end
#define lim_checksum     portable_checksum
#define lim_canonical    portable_canonical
#include "core/checksum.c"
#undef lim_sha256_begin
#undef lim_sha256_add
#undef lim_sha256_end
#undef lim_checksum
#undef lim_canonical

/* The hash of a text given in pieces; both ways of working it out must agree. */
static void hash(const char *text, size_t length, size_t piece, char hex[LIM_CHECKSUM_SIZE]) {
    lim_sha256 h, portable;
    char portable_hex[LIM_CHECKSUM_SIZE];
    lim_sha256_begin(&h);
    portable_begin(&portable);
    for (size_t at = 0; at < length; at += piece) {
        lim_sha256_add(&h, text + at, piece < length - at ? piece : length - at);
        portable_add(&portable, text + at, piece < length - at ? piece : length - at);
    }
    lim_sha256_end(&h, hex);
    portable_end(&portable, portable_hex);
    assert_string_equal(hex, portable_hex);
}

static void sha256_gives_the_published_values(void **unused) {
    (void)unused;
    static const char *const VECTORS[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrl"
         "m"
         "nopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    char hex[LIM_CHECKSUM_SIZE];
    for (size_t i = 0; i < sizeof VECTORS / sizeof *VECTORS; i++) {
        hash(VECTORS[i][0], strlen(VECTORS[i][0]), 1000, hex);
        assert_string_equal(hex, VECTORS[i][1]);
    }
    char *million = malloc(1000000);
    memset(million, 'a', 1000000);
    hash(million, 1000000, 1000000, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

static void sha256_is_the_same_in_any_pieces(void **unused) {
    (void)unused;
    char text[300], whole[LIM_CHECKSUM_SIZE], pieces[LIM_CHECKSUM_SIZE];
    for (size_t length = 0; length <= sizeof text; length++) {
        for (size_t i = 0; i < length; i++)
            text[i] = (char)(i * 7 + length);
        hash(text, length, sizeof text, whole);
        for (size_t piece = 1; piece < 140; piece += 9) {
            hash(text, length, piece, pieces);
            assert_string_equal(whole, pieces);
        }
    }
}

static const char *const CANONICAL[][2] = {
    {"", ""},
    {"\n", ""},
    {" \t\r\n\n", ""},
    {"\xEF\xBB\xBF", ""},
    {"a", "a\n"},
    {"a\n", "a\n"},
    {"a\n\n\n", "a\n"},
    {"a\r\n\r\n", "a\n"},
    {"a\rb\r", "a\nb\n"},
    {"a\r\n\rb", "a\n\nb\n"},
    {"a\n\r\nb\n \n\t\n", "a\n\nb\n"},
    {"a  \n  \n", "a  \n"},
    {"a\t", "a\t\n"},
    {"\n\n a", "\n\n a\n"},
    {"\xEF\xBB\xBF"
     "a\r\n",
     "a\n"},
    {"a\n\xEF\xBB\xBF", "a\n\xEF\xBB\xBF\n"},
    {"\xEF\xBB\xBF\xEF\xBB\xBF", ""},
};

static void canonical_text_has_one_form(void **unused) {
    (void)unused;
    lim_context cx;
    test_memory m;
    test_begin(&cx, &m);
    for (size_t i = 0; i < sizeof CANONICAL / sizeof *CANONICAL; i++) {
        const char *text = CANONICAL[i][0], *expected = CANONICAL[i][1];
        size_t length, again;
        const char *form = lim_canonical(&cx, text, strlen(text), &length);
        assert_int_equal(length, strlen(expected));
        assert_memory_equal(form, expected, length);
        assert_true(lim_canonical(&cx, form, length, &again) == form || length == 0);
        assert_int_equal(again, length);
    }
    test_end(&cx, &m);
}

static void the_checksum_is_that_of_the_canonical_text(void **unused) {
    (void)unused;
    static const char LETTERS[] = "ab;\n\n\r\r \t\xEF\xBB\xBF";
    uint64_t seed = 3;
    for (int run = 0; run < 20000; run++) {
        char text[40];
        size_t length = test_below(&seed, sizeof text), canonical;
        for (size_t i = 0; i < length; i++)
            text[i] = LETTERS[test_below(&seed, sizeof LETTERS - 1)];
        if (length > 3 && test_below(&seed, 3) == 0)
            memcpy(text, "\xEF\xBB\xBF", 3);
        lim_context cx;
        test_memory m;
        char streamed[LIM_CHECKSUM_SIZE], whole[LIM_CHECKSUM_SIZE];
        test_begin(&cx, &m);
        const char *form = lim_canonical(&cx, text, length, &canonical);
        lim_checksum(text, length, streamed);
        hash(form, canonical, 64, whole);
        assert_string_equal(streamed, whole);
        lim_checksum(form, canonical, whole);
        assert_string_equal(streamed, whole);
        assert_null(memchr(form, '\r', canonical));
        assert_true(canonical == 0 || form[canonical - 1] == '\n');
        test_end(&cx, &m);
    }
}

static bool canonical_of_crlf(lim_context *cx) {
    size_t length;
    return lim_canonical(cx, "a\r\nb", 4, &length) != NULL;
}

static void memory_may_run_out_at_any_time(void **unused) {
    (void)unused;
    test_out_of_memory(canonical_of_crlf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_values),
        cmocka_unit_test(sha256_is_the_same_in_any_pieces),
        cmocka_unit_test(canonical_text_has_one_form),
        cmocka_unit_test(the_checksum_is_that_of_the_canonical_text),
        cmocka_unit_test(memory_may_run_out_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
