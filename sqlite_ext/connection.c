/*
** connection.c - what Limbeck keeps for a connection between calls
*/
#include "connection.h"
#include "store_cache.h"

limbeck_connection *limbeck_connection_new(sqlite3 *db) {
    limbeck_connection *connection = sqlite3_malloc64(sizeof *connection);
    if (connection != NULL) {
        *connection = (limbeck_connection){.db = db, .references = 1};
    }
    return connection;
}

limbeck_connection *limbeck_connection_keep(limbeck_connection *connection) {
    connection->references++;
    return connection;
}

void limbeck_connection_release(limbeck_connection *connection) {
    if (--connection->references == 0) {
        limbeck_cache_release(connection->cache);
        sqlite3_free(connection);
    }
}
