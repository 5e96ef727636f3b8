/*
 * compat.h - what differs between PostgreSQL 13 and 18
 */
#ifndef LIMBECK_COMPAT_H
#define LIMBECK_COMPAT_H

#include "parser/analyze.h"
#include "parser/parser.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"

#if PG_VERSION_NUM < 130000
#error "Limbeck needs PostgreSQL 13 or newer"
#endif

#if PG_VERSION_NUM >= 140000
#include "utils/backend_status.h"
#define parse_body(body) raw_parser((body), RAW_PARSE_DEFAULT)
#else
#include "pgstat.h"
#define parse_body(body) raw_parser((body))
#endif

#if PG_VERSION_NUM >= 150000
#define analyze_statement(raw, body) \
	pg_analyze_and_rewrite_fixedparams((raw), (body), NULL, 0, NULL)
#else
#define analyze_statement(raw, body) \
	pg_analyze_and_rewrite((raw), (body), NULL, 0, NULL)
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#if PG_VERSION_NUM >= 180000
#define run_portal(portal, top_level, receiver) \
	PortalRun((portal), FETCH_ALL, (top_level), (receiver), (receiver), NULL)
#else
#define run_portal(portal, top_level, receiver) \
	PortalRun((portal), FETCH_ALL, (top_level), true, (receiver), (receiver), NULL)
#endif

/* entries of a new row in all indexes of its table */
#if PG_VERSION_NUM >= 160000
#define insert_index_entries(indexes, slot, estate) \
	((void) ExecInsertIndexTuples((indexes), (slot), (estate), false, false, NULL, NIL, false))
#define update_indexes_kind TU_UpdateIndexes
#elif PG_VERSION_NUM >= 140000
#define insert_index_entries(indexes, slot, estate) \
	((void) ExecInsertIndexTuples((indexes), (slot), (estate), false, false, NULL, NIL))
#define update_indexes_kind bool
#else
#define insert_index_entries(indexes, slot, estate) \
	((estate)->es_result_relation_info = (indexes), \
	 (void) ExecInsertIndexTuples((slot), (estate), false, NULL, NIL))
#define update_indexes_kind bool
#define F_NEXTVAL F_NEXTVAL_OID
#endif

#if PG_VERSION_NUM >= 180000
#define begin_index_scan(relation, index, snapshot, keys) \
	index_beginscan((relation), (index), (snapshot), NULL, (keys), 0)
#else
#define begin_index_scan(relation, index, snapshot, keys) \
	index_beginscan((relation), (index), (snapshot), (keys), 0)
#endif

/* a transaction's number in its own session */
#if PG_VERSION_NUM >= 170000
#define my_local_transaction() (MyProc->vxid.lxid)
#else
#define my_local_transaction() (MyProc->lxid)
#endif

/* until 16 rows that an old snapshot sees could be cleaned away */
#if PG_VERSION_NUM >= 170000
#define snapshots_expire() false
#elif PG_VERSION_NUM >= 140000
#define snapshots_expire() OldSnapshotThresholdActive()
#else
#define snapshots_expire() (old_snapshot_threshold >= 0)
#endif

/* predefined roles got their present names in 14 */
#if PG_VERSION_NUM < 140000
#define ROLE_PG_READ_SERVER_FILES DEFAULT_ROLE_READ_SERVER_FILES
#endif

/* membership alone no longer means SET ROLE since 16 */
#if PG_VERSION_NUM >= 160000
#define can_act_as(member, role) \
	(member_can_set_role((member), (role)) || has_privs_of_role((member), (role)))
#else
#define can_act_as(member, role) is_member_of_role((member), (role))
#endif

/* the permission hook got a list of its own for permissions in 16 */
#if PG_VERSION_NUM >= 160000
#define CHECK_PERMS_PARAMETERS List *range_table, List *permissions, bool ereport_on_violation
#define CHECK_PERMS_ARGUMENTS range_table, permissions, ereport_on_violation
#define CHECK_PERMS_LIST permissions
typedef RTEPermissionInfo CheckedRelation;
#else
#define CHECK_PERMS_PARAMETERS List *range_table, bool ereport_on_violation
#define CHECK_PERMS_ARGUMENTS range_table, ereport_on_violation
#define CHECK_PERMS_LIST range_table
typedef RangeTblEntry CheckedRelation;
#endif

#endif							/* LIMBECK_COMPAT_H */
