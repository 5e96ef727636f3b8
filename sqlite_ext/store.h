/*
** store.h - the ledger's tables in an SQLite file
**
** The five tables of API.md and a sixth, migrate_format, whose one row says which form the other
** five have; a file that says more than LIMBECK_FORMAT was written by a newer Limbeck and is
** refused. All are made by the first call that writes. They are always addressed as main., and
** before they
** are read or written it is made sure that they are what they should be: tables, with our columns,
** without triggers (TEMP ones too).
**
** Reading is done under one snapshot:
**
**     limbeck_ledger l;
**     if (limbeck_store_open(call, LIMBECK_READ_ALL, NULL, &l)) { ... l.graph, l.state ... }
*/
#ifndef LIMBECK_STORE_H
#define LIMBECK_STORE_H

#include "call.h"
#include "author.h"
#include "plan.h"
#include "store_log.h"

#define LIMBECK_FORMAT 1

/* What of the ledger is read. Bodies never are. */
typedef enum limbeck_read {
    LIMBECK_READ_NAMES = 0,   /* of revisions the id alone: enough for planning */
    LIMBECK_READ_ALL = 1,     /* and the rest of each revision's row */
    LIMBECK_READ_TIMES = 2,   /* all, and created_at, created_by */
    LIMBECK_READ_APPLIED = 4, /* applied_at, applied_by and message of the version rows */
    LIMBECK_READ_KEPT = 8,    /* may be what the connection read before, while nothing changed */
    LIMBECK_READ_STOPS = 16,  /* the bodies that stopped half-way */
    LIMBECK_READ_FILES = 32,  /* all, and whether it came from a file: what authoring needs */
    LIMBECK_READ_SHORT = 64, /* with ALL, no checksums ("" instead): they stand behind the bodies */
    LIMBECK_READ_PENDING = 128 /* which of the revisions that are not applied are irreversible */
} limbeck_read;

/* What can be asked without a query and changes with all that is committed or changed here. */
typedef struct limbeck_time {
    bool known;
    int changes; /* total_changes() */
    unsigned main, temp;
} limbeck_time;

typedef struct limbeck_ledger {
    bool present;      /* the tables exist */
    uint32_t problems; /* how many were found in reading */
    limbeck_time time; /* when it was read */
    lim_ledger rows;
    lim_graph *graph;
    lim_state state;
} limbeck_ledger;

/* Holds what is seen of the database until it is given to sqlite3_finalize(). NULL: failed. */
sqlite3_stmt *limbeck_store_snapshot(limbeck_call *call);

/* Checks the tables and reads them into *ledger; without tables it is empty. With problems given,
** whatever is wrong with rows is listed there and left out; otherwise it is an error. */
bool limbeck_store_open(limbeck_call *call, int read, lim_problems *problems,
                        limbeck_ledger *ledger);

/* Under the lock, with what was opened as LIMBECK_READ_NAMES and planned upon: reads the stops. *same is
** false, and nothing is read, when something has changed or the ledger is the connection's: it must be
** opened anew. */
bool limbeck_store_complete(limbeck_call *call, limbeck_ledger *ledger, bool *same);

/* With a ledger that was opened for this call alone: reads the rest of the rows of the plan's revisions. */
bool limbeck_store_rest(limbeck_call *call, const limbeck_ledger *ledger, const lim_plan *plan);

/* Keeps what was read, without an error, for the connection's next calls (store_cache.h), unless it
** comes from there or anything changed meanwhile. All memory that the call has taken so far goes with it:
** to be called soon. False: failed. */
bool limbeck_store_keep(limbeck_call *call, int read, const limbeck_ledger *ledger);

/* Inside the call's transaction: makes the tables if there are none, and takes the write lock. */
bool limbeck_store_prepare(limbeck_call *call);

/* The stored revision with its bodies, in SQLite's memory until limbeck_store_return(). With problem
** given, a value that is no text is no failure but *problem (in the call's memory), and the result is
** false. */
bool limbeck_store_borrow(limbeck_call *call, const lim_revision *row, lim_stored *stored,
                          const char **problem);
void limbeck_store_return(limbeck_call *call);

/* Looks whether a row holds these bodies and this file, piece by piece: for long ones. *holds is false, too,
** where they can't be compared so. False: failed. */
bool limbeck_store_holds(limbeck_call *call, const lim_stored *expected, bool *holds);

/* The same, and the rest of its row is read into *row. */
bool limbeck_store_borrow_whole(limbeck_call *call, lim_revision *row, lim_stored *stored);

/* The stored revision with its bodies, copied to cx. */
bool limbeck_store_revision(limbeck_call *call, lim_context *cx, const lim_revision *row,
                            lim_stored *stored);

/* One body alone, copied to cx: nothing else of the revision is in memory meanwhile. */
bool limbeck_store_body(limbeck_call *call, lim_context *cx, const lim_revision *row, bool upgrade,
                        lim_bytes *body);

/* --- writing, inside the call's transaction -------------------------------------------------- */

/* True when the version rows are these, in any order. */
bool limbeck_store_is_at(limbeck_call *call, const lim_list *versions);

/* True when the revision is stored with this checksum. */
bool limbeck_store_has(limbeck_call *call, const char *revision, const char *checksum);

/* Writes records, parents before children, each with its edges, its labels and a log row under the
** given action. */
bool limbeck_store_records(limbeck_call *call, const char *action, const lim_record *records,
                           uint32_t count);

/* Removes a revision with its edges and labels. */
bool limbeck_store_delete(limbeck_call *call, const char *revision);

/* Makes one change of the version rows; it must meet the row that it expects. */
bool limbeck_store_change(limbeck_call *call, const lim_change *change);

/* --- names ----------------------------------------------------------------------------------- */

/* True when the name is one of the ledger's tables or indices, whatever its case. */
bool limbeck_store_owns(const char *name);

#endif
