/*
** store_cache.h - the ledger as a connection read it last
**
** Calls that find nothing to do and readers may be answered from what was read before, as long as it
** is certain that nothing changed since. A stamp says so; it has
**
**   - data_version, which changes with every commit of another connection,
**   - total_changes(), which grows with every row that this connection changes, rolled back or not,
**   - the schema versions of main and temp, which change with every table, index and trigger,
**   - the last log row and the version rows themselves, read anew each time, because a database that
**     is put in this one's place (sqlite3_deserialize) begins to count anew.
**
** Rows changed through sqlite3_blob_write() are in no count; it cannot write to ids, edges, labels and
** versions, which are indexed, so that at worst a reader shows the message as it was before.
**
** It is taken under the snapshot that the ledger is read under, and nothing is kept that is read while
** this connection has uncommitted writes, since these could be rolled back to the same numbers. Calls
** that change something read the ledger itself, under the lock.
*/
#ifndef LIMBECK_STORE_CACHE_H
#define LIMBECK_STORE_CACHE_H

#include "store.h"

typedef struct limbeck_cache limbeck_cache;

/* The time of the present. */
limbeck_time limbeck_cache_now(limbeck_call *call);

bool limbeck_cache_same_time(limbeck_call *call, const limbeck_time *time);

/* True when the connection may read what another one has not committed; in doubt, too. */
bool limbeck_cache_reads_uncommitted(limbeck_call *call);

/* False when what is kept is certainly of no use; costs nothing. */
bool limbeck_cache_may_hold(limbeck_call *call);

/* The stamp of the present, in the call's memory. NULL: there can be none now, which is no failure. */
const char *limbeck_cache_stamp(limbeck_call *call);

/* Finds what was kept under this stamp, with as much read as is asked for. The call holds it until its
** end. */
bool limbeck_cache_find(limbeck_call *call, int read, const char *stamp, limbeck_ledger *ledger);

/* What was asked for and is not part of the ledger that the call has found. */
int limbeck_cache_missing(const limbeck_call *call, int read);

/* Notes that it is now, too: for what was added to the rows themselves, or is nothing. */
void limbeck_cache_add(limbeck_call *call, int read);

/* Keeps the ledger, and with it all memory that the call has taken so far; the call goes on with a
** new context. Keeps nothing when memory is short. */
void limbeck_cache_keep(limbeck_call *call, int read, const char *stamp,
                        const limbeck_ledger *ledger);

void limbeck_cache_release(limbeck_cache *cache);

#endif
