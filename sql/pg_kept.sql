-- What a backend keeps of the ledger is used only while it is true: whatever is done to the tables by hand,
-- the next call sees it.
SELECT migrate_revision('one', '', '', '001', NULL, NULL, 'app');
SELECT migrate_revision('two', '', '', '002');
-- Through Limbeck and from the tables, in one snapshot: always the same.
CREATE FUNCTION same() RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN limbeck = tables THEN limbeck ELSE 'stale: ' || limbeck || ' instead of ' || tables END
	FROM (SELECT string_agg(concat_ws('|', revision, down_revision, message, branch_labels), ' ' ORDER BY revision) FROM migrate_history()) h(limbeck),
		(SELECT string_agg(concat_ws('|', revision, (SELECT string_agg(parent, ', ' ORDER BY ordinal) FROM migrate_edge e WHERE e.revision = r.revision),
			message, (SELECT string_agg(label, ', ' ORDER BY label) FROM migrate_label)), ' ' ORDER BY revision) FROM migrate_revision r) t(tables)
$$;
CREATE FUNCTION twice() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(DISTINCT s, ' and ') FROM (SELECT same() UNION ALL SELECT same()) t(s) $$;
SELECT twice();
-- A row changed, one gone and one more, undone in part and as a whole.
UPDATE migrate_revision SET message = 'uno' WHERE revision = '001';
SELECT twice();
BEGIN;
UPDATE migrate_revision SET message = 'eins' WHERE revision = '001';
SELECT twice();
SAVEPOINT s;
UPDATE migrate_label SET label = 'application';
SELECT twice();
ROLLBACK TO s;
SELECT twice();
ROLLBACK;
SELECT twice();
BEGIN;
SELECT twice();
UPDATE migrate_revision SET message = 'eins' WHERE revision = '001';
ROLLBACK;
SELECT twice();
BEGIN;
SELECT migrate_delete('002');
SELECT twice();
SELECT migrate_revision('second', '', '', '002');
SELECT twice();
COMMIT;
SELECT twice();
DO $$ BEGIN UPDATE migrate_revision SET message = 'never'; PERFORM same(); RAISE 'undone'; EXCEPTION WHEN raise_exception THEN RAISE WARNING '%', same(); END $$;
-- With triggers and rules switched off.
SET session_replication_role = replica;
UPDATE migrate_revision SET message = 'two' WHERE revision = '002';
SELECT twice();
RESET session_replication_role;
ALTER TABLE migrate_revision DISABLE TRIGGER ALL;
UPDATE migrate_revision SET message = 'zwei' WHERE revision = '002';
SELECT twice();
ALTER TABLE migrate_revision ENABLE TRIGGER ALL;
-- Tables emptied, rewritten, not logged, a column made anew.
BEGIN;
SELECT twice();
TRUNCATE migrate_label;
SELECT twice();
ROLLBACK;
SELECT twice();
BEGIN;
ALTER TABLE migrate_revision SET UNLOGGED;
SELECT twice();
UPDATE migrate_revision SET message = 'unlogged' WHERE revision = '002';
SELECT twice();
COMMIT;
UPDATE migrate_revision SET message = 'still unlogged' WHERE revision = '002';
SELECT twice();
ALTER TABLE migrate_revision SET LOGGED;
UPDATE migrate_revision SET message = 'logged again' WHERE revision = '002';
SELECT twice();
BEGIN;
CLUSTER migrate_revision USING migrate_revision_pkey;
SELECT twice();
UPDATE migrate_revision SET message = 'clustered' WHERE revision = '002';
SELECT twice();
ROLLBACK;
SELECT twice();
ALTER TABLE migrate_revision ADD COLUMN remark text DEFAULT 'mine';
SELECT twice();
ALTER TABLE migrate_revision DROP COLUMN message, DROP COLUMN remark;
ALTER TABLE migrate_revision ADD COLUMN message text NOT NULL DEFAULT 'anew';
SELECT twice();
VACUUM FULL migrate_revision;
SELECT twice();
-- A snapshot that is older than what is kept sees what it saw.
BEGIN;
DECLARE before CURSOR FOR SELECT message FROM migrate_history('002:002');
UPDATE migrate_revision SET message = 'newer' WHERE revision = '002';
SELECT twice();
FETCH before;
COMMIT;
SELECT twice();
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT twice();
UPDATE migrate_revision SET message = 'repeatable' WHERE revision = '002';
SELECT twice();
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT twice();
UPDATE migrate_revision SET message = 'serializable' WHERE revision = '002';
SELECT twice();
COMMIT;
SELECT twice();
-- Another extension of that name, in another place.
DROP FUNCTION twice();
DROP FUNCTION same();
DROP EXTENSION limbeck;
CREATE SCHEMA elsewhere;
CREATE EXTENSION limbeck SCHEMA elsewhere;
SELECT count(*) FROM elsewhere.migrate_history();
SELECT elsewhere.migrate_revision('other', '', '', '001');
SELECT revision, message FROM elsewhere.migrate_history();
SELECT revision, message FROM elsewhere.migrate_history();
-- Without the indexes of the log that save work the answers are the same.
SELECT elsewhere.migrate_upgrade();
SELECT revision, applied_by = session_user AS mine FROM elsewhere.migrate_current();
DROP INDEX elsewhere.migrate_log_revision_idx, elsewhere.migrate_log_stopped_idx;
SELECT revision, applied_by = session_user AS mine FROM elsewhere.migrate_current();
CREATE INDEX migrate_log_stopped_idx ON elsewhere.migrate_log (id) WHERE false;
CREATE INDEX migrate_log_revision_idx ON elsewhere.migrate_log (actor, id);
SELECT revision, applied_by = session_user AS mine FROM elsewhere.migrate_current();
INSERT INTO elsewhere.migrate_log (at, actor, action, revision, statement, statements, outcome) VALUES (now(), 'me', 'upgrade', '002', 1, 2, 'started');
SELECT elsewhere.migrate_revision('stops', '', '', '002');
SELECT stopped FROM elsewhere.migrate_status();
-- A table taken from the extension is refused in the transaction that used it before, too.
BEGIN;
SELECT revision FROM elsewhere.migrate_current();
ALTER EXTENSION limbeck DROP TABLE elsewhere.migrate_label;
SELECT revision FROM elsewhere.migrate_current();
ROLLBACK;
-- Without its primary key a revision is found, too; twice, it is refused.
ALTER TABLE elsewhere.migrate_revision DROP CONSTRAINT migrate_revision_pkey;
SELECT revision, upgrade, message FROM elsewhere.migrate_show('002');
SELECT count(*) FROM elsewhere.migrate_validate();
INSERT INTO elsewhere.migrate_revision SELECT 100, revision, 'double', upgrade, downgrade, true, true, script, checksum, created_at, created_by, upgrade_author, upgrade_author_oid, downgrade_author, downgrade_author_oid
	FROM elsewhere.migrate_revision WHERE revision = '002';
SELECT elsewhere.migrate_upgrade();
