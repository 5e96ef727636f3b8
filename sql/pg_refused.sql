-- What can't run in a body is refused before anything runs: no revision before it has run either.
\set VERBOSITY default
CREATE FUNCTION try(body text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text; hint text; context text;
BEGIN
    PERFORM migrate_revision('first', 'CREATE TABLE first (id int)', 'DROP TABLE first', 'r1');
    PERFORM migrate_revision('second', body, '', 'r2');
    PERFORM migrate_upgrade();
    RAISE WARNING 'it ran';
    RAISE EXCEPTION 'undo';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
        context = PG_EXCEPTION_CONTEXT;
    RAISE WARNING E'% % | % | %\n  %', SQLSTATE, message, detail, hint, split_part(context, E'\n', 1);
END $$;
-- Transaction control.
SELECT try('CREATE TABLE t (id int); COMMIT');
SELECT try('BEGIN; CREATE TABLE t (id int)');
SELECT try('BEGIN; CREATE TABLE t (id int); COMMIT; SELECT 1');
SELECT try('BEGIN ISOLATION LEVEL SERIALIZABLE; CREATE TABLE t (id int); COMMIT');
SELECT try('SELECT 1; ROLLBACK');
SELECT try('SAVEPOINT s; RELEASE s');
SELECT try('PREPARE TRANSACTION ''x''');
SELECT try('DO $x$ BEGIN COMMIT; END $x$');
-- The client's side of psql.
SELECT try(E'CREATE TABLE t (id int);\nCOPY t FROM STDIN;\n1\n2\n\\.\n');
SELECT try('COPY pg_class TO STDOUT');
SELECT try('copy (select 1) to stdout with (format csv)');
SELECT try(E'SELECT 1;\n\\connect other\nSELECT 2');
SELECT try(E'SELECT 1 \\gset');
SELECT try('SELECT ''\connect is fine in a string''; SELECT $$\.$$');
-- Parameters.
SELECT try('SELECT 1; SELECT $1');
SELECT try('SELECT ''$1'', $$ $1 $$');
-- A syntax error anywhere.
SELECT try(E'CREATE TABLE t (id int);\n\nCREATE TABEL u (id int)');
SELECT try('SELECT ''never ends');
-- The ledger, the extension, and Limbeck's own calls.
SELECT try('INSERT INTO migrate_version VALUES (''x'')');
SELECT try('DELETE FROM public.migrate_version');
SELECT try('TRUNCATE migrate_log');
SELECT try('ALTER TABLE migrate_revision ADD COLUMN x int');
SELECT try('DROP TABLE migrate_label');
SELECT try('DROP EXTENSION limbeck');
SELECT try('ALTER EXTENSION limbeck UPDATE');
SELECT try('WITH gone AS (DELETE FROM migrate_log RETURNING 1) SELECT * FROM gone');
SELECT try('DO $x$ BEGIN UPDATE migrate_version SET version_num = ''x''; END $x$');
SELECT try('DO $x$ BEGIN EXECUTE ''TRUNCATE migrate_edge''; END $x$');
SELECT try('DO $x$ BEGIN EXECUTE ''DROP EXTENSION limbeck''; END $x$');
SELECT try('DROP INDEX migrate_log_revision_idx');
SELECT try('DO $x$ BEGIN ALTER INDEX migrate_version_pkey RENAME TO x; END $x$');
SELECT try('CREATE TABLE nothing (); DO $x$ BEGIN ALTER TABLE migrate_log INHERIT nothing; END $x$');
SELECT try('CREATE TRIGGER t BEFORE UPDATE ON migrate_version FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()');
SELECT try('DO $x$ BEGIN CREATE TRIGGER t BEFORE UPDATE ON migrate_version FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger(); END $x$');
SELECT try('SELECT migrate_upgrade()');
SELECT try('DO $x$ BEGIN PERFORM migrate_revision(''x''); END $x$');
-- Reading the ledger in a body is fine.
SELECT try('SELECT * FROM migrate_current(); SELECT migrate_graph(); SELECT count(*) FROM migrate_log');
SELECT count(*) FROM migrate_revision;
SELECT count(*) FROM pg_class WHERE relname IN ('first', 't');
-- What needs a transaction of its own is marked when it is stored, and refused by name.
SELECT migrate_revision('first', 'CREATE TABLE first (id int)', 'DROP TABLE first', 'r1');
SELECT migrate_revision('index', 'CREATE INDEX CONCURRENTLY first_id ON first (id)', 'DROP INDEX first_id', 'r2');
SELECT revision, upgrade_transactional, downgrade_transactional FROM migrate_show('r2');
SELECT migrate_upgrade();
SELECT migrate_upgrade('r1');
SELECT migrate_stamp('r2');
SELECT migrate_downgrade('base');
-- Unmarked by hand, the server's own refusal gets the hint.
UPDATE migrate_revision SET upgrade_transactional = true WHERE revision = 'r2';
SELECT migrate_stamp('base');
DROP TABLE IF EXISTS first;
SELECT migrate_upgrade();
SELECT migrate_delete('r2');
SELECT migrate_revision('hidden', 'DO $x$ BEGIN EXECUTE ''VACUUM''; END $x$', '', 'r3');
SELECT migrate_upgrade();
