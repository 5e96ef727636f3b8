/*
** connection.h - what Limbeck keeps for a connection between calls
**
** One block a connection, shared by all functions and modules registered there and freed with the
** last of them. It holds no prepared statement: that would keep sqlite3_close() from closing.
*/
#ifndef LIMBECK_CONNECTION_H
#define LIMBECK_CONNECTION_H

#include "host.h"

typedef struct limbeck_connection {
    sqlite3 *db;
    int references;              /* one for each function and module registered */
    struct limbeck_cache *cache; /* the ledger as it was read last (store_cache.h), or NULL */
    bool busy; /* a call that writes is under way: no second one may begin inside it */
} limbeck_connection;

/* A new one with one reference, held by the caller. NULL: no memory. */
limbeck_connection *limbeck_connection_new(sqlite3 *db);

limbeck_connection *limbeck_connection_keep(limbeck_connection *connection);
void limbeck_connection_release(limbeck_connection *connection);

#endif
