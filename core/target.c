/*
** target.c - see target.h; the rules are GRAPH.md's, section by section
*/
#include "target.h"

#include <stdlib.h>
#include <string.h>

/* ---- one word, taken apart ------------------------------------------------------------------ */

/* What a call does with its words: which forms it allows and how its errors are told. */
typedef enum lim_use {
    USE_UPGRADE,
    USE_DOWNGRADE,
    USE_STAMP,
    USE_SHOW,
    USE_PARENTS,
    USE_ONE,
    USE_RANGE
} lim_use;

static const char *const use_names[] = {"migrate_upgrade", "migrate_downgrade", "migrate_stamp",
                                        "migrate_show",    "migrate_revision",  "this place",
                                        "a history range"};

/* A word: [label@][symbol][steps]. */
typedef struct lim_word {
    const char *text;   /* as typed */
    const char *scope;  /* the text before the first @, NULL: none */
    const char *symbol; /* "" for a step without one */
    bool relative;
    bool up;          /* the step's sign */
    uint32_t steps;   /* saturated */
    const char *step; /* the step as typed, with its sign */
    lim_node label;   /* the revision that the scope stands for, LIM_NONE: none */
    lim_set *lineage; /* of label; NULL: none */
} lim_word;

static lim_nodes just(lim_context *cx, lim_node n) {
    lim_node *one = LIM_NEW(cx, lim_node, 1);
    if (!one) {
        return (lim_nodes){NULL, 0};
    }
    *one = n;
    return (lim_nodes){one, 1};
}

static bool cannot_locate(lim_context *cx, const char *name) {
    return lim_fail(cx, LIM_UNDEFINED,
                    "SELECT * FROM migrate_history() lists the stored revisions.",
                    "can't locate revision identified by '%s'", lim_show(cx, name));
}

static bool fail_ambiguous_prefix(lim_context *cx, const char *name, const lim_list *names) {
    lim_text all = {.cx = cx};
    for (uint32_t i = 0; i < names->count; i++) {
        lim_text_addf(&all, "%s'%s'", i ? ", " : "", lim_show(cx, names->items[i]));
    }
    const char *listed = lim_text_end(&all);
    return listed && lim_fail(cx, LIM_AMBIGUOUS, "Give more characters of the one that is meant.",
                              "multiple revisions start with '%s': %s", lim_show(cx, name), listed);
}

/* The one node that a name stands for: exactly, else as a unique prefix; within lineage if given.
 */
static bool find_one(lim_context *cx, const lim_graph *g, const char *name, const lim_set *lineage,
                     const char *scope, lim_node *found) {
    lim_nodes nodes;
    lim_list names;
    *found = lim_find_name(g, name);
    if (*found == LIM_NONE) {
        if (!lim_find_prefix(cx, g, name, &nodes, &names)) {
            return false;
        }
        lim_list inside = {0};
        for (uint32_t i = 0; i < nodes.count; i++) {
            if (!lineage || lineage[nodes.node[i]]) {
                *found = nodes.node[i];
                if (!lim_list_add(cx, &inside, names.items[i])) {
                    return false;
                }
            }
        }
        if (inside.count > 1) {
            return fail_ambiguous_prefix(cx, name, &inside);
        }
        if (inside.count == 0) {
            cannot_locate(cx, name);
            if (nodes.count && scope) {
                return lim_fail_detail(cx, "None on branch '%s' begins so.", lim_show(cx, scope));
            }
            return lim_utf8_length(name, strlen(name)) >= 4
                       ? false
                       : lim_fail_detail(cx, "No such revision or branch; a partial identifier "
                                             "should have at least four characters.");
        }
    }
    if (lineage && !lineage[*found]) {
        return lim_fail(cx, LIM_UNDEFINED,
                        "Name a revision on that branch, or leave the branch out.",
                        "revision %s is not a member of branch '%s'",
                        lim_show(cx, lim_id(g, *found)), lim_show(cx, scope));
    }
    return true;
}

/* Resolves the scope of a word, always and in full. */
static bool resolve_scope(lim_context *cx, const lim_graph *g, lim_word *word) {
    if (!word->scope) {
        return true;
    }
    if (!*word->scope) {
        return lim_fail(cx, LIM_INVALID, "Write the branch label before the @, or no @.",
                        "no branch label stands before the @ in '%s'", lim_show(cx, word->text));
    }
    if (!find_one(cx, g, word->scope, NULL, NULL, &word->label)) {
        if (cx->error.code == LIM_UNDEFINED) {
            lim_fail_detail(cx, "No such branch: '%s'.", lim_show(cx, word->scope));
        }
        return false;
    }
    word->lineage = lim_lineage(cx, g, (lim_nodes){&word->label, 1}, false);
    return word->lineage != NULL;
}

/* Finds the step at the end of a text: a sign and digits to the end. NULL: there is none. */
static const char *find_step(const char *text) {
    const char *end = text + strlen(text), *p = end;
    while (p > text && p[-1] >= '0' && p[-1] <= '9') {
        p--;
    }
    return p < end && p > text && (p[-1] == '+' || p[-1] == '-') ? p - 1 : NULL;
}

/* Whether the symbol, taken whole, names something, so that `2024-01` is a name before it is a
 * step. */
static bool is_name(lim_context *cx, const lim_graph *g, const char *symbol, bool *yes) {
    lim_nodes nodes;
    lim_list names;
    *yes = lim_find_name(g, symbol) != LIM_NONE;
    if (*yes) {
        return true;
    }
    if (!lim_find_prefix(cx, g, symbol, &nodes, &names)) {
        return false;
    }
    *yes = nodes.count > 0;
    return true;
}

static bool parse_word(lim_context *cx, const lim_graph *g, const char *text, lim_word *word) {
    const char *at = strchr(text, '@');
    *word = (lim_word){.text = text, .symbol = text, .label = LIM_NONE};
    if (!*text) {
        return lim_fail(cx, LIM_INVALID, "Write head, base, a revision id or a step such as +1.",
                        "the target is empty");
    }
    if (!lim_utf8_valid(text, strlen(text), NULL)) {
        return lim_fail(cx, LIM_INVALID, NULL, "the target '%s' is not valid UTF-8",
                        lim_show(cx, text));
    }
    if (strchr(text, ':')) {
        return lim_fail(cx, LIM_INVALID,
                        "Write one target; a range is for migrate_history() and its like.",
                        "range revision not allowed: '%s'", lim_show(cx, text));
    }
    if (at) {
        word->symbol = at + 1;
        if (!(word->scope = lim_copy(cx, text, (size_t)(at - text)))) {
            return false;
        }
    }
    const char *step = find_step(word->symbol);
    if (step) {
        bool name = false;
        if (step > word->symbol && !is_name(cx, g, word->symbol, &name)) {
            return false;
        }
        if (!name) {
            word->relative = true;
            word->up = *step == '+';
            word->step = step;
            for (const char *p = step + 1; *p; p++) {
                uint32_t digit = (uint32_t)(*p - '0');
                word->steps =
                    word->steps > (LIM_NONE - digit) / 10 ? LIM_NONE - 1 : word->steps * 10 + digit;
            }
            word->symbol = lim_copy(cx, word->symbol, (size_t)(step - word->symbol));
        }
    }
    if (!word->symbol) {
        return false;
    }
    if (!*word->symbol && !word->relative) {
        return lim_fail(cx, LIM_INVALID, "Write a revision, head or base after the @.",
                        "nothing stands after the @ in '%s'", lim_show(cx, text));
    }
    return resolve_scope(cx, g, word);
}

static bool is(const lim_word *word, const char *symbol) {
    return strcmp(word->symbol, symbol) == 0;
}

/* ---- words without a step ------------------------------------------------------------------- */

static bool fail_multiple_heads(lim_context *cx, const lim_graph *g, lim_use use,
                                const char *argument, lim_nodes heads) {
    const char *shown = lim_show(cx, argument);
    if (use == USE_PARENTS) {
        lim_fail(cx, LIM_AMBIGUOUS, "Name the head, or join the heads with migrate_merge('heads').",
                 "multiple heads are present; please specify the head revision on which the new "
                 "revision should be based, or perform a merge");
    } else if (use == USE_STAMP) {
        lim_fail(cx, LIM_AMBIGUOUS, "Name one of them, or write heads for all.",
                 "multiple heads are present; please specify a single target revision");
    } else {
        lim_fail(cx, LIM_AMBIGUOUS, "SELECT * FROM migrate_heads() lists them.",
                 "multiple head revisions are present for given argument '%s'; please specify a "
                 "specific target revision, '<branchname>@%s' to narrow to a specific head, or "
                 "'heads' for all heads",
                 shown, shown);
    }
    const char *ids = lim_nodes_text(cx, g, heads);
    return ids && lim_fail_detail(cx, "The heads are: %s.", ids);
}

/* `head` and `heads`, within the word's scope. */
static bool resolve_heads(lim_context *cx, const lim_graph *g, lim_use use, const lim_word *word,
                          lim_nodes *nodes) {
    bool one = is(word, "head");
    if (word->lineage) {
        *nodes = lim_versioned_heads(cx, g);
        if (cx->error.code || !lim_nodes_within(cx, *nodes, word->lineage, nodes)) {
            return false;
        }
    } else {
        lim_nodes versioned = lim_versioned_heads(cx, g);
        *nodes = lim_real_heads(cx, g);
        if (one && (versioned.count == 1 || nodes->count != 1)) {
            *nodes = versioned;
        }
    }
    if (cx->error.code) {
        return false;
    }
    return one && nodes->count > 1 ? fail_multiple_heads(cx, g, use, word->text, *nodes) : true;
}

/* `current`, where it has a meaning: the version rows. */
static bool resolve_current(lim_context *cx, lim_use use, const lim_word *word,
                            const lim_state *state, lim_nodes *nodes) {
    if (use != USE_SHOW && use != USE_RANGE) {
        return lim_fail(
            cx, LIM_INVALID,
            "SELECT * FROM migrate_current() shows the current revisions; a step such as "
            "+1 or -1 starts from them.",
            "'current' is not a target for %s", use_names[use]);
    }
    *nodes = state->rows;
    return word->lineage ? lim_nodes_within(cx, *nodes, word->lineage, nodes) : true;
}

/* A word without a step; base gives no nodes. */
static bool resolve_absolute(lim_context *cx, const lim_graph *g, lim_use use, const lim_word *word,
                             const lim_state *state, lim_nodes *nodes) {
    lim_node n;
    *nodes = (lim_nodes){NULL, 0};
    if (is(word, "head") || is(word, "heads")) {
        return resolve_heads(cx, g, use, word, nodes);
    }
    if (is(word, "base")) {
        return true;
    }
    if (is(word, "current")) {
        return resolve_current(cx, use, word, state, nodes);
    }
    if (!find_one(cx, g, word->symbol, word->lineage, word->scope, &n)) {
        return false;
    }
    *nodes = just(cx, n);
    return nodes->node != NULL;
}

/* The same where there can be but one: LIM_NONE is base. */
static bool resolve_single(lim_context *cx, const lim_graph *g, lim_use use, const lim_word *word,
                           const lim_state *state, lim_node *n) {
    lim_nodes nodes;
    if (!resolve_absolute(cx, g, use, word, state, &nodes)) {
        return false;
    }
    if (nodes.count > 1) {
        return fail_multiple_heads(cx, g, use, word->text, nodes);
    }
    *n = nodes.count ? nodes.node[0] : LIM_NONE;
    return true;
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* Where a walk ended. */
typedef struct lim_walk {
    lim_node node; /* LIM_NONE: base */
    bool short_of; /* there were not as many steps to take */
} lim_walk;

/* Takes steps up or down from a node (LIM_NONE: base), upward within lineage if given. */
static bool walk(lim_context *cx, const lim_graph *g, const lim_word *word, lim_node from,
                 const lim_set *lineage, lim_walk *out) {
    lim_nodes bases = {NULL, 0};
    *out = (lim_walk){from, false};
    for (uint32_t i = 0; i < word->steps; i++) {
        lim_nodes choices;
        if (word->up && out->node == LIM_NONE) {
            bases = lim_bases(cx, g);
            choices = bases;
        } else if (out->node == LIM_NONE) {
            out->short_of = true;
            return true;
        } else {
            choices = lim_neighbours(word->up ? &g->next : &g->down, out->node);
        }
        if (cx->error.code ||
            (word->up && lineage && !lim_nodes_within(cx, choices, lineage, &choices))) {
            return false;
        }
        if (choices.count > 1) {
            lim_fail(cx, LIM_AMBIGUOUS,
                     word->up ? "Put a branch label and an @ before the step, or name the revision."
                              : "Name the revision to go down to.",
                     "ambiguous walk");
            const char *ids = lim_nodes_text(cx, g, choices);
            return ids && lim_fail_detail(cx, "Step %u of '%s' could go to any of: %s.", i + 1,
                                          lim_show(cx, word->text), ids);
        }
        if (choices.count == 0) {
            if (word->up) {
                out->short_of = true;
                return true;
            }
            out->node = LIM_NONE;
            continue;
        }
        out->node = choices.node[0];
    }
    return true;
}

static bool fail_steps(lim_context *cx, const lim_word *word) {
    const char *count = word->step + 1;
    while (*count == '0' && count[1]) {
        count++;
    }
    return lim_fail(cx, LIM_STATE,
                    "SELECT * FROM migrate_history() shows what there is to walk over.",
                    "relative revision %s didn't produce %s migrations", lim_show(cx, word->step),
                    lim_show(cx, count));
}

/* A step from the present state that goes nowhere or down, where only up is possible. Alembic counts
** +0 and -0 as 0. */
static bool fail_step_up(lim_context *cx, const lim_word *word) {
    if (word->steps == 0) {
        return lim_fail(cx, LIM_STATE, "A step up is +1 or more.",
                        "relative revision 0 didn't produce 0 migrations");
    }
    return fail_steps(cx, word);
}

static bool fail_many_rows(lim_context *cx, const lim_graph *g, const lim_word *word,
                           lim_nodes rows, const char *message) {
    const char *first = lim_show(cx, lim_id(g, rows.node[0]));
    const char *hint =
        lim_format(cx, "Say which one, for instance '%s@%s'.", first, lim_show(cx, word->step));
    const char *ids = lim_nodes_text(cx, g, rows);
    if (!hint || !ids) {
        return false;
    }
    lim_fail(cx, LIM_AMBIGUOUS, hint, "%s", message);
    return lim_fail_detail(cx, "The current revisions are: %s.", ids);
}

/* Where the steps behind a symbol start. */
static bool start_at_symbol(lim_context *cx, const lim_graph *g, lim_use use, const lim_word *word,
                            const lim_state *state, lim_node *start) {
    if (is(word, "base") && !word->up) {
        return lim_fail(cx, LIM_INVALID, "Write base to go down to the very beginning.",
                        "nothing lies below base: '%s'", lim_show(cx, word->text));
    }
    return resolve_single(cx, g, use, word, state, start);
}

/* The applied revisions of a lineage that have no applied child of the given kind in it. */
static bool applied_tips(lim_context *cx, const lim_graph *g, const lim_state *state,
                         const lim_set *lineage, const lim_adjacency *children, lim_nodes *tips) {
    lim_set *set = lim_set_new(cx, g);
    if (!set) {
        return false;
    }
    for (lim_node n = 0; n < g->count; n++) {
        set[n] = state->applied[n] && lineage[n];
        lim_nodes above = lim_neighbours(children, n);
        for (uint32_t i = 0; set[n] && i < above.count; i++) {
            if (state->applied[above.node[i]] && (children == &g->next || lineage[above.node[i]])) {
                set[n] = 0;
            }
        }
    }
    return lim_set_members(cx, g, set, tips);
}

/* Where a step up from the present state starts: LIM_NONE is base. */
static bool start_of_step_up(lim_context *cx, const lim_graph *g, const lim_word *word,
                             const lim_state *state, lim_node *start) {
    lim_nodes rows = state->rows;
    if (word->lineage) {
        if (!lim_nodes_within(cx, state->rows, word->lineage, &rows) ||
            (rows.count == 0 && !applied_tips(cx, g, state, word->lineage, &g->all_next, &rows))) {
            return false;
        }
    }
    if (rows.count > 1) {
        return fail_many_rows(cx, g, word, rows,
                              "ambiguous upgrade from multiple current revisions");
    }
    *start = rows.count ? rows.node[0] : LIM_NONE;
    return true;
}

/* A word with a step as upgrade reads it. clamp: a walk that ends early stays where it ended. */
static bool resolve_step_up(lim_context *cx, const lim_graph *g, lim_use use, const lim_word *word,
                            const lim_state *state, bool clamp, lim_node *target) {
    lim_node start = LIM_NONE;
    lim_walk end;
    if (!*word->symbol) {
        if (!word->up || word->steps == 0) {
            return fail_step_up(cx, word);
        }
        if (!start_of_step_up(cx, g, word, state, &start)) {
            return false;
        }
    } else if (!start_at_symbol(cx, g, use, word, state, &start)) {
        return false;
    }
    if (!walk(cx, g, word, start, word->lineage, &end)) {
        return false;
    }
    if (!clamp && (end.short_of || end.node == LIM_NONE)) {
        return fail_steps(cx, word);
    }
    *target = end.node;
    return true;
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* The words of a list and what each stands for. */
typedef struct lim_words {
    lim_word *words;
    lim_nodes *nodes;
    uint32_t count;
} lim_words;

static bool parse_words(lim_context *cx, const lim_graph *g, const char *text, lim_words *all) {
    lim_list list = {0};
    if (!lim_list_split(cx, text, &list)) {
        return false;
    }
    if (list.count == 0 && !lim_list_add(cx, &list, "")) { /* parse_word() refuses it */
        return false;
    }
    all->count = list.count;
    all->words = LIM_NEW(cx, lim_word, list.count);
    all->nodes = LIM_NEW(cx, lim_nodes, list.count);
    if (!all->words || !all->nodes) {
        return false;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        if (!parse_word(cx, g, list.items[i], &all->words[i])) {
            return false;
        }
        if (all->words[i].relative && list.count > 1) {
            return lim_fail(
                cx, LIM_INVALID, "Name the revisions, or take the steps one call at a time.",
                "a relative step can't stand in a list: '%s'", lim_show(cx, all->words[i].text));
        }
    }
    return true;
}

/* A step where the call takes none. */
static bool refuse_step(lim_context *cx, lim_use use, const lim_word *word) {
    if (!word->relative) {
        return true;
    }
    return lim_fail(
        cx, LIM_INVALID, "Name the revision; SELECT * FROM migrate_history() lists them.",
        "a relative step is not a target for %s: '%s'", use_names[use], lim_show(cx, word->text));
}

/* All nodes of all words, each once, in the order of the words. */
static bool union_of(lim_context *cx, const lim_graph *g, const lim_words *all, lim_nodes *nodes) {
    uint32_t count = 0, total = 0;
    lim_set *seen = lim_set_new(cx, g);
    for (uint32_t i = 0; i < all->count; i++) {
        total += all->nodes[i].count;
    }
    lim_node *merged = LIM_NEW(cx, lim_node, (size_t)total + 1);
    if (!seen || !merged) {
        return false;
    }
    for (uint32_t i = 0; i < all->count; i++) {
        for (uint32_t k = 0; k < all->nodes[i].count; k++) {
            lim_node n = all->nodes[i].node[k];
            if (!seen[n]) {
                seen[n] = 1;
                merged[count++] = n;
            }
        }
    }
    *nodes = (lim_nodes){merged, count};
    return true;
}

/* Names the first of some nodes that lies above another. */
static bool fail_overlap(lim_context *cx, const lim_graph *g, lim_nodes nodes, lim_node below) {
    lim_node above;
    return lim_find_above(cx, g, nodes, below, &above) &&
           lim_fail(cx, LIM_INVALID, "Leave out the one that lies below the other.",
                    "requested revision %s overlaps with other requested revisions %s",
                    lim_show(cx, lim_id(g, above)), lim_show(cx, lim_id(g, below)));
}

/* Refuses two words of which one's revision is an ancestor of the other's. Which two they are is asked
** only where any node lies below another, for it takes a walk a word. */
static bool refuse_overlap(lim_context *cx, const lim_graph *g, const lim_words *all) {
    lim_set *below = lim_set_new(cx, g);
    lim_nodes nodes;
    if (!below || !union_of(cx, g, all, &nodes) ||
        !lim_mark_beyond(cx, g, &g->all_down, nodes, below) ||
        !lim_nodes_within(cx, nodes, below, &nodes)) {
        return false;
    }
    for (uint32_t i = 0; nodes.count > 0 && i < all->count; i++) {
        memset(below, 0, g->count);
        if (!lim_mark_beyond(cx, g, &g->all_down, all->nodes[i], below)) {
            return false;
        }
        for (uint32_t j = 0; j < all->count; j++) {
            for (uint32_t k = 0; j != i && k < all->nodes[j].count; k++) {
                if (below[all->nodes[j].node[k]]) {
                    return fail_overlap(cx, g, all->nodes[i], all->nodes[j].node[k]);
                }
            }
        }
    }
    return true;
}

/* ---- the calls ------------------------------------------------------------------------------ */

bool lim_target_upgrade(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                        lim_nodes *targets) {
    lim_words all;
    if (!parse_words(cx, g, text ? text : "head", &all)) {
        return false;
    }
    for (uint32_t i = 0; i < all.count; i++) {
        if (all.words[i].relative) {
            lim_node n;
            if (!resolve_step_up(cx, g, USE_UPGRADE, &all.words[i], state, false, &n)) {
                return false;
            }
            all.nodes[i] = just(cx, n);
        } else if (!resolve_absolute(cx, g, USE_UPGRADE, &all.words[i], state, &all.nodes[i])) {
            return false;
        }
    }
    return !cx->error.code && refuse_overlap(cx, g, &all) && union_of(cx, g, &all, targets);
}

/* `-N` and `label@-N`: the row to start from, which is also the branch that goes down. */
static bool start_of_step_down(lim_context *cx, const lim_graph *g, const lim_word *word,
                               const lim_state *state, lim_node *start) {
    lim_nodes rows = state->rows;
    if (word->lineage &&
        (!lim_nodes_within(cx, rows, word->lineage, &rows) ||
         (rows.count == 0 && !applied_tips(cx, g, state, word->lineage, &g->next, &rows)))) {
        return false;
    }
    if (rows.count > 1) {
        return fail_many_rows(cx, g, word, rows,
                              lim_format(cx, "downgrade %s from multiple heads is ambiguous",
                                         lim_show(cx, word->text)));
    }
    if (rows.count == 0) {
        if (!word->lineage) {
            return fail_steps(cx, word);
        }
        return lim_fail(cx, LIM_STATE, "SELECT * FROM migrate_current() shows what is applied.",
                        "no current revision is on branch '%s'", lim_show(cx, word->scope));
    }
    *start = rows.node[0];
    return true;
}

static bool resolve_step_down(lim_context *cx, const lim_graph *g, const lim_word *word,
                              const lim_state *state, lim_downgrade *out) {
    lim_node start = LIM_NONE;
    lim_walk end;
    bool from_state = !*word->symbol;
    out->label = word->label;
    if (from_state) {
        if (word->up || word->steps == 0) {
            return fail_steps(cx, word);
        }
        if (!start_of_step_down(cx, g, word, state, &start)) {
            return false;
        }
        if (out->label == LIM_NONE) {
            out->label = start;
        }
    } else if (!start_at_symbol(cx, g, USE_DOWNGRADE, word, state, &start)) {
        return false;
    }
    if (!walk(cx, g, word, start, word->lineage, &end)) {
        return false;
    }
    if (end.short_of || (word->up && end.node == LIM_NONE)) { /* base+0 */
        return from_state ? fail_steps(cx, word)
                          : lim_fail(cx, LIM_STATE,
                                     "SELECT * FROM migrate_history() shows what there is to walk "
                                     "over.",
                                     "walked too far: '%s'", lim_show(cx, word->text));
    }
    out->target = end.node;
    return true;
}

bool lim_target_downgrade(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                          lim_downgrade *target) {
    lim_words all;
    *target = (lim_downgrade){LIM_NONE, LIM_NONE, text};
    if (!text) {
        return lim_fail(cx, LIM_INVALID, "Write -1, a revision, or base to undo everything.",
                        "migrate_downgrade needs a target");
    }
    if (!parse_words(cx, g, text, &all)) {
        return false;
    }
    if (all.count > 1) {
        return lim_fail(cx, LIM_INVALID, "Downgrade to one target a call.",
                        "migrate_downgrade takes one target, not a list: '%s'", lim_show(cx, text));
    }
    lim_word *word = &all.words[0];
    if (word->relative) {
        return resolve_step_down(cx, g, word, state, target);
    }
    target->label = word->label;
    return resolve_single(cx, g, USE_DOWNGRADE, word, state, &target->target);
}

bool lim_target_stamp(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                      lim_stamp **words, uint32_t *count) {
    lim_words all;
    if (!text) {
        return lim_fail(cx, LIM_INVALID, "Write head, a revision, or base to clear the version.",
                        "migrate_stamp needs a target");
    }
    if (!parse_words(cx, g, text, &all) || !(*words = LIM_NEW(cx, lim_stamp, all.count))) {
        return false;
    }
    *count = all.count;
    for (uint32_t i = 0; i < all.count; i++) {
        if (!refuse_step(cx, USE_STAMP, &all.words[i]) ||
            !resolve_absolute(cx, g, USE_STAMP, &all.words[i], state, &all.nodes[i])) {
            return false;
        }
        if (all.nodes[i].count == 0 && !all.words[i].lineage && all.count > 1) {
            return lim_fail(cx, LIM_INVALID, "Stamp base alone to clear the version.",
                            "'%s' can't stand in a list: it is below every other target",
                            lim_show(cx, all.words[i].text));
        }
        (*words)[i] = (lim_stamp){all.words[i].label, all.nodes[i]};
    }
    return refuse_overlap(cx, g, &all);
}

bool lim_target_show(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                     lim_nodes *nodes) {
    lim_words all;
    if (!text) {
        return lim_fail(cx, LIM_INVALID, "Name one or several, or write heads or current.",
                        "migrate_show needs a revision");
    }
    if (!parse_words(cx, g, text, &all)) {
        return false;
    }
    for (uint32_t i = 0; i < all.count; i++) {
        if (!refuse_step(cx, USE_SHOW, &all.words[i]) ||
            !resolve_absolute(cx, g, USE_SHOW, &all.words[i], state, &all.nodes[i])) {
            return false;
        }
    }
    return union_of(cx, g, &all, nodes);
}

bool lim_target_parents(lim_context *cx, lim_graph *g, const char *text, lim_nodes *nodes) {
    lim_words all;
    uint32_t total = 0, filled = 0;
    if (!parse_words(cx, g, text ? text : "head", &all)) {
        return false;
    }
    for (uint32_t i = 0; i < all.count; i++) {
        if (!refuse_step(cx, USE_PARENTS, &all.words[i]) ||
            !resolve_absolute(cx, g, USE_PARENTS, &all.words[i], NULL, &all.nodes[i])) {
            return false;
        }
        total += all.nodes[i].count;
    }
    lim_node *parents = LIM_NEW(cx, lim_node, (size_t)total + 1);
    if (!parents) {
        return false;
    }
    for (uint32_t i = 0; i < all.count; i++) {
        for (uint32_t k = 0; k < all.nodes[i].count; k++) {
            parents[filled++] = all.nodes[i].node[k];
        }
    }
    *nodes = (lim_nodes){parents, filled};
    return true;
}

lim_node lim_target_one(lim_context *cx, lim_graph *g, const char *text) {
    lim_word word;
    lim_node n = LIM_NONE;
    if (!parse_word(cx, g, text ? text : "", &word) || !refuse_step(cx, USE_ONE, &word) ||
        !resolve_single(cx, g, USE_ONE, &word, NULL, &n)) {
        return LIM_NONE;
    }
    if (n == LIM_NONE) {
        lim_fail(cx, LIM_INVALID, "Name a stored revision.", "'%s' is not a revision",
                 lim_show(cx, text));
    }
    return n;
}

/* ---- ranges --------------------------------------------------------------------------------- */

typedef struct lim_range {
    const char *text;
    bool from_base;      /* the start is base, so that dependencies are listed as well */
    lim_word start_word; /* valid when a start was written */
    bool has_start;
    lim_nodes start;
    lim_nodes end;
} lim_range;

/* `-N`, `label@-N` as a start: each real head (of the branch), walked down N; past the base is
 * base. */
static bool range_start_step(lim_context *cx, lim_graph *g, lim_range *range) {
    const lim_word *word = &range->start_word;
    lim_nodes heads = lim_real_heads(cx, g);
    lim_set *starts = lim_set_new(cx, g);
    if (cx->error.code || !starts) {
        return false;
    }
    if (*word->symbol || word->up) {
        return lim_fail(cx, LIM_INVALID,
                        "A range may start at a revision, at base, at current, or at -N.",
                        "'%s' can't be the start of a range", lim_show(cx, word->text));
    }
    for (uint32_t i = 0; i < heads.count; i++) {
        lim_walk end;
        if (word->lineage && !word->lineage[heads.node[i]]) {
            continue;
        }
        if (!walk(cx, g, word, heads.node[i], NULL, &end)) {
            return false;
        }
        if (end.node == LIM_NONE) {
            range->from_base = true;
        } else {
            starts[end.node] = 1;
        }
    }
    return range->from_base || lim_set_members(cx, g, starts, &range->start);
}

static bool range_start(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                        lim_range *range) {
    if (!*text) {
        range->from_base = true;
        return true;
    }
    range->has_start = true;
    if (!parse_word(cx, g, text, &range->start_word)) {
        return false;
    }
    if (range->start_word.relative) {
        return range_start_step(cx, g, range);
    }
    if (!resolve_absolute(cx, g, USE_RANGE, &range->start_word, state, &range->start)) {
        return false;
    }
    range->from_base = range->start.count == 0;
    return true;
}

static bool range_end(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                      lim_range *range) {
    lim_word word;
    lim_node n;
    if (!parse_word(cx, g, *text ? text : "heads", &word)) {
        return false;
    }
    if (!word.relative) {
        return resolve_absolute(cx, g, USE_RANGE, &word, state, &range->end);
    }
    if (!*word.symbol && !word.up && word.steps) {
        return lim_fail(cx, LIM_INVALID, "Write -N: to list from N below the heads.",
                        "relative revision %s didn't produce %s migrations",
                        lim_show(cx, word.step), lim_show(cx, word.step + 1));
    }
    /* steps without a symbol count from the start of the range */
    lim_state from = {.rows = range->start, .applied = lim_set_new(cx, g)};
    if (!from.applied || !lim_mark(cx, g, &g->all_down, from.rows, from.applied) ||
        !resolve_step_up(cx, g, USE_RANGE, &word, *word.symbol ? state : &from, true, &n)) {
        return false;
    }
    range->end = n == LIM_NONE ? (lim_nodes){NULL, 0} : just(cx, n);
    return !cx->error.code;
}

/* With a start on a branch (`label@...`) only the ends that belong to the branch are followed. */
static bool range_ends_on_branch(lim_context *cx, lim_graph *g, lim_range *range) {
    const lim_word *word = &range->start_word;
    if (!range->has_start || !word->lineage) {
        return true;
    }
    lim_set *kept = lim_set_new(cx, g);
    bool is_label = lim_find_label(g, word->scope) == word->label;
    if (!kept) {
        return false;
    }
    for (uint32_t i = 0; i < range->end.count; i++) {
        lim_list labels;
        lim_node n = range->end.node[i];
        if (!is_label) {
            kept[n] = word->lineage[n];
        } else if (!lim_effective_labels(cx, g, n, &labels)) {
            return false;
        } else {
            kept[n] = lim_list_has(&labels, word->scope);
        }
    }
    return lim_nodes_within(cx, range->end, kept, &range->end);
}

static bool range_members(lim_context *cx, lim_graph *g, const lim_range *range, lim_set *members) {
    lim_set *below = lim_set_new(cx, g), *above = lim_set_new(cx, g);
    if (!below || !above || !lim_mark(cx, g, &g->all_down, range->end, members)) {
        return false;
    }
    if (range->from_base) {
        return true;
    }
    for (uint32_t i = 0; i < range->start.count; i++) {
        lim_node n = range->start.node[i];
        if (!members[n]) {
            return lim_fail(
                cx, LIM_INVALID, "Write the older revision first.",
                "requested range %s does not refer to ancestor/descendant revisions along "
                "the same branch",
                lim_show(cx, range->text));
        }
    }
    if (!lim_mark_beyond(cx, g, &g->all_down, range->start, below) ||
        !lim_mark(cx, g, &g->next, range->start, above)) {
        return false;
    }
    for (lim_node n = 0; n < g->count; n++) {
        members[n] = members[n] && above[n] && !below[n];
    }
    return true;
}

bool lim_target_history(lim_context *cx, lim_graph *g, const lim_state *state, const char *text,
                        lim_nodes *nodes) {
    static const char blanks[] = " \t\r\n";
    lim_range range = {.text = text};
    const char *start, *colon;
    if (!text) {
        text = ":";
    }
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length && strchr(blanks, text[length - 1])) {
        length--;
    }
    if (!(text = lim_copy(cx, text, length))) {
        return false;
    }
    colon = strchr(text, ':');
    if (!colon || strchr(colon + 1, ':')) {
        return lim_fail(cx, LIM_INVALID,
                        "Write one colon, with a revision before it, behind it or both.",
                        "history range requires [start]:[end], [start]:, or :[end]");
    }
    if (text[strcspn(text, ", \t\r\n")]) {
        return lim_fail(cx, LIM_INVALID, "Write one target on each side of the colon.",
                        "a range takes no lists: '%s'", lim_show(cx, text));
    }
    lim_set *members = lim_set_new(cx, g);
    return members && (start = lim_copy(cx, text, (size_t)(colon - text))) &&
           range_start(cx, g, state, start, &range) && range_end(cx, g, state, colon + 1, &range) &&
           range_ends_on_branch(cx, g, &range) && range_members(cx, g, &range, members) &&
           lim_order_any(cx, g, members, range.end, nodes);
}
