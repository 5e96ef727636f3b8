-- A body marked transaction:false that stopped half-way: what is told of it, and a DBA's word.
SELECT migrate_revision('one', 'CREATE TABLE one (id int)', 'DROP TABLE one', '001');
SELECT migrate_load('-- migrate:revision 002
-- migrate:message two
-- migrate:down_revision 001
-- migrate:up transaction:false
CREATE TABLE two (id int);
INSERT INTO two VALUES (1);
INSERT INTO two VALUES (2);
-- migrate:down transaction:false
DELETE FROM two;
DROP TABLE two;
');
SELECT migrate_revision('three', 'CREATE TABLE three (id int)', 'DROP TABLE three', '003');
SELECT revision, CAST(upgrade_transactional AS int), CAST(downgrade_transactional AS int) FROM migrate_show('001, 002');
SELECT step, revision, CAST(transactional AS int) FROM migrate_plan('head');
-- Nothing has stopped.
SELECT migrate_upgrade('001');
SELECT migrate_resolve('002', 'applied');
SELECT migrate_resolve('001', 'not applied');
-- What a run writes before a statement, behind it, and when it fails.
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum)
SELECT CURRENT_TIMESTAMP, 'me', 'upgrade', '002', 1, 3, 'started', checksum FROM migrate_revision WHERE revision = '002';
SELECT current, stopped FROM migrate_status();
SELECT revision, stopped FROM migrate_current();
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum)
SELECT CURRENT_TIMESTAMP, 'me', 'upgrade', '002', 1, 3, 'done', checksum FROM migrate_revision WHERE revision = '002';
SELECT current, stopped FROM migrate_status();
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum, detail)
SELECT CURRENT_TIMESTAMP, 'me', 'upgrade', '002', 2, 3, 'failed', checksum, 'disk full' FROM migrate_revision WHERE revision = '002';
SELECT current, stopped FROM migrate_status();
-- What ran of it is in the database: it may not be forgotten, and what ran is what stands in it.
SELECT migrate_delete('003');
SELECT migrate_delete('002');
SELECT migrate_edit('002', 'CREATE TABLE two (id int, name text)');
SELECT migrate_load('-- migrate:revision 002
-- migrate:down_revision 001
-- migrate:up transaction:false
CREATE TABLE two (id int, name text);
INSERT INTO two VALUES (1, NULL);
', '002_two.sql');
-- Nothing stands in the way of an edit that changes nothing.
SELECT migrate_edit('002', NULL, NULL, 'two');
-- A revision upon it is another matter.
SELECT migrate_revision('three', 'CREATE TABLE three (id int)', 'DROP TABLE three', '003');
SELECT migrate_edit('003', 'CREATE TABLE three (id int, name text)');
-- The words.
SELECT migrate_resolve('002', 'perhaps');
SELECT migrate_resolve('002', NULL);
SELECT migrate_resolve('nowhere', 'applied');
SELECT migrate_resolve('003', 'applied');
SELECT migrate_resolve('002', 'not applied');
SELECT current, stopped FROM migrate_status();
SELECT migrate_resolve('002', 'not applied');
-- Applied: the version moves.
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum, detail)
SELECT CURRENT_TIMESTAMP, 'me', 'upgrade', '002', 2, 3, 'failed', checksum, 'disk full' FROM migrate_revision WHERE revision = '002';
SELECT migrate_resolve('002', 'applied');
SELECT current, stopped FROM migrate_status();
SELECT revision, CAST(applied_at IS NOT NULL AS int) AS known FROM migrate_current();
-- On the way down.
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum, detail)
SELECT CURRENT_TIMESTAMP, 'me', 'downgrade', '002', 1, 2, 'failed', checksum, 'disk full' FROM migrate_revision WHERE revision = '002';
SELECT current, stopped FROM migrate_status();
-- Back at the top, or below it.
SELECT migrate_resolve('002', 'applied');
SELECT current, stopped FROM migrate_status();
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum, detail)
SELECT CURRENT_TIMESTAMP, 'me', 'downgrade', '002', 1, 2, 'failed', checksum, 'disk full' FROM migrate_revision WHERE revision = '002';
SELECT migrate_resolve('002', 'not applied');
SELECT current, stopped FROM migrate_status();
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum, detail)
SELECT CURRENT_TIMESTAMP, 'me', 'upgrade', '002', 2, 3, 'failed', checksum, 'disk full' FROM migrate_revision WHERE revision = '002';
-- A stamp ends it, too.
SELECT migrate_stamp('002');
SELECT current, stopped FROM migrate_status();
-- So does one that passes over it: it is not there again when the version comes back.
SELECT migrate_stamp('001');
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum, detail)
SELECT CURRENT_TIMESTAMP, 'me', 'upgrade', '002', 2, 3, 'failed', checksum, 'disk full' FROM migrate_revision WHERE revision = '002';
SELECT current, stopped FROM migrate_status();
SELECT migrate_stamp('003');
SELECT current, stopped FROM migrate_status();
SELECT migrate_stamp('001');
SELECT current, stopped FROM migrate_status();
-- And one that starts from nothing, and the version of another tool.
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum, detail)
SELECT CURRENT_TIMESTAMP, 'me', 'upgrade', '002', 2, 3, 'failed', checksum, 'disk full' FROM migrate_revision WHERE revision = '002';
SELECT migrate_stamp('003', true);
SELECT migrate_stamp('base', true);
SELECT current, stopped FROM migrate_status();
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum, detail)
SELECT CURRENT_TIMESTAMP, 'me', 'upgrade', '002', 2, 3, 'failed', checksum, 'disk full' FROM migrate_revision WHERE revision = '002';
SELECT current, stopped FROM migrate_status();
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL);
INSERT INTO alembic_version VALUES ('003');
SELECT migrate_adopt('alembic');
SELECT migrate_stamp('001');
SELECT current, stopped FROM migrate_status();
-- A stamp that leaves it where it is ends nothing.
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum, detail)
SELECT CURRENT_TIMESTAMP, 'me', 'upgrade', '002', 2, 3, 'failed', checksum, 'disk full' FROM migrate_revision WHERE revision = '002';
SELECT migrate_stamp('base');
SELECT current, stopped FROM migrate_status();
SELECT migrate_resolve('002', 'not applied');
SELECT action, revision, from_version, to_version, outcome, detail FROM migrate_log WHERE action IN ('resolve', 'stamp', 'adopt') ORDER BY id;
-- What a hint says to type can be typed, whatever the id.
SELECT migrate_load('-- migrate:revision it''s
-- migrate:down_revision base
-- migrate:up transaction:false
CREATE TABLE quoted (id int);
');
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome, checksum)
SELECT CURRENT_TIMESTAMP, 'me', 'upgrade', revision, 1, 1, 'started', checksum FROM migrate_revision WHERE revision = 'it''s';
SELECT migrate_delete('it''s');
SELECT migrate_resolve('it''s', 'not applied');
SELECT migrate_delete('it''s');
