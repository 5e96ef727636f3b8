/*
** ledger.h - the ledger's rows as plain data
**
** A host reads its tables into a lim_ledger once a call, bodies left out; everything else in core
** works on it and on the lim_graph built from it. Strings are not copied: the host puts them into
** the same context (lim_copy) or guarantees that they outlive it.
*/
#ifndef LIM_LEDGER_H
#define LIM_LEDGER_H

#include "text.h"

/* One row of migrate_revision without its bodies. */
typedef struct lim_revision {
    int64_t seq; /* order of storing: the graph's tie-breaker */
    const char *id;
    const char *message; /* "" where there is none */
    bool upgrade_transactional;
    bool downgrade_transactional;
    bool reversible;        /* downgrade is not NULL */
    bool has_script;        /* came from a file: script is not NULL */
    const char *checksum;   /* as stored */
    const char *created_at; /* the host's own form: text in SQLite, NULL where not asked for */
    const char *created_by;
} lim_revision;

typedef enum lim_edge_kind { LIM_DOWN_REVISION, LIM_DEPENDS_ON } lim_edge_kind;

/* One row of migrate_edge. */
typedef struct lim_edge {
    const char *revision;
    const char *parent;
    lim_edge_kind kind;
    int32_t ordinal; /* from 0, in declared order */
} lim_edge;

/* One row of migrate_label. */
typedef struct lim_label {
    const char *label;
    const char *revision;
    int32_t ordinal;
} lim_label;

/* One row of migrate_version, with what the log says of how it came. */
typedef struct lim_version {
    const char *version_num;
    const char *applied_at; /* NULL where the log says nothing or was not asked */
    const char *applied_by;
    const char *message; /* its revision's; NULL: not asked, the revision has it */
} lim_version;

/* A body that stopped half-way: the last that the log says of the run of a revision which has not
** ended. Only the newest row of a revision counts, and none that somebody resolved. */
typedef struct lim_stop {
    const char *revision;
    bool up;              /* its upgrade, else its downgrade */
    uint32_t statement;   /* the one that was started last, from 1 */
    uint32_t statements;  /* of all */
    const char *outcome;  /* started, done or failed: of that statement */
    const char *checksum; /* the revision's at that time, NULL: unknown */
    const char *detail;   /* why it failed, NULL: unknown */
    bool whole;           /* the body ran as one transaction: nothing of it stayed */
} lim_stop;

typedef struct lim_ledger {
    lim_revision *revisions; /* in the order of seq */
    uint32_t revision_count, revision_capacity;
    lim_edge *edges; /* in any order */
    uint32_t edge_count, edge_capacity;
    lim_label *labels;
    uint32_t label_count, label_capacity;
    lim_version *versions;
    uint32_t version_count, version_capacity;
    lim_stop *stops;
    uint32_t stop_count, stop_capacity;
} lim_ledger;

/* Append one row (the struct is copied, its strings are not). False: LIM_NOMEM. */
bool lim_ledger_add_revision(lim_context *cx, lim_ledger *ledger, const lim_revision *row);
bool lim_ledger_add_edge(lim_context *cx, lim_ledger *ledger, const lim_edge *row);
bool lim_ledger_add_label(lim_context *cx, lim_ledger *ledger, const lim_label *row);
bool lim_ledger_add_version(lim_context *cx, lim_ledger *ledger, const lim_version *row);
bool lim_ledger_add_stop(lim_context *cx, lim_ledger *ledger, const lim_stop *row);

/* Makes room for so many rows in all, where a host knows beforehand: nothing is moved then. False:
** LIM_NOMEM. */
bool lim_ledger_reserve(lim_context *cx, lim_ledger *ledger, uint32_t revisions, uint32_t edges);

/* Reads the words that migrate_edge.kind holds. False (no error is set): neither word. */
bool lim_edge_kind_parse(const char *word, lim_edge_kind *kind);
const char *lim_edge_kind_name(lim_edge_kind kind);

#endif
