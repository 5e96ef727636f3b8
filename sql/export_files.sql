-- Revisions made by calls and by files, exported as files.
SELECT migrate_revision('add users', 'CREATE TABLE users (id int)', 'DROP TABLE users', '001');
SELECT migrate_load('-- migrate:up
CREATE TABLE plans (id int);
-- migrate:down
DROP TABLE plans;
', '002_Add_Plans.sql');
SELECT migrate_revision('invoices', 'CREATE TABLE invoices (id int)', NULL, 'b01', 'base', NULL, 'billing, money', '002');
SELECT migrate_load('-- migrate:revision 003
-- migrate:down_revision 002
-- migrate:up sqlite
CREATE TABLE files (id int);
-- migrate:up postgres
CREATE TABLE files (id int);
-- migrate:down', '003_files.sql');
SELECT migrate_merge('003, b01', NULL, '004');
SELECT name, script FROM migrate_export();
-- A range is as in migrate_history; parents come first.
SELECT name FROM migrate_export('002:003');
SELECT name FROM migrate_export('001');
SELECT name FROM migrate_export('zzzz:');
SELECT name FROM migrate_export('a/b:c');
