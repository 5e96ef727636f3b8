/*
** offline_frame.h - what the files of the offline script share
*/
#ifndef LIM_OFFLINE_FRAME_H
#define LIM_OFFLINE_FRAME_H

#include "offline.h"

/* A string literal; NULL is the word NULL. */
void lim_offline_string(lim_offline *o, const char *text);

/* upgrade or downgrade. */
const char *lim_offline_verb(const lim_offline *o);

/* The plan's revisions and their checksums as rows of a VALUES list, each on a line of its own. */
void lim_offline_wanted(lim_offline *o, const char *indent);

/* The bytes from..to of a body, with statements in place of some. */
void lim_offline_text(lim_offline *o, const lim_offline_body *body, size_t from, size_t to);

/* Version rows and log row of a step that is done. */
bool lim_offline_record(lim_offline *o, uint32_t step, const lim_offline_body *body);

/* A log row about one statement, from 1; outcome is started or done. */
void lim_offline_record_statement(lim_offline *o, uint32_t step, uint32_t statement,
                                  uint32_t statements, const char *outcome);

/* Guard and transaction: all that stands before the first and behind the last body. */
void lim_offline_begin_sqlite(lim_offline *o);
void lim_offline_end_sqlite(lim_offline *o);
void lim_offline_begin_postgres(lim_offline *o);
void lim_offline_end_postgres(lim_offline *o);

/* SQLite: what stands around a body, and the statements in place of ALTER TABLEs, without the last one's semicolon. */
void lim_offline_before_sqlite(lim_offline *o, const lim_offline_body *body);
void lim_offline_after_sqlite(lim_offline *o, const lim_offline_body *body);
void lim_offline_replaced(lim_offline *o, const lim_replacement *r);

/* SQLite: a step whose body is marked transaction:false. A transaction is open before and behind it. */
bool lim_offline_units_sqlite(lim_offline *o, uint32_t step, const lim_offline_body *body);

/* PostgreSQL: whether a body may leave settings or deferred checks behind. */
bool lim_offline_leaves(const lim_body *body);

#endif
