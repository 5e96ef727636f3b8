/*
** test_lex.c - tokens and statement boundaries in both dialects
*/
#include "memory.h"

#include "core/lex.h"

#include <stdio.h>

static const char *const KINDS[] = {"end",    "space", "comment", "word",   "quoted", "string",
                                    "number", "param", ";",       "(",      ")",      ",",
                                    ".",      "op",    "open",    "illegal"};

/* The tokens of a text but white space, as `kind<text> kind<text>`; signs stand for themselves. */
static const char *tokens(lim_dialect dialect, const char *text, size_t length) {
    static char out[4000];
    size_t used = 0;
    out[0] = '\0';
    for (size_t at = 0; at < length;) {
        lim_token t = lim_lex(dialect, text, length, at);
        assert_int_equal(t.start, at);
        assert_true(t.length > 0 && t.length <= length - at);
        if (t.kind >= LIM_TOKEN_SEMICOLON && t.kind <= LIM_TOKEN_DOT)
            used += (size_t)sprintf(out + used, "%s ", KINDS[t.kind]);
        else if (t.kind != LIM_TOKEN_SPACE)
            used +=
                (size_t)sprintf(out + used, "%s<%.*s> ", KINDS[t.kind], (int)t.length, text + at);
        at += t.length;
    }
    if (used > 0)
        out[used - 1] = '\0';
    lim_token end = lim_lex(dialect, text, length, length);
    assert_int_equal(end.kind, LIM_TOKEN_END);
    assert_int_equal(end.length, 0);
    return out;
}

typedef struct token_case {
    const char *text, *tokens;
} token_case;

static void check_tokens(lim_dialect dialect, const token_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        /* a copy of exactly this size shows reads beyond the end to the sanitizer */
        size_t length = strlen(cases[i].text);
        char *copy = malloc(length + 1);
        memcpy(copy, cases[i].text, length);
        copy = realloc(copy, length == 0 ? 1 : length);
        assert_string_equal(tokens(dialect, copy, length), cases[i].tokens);
        free(copy);
    }
}

static void both_dialects_share_most_tokens(void **unused) {
    (void)unused;
    static const token_case CASES[] = {
        {"", ""},
        {" \t\r\n\f", ""},
        {"SELECT a.b, _c1, caf\xc3\xa9;",
         "word<SELECT> word<a> . word<b> , word<_c1> , word<caf\xc3\xa9> ;"},
        {"a$b$c", "word<a$b$c>"},
        {"'it''s' '' 'a;b'", "string<'it''s'> string<''> string<'a;b'>"},
        {"\"a\"\"b\" \"\"", "quoted<\"a\"\"b\"> quoted<\"\">"},
        {"-- c 'x\n1", "comment<-- c 'x> number<1>"},
        {"--", "comment<-->"},
        {"/* ' */1/**/2/***/", "comment</* ' */> number<1> comment</**/> number<2> comment</***/>"},
        {"/*/ */x", "comment</*/ */> word<x>"},
        {"1 1.5 .5 1. 1e3 1.5E-7 0xFf 1_000",
         "number<1> number<1.5> number<.5> number<1.> number<1e3> number<1.5E-7> number<0xFf> "
         "number<1_000>"},
        {"x'0aF1' X''", "string<x'0aF1'> string<X''>"},
        {"'abc", "open<'abc>"},
        {"'abc''", "open<'abc''>"},
        {"\"abc", "open<\"abc>"},
        {"a /* b", "word<a> open</* b>"},
        {"/*/", "open</*/>"},
        {"/* *", "open</* *>"},
        {"a<=b <> c >= d||e",
         "word<a> op<<=> word<b> op<<>> word<c> op<>=> word<d> op<||> word<e>"},
        {"a-b - -1 -- x", "word<a> op<-> word<b> op<-> op<-> number<1> comment<-- x>"},
        {"a*-1/2", "word<a> op<*> op<-> number<1> op</> number<2>"},
        {"a->'b'->>'c'", "word<a> op<->> string<'b'> op<->>> string<'c'>"},
        {"\xEF\xBB\xBFselect", "word<select>"},
        {"\\", "illegal<\\>"},
        {"{}", "illegal<{> illegal<}>"},
    };
    check_tokens(LIM_POSTGRES, CASES, sizeof CASES / sizeof *CASES);
    check_tokens(LIM_SQLITE, CASES, sizeof CASES / sizeof *CASES);
}

static void sqlite_tokens(void **unused) {
    (void)unused;
    static const token_case CASES[] = {
        {"[a 'b] `c``d` [x", "quoted<[a 'b]> quoted<`c``d`> open<[x>"},
        {"`x", "open<`x>"},
        {"? ?12 :a @b $c #d", "param<?> param<?12> param<:a> param<@b> param<$c> param<#d>"},
        {"$a::b::c(x y) $a::b(k)z", "illegal<$a::b::c(x> word<y> ) param<$a::b(k)> word<z>"},
        {"$a::(x", "illegal<$a::(x>"},
        {"a::int", "word<a> illegal<:> param<:int>"},
        {": $ @(", "illegal<:> illegal<$> illegal<@> ("},
        {"a->b->>c == d != e << f >> g & h | i ~j % k",
         "word<a> op<->> word<b> op<->>> word<c> op<==> word<d> op<!=> word<e> op<<<> word<f> "
         "op<>>> word<g> op<&> word<h> op<|> word<i> op<~> word<j> op<%> word<k>"},
        {"! ^", "illegal<!> illegal<^>"},
        {"x'0g' x'0'", "illegal<x'0g'> illegal<x'0'>"},
        {"x'00", "open<x'00>"},
        {"x'0g", "open<x'0g>"},
        {"1abc 0x 1e 1e+", "illegal<1abc> illegal<0x> illegal<1e> illegal<1e> op<+>"},
        {"$$a$$", "param<$$a$$>"},
        {"/* /* */ 1", "comment</* /* */> number<1>"},
        {"e'a\\'b'", "word<e> string<'a\\'> word<b> open<'>"},
        {"\v \v1", "illegal<\v> number<1>"},
        {"-- a\rb\nc", "comment<-- a\rb> word<c>"},
        {"a \xEF\xBB\xBF b", "word<a> word<b>"},
        {"a..1", "word<a> . number<.1>"},
    };
    check_tokens(LIM_SQLITE, CASES, sizeof CASES / sizeof *CASES);
    assert_string_equal(tokens(LIM_SQLITE, "a\0b", 3), "word<a> illegal<> word<b>");
}

static void postgres_tokens(void **unused) {
    (void)unused;
    static const token_case CASES[] = {
        {"a[1:2] [x]", "word<a> op<[> number<1> op<:> number<2> op<]> op<[> word<x> op<]>"},
        {"$1 $12a", "param<$1> param<$12> word<a>"},
        {"a::int b:=c d=>e f..g", "word<a> op<::> word<int> word<b> op<:=> word<c> word<d> op<=>> "
                                  "word<e> word<f> op<..> word<g>"},
        {"1..10", "number<1> op<..> number<10>"},
        {"$$a'b$$ $t$ $$ $u$ $t$", "string<$$a'b$$> string<$t$ $$ $u$ $t$>"},
        {"$a$ $a $a$", "string<$a$ $a $a$>"},
        {"$$ $a$$", "string<$$ $a$$>"},
        {"$a1_\xc3\xa9$ x $a1_\xc3\xa9$", "string<$a1_\xc3\xa9$ x $a1_\xc3\xa9$>"},
        {"a$$b$$", "word<a$$b$$>"},
        {"1$$b$$", "number<1> string<$$b$$>"},
        {"$a-$ $", "illegal<$> word<a> op<-> illegal<$> illegal<$>"},
        {"$$ abc $", "open<$$ abc $>"},
        {"$x$ abc $x", "open<$x$ abc $x>"},
        {"e'a\\'b''c' E'\\\\'", "string<e'a\\'b''c'> string<E'\\\\'>"},
        {"e'a\\", "open<e'a\\>"},
        {"e'a\\'", "open<e'a\\'>"},
        {"e'a' 'b\\'", "string<e'a'> string<'b\\'>"},
        {"e'a' \n 'b\\'' c", "string<e'a' \n 'b\\''> word<c>"},
        {"e'a' -- x\n-- y\n'b\\'' c", "string<e'a' -- x\n-- y\n'b\\''> word<c>"},
        {"e'a'\n-- y", "string<e'a'> comment<-- y>"},
        {"e'a'\n/**/'b'", "string<e'a'> comment</**/> string<'b'>"},
        {"'a'\n'b\\' c", "string<'a'> string<'b\\'> word<c>"},
        {"fe'a\\'", "word<fe> string<'a\\'>"},
        {"b'01' N'x' U&'\\0041' u&\"d\\0061t\"\"a\"",
         "string<b'01'> string<N'x'> string<U&'\\0041'> quoted<u&\"d\\0061t\"\"a\">"},
        {"u&x u &'a'", "word<u> op<&> word<x> word<u> op<&> string<'a'>"},
        {"/* /* */ 1 */ 2", "comment</* /* */ 1 */> number<2>"},
        {"/* /* */ 1", "open</* /* */ 1>"},
        {"/*/**/*/1", "comment</*/**/*/> number<1>"},
        {"@-1 +- *- ~*-", "op<@-> number<1> op<+> op<-> op<*> op<-> op<~*->"},
        {"a=-1 b<@>c", "word<a> op<=> op<-> number<1> word<b> op<<@>> word<c>"},
        {"a+/* x */1", "word<a> op<+> comment</* x */> number<1>"},
        {"a+--x\n1", "word<a> op<+> comment<--x> number<1>"},
        {"a|/+*/b", "word<a> op<|/+*/> word<b>"},
        {"?| ?& `", "op<?|> op<?&> op<`>"},
        {"-- a\rb", "comment<-- a> word<b>"},
        {"\v1", "number<1>"},
        {"0o17 0b01 0x1f", "number<0o17> number<0b01> number<0x1f>"},
        {"1abc", "number<1> word<abc>"},
        {"a \xEF\xBB\xBF", "word<a> word<\xEF\xBB\xBF>"},
    };
    check_tokens(LIM_POSTGRES, CASES, sizeof CASES / sizeof *CASES);
}

static void words_are_told_whatever_their_case(void **unused) {
    (void)unused;
    static const char TEXT[] = "SeLect \"select\" selects selec";
    const char *text = TEXT;
    lim_token t = lim_lex(LIM_POSTGRES, text, strlen(text), 0);
    assert_true(lim_token_is(text, t, "select"));
    assert_false(lim_token_is(text, t, "selec"));
    assert_false(lim_token_is(text, t, "selects"));
    t = lim_lex_significant(LIM_POSTGRES, text, strlen(text), 6);
    assert_false(lim_token_is(text, t, "select"));
}

static void names_lose_their_quotes(void **unused) {
    (void)unused;
    static const struct {
        lim_dialect dialect;
        const char *text, *name;
    } CASES[] = {
        {LIM_SQLITE, "Plain", "Plain"},
        {LIM_SQLITE, "\"a\"\"b\"", "a\"b"},
        {LIM_SQLITE, "[a b]", "a b"},
        {LIM_SQLITE, "`a``b`", "a`b"},
        {LIM_SQLITE, "'a''b'", "a'b"},
        {LIM_SQLITE, "\"\"", ""},
        {LIM_POSTGRES, "\"a\"\"b\"", "a\"b"},
        {LIM_POSTGRES, "U&\"d\\0061t\\+000061 \\00e9\\\\ \\zz \\d83d\\DE00\"",
         "data \xc3\xa9\\ \\zz \xF0\x9F\x98\x80"},
        {LIM_POSTGRES, "U&\"\\d83d\\0000\\+FFFFFF\"", "\xEF\xBF\xBD\\0000\xEF\xBF\xBD"},
        {LIM_POSTGRES, "$a$x'y$a$", "x'y"},
        {LIM_POSTGRES, "$$$$", ""},
        {LIM_POSTGRES, "E'a\\'b''c'", "a\\'b'c"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        lim_context cx;
        test_memory m;
        test_begin(&cx, &m);
        size_t length = strlen(CASES[i].text);
        lim_token t = lim_lex(CASES[i].dialect, CASES[i].text, length, 0);
        assert_int_equal(t.length, length);
        assert_string_equal(lim_token_name(&cx, CASES[i].dialect, CASES[i].text, t), CASES[i].name);
        test_end(&cx, &m);
    }
}

/* The statements of a text, each in brackets, with a semicolon behind those that have one. */
static const char *statements(lim_dialect dialect, const char *text) {
    static char out[4000];
    size_t used = 0, cursor = 0, length = strlen(text);
    lim_statement s;
    out[0] = '\0';
    while (lim_next_statement(dialect, text, length, &cursor, &s)) {
        assert_true(s.start < s.end && s.end <= s.next && s.next <= length);
        assert_int_equal(s.first.start, s.start);
        assert_int_equal(cursor, s.next);
        used += (size_t)sprintf(out + used, "[%.*s]%s", (int)(s.end - s.start), text + s.start,
                                s.has_semicolon ? ";" : "");
    }
    assert_int_equal(cursor, length);
    assert_false(lim_next_statement(dialect, text, length, &cursor, &s));
    return out;
}

static void statements_end_at_semicolons(void **unused) {
    (void)unused;
    static const token_case CASES[] = {
        {"", ""},
        {" -- nothing\n/* at all */ ;; ; ", ""},
        {"a", "[a]"},
        {" a ; -- x\n b; ", "[a];[b];"},
        {"a 'x;y' \"p;q\" -- r;s\n/* t;u */;b", "[a 'x;y' \"p;q\"];[b]"},
        {"a\n-- the end", "[a]"},
        {"\xEF\xBB\xBF"
         "a;b",
         "[a];[b]"},
        {"a 'b; c;", "[a 'b; c;]"},
        {"begin; a; end; b", "[begin];[a];[end];[b]"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_string_equal(statements(LIM_SQLITE, CASES[i].text), CASES[i].tokens);
        assert_string_equal(statements(LIM_POSTGRES, CASES[i].text), CASES[i].tokens);
    }
}

static void sqlite_triggers_end_at_their_end(void **unused) {
    (void)unused;
    static const token_case CASES[] = {
        {"create trigger t begin a; b; end; c", "[create trigger t begin a; b; end];[c]"},
        {"CREATE TEMP TRIGGER t BEGIN a; END", "[CREATE TEMP TRIGGER t BEGIN a; END]"},
        {"create /* x */ temporary -- y\n trigger t begin a; end ; b",
         "[create /* x */ temporary -- y\n trigger t begin a; end];[b]"},
        {"create trigger t begin select case a when 1 then 2 end; end; b",
         "[create trigger t begin select case a when 1 then 2 end; end];[b]"},
        {"create trigger t begin a; end b; end; c", "[create trigger t begin a; end b; end];[c]"},
        {"create trigger t begin a; ; end; c", "[create trigger t begin a; ; end];[c]"},
        {"create trigger t begin a; \"end\"; end; c",
         "[create trigger t begin a; \"end\"; end];[c]"},
        {"create trigger if not exists t begin a; b",
         "[create trigger if not exists t begin a; b]"},
        {"explain create trigger t begin a; end; b", "[explain create trigger t begin a; end];[b]"},
        {"explain query plan create temp trigger t begin a; end; b",
         "[explain query plan create temp trigger t begin a; end];[b]"},
        {"explain explain create trigger t begin a; end; b",
         "[explain explain create trigger t begin a];[end];[b]"},
        {"create table trigger (a); b", "[create table trigger (a)];[b]"},
        {"drop trigger t; end; b", "[drop trigger t];[end];[b]"},
        {"create \"trigger\" t begin a; end; b", "[create \"trigger\" t begin a];[end];[b]"},
        {"a (b; c)", "[a (b];[c)]"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_string_equal(statements(LIM_SQLITE, CASES[i].text), CASES[i].tokens);
}

static void postgres_statements_hold_rules_and_atomic_bodies(void **unused) {
    (void)unused;
    static const token_case CASES[] = {
        {"create rule r as on insert to t do (a; b); c",
         "[create rule r as on insert to t do (a; b)];[c]"},
        {"a (b; c", "[a (b; c]"},
        {"a ); b", "[a )];[b]"},
        {"create function f() returns int as $$ begin; end; $$ language sql; b",
         "[create function f() returns int as $$ begin; end; $$ language sql];[b]"},
        {"CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; b",
         "[CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END];[b]"},
        {"create procedure f() begin atomic end; b", "[create procedure f() begin atomic end];[b]"},
        {"create function f() begin atomic select case when a then case when b then 1 end end; "
         "select 1 as end; end; b",
         "[create function f() begin atomic select case when a then case when b then 1 end end; "
         "select 1 as end; end];[b]"},
        {"create function f() begin atomic select 1 as case; select x.end; end; b",
         "[create function f() begin atomic select 1 as case; select x.end; end];[b]"},
        {"create function f(begin int) begin /* x */ atomic; end; b",
         "[create function f(begin int) begin /* x */ atomic; end];[b]"},
        {"create function f() returns begin; b", "[create function f() returns begin];[b]"},
        {"create view atomic as select 1; begin; b; end",
         "[create view atomic as select 1];[begin];[b];[end]"},
        {"create trigger t execute function f(); b", "[create trigger t execute function f()];[b]"},
        {"do $x$ a; $x$; b", "[do $x$ a; $x$];[b]"},
        {"begin atomic a; end; b", "[begin atomic a];[end];[b]"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_string_equal(statements(LIM_POSTGRES, CASES[i].text), CASES[i].tokens);
}

static void an_unterminated_statement_says_so(void **unused) {
    (void)unused;
    static const char TEXT[] = "a; b 'c; d";
    lim_statement s;
    size_t cursor = 0;
    assert_true(lim_next_statement(LIM_SQLITE, TEXT, strlen(TEXT), &cursor, &s));
    assert_false(s.unterminated);
    assert_true(lim_next_statement(LIM_SQLITE, TEXT, strlen(TEXT), &cursor, &s));
    assert_true(s.unterminated);
}

/* Any text falls into tokens and statements without a gap: whatever stands outside of statements is
** white space, comment or semicolon. */
static void any_text_falls_into_tokens_and_statements(void **unused) {
    (void)unused;
    static const char *const PIECES[] = {
        "'",         "\"",      "[",     "]",     "`",        "$$",
        "$a$",       "--",      "/*",    "*/",    "\n",       " ",
        ";",         "(",       ")",     "e'",    "\\",       "x'",
        "u&\"",      "begin ",  "end ",  "case ", "create ",  "trigger ",
        "function ", "atomic ", "temp ", "1",     ".",        ":",
        "+",         "-",       "@",     "a",     "explain ", "\xEF\xBB\xBF",
        "\xc3\xa9",  "\r",      "or ",   "as "};
    uint64_t seed = 4;
    for (int run = 0; run < 30000; run++) {
        char text[300] = "";
        for (uint32_t n = test_below(&seed, 24); n > 0; n--)
            strcat(text, PIECES[test_below(&seed, sizeof PIECES / sizeof *PIECES)]);
        size_t length = strlen(text);
        for (int d = LIM_SQLITE; d <= LIM_POSTGRES; d++) {
            tokens((lim_dialect)d, text, length);
            size_t cursor = 0, behind = 0;
            lim_statement s;
            bool more;
            do {
                more = lim_next_statement((lim_dialect)d, text, length, &cursor, &s);
                size_t gap_end = more ? s.start : length;
                while (behind < gap_end) {
                    lim_token t = lim_lex((lim_dialect)d, text, length, behind);
                    assert_true(t.kind == LIM_TOKEN_SPACE || t.kind == LIM_TOKEN_COMMENT ||
                                t.kind == LIM_TOKEN_SEMICOLON);
                    behind += t.length;
                }
                assert_int_equal(behind, gap_end);
                if (more)
                    behind = s.end;
            } while (more);
        }
    }
}

static void hostile_texts_take_linear_time(void **unused) {
    (void)unused;
    static const char *const PATTERNS[] = {"'",         "\"",
                                           "''",        "[",
                                           "`",         "/*",
                                           "*/",        "/**/",
                                           "-",         "--\n",
                                           "$$",        "$a$",
                                           "$a",        "$",
                                           "(",         ")",
                                           ";",         "+",
                                           "@",         "e'\\",
                                           "e'a'\n",    "e'a'--\n",
                                           "x'",        ".",
                                           "1",         "1_",
                                           ":",         "$a::",
                                           "$a(",       "u&\"",
                                           "a",         "\\",
                                           "\n",        "create trigger ",
                                           "; end",     "create function begin atomic ; ",
                                           "/* /* */ ", "-/",
                                           "+- ",       "\xEF\xBB\xBF",
                                           "explain ",  "e'a' \n\n\n",
                                           "1e",        "<>",
                                           "?",         "E'",
                                           "]",         "0x_"};
    enum { SIZE = TEST_HOSTILE_SIZE };
    char *text = malloc(SIZE);
    for (size_t i = 0; i < sizeof PATTERNS / sizeof *PATTERNS; i++) {
        size_t size = strlen(PATTERNS[i]);
        for (size_t at = 0; at < SIZE; at++)
            text[at] = PATTERNS[i][at % size];
        clock_t began = clock();
        for (int d = LIM_SQLITE; d <= LIM_POSTGRES; d++) {
            lim_statement s;
            size_t cursor = 0;
            while (lim_next_statement((lim_dialect)d, text, SIZE, &cursor, &s))
                assert_true(cursor <= SIZE);
            for (size_t at = 0; at < SIZE;)
                at += lim_lex((lim_dialect)d, text, SIZE, at).length;
        }
        test_took_linear_time(began, PATTERNS[i]);
    }
    free(text);
}

static bool naming(lim_context *cx) {
    return lim_token_name(cx, LIM_SQLITE, "\"a\"", lim_lex(LIM_SQLITE, "\"a\"", 3, 0)) != NULL &&
           lim_token_name(cx, LIM_SQLITE, "a", lim_lex(LIM_SQLITE, "a", 1, 0)) != NULL;
}

static void memory_may_run_out_at_any_time(void **unused) {
    (void)unused;
    test_out_of_memory(naming);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_dialects_share_most_tokens),
        cmocka_unit_test(sqlite_tokens),
        cmocka_unit_test(postgres_tokens),
        cmocka_unit_test(words_are_told_whatever_their_case),
        cmocka_unit_test(names_lose_their_quotes),
        cmocka_unit_test(statements_end_at_semicolons),
        cmocka_unit_test(sqlite_triggers_end_at_their_end),
        cmocka_unit_test(postgres_statements_hold_rules_and_atomic_bodies),
        cmocka_unit_test(an_unterminated_statement_says_so),
        cmocka_unit_test(any_text_falls_into_tokens_and_statements),
        cmocka_unit_test(hostile_texts_take_linear_time),
        cmocka_unit_test(memory_may_run_out_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
