--
-- CALL migrate_apply: a commit per revision; statements that run at the top only
--
SELECT migrate_revision('users', 'CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users SELECT g, ''n'' || g FROM generate_series(1, 100) g', 'DROP TABLE users', '001');
SELECT migrate_revision('index', 'CREATE INDEX CONCURRENTLY users_name ON users (name);
VACUUM (ANALYZE) users', 'DROP INDEX CONCURRENTLY users_name', '002');
SELECT migrate_revision('mood', 'CREATE TYPE mood AS ENUM (''sad'')', 'DROP TYPE mood', '003');
SELECT migrate_load('-- migrate:revision 004
-- migrate:down_revision 003
-- migrate:up transaction:false
ALTER TYPE mood ADD VALUE ''happy'';
CREATE TABLE moods (m mood DEFAULT ''happy'');
INSERT INTO moods DEFAULT VALUES;
-- migrate:down
DROP TABLE moods;
');

-- what can't be in a transaction marks its body, and that is said
SET client_min_messages = notice;
SELECT migrate_revision('marked', 'VACUUM', 'VACUUM', '0041');
SELECT migrate_revision('marked', 'VACUUM', 'VACUUM', '0041');
SELECT migrate_edit('0041', 'SELECT 1');
SELECT migrate_edit('0041', NULL, 'SELECT 1');
SELECT migrate_edit('0041', 'VACUUM users');
SELECT migrate_delete('0041');
SELECT migrate_load(E'-- migrate:revision 0041\n-- migrate:up\nVACUUM;\n');
SELECT migrate_load(E'-- migrate:revision 0041\n-- migrate:up\nVACUUM;\n');
SELECT upgrade_transactional, downgrade_transactional FROM migrate_show('0041');
SELECT migrate_delete('0041');
SET client_min_messages = warning;

-- only at the top, and a function refuses what is marked before anything runs
BEGIN;
CALL migrate_apply();
ROLLBACK;
DO $$ BEGIN CALL migrate_apply(); END $$;
CREATE PROCEDURE wrapper() LANGUAGE plpgsql AS $$ BEGIN CALL migrate_apply(); END $$;
CALL wrapper();
SELECT migrate_upgrade();
SELECT to_regclass('users'), count(*) FROM migrate_version;

-- up
CALL migrate_apply();
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indexrelid = 'users_name'::regclass;
SELECT * FROM moods;
SELECT action, revision, from_version, to_version, statement, statements, outcome FROM migrate_log WHERE action = 'upgrade' ORDER BY id;
SELECT revision, stopped FROM migrate_current();
CALL migrate_apply();

-- what is marked goes down by CALL, too: refused before anything runs
SELECT migrate_downgrade('001');
SELECT migrate_downgrade('-3');
SELECT version_num FROM migrate_version;

-- down, where the target is below
CALL migrate_apply('001');
SELECT to_regclass('users_name'), to_regclass('moods'), version_num FROM migrate_version;
CALL migrate_apply('base');
CALL migrate_apply('nowhere');
SELECT count(*) FROM migrate_version;

-- an ordinary revision is atomic, those before it stay, and its failure is recorded
SELECT migrate_edit('003', 'CREATE TYPE mood AS ENUM (''sad''); SELECT 1 / 0');
CALL migrate_apply();
SELECT version_num, to_regtype('mood') FROM migrate_version;
SELECT revision, from_version, to_version, statement, statements, outcome, detail FROM migrate_log WHERE outcome = 'failed';
SELECT current, stopped FROM migrate_status();
SELECT revision, stopped FROM migrate_current();
SELECT migrate_edit('003', 'CREATE TYPE mood AS ENUM (''sad'')');
CALL migrate_apply();
SELECT current, stopped FROM migrate_status();
CALL migrate_apply('base');
DELETE FROM migrate_log;

-- BEGIN, COMMIT and COMMIT AND CHAIN delimit transactions; settings end with the body
SELECT migrate_revision('blocks', 'VACUUM users;
BEGIN ISOLATION LEVEL SERIALIZABLE;
CREATE TABLE levels AS SELECT current_setting(''transaction_isolation'') AS level;
COMMIT AND CHAIN;
INSERT INTO levels SELECT current_setting(''transaction_isolation'');
COMMIT;
SET work_mem = ''1MB'';
INSERT INTO levels SELECT current_setting(''work_mem'');
DO $$ BEGIN INSERT INTO levels VALUES (''first''); COMMIT; INSERT INTO levels VALUES (''second''); END $$', 'DROP TABLE levels', '005', '001', true);
CALL migrate_apply('005');
SELECT * FROM levels;
SHOW work_mem;
SELECT statement, outcome FROM migrate_log WHERE revision = '005' AND to_version IS NULL ORDER BY id;
CALL migrate_apply('001');

-- what can't be right is refused before anything runs
SELECT migrate_edit('005', 'VACUUM users; BEGIN; VACUUM users; COMMIT');
CALL migrate_apply('005');
SELECT migrate_edit('005', 'VACUUM users; BEGIN; SELECT 1');
CALL migrate_apply('005');
SELECT migrate_edit('005', 'VACUUM users; COMMIT');
CALL migrate_apply('005');
SELECT migrate_edit('005', 'VACUUM users; BEGIN; SAVEPOINT a; COMMIT');
CALL migrate_apply('005');
SELECT current, stopped FROM migrate_status();

-- REINDEX, CLUSTER, ALTER SYSTEM, DATABASE, DETACH
SELECT migrate_edit('005', 'CREATE INDEX CONCURRENTLY ON users (name);
REINDEX INDEX CONCURRENTLY users_name_idx;
REINDEX TABLE CONCURRENTLY users;
CLUSTER users USING users_pkey;
CLUSTER;
ALTER SYSTEM SET work_mem = ''5MB'';
ALTER SYSTEM RESET work_mem;
CREATE DATABASE limbeck_apply_made;
DROP DATABASE limbeck_apply_made', 'DROP INDEX users_name_idx');
CALL migrate_apply('005');
SELECT current FROM migrate_status();
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory';
