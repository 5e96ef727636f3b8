-- Going down runs the bodies that the database itself keeps.
SELECT migrate_revision('accounts', 'CREATE TABLE accounts (id int PRIMARY KEY)', 'DROP TABLE accounts', 'a1');
SELECT migrate_revision('keys', 'CREATE TABLE keys (id int PRIMARY KEY)', 'DROP TABLE keys', 'b2');
SELECT migrate_revision('terms', 'CREATE TABLE terms (id int PRIMARY KEY)', 'DROP TABLE terms', 'c3');
SELECT migrate_revision('settings', 'CREATE TABLE settings (id int PRIMARY KEY)', 'DROP TABLE settings', 'd4');
SELECT migrate_upgrade();
SELECT step, operation, revision, from_version, to_version FROM migrate_plan('-1', 'downgrade');
SELECT migrate_downgrade('-1');
SELECT migrate_downgrade('-2');
SELECT version_num FROM migrate_version;
SELECT migrate_upgrade();
-- To a revision: it stays, what is above it goes.
SELECT step, revision, from_version, to_version, CAST(reversible AS int) FROM migrate_plan('b2', 'downgrade');
SELECT migrate_downgrade('b2');
SELECT migrate_downgrade('b2');
SELECT count(*) FROM keys;
SELECT migrate_upgrade();
-- Counted from a revision.
SELECT migrate_downgrade('d4-1');
SELECT migrate_downgrade('a1+1');
SELECT migrate_downgrade('base+1');
SELECT migrate_downgrade('base');
SELECT migrate_downgrade('base');
SELECT version_num FROM migrate_version;
-- There is nothing below base, and nothing to drop above what is there.
SELECT migrate_downgrade('-1');
SELECT migrate_upgrade('b2');
SELECT migrate_downgrade('-3');
SELECT migrate_downgrade('c3');
SELECT migrate_downgrade('+1');
-- The target is required, and is one.
SELECT migrate_downgrade(NULL);
SELECT migrate_downgrade('a1, b2');
SELECT migrate_downgrade('base-1');
SELECT migrate_downgrade('current');
SELECT version_num FROM migrate_version;
-- A revision without a downgrade is irreversible; one with an empty downgrade has nothing to undo.
SELECT migrate_upgrade('heads');
SELECT migrate_revision('forget the old keys', 'DELETE FROM keys', NULL, 'e5');
SELECT migrate_revision('a mark', 'DELETE FROM keys', '', 'f6');
SELECT step, revision, CAST(reversible AS int) FROM migrate_plan();
SELECT migrate_upgrade();
SELECT migrate_downgrade('-1');
SELECT step, revision, CAST(reversible AS int) FROM migrate_plan('c3', 'downgrade');
SELECT migrate_downgrade('c3');
SELECT migrate_downgrade('base');
SELECT version_num FROM migrate_version;
SELECT pending, applied, irreversible_pending FROM migrate_status();
-- Refused before anything ran: the settings are still there.
SELECT count(*) FROM settings;
