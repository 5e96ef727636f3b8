/*
** export.c - see export.h
*/
#include "export.h"

#include "script.h"

#include <stdlib.h>
#include <string.h>

/* ---- which revisions, in which order ------------------------------------------------------- */

/* Puts the members of a set in an order: in that of storing, but each behind its parents. */
static bool parents_first(lim_context *cx, const lim_graph *g, lim_set *set, lim_export *exports,
                          uint32_t *count) {
    lim_node *stack = LIM_NEW(cx, lim_node, (size_t)g->count + 1);
    uint32_t *seen = LIM_NEW(cx, uint32_t, (size_t)g->count + 1);
    if (stack == NULL || seen == NULL)
        return false;
    *count = 0;
    for (lim_node first = 0; first < g->count; first++) {
        uint32_t depth = 0;
        if (!set[first])
            continue;
        stack[depth++] = first;
        while (depth > 0) {
            lim_node n = stack[depth - 1];
            lim_nodes parents = lim_neighbours(&g->all_down, n);
            while (seen[n] < parents.count && !set[parents.node[seen[n]]])
                seen[n]++;
            if (seen[n] < parents.count) {
                stack[depth++] = parents.node[seen[n]];
            } else {
                set[n] = 0;
                exports[(*count)++] = (lim_export){n, LIM_NONE};
                depth--;
            }
        }
    }
    return true;
}

typedef struct placed {
    const char *id;
    lim_export *item;
} placed;

static int compare_placed(const void *a, const void *b) {
    return lim_compare_ids(((const placed *)a)->id, ((const placed *)b)->id);
}

/* Finds for each file the one before it in the directory that they make. */
static bool find_before(lim_context *cx, const lim_graph *g, lim_export *exports, uint32_t count) {
    placed *order = LIM_NEW(cx, placed, (size_t)count + 1);
    if (order == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++)
        order[i] = (placed){lim_id(g, exports[i].node), &exports[i]};
    if (count > 1)
        qsort(order, count, sizeof *order, compare_placed);
    for (uint32_t i = 1; i < count; i++)
        order[i].item->before = order[i - 1].item->node;
    return true;
}

bool lim_export_range(lim_context *cx, lim_graph *g, const lim_state *state, const char *range,
                      lim_export **exports, uint32_t *count) {
    lim_nodes nodes;
    lim_set *set = lim_set_new(cx, g);
    if (set == NULL || !lim_target_history(cx, g, state, range, &nodes) ||
        (*exports = LIM_NEW(cx, lim_export, (size_t)nodes.count + 1)) == NULL)
        return false;
    for (uint32_t i = 0; i < nodes.count; i++)
        set[nodes.node[i]] = 1;
    return parents_first(cx, g, set, *exports, count) && find_before(cx, g, *exports, *count);
}

/* ---- one file ------------------------------------------------------------------------------ */

/* Which header lines a script has. */
typedef struct headers {
    bool revision, message, down_revision;
} headers;

/* Reads the script as a text without a name: what is still known then stands in its lines. */
static bool read_headers(lim_context *cx, lim_bytes text, headers *h) {
    lim_script script;
    if (!lim_script_parse(cx, text.text, text.length, NULL, &script))
        return false;
    *h = (headers){script.id != NULL, script.message != NULL, script.has_down_revision};
    return true;
}

/* id_message.sql with the message as it is, underscores for its blanks. */
static const char *plain_name(lim_context *cx, const char *id, const char *message) {
    lim_text t = {.cx = cx};
    lim_text_adds(&t, id);
    if (*message != '\0')
        lim_text_addc(&t, '_');
    for (; *message != '\0'; message++)
        lim_text_addc(&t, *message == ' ' ? '_' : *message);
    lim_text_adds(&t, ".sql");
    return lim_text_end(&t);
}

/* True when the name gives what the lines don't. */
static bool name_says(lim_context *cx, const char *name, const headers *h,
                      const lim_revision *row) {
    const char *id, *message;
    if (!lim_script_name(cx, name, &id, &message))
        return false;
    return (h->revision || (id != NULL && strcmp(id, row->id) == 0)) &&
           (h->message || strcmp(message != NULL ? message : "", row->message) == 0);
}

/* A short name where it says all that is needed, else one that spells the message out; where even
** the id is in the way of that (a file whose lines give an id that is no number), a number stands
** before the message. */
static const char *choose_name(lim_context *cx, const headers *h, const lim_revision *row) {
    const char *name = lim_script_file_name(cx, row->id, row->message);
    if (name == NULL)
        return NULL;
    if (h->revision && strncmp(name, row->id, strlen(row->id)) != 0) /* an id no file can bear */
        name = lim_format(cx, "%.*s_%lld.sql", (int)strlen(name) - 4, name, (long long)row->seq);
    if (name == NULL || name_says(cx, name, h, row))
        return name;
    name = plain_name(cx, row->id, row->message);
    if (name == NULL || name_says(cx, name, h, row))
        return name;
    const char *number = lim_format(cx, "%lld", (long long)row->seq);
    return number == NULL ? NULL : plain_name(cx, number, row->message);
}

/* True when the place behind another file gives the parents that the revision has. */
static bool place_says(const lim_graph *g, lim_node n, lim_node before) {
    lim_nodes parents = lim_neighbours(&g->down, n);
    return before == LIM_NONE ? parents.count == 0
                              : parents.count == 1 && parents.node[0] == before;
}

static bool add_parents(lim_context *cx, const lim_graph *g, lim_node n, lim_bytes *script) {
    lim_text t = {.cx = cx};
    const char *parents = lim_parents_text(cx, g, n);
    if (parents == NULL)
        return false;
    lim_text_reserve(&t, script->length + 64);
    lim_text_addf(&t, "-- migrate:down_revision %s\n", parents);
    lim_text_add(&t, script->text, script->length);
    script->text = lim_text_end(&t);
    script->length = t.length;
    return script->text != NULL;
}

bool lim_export_file(lim_context *cx, const lim_graph *g, const lim_stored *stored, lim_node before,
                     const char **name, lim_bytes *script) {
    lim_node n = lim_find_id(g, stored->row->id);
    headers h;
    script->text = lim_stored_script(cx, g, stored, &script->length);
    if (script->text == NULL || !read_headers(cx, *script, &h) ||
        (*name = choose_name(cx, &h, stored->row)) == NULL)
        return false;
    return h.down_revision || place_says(g, n, before) || add_parents(cx, g, n, script);
}
