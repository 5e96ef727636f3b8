/*
** preflight.h - may this call run here?
**
** A function that writes stands in an SQL statement, and other statements may be open beside it on
** the same connection. Before anything is touched it is made sure that
**
**   - the call stands in a top-level statement of its own that names the function. DIRECTONLY keeps
**     a function out of views and triggers, but not out of a hostile file's CHECK constraint under
**     PRAGMA quick_check;
**   - that statement is a query: inside an INSERT, UPDATE or CREATE TABLE AS nothing can be committed;
**   - no other statement is half-way through writing;
**   - a call that runs bodies has no open reader beside or above it: DROP would fail there, and a
**     rollback would break it.
*/
#ifndef LIMBECK_PREFLIGHT_H
#define LIMBECK_PREFLIGHT_H

#include "call.h"

/* Checks all of it; runs_bodies asks for the last point too. */
bool limbeck_preflight(limbeck_call *call, bool runs_bodies);

/* The text, cut for a message, of a statement other than the call's own that is open on the
** connection and reads tables. NULL: none. */
const char *limbeck_open_statement(limbeck_call *call);

#endif
