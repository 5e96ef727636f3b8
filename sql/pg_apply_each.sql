--
-- Each statement that can't be in a transaction: it fails, is told, is mended, and the next CALL goes on with
-- it; what stands before it is not done again
--
CREATE TABLE trace (id int GENERATED ALWAYS AS IDENTITY, what text);
CREATE PROCEDURE store(revision text, statement text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM migrate_load(format(E'-- migrate:revision %s\n-- migrate:up transaction:false\nINSERT INTO trace (what) VALUES (''%s before'');\n%s;\nINSERT INTO trace (what) VALUES (''%s after'');\n',
        revision, revision, statement, revision), NULL);
END $$;
\set stopped 'SELECT current, stopped FROM migrate_status();'

CALL store('01', 'CREATE INDEX CONCURRENTLY users_id ON users (id)');
CALL migrate_apply();
:stopped
CREATE TABLE users (id int, name text);
CALL migrate_apply();

CALL store('02', 'REINDEX INDEX CONCURRENTLY users_name');
CALL migrate_apply();
:stopped
CREATE INDEX users_name ON users (name);
CALL migrate_apply();

CALL store('03', 'REINDEX TABLE CONCURRENTLY posts');
CALL migrate_apply();
:stopped
CREATE TABLE posts (id int PRIMARY KEY, title text);
CALL migrate_apply();

CALL store('04', 'DROP INDEX CONCURRENTLY posts_title');
CALL migrate_apply();
:stopped
CREATE INDEX posts_title ON posts (title);
CALL migrate_apply();

CALL store('05', 'VACUUM (ANALYZE) later');
CALL migrate_apply();
:stopped
CREATE TABLE later (id int PRIMARY KEY);
CALL migrate_apply();

CALL store('06', 'CLUSTER later');
CALL migrate_apply();
:stopped
ALTER TABLE later CLUSTER ON later_pkey;
CALL migrate_apply();

-- an enum's value, used by the next revision and by the same one
CALL store('07', 'ALTER TYPE mood ADD VALUE ''happy''; CREATE TABLE moods (m mood DEFAULT ''happy''); INSERT INTO moods DEFAULT VALUES');
CALL migrate_apply();
:stopped
CREATE TYPE mood AS ENUM ('sad');
CALL migrate_apply();
SELECT migrate_revision('in a transaction', 'ALTER TYPE mood ADD VALUE ''calm''', NULL, '08');
SELECT migrate_revision('next', 'INSERT INTO moods VALUES (''calm'')', NULL, '09');
SELECT migrate_upgrade();
CALL migrate_apply();
SELECT * FROM moods;

SET client_min_messages = error;
CALL store('10', 'ALTER SYSTEM SET default_table_access_method = ''other''');
CALL migrate_apply();
:stopped
CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;
CALL migrate_apply();
ALTER SYSTEM RESET default_table_access_method;
DROP ACCESS METHOD other;
SET client_min_messages = warning;

DROP DATABASE IF EXISTS limbeck_each;
CREATE DATABASE limbeck_each;
CALL store('11', 'CREATE DATABASE limbeck_each');
CALL migrate_apply();
:stopped
DROP DATABASE limbeck_each;
CALL migrate_apply();
DROP DATABASE limbeck_each;
CALL store('12', 'DROP DATABASE limbeck_each');
CALL migrate_apply();
:stopped
CREATE DATABASE limbeck_each;
CALL migrate_apply();
SELECT count(*) FROM pg_database WHERE datname = 'limbeck_each';

-- what commits by itself is run again as a whole
CREATE TABLE batch (id int PRIMARY KEY, done boolean);
INSERT INTO batch SELECT i, i = 0 FROM generate_series(1, 6) i;
CREATE PROCEDURE work() LANGUAGE plpgsql AS $$
DECLARE i int;
BEGIN
    FOR i IN SELECT id FROM batch WHERE NOT done ORDER BY id LOOP
        IF i = 4 AND to_regclass('mended') IS NULL THEN RAISE EXCEPTION 'not mended'; END IF;
        UPDATE batch SET done = true WHERE id = i;
        COMMIT;
    END LOOP;
END $$;
CALL store('13', 'CALL work()');
CALL migrate_apply();
:stopped
SELECT id FROM batch WHERE done ORDER BY id;
CREATE TABLE mended (id int);
CALL migrate_apply();
SELECT count(*) FROM batch WHERE done;
DROP TABLE mended;
UPDATE batch SET done = false;
CALL store('14', 'DO $do$ BEGIN UPDATE batch SET done = true WHERE id < 3; COMMIT; UPDATE batch SET done = true FROM mended; ROLLBACK; END $do$');
CALL migrate_apply();
:stopped
SELECT id FROM batch WHERE done ORDER BY id;
CREATE TABLE mended (id int);
CALL migrate_apply();
-- in an ordinary body, and between BEGIN and COMMIT, the server refuses it
SELECT migrate_revision('procedure', 'UPDATE batch SET done = false; CALL work()', NULL, '15');
CALL migrate_apply();
SELECT migrate_edit('15', 'VACUUM batch; BEGIN; UPDATE batch SET done = false; CALL work(); COMMIT');
CALL migrate_apply();
SELECT migrate_resolve('15', 'not applied');
SELECT migrate_delete('15');

-- BEGIN, COMMIT AND CHAIN, COMMIT: the second transaction fails, the first stays
CALL store('16', 'BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO trace (what) VALUES (''first''); COMMIT AND CHAIN; INSERT INTO trace (what) VALUES (''second''); INSERT INTO chained SELECT current_setting(''transaction_isolation''); COMMIT');
CALL migrate_apply();
:stopped
CREATE TABLE chained (level text);
CALL migrate_apply();
SELECT level FROM chained;

-- what makes everything anew makes the ledger anew, too
SELECT migrate_revision('everything', format('REINDEX SCHEMA CONCURRENTLY public; REINDEX SCHEMA public; REINDEX DATABASE CONCURRENTLY %1$I; REINDEX DATABASE %1$I; VACUUM FULL; CLUSTER; VACUUM', current_database()), NULL, '17');
SET client_min_messages = error;
CALL migrate_apply();
SET client_min_messages = warning;
SELECT migrate_revision('index', 'DROP INDEX migrate_log_revision_idx', NULL, '18');
CALL migrate_apply();
SELECT migrate_edit('18', 'REINDEX INDEX migrate_log_revision_idx; REINDEX TABLE migrate_version; CLUSTER migrate_log USING migrate_log_pkey');
CALL migrate_apply();
SELECT count(*) FROM migrate_validate();

-- whatever transactions are by default
SET default_transaction_isolation = 'serializable';
SET default_transaction_deferrable = on;
SELECT migrate_revision('serializable', 'CREATE INDEX CONCURRENTLY batch_done ON batch (done); INSERT INTO chained SELECT current_setting(''transaction_isolation''); VACUUM batch', NULL, '19');
SELECT migrate_revision('serializable', 'INSERT INTO chained SELECT current_setting(''transaction_isolation'')', NULL, '20');
CALL migrate_apply();
SELECT level FROM chained;
RESET default_transaction_isolation;
RESET default_transaction_deferrable;
SET default_transaction_read_only = on;
CALL migrate_apply();
RESET default_transaction_read_only;

SELECT what FROM trace ORDER BY id;
:stopped
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid IN ('users'::regclass, 'posts'::regclass) ORDER BY 1;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory';
