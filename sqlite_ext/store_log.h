/*
** store_log.h - the rows of migrate_log: written, and asked what they say
**
** The log has no index: each would cost time at every ALTER TABLE, for SQLite reads the whole schema
** again then, and a page more at every run. What is asked for stands near the log's end, mostly in its last
** rows, so the log is read backwards until all that is sought is found; at worst that is once the whole
** log, however much is asked for at once.
*/
#ifndef LIMBECK_STORE_LOG_H
#define LIMBECK_STORE_LOG_H

#include "store_row.h"

/* A row of migrate_log; NULL where a column stays empty. */
typedef struct limbeck_log {
    const char *at; /* NULL: now */
    const char *action;
    const char *revision;
    const char *from_version;
    const char *to_version;
    int64_t statements; /* how many the body has; -1: no body was run */
    int64_t duration;   /* milliseconds; -1: no body was run */
    const char *checksum;
    uint32_t statement;  /* which one the row is about, from 1; 0: all of them */
    const char *outcome; /* NULL: done */
    const char *detail;
} limbeck_log;

/* Writes a row, inside the call's transaction. */
bool limbeck_store_log(limbeck_call *call, const limbeck_log *log);

/* Tells when and by whom the version rows came, as far as the log says. */
bool limbeck_log_applied(limbeck_call *call, lim_ledger *rows);

/* Adds the bodies that stopped half-way, in the order in which their revisions were stored. */
bool limbeck_log_stops(limbeck_call *call, lim_problems *problems, lim_ledger *rows);

/* The newest row about a revision. */
typedef struct limbeck_newest {
    int64_t id; /* 0: there is none */
    int64_t
        age; /* milliseconds since then; negative where the clock went back, or is another one */
    bool started; /* its outcome */
} limbeck_newest;

bool limbeck_store_newest(limbeck_call *call, const char *revision, limbeck_newest *newest);

/* The id of the newest row of all; 0: there is none. False: failed. */
bool limbeck_log_end(limbeck_call *call, int64_t *end);

/* Adds the revisions that rows behind that one are about to the list; some may be there twice. */
bool limbeck_log_since(limbeck_call *call, int64_t end, lim_list *revisions);

#endif
