-- Rows of the ledger that were changed by hand: runs refuse them, and loading the same file again puts them right.
SELECT migrate_load('-- migrate:down_revision base
-- migrate:up
CREATE TABLE users (id int);
-- migrate:down
DROP TABLE users;
', '001_create_users.sql');
SELECT migrate_load('-- migrate:message names
-- migrate:down_revision 001
-- migrate:branch_label people
-- migrate:up
ALTER TABLE users ADD COLUMN name text;
-- migrate:down
ALTER TABLE users DROP COLUMN name;
', '002_names.sql');
SELECT migrate_load('-- migrate:down_revision 002
-- migrate:depends_on 001
-- migrate:up
CREATE TABLE posts (id int);
', '003_posts.sql');
-- The body of a revision that is about to run.
UPDATE migrate_revision SET upgrade = 'CREATE TABLE users (id int, evil int)' WHERE revision = '001';
SELECT revision, problem FROM migrate_validate();
SELECT migrate_upgrade();
SELECT migrate_load('-- migrate:down_revision base
-- migrate:up
CREATE TABLE users (id int);
-- migrate:down
DROP TABLE users;
', '001_create_users.sql');
SELECT revision, problem FROM migrate_validate();
SELECT migrate_upgrade();
-- Of one that is applied: its file has the very checksum under which it was applied.
UPDATE migrate_revision SET downgrade = 'DROP TABLE nowhere', message = 'x', upgrade_transactional = NOT upgrade_transactional WHERE revision = '002';
UPDATE migrate_edge SET parent = '001' WHERE revision = '003' AND kind = 'down_revision';
UPDATE migrate_label SET label = 'strangers' WHERE revision = '002';
SELECT revision, problem FROM migrate_validate();
SELECT migrate_load('-- migrate:message names
-- migrate:down_revision 001
-- migrate:branch_label people
-- migrate:up
ALTER TABLE users ADD COLUMN name text;
-- migrate:down
ALTER TABLE users DROP COLUMN name;
', '002_names.sql');
SELECT migrate_load('-- migrate:down_revision 002
-- migrate:depends_on 001
-- migrate:up
CREATE TABLE posts (id int);
', '003_posts.sql');
SELECT revision, problem FROM migrate_validate();
SELECT revision, down_revision, depends_on, branch_labels, message FROM migrate_show('001, 002, 003');
-- The log says what was not as the file says, and of an unchanged file nothing.
SELECT migrate_load('-- migrate:down_revision 002
-- migrate:depends_on 001
-- migrate:up
CREATE TABLE posts (id int);
', '003_another_name.sql');
SELECT action, revision, from_version, to_version, outcome, detail FROM migrate_log WHERE action = 'load' ORDER BY id;
-- An irreversible revision that got a way down by hand is irreversible again.
UPDATE migrate_revision SET downgrade = 'DROP TABLE posts' WHERE revision = '003';
SELECT migrate_load('-- migrate:down_revision 002
-- migrate:depends_on 001
-- migrate:up
CREATE TABLE posts (id int);
', '003_posts.sql');
SELECT migrate_downgrade('002');
-- A file that fits no stored checksum mends nothing.
UPDATE migrate_revision SET upgrade = 'x' WHERE revision = '001';
SELECT migrate_load('-- migrate:down_revision base
-- migrate:up
CREATE TABLE users (id int, evil int);
-- migrate:down
DROP TABLE users;
', '001_create_users.sql');
-- A revision made by a call is mended by the file that its export was, and is a revision from a file then.
SELECT migrate_revision('four', 'CREATE TABLE four (id int)', 'DROP TABLE four', '004');
CREATE TABLE kept AS SELECT name, script FROM migrate_export('004:004');
UPDATE migrate_revision SET upgrade = 'CREATE TABLE evil (id int)' WHERE revision = '004';
SELECT revision, substr(problem, 1, 8) AS problem FROM migrate_validate() WHERE revision = '004';
SELECT migrate_load(script, name) FROM kept;
SELECT revision, upgrade FROM migrate_show('004');
SELECT count(*) AS problems FROM migrate_validate() WHERE revision = '004';
SELECT detail FROM migrate_log WHERE revision = '004' ORDER BY id;
-- What stands around a row is looked at before a body runs, too.
SELECT migrate_load('-- migrate:down_revision 004
-- migrate:branch_label last
-- migrate:up
CREATE TABLE five (id int);
', '005_five.sql');
UPDATE migrate_label SET label = 'first' WHERE revision = '005';
SELECT migrate_upgrade('005');
UPDATE migrate_label SET label = 'last' WHERE revision = '005';
INSERT INTO migrate_edge (revision, parent, kind, ordinal) VALUES ('005', '001', 'depends_on', 0);
SELECT migrate_upgrade('005');
SELECT migrate_load('-- migrate:down_revision 004
-- migrate:branch_label last
-- migrate:up
CREATE TABLE five (id int);
', '005_five.sql');
SELECT migrate_upgrade('005');
SELECT revision, message, depends_on, branch_labels FROM migrate_show('005');
SELECT detail FROM migrate_log WHERE revision = '005' AND action = 'load' ORDER BY id;
-- The call that made a revision mends it, too; with other content it is refused as ever.
SELECT migrate_revision('six', 'CREATE TABLE six (id int)', 'DROP TABLE six', '006', '005');
SELECT migrate_upgrade('006');
UPDATE migrate_revision SET downgrade = 'DROP TABLE five', message = 'x' WHERE revision = '006';
SELECT migrate_downgrade('005');
SELECT migrate_revision('six', 'CREATE TABLE six (id int, x int)', 'DROP TABLE six', '006', '005');
SELECT migrate_revision('six', 'CREATE TABLE six (id int)', 'DROP TABLE six', '006', '005');
SELECT migrate_revision('six', 'CREATE TABLE six (id int)', 'DROP TABLE six', '006', '005');
SELECT migrate_downgrade('005');
UPDATE migrate_edge SET parent = '004' WHERE revision = '006';
SELECT migrate_revision('six', 'CREATE TABLE six (id int)', 'DROP TABLE six', '006', '005');
SELECT migrate_upgrade('006');
SELECT detail FROM migrate_log WHERE revision = '006' AND action = 'revision' ORDER BY id;
-- A long file is compared piece by piece.
CREATE TABLE long (script text);
INSERT INTO long VALUES ('-- one of the lines of a long file, which together are two megabytes
');
UPDATE long SET script = script || script || script || script || script || script || script || script;
UPDATE long SET script = script || script || script || script || script || script || script || script;
UPDATE long SET script = script || script || script || script || script || script || script || script;
UPDATE long SET script = script || script || script || script || script || script || script || script;
UPDATE long SET script = script || script || script || script || script || script || script || script;
UPDATE long SET script = '-- migrate:down_revision base
-- migrate:up
' || script || 'SELECT 7;
';
SELECT length(script) FROM long;
SELECT migrate_load(script, '007_long.sql') FROM long;
SELECT migrate_load(script, '007_long.sql') FROM long;
UPDATE migrate_revision SET upgrade = replace(upgrade, 'SELECT 7', 'SELECT 8') WHERE revision = '007';
SELECT migrate_load(script, '007_long.sql') FROM long;
UPDATE migrate_revision SET downgrade = '' WHERE revision = '007';
SELECT migrate_load(script, '007_long.sql') FROM long;
UPDATE migrate_revision SET script = NULL WHERE revision = '007';
SELECT migrate_load(script, '007_long.sql') FROM long;
SELECT migrate_load(script, '007_long.sql') FROM long;
SELECT detail FROM migrate_log WHERE revision = '007' ORDER BY id;
SELECT count(*) FROM migrate_validate() WHERE revision = '007';
