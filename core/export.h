/*
** export.h - a stored revision as a file: the inverse of loading
**
** A revision's file is its script as it was loaded, or the text printed from its fields: byte for
** byte what the checksum is over. What a file does not say in its own lines its name says (id,
** message) or its place in the directory (the parent). So the name is chosen to say it again, and
** where the place among the exported files would give another parent than the stored one, a line
** migrate:down_revision is added: then, and only then, the file has another checksum.
*/
#ifndef LIM_EXPORT_H
#define LIM_EXPORT_H

#include "author.h"
#include "plan.h"

/* One file to be written. */
typedef struct lim_export {
    lim_node node;
    lim_node before; /* the exported revision before it in id order; LIM_NONE: it is the first */
} lim_export;

/* The revisions of a range (as in migrate_history; NULL: all), parents first and as far as that
** leaves a choice in the order of storing, so that loading them one after the other keeps it. */
bool lim_export_range(lim_context *cx, lim_graph *g, const lim_state *state, const char *range,
                      lim_export **exports, uint32_t *count);

/* The name and the text of a revision's file. False: see cx->error. */
bool lim_export_file(lim_context *cx, const lim_graph *g, const lim_stored *stored, lim_node before,
                     const char **name, lim_bytes *script);

#endif
