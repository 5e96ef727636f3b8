-- Stamping says where a database stands without running anything.
SELECT migrate_revision('a', 'CREATE TABLE a (x int)', 'DROP TABLE a', 'aaaa');
SELECT migrate_revision('b', 'CREATE TABLE b (x int)', 'DROP TABLE b', 'bbbb');
SELECT migrate_revision('c one', 'CREATE TABLE c1 (x int)', 'DROP TABLE c1', 'ccc1', 'bbbb', false, 'l1');
SELECT migrate_revision('c two', 'CREATE TABLE c2 (x int)', 'DROP TABLE c2', 'ccc2', 'bbbb', true, 'l2');
SELECT migrate_revision('d one', '', '', 'ddd1', 'l1@head');
SELECT migrate_revision('d two', '', '', 'ddd2', 'l2@head');
-- The database came from somewhere else and is at bbbb already.
SELECT step, operation, revision, from_version, to_version FROM migrate_plan('bbbb', 'stamp');
SELECT migrate_stamp('bbbb');
SELECT migrate_stamp('bbbb');
SELECT migrate_upgrade('l1');
SELECT count(*) FROM c1;
SELECT migrate_downgrade('bbbb');
-- Both heads at once.
SELECT step, operation, revision, from_version, to_version FROM migrate_plan('heads', 'stamp');
SELECT migrate_stamp('heads');
SELECT version_num FROM migrate_version ORDER BY version_num;
-- Back to a common ancestor.
SELECT migrate_stamp('aaaa');
SELECT version_num FROM migrate_version;
-- A list; rows of other branches stay, unless a branch is named or everything is purged.
SELECT migrate_stamp('ddd1, ccc2');
SELECT migrate_stamp('l2@head');
SELECT version_num FROM migrate_version ORDER BY version_num;
SELECT migrate_stamp('l1@base');
SELECT migrate_stamp('ddd1');
SELECT version_num FROM migrate_version ORDER BY version_num;
SELECT migrate_stamp('ddd2', true);
SELECT migrate_stamp('base');
SELECT migrate_stamp('base');
SELECT count(*) FROM migrate_version;
-- Errors change nothing.
SELECT migrate_stamp('bbbb');
SELECT migrate_stamp('head');
SELECT migrate_stamp('aaaa, ddd1');
SELECT migrate_stamp('zzzz');
SELECT migrate_stamp('typo@base');
SELECT migrate_stamp('l2@ccc1');
SELECT migrate_stamp('+1');
SELECT migrate_stamp('bbbb+1');
SELECT migrate_stamp(NULL);
SELECT migrate_stamp('');
SELECT version_num FROM migrate_version;
-- A version that nobody knows: upgrade refuses, purge is the way out.
INSERT INTO migrate_version (version_num) VALUES ('gone');
SELECT revision, message FROM migrate_current();
SELECT migrate_upgrade('l1@head');
SELECT migrate_downgrade('base');
SELECT migrate_stamp('ccc1');
SELECT migrate_stamp('ccc1', true);
SELECT version_num FROM migrate_version;
SELECT revision, problem FROM migrate_validate();
