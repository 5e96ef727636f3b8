-- A sound history has nothing to report.
SELECT revision, problem FROM migrate_validate();
SELECT migrate_revision('one', 'CREATE TABLE t1 (i int)', 'DROP TABLE t1', 'r1');
SELECT migrate_revision('two', 'CREATE TABLE t2 (i int)', 'DROP TABLE t2', 'r2');
SELECT migrate_revision('three', 'CREATE TABLE t3 (i int)', 'DROP TABLE t3', 'r3');
SELECT migrate_revision('four', 'CREATE TABLE t4 (i int)', 'DROP TABLE t4', 'r4');
SELECT migrate_upgrade('r2');
SELECT revision, problem FROM migrate_validate();
-- A pending body changed by hand does not run.
UPDATE migrate_revision SET upgrade = 'CREATE TABLE t3 (j int)' WHERE revision = 'r3';
SELECT revision, problem FROM migrate_validate();
SELECT migrate_upgrade('r3');
SELECT migrate_edit('r3', 'CREATE TABLE t3 (k int)');
SELECT revision, problem FROM migrate_validate();
SELECT migrate_upgrade('r3');
-- An applied one's is reported, and is in nobody's way going up.
UPDATE migrate_revision SET upgrade = 'CREATE TABLE t1 (j int)' WHERE revision = 'r1';
SELECT revision, problem FROM migrate_validate();
SELECT migrate_upgrade();
UPDATE migrate_revision SET upgrade = 'CREATE TABLE t1 (i int)' WHERE revision = 'r1';
SELECT revision, problem FROM migrate_validate();
-- Nor does a downgrade run that is not what was stored.
UPDATE migrate_revision SET downgrade = 'DROP TABLE t1' WHERE revision = 'r4';
SELECT migrate_downgrade('-1');
UPDATE migrate_revision SET downgrade = 'DROP TABLE t4' WHERE revision = 'r4';
SELECT migrate_downgrade('-1');
-- Versions that no revision has.
INSERT INTO migrate_version (version_num) VALUES ('stray');
SELECT revision, problem FROM migrate_validate();
SELECT revision, message FROM migrate_current();
SELECT migrate_upgrade();
DELETE FROM migrate_version WHERE version_num = 'stray';
-- Versions that overlap.
INSERT INTO migrate_version (version_num) VALUES ('r1');
SELECT revision, problem FROM migrate_validate();
SELECT revision FROM migrate_current();
SELECT migrate_upgrade();
SELECT migrate_stamp('r3');
SELECT revision, problem FROM migrate_validate();
-- Edges to nowhere.
INSERT INTO migrate_edge (revision, parent, kind, ordinal) VALUES ('r4', 'nowhere', 'depends_on', 0);
SELECT revision, problem FROM migrate_validate();
SELECT migrate_upgrade();
SELECT migrate_downgrade('base');
DELETE FROM migrate_edge WHERE parent = 'nowhere';
-- A cycle.
INSERT INTO migrate_edge (revision, parent, kind, ordinal) VALUES ('r2', 'r4', 'down_revision', 1);
SELECT revision, problem FROM migrate_validate();
SELECT migrate_upgrade();
SELECT migrate_revision('five', '', '', 'r5');
DELETE FROM migrate_edge WHERE revision = 'r2' AND parent = 'r4';
INSERT INTO migrate_edge (revision, parent, kind, ordinal) VALUES ('r2', 'r4', 'depends_on', 0);
SELECT revision, problem FROM migrate_validate();
DELETE FROM migrate_edge WHERE revision = 'r2' AND parent = 'r4';
INSERT INTO migrate_edge (revision, parent, kind, ordinal) VALUES ('r2', 'r2', 'down_revision', 1);
SELECT revision, problem FROM migrate_validate();
DELETE FROM migrate_edge WHERE revision = 'r2' AND parent = 'r2';
-- Names against the rules.
INSERT INTO migrate_label (label, revision, ordinal) VALUES ('r1', 'r2', 0);
SELECT revision, problem FROM migrate_validate();
DELETE FROM migrate_label WHERE label = 'r1';
INSERT INTO migrate_label (label, revision, ordinal) VALUES ('a@b', 'r2', 0);
SELECT revision, problem FROM migrate_validate();
DELETE FROM migrate_label WHERE label = 'a@b';
-- Mended, it goes on.
SELECT revision, problem FROM migrate_validate();
SELECT migrate_upgrade();
SELECT migrate_downgrade('base');
