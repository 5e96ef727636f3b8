-- The ledger is Limbeck's: what stands in its place is refused, by name.
CREATE VIEW migrate_version AS SELECT 'x' AS version_num;
SELECT migrate_stamp('base');
SELECT revision FROM migrate_current();
DROP VIEW migrate_version;
CREATE TABLE migrate_log (something text);
SELECT migrate_revision('one', 'CREATE TABLE t (x)', 'DROP TABLE t', 'r1');
DROP TABLE migrate_log;
SELECT migrate_revision('one', 'CREATE TABLE t (x)', 'DROP TABLE t', 'r1');
-- A trigger on it, a lost column, a temporary table in front of it.
CREATE TRIGGER mine AFTER INSERT ON migrate_log BEGIN SELECT 1; END;
SELECT migrate_upgrade();
DROP TRIGGER mine;
CREATE TEMP TRIGGER mine AFTER INSERT ON main.migrate_version BEGIN SELECT 1; END;
SELECT migrate_upgrade();
DROP TRIGGER mine;
CREATE TEMP TABLE migrate_version (version_num text);
INSERT INTO temp.migrate_version VALUES ('nonsense');
SELECT migrate_upgrade();
SELECT revision FROM migrate_current();
SELECT version_num FROM main.migrate_version;
DROP TABLE temp.migrate_version;
ALTER TABLE migrate_revision RENAME COLUMN checksum TO sum;
SELECT migrate_downgrade('base');
ALTER TABLE migrate_revision RENAME COLUMN sum TO checksum;
SELECT migrate_downgrade('base');
-- Wrong values in it.
UPDATE migrate_revision SET upgrade = x'00ff' WHERE revision = 'r1';
SELECT migrate_upgrade();
SELECT count(*) > 0 AS problems FROM migrate_validate();
