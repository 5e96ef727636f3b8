-- A body marked transaction:false is run statement by statement, in autocommit only.
SELECT migrate_revision('users', 'CREATE TABLE users (id integer PRIMARY KEY, email text)', 'DROP TABLE users', '001');
SELECT migrate_load('-- migrate:revision 002
-- migrate:message one mail each
-- migrate:down_revision 001
-- migrate:up transaction:false
INSERT INTO users VALUES (1, ''ada'');
BEGIN;
UPDATE users SET email = upper(email);
CREATE UNIQUE INDEX users_email ON users (email);
COMMIT;
INSERT INTO users VALUES (3, ''grace'');
-- migrate:down transaction:false
DROP INDEX users_email;
DELETE FROM users;
');
SELECT migrate_revision('plans', 'CREATE TABLE plans (id integer)', 'DROP TABLE plans', '003');
SELECT step, revision, transactional FROM migrate_plan();
-- In the caller's transaction nothing runs.
BEGIN;
SELECT migrate_upgrade();
SELECT migrate_upgrade('001');
ROLLBACK;
SAVEPOINT a;
SELECT migrate_upgrade();
RELEASE a;
SELECT count(*) FROM sqlite_schema WHERE name = 'users';
-- What was committed before a failure stays; the block in which it failed is rolled back.
SELECT migrate_upgrade('001');
INSERT INTO users VALUES (2, 'ADA');
SELECT migrate_upgrade();
SELECT id, email FROM users;
SELECT current, stopped FROM migrate_status();
SELECT revision, stopped FROM migrate_current();
-- No script and no way around it.
SELECT migrate_upgrade_sql();
SELECT migrate_downgrade('base');
SELECT migrate_upgrade_sql('base:001') LIKE '%upgrade base -> 001%' AS other_scripts;
-- Its text must stay.
SELECT migrate_edit('002', 'SELECT 1');
SELECT current, stopped FROM migrate_status();
SELECT migrate_load('-- migrate:revision 002
-- migrate:message one mail each
-- migrate:down_revision 001
-- migrate:up transaction:false
INSERT INTO users VALUES (1, ''ada'');
BEGIN;
UPDATE users SET email = upper(email);
CREATE UNIQUE INDEX users_email ON users (email);
COMMIT;
INSERT INTO users VALUES (3, ''grace'');
-- migrate:down transaction:false
DROP INDEX users_email;
DELETE FROM users;
');
-- Again: it goes on where it stopped, with the block.
SELECT migrate_upgrade();
DELETE FROM users WHERE id = 2;
SELECT migrate_upgrade();
SELECT id, email FROM users;
SELECT current, stopped FROM migrate_status();
SELECT action, revision, from_version, to_version, statement, statements, duration_ms IS NULL AS no_time, outcome, detail FROM migrate_log WHERE action IN ('upgrade', 'downgrade') ORDER BY id;
-- Down again, with the others.
SELECT migrate_downgrade('base');
SELECT migrate_upgrade('001');
-- What comes before a marked revision is committed, what comes behind it and fails is not.
SELECT migrate_edit('003', 'CREATE TABLE plans (id integer); SELECT no_such_column FROM plans');
SELECT migrate_upgrade();
SELECT current, stopped FROM migrate_status();
SELECT name FROM sqlite_schema WHERE name IN ('users_email', 'plans');
SELECT migrate_edit('003', 'CREATE TABLE plans (id integer)');
SELECT migrate_upgrade();
SELECT migrate_downgrade('001');
-- Transaction words delimit, and nothing else.
SELECT migrate_load('-- migrate:revision b01
-- migrate:down_revision 001
-- migrate:up transaction:false
SELECT 1; COMMIT;
', 'b01.sql');
SELECT migrate_upgrade('b01');
SELECT migrate_load('-- migrate:revision b01
-- migrate:down_revision 001
-- migrate:up transaction:false
SELECT 1; BEGIN; SELECT 2;
', 'b01.sql');
SELECT migrate_upgrade('b01');
SELECT migrate_load('-- migrate:revision b01
-- migrate:down_revision 001
-- migrate:up transaction:false
BEGIN; SAVEPOINT s; COMMIT; SELECT 3;
', 'b01.sql');
SELECT migrate_upgrade('b01');
SELECT migrate_load('-- migrate:revision b01
-- migrate:down_revision 001
-- migrate:up transaction:false
BEGIN; BEGIN; COMMIT; SELECT 3;
', 'b01.sql');
SELECT migrate_upgrade('b01');
SELECT migrate_load('-- migrate:revision b01
-- migrate:down_revision 001
-- migrate:up transaction:false
SELECT 1; ROLLBACK;
', 'b01.sql');
SELECT migrate_upgrade('b01');
-- What no function can run, with the words to type instead.
SELECT migrate_load('-- migrate:revision b01
-- migrate:down_revision 001
-- migrate:up transaction:false
CREATE TABLE b (x);
VACUUM;
', 'b01.sql');
SELECT migrate_upgrade('b01');
SELECT migrate_load('-- migrate:revision b01
-- migrate:down_revision 001
-- migrate:up transaction:false
CREATE TABLE b (x);
PRAGMA journal_mode = wal;
', 'b01.sql');
SELECT migrate_upgrade('b01');
SELECT migrate_load('-- migrate:revision b01
-- migrate:down_revision 001
-- migrate:up transaction:false
PRAGMA page_size = 8192;
', 'b01.sql');
SELECT migrate_upgrade('b01');
SELECT migrate_load('-- migrate:revision b01
-- migrate:down_revision 001
-- migrate:up transaction:false
ATTACH ''other.db'' AS other;
', 'b01.sql');
SELECT migrate_upgrade('b01');
SELECT count(*) FROM sqlite_schema WHERE name = 'b';
SELECT migrate_exec('VACUUM');
-- A checkpoint runs between transactions, and in none.
SELECT migrate_load('-- migrate:revision b01
-- migrate:down_revision 001
-- migrate:up transaction:false
CREATE TABLE b (x);
PRAGMA wal_checkpoint(truncate);
-- migrate:down transaction:false
BEGIN;
DROP TABLE b;
PRAGMA wal_checkpoint;
COMMIT;
SELECT 1;
', 'b01.sql');
SELECT migrate_upgrade('b01');
SELECT migrate_downgrade('001');
SELECT migrate_stamp('001');
SELECT migrate_exec('PRAGMA wal_checkpoint');
-- It marks its body by itself.
SELECT migrate_revision('a checkpoint', 'SELECT 1; PRAGMA main.wal_checkpoint(truncate)', '', 'c01', '001', 1);
SELECT revision, upgrade_transactional, downgrade_transactional FROM migrate_show('c01');
SELECT migrate_upgrade('c01');
SELECT migrate_downgrade('001');
SELECT migrate_load('-- migrate:revision c02
-- migrate:down_revision 001
-- migrate:up
PRAGMA wal_checkpoint;
', 'c02.sql');
UPDATE migrate_revision SET upgrade_transactional = 1 WHERE revision = 'c02';
SELECT migrate_upgrade('c02');
-- A stop may not be hidden by a new text, without the mark or with it.
SELECT migrate_load('-- migrate:revision d01
-- migrate:down_revision 001
-- migrate:up transaction:false
CREATE TABLE d (x);
SELECT no_such_column FROM d;
-- migrate:down
DROP TABLE d;
', 'd01.sql');
SELECT migrate_upgrade('d01');
SELECT migrate_load('-- migrate:revision d01
-- migrate:down_revision 001
-- migrate:up
CREATE TABLE d (x);
-- migrate:down
DROP TABLE d;
', 'd01.sql');
SELECT migrate_resolve('d01', 'not applied');
DROP TABLE d;
SELECT migrate_load('-- migrate:revision d01
-- migrate:down_revision 001
-- migrate:up transaction:false
CREATE TABLE d (x);
SELECT x FROM d;
-- migrate:down
DROP TABLE d;
', 'd01.sql');
SELECT migrate_upgrade('d01');
-- One BEGIN ... COMMIT around all is one transaction; an empty body is done at once.
SELECT migrate_load('-- migrate:revision d02
-- migrate:down_revision d01
-- migrate:up transaction:false
BEGIN; INSERT INTO d VALUES (1); INSERT INTO d VALUES (2); COMMIT;
-- migrate:down transaction:false
', 'd02.sql');
SELECT migrate_upgrade('d02');
SELECT migrate_downgrade('d01');
SELECT action, statement, statements, outcome FROM migrate_log WHERE revision = 'd02' AND action <> 'load' ORDER BY id;
SELECT count(*) FROM d;
-- Statements that are carried out by a rebuild are each atomic.
SELECT migrate_load('-- migrate:revision d03
-- migrate:down_revision d01
-- migrate:up transaction:false
ALTER TABLE d ADD CONSTRAINT small CHECK (x < 10);
ALTER TABLE d ALTER COLUMN x SET NOT NULL;
ALTER TABLE d ADD CONSTRAINT large CHECK (x > 1);
-- migrate:down
ALTER TABLE d DROP CONSTRAINT small;
', 'd03.sql');
SELECT migrate_upgrade('d03');
SELECT sql FROM sqlite_schema WHERE name = 'd';
SELECT current, stopped FROM migrate_status();
UPDATE d SET x = x + 1;
SELECT migrate_upgrade('d03');
SELECT sql FROM sqlite_schema WHERE name = 'd';
-- The log rows in between are not seen by the body.
SELECT migrate_load('-- migrate:revision d04
-- migrate:down_revision d03
-- migrate:up transaction:false
CREATE TABLE parent (id integer PRIMARY KEY);
CREATE TABLE child (parent integer);
INSERT INTO parent VALUES (77);
INSERT INTO child VALUES (last_insert_rowid());
-- migrate:down
', 'd04.sql');
SELECT migrate_upgrade('d04');
SELECT * FROM child;
