/*
** offline_frame.h - what the files of the offline script share
*/
#ifndef LIM_OFFLINE_FRAME_H
#define LIM_OFFLINE_FRAME_H

#include "offline.h"

/* A string literal; NULL is the word NULL. */
void lim_offline_literal(lim_offline *o, const char *text, size_t length);
void lim_offline_string(lim_offline *o, const char *text);

/* upgrade or downgrade. */
const char *lim_offline_verb(const lim_offline *o);

/* The plan's revisions and their checksums as rows of a VALUES list, each on a line of its own. */
void lim_offline_wanted(lim_offline *o, const char *indent);

/* Guard and transaction: all that stands before the first and behind the last body. */
void lim_offline_begin_sqlite(lim_offline *o);
void lim_offline_end_sqlite(lim_offline *o);
void lim_offline_begin_postgres(lim_offline *o);
void lim_offline_end_postgres(lim_offline *o);

/* SQLite: what stands around a body, and the statements in place of ALTER TABLEs, without the last one's semicolon. */
void lim_offline_before_sqlite(lim_offline *o, const lim_offline_body *body);
void lim_offline_after_sqlite(lim_offline *o, const lim_offline_body *body);
void lim_offline_replaced(lim_offline *o, const lim_replacement *r);

/* PostgreSQL: whether a body may leave settings or deferred checks behind. */
bool lim_offline_leaves(const lim_body *body);

#endif
