/*
** test_history.c - drawings: exact ones, hostile text, and random graphs read back from the picture
*/
#include "graph_fixture.h"
#include "history.h"
#include "lanes.h"

/* Builds a graph whose revisions get the messages in their order. */
static void build(fixture *f, const char *graph, const char *rows, const char *const *messages) {
    assert_true(fixture_rows(f, graph));
    for (uint32_t i = 0; messages && messages[i]; i++)
        f->ledger.revisions[i].message = messages[i];
    assert_true(fixture_versions(f, rows));
    assert_non_null(f->g = lim_graph_build(&f->cx, &f->ledger, NULL));
    assert_true(lim_state_build(&f->cx, f->g, &f->ledger, &f->state));
}

static void assert_drawing(const char *graph, const char *rows, const char *const *messages,
                           const char *format, const char *expected) {
    fixture f;
    fixture_begin(&f, 0);
    build(&f, graph, rows, messages);
    const char *drawn = lim_draw(&f.cx, f.g, &f.state, format);
    assert_non_null(drawn);
    assert_string_equal(drawn, expected);
    fixture_end(&f);
}

static const char LINE[] = "001; 002:001; 003:002";
static const char DIAMOND[] = "aaaa; bbb1:aaaa; bbb2:aaaa; mmmm:bbb1,bbb2; tttt:mmmm";
static const char FOREST[] = "xxx1[x]; xxx2:xxx1; yyy1[y]; yyy2:yyy1<xxx1; yyy3:yyy2";

/* ---- text ------------------------------------------------------------------------------------ */

static void a_line_tells_what_is_applied(void **unused) {
    (void)unused;
    static const char *const messages[] = {"create users", "add email", "", NULL};
    assert_drawing(LINE, "002", messages, NULL,
                   "o 003 (head)\n"
                   "@ 002 add email\n"
                   "* 001 create users");
    assert_drawing(LINE, "", messages, "text",
                   "o 003 (head)\n"
                   "o 002 add email\n"
                   "o 001 create users");
}

static void branches_and_merges_have_lanes(void **unused) {
    (void)unused;
    assert_drawing("aaaa; bbbb:aaaa; ccc1:bbbb[l1,l3]; ddd1:ccc1; ccc2:bbbb[l2]; ddd2:ccc2",
                   "ccc1,ddd2", NULL, NULL,
                   "o ddd1 (head)\n"
                   "@ ccc1 [l1, l3]\n"
                   "| @ ddd2 (head)\n"
                   "| * ccc2 [l2]\n"
                   "|/\n"
                   "* bbbb\n"
                   "* aaaa");
    assert_drawing(DIAMOND, "tttt", NULL, NULL,
                   "@ tttt (head)\n"
                   "*   mmmm\n"
                   "|\\\n"
                   "* | bbb1\n"
                   "| * bbb2\n"
                   "|/\n"
                   "* aaaa");
    /* an arm that meets the lane beside it */
    assert_drawing("a; b:a; c:a; m:c,b; t:m,b", "c", NULL, NULL,
                   "o   t (head)\n"
                   "|\\\n"
                   "o | m\n"
                   "|\\|\n"
                   "@ | c\n"
                   "| o b\n"
                   "|/\n"
                   "* a");
    /* lanes that cross others on their way to the left */
    assert_drawing("a; b:a; c:b; d:c; e:a; f:b; g:c; x:d,e; y:a; z:y,x,f,g", "c", NULL, NULL,
                   "o---.   z (head)\n"
                   "|\\ \\ \\\n"
                   "o | | | y\n"
                   "| o | |   x\n"
                   "| |\\ \\ \\\n"
                   "| o | | | d\n"
                   "| | | | o g\n"
                   "| | |_|/\n"
                   "| |/| |\n"
                   "| | | o f\n"
                   "| @ | | c\n"
                   "| | |/\n"
                   "| |/|\n"
                   "| * | b\n"
                   "|/ /\n"
                   "| o e\n"
                   "|/\n"
                   "* a");
    /* an arm that goes left at once */
    assert_drawing("a; b1:a; b2:a; b3:a; m:b1,b2,b3; x:a; y:m,x; z:m,y", "", NULL, NULL,
                   "o   z (head)\n"
                   "|\\\n"
                   "| o y\n"
                   "|/|\n"
                   "| o x\n"
                   "|  \\\n"
                   "o-. |   m\n"
                   "|\\ \\ \\\n"
                   "o | | | b1\n"
                   "| |_|/\n"
                   "|/| |\n"
                   "| o | b2\n"
                   "|/ /\n"
                   "| o b3\n"
                   "|/\n"
                   "o a");
}

static void bases_stand_apart(void **unused) {
    (void)unused;
    assert_drawing("a1; a2:a1; b1; b2:b1", "a1", NULL, NULL,
                   "o a2 (head)\n"
                   "@ a1\n"
                   "\n"
                   "o b2 (head)\n"
                   "o b1");
    assert_drawing("a; b", "", NULL, NULL, "o a (head)\n\no b (head)");
}

static void a_dependency_is_told_in_words(void **unused) {
    (void)unused;
    assert_drawing(FOREST, "xxx2,yyy1", NULL, NULL,
                   "@ xxx2 (head)\n"
                   "| o yyy3 (head)\n"
                   "| o yyy2 (depends on xxx1)\n"
                   "| @ yyy1 [y]\n"
                   "* xxx1 [x]");
    assert_drawing("a; b; c:b<a; d<a,c", "", NULL, NULL,
                   "o d (depends on a, c) (head)\n"
                   "\n"
                   "o c (depends on a)\n"
                   "o b\n"
                   "\n"
                   "o a");
}

static void an_octopus_has_an_arm_for_each_parent(void **unused) {
    (void)unused;
    assert_drawing("a; b1:a; b2:a; b3:a; b4:a; b5:a; b6:a; b7:a; m:b1,b2,b3,b4,b5,b6,b7", "b1,b2",
                   NULL, NULL,
                   "o---------.   m (head)\n"
                   "|\\ \\ \\ \\ \\ \\\n"
                   "@ | | | | | | b1\n"
                   "| @ | | | | | b2\n"
                   "|/ / / / / /\n"
                   "| o | | | | b3\n"
                   "|/ / / / /\n"
                   "| o | | | b4\n"
                   "|/ / / /\n"
                   "| o | | b5\n"
                   "|/ / /\n"
                   "| o | b6\n"
                   "|/ /\n"
                   "| o b7\n"
                   "|/\n"
                   "* a");
    /* lanes on its right make room first */
    assert_drawing("a; b1:a; b2:a; b3:a; m:b1,b2,b3; x:a; y:m,x", "", NULL, NULL,
                   "o   y (head)\n"
                   "|\\\n"
                   "|  \\\n"
                   "o-. |   m\n"
                   "|\\ \\ \\\n"
                   "o | | | b1\n"
                   "| | | o x\n"
                   "| |_|/\n"
                   "|/| |\n"
                   "| o | b2\n"
                   "|/ /\n"
                   "| o b3\n"
                   "|/\n"
                   "o a");
}

static void nothing_is_nothing(void **unused) {
    (void)unused;
    assert_drawing("", "", NULL, NULL, "");
    assert_drawing("", "zzzz", NULL, "text", "");
}

/* With more lanes than are drawn, each revision still has its line, and lines stay short. */
static void lanes_past_the_last_are_hidden(void **unused) {
    (void)unused;
    enum { WIDE = LIM_LANES_DRAWN + 40 };
    fixture f;
    fixture_begin(&f, 0);
    lim_text graph = {.cx = &f.cx};
    lim_text_adds(&graph, "root; else");
    for (int i = 0; i < WIDE; i++)
        lim_text_addf(&graph, "; a%03d:root; b%03d:a%03d", i, i, i);
    for (int i = 0; i < WIDE; i++)
        lim_text_addf(&graph, "%sb%03d", i == 0 ? "; top:" : ",", i);
    lim_text_adds(&graph, "; aside:root,else"); /* comes while all those lanes are open */
    build(&f, lim_text_end(&graph), "", NULL);
    const char *drawn = lim_draw(&f.cx, f.g, &f.state, NULL);
    assert_non_null(drawn);
    int named = 0, hidden = 0;
    for (const char *line = drawn; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t length = strcspn(line, "\n");
        assert_true(length <= 2 * LIM_LANES_DRAWN + 4 + strlen("aside (head)"));
        named += length > 4 && strncmp(line + length - 1, "|", 1) != 0 &&
                 memchr(line, 'o', length) != NULL;
        hidden += memchr(line, '~', length) != NULL;
    }
    assert_int_equal(named, 2 * WIDE + 4);
    assert_non_null(strstr(drawn, " ~ o aside (head)\n"));
    assert_in_range(hidden, 40, 2 * WIDE);
    fixture_end(&f);
}

/* ---- random graphs, read back from their drawings -------------------------------------------- */

enum { REVISIONS = 14, PLACES = 64 };

/* The revisions (as bits) that come down at each place: on a lane that stands there, or just
 *arrived
 ** by a `/` and perhaps on the way further. */
typedef struct picture {
    uint32_t stands[PLACES], arrived[PLACES];
    uint32_t wider; /* lines so far on which lanes to the right made room */
    size_t wider_from;
    uint32_t parents[REVISIONS]; /* found */
} picture;

static uint32_t picture_at(const picture *p, size_t place) {
    return p->stands[place] | p->arrived[place];
}

static void picture_commit(picture *p, const char *line, size_t width, uint32_t self, bool base) {
    picture before = *p;
    size_t mark = width;
    if (p->wider > 0) {
        uint32_t by = (p->wider + 1) / 2;
        for (size_t i = PLACES; i-- > p->wider_from + by;)
            before.stands[i] = picture_at(p, i - by), before.arrived[i] = 0;
        p->wider = 0;
    }
    memset(p->stands, 0, sizeof p->stands);
    memset(p->arrived, 0, sizeof p->arrived);
    for (size_t i = 0; i < width; i += 2) {
        if (line[i] == '|') {
            p->stands[i / 2] = picture_at(&before, i / 2);
        } else if (line[i] == 'o') {
            mark = i;
            for (uint32_t child = 0; child < REVISIONS; child++)
                if (picture_at(&before, i / 2) >> child & 1)
                    p->parents[child] |= 1u << self;
        }
        if ((line[i] == 'o' || (line[i] != ' ' && line[i] != '|' && i > mark)) && !base)
            p->stands[i / 2] = 1u << self;
    }
    assert_true(mark < width);
}

static void picture_step(picture *p, const char *line, size_t width) {
    picture before = *p;
    const char *first = memchr(line, '\\', width);
    if (first && first > line && first[-1] == ' ' && strchr("| \\", first[-2]) &&
        (first < line + 2 || first[-2] != '\\') && !memchr(line, '/', width)) {
        if (p->wider++ == 0)
            p->wider_from = (size_t)(first - line - 1) / 2;
        return;
    }
    memset(p->stands, 0, sizeof p->stands);
    memset(p->arrived, 0, sizeof p->arrived);
    for (size_t i = 0; i < width; i++) {
        size_t place = (i + 1) / 2, to = i;
        uint32_t arrived = before.arrived[place], stands = before.stands[place];
        switch (line[i]) {
        case '|':
            arrived = before.arrived[i / 2], stands = before.stands[i / 2];
            p->stands[i / 2] |= i > 0 && line[i - 1] == '/' && stands ? stands : arrived | stands;
            break;
        case '\\':
            p->stands[place] |= picture_at(&before, place - 1);
            break;
        case '/':
            while (to >= 2 && line[to - 2] == '_')
                to -= 2;
            if (i + 1 < width && line[i + 1] == '|' && arrived)
                p->arrived[(to - 1) / 2] |= arrived;
            else
                p->arrived[(to - 1) / 2] |= arrived | stands;
            break;
        default:
            break;
        }
    }
}

static uint32_t random_state;

static uint32_t random_below(uint32_t limit) {
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

/* Adds a random graph to the text, and its edges as bits to parents. */
static void random_graph(lim_text *graph, uint32_t parents[REVISIONS]) {
    uint32_t merges = 2 + random_below(5);
    for (uint32_t i = 0; i < REVISIONS; i++) {
        uint32_t count = random_below(12) == 0 ? 0 : 1;
        if (random_below(merges) == 0)
            count = 2 + random_below(3);
        parents[i] = 0;
        lim_text_addf(graph, "%sr%02u", i == 0 ? "" : ";", i);
        for (uint32_t k = 0; i > 0 && k < count; k++) {
            uint32_t near = i < 5 || random_below(3) == 0 ? i : 5;
            uint32_t parent = i - 1 - random_below(near);
            if (parents[i] >> parent & 1)
                continue;
            lim_text_addf(graph, "%sr%02u", parents[i] ? "," : ":", parent);
            parents[i] |= 1u << parent;
        }
    }
}

static void random_drawings_show_the_graph(void **unused) {
    (void)unused;
    for (uint32_t seed = 0; seed < 3000; seed++) {
        fixture f;
        uint32_t parents[REVISIONS];
        picture p = {0};
        fixture_begin(&f, 0);
        random_state = seed;
        lim_text graph = {.cx = &f.cx};
        random_graph(&graph, parents);
        build(&f, lim_text_end(&graph), "", NULL);
        const char *drawn = lim_draw(&f.cx, f.g, &f.state, NULL);
        assert_non_null(drawn);
        for (const char *line = drawn; line; line = strchr(line, '\n')) {
            line += *line == '\n';
            size_t length = strcspn(line, "\n");
            const char *name = memchr(line, 'r', length);
            if (name) {
                uint32_t self = (uint32_t)strtoul(name + 1, NULL, 10);
                picture_commit(&p, line, (size_t)(name - line), self, parents[self] == 0);
            } else {
                assert_true(length == 0 || line[length - 1] != ' ');
                picture_step(&p, line, length);
            }
        }
        for (uint32_t i = 0; i < REVISIONS; i++)
            if (p.parents[i] != parents[i])
                fail_msg("seed %u: r%02u has parents %x, drawn are %x in\n%s", seed, i, parents[i],
                         p.parents[i], drawn);
        fixture_end(&f);
    }
}

/* ---- the other formats ----------------------------------------------------------------------- */

#define MERMAID_CLASSES                                                                     \
    "    classDef pending fill:#ffffff,stroke:#888888,color:#444444,stroke-dasharray:4 3\n" \
    "    classDef applied fill:#dff3e1,stroke:#2f7d3b,color:#10301a\n"                      \
    "    classDef current fill:#2f7d3b,stroke:#10301a,color:#ffffff,stroke-width:3px"
#define DOT_PENDING                                                                        \
    "class=\"pending\", fillcolor=\"#ffffff\", color=\"#888888\", fontcolor=\"#444444\", " \
    "style=\"rounded,filled,dashed\"];\n"
#define DOT_APPLIED \
    "class=\"applied\", fillcolor=\"#dff3e1\", color=\"#2f7d3b\", fontcolor=\"#10301a\"];\n"
#define DOT_CURRENT                                                                        \
    "class=\"current\", fillcolor=\"#2f7d3b\", color=\"#10301a\", fontcolor=\"#ffffff\", " \
    "penwidth=3];\n"
#define DOT_START         \
    "digraph limbeck {\n" \
    "    node [shape=box, style=\"rounded,filled\"];\n"

static void mermaid(void **unused) {
    (void)unused;
    static const char *const messages[] = {"create users", "add email", "", NULL};
    assert_drawing("", "", NULL, "mermaid", "flowchart TD\n" MERMAID_CLASSES);
    assert_drawing(LINE, "002", messages, "mermaid",
                   "flowchart TD\n"
                   "    n2[\"003\"]:::pending\n"
                   "    n1[\"002<br/>add email\"]:::current\n"
                   "    n0[\"001<br/>create users\"]:::applied\n"
                   "    n2 --> n1\n"
                   "    n1 --> n0\n" MERMAID_CLASSES);
    assert_drawing(DIAMOND, "", NULL, "mermaid",
                   "flowchart TD\n"
                   "    n4[\"tttt\"]:::pending\n"
                   "    n3[\"mmmm\"]:::pending\n"
                   "    n1[\"bbb1\"]:::pending\n"
                   "    n2[\"bbb2\"]:::pending\n"
                   "    n0[\"aaaa\"]:::pending\n"
                   "    n4 --> n3\n"
                   "    n3 --> n1\n"
                   "    n3 --> n2\n"
                   "    n1 --> n0\n"
                   "    n2 --> n0\n" MERMAID_CLASSES);
    assert_drawing(FOREST, "yyy1", NULL, "mermaid",
                   "flowchart TD\n"
                   "    n1[\"xxx2\"]:::pending\n"
                   "    n4[\"yyy3\"]:::pending\n"
                   "    n3[\"yyy2\"]:::pending\n"
                   "    n2[\"yyy1 [y]\"]:::current\n"
                   "    n0[\"xxx1 [x]\"]:::pending\n"
                   "    n1 --> n0\n"
                   "    n4 --> n3\n"
                   "    n3 --> n2\n"
                   "    n3 -.-> n0\n" MERMAID_CLASSES);
}

static void dot(void **unused) {
    (void)unused;
    static const char *const messages[] = {"create users", "add email", "", NULL};
    assert_drawing("", "", NULL, "dot", DOT_START "}");
    assert_drawing(LINE, "002", messages, "dot",
                   DOT_START "    n2 [label=\"003\", " DOT_PENDING
                             "    n1 [label=\"002\\nadd email\", " DOT_CURRENT
                             "    n0 [label=\"001\\ncreate users\", " DOT_APPLIED "    n2 -> n1;\n"
                             "    n1 -> n0;\n"
                             "}");
    assert_drawing(FOREST, "yyy1", NULL, "dot",
                   DOT_START
                   "    n1 [label=\"xxx2\", " DOT_PENDING "    n4 [label=\"yyy3\", " DOT_PENDING
                   "    n3 [label=\"yyy2\", " DOT_PENDING "    n2 [label=\"yyy1 [y]\", " DOT_CURRENT
                   "    n0 [label=\"xxx1 [x]\", " DOT_PENDING "    n1 -> n0;\n"
                   "    n4 -> n3;\n"
                   "    n3 -> n2;\n"
                   "    n3 -> n0 [style=dashed];\n"
                   "}");
}

static void unknown_formats_are_refused(void **unused) {
    (void)unused;
    static const char *const formats[] = {"", "TEXT", "svg\n"};
    static const char *const messages[] = {"unknown graph format \"\"",
                                           "unknown graph format \"TEXT\"",
                                           "unknown graph format \"svg\\n\""};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        fixture f;
        fixture_begin(&f, 0);
        build(&f, LINE, "", NULL);
        assert_null(lim_draw(&f.cx, f.g, &f.state, formats[i]));
        assert_int_equal(f.cx.error.code, LIM_INVALID);
        assert_string_equal(f.cx.error.message, messages[i]);
        assert_string_equal(f.cx.error.hint, "The formats are text, mermaid and dot.");
        fixture_end(&f);
    }
}

/* ---- what users write ------------------------------------------------------------------------ */

static void hostile_messages_break_nothing(void **unused) {
    (void)unused;
    static const char graph[] = "a\"b; c\\:a\"b; d]:c\\";
    static const char *const messages[] = {
        "say \"hi\"]:::x; n0 --> n9\nsecond line",
        "%%{init: {\"theme\": 1}}%% <b>&amp;\\N\\",
        "\n  \x1b[31m\xe2\x80\xae\xff `x` #35; caf\xc3\xa9\t",
        NULL,
    };
    assert_drawing(graph, "", messages, NULL,
                   "o d] \\x1b[31m\\xe2\\x80\\xae\\xff `x` #35; caf\xc3\xa9\\t (head)\n"
                   "o c\\ %%{init: {\"theme\": 1}}%% <b>&amp;\\N\\\n"
                   "o a\"b say \"hi\"]:::x; n0 --> n9...");
    assert_drawing(graph, "", messages, "mermaid",
                   "flowchart TD\n"
                   "    n2[\"d#93;<br/>#92;x1b#91;31m#92;xe2#92;x80#92;xae#92;xff #96;x#96; "
                   "#35;35#59; caf\xc3\xa9#92;t\"]:::pending\n"
                   "    n1[\"c#92;<br/>#37;#37;#123;init#58; #123;#34;theme#34;#58; "
                   "1#125;#125;#37;#37; #60;b#62;#38;amp#59;#92;N#92;\"]:::pending\n"
                   "    n0[\"a#34;b<br/>say #34;hi#34;#93;#58;#58;#58;x#59; n0 --#62; "
                   "n9...\"]:::pending\n"
                   "    n2 --> n1\n"
                   "    n1 --> n0\n" MERMAID_CLASSES);
    assert_drawing(graph, "", messages, "dot",
                   DOT_START
                   "    n2 [label=\"d]\\n\\\\x1b[31m\\\\xe2\\\\x80\\\\xae\\\\xff `x` #35; "
                   "caf\xc3\xa9\\\\t\", " DOT_PENDING
                   "    n1 [label=\"c\\\\\\n%%{init: {\\\"theme\\\": 1}}%% "
                   "<b>&amp;amp;\\\\N\\\\\", " DOT_PENDING
                   "    n0 [label=\"a\\\"b\\nsay \\\"hi\\\"]:::x; n0 --> n9...\", " DOT_PENDING
                   "    n2 -> n1;\n"
                   "    n1 -> n0;\n"
                   "}");
}

static void long_text_is_cut(void **unused) {
    (void)unused;
    static const char *const messages[] = {
        "sixty characters are shown of a message, and not a single on",
        "sixty characters are shown of a message, and not a single one",
        "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
        "0123456789012345678901234567890123456789012345678\xe2\x82\xac!",
        " \r\n ",
        NULL,
    };
    assert_drawing("a; b:a; c:b; "
                   "d123456789d123456789d123456789d123456789d123456789d123456789d123456789"
                   "d123456789d:c",
                   "", messages, NULL,
                   "o d123456789d123456789d123456789d123456789d123456789d123456789d123456789"
                   "d123456789... (head)\n"
                   "o c \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                   "\xc3\xa9"
                   "0123456789012345678901234567890123456789012345678\xe2\x82\xac...\n"
                   "o b sixty characters are shown of a message, and not a single on...\n"
                   "o a sixty characters are shown of a message, and not a single on");
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void every_allocation_may_fail(void **unused) {
    (void)unused;
    static const char *const formats[] = {NULL, "mermaid", "dot"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        bool done = false;
        for (size_t n = 1; !done; n++) {
            fixture f;
            fixture_begin(&f, n);
            if (fixture_build(&f, "a[l\xc3\xa9]; b1:a; b2:a; b3:a; m:b1,b2,b3<a; x; y:x<m", "b1")) {
                f.ledger.revisions[1].message = "caf\xc3\xa9\n";
                done = lim_draw(&f.cx, f.g, &f.state, formats[i]) != NULL;
            }
            assert_int_equal(f.cx.error.code, done ? LIM_OK : LIM_NOMEM);
            fixture_end(&f);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_tells_what_is_applied),
        cmocka_unit_test(branches_and_merges_have_lanes),
        cmocka_unit_test(bases_stand_apart),
        cmocka_unit_test(a_dependency_is_told_in_words),
        cmocka_unit_test(an_octopus_has_an_arm_for_each_parent),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(lanes_past_the_last_are_hidden),
        cmocka_unit_test(random_drawings_show_the_graph),
        cmocka_unit_test(mermaid),
        cmocka_unit_test(dot),
        cmocka_unit_test(unknown_formats_are_refused),
        cmocka_unit_test(hostile_messages_break_nothing),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
