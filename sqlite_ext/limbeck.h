/*
** limbeck.h - linking Limbeck into a program
**
** A program that is built with SQLite and Limbeck (both with -DSQLITE_CORE) makes the functions
** known to every connection that it opens from then on:
**
**     sqlite3_auto_extension((void (*)(void))sqlite3_limbeck_init);
**
** A shell or a driver loads the library instead: `.load ./limbeck`.
*/
#ifndef LIMBECK_H
#define LIMBECK_H

#ifdef SQLITE_CORE
#include "sqlite3.h"
#else
#include "sqlite3ext.h"
#endif

#ifdef _WIN32
#define LIMBECK_EXPORT __declspec(dllexport)
#else
#define LIMBECK_EXPORT __attribute__((visibility("default")))
#endif

LIMBECK_EXPORT int sqlite3_limbeck_init(sqlite3 *db, char **message,
                                        const sqlite3_api_routines *api);

#endif
