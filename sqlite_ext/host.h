/*
** host.h - what every file of the SQLite host begins with
**
** The host is written for the SQLite that it meets at run time, 3.34 or newer. A routine that came
** later is called only behind limbeck_has(), because an older library has no such entry in its
** table.
*/
#ifndef LIMBECK_HOST_H
#define LIMBECK_HOST_H

#include "limbeck.h"
#ifndef SQLITE_CORE
SQLITE_EXTENSION_INIT3
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arena.h"

#define LIMBECK_OLDEST_SQLITE 3034000

/* True when the library that runs is of this version or newer (3038000 for 3.38.0). */
static inline bool limbeck_has(int version) {
    return sqlite3_libversion_number() >= version;
}

#endif
