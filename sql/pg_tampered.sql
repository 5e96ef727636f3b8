-- A superuser's hands in the ledger and in the catalog: named, refused, nothing changed. And bodies that take the ground from under a run.
SELECT migrate_revision('first', 'CREATE TABLE first (id int)', 'DROP TABLE first', '001');
SELECT migrate_revision('second', 'CREATE TABLE second (id int)', 'DROP TABLE second', '002');
SELECT migrate_upgrade('001');
-- Tables that went away, or are others.
BEGIN;
ALTER TABLE migrate_log RENAME TO migrate_log_old;
SELECT migrate_upgrade();
ROLLBACK;
BEGIN;
ALTER TABLE migrate_log RENAME TO migrate_log_old;
CREATE TABLE migrate_log AS SELECT * FROM migrate_log_old;
SELECT migrate_upgrade();
ROLLBACK;
BEGIN;
CREATE SCHEMA s;
ALTER TABLE migrate_log SET SCHEMA s;
SELECT * FROM migrate_status();
ROLLBACK;
BEGIN;
CREATE SCHEMA s;
ALTER EXTENSION limbeck SET SCHEMA s;
ROLLBACK;
-- The schema has another name, which wants quotes.
BEGIN;
ALTER SCHEMA public RENAME TO "p""q; --";
SET search_path = "p""q; --";
SELECT migrate_upgrade();
SELECT migrate_downgrade('base');
SELECT revision, action, outcome FROM migrate_log ORDER BY id;
ROLLBACK;
RESET search_path;
-- The catalog.
BEGIN;
DELETE FROM pg_extension WHERE extname = 'limbeck';
SELECT migrate_upgrade();
ROLLBACK;
BEGIN;
DELETE FROM pg_depend WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'limbeck');
SELECT migrate_upgrade();
ROLLBACK;
-- Sequences.
BEGIN;
SELECT setval('migrate_log_id_seq', 1);
SELECT migrate_upgrade();
ROLLBACK;
BEGIN;
ALTER SEQUENCE migrate_log_id_seq INCREMENT BY -1 MINVALUE -100;
SELECT migrate_upgrade();
ROLLBACK;
SELECT setval('migrate_log_id_seq', 1000);
\set VERBOSITY terse
BEGIN;
ALTER TABLE migrate_log ALTER COLUMN id DROP DEFAULT;
SELECT migrate_upgrade();
ROLLBACK;
\set VERBOSITY default
-- Rows without a key to hold them apart.
BEGIN;
ALTER TABLE migrate_version DROP CONSTRAINT migrate_version_pkey;
INSERT INTO migrate_version VALUES ('001');
SELECT migrate_upgrade();
ROLLBACK;
BEGIN;
INSERT INTO migrate_version VALUES (''), (E'a\u202Eb'), ('zz');
SELECT revision = '' AS empty, problem FROM migrate_validate() ORDER BY 1 DESC;
SELECT migrate_upgrade();
ROLLBACK;
-- Rows of the log that no run writes.
SELECT migrate_load('-- migrate:revision 003
-- migrate:up transaction:false
CREATE TABLE three (id int);
CREATE TABLE four (id int);
');
INSERT INTO migrate_log (id, at, actor, action, revision, outcome) VALUES (2000, now(), 'x', 'upgrade', '003', 'started');
SELECT stopped FROM migrate_status();
UPDATE migrate_log SET statement = 5, statements = 2 WHERE id = 2000;
CALL migrate_apply();
UPDATE migrate_log SET statement = -1 WHERE id = 2000;
SELECT migrate_upgrade();
-- All is done, only nobody wrote so.
UPDATE migrate_log SET statement = 2, outcome = 'done' WHERE id = 2000;
SELECT stopped FROM migrate_status();
SELECT setval('migrate_log_id_seq', 2000);
CALL migrate_apply();
SELECT current, stopped FROM migrate_status();
SELECT to_regclass('three');
-- Event triggers: what they raise is the statement's, and says where.
CREATE FUNCTION boom() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no DDL today'; END $$;
CREATE EVENT TRIGGER boom ON ddl_command_start EXECUTE FUNCTION boom();
SELECT migrate_revision('fourth', 'CREATE TABLE fourth (id int)', '', '004');
SELECT migrate_upgrade();
DROP EVENT TRIGGER boom;
-- A body that takes something away that the next one, or the run, would need.
CREATE FUNCTION try(VARIADIC bodies text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	context text;
BEGIN
	FOR i IN 1..array_length(bodies, 1) LOOP
		PERFORM migrate_revision('', bodies[i], '', 'try' || i);
	END LOOP;
	answer := migrate_upgrade();
	RAISE EXCEPTION USING MESSAGE = answer;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS answer = MESSAGE_TEXT, context = PG_EXCEPTION_CONTEXT;
	RETURN concat_ws(' | ', answer, nullif(split_part(context, E'\n', 1), 'PL/pgSQL function try(text[]) line 10 at RAISE'));
END $$;
\pset format unaligned
SELECT try('ALTER SEQUENCE migrate_log_id_seq RESTART');
SELECT try('ALTER SCHEMA public RENAME TO p', 'CREATE TABLE x (id int)');
SELECT try('ALTER SCHEMA public RENAME TO p; SET search_path = p', 'CREATE TABLE p.x (id int)');
SELECT try('DROP SCHEMA public CASCADE');
SELECT try('UPDATE pg_class SET relname = ''x'' WHERE relname = ''migrate_log''', 'SELECT 1');
SELECT try('SET allow_system_table_mods = on; DELETE FROM pg_class WHERE relname = ''migrate_label''');
SELECT try('DEALLOCATE ALL', 'DISCARD PLANS', 'SELECT pg_advisory_unlock_all()', 'DISCARD TEMP', 'UNLISTEN *');
SELECT try('DISCARD ALL');
SELECT try('DECLARE c CURSOR WITH HOLD FOR SELECT 1', 'CLOSE ALL');
SELECT try('SET client_encoding = ''LATIN1''', 'SELECT ''é''');
SELECT try('SET session_replication_role = replica; SET row_security = off; SET statement_timeout = 1; SET default_transaction_read_only = on', 'CREATE TABLE x (id int); SELECT pg_sleep(0.01)');
SELECT try('SET TRANSACTION READ ONLY', 'CREATE TABLE x (id int)');
SELECT try('ALTER TABLE migrate_log ENABLE ROW LEVEL SECURITY');
SELECT try('LOCK TABLE migrate_log; LOCK TABLE pg_class', 'SELECT 1');
SELECT try('COPY migrate_version FROM ''/dev/null''');
SELECT try('EXPLAIN ANALYZE DELETE FROM migrate_log');
SELECT try('LOAD ''limbeck''; CREATE EXTENSION limbeck SCHEMA pg_catalog');
SELECT try('SET limbeck.lock_timeout = 5; ALTER FUNCTION migrate_upgrade(text) RENAME TO x', 'SELECT 1');
SELECT count(*) FROM migrate_history();
SELECT * FROM migrate_validate();
