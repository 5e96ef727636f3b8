/*
** fuzz_alter.c - any bytes as a CREATE TABLE and the ALTER TABLEs that edit it
**
** The first byte says how much memory there is; the text up to the first ; is the definition, the
** statements behind it are applied to it. Checked are: spans lie in the text and in order, the place of
** an error lies in the statement, and an edited definition can be cut again.
*/
#include "fuzz_memory.h"

#include "core/alter_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clause(const lim_create_table *t, const lim_clause *c) {
    CHECK(c->whole.start <= c->body && c->body <= c->whole.end && c->whole.end <= t->length);
    CHECK(c->value.start <= c->value.end && c->value.end <= t->length);
    CHECK(c->comma == LIM_NOWHERE || (c->comma < c->whole.start && t->text[c->comma] == ','));
}

static void check_table(lim_context *cx, const lim_create_table *t) {
    size_t behind = t->left;
    lim_named_constraint *named;
    uint32_t count;
    CHECK(t->column_count > 0 && t->text[t->left] == '(' && t->text[t->right] == ')');
    for (uint32_t i = 0; i < t->column_count; i++) {
        const lim_table_column *c = &t->columns[i];
        CHECK(behind < c->whole.start && c->name_span.start == c->whole.start);
        CHECK(c->name_span.end <= c->type.start && c->type.end <= c->whole.end);
        for (uint32_t k = 0; k < c->clause_count; k++)
            check_clause(t, &c->clauses[k]);
        CHECK((i == 0) == (c->comma == LIM_NOWHERE));
        behind = c->whole.end;
    }
    for (uint32_t i = 0; i < t->constraint_count; i++)
        check_clause(t, &t->constraints[i]);
    CHECK(lim_name_constraints(cx, t, &named, &count) || cx->error.code == LIM_NOMEM);
}

static void check_alter(lim_context *cx, lim_edit *edit, const char *text,
                        const lim_statement *statement) {
    lim_alter alter;
    size_t place = statement->start;
    if (!lim_alter_parse(cx, text, statement, &alter, &place)) {
        CHECK(cx->error.code != LIM_OK && cx->error.message != NULL);
        CHECK(place >= statement->start && place <= statement->end);
        return;
    }
    edit->statement++;
    for (uint32_t i = 0; i < alter.count; i++) {
        const lim_alter_action *action = &alter.actions[i];
        CHECK(action->at >= statement->start && action->at < statement->end);
        lim_edit_must_wait(edit, text, action);
        if (!lim_edit_apply(edit, text, action)) {
            CHECK(cx->error.code != LIM_OK);
            return;
        }
        check_table(cx, &edit->table);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > 4000)
        return 0;
    const char *text = (const char *)data + 1;
    size_t length = size - 1, cursor = 0;
    lim_context cx;
    fuzz_memory m;
    lim_statement statement;
    lim_edit edit;
    char *definition;
    if (memchr(text, '\0', length) != NULL)
        return 0;
    fuzz_begin(&cx, &m, data[0] < 200 ? SIZE_MAX : data[0] - 200U);
    if (lim_next_statement(LIM_SQLITE, text, length, &cursor, &statement) &&
        (definition = lim_copy(&cx, text, statement.end)) != NULL &&
        lim_edit_begin(&cx, definition, statement.end, &edit)) {
        check_table(&cx, &edit.table);
        while (cx.error.code == LIM_OK &&
               lim_next_statement(LIM_SQLITE, text, length, &cursor, &statement))
            if (lim_is_alter_table(text, &statement))
                check_alter(&cx, &edit, text, &statement);
    }
    lim_context_end(&cx);
    return 0;
}
