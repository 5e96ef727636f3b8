-- Version rows and log rows are written past the executor while the tables are as they were made, and by queries
-- where somebody added something: what was added is honoured.
SELECT migrate_revision('one', 'SELECT 1', 'SELECT 1', '001');
SELECT migrate_revision('two', 'SELECT 2', 'SELECT 2', '002');
CREATE FUNCTION rows() RETURNS TABLE (versions text, log text) LANGUAGE sql AS $$
	SELECT (SELECT string_agg(version_num, ' ') FROM migrate_version),
		(SELECT string_agg(concat_ws(' ', action, revision, from_version, to_version, statement, statements, duration_ms >= 0, checksum IS NOT NULL, outcome, detail), E'\n' ORDER BY id)
			FROM (SELECT * FROM migrate_log WHERE action <> 'revision' ORDER BY id DESC LIMIT 4) l)
$$;
CREATE FUNCTION try(sql text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE sql; RETURN 'ran'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM; END $$;
\pset format unaligned
SELECT migrate_upgrade();
SELECT * FROM rows();
SELECT migrate_downgrade('base');
SELECT * FROM rows();
SELECT migrate_stamp('002');
SELECT * FROM rows();
-- Every index has every row.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT (SELECT count(*) FROM migrate_log WHERE id > 0) AS by_id, (SELECT count(revision) FROM (SELECT revision FROM migrate_log WHERE revision >= '' AND action IN ('upgrade', 'stamp', 'adopt', 'resolve', 'delete') ORDER BY revision, id) r) AS by_revision,
	(SELECT count(*) FROM migrate_version WHERE version_num = '002') AS version;
RESET enable_seqscan;
RESET enable_bitmapscan;
-- A foreign key follows the version.
SELECT migrate_downgrade('001');
CREATE TABLE follows (version text COLLATE "C" REFERENCES migrate_version ON UPDATE CASCADE ON DELETE CASCADE);
INSERT INTO follows VALUES ('001');
SELECT migrate_upgrade();
SELECT version FROM follows;
SELECT migrate_downgrade('base');
SELECT count(*) FROM follows;
DROP TABLE follows;
-- Columns that were added get their defaults, one by one revision.
ALTER TABLE migrate_log ADD COLUMN marked text NOT NULL DEFAULT 'by hand', ADD COLUMN twice text GENERATED ALWAYS AS (action || ' ' || revision) STORED;
ALTER TABLE migrate_version ADD COLUMN since timestamptz NOT NULL DEFAULT now();
SELECT migrate_upgrade();
SELECT revision, marked, twice FROM migrate_log ORDER BY id DESC LIMIT 2;
SELECT version_num, since = now() AS now FROM migrate_version;
ALTER TABLE migrate_log DROP COLUMN marked, DROP COLUMN twice;
ALTER TABLE migrate_version DROP COLUMN since;
-- With columns dropped again, and an id that counts otherwise.
SELECT migrate_downgrade('base');
CREATE SEQUENCE other START 100000;
ALTER TABLE migrate_log ALTER COLUMN id SET DEFAULT nextval('other') + 0;
SELECT migrate_upgrade('001');
SELECT max(id) FROM migrate_log;
ALTER TABLE migrate_log ALTER COLUMN id DROP DEFAULT;
SELECT try('SELECT migrate_upgrade()');
SELECT * FROM rows();
ALTER TABLE migrate_log ALTER COLUMN id SET DEFAULT nextval('other');
-- A CHECK holds, and an index that was added, unique, partial, over an expression.
ALTER TABLE migrate_log ADD CONSTRAINT weekdays CHECK (action <> 'downgrade') NOT VALID;
SELECT try('SELECT migrate_downgrade(''base'')');
ALTER TABLE migrate_log DROP CONSTRAINT weekdays;
CREATE UNIQUE INDEX once ON migrate_log (revision, action) WHERE action = 'stamp' AND revision IS NOT NULL;
SELECT try('SELECT migrate_stamp(''002'')');
DROP INDEX once;
CREATE UNIQUE INDEX once ON migrate_log (action, revision, id);
SELECT migrate_stamp('002');
DROP INDEX once;
CREATE INDEX shouted ON migrate_log (upper(action), id);
SELECT migrate_stamp('001');
SET enable_seqscan = off;
SELECT count(*) FROM migrate_log WHERE upper(action) = 'STAMP' AND id > 0;
RESET enable_seqscan;
DROP INDEX shouted;
-- In the middle of a run; inside a run that is undone.
SELECT migrate_stamp('base', true);
SELECT migrate_revision('index', 'CREATE TABLE t (id int); DO $x$ BEGIN CREATE INDEX more ON migrate_log (actor); END $x$', 'DROP TABLE t', '003');
SELECT migrate_revision('after', 'SELECT 4', 'SELECT 4', '004');
SELECT migrate_upgrade();
SELECT * FROM rows();
BEGIN;
SELECT migrate_downgrade('001');
SAVEPOINT s;
SELECT migrate_upgrade('002');
ROLLBACK TO s;
SELECT migrate_upgrade('002');
SELECT * FROM rows();
ROLLBACK;
SELECT * FROM rows();
-- What the steps before have left is there for a body that looks, however it does: a function, a reader of
-- Limbeck's, a cursor, COPY, a parallel plan, a trigger at the end; again after it was undone.
SELECT migrate_stamp('base', true);
CREATE TABLE seen (id serial, how text, versions text, logged bigint);
CREATE FUNCTION look(how text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO seen (how, versions, logged)
		SELECT how, (SELECT string_agg(version_num, ' ' ORDER BY version_num) FROM migrate_version), count(*) FROM migrate_log WHERE action = 'upgrade' AND revision LIKE 'l%'
$$;
CREATE FUNCTION count_parallel() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT count(*) FROM migrate_log WHERE action = 'upgrade' AND revision LIKE 'l%' $$;
CREATE FUNCTION look_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.how = 'later' THEN PERFORM look('trigger'); END IF; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON seen DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION look_back();
CREATE TABLE many AS SELECT n FROM generate_series(1, 1000) n;
ALTER TABLE many SET (parallel_workers = 2);
SELECT migrate_revision('1', 'SELECT 1', '', 'l1', 'base');
SELECT migrate_revision('2', $x$SELECT look('function')$x$, '', 'l2', 'l1');
SELECT migrate_revision('3', $x$INSERT INTO seen (how, versions, logged) SELECT 'reader', string_agg(revision, ' '), 0 FROM migrate_current()$x$, '', 'l3', 'l2');
SELECT migrate_revision('4', $x$DO $do$ BEGIN
	BEGIN PERFORM look('undone'); RAISE EXCEPTION 'undo'; EXCEPTION WHEN raise_exception THEN NULL; END;
	PERFORM look('after it was undone');
	BEGIN PERFORM look('in a subtransaction'); EXCEPTION WHEN raise_exception THEN NULL; END;
	BEGIN BEGIN PERFORM look('undone'); EXCEPTION WHEN division_by_zero THEN NULL; END; RAISE EXCEPTION 'undo'; EXCEPTION WHEN raise_exception THEN NULL; END;
END $do$$x$, '', 'l4', 'l3');
SELECT migrate_revision('5', $x$DO $do$ BEGIN BEGIN PERFORM look('undone'); RAISE EXCEPTION 'undo'; EXCEPTION WHEN raise_exception THEN NULL; END; END $do$$x$, '', 'l5', 'l4');
SELECT migrate_revision('6', $x$DO $do$ DECLARE c CURSOR FOR SELECT version_num FROM migrate_version; v text; BEGIN
	OPEN c; FETCH c INTO v; CLOSE c; INSERT INTO seen (how, versions, logged) VALUES ('cursor', v, 0);
END $do$$x$, '', 'l6', 'l5');
SELECT migrate_revision('7', $x$COPY (SELECT versions FROM (SELECT string_agg(version_num, ' ') FROM migrate_version) v(versions)) TO PROGRAM 'cat >/dev/null'; INSERT INTO seen (how, versions, logged) SELECT 'view', versions, logged FROM ledger$x$, '', 'l7', 'l6');
CREATE VIEW ledger AS SELECT (SELECT string_agg(version_num, ' ') FROM migrate_version) AS versions, (SELECT count(*) FROM migrate_log WHERE action = 'upgrade' AND revision LIKE 'l%') AS logged;
SELECT migrate_revision('8', $x$SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
	CREATE TABLE parallel AS SELECT min(count_parallel() + 0 * n), max(count_parallel() + 0 * n) FROM many; INSERT INTO seen (how, versions, logged) SELECT 'parallel', min, max FROM parallel$x$, '', 'l8', 'l7');
SELECT migrate_revision('9', $x$INSERT INTO seen (how) VALUES ('later')$x$, '', 'l9', 'l8');
SELECT migrate_upgrade('l9');
SELECT how, versions, logged FROM seen ORDER BY id;
SELECT revision, from_version, to_version FROM migrate_log WHERE action = 'upgrade' AND revision LIKE 'l%' ORDER BY id;
SELECT migrate_downgrade('base');
-- So many that they are written on the way, with heads that come and go.
SELECT count(migrate_revision(n::text, 'SELECT 1', '', 'm' || n, 'base')) FROM generate_series(1, 150) n;
SELECT migrate_merge((SELECT string_agg('m' || n, ', ') FROM generate_series(1, 150) n), 'all', 'mm');
SELECT migrate_revision('look', $x$SELECT look('many')$x$, '', 'mn', 'mm');
SELECT migrate_revision('end', 'SELECT 1', '', 'mo', 'mn');
TRUNCATE seen;
SELECT migrate_upgrade('mo');
SELECT how, versions, (SELECT count(*) FROM migrate_log WHERE revision LIKE 'm%' AND action = 'upgrade') AS logged FROM seen;
SELECT string_agg(version_num, ' ') AS versions FROM migrate_version;
SELECT migrate_downgrade('mm');
SELECT migrate_downgrade('base');
SELECT action, count(*), count(DISTINCT revision), count(DISTINCT id) FROM migrate_log WHERE revision LIKE 'm%' AND action LIKE '%grade' GROUP BY action ORDER BY action;
SELECT count(*) FROM migrate_version;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT (SELECT count(*) FROM migrate_log WHERE id > 0) = (SELECT count(*) FROM migrate_log WHERE action || '' > '') AS all_by_id;
RESET enable_seqscan;
RESET enable_bitmapscan;
-- Many files are stored without queries, too.
CREATE FUNCTION load(first int, last int, body text) RETURNS text LANGUAGE sql AS $$
	SELECT migrate_load_files(array_agg(format('%s_file.sql', n)), array_agg(convert_to(concat(
		CASE n WHEN first THEN format(E'-- migrate:branch_label label%s\n-- migrate:down_revision\n', first) WHEN first + 2 THEN E'-- migrate:depends_on 001\n' END,
		E'-- migrate:up\n', body, E';\n', CASE WHEN n <> first + 1 THEN E'-- migrate:down\nSELECT 2;\n' END), 'UTF8')))
	FROM generate_series(first, last) n
$$;
CREATE FUNCTION stored(first int) RETURNS TABLE (stored text) LANGUAGE sql AS $$
	SELECT concat_ws(' ', 'revision', rank() OVER (ORDER BY seq), revision, message, upgrade, downgrade, upgrade_transactional, downgrade_transactional, length(script), length(checksum), created_at > now() - interval '1 hour', created_by = session_user,
			upgrade_author = current_user, upgrade_author_oid = current_user::regrole, downgrade_author = current_user, downgrade_author_oid = current_user::regrole) FROM migrate_revision WHERE revision ~ '^[0-9]{4}$' AND revision::int BETWEEN first AND first + 2
	UNION ALL (SELECT concat_ws(' ', 'edge', revision, parent, kind, ordinal) FROM migrate_edge WHERE revision ~ '^[0-9]{4}$' AND revision::int BETWEEN first AND first + 2 ORDER BY revision, kind)
	UNION ALL (SELECT concat_ws(' ', 'label', label, revision, ordinal) FROM migrate_label WHERE revision ~ '^[0-9]{4}$' AND revision::int BETWEEN first AND first + 2)
	UNION ALL (SELECT concat_ws(' ', 'log', action, revision, from_version, to_version, statement, length(checksum), outcome, detail) FROM migrate_log WHERE revision ~ '^[0-9]{4}$' AND revision::int BETWEEN first AND first + 2 ORDER BY id)
$$;
BEGIN;
SELECT load(1000, 1099, 'SELECT 1');
SELECT * FROM stored(1000);
COMMIT;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT (SELECT count(*) FROM migrate_revision WHERE revision >= '1000' AND revision < '1100') AS by_id, (SELECT count(*) FROM (SELECT seq FROM migrate_revision WHERE seq > 0 ORDER BY seq) s) = (SELECT count(*) FROM migrate_revision WHERE revision || '' > '') AS all_by_seq,
	(SELECT count(*) FROM migrate_edge WHERE revision >= '1000' AND revision < '1100') AS edges, (SELECT count(*) FROM migrate_label WHERE label = 'label1000') AS labels, (SELECT count(*) FROM migrate_label WHERE revision = '1000') AS labelled;
RESET enable_seqscan;
RESET enable_bitmapscan;
SELECT load(1000, 1099, 'SELECT 1');
SELECT load(1000, 1099, 'SELECT 3');
SELECT load(1000, 1109, 'SELECT 3');
SELECT action, count(*) FROM migrate_log WHERE revision BETWEEN '1000' AND '1109' AND revision ~ '^[0-9]{4}$' GROUP BY action;
-- By queries where somebody added something.
ALTER TABLE migrate_revision ADD COLUMN marked text NOT NULL DEFAULT 'by hand';
SELECT load(1200, 1209, 'SELECT 1');
SELECT count(*) FROM migrate_revision WHERE revision BETWEEN '1200' AND '1209' AND marked = 'by hand';
ALTER TABLE migrate_revision DROP COLUMN marked;
ALTER TABLE migrate_edge ADD CONSTRAINT low CHECK (parent < '1305') NOT VALID;
SELECT try($$SELECT load(1300, 1309, 'SELECT 1')$$);
ALTER TABLE migrate_edge DROP CONSTRAINT low, DROP CONSTRAINT migrate_edge_kind_check, ADD CONSTRAINT migrate_edge_kind_check CHECK (kind <> 'depends_on') NOT VALID;
SELECT try($$SELECT load(1300, 1309, 'SELECT 1')$$);
ALTER TABLE migrate_edge DROP CONSTRAINT migrate_edge_kind_check;
ALTER TABLE migrate_revision ALTER COLUMN seq SET DEFAULT 7;
SELECT try($$SELECT load(1300, 1309, 'SELECT 1')$$);
ALTER TABLE migrate_revision ALTER COLUMN seq SET DEFAULT nextval('migrate_revision_seq_seq');
SELECT load(1300, 1309, 'SELECT 1');
SELECT * FROM stored(1300);
