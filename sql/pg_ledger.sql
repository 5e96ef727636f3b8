-- A ledger table that was touched by hand is refused, by name.
SELECT migrate_revision('users', 'CREATE TABLE users (id int)', 'DROP TABLE users', '001');
BEGIN;
CREATE TRIGGER silent BEFORE INSERT ON migrate_version FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT migrate_upgrade();
ROLLBACK;
BEGIN;
CREATE RULE silent AS ON INSERT TO migrate_version DO INSTEAD NOTHING;
SELECT migrate_upgrade();
ROLLBACK;
BEGIN;
ALTER TABLE migrate_log DROP COLUMN detail;
SELECT migrate_upgrade();
ROLLBACK;
BEGIN;
ALTER TABLE migrate_edge ALTER COLUMN ordinal TYPE text;
SELECT * FROM migrate_current();
ROLLBACK;
BEGIN;
ALTER EXTENSION limbeck DROP TABLE migrate_label;
SELECT migrate_upgrade();
DROP TABLE migrate_label;
SELECT migrate_upgrade();
ROLLBACK;
BEGIN;
ALTER EXTENSION limbeck DROP TABLE migrate_label;
DROP TABLE migrate_label;
CREATE VIEW migrate_label AS SELECT 'l'::text AS label, '001'::text AS revision, 0 AS ordinal;
SELECT migrate_upgrade();
ROLLBACK;
BEGIN;
ALTER TABLE migrate_revision FORCE ROW LEVEL SECURITY;
SELECT migrate_upgrade();
ROLLBACK;
-- Rows of tables that inherit are not the ledger's.
CREATE TABLE spy () INHERITS (migrate_version);
INSERT INTO spy VALUES ('zzzz');
SELECT migrate_upgrade();
SELECT migrate_downgrade('base');
DROP TABLE spy;
-- A trigger on DDL that the user made doesn't stop the ledger, nor do plan and session settings.
CREATE FUNCTION ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'ddl: %', tg_tag; END $$;
CREATE EVENT TRIGGER ddl ON ddl_command_end EXECUTE FUNCTION ddl();
SET session_replication_role = replica;
SET plan_cache_mode = force_generic_plan;
SET row_security = off;
SET default_transaction_deferrable = on;
SELECT migrate_upgrade();
RESET ALL;
DROP EVENT TRIGGER ddl;
-- A stored body that was changed behind Limbeck's back does not run.
SELECT migrate_revision('posts', 'CREATE TABLE posts (id int)', 'DROP TABLE posts', '002');
UPDATE migrate_revision SET upgrade = 'CREATE TABLE evil (id int)' WHERE revision = '002';
SELECT migrate_upgrade();
SELECT revision, left(problem, 9) FROM migrate_validate();
SELECT problems FROM migrate_status();
-- The log keeps its times and roles.
SELECT action, revision, actor = session_user AS mine, at <= clock_timestamp() AS past FROM migrate_log ORDER BY id;
