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
SELECT (SELECT count(*) FROM migrate_log WHERE id > 0) AS by_id, (SELECT count(revision) FROM (SELECT revision FROM migrate_log WHERE revision >= '' ORDER BY revision) r) AS by_revision,
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
