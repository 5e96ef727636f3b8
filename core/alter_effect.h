/*
** alter_effect.h - what an edited definition asks of the rows that are there
**
** Most of ALTER TABLE is about rules and not about rows: NOT NULL, a CHECK or a foreign key more or
** less, a constraint's name, a type that stores values in the same way. What is stored then needs no
** copy: it is enough that the rows obey. Here the definition as it was is compared with the edited
** one, to find out which rows have to be asked what; or that nothing less than a new table will do.
*/
#ifndef LIM_ALTER_EFFECT_H
#define LIM_ALTER_EFFECT_H

#include "alter_edit.h"

typedef struct lim_effect {
    bool rows_stay; /* the rows, the indexes of keys and the rowids; false: nothing below counts */
    lim_list forbidden; /* conditions over the table as it was: no row may satisfy any */
    lim_list defaulted; /* columns with another DEFAULT: a row that ends before one would change */
    lim_list converted; /* columns whose values, or their order, become others */
    lim_list assignments; /* the SETs of the UPDATE that converts them, over the new definition */
    lim_list forbidden_after; /* conditions over the table when that is done */
} lim_effect;

/* Compares the definition as it was, of *before, with the edited one. False: LIM_NOMEM. */
bool lim_edit_effect(const lim_create_table *before, const lim_edit *edit, lim_effect *effect);

/* The columns, before and after, that an index must not use if it is to stay when the rows move: whose
** values or order become others, that are computed, gone or new. False: LIM_NOMEM. */
bool lim_edit_touched(const lim_create_table *before, const lim_edit *edit, lim_list *touched);

/* How SQLite stores the values of a column: its affinity. INTEGER and NUMERIC store the same. */
typedef enum lim_affinity {
    LIM_AFFINITY_NONE,
    LIM_AFFINITY_TEXT,
    LIM_AFFINITY_NUMERIC,
    LIM_AFFINITY_REAL
} lim_affinity;

/* The affinity that a declared type gives, by SQLite's rules; strict: in a STRICT table. */
lim_affinity lim_affinity_of(const char *type, size_t length, bool strict);

#endif
