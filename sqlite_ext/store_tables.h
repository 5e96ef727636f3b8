/*
** store_tables.h - the ledger's tables: making them, and making sure that they are ours
*/
#ifndef LIMBECK_STORE_TABLES_H
#define LIMBECK_STORE_TABLES_H

#include "call.h"

/* Refuses, by name, a ledger table that is a view, a virtual table or an index, that has a trigger,
** lacks a column or lacks its companions, and a ledger of a newer format. *present: there is
** one. */
bool limbeck_tables_check(limbeck_call *call, bool *present);

/* The statements that make the tables where they aren't there, in the call's memory, up to a
** NULL. NULL: LIM_NOMEM. */
const char *const *limbeck_tables_sql(limbeck_call *call);

/* Makes the tables. */
bool limbeck_tables_create(limbeck_call *call);

#endif
