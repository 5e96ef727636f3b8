/*
** readers.h - the table-valued functions
*/
#ifndef LIMBECK_READERS_H
#define LIMBECK_READERS_H

#include "connection.h"

/* Makes migrate_history and its like, and migrate_graph, known to the connection. */
int limbeck_readers_register(limbeck_connection *connection);

#endif
