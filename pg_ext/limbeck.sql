/* limbeck.sql - the SQL surface of the PostgreSQL module; copied to limbeck--VERSION.sql */

-- complain if the script is sourced in psql rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION limbeck" to load this file. \quit

--
-- The ledger. Ids and labels are compared byte by byte, whatever the database's collation. There are
-- no foreign keys: core checks the whole, and migrate_validate() names what somebody broke by hand.
--

CREATE TABLE @extschema@.migrate_version (
	version_num text COLLATE pg_catalog."C" NOT NULL,
	CONSTRAINT migrate_version_pkey PRIMARY KEY (version_num)
);
COMMENT ON TABLE @extschema@.migrate_version IS 'the current heads of this database: one row a head, none for base';
COMMENT ON COLUMN @extschema@.migrate_version.version_num IS 'the id of a revision';

CREATE TABLE @extschema@.migrate_revision (
	seq bigserial NOT NULL,
	revision text COLLATE pg_catalog."C" NOT NULL,
	message text NOT NULL DEFAULT '',
	upgrade text NOT NULL,
	downgrade text,
	upgrade_transactional boolean NOT NULL DEFAULT true,
	downgrade_transactional boolean NOT NULL DEFAULT true,
	script text,
	checksum text COLLATE pg_catalog."C" NOT NULL,
	created_at timestamptz NOT NULL,
	created_by text NOT NULL,
	upgrade_author text NOT NULL,
	upgrade_author_oid oid NOT NULL,
	downgrade_author text NOT NULL,
	downgrade_author_oid oid NOT NULL,
	CONSTRAINT migrate_revision_pkey PRIMARY KEY (revision),
	CONSTRAINT migrate_revision_seq_key UNIQUE (seq)
);
COMMENT ON TABLE @extschema@.migrate_revision IS 'the revisions: their bodies, and who stored them';
COMMENT ON COLUMN @extschema@.migrate_revision.seq IS 'order of storing, which breaks every tie';
COMMENT ON COLUMN @extschema@.migrate_revision.revision IS 'the id';
COMMENT ON COLUMN @extschema@.migrate_revision.message IS 'one line that says what the revision does';
COMMENT ON COLUMN @extschema@.migrate_revision.upgrade IS 'the SQL that applies the revision';
COMMENT ON COLUMN @extschema@.migrate_revision.downgrade IS 'the SQL that takes it back; empty: nothing to undo; NULL: irreversible';
COMMENT ON COLUMN @extschema@.migrate_revision.upgrade_transactional IS 'false: the upgrade must run outside a transaction';
COMMENT ON COLUMN @extschema@.migrate_revision.downgrade_transactional IS 'false: the downgrade must run outside a transaction';
COMMENT ON COLUMN @extschema@.migrate_revision.script IS 'the migration file, whole, where the revision came from one';
COMMENT ON COLUMN @extschema@.migrate_revision.checksum IS 'SHA-256 over the canonical text of the migration file';
COMMENT ON COLUMN @extschema@.migrate_revision.created_at IS 'when the revision was stored first';
COMMENT ON COLUMN @extschema@.migrate_revision.created_by IS 'the session''s role that stored it first';
COMMENT ON COLUMN @extschema@.migrate_revision.upgrade_author IS 'the role that stored, edited or loaded the upgrade last: whose rights vouch for it';
COMMENT ON COLUMN @extschema@.migrate_revision.upgrade_author_oid IS 'the OID of that role; a body whose role has another OID now is not trusted';
COMMENT ON COLUMN @extschema@.migrate_revision.downgrade_author IS 'the role that stored, edited or loaded the downgrade last';
COMMENT ON COLUMN @extschema@.migrate_revision.downgrade_author_oid IS 'the OID of that role';

CREATE TABLE @extschema@.migrate_edge (
	revision text COLLATE pg_catalog."C" NOT NULL,
	parent text COLLATE pg_catalog."C" NOT NULL,
	kind text COLLATE pg_catalog."C" NOT NULL,
	ordinal integer NOT NULL,
	CONSTRAINT migrate_edge_pkey PRIMARY KEY (revision, kind, ordinal),
	CONSTRAINT migrate_edge_kind_check CHECK (kind IN ('down_revision', 'depends_on'))
);
COMMENT ON TABLE @extschema@.migrate_edge IS 'what each revision stands on';
COMMENT ON COLUMN @extschema@.migrate_edge.revision IS 'the revision';
COMMENT ON COLUMN @extschema@.migrate_edge.parent IS 'the id of the revision below';
COMMENT ON COLUMN @extschema@.migrate_edge.kind IS 'down_revision (the line of versions) or depends_on';
COMMENT ON COLUMN @extschema@.migrate_edge.ordinal IS 'place among the edges of this kind, from 0, as declared';

CREATE TABLE @extschema@.migrate_label (
	label text COLLATE pg_catalog."C" NOT NULL,
	revision text COLLATE pg_catalog."C" NOT NULL,
	ordinal integer NOT NULL,
	CONSTRAINT migrate_label_pkey PRIMARY KEY (label)
);
CREATE INDEX migrate_label_revision_idx ON @extschema@.migrate_label (revision);
COMMENT ON TABLE @extschema@.migrate_label IS 'branch labels';
COMMENT ON COLUMN @extschema@.migrate_label.label IS 'the label';
COMMENT ON COLUMN @extschema@.migrate_label.revision IS 'the revision that carries it';
COMMENT ON COLUMN @extschema@.migrate_label.ordinal IS 'place among the labels of the revision, from 0, as declared';

CREATE TABLE @extschema@.migrate_log (
	id bigserial NOT NULL,
	at timestamptz NOT NULL,
	actor text NOT NULL,
	action text COLLATE pg_catalog."C" NOT NULL,
	revision text COLLATE pg_catalog."C",
	from_version text,
	to_version text,
	statement integer,
	statements integer,
	duration_ms bigint,
	checksum text COLLATE pg_catalog."C",
	outcome text COLLATE pg_catalog."C" NOT NULL,
	detail text,
	CONSTRAINT migrate_log_pkey PRIMARY KEY (id)
);
-- what says of a revision that it is applied, or is no more: all but downgrade, which is read from the log itself
CREATE INDEX migrate_log_revision_idx ON @extschema@.migrate_log (revision, id)
	WHERE action IN ('upgrade', 'stamp', 'adopt', 'resolve', 'delete');
CREATE INDEX migrate_log_stopped_idx ON @extschema@.migrate_log (id)
	WHERE to_version IS NULL AND action IN ('upgrade', 'downgrade');
COMMENT ON TABLE @extschema@.migrate_log IS 'the audit trail: one row for everything that changed the ledger, never changed itself';
COMMENT ON COLUMN @extschema@.migrate_log.id IS 'order of writing';
COMMENT ON COLUMN @extschema@.migrate_log.at IS 'when';
COMMENT ON COLUMN @extschema@.migrate_log.actor IS 'the session''s role';
COMMENT ON COLUMN @extschema@.migrate_log.action IS 'upgrade, downgrade, stamp, revision, merge, edit, delete, load, import, adopt or resolve';
COMMENT ON COLUMN @extschema@.migrate_log.revision IS 'the revision concerned';
COMMENT ON COLUMN @extschema@.migrate_log.from_version IS 'what the step started from, as migrate_plan shows it';
COMMENT ON COLUMN @extschema@.migrate_log.to_version IS 'what it led to';
COMMENT ON COLUMN @extschema@.migrate_log.statement IS 'the last statement of the body that ran';
COMMENT ON COLUMN @extschema@.migrate_log.statements IS 'how many statements the body has';
COMMENT ON COLUMN @extschema@.migrate_log.duration_ms IS 'how long the body took, in milliseconds';
COMMENT ON COLUMN @extschema@.migrate_log.checksum IS 'the revision''s checksum at the time';
COMMENT ON COLUMN @extschema@.migrate_log.outcome IS 'started, done or failed';
COMMENT ON COLUMN @extschema@.migrate_log.detail IS 'more, where there is more to say';

REVOKE ALL ON @extschema@.migrate_version, @extschema@.migrate_revision, @extschema@.migrate_edge,
	@extschema@.migrate_label, @extschema@.migrate_log FROM PUBLIC;
REVOKE ALL ON SEQUENCE @extschema@.migrate_revision_seq_seq, @extschema@.migrate_log_id_seq FROM PUBLIC;

-- pg_dump carries the ledger's rows, and where its sequences stand
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_version', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_revision', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_edge', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_label', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_log', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_revision_seq_seq', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_log_id_seq', '');

--
-- Authoring
--

CREATE FUNCTION @extschema@.migrate_revision(message text DEFAULT NULL, upgrade text DEFAULT NULL,
	downgrade text DEFAULT NULL, rev_id text DEFAULT NULL, head text DEFAULT NULL,
	splice boolean DEFAULT NULL, branch_label text DEFAULT NULL, depends_on text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_revision(text, text, text, text, text, boolean, text, text)
	IS 'stores a revision and returns its id';

CREATE FUNCTION @extschema@.migrate_merge(revisions text DEFAULT NULL, message text DEFAULT NULL,
	rev_id text DEFAULT NULL, branch_label text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_merge(text, text, text, text)
	IS 'stores a revision that merges several heads and returns its id';

CREATE FUNCTION @extschema@.migrate_edit(revision text, upgrade text DEFAULT NULL,
	downgrade text DEFAULT NULL, message text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_edit(text, text, text, text)
	IS 'changes a revision that is not applied; NULL leaves a part as it is';

CREATE FUNCTION @extschema@.migrate_delete(revision text)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_delete(text)
	IS 'removes a revision that is not applied and that nothing depends on';

CREATE FUNCTION @extschema@.migrate_load(script text, name text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_load(text, text)
	IS 'stores one migration file given as text and returns the revision''s id';

CREATE FUNCTION @extschema@.migrate_load_dir(path text, format text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_load_dir(text, text)
	IS 'stores the migration files of a directory of the server, all or nothing';

CREATE FUNCTION @extschema@.migrate_load_files(names text[], scripts bytea[], format text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_load_files(text[], bytea[], text)
	IS 'stores the migration files of a directory of the client, all or nothing';

CREATE FUNCTION @extschema@.migrate_import(tool text, upgrade_sql text, downgrade_sql text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_import(text, text, text)
	IS 'stores the revisions in the script that another tool prints (alembic upgrade --sql)';

CREATE FUNCTION @extschema@.migrate_adopt(tool text, "table" text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_adopt(text, text)
	IS 'sets the version to the one that another tool''s version table says';

--
-- Running
--

CREATE FUNCTION @extschema@.migrate_upgrade(target text DEFAULT 'head')
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_upgrade(text)
	IS 'upgrades this database to the target, in the caller''s transaction';

CREATE FUNCTION @extschema@.migrate_downgrade(target text)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_downgrade(text)
	IS 'takes this database back to the target, in the caller''s transaction';

CREATE FUNCTION @extschema@.migrate_stamp(target text, purge boolean DEFAULT false)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_stamp(text, boolean)
	IS 'sets the version without running bodies';

CREATE PROCEDURE @extschema@.migrate_apply(target text DEFAULT 'head')
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON PROCEDURE @extschema@.migrate_apply(text)
	IS 'takes this database up or down to the target, committing each revision';

CREATE FUNCTION @extschema@.migrate_resolve(revision text, outcome text)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.migrate_resolve(text, text)
	IS 'says how a revision that stopped half-way ended: applied or not applied';

CREATE FUNCTION @extschema@.migrate_upgrade_sql(range text DEFAULT NULL)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.migrate_upgrade_sql(text)
	IS 'the script that an upgrade would run, for psql -1';

CREATE FUNCTION @extschema@.migrate_downgrade_sql(range text)
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.migrate_downgrade_sql(text)
	IS 'the script that a downgrade would run, for psql -1';

--
-- Reading
--

CREATE FUNCTION @extschema@.migrate_current()
RETURNS TABLE (revision text, message text, branch_labels text, is_head boolean,
	applied_at timestamptz, applied_by text, stopped text)
AS 'MODULE_PATHNAME', 'migrate_reader' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION @extschema@.migrate_current()
	IS 'the revisions that this database is at';

CREATE FUNCTION @extschema@.migrate_heads()
RETURNS TABLE (revision text, down_revision text, branch_labels text, message text)
AS 'MODULE_PATHNAME', 'migrate_reader' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION @extschema@.migrate_heads()
	IS 'the revisions that nothing stands on';

CREATE FUNCTION @extschema@.migrate_branches()
RETURNS TABLE (revision text, message text, children text)
AS 'MODULE_PATHNAME', 'migrate_reader' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION @extschema@.migrate_branches()
	IS 'the revisions with several children';

CREATE FUNCTION @extschema@.migrate_history(range text DEFAULT NULL)
RETURNS TABLE (revision text, down_revision text, depends_on text, branch_labels text, message text,
	is_head boolean, is_base boolean, is_branch_point boolean, is_merge_point boolean,
	is_current boolean, is_applied boolean, created_at timestamptz, created_by text)
AS 'MODULE_PATHNAME', 'migrate_reader' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION @extschema@.migrate_history(text)
	IS 'the revisions of a range, newest first';

CREATE FUNCTION @extschema@.migrate_show(revision text)
RETURNS TABLE (revision text, down_revision text, depends_on text, branch_labels text, message text,
	is_head boolean, is_base boolean, is_branch_point boolean, is_merge_point boolean,
	is_current boolean, is_applied boolean, created_at timestamptz, created_by text,
	upgrade text, downgrade text, upgrade_transactional boolean, downgrade_transactional boolean,
	checksum text)
AS 'MODULE_PATHNAME', 'migrate_reader' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION @extschema@.migrate_show(text)
	IS 'one or several revisions with their bodies';

CREATE FUNCTION @extschema@.migrate_plan(target text DEFAULT NULL, operation text DEFAULT NULL)
RETURNS TABLE (step integer, operation text, revision text, from_version text, to_version text,
	message text, transactional boolean, reversible boolean)
AS 'MODULE_PATHNAME', 'migrate_reader' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION @extschema@.migrate_plan(text, text)
	IS 'the steps that an upgrade, downgrade or stamp would take';

CREATE FUNCTION @extschema@.migrate_export(range text DEFAULT NULL)
RETURNS TABLE (name text, script text)
AS 'MODULE_PATHNAME', 'migrate_reader' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION @extschema@.migrate_export(text)
	IS 'the migration files of a range, to be loaded again elsewhere';

CREATE FUNCTION @extschema@.migrate_validate()
RETURNS TABLE (revision text, problem text)
AS 'MODULE_PATHNAME', 'migrate_reader' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION @extschema@.migrate_validate()
	IS 'what is wrong with the ledger; no rows: it is sound';

CREATE FUNCTION @extschema@.migrate_status()
RETURNS TABLE (current text, heads text, pending integer, applied integer,
	irreversible_pending integer, problems integer, stopped text)
AS 'MODULE_PATHNAME', 'migrate_reader' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION @extschema@.migrate_status()
	IS 'one row that sums up where this database stands';

-- who runs is told by the lock that only Limbeck can take, what by the words that a run leaves in
-- pg_stat_activity; the server shows them to the same role, to superusers and to pg_read_all_stats
CREATE FUNCTION @extschema@.migrate_watch()
RETURNS TABLE (pid integer, actor text, revision integer, revisions integer, statement integer,
	statements integer, doing text, since timestamptz, waiting_for text, done numeric)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT a.pid, a.usename::text, m.part[2]::integer, m.part[3]::integer, m.part[5]::integer,
		m.part[6]::integer, coalesce(m.part[1] || coalesce(': ' || m.part[7], m.part[4]), a.query),
		a.state_change,
		(SELECT string_agg(CASE b.pid WHEN 0 THEN 'a prepared transaction'
				ELSE 'process ' || b.pid || coalesce(': ' || w.query, '') END, E'\n' ORDER BY b.pid)
			FROM (SELECT DISTINCT unnest(pg_blocking_pids(a.pid))) b(pid)
			LEFT JOIN pg_stat_activity w ON w.pid = b.pid),
		(SELECT round(100 * p.done / nullif(p.total, 0), 1) FROM (
			SELECT i.pid, CASE WHEN i.tuples_total > 0 THEN i.tuples_done ELSE i.blocks_done END::numeric,
				CASE WHEN i.tuples_total > 0 THEN i.tuples_total ELSE i.blocks_total END
				FROM pg_stat_progress_create_index i
			UNION ALL SELECT v.pid, v.heap_blks_scanned::numeric, v.heap_blks_total
				FROM pg_stat_progress_vacuum v
			UNION ALL SELECT c.pid, c.heap_blks_scanned::numeric, c.heap_blks_total
				FROM pg_stat_progress_cluster c) p(pid, done, total)
			WHERE p.pid = a.pid LIMIT 1)
	FROM pg_locks l
		JOIN pg_extension e ON e.extname = 'limbeck' AND e.oid = l.classid
		JOIN pg_database d ON d.datname = current_database() AND d.oid = l.database
		JOIN pg_stat_activity a ON a.pid = l.pid
		LEFT JOIN LATERAL regexp_match(a.query,
			'^limbeck: (.*) \((\d+) of (\d+)\)(, pause before try \d+ of \d+)?(?:, statement (\d+) of (\d+): (.*))?$')
			m(part) ON true
	WHERE l.locktype = 'advisory' AND l.objsubid = 19533 AND l.objid IN (1, 2)
		AND l.mode = 'ExclusiveLock' AND l.granted AND a.pid <> pg_backend_pid()
	ORDER BY a.pid
$$;
COMMENT ON FUNCTION @extschema@.migrate_watch()
	IS 'what runs in other sessions do now';

CREATE FUNCTION @extschema@.migrate_graph(format text DEFAULT 'text')
RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.migrate_graph(text)
	IS 'the history drawn: as text, mermaid or dot';

--
-- Rights: PUBLIC may look at version and history without bodies, and nothing else.
--

REVOKE ALL ON FUNCTION
	@extschema@.migrate_revision(text, text, text, text, text, boolean, text, text),
	@extschema@.migrate_merge(text, text, text, text),
	@extschema@.migrate_edit(text, text, text, text),
	@extschema@.migrate_delete(text),
	@extschema@.migrate_load(text, text),
	@extschema@.migrate_load_dir(text, text),
	@extschema@.migrate_load_files(text[], bytea[], text),
	@extschema@.migrate_import(text, text, text),
	@extschema@.migrate_adopt(text, text),
	@extschema@.migrate_upgrade(text),
	@extschema@.migrate_downgrade(text),
	@extschema@.migrate_stamp(text, boolean),
	@extschema@.migrate_resolve(text, text),
	@extschema@.migrate_watch(),
	@extschema@.migrate_show(text),
	@extschema@.migrate_export(text),
	@extschema@.migrate_upgrade_sql(text),
	@extschema@.migrate_downgrade_sql(text),
	@extschema@.migrate_validate()
FROM PUBLIC;

REVOKE ALL ON PROCEDURE @extschema@.migrate_apply(text) FROM PUBLIC;
