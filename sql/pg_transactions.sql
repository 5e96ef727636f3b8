-- The call is part of the caller's transaction: all or nothing.
SELECT migrate_revision('users', 'CREATE TABLE users (id int)', 'DROP TABLE users', '001');
SELECT migrate_revision('posts', 'CREATE TABLE posts (id int)', 'DROP TABLE posts', '002');
SELECT migrate_revision('fails', 'CREATE TABLE late (id int); SELECT 1 / 0', '', '003');
SELECT migrate_upgrade();
SELECT count(*) FROM migrate_version;
SELECT count(*) FROM pg_class WHERE relname IN ('users', 'posts', 'late');
BEGIN;
SELECT migrate_upgrade('002');
SELECT version_num FROM migrate_version;
ROLLBACK;
SELECT count(*) FROM migrate_version;
-- Savepoints, and exceptions that a function catches.
BEGIN;
SELECT migrate_upgrade('001');
SAVEPOINT s;
SELECT migrate_upgrade('002');
ROLLBACK TO s;
SELECT migrate_upgrade('003');
ROLLBACK TO s;
SELECT version_num FROM migrate_version;
COMMIT;
DO $$
BEGIN
    PERFORM migrate_upgrade();
EXCEPTION WHEN division_by_zero THEN
    RAISE WARNING 'caught: %', SQLERRM;
    PERFORM migrate_upgrade('002');
END $$;
SELECT version_num FROM migrate_version;
SELECT migrate_downgrade('base');
-- User and settings are as before, after an error too.
SET search_path = public, pg_temp;
DO $$
BEGIN
    PERFORM migrate_upgrade();
EXCEPTION WHEN division_by_zero THEN
    RAISE WARNING '% % %', current_user, current_setting('search_path'), current_setting('role');
END $$;
RESET search_path;
-- Several calls in one statement see each other's work.
SELECT migrate_upgrade('001'), migrate_upgrade('002'), migrate_downgrade('base');
SELECT migrate_upgrade(t) FROM (VALUES ('001'), ('002')) v(t);
SELECT migrate_downgrade('base');
-- The other isolation levels.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT migrate_upgrade('001');
SELECT migrate_upgrade('002');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT migrate_downgrade('base');
SELECT migrate_edit('003', 'CREATE TABLE late (id int)');
SELECT migrate_upgrade();
COMMIT;
SELECT version_num FROM migrate_version;
-- A transaction that may not write.
BEGIN READ ONLY;
SELECT revision FROM migrate_current();
SELECT migrate_downgrade('base');
ROLLBACK;
-- A cursor over a reader, and readers in any place.
BEGIN;
DECLARE c CURSOR FOR SELECT revision FROM migrate_history();
FETCH 1 FROM c;
SELECT migrate_downgrade('002');
FETCH ALL FROM c;
COMMIT;
SELECT (migrate_status()).pending;
CREATE VIEW versions AS SELECT revision, message FROM migrate_current();
SELECT * FROM versions;
