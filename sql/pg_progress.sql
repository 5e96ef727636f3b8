-- A NOTICE before each revision, and pg_stat_activity while it runs.
SET client_min_messages = notice;
SELECT migrate_revision('users', 'CREATE TABLE users (id int)', 'DROP TABLE users', '001');
SELECT migrate_revision('seen from inside', E'SELECT 1;\nCREATE TABLE seen AS SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()', 'DROP TABLE seen', '002');
SELECT migrate_upgrade();
SELECT query FROM seen;
-- When the call is over the activity is the caller's statement again.
DO $$
DECLARE q text;
BEGIN
    PERFORM migrate_downgrade('001');
    SELECT left(query, 12) INTO q FROM pg_stat_activity WHERE pid = pg_backend_pid();
    RAISE NOTICE 'now: %', replace(q, E'\n', ' ');
END $$;
SELECT migrate_stamp('002');
SELECT migrate_upgrade();
-- A body's own notices say where they come from.
\set SHOW_CONTEXT always
SELECT migrate_revision('speaks', 'DO $$ BEGIN RAISE NOTICE ''hello''; END $$', '', '003');
SELECT migrate_upgrade();
