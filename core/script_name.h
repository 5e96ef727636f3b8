/*
** script_name.h - what script.c alone needs to know of a migration file's name
*/
#ifndef LIM_SCRIPT_NAME_H
#define LIM_SCRIPT_NAME_H

#include "arena.h"

/* The message in a file's name when the header has given the id: what stands behind that id, or,
** where the name does not begin with it, what lim_script_name() says. *message is NULL when there is
** none. False: LIM_NOMEM. */
bool lim_script_message(lim_context *cx, const char *name, const char *id, const char **message);

#endif
