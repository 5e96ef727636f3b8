/*
 * limbeck.h - the PostgreSQL host: what its files share
 *
 * Words: a "call" is one call of a migrate_ function, from its arguments to its result. The "ledger"
 * is the extension's five tables. A "body" is the SQL of one revision in one direction.
 *
 * A call's way is always the same: arguments, lock, ledger into core's structs, core decides, the
 * host runs and writes, the report goes back. Whose rights count where:
 *
 *	   ledger access	the extension's owner, with a search_path of pg_catalog alone
 *	   bodies			the caller
 */
#ifndef LIMBECK_H
#define LIMBECK_H

#include "postgres.h"

#include "access/xlogdefs.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "storage/block.h"
#include "storage/buf.h"
#include "utils/snapshot.h"

#include "../core/author.h"
#include "../core/body.h"
#include "../core/export.h"
#include "../core/format.h"
#include "../core/history.h"
#include "../core/offline.h"
#include "../core/plan.h"
#include "../core/reader.h"
#include "../core/resume.h"
#include "../core/script.h"

/* limbeck.c: where the extension is, and core's errors */

typedef enum LedgerTable
{
	TABLE_VERSION,
	TABLE_REVISION,
	TABLE_EDGE,
	TABLE_LABEL,
	TABLE_LOG,
	LEDGER_TABLES
} LedgerTable;

/* The columns of each table, in the order of tables.c. */
#define LEDGER_COLUMNS 16

enum LogColumn
{
	LOG_ID,
	LOG_AT,
	LOG_ACTOR,
	LOG_ACTION,
	LOG_REVISION,
	LOG_FROM_VERSION,
	LOG_TO_VERSION,
	LOG_STATEMENT,
	LOG_STATEMENTS,
	LOG_DURATION_MS,
	LOG_CHECKSUM,
	LOG_OUTCOME,
	LOG_DETAIL
};

enum VersionColumn
{
	VERSION_NUM
};

enum RevisionColumn
{
	REVISION_SEQ,
	REVISION_ID,
	REVISION_MESSAGE,
	REVISION_UPGRADE,
	REVISION_DOWNGRADE,
	REVISION_UPGRADE_TRANSACTIONAL,
	REVISION_DOWNGRADE_TRANSACTIONAL,
	REVISION_SCRIPT,
	REVISION_CHECKSUM,
	REVISION_CREATED_AT,
	REVISION_CREATED_BY,
	REVISION_UPGRADE_AUTHOR,
	REVISION_UPGRADE_AUTHOR_OID,
	REVISION_DOWNGRADE_AUTHOR,
	REVISION_DOWNGRADE_AUTHOR_OID
};

enum EdgeColumn
{
	EDGE_REVISION,
	EDGE_PARENT,
	EDGE_KIND,
	EDGE_ORDINAL
};

enum LabelColumn
{
	LABEL_LABEL,
	LABEL_REVISION,
	LABEL_ORDINAL
};

/* Where the tables and their columns are: found anew after whatever happens to them. */
typedef struct LedgerTables
{
	Oid			oid[LEDGER_TABLES];
	AttrNumber	column[LEDGER_TABLES][LEDGER_COLUMNS];
	int			columns[LEDGER_TABLES]; /* how many */
	Oid			log_stopped;	/* index of rows about statements; 0: there is none */
} LedgerTables;

typedef struct KeptLedger KeptLedger;
typedef struct LedgerWriter LedgerWriter;

/* What a call found of an author. */
typedef struct Trust
{
	const char *author;			/* NULL: of nobody yet */
	Oid			oid;
	bool		caller;			/* could act as the caller */
	bool		session;		/* and as the session's own user */
} Trust;

typedef struct Call
{
	MemoryContext memory;		/* everything of the call, core's included */
	lim_context cx;				/* core's memory and error */
	const char *function;		/* "migrate_upgrade()", for messages */
	bool		writing;		/* reads what is committed now, not the query's snapshot */
	Oid			extension;
	Oid			owner;			/* the extension's: whose rights reach the ledger */
	Oid			schema;
	char	   *schema_name;	/* quoted */
	LedgerTables tables;
	Oid			caller;			/* whose rights the bodies get */
	Trust		trust;			/* of the author asked for last */
	bool		authors_read;	/* the next is known: */
	bool		authors_trusted;	/* the caller trusts every author in the ledger */
	KeptLedger *kept;			/* whose the next two are */
	lim_ledger	ledger;
	lim_graph  *graph;
	lim_state	state;
	struct Rows *stored;		/* while several revisions are read whole */
	LedgerWriter *writer;		/* while a run goes on */
} Call;

extern void call_begin(Call *call, const char *function);
extern void call_begin_writing(Call *call, const char *function);
extern void call_end(Call *call);
extern lim_context core_context(MemoryContext memory);
extern void core_error(lim_context *cx) __attribute__((noreturn));
extern const char *to_core(const char *text);
extern const char *from_core(const char *text);
extern Datum result_text(const char *text);
extern Datum result_bytes(lim_bytes bytes);

/* argument.c: what the caller gave */
extern const char *argument_text(FunctionCallInfo fcinfo, int n);
extern lim_bytes argument_body(FunctionCallInfo fcinfo, int n);
extern bool argument_bool(FunctionCallInfo fcinfo, int n);

/* lock.c: one caller at a time */
extern void lock_ledger(Call *call);
extern void lock_apply(Oid extension);
extern void lock_keep_apply(Oid extension);
extern void unlock_apply(Oid extension);

/* tables.c: the ledger's tables found, and reached as their owner */

typedef struct LedgerAccess
{
	Oid			user;
	int			security;
	int			guc_level;		/* 0: no queries are asked, and these are in use: */
	MemoryContext memory;
	MemoryContext before;
} LedgerAccess;

extern void tables_install(void);
extern void tables_forget(void);
extern uint64 tables_changes(void);
extern Oid	tables_log_by_revision(Call *call);
extern bool tables_has_name(const char *name);
extern void ledger_enter_rows(Call *call, LedgerAccess *access);
extern void ledger_enter(Call *call, LedgerAccess *access);
extern void ledger_leave(LedgerAccess *access);

/* rows.c: rows of the ledger read without a query */

typedef struct Rows
{
	lim_context *cx;			/* where strings go */
	const AttrNumber *columns;
	int			last;			/* attribute number that is taken apart last */
	struct RelationData *relation;
	struct TableScanDescData *scan; /* of the whole table, or */
	AttrNumber	key;			/* or rows with this column's value */
	Snapshot	snapshot;
	struct Stamp *stamp;		/* notes the pages on the way; NULL: nothing does */
	int			stamped_table;
	BlockNumber stamped_page;	/* the last one */
	struct IndexScanDescData *index_scan;	/* by an index, or */
	struct SysScanDescData *key_scan;	/* without, or */
	struct SysScanDescData *newest_first;	/* the log backwards */
	struct RelationData *index; /* which */
	struct TupleTableSlot *slot;
} Rows;

extern Snapshot rows_snapshot(Call *call);
extern void rows_begin(Rows *rows, Call *call, LedgerTable table, int last, Snapshot snapshot,
					   lim_context *cx);
extern void rows_take_stamp(Rows *rows, struct Stamp *stamp, int stamped_table);
extern bool rows_next(Rows *rows);
extern void rows_begin_key(Rows *rows, Call *call, LedgerTable table, int column,
						   Snapshot snapshot, lim_context *cx);
extern void rows_seek(Rows *rows, const char *key);
extern bool rows_next_key(Rows *rows);
extern void rows_begin_stopped(Rows *rows, Call *call, Snapshot snapshot, lim_context *cx);
extern void rows_begin_revision_log(Rows *rows, Call *call, const char *revision,
									Snapshot snapshot, lim_context *cx);
extern bool rows_next_revision_log(Rows *rows);
extern void rows_begin_log_after(Rows *rows, Call *call, int64 id, Snapshot snapshot,
								 lim_context *cx);
extern void rows_end(Rows *rows);
extern bool rows_is_null(const Rows *rows, int column);
extern int64 rows_int64(const Rows *rows, int column);
extern int32 rows_int32(const Rows *rows, int column);
extern Oid	rows_oid(const Rows *rows, int column);
extern bool rows_bool(const Rows *rows, int column);
extern const char *rows_text(const Rows *rows, int column, size_t *length);
extern const char *rows_string(const Rows *rows, int column, StringInfo buffer);
extern void *rows_body(const Rows *rows, int column, lim_bytes *body);
extern const char *rows_time(const Rows *rows, int column);
extern bool rows_text_is(const Rows *rows, int column, const char *const words[]);
extern const char *text_to_core(lim_context *cx, Datum datum, size_t *length);
extern const char *time_to_core(lim_context *cx, Datum datum);

/* stamp.c: how it is known that a table's rows are what they were */

typedef enum StampedTable
{
	STAMPED_REVISION,
	STAMPED_EDGE,
	STAMPED_LABEL,
	STAMPED_TABLES
} StampedTable;

#define STAMP_RECENT 16

typedef struct TableStamp
{
	Oid			relation;
	Oid			file;
	AttrNumber	columns[LEDGER_COLUMNS];
	BlockNumber pages;
	XLogRecPtr *lsns;			/* of each page; 0: not noted yet */
	uint32_t	expected;		/* about how many rows there are, by the first page; 0: unknown */
} TableStamp;

typedef struct Stamp
{
	TableStamp	tables[STAMPED_TABLES];
	bool		valid;			/* so far */
	Snapshot	snapshot;		/* while the stamp is taken */
	TransactionId xmin;			/* of the snapshot */
	TransactionId newest;		/* that a row names */
	TransactionId noted;		/* while the stamp is taken: the last looked at */
	TransactionId recent[STAMP_RECENT]; /* those that a row names, from xmin on */
	int			recent_count;
} Stamp;

extern void stamp_begin(Stamp *stamp, Snapshot snapshot);
extern void stamp_begin_table(Stamp *stamp, StampedTable which, struct RelationData *relation,
							  const AttrNumber *columns, MemoryContext memory);
extern void stamp_note_page(Stamp *stamp, StampedTable which, Buffer buffer);
extern void stamp_end_table(Stamp *stamp, StampedTable which, struct RelationData *relation);
extern bool stamp_holds(const Stamp *stamp, Call *call);
extern bool stamp_serves(const Stamp *stamp, Snapshot snapshot);

/* kept.c: the ledger as this backend read it last */

/* How much is read of every revision. */
typedef enum RevisionDetail
{
	DETAIL_GRAPH,				/* what the graph and its plans need */
	DETAIL_TEXTS,				/* message and checksum, too */
	DETAIL_TIMES				/* created_at and created_by, too */
} RevisionDetail;

struct KeptLedger
{
	int			references;		/* the backend's and those of calls */
	MemoryContext memory;
	lim_context cx;				/* over it */
	Stamp		stamp;
	RevisionDetail detail;
	lim_ledger	ledger;			/* revisions, labels; message and checksum NULL: not read yet */
	lim_graph  *graph;
};

extern KeptLedger *kept_find(Call *call, RevisionDetail detail, Snapshot snapshot);
extern KeptLedger *kept_begin(Call *call, RevisionDetail detail, Snapshot snapshot);
extern void kept_keep(Call *call, KeptLedger *ledger);

/* ledger.c: the ledger read */

/* One revision's row with bodies and their authors. */
typedef struct StoredRevision
{
	lim_stored	stored;
	const char *author[2];		/* by lim_direction */
	Oid			author_oid[2];
	void	   *held[3];		/* large texts that were not copied: by lim_direction, the file */
} StoredRevision;

typedef struct LedgerParts
{
	RevisionDetail detail;		/* of all revisions */
	bool		applied;		/* applied_at, applied_by, and the texts of those revisions */
	bool		stops;			/* bodies that stopped half-way */
} LedgerParts;

extern void ledger_read(Call *call, LedgerParts parts, lim_problems *problems);
extern void ledger_build(Call *call, RevisionDetail detail);
extern void ledger_require_current(Call *call, bool authoring);
/* All revisions one after the other, in any order. */
typedef struct StoredScan
{
	Rows		rows;
	Snapshot	snapshot;
	lim_context ids;
} StoredScan;

extern void ledger_scan_begin(Call *call, StoredScan *scan);
extern lim_node ledger_scan_next(Call *call, StoredScan *scan);
extern void ledger_scan_take(Call *call, StoredScan *scan, lim_context *cx, lim_node node,
							 StoredRevision *stored);
extern void ledger_scan_end(StoredScan *scan);
extern void ledger_stored_begin(Call *call);
extern void ledger_stored_end(Call *call);
extern void ledger_stored(Call *call, lim_context *cx, lim_node node, bool lock,
						  StoredRevision *stored);
extern bool ledger_holds(Call *call, const lim_stored *expected);
extern void ledger_free_stored(StoredRevision *stored);

/* author.c: revisions stored */
typedef const char *(*AuthorWork) (Call *call, void *request);
extern Datum author_call(const char *function, AuthorWork work, void *request);

/* A directory that is to be stored: whose files, by the name of a tool, and who reads them from where. */
typedef struct LoadRequest
{
	const char *format;
	lim_file   *(*read) (Call *call, lim_tool format, const void *source, uint32_t *count);
	const void *source;
} LoadRequest;

extern const char *author_load_directory(Call *call, void *request);
extern const char *author_store_files(Call *call, const char *action, const lim_file *files,
									  uint32_t count, bool directory);

/* record.c: the ledger written */

typedef struct LogEntry
{
	const char *action;
	const char *revision;
	const char *from_version;
	const char *to_version;
	int			statement;		/* the one that the row is about; 0: all of them ran */
	int			statements;		/* of the body; -1: no body */
	int64		duration_ms;	/* -1: none */
	const char *checksum;
	const char *outcome;
	const char *detail;
} LogEntry;

extern void record_version_lost(const char *version) __attribute__((noreturn));
extern void record_version(Call *call, const lim_change *change);
extern void record_log(Call *call, const LogEntry *entry);
extern void record_ended_stops(Call *call, const char *action, const lim_plan *plan);
extern void record_revision(Call *call, const lim_record *record, const bool vouched[2]);
extern void record_authors(Call *call, const char *revision, const bool vouched[2]);
extern void record_delete(Call *call, const char *revision);

/* writer.c: rows written without a query, by a run or a call that stores many revisions */
extern LedgerWriter *writer_of(Call *call);
extern void writer_add(LedgerWriter *writer, const lim_change *changes, uint32_t count,
					   const LogEntry *entry);
extern void writer_look(void);
extern void writer_close(Call *call);
extern void writer_begin_storing(Call *call);
extern LedgerWriter *writer_at_work(const Call *call);
extern void writer_store(LedgerWriter *writer, const lim_record *record);

/* body.c: a body parsed, and refused where it can't run */

typedef struct BodyPiece BodyPiece;

typedef struct Body
{
	const char *revision;		/* NULL while nothing is told about it */
	lim_direction direction;
	const char *text;			/* in the server's encoding; no NUL behind it where it is cut */
	size_t		length;
	int			count;			/* statements, the wrapping BEGIN and COMMIT left out */
	bool		wrapped;		/* these two stand around the others */
	BodyPiece  *pieces;			/* parts that are parsed on their own (pieces.c) */
	int			piece_count;
	int			piece;			/* the one at work; -1: none */
	const char *source;			/* its text, in which positions count */
	List	   *trees;			/* its statements, of RawStmt */
	MemoryContext memory;		/* holds these two */
	bool		conforming_strings; /* how strings are read */
	int			current;		/* number of the statement at work, from 1; 0: none */
	bool		may_defer;		/* it wrote rows whose triggers may be deferred */
	bool		finishing;		/* all ran, deferred constraints are checked */
	bool		autocommit;		/* runs statement by statement, BEGIN and COMMIT mean what they say */
	bool		in_block;		/* while it is checked: a BEGIN is open */
	Call	   *call;
} Body;

extern void body_prepare(Call *call, Body *body, const char *revision, lim_direction direction,
						 const char *text, size_t length, bool autocommit);
extern void body_error_context(void *arg);
extern ErrorData *body_take_error(const Body *body);
extern bool body_waits_long(const Body *body);
extern bool body_rebuilds(const Body *body);
extern void body_rethrow(const Body *body) __attribute__((noreturn));
extern const char *body_statement_text(const Body *body, int *length);

/* pieces.c: the statements of a body */
extern void body_parse(Body *body);
extern RawStmt *body_go_to(Body *body, int statement);
extern RawStmt *body_current(const Body *body);
extern int	body_piece_start(const Body *body);
extern int	body_piece_end(const Body *body);

/* run.c: plans carried out */

/* One step of a plan, ready to run. */
typedef struct RunStep
{
	MemoryContext memory;		/* of the body, and of others; gone when all of them are done */
	Body		body;
	const char *from;			/* names of the step, for the log */
	const char *to;
	const char *notice;
	bool		may_set_role;
	bool		waits_short;	/* while a statement at the top waits as limbeck.lock_timeout says: */
	int			usual_lock_timeout;
} RunStep;

extern const char *run_plan(Call *call, const lim_plan *plan);
extern RunStep *run_prepare(Call *call, const lim_plan *plan);
extern void run_free_bodies(const lim_plan *plan, RunStep *steps, uint32_t i);
extern void run_body(RunStep *step, List *pending_before);
extern void run_statement(const Body *body, bool top_level);
extern void run_report_statement(const RunStep *step);
extern void run_record(Call *call, const lim_plan *plan, uint32_t i, const RunStep *step,
					   int64 duration_ms);
extern Body *running_body(void);
extern void set_running_body(Body *body);
extern void run_read(Call *call, lim_context *cx, lim_node node, lim_direction direction,
					 bool lock, StoredRevision *stored);

/* limbeck.c */
extern void begin_run(Call *call, const char *function, RevisionDetail detail);

/* What runs of a body in one go: a statement, or what stands between BEGIN and COMMIT. */
typedef struct Unit
{
	int			first;			/* statements of the body, from 1 */
	int			last;
	bool		block;			/* between BEGIN and COMMIT */
	List	   *options;		/* of the BEGIN */
} Unit;

/* retry.c: settings of a run; short waits for locks, tried again; a body's time limit */
extern int	limbeck_lock_timeout;
extern int	limbeck_lock_retries;
extern int	limbeck_body_timeout;
extern void retry_define_settings(void);
extern void retry_watch(void);
extern void retry_watch_unit(RunStep *step, const Unit *unit);
extern void retry_unwatch_unit(RunStep *step);
extern void retry_unwatch(void);
extern bool retry_explain(ErrorData *error);
extern bool retry_wanted(const ErrorData *error, int tries);
extern void retry_pause(const RunStep *step, const ErrorData *error, int tries);
extern void retry_body(RunStep *step, List *pending_before);

/* toplevel.c: statements run one by one, as a client's would be */

typedef struct SavedSettings SavedSettings;

extern Unit *body_units(Body *body, int *count);
extern void run_unit(RunStep *step, const Unit *unit);
extern void commit_and_start(void);
extern void abort_and_start(void);
extern SavedSettings *settings_save(void);
extern void settings_restore(SavedSettings *saved);

/* leftover.c: what a statement that was cut short left behind */
extern void leftover_clear(RunStep *step, const Unit *unit);
extern void leftover_verify(const Body *body);

/* deferred.c: deferred constraints checked at the end of a revision */
extern bool deferred_possible(Oid relation);
extern List *deferred_pending(void);
extern void deferred_check(List *not_ours);

/* guard.c: what a running body may not touch */
extern void guard_install(void);

/* trust.c: whose bodies run with the caller's rights */
extern bool trust_author(const char *name, Oid oid, Oid role);
extern bool trust_all_authors(Call *call);
extern bool trust_body(Call *call, const StoredRevision *stored, lim_direction direction);
extern void trust_require(Call *call, const StoredRevision *stored, lim_direction direction);
extern bool trust_session(Call *call, const StoredRevision *stored, lim_direction direction);

/* directory.c: migration files of the server */
extern void directory_require_right(void);
extern lim_file *directory_read(Call *call, lim_tool format, const void *path, uint32_t *count);

#endif							/* LIMBECK_H */
