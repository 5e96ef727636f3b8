-- Only those who may run migrations see the script, and only of bodies that would run for them.
CREATE ROLE regress_offline_low;
GRANT EXECUTE ON FUNCTION migrate_revision(text, text, text, text, text, boolean, text, text),
	migrate_edit(text, text, text, text) TO regress_offline_low;
SELECT migrate_revision('mine', 'CREATE TABLE mine (id int)', 'DROP TABLE mine', '001');
SET ROLE regress_offline_low;
SELECT migrate_upgrade_sql();
SELECT migrate_downgrade_sql('001:base');
SELECT name FROM migrate_export();
SELECT migrate_revision('theirs', 'CREATE TABLE theirs (id int)', 'DROP TABLE theirs', '002');
RESET ROLE;
\set VERBOSITY sqlstate
SELECT migrate_upgrade_sql('001:002');
SELECT migrate_downgrade_sql('002:001');
\set VERBOSITY default
-- The script of an upgrade stores the downgrade, too, so its author counts as well.
SELECT migrate_edit('002', upgrade => 'CREATE TABLE ours (id int)');
SELECT migrate_upgrade_sql('001:002');
SELECT migrate_edit('002', downgrade => 'DROP TABLE ours');
SELECT migrate_upgrade_sql('001:002') LIKE '%CREATE TABLE ours%' AS ok;
-- It works in a transaction that only reads.
BEGIN READ ONLY;
SELECT migrate_upgrade_sql() LIKE '%CREATE TABLE ours%' AS ok;
SELECT count(*) FROM migrate_export();
COMMIT;
-- How the session that made it writes names need not be how the one that runs it does.
SET quote_all_identifiers = on;
SELECT migrate_upgrade_sql('base:001') AS script \gset
RESET quote_all_identifiers;
BEGIN;
:script
COMMIT;
SELECT version_num FROM migrate_version;
SELECT migrate_downgrade_sql('001:base') AS script \gset
SET quote_all_identifiers = on;
BEGIN;
:script
COMMIT;
RESET quote_all_identifiers;
SELECT current FROM migrate_status();
DROP OWNED BY regress_offline_low;
DROP ROLE regress_offline_low;
