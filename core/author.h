/*
** author.h - storing revisions: what a call or a file is to write into the ledger
**
** The host hands in the ledger as it is and what the user asks for; out come records, complete rows
** ready to be written (or the error). What is checked when a revision is stored is checked here: ids
** and labels, parents and dependencies, heads and splices, cycles, checksums, what is applied.
*/
#ifndef LIM_AUTHOR_H
#define LIM_AUTHOR_H

#include "graph.h"
#include "script.h"

/* A text that may be absent (NULL) or empty. */
typedef struct lim_bytes {
    const char *text; /* NULL: absent */
    size_t length;
} lim_bytes;

/* True when both are absent, or the same bytes. */
bool lim_same_bytes(lim_bytes a, lim_bytes b);

typedef enum lim_outcome { LIM_NEW, LIM_REPLACED, LIM_UNCHANGED } lim_outcome;

/* One revision to be written: a row of migrate_revision, its edges and its labels. */
typedef struct lim_record {
    lim_outcome outcome; /* LIM_REPLACED keeps seq, created_at, created_by; edges, labels go anew */
    const char *id;
    const char *message;
    lim_bytes upgrade;
    lim_bytes downgrade; /* absent: irreversible */
    bool upgrade_transactional;
    bool downgrade_transactional;
    lim_bytes script; /* the file, canonical, whole; absent for a revision made by a call */
    char checksum[65];
    lim_list down_revision; /* ids */
    lim_list depends_on;    /* ids */
    lim_list branch_labels;
    const char *from_version; /* for the log: down_revision joined, or "base" */
    bool marked;              /* made transaction:false because a statement needs it */
    const lim_script *file;   /* the file as read; NULL: a call */
    bool same;                /* the stored row has this checksum; its content is another matter: */
    const char *mended;       /* for the log: which columns were not what the checksum stands for;
                                 NULL: none that is known of */
} lim_record;

/* A revision as the ledger holds it, bodies included: what the host reads for one id before an edit,
** an export or a run. Names are from the graph. */
typedef struct lim_stored {
    const lim_revision *row;
    lim_bytes upgrade;
    lim_bytes downgrade;
    lim_bytes script;
} lim_stored;

/* migrate_revision(...). NULL members mean the defaults of API.md. */
typedef struct lim_revision_request {
    const char *message;
    lim_bytes upgrade;
    lim_bytes downgrade;
    const char *rev_id;
    const char *head;
    bool splice;
    const char *branch_label;   /* a list */
    const char *depends_on;     /* a list */
    const char *random_id;      /* 12 hexadecimal digits from the host, used without rev_id */
    const lim_stored *existing; /* the stored revision of rev_id, where there is one: is the content
                                   the same, and does the row still hold it? */
} lim_revision_request;

/* The graph is the ledger's, built without problems. A rev_id that is stored already: the same
** content gives LIM_UNCHANGED (what the default or words such as `heads` mean are then the parents
** it has) or, where its row was damaged, LIM_REPLACED; other content LIM_DUPLICATE. */
bool lim_author_revision(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger,
                         lim_graph *g, const lim_revision_request *request, lim_record *record);

/* migrate_merge(revisions, message, rev_id, branch_label): bodies are empty texts both ways.
** revisions NULL: "heads"; message NULL: "merge a, b". */
bool lim_author_merge(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger, lim_graph *g,
                      const char *revisions, const lim_revision_request *request,
                      lim_record *record);

/* migrate_edit: NULL members of the request (message, upgrade, downgrade) leave things as they are.
** Applied: LIM_STATE. A revision from a file gets a file with the section that this engine runs, or
** the message, changed in its place. */
bool lim_author_edit(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger, lim_graph *g,
                     const lim_state *state, const lim_stored *stored,
                     const lim_revision_request *request, lim_record *record);

/* migrate_delete: refuses an applied revision (LIM_STATE), one that stopped half-way, and one that has
** children or dependants, naming them. *node is what is to be deleted. */
bool lim_author_delete(lim_context *cx, const lim_ledger *ledger, lim_graph *g,
                       const lim_state *state, const char *revision, lim_node *node);

/* One migration file. */
typedef struct lim_file {
    const char *name; /* file name without directories; NULL for a text without one */
    const char *text;
    size_t length;
} lim_file;

typedef struct lim_load {
    lim_record *records; /* one a file, in the order of storing: parents first, ties by id order */
    uint32_t count;
    const char *gaps; /* for the summary: numbers that are missing among the files; "": none */
} lim_load;

/* migrate_load (directory false, one file: without down_revision it follows the head) and
** migrate_load_dir (directory true: without it, a file follows the one before it in id order). The
** whole result is checked as one graph. Errors name the file. Same id and checksum: LIM_UNCHANGED;
** applied and changed: LIM_STATE naming both checksums; not applied: LIM_REPLACED. random_id as in
** lim_revision_request, for one text that says no id. */
bool lim_author_load(lim_context *cx, lim_dialect dialect, const lim_ledger *ledger, lim_graph *g,
                     const lim_state *state, const lim_file *files, uint32_t count, bool directory,
                     const char *random_id, lim_load *load);

/* Looks whether a record whose checksum is stored (record->same) is in the ledger as the file says. A row
** that was changed by hand is mended: the record is to be written, though the file is unchanged and the
** revision may be applied. wrong names a column that could not be read; NULL: none. False: see
** cx->error. */
bool lim_load_compare(lim_context *cx, lim_dialect dialect, const lim_graph *g, lim_record *record,
                      const lim_stored *stored, const char *wrong);

/* True for a record from a file that is too long to have its row in memory as a whole beside it. */
bool lim_load_is_long(const lim_revision *row, const lim_record *record);

/* What the row of a record whose checksum is stored should hold, where it came from a file: for a host
** that compares long texts one by one, without having all of them in memory. */
lim_stored lim_load_expected(lim_dialect dialect, const lim_revision *row,
                             const lim_record *record);

/* `3 new, 1 replaced, 11 unchanged; marked transaction:false: 007`, when all of that is done. NULL:
** LIM_NOMEM. */
const char *lim_load_summary(lim_context *cx, const lim_load *load);

/* The file of a stored revision: its script, or the text printed from its fields. Its checksum is
** what the row should hold. NULL: see cx->error. */
const char *lim_stored_script(lim_context *cx, const lim_graph *g, const lim_stored *stored,
                              size_t *length);

/* Which of these columns of a stored revision are not what the file says, for this dialect. */
typedef enum lim_difference {
    LIM_DIFFERS_UPGRADE = 1,
    LIM_DIFFERS_DOWNGRADE = 2,
    LIM_DIFFERS_UPGRADE_FLAG = 4,
    LIM_DIFFERS_DOWNGRADE_FLAG = 8
} lim_difference;
unsigned lim_stored_differs(lim_dialect dialect, const lim_script *file, const lim_stored *stored);

/* The checksum that the stored revision would have if it had been made by a call. False: see
** cx->error. */
bool lim_stored_as_call(lim_context *cx, const lim_graph *g, const lim_stored *stored,
                        char checksum[LIM_CHECKSUM_SIZE]);

/* Checks a stored revision before its body runs: the checksum over lim_stored_script(), that the bodies
** are those of the script for this dialect, and labels, parents and dependencies those that it names. False with no error set: *problem says what does
** not agree; false with an error (LIM_NOMEM): cx->error. */
bool lim_stored_verify(lim_context *cx, lim_dialect dialect, const lim_graph *g,
                       const lim_stored *stored, const char **problem);

#endif
