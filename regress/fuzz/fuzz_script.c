/*
** fuzz_script.c - any bytes as a migration file, and as the bodies of a revision that is written
**
** The first byte says how much memory there is, the second which section a body goes into. A file
** that is read keeps its checksum; what is written from it, or around any body, reads back the same.
*/
#include "fuzz_memory.h"

#include "core/checksum.h"
#include "core/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check_list(const lim_list *a, const lim_list *b) {
    CHECK(a->count == b->count);
    for (uint32_t i = 0; i < a->count; i++)
        CHECK(strcmp(a->items[i], b->items[i]) == 0);
}

/* The body that a section is read back with. */
static const char *normal(lim_context *cx, const lim_section *section, size_t *length) {
    const char *body =
        lim_canonical(cx, section->body == NULL ? "" : section->body, section->length, length);
    if (body != NULL && *length > 0)
        --*length;
    return body;
}

/* Writes a script; what is written must read back the same. */
static void check_written(lim_context *cx, const lim_script *s) {
    size_t length, body_length;
    const char *text = lim_script_print(cx, s, &length);
    if (text == NULL) {
        CHECK(cx->error.code == LIM_INVALID || cx->error.code == LIM_NOMEM);
        return;
    }
    lim_script back;
    if (!lim_script_parse(cx, text, length, NULL, &back)) {
        CHECK(cx->error.code == LIM_NOMEM);
        return;
    }
    CHECK(back.text == text && back.length == length);
    char printed[LIM_CHECKSUM_SIZE], unprinted[LIM_CHECKSUM_SIZE];
    lim_script settled = *s;
    if (!lim_script_checksum(cx, s, unprinted) || !lim_script_settle(cx, &settled)) {
        CHECK(cx->error.code == LIM_NOMEM);
        return;
    }
    lim_checksum(text, length, printed);
    CHECK(strcmp(printed, unprinted) == 0);
    CHECK(same_text(settled.message, back.message));
    CHECK(same_text(s->id, back.id));
    CHECK(same_text(s->message != NULL && *s->message == '\0' ? NULL : s->message, back.message));
    CHECK(s->has_down_revision == back.has_down_revision);
    check_list(&s->down_revision, &back.down_revision);
    check_list(&s->depends_on, &back.depends_on);
    check_list(&s->branch_labels, &back.branch_labels);
    for (int d = 0; d < 2; d++) {
        for (int v = 0; v < LIM_VARIANTS; v++) {
            const lim_section *a = &s->sections[d][v], *b = &back.sections[d][v];
            CHECK(a->present == b->present);
            if (!a->present)
                continue;
            CHECK(a->transactional == b->transactional);
            const char *body = normal(cx, a, &body_length);
            if (body == NULL)
                return;
            CHECK(body_length == b->length);
            CHECK(body_length == 0 || memcmp(body, b->body, body_length) == 0);
            const lim_section *c = &settled.sections[d][v];
            CHECK(c->length == b->length && memcmp(c->body, b->body, b->length) == 0);
        }
    }
}

static void check_file(lim_context *cx, const char *text, size_t size) {
    char before[LIM_CHECKSUM_SIZE], after[LIM_CHECKSUM_SIZE];
    lim_script s;
    if (!lim_script_parse(cx, text, size, "20240101_add_users.sql", &s)) {
        CHECK(cx->error.code == LIM_SYNTAX || cx->error.code == LIM_INVALID ||
              cx->error.code == LIM_NOMEM);
        CHECK(cx->error.message != NULL);
        return;
    }
    lim_checksum(text, size, before);
    lim_checksum(s.text, s.length, after);
    CHECK(strcmp(before, after) == 0);
    CHECK(lim_script_file_name(cx, s.id, s.message) != NULL || cx->error.code == LIM_NOMEM);
    CHECK(lim_compare_ids(s.id, s.id) == 0);
    check_written(cx, &s);
    CHECK(cx->error.code == LIM_OK || cx->error.code == LIM_NOMEM);
}

/* The bytes as the names and bodies of one revision, cut into parts at the zero bytes. */
static void check_revision(lim_context *cx, uint8_t sections, const char *text, size_t size) {
    lim_script s = {.id = "r", .has_down_revision = true};
    for (int i = 0; i < 6; i++) {
        if ((sections >> i & 1) == 0 && i > 0)
            continue;
        size_t length = size;
        const char *end = size == 0 ? NULL : memchr(text, '\0', size);
        if (end != NULL)
            length = (size_t)(end - text);
        s.sections[i / 3][i % 3] =
            (lim_section){.present = true, .transactional = i != 2, .body = text, .length = length};
        if (end == NULL)
            continue;
        text += length + 1;
        size -= length + 1;
    }
    check_written(cx, &s);
}

static void check_name(lim_context *cx, const char *text, size_t size) {
    const char *id, *message;
    const char *name = lim_copy(cx, text, size < 80 ? size : 80);
    if (name != NULL && lim_script_name(cx, name, &id, &message)) {
        CHECK(id == NULL || *id != '\0');
        CHECK(message == NULL || (*message != '\0' && id != NULL));
        lim_script_file_name(cx, name, name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    const char *text = (const char *)data + 2;
    size_t memory = data[0] < 200 ? SIZE_MAX : data[0] - 200U;
    lim_context cx;
    fuzz_memory m;
    fuzz_begin(&cx, &m, memory);
    check_file(&cx, text, size - 2);
    lim_context_end(&cx);
    fuzz_begin(&cx, &m, memory);
    check_revision(&cx, data[1], text, size - 2);
    lim_context_end(&cx);
    fuzz_begin(&cx, &m, memory);
    check_name(&cx, text, size - 2);
    lim_context_end(&cx);
    return 0;
}
