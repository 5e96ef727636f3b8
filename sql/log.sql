-- Every call that changes something leaves its rows in the audit log.
SELECT migrate_revision('one', 'CREATE TABLE t1 (i int)', 'DROP TABLE t1', 'r1');
SELECT migrate_revision('two', 'CREATE TABLE t2 (i int); CREATE TABLE t3 (i int);', 'DROP TABLE t3; DROP TABLE t2', 'r2');
SELECT migrate_revision('side', '', '', 's2', 'r1', true);
SELECT migrate_merge('heads', NULL, 'm3');
SELECT migrate_load('-- migrate:up
-- migrate:down
', 'n4_next.sql');
SELECT migrate_edit('n4', NULL, NULL, 'next one');
SELECT migrate_upgrade('m3');
SELECT migrate_upgrade('m3');
SELECT migrate_downgrade('r1');
SELECT migrate_delete('n4_next');
SELECT migrate_delete('n4');
SELECT migrate_stamp('heads');
SELECT migrate_stamp('r1');
SELECT action, revision, from_version, to_version, outcome FROM migrate_log ORDER BY id;
SELECT count(*) FROM migrate_log WHERE at IS NULL OR actor IS NULL;
SELECT count(*) FROM migrate_log WHERE action IN ('upgrade', 'downgrade') AND duration_ms IS NULL;
-- The body that ran is named by its checksum.
SELECT count(*) FROM migrate_log l JOIN migrate_revision r ON r.revision = l.revision AND r.checksum = l.checksum
WHERE l.action IN ('upgrade', 'downgrade');
-- What failed or was rolled back leaves none.
SELECT migrate_upgrade('nowhere');
BEGIN;
SELECT migrate_downgrade('base');
SELECT action, revision, from_version, to_version FROM migrate_log ORDER BY id DESC LIMIT 1;
ROLLBACK;
SELECT action, revision, from_version, to_version FROM migrate_log ORDER BY id DESC LIMIT 1;
-- migrate_current() says since when and by whom a version is there.
SELECT count(*) FROM migrate_current() WHERE applied_at IS NOT NULL AND applied_by IS NOT NULL;
