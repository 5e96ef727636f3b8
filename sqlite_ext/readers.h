/*
** readers.h - the table-valued functions
*/
#ifndef LIMBECK_READERS_H
#define LIMBECK_READERS_H

#include "connection.h"

/* Makes migrate_history and its like, and migrate_graph, known to the connection. */
int limbeck_readers_register(limbeck_connection *connection);

/* Takes back what was registered. */
void limbeck_readers_unregister(sqlite3 *db);

#endif
