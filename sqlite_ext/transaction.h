/*
** transaction.h - all or nothing
**
** In autocommit a call has a transaction of its own, BEGIN IMMEDIATE ... COMMIT. Inside the
** caller's transaction it has a savepoint with a name that nobody can guess, so that the caller's
** earlier
** work survives our failure.
**
** An interrupt and an out-of-memory stay in force while the caller's SELECT runs, and then ROLLBACK
** fails as everything else does. For that a statement is kept at hand, prepared beforehand, whose
** mere failure makes SQLite roll back (roll_back_everything()).
**
** A plan with bodies marked transaction:false has several, one after the other (autocommit.h). What the
** call found on the connection is remembered by the first of them.
**
**     bool ok = limbeck_transaction_begin(call) && work(call) && limbeck_transaction_commit(call);
**     limbeck_transaction_end(call);    -- rolls back what isn't committed
*/
#ifndef LIMBECK_TRANSACTION_H
#define LIMBECK_TRANSACTION_H

#include "call.h"

bool limbeck_transaction_begin(limbeck_call *call);
bool limbeck_transaction_commit(limbeck_call *call);

/* Rolls back what the call has open; it may begin another one. The connection's settings stay those of
** the call. */
void limbeck_transaction_abandon(limbeck_call *call);

/* Adds a sentence (NULL: none) to the detail of the failure. */
void limbeck_transaction_add_detail(limbeck_call *call, const char *sentence);

/* Ends the call's transaction and puts back the connection's settings; what is not committed is rolled back. Where SQLite ended the
** caller's whole transaction with it, the failure's DETAIL says so. */
void limbeck_transaction_end(limbeck_call *call);

/* Renews the emergency statement: schema changes and settings make a prepared one useless. To be
** called before each statement of a body. */
void limbeck_transaction_arm(limbeck_call *call);

/* Puts the connection's settings back that were found at the beginning: foreign_keys,
** legacy_alter_table and the two for strings in double quotes. Who changes one of them on the way and
** fails leaves it to the end of the transaction; who succeeds puts it back and arms again. */
void limbeck_transaction_put_back(limbeck_call *call);

/* Were foreign keys enforced when the transaction began? */
bool limbeck_transaction_foreign_keys(const limbeck_call *call);

/* True when the transaction is gone although nobody here ended it (OR ROLLBACK, RAISE(ROLLBACK), an
** I/O error, an interrupted write). */
bool limbeck_transaction_lost(const limbeck_call *call);

#endif
