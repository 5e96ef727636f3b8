-- Export gives the files back: text that loads to the same ledger.
SELECT name, script FROM migrate_export();
SELECT migrate_revision('create users', 'CREATE TABLE users (id int);', 'DROP TABLE users;', '001');
SELECT migrate_revision('Add an "e-mail", now!', 'ALTER TABLE users ADD COLUMN email text', NULL, '002');
SELECT migrate_revision(NULL, '', '', '003', 'base', false, 'side, other', '001');
SELECT migrate_merge('002, 003', 'join', '004');
SELECT migrate_load('-- A comment of the author''s.
-- migrate:up
CREATE TABLE notes (t text);
-- migrate:up sqlite
CREATE TABLE notes (t text); -- the same, on SQLite
-- migrate:down
DROP TABLE notes;
', '20260110_005_take_notes.sql');
SELECT name, script FROM migrate_export();
-- A range, as in migrate_history().
SELECT name FROM migrate_export('001:002');
SELECT name FROM migrate_export('004:');
SELECT name FROM migrate_export(':side');
SELECT name FROM migrate_export('nobody:');
SELECT name FROM migrate_export('001');
-- What was exported loads as what it was: nothing happens.
SELECT migrate_load('-- migrate:revision 001
-- migrate:message create users
-- migrate:down_revision base
-- migrate:up
CREATE TABLE users (id int);
-- migrate:down
DROP TABLE users;
', '001_create_users.sql');
SELECT count(*) FROM migrate_log WHERE action = 'load';
-- A revision lost and loaded again from its file is the same one.
SELECT checksum FROM migrate_show('20260110_005');
SELECT migrate_delete('20260110_005');
SELECT migrate_load('-- A comment of the author''s.
-- migrate:up
CREATE TABLE notes (t text);
-- migrate:up sqlite
CREATE TABLE notes (t text); -- the same, on SQLite
-- migrate:down
DROP TABLE notes;
', '20260110_005_take_notes.sql');
SELECT checksum, down_revision FROM migrate_show('20260110_005');
